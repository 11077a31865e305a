"""The changes that are made to a module, one at a time: texts put in the place of texts."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

OPERATORS = {"+": "-", "-": "+", "*": "/", "/": "*", "//": "*", "%": "*", "**": "*", "@": "*", "&": "|", "|": "&"}
COMPARISONS = {"<": "<= >=", "<=": "< >", ">": ">= <=", ">=": "> <", "==": "!=", "!=": "=="}
COMPARISONS = {old: new.split() for old, new in COMPARISONS.items()}
COMPARISONS |= {"is": ["is not"], "is not": ["is"], "in": ["not in"], "not in": ["in"]}
PAIRS = "min max, any all, minimum maximum, floor ceil, argmin argmax, less less_equal, left right, lower upper"
NAMES = {old: new for pair in PAIRS.split(", ") for old, new in (pair.split(), reversed(pair.split()))}

SKIPPED = ("annotation", "returns")
# What only refuses a fault of this code.
GUARDS = ("strict", "frozen")
Change = tuple[int, int, str]


class Mutation(NamedTuple):
    """One change: where, what, the lines of its statement, and whether these run at each call of a function."""

    path: Path
    start: int
    end: int
    text: str
    shown: str
    function: str
    lines: range
    in_function: bool

    def __str__(self) -> str:
        """Return the change in words that stay when lines move."""
        return f"{str(self.path).removeprefix('src/clustercast/')} {self.function or '(module)'}: {self.shown}"

    def applied(self, source: bytes) -> bytes:
        """Return the module with the change, each line of the rest where it was."""
        lost = source[self.start : self.end].count(b"\n")
        return source[: self.start] + self.text.encode() + b"\n" * lost + source[self.end :]


def _shown(source: bytes, start: int, end: int, text: str) -> str:
    """Return the changed lines as one, with what is changed."""
    first, last = source.rfind(b"\n", 0, start) + 1, (source + b"\n").find(b"\n", end)
    parts = source[first:start], source[start:end], source[end:last]
    before, old, after = (re.sub(r"\s+", " ", part.decode()) for part in parts)
    return f"{before.lstrip()}[{old} => {text}]{after}"


class _Places:
    """Byte offsets of a module's nodes."""

    def __init__(self, source: bytes) -> None:
        self.source, self._lines = source, [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def start(self, node: ast.AST) -> int:
        return self._lines[node.lineno - 1] + node.col_offset

    def end(self, node: ast.AST) -> int:
        return self._lines[node.end_lineno - 1] + node.end_col_offset

    def whole(self, node: ast.AST, *texts: str) -> Iterator[Change]:
        """Put texts in the place of a node."""
        yield from ((self.start(node), self.end(node), text) for text in texts)

    def between(self, left: ast.AST, right: ast.AST, others: dict[str, list[str]]) -> Iterator[Change]:
        """Put others in the place of the operator between two nodes."""
        start, gap = self.end(left), self.source[self.end(left) : self.start(right)].decode()
        result = re.search(r"not in|is not|in|is|[-+*/%@&|<>=!]+", gap)
        if result and result[0] in others:
            yield from ((start + result.start(), start + result.end(), text) for text in others[result[0]])

    def without(self, keyword: ast.keyword) -> Change:
        """Leave a named argument of a call out."""
        end = self.end(keyword)
        comma = re.match(rb"\s*,\s*", self.source[end:])
        return self.start(keyword), end + (comma.end() if comma else 0), ""


def _of_operator(node: ast.AST, at: _Places) -> Iterator[Change]:
    """Return what to put in the place of an operator or of one of its operands."""
    match node:
        case ast.BinOp(left, _, right):
            yield from at.between(left, right, {old: [new] for old, new in OPERATORS.items()})
        case ast.AugAssign(target, _, value):
            yield from at.between(target, value, {f"{old}=": [f"{new}="] for old, new in OPERATORS.items()})
        case ast.Compare(left, _, rights):
            for one, other in zip([left, *rights], rights, strict=False):
                yield from at.between(one, other, COMPARISONS)
        case ast.BoolOp(operator, values):
            for value in values:
                yield from at.whole(value, str(isinstance(operator, ast.And)))
        case ast.UnaryOp(operator):
            yield at.start(node), at.start(node) + (3 if isinstance(operator, ast.Not) else 1), ""


def _of_branch(node: ast.AST, at: _Places) -> Iterator[Change]:
    """Return what to put in the place of a condition, of what is looped over or of an exception."""
    match node:
        case ast.If(ast.Name("TYPE_CHECKING")):
            return
        case ast.If(test) | ast.IfExp(test):
            yield from at.whole(test, "True", "False")
        case ast.While(test):
            yield from at.whole(test, "False")
        case ast.comprehension(ifs=tests):
            for test in tests:
                yield from at.whole(test, "True")
        case ast.For(iter=iterated):
            yield from at.whole(iterated, "()")
        case ast.ExceptHandler(ast.expr() as caught):
            yield from at.whole(caught, "()")


def _of_rest(node: ast.AST, at: _Places) -> Iterator[Change]:
    """Return what to put in the place of a constant, a name, a named argument or a plain statement."""
    match node:
        case ast.Constant(bool(value)):
            yield from at.whole(node, str(not value))
        case ast.Constant(int(value)):
            yield from at.whole(node, str(value + 1))
        case ast.Constant(float(value)):
            yield from at.whole(node, str(2 * value or 1.0))
        case ast.Constant(str(value)) if value in NAMES:
            yield from at.whole(node, f'"{NAMES[value]}"')
        case ast.Name(name, ast.Load()) | ast.Attribute(_, name, ast.Load()) if name in NAMES:
            yield at.end(node) - len(name), at.end(node), NAMES[name]
        case ast.Call(_, _, named):
            yield from (at.without(keyword) for keyword in named if keyword.arg and keyword.arg not in GUARDS)
        case ast.Expr(ast.Call()) | ast.Raise():
            yield from at.whole(node, "pass")
        case ast.Break() | ast.Continue():
            yield from at.whole(node, "continue" if isinstance(node, ast.Break) else "break")


def _nodes(node: ast.AST, function: str, lines: range, in_function: bool) -> Iterator[tuple[ast.AST, str, range, bool]]:
    """Return each node whose change could change a result; messages, annotations and docstrings do not."""
    if isinstance(node, ast.stmt | ast.ExceptHandler):
        body = getattr(node, "body", None)
        lines = range(node.lineno, max(body[0].lineno - 1 if body else node.end_lineno or 0, node.lineno) + 1)
    yield node, function, lines, in_function
    named = f"{function}.{node.name}".lstrip(".") if isinstance(node, ast.FunctionDef | ast.ClassDef) else function
    for field, value in ast.iter_fields(node):
        if field in SKIPPED or isinstance(node, ast.Raise | ast.JoinedStr) or getattr(node, "arg", "") in GUARDS:
            continue
        inside = in_function or (isinstance(node, ast.FunctionDef) and field == "body")
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _nodes(child, named, lines, inside)


def mutations_of(path: Path, source: bytes) -> list[Mutation]:
    """Return the changes of a module that Python can still read, each once."""
    at, result = _Places(source), {}
    for node, function, lines, in_function in _nodes(ast.parse(source), "", range(1), False):
        for kind in (_of_operator, _of_branch, _of_rest):
            for start, end, text in kind(node, at):
                shown = _shown(source, start, end, text)
                mutation = Mutation(path, start, end, text, shown, function, lines, in_function)
                try:
                    ast.parse(mutation.applied(source))
                except SyntaxError:
                    continue
                result[start, end, text] = mutation
    return list(result.values())
