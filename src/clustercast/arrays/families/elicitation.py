"""What families share when they go through the quantiles that a person states: reading, a line, a root, a peak."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import numpy as np

from clustercast.arrays import FloatArray, Pair
from clustercast.errors import InputError


def read_quantiles(quantiles: Mapping[float, float] | Mapping[str, float], family: str, counts: Sequence[int]) -> Pair:
    """Return rising probabilities and the values there; a probability may be spelt as text, as in a TOML key."""
    pairs = sorted((_number(level, "probability"), _number(value, "quantile")) for level, value in quantiles.items())
    levels, values = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    if wrong := [level for level in levels if not 0 < level < 1]:
        raise InputError(f"probability {wrong[0]:g} of a quantile must lie strictly between 0 and 1")
    for (before, lower), (after, upper) in zip(pairs, pairs[1:], strict=False):
        if before == after:
            raise InputError(f"the quantile at {after:g} is given twice, as {lower:g} and {upper:g}")
        if not lower < upper:
            what = f"quantiles out of order: {lower:g} at {before:g} is not below {upper:g} at {after:g}"
            raise InputError(f"{what}; they must rise with the probability")
    if len(pairs) not in counts:
        taken = " or ".join(str(count) for count in counts)
        remedy = '; family = "metalog" takes three exactly' if len(pairs) == 3 else ""
        given = ", ".join(f"{level:g}" for level in levels) or "none"
        raise InputError(f"{family} takes {taken} quantiles exactly, got {len(pairs)} ({given}){remedy}")
    return levels, values


def _number(value: object, what: str) -> float:
    """Return a finite number; a probability may be a text."""
    with suppress(TypeError, ValueError, OverflowError):
        number = float(value) if what == "probability" or not isinstance(value, str) else np.nan  # type: ignore[arg-type]
        if not isinstance(value, bool) and np.isfinite(number):
            return number
    if what == "probability":
        raise InputError(f"quantiles has a key that is not a probability: {value!r}")
    raise InputError(f"{what} {value!r} is not a finite number")


def location_scale(scores: FloatArray, values: FloatArray) -> tuple[float, float]:
    """Return location and scale of the line through two quantiles, ``values == location + scale * scores``."""
    scale = (values[1] - values[0]) / (scores[1] - scores[0])
    return float((values[0] + values[1]) / 2 - scale * (scores[0] + scores[1]) / 2), float(scale)


def logarithms(values: FloatArray, family: str) -> FloatArray:
    """Return the logarithms of quantiles that must be positive."""
    if values[0] <= 0:
        remedy = 'use family = "normal" or "metalog" for a quantity that can be zero or negative'
        raise InputError(f"{family} holds positive numbers only, got the quantile {values[0]:g}; {remedy}")
    return np.asarray(np.log(values))


def ends_and_mode(
    standard: Callable[[float], FloatArray], values: FloatArray, mode: float | None, family: str
) -> tuple[float, float, float]:
    """Return low, mode and high through three quantiles, or two and the mode."""
    # `standard` gives the quantiles on [0, 1] at the same probabilities as a function of the peak there.
    if (values.size == 2) != (mode is not None):
        raise InputError(f"{family} takes three quantiles, or two quantiles and mode; got {values.size}, mode {mode}")
    middle = float(values[1]) if mode is None else mode
    first, last = float(values[0]), float(values[-1])

    def points(peak: float) -> tuple[float, float, float]:
        result = standard(peak)
        return float(result[0]), float(result[1]) if mode is None else peak, float(result[-1])

    def ratio(peak: float) -> float:
        start, between, end = points(peak)
        return (between - start) / (end - start)

    peak = root(lambda peak: ratio(peak) - (middle - first) / (last - first), 0.0, 1.0)
    if peak is None:
        allowed = [first + (last - first) * ratio(end) for end in (0.0, 1.0)]
        what = "the middle quantile" if mode is None else "mode"
        reach = f"a {family} distribution through {first:g} and {last:g}"
        remedy = f'which allows {min(allowed):.6g} to {max(allowed):.6g}; use family = "metalog" or "lognormal"'
        raise InputError(f"{what} {middle:g} is out of reach of {reach}, {remedy}")
    start, _, end = points(peak)
    scale = (last - first) / (end - start)
    low = first - scale * start
    high = low + scale
    return low, min(max(low + scale * peak if mode is None else mode, low), high), high


def root(function: Callable[[float], float], low: float, high: float) -> float | None:
    """Return a root inside a bracket, or None where the ends have the same sign."""
    # Chandrupatla (1997), doi:10.1016/S0965-9978(96)00051-8, as in scipy.optimize, which takes long to import.
    at_low, at_high = function(low), function(high)
    # An extreme member of the family is met to rounding, on either side of zero.
    if min(abs(at_low), abs(at_high)) <= 1e-13:
        return high if abs(at_high) < abs(at_low) else low
    if at_low * at_high > 0:
        return None
    a, b, f_a, f_b, step = low, high, at_low, at_high, 0.5
    for _ in range(500):
        x = a + step * (b - a)
        f_x = function(x)
        if (f_x > 0) == (f_a > 0):
            c, f_c = a, f_a
        else:
            c, f_c, b, f_b = b, f_b, a, f_a
        a, f_a = x, f_x
        best, width = (a, abs(b - a)) if abs(f_a) < abs(f_b) else (b, abs(b - a))
        least = (4.45e-16 * abs(best) + 1e-18 * (high - low)) / width if width else 1.0
        if f_a == 0 or least > 0.5:
            break
        along, rise = (a - b) / (c - b), (f_a - f_b) / (f_c - f_b)
        step = 0.5
        if rise**2 < along and (1 - rise) ** 2 < 1 - along:
            step = f_a / (f_b - f_a) * f_c / (f_b - f_c) + (c - a) / (b - a) * f_a / (f_c - f_a) * f_b / (f_c - f_b)
        step = min(max(step, least), 1 - least)
    return best
