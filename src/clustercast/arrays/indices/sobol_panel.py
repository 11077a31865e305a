"""Sobol' indices of many columns of output at once, with their intervals.

The work goes column by column and block by block of base points, so that a block of the
per-row products stays in cache and memory does not grow with the panel.
"""

from dataclasses import dataclass, replace

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.idle_inputs import chosen_runs, standing_for_idle
from clustercast.arrays.indices.intervals import (
    as_wide_as_few_events,
    few_events,
    half_width,
    lead_half_width,
    usual_values,
)
from clustercast.arrays.indices.pair_products import pair_rows
from clustercast.arrays.indices.pick_freeze import (
    BLOCK_ELEMENTS,
    blocks,
    centre_and_scale,
    indices_from_sums,
    product_sums,
    products,
    runs_per_point,
    separate,
)
from clustercast.arrays.indices.sobol_estimators import ESTIMATORS, Estimator
from clustercast.arrays.summaries.sums import unit_for_squares
from clustercast.errors import InputError

# Standard deviations between a mean and 0 from which its rounding matters.
_FAR = 1e8


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
    results = []
    for column in values:
        rows = column.reshape(points, step)
        if design_second_order and not b_swaps:
            rows = chosen_runs(rows, number_of_inputs, np.arange(number_of_inputs), b_swaps)
        standard = centre_and_scale(rows)
        if abs(standard[0]) > _FAR * standard[1] > 0.0:
            # The mean of values far from 0 is known to their rounding only; that of their distances from it, better.
            rows = rows - standard[0]
            standard = centre_and_scale(rows)
        if standard[1] == 0.0 or np.ptp(rows[:, [0, -1]]) == 0.0:
            results.append(_undefined(number_of_inputs, second_order, weights, replicates))
            continue
        unit = unit_for_squares(rows)
        variance = float((rows[:, [0, -1]] / unit).var())
        if unit != 1:
            # The square of the unit may be beyond what a float holds: the largest or smallest one then.
            variance = float(np.clip(variance * unit * unit, np.nextafter(0, 1), np.finfo(np.float64).max))
        standing = standing_for_idle(rows, number_of_inputs)
        if standing is not None:
            rows = chosen_runs(rows, number_of_inputs, standing.kept, b_swaps)
        analysed = number_of_inputs if standing is None else len(standing.kept)
        means = _mean_products(rows, analysed, estimator, second_order, standard, weighting, replicates)
        ratios = indices_from_sums(means, 1.0, estimator, analysed, second_order=second_order)
        results.append((variance, *(ratios if standing is None else standing.of_all(*ratios))))
    resampled = weights is not None
    widened = estimator.widens_bootstrap or not resampled
    found = _collect(results, number_of_inputs, confidence, resampled=resampled, widened=widened)
    ends = values.reshape(len(values), points, step)[:, :, [0, -1]].reshape(len(values), -1)
    events = few_events(ends, usual_values(ends))
    return _with_few_events(found, events, confidence) if widened else found


def _with_few_events(found: SobolIndices, events: FloatArray, confidence: float) -> SobolIndices:
    """Widen the intervals of columns whose indices rest on a few events."""

    def wide(widths: FloatArray | None, indices: FloatArray | None) -> FloatArray | None:
        if widths is None or indices is None:
            return None
        return as_wide_as_few_events(widths, indices, events, confidence)

    return replace(
        found,
        first_half_width=wide(found.first_half_width, found.first),
        total_half_width=wide(found.total_half_width, found.total),
        second_half_width=wide(found.second_half_width, found.second),
        total_lead_half_width=wide(found.total_lead_half_width, found.total),
        events=events,
    )


def _check_design(estimator: Estimator, second_order: bool, design_second_order: bool) -> None:
    """Refuse what the rows at hand cannot give."""
    if design_second_order:
        return
    if second_order:
        raise InputError("second-order indices need the 2D+2 design; draw it with second_order=True")
    if estimator.needs_second_order:
        raise InputError(
            f"estimator {estimator.name!r} needs the 2D+2 design; draw it with second_order=True, "
            "or use 'janon-monod' or 'saltelli-jansen'"
        )


def _number_of_points(rows: int, step: int, replicates: int) -> int:
    """Count the base points, refusing what is not a whole number of them in each replicate."""
    points, left = divmod(rows, step)
    if left or points == 0 or points % replicates:
        raise InputError(
            f"{rows} rows are not {replicates} replicate(s) of whole base points of {step} rows each; "
            "pass all rows of the design, in order"
        )
    return points


def _mean_products(
    rows: FloatArray,
    number_of_inputs: int,
    estimator: Estimator,
    second_order: bool,
    standard: tuple[float, float],
    weighting: FloatArray | None,
    replicates: int,
) -> FloatArray:
    """Means of the products: all rows in column 0, then each resample, or all rows but each replicate."""
    points, step = rows.shape
    layout = estimator.layout(number_of_inputs, second_order)
    statistics = max(part.stop for part in layout.values())
    if weighting is None:
        sums = np.zeros((statistics, 1 + replicates))
        length = points // replicates
        if not second_order and points * max(step, statistics) <= BLOCK_ELEMENTS:
            # All replicates in one go: the calls of a small column cost more than its numbers.
            runs = separate(rows, number_of_inputs, centre=standard[0], scale=standard[1])
            parts = products(runs, estimator).reshape(statistics, replicates, length)
            return _leaving_out(np.column_stack([np.zeros(statistics), parts.sum(axis=2) / length]))
        for replicate in range(replicates):
            for block in blocks(replicate * length, (replicate + 1) * length, step):
                runs = separate(rows[block], number_of_inputs, centre=standard[0], scale=standard[1])
                sums[:, 1 + replicate] += product_sums(runs, estimator, second_order=second_order) / length
        return _leaving_out(sums)
    sums = np.zeros((len(weighting), statistics))
    buffer = np.empty(0)
    for block in blocks(0, points, statistics):
        runs = separate(rows[block], number_of_inputs, centre=standard[0], scale=standard[1])
        if buffer.size != statistics * len(runs.a):
            buffer = np.empty((statistics, len(runs.a)))
        sums += weighting[:, block] @ products(runs, estimator, second_order=second_order, out=buffer).T
    return np.ascontiguousarray(sums.T)


def _leaving_out(means: FloatArray) -> FloatArray:
    """Turn means of single replicates, from column 1 on, into that of all and those of all but each."""
    replicates = means.shape[1] - 1
    means[:, 0] = means[:, 1:].mean(axis=1)
    if replicates > 1:
        means[:, 1:] = (replicates * means[:, :1] - means[:, 1:]) / (replicates - 1)
    return means


_Result = tuple[float, FloatArray, FloatArray, FloatArray | None]


def _undefined(number_of_inputs: int, second_order: bool, weights: FloatArray | None, replicates: int) -> _Result:
    """Give the result of a column that does not vary."""
    extra = len(weights) if weights is not None else replicates
    each = np.full((number_of_inputs, 1 + extra), np.nan)
    pairs = np.full((len(pair_rows(number_of_inputs)[0]), 1 + extra), np.nan)
    return 0.0, each, each, pairs if second_order else None


def _collect(
    results: list[_Result], number_of_inputs: int, confidence: float, *, resampled: bool, widened: bool
) -> SobolIndices:
    """Stack the columns and take half-widths over resamples or replicates."""
    variance = np.array([result[0] for result in results])
    first = np.stack([result[1] for result in results])
    total = np.stack([result[2] for result in results])
    pairs = None if results[0][3] is None else np.stack([each for *_, each in results if each is not None])
    second = None if pairs is None else _upper(pairs[..., 0], number_of_inputs)
    if first.shape[-1] <= 2:
        return SobolIndices(first[..., 0], total[..., 0], second, variance)

    # Of replicates each column leaves one out, so that it errs as the whole does (the jackknife): estimates from
    # single replicates are skewed where tails are heavy, and their spread about their own mean is too small.
    def width(estimates: FloatArray) -> FloatArray:
        return half_width(estimates[..., 1:], confidence, resampled=resampled, widened=widened)

    return SobolIndices(
        first[..., 0],
        total[..., 0],
        second,
        variance,
        width(first),
        width(total),
        None if pairs is None else _upper(width(pairs), number_of_inputs),
        lead_half_width(total, confidence, resampled=resampled, widened=widened),
    )


def _upper(pairs: FloatArray, number_of_inputs: int) -> FloatArray:
    """Put values of pairs, (columns, pairs), into (columns, inputs, inputs), NaN outside the upper triangle."""
    full = np.full((len(pairs), number_of_inputs, number_of_inputs), np.nan)
    one, other = pair_rows(number_of_inputs)
    full[:, one, other] = pairs
    return full
