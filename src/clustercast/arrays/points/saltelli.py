"""Saltelli's design on the unit cube: pairs of points, and what is swapped between them.

Every array of several columns is stored column by column (Fortran order), and every function that
takes `start` gives the same bits however the rows are cut into blocks.
"""

from typing import Literal

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.points import nested_scramble, sobol_sequence
from clustercast.arrays.points.designs import check_columns, check_rows
from clustercast.arrays.points.streams import checked_seed, replicate_seed, stream
from clustercast.errors import InputError

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
    """Return the two independent samples A and B of Saltelli's design, shape (size, dimensions)."""
    # A. Saltelli (2002), doi:10.1016/S0010-4655(02)00280-1.
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
    """Return A and B of one of the independent replicates of a Saltelli design, shape (size, dimensions)."""
    # One replicate has SALib's linear scramble. Several have nested ones, because their spread makes the interval:
    # over linear scrambles the errors of a smooth output have heavy tails and Student's t covers too much (Pan and
    # Owen 2023, doi:10.1090/mcom/3791); over nested ones they are asymptotically normal (Loh 2003,
    # doi:10.1214/aos/1059655914).
    own, nested = replicate_seed(seed, replicate), replicates > 1
    return saltelli_base(own, dimensions, size, start=start, points=points, scramble=scramble, nested=nested)
