"""The code of a quantity: where it is written, the numbers in it, and what decides its values."""

import ast
import dis
import functools
import hashlib
import importlib
import importlib.metadata
import inspect
import itertools
import linecache
import re
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from clustercast import __version__

Function = Callable[..., Any]
Fingerprint = tuple[str, ...]
# Their versions say what they are.
_VERSIONED = sys.stdlib_module_names - {"__main__"} | {"numpy", "scipy"}
_CONSTANTS = int | float | complex | str | bytes | np.generic | types.EllipsisType | types.NotImplementedType | None
_UNNAMED = {"__module__", "__dict__", "__weakref__", "__doc__", "__annotations__", "__annotations_cache__", "_abc_impl"}
_UNNAMED |= {"__firstlineno__", "__static_attributes__", "__qualname__", "__abstractmethods__"}
_UNNAMED |= {"__dataclass_fields__", "__dataclass_params__"}
_ADDRESS = re.compile(r"^<| at 0x[0-9a-fA-F]+")
# Where the quantiles of a distribution are read: they hold what its attributes may not.
_PROBES = np.concatenate([[1e-9, 1e-6, 1e-3], np.linspace(0.005, 0.995, 199), [1 - 1e-3, 1 - 1e-6, 1 - 1e-9]])
_LIMIT = threading.RLock()
_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")
# Through these a function reads what is in no name of its code.
_OUTSIDE = {"open", "eval", "exec", "globals", "vars", "__import__"}
_READERS = {*"import_module environ getenv loadtxt genfromtxt fromfile memmap read_text read_bytes".split()}
_READERS |= {"read_csv", "read_excel", "read_json", "read_parquet", "open_dataset"}


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions that decide the numbers; reading them anew would cost more than a small draw."""
    import scipy  # as NumPy, loaded by what draws: their metadata are long to read

    own = {"python": ".".join(map(str, sys.version_info[:3])), "clustercast": __version__, "numpy": np.__version__}
    return own | {"scipy": scipy.__version__} | {name: importlib.metadata.version(name) for name in ("xarray", "SALib")}


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Let a function call itself as often as an expression of some thousand terms takes."""
    # The limit is one of all threads: no other may lower it meanwhile.
    with _LIMIT:
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


def called(function: Function, name: str = "") -> str:
    """Return how a message names a quantity: with the place where it is written."""
    return f"quantity {name or getattr(function, '__name__', 'given')!r} ({place_of(function)})"


def numbers_in(function: Function) -> tuple[float, ...]:
    """Return the numbers that a function is written with, each once, its module's constants and closure included."""
    result: list[object] = [function.__globals__.get(name) for name in names_in(function.__code__)]
    result += [cell.cell_contents for cell in function.__closure__ or ()]
    literals: list[object] = [function.__code__]
    for value in literals:
        if isinstance(value, types.CodeType | tuple | frozenset):
            literals += value.co_consts if isinstance(value, types.CodeType) else value
    numbers = (value for value in result + literals if isinstance(value, int | float | np.integer | np.floating))
    return tuple(sorted({float(value) for value in numbers if not isinstance(value, bool)}))


@functools.lru_cache(maxsize=4096)
def names_in(code: types.CodeType) -> frozenset[str]:
    """Return the names that code, and the functions inside it, look up outside."""
    inner = (names_in(part) for part in code.co_consts if isinstance(part, types.CodeType))
    return frozenset(code.co_names).union(*inner)


def tree_of(function: Function) -> ast.FunctionDef | None:
    """Return the syntax tree of a function, or None where no file holds it."""
    file, start = function.__code__.co_filename, function.__code__.co_firstlineno
    linecache.checkcache(file)
    try:
        result = _definitions("".join(linecache.getlines(file, function.__globals__))).get(start)
    except SyntaxError:
        return None
    # Code made from a text can claim lines of a file that say something else; a wrapper has another's name.
    return result if result is not None and result.name == function.__name__ else None


@functools.lru_cache(maxsize=256)
def _definitions(text: str) -> dict[int, ast.FunctionDef]:
    """Return the functions of a file by their first line: once for all, since finding where each ends takes longer."""
    # No expression holds a function: not looking into them takes a quarter of the time of `ast.walk`.
    nodes: list[ast.AST] = [ast.parse(text)]
    for node in nodes:
        parts = ast.iter_child_nodes(node)
        nodes += [part for part in parts if isinstance(part, ast.stmt | ast.excepthandler | ast.match_case)]
    functions = (node for node in nodes if isinstance(node, ast.FunctionDef))
    return {(node.decorator_list[0] if node.decorator_list else node).lineno: node for node in functions}


def fingerprint_of(function: Function) -> Fingerprint:
    """Return what of a function decides its values: its statements, and all that it refers to."""
    # All processes that load the same code get the same. Python itself and installed packages are not looked into.
    return tuple(_Walk("", function).parts)


def unknown_to_fingerprint(function: Function) -> tuple[str, ...]:
    """Return what a function uses and no fingerprint can hold, in words: a generator, an open file."""
    return tuple(_Walk("", function).unknown)


class _Walk:
    """A walk through what a value refers to, each thing once."""

    def __init__(self, name: str, value: object) -> None:
        self.parts: list[str] = []
        self.unknown: list[str] = []
        # Kept, so that the identity of one that is gone is never that of another.
        self._seen: dict[int, object] = {}
        self.value(name, value)

    def value(self, name: str, value: object) -> None:
        """Take in a value that goes by a name."""
        constant = isinstance(value, _CONSTANTS)
        if constant:
            self.parts.append(f"{name} = {value!r}")
        if isinstance(value, np.ndarray):
            self._array(name, value)
        elif id(value) not in self._seen and (not constant or hasattr(value, "__dict__")):
            self._seen[id(value)] = value
            self._object(name, value)

    def _object(self, name: str, value: Any) -> None:
        """Take in what is no plain constant and no array."""
        kind = type(value)
        if isinstance(value, list | tuple | Set):
            self.parts.append(f"{name} is {kind.__name__} of {len(value)}")
            if isinstance(value, Set):
                members = [_Walk(name, item) for item in value]
                self.unknown += [unknown for member in members for unknown in member.unknown]
                self.parts += [part for parts in sorted(member.parts for member in members) for part in parts]
            else:
                self._items(name, dict(enumerate(value)))
        elif isinstance(value, Mapping):
            self.parts.append(f"{name} is {kind.__name__}")
            for key, item in value.items():
                self._items(name, {"key": key, repr(key): item})
        elif inspect.ismodule(value):
            self.parts.append(f"{name} is module {_versioned(value.__name__)}")
        elif (behind := _behind(value)) is not None:
            self.value(name, behind)
        elif inspect.ismethod(value):
            self._items(name, {"function": value.__func__, "self": value.__self__})
        elif isinstance(value, type | types.FunctionType | types.BuiltinFunctionType | np.ufunc):
            self._code(name, value)
        else:
            self._instance(name, value)

    def _code(self, name: str, value: Any) -> None:
        """Take in a function or a class: what it says, or where it is installed."""
        # A function made from a text may have no module.
        module = getattr(value, "__module__", type(value).__module__) or ""
        if isinstance(value, types.BuiltinFunctionType | np.ufunc) or _is_installed(module):
            self.parts.append(f"{name} is {_versioned(module)}.{getattr(value, '__qualname__', repr(value))}")
        elif isinstance(value, type):
            self.parts.append(f"{name} is class {value.__qualname__}")
            self._items(name, dict(enumerate((*value.__bases__, type(value)))))
            members = {key: item for key, item in vars(value).items() if key not in _UNNAMED}
            self._items(name, {key: _function_in(item) for key, item in sorted(members.items())})
        else:
            self.parts += [name, _statements(value) or _code_text(value.__code__)]
            referred = _referred(value)
            built_in = _operands(value.__code__, *_GLOBAL) - value.__globals__.keys()
            own_modules = any(inspect.ismodule(each) and not _is_installed(each.__name__) for each in referred.values())
            outside = built_in & (_OUTSIDE | {"getattr"} if own_modules else _OUTSIDE)
            readers = sorted(outside | (names_in(value.__code__) & _READERS))
            self.unknown += [f"{each!r}, which reads what its code does not name" for each in readers]
            self._items("", referred)

    def _instance(self, name: str, value: Any) -> None:
        """Take in an object: what it holds, or the reason why that cannot be known."""
        kind = type(value)
        own = kind.__module__.startswith("clustercast.")
        self.parts.append(f"{name} is {_versioned(kind.__module__)}.{kind.__qualname__}")
        if not own:
            self.value(f"{name}: class", kind)
        distribution = getattr(value, "ppf", getattr(value, "icdf", None))
        stated = [vars(base).get("__slots__", ()) for base in kind.__mro__]
        slots = {slot for each in stated for slot in ([each] if isinstance(each, str) else each)}
        if kind.__module__.partition(".")[0] in ("random", "itertools") or kind.__module__.startswith("numpy.random"):
            # What comes next of these is in no attribute.
            self.unknown.append(f"{name!r}, a {kind.__name__}")
        elif kind.__module__ == "typing" or isinstance(value, types.GenericAlias | types.UnionType):
            self.parts.append(f"{name} = {value!r}")
        elif own and isinstance(getattr(value, "hash", None), str):
            self.parts.append(f"{name} = {value.hash}")
        elif callable(distribution):
            self._array(name, np.asarray(distribution(_PROBES)))
            # Where values are few, or a class is the user's, quantiles do not say all.
            named = ("args", "kwds") if _is_installed(kind.__module__) else vars(value)
            self._items(name, {key: getattr(value, key, None) for key in named})
        elif callable(getattr(value, "to_numpy", None)):
            axes = {axis: getattr(value, axis) for axis in ("index", "columns", "dims") if hasattr(value, axis)}
            axes |= {str(key): np.asarray(item) for key, item in getattr(value, "coords", {}).items()}
            self._array(name, np.asarray(value.to_numpy()))
            self._items(name, {key: item if key == "dims" else np.asarray(item) for key, item in axes.items()})
        elif hasattr(value, "__dict__") or (slots and not _is_installed(kind.__module__)):
            held = {slot: getattr(value, slot) for slot in slots if hasattr(value, slot)}
            held |= getattr(value, "__dict__", {})
            self._items(name, dict(sorted(held.items())))
        elif kind is not object and (_ADDRESS.search(repr(value)) or not _is_installed(kind.__module__)):
            self.unknown.append(f"{name!r}, a {kind.__name__}")
        elif kind is not object:
            self.parts.append(f"{name} = {value!r}")

    def _array(self, name: str, array: np.ndarray[Any, Any]) -> None:
        """Take in all of an array, and of a kind of its own what else it holds, as a mask."""
        self.parts.append(f"{name} is {array.dtype.descr if array.dtype.names else array.dtype.str} {array.shape}")
        self._items(name, getattr(array, "__dict__", {}))
        if array.dtype.hasobject:
            self._items(name, dict(enumerate(array.ravel().tolist())))
        else:
            self.parts.append(hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest())

    def _items(self, name: str, items: Mapping[Any, object]) -> None:
        """Take in the parts of something."""
        for key, item in items.items():
            self.value(f"{name}.{key}" if name else str(key), item)


def _is_installed(module: str) -> bool:
    """Return whether a module is one whose version says what it does: Python's own, or an installed package."""
    top = module.partition(".")[0]
    if top in _VERSIONED or top == "clustercast":
        return top in _VERSIONED
    folders = Path(getattr(sys.modules.get(top), "__file__", None) or "").parts
    return not {"site-packages", "dist-packages"}.isdisjoint(folders)


def _behind(value: Any) -> object:
    """Return what decides the values of a callable that has no code of its own to read; None for others."""
    if hasattr(value, "func") and hasattr(value, "args") and hasattr(value, "keywords"):
        return {"function": value.func, "arguments": value.args, "keywords": value.keywords}
    if callable(getattr(value, "dispatch", None)) and hasattr(value, "registry"):
        return dict(value.registry)
    if isinstance(value, np.vectorize):
        return value.pyfunc
    # As that of functools.cache; a function of Python, or of a class of the user's, may do more than what it wraps.
    wraps = not isinstance(value, types.FunctionType) and _is_installed(type(value).__module__)
    return getattr(value, "__wrapped__", None) if wraps else None


def _versioned(module: str) -> str:
    """Return the name of a module with the version of its package, where it says one."""
    return f"{module} {getattr(sys.modules.get(module.partition('.')[0]), '__version__', '')}".strip()


def _function_in(member: object) -> object:
    """Return the function behind a member of a class."""
    if isinstance(member, property):
        return (member.fget, member.fset)
    if isinstance(member, functools.cached_property):
        return member.func
    # A slot, or another descriptor of C, holds nothing.
    return None if inspect.isdatadescriptor(member) and _is_installed(type(member).__module__) else member


def _referred(function: types.FunctionType) -> dict[str, object]:
    """Return what a function refers to outside of itself: of its module, closure and defaults."""
    around, code = function.__globals__, function.__code__
    known: dict[str, object] = {}
    for name in sorted(_operands(code, *_GLOBAL) & around.keys()):
        known |= _with_members(name, around[name], names_in(code))
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            known |= _with_members(name, cell.cell_contents, names_in(code))
        except ValueError:
            known[name] = None  # a name of the closure that nothing was given yet
    # The modules that it imports when it runs; one that is not there says so then.
    for given in sorted(_operands(code, "IMPORT_NAME")):
        package = around.get("__package__") or ""
        parents = itertools.accumulate(package.split(".") if package else (), lambda one, two: f"{one}.{two}")
        for name in (given, *(f"{parent}.{given}".rstrip(".") for parent in parents)):
            with suppress(Exception):
                module = importlib.import_module(name)
                known |= _with_members(f"{module.__name__} inside", module, names_in(code))
    known |= {key: value for key, value in vars(function).items() if key not in _UNNAMED | {"quantity"}}
    return known | {"defaults": function.__defaults__, "keyword defaults": function.__kwdefaults__}


def _with_members(name: str, value: object, attributes: Set[str]) -> dict[str, object]:
    """Return a value by its name, of a user's module what is read from it."""
    known = {name: value}
    if inspect.ismodule(value) and not _is_installed(value.__name__):
        for attribute in sorted(attributes & vars(value).keys()):
            known |= _with_members(f"{name}.{attribute}", vars(value)[attribute], attributes)
    return known


@functools.lru_cache(maxsize=4096)
def _operands(code: types.CodeType, *operations: str) -> frozenset[str]:
    """Return what some operations of code, and of the functions inside it, take."""
    # Few functions import anything, and their bytes say so at once.
    there = any(dis.opmap[each] in code.co_code[::2] for each in operations)
    own = {each.argval for each in dis.get_instructions(code) if each.opname in operations} if there else set()
    inner = (_operands(part, *operations) for part in code.co_consts if isinstance(part, types.CodeType))
    return frozenset(own.union(*inner))


@functools.lru_cache(maxsize=4096)
@deep_recursion()
def _statements(function: Function) -> str:
    """Return the statements of a function without comments and docstring, or nothing where no file holds them."""
    if (tree := tree_of(function)) is None:
        return ""
    described = ast.get_docstring(tree, clean=False) is not None
    return "\n".join([ast.unparse(tree.args), *(ast.unparse(line) for line in tree.body[described:])])


def _code_text(value: object) -> str:
    """Return code that no file holds, or a constant in it, as text: no address, no file, a set in order."""
    if isinstance(value, types.CodeType):
        return repr((value.co_code, [_code_text(part) for part in value.co_consts], value.co_names, value.co_varnames))
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)
