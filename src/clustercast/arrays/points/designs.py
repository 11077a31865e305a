"""Base points of the designs on the unit cube.

Every array of several columns is stored column by column (Fortran order), so
that the points of one input are contiguous. Every function that takes `start`
gives the same bits however the rows are cut into blocks.
"""

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays.points import sobol_sequence
from clustercast.arrays.points.streams import checked_seed, stream
from clustercast.errors import InputError

FloatArray = NDArray[np.float64]

RANDOM_BITS = 53
SALTELLI_BITS = sobol_sequence.SCIPY_DIGITS


def require_power_of_two(size: int, what: str = "size") -> None:
    """Refuse a size that is not a power of two.

    Parameters
    ----------
    size : int
        Number of base points of a design on Sobol' points, which are balanced at powers of two only.
    what : str, optional
        What the size is, for the message.

    Raises
    ------
    InputError
        If it is not a power of two; the message gives the nearest ones.

    Examples
    --------
    >>> require_power_of_two(4096)
    >>> require_power_of_two(5000)
    Traceback (most recent call last):
        ...
    clustercast.errors.InputError: size is 5000, which is not a power of two as Sobol' points need; use 4096 or 8192
    """
    if size < 1:
        raise InputError(f"{what} is {size}; a design needs 1 or more points, as in 1024")
    if size & (size - 1):
        below = 1 << (size.bit_length() - 1)
        raise InputError(
            f"{what} is {size}, which is not a power of two as Sobol' points need; use {below} or {2 * below}"
        )


def inside(uniforms: FloatArray, bits: int = SALTELLI_BITS) -> FloatArray:
    """Move points that are exactly 0 to the middle of their cell.

    Points on a grid of ``2**-bits`` stand for the cell to the right of them, so a 0 is an ordinary point; but
    a quantile function without lower limit has no finite value there.

    Parameters
    ----------
    uniforms : ndarray
        Points from 0 (included) to 1 (not included).
    bits : int, optional
        Binary digits of the points: 30 for Saltelli rows (``SALTELLI_BITS``), 53 for random uniforms
        (``RANDOM_BITS``).

    Returns
    -------
    ndarray
        The same array where no point is 0, else a copy in which each 0 is ``2**-(bits + 1)``.

    Examples
    --------
    >>> inside(np.array([0.0, 0.5])) * 2**31
    array([1.00000000e+00, 1.07374182e+09])
    """
    if uniforms.size == 0 or uniforms.min() > 0:
        return uniforms
    return np.where(uniforms == 0, 2.0 ** -(bits + 1), uniforms)


def random_uniforms(seed: int, name: str, start: int, stop: int) -> FloatArray:
    """Draw independent uniforms from the stream of a name.

    Parameters
    ----------
    seed : int
        0 or more, of any size.
    name : str
        Name of the input; each has a stream of its own, so adding one does not move another.
    start, stop : int
        First row and the one after the last.

    Returns
    -------
    ndarray, shape (stop - start,)
        Multiples of 2**-53 from 0 (included) to 1 (not included); see `inside`.

    Raises
    ------
    InputError
        If the rows or the seed are negative or the rows run backwards.

    Examples
    --------
    >>> whole = random_uniforms(7, "load_factor", 0, 10)
    >>> bool(np.all(whole[4:9] == random_uniforms(7, "load_factor", 4, 9)))
    True
    """
    check_rows(start, stop)
    return stream(seed, name, start).random(stop - start)


def sobol_column(seed: int, column: int, start: int, stop: int) -> FloatArray:
    """Return one column of scrambled Sobol' points.

    Parameters
    ----------
    seed : int
        0 or more, of any size.
    column : int
        Number of the column, from 0; its scramble depends on the seed and this number only.
    start, stop : int
        First row and the one after the last.

    Returns
    -------
    ndarray, shape (stop - start,)
        Between 0 and 1, neither included: each point is in the middle of its cell of 2**-52.

    Raises
    ------
    InputError
        If rows, column or seed are out of range.

    References
    ----------
    J. Matousek, J. Complexity 14, 527 (1998), doi:10.1006/jcom.1998.0489 (the affine scramble).
    """
    check_rows(start, stop, 1 << sobol_sequence.INDEX_BITS)
    check_columns(column + 1)
    out = np.empty(stop - start)
    sobol_sequence.owned_points(checked_seed(seed), column, start, out)
    return out


def sobol_uniforms(seed: int, dimensions: int, start: int, stop: int) -> FloatArray:
    """Return rows of a scrambled Sobol' sequence.

    Parameters
    ----------
    seed : int
        0 or more, of any size.
    dimensions : int
        Number of columns; a column is the same whatever the number of columns.
    start, stop : int
        First row and the one after the last.

    Returns
    -------
    ndarray, shape (stop - start, dimensions)
        Between 0 and 1, neither included. Every aligned block of ``2**k`` rows has one point in each of the
        ``2**k`` equal intervals of each column.

    Raises
    ------
    InputError
        If rows, dimensions or seed are out of range.

    Examples
    --------
    >>> points = sobol_uniforms(7, 2, 0, 8)
    >>> np.sort(np.floor(8 * points[:, 1])).astype(int).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    check_rows(start, stop, 1 << sobol_sequence.INDEX_BITS)
    check_columns(dimensions)
    columns = np.empty((dimensions, stop - start))
    for column in range(dimensions):
        sobol_sequence.owned_points(checked_seed(seed), column, start, columns[column])
    return columns.T


def latin_uniforms(seed: int, name: str, size: int) -> FloatArray:
    """Return one column of a Latin hypercube.

    Parameters
    ----------
    seed : int
        0 or more, of any size.
    name : str
        Name of the input, which has a permutation and a jitter of its own.
    size : int
        Number of points, at most ``2**50``.

    Returns
    -------
    ndarray, shape (size,)
        One point in each of `size` equal intervals, in random order, at a random place inside; neither 0 nor 1.

    Raises
    ------
    InputError
        If the size is negative or the seed is.

    References
    ----------
    M. D. McKay, R. J. Beckman and W. J. Conover, Technometrics 21, 239 (1979), doi:10.2307/1268522.
    """
    check_rows(0, size, 1 << 50)
    generator = stream(seed, name + " latin")
    # Whole and fraction together have 52 binary digits at most, so no sum is rounded up into the next interval.
    cells = 1 << (52 - max(size, 1).bit_length())
    numerators = generator.permutation(size).astype(np.float64)
    numerators *= cells
    numerators += generator.integers(cells, size=size)
    numerators += 0.5
    numerators /= float(size * cells) if size else 1.0
    return numerators


def check_rows(start: int, stop: int, largest: int = 1 << 120) -> None:
    """Refuse rows that are negative, backwards or beyond the sequence."""
    if not 0 <= start <= stop:
        raise InputError(f"rows {start} to {stop} are asked for; give a start of 0 or more and a stop not before it")
    if stop > largest:
        raise InputError(f"rows to {stop} are asked for, but the sequence has {largest} points; use independent draws")


def check_columns(columns: int) -> None:
    """Refuse more columns than the Sobol' sequence has."""
    if not 1 <= columns <= sobol_sequence.LARGEST_DIMENSION:
        raise InputError(
            f"a Sobol' design of {columns} columns is asked for; "
            f"it can have 1 to {sobol_sequence.LARGEST_DIMENSION} (twice the inputs for Saltelli rows)"
        )
