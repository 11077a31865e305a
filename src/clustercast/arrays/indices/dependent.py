"""Shapley effects and Kucherenko's indices of correlated inputs, each with its standard errors."""

import numpy as np
from scipy.special import ndtri

from clustercast.arrays import FloatArray, IntArray, Pair
from clustercast.arrays.indices.intervals import ratio_of_means
from clustercast.arrays.points.designs import sobol_uniforms
from clustercast.arrays.points.streams import stream
from clustercast.errors import InputError

NAMES = ("S1_full", "ST_full", "S1_ind", "ST_ind")


def random_permutations(seed: int, dimensions: int, size: int) -> IntArray:
    """Return independent random orders of the inputs, shape (size, d)."""
    orders = np.tile(np.arange(dimensions, dtype=np.int64), (size, 1))
    return stream(seed, "shapley permutations").permuted(orders, axis=1)


def paired_normals(seed: int, dimensions: int, size: int) -> FloatArray:
    """Return two independent samples of standard normals on scrambled Sobol' points, shape (size, 2, d)."""
    return np.asarray(ndtri(sobol_uniforms(seed, 2 * dimensions, 0, size))).reshape(size, 2, dimensions)


def trajectory_scores(permutations: IntArray, correlation: FloatArray, normals: FloatArray) -> FloatArray:
    """Return the normal scores of the rows of each trajectory, shape (size, d + 1, d)."""
    # In the order p of a trajectory the correlated scores are chol(R_pp) z. Row k keeps the first k of z and takes the
    # others from an independent sample: given the first k inputs the others follow their exact conditional law. Song,
    # Nelson and Staum (2016), doi:10.1137/15M1048070; Broto et al. (2020), doi:10.1137/18M1234631.
    size, dimensions = permutations.shape
    if correlation.shape != (dimensions, dimensions) or normals.shape != (size, 2, dimensions):
        shapes = f"permutations {permutations.shape}, correlation {correlation.shape} and normals {normals.shape}"
        raise InputError(f"{shapes} do not fit; give (size, d), (d, d) and (size, 2, d)")
    kept = np.arange(dimensions) < np.arange(dimensions + 1)[:, np.newaxis]
    ordered = np.take_along_axis(normals, permutations[:, np.newaxis], axis=2)
    scores = np.where(kept, ordered[:, :1], ordered[:, 1:])
    if not np.array_equal(correlation, np.eye(dimensions)):
        joint = correlation[permutations[:, :, np.newaxis], permutations[:, np.newaxis]]
        scores = scores @ np.linalg.cholesky(joint).transpose(0, 2, 1)
    return np.take_along_axis(scores, np.argsort(permutations, axis=1)[:, np.newaxis], axis=2)


def trajectory_increments(outputs: FloatArray, permutations: IntArray) -> FloatArray:
    """Return what each input adds to the explained variance along each trajectory, shape (size, d, columns)."""
    # With y of the base point and y'_k of row k, input p(k+1) adds (y'_{k+1} - y'_k) (y - (y'_{k+1} + y'_k) / 2): in
    # all (y - y'_0)**2 / 2, whose mean is the variance. Goda (2021), doi:10.1016/j.ress.2020.107183.
    before, after, base = outputs[:, :-1], outputs[:, 1:], outputs[:, -1:]
    increments = (after - before) * (base - 0.5 * (after + before))
    return np.take_along_axis(increments, np.argsort(permutations, axis=1)[:, :, np.newaxis], axis=1)


def shapley_effects(outputs: FloatArray, permutations: IntArray, replicates: int) -> dict[str, Pair]:
    """Return the effects ``Sh`` and their standard errors, shape (d, columns); NaN where a column is constant."""
    groups = group_means(trajectory_increments(outputs, permutations), replicates)
    return {"Sh": ratio_of_means(groups, groups.sum(axis=1, keepdims=True))}


def group_means(rows: FloatArray, groups: int) -> FloatArray:
    """Return the means of equal consecutive parts of the first axis, shape (groups, ...)."""
    if groups < 1 or len(rows) % groups:
        raise InputError(f"{groups} replicates do not divide {len(rows)} rows; give a divisor, as in 16")
    return rows if groups == len(rows) else rows.reshape(groups, -1, *rows.shape[1:]).mean(axis=1)


def rows_per_point(dimensions: int, correlated: int) -> int:
    """Return how many rows `kucherenko_scores` makes of a base point, k of d inputs being correlated."""
    return 2 + 2 * dimensions + 2 * correlated


def kucherenko_scores(correlation: FloatArray, normals: FloatArray) -> FloatArray:
    """Return the normal scores of a pick-freeze design for correlated inputs, shape (size, 2 + 2 d + 2 k, d)."""
    # For each base point A, the mixtures AB, the mixtures BA, and B (docs/theory/dependent_inputs.md): of every input
    # with it first in Rosenblatt's transform, then of every correlated one with it last. Kucherenko, Tarantola and
    # Annoni (2012), doi:10.1016/j.cpc.2011.12.020; Mara et al. (2015), doi:10.1016/j.envsoft.2015.05.010.
    size, _, dimensions = normals.shape
    if correlation.shape != (dimensions, dimensions):
        raise InputError(f"normals of {dimensions} inputs do not fit a correlation of shape {correlation.shape}")
    a, b = np.moveaxis(normals @ np.linalg.cholesky(correlation).T, 1, 0)
    joint = np.flatnonzero((correlation != np.eye(dimensions)).any(axis=1))
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


def kucherenko_indices(outputs: FloatArray, dimensions: int, correlated: IntArray, replicates: int) -> dict[str, Pair]:
    """Return the four indices and their standard errors, shape (d, columns), by name."""
    # S1_full and ST_ind are those of Kucherenko et al.: the variance of the mean given the input, and the mean variance
    # given all others. ST_full is all that varies with the input including what it drags along, S1_ind what it explains
    # without it. The estimator is that of Azzini, Mara and Rosati (2021), doi:10.1016/j.envsoft.2021.105167.
    rows = rows_per_point(dimensions, len(correlated))
    if outputs.ndim != 3 or outputs.shape[1] != rows:
        raise InputError(f"outputs have shape {outputs.shape}; give (size, {rows}, columns), from kucherenko_scores")
    count = rows // 2 - 1
    a, b, ab, ba = outputs[:, :1], outputs[:, -1:], outputs[:, 1 : count + 1], outputs[:, count + 1 : -1]
    products = 2 * (ba - b) * (a - ab), (b - ba) ** 2 + (a - ab) ** 2, (a - b) ** 2 + (ba - ab) ** 2
    first, total, variance = (group_means(each, replicates) for each in products)
    explained, left = ratio_of_means(first, variance), ratio_of_means(total, variance)
    alone = np.arange(dimensions)
    alone[correlated] = dimensions + np.arange(len(correlated))
    kinds = [(kind, place) for place in (np.arange(dimensions), alone) for kind in (explained, left)]
    return {name: (index[place], error[place]) for name, ((index, error), place) in zip(NAMES, kinds, strict=True)}
