"""Put SVG images into the page itself: text stays text, and the figure takes the page's colours, light or dark."""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


def inline(text: str) -> str:
    """Return an SVG file as an element of a page, without the colours that it has on its own."""
    return _STYLE.sub("", text[text.index("<svg") :])


class InlineSvg(SphinxPostTransform):
    """Replace each SVG image of a page by its text."""

    default_priority = 5
    formats = ("html",)

    def run(self, **given: object) -> None:
        """Replace the images of one document."""
        for image in list(self.document.findall(nodes.image)):
            path = Path(self.app.srcdir, image["uri"])
            if path.suffix == ".svg" and path.is_file():
                text = inline(path.read_text(encoding="utf-8"))
                image.replace_self(nodes.raw("", f'<div class="figure">{text}</div>', format="html"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transform, for HTML alone."""
    app.add_post_transform(InlineSvg)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
