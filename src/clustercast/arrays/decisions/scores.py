"""How much better one scores, or acts, who knows one column, with what chance alone gives taken off."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import entr, ndtri, psi

from clustercast.arrays import FloatArray, IntArray, Pair
from clustercast.arrays.decisions.partition import BINS, Partition, halves, partition
from clustercast.arrays.indices.intervals import few_events_half_width, normal_factor, wilson

OfBins = Callable[[FloatArray, IntArray, IntArray], FloatArray]
# Samples a bin must hold for its Gini difference, and for its 5 and 95 % points.
IN_A_BIN = {"crps": 32, "width": 128}
MOST_BINS = {"crps": 512, "width": 256}
FEW = 8
SHUFFLES = 8
TAIL = 0.05
_ROUGHNESS = np.concatenate([[0.0], np.logspace(-6, 9, 31)])
# Standard errors that a choice is doubted by, and samples that may have gone unseen where none chooses otherwise.
_SURE, _UNSEEN = 1.96, 3.0
# More events than these show the errors themselves; with fewer nothing is known of one input, or of several together.
ENOUGH, FEWEST, TOGETHER = {"brier": 100, "log": 1000}, 5, {"brier": 40, "log": 200}


# A proper score S(F, y) has the same mean under F as its entropy H(F). What a column is worth is H(F) less the mean of
# H(F given its bin): the mean over the samples of d = S(F, y) - S(F given its bin, y). The spread of d gives the
# error. Where the column says nothing d is noise of the second order, whose variance d shows twice. For low-discrepancy
# points chance gives between nothing and what it gives independent points: half is put back, and the error covers both.


def variance_gain(bins: Partition, values: FloatArray, low_discrepancy: bool = False, replicates: int = 1) -> Pair:
    """Return the fall of the variance of each column of values (N, T) and its error, shape (d, T)."""
    # The variance of a truth value is its Brier score. Bias off: Kelley (1935), doi:10.1073/pnas.21.9.554.
    size = len(values)
    centre = values.mean(axis=0)
    counts = bins.counts[:, np.newaxis]
    first = bins.sums(values) - counts * centre
    if ((values == 0) | (values == 1)).all():
        second = (first + counts * centre) * (1 - 2 * centre) + counts * centre**2
    else:
        second = bins.sums((values - centre) ** 2)
    mean = first / counts
    within = np.maximum(second - counts * mean**2, 0)
    noise = (within / np.maximum(counts - 1, 1) + (counts == 1) * values.var(axis=0)) / size
    if replicates > 1:
        # The variance of means of bins over replicates of any design.
        counted, squares = np.column_stack([values - centre, np.ones(size)]), np.zeros_like(mean)
        for part in np.split(np.arange(size), replicates):
            sums = replace(bins, member=bins.member[:, part]).sums(counted[part])
            squares += (sums[:, :-1] - sums[:, -1:] * mean) ** 2
        noise, low_discrepancy = squares / counts * (replicates / (replicates - 1) / size), False
    chance = bins.over_bins((1 - counts / size) * noise) * (0.5 if low_discrepancy else 1.0)
    gain = bins.over_bins(counts / size * mean**2) - chance
    moved = 4 * mean**2 * within + counts * (mean**2 - bins.spread(gain)) ** 2
    doubled = 2 * bins.over_bins(noise**2)
    squared = np.maximum(bins.over_bins(moved) / size**2 - doubled, doubled)
    return gain, np.sqrt(squared + (chance**2 / 3 if low_discrepancy else 0))


def entropy_gain(bins: Partition, values: FloatArray, low_discrepancy: bool = False) -> Pair:
    """Return the fall of the entropy, in nats, of truth values (N, T) and its error, shape (d, T)."""
    # Entropies of counts by Grassberger's series: Schuermann (2004), doi:10.1088/0305-4470/37/27/L02. The term whose
    # sign alternates takes off the bias of the smallest counts; beyond them it is noise alone, and left out.
    size = len(values)
    counts = bins.counts[:, np.newaxis]
    hits = np.rint(bins.sums(values))
    series = _series(size)
    share = values.mean(axis=0)
    whole = _entropies(np.rint(values.sum(axis=0)), np.full(values.shape[1], float(size)), series)
    left = bins.over_bins(counts / size * _entropies(hits, np.broadcast_to(counts, hits.shape), series))
    uncertain = (share > 0) & (share < 1)
    gain = (whole - left) * uncertain
    known = (hits + share) / (counts + 1)
    with np.errstate(invalid="ignore"):
        saved = np.nan_to_num(np.log(known / share))
        spared = np.nan_to_num(np.log((1 - known) / (1 - share)))
    moved = bins.over_bins(hits * saved**2 + (counts - hits) * spared**2) / size**2
    few = np.minimum(hits, counts - hits)
    wavering = bins.over_bins(((few > 0) & (few <= FEW)) / 4)
    doubled = (np.diff(bins.offsets)[:, np.newaxis] / 2 + wavering) / size**2 * uncertain
    squared = np.maximum(moved - gain**2 / size - doubled, doubled)
    chance = low_discrepancy * np.diff(bins.offsets)[:, np.newaxis] / (2 * size) * uncertain
    return gain + chance / 2, np.sqrt(squared + chance**2 / 3)


def _series(most: int) -> FloatArray:
    """Return Grassberger's G of 0 to a count, without its alternating term beyond the smallest counts; G(0) is 0."""
    n = np.arange(1, most + 1)
    result = np.asarray(psi(n))
    small = n[:FEW]
    result[:FEW] += 0.5 * (-1.0) ** small * (psi((small + 1) / 2) - psi(small / 2))
    return np.concatenate([[0.0], result])


def _entropies(hits: FloatArray, counts: FloatArray, series: FloatArray) -> FloatArray:
    """Return the entropy of a share, in nats, from counts."""
    k, n = hits.astype(np.int64), counts.astype(np.int64)
    return np.asarray(psi(n) - (hits * series[k] + (counts - hits) * series[n - k]) / n)


def spread_gain(score: str, columns: FloatArray, values: FloatArray, low_discrepancy: bool = False) -> Pair:
    """Return the fall of the mean CRPS, or of the width of the 90 % interval, of values (N, T), shape (d, T)."""
    size = len(values)
    # In a narrow strip of one column the points of a sequence are not spread evenly along the others.
    most = min(MOST_BINS[score], BINS) if low_discrepancy else MOST_BINS[score]
    bins = partition(columns, max(4, min(most, size // IN_A_BIN[score])), tails=False, exact=True)
    of_bins = _crps if score == "crps" else _width
    gains, errors = np.empty((2, len(columns), values.shape[1]))
    members = list(bins.member)
    generator = np.random.default_rng(0)
    shuffled = [generator.permutation(members[0]) for _ in range(SHUFFLES)]
    scale = np.diff(bins.offsets) / bins.offsets[1]  # the bins that are shuffled are those of the first column
    for target, column in enumerate(values.T):
        order = np.argsort(column)
        ordered = column[order]
        before = of_bins(ordered, np.array([0]), np.array([size]))
        result = np.array([_saved(of_bins, before, ordered, member[order]) for member in [*members, *shuffled]])
        # What shuffled bins give is chance: its mean is the bias of bins of so many samples, half its variance noise.
        mean, noise = result[len(members) :].mean(axis=0)[:2] * [1.0, 0.5]
        known = result[: len(members)]
        left = 1 - known[:, 0] / before.mean() if before.any() else 1.0
        bias = mean * scale * left if score == "width" else 0.0
        squared = np.maximum(known[:, 1] - noise * scale, noise * scale) / size
        chance = low_discrepancy * known[:, 2]
        gains[:, target] = known[:, 0] - bias + chance / 2
        errors[:, target] = np.sqrt(squared + chance**2 / 3)
    return gains, errors


def _saved(of_bins: OfBins, before: FloatArray, ordered: FloatArray, member: NDArray[np.uint16]) -> tuple[float, ...]:
    """Return mean and variance of what a sample's score falls by when its bin is known, and what chance gives."""
    # Radix sort: the values stay in order within each bin.
    moved = np.argsort(member, kind="stable")
    counts = np.bincount(member)
    result = of_bins(ordered[moved], np.cumsum(counts) - counts, counts)
    saved = before[moved] - result
    chance = (result / np.repeat(counts, counts)).mean() - before.mean() / len(before)
    return float(saved.mean()), float(saved.var()), float(chance)


def _crps(ordered: FloatArray, starts: IntArray, counts: IntArray) -> FloatArray:
    """Return the CRPS of each sample under its own bin's distribution, without bias; sorted within bins."""
    n = np.repeat(counts, counts)
    place = np.arange(len(ordered)) - np.repeat(starts, counts)
    total = np.repeat(np.add.reduceat(ordered, starts), counts)
    summed = np.cumsum(ordered)
    below = summed - np.repeat(summed[starts] - ordered[starts], counts)
    distance = ((2 * place + 2 - n) * ordered + total - 2 * below) / np.maximum(n - 1, 1)
    return np.asarray(distance - np.repeat(np.add.reduceat(distance, starts) / counts / 2, counts))


def crps_of(values: FloatArray) -> FloatArray:
    """Return the CRPS of each sample (N,) under the distribution of all, without bias."""
    result, order = np.empty_like(values), np.argsort(values)
    result[order] = _crps(values[order], np.array([0]), np.array([len(values)]))
    return result


def _width(ordered: FloatArray, starts: IntArray, counts: IntArray) -> FloatArray:
    """Return width plus influence of each sample on the 90 % interval of its bin; sorted within bins."""
    # Median-unbiased points (type 8), and the slope of the quantile function beside each.
    step = TAIL / 2
    points = {p: _points(ordered, starts, counts, p) for q in (TAIL, 1 - TAIL) for p in (q - step, q, q + step)}
    width, result = np.zeros(len(counts)), np.zeros(len(ordered))
    for q, sign in ((TAIL, -1.0), (1 - TAIL, 1.0)):
        slope = (points[q + step] - points[q - step]) / (2 * step)
        result += sign * (q - (ordered <= np.repeat(points[q], counts))) * np.repeat(slope, counts)
        width += sign * points[q]
    # The points themselves are the estimate: their influence must not move the mean.
    return result + np.repeat(width - np.add.reduceat(result, starts) / counts, counts)


def _points(ordered: FloatArray, starts: IntArray, counts: IntArray, probability: float) -> FloatArray:
    """Return a quantile of each bin."""
    place = np.maximum((counts + 1 / 3) * probability - 2 / 3, 0)
    low = np.floor(place).astype(np.int64)
    below, above = ordered[starts + low], ordered[starts + np.minimum(low + 1, counts - 1)]
    return np.asarray(below + (place - low) * (above - below))


def perfect_gain(score: str, values: FloatArray) -> tuple[float, float]:
    """Return what knowing everything saves, the whole expected score, and its error; losses are (N, actions)."""
    size = len(values)
    if score == "loss":
        saved = values[:, int(np.argmin(values.mean(axis=0)))] - values.min(axis=1)
    elif score == "log":
        share = values.mean()
        saved = -np.log(np.where(values == 1, share, 1 - share))
    elif score in ("crps", "width"):
        saved = (_crps if score == "crps" else _width)(np.sort(values), np.array([0]), np.array([size]))
    else:
        saved = (values - values.mean()) ** 2 * size / (size - 1)
    return float(saved.mean()), float(saved.std() / np.sqrt(size))


def action_gain(bins: Partition, losses: FloatArray) -> Pair:
    """Return what knowing each column saves in the mean loss (N, actions), and its error, shape (d, 1)."""
    # Strong, Oakley and Brennan (2014), doi:10.1177/0272989X13505910, with a smoother on bins for their regression.
    # The action chosen and judged on the same samples looks too good; chosen on one half and judged on the other it
    # looks too bad, twice as much as the halves are half as large: two parts of the first and one of the second.
    size = len(losses)
    relative, tie = relative_losses(losses)
    half = halves(size).astype(np.float64)[:, np.newaxis]
    sums = bins.sums(np.concatenate([relative, relative**2, relative * half, half], axis=1))
    # Where no bin chooses otherwise, nothing in the sample bounds what a rarer value would save but its size.
    unseen = _UNSEEN * relative.std(axis=0).max() / size
    gains, errors = [], []
    actions = losses.shape[1]
    for start, stop in zip(bins.offsets[:-1], bins.offsets[1:], strict=True):
        total, squares, first, count = np.split(sums[start:stop], [actions, 2 * actions, 3 * actions], axis=1)
        counts = bins.counts[start:stop, np.newaxis]
        roughness = _roughness(counts[:, 0])
        best, doubted = _best(total, squares, counts, roughness)
        rows = np.arange(len(best))
        inside = -total[rows, best].sum() / size
        across, spread = 0.0, [squares[rows, best].sum()]
        for part, number in ((first, count), (total - first, counts - count)):
            chosen = _best(part, squares / 2, number, roughness)[0]
            across -= (total - part)[rows, chosen].sum() / size
            spread.append(squares[rows, chosen].sum())
        gains.append((2 * inside + across) / 3 + tie / 2)
        # Where a half chooses otherwise the choice is uncertain, and so is what it saves.
        squared = max(max(spread) / size - inside**2, 0) / size + ((inside - across) / 2) ** 2 + tie**2 / 12
        errors.append(np.sqrt(squared + ((doubted / size) ** 2 + unseen**2) / _SURE**2))
    return np.array(gains)[:, np.newaxis], np.array(errors)[:, np.newaxis]


def relative_losses(losses: FloatArray) -> tuple[FloatArray, float]:
    """Return losses less those of the action that is best before, and by how much that one looks too good."""
    relative = losses - losses[:, [int(np.argmin(losses.mean(axis=0)))]]
    one = halves(len(losses))
    # Where two actions are as good before, the better of the two means is too good, by the same argument.
    tie = sum(relative[part][:, int(np.argmin(relative[~part].mean(axis=0)))].sum() for part in (one, ~one))
    return relative, float(tie) / len(losses)


def _best(total: FloatArray, squares: FloatArray, counts: FloatArray, roughness: FloatArray) -> tuple[IntArray, float]:
    """Return the action of each bin with the least smoothed mean loss, and what a second choice may save in sum."""
    if len(total) < 3:
        return np.asarray(np.argmin(total, axis=1)), 0.0
    n = np.maximum(counts[:, 0], 1e-9)
    # Along these directions both the counts and the roughness beside them are diagonal, also where a bin is empty.
    share, turn = eigh(np.diag(n), np.diag(n) + n.mean() * roughness)
    force = 1 / (share + _ROUGHNESS[:, np.newaxis] * np.maximum(1 - share, 0))
    turned, kept = turn.T @ total, force * share
    within = np.maximum(squares.sum(axis=0) - (total**2 / n[:, np.newaxis]).sum(axis=0), 0)
    # Generalised cross-validation over all samples, for each action.
    criterion = (within + (1 - kept) ** 2 / share @ turned**2) / (n.sum() - kept.sum(axis=1)[:, np.newaxis]) ** 2
    chosen = force[np.argmin(criterion, axis=0)].T
    smooth = turn @ (chosen * turned)
    error = np.sqrt(turn**2 @ (chosen**2 * share[:, np.newaxis]) * within / n.sum())
    order = np.argsort(smooth)[:, :2]
    gap = np.diff(np.take_along_axis(smooth, order, axis=1))
    doubt = np.sqrt((np.take_along_axis(error, order, axis=1) ** 2).sum(axis=1, keepdims=True))
    return order[:, 0], float((n[:, np.newaxis] * np.maximum(_SURE * doubt - gap, 0)).sum())


def _roughness(counts: FloatArray) -> FloatArray:
    """Return the quadratic form of the squared bend of values of bins, along the normal scores of the bins."""
    if len(counts) < 3:
        return np.zeros((len(counts), len(counts)))
    filled = counts + 0.5
    step = np.diff(ndtri((np.cumsum(filled) - filled / 2) / filled.sum()))
    # A line in the scores has none; in the numbers of bins that are finer in the tails it would have much.
    slopes = np.diff(np.eye(len(counts)), axis=0) / step[:, np.newaxis]
    bend = np.diff(slopes, axis=0) * np.sqrt(step.mean() ** 3 / (step[1:] + step[:-1]))[:, np.newaxis]
    return np.asarray(bend.T @ bend)


def expected_score(score: str, share: FloatArray) -> FloatArray:
    """Return what is expected to be lost by who knows the probability of an event alone."""
    return np.asarray(share * (1 - share) if score == "brier" else entr(share) + entr(1 - share))


def perfect_ends(score: str, holds: FloatArray, confidence: float) -> Pair:
    """Return the ends of the interval of what knowing everything of a rare event is worth, shape (1,)."""
    share = np.array([min(holds.mean(), 1 - holds.mean())])
    centre, half = wilson(share, normal_factor(confidence) ** 2 / len(holds))
    low, high = (expected_score(score, np.clip(end, 0, 0.5)) for end in (centre - half, centre + half))
    return low, high


def number_of_events(holds: FloatArray) -> int:
    """Return how many samples have an event, or have not, whichever is rarer."""
    return int(min(holds.sum(), len(holds) - holds.sum()))


def ends(score: str, value: FloatArray, error: FloatArray, holds: FloatArray, confidence: float) -> Pair:
    """Return the ends of intervals of what columns are worth, of events no narrower than so few allow, shape (d,)."""
    # A value grows as the number of events (entropy) or of pairs of them (Brier score), a number of Poisson's: its
    # interval reaches further up than down. An entropy is beside it a share of that of the event, a mean over the
    # events. Both parts together by G. Y. Zou and A. Donner (2008), doi:10.1002/sim.3095.
    half = normal_factor(confidence) * error
    low, high = value - half, value + half
    if score not in ENOUGH or (events := number_of_events(holds)) > ENOUGH[score]:
        return low, high
    ends_of_all = perfect_ends(score, holds, confidence)
    if events < FEWEST:
        return np.zeros_like(value), np.maximum(high, ends_of_all[1])
    whole = float(expected_score(score, np.array(events / len(holds))))
    known = np.clip(value, 0, whole)
    by_share = whole * few_events_half_width(known / whole, events, confidence) if score == "log" else 0.0
    lower, upper = (known * (end / whole) ** (2 if score == "brier" else 1) - known for end in ends_of_all)
    return np.minimum(low, value - np.hypot(lower, by_share)), np.maximum(high, value + np.hypot(upper, by_share))
