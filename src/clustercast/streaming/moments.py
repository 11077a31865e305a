"""Means, variances and quantiles of samples that come in pieces, the same bits however they are cut.

The samples of a run are numbered, and every `LEAF` of them in a row are a leaf. The moments of a leaf are taken at
once; those of two neighbouring leaves, or pairs, or pairs of pairs, are combined as soon as both are there. This tree
is fixed by the numbers of the samples alone, so that neither the size of the pieces nor the order in which they arrive
shows in the result.
"""

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray, IntArray
from clustercast.engine.operations import to_host
from clustercast.errors import InputError

Arrays = dict[str, NDArray[Any]]
Ranges = list[tuple[int, int]]
LEAF = 4096
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


@dataclass(frozen=True)
class Moments:
    """Count, mean and sum of squared deviations of some samples of several columns; the last may be of fewer."""

    count: int
    mean: FloatArray
    spread: FloatArray

    def joined(self, other: "Moments") -> "Moments":
        """Return the moments of both samples together."""
        # T. F. Chan, G. H. Golub and R. J. LeVeque, Am. Stat. 37, 242 (1983), doi:10.1080/00031305.1983.10483115.
        count = self.count + other.count
        distance = other.mean - self.mean
        part = other.count / count
        mean = self.mean + distance * part
        distance = distance[: len(self.spread)]
        return Moments(count, mean, self.spread + other.spread + distance * distance * (self.count * part))

    @property
    def mean_error(self) -> FloatArray:
        """Standard error of the mean of independent samples; infinite for one alone."""
        if self.count < 2:
            return np.full_like(self.mean, np.inf)
        return np.sqrt(self.spread / (self.count - 1) / self.count)


def leaf_moments(values: FloatArray, leaf: int = LEAF) -> list[Moments]:
    """Return the moments of each leaf of values (columns, samples); a CuPy array is summed on its device."""
    columns, samples = values.shape
    whole = samples - samples % leaf
    moments = []
    for part in (values[:, :whole].reshape(columns, -1, leaf), values[:, whole:].reshape(columns, 1, -1)):
        if part.size:
            mean = part.sum(axis=-1) / part.shape[-1]
            deviations = part - mean[..., np.newaxis]
            deviations *= deviations
            means, spreads = (to_host(array).T for array in (mean, deviations.sum(axis=-1)))
            moments += [Moments(part.shape[-1], *pair) for pair in zip(means, spreads, strict=True)]
    return moments


class MomentTree:
    """Moments of the leaves seen so far, neighbours combined as far as they go."""

    def __init__(self, nodes: Mapping[tuple[int, int], Moments] | None = None) -> None:
        self._nodes = dict(nodes or {})

    def add(self, index: int, moments: Moments, level: int = 0) -> None:
        """Take in the moments of a leaf, or of a node, numbered within its level, that is ``2**level`` leaves."""
        if (level, index) in self._nodes:
            raise InputError(f"leaf {index << level} is summed twice; give each piece of a run once")
        while (level, index ^ 1) in self._nodes:
            sibling = self._nodes.pop((level, index ^ 1))
            moments = sibling.joined(moments) if index & 1 else moments.joined(sibling)
            level, index = level + 1, index >> 1
        self._nodes[level, index] = moments

    def merge(self, other: "MomentTree") -> None:
        """Take in the moments of other leaves of the same run."""
        for (level, index), moments in other._nodes.items():
            self.add(index, moments, level)

    def total(self) -> Moments:
        """Return the moments of all samples, once every leaf is there."""
        ordered = sorted((index << level, level) for level, index in self._nodes)
        reached = 0
        for first, level in ordered:
            if first != reached:
                raise InputError(f"leaf {reached} is absent; sum all the pieces of a run")
            reached = first + (1 << level)
        if not ordered:
            raise InputError("there are no samples; draw 1 or more")
        nodes = [self._nodes[level, first >> level] for first, level in ordered]
        return functools.reduce(lambda right, left: left.joined(right), reversed(nodes))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the tree as arrays of one row a node: ``place`` (level, index, count), ``mean`` and ``spread``."""
        places = [(level, index, node.count) for (level, index), node in self._nodes.items()]
        return {
            "place": np.array(places, dtype=np.int64).reshape(-1, 3),
            "mean": np.array([node.mean for node in self._nodes.values()], dtype=np.float64),
            "spread": np.array([node.spread for node in self._nodes.values()], dtype=np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "MomentTree":
        """Return the tree that `to_arrays` took apart."""
        rows = zip(arrays["place"].tolist(), arrays["mean"], arrays["spread"], strict=True)
        return cls({(level, index): Moments(count, mean, spread) for (level, index, count), mean, spread in rows})


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

    def _bins(self, column: int) -> tuple[FloatArray, FloatArray, IntArray]:
        """Return the ends and the counts of the bins of a column that hold samples, in order of value."""
        octaves, parts = [octave for own, octave in self._pages if own == column], []
        # Octave by octave, from the lowest number up.
        for octave in sorted(octaves, key=lambda octave: -octave if octave >= _NEGATIVE else octave):
            counts = self._pages[column, octave].astype(np.int64)
            bins = np.flatnonzero(counts)
            bits = ((octave % _NEGATIVE) << MANTISSA_BITS) + bins
            near, far = ((edge << _DROPPED_BITS).view(np.float64) for edge in (bits, bits + 1))
            # The last bin of the last octave would end at infinity; what lies in the first one is taken for zero.
            far = np.where(near > 0, np.minimum(far, np.finfo(np.float64).max), 0.0)
            held = counts[bins]
            parts.append((-far[::-1], -near[::-1], held[::-1]) if octave >= _NEGATIVE else (near, far, held))
        if not parts:
            raise InputError("there are no samples; draw 1 or more")
        lower, upper, counts = (np.concatenate(part) for part in zip(*parts, strict=True))
        return lower, upper, counts

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the sketch as arrays: ``place`` (column, octave), ``counts``, ``ends`` and ``samples``."""
        pages = list(self._pages.values())
        largest = max((int(page.max()) for page in pages), default=0)
        counts = np.array(pages, dtype=np.min_scalar_type(largest)).reshape(-1, _BINS)
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


class LeafSums:
    """What is known of some leaves: trees of moments by name, a sketch of quantiles, counts; of two they add up."""

    def __init__(self, columns: int = 0, counts: Mapping[str, tuple[int, ...]] | None = None) -> None:
        self.trees: defaultdict[str, MomentTree] = defaultdict(MomentTree)
        self.leaves: Ranges = []
        self.sketch = Sketch(columns)
        self.counts: Arrays = {name: np.zeros(shape, dtype=np.int64) for name, shape in (counts or {}).items()}

    def merge(self, other: "LeafSums") -> None:
        """Take in what was seen of other leaves of the same run."""
        for name, tree in other.trees.items():
            self.trees[name].merge(tree)
        self.sketch.merge(other.sketch)
        for name, counts in other.counts.items():
            self.counts[name] += counts
        self.leaves = joined_ranges([*self.leaves, *other.leaves])

    def to_arrays(self) -> Arrays:
        """Return everything as arrays, for a file or another machine."""
        parts = {name: tree.to_arrays() for name, tree in self.trees.items()}
        parts |= {"sketch": self.sketch.to_arrays(), "counts": self.counts}
        arrays = {f"{part}.{name}": array for part, held in parts.items() for name, array in held.items()}
        return {"leaves": np.array(self.leaves, dtype=np.int64).reshape(-1, 2), **arrays}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "LeafSums":
        """Return what `to_arrays` took apart."""
        whole, parts = cls(), defaultdict[str, Arrays](dict)
        for key, array in arrays.items():
            part, _, name = key.rpartition(".")
            parts[part][name] = array
        whole.leaves = [(int(start), int(stop)) for start, stop in parts.pop("")["leaves"]]
        whole.sketch = Sketch.from_arrays(parts.pop("sketch"))
        whole.counts = {name: np.array(array) for name, array in parts.pop("counts", {}).items()}
        whole.trees |= {name: MomentTree.from_arrays(part) for name, part in parts.items()}
        return whole

    def __reduce__(self) -> tuple[object, ...]:
        return LeafSums.from_arrays, (self.to_arrays(),)


def joined_ranges(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return ranges in order, those that touch as one."""
    whole: Ranges = []
    for start, stop in sorted(ranges):
        if whole and whole[-1][1] >= start:
            whole[-1] = (whole[-1][0], max(whole[-1][1], stop))
        else:
            whole.append((start, stop))
    return whole
