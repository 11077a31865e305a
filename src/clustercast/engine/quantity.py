"""The marker that makes a plain function a quantity of a model."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from clustercast.errors import InputError

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True)
class Declaration:
    """What a quantity says of itself beside its code.

    Attributes
    ----------
    unit : str
        Unit in which the dataset gives the quantity; inside, every number is in
        coherent units.
    increasing, decreasing : tuple of str
        Arguments in which the quantity never falls, never rises, on the support
        of the shipped priors.
    labels : tuple of str
        For an index (a quantity that counts 0, 1, 2 ...), what each value means.
    """

    unit: str
    increasing: tuple[str, ...] = ()
    decreasing: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def quantity(
    unit: str,
    *,
    increasing: Iterable[str] = (),
    decreasing: Iterable[str] = (),
    labels: Iterable[str] = (),
) -> Callable[[F], F]:
    """Mark a plain NumPy function as a quantity and return the same function.

    Parameters
    ----------
    unit : str
        Unit of the result, as in ``"USD/H100e"``; ``"1"`` for a pure number.
    increasing, decreasing : iterable of str, optional
        Arguments in which the result never falls, never rises.
    labels : iterable of str, optional
        Meaning of the values 0, 1, 2 ... of a quantity that is an index.

    Returns
    -------
    callable
        The decorator; it returns the very function it is given.

    Raises
    ------
    InputError
        If the unit is not a text, as where the parentheses were forgotten.

    Examples
    --------
    >>> @quantity("W", increasing=["size", "power_per_accelerator"])
    ... def cluster_power(size, power_per_accelerator):
    ...     return size * power_per_accelerator
    >>> cluster_power(2.0, 3.0)
    6.0
    """
    if not isinstance(unit, str):
        raise InputError(f"the unit of a quantity is {unit!r}; write @cc.quantity('GW'), or '1' for a pure number")
    declaration = Declaration(unit, tuple(increasing), tuple(decreasing), tuple(labels))

    def mark(function: F) -> F:
        function.quantity = declaration  # type: ignore[attr-defined]
        return function

    return mark


def declaration_of(function: Callable[..., object]) -> Declaration | None:
    """Return what `quantity` attached to a function, or None."""
    found = getattr(function, "quantity", None)
    return found if isinstance(found, Declaration) else None
