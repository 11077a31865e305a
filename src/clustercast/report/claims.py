"""Claims and binding constraints as terminal tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

if TYPE_CHECKING:
    import xarray as xr


_SELDOM = 0.001


def claims_table(answers: xr.Dataset) -> Table:
    """Make the table of claims with their probabilities.

    Parameters
    ----------
    answers : Dataset
        From `clustercast.claim_probabilities`.

    Returns
    -------
    rich.table.Table
    """
    table = Table(title="Claims", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("claim", overflow="fold")
    for header in ("probability", "reached, median", "middle half"):
        table.add_column(header, no_wrap=True, justify="right")
    for name in answers["claim"].values:
        row = answers.sel(claim=name)
        table.add_row(
            str(row["text"].values),
            chance(float(row["probability"]), float(row["standard_error"])),
            _year(float(row["year_50"])),
            f"{_year(float(row['year_25']))} to {_year(float(row['year_75']))}",
        )
    return table


def constraint_table(shares: xr.DataArray, errors: xr.DataArray) -> Table:
    """Make the table of the probability that each limit binds, by year.

    Parameters
    ----------
    shares, errors : DataArray, dims (year, label)
        ``binding_constraint_share`` and its error, from `clustercast.summarise`.

    Returns
    -------
    rich.table.Table
        Limits that hardly ever bind are named below it.
    """
    label = next(str(dim) for dim in shares.dims if dim != "year")
    title = "Which limit binds the largest training cluster: probability by year"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("year", no_wrap=True)
    binds = shares.values.max(axis=shares.get_axis_num("year")) >= _SELDOM
    for name in shares[label].values[binds]:
        table.add_column(str(name), justify="right")
    if not binds.all():
        never = ", ".join(str(name) for name in shares[label].values[~binds])
        table.caption, table.caption_justify = f"below {100 * _SELDOM:g} % in every year: {never}", "left"
    for year in shares["year"].values:
        row, error = shares.sel(year=year).values[binds], errors.sel(year=year).values[binds]
        table.add_row(f"{year:g}", *(chance(p, e) for p, e in zip(row, error, strict=True)))
    return table


def chance(probability: float, error: float) -> str:
    """Write a probability in percent, with no more digits than its error allows.

    Examples
    --------
    >>> chance(0.4234, 0.004), chance(0.99999, 0.0001), chance(0.0, 0.0001)
    ('42 %', '> 99.9 %', '< 0.1 %')
    """
    if probability > 0.999:
        return "> 99.9 %"
    if probability < 0.001:
        return "< 0.1 %"
    return f"{100 * probability:.{1 if error < 0.0005 or probability < 0.01 else 0}f} %"


def _year(year: float) -> str:
    """Write a crossing year; infinity is not by the last year."""
    if np.isposinf(year):
        return "later"
    return "before" if np.isneginf(year) else f"{year:.1f}"
