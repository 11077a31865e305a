"""Units are proved once: every quantity is run plain and with pint on three rows."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustercast.errors import InputError
from clustercast.model import YEAR, Model, place_of
from clustercast.units import factor, registry, same_dimension

FloatArray = NDArray[np.float64]


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
    units gives another number, not only another dimension.

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
        If a quantity does not have the unit it declares, or its numbers change with
        the unit of its arguments; it says where the function is written.
    """
    known = dict(values)
    declared = {**units, YEAR: "year"}
    dimensions = {}
    for step in model.program(outputs):
        known[step.name] = np.asarray(step.function(*(known[a] for a in step.arguments)), dtype=np.float64)
        declared[step.name] = model.unit(step.name)
        dimensions[step.name] = known[step.name].ndim
        arguments = {a: (known[a], declared[a]) for a in step.arguments}
        _check_one(step.name, step.function, arguments, known[step.name], declared[step.name])
    return dimensions


def _check_one(
    name: str, function: Any, arguments: Mapping[str, tuple[FloatArray, str]], plain: FloatArray, unit: str
) -> None:
    """Compare one quantity's plain numbers with those it gives for arguments with units."""
    place = place_of(function)
    told = ", ".join(f"{a} [{u}]" for a, (_, u) in arguments.items()) or "nothing"
    try:
        result = function(*(_odd(value, argument_unit) for value, argument_unit in arguments.values()))
    except Exception as error:
        raise InputError(
            f"quantity {name!r} ({place}) does not hold its units: {error} (its arguments: {told}); "
            "correct the unit of an argument or the formula"
        ) from None
    result = registry().Quantity(result)
    if not same_dimension(f"{result.to_base_units().units}", unit):
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
    if same_dimension(unit, "1"):
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
