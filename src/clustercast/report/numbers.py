"""Numbers as people say them: 1.2 GW, $1.3T, 2.5M H100e, 12 %."""

import math
import re

_SI = {-3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
_MULTIPLES = {0: "", 3: "k", 6: "M", 9: "B", 12: "T"}
# Units that take SI prefixes, with what follows them, as in "GW" or "kWh/ft3".
_PREFIXED = re.compile(r"^([kMGTPE])?(Wh|W|FLOP)(?![A-Za-z])(.*)$")
_MONEY = re.compile(r"^USD(.*)$")
_COUNTED = re.compile(r"^(year|month|week|day|hour|chip|wafer|well|rig|fab|subscriber|home|country)(?![A-Za-z])(.*)$")
_PLURALS = {"country": "countries"}
_PERCENT = ("%", "percent")
_SHARES = re.compile(r"(^|_)(share|fraction|probability)(_|$)")
_FEWEST, _USUAL, _MOST = 1, 2, 4


def is_share(name: str) -> bool:
    """Say whether a pure number of this name is shown in percent.

    Examples
    --------
    >>> is_share("fleet_electricity_share"), is_share("flop_per_dollar_gain")
    (True, False)
    """
    return _SHARES.search(name) is not None


def human(value: float, unit: str = "1", *, error: float | None = None, share: bool = False) -> str:
    """Return a number with its unit, in a multiple that people say.

    Parameters
    ----------
    value : float
        The number, in `unit`.
    unit : str, optional
        Its unit; ``"1"`` for a pure number.
    error : float, optional
        Monte Carlo standard error, in `unit`: no digit beyond its first is
        shown, and at most four. Without it two digits are shown.
    share : bool, optional
        Whether a pure number is shown in percent.

    Returns
    -------
    str

    Examples
    --------
    >>> human(1.23e9, "W"), human(1.3e12, "USD"), human(2.5e6, "H100e"), human(0.12, share=True)
    ('1.2 GW', '$1.3T', '2.5M H100e', '12 %')
    >>> human(1.2345e9, "W", error=2e6), human(1.2345e9, "W", error=3e8)
    ('1.234 GW', '1.2 GW')
    """
    return _dressed([_digits(value, error)], _multiple(value, error, unit, share), unit, share)


def interval(low: float, high: float, unit: str = "1", *, error: float | None = None, share: bool = False) -> str:
    """Return two numbers as a range with one unit, in the multiple of the larger where the smaller fits it.

    Parameters
    ----------
    low, high : float
        The ends, in `unit`.
    unit, error, share
        As in `human`.

    Returns
    -------
    str

    Examples
    --------
    >>> interval(1.2e9, 34e9, "W"), interval(2e6, 3e12, "USD"), interval(0.05, 0.2, share=True)
    ('1.2-34 GW', '$2.0M-$3.0T', '5.0-20 %')
    """
    larger = max(low, high, key=lambda end: abs(end) if math.isfinite(end) else 0.0)
    power = _multiple(larger, error, unit, share)
    ends = [_digits(low, error), _digits(high, error)]
    near = all(end == 0 or not math.isfinite(end) or abs(end) >= 10.0 ** (power - 1) for end in (low, high))
    if near or _in_percent(unit, share):
        return _dressed(ends, power, unit, share)
    return f"{human(low, unit, error=error, share=share)}-{human(high, unit, error=error, share=share)}"


def calendar_year(value: float, *, last: float | None = None, error: float | None = None) -> str:
    """Return a date in years, to the digit that its error allows.

    Parameters
    ----------
    value : float
        The date; NaN or infinity where the event does not come.
    last : float, optional
        The last year that was looked at, for an event that does not come.
    error : float, optional
        Monte Carlo standard error in years.

    Returns
    -------
    str

    Examples
    --------
    >>> calendar_year(2028.44), calendar_year(2028.44, error=2.0), calendar_year(float("inf"), last=2034)
    ('2028.4', '2028', 'not by 2034')
    """
    if not math.isfinite(value):
        return "never" if last is None else f"not by {last:.0f}"
    return f"{value:.{1 if error is None or error < 1 else 0}f}"


def _in_percent(unit: str, share: bool) -> bool:
    """Say whether a number is shown in percent."""
    return unit in _PERCENT or (share and unit == "1")


def _digits(value: float, error: float | None) -> tuple[float, int]:
    """Return a number and the power of ten of its last digit that is shown."""
    if value == 0 or not math.isfinite(value):
        return value, 0
    first = math.floor(math.log10(abs(value)))
    if error is None or not math.isfinite(error):
        shown = _USUAL
    elif error <= 0:
        shown = _MOST
    else:
        shown = min(max(first - math.floor(math.log10(error)) + 1, _FEWEST), _MOST)
    last = first - shown + 1
    rounded = _rounded(value, last)
    # 9.96 with two digits is 10: the digit gained in front is taken off behind.
    return rounded, last + (math.floor(math.log10(abs(rounded))) > first)


def _rounded(value: float, last: int) -> float:
    """Return a number rounded at a power of ten."""
    return float(f"{value:.{max(math.floor(math.log10(abs(value))) - last, 0)}e}")


def _multiple(value: float, error: float | None, unit: str, share: bool) -> int:
    """Return the power of ten of the multiple in which a number is said."""
    if _in_percent(unit, share):
        return 0
    rounded = _digits(value, error)[0]
    if rounded == 0 or not math.isfinite(rounded):
        return 0
    exponent = 3 * math.floor(math.log10(abs(rounded)) / 3 + 1e-12)
    prefixed = _PREFIXED.match(unit)
    if prefixed:
        given = next(power for power, prefix in _SI.items() if prefix == (prefixed[1] or ""))
        return min(max(exponent, min(_SI) - given), max(_SI) - given)
    if abs(rounded) < 1e4 and not _MONEY.match(unit) and unit != "H100e":
        return 0
    return min(max(exponent, 0), max(_MULTIPLES))


def _dressed(ends: list[tuple[float, int]], power: int, unit: str, share: bool) -> str:
    """Return numbers in a multiple, with the multiple and the unit."""
    scale = -2 if share and unit == "1" else power
    texts = [_plain(value, last, scale) for value, last in ends]
    link = " to " if any(text.startswith("-") for text in texts) else "-"
    if _in_percent(unit, share):
        return f"{link.join(texts)} %"
    money, prefixed, counted = _MONEY.match(unit), _PREFIXED.match(unit), _COUNTED.match(unit)
    if money:
        return link.join(_signed_money(text) + _MULTIPLES[power] for text in texts) + money[1]
    if prefixed:
        given = next(place for place, prefix in _SI.items() if prefix == (prefixed[1] or ""))
        return f"{link.join(texts)} {_SI[given + power]}{prefixed[2]}{prefixed[3]}"
    joined = link.join(texts) + _MULTIPLES[power]
    if counted and joined != "1":
        return f"{joined} {_PLURALS.get(counted[1], counted[1] + 's')}{counted[2]}"
    return joined if unit == "1" else f"{joined} {unit}"


def _signed_money(text: str) -> str:
    """Return an amount of dollars with the sign in front."""
    return f"-${text[1:]}" if text.startswith("-") else f"${text}"


def _plain(value: float, last: int, scale: int) -> str:
    """Return a number over a power of ten, with its digits down to the last that is shown."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    scaled = value / 10.0**scale if scale >= 0 else value * 10.0**-scale
    if not 1e-4 <= abs(scaled) < 1e6:
        return f"{scaled:.{max(math.floor(math.log10(abs(value))) - last, 0)}e}"
    return f"{scaled:,.{max(scale - last, 0)}f}"
