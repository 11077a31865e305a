"""The metalog distribution of two or three terms, which takes as many quantiles exactly."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from clustercast.arrays import FloatArray
from clustercast.errors import InputError

# The quantile function rises everywhere where |a3| < (2 / u) a2, u the root of u tanh(u) = 1.
SKEWNESS_LIMIT = 2 / 1.199678640257734


def is_feasible(coefficients: Sequence[float]) -> bool:
    """Return whether the coefficients give a quantile function that rises everywhere."""
    skewness = coefficients[2] if len(coefficients) == 3 else 0.0
    return coefficients[1] > 0 and abs(skewness) < SKEWNESS_LIMIT * coefficients[1]


def fit(levels: FloatArray, values: FloatArray, low: float, high: float) -> tuple[float, ...]:
    """Return the coefficients of the metalog through two or three rising quantiles strictly between the bounds."""
    coefficients = np.linalg.solve(_basis(levels), unbounded(values, low, high))
    if not is_feasible(list(coefficients)):
        if len(values) == 2:
            raise InputError(f"the quantiles {values[0]:g} and {values[1]:g} are too near for a metalog; part them")
        # Where the middle quantile may lie.
        first, last = unbounded(values[[0, 2]], low, high)
        start, middle, end = _basis(levels) @ [[0.0, 0.0], [1.0, 1.0], [-SKEWNESS_LIMIT, SKEWNESS_LIMIT]]
        least, most = bounded(np.sort(first + (last - first) * (middle - start) / (end - start)), low, high)
        what = f"the middle quantile {values[1]:g} (at {levels[1]:g}) is too near one of its neighbours for a metalog"
        allowed = f"between {least:.6g} and {most:.6g} is allowed, other bounds shift that range"
        raise InputError(f"{what} through {values[0]:g} and {values[2]:g}; {allowed}, and two quantiles always fit")
    return tuple(float(coefficient) for coefficient in coefficients)


def _basis(levels: FloatArray) -> FloatArray:
    """Return the terms at some probabilities, as many as there are probabilities."""
    logit = special.logit(levels)
    return np.stack([np.ones_like(levels), logit, (levels - 0.5) * logit], axis=1)[:, : levels.size]


def quantile(p: FloatArray, q: FloatArray, coefficients: Sequence[float], low: float, high: float) -> FloatArray:
    """Return the quantiles of a metalog at both tail probabilities."""
    # a1 + a2 logit(p) + a3 (p - 1/2) logit(p): a skewed logistic distribution. Bounds come in by the logarithm of the
    # distance to one, or the logit between two. Keelin (2016), doi:10.1287/deca.2016.0338
    with np.errstate(divide="ignore"):
        logit = np.log(p) - np.log(q)
    rise = coefficients[1] + coefficients[2] * (p - 0.5) if len(coefficients) == 3 else coefficients[1]
    return bounded(coefficients[0] + rise * logit, low, high)


def bounded(x: FloatArray, low: float, high: float) -> FloatArray:
    """Return the real line carried to the space between the bounds."""
    if np.isinf(low) and np.isinf(high):
        return x
    if np.isinf(high):
        return low + np.exp(x)
    if np.isinf(low):
        return high - np.exp(-x)
    # The distance to the nearer end, so that none of its digits is lost beside the end.
    odds = np.exp(-np.abs(x))
    distance = (high - low) * odds / (1.0 + odds)
    return np.clip(np.where(x > 0, high - distance, low + distance), low, high)


def unbounded(x: FloatArray, low: float, high: float) -> FloatArray:
    """Return the inverse of `bounded`, for numbers strictly between the bounds."""
    if np.isinf(low) and np.isinf(high):
        return x
    below = np.log(x - low) if np.isfinite(low) else 0.0
    return np.asarray(below - (np.log(high - x) if np.isfinite(high) else 0.0))


def logit_of(x: FloatArray, coefficients: Sequence[float], low: float, high: float) -> FloatArray:
    """Return the log odds of the cumulative probability at some values."""
    location, scale, skewness = (*coefficients, 0.0)[:3]
    deviation = unbounded(x, low, high) - location
    # The slope a2 + a3 (p - 1/2) is positive and known to half of a3, which brackets the root.
    ends = deviation / (scale - abs(skewness) / 2), deviation / (scale + abs(skewness) / 2)
    lower, upper = np.minimum(*ends), np.maximum(*ends)
    logit = deviation / scale
    for _ in range(100):
        excess = (scale + skewness * (special.expit(logit) - 0.5)) * logit - deviation
        lower, upper = np.where(excess < 0, logit, lower), np.where(excess > 0, logit, upper)
        step = logit - excess / slope(logit, scale, skewness)
        following = np.where((step >= lower) & (step <= upper), step, (lower + upper) / 2)
        moved = np.abs(following - logit) > 1e-15 * (1.0 + np.abs(logit))
        logit = following
        if not moved.any():
            break
    return logit


def slope(logit: FloatArray, scale: float, skewness: float) -> FloatArray:
    """Return the derivative of the unbounded quantile function by the log odds."""
    p = special.expit(logit)
    return np.asarray(scale + skewness * (p - 0.5 + p * (1.0 - p) * logit))


def log_density(x: FloatArray, coefficients: Sequence[float], low: float, high: float) -> FloatArray:
    """Return the logarithm of the density of a metalog."""
    logit = logit_of(x, coefficients, low, high)
    _, scale, skewness = (*coefficients, 0.0)[:3]
    result = special.log_expit(logit) + special.log_expit(-logit) - np.log(slope(logit, scale, skewness))
    result -= np.log(x - low) if np.isfinite(low) else 0.0
    result -= np.log(high - x) if np.isfinite(high) else 0.0
    return np.asarray(result + (np.log(high - low) if np.isfinite(high - low) else 0.0))
