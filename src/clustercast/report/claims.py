"""Claims, milestones and binding constraints as tables."""

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from clustercast.files.dates import date_words
from clustercast.report.labels import dated, in_a_sentence, label_of
from clustercast.report.numbers import calendar_year, chance, human
from clustercast.report.tables import Table, table

_SELDOM = 0.001
# From so many years on, only whole ones are shown.
_MANY = 16
# Outputs whose labels are limits, and what those hold back.
LIMITS = {"supply_constraint": "the world's shipments", "binding_constraint": "the largest training cluster"}
_ENDS = (0.05, 0.5, 0.95)


def claims_table(answers: xr.Dataset) -> Table:
    """Return the table of claims with their probabilities, in the forecast and, where there is one, in the trend."""
    trend = bool(np.isfinite(answers["trend_probability"]).any())
    rows = []
    for place, text in enumerate(answers["text"].values):
        row = answers.isel(claim=place)
        chances = [_chance(row, prefix) for prefix in ("", "trend_")[: 1 + trend]]
        quartiles = [_year(float(row[f"year_{q}"])) for q in (25, 75)]
        half = quartiles[0] if quartiles[0] == quartiles[1] else f"{quartiles[0]} to {quartiles[1]}"
        rows.append((dated(str(text)), *chances, _year(float(row["year_50"])), half))
    headers = ("claim", *(("forecast", "trend") if trend else ("probability",)), "median year", "middle half")
    note = (
        "later: after the last year that was looked at" if any("later" in cell for row in rows for cell in row) else ""
    )
    return table("How likely what the texts claim is", headers, rows, note=note)


def milestone_table(milestones: xr.Dataset, years: Sequence[float]) -> Table:
    """Return the table of levels: reached by some years with which probability, and when."""
    last = float(milestones["year"].values[-1])
    rows = []
    for number in range(milestones.sizes["milestone"]):
        row = milestones.isel(milestone=number)
        reached = (row.sel(year=year) for year in years)
        chances = [chance(float(found["reached"]), float(found["reached_error"])) for found in reached]
        crossing = (float(row["crossing_year"].sel(quantile=p)) for p in _ENDS)
        low, median, high = (calendar_year(year, last=last, error=0.0) for year in crossing)
        rows.append((milestone_text(row), *chances, median, low if low == high else f"{low} to {high}"))
    headers = ("level", *(f"by {date_words(year)}" for year in years), "median year", "5 to 95 %")
    return table("Levels and when they are reached", headers, rows)


def relief_table(relief: xr.Dataset) -> Table:
    """Return the share of samples in which each limit, taken off alone, gives more than a threshold more, by year."""
    more = human(float(relief.attrs["threshold"]), share=True)
    shares, errors = (relief[name].transpose("year", "limit") for name in ("share_above", "share_above_error"))
    rows = [
        (f"{year:g}", *(chance(p, e) for p, e in zip(share, error, strict=True)))
        for year, share, error in zip(shares["year"].values, shares.values, errors.values, strict=True)
    ]
    title = f"How likely {in_a_sentence(str(relief.attrs['output']))} would be above {more} more without one limit"
    return table(title, ("year", *map(str, shares["limit"].values)), rows)


def milestone_text(row: xr.Dataset, label: Callable[[str], str] = label_of) -> str:
    """Return a milestone as people say it."""
    name = str(row["output"].values)
    return str(row["milestone"].values).replace(name, label(name)).replace(">=", "≥").replace("/year", " a year")


def constraint_table(shares: xr.DataArray, errors: xr.DataArray, name: str = "binding_constraint") -> Table:
    """Return the probability that each limit binds by year; limits that hardly ever bind are named below."""
    label = next(str(dim) for dim in shares.dims if dim != "year")
    shares, errors = (found.transpose("year", label) for found in (shares, errors))
    names = [str(name) for name in shares[label].values]
    binds = shares.values.max(axis=0) >= _SELDOM
    never = ", ".join(name for name, kept in zip(names, binds, strict=True) if not kept)
    rows = [
        (f"{year:g}", *(chance(p, e).removesuffix(" %") for p, e in zip(share[binds], error[binds], strict=True)))
        for year, share, error in zip(shares["year"].values, shares.values, errors.values, strict=True)
        if year == round(year) or shares.sizes["year"] < _MANY
    ]
    return table(
        f"Which limit holds {LIMITS.get(name, 'it')} back: probability in percent, by year",
        ("year", *(name for name, kept in zip(names, binds, strict=True) if kept)),
        rows,
        note=f"below {100 * _SELDOM:g} % in every year: {never}" if never else "",
    )


def _chance(row: xr.Dataset, prefix: str) -> str:
    """Return the probability of one claim; empty where it is not known."""
    probability = float(row[f"{prefix}probability"])
    return "" if np.isnan(probability) else chance(probability, float(row[f"{prefix}standard_error"]))


def _year(year: float) -> str:
    """Return a crossing year; infinity is later than the last year looked at, or before the first."""
    if np.isnan(year):
        return ""
    if np.isposinf(year):
        return "later"
    return "before" if np.isneginf(year) else f"{year:.1f}"
