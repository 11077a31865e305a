"""Likelihood of observed logarithms: correlated errors, model discrepancy, and bounds that are not reached."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx

from clustercast.arrays import FloatArray

IntArray = NDArray[np.int64]

# Below this the tail of the normal distribution is 1 to the last bit, and erfcx would soon overflow.
_FAR_BELOW = -35.0


@dataclass(frozen=True)
class ObservedRows:
    """What was observed, as arrays over n rows: value = truth + error - bound * gap, all in decades (log10)."""

    value: FloatArray
    error: FloatArray
    # 0 a measurement, 1 a lower bound (a record: the largest that is known), -1 an upper bound.
    bound: IntArray
    # Rows of one group have correlated errors, and one gap.
    group: IntArray
    # Which discrepancy belongs to the row.
    quantity: IntArray
    correlation: float

    def members(self) -> list[IntArray]:
        """Return the rows of each group."""
        return [np.flatnonzero(self.group == group) for group in np.unique(self.group)]


@dataclass(frozen=True)
class ErrorModel:
    """Parameters of the likelihood for each of S samples: standard deviations and mean exponential gaps, in decades."""

    # Standard deviation of what the model misses, shape (quantities, S).
    discrepancy: FloatArray
    lower_gap: FloatArray
    upper_gap: FloatArray

    def gap(self, bound: int) -> FloatArray:
        """Return the mean gap of lower (1) or upper (-1) bounds."""
        return self.lower_gap if bound > 0 else self.upper_gap


def log_likelihood(rows: ObservedRows, predicted: FloatArray, errors: ErrorModel) -> FloatArray:
    """Return the log density of all rows, shape (S,), from predictions of shape (n, S)."""
    total = np.zeros(predicted.shape[1])
    for members in rows.members():
        total += _group_density(rows, predicted, errors, members)
    return total


def leave_one_out_density(rows: ObservedRows, predicted: FloatArray, errors: ErrorModel) -> FloatArray:
    """Return the log density of each row given the other rows of its group, shape (n, S)."""
    # Rows of a group do not factorise: Buerkner, Gabry and Vehtari (2021), doi:10.1007/s00180-020-01045-4.
    densities = np.empty(predicted.shape)
    for members in rows.members():
        whole = _group_density(rows, predicted, errors, members)
        for row in members:
            densities[row] = whole - _group_density(rows, predicted, errors, members[members != row])
    return densities


def replicate(
    rows: ObservedRows, predicted: FloatArray, errors: ErrorModel, generator: np.random.Generator
) -> FloatArray:
    """Return what might have been observed, with new errors and gaps, shape (n, S)."""
    size = predicted.shape[1]
    drawn = np.empty(predicted.shape)
    spread = _spread(rows, errors)
    for members in rows.members():
        shared = np.sqrt(rows.correlation) * generator.standard_normal(size)
        own = np.sqrt(1 - rows.correlation) * generator.standard_normal((members.size, size))
        gap = generator.exponential(size=size)
        drawn[members] = predicted[members] + spread[members] * (shared + own)
        for row in members[rows.bound[members] != 0]:
            drawn[row] -= rows.bound[row] * gap * errors.gap(int(rows.bound[row]))
    return drawn


def _spread(rows: ObservedRows, errors: ErrorModel) -> FloatArray:
    """Return the standard deviation of each row's error and discrepancy together, shape (n, S)."""
    return np.sqrt(rows.error[:, np.newaxis] ** 2 + errors.discrepancy[rows.quantity] ** 2)


def _group_density(rows: ObservedRows, predicted: FloatArray, errors: ErrorModel, members: IntArray) -> FloatArray:
    """Return the log density of some rows of one group, shape (S,)."""
    # The errors are jointly normal, each with variance error^2 + discrepancy^2. A gap is exponential and shared by the
    # bounds of a group; it is integrated out exactly, which leaves Mills' ratio.
    count = members.size
    if count == 0:
        return np.zeros(predicted.shape[1])
    spread = np.sqrt(rows.error[members, np.newaxis] ** 2 + errors.discrepancy[rows.quantity[members]] ** 2)
    score = (rows.value[members, np.newaxis] - predicted[members]) / spread
    rho = rows.correlation
    density: FloatArray = -0.5 * _form(score, score, rho) - np.log(spread).sum(axis=0)
    density -= 0.5 * (count * np.log(2 * np.pi) + (count - 1) * np.log1p(-rho) + np.log1p((count - 1) * rho))
    bound = rows.bound[members]
    if not bound.any():
        return density
    gap = errors.gap(int(bound[bound != 0][0]))
    direction = bound[:, np.newaxis] / spread
    precision = _form(direction, direction, rho)
    tilt = _form(direction, score, rho) + 1 / gap
    density += 0.5 * np.log(2 * np.pi / precision) - np.log(gap)
    density += _log_mills(tilt / np.sqrt(precision))
    return density


def _form(left: FloatArray, right: FloatArray, rho: float) -> FloatArray:
    """Return ``left' C^-1 right`` for unit variances with one common correlation, over the first axis."""
    shared = rho / (1 + (left.shape[0] - 1) * rho)
    form: FloatArray = ((left * right).sum(axis=0) - shared * left.sum(axis=0) * right.sum(axis=0)) / (1 - rho)
    return form


def _log_mills(t: FloatArray) -> FloatArray:
    """Return ``log(Phi(-t)) + t**2 / 2`` without cancellation."""
    near = np.log(erfcx(np.maximum(t, _FAR_BELOW) / np.sqrt(2)) / 2)
    return np.where(t > _FAR_BELOW, near, t**2 / 2)
