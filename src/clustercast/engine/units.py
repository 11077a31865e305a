"""Units, coherent inside, converted where numbers come in and go out; ``units.txt`` lists them in pint's format."""

import functools
import math
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from clustercast.errors import InputError, nearest, shown, typed

if TYPE_CHECKING:
    import pint

# The definitions, a line each: of prefixes, of reference units, and of others.
_LINES = re.findall(r"^[^#\n].*$", Path(__file__).with_name("units.txt").read_text(encoding="utf-8"), re.MULTILINE)
LONGEST_UNIT = 200
_DEFINING = threading.RLock()
_POWERED = r"(?:[A-Za-z]\w*|%)(?:\*\*\d\.?\d?)?"
_PRODUCT = re.compile(rf"1|(?:1\s*/\s*)?{_POWERED}(?:\s*[*/ ]\s*{_POWERED})*", re.ASCII)
_TERM = re.compile(r"([*/]?)\s*([A-Za-z]\w*|%|\d[\d.]*(?:e[-+]?\d+)?)(?:\*\*(-?[\d.]+))?", re.ASCII)
_NAME = re.compile(r"[A-Za-z]\w{0,39}", re.ASCII)
# A second power is read with the number before it, so that the number after it is none.
_UNIT_NUMBER = re.compile(r"(?P<power>(?:\*\*|\^)\s*[-+]?\s*)?(?<![\w.])(?P<number>\d[\w.]*)(?:\s*(?:\*\*|\^))?")
_CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP"}
_MONEY = re.compile(r"\s*([$€£])\s*([-+.,\w]*?)\s*(k|M|B|T)?\s*((?:[/*]|per\b).*)?", re.DOTALL)
_MONEY_MULTIPLES = {None: 1.0, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_NUMBER = re.compile(r"\s*([-+]?(?:\d[\d.,_]*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)", re.ASCII | re.DOTALL)
_GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?(?:[eE][-+]?\d+)?", re.ASCII)
_REMEDY = "write a number and a unit, as in '100 GW', '20 %' or '$1T'"
# Units of one's own, with what they are in others.
own_units: dict[str, str] = {}


class _Unit(NamedTuple):
    """A unit that was read: its size in coherent units, its powers of reference units and its power of OOM."""

    factor: float
    dimensions: Mapping[str, float]
    decades: float


def _terms(text: str) -> tuple[float, dict[str, float]]:
    """Return the number and the powers of names in a product."""
    scale, powers = 1.0, dict[str, float]()
    for operator, word, power in _TERM.findall(text):
        if word[0].isdigit():
            scale = scale / float(word) if operator == "/" else scale * float(word)
        else:
            # What has cancelled and comes again comes last, as pint has it: the order decides the last bit.
            before = powers.get(word) or powers.pop(word, 0.0)
            powers[word] = before + float(power or 1) * (-1 if operator == "/" else 1)
    return scale, powers


@functools.cache
def definitions() -> dict[str, str]:
    """Return what each unit and each "prefix-" is in others; an alias is its unit, a reference unit "[...]"."""
    result = dict[str, str]()
    for name, meaning, *aliases in (line.split(" = ") for line in _LINES):
        result |= {name: meaning} | dict.fromkeys(set(aliases) - {"_"}, name)
    return result


def _meaning(word: str) -> str:
    """Return what a unit, alone or with a prefix, is in other units, or nothing for no unit."""
    known = definitions() | own_units
    prefix = known.get(f"{word[0]}-")
    return known.get(word) or (f"{prefix} * {word[1:]}" if prefix and word[1:] in known else "")


def _reduced(powers: Mapping[str, float], exponent: float = 1.0) -> Iterator[tuple[str | float, float]]:
    """Yield the reference units that a product of units comes to, and the numbers in it, each with its power."""
    for word, power in powers.items():
        if (meaning := _meaning(word)).startswith("["):
            yield word, power * exponent
        else:
            scale, inner = _terms(meaning)
            yield scale, power * exponent
            yield from _reduced(inner, power * exponent)


def read_product(unit: str) -> dict[str, float] | None:
    """Return the powers of reference units, and under "" the size, of a plain product, without pint; None of others."""
    if len(unit) > LONGEST_UNIT or not _PRODUCT.fullmatch(unit):
        return None
    words = _terms(unit)[1]
    if not all(map(_meaning, words)):
        return None
    bases, over, under = dict[str, float](), dict[float, float](), dict[float, float]()
    for what, power in _reduced({word: power for word, power in words.items() if power}):
        if isinstance(what, str):
            bases[what] = bases.get(what, 0.0) + power
        elif power > 0:
            over[what] = over.get(what, 0.0) + power
        else:
            under[what] = under.get(what, 0.0) - power
    sizes = [scale ** max(power - under.get(scale, 0.0), 0.0) for scale, power in over.items()]
    sizes += [scale ** -max(power - over.get(scale, 0.0), 0.0) for scale, power in under.items()]
    return {**bases, "": math.prod(sizes, start=1.0)}


def registry() -> "pint.UnitRegistry[Any]":
    """Return the one pint registry, made at the first call, by one thread."""
    with _DEFINING:
        return _registry()


@functools.cache
def _registry() -> "pint.UnitRegistry[Any]":
    """Return a pint registry of all units, those of one's own too."""
    import pint

    made: pint.UnitRegistry[Any] = pint.UnitRegistry(None)
    for line in (*_LINES, *map(" = ".join, own_units.items())):
        made.define(line)
    return made


@typed
def define_unit(name: str, definition: str | None = None) -> None:
    """Define a unit of one's own, before priors and quantities use it.

    Parameters
    ----------
    name : str
        Letters, digits and underscores, as ``"wafer_layer"``. Prefixes (k, M, G, T, P, E, m) then work with it.
    definition : str, optional
        How large it is, as ``"132 kW"``; without it the unit counts something of its own and converts to nothing.

    Raises
    ------
    InputError
        If the name is no name or is taken, or the definition is not a positive number with a known unit.

    Examples
    --------
    >>> cc.define_unit("wafer_layer")
    >>> cc.define_unit("rack", "132 kW")
    >>> cc.Fixed(2, unit="wafer_layer/rack").unit
    'wafer_layer/rack'
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(f"the name of a unit is {shown(name)}; use 1 to 40 letters, digits and underscores")
    meaning = f"[{name}]"
    if definition is not None:
        value, unit = parse_quantity(definition)
        if not value > 0:
            raise InputError(f"unit {name!r} is defined as {definition!r}; its size must be above zero")
        powers = {**parsed(unit).dimensions, "OOM": parsed(unit).decades}
        terms = [f"{base}**{power:g}" for base, power in powers.items() if power]
        meaning = " * ".join([repr(value * factor(unit)), *terms])
    _define(name, meaning)


def _define(name: str, meaning: str) -> None:
    """Define a unit, once, whichever of the threads of a worker comes first."""
    with _DEFINING:
        if own_units.get(name) == meaning:
            return
        if name in registry():
            here = f", as {own_units[name]}" if name in own_units else ""
            raise InputError(f"there is a unit {name!r} already{here}; choose another name")
        registry().define(f"{name} = {meaning}")
        own_units[name] = meaning


class OwnUnits:
    """The units that were defined here; wherever it is unpickled, they are known from then on."""

    def __getstate__(self) -> dict[str, str]:
        return dict(own_units)

    def __setstate__(self, units: Mapping[str, str]) -> None:
        for name, meaning in units.items():
            _define(name, meaning)


@functools.cache
def parsed(unit: str) -> _Unit:
    """Return a unit as it was read, refused with the nearest known name; pint is asked for what is no plain product."""
    try:
        result = read_product(unit) or _read_by_pint(unit)
    except OverflowError:
        result = {"": math.inf}
    size, decades = result.pop(""), result.pop("OOM", 0.0)
    result.pop("radian", None)
    if not (math.isfinite(size) and size > 0):
        raise InputError(f"cannot read {unit!r} as a unit; write it as in 'USD/H100e', 'TWh/year' or '1'")
    return _Unit(size, {name: power for name, power in result.items() if power}, decades)


def _read_by_pint(unit: str) -> dict[str, float]:
    """Return the powers of reference units, and under "" the size, of a unit that pint reads."""
    import pint

    # Refused are what is too long for a unit, and numbers but 1 and small powers: pint would work 9**9**9 out.
    remedy = "write it as in 'USD/H100e', 'TWh/year' or '1'"
    if len(unit) > LONGEST_UNIT:
        raise InputError(f"a unit of {len(unit)} characters, {unit[:20]!r}..., is too long; {remedy}")
    # pint drops what it does not know: "GW#/year" would be GW.
    if strange := re.search(r"[^\w \t%*/^.()+\-·⋅×⁻]", unit):
        raise InputError(f"cannot read {shown(unit)} as a unit: it holds {strange[0]!r}; {remedy}")
    if "//" in unit or "%%" in unit:
        raise InputError(f"cannot read {shown(unit)} as a unit: an operator stands twice; {remedy}")
    for number in _UNIT_NUMBER.finditer(unit):
        small = re.fullmatch(r"\d{1,2}(\.\d{1,2})?", number["number"]) if number["power"] else number["number"] == "1"
        if not small:
            what = f"cannot read {shown(unit)} as a unit: {shown(number['number'])} is neither 1 nor a power"
            raise InputError(f"{what}; {remedy}")
    try:
        result: Any = registry().Quantity(1.0, registry().parse_units(unit)).to_base_units()
        return {"": float(result.magnitude), **{name: float(power) for name, power in result._units.items()}}
    except pint.UndefinedUnitError as error:
        name = str(error.unit_names[0])
        known = [*(name for name in (line.split(" = ")[0] for line in _LINES) if not name.endswith("-")), *own_units]
        remedy = f"units are products of {', '.join(known)}, with SI prefixes; cc.define_unit({name!r}) makes a new one"
        raise InputError(f"unknown unit {name!r} in {unit!r}{nearest(name, known)}; {remedy}") from None
    except Exception:
        return {"": math.nan}


def factor(unit: str) -> float:
    """Return how many coherent units one `unit` is: factor("GW") is 1e9."""
    return parsed(unit).factor


def same_dimension(unit: str, other: str) -> bool:
    """Return whether one unit converts to the other; an order of magnitude (OOM) does not convert to a pure number."""
    return same_base(unit, other) and parsed(unit).decades == parsed(other).decades


def same_base(unit: str, other: str) -> bool:
    """Return whether two units have the same base dimensions, where OOM is a pure number, as in arithmetic."""
    return parsed(unit).dimensions == parsed(other).dimensions


def conversion(unit: str, to: str, what: str = "value", value: float | None = None) -> float:
    """Return the factor from one unit to another, refused where they differ in dimension or in orders of magnitude."""
    if not same_base(unit, to):
        raise InputError(f"{what} is in {unit!r}, which does not convert to {to!r}; give it in a unit like {to!r}")
    if same_dimension(unit, to):
        return factor(unit) / factor(to)
    # What the number means as orders of magnitude and as a share, with the text to write.
    per, each = ("/year", " a year") if same_base(unit, "1/year") else ("", "")
    number = math.nan if value is None else value * factor(unit)
    share = not parsed(unit).decades
    decades = (math.log10(1 + number) if number > -1 else math.nan) if share else number
    known = abs(decades) < 12
    decades = decades if known else 0.48
    times = 10.0**decades
    in_decades, in_percent = f"{decades:.3g} OOM{per}", f"{100 * (times - 1):,.0f} %{per}"
    remedy = f"write {(in_decades if share else in_percent)!r}" if known else f"give it in {to!r}"
    means = f"the two mean different things ({in_decades} = {in_percent} = a factor {times:,.3g}{each}); {remedy}"
    raise InputError(f"{what} is in {unit!r}, but {to!r} is needed, and {means}")


def _number(token: str, text: str) -> float:
    """Return a number as it was written, refused where a comma could be a decimal point."""
    if "," in token and not _GROUPED.fullmatch(token):
        readings = ""
        if token.count(",") == 1 and "." not in token:
            point, plain = token.replace(",", "."), token.replace(",", "")
            whole = "" if plain.lstrip("+-").startswith("0") else f", {plain} if it is not"
            readings = f": {point} if it is a decimal point{whole}"
        what = f"cannot read {shown(token)} in {shown(text)} as a number: a comma only separates groups of three digits"
        raise InputError(f"{what}, as in 1,500{readings}; write it without the comma")
    try:
        value = float(token.replace(",", ""))
    except ValueError:
        raise InputError(f"cannot read {shown(token)} in {shown(text)} as a number; {_REMEDY}") from None
    if not math.isfinite(value):
        raise InputError(f"{shown(token)} in {shown(text)} is too large for a number; {_REMEDY}")
    return value


def parse_quantity(text: str) -> tuple[float, str]:
    """Read a number with its unit."""
    if not isinstance(text, str):
        raise InputError(f"{shown(text)} is no text; {_REMEDY}")
    if money := _MONEY.fullmatch(text):
        value = _number(money[2], text) * _MONEY_MULTIPLES[money[3]]
        rest = (money[4] or "").strip()
        unit = _CURRENCIES[money[1]] + (f" {rest}" if rest.startswith("per") else rest)
    elif result := _NUMBER.fullmatch(text):
        value, unit = _number(result[1], text), result[2].strip() or "1"
    else:
        raise InputError(f"cannot read {shown(text)} as a quantity; {_REMEDY}")
    factor(unit)
    return value, unit


def in_unit(value: "str | float", unit: str, what: str = "value") -> float:
    """Return a text such as "100 GW", or a number that is in `unit` already, as a finite number in `unit`."""
    if isinstance(value, str):
        number, given = parse_quantity(value)
        return number * conversion(given, unit, f"{what} {value!r}", number)
    try:
        number = math.nan if isinstance(value, bool) or np.ndim(value) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isnan(number):
        raise InputError(f"{what} is {shown(value)}; give a number in {unit!r}, or a text such as '100 GW' or '$1T'")
    return number
