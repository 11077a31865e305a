"""How a family is made of its fields: converted to their types, and a fault explained in one sentence."""

import dataclasses
import functools
import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any, TypeVar, dataclass_transform

from clustercast.arrays import FloatArray
from clustercast.errors import InputError, count_of, located, nearest, shown

T = TypeVar("T")
# Documented with the parameters of every family, before what follows them.
_SHARED = r"\n\1unit, bounds, source, as_of, note, judgement : optional\n\1    Keywords of every `Family`.\n\n\1\2\n"


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def distribution_family(family: str, **facts: object) -> Callable[[type[T]], type[T]]:
    """Return a decorator that makes a class a frozen dataclass, its name and other facts class variables."""

    def decorate(plain: type[T]) -> type[T]:
        for key, fact in {"family": family, **facts}.items():
            setattr(plain, key, fact)
        made = dataclasses.dataclass(frozen=True, repr=False)(plain)
        made.__doc__ = re.sub(r"\n\n( *)(References|Examples)\n", _SHARED, made.__doc__ or "", count=1)
        initialise: Callable[..., None] = made.__init__

        @functools.wraps(initialise)
        def checked(self: Any, *given: object, **named: object) -> None:
            try:
                initialise(self, *given, **named)
            except TypeError:
                try:
                    inspect.signature(initialise).bind(self, *given, **named)
                except TypeError as error:
                    own, shared = ([f.name for f in dataclasses.fields(self) if f.kw_only is k] for k in (False, True))
                    close = "".join(nearest(name, [*own, *shared]) for name in named if name not in (*own, *shared))
                    takes = f"it takes {', '.join(own)} and by keyword {', '.join(shared)}"
                    raise InputError(f"{family}: {error}{close}; {takes}") from None
                raise

        made.__init__ = checked  # type: ignore[method-assign]
        return made

    return decorate


def converted(name: str, value: object, kind: object, infinite: bool) -> object:
    """Return the value of a field as its type wants it; fields of other types than numbers and texts as they are."""
    if kind is float:
        return number_of(name, value, infinite)
    if kind == tuple[float, ...] or (name == "bounds" and value is not None):
        if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
            raise InputError(f"{name} = {value!r}: a row of numbers is needed")
        row = tuple(number_of(f"{name}.{place}", item, infinite) for place, item in enumerate(value))
        if name == "bounds" and len(row) != 2:
            raise InputError(f"{name} = {value!r}: two numbers are needed, the lower first")
        return row
    if kind is str and not isinstance(value, str):
        raise InputError(f"{name} = {value!r}: a text is needed")
    return value


def number_of(name: str, value: object, infinite: bool = False) -> float:
    """Return a number; numbers of NumPy are welcome, truth values are not."""
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, Real) else float(value)
    except OverflowError:
        raise InputError(f"{name} is beyond 1e308, the greatest number there is here") from None
    if math.isnan(number) or (math.isinf(number) and not infinite):
        raise InputError(f"{name} = {value!r}: a {'' if math.isnan(number) else 'finite '}number is needed")
    return number


def checked_bounds(family: str, levels: FloatArray, values: FloatArray, bounds: object) -> tuple[float, float]:
    """Return bounds, refused where they are not two numbers, are reversed or leave out a quantile."""
    row = tuple(bounds) if isinstance(bounds, Iterable) and not isinstance(bounds, Mapping) else ()
    if len(row) != 2 or not all(isinstance(end, Real) for end in row):
        raise InputError(f"{family}: bounds are {shown(bounds)}; give two numbers, infinite where there is no end")
    with located(family):
        low, high = (number_of("bound", end, infinite=True) for end in row)
    if not low < high:
        raise InputError(f"{family}: bounds [{low:g}, {high:g}] are reversed or empty; give the lower first")
    for level, value in zip(levels, values, strict=True):
        if not low < value < high:
            what = f"{family}: bounds [{low:g}, {high:g}] exclude the quantile {value:g} at {level:g}"
            raise InputError(f"{what}; widen the bounds or move the quantile strictly inside them")
    return low, high


def refuse_unless_rising(low: float, high: float) -> None:
    """Refuse ends that are reversed or equal."""
    if not low < high:
        raise InputError(f'low = {low:g} must be below high = {high:g}; for one value use family = "fixed"')


def refuse_unless_weights(weights: tuple[float, ...], parts: tuple[object, ...], what: str) -> None:
    """Refuse weights that are not one for each part, are negative or do not sum to 1."""
    if not parts or len(parts) != len(weights):
        raise InputError(f"{count_of(len(parts), what)} and {count_of(len(weights), 'weight')}; give each {what} one")
    if min(weights) < 0:
        raise InputError(f"weight {min(weights):g} is negative; weights are probabilities")
    total = math.fsum(weights)
    if abs(total - 1) > 1e-9:
        raise InputError(f"weights sum to {total:.12g}; they must sum to 1")
