"""Nested uniform scrambles of the Sobol' sequence, any rows of them.

A nested scramble flips each binary digit of a point by a fair coin that belongs to the digits
before it. The coins are not stored but hashed: with the digits in reverse order, the leading one
lowest, every sum and product of whole numbers carries upwards only, so that a chain of them by random
keys changes each digit as the digits below it, the leading ones of the point, decide.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.arrays.points import sobol_sequence
from clustercast.arrays.points.streams import stream

Digits32 = NDArray[np.uint32]

DIGITS = 32
# With three rounds no product of two or four coins of the leading digits differs from a fair one; with one, many do.
ROUNDS = 3
KEYS_A_ROUND = 4

POINTS_OF_A_BLOCK = 1 << 13
NUMBERS_IN_CACHE = 1 << 14
_EVEN = np.uint32(0xFFFFFFFE)
_ODD = np.uint32(1)
_SWAPS = tuple((np.uint32(by), np.uint32(mask)) for by, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F)))


def nested_points(seed: int, start: int, out: FloatArray) -> None:
    """Fill the rows of an array with columns of Sobol' points under nested uniform scrambles."""
    # A. B. Owen (1995), doi:10.1007/978-1-4612-2552-2_19; B. Burley, J. Comput. Graph. Tech. 9 (4), 1 (2020). Points
    # are in the middle of cells of 2**-32, so that none is 0 or 1; coins of a column do not depend on the number of
    # columns.
    dimensions, size = out.shape
    steps, keys = _reversed_steps(dimensions), scramble_keys(seed, dimensions)
    for first in range(0, size, POINTS_OF_A_BLOCK):
        last = min(first + POINTS_OF_A_BLOCK, size)
        # Few columns at a time, so that the two dozen passes of the hash stay in the cache.
        together = max(1, NUMBERS_IN_CACHE // (last - first))
        for column in range(0, dimensions, together):
            columns = slice(column, column + together)
            digits = _plain_digits(steps[columns], start + first, last - first)
            scramble_reversed(digits, keys[:, :, columns])
            reverse_digits(digits)
            part = out[columns, first:last]
            np.add(digits, 0.5, out=part)
            part *= 2.0**-DIGITS


def scramble_keys(seed: int, dimensions: int) -> Digits32:
    """Draw the keys of the scrambles of some columns, shape (rounds, keys of a round, dimensions, 1)."""
    drawn = stream(seed, "nested uniform scramble").integers(
        1 << 32, size=(dimensions, ROUNDS, KEYS_A_ROUND), dtype=np.uint32
    )
    return np.ascontiguousarray(drawn.transpose(1, 2, 0))[..., np.newaxis]


def scramble_reversed(digits: Digits32, keys: Digits32) -> None:
    """Scramble numbers in place whose leading digit is the lowest; digit k is flipped as the digits below it decide."""
    # x += a, x ^= x * (even b), x *= (odd c), x ^= x * x * (even d): every digit of a product of an even factor depends
    # on lower digits of x only. The square, and keys for all factors, are what the hash of Burley (2020) lacks: there
    # the coins of four nodes of the tree are dependent.
    product = np.empty_like(digits)
    for shift, even, odd, square in keys:
        digits += shift
        np.multiply(digits, even & _EVEN, out=product)
        digits ^= product
        digits *= odd | _ODD
        np.multiply(digits, digits, out=product)
        product *= square & _EVEN
        digits ^= product


def reverse_digits(digits: Digits32) -> None:
    """Reverse the order of the 32 digits of each number, in place."""
    lower = np.empty_like(digits)
    for by, mask in _SWAPS:
        np.bitwise_and(digits, mask, out=lower)
        lower <<= by
        digits >>= by
        digits &= mask
        digits |= lower
    digits.byteswap(inplace=True)


@functools.lru_cache(maxsize=64)
def _reversed_steps(dimensions: int) -> Digits32:
    """Return the number to combine for each bit of a point's index, shape (dimensions, bits), digits reversed."""
    bits = sobol_sequence.SCIPY_DIGITS
    directions = sobol_sequence.direction_numbers(dimensions, bits) << np.uint64(DIGITS - bits)
    steps = sobol_sequence.steps_of(directions).astype(np.uint32)
    reverse_digits(steps)
    return steps


def _plain_digits(steps: Digits32, start: int, size: int) -> Digits32:
    """Return the digits of points number `start` and on, in reverse order, shape (dimensions, size)."""
    bits = max(start + size - 1, 1).bit_length()
    low = min(bits, max(size - 1, 1).bit_length())
    table = np.zeros((len(steps), 2 << low), dtype=np.uint32)
    for bit in range(low):
        np.bitwise_xor(table[:, : 1 << bit], steps[:, bit : bit + 1], out=table[:, 1 << bit : 2 << bit])
    high, offset = divmod(start, 1 << low)
    # The points asked for lie in two neighbouring blocks of the table's length at most.
    np.bitwise_xor(table[:, : 1 << low], _combined(steps[:, low:], high + 1), out=table[:, 1 << low :])
    table[:, : 1 << low] ^= _combined(steps[:, low:], high)
    return np.ascontiguousarray(table[:, offset : offset + size])


def _combined(steps: Digits32, index: int) -> Digits32:
    """Return the exclusive or of the steps at the bits of an index, shape (dimensions, 1)."""
    chosen = [bit for bit in range(min(index.bit_length(), steps.shape[1])) if index >> bit & 1]
    return np.bitwise_xor.reduce(steps[:, chosen], axis=1, keepdims=True)
