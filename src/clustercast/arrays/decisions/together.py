"""What several columns are worth together: predicted on one half of the samples from the other, and by neighbours.

Columns are normal scores, as from `rank_scores`.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.sparse import csr_array
from scipy.spatial import KDTree
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from clustercast.arrays import BoolArray, FloatArray, IntArray
from clustercast.arrays.decisions.actions import relative_losses
from clustercast.arrays.decisions.partition import halves
from clustercast.arrays.decisions.scores import TAIL, crps_of

Gain = tuple[FloatArray, FloatArray]
# What a sample adds, what of it comes from neighbours, and the same without extrapolation.
Parts = tuple[FloatArray, FloatArray, FloatArray]

# Columns whose products with each other are regressors, those whose waves are too, regressors, and samples for each.
CROSSED, WAVED, MOST, SAMPLES = 8, 3, 300, 12
# Columns along which samples are neighbours, and how many of them.
NEAR, NEIGHBOURS = 4, 32
# Of what extrapolation adds, the part that it may be wrong by.
DOUBTED = 0.5
# Samples of which a width is taken, and the least spread as a part of the mean one.
OF_A_WIDTH, LEAST_SPREAD = 512, 0.2


@dataclass(frozen=True)
class Half:
    """Half of the samples: which, what the others predict of values (n, T) and of their spread, and neighbours."""

    part: BoolArray
    predicted: FloatArray
    spread: FloatArray
    near: IntArray
    weights: FloatArray
    mutual: float

    def second(self, products: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the mean product of what is left at a sample and its neighbours (n, K), extrapolated and plain."""
        return products @ self.weights, products.mean(axis=1)

    def squares(self, left: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what estimates the square of the mean of what is left (n,) given the columns."""
        return self.second(left[:, np.newaxis] * left[self.near])


# With m predicted and m + s the mean given the columns, who goes by m loses H'' s^2 / 2 more than who knows, with H the
# entropy of the score: m was not fitted to the samples it is judged on, so that this is all. E s^2 is the mean of r r'
# with r = y - m and r' that of a neighbour, where smooth s is the same; what it lacks grows with the squared distance,
# so that it is extrapolated to none. B. D. Williamson et al., J. Am. Stat. Assoc. 118, 1645 (2023),
# doi:10.1080/01621459.2021.2003200; F. Gamboa et al., Bernoulli 28, 2345 (2022), doi:10.3150/21-BEJ1421.


def joint_gain(score: str, columns: FloatArray, values: FloatArray) -> Gain:
    """Return what columns (d, N) are worth to values (N, T), or to losses (N, actions), and its error, (1, T)."""
    tie = 0.0
    if score == "loss":
        values, tie = relative_losses(values)
    of = {"log": _log, "crps": _crps, "width": _width}.get(score, _variance)
    found = []
    for half in _halves(columns, values, spread=score in ("crps", "width")):
        mutual = half.mutual
        if score == "loss":
            found.append(np.array(_loss(values[half.part], half))[:, :, np.newaxis])
            continue
        parts = [of(values[half.part, k], half, k, float(values[:, k].mean())) for k in range(values.shape[1])]
        found.append(np.moveaxis(np.array(parts), 0, 2))
    whole, second, plain = np.concatenate(found, axis=1)
    doubt = DOUBTED * (second - plain).mean(axis=0)
    # Of two that are neighbours of each other the product is there twice.
    squared = (whole.var(axis=0) + mutual * second.var(axis=0)) / len(values) + doubt**2 + tie**2 / 12
    return whole.mean(axis=0)[np.newaxis] + tie / 2, np.sqrt(squared)[np.newaxis]


def explained(columns: FloatArray, values: FloatArray) -> FloatArray:
    """Return what samples add to the variance of the mean given columns, what counts twice and the doubt (3, N, T)."""
    found = np.empty((3, *values.shape))
    for half in _halves(columns, values):
        for k, column in enumerate(values.T):
            whole, second, plain = _variance(column[half.part], half, k, float(column.mean()))
            found[:, half.part, k] = whole, np.sqrt(half.mutual) * second, DOUBTED * (second - plain)
    return found


def _variance(values: FloatArray, half: Half, k: int, mean: float) -> Parts:
    """Return what each sample adds to the variance that is explained."""
    left, ahead = values - half.predicted[:, k], half.predicted[:, k] - mean
    second, plain = half.squares(left)
    return ahead * (ahead + 2 * left) + second, second, plain


def _log(values: FloatArray, half: Half, k: int, mean: float) -> Parts:
    """Return what each sample adds to the fall of the entropy, in nats, of truth values."""
    # What is predicted is made a probability: the share of each of some bins, rising, joined by lines.
    order = np.array_split(np.argsort(half.predicted[:, k]), int(np.clip(2.4 * len(values) ** (1 / 3), 4, 64)))
    shares = isotonic_regression([(values[rows].sum() + 0.5) / (len(rows) + 1) for rows in order]).x
    known = np.interp(half.predicted[:, k], [half.predicted[rows, k].mean() for rows in order], shares)
    second, plain = np.array(half.squares(values - known)) / (2 * known * (1 - known))
    mean = np.clip(mean, 0.5 / len(values), 1 - 0.5 / len(values))
    saved = np.log(np.where(values == 1, known / mean, (1 - known) / (1 - mean)))
    return saved + second, second, plain


def _crps(values: FloatArray, half: Half, k: int, mean: float) -> Parts:
    """Return what each sample adds to the fall of the mean CRPS."""
    # Predicted is a law of one shape, placed and spread by the columns. The CRPS is a Brier score of each threshold: of
    # two samples the product of what is left, over all thresholds, is a difference of mean distances.
    spread = half.spread[:, k]
    left = (values - half.predicted[:, k]) / spread
    ordered = np.sort(left)
    sums, place = np.concatenate([[0.0], np.cumsum(ordered)]), np.searchsorted(ordered, left, "right")
    away = (left * (2 * place - len(left)) + sums[-1] - 2 * sums[place]) / len(left)
    near = half.near
    products = away[:, np.newaxis] + away[near] - np.abs(left[:, np.newaxis] - left[near]) - away.mean()
    second, plain = half.second(products * np.sqrt(spread[:, np.newaxis] * spread[near]) / 2)
    return crps_of(values) - spread * crps_of(left) + second, second, plain


def _width(values: FloatArray, half: Half, k: int, mean: float) -> Parts:
    """Return what each sample adds to the fall of the width of the 90 % interval."""
    predicted, spread = half.predicted[:, k], half.spread[:, k]
    left = (values - predicted) / spread
    known = np.empty_like(left)
    for rows in np.array_split(np.argsort(predicted), max(1, min(16, len(left) // OF_A_WIDTH))):
        known[rows] = _influence(left[rows], spread[rows])
    # The error of what is predicted widens the law of what is left, as the slope of its density says.
    step = TAIL / 2
    points = [np.quantile(left, [q - step, q, q + step], method="median_unbiased") for q in (TAIL, 1 - TAIL)]
    low, high = (2 * np.diff(np.log(np.diff(x)))[0] / (x[2] - x[0]) for x in points)
    second, plain = np.array(half.squares(left)) * spread * (high - low) / 2
    return _influence(values, np.ones_like(values)) - known + second, second, plain


def _influence(values: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the width of the 90 % interval of a law times each spread, with the influence of each sample."""
    step, found = TAIL / 2, np.zeros_like(values)
    for q, sign in ((TAIL, -1.0), (1 - TAIL, 1.0)):
        low, point, high = np.quantile(values, [q - step, q, q + step], method="median_unbiased")
        below = values <= point
        found += sign * spread * (point + (below.mean() - below) * (high - low) / (2 * step))
    return found


def _loss(relative: FloatArray, half: Half) -> Parts:
    """Return what each sample adds to what is saved by who acts on the columns, from relative losses (n, actions)."""
    rows = np.arange(len(relative))
    best, other = np.argsort(half.predicted, axis=1)[:, :2].T
    gap = half.predicted[rows, other] - half.predicted[rows, best]
    left = relative - half.predicted
    products = (left[rows, other] - left[rows, best])[:, np.newaxis]
    near = half.near
    products = products * (left[near, other[:, np.newaxis]] - left[near, best[:, np.newaxis]])
    # The least mean loss bends only where two actions are as good: what is lost is as the density of the gap there.
    width = 1.06 * max(float(gap.std()), 1e-300) * len(gap) ** -0.2
    dense = np.exp(-((gap / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))
    second, plain = np.array(half.second(products)) * dense / 2
    return second - relative[rows, best], second, plain


def _halves(columns: FloatArray, values: FloatArray, spread: bool = False) -> Iterator[Half]:
    """Yield each half of the samples with what the other half predicts of them."""
    basis, penalty, leading = _basis(columns, values)
    one = halves(len(values))
    for part in (one, ~one):
        predicted = _fitted(basis, penalty, values, ~part)
        widths = np.ones_like(values)
        if spread:
            widths = _fitted(basis, penalty, np.abs(values - predicted), ~part)
            widths = np.maximum(widths, np.maximum(LEAST_SPREAD * widths.mean(axis=0), 1e-300))
        yield Half(part, predicted[part], widths[part], *_neighbours(leading[part]))


def _neighbours(points: FloatArray) -> tuple[IntArray, FloatArray, float]:
    """Return the neighbours of points (n, some), weights that extrapolate to no distance, and how mutual they are."""
    count = min(NEIGHBOURS, len(points) - 1)
    distance, near = KDTree(points).query(points, count + 1)
    own = near == np.arange(len(points))[:, np.newaxis]
    own[~own.any(axis=1), -1] = True
    squared = (distance[~own].reshape(-1, count) ** 2).mean(axis=0)
    # The least weights with sum 1 for which the mean squared distance is 0.
    moments = np.stack([np.ones(count), squared / squared.mean()])
    weights = moments.T @ np.linalg.solve(moments @ moments.T, [1.0, 0.0])
    near = near[~own].reshape(-1, count)
    rows = np.arange(0, near.size + 1, count)
    weighed = csr_array((np.tile(weights, len(near)), near.ravel(), rows), shape=(len(near), len(near)))
    mutual = (weighed * weighed.T).sum() / (weighed * weighed).sum()
    return near, weights, float(np.clip(mutual, 0, 1))


def rank_scores(columns: FloatArray) -> FloatArray:
    """Return the normal scores of the ranks of columns (d, N); equal values have the middle of their ranks."""
    return np.asarray(ndtri((rankdata(columns, axis=1) - 0.5) / columns.shape[1]))


def _basis(scores: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return regressors of normal scores (d, N) in rows, how each is held back, and the leading scores (N, some)."""
    # Hermite polynomials with products see trends to the ends, waves along the ranks see what is bent inside.
    size = len(values)
    powers = [scores, (scores**2 - 1) / np.sqrt(2), (scores**3 - 3 * scores) / np.sqrt(6)]
    spread = values.std(axis=0)
    standard = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    strength = np.sum([((part @ standard / size) ** 2).max(axis=1) for part in powers], axis=0)
    ranked = np.argsort(-strength, kind="stable")
    most = size // 2 // SAMPLES
    basis = [np.ones((1, size)), *powers]
    orders = [0.0, *np.repeat([1.0, 2.0, 3.0], len(scores))]
    leading = np.sort(ranked[:CROSSED])
    first, second = np.array(list(itertools.combinations(leading, 2)), dtype=np.int64).reshape(-1, 2).T
    a, b, c = np.array(list(itertools.combinations(leading, 3)), dtype=np.int64).reshape(-1, 3).T
    line, bend = powers[:2]
    products = [(2, line[first], line[second]), (3, line[a] * line[b], line[c]), (4, bend[first], bend[second])]
    products += [(3, bend[first], line[second]), (3, bend[second], line[first])]
    for order, one, other in products:
        if sum(map(len, basis)) + len(one) <= most:
            basis.append(one * other)
            orders += [order] * len(one)
    waved = scores[np.sort(ranked[:WAVED])]
    room, top = min(MOST, most) - sum(map(len, basis)), 20
    while top and comb(len(waved) + top, top) - 1 > room:
        top -= 1
    waves = np.sqrt(2) * np.cos(np.pi * np.arange(top + 1)[:, np.newaxis, np.newaxis] * ndtr(waved))
    waves[0] = 1
    each = [k for k in itertools.product(range(top + 1), repeat=len(waved)) if 0 < sum(k) <= top]
    basis += [np.prod([waves[k, place] for place, k in enumerate(one)], axis=0)[np.newaxis] for one in each]
    penalty = np.maximum([*np.array(orders) ** 1.5 / 10, *(sum(k * k for k in one) ** 1.5 for one in each)], 1e-9)
    # Among samples that are equal in a discrete column the nearest is any of them.
    jitter = 1e-9 * np.random.default_rng(0).random((size, 1))
    return np.concatenate(basis), penalty, scores[ranked[:NEAR]].T + jitter


def _fitted(basis: FloatArray, penalty: FloatArray, values: FloatArray, known: BoolArray) -> FloatArray:
    """Return what is predicted of values (N, T) from the known ones, held back by generalised cross-validation."""
    scaled = basis / np.sqrt(penalty)[:, np.newaxis]
    rows, seen = scaled[:, known], values[known]
    size = len(seen)
    strength, turn = np.linalg.eigh(rows @ rows.T / size)
    strength = np.maximum(strength, 1e-11 * strength[-1])
    along = turn.T @ (rows @ seen) / size
    kept = strength / (strength + np.logspace(-8, 2, 21)[:, np.newaxis])
    left = (seen**2).mean(axis=0) - ((2 * kept - kept**2) / strength) @ along**2
    best = np.argmin(left / ((1 - kept.sum(axis=1) / size) ** 2)[:, np.newaxis], axis=0)
    found = scaled.T @ (turn @ (kept[best].T / strength[:, np.newaxis] * along))
    return np.asarray(np.clip(found, seen.min(axis=0), seen.max(axis=0)))
