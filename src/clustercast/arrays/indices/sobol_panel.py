"""Sobol' indices of many columns of output at once, with their intervals.

The work goes column by column and block by block of base points, so that a block of the
per-row products stays in cache and memory does not grow with the panel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays.indices.idle_inputs import chosen_runs, standing_for_idle
from clustercast.arrays.indices.intervals import half_width, half_width_of_differences
from clustercast.arrays.indices.pair_products import pair_rows
from clustercast.arrays.indices.pick_freeze import (
    blocks,
    centre_and_scale,
    indices_from_sums,
    product_sums,
    products,
    runs_per_point,
    separate,
)
from clustercast.arrays.indices.sobol_estimators import Estimator, estimator_named
from clustercast.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SobolIndices:
    """Sobol' indices with the half-widths of their intervals.

    Attributes
    ----------
    first, total : ndarray, shape (columns, inputs)
        First-order and total indices; NaN in a column without variance.
    second : ndarray, shape (columns, inputs, inputs), or None
        Second-order indices above the diagonal, NaN on and below it.
    variance : ndarray, shape (columns,)
        Variance of the column over the two independent runs, in its own unit squared;
        exactly 0 where the column is constant up to rounding.
    first_half_width, total_half_width, second_half_width : ndarray or None
        Half-widths, shaped as the indices; None where no interval was asked for. Wider where the
        estimate is skewed, but for the bootstrap of ``"saltelli-jansen"``.
    total_difference_half_width : ndarray, shape (columns, inputs, inputs), or None
        Half-widths of the differences of two inputs' total indices, which share their
        resamples and so are known better than either.
    """

    first: FloatArray
    total: FloatArray
    second: FloatArray | None
    variance: FloatArray
    first_half_width: FloatArray | None = None
    total_half_width: FloatArray | None = None
    second_half_width: FloatArray | None = None
    total_difference_half_width: FloatArray | None = None


def sobol_panel(
    values: FloatArray,
    number_of_inputs: int,
    *,
    estimator: str = "saltelli-jansen",
    design_second_order: bool = False,
    second_order: bool | None = None,
    weights: FloatArray | None = None,
    replicates: int = 1,
    confidence: float = 0.95,
) -> SobolIndices:
    """Sobol' indices of every column of a panel.

    Parameters
    ----------
    values : ndarray, shape (columns, rows)
        Finite model output over the rows of one Saltelli design.
    number_of_inputs : int
        D, the number of inputs, or of groups of inputs swapped together.
    estimator : str, optional
        ``"saltelli-jansen"`` (first order Saltelli 2010, total Jansen, second order Saltelli 2002,
        as in SALib), ``"saltelli"`` (total by Sobol' 2007), ``"jansen"``, ``"janon-monod"`` or
        ``"azzini-rosati"``, which needs the 2D+2 design. The last three take the second-order index
        as the closed index of the pair, by their own first-order formula with the pair swapped as
        one group, less both first-order indices.
    design_second_order : bool, optional
        Whether a base point has 2D + 2 rows instead of D + 2.
    second_order : bool, optional
        Whether to estimate second-order indices; by default where the design allows it.
    weights : ndarray, shape (resamples, points), optional
        Weights from `bootstrap_weights`, for bootstrap intervals. Those of ``"saltelli-jansen"`` are
        SALib's own; the others are widened where the resamples are skewed.
    replicates : int, optional
        Number of independent scrambles that follow one another in the rows; from 2 on, intervals
        are Student-t over them, by the jackknife, widened where the replicates are skewed. The
        indices themselves use all rows together.
    confidence : float, optional
        Coverage of the intervals.

    Returns
    -------
    SobolIndices
        Indices and half-widths.

    Raises
    ------
    InputError
        The number of rows does not fit the design, or the estimator needs another design.

    References
    ----------
    Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018; Saltelli (2002),
    doi:10.1016/S0010-4655(02)00280-1; Jansen (1999), doi:10.1016/S0010-4655(98)00154-4;
    Sobol' et al. (2007), doi:10.1016/j.ress.2006.07.001; Janon et al. (2014), doi:10.1051/ps/2013040;
    Azzini and Rosati (2021), doi:10.1016/j.ress.2021.107647; Azzini, Mara and Rosati (2021),
    doi:10.1016/j.envsoft.2021.105167; Miller (1974), "The jackknife - a review",
    doi:10.1093/biomet/61.1.1; Hall (1992), "The Bootstrap and Edgeworth Expansion",
    doi:10.1007/978-1-4612-4384-7, section 2.6, for the widening.

    Examples
    --------
    >>> from scipy.stats import qmc
    >>> base = qmc.Sobol(4, rng=1).random(1024)
    >>> a, b = base[:, :2], base[:, 2:]
    >>> rows = np.stack([a, np.c_[b[:, 0], a[:, 1]], np.c_[a[:, 0], b[:, 1]], b], axis=1)
    >>> values = (3 * rows[..., 0] + 4 * rows[..., 1]).reshape(1, -1)
    >>> sobol_panel(values, 2).total.round(2).tolist()
    [[0.36, 0.64]]
    """
    chosen = estimator_named(estimator)
    pairs = design_second_order if second_order is None else second_order
    _check_design(chosen, pairs, design_second_order)
    step = runs_per_point(number_of_inputs, design_second_order)
    points = _number_of_points(values.shape[1], step, replicates)
    weighting = None if weights is None else np.vstack([np.full(points, 1 / points), weights])
    b_swaps = pairs or chosen.needs_second_order
    results = []
    for column in values:
        rows = column.reshape(points, step)
        if design_second_order and not b_swaps:
            rows = chosen_runs(rows, number_of_inputs, np.arange(number_of_inputs), b_swaps)
        standard = centre_and_scale(rows)
        if standard[1] == 0.0 or np.ptp(rows[:, [0, -1]]) == 0.0:
            results.append(_undefined(number_of_inputs, pairs, weights, replicates))
            continue
        variance = float(rows[:, [0, -1]].var())
        standing = standing_for_idle(rows, number_of_inputs)
        if standing is not None:
            rows = chosen_runs(rows, number_of_inputs, standing.kept, b_swaps)
        analysed = number_of_inputs if standing is None else len(standing.kept)
        means = _mean_products(rows, analysed, chosen, pairs, standard, weighting, replicates)
        ratios = indices_from_sums(means, 1.0, chosen, analysed, second_order=pairs)
        results.append((variance, *(ratios if standing is None else standing.of_all(*ratios))))
    resampled = weights is not None
    interval = {"resampled": resampled, "widened": chosen.widens_bootstrap or not resampled}
    return _collect(results, number_of_inputs, confidence, **interval)


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
        for replicate in range(replicates):
            for block in blocks(replicate * length, (replicate + 1) * length, step):
                runs = separate(rows[block], number_of_inputs, centre=standard[0], scale=standard[1])
                sums[:, 1 + replicate] += product_sums(runs, estimator, second_order=second_order) / length
        sums[:, 0] = sums[:, 1:].mean(axis=1)
        if replicates > 1:
            sums[:, 1:] = (replicates * sums[:, :1] - sums[:, 1:]) / (replicates - 1)
        return sums
    sums = np.zeros((len(weighting), statistics))
    buffer = np.empty(0)
    for block in blocks(0, points, statistics):
        runs = separate(rows[block], number_of_inputs, centre=standard[0], scale=standard[1])
        if buffer.size != statistics * len(runs.a):
            buffer = np.empty((statistics, len(runs.a)))
        sums += weighting[:, block] @ products(runs, estimator, second_order=second_order, out=buffer).T
    return np.ascontiguousarray(sums.T)


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

    differences = [
        half_width_of_differences(each, confidence, resampled=resampled, widened=widened) for each in total[..., 1:]
    ]
    return SobolIndices(
        first[..., 0],
        total[..., 0],
        second,
        variance,
        width(first),
        width(total),
        None if pairs is None else _upper(width(pairs), number_of_inputs),
        np.stack(differences),
    )


def _upper(pairs: FloatArray, number_of_inputs: int) -> FloatArray:
    """Put values of pairs, (columns, pairs), into (columns, inputs, inputs), NaN outside the upper triangle."""
    full = np.full((len(pairs), number_of_inputs, number_of_inputs), np.nan)
    one, other = pair_rows(number_of_inputs)
    full[:, one, other] = pairs
    return full
