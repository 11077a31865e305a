"""What is drawn over a forecast: numbers that somebody stated, and what was observed."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from clustercast.engine.units import conversion
from clustercast.report.plots.style import INK, PALETTE, unit_of

_KINDS = (("value", "o", "observed"), ("record", "^", "observed: at least"), ("ceiling", "v", "observed: at most"))
_NORMAL_95 = 1.6448536269514722


class Stated(Protocol):
    """A number or range that somebody stated, as `clustercast.uncertainty.stated.StatedCell`."""

    @property
    def quantity(self) -> str:
        """Name in the model."""

    @property
    def year(self) -> float:
        """Year it is about."""

    @property
    def low(self) -> float:
        """Lower end, in `unit`."""

    @property
    def high(self) -> float:
        """Upper end; infinite for "or more"."""

    @property
    def unit(self) -> str:
        """Unit of both."""


class Observed(Protocol):
    """A figure that was observed, as `clustercast.conditioning.observation_rows.Observation`."""

    @property
    def quantity(self) -> str:
        """Name in the model."""

    @property
    def date(self) -> float:
        """Year, with its fraction."""

    @property
    def value(self) -> float:
        """What was seen, in `unit`."""

    @property
    def unit(self) -> str:
        """Unit of the value."""

    @property
    def part(self) -> float:
        """Share of the quantity that the value counts."""

    @property
    def sd_log10(self) -> float:
        """Standard deviation of its error, in decades."""

    @property
    def kind(self) -> Literal["value", "record", "ceiling"]:
        """Whether it is a measurement, a lower bound or an upper bound."""


def draw_stated(ax: Axes, cells: Sequence[Stated], path: xr.DataArray) -> None:
    """Draw stated numbers as diamonds and stated ranges as bars; an open range has an arrow."""
    label: str | None = "stated"
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


def draw_observed(ax: Axes, rows: Sequence[Observed], path: xr.DataArray) -> None:
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
        ax.errorbar(
            dates,
            values,
            bars,
            fmt=marker,
            color=PALETTE[1],
            markersize=4.5,
            markerfacecolor="none",
            markeredgewidth=1.2,
            elinewidth=0.9,
            label=text,
            zorder=5,
        )
        # On a logarithmic axis error bars enter the limits by their logarithms: a bar at 1e6 would stretch it to 6.
        ax.dataLim.set(limits)
        ends = (values / factors, values * factors) if kind == "value" else (values,)
        ax.update_datalim(np.column_stack([dates * len(ends), np.concatenate(ends)]))
