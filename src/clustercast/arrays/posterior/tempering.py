"""From weighted prior draws to a posterior: tempered resampling, and a move that the target leaves unchanged."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.linalg import solve_triangular

from clustercast.arrays import FloatArray, IntArray, summaries

LogLikelihood = Callable[[FloatArray], FloatArray]
# No direction is so narrow that a population which has collapsed could not leave it.
_NARROWEST = 1e-6
_AIM = 0.3
_BISECTIONS = 60


def effective_size(log_weights: FloatArray) -> float:
    """Return Kish's effective sample size, from 1 to n, of the logarithms of importance weights."""
    return summaries.effective_size(np.exp(log_weights - log_weights.max()))


def next_temperature(log_likelihood: FloatArray, current: float, size: float) -> float:
    """Return the largest power of the likelihood at which the weights keep an effective size."""
    low, high = current, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        enough = effective_size((middle - current) * log_likelihood) >= size
        low, high = (middle, high) if enough else (low, middle)
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
        self, scores: FloatArray, before: FloatArray, target: LogLikelihood, temperature: float, generator: Generator
    ) -> tuple[FloatArray, FloatArray, float]:
        """Return scores and log likelihoods after one move of every row from those before, and the share that moved."""
        # The proposal leaves the approximation unchanged, so that only the ratio of target to approximation enters the
        # acceptance: D. Rudolf and B. Sprungk (2018), doi:10.1007/s10208-016-9340-x.
        here = solve_triangular(self.factor, (scores - self.centre).T, lower=True, check_finite=False).T
        there = np.sqrt(1 - self.step**2) * here + self.step * generator.standard_normal(scores.shape)
        proposed = self.centre + there @ self.factor.T
        values = target(proposed)
        # The log density of the prior over that of the approximation, there less here.
        excess = 0.5 * (np.square(there) - np.square(here) - np.square(proposed) + np.square(scores)).sum(axis=1)
        moved = np.log(generator.random(len(scores))) < temperature * (values - before) + excess
        kept = np.where(moved[:, np.newaxis], proposed, scores)
        return kept, np.where(moved, values, before), float(moved.mean())

    def adapted(self, accepted: float) -> "Move":
        """Return the move with a longer or shorter step, as more or fewer rows moved than wanted."""
        step = min(max(self.step * np.exp(1.5 * (accepted - _AIM)), 0.02), 0.98)
        return Move(self.centre, self.factor, float(step))

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


def first_move(dimensions: int) -> Move:
    """Return the move along the prior itself, from which adaptation starts."""
    return Move(np.zeros(dimensions), np.eye(dimensions), 0.5)
