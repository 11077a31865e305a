"""Parameters of a family from the quantiles that a person states.

Each function goes through the stated quantiles exactly: by a closed form where there is
one, else by bracketed root finding in a coordinate in which no step can leave the family.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from clustercast.arrays.families import inverse_cdf
from clustercast.arrays.families.density import truncated_normal_cdf
from clustercast.arrays.families.tabulated import log_gamma_variate
from clustercast.errors import InputError

FloatArray = NDArray[np.float64]


def read_quantiles(
    quantiles: Mapping[float, float] | Mapping[str, float], family: str, counts: Sequence[int]
) -> tuple[FloatArray, FloatArray]:
    """Check stated quantiles and put them in order.

    Parameters
    ----------
    quantiles : mapping of float or str to float
        Value at each probability; a probability may be spelt as text, as in a TOML key.
    family : str
        The family they are for.
    counts : sequence of int
        How many quantiles the family takes exactly.

    Returns
    -------
    levels, values : ndarray
        Rising probabilities and the values there.

    Raises
    ------
    InputError
        If a probability is not between 0 and 1, the values do not rise, or there are
        more or fewer than the family takes.
    """
    pairs = sorted((_number(level, "probability"), _number(value, "quantile")) for level, value in quantiles.items())
    levels, values = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    for level in levels:
        if not 0 < level < 1:
            raise InputError(f"probability {level:g} of a quantile must lie strictly between 0 and 1")
    for (before, lower), (after, upper) in zip(pairs, pairs[1:], strict=False):
        if before == after:
            raise InputError(f"the quantile at {after:g} is given twice, as {lower:g} and {upper:g}")
        if not lower < upper:
            raise InputError(
                f"quantiles out of order: {lower:g} at {before:g} is not below {upper:g} at {after:g}; "
                "they must rise with the probability"
            )
    if len(pairs) not in counts:
        taken = " or ".join(str(count) for count in counts)
        remedy = '; family = "metalog" takes three exactly' if len(pairs) == 3 else ""
        given = ", ".join(f"{level:g}" for level in levels) or "none"
        raise InputError(f"{family} takes {taken} quantiles exactly, got {len(pairs)} ({given}){remedy}")
    return levels, values


def _number(value: object, what: str) -> float:
    """Read a finite number."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = np.nan
    if isinstance(value, bool) or not np.isfinite(number):
        if what == "probability":
            raise InputError(f"quantiles has a key that is not a probability: {value!r}")
        raise InputError(f"{what} {value!r} is not a finite number")
    return number


def location_scale(scores: FloatArray, values: FloatArray) -> tuple[float, float]:
    """Return the line through two quantiles.

    Parameters
    ----------
    scores : ndarray, shape (2,)
        Quantiles of the standard member of the family.
    values : ndarray, shape (2,)
        Stated quantiles.

    Returns
    -------
    location, scale : float
        ``values == location + scale * scores``.

    Examples
    --------
    >>> location_scale(np.array([-1.0, 1.0]), np.array([3.0, 7.0]))
    (5.0, 2.0)
    """
    scale = (values[1] - values[0]) / (scores[1] - scores[0])
    return float((values[0] + values[1]) / 2 - scale * (scores[0] + scores[1]) / 2), float(scale)


def logarithms(values: FloatArray, family: str) -> FloatArray:
    """Return the logarithms of quantiles that must be positive.

    Parameters
    ----------
    values : ndarray
        Stated quantiles.
    family : str
        The family they are for.

    Returns
    -------
    ndarray

    Raises
    ------
    InputError
        If one is not positive.
    """
    if values[0] <= 0:
        raise InputError(
            f"{family} holds positive numbers only, got the quantile {values[0]:g}; "
            'use family = "normal" or "metalog" for a quantity that can be zero or negative'
        )
    return np.asarray(np.log(values))


def gamma(levels: FloatArray, values: FloatArray) -> tuple[float, float]:
    """Find the gamma distribution through two quantiles.

    Parameters
    ----------
    levels, values : ndarray, shape (2,)
        Probabilities and positive quantiles.

    Returns
    -------
    shape, scale : float

    Raises
    ------
    InputError
        If the quantiles are nearer to each other or farther apart than shapes from
        1e-3 to 1e5 can put them.
    """
    logs = logarithms(values, "gamma")
    scores = special.ndtri(levels)

    def spread(log_shape: float) -> float:
        variates = log_gamma_variate(scores, float(np.exp(log_shape)))
        return float(variates[1] - variates[0])

    ends = float(np.log(1e-3)), float(np.log(1e5))
    log_shape = _root(lambda log_shape: spread(log_shape) - float(logs[1] - logs[0]), *ends)
    if log_shape is None:
        least, most = np.exp(spread(ends[1])), np.exp(min(spread(ends[0]), 700.0))
        raise InputError(
            f"the quantiles {values[0]:g} and {values[1]:g} are {values[1] / values[0]:.6g} apart, and a gamma "
            f'distribution allows {least:.6g} to {most:.3g} at these probabilities; use family = "lognormal"'
        )
    shape = float(np.exp(log_shape))
    return shape, float(np.exp(logs[0] - log_gamma_variate(scores, shape)[0]))


def beta(levels: FloatArray, values: FloatArray, low: float, high: float) -> tuple[float, float]:
    """Find the beta distribution on an interval through two quantiles.

    Parameters
    ----------
    levels, values : ndarray, shape (2,)
        Probabilities, and quantiles strictly inside the interval.
    low, high : float
        The interval.

    Returns
    -------
    alpha, beta : float

    Raises
    ------
    InputError
        If the two quantiles are so near to each other that the shapes exceed 1e8.
    """
    below, above = (values - low) / (high - low), (high - values) / (high - low)

    def cdf(alpha: float, beta: float, which: int) -> float:
        if below[which] < above[which]:
            return float(special.betainc(alpha, beta, below[which]))
        return float(special.betaincc(beta, alpha, above[which]))

    def shapes(log_total: float) -> tuple[float, float]:
        # At a given total of the shapes, the CDF at the first quantile falls as the mean rises.
        def first(log_odds: float) -> float:
            return cdf(*_split(log_total, log_odds), 0) - float(levels[0])

        log_odds = _root(first, -60.0, 60.0)
        return _split(log_total, 0.0 if log_odds is None else log_odds)

    log_total = _root(lambda log_total: cdf(*shapes(log_total), 1) - float(levels[1]), np.log(1e-3), np.log(1e8))
    if log_total is None:
        raise InputError(
            f"no beta distribution on [{low:g}, {high:g}] goes through {values[0]:g} at {levels[0]:g} and "
            f'{values[1]:g} at {levels[1]:g}; use family = "metalog" with these bounds'
        )
    return shapes(log_total)


def _split(log_total: float, log_odds: float) -> tuple[float, float]:
    """Return two shapes from the logarithm of their sum and the log odds of the mean."""
    total = float(np.exp(log_total))
    return total * float(special.expit(log_odds)), total * float(special.expit(-log_odds))


def truncated_normal(levels: FloatArray, values: FloatArray, low: float, high: float) -> tuple[float, float]:
    """Find the truncated normal distribution through two quantiles.

    Parameters
    ----------
    levels, values : ndarray, shape (2,)
        Probabilities, and quantiles strictly inside the bounds.
    low, high : float
        Bounds; either may be infinite.

    Returns
    -------
    mean, sd : float
        Of the normal distribution before truncation.

    Raises
    ------
    InputError
        If the quantiles are farther apart than such a distribution can put them.
    """
    span = float(values[1] - values[0])
    ends = np.array([low, high])[np.isfinite([low, high])]
    least, most = float(np.min(ends, initial=values[0])), float(np.max(ends, initial=values[1]))

    def cdf(mean: float, sd: float, which: int) -> float:
        return float(truncated_normal_cdf(values[which : which + 1], mean, sd, low, high)[0])

    def mean_at(log_sd: float) -> float:
        # At a given spread, the CDF at the first quantile falls as the mean rises.
        sd = float(np.exp(log_sd))
        found = _root(lambda mean: cdf(mean, sd, 0) - float(levels[0]), least - 30 * sd, most + 30 * sd)
        return (most + 30 * sd) if found is None else found

    def second(log_sd: float) -> float:
        return cdf(mean_at(log_sd), float(np.exp(log_sd)), 1) - float(levels[1])

    widest = np.log(span / (levels[1] - levels[0])) + np.log(30.0)
    log_sd = _root(second, np.log(span) - np.log(20.0), widest)
    if log_sd is None:
        raise InputError(
            f"the quantiles {values[0]:g} and {values[1]:g} are too far apart for a normal distribution truncated "
            f'to [{low:g}, {high:g}]; use family = "metalog" with these bounds, or "beta"'
        )
    return mean_at(log_sd), float(np.exp(log_sd))


def triangular(levels: FloatArray, values: FloatArray, mode: float | None = None) -> tuple[float, float, float]:
    """Find the triangular distribution through three quantiles, or two with a mode.

    Parameters
    ----------
    levels, values : ndarray, shape (3,) or (2,)
        Probabilities and quantiles.
    mode : float, optional
        The peak; needed with two quantiles, refused with three.

    Returns
    -------
    low, mode, high : float

    Raises
    ------
    InputError
        If the quantiles are more skewed than the family; the message says what is allowed.
    """

    def standard(peak: float) -> FloatArray:
        return inverse_cdf.triangular(levels, 1.0 - levels, 0.0, peak, 1.0)

    return _peaked(standard, values, mode, "triangular")


def pert(levels: FloatArray, values: FloatArray, mode: float | None = None) -> tuple[float, float, float]:
    """Find the PERT distribution through three quantiles, or two with a mode.

    Parameters
    ----------
    levels, values : ndarray, shape (3,) or (2,)
        Probabilities and quantiles.
    mode : float, optional
        The peak; needed with two quantiles, refused with three.

    Returns
    -------
    low, mode, high : float

    Raises
    ------
    InputError
        If the quantiles are more skewed than the family; the message says what is allowed.
    """
    return _peaked(
        lambda peak: np.asarray(special.betaincinv(1 + 4 * peak, 5 - 4 * peak, levels)), values, mode, "pert"
    )


def _peaked(
    standard: Callable[[float], FloatArray], values: FloatArray, mode: float | None, family: str
) -> tuple[float, float, float]:
    """Find ends and peak from the quantiles on [0, 1] as a function of the peak there."""
    if (values.size == 2) != (mode is not None):
        raise InputError(f"{family} takes three quantiles, or two quantiles and mode; got {values.size}, mode {mode}")
    middle = float(values[1]) if mode is None else mode
    first, last = float(values[0]), float(values[-1])

    def points(peak: float) -> tuple[float, float, float]:
        found = standard(peak)
        return float(found[0]), float(found[1]) if mode is None else peak, float(found[-1])

    def ratio(peak: float) -> float:
        start, between, end = points(peak)
        return (between - start) / (end - start)

    peak = _root(lambda peak: ratio(peak) - (middle - first) / (last - first), 0.0, 1.0)
    if peak is None:
        allowed = [first + (last - first) * ratio(end) for end in (0.0, 1.0)]
        what = "the middle quantile" if mode is None else "mode"
        raise InputError(
            f"{what} {middle:g} is out of reach of a {family} distribution through {first:g} and {last:g}, which "
            f'allows {min(allowed):.6g} to {max(allowed):.6g}; use family = "metalog" or "lognormal"'
        )
    start, _, end = points(peak)
    scale = (last - first) / (end - start)
    low = first - scale * start
    high = low + scale
    return low, min(max(low + scale * peak if mode is None else mode, low), high), high


def _root(function: Callable[[float], float], low: float, high: float) -> float | None:
    """Return a root inside a bracket by Chandrupatla's method, or None where the ends have the same sign."""
    new, old, third = high, low, high
    at_new, at_old = function(new), function(old)
    at_third = at_new
    # An extreme member of the family is met to rounding, on either side of zero.
    if min(abs(at_new), abs(at_old)) <= 1e-13:
        return new if abs(at_new) < abs(at_old) else old
    if at_new * at_old > 0:
        return None
    share, resolution = 0.5, 1e-18 * (high - low)
    for _ in range(200):
        trial = new + share * (old - new)
        value = function(trial)
        if (value > 0) == (at_new > 0):
            third, at_third = new, at_new
        else:
            third, at_third, old, at_old = old, at_old, new, at_new
        new, at_new = trial, value
        best, at_best = (new, at_new) if abs(at_new) < abs(at_old) else (old, at_old)
        least = (4e-16 * abs(best) + resolution) / abs(old - new)
        if at_best == 0 or least > 0.5:
            return best
        share = min(max(_next_share((new, old, third), (at_new, at_old, at_third)), least), 1 - least)
    return best


def _next_share(points: tuple[float, float, float], values: tuple[float, float, float]) -> float:
    """Return where in the bracket to look next: by inverse quadratic interpolation where that is safe.

    T. R. Chandrupatla (1997), Advances in Engineering Software 28(3), 145-149. doi:10.1016/S0965-9978(96)00051-8
    """
    (new, old, third), (at_new, at_old, at_third) = points, values
    if at_third == at_old or at_third == at_new or third == old:
        return 0.5
    position, level = (new - old) / (third - old), (at_new - at_old) / (at_third - at_old)
    if level**2 < position and (1 - level) ** 2 < 1 - position:
        straight = at_new / (at_old - at_new) * at_third / (at_old - at_third)
        return straight + (third - new) / (old - new) * at_new / (at_third - at_new) * at_old / (at_third - at_old)
    return 0.5
