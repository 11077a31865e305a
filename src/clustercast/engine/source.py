"""What the code of a quantity holds: where it is written, and the numbers in it."""

from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any, TypeGuard

import numpy as np

Function = Callable[..., Any]


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
    return tuple(sorted({float(value) for _, value in _values(function) if _is_number(value)}))


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
