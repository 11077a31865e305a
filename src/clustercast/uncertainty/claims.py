"""Claims with a date, answered by a forecast with probabilities."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import xarray as xr
from pydantic import BaseModel, Field

from clustercast.dataset import design_of
from clustercast.errors import InputError, located, shown, takes, typed
from clustercast.files.dates import StartYear, start_of
from clustercast.files.toml import Text, load_toml, validated
from clustercast.priors import shipped
from clustercast.uncertainty.conditions import Condition, parse_condition
from clustercast.uncertainty.milestones import crossing_year, with_outputs
from clustercast.uncertainty.summaries import independent

# Years after the last date, so that the middle half of most crossing years is seen.
_BEYOND = 4
# A fall and its recovery can lie between two years.
_FINE = 0.5


class Claim(BaseModel, extra="forbid", frozen=True):
    """That a quantity reaches a level by a date, or a condition in the place of the three."""

    id: Text
    text: Text
    quantity: str = ""
    level: str = ""
    by: StartYear = 0.0
    condition: str = ""
    source: Text

    @property
    def asked(self) -> Condition:
        """What is asked of a forecast; refused where it is given in neither way or in both, or cannot be read."""
        if bool(self.condition) == bool(self.quantity and self.level and self.by):
            raise InputError("give quantity, level and by, or condition in their place")
        return parse_condition(self.condition or f"{self.quantity} >= {self.level} by {self.by!r}")


class _File(BaseModel, extra="forbid", frozen=True):
    claim: Annotated[tuple[Claim, ...], Field(min_length=1)]


@typed
def read_claims(path: str | Path | None = None) -> tuple[Claim, ...]:
    """Read claims from a file.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file; the shipped claims of the texts when left out.

    Returns
    -------
    tuple of Claim

    Raises
    ------
    InputError
        Naming file, claim, key and value.

    Examples
    --------
    >>> [claim.by for claim in read_claims() if claim.id == "hundred_gigawatts"]
    [2030.0]
    """
    path = shipped.directory() / "texts" / "claims.toml" if path is None else Path(path)
    claims = validated(load_toml(path), _File, path).claim
    for claim in claims:
        if sum(claim.id == other.id for other in claims) > 1:
            raise InputError(f"{path}: claim {claim.id!r} is there twice; give each its own id")
        with located(f"{path}: claim {claim.id!r}"):
            _ = claim.asked
    return claims


def _checked(claims: object) -> list[Claim]:
    """Return claims, refused where something else was given."""
    listed = list(claims) if isinstance(claims, Iterable) else []
    if not listed or not all(isinstance(claim, Claim) for claim in listed):
        raise InputError(f"claims is {shown(claims)}; give several Claims, as cc.read_claims() does")
    return listed


@typed
def claim_names(claims: Iterable[Claim]) -> tuple[str, ...]:
    """Return the inputs and outputs that claims need, each once."""
    return tuple(dict.fromkeys(name for claim in _checked(claims) for name in claim.asked.names))


@typed
def claim_years(claims: Iterable[Claim], first: float) -> list[float]:
    """Return a grid of years that holds every claim's date.

    Parameters
    ----------
    claims : iterable of Claim
    first : float
        Where the grid begins.

    Returns
    -------
    list of float
        Yearly (by half-years where a claim is about a fall) to four years after the last date, and the dates.
    """
    asked = [claim.asked for claim in _checked(claims)]
    dates = [year for condition in asked for year in condition.years]
    falls = any(clause.form == "fall" for condition in asked for clause in condition.clauses)
    first = start_of(first)
    last = max(dates, default=first)
    return sorted({*np.arange(first, last + _BEYOND + 1, _FINE if falls else 1).tolist(), *dates})


@takes("sample")
def claim_probabilities(forecast: xr.Dataset, claims: Iterable[Claim]) -> xr.Dataset:
    """Answer claims from a forecast.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, over years that hold each claim's date (see `claim_years`). One that lacks a claim's quantity
        or date raises an `InputError`.
    claims : iterable of Claim

    Returns
    -------
    Dataset
        By ``claim``: its ``probability``, Monte Carlo ``standard_error``, and the years by which its level is reached
        with probability 1/4, 1/2 and 3/4 (``year_25``, ``year_50``, ``year_75``; infinite after the grid, NaN where it
        is not about one level); the same of the ``trend_`` variables, NaN without. ``words`` has the date in words.
    """
    claims = _checked(claims)
    names = ("probability", "standard_error", "year_25", "year_50", "year_75")
    variables: dict[str, tuple[str, list[float]]] = {}
    for prefix in ("", "trend_"):
        columns = zip(*(_answer(forecast, claim, trend=bool(prefix)) for claim in claims), strict=True)
        variables |= {prefix + name: ("claim", list(column)) for name, column in zip(names, columns, strict=True)}
    coords: dict[str, Any] = {"claim": [claim.id for claim in claims], "text": ("claim", [one.text for one in claims])}
    coords["by"] = ("claim", [max(claim.asked.years, default=np.nan) for claim in claims])
    coords["words"] = ("claim", [claim.asked.words for claim in claims])
    return xr.Dataset(variables, coords, forecast.attrs)


@takes("sample")
def claims_met(forecast: xr.Dataset, claims: Iterable[Claim]) -> xr.Dataset:
    """Return whether claims come true, as outputs that `sobol_indices` takes.

    Parameters
    ----------
    forecast, claims
        As in `claim_probabilities`, whose errors this has too; on any design.

    Returns
    -------
    Dataset
        The forecast with an output of truth values ``(sample,)`` for each claim, by its id, in place of its own.
    """
    met = {}
    for claim in _checked(claims):
        with located(f"claim {claim.id!r}"):
            met[claim.id] = claim.asked.evaluate(forecast).assign_attrs(long_name=claim.text)
    return with_outputs(forecast, met)


def _answer(forecast: xr.Dataset, claim: Claim, *, trend: bool) -> tuple[float, ...]:
    """Return probability, error and crossing quartiles of one claim, of the straight lines if asked for."""
    asked = claim.asked.on_trend(forecast) if trend else claim.asked
    if asked is None:
        return (np.nan,) * 5
    with located(f"claim {claim.id!r}"):
        answer = asked.probability(forecast)
    clause = asked.clauses[0]
    if len(asked.clauses) > 1 or clause.form not in (">", ">=", "<", "<=") or "year" not in forecast[clause.name].dims:
        return *answer, *(np.nan,) * 3
    trajectory = forecast[clause.name].isel(sample=independent(forecast, None, design_of(forecast))[0])
    years = np.sort(crossing_year(trajectory, clause.value, falling=clause.form.startswith("<")).values)
    return *answer, *(float(years[int(q * (years.size - 1))]) for q in (0.25, 0.5, 0.75))
