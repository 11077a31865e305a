"""Half-widths of intervals from bootstrap resamples and from independent replicates."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from clustercast.errors import InputError

FloatArray = NDArray[np.float64]

_ALIKE = 1e-9


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


def half_width(estimates: FloatArray, confidence: float, *, resampled: bool, widened: bool = True) -> FloatArray:
    """Half-width of an interval from bootstrap resamples, or from replicates each left out once.

    Parameters
    ----------
    estimates : ndarray, shape (..., n)
        The estimate in each of n resamples, or without each of n replicates (the jackknife).
    confidence : float
        Coverage asked for, between 0 and 1.
    resampled : bool
        Whether they are resamples.
    widened : bool, optional
        Whether to widen the interval where the estimate is skewed, as `skewness_widening` says.

    Returns
    -------
    ndarray, shape (...)
        NaN where fewer than two of the estimates are defined.

    Notes
    -----
    The skewness of resamples is that of the estimate. That of a mean of n replicates is the skewness of one
    over the square root of n, and leaving one out only turns its sign.

    References
    ----------
    R. G. Miller, "The jackknife - a review", Biometrika 61, 1 (1974), doi:10.1093/biomet/61.1.1.
    """
    factor = interval_factor(estimates.shape[-1], confidence, resampled=resampled)
    half = factor * standard_deviation(estimates)
    if not widened:
        return half
    second, third, number = _central_moments(estimates)
    return half * skewness_widening(_skewness_of_estimate(second, third, number, resampled), confidence)


def half_width_of_differences(
    estimates: FloatArray, confidence: float, *, resampled: bool, widened: bool = True
) -> FloatArray:
    """Half-widths of each estimate less each other, as `half_width` gives them.

    Parameters
    ----------
    estimates : ndarray, shape (rows, n)
        Estimates that share their resamples or replicates.
    confidence, resampled, widened
        As in `half_width`.

    Returns
    -------
    ndarray, shape (rows, rows)
        0 on the diagonal.
    """
    if not np.isfinite(estimates).all():
        rows = [half_width(row - estimates, confidence, resampled=resampled, widened=widened) for row in estimates]
        return np.stack(rows)
    number = estimates.shape[-1]
    centred = estimates - estimates.mean(axis=-1, keepdims=True)
    products = centred @ centred.T / number
    own = np.diag(products)
    both = own[:, np.newaxis] + own
    second = np.maximum(both - 2 * products, 0.0)
    deviation: FloatArray = np.sqrt(second * number / (number - 1))
    half = interval_factor(number, confidence, resampled=resampled) * deviation
    if not widened:
        return half
    # With c and d centred, the mean of (c - d)^3 from the means of c^3, c^2 d, c d^2 and d^3.
    cubes = (centred * centred) @ centred.T / number
    third: FloatArray = np.diag(cubes)[:, np.newaxis] - 3 * cubes + 3 * cubes.T - np.diag(cubes)
    # Rows that differ by rounding only have no skewness that could be told.
    second = np.where(second > _ALIKE * both, second, 0.0)
    return half * skewness_widening(_skewness_of_estimate(second, third, number, resampled), confidence)


def interval_factor(number: int, confidence: float, *, resampled: bool) -> float:
    """Half-width of an interval in standard deviations over resamples, or over leaving out each replicate.

    Parameters
    ----------
    number : int
        Number of resamples or replicates, 2 or more.
    confidence : float
        Coverage asked for, between 0 and 1.
    resampled : bool
        Whether they are resamples.

    Returns
    -------
    float
        `bootstrap_factor`, or ``number - 1`` times `student_t_factor`.
    """
    if resampled:
        return bootstrap_factor(confidence)
    return (number - 1) * student_t_factor(number, confidence)


def skewness_widening(squared_skewness: FloatArray, confidence: float) -> FloatArray:
    """How much wider a symmetric interval must be because the estimate is skewed.

    Where an estimate is skewed, its error and its standard error go together, and an interval of z standard
    errors on both sides covers less than it should: by Edgeworth's expansion of the Studentised mean, to
    first order, with ``2 phi(z) z (z^4 + 2 z^2 - 3) / 18`` times the squared skewness of the mean. This is
    what the factor makes good.

    Parameters
    ----------
    squared_skewness : ndarray
        Of the estimate, not of one row: for a mean of n rows theirs, squared, over n. What is above 1, the
        skewness of a mean that one row owns, counts as 1: there the expansion says nothing more.
    confidence : float
        Coverage asked for, between 0 and 1.

    Returns
    -------
    ndarray
        ``1 + (z^4 + 2 z^2 - 3) / 18`` times the squared skewness; 1 where z is below 1.

    References
    ----------
    P. Hall, The Bootstrap and Edgeworth Expansion (1992), section 2.6, doi:10.1007/978-1-4612-4384-7, the
    polynomial q2 of the Studentised mean; "Theoretical comparison of bootstrap confidence intervals",
    Ann. Stat. 16, 927 (1988), doi:10.1214/aos/1176350933.

    Examples
    --------
    >>> skewness_widening(np.array([0.0, 0.5, 1.0]), 0.95).round(2).tolist()
    [1.0, 1.54, 2.08]
    """
    square = bootstrap_factor(confidence) ** 2
    widening: FloatArray = 1 + max(square**2 + 2 * square - 3, 0.0) / 18 * np.minimum(squared_skewness, 1.0)
    return widening


def squared_skewness(second: FloatArray, third: FloatArray, number: FloatArray | int) -> FloatArray:
    """Square of the skewness behind a normal-sized sample, less what chance alone gives.

    Parameters
    ----------
    second, third : ndarray
        Central moments of the sample, divided by its size.
    number : ndarray or int
        Size of the sample.

    Returns
    -------
    ndarray
        The squared skewness G1 less its variance in samples of a normal distribution; 0 where that is less
        than 0, where the sample has fewer than 3 values, or where all are the same.

    References
    ----------
    D. N. Joanes and C. A. Gill, "Comparing measures of sample skewness and kurtosis", The Statistician 47,
    183 (1998), doi:10.1111/1467-9884.00122.

    Examples
    --------
    >>> found = squared_skewness(np.array([0.25, 2 / 9]), np.array([0.0, 2 / 27]), np.array([8, 300]))
    >>> found.round(2).tolist()
    [0.0, 0.49]
    """
    enough = (number > 2) & (second > 0)
    size = np.where(enough, number, 3.0)
    scale = np.where(enough, second, 1.0)
    # Not the cube of what may be as small as 1e-110.
    plain = (third / scale) ** 2 / scale
    unbiased = plain * size * (size - 1) / (size - 2) ** 2
    by_chance = 6 * size * (size - 1) / ((size - 2) * (size + 1) * (size + 3))
    return np.where(enough, np.maximum(unbiased - by_chance, 0.0), 0.0)


def _skewness_of_estimate(
    second: FloatArray, third: FloatArray, number: FloatArray | int, resampled: bool
) -> FloatArray:
    """Squared skewness of the estimate itself, from central moments over resamples or replicates."""
    found = squared_skewness(second, third, number)
    return found if resampled else found / np.maximum(number, 1)


def _central_moments(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Second and third central moment over the last axis of what is defined, and how many are."""
    defined = np.isfinite(values)
    number = defined.sum(axis=-1)
    present = np.where(defined, values, 0.0)
    count = np.maximum(number, 1)
    centred = np.where(defined, present - present.sum(axis=-1, keepdims=True) / count[..., np.newaxis], 0.0)
    squares = centred * centred
    return squares.sum(axis=-1) / count, np.einsum("...k,...k->...", squares, centred) / count, number.astype(float)
