"""How quantities are wired: what each argument name refers to, and the layers that switches make."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.engine.fingerprint import called
from clustercast.engine.quantity import Between, Declaration, declaration_of
from clustercast.errors import InputError

Function = Callable[..., FloatArray]
Kind = Literal["now", "previous", "lagged"]
YEAR = "year"
PREVIOUS_YEAR = "previous_year"
PREVIOUS, LAGGED, INITIAL = "previous_", "lagged_", "initial_"


class Need(NamedTuple):
    """What an argument refers to: a quantity or input now, at the node before, or a lag earlier."""

    name: str
    kind: Kind = "now"
    lag: str = ""


@dataclass(frozen=True)
class Definition:
    """A quantity with its arguments resolved."""

    name: str
    function: Function
    declaration: Declaration
    needs: tuple[Need, ...]
    between: Between | None
    first: str | None
    # Whether it takes a value, or the date, of the node before.
    steps: bool

    @property
    def arguments(self) -> tuple[str, ...]:
        """Argument names as they are written, in its own layer."""
        prefix = {"now": "", "previous": PREVIOUS, "lagged": LAGGED}
        return tuple(prefix[need.kind] + need.name for need in self.needs)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names it refers to: arguments, its past, its first value and lags."""
        past = self.declaration.before if isinstance(self.declaration.before, str) else None
        beside = (past, self.first, *(need.lag for need in self.needs), self.declaration.at_least)
        return (*(need.name for need in self.needs), *filter(None, beside))


def argument_names(function: Function) -> tuple[str, ...]:
    """Return the argument names; a default, *args or a positional-only argument is refused."""
    parameters = inspect.signature(function).parameters.values()
    for parameter in parameters:
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD or parameter.default is not parameter.empty:
            remedy = "a quantity takes its inputs by name, without defaults, *args or **kwargs"
            raise InputError(f"argument {str(parameter)!r} of {called(function)} is not a plain name; {remedy}")
    return tuple(parameter.name for parameter in parameters)


def constant(name: str, value: float, unit: str) -> Function:
    """Return a quantity without arguments that is always `value` (coherent)."""

    def pinned() -> FloatArray:
        return np.asarray(value, dtype=np.float64)

    pinned.__name__ = name
    pinned.__doc__ = f"Pinned to {value:g} in coherent units."
    return Declaration(unit)(pinned)


@dataclass(frozen=True)
class Wiring:
    """The functions of a model, and their layers: the same functions with some inputs set to constants."""

    functions: Mapping[str, Function]
    layers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    # What was asked for: definitions by name, what the switches of a layer reach, what has no date, orders by their
    # ends, components by the quantities on the nodes: the sets of them that need each other.
    _known: dict[str, Definition | None] = field(default_factory=dict, repr=False, compare=False)
    _reached: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)
    _timeless: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)
    orders: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)
    components: dict[tuple[str, ...], list[list[str]]] = field(default_factory=dict, repr=False, compare=False)

    def definition(self, name: str) -> Definition | None:
        """Return a quantity, of a layer where the name is that of one, or None for an input."""
        if name not in self._known:
            self._known[name] = self._written.get(name) or self._derived(name)
        return self._known[name]

    def timeless(self, name: str) -> bool:
        """Return whether a name depends on no date."""
        stack = [] if name in self._timeless else [name]
        while stack:
            top = stack[-1]
            result = self.definition(top)
            if result is None or (result.between and result.needs) or any(n.kind != "now" for n in result.needs):
                self._timeless[top] = result is None and top not in (YEAR, PREVIOUS_YEAR)
            elif missing := [need.name for need in result.needs if need.name not in self._timeless]:
                stack.extend(missing)
                continue
            else:
                self._timeless[top] = all(self._timeless[need.name] for need in result.needs)
            stack.pop()
        return self._timeless[name]

    @cached_property
    def _written(self) -> dict[str, Definition]:
        """Return the definition of every function."""
        needs: dict[str, tuple[Need, ...]] = dict.fromkeys(self.functions, ())
        for name, function in self.functions.items():
            lags = declaration_of(function).lags
            for argument in argument_names(function):
                past, behind = argument.removeprefix(PREVIOUS), argument.removeprefix(LAGGED)
                need, own = Need(argument), argument in self.functions
                if not own and past != argument and self._is_quantity(past):
                    need = Need(past, "previous")
                elif not own and behind != argument and self._is_quantity(behind):
                    if behind not in lags:
                        what = f"{called(function, name)} takes {argument!r} and names no lag of {behind!r}"
                        raise InputError(f"{what}; write @cc.quantity(..., lags={{{behind!r}: 'name_of_the_input'}})")
                    need = Need(behind, "lagged", lags[behind])
                needs[name] += (need,)
        on_nodes = {need.name for all_needs in needs.values() for need in all_needs if need.kind != "now"}
        known = {}
        for name, function in self.functions.items():
            declaration: Declaration = declaration_of(function)
            steps = any(need.kind == "previous" or need.name == PREVIOUS_YEAR for need in needs[name])
            between = declaration.between or ("linear" if steps or name in on_nodes else None)
            before, first = declaration.before, INITIAL + name
            first = before if first not in self.functions and isinstance(before, str) else first
            known[name] = Definition(name, function, declaration, needs[name], between, first if steps else None, steps)
        return known

    def _is_quantity(self, name: str) -> bool:
        """Return whether a name is that of a function, or of one in a layer."""
        layer, _, plain = name.partition("_")
        return name in self.functions or (layer in self.layers and plain in self.functions)

    def _derived(self, name: str) -> Definition | None:
        """Return the quantity of a layer: the same function on the layer's arguments."""
        layer, _, plain = name.partition("_")
        if layer not in self.layers:
            return None
        if plain in self.layers[layer] and plain not in self.functions:
            function = constant(name, self.layers[layer][plain], "1")
            return Definition(name, function, declaration_of(function), (), None, None, steps=False)
        written = self.functions.get(plain) and self.definition(plain)
        if not written:
            return None

        if layer not in self._reached:
            users: dict[str, set[str]] = {}
            for user in self._written.values():
                for other in user.names:
                    users.setdefault(other, set()).add(user.name)
            self._reached[layer] = frozenset(reachable(self.layers[layer], lambda name: users.get(name, ())))

        def own(other: str) -> str:
            return f"{layer}_{other}" if other in self._reached[layer] else other

        declaration = written.declaration
        if isinstance(declaration.before, str):
            declaration = replace(declaration, before=own(declaration.before))
        needs = tuple(need._replace(name=own(need.name), lag=need.lag and own(need.lag)) for need in written.needs)
        first = written.first and own(written.first)
        return replace(written, name=name, declaration=declaration, needs=needs, first=first)


def reachable(starts: Iterable[str], follow: Callable[[str], Iterable[str]]) -> dict[str, None]:
    """Return what can be reached from some names, those among it, each before what only it leads to."""
    result: dict[str, None] = {}
    stack = [*starts][::-1]
    while stack:
        name = stack.pop()
        if name not in result:
            result[name] = None
            stack.extend([*follow(name)][::-1])
    return result
