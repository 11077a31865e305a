"""What all figures share: colours, axes with units as people say them, labels that do not overlap."""

import io
import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, TypeVar

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from clustercast.arrays import FloatArray
from clustercast.dataset import years_of
from clustercast.engine.units import in_unit
from clustercast.errors import InputError, nearest, shown, takes
from clustercast.files.whole import write_whole
from clustercast.report.numbers import human, interval, is_share, label_of, time_of, with_interval

Level = str | float
Levels = Level | Iterable[Level] | Mapping[str, Level]
D = TypeVar("D", xr.DataArray, xr.Dataset)
# Okabe and Ito's palette, which colour-blind readers can tell apart (jfly.uni-koeln.de/color, 2008), yellow last.
PALETTE: tuple[str, ...] = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
# Further colours of figures with many inputs, as far from those as from each other.
MORE = ("#7A5CC2", "#A65628", "#4D7A1F", "#E0368F", "#52677D")
MARKERS = "osD^vPX*"
INK = "#000000"
# Black that stays black where ink turns light on a dark page: text on light areas.
PRINTED = "#010101"
# What has no colour of its own; figures name it directly.
QUIET = "#6E6E6E"
# Points. A new figure is 4.8 inches wide, which a phone of 390 pixels shows at about one pixel a point.
SMALL = 10
KEY: dict[str, Any] = {"fontsize": SMALL, "frameon": False, "columnspacing": 1.0}
# Characters of a label beside the axes, and of one of a row, before it goes on in a second line.
_WIDEST_LABEL, _WIDEST_ROW = 18, 26
# Of a line of a title: over axes, and where labels of rows stand beside them.
WIDE, NARROW = 54, 34
# Inside a page: text that can be selected, in the page's own colours, light and dark.
_FRAME = re.compile(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>')
_NOISE = re.compile(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", re.DOTALL)
_NAMED = re.compile(r'(\bid="|href="#|url\(#)')
_FONT = re.compile(r"font: ([\d.]+px)[^;\"]*|font-family: [^;\"]*;?")
_COLOURS = {INK: "currentColor", QUIET: "var(--soft)", "#ffffff": "var(--paper)"}
_COLOURS |= {colour: f"var(--c{place})" for place, colour in enumerate((*PALETTE, *MORE)) if colour not in _COLOURS}
_PIXELS_A_POINT = 1.25
# At level 1 a picture is packed in a third of the time, into a file about a sixth longer.
_PNG: dict[str, Any] = {"pil_kwargs": {"compress_level": 1}}
_DPI = 150


def axes_or_new(ax: Axes | None, width: float = 4.8, height: float = 3.2) -> Axes:
    """Return the axes given, or those of a new figure that needs no window, without what a reader does not need."""
    ax = ax or Figure(figsize=(width, height), layout="constrained").subplots()
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="0.5", alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def rows_of(ax: Axes | None, labels: Sequence[str], *, extra: float = 1.5, each: float = 0.32, at: float = 0.0) -> Axes:
    """Return axes with a labelled row for each of some things, the first at the top, its label moved down by `at`."""
    wrapped = ["\n".join(textwrap.fill(line, _WIDEST_ROW) for line in label.split("\n")) for label in labels]
    tallest = max((label.count("\n") for label in wrapped), default=0) + 1
    ax = axes_or_new(ax, height=extra + max(each, 0.06 + 0.17 * tallest) * len(labels))
    ax.set_yticks(np.arange(len(labels)) + at, [plain(label) for label in wrapped], fontsize=SMALL)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.grid(visible=False, axis="y")
    return ax


def figure_of(drawn: Axes | Figure) -> Figure:
    """Return the whole figure that axes belong to."""
    whole = drawn.get_figure(root=True)
    assert isinstance(whole, Figure)
    return whole


@takes()
def save_figure(figure: Figure | Axes, path: Path | str, *, dpi: float = _DPI) -> Path:
    """Write a figure, or that of axes, whole or not at all, as .png with `dpi` dots per inch, .svg or .pdf."""
    figure = figure_of(figure)
    suffix = Path(path).suffix.removeprefix(".")
    if suffix not in figure.canvas.get_supported_filetypes():
        raise InputError(f"cannot write {str(path)!r}: no figure has the suffix {suffix!r}; give .png, .svg or .pdf")
    # Without the date and random ids, the same figure is the same file.
    how: dict[str, Any] = {"svg": {"metadata": {"Date": None}}, "pdf": {"metadata": {"CreationDate": None}}}
    how["png"] = _PNG
    if not 10 <= dpi <= 2400:
        raise InputError(f"dpi is {dpi!r}; give 10 to 2,400 dots per inch")
    with mpl.rc_context({"svg.hashsalt": "clustercast"}):
        return write_whole(path, lambda target: figure.savefig(target, dpi=dpi, **how.get(suffix, {})))


def png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file, as `save_figure` writes them."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=_DPI, **_PNG)
    return picture.getvalue()


def svg(drawn: Axes | Figure, name: str, alternative: str) -> str:
    """Return a figure as an ``svg`` element: `name` is once on a page, `alternative` says in words what it shows."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure_of(drawn).savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = _NOISE.sub("", buffer.getvalue())
    text = _FONT.sub(lambda result: f"font-size: {result[1]}" if result[1] else "", text[text.index("<svg") :])
    for colour, variable in _COLOURS.items():
        text = re.sub(colour, variable, text, flags=re.IGNORECASE)
    text = _NAMED.sub(rf"\1{name}-", text)  # names must differ between the figures of a page
    result = _FRAME.search(text)
    assert result is not None
    width, height = (_PIXELS_A_POINT * float(size) for size in result[1].split()[2:])
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{result[1]}" '
        f'width="{width:.0f}" height="{height:.0f}" fill="currentColor" role="img" '
        f'aria-labelledby="{name}-title">\n<title id="{name}-title">{escape(alternative)}</title>'
    )
    return re.sub(r"\s*\n\s*", "\n", text.replace(result[0], head, 1).strip())


def in_year(data: D, year: float | None, what: str) -> tuple[D, float | None]:
    """Return a variable or dataset in a year, the last by default, and the year; None where there are none."""
    if "year" not in data.dims:
        return data, None
    known = years_of(data).tolist()
    if year is not None and year not in known:
        raise InputError(f"{what} has no year {year:g}; it has {', '.join(f'{when:g}' for when in known)}")
    place = len(known) - 1 if year is None else known.index(year)
    return data.isel(year=place), known[place]


def plain(text: str) -> str:
    """Return a text in which dollars are dollars and begin no formula."""
    return text.replace("$", r"\$")


def title_of(path: xr.DataArray, year: float | None = None) -> str:
    """Return what a variable is called, in a year."""
    name = label_of(str(path.name)) if path.name else str(path.attrs.get("long_name") or "Value")
    return name if year is None else f"{name} in {year:g}"


def unit_of(path: xr.DataArray) -> str:
    """Return the unit of a variable, ``"1"`` where it has none."""
    return str(path.attrs.get("units", "1"))


def in_percent(path: xr.DataArray) -> bool:
    """Return whether a variable is a share, which people give in percent."""
    return unit_of(path) == "1" and (is_share(str(path.name)) or "share" in title_of(path))


def said(path: xr.DataArray, *values: float) -> str:
    """Return a value of a variable in words, two as a range, or the ends of an interval with the median between."""
    low, high, unit, share = values[0], values[-1], unit_of(path), in_percent(path)
    if len(values) == 3:
        return with_interval(values[1], low, high, unit, share=share)
    return interval(low, high, unit, share=share) if len(values) == 2 else human(low, unit, share=share)


def known(what: str, name: str | None, names: Sequence[str]) -> int:
    """Return the place of a name, the first by default, refused unless it is among those that there are."""
    if name is not None and name not in names:
        raise InputError(f"{what} {shown(name)}{nearest(name, names)}; it has {', '.join(names)}")
    return 0 if name is None else names.index(name)


def one_of(data: xr.Dataset, dim: str, name: str | None) -> xr.Dataset:
    """Return what a dataset has of one name along a dimension, the first by default."""
    return data.isel({dim: known(f"the dataset has no {dim}", name, data[dim].values.tolist())})


def number_text(value: float, unit: str, share: bool = False) -> str:
    """Return a round number with its unit and no digit more than it has."""
    last = 0.0
    if value and math.isfinite(value):
        first = math.floor(math.log10(abs(value)))
        places = (10.0 ** (first - k) for k in range(3))
        last = next((p for p in places if math.isclose(value, round(value / p) * p, rel_tol=1e-9)), 10.0 ** (first - 2))
    return human(value, unit, error=last or None, share=share)


def human_axis(axis: Axis, path: xr.DataArray, *, log: bool, most: int = 7) -> None:
    """Write the ticks of an axis in the multiples that people say, with unit."""
    unit, share, ending = unit_of(path), in_percent(path), unit_beside(path)
    low, high = axis.get_view_interval()
    # Less than two decades would leave a single label between powers of ten.
    subs = (1.0,) if log and low > 0 and high / low >= 100 else (1.0, 2.0, 5.0)
    even = MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10])
    axis.set_major_locator(LogLocator(subs=subs, numticks=most) if log else even)
    axis.set_major_formatter(lambda value, _: plain(number_text(value, unit, share).removesuffix(f" {ending}")))
    if log:
        axis.set_minor_formatter(NullFormatter())


def year_axis(ax: Axes, years: FloatArray, path: xr.DataArray | None = None, margin: float = 0.0) -> None:
    """Write years as whole numbers, from the first to the last, with what a year means for the quantity."""
    when = "" if path is None else time_of(path.attrs).replace("a year, at that date", "pace at 1 January")
    ax.set_xlabel(f"year ({when})" if when else "year")
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=[1, 2, 5, 10]))
    if margin or years[0] < years[-1]:
        ax.set_xlim(years[0] - margin, years[-1] + margin)


def share_axis(ax: Axes, along: str, label: str, low: float = 0, high: float | None = 1) -> None:
    """Write the ticks along x or y in percent, from 0 to 1 or between other ends."""
    getattr(ax, f"{along}axis").set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    ax.set(**{f"{along}label": label, f"{along}lim": (low, high)})


def titled(ax: Axes, title: str, finding: str = "", *, pad: float = 6, wide: int = WIDE, key: bool = False) -> Axes:
    """Write the title of axes, under it what they show in words, in lines of `wide` characters, and perhaps a key."""
    said = "\n".join(textwrap.fill(text, wide) for text in (title, finding) if text)
    # At a fixed height: to look for one, all ticks would be measured once more.
    ax.set_title(plain(said), fontsize=SMALL, loc="left", pad=pad, y=1.0)
    if key:
        # Under the label of the axis, at a distance in points: axes may be of any height.
        ax.legend(loc="upper right", bbox_to_anchor=(1.0, 0.0), borderaxespad=4.5, ncols=3, **KEY)
    return ax


def look(place: int) -> tuple[str, str]:
    """Return colour and marker of the input at a place: colours never repeat, what has none is grey."""
    colours = (*PALETTE[:-1], *MORE)
    return colours[place] if place < len(colours) else QUIET, MARKERS[place % len(MARKERS)]


def marked_line(place: int, width: float) -> dict[str, Any]:
    """Return how the line with error bars of the input at a place looks."""
    colour, marker = look(place)
    return {"color": colour, "marker": marker, "markersize": 4, "linewidth": width, "elinewidth": 0.8}


def named_levels(levels: Levels, path: xr.DataArray) -> dict[str, float]:
    """Return thresholds in the unit of a variable, by their labels."""
    unit, share = unit_of(path), in_percent(path)
    named: dict[str, Level] = dict(levels) if isinstance(levels, Mapping) else {}
    several = levels if isinstance(levels, Iterable) and not isinstance(levels, str) else [levels]
    for level in () if named else several:
        text = level if isinstance(level, str) else number_text(level, unit, share)
        named[text.replace("/year", " a year")] = level
    return {text: in_unit(level, unit, "level") for text, level in named.items()}


def beside(ax: Axes, places: Sequence[float], texts: Sequence[str], colours: Sequence[str] = ()) -> Axes:
    """Write texts at the right edge of axes with final limits, at heights in data units, moved apart, upwards."""
    points = np.array([(ax.get_xlim()[0], place) for place in places], dtype=np.float64).reshape(-1, 2)
    heights = (ax.transData + ax.transAxes.inverted()).transform(points)[:, 1]
    order = np.argsort(heights, kind="stable")
    inches = ax.get_position().height * figure_of(ax).get_figheight()
    wrapped = [textwrap.fill(texts[k], _WIDEST_LABEL) for k in order]
    lines = np.array([text.count("\n") + 1 for text in wrapped])
    steps = (lines[:-1] + lines[1:]) / 2 * 1.25 * SMALL / 72 / inches
    # From the foot of the axes to their top, as far as there is room: beyond are ticks and the title.
    above = np.concatenate([[0.0], np.cumsum(steps)])[: len(order)]
    top = 1 - (lines[-1:] - 1) / 2 * 1.25 * SMALL / 72 / inches
    spread = np.minimum(np.maximum(spread_apart(heights[order], steps), above), top - above[-1:] + above)
    looks: dict[str, Any] = {"transform": ax.transAxes, "fontsize": SMALL, "va": "center", "linespacing": 1.05}
    for k, moved, text in zip(order, spread, wrapped, strict=True):
        link = Line2D([1.0, 1.03], [heights[k], moved], color=QUIET, linewidth=0.6, clip_on=False)
        ax.add_artist(link).set_transform(ax.transAxes)
        ax.text(1.04, moved, plain(text), color=colours[k] if colours else INK, **looks)
    return ax


def spread_apart(heights: FloatArray, steps: FloatArray | float) -> FloatArray:
    """Move increasing heights as little as keeps each a step above the one before it."""
    # Least squares under an order, of what is left when the steps are taken off: the largest over the starts of the
    # smallest over the ends of the means of what lies between (Robertson, Wright and Dykstra 1988, section 1.4).
    count = len(heights)
    offsets = np.concatenate([[0.0], np.cumsum(np.broadcast_to(steps, max(count - 1, 0)))])[:count]
    sums = np.concatenate([[0.0], np.cumsum(heights - offsets)])
    start, end = np.indices((count, count))
    means = np.where(start <= end, (sums[end + 1] - sums[start]) / np.maximum(end - start + 1, 1), np.inf)
    least = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.where(start <= end, least, -np.inf).max(axis=0, initial=-np.inf) + offsets)


def unit_beside(path: xr.DataArray) -> str:
    """Return what stands at an axis of its ticks' unit: nothing where it changes with their size, as in 10 GW."""
    unit = unit_of(path)
    if in_percent(path) or unit.startswith("OOM"):
        return ""
    ending = human(1e9, unit).partition(" ")[2]
    return ("a year" if unit.endswith("/year") else "") if ending[:2] in ("GW", "GF", "EW", "PW", "ZW") else ending
