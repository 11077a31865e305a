import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from clustercast.arrays.indices.dependent import (
    group_means,
    paired_normals,
    random_permutations,
    shapley_effects,
    trajectory_increments,
    trajectory_scores,
)
from clustercast.arrays.indices.intervals import ratio_of_means, student_factor
from clustercast.arrays.points.streams import replicate_seed
from clustercast.errors import InputError


def run(function, correlation, *, seed=0, size=1024, replicates=16):
    """Effects and errors of `function`, from the normal scores of `replicates` scrambles."""
    dimensions, each = len(correlation), size // replicates
    seeds = [replicate_seed(seed, replicate) for replicate in range(replicates)]
    orders = np.concatenate([random_permutations(s, dimensions, each) for s in seeds])
    normals = np.concatenate([paired_normals(s, dimensions, each) for s in seeds])
    outputs = function(trajectory_scores(orders, correlation, normals))
    return shapley_effects(outputs.reshape(size, dimensions + 1, -1), orders, replicates)["Sh"]


def linear_effects(coefficients, correlation):
    """Shapley effects of a linear function of correlated normals, by all subsets (Owen and Prieur 2017)."""
    inputs = range(len(coefficients))
    covariance = correlation @ coefficients

    def explained(subset):
        rows = list(subset)
        return covariance[rows] @ np.linalg.solve(correlation[np.ix_(rows, rows)], covariance[rows]) if rows else 0.0

    effects = np.zeros(len(coefficients))
    for i in inputs:
        others = [j for j in inputs if j != i]
        for count in range(len(others) + 1):
            weight = 1 / (len(coefficients) * math.comb(len(others), count))
            for subset in combinations(others, count):
                effects[i] += weight * (explained((*subset, i)) - explained(subset))
    return effects / (coefficients @ covariance)


def some_correlation(seed, dimensions):
    factor = np.random.default_rng(seed).standard_normal((dimensions, dimensions + 2))
    covariance = factor @ factor.T
    scale = np.sqrt(np.diag(covariance))
    return covariance / np.outer(scale, scale)


def ishigami(scores):
    x = np.pi * (2 * ndtr(scores) - 1)
    return np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])


ISHIGAMI_PARTS = np.array([(1 + 0.1 * np.pi**4 / 5) ** 2 / 2, 49 / 8, 8 * 0.01 * np.pi**8 / 225])  # 1, 2, 1 with 3


def test_two_correlated_inputs_have_the_closed_form_of_owen_and_prieur():
    b, rho = np.array([1.0, 2.0]), 0.6
    variance = b @ b + 2 * rho * b[0] * b[1]
    first = b[0] ** 2 * (1 - rho**2 / 2) + rho * b[0] * b[1] + b[1] ** 2 * rho**2 / 2
    exact = np.array([first, variance - first]) / variance
    correlation = np.array([[1, rho], [rho, 1]])
    np.testing.assert_allclose(linear_effects(b, correlation), exact, rtol=1e-12)
    effects, _ = run(lambda x: x @ b, correlation, size=4096)
    np.testing.assert_allclose(effects[:, 0], exact, atol=0.02)


def test_six_correlated_inputs_agree_with_all_subsets_and_their_errors_are_honest():
    correlation, b = some_correlation(3, 6), np.array([1.0, -0.5, 2.0, 0.0, 0.3, 1.2])
    exact = linear_effects(b, correlation)
    scores, covered = [], []
    for seed in range(40):
        effects, errors = run(lambda x: x @ b, correlation, seed=seed, size=512)
        scores.append((effects[:, 0] - exact) / errors[:, 0])
        covered.append(np.abs(effects[:, 0] - exact) <= student_factor(16, 0.95) * errors[:, 0])
    assert 0.8 < np.std(scores) < 1.35
    assert np.abs(np.mean(scores, axis=0)).max() < 3.5 / np.sqrt(40)
    assert 0.9 < np.mean(covered) <= 0.99


def test_errors_of_independent_trajectories_are_honest():
    correlation, b = some_correlation(5, 3), np.array([1.0, 0.5, -1.0])
    exact = linear_effects(b, correlation)
    scores = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        orders = rng.permuted(np.tile(np.arange(3), (400, 1)), axis=1)
        outputs = trajectory_scores(orders, correlation, rng.standard_normal((400, 2, 3))) @ b
        effects, errors = shapley_effects(outputs[:, :, np.newaxis], orders, 400)["Sh"]
        scores.append((effects[:, 0] - exact) / errors[:, 0])
    assert 0.8 < np.std(scores) < 1.25


def test_without_correlation_ishigami_shares_its_interaction_evenly():
    v1, v2, v13 = ISHIGAMI_PARTS
    exact = np.array([v1 + v13 / 2, v2, v13 / 2]) / (v1 + v2 + v13)
    effects, errors = run(ishigami, np.eye(3), size=16384)
    np.testing.assert_allclose(effects[:, 0], exact, atol=0.02)
    assert (np.abs(effects[:, 0] - exact) < 4 * errors[:, 0]).all()


def test_independent_sobol_g_matches_the_sum_over_subsets():
    a = np.array([0, 1, 4.5, 9])
    parts = 1 / 3 / (1 + a) ** 2
    exact = np.zeros(4)
    for count in range(1, 5):
        for subset in combinations(range(4), count):
            exact[list(subset)] += np.prod(parts[list(subset)]) / count
    exact /= np.prod(1 + parts) - 1
    effects, _ = run(lambda x: np.prod((np.abs(4 * ndtr(x) - 2) + a) / (1 + a), axis=-1), np.eye(4), size=8192)
    np.testing.assert_allclose(effects[:, 0], exact, atol=0.015)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**40), dimensions=st.integers(2, 6))
def test_effects_sum_to_one_whatever_the_function(seed, dimensions):
    effects, _ = run(
        lambda x: np.stack([np.exp(x[..., 0] * x[..., -1] / 4), x.max(axis=-1)], axis=-1),
        some_correlation(seed % 97, dimensions),
        seed=seed,
        size=64,
        replicates=4,
    )
    np.testing.assert_allclose(effects.sum(axis=0), 1, rtol=1e-12)


def test_errors_over_replicates_are_those_of_their_means():
    assert group_means(np.arange(8.0), 1).tolist() == [3.5]
    outputs, orders = np.random.default_rng(1).standard_normal((12, 4, 2)), random_permutations(1, 3, 12)
    increments = trajectory_increments(outputs, orders)
    for replicates, parts in ((3, increments.reshape(3, 4, 3, 2).mean(axis=1)), (12, increments)):
        expected = ratio_of_means(parts, parts.sum(axis=1, keepdims=True))
        np.testing.assert_allclose(shapley_effects(outputs, orders, replicates)["Sh"], expected, rtol=1e-13)


def test_columns_are_estimated_as_if_alone():
    both = run(lambda x: np.stack([x[..., 0], x.sum(axis=-1) ** 2], axis=-1), some_correlation(1, 3), size=128)
    alone = run(lambda x: x.sum(axis=-1) ** 2, some_correlation(1, 3), size=128)
    np.testing.assert_allclose(both[0][:, 1], alone[0][:, 0])
    np.testing.assert_allclose(both[1][:, 1], alone[1][:, 0])


def test_rows_of_a_trajectory_have_the_correlation_and_keep_what_they_condition_on():
    correlation = some_correlation(7, 4)
    orders = random_permutations(3, 4, 4096)
    scores = trajectory_scores(orders, correlation, paired_normals(3, 4, 4096))
    for row in range(5):
        np.testing.assert_allclose(np.cov(scores[:, row].T), correlation, atol=0.05)
        kept = np.take_along_axis(scores[:, row], orders[:, :row], axis=1)
        np.testing.assert_array_equal(kept, np.take_along_axis(scores[:, -1], orders[:, :row], axis=1))


def test_identity_correlation_takes_the_normals_as_they_are():
    orders, normals = random_permutations(1, 3, 8), paired_normals(1, 3, 8)
    scores = trajectory_scores(orders, np.eye(3), normals)
    np.testing.assert_array_equal(scores[:, -1], normals[:, 0])
    np.testing.assert_array_equal(scores[:, 0], normals[:, 1])


def test_increments_telescope_to_half_the_squared_difference():
    outputs = np.random.default_rng(1).standard_normal((10, 4, 2))
    increments = trajectory_increments(outputs, random_permutations(1, 3, 10))
    np.testing.assert_allclose(increments.sum(axis=1), (outputs[:, -1] - outputs[:, 0]) ** 2 / 2)


def test_permutations_are_uniform():
    orders = random_permutations(0, 3, 12000)
    counts = np.unique(orders, axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert np.abs(counts - 2000).max() < 5 * np.sqrt(2000)


def test_a_constant_column_has_no_effects():
    effects, errors = run(lambda x: np.ones(x.shape[:-1]), np.eye(3), size=32)
    assert np.isnan(effects).all() and np.isnan(errors).all()


def test_shapes_that_do_not_fit_are_refused():
    orders = random_permutations(0, 3, 8)
    with pytest.raises(InputError, match="do not fit"):
        trajectory_scores(orders, np.eye(2), paired_normals(0, 3, 8))
    with pytest.raises(InputError, match="do not fit"):
        trajectory_scores(orders, np.eye(3), paired_normals(0, 4, 8))
    for replicates in (3, -2):
        with pytest.raises(InputError, match=f"{replicates} replicates do not divide 8 rows"):
            shapley_effects(np.ones((8, 4, 1)), orders, replicates)
