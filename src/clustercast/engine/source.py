"""What the code of a quantity holds: where it is written, and the numbers in it."""

import ast
import functools
import inspect
import sys
import textwrap
import tokenize
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

import numpy as np

Function = Callable[..., Any]
_NUMBERS = int | float | np.integer | np.floating


@contextmanager
def long_expressions() -> Iterator[None]:
    """Let syntax trees be walked that are as deep as an expression of some thousand terms makes them."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 100_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def place_of(function: Function) -> str:
    """Return where a function is written, as ``file:line``."""
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(function)


def numbers_in(function: Function) -> tuple[float, ...]:
    """Return the numbers that a function is written with, each once, its module's constants and closure included.

    >>> def power(energy):
    ...     return energy / (365 * 24) / 1e3
    >>> numbers_in(power)
    (1000.0, 8760.0)
    """
    code = function.__code__
    outside = [function.__globals__.get(name) for name in names_in(code)]
    closure = [cell.cell_contents for cell in function.__closure__ or ()]
    found = [value for value in (*_literals(code), *outside, *closure) if isinstance(value, _NUMBERS)]
    return tuple(sorted({float(value) for value in found if not isinstance(value, bool)}))


def _literals(code: CodeType) -> Iterator[object]:
    """Yield the literals of a function and of those inside it."""
    stack: list[object] = list(code.co_consts)
    while stack:
        value = stack.pop()
        if isinstance(value, CodeType):
            stack.extend(value.co_consts)
        elif isinstance(value, tuple | frozenset):
            stack.extend(value)
        else:
            yield value


@functools.lru_cache(maxsize=4096)
def names_in(code: CodeType) -> frozenset[str]:
    """Return the names that code, and the functions inside it, look up outside."""
    inner = (names_in(part) for part in code.co_consts if isinstance(part, CodeType))
    return frozenset(code.co_names).union(*inner)


def tree_of(function: Function) -> ast.FunctionDef | None:
    """Return the syntax tree of a function, or None where no file holds it."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, tokenize.TokenError):
        return None
    first = tree.body[0] if tree.body else None
    # Code made from a text can claim lines of a file that say something else.
    return first if isinstance(first, ast.FunctionDef) and first.name == function.__name__ else None
