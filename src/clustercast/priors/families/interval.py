"""Families in closed form between two ends: uniform, loguniform, triangular."""

import functools
import math

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.families import elicitation
from clustercast.arrays.families.tails import Tails
from clustercast.errors import InputError
from clustercast.priors.families.family import Family, Interval, Parameters
from clustercast.priors.families.validation import distribution_family, refuse_unless_rising


class BetweenEnds(Family):
    """A family whose parameters `low` and `high` are its ends."""

    low: float
    high: float

    @property
    def support(self) -> Interval:
        """From `low` to `high`."""
        return self.low, self.high

    def _check(self) -> None:
        super()._check()
        refuse_unless_rising(self.low, self.high)


class WithMode(BetweenEnds):
    """A family of two ends and a peak between them."""

    quantile_counts = (2, 3)
    places = ("low", "mode", "high")

    mode: float

    def _check(self) -> None:
        super()._check()
        if not self.low <= self.mode <= self.high:
            raise InputError(f"mode = {self.mode:g} must lie between low = {self.low:g} and high = {self.high:g}")

    @classmethod
    def _standard(cls, levels: FloatArray, peak: float) -> FloatArray:
        """Return the quantiles on [0, 1] as a function of the peak there."""
        raise NotImplementedError

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        return elicitation.ends_and_mode(functools.partial(cls._standard, levels), values, mode, cls.family)


@distribution_family
class Uniform(BetweenEnds):
    """The uniform distribution.

    Parameters
    ----------
    low, high : float
        Its ends, in `unit`.
    unit, bounds, source, as_of, note, judgement : optional
        Keywords of every `Family`.

    Examples
    --------
    >>> Uniform(2, 6).quantile([0.25, 0.5])
    array([3., 4.])
    """

    family = "uniform"
    quantile_counts = (2,)
    places = ("low", "high")

    low: float
    high: float

    @property
    def expectation(self) -> float:
        """The mean, half way."""
        return (self.low + self.high) / 2

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        low, width = elicitation.location_scale(levels, values)
        return low, low + width

    def _quantile_from_tails(self, p: FloatArray, q: FloatArray) -> FloatArray:
        x = self.low + (self.high - self.low) * p
        return np.clip(x, self.low, self.high, out=x)

    def _tails(self, x: FloatArray) -> Tails:
        width = self.high - self.low
        return (x - self.low) / width, (self.high - x) / width

    def _log_density(self, x: FloatArray) -> FloatArray:
        return np.full_like(x, -math.log(self.high - self.low))


@distribution_family
class LogUniform(BetweenEnds):
    """The distribution whose logarithm is uniform.

    Parameters
    ----------
    low, high : float
        Its ends, positive, in `unit`.
    unit, bounds, source, as_of, note, judgement : optional
        Keywords of every `Family`.

    Examples
    --------
    >>> round(LogUniform(1, 100).median, 12)
    10.0
    """

    family = "loguniform"
    quantile_counts = (2,)
    lengths = ("low", "high")
    positive = ("low",)

    low: float
    high: float

    @property
    def expectation(self) -> float:
        """The mean."""
        return (self.high - self.low) / (math.log(self.high) - math.log(self.low))

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        low, width = elicitation.location_scale(levels, elicitation.logarithms(values, "loguniform"))
        return math.exp(low), math.exp(low + width)

    def _quantile_from_tails(self, p: FloatArray, q: FloatArray) -> FloatArray:
        x = np.exp(math.log(self.low) + (math.log(self.high) - math.log(self.low)) * p)
        return np.clip(x, self.low, self.high, out=x)

    def _tails(self, x: FloatArray) -> Tails:
        logarithm, width = np.log(x), math.log(self.high) - math.log(self.low)
        return (logarithm - math.log(self.low)) / width, (math.log(self.high) - logarithm) / width

    def _log_density(self, x: FloatArray) -> FloatArray:
        return np.asarray(-np.log(x) - math.log(math.log(self.high) - math.log(self.low)))


@distribution_family
class Triangular(WithMode):
    """The triangular distribution.

    Parameters
    ----------
    low, mode, high : float
        Least, most likely and greatest value, in `unit`.
    unit, bounds, source, as_of, note, judgement : optional
        Keywords of every `Family`.

    Examples
    --------
    >>> Triangular(0, 1, 4).expectation
    1.6666666666666667
    """

    family = "triangular"

    low: float
    mode: float
    high: float

    @property
    def expectation(self) -> float:
        """The mean."""
        return (self.low + self.mode + self.high) / 3

    @classmethod
    def _standard(cls, levels: FloatArray, peak: float) -> FloatArray:
        return _triangular_quantile(levels, 1.0 - levels, 0.0, peak, 1.0)

    def _quantile_from_tails(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return _triangular_quantile(p, q, self.low, self.mode, self.high)

    def _tails(self, x: FloatArray) -> Tails:
        width = self.high - self.low
        # The side without width is never taken, so that any width will do for it.
        left, right = (self.mode - self.low) or width, (self.high - self.mode) or width
        before, after = np.minimum(x - self.low, left), np.minimum(self.high - x, right)
        rising, falling = before / left * (before / width), after / right * (after / width)
        return np.where(x < self.mode, rising, 1.0 - falling), np.where(x < self.mode, 1.0 - rising, falling)

    def _log_density(self, x: FloatArray) -> FloatArray:
        height = math.log(2.0) - math.log(self.high - self.low)
        left, right = (self.mode - self.low) or 1.0, (self.high - self.mode) or 1.0
        with np.errstate(divide="ignore"):
            rising = np.log(np.minimum(x - self.low, left) / left)
            falling = np.log(np.minimum(self.high - x, right) / right)
        return np.asarray(height + np.where(x < self.mode, rising, np.where(x > self.mode, falling, 0.0)))


def _triangular_quantile(p: FloatArray, q: FloatArray, low: float, mode: float, high: float) -> FloatArray:
    """Return the quantiles of a triangular distribution."""
    width = high - low
    rising = low + np.sqrt(p * (width * (mode - low)))
    falling = high - np.sqrt(q * (width * (high - mode)))
    return np.where(p * width < mode - low, rising, falling)
