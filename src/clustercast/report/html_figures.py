"""Figures inside a page: drawn in the page's own colours, light and dark, and described in words."""

import io
import re
from html import escape

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clustercast.arrays.summaries.order_statistics import quantiles
from clustercast.report.numbers import human, interval
from clustercast.report.plots.style import INK, in_percent, title_of, unit_of

_ENDS = (0.05, 0.5, 0.95)
_FRAME = re.compile(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>')
_NOISE = re.compile(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", re.DOTALL)
_NAMED = re.compile(r'(\bid="|href="#|url\(#)')


def figure(drawn: Axes | Figure, name: str, alternative: str, caption: str = "") -> str:
    """Return a figure as HTML.

    Parameters
    ----------
    drawn : Axes or Figure
    name : str
        Letters, digits and hyphens, once on a page.
    alternative : str
        What the figure says, in words, for who does not see it.
    caption : str, optional
        What stands under it.

    Returns
    -------
    str
        Vector graphics whose ink is the colour of the text around them, on no ground.
    """
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{svg(drawn, name, alternative)}{below}</figure>"


def svg(drawn: Axes | Figure, name: str, alternative: str) -> str:
    """Return a figure as an ``svg`` element.

    Parameters
    ----------
    drawn, name, alternative
        As for `figure`.

    Returns
    -------
    str
        The same bytes for the same figure.
    """
    whole = drawn.get_figure(root=True) if isinstance(drawn, Axes) else drawn
    assert isinstance(whole, Figure)
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": name}):
        whole.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = _NOISE.sub("", buffer.getvalue())
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    # Names must differ between the figures of a page.
    text = _NAMED.sub(rf"\1{name}-", text)
    found = _FRAME.search(text)
    assert found is not None
    width, height = found[1].split()[2:]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{found[1]}" '
        f'width="{float(width) * 1.25:.0f}" height="{float(height) * 1.25:.0f}" fill="currentColor" role="img" '
        f'aria-labelledby="{name}-title">\n<title id="{name}-title">{escape(alternative)}</title>'
    )
    return re.sub(r"\s*\n\s*", "\n", text.replace(found[0], head, 1).strip())


def fan_in_words(path: xr.DataArray) -> str:
    """Return what a fan shows: median and interval in three years.

    Parameters
    ----------
    path : DataArray, dims (year, sample)

    Returns
    -------
    str
    """
    unit, share = unit_of(path), in_percent(path)
    places = np.unique(np.linspace(0, path.sizes["year"] - 1, 3).round().astype(int))
    said = []
    for place in places:
        low, median, high = quantiles(np.asarray(path.isel(year=place).values, dtype=np.float64), _ENDS)
        year = float(path["year"].values[place])
        said.append(f"{year:g}: {human(median, unit, share=share)} ({interval(low, high, unit, share=share)})")
    return f"{title_of(path)}, median and 90 % interval. {'; '.join(said)}."
