"""Whether a recomputed number bears out a stated one."""

import math
from collections.abc import Iterable
from typing import Literal

from clustercast.audit.statements import Part, Rule

Verdict = Literal["OK", "ROUND", "EXT", "NO", "-"]

# From the best to the worst.
_ORDER: tuple[Verdict, ...] = ("-", "OK", "ROUND", "EXT", "NO")
_SLACK = 1e-9


def rounding_interval(value: float, digits: int) -> tuple[float, float]:
    """Return the ends of the numbers that round to one above 0 with so many significant digits; the upper is outside.

    >>> rounding_interval(500, 1), rounding_interval(1, 1), rounding_interval(87.6, 3)
    ((450.0, 550.0), (0.95, 1.5), (87.55, 87.65))
    """
    exponent = math.floor(math.log10(value) + _SLACK)
    half = 10.0 ** (exponent - digits + 1) / 2
    # Below a power of ten numbers are written a digit finer.
    power_of_ten = math.isclose(value, 10.0**exponent, rel_tol=_SLACK)
    low = value - half / 10 if power_of_ten else value - half
    return float(f"{low:.12g}"), float(f"{value + half:.12g}")


def part_verdict(low: float, high: float, part: Part, rule: Rule) -> Verdict:
    """Return the verdict on a recomputed number or range beside what a part states, in the part's unit."""
    # OK: some recomputed value rounds to a stated one. ROUND: within the loose factor or time. EXT or NO: neither, for
    # an outside fact or for the text's own inputs. "-": the part states nothing.
    if part.low is None or part.high is None:
        return "-"
    if _meets(low, high, part):
        return "OK"
    if part.date:
        loose = max(part.low - high, low - part.high) <= rule.loose_time
    else:
        loose = part.digits is not None and max(part.low / high, low / part.high) <= rule.loose_factor * (1 + _SLACK)
    if loose:
        return "ROUND"
    return "EXT" if part.against == "fact" else "NO"


def _meets(low: float, high: float, part: Part) -> bool:
    """Return whether the recomputed range meets what is stated, rounding included."""
    assert part.low is not None and part.high is not None
    if part.digits is None:
        return high >= part.low * (1 - _SLACK) and low <= part.high * (1 + _SLACK)
    first, _ = rounding_interval(part.low, part.digits)
    _, last = rounding_interval(part.high, part.digits)
    return high >= first * (1 - _SLACK) and low < last * (1 - _SLACK)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts.

    >>> worst(["OK", "EXT", "ROUND"]), worst([])
    ('EXT', '-')
    """
    return max(verdicts, key=_ORDER.index, default="-")
