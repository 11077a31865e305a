"""Inverse distribution functions by family, over whole arrays.

A family is inverted in whichever variable serves it best. Some take the normal score
``z = ndtri(p)``; the others take both tails, ``p`` and ``q = 1 - p``, each with its own
relative accuracy, so that the upper tail is as good as the lower one.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from clustercast.arrays.families import tabulated

FloatArray = NDArray[np.float64]


def tails_of_score(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the lower and the upper tail probability of normal scores.

    Parameters
    ----------
    z : ndarray
        Normal scores, of any shape.

    Returns
    -------
    p, q : ndarray
        ``ndtr(z)`` and ``ndtr(-z)``, of the shape of `z`.
    """
    smaller = special.ndtr(-np.abs(z))
    larger = 1.0 - smaller
    below = z < 0
    return np.where(below, smaller, larger), np.where(below, larger, smaller)


def uniform(p: FloatArray, low: float, high: float) -> FloatArray:
    """Invert the uniform distribution.

    Parameters
    ----------
    p : ndarray
        Probabilities.
    low, high : float
        Ends.

    Returns
    -------
    ndarray
    """
    return _within(low + (high - low) * p, low, high)


def loguniform(p: FloatArray, low: float, high: float) -> FloatArray:
    """Invert the distribution whose logarithm is uniform.

    Parameters
    ----------
    p : ndarray
        Probabilities.
    low, high : float
        Ends, positive.

    Returns
    -------
    ndarray
    """
    return _within(np.exp(np.log(low) + (np.log(high) - np.log(low)) * p), low, high)


def triangular(p: FloatArray, q: FloatArray, low: float, mode: float, high: float) -> FloatArray:
    """Invert the triangular distribution.

    Parameters
    ----------
    p, q : ndarray
        Lower and upper tail probabilities.
    low, mode, high : float
        Ends and peak; the peak may be one of the ends.

    Returns
    -------
    ndarray
    """
    width = high - low
    rising = low + np.sqrt(p * (width * (mode - low)))
    falling = high - np.sqrt(q * (width * (high - mode)))
    return np.where(p * width < mode - low, rising, falling)


def truncated_normal(p: FloatArray, q: FloatArray, mean: float, sd: float, low: float, high: float) -> FloatArray:
    """Invert the normal distribution kept to an interval.

    Parameters
    ----------
    p, q : ndarray
        Lower and upper tail probabilities.
    mean, sd : float
        Of the normal distribution before truncation.
    low, high : float
        Ends; either may be infinite.

    Returns
    -------
    ndarray
    """
    below, between, above = normal_masses((low - mean) / sd, (high - mean) / sd)
    if low > mean:
        score = -special.ndtri(above + q * between)
    elif high < mean:
        score = special.ndtri(below + p * between)
    else:
        lower = p < q
        # Each half is inverted from its own tail, where the probability is known best.
        score = special.ndtri(np.where(lower, below, above) + np.where(lower, p, q) * between)
        score = np.where(lower, score, -score)
    return _within(mean + sd * score, low, high)


def normal_masses(low: float, high: float) -> tuple[float, float, float]:
    """Return the standard normal probability below, between and above two scores.

    Parameters
    ----------
    low, high : float
        Scores, in this order.

    Returns
    -------
    below, between, above : float
        Each with its own relative accuracy, far out in a tail as well.
    """
    below, above = float(special.ndtr(low)), float(special.ndtr(-high))
    between = float(special.ndtr(-low)) - above if low > 0 else float(special.ndtr(high)) - below
    return below, between, above


def beta(z: FloatArray, alpha: float, beta: float, low: float, high: float) -> FloatArray:
    """Invert the beta distribution on an interval.

    Parameters
    ----------
    z : ndarray
        Normal scores.
    alpha, beta : float
        Shapes.
    low, high : float
        Ends.

    Returns
    -------
    ndarray
    """
    result = tabulated.beta_logit(alpha, beta)(z)
    return _within(_logistic(result, low, high), low, high)


def gamma(z: FloatArray, shape: float, scale: float) -> FloatArray:
    """Invert the gamma distribution.

    Parameters
    ----------
    z : ndarray
        Normal scores.
    shape, scale : float
        Shape, and scale in the unit of the result.

    Returns
    -------
    ndarray
    """
    result = tabulated.gamma_log(shape)(z)
    np.exp(result, out=result)
    result *= scale
    return result


def discrete(p: FloatArray, values: FloatArray, cumulative: FloatArray) -> FloatArray:
    """Invert a discrete distribution: the first value that `p` does not exceed.

    Parameters
    ----------
    p : ndarray
        Probabilities.
    values : ndarray, shape (k,)
        Values in rising order.
    cumulative : ndarray, shape (k,)
        Running sums of their weights; the last is 1.

    Returns
    -------
    ndarray
    """
    return values.take(np.searchsorted(cumulative, p, side="left"))


def _logistic(logit: FloatArray, low: float, high: float) -> FloatArray:
    """Carry a logit to an interval, in place."""
    with np.errstate(over="ignore"):
        np.exp(np.negative(logit, out=logit), out=logit)
    logit += 1.0
    np.divide(high - low, logit, out=logit)
    logit += low
    return logit


def _within(x: FloatArray, low: float, high: float) -> FloatArray:
    """Take back the last rounding where it steps over an end of the support, in place."""
    return np.clip(x, low, high, out=x)
