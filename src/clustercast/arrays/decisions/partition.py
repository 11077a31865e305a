"""Samples cut into bins along each of many columns, and the sums over all bins at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from clustercast.arrays.indices.given_data import bin_numbers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Edges of bins come from so many samples: a sort of all would cost more than the sums.
SORTED = 8192
BINS, LEAST = 64, 8


@dataclass(frozen=True)
class Partition:
    """Bins of d columns, one after the other: `member` (N, d) is the bin of each sample, `counts` (bins,) their sizes."""

    member: IntArray
    offsets: IntArray
    counts: FloatArray

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sum of each column of values over each bin, shape (bins, T)."""
        size, columns = self.member.shape
        rows = np.arange(0, size * columns + 1, columns)
        shape = (size, int(self.offsets[-1]))
        found: FloatArray = csr_array((np.ones(size * columns), self.member.ravel(), rows), shape=shape).T @ values
        return found

    def over_bins(self, values: FloatArray) -> FloatArray:
        """Return the sum of what each bin gives (bins, T) over the bins of each column, shape (d, T)."""
        return np.add.reduceat(values, self.offsets[:-1], axis=0)

    def spread(self, values: FloatArray) -> FloatArray:
        """Return what belongs to a column (d, T) for each of its bins, shape (bins, T)."""
        return np.repeat(values, np.diff(self.offsets), axis=0)

    def column(self, place: int) -> IntArray:
        """Return the bin of each sample in one column, counted from 0."""
        return self.member[:, place] - self.offsets[place]


def partition(
    columns: FloatArray, bins: int | None = None, *, tails: bool = True, exact: bool = False
) -> Partition:
    """Return bins of about equal counts along each column (N, d), finer in the tails; one for each of few values."""
    size = len(columns)
    count = int(np.clip(2.4 * size ** (1 / 3), 4, BINS)) if bins is None else bins
    shares = _shares(count, min(size, SORTED), tails)
    members, offsets = np.empty(columns.shape, dtype=np.int64), [0]
    for place, column in enumerate(np.ascontiguousarray(columns.T)):
        ordered = np.sort(column if exact else column[:: max(1, size // SORTED)])
        at = np.minimum((shares * len(ordered)).astype(np.int64), len(ordered) - 1)
        edges = ordered[at]
        # A value that is there more than once at an edge: a discrete input, whose values are kept apart.
        tied = bool((np.diff(edges) == 0).any() or (ordered[np.maximum(at, 1) - 1] == edges).any())
        found = bin_numbers(column, np.full(size, 1 / size), count) if tied else np.searchsorted(edges, column, "right")
        members[:, place] = found + offsets[-1]
        offsets.append(offsets[-1] + int(found.max()) + 1)
    counts = np.bincount(members.ravel(), minlength=offsets[-1]).astype(np.float64)
    return Partition(members, np.array(offsets), counts)


def _shares(bins: int, sorted_: int, tails: bool) -> FloatArray:
    """Return the probabilities between bins; the outermost are halved while some sorted samples are left in them."""
    halvings = max(0, int(np.log2(sorted_ / bins / LEAST))) if tails else 0
    ends = 0.5 ** np.arange(halvings, 0, -1) / bins
    return np.concatenate([ends, np.arange(1, bins) / bins, 1 - ends[::-1]])
