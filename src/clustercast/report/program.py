"""A model as people read it: a straight-line program with units, and a graph."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

_WIDTH = 79


@dataclass(frozen=True)
class Line:
    """One quantity of a model.

    Attributes
    ----------
    name, unit, long_name : str
    arguments : tuple of str
        What it needs, by name.
    """

    name: str
    unit: str
    long_name: str
    arguments: tuple[str, ...]


def program_text(lines: Sequence[Line], input_units: Mapping[str, str]) -> str:
    """Write a model as assignments, inputs first.

    Parameters
    ----------
    lines : sequence of Line
        Each after what it needs.
    input_units : mapping of str to str
        Unit of each input.

    Returns
    -------
    str

    Examples
    --------
    >>> print(program_text([Line("cost", "USD", "Cost", ("size", "price"))], {"size": "H100e", "price": "USD/H100e"}))
    # inputs
    size: H100e
    price: USD/H100e
    <BLANKLINE>
    # quantities
    cost = cost(size, price)  # USD: Cost
    """
    inputs = [f"{name}: {unit}" for name, unit in input_units.items()]
    quantities = [_assignment(line) for line in lines]
    return "\n".join(["# inputs", *inputs, "", "# quantities", *quantities])


def graph_dot(lines: Iterable[Line], inputs: Iterable[str]) -> str:
    """Write a model's graph in the DOT language of Graphviz: inputs are boxes, arrows run to what needs them.

    Parameters
    ----------
    lines : iterable of Line
    inputs : iterable of str

    Returns
    -------
    str
        For ``dot -Tsvg``.
    """
    boxes = [f'  "{name}" [shape=box];' for name in inputs]
    nodes = [f'  "{line.name}" [label="{line.name}\\n{line.unit}"];' for line in lines]
    arrows = [f'  "{need}" -> "{line.name}";' for line in lines for need in line.arguments]
    return "\n".join(["digraph model {", "  rankdir=LR;", *boxes, *nodes, *arrows, "}"])


def graph_text(lines: Sequence[Line], roots: Iterable[str]) -> str:
    """Write a model's graph as a tree under each root; what was shown before is not unfolded again.

    Parameters
    ----------
    lines : sequence of Line
    roots : iterable of str
        Quantities to begin with.

    Returns
    -------
    str

    Examples
    --------
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
    """Return a model as records, for machines.

    Parameters
    ----------
    lines : iterable of Line
    input_units : mapping of str to str
        Unit of each input.

    Returns
    -------
    dict
        ``inputs``: the unit of each; ``quantities``: name, unit, long name and arguments of each, in order.
    """
    return {"inputs": dict(input_units), "quantities": [asdict(line) for line in lines]}


def _assignment(line: Line) -> str:
    """Write one quantity as an assignment with its unit, in lines that fit a terminal."""
    code = textwrap.wrap(f"{line.name} = {line.name}({', '.join(line.arguments)})", _WIDTH, subsequent_indent="    ")
    said = f"# {line.unit}: {line.long_name}"
    if len(code) == 1 and len(code[0]) + 2 + len(said) <= _WIDTH:
        return f"{code[0]}  {said}"
    return "\n".join([*textwrap.wrap(said, _WIDTH, subsequent_indent="#   "), *code])
