"""Which inputs carry the uncertainty: Sobol' indices by year, pairs of inputs, conditional means."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from clustercast.errors import InputError, nearest
from clustercast.report.labels import label_of
from clustercast.report.plots.style import (
    HATCHES,
    INK,
    MARKERS,
    PALETTE,
    PRINTED,
    SMALL,
    axes_or_new,
    quiet_frame,
    share_axis,
    year_axis,
)

FloatArray = NDArray[np.float64]

_MEANINGS = {"ST": "total Sobol index", "S1": "first-order Sobol index"}
_PLAIN = len(PALETTE) - 1


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

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices` (``"ST"`` or ``"S1"``) or `given_data_indices` (``"S1"``), with years.
    output : str
        Which output.
    index : {"ST", "S1"}, optional
        Total or first-order indices.
    most : int, optional
        Inputs drawn: those with the largest mean index over the years.
    styles : mapping of str to int, optional
        Place of an input in palette and markers, to keep it over several axes.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If there is no such output or index, or there are no years.
    """
    chosen = _of_output(indices, output, index)
    shown = leading_inputs(indices, output, index=index, most=most)
    places = styles or {name: place for place, name in enumerate(shown)}
    ax = quiet_frame(axes_or_new(ax))
    years = np.asarray(chosen["year"].values, dtype=np.float64)
    shifts = np.linspace(-0.12, 0.12, max(len(shown), 2))
    for shift, name in zip(shifts, shown, strict=False):
        colour, marker, filled = _look(places[name])
        ax.errorbar(
            years + shift,
            chosen[index].sel(input=name),
            chosen[f"{index}_conf"].sel(input=name),
            label=label_of(name),
            color=colour,
            marker=marker,
            markerfacecolor=colour if filled else "white",
            linestyle="-" if filled else "--",
            markersize=4,
            linewidth=1.3,
            elinewidth=0.8,
        )
    year_axis(ax, years)
    ax.set_xlim(years[0] - 0.4, years[-1] + 0.4)
    ax.set_ylim(-0.03, 1.05)
    ax.set_ylabel(_MEANINGS[index])
    ax.set_title(f"{label_of(output)} ({chosen['scale'].item()} scale)", fontsize=10, loc="left")
    if styles is None:
        ax.legend(fontsize=SMALL, frameon=False)
    return ax


def sobol_panels(
    indices: xr.Dataset, *, outputs: Sequence[str] | None = None, index: str = "ST", most: int = 5
) -> Figure:
    """Draw the indices of several outputs by year, one panel an output, an input alike in all.

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices`, with years.
    outputs : sequence of str, optional
        All by default.
    index : {"ST", "S1"}, optional
        Total or first-order indices.
    most : int, optional
        Inputs drawn in each panel: those with the largest mean index over the years.

    Returns
    -------
    matplotlib.figure.Figure
        Colours beyond the palette's eight come again with open markers and dashed lines.
    """
    names = [str(name) for name in (indices["output"].values if outputs is None else outputs)]
    shown = [leading_inputs(indices, name, index=index, most=most) for name in names]
    styles = {name: place for place, name in enumerate(dict.fromkeys(name for part in shown for name in part))}
    columns = min(2, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(5.2 * columns, 3.2 * rows + 0.22 * -(-len(styles) // 3)), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes, name in zip(grid.flat, names, strict=False):
        sobol_by_year(indices, name, index=index, most=most, styles=styles, ax=axes)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    handles = {line.get_label(): line for axes in grid.flat for line in axes.containers}
    ordered = [(handles[label_of(name)], label_of(name)) for name in styles]
    figure.legend(*zip(*ordered, strict=True), loc="outside lower center", ncols=3, frameon=False, fontsize=SMALL)
    return figure


def sobol_stacked(indices: xr.Dataset, output: str, *, most: int = 6, ax: Axes | None = None) -> Axes:
    """Draw how the variance of an output is owned, by year: inputs alone, stacked, and interactions above.

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices`, with years.
    output : str
        Which output.
    most : int, optional
        Inputs drawn by name: those with the largest mean first-order index over the years.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        What the first-order indices leave of 1 is called interactions. Estimates below 0, which chance
        alone gives, are drawn as 0, and sums above 1 end at 1: read numbers off a table, not here.

    Raises
    ------
    InputError
        If there is no such output, or there are no years.
    """
    chosen = _of_output(indices, output, "S1")
    shown = leading_inputs(indices, output, index="S1", most=min(most, _PLAIN - 1))
    ax = quiet_frame(axes_or_new(ax))
    years = np.asarray(chosen["year"].values, dtype=np.float64)
    first = chosen["S1"].where(chosen["variance"] > 0).fillna(0.0).clip(min=0.0)
    varies = np.asarray(chosen["variance"].values > 0)
    layers = {label_of(name): np.asarray(first.sel(input=name).values) for name in shown}
    others = [name for name in first["input"].values if name not in shown]
    if others:
        layers[f"{len(others)} others alone"] = np.asarray(first.sel(input=others).sum("input").values)
    low = np.zeros(len(years))
    for place, (label, share) in enumerate(layers.items()):
        high = np.minimum(low + share, 1.0)
        colour = "0.75" if label.endswith(" alone") else PALETTE[place]
        _layer(ax, years, low, high, label, colour, HATCHES[place % len(HATCHES)])
        low = high
    _layer(ax, years, low, np.where(varies, 1.0, low), "interactions", "none", "")
    year_axis(ax, years)
    ax.set_ylim(0, 1)
    share_axis(ax.yaxis, "share of the variance")
    ax.set_title(f"{label_of(output)} ({chosen['scale'].item()} scale)", fontsize=10, loc="left")
    _legend_beside(ax)
    return ax


def second_order(
    indices: xr.Dataset, output: str, *, year: float | None = None, most: int = 6, ax: Axes | None = None
) -> Axes:
    """Draw the interactions of pairs of inputs as a heat map.

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices` on a design with second order.
    output : str
        Which output.
    year : float, optional
        The last by default.
    most : int, optional
        Inputs shown: those with the largest total index in that year.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        Each cell has its index and half-width; one that is no larger than its half-width is grey, without colour.

    Raises
    ------
    InputError
        If there are no second-order indices, or no such output or year.
    """
    if "S2" not in indices:
        raise InputError("the indices hold no S2; draw with second_order=True and keep it in cc.sobol_indices")
    chosen = _output(indices, output)
    if "year" in chosen.dims:
        year = float(chosen["year"].values[-1]) if year is None else year
        if year not in chosen["year"].values:
            raise InputError(f"the indices have no year {year:g}; they have {chosen['year'].values.tolist()}")
        chosen = chosen.sel(year=year)
    order = np.argsort(-np.nan_to_num(chosen["ST"].values), kind="stable")[:most]
    places = np.sort(order)
    names = [label_of(str(chosen["input"].values[k])) for k in places]
    found, widths = (chosen[key].values[np.ix_(places, places)] for key in ("S2", "S2_conf"))
    ax = axes_or_new(ax, width=1.8 + 0.85 * len(names), height=1.6 + 0.6 * len(names))
    # What chance alone may give has no colour.
    coloured = np.where(found > widths, found, np.nan)
    largest = max(float(np.nanmax(coloured, initial=0.0)), 0.01)
    image = ax.imshow(coloured[:-1, 1:], cmap="Blues", vmin=0, vmax=largest, aspect="auto")
    for row in range(len(names) - 1):
        for column in range(row + 1, len(names)):
            _cell(ax, column - 1, row, found[row, column], widths[row, column], largest)
    ax.set_xticks(range(len(names) - 1), names[1:], rotation=30, ha="right", fontsize=SMALL)
    ax.set_yticks(range(len(names) - 1), names[:-1], fontsize=SMALL)
    ax.spines[:].set_visible(False)
    ax.figure.colorbar(image, ax=ax, label="second-order Sobol index", shrink=0.8)
    ax.set_title(f"{label_of(output)}{'' if year is None else f' in {year:g}'}: pairs", fontsize=10, loc="left")
    return ax


def leading_inputs(indices: xr.Dataset, output: str, *, index: str = "ST", most: int = 5) -> list[str]:
    """Return the inputs with the largest mean index over the years, the largest first.

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices` or `given_data_indices`.
    output : str
    index : {"ST", "S1"}, optional
    most : int, optional

    Returns
    -------
    list of str
        Those whose mean is above 0; a year in which the output does not vary counts as 0.
    """
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


def _look(place: int) -> tuple[str, str, bool]:
    """Return colour, marker and whether it is filled, different for each of 56 places."""
    return PALETTE[place % _PLAIN], MARKERS[place % len(MARKERS)], place < _PLAIN


def _layer(ax: Axes, years: FloatArray, low: FloatArray, high: FloatArray, label: str, colour: str, hatch: str) -> None:
    """Draw one layer of a stack, with a pattern for print."""
    ax.fill_between(
        years, low, high, label=label, facecolor=colour, hatch=hatch, edgecolor=INK, linewidth=0.4, alpha=0.85
    )


def _legend_beside(ax: Axes) -> None:
    """Write the legend at the right, in the order of the layers from the top."""
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], labels[::-1], fontsize=SMALL, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))


def _cell(ax: Axes, column: int, row: int, index: float, half_width: float, largest: float) -> None:
    """Write an index with its half-width into its cell."""
    if not np.isfinite(index):
        return
    resolved = index > half_width
    dark = index > 0.5 * largest
    colour = ("white" if dark else PRINTED) if resolved else "0.5"
    ax.text(column, row, f"{index:z.3f}\n±{half_width:.3f}", ha="center", va="center", fontsize=7, color=colour)
