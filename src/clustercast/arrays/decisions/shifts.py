"""The least shift of independent or correlated normal scores that gives an event a probability."""

from dataclasses import dataclass

import numpy as np

from clustercast.arrays import BoolArray, FloatArray
from clustercast.arrays.summaries.order_statistics import effective_size

_STEPS, _FURTHEST, _SURE = 30, 8.0, 3.0
_SETTLED = 1e-5


@dataclass(frozen=True)
class Shift:
    """Shifts of scores (d,), weights of the draws under them, and the divergence from the scores as drawn."""

    shifts: FloatArray
    weights: FloatArray
    divergence: float
    reached: float


def event_weights(holds: BoolArray, probability: float, shares: FloatArray) -> FloatArray:
    """Return the weights, summing to 1, of the least change of a joint law that gives an event a probability."""
    before = float(shares[holds].sum())
    return shares * np.where(holds, probability / before, (1 - probability) / (1 - before))


def event_divergence(before: float, probability: float) -> float:
    """Return the Kullback-Leibler divergence of that change, in nats."""
    odds = ((probability, before), (1 - probability, 1 - before))
    return float(sum(p * np.log(p / q) for p, q in odds))


def informative(scores: FloatArray, holds: BoolArray) -> BoolArray:
    """Return which scores (N, d) go with an event by more than chance."""
    gap = holds - holds.mean()
    product = gap[:, np.newaxis] * scores
    error = product.std(axis=0) / np.sqrt(len(scores))
    return np.asarray(np.abs(product.mean(axis=0)) > _SURE * error)


def least_shift(
    scores: FloatArray, holds: BoolArray, probability: float, correlation: FloatArray, least_size: float
) -> Shift:
    """Return the shift of least divergence; `reached` is short of the probability where the draws do not carry it."""
    # Scores are normal with mean 0 and correlation R; with mean m = R u their weights are exp(u z) and the divergence
    # is u R u / 2. At the least one m is along the covariance of the event and the scores under these weights.
    rising = probability > holds.mean()
    direction = _covariance(scores, holds, np.full(len(holds), 1 / len(holds)))
    found = Shift(np.zeros(scores.shape[1]), np.full(len(holds), 1 / len(holds)), 0.0, float(holds.mean()))
    for _ in range(_STEPS):
        along = np.linalg.solve(correlation, direction)
        length = float(np.sqrt(direction @ along))
        if not length > 0:
            return found
        unit, along = direction / length, along / length
        projected = scores @ along
        size = _size_along(projected, holds, probability, 1 if rising else -1, least_size)
        weights = _weights(size * projected)
        reached = float(weights[holds].sum())
        previous, found = found.shifts, Shift(size * unit, weights, size**2 / 2, reached)
        if np.abs(found.shifts - previous).max() < _SETTLED:
            break
        direction = _covariance(scores, holds, weights)
    return found


def _weights(log_ratios: FloatArray) -> FloatArray:
    """Return weights that sum to 1 from logarithms."""
    raw = np.exp(log_ratios - log_ratios.max())
    return np.asarray(raw / raw.sum())


def _covariance(scores: FloatArray, holds: BoolArray, weights: FloatArray) -> FloatArray:
    """Return the covariance of an event and each score under weights."""
    return np.asarray((weights * (holds - weights[holds].sum())) @ scores)


def _size_along(projected: FloatArray, holds: BoolArray, probability: float, sign: int, least: float) -> float:
    """Return how far to shift along a line; the furthest that the draws carry where that is not far enough."""
    from scipy.optimize import brentq  # late: it takes longer than the figures that import this module

    def size_left(size: float) -> float:
        return effective_size(_weights(sign * size * projected)) - least

    def missing(size: float) -> float:
        return float(_weights(sign * size * projected)[holds].sum()) - probability

    most = _FURTHEST
    if size_left(most) < 0:
        most = float(brentq(size_left, 0.0, most, xtol=1e-6)) if size_left(0.0) > 0 else 0.0
    if sign * missing(most) < 0:
        return sign * most
    return sign * float(brentq(missing, 0.0, most, xtol=1e-12, rtol=1e-12))
