"""The formula of a quantity as people write it, read from the source of its function.

Locals are put in where they are used once and listed before the result otherwise; NumPy's prefix goes; the value at
the node before is ``x[t]`` beside ``x[t+h]``, and a lagged one is ``x[t - lag]``.
"""

import ast
import copy
import inspect
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clustercast.engine.wiring import LAGGED, PREVIOUS, PREVIOUS_YEAR, YEAR, Definition

Function = Callable[..., Any]

_SHORT = {"minimum": "min", "maximum": "max", "power": "pow"}


@dataclass(frozen=True)
class Formula:
    """What a quantity equals: its locals in order, its result, and the helper functions that it calls."""

    name: str
    locals: tuple[tuple[str, str], ...]
    result: str
    helpers: tuple[Function, ...]


def formula_of(found: Definition) -> Formula:
    """Return the formula of a quantity; its code stands as it is where no source can be read."""
    parameters = tuple(inspect.signature(found.function).parameters)
    names = dict(zip(parameters, found.arguments, strict=True))
    moment = {name: _moment(found, name) for name in parameters}
    tree = _tree(found.function)
    if tree is None:
        return Formula(found.name, (), f"{found.function.__name__}({', '.join(found.arguments)})", ())
    steps = {name: moment[name] or names[name] for name in parameters}
    local, result = _parts(tree, steps, found.steps)
    return Formula(f"{found.name}[t+h]" if found.steps else found.name, local, result, _helpers(tree, found.function))


def helper_formula(function: Function) -> Formula:
    """Return the formula of a helper function, as ``helper(a, b) = ...``."""
    tree = _tree(function)
    parameters = inspect.signature(function).parameters
    head = f"{function.__name__.lstrip('_')}({', '.join(parameters)})"
    if tree is None:
        return Formula(head, (), "...", ())
    local, result = _parts(tree, {}, steps=False)
    return Formula(head, local, result, _helpers(tree, function))


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


def _tree(function: Function) -> ast.FunctionDef | None:
    """Return the syntax tree of a function."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    first = tree.body[0] if tree.body else None
    return first if isinstance(first, ast.FunctionDef) and first.name == function.__name__ else None


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


def _helpers(tree: ast.FunctionDef, function: Function) -> tuple[Function, ...]:
    """Return the plain functions of the project that a function calls, those inside them after."""
    around = inspect.unwrap(function).__globals__
    called = [n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    found = (around.get(name) for name in dict.fromkeys(called))
    return tuple(helper for helper in found if inspect.isfunction(helper))
