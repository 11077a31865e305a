"""What several columns are worth together: regressed on one half of the samples, judged on the other."""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from clustercast.arrays import FloatArray
from clustercast.arrays.decisions.partition import halves

Gain = tuple[FloatArray, FloatArray]

# Columns whose products with each other are regressors too, and samples for each regressor.
CROSSED, SAMPLES = 8, 20


def joint_gain(columns: FloatArray, values: FloatArray, gain: Callable[[FloatArray, FloatArray], Gain]) -> Gain:
    """Return by a gain of one column what columns (d, N) are worth together to values (N, T), shape (1, T)."""
    # What the regression predicts is one column for each target: knowing it is knowing no more than the columns, so
    # that the gain is a lower bound, close where the regression is. It is judged on samples it was not fitted to.
    one = halves(len(values))
    basis = _basis(columns, values)
    gains, errors = np.zeros((2, 2, values.shape[1]))
    for place, part in enumerate((one, ~one)):
        predicted = basis[part] @ _fitted(basis[~part], values[~part])
        for target in range(values.shape[1]):
            found = gain(predicted[:, target][np.newaxis], values[part][:, [target]])
            gains[place, target], errors[place, target] = found[0][0, 0], found[1][0, 0]
    return gains.mean(axis=0)[np.newaxis], np.sqrt((errors**2).sum(axis=0))[np.newaxis] / 2


def joint_action_gain(columns: FloatArray, losses: FloatArray) -> Gain:
    """Return what knowing columns (d, N) together saves in the mean loss (N, actions), shape (1, 1)."""
    size = len(losses)
    one = halves(size)
    basis = _basis(columns, losses)
    relative = losses - losses[:, [int(np.argmin(losses.mean(axis=0)))]]
    rows = np.arange(size)
    saved = -relative[rows, np.argmin(basis @ _fitted(basis, relative), axis=1)]
    across = tie = 0.0
    for part in (one, ~one):
        chosen = np.argmin(basis[part] @ _fitted(basis[~part], relative[~part]), axis=1)
        across -= relative[part][np.arange(len(chosen)), chosen].sum() / size
        tie += relative[part][:, int(np.argmin(relative[~part].mean(axis=0)))].sum() / size
    inside = float(saved.mean())
    error = np.sqrt(saved.var() / size + ((inside - across) / 3) ** 2 + tie**2 / 12)
    return np.array([[(2 * inside + across) / 3 + tie / 2]]), np.array([[error]])


def _basis(columns: FloatArray, values: FloatArray) -> FloatArray:
    """Return regressors: Hermite polynomials of the normal scores of each column, and products of the leading ones."""
    scores: FloatArray = np.empty(columns.shape[::-1])
    size = len(scores)
    for place, column in enumerate(columns):
        order = np.sort(column)
        # The middle of the ranks of equal values.
        ranks = np.searchsorted(order, column, "left") + np.searchsorted(order, column, "right")
        scores[:, place] = ndtri(ranks / (2 * size))
    basis = [np.ones((size, 1)), scores, (scores**2 - 1) / np.sqrt(2), (scores**3 - 3 * scores) / np.sqrt(6)]
    spread = values.std(axis=0)
    standard = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
    strength = np.sum([((part.T @ standard / size) ** 2).max(axis=1) for part in basis[1:]], axis=0)
    leading = np.sort(np.argsort(-strength, kind="stable")[:CROSSED])
    first, second = np.triu_indices(len(leading), 1)
    first, second = leading[first], leading[second]
    products = [scores[:, first] * scores[:, second]]
    products += [basis[2][:, a] * basis[2][:, b] for a, b in ((first, second),)]
    products += [basis[2][:, a] * scores[:, b] for a, b in ((first, second), (second, first))]
    room = size // 2 // SAMPLES
    for part in products:
        if sum(each.shape[1] for each in basis) + part.shape[1] <= room:
            basis.append(part)
    return np.concatenate(basis, axis=1)


def _fitted(basis: FloatArray, values: FloatArray) -> FloatArray:
    """Return least-squares coefficients; a little is added to the diagonal for columns that say the same."""
    gram = basis.T @ basis
    gram[np.diag_indices_from(gram)] += 1e-9 * len(basis)
    return np.asarray(np.linalg.solve(gram, basis.T @ values), dtype=np.float64)
