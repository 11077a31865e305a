"""Forecasts by year as fans, with what was stated and observed, thresholds and reference classes."""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from clustercast.arrays.summaries.order_statistics import quantiles
from clustercast.engine.units import conversion, in_unit, same_dimension
from clustercast.errors import InputError
from clustercast.report.plots.overlays import Observed, Stated, draw_observed, draw_stated
from clustercast.report.plots.style import (
    INK,
    PALETTE,
    SMALL,
    Reference,
    axes_or_new,
    axis_label,
    beside,
    human_axis,
    level_text,
    quiet_frame,
    title_of,
    unit_of,
    year_axis,
)

FloatArray = NDArray[np.float64]
Level = str | float

PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)
# What a reference class is called ends before its explanation.
_SHORT = re.compile(r", | \(")


def fan(
    path: xr.DataArray,
    *,
    ax: Axes | None = None,
    probabilities: Sequence[float] = PROBABILITIES,
    weights: Sequence[float] | FloatArray | None = None,
    stated: Iterable[Stated] = (),
    observed: Iterable[Observed] = (),
    levels: Iterable[Level] | Mapping[str, Level] = (),
    references: Iterable[Reference] = (),
    log: bool | None = None,
    colour: str = PALETTE[0],
    label: str = "forecast",
) -> Axes:
    """Draw a forecast by year as a fan: the median and bands around it.

    Parameters
    ----------
    path : DataArray, dims (year, sample) or (year, quantile)
        One output of `propagate`, or of `summarise`, in its unit.
    ax : Axes, optional
        Where to draw; a new figure by default.
    probabilities : sequence of float, optional
        Of the bands, in pairs around the median; for samples only.
    weights : array, shape (sample,), optional
        Importance weights of the samples.
    stated : iterable of StatedCell, optional
        Cells of stated tables; those of this quantity are drawn.
    observed : iterable of Observation, optional
        Observations; those of this quantity are drawn, with an interval of 90 %.
    levels : iterable of str or float, or mapping of label to level, optional
        Thresholds, as ``"100 GW"``, drawn as labelled dashed lines.
    references : iterable of ReferenceClass, optional
        Sizes to compare with; those of the path's dimension and in view are drawn as labelled dotted lines.
    log : bool, optional
        Whether the axis is logarithmic; by default where everything is positive.
    colour, label : str, optional
        Of this fan, where several are drawn on the same axes.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If the path has other dimensions, or a unit does not fit.
    """
    points, values = _quantiles(path, probabilities, weights)
    years = np.asarray(path["year"].values, dtype=np.float64)
    ax = quiet_frame(axes_or_new(ax))
    logarithmic = bool((values > 0).all()) if log is None else log
    ax.set_yscale("log" if logarithmic else "linear")
    _bands(ax, years, points, values, colour, label)
    within = (years[0] - 0.5, years[-1] + 0.5)
    draw_stated(ax, [c for c in stated if c.quantity == path.name and within[0] <= c.year <= within[1]], path)
    draw_observed(ax, [o for o in observed if o.quantity == path.name and within[0] <= o.date <= within[1]], path)
    named = levels if isinstance(levels, Mapping) else {level_text(level, path): level for level in levels}
    heights = {text: in_unit(level, unit_of(path), "level") for text, level in named.items()}
    for height in heights.values():
        ax.axhline(height, color=INK, linewidth=0.9, linestyle="--")
    human_axis(ax.yaxis, path, log=logarithmic, most=12)
    year_axis(ax, years)
    ax.set_xlim(years[0] - 0.25, years[-1] + 0.25)
    ax.set_title(title_of(path), fontsize=10, loc="left")
    ax.set_ylabel(axis_label(path))
    _draw_lines(ax, heights, references, path)
    ax.legend(fontsize=SMALL, frameon=False, loc="upper left")
    return ax


def _quantiles(
    path: xr.DataArray, probabilities: Sequence[float], weights: Sequence[float] | FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Return probabilities, and quantiles with dims (year, quantile)."""
    if set(path.dims) == {"year", "quantile"}:
        ordered = path.transpose("year", "quantile")
        return np.asarray(path["quantile"].values), np.asarray(ordered.values, dtype=np.float64)
    if set(path.dims) != {"year", "sample"}:
        raise InputError(
            f"{title_of(path)!r} has the dimensions {path.dims}; a fan needs (year, sample), of an output of "
            "cc.propagate, or (year, quantile), of cc.summarise"
        )
    values = np.asarray(path.transpose("year", "sample").values, dtype=np.float64)
    given = None if weights is None else np.asarray(weights, dtype=np.float64)
    return np.asarray(probabilities, dtype=np.float64), quantiles(values, probabilities, given)


def _bands(ax: Axes, years: FloatArray, points: FloatArray, values: FloatArray, colour: str, label: str) -> None:
    """Draw the bands, the widest first, and the median."""
    count = len(points)
    for k in range(count // 2):
        covered = points[-1 - k] - points[k]
        ax.fill_between(
            years,
            values[:, k],
            values[:, -1 - k],
            color=colour,
            alpha=0.18 + 0.2 * k,
            linewidth=0,
            label=f"{100 * covered:.0f} % of samples",
        )
    if count % 2:
        ax.plot(years, values[:, count // 2], color=colour, linewidth=2, label=f"{label}: median")


def _draw_lines(ax: Axes, heights: Mapping[str, float], references: Iterable[Reference], path: xr.DataArray) -> None:
    """Draw reference classes in view, and label them and the thresholds beside the axes."""
    low, high = ax.get_ylim()
    named = dict(heights)
    for reference in references:
        if not same_dimension(reference.unit, unit_of(path)):
            continue
        size = reference.value * conversion(reference.unit, unit_of(path), f"reference class {reference.name!r}")
        if low <= size <= high:
            ax.axhline(size, color="0.5", linewidth=0.8, linestyle=":")
            named[_SHORT.split(reference.name)[0]] = size
    ax.set_ylim(low, high)
    beside(ax, list(named.values()), list(named))
