"""A model is its functions: argument names are the graph."""

import graphlib
import hashlib
import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from clustercast.arrays import FloatArray, Names
from clustercast.engine.fingerprint import Fingerprint, called, fingerprint_of, place_of
from clustercast.engine.quantity import Declaration, declaration_of
from clustercast.engine.units import factor, in_unit
from clustercast.engine.wiring import PREVIOUS_YEAR, YEAR, Definition, Function, Wiring, constant, reachable
from clustercast.errors import InputError, nearest, typed

# The source at the end of a docstring, as "[SA IIIa, table 1]" or "[90 FR 4544, 2025]".
_SOURCE = re.compile(r" \[(SA |[^\[\]]*, \d{4}\b)[^\[\]]*\](?=\.$)")
# The bounds of an input for which none are declared.
ANY = (-math.inf, math.inf)
_CHANGE = re.compile(r"^(?P<name>.+)_from_(?P<year>\d{4})(?:_(?P<part>\d+))?$")


class Nodes(NamedTuple):
    """Dates on which recursive quantities are computed: the value of an input, then every `step` years."""

    start: str
    step: float


@dataclass(frozen=True, init=False)
class Model:
    """Quantities, wired by argument name.

    A quantity may take values of the node before (``previous_x``) or of an earlier date (``lagged_x``): the model
    computes such quantities node by node, and reads them between the nodes (see `quantity`).

    Parameters
    ----------
    *sources : module, function or iterable of these
        Modules whose functions are marked with `quantity`, and marked functions.
    headline : iterable of str, optional
        Quantities that `propagate` keeps when none are asked for; all by default.
    spare : iterable of str, optional
        Inputs that may be given though no quantity uses them, as after `pin`.
    start : str, optional
        Input that holds the date of the first node; ``"forecast_start"`` by default.
    step : float, optional
        Time between nodes in years; 0.5 by default.
    layers : mapping of str to mapping, optional
        For each layer, inputs and their constant values there: ``{"trend": {"limit_power": 0}}`` makes
        ``trend_x`` available for every quantity x, which is x with that input at 0.
    proved : iterable of str, optional
        Keys of quantities whose units need no further proof (`unit_check.proof_key`).
    heir : callable, optional
        For a name that is no quantity, what took its place, as the end of a message; "" where nothing did.
    bounds : callable, optional
        For the name of an input, the least and the greatest value that it may have, in coherent units; any by default.

    Raises
    ------
    InputError
        If two functions have one name, one is not marked or has defaults, or a circle has no ``previous_`` argument.

    Examples
    --------
    >>> @cc.quantity("W")
    ... def cluster_power(size, power_per_accelerator):
    ...     return size * power_per_accelerator
    >>> model = cc.Model([cluster_power])
    >>> model.inputs()
    ('size', 'power_per_accelerator')
    """

    functions: Mapping[str, Function]
    headline: tuple[str, ...] = ()
    spare: frozenset[str] = frozenset()
    nodes: Nodes = Nodes("forecast_start", 0.5)
    layers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    proved: frozenset[str] = field(repr=False, compare=False, default=frozenset())
    wiring: Wiring = field(repr=False, compare=False, default_factory=lambda: Wiring({}))
    heir: Callable[[str], str] = field(repr=False, compare=False, default=lambda name: "")
    bounds: Callable[[str], tuple[float, float]] = field(repr=False, compare=False, default=lambda name: ANY)

    def __init__(
        self,
        *sources: object,
        headline: Iterable[str] = (),
        spare: Iterable[str] = (),
        start: str = "forecast_start",
        step: float = 0.5,
        layers: Mapping[str, Mapping[str, float]] | None = None,
        proved: Iterable[str] = (),
        heir: Callable[[str], str] = lambda name: "",
        bounds: Callable[[str], tuple[float, float]] = lambda name: ANY,
    ) -> None:
        result: dict[str, Function] = {}
        for function in _functions(sources):
            name, other = function.__name__, result.setdefault(function.__name__, function)
            if other is not function:
                what = f"two quantities are called {name!r}: {place_of(other)} and {place_of(function)}"
                raise InputError(f"{what}; rename one, or use Model.replace to put one in the other's place")
            if name in (YEAR, PREVIOUS_YEAR):
                raise InputError(f"a quantity cannot be called {name!r} ({place_of(function)}): it is a date")
        if not result:
            raise InputError("the model holds no quantity; pass marked functions or modules, as in cc.Model([f, g])")
        if isinstance(step, bool) or not isinstance(step, int | float) or not 0 < step < math.inf:
            raise InputError(f"step is {step!r}; give the time between nodes in years, as 0.5")
        wiring, nodes = Wiring(result, dict(layers or {})), Nodes(start, float(step))
        vars(self).update(functions=result, layers=wiring.layers, wiring=wiring, nodes=nodes, heir=heir, bounds=bounds)
        vars(self).update(headline=tuple(headline) or tuple(result), spare=frozenset(spare), proved=frozenset(proved))
        self.asked(self.headline)
        self.order(result)

    def __contains__(self, name: str) -> bool:
        return self.wiring.definition(name) is not None

    def definition(self, name: str) -> Definition:
        """Return a quantity with its arguments resolved; an unknown name is refused."""
        result = self.wiring.definition(name) if isinstance(name, str) else None
        if result is None:
            instead = self.heir(str(name)) or nearest(str(name), self.functions)
            remedy = "list them with Model.order() or `python -m analyses.model`"
            raise InputError(f"{name!r} is not a quantity of the model{instead}; {remedy}")
        return result

    def declaration(self, name: str) -> Declaration:
        """Return what a quantity declares: unit, time, labels and more."""
        return self.definition(name).declaration

    def unit(self, name: str) -> str:
        """Return the unit in which a quantity is given."""
        return self.declaration(name).unit

    def long_name(self, name: str) -> str:
        """Return the first line of a quantity's docstring but its source, or its name in words; of a layer with it."""
        lines = (inspect.getdoc(self.definition(name).function) or name.replace("_", " ")).splitlines()
        layer = "" if name in self.functions else f" ({name.partition('_')[0]})"
        return _SOURCE.sub("", lines[0]).rstrip(".") + layer

    def arguments(self, name: str) -> tuple[str, ...]:
        """Return what a quantity needs, by name."""
        return self.definition(name).arguments

    def order(self, outputs: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return the quantities that `outputs` (the headline ones) need, each after what it needs at the same date."""
        asked = self.asked(outputs)
        if asked in self.wiring.orders:
            return self.wiring.orders[asked]
        graph = {
            name: [need.name for need in self.definition(name).needs if need.kind == "now" and need.name in self]
            for name in reachable(asked, lambda name: filter(self.__contains__, self.definition(name).names))
        }
        try:
            return self.wiring.orders.setdefault(asked, tuple(graphlib.TopologicalSorter(graph).static_order()))
        except graphlib.CycleError as error:
            what = f"quantities need each other in a circle: {' -> '.join(error.args[1])}; break it by an input"
            raise InputError(f"{what}, or take the value of the node before as an argument previous_...") from None

    def inputs(self, outputs: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return the inputs that `outputs` (all quantities) need, in the order of first use."""
        order = self.order(self.functions if outputs is None else outputs)
        needed = [name for quantity in order for name in self.definition(quantity).names]
        if any(self.definition(name).between for name in order):
            needed.append(self.nodes.start)
        return tuple(dict.fromkeys(n for n in needed if n not in (YEAR, PREVIOUS_YEAR) and n not in self))

    def users(self, name: str) -> tuple[str, ...]:
        """Return the quantities that take `name` as an argument."""
        return tuple(one for one in self.functions if any(need.name == name for need in self.definition(one).needs))

    @typed
    def check_inputs(self, given: Iterable[str], outputs: Iterable[str] | None = None) -> None:
        """Refuse a set of inputs that lacks one, naming the quantity that needs it, or that holds one nothing uses."""
        names, needed = set(given), self.inputs(outputs)
        for need in (need for need in needed if need not in names):
            user = next((name for name in self.order(outputs) if need in self.definition(name).names), "")
            who = f"{called(self.definition(user).function, user)} needs" if user else "the model begins its nodes at"
            what = f"{need!r}, which is neither an input nor a quantity{nearest(need, [*names, *self.functions, YEAR])}"
            raise InputError(f"{who} {what}; add a prior or a quantity of that name")
        used = {*self.inputs(), *needed, YEAR}
        for name in sorted(names - used - self.spare):
            changed = (change_of(name) or ("",))[0]
            if changed in used:
                what = f"{changed!r} cannot change from a date on: no quantity takes it together with the year"
                raise InputError(f"{what}; change it for all years, without {name!r}")
            reason = "is a quantity of the model: pin it" if name in self else "is used by no quantity"
            raise InputError(f"input {name!r} {reason}{nearest(name, used)}; remove it from the priors or use it")

    def pin(self, **values: float | str) -> "Model":
        """Return a model in which quantities have a value: a number in their unit, or a text as ``"100 GW"``."""
        self.asked(values)
        pinned = []
        for name, value in values.items():
            number = in_unit(value, self.unit(name), name)
            if not np.isfinite(number):
                raise InputError(f"{name} is pinned to {value!r}; give a finite number, or a text such as '100 GW'")
            pinned.append(constant(name, number * factor(self.unit(name)), self.unit(name)))
        return self.replace(*pinned)

    def replace(self, *functions: Function) -> "Model":
        """Return a model in which functions stand in the place of those of the same name."""
        new = {f.__name__: f for f in _functions(functions)}
        self.asked(new)
        return self._made({**self.functions, **new}.values(), {*self.spare, *self.inputs()})

    def add(self, *functions: Function) -> "Model":
        """Return a model with further quantities; a name that exists is refused."""
        return self._made([*self.functions.values(), *_functions(functions)], self.spare)

    @property
    def hash(self) -> str:
        """Fingerprint of the code of every quantity, of the functions that it calls, of nodes and layers."""
        return self.fingerprints()[0]

    def fingerprints(self) -> tuple[str, dict[Function, Fingerprint]]:
        """Return the hash, and the fingerprint of each quantity."""
        digest = hashlib.sha256(repr((self.nodes, sorted(self.layers.items()))).encode())
        result = {}
        for name, function in sorted(self.functions.items()):
            result[function] = fingerprint_of(function)
            declaration = replace(self.declaration(name), increasing=(), decreasing=())
            digest.update(repr((name, declaration, result[function])).encode())
        return digest.hexdigest()[:16], result

    def _made(self, functions: Iterable[Function], spare: Iterable[str]) -> "Model":
        """Return a model of other functions with the same headline, nodes and layers."""
        carried: dict[str, Any] = {"headline": self.headline, "layers": self.layers, "proved": self.proved}
        return Model(functions, spare=spare, **self.nodes._asdict(), heir=self.heir, bounds=self.bounds, **carried)

    @typed
    def asked(self, outputs: Names) -> tuple[str, ...]:
        """Return the quantities that are asked for, each known; one name alone counts as one."""
        names = self.headline if outputs is None else (outputs,) if isinstance(outputs, str) else tuple(outputs)
        return tuple(self.definition(name).name for name in names)


def _functions(source: object) -> list[Function]:
    """Return the quantities of a module, a function or an iterable of them."""
    if isinstance(source, ModuleType):
        functions = (f for f in vars(source).values() if inspect.isfunction(f) and f.__module__ == source.__name__)
        marked: list[Function] = [f for f in functions if declaration_of(f)]
        if not marked:
            raise InputError(f"module {source.__name__!r} defines no quantity; put @cc.quantity(unit) above functions")
        return marked
    if inspect.isfunction(source):
        if declaration_of(source) is None:
            remedy = "write @cc.quantity(unit) above it, with unit '1' for a pure number"
            raise InputError(f"function {source.__name__!r} ({place_of(source)}) is not marked as a quantity; {remedy}")
        if not source.__name__.isidentifier():
            raise InputError(f"a quantity at {place_of(source)} has no name, only {source.__name__!r}; write a def")
        return [source]
    if isinstance(source, Iterable) and not isinstance(source, str):
        return [f for one in source for f in _functions(one)]
    raise InputError(f"a model is made of functions and modules, not of {source!r}; pass cc.Model([f, g]) or a module")


def change_name(name: str, year: float) -> str:
    """Return the name of the input that takes the place of another from a date on."""
    return f"{name}_from_{year:g}".replace(".", "_")


def change_of(name: str) -> tuple[str, float] | None:
    """Return the input that a change belongs to and its date, or None for any other name."""
    result = _CHANGE.match(name)
    return (result["name"], float(f"{result['year']}.{result['part'] or 0}")) if result else None


def with_changes(model: Model, names: Iterable[str]) -> Model:
    """Return a model in which inputs change where a change of them is given; the model itself where none is."""
    inputs = set(model.inputs())
    changes = [(n, *change) for n in names if n not in inputs and (change := change_of(n)) and change[0] in inputs]
    for later, name, date in sorted(changes, key=lambda change: change[2]):
        dated = constant(f"{later}_date", date, "year")
        users = [_spliced(model, model.functions[user], name, later, dated.__name__) for user in model.users(name)]
        model = model.replace(*users).add(dated)
    return model


def _spliced(model: Model, function: Function, name: str, later: str, dated: str) -> Function:
    """Return a function that takes the new value of an input from the date on."""
    # What has grown by the date stays: a quantity that grows with the year goes on from its level at the date with the
    # new rate, x(t) = x_old(T) x_new(t) / x_new(T), and a step from node to node takes the new rate from the date on.
    parameters, others = model.arguments(function.__name__), model.definition(function.__name__).needs
    place, steps = parameters.index(name), PREVIOUS_YEAR in parameters
    moving = {need.name for need in others if need.kind != "now" or not model.wiring.timeless(need.name)}
    if not steps and YEAR not in parameters:
        return function
    if not steps and moving - {YEAR, PREVIOUS_YEAR}:
        why = f"{called(function)} takes it together with quantities that vary with the year"
        raise InputError(f"{name!r} cannot change from a date on: {why}; change it for all years")
    year = parameters.index(PREVIOUS_YEAR if steps else YEAR)

    def step(*arguments: FloatArray) -> FloatArray:
        *given, new, change = arguments
        return function(*given[:place], np.where(given[year] >= change, new, given[place]), *given[place + 1 :])

    def splice(*arguments: FloatArray) -> FloatArray:
        *given, new, change = arguments
        at_change = [change if position == year else value for position, value in enumerate(given)]
        old_level, new_level = function(*at_change), function(*at_change[:place], new, *at_change[place + 1 :])
        renewed = function(*given[:place], new, *given[place + 1 :])
        with np.errstate(invalid="ignore"):
            level = old_level / new_level
        # What begins after the date has no level to go on from.
        begins = (old_level == 0) & (new_level == 0)
        return np.where(given[year] <= change, function(*given), np.where(begins, renewed, level * renewed))

    made = step if steps else splice
    names = [inspect.Parameter(each, inspect.Parameter.POSITIONAL_OR_KEYWORD) for each in (*parameters, later, dated)]
    made.__signature__ = inspect.Signature(names)  # type: ignore[attr-defined]
    made.__name__, made.__doc__ = function.__name__, function.__doc__
    marked: Function = declaration_of(function)(made)
    return marked
