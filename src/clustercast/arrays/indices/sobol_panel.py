"""Sobol' indices of many columns of output at once, with their intervals.

The work goes column by column and block by block of base points, so that a block of
products stays in cache and memory does not grow with the panel.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import BoolArray, FloatArray
from clustercast.arrays.indices.intervals import FewRuns, half_width, lead_half_width
from clustercast.arrays.indices.pick_freeze import (
    BLOCK_ELEMENTS,
    blocks,
    centre_and_scale,
    indices_from_means,
    product_sums,
    products,
    runs_per_point,
    separate,
)
from clustercast.arrays.indices.sobol_estimators import ESTIMATORS, Estimator, pair_rows
from clustercast.arrays.summaries.order_statistics import squared_in, unit_for_squares
from clustercast.errors import InputError

# Standard deviations between a mean and 0 from which its rounding matters.
_FAR = 1e8
# Columns whose statistics are held at once.
_COLUMNS = 128
PlaceArray = NDArray[np.intp]
_FEW = 64
# Of two idle inputs none could be left out.
_WORTHWHILE = 3


@dataclass(frozen=True)
class SobolIndices:
    """Sobol' indices with the half-widths of their intervals, None where no interval was asked for."""

    # Shape (columns, inputs); NaN in a column without variance.
    first: FloatArray
    total: FloatArray
    # Shape (columns, inputs, inputs), above the diagonal.
    second: FloatArray | None
    # Of the two independent runs; exactly 0 where a column is constant up to rounding.
    variance: FloatArray
    first_half_width: FloatArray | None = None
    total_half_width: FloatArray | None = None
    second_half_width: FloatArray | None = None
    # Of the lead of an input's total over that of the next one, shape (columns, inputs).
    total_lead_half_width: FloatArray | None = None
    # Of columns that have one value nearly everywhere: how many independent runs have another, shape (columns,); else
    # 0.
    events: FloatArray | None = None
    # Of the independent runs, shape (columns,); 0 where half of them have one value.
    kurtosis: FloatArray | None = None


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
) -> SobolIndices:
    """Return Sobol' indices of every column of a panel of outputs, shape (columns, rows of one Saltelli design)."""
    # With `weights` of resamples intervals are bootstrapped; from 2 replicates on, one after another in the rows, they
    # are Student-t over them. The indices themselves use all rows together.
    second_order = design_second_order if second_order is None else second_order
    _check_design(estimator, second_order, design_second_order)
    step = runs_per_point(number_of_inputs, design_second_order)
    points = _number_of_points(values.shape[1], step, replicates)
    weighting = None if weights is None else np.vstack([np.full(points, 1 / points), weights])
    b_swaps = second_order or estimator.needs_second_order
    panel = _Panel(number_of_inputs, estimator, second_order, b_swaps, weighting, replicates)
    widened = estimator.widens_bootstrap or weights is None
    parts = []
    for start in range(0, len(values), _COLUMNS):
        rows = values[start : start + _COLUMNS].reshape(-1, points, step)
        if design_second_order and not panel.b_swaps:
            rows = chosen_runs(rows, number_of_inputs, np.arange(number_of_inputs), False)
        found = panel.indices(rows, confidence, widened=widened)
        if widened:
            ends = rows[..., [0, -1]].reshape(len(rows), -1)
            found = _with_few_runs(found, FewRuns.of(ends), confidence)
        parts.append(found)
    joined: dict[str, Any] = {}
    for name, first in vars(parts[0]).items():
        joined[name] = None if first is None else np.concatenate([vars(part)[name] for part in parts])
    return SobolIndices(**joined)


@dataclass(frozen=True)
class _Panel:
    """How the columns are analysed."""

    inputs: int
    estimator: Estimator
    second_order: bool
    b_swaps: bool
    # The plain mean first, then each resample, shape (1 + resamples, points).
    weighting: FloatArray | None
    replicates: int

    def indices(self, columns: FloatArray, confidence: float, *, widened: bool) -> SobolIndices:
        """Return the indices and half-widths of some columns, shape (columns, points, runs)."""
        layout = self.estimator.layout(self.inputs, self.second_order)
        extra = self.replicates if self.weighting is None else len(self.weighting) - 1
        # What does not vary has no indices.
        means = np.full((max(rows.stop for rows in layout.values()), len(columns), 1 + extra), np.nan)
        variance = np.zeros(len(columns))
        for place, rows in enumerate(columns):
            standard = centre_and_scale(rows)
            if abs(standard[0]) > _FAR * standard[1] > 0.0:
                # The mean of values far from 0 is known to their rounding only; that of their distances from it,
                # better.
                rows = rows - standard[0]
                standard = centre_and_scale(rows)
            ends = rows[:, [0, -1]]
            if standard[1] > 0.0 and np.ptp(ends) > 0.0:
                unit = unit_for_squares(ends)
                variance[place] = squared_in(float((ends / unit).var()), unit)
                means[:, place] = self._column_means(rows, standard)
        # Inputs along the last axis but one, as half-widths are taken over the last.
        first, total, pairs = (
            None if index is None else np.ascontiguousarray(np.moveaxis(index, 0, 1))
            for index in indices_from_means(means, self.estimator, self.inputs, second_order=self.second_order)
        )
        assert first is not None and total is not None
        second = None if pairs is None else _upper(pairs[..., 0], self.inputs)
        found = SobolIndices(first[..., 0], total[..., 0], second, variance)
        if extra < 2:
            return found
        how = {"resampled": self.weighting is not None, "widened": widened}
        # Of replicates each column leaves one out, so that it errs as the whole does (the jackknife): estimates from
        # single replicates are skewed where tails are heavy, and their spread about their own mean is too small.
        return replace(
            found,
            first_half_width=half_width(first[..., 1:], confidence, **how),
            total_half_width=half_width(total[..., 1:], confidence, **how),
            second_half_width=None
            if pairs is None
            else _upper(half_width(pairs[..., 1:], confidence, **how), self.inputs),
            total_lead_half_width=lead_half_width(total, confidence, **how),
        )

    def _column_means(self, rows: FloatArray, standard: tuple[float, float]) -> FloatArray:
        """Return the means of the products of a column, idle inputs found once for all of them."""
        standing = standing_for_idle(rows, self.inputs)
        if standing is None:
            return self._means(rows, self.inputs, *standard)
        kept = len(standing.kept)
        means = self._means(chosen_runs(rows, self.inputs, standing.kept, self.b_swaps), kept, *standard)
        layout = self.estimator.layout(kept, self.second_order)
        return np.concatenate([means[rows][standing.rows_of_all(name, rows)] for name, rows in layout.items()])

    def _means(self, rows: FloatArray, inputs: int, centre: float, scale: float) -> FloatArray:
        """Return means of products: all rows in column 0, then each resample, or all rows but each replicate."""
        points, step = rows.shape
        layout, second_order = self.estimator.layout(inputs, self.second_order), self.second_order
        statistics = max(part.stop for part in layout.values())
        if self.weighting is None:
            # Replicates of a small column in one go: the calls cost more than the numbers.
            together = self.replicates if points * step <= BLOCK_ELEMENTS else 1
            found = np.zeros((statistics, self.replicates))
            parts = rows.reshape(self.replicates, -1, step)
            for first in range(0, self.replicates, together):
                own = slice(first, first + together)
                for block in blocks(0, parts.shape[1], step):
                    runs = separate(parts[own, block], inputs, centre=centre, scale=scale)
                    found[:, own] += product_sums(runs, self.estimator, second_order=second_order)
            return _leaving_out(found * (self.replicates / points))
        sums = np.zeros((len(self.weighting), statistics))
        buffer = np.empty(0)
        for block in blocks(0, points, statistics):
            runs = separate(rows[block], inputs, centre=centre, scale=scale)
            buffer = buffer if buffer.size == statistics * runs.a.size else np.empty((statistics, runs.a.size))
            sums += self.weighting[:, block] @ products(runs, self.estimator, second_order=second_order, out=buffer).T
        return sums.T


def _with_few_runs(found: SobolIndices, few: FewRuns, confidence: float) -> SobolIndices:
    """Widen the intervals of columns whose indices rest on a few runs."""
    parts = {"S1": "first", "ST": "total", "S2": "second", "ST_lead": "total_lead"}
    widths = {name: w for name, part in parts.items() if (w := getattr(found, f"{part}_half_width")) is not None}
    indices: dict[str, Any] = {name: getattr(found, parts[name]) for name in ("S1", "ST", "S2")}
    wide = few.widened(widths, indices, confidence)
    about = {"events": few.events, "kurtosis": few.kurtosis}
    return replace(found, **about, **{f"{parts[name]}_half_width": width for name, width in wide.items()})


def _check_design(estimator: Estimator, second_order: bool, design_second_order: bool) -> None:
    """Refuse what the rows at hand cannot give."""
    if design_second_order:
        return
    if second_order:
        raise InputError("second-order indices need the 2D+2 design; draw it with second_order=True")
    if estimator.needs_second_order:
        remedy = "draw it with second_order=True, or use 'janon-monod' or 'saltelli-jansen'"
        raise InputError(f"estimator {estimator.name!r} needs the 2D+2 design; {remedy}")


def _number_of_points(rows: int, step: int, replicates: int) -> int:
    """Count the base points, refusing what is not a whole number of them in each replicate."""
    points, left = divmod(rows, step)
    if left or points == 0 or points % replicates:
        what = f"{rows} rows are not {replicates} replicate(s) of whole base points of {step} rows each"
        raise InputError(f"{what}; pass all rows of the design, in order")
    return points


def _leaving_out(means: FloatArray) -> FloatArray:
    """Turn means of single replicates into that of all, and those of all but each."""
    replicates, whole = means.shape[1], means.mean(axis=1, keepdims=True)
    return np.concatenate([whole, (replicates * whole - means) / (replicates - 1) if replicates > 1 else means], axis=1)


def _upper(pairs: FloatArray, number_of_inputs: int) -> FloatArray:
    """Put values of pairs, (columns, pairs), into (columns, inputs, inputs), NaN outside the upper triangle."""
    full = np.full((len(pairs), number_of_inputs, number_of_inputs), np.nan)
    one, other = pair_rows(number_of_inputs)
    full[:, one, other] = pairs
    return full


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
