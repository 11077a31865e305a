"""How much is saved by who may act on one column: the best action of each bin, chosen from smoothed mean losses."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import ndtri

from clustercast.arrays import FloatArray
from clustercast.arrays.decisions.partition import Partition, halves

Gain = tuple[FloatArray, FloatArray]
_ROUGHNESS = np.concatenate([[0.0], np.logspace(-6, 9, 31)])
# Standard errors that a choice is doubted by, and samples that may have gone unseen where none chooses otherwise.
_SURE, _UNSEEN = 1.96, 3.0


def action_gain(bins: Partition, losses: FloatArray) -> Gain:
    """Return what knowing each column saves in the mean loss (N, actions), and its error, shape (d, 1)."""
    # Strong, Oakley and Brennan (2014), doi:10.1177/0272989X13505910, with a smoother on bins for their regression.
    # The action chosen and judged on the same samples looks too good; chosen on one half and judged on the other it
    # looks too bad, twice as much as the halves are half as large: two parts of the first and one of the second.
    size = len(losses)
    relative, tie = relative_losses(losses)
    one = halves(size)
    half = one.astype(np.float64)[:, np.newaxis]
    columns = np.concatenate([relative, relative**2, relative * half, half], axis=1)
    sums = bins.sums(columns)
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


def _best(
    total: FloatArray, squares: FloatArray, counts: FloatArray, roughness: FloatArray
) -> tuple[NDArray[np.intp], float]:
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
    left = within + (1 - kept) ** 2 / share @ turned**2
    criterion = left / (n.sum() - kept.sum(axis=1)[:, np.newaxis]) ** 2
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
    score = ndtri((np.cumsum(filled) - filled / 2) / filled.sum())
    step = np.diff(score)
    # A line in the scores has none; in the numbers of bins that are finer in the tails it would have much.
    slopes = np.diff(np.eye(len(counts)), axis=0) / step[:, np.newaxis]
    bend = np.diff(slopes, axis=0) * np.sqrt(step.mean() ** 3 / (step[1:] + step[:-1]))[:, np.newaxis]
    return np.asarray(bend.T @ bend)
