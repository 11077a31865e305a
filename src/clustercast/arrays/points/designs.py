"""Base points of the designs on the unit cube, stored column by column; blocks of any size give the same bits."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import BoolArray, FloatArray, IntArray, Pair
from clustercast.arrays.points import sobol_sequence
from clustercast.arrays.points.streams import checked_seed, stream
from clustercast.errors import InputError

RANDOM_BITS = 53
_DIGITS_SEEN, _TIMES_WORSE = 4, 2.5
Points = Literal["sobol", "salib", "random"]
# How S2 of x_i x_j, centred and of variance 1, errs: its variance at one random point; squares of the factors of
# products of W_i, A_i**2 and B_i**2, W being A times B, with those of j; of the square of W_i W_j in a denominator.
ProductError = tuple[float, tuple[tuple[float, float, float], ...], float]


def require_power_of_two(size: int, what: str = "size") -> None:
    """Refuse a size that is not a power of two."""
    if size < 1:
        raise InputError(f"{what} is {size}; a design needs 1 or more points, as in 1024")
    if size & (size - 1):
        below = 1 << (size.bit_length() - 1)
        raise InputError(f"{what} is {size}, not a power of two as Sobol' points need; use {below} or {2 * below}")


def inside(uniforms: FloatArray, bits: int = sobol_sequence.SCIPY_DIGITS) -> FloatArray:
    """Move points that are exactly 0 to the middle of their cell of ``2**-bits``, where quantiles are finite."""
    if uniforms.size == 0 or uniforms.min() > 0:
        return uniforms
    return np.where(uniforms == 0, 2.0 ** -(bits + 1), uniforms)


def random_uniforms(seed: int, name: str, start: int, stop: int) -> FloatArray:
    """Draw independent uniforms from the stream of a name, shape (stop - start,)."""
    check_rows(start, stop)
    return stream(seed, name, start).random(stop - start)


def sobol_column(seed: int, column: int, start: int, stop: int) -> FloatArray:
    """Return one column of scrambled Sobol' points, shape (stop - start,)."""
    # The affine scramble of J. Matousek (1998), doi:10.1006/jcom.1998.0489; it depends on seed and column only.
    check_rows(start, stop, 1 << sobol_sequence.INDEX_BITS)
    check_columns(column + 1)
    out = np.empty(stop - start)
    sobol_sequence.fill(*sobol_sequence.scrambled_column(checked_seed(seed), column), start, out)
    return out


def sobol_uniforms(seed: int, dimensions: int, start: int, stop: int) -> FloatArray:
    """Return rows of a scrambled Sobol' sequence, shape (stop - start, dimensions)."""
    check_columns(dimensions)
    return np.stack([sobol_column(seed, column, start, stop) for column in range(dimensions)]).T


def latin_uniforms(seed: int, name: str, size: int) -> FloatArray:
    """Return one column of a Latin hypercube, shape (size,)."""
    # McKay, Beckman and Conover (1979), doi:10.2307/1268522.
    check_rows(0, size, 1 << 50)
    generator = stream(seed, name + " latin")
    # Whole and fraction together have 52 binary digits at most, so no sum is rounded up into the next interval.
    cells = 1 << (52 - max(size, 1).bit_length())
    numerators = generator.permutation(size).astype(np.float64) * cells + generator.integers(cells, size=size) + 0.5
    return numerators / (float(size * cells) if size else 1.0)


def morris_trajectories(seed: int, dimensions: int, size: int, levels: int = 4) -> FloatArray:
    """Return trajectories that move one input after the other, shape (size, dimensions + 1, dimensions)."""
    # Morris (1991), doi:10.1080/00401706.1991.10484804. Bit for bit those of ``SALib.sample.morris`` for the same seed,
    # so that its estimates can be compared: the order of the moves, their directions and the start are drawn in turn.
    generator = np.random.default_rng(checked_seed(seed))
    delta = levels / (2 * (levels - 1))
    starts = np.linspace(0, 1 - delta, levels // 2)
    moved = np.tril(np.ones((dimensions + 1, dimensions)), -1)
    points = np.empty((size, dimensions + 1, dimensions))
    for trajectory in points:
        places = np.eye(dimensions)
        generator.shuffle(places)
        directions = generator.choice([-1, 1], dimensions)
        start = generator.choice(starts, dimensions)
        trajectory[:] = start + delta / 2 * ((2 * moved @ places.T - 1) * directions + 1)
    return points


def check_rows(start: int, stop: int, largest: int = 1 << 120) -> None:
    """Refuse rows that are negative, backwards or beyond the sequence."""
    if not 0 <= start <= stop:
        raise InputError(f"rows {start} to {stop} are asked for; give a start of 0 or more and a stop not before it")
    if stop > largest:
        raise InputError(f"rows to {stop} are asked for, but the sequence has {largest} points; use independent draws")


def check_columns(columns: int) -> None:
    """Refuse more columns than the Sobol' sequence has."""
    if not 1 <= columns <= sobol_sequence.LARGEST_DIMENSION:
        remedy = f"it can have 1 to {sobol_sequence.LARGEST_DIMENSION} (twice the inputs for Saltelli rows)"
        raise InputError(f"a Sobol' design of {columns} columns is asked for; {remedy}")


class SwappedColumn:
    """The values of one input in all rows of the design, made when they are asked for from those of A and B."""

    dtype, ndim = np.dtype(np.float64), 1

    def __init__(self, values: FloatArray, which: IntArray | BoolArray) -> None:
        # Shape (base points, values that differ), and which of them each run of a base point has.
        self._values, self.which = values, which.astype(np.intp)
        self.size = len(values) * len(which)
        self.shape = (self.size,)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, key: Any) -> FloatArray:
        runs = len(self.which)
        if not isinstance(key, slice) or key.step not in (None, 1):
            where = np.arange(*key.indices(self.size)) if isinstance(key, slice) else np.arange(self.size)[key]
            point, run = np.divmod(where, runs)
            return np.asarray(self._values[point, self.which[run]])
        start, stop, _ = key.indices(self.size)
        points = self._values[start // runs : -(-stop // runs)]
        return np.take(points, self.which, axis=1).reshape(-1)[start % runs :][: max(stop - start, 0)]

    def sum_of_bits(self) -> np.uint64:
        """Return the sum of the bits of all rows."""
        return np.uint64(self._values.view(np.uint64).sum(axis=0, dtype=np.uint64)[self.which].sum(dtype=np.uint64))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:].astype(dtype or self.dtype, copy=False)


def saltelli_replicate(
    seed: int, replicates: int, names: Sequence[str], size: int, *, start: int = 0, points: Points = "sobol"
) -> Pair:
    """Return A and B of a replicate of a Saltelli design, which has a seed of its own, shape (size, inputs)."""
    # Several replicates have nested scrambles, over which errors are asymptotically normal: docs/theory/designs.md.
    if size < 0:
        raise InputError(f"size is {size}; a design needs 1 or more points, as in 1024")
    if points not in get_args(Points):
        raise InputError(f"points is {points!r}; choose 'sobol', 'salib' or 'random'")
    check_rows(start, start + size, (1 << 120) if points == "random" else (1 << sobol_sequence.SCIPY_DIGITS))
    if points == "sobol":
        return sobol_sequence.named_pairs(seed, names, start, size)
    if points == "random":
        drawn = [[stream(seed, f"{name} saltelli {s}", start).random(size) for name in names] for s in "AB"]
        return np.array(drawn[0]).T, np.array(drawn[1]).T
    # Halves of one sequence: A. Saltelli (2002), doi:10.1016/S0010-4655(02)00280-1.
    check_columns(2 * len(names))
    columns = np.empty((2 * len(names), size))
    if replicates > 1:
        sobol_sequence.nested_points(seed, start, columns)
    else:
        from scipy.stats import qmc  # late: half a second, for these points alone

        sampler = qmc.Sobol(len(columns), seed=seed)
        # From the first point on, SciPy warns of a number of points that is no power of 2.
        whole = sampler.fast_forward(start).random(size) if start else sampler.random_base2((size - 1).bit_length())
        columns[:] = whole[:size].T
    return columns[: len(names)].T, columns[len(names) :].T


def blind_pairs(dimensions: int, size: int, error: ProductError) -> dict[tuple[int, int], float]:
    """Return how much worse than random points `size` points of SALib's see pairs of inputs; the worst pair first."""
    # A uniform is a sum of digits as signs, each half the one before, its square of products of two. The mean square
    # over scrambles of a mean product of columns is the sum of the squared weights of products of digits with one sign
    # at all points: of one parity of bits of a point's number. W_i alone counts with every estimator.
    from scipy.sparse import csr_array  # late, as above

    bits = np.arange((size - 1).bit_length(), dtype=np.uint64)[:, np.newaxis]
    directions = sobol_sequence.direction_numbers(2 * dimensions, sobol_sequence.SCIPY_DIGITS)[:, : bits.size]
    codes = np.zeros((2 * dimensions, 1), dtype=np.uint64)
    for place in range(1, _DIGITS_SEEN + 1):
        digit = (directions >> np.uint64(sobol_sequence.SCIPY_DIGITS - place) & np.uint64(1)) @ (np.uint64(1) << bits)
        codes = np.concatenate([codes, codes ^ digit], axis=1)
    last, (a, b) = np.frexp(np.arange(1, 1 << _DIGITS_SEEN))[1], np.split(codes[:, 1:].astype(np.int64), 2)
    shares, square, ends = 6 * 8.0**-last, 24 * 8.0**-last * (1 - 4.0 ** (1 - last)), np.arange(dimensions + 1)
    both, weights = a[:, :, np.newaxis] ^ b[:, np.newaxis], np.outer(shares, shares)
    parts = [
        csr_array((np.tile(w.ravel(), dimensions), own.ravel(), ends * w.size), (dimensions, 1 << bits.size))
        for own, w in ((both, weights), (a, square), (b, square))
    ]
    seen, alone = np.array([[(p @ q.T).toarray() for q in parts] for p in parts]), parts[0][:, [0]].toarray()
    variances = alone + alone.T + np.einsum("pq,pqij->ij", error[1], seen) + error[2] * seen[0, 0] ** 2
    errors = np.sqrt(size * np.triu(variances, 1) / error[0])
    worst = [(int(one), int(other)) for one, other in np.argwhere(errors > _TIMES_WORSE)]
    return {pair: float(errors[pair]) for pair in sorted(worst, key=lambda pair: -errors[pair])}
