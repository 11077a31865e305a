"""Estimators of Sobol' indices, each as per-row products and a ratio of their means.

Every pick-freeze estimator is a ratio of means of products of model runs, taken
base point by base point. An estimator here is therefore two small functions: one
writes the products of each base point, one turns their means into indices. Means
under any weights (all rows, one replicate, a bootstrap resample) go through the
same second function, and partial sums over shards of base points simply add.

Runs of one base point, in the notation of Saltelli et al. (2010): ``a`` and ``b``
are the two independent runs, ``AB_j`` is ``a`` with input j from ``b``, ``BA_j`` is
``b`` with input j from ``a``. The code works with the changes ``a_change[j] = AB_j - a``
and ``b_change[j] = BA_j - b``: they are exactly zero for an input without effect, so
that its indices are exactly zero too.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.pair_products import (
    Runs,
    Statistics,
    pair_rows,
    sum_azzini_rosati_pairs,
    sum_janon_monod_pairs,
    sum_jansen_pairs,
    sum_saltelli_pairs,
    write_azzini_rosati_pairs,
    write_janon_monod_pairs,
    write_jansen_pairs,
    write_saltelli_pairs,
)
from clustercast.errors import InputError, nearest

Ratios = tuple[FloatArray, FloatArray, FloatArray | None]


@dataclass(frozen=True)
class Estimator:
    """One estimator of first-order, total and second-order Sobol' indices."""

    name: str
    references: tuple[str, ...]  # DOIs
    needs_second_order: bool  # whether first order and total already need the 2D+2 design
    # Number of rows of each named statistic for a number of inputs.
    sizes: Callable[[int], dict[str, int]]
    second_order_sizes: Callable[[int], dict[str, int]]
    # Write the per-row products of some runs, or sum the pairs' products over points without writing them.
    write: Callable[[Runs, Statistics], None]
    second_order_write: Callable[[Runs, Statistics], None]
    second_order_sum: Callable[[Runs], Statistics]
    # Turn means of the statistics, each of shape (rows, weights), into indices.
    ratios: Callable[[Statistics], Ratios]
    # SALib's intervals are not widened for skewness, so that they stay SALib's own.
    widens_bootstrap: bool = True
    # Statistics that multiply a run by the change of a swap: how often the change is added as the centre moves up by 1.
    moved_by_centre: Mapping[str, int] = field(default_factory=dict)

    def layout(self, number_of_inputs: int, second_order: bool) -> dict[str, slice]:
        """Return which rows of the stacked products hold which statistic."""
        return _layout(self.sizes, self.second_order_sizes if second_order else None, number_of_inputs)


_Sizes = Callable[[int], dict[str, int]]


@functools.lru_cache(maxsize=256)
def _layout(sizes_of: _Sizes, more_of: _Sizes | None, number_of_inputs: int) -> dict[str, slice]:
    """Return which rows of the stacked products hold which statistic; every column asks for the same."""
    sizes = sizes_of(number_of_inputs) | ({} if more_of is None else more_of(number_of_inputs))
    ends = np.cumsum(list(sizes.values())).tolist()
    return {name: slice(end - sizes[name], end) for name, end in zip(sizes, ends, strict=True)}


def estimator_named(name: str) -> Estimator:
    """Return the estimator of that name."""
    if name not in ESTIMATORS:
        known = ", ".join(ESTIMATORS)
        raise InputError(f"estimator {name!r} is not one of {known}{nearest(name, ESTIMATORS)}")
    return ESTIMATORS[name]


def safe_ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide, giving NaN where the denominator is zero up to rounding of unit-variance columns."""
    defined = denominator > 64 * np.finfo(np.float64).eps
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    ratio: FloatArray = np.full(shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=np.broadcast_to(defined, shape))
    return ratio


def _number_of_pairs(number_of_inputs: int) -> int:
    return number_of_inputs * (number_of_inputs - 1) // 2


def _variance(means: Statistics) -> FloatArray:
    """Variance over the a and b runs together, from the means of their sum and of their squares."""
    variance: FloatArray = means["square"] / 2 - (means["sum"] / 2) ** 2
    return variance


def _write_variance(runs: Runs, out: Statistics) -> None:
    np.add(runs.a, runs.b, out=out["sum"][0])
    out["square"][0] = runs.a * runs.a
    out["square"][0] += runs.b * runs.b


def _from_closed(closed: FloatArray, first: FloatArray) -> FloatArray:
    """Second-order index of each pair: its closed index less both first-order ones."""
    one, other = pair_rows(first.shape[0])
    return closed - first[one] - first[other]


def _sizes_with_variance(number_of_inputs: int) -> dict[str, int]:
    return {"sum": 1, "square": 1, "first": number_of_inputs, "total": number_of_inputs}


def _saltelli_pair_sizes(number_of_inputs: int) -> dict[str, int]:
    return {"mixed": number_of_inputs, "pair": _number_of_pairs(number_of_inputs)}


def _write_saltelli_first(runs: Runs, out: Statistics) -> None:
    _write_variance(runs, out)
    np.multiply(runs.b, runs.a_change, out=out["first"])


def _write_saltelli_jansen(runs: Runs, out: Statistics) -> None:
    _write_saltelli_first(runs, out)
    np.multiply(runs.a_change, runs.a_change, out=out["total"])
    out["total"] *= 0.5


def _write_saltelli(runs: Runs, out: Statistics) -> None:
    _write_saltelli_first(runs, out)
    np.multiply(-runs.a, runs.a_change, out=out["total"])


def _saltelli_ratios(means: Statistics) -> Ratios:
    variance = _variance(means)
    second = None
    if "pair" in means:
        one, _ = pair_rows(len(means["first"]))
        second = safe_ratio(means["pair"] + means["mixed"][one], variance)
    return safe_ratio(means["first"], variance), safe_ratio(means["total"], variance), second


def _jansen_pair_sizes(number_of_inputs: int) -> dict[str, int]:
    return {"pair": _number_of_pairs(number_of_inputs)}


def _write_jansen(runs: Runs, out: Statistics) -> None:
    _write_variance(runs, out)
    np.subtract(runs.b - runs.a, runs.a_change, out=out["first"])
    np.multiply(runs.a_change, runs.a_change, out=out["total"])
    out["first"] *= out["first"]
    out["first"] *= 0.5
    out["total"] *= 0.5


def _jansen_ratios(means: Statistics) -> Ratios:
    variance = _variance(means)
    first = 1 - safe_ratio(means["first"], variance)
    second = _from_closed(1 - safe_ratio(means["pair"], variance), first) if "pair" in means else None
    return first, safe_ratio(means["total"], variance), second


def _janon_monod_sizes(number_of_inputs: int) -> dict[str, int]:
    names = ["swapped", "swapped_square", "first", "total"]
    return {"a": 1, "b": 1, "a_square": 1, "b_square": 1} | dict.fromkeys(names, number_of_inputs)


def _janon_monod_pair_sizes(number_of_inputs: int) -> dict[str, int]:
    each = dict.fromkeys(["other", "other_square"], number_of_inputs)
    return each | {"pair": _number_of_pairs(number_of_inputs)}


def _write_janon_monod(runs: Runs, out: Statistics) -> None:
    out["a"][0], out["b"][0] = runs.a, runs.b
    out["a_square"][0], out["b_square"][0] = runs.a * runs.a, runs.b * runs.b
    swapped = np.add(runs.a, runs.a_change, out=out["swapped"])
    np.multiply(swapped, swapped, out=out["swapped_square"])
    np.multiply(runs.b, swapped, out=out["first"])
    np.multiply(runs.a_change, runs.a_change, out=out["total"])


def _correlation(product: FloatArray, total: FloatArray, square: FloatArray) -> FloatArray:
    """Symmetric correlation of two runs from the means of product, sum and sum of squares."""
    middle = (total / 2) ** 2
    return safe_ratio(product - middle, square / 2 - middle)


def _janon_monod_ratios(means: Statistics) -> Ratios:
    swapped, swapped_square = means["swapped"], means["swapped_square"]
    first = _correlation(means["first"], means["b"] + swapped, means["b_square"] + swapped_square)
    spread = (means["a_square"] + swapped_square) / 2 - ((means["a"] + swapped) / 2) ** 2
    total = safe_ratio(means["total"] / 2, spread)
    if "pair" not in means:
        return first, total, None
    one, other = pair_rows(len(swapped))
    closed = _correlation(
        means["pair"], means["other"][one] + swapped[other], means["other_square"][one] + swapped_square[other]
    )
    return first, total, _from_closed(closed, first)


def _azzini_rosati_sizes(number_of_inputs: int) -> dict[str, int]:
    return {"spread": 1} | dict.fromkeys(["swapped_spread", "first", "total"], number_of_inputs)


def _write_azzini_rosati(runs: Runs, out: Statistics) -> None:
    change = runs.b_changes
    spread = runs.a - runs.b
    out["spread"][0] = spread * spread
    swapped = np.subtract(runs.a_change, change, out=out["swapped_spread"])
    swapped += spread
    swapped *= swapped
    np.multiply(runs.a_change, change, out=out["first"])
    np.multiply(runs.a_change, runs.a_change, out=out["total"])
    out["total"] += change * change


def _azzini_rosati_ratios(means: Statistics) -> Ratios:
    spread = means["spread"] + means["swapped_spread"]
    first, total = -2 * safe_ratio(means["first"], spread), safe_ratio(means["total"], spread)
    if "pair" not in means:
        return first, total, None
    one, other = pair_rows(len(first))
    pair_spread = means["swapped_spread"][one] + means["swapped_spread"][other]
    return first, total, _from_closed(-2 * safe_ratio(means["pair"], pair_spread), first)


_SALTELLI_2010, _SALTELLI_2002 = "10.1016/j.cpc.2009.09.018", "10.1016/S0010-4655(02)00280-1"
_JANSEN, _SOBOL_2007 = "10.1016/S0010-4655(98)00154-4", "10.1016/j.ress.2006.07.001"
_JANON, _AZZINI_ROSATI = "10.1051/ps/2013040", "10.1016/j.ress.2021.107647"
_AZZINI_MARA_ROSATI = "10.1016/j.envsoft.2021.105167"

ESTIMATORS: dict[str, Estimator] = {
    found.name: found
    for found in (
        Estimator(
            "saltelli-jansen",
            (_SALTELLI_2010, _JANSEN, _SALTELLI_2002),
            False,
            _sizes_with_variance,
            _saltelli_pair_sizes,
            _write_saltelli_jansen,
            write_saltelli_pairs,
            sum_saltelli_pairs,
            _saltelli_ratios,
            widens_bootstrap=False,
            moved_by_centre={"first": -1},
        ),
        Estimator(
            "saltelli",
            (_SALTELLI_2010, _SOBOL_2007, _SALTELLI_2002),
            False,
            _sizes_with_variance,
            _saltelli_pair_sizes,
            _write_saltelli,
            write_saltelli_pairs,
            sum_saltelli_pairs,
            _saltelli_ratios,
            moved_by_centre={"first": -1, "total": 1},
        ),
        Estimator(
            "jansen",
            (_JANSEN, _SALTELLI_2010),
            False,
            _sizes_with_variance,
            _jansen_pair_sizes,
            _write_jansen,
            write_jansen_pairs,
            sum_jansen_pairs,
            _jansen_ratios,
        ),
        Estimator(
            "janon-monod",
            (_JANON,),
            False,
            _janon_monod_sizes,
            _janon_monod_pair_sizes,
            _write_janon_monod,
            write_janon_monod_pairs,
            sum_janon_monod_pairs,
            _janon_monod_ratios,
        ),
        Estimator(
            "azzini-rosati",
            (_AZZINI_ROSATI, _AZZINI_MARA_ROSATI),
            True,
            _azzini_rosati_sizes,
            _jansen_pair_sizes,
            _write_azzini_rosati,
            write_azzini_rosati_pairs,
            sum_azzini_rosati_pairs,
            _azzini_rosati_ratios,
        ),
    )
}
