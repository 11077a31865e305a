"""Families whose quantiles are tabulated: beta, PERT, which is one of them, and gamma."""

import math

import numpy as np
from scipy import special

from clustercast.arrays import FloatArray
from clustercast.arrays.families import elicitation, tabulated
from clustercast.arrays.families.tails import Tails
from clustercast.errors import InputError
from clustercast.priors.families.closed_form import BetweenEnds, WithMode
from clustercast.priors.families.family import FromScore, Interval, Parameters
from clustercast.priors.families.validation import distribution_family, refuse_outside


class _OnInterval(FromScore, BetweenEnds):
    """A beta distribution of `shapes` from `low` to `high`."""

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shapes of the beta distribution."""
        raise NotImplementedError

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        logit = tabulated.beta_logit(*self.shapes)(z)
        with np.errstate(over="ignore"):
            np.exp(np.negative(logit, out=logit), out=logit)
        logit += 1.0
        np.divide(self.high - self.low, logit, out=logit)
        logit += self.low
        return np.clip(logit, self.low, self.high, out=logit)

    def _tails(self, x: FloatArray) -> Tails:
        alpha, beta = self.shapes
        below, above = (x - self.low) / (self.high - self.low), (self.high - x) / (self.high - self.low)
        # Near the upper end the distance to it is known better than the distance to the lower one.
        near = below < above
        p = np.where(near, special.betainc(alpha, beta, below), special.betaincc(beta, alpha, above))
        q = np.where(near, special.betaincc(alpha, beta, below), special.betainc(beta, alpha, above))
        return p, q

    def _log_density(self, x: FloatArray) -> FloatArray:
        (alpha, beta), width = self.shapes, self.high - self.low
        powers = special.xlogy(alpha - 1, (x - self.low) / width) + special.xlogy(beta - 1, (self.high - x) / width)
        return np.asarray(powers - special.betaln(alpha, beta) - math.log(width))


@distribution_family
class Beta(_OnInterval):
    """The beta distribution on an interval.

    Parameters
    ----------
    alpha, beta : float
        The two shapes, pure numbers.
    low, high : float, optional
        The interval, in `unit`; 0 to 1 unless given.

    Examples
    --------
    >>> Beta(2, 3, low=0, high=10).expectation
    4.0
    """

    family = "beta"
    quantile_counts = (2,)
    bounds_are_ends = True
    places = ("low", "high")
    positive = ("alpha", "beta")

    alpha: float
    beta: float
    low: float = 0.0
    high: float = 1.0

    def _mean(self) -> float:
        return self.low + (self.high - self.low) * self.alpha / (self.alpha + self.beta)

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shapes."""
        return self.alpha, self.beta

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        low, high = bounds or (0.0, 1.0)
        if math.isinf(low) or math.isinf(high):
            raise InputError(
                f'beta needs two finite bounds, got [{low:g}, {high:g}]; use family = "metalog" or "gamma"'
            )
        refuse_outside("beta", levels, values, low, high)
        return *_shapes_through(levels, values, low, high), low, high


def _shapes_through(levels: FloatArray, values: FloatArray, low: float, high: float) -> tuple[float, float]:
    """Return the shapes of the beta distribution through two quantiles."""
    below, above = (values - low) / (high - low), (high - values) / (high - low)

    def cdf(alpha: float, beta: float, which: int) -> float:
        if below[which] < above[which]:
            return float(special.betainc(alpha, beta, below[which]))
        return float(special.betaincc(beta, alpha, above[which]))

    def split(log_total: float, log_odds: float) -> tuple[float, float]:
        total = math.exp(log_total)
        return total * float(special.expit(log_odds)), total * float(special.expit(-log_odds))

    def shapes(log_total: float) -> tuple[float, float]:
        # At a given total of the shapes, the CDF at the first quantile falls as the mean rises.
        log_odds = elicitation.root(lambda odds: cdf(*split(log_total, odds), 0) - float(levels[0]), -60.0, 60.0)
        return split(log_total, log_odds or 0.0)

    def second(log_total: float) -> float:
        return cdf(*shapes(log_total), 1) - float(levels[1])

    log_total = elicitation.root(second, math.log(1e-3), math.log(1e8))
    if log_total is None:
        raise InputError(
            f"no beta distribution on [{low:g}, {high:g}] goes through {values[0]:g} at {levels[0]:g} and "
            f'{values[1]:g} at {levels[1]:g}; use family = "metalog" with these bounds'
        )
    return shapes(log_total)


@distribution_family
class PERT(_OnInterval, WithMode):
    """The PERT distribution: a beta distribution with mean ``(low + 4 mode + high) / 6``.

    Parameters
    ----------
    low, mode, high : float
        Least, most likely and greatest value, in `unit`.

    References
    ----------
    D. G. Malcolm, J. H. Roseboom, C. E. Clark, W. Fazar (1959), Application of a technique
    for research and development program evaluation. doi:10.1287/opre.7.5.646

    Examples
    --------
    >>> PERT(0, 1, 4).expectation
    1.3333333333333333
    """

    family = "pert"

    low: float
    mode: float
    high: float

    def _mean(self) -> float:
        return (self.low + 4 * self.mode + self.high) / 6

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shapes of the beta distribution that this is."""
        width = self.high - self.low
        return 1 + 4 * (self.mode - self.low) / width, 1 + 4 * (self.high - self.mode) / width

    @classmethod
    def _standard(cls, levels: FloatArray, peak: float) -> FloatArray:
        return np.asarray(special.betaincinv(1 + 4 * peak, 5 - 4 * peak, levels))


@distribution_family
class Gamma(FromScore):
    """The gamma distribution, for waiting times.

    Parameters
    ----------
    shape : float
        A pure number; 1 is the exponential distribution.
    scale : float
        In `unit`; the mean is ``shape * scale``.

    Examples
    --------
    >>> Gamma(3, 2, unit="month").expectation
    6.0
    """

    family = "gamma"
    quantile_counts = (2,)
    bounded_instead = '"metalog"'
    lengths = ("scale",)
    ends = (0.0, math.inf)
    positive = ("shape", "scale")

    shape: float
    scale: float

    def _mean(self) -> float:
        return self.shape * self.scale

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        logs = elicitation.logarithms(values, "gamma")
        scores = special.ndtri(levels)

        def spread(log_shape: float) -> float:
            variates = tabulated.log_gamma_variate(scores, math.exp(log_shape))
            return float(variates[1] - variates[0])

        narrowest, widest = math.log(1e5), math.log(1e-3)
        log_shape = elicitation.root(lambda log_shape: spread(log_shape) - (logs[1] - logs[0]), widest, narrowest)
        if log_shape is None:
            least, most = math.exp(spread(narrowest)), math.exp(min(spread(widest), 700.0))
            raise InputError(
                f"the quantiles {values[0]:g} and {values[1]:g} are {values[1] / values[0]:.6g} apart, and a gamma "
                f'distribution allows {least:.6g} to {most:.3g} at these probabilities; use family = "lognormal"'
            )
        shape = math.exp(log_shape)
        return shape, float(np.exp(logs[0] - tabulated.log_gamma_variate(scores, shape)[0]))

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        result = tabulated.gamma_log(self.shape)(z)
        np.exp(result, out=result)
        result *= self.scale
        return result

    def _tails(self, x: FloatArray) -> Tails:
        ratio = x / self.scale
        return np.asarray(special.gammainc(self.shape, ratio)), np.asarray(special.gammaincc(self.shape, ratio))

    def _log_density(self, x: FloatArray) -> FloatArray:
        ratio = x / self.scale
        powers = special.xlogy(self.shape - 1, ratio) - ratio
        return np.asarray(powers - special.gammaln(self.shape) - math.log(self.scale))
