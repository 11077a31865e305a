"""Ratios of means over independent groups: estimate and standard error."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from clustercast.errors import InputError

FloatArray = NDArray[np.float64]


def ratio_of_means(numerators: FloatArray, denominators: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the ratio of two means and its standard error.

    Every sensitivity index is such a ratio: a share of the variance over the
    variance. The groups are single rows of plain Monte Carlo, or whole
    replicates (independent scrambles) of a low-discrepancy design.

    Parameters
    ----------
    numerators : ndarray, shape (groups, ...)
        One mean or sum for each group, all groups of one size.
    denominators : ndarray, shape (groups, ...)
        Of a shape that broadcasts with `numerators`.

    Returns
    -------
    ratio, standard_error : ndarray, shape (...)
        The error is that of the linearised ratio, with ``groups - 1`` degrees of
        freedom. Where the mean denominator is 0 both are NaN: of no variance there
        is no share.

    Raises
    ------
    InputError
        If there are fewer than two groups.

    References
    ----------
    W. G. Cochran, Sampling Techniques, 3rd ed. (1977), section 6.3.

    Examples
    --------
    >>> ratio, error = ratio_of_means(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
    >>> float(ratio), float(error)
    (0.5, 0.0)
    """
    groups = len(numerators)
    if groups < 2:
        raise InputError(f"a standard error needs 2 or more independent groups, not {groups}; draw more replicates")
    mean = denominators.mean(axis=0)
    whole = np.where(mean == 0, np.nan, mean)
    ratio = numerators.mean(axis=0) / whole
    residuals = numerators - ratio * denominators
    error = np.sqrt((residuals**2).sum(axis=0) / (groups * (groups - 1))) / np.abs(whole)
    return ratio, error


def half_widths(standard_errors: FloatArray, groups: int, level: float = 0.95) -> FloatArray:
    """Return half the width of Student's interval.

    Parameters
    ----------
    standard_errors : ndarray
        Of means over `groups` independent groups.
    groups : int
        Number of groups, 2 or more.
    level : float, optional
        Probability that the interval is to cover.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> round(float(half_widths(np.array(1.0), 16)), 3)
    2.131
    """
    return standard_errors * float(stdtrit(groups - 1, 0.5 + level / 2))
