"""Growth, floors and stocks: the few formulas that several subjects share."""

import numpy as np

# A limit counts as reached within this part of itself: rounding, not the world.
_ROUNDING = 1e-9


def integrated_growth(rate, slowdown, earlier, time):
    """Return growth since a base date: steady before it, slowing exponentially after it."""
    ahead = np.maximum(time, 0)
    # An exponent as small as the rounding of 1 gives the limit of no slowdown.
    exponent = np.maximum(slowdown * ahead, np.finfo(np.float64).eps)
    return earlier * np.minimum(time, 0) - rate * ahead * np.expm1(-exponent) / exponent


def wandering(volatility, shock_1, shock_2, time, horizon):
    """Return a Brownian level by its first two Karhunen-Loeve terms; it stands still outside the horizon."""
    # Loeve, Probability Theory II (1978), section 37.5: frequencies (k - 1/2) pi over the horizon.
    first, second = np.pi / 2, 3 * np.pi / 2
    progress = np.minimum(np.maximum(time, 0), horizon) / horizon
    path = shock_1 * np.sin(first * progress) / first + shock_2 * np.sin(second * progress) / second
    return volatility * np.sqrt(2 * horizon) * path


def yearly_growth(rate, period):
    """Return the continuous growth of what compounds once a period at a rate."""
    return np.log1p(rate * period) / period


def compounded(value, rate, time, period):
    """Return a value that grows by a rate once a period, after some time."""
    # Not a power: NumPy's depends in its last bit on how the arrays lie in memory.
    return value * np.exp(yearly_growth(rate, period) * time)


def gain(growth, slowdown, earlier, time, period):
    """Return the factor by which a technology has improved since its base date."""
    return np.exp(integrated_growth(yearly_growth(growth, period), slowdown, yearly_growth(earlier, period), time))


def floored(value, floor, improvement, time):
    """Return a price or power that falls with a gain, towards its floor once the base date has passed."""
    return np.where(time > 0, floor + (value - floor) / improvement, value / improvement)


def steady_stock(flow, loss, period):
    """Return the stock behind a flow in steady growth; the loss is its growth and retirement together."""
    # The logarithm refuses a loss that is not above 0: no flow like that leaves a stock.
    return flow * period * np.exp(-np.log(loss * period))


def mean_flow(first, last):
    """Return the mean of a flow over a step, by Simpson's rule with the geometric mean of its ends in the middle."""
    return (4 * np.sqrt(first * last) + first + last) / 6


def next_stock(stock, first, last, hazard, time):
    """Return a stock after a step: what survives of it and of the flow into it."""
    survival = np.exp(-hazard * time)
    return stock * survival + time * mean_flow(first * survival, last)


def next_capacity(capacity, need, previous_need, rate, time, period):
    """Return a capacity after a step: it follows the need, no faster than its rate, and never falls."""
    excess = np.log(need / capacity)
    # The part of the step in which the need is above the capacity; a need that starts below it crosses it on the way.
    crosses = (previous_need < capacity) & (excess > 0)
    rise = np.where(crosses, np.log(need / previous_need), 1)
    above = np.where(crosses, excess / rise, 1)
    fastest = yearly_growth(rate, period) * time * above
    return capacity * np.exp(np.maximum(np.minimum(excess, fastest), 0))


def ramped(value, year, start, period):
    """Return what a value is that rises linearly from nothing over a period."""
    return value * np.minimum(np.maximum(year - start, 0) / period, 1)


def is_below(value, limit):
    """Return whether a value is below a limit by more than rounding."""
    return np.less(value, limit * (1 - _ROUNDING))
