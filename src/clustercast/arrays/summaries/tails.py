"""How heavy the tail of a sample is, by the shape of a generalised Pareto distribution of its largest values."""

import numpy as np
from scipy.special import softmax

from clustercast.arrays import FloatArray

# Above the first of these shapes the variance is infinite, so that the standard error of a mean is mostly too small;
# above the second it is so at any size one can draw.
DOUBTFUL, HEAVY = 0.5, 0.7
_FEWEST = 25
_FEWEST_IN_TAIL = 5
# Of the sum of squares, the share of the largest; below it no tail is heavy enough to look at.
_SHARE_TO_LOOK_AT = 0.05


def tail_shapes(values: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return k-hat of what samples along the last axis add to their mean, shape (...); NaN where tails are short."""
    rows = values.reshape(-1, values.shape[-1])
    found = np.full(len(rows), np.nan)
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
            found[i] = tail_shape(largest)
    return found.reshape(values.shape[:-1])


def tail_shape(values: FloatArray) -> float:
    """Return k-hat of the largest values, NaN for a sample too small to have a tail."""
    # J. Zhang and M. A. Stephens (2009), doi:10.1198/tech.2009.08017, with the weak prior and the length of the tail of
    # A. Vehtari et al. (2024), https://jmlr.org/papers/v25/19-556.html.
    count = values.size
    length = int(np.ceil(min(0.2 * count, 3 * np.sqrt(count))))
    if count < _FEWEST:
        return np.nan
    ordered = np.sort(np.partition(values, count - length - 1)[count - length - 1 :])
    excess = ordered[1:] - ordered[0]
    excess = excess[excess > 0]
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
    shape = float(np.log1p(-(softmax(likelihoods) @ slopes) * excess).mean())
    return float((size * shape + 5) / (size + 10))
