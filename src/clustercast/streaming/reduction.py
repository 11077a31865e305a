"""One piece of a streamed run: draw its samples, propagate them, and keep moments, a sketch of quantiles and counts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray, IntArray
from clustercast.arrays.summaries.order_statistics import checked_probabilities
from clustercast.engine.operations import Device, to_device, to_host
from clustercast.engine.program import Program
from clustercast.errors import InputError
from clustercast.priors.prior_set import Priors
from clustercast.sampling import input_values
from clustercast.streaming.executors import check_versions
from clustercast.streaming.moments import LEAF, Arrays, LeafSums, joined_ranges, leaf_moments

# Leaves drawn at a time, and leaves propagated at a time: what a cache holds, and what fills a GPU.
_DRAWN_LEAVES = {"cpu": 32, "cuda": 256}
_RUN_LEAVES = {"cpu": 1, "cuda": 256}
Page = NDArray[np.unsignedinteger[Any]]
MANTISSA_BITS = 12
RELATIVE_ERROR = 2.0**-MANTISSA_BITS
_BINS = 1 << MANTISSA_BITS
_DROPPED_BITS = 52 - MANTISSA_BITS
_NEGATIVE = 1 << 11
_NOT_FINITE = (1 << 11) - 1
_MOST_IN_NARROW = (1 << 32) - 1
# More octaves than this between the least and the greatest number of a piece are looked up one by one.
_FEW_OCTAVES = 64


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


class Sketch:
    """Quantiles of samples that do not fit into memory: counts by sign, exponent and the first digits of a number.

    The sign, the exponent and the first `MANTISSA_BITS` digits of a number say in which bin it belongs. The ends of a
    bin differ by at most `RELATIVE_ERROR` of the nearer to zero, so whatever lies in it is known to that precision;
    counts add up exactly, in any order. Only octaves that hold samples take memory: 16 KiB each and column, twice that
    from 2**32 samples on.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.samples = 0
        self._pages: dict[tuple[int, int], Page] = {}
        self._ends = np.stack([np.full(columns, np.inf), np.full(columns, -np.inf)])

    def add(self, values: FloatArray) -> None:
        """Count finite values, shape (columns, samples), each row contiguous; a CuPy array on its device."""
        self._make_room(values.shape[-1])
        for column, row in enumerate(values):
            keys = (row.view(np.uint64) >> np.uint64(_DROPPED_BITS)).view(np.int64)
            least, greatest = int(keys.min()) >> MANTISSA_BITS, int(keys.max()) >> MANTISSA_BITS
            if greatest - least < _FEW_OCTAVES:
                octaves = list(range(least, greatest + 1))
                places = keys - (least << MANTISSA_BITS)
            else:
                pages = keys >> MANTISSA_BITS
                octaves = np.flatnonzero(to_host(np.bincount(pages, minlength=2 * _NEGATIVE))).tolist()
                number = np.zeros_like(keys, shape=2 * _NEGATIVE)
                number[octaves] = np.arange(len(octaves), like=keys)
                places = (number[pages] << MANTISSA_BITS) + (keys & (_BINS - 1))
            if not {_NOT_FINITE, _NOT_FINITE + _NEGATIVE}.isdisjoint(octaves):
                raise InputError("a sample is not finite, and has no place in a sketch; correct what made it")
            counts = to_host(np.bincount(places, minlength=len(octaves) << MANTISSA_BITS))
            self._count(column, octaves, counts.reshape(-1, _BINS))
            low, high = self._ends
            low[column] = min(low[column], float(row.min()))
            high[column] = max(high[column], float(row.max()))

    def _make_room(self, samples: int) -> None:
        """Widen the counters before they could overflow: half their width is half the time of adding them."""
        before, self.samples = self.samples, self.samples + samples
        if before <= _MOST_IN_NARROW < self.samples:
            self._pages = {place: page.astype(np.uint64) for place, page in self._pages.items()}

    def _count(self, column: int, octaves: Sequence[int], counts: IntArray | Page) -> None:
        """Add the counts of some octaves of a column."""
        width = np.uint32 if self.samples <= _MOST_IN_NARROW else np.uint64
        for octave, row in zip(octaves, counts.astype(width), strict=True):
            if (column, octave) in self._pages:
                self._pages[column, octave] += row
            else:
                self._pages[column, octave] = row.copy()

    def merge(self, other: "Sketch") -> None:
        """Add the counts of other samples of the same columns."""
        if other.columns != self.columns:
            raise InputError(f"a sketch of {other.columns} columns cannot be added to one of {self.columns}")
        self._make_room(other.samples)
        for (column, octave), page in other._pages.items():
            self._count(column, [octave], page[np.newaxis])
        np.minimum(self._ends[0], other._ends[0], out=self._ends[0])
        np.maximum(self._ends[1], other._ends[1], out=self._ends[1])

    def at_ranks(self, column: int, ranks: FloatArray) -> FloatArray:
        """Return order statistics of a column by rank from 0, between whole ranks by straight lines."""
        # Each within `RELATIVE_ERROR` of the order statistic, the least and the greatest exact; numbers nearer to zero
        # than 2.3e-308 are within 5.5e-312 instead.
        lower, upper, counts = self._bins(column)
        ends = np.cumsum(counts)
        whole = np.floor(ranks)
        order = []
        for rank in (whole, np.minimum(whole + 1, ends[-1] - 1)):
            place = np.searchsorted(ends, rank, side="right")
            inside = (rank - (ends[place] - counts[place]) + 0.5) / counts[place]
            value = lower[place] + inside * (upper[place] - lower[place])
            low, high = self._ends[:, column]
            value = np.clip(value, low, high)
            order.append(np.where(rank == 0, low, np.where(rank == ends[-1] - 1, high, value)))
        part = ranks - whole
        return np.asarray(order[0] * (1 - part) + order[1] * part)

    def quantiles(self, probabilities: Sequence[float] | FloatArray) -> FloatArray:
        """Return those of ``numpy.quantile`` up to the precision of `at_ranks`, shape (columns, probabilities)."""
        points = checked_probabilities(probabilities)
        return np.array([self.at_ranks(column, points * (self.samples - 1)) for column in range(self.columns)])

    def _bins(self, column: int) -> tuple[FloatArray, FloatArray, IntArray]:
        """Return the ends and the counts of the bins of a column that hold samples, in order of value."""
        parts = list(self._ordered(column))
        if not parts:
            raise InputError("there are no samples; draw 1 or more")
        lower, upper, counts = (np.concatenate(part) for part in zip(*parts, strict=True))
        return lower, upper, counts

    def _ordered(self, column: int) -> Iterator[tuple[FloatArray, FloatArray, IntArray]]:
        """Yield the bins of a column octave by octave, from the lowest number up."""
        octaves = [octave for own, octave in self._pages if own == column]
        for octave in sorted(octaves, key=lambda octave: -octave if octave >= _NEGATIVE else octave):
            counts = self._pages[column, octave].astype(np.int64)
            bins = np.flatnonzero(counts)
            bits = ((octave % _NEGATIVE) << MANTISSA_BITS) + bins
            near, far = ((edge << _DROPPED_BITS).view(np.float64) for edge in (bits, bits + 1))
            # The last bin of the last octave would end at infinity; what lies in the first one is taken for zero.
            far = np.where(near > 0, np.minimum(far, np.finfo(np.float64).max), 0.0)
            if octave >= _NEGATIVE:
                yield -far[::-1], -near[::-1], counts[bins][::-1]
            else:
                yield near, far, counts[bins]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the sketch as arrays: ``place`` (column, octave), ``counts``, ``ends`` and ``samples``."""
        pages = list(self._pages.values())
        largest = max((int(page.max()) for page in pages), default=0)
        counts = np.empty((len(pages), _BINS), dtype=np.min_scalar_type(largest))
        for row, page in zip(counts, pages, strict=True):
            row[:] = page
        return {
            "place": np.array(list(self._pages), dtype=np.int64).reshape(-1, 2),
            "counts": counts,
            "ends": self._ends,
            "samples": np.array(self.samples),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Sketch":
        """Return the sketch that `to_arrays` took apart."""
        ends = np.array(arrays["ends"], dtype=np.float64)
        sketch = cls(ends.shape[1])
        sketch._ends = ends
        sketch.samples = int(arrays["samples"])
        for (column, octave), counts in zip(arrays["place"].tolist(), arrays["counts"], strict=True):
            sketch._count(column, [octave], counts[np.newaxis])
        return sketch
