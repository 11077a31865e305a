"""Sobol' indices of many columns of output at once, from one Saltelli design.

Rows of the design are SALib's: for each base point ``a``, ``AB_1`` .. ``AB_D``, then, with
second order, ``BA_1`` .. ``BA_D``, then ``b``. Where whole groups of inputs are swapped
together, D is the number of groups, and the same functions give closed first-order and
total indices of the groups.

Per-row products are stacked as F (statistics, points) and the weights as W (weights, points):
``F @ W.T`` holds the means of the estimate and of all its resamples. The work goes block by
block of base points, so that a block of F stays in cache and memory does not grow with the
panel; sums over blocks, shards or machines add up as long as `centre` and `scale` are shared.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays.resampling import bootstrap_half_width, student_t_half_width
from clustercast.arrays.sobol_estimators import Estimator, Runs, estimator_named, pair_rows
from clustercast.errors import InputError

FloatArray = NDArray[np.float64]

_BLOCK_ELEMENTS = 1 << 19


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
        Half-widths, shaped as the indices; None where no interval was asked for.
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


def runs_per_point(number_of_inputs: int, second_order: bool) -> int:
    """Count the rows that one base point of a Saltelli design has.

    Examples
    --------
    >>> runs_per_point(3, second_order=True)
    8
    """
    return 2 * number_of_inputs + 2 if second_order else number_of_inputs + 2


def centre_and_scale(values: FloatArray) -> tuple[float, float]:
    """Mean and standard deviation of a column, the latter 0 where only rounding varies.

    Parameters
    ----------
    values : ndarray
        One column of output over the whole design, in any shape.

    Returns
    -------
    centre, scale : float
        To be shared by every shard of the column.
    """
    centre, scale = float(values.mean()), float(values.std())
    rounding = 16 * np.finfo(np.float64).eps * float(np.abs(values).max())
    return centre, (scale if scale > rounding else 0.0)


def separate(rows: FloatArray, number_of_inputs: int, *, centre: float = 0.0, scale: float = 1.0) -> Runs:
    """Take one column's rows of a Saltelli design apart, centred and scaled.

    Parameters
    ----------
    rows : ndarray, shape (points, rows of a base point)
        One column of output, base point by base point: D + 2 or 2D + 2 rows each.
    number_of_inputs : int
        D, the number of inputs, or of groups of inputs swapped together.
    centre, scale : float, optional
        Subtracted from and divided into every value.

    Returns
    -------
    Runs
        Copies; `rows` is left as it is.
    """
    block = np.subtract(rows.T, centre, order="C")
    block /= scale
    a, b, swapped = block[0], block[-1], block[1:-1]
    a_change, b_change = swapped[:number_of_inputs], swapped[number_of_inputs:]
    a_change -= a
    if len(b_change) == 0:
        return Runs(a, b, a_change, None)
    b_change -= b
    return Runs(a, b, a_change, b_change)


def products(
    runs: Runs, estimator: Estimator, *, second_order: bool = False, out: FloatArray | None = None
) -> FloatArray:
    """Per-row products of an estimator, stacked.

    Parameters
    ----------
    runs : Runs
        Runs of some base points, from `separate`.
    estimator : Estimator
        The estimator whose products are wanted.
    second_order : bool, optional
        Whether to add the products that second-order indices need.
    out : ndarray, optional
        Array of the result's shape to write into.

    Returns
    -------
    ndarray, shape (statistics, points)
        F; its sums over points, or weighted sums ``F @ W.T``, add up over shards.
    """
    layout = estimator.layout(len(runs.a_change), second_order)
    if out is None:
        out = np.empty((max(rows.stop for rows in layout.values()), len(runs.a)))
    statistics = {name: out[rows] for name, rows in layout.items()}
    estimator.write(runs, statistics)
    if second_order:
        estimator.second_order_write(runs, statistics)
    return out


def indices_from_sums(
    sums: FloatArray, points: float, estimator: Estimator, number_of_inputs: int, *, second_order: bool = False
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Turn summed products into indices.

    Parameters
    ----------
    sums : ndarray, shape (statistics, weights)
        Sums, or weighted sums, of what `products` gives, over all shards.
    points : float
        Number of base points summed over, or the sum of their weights.
    estimator : Estimator
        The estimator that the products belong to.
    number_of_inputs : int
        D, the number of inputs or groups.
    second_order : bool, optional
        Whether `sums` holds the second-order products too.

    Returns
    -------
    first, total : ndarray, shape (inputs, weights)
        First-order and total indices.
    second : ndarray, shape (pairs, weights), or None
        Second-order indices of the pairs (0, 1), (0, 2) .. (1, 2) ..
    """
    layout = estimator.layout(number_of_inputs, second_order)
    return estimator.ratios({name: sums[rows] / points for name, rows in layout.items()})


def blocks(start: int, stop: int, statistics: int) -> Iterator[slice]:
    """Cut base points into blocks whose products stay in cache."""
    size = max(256, _BLOCK_ELEMENTS // statistics)
    for first in range(start, stop, size):
        yield slice(first, min(first + size, stop))


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
        Weights from `bootstrap_weights`, for bootstrap intervals.
    replicates : int, optional
        Number of independent scrambles that follow one another in the rows; from 2 on, intervals
        are Student-t over them. The indices themselves use all rows together.
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
    doi:10.1016/j.envsoft.2021.105167.

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
    results = []
    for column in values:
        rows = column.reshape(points, step)
        if design_second_order and not pairs and not chosen.needs_second_order:
            rows = np.delete(rows, np.s_[number_of_inputs + 1 : -1], axis=1)
        centre, scale = centre_and_scale(rows)
        if scale == 0.0 or np.ptp(rows[:, [0, -1]]) == 0.0:
            results.append(_undefined(number_of_inputs, pairs, weights, replicates))
            continue
        means = _mean_products(rows, number_of_inputs, chosen, pairs, (centre, scale), weights, replicates)
        ratios = indices_from_sums(means, 1.0, chosen, number_of_inputs, second_order=pairs)
        results.append((float(rows[:, [0, -1]].var()), *ratios))
    return _collect(results, number_of_inputs, weights is not None, confidence)


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
    weights: FloatArray | None,
    replicates: int,
) -> FloatArray:
    """Means of the products: all rows in column 0, then each resample or replicate."""
    points = len(rows)
    layout = estimator.layout(number_of_inputs, second_order)
    statistics = max(part.stop for part in layout.values())
    extra = len(weights) if weights is not None else replicates
    sums = np.zeros((statistics, 1 + extra))
    buffer = np.empty(0)
    for replicate in range(replicates):
        length = points // replicates
        for block in blocks(replicate * length, (replicate + 1) * length, statistics):
            runs = separate(rows[block], number_of_inputs, centre=standard[0], scale=standard[1])
            if buffer.size != statistics * len(runs.a):
                buffer = np.empty((statistics, len(runs.a)))
            stacked = products(runs, estimator, second_order=second_order, out=buffer)
            if weights is not None:
                sums[:, 1:] += stacked @ weights[:, block].T
                sums[:, 0] += stacked.sum(axis=1) / points
            else:
                sums[:, 1 + replicate] += stacked.sum(axis=1) / length
    if weights is None:
        sums[:, 0] = sums[:, 1:].mean(axis=1)
    return sums


_Result = tuple[float, FloatArray, FloatArray, FloatArray | None]


def _undefined(number_of_inputs: int, second_order: bool, weights: FloatArray | None, replicates: int) -> _Result:
    """Give the result of a column that does not vary."""
    extra = len(weights) if weights is not None else replicates
    each = np.full((number_of_inputs, 1 + extra), np.nan)
    pairs = np.full((len(pair_rows(number_of_inputs)[0]), 1 + extra), np.nan)
    return 0.0, each, each, pairs if second_order else None


def _collect(results: list[_Result], number_of_inputs: int, bootstrap: bool, confidence: float) -> SobolIndices:
    """Stack the columns and take half-widths over resamples or replicates."""
    variance = np.array([result[0] for result in results])
    first = np.stack([result[1] for result in results])
    total = np.stack([result[2] for result in results])
    second = None if results[0][3] is None else _upper(results, number_of_inputs)
    point = None if second is None else second[..., 0]
    if first.shape[-1] <= 2:
        return SobolIndices(first[..., 0], total[..., 0], point, variance)
    half_width = bootstrap_half_width if bootstrap else student_t_half_width
    differences = np.stack([half_width(each - each[:, None], confidence) for each in total[..., 1:]])
    return SobolIndices(
        first[..., 0],
        total[..., 0],
        point,
        variance,
        half_width(first[..., 1:], confidence),
        half_width(total[..., 1:], confidence),
        None if second is None else half_width(second[..., 1:], confidence),
        differences,
    )


def _upper(results: list[_Result], number_of_inputs: int) -> FloatArray:
    """Second-order indices as (columns, inputs, inputs, weights), NaN outside the upper triangle."""
    stacked = np.stack([result[3] for result in results if result[3] is not None])
    full = np.full((len(results), number_of_inputs, number_of_inputs, stacked.shape[-1]), np.nan)
    one, other = pair_rows(number_of_inputs)
    full[:, one, other] = stacked
    return full
