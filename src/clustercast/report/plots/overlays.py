"""What is drawn over a forecast: numbers that somebody stated, and what was observed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from clustercast.conditioning.observation_rows import Observation
from clustercast.engine.units import conversion
from clustercast.report.plots.style import INK, PALETTE, unit_of
from clustercast.uncertainty.stated import StatedCell

_KINDS = (("value", "o", "observed"), ("record", "^", "observed: at least"), ("ceiling", "v", "observed: at most"))
_NORMAL_95 = 1.6448536269514722


def draw_stated(ax: Axes, cells: Sequence[StatedCell], path: xr.DataArray) -> None:
    """Draw stated numbers as diamonds and stated ranges as bars; an open range has an arrow."""
    label: str | None = "essay"
    for cell in cells:
        scale = conversion(cell.unit, unit_of(path), f"stated {cell.quantity} of {cell.year:g}")
        low, high = cell.low * scale, cell.high * scale
        if low == high:
            ax.plot([cell.year], [low], "D", markersize=5, color=INK, zorder=4, label=label)
        elif np.isfinite(high):
            ax.plot([cell.year] * 2, [low, high], "_-", markersize=8, linewidth=2, color=INK, zorder=4, label=label)
        else:
            ax.plot([cell.year], [low], "_", markersize=8, markeredgewidth=2, color=INK, zorder=4, label=label)
            arrow = {"arrowstyle": "->", "color": INK, "linewidth": 2}
            ax.annotate("", (cell.year, low * 3.2), (cell.year, low), arrowprops=arrow)
        label = None


def draw_observed(ax: Axes, rows: Sequence[Observation], path: xr.DataArray) -> None:
    """Draw measurements with their interval, lower bounds as triangles up, upper bounds as triangles down."""
    for kind, marker, text in _KINDS:
        found = [row for row in rows if row.kind == kind]
        if not found:
            continue
        dates = [row.date for row in found]
        scales = [conversion(row.unit, unit_of(path), f"observed {row.quantity}") / row.part for row in found]
        values = np.array([row.value * scale for row, scale in zip(found, scales, strict=True)])
        factors = 10 ** (_NORMAL_95 * np.array([row.sd_log10 for row in found]))
        bars = np.stack([values - values / factors, values * factors - values]) if kind == "value" else None
        limits = ax.dataLim.frozen()
        style: dict[str, Any] = {"color": PALETTE[1], "markersize": 4.5, "markerfacecolor": "none", "zorder": 5}
        ax.errorbar(dates, values, bars, fmt=marker, markeredgewidth=1.2, elinewidth=0.9, label=text, **style)
        # On a logarithmic axis error bars enter the limits by their logarithms: a bar at 1e6 would stretch it to 6.
        ax.dataLim.set(limits)
        ends = (values / factors, values * factors) if kind == "value" else (values,)
        ax.update_datalim(np.column_stack([dates * len(ends), np.concatenate(ends)]))
