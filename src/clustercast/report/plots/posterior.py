"""What was learned of an input: its distribution before and after conditioning."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from clustercast.arrays import FloatArray
from clustercast.arrays.summaries.order_statistics import quantiles
from clustercast.errors import InputError, takes
from clustercast.report.labels import label_of
from clustercast.report.numbers import human, is_share
from clustercast.report.plots import style

_BINS = 40
_VIEW = (0.002, 0.998)


@takes()
def prior_posterior(
    prior: xr.DataArray, posterior: xr.DataArray, *, weights: FloatArray | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the distribution of an input or an output before and after conditioning.

    Samples of the same variable, as ``tree["prior"][name]`` and ``tree["posterior"][name]``, the latter perhaps with
    `weights`: histograms with the same bins, from the 0.2nd to the 99.8th percentile of both, with the medians.
    """
    before, after = (np.asarray(found.values, dtype=np.float64).reshape(-1) for found in (prior, posterior))
    ends = np.concatenate([quantiles(before, _VIEW), quantiles(after, _VIEW, weights)])
    if not ends.max() > ends.min():
        raise InputError(f"prior and posterior are one number, {ends.max():g}; give samples of a variable that varies")
    bins = np.linspace(ends.min(), ends.max(), _BINS + 1).tolist()
    ax = style.quiet_frame(style.axes_or_new(ax, height=2.8))
    ax.hist(before, bins=bins, density=True, color=style.QUIET, alpha=0.5, label="prior")
    looks: dict[str, Any] = {"histtype": "step", "color": style.PALETTE[0], "linewidth": 1.6, "label": "posterior"}
    ax.hist(after, bins=bins, density=True, weights=weights, **looks)
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
    share = is_share(str(prior.name))
    moved = " to ".join(human(median, style.unit_of(prior), share=share) for median in medians)
    style.write_title(ax, label_of(str(prior.name)), f"median: {moved}", pad=18)
    return ax
