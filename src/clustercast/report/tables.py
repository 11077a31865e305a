"""The one builder of tables: the terminal and the page show the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_WIDTH = 80
# Wider words than this fold.
_LONG = 28
# Columns of words keep at least so much.
_LEAST = 12


@dataclass(frozen=True)
class Table:
    """A table of texts: a row of one cell heads the rows below it, and a note stands under the table."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    # Columns of words, to the left; the others hold numbers, to the right.
    words: Sequence[int] = (0,)
    note: str = ""

    def __rich__(self) -> Any:
        """Return the table as the terminal shows it: words fold where the terminal is narrow, numbers never."""
        from rich.box import SIMPLE_HEAD
        from rich.cells import cell_len
        from rich.table import Table as TerminalTable
        from rich.text import Text

        looks: dict[str, Any] = {"title_justify": "left", "caption_justify": "left", "box": SIMPLE_HEAD}
        looks |= {"padding": (0, 1, 0, 0), "min_width": min(max(len(self.title), 40), _WIDTH)}
        shown = TerminalTable(title=Text(self.title, "bold"), caption=Text(self.note, "table.caption"), **looks)
        columns = [[row[place] for row in self.rows if len(row) > place] for place in range(len(self.headers))]
        widths = [max((len(line) for cell in column for line in cell.splitlines()), default=0) for column in columns]
        # Words of a long column fold; where the others are too wide, their headers do, at spaces and before a scenario.
        others = [place for place, width in enumerate(widths) if place not in self.words or width <= _LONG]
        wide = sum(max(widths[place], len(self.headers[place])) + 2 for place in others) >= _WIDTH
        # Where numbers with their units leave no place for words, they fold too.
        taken = sum(width + 2 for place, width in enumerate(widths) if place not in self.words)
        for place, (header, width) in enumerate(zip(self.headers, widths, strict=True)):
            text = Text(header.replace(" ", "\n").replace("+", "\n+") if wide else header)
            if place not in self.words and taken > _WIDTH - _LEAST:
                shown.add_column(text, justify="right", overflow="fold", ratio=width)
            elif place not in self.words:
                # Measured here: rich takes longer to measure a column than to print it.
                lines = [line for cell in (text.plain, *columns[place]) for line in cell.splitlines()]
                shown.add_column(text, justify="right", no_wrap=True, width=max(map(cell_len, lines), default=0))
            elif width > _LONG:
                shown.add_column(text, overflow="fold", ratio=min(width, _WIDTH), min_width=len(header))
            else:
                shown.add_column(text, overflow="fold", min_width=width if len(self.words) < 3 else None)
        for row in self.rows:
            shown.add_row(*map(Text, row), style="bold" if len(row) == 1 < len(self.headers) else None)
        return shown
