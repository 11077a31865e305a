"""Summaries of samples: quantiles, means, shares, with their Monte Carlo errors; times of crossings; heavy tails."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr, softmax

from clustercast.arrays import BoolArray, FloatArray, IntArray, Pair, real_numbers
from clustercast.errors import InputError, shown

Probabilities = Sequence[float] | FloatArray
Weights = Sequence[float] | FloatArray | None
# The probabilities between which a normal estimate lies within one standard error of the truth.
_ONE_SIGMA = ndtr(np.array([-1.0, 1.0]))
# BLAS shares a longer product between its threads, and then their number shows in the last bits.
_PART = 1024
# Above the first of these shapes the variance is infinite, so that the standard error of a mean is mostly too small;
# above the second it is so at any size one can draw.
DOUBTFUL, HEAVY = 0.5, 0.7
# Fewer replicates say too little of their own spread.
_ENOUGH_REPLICATES = 4
_FEWEST = 25
_FEWEST_IN_TAIL = 5
# From a shape of one half on the variance beyond any value is infinite.
_LONGEST_SHAPE = 0.45
# Up to this one the spread of replicates shows a tail; sums of many inputs, whose errors cancel, have no longer one.
_LONG_SHAPE = 0.1
# Of the sum of squares, the share of the largest; below it no tail is heavy enough to look at.
_SHARE_TO_LOOK_AT = 0.05


def unit_for_squares(values: FloatArray) -> float:
    """Return 1, or a power of two to divide values by whose squares would overflow or vanish."""
    peak = max(float(values.max()), -float(values.min()))
    return 1.0 if peak == 0 or 1e-100 < peak < 1e100 or not np.isfinite(peak) else 2.0 ** int(np.frexp(peak)[1] - 1)


def squared_in(square: float, unit: float) -> float:
    """Return a square of numbers that were divided by a unit: the largest or smallest float where it is beyond."""
    beyond = (np.nextafter(0, 1), np.finfo(np.float64).max)
    with np.errstate(over="ignore"):
        return square if unit == 1 else float(np.clip(square * np.float64(unit) * unit, *beyond))


def sum_of_products(row: FloatArray, other: FloatArray | None = None) -> float:
    """Return the sum of a row, or of its products with another."""
    # By parts and then pairwise, so that rounding hardly grows with the length: Higham (1993), doi:10.1137/0914050.
    whole = row.size - row.size % _PART
    if other is None:
        parts = np.vecdot(row[:whole].reshape(-1, _PART), np.ones(_PART))
        return float(parts.sum() + row[whole:].sum())
    parts = np.vecdot(row[:whole].reshape(-1, _PART), other[:whole].reshape(-1, _PART))
    return float(parts.sum() + np.vecdot(row[whole:], other[whole:]))


def checked_probabilities(probabilities: Probabilities) -> FloatArray:
    """Return probabilities as an array; refused unless they increase from 0 to 1."""
    points = np.atleast_1d(real_numbers("probabilities", probabilities))
    if points.ndim != 1 or not points.size or not np.all((points >= 0) & (points <= 1)) or np.any(np.diff(points) <= 0):
        raise InputError(f"probabilities are {shown(points.tolist())}; give increasing numbers from 0 to 1")
    return points


def checked_weights(weights: Sequence[float] | FloatArray, size: int) -> FloatArray:
    """Return weights that sum to 1; refused unless finite, one a sample, 0 or more and not all 0."""
    given = real_numbers("weights", weights)
    if given.shape != (size,):
        raise InputError(f"weights have shape {given.shape}, but there are {size} samples; give one for each")
    if not np.isfinite(given).all() or given.min(initial=0.0) < 0 or not given.any():
        raise InputError("weights must be finite and 0 or more, and not all 0; one is not; give importance weights")
    # Dividing by the largest first keeps weights near the limits of floating point from over- or underflowing.
    scaled = given / given.max()
    return np.asarray(scaled / scaled.sum())


def effective_size(weights: FloatArray) -> float:
    """Return Kish's effective number of samples, ``sum(w)**2 / sum(w**2)``, from 1 to the number of weights."""
    return float(weights.sum() ** 2 / np.square(weights).sum())


def order_interval(probabilities: FloatArray, count: float | FloatArray) -> Pair:
    """Return the shares of `count` samples between which each quantile lies with the probability of one sigma."""
    a, b = count * probabilities + 1, count * (1 - probabilities) + 1
    return betaincinv(a, b, _ONE_SIGMA[0]), betaincinv(a, b, _ONE_SIGMA[1])


def interval_ranks(probabilities: FloatArray, size: int) -> tuple[IntArray, IntArray]:
    """Return the ranks, from 0, of the order statistics from which the error of each quantile is made."""
    low, high = order_interval(probabilities, size)
    return np.maximum(np.floor(low * size - 1), 0).astype(np.intp), np.ceil(high * size - 1).astype(np.intp)


def quantiles(values: FloatArray, probabilities: Probabilities, weights: Weights = None) -> FloatArray:
    """Return quantiles along the last axis, shape (..., probabilities); infinities are values like others."""
    return quantiles_with_errors(values, probabilities, weights)[0]


def quantiles_with_errors(
    values: FloatArray, probabilities: Probabilities, weights: Weights = None, replicates: int = 1
) -> Pair:
    """Return quantiles along the last axis and their Monte Carlo standard errors, both (..., probabilities)."""
    # Without weights the quantile is definition 7 of R. J. Hyndman and Y. Fan (1996), doi:10.2307/2684934, as NumPy's;
    # with weights that of A. Akinshin (2023), arXiv:2304.07265, as xarray's; of equal weights both are one.
    # The error is half the distance of the two order statistics between which the quantile lies with the probability
    # of one standard error, by the binomial law of how many of n independent samples lie below it (R. S. Woodruff
    # (1952), doi:10.1080/01621459.1952.10483443; by the beta distribution as in A. Vehtari et al. (2021),
    # doi:10.1214/20-BA1221). It supposes nothing of the distribution; for a Latin hypercube or Sobol' points, which are
    # spread more evenly, it is an upper limit. With weights n is Kish's effective size. One sample's error is infinite.
    # With replicates n is what the spread of their shares below it tells: the quantile of few points errs otherwise.
    rows, shape = sample_rows(values)
    points, size = checked_probabilities(probabilities), rows.shape[1]
    share = None if weights is None else checked_weights(weights, size)
    position = (size - 1) * points
    below = np.floor(position).astype(np.intp)
    part = position - below
    ranks = np.stack([below, below + (part > 0), *interval_ranks(points, size)])
    placed = np.empty((2, len(rows), len(points)))
    for i, row in enumerate(rows):
        # A sum of squares is NaN only where a sample is, and costs less than a maximum.
        with np.errstate(over="ignore"):
            squares = sum_of_products(row, row)
        if np.isnan(squares):
            raise InputError(f"{np.count_nonzero(np.isnan(row))} of {size} samples are NaN; correct what made them")
        placed[:, i] = _interpolated(row, part, ranks) if share is None else _weighted(row, share, points)
        if replicates > 1:
            placed[1, i] = _replicated_errors(row, points, placed[0, i], replicates)
    return placed[0].reshape(*shape, -1), placed[1].reshape(*shape, -1)


def sample_rows(values: FloatArray) -> tuple[FloatArray, tuple[int, ...]]:
    """Return values as rows of samples, and the shape of what is not the sample axis."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise InputError(f"values of shape {array.shape} hold no samples; give 1 or more along the last axis")
    return array.reshape(-1, array.shape[-1]), array.shape[:-1]


def _interpolated(row: FloatArray, part: FloatArray, ranks: IntArray) -> Pair:
    """Return quantiles, each a part of the way from the first rank to the second, and errors by the other two."""
    left, right, low, high = np.partition(row, np.unique(ranks))[ranks]
    return _between(left, right, part), _half_width(low, high, row.size)


def _between(left: FloatArray, right: FloatArray, part: FloatArray) -> FloatArray:
    """Return what lies a part of the way from one to another; beside an infinite one it is infinite."""
    between = np.where(np.isinf(left) & ((part < 0.5) | np.isfinite(right)), left, right)
    finite = np.isfinite(left) & np.isfinite(right)
    a, b, part = left[finite], right[finite], part[finite]
    # Interpolated from the nearer end, as NumPy does, so that the bits are NumPy's.
    between[finite] = np.where(part < 0.5, a + (b - a) * part, b - (b - a) * (1 - part))
    return between


def _replicated_errors(row: FloatArray, probabilities: FloatArray, places: FloatArray, replicates: int) -> FloatArray:
    """Return errors of the quantiles at some places from the spread of shares below them over replicates."""
    # Of equal values the share below the quantile and the share up to it differ: the one that is known worse counts.
    parts, places = parts_of(row, replicates), places[:, np.newaxis, np.newaxis]
    shares = np.stack([(parts < places).mean(axis=-1), (parts <= places).mean(axis=-1)])
    count = _independent_count(shares, probabilities, row.size).min(axis=0)
    position = np.stack(order_interval(probabilities, count)) * (row.size - 1)
    below, ordered = np.floor(position).astype(np.intp), np.sort(row)
    left, right = ordered[below], ordered[np.ceil(position).astype(np.intp)]
    low, high = _between(left, right, position - below)
    return _half_width(low, high, row.size)


def enough_replicates(design: Mapping[str, Any], size: int) -> int:
    """Return how many replicates a draw of some size has where their spread says enough of errors, and else 1."""
    # What is left of a draw that was cut is no longer in equal parts.
    several = int(design.get("replicates", 1))
    return several if several >= _ENOUGH_REPLICATES and size == design.get("size") else 1


def parts_of(values: NDArray[Any], replicates: int) -> NDArray[Any]:
    """Return samples as those of independent replicates, one after the other, shape (..., replicates, samples)."""
    if values.shape[-1] % replicates:
        raise InputError(f"replicates is {replicates}; give a number that divides the {values.shape[-1]} samples")
    return values.reshape(*values.shape[:-1], replicates, -1)


def _independent_count(shares: FloatArray, probability: FloatArray, size: int) -> FloatArray:
    """Return how many independent samples would know a probability as well as the shares (..., replicates) do."""
    # Of even points all replicates may count alike, and be off alike by part of a sample: no share is known better than
    # if one of them had counted one more.
    variance = np.maximum(shares.var(axis=-1, ddof=1) / shares.shape[-1], 1 / size**2)
    return np.asarray(np.maximum(probability * (1 - probability) / variance, 1.0))


def _weighted(row: FloatArray, share: FloatArray, probabilities: FloatArray) -> Pair:
    """Return weighted quantiles, means of the sorted sample over a window of one effective sample, and errors."""
    kept = np.flatnonzero(share)
    kept = kept[np.argsort(row[kept], kind="stable")]
    ordered, upper = row[kept], np.cumsum(share[kept])
    upper /= upper[-1]
    lower = np.concatenate([[0.0], upper[:-1]])
    count = effective_size(share)
    middle = np.empty(len(probabilities))
    for j, opening in enumerate((count - 1) * probabilities / count):
        # A sample that the window touches by less than rounding must not count: it may be infinite.
        closing = opening + 1 / count
        part = slice(int(np.searchsorted(upper, opening + 1e-14)), int(np.searchsorted(lower, closing - 1e-14)))
        overlap = np.minimum(upper[part], closing) - np.maximum(lower[part], opening)
        some = ordered[part]
        if np.isinf(some[0]) and np.isinf(some[-1]):
            # The middle one where both infinities are among them.
            middle[j] = some[np.searchsorted(np.cumsum(overlap), overlap.sum() / 2)]
        else:
            middle[j] = np.average(some, weights=overlap)
    left, right = (ordered[np.searchsorted(upper, edge)] for edge in order_interval(probabilities, count))
    return middle, _half_width(left, right, count)


def _half_width(left: FloatArray, right: FloatArray, count: float) -> FloatArray:
    """Return half the distance of two order statistics, 0 where both are the same, infinities included."""
    with np.errstate(invalid="ignore"):
        width = np.where(left == right, 0.0, (right - left) / 2)
    return width if count > 1 else np.full_like(left, np.inf)


class Summary(NamedTuple):
    """Quantiles and their errors, shape (..., probabilities), and the mean and its error, shape (...)."""

    quantiles: FloatArray
    quantile_errors: FloatArray
    mean: FloatArray
    mean_error: FloatArray


def mean_with_error(values: FloatArray, weights: FloatArray | None = None, replicates: int = 1) -> Pair:
    """Return the mean of finite values along the last axis and its Monte Carlo standard error."""
    array, shape = sample_rows(values)
    share = None if weights is None else checked_weights(weights, array.shape[1])
    means = np.array([_mean_of_row(row, share) for row in array]).reshape(*shape, 2)
    if replicates > 1:
        # The spread of means of replicates over the root of their number holds for scrambled Sobol' points too:
        # A. B. Owen (1997), doi:10.1137/S0036142994277468. Of few replicates it seldom shows a long tail, nor that all
        # may count one value too many or too few beside a step, as of a share, where each has one beyond it.
        spread = mean_with_error(mean_with_error(parts_of(values, replicates))[0])[1]
        outermost = np.array([_outermost_error(row, replicates) for row in array])
        inner = np.sort(array, axis=1)[:, replicates - 1 : array.shape[1] - replicates + 1]
        beside_step = np.diff(inner, axis=1).max(axis=1, initial=0.0) / array.shape[1]
        means[..., 1] = np.maximum(spread, np.maximum(outermost, beside_step).reshape(shape))
    return means[..., 0], means[..., 1]


def _outermost_error(row: FloatArray, replicates: int) -> float:
    """Return the error of a mean of even points that is left if of each replicate only the outermost ones err."""
    # Of m even points one lies in the outermost m-th part of either tail, anywhere: by a generalised Pareto tail of
    # shape k and mean excess e over a threshold that a share s is beyond, with the variance e^2 (m s)^2k / (1 - 2k),
    # but no further out than those of all replicates are apart, as where a step makes what looks like a tail.
    peak, points, squares = float(np.abs(row).max()), row.size // replicates, 0.0
    for side in (row, -row) if peak > 0 else ():
        excess = _excess_of_largest(side / peak)
        shape = min(_shape_of(excess), _LONGEST_SHAPE)
        if shape > _LONG_SHAPE:
            spread = excess.mean() * (points * excess.size / row.size) ** shape / np.sqrt(1 - 2 * shape)
            squares += min(spread, excess[-1] - excess[-min(replicates, excess.size)]) ** 2
    return float(np.sqrt(squares / replicates)) / points * peak


def share_with_error(reached: BoolArray, weights: FloatArray | None = None, replicates: int = 1) -> Pair:
    """Return the share of samples for which something holds, and its Monte Carlo standard error."""
    size = reached.shape[-1]
    if not size:
        raise InputError("there are no samples; draw 1 or more")
    count, share = np.asarray(size), np.asarray(np.count_nonzero(reached, axis=-1) / np.float64(size))
    if weights is not None:
        normal = checked_weights(weights, size)
        count = np.asarray(effective_size(normal))
        # A sum of weights that are 1 together may pass 1 by rounding.
        share = np.asarray(np.minimum(reached @ normal, 1.0))
    if replicates > 1:
        # Where none is counted, or every one, there is no spread, and nothing is known beyond the number of samples.
        spread = _independent_count(parts_of(reached, replicates).mean(axis=-1), share, size)
        count = np.where((share > 0) & (share < 1), spread, count)
    return share, share_error(share, count)


def share_error(share: FloatArray, count: float | FloatArray) -> FloatArray:
    """Return the standard error of a share of `count` samples."""
    # The standard deviation of the beta distribution that counts leave of the probability (Jeffreys' prior), so that it
    # is not 0 where no sample, or every one, is counted: Brown, Cai and DasGupta (2001), doi:10.1214/ss/1009213286.
    yes, no = count * share + 0.5, count * (1 - share) + 0.5
    return np.asarray(np.sqrt(yes * no / (count + 2)) / (count + 1))


def _mean_of_row(row: FloatArray, share: FloatArray | None) -> tuple[float, float]:
    """Return the mean of a row and its standard error."""
    with np.errstate(invalid="ignore", over="ignore"):
        mean = sum_of_products(row) / row.size if share is None else sum_of_products(row, share)
    if not np.isfinite(mean) and np.isfinite(row).all():
        # The sum of finite values is beyond floats.
        mean, error = _mean_of_row(row / 2.0**64, share)
        return mean * 2.0**64, error * 2.0**64
    if not np.isfinite(mean):
        raise InputError("a mean is asked for, but a sample is not finite; use quantiles, or correct the sample")
    deviations, times = row - mean, 1 / row.size
    count = float(row.size) if share is None else effective_size(share)
    if share is not None:
        # Of the self-normalised estimate: A. B. Owen, Monte Carlo theory, methods and examples (2013), eq. 9.9.
        deviations *= share
        times = count
    with np.errstate(over="ignore"):
        spread, unit = sum_of_products(deviations, deviations) * times, 1.0
    if not 1e-200 < spread < np.inf:
        unit = unit_for_squares(deviations)
        spread = sum_of_products(deviations / unit, deviations / unit) * times
    return mean, float(np.sqrt(spread / (count - 1))) * unit if count > 1 else np.inf


def first_crossing(
    values: FloatArray,
    times: FloatArray,
    level: float,
    *,
    falling: bool = False,
    interpolate: bool = True,
    logarithmic: bool | BoolArray = False,
) -> FloatArray:
    """Return the time at which each path first reaches a level: inf where never, -inf where passed at the start."""
    # Paths run along the first axis, (times, ...); `logarithmic` interpolates all paths or some, (...), in log10.
    if times.shape != values.shape[:1] or not times.size or np.any(np.diff(times) <= 0):
        raise InputError(f"times are {times.tolist()} for values of shape {values.shape}; give one, increasing, a row")
    paths = values.reshape(len(times), -1)
    marked = np.broadcast_to(logarithmic, values.shape[1:]).reshape(-1)
    if marked.any() and not (level > 0 and np.all(paths[:, marked] > 0)):
        raise InputError(f"a path or the level {level:g} is not above 0; interpolate it without logarithms")
    ahead = paths <= level if falling else paths >= level
    first = ahead.argmax(axis=0)
    crossing = times[first].astype(np.float64)
    between = np.flatnonzero(first > 0) if interpolate else np.empty(0, dtype=np.intp)
    after = first[between]
    ends = [paths[after - 1, between], paths[after, between], np.full(between.size, level)]
    low, high, goal = (np.log10(end, where=marked[between], out=end) for end in ends)
    start, end = times[after - 1], times[after]
    crossed = start + (end - start) * ((goal - low) / (high - low))
    # After the earlier end, where the level was not reached, and by the later one: only rounding says otherwise.
    crossing[between] = np.minimum(np.maximum(crossed, np.nextafter(start, np.inf)), end)
    crossing[paths[0] < level if falling else paths[0] > level] = -np.inf
    crossing[~ahead.any(axis=0)] = np.inf
    return np.asarray(crossing.reshape(values.shape[1:]))


def tail_shapes(values: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return k-hat of what samples along the last axis add to their mean, shape (...); NaN where tails are short."""
    rows = values.reshape(-1, values.shape[-1])
    result = np.full(len(rows), np.nan)
    for i, row in enumerate(rows):
        peak = np.abs(row).max()
        if peak == 0 or not np.isfinite(peak):
            continue
        scaled = row / peak
        if weights is None:
            added = scaled - scaled.mean()
        else:
            added = weights / weights.sum() * (scaled - np.average(scaled, weights=weights))
        largest = added if added.max() >= -added.min() else -added
        if largest.max() ** 2 > _SHARE_TO_LOOK_AT * (added @ added):
            result[i] = tail_shape(largest)
    return result.reshape(values.shape[:-1])


def tail_shape(values: FloatArray) -> float:
    """Return k-hat of the largest values, NaN for a sample too small to have a tail."""
    return _shape_of(_excess_of_largest(values))


def _excess_of_largest(values: FloatArray) -> FloatArray:
    """Return by how much the largest values exceed the next one, in order; none of a small sample."""
    # The length of the tail is that of A. Vehtari et al. (2024), https://jmlr.org/papers/v25/19-556.html.
    count = values.size
    length = int(np.ceil(min(0.2 * count, 3 * np.sqrt(count)))) if count >= _FEWEST else 0
    ordered = np.sort(np.partition(values, count - length - 1)[count - length - 1 :])
    excess = ordered[1:] - ordered[0]
    return np.asarray(excess[excess > 0])


def _shape_of(excess: FloatArray) -> float:
    """Return the shape of a generalised Pareto distribution of ordered values above 0; NaN of a few."""
    # J. Zhang and M. A. Stephens (2009), doi:10.1198/tech.2009.08017, with the weak prior of Vehtari et al. (2024).
    size = excess.size
    if size < _FEWEST_IN_TAIL:
        return np.nan
    excess = excess / excess[-1]
    candidates = 30 + int(np.sqrt(size))
    steps = 1 - np.sqrt(candidates / (np.arange(1, candidates + 1) - 0.5))
    slopes = 1 + steps / (3 * excess[int(size / 4 + 0.5) - 1])
    # The limit of slopes near 0 is the exponential distribution.
    slopes[slopes == 0] = np.finfo(np.float64).tiny
    shapes = np.log1p(-slopes[:, np.newaxis] * excess).mean(axis=1)
    likelihoods = size * (np.log(-slopes / shapes) - shapes)
    return float((size * np.log1p(-(softmax(likelihoods) @ slopes) * excess).mean() + 5) / (size + 10))
