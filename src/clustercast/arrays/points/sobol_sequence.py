"""Scrambled Sobol' points, any rows of them, one column at a time.

A column of the sequence is linear over the field of two elements: the digits of point number ``i`` are the exclusive or
of one direction number for each bit of ``i`` (in Gray code). So a block of points is a table of the low bits, combined
with one number for the high bits, and any row can be had by itself.
"""

import functools
import importlib.util
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.arrays.points.streams import stream

Digits = NDArray[np.uint64]
Unsigned = TypeVar("Unsigned", np.uint32, np.uint64)
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


def _packed(digits: FloatArray) -> Digits:
    """Return the numbers whose binary digits lie along the last axis, the leading digit first."""
    # Sums of at most 52 powers of two are exact in floating point.
    numbers: Digits = (digits @ 2.0 ** np.arange(digits.shape[-1] - 1, -1, -1)).astype(np.uint64)
    return numbers


def linear_scramble(directions: Digits, matrices: NDArray[np.integer], digits: int) -> Digits:
    """Multiply the digits of direction numbers by lower triangular matrices over two elements."""
    # Matousek (1998), doi:10.1006/jcom.1998.0489; Owen (2003), doi:10.1145/945511.945518.
    lower = np.tril(matrices, -1).astype(np.float64) + np.eye(digits)
    given = directions[..., np.newaxis] << np.uint64(digits - directions.shape[-1])
    columns = ((given >> np.arange(digits - 1, -1, -1, dtype=np.uint64)) & np.uint64(1)).astype(np.float64)
    # Sums of at most 52 zeros and ones are exact in floating point, and floats are what BLAS multiplies fast.
    return _packed(np.matmul(columns, lower.transpose(0, 2, 1)) % 2)


@functools.lru_cache(maxsize=4096)
def scrambled_column(seed: int, column: int) -> tuple[Digits, int]:
    """Return the scrambled steps and the digital shift of one column, which depend on no other column."""
    generator = stream(seed, f"sobol column {column}")
    matrix = generator.integers(2, size=(1, FLOAT_DIGITS, FLOAT_DIGITS))
    shift = int(generator.integers(1 << FLOAT_DIGITS))
    plain = np.array([_column_directions(column, INDEX_BITS)], dtype=np.uint64)
    return steps_of(linear_scramble(plain, matrix, FLOAT_DIGITS)[0]), shift


@functools.lru_cache(maxsize=64)
def _scipy_columns(seed: int, dimensions: int, scramble: bool) -> tuple[Digits, tuple[int, ...]]:
    """Return steps and shifts of the sequence that ``scipy.stats.qmc.Sobol(dimensions, seed=seed)`` gives."""
    plain = direction_numbers(dimensions, SCIPY_DIGITS)
    shifts = np.zeros(dimensions, dtype=np.uint64)
    if scramble:
        generator = np.random.default_rng(seed)
        drawn = generator.integers(2, size=(dimensions, SCIPY_DIGITS), dtype=np.uint32)
        shifts = _packed(drawn[:, ::-1].astype(np.float64))
        matrices = generator.integers(2, size=(dimensions, SCIPY_DIGITS, SCIPY_DIGITS), dtype=np.uint32)
        plain = linear_scramble(plain, matrices, SCIPY_DIGITS)
    spare = np.uint64(FLOAT_DIGITS - SCIPY_DIGITS)
    return steps_of(plain << spare), tuple(int(shift) for shift in shifts << spare)


def steps_of(directions: Digits) -> Digits:
    """Return the number to combine for each bit of the plain index, where directions are for bits of its Gray code."""
    steps = directions.copy()
    steps[..., 1:] ^= directions[..., :-1]
    return steps


def scipy_points(seed: int, dimensions: int, start: int, scramble: bool, out: FloatArray) -> None:
    """Fill the rows of a (dimensions, size) array with SciPy's points, multiples of 2**-30."""
    steps, shifts = _scipy_columns(seed, dimensions, scramble)
    for column in range(dimensions):
        fill(steps[column], shifts[column], start, 1.0, out[column])


def fill(steps: Digits, shift: int, start: int, origin: float, out: FloatArray) -> None:
    """Write points number `start` and on, less `origin`, block by block so that each block stays in the cache."""
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
        np.bitwise_xor(table[low : low + count], combined(steps[bits:], high), out=written[done : done + count])
        out[done : done + count] -= origin
        done += count


def combined(steps: NDArray[Unsigned], index: int) -> NDArray[Unsigned]:
    """Return the exclusive or of the steps, along the last axis, at the bits of an index, shape (..., 1)."""
    chosen = [bit for bit in range(min(index.bit_length(), steps.shape[-1])) if index >> bit & 1]
    found: NDArray[Unsigned] = np.bitwise_xor.reduce(steps[..., chosen], axis=-1, keepdims=True)
    return found
