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


def bootstrap_half_width(resampled: FloatArray, confidence: float) -> FloatArray:
    """Normal-theory half-width from bootstrap resamples.

    Parameters
    ----------
    resampled : ndarray, shape (..., resamples)
        The estimate in each resample; NaN where a resample leaves it undefined (a rare
        event that none of its rows shows), and such resamples are left out.
    confidence : float
        Coverage asked for, between 0 and 1.

    Returns
    -------
    ndarray, shape (...)
        ``z * sd`` over the resamples; NaN where fewer than two are defined.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993); Archer, Saltelli and Sobol',
    doi:10.1080/00949659708811825.
    """
    check_confidence(confidence)
    return np.asarray(ndtri(0.5 + confidence / 2) * _standard_deviation(resampled), dtype=np.float64)


def student_t_half_width(replicates: FloatArray, confidence: float) -> FloatArray:
    """Half-width of the mean of independent replicates.

    Parameters
    ----------
    replicates : ndarray, shape (..., replicates)
        The estimate in each replicate, say of one scramble of Sobol' points each.
    confidence : float
        Coverage asked for, between 0 and 1.

    Returns
    -------
    ndarray, shape (...)
        ``t * sd / sqrt(replicates)`` with ``replicates - 1`` degrees of freedom; NaN where
        fewer than two replicates are defined.

    References
    ----------
    L'Ecuyer, Nakayama, Owen and Tuffin, Confidence intervals for randomized quasi-Monte Carlo
    estimators (2023), doi:10.1109/WSC60868.2023.10408613.

    Examples
    --------
    >>> round(float(student_t_half_width(np.array([0.0, 2.0]), 0.5)), 12)
    1.0
    """
    check_confidence(confidence)
    defined = np.sum(np.isfinite(replicates), axis=-1)
    quantile = stdtrit(np.maximum(defined - 1, 1), 0.5 + confidence / 2)
    width = quantile * _standard_deviation(replicates) / np.sqrt(np.maximum(defined, 1))
    return np.asarray(width, dtype=np.float64)


def _standard_deviation(values: FloatArray) -> FloatArray:
    """Take the standard deviation over the last axis of what is defined, NaN below two values."""
    defined = np.isfinite(values)
    if defined.all() and values.shape[-1] > 1:
        return np.asarray(values.std(axis=-1, ddof=1))
    number = defined.sum(axis=-1, keepdims=True)
    present = np.where(defined, values, 0.0)
    centred = np.where(defined, values - present.sum(axis=-1, keepdims=True) / np.maximum(number, 1), 0.0)
    spread = np.sqrt((centred**2).sum(axis=-1) / np.maximum(number[..., 0] - 1, 1))
    return np.where(number[..., 0] > 1, spread, np.nan)
