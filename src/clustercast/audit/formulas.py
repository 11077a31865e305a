"""Formulas as an audit file writes them: arithmetic on numbers that have names, and nothing else of Python."""

import ast
import functools
import types
from collections import ChainMap
from collections.abc import Mapping
from typing import Any

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.errors import InputError, count_of, nearest

FUNCTIONS: dict[str, Any] = {
    "concat": lambda *parts: np.hstack(parts),
    # Each takes just these: one more would be NumPy's out, which is written over.
    "log2": lambda number: np.log2(number),
    "log10": lambda number: np.log10(number),
    "maximum": lambda one, other: np.maximum(one, other),
    "mean": lambda numbers: np.mean(numbers),
    "min": lambda numbers: np.min(numbers),
}
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub)
_PARTS = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Subscript, ast.Name, ast.Load)


@functools.cache
def code_of(formula: str) -> types.CodeType:
    """Return a formula compiled, refused where it is more than arithmetic."""
    try:
        tree = ast.parse(formula.strip(), mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and type(node.value) in (int, float, str):
                if isinstance(node.value, int):
                    # A power of whole numbers need not end.
                    node.value = float(node.value)
            elif not isinstance(node, (*_OPERATORS, *_PARTS)):
                allowed = "numbers, names, + - * / **, functions as size(2030) and cells as wafer_share[2030]"
                raise InputError(f"formula {formula!r} holds a {type(node).__name__}; it may hold {allowed}")
        return compile(tree, "formula", "eval")
    except InputError:
        raise
    except (MemoryError, OverflowError, RecursionError, SyntaxError, ValueError) as error:
        raise InputError(f"formula {formula!r} cannot be read: {error}; write it as 'size(2030) / trillion'") from None


@functools.cache
def term_of(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the name of a term, written as ``power`` or ``power(year)``, and its arguments."""
    name, opened, inside = text.partition("(")
    arguments = tuple(argument.strip() for argument in inside.removesuffix(")").split(",")) if opened else ()
    closed, unlike = inside.endswith(")") == bool(opened), len({*arguments}) == len(arguments)
    if not (closed and unlike and all(map(str.isidentifier, (name, *arguments)))):
        raise InputError(f"{text!r} names no term; write it as 'power' or 'power(year)'")
    return name, arguments


class Series(dict[Any, FloatArray]):
    """Numbers by year, or by another key."""

    def __missing__(self, key: object) -> FloatArray:
        *known, asked = (f"{each:g}" if isinstance(each, float) else repr(each) for each in (*self, key))
        raise InputError(f"no number for {asked}{nearest(asked, known)}; there are those for {', '.join(known)}")


class Numbers(dict[str, Any]):
    """What formulas name, in coherent units: shape (1,) for a number, (2,) for the ends of a range, and functions."""

    def __init__(self, known: Mapping[str, Mapping[str, Any]], terms: Mapping[str, str]) -> None:
        # Known by kinds, as {"fact": {...}, "input": {...}}.
        super().__init__(FUNCTIONS)
        self._terms = {term_of(term)[0]: (term_of(term)[1], formula) for term, formula in terms.items()}
        if len(self._terms) < len(terms):
            raise InputError(f"of the terms {', '.join(terms)} two have one name; give one another")
        for kind, entries in (*known.items(), ("term", self._terms)):
            if twice := sorted(self.keys() & entries.keys()):
                raise InputError(f"{kind} {twice[0]!r} has a name that formulas know already; give it another")
            self.update(known.get(kind, {}))

    def __missing__(self, name: str) -> Any:
        """Return a term, computed where it takes no arguments; it is kept."""
        if name not in self._terms:
            known = nearest(name, {*self, *self._terms})
            raise InputError(f"formulas know no {name!r}{known}; add the fact or the term")
        arguments, formula = self._terms[name]

        def term(*given: FloatArray) -> Any:
            if len(given) != len(arguments):
                what = f"{name} takes {count_of(len(arguments), 'argument')} ({', '.join(arguments)})"
                raise InputError(f"{what}, not {len(given)}")
            return self.evaluate(formula, dict(zip(arguments, given, strict=True)))

        self[name] = term if arguments else term()
        return self[name]

    def evaluate(self, formula: str, arguments: Mapping[str, Any] = types.MappingProxyType({})) -> Any:
        """Return what a formula gives, of whatever kind its numbers are."""
        return eval(code_of(formula), {"__builtins__": {}}, ChainMap(dict(arguments), self))

    def value(self, formula: str) -> FloatArray:
        """Return what a formula gives: a number, or several."""
        try:
            with np.errstate(all="ignore"):
                result = np.asarray(1.0 * self.evaluate(formula), dtype=np.float64)
        except InputError:
            raise
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise InputError(f"formula {formula!r} cannot be computed: {error}") from None
        if not np.isfinite(result).all():
            raise InputError(f"formula {formula!r} gives {result.min():g}; it must give finite numbers")
        return result
