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

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.pair_products import Runs
from clustercast.arrays.indices.sobol_estimators import Estimator
from clustercast.arrays.summaries.sums import sum_of_products, unit_for_squares

BLOCK_ELEMENTS = 1 << 19


def runs_per_point(number_of_inputs: int, second_order: bool) -> int:
    """Count the rows that one base point of a Saltelli design has."""
    return 2 * number_of_inputs + 2 if second_order else number_of_inputs + 2


def centre_and_scale(values: FloatArray) -> tuple[float, float]:
    """Mean and standard deviation of a column, the latter 0 where only rounding varies."""
    column = values.reshape(-1)
    unit = unit_for_squares(column)
    if unit != 1:
        centre, scale = centre_and_scale(column / unit)
        return centre * unit, scale * unit
    centre = float(column.mean())
    deviations = column - centre
    scale = float(np.sqrt(sum_of_products(deviations, deviations) / column.size))
    rounding = 16 * np.finfo(np.float64).eps * float(max(column.max(), -column.min()))
    return centre, (scale if scale > rounding else 0.0)


def separate(rows: FloatArray, number_of_inputs: int, *, centre: float = 0.0, scale: float = 1.0) -> Runs:
    """Take one column's rows of a Saltelli design apart, centred and scaled."""
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
    """Per-row products of an estimator, stacked, shape (statistics, points)."""
    layout = estimator.layout(len(runs.a_change), second_order)
    if out is None:
        out = np.empty((max(rows.stop for rows in layout.values()), len(runs.a)))
    statistics = {name: out[rows] for name, rows in layout.items()}
    estimator.write(runs, statistics)
    if second_order:
        estimator.second_order_write(runs, statistics)
    return out


def product_sums(runs: Runs, estimator: Estimator, *, second_order: bool = False) -> FloatArray:
    """Sum the per-row products over points, the pairs' by one matrix product, shape (statistics,)."""
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
    """Return first-order and total indices, shape (inputs, weights), and pairs, shape (pairs, weights), from sums."""
    layout = estimator.layout(number_of_inputs, second_order)
    return estimator.ratios({name: sums[rows] / points for name, rows in layout.items()})


def blocks(start: int, stop: int, statistics: int) -> Iterator[slice]:
    """Cut base points into blocks whose products stay in cache."""
    size = max(256, BLOCK_ELEMENTS // statistics)
    for first in range(start, stop, size):
        yield slice(first, min(first + size, stop))
