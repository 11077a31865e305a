"""What several columns are worth together: predicted on one half of the samples from the other, and by neighbours.

Columns are normal scores, as from `rank_scores`.
"""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
from scipy.spatial import KDTree
from scipy.special import ndtri
from scipy.stats import rankdata

from clustercast.arrays import BoolArray, FloatArray, IntArray
from clustercast.arrays.decisions.partition import halves

Gain = tuple[FloatArray, FloatArray]

# Columns whose products with each other are regressors too, and samples for each regressor.
CROSSED, SAMPLES = 8, 20
# Columns along which samples are neighbours, how many neighbours a mean is of, and the samples they are sought among.
NEAR, NEIGHBOURS, AMONG = 4, 16, 8192


def joint_gain(columns: FloatArray, values: FloatArray, gain: Callable[[FloatArray, FloatArray], Gain]) -> Gain:
    """Return by a gain of one column what columns (d, N) are worth together to values (N, T), shape (1, T)."""
    # What is predicted is one column for each target: knowing it is knowing no more than the columns, so that the gain
    # is a lower bound, close where the prediction is.
    gains, errors = np.zeros((2, 2, values.shape[1]))
    for place, (part, predicted, _) in enumerate(_predicted(columns, values)):
        for target in range(values.shape[1]):
            found = gain(predicted[:, target][np.newaxis], values[part][:, [target]])
            gains[place, target], errors[place, target] = found[0][0, 0], found[1][0, 0]
    return gains.mean(axis=0)[np.newaxis], np.sqrt((errors**2).sum(axis=0))[np.newaxis] / 2


def joint_variance_gain(columns: FloatArray, values: FloatArray) -> Gain:
    """Return the variance of the mean of values (N, T) given columns (d, N), and its error, shape (1, T)."""
    parts, twice = explained(columns, values)
    error = np.sqrt((parts.var(axis=0) + twice.var(axis=0)) / len(values))
    return parts.mean(axis=0)[np.newaxis], error[np.newaxis]


def explained(columns: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return what each sample adds to the variance of the mean given columns, and what neighbours count twice."""
    # With m predicted, r = y - m and m + s the mean given the columns, E (m + s)^2 is E (2 m y - m^2) + E s^2: m was
    # not fitted to y, and E s^2 is the mean of r r' where r' is of the nearest neighbour, smooth s being the same
    # there. The remaining bias is -E (s - s')^2 / 2. Neighbours of each other have one product twice.
    # F. Gamboa et al., Bernoulli 28, 2345 (2022), doi:10.3150/21-BEJ1421.
    parts, twice = np.empty((2, *values.shape))
    for part, predicted, leading in _predicted(columns, values):
        left = values[part] - predicted
        rows = np.arange(len(left))
        other = KDTree(leading).query(leading, 2)[1]
        near: IntArray = np.where(other[:, 0] == rows, other[:, 1], other[:, 0])
        product = left * left[near]
        ahead = predicted - values.mean(axis=0)
        parts[part] = ahead * (ahead + 2 * left) + product
        twice[part] = np.where((near[near] == rows)[:, np.newaxis], product - product.mean(axis=0), 0.0)
    return parts, twice


def _predicted(columns: FloatArray, values: FloatArray) -> Iterator[tuple[BoolArray, FloatArray, FloatArray]]:
    """Yield each half of the samples, what the other half predicts of its values, and its leading scores."""
    # A regression sees single columns, pairs and threes. Means of the values by what it predicts see steps, as of a
    # probability, and means of what is left at neighbours see the rest; each counts as far as it holds.
    basis, leading = _basis(columns, values)
    one, generator = halves(len(values)), np.random.default_rng(0)
    for part in (one, ~one):
        fitted = basis.T @ _fitted(basis[:, ~part], values[~part])
        fitted = _nearer(fitted, _stepped(fitted, values, ~part), values, part)
        among = np.flatnonzero(~part)
        among = among if among.size <= AMONG else generator.choice(among, AMONG, replace=False)
        near = KDTree(leading[among]).query(leading[part], min(NEIGHBOURS, among.size))[1]
        other = fitted[part] + (values[among] - fitted[among])[near].mean(axis=1)
        yield part, _nearer(fitted[part], other, values[part], np.ones(len(other), dtype=np.bool_)), leading[part]


def _nearer(predicted: FloatArray, other: FloatArray, values: FloatArray, judged: BoolArray) -> FloatArray:
    """Return predictions moved towards others as far as that is nearer to the values that are judged."""
    step, left = other - predicted, (values - predicted)[judged]
    held = (step[judged] * left).sum(axis=0) / np.maximum((step[judged] ** 2).sum(axis=0), 1e-300)
    return np.asarray(predicted + np.clip(held, 0, 1) * step)


def _stepped(predicted: FloatArray, values: FloatArray, known: BoolArray) -> FloatArray:
    """Return the means of known values in bins of what is predicted, joined by lines."""
    found = np.empty_like(predicted)
    count = int(np.clip(known.sum() ** (1 / 3) * 2.4, 4, 64))
    for column, mean in enumerate(found.T):
        own, seen = predicted[known, column], values[known, column]
        order = np.array_split(np.argsort(own), count)
        mean[:] = np.interp(predicted[:, column], [own[k].mean() for k in order], [seen[k].mean() for k in order])
    return found


def joint_action_gain(columns: FloatArray, losses: FloatArray) -> Gain:
    """Return what knowing columns (d, N) together saves in the mean loss (N, actions), shape (1, 1)."""
    size = len(losses)
    one = halves(size)
    basis, _ = _basis(columns, losses)
    relative = losses - losses[:, [int(np.argmin(losses.mean(axis=0)))]]
    rows = np.arange(size)
    saved = -relative[rows, np.argmin(basis.T @ _fitted(basis, relative), axis=1)]
    across = tie = 0.0
    for part in (one, ~one):
        chosen = np.argmin(basis[:, part].T @ _fitted(basis[:, ~part], relative[~part]), axis=1)
        across -= relative[part][np.arange(len(chosen)), chosen].sum() / size
        tie += relative[part][:, int(np.argmin(relative[~part].mean(axis=0)))].sum() / size
    inside = float(saved.mean())
    error = np.sqrt(saved.var() / size + ((inside - across) / 3) ** 2 + tie**2 / 12)
    return np.array([[(2 * inside + across) / 3 + tie / 2]]), np.array([[error]])


def rank_scores(columns: FloatArray) -> FloatArray:
    """Return the normal scores of the ranks of columns (d, N); equal values have the middle of their ranks."""
    return np.asarray(ndtri((rankdata(columns, axis=1) - 0.5) / columns.shape[1]))


def _basis(scores: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Hermite polynomials of normal scores (d, N) with products, in rows, and the leading scores (N, some)."""
    size = len(values)
    square = (scores**2 - 1) / np.sqrt(2)
    basis = [np.ones((1, size)), scores, square, (scores**3 - 3 * scores) / np.sqrt(6)]
    spread = values.std(axis=0)
    standard = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    strength = np.sum([((part @ standard / size) ** 2).max(axis=1) for part in basis[1:]], axis=0)
    ranked = np.argsort(-strength, kind="stable")
    leading = np.sort(ranked[:CROSSED])
    first, second = np.array(list(itertools.combinations(leading, 2)), dtype=np.int64).reshape(-1, 2).T
    a, b, c = np.array(list(itertools.combinations(leading, 3)), dtype=np.int64).reshape(-1, 3).T
    products = [(scores[first], scores[second]), (scores[a] * scores[b], scores[c]), (square[first], square[second])]
    products += [(square[first], scores[second]), (square[second], scores[first])]
    for one, other in products:
        if sum(map(len, basis)) + len(one) <= size // 2 // SAMPLES:
            basis.append(one * other)
    # Among samples that are equal in a discrete column the nearest is any of them.
    jitter = 1e-9 * np.random.default_rng(0).random((size, 1))
    return np.concatenate(basis), scores[ranked[:NEAR]].T + jitter


def _fitted(basis: FloatArray, values: FloatArray) -> FloatArray:
    """Return least-squares coefficients; a little is added to the diagonal for rows that say the same."""
    gram = basis @ basis.T
    gram[np.diag_indices_from(gram)] += 1e-9 * basis.shape[1]
    return np.asarray(np.linalg.solve(gram, basis @ values), dtype=np.float64)
