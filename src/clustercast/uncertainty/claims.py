"""Claims with a date, answered by a forecast with probabilities."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import numpy as np
import xarray as xr
from pydantic import BaseModel, ConfigDict, Field

from clustercast.errors import InputError
from clustercast.files.toml import load_toml, validated
from clustercast.priors import shipped
from clustercast.uncertainty.milestones import crossing_year, exceedance

_CLOSED = ConfigDict(extra="forbid", frozen=True)
# Years after the last date, so that the middle half of most crossing years is seen.
_BEYOND = 4
_Text = Annotated[str, Field(min_length=1)]


class Claim(BaseModel):
    """That a quantity reaches a level by a date.

    Attributes
    ----------
    id, text : str
    quantity : str
        Name in the model.
    level : str
        With its unit, as in ``"100 GW"``.
    by : float
        Year: 2026.5 is the middle of 2026, 2027.0 its end.
    source : str
    """

    model_config = _CLOSED
    id: _Text
    text: _Text
    quantity: _Text
    level: _Text
    by: float
    source: _Text


class _File(BaseModel):
    model_config = _CLOSED
    claim: Annotated[tuple[Claim, ...], Field(min_length=1)]


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
    ids = [claim.id for claim in claims]
    for name in ids:
        if ids.count(name) > 1:
            raise InputError(f"{path}: claim {name!r} is there twice; give each its own id")
    return claims


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
        Yearly from `first` to four years after the last date, and the dates.
    """
    dates = [claim.by for claim in claims]
    return sorted({*np.arange(first, max(dates) + _BEYOND + 1).tolist(), *dates})


def claim_probabilities(forecast: xr.Dataset, claims: Iterable[Claim]) -> xr.Dataset:
    """Answer claims from a forecast.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, over years that hold each claim's date (see `claim_years`).
    claims : iterable of Claim

    Returns
    -------
    Dataset
        Dims ``(claim,)``: ``probability`` that the level is reached in some year of the
        grid up to the date, its Monte Carlo ``standard_error``, and the years by which the
        level is reached with probability 1/4, 1/2 and 3/4 (``year_25``, ``year_50``,
        ``year_75``; infinite where it is not reached by the last year of the grid).

    Raises
    ------
    InputError
        If the forecast lacks a claim's quantity or date.
    """
    claims = list(claims)
    answers = [_answer(forecast, claim) for claim in claims]
    names = ("probability", "standard_error", "year_25", "year_50", "year_75")
    variables = {name: ("claim", list(column)) for name, column in zip(names, zip(*answers, strict=True), strict=True)}
    coords = {
        "claim": [claim.id for claim in claims],
        "text": ("claim", [claim.text for claim in claims]),
        "by": ("claim", [claim.by for claim in claims]),
    }
    return xr.Dataset(variables, coords, forecast.attrs)


def _answer(forecast: xr.Dataset, claim: Claim) -> tuple[float, ...]:
    """Return probability, error and crossing quartiles of one claim."""
    if claim.quantity not in forecast:
        raise InputError(f"claim {claim.id!r} needs the output {claim.quantity!r}; propagate it too")
    path = forecast[claim.quantity]
    if claim.by not in forecast["year"].values:
        raise InputError(f"claim {claim.id!r} needs the year {claim.by:g}; propagate over claim_years(claims, first)")
    reached = exceedance(path, claim.level, ever=True).sel(year=claim.by)
    years = np.sort(crossing_year(path, claim.level).values)
    quartiles = (float(years[int(q * (years.size - 1))]) for q in (0.25, 0.5, 0.75))
    return float(reached), float(reached["standard_error"]), *quartiles
