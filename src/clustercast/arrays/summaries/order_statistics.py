"""Sums, weights and quantiles along the sample axis, with Monte Carlo errors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr

from clustercast.arrays import FloatArray
from clustercast.errors import InputError

Probabilities = Sequence[float] | FloatArray
# The probabilities between which a normal estimate lies within one standard error of the truth.
_ONE_SIGMA = ndtr(np.array([-1.0, 1.0]))
# BLAS shares a longer product between its threads, and then their number shows in the last bits.
_PART = 1024


def unit_for_squares(values: FloatArray) -> float:
    """Return 1, or a power of two to divide values by whose squares would overflow or vanish."""
    peak = max(float(values.max()), -float(values.min()))
    return 1.0 if peak == 0 or 1e-100 < peak < 1e100 or not np.isfinite(peak) else 2.0 ** int(np.frexp(peak)[1] - 1)


def squared_in(square: float, unit: float) -> float:
    """Return a square of numbers that were divided by a unit: the largest or smallest float where it is beyond."""
    beyond = (np.nextafter(0, 1), np.finfo(np.float64).max)
    with np.errstate(over="ignore"):
        return square if unit == 1 else float(np.clip(square * np.float64(unit) * unit, *beyond))


def sum_of_products(row: FloatArray, other: FloatArray | None = None) -> float:
    """Return the sum of a row, or of its products with another."""
    # By parts and then pairwise, so that the error of rounding hardly grows with the length: N. J. Higham, SIAM J. Sci.
    # Comput. 14, 783 (1993), doi:10.1137/0914050.
    whole = row.size - row.size % _PART
    if other is None:
        ones = np.ones(_PART)
        parts = np.vecdot(row[:whole].reshape(-1, _PART), ones)
        return float(parts.sum() + row[whole:].sum())
    parts = np.vecdot(row[:whole].reshape(-1, _PART), other[:whole].reshape(-1, _PART))
    return float(parts.sum() + np.vecdot(row[whole:], other[whole:]))


def checked_probabilities(probabilities: Probabilities) -> FloatArray:
    """Return probabilities as an array; refused unless they increase from 0 to 1."""
    points = np.atleast_1d(np.asarray(probabilities, dtype=float))
    if points.ndim != 1 or not points.size or not np.all((points >= 0) & (points <= 1)) or np.any(np.diff(points) <= 0):
        remedy = "give increasing numbers from 0 to 1, as in (0.05, 0.5, 0.95)"
        raise InputError(f"probabilities are {np.asarray(probabilities).tolist()}; {remedy}")
    return points


def checked_weights(weights: Sequence[float] | FloatArray, size: int) -> FloatArray:
    """Return weights that sum to 1; refused unless finite, one a sample, 0 or more and not all 0."""
    given = np.asarray(weights, dtype=float)
    if given.shape != (size,):
        raise InputError(f"weights have shape {given.shape}, but there are {size} samples; give one for each")
    if not np.isfinite(given).all() or given.min(initial=0.0) < 0 or not given.any():
        raise InputError("weights must be finite and 0 or more, and not all 0; one is not; give importance weights")
    # Dividing by the largest first keeps weights near the limits of floating point from over- or underflowing.
    scaled = given / given.max()
    return np.asarray(scaled / scaled.sum())


def effective_size(weights: FloatArray) -> float:
    """Return Kish's effective number of samples, ``sum(w)**2 / sum(w**2)``, from 1 to the number of weights."""
    return float(weights.sum() ** 2 / np.square(weights).sum())


def order_interval(probabilities: FloatArray, count: float) -> tuple[FloatArray, FloatArray]:
    """Return the shares of `count` samples between which each quantile lies with the probability of one sigma."""
    a, b = count * probabilities + 1, count * (1 - probabilities) + 1
    return betaincinv(a, b, _ONE_SIGMA[0]), betaincinv(a, b, _ONE_SIGMA[1])


def interval_ranks(probabilities: FloatArray, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the ranks, from 0, of the order statistics from which the error of each quantile is made."""
    low, high = order_interval(probabilities, size)
    return np.maximum(np.floor(low * size - 1), 0).astype(np.intp), np.ceil(high * size - 1).astype(np.intp)


def quantiles(values: FloatArray, probabilities: Probabilities, weights: FloatArray | None = None) -> FloatArray:
    """Return quantiles along the last axis, shape (..., probabilities); infinities are values like others."""
    return quantiles_with_errors(values, probabilities, weights)[0]


def quantiles_with_errors(
    values: FloatArray, probabilities: Probabilities, weights: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return quantiles along the last axis and their Monte Carlo standard errors, both (..., probabilities)."""
    # Without weights the quantile is definition 7 of R. J. Hyndman and Y. Fan, Am. Stat. 50, 361 (1996),
    # doi:10.2307/2684934, as NumPy's; with weights that of A. Akinshin (2023), arXiv:2304.07265, as xarray's, of which
    # the former is the case of equal weights.
    #
    # The error is half the distance of the two order statistics between which the quantile lies with the probability
    # of one standard error, by the binomial law of how many of n independent samples lie below it (R. S. Woodruff,
    # J. Am. Stat. Assoc. 47, 635 (1952), doi:10.1080/01621459.1952.10483443; by the beta distribution as in A. Vehtari
    # et al., Bayesian Anal. 16, 667 (2021), doi:10.1214/20-BA1221). It supposes nothing of the distribution; for a
    # Latin hypercube or Sobol' points, which are spread more evenly, it is an upper limit. With weights n is Kish's
    # effective size. One sample alone says nothing: its error is infinite.
    rows, shape = sample_rows(values)
    points, size = checked_probabilities(probabilities), rows.shape[1]
    share = None if weights is None else checked_weights(weights, size)
    position = (size - 1) * points
    below = np.floor(position).astype(np.intp)
    part = position - below
    ranks = np.stack([below, below + (part > 0), *interval_ranks(points, size)])
    placed = np.empty((2, len(rows), len(points)))
    for i, row in enumerate(rows):
        # A sum of squares is NaN only where a sample is, and costs less than a maximum.
        with np.errstate(over="ignore"):
            squares = sum_of_products(row, row)
        if np.isnan(squares):
            raise InputError(f"{np.count_nonzero(np.isnan(row))} of {size} samples are NaN; correct what made them")
        placed[:, i] = _interpolated(row, part, ranks) if share is None else _weighted(row, share, points)
    return placed[0].reshape(*shape, -1), placed[1].reshape(*shape, -1)


def sample_rows(values: FloatArray) -> tuple[FloatArray, tuple[int, ...]]:
    """Return values as rows of samples, and the shape of what is not the sample axis."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise InputError(f"values of shape {array.shape} hold no samples; give 1 or more along the last axis")
    return array.reshape(-1, array.shape[-1]), array.shape[:-1]


def _interpolated(row: FloatArray, part: FloatArray, ranks: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
    """Return quantiles, each a part of the way from the first rank to the second, and errors by the other two."""
    left, right, low, high = np.partition(row, np.unique(ranks))[ranks]
    # Beside an infinite one what lies between two is infinite.
    between = np.where(np.isinf(left) & ((part < 0.5) | np.isfinite(right)), left, right)
    finite = np.isfinite(left) & np.isfinite(right)
    a, b, part = left[finite], right[finite], part[finite]
    # Interpolated from the nearer end, as NumPy does, so that the bits are NumPy's.
    between[finite] = np.where(part < 0.5, a + (b - a) * part, b - (b - a) * (1 - part))
    return between, _half_width(low, high, row.size)


def _weighted(row: FloatArray, share: FloatArray, probabilities: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return weighted quantiles, means of the sorted sample over a window of one effective sample, and errors."""
    kept = np.flatnonzero(share)
    kept = kept[np.argsort(row[kept], kind="stable")]
    ordered, upper = row[kept], np.cumsum(share[kept])
    upper /= upper[-1]
    lower = np.concatenate([[0.0], upper[:-1]])
    count = effective_size(share)
    middle = np.empty(len(probabilities))
    for j, opening in enumerate((count - 1) * probabilities / count):
        # A sample that the window touches by less than rounding must not count: it may be infinite.
        closing = opening + 1 / count
        part = slice(int(np.searchsorted(upper, opening + 1e-14)), int(np.searchsorted(lower, closing - 1e-14)))
        overlap = np.minimum(upper[part], closing) - np.maximum(lower[part], opening)
        some = ordered[part]
        if np.isinf(some[0]) and np.isinf(some[-1]):
            # The middle one where both infinities are among them.
            middle[j] = some[np.searchsorted(np.cumsum(overlap), overlap.sum() / 2)]
        else:
            middle[j] = np.average(some, weights=overlap)
    left, right = (ordered[np.searchsorted(upper, edge)] for edge in order_interval(probabilities, count))
    return middle, _half_width(left, right, count)


def _half_width(left: FloatArray, right: FloatArray, count: float) -> FloatArray:
    """Return half the distance of two order statistics, 0 where both are the same, infinities included."""
    width = np.zeros_like(left)
    apart = left != right
    width[apart] = (right[apart] - left[apart]) / 2
    return width if count > 1 else np.full_like(left, np.inf)
