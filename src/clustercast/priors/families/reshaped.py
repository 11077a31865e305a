"""Distributions reshaped: any one, or the normal, kept between two ends; any one moved on its own scale."""

import math
from typing import Any

import numpy as np
from scipy import special

from clustercast.arrays import FloatArray
from clustercast.arrays.families import elicitation
from clustercast.arrays.families.inversion import Levels, Tails
from clustercast.arrays.families.metalog import bounded, unbounded
from clustercast.errors import InputError
from clustercast.priors.families.closed_form import Normal, normal_log_density
from clustercast.priors.families.composed import OfBase
from clustercast.priors.families.family import Family, Interval, Parameters
from clustercast.priors.families.validation import distribution_family, refuse_unless_rising


class _Between(OfBase):
    """The distribution `base`, given that it is from `low` to `high`, both included."""

    may_be_infinite = ("low", "high")

    low: float
    high: float

    def _ends(self) -> Interval:
        low, high = self.base.support
        if not self.is_discrete:
            return max(low, self.low), min(high, self.high)
        below, between, above = self._masses()[:3]
        first = self.base._invert(Levels(np.array([np.nextafter(below, 1.0)]), np.array([between + above])))
        return float(first[0]), float(self.base.quantile(1.0 if self.high >= high else self._masses()[4]))

    def _masses(self) -> tuple[float, float, float, float, float]:
        """Return the probability below, between and above the ends, and of all from `low` up and up to `high`."""
        below, from_low = self.base.tails(np.nextafter(self.low, -math.inf))
        to_high, above = self.base.tails(self.high)
        # A difference of the smaller tails: of the larger ones the digits are lost.
        between = from_low - above if below > 0.5 else to_high - below
        return float(below), float(between), float(above), float(from_low), float(to_high)

    def _invert(self, at: Levels) -> FloatArray:
        (p, q), (below, between, above) = at.tails, self._masses()[:3]
        return np.clip(self.base._invert(Levels(below + p * between, above + q * between)), *self.support)

    def _all_tails(self, values: FloatArray) -> Tails:
        below, between, above, from_low, to_high = self._masses()
        p, q = self.base.tails(values)
        lower = np.where(p < 0.5, p - below, from_low - q) / between
        upper = np.where(q < 0.5, q - above, to_high - p) / between
        return np.clip(lower, 0.0, 1.0), np.clip(upper, 0.0, 1.0)

    def _log_density(self, x: FloatArray) -> FloatArray:
        return self.base.log_density(x) - math.log(self._masses()[1])


@distribution_family("truncated")
class Truncated(_Between):
    """Any distribution, given that the number lies between two ends.

    Parameters
    ----------
    base : Family or frozen scipy.stats distribution
        The distribution before truncation; its unit is the default.
    low, high : float, optional
        The ends, in `unit`; infinite unless given.

    Examples
    --------
    >>> Truncated(Normal(0.5, 0.3), low=0, high=1).quantile([0, 1]).tolist()
    [0.0, 1.0]
    """

    base: Family
    low: float = -math.inf
    high: float = math.inf

    def _check(self) -> None:
        super()._check()
        refuse_unless_rising(self.low, self.high)
        if not self._masses()[1] > 0:
            raise InputError(f"low = {self.low:g} to high = {self.high:g} holds nothing of {self.base!r}; move an end")

    def _changes(self, scale: float, shift: float) -> dict[str, Any]:
        low, high = sorted(scale * end + shift for end in (self.low, self.high))
        return {"base": self.base._linear(scale, shift, "1"), "low": low, "high": high, "bounds": None}


@distribution_family("truncated_normal", counts=(2,), positive=("sd",), places=("mean", "low", "high"), lengths=("sd",))
class TruncatedNormal(_Between):
    """The normal distribution, given that the number lies between two ends.

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation before truncation, in `unit`.
    low, high : float
        The ends, in `unit`; either may be infinite.

    Examples
    --------
    >>> round(TruncatedNormal(0, 1, 0, float("inf")).expectation, 12)
    0.797884560803
    """

    bounds_are_ends = True

    mean: float
    sd: float
    low: float
    high: float

    def _mean(self) -> float:
        low, high = np.exp(normal_log_density(np.array([self.low, self.high]), self.mean, self.sd)) * self.sd
        return float(np.clip(self.mean + self.sd * (low - high) / self._masses()[1], self.low, self.high))

    def _check(self) -> None:
        Family._check(self)
        refuse_unless_rising(self.low, self.high)
        if self.low > self.mean + 35 * self.sd or self.high < self.mean - 35 * self.sd:
            what = f"low = {self.low:g} to high = {self.high:g} is more than 35 sd from mean = {self.mean:g}"
            raise InputError(f"{what}, where a normal distribution holds nothing; move the mean or widen sd")
        object.__setattr__(self, "base", Normal(self.mean, self.sd))

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        if bounds is None:
            raise InputError('truncated_normal needs bounds, as in [0, inf]; without any use family = "normal"')
        (low, high), span = bounds, float(values[1] - values[0])
        ends = np.array([low, high])[np.isfinite([low, high])]
        least, most = float(np.min(ends, initial=values[0])), float(np.max(ends, initial=values[1]))

        def mass(start: float, end: float) -> float:
            # By the lower tail, whatever the side: there a difference keeps its digits.
            start, end = (start, end) if start < 0 else (-end, -start)
            return float(special.ndtr(end) - special.ndtr(start))

        def cdf(mean: float, sd: float, which: int) -> float:
            first, x, last = ((end - mean) / sd for end in (low, float(values[which]), high))
            return mass(first, x) / mass(first, last)

        def mean_at(log_sd: float) -> float:
            # At a given spread, the CDF at the first quantile falls as the mean rises.
            sd = math.exp(log_sd)
            result = elicitation.root(lambda mean: cdf(mean, sd, 0) - float(levels[0]), least - 30 * sd, most + 30 * sd)
            return (most + 30 * sd) if result is None else result

        narrowest, step = math.log(span) - math.log(20.0), float(levels[1] - levels[0])
        widest = math.log(span / step) + math.log(30.0)
        log_sd = elicitation.root(lambda log: cdf(mean_at(log), math.exp(log), 1) - float(levels[1]), narrowest, widest)
        if log_sd is None:
            what = f"quantiles {values[0]:g} and {values[1]:g} are too far apart for a normal distribution truncated"
            raise InputError(f'{what} to [{low:g}, {high:g}]; use family = "metalog" with these bounds, or "beta"')
        return mean_at(log_sd), math.exp(log_sd), low, high


@distribution_family("moved", positive=("width",), has_density_at_ends=False)
class Moved(OfBase):
    """Any continuous distribution, its quantiles moved and spread on its own scale, as the explorer's sliders do it.

    The scale is the logarithm of the distance to an end where the support has one, the log odds between two ends, and
    the number itself where it has none. On it a quantile ``y`` becomes ``m + shift + width (y - m)``, `m` the median.

    Parameters
    ----------
    base : Family or frozen scipy.stats distribution
        The distribution before; its unit is the default.
    shift : float, optional
        On the scale: 0.1 multiplies a positive number by ``exp(0.1)``; in `unit` where the support has no end.
    width : float, optional
        Factor of every distance from the median, on the scale.

    Examples
    --------
    >>> from clustercast.priors.families import LogNormal
    >>> round(Moved(LogNormal(0, 1), shift=0.5, width=2).median, 9)
    1.648721271
    """

    base: Family
    shift: float = 0.0
    width: float = 1.0

    def _check(self) -> None:
        super()._check()
        if self.base.is_discrete:
            raise InputError(f"a {self.base.family} distribution has no scale to move on; give the values themselves")

    def _changes(self, scale: float, shift: float) -> dict[str, Any]:
        moved = self.shift * (scale if self.support == (-math.inf, math.inf) else math.copysign(1.0, scale))
        return {"base": self.base._linear(scale, shift, "1"), "shift": moved, "bounds": None}

    def _forth(self, x: FloatArray, back: bool = False) -> FloatArray:
        """Return values of the base, moved; or, back, the values of the base that become some values."""
        with np.errstate(divide="ignore", over="ignore"):
            middle, y = float(unbounded(np.array(self.base.median), *self.support)), unbounded(x, *self.support)
            before = middle + (y - self.shift - middle) / self.width
            return bounded(before if back else middle + self.width * (y - middle) + self.shift, *self.support)

    def _invert(self, at: Levels) -> FloatArray:
        return self._forth(self.base._invert(at))

    def _tails(self, x: FloatArray) -> Tails:
        return self.base.tails(self._forth(x, back=True))

    def _log_density(self, x: FloatArray) -> FloatArray:
        before = self._forth(x, back=True)
        # The logarithm of the derivative of the scale by the number, less a constant, after and before.
        ends = [end for end in self.support if math.isfinite(end)]
        slope, old_slope = (-sum(np.log(np.abs(at - end)) for end in ends) for at in (x, before))
        return np.asarray(self.base.log_density(before) + (slope - old_slope - math.log(self.width)))
