"""The directive ``drawn``: code that draws a figure, shown as a card with the figure, its title and its code."""

import re
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from clustercast.report.plots.style import svg

_NOT_A_LETTER = re.compile(r"[^a-z0-9]+")


def draw(code: str, names: dict[str, Any], where: str) -> Any:
    """Run code whose last line is a figure or its axes, and return that."""
    *statements, last = code.strip().split("\n")
    while last.startswith((" ", ")", "]")):
        last = f"{statements.pop()}\n{last}"
    exec(compile("\n".join(statements), where, "exec"), names)
    return eval(compile(last, where, "eval"), names)


class Drawn(SphinxDirective):
    """Run the code of a page's cards one after the other; a card without a title draws nothing."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the card."""
        code = "\n".join(self.content)
        names = self.env.temp_data.setdefault("drawn", {})
        if not self.arguments:
            exec(compile(code, self.env.docname, "exec"), names)
            return [nodes.literal_block(code, code, language="python")]
        title = self.arguments[0]
        figure = svg(draw(code, names, self.env.docname), _NOT_A_LETTER.sub("-", title.lower()), title)
        opening = (
            f'<figure class="card">{figure}<figcaption>{escape(title)}</figcaption><details><summary>code</summary>'
        )
        shown = nodes.literal_block(code, code, language="python")
        return [nodes.raw("", opening, format="html"), shown, nodes.raw("", "</details></figure>", format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("drawn", Drawn)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
