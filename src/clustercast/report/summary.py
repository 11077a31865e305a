"""A forecast's summary and its comparison with stated tables, as terminal tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from clustercast.report.numbers import human, interval, is_share

if TYPE_CHECKING:
    import xarray as xr

_SHOWN_YEARS = 7
_SHORT_UNIT = 4


class StatedCell(Protocol):
    """What is shown of a stated cell."""

    @property
    def table(self) -> str:
        """Title of its table."""

    @property
    def quantity(self) -> str:
        """Name in the model."""

    @property
    def year(self) -> float:
        """Its year."""

    @property
    def text(self) -> str:
        """What it says."""


class Comparison(Protocol):
    """What is shown of a stated cell beside the forecast."""

    @property
    def cell(self) -> StatedCell:
        """The cell."""

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Low, middle and high of the forecast."""

    @property
    def unit(self) -> str:
        """Unit of the forecast."""

    @property
    def verdict(self) -> str:
        """Where the cell lies."""


def fan_tables(summary: xr.Dataset, outputs: Sequence[str], *, most_years: int = _SHOWN_YEARS) -> Iterator[Table]:
    """Make one table an output: its quantiles by year.

    Parameters
    ----------
    summary : Dataset
        From `clustercast.summarise`.
    outputs : sequence of str
        Outputs shown; those that are labelled indices are left out.
    most_years : int, optional
        Years shown, spread over those of the summary.

    Yields
    ------
    rich.table.Table
        With as many digits as the Monte Carlo error allows.
    """
    for name in outputs:
        if name not in summary:
            continue
        path = summary[name]
        errors = summary[f"{name}_error"]
        title = _title(path, name)
        table = Table(
            title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), min_width=min(len(title), 80)
        )
        table.add_column("year" if "year" in path.dims else "", no_wrap=True)
        for probability in path["quantile"].values:
            table.add_column(f"{100 * probability:g} %", justify="right", no_wrap=True)
        for label, row, error in _rows(path, errors, most_years):
            cells = zip(row.values, error.values, strict=True)
            texts = (human(v, path.attrs["units"], error=e, share=is_share(name)) for v, e in cells)
            table.add_row(label, *(text.removesuffix(_long_unit(path)) for text in texts))
        yield table


def comparison_tables(comparisons: Iterable[Comparison]) -> Iterator[Table]:
    """Make one table for each quantity of a stated table: the cell, the forecast's median and interval, the verdict.

    Parameters
    ----------
    comparisons : iterable of Comparison
        From `clustercast.compare_with_stated`.

    Yields
    ------
    rich.table.Table
    """
    for (stated, quantity), group in groupby(comparisons, key=lambda found: (found.cell.table, found.cell.quantity)):
        title = f"{stated}: {quantity}"
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), min_width=len(title))
        for header in ("year", "stated", "median", "5 to 95 %", "stated lies"):
            table.add_column(header, no_wrap=header != "stated", overflow="fold")
        for found in group:
            cell, share = found.cell, is_share(found.cell.quantity)
            low, middle, high = found.quantiles
            table.add_row(
                f"{cell.year:g}",
                cell.text,
                human(middle, found.unit, share=share),
                interval(low, high, found.unit, share=share),
                found.verdict,
            )
        yield table


def _title(path: xr.DataArray, name: str) -> str:
    """Name a table by its output and what that is, with a unit that its cells do not show."""
    unit = _long_unit(path).strip()
    return f"{name}: {path.attrs.get('long_name', name)}" + (f" ({unit})" if unit else "")


def _long_unit(path: xr.DataArray) -> str:
    """Return how a cell ends where its unit is long: then the title has it, or five columns would not fit a page."""
    unit = str(path.attrs["units"])
    text = human(1.0, unit)
    return f" {unit}" if len(unit) > _SHORT_UNIT and text.endswith(f" {unit}") else ""


def _rows(
    path: xr.DataArray, errors: xr.DataArray, most_years: int
) -> Iterator[tuple[str, xr.DataArray, xr.DataArray]]:
    """Yield label, quantiles and errors of each shown year, or of the only row."""
    if "year" not in path.dims:
        yield "", path, errors
        return
    years = path["year"].values
    for place in np.unique(np.linspace(0, years.size - 1, most_years).round().astype(int)):
        yield f"{years[place]:g}", path.isel(year=place), errors.isel(year=place)


def share_table(indices: xr.Dataset, variable: str, meaning: str, *, most: int = 3) -> Table:
    """Make one table: the inputs that matter most to each output in its last year.

    Parameters
    ----------
    indices : Dataset
        Indices by output, input and perhaps year, with half-widths ``*_conf``.
    variable : str
        The index shown, as ``"S1"`` or ``"Sh"``.
    meaning : str
        What it is, for the title.
    most : int, optional
        Inputs named for each output.

    Returns
    -------
    rich.table.Table
    """
    last = indices.isel(year=-1) if "year" in indices.dims else indices
    when = f" in {indices['year'].values[-1]:g}" if "year" in indices.dims else ""
    title = f"What matters{when}: {meaning}"
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), min_width=min(len(title), 80)
    )
    for header in ("output", "input", variable):
        table.add_column(header, no_wrap=True, overflow="ellipsis")
    for output in last["output"].values:
        found, widths = (last[name].sel(output=output).values for name in (variable, f"{variable}_conf"))
        for place in np.argsort(-np.nan_to_num(found), kind="stable")[:most]:
            index = f"{found[place]:.2f}±{widths[place]:.2f}"
            table.add_row(str(output), str(last["input"].values[place]), index)
        table.add_section()
    return table
