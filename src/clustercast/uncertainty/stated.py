"""Tables of stated numbers, compared with a forecast."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import xarray as xr
from pydantic import BaseModel, Field

from clustercast.engine.units import conversion
from clustercast.errors import InputError
from clustercast.files.dates import StartYear
from clustercast.files.toml import Number, Text, load_toml, validated
from clustercast.priors import shipped

Verdict = Literal["inside", "partly", "outside"]


class StatedCell(BaseModel, extra="forbid", frozen=True):
    """One cell of a table, in its unit: a number (low = high), a range, or with an infinite end "or more"."""

    table: Text
    quantity: Text
    year: StartYear
    text: Text
    low: Number
    high: Number
    unit: Text


class _About(BaseModel, extra="forbid", frozen=True):
    title: Text
    source: Text
    as_of: Text


class StatedTables(BaseModel, extra="forbid", frozen=True):
    """The cells of a file, and where they come from."""

    about: _About
    cell: Annotated[tuple[StatedCell, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Comparison:
    """A stated cell beside the forecast's quantiles, in the forecast's unit: inside, partly or outside them."""

    cell: StatedCell
    low: float
    high: float
    quantiles: tuple[float, ...]
    unit: str
    verdict: Verdict


def read_stated_tables(path: str | Path | None = None) -> StatedTables:
    """Return the tables of a file; the two of *Situational Awareness* IIIa by default.

    >>> {cell.table for cell in read_stated_tables().cell} == {"Largest training cluster", "Total world AI investment"}
    True
    """
    path = shipped.directory() / "texts" / "essay_tables.toml" if path is None else Path(path)
    tables = validated(load_toml(path), StatedTables, path)
    for cell in tables.cell:
        if not 0 < cell.low <= cell.high:
            what = f"{path}: cell {cell.quantity} {cell.year:g}: low = {cell.low:g} and high = {cell.high:g}"
            raise InputError(f"{what}; give 0 < low <= high, the same twice for a single number")
    return tables


def stated_cells() -> tuple[StatedCell, ...]:
    """Return every shipped cell: the essay's two tables, then what the texts state beside them.

    >>> len(stated_cells()) > len(read_stated_tables().cell)
    True
    """
    beside = read_stated_tables(shipped.directory() / "texts" / "text_figures.toml")
    return (*read_stated_tables().cell, *beside.cell)


def compare_with_stated(
    summary: xr.Dataset, cells: Iterable[StatedCell], probabilities: tuple[float, ...] = (0.05, 0.5, 0.95)
) -> list[Comparison]:
    """Compare cells with a summary that has these quantiles, in order; cells that it does not have are left out."""
    comparisons = []
    for cell in cells:
        if cell.quantity not in summary or cell.year not in summary["year"].values:
            continue
        stated = summary[cell.quantity].sel(year=cell.year)
        unit = stated.attrs["units"]
        scale = conversion(cell.unit, unit, f"stated cell {cell.quantity} {cell.year:g}")
        quantiles = tuple(float(stated.sel(quantile=p, method="nearest")) for p in probabilities)
        low, high = cell.low * scale, cell.high * scale
        comparisons.append(Comparison(cell, low, high, quantiles, unit, _verdict(low, high, quantiles)))
    return comparisons


def _verdict(low: float, high: float, quantiles: tuple[float, ...]) -> Verdict:
    """Return whether a range is in an interval; "or more" is in it where its start is."""
    first, last = quantiles[0], quantiles[-1]
    if high < first or low > last:
        return "outside"
    open_ended = high == float("inf")
    return "inside" if first <= low and (open_ended or high <= last) else "partly"
