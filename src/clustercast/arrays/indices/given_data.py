"""First-order indices from any sample, plain or weighted: bias-corrected binning."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.polynomial import legendre

from clustercast.arrays import BoolArray, FloatArray, IntArray, Pair
from clustercast.arrays.indices.intervals import skewness_widening, squared_skewness
from clustercast.arrays.summaries import checked_weights, effective_size, unit_for_squares
from clustercast.errors import InputError

BLOCK = 64
# Effective samples that a bin in a tail keeps when it is halved.
LEAST = 8
# Sobol' points for each column at which half of what chance gives is left: measured on sums, products and steps of 3 to
# 110 inputs at 128 to 1,024 points, where the share that is left is within 0.3 of the formula.
_POINTS_OF_A_COLUMN = 18
# Standard errors of chance above which neighbours have something in common in whatever output.
_SURE = 5.0
# Of the leverage of a sample.
_LEAST_LEFT = 0.1
# Most terms of a main effect, least samples for each of all terms, and of their Gram matrix the least eigenvalue.
_TERMS, _SAMPLES_OF_A_TERM, _SINGULAR = 6, 4, 1e-6


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


class MainEffects(NamedTuple):
    """Smooth terms of inputs, one input after another, of which some are tied to each other by correlation."""

    terms: FloatArray
    inverse: FloatArray
    starts: IntArray
    tied: BoolArray

    @classmethod
    def of(cls, inputs: FloatArray, tied: BoolArray) -> "MainEffects | None":
        """Make the terms of inputs, shape (size, d); None of few samples."""
        size, count = inputs.shape
        if not (most := min(size // max(_SAMPLES_OF_A_TERM * count, 1), _TERMS)):
            return None
        terms = []
        for column in inputs.T:
            distinct, number, counts = np.unique(column, return_inverse=True, return_counts=True)
            middle = (2 * np.cumsum(counts) - counts) / size - 1
            terms.append(legendre.legvander(middle, min(most, len(distinct) - 1))[number, 1:])
        basis = np.asfortranarray(np.concatenate(terms, axis=1))
        basis -= basis.mean(axis=0)
        values, vectors = np.linalg.eigh(basis.T @ basis / size)
        steep = vectors[:, values > _SINGULAR] / np.sqrt(size * values[values > _SINGULAR])
        return cls(basis, steep @ steep.T, np.cumsum([0, *(one.shape[1] for one in terms)]), tied)

    def taken_off(self, outputs: FloatArray, inputs: Iterable[int]) -> Iterator[Pair]:
        """Yield for each input, -1 for none of them, outputs less the effects of all others, and its own effect."""
        slopes = self.inverse @ (self.terms.T @ outputs)
        places = [slice(*ends) for ends in itertools.pairwise(self.starts)]
        shared = sum((self.terms[:, places[k]] @ slopes[places[k]] for k in np.flatnonzero(self.tied)), start=0.0)
        # Each sample beside the fit of all others, by its leverage: Allen (1974), doi:10.1080/00401706.1974.10489157.
        leverage = np.vecdot(self.terms @ self.inverse, self.terms)[:, np.newaxis]
        other = (outputs - self.terms @ slopes) / np.maximum(1 - leverage, _LEAST_LEFT)
        for number in inputs:
            place = places[number] if number >= 0 else slice(0)
            own = self.terms[:, place] @ slopes[place]
            yield other + (shared if number >= 0 and self.tied[number] else own), own


class BinnedSample(NamedTuple):
    """A sample cut into bins along each input, and how its rows were drawn."""

    shares: FloatArray
    places: list[IntArray]
    # Rows in the order of each input that has no value twice, and whether neighbours are so by chance.
    orders: list[IntArray | None]
    paired: bool
    narrow: list[bool]
    used: BoolArray
    replicates: int
    # Of each row; it may have some weight in one replicate, and little in another.
    replicate: IntArray
    chance: float
    effects: MainEffects | None
    drawn: Sequence[int]

    @classmethod
    def of(
        cls,
        inputs: FloatArray,
        weights: FloatArray | None = None,
        bins: int | None = None,
        *,
        sobol: int = 0,
        replicates: int = 1,
        effects: MainEffects | None = None,
        drawn: Sequence[int] = (),
        paired: bool = False,
    ) -> "BinnedSample":
        """Cut inputs, shape (size, d), into bins; `drawn` are the numbers of their `effects`, or -1."""
        # Errors are of independent samples or independent `replicates`; of one sequence of `sobol` columns chance gives
        # a share of what it gives these, which falls with the size and rises with the columns.
        if inputs.ndim != 2:
            raise InputError(f"inputs {inputs.shape} are no table; give (size, d)")
        shares = np.full(len(inputs), 1 / len(inputs)) if weights is None else checked_weights(weights, len(inputs))
        used = shares > 0
        inputs, shares = inputs[used], shares[used]
        effective = effective_size(shares)
        count = default_bins(effective) if bins is None else bins
        if count < 2 or effective < 4 * count:
            remedy = f"draw at least {4 * max(count, 2)}, or give fewer bins, 2 or more, of at least 4 of them each"
            raise InputError(f"{count} bins cannot be had from {effective:.0f} effective samples; {remedy}")
        places = [_joined(bin_numbers(column, shares, count), shares) for column in inputs.T]
        # Of an input with a bin for each of its values nothing is lost inside bins.
        values = [len(np.unique(column)) for column in inputs.T]
        narrow = [place.max() + 1 < number for place, number in zip(places, values, strict=True)]
        chance = sobol / (sobol + effective / _POINTS_OF_A_COLUMN) if sobol else 1.0
        single = [number == len(inputs) for number in values]
        orders = [np.argsort(column) if one else None for column, one in zip(inputs.T, single, strict=True)]
        replicate = (np.arange(len(used)) * replicates // len(used))[used]
        return cls(shares, places, orders, paired, narrow, used, replicates, replicate, chance, effects, drawn)


def first_order_indices(
    sample: BinnedSample,
    outputs: FloatArray,
    known: BoolArray | None = None,
    few: BoolArray | bool = False,
    confidence: float = 0.5,
) -> Pair:
    """Return the first-order index of each input for each column, shape (d, columns), and errors; 0 if not `known`."""
    # Columns that rest on few values may vary by much within a bin; for a high confidence skewness makes errors wider.
    # For the rest see docs/theory/given_data.md: Plischke (2012), doi:10.1016/j.ress.2011.12.007; Kelley (1935),
    # doi:10.1073/pnas.21.9.554; Li, Rabitz, Wang and Georgopoulos (2003), doi:10.1002/jcc.10172.
    if outputs.ndim != 2 or len(sample.used) != len(outputs):
        raise InputError(f"outputs {outputs.shape} do not fit {len(sample.used)} rows of inputs; give (size, columns)")
    outputs = outputs[sample.used] / np.array([unit_for_squares(column) for column in outputs.T])
    shares, chosen = sample.shares, [k for k in range(len(sample.places)) if known is None or known[k]]
    result, few = np.zeros((2, len(sample.places), outputs.shape[1])), np.broadcast_to(few, outputs.shape[1])
    for start in range(0, outputs.shape[1], BLOCK):
        block = outputs[:, (now := slice(start, start + BLOCK))]
        centred = block - shares @ block
        constant = np.ptp(block, axis=0) == 0
        standard = centred / np.sqrt(np.where(constant, 1.0, shares @ centred**2 / (1.0 - (shares**2).sum())))
        parts: Iterable[Pair] = [(standard, np.zeros_like(standard))] * len(chosen)
        if sample.effects is not None:
            parts = sample.effects.taken_off(standard, [sample.drawn[number] for number in chosen])
        for number, part in zip(chosen, parts, strict=True):
            result[:, number, now] = _index(sample, number, standard, part, few[now], confidence)
        result[:, :, now][..., constant] = np.nan
    # Of an input that takes one value, or another in one sample alone, nothing is known.
    result[:, [k for k in chosen if sample.places[k].max() == 0]] = np.nan
    return result[0], np.sqrt(result[1])


def _index(
    sample: BinnedSample, number: int, outputs: FloatArray, part: Pair, few: BoolArray, confidence: float
) -> Pair:
    """Return the index of an input and its variance, from the rest of the outputs and the input's own smooth effect."""
    from scipy.sparse import csr_array  # late: Sobol' indices need no part of this module that sorts

    (rest, own), place = part, sample.places[number]
    shares, replicates, chance = sample.shares, sample.replicates, sample.chance
    size, bins, weight = len(place), int(place.max()) + 1, sample.shares[:, np.newaxis]
    mass = np.bincount(place, shares)
    in_bins = csr_array((shares, (place, np.arange(size))), shape=(bins, size))
    sums, left = in_bins @ own, in_bins @ (rest - own)
    explained = own + (left / mass[:, np.newaxis])[place]
    noise = weight * (rest - explained)
    if replicates > 1:
        # Of the Wishart law of what replicates differ by, the trace and an unbiased estimate of the squared trace.
        cell, free = place + bins * sample.replicate, replicates - 1
        in_cells = csr_array((np.ones(size), (cell, np.arange(size))), shape=(bins * replicates, size))
        parts = (in_cells @ noise).reshape(replicates, bins, -1) * np.sqrt(replicates / free / mass)[:, np.newaxis]
        by_chance = (parts**2).sum(axis=(0, 1))
        squares = (np.einsum("rbc,sbc->rsc", parts, parts) ** 2).sum(axis=(0, 1)) - by_chance**2 / free
        second = 2 * (1 + 1 / free) * np.maximum(squares / (1 - 1 / free) / (1 + 2 / free), by_chance**2 / bins)
    else:
        fewer = (mass - np.bincount(place, shares**2) / mass)[:, np.newaxis]
        each = csr_array((np.ones(size), (place, np.arange(size))), shape=(bins, size)) @ noise**2 / fewer
        by_chance, second = (1 - mass) @ each, 2 * (each**2).sum(axis=0)

    def between(starts: range | list[int]) -> FloatArray:
        """Return the variance of the means of bins that are put together from some starts on."""
        own_sums, left_sums = (np.add.reduceat(one, starts) for one in (sums, left))
        means = left_sums / np.add.reduceat(mass, starts)[:, np.newaxis]
        return np.asarray((means * (left_sums + 2 * own_sums)).sum(axis=0))

    explains = between(range(bins))
    index = shares @ own**2 + explains - chance * by_chance
    groups = replicates if replicates > 1 else size
    pulls = (weight * explained * (2 * rest - explained), weight * outputs**2)
    pulled = pulls[0] - index * pulls[1]
    if replicates > 1:
        pulled = csr_array((np.ones(size), (sample.replicate, np.arange(size))), shape=(replicates, size)) @ pulled
    pulled -= pulled.mean(axis=0)
    squares = pulled * pulled
    skewness = squared_skewness(squares.mean(axis=0), np.einsum("gc,gc->c", squares, pulled) / groups, groups) / groups
    spread = groups * squares.sum(axis=0) / (groups - 1) * skewness_widening(skewness, confidence) ** 2
    # What bins of half the number, in one way or the other, explain less beyond chance: of a smooth effect three times
    # what these lose; of a step, which is what is left where smooth effects are known, at least half.
    pairs = np.minimum(between(range(0, bins, 2)), between([0, *range(1, bins, 2)]))
    lost = (explains - pairs - chance * by_chance / 2) * sample.narrow[number] * (0.5 if sample.effects is None else 2)
    # The means in `spread` carry the noise once more than the index does: what is left of it without signal.
    error = np.maximum(spread - second, second) + np.maximum(lost**2 - second, 0)
    if (order := sample.orders[number]) is not None and (sample.paired or few.any()):
        gain, noise_of_gain, shown = _common(rest - explained, order, place, shares)
        added = gain + by_chance > shown * np.where(few, 3.0, _SURE if sample.paired else np.inf)
        # Where neighbours are not so by chance it may be as much, or nothing.
        index = index + (added & sample.paired) * (gain + by_chance)
        error = error + added * (noise_of_gain if sample.paired else (gain + by_chance) ** 2)
    return index, error + (by_chance**2 / 12.0 if chance < 1 else 0.0) + (index * (shares**2).sum()) ** 2


def _common(
    residuals: FloatArray, order: IntArray, place: IntArray, shares: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return what residuals of neighbours in a bin, where they sum to 0, have in common, its variance, and a limit."""
    # Rare events may all be in a part of a bin: Gamboa, Gremaud, Klein and Lagnoux (2022), doi:10.3150/21-BEJ1421. Less
    # than three times what chance gives neighbours that have nothing in common would be noise alone.
    one, other = order[:-1], order[1:]
    joint = ((shares[one] + shares[other]) / 2 * (place[one] == place[other]))[:, np.newaxis]
    common = joint * residuals[one] * residuals[other]
    shown = np.sqrt((joint**2).sum()) * (shares @ residuals**2)
    return common.sum(axis=0), (common**2).sum(axis=0), shown
