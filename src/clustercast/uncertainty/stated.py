"""Tables of numbers that somebody stated, held against what a forecast gives."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import xarray as xr
from pydantic import BaseModel, ConfigDict, Field

from clustercast.engine.units import conversion
from clustercast.errors import InputError
from clustercast.files.toml import load_toml, validated
from clustercast.priors import shipped

Verdict = Literal["inside", "partly", "outside"]

_CLOSED = ConfigDict(extra="forbid", frozen=True)
_Text = Annotated[str, Field(min_length=1)]


class StatedCell(BaseModel):
    """One cell of a table: a number, or a range where the text gives one.

    Attributes
    ----------
    table : str
        Title of the table.
    quantity : str
        Name in the model.
    year : float
    text : str
        What the cell says.
    low, high : float
        What it means, in `unit`; equal for a number, `high` infinite for "or more".
    unit : str
    """

    model_config = _CLOSED
    table: _Text
    quantity: _Text
    year: float
    text: _Text
    low: float
    high: float
    unit: _Text


class _About(BaseModel):
    model_config = _CLOSED
    title: _Text
    source: _Text
    as_of: _Text


class StatedTables(BaseModel):
    """The cells of a file, and where they come from."""

    model_config = _CLOSED
    about: _About
    cell: Annotated[tuple[StatedCell, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Comparison:
    """A stated cell beside the forecast.

    Attributes
    ----------
    cell : StatedCell
    low, high : float
        What the cell states, in `unit`.
    quantiles : tuple of float
        The forecast's quantiles at the probabilities asked for, in `unit`.
    unit : str
        The forecast's unit.
    verdict : {"inside", "partly", "outside"}
        Whether the cell lies between the first and the last quantile.
    """

    cell: StatedCell
    low: float
    high: float
    quantiles: tuple[float, ...]
    unit: str
    verdict: Verdict


def read_stated_tables(path: str | Path | None = None) -> StatedTables:
    """Read tables of stated numbers.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file; the two tables of *Situational Awareness* IIIa when left out.

    Returns
    -------
    StatedTables

    Raises
    ------
    InputError
        Naming file, cell, key and value.

    Examples
    --------
    >>> {cell.table for cell in read_stated_tables().cell} == {"Largest training cluster", "Total world AI investment"}
    True
    """
    path = shipped.directory() / "texts" / "essay_tables.toml" if path is None else Path(path)
    tables = validated(load_toml(path), StatedTables, path)
    for cell in tables.cell:
        if not 0 < cell.low <= cell.high:
            raise InputError(
                f"{path}: cell {cell.quantity} {cell.year:g}: low = {cell.low:g} and high = {cell.high:g}; "
                "give 0 < low <= high, the same twice for a single number"
            )
    return tables


def stated_cells() -> tuple[StatedCell, ...]:
    """Return every shipped cell: the essay's two tables, then what the texts state beside them.

    Returns
    -------
    tuple of StatedCell

    Examples
    --------
    >>> len(stated_cells()) > len(read_stated_tables().cell)
    True
    """
    beside = read_stated_tables(shipped.directory() / "texts" / "text_figures.toml")
    return (*read_stated_tables().cell, *beside.cell)


def compare_with_stated(
    summary: xr.Dataset, cells: Iterable[StatedCell], probabilities: tuple[float, ...] = (0.05, 0.5, 0.95)
) -> list[Comparison]:
    """Hold stated cells against a summary of a forecast.

    Parameters
    ----------
    summary : Dataset
        From `summarise`, with these probabilities among its quantiles.
    cells : iterable of StatedCell
        Those whose quantity and year the summary has are compared, in order.
    probabilities : tuple of float, optional
        Increasing; the first and the last are the interval.

    Returns
    -------
    list of Comparison

    Raises
    ------
    InputError
        If a cell's unit is not that of the quantity.
    """
    found = []
    for cell in cells:
        if cell.quantity not in summary or cell.year not in summary["year"].values:
            continue
        path = summary[cell.quantity].sel(year=cell.year)
        unit = path.attrs["units"]
        scale = conversion(cell.unit, unit, f"stated cell {cell.quantity} {cell.year:g}")
        quantiles = tuple(float(path.sel(quantile=p, method="nearest")) for p in probabilities)
        low, high = cell.low * scale, cell.high * scale
        found.append(Comparison(cell, low, high, quantiles, unit, _verdict(low, high, quantiles)))
    return found


def _verdict(low: float, high: float, quantiles: tuple[float, ...]) -> Verdict:
    """Say whether a range lies in an interval; "or more" lies in it where its start does."""
    first, last = quantiles[0], quantiles[-1]
    if high < first or low > last:
        return "outside"
    open_ended = high == float("inf")
    return "inside" if first <= low and (open_ended or high <= last) else "partly"
