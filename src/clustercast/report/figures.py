"""Figures inside a page: text that can be selected, in the page's own colours, light and dark, described in words."""

import io
import re
from html import escape

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clustercast.report.plots.style import INK, MORE, PALETTE, QUIET, figure_of

_FRAME = re.compile(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>')
_NOISE = re.compile(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", re.DOTALL)
_NAMED = re.compile(r'(\bid="|href="#|url\(#)')
_FONT = re.compile(r"font: ([\d.]+px)[^;\"]*|font-family: [^;\"]*;?")
_COLOURS = {INK: "currentColor", QUIET: "var(--soft)", "#ffffff": "var(--paper)"}
_COLOURS |= {colour: f"var(--c{place})" for place, colour in enumerate((*PALETTE, *MORE)) if colour not in _COLOURS}
_PIXELS_A_POINT = 1.25


def svg(drawn: Axes | Figure, name: str, alternative: str) -> str:
    """Return a figure as an ``svg`` element, the same bytes for the same figure."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure_of(drawn).savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = _NOISE.sub("", buffer.getvalue())
    text = _FONT.sub(lambda found: f"font-size: {found[1]}" if found[1] else "", text[text.index("<svg") :])
    for colour, variable in _COLOURS.items():
        text = re.sub(colour, variable, text, flags=re.IGNORECASE)
    # Names must differ between the figures of a page.
    text = _NAMED.sub(rf"\1{name}-", text)
    found = _FRAME.search(text)
    assert found is not None
    width, height = (_PIXELS_A_POINT * float(size) for size in found[1].split()[2:])
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{found[1]}" '
        f'width="{width:.0f}" height="{height:.0f}" fill="currentColor" role="img" '
        f'aria-labelledby="{name}-title">\n<title id="{name}-title">{escape(alternative)}</title>'
    )
    return re.sub(r"\s*\n\s*", "\n", text.replace(found[0], head, 1).strip())
