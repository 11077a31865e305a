"""Saltelli's design on the unit cube: pairs of points, and what is swapped between them.

Every array of several columns is stored column by column (Fortran order), and every function that
takes `start` gives the same bits however the rows are cut into blocks.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays.points import nested_scramble, sobol_sequence
from clustercast.arrays.points.designs import check_columns, check_rows
from clustercast.arrays.points.streams import checked_seed, replicate_seed, stream
from clustercast.errors import InputError

FloatArray = NDArray[np.float64]
Points = Literal["sobol", "random"]


def saltelli_base(
    seed: int,
    dimensions: int,
    size: int,
    *,
    start: int = 0,
    points: Points = "sobol",
    scramble: bool = True,
    nested: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """Return the two independent samples A and B of Saltelli's design.

    Parameters
    ----------
    seed : int
        0 or more, of any size; 0 is a seed like any other.
    dimensions : int
        Number of inputs.
    size : int
        Number of base points.
    start : int, optional
        Number of the first one: a design grows by asking for the next points.
    points : {"sobol", "random"}, optional
        Sobol' points as SALib takes them, or independent uniforms (plain Monte Carlo).
    scramble : bool, optional
        False gives the plain Sobol' sequence, whose first point is 0.
    nested : bool, optional
        Whether a scramble is nested uniform (Owen), for the spread of several, in place of SALib's linear one.

    Returns
    -------
    a, b : ndarray, shape (size, dimensions)
        From 0 (included, unless nested) to 1 (not included); see `inside`.

    Raises
    ------
    InputError
        If a number is out of range.

    References
    ----------
    A. Saltelli, Comput. Phys. Commun. 145, 280 (2002), doi:10.1016/S0010-4655(02)00280-1; A. B. Owen,
    "Randomly permuted (t,m,s)-nets and (t,s)-sequences" (1995), doi:10.1007/978-1-4612-2552-2_19.
    """
    if size < 0:
        raise InputError(f"size is {size}; a design needs 1 or more points, as in 1024")
    columns = np.empty((2 * dimensions, size))
    if points == "sobol":
        check_rows(start, start + size, 1 << sobol_sequence.SCIPY_DIGITS)
        check_columns(2 * dimensions)
        if scramble and nested:
            nested_scramble.nested_points(checked_seed(seed), start, columns)
        else:
            sobol_sequence.scipy_points(checked_seed(seed), 2 * dimensions, start, scramble, columns)
    elif points == "random":
        check_rows(start, start + size)
        for column in range(dimensions):
            columns[column] = stream(seed, f"saltelli A {column}", start).random(size)
            columns[dimensions + column] = stream(seed, f"saltelli B {column}", start).random(size)
    else:
        raise InputError(f"points is {points!r}; choose 'sobol' or 'random'")
    return columns[:dimensions].T, columns[dimensions:].T


def saltelli_replicate(
    seed: int,
    replicate: int,
    replicates: int,
    dimensions: int,
    size: int,
    *,
    start: int = 0,
    points: Points = "sobol",
    scramble: bool = True,
) -> tuple[FloatArray, FloatArray]:
    """Return A and B of one of the independent replicates of a Saltelli design.

    A design of one replicate has SALib's scramble. Two or more have nested uniform ones, because their spread
    makes the interval: over linear scrambles the errors of a smooth output have heavy tails, and Student's t
    covers too much; over nested ones they are asymptotically normal.

    Parameters
    ----------
    seed : int
        Of the whole design.
    replicate, replicates : int
        Number of the replicate, from 0, and how many there are.
    dimensions, size, start, points, scramble
        As in `saltelli_base`, of this replicate.

    Returns
    -------
    a, b : ndarray, shape (size, dimensions)

    References
    ----------
    Z. Pan and A. B. Owen, "Super-polynomial accuracy of one dimensional randomized nets using the median of
    means", Math. Comput. 92, 805 (2023), doi:10.1090/mcom/3791; W.-L. Loh, Ann. Stat. 31, 1282 (2003),
    doi:10.1214/aos/1059655914.

    Examples
    --------
    >>> alone, _ = saltelli_replicate(7, 0, 1, 2, 8)
    >>> bool(np.all(alone == saltelli_base(7, 2, 8)[0]))
    True
    """
    own, nested = replicate_seed(seed, replicate), replicates > 1
    return saltelli_base(own, dimensions, size, start=start, points=points, scramble=scramble, nested=nested)


def saltelli_rows(
    seed: int,
    dimensions: int,
    size: int,
    second_order: bool = True,
    scramble: bool = True,
    *,
    start: int = 0,
    points: Points = "sobol",
    replicates: int = 1,
) -> FloatArray:
    """Return the rows of Saltelli's design, in SALib's order and, for one replicate, with SALib's bits.

    Parameters
    ----------
    seed : int
        0 or more, of any size. SALib's sampler gives the same rows for the same integer, 0 included (it is
        SALib's *analysis* that ignores a seed of 0).
    dimensions : int
        Number of inputs, D.
    size : int
        Number of base points, N, of all replicates together. Sobol' points want a power of two in each
        replicate (`require_power_of_two`); this is left to the caller, so that blocks of any size can be had.
    second_order : bool, optional
        Whether to include the rows BA.
    scramble : bool, optional
        False gives the plain Sobol' sequence, whose first point is 0.
    start : int, optional
        Number of the first base point in each replicate.
    points : {"sobol", "random"}, optional
        Sobol' points, or independent uniforms (plain Monte Carlo).
    replicates : int, optional
        Independent scrambles, one after the other, each of ``size / replicates`` base points; see
        `saltelli_replicate`.

    Returns
    -------
    ndarray, shape (N (2 D + 2), D), or (N (D + 2), D) without second order
        For each base point the rows A, AB_1 ... AB_D, BA_1 ... BA_D, B.

    Raises
    ------
    InputError
        If a number is out of range or the replicates do not divide the size.

    References
    ----------
    A. Saltelli, Comput. Phys. Commun. 145, 280 (2002), doi:10.1016/S0010-4655(02)00280-1.

    Examples
    --------
    >>> saltelli_rows(0, 2, 1, scramble=False, start=1)[:, 0]
    array([0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    """
    if replicates < 1 or size % replicates:
        raise InputError(f"replicates is {replicates}, which does not divide the size {size}; give a divisor, as in 8")
    each = size // replicates
    group = 2 * dimensions + 2 if second_order else dimensions + 2
    rows = np.empty((dimensions, replicates, each, group))
    for replicate in range(replicates):
        a, b = saltelli_replicate(
            seed, replicate, replicates, dimensions, each, start=start, points=points, scramble=scramble
        )
        for column in range(dimensions):
            _interleave(a[:, column], b[:, column], column, dimensions, rows[column, replicate])
    return rows.reshape(dimensions, size * group).T


def _interleave(a: FloatArray, b: FloatArray, column: int, dimensions: int, out: FloatArray) -> None:
    """Write one column of the rows A, AB, BA, B of each base point; `out` has shape (base points, rows each)."""
    out[:, : dimensions + 1] = a[:, np.newaxis]
    out[:, dimensions + 1 :] = b[:, np.newaxis]
    out[:, column + 1] = b
    if out.shape[1] == 2 * dimensions + 2:
        out[:, dimensions + 1 + column] = a
