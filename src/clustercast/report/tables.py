"""The one builder of tables: the terminal and the page show the same rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table as TerminalTable

_WIDTH = 80
# Wider words than this fold.
_LONG = 28


@dataclass(frozen=True)
class Table:
    """A table of texts: a row of one cell heads the rows below it, and a note stands under the table."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: frozenset[int]
    note: str = ""

    def __rich__(self) -> "TerminalTable":
        """Return the table as the terminal shows it: words fold where the terminal is narrow, numbers never."""
        from rich.box import SIMPLE_HEAD
        from rich.markup import escape
        from rich.table import Table as TerminalTable

        shown = TerminalTable(
            title=escape(self.title),
            title_justify="left",
            title_style="bold",
            caption=escape(self.note) or None,
            caption_justify="left",
            box=SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            min_width=min(max(len(self.title), 40), _WIDTH),
        )
        for place, header in enumerate(self.headers):
            if place in self.text_columns:
                width = max(
                    (len(line) for row in self.rows if len(row) > place for line in row[place].splitlines()), default=0
                )
                long = width > _LONG
                shown.add_column(
                    escape(header),
                    overflow="fold",
                    ratio=min(width, _WIDTH) if long else None,
                    min_width=len(header) if long else max(width, len(header)) if len(self.text_columns) < 3 else None,
                )
            else:
                shown.add_column(escape(header), justify="right", no_wrap=True)
        for row in self.rows:
            shown.add_row(*map(escape, row), style="bold" if len(row) == 1 < len(self.headers) else None)
        return shown


def table(
    title: str, headers: Sequence[str], rows: Iterable[Sequence[str]], *, words: Iterable[int] = (0,), note: str = ""
) -> Table:
    """Return a table whose columns `words` hold words, to the left; the others hold numbers, to the right."""
    return Table(title, tuple(headers), tuple(tuple(row) for row in rows), frozenset(words), note)
