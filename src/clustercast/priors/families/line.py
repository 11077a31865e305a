"""Families without ends to state: fixed, normal, lognormal, gamma, discrete."""

import math
from dataclasses import field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from clustercast.arrays.families import density, elicitation, inverse_cdf
from clustercast.errors import InputError
from clustercast.priors.families.family import Family, FromScore, Interval
from clustercast.priors.families.validation import Number, distribution_family, refuse_unless_positive

FloatArray = NDArray[np.float64]
Parameters = tuple[object, ...]


@distribution_family
class Fixed(Family):
    """A number taken as known.

    Examples
    --------
    >>> Fixed(8760.0, unit="hour").median
    8760.0
    """

    value: Number
    family: Literal["fixed"] = field(default="fixed", kw_only=True)

    @property
    def support(self) -> Interval:
        """The number, twice."""
        return self.value, self.value

    @property
    def expectation(self) -> float:
        """The number."""
        return self.value

    def _scaled(self, factor: float) -> dict[str, Any]:
        return {"value": self.value * factor}

    def _quantile(self, p: FloatArray) -> FloatArray:
        return np.full_like(p, self.value)

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        return np.full_like(z, self.value)

    def _log_density(self, x: FloatArray) -> FloatArray:
        return np.zeros_like(x)


@distribution_family
class Normal(FromScore):
    """The normal distribution.

    Examples
    --------
    >>> Normal.from_quantiles({0.05: 0.4, 0.95: 0.6}, unit="OOM/year").mean
    0.5
    """

    quantile_counts: ClassVar[tuple[int, ...]] = (2,)
    bounded_instead: ClassVar[str] = '"truncated_normal" or "metalog"'

    mean: Number
    sd: Number
    family: Literal["normal"] = field(default="normal", kw_only=True)

    @property
    def support(self) -> Interval:
        """The real line."""
        return -math.inf, math.inf

    @property
    def expectation(self) -> float:
        """The mean."""
        return self.mean

    def _scaled(self, factor: float) -> dict[str, Any]:
        return {"mean": self.mean * factor, "sd": self.sd * factor}

    def _check(self) -> None:
        refuse_unless_positive("sd", self.sd)

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        return elicitation.location_scale(special.ndtri(levels), values)

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        return self.mean + self.sd * z

    def _cdf(self, x: FloatArray) -> FloatArray:
        return np.asarray(special.ndtr((x - self.mean) / self.sd))

    def _log_density(self, x: FloatArray) -> FloatArray:
        return density.normal_log_density(x, self.mean, self.sd)


@distribution_family
class LogNormal(FromScore):
    """The lognormal distribution; `mu` and `sigma` are mean and sd of the natural logarithm.

    Examples
    --------
    >>> round(LogNormal.from_quantiles({0.05: 1, 0.95: 10}, unit="GW").median, 12)
    3.162277660168
    """

    quantile_counts: ClassVar[tuple[int, ...]] = (2,)
    bounded_instead: ClassVar[str] = '"metalog"'
    has_density_at_ends: ClassVar[bool] = False

    mu: Number
    sigma: Number
    family: Literal["lognormal"] = field(default="lognormal", kw_only=True)

    @property
    def support(self) -> Interval:
        """The positive numbers."""
        return 0.0, math.inf

    @property
    def expectation(self) -> float:
        """The mean, ``exp(mu + sigma**2 / 2)``."""
        return float(np.exp(self.mu + self.sigma**2 / 2))

    def _scaled(self, factor: float) -> dict[str, Any]:
        return {"mu": self.mu + math.log(factor)}

    def _check(self) -> None:
        refuse_unless_positive("sigma", self.sigma)

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        return elicitation.location_scale(special.ndtri(levels), elicitation.logarithms(values, "lognormal"))

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        result = self.sigma * z
        result += self.mu
        return np.exp(result, out=result)

    def _cdf(self, x: FloatArray) -> FloatArray:
        return np.asarray(special.ndtr((np.log(x) - self.mu) / self.sigma))

    def _log_density(self, x: FloatArray) -> FloatArray:
        logarithm = np.log(x)
        return density.normal_log_density(logarithm, self.mu, self.sigma) - logarithm


@distribution_family
class Gamma(FromScore):
    """The gamma distribution, for waiting times: `shape`, and `scale` in the declared unit.

    Examples
    --------
    >>> Gamma(3, 2, unit="month").expectation
    6.0
    """

    quantile_counts: ClassVar[tuple[int, ...]] = (2,)
    bounded_instead: ClassVar[str] = '"metalog"'

    shape: Number
    scale: Number
    family: Literal["gamma"] = field(default="gamma", kw_only=True)

    @property
    def support(self) -> Interval:
        """The positive numbers."""
        return 0.0, math.inf

    @property
    def expectation(self) -> float:
        """The mean."""
        return self.shape * self.scale

    def _scaled(self, factor: float) -> dict[str, Any]:
        return {"scale": self.scale * factor}

    def _check(self) -> None:
        refuse_unless_positive("shape", self.shape)
        refuse_unless_positive("scale", self.scale)

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        return elicitation.gamma(levels, values)

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        return inverse_cdf.gamma(z, self.shape, self.scale)

    def _cdf(self, x: FloatArray) -> FloatArray:
        return np.asarray(special.gammainc(self.shape, x / self.scale))

    def _log_density(self, x: FloatArray) -> FloatArray:
        return density.gamma_log_density(x, self.shape, self.scale)


@distribution_family
class Discrete(Family):
    """A few values with their probabilities, as for a choice between structures of the model.

    Examples
    --------
    >>> Discrete([0, 1], [0.25, 0.75]).quantile([0.2, 0.3])
    array([0., 1.])
    """

    values: tuple[Number, ...]
    weights: tuple[Number, ...]
    family: Literal["discrete"] = field(default="discrete", kw_only=True)

    @property
    def support(self) -> Interval:
        """The least and the greatest value."""
        return self.values[0], self.values[-1]

    @property
    def expectation(self) -> float:
        """The mean."""
        return math.fsum(value * weight for value, weight in zip(self.values, self.weights, strict=True))

    def cdf(self, x: ArrayLike) -> FloatArray:
        """Return the probability of a value at or below each of some values.

        Parameters
        ----------
        x : array_like
            Values in the unit of the distribution.

        Returns
        -------
        ndarray
        """
        running = np.concatenate([[0.0], self._cumulative()])
        return np.asarray(running[np.searchsorted(self.values, np.asarray(x, dtype=np.float64), side="right")])

    def _scaled(self, factor: float) -> dict[str, Any]:
        return {"values": tuple(value * factor for value in self.values)}

    def _check(self) -> None:
        if not self.values or len(self.values) != len(self.weights):
            raise InputError(
                f"{len(self.values)} values and {len(self.weights)} weights; give one weight for each value"
            )
        for before, after in zip(self.values, self.values[1:], strict=False):
            if not before < after:
                raise InputError(f"values out of order: {before:g} before {after:g}; list them rising, each once")
        if min(self.weights) < 0:
            raise InputError(f"weight {min(self.weights):g} is negative; weights are probabilities")
        total = math.fsum(self.weights)
        if abs(total - 1) > 1e-9:
            raise InputError(f"weights sum to {total:.12g}; they must sum to 1")

    def _cumulative(self) -> FloatArray:
        """Return the running sums of the weights, the last exactly 1."""
        running = np.cumsum(self.weights)
        return np.asarray(running / running[-1], dtype=np.float64)

    def _quantile(self, p: FloatArray) -> FloatArray:
        return inverse_cdf.discrete(p, np.array(self.values), self._cumulative())

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        # The thresholds go to the scores, not the scores to probabilities: a few ndtri, not a million ndtr.
        return inverse_cdf.discrete(z, np.array(self.values), special.ndtri(self._cumulative()))

    def _log_density(self, x: FloatArray) -> FloatArray:
        place = np.minimum(np.searchsorted(self.values, x), len(self.values) - 1)
        with np.errstate(divide="ignore"):
            return np.where(np.array(self.values)[place] == x, np.log(self.weights)[place], -np.inf)
