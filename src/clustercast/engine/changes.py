"""Growth that changes from a date on: an input ``NAME_from_2028`` takes the place of NAME from 2028.0.

What has grown by the date stays: a quantity that grows with the year goes on from its level at the date with the new
rate, ``x(t) = x_old(T) x_new(t) / x_new(T)``, and a step from node to node takes the new rate from the date on.
"""

import inspect
import re
from collections.abc import Iterable

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.engine.fingerprint import called
from clustercast.engine.model import Model
from clustercast.engine.quantity import declaration_of
from clustercast.engine.wiring import PREVIOUS_YEAR, YEAR, Function, argument_names, constant
from clustercast.errors import InputError

_CHANGE = re.compile(r"^(?P<name>.+)_from_(?P<year>\d{4})(?:_(?P<part>\d+))?$")


def change_name(name: str, year: float) -> str:
    """Return the name of the input that takes the place of another from a date on.

    >>> change_name("growth", 2028.0), change_name("growth", 2028.5)
    ('growth_from_2028', 'growth_from_2028_5')
    """
    return f"{name}_from_{year:g}".replace(".", "_")


def change_of(name: str) -> tuple[str, float] | None:
    """Return the input that a change belongs to and its date, or None for any other name.

    >>> change_of("growth_from_2028_5"), change_of("growth")
    (('growth', 2028.5), None)
    """
    found = _CHANGE.match(name)
    return (found["name"], float(f"{found['year']}.{found['part'] or 0}")) if found else None


def with_changes(model: Model, names: Iterable[str]) -> Model:
    """Return a model in which inputs change where a change of them is given; the model itself where none is."""
    inputs = set(model.inputs())
    found = [(name, change_of(name)) for name in names if name not in inputs]
    changes = [(name, *change) for name, change in found if change and change[0] in inputs]
    for later, name, date in sorted(changes, key=lambda change: change[2]):
        dated = constant(f"{later}_date", date, "year")
        users = [_spliced(model, model.functions[user], name, later, dated.__name__) for user in model.users(name)]
        model = model.replace(*users).add(dated)
    return model


def _spliced(model: Model, function: Function, name: str, later: str, dated: str) -> Function:
    """Return a function that takes the new value of an input from the date on."""
    parameters = argument_names(function)
    place, steps = parameters.index(name), PREVIOUS_YEAR in parameters
    moves = any(_varies(model, other) for other in parameters if other not in (YEAR, PREVIOUS_YEAR, name))
    if not steps and YEAR not in parameters:
        return function
    if not steps and moves:
        raise InputError(
            f"{name!r} cannot change from a date on: {called(function)} takes it together with quantities that vary "
            "with the year; change it for all years"
        )
    year = parameters.index(PREVIOUS_YEAR if steps else YEAR)

    def step(*arguments: FloatArray) -> FloatArray:
        *given, new, change = arguments
        return function(*given[:place], np.where(given[year] >= change, new, given[place]), *given[place + 1 :])

    def splice(*arguments: FloatArray) -> FloatArray:
        *given, new, change = arguments
        at_change = [change if position == year else value for position, value in enumerate(given)]
        level = function(*at_change) / function(*at_change[:place], new, *at_change[place + 1 :])
        after = level * function(*given[:place], new, *given[place + 1 :])
        return np.where(given[year] <= change, function(*given), after)

    made = step if steps else splice
    names = [inspect.Parameter(each, inspect.Parameter.POSITIONAL_OR_KEYWORD) for each in (*parameters, later, dated)]
    made.__signature__ = inspect.Signature(names)  # type: ignore[attr-defined]
    made.__name__, made.__doc__ = function.__name__, function.__doc__
    made.quantity = declaration_of(function)  # type: ignore[attr-defined]
    return made


def _varies(model: Model, name: str) -> bool:
    """Return whether an argument depends on the date."""
    if name.startswith(("previous_", "lagged_")):
        return True
    if name not in model:
        return False
    definitions = [model.definition(each) for each in model.order([name])]
    return any(need.name in (YEAR, PREVIOUS_YEAR) or need.kind != "now" for d in definitions for need in d.needs)
