"""A model as people read it: formulas with units in the order of computation, and a graph."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clustercast.engine.formula import formula_of
from clustercast.engine.model import Model

_WIDTH = 79


@dataclass(frozen=True)
class Line:
    """One quantity of a model: its name, unit and meaning, what it needs by name, and its formulas."""

    name: str
    unit: str
    long_name: str
    arguments: tuple[str, ...]
    formulas: tuple[str, ...] = ()


def model_lines(model: Model, outputs: Iterable[str]) -> list[Line]:
    """Return what some outputs of a model need, each quantity after what it needs at the same date."""
    lines = []
    for name in model.order(outputs):
        formulas = tuple(" = ".join(equal) for equal in formula_of(model.definition(name)))
        lines.append(Line(name, model.unit(name), model.long_name(name), model.arguments(name), formulas))
    return lines


def program_text(lines: Sequence[Line], inputs: Mapping[str, str], meanings: Mapping[str, str]) -> str:
    """Return a model as formulas, inputs first, each with its unit and, where it is known, its meaning."""
    notes = {name: f"   # {meanings[name]}" for name in inputs if name in meanings}
    given = [_wrapped(f"{name}   [{unit}]{notes.get(name, '')}", "    # ") for name, unit in inputs.items()]
    return "\n".join(["# inputs", *given, "", "# quantities", *map(_written, lines)])


def graph_dot(lines: Iterable[Line], inputs: Iterable[str]) -> str:
    """Return a model's graph for ``dot -Tsvg``: inputs are boxes, arrows run to what needs them."""
    boxes = [f'  "{name}" [shape=box];' for name in inputs]
    nodes = [f'  "{line.name}" [label="{line.name}\\n{line.unit}"];' for line in lines]
    arrows = [f'  "{need}" -> "{line.name}";' for line in lines for need in line.arguments]
    return "\n".join(["digraph model {", "  rankdir=LR;", *boxes, *nodes, *arrows, "}"])


def graph_text(lines: Sequence[Line], roots: Iterable[str]) -> str:
    """Return a model's graph as a tree under each root; what was shown before is not unfolded again."""
    known, shown = {line.name: line for line in lines}, set[str]()

    def unfolded(name: str, here: str, below: str) -> Iterator[str]:
        line = known.get(name)
        again = line is not None and name in shown and bool(line.arguments)
        yield f"{here}{name}{f' [{line.unit}]' if line else ''}{' (above)' if again else ''}"
        shown.add(name)
        needs = line.arguments if line and not again else ()
        for place, need in enumerate(needs, start=1):
            branch, trunk = ("├── ", "│   ") if place < len(needs) else ("└── ", "    ")
            yield from unfolded(need, below + branch, below + trunk)

    return "\n".join(text for root in roots for text in unfolded(root, "", ""))


def _written(line: Line) -> str:
    """Return one quantity as its formulas with its unit, in lines that fit a terminal."""
    whole = f"{line.formulas[0]}   [{line.unit}]"
    if len(line.formulas) == 1 and "\n" not in whole and len(whole) <= _WIDTH:
        return whole
    parts = [part for text in line.formulas for part in text.splitlines()]
    said = _wrapped(f"# {line.name} [{line.unit}]: {line.long_name}", "#   ")
    return "\n".join([said, *(_wrapped(part, "    ") for part in parts)])


def _wrapped(text: str, indent: str) -> str:
    """Return a text in lines that fit a terminal."""
    return "\n".join(textwrap.wrap(text, _WIDTH, subsequent_indent=indent))
