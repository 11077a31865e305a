"""The formula of a quantity as people write it, read from the source of its function.

Locals are put in where they are used once and listed before the result otherwise; NumPy's prefix goes; the value at
the node before is ``x[t]`` beside ``x[t+h]``, and a lagged one is ``x[t - lag]``.
"""

import ast
import copy
import inspect
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from clustercast.engine.source import long_expressions, tree_of
from clustercast.engine.wiring import LAGGED, PREVIOUS, PREVIOUS_YEAR, YEAR, Definition

_SHORT = {"minimum": "min", "maximum": "max", "power": "pow"}


@dataclass(frozen=True)
class Formula:
    """What a quantity equals: its locals in order, and its result."""

    name: str
    locals: tuple[tuple[str, str], ...]
    result: str


@long_expressions()
def formula_of(found: Definition) -> Formula:
    """Return the formula of a quantity; its code stands as it is where no source can be read."""
    parameters = tuple(inspect.signature(found.function).parameters)
    names = dict(zip(parameters, found.arguments, strict=True))
    moment = {name: _moment(found, name) for name in parameters}
    tree = tree_of(found.function)
    if tree is None:
        return Formula(found.name, (), f"{found.function.__name__}({', '.join(found.arguments)})")
    steps = {name: moment[name] or names[name] for name in parameters}
    local, result = _parts(tree, steps, found.steps)
    return Formula(f"{found.name}[t+h]" if found.steps else found.name, local, result)


def _moment(found: Definition, parameter: str) -> str:
    """Return how an argument is written with its date, or nothing where it has none."""
    if not found.steps and not parameter.startswith(LAGGED):
        return ""
    position = list(inspect.signature(found.function).parameters).index(parameter)
    need = found.needs[position]
    if need.kind == "lagged":
        return f"{need.name}[t{'+h' if found.steps else ''} - {need.lag}]"
    if parameter in (YEAR, PREVIOUS_YEAR):
        return "(t + h)" if parameter == YEAR else "t"
    if need.kind == "previous":
        return f"{need.name}[t]"
    return f"{need.name}[t+h]" if PREVIOUS + parameter in inspect.signature(found.function).parameters else ""


def _parts(tree: ast.FunctionDef, names: Mapping[str, str], steps: bool) -> tuple[tuple[tuple[str, str], ...], str]:
    """Return the locals that stay and the result, as text."""
    values: dict[str, ast.expr] = {}
    result: ast.expr = ast.Constant(...)
    for statement in tree.body:
        if isinstance(statement, ast.Return) and statement.value is not None:
            result = statement.value
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            values[statement.target.id] = statement.value
        elif isinstance(statement, ast.Assign):
            values |= _assigned(statement)
    used = Counter(n.id for part in (*values.values(), result) for n in ast.walk(part) if isinstance(n, ast.Name))
    once = {name: value for name, value in values.items() if used[name] == 1}
    written = {name: _text(_put_in(value, once), names, steps) for name, value in values.items() if name not in once}
    return tuple(written.items()), _text(_put_in(result, once), names, steps)


def _assigned(statement: ast.Assign) -> dict[str, ast.expr]:
    """Return what an assignment gives names to; ``a, b = x, y`` gives two."""
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Name):
        return {target.id: value}
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=True)
        return {name.id: part for name, part in pairs if isinstance(name, ast.Name)}
    return {ast.unparse(target): value}


class _Substitute(ast.NodeTransformer):
    """Puts the expressions of locals in the place of their names."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a name by its expression."""
        found = self.values.get(node.id)
        return node if found is None else self.visit(copy.deepcopy(found))


def _put_in(expression: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    found: ast.expr = _Substitute(values).visit(copy.deepcopy(expression))
    return found


class _Plain(ast.NodeTransformer):
    """Writes NumPy's functions and private helpers as people do, and names with their dates."""

    def __init__(self, names: Mapping[str, str], steps: bool) -> None:
        self.names, self.steps = names, steps

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Write the time between two nodes as h."""
        if self.steps and ast.unparse(node) == f"{YEAR} - {PREVIOUS_YEAR}":
            return ast.Name("h")
        return self._visited(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Take NumPy's prefix away."""
        if ast.unparse(node.value) == "np":
            return ast.Name(_SHORT.get(node.attr, node.attr))
        return self._visited(node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Write a choice between two values as one, and the smallest step of a number by its name."""
        text = ast.unparse(node.func)
        if text == "np.where" and len(node.args) == 3:
            condition, one, other = (self.visit(argument) for argument in node.args)
            return ast.IfExp(condition, one, other)
        if text in ("np.finfo", "np.asarray"):
            return ast.Name("float") if text == "np.finfo" else self.visit(node.args[0])
        return self._visited(node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Give a name its date; a private helper loses its underscore."""
        return ast.Name(self.names.get(node.id, node.id.lstrip("_")))

    def _visited(self, node: ast.expr) -> ast.expr:
        found: ast.expr = self.generic_visit(node)  # type: ignore[assignment]
        return found


def _text(expression: ast.expr, names: Mapping[str, str], steps: bool) -> str:
    """Return an expression as text."""
    return ast.unparse(ast.fix_missing_locations(_Plain(names, steps).visit(copy.deepcopy(expression))))
