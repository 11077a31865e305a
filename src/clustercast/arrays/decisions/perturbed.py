"""Derivatives of means with respect to points of a distribution function, by scores."""

import numpy as np

from clustercast.arrays import FloatArray, IntArray
from clustercast.arrays.decisions.partition import Partition
from clustercast.arrays.summaries.order_statistics import effective_size

# Of the probability on each side of the median from which the density there comes.
_BESIDE = 0.04


def point_scores(between: IntArray, densities: FloatArray, levels: FloatArray) -> FloatArray:
    """Return the derivative of the log density with respect to each point (N, points), in the interval of each draw."""
    # With the probabilities of the points fixed, moving one to q + e takes e f(q) of the interval above it and gives it
    # to the one below: the density above rises by e f(q) / mass, that below falls.
    mass = np.diff(np.concatenate([[0.0], levels, [1.0]]))
    score = np.zeros((len(mass), len(levels)))
    for point, density in enumerate(densities):
        score[point, point], score[point + 1, point] = -density / mass[point], density / mass[point + 1]
    return np.asarray(score[between])


def score_covariance(scores: FloatArray, values: FloatArray, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the covariance of values (N, T) with scores (N, P) under weights, and its error, shape (T, P)."""
    centred, gaps = scores - shares @ scores, values - shares @ values
    found = (gaps * shares[:, np.newaxis]).T @ centred
    square = (gaps**2 * shares[:, np.newaxis]).T @ centred**2
    return found, np.sqrt(np.clip(square - found**2, 0, None) / effective_size(shares))


def density_at_median(values: FloatArray, shares: FloatArray) -> tuple[float, float]:
    """Return the median of weighted values and their density there."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(shares[order])
    levels = np.array([0.5 - _BESIDE, 0.5, 0.5 + _BESIDE])
    low, median, high = values[order[np.minimum(np.searchsorted(reached, levels), order.size - 1)]]
    return float(median), float(2 * _BESIDE / (high - low)) if high > low else np.inf


def index_responses(values: FloatArray, bins: Partition, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the first-order index of each column, and what has its derivative as that of its mean (N, columns)."""
    # With m(x) the mean of y at x the influence function of var m is 2 (m - mu) (y - mu) - (m - mu)^2.
    away = values - shares @ values
    variance = float(shares @ away**2)
    found = np.empty((len(values), len(bins.member)))
    for place, member in enumerate(bins.member):
        mass = np.bincount(member, shares)
        with np.errstate(invalid="ignore"):
            found[:, place] = (np.bincount(member, shares * away) / mass)[member]
    index = shares @ found**2 / variance
    return index, (found * (2 * away[:, np.newaxis] - found) - index * away[:, np.newaxis] ** 2) / variance
