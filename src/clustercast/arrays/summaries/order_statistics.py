"""Quantiles along the sample axis and their Monte Carlo errors."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr

from clustercast.arrays.summaries.rank_windows import RankWindows
from clustercast.arrays.summaries.sums import sum_of_products
from clustercast.errors import InputError

FloatArray = NDArray[np.float64]

# The probabilities between which a normal estimate lies within one standard error of the truth.
_ONE_SIGMA = ndtr(np.array([-1.0, 1.0]))


def checked_probabilities(probabilities: Sequence[float] | FloatArray) -> FloatArray:
    """Return probabilities as an increasing array.

    Raises
    ------
    InputError
        If there are none, or one is not between 0 and 1, or they do not increase.
    """
    points = np.atleast_1d(np.asarray(probabilities, dtype=float))
    if points.ndim != 1 or not points.size or not np.all((points >= 0) & (points <= 1)) or np.any(np.diff(points) <= 0):
        raise InputError(
            f"probabilities are {np.asarray(probabilities).tolist()}; give increasing numbers from 0 to 1, as in "
            "(0.05, 0.5, 0.95)"
        )
    return points


def checked_weights(weights: Sequence[float] | FloatArray, size: int) -> FloatArray:
    """Return weights that sum to 1.

    Raises
    ------
    InputError
        If there is not one for each sample, one is negative or not finite, or all are 0.
    """
    given = np.asarray(weights, dtype=float)
    if given.shape != (size,):
        raise InputError(f"weights have shape {given.shape}, but there are {size} samples; give one for each")
    if not np.isfinite(given).all() or given.min(initial=0.0) < 0 or not given.any():
        raise InputError("weights must be finite and 0 or more, and not all 0; one is not; give importance weights")
    # Dividing by the largest first keeps weights near the limits of floating point from over- or underflowing.
    scaled = given / given.max()
    return np.asarray(scaled / scaled.sum())


def effective_size(weights: FloatArray) -> float:
    """Return Kish's effective number of samples, ``sum(w)**2 / sum(w**2)``.

    Parameters
    ----------
    weights : ndarray, shape (n,)

    Returns
    -------
    float
        From 1 to n.

    Examples
    --------
    >>> effective_size(np.ones(5))
    5.0
    """
    return float(weights.sum() ** 2 / np.square(weights).sum())


def quantiles(
    values: FloatArray, probabilities: Sequence[float] | FloatArray, weights: FloatArray | None = None
) -> FloatArray:
    """Return quantiles along the last axis.

    Parameters
    ----------
    values : ndarray, shape (..., n)
        Infinities are values like others.
    probabilities : sequence of float
        Increasing, from 0 to 1.
    weights : ndarray, shape (n,), optional
        Importance weights, of any scale; samples of weight 0 do not count.

    Returns
    -------
    ndarray, shape (..., probabilities)
        Without weights the values of ``numpy.quantile(..., method="linear")``, several times faster; with
        weights those of ``xarray``'s weighted quantile, of which the former is the case of equal weights.

    Raises
    ------
    InputError
        If there are no samples, one is NaN, or probabilities or weights are no such things.

    References
    ----------
    R. J. Hyndman and Y. Fan, Am. Stat. 50, 361 (1996), doi:10.2307/2684934, definition 7; for weights
    A. Akinshin, "Weighted quantile estimators" (2023), arXiv:2304.07265.

    Examples
    --------
    >>> quantiles(np.array([[4.0, 1.0, 3.0, 2.0, 5.0]]), [0.25, 0.5])
    array([[2., 3.]])
    """
    return _row_by_row(values, checked_probabilities(probabilities), weights, errors=False)[0]


def quantiles_with_errors(
    values: FloatArray, probabilities: Sequence[float] | FloatArray, weights: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return quantiles along the last axis and their Monte Carlo standard errors.

    Parameters
    ----------
    values : ndarray, shape (..., n)
        Infinities are values like others; an error is infinite where the interval it is made of reaches one
        and the quantile does not.
    probabilities : sequence of float
        Increasing, from 0 to 1.
    weights : ndarray, shape (n,), optional
        Importance weights, of any scale.

    Returns
    -------
    quantiles, errors : ndarray, shape (..., probabilities)
        The error is half the distance of the two order statistics between which the quantile lies with the
        probability of one standard error (68 %), by the binomial law of how many of n independent samples lie
        below it. It supposes nothing of the distribution. Points of a Latin hypercube or of a Sobol' sequence
        are spread more evenly than independent ones, and for them it is an upper limit. With weights, n is
        Kish's effective size. One sample alone says nothing: its error is infinite.

    Raises
    ------
    InputError
        As of `quantiles`.

    References
    ----------
    R. S. Woodruff, J. Am. Stat. Assoc. 47, 635 (1952), doi:10.1080/01621459.1952.10483443; the interval by the
    beta distribution as in A. Vehtari et al., Bayesian Anal. 16, 667 (2021), doi:10.1214/20-BA1221.
    """
    return _row_by_row(values, checked_probabilities(probabilities), weights, errors=True)


def sample_rows(values: FloatArray) -> tuple[FloatArray, tuple[int, ...]]:
    """Return values as rows of samples, and the shape of what is not the sample axis.

    Raises
    ------
    InputError
        If there are no samples.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise InputError(f"values of shape {array.shape} hold no samples; give 1 or more along the last axis")
    return array.reshape(-1, array.shape[-1]), array.shape[:-1]


class RowQuantiles:
    """Quantiles of rows of one length, with what all rows share found once.

    Parameters
    ----------
    probabilities : ndarray
        From `checked_probabilities`.
    size : int
        Samples in a row.
    share : ndarray, shape (size,), optional
        From `checked_weights`.
    errors : bool, optional
        Whether to give the errors of `quantiles_with_errors` too.
    """

    def __init__(
        self, probabilities: FloatArray, size: int, share: FloatArray | None = None, errors: bool = True
    ) -> None:
        self._probabilities, self._share = probabilities, share
        self._interval = _order_interval(probabilities, size if share is None else effective_size(share))
        ranks, self._fraction = _linear_ranks(probabilities, size)
        if errors:
            ranks += _end_ranks(*self._interval, size)
        self._windows = RankWindows(size, np.stack(ranks))

    def write(self, row: FloatArray, out: FloatArray) -> None:
        """Write quantiles and errors of one row.

        Parameters
        ----------
        row : ndarray, shape (size,)
            Without NaN.
        out : ndarray, shape (2, probabilities)
        """
        if self._share is not None:
            _weighted(row, self._share, self._probabilities, *self._interval, out)
            return
        placed = self._windows.of(row)
        out[0] = _between(placed[0], placed[1], self._fraction)
        if len(placed) > 2:
            out[1] = _half_width(placed[2], placed[3], row.size)


def _row_by_row(
    values: FloatArray, probabilities: FloatArray, weights: FloatArray | None, errors: bool
) -> tuple[FloatArray, FloatArray]:
    """Return quantiles and, where asked for, errors; one row at a time, so that it stays in the cache."""
    rows, shape = sample_rows(values)
    size = rows.shape[1]
    found = np.empty((2, len(rows), len(probabilities)))
    share = None if weights is None else checked_weights(weights, size)
    quantile = RowQuantiles(probabilities, size, share, errors)
    for i, row in enumerate(rows):
        # A sum of squares is NaN only where a sample is, and costs less than a maximum.
        with np.errstate(over="ignore"):
            squares = sum_of_products(row, row)
        if np.isnan(squares):
            raise InputError(f"{np.count_nonzero(np.isnan(row))} of {size} samples are NaN; mend what made them")
        quantile.write(row, found[:, i])
    return found[0].reshape(*shape, -1), found[1].reshape(*shape, -1)


def _order_interval(probabilities: FloatArray, count: float) -> tuple[FloatArray, FloatArray]:
    """Return the shares of the sample between which each quantile lies with the probability of one sigma."""
    a, b = count * probabilities + 1, count * (1 - probabilities) + 1
    return betaincinv(a, b, _ONE_SIGMA[0]), betaincinv(a, b, _ONE_SIGMA[1])


def _linear_ranks(probabilities: FloatArray, size: int) -> tuple[list[NDArray[np.intp]], FloatArray]:
    """Return the ranks between which quantiles of equal weights lie, and how far from the lower one."""
    position = (size - 1) * probabilities
    below = np.floor(position).astype(np.intp)
    fraction = position - below
    return [below, below + (fraction > 0)], fraction


def _end_ranks(low: FloatArray, high: FloatArray, size: int) -> list[NDArray[np.intp]]:
    """Return the ranks of the ends of the intervals from which errors are made."""
    left, right = np.floor(low * size - 1), np.ceil(high * size - 1)
    return [np.maximum(left, 0).astype(np.intp), np.minimum(right, size - 1).astype(np.intp)]


def _between(left: FloatArray, right: FloatArray, fraction: FloatArray) -> FloatArray:
    """Return what lies between two order statistics; beside an infinite one it is infinite."""
    nearer_left = fraction < 0.5
    found = np.where(np.isinf(left) & (nearer_left | np.isfinite(right)), left, right)
    finite = np.isfinite(left) & np.isfinite(right)
    a, b, part = left[finite], right[finite], fraction[finite]
    # Interpolated from the nearer end, as NumPy does, so that the bits are NumPy's.
    found[finite] = np.where(part < 0.5, a + (b - a) * part, b - (b - a) * (1 - part))
    return found


def _weighted(
    row: FloatArray, share: FloatArray, probabilities: FloatArray, low: FloatArray, high: FloatArray, out: FloatArray
) -> None:
    """Write weighted quantiles, the means of the sorted sample over a window of one effective sample, and errors."""
    kept = np.flatnonzero(share)
    kept = kept[np.argsort(row[kept], kind="stable")]
    ordered, upper = row[kept], np.cumsum(share[kept])
    upper /= upper[-1]
    lower = np.concatenate([[0.0], upper[:-1]])
    count = effective_size(share)
    start = (count - 1) * probabilities / count
    for j, opening in enumerate(start):
        # A sample that the window touches by less than rounding must not count: it may be infinite.
        closing = min(opening + 1 / count, 1.0)
        first = int(np.searchsorted(upper, opening + 1e-14, side="right"))
        final = max(int(np.searchsorted(lower, closing - 1e-14, side="left")), first + 1)
        part = slice(min(first, upper.size - 1), final)
        overlap = np.minimum(upper[part], closing) - np.maximum(lower[part], opening)
        out[0, j] = _average(ordered[part], overlap)
    ends = [np.minimum(np.searchsorted(upper, edge), upper.size - 1) for edge in (low, high)]
    out[1] = _half_width(ordered[ends[0]], ordered[ends[1]], count)


def _average(ordered: FloatArray, overlap: FloatArray) -> float:
    """Return the weighted mean of a few sorted numbers; the middle one where both infinities are among them."""
    if ordered.size == 1:
        return float(ordered[0])
    if np.isinf(ordered[0]) and np.isinf(ordered[-1]):
        return float(ordered[np.searchsorted(np.cumsum(overlap), overlap.sum() / 2)])
    return float(np.average(ordered, weights=overlap))


def _half_width(left: FloatArray, right: FloatArray, count: float) -> FloatArray:
    """Return half the distance of two order statistics, 0 where both are the same, infinities included."""
    width = np.zeros_like(left)
    apart = left != right
    width[apart] = (right[apart] - left[apart]) / 2
    return width if count > 1 else np.full_like(left, np.inf)
