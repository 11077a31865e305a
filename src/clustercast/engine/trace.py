"""The model as a list of array operations: the unchanged functions run once on symbols instead of numbers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import Arrays, FloatArray
from clustercast.engine.fingerprint import called
from clustercast.engine.model import Model
from clustercast.engine.operations import Needs
from clustercast.engine.program import unproved
from clustercast.engine.wiring import Function
from clustercast.errors import InputError

# Every operation that a program may hold, with the function of NumPy that it stands for; the last give truth values.
_ELEMENTWISE = "add subtract multiply divide power minimum maximum negative absolute exp exp2 expm1 log log2 log10"
_ELEMENTWISE += " log1p sqrt square reciprocal sin cos tanh floor ceil sign where"
_LOGICAL = "greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not".split()
OPERATIONS: Mapping[str, Callable[..., Any]] = {name: getattr(np, name) for name in (*_ELEMENTWISE.split(), *_LOGICAL)}
_SYNONYMS = {"true_divide": "divide", "fabs": "absolute", "float_power": "power"}
_SYNONYMS |= {"bitwise_and": "logical_and", "bitwise_or": "logical_or", "invert": "logical_not"}


@dataclass(frozen=True)
class TracedProgram:
    """A list of operations on vectors of samples."""

    # Uncertain inputs (coherent) have the first numbers, constants the next, then the result of each operation.
    inputs: tuple[str, ...]
    constants: tuple[float, ...]
    operations: tuple[tuple[str, tuple[int, ...]], ...]
    # The number of each output at each year, or one number where it does not depend on them.
    outputs: Mapping[str, tuple[int, ...]]
    years: tuple[float, ...]


def trace(model: Model, values: Arrays, outputs: Iterable[str], years: Iterable[float]) -> TracedProgram:
    """Trace a model."""
    wanted, dates = tuple(outputs), tuple(map(float, years))
    needed = {name: np.asarray(values[name]) for name in model.inputs(wanted)}
    graph = Graph([name for name, value in needed.items() if value.ndim])
    program = unproved(model, needed | {name: np.ones(1) for name in graph.inputs}, wanted, dates)
    symbols: dict[str, Any] = {name: Symbol(graph, [number], 1) for number, name in enumerate(graph.inputs)}

    def call(name: str, function: Function, needs: Needs, arguments: Sequence[FloatArray]) -> FloatArray:
        try:
            return function(*arguments)
        except Exception as error:
            remedy = "write it with NumPy's elementwise functions, np.where in place of `if`"
            raise InputError(f"{called(function, name)} cannot be traced: {error}; {remedy}") from error

    result = program.run(symbols, call)
    return graph.program({name: graph.rows(result[name], len(dates)) for name in wanted}, dates)


@dataclass
class Graph:
    """The operations found so far; equal ones have one number."""

    inputs: list[str]
    nodes: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    _numbers: dict[tuple[str, tuple[Any, ...]], int] = field(default_factory=dict)

    def constant(self, value: float | bool) -> int:
        """Return the number of a constant."""
        return self._number("constant", (float(value).hex(), isinstance(value, bool | np.bool_)))

    def operation(self, name: str, arguments: Sequence[int]) -> int:
        """Return the number of an operation; one of constants alone is computed at once."""
        known: list[Any] = []
        for kind, value in map(self.node, arguments):
            number = np.float64(float.fromhex(value[0])) if kind == "constant" else None
            known.append(np.bool_(number) if number is not None and value[1] else number)
        if all(value is not None for value in known):
            with np.errstate(all="ignore"):
                return self.constant(OPERATIONS[name](*known)[()])
        if name in ("add", "multiply") and all(map(self.is_logical, arguments)):
            name = "logical_or" if name == "add" else "logical_and"
        if name == "where" and known[0] is not None:
            return arguments[1] if known[0] else arguments[2]
        return self._number(name, tuple(arguments))

    def node(self, number: int) -> tuple[str, tuple[Any, ...]]:
        """Return the operation and the arguments behind a number; an input has neither."""
        return self.nodes[number - len(self.inputs)] if number >= len(self.inputs) else ("", ())

    def is_logical(self, number: int) -> bool:
        """Return whether a number is that of a truth value."""
        name, arguments = self.node(number)
        return bool(arguments[1]) if name == "constant" else name in _LOGICAL

    def _number(self, name: str, arguments: tuple[Any, ...]) -> int:
        key = (name, arguments)
        if key not in self._numbers:
            self._numbers[key] = len(self.inputs) + len(self.nodes)
            self.nodes.append(key)
        return self._numbers[key]

    def symbol(self, value: Any) -> "Symbol":
        """Return a value as a symbol: an array of constants is a number, or a column of dates."""
        if isinstance(value, Symbol):
            return value
        array = np.asarray(value)
        if array.ndim > 2 or (array.ndim and array.shape[-1] != 1):
            raise TypeError(f"an array of constants of shape {array.shape} meets a symbol")
        return Symbol(self, [self.constant(one) for one in array.reshape(-1)], array.ndim)

    def rows(self, value: Any, count: int) -> tuple[int, ...]:
        """Return the numbers of a result at each year, or one where it has no years."""
        symbol = self.symbol(value)
        whole = symbol.ndim < 2 or len(symbol.numbers) == count
        return tuple(symbol.numbers) if whole else (symbol.numbers[0],) * count

    def program(self, outputs: Mapping[str, Sequence[int]], years: tuple[float, ...]) -> TracedProgram:
        """Return the operations that the outputs need, numbered anew: inputs, constants, results."""
        needed, stack = set(), [number for rows in outputs.values() for number in rows]
        while stack:
            number = stack.pop()
            name, arguments = self.node(number)
            if name and number not in needed:
                needed.add(number)
                stack.extend(arguments if name != "constant" else ())
        constants = [number for number in sorted(needed) if self.node(number)[0] == "constant"]
        results = [number for number in sorted(needed) if self.node(number)[0] != "constant"]
        new = {number: place for place, number in enumerate([*range(len(self.inputs)), *constants, *results])}
        operations = [(name, tuple(new[each] for each in arguments)) for name, arguments in map(self.node, results)]
        numbers = tuple(float.fromhex(self.node(number)[1][0]) for number in constants)
        places = {name: tuple(new[number] for number in rows) for name, rows in outputs.items()}
        return TracedProgram(tuple(self.inputs), numbers, tuple(operations), places, years)


class Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """A vector of samples without numbers yet, or rows of them by date; it answers NumPy's protocols (NEP 13, 18)."""

    def __init__(self, graph: Graph, numbers: list[int], ndim: int) -> None:
        self.graph, self.numbers, self.ndim = graph, numbers, ndim

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape with one sample."""
        return (1,) if self.ndim == 1 else (len(self.numbers), 1)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers that it stands for."""
        return np.dtype(bool if self.graph.is_logical(self.numbers[0]) else float)

    def astype(self, dtype: Any) -> "Symbol":
        """Return itself: every number of a program is a float."""
        return self

    def __len__(self) -> int:
        return self.shape[0]

    def __bool__(self) -> bool:
        raise TypeError("it looks at the data with `if`, `and`, `or`, min() or max()")

    def __float__(self) -> float:
        raise TypeError("it turns an array into one number")

    __int__ = __index__ = __float__

    def __array__(self, *_: object, **__: object) -> NDArray[Any]:
        raise TypeError("it turns its argument into a NumPy array, or calls a function that does")

    def __getitem__(self, key: Any) -> "Symbol":
        if key is Ellipsis or key == ():
            return self
        if self.ndim == 2 and isinstance(key, int | np.integer):
            return Symbol(self.graph, [self.numbers[key]], 1)
        if self.ndim == 2 and isinstance(key, slice | list):
            return Symbol(self.graph, np.array(self.numbers)[key].tolist(), 2)
        if isinstance(key, tuple) and len(key) == 2 and key[1] is None and self.ndim == 1:
            return Symbol(self.graph, self.numbers, 2)
        raise TypeError(f"it picks {key!r} out of an array")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> "Symbol":
        name = _SYNONYMS.get(ufunc.__name__, ufunc.__name__)
        if method != "__call__":
            raise TypeError(f"it uses np.{ufunc.__name__}.{method}, which mixes samples or dates")
        if name not in OPERATIONS:
            raise TypeError(f"np.{ufunc.__name__} is not among the operations of a traced program")
        if options.keys() - {"dtype", "casting"}:
            raise TypeError(f"it calls np.{ufunc.__name__} with {', '.join(options)}")
        return self._elementwise(name, inputs)

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        name = function.__name__
        if any(options.values()):  # an axis of 0 changes nothing
            raise TypeError(f"it calls np.{name} with {', '.join(options)}")
        if name == "where" and len(arguments) == 3:
            return self._elementwise("where", arguments)
        if name == "clip" and len(arguments) == 3:
            return np.minimum(np.maximum(arguments[0], arguments[1]), arguments[2])
        if name == "broadcast_to":
            symbol, shape = self.graph.symbol(arguments[0]), arguments[1]
            rows = shape[0] if len(shape) == 2 else 1
            numbers = symbol.numbers if len(symbol.numbers) == rows else symbol.numbers * rows
            return Symbol(self.graph, numbers, len(shape))
        if name == "broadcast_arrays":
            ndim = max(self.graph.symbol(each).ndim for each in arguments)
            return [Symbol(self.graph, self.graph.symbol(each).numbers, ndim) for each in arguments]
        if name in ("stack", "concatenate") and len(arguments) == 1:
            parts = [self.graph.symbol(part) for part in arguments[0]]
            return Symbol(self.graph, [number for part in parts for number in part.numbers], 2)
        if name in ("shape", "ndim"):
            return getattr(self, name)
        raise TypeError(f"np.{name} is not among the operations of a traced program")

    def _elementwise(self, name: str, inputs: Sequence[Any]) -> "Symbol":
        """Return an operation row by row."""
        given = [self.graph.symbol(value) for value in inputs]
        rows = max(len(symbol.numbers) for symbol in given)
        if any(len(symbol.numbers) not in (1, rows) for symbol in given):
            raise TypeError(f"np.{name} meets arrays of {sorted({len(symbol.numbers) for symbol in given})} dates")
        by_row = zip(*(symbol.numbers if len(symbol.numbers) == rows else symbol.numbers * rows for symbol in given))
        numbers = [self.graph.operation(name, row) for row in by_row]
        return Symbol(self.graph, numbers, max(symbol.ndim for symbol in given))
