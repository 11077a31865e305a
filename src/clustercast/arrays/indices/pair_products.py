"""Products of pairs of inputs' runs, from which second-order indices are made.

Each kind comes twice: written out base point by base point, for weighting by resamples,
and summed over the points at once by one matrix product, for means without weights.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.errors import InputError

Statistics = dict[str, FloatArray]


@dataclass(frozen=True)
class Runs:
    """Model runs of some base points, one column of output, centred and scaled."""

    a: FloatArray
    b: FloatArray
    a_change: FloatArray
    b_change: FloatArray | None

    @property
    def b_changes(self) -> FloatArray:
        """The runs that only a design with second order has."""
        if self.b_change is None:
            raise InputError("this estimator needs the 2D+2 design; draw it with second_order=True")
        return self.b_change


@cache
def pair_rows(number_of_inputs: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first and second input of each pair, in the order of the pair statistics."""
    first, second = np.triu_indices(number_of_inputs, 1)
    # Every column asks for the same.
    first.flags.writeable = second.flags.writeable = False
    return first, second


def later_pairs(number_of_inputs: int) -> list[tuple[int, slice]]:
    """For each input j, the rows of its pairs (j, k) with k > j."""
    ends = np.cumsum([number_of_inputs - 1 - j for j in range(number_of_inputs - 1)]).tolist()
    return [(j, slice(end - (number_of_inputs - 1 - j), end)) for j, end in enumerate(ends)]


def _above_diagonal(square: FloatArray) -> FloatArray:
    """Take the pairs out of a square array, in the order of `pair_rows`."""
    pairs: FloatArray = square[pair_rows(len(square))]
    return pairs


def _squares(rows: FloatArray) -> FloatArray:
    """Sum the squares of each row."""
    return np.asarray(np.einsum("ij,ij->i", rows, rows))


def write_saltelli_pairs(runs: Runs, out: Statistics) -> None:
    """Write the products of Saltelli (2002), doi:10.1016/S0010-4655(02)00280-1."""
    # BA_j AB_k - a b, less the first-order products of j and k, is
    # b_change_j a_change_k + a b_change_j - b a_change_j.
    change = runs.b_changes
    np.multiply(runs.a, change, out=out["mixed"])
    out["mixed"] -= runs.b * runs.a_change
    for j, rows in later_pairs(len(change)):
        np.multiply(change[j], runs.a_change[j + 1 :], out=out["pair"][rows])


def sum_saltelli_pairs(runs: Runs) -> Statistics:
    """Sum over points what `write_saltelli_pairs` writes."""
    change = runs.b_changes
    return {"mixed": change @ runs.a - runs.a_change @ runs.b, "pair": _above_diagonal(change @ runs.a_change.T)}


def write_jansen_pairs(runs: Runs, out: Statistics) -> None:
    """Write half the squared differences of the runs that share a pair of inputs."""
    swapped_a, swapped_b = runs.a + runs.a_change, runs.b + runs.b_changes
    for j, rows in later_pairs(len(swapped_a)):
        target = out["pair"][rows]
        np.subtract(swapped_b[j], swapped_a[j + 1 :], out=target)
        target *= target
        target *= 0.5


def sum_jansen_pairs(runs: Runs) -> Statistics:
    """Sum over points what `write_jansen_pairs` writes."""
    swapped_a, swapped_b = runs.a + runs.a_change, runs.b + runs.b_changes
    squares = np.add.outer(_squares(swapped_b), _squares(swapped_a))
    return {"pair": _above_diagonal(squares / 2 - swapped_b @ swapped_a.T)}


def write_janon_monod_pairs(runs: Runs, out: Statistics) -> None:
    """Write the products of the runs that share a pair of inputs, and their own moments."""
    swapped = runs.a + runs.a_change
    other = np.add(runs.b, runs.b_changes, out=out["other"])
    np.multiply(other, other, out=out["other_square"])
    for j, rows in later_pairs(len(swapped)):
        np.multiply(other[j], swapped[j + 1 :], out=out["pair"][rows])


def sum_janon_monod_pairs(runs: Runs) -> Statistics:
    """Sum over points what `write_janon_monod_pairs` writes."""
    swapped, other = runs.a + runs.a_change, runs.b + runs.b_changes
    return {"other": other.sum(axis=1), "other_square": _squares(other), "pair": _above_diagonal(other @ swapped.T)}


def write_azzini_rosati_pairs(runs: Runs, out: Statistics) -> None:
    """Write the first-order products of the pair swapped as one group."""
    change = runs.b_changes
    scratch = np.empty_like(change)
    for j, rows in later_pairs(len(change)):
        target, other = out["pair"][rows], scratch[j + 1 :]
        np.subtract(runs.a_change[j], runs.a_change[j + 1 :], out=target)
        np.subtract(change[j], change[j + 1 :], out=other)
        target *= other


def sum_azzini_rosati_pairs(runs: Runs) -> Statistics:
    """Sum over points what `write_azzini_rosati_pairs` writes."""
    together = runs.a_change @ runs.b_changes.T
    own = np.diag(together)
    return {"pair": _above_diagonal(np.add.outer(own, own) - together - together.T)}
