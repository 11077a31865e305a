"""Sobol' indices of many columns of output, by blocks of base points that stay in cache, with their intervals."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from clustercast.arrays import BoolArray, FloatArray, IntArray
from clustercast.arrays.indices.intervals import FewRuns
from clustercast.arrays.indices.sobol_estimators import ESTIMATORS, Estimator, Runs, centre_and_scale, runs_per_point
from clustercast.arrays.summaries import squared_in, unit_for_squares
from clustercast.errors import InputError

# Standard deviations between a mean and 0 from which its rounding matters.
_FAR = 1e8
BLOCK_ELEMENTS = 1 << 19
# Columns whose statistics are held at once.
_COLUMNS = 128
_FEW = 64
# Of two idle inputs none could be left out.
_WORTHWHILE = 3


def sobol_panel(
    values: FloatArray,
    number_of_inputs: int,
    *,
    estimator: Estimator = ESTIMATORS["saltelli-jansen"],
    design_second_order: bool = False,
    second_order: bool | None = None,
    weights: FloatArray | None = None,
    replicates: int = 1,
    confidence: float = 0.95,
) -> dict[str, FloatArray]:
    """Return Sobol' indices of every column of a panel of outputs, shape (columns, rows of one Saltelli design)."""
    # By name, as `Estimator.with_intervals`, and `variance` of the two independent runs, exactly 0 where a column is
    # constant up to rounding. With `weights` of resamples intervals are bootstrapped; from 2 replicates on, one after
    # another in the rows, they are Student-t over them. The indices themselves use all rows together.
    second_order = design_second_order if second_order is None else second_order
    step = runs_per_point(number_of_inputs, design_second_order)
    points, left = divmod(values.shape[1], step)
    if left or points == 0 or points % replicates:
        what = f"{values.shape[1]} rows are not {replicates} replicate(s) of whole base points of {step} rows each"
        raise InputError(f"{what}; pass all rows of the design, in order")
    weighting = None if weights is None else np.vstack([np.full(points, 1 / points), weights])
    panel = _Panel(estimator, second_order, weighting, replicates)
    # Without the rows BA where nothing needs them.
    lean = design_second_order and not (second_order or estimator.needs_second_order)
    needed = [*range(number_of_inputs + 1), -1] if lean else slice(None)
    parts = []
    for start in range(0, len(values), _COLUMNS):
        columns, few = values[start : start + _COLUMNS].reshape(-1, points, step), None
        means, variances = zip(*(panel.column(rows[:, needed], number_of_inputs) for rows in columns), strict=True)
        if estimator.widens_bootstrap or weighting is None:
            few = FewRuns.of(columns[..., [0, -1]].reshape(len(columns), -1))
        how = {"pairs": second_order, "resampled": weighting is not None}
        found = estimator.with_intervals(np.stack(means, axis=1), number_of_inputs, confidence, few, **how)
        found["variance"] = np.array(variances)
        parts.append(found if few is None else found | {"events": few.events, "kurtosis": few.kurtosis})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class _Panel(NamedTuple):
    """How the columns are analysed."""

    estimator: Estimator
    second_order: bool
    # The plain mean first, then each resample, shape (1 + resamples, points).
    weighting: FloatArray | None
    replicates: int

    def column(self, rows: FloatArray, inputs: int) -> tuple[FloatArray, float]:
        """Return means of products of a column, shape (points, runs), and its variance; NaN and 0 of a constant one."""
        centre, scale = centre_and_scale(rows)
        if abs(centre) > _FAR * scale > 0.0:
            # The mean of values far from 0 is known to their rounding only; that of their distances from it, better.
            rows = rows - centre
            centre, scale = centre_and_scale(rows)
        ends, layout = rows[:, [0, -1]], self.estimator.layout(inputs, self.second_order)
        if not (scale > 0.0 and np.ptp(ends) > 0.0):
            samples = self.replicates if self.weighting is None else len(self.weighting)
            return np.full((max(rows.stop for rows in layout.values()), samples), np.nan), 0.0
        unit = unit_for_squares(ends)
        variance = squared_in(float((ends / unit).var()), unit)
        standing = standing_for_idle(rows, inputs)
        if standing is None:
            return self._means(rows, inputs, centre, scale), variance
        # Idle inputs are found once for all of them.
        kept = self.estimator.layout(len(standing.kept), self.second_order)
        means = self._means(chosen_runs(rows, inputs, standing.kept), len(standing.kept), centre, scale)
        return np.concatenate([means[part][standing.rows_of_all(name, part)] for name, part in kept.items()]), variance

    def _means(self, rows: FloatArray, inputs: int, centre: float, scale: float) -> FloatArray:
        """Return means of products: of all rows, then of each resample, or of each replicate."""
        points, step = rows.shape
        statistics = max(part.stop for part in self.estimator.layout(inputs, self.second_order).values())
        if self.weighting is None:
            # Replicates of a small column in one go: the calls cost more than the numbers.
            together = self.replicates if points * step <= BLOCK_ELEMENTS else 1
            found = np.zeros((statistics, self.replicates))
            parts = rows.reshape(self.replicates, -1, step)
            for first in range(0, self.replicates, together):
                own = slice(first, first + together)
                for block in blocks(parts.shape[1], step):
                    runs = Runs.of(parts[own, block], inputs, centre=centre, scale=scale)
                    found[:, own] += self.estimator.sums(runs, self.second_order)
            found *= self.replicates / points
            return found
        sums = np.zeros((len(self.weighting), statistics))
        for block in blocks(points, statistics):
            runs = Runs.of(rows[block], inputs, centre=centre, scale=scale)
            sums += self.weighting[:, block] @ self.estimator.products(runs, self.second_order).T
        return sums.T


class Standing(NamedTuple):
    """Which inputs stand for which."""

    # Inputs to analyse: an idle one, those that are not idle, another idle one.
    kept: IntArray
    # Place of each input among `kept`; an idle one is the first by `place`, the last by `last_place`.
    place: IntArray
    last_place: IntArray

    def rows_of_all(self, name: str, rows: slice) -> IntArray:
        """Return which row of a statistic of the kept inputs is that of each input, or of each pair."""
        if name != "pair":
            return self.place if rows.stop - rows.start > 1 else np.zeros(1, dtype=np.intp)
        row_of_pair = np.zeros((len(self.kept), len(self.kept)), dtype=np.intp)
        row_of_pair[np.triu_indices(len(self.kept), 1)] = np.arange(rows.stop - rows.start)
        one, other = np.triu_indices(len(self.place), 1)
        return row_of_pair[self.place[one], self.last_place[other]]


# A swap of an idle input changes no row: all idle ones have the same runs, and every statistic of one, or of its pair
# with another input, is that of any. One that stands before the others and one that stands after them give all such
# pairs, in either order. What an output of a large model costs then goes by the inputs that it depends on.


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
    place = np.where(idle, 0, np.cumsum(~idle))
    return Standing(np.concatenate([found[:1], active, found[-1:]]), place, np.where(idle, len(active) + 1, place))


def _idle(rows: FloatArray, number_of_inputs: int) -> BoolArray:
    """Return of each input whether its swap changes none of the rows."""
    idle: BoolArray = np.all(rows[:, 1 : number_of_inputs + 1] == rows[:, :1], axis=0)
    if rows.shape[1] > number_of_inputs + 2:
        idle &= np.all(rows[:, number_of_inputs + 1 : -1] == rows[:, -1:], axis=0)
    return idle


def chosen_runs(rows: FloatArray, number_of_inputs: int, kept: IntArray) -> FloatArray:
    """Take the runs of some inputs out of a Saltelli design, shape (points, chosen runs)."""
    swaps = [kept + first for first in range(1, rows.shape[1] - 1, number_of_inputs)]
    return rows[:, np.concatenate([[0], *swaps, [-1]])]


def blocks(points: int, statistics: int) -> Iterator[slice]:
    """Cut base points into blocks whose products stay in cache."""
    size = max(256, BLOCK_ELEMENTS // statistics)
    for first in range(0, points, size):
        yield slice(first, min(first + size, points))
