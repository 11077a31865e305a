"""Saltelli's design on the unit cube: pairs of points, and what is swapped between them.

Every array of several columns is stored column by column (Fortran order), and every function that
takes `start` gives the same bits however the rows are cut into blocks.
"""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import BoolArray, FloatArray, IntArray
from clustercast.arrays.points import nested_scramble, sobol_sequence
from clustercast.arrays.points.designs import check_columns, check_rows
from clustercast.arrays.points.nested_scramble import named_pairs
from clustercast.arrays.points.streams import checked_seed, replicate_seed, stream
from clustercast.errors import InputError

Points = Literal["sobol", "salib", "random"]
POINTS = get_args(Points)


class SwappedColumn:
    """The values of one input in all rows of the design, made when they are asked for from those of A and B."""

    dtype, ndim = np.dtype(np.float64), 1

    def __init__(self, values: FloatArray, which: IntArray | BoolArray) -> None:
        # Shape (base points, values that differ), and which of them each run of a base point has.
        self._values, self._which = values, which.astype(np.intp)
        self.size = len(values) * len(which)
        self.shape = (self.size,)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, key: Any) -> FloatArray:
        runs = len(self._which)
        if not isinstance(key, slice) or key.step not in (None, 1):
            point, run = np.divmod(np.arange(self.size)[key], runs)
            return np.asarray(self._values[point, self._which[run]])
        start, stop, _ = key.indices(self.size)
        points = self._values[start // runs : -(-stop // runs)]
        before = start - start % runs
        return np.take(points, self._which, axis=1).reshape(-1)[start - before : max(start, stop) - before]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:].astype(dtype or self.dtype, copy=False)


def saltelli_base(
    seed: int, dimensions: int, size: int, *, start: int = 0, scramble: bool = True, nested: bool = False
) -> tuple[FloatArray, FloatArray]:
    """Return A and B of Saltelli's design as halves of one sequence, as SALib does, shape (size, dimensions)."""
    # A. Saltelli (2002), doi:10.1016/S0010-4655(02)00280-1.
    check_columns(2 * dimensions)
    columns = np.empty((2 * dimensions, size))
    if scramble and nested:
        nested_scramble.nested_points(checked_seed(seed), start, columns)
    else:
        sobol_sequence.scipy_points(checked_seed(seed), 2 * dimensions, start, scramble, columns)
    return columns[:dimensions].T, columns[dimensions:].T


def saltelli_replicate(
    seed: int,
    replicate: int,
    replicates: int,
    names: Sequence[str],
    size: int,
    *,
    start: int = 0,
    points: Points = "sobol",
    scramble: bool = True,
) -> tuple[FloatArray, FloatArray]:
    """Return A and B of one of the independent replicates of a Saltelli design, shape (size, inputs)."""
    # Several replicates have nested scrambles, because their spread makes the interval: over linear scrambles the
    # errors of a smooth output have heavy tails and Student's t covers too much (Pan and Owen 2023,
    # doi:10.1090/mcom/3791); over nested ones they are asymptotically normal (Loh 2003, doi:10.1214/aos/1059655914).
    if size < 0:
        raise InputError(f"size is {size}; a design needs 1 or more points, as in 1024")
    if points not in POINTS:
        raise InputError(f"points is {points!r}; choose 'sobol', 'salib' or 'random'")
    own = replicate_seed(seed, replicate)
    check_rows(start, start + size, (1 << 120) if points == "random" else (1 << sobol_sequence.SCIPY_DIGITS))
    if points == "sobol":
        return named_pairs(own, names, start, size)
    if points == "salib":
        return saltelli_base(own, len(names), size, start=start, scramble=scramble, nested=replicates > 1)
    columns = np.empty((2, len(names), size))
    for place, name in enumerate(names):
        for sample, column in zip("AB", columns[:, place], strict=True):
            column[:] = stream(own, f"{name} saltelli {sample}", start).random(size)
    return columns[0].T, columns[1].T


def blind_pairs(dimensions: int, size: int) -> list[tuple[int, int]]:
    """Return the pairs of inputs of which `size` points of SALib's design show no interaction of the leading digits."""
    # The leading digits of the four columns of the pair have one parity, whatever the scramble: the exclusive or of
    # their direction numbers has a leading digit of 0 for each bit of the number of a point.
    bits = (size - 1).bit_length()
    leading = sobol_sequence.direction_numbers(2 * dimensions, sobol_sequence.SCIPY_DIGITS)[:, :bits]
    rows = (leading >> np.uint64(sobol_sequence.SCIPY_DIGITS - 1)) @ (np.uint64(1) << np.arange(bits, dtype=np.uint64))
    same = np.equal.outer(rows[:dimensions] ^ rows[dimensions:], rows[:dimensions] ^ rows[dimensions:])
    return [(int(one), int(other)) for one, other in np.argwhere(np.triu(same, 1))]
