"""Forecasts by year: fans with what was stated and observed, when levels are reached, and which limit binds."""

import json
import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like

from clustercast.arrays import FloatArray
from clustercast.arrays.summaries import Weights, checked_weights, quantiles
from clustercast.conditioning.observation_rows import Observation
from clustercast.dataset import numbers_of, years_of
from clustercast.engine.units import conversion, same_dimension
from clustercast.errors import InputError, shown, takes
from clustercast.files.dates import date_words
from clustercast.report.numbers import chance, in_a_sentence, milestone_text
from clustercast.report.plots import style
from clustercast.uncertainty.stated import ReferenceClass, StatedCell

PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)
_KINDS = (("value", "o", "observed"), ("record", "^", "observed: at least"), ("ceiling", "v", "observed: at most"))
_NORMAL_95 = 1.6448536269514722
# What a reference class is called ends before its explanation.
_SHORT = re.compile(r", | \(")
_TALLEST = 0.8
# Labels below this in every year, and those beyond the largest few, are drawn together: nobody can follow more layers.
_SELDOM, _MOST = 0.01, 5


@takes()
def fan(
    path: xr.DataArray,
    *,
    trend: xr.DataArray | None = None,
    today: float | None = None,
    ax: Axes | None = None,
    probabilities: Sequence[float] = PROBABILITIES,
    weights: Weights = None,
    stated: Iterable[StatedCell] = (),
    observed: Iterable[Observation] = (),
    levels: style.Levels = (),
    references: Iterable[ReferenceClass] = (),
    log: bool | None = None,
    colour: str = style.PALETTE[0],
    label: str = "forecast",
) -> Axes:
    """Draw a forecast by year as a fan: the median and bands around it, each named at its end.

    `path` is an output of `propagate`, dims (year, sample), or of `summarise`, (year, quantile); `probabilities`, in
    pairs around the median, and `weights` are for samples only. Drawn over it, where they are of this quantity: the
    median of `trend`, a line at the date `today`, cells `stated` in a table, observations `observed`, `levels` as
    "100 GW", and in view the `references` of its dimension. The axis is a `log` axis where everything is positive.
    """
    if not is_color_like(colour):
        raise InputError(f"colour is {shown(colour, 60)}; give one of matplotlib's, as 'black' or {style.PALETTE[0]!r}")
    points, values = _quantiles(path, probabilities, weights)
    years = years_of(path)
    ax = style.axes_or_new(ax)
    logarithmic = bool((values > 0).all()) if log is None else log
    ax.set_yscale("log" if logarithmic else "linear")
    ends = _bands(ax, years, points, values, colour, label)
    first, last = years[0] - 0.5, years[-1] + 0.5
    _draw_stated(ax, [c for c in stated if c.quantity == path.name and first <= c.year <= last], path)
    _draw_observed(ax, [o for o in observed if o.quantity == path.name and first <= o.date <= last], path)
    heights = style.named_levels(levels, path)
    for height in heights.values():
        ax.axhline(height, color=style.INK, linewidth=0.9, linestyle="--")
    if trend is not None:
        ends |= _trend(ax, trend, ax.get_ylim())
    if today is not None and first <= today <= last:
        ax.axvline(today, color=style.QUIET, linewidth=0.9)
        looks: dict[str, Any] = {"fontsize": style.SMALL, "color": style.QUIET, "va": "bottom"}
        ax.text(today, 0.01, " today", transform=ax.get_xaxis_transform(), **looks)
    style.human_axis(ax.yaxis, path, log=logarithmic, most=9)
    style.year_axis(ax, years, path, margin=0.25)
    said, middle, covered = "", len(points) // 2, 100 * (points[-1] - points[0])
    if len(points) % 2:
        said = f"{years[-1]:g}: {style.said(path, *values[-1, [0, middle, -1]])}, {covered:.0f} % interval"
    style.titled(ax, style.title_of(path), said)
    ax.set_ylabel(style.plain(style.unit_beside(path)))
    _name_lines(ax, ends | heights, references, path)
    # What was stated and observed, which no line leads to, has a key under the axes.
    keyed = [pair for pair in zip(*ax.get_legend_handles_labels(), strict=True) if pair[1].startswith(("essay", "obs"))]
    if keyed:
        place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (-0.1, -0.16), "ncols": len(keyed)}
        ax.legend(*zip(*keyed, strict=True), **place, **style.KEY, handletextpad=0.3)
    return ax


def _quantiles(path: xr.DataArray, points: Sequence[float], weights: Weights) -> tuple[FloatArray, FloatArray]:
    """Return probabilities, and quantiles with dims (year, quantile)."""
    if set(path.dims) == {"year", "quantile"}:
        return np.asarray(path["quantile"].values), numbers_of(path.transpose("year", "quantile"))
    if set(path.dims) != {"year", "sample"}:
        remedy = "a fan needs (year, sample), of an output of cc.propagate, or (year, quantile), of cc.summarise"
        raise InputError(f"{style.title_of(path)!r} has the dimensions {path.dims}; {remedy}")
    ordered = path.transpose("year", "sample")
    return np.asarray(points, dtype=np.float64), quantiles(numbers_of(ordered), points, weights)


def _bands(
    ax: Axes, years: FloatArray, points: FloatArray, values: FloatArray, colour: str, label: str
) -> dict[str, float]:
    """Draw the bands, the widest first, and the median; return what stands at the end of each and where."""
    count = len(points)
    for k in range(count // 2):
        covered = f"{100 * (points[-1 - k] - points[k]):.0f} % of samples"
        band = (values[:, k], values[:, -1 - k])
        ax.fill_between(years, *band, color=colour, alpha=0.18 + 0.2 * k, linewidth=0, label=covered)
    ends = {f"{100 * p:.3g} %": float(values[-1, k]) for k, p in ((0, points[0]), (-1, points[-1]))}
    if count % 2:
        ink = style.INK if colour == style.PALETTE[0] else colour
        ax.plot(years, values[:, count // 2], color=ink, linewidth=2, label=f"{label}: median")
        ends[label] = float(values[-1, count // 2])
    return ends


def _trend(ax: Axes, trend: xr.DataArray, view: tuple[float, float]) -> dict[str, float]:
    """Draw the median of the trend, dashed, as far as the view of the forecast goes, and a factor of three beyond."""
    _, values = _quantiles(trend, (0.5,), None)
    median = values[:, values.shape[1] // 2]
    years = years_of(trend)
    ax.plot(years, median, color=style.PALETTE[1], linewidth=1.6, linestyle=(0, (5, 2)), label="trend: median")
    top = view[1] * 3 if ax.get_yscale() == "log" else view[1] * 1.3
    ax.set_ylim(view[0], min(max(view[1], float(median.max()) * 1.1), top))
    return {"trend": min(float(median[-1]), ax.get_ylim()[1])}


def _name_lines(ax: Axes, ends: Mapping[str, float], references: Iterable[ReferenceClass], path: xr.DataArray) -> None:
    """Draw reference classes in view, and name them, the thresholds and the ends of the fan beside the axes."""
    low, high = ax.get_ylim()
    named, unit = dict(ends), style.unit_of(path)
    for reference in (result for result in references if same_dimension(result.unit, unit)):
        size = reference.value * conversion(reference.unit, unit, f"reference class {reference.name!r}")
        if low <= size <= high:
            ax.axhline(size, color=style.QUIET, linewidth=0.8, linestyle=":")
            named[_SHORT.split(reference.name)[0]] = size
    ax.set_ylim(low, high)
    style.beside(ax, list(named.values()), list(named))


def _draw_stated(ax: Axes, cells: Sequence[StatedCell], path: xr.DataArray) -> None:
    """Draw stated numbers as diamonds and stated ranges as bars; an open range has an arrow."""
    for place, cell in enumerate(cells):
        scale = conversion(cell.unit, style.unit_of(path), f"stated {cell.quantity} of {cell.year:g}")
        low, high = cell.low * scale, cell.high * scale
        looks: dict[str, Any] = {"color": style.INK, "zorder": 4, "label": None if place else "essay"}
        if low == high:
            ax.plot([cell.year], [low], "D", markersize=5, **looks)
        elif np.isfinite(high):
            ax.plot([cell.year] * 2, [low, high], "_-", markersize=8, linewidth=2, **looks)
        else:
            ax.plot([cell.year], [low], "_", markersize=8, markeredgewidth=2, **looks)
            arrow = {"arrowstyle": "->", "color": style.INK, "linewidth": 2}
            ax.annotate("", (cell.year, low * 3.2), (cell.year, low), arrowprops=arrow)


def _draw_observed(ax: Axes, rows: Sequence[Observation], path: xr.DataArray) -> None:
    """Draw measurements with their interval, lower bounds as triangles up, upper bounds as triangles down."""
    for kind, marker, text in _KINDS:
        result = [row for row in rows if row.kind == kind]
        if not result:
            continue
        dates = [row.date for row in result]
        scales = [conversion(row.unit, style.unit_of(path), f"observed {row.quantity}") / row.part for row in result]
        values = np.array([row.value * scale for row, scale in zip(result, scales, strict=True)])
        factors = 10 ** (_NORMAL_95 * np.array([row.sd_log10 for row in result]))
        bars = np.stack([values - values / factors, values * factors - values]) if kind == "value" else None
        limits = ax.dataLim.frozen()
        looks: dict[str, Any] = {"color": style.PALETTE[1], "markersize": 4.5, "markerfacecolor": "none", "zorder": 5}
        ax.errorbar(dates, values, bars, fmt=marker, markeredgewidth=1.2, elinewidth=0.9, label=text, **looks)
        # On a logarithmic axis error bars enter the limits by their logarithms: a bar at 1e6 would stretch it to 6.
        ax.dataLim.set(limits)
        ends = (values / factors, values * factors) if kind == "value" else (values,)
        ax.update_datalim(np.column_stack([dates * len(ends), np.concatenate(ends)]))


@takes()
def crossing_years(crossings: Mapping[str, xr.DataArray], *, ax: Axes | None = None) -> Axes:
    """Draw the distributions of crossing years, one row a milestone; "not by the last year" stands beside it.

    `crossings` are results of `crossing_year` by label. The bars of a row are the probabilities of its years, on the
    scale of the tallest of all; a triangle marks the median where it is within the years.
    """
    if not crossings:
        raise InputError("there are no crossing years to draw; give a mapping of labels to results of cc.crossing_year")
    if lacking := [label for label, result in crossings.items() if "last_year" not in result.attrs]:
        raise InputError(f"{lacking[0]!r} has no attribute 'last_year'; give a result of cc.crossing_year")
    first = math.floor(min(result.attrs["first_year"] for result in crossings.values()))
    last = max(first + 1, math.ceil(max(result.attrs["last_year"] for result in crossings.values())))
    years = np.arange(first, last + 1)
    samples = [numbers_of(result).reshape(-1) for result in crossings.values()]
    # The last year holds its end too.
    shares = [np.histogram(each[np.isfinite(each)], bins=years)[0] / each.size for each in samples]
    tallest = max(max(share.max() for share in shares), 1e-9)
    ax = style.rows_of(ax, [textwrap.fill(label, 20) for label in crossings], extra=1.2, each=0.42, at=-0.25)
    side: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "fontsize": style.SMALL, "va": "center"}
    for row, (dates, each, share) in enumerate(zip(crossings.values(), samples, shares, strict=True)):
        heights = -_TALLEST * share / tallest
        ax.bar(years[:-1] + 0.5, heights, bottom=row, width=0.9, color=style.PALETTE[0], linewidth=0)
        ax.axhline(row, color=style.INK, linewidth=0.6)
        median = float(np.quantile(dates.values, 0.5, method="inverted_cdf"))
        if math.isfinite(median):
            ax.plot([median], [row + 0.09], marker="^", color=style.PALETTE[1], markersize=6, clip_on=False)
        outside = {f"before {dates.attrs['first_year']:g}": np.isneginf(each).mean(), "later": np.isposinf(each).mean()}
        # A share is 0 only where it is.
        texts = {what: "< 1 %" if 0 < part < 0.005 else f"{100 * part:.0f} %" for what, part in outside.items()}
        lines = [f"{text} {what}" for what, text in texts.items() if outside[what] or what == "later"]
        ax.text(1.015, row - 0.25, "\n".join(lines), **side)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(shares) - 0.7, -1)
    style.year_axis(ax, years.astype(np.float64))
    ax.set_xlabel("year (triangle: median)")
    return style.titled(ax, "When each level is first reached")


@takes("milestone")
def reached_by_year(milestones: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw the probability that each milestone has been reached, by year, with bars of two standard errors."""
    ax = style.axes_or_new(ax, height=max(3.2, 1.2 + 0.42 * milestones.sizes["milestone"]))
    years = years_of(milestones)
    names = list(zip(milestones["milestone"].values.tolist(), milestones["output"].values.tolist(), strict=True))
    labels = [milestone_text(*name) for name in names]
    reached, errors = (milestones[key].transpose("milestone", "year").values for key in ("reached", "reached_error"))
    for place, label in enumerate(labels):
        ax.errorbar(years, reached[place], 2 * errors[place], label=style.plain(label), **style.marked_line(place, 1.4))
    style.share_axis(ax, "y", "probability of having been reached", -0.02, 1.02)
    style.year_axis(ax, years)
    last = reached[:, -1]
    said = f"by {date_words(years[-1])}: {milestone_text(*names[0], in_a_sentence)}, {chance(last[0])}"
    style.titled(ax, "How likely each level is by a date", said)
    return style.beside(ax, last.tolist(), labels, [style.look(place)[0] for place in range(len(labels))])


@takes("year")
def binding_constraint(index: xr.DataArray, *, weights: Weights = None, ax: Axes | None = None) -> Axes:
    """Draw the probability of each label of an index by year, stacked.

    `index` is an output of `propagate`, as ``forecast["binding_constraint"]``, with `weights` of its samples, or its
    shares from `summarise`. What is never taken is left out; what is seldom taken, and all but the five labels with the
    largest shares, is drawn together, under its names.
    """
    by_label = [str(dim) for dim in index.dims if str(dim).endswith("_label")]
    if by_label and set(index.dims) == {"year", by_label[0]}:
        labels = [str(label) for label in index[by_label[0]].values]
        shares = numbers_of(index.transpose("year", by_label[0]))
    elif "labels" in index.attrs and set(index.dims) == {"year", "sample"}:
        labels = json.loads(index.attrs["labels"])
        hits = index.transpose("year", "sample").values[:, np.newaxis, :] == np.arange(len(labels))[:, np.newaxis]
        given = None if weights is None else checked_weights(weights, index.sizes["sample"])
        shares = np.average(hits, axis=-1, weights=given)
    else:
        has = "labels" if "labels" in index.attrs else "none"
        what = f"{style.title_of(index)!r} has the dimensions {index.dims} and {has}"
        raise InputError(f"{what}; give a labelled output such as forecast['binding_constraint']")
    highest = shares.max(axis=0)
    taken = [k for k in np.argsort(-highest, kind="stable") if highest[k] > 0]
    shown = [k for k in taken[:_MOST] if highest[k] >= _SELDOM]
    shown = sorted(taken if len(taken) == len(shown) + 1 else shown)
    rest = [k for k in sorted(taken) if k not in shown]
    layers = {labels[k]: shares[:, k] for k in shown}
    looks = [style.QUIET if labels[k] == "trend" else style.look(k)[0] for k in shown]
    if rest:
        layers["other: " + ", ".join(labels[k] for k in rest)] = shares[:, rest].sum(axis=1)
    years = years_of(index)
    ax = style.axes_or_new(ax)
    bottom, middles = np.zeros(len(years)), []
    width = 0.86 * (float(np.diff(years).min()) if len(years) > 1 else 1.0)
    for colour, (label, share) in zip([*looks, "#FFFFFF"], layers.items(), strict=False):
        ax.bar(years, share, width, bottom=bottom, label=label, color=colour, edgecolor=style.INK, linewidth=0.4)
        middles.append(float(bottom[-1] + share[-1] / 2))
        bottom += share
    style.year_axis(ax, years, index, margin=0.6 * width)
    style.share_axis(ax, "y", "probability")
    ax.grid(visible=False)
    last = sorted(((shares[-1, k], labels[k]) for k in taken), reverse=True)
    finding = ", ".join(f"{label} {100 * share:.0f} %" for share, label in last[:3] if share >= _SELDOM)
    style.titled(ax, style.title_of(index), f"{years[-1]:g}: {finding}")
    return style.beside(ax, middles, list(layers))
