"""Scrambled Sobol' points, any rows of them, one column at a time.

A column of the sequence is linear over the field of two elements: the digits of point number ``i`` are the exclusive or
of one direction number for each bit of ``i`` (in Gray code). So a block of points is a table of the low bits, combined
with one number for the high bits, and any row can be had by itself.
"""

import functools
import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.arrays.points.streams import stream

Digits = NDArray[np.uint64]
# What a float between 1 and 2 has behind its point: digits put there are read as a float with no conversion.
FLOAT_DIGITS = 52
SCIPY_DIGITS = 30
INDEX_BITS = 40
LARGEST_DIMENSION = 21201
_ONE = 0x3FF0000000000000
_TABLE_BITS = 13


def direction_numbers(dimensions: int, index_bits: int) -> Digits:
    """Return the direction numbers of the first columns of the Sobol' sequence, shape (dimensions, index_bits)."""
    # Joe and Kuo (2008), doi:10.1137/070709359, in the table that SciPy carries.
    return np.array([_column_directions(column, index_bits) for column in range(dimensions)], dtype=np.uint64)


@functools.cache
def _joe_kuo() -> tuple[list[int], NDArray[np.int64]]:
    """Return the primitive polynomials and initial numbers, read without importing scipy.stats (half a second)."""
    found = importlib.util.find_spec("scipy.stats")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("the Sobol' sequence needs the direction numbers that SciPy carries")
    with np.load(Path(found.origin).parent / "_sobol_direction_numbers.npz") as table:
        return table["poly"].tolist(), np.asarray(table["vinit"], dtype=np.int64)


@functools.lru_cache(maxsize=8192)
def _column_directions(column: int, index_bits: int) -> tuple[int, ...]:
    """Return the direction numbers of one column, by the recurrence of its primitive polynomial."""
    if column == 0:
        return tuple(1 << (index_bits - 1 - j) for j in range(index_bits))
    polynomials, initial = _joe_kuo()
    polynomial = polynomials[column]
    degree = polynomial.bit_length() - 1
    found = [int(value) << (index_bits - 1 - j) for j, value in enumerate(initial[column, : min(degree, index_bits)])]
    for j in range(degree, index_bits):
        value = found[j - degree] ^ (found[j - degree] >> degree)
        for k in range(1, degree):
            if polynomial >> (degree - k) & 1:
                value ^= found[j - k]
        found.append(value)
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def scrambled_column(seed: int, column: int) -> tuple[Digits, int]:
    """Return the scrambled steps and the digital shift of one column, which depend on no other column."""
    # Digits are multiplied by a lower triangular matrix over two elements: Matousek (1998), doi:10.1006/jcom.1998.0489;
    # Owen (2003), doi:10.1145/945511.945518.
    generator = stream(seed, f"sobol column {column}")
    drawn = generator.integers(2, size=(FLOAT_DIGITS, FLOAT_DIGITS))
    shift = int(generator.integers(1 << FLOAT_DIGITS))
    places = np.arange(FLOAT_DIGITS - 1, -1, -1)
    plain = np.array(_column_directions(column, INDEX_BITS), dtype=np.uint64) << np.uint64(FLOAT_DIGITS - INDEX_BITS)
    digits = (plain[:, np.newaxis] >> places.astype(np.uint64) & np.uint64(1)).astype(np.float64)
    # Sums of at most 52 zeros and ones, and of as many powers of two, are exact in floating point, and floats are what
    # BLAS multiplies fast.
    scrambled = digits @ (np.tril(drawn, -1) + np.eye(FLOAT_DIGITS)).T % 2
    return steps_of((scrambled @ 2.0**places).astype(np.uint64)), shift


def steps_of(directions: Digits) -> Digits:
    """Return the number to combine for each bit of the plain index, where directions are for bits of its Gray code."""
    steps = directions.copy()
    steps[..., 1:] ^= directions[..., :-1]
    return steps


def fill(steps: Digits, shift: int, start: int, out: FloatArray) -> None:
    """Write points number `start` and on, in the middle of cells of 2**-52, by blocks that stay in the cache."""
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
