"""When levels are reached: distributions of crossing years, and probabilities by year."""

import math
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.errors import InputError, takes
from clustercast.files.dates import date_words
from clustercast.report.labels import in_a_sentence, milestone_text
from clustercast.report.numbers import chance
from clustercast.report.plots import style

_TALLEST = 0.8


@takes()
def crossing_years(crossings: Mapping[str, xr.DataArray], *, ax: Axes | None = None) -> Axes:
    """Draw the distributions of crossing years, one row a milestone; "not by the last year" stands beside it.

    `crossings` are results of `crossing_year` by label. The bars of a row are the probabilities of its years, on the
    scale of the tallest of all; a triangle marks the median where it is within the years.
    """
    if not crossings:
        raise InputError("there are no crossing years to draw; give a mapping of labels to results of cc.crossing_year")
    for label, found in crossings.items():
        if "last_year" not in found.attrs:
            raise InputError(f"{label!r} has no attribute 'last_year'; give a result of cc.crossing_year")
    first = math.floor(min(found.attrs["first_year"] for found in crossings.values()))
    last = math.ceil(max(found.attrs["last_year"] for found in crossings.values()))
    years = np.arange(first, last + 1)
    shares = [_yearly(found, years) for found in crossings.values()]
    tallest = max(max(share.max() for share in shares), 1e-9)
    ax = style.rows_of(ax, [textwrap.fill(label, 20) for label in crossings], extra=1.2, each=0.42, at=-0.25)
    side: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "fontsize": style.SMALL, "va": "center"}
    for row, (found, share) in enumerate(zip(crossings.values(), shares, strict=True)):
        heights = -_TALLEST * share / tallest
        ax.bar(years[:-1] + 0.5, heights, bottom=row, width=0.9, color=style.PALETTE[0], linewidth=0)
        ax.axhline(row, color=style.INK, linewidth=0.6)
        median = float(np.quantile(found.values, 0.5, method="inverted_cdf"))
        if math.isfinite(median):
            ax.plot([median], [row + 0.09], marker="^", color=style.PALETTE[1], markersize=6, clip_on=False)
        ax.text(1.015, row - 0.25, _outside(found), **side)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(shares) - 0.7, -1)
    style.year_axis(ax, years.astype(np.float64))
    ax.set_xlabel("year (triangle: median)")
    style.write_title(ax, "When each level is first reached")
    return ax


@takes("milestone")
def reached_by_year(milestones: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw the probability that each milestone has been reached, by year, with bars of two standard errors."""
    ax = style.quiet_frame(style.axes_or_new(ax, height=max(3.2, 1.2 + 0.42 * milestones.sizes["milestone"])))
    years = np.asarray(milestones["year"].values, dtype=np.float64)
    names = list(zip(milestones["milestone"].values.tolist(), milestones["output"].values.tolist(), strict=True))
    labels = [milestone_text(*name) for name in names]
    reached, errors = (milestones[key].transpose("milestone", "year").values for key in ("reached", "reached_error"))
    for place, label in enumerate(labels):
        looks = {"label": style.plain(label), **style.marked_line(place, 1.4)}
        ax.errorbar(years, reached[place], 2 * errors[place], **looks)
    style.share_axis(ax.yaxis, "probability of having been reached")
    ax.set_ylim(-0.02, 1.02)
    style.year_axis(ax, years)
    last = reached[:, -1]
    said = f"by {date_words(years[-1])}: {milestone_text(*names[0], in_a_sentence)}, {chance(last[0])}"
    style.write_title(ax, "How likely each level is by a date", said)
    style.beside(ax, last.tolist(), labels, [style.look(place)[0] for place in range(len(labels))])
    return ax


def _yearly(found: xr.DataArray, years: NDArray[np.int_]) -> FloatArray:
    """Return the share of all samples that cross within each year; the last year holds its end too."""
    values = np.asarray(found.values, dtype=np.float64).reshape(-1)
    counts, _ = np.histogram(values[np.isfinite(values)], bins=years)
    return counts / values.size


def _outside(found: xr.DataArray) -> str:
    """Return which share of the samples lies outside the years, before and after."""
    values = np.asarray(found.values, dtype=np.float64).reshape(-1)
    shares = {f"before {found.attrs['first_year']:g}": np.isneginf(values).mean(), "later": np.isposinf(values).mean()}
    # A share is 0 only where it is.
    texts = {what: "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %" for what, share in shares.items()}
    return "\n".join(f"{text} {what}" for what, text in texts.items() if shares[what] or what == "later")
