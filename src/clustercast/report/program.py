"""A model as people read it: formulas with units in the order of computation, and a graph."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

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
    return [
        Line(name, model.unit(name), model.long_name(name), model.arguments(name), _formulas(model, name))
        for name in model.order(outputs)
    ]


def _formulas(model: Model, name: str) -> tuple[str, ...]:
    """Return the formula of a quantity after those of its locals."""
    found = formula_of(model.definition(name))
    return (*(f"{local} = {value}" for local, value in found.locals), f"{found.name} = {found.result}")


def program_text(lines: Sequence[Line], inputs: Mapping[str, str], meanings: Mapping[str, str]) -> str:
    """Return a model as formulas, inputs first, each with its unit and, where it is known, its meaning.

    >>> line = Line("cost", "USD", "Cost", ("size", "price"), ("cost = size * price",))
    >>> print(program_text([line], {"size": "H100e", "price": "USD/H100e"}, {"size": "Chips in it"}))
    # inputs
    size   [H100e]   # Chips in it
    price   [USD/H100e]
    <BLANKLINE>
    # quantities
    cost = size * price   [USD]
    """
    given = [
        f"{name}   [{unit}]" + (f"   # {meanings[name]}" if name in meanings else "") for name, unit in inputs.items()
    ]
    wrapped = ["\n".join(textwrap.wrap(text, _WIDTH, subsequent_indent="    # ")) for text in given]
    return "\n".join(["# inputs", *wrapped, "", "# quantities", *(_written(line) for line in lines)])


def graph_dot(lines: Iterable[Line], inputs: Iterable[str]) -> str:
    """Return a model's graph for ``dot -Tsvg``: inputs are boxes, arrows run to what needs them."""
    boxes = [f'  "{name}" [shape=box];' for name in inputs]
    nodes = [f'  "{line.name}" [label="{line.name}\\n{line.unit}"];' for line in lines]
    arrows = [f'  "{need}" -> "{line.name}";' for line in lines for need in line.arguments]
    return "\n".join(["digraph model {", "  rankdir=LR;", *boxes, *nodes, *arrows, "}"])


def graph_text(lines: Sequence[Line], roots: Iterable[str]) -> str:
    """Return a model's graph as a tree under each root; what was shown before is not unfolded again.

    >>> print(graph_text([Line("cost", "USD", "Cost", ("size", "price"))], ["cost"]))
    cost [USD]
    ├── size
    └── price
    """
    known = {line.name: line for line in lines}
    shown: set[str] = set()
    drawn: list[str] = []

    def unfold(name: str, stem: str, branch: str, below: str) -> None:
        line = known.get(name)
        again = line is not None and name in shown and bool(line.arguments)
        drawn.append(f"{stem}{branch}{name}{f' [{line.unit}]' if line else ''}{' (above)' if again else ''}")
        shown.add(name)
        needs = line.arguments if line and not again else ()
        for position, need in enumerate(needs):
            last = position == len(needs) - 1
            unfold(need, stem + below, "└── " if last else "├── ", "    " if last else "│   ")

    for root in roots:
        unfold(root, "", "", "")
    return "\n".join(drawn)


def program_records(lines: Iterable[Line], input_units: Mapping[str, str]) -> dict[str, object]:
    """Return a model as records: the unit of each input, and what is known of each quantity."""
    return {"inputs": dict(input_units), "quantities": [asdict(line) for line in lines]}


def _written(line: Line) -> str:
    """Return one quantity as its formulas with its unit, in lines that fit a terminal."""
    found = line.formulas or (f"{line.name} = {line.name}({', '.join(line.arguments)})",)
    whole = f"{found[0]}   [{line.unit}]"
    if len(found) == 1 and "\n" not in whole and len(whole) <= _WIDTH:
        return whole
    said = textwrap.wrap(f"# {line.name} [{line.unit}]: {line.long_name}", _WIDTH, subsequent_indent="#   ")
    parts = [part for text in found for part in text.splitlines()]
    return "\n".join([*said, *(w for part in parts for w in textwrap.wrap(part, _WIDTH, subsequent_indent="    "))])
