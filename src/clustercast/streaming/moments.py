"""Means, variances and quantiles of samples that come in pieces, the same bits however they are cut."""

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray, IntArray, Pair
from clustercast.arrays.summaries import unit_for_squares
from clustercast.engine.operations import to_host
from clustercast.errors import InputError

Arrays = dict[str, NDArray[Any]]
Ranges = list[tuple[int, int]]
# So many samples in a row are a leaf, whose moments are taken at once; those of two neighbouring leaves, or pairs, or
# pairs of pairs are combined as soon as both are there. The numbers of the samples alone fix this tree, so that neither
# the size of the pieces nor the order in which they arrive shows in the result.
LEAF = 4096
_PARTS = ("mean", "spread", "unit")
MANTISSA_BITS = 12
RELATIVE_ERROR = 2.0**-MANTISSA_BITS
_BINS = 1 << MANTISSA_BITS
_DROPPED_BITS = 52 - MANTISSA_BITS
_NEGATIVE = 1 << 11
_NOT_FINITE = (1 << 11) - 1
# More octaves than this between the least and the greatest number of a piece are looked up one by one.
_FEW_OCTAVES = 64


@dataclass(frozen=True)
class Moments:
    """Count, mean and sum of squared deviations, which may be of fewer columns, of samples divided by a unit."""

    count: int
    mean: FloatArray
    spread: FloatArray
    unit: FloatArray | float = 1.0  # a power of two, such that a float holds the squares

    def joined(self, other: "Moments") -> "Moments":
        """Return the moments of both samples together."""
        # T. F. Chan, G. H. Golub and R. J. LeVeque, Am. Stat. 37, 242 (1983), doi:10.1080/00031305.1983.10483115.
        unit = np.maximum(self.unit, other.unit)
        ours, theirs = self.unit / unit, other.unit / unit
        count = self.count + other.count
        distance = other.mean * theirs - self.mean * ours
        part = other.count / count
        mean = self.mean * ours + distance * part
        distance = distance[: len(self.spread)]
        spread = self.spread * ours * ours + other.spread * theirs * theirs
        return Moments(count, mean, spread + distance * distance * (self.count * part), unit)

    @property
    def mean_error(self) -> FloatArray:
        """Standard error of the mean of independent samples; infinite for one alone."""
        if self.count < 2:
            return np.full_like(self.mean, np.inf)
        return np.sqrt(self.spread / (self.count - 1) / self.count) * self.unit


def leaf_moments(values: FloatArray, leaf: int = LEAF) -> list[Moments]:
    """Return the moments of each leaf of values (columns, samples); a CuPy array is summed on its device."""
    columns, samples = values.shape
    whole = samples // leaf
    cut, moments = whole * leaf, []
    for part in (values[:, :cut].reshape(columns, whole, leaf), values[:, cut:].reshape(columns, 1, samples - cut)):
        if part.shape[1] and part.shape[2]:
            mean, spread = mean_and_spread(part)
            unit, size = np.ones_like(mean), np.sqrt(spread) + np.abs(mean)
            for place in np.argwhere(~((size > 1e-100) & (size < 1e100))):
                row = to_host(part[*place])
                unit[*place] = unit_for_squares(row) if row.any() else np.nextafter(0, 1)  # zeros fit any unit
                mean[*place], spread[*place] = mean_and_spread(row / unit[*place])
            moments += [Moments(part.shape[-1], *each) for each in zip(mean.T, spread.T, unit.T, strict=True)]
    return moments


def mean_and_spread(part: FloatArray) -> Pair:
    """Return mean and sum of squared deviations along the last axis."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = part.sum(axis=-1) / part.shape[-1]
        deviations = part - mean[..., np.newaxis]
        deviations *= deviations
        return to_host(mean), to_host(deviations.sum(axis=-1))


class Sketch:
    """Quantiles of samples that do not fit into memory: counts by sign, exponent and first `MANTISSA_BITS` digits."""

    # The ends of a bin differ by at most `RELATIVE_ERROR` of the nearer to zero: what lies in it is known so precisely.
    # Counts add up exactly, in any order. An octave that holds samples takes 16 KiB of memory a column.

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.samples = 0
        # Counts of an octave of a column, in 64 bits where 32 may not hold them.
        self._pages: dict[tuple[int, int], NDArray[Any]] = {}
        self._ends = np.stack([np.full(columns, np.inf), np.full(columns, -np.inf)])

    def add(self, values: FloatArray) -> None:
        """Count finite values, shape (columns, samples), each row contiguous; a CuPy array on its device."""
        self.samples += values.shape[-1]
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
            for octave, counted in zip(octaves, counts.reshape(-1, _BINS), strict=True):
                self._count((column, octave), counted)
        np.minimum(self._ends[0], to_host(values.min(axis=-1)), out=self._ends[0])
        np.maximum(self._ends[1], to_host(values.max(axis=-1)), out=self._ends[1])

    def _count(self, place: tuple[int, int], row: NDArray[Any]) -> None:
        """Add the counts of an octave of a column."""
        kind = np.uint32 if self.samples < 1 << 32 else np.int64
        page = self._pages.get(place, np.zeros(1, np.int8))
        self._pages[place] = np.add(page, row, out=page if page.dtype == kind else None, dtype=kind, casting="unsafe")

    def merge(self, other: "Sketch") -> None:
        """Add the counts of other samples of the same columns."""
        if other.columns != self.columns:
            raise InputError(f"a sketch of {other.columns} columns cannot be added to one of {self.columns}")
        self.samples += other.samples
        for place, page in other._pages.items():
            self._count(place, page)
        np.minimum(self._ends[0], other._ends[0], out=self._ends[0])
        np.maximum(self._ends[1], other._ends[1], out=self._ends[1])

    def at_ranks(self, column: int, ranks: FloatArray) -> FloatArray:
        """Return order statistics of a column by rank from 0, between whole ranks by straight lines."""
        # Each is within `RELATIVE_ERROR`, the least and greatest exact; nearer to zero than 2.3e-308 within 5.5e-312.
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

    def _bins(self, column: int) -> tuple[FloatArray, FloatArray, IntArray]:
        """Return the ends and the counts of the bins of a column that hold samples, in order of value."""
        octaves, parts = [octave for own, octave in self._pages if own == column], []
        # Octave by octave, from the lowest number up.
        for octave in sorted(octaves, key=lambda octave: -octave if octave >= _NEGATIVE else octave):
            counts = self._pages[column, octave]
            bins = np.flatnonzero(counts)
            bits = ((octave % _NEGATIVE) << MANTISSA_BITS) + bins
            near, far = ((edge << _DROPPED_BITS).view(np.float64) for edge in (bits, bits + 1))
            # The last bin of the last octave would end at infinity; what lies in the first one is taken for zero.
            far = np.where(near > 0, np.minimum(far, np.finfo(np.float64).max), 0.0)
            held = counts[bins].astype(np.int64)
            parts.append((-far[::-1], -near[::-1], held[::-1]) if octave >= _NEGATIVE else (near, far, held))
        if not parts:
            raise InputError("there are no samples; draw 1 or more")
        lower, upper, counts = (np.concatenate(part) for part in zip(*parts, strict=True))
        return lower, upper, counts

    def to_arrays(self) -> Arrays:
        """Return the sketch as arrays: ``place`` (column, octave), ``counts``, ``ends`` and ``samples``."""
        kind = np.min_scalar_type(max((int(page.max()) for page in self._pages.values()), default=0))
        return {
            "place": np.array(list(self._pages), dtype=np.int64).reshape(-1, 2),
            "counts": np.array(list(self._pages.values()), dtype=kind).reshape(-1, _BINS),
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
        sketch._pages = dict(zip(map(tuple, arrays["place"].tolist()), np.array(arrays["counts"]), strict=True))
        return sketch


class LeafSums:
    """What is known of some leaves: moments, a sketch of quantiles, counts; what is known of others adds up."""

    def __init__(self, columns: int = 0, counts: Mapping[str, tuple[int, ...]] | None = None, top: int = 64) -> None:
        # By level and number within the level: a node of level k is 2**k leaves; those of the top level stay apart.
        self.nodes: dict[tuple[int, int], Moments] = {}
        self.top = top
        self.sketch = Sketch(columns)
        self.counts: Arrays = {name: np.zeros(shape, dtype=np.int64) for name, shape in (counts or {}).items()}

    @property
    def leaves(self) -> Ranges:
        """Return which leaves are known."""
        return joined_ranges((index << level, index + 1 << level) for level, index in self.nodes)

    def add(self, index: int, moments: Moments, level: int = 0) -> None:
        """Take in the moments of a leaf, or of a node, and combine neighbours as far as they go."""
        if (level, index) in self.nodes:
            raise InputError(f"leaf {index << level} is summed twice; give each piece of a run once")
        while level < self.top and (level, index ^ 1) in self.nodes:
            sibling = self.nodes.pop((level, index ^ 1))
            moments = sibling.joined(moments) if index & 1 else moments.joined(sibling)
            level, index = level + 1, index >> 1
        self.nodes[level, index] = moments

    def merge(self, other: "LeafSums") -> None:
        """Take in what was seen of other leaves of the same run."""
        for (level, index), moments in other.nodes.items():
            self.add(index, moments, level)
        self.sketch.merge(other.sketch)
        for name, counts in other.counts.items():
            self.counts[name] += counts

    def total(self) -> Moments:
        """Return the moments of all samples, once every leaf is there."""
        if not self.nodes:
            raise InputError("there are no samples; draw 1 or more")
        (start, stop), *others = self.leaves
        if start or others:
            raise InputError(f"leaf {0 if start else stop} is absent; sum all the pieces of a run")
        last_first = sorted(self.nodes, key=lambda place: place[1] << place[0], reverse=True)
        return functools.reduce(lambda right, left: left.joined(right), map(self.nodes.__getitem__, last_first))

    def to_arrays(self) -> Arrays:
        """Return everything as arrays, for a file or another machine; of the nodes one row each."""
        nodes = self.nodes.values()
        places = [(*place, node.count) for place, node in self.nodes.items()]
        return {
            "top": np.array(self.top),
            "place": np.array(places, dtype=np.int64).reshape(-1, 3),
            **{name: np.array([getattr(node, name) for node in nodes], dtype=np.float64) for name in _PARTS},
            **{f"sketch.{name}": array for name, array in self.sketch.to_arrays().items()},
            **{f"counts.{name}": array for name, array in self.counts.items()},
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "LeafSums":
        """Return what `to_arrays` took apart."""
        whole, parts = cls(top=int(arrays["top"])), defaultdict[str, Arrays](dict)
        for key, array in arrays.items():
            part, _, name = key.rpartition(".")
            parts[part][name] = array
        for (level, index, count), *own in zip(arrays["place"].tolist(), *(arrays[n] for n in _PARTS), strict=True):
            whole.nodes[level, index] = Moments(count, *own)
        whole.sketch = Sketch.from_arrays(parts["sketch"])
        whole.counts = {name: np.array(array) for name, array in parts["counts"].items()}
        return whole

    def __reduce__(self) -> tuple[object, ...]:
        return LeafSums.from_arrays, (self.to_arrays(),)


def joined_ranges(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return ranges in order, those that touch as one."""
    whole: Ranges = []
    for start, stop in sorted(ranges):
        if whole and whole[-1][1] == start:
            whole[-1] = (whole[-1][0], stop)
        else:
            whole.append((start, stop))
    return whole
