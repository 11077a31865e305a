"""What a regression leaves in some places: means over cells of a few columns, and neighbours of each sample."""

import itertools
from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import KDTree
from scipy.special import expit, logit, ndtr

from clustercast.arrays import BoolArray, FloatArray, IntArray

Columns = tuple[int, ...]

# Cells along each of so many columns, 4,096 in all; widths in cells over which means are taken; and how many standard
# errors what they explain of other samples is above chance, or nothing is put right.
SIDES, ALL, WIDTHS, SURE = {2: 64, 3: 16, 4: 8}, 4096, (0.75, 1.5, 3.0), 2.5
# Neighbours of a sample. Where something was put right: how much further samples are in those columns, how many are
# neighbours, and the part of the doubt that stays for each of these columns.
NEIGHBOURS, CLOSER, CLOSE, STAYS = 24, 10.0, 6, 0.2
# Nothing beside 1: of probabilities, and of what means are.
NOTHING = 1e-12


def cells_of(scores: FloatArray) -> dict[Columns, IntArray]:
    """Return the cell of each sample in every two, three and four of some normal scores (N, some)."""
    shares, result = ndtr(scores.T), {}
    for count, side in SIDES.items():
        for chosen in itertools.combinations(range(len(shares)), count):
            places = np.minimum(side * shares[list(chosen)], side - 1).astype(np.int64)
            result[chosen] = np.ravel_multi_index(tuple(places), (side,) * count)
    return result


def corrected(
    cells: Mapping[Columns, IntArray], known: BoolArray, predicted: FloatArray, values: FloatArray, events: BoolArray
) -> tuple[FloatArray, dict[int, Columns]]:
    """Return predictions (N, T) with what they leave in places (no known number by itself), and which by value."""
    # Each known sample is predicted by the mean of what is left around it but not at it, times a factor by least
    # squares: the columns and the width are those that explain most so. What is noise is left alone.
    left = np.where(known[:, np.newaxis], values - predicted, 0.0)
    size = np.sqrt((left**2).sum(axis=0) / known.sum())
    best, chosen = np.zeros(len(size)), {}
    for columns, members in cells.items():
        sums, squares = (_sums(members[known], each[known]) for each in (left, left**2))
        count = np.bincount(members[known], minlength=ALL).astype(np.float64)
        for width in WIDTHS:
            near, around = _smooth(sums, columns, width), _smooth(count[np.newaxis], columns, width)[0]
            # A mean of no samples is 0, and of few of them near it: one is counted more than there are others.
            divisor = np.maximum(around, 1)
            shared = ((sums * near - squares) / divisor).sum(axis=1)
            own = ((count * near**2 - 2 * near * sums + squares) / divisor**2).sum(axis=1)
            own = np.maximum(own, NOTHING * squares.sum(axis=1))
            explained = np.divide(shared**2, own, out=np.zeros_like(own), where=shared > SURE * size * np.sqrt(2 * own))
            for k in np.flatnonzero(explained > best):
                best[k], chosen[k] = explained[k], (columns, width, min(shared[k] / own[k], 1.0), near[k], around)
    result = predicted.copy()
    for k, (columns, width, part, near, around) in chosen.items():
        members = cells[columns]
        if events[k]:
            # The odds are moved as those of the mean are, so that what is nearly sure stays so.
            expected = _smooth(_sums(members[known], predicted[known, k : k + 1]), columns, width)[0]
            odds = [logit((each + 0.5) / (around + 1)) for each in (expected, expected + part * near)]
            before = logit(np.clip(predicted[:, k], NOTHING, 1 - NOTHING))
            result[:, k] = expit(before + (odds[1] - odds[0])[members])
        else:
            result[:, k] += part * (near[members] - left[:, k]) / (around[members] + ~known)
    return result, {int(k): each[0] for k, each in chosen.items()}


def _sums(members: IntArray, values: FloatArray) -> FloatArray:
    """Return the sum of values (N, T) in each cell (T, cells)."""
    return np.array([np.bincount(members, each, ALL) for each in values.T]).reshape(-1, ALL)


def _smooth(sums: FloatArray, columns: Columns, width: float) -> FloatArray:
    """Return sums of cells (T, cells) with those of other cells, weighted by how near they are."""
    side = SIDES[len(columns)]
    away = np.subtract.outer(np.arange(side), np.arange(side)) / width
    result, weights = sums.reshape(-1, *(side,) * len(columns)), np.exp(-(away**2) / 2)
    for _ in columns:
        result = np.moveaxis(result @ weights, -1, 1)
    return result.reshape(sums.shape)


def close_neighbours(points: FloatArray, columns: Columns) -> tuple[IntArray, FloatArray, float]:
    """Return neighbours in some columns before others, weights that extrapolate what jumps, and what may be missing."""
    nearer = points.copy()
    nearer[:, list(columns)] *= CLOSER
    return *neighbours(nearer, CLOSE, 1)[:2], STAYS * len(columns)


def neighbours(points: FloatArray, count: int = NEIGHBOURS, power: int = 2) -> tuple[IntArray, FloatArray, float]:
    """Return the neighbours of points (n, some), weights that extrapolate to no distance, and how mutual they are."""
    count = min(count, len(points) - 1)
    distance, near = KDTree(points).query(points, count + 1)
    own = near == np.arange(len(points))[:, np.newaxis]
    own[~own.any(axis=1), -1] = True
    away = (distance[~own].reshape(-1, count) ** power).mean(axis=0)
    # The least weights with sum 1 for which the mean power of the distance is 0.
    moments = np.stack([np.ones(count), away / away.mean()])
    weights = moments.T @ np.linalg.solve(moments @ moments.T, [1.0, 0.0])
    near = near[~own].reshape(-1, count)
    rows = np.arange(0, near.size + 1, count)
    weighed = csr_array((np.tile(weights, len(near)), near.ravel(), rows), shape=(len(near), len(near)))
    return near, weights, max(float((weighed * weighed.T).sum() / (weighed * weighed).sum()), 0.0)
