"""Figures: a dataset in, axes out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clustercast.report.files import write_whole

# Okabe and Ito's palette, told apart by colour-blind readers (jfly.uni-koeln.de/color, 2008).
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
_MARKERS = "osD^vPX*"


def sobol_by_year(indices: xr.Dataset, *, index: str = "ST", most: int = 5) -> Figure:
    """Draw the change of each index by year, one panel an output.

    Parameters
    ----------
    indices : Dataset
        From `clustercast.sobol_indices`, with years.
    index : {"ST", "S1"}, optional
        Total or first-order indices.
    most : int, optional
        Inputs drawn in each panel: those with the largest index in any year.

    Returns
    -------
    matplotlib.figure.Figure
        An input has one colour and marker in all panels; bars are the intervals.
    """
    outputs = [str(name) for name in indices["output"].values]
    shown = {name: _leading(indices.sel(output=name), index, most) for name in outputs}
    styled = list(dict.fromkeys(name for names in shown.values() for name in names))
    columns = min(2, len(outputs))
    rows = -(-len(outputs) // columns)
    figure = Figure(figsize=(5.2 * columns, 3.2 * rows + 0.8), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes, name in zip(grid.flat, outputs, strict=False):
        draw_sobol_by_year(indices, name, shown[name], styled, ax=axes, index=index)
    for axes in grid.flat[len(outputs) :]:
        axes.set_axis_off()
    handles = {line.get_label(): line for axes in grid.flat for line in axes.containers}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure


def draw_sobol_by_year(
    indices: xr.Dataset, output: str, inputs: Sequence[str], styled: Sequence[str], *, ax: Axes, index: str = "ST"
) -> Axes:
    """Draw the indices of one output by year, with their intervals."""
    chosen = indices.sel(output=output)
    years = chosen["year"].values
    shifts = np.linspace(-0.15, 0.15, max(len(inputs), 2))
    for shift, name in zip(shifts, inputs, strict=False):
        place = styled.index(name)
        ax.errorbar(
            years + shift,
            chosen[index].sel(input=name),
            chosen[f"{index}_conf"].sel(input=name),
            label=name,
            color=PALETTE[place % len(PALETTE)],
            marker=_MARKERS[place % len(_MARKERS)],
            markersize=4,
            linewidth=1.2,
            elinewidth=0.8,
        )
    ax.set_title(f"{output} ({chosen['scale'].item()} scale)", fontsize=9)
    ax.set_ylim(-0.03, 1.05)
    ax.set_xlabel("year")
    ax.set_ylabel({"ST": "total Sobol index", "S1": "first-order Sobol index"}[index])
    ax.grid(alpha=0.3)
    return ax


def save_figure(figure: Figure, path: Path, *, dpi: int = 150) -> Path:
    """Write a figure, whole or not at all."""
    return write_whole(path, lambda target: figure.savefig(target, dpi=dpi))


def _leading(indices: xr.Dataset, index: str, most: int) -> list[str]:
    """Return the inputs with the largest index in any year, the largest first."""
    largest = np.nan_to_num(indices[index].values).max(axis=0)
    order = np.argsort(-largest, kind="stable")[:most]
    return [str(indices["input"].values[place]) for place in order if largest[place] > 0]
