"""Families with parameters of shape: beta, PERT, which is one of them, gamma and metalog."""

import math
from typing import Any

import numpy as np
from scipy import special

from clustercast.arrays import FloatArray
from clustercast.arrays.families import elicitation, inversion, metalog
from clustercast.arrays.families.inversion import Levels, Tails
from clustercast.errors import InputError
from clustercast.priors.families.closed_form import BetweenEnds, WithMode
from clustercast.priors.families.family import Family, Interval, Parameters
from clustercast.priors.families.validation import checked_bounds, distribution_family


class _OnInterval(BetweenEnds):
    """A beta distribution of `shapes` from `low` to `high`."""

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shapes of the beta distribution."""
        raise NotImplementedError

    def _invert(self, at: Levels) -> FloatArray:
        return metalog.bounded(inversion.beta_logit(*self.shapes)(at.score), self.low, self.high)

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


@distribution_family("beta", counts=(2,), positive=("alpha", "beta"), places=("low", "high"), bounds_are_ends=True)
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
            raise InputError(f'beta needs finite bounds, got [{low:g}, {high:g}]; use family = "metalog" or "gamma"')
        checked_bounds("beta", levels, values, (low, high))
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

        narrow, wide = math.log(1e-3), math.log(1e8)
        log_total = elicitation.root(lambda log_total: cdf(*shapes(log_total), 1) - float(levels[1]), narrow, wide)
        if log_total is None:
            what = f"no beta distribution on [{low:g}, {high:g}] goes through {values[0]:g} at {levels[0]:g}"
            raise InputError(f'{what} and {values[1]:g} at {levels[1]:g}; use family = "metalog" with these bounds')
        return *shapes(log_total), low, high


@distribution_family("pert")
class PERT(_OnInterval, WithMode):
    """The PERT distribution: a beta distribution with mean ``(low + 4 mode + high) / 6``.

    Parameters
    ----------
    low, mode, high : float
        Least, most likely and greatest value, in `unit`.

    References
    ----------
    D. G. Malcolm, J. H. Roseboom, C. E. Clark, W. Fazar, Oper. Res. 7, 646 (1959), doi:10.1287/opre.7.5.646.

    Examples
    --------
    >>> PERT(0, 1, 4).expectation
    1.3333333333333333
    """

    def _mean(self) -> float:
        return (self.low + 4 * self.mode + self.high) / 6

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shapes of the beta distribution that this is."""
        width = self.high - self.low
        return 1 + 4 * (self.mode - self.low) / width, 1 + 4 * (self.high - self.mode) / width

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        def standard(peak: float) -> FloatArray:
            return np.asarray(special.betaincinv(1 + 4 * peak, 5 - 4 * peak, levels))

        return elicitation.ends_and_mode(standard, values, mode, cls.family)


@distribution_family("gamma", counts=(2,), ends=(0.0, math.inf), positive=("shape", "scale"), lengths=("scale",))
class Gamma(Family):
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

    shape: float
    scale: float

    def _mean(self) -> float:
        return self.shape * self.scale

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        logs = elicitation.logarithms(values, "gamma")
        scores = special.ndtri(levels)

        def spread(log_shape: float) -> float:
            variates = inversion.log_gamma_variate(scores, math.exp(log_shape))
            return float(variates[1] - variates[0])

        narrowest, widest = math.log(1e5), math.log(1e-3)
        log_shape = elicitation.root(lambda log_shape: spread(log_shape) - (logs[1] - logs[0]), widest, narrowest)
        if log_shape is None:
            least, most = math.exp(spread(narrowest)), math.exp(min(spread(widest), 700.0))
            what = f"the quantiles {values[0]:g} and {values[1]:g} are {values[1] / values[0]:.6g} apart"
            allowed = f"a gamma distribution allows {least:.6g} to {most:.3g} at these probabilities"
            raise InputError(f'{what}, and {allowed}; use family = "lognormal"')
        shape = math.exp(log_shape)
        return shape, float(np.exp(logs[0] - inversion.log_gamma_variate(scores, shape)[0]))

    def _invert(self, at: Levels) -> FloatArray:
        return self.scale * np.exp(inversion.gamma_log(self.shape)(at.score))

    def _tails(self, x: FloatArray) -> Tails:
        ratio = x / self.scale
        return np.asarray(special.gammainc(self.shape, ratio)), np.asarray(special.gammaincc(self.shape, ratio))

    def _log_density(self, x: FloatArray) -> FloatArray:
        ratio = x / self.scale
        powers = special.xlogy(self.shape - 1, ratio) - ratio
        return np.asarray(powers - special.gammaln(self.shape) - math.log(self.scale))


@distribution_family("metalog", counts=(2, 3), has_density_at_ends=False)
class Metalog(Family):
    """The metalog distribution of two or three terms, which takes that many quantiles exactly.

    Parameters
    ----------
    coefficients : sequence of 2 or 3 floats
        Location, scale and skewness, as `from_quantiles` finds them: of the number in `unit` without bounds, of the
        logarithm of the distance to one, of the log odds between two. The bounds are the support; infinite is none.

    References
    ----------
    T. W. Keelin (2016), The metalog distributions. doi:10.1287/deca.2016.0338

    Examples
    --------
    >>> cost = Metalog.from_quantiles({0.05: 1, 0.5: 2, 0.95: 7}, bounds=(0, float("inf")), unit="USD/W")
    >>> cost.quantile([0.05, 0.5, 0.95]).round(12)
    array([1., 2., 7.])
    """

    coefficients: tuple[float, ...]

    def _ends(self) -> Interval:
        return self.bounds or super()._ends()

    def _mean(self) -> float | None:
        return self.coefficients[0] + sum(self.coefficients[2:]) / 2 if self.support == super()._ends() else None

    def _check(self) -> None:
        if len(self.coefficients) not in (2, 3):
            raise InputError(f"a metalog has 2 or 3 coefficients, got {len(self.coefficients)}")
        if not metalog.is_feasible(self.coefficients):
            what = f"coefficients {list(self.coefficients)} give quantiles that do not rise"
            limit = metalog.SKEWNESS_LIMIT
            third = f"{max(self.coefficients[1], 0.0) * limit:.6g} of 0 ({limit:.5f} times the second)"
            raise InputError(f"{what}; the second must be positive and the third within {third}")

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        return (metalog.fit(levels, values, *(bounds or (-math.inf, math.inf))),)

    def _changes(self, scale: float, shift: float) -> dict[str, Any] | None:
        if scale <= 0:
            return None
        below, above = math.isfinite(self.support[0]), math.isfinite(self.support[1])
        location, *rest = self.coefficients
        if below or above:
            # A scale leaves the log odds between two bounds alone and shifts the logarithm of the distance to one.
            location += (below - above) * math.log(scale)
        else:
            location, rest = scale * location + shift, [scale * coefficient for coefficient in rest]
        return {"coefficients": (location, *rest)}

    def _invert(self, at: Levels) -> FloatArray:
        return metalog.quantile(*at.tails, self.coefficients, *self.support)

    def _tails(self, x: FloatArray) -> Tails:
        logit = metalog.logit_of(x, self.coefficients, *self.support)
        return np.asarray(special.expit(logit)), np.asarray(special.expit(-logit))

    def _log_density(self, x: FloatArray) -> FloatArray:
        return metalog.log_density(x, self.coefficients, *self.support)
