"""What the code of a quantity holds: the numbers written in it, and its fingerprint."""

import ast
import functools
import inspect
import re
import sys
import textwrap
import tokenize
from collections.abc import Callable, Iterator, Mapping
from types import CodeType
from typing import Any, TypeGuard

import numpy as np

Function = Callable[..., Any]

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_VERSIONED = sys.stdlib_module_names - {"__main__"} | {"numpy", "scipy"}


def place_of(function: Function) -> str:
    """Return where a function is written, as ``file:line``."""
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(function)


def numbers_in(function: Function) -> tuple[float, ...]:
    """Return the numbers that a function is written with, its module's constants and closure included.

    >>> def power(energy):
    ...     return energy / (365 * 24) / 1e3
    >>> numbers_in(power)
    (1000.0, 8760.0)
    """
    return tuple(sorted({float(value) for _, value in _values(function) if _is_number(value)}))


def fingerprint_of(function: Function) -> tuple[str, ...]:
    """Return what of a function decides its values: its code, what it refers to, and the functions that it calls."""
    return tuple(_parts("", function, set()))


def _parts(name: str, value: object, seen: set[int]) -> Iterator[str]:
    """Yield what decides the values of a function that goes by a name, or a constant, as text."""
    if inspect.ismodule(value) or id(value) in seen:
        return
    if hasattr(value, "__wrapped__"):
        # As that of functools.cache, which has no code of its own.
        yield from _parts(name, value.__wrapped__, seen)
    elif isinstance(value, functools.partial):
        yield from _parts(name, value.func, seen)
        yield _stable((value.args, value.keywords))
    elif inspect.isfunction(value) and (value.__module__ or "").partition(".")[0] not in _VERSIONED:
        seen.add(id(value))
        yield name
        yield _statements(value) or _stable(value.__code__)
        for inner, used in sorted(_referred(value).items()):
            yield from _parts(inner, used, seen)
    else:
        yield f"{name} = {_stable(value)}"


def _referred(function: Function) -> dict[str, object]:
    """Return what a function refers to outside of itself: of its module, closure and defaults."""
    around = function.__globals__
    found = {name: around[name] for name in _names(function.__code__) if name in around}
    found |= zip(
        function.__code__.co_freevars, (cell.cell_contents for cell in function.__closure__ or ()), strict=True
    )
    return found | {"defaults": function.__defaults__, "keyword defaults": function.__kwdefaults__}


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
    """Write a value so that it reads the same in every process: a set in order, all of an array, no address."""
    if isinstance(value, CodeType):
        return repr((value.co_code, [_stable(part) for part in value.co_consts], value.co_names, value.co_varnames))
    if isinstance(value, np.ndarray) and value.dtype != object:
        return repr((value.dtype.str, value.shape, value.tobytes()))
    if isinstance(value, set | frozenset):
        return f"set {sorted(_stable(each) for each in value)}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} {[_stable(each) for each in value]}"
    if isinstance(value, Mapping):
        return f"mapping {[(_stable(key), _stable(each)) for key, each in value.items()]}"
    return _ADDRESS.sub("", repr(value))
