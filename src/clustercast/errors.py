"""The one exception that bad input raises."""

import difflib
import functools
import inspect
import numbers
import operator
import re
import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

P = typing.ParamSpec("P")
T = typing.TypeVar("T")
# Where the first argument of a function comes from, by its name or its type.
_ORIGINS = tomllib.loads(Path(__file__).with_name("origins.toml").read_text(encoding="utf-8"))
_NUMBERS = {int: numbers.Integral, float: numbers.Real}
_OF_MANY = (Iterable, Sequence, Mapping)
_IN_WORDS: dict[object, str] = {int: "a whole number", float: "a number", str: "a text", bool: "True or False"}
_IN_WORDS |= {types.NoneType: "None", Iterable: "a list", Sequence: "a list", Mapping: "a dict", Callable: "a function"}


class InputError(ValueError):
    """Something the caller gave cannot be used.

    The message is one sentence for a person: what is wrong, the value, what is allowed, the remedy, and where (file
    and key). The command line prints it without a traceback and exits with 2.
    """

    def __str__(self) -> str:
        """Return the message: whatever name or value is in it, one line that prints and that a screen holds."""
        line = " ".join(super().__str__().split("\n"))
        # No name or path has a longer word, and nobody reads a longer message.
        line = re.sub(r"\S{300,}", lambda word: f"{word[0][:60]}... ({len(word[0])} characters)", line)
        line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)
        return line if len(line) <= 3000 else f"{line[:3000]}... ({len(line)} characters)"


def shown(value: object, most: int = 120) -> str:
    """Return a value as a message shows it: its repr in one line, shortened where it is long."""
    try:
        text = repr(value) if isinstance(value, str) else " ".join(repr(value).split())
    except ValueError:
        return f"a whole number of {value.bit_length()} bits"  # type: ignore[attr-defined]
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"


def count_of(number: typing.SupportsIndex, thing: str) -> str:
    """Return a number of things in words: 1 value, 2,048 values, 3 quantities."""
    several = f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
    return f"{number:,} {thing if number == 1 else several}"


def takes(*dims: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator by which a function refuses a first argument of another type, or without some dimensions."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        parameters = inspect.signature(function).parameters
        name, first = next(iter(parameters.items()))
        inner = typed(function)

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> T:
            if "most" in parameters:  # of leading rows that are shown
                whole_number("most", kwargs.get("most", 1))
            if args or name in kwargs:
                _check_first(name, args[0] if args else kwargs[name], first.annotation, dims)
            return inner(*args, **kwargs)

        return checked

    return decorate


def typed(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function so that where it fails, an argument that is not of the stated type is refused."""

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except InputError:
            raise
        except (TypeError, AttributeError, ValueError, LookupError, NotImplementedError):
            signature = inspect.signature(function)
            plain = [p for p in signature.parameters.values() if p.name != "self" and "VAR_" not in p.kind.name]
            check_kinds(signature.bind(*args, **kwargs).arguments, {p.name: p.annotation for p in plain})
            raise

    return checked


def check_kinds(values: Mapping[str, object], kinds: Mapping[str, typing.Any]) -> None:
    """Refuse the first value that is not of its annotated type."""
    for name, value in values.items():
        if name in kinds and not _is_of(value, kinds[name]):
            raise InputError(f"{name} is {shown(value, 60)}; give {_type_in_words(kinds[name])}")


def _check_first(name: str, given: object, annotation: typing.Any, dims: tuple[str, ...]) -> None:
    """Refuse a first argument of another type, or without some dimensions."""
    kind, wrong = _type_in_words(annotation), ""
    if not _is_of(given, annotation):
        wrong = f", {shown(given, 60)}"
    elif lacking := [dim for dim in dims if dim not in getattr(given, "dims", ())]:
        wrong = f" without the dimension {lacking[0]!r}"
    elif empty := [dim for dim in dims if not getattr(given, "sizes", {dim: 1})[dim]]:
        wrong = f" with no {empty[0]}"
    if wrong:
        origin = _ORIGINS.get(name) or _ORIGINS.get(kind.split()[1], "")
        raise InputError(f"{name} is a {type(given).__name__}{wrong}; give {kind} {origin}".rstrip())


def _is_of(value: object, kind: typing.Any) -> bool:
    """Return whether a value is of an annotated type, as far as can be seen."""
    outer, inside = typing.get_origin(kind) or kind, typing.get_args(kind)
    if outer in (typing.Union, types.UnionType):
        return any(_is_of(value, one) for one in inside)
    if outer is typing.Literal:
        return isinstance(value, str) and value in inside
    if outer in _NUMBERS:
        return isinstance(value, _NUMBERS[outer]) and not isinstance(value, bool)
    if not isinstance(outer, type):
        return value is None if outer is None else True
    if outer not in _OF_MANY:
        return isinstance(value, outer)
    # A text is no list of letters, nor an array without a dimension one of anything.
    single = isinstance(value, str | bytes) or getattr(value, "ndim", 1) == 0
    if single or not isinstance(value, outer) or (isinstance(value, Mapping) and outer is not Mapping):
        return False
    keys, parts = (value, value.values()) if isinstance(value, Mapping) else ((), value)
    return all(_is_of(key, inside[0]) for key in keys) and all(_is_of(part, inside[-1]) for part in parts)


def _type_in_words(kind: typing.Any) -> str:
    """Return an annotated type as a message says it."""
    outer, inside = typing.get_origin(kind) or kind, typing.get_args(kind) or getattr(kind, "__constraints__", ())
    if outer in (typing.Union, types.UnionType) or isinstance(kind, typing.TypeVar):
        return " or ".join(dict.fromkeys(_type_in_words(one) for one in inside))
    if outer is typing.Literal:
        return " or ".join(map(repr, inside))
    name = _IN_WORDS.get(outer) or f"a {getattr(outer, '__name__', outer)}"
    name += " with texts as keys" if outer is Mapping and inside[:1] == (str,) and inside[1] is not object else ""
    return f"{name} (each {_type_in_words(inside[-1])})" if outer in _OF_MANY and inside[-1:] != (object,) else name


def nearest(name: str, known: Iterable[str]) -> str:
    """Return which known names are spelt most like `name`."""
    close = difflib.get_close_matches(name, list(known), n=3)
    return f"; nearest known: {', '.join(close)}" if close else ""


@contextmanager
def located(where: str) -> Iterator[None]:
    """Begin the message of a fault with the place of it."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def whole_number(what: str, value: object, least: int = 1, most: int | None = None) -> int:
    """Return a count as a Python integer, refused unless it is a whole number from `least` to `most`."""
    # By operator.index: it takes NumPy's integers too, without an import of NumPy; a truth value is no count.
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        allowed = f"of {least} or more" if most is None else f"from {least} to {most:,}"
        raise InputError(f"{what} is {shown(value, 40)}; give a whole number {allowed}")
    return number
