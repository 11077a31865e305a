"""Means and variances of samples that come in pieces, the same bits however they are cut.

The samples of a run are numbered, and every `LEAF` of them in a row are a leaf. The moments of a leaf are taken at
once; those of two neighbouring leaves, or pairs, or pairs of pairs, are combined as soon as both are there. This tree
is fixed by the numbers of the samples alone, so that neither the size of the pieces nor the order in which they arrive
shows in the result.
"""

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.engine.operations import to_host
from clustercast.errors import InputError
from clustercast.streaming.sketch import Sketch

Arrays = dict[str, NDArray[Any]]
Ranges = list[tuple[int, int]]
LEAF = 4096


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


class LeafSums:
    """What is known of some leaves: moments, a sketch of quantiles, counts; what is known of others adds up."""

    def __init__(self, columns: int = 0, counts: Mapping[str, tuple[int, ...]] | None = None) -> None:
        # By tree, level and number within the level: a node of level k is 2**k leaves.
        self.nodes: dict[tuple[int, int, int], Moments] = {}
        self.leaves: Ranges = []
        self.sketch = Sketch(columns)
        self.counts: Arrays = {name: np.zeros(shape, dtype=np.int64) for name, shape in (counts or {}).items()}

    def add(self, index: int, moments: Moments, tree: int = 0, level: int = 0) -> None:
        """Take in the moments of a leaf of a tree, or of a node, and combine neighbours as far as they go."""
        if (tree, level, index) in self.nodes:
            raise InputError(f"leaf {index << level} is summed twice; give each piece of a run once")
        while (tree, level, index ^ 1) in self.nodes:
            sibling = self.nodes.pop((tree, level, index ^ 1))
            moments = sibling.joined(moments) if index & 1 else moments.joined(sibling)
            level, index = level + 1, index >> 1
        self.nodes[tree, level, index] = moments

    def merge(self, other: "LeafSums") -> None:
        """Take in what was seen of other leaves of the same run."""
        for (tree, level, index), moments in other.nodes.items():
            self.add(index, moments, tree, level)
        self.sketch.merge(other.sketch)
        for name, counts in other.counts.items():
            self.counts[name] += counts
        self.leaves = joined_ranges([*self.leaves, *other.leaves])

    def total(self, tree: int = 0) -> Moments:
        """Return the moments of all samples of a tree, once every leaf is there."""
        nodes = sorted((index << level, level, node) for (own, level, index), node in self.nodes.items() if own == tree)
        reached = 0
        for first, level, _ in nodes:
            if first != reached:
                raise InputError(f"leaf {reached} is absent; sum all the pieces of a run")
            reached = first + (1 << level)
        if not nodes:
            raise InputError("there are no samples; draw 1 or more")
        return functools.reduce(lambda right, left: left.joined(right), (node for *_, node in reversed(nodes)))

    def to_arrays(self) -> Arrays:
        """Return everything as arrays, for a file or another machine; of the nodes one row each."""
        nodes = self.nodes.values()
        places = [(*place, node.count) for place, node in self.nodes.items()]
        return {
            "leaves": np.array(self.leaves, dtype=np.int64).reshape(-1, 2),
            "place": np.array(places, dtype=np.int64).reshape(-1, 4),
            "mean": np.array([node.mean for node in nodes], dtype=np.float64),
            "spread": np.array([node.spread for node in nodes], dtype=np.float64),
            **{f"sketch.{name}": array for name, array in self.sketch.to_arrays().items()},
            **{f"counts.{name}": array for name, array in self.counts.items()},
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "LeafSums":
        """Return what `to_arrays` took apart."""
        whole, parts = cls(), defaultdict[str, Arrays](dict)
        for key, array in arrays.items():
            part, _, name = key.rpartition(".")
            parts[part][name] = array
        own = parts[""]
        whole.leaves = [(int(start), int(stop)) for start, stop in own["leaves"]]
        for (*place, count), mean, spread in zip(own["place"].tolist(), own["mean"], own["spread"], strict=True):
            whole.nodes[*place] = Moments(count, mean, spread)
        whole.sketch = Sketch.from_arrays(parts["sketch"])
        whole.counts = {name: np.array(array) for name, array in parts["counts"].items()}
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
