"""What a run keeps of the samples it has seen: moments, a sketch of quantiles, and counts."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from clustercast.streaming.moments import LEAF, MomentTree, leaf_moments
from clustercast.streaming.sketch import Sketch

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Arrays = dict[str, NDArray[np.generic]]
Ranges = list[tuple[int, int]]


class Reduction:
    """Moments, sketch and counts of some leaves of a run; two of different leaves add up.

    Parameters
    ----------
    columns : int
        Columns of numbers.
    counts : mapping of str to tuple of int
        Shape of each table of counts.

    Attributes
    ----------
    moments : MomentTree
    sketch : Sketch
    counts : dict of str to ndarray of int
    leaves : list of tuple of two int
        Ranges of leaves seen, each from its first to the one after its last, in order.
    """

    def __init__(self, columns: int, counts: Mapping[str, tuple[int, ...]]) -> None:
        self.moments = MomentTree()
        self.sketch = Sketch(columns)
        self.counts: dict[str, IntArray] = {name: np.zeros(shape, dtype=np.int64) for name, shape in counts.items()}
        self.leaves: Ranges = []

    def merge(self, other: "Reduction") -> None:
        """Add what was seen of other leaves of the same run.

        Parameters
        ----------
        other : Reduction
        """
        self.moments.merge(other.moments)
        self.sketch.merge(other.sketch)
        for name, found in other.counts.items():
            self.counts[name] += found
        self.leaves = joined_ranges([*self.leaves, *other.leaves])

    @property
    def finished(self) -> int:
        """Number of leaves seen."""
        return sum(stop - start for start, stop in self.leaves)

    def to_arrays(self) -> Arrays:
        """Return everything as arrays, for a file or another machine.

        Returns
        -------
        dict of str to array
        """
        return {
            **{f"moments.{name}": array for name, array in self.moments.to_arrays().items()},
            **{f"sketch.{name}": array for name, array in self.sketch.to_arrays().items()},
            **{f"counts.{name}": array for name, array in self.counts.items()},
            "leaves": np.array(self.leaves, dtype=np.int64).reshape(-1, 2),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "Reduction":
        """Return what `to_arrays` took apart.

        Parameters
        ----------
        arrays : mapping of str to array

        Returns
        -------
        Reduction
        """
        parts: dict[str, Arrays] = {"moments": {}, "sketch": {}, "counts": {}}
        for name, array in arrays.items():
            part, _, field = name.partition(".")
            if part in parts:
                parts[part][field] = array
        found = cls(0, {})
        found.moments = MomentTree.from_arrays(parts["moments"])  # type: ignore[arg-type]
        found.sketch = Sketch.from_arrays(parts["sketch"])
        found.counts = {name: np.array(array, dtype=np.int64) for name, array in parts["counts"].items()}
        found.leaves = [(int(start), int(stop)) for start, stop in np.asarray(arrays["leaves"], dtype=np.int64)]
        return found

    def __reduce__(self) -> tuple[object, ...]:
        return Reduction.from_arrays, (self.to_arrays(),)

    def add_leaves(self, first: int, values: FloatArray) -> None:
        """Take in the moments of consecutive leaves; the last one of a run may be shorter.

        Parameters
        ----------
        first : int
            Number of the first leaf.
        values : ndarray, shape (columns, samples)
            NumPy's or CuPy's.
        """
        stop = first - (-values.shape[-1] // LEAF)
        if len(values):
            for leaf, moments in enumerate(leaf_moments(values), first):
                self.moments.add(leaf, moments)
        self.leaves = joined_ranges([*self.leaves, (first, stop)])


def joined_ranges(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return ranges in order, those that touch as one.

    Parameters
    ----------
    ranges : iterable of tuple of two int
        Each from its first to the one after its last.

    Returns
    -------
    list of tuple of two int

    Examples
    --------
    >>> joined_ranges([(4, 6), (0, 2), (2, 3)])
    [(0, 3), (4, 6)]
    """
    found: Ranges = []
    for start, stop in sorted(ranges):
        if found and found[-1][1] >= start:
            found[-1] = (found[-1][0], max(found[-1][1], stop))
        else:
            found.append((start, stop))
    return found


def remaining_ranges(total: int, finished: Ranges, length: int) -> Ranges:
    """Cut what is left of ``range(total)`` into pieces.

    Parameters
    ----------
    total : int
    finished : list of tuple of two int
        Ranges that are done, in order.
    length : int
        Most in a piece; pieces end at its multiples.

    Returns
    -------
    list of tuple of two int

    Examples
    --------
    >>> remaining_ranges(10, [(2, 5)], 4)
    [(0, 2), (5, 8), (8, 10)]
    """
    gaps = zip([0, *(stop for _, stop in finished)], [*(start for start, _ in finished), total], strict=True)
    pieces: Ranges = []
    for start, stop in gaps:
        while start < stop:
            end = min((start // length + 1) * length, stop)
            pieces.append((start, end))
            start = end
    return pieces
