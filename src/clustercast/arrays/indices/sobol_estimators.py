"""Estimators of Sobol' indices, each as products of runs and a ratio of their means: docs/theory/sobol_estimators.md.

An estimator is two small functions: one names the factors of each product, one turns the means of the products into
indices. Sums over parts of the base points add up as long as `centre` and `scale` are shared.

Rows of the design are SALib's: for each base point ``a``, ``AB_1`` .. ``AB_D``, then, with second order, ``BA_1`` ..
``BA_D``, then ``b``; `a_change` is ``AB_j - a`` and `b_change` is ``BA_j - b``. Where groups of inputs are swapped, D
is the number of groups, and the same functions give closed first-order and total indices of the groups.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from clustercast.arrays import FloatArray, IntArray
from clustercast.arrays.indices.intervals import FewRuns, half_width, lead_half_width
from clustercast.arrays.points.designs import ProductError
from clustercast.arrays.summaries import sum_of_products, unit_for_squares
from clustercast.errors import InputError, nearest

Ratios = tuple[FloatArray, FloatArray, FloatArray | None]
Statistics = dict[str, FloatArray]
# Two factors, of shapes (1 or inputs, ..., points), or runs and a number. A statistic is the sum of a few products, the
# statistic "pair" one number for each pair of inputs j < k: row j of the left factor times row k of the right one.
Product = tuple[FloatArray, FloatArray | float]
Terms = dict[str, Sequence[Product]]
# Means of runs; all others are of products of two.
_OF_RUNS = ("sum", "a", "b", "swapped", "other")


class Runs(NamedTuple):
    """Model runs of some base points, one column of output, centred and scaled, shapes (1 or inputs, ..., points)."""

    a: FloatArray
    b: FloatArray
    a_change: FloatArray
    # Of no inputs where the design has no runs BA.
    b_change: FloatArray

    @classmethod
    def of(cls, rows: FloatArray, number_of_inputs: int, *, centre: float = 0.0, scale: float = 1.0) -> "Runs":
        """Take one column's rows of a Saltelli design, (..., points, runs), apart, centred and scaled."""
        block = np.array(rows.transpose(-1, *range(rows.ndim - 1)), order="C")
        a, b, swapped = block[:1], block[-1:], block[1:-1]
        a_change, b_change = swapped[:number_of_inputs], swapped[number_of_inputs:]
        a_change -= a
        b_change -= b
        for run in (a, b):
            run -= centre
        block *= 1 / scale
        return cls(a, b, a_change, b_change)

    @property
    def b_changes(self) -> FloatArray:
        """The runs that only a design with second order has."""
        if not len(self.b_change):
            raise InputError("this estimator needs the 2D+2 design; draw it with second_order=True")
        return self.b_change

    def of_inputs(self, kept: IntArray) -> "Runs":
        """Return the runs and the changes of some of the inputs."""
        b_change = self.b_change[kept] if len(self.b_change) else self.b_change
        return self._replace(a_change=self.a_change[kept], b_change=b_change)

    def centre_sums(self) -> FloatArray:
        """Return the sums over points of the mean of a point's runs, and of the change that each swap makes."""
        changes = np.concatenate([self.a_change.sum(axis=1), self.b_change.sum(axis=1)])
        of_a, of_b = len(self.a_change) + 1, len(self.b_change) + 1
        return np.concatenate([[(of_a * self.a.sum() + of_b * self.b.sum() + changes.sum()) / (of_a + of_b)], changes])


@dataclass(frozen=True, eq=False)
class Estimator:
    """One estimator of first-order, total and second-order Sobol' indices; known by identity, as caches need it."""

    name: str
    references: tuple[str, ...]  # DOIs
    # The products of runs, with those of pairs or without.
    terms: Callable[[Runs, bool], Terms]
    # Turn means of the statistics, each of shape (rows, ...), into indices.
    ratios: Callable[[Statistics], Ratios]
    product_error: ProductError
    needs_second_order: bool = False  # whether first order and total already need the 2D+2 design
    # SALib's intervals are not widened for skewness, so that they stay SALib's own.
    widens_bootstrap: bool = True
    # Statistics that multiply a run by the change of a swap: how often the change is added as the centre moves up by 1.
    moved_by_centre: Mapping[str, int] = field(default_factory=dict)

    @functools.lru_cache(maxsize=256)
    def layout(self, number_of_inputs: int, second_order: bool) -> dict[str, slice]:
        """Return which rows of the stacked statistics hold which; every column asks for the same."""
        each, one = np.empty((number_of_inputs, 0)), np.empty((1, 0))
        layout, start = {}, 0
        for name, terms in self.terms(Runs(one, one, each, each), second_order).items():
            rows = max(len(factor) for factor in terms[0] if not isinstance(factor, float))
            layout[name] = slice(start, start := start + (rows * (rows - 1) // 2 if name == "pair" else rows))
        return layout

    def products(self, runs: Runs, second_order: bool = False) -> FloatArray:
        """Return the products of each point, for weighting by resamples, shape (statistics, points)."""
        parts: list[Sequence[Product]] = []
        for name, terms in self.terms(runs, second_order).items():
            if name == "pair":
                # Input by input: the rows of all pairs at once would be copies of both factors, many times over.
                firsts = range(len(runs.a_change) - 1)
                parts += [[(left[j], np.asarray(right)[j + 1 :]) for left, right in terms] for j in firsts]
            else:
                parts.append(terms)
        return np.concatenate([sum(left * right for left, right in part) for part in parts])

    def sums(self, runs: Runs, second_order: bool = False) -> FloatArray:
        """Sum the products over points, those of pairs by one matrix product, shape (statistics, ...)."""
        # The products themselves are never written: with many inputs that takes most of the time.
        sums = []
        for name, terms in self.terms(runs, second_order).items():
            if name == "pair":
                left, right = terms[0]
                square = left.swapaxes(0, -2) @ np.asarray(right).swapaxes(0, -2).mT
                one, other = pair_rows(len(left))
                # A second product is the first with its factors exchanged.
                sums.append((square[..., one, other] + (square[..., other, one] if len(terms) > 1 else 0.0)).T)
            else:
                sums.append(sum(x.sum(axis=-1) if isinstance(y, float) else np.vecdot(x, y) for x, y in terms))
        return np.concatenate(sums)

    def indices(self, means: FloatArray, number_of_inputs: int, second_order: bool = False) -> Ratios:
        """Return first-order and total indices, shape (inputs, ...), and those of pairs, shape (pairs, ...)."""
        return self.ratios({name: means[rows] for name, rows in self.layout(number_of_inputs, second_order).items()})

    def with_intervals(
        self, means: FloatArray, inputs: int, confidence: float, few: FewRuns | None, pairs: bool, resampled: bool
    ) -> dict[str, FloatArray]:
        """Return indices by name, with half-widths, from means of products, shape (statistics, columns, samples)."""
        # Samples are the whole and resamples of it, or replicates, of which each is left out once: estimates from one
        # replicate are skewed where tails are heavy, and their spread is too small. ``S1`` and ``ST``, shape (columns,
        # inputs), and ``S2``, (columns, inputs, inputs) above the diagonal, are those of the whole, NaN where the means
        # are; from 2 resamples or replicates on there are half-widths ``*_conf``, and ``ST_lead_conf``, of leads of
        # totals. Without `few` no interval is widened, neither for skewness nor for few runs.
        if not resampled:
            whole, count = means.mean(axis=-1, keepdims=True), means.shape[-1]
            means = np.concatenate([whole, (count * whole - means) / max(count - 1, 1)], axis=-1)
        indices = self.indices(means, inputs, pairs)
        named = {name: part for name, part in zip(("S1", "ST", "S2"), indices, strict=True) if part is not None}
        # Inputs along the last axis but one, as half-widths are taken over the last.
        samples = {name: np.ascontiguousarray(np.moveaxis(part, 0, 1)) for name, part in named.items()}
        # Never -0.
        result, widths = {name: each[..., 0] + 0.0 for name, each in samples.items()}, {}
        how = {"resampled": resampled, "widened": few is not None}
        if means.shape[-1] > 2:
            widths = {name: half_width(each[..., 1:], confidence, **how) for name, each in samples.items()}
            widths["ST_lead"] = lead_half_width(samples["ST"], confidence, **how)
        for numbers in (each for each in (result, widths) if "S2" in each):
            full = np.full((means.shape[1], inputs, inputs), np.nan)
            full[:, *pair_rows(inputs)] = numbers["S2"]
            numbers["S2"] = full
        result |= {f"{name}_conf": width for name, width in widths.items()}
        # A variance of squares is that of the runs A and B, whatever the numerator multiplies.
        return result if few is None else few.widened(result, confidence, "square" in self.layout(inputs, pairs))

    def standardised(self, means: FloatArray, factor: FloatArray, inputs: int, second_order: bool) -> FloatArray:
        """Return means of products, shape (statistics, ..., replicates), of runs times a factor, about their mean."""
        # Pieces share a centre and a scale that are taken from a few runs. Indices do not depend on the scale, and with
        # most estimators not on the centre. Those of Saltelli (2010) and Sobol' (2007) multiply a run by a change, and
        # have the mean of all runs for their centre. Their products are linear in it, so that the means of the changes,
        # those of `Runs.centre_sums` behind the products, are enough to move it afterwards.
        layout = self.layout(inputs, second_order)
        size = max(rows.stop for rows in layout.values())
        result = means[:size].copy()
        if self.moved_by_centre:
            centre, changes = means[size].mean(axis=-1, keepdims=True), means[size + 1 :]
            a_change, b_change = changes[:inputs], changes[inputs:]
            result[layout["square"]] -= 2 * centre * (result[layout["sum"]] - centre)
            result[layout["sum"]] -= 2 * centre
            for name, times in self.moved_by_centre.items():
                result[layout[name]] += times * centre * a_change
            if second_order:
                result[layout["mixed"]] -= centre * (b_change - a_change)
        for name, rows in layout.items():
            result[rows] *= factor if name in _OF_RUNS else factor**2
        return result


@functools.cache
def pair_rows(number_of_inputs: int) -> tuple[IntArray, IntArray]:
    """Return the first and second input of each pair, in the order of the pair statistics."""
    first, second = np.triu_indices(number_of_inputs, 1)
    # Every column asks for the same.
    first.flags.writeable = second.flags.writeable = False
    return first, second


def estimator_named(name: str) -> Estimator:
    """Return the estimator of that name."""
    if name not in ESTIMATORS:
        raise InputError(f"estimator {name!r} is not one of {', '.join(ESTIMATORS)}{nearest(name, ESTIMATORS)}")
    return ESTIMATORS[name]


def safe_ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide, giving NaN where the denominator is zero up to rounding of unit-variance columns."""
    return np.asarray(numerator / np.where(denominator > 64 * np.finfo(np.float64).eps, denominator, np.nan))


def _with_variance(runs: Runs) -> Terms:
    """Return what gives the variance over the a and b runs together."""
    return {"sum": [(runs.a, 1.0), (runs.b, 1.0)], "square": [(runs.a, runs.a), (runs.b, runs.b)]}


def _variance(means: Statistics) -> FloatArray:
    """Variance over the a and b runs together, from the means of their sum and of their squares."""
    return np.asarray(means["square"] / 2 - (means["sum"] / 2) ** 2)


def _from_closed(closed: FloatArray, first: FloatArray) -> FloatArray:
    """Second-order index of each pair: its closed index less both first-order ones."""
    one, other = pair_rows(first.shape[0])
    return closed - first[one] - first[other]


def _saltelli(runs: Runs, second_order: bool, half_squares: bool = False) -> Terms:
    change = runs.a_change
    terms = _with_variance(runs) | {
        "first": [(runs.b, change)],
        "total": [(change if half_squares else runs.a, change)],
    }
    if second_order:
        # BA_j AB_k - a b, less the first-order products of j and k, is
        # b_change_j a_change_k + a b_change_j - b a_change_j: Saltelli (2002), doi:10.1016/S0010-4655(02)00280-1.
        terms |= {"mixed": [(runs.b_changes, runs.a), (change, -runs.b)], "pair": [(runs.b_changes, change)]}
    return terms


def _saltelli_ratios(means: Statistics, of_total: float = -1.0) -> Ratios:
    variance = _variance(means)
    second = None
    if "pair" in means:
        one, _ = pair_rows(len(means["first"]))
        second = safe_ratio(means["pair"] + means["mixed"][one], variance)
    return safe_ratio(means["first"], variance), safe_ratio(of_total * means["total"], variance), second


def _jansen(runs: Runs, second_order: bool) -> Terms:
    rest, change = runs.b - runs.a - runs.a_change, runs.a_change
    terms = _with_variance(runs) | {"first": [(rest, rest)], "total": [(change, change)]}
    if second_order:
        # Half the squared differences of the runs that share a pair of inputs.
        a, b = runs.a + change, runs.b + runs.b_changes
        terms |= {"swapped_square": [(a, a)], "other_square": [(b, b)], "pair": [(b, a)]}
    return terms


def _jansen_ratios(means: Statistics) -> Ratios:
    variance = _variance(means)
    first, second = 1 - safe_ratio(means["first"] / 2, variance), None
    if "pair" in means:
        one, other = pair_rows(len(first))
        apart = (means["other_square"][one] + means["swapped_square"][other]) / 2 - means["pair"]
        second = _from_closed(1 - safe_ratio(apart, variance), first)
    return first, safe_ratio(means["total"] / 2, variance), second


def _janon_monod(runs: Runs, second_order: bool) -> Terms:
    a, b, change = runs.a, runs.b, runs.a_change
    swapped = a + change
    terms: Terms = {"a": [(a, 1.0)], "b": [(b, 1.0)], "a_square": [(a, a)], "b_square": [(b, b)]}
    terms |= {"swapped": [(swapped, 1.0)], "swapped_square": [(swapped, swapped)]}
    terms |= {"first": [(b, swapped)], "total": [(change, change)]}
    if second_order:
        other = b + runs.b_changes
        terms |= {"other": [(other, 1.0)], "other_square": [(other, other)], "pair": [(other, swapped)]}
    return terms


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
    sums, squares = means["other"][one] + swapped[other], means["other_square"][one] + swapped_square[other]
    return first, total, _from_closed(_correlation(means["pair"], sums, squares), first)


def _azzini_rosati(runs: Runs, second_order: bool) -> Terms:
    change, other, spread = runs.a_change, runs.b_changes, runs.a - runs.b
    terms: Terms = {"spread": [(spread, spread)], "first": [(change, other)]}
    terms |= {"total": [(change, change), (other, other)], "cross": [(change, spread), (other, -spread)]}
    # The first-order products of a pair swapped as one group are those of both inputs, less these.
    return terms | {"pair": [(change, other), (other, change)]} if second_order else terms


def _azzini_rosati_ratios(means: Statistics) -> Ratios:
    # The squared difference of AB and BA is made of the products of changes, so that no run is written anew.
    swapped = means["spread"] + means["total"] - 2 * means["first"] + 2 * means["cross"]
    spread, first = means["spread"] + swapped, means["first"]
    indices, total = -2 * safe_ratio(first, spread), safe_ratio(means["total"], spread)
    if "pair" not in means:
        return indices, total, None
    one, other = pair_rows(len(first))
    closed = -2 * safe_ratio(first[one] + first[other] - means["pair"], swapped[one] + swapped[other])
    return indices, total, _from_closed(closed, indices)


_SALTELLI_2010, _SALTELLI_2002 = "10.1016/j.cpc.2009.09.018", "10.1016/S0010-4655(02)00280-1"
_JANSEN, _SOBOL_2007 = "10.1016/S0010-4655(98)00154-4", "10.1016/j.ress.2006.07.001"
_AZZINI = ("10.1016/j.ress.2021.107647", "10.1016/j.envsoft.2021.105167")
_SALTELLI_JANSEN, _SALTELLI = (_SALTELLI_2010, _JANSEN, _SALTELLI_2002), (_SALTELLI_2010, _SOBOL_2007, _SALTELLI_2002)
# With how each errs for a product of two inputs: derived in docs/theory/sobol_estimators.md.
_PLAIN = _saltelli, _saltelli_ratios, (6.36, ((1, 0, 1), (0, 0.25, 1), (1, 0, 0.25)), 0)
_HALVED = functools.partial(_saltelli, half_squares=True), functools.partial(_saltelli_ratios, of_total=0.5), _PLAIN[2]
_DIFFERENCES = _jansen, _jansen_ratios, (5.36, ((0, 0, 1), (0, 1, 0.25), (1, 0.25, 0)), 0)
_CORRELATIONS = _janon_monod, _janon_monod_ratios, (3.6, ((0, 0, 1), (0, 0, 0), (1, 0, 0)), 0)
_BOTH = _azzini_rosati, _azzini_rosati_ratios, (6.8, ((4, 0.25, 0.25), (0.25, 0, 0), (0.25, 0, 0)), 24)
ESTIMATORS: dict[str, Estimator] = {
    each.name: each
    for each in (
        Estimator("saltelli-jansen", _SALTELLI_JANSEN, *_HALVED, widens_bootstrap=False, moved_by_centre={"first": -1}),
        Estimator("saltelli", _SALTELLI, *_PLAIN, moved_by_centre={"first": -1, "total": -1}),
        Estimator("jansen", (_JANSEN, _SALTELLI_2010), *_DIFFERENCES),
        Estimator("janon-monod", ("10.1051/ps/2013040",), *_CORRELATIONS),
        Estimator("azzini-rosati", _AZZINI, *_BOTH, needs_second_order=True),
    )
}


def runs_per_point(number_of_inputs: int, second_order: bool) -> int:
    """Count the rows that one base point of a Saltelli design has."""
    return 2 * number_of_inputs + 2 if second_order else number_of_inputs + 2


def centre_and_scale(values: FloatArray) -> tuple[float, float]:
    """Mean and standard deviation of a column, the latter 0 where only rounding varies."""
    column = values.reshape(-1)
    peak = np.maximum(column.max(), -column.min())
    unit = unit_for_squares(peak)
    if unit != 1:
        centre, scale = centre_and_scale(column / unit)
        return centre * unit, scale * unit
    centre = float(column.mean())
    deviations = column - centre
    scale = float(np.sqrt(sum_of_products(deviations, deviations) / column.size))
    rounding = 16 * np.finfo(np.float64).eps * float(peak)
    return centre, (scale if scale > rounding else 0.0)
