"""Sums of products of model runs, from one column of a Saltelli design.

Rows of the design are SALib's: for each base point ``a``, ``AB_1`` .. ``AB_D``, then, with second order, ``BA_1`` ..
``BA_D``, then ``b``. Where whole groups of inputs are swapped together, D is the number of groups, and the same
functions give closed first-order and total indices of the groups.

Sums over blocks, shards or machines add up as long as `centre` and `scale` are shared.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.sobol_estimators import Estimator, Product, Ratios, Runs, pair_rows
from clustercast.arrays.summaries.order_statistics import sum_of_products, unit_for_squares

BLOCK_ELEMENTS = 1 << 19


def runs_per_point(number_of_inputs: int, second_order: bool) -> int:
    """Count the rows that one base point of a Saltelli design has."""
    return 2 * number_of_inputs + 2 if second_order else number_of_inputs + 2


def centre_and_scale(values: FloatArray) -> tuple[float, float]:
    """Mean and standard deviation of a column, the latter 0 where only rounding varies."""
    column = values.reshape(-1)
    ends = np.array([column.min(), column.max()])
    unit = unit_for_squares(ends)
    if unit != 1:
        centre, scale = centre_and_scale(column / unit)
        return centre * unit, scale * unit
    centre = float(column.mean())
    deviations = column - centre
    scale = float(np.sqrt(sum_of_products(deviations, deviations) / column.size))
    rounding = 16 * np.finfo(np.float64).eps * float(np.abs(ends).max())
    return centre, (scale if scale > rounding else 0.0)


def separate(rows: FloatArray, number_of_inputs: int, *, centre: float = 0.0, scale: float = 1.0) -> Runs:
    """Take one column's rows of a Saltelli design, (..., points, runs), apart, centred and scaled."""
    block = np.subtract(np.moveaxis(rows, -1, 0), centre, order="C")
    block /= scale
    a, b, swapped = block[:1], block[-1:], block[1:-1]
    a_change, b_change = swapped[:number_of_inputs], swapped[number_of_inputs:]
    a_change -= a
    if len(b_change) == 0:
        return Runs(a, b, a_change, None)
    b_change -= b
    return Runs(a, b, a_change, b_change)


def products(
    runs: Runs, estimator: Estimator, *, second_order: bool = False, out: FloatArray | None = None
) -> FloatArray:
    """Return the products of each point, for weighting by resamples, shape (statistics, points)."""
    inputs = len(runs.a_change)
    layout = estimator.layout(inputs, second_order)
    out = np.empty((max(rows.stop for rows in layout.values()), runs.a.shape[-1])) if out is None else out
    for name, terms in estimator.terms(runs, second_order).items():
        if name != "pair":
            _write(out[layout[name]], terms)
            continue
        # Input by input: the rows of all pairs at once would be copies of both factors, many times over.
        start = layout[name].start
        for j in range(inputs - 1):
            pairs = out[start : (start := start + inputs - 1 - j)]
            _write(pairs, [(left[j], np.asarray(right)[j + 1 :]) for left, right in terms])
    return out


def _write(target: FloatArray, terms: Sequence[Product]) -> None:
    """Write a sum of products."""
    np.multiply(*terms[0], out=target)
    for left, right in terms[1:]:
        target += left * right


def product_sums(runs: Runs, estimator: Estimator, *, second_order: bool = False) -> FloatArray:
    """Sum the products over points, those of pairs by one matrix product, shape (statistics, ...)."""
    # The products themselves are never written: with many inputs that takes most of the time.
    sums = []
    for name, terms in estimator.terms(runs, second_order).items():
        if name == "pair":
            left, right = terms[0]
            square = np.moveaxis(left, 0, -2) @ np.moveaxis(np.asarray(right), 0, -1)
            one, other = pair_rows(len(left))
            # A second product is the first with its factors exchanged.
            pairs = square[..., one, other] + (square[..., other, one] if len(terms) > 1 else 0.0)
            sums.append(np.moveaxis(pairs, -1, 0))
        else:
            sums.append(sum(x.sum(axis=-1) if isinstance(y, float) else np.vecdot(x, y) for x, y in terms))
    return np.concatenate(sums)


def indices_from_means(
    means: FloatArray, estimator: Estimator, number_of_inputs: int, *, second_order: bool = False
) -> Ratios:
    """Return first-order and total indices, shape (inputs, ...), and those of pairs, shape (pairs, ...)."""
    layout = estimator.layout(number_of_inputs, second_order)
    return estimator.ratios({name: means[rows] for name, rows in layout.items()})


def blocks(start: int, stop: int, statistics: int) -> Iterator[slice]:
    """Cut base points into blocks whose products stay in cache."""
    size = max(256, BLOCK_ELEMENTS // statistics)
    for first in range(start, stop, size):
        yield slice(first, min(first + size, stop))
