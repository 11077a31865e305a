"""Growth, floors and stocks: the few formulas that several subjects share."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# A limit counts as reached within this part of itself: rounding, not the world.
_ROUNDING = 1e-9


def integrated_growth(rate: Array, slowdown: Array, earlier: Array, time: Array) -> Array:
    """Return growth since a base date: steady before it, slowing exponentially after it.

    >>> integrated_growth(0.5, np.array([0.0, np.log(2)]), 0.4, np.array([[-1.0], [1.0]])).round(6).tolist()
    [[-0.4, -0.4], [0.5, 0.360674]]
    """
    ahead = np.maximum(time, 0)
    # An exponent as small as the rounding of 1 gives the limit of no slowdown.
    exponent = np.maximum(slowdown * ahead, np.finfo(np.float64).eps)
    grown: Array = earlier * np.minimum(time, 0) - rate * ahead * np.expm1(-exponent) / exponent
    return grown


def wandering(volatility: Array, shock_1: Array, shock_2: Array, time: Array, horizon: Array) -> Array:
    """Return a Brownian level by its first two Karhunen-Loeve terms; it stands still outside the horizon."""
    # Loeve, Probability Theory II (1978), section 37.5: frequencies (k - 1/2) pi over the horizon.
    first, second = np.pi / 2, 3 * np.pi / 2
    progress = np.minimum(np.maximum(time, 0), horizon) / horizon
    path = shock_1 * np.sin(first * progress) / first + shock_2 * np.sin(second * progress) / second
    level: Array = volatility * np.sqrt(2 * horizon) * path
    return level


def yearly_growth(rate: Array, period: Array) -> Array:
    """Return the continuous growth of what compounds once a period at a rate."""
    continuous: Array = np.log1p(rate * period) / period
    return continuous


def compounded(value: Array, rate: Array, time: Array, period: Array) -> Array:
    """Return a value that grows by a rate once a period, after some time."""
    # Not a power: NumPy's depends in its last bit on how the arrays lie in memory.
    grown: Array = value * np.exp(yearly_growth(rate, period) * time)
    return grown


def gain(growth: Array, slowdown: Array, earlier: Array, time: Array, period: Array) -> Array:
    """Return the factor by which a technology has improved since its base date."""
    grown = integrated_growth(yearly_growth(growth, period), slowdown, yearly_growth(earlier, period), time)
    factor: Array = np.exp(grown)
    return factor


def floored(value: Array, floor: Array, improvement: Array, time: Array) -> Array:
    """Return a price or power that falls with a gain, towards its floor once the base date has passed."""
    return np.where(time > 0, floor + (value - floor) / improvement, value / improvement)


def steady_stock(flow: Array, loss: Array, period: Array) -> Array:
    """Return the stock behind a flow in steady growth; the loss is its growth and retirement together."""
    # The logarithm refuses a loss that is not above 0: no flow like that leaves a stock.
    stock: Array = flow * period * np.exp(-np.log(loss * period))
    return stock


def mean_flow(first: Array, last: Array) -> Array:
    """Return the mean of a flow over a step, by Simpson's rule with the geometric mean of its ends in the middle."""
    mean: Array = (4 * np.sqrt(first * last) + first + last) / 6
    return mean


def next_stock(stock: Array, first: Array, last: Array, hazard: Array, time: Array) -> Array:
    """Return a stock after a step: what survives of it and of the flow into it."""
    survival = np.exp(-hazard * time)
    return stock * survival + time * mean_flow(first * survival, last)


def next_capacity(capacity: Array, need: Array, previous_need: Array, rate: Array, time: Array, period: Array) -> Array:
    """Return a capacity after a step: it follows the need, no faster than its rate, and never falls."""
    excess = np.log(need / capacity)
    # The part of the step in which the need is above the capacity; a need that starts below it crosses it on the way.
    crosses = (previous_need < capacity) & (excess > 0)
    rise = np.where(crosses, np.log(need / previous_need), 1)
    above = np.where(crosses, excess / rise, 1)
    fastest = yearly_growth(rate, period) * time * above
    return capacity * np.exp(np.maximum(np.minimum(excess, fastest), 0))


def is_below(value: Array, limit: Array) -> NDArray[np.bool_]:
    """Return whether a value is below a limit by more than rounding."""
    return value < limit * (1 - _ROUNDING)
