"""What all figures share: colours, axes with units as people say them, labels that do not overlap."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from clustercast.errors import InputError
from clustercast.files.whole import write_whole
from clustercast.report.labels import label_of
from clustercast.report.numbers import human, is_share

if TYPE_CHECKING:
    from matplotlib.text import Text

FloatArray = NDArray[np.float64]

# Okabe and Ito's palette, told apart by colour-blind readers (jfly.uni-koeln.de/color, 2008), yellow last.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
MARKERS = "osD^vPX*"
HATCHES = ("", "///", "\\\\\\\\", "---", "xxx", "|||", "+++", "//--")
INK = "#000000"
# Black that stays black where ink turns light on a dark page: text on light areas.
PRINTED = "#010101"
SMALL = 8


class Reference(Protocol):
    """Something whose size is known, as `clustercast.uncertainty.reference_classes.ReferenceClass`."""

    @property
    def name(self) -> str:
        """What it is."""

    @property
    def value(self) -> float:
        """Its size."""

    @property
    def unit(self) -> str:
        """Unit of the size."""


def axes_or_new(ax: Axes | None, width: float = 6.4, height: float = 4.0) -> Axes:
    """Return the axes given, or those of a new figure that needs no window."""
    if ax is not None:
        return ax
    return Figure(figsize=(width, height), layout="constrained").subplots()


def save_figure(figure: Figure, path: Path | str, *, dpi: int = 150) -> Path:
    """Write a figure, whole or not at all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : pathlib.Path or str
        The suffix says the format: png, svg or pdf.
    dpi : int, optional
        Dots per inch of a PNG.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        If the place cannot be written to, or the format is unknown.
    """
    known = figure.canvas.get_supported_filetypes()
    suffix = Path(path).suffix.removeprefix(".")
    if suffix not in known:
        raise InputError(f"cannot write {str(path)!r}: no figure has the suffix {suffix!r}; give .png, .svg or .pdf")
    # Without the date, the same figure is the same file.
    undated = {"Date": None} if suffix == "svg" else {"CreationDate": None} if suffix == "pdf" else None
    return write_whole(path, lambda target: figure.savefig(target, dpi=dpi, metadata=undated))


def plain(text: str) -> str:
    """Return a text in which dollars are dollars and begin no formula."""
    return text.replace("$", r"\$")


def title_of(path: xr.DataArray) -> str:
    """Return what a variable is called."""
    return str(path.attrs.get("long_name") or label_of(str(path.name or "value")))


def unit_of(path: xr.DataArray) -> str:
    """Return the unit of a variable, ``"1"`` where it has none."""
    return str(path.attrs.get("units", "1"))


def in_percent(path: xr.DataArray) -> bool:
    """Say whether a variable is a share, which people say in percent."""
    return unit_of(path) == "1" and (is_share(str(path.name)) or "share" in title_of(path))


def number_text(value: float, unit: str, share: bool = False) -> str:
    """Return a round number with its unit and no digit more than it has.

    Examples
    --------
    >>> number_text(1e11, "W"), number_text(2.5e9, "USD"), number_text(0.2, "1", share=True)
    ('100 GW', '$2.5B', '20 %')
    """
    if value == 0 or not math.isfinite(value):
        return human(value, unit, share=share)
    first = math.floor(math.log10(abs(value)))
    for digits in range(1, 4):
        last = first - digits + 1
        if math.isclose(value, round(value / 10.0**last) * 10.0**last, rel_tol=1e-9):
            break
    return human(value, unit, error=10.0**last, share=share)


def human_axis(axis: Axis, path: xr.DataArray, *, log: bool, most: int = 7) -> None:
    """Write the ticks of an axis in the multiples that people say, with unit."""
    unit, share = unit_of(path), in_percent(path)
    said_once = f" {unit_beside(path)}"
    axis.set_major_locator(LogLocator(numticks=most) if log else MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(
        FuncFormatter(lambda value, position: plain(number_text(value, unit, share).removesuffix(said_once)))
    )
    if log:
        axis.set_minor_formatter(NullFormatter())


def year_axis(ax: Axes, years: FloatArray) -> None:
    """Write years as whole numbers, from the first to the last."""
    ax.set_xlabel("year")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    if years[0] < years[-1]:
        ax.set_xlim(years[0], years[-1])


def share_axis(axis: Axis, label: str) -> None:
    """Write the ticks of an axis from 0 to 1 in percent."""
    axis.set_major_formatter(FuncFormatter(lambda value, position: f"{100 * value:.0f} %"))
    axis.set_label_text(label)


def quiet_frame(ax: Axes) -> Axes:
    """Take away what a reader does not need: the upper and right spines; a faint grid stays."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="0.5", alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def beside(ax: Axes, places: Sequence[float], texts: Sequence[str], *, colour: str = INK) -> "list[Text]":
    """Write texts at the right edge of the axes, at heights in data units, moved apart where they would touch.

    Parameters
    ----------
    ax : Axes
        With its final limits.
    places : sequence of float
        Heights.
    texts : sequence of str
    colour : str, optional

    Returns
    -------
    list of matplotlib.text.Text
        In the order of their heights.
    """
    to_axes = ax.transData + ax.transAxes.inverted()
    heights = np.array([float(to_axes.transform((ax.get_xlim()[0], place))[1]) for place in places])
    order = np.argsort(heights, kind="stable")
    whole = ax.get_figure(root=True)
    inches = ax.get_position().height * float(whole.get_figheight() if whole else 4.0)
    spread = spread_apart(heights[order], 1.3 * SMALL / 72 / inches)
    for height, moved in zip(heights[order], spread, strict=True):
        link = Line2D([1.0, 1.03], [height, moved], color="0.5", linewidth=0.6, clip_on=False)
        ax.add_artist(link).set_transform(ax.transAxes)
    return [
        ax.text(1.04, moved, plain(texts[k]), transform=ax.transAxes, fontsize=SMALL, va="center", color=colour)
        for k, moved in zip(order, spread, strict=True)
    ]


def spread_apart(heights: FloatArray, step: float) -> FloatArray:
    """Move increasing heights as little as keeps neighbours a step apart.

    Examples
    --------
    >>> spread_apart(np.array([0.0, 0.5, 0.5]), 0.1).round(3).tolist()
    [0.0, 0.45, 0.55]
    """
    # Least squares under an order: pooled means of what is left when the steps are taken off.
    offsets = step * np.arange(len(heights))
    pools: list[tuple[float, int]] = []
    for value in heights - offsets:
        mean, count = float(value), 1
        while pools and pools[-1][0] > mean:
            other, weight = pools.pop()
            mean, count = (mean * count + other * weight) / (count + weight), count + weight
        pools.append((mean, count))
    means = np.repeat([mean for mean, _ in pools], [count for _, count in pools])
    return np.asarray(means + offsets, dtype=np.float64)


def level_text(level: str | float, path: xr.DataArray) -> str:
    """Return a threshold as it is written."""
    return level if isinstance(level, str) else number_text(level, unit_of(path), in_percent(path))


def unit_beside(path: xr.DataArray) -> str:
    """Return the unit that stands at an axis: none where its ticks say it, as 10 GW, $1T and 20 % do."""
    unit = unit_of(path)
    return unit if not in_percent(path) and human(1e9, unit).endswith(f" {unit}") else ""


def axis_label(path: xr.DataArray) -> str:
    """Say what an axis shows, with its unit where the ticks do not say it."""
    name, unit = label_of(str(path.name or "value")), unit_beside(path)
    return plain(f"{name} ({unit})" if unit else name)
