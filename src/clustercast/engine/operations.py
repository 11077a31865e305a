"""The operations that a run is made of, on NumPy or a GPU: on arrays by key, with dates first and samples last."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from importlib import import_module
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import Arrays, FloatArray
from clustercast.engine.fingerprint import called, place_of
from clustercast.engine.quantity import Between
from clustercast.engine.wiring import Function, Need
from clustercast.errors import InputError, nearest

Values = MutableMapping[str, FloatArray]
Needs = tuple[Need, ...]
Call = Callable[[str, Function, Needs, Sequence[FloatArray]], FloatArray]
Device = Literal["cpu", "cuda"]


class NotFiniteError(InputError):
    """A quantity divides by zero, overflows or has no value; `quantity` is its name."""

    def __init__(self, quantity: str, place: str, why: str) -> None:
        super().__init__(f"quantity {quantity!r} ({place}) is not finite: {why}")
        self.quantity, self.place, self.why = quantity, place, why

    def __reduce__(self) -> tuple[object, ...]:
        return NotFiniteError, (self.quantity, self.place, self.why)


def run_operation(operation: "Operation", values: Values, call: Call) -> None:
    """Run an operation; a read in the logarithm of what is not above 0 is refused by its name."""
    try:
        operation.run(values, call)
    except FloatingPointError as error:
        name = operation.reads[0].partition("@")[0]
        raise NotFiniteError(name, "read between nodes", f"{error}; look at its inputs") from None


def plain_call(name: str, function: Function, needs: Needs, arguments: Sequence[FloatArray]) -> FloatArray:
    """Compute one quantity; an error says where it is written."""
    try:
        return function(*arguments)
    except FloatingPointError as error:
        ends = [(need.name, float(np.min(value)), float(np.max(value))) for need, value in zip(needs, arguments)]
        given = ", ".join(f"{need} {low:.6g}{'' if low == high else f' to {high:.6g}'}" for need, low, high in ends)
        why = f"{error}, with {given} in coherent units; look at its inputs"
        raise NotFiniteError(name, place_of(function), why) from None
    except (InputError, MemoryError):
        raise
    except Exception as error:
        remedy = "write it in NumPy, for arrays of samples, and leave its arguments unchanged"
        raise InputError(f"{called(function, name)} fails with {type(error).__name__}: {error}; {remedy}") from error


class Compute(NamedTuple):
    """Call a quantity on whole arrays."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    name: str
    function: Function
    needs: Needs = ()

    def run(self, values: Values, call: Call) -> None:
        """Call the function."""
        values[self.writes[0]] = call(self.name, self.function, self.needs, [values[key] for key in self.reads])


class Require(NamedTuple):
    """Refuse a quantity that lies below an input it has to be above, beyond the odd sample of two tails."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    name: str
    made_of: tuple[str, ...]

    def run(self, values: Values, call: Call) -> None:
        """Compare the two in every sample; symbols, which have no mean, are let pass."""
        level, least = (values[key] for key in self.reads)
        below = level < least
        # A prior may reach a little beyond the level that another one starts from.
        if hasattr(below, "mean") and below.mean() > 1e-3:
            first = np.flatnonzero(to_host(below))[0]
            one, other = (np.broadcast_to(to_host(value), np.shape(below)).flat[first] for value in (level, least))
            what = f"{self.name} is below {self.reads[1]}, as {one:.6g} against {other:.6g} in coherent units"
            raise InputError(f"{what}; lower {self.reads[1]}, or look at {', '.join(self.made_of)}")


class Position(NamedTuple):
    """Where a date lies among the nodes: the node before it, and the part of the step beyond."""

    node: int
    part: float


class Read(NamedTuple):
    """Read a node quantity at dates; the first rows may come from before the first node."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    nodes: str
    positions: tuple[Position, ...]
    between: Between
    early: str
    early_rows: int

    def run(self, values: Values, call: Call) -> None:
        """Read the rows between nodes and put those before the first node in front."""
        parts = [rows_of(values[self.early], self.early_rows)] if self.early else []
        if self.positions:
            result = between_nodes(values[self.nodes], self.positions, self.between)
            parts.append(rows_of(result, len(self.positions)) if self.early else result)
        values[self.writes[0]] = parts[0] if len(parts) == 1 else joined(parts)


def rows_of(value: FloatArray, rows: int) -> FloatArray:
    """Return a value with an axis of dates in front."""
    return np.broadcast_to(value, (rows, value.shape[-1] if value.ndim else 1))


def joined(parts: Sequence[FloatArray]) -> FloatArray:
    """Put rows of dates on top of each other."""
    samples = max(part.shape[1] for part in parts)
    return np.concatenate([np.broadcast_to(part, (part.shape[0], samples)) for part in parts])


def between_nodes(rows: FloatArray, positions: Sequence[Position], between: Between) -> FloatArray:
    """Read rows at positions; on a node the result is the node's own row, to the bit."""
    if rows.ndim < 2 or rows.shape[0] == 1:
        return rows
    first = [position.node for position in positions]
    low = rows[first]
    if between == "previous" or all(position.part == 0 for position in positions):
        return low
    high = rows[[min(node + 1, rows.shape[0] - 1) for node in first]]
    return _mean(low, high, np.array([[position.part] for position in positions]), between)


def _mean(low: FloatArray, high: FloatArray, part: FloatArray | float, between: Between) -> FloatArray:
    """Return the value a part of the way between two nodes; at the first of them its own bits."""
    if between != "log":
        return low * (1 - part) + high * part
    # No power of two arrays: its last bit may depend on how many rows there are.
    return np.where(np.equal(part, 0), low, np.exp((1 - part) * np.log(low) + part * np.log(high)))


class Argument(NamedTuple):
    """Where a step of a loop takes an argument: the key of a quantity of the loop, or of one outside."""

    need: Need
    key: str = ""
    between: Between = "linear"
    lagged: tuple[tuple[str, int] | Position, ...] = ()


class Step(NamedTuple):
    """One quantity inside a loop over nodes; `first` is the key of its value at the first node."""

    key: str
    name: str
    function: Function
    arguments: tuple[Argument, ...]
    first: str = ""


class Loop(NamedTuple):
    """Compute quantities that need each other's past, node by node."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    steps: tuple[Step, ...]
    dates: tuple[float, ...]

    def run(self, values: Values, call: Call) -> None:
        """Step through the nodes; rows that nothing needs any more are dropped."""
        rows: dict[str, list[FloatArray]] = {step.key: [] for step in self.steps}
        needed = [tuple(argument.need for argument in step.arguments) for step in self.steps]
        for node in range(len(self.dates)):
            for step, needs in zip(self.steps, needed, strict=True):
                if node == 0 and step.first:
                    row = row_of(values[step.first], 0)
                else:
                    given = [self._value(argument, node, values, rows) for argument in step.arguments]
                    row = call(step.name, step.function, needs, given)
                rows[step.key].append(row)
        for key in self.writes:
            uneven = len({np.shape(row) for row in rows[key]}) > 1
            stack: FloatArray = np.stack(np.broadcast_arrays(*rows[key]) if uneven else rows[key])
            values[key] = stack[:, np.newaxis] if stack.ndim == 1 else stack

    def _value(self, argument: Argument, node: int, values: Values, rows: Mapping[str, list[FloatArray]]) -> FloatArray:
        """Return an argument of a step at a node."""
        need, key = argument.need, argument.key
        if need.kind == "previous":
            node -= 1
        if not key:
            return np.asarray(self.dates[node])

        def at(node: int) -> FloatArray:
            return rows[key][node] if key in rows else row_of(values[key], node)

        if need.kind != "lagged":
            return at(node)
        where = argument.lagged[node]
        if not isinstance(where, Position):
            return row_of(values[where[0]], where[1])
        if where.part == 0 or argument.between == "previous":
            return at(where.node)
        return _mean(at(where.node), at(where.node + 1), where.part, argument.between)


Operation = Compute | Require | Read | Loop


def row_of(value: FloatArray, row: int) -> FloatArray:
    """Return one row of a value; what has no axis of dates is the same in every row."""
    return value if value.ndim < 2 else value[row if value.shape[0] > 1 else 0]


def checked_device(device: str) -> Device:
    """Return the name of a device that is there."""
    if device == "cpu":
        return "cpu"
    if device != "cuda":
        raise InputError(f"device is {device!r}{nearest(str(device), get_args(Device))}; choose 'cpu' or 'cuda'")
    try:
        cupy = import_module("cupy")
    except ImportError:
        remedy = "pip install 'clustercast[cuda]', or use device='cpu'"
        raise InputError(f"device is 'cuda', but CuPy is not installed; {remedy}") from None
    try:
        if cupy.cuda.runtime.getDeviceCount() == 0:
            raise InputError("device is 'cuda', but this machine has no GPU; use device='cpu'")
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise InputError(f"device is 'cuda', but CuPy finds no usable GPU ({error}); use device='cpu'") from None
    return "cuda"


def to_device(arrays: Arrays, device: Device) -> dict[str, Any]:
    """Return arrays where the device can reach them."""
    if device == "cpu":
        return dict(arrays)
    cupy = import_module("cupy")
    return {name: cupy.asarray(array) for name, array in arrays.items()}


def to_host(array: Any) -> NDArray[Any]:
    """Return an array of any device as a NumPy array."""
    return np.asarray(array.get() if hasattr(array, "get") else array)
