"""Sobol' indices of many columns of output, by blocks of base points that stay in cache, with their intervals."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from clustercast.arrays import FloatArray, IntArray
from clustercast.arrays.indices.intervals import FewRuns
from clustercast.arrays.indices.sobol_estimators import ESTIMATORS, Estimator, Runs, centre_and_scale, runs_per_point
from clustercast.arrays.summaries import squared_in, unit_for_squares
from clustercast.errors import InputError

# Standard deviations between a mean and 0 from which its rounding matters.
_FAR = 1e8
BLOCK_ELEMENTS = 1 << 19
# Columns whose statistics are held at once.
_COLUMNS = 128
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
            few = FewRuns.of(columns[..., [0, -1]], apart=not estimator.needs_second_order)
            few = few._replace(replicates=replicates, swapped=columns[..., : number_of_inputs + 1])
        how = {"pairs": second_order, "resampled": weighting is not None}
        result = estimator.with_intervals(np.stack(means, axis=1), number_of_inputs, confidence, few, **how)
        parts.append(result | {"variance": np.array(variances)})
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
        unit = unit_for_squares(rows)
        if unit != 1.0:
            means, variance = self.column(rows / unit, inputs)
            return means, squared_in(variance, unit)
        # Indices depend on no scale: that of the independent runs makes their variance 1.
        layout = self.estimator.layout(inputs, self.second_order)
        centre, scale = float(rows.mean()), centre_and_scale(rows[:, [0, -1]])[1]
        if not scale > 0.0:
            samples = self.replicates if self.weighting is None else len(self.weighting)
            return np.full((max(rows.stop for rows in layout.values()), samples), np.nan), 0.0
        if abs(centre) > _FAR * scale:
            # The mean of values far from 0 is known to their rounding only; that of their distances from it, better.
            return self.column(rows - centre, inputs)
        return self._means(rows, inputs, centre, scale), scale**2

    def _means(self, rows: FloatArray, inputs: int, centre: float, scale: float) -> FloatArray:
        """Return means of products: of all rows, then of each resample, or of each replicate."""
        points, step = rows.shape
        statistics = max(part.stop for part in self.estimator.layout(inputs, self.second_order).values())
        how = {"centre": centre, "scale": scale}
        if self.weighting is not None:
            sums = np.zeros((statistics, len(self.weighting)))
            for block in blocks(points, statistics):
                sums += self._sums(Runs.of(rows[block], inputs, **how), self.weighting[:, block])
            return sums
        # Replicates of a small column in one go: the calls cost more than the numbers.
        together = self.replicates if points * step <= BLOCK_ELEMENTS else 1
        result = np.zeros((statistics, self.replicates))
        parts = rows.reshape(self.replicates, -1, step)
        for first in range(0, self.replicates, together):
            own = slice(first, first + together)
            for block in blocks(parts.shape[1], step):
                result[:, own] += self._sums(Runs.of(parts[own, block], inputs, **how))
        return np.asarray(result * (self.replicates / points))

    def _sums(self, runs: Runs, weights: FloatArray | None = None) -> FloatArray:
        """Sum the products of a block, shape (statistics, replicates or samples); those of idle inputs once for all."""
        # Of replicates alone the products are never written: a sum takes less than it does to leave a few inputs out.
        worth_it = _WORTHWHILE if self.second_order or weights is not None else len(runs.a_change) // 2
        standing = standing_for_idle(runs, max(worth_it, _WORTHWHILE))
        if standing is not None:
            runs = runs.of_inputs(standing.kept)
        if weights is None:
            sums = self.estimator.sums(runs, self.second_order)
        else:
            sums = self.estimator.products(runs, self.second_order) @ weights.T
        if standing is None:
            return sums
        kept = self.estimator.layout(len(standing.kept), self.second_order)
        return np.concatenate([sums[part][standing.rows_of_all(name, part)] for name, part in kept.items()])


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


def standing_for_idle(runs: Runs, fewest: int = _WORTHWHILE) -> Standing | None:
    """Find inputs whose swap changes no run, and two that stand for all of them; None where they are few."""
    # Every statistic of an idle input, or of its pair with another, is that of any. One that stands before the others
    # and one that stands after them give all such pairs, in either order. What an output of a large model costs then
    # goes by the inputs that it depends on.
    idle, points = np.ones(len(runs.a_change), dtype=bool), tuple(range(1, runs.a.ndim))
    for change in (runs.a_change, runs.b_change):
        if len(change) and idle.any():
            idle &= ~change.any(axis=points)
    result = np.flatnonzero(idle)
    if len(result) < fewest:
        return None
    active = np.flatnonzero(~idle)
    place = np.where(idle, 0, np.cumsum(~idle))
    return Standing(np.concatenate([result[:1], active, result[-1:]]), place, np.where(idle, len(active) + 1, place))


def blocks(points: int, statistics: int) -> Iterator[slice]:
    """Cut base points into blocks whose products stay in cache."""
    size = max(256, BLOCK_ELEMENTS // statistics)
    for first in range(0, points, size):
        yield slice(first, min(first + size, points))
