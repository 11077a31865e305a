"""Half-widths of intervals from bootstrap resamples and from independent replicates."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from clustercast.errors import InputError

FloatArray = NDArray[np.float64]


def bootstrap_weights(points: int, resamples: int, seed: int) -> FloatArray:
    """Weights that turn per-row products into the means of bootstrap resamples.

    The rows that resample k takes are column k of one ``(points, resamples)`` draw of
    integers, as SALib draws them, so that both give the same resamples for one seed.

    Parameters
    ----------
    points : int
        Number of base points.
    resamples : int
        Number of resamples.
    seed : int
        Seed of the draw; 0 is as good as any other.

    Returns
    -------
    ndarray, shape (resamples, points)
        How often each base point was taken, over `points`; each row sums to 1.

    Examples
    --------
    >>> bootstrap_weights(5, 3, seed=0).sum(axis=1).tolist()
    [1.0, 1.0, 1.0]
    """
    taken = np.random.default_rng(seed).integers(points, size=(points, resamples))
    weights = np.empty((resamples, points))
    for k in range(resamples):
        weights[k] = np.bincount(taken[:, k], minlength=points)
    weights /= points
    return weights


def check_confidence(confidence: float) -> None:
    """Refuse a confidence outside (0, 1)."""
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}, and must lie between 0 and 1, as in 0.95")


def bootstrap_factor(confidence: float) -> float:
    """Half-width of a normal interval in standard deviations over bootstrap resamples.

    Parameters
    ----------
    confidence : float
        Coverage asked for, between 0 and 1.

    Returns
    -------
    float
        The normal quantile z.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993); Archer, Saltelli and Sobol'
    (1997), doi:10.1080/00949659708811825.

    Examples
    --------
    >>> round(bootstrap_factor(0.95), 4)
    1.96
    """
    check_confidence(confidence)
    return float(ndtri(0.5 + confidence / 2))


def student_t_factor(replicates: int, confidence: float) -> float:
    """Half-width of the mean of independent replicates in standard deviations over them.

    Parameters
    ----------
    replicates : int
        Number of replicates, say of scrambles of Sobol' points; 2 or more.
    confidence : float
        Coverage asked for, between 0 and 1.

    Returns
    -------
    float
        ``t / sqrt(replicates)`` with ``replicates - 1`` degrees of freedom.

    References
    ----------
    L'Ecuyer, Nakayama, Owen and Tuffin, Confidence intervals for randomized quasi-Monte Carlo
    estimators (2023), doi:10.1109/WSC60868.2023.10408613.

    Examples
    --------
    >>> round(student_t_factor(16, 0.95) * 16**0.5, 3)
    2.131
    """
    check_confidence(confidence)
    return float(stdtrit(replicates - 1, 0.5 + confidence / 2) / np.sqrt(replicates))


def standard_deviation(values: FloatArray) -> FloatArray:
    """Take the standard deviation over the last axis of what is defined.

    Parameters
    ----------
    values : ndarray, shape (..., resamples)
        The estimate in each resample; NaN where one leaves it undefined (a rare event that none
        of its rows shows), and such resamples are left out.

    Returns
    -------
    ndarray, shape (...)
        With one degree of freedom less than resamples; NaN where fewer than two are defined.
    """
    defined = np.isfinite(values)
    if defined.all() and values.shape[-1] > 1:
        return np.asarray(values.std(axis=-1, ddof=1))
    number = defined.sum(axis=-1, keepdims=True)
    present = np.where(defined, values, 0.0)
    centred = np.where(defined, values - present.sum(axis=-1, keepdims=True) / np.maximum(number, 1), 0.0)
    spread = np.sqrt((centred**2).sum(axis=-1) / np.maximum(number[..., 0] - 1, 1))
    return np.where(number[..., 0] > 1, spread, np.nan)
