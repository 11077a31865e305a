"""The formula of a quantity as people write it, from its source: the value at the node before is ``x[t]``."""

import ast
import copy
import inspect
from collections import Counter
from collections.abc import Mapping

from clustercast.engine.fingerprint import deep_recursion, tree_of
from clustercast.engine.wiring import PREVIOUS, PREVIOUS_YEAR, YEAR, Definition


@deep_recursion()
def formula_of(definition: Definition) -> list[tuple[str, str]]:
    """Return what the locals of a quantity and at last itself equal; its call, where no source can be read."""
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
