"""Families between two ends: uniform, loguniform, triangular, PERT, beta, truncated normal, metalog."""

import math
from dataclasses import field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from clustercast.arrays.families import density, elicitation, inverse_cdf, metalog
from clustercast.errors import InputError
from clustercast.priors.families.family import Family, FromScore, Interval
from clustercast.priors.families.validation import End, Number, distribution_family, refuse_unless_positive

FloatArray = NDArray[np.float64]
Parameters = tuple[object, ...]


def _rising(low: float, high: float) -> None:
    """Refuse ends that are reversed or equal."""
    if not low < high:
        raise InputError(f'low = {low:g} must be below high = {high:g}; for one value use family = "fixed"')


def _between(low: float, mode: float, high: float) -> None:
    """Refuse a mode outside the ends."""
    _rising(low, high)
    if not low <= mode <= high:
        raise InputError(f"mode = {mode:g} must lie between low = {low:g} and high = {high:g}")


@distribution_family
class Uniform(Family):
    """The uniform distribution from `low` to `high`.

    Examples
    --------
    >>> Uniform(2, 6).quantile([0.25, 0.5])
    array([3., 4.])
    """

    quantile_counts: ClassVar[tuple[int, ...]] = (2,)

    low: Number
    high: Number
    family: Literal["uniform"] = field(default="uniform", kw_only=True)

    @property
    def support(self) -> Interval:
        """From `low` to `high`."""
        return self.low, self.high

    @property
    def expectation(self) -> float:
        """The mean, half way."""
        return (self.low + self.high) / 2

    def _scaled(self, factor: float) -> dict[str, Any]:
        return {"low": self.low * factor, "high": self.high * factor}

    def _check(self) -> None:
        _rising(self.low, self.high)

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        low, width = elicitation.location_scale(levels, values)
        return low, low + width

    def _quantile(self, p: FloatArray) -> FloatArray:
        return inverse_cdf.uniform(p, self.low, self.high)

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        return self._quantile(np.asarray(special.ndtr(z)))

    def _cdf(self, x: FloatArray) -> FloatArray:
        return (x - self.low) / (self.high - self.low)

    def _log_density(self, x: FloatArray) -> FloatArray:
        return np.full_like(x, -np.log(self.high - self.low))


@distribution_family
class LogUniform(Family):
    """The distribution whose logarithm is uniform, from `low` to `high`.

    Examples
    --------
    >>> round(LogUniform(1, 100).median, 12)
    10.0
    """

    quantile_counts: ClassVar[tuple[int, ...]] = (2,)

    low: Number
    high: Number
    family: Literal["loguniform"] = field(default="loguniform", kw_only=True)

    @property
    def support(self) -> Interval:
        """From `low` to `high`."""
        return self.low, self.high

    @property
    def expectation(self) -> float:
        """The mean."""
        return float((self.high - self.low) / (np.log(self.high) - np.log(self.low)))

    def _scaled(self, factor: float) -> dict[str, Any]:
        return {"low": self.low * factor, "high": self.high * factor}

    def _check(self) -> None:
        refuse_unless_positive("low", self.low)
        _rising(self.low, self.high)

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        low, width = elicitation.location_scale(levels, elicitation.logarithms(values, "loguniform"))
        return np.exp(low), np.exp(low + width)

    def _quantile(self, p: FloatArray) -> FloatArray:
        return inverse_cdf.loguniform(p, self.low, self.high)

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        return self._quantile(np.asarray(special.ndtr(z)))

    def _cdf(self, x: FloatArray) -> FloatArray:
        return np.asarray((np.log(x) - np.log(self.low)) / (np.log(self.high) - np.log(self.low)))

    def _log_density(self, x: FloatArray) -> FloatArray:
        return np.asarray(-np.log(x) - np.log(np.log(self.high) - np.log(self.low)))


@distribution_family
class Triangular(Family):
    """The triangular distribution, with its peak at `mode`.

    Examples
    --------
    >>> Triangular(0, 1, 4).expectation
    1.6666666666666667
    """

    quantile_counts: ClassVar[tuple[int, ...]] = (2, 3)

    low: Number
    mode: Number
    high: Number
    family: Literal["triangular"] = field(default="triangular", kw_only=True)

    @property
    def support(self) -> Interval:
        """From `low` to `high`."""
        return self.low, self.high

    @property
    def expectation(self) -> float:
        """The mean."""
        return (self.low + self.mode + self.high) / 3

    def _scaled(self, factor: float) -> dict[str, Any]:
        return {"low": self.low * factor, "mode": self.mode * factor, "high": self.high * factor}

    def _check(self) -> None:
        _between(self.low, self.mode, self.high)

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        return elicitation.triangular(levels, values, mode)

    def _quantile_from_tails(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return inverse_cdf.triangular(p, q, self.low, self.mode, self.high)

    def _cdf(self, x: FloatArray) -> FloatArray:
        return density.triangular_cdf(x, self.low, self.mode, self.high)

    def _log_density(self, x: FloatArray) -> FloatArray:
        return density.triangular_log_density(x, self.low, self.mode, self.high)


@distribution_family
class PERT(FromScore):
    """The PERT distribution: a beta distribution with mean ``(low + 4 mode + high) / 6``.

    References
    ----------
    D. G. Malcolm, J. H. Roseboom, C. E. Clark, W. Fazar (1959), Application of a technique
    for research and development program evaluation. doi:10.1287/opre.7.5.646

    Examples
    --------
    >>> PERT(0, 1, 4).expectation
    1.3333333333333333
    """

    quantile_counts: ClassVar[tuple[int, ...]] = (2, 3)

    low: Number
    mode: Number
    high: Number
    family: Literal["pert"] = field(default="pert", kw_only=True)

    @property
    def support(self) -> Interval:
        """From `low` to `high`."""
        return self.low, self.high

    @property
    def expectation(self) -> float:
        """The mean."""
        return (self.low + 4 * self.mode + self.high) / 6

    @property
    def shapes(self) -> tuple[float, float]:
        """The two shapes of the beta distribution that this is."""
        width = self.high - self.low
        return 1 + 4 * (self.mode - self.low) / width, 1 + 4 * (self.high - self.mode) / width

    def _scaled(self, factor: float) -> dict[str, Any]:
        return {"low": self.low * factor, "mode": self.mode * factor, "high": self.high * factor}

    def _check(self) -> None:
        _between(self.low, self.mode, self.high)

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        return elicitation.pert(levels, values, mode)

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        return inverse_cdf.beta(z, *self.shapes, self.low, self.high)

    def _cdf(self, x: FloatArray) -> FloatArray:
        return density.beta_cdf(x, *self.shapes, self.low, self.high)

    def _log_density(self, x: FloatArray) -> FloatArray:
        return density.beta_log_density(x, *self.shapes, self.low, self.high)


@distribution_family
class Beta(FromScore):
    """The beta distribution of shapes `alpha` and `beta` on the interval from `low` to `high`.

    Examples
    --------
    >>> Beta(2, 3, low=0, high=10).expectation
    4.0
    """

    quantile_counts: ClassVar[tuple[int, ...]] = (2,)
    bounds_are_ends: ClassVar[bool] = True

    alpha: Number
    beta: Number
    low: Number = 0.0
    high: Number = 1.0
    family: Literal["beta"] = field(default="beta", kw_only=True)

    @property
    def support(self) -> Interval:
        """From `low` to `high`."""
        return self.low, self.high

    @property
    def expectation(self) -> float:
        """The mean."""
        return self.low + (self.high - self.low) * self.alpha / (self.alpha + self.beta)

    def _scaled(self, factor: float) -> dict[str, Any]:
        return {"low": self.low * factor, "high": self.high * factor}

    def _check(self) -> None:
        refuse_unless_positive("alpha", self.alpha)
        refuse_unless_positive("beta", self.beta)
        _rising(self.low, self.high)

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        low, high = bounds or (0.0, 1.0)
        if math.isinf(low) or math.isinf(high):
            raise InputError(
                f'beta needs two finite bounds, got [{low:g}, {high:g}]; use family = "metalog" or "gamma"'
            )
        cls._check_inside(levels, values, low, high)
        return *elicitation.beta(levels, values, low, high), low, high

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        return inverse_cdf.beta(z, self.alpha, self.beta, self.low, self.high)

    def _cdf(self, x: FloatArray) -> FloatArray:
        return density.beta_cdf(x, self.alpha, self.beta, self.low, self.high)

    def _log_density(self, x: FloatArray) -> FloatArray:
        return density.beta_log_density(x, self.alpha, self.beta, self.low, self.high)


@distribution_family
class TruncatedNormal(Family):
    """The normal distribution of `mean` and `sd`, kept between `low` and `high`.

    `mean` and `sd` are those before truncation; either end may be infinite.

    Examples
    --------
    >>> round(TruncatedNormal(0, 1, 0, float("inf")).expectation, 12)
    0.797884560803
    """

    quantile_counts: ClassVar[tuple[int, ...]] = (2,)
    bounds_are_ends: ClassVar[bool] = True

    mean: Number
    sd: Number
    low: End
    high: End
    family: Literal["truncated_normal"] = field(default="truncated_normal", kw_only=True)

    @property
    def support(self) -> Interval:
        """From `low` to `high`."""
        return self.low, self.high

    @property
    def expectation(self) -> float:
        """The mean after truncation."""
        return density.truncated_normal_mean(self.mean, self.sd, self.low, self.high)

    def _scaled(self, factor: float) -> dict[str, Any]:
        return {name: getattr(self, name) * factor for name in ("mean", "sd", "low", "high")}

    def _check(self) -> None:
        refuse_unless_positive("sd", self.sd)
        _rising(self.low, self.high)
        if self.low > self.mean + 35 * self.sd or self.high < self.mean - 35 * self.sd:
            raise InputError(
                f"low = {self.low:g} to high = {self.high:g} is more than 35 sd from mean = {self.mean:g}, where a "
                "normal distribution holds nothing; move the mean or widen sd"
            )

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        if bounds is None:
            raise InputError(
                'truncated_normal needs bounds, as in bounds = [0, inf]; without any use family = "normal"'
            )
        return *elicitation.truncated_normal(levels, values, *bounds), *bounds

    def _quantile_from_tails(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return inverse_cdf.truncated_normal(p, q, self.mean, self.sd, self.low, self.high)

    def _cdf(self, x: FloatArray) -> FloatArray:
        return density.truncated_normal_cdf(x, self.mean, self.sd, self.low, self.high)

    def _log_density(self, x: FloatArray) -> FloatArray:
        mass = inverse_cdf.normal_masses((self.low - self.mean) / self.sd, (self.high - self.mean) / self.sd)[1]
        return np.asarray(density.normal_log_density(x, self.mean, self.sd) - np.log(mass))


@distribution_family
class Metalog(Family):
    """The metalog distribution of two or three terms, which takes that many quantiles exactly.

    Unbounded, or with one or two finite `bounds`. See `clustercast.arrays.families.metalog`.

    References
    ----------
    T. W. Keelin (2016), The metalog distributions. doi:10.1287/deca.2016.0338

    Examples
    --------
    >>> cost = Metalog.from_quantiles({0.05: 1, 0.5: 2, 0.95: 7}, bounds=(0, float("inf")), unit="USD/W")
    >>> cost.quantile([0.05, 0.5, 0.95]).round(12)
    array([1., 2., 7.])
    """

    quantile_counts: ClassVar[tuple[int, ...]] = (2, 3)
    has_density_at_ends: ClassVar[bool] = False

    coefficients: tuple[Number, ...]
    family: Literal["metalog"] = field(default="metalog", kw_only=True)

    @property
    def support(self) -> Interval:
        """The bounds, infinite where none is given."""
        return self.bounds or (-math.inf, math.inf)

    @property
    def expectation(self) -> float | None:
        """The mean of an unbounded metalog; None for a bounded one."""
        if self.support != (-math.inf, math.inf):
            return None
        return self.coefficients[0] + sum(self.coefficients[2:]) / 2

    def _scaled(self, factor: float) -> dict[str, Any]:
        # A scale leaves the log odds between two bounds alone and shifts the logarithm of the distance to one.
        low, high = self.support
        location, *rest = self.coefficients
        if math.isinf(low) and math.isinf(high):
            return {"coefficients": tuple(coefficient * factor for coefficient in self.coefficients)}
        shift = (math.isfinite(low) - math.isfinite(high)) * math.log(factor)
        return {"coefficients": (location + shift, *rest)}

    def _check(self) -> None:
        if len(self.coefficients) not in (2, 3):
            raise InputError(f"a metalog has 2 or 3 coefficients, got {len(self.coefficients)}")
        if not metalog.is_feasible(self.coefficients):
            scale, limit = self.coefficients[1], metalog.SKEWNESS_LIMIT
            raise InputError(
                f"coefficients {list(self.coefficients)} give quantiles that do not rise; the second must be positive "
                f"and the third within {max(scale, 0.0) * limit:.6g} of 0 ({limit:.5f} times the second)"
            )

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        if mode is not None:
            raise InputError("metalog has no mode to give beside quantiles; give a third quantile")
        return (metalog.fit(levels, values, *(bounds or (-math.inf, math.inf))),)

    def _quantile_from_tails(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return metalog.quantile(p, q, self.coefficients, *self.support)

    def _cdf(self, x: FloatArray) -> FloatArray:
        return np.asarray(special.expit(metalog.logit_of(x, self.coefficients, *self.support)))

    def _log_density(self, x: FloatArray) -> FloatArray:
        return metalog.log_density(x, self.coefficients, *self.support)
