"""Pieces of text for the generated pages: docstrings, formulas, numbers, tables, escapes."""

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable

# Front matter of a page whose own table of contents stops at the second level.
SHORT_CONTENTS = "---\ntocdepth: 2\n---\n\n"


def docstring_sections(text: str) -> dict[str, str]:
    """Return the sections of a numpydoc docstring by title, what stands before the first under ``""``."""
    pieces = re.split(r"^(\w[\w ]*)\n-{3,}$", text, flags=re.MULTILINE)
    titles = ["", *pieces[1::2]]
    return {title: body.strip() for title, body in zip(titles, pieces[::2], strict=True)}


def formula(function: Callable[..., object]) -> str:
    """Return the source of a function without decorator, types and docstring."""
    source = textwrap.dedent(inspect.getsource(function))
    name = function.__name__
    arguments = ", ".join(inspect.signature(function).parameters)
    body = source.split('"""', 2)[2].strip("\n")
    head = f"def {name}({arguments}):"
    if len(head) > 88:
        head = f"def {name}(\n    " + ",\n    ".join(arguments.split(", ")) + ",\n):"
    return f"{head}\n{body}"


def number(value: float, digits: int = 3) -> str:
    """Return a number with a few significant digits, whole years with all their digits.

    Examples
    --------
    >>> number(2022.0), number(2025.54, 6), number(1.5e11), number(21817.4), number(0.51237), number(2e-17)
    ('2022', '2025.54', '1.5e11', '21,800', '0.512', '0')
    """
    if abs(value) < 1e-14:
        return "0"
    if 1e3 <= abs(value) < 1e4:
        return f"{value:.{max(digits, 4)}g}"
    if 1e4 <= abs(value) < 1e9:
        return f"{float(f'{value:.{digits}g}'):,.0f}"
    return re.sub(r"e([+-])0*", lambda result: "e-" if result[1] == "-" else "e", f"{value:.{digits}g}")


def title_of(name: str) -> str:
    """Return a name in words, for a heading."""
    return name.replace("_", " ").capitalize()


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a MyST table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(cell.replace("\n", " ") for cell in line) + " |" for line in lines)


def as_text(text: str) -> str:
    """Return plain or reStructuredText prose as MyST: names as literals, what Markdown would read as markup escaped."""
    pieces = re.split(r"(``.+?``|`[^`]+`|\b[a-z]+(?:_[a-z0-9]+)+(?:=[^\s,;]*[\w']|\.\w+)?(?!\w))", text.strip())
    kept = [
        f"`{piece.strip('`')}`" if index % 2 else re.sub(r"([\\$*_<>\[\]|#~{}])", r"\\\1", piece)
        for index, piece in enumerate(pieces)
    ]
    return re.sub(r"^(\d+)\.(?= )", r"\1\\.", "".join(kept), flags=re.MULTILINE)
