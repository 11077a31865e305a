"""Samples cut into bins along each of many columns, and the sums over all bins at once."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from clustercast.arrays import BoolArray, FloatArray, IntArray
from clustercast.arrays.indices.given_data import bin_numbers, shares_between

# Edges of bins come from so many samples: a sort of all would cost more than the sums.
SORTED = 8192
BINS, LEAST = 64, 8
# More samples of one value are those of a discrete input.
TWINS = 8
# Samples summed at a time, so that they stay in the cache.
BLOCK = 4096


@dataclass(frozen=True)
class Partition:
    """Bins of d columns, one after the other: the bin of each sample in its column (d, N), and the size of each bin."""

    member: NDArray[np.uint16]
    offsets: IntArray
    counts: FloatArray

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sum of each column of values (N, T) over each bin, shape (bins, T)."""
        columns, size = self.member.shape
        result = np.zeros((int(self.offsets[-1]), values.shape[1]))
        first = self.offsets[:-1].astype(np.int32)
        ones, rows = np.ones(BLOCK * columns), np.arange(0, BLOCK * columns + 1, columns, dtype=np.int32)
        for start in range(0, size, BLOCK):
            places = self.member[:, start : start + BLOCK].T + first
            shape = (len(places), len(result))
            chosen = csr_array((ones[: places.size], places.ravel(), rows[: len(places) + 1]), shape=shape)
            result += chosen.T @ values[start : start + BLOCK]
        return result

    def over_bins(self, values: FloatArray) -> FloatArray:
        """Return the sum of what each bin gives (bins, T) over the bins of each column, shape (d, T)."""
        return np.asarray(np.add.reduceat(values, self.offsets[:-1]))

    def spread(self, values: FloatArray) -> FloatArray:
        """Return what belongs to a column (d, T) for each of its bins, shape (bins, T)."""
        return np.repeat(values, np.diff(self.offsets), axis=0)


def partition(
    columns: Iterable[FloatArray], bins: int | None = None, *, tails: bool = True, exact: bool = False
) -> Partition:
    """Return bins of about equal counts along each column (N,), finer in the tails; one for each of few values."""
    members, sizes = [], []
    some: IntArray | None = None
    for column in columns:
        size = len(column)
        # Not every n-th one: of Sobol' points those are a part of the range of an input.
        if some is None and size > SORTED and not exact:
            some = np.sort(np.random.default_rng(0).choice(size, SORTED, replace=False))
        count = int(np.clip(2.4 * size ** (1 / 3), 4, BINS)) if bins is None else bins
        ordered = np.sort(column if some is None else column[some])
        # The outermost are halved while some sorted samples are left in them.
        halvings = max(0, int(np.log2(max(len(ordered) / count / LEAST, 1)))) if tails else 0
        at = (shares_between(count, halvings) * len(ordered)).astype(np.int64)
        edges = ordered[at]
        # A value that is there more than once at an edge: a discrete input, whose values are kept apart.
        tied = bool((ordered[np.maximum(at, 1) - 1] == edges).any())
        cells = bin_numbers(column, np.full(size, 1 / size), count) if tied else np.searchsorted(edges, column, "right")
        members.append(cells.astype(np.uint16))
        sizes.append(np.bincount(cells))
    return Partition(np.stack(members), np.cumsum([0, *map(len, sizes)]), np.concatenate(sizes).astype(np.float64))


def halves(size: int) -> BoolArray:
    """Return which samples are in the first of two halves, the same at each call."""
    # Not every other one: of Sobol' points those are one half of the range of an input.
    return np.random.default_rng(size).permutation(size) < size / 2


def without_twins(columns: Iterable[FloatArray], size: int) -> IntArray:
    """Return the samples without those that have a value of a continuous column from another, in order."""
    # Forecasts that are pooled may be of the same random numbers. Which of some twins is kept is drawn by lot.
    order = np.random.default_rng(size).permutation(size)
    kept = np.ones(size, dtype=np.bool_)
    for column in columns:
        _, first, counts = np.unique(column[order], return_index=True, return_counts=True)
        if 1 < counts.max() <= TWINS:
            kept &= np.isin(np.arange(size), order[first])
    return np.flatnonzero(kept)
