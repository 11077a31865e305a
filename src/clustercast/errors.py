"""The one exception that bad input raises."""

import difflib
import operator
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class InputError(ValueError):
    """Something the caller gave cannot be used.

    The message is one sentence for a person: what is wrong, the value, what is allowed, the remedy, and where (file
    and key). The command line prints it without a traceback and exits with 2.
    """


def nearest(name: str, known: Iterable[str]) -> str:
    """Return which known names are spelt most like `name`.

    >>> nearest("cluster_grwth_rate", ["cluster_growth_rate", "load_factor"])
    '; nearest known: cluster_growth_rate'
    """
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
    """Return a count as a Python integer, refused unless it is a whole number from `least` to `most`.

    >>> whole_number("size", 8)
    8
    """
    # By operator.index: it takes NumPy's integers too, without an import of NumPy; a truth value is no count.
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        shown = repr(value)
        shown = shown if len(shown) <= 40 else f"{shown[:30]}... ({len(shown)} characters)"
        allowed = f"of {least} or more" if most is None else f"from {least} to {most:,}"
        raise InputError(f"{what} is {shown}; give a whole number {allowed}")
    return number
