"""Per-row products of pick-freeze estimators, from one column of a Saltelli design.

Rows of the design are SALib's: for each base point ``a``, ``AB_1`` .. ``AB_D``, then, with
second order, ``BA_1`` .. ``BA_D``, then ``b``. Where whole groups of inputs are swapped
together, D is the number of groups, and the same functions give closed first-order and
total indices of the groups.

Per-row products are stacked as F (statistics, points); with weights W (weights, points),
``F @ W.T`` holds the means of the estimate and of all its resamples. Sums over blocks, shards
or machines add up as long as `centre` and `scale` are shared.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays.indices.pair_products import Runs
from clustercast.arrays.indices.sobol_estimators import Estimator
from clustercast.arrays.summaries.sums import sum_of_products

FloatArray = NDArray[np.float64]

_BLOCK_ELEMENTS = 1 << 19


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
    column = values.reshape(-1)
    centre = float(column.mean())
    deviations = column - centre
    scale = float(np.sqrt(sum_of_products(deviations, deviations) / column.size))
    rounding = 16 * np.finfo(np.float64).eps * float(max(column.max(), -column.min()))
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


def product_sums(runs: Runs, estimator: Estimator, *, second_order: bool = False) -> FloatArray:
    """Sum the per-row products over points, the pairs' by one matrix product.

    Parameters
    ----------
    runs : Runs
        Runs of some base points, from `separate`.
    estimator : Estimator
        The estimator whose products are wanted.
    second_order : bool, optional
        Whether to add the products that second-order indices need.

    Returns
    -------
    ndarray, shape (statistics,)
        ``products(...).sum(axis=1)`` up to rounding, without making the pairs' products.
    """
    first = products(runs, estimator).sum(axis=1)
    if not second_order:
        return np.asarray(first)
    layout = estimator.layout(len(runs.a_change), second_order)
    sums = np.empty(max(rows.stop for rows in layout.values()))
    sums[: len(first)] = first
    for name, part in estimator.second_order_sum(runs).items():
        sums[layout[name]] = part
    return sums


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
