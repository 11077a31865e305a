"""A model is its functions: argument names are the graph."""

import graphlib
import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import Declaration, declaration_of
from clustercast.engine.source import fingerprint_of, place_of
from clustercast.engine.units import factor, in_unit
from clustercast.errors import InputError, nearest

FloatArray = NDArray[np.float64]
Function = Callable[..., FloatArray]

YEAR = "year"


@dataclass(frozen=True)
class Step:
    """One line of the straight-line program.

    Attributes
    ----------
    name : str
        The quantity that is computed.
    function : callable
        The function that computes it.
    arguments : tuple of str
        What it needs, by name.
    frees : tuple of str
        Quantities whose last use this is.
    """

    name: str
    function: Function
    arguments: tuple[str, ...]
    frees: tuple[str, ...]


def _arguments(function: Function) -> tuple[str, ...]:
    """Return the argument names; a default, *args or a positional-only argument is refused."""
    parameters = inspect.signature(function).parameters.values()
    for parameter in parameters:
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD or parameter.default is not parameter.empty:
            raise InputError(
                f"argument {str(parameter)!r} of quantity {function.__name__!r} ({place_of(function)}) is not a plain "
                "name; a quantity takes its inputs by name, without defaults, *args or **kwargs"
            )
    return tuple(parameter.name for parameter in parameters)


def _functions(source: object) -> list[Function]:
    """Return the quantities of a module, a function or an iterable of them."""
    if isinstance(source, ModuleType):
        own: list[Function] = [
            f for f in vars(source).values() if inspect.isfunction(f) and f.__module__ == source.__name__
        ]
        marked = [f for f in own if declaration_of(f)]
        if not marked:
            raise InputError(
                f"module {source.__name__!r} defines no quantity; write @cc.quantity(unit) above its functions"
            )
        return marked
    if inspect.isfunction(source):
        if declaration_of(source) is None:
            raise InputError(
                f"function {source.__name__!r} ({place_of(source)}) is not marked as a quantity; "
                "write @cc.quantity(unit) above it, with unit '1' for a pure number"
            )
        if not source.__name__.isidentifier():
            raise InputError(
                f"a quantity at {place_of(source)} has no name, only {source.__name__!r}; write it with def"
            )
        return [source]
    if isinstance(source, Iterable) and not isinstance(source, str):
        return [f for one in source for f in _functions(one)]
    raise InputError(f"a model is made of functions and modules, not of {source!r}; pass cc.Model([f, g]) or a module")


def _constant(name: str, value: float, unit: str) -> Function:
    """Return a quantity without arguments that is always `value` (coherent)."""

    def pinned() -> FloatArray:
        return np.float64(value)  # type: ignore[return-value]

    pinned.__name__ = name
    pinned.__doc__ = f"Pinned to {value:g} in coherent units."
    pinned.quantity = Declaration(unit)  # type: ignore[attr-defined]
    return pinned


@dataclass(frozen=True, init=False)
class Model:
    """Quantities, wired by argument name.

    Parameters
    ----------
    *sources : module, function or iterable of these
        Modules whose functions are marked with `quantity`, and marked functions.
    headline : iterable of str, optional
        Quantities that `propagate` keeps when none are asked for; all by default.
    spare : iterable of str, optional
        Inputs that may be given though no quantity uses them, as after `pin`.

    Raises
    ------
    InputError
        If two functions have one name (both places are named), a function is not
        marked or has defaults, or the graph has a circle.

    Examples
    --------
    >>> import clustercast as cc
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
    _needs: Mapping[str, tuple[str, ...]] = field(repr=False, default_factory=dict)

    def __init__(self, *sources: object, headline: Iterable[str] = (), spare: Iterable[str] = ()) -> None:
        found: dict[str, Function] = {}
        for function in _functions(sources):
            name = function.__name__
            if name in found and found[name] is not function:
                raise InputError(
                    f"two quantities are called {name!r}: {place_of(found[name])} and {place_of(function)}; "
                    "rename one, or use Model.replace to put one in the other's place"
                )
            if name == YEAR:
                raise InputError(f"a quantity cannot be called {YEAR!r} ({place_of(function)}): it is the coordinate")
            found[name] = function
        if not found:
            raise InputError("the model holds no quantity; pass marked functions or modules, as in cc.Model([f, g])")
        object.__setattr__(self, "functions", found)
        object.__setattr__(self, "_needs", {name: _arguments(function) for name, function in found.items()})
        object.__setattr__(self, "headline", tuple(headline) or tuple(found))
        object.__setattr__(self, "spare", frozenset(spare))
        self._check_outputs(self.headline)
        self.order(found)

    def declaration(self, name: str) -> Declaration:
        """Return the unit, signs and labels that a quantity declares."""
        self._check_outputs([name])
        found = declaration_of(self.functions[name])
        assert found is not None
        return found

    def unit(self, name: str) -> str:
        """Return the unit in which a quantity is given."""
        return self.declaration(name).unit

    def long_name(self, name: str) -> str:
        """Return the first line of a quantity's docstring, or its name in words."""
        lines = (inspect.getdoc(self.functions[name]) or name.replace("_", " ")).splitlines()
        return lines[0].rstrip(".")

    def arguments(self, name: str) -> tuple[str, ...]:
        """Return what a quantity needs, by name."""
        self._check_outputs([name])
        return self._needs[name]

    def order(self, outputs: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return the quantities that `outputs` need, each after what it needs.

        Parameters
        ----------
        outputs : iterable of str, optional
            Quantities asked for; the headline ones by default.

        Returns
        -------
        tuple of str

        Raises
        ------
        InputError
            If an output is not a quantity of the model, or the graph has a circle.
        """
        wanted = self._asked(outputs)
        self._check_outputs(wanted)
        graph: dict[str, list[str]] = {}
        stack = list(reversed(wanted))
        while stack:
            name = stack.pop()
            if name not in graph:
                graph[name] = [need for need in self._needs[name] if need in self.functions]
                stack.extend(reversed(graph[name]))
        try:
            return tuple(graphlib.TopologicalSorter(graph).static_order())
        except graphlib.CycleError as error:
            circle = " -> ".join(error.args[1])
            raise InputError(f"quantities need each other in a circle: {circle}; break it by an input") from None

    def program(self, outputs: Iterable[str] | None = None) -> tuple[Step, ...]:
        """Return the straight-line program that computes `outputs`.

        Each step names what may be freed after it, so that a result lives no longer
        than its last use; who runs the program takes each output when it is computed.
        """
        order = self.order(outputs)
        last_use = {need: name for name in order for need in (*self._needs[name], name)}
        frees: dict[str, list[str]] = {name: [] for name in order}
        for need, user in last_use.items():
            if need in self.functions:
                frees[user].append(need)
        return tuple(Step(n, self.functions[n], self._needs[n], tuple(frees[n])) for n in order)

    def inputs(self, outputs: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return the inputs that `outputs` need, in the order of first use.

        Parameters
        ----------
        outputs : iterable of str, optional
            Quantities asked for; by default every quantity of the model.

        Returns
        -------
        tuple of str
            Names that no quantity of the model computes, without ``year``.
        """
        order = self.order(self.functions if outputs is None else outputs)
        needed = (need for name in order for need in self._needs[name])
        return tuple(dict.fromkeys(n for n in needed if n not in self.functions and n != YEAR))

    def users(self, name: str) -> tuple[str, ...]:
        """Return the quantities that take `name` as an argument."""
        return tuple(user for user, needs in self._needs.items() if name in needs)

    def evaluate(self, values: Mapping[str, FloatArray], outputs: Iterable[str] | None = None) -> dict[str, FloatArray]:
        """Compute quantities from inputs, all in coherent units.

        Parameters
        ----------
        values : mapping of str to array
            Every input, shape ``(sample,)`` or ``()``, and ``year``, shape ``(years, 1)``,
            where something depends on it.
        outputs : iterable of str, optional
            Quantities asked for; the headline ones by default.

        Returns
        -------
        dict of str to array
            Each asked quantity, of a shape that broadcasts to ``(years, sample)`` or ``(sample,)``.

        Raises
        ------
        InputError
            If an input is missing; it says who asks for it.
        """
        wanted = self._asked(outputs)
        program = self.program(wanted)
        self.check_inputs(values, wanted)
        return run_program(program, values, wanted)

    def check_inputs(self, given: Iterable[str], outputs: Iterable[str] | None = None) -> None:
        """Refuse a set of inputs that lacks one, or that holds one nothing uses.

        Raises
        ------
        InputError
            It says who asks for the missing input (file and line) or which names
            are nearest to the unused one.
        """
        names = set(given)
        for name in self.order(outputs):
            for need in self._needs[name]:
                if need not in self.functions and need not in names and need != YEAR:
                    place = place_of(self.functions[name])
                    known = [*names, *self.functions, YEAR]
                    raise InputError(
                        f"quantity {name!r} ({place}) needs {need!r}, which is neither an input nor a quantity"
                        f"{nearest(need, known)}; add a prior or a quantity of that name"
                    )
        used = {*self.inputs(), YEAR}
        for name in sorted(names - used - self.spare):
            reason = "is a quantity of the model: pin it" if name in self.functions else "is used by no quantity"
            raise InputError(f"input {name!r} {reason}{nearest(name, used)}; remove it from the priors or use it")

    def pin(self, **values: float | str) -> "Model":
        """Return a model in which quantities have a given value.

        Parameters
        ----------
        **values : float or str
            Value of each quantity, a number in its declared unit or a text such as ``"100 GW"``.

        Returns
        -------
        Model
        """
        self._check_outputs(values)
        pinned = {}
        for name, value in values.items():
            number = in_unit(value, self.unit(name), name)
            if not np.isfinite(number):
                raise InputError(f"{name} is pinned to {value!r}; give a finite number, or a text such as '100 GW'")
            pinned[name] = _constant(name, number * factor(self.unit(name)), self.unit(name))
        return self._with({**self.functions, **pinned})

    def replace(self, *functions: Function) -> "Model":
        """Return a model in which functions stand in the place of those of the same name."""
        new = {f.__name__: f for f in _functions(functions)}
        self._check_outputs(new)
        return self._with({**self.functions, **new})

    def add(self, *functions: Function) -> "Model":
        """Return a model with further quantities; a name that exists is refused."""
        return Model([*self.functions.values(), *_functions(functions)], headline=self.headline, spare=self.spare)

    @property
    def hash(self) -> str:
        """Fingerprint of the code of every quantity, and of the functions that it calls."""
        digest = hashlib.sha256()
        for name in sorted(self.functions):
            digest.update(repr((name, self.unit(name), fingerprint_of(self.functions[name]))).encode())
        return digest.hexdigest()[:16]

    def _with(self, functions: Mapping[str, Function]) -> "Model":
        return Model(list(functions.values()), headline=self.headline, spare={*self.spare, *self.inputs()})

    def _asked(self, outputs: Iterable[str] | None) -> tuple[str, ...]:
        """Return the quantities that are asked for; one name alone counts as one."""
        if outputs is None:
            return self.headline
        return (outputs,) if isinstance(outputs, str) else tuple(outputs)

    def _check_outputs(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.functions:
                raise InputError(
                    f"{name!r} is not a quantity of the model{nearest(str(name), self.functions)}; "
                    "list them with Model.order() or `python -m analyses.model`"
                )


def run_program(
    program: Iterable[Step], values: Mapping[str, FloatArray], outputs: Iterable[str]
) -> dict[str, FloatArray]:
    """Run a straight-line program and return its outputs, in the order they are asked for."""
    wanted = tuple(outputs)
    found = dict(results_of(program, values, wanted))
    return {name: found[name] for name in wanted}


def results_of(
    program: Iterable[Step], values: Mapping[str, FloatArray], outputs: Iterable[str]
) -> Iterator[tuple[str, FloatArray]]:
    """Run a straight-line program, giving each output as soon as it is known, while the cache still holds it.

    Each result is freed after its last use.
    """
    known, wanted = dict(values), set(outputs)
    yield from ((name, known[name]) for name in wanted if name in known)
    for step in program:
        known[step.name] = _result_of(step, known)
        if step.name in wanted:
            yield step.name, known[step.name]
        for name in step.frees:
            del known[name]


def _result_of(step: Step, known: Mapping[str, FloatArray]) -> FloatArray:
    """Compute one quantity; what it raises says where it is written."""
    try:
        return step.function(*(known[argument] for argument in step.arguments))
    except FloatingPointError as error:
        raise NotFiniteError(step.name, place_of(step.function), str(error)) from None
    except (InputError, MemoryError):
        raise
    except Exception as error:
        raise InputError(
            f"quantity {step.name!r} ({place_of(step.function)}) fails with {type(error).__name__}: {error}; "
            "write it in NumPy, for arrays of samples, and leave its arguments unchanged"
        ) from error


class NotFiniteError(InputError):
    """A quantity divides by zero, overflows or has no value."""

    def __init__(self, name: str, place: str, why: str) -> None:
        super().__init__(f"quantity {name!r} ({place}) is not finite: {why}; look at the bounds of its inputs")
        self.name = name
