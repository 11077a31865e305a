"""One piece of a streamed run: draw its samples, propagate them, and keep moments, a sketch of quantiles and counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray, IntArray
from clustercast.engine.operations import Device, to_device, to_host
from clustercast.engine.program import Program
from clustercast.errors import InputError
from clustercast.priors.prior_set import Priors
from clustercast.sampling import input_values
from clustercast.streaming.executors import check_versions
from clustercast.streaming.moments import LEAF, Arrays, LeafSums, joined_ranges, leaf_moments
from clustercast.streaming.sketch import Sketch

# Leaves drawn at a time, and leaves propagated at a time: what a cache holds, and what fills a GPU.
_DRAWN_LEAVES = {"cpu": 32, "cuda": 256}
_RUN_LEAVES = {"cpu": 1, "cuda": 256}


class Reduction(LeafSums):
    """Moments, a sketch of quantiles and counts of some leaves of a run."""

    def __init__(self, columns: int = 0, counts: Mapping[str, tuple[int, ...]] | None = None) -> None:
        super().__init__()
        self.sketch = Sketch(columns)
        self.counts: Arrays = {name: np.zeros(shape, dtype=np.int64) for name, shape in (counts or {}).items()}

    def add_leaves(self, first: int, values: FloatArray) -> None:
        """Take in the moments of consecutive leaves, (columns, samples), of NumPy or CuPy."""
        stop = first - (-values.shape[-1] // LEAF)
        if len(values):
            for leaf, moments in enumerate(leaf_moments(values), first):
                self.trees["moments"].add(leaf, moments)
        self.leaves = joined_ranges([*self.leaves, (first, stop)])

    def merge(self, other: Self) -> None:
        """Take in what was seen of other leaves of the same run."""
        super().merge(other)
        self.sketch.merge(other.sketch)
        for name, counts in other.counts.items():
            self.counts[name] += counts

    def parts(self) -> dict[str, Mapping[str, NDArray[Any]]]:
        """Return everything but the leaves, as named parts of named arrays."""
        return {**super().parts(), "sketch": self.sketch.to_arrays(), "counts": self.counts}

    def take(self, parts: Mapping[str, Mapping[str, NDArray[Any]]]) -> None:
        """Take over what `parts` gave."""
        self.sketch = Sketch.from_arrays(parts["sketch"])
        self.counts = {name: np.array(array) for name, array in parts.get("counts", {}).items()}
        super().take({name: part for name, part in parts.items() if name not in ("sketch", "counts")})

    def __reduce__(self) -> tuple[object, ...]:
        return Reduction.from_arrays, (self.to_arrays(),)


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

    def empty(self) -> Reduction:
        """Return the reduction of no samples."""
        counts = {f"label {name}": (self.rows(name), number) for name, number in self.labels.items()}
        counts |= {f"level {name}": (self.rows(name), len(levels)) for name, levels in self.levels.items()}
        return Reduction(sum(self.rows(name) for name in self.columns), counts)


def reduce_leaves(plan: StreamPlan, start: int, stop: int) -> Reduction:
    """Draw, propagate and reduce the leaves from `start` to before `stop`."""
    check_versions(plan.versions)
    program = plan.program.on(plan.device)
    reduction = plan.empty()
    drawn = _DRAWN_LEAVES[plan.device]
    room = np.empty((reduction.sketch.columns, min(drawn, stop - start) * LEAF))
    buffer = to_device({"": room}, plan.device)[""]
    for first in range(start, stop, drawn):
        rows = range(first * LEAF, min(min(first + drawn, stop) * LEAF, plan.size))
        values = input_values(plan.priors, plan.design, plan.seed, rows.start, rows.stop, program.factors)
        piece = buffer[:, : len(rows)]
        for offset in range(0, len(rows), _RUN_LEAVES[plan.device] * LEAF):
            part = slice(offset, min(offset + _RUN_LEAVES[plan.device] * LEAF, len(rows)))
            inputs = to_device({name: values[name][part] for name in program.factors}, plan.device)
            _reduce_block(plan, program.run(inputs), piece[:, part], reduction)
            reduction.add_leaves(first + offset // LEAF, piece[:, part])
        reduction.sketch.add(piece)
    return reduction


def _reduce_block(plan: StreamPlan, results: Mapping[str, FloatArray], block: FloatArray, reduction: Reduction) -> None:
    """Write the numbers of a block in declared units, and count labels and exceedances."""
    for name, place in plan.columns.items():
        np.multiply(results[name], plan.program.scale[name], out=block[place])
        if not np.isfinite(block[place]).all():
            raise InputError(f"output {name!r} has values that are not finite; correct the quantity that gives it")
        if name in plan.levels:
            reached = [to_host(np.count_nonzero(block[place] >= level, axis=-1)) for level in plan.levels[name]]
            reduction.counts[f"level {name}"] += np.stack(reached, axis=-1)
    for name, number in plan.labels.items():
        values = np.broadcast_to(results[name], (plan.rows(name), block.shape[-1]))
        reduction.counts[f"label {name}"] += np.stack([_label_counts(name, row, number) for row in values])


def _label_counts(name: str, values: FloatArray, number: int) -> IntArray:
    """Return how often an index has each of the values 0, 1, 2 ..."""
    whole = values.astype(np.int64)
    if not ((whole == values) & (whole >= 0) & (whole < number)).all():
        raise InputError(f"output {name!r} has values that are none of 0 to {number - 1}, its labels")
    return to_host(np.bincount(whole, minlength=number))
