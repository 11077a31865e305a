"""Standard normal quantiles from a table, exact to a few roundings and faster than `scipy.special.ndtri`.

The smaller tail, p or 1 - p, falls into one of 128 equal cells of its octave, which its own
bits name. In a cell the quantile is the quintic that has its value, slope and curvature at
both ends (Hermite), which errs by less than 1e-15, and within 1e-3 of 1/2, where the quantile
is about 0, by less than 1e-17; NumPy does the same few operations for every number, where the
usual rational approximations branch.
"""

import functools

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

FloatArray = NDArray[np.float64]

# Octaves of the tail, from 2**-54, which no uniform number of 53 bits passes, to 1/2; and cells of each, 2**7.
_LOWEST, _HIGHEST = -54, -1
_CELL_BITS = 7
_SHIFT = 52 - _CELL_BITS
_LEAST = 2.0**_LOWEST
_FIRST = int(np.float64(_LEAST).view(np.int64)) >> _SHIFT
_CORNER = ~((1 << _SHIFT) - 1)
# Numbers at a time: five buffers of this length and the cells in use fit the second-level cache.
_BLOCK = 8192


def normal_quantile(p: ArrayLike) -> FloatArray:
    """Return the standard normal quantiles at some probabilities.

    Parameters
    ----------
    p : array_like
        Probabilities, of any shape.

    Returns
    -------
    ndarray
        Of the same shape; minus infinity at 0, infinity at 1, NaN where `p` is no probability.

    References
    ----------
    de Boor, A Practical Guide to Splines (1978), chapter IV: piecewise Hermite interpolation.

    Examples
    --------
    >>> normal_quantile([0.025, 0.5, 0.975]).round(6).tolist()
    [-1.959964, 0.0, 1.959964]
    """
    given = np.asarray(p, dtype=np.float64)
    levels = np.ascontiguousarray(given).reshape(-1)
    if levels.min(initial=0.5) >= _LEAST and levels.max(initial=0.5) < 1:
        return _from_table(levels).reshape(given.shape)
    outside = ~((levels >= _LEAST) & (levels < 1))
    scores = _from_table(np.where(outside, 0.5, levels))
    scores[outside] = ndtri(levels[outside])
    return scores.reshape(given.shape)


def _from_table(levels: FloatArray) -> FloatArray:
    """Return the quantiles at levels from 2**-54 to less than 1, block by block."""
    scores = np.empty_like(levels)
    buffers = [np.empty(min(_BLOCK, levels.size)) for _ in range(4)]
    for start in range(0, levels.size, _BLOCK):
        block = levels[start : start + _BLOCK]
        _interpolate(block, scores[start : start + _BLOCK], [buffer[: block.size] for buffer in buffers])
    return scores


def _interpolate(levels: FloatArray, scores: FloatArray, buffers: list[FloatArray]) -> None:
    """Write the quantiles of a block."""
    tail, past, term, corner = buffers
    cell = corner.view(np.int64)
    np.subtract(1.0, levels, out=tail)
    np.minimum(levels, tail, out=tail)
    np.bitwise_and(tail.view(np.int64), _CORNER, out=cell)
    np.subtract(tail, corner, out=past)
    np.right_shift(cell, _SHIFT, out=cell)
    np.subtract(cell, _FIRST, out=cell)
    highest, *others = _coefficients()
    np.take(highest, cell, out=scores, mode="clip")
    for coefficient in others:
        np.multiply(scores, past, out=scores)
        np.take(coefficient, cell, out=term, mode="clip")
        np.add(scores, term, out=scores)
    np.subtract(levels, 0.5, out=term)
    np.copysign(scores, term, out=scores)


@functools.cache
def _coefficients() -> FloatArray:
    """Return the quintics, shape (6, cells): coefficients of the distance from the corner, the highest power first."""
    octaves = np.arange(_LOWEST, _HIGHEST)
    within = 1 + np.arange(2**_CELL_BITS) / 2**_CELL_BITS
    ends = np.append(np.ldexp(within, octaves[:, np.newaxis]).reshape(-1), 0.5)
    value = ndtri(ends)
    slope = np.sqrt(2 * np.pi) * np.exp(value**2 / 2)
    width = np.diff(ends)
    first, last = slope[:-1] * width, slope[1:] * width
    bend, end_bend = (value * slope**2)[:-1] * width**2, (value * slope**2)[1:] * width**2
    rise = np.diff(value)
    scaled = [
        6 * rise - 3 * first - 3 * last - bend / 2 + end_bend / 2,
        -15 * rise + 8 * first + 7 * last + 3 * bend / 2 - end_bend,
        10 * rise - 6 * first - 4 * last - 3 * bend / 2 + end_bend / 2,
        bend / 2,
        first,
        value[:-1],
    ]
    cells = np.array([row / width**power for row, power in zip(scaled, range(5, -1, -1), strict=True)])
    # The last cell holds 1/2 alone, where the quantile is 0.
    return np.hstack([cells, np.zeros((6, 1))])
