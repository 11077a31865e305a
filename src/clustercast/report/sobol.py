"""Sensitivity indices as tables that fit 80 columns."""

import re
from collections.abc import Iterator

import numpy as np
import xarray as xr

from clustercast.dataset import design_of
from clustercast.report.numbers import evenly, label_of, member_label, worded
from clustercast.report.tables import Table, table

_SHOWN_YEARS = 3
_SMALL = 0.01
_GROUPED = re.compile(r"Correlated inputs are one group.*?Shapley effects\.")


def sobol_tables(indices: xr.Dataset, *, most: int = 8, resolved: xr.DataArray | None = None) -> Iterator[Table]:
    """Yield one table an output: total indices by year, the first-order index in the last, each with its half-width."""
    grid = indices["year"].values.tolist() if "year" in indices.dims else []
    years = [grid[place] for place in evenly(len(grid), _SHOWN_YEARS + 1)[1:]] or grid
    what = member(indices)
    headers = (what, *([f"ST {year:g}" for year in years] or ["ST"]), f"S1 {years[-1]:g}" if years else "S1")
    for output in indices["output"].values:
        # Bare arrays, (years or 1, inputs): xarray takes longer to label a number than it takes to print it.
        chosen = indices.sel(output=output)
        chosen = chosen.sel(year=years) if years else chosen
        found = {name: np.atleast_2d(chosen[name].values) for name in ("ST", "ST_conf", "S1", "S1_conf")}
        totals, names = np.nan_to_num(found["ST"]), indices["input"].values.tolist()
        rank = np.argsort(-totals.max(axis=0), kind="stable")
        shown = [k for k in rank[:most] if totals[:, k].max() >= _SMALL]
        notes, rest = [], [k for k in rank if k not in shown]
        if rest:
            least = f"{max(_SMALL, float(np.ceil(totals[:, rest].max() * 100)) / 100):.2g}"
            one = len(rest) == 1
            notes.append(f"{len(rest)} more {what}{'' if one else 's'}, {'' if one else 'each '}with ST below {least}")
        if resolved is not None:
            notes.append(_resolution(resolved.sel(output=output)))
        rows = [
            (
                member_label(str(names[k])),
                *map(_cell, found["ST"][:, k], found["ST_conf"][:, k]),
                _cell(found["S1"][-1, k], found["S1_conf"][-1, k]),
            )
            for k in shown
        ]
        title = f"{label_of(str(output))}, on the {chosen['scale'].item()} scale"
        yield table(title, headers, rows, note="; ".join(notes))


def _resolution(resolved: xr.DataArray) -> str:
    """Return in which years the order of the first inputs is resolved, in words."""
    timed, what = "year" in resolved.dims, str(resolved.attrs["long_name"]).removesuffix(" resolved")
    if resolved.all():
        return f"{what} is resolved{' in every year' if timed else ''}"
    if not resolved.any():
        return f"{what} is not resolved{' in any year' if timed else ''}"
    years = resolved["year"].values[~resolved.values]
    some = f"{years.size} of {resolved.size} years, {years[0]:g} to {years[-1]:g}"
    return f"{what} is not resolved in {f'{years[0]:g}' if years.size == 1 else some}"


def caution(indices: xr.Dataset) -> str:
    """Return what could mislead a reader of a result, in words; groups are named by their members in the tables."""
    joined = "Inputs joined by + are correlated and have one index together."
    return worded(_GROUPED.sub(joined, indices.attrs.get("warning", "")))


def member(indices: xr.Dataset) -> str:
    """Return what an index belongs to: an input, a group of inputs, or an independent part of correlated inputs."""
    design = design_of(indices)
    # A group of correlated inputs is called by their names, and needs no other word.
    joint = design.get("correlated_groups", {})
    if any(len(members) > 1 and name not in joint for name, members in design.get("swaps", {}).items()):
        return "group"
    return "independent part" if design.get("latent") else "input"


def _cell(index: float, half_width: float) -> str:
    """Return an index and its half-width with as many digits as the half-width has."""
    if not np.isfinite(index):
        return "-"
    digits = 3 if half_width < 0.005 else 2
    return f"{index:.{digits}f}±{half_width:.{digits}f}".replace("0.", ".")
