"""A forecast in single years: exceedance curves, and scenarios side by side."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from clustercast.arrays import FloatArray
from clustercast.arrays.summaries.order_statistics import quantiles
from clustercast.decisions.pooled_forecast import WHOSE
from clustercast.engine.units import conversion
from clustercast.errors import InputError, nearest, takes
from clustercast.report.labels import label_of
from clustercast.report.numbers import human, interval, with_interval
from clustercast.report.plots import style

_INTERVALS = (0.05, 0.25, 0.5, 0.75, 0.95)
_STYLES = ("-", "--", "-.", ":")
_CURVE_POINTS = 201
_VIEW = (0.002, 0.998)


@takes("sample")
def exceedance_curve(
    path: xr.DataArray,
    *,
    years: Sequence[float] | None = None,
    ax: Axes | None = None,
    weights: Sequence[float] | FloatArray | None = None,
    levels: Iterable[style.Level] | Mapping[str, style.Level] = (),
) -> Axes:
    """Draw the probability that an output exceeds a size, against the size, in some years.

    `path` is an output of `propagate`, dims (year, sample) or (sample,); `years` are up to four spread over its own by
    default; `weights` are importance weights, and `levels`, as "100 GW", labelled vertical lines.
    """
    ax = style.quiet_frame(style.axes_or_new(ax))
    shown = _curves(path, years)
    probabilities = np.linspace(*_VIEW, _CURVE_POINTS)
    positive = all(bool((values > 0).all()) for values in shown.values())
    for number, (text, values) in enumerate(shown.items()):
        sizes = quantiles(values, probabilities, None if weights is None else np.asarray(weights, dtype=np.float64))
        colour, dash = style.look(number)[0], _STYLES[number % len(_STYLES)]
        ax.plot(sizes, 1 - probabilities, label=style.plain(text), linewidth=1.6, color=colour, linestyle=dash)
        if len(shown) > 1:
            # Each label lower than the one before: curves of late years come close.
            rank = (2 * number + 3) * _CURVE_POINTS // 12
            place = (float(sizes[rank]), float(1 - probabilities[rank]))
            looks: dict[str, Any] = {"textcoords": "offset points", "color": colour, "fontsize": style.SMALL}
            ax.annotate(style.plain(text), place, (3, 3), **looks)
    marked = _sizes(ax, path, positive, levels)
    style.share_axis(ax.yaxis, "probability of at least as much")
    ax.set_ylim(0, 1.01)
    name, unit = style.title_of(path), style.unit_beside(path)
    ax.set_xlabel(style.plain(f"{name} ({unit})" if unit else name))
    text, values = list(shown.items())[-1]
    size = human(float(quantiles(values, [0.95])[0]), style.unit_of(path), share=style.in_percent(path))
    when = f"{text}: " if "year" in path.dims else ""
    style.write_title(ax, name, f"{when}1 chance in 20 of {size} or more", pad=18 if marked else 6)
    return ax


@takes()
def scenarios(
    paths: Mapping[str, xr.DataArray],
    *,
    year: float | None = None,
    ax: Axes | None = None,
    levels: Iterable[style.Level] | Mapping[str, style.Level] = (),
) -> Axes:
    """Compare an output between scenarios in a year: median, half and nine tenths of the samples.

    `paths` are the output in each scenario, the base first, one row each from the top; `year` is the last by default,
    and `levels`, as "100 GW", are labelled vertical lines.
    """
    if not paths:
        raise InputError("there are no scenarios to compare; give a mapping of names to paths")
    first = next(iter(paths.values()))
    _, chosen = style.in_year(first, year, repr(style.title_of(first)))
    rows = [_of_year(path, chosen, first) for path in paths.values()]
    ax = style.rows_of(ax, [label_of(name) for name in paths], each=0.3)
    for number, values in enumerate(rows):
        low, quarter, median, three_quarters, high = quantiles(values, _INTERVALS)
        colour = style.PALETTE[0] if number else style.INK
        ax.plot([low, high], [number, number], color=colour, linewidth=1.2, solid_capstyle="butt")
        ax.plot([quarter, three_quarters], [number, number], color=colour, linewidth=5, solid_capstyle="butt")
        ax.plot([median], [number], marker="o", markersize=7, color=colour, markerfacecolor="white")
        if not number:
            ax.axvline(median, color=style.INK, linewidth=0.8, linestyle=":")
    marked = _sizes(ax, first, all(bool((values > 0).all()) for values in rows), levels)
    ax.set_xlabel("median, 50 % and 90 % of samples")
    when = "" if chosen is None else f" in {chosen:g}"
    medians = [float(np.median(values)) for values in rows]
    between = interval(min(medians), max(medians), style.unit_of(first), share=style.in_percent(first))
    style.write_title(ax, f"{style.title_of(first)}{when}", f"medians {between}", pad=18 if marked else 6)
    return ax


@takes("sample")
def pool(
    pooled: xr.Dataset,
    output: str,
    *,
    year: float | None = None,
    ax: Axes | None = None,
    levels: Iterable[style.Level] | Mapping[str, style.Level] = (),
) -> Axes:
    """Draw an output of a pool of forecasts in a year, of all together and of each forecaster with its weight.

    `pooled` is a result of `pool` for forecasts; `year` is the last by default, and `levels`, as "100 GW", are labelled
    vertical lines. A forecaster's row has the draws that its weight gives it in the pool.
    """
    if WHOSE not in pooled:
        raise InputError(f"the forecast has no {WHOSE!r}; give a result of cc.pool for forecasts")
    if output not in pooled:
        known = [str(name) for name in pooled.data_vars if pooled[name].attrs.get("role") == "output"]
        raise InputError(f"the pool has no output {output!r}{nearest(output, known)}; it has {', '.join(known)}")
    path, whose = pooled[output], pooled[WHOSE]
    held = {name: whose.values == place for place, name in enumerate(json.loads(whose.attrs["labels"]))}
    each = {f"{name} ({100 * own.mean():.3g} %)": path.isel(sample=own) for name, own in held.items() if own.any()}
    ax = scenarios({"pool": path} | each, year=year, ax=ax, levels=levels)
    _, chosen = style.in_year(path, year, repr(style.title_of(path)))
    low, median, high = quantiles(_of_year(path, chosen, path), (0.05, 0.5, 0.95))
    said = with_interval(median, low, high, style.unit_of(path), share=style.in_percent(path))
    named = style.title_of(path) if chosen is None else f"{style.title_of(path)} in {chosen:g}"
    style.write_title(ax, named, f"pool: {said}", pad=18 if levels else 6, wide=style.NARROW)
    return ax


def _sizes(
    ax: Axes, path: xr.DataArray, positive: bool, levels: Iterable[style.Level] | Mapping[str, style.Level]
) -> bool:
    """Draw an axis of sizes with thresholds as vertical lines, labelled on top; return whether there are any."""
    ax.set_xscale("log" if positive else "linear")
    named = style.named_levels(levels, path)
    for text, place in named.items():
        ax.axvline(place, color=style.INK, linewidth=0.9, linestyle="--")
        looks: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "fontsize": style.SMALL, "ha": "center"}
        ax.text(place, 1.01, style.plain(text), **looks)
    style.human_axis(ax.xaxis, path, log=positive)
    return bool(named)


def _curves(path: xr.DataArray, years: Sequence[float] | None) -> dict[str, FloatArray]:
    """Return the samples of each year to draw, by its label."""
    if "year" not in path.dims:
        return {style.title_of(path): _of_year(path, None, path)}
    grid = path["year"].values
    if years is None:
        places = np.unique(np.linspace(0, grid.size - 1, len(_STYLES) + 1).round().astype(int))[1:]
        years = [float(grid[place]) for place in places] or [float(grid[-1])]
    return {f"{year:g}": _of_year(path, year, path) for year in years}


def _of_year(path: xr.DataArray, year: float | None, first: xr.DataArray) -> FloatArray:
    """Return the samples of a year, in the unit of the first path."""
    path, _ = style.in_year(path, year, repr(style.title_of(path)))
    if path.dims != ("sample",):
        raise InputError(f"{style.title_of(path)!r} has the dimensions {path.dims} in a year; it needs ('sample',)")
    scale = conversion(style.unit_of(path), style.unit_of(first), style.title_of(path))
    return np.asarray(path.values, dtype=np.float64) * scale
