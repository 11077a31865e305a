"""Likelihood of observed logarithms; tempered resampling and moves from weighted prior draws to a posterior."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.random import Generator
from scipy.special import erfcx

from clustercast.arrays import FloatArray, Function, IntArray, Pair, summaries

# Below this the tail of the normal distribution is 1 to the last bit, and erfcx would soon overflow.
_FAR_BELOW = -35.0
# Above this the moments of a normal distribution cut this far out lose digits in differences.
_FAR_OUT = 200.0
# The date at which the mean gap of upper bounds is that of its prior, where it narrows with time.
GAP_YEAR = 2020.0
# Chosen by the log score of what came after earlier dates, beside 0 and 1: see the page on forecasts of the past.
LASTING = 0.5
# No direction is so narrow that a population which has collapsed could not leave it.
_NARROWEST = 1e-6
_AIM = 0.3
_BISECTIONS = 60


@dataclass(frozen=True)
class ObservedRows:
    """What was observed, as arrays over n rows: value = truth + error - bound * gap, all in decades (log10)."""

    value: FloatArray
    error: FloatArray
    # 0 a measurement, 1 a lower bound (a record: the largest that is known), -1 an upper bound.
    bound: IntArray
    # Rows of one group have correlated errors.
    group: IntArray
    # Which discrepancy belongs to the row.
    quantity: IntArray
    date: FloatArray
    correlation: float
    # Share of the variance of a discrepancy that lasts along its quantity; the rest is the row's own.
    lasting: float = LASTING

    @cached_property
    def series(self) -> list[IntArray]:
        """Return the rows of each series: those that a quantity or a group joins, in groups that share nothing."""
        return _linked(self.quantity, self.group)

    @cached_property
    def members(self) -> list[IntArray]:
        """Return the rows of each group."""
        return _linked(self.group)


def _linked(*keys: IntArray) -> list[IntArray]:
    """Return the rows that share a key, or are linked by rows that do."""
    label = np.arange(keys[0].size)
    for key in keys:
        for one in np.unique(key):
            linked = np.isin(label, label[key == one])
            label[linked] = label[linked].min()
    return [np.flatnonzero(label == one) for one in np.unique(label)]


@dataclass(frozen=True)
class ErrorModel:
    """Parameters of the likelihood for each of S samples: standard deviations and mean exponential gaps, in decades."""

    # Standard deviation of what the model misses, shape (quantities, S).
    discrepancy: FloatArray
    lower_gap: FloatArray
    upper_gap: FloatArray
    # Correlation time in years of discrepancies, shape (quantities, S); without it the rows are independent.
    time: FloatArray | None = None
    # Years in which the mean gap of upper bounds halves.
    halving: FloatArray | None = None

    def gap(self, bound: int, date: float | FloatArray = GAP_YEAR) -> FloatArray:
        """Return the mean gap of lower (1) or upper (-1) bounds at a date."""
        if bound > 0 or self.halving is None:
            return self.lower_gap if bound > 0 else self.upper_gap
        return np.asarray(self.upper_gap * 2 ** (-(date - GAP_YEAR) / self.halving))


def log_likelihood(rows: ObservedRows, predicted: FloatArray, errors: ErrorModel) -> FloatArray:
    """Return the log density of all rows, shape (S,), from predictions of shape (n, S)."""
    densities = (absorbed(rows, predicted, errors, members)[0] for members in parts(rows, errors))
    return sum(densities, np.zeros(predicted.shape[1]))


def leave_one_out_density(rows: ObservedRows, predicted: FloatArray, errors: ErrorModel) -> FloatArray:
    """Return the log density of each row given the other rows of its group, shape (n, S)."""
    # Rows of a group do not factorise: Buerkner, Gabry and Vehtari (2021), doi:10.1007/s00180-020-01045-4.
    densities = np.empty(predicted.shape)
    for members in parts(rows, errors):
        whole = absorbed(rows, predicted, errors, members)[0]
        for row in members:
            densities[row] = whole - absorbed(rows, predicted, errors, members[members != row])[0]
    return densities


def absorbed(
    rows: ObservedRows, predicted: FloatArray, errors: ErrorModel, seen: IntArray, later: IntArray | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the log density of rows that were seen, and mean and variance of the deviations of rows to come."""
    # Deviations from the model are jointly normal: a discrepancy that decays in time along each quantity, and errors
    # with a shared part in a group. One row after the other is conditioned on. A measurement is exact. A bound has an
    # exponential gap of its own: its density is exact given the rows before it, and what it says of the others goes on
    # with the mean and variance of the gap that it leaves (assumed-density filtering, T. Minka (2001), section 3.2).
    # Measurements come first, then bounds by date, so that the order of the rows changes nothing.
    seen = seen[np.lexsort((seen, rows.date[seen], rows.bound[seen] != 0))]
    covariance = _covariance(rows, errors, seen if later is None else np.concatenate([seen, later]))
    mean, total = np.zeros(covariance.shape[1:]), np.zeros(predicted.shape[1])
    for row in seen:
        variance = covariance[0, 0]
        density, away, left = row_density(rows, errors, int(row), predicted[row] + mean[0], variance)
        total += density
        column = covariance[1:, 0]
        mean = mean[1:] + column * (away / variance)
        covariance = covariance[1:, 1:] - column[:, np.newaxis] * (column * ((variance - left) / variance**2))
    return total, mean, np.einsum("iis->is", covariance)


def row_density(
    rows: ObservedRows, errors: ErrorModel, row: int, centre: FloatArray, variance: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray | float]:
    """Return the log density of a row about a centre, and mean and variance of its deviation without the gap."""
    away = rows.value[row] - centre
    bound = int(rows.bound[row])
    if bound == 0:
        return -0.5 * (away**2 / variance + np.log(2 * np.pi * variance)), away, 0.0
    spread, gap = np.sqrt(variance), errors.gap(bound, rows.date[row])
    tilt = bound * away / spread + spread / gap
    # log(Phi(-tilt)) + tilt**2 / 2 without cancellation.
    mills = np.where(tilt > _FAR_BELOW, np.log(erfcx(np.maximum(tilt, _FAR_BELOW) / np.sqrt(2)) / 2), tilt**2 / 2)
    # The gap given the row is normal with mean -tilt * spread, cut below 0; far out its moments are a series.
    hazard, far = np.exp(-mills) / np.sqrt(2 * np.pi), 1 / np.maximum(tilt, _FAR_OUT)
    mean = np.where(tilt < _FAR_OUT, np.maximum(hazard - tilt, 0), far - 2 * far**3)
    left = np.where(tilt < _FAR_OUT, np.clip(1 + tilt * hazard - hazard**2, 0, 1), far**2 - 6 * far**4)
    return mills - 0.5 * away**2 / variance - np.log(gap), away + bound * spread * mean, variance * left


def _covariance(rows: ObservedRows, errors: ErrorModel, order: IntArray) -> FloatArray:
    """Return the covariance of the deviations of some rows, shape (n, n, S)."""
    covariance = np.zeros((order.size, order.size, errors.discrepancy.shape[1]))
    for i, row in enumerate(order):
        quantity = rows.quantity[row]
        for j, other in enumerate(order[: i + 1]):
            if i == j:
                covariance[i, j] = errors.discrepancy[quantity] ** 2
            elif quantity == rows.quantity[other] and errors.time is not None:
                lasting = rows.lasting * np.exp(-abs(rows.date[row] - rows.date[other]) / errors.time[quantity])
                covariance[i, j] = errors.discrepancy[quantity] ** 2 * lasting
            if rows.group[row] == rows.group[other]:
                covariance[i, j] += (1.0 if i == j else rows.correlation) * rows.error[row] * rows.error[other]
            covariance[j, i] = covariance[i, j]
    return covariance


def parts(rows: ObservedRows, errors: ErrorModel) -> list[IntArray]:
    """Return the rows that belong together: those of a group, and of a quantity where discrepancies last."""
    return rows.members if errors.time is None else rows.series


def replicate(rows: ObservedRows, predicted: FloatArray, errors: ErrorModel, generator: Generator) -> FloatArray:
    """Return what might have been observed, with new errors and gaps, shape (n, S)."""
    size = predicted.shape[1]
    drawn = np.empty(predicted.shape)
    for members in parts(rows, errors):
        factor = np.linalg.cholesky(np.moveaxis(_covariance(rows, errors, members), -1, 0))
        drawn[members] = predicted[members] + (factor @ generator.standard_normal((size, members.size, 1)))[..., 0].T
    for row in np.flatnonzero(rows.bound):
        bound = int(rows.bound[row])
        drawn[row] -= bound * generator.exponential(size=size) * errors.gap(bound, rows.date[row])
    return drawn


def effective_size(log_weights: FloatArray) -> float:
    """Return Kish's effective sample size, from 1 to n, of the logarithms of importance weights."""
    return summaries.effective_size(np.exp(log_weights - log_weights.max()))


def next_temperature(log_likelihood: FloatArray, current: float, size: float) -> float:
    """Return the largest power of the likelihood at which the weights keep an effective size."""
    low, high = current, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if effective_size((middle - current) * log_likelihood) >= size else (low, middle)
    return high


def systematic_resample(log_weights: FloatArray, size: int, generator: Generator) -> IntArray:
    """Return rows in random order, each the floor or the ceiling of its expected number of times."""
    # J. Carpenter, P. Clifford and P. Fearnhead (1999), doi:10.1049/ip-rsn:19990255.
    weights = np.exp(log_weights - log_weights.max())
    # Points of a sequence have a structure along their numbers, which regular steps would pick out: they are shuffled.
    order = generator.permutation(weights.size)
    ends = np.cumsum(weights[order])
    points = (np.arange(size) + generator.random()) / size * ends[-1]
    rows = order[np.minimum(np.searchsorted(ends, points, side="right"), weights.size - 1)]
    return generator.permutation(rows).astype(np.int64)


@dataclass(frozen=True)
class Move:
    """A Metropolis step on standard normal scores that proposes along a normal approximation."""

    centre: FloatArray
    # Lower triangular Cholesky factor of the approximation's covariance.
    factor: FloatArray
    # Share of the approximation that is drawn anew, from 0 to 1; 1 proposes independently.
    step: float

    def advance(
        self,
        scores: FloatArray,
        before: FloatArray,
        target: Function,
        temperature: float,
        generator: Generator,
        other: "Move | None" = None,
    ) -> tuple[FloatArray, FloatArray, float]:
        """Return scores and log likelihoods after one move of every row from those before, and the share that moved."""
        # The second half of the rows may take another move.
        moves = [self] if other is None else [self, other]
        halves = zip(moves, np.array_split(scores, len(moves)), strict=True)
        proposed, excess = map(
            np.concatenate, zip(*(one._proposed(half, generator) for one, half in halves), strict=True)
        )
        values = target(proposed)
        moved = np.log(generator.random(len(scores))) < temperature * (values - before) + excess
        return np.where(moved[:, np.newaxis], proposed, scores), np.where(moved, values, before), float(moved.mean())

    def _proposed(self, scores: FloatArray, generator: Generator) -> Pair:
        """Return where rows may move, and the log density of prior over approximation there, less that here."""
        # The proposal leaves the approximation unchanged, so that only the ratio of target to approximation enters the
        # acceptance: D. Rudolf and B. Sprungk (2018), doi:10.1007/s10208-016-9340-x.
        from scipy.linalg import solve_triangular  # late: who reads observations needs none of it

        here = solve_triangular(self.factor, (scores - self.centre).T, lower=True, check_finite=False).T
        there = np.sqrt(1 - self.step**2) * here + self.step * generator.standard_normal(scores.shape)
        proposed = self.centre + there @ self.factor.T
        excess = 0.5 * (np.square(there) - np.square(here) - np.square(proposed) + np.square(scores)).sum(axis=1)
        return proposed, excess

    def adapted(self, accepted: float) -> "Move":
        """Return the move with a longer or shorter step, as more or fewer rows moved than wanted."""
        return Move(self.centre, self.factor, float(min(max(self.step * np.exp(1.5 * (accepted - _AIM)), 0.02), 0.98)))

    def fitted(self, scores: FloatArray) -> "Move":
        """Return the move along the mean and covariance of a population, shape (n, d)."""
        count, dimensions = scores.shape
        variances, directions = np.linalg.eigh(np.atleast_2d(np.cov(scores, rowvar=False)))
        # Where nothing is learned the variance is 1, as a priori; a finite population scatters it over the bulk of
        # V. A. Marchenko and L. A. Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994: what is inside is taken to be 1.
        ratio = np.sqrt(dimensions / count)
        known = (variances < max(1 - ratio, 0) ** 2) | (variances > (1 + ratio) ** 2)
        covariance = (directions * np.where(known, np.maximum(variances, _NARROWEST), 1.0)) @ directions.T
        return Move(scores.mean(axis=0), np.asarray(np.linalg.cholesky(covariance), dtype=np.float64), self.step)
