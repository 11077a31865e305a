"""Tempering against closed forms of weights, and the move against the normal posterior it must leave unchanged."""

import numpy as np
import pytest
from scipy.stats import qmc

from clustercast.arrays.posterior import Move, effective_size, next_temperature, systematic_resample


def test_effective_size_counts_equal_weights_and_ignores_their_scale():
    weights = np.array([0.0, 0.0, -np.inf, 0.0])
    assert effective_size(weights) == pytest.approx(3)
    assert effective_size(weights - 900) == pytest.approx(3)


def test_effective_size_of_lognormal_weights():
    # E[w]^2 / E[w^2] = exp(-sigma^2) for log-normal weights.
    weights = 0.5 * np.random.default_rng(3).standard_normal(1 << 18)
    assert effective_size(weights) / weights.size == pytest.approx(np.exp(-0.25), rel=0.01)


def test_the_next_temperature_keeps_the_effective_size():
    log_likelihood = -0.5 * 400 * np.random.default_rng(3).standard_normal(4096) ** 2
    temperature = next_temperature(log_likelihood, 0.0, 2048)
    assert 0 < temperature < 1
    assert effective_size(temperature * log_likelihood) == pytest.approx(2048, rel=1e-6)
    assert next_temperature(log_likelihood * 1e-6, 0.5, 2048) == 1.0
    # From a power on, what counts is what is added to it.
    assert next_temperature(log_likelihood, 0.25, 2048) == pytest.approx(0.25 + temperature, rel=1e-6)


def test_resampled_counts_are_the_floor_or_the_ceiling_of_the_expected():
    weights = np.random.default_rng(5).gamma(0.5, size=100)
    counts = np.bincount(systematic_resample(np.log(weights), 777, np.random.default_rng(1)), minlength=100)
    expected = 777 * weights / weights.sum()
    assert counts.sum() == 777
    assert np.all(np.abs(counts - expected) < 1)


def test_resampling_goes_by_ratios_of_weights_alone_to_the_very_last_point():
    log_weights = np.array([0.0, -np.inf, -2000.0, 0.0])
    rows = [systematic_resample(log_weights + shift, 99, np.random.default_rng(1)) for shift in (0.0, 2000.0)]
    np.testing.assert_array_equal(*rows)
    assert set(rows[0]) == {0, 3}

    class Last:
        """Draws the largest number below 1, after which four steps end at 1 by rounding."""

        def random(self):
            return np.nextafter(1.0, 0.0)

        def permutation(self, given):
            return np.arange(given) if isinstance(given, int) else given

    assert systematic_resample(np.zeros(4), 4, Last())[-1] == 3


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("step", [0.3, 0.9])
def test_a_move_leaves_the_posterior_unchanged(fitted, step):
    # Prior N(0, I) in two dimensions, one datum 1.5 = z0 + z1 + error of sd 0.5: a normal posterior.
    design, sd = np.array([1.0, 1.0]), 0.5
    covariance = np.linalg.inv(np.eye(2) + np.outer(design, design) / sd**2)
    mean = covariance @ design * 1.5 / sd**2
    generator = np.random.default_rng(11)
    scores = generator.multivariate_normal(mean, covariance, size=20_000)

    def target(z):
        return -0.5 * ((1.5 - z @ design) / sd) ** 2

    move = Move(np.zeros(2), np.eye(2), step)
    move = move.fitted(scores) if fitted else move
    log_likelihood = target(scores)
    for _ in range(20):
        scores, log_likelihood, accepted = move.advance(scores, log_likelihood, target, 1.0, generator)
        assert 0.1 < accepted <= 1
    assert log_likelihood == pytest.approx(target(scores))
    assert scores.mean(axis=0) == pytest.approx(mean, abs=5 * np.sqrt(covariance[0, 0] / 20_000))
    assert np.cov(scores, rowvar=False) == pytest.approx(covariance, abs=5 * np.sqrt(2 / 20_000) * covariance[0, 0])


def test_what_is_not_learned_is_proposed_as_a_priori():
    """Of 100 dimensions 3 are learned; 512 particles must show it, or no proposal is accepted."""
    dimensions, size = 100, 512
    generator = np.random.default_rng(3)
    deviation = np.ones(dimensions)
    deviation[:3] = (0.05, 0.2, 0.4)
    scores = generator.standard_normal((size, dimensions)) * deviation
    move = Move(np.zeros(dimensions), np.eye(dimensions), 0.5).fitted(scores)
    assert move.centre == pytest.approx(scores.mean(axis=0))
    covariance = move.factor @ move.factor.T
    assert np.sqrt(covariance[0, 0]) == pytest.approx(0.05, rel=0.15)
    # The sample covariance itself is off by about 9 in this norm.
    assert np.linalg.norm(np.cov(scores, rowvar=False) - np.diag(deviation**2)) > 4
    assert np.linalg.norm(covariance - np.diag(deviation**2)) < 1

    def target(z):
        return -0.5 * (z[:, :3] ** 2 @ (1 / deviation[:3] ** 2 - 1))

    fresh = generator.standard_normal((size, dimensions)) * deviation
    accepted = move.advance(fresh, target(fresh), target, 1.0, generator)[2]
    assert accepted > 0.3


def test_variances_that_chance_explains_are_those_of_the_prior():
    """Between (1 - r)^2 and (1 + r)^2 with r = 0.1, of 4 dimensions and 400 particles: Marchenko and Pastur's bulk."""
    variances = np.array([0.8, 0.82, 1.2, 1.22])
    columns = np.random.default_rng(1).standard_normal((400, 4))
    plain = np.linalg.qr(columns - columns.mean(axis=0))[0] * np.sqrt(399)
    move = Move(np.zeros(4), np.eye(4), 0.5).fitted(plain * np.sqrt(variances) + [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(move.factor @ move.factor.T, np.diag([0.8, 1, 1, 1.22]), atol=1e-12)
    np.testing.assert_allclose(move.centre, [1, 2, 3, 4], atol=1e-12)


def test_the_step_follows_the_acceptance():
    move = Move(np.zeros(3), np.eye(3), 0.5)
    assert move.adapted(0.05).step < move.step == move.adapted(0.3).step < move.adapted(0.9).step < 1
    assert move.adapted(0.2).step * move.adapted(0.4).step == pytest.approx(move.step**2)


def test_resampling_does_not_follow_the_structure_of_a_sequence():
    """Weights of a Gaussian likelihood on Sobol' points: means within four standard errors of the weighted ones."""
    points = qmc.Sobol(2, seed=1).random(1 << 15)
    log_weights = -0.5 * (((points - 0.3) / 0.3) ** 2).sum(axis=1)
    weights = np.exp(log_weights) / np.exp(log_weights).sum()
    means = [
        points[systematic_resample(log_weights, 4096, np.random.default_rng(seed))].mean(axis=0) for seed in range(20)
    ]
    assert np.abs(np.array(means) - weights @ points).max() < 5 * 0.25 / 64
