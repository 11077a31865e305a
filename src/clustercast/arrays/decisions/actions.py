"""How much is saved by who may act on one column: the best action of each bin, chosen from smoothed mean losses."""

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.arrays.decisions.partition import Partition, halves

Gain = tuple[FloatArray, FloatArray]

_ROUGHNESS = np.concatenate([[0.0], np.logspace(-3, 9, 25)])


def action_gain(bins: Partition, losses: FloatArray) -> Gain:
    """Return what knowing each column saves in the mean loss (N, actions), and its error, shape (d, 1)."""
    # Strong, Oakley and Brennan (2014), doi:10.1177/0272989X13505910, with a smoother on bins for their regression.
    # The action chosen and judged on the same samples looks too good; chosen on one half and judged on the other it
    # looks too bad, twice as much as the halves are half as large: two parts of the first and one of the second.
    size = len(losses)
    relative = losses - losses[:, [int(np.argmin(losses.mean(axis=0)))]]
    one = halves(size)
    # Where two actions are as good before, the better of the two means is too good as well, by the same argument.
    tie = sum(relative[part][:, int(np.argmin(relative[~part].mean(axis=0)))].sum() for part in (one, ~one)) / size
    half = one.astype(np.float64)[:, np.newaxis]
    columns = np.concatenate([relative, relative**2, relative * half, half], axis=1)
    sums = bins.sums(columns)
    gains, errors = [], []
    actions = losses.shape[1]
    for start, stop in zip(bins.offsets[:-1], bins.offsets[1:], strict=True):
        total, squares, first, count = np.split(sums[start:stop], [actions, 2 * actions, 3 * actions], axis=1)
        counts = bins.counts[start:stop, np.newaxis]
        best = _best(total, squares, counts)
        rows = np.arange(len(best))
        inside = -total[rows, best].sum() / size
        across, spread = 0.0, [squares[rows, best].sum()]
        for part, number in ((first, count), (total - first, counts - count)):
            chosen = _best(part, squares / 2, number)
            across -= (total - part)[rows, chosen].sum() / size
            spread.append(squares[rows, chosen].sum())
        gains.append((2 * inside + across) / 3 + tie / 2)
        # Where a half chooses otherwise the choice is uncertain, and so is what it saves.
        squared = max(max(spread) / size - inside**2, 0) / size
        errors.append(np.sqrt(squared + ((inside - across) / 2) ** 2 + tie**2 / 12))
    return np.array(gains)[:, np.newaxis], np.array(errors)[:, np.newaxis]


def _best(total: FloatArray, squares: FloatArray, counts: FloatArray) -> NDArray[np.intp]:
    """Return the action of each bin with the least smoothed mean loss."""
    n = np.maximum(counts[:, 0], 1e-9)
    if len(n) < 3:
        return np.asarray(np.argmin(total / n[:, np.newaxis], axis=1))
    root = np.sqrt(n)[:, np.newaxis]
    bend = np.diff(np.eye(len(n)), 2, axis=0) / root.T
    values, vectors = np.linalg.eigh(bend.T @ bend)
    shrunk = 1 / (1 + _ROUGHNESS[:, np.newaxis] * np.maximum(values, 0) * n.mean())
    turned = vectors.T @ (total / root)
    within = squares.sum(axis=0) - (total**2 / n[:, np.newaxis]).sum(axis=0)
    # Generalised cross-validation over all samples, for each action.
    left = within + ((1 - shrunk[:, :, np.newaxis]) ** 2 * turned**2).sum(axis=1)
    criterion = left / (n.sum() - shrunk.sum(axis=1)[:, np.newaxis]) ** 2
    chosen = shrunk[np.argmin(criterion, axis=0)].T
    smooth = vectors @ (chosen * turned) / root
    return np.asarray(np.argmin(smooth, axis=1))
