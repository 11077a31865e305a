"""What columns of normal scores are worth together: predicted on each half of the samples, and by neighbours."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import expit, logit, ndtr, ndtri
from scipy.stats import rankdata

from clustercast.arrays import BoolArray, FloatArray, IntArray, Pair
from clustercast.arrays.decisions.local import cells_of, close_neighbours, corrected, neighbours
from clustercast.arrays.decisions.partition import halves
from clustercast.arrays.decisions.scores import TAIL, crps_of, relative_losses

Gain = tuple[FloatArray, FloatArray, FloatArray]
# What a sample adds, what of it comes from neighbours, and the same without extrapolation.
Parts = tuple[FloatArray, FloatArray, FloatArray]

# Columns whose products with each other are regressors, those whose waves are too, regressors, and samples for each.
CROSSED, WAVED, MOST, SAMPLES = 8, 3, 200, 10
# Of log odds: the furthest that a round moves them, and what is no move.
FURTHEST, NEARLY = 3.0, 0.1
# Waves along one column, how much wider than its law they are, regressors that are kept, rounds that choose them, and
# the squared size of a coefficient in its own variances below which it is held back alike.
TOP, STRETCH, KEPT, ROUNDS, LEAST = 16, 1.75, 32, 5, 0.05
# Columns along which samples are neighbours.
NEAR = 4
# How often what extrapolation adds beyond its noise may be missing once more, and the part that differences doubt.
MISSING, DOUBTED = 2.5, 0.5
# Samples of which a width is taken, and the least spread as a part of the mean one.
OF_A_WIDTH, LEAST_SPREAD = 512, 0.2
_SPREAD = ("crps", "width")


@dataclass(frozen=True)
class Half:
    """Half of the samples: which, what the others predict of values (n, T) and of their spread, and neighbours."""

    part: BoolArray
    predicted: FloatArray
    spread: FloatArray
    near: IntArray
    weights: FloatArray
    mutual: float
    rough: Mapping[int, tuple[IntArray, FloatArray, float]] = field(default_factory=dict)
    missing: float = 1.0
    even: bool = False

    def of(self, columns: slice) -> "Half":
        """Return the same for some of the values."""
        rough = {k - columns.start: near for k, near in self.rough.items() if columns.start <= k < columns.stop}
        return replace(self, predicted=self.predicted[:, columns], spread=self.spread[:, columns], rough=rough)

    def at(self, *values: int) -> "Half":
        """Return the same with closer neighbours where a value is rough."""
        rough = [self.rough[k] for k in values if k in self.rough]
        near, weights, missing = rough[0] if rough else (self.near, self.weights, self.missing)
        return replace(self, near=near, weights=weights, missing=missing)

    def second(self, products: FloatArray) -> Pair:
        """Return the mean product of what is left at a sample and its neighbours (n, K), extrapolated and plain."""
        second = products @ self.weights
        return second, second - self.missing * (second - products.mean(axis=1))

    def squares(self, left: FloatArray) -> Pair:
        """Return what estimates the square of the mean of what is left (n,) given the columns."""
        return self.second(left[:, np.newaxis] * left[self.near])


# With m predicted and m + s the mean given the columns, who goes by m loses H'' s^2 / 2 more than who knows, with H the
# entropy of the score: m was not fitted to the samples it is judged on, so that this is all. E s^2 is the mean of r r'
# with r = y - m and r' that of a neighbour, where smooth s is the same; what it lacks grows with the squared distance,
# so that it is extrapolated to none. B. D. Williamson et al., J. Am. Stat. Assoc. 118, 1645 (2023),
# doi:10.1080/01621459.2021.2003200; F. Gamboa et al., Bernoulli 28, 2345 (2022), doi:10.3150/21-BEJ1421.


def joint_gains(columns: FloatArray, kinds: Mapping[str, FloatArray], local: bool = True) -> dict[str, Gain]:
    """Return what columns (d, N) are worth to values (N, T) of each score or to losses, its error and doubt (1, T)."""
    ties = dict.fromkeys(kinds, 0.0)
    values = dict(kinds)
    for kind in kinds:
        if kind.split()[0] == "loss":
            values[kind], ties[kind] = relative_losses(kinds[kind])
    spread = np.concatenate([np.full(each.shape[1], kind.split()[0] in _SPREAD) for kind, each in values.items()])
    ends = np.cumsum([each.shape[1] for each in values.values()])
    result: dict[str, list[FloatArray]] = {kind: [] for kind in kinds}
    for half in _halves(columns, np.concatenate(list(values.values()), axis=1), spread, local):
        for (kind, each), end in zip(values.items(), ends, strict=True):
            result[kind].append(_parts(kind.split()[0], each, half.of(slice(end - each.shape[1], end))))
    return {kind: _summed(np.concatenate(result[kind], axis=1), half.mutual, ties[kind]) for kind in kinds}


def _parts(score: str, values: FloatArray, half: Half) -> FloatArray:
    """Return what each sample adds, what of it comes from neighbours and the same without extrapolation (3, n, T)."""
    if score == "loss":
        parts = [_loss(values[half.part], half.at(*range(values.shape[1])))]
    else:
        of = {"log": _log, "crps": _crps, "width": _width}.get(score, _variance)
        parts = [of(values[half.part, k], half.at(k), k, float(values[:, k].mean())) for k in range(values.shape[1])]
    result = np.moveaxis(np.array(parts), 0, 2)
    # Points of low discrepancy that are near in some columns are far apart in others: products below 0 are no loss.
    result[0] -= half.even * np.minimum(result[1].mean(axis=0), 0)
    return result


def _summed(parts: FloatArray, mutual: float, tie: float) -> Gain:
    """Return the value, its error and the part of that by doubt (1, T), of what samples add (3, N, T)."""
    whole, second, plain = parts
    # By Cauchy and Schwarz E s s' of neighbours is no more than E s^2: to add less than nothing is noise. Where s jumps
    # it falls with the distance, and a line in that adds 1.7 times what one in its square does; of a short wave more.
    added, size = second - plain, len(whole)
    doubt = MISSING * np.maximum(added.mean(axis=0) - np.sqrt((1 + mutual) * added.var(axis=0) / size), 0)
    # Of two that are neighbours of each other the product is there twice.
    squared = (whole.var(axis=0) + mutual * second.var(axis=0)) / size + doubt**2 + tie**2 / 12
    return whole.mean(axis=0)[np.newaxis] + tie / 2, np.sqrt(squared)[np.newaxis], doubt[np.newaxis]


def explained(columns: FloatArray, values: FloatArray, local: bool = True) -> FloatArray:
    """Return what samples add to the variance of the mean given columns, what counts twice and the doubt (3, N, T)."""
    result = np.empty((3, *values.shape))
    for half in _halves(columns, values, np.zeros(values.shape[1], dtype=np.bool_), local):
        whole, second, plain = _parts("variance", values, half)
        result[:, half.part] = whole, np.sqrt(half.mutual) * second, DOUBTED * (second - plain)
    return result


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
    return np.log(np.where(values == 1, known / mean, (1 - known) / (1 - mean))) + second, second, plain


def _crps(values: FloatArray, half: Half, k: int, mean: float) -> Parts:
    """Return what each sample adds to the fall of the mean CRPS."""
    # Predicted is a law of one shape, placed and spread by the columns. The CRPS is a Brier score of each threshold: of
    # two samples the product of what is left, over all thresholds, is a difference of mean distances.
    spread = half.spread[:, k]
    left = (values - half.predicted[:, k]) / spread
    ordered = np.sort(left)
    sums, place = np.cumsum(ordered), np.searchsorted(ordered, left, "right")
    away = (left * (2 * place - len(left)) + sums[-1] - 2 * sums[place - 1]) / len(left)
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
    gaps = [np.diff(np.quantile(left, [q - step, q, q + step], method="median_unbiased")) for q in (TAIL, 1 - TAIL)]
    # Where many samples have the value of a point there is no density; what is predicted moves no other past it.
    low, high = (2 * np.log(b / a) / (a + b) if min(a, b) > 0 else 0.0 for a, b in gaps)
    second, plain = np.array(half.squares(left)) * spread * (high - low) / 2
    return _influence(values, np.ones_like(values)) - known + second, second, plain


def _influence(values: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the width of the 90 % interval of a law times each spread, with the influence of each sample."""
    step, result = TAIL / 2, np.zeros_like(values)
    for q, sign in ((TAIL, -1.0), (1 - TAIL, 1.0)):
        low, point, high = np.quantile(values, [q - step, q, q + step], method="median_unbiased")
        below = values <= point
        result += sign * spread * (point + (below.mean() - below) * (high - low) / (2 * step))
    return result


def _loss(relative: FloatArray, half: Half) -> Parts:
    """Return what each sample adds to what is saved by who acts on the columns, from relative losses (n, actions)."""
    rows = np.arange(len(relative))
    best, other = np.argsort(half.predicted)[:, :2].T
    gap = half.predicted[rows, other] - half.predicted[rows, best]
    left = relative - half.predicted
    ahead, near = left[rows, other] - left[rows, best], half.near
    products = ahead[:, np.newaxis] * (left[near, other[:, np.newaxis]] - left[near, best[:, np.newaxis]])
    # The least mean loss bends only where two actions are as good: what is lost is as the density of the gap there,
    # which is known no finer than the prediction is.
    width = 1.06 * (np.sqrt(max(gap.var(), products.mean(), ahead.var() / len(gap))) or 1) * len(gap) ** -0.2
    dense = np.exp(-((gap / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))
    second, plain = np.array(half.second(products)) * dense / 2
    return second - relative[rows, best], second, plain


def _halves(columns: FloatArray, values: FloatArray, spread: BoolArray, local: bool = True) -> Iterator[Half]:
    """Yield each half of the samples with what the other predicts of values (N, T), and of the spread of some."""
    basis, leading = _basis(columns, values)
    one, events = halves(len(values)), ((values == 0) | (values == 1)).all(axis=0)
    # Points of low discrepancy that are near each other in some columns are not independent in the others.
    cells = cells_of(leading) if local else {}
    for part in (one, ~one):
        regression = Regression(basis, ~part)
        predicted, rough = corrected(cells, ~part, regression.predict(values), values, events)
        widths = np.ones_like(values)
        wide = np.abs(values - predicted)[:, spread]
        away, other = corrected(cells, ~part, regression.predict(wide), wide, np.zeros_like(events))
        least = LEAST_SPREAD * away.mean(axis=0)
        widths[:, spread] = np.where(least > 0, np.maximum(away, least), 1)
        rough = {int(np.flatnonzero(spread)[k]): columns for k, columns in other.items()} | rough
        close = {columns: close_neighbours(leading[part], columns) for columns in set(rough.values())}
        near = {k: close[columns] for k, columns in rough.items()}
        yield Half(part, predicted[part], widths[part], *neighbours(leading[part]), near, even=not local)


def rank_scores(columns: FloatArray) -> FloatArray:
    """Return the normal scores of the ranks of columns (d, N); equal values have the middle of their ranks."""
    return np.asarray(ndtri((rankdata(columns, axis=1) - 0.5) / columns.shape[1]))


def _basis(scores: FloatArray, values: FloatArray) -> Pair:
    """Return regressors of normal scores (d, N) in rows, smaller the rougher, and the leading scores (N, some)."""
    # Hermite polynomials with products see trends to the ends, waves along stretched ranks see what is bent inside.
    size = len(values)
    powers = [scores, (scores**2 - 1) / np.sqrt(2), (scores**3 - 3 * scores) / np.sqrt(6)]
    spread = values.std(axis=0)
    standard = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    ranked = np.argsort(-np.sum([((part @ standard) ** 2).max(axis=1) for part in powers], axis=0), kind="stable")
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
    waves, steep = _waves(scores[np.sort(ranked[:WAVED])], max(0, min(MOST, most) - sum(map(len, basis))))
    penalty = np.maximum([*np.array(orders) ** 1.5 / 10, *steep], 1e-9)
    # Among samples that are equal in a discrete column the nearest is any of them.
    jitter = 1e-9 * np.random.default_rng(0).random((size, 1))
    result = np.concatenate([*basis, waves])
    result /= np.sqrt(penalty)[:, np.newaxis]
    return result, scores[ranked[:NEAR]].T + jitter


def _waves(scores: FloatArray, room: int) -> Pair:
    """Return so many products of waves and lines of normal scores (d, N) in rows, and how each is held back."""
    # The hyperbolic cross: many waves of one input, fewer of each the more inputs bend at once.
    family = np.sqrt(2) * np.cos(np.pi * np.arange(TOP + 1)[:, np.newaxis, np.newaxis] * ndtr(scores / STRETCH))
    family = np.concatenate([np.ones_like(family[:1]), scores[np.newaxis], family[1:]])
    bends = np.array([0, 1, *range(1, TOP + 1)])
    chosen = np.indices([len(bends)] * len(scores)).reshape(len(scores), -1)
    chosen = chosen[:, (chosen > 1).any(axis=0)]
    chosen = chosen[:, np.argsort(np.prod(1 + bends[chosen], axis=0), kind="stable")[:room]]
    result = np.ones((chosen.shape[1], scores.shape[1]))
    for k, places in enumerate(chosen):
        some = np.flatnonzero(places)
        result[some] *= family[places[some], k]
    return result, (bends[chosen] ** 2).sum(axis=0) ** 1.5


class Regression:
    """Regressors (p, N) on the scale of a ridge, those of known samples, their mean products and its eigenvectors."""

    def __init__(self, scaled: FloatArray, known: BoolArray) -> None:
        self.scaled, self.known, self.rows = scaled, known, scaled[:, known]
        self.products = self.rows @ self.rows.T / known.sum()
        strength, self.turn = np.linalg.eigh(self.products)
        self.strength = np.maximum(strength, 1e-11 * strength[-1])

    def predict(self, values: FloatArray) -> FloatArray:
        """Return what is predicted of values (N, T) from the known ones."""
        seen = values[self.known]
        coefficients, moments, noise = self.ridge(seen)
        for k, column in enumerate(coefficients.T):
            coefficients[:, k] = self._sparse(column, moments[:, k], max(float(noise[k]), 1e-300))
        result = np.clip(self.scaled.T @ coefficients, seen.min(axis=0), seen.max(axis=0))
        for event in np.flatnonzero(((seen == 0) | (seen == 1)).all(axis=0) & (np.ptp(seen, axis=0) > 0)):
            result[:, event] = self._chances(coefficients[:, event], seen[:, event])
        return np.asarray(result)

    def ridge(self, seen: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return coefficients (p, T) that are held back alike, mean products with the regressors, and their noise."""
        size, strength = len(seen), self.strength
        moments = self.rows @ seen / size
        along = self.turn.T @ moments
        # Generalised cross-validation.
        kept = strength / (strength + np.logspace(-8, 2, 21)[:, np.newaxis])
        left = (seen**2).mean(axis=0) - ((2 * kept - kept**2) / strength) @ along**2
        free = 1 - kept.sum(axis=1)[:, np.newaxis] / size
        best = np.argmin(left / free**2, axis=0)
        coefficients = self.turn @ (kept[best].T / strength[:, np.newaxis] * along)
        return coefficients, moments, np.take_along_axis(left / free, best[np.newaxis], axis=0)[0] / size

    def _largest(self, coefficients: FloatArray, most: int = KEPT) -> IntArray:
        """Return the constant and the terms that explain most."""
        parts = coefficients**2 * np.diag(self.products)
        largest = np.argsort(-parts)[: min(most, KEPT)]
        return np.union1d(0, largest[parts[largest] > 0])

    def _sparse(self, coefficients: FloatArray, moments: FloatArray, noise: float) -> FloatArray:
        """Return the coefficients with the small ones held back more, the large ones less."""
        # Adaptive ridge: F. Frommlet and G. Nuel (2016), doi:10.1371/journal.pone.0148620. Each round holds a term back
        # by its own size in the round before, so that what one term explains is not spread over many.
        large = self._largest(coefficients)
        products, result = self.products[np.ix_(large, large)], coefficients[large]
        least = LEAST * noise / np.diag(products)
        for _ in range(ROUNDS):
            result = np.asarray(np.linalg.solve(products + np.diag(noise / (result**2 + least)), moments[large]))
        sparse = np.zeros_like(coefficients)
        sparse[large] = result
        return sparse

    def _chances(self, coefficients: FloatArray, seen: FloatArray) -> FloatArray:
        """Return probabilities (N,) by a logistic regression on what a linear one of truth values kept."""
        # What is steep between 0 and 1 has few terms in the logarithm of the odds; they are held back as above. Ten
        # events a term: P. Peduzzi et al. (1996), doi:10.1016/S0895-4356(96)00236-3.
        share = float(seen.mean())
        large = self._largest(coefficients, int(min(share, 1 - share) * len(seen)) // 10)
        rows, spread = self.rows[large], share * (1 - share)
        result, sizes = np.zeros(len(large)), coefficients[large] / spread
        result[0] = logit(share) / rows[0, 0]
        for _ in range(2 * ROUNDS):
            chances = expit(result @ rows)
            curved = (rows * np.maximum(chances * (1 - chances), spread / 10)) @ rows.T
            held = 1 / (sizes**2 + LEAST / np.diag(curved))
            held[0] = 0
            step = np.linalg.solve(curved + np.diag(held), rows @ (seen - chances) - held * result)
            furthest = float(np.abs(step @ rows).max())
            result = result + step * min(1, FURTHEST / max(furthest, 1e-300))
            if furthest < FURTHEST:
                sizes = result
                if furthest < NEARLY:
                    break
        return np.asarray(expit(result @ self.scaled[large]))
