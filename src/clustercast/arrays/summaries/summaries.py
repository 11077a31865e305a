"""Summaries of samples: quantiles, means and shares with their Monte Carlo errors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays.summaries.order_statistics import (
    RowQuantiles,
    checked_probabilities,
    checked_weights,
    effective_size,
    quantiles,
    sample_rows,
)
from clustercast.arrays.summaries.sums import sum_of_products
from clustercast.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """What a sample says of the distribution it came from.

    Attributes
    ----------
    quantiles, quantile_errors : ndarray, shape (..., probabilities)
        Quantiles and their Monte Carlo standard errors.
    mean, mean_error : ndarray, shape (...)
        Mean and its Monte Carlo standard error.
    """

    quantiles: FloatArray
    quantile_errors: FloatArray
    mean: FloatArray
    mean_error: FloatArray


def mean_with_error(values: FloatArray, weights: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Return the mean along the last axis and its Monte Carlo standard error.

    Parameters
    ----------
    values : ndarray, shape (..., n)
        Finite.
    weights : ndarray, shape (n,), optional
        Importance weights, of any scale.

    Returns
    -------
    mean, error : ndarray, shape (...)
        The error is that of n independent samples, an upper limit for a Latin hypercube or Sobol' points;
        with weights that of the self-normalised estimate. One sample alone has an infinite error.

    Raises
    ------
    InputError
        If there are no samples or one is not finite.

    References
    ----------
    A. B. Owen, *Monte Carlo theory, methods and examples* (2013), eq. 9.9.
    """
    array, shape = sample_rows(values)
    share = None if weights is None else checked_weights(weights, array.shape[1])
    found, scratch = np.empty((2, len(array))), np.empty(array.shape[1])
    for i, row in enumerate(array):
        found[:, i] = _mean_of_row(row, share, scratch)
    return found[0].reshape(shape), found[1].reshape(shape)


def summary(
    values: FloatArray, probabilities: Sequence[float] | FloatArray, weights: FloatArray | None = None
) -> Summary:
    """Return quantiles, mean and the Monte Carlo errors of both along the last axis.

    Parameters
    ----------
    values : ndarray, shape (..., n)
        Finite.
    probabilities : sequence of float
        Increasing, from 0 to 1.
    weights : ndarray, shape (n,), optional
        Importance weights, of any scale.

    Returns
    -------
    Summary
        See `quantiles_with_errors` and `mean_with_error`.

    Raises
    ------
    InputError
        As of `quantiles`, and if a sample is not finite.
    """
    array, shape = sample_rows(values)
    points, size = checked_probabilities(probabilities), array.shape[1]
    share = None if weights is None else checked_weights(weights, size)
    quantile, scratch = RowQuantiles(points, size, share), np.empty(size)
    placed, means = np.empty((2, len(array), len(points))), np.empty((2, len(array)))
    # Row by row, so that a row is in the cache for its quantiles when its mean is known.
    for i, row in enumerate(array):
        means[:, i] = _mean_of_row(row, share, scratch)
        quantile.write(row, placed[:, i])
    return Summary(*placed.reshape(2, *shape, -1), *means.reshape(2, *shape))


def replicated_summary(values: FloatArray, probabilities: Sequence[float] | FloatArray, replicates: int) -> Summary:
    """Return quantiles and mean with errors from the spread of independent replicates.

    Parameters
    ----------
    values : ndarray, shape (..., n)
        Finite; replicates of equal size, one after the other.
    probabilities : sequence of float
        Increasing, from 0 to 1.
    replicates : int
        How many, 2 or more; the error rests on one less degrees of freedom.

    Returns
    -------
    Summary
        Quantiles and mean of all samples; the standard errors are the spread of those of single replicates
        over the root of their number, which holds for scrambled Sobol' points too.

    Raises
    ------
    InputError
        If the replicates are fewer than 2 or do not divide the samples.

    References
    ----------
    A. B. Owen, "Monte Carlo variance of scrambled net quadrature", SIAM J. Numer. Anal. 34, 1884 (1997),
    doi:10.1137/S0036142994277468.
    """
    array, shape = sample_rows(values)
    size = array.shape[1]
    if replicates < 2 or size % replicates:
        raise InputError(f"replicates is {replicates}; give 2 or more, in equal parts of the {size} samples")
    mean = mean_with_error(values)[0]
    parts = array.reshape(len(array), replicates, size // replicates)
    points = checked_probabilities(probabilities)
    spread = quantiles(parts, points).std(axis=1, ddof=1) / np.sqrt(replicates)
    mean_spread = parts.mean(axis=2).std(axis=1, ddof=1) / np.sqrt(replicates)
    return Summary(quantiles(values, points), spread.reshape(*shape, -1), mean, mean_spread.reshape(shape))


def share_with_error(reached: NDArray[np.bool_], weights: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Return the share of samples for which something holds, and its Monte Carlo standard error.

    Parameters
    ----------
    reached : ndarray of bool, shape (..., n)
    weights : ndarray, shape (n,), optional
        Importance weights, of any scale.

    Returns
    -------
    share, error : ndarray, shape (...)
        The error is the standard deviation of the beta distribution that the counts leave of the probability
        (Jeffreys' prior), so that it is not 0 where no sample, or every one, is counted. With weights the
        counts are those of Kish's effective size.

    References
    ----------
    L. D. Brown, T. T. Cai and A. DasGupta, Stat. Sci. 16, 101 (2001), doi:10.1214/ss/1009213286.

    Examples
    --------
    >>> share, error = share_with_error(np.array([True, False, False, False]))
    >>> float(share), round(float(error), 3)
    (0.25, 0.187)
    """
    size = reached.shape[-1]
    if not size:
        raise InputError("there are no samples; draw 1 or more")
    if weights is None:
        count: float = size
        share = np.count_nonzero(reached, axis=-1) / np.float64(size)
    else:
        normal = checked_weights(weights, size)
        count = effective_size(normal)
        # A sum of weights that are 1 together may pass 1 by rounding.
        share = np.minimum(reached @ normal, 1.0)
    yes, no = count * share + 0.5, count * (1 - share) + 0.5
    return np.asarray(share), np.asarray(np.sqrt(yes * no / (count + 2)) / (count + 1))


def _mean_of_row(row: FloatArray, share: FloatArray | None, scratch: FloatArray) -> tuple[float, float]:
    """Return the mean of a row and its standard error; the scratch, as long as the row, is overwritten."""
    with np.errstate(invalid="ignore", over="ignore"):
        mean = sum_of_products(row) / row.size if share is None else sum_of_products(row, share)
    if not np.isfinite(mean):
        raise InputError("a mean is asked for, but a sample is not finite; use quantiles, or mend the sample")
    deviations = np.subtract(row, mean, out=scratch)
    if share is None:
        spread, count = sum_of_products(deviations, deviations) / row.size, float(row.size)
    else:
        deviations *= share
        count = effective_size(share)
        spread = sum_of_products(deviations, deviations) * count
    return mean, float(np.sqrt(spread / (count - 1))) if count > 1 else np.inf
