"""One piece of a streamed run: draw its samples, propagate them, and keep their sums and counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustercast.dataset import Dataset, provenance_of, versions
from clustercast.engine.device import Device, to_device, to_host
from clustercast.engine.program import Program
from clustercast.errors import InputError
from clustercast.priors.prior_set import Priors
from clustercast.sampling import input_values
from clustercast.streaming.moments import LEAF
from clustercast.streaming.reduction import Reduction

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Leaves drawn at a time, and leaves propagated at a time: what a cache holds, and what fills a GPU.
_DRAWN_LEAVES = {"cpu": 32, "cuda": 256}
_RUN_LEAVES = {"cpu": 1, "cuda": 256}


@dataclass(frozen=True)
class StreamPlan:
    """All that a worker needs to know to reduce any samples of a run.

    Attributes
    ----------
    priors : Priors
    design : {"random", "sobol"}
    seed, size : int
    program : Program
    labels : mapping of str to int
        Number of labels of each output that is an index.
    levels : mapping of str to tuple of float
        Levels of each output whose exceedances are counted, in its unit.
    device : {"cpu", "cuda"}
    versions : mapping of str to str
        Libraries of the machine that made the plan.
    """

    priors: Priors
    design: str
    seed: int
    size: int
    program: Program
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
                stop = start + self.rows(name)
                places[name] = slice(start, stop)
                start = stop
        return places

    def rows(self, name: str) -> int:
        """Return the number of years of an output, 1 where it has none."""
        return self.program.years if self.program.dimensions[name] == 2 else 1

    def empty(self) -> Reduction:
        """Return the reduction of no samples."""
        counts = {f"label.{name}": (self.rows(name), number) for name, number in self.labels.items()}
        counts |= {f"level.{name}": (self.rows(name), len(levels)) for name, levels in self.levels.items()}
        return Reduction(sum(self.rows(name) for name in self.columns), counts)


def reduce_leaves(plan: StreamPlan, start: int, stop: int) -> Reduction:
    """Draw, propagate and reduce some leaves of a run.

    Parameters
    ----------
    plan : StreamPlan
    start, stop : int
        First leaf, and the one after the last.

    Returns
    -------
    Reduction

    Raises
    ------
    InputError
        If a quantity is not finite, or the libraries here are not those of the plan.
    """
    check_versions(plan.versions)
    program = plan.program.on(plan.device)
    found = plan.empty()
    drawn = _DRAWN_LEAVES[plan.device]
    room = np.empty((found.sketch.columns, min(drawn, stop - start) * LEAF))
    buffer = to_device({"": room}, plan.device)[""]
    for first in range(start, stop, drawn):
        rows = range(first * LEAF, min(min(first + drawn, stop) * LEAF, plan.size))
        values = input_values(plan.priors, plan.design, plan.seed, rows.start, rows.stop, program.factors)
        piece = buffer[:, : len(rows)]
        for offset in range(0, len(rows), _RUN_LEAVES[plan.device] * LEAF):
            part = slice(offset, min(offset + _RUN_LEAVES[plan.device] * LEAF, len(rows)))
            inputs = to_device({name: values[name][part] for name in program.factors}, plan.device)
            _reduce_block(plan, program.run(inputs), piece[:, part], found)
            _check_finite(plan, piece[:, part])
            found.add_leaves(first + offset // LEAF, piece[:, part])
        found.sketch.add(piece)
    return found


def _reduce_block(plan: StreamPlan, results: Mapping[str, FloatArray], block: FloatArray, found: Reduction) -> None:
    """Write the numbers of a block in declared units, and count labels and exceedances."""
    for name, place in plan.columns.items():
        np.multiply(results[name], plan.program.scale[name], out=block[place])
        if name in plan.levels:
            reached = [to_host(np.count_nonzero(block[place] >= level, axis=-1)) for level in plan.levels[name]]
            found.counts[f"level.{name}"] += np.stack(reached, axis=-1)
    for name, number in plan.labels.items():
        values = np.broadcast_to(results[name], (plan.rows(name), block.shape[-1]))
        found.counts[f"label.{name}"] += np.stack([_label_counts(name, row, number) for row in values])


def _label_counts(name: str, values: FloatArray, number: int) -> IntArray:
    """Count the values 0, 1, 2 ... of an index."""
    whole = values.astype(np.int64)
    if not ((whole == values) & (whole >= 0) & (whole < number)).all():
        raise InputError(f"output {name!r} has values that are none of 0 to {number - 1}, its labels")
    return to_host(np.bincount(whole, minlength=number))


def _check_finite(plan: StreamPlan, values: FloatArray) -> None:
    """Refuse an output with a value that is not finite."""
    if np.isfinite(values).all():
        return
    name = next(name for name, place in plan.columns.items() if not np.isfinite(values[place]).all())
    raise InputError(f"output {name!r} has values that are not finite; mend the quantity that gives it")


def check_versions(planned: Mapping[str, str]) -> None:
    """Refuse a worker whose libraries could give other bits.

    Parameters
    ----------
    planned : mapping of str to str
        Of the machine that made the plan.

    Raises
    ------
    InputError
        If a library here has another version.
    """
    here = versions()
    other = {name: (version, here[name]) for name, version in planned.items() if here[name] != version}
    if other:
        told = "; ".join(f"{name} {there} there, {own} here" for name, (there, own) in other.items())
        raise InputError(f"the run was planned with other libraries than this worker has: {told}; install the same")


def run_record(few: Dataset, size: int, **more: object) -> dict[str, Any]:
    """Return where a run comes from, from a few of its samples; the digests of these do not hold for the whole."""
    record = provenance_of(few)
    kept = {key: value for key, value in record.items() if key not in ("drawn", "samples")}
    return {**kept, "design": {**record["design"], "size": size}, **more}
