"""First-order indices from any sample, plain or weighted: bias-corrected binning."""

import itertools

import numpy as np

from clustercast.arrays import FloatArray, IntArray, Pair
from clustercast.arrays.summaries import checked_weights, effective_size, unit_for_squares
from clustercast.errors import InputError

BLOCK = 64
# Effective samples that a bin in a tail keeps when it is halved.
LEAST = 8
# Sobol' points for each column at which half of what chance gives is left: measured on sums, products and steps of 3 to
# 110 inputs at 128 to 1,024 points, where the share that is left is within 0.3 of the formula.
_POINTS_OF_A_COLUMN = 18


def default_bins(effective_size: float) -> int:
    """Return the number of bins for a sample: a fourth of it, then as the cube root, from 2 to 64 (48 for 8,192)."""
    # The squared bias of binning falls as bins**-4, the noise that chance adds grows as bins / size.
    return int(np.clip(min(2.4 * effective_size ** (1 / 3), effective_size / 4), 2, 64))


def shares_between(bins: int, halvings: int) -> FloatArray:
    """Return the probabilities between bins of equal weight, of which the two outermost are halved some times."""
    tail = 0.5 ** np.arange(halvings, 0, -1) / bins
    return np.concatenate([tail, np.arange(1, bins) / bins, 1 - tail[::-1]])


def bin_numbers(values: FloatArray, weights: FloatArray, bins: int) -> IntArray:
    """Put a sample into bins of equal weight, finer in the two tails, shape (size,)."""
    # The outermost bins are halved towards the ends while enough samples are left: in the tail of an unbounded input an
    # output varies more within one bin than anywhere else. With at most `bins` distinct values each has its own bin.
    distinct, place = np.unique(values, return_inverse=True)
    if len(distinct) <= bins:
        return place.astype(np.int64)
    share = np.bincount(place, weights)
    middle = (np.cumsum(share) - 0.5 * share)[place] / share.sum()
    squared = weights**2
    most = np.log2(share.sum() ** 2 / squared.sum() / bins / LEAST) + 1e-9
    for halvings in range(max(0, int(most)), -1, -1):
        numbers = np.searchsorted(shares_between(bins, halvings), middle)
        if (np.bincount(numbers, squared) <= 2 / LEAST * np.bincount(numbers, weights) ** 2).all():
            break
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _joined(numbers: IntArray, weights: FloatArray) -> IntArray:
    """Join each bin of fewer than 2 effective samples, which have no spread of their own, to its lighter neighbour."""
    while True:
        mass = np.bincount(numbers, weights)
        thin = np.flatnonzero(np.bincount(numbers, weights**2) > 0.5 * mass**2)
        if not thin.size:
            return numbers
        first = thin[0]
        above = first + 1 < mass.size and (first == 0 or mass[first + 1] < mass[first - 1])
        numbers = numbers - (numbers > first - (not above))


def first_order_indices(
    inputs: FloatArray, outputs: FloatArray, weights: FloatArray | None = None, bins: int | None = None, sobol: int = 0
) -> Pair:
    """Return the first-order index of each input for each column, shape (d, columns), and standard errors."""
    # The variance between the means of bins of equal weight, less what chance alone gives, over the variance: Plischke
    # (2012), doi:10.1016/j.ress.2011.12.007; Kelley (1935), doi:10.1073/pnas.21.9.554. On Sobol' points it is less:
    # nothing or some share of it, which falls with the size and rises with `sobol`, the number of their columns.
    if inputs.ndim != 2 or outputs.ndim != 2 or len(inputs) != len(outputs):
        raise InputError(f"inputs {inputs.shape}, outputs {outputs.shape} do not fit; give (size, d), (size, columns)")
    shares = np.full(len(inputs), 1 / len(inputs)) if weights is None else checked_weights(weights, len(inputs))
    used = shares > 0
    if not used.all():
        inputs, outputs, shares = inputs[used], outputs[used], shares[used]
    effective = effective_size(shares)
    count = default_bins(effective) if bins is None else bins
    if count < 2 or effective < 4 * count:
        remedy = f"draw at least {4 * max(count, 2)}, or give fewer bins, 2 or more, of at least 4 of them each"
        raise InputError(f"{count} bins cannot be had from {effective:.0f} effective samples; {remedy}")
    places = [_joined(bin_numbers(column, shares, count), shares) for column in inputs.T]
    offsets = np.cumsum([0, *(place.max() + 1 for place in places)])
    member = np.concatenate([place + offset for place, offset in zip(places, offsets, strict=False)])
    outputs = outputs / np.array([unit_for_squares(column) for column in outputs.T])
    blocks = [outputs[:, start : start + BLOCK] for start in range(0, outputs.shape[1], BLOCK)]
    chance = sobol / (sobol + effective / _POINTS_OF_A_COLUMN) if sobol else 1.0
    result = [_block_indices(block, shares, member, offsets, chance) for block in blocks]
    return np.concatenate([f[0] for f in result], axis=1), np.concatenate([f[1] for f in result], axis=1)


def _block_indices(outputs: FloatArray, shares: FloatArray, member: IntArray, offsets: IntArray, chance: float) -> Pair:
    """Return indices and errors of some columns, from sums over the bins of all inputs."""
    from scipy.sparse import csr_array  # late: Sobol' indices need no part of this module that sorts

    constant = np.ptp(outputs, axis=0) == 0
    centred = outputs - shares @ outputs
    standard = centred / np.sqrt(np.where(constant, 1.0, shares @ centred**2 / (1.0 - (shares**2).sum())))
    rows, shape = np.tile(np.arange(len(shares)), len(offsets) - 1), (int(offsets[-1]), len(shares))
    heavy = csr_array((shares[rows], (member, rows)), shape=shape)
    squared = csr_array((shares[rows] ** 2, (member, rows)), shape=shape)
    mass = np.asarray(heavy.sum(axis=1))[:, np.newaxis]
    mean = (heavy @ standard) / mass
    s0 = np.asarray(squared.sum(axis=1))[:, np.newaxis]
    # From the powers of values under squared weights to those of their distance from the bin mean.
    s1, s2, s3, s4 = (squared @ power for power in itertools.accumulate([standard] * 4, np.multiply))
    third = s3 - mean * (3 * s2 - mean * (3 * s1 - mean * s0))
    fourth = s4 - mean * (4 * s3 - mean * (6 * s2 - mean * (4 * s1 - mean * s0)))
    moments = [s0, s1 - mean * s0, s2 - mean * (2 * s1 - mean * s0), third, fourth]
    noise = moments[2] / mass**2 / (1.0 - moments[0] / mass**2)
    starts = offsets[:-1]
    # Of an input that takes one value, or another in one sample alone, nothing is known.
    unknown = constant | (np.diff(offsets) == 1)[:, np.newaxis]
    by_chance = np.add.reduceat(mass * (1.0 - mass) * noise, starts)
    index = np.add.reduceat(mass * mean**2, starts) - chance * by_chance
    spread = np.add.reduceat(_squared_influence(moments, mean, np.repeat(index, np.diff(offsets), axis=0)), starts)
    # The means in `spread` carry the noise once more than the index does: what is left of it without signal.
    second = 2.0 * np.add.reduceat((mass * noise) ** 2, starts)
    error = np.maximum(spread - second, second) + (by_chance**2 / 12.0 if chance < 1 else 0.0)
    return np.where(unknown, np.nan, index), np.where(unknown, np.nan, np.sqrt(error))


def _squared_influence(moments: list[FloatArray], mean: FloatArray, index: FloatArray) -> FloatArray:
    """Return the sum over each bin of the squared influence of a sample on the index."""
    m0, m1, m2, m3, m4 = moments
    constant, slope, curve = (1 - index) * mean**2, 2 * (1 - index) * mean, -index
    linear = constant**2 * m0 + 2 * constant * slope * m1 + (slope**2 + 2 * constant * curve) * m2
    return linear + 2 * slope * curve * m3 + curve**2 * m4
