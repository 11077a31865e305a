"""First and total indices of dependent inputs, inclusive and exclusive of their correlation."""

import numpy as np

from clustercast.arrays import FloatArray, IntArray
from clustercast.arrays.indices.intervals import ratio_of_means
from clustercast.arrays.indices.shapley import group_means
from clustercast.errors import InputError

NAMES = ("S1_full", "ST_full", "S1_ind", "ST_ind")


def correlated_inputs(correlation: FloatArray) -> IntArray:
    """Return the numbers of the inputs that are correlated with any other."""
    return np.flatnonzero((correlation != np.eye(len(correlation))).any(axis=1))


def rows_per_point(dimensions: int, correlated: int) -> int:
    """Return how many rows `kucherenko_scores` makes of a base point, k of d inputs being correlated."""
    return 2 + 2 * dimensions + 2 * correlated


def kucherenko_scores(correlation: FloatArray, normals: FloatArray) -> FloatArray:
    """Return the normal scores of a pick-freeze design for correlated inputs, shape (size, 2 + 2 d + 2 k, d)."""
    # For each base point A, the mixtures AB, the mixtures BA, and B. A mixture of input i is A in which i comes from B:
    # first with its correlation (the other inputs keep what i does not explain of them: Rosenblatt's transform with i
    # first), for every input; then without (only what the others do not explain of i: i last), for every correlated
    # input; for an uncorrelated one the two are the same rows. Kucherenko, Tarantola and Annoni (2012),
    # doi:10.1016/j.cpc.2011.12.020; Mara, Tarantola and Annoni (2015), doi:10.1016/j.envsoft.2015.05.010.
    size, _, dimensions = normals.shape
    if correlation.shape != (dimensions, dimensions):
        raise InputError(f"normals of {dimensions} inputs do not fit a correlation of shape {correlation.shape}")
    a, b = np.moveaxis(normals @ np.linalg.cholesky(correlation).T, 1, 0)
    joint = correlated_inputs(correlation)
    precision = np.linalg.inv(correlation)
    residual = (b - a) @ precision / np.diag(precision)
    # The direction of each mixture, shape (m, d), and how far each point goes, shape (size, m).
    directions = np.concatenate([correlation, np.eye(dimensions)[joint]])
    amounts = np.concatenate([b - a, residual[:, joint]], axis=1)
    count = len(directions)
    rows = np.empty((size, 2 + 2 * count, dimensions))
    rows[:, 0], rows[:, -1] = a, b
    change = amounts[:, :, np.newaxis] * directions
    rows[:, 1 : count + 1] = a[:, np.newaxis] + change
    rows[:, count + 1 : -1] = b[:, np.newaxis] - change
    return rows


def kucherenko_indices(
    outputs: FloatArray, dimensions: int, correlated: IntArray, replicates: int | None = None
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Return the four indices, shape (d, columns), and their standard errors, by name."""
    # S1_full and ST_ind are those of Kucherenko et al.: the variance of the mean given the input, and the mean variance
    # given all others. ST_full is all that varies with the input including what it drags along, S1_ind what it explains
    # without it. The estimator is that of Azzini, Mara and Rosati (2021), doi:10.1016/j.envsoft.2021.105167.
    rows = rows_per_point(dimensions, len(correlated))
    if outputs.ndim != 3 or outputs.shape[1] != rows:
        raise InputError(f"outputs have shape {outputs.shape}; give (size, {rows}, columns), from kucherenko_scores")
    count = rows // 2 - 1
    a, b, ab, ba = outputs[:, :1], outputs[:, -1:], outputs[:, 1 : count + 1], outputs[:, count + 1 : -1]
    products = 2 * (ba - b) * (a - ab), (b - ba) ** 2 + (a - ab) ** 2, (a - b) ** 2 + (ba - ab) ** 2
    first, total, variance = (group_means(each, replicates or len(each)) for each in products)
    s1, s1_error = ratio_of_means(first, variance)
    st, st_error = ratio_of_means(total, variance)
    alone = np.arange(dimensions)
    alone[correlated] = dimensions + np.arange(len(correlated))
    indices = (s1[:dimensions], st[:dimensions], s1[alone], st[alone])
    errors = (s1_error[:dimensions], st_error[:dimensions], s1_error[alone], st_error[alone])
    return dict(zip(NAMES, indices, strict=True)), dict(zip(NAMES, errors, strict=True))
