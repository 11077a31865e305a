"""Units: one pint registry, coherent inside, converted at the two doors.

The base dimensions are those of the build-out, not of mechanics: time, power,
currency, compute capacity (H100e), operations (FLOP), chips, wafers, gas and a
few things that are counted. The coherent unit of each is its reference unit
(year, W, USD, H100e, FLOP, chip, wafer, ft3, ...), so that a product of
coherent numbers is a coherent number. A year has 8,760 hours.
"""

import functools
import re
from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np

from clustercast.errors import InputError, nearest

if TYPE_CHECKING:
    import pint

_REFERENCE_UNITS = {
    "year": "time",
    "W": "power",
    "USD": "currency",
    "H100e": "capacity",
    "FLOP": "operations",
    "chip": "chips",
    "wafer": "wafers",
    "ft3": "gas",
    "well": "wells",
    "rig": "rigs",
    "fab": "fabs",
    "subscriber": "subscribers",
    "home": "homes",
    "country": "countries",
}

_PREFIXES = {"k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18, "m": -3}

_DERIVED_UNITS = """
OOM = []
radian = []
percent = 0.01 = %
month = year / 12
day = year / 365
week = 7 * day
hour = day / 24 = h
minute = hour / 60
second = minute / 60 = s
Wh = W * hour
Btu = Wh / 3.412
cf = ft3
Bcf = 1e9 * ft3
"""

_MONEY = re.compile(r"^\s*\$\s*([-+\d.,_eE]+)\s*(k|M|B|T)?\s*(.*)$")
_MONEY_MULTIPLES = {None: 1.0, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_NUMBER = re.compile(r"^\s*([-+]?(?:\d[\d,_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)$")


@functools.cache
def registry() -> "pint.UnitRegistry[Any]":
    """Return the one pint registry, made at the first call."""
    import pint

    made: pint.UnitRegistry[Any] = pint.UnitRegistry(None, force_ndarray_like=False, autoconvert_to_preferred=False)
    for prefix, power in _PREFIXES.items():
        made.define(f"{prefix}- = 1e{power}")
    for unit, dimension in _REFERENCE_UNITS.items():
        made.define(f"{unit} = [{dimension}]")
    for line in _DERIVED_UNITS.strip().splitlines():
        made.define(line)
    return made


@functools.cache
def _parsed(unit: str) -> "tuple[float, pint.util.UnitsContainer]":
    """Return the factor to the coherent unit and the dimensions of a unit."""
    import pint

    if unit.strip() in ("", "1"):
        unit = "dimensionless"
    try:
        found = registry().parse_units(unit)
    except pint.UndefinedUnitError as error:
        name = str(error.unit_names if isinstance(error.unit_names, str) else error.unit_names[0])
        known = [*_REFERENCE_UNITS, *re.findall(r"^(\w+)", _DERIVED_UNITS, re.MULTILINE)]
        raise InputError(
            f"unknown unit {name!r} in {unit!r}{nearest(name, known)}; "
            f"units are products of {', '.join(known)}, with SI prefixes"
        ) from None
    except Exception:
        raise InputError(f"cannot read {unit!r} as a unit; write it as in 'USD/H100e', 'TWh/year' or '1'") from None
    one = registry().Quantity(1.0, found).to_base_units()
    return float(one.magnitude), found.dimensionality


def factor(unit: str) -> float:
    """Return how many coherent units one `unit` is.

    Parameters
    ----------
    unit : str
        A unit, as in ``"GW"``; ``"1"`` for a pure number.

    Returns
    -------
    float
        Numbers in `unit` times this are in coherent units.

    Raises
    ------
    InputError
        If the unit is not known.

    Examples
    --------
    >>> factor("GW"), factor("1"), round(1e9 / factor("TWh/year"), 6)
    (1000000000.0, 1.0, 8.76)
    """
    return _parsed(unit)[0]


def same_dimension(unit: str, other: str) -> bool:
    """Say whether two units measure the same thing.

    Examples
    --------
    >>> same_dimension("TWh/year", "GW"), same_dimension("USD", "W")
    (True, False)
    """
    return bool(_parsed(unit)[1] == _parsed(other)[1])


def conversion(unit: str, to: str, what: str = "value") -> float:
    """Return the factor from one unit to another of the same dimension.

    Parameters
    ----------
    unit, to : str
        Units of the same dimension.
    what : str, optional
        What is converted, for the message.

    Returns
    -------
    float
        Numbers in `unit` times this are in `to`.

    Raises
    ------
    InputError
        If the two do not measure the same thing.

    Examples
    --------
    >>> conversion("month", "year") * 6
    0.5
    """
    if not same_dimension(unit, to):
        raise InputError(f"{what} is in {unit!r}, which does not convert to {to!r}; give it in a unit like {to!r}")
    return factor(unit) / factor(to)


def parse_quantity(text: str) -> tuple[float, str]:
    """Read a number with its unit.

    Parameters
    ----------
    text : str
        As in ``"100 GW"``, ``"20 %"``, ``"$1T"`` or ``"$2.5B/year"`` (k, M, B, T are
        thousand, million, billion, trillion dollars), ``"0.3"``.

    Returns
    -------
    value : float
    unit : str
        ``"1"`` where the text has none.

    Raises
    ------
    InputError
        If the text is not a number with a known unit.

    Examples
    --------
    >>> parse_quantity("100 GW")
    (100.0, 'GW')
    >>> parse_quantity("$1T"), parse_quantity("$2.5B/year")
    ((1000000000000.0, 'USD'), (2500000000.0, 'USD/year'))
    """
    money = _MONEY.match(text)
    found = money or _NUMBER.match(text)
    remedy = "write a number and a unit, as in '100 GW', '20 %' or '$1T'"
    if not found:
        raise InputError(f"cannot read {text!r} as a quantity; {remedy}")
    try:
        value = float(found[1].replace(",", "").replace("_", ""))
    except ValueError:
        raise InputError(f"cannot read {found[1]!r} in {text!r} as a number; {remedy}") from None
    if money:
        value, unit = value * _MONEY_MULTIPLES[money[2]], "USD" + money[3].strip()
    else:
        unit = found[2].strip() or "1"
    factor(unit)
    return value, unit


def in_unit(value: "str | float", unit: str, what: str = "value") -> float:
    """Return a quantity as a number in `unit`.

    Parameters
    ----------
    value : str or float
        A text such as ``"100 GW"``, or a number that is taken to be in `unit`.
    unit : str
        The unit of the result.
    what : str, optional
        What is converted, for the message.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If the text cannot be read or measures something else.

    Examples
    --------
    >>> in_unit("100 GW", "W"), in_unit("$1T", "USD"), in_unit("20 %", "1")
    (100000000000.0, 1000000000000.0, 0.2)
    """
    if not isinstance(value, str):
        if isinstance(value, bool) or np.ndim(value) or not isinstance(value, SupportsFloat):
            raise InputError(f"{what} is {value!r}; give a number in {unit!r}, or a text such as '100 GW' or '$1T'")
        return float(value)
    number, given = parse_quantity(value)
    return number * conversion(given, unit, f"{what} {value!r}")
