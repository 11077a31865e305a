"""The families of distributions that an uncertain input can have.

Each is a frozen dataclass: its parameters first, then by keyword unit, bounds, source,
date and note. All share the methods of `clustercast.priors.families.family.Family`: ``quantile``,
``quantile_from_normal_score``, ``cdf``, ``log_density``, ``support``, ``median``,
``expectation`` and, where quantiles determine the family, ``from_quantiles``.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from clustercast.errors import InputError, nearest
from clustercast.priors.families.family import Family, Interval
from clustercast.priors.families.interval import PERT, Beta, LogUniform, Metalog, Triangular, TruncatedNormal, Uniform
from clustercast.priors.families.line import Discrete, Fixed, Gamma, LogNormal, Normal
from clustercast.priors.families.validation import distribution_family

__all__ = [
    "FAMILIES",
    "PERT",
    "Beta",
    "Discrete",
    "Distribution",
    "Family",
    "Fixed",
    "Gamma",
    "LogNormal",
    "LogUniform",
    "Metalog",
    "Normal",
    "ScipyDistribution",
    "Triangular",
    "TruncatedNormal",
    "Uniform",
    "distribution_from_entry",
]

FloatArray = NDArray[np.float64]

Distribution = Annotated[
    Fixed
    | Normal
    | LogNormal
    | Uniform
    | LogUniform
    | Triangular
    | PERT
    | Beta
    | TruncatedNormal
    | Gamma
    | Discrete
    | Metalog,
    Field(discriminator="family"),
]

FAMILIES: dict[str, type[Family]] = {
    "fixed": Fixed,
    "normal": Normal,
    "lognormal": LogNormal,
    "uniform": Uniform,
    "loguniform": LogUniform,
    "triangular": Triangular,
    "pert": PERT,
    "beta": Beta,
    "truncated_normal": TruncatedNormal,
    "gamma": Gamma,
    "discrete": Discrete,
    "metalog": Metalog,
}


@distribution_family
class ScipyDistribution(Family):
    """Any frozen distribution of ``scipy.stats``, continuous or discrete.

    Examples
    --------
    >>> from scipy import stats
    >>> round(ScipyDistribution(stats.weibull_min(2.0), unit="year").median, 12)
    0.832554611158
    """

    frozen: Any
    family: Literal["scipy"] = field(default="scipy", kw_only=True)

    @property
    def support(self) -> Interval:
        """The ends that scipy gives."""
        low, high = self.frozen.support()
        return float(low), float(high)

    @property
    def expectation(self) -> float | None:
        """The mean that scipy gives; None where it does not exist."""
        mean = float(self.frozen.mean())
        return mean if np.isfinite(mean) else None

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
        return np.asarray(self.frozen.cdf(np.asarray(x, dtype=np.float64)), dtype=np.float64)

    def log_density(self, x: ArrayLike) -> FloatArray:
        """Return the natural logarithm of the density, of the probability for a discrete distribution.

        Parameters
        ----------
        x : array_like
            Values in the unit of the distribution.

        Returns
        -------
        ndarray
        """
        values = np.asarray(x, dtype=np.float64)
        # Frozen continuous distributions of scipy have logpdf, frozen discrete ones logpmf.
        found = self.frozen.logpdf(values) if hasattr(self.frozen, "pdf") else self.frozen.logpmf(values)
        return np.asarray(found, dtype=np.float64)

    def _scaled(self, factor: float) -> dict[str, Any]:
        raise InputError(
            f"a scipy distribution in {self.unit!r} is not converted to another unit; give its parameters in that unit"
        )

    def __repr__(self) -> str:
        """Show the distribution as it was frozen, never where it lies in memory."""
        arguments = [repr(value) for value in self.frozen.args]
        arguments += [f"{key}={value!r}" for key, value in sorted(self.frozen.kwds.items())]
        shown = super().__repr__()
        return shown.replace(repr(self.frozen), f"{self.frozen.dist.name}({', '.join(arguments)})")

    def _check(self) -> None:
        needed = ("ppf", "isf", "cdf", "support", "mean")
        if not all(hasattr(self.frozen, name) for name in needed) or not hasattr(self.frozen, "dist"):
            raise InputError(
                f"{self.frozen!r} is not a frozen distribution of scipy.stats; give one such as stats.weibull_min(2.0)"
            )
        if np.ndim(self.frozen.support()[0]) or np.ndim(self.frozen.support()[1]):
            raise InputError("a frozen distribution must have scalar parameters; give one distribution for each input")
        if not np.isfinite(float(self.frozen.ppf(0.5))):
            raise InputError("the frozen distribution has no median; its parameters are outside what scipy allows")

    def _quantile(self, p: FloatArray) -> FloatArray:
        return np.asarray(self.frozen.ppf(p), dtype=np.float64)

    def _quantile_from_tails(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return np.asarray(np.where(p < q, self.frozen.ppf(p), self.frozen.isf(q)), dtype=np.float64)


def distribution_from_entry(entry: Mapping[str, Any]) -> Family:
    """Make a distribution from an entry of a prior file.

    Parameters
    ----------
    entry : mapping
        ``family``, then either the parameters of the family or ``quantiles`` (probability,
        as a number or as text, to value; with ``mode`` for two quantiles of a triangular
        or PERT distribution); optionally unit, bounds, source, as_of, note.

    Returns
    -------
    Family

    Raises
    ------
    InputError
        If the family is unknown, a key is missing or unknown, or the numbers do not fit.

    Examples
    --------
    >>> distribution_from_entry({"family": "normal", "quantiles": {"0.05": 0.4, "0.95": 0.6}}).median
    0.5
    """
    given = dict(entry)
    family = given.pop("family", None)
    if family not in FAMILIES:
        raise InputError(f"unknown family {family!r}{nearest(str(family), FAMILIES)}; known are {', '.join(FAMILIES)}")
    if "quantiles" not in given:
        return FAMILIES[family](**given)
    quantiles = given.pop("quantiles")
    if not isinstance(quantiles, Mapping):
        raise InputError(f'{family}: quantiles = {quantiles!r} is not a table like {{ "0.05" = 1.0, "0.95" = 10.0 }}')
    return FAMILIES[family].from_quantiles(quantiles, **given)
