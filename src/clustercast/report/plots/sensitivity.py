"""Which inputs carry the uncertainty: Sobol' indices by year, pairs of inputs, conditional means."""

from collections.abc import Iterator, Mapping, Sequence
from operator import length_hint
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from clustercast.arrays import Names
from clustercast.dataset import numbers_of, years_of
from clustercast.errors import InputError, count_of, takes, whole_number
from clustercast.report.findings import member
from clustercast.report.numbers import in_a_sentence, label_of, short_label
from clustercast.report.plots import style
from clustercast.uncertainty.summaries import output_names

# Inches under the panels for a line that says what they hold for.
_FOOT = 0.4
_MEANINGS = {"ST": "total index", "S1": "first-order index"}
_ENDS = (-0.03, 1.05)
_COLUMNS = ("low", "low_error", "high", "high_error", "least", "largest")


@takes("output", "input")
def sobol_by_year(
    indices: xr.Dataset,
    output: str,
    *,
    index: str = "ST",
    most: int = 5,
    styles: Mapping[str, int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the indices of an output by year, with their intervals.

    `indices` are from `sobol_indices`, or from `given_data_indices` for the `index` "S1". The `most` inputs drawn are
    those with the largest mean over the years; `styles`, the place of each in palette and markers, keep it over axes.
    """
    chosen = _by_year(indices, output, index)
    shown = leading_inputs(indices, output, index=index, most=most)
    places = styles or {name: place for place, name in enumerate(shown)}
    if without := [name for name in shown if name not in places]:
        raise InputError(f"styles has no place for {without[0]!r}; give one for each of {', '.join(shown)}")
    ax = style.axes_or_new(ax)
    years, names = years_of(chosen), chosen["input"].values.tolist()
    columns, looks = [names.index(name) for name in shown], [style.marked_line(places[name], 1.3) for name in shown]
    # Bare: xarray takes long to label slices.
    result, halves = (chosen[key].values[:, columns] for key in (index, f"{index}_conf"))
    moved = years[:, np.newaxis] + np.linspace(-0.12, 0.12, max(len(shown), 2))[: len(shown)]
    thin = [look.pop("elinewidth") for look in looks] * len(years)
    for x, y, name, look in zip(moved.T, result.T, shown, looks, strict=True):
        ax.plot(x, y, label=short_label(name), **look)
    # The intervals of all inputs at once: a call takes longer than the lines that it draws.
    colours = [look["color"] for look in looks]
    ends = (result - halves).ravel(), (result + halves).ravel()
    ax.vlines(moved.ravel(), *ends, colors=colours * len(years), linewidths=thin)
    style.year_axis(ax, years, margin=0.4)
    parts = " of independent parts" if member(indices) == "independent part" else ""
    style.share_axis(ax, "y", f"{_MEANINGS[index]}{parts} ({chosen['scale'].item()} scale)", *_ENDS)
    style.titled(ax, f"What decides {in_a_sentence(output)}", _finding(chosen, index, shown))
    return style.beside(ax, np.nan_to_num(result[-1]).tolist(), [short_label(name) for name in shown], colours)


def _finding(chosen: xr.Dataset, index: str, shown: Sequence[str]) -> str:
    """Return the leading input of the last year in words."""
    last, names = chosen[index].values[-1], list(chosen["input"].values)
    if not shown or not np.isfinite(last).any():
        return ""
    shares = {name: float(np.nan_to_num(last[names.index(name)])) for name in shown}
    first = max(shares, key=shares.__getitem__)
    label = in_a_sentence(first) if "_and_" not in first else short_label(first)[:1].lower() + short_label(first)[1:]
    return f"{years_of(chosen)[-1]:g}: {label}, {100 * shares[first]:.0f} %"


@takes("output")
def sobol_panels(indices: xr.Dataset, *, outputs: Names = None, index: str = "ST", most: int = 5) -> Figure:
    """Draw the indices of several outputs by year, one panel an output, an input alike in all."""
    asked = indices["output"].values if outputs is None else [outputs] if isinstance(outputs, str) else outputs
    names = [str(name) for name in asked]
    if not names:
        raise InputError("outputs is empty; name at least one, or leave it out for all")
    figure = panel_frames(len(names), years_of(indices))
    fill_panels(figure, indices, names, index, most)
    return figure


def panel_frames(count: int, years: ArrayLike) -> Figure:
    """Return a figure of empty panels over years."""
    columns = min(2, count)
    rows = -(-count // columns)
    # Inches for titles, labels and what stands beside: a layout that measures them draws all of them once more.
    wide, high, left, right, above, below = 5.6, 3.0, 0.85, 1.55, 0.55, 0.55
    across, up = wide * columns, high * rows + _FOOT
    room = {"left": left / across, "right": 1 - right / across, "top": 1 - above / up, "bottom": (below + _FOOT) / up}
    room |= {"wspace": (left + right) / (wide - left - right), "hspace": (above + below) / (high - above - below)}
    figure = Figure(figsize=(across, up))
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True, gridspec_kw=room).flat
    for place, axes in enumerate(grid[:count]):
        style.share_axis(style.axes_or_new(axes), "y", "", *_ENDS)
        style.year_axis(axes, np.asarray(years), margin=0.4)
        # Where matplotlib would put them, which measures all ticks first; only those of the first column have labels.
        axes.xaxis.set_label_coords(0.5, -0.15)
        axes.yaxis.set_label_coords(-0.033 if place % columns else -0.186, 0.5)
    for axes in grid[count:]:
        axes.set_axis_off()
    return figure


def fill_panels(figure: Figure, indices: xr.Dataset, names: Sequence[str], index: str = "ST", most: int = 5) -> None:
    """Draw the indices of outputs into the empty panels of a figure."""
    shown = [leading_inputs(indices, name, index=index, most=most) for name in names]
    styles = {name: place for place, name in enumerate(dict.fromkeys(name for part in shown for name in part))}
    for axes, name in zip(figure.axes, names, strict=False):
        sobol_by_year(indices, name, index=index, most=most, styles=styles, ax=axes)


def panels_png(parts: Iterator[Any]) -> bytes:
    """Return panels as PNG of parts as they come: outputs and years, their indices, a text that stands below."""
    outputs, years = next(parts)
    figure = panel_frames(len(outputs), years)
    if not length_hint(parts):
        # Nothing else has come, so there is time: what is made in a first drawing takes a third of it.
        figure.draw_without_rendering()
    fill_panels(figure, next(parts), outputs)
    figure.supxlabel(next(parts), x=0.01, y=0.05 / figure.get_figheight(), ha="left", fontsize=10)
    return style.png(figure)


@takes("output", "input")
def sobol_stacked(indices: xr.Dataset, output: str, *, most: int = 5, ax: Axes | None = None) -> Axes:
    """Draw how the variance of an output is owned, by year: inputs alone, stacked, and interactions above.

    What the first-order indices leave of 1 is called interactions. Estimates below 0, which chance alone gives, are
    drawn as 0, and sums above 1 end at 1: read numbers off a table, not here.
    """
    chosen = _by_year(indices, output, "S1")
    if np.isnan(chosen["variance"].values).any():
        raise InputError(f"the variance of {output!r} is NaN, so nothing owns it; give indices from cc.sobol_indices")
    shown = leading_inputs(indices, output, index="S1", most=min(most, len(style.PALETTE) - 2))
    ax = style.axes_or_new(ax)
    years = years_of(chosen)
    first = chosen["S1"].where(chosen["variance"] > 0).fillna(0.0).clip(min=0.0)
    layers = {short_label(name): np.asarray(first.sel(input=name).values) for name in shown}
    others = [name for name in first["input"].values if name not in shown]
    if others:
        layers[f"{count_of(len(others), 'other')} alone"] = np.asarray(first.sel(input=others).sum("input").values)
    low, middles = np.zeros(len(years)), []
    layers["interactions"] = np.where(chosen["variance"].values > 0, 1.0, 0.0)
    for place, (label, share) in enumerate(layers.items()):
        high = np.minimum(low + share, 1.0) if label != "interactions" else np.maximum(share, low)
        colour = "none" if label == "interactions" else "0.75" if label.endswith(" alone") else style.PALETTE[place]
        ax.fill_between(years, low, high, label=label, facecolor=colour, edgecolor=style.INK, linewidth=0.4, alpha=0.85)
        middles.append(float(low[-1] + high[-1]) / 2)
        low = high
    style.year_axis(ax, years)
    style.share_axis(ax, "y", f"share of the variance ({chosen['scale'].item()} scale)")
    style.titled(ax, f"{label_of(output)}: shares of its variance", _finding(chosen, "S1", shown))
    return style.beside(ax, middles, list(layers))


@takes("output", "input")
def second_order(
    indices: xr.Dataset, output: str, *, year: float | None = None, most: int = 6, ax: Axes | None = None
) -> Axes:
    """Draw the interactions of pairs of inputs as a heat map, in the last year by default.

    Each cell has the second-order index and its half-width, without colour where it is no larger than that. The `most`
    inputs shown are those with the largest total index.
    """
    if "S2" not in indices:
        raise InputError("the indices hold no S2; draw with second_order=True and keep it in cc.sobol_indices")
    chosen, year = style.in_year(style.one_of(indices, "output", output), year, "the dataset of indices")
    places = np.sort(np.argsort(-np.nan_to_num(chosen["ST"].values), kind="stable")[:most])
    names = [short_label(str(chosen["input"].values[k])) for k in places]
    if len(names) < 2:
        raise InputError("a pair needs two inputs; give indices of two or more, and most=2 or more")
    result, widths = (chosen[key].values[np.ix_(places, places)] for key in ("S2", "S2_conf"))
    ax = style.axes_or_new(ax, width=1.9 + 0.95 * len(names), height=1.8 + 0.65 * len(names))
    coloured = np.where(result > widths, result, np.nan)  # what chance alone may give has no colour
    largest = max(float(np.nanmax(coloured, initial=0.0)), 0.01)
    image = ax.imshow(coloured[:-1, 1:], cmap="Blues", vmin=0, vmax=largest, aspect="auto")
    for row in range(len(names) - 1):
        for column in range(row + 1, len(names)):
            index, width = result[row, column], widths[row, column]
            if np.isfinite(index):
                colour = style.QUIET if index <= width else "white" if index > 0.5 * largest else style.PRINTED
                text = f"{index:z.3f}\n±{width:.3f}"
                ax.text(column - 1, row, text, ha="center", va="center", fontsize=style.SMALL, color=colour)
    ax.set_xticks(range(len(names) - 1), names[1:], rotation=30, ha="right", fontsize=style.SMALL)
    ax.set_yticks(range(len(names) - 1), names[:-1], fontsize=style.SMALL)
    ax.spines[:].set_visible(False)
    ax.grid(visible=False)
    ax.figure.colorbar(image, ax=ax, label="second-order Sobol index", shrink=0.8)
    return style.titled(ax, f"{label_of(output)}{'' if year is None else f' in {year:g}'}: pairs")


@takes("output", "input")
def leading_inputs(indices: xr.Dataset, output: str, *, index: str = "ST", most: int = 5) -> list[str]:
    """Return the inputs with the largest mean index over the years, all above 0; where nothing varies it is 0."""
    by_input = [str(name) for name, one in indices.items() if "input" in one.dims and "input_2" not in one.dims]
    style.known("the dataset has no index", index, by_input)
    values = np.nan_to_num(style.one_of(indices, "output", output)[index].transpose(..., "input").values)
    mean = np.atleast_2d(values).mean(axis=0)
    order, names = np.argsort(-mean, kind="stable")[:most], indices["input"].values
    return [str(names[place]) for place in order if mean[place] > 0]


@takes("sample")
def conditional_means(forecast: xr.Dataset, output: str, *, year: float | None = None, parts: int = 10) -> xr.Dataset:
    """Return the mean of an output where each input is low and where it is high, from the forecast's own sample.

    Low is the first and high the last of `parts` of equal probability, or of the values of a discrete input. By input,
    the widest first: ``low``, ``high``, their standard errors ``low_error`` and ``high_error``, and ``least`` and
    ``largest``, the ends of the means over all parts, which are beyond low and high where the effect is not monotone;
    ``mean`` is over all samples. Of a positive output means are geometric and errors relative. Unlike a change of one
    input at a time, this averages over all the others, and includes what a correlated input brings with it.
    """
    whole_number("parts", parts, 2)
    style.known("the forecast has no output", output, output_names(forecast))
    path, year = style.in_year(forecast[output], year, "the forecast")
    positive = bool((numbers_of(path) > 0).all())
    scaled = np.log(path.values) if positive else numbers_of(path)
    inputs = [str(n) for n, v in forecast.data_vars.items() if v.attrs.get("role") == "input" and v.dims == ("sample",)]
    if not inputs:
        raise InputError("the forecast holds no input that varies over samples; propagate a draw")
    rows = []
    for values in (numbers_of(forecast[name]) for name in inputs):
        distinct = np.unique(values)
        # A part of a discrete input is one of its values, at whatever share.
        edges = distinct[1:] if distinct.size <= parts else np.quantile(values, np.arange(1, parts) / parts)
        part = np.searchsorted(edges, values, side="right")
        sizes = np.bincount(part)
        each = np.bincount(part, weights=scaled)[sizes > 0] / sizes[sizes > 0]
        ends = [scaled[part == k] for k in (0, part.max())]
        errors = [float(end.std(ddof=1) / np.sqrt(end.size)) if end.size > 1 else np.inf for end in ends]
        rows.append((each[0], errors[0], each[-1], errors[1], each.min(), each.max()))
    means = np.array(rows)
    order = np.argsort(means[:, 4] - means[:, 5], kind="stable")
    back = np.exp if positive else np.positive
    words = {"units": style.unit_of(path), "long_name": style.title_of(path)}
    result: dict[str, Any] = {name: ("input", each) for name, each in zip(_COLUMNS, means[order].T, strict=True)}
    result |= {name: ("input", back(result[name][1]), words) for name in ("low", "high", "least", "largest")}
    result["mean"] = ((), float(back(scaled.mean())), words)
    attrs = {"output": output, "parts": parts, "mean_is": "geometric" if positive else "arithmetic"}
    table = xr.Dataset(result, {"input": [inputs[k] for k in order]}, attrs)
    return table if year is None else table.assign_attrs(year=year)


@takes("sample")
def tornado(
    forecast: xr.Dataset,
    output: str,
    *,
    year: float | None = None,
    parts: int = 10,
    most: int = 8,
    ax: Axes | None = None,
) -> Axes:
    """Draw what an output is on average where each input is low and where it is high."""
    table = conditional_means(forecast, output, year=year, parts=parts)
    shown, path = table.isel(input=slice(most)), forecast[output]
    ax = style.rows_of(ax, [label_of(str(name)) for name in shown["input"].values], extra=2.1)
    middle, rows = float(table["mean"]), np.arange(shown.sizes["input"])
    for name, colour in (("low", style.PALETTE[4]), ("high", style.PALETTE[0])):
        label = f"{name}est {100 / parts:.0f} %"
        looks: dict[str, Any] = {"height": 0.6, "zorder": 2, "color": colour, "edgecolor": style.INK, "label": label}
        ax.barh(rows, shown[name].values - middle, left=middle, **looks)
    ax.hlines(rows, shown["least"], shown["largest"], color=style.INK, linewidth=1.2, zorder=1, label="all parts")
    ax.axvline(middle, color=style.INK, linewidth=1, zorder=3)
    log = table.attrs["mean_is"] == "geometric"
    ax.set_xscale("log" if log else "linear")
    style.human_axis(ax.xaxis, path, log=log, most=6)
    ax.set_xlabel(f"{table.attrs['mean_is']} mean, input low or high")
    first = shown.isel(input=0)
    ends = style.said(path, *sorted((float(first["low"]), float(first["high"]))))
    said = f"{label_of(str(first['input'].values))}: {ends}"
    return style.titled(ax, style.title_of(path, table.attrs.get("year")), said, wide=style.NARROW, key=True)


def _by_year(indices: xr.Dataset, output: str, index: str) -> xr.Dataset:
    """Return the indices of one output, refused unless it has this index by year."""
    if index not in _MEANINGS or index not in indices:
        raise InputError(f"index is {index!r}; the dataset has {', '.join(k for k in _MEANINGS if k in indices)}")
    if "year" not in indices.dims:
        raise InputError("the indices have no years; propagate over two years or more, or print them as a table")
    return style.one_of(indices, "output", output).transpose("year", "input", ...)
