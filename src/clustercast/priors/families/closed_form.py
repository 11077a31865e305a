"""Families in closed form: fixed, normal, lognormal, discrete, uniform, loguniform, triangular."""

import dataclasses
import math
from typing import Any

import numpy as np
from scipy import special

from clustercast.arrays import FloatArray
from clustercast.arrays.families import elicitation
from clustercast.arrays.families.inversion import Levels, Tails
from clustercast.errors import InputError
from clustercast.priors.families.family import Family, Interval, Parameters
from clustercast.priors.families.validation import distribution_family, refuse_unless_rising, refuse_unless_weights


@distribution_family("fixed", is_discrete=True, ends=("value", "value"))
class Fixed(Family):
    """A number taken as known.

    Parameters
    ----------
    value : float
        The number, in `unit`.

    Examples
    --------
    >>> Fixed(8760.0, unit="hour").median
    8760.0
    """

    value: float

    def _mean(self) -> float:
        return self.value

    def _changes(self, scale: float, shift: float) -> dict[str, Any]:
        return {"value": scale * self.value + shift}

    def _invert(self, at: Levels) -> FloatArray:
        return np.full_like(at.score if at.p is None else at.p, self.value)

    def _log_density(self, x: FloatArray) -> FloatArray:
        return np.zeros_like(x)


@distribution_family("normal", counts=(2,), positive=("sd",), places=("mean",), lengths=("sd",))
class Normal(Family):
    """The normal distribution.

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation, in `unit`.

    Examples
    --------
    >>> Normal.from_quantiles({0.05: 0.4, 0.95: 0.6}, unit="OOM/year").mean
    0.5
    """

    mean: float
    sd: float

    def _mean(self) -> float:
        return self.mean

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        return elicitation.location_scale(special.ndtri(levels), values)

    def _invert(self, at: Levels) -> FloatArray:
        return self.mean + self.sd * at.score

    def _tails(self, x: FloatArray) -> Tails:
        z = (x - self.mean) / self.sd
        return special.ndtr(z), special.ndtr(-z)

    def _log_density(self, x: FloatArray) -> FloatArray:
        return normal_log_density(x, self.mean, self.sd)


def normal_log_density(x: FloatArray, mean: float, sd: float) -> FloatArray:
    """Return the log density of a normal distribution."""
    score = (x - mean) / sd
    return np.asarray(-score * score / 2 - (math.log(2 * math.pi) / 2 + math.log(sd)))


@distribution_family("lognormal", counts=(2,), ends=(0.0, math.inf), positive=("sigma",), has_density_at_ends=False)
class LogNormal(Family):
    """The lognormal distribution.

    Parameters
    ----------
    mu, sigma : float
        Mean and standard deviation of the natural logarithm of the number in `unit`.

    Examples
    --------
    >>> round(LogNormal.from_quantiles({0.05: 1, 0.95: 10}, unit="GW").median, 12)
    3.162277660168
    """

    mu: float
    sigma: float

    def _mean(self) -> float:
        return float(np.exp(self.mu + self.sigma**2 / 2))

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        return elicitation.location_scale(special.ndtri(levels), elicitation.logarithms(values, "lognormal"))

    def _changes(self, scale: float, shift: float) -> dict[str, Any] | None:
        return {"mu": self.mu + math.log(scale)} if scale > 0 and shift == 0 else None

    def _invert(self, at: Levels) -> FloatArray:
        return np.exp(self.mu + self.sigma * at.score)

    def _tails(self, x: FloatArray) -> Tails:
        z = (np.log(x) - self.mu) / self.sigma
        return special.ndtr(z), special.ndtr(-z)

    def _log_density(self, x: FloatArray) -> FloatArray:
        logarithm = np.log(x)
        return normal_log_density(logarithm, self.mu, self.sigma) - logarithm


@distribution_family("discrete", is_discrete=True, places=("values",))
class Discrete(Family):
    """A few values with their probabilities, as for a choice between structures of the model.

    Parameters
    ----------
    values : sequence of float
        In rising order, in `unit`.
    weights : sequence of float
        Probability of each; they sum to 1.

    Examples
    --------
    >>> Discrete([0, 1], [0.25, 0.75]).quantile([0.2, 0.3])
    array([0., 1.])
    """

    values: tuple[float, ...]
    weights: tuple[float, ...]

    def _ends(self) -> Interval:
        return self.values[0], self.values[-1]

    def _mean(self) -> float:
        return math.fsum(value * weight for value, weight in zip(self.values, self.weights, strict=True))

    def _all_tails(self, values: FloatArray) -> Tails:
        running = np.concatenate([[0.0], self._cumulative()])
        p = np.asarray(running[np.searchsorted(self.values, values, side="right")])
        return p, 1.0 - p

    def _check(self) -> None:
        for before, after in zip(self.values, self.values[1:], strict=False):
            if not before < after:
                raise InputError(f"values out of order: {before:g} before {after:g}; list them rising, each once")
        refuse_unless_weights(self.weights, self.values, "value")

    def _cumulative(self) -> FloatArray:
        """Return the running sums of the weights, the last exactly 1."""
        running = np.cumsum(self.weights)
        return np.asarray(running / running[-1], dtype=np.float64)

    def _invert(self, at: Levels) -> FloatArray:
        # The thresholds go to the scores, not the scores to probabilities: a few ndtri, not a million ndtr.
        steps = self._cumulative() if at.z is None else special.ndtri(self._cumulative())
        return np.array(self.values).take(np.searchsorted(steps, at.tails[0] if at.z is None else at.z, side="left"))

    def _log_density(self, x: FloatArray) -> FloatArray:
        place = np.minimum(np.searchsorted(self.values, x), len(self.values) - 1)
        with np.errstate(divide="ignore"):
            return np.where(np.array(self.values)[place] == x, np.log(self.weights)[place], -np.inf)


class BetweenEnds(Family):
    """A family whose parameters `low` and `high` are its ends."""

    ends = ("low", "high")

    low: float
    high: float

    def _check(self) -> None:
        super()._check()
        refuse_unless_rising(self.low, self.high)


@dataclasses.dataclass(frozen=True, repr=False)
class WithMode(BetweenEnds):
    """A family of two ends and a peak between them."""

    counts = (2, 3)
    places = ("low", "mode", "high")

    low: float
    mode: float
    high: float

    def _check(self) -> None:
        super()._check()
        if not self.low <= self.mode <= self.high:
            raise InputError(f"mode = {self.mode:g} must lie between low = {self.low:g} and high = {self.high:g}")


@distribution_family("uniform", counts=(2,), places=("low", "high"))
class Uniform(BetweenEnds):
    """The uniform distribution.

    Parameters
    ----------
    low, high : float
        Its ends, in `unit`.

    Examples
    --------
    >>> Uniform(2, 6).quantile([0.25, 0.5])
    array([3., 4.])
    """

    low: float
    high: float

    def _mean(self) -> float:
        return (self.low + self.high) / 2

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        low, width = elicitation.location_scale(levels, values)
        return low, low + width

    def _invert(self, at: Levels) -> FloatArray:
        return np.clip(self.low + (self.high - self.low) * at.tails[0], self.low, self.high)

    def _tails(self, x: FloatArray) -> Tails:
        width = self.high - self.low
        return (x - self.low) / width, (self.high - x) / width

    def _log_density(self, x: FloatArray) -> FloatArray:
        return np.full_like(x, -math.log(self.high - self.low))


@distribution_family("loguniform", counts=(2,), positive=("low",), lengths=("low", "high"))
class LogUniform(BetweenEnds):
    """The distribution whose logarithm is uniform.

    Parameters
    ----------
    low, high : float
        Its ends, positive, in `unit`.

    Examples
    --------
    >>> round(LogUniform(1, 100).median, 12)
    10.0
    """

    low: float
    high: float

    def _mean(self) -> float:
        return (self.high - self.low) / (math.log(self.high) - math.log(self.low))

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        low, width = elicitation.location_scale(levels, elicitation.logarithms(values, "loguniform"))
        # An end beyond the largest float is refused as any that is infinite.
        with np.errstate(over="ignore"):
            return float(np.exp(low)), float(np.exp(low + width))

    def _invert(self, at: Levels) -> FloatArray:
        x = np.exp(math.log(self.low) + (math.log(self.high) - math.log(self.low)) * at.tails[0])
        return np.clip(x, self.low, self.high, out=x)

    def _tails(self, x: FloatArray) -> Tails:
        logarithm, width = np.log(x), math.log(self.high) - math.log(self.low)
        return (logarithm - math.log(self.low)) / width, (math.log(self.high) - logarithm) / width

    def _log_density(self, x: FloatArray) -> FloatArray:
        return np.asarray(-np.log(x) - math.log(math.log(self.high) - math.log(self.low)))


@distribution_family("triangular")
class Triangular(WithMode):
    """The triangular distribution.

    Parameters
    ----------
    low, mode, high : float
        Least, most likely and greatest value, in `unit`.

    Examples
    --------
    >>> Triangular(0, 1, 4).expectation
    1.6666666666666667
    """

    def _mean(self) -> float:
        return (self.low + self.mode + self.high) / 3

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        at = Levels(levels)
        return elicitation.ends_and_mode(lambda peak: cls(0.0, peak, 1.0)._invert(at), values, mode, cls.family)

    def _invert(self, at: Levels) -> FloatArray:
        (p, q), width = at.tails, self.high - self.low
        rising = self.low + np.sqrt(p * (width * (self.mode - self.low)))
        falling = self.high - np.sqrt(q * (width * (self.high - self.mode)))
        return np.where(p * width < self.mode - self.low, rising, falling)

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
