"""A model as people read it: formulas with units in the order of computation, and a graph."""

import ast
import copy
import inspect
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clustercast.engine.fingerprint import deep_recursion, tree_of
from clustercast.engine.model import Model
from clustercast.engine.wiring import PREVIOUS, PREVIOUS_YEAR, YEAR, Definition

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


@deep_recursion()
def formula_of(definition: Definition) -> list[tuple[str, str]]:
    """Return what the locals of a quantity and at last itself equal; its call, where no source can be read."""
    # The value at the node before is written ``x[t]``.
    if (tree := tree_of(definition.function)) is None:
        return [(definition.name, f"{definition.function.__name__}({', '.join(definition.arguments)})")]
    parameters = tuple(inspect.signature(definition.function).parameters)
    names = {}
    for name, need, argument in zip(parameters, definition.needs, definition.arguments, strict=True):
        if need.kind == "lagged":
            names[name] = f"{need.name}[t{'+h' if definition.steps else ''} - {need.lag}]"
        elif definition.steps and name in (YEAR, PREVIOUS_YEAR):
            names[name] = "(t + h)" if name == YEAR else "t"
        elif definition.steps and need.kind == "previous":
            names[name] = f"{need.name}[t]"
        else:
            names[name] = f"{need.name}[t+h]" if definition.steps and PREVIOUS + name in parameters else argument
    *local, result = _parts(tree, names, definition.steps)
    return [*local, (f"{definition.name}[t+h]" if definition.steps else definition.name, result[1])]


def _parts(tree: ast.FunctionDef, names: Mapping[str, str], steps: bool) -> list[tuple[str, str]]:
    """Return the locals that are used more than once, and the result by no name, as text."""
    values: dict[str, ast.expr] = {}
    result: ast.expr = ast.Constant(...)
    for statement in tree.body:
        if isinstance(statement, ast.Return) and statement.value is not None:
            result = statement.value
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            values[statement.target.id] = statement.value
        elif isinstance(statement, ast.Assign):
            target, value = statement.targets[0], statement.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = zip(target.elts, value.elts, strict=True)
                values |= {name.id: part for name, part in pairs if isinstance(name, ast.Name)}
            else:
                values[ast.unparse(target)] = value
    used = Counter(n.id for part in (*values.values(), result) for n in ast.walk(part) if isinstance(n, ast.Name))
    plain = _Plain({name: value for name, value in values.items() if used[name] == 1}, names, steps)
    return [(name, plain.text(value)) for name, value in [*values.items(), ("", result)] if used[name] != 1]


class _Plain(ast.NodeTransformer):
    """Writes locals out, NumPy's functions and private helpers as people do, and names with their dates."""

    def __init__(self, local: Mapping[str, ast.expr], names: Mapping[str, str], steps: bool) -> None:
        self.local, self.names, self.steps = local, names, steps

    def text(self, expression: ast.expr) -> str:
        """Return an expression as text."""
        return ast.unparse(ast.fix_missing_locations(self.visit(copy.deepcopy(expression))))

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Write the time between two nodes as h."""
        if self.steps and ast.unparse(node) == f"{YEAR} - {PREVIOUS_YEAR}":
            return ast.Name("h")
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Take NumPy's prefix away."""
        if ast.unparse(node.value) == "np":
            return ast.Name({"minimum": "min", "maximum": "max", "power": "pow"}.get(node.attr, node.attr))
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Write a choice between two values as one, and the smallest step of a number by its name."""
        text = ast.unparse(node.func)
        if text == "np.where" and len(node.args) == 3:
            condition, one, other = (self.visit(argument) for argument in node.args)
            return ast.IfExp(condition, one, other)
        if text in ("np.finfo", "np.asarray"):
            return ast.Name("float") if text == "np.finfo" else self.visit(node.args[0])
        self.generic_visit(node)
        several = [argument.value if isinstance(argument, ast.Starred) else argument for argument in node.args]
        node.args = [each for one in several for each in (one.elts if isinstance(one, ast.Tuple) else [one])]
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Put a local's expression in its place, and give a name its date; a private helper loses its underscore."""
        if node.id in self.local:
            result: ast.expr = self.visit(copy.deepcopy(self.local[node.id]))
            return result
        return ast.Name(self.names.get(node.id, node.id.lstrip("_")))
