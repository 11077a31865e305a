"""One piece of a streamed run: draw its samples, propagate them, and keep moments, a sketch of quantiles and counts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.engine.operations import Device, to_device, to_host
from clustercast.engine.program import Program
from clustercast.errors import InputError
from clustercast.priors.prior_set import Priors
from clustercast.sampling import input_values
from clustercast.streaming.executors import check_versions
from clustercast.streaming.moments import LEAF, LeafSums, leaf_moments

# Leaves drawn at a time, and leaves propagated at a time: what a cache holds, and what fills a GPU.
_DRAWN_LEAVES = {"cpu": 32, "cuda": 256}
_RUN_LEAVES = {"cpu": 1, "cuda": 256}


@dataclass(frozen=True)
class StreamPlan:
    """All that a worker needs to reduce any samples of a run."""

    priors: Priors
    design: str
    seed: int
    size: int
    program: Program
    # Number of labels of each output that is an index; levels, in its unit, whose exceedances are counted.
    labels: Mapping[str, int]
    levels: Mapping[str, tuple[float, ...]]
    device: Device
    versions: Mapping[str, str]

    @property
    def leaves(self) -> int:
        """Number of leaves of the run."""
        return -(-self.size // LEAF)

    @property
    def columns(self) -> dict[str, slice]:
        """Place of each output that is no index among the columns of numbers."""
        places, start = {}, 0
        for name in self.program.outputs:
            if name not in self.labels:
                places[name] = slice(start, start + self.rows(name))
                start = places[name].stop
        return places

    def rows(self, name: str) -> int:
        """Return the number of years of an output, 1 where it has none."""
        return self.program.years if self.program.dimensions[name] == 2 else 1

    def empty(self) -> LeafSums:
        """Return the reduction of no samples."""
        counts = {f"label {name}": (self.rows(name), number) for name, number in self.labels.items()}
        counts |= {f"level {name}": (self.rows(name), len(levels)) for name, levels in self.levels.items()}
        return LeafSums(sum(self.rows(name) for name in self.columns), counts)


def reduce_leaves(plan: StreamPlan, start: int, stop: int) -> LeafSums:
    """Draw, propagate and reduce the leaves from `start` to before `stop`."""
    check_versions(plan.versions)
    program, sums = plan.program.on(plan.device), plan.empty()
    drawn, together = _DRAWN_LEAVES[plan.device], _RUN_LEAVES[plan.device] * LEAF
    room = np.empty((sums.sketch.columns, min(drawn, stop - start) * LEAF))
    buffer = to_device({"": room}, plan.device)[""]
    for first in range(start, stop, drawn):
        rows = range(first * LEAF, min(min(first + drawn, stop) * LEAF, plan.size))
        values = input_values(plan.priors, plan.design, plan.seed, rows.start, rows.stop, program.factors)
        piece = buffer[:, : len(rows)]
        for offset in range(0, len(rows), together):
            part = slice(offset, min(offset + together, len(rows)))
            inputs = to_device({name: values[name][part] for name in program.factors}, plan.device)
            _reduce_block(plan, program.run(inputs), piece[:, part], sums)
            # There are no numbers where all outputs are labels.
            for leaf, moments in enumerate(leaf_moments(piece[:, part]) if len(piece) else [], first + offset // LEAF):
                sums.trees["moments"].add(leaf, moments)
        sums.sketch.add(piece)
    sums.leaves = [(start, stop)]
    return sums


def _reduce_block(plan: StreamPlan, results: Mapping[str, FloatArray], block: FloatArray, sums: LeafSums) -> None:
    """Write the numbers of a block in declared units, and count labels and exceedances."""
    for name, place in plan.columns.items():
        np.multiply(results[name], plan.program.scale[name], out=block[place])
        if not np.isfinite(block[place]).all():
            raise InputError(f"output {name!r} has values that are not finite; correct the quantity that gives it")
        if name in plan.levels:
            reached = [to_host(np.count_nonzero(block[place] >= level, axis=-1)) for level in plan.levels[name]]
            sums.counts[f"level {name}"] += np.stack(reached, axis=-1)
    for name, number in plan.labels.items():
        values = np.broadcast_to(results[name], (plan.rows(name), block.shape[-1]))
        whole = values.astype(np.int64)
        if not ((whole == values) & (whole >= 0) & (whole < number)).all():
            raise InputError(f"output {name!r} has values that are none of 0 to {number - 1}, its labels")
        sums.counts[f"label {name}"] += np.stack([to_host(np.bincount(row, minlength=number)) for row in whole])
