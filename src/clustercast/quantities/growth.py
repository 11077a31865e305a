"""Growth along a grid of years: at a constant rate, and at one that decays.

Along a column of times each row follows from its neighbour nearer to time 0, so that a
path costs a few products a year instead of a power or an exponential; equal steps share
their factors. Arrays that are not NumPy's, and times of any other shape or not finite, take
the closed form as it stands.
"""

import functools
import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def compound_growth(start: FloatArray | float, factor: FloatArray, periods: FloatArray) -> FloatArray:
    """Grow a value by a factor each period: ``start * factor**periods``.

    Parameters
    ----------
    start : ndarray, shape (sample,), or float
        Value at period 0.
    factor : ndarray, shape (sample,), 1
        Positive factor from one period to the next.
    periods : ndarray, shape (period, 1), 1
        Number of periods, negative before the start.

    Returns
    -------
    ndarray, shape (period, sample)
        In the unit of `start`; each row adds a rounding to those of the one before.

    Examples
    --------
    >>> compound_growth(100.0, np.array([2.0, 5.0]), np.array([[-1.0], [0.0], [1.0], [3.0]])).round(9).tolist()
    [[50.0, 20.0], [100.0, 100.0], [200.0, 500.0], [800.0, 12500.0]]
    """
    samples = _samples(periods, start, factor)
    if samples is None:
        grown: FloatArray = start * factor**periods
        return grown
    legs, steps = _legs(_column(periods))
    powers = {step: factor if step == 1 else factor**step for step in steps if step}
    powers[0.0] = np.ones(())
    path = np.empty((len(periods), samples))
    for leg in legs:
        value = start
        for row, step in leg:
            value = np.multiply(value, powers[step], out=path[row])
    return path


def decaying_growth(rate: FloatArray, decay: FloatArray, time: FloatArray) -> FloatArray:
    """Integrate a growth rate that decays exponentially: ``rate * (1 - exp(-decay * time)) / decay``.

    Parameters
    ----------
    rate : ndarray, shape (sample,)
        Growth in a unit of time, at time 0.
    decay : ndarray, shape (sample,)
        Decay in a unit of time; 0 gives ``rate * time``.
    time : ndarray, shape (time, 1)
        Negative before the start.

    Returns
    -------
    ndarray, shape (time, sample)
        Zero at time 0.

    Examples
    --------
    >>> decaying_growth(np.array([0.5, 0.5]), np.array([0.0, np.log(2)]), np.array([[0.0], [1.0]])).round(6).tolist()
    [[0.0, 0.0], [0.5, 0.360674]]
    """
    samples = _samples(time, rate, decay)
    if samples is None:
        return rate * _decayed_time(decay, time)
    legs, steps = _legs(_column(time))
    factors = {step: (_decayed_time(decay, step), np.exp(-decay * step)) for step in steps if step}
    factors[0.0] = (np.zeros(()), np.ones(()))
    path = np.empty((len(time), samples))
    for leg in legs:
        grown, rate_now = np.zeros(()), rate
        for row, step in leg:
            elapsed, slowed = factors[step]
            grown = np.add(grown, rate_now * elapsed, out=path[row])
            rate_now = rate_now * slowed
    return path


def _decayed_time(decay: FloatArray, time: FloatArray | float) -> FloatArray:
    """Return (1 - exp(-decay * time)) / decay, which is the time itself where nothing decays."""
    exponent = decay * time
    # The smallest exponent that rounding shows already gives the limit, 1.
    safe = np.where(exponent == 0, np.finfo(np.float64).eps, exponent)
    share: FloatArray = -np.expm1(-safe) / safe
    return time * share


def _samples(times: FloatArray, *values: FloatArray | float) -> int | None:
    """Count the samples of values along a column of finite times; None where they are anything else."""
    column = type(times) is np.ndarray and times.shape[1:] == (1,) and all(map(math.isfinite, _column(times)))
    if not column or not all(type(value) is np.ndarray or isinstance(value, float | int) for value in values):
        return None
    # By hand, since it is done for every block: np.broadcast_shapes costs as much as a year's product.
    shapes = {value.shape for value in values if isinstance(value, np.ndarray) and value.shape} - {(1,)}
    if not shapes:
        return 1 if any(np.ndim(value) for value in values) else None
    (shape, *others) = shapes
    # What does not fit together is for NumPy to refuse.
    return None if others or len(shape) > 1 else int(shape[0])


def _column(times: FloatArray) -> tuple[float, ...]:
    """Return the times as floats: a step that is a whole number would raise whole factors in whole numbers."""
    return tuple(map(float, times[:, 0].tolist()))


@functools.cache
def _legs(times: tuple[float, ...]) -> tuple[tuple[list[tuple[int, float]], ...], frozenset[float]]:
    """Return the rows from time 0 on and those before it, with the step of each from its neighbour, and all steps."""
    rising = sorted(range(len(times)), key=times.__getitem__)
    after = [row for row in rising if times[row] >= 0]
    before = [row for row in reversed(rising) if times[row] < 0]
    legs = _with_steps(after, times), _with_steps(before, times)
    return legs, frozenset(step for leg in legs for _, step in leg)


def _with_steps(rows: list[int], times: tuple[float, ...]) -> list[tuple[int, float]]:
    """Pair each row with the step to its time from that of the row before, from 0 at first."""
    return [(row, times[row] - past) for row, past in zip(rows, [0.0, *(times[row] for row in rows)], strict=False)]
