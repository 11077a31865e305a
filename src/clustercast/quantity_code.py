"""What the code of a quantity holds: the numbers written in it, and its fingerprint."""

import ast
import functools
import inspect
import sys
import textwrap
import tokenize
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any, TypeGuard

import numpy as np

Function = Callable[..., Any]

_VERSIONED = sys.stdlib_module_names - {"__main__"} | {"numpy", "scipy"}


def place_of(function: Function) -> str:
    """Return where a function is written, as ``file:line``."""
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(function)


def numbers_in(function: Function) -> tuple[float, ...]:
    """Return the numbers that a function is written with, its module's constants and closure included.

    Parameters
    ----------
    function : callable
        Written in Python.

    Returns
    -------
    tuple of float
        Each once, rising. Sums and products of literals are one number, as the compiler folds them.

    Examples
    --------
    >>> def power(energy):
    ...     return energy / (365 * 24) / 1e3
    >>> numbers_in(power)
    (1000.0, 8760.0)
    """
    return tuple(sorted({float(value) for _, value in _values(function) if _is_number(value)}))


def fingerprint_of(function: Function) -> object:
    """Return what of a function decides its values: its code, the numbers around it, and the functions that it calls.

    Two processes that load the same code get the same, whatever their memory looks like. Functions of NumPy, SciPy
    and Python itself are not looked into: their versions say what they are.
    """
    return _fingerprint(function, set())


def _fingerprint(function: Function, seen: set[Function]) -> object:
    """Return the fingerprint of a function, with those of what it calls that was not seen before."""
    seen.add(function)
    around = [(name, _stable(value)) for name, value in _values(function) if name]
    called = [(name, _fingerprint(helper, seen)) for name, helper in _called(function) if helper not in seen]
    return _statements(function) or _stable(function.__code__), around, called


def _called(function: Function) -> Iterator[tuple[str, Function]]:
    """Yield the functions of its module that a function names; one that keeps its results is what it keeps them of."""
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        helper = getattr(value, "__wrapped__", value)
        if inspect.isfunction(helper) and (helper.__module__ or "").partition(".")[0] not in _VERSIONED:
            yield name, helper


@functools.lru_cache(maxsize=1024)
def _statements(function: Function) -> str:
    """Return the statements of a function without comments and docstring, or nothing where no file holds them."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, tokenize.TokenError):
        return ""
    found = tree.body[0] if tree.body else None
    # Code made from a text can claim lines of a file that say something else.
    if not isinstance(found, ast.FunctionDef) or found.name != function.__name__:
        return ""
    described = ast.get_docstring(found) is not None
    return "\n".join([ast.unparse(found.args), *(ast.unparse(line) for line in found.body[described:])])


def _values(function: Function) -> Iterator[tuple[str, object]]:
    """Yield the values that a function uses with their names; a literal has no name."""
    code = function.__code__
    for value in _literals(code):
        yield "", value
    for name in _names(code):
        value = function.__globals__.get(name)
        if isinstance(value, int | float | np.number | np.ndarray):
            yield name, value
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield name, cell.cell_contents


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


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names that a function and those inside it look up outside."""
    yield from code.co_names
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _names(value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _stable(value: object) -> str:
    """Write a value so that it reads the same in every process: no addresses in memory."""
    if isinstance(value, CodeType):
        inside = [_stable(part) for part in value.co_consts]
        return repr((value.co_code, inside, value.co_names, value.co_varnames))
    if isinstance(value, np.ndarray):
        return repr((value.dtype.str, value.shape, value.tobytes()))
    if inspect.isfunction(value):
        return _stable(value.__code__)
    return repr(value)
