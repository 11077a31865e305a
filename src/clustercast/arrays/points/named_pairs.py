"""Base points of two independent samples, two columns for each input, that depend on the name of the input alone.

The two coordinates of an input are the first two columns of Sobol's sequence, a (0, m, 2)-net, under a nested
scramble of its own. Each input takes the points of its net in an order of its own, as a Latin hypercube takes slices:
what depends on one input has the errors of a net, and a product of functions of several inputs those of independent
points, whichever inputs they are. In one sequence of many columns the leading digits of some four of them have one
parity at every point, and products of these inputs have errors that do not fall.
"""

from collections.abc import Sequence

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.points.nested_scramble import (
    DIGITS,
    KEYS_A_ROUND,
    NUMBERS_IN_CACHE,
    POINTS_OF_A_BLOCK,
    ROUNDS,
    Digits32,
    reverse_digits,
    scramble_reversed,
)
from clustercast.arrays.points.streams import stream

# Rounds of the order; with four, products of leading digits have the variance of a random order from 16 points on.
_ROUNDS = 4
# Places whose own binary number lacks one digit: the steps of Pascal's triangle modulo 2.
_PASCAL = tuple(
    (np.uint32(by), np.uint32(mask))
    for by, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF), (16, 0x0000FFFF))
)


def named_pairs(seed: int, names: Sequence[str], start: int, size: int) -> tuple[FloatArray, FloatArray]:
    """Return the samples A and B, rows `start` and on, shape (size, inputs), contiguous by input."""
    a, b = np.empty((len(names), size)), np.empty((len(names), size))
    # Shape (what for, rounds, keys of a round, inputs, 1).
    keys = np.empty((3, _ROUNDS, KEYS_A_ROUND, len(names), 1), dtype=np.uint32)
    for place, name in enumerate(names):
        keys[..., place, 0] = stream(seed, name + " pair").integers(1 << 32, size=keys.shape[:3], dtype=np.uint32)
    for first in range(0, size, POINTS_OF_A_BLOCK):
        last = min(first + POINTS_OF_A_BLOCK, size)
        together = max(1, NUMBERS_IN_CACHE // (last - first))
        for place in range(0, len(names), together):
            inputs = slice(place, place + together)
            own, of_a, of_b = keys[:, :, :, inputs]
            index = _own_order(np.arange(start + first, start + last, dtype=np.uint32), own)
            # With digits in reverse order, the first column of the sequence is the number of the point itself.
            second = _second_column(index)
            _fill(a[inputs, first:last], index, of_a)
            _fill(b[inputs, first:last], second, of_b)
    return a.T, b.T


def _fill(out: FloatArray, digits: Digits32, keys: Digits32) -> None:
    """Write scrambled points, each in the middle of its cell; the digits are used up."""
    scramble_reversed(digits, keys[:ROUNDS])
    reverse_digits(digits)
    np.add(digits, 0.5, out=out)
    out *= 2.0**-DIGITS


def _own_order(index: Digits32, keys: Digits32) -> Digits32:
    """Return the places of points, shuffled from each power of two to the next, so that a design can be extended."""
    bits = np.frexp(index.astype(np.float64))[1].astype(np.uint32)
    bits = np.maximum(bits, 1) - np.uint32(1)
    top = np.where(index > 0, np.uint32(1) << bits, np.uint32(0))
    mask = np.where(index > 0, top - np.uint32(1), np.uint32(0))
    half = (bits + np.uint32(1)) >> np.uint32(1)
    low = np.broadcast_to(index ^ top, (keys.shape[2], len(index)))
    upper, lower = np.maximum(half, 1), np.maximum(bits - half, 1)
    # Each step is one to one on the numbers below 2**bits.
    for shift, odd, other, flip in keys:
        low = (low * (odd | np.uint32(1)) + shift) & mask
        low ^= low >> upper
        low = (low * (other | np.uint32(1)) ^ flip) & mask
        low ^= low >> lower
    order: Digits32 = np.bitwise_or(low, top)
    return order


def _second_column(index: Digits32) -> Digits32:
    """Return the digits of the second column of Sobol's sequence, in reverse order."""
    digits = index.copy()
    for by, mask in _PASCAL:
        digits ^= (digits >> by) & mask
    return digits
