"""Inversion of distributions: by tail probabilities, each with its own relative accuracy, and from a table."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from clustercast.arrays import FloatArray, Function, Pair

Tails = Pair
_BothTails = Callable[[FloatArray], Tails]
_MOST_STEPS = 200
_ROUNDING = 4e-16
# Of a tail: the sum of a thousand components is not known better.
_ACCURACY = 1e-14
# Beyond 8.5 standard deviations a tail holds 1e-17: less than the spacing of doubles below 1.
_REACH = 8.5
_INTERVALS = (512, 1024, 2048, 4096, 8192)
# Largest error of the normal score: the probability of a tail is then right to 1e-10 of itself.
_SCORE_TOLERANCE = 1e-11
# Of the logarithm of the standard normal density.
_LOG_ROOT_TWO_PI = np.log(2 * np.pi) / 2


def tails_of_score(z: FloatArray) -> Tails:
    """Return the lower and the upper tail probability of normal scores, ``ndtr(z)`` and ``ndtr(-z)``."""
    smaller = special.ndtr(-np.abs(z))
    larger = 1.0 - smaller
    below = z < 0
    return np.where(below, smaller, larger), np.where(below, larger, smaller)


def score_of_tails(p: FloatArray, q: FloatArray) -> FloatArray:
    """Return the normal scores of tail probabilities, from the smaller of the two."""
    score = special.ndtri(np.minimum(p, q))
    return np.asarray(np.where(p < q, score, -score))


@dataclass(frozen=True, eq=False)
class Levels:
    """Probabilities, given as lower tails `p`, both tails, or normal scores `z`, each as accurate as it was given."""

    p: FloatArray | None = None
    q: FloatArray | None = None
    z: FloatArray | None = None

    @property
    def tails(self) -> Tails:
        """Both tail probabilities."""
        if self.p is None:
            return tails_of_score(self.score)
        return self.p, 1.0 - self.p if self.q is None else self.q

    @property
    def score(self) -> FloatArray:
        """The normal scores."""
        if self.p is None:
            assert self.z is not None
            return self.z
        return np.asarray(special.ndtri(self.p)) if self.q is None else score_of_tails(self.p, self.q)


def invert(
    tails: _BothTails, density: Function, p: FloatArray, q: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Return where a distribution has given tail probabilities, each inside a bracket from `low` to `high`."""
    # Newton's steps inside the bracket, bisection outside. No element sees another: any blocks give the same bits.
    x, low, high = low.copy(), low.copy(), high.copy()
    todo = np.flatnonzero(np.isfinite(low) & np.isfinite(high) & (low < high))
    x[todo] = _middle(low[todo], high[todo])
    for _ in range(_MOST_STEPS):
        if not todo.size:
            break
        here, lower = x[todo], p[todo] < q[todo]
        at, above = tails(here)
        # The smaller tail is compared: the larger one has lost its digits.
        excess = np.where(lower, at - p[todo], q[todo] - above)
        high[todo] = np.where(excess >= 0, here, high[todo])
        low[todo] = np.where(excess < 0, here, low[todo])
        with np.errstate(all="ignore"):
            step = excess / density(here)
        newton = here - step
        inside = (newton > low[todo]) & (newton < high[todo]) & (step != 0)
        following = np.where(inside, newton, _middle(low[todo], high[todo]))
        right = np.abs(excess) <= _ACCURACY * np.where(lower, p[todo], q[todo])
        settled = right | (inside & (np.abs(step) <= _ROUNDING * np.abs(here)))
        x[todo] = np.where(right, here, following)
        # No number lies between the ends: at a step of the distribution function the upper one takes it.
        narrow = np.nextafter(low[todo], high[todo]) >= high[todo]
        x[todo] = np.where(narrow & ~settled, high[todo], x[todo])
        todo = todo[~(settled | narrow)]
    return x


def _middle(low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the middle of brackets: of the logarithms where an end is many times the other, of the numbers else."""
    with np.errstate(all="ignore"):
        logarithmic = np.sign(low) * np.sqrt(low * high)
    wide = (low * high > 0) & (np.maximum(np.abs(low), np.abs(high)) > 4 * np.minimum(np.abs(low), np.abs(high)))
    return np.where(wide & np.isfinite(logarithmic), logarithmic, low / 2 + high / 2)


@dataclass(frozen=True, eq=False)
class Table:
    """An increasing function of the normal score: exact, and as a table by its derivatives, from scores and values."""

    # An inverse CDF is tabulated by the normal score z = ndtri(p), in a coordinate in which it is smooth and close to
    # straight (the logit of a beta variate, the logarithm of a gamma variate): few knots of a quintic interpolant then
    # keep the relative accuracy of both tails. It is compared with the exact function between its knots and refined
    # until it is right; where it cannot be, that is used. Derflinger et al. (2010), doi:10.1145/1842722.1842723
    exact: Function
    derivatives: Callable[[FloatArray, FloatArray], Pair] | None

    def __call__(self, z: FloatArray) -> FloatArray:
        """Evaluate at normal scores, exactly where they leave the table."""
        # Zero is a knot, at which the table is exact: a median alone does without it.
        if (z.size == 1 and not z.any()) or self.coefficients is None:
            return self.exact(z)
        outside = np.abs(z) >= _REACH
        if not outside.any():
            return interpolate(self.coefficients, z)
        result = interpolate(self.coefficients, np.where(outside, 0.0, z))
        result[outside] = self.exact(z[outside])
        return result

    @functools.cached_property
    @np.errstate(all="ignore")
    def coefficients(self) -> FloatArray | None:
        """The quintics, shape (6, intervals), right to 1e-11 in the score; none where a density is 0 or infinite."""
        if self.derivatives is None:
            return None
        for intervals in _INTERVALS:
            knots, step = np.linspace(-_REACH, _REACH, intervals + 1), 2 * _REACH / intervals
            values = self.exact(knots)
            first, second = self.derivatives(knots, values)
            # The polynomials that match value and two derivatives at both ends of each interval.
            rise, slope, next_slope = np.diff(values), step * first[:-1], step * first[1:]
            curve, next_curve = step**2 * second[:-1] / 2, step**2 * second[1:] / 2
            third = 10 * rise - 6 * slope - 4 * next_slope - 3 * curve + next_curve
            fourth = -15 * rise + 8 * slope + 7 * next_slope + 3 * curve - 2 * next_curve
            fifth = 6 * rise - 3 * slope - 3 * next_slope - curve + next_curve
            coefficients = np.stack([values[:-1], slope, curve, third, fourth, fifth])
            # The error is largest half way between the knots.
            middles = np.asarray((np.arange(intervals) + 0.5) * step - _REACH, dtype=np.float64)
            values = self.exact(middles)
            error = np.abs(interpolate(coefficients, middles) - values) / self.derivatives(middles, values)[0]
            if np.isfinite(error).all() and error.max() <= _SCORE_TOLERANCE:
                return coefficients
        return None


def interpolate(coefficients: FloatArray, z: FloatArray) -> FloatArray:
    """Return a table's values at scores that are all within its reach."""
    position = (z + _REACH) * (coefficients.shape[1] / (2 * _REACH))
    interval = position.astype(np.intp)
    # A score just under the reach may round up to the end of the last interval.
    np.minimum(interval, coefficients.shape[1] - 1, out=interval)
    position -= interval
    result: FloatArray = coefficients[5].take(interval)
    for power in (4, 3, 2, 1, 0):
        result *= position
        result += coefficients[power].take(interval)
    return result


@functools.lru_cache(maxsize=128)
def beta_logit(alpha: float, beta: float) -> Table:
    """Return the logit of a beta variate as a function of the normal score."""
    log_beta = float(special.betaln(alpha, beta))

    def derivatives(z: FloatArray, logit: FloatArray) -> Pair:
        log_x, log_y = -np.logaddexp(0.0, -logit), -np.logaddexp(0.0, logit)
        first = np.exp(log_beta - (z * z / 2 + _LOG_ROOT_TWO_PI) - alpha * log_x - beta * log_y)
        return first, first * ((beta * np.exp(log_x) - alpha * np.exp(log_y)) * first - z)

    return Table(lambda z: log_beta_variate(z, alpha, beta) - log_beta_variate(-z, beta, alpha), derivatives)


def log_beta_variate(z: FloatArray, alpha: float, beta: float) -> FloatArray:
    """Return the logarithm of the beta quantile at normal scores, accurate in both tails."""
    # Up to 1e-14 of itself the CDF is its first term, x**alpha / (alpha * B(alpha, beta)), below the limit. For shapes
    # just above 1 SciPy 1.17 gives no number, or 2e-16, below 1e-15.
    leading = (special.log_ndtr(z) + np.log(alpha) + special.betaln(alpha, beta)) / alpha
    below, above = (functools.partial(inverse, alpha, beta) for inverse in (special.betaincinv, special.betainccinv))
    return _log_variate(z, below, above, leading, np.log(1e-14) - np.log1p(beta))


def _log_variate(z: FloatArray, below: Function, above: Function, leading: FloatArray, limit: float) -> FloatArray:
    """Return the logarithm of quantiles by the smaller tail, or below a limit the logarithm of the leading term."""
    low, tail, quantile = z < 0, special.ndtr(-np.abs(z)), np.empty_like(z)
    # Not by where=, with which functions of SciPy 1.17 free memory that is not theirs.
    quantile[low], quantile[~low] = below(tail[low]), above(tail[~low])
    small = leading < limit
    # Nor does SciPy give a beta variate that is 1 but for 1e-15.
    return np.asarray(np.where(small, leading, np.log(np.where(small | np.isnan(quantile), 1.0, quantile))))


@functools.lru_cache(maxsize=128)
def gamma_log(shape: float) -> Table:
    """Return the logarithm of a gamma variate of scale 1 as a function of the normal score."""
    log_gamma = float(special.gammaln(shape))

    def derivatives(z: FloatArray, log_x: FloatArray) -> Pair:
        x = np.exp(log_x)
        first = np.exp(log_gamma - (z * z / 2 + _LOG_ROOT_TWO_PI) - shape * log_x + x)
        return first, first * ((x - shape) * first - z)

    return Table(lambda z: log_gamma_variate(z, shape), derivatives)


def log_gamma_variate(z: FloatArray, shape: float) -> FloatArray:
    """Return the logarithm of the gamma quantile of scale 1 at normal scores, accurate in both tails."""
    # Below any rounding the CDF is its first term, x**shape / Gamma(shape + 1).
    leading = (special.log_ndtr(z) + special.gammaln(shape + 1)) / shape
    below, above = (functools.partial(inverse, shape) for inverse in (special.gammaincinv, special.gammainccinv))
    return _log_variate(z, below, above, leading, np.log(1e-25))
