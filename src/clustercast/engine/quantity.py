"""The marker that makes a plain function a quantity of a model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal, TypeVar, get_args

from clustercast.errors import InputError, located, nearest

F = TypeVar("F", bound=Callable[..., object])
Time = Literal["state", "rate"]
Between = Literal["log", "linear", "previous"]


@dataclass(frozen=True)
class quantity:
    """Mark a plain NumPy function as a quantity and return the same function.

    Inside, every number is in coherent units (year, W, USD, H100e, ...); the dataset gives the quantity in `unit`.

    An argument ``previous_x`` is x at the node before, ``previous_year`` the date there, ``lagged_x`` x a time earlier
    that `lags` names. What takes a previous value starts from the quantity or input ``initial_x``, else from `before`.

    Parameters
    ----------
    unit : str
        Unit of the result, as in ``"USD/H100e"``; ``"1"`` for a pure number.
    time : {"state", "rate"}, optional
        Whether the value is a state at the date or an annual rate at the date.
    between : {"log", "linear", "previous"}, optional
        Makes it a node quantity, computed on the nodes of the model and read between them: linearly in the
        logarithm, linearly, or from the node at or before the date.
    before : str or float, optional
        Quantity, or number in coherent units, that gives its values before the first node.
    lags : mapping of str to str, optional
        For each argument ``lagged_x``, x and the input that holds the lag in time.
    increasing, decreasing : iterable of str, optional
        Arguments in which the result never falls, never rises.
    labels : iterable of str, optional
        Meaning of the values 0, 1, 2 ... of a quantity that is an index.
    constants : iterable of float, optional
        Numbers of the code that look like a conversion of units, and are none.
    units_checked : bool, optional
        False leaves the quantity out of the proof of units.
    infinite : bool, optional
        True where infinity is a value, as of a time that never comes; elsewhere it is refused.
    positive : bool, optional
        Whether all values are above 0, so that ``scale="auto"`` is log10. Where nothing is declared, quantities with
        ``between="log"`` or a unit that is no pure number, time or rate are taken to be.
    at_least : str, optional
        Input that the quantity has to lie above; it is refused where more than one sample in 1,000 does not.

    Raises
    ------
    InputError
        If the unit is not a text, as where the parentheses were forgotten, or `time` or `between` is unknown.

    Examples
    --------
    >>> @quantity("W", increasing=["size", "power_per_accelerator"])
    ... def cluster_power(size, power_per_accelerator):
    ...     return size * power_per_accelerator
    >>> cluster_power(2.0, 3.0)
    6.0
    """

    unit: str
    _: KW_ONLY
    time: Time | None = None
    between: Between | None = None
    before: str | float | None = None
    lags: Mapping[str, str] = field(default_factory=dict)
    increasing: Sequence[str] = ()
    decreasing: Sequence[str] = ()
    labels: Sequence[str] = ()
    constants: Sequence[float] = ()
    units_checked: bool = True
    infinite: bool = False
    positive: bool | None = None
    at_least: str = ""

    def __post_init__(self) -> None:
        unit, names = self.unit, ("increasing", "decreasing", "labels")
        if not isinstance(unit, str):
            raise InputError(f"the unit of a quantity is {unit!r}; write @cc.quantity('GW'), or '1' for a pure number")
        for name, allowed in (("time", get_args(Time)), ("between", get_args(Between))):
            value = getattr(self, name)
            if value is not None and value not in allowed:
                choices = f"{nearest(str(value), allowed)}; choose one of {', '.join(map(repr, allowed))}"
                raise InputError(f"{name} is {value!r}{choices}, or leave it out")
        positive = True if self.positive is None and self.between == "log" else self.positive
        vars(self).update({name: tuple(getattr(self, name)) for name in names}, lags=dict(self.lags or {}))
        vars(self).update(constants=tuple(map(float, self.constants)), positive=positive)

    def __call__(self, function: F) -> F:
        """Mark a function, whose unit has to be known."""
        # Imported here, so that the import of the package alone loads neither NumPy nor units.
        from clustercast.engine.fingerprint import called
        from clustercast.engine.units import factor

        with located(called(function)):
            factor(self.unit)
        function.quantity = self  # type: ignore[attr-defined]
        return function


Declaration = quantity


def declaration_of(function: Callable[..., object]) -> Any:
    """Return the `Declaration` that `quantity` attached to a function, or None."""
    result = getattr(function, "quantity", None)
    return result if isinstance(result, Declaration) else None
