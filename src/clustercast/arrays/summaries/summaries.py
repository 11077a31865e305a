"""Summaries of samples: quantiles, means and shares with their Monte Carlo errors, and times of crossings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.arrays.summaries.order_statistics import (
    Probabilities,
    checked_probabilities,
    checked_weights,
    effective_size,
    order_interval,
    quantiles,
    quantiles_with_errors,
    sample_rows,
    sum_of_products,
    unit_for_squares,
)
from clustercast.errors import InputError


@dataclass(frozen=True)
class Summary:
    """Quantiles and their errors, shape (..., probabilities), and the mean and its error, shape (...)."""

    quantiles: FloatArray
    quantile_errors: FloatArray
    mean: FloatArray
    mean_error: FloatArray


def mean_with_error(values: FloatArray, weights: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Return the mean of finite values along the last axis and its Monte Carlo standard error."""
    array, shape = sample_rows(values)
    share = None if weights is None else checked_weights(weights, array.shape[1])
    means = np.array([_mean_of_row(row, share) for row in array]).reshape(*shape, 2)
    return means[..., 0], means[..., 1]


def summary(values: FloatArray, probabilities: Probabilities, weights: FloatArray | None = None) -> Summary:
    """Return quantiles, mean and the Monte Carlo errors of both of finite values along the last axis."""
    means = mean_with_error(values, weights)
    return Summary(*quantiles_with_errors(values, probabilities, weights), *means)


def replicated_summary(values: FloatArray, probabilities: Probabilities, replicates: int) -> Summary:
    """Return quantiles and mean with errors from the spread of independent replicates, one after the other."""
    # The spread of means of single replicates over the root of their number holds for scrambled Sobol' points too:
    # A. B. Owen (1997), doi:10.1137/S0036142994277468. The quantile of the few points of a replicate errs otherwise
    # than that of all, so for quantiles it is the spread of the shares below the quantile of all that counts: it is as
    # of so many independent samples, whose order statistics give the error.
    array, shape = sample_rows(values)
    size = array.shape[1]
    if replicates < 2 or size % replicates:
        raise InputError(f"replicates is {replicates}; give 2 or more, in equal parts of the {size} samples")
    mean = mean_with_error(values)[0]
    parts = array.reshape(len(array), replicates, size // replicates)
    mean_spread = mean_with_error(mean_with_error(parts)[0])[1]
    points = checked_probabilities(probabilities)
    placed = quantiles(array, points)
    # Where values are equal, the share below the quantile and the share up to it differ: the one that is known worse
    # counts. No share is known better than to half a sample.
    places = placed.T[:, :, np.newaxis, np.newaxis]
    shares = np.array([[under(parts, one).mean(axis=-1) for under in (np.less, np.less_equal)] for one in places])
    variance = shares.var(axis=-1, ddof=1).max(axis=1).T / replicates + (0.5 / size) ** 2
    ends = np.stack(order_interval(points, np.maximum(points * (1 - points) / variance, 1.0)), axis=1)
    low, high = np.stack([np.quantile(row, of_row) for row, of_row in zip(array, ends, strict=True)], axis=1)
    return Summary(placed.reshape(*shape, -1), ((high - low) / 2).reshape(*shape, -1), mean, mean_spread.reshape(shape))


def share_with_error(reached: NDArray[np.bool_], weights: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Return the share of samples for which something holds, and its Monte Carlo standard error."""
    size = reached.shape[-1]
    if not size:
        raise InputError("there are no samples; draw 1 or more")
    if weights is None:
        count: float = size
        share = np.count_nonzero(reached, axis=-1) / np.float64(size)
    else:
        normal = checked_weights(weights, size)
        count = effective_size(normal)
        # A sum of weights that are 1 together may pass 1 by rounding.
        share = np.minimum(reached @ normal, 1.0)
    return np.asarray(share), share_error(np.asarray(share), count)


def share_error(share: FloatArray, count: float) -> FloatArray:
    """Return the standard error of a share of `count` samples."""
    # The standard deviation of the beta distribution that counts leave of the probability (Jeffreys' prior), so that
    # it is not 0 where no sample, or every one, is counted: L. D. Brown, T. T. Cai and A. DasGupta, Stat. Sci. 16, 101
    # (2001), doi:10.1214/ss/1009213286.
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
    logarithmic: bool | NDArray[np.bool_] = False,
) -> FloatArray:
    """Return the time at which each path first reaches a level: inf where never, -inf where passed at the start."""
    # Paths run along the first axis, (times, ...); `logarithmic` interpolates all paths or some, (...), in log10.
    if times.shape != values.shape[:1] or not times.size or np.any(np.diff(times) <= 0):
        remedy = "give increasing ones, 1 a row"
        raise InputError(f"times are {times.tolist()} for values of shape {values.shape}; {remedy}")
    paths = values.reshape(len(times), -1)
    marked = np.broadcast_to(logarithmic, values.shape[1:]).reshape(-1)
    if marked.any() and not (level > 0 and np.all(paths[:, marked] > 0)):
        raise InputError(f"a path or the level {level:g} is not above 0; interpolate it without logarithms")
    ahead = paths <= level if falling else paths >= level
    first = ahead.argmax(axis=0)
    column = np.arange(paths.shape[1])
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
    crossing[~ahead[first, column]] = np.inf
    return np.asarray(crossing.reshape(values.shape[1:]))
