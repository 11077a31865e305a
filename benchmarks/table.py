"""The table of results, as Markdown and as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence

from benchmarks.measure import Row, number

ABOUT = (
    "Written by `python -m benchmarks`: medians of repeats, in turns, all rows of a table in one run. Times are the",
    "processor's time of one thread (user and system), which other work on the machine changes little; where several",
    "processes or threads share the work they are wall time. Ratios are what carries over to other machines. Of rows",
    "beside two busy processes both ours and its peer, or floor, were measured there.",
)
COLUMNS = ("what", "value", "unit", "reference", "ratio", "target", "met")


def cells(row: Row) -> list[str]:
    """Return what a row of the table says."""
    met = {None: "", True: "yes", False: "NO"}[row.met]
    return [row.what, number(row.value), row.unit, row.reference, number(row.ratio), row.target, met]


def markdown(results: Mapping[str, Sequence[Row]], about: Mapping[str, str]) -> str:
    """Return the whole report: the machine, then a table for each benchmark.

    Parameters
    ----------
    results : mapping of str to sequence of Row
        Rows by benchmark.
    about : mapping of str to str
        What the figures were taken on.
    """
    lines = ["# Benchmarks", "", *ABOUT, ""]
    lines += [f"- {key}: {value}" for key, value in about.items()]
    for name, rows in results.items():
        lines += ["", f"## {name}", "", "| " + " | ".join(COLUMNS) + " |", "|---|--:|---|---|--:|---|---|"]
        lines += ["| " + " | ".join(cell.replace("|", "/") for cell in cells(row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def comma_separated(results: Mapping[str, Sequence[Row]]) -> str:
    """Return all rows with full digits, the benchmark's name first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["benchmark", *COLUMNS])
    for name, rows in results.items():
        for row in rows:
            writer.writerow([name, *(getattr(row, column) for column in COLUMNS)])
    return text.getvalue()
