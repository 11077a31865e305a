"""Distribution functions and log densities by family, inside the support."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from clustercast.arrays.families.inverse_cdf import normal_masses

FloatArray = NDArray[np.float64]

_LOG_ROOT_TWO_PI = float(np.log(2 * np.pi) / 2)


def normal_log_density(x: FloatArray, mean: float, sd: float) -> FloatArray:
    """Return the log density of the normal distribution.

    Parameters
    ----------
    x : ndarray
        Values.
    mean, sd : float
        Parameters.

    Returns
    -------
    ndarray
    """
    score = (x - mean) / sd
    return np.asarray(-score * score / 2 - (_LOG_ROOT_TWO_PI + np.log(sd)))


def truncated_normal_cdf(x: FloatArray, mean: float, sd: float, low: float, high: float) -> FloatArray:
    """Return the distribution function of the truncated normal distribution.

    Parameters
    ----------
    x : ndarray
        Values between the ends.
    mean, sd, low, high : float
        Parameters, as in `inverse_cdf.truncated_normal`.

    Returns
    -------
    ndarray
    """
    below, between, above = normal_masses((low - mean) / sd, (high - mean) / sd)
    score = (x - mean) / sd
    # A difference of upper tails where all the mass is above the mean, of lower ones elsewhere.
    if low > mean:
        return np.asarray((special.ndtr((mean - low) / sd) - special.ndtr(-score)) / between)
    if high < mean:
        return np.asarray((special.ndtr(score) - below) / between)
    return np.asarray(
        np.where(score < 0, (special.ndtr(score) - below) / between, 1.0 - (special.ndtr(-score) - above) / between)
    )


def truncated_normal_mean(mean: float, sd: float, low: float, high: float) -> float:
    """Return the mean of the truncated normal distribution.

    Parameters
    ----------
    mean, sd, low, high : float
        Parameters, as in `inverse_cdf.truncated_normal`.

    Returns
    -------
    float
    """
    scores = (np.array([low, high]) - mean) / sd
    between = normal_masses(float(scores[0]), float(scores[1]))[1]
    density = np.exp(-scores * scores / 2 - _LOG_ROOT_TWO_PI)
    return float(np.clip(mean + sd * (density[0] - density[1]) / between, low, high))


def triangular_cdf(x: FloatArray, low: float, mode: float, high: float) -> FloatArray:
    """Return the distribution function of the triangular distribution.

    Parameters
    ----------
    x : ndarray
        Values between the ends.
    low, mode, high : float
        Parameters.

    Returns
    -------
    ndarray
    """
    width = high - low
    # The side without width is never taken, so that any width will do for it.
    left, right = (mode - low) or width, (high - mode) or width
    before, after = np.minimum(x - low, left), np.minimum(high - x, right)
    return np.where(x < mode, before / left * (before / width), 1.0 - after / right * (after / width))


def triangular_log_density(x: FloatArray, low: float, mode: float, high: float) -> FloatArray:
    """Return the log density of the triangular distribution.

    Parameters
    ----------
    x : ndarray
        Values between the ends.
    low, mode, high : float
        Parameters.

    Returns
    -------
    ndarray
    """
    height = np.log(2.0) - np.log(high - low)
    left, right = (mode - low) or 1.0, (high - mode) or 1.0
    with np.errstate(divide="ignore"):
        rising = np.log(np.minimum(x - low, left) / left)
        falling = np.log(np.minimum(high - x, right) / right)
    return np.asarray(height + np.where(x < mode, rising, np.where(x > mode, falling, 0.0)))


def beta_cdf(x: FloatArray, alpha: float, beta: float, low: float, high: float) -> FloatArray:
    """Return the distribution function of the beta distribution on an interval.

    Parameters
    ----------
    x : ndarray
        Values between the ends.
    alpha, beta, low, high : float
        Parameters.

    Returns
    -------
    ndarray
    """
    below, above = (x - low) / (high - low), (high - x) / (high - low)
    # Near the upper end the distance to it is known better than the distance to the lower one.
    return np.asarray(
        np.where(below < above, special.betainc(alpha, beta, below), special.betaincc(beta, alpha, above))
    )


def beta_log_density(x: FloatArray, alpha: float, beta: float, low: float, high: float) -> FloatArray:
    """Return the log density of the beta distribution on an interval.

    Parameters
    ----------
    x : ndarray
        Values between the ends.
    alpha, beta, low, high : float
        Parameters.

    Returns
    -------
    ndarray
    """
    width = high - low
    powers = special.xlogy(alpha - 1, (x - low) / width) + special.xlogy(beta - 1, (high - x) / width)
    return np.asarray(powers - special.betaln(alpha, beta) - np.log(width))


def gamma_log_density(x: FloatArray, shape: float, scale: float) -> FloatArray:
    """Return the log density of the gamma distribution.

    Parameters
    ----------
    x : ndarray
        Values, not negative.
    shape, scale : float
        Parameters.

    Returns
    -------
    ndarray
    """
    ratio = x / scale
    return np.asarray(special.xlogy(shape - 1, ratio) - ratio - special.gammaln(shape) - np.log(scale))
