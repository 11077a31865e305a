"""Shapley effects by random-permutation trajectories, for inputs joined by a Gaussian copula."""

import numpy as np
from scipy.special import ndtri

from clustercast.arrays import FloatArray, IntArray
from clustercast.arrays.indices.intervals import ratio_of_means
from clustercast.arrays.points.designs import sobol_uniforms
from clustercast.arrays.points.streams import stream
from clustercast.errors import InputError


def random_permutations(seed: int, dimensions: int, size: int) -> IntArray:
    """Return independent random orders of the inputs, shape (size, d)."""
    orders = np.tile(np.arange(dimensions, dtype=np.int64), (size, 1))
    return stream(seed, "shapley permutations").permuted(orders, axis=1)


def paired_normals(seed: int, dimensions: int, size: int) -> FloatArray:
    """Return two independent samples of standard normals on scrambled Sobol' points, shape (size, 2, d)."""
    normals: FloatArray = ndtri(sobol_uniforms(seed, 2 * dimensions, 0, size))
    return normals.reshape(size, 2, dimensions)


def trajectory_scores(permutations: IntArray, correlation: FloatArray, normals: FloatArray) -> FloatArray:
    """Return the normal scores of the rows of each trajectory, shape (size, d + 1, d)."""
    # In the order p of a trajectory the correlated scores are chol(R_pp) z. Row k keeps the first k of z and takes the
    # others from an independent sample: given the first k inputs the others follow their exact conditional law. Song,
    # Nelson and Staum (2016), doi:10.1137/15M1048070; Broto et al. (2020), doi:10.1137/18M1234631.
    size, dimensions = permutations.shape
    if correlation.shape != (dimensions, dimensions) or normals.shape != (size, 2, dimensions):
        raise InputError(
            f"permutations {permutations.shape}, correlation {correlation.shape} and normals {normals.shape} "
            "do not fit; give (size, d), (d, d) and (size, 2, d)"
        )
    kept = np.arange(dimensions) < np.arange(dimensions + 1)[:, np.newaxis]
    ordered = np.take_along_axis(normals, permutations[:, np.newaxis], axis=2)
    scores = np.where(kept, ordered[:, :1], ordered[:, 1:])
    if not np.array_equal(correlation, np.eye(dimensions)):
        joint = correlation[permutations[:, :, np.newaxis], permutations[:, np.newaxis]]
        scores = scores @ np.linalg.cholesky(joint).transpose(0, 2, 1)
    inverse = np.argsort(permutations, axis=1)
    return np.take_along_axis(scores, inverse[:, np.newaxis], axis=2)


def trajectory_increments(outputs: FloatArray, permutations: IntArray) -> FloatArray:
    """Return what each input adds to the explained variance along each trajectory, shape (size, d, columns)."""
    # With y of the base point and y'_k of row k, input p(k+1) adds (y'_{k+1} - y'_k) (y - (y'_{k+1} + y'_k) / 2); the
    # sum over a trajectory is (y - y'_0)**2 / 2, whose mean is the variance: Goda (2021),
    # doi:10.1016/j.ress.2020.107183.
    before, after, base = outputs[:, :-1], outputs[:, 1:], outputs[:, -1:]
    increments = (after - before) * (base - 0.5 * (after + before))
    inverse = np.argsort(permutations, axis=1)
    return np.take_along_axis(increments, inverse[:, :, np.newaxis], axis=1)


def shapley_effects(
    outputs: FloatArray, permutations: IntArray, replicates: int | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return the effects and their standard errors, shape (d, columns); NaN where a column is constant."""
    increments = trajectory_increments(outputs, permutations)
    groups = group_means(increments, replicates or len(increments))
    return ratio_of_means(groups, groups.sum(axis=1, keepdims=True))


def group_means(rows: FloatArray, groups: int) -> FloatArray:
    """Return the means of equal consecutive parts of the first axis, shape (groups, ...)."""
    if groups < 1 or len(rows) % groups:
        raise InputError(f"{groups} replicates do not divide {len(rows)} rows; give a divisor, as in 16")
    return rows if groups == len(rows) else rows.reshape(groups, -1, *rows.shape[1:]).mean(axis=1)
