"""How the fields of a family of distributions are checked, and faults told in one sentence."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Annotated, TypeVar, cast, dataclass_transform

from pydantic import BeforeValidator, ConfigDict, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from clustercast.errors import InputError, nearest

T = TypeVar("T")


def _real(value: object) -> object:
    """Refuse what is not a number; numbers of NumPy are welcome, truth values are not."""
    if isinstance(value, bool) or not isinstance(value, Real) or math.isnan(value):
        raise InputError("a number is needed")
    return float(value)


def _finite(value: object) -> object:
    """Refuse what is not a finite number."""
    number = _real(value)
    if isinstance(number, float) and not math.isfinite(number):
        raise InputError("a finite number is needed")
    return number


Number = Annotated[float, BeforeValidator(_finite)]
End = Annotated[float, BeforeValidator(_real)]


def refuse_unless_positive(name: str, value: float) -> None:
    """Refuse a parameter that is not positive.

    Parameters
    ----------
    name : str
        The parameter.
    value : float
        What it is.

    Raises
    ------
    InputError
        If it is zero or negative.
    """
    if value <= 0:
        raise InputError(f"{name} = {value:g} must be greater than 0")


def explain(error: ValidationError, family: str, own: Sequence[str], shared: Sequence[str]) -> str:
    """Put the first error of a validation into one sentence.

    Parameters
    ----------
    error : pydantic.ValidationError
        What pydantic found.
    family : str
        The family that was being made.
    own, shared : sequence of str
        The names of its parameters, in order, and of the fields that every family has.

    Returns
    -------
    str
        What is wrong, the value, what is allowed.
    """
    first = error.errors(include_url=False)[0]
    place = [str(part) for part in first["loc"]]
    if place and place[0].isdigit() and int(place[0]) < len(own):
        place[0] = own[int(place[0])]
    name = ".".join(place)
    takes = f"it takes {', '.join(own)} and by keyword {', '.join(shared)}"
    if first["type"] in ("missing", "missing_argument"):
        return f"{family} needs {name}; {takes}"
    if first["type"] == "unexpected_keyword_argument":
        return f"{family} has no key {name!r}{nearest(name, [*own, *shared])}; {takes}"
    if first["type"] in ("unexpected_positional_argument", "multiple_argument_values"):
        return f"{family} got {first['input']!r} too many; {takes}"
    reason = str(first.get("ctx", {}).get("error", first["msg"]))
    return f"{family}: {name} = {first['input']!r}: {reason}" if place else f"{family}: {reason}"


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def distribution_family(made: type[T]) -> type[T]:
    """Make a class a family: a frozen, validated dataclass whose errors are of one kind.

    Parameters
    ----------
    made : type
        The class, with its parameters as annotated fields.

    Returns
    -------
    type
        A pydantic dataclass that raises `InputError` when it is called with bad input.
    """
    checked = pydantic_dataclass(made, frozen=True, repr=False, config=ConfigDict(extra="forbid", strict=False))
    validated: Callable[..., None] = checked.__init__

    def initialise(self: object, *positional: object, **named: object) -> None:
        """Validate the fields."""
        try:
            validated(self, *positional, **named)
        except ValidationError as error:
            fields = {field.name: field for field in dataclasses.fields(checked)}
            family = str(fields.pop("family").default)
            own = [name for name, field in fields.items() if not field.kw_only]
            shared = [name for name, field in fields.items() if field.kw_only]
            raise InputError(explain(error, family, own, shared)) from None

    checked.__init__ = initialise  # type: ignore[method-assign]
    return cast(type[T], checked)
