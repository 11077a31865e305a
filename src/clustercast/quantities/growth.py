"""Growth, floors and stocks: the few formulas that several subjects share."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# A limit counts as reached within this part of itself: rounding, not the world.
_ROUNDING = 1e-9


def integrated_growth(rate: FloatArray, slowdown: FloatArray, earlier: FloatArray, time: FloatArray) -> FloatArray:
    """Return growth since a base date: steady before it, slowing exponentially after it.

    >>> integrated_growth(0.5, np.array([0.0, np.log(2)]), 0.4, np.array([[-1.0], [1.0]])).round(6).tolist()
    [[-0.4, -0.4], [0.5, 0.360674]]
    """
    ahead = np.maximum(time, 0)
    # An exponent as small as the rounding of 1 gives the limit of no slowdown.
    exponent = np.maximum(slowdown * ahead, np.finfo(np.float64).eps)
    grown: FloatArray = earlier * np.minimum(time, 0) - rate * ahead * np.expm1(-exponent) / exponent
    return grown


def wandering(
    volatility: FloatArray, shock_1: FloatArray, shock_2: FloatArray, time: FloatArray, horizon: FloatArray
) -> FloatArray:
    """Return a Brownian level by its first two Karhunen-Loeve terms; it stands still outside the horizon."""
    # Loeve, Probability Theory II (1978), section 37.5: frequencies (k - 1/2) pi over the horizon.
    first, second = np.pi / 2, 3 * np.pi / 2
    progress = np.minimum(np.maximum(time, 0), horizon) / horizon
    path = shock_1 * np.sin(first * progress) / first + shock_2 * np.sin(second * progress) / second
    level: FloatArray = volatility * np.sqrt(2 * horizon) * path
    return level


def yearly_growth(rate: FloatArray, period: FloatArray) -> FloatArray:
    """Return the continuous growth of what compounds once a period at a rate."""
    continuous: FloatArray = np.log1p(rate * period) / period
    return continuous


def gain(
    growth: FloatArray, slowdown: FloatArray, earlier: FloatArray, time: FloatArray, period: FloatArray
) -> FloatArray:
    """Return the factor by which a technology has improved since its base date."""
    grown = integrated_growth(yearly_growth(growth, period), slowdown, yearly_growth(earlier, period), time)
    factor: FloatArray = np.exp(grown)
    return factor


def floored(value: FloatArray, floor: FloatArray, improvement: FloatArray, time: FloatArray) -> FloatArray:
    """Return a price or power that falls with a gain, towards its floor once the base date has passed."""
    return np.where(time > 0, floor + (value - floor) / improvement, value / improvement)


def steady_stock(flow: FloatArray, loss: FloatArray, period: FloatArray) -> FloatArray:
    """Return the stock behind a flow that has grown for ever, `loss` its growth and retirement; none where that is not above 0."""
    # The logarithm refuses a loss of 0 or less: there is no such stock.
    stock: FloatArray = flow * period * np.exp(-np.log(loss * period))
    return stock


def mean_flow(first: FloatArray, last: FloatArray) -> FloatArray:
    """Return the mean of a flow over a step from its ends, by Simpson's rule with their geometric mean in the middle."""
    mean: FloatArray = (4 * np.sqrt(first * last) + first + last) / 6
    return mean


def next_stock(
    stock: FloatArray, first: FloatArray, last: FloatArray, hazard: FloatArray, time: FloatArray
) -> FloatArray:
    """Return a stock after a step: what survives of it and of the flow into it."""
    survival = np.exp(-hazard * time)
    return stock * survival + time * mean_flow(first * survival, last)


def next_capacity(
    capacity: FloatArray,
    need: FloatArray,
    previous_need: FloatArray,
    rate: FloatArray,
    time: FloatArray,
    period: FloatArray,
) -> FloatArray:
    """Return a capacity after a step: it follows the need, no faster than its rate while need is above it, and never falls."""
    excess = np.log(need / capacity)
    # The part of the step in which the need is above the capacity; a need that starts below it crosses it on the way.
    crosses = (previous_need < capacity) & (excess > 0)
    rise = np.where(crosses, np.log(need / previous_need), 1)
    above = np.where(crosses, excess / rise, 1)
    fastest = yearly_growth(rate, period) * time * above
    return capacity * np.exp(np.maximum(np.minimum(excess, fastest), 0))


def is_below(value: FloatArray, limit: FloatArray) -> NDArray[np.bool_]:
    """Return whether a value is below a limit by more than rounding."""
    return value < limit * (1 - _ROUNDING)
