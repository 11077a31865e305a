"""Units and rows are proved once: every quantity is run plain, with pint, and on one row alone."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.model import YEAR, Model
from clustercast.engine.source import numbers_in, place_of
from clustercast.engine.units import factor, registry, same_base
from clustercast.errors import InputError

FloatArray = NDArray[np.float64]
Arguments = Mapping[str, tuple[FloatArray, str]]

# Numbers that stand in a formula only to convert units, by a word of the units that call for them.
_THOUSANDS = tuple(10.0 ** (3 * power) for power in (-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6))
_HOURS = (8760.0, 8766.0, 8784.0, 365.0, 365.25, 3600.0, 86400.0, 31536000.0, 31557600.0)
_BY_WORD = (
    ("percent", (100.0, 0.01)),
    ("%", (100.0, 0.01)),
    ("month", (12.0,)),
    ("week", (7.0, 52.0)),
    ("day", (24.0,)),
    ("hour", (24.0,)),
    ("Wh", (24.0,)),
    ("minute", (60.0,)),
    ("second", (60.0,)),
    ("Btu", (3412.0, 3.412)),
)


def check_units(
    model: Model,
    values: Mapping[str, FloatArray],
    units: Mapping[str, str],
    outputs: Iterable[str] | None = None,
) -> dict[str, int]:
    """Run every needed quantity plain and with units, and compare the numbers.

    The plain run uses coherent numbers, as `propagate` does. The run with pint
    gives every argument in a unit that is *not* coherent (256 years for years, GW for
    W, percent for pure numbers), so that a function which drops, assumes or mixes
    units gives another number, not only another dimension. A conversion that is written out
    (W / 1e9 for GW) gives the same numbers in both; it is found in the code. A run on the first
    row alone shows a function that mixes samples.

    Parameters
    ----------
    model : Model
    values : mapping of str to array
        Coherent inputs, shape ``(3,)`` or ``()``, and ``year``, shape ``(years, 1)``.
    units : mapping of str to str
        Unit of each input.
    outputs : iterable of str, optional
        Quantities asked for; the headline ones by default.

    Returns
    -------
    dict of str to int
        Number of dimensions of each quantity's result: 2 with years, else 1 or 0.

    Raises
    ------
    InputError
        If a quantity does not have the unit it declares, its numbers change with the unit of
        its arguments, it converts units itself, mixes samples, or has another shape than years
        and samples give; it says where the function is written.
    """
    known = dict(values)
    declared = {**units, YEAR: "year"}
    dimensions = {}
    for step in model.program(outputs):
        declared[step.name] = _checked_unit(step.name, step.function, model.unit(step.name))
        arguments = {a: (known[a], declared[a]) for a in step.arguments}
        known[step.name] = _plain(step.name, step.function, [known[a] for a in step.arguments])
        dimensions[step.name] = known[step.name].ndim
        if arguments:
            _check_rows(step.name, step.function, arguments, known[step.name])
            _check_numbers(step.name, step.function, arguments, declared[step.name])
            _check_one(step.name, step.function, arguments, known[step.name], declared[step.name])
    return dimensions


def _checked_unit(name: str, function: Any, unit: str) -> str:
    """Return the declared unit, refused with the quantity's name where it is not known."""
    try:
        factor(unit)
    except InputError as error:
        raise InputError(f"quantity {name!r} ({place_of(function)}): {error}") from None
    return unit


def _plain(name: str, function: Any, arguments: list[FloatArray]) -> FloatArray:
    """Run a quantity on coherent numbers that it cannot change."""
    kept = [np.array(argument) for argument in arguments]
    result = np.asarray(function(*arguments))
    for argument, before in zip(arguments, kept, strict=True):
        if not np.array_equal(argument, before, equal_nan=True):
            raise InputError(
                f"quantity {name!r} ({place_of(function)}) changes its argument; write a = a * 2, not a *= 2"
            )
    if result.dtype.kind not in "fiub":
        raise InputError(
            f"quantity {name!r} ({place_of(function)}) returns values of type {str(result.dtype)!r}; "
            "return an array of real numbers"
        )
    return result.astype(np.float64)


def _check_rows(name: str, function: Any, arguments: Arguments, plain: FloatArray) -> None:
    """Compare the first sample of a quantity with what it gives for that sample alone."""
    samples = max((value.shape[-1] for a, (value, _) in arguments.items() if a != YEAR and value.ndim), default=1)
    years = arguments[YEAR][0].shape[0] if YEAR in arguments else 0
    years = max([years, *(value.shape[0] for value, _ in arguments.values() if value.ndim == 2)])
    allowed = {(), (1,), (samples,)} | {(y, s) for y in (1, years) for s in (1, samples)}
    alone = [value if a == YEAR else value[..., :1] if value.ndim else value for a, (value, _) in arguments.items()]
    first = np.asarray(function(*alone), dtype=np.float64)
    expected = plain[..., :1] if plain.ndim else plain
    if plain.shape not in allowed:
        reason = f"has shape {plain.shape} for {years} years and {samples} samples"
    elif first.shape not in ((), expected.shape):
        reason = f"has shape {first.shape} for one sample, where {expected.shape} is expected"
    elif not np.allclose(first, expected, rtol=1e-12, atol=0, equal_nan=True):
        reason = f"mixes samples: {_first(plain)} for the first of {samples} samples, {_first(first)} for it alone"
    else:
        return
    raise InputError(
        f"quantity {name!r} ({place_of(function)}) {reason}; each sample must stand alone, with year on the first axis "
        "and sample on the last, as (year, sample) or (sample,)"
    )


def _check_numbers(name: str, function: Any, arguments: Arguments, unit: str) -> None:
    """Refuse a number in the code that converts units, where there are units."""
    units = [unit, *(u for _, u in arguments.values())]
    if all(u == "1" for u in units):
        return
    called = [number for word, numbers in _BY_WORD if any(word in u for u in units) for number in numbers]
    suspects = np.array([*_THOUSANDS, *_HOURS, *called])
    for number in numbers_in(function):
        if np.isclose(abs(number), suspects, rtol=1e-12, atol=0).any():
            raise InputError(
                f"quantity {name!r} ({place_of(function)}) converts units with the number {number:g}; inside, every "
                f"number is in coherent units (W, year, USD, ...) and is given out in {unit!r} by itself: leave the "
                "number out, or, if it says something about the world, make it an input"
            )


def _check_one(name: str, function: Any, arguments: Arguments, plain: FloatArray, unit: str) -> None:
    """Compare one quantity's plain numbers with those it gives for arguments with units."""
    place = place_of(function)
    told = ", ".join(f"{a} [{u}]" for a, (_, u) in arguments.items())
    try:
        result = function(*(_odd(value, argument_unit) for value, argument_unit in arguments.values()))
    except Exception as error:
        raise InputError(
            f"quantity {name!r} ({place}) does not hold its units: {error} (its arguments: {told}); "
            "correct the unit of an argument or the formula"
        ) from None
    result = registry().Quantity(result)
    if not same_base(f"{result.to_base_units().units}", unit):
        raise InputError(
            f"quantity {name!r} ({place}) declares {unit!r} but its arguments ({told}) give "
            f"'{result.to_base_units().units}'; correct the declared unit, an argument's unit or the formula"
        )
    numbers = np.asarray(result.to_base_units().magnitude, dtype=np.float64)
    if not np.allclose(numbers, plain, rtol=1e-9, atol=0, equal_nan=True):
        raise InputError(
            f"quantity {name!r} ({place}) gives other numbers when its arguments ({told}) come in other units: "
            f"{_first(numbers)} instead of {_first(plain)} in the coherent unit of {unit!r}; "
            "it drops a unit or contains a conversion (inside, every number is in coherent units)"
        )


@functools.cache
def _define_odd_year() -> None:
    """Add a power of two of years: dates stay exact, so that a path begins in the same year in both runs."""
    registry().define("odd_year = 256 * year")


@functools.cache
def _odd_unit(unit: str) -> tuple[str, float]:
    """Return a unit of the same dimension that is not coherent, and its factor."""
    if same_base(unit, "1"):
        return "percent", factor("percent")
    _define_odd_year()
    parts = {"year": "odd_year", "W": "GW", "USD": "kUSD", "H100e": "MH100e"}
    base = str(registry().Quantity(1.0, registry().parse_units(unit)).to_base_units().units)
    odd = " ".join(parts.get(word, word) for word in base.split(" "))
    return odd, factor(odd)


def _odd(value: FloatArray, unit: str) -> Any:
    """Return coherent numbers as a pint quantity in a unit that is not coherent."""
    odd, size = _odd_unit(unit)
    return registry().Quantity(np.asarray(value) / size, odd)


def _first(values: FloatArray) -> str:
    """Return the first number of an array, for a message."""
    return f"{np.asarray(values).reshape(-1)[0]:.6g}"
