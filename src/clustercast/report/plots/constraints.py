"""Which limit binds, by year, as stacked probabilities."""

import json

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from clustercast.arrays import FloatArray
from clustercast.errors import InputError, takes
from clustercast.report.plots import style

# Labels below this in every year, and those beyond the largest few, are drawn together: nobody can follow more layers.
_SELDOM, _MOST = 0.01, 5


@takes("year")
def binding_constraint(index: xr.DataArray, *, weights: FloatArray | None = None, ax: Axes | None = None) -> Axes:
    """Draw the probability of each label of an index by year, stacked.

    `index` is an output of `propagate`, as ``forecast["binding_constraint"]``, with `weights` of its samples, or its
    shares from `summarise`. What is never taken is left out; what is seldom taken, and all but the five labels with the
    largest shares, is drawn together, under its names.
    """
    labels, shares = _shares(index, weights)
    highest = shares.max(axis=0)
    taken = [k for k in np.argsort(-highest, kind="stable") if highest[k] > 0]
    shown = [k for k in taken[:_MOST] if highest[k] >= _SELDOM]
    shown = sorted(taken if len(taken) == len(shown) + 1 else shown)
    rest = [k for k in sorted(taken) if k not in shown]
    layers = {labels[k]: shares[:, k] for k in shown}
    looks = [style.QUIET if labels[k] == "trend" else style.look(k)[0] for k in shown]
    if rest:
        layers["other: " + ", ".join(labels[k] for k in rest)] = shares[:, rest].sum(axis=1)
    years = np.asarray(index["year"].values, dtype=np.float64)
    ax = style.quiet_frame(style.axes_or_new(ax))
    bottom, middles = np.zeros(len(years)), []
    width = 0.86 * (float(np.diff(years).min()) if len(years) > 1 else 1.0)
    for colour, (label, share) in zip([*looks, "#FFFFFF"], layers.items(), strict=False):
        ax.bar(years, share, width, bottom=bottom, label=label, color=colour, edgecolor=style.INK, linewidth=0.4)
        middles.append(float(bottom[-1] + share[-1] / 2))
        bottom += share
    style.year_axis(ax, years, index)
    ax.set_xlim(years[0] - 0.6 * width, years[-1] + 0.6 * width)
    ax.set_ylim(0, 1)
    style.share_axis(ax.yaxis, "probability")
    ax.grid(visible=False)
    last = sorted(((shares[-1, k], labels[k]) for k in taken), reverse=True)
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
