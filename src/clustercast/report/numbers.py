"""Numbers and names as people read them, and what a year means for a quantity."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from clustercast.dataset import in_words
from clustercast.files.dates import date_words

_SI = dict(zip(range(-3, 31, 3), ["m", "", *"kMGTPEZYRQ"], strict=True))
_POWERS = {prefix: power for power, prefix in _SI.items()}
_MULTIPLES = {0: "", 3: "k", 6: "M", 9: "B", 12: "T"}
# Units that take SI prefixes, with what follows them, as in "GW" or "kWh/ft3".
_PREFIXED = re.compile(r"^([kMGTPE]?)(Wh|W|FLOP)(?![A-Za-z])(.*)$")
_COUNTED = re.compile(r"^(year|month|week|day|hour|chip|wafer|well|rig|fab|subscriber|home|country)(?![A-Za-z])(.*)$")
_PLURALS = {"country": "countries"}
# What is shown in percent: shares are pure numbers, which no unit tells from others.
_SHARE = "share of 1"
_PERCENT = ("%", "percent", _SHARE)
_SHARES = re.compile(r"(^|_)(share|fraction|probability)(_|$)")
_FEWEST, _USUAL, _MOST = 1, 2, 4
# A number of years in this range is a date: "2024", not "2,000 years".
_DATES = (1900.0, 2200.0)
_YEAR_AT_THE_END = re.compile(r"(?<! in) (\d{4})$")
_NAME = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")
_BY = re.compile(r"\bby (\d{4})\b(?![-\d.])")
_TIMES = {"state": "at 1 January", "rate": "a year, at that date"}


def is_share(name: str) -> bool:
    """Return whether a pure number of this name is shown in percent."""
    return _SHARES.search(name) is not None


def human(value: float, unit: str = "1", *, error: float | None = None, share: bool = False) -> str:
    """Return a number with its unit in a multiple that people say, with no digit beyond the first of its error."""
    return _joined([value], unit, error, share)


def interval(low: float, high: float, unit: str = "1", *, error: float | None = None, share: bool = False) -> str:
    """Return two numbers as a range, with one unit where one multiple fits both: 1.2 to 34 GW."""
    return _joined([low, high], unit, error, share)


def with_interval(median: float, low: float, high: float, unit: str = "1", *, share: bool = False) -> str:
    """Return a number with its interval in brackets, 4.7 GW (1.6 to 11); whole numbers keep all digits."""
    unit, values = _converted([median, low, high], unit, share)
    power = _multiple(_digits(values[0], None)[0], unit)
    near = all(v == 0 or (math.isfinite(v) and 10.0 ** (power - 1) <= abs(v) < 10.0 ** (power + 3)) for v in values)
    if not near and unit not in _PERCENT:
        return f"{_joined(values[:1], unit, None)} ({_joined(values[1:], unit, None)})"
    scale = -2 if unit == _SHARE else power
    digits = [_whole(v, scale) for v in values]
    return f"{_dressed(digits[:1], power, unit)} ({' to '.join(_plain(*end, scale) for end in digits[1:])})"


def chance(probability: float, error: float = 0.0) -> str:
    """Return a probability in percent, with no more digits than its error allows; it is 0 and 100 % never."""
    if not 0.001 <= probability <= 0.999:
        least = 100 * _least(error)
        return f"> {100 - least:.3g} %" if probability > 0.5 else f"< {least:.2g} %"
    fine = 0 < error < 0.0005 or not 0.01 <= probability < 0.99
    return f"{100 * probability:.{1 if fine else 0}f} %"


def odds(probability: float, error: float = 0.0) -> str:
    """Return a probability in words that people use: 1 in 20, 3 in 10, more than 999 in 1,000."""
    if not 0.001 <= probability <= 0.999:
        many = max(math.floor(1 / _least(error) + 1e-9), 2)
        return f"less than 1 in {many:,}" if probability < 0.5 else f"more than {many - 1:,} in {many:,}"
    if probability > 0.95:
        return f"{1000 * probability:.0f} in 1,000" if probability > 0.99 else f"{100 * probability:.0f} in 100"
    if probability < 0.25:
        number = 1 / probability
        step = 10.0 ** max(math.floor(math.log10(number)) - (0 if number >= 20 else 1), 0)
        return f"1 in {round(number / step) * step:,.0f}"
    return f"{10 * probability:.0f} in 10"


def evenly(count: int, most: int) -> list[int]:
    """Return at most so many places among `count`, from the first to the last, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int)).tolist() if count else []


def _least(error: float) -> float:
    """Return how small a share can be said to be that no sample, or all but none, shows; 1 in 1,000 at least."""
    # The 97.5 % point of the probability that counts leave (Jeffreys' prior) where no sample is counted.
    return max(0.001, 3.5 * error)


def plus_minus(half: float) -> str:
    """Return the half-width of an interval to its first digit."""
    return f"{float(f'{half:.1g}'):,.10g}"


def calendar_year(value: float, *, last: float | None = None, error: float | None = None) -> str:
    """Return a date in years, to the digit that its error allows; one that does not come names the last year."""
    if not math.isfinite(value):
        return "never" if last is None else f"not by {last:.0f}"
    return f"{value:.{1 if error is None or error < 1 else 0}f}"


def _joined(values: list[float], unit: str, error: float | None, share: bool = False) -> str:
    """Return one number or a range; where one multiple does not fit both ends, each has its own unit."""
    error = 100 * error if error is not None and unit == "1/year" else error
    unit, values = _converted(values, unit, share)
    if unit == "year" and all(_DATES[0] <= abs(v) <= _DATES[1] for v in values):
        return " to ".join(f"{v:.1f}".removesuffix(".0") for v in values)
    if unit in ("OOM", "OOM/year"):
        factors = [10.0 ** min(v, 300.0) for v in values]
        texts = [f"×{f:,.0f}" if 100 <= f < 1e6 else f"×{f:#.2g}".removesuffix(".") for f in factors]
        return " to ".join(texts) + (" a year" if "year" in unit else "")
    ends = [_digits(v, error) for v in values]
    power = _multiple(max((v for v, _ in ends if math.isfinite(v)), key=abs, default=0.0), unit)
    near = all(v == 0 or not math.isfinite(v) or abs(v) >= 10.0 ** (power - 1) for v in values)
    if (near and not unit.startswith("USD")) or unit in _PERCENT:
        return _dressed(ends, power, unit)
    texts = [_dressed([end], _multiple(end[0], unit), unit) for end in ends]
    ending = " a year" if all(text.endswith(" a year") for text in texts) else ""
    return " to ".join(text.removesuffix(ending) for text in texts) + ending


def _converted(values: list[float], unit: str, share: bool) -> tuple[str, list[float]]:
    """Return a rate in 1/year as percent a year, and a pure number that is a share as one."""
    if unit == "1/year":
        return "%/year", [100 * v for v in values]
    return _SHARE if share and unit == "1" else unit, values


def _digits(value: float, error: float | None) -> tuple[float, int]:
    """Return a number and the power of ten of its last digit that is shown."""
    if value == 0 or not math.isfinite(value):
        return value, 0
    first, shown = math.floor(math.log10(abs(value))), _USUAL
    if error is not None and math.isfinite(error):
        known = first - math.floor(math.log10(error)) + 1 if error > 0 else _MOST
        shown = min(max(known, _FEWEST), _MOST)
    last = first - shown + 1
    rounded = _rounded(value, last)
    # 9.96 with two digits is 10: the digit gained in front is taken off behind.
    return rounded, last + (math.floor(math.log10(abs(rounded))) > first)


def _whole(value: float, power: int) -> tuple[float, int]:
    """Return a number with two digits, or with all that stand before the point in its multiple."""
    rounded, last = _digits(value, None)
    return (_rounded(value, power), power) if value and math.isfinite(value) and last > power else (rounded, last)


def _rounded(value: float, last: int) -> float:
    """Return a number rounded at a power of ten."""
    return float(f"{value:.{max(math.floor(math.log10(abs(value))) - last, 0)}e}")


def _multiple(rounded: float, unit: str) -> int:
    """Return the power of ten of the multiple in which a rounded number is said."""
    if unit in _PERCENT or rounded == 0 or not math.isfinite(rounded):
        return 0
    exponent = 3 * math.floor(math.log10(abs(rounded)) / 3 + 1e-12)
    if prefixed := _PREFIXED.match(unit):
        return min(max(exponent, min(_SI) - _POWERS[prefixed[1]]), max(_SI) - _POWERS[prefixed[1]])
    if abs(rounded) < 1e4 and not unit.startswith("USD") and unit != "H100e":
        return 0
    return min(max(exponent, 0), max(_MULTIPLES))


def _dressed(ends: list[tuple[float, int]], power: int, unit: str) -> str:
    """Return numbers in a multiple, with the multiple and the unit."""
    texts = [_plain(*end, -2 if unit == _SHARE else power) for end in ends]
    if unit in _PERCENT:
        return f"{' to '.join(texts)} %"
    if unit.startswith("USD"):
        signed = (f"-${text[1:]}" if text.startswith("-") else f"${text}" for text in texts)
        return f"{' to '.join(signed)}{_MULTIPLES[power]}{_per(unit[3:])}"
    if prefixed := _PREFIXED.match(unit):
        return f"{' to '.join(texts)} {_SI[_POWERS[prefixed[1]] + power]}{prefixed[2]}{_per(prefixed[3])}"
    counts = " to ".join(text + _MULTIPLES.get(power, "") for text in texts)
    counted = _COUNTED.match(unit)
    if counted and counts != "1":
        return f"{counts} {_PLURALS.get(counted[1], counted[1] + 's')}{_per(counted[2])}"
    return counts + ("" if unit == "1" else f" {_per(unit)}")


def _per(unit: str) -> str:
    """Return what follows a number's unit in words: "/year" is " a year", "/H100e" is " per H100e"."""
    words = unit.replace("/year**", " per year^").replace("/year", " a year").replace("/hour", " an hour")
    return words.replace("OOM", "decades").replace("**", "^").replace("/", " per ")


def _plain(value: float, last: int, scale: int) -> str:
    """Return a number over a power of ten, with its digits down to the last that is shown."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    scaled = value / 10.0**scale if scale >= 0 else value * 10.0**-scale
    if not 1e-4 <= abs(scaled) < 1e6:
        return f"{scaled:.{max(math.floor(math.log10(abs(value))) - last, 0)}e}"
    return f"{scaled:,.{max(scale - last, 0)}f}"


def label_of(name: str) -> str:
    """Return a name of the model as people write it."""
    text = _YEAR_AT_THE_END.sub(r" in \1", in_words(name))
    return text[:1].upper() + text[1:]


def member_label(name: str) -> str:
    """Return what an index belongs to as people write it; a group of correlated inputs is named by its members."""
    first, *more = name.split("_and_")
    return " + ".join([label_of(first), *map(in_a_sentence, more)])


def short_label(name: str) -> str:
    """Return a name as a figure has room for it: a group by its first member."""
    first, *more = name.split("_and_")
    return f"{label_of(first)} + {len(more)} more" if more else label_of(first)


def in_a_sentence(name: str) -> str:
    """Return a name as it stands inside a sentence."""
    text = member_label(name) if "_and_" in name else label_of(name)
    return text if text.split()[0].isupper() else text[:1].lower() + text[1:]


def dated(text: str) -> str:
    """Return a text in which "by" and a year is the date that is meant."""
    return _BY.sub(lambda result: f"by {date_words(float(result[1]))}", text)


def worded(text: str) -> str:
    """Return a text in which names of the model are words; ids of observations stay."""
    return _NAME.sub(lambda result: result[0] if result[0].startswith("obs_") else in_a_sentence(result[0]), text)


def time_of(attrs: Mapping[Any, Any]) -> str:
    """Return what a year means for a variable, in words; empty where it does not say."""
    return _TIMES.get(str(attrs.get("time", "")), "")


def milestone_text(milestone: str, output: str, label: Callable[[str], str] = label_of) -> str:
    """Return a milestone as people say it."""
    return milestone.replace(output, label(output)).replace(">=", "≥").replace("/year", " a year")


def listed(parts: Sequence[str]) -> str:
    """Return parts as a list in words."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
