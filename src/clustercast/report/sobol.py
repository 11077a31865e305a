"""Sobol' indices as terminal tables that fit 80 columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from clustercast.dataset import PROVENANCE, design_of, provenance_of

if TYPE_CHECKING:
    import xarray as xr

_SHOWN_YEARS = 3
_SMALL = 0.01


def sobol_tables(
    indices: xr.Dataset,
    *,
    years: Sequence[float] | None = None,
    most: int = 8,
    resolved: xr.DataArray | None = None,
) -> Iterator[Table]:
    """Make one table an output: total indices by year, first-order index in the last.

    Parameters
    ----------
    indices : Dataset
        From `clustercast.sobol_indices`.
    years : sequence of float, optional
        Years shown; three spread over those analysed by default.
    most : int, optional
        Inputs shown, the most important first.
    resolved : DataArray, optional
        From `clustercast.ranking_resolved`; each table then says whether the order of its first
        inputs is resolved.

    Yields
    ------
    rich.table.Table
        Cells are ``index ± half-width``; a dash where the output does not vary.
    """
    shown = _years(indices, years)
    for output in indices["output"].values:
        table = _table(indices.sel(output=output), str(output), shown, most)
        if resolved is not None:
            table.caption = "; ".join(
                filter(None, [str(table.caption or ""), _resolution(resolved.sel(output=output))])
            )
        yield table


def _resolution(resolved: xr.DataArray) -> str:
    """Say whether, or in which years, the order of the first inputs is resolved."""
    what = str(resolved.attrs["long_name"]).removesuffix(" resolved")
    if resolved.all():
        return f"{what} is resolved" + (" in every year" if "year" in resolved.dims else "")
    if not resolved.any():
        return f"{what} is not resolved" + (" in any year" if "year" in resolved.dims else "")
    years = resolved["year"].values[~resolved.values]
    when = (
        f"{years[0]:g}" if years.size == 1 else f"{years.size} of {resolved.size} years, {years[0]:g} to {years[-1]:g}"
    )
    return f"{what} is not resolved in {when}"


def _years(indices: xr.Dataset, years: Sequence[float] | None) -> list[float]:
    """Choose the years that are shown."""
    if "year" not in indices.dims:
        return []
    grid = indices["year"].values
    if years is not None:
        return [float(year) for year in years if year in grid]
    places = np.unique(np.linspace(0, grid.size - 1, _SHOWN_YEARS + 1).round().astype(int))[1:]
    return [float(grid[place]) for place in places] or [float(grid[-1])]


def _table(indices: xr.Dataset, output: str, years: Sequence[float], most: int) -> Table:
    """Make the table of one output."""
    columns = [indices.sel(year=year) for year in years] or [indices]
    last = columns[-1]
    rank = np.argsort(-np.nan_to_num(np.max([c["ST"].values for c in columns], axis=0)), kind="stable")
    scale = str(indices["scale"].values)
    title = f"{output}, analysed on the {scale} scale"
    what = "group" if _grouped(indices) else "input"
    table = Table(
        title=title,
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        min_width=len(title),
    )
    table.add_column(what, no_wrap=True, overflow="ellipsis", max_width=26)
    for year in years:
        table.add_column(f"ST {year:g}", justify="right", no_wrap=True)
    if not years:
        table.add_column("ST", justify="right", no_wrap=True)
    table.add_column("S1" if not years else f"S1 {years[-1]:g}", justify="right", no_wrap=True)
    shown = [k for k in rank[:most] if np.nanmax([c["ST"].values[k] for c in columns] + [0.0]) >= _SMALL]
    for k in shown:
        cells = [_cell(c["ST"].values[k], c["ST_conf"].values[k]) for c in columns]
        table.add_row(str(indices["input"].values[k]), *cells, _cell(last["S1"].values[k], last["S1_conf"].values[k]))
    others = indices.sizes["input"] - len(shown)
    if others:
        least = f"{_least(columns, shown, rank):.2g}"
        table.caption = (
            f"1 more {what}, with ST below {least}"
            if others == 1
            else f"{others} more {what}s, each with ST below {least}"
        )
    return table


def _grouped(indices: xr.Dataset) -> bool:
    """Say whether groups of inputs were swapped together."""
    return any(len(members) > 1 for members in design_of(indices).get("swaps", {}).values())


def _least(columns: Sequence[xr.Dataset], shown: Sequence[int], rank: np.ndarray) -> float:
    """Return a round bound below which the total indices of the inputs not shown lie."""
    rest = [k for k in rank if k not in shown]
    largest = max(float(np.nan_to_num(c["ST"].values[rest]).max()) for c in columns)
    return max(_SMALL, float(np.ceil(largest * 100)) / 100)


def _cell(index: float, half_width: float) -> str:
    """Write an index and its error with as many digits as the error has."""
    if not np.isfinite(index):
        return "-"
    digits = 3 if half_width < 0.005 else 2
    return f"{index:.{digits}f}±{half_width:.{digits}f}".replace("0.", ".")


def indices_json(indices: xr.Dataset) -> str:
    """Write indices as JSON, for machines: one record an output, year and input.

    Parameters
    ----------
    indices : Dataset
        From `clustercast.sobol_indices`.

    Returns
    -------
    str
        ``{"attributes": {...}, "indices": [{"output": ..., "input": ..., "S1": ..., ...}]}``;
        an index that is not defined is null.
    """
    flat = indices[["S1", "S1_conf", "ST", "ST_conf"]].to_dataframe().reset_index()
    records = json.loads(flat.to_json(orient="records", double_precision=12))
    attributes = {**indices.attrs, PROVENANCE: provenance_of(indices)}
    return json.dumps({"attributes": attributes, "indices": records}, default=str)
