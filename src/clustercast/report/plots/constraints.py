"""Which limit binds, by year, as stacked probabilities."""

import json

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from clustercast.errors import InputError
from clustercast.report.plots.style import (
    HATCHES,
    INK,
    PALETTE,
    SMALL,
    axes_or_new,
    quiet_frame,
    share_axis,
    title_of,
    year_axis,
)

FloatArray = NDArray[np.float64]


def binding_constraint(index: xr.DataArray, *, weights: FloatArray | None = None, ax: Axes | None = None) -> Axes:
    """Draw the probability of each label of an index by year, stacked.

    Parameters
    ----------
    index : DataArray, dims (year, sample) or (year, ..._label)
        A labelled output of `propagate`, as ``forecast["binding_constraint"]``, or its shares from `summarise`,
        as ``summary["binding_constraint_share"]``.
    weights : ndarray, shape (sample,), optional
        Importance weights of the samples.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        One bar a year; labels that are never taken are left out.

    Raises
    ------
    InputError
        If the index has no labels, or other dimensions.
    """
    labels, shares = _shares(index, weights)
    years = np.asarray(index["year"].values, dtype=np.float64)
    ax = quiet_frame(axes_or_new(ax))
    bottom = np.zeros(len(years))
    width = 0.86 * (float(np.diff(years).min()) if len(years) > 1 else 1.0)
    for place, label in enumerate(labels):
        share = shares[:, place]
        if not share.any():
            continue
        ax.bar(
            years,
            share,
            width,
            bottom=bottom,
            label=label,
            color=PALETTE[place % len(PALETTE)] if place != 6 else "0.6",
            hatch=HATCHES[place % len(HATCHES)],
            edgecolor=INK,
            linewidth=0.4,
        )
        bottom += share
    year_axis(ax, years)
    ax.set_xlim(years[0] - width, years[-1] + width)
    ax.set_ylim(0, 1)
    share_axis(ax.yaxis, "probability")
    ax.grid(visible=False)
    ax.set_title(title_of(index), fontsize=10, loc="left")
    handles, texts = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], texts[::-1], fontsize=SMALL, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return ax


def _shares(index: xr.DataArray, weights: FloatArray | None) -> tuple[list[str], FloatArray]:
    """Return labels, and shares of the samples with dims (year, label)."""
    by_label = [str(dim) for dim in index.dims if str(dim).endswith("_label")]
    if by_label and set(index.dims) == {"year", by_label[0]}:
        ordered = index.transpose("year", by_label[0])
        return [str(label) for label in index[by_label[0]].values], np.asarray(ordered.values, dtype=np.float64)
    if "labels" not in index.attrs or set(index.dims) != {"year", "sample"}:
        raise InputError(
            f"{title_of(index)!r} has the dimensions {index.dims} and {'labels' if 'labels' in index.attrs else 'none'}"
            "; give a labelled output such as forecast['binding_constraint']"
        )
    labels: list[str] = json.loads(index.attrs["labels"])
    values = np.asarray(index.transpose("year", "sample").values)
    hits = values[:, np.newaxis, :] == np.arange(len(labels))[:, np.newaxis]
    return labels, np.average(hits, axis=-1, weights=weights)
