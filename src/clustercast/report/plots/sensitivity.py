"""Which inputs carry the uncertainty: Sobol' indices by year, pairs of inputs, conditional means."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clustercast.errors import InputError, nearest, takes
from clustercast.report.labels import in_a_sentence, label_of, short_label
from clustercast.report.plots import style
from clustercast.report.sobol import member

_MEANINGS = {"ST": "total index", "S1": "first-order index"}


@takes()
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
    chosen = _of_output(indices, output, index)
    shown = leading_inputs(indices, output, index=index, most=most)
    places = styles or {name: place for place, name in enumerate(shown)}
    ax = style.quiet_frame(style.axes_or_new(ax))
    years = np.asarray(chosen["year"].values, dtype=np.float64)
    shifts = np.linspace(-0.12, 0.12, max(len(shown), 2))
    for shift, name in zip(shifts, shown, strict=False):
        found, widths = (chosen[key].sel(input=name).values for key in (index, f"{index}_conf"))
        ax.errorbar(years + shift, found, widths, label=short_label(name), **style.marked_line(places[name], 1.3))
    style.year_axis(ax, years)
    ax.set_xlim(years[0] - 0.4, years[-1] + 0.4)
    ax.set_ylim(-0.03, 1.05)
    parts = " of independent parts" if member(indices) == "independent part" else ""
    style.share_axis(ax.yaxis, f"{_MEANINGS[index]}{parts} ({chosen['scale'].item()} scale)")
    style.write_title(ax, f"What decides {in_a_sentence(output)}", _finding(chosen, index, shown))
    last = [float(np.nan_to_num(chosen[index].sel(input=name).values[-1])) for name in shown]
    style.beside(ax, last, [short_label(name) for name in shown], [style.look(places[name])[0] for name in shown])
    return ax


def _finding(chosen: xr.Dataset, index: str, shown: Sequence[str]) -> str:
    """Return the leading input of the last year in words."""
    last = chosen.isel(year=-1)
    if not shown or not np.isfinite(last[index]).any():
        return ""
    first = max(shown, key=lambda name: float(np.nan_to_num(last[index].sel(input=name))))
    label = in_a_sentence(first) if "_and_" not in first else short_label(first)[:1].lower() + short_label(first)[1:]
    return f"{last['year'].item():g}: {label}, {100 * float(last[index].sel(input=first)):.0f} %"


@takes("output")
def sobol_panels(
    indices: xr.Dataset, *, outputs: Sequence[str] | None = None, index: str = "ST", most: int = 5
) -> Figure:
    """Draw the indices of several outputs by year, one panel an output, an input alike in all."""
    names = [str(name) for name in (indices["output"].values if outputs is None else outputs)]
    shown = [leading_inputs(indices, name, index=index, most=most) for name in names]
    styles = {name: place for place, name in enumerate(dict.fromkeys(name for part in shown for name in part))}
    columns = min(2, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(5.6 * columns, 3.2 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes, name in zip(grid.flat, names, strict=False):
        sobol_by_year(indices, name, index=index, most=most, styles=styles, ax=axes)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    return figure


@takes()
def sobol_stacked(indices: xr.Dataset, output: str, *, most: int = 5, ax: Axes | None = None) -> Axes:
    """Draw how the variance of an output is owned, by year: inputs alone, stacked, and interactions above.

    What the first-order indices leave of 1 is called interactions. Estimates below 0, which chance alone gives, are
    drawn as 0, and sums above 1 end at 1: read numbers off a table, not here.
    """
    chosen = _of_output(indices, output, "S1")
    shown = leading_inputs(indices, output, index="S1", most=min(most, len(style.PALETTE) - 2))
    ax = style.quiet_frame(style.axes_or_new(ax))
    years = np.asarray(chosen["year"].values, dtype=np.float64)
    first = chosen["S1"].where(chosen["variance"] > 0).fillna(0.0).clip(min=0.0)
    varies = np.asarray(chosen["variance"].values > 0)
    layers = {short_label(name): np.asarray(first.sel(input=name).values) for name in shown}
    others = [name for name in first["input"].values if name not in shown]
    if others:
        layers[f"{len(others)} others alone"] = np.asarray(first.sel(input=others).sum("input").values)
    low, middles = np.zeros(len(years)), []
    layers["interactions"] = np.where(varies, 1.0, 0.0)
    for place, (label, share) in enumerate(layers.items()):
        high = np.minimum(low + share, 1.0) if label != "interactions" else np.maximum(share, low)
        colour = "none" if label == "interactions" else "0.75" if label.endswith(" alone") else style.PALETTE[place]
        ax.fill_between(years, low, high, label=label, facecolor=colour, edgecolor=style.INK, linewidth=0.4, alpha=0.85)
        middles.append(float(low[-1] + high[-1]) / 2)
        low = high
    style.year_axis(ax, years)
    ax.set_ylim(0, 1)
    style.share_axis(ax.yaxis, f"share of the variance ({chosen['scale'].item()} scale)")
    style.write_title(ax, f"{label_of(output)}: shares of its variance", _finding(chosen, "S1", shown))
    style.beside(ax, middles, list(layers))
    return ax


@takes()
def second_order(
    indices: xr.Dataset, output: str, *, year: float | None = None, most: int = 6, ax: Axes | None = None
) -> Axes:
    """Draw the interactions of pairs of inputs as a heat map, in the last year by default.

    Each cell has the second-order index and its half-width, without colour where it is no larger than that. The `most`
    inputs shown are those with the largest total index.
    """
    if "S2" not in indices:
        raise InputError("the indices hold no S2; draw with second_order=True and keep it in cc.sobol_indices")
    chosen, year = style.in_year(_output(indices, output), year, "the dataset of indices")
    order = np.argsort(-np.nan_to_num(chosen["ST"].values), kind="stable")[:most]
    places = np.sort(order)
    names = [short_label(str(chosen["input"].values[k])) for k in places]
    found, widths = (chosen[key].values[np.ix_(places, places)] for key in ("S2", "S2_conf"))
    ax = style.axes_or_new(ax, width=1.9 + 0.95 * len(names), height=1.8 + 0.65 * len(names))
    # What chance alone may give has no colour.
    coloured = np.where(found > widths, found, np.nan)
    largest = max(float(np.nanmax(coloured, initial=0.0)), 0.01)
    image = ax.imshow(coloured[:-1, 1:], cmap="Blues", vmin=0, vmax=largest, aspect="auto")
    for row in range(len(names) - 1):
        for column in range(row + 1, len(names)):
            index, width = found[row, column], widths[row, column]
            if np.isfinite(index):
                colour = style.QUIET if index <= width else "white" if index > 0.5 * largest else style.PRINTED
                text = f"{index:z.3f}\n±{width:.3f}"
                ax.text(column - 1, row, text, ha="center", va="center", fontsize=style.SMALL, color=colour)
    ax.set_xticks(range(len(names) - 1), names[1:], rotation=30, ha="right", fontsize=style.SMALL)
    ax.set_yticks(range(len(names) - 1), names[:-1], fontsize=style.SMALL)
    ax.spines[:].set_visible(False)
    ax.figure.colorbar(image, ax=ax, label="second-order Sobol index", shrink=0.8)
    style.write_title(ax, f"{label_of(output)}{'' if year is None else f' in {year:g}'}: pairs")
    return ax


@takes("output", "input")
def leading_inputs(indices: xr.Dataset, output: str, *, index: str = "ST", most: int = 5) -> list[str]:
    """Return the inputs with the largest mean index over the years, all above 0; where nothing varies it is 0."""
    values = np.nan_to_num(_output(indices, output)[index].values)
    mean = np.atleast_2d(values).mean(axis=0)
    order = np.argsort(-mean, kind="stable")[:most]
    return [str(indices["input"].values[place]) for place in order if mean[place] > 0]


def _output(indices: xr.Dataset, output: str) -> xr.Dataset:
    """Return the indices of one output."""
    known = [str(name) for name in indices["output"].values]
    if output not in known:
        raise InputError(f"the indices have no output {output!r}{nearest(output, known)}; they have {', '.join(known)}")
    return indices.sel(output=output)


def _of_output(indices: xr.Dataset, output: str, index: str) -> xr.Dataset:
    """Return the indices of one output, refused unless it has this index by year."""
    if index not in _MEANINGS or index not in indices:
        raise InputError(f"index is {index!r}; the dataset has {', '.join(k for k in _MEANINGS if k in indices)}")
    if "year" not in indices.dims:
        raise InputError("the indices have no years; propagate over two years or more, or print them as a table")
    return _output(indices, output)
