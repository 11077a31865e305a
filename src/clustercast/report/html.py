"""One self-contained HTML page: its sections, tables and frame."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from rich.table import Table
from rich.text import Text

_STYLE = Path(__file__).with_name("page.css")
_IDENTIFIER = re.compile(r"[^a-z0-9]+")
# Details are folded on the screen and open on paper.
_OPEN_IN_PRINT = (
    'addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach(found => '
    '{ found.open = true; found.dataset.folded = ""; }));'
    'addEventListener("afterprint", () => document.querySelectorAll("details[data-folded]").forEach(found => '
    "{ found.open = false; delete found.dataset.folded; }));"
)


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes
    ----------
    title : str
        Its heading, as text.
    body : str
        What stands under it, as HTML.
    """

    title: str
    body: str

    @property
    def identifier(self) -> str:
        """What a link to the section names."""
        return _IDENTIFIER.sub("-", self.title.lower()).strip("-")


def page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Put sections together to a page that needs no other file.

    Parameters
    ----------
    title, subtitle : str
        As text.
    sections : sequence of Section
        In order.

    Returns
    -------
    str
        An HTML document.
    """
    contents = "".join(f'<li><a href="#{part.identifier}">{escape(part.title)}</a></li>' for part in sections)
    bodies = "\n".join(
        f'<section aria-labelledby="{part.identifier}">\n<h2 id="{part.identifier}">{escape(part.title)}</h2>\n'
        f"{part.body}\n</section>"
        for part in sections
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline'; img-src data:">
<title>{escape(title)}</title>
<style>
{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<a class="skip" href="#{sections[0].identifier}">Skip to the text</a>
<header>
<h1>{escape(title)}</h1>
<p class="soft">{escape(subtitle)}</p>
<nav aria-label="Contents"><ol>{contents}</ol></nav>
</header>
<main>
{bodies}
</main>
<script>{_OPEN_IN_PRINT}</script>
</body>
</html>
"""


def paragraph(text: str, *, soft: bool = False) -> str:
    """Return a text as a paragraph.

    Examples
    --------
    >>> paragraph("power > 100 GW")
    '<p>power &gt; 100 GW</p>'
    """
    opening = '<p class="soft">' if soft else "<p>"
    return f"{opening}{escape(text)}</p>"


def bullets(items: Iterable[tuple[str, str]]) -> str:
    """Return a list whose items begin with something strong.

    Examples
    --------
    >>> bullets([("31 %", "a $1T cluster by 2030")])
    '<ul class="answers"><li><strong>31 %</strong> a $1T cluster by 2030</li></ul>'
    """
    rows = "".join(f"<li><strong>{escape(first)}</strong> {escape(rest)}</li>" for first, rest in items)
    return f'<ul class="answers">{rows}</ul>'


def folded(title: str, body: str) -> str:
    """Return HTML that is folded away until a reader asks for it."""
    return f"<details><summary>{escape(title)}</summary>\n{body}\n</details>"


def definitions(items: Iterable[tuple[str, str]]) -> str:
    """Return pairs of a term and a text as a definition list."""
    rows = "".join(f"<dt>{escape(term)}</dt><dd><code>{escape(text)}</code></dd>" for term, text in items)
    return f"<dl>{rows}</dl>"


def table(caption: str, headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """Return a table.

    Parameters
    ----------
    caption : str
    headers : sequence of str
    rows : iterable of sequence of str
        The first cell heads its row; a row with one cell that is not empty heads a group of rows.
    right : iterable of int, optional
        Columns that are aligned to the right.

    Returns
    -------
    str
        With a caption and the scope of each heading; wide ones scroll by themselves.
    """
    aligned = {column: ' class="right"' for column in right}
    head = "".join(f'<th scope="col"{aligned.get(k, "")}>{escape(text)}</th>' for k, text in enumerate(headers))
    body = "\n".join(_row(row, len(headers), aligned) for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>\n'
        f"<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def side_by_side(figures: Iterable[str]) -> str:
    """Return figures in a grid that becomes one column on a narrow screen."""
    return f'<div class="figures">{"".join(figures)}</div>'


def terminal_table(made: Table) -> str:
    """Return a table of the terminal as one of the page.

    Parameters
    ----------
    made : rich.table.Table
        With cells of text; markup is taken out.

    Returns
    -------
    str
    """
    columns = [[_text(cell) for cell in column.cells] for column in made.columns]
    right = [k for k, column in enumerate(made.columns) if column.justify == "right"]
    found = table(
        _text(made.title or ""), [_text(c.header) for c in made.columns], zip(*columns, strict=True), right=right
    )
    return found + (paragraph(_text(made.caption), soft=True) if made.caption else "")


def _text(cell: object) -> str:
    """Return a cell of the terminal as plain text."""
    return cell.plain if isinstance(cell, Text) else Text.from_markup(str(cell)).plain


def _row(row: Sequence[str], width: int, aligned: dict[int, str]) -> str:
    """Return one row of a table."""
    filled = [text for text in row if text]
    if len(filled) == 1 and width > 1:
        return f'<tr><th class="group" scope="rowgroup" colspan="{width}">{escape(filled[0])}</th></tr>'
    cells = [f"<td{aligned.get(k, '')}>{escape(text)}</td>" for k, text in enumerate(row)]
    cells[0] = f'<th scope="row"{aligned.get(0, "")}>{escape(row[0])}</th>'
    return f"<tr>{''.join(cells)}</tr>"
