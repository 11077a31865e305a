"""Means and variances of samples that come in pieces, the same bits however they are cut.

The samples of a run are numbered, and every `LEAF` of them in a row are a leaf. The moments
of a leaf are taken at once; those of two neighbouring leaves, or pairs, or pairs of pairs, are
combined as soon as both are there. This tree is fixed by the numbers of the samples alone, so
that neither the size of the pieces nor the order in which they arrive shows in the result.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustercast.errors import InputError

FloatArray = NDArray[np.float64]

LEAF = 4096


@dataclass(frozen=True)
class Moments:
    """Count, mean and sum of squared deviations of some samples of several columns.

    Attributes
    ----------
    count : int
    mean : ndarray, shape (columns,)
    spread : ndarray, shape (columns,) or shorter
        Sum of the squares of the deviations from the mean; where only means are wanted, of no column.
    """

    count: int
    mean: FloatArray
    spread: FloatArray

    def joined(self, other: "Moments") -> "Moments":
        """Return the moments of both samples together.

        Parameters
        ----------
        other : Moments
            Of as many columns.

        Returns
        -------
        Moments

        References
        ----------
        T. F. Chan, G. H. Golub and R. J. LeVeque, Am. Stat. 37, 242 (1983), doi:10.1080/00031305.1983.10483115.
        """
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


def moments_of(values: FloatArray) -> Moments:
    """Return the moments along the last axis.

    Parameters
    ----------
    values : ndarray, shape (columns, samples)

    Returns
    -------
    Moments
    """
    return leaf_moments(values, values.shape[-1])[0]


def leaf_moments(values: FloatArray, leaf: int = LEAF) -> list[Moments]:
    """Return the moments of each leaf of some samples.

    Parameters
    ----------
    values : ndarray, shape (columns, samples)
        From the first sample of a leaf on; the last leaf may be shorter. A CuPy array is summed where it lies.
    leaf : int, optional
        Samples in a leaf.

    Returns
    -------
    list of Moments
    """
    columns, samples = values.shape
    whole = samples - samples % leaf
    found = []
    for part in (values[:, :whole].reshape(columns, -1, leaf), values[:, whole:].reshape(columns, 1, -1)):
        if part.size:
            mean = part.sum(axis=-1) / part.shape[-1]
            deviations = part - mean[..., np.newaxis]
            deviations *= deviations
            means, spreads = (_on_host(array).T for array in (mean, deviations.sum(axis=-1)))
            found += [Moments(part.shape[-1], *pair) for pair in zip(means, spreads, strict=True)]
    return found


def _on_host(array: FloatArray) -> FloatArray:
    """Return an array as NumPy's, brought from the GPU if it lies there."""
    return np.asarray(array.get() if hasattr(array, "get") else array)


class MomentTree:
    """Moments of the leaves seen so far, neighbours combined as far as they go.

    Examples
    --------
    >>> whole, parts = MomentTree(), MomentTree()
    >>> values = np.arange(3.0 * LEAF).reshape(1, -1) ** 0.5
    >>> for leaf in (0, 1, 2):
    ...     whole.add(leaf, moments_of(values[:, leaf * LEAF : (leaf + 1) * LEAF]))
    >>> for leaf in (2, 0, 1):
    ...     parts.add(leaf, moments_of(values[:, leaf * LEAF : (leaf + 1) * LEAF]))
    >>> bool(whole.total().mean == parts.total().mean)
    True
    """

    def __init__(self, nodes: Mapping[tuple[int, int], Moments] | None = None) -> None:
        self._nodes = dict(nodes or {})

    def add(self, index: int, moments: Moments, level: int = 0) -> None:
        """Take in the moments of a leaf, or of a node that stands for ``2**level`` leaves.

        Parameters
        ----------
        index : int
            Number of the leaf, or of the node among those of its level.
        moments : Moments
        level : int, optional

        Raises
        ------
        InputError
            If the node is there already.
        """
        if (level, index) in self._nodes:
            raise InputError(f"leaf {index << level} is summed twice; give each piece of a run once")
        while (level, index ^ 1) in self._nodes:
            sibling = self._nodes.pop((level, index ^ 1))
            moments = sibling.joined(moments) if index & 1 else moments.joined(sibling)
            level, index = level + 1, index >> 1
        self._nodes[level, index] = moments

    def merge(self, other: "MomentTree") -> None:
        """Take in the moments of other leaves of the same run.

        Parameters
        ----------
        other : MomentTree
        """
        for (level, index), moments in other._nodes.items():
            self.add(index, moments, level)

    def total(self) -> Moments:
        """Return the moments of all samples, once every leaf is there.

        Returns
        -------
        Moments

        Raises
        ------
        InputError
            If there are none, or leaves are absent.
        """
        ordered = sorted((index << level, level) for level, index in self._nodes)
        reached = 0
        for first, level in ordered:
            if first != reached:
                raise InputError(f"leaf {reached} is absent; sum all the pieces of a run")
            reached = first + (1 << level)
        if not ordered:
            raise InputError("there are no samples; draw 1 or more")
        found = [self._nodes[level, first >> level] for first, level in ordered]
        whole = found.pop()
        while found:
            whole = found.pop().joined(whole)
        return whole

    def to_arrays(self) -> dict[str, NDArray[np.int64] | FloatArray]:
        """Return the tree as arrays, for a file or another machine.

        Returns
        -------
        dict of str to array
            ``place`` with columns level, index and count; ``mean`` and ``spread``, one row a node.
        """
        places = [(level, index, found.count) for (level, index), found in self._nodes.items()]
        return {
            "place": np.array(places, dtype=np.int64).reshape(-1, 3),
            "mean": np.array([found.mean for found in self._nodes.values()], dtype=np.float64),
            "spread": np.array([found.spread for found in self._nodes.values()], dtype=np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.int64] | FloatArray]) -> "MomentTree":
        """Return the tree that `to_arrays` took apart.

        Parameters
        ----------
        arrays : mapping of str to array

        Returns
        -------
        MomentTree
        """
        rows = zip(arrays["place"].tolist(), arrays["mean"], arrays["spread"], strict=True)
        return cls(
            {
                (int(level), int(index)): Moments(int(count), mean, spread)
                for (level, index, count), mean, spread in rows
            }
        )
