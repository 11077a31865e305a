"""The families of distributions that an uncertain input can have: frozen dataclasses that share `Family`."""

from collections.abc import Mapping
from typing import Any

from clustercast.errors import InputError, nearest, typed
from clustercast.priors.families.closed_form import Discrete, Fixed, LogNormal, LogUniform, Normal, Triangular, Uniform
from clustercast.priors.families.composed import Mixture, ScipyDistribution, Shifted, as_distribution
from clustercast.priors.families.family import Family
from clustercast.priors.families.reshaped import Moved, Truncated, TruncatedNormal
from clustercast.priors.families.shaped import PERT, Beta, Gamma, Metalog

__all__ = ["FAMILIES", "PERT", "Beta", "Discrete", "Family", "Fixed", "Gamma", "LogNormal", "LogUniform", "Metalog"]
__all__ += ["Mixture", "Moved", "Normal", "ScipyDistribution", "Shifted", "Triangular", "Truncated", "TruncatedNormal"]
__all__ += ["Uniform", "as_distribution", "distribution_from_entry", "to"]
_BASIC = (Fixed, Normal, LogNormal, Uniform, LogUniform, Triangular, PERT, Beta, TruncatedNormal, Gamma, Discrete)
# Those that a file can name.
FAMILIES: dict[str, type[Family]] = {family.family: family for family in (*_BASIC, Metalog, Mixture, Truncated, Moved)}


@typed
def to(low: float, high: float, unit: str = "1") -> Normal | LogNormal:
    """Return the distribution with a 90 % interval: lognormal where `low` is positive, else normal.

    Parameters
    ----------
    low, high : float
        The 5 and the 95 % quantile; others than rising ones are refused.
    unit : str, optional
        Their unit.

    Returns
    -------
    LogNormal or Normal

    Examples
    --------
    >>> [round(distribution.median, 9) for distribution in (to(1, 100, unit="GW"), to(-1, 3))]
    [10.0, 1.0]
    """
    quantiles = {0.05: low, 0.95: high}
    positive = isinstance(low, int | float) and low > 0
    return LogNormal.from_quantiles(quantiles, unit=unit) if positive else Normal.from_quantiles(quantiles, unit=unit)


def distribution_from_entry(entry: Mapping[str, Any]) -> Family:
    """Return the distribution of an entry of a prior file: its family, then parameters or quantiles."""
    given = dict(entry)
    family = given.pop("family", None)
    if family not in FAMILIES:
        raise InputError(f"unknown family {family!r}{nearest(str(family), FAMILIES)}; known are {', '.join(FAMILIES)}")
    if isinstance(given.get("base"), Mapping):
        given["base"] = distribution_from_entry(given["base"])
    if "components" in given:
        given["components"] = [distribution_from_entry(component) for component in given["components"]]
    if "quantiles" not in given:
        return FAMILIES[family](**given)
    quantiles = given.pop("quantiles")
    if not isinstance(quantiles, Mapping):
        raise InputError(f'{family}: quantiles = {quantiles!r} is not a table like {{ "0.05" = 1.0, "0.95" = 10.0 }}')
    return FAMILIES[family].from_quantiles(quantiles, **given)
