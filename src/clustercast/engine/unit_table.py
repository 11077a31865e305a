"""The table of units, and the reader of plain products of them, which needs no pint.

The base dimensions are those of the build-out, not of mechanics: time, power, currency, compute capacity (H100e),
operations (FLOP), chips, wafers, volume, mass and a few things that are counted. The coherent unit of each is its
reference unit (year, W, USD, H100e, FLOP, chip, wafer, ft3, kg, ...), so that a product of coherent numbers is a
coherent number. A year has 8,760 hours.
"""

import functools
import re
from collections.abc import Iterator, Mapping

REFERENCE_UNITS = {
    "year": "time",
    "W": "power",
    "USD": "currency",
    "H100e": "capacity",
    "FLOP": "operations",
    "chip": "chips",
    "wafer": "wafers",
    "ft3": "volume",
    "kg": "mass",
    "CO2": "carbon_dioxide",
    "well": "wells",
    "rig": "rigs",
    "fab": "fabs",
    "subscriber": "subscribers",
    "home": "homes",
    "country": "countries",
    "person": "persons",
    "token": "tokens",
    "byte": "bytes",
}

PREFIXES = {"k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18, "m": -3}

# A cubic foot is 28.316846592 litres and a gallon (US) 3.785411784, both by definition; CO2 is counted apart from other
# mass, so that tonnes of steel are not tonnes of carbon dioxide.
# Currencies: averages of 2025, to three figures, as used in accounts for that year (SEC EDGAR, accession
# 0001104659-26-028258, note "Basis of preparation": sterling 1.32, euro 1.13, Swiss franc 1.20 US dollars).
DERIVED_UNITS = """
OOM = []
radian = []
percent = 0.01 = %
yr = year
month = year / 12
day = year / 365
week = 7 * day
hour = day / 24 = h
minute = hour / 60
second = minute / 60 = s
Wh = W * hour
J = W * second
Btu = Wh / 3.412
cf = ft3
Bcf = 1e9 * ft3
L = ft3 / 28.316846592 = _ = liter = litre
m3 = 1000 * L
gallon = 3.785411784 * L
barrel = 42 * gallon
g = kg / 1000
t = 1000 * kg = _ = tonne
tCO2 = t * CO2
gCO2 = g * CO2
EUR = 1.13 * USD
GBP = 1.32 * USD
CHF = 1.20 * USD
"""

LONGEST_UNIT = 200
_POWERED = r"(?:[A-Za-z]\w*|%)(?:\*\*\d\.?\d?)?"
_PRODUCT = re.compile(rf"1|(?:1\s*/\s*)?{_POWERED}(?:\s*[*/ ]\s*{_POWERED})*", re.ASCII)
_TERM = re.compile(r"([*/]?)\s*([A-Za-z]\w*|%|\d[\d.]*(?:e[-+]?\d+)?)(?:\*\*(-?[\d.]+))?", re.ASCII)

# Units of one's own, with what they are in others.
own_units: dict[str, str] = {}


def _terms(text: str) -> tuple[float, dict[str, float]]:
    """Return the number and the powers of names in a product."""
    scale, powers = 1.0, dict[str, float]()
    for operator, word, power in _TERM.findall(text):
        if word[0].isdigit():
            scale = scale / float(word) if operator == "/" else scale * float(word)
        else:
            powers[word] = powers.get(word, 0.0) + float(power or 1) * (-1 if operator == "/" else 1)
    return scale, {word: power for word, power in powers.items() if power}


@functools.cache
def definitions() -> dict[str, str]:
    """Return what each unit is in others, an alias its unit, and "[]" for one that stands for itself."""
    found = dict.fromkeys(REFERENCE_UNITS, "[]")
    for line in DERIVED_UNITS.strip().splitlines():
        name, meaning, *aliases = line.split(" = ")
        found |= {name: meaning} | dict.fromkeys(set(aliases) - {"_"}, name)
    return found


def _meaning(word: str) -> str | None:
    """Return what a unit, alone or with a prefix, is in other units, or None for no unit."""
    if word in definitions() or word in own_units:
        return definitions().get(word) or own_units[word]
    prefixed = word[0] in PREFIXES and (word[1:] in definitions() or word[1:] in own_units)
    return f"1e{PREFIXES[word[0]]} * {word[1:]}" if prefixed else None


def _reduced(powers: Mapping[str, float], exponent: float = 1.0) -> Iterator[tuple[str | float, float]]:
    """Yield the reference units that a product of units comes to, and the numbers in it, each with its power."""
    for word, power in powers.items():
        meaning = _meaning(word)
        assert meaning is not None
        if meaning.startswith("["):
            yield word, power * exponent
        else:
            scale, inner = _terms(meaning)
            yield scale, power * exponent
            yield from _reduced(inner, power * exponent)


def read_product(unit: str) -> dict[str, float]:
    """Return the powers of reference units, and under "" the size, of a plain product; to the bit as pint does."""
    bases, over, under = dict[str, float](), dict[float, float](), dict[float, float]()
    for what, power in _reduced(_terms(unit)[1]):
        if isinstance(what, str):
            bases[what] = bases.get(what, 0.0) + power
        elif power > 0:
            over[what] = over.get(what, 0.0) + power
        else:
            under[what] = under.get(what, 0.0) - power
    size = 1.0
    for scale, power in over.items():
        size *= scale ** max(power - under.get(scale, 0.0), 0.0)
    for scale, power in under.items():
        size *= scale ** -max(power - over.get(scale, 0.0), 0.0)
    return {**bases, "": size}


@functools.lru_cache(maxsize=4096)
def _words(unit: str) -> tuple[str, ...] | None:
    """Return the names in a product of units; None for what is no plain product."""
    return tuple(_terms(unit)[1]) if _PRODUCT.fullmatch(unit) and len(unit) <= LONGEST_UNIT else None


def is_plainly_known(unit: str) -> bool:
    """Return whether a unit is a product of names in the tables, alone or with a prefix; pint is not asked."""
    words = _words(unit)
    return words is not None and all(_meaning(word) is not None for word in words)
