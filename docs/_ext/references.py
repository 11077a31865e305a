"""The references of docstrings as lists with links, where reStructuredText would number the initials of authors."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOI = re.compile(r"\bdoi:(10\.\d+/\S+?)(?=[.,;)]*(?:\s|$))")


def as_list(lines: list[str]) -> list[str]:
    r"""Return the lines of a section of references as a list; an entry ends where a line ends with a stop.

    Examples
    --------
    >>> as_list(["A. Author, *Title*,", "doi:10.1000/1.", "B. Other, Title (2003)."])
    ['* \\A. Author, *Title*, `doi:10.1000/1 <https://doi.org/10.1000/1>`__.', '* \\B. Other, Title (2003).']
    """
    entries = [[]] if lines else []
    for line in filter(None, map(str.strip, lines)):
        if entries[-1] and entries[-1][-1].endswith((".", ";")):
            entries.append([])
        entries[-1].append(line)
    texts = [DOI.sub(r"`doi:\1 <https://doi.org/\1>`__", " ".join(entry)) for entry in entries if entry]
    return ["* " + re.sub(r"^(?=[A-Z]\.)", r"\\", text) for text in texts]


def process(app: "Sphinx", what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Rewrite the section References of a docstring in place, before napoleon reads it."""
    for start, line in enumerate(lines[:-1]):
        if line == "References" and set(lines[start + 1]) == {"-"}:
            first = start + 2
            titles = (i - 1 for i in range(first + 1, len(lines)) if re.fullmatch("-{3,}", lines[i]))
            end = next(titles, len(lines))
            lines[first:end] = [*as_list(lines[first:end]), ""]
            return


def setup(app: "Sphinx") -> dict[str, bool]:
    """Come before napoleon, whose priority is 500."""
    app.connect("autodoc-process-docstring", process, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
