"""Which limit binds, by year, as stacked probabilities."""

import json

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from clustercast.arrays import FloatArray
from clustercast.errors import InputError, takes
from clustercast.report.plots import style

# Labels below this in every year are drawn together.
_SELDOM = 0.01


@takes("year")
def binding_constraint(index: xr.DataArray, *, weights: FloatArray | None = None, ax: Axes | None = None) -> Axes:
    """Draw the probability of each label of an index by year, stacked.

    `index` is an output of `propagate`, as ``forecast["binding_constraint"]``, with `weights` of its samples, or its
    shares from `summarise`. What is never taken is left out, and what is seldom taken is drawn together.
    """
    labels, shares = _shares(index, weights)
    layers = {label: shares[:, k] for k, label in enumerate(labels) if shares[:, k].max() >= _SELDOM}
    rest = shares.sum(axis=1) - sum(layers.values(), np.zeros(len(shares)))
    layers |= {"other": rest} if rest.max() > 1e-12 else {}
    years = np.asarray(index["year"].values, dtype=np.float64)
    ax = style.quiet_frame(style.axes_or_new(ax))
    bottom, middles = np.zeros(len(years)), []
    width = 0.86 * (float(np.diff(years).min()) if len(years) > 1 else 1.0)
    for place, (label, share) in enumerate(layers.items()):
        colour = style.QUIET if label in ("trend", "other") else style.look(place)[0]
        ax.bar(years, share, width, bottom=bottom, label=label, color=colour, edgecolor=style.INK, linewidth=0.4)
        middles.append(float(bottom[-1] + share[-1] / 2))
        bottom += share
    style.year_axis(ax, years, index)
    ax.set_xlim(years[0] - 0.6 * width, years[-1] + 0.6 * width)
    ax.set_ylim(0, 1)
    style.share_axis(ax.yaxis, "probability")
    ax.grid(visible=False)
    last = sorted(((share[-1], label) for label, share in layers.items()), reverse=True)
    finding = ", ".join(f"{label} {100 * share:.0f} %" for share, label in last[:3] if share >= _SELDOM)
    style.write_title(ax, style.title_of(index), f"{years[-1]:g}: {finding}")
    style.beside(ax, middles, list(layers))
    return ax


def _shares(index: xr.DataArray, weights: FloatArray | None) -> tuple[list[str], FloatArray]:
    """Return labels, and shares of the samples with dims (year, label)."""
    by_label = [str(dim) for dim in index.dims if str(dim).endswith("_label")]
    if by_label and set(index.dims) == {"year", by_label[0]}:
        ordered = index.transpose("year", by_label[0])
        return [str(label) for label in index[by_label[0]].values], np.asarray(ordered.values, dtype=np.float64)
    labelled = "labels" in index.attrs
    if not labelled or set(index.dims) != {"year", "sample"}:
        raise InputError(
            f"{style.title_of(index)!r} has the dimensions {index.dims} and {'labels' if labelled else 'none'}"
            "; give a labelled output such as forecast['binding_constraint']"
        )
    labels: list[str] = json.loads(index.attrs["labels"])
    hits = index.transpose("year", "sample").values[:, np.newaxis, :] == np.arange(len(labels))[:, np.newaxis]
    return labels, np.average(hits, axis=-1, weights=weights)
