"""Inputs that an output does not depend on: their indices are found once for all of them.

A swap of an idle input changes no row, so all of them have the same runs, and every statistic of one, or of its pair
with another input, is that of any. One that stands before the others and one that stands after them give all such
pairs, in either order. What an output of a large model costs then goes by the inputs that it depends on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import BoolArray, FloatArray
from clustercast.arrays.indices.sobol_estimators import pair_rows

PlaceArray = NDArray[np.intp]

_FEW = 64
# Of two idle inputs none could be left out.
_WORTHWHILE = 3


@dataclass(frozen=True)
class Standing:
    """Which inputs stand for which."""

    # Inputs to analyse: an idle one, those that are not idle, another idle one.
    kept: PlaceArray
    # Place of each input among `kept`; an idle one is the first by `place`, the last by `last_place`.
    place: PlaceArray
    last_place: PlaceArray

    def rows_of_all(self, name: str, rows: slice) -> PlaceArray:
        """Return which row of a statistic of the kept inputs is that of each input, or of each pair."""
        if name != "pair":
            return self.place if rows.stop - rows.start > 1 else np.zeros(1, dtype=np.intp)
        row_of_pair = np.zeros((len(self.kept), len(self.kept)), dtype=np.intp)
        row_of_pair[pair_rows(len(self.kept))] = np.arange(rows.stop - rows.start)
        one, other = pair_rows(len(self.place))
        return row_of_pair[self.place[one], self.last_place[other]]


def standing_for_idle(rows: FloatArray, number_of_inputs: int) -> Standing | None:
    """Find inputs whose swap changes no row, and two that stand for all of them."""
    # A few points show that most inputs are not idle.
    idle = _idle(rows[:_FEW], number_of_inputs)
    if np.count_nonzero(idle) >= _WORTHWHILE:
        idle = _idle(rows, number_of_inputs)
    found = np.flatnonzero(idle)
    if len(found) < _WORTHWHILE:
        return None
    active = np.flatnonzero(~idle)
    place = np.zeros(number_of_inputs, dtype=np.intp)
    place[active] = np.arange(1, len(active) + 1)
    last_place = np.where(idle, len(active) + 1, place)
    return Standing(np.concatenate([found[:1], active, found[-1:]]), place, last_place)


def _idle(rows: FloatArray, number_of_inputs: int) -> BoolArray:
    """Return of each input whether its swap changes none of the rows."""
    idle: BoolArray = np.all(rows[:, 1 : number_of_inputs + 1] == rows[:, :1], axis=0)
    if rows.shape[1] > number_of_inputs + 2:
        idle &= np.all(rows[:, number_of_inputs + 1 : -1] == rows[:, -1:], axis=0)
    return idle


def chosen_runs(rows: FloatArray, number_of_inputs: int, kept: PlaceArray, b_swaps: bool) -> FloatArray:
    """Take the runs of some inputs out of a Saltelli design, shape (..., points, chosen runs)."""
    swaps = [kept + 1, kept + 1 + number_of_inputs] if b_swaps else [kept + 1]
    return rows.take(np.concatenate([[0], *swaps, [rows.shape[-1] - 1]]), axis=-1)
