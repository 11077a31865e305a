"""What the code of a run is, in a word that every process finds alike: whether a checkpoint was made by the same."""

import functools
import hashlib
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType

import numpy as np

from clustercast.model import Model

_PACKAGE = Path(__file__).parents[1]
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def code_fingerprint(model: Model) -> str:
    """Return a fingerprint of the code that decides the numbers of a run.

    Parameters
    ----------
    model : Model

    Returns
    -------
    str
        Of every file of code of clustercast, and of the quantities of the model with the functions
        and constants that they refer to.
    """
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for name in sorted(model.functions):
        for part in _parts(name, model.functions[name], set()):
            digest.update(f"{name}\0{part}\0".encode())
    return digest.hexdigest()[:16]


def _parts(name: str, value: object, seen: set[int]) -> Iterator[str]:
    """Yield what decides the values of a function that goes by a name, or a constant, as text."""
    if inspect.ismodule(value) or id(value) in seen:
        return
    if inspect.isfunction(value):
        seen.add(id(value))
        yield name
        yield from _code_parts(value.__code__)
        found = inspect.getclosurevars(value)
        defaults = {"defaults": value.__defaults__, "keyword defaults": value.__kwdefaults__}
        for inner, used in sorted({**found.nonlocals, **found.globals, **defaults}.items()):
            yield from _parts(inner, used, seen)
    elif isinstance(value, functools.partial):
        yield from _parts(name, value.func, seen)
        yield _text((value.args, value.keywords))
    elif hasattr(value, "__wrapped__"):
        # As that of functools.cache, which has no code of its own.
        yield from _parts(name, value.__wrapped__, seen)
    else:
        yield f"{name} = {_text(value)}"


def _code_parts(code: CodeType) -> Iterator[str]:
    """Yield the instructions, names and constants of a function and of those written inside it."""
    yield repr((code.co_code, code.co_names, code.co_varnames))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_parts(constant)
        else:
            yield _text(constant)


def _text(value: object) -> str:
    """Return a value as text: every number of an array, a set in order, and no address."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return f"{value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    if isinstance(value, set | frozenset):
        return f"set {sorted(_text(each) for each in value)}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} {[_text(each) for each in value]}"
    if isinstance(value, Mapping):
        return f"mapping {[(_text(key), _text(each)) for key, each in value.items()]}"
    return _ADDRESS.sub("", repr(value))
