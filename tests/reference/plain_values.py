"""Values of information by their formulas, one bin and one sample at a time: slow, and plain to read."""

import itertools
from math import factorial, prod

import numpy as np
from numpy.polynomial import hermite_e
from scipy.special import expit, logit, psi
from scipy.stats import norm

from clustercast.arrays.decisions import local, scores, together
from clustercast.arrays.decisions.partition import halves


def smoothed(total, squares, counts, filled):
    """Return smoothed means of bins for each action and their errors, by the normal equations, shape (bins, actions).

    The roughness, along normal scores by how the bins are filled, is chosen for each action by generalised
    cross-validation over all samples.
    """
    bins, whole = len(counts), counts.sum()
    counts, filled = np.maximum(counts, 1e-9), filled + 0.5
    place = norm.ppf((np.cumsum(filled) - filled / 2) / filled.sum())
    steps, bends = np.diff(place), np.zeros((bins, bins))
    for k in range(bins - 2):
        row = np.zeros(bins)
        row[k : k + 2] += np.array([1, -1]) / steps[k]
        row[k + 1 : k + 3] += np.array([-1, 1]) / steps[k + 1]
        bends += np.outer(row, row) * steps.mean() ** 3 / (steps[k] + steps[k + 1])
    means, errors = np.empty_like(total), np.empty_like(total)
    for action in range(total.shape[1]):
        fits = []
        for factor in (0, *np.logspace(-6, 9, 31)):
            turn = np.linalg.inv(np.diag(counts) + factor * counts.mean() * bends)
            fit = turn @ total[:, action]
            left = squares[:, action].sum() - 2 * fit @ total[:, action] + counts @ fit**2
            fits.append((left / (whole - np.trace(turn @ np.diag(counts))) ** 2, fit, turn))
        _, means[:, action], turn = min(fits, key=lambda one: one[0])
        within = squares[:, action].sum() - (total[:, action] ** 2 / counts).sum()
        errors[:, action] = np.sqrt(within / whole * np.diag(turn @ np.diag(counts) @ turn))
    return means, errors


def action_gain(member, losses):
    """Return what the bins of one column save in the mean loss (N, actions), and its error."""
    size, bins = len(losses), member.max() + 1
    one = halves(size)
    relative = losses - losses[:, [losses.mean(axis=0).argmin()]]
    tie = sum(relative[part, relative[~part].mean(axis=0).argmin()].sum() for part in (one, ~one)) / size

    def chosen(part, share):
        total = np.array([relative[part & (member == k)].sum(axis=0) for k in range(bins)])
        squares = np.array([(relative[member == k] ** 2).sum(axis=0) for k in range(bins)]) * share
        counts = np.bincount(member[part], minlength=bins) * 1.0
        if bins < 3:
            return (total / counts[:, np.newaxis]).argmin(axis=1), 0.0
        means, errors = smoothed(total, squares, counts, np.bincount(member))
        order, doubt = means.argsort(axis=1), 0.0
        for k in range(bins):
            best, second = order[k, :2]
            far = 1.96 * np.hypot(errors[k, best], errors[k, second]) - (means[k, second] - means[k, best])
            doubt += counts[k] * max(far, 0)
        return order[:, 0], doubt

    rows = np.arange(size)
    best, doubt = chosen(one | ~one, 1.0)
    saved = relative[rows, best[member]]
    inside, across, spread = -saved.mean(), 0.0, [(saved**2).mean()]
    for part in (one, ~one):
        of_half = relative[rows, chosen(part, 0.5)[0][member]]
        across -= of_half[~part].sum() / size
        spread.append((of_half**2).mean())
    unseen = 3 * relative.std(axis=0).max() / size
    squared = max(max(spread) - inside**2, 0) / size + ((inside - across) / 2) ** 2 + tie**2 / 12
    error = np.sqrt(squared + (doubt / size / 1.96) ** 2 + (unseen / 1.96) ** 2)
    return (2 * inside + across) / 3 + tie / 2, error


def variance_gain(member, values, low_discrepancy=False):
    """Return the fall of the variance of values (N,) by the bins of one column, and its error."""
    size, whole = len(values), values.var()
    between, chance, moved, doubled = 0.0, 0.0, 0.0, 0.0
    parts = [values[member == k] - values.mean() for k in np.unique(member)]
    for part in parts:
        noise = (part.var(ddof=1) if len(part) > 1 else whole) / size
        between += len(part) / size * part.mean() ** 2
        chance += (1 - len(part) / size) * noise * (0.5 if low_discrepancy else 1)
        doubled += 2 * noise**2
    for part in parts:
        # What a sample adds is its bin's mean times twice what it is above that, and the square of the mean.
        added = 2 * part.mean() * (part - part.mean()) + part.mean() ** 2 - (between - chance)
        moved += (added**2).sum() / size**2
    return between - chance, np.sqrt(max(moved - doubled, doubled) + (chance**2 / 3 if low_discrepancy else 0))


def grassberger(n):
    """Return the logarithm of a count without its bias in n log n; the alternating term of small counts alone."""
    if n == 0:
        return 0.0
    return psi(n) + ((-1) ** n * (psi((n + 1) / 2) - psi(n / 2)) / 2 if n <= scores.FEW else 0)


def entropy_gain(member, values, low_discrepancy=False):
    """Return the fall of the entropy of truth values (N,) by the bins of one column, and its error."""
    size, share = len(values), values.mean()

    def entropy(hits, count):
        return psi(count) - sum(k * grassberger(k) for k in (hits, count - hits)) / count

    gain, moved, bins, wavering = entropy(int(values.sum()), size), 0.0, np.unique(member), 0
    for part in (values[member == k] for k in bins):
        hits, count = int(part.sum()), len(part)
        gain -= count / size * entropy(hits, count)
        known = (hits + share) / (count + 1)
        for value in part:
            moved += np.log(known / share if value else (1 - known) / (1 - share)) ** 2 / size**2
        wavering += 0 < min(hits, count - hits) <= scores.FEW
    doubled = (len(bins) / 2 + wavering / 4) / size**2
    chance = len(bins) / (2 * size) if low_discrepancy else 0.0
    return gain + chance / 2, np.sqrt(max(moved - gain**2 / size - doubled, doubled) + chance**2 / 3)


def crps_in(values):
    """Return the mean distance of each sample from the others less half of that of all, which is its CRPS."""
    away = np.abs(values[:, np.newaxis] - values).sum(axis=1) / max(len(values) - 1, 1)
    return away - away.mean() / 2


def width_in(values):
    """Return the width of the 90 % interval and the influence of each sample on it, which has the mean 0."""
    points = np.quantile(values, [0.025, 0.05, 0.075, 0.925, 0.95, 0.975], method="median_unbiased")
    slopes = (points[2] - points[0]) / 0.05, (points[5] - points[3]) / 0.05
    steps = slopes[0] * (values <= points[1]) - slopes[1] * (values <= points[4])
    return points[4] - points[1] + steps - steps.mean()


def spread_gain(score, members, values, low_discrepancy=False):
    """Return the falls of the mean CRPS or width of values (N,) by the bins of each column, and their errors."""
    size, of = len(values), {"crps": crps_in, "width": width_in}[score]
    before, generator = of(values), np.random.default_rng(0)
    lots = [generator.permutation(members[0]) for _ in range(scores.SHUFFLES)]
    result = []
    for member in (*members, *lots):
        known, chance = np.empty(size), -before.mean() / size
        for k in np.unique(member):
            known[member == k] = of(values[member == k])
            chance += known[member == k].mean() / size
        saved = before - known
        result.append((saved.mean(), saved.var(), chance))
    of_lots = np.array(result[len(members) :])
    gains, errors = [], []
    for member, (gain, spread, chance) in zip(members, result, strict=False):
        scale = (member.max() + 1) / (members[0].max() + 1)
        noise = of_lots[:, 1].mean() / 2 * scale
        bias = of_lots[:, 0].mean() * scale * (1 - gain / before.mean()) if score == "width" else 0.0
        chance *= low_discrepancy
        gains.append(gain - bias + chance / 2)
        errors.append(np.sqrt(max(spread - noise, noise) / size + chance**2 / 3))
    return gains, errors


def products_of(left, half):
    """Return the product of what is left at each sample and each of its neighbours (n, K)."""
    return np.array([[own * left[other] for other in near] for own, near in zip(left, half.near, strict=True)])


def log_parts(values, half, mean):
    """Return what samples add to the fall of an entropy, predicted by rising shares of bins."""
    predicted, size = half.predicted[:, 0], len(values)
    groups = np.array_split(predicted.argsort(), int(min(max(2.4 * size ** (1 / 3), 4), 64)))
    # Pool adjacent violators: the greatest over starts of the least over ends of the means between.
    raw = [(values[rows].sum() + 0.5) / (len(rows) + 1) for rows in groups]
    rising = [
        max(min(np.mean(raw[a : b + 1]) for b in range(k, len(raw))) for a in range(k + 1)) for k in range(len(raw))
    ]
    known = np.interp(predicted, [predicted[rows].mean() for rows in groups], rising)
    curved = 1 / (2 * known * (1 - known))
    products = products_of(values - known, half)
    second, plain = products @ half.weights * curved, products.mean(axis=1) * curved
    mean = min(max(mean, 0.5 / size), 1 - 0.5 / size)
    gained = [np.log(k / mean) if y else np.log((1 - k) / (1 - mean)) for y, k in zip(values, known, strict=True)]
    return gained + second, second, plain


def crps_parts(values, half):
    """Return what samples add to the fall of the mean CRPS: of steps at what is left, over all thresholds."""
    spread = half.spread[:, 0]
    left, size = (values - half.predicted[:, 0]) / spread, len(values)
    ends = np.sort(left)
    steps = (left[:, np.newaxis] <= ends[:-1]) - np.arange(1, size) / size
    products = (steps * np.diff(ends)) @ steps.T * np.sqrt(np.outer(spread, spread))
    each = np.take_along_axis(products, half.near, axis=1)
    second, plain = each @ half.weights, each.mean(axis=1)
    return crps_in(values) - spread * crps_in(left) + second, second, plain


def width_parts(values, half):
    """Return what samples add to the fall of the width of the 90 % interval."""
    predicted, spread = half.predicted[:, 0], half.spread[:, 0]
    left, size = (values - predicted) / spread, len(values)

    def stretched(law, each):
        points = np.quantile(law, [0.025, 0.05, 0.075, 0.925, 0.95, 0.975], method="median_unbiased")
        above = points[4] + (np.mean(law <= points[4]) - (law <= points[4])) * (points[5] - points[3]) / 0.05
        below = points[1] + (np.mean(law <= points[1]) - (law <= points[1])) * (points[2] - points[0]) / 0.05
        return each * (above - below)

    known = np.empty(size)
    for rows in np.array_split(predicted.argsort(), min(max(size // together.OF_A_WIDTH, 1), 16)):
        known[rows] = stretched(left[rows], spread[rows])
    slopes = []
    for q in (0.05, 0.95):
        a, b, c = np.quantile(left, [q - 0.025, q, q + 0.025], method="median_unbiased")
        # The density on either side is 0.025 over the gap; half of both gaps lies between the two middles.
        flat = min(c - b, b - a) < 1e-12
        slopes.append(0 if flat else (np.log(0.025 / (c - b)) - np.log(0.025 / (b - a))) / ((c - a) / 2))
    products = products_of(left, half) * (spread * (slopes[0] - slopes[1]) / 2)[:, np.newaxis]
    second, plain = products @ half.weights, products.mean(axis=1)
    return stretched(values, np.ones(size)) - known + second, second, plain


def loss_parts(relative, half):
    """Return what samples add to what is saved by who takes the action that is predicted to lose least."""
    size, near = half.near.shape[0], half.near
    order = half.predicted.argsort(axis=1)
    gaps = np.array([row[second] - row[best] for row, (best, second) in zip(half.predicted, order[:, :2], strict=True)])
    away = relative - half.predicted
    ahead = np.array([away[:, second] - away[:, best] for best, second in order[:, :2]])
    products = np.array([ahead[k, k] * ahead[k, near[k]] for k in range(size)])
    # No finer than the variance of what is not predicted of the gap, by neighbours or by how many samples there are.
    variance = max(gaps.var(), products.mean(), np.diag(ahead).var() / size)
    curved = norm.pdf(gaps, scale=1.06 * np.sqrt(variance) / size**0.2)[:, np.newaxis] / 2
    second, plain = (products * curved) @ half.weights, (products * curved).mean(axis=1)
    return second - relative[range(size), order[:, 0]], second, plain


def waves(columns, room):
    """Return products of waves and lines of columns (d, N), fewest bends first, and how each is held back."""
    # Of one column: 0 is nothing, 1 the line, k + 1 the wave of k half turns.
    bends = [0, 1, *range(1, together.TOP + 1)]
    waved = [one for one in itertools.product(range(len(bends)), repeat=len(columns)) if max(one) > 1]
    waved = sorted(waved, key=lambda one: prod(1 + bends[kind] for kind in one))[:room]
    rows = []
    for one in waved:
        row = np.ones(columns.shape[1])
        for column, kind in zip(columns, one, strict=True):
            if kind == 1:
                row = row * column
            elif kind:
                row = row * np.sqrt(2) * np.cos(bends[kind] * np.pi * norm.cdf(column / together.STRETCH))
        rows.append(row)
    return np.array(rows), [sum(bends[kind] ** 2 for kind in one) ** 1.5 for one in waved]


def regressors(columns, values):
    """Return regressors of normal scores (d, N), with their penalties, and the columns in order of importance."""
    (count, size), rows = columns.shape, [np.ones(columns.shape[1])]
    most = size // 2 // together.SAMPLES

    def hermite(degree):
        return hermite_e.hermeval(columns, np.eye(4)[degree]) / np.sqrt(factorial(degree))

    lines, bends = hermite(1), hermite(2)
    standard = [(value - value.mean()) / (value.std() or 1) for value in values.T]
    strength = [
        sum(max((hermite(degree)[k] @ one / size) ** 2 for one in standard) for degree in (1, 2, 3))
        for k in range(count)
    ]
    ranked = np.argsort(-np.array(strength), kind="stable")
    rows += [row for degree in (1, 2, 3) for row in hermite(degree)]
    degrees = [0, *np.repeat([1, 2, 3], count)]
    chosen = sorted(ranked[: together.CROSSED])
    pairs, triples = list(itertools.combinations(chosen, 2)), list(itertools.combinations(chosen, 3))
    for degree, group in (
        (2, [lines[a] * lines[b] for a, b in pairs]),
        (3, [lines[a] * lines[b] * lines[c] for a, b, c in triples]),
        (4, [bends[a] * bends[b] for a, b in pairs]),
        (3, [bends[a] * lines[b] for a, b in pairs]),
        (3, [bends[b] * lines[a] for a, b in pairs]),
    ):
        if len(rows) + len(group) <= most:
            rows += group
            degrees += [degree] * len(group)
    room = max(0, min(together.MOST, most) - len(rows))
    waved, steep = waves(columns[sorted(ranked[: together.WAVED])], room)
    penalty = np.maximum([*(np.array(degrees) ** 1.5 / 10), *steep], 1e-9)
    return np.array([*rows, *waved]), penalty, ranked


def largest(regression, coefficients, most):
    """Return the constant and the terms, so many at most, that explain most of the variance of a prediction."""
    parts = coefficients**2 * (regression.rows**2).mean(axis=1)
    return sorted({0, *np.argsort(-parts)[: min(most, together.KEPT)]})


def sparse(regression, coefficients, moments, noise):
    """Return the coefficients of an adaptive ridge on the largest terms, as least squares with a row for each."""
    large = largest(regression, coefficients, together.KEPT)
    rows, result = regression.rows[large], coefficients[large]
    size = rows.shape[1]
    for _ in range(together.ROUNDS):
        held = noise / (result**2 + together.LEAST * noise / (rows**2).mean(axis=1))
        result = np.linalg.inv(rows @ rows.T / size + np.diag(held)) @ moments[large]
    whole = np.zeros(len(coefficients))
    whole[large] = result
    return whole


def chances(regression, coefficients, seen):
    """Return probabilities by a logistic regression that holds back small terms, by reweighted least squares."""
    share = seen.mean()
    large = largest(regression, coefficients, int(min(share, 1 - share) * len(seen)) // 10)
    rows, spread = regression.rows[large], share * (1 - share)
    result, sizes = np.zeros(len(large)), coefficients[large] / spread
    result[0] = np.log(share / (1 - share)) / rows[0, 0]
    for _ in range(2 * together.ROUNDS):
        p = expit(result @ rows)
        weights = np.maximum(p * (1 - p), spread / 10)
        held = 1 / (sizes**2 + together.LEAST / (rows**2 @ weights))
        held[0] = 0
        left = np.vstack([(rows * np.sqrt(weights)).T, np.diag(np.sqrt(held))])
        right = np.r_[(result @ rows + (seen - p) / weights) * np.sqrt(weights), np.zeros(len(large))]
        move = np.linalg.lstsq(left, right)[0] - result
        furthest = np.abs(move @ rows).max()
        result = result + move * min(1, together.FURTHEST / furthest)
        if furthest < together.FURTHEST:
            sizes = result
            if furthest < together.NEARLY:
                break
    return expit(result @ regression.scaled[large])


def corrected(scores, known, predicted, values, event):
    """Return a prediction with the mean of what it leaves at others near by, and the columns that say how near."""
    left, best, result, columns = (values - predicted)[known], 0, predicted, None
    own = np.flatnonzero(known)
    for count in range(2, scores.shape[1] + 1):
        for chosen in itertools.combinations(range(scores.shape[1]), count):
            side = round(4096 ** (1 / count))
            cells = np.minimum(np.floor(side * norm.cdf(scores[:, chosen])), side - 1)
            for width in local.WIDTHS:
                near = np.exp(-((cells[:, np.newaxis] - cells[known]) ** 2).sum(axis=2) / (2 * width**2))
                others = near.copy()
                others[own, np.arange(len(own))] = 0
                mean = others @ left / (others.sum(axis=1) + 1)
                shared, size = left @ mean[known], mean[known] @ mean[known]
                # Each pair of samples counts twice.
                if shared < local.SURE * np.sqrt((left**2).mean() * 2 * size) or shared**2 / size <= best:
                    continue
                best, part, columns = shared**2 / size, min(shared / size, 1), chosen
                result = predicted + part * mean
                if event:
                    before, total = near @ predicted[known], near.sum(axis=1) + 1
                    odds = [logit((each + 0.5) / total) for each in (before, before + part * (near @ left))]
                    result = expit(logit(predicted) + odds[1] - odds[0])
    return result, columns
