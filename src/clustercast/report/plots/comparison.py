"""Forecasts beside each other: exceedance curves, scenarios, pools, and an input before and after learning."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from clustercast.arrays import FloatArray
from clustercast.arrays.summaries import Weights, quantiles
from clustercast.dataset import numbers_of, years_of
from clustercast.decisions.pooling import WHOSE
from clustercast.engine.units import conversion
from clustercast.errors import InputError, takes
from clustercast.report.numbers import evenly, label_of
from clustercast.report.plots import style
from clustercast.uncertainty.summaries import PROBABILITIES, output_names

_STYLES = ("-", "--", "-.", ":")
_CURVE_POINTS = 201
_VIEW = (0.002, 0.998)
_BINS = 40


@takes("sample")
def exceedance_curve(
    path: xr.DataArray,
    *,
    years: Sequence[float] | None = None,
    ax: Axes | None = None,
    weights: Weights = None,
    levels: style.Levels = (),
) -> Axes:
    """Draw the probability that an output exceeds a size, against the size, in some years.

    `path` is an output of `propagate`, dims (year, sample) or (sample,); `years` are up to four spread over its own by
    default; `weights` are importance weights, and `levels`, as "100 GW", labelled vertical lines.
    """
    ax = style.axes_or_new(ax)
    grid = years_of(path).tolist() if "year" in path.dims else []
    usual = [grid[place] for place in evenly(len(grid), len(_STYLES) + 1)[1:]] or grid
    shown = {f"{year:g}": _of_year(path, year, path) for year in (usual if years is None else years)}
    shown = shown if grid else {style.title_of(path): _of_year(path, None, path)}
    if not shown:
        raise InputError(f"years is empty; name at least one of {', '.join(f'{year:g}' for year in grid)}")
    probabilities = np.linspace(*_VIEW, _CURVE_POINTS)
    for number, (text, values) in enumerate(shown.items()):
        sizes = quantiles(values, probabilities, weights)
        colour, dash = style.look(number)[0], _STYLES[number % len(_STYLES)]
        ax.plot(sizes, 1 - probabilities, label=style.plain(text), linewidth=1.6, color=colour, linestyle=dash)
        if len(shown) > 1:
            # Each label lower than the one before: curves of late years come close.
            rank = (2 * number + 3) * _CURVE_POINTS // 12
            looks: dict[str, Any] = {"textcoords": "offset points", "color": colour, "fontsize": style.SMALL}
            ax.annotate(style.plain(text), (sizes[rank], 1 - probabilities[rank]), (3, 3), **looks)
    marked = _sizes(ax, path, shown.values(), levels)
    style.share_axis(ax, "y", "probability of at least as much", high=1.01)
    name, unit = style.title_of(path), style.unit_beside(path)
    ax.set_xlabel(style.plain(f"{name} ({unit})" if unit else name))
    size = style.said(path, float(quantiles(values, [0.95], weights)[0]))
    when = f"{text}: " if grid else ""
    return style.titled(ax, name, f"{when}1 chance in 20 of {size} or more", pad=18 if marked else 6)


@takes()
def scenarios(
    paths: Mapping[str, xr.DataArray], *, year: float | None = None, ax: Axes | None = None, levels: style.Levels = ()
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
        low, quarter, median, three_quarters, high = quantiles(values, PROBABILITIES)
        colour = style.PALETTE[0] if number else style.INK
        ax.plot([low, high], [number, number], color=colour, linewidth=1.2, solid_capstyle="butt")
        ax.plot([quarter, three_quarters], [number, number], color=colour, linewidth=5, solid_capstyle="butt")
        ax.plot([median], [number], marker="o", markersize=7, color=colour, markerfacecolor="white")
        if not number:
            ax.axvline(median, color=style.INK, linewidth=0.8, linestyle=":")
    marked = _sizes(ax, first, rows, levels)
    ax.set_xlabel("median, 50 % and 90 % of samples")
    medians = [float(np.median(values)) for values in rows]
    between = style.said(first, min(medians), max(medians))
    return style.titled(ax, style.title_of(first, chosen), f"medians {between}", pad=18 if marked else 6)


@takes("sample")
def pool(
    pooled: xr.Dataset, output: str, *, year: float | None = None, ax: Axes | None = None, levels: style.Levels = ()
) -> Axes:
    """Draw an output of a pool of forecasts in a year, of all together and of each forecaster with its weight.

    `pooled` is a result of `pool` for forecasts; `year` is the last by default, and `levels`, as "100 GW", are labelled
    vertical lines. A forecaster's row has the draws that its weight gives it in the pool.
    """
    if WHOSE not in pooled:
        raise InputError(f"the forecast has no {WHOSE!r}; give a result of cc.pool for forecasts")
    style.known("the pool has no output", output, output_names(pooled))
    path, whose = pooled[output], pooled[WHOSE]
    # Once: what is given may be read but once.
    levels = style.named_levels(levels, path)
    held = {name: whose.values == place for place, name in enumerate(json.loads(whose.attrs["labels"]))}
    each = {f"{name} ({100 * own.mean():.3g} %)": path.isel(sample=own) for name, own in held.items() if own.any()}
    ax = scenarios({"pool": path} | each, year=year, ax=ax, levels=levels)
    _, chosen = style.in_year(path, year, repr(style.title_of(path)))
    said = style.said(path, *quantiles(_of_year(path, chosen, path), (0.05, 0.5, 0.95)))
    return style.titled(ax, style.title_of(path, chosen), f"pool: {said}", pad=18 if levels else 6, wide=style.NARROW)


@takes()
def prior_posterior(
    prior: xr.DataArray, posterior: xr.DataArray, *, weights: Weights = None, ax: Axes | None = None
) -> Axes:
    """Draw the distribution of an input or an output before and after conditioning.

    Samples of the same variable, as ``tree["prior"][name]`` and ``tree["posterior"][name]``, the latter perhaps with
    `weights`: histograms with the same bins, from the 0.2nd to the 99.8th percentile of both, with the medians.
    """
    before, after = (numbers_of(result).reshape(-1) for result in (prior, posterior))
    ends = np.concatenate([quantiles(before, _VIEW), quantiles(after, _VIEW, weights)])
    if not ends.max() > ends.min():
        raise InputError(f"prior and posterior are one number, {ends.max():g}; give samples of a variable that varies")
    bins = np.linspace(ends.min(), ends.max(), _BINS + 1).tolist()
    ax = style.axes_or_new(ax, height=2.8)
    ax.hist(before, bins=bins, density=True, color=style.QUIET, alpha=0.5, label="prior")
    looks: dict[str, Any] = {"histtype": "step", "color": style.PALETTE[0], "linewidth": 1.6, "label": "posterior"}
    ax.hist(after, bins=bins, density=True, weights=None if weights is None else np.asarray(weights, float), **looks)
    medians = [float(quantiles(before, [0.5])[0]), float(quantiles(after, [0.5], weights)[0])]
    for k, (name, colour, dash) in enumerate((("prior", style.QUIET, ":"), ("posterior", style.PALETTE[0], "-"))):
        ax.axvline(medians[k], color=colour, linestyle=dash, linewidth=1.4)
        side = "right" if (medians[0] < medians[1]) == (k == 0) else "left"
        looks = {"ha": side, "va": "bottom", "fontsize": style.SMALL, "color": colour}
        ax.text(medians[k], 1.0, f" {name} ", transform=ax.get_xaxis_transform(), **looks)
    style.human_axis(ax.xaxis, prior, log=False, most=5)
    ax.set_yticks([])
    ax.set_ylabel("density")
    ax.set_xlabel(style.unit_beside(prior))
    moved = " to ".join(style.said(prior, median) for median in medians)
    return style.titled(ax, label_of(str(prior.name)), f"median: {moved}", pad=18)


def _sizes(ax: Axes, path: xr.DataArray, shown: Iterable[FloatArray], levels: style.Levels) -> bool:
    """Draw an axis of sizes with thresholds as vertical lines, labelled on top; return whether there are any."""
    positive = all(bool((values > 0).all()) for values in shown)
    ax.set_xscale("log" if positive else "linear")
    named = style.named_levels(levels, path)
    for text, place in named.items():
        ax.axvline(place, color=style.INK, linewidth=0.9, linestyle="--")
        looks: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "fontsize": style.SMALL, "ha": "center"}
        ax.text(place, 1.01, style.plain(text), **looks)
    style.human_axis(ax.xaxis, path, log=positive)
    return bool(named)


def _of_year(path: xr.DataArray, year: float | None, first: xr.DataArray) -> FloatArray:
    """Return the samples of a year, in the unit of the first path."""
    path, _ = style.in_year(path, year, repr(style.title_of(path)))
    if path.dims != ("sample",):
        raise InputError(f"{style.title_of(path)!r} has the dimensions {path.dims} in a year; it needs ('sample',)")
    return numbers_of(path) * conversion(style.unit_of(path), style.unit_of(first), style.title_of(path))
