"""How changed laws of inputs move a mean: bounds over classes of priors, the least shift, derivatives by points."""

import bisect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import softmax

from clustercast.arrays import BoolArray, FloatArray, IntArray, Pair
from clustercast.arrays.decisions.partition import Partition
from clustercast.arrays.summaries import effective_size
from clustercast.errors import InputError

Bounds = tuple[float, float]
_ROUNDING = 1e-12
_STEPS, _FURTHEST, _SURE = 30, 8.0, 3.0
_SETTLED = 1e-5
# Of the probability on each side of the median from which the density there comes.
_BESIDE = 0.04


@dataclass(frozen=True)
class Cells:
    """What a class of priors may reweigh: each draw, or bins of one input; the law inside a cell is kept."""

    # Shares of the draws after conditioning, which sum to 1; the cell of each draw, None where each is its own.
    shares: FloatArray
    member: IntArray | None = None

    @cached_property
    def mass(self) -> FloatArray:
        """Return the share of each cell."""
        return self.shares if self.member is None else np.bincount(self.member, self.shares).astype(np.float64)

    @cached_property
    @np.errstate(invalid="ignore")
    def likelihood(self) -> FloatArray:
        """Return the mass after conditioning over the mass before: the mean likelihood up to a constant."""
        return np.nan_to_num(self.mass / ((1 if self.member is None else np.bincount(self.member)) / len(self.shares)))

    def means(self, values: FloatArray) -> FloatArray:
        """Return the mean of values (N,) in each cell, without the spread over bins that chance gives."""
        if self.member is None:
            return values
        count = len(self.mass)
        with np.errstate(invalid="ignore"):
            mean = np.bincount(self.member, self.shares * values) / self.mass
            square = np.bincount(self.member, self.shares * values**2) / self.mass
            draws = self.mass**2 / np.bincount(self.member, self.shares**2)
            noise = np.clip(square - mean**2, 0, None) / np.maximum(draws - 1, 1)
        filled = self.mass > 0
        whole = float(self.shares @ values)
        mean, noise = np.where(filled, mean, whole), np.where(filled, noise, 0.0)
        spread, chance = float(self.mass @ (mean - whole) ** 2), float(self.mass @ noise)
        # Of an input that does not matter the means differ by chance alone, which must not widen the bounds.
        if spread <= chance * (1 + 3 * np.sqrt(2 / count)):
            return np.full(count, whole)
        return np.asarray(whole + np.sqrt(1 - chance / spread) * (mean - whole))


def ratio_bounds(cells: Cells, values: FloatArray, ratio: float) -> Bounds:
    """Return the least and the greatest mean over all densities within a ratio of each other, relative to the base."""
    # The class {h: a <= h / p <= k a} of L. DeRobertis and J. A. Hartigan, Ann. Stat. 9, 235 (1981). It keeps
    # its form when likelihoods multiply it. A ratio of linear functions has its extremes at corners: k above a
    # threshold of the value, 1 below. S. L. Rinderknecht et al. (2014), doi:10.1016/j.envsoft.2014.08.020.
    order = np.argsort(values, kind="stable")
    ordered, mass = values[order], cells.mass[order]
    below, moment = np.cumsum(mass), np.cumsum(mass * ordered)
    total = moment[-1]
    upper = (ratio * total - (ratio - 1) * moment) / (ratio - (ratio - 1) * below)
    lower = (total + (ratio - 1) * moment) / (1 + (ratio - 1) * below)
    return float(lower.min()), float(upper.max())


def contamination_bounds(cells: Cells, values: FloatArray, share: float) -> Bounds:
    """Return the least and the greatest mean over ``(1 - share) p + share q`` for any q on the cells."""
    # After conditioning q counts by its likelihood; of a ratio of linear functions the extremes are single cells.
    # J. O. Berger and L. M. Berliner (1986), doi:10.1214/aos/1176349933.
    mean, weight = float(cells.mass @ values), share * cells.likelihood
    result = ((1 - share) * mean + weight * values) / (1 - share + weight)
    return min(float(result.min()), mean), max(float(result.max()), mean)


def box_bounds(cells: Cells, values: FloatArray, least: FloatArray, most: FloatArray) -> Bounds:
    """Return the least and the greatest mean over all laws of cells between two distribution functions."""
    # These are given, before conditioning, at each cell in order but the last. A ratio of linear functions over a
    # polytope, as a linear program in v = t q with the denominator as unit:
    # A. Charnes and W. W. Cooper (1962), doi:10.1002/nav.3800090303.
    from scipy.optimize import linprog  # late: it takes longer than most bounds, which need none of it

    count = len(values)
    sums = np.tril(np.ones((count - 1, count)))
    between = np.vstack([np.column_stack([sums, -most]), np.column_stack([-sums, least])])
    equal = np.vstack([np.append(np.ones(count), -1.0), np.append(cells.likelihood, 0.0)])
    result = []
    for sign in (1, -1):
        cost = np.append(sign * cells.likelihood * values, 0.0)
        answer = linprog(cost, A_ub=between, b_ub=np.zeros(2 * count - 2), A_eq=equal, b_eq=[0.0, 1.0])
        if answer.x is None:
            raise InputError("no law between the two distribution functions gives the observations a likelihood")
        result.append(sign * float(answer.fun))
    return result[0], result[1]


def quantile_bounds(bounds: Callable[[FloatArray], Bounds], values: FloatArray, level: float) -> Bounds:
    """Return the least and the greatest quantile, of the values (N,), over a class given by its bounds of means."""
    ordered = np.unique(values)

    def passed(value: float, side: int) -> float:
        return bounds((values <= value).astype(np.float64))[side]

    # The least value whose probability of not being passed is as high as the level for some, or every, member.
    low, high = (bisect.bisect_left(ordered[:-1], level - _ROUNDING, key=lambda x: passed(x, side)) for side in (1, 0))
    return float(ordered[low]), float(ordered[high])


def breakdown(bounds: Callable[[float], Bounds], verdict: float, mean: float, start: float, most: float) -> float:
    """Return the size of a class, `start` to `most`, at which a mean may pass a verdict; infinite where none is."""
    from scipy.optimize import brentq

    def gap(size: float) -> float:
        return bounds(size)[0 if mean > verdict else 1] - verdict

    return np.inf if gap(start) * gap(most) > 0 else float(brentq(gap, start, most, xtol=1e-13, maxiter=300))


def event_weights(holds: BoolArray, probability: float, shares: FloatArray) -> FloatArray:
    """Return the weights, summing to 1, of the least change of a joint law that gives an event a probability."""
    before = float(shares[holds].sum())
    return shares * np.where(holds, probability / before, (1 - probability) / (1 - before))


def event_divergence(before: float, probability: float) -> float:
    """Return the Kullback-Leibler divergence of that change, in nats."""
    return float(sum(p * np.log(p / q) for p, q in ((probability, before), (1 - probability, 1 - before))))


def informative(scores: FloatArray, holds: BoolArray) -> BoolArray:
    """Return which scores (N, d) go with an event by more than chance."""
    product = (holds - holds.mean())[:, np.newaxis] * scores
    return np.asarray(np.abs(product.mean(axis=0)) > _SURE * (product.std(axis=0) / np.sqrt(len(scores))))


def least_shift(scores: FloatArray, holds: BoolArray, probability: float, correlation: FloatArray, size: float) -> Pair:
    """Return the shift (d,) of least divergence, and weights under it, with less of the event where draws are few."""
    # Scores are normal with mean 0 and correlation R; with mean m = R u their weights are exp(u z) and the divergence
    # is u R u / 2. At the least one m is along the covariance of the event and the scores under these weights.
    sign = 1 if probability > holds.mean() else -1
    shifts, weights = np.zeros(scores.shape[1]), np.full(len(holds), 1 / len(holds))
    for _ in range(_STEPS):
        direction = np.asarray((weights * (holds - weights[holds].sum())) @ scores)
        along = np.linalg.solve(correlation, direction)
        length = float(np.sqrt(direction @ along))
        if not length > 0:
            break
        projected = scores @ (along / length)
        far = _size_along(projected, holds, probability, sign, size)
        previous, shifts, weights = shifts, far * (direction / length), softmax(far * projected)
        if np.abs(shifts - previous).max() < _SETTLED:
            break
    return shifts, weights


def _size_along(projected: FloatArray, holds: BoolArray, probability: float, sign: int, least: float) -> float:
    """Return how far to shift along a line; the furthest that the draws carry where that is not far enough."""
    from scipy.optimize import brentq  # late: it takes longer than the figures that import this module

    def size_left(size: float) -> float:
        return effective_size(softmax(sign * size * projected)) - least

    def missing(size: float) -> float:
        return float(softmax(sign * size * projected)[holds].sum()) - probability

    most = _FURTHEST
    if size_left(most) < 0:
        most = float(brentq(size_left, 0.0, most, xtol=1e-6)) if size_left(0.0) > 0 else 0.0
    if sign * missing(most) < 0:
        return sign * most
    return sign * float(brentq(missing, 0.0, most, xtol=1e-12, rtol=1e-12))


def point_scores(between: IntArray, densities: FloatArray, levels: FloatArray) -> FloatArray:
    """Return the derivative of the log density with respect to each point (N, points), in the interval of each draw."""
    # With the probabilities of the points fixed, moving one to q + e takes e f(q) of the interval above it and gives it
    # to the one below: the density above rises by e f(q) / mass, that below falls.
    mass = np.diff(np.concatenate([[0.0], levels, [1.0]]))
    score = np.zeros((len(mass), len(levels)))
    for point, density in enumerate(densities):
        score[point, point], score[point + 1, point] = -density / mass[point], density / mass[point + 1]
    return np.asarray(score[between])


def score_covariance(scores: FloatArray, values: FloatArray, shares: FloatArray) -> Pair:
    """Return the covariance of values (N, T) with scores (N, P) under weights, and its error, shape (T, P)."""
    centred, gaps = scores - shares @ scores, values - shares @ values
    result = (gaps * shares[:, np.newaxis]).T @ centred
    square = (gaps**2 * shares[:, np.newaxis]).T @ centred**2
    return result, np.sqrt(np.clip(square - result**2, 0, None) / effective_size(shares))


def density_at_median(values: FloatArray, shares: FloatArray) -> tuple[float, float]:
    """Return the median of weighted values and their density there."""
    order = np.argsort(values, kind="stable")
    low, median, high = values[order[np.searchsorted(np.cumsum(shares[order]), [0.5 - _BESIDE, 0.5, 0.5 + _BESIDE])]]
    return float(median), float(2 * _BESIDE / (high - low)) if high > low else np.inf


def index_responses(values: FloatArray, bins: Partition, shares: FloatArray) -> Pair:
    """Return the first-order index of each column, and what has its derivative as that of its mean (N, columns)."""
    # With m(x) the mean of y at x the influence function of var m is 2 (m - mu) (y - mu) - (m - mu)^2.
    away = values - shares @ values
    variance = float(shares @ away**2)
    result = np.empty((len(values), len(bins.member)))
    for place, member in enumerate(bins.member):
        mass = np.bincount(member, shares)
        result[:, place] = (np.bincount(member, shares * away) / np.where(mass > 0, mass, 1))[member]
    index = shares @ result**2 / variance
    return index, (result * (2 * away[:, np.newaxis] - result) - index * away[:, np.newaxis] ** 2) / variance


def total_sensitivity(values: FloatArray, scores: FloatArray, swapped: list[int], rows: int) -> Pair:
    """Return the total index of inputs of a Saltelli design, and its derivatives and their errors by the scores."""
    # Of a base point the runs are f(a), f(a with x_i of b) and f(b). Half the squared difference of the first two has
    # the mean V T_i (Jansen 1999, doi:10.1016/S0010-4655(98)00154-4); it depends on the law of every input in a, and on
    # that of x_i in b. Half of the variance comes from a, half from b.
    runs = values.reshape(-1, rows)
    first, last = (np.ascontiguousarray(scores.reshape(-1, rows, scores.shape[1])[:, k]) for k in (0, -1))
    squares = (runs[:, [0, -1]] - values.mean()) ** 2 / 2
    variance = float(squares.mean(axis=0).sum())
    each = scores.shape[1] // len(swapped)
    index, result = np.empty(len(swapped)), np.empty((2, len(swapped), scores.shape[1]))
    for place, swap in enumerate(swapped):
        change = (runs[:, 0] - runs[:, 1 + swap]) ** 2 / 2
        index[place] = change.mean() / variance
        at_a, at_b = change - index[place] * squares[:, 0], -index[place] * squares[:, 1]
        products = (at_a - at_a.mean())[:, np.newaxis] * first + (at_b - at_b.mean())[:, np.newaxis] * last
        own = slice(each * place, each * (place + 1))
        products[:, own] += (change - change.mean())[:, np.newaxis] * last[:, own]
        result[:, place] = products.mean(axis=0), products.std(axis=0) / np.sqrt(len(runs))
    return index, result / variance
