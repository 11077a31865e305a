"""Scrambled Sobol' points, any rows of them: columns of one sequence, or a net for each input."""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import scipy
from numpy.typing import NDArray

from clustercast.arrays import FloatArray, IntArray, Pair
from clustercast.arrays.points.streams import stream

Digits = NDArray[np.uint64]
# What a float between 1 and 2 has behind its point: digits put there are read as a float with no conversion.
FLOAT_DIGITS = 52
SCIPY_DIGITS = 30
INDEX_BITS = 40
LARGEST_DIMENSION = 21201
_ONE = 0x3FF0000000000000
_TABLE_BITS = 13
Digits32 = NDArray[np.uint32]
DIGITS = 32
# With three rounds no product of two or four coins of the leading digits differs from a fair one; with one, many do.
ROUNDS = 3
KEYS_A_ROUND = 4
POINTS_OF_A_BLOCK = 1 << 13
NUMBERS_IN_CACHE = 1 << 14
# Rounds of the order; with four, products of leading digits have the variance of a random order from 16 points on.
_ROUNDS_OF_ORDER = 4
# Places whose own binary number lacks one digit: the steps of Pascal's triangle modulo 2.
_PASCAL = np.array([(1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF), (16, 0x0000FFFF)], np.uint32)
_EVEN = np.uint32(0xFFFFFFFE)


def direction_numbers(dimensions: int, index_bits: int) -> Digits:
    """Return the direction numbers of the first columns of the Sobol' sequence, shape (dimensions, index_bits)."""
    # Joe and Kuo (2008), doi:10.1137/070709359, in the table that SciPy carries.
    return np.array([_column_directions(column, index_bits) for column in range(dimensions)], dtype=np.uint64)


@functools.cache
def _joe_kuo() -> tuple[IntArray, IntArray]:
    """Return the primitive polynomials and initial numbers, read without importing scipy.stats (half a second)."""
    with np.load(Path(scipy.__file__).parent / "stats" / "_sobol_direction_numbers.npz") as table:
        return table["poly"], np.asarray(table["vinit"], dtype=np.int64)


@functools.lru_cache(maxsize=8192)
def _column_directions(column: int, index_bits: int) -> tuple[int, ...]:
    """Return the direction numbers of one column, by the recurrence of its primitive polynomial."""
    if column == 0:
        return tuple(1 << (index_bits - 1 - j) for j in range(index_bits))
    polynomials, initial = _joe_kuo()
    polynomial = int(polynomials[column])
    degree = polynomial.bit_length() - 1
    result = [int(value) << (index_bits - 1 - j) for j, value in enumerate(initial[column, : min(degree, index_bits)])]
    for j in range(degree, index_bits):
        value = result[j - degree] ^ (result[j - degree] >> degree)
        for k in range(1, degree):
            if polynomial >> (degree - k) & 1:
                value ^= result[j - k]
        result.append(value)
    return tuple(result)


@functools.lru_cache(maxsize=4096)
def scrambled_column(seed: int, column: int) -> tuple[Digits, int]:
    """Return the scrambled steps and the digital shift of one column, which depend on no other column."""
    # Digits are multiplied by a lower triangular matrix over two elements: Matousek (1998), doi:10.1006/jcom.1998.0489;
    # Owen (2003), doi:10.1145/945511.945518.
    generator = stream(seed, f"sobol column {column}")
    drawn = generator.integers(2, size=(FLOAT_DIGITS, FLOAT_DIGITS))
    shift = int(generator.integers(1 << FLOAT_DIGITS))
    places = np.arange(FLOAT_DIGITS - 1, -1, -1, dtype=np.uint64)
    plain = np.array(_column_directions(column, INDEX_BITS), dtype=np.uint64) << np.uint64(FLOAT_DIGITS - INDEX_BITS)
    digits = (plain[:, np.newaxis] >> places & np.uint64(1)).astype(np.float64)
    # Sums of at most 52 zeros and ones are exact in floats, which BLAS multiplies fast.
    sums = digits @ (np.tril(drawn, -1) + np.eye(FLOAT_DIGITS)).T
    return steps_of((sums.astype(np.uint64) & np.uint64(1)) @ (np.uint64(1) << places)), shift


def steps_of(directions: Digits) -> Digits:
    """Return the number to combine for each bit of the plain index, where directions are for bits of its Gray code."""
    steps = directions.copy()
    steps[..., 1:] ^= directions[..., :-1]
    return steps


def fill(steps: Digits, shift: int, start: int, out: FloatArray) -> None:
    """Write points number `start` and on, in the middle of cells of 2**-52, by blocks that stay in the cache."""
    # A column is linear over the field of two elements: the digits of point number ``i`` are the exclusive or of one
    # direction number for each bit of ``i`` (in Gray code). So a block of points is a table of the low bits, combined
    # with one number for the high bits, and any row can be had by itself.
    bits = min(_TABLE_BITS, len(steps), max(out.size - 1, 1).bit_length())
    table = np.empty(1 << bits, dtype=np.uint64)
    table[0] = shift | _ONE
    for j in range(bits):
        np.bitwise_xor(table[: 1 << j], steps[j], out=table[1 << j : 2 << j])
    written = out.view(np.uint64)
    done = 0
    while done < out.size:
        high, low = divmod(start + done, 1 << bits)
        count = min((1 << bits) - low, out.size - done)
        above = [bit for bit in range(bits, len(steps)) if high >> (bit - bits) & 1]
        np.bitwise_xor(table[low : low + count], np.bitwise_xor.reduce(steps[above]), out=written[done : done + count])
        out[done : done + count] -= 1.0 - 2.0 ** -(FLOAT_DIGITS + 1)
        done += count


def nested_points(seed: int, start: int, out: FloatArray) -> None:
    """Fill the rows of an array with columns of Sobol' points under nested uniform scrambles."""
    # A. B. Owen (1995), doi:10.1007/978-1-4612-2552-2_19; B. Burley, J. Comput. Graph. Tech. 9 (4), 1 (2020). Points
    # are in the middle of cells of 2**-32, so that none is 0 or 1; no column depends on the number of columns.
    dimensions, size = out.shape
    steps, keys = _reversed_steps(dimensions), scramble_keys(seed, dimensions)
    for columns, rows in _parts(dimensions, size):
        index = np.arange(start + rows.start, start + rows.stop, dtype=np.uint32)
        digits = np.zeros(out[columns, rows].shape, dtype=np.uint32)
        for bit in range(int(index[-1]).bit_length()):
            digits ^= steps[columns, bit, np.newaxis] * (index >> np.uint32(bit) & np.uint32(1))
        _fill(out[columns, rows], digits, keys[:, :, columns])


def named_pairs(seed: int, names: Sequence[str], start: int, size: int) -> Pair:
    """Return two independent samples, of each input by its name, rows `start` and on, shape (size, inputs)."""
    # The two coordinates of an input are the first two columns of Sobol's sequence, a (0, m, 2)-net, under a nested
    # scramble and in an order of its own, as a Latin hypercube takes slices: docs/theory/designs.md compares it with
    # one sequence of many columns, in which products of some inputs have errors that do not fall.
    a, b = np.empty((len(names), size)), np.empty((len(names), size))
    # Shape (what for, rounds, keys of a round, inputs, 1).
    keys = np.empty((3, _ROUNDS_OF_ORDER, KEYS_A_ROUND, len(names), 1), dtype=np.uint32)
    for place, name in enumerate(names):
        keys[..., place, 0] = stream(seed, name + " pair").integers(1 << 32, size=keys.shape[:3], dtype=np.uint32)
    for inputs, rows in _parts(len(names), size):
        own, of_a, of_b = keys[:, :, :, inputs]
        index = _own_order(np.arange(start + rows.start, start + rows.stop, dtype=np.uint32), own)
        # With digits in reverse order, the first column of the sequence is the number of the point itself.
        second = index.copy()
        for by, mask in _PASCAL:
            second ^= (second >> by) & mask
        _fill(a[inputs, rows], index, of_a)
        _fill(b[inputs, rows], second, of_b)
    return a.T, b.T


def _parts(columns: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Cut columns and rows into parts so small that the two dozen passes of the hash stay in the cache."""
    for first in range(0, size, POINTS_OF_A_BLOCK):
        last = min(first + POINTS_OF_A_BLOCK, size)
        together = max(1, NUMBERS_IN_CACHE // (last - first))
        for column in range(0, columns, together):
            yield slice(column, column + together), slice(first, last)


def _fill(out: FloatArray, digits: Digits32, keys: Digits32) -> None:
    """Write scrambled points, each in the middle of its cell; the digits are used up."""
    scramble_reversed(digits, keys[:ROUNDS])
    reverse_digits(digits)
    np.add(digits, 0.5, out=out)
    out *= 2.0**-DIGITS


def scramble_keys(seed: int, dimensions: int) -> Digits32:
    """Draw the keys of the scrambles of some columns, shape (rounds, keys of a round, dimensions, 1)."""
    size = (dimensions, ROUNDS, KEYS_A_ROUND)
    drawn = stream(seed, "nested uniform scramble").integers(1 << 32, size=size, dtype=np.uint32)
    return np.ascontiguousarray(drawn.transpose(1, 2, 0))[..., np.newaxis]


def scramble_reversed(digits: Digits32, keys: Digits32) -> None:
    """Scramble numbers in place whose leading digit is the lowest; digit k is flipped as the digits below it decide."""
    # The coins of a nested scramble are hashed: with the leading digit lowest, sums and products carry upwards only.
    # x += a, x ^= x * (even b), x *= (odd c), x ^= x * x * (even d): every digit of a product of an even factor depends
    # on lower digits of x only. The square, and keys for all factors, are what the hash of Burley (2020) lacks: there
    # the coins of four nodes of the tree are dependent.
    product = np.empty_like(digits)
    for shift, even, odd, square in keys:
        digits += shift
        np.multiply(digits, even & _EVEN, out=product)
        digits ^= product
        digits *= odd | np.uint32(1)
        np.multiply(digits, digits, out=product)
        product *= square & _EVEN
        digits ^= product


def reverse_digits(digits: Digits32) -> None:
    """Reverse the order of the 32 digits of each number, in place."""
    lower = np.empty_like(digits)
    for by, mask in _PASCAL[:3]:
        np.bitwise_and(digits, mask, out=lower)
        lower <<= by
        digits >>= by
        digits &= mask
        digits |= lower
    digits.byteswap(inplace=True)


@functools.lru_cache(maxsize=64)
def _reversed_steps(dimensions: int) -> Digits32:
    """Return the number to combine for each bit of a point's index, shape (dimensions, bits), digits reversed."""
    directions = direction_numbers(dimensions, SCIPY_DIGITS) << np.uint64(DIGITS - SCIPY_DIGITS)
    steps = steps_of(directions).astype(np.uint32)
    reverse_digits(steps)
    return steps


def _own_order(index: Digits32, keys: Digits32) -> Digits32:
    """Return the places of points, shuffled from each power of two to the next, so that a design can be extended."""
    bits = np.maximum(np.frexp(index.astype(np.float64))[1], 1).astype(np.uint32) - np.uint32(1)
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
    return np.asarray(low | top)
