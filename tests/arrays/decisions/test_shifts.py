"""The least shift of normal scores: Gaussian closed forms."""

import numpy as np
import pytest
from scipy.stats import norm, qmc

from clustercast.arrays.decisions.laws import event_divergence, event_weights, informative, least_shift


@pytest.fixture(scope="module")
def scores():
    return norm.ppf(qmc.Sobol(3, seed=1).random(2**16))


@pytest.mark.parametrize("probability", [0.05, 0.4, 0.7])
def test_a_linear_event_is_shifted_along_its_slopes(scores, probability):
    # Of y = a z > c the least mean with P = q is a (c + ndtri(q) |a|) / |a|^2.
    slopes, level = np.array([0.8, -0.5, 0.0]), 0.9
    length = np.sqrt(slopes @ slopes)
    holds = scores @ slopes > level
    shifts, weights = least_shift(scores, holds, probability, np.eye(3), 100)
    size = (level + norm.ppf(probability) * length) / length
    # A fifth of a standard deviation of score, over the root of the draws that are left.
    assert shifts == pytest.approx(slopes / length * size, abs=0.02)
    assert shifts @ shifts == pytest.approx(size**2, rel=0.05)
    assert weights[holds].sum() == pytest.approx(probability, abs=1e-9)
    assert weights.sum() == pytest.approx(1)


def test_correlated_scores_are_shifted_along_their_covariance_with_the_event(scores):
    correlation = np.array([[1, 0.6, 0], [0.6, 1, 0], [0, 0, 1.0]])
    correlated = scores @ np.linalg.cholesky(correlation).T
    slopes = np.array([1.0, 0.0, 0.5])
    sd = np.sqrt(slopes @ correlation @ slopes)
    shifts, _ = least_shift(correlated, correlated @ slopes > 1.5, 0.5, correlation, 100)
    assert shifts == pytest.approx(correlation @ slopes * 1.5 / sd**2, abs=0.03)


def test_what_the_draws_do_not_carry_is_not_reached(scores):
    holds = scores[:2000, 0] > 2.5
    assert least_shift(scores[:2000], holds, 0.9, np.eye(3), 100)[1][holds].sum() < 0.6


def test_only_scores_that_go_with_the_event_are_informative(scores):
    assert informative(scores, scores[:, 0] + scores[:, 1] > 1).tolist() == [True, True, False]
    assert informative(scores * [1, 1, 100], scores[:, 0] + scores[:, 1] > 1).tolist() == [True, True, False]


def test_scores_are_informative_by_three_standard_errors_of_a_covariance():
    generator = np.random.default_rng(5)
    scores, holds = generator.normal(size=(60, 200)), generator.uniform(size=60) < 0.8
    scores += np.linspace(0, 2, 200) * holds[:, np.newaxis]
    products = (scores.T * (holds - holds.mean())).T
    exact = [abs(one.mean()) > 3 * one.std() / np.sqrt(60) for one in products.T]
    assert 0 < sum(exact) < 200
    assert informative(scores, holds).tolist() == exact


def test_no_shift_leaves_more_draws_than_there_are(scores):
    few, holds = scores[:200], scores[:200, 0] > 1
    shifts, weights = least_shift(few, holds, 0.9, np.eye(3), 201)
    assert not shifts.any() and weights.tolist() == [1 / 200] * 200
    # And none is so far that not one is left.
    assert least_shift(few, holds, 0.9, np.eye(3), 1)[1][holds].sum() == pytest.approx(0.9)


def test_the_least_change_of_all_has_the_divergence_of_two_coins():
    holds = np.arange(1000) < 250
    weights = event_weights(holds, 0.6, np.full(1000, 1e-3))
    assert weights[holds].sum() == pytest.approx(0.6)
    assert event_divergence(0.25, 0.6) == pytest.approx(weights @ np.log(weights * 1000))


def test_a_shift_stops_where_as_many_draws_are_left_as_are_asked_for(scores):
    """Toward an event that the draws hardly carry, up and down: the effective size is met, on either side alike."""
    for sign, probability, left in ((1, 0.999, 400), (-1, 0.001, 400), (1, 0.999, 1500)):
        holds = sign * scores[:2000, 0] > 1.0
        holds = holds if sign > 0 else ~holds
        shifts, weights = least_shift(scores[:2000], holds, probability, np.eye(3), left)
        assert 1 / (weights @ weights) == pytest.approx(left, rel=1e-3)
        # Of a shift by m the share exp(-m**2) of the draws is left.
        assert sign * shifts[0] == pytest.approx(np.sqrt(np.log(2000 / left)), rel=0.1)
        # The weights are those of the shift.
        exact = np.exp(scores[:2000] @ shifts)
        assert weights == pytest.approx(exact / exact.sum())


def test_the_least_shift_toward_a_bent_event_is_along_its_covariance_with_the_scores_under_the_shift(scores):
    holds = scores[:, 0] + scores[:, 1] ** 2 / 2 > 1.5
    shifts, weights = least_shift(scores, holds, 0.7, np.eye(3), 100)
    along = (weights * (holds - 0.7)) @ scores
    np.testing.assert_allclose(shifts / np.linalg.norm(shifts), along / np.linalg.norm(along), atol=1e-4)


def test_an_event_that_no_score_moves_is_left_as_it_is():
    scores = np.array([[-1.0], [1.0], [-1.0], [1.0]])
    shifts, weights = least_shift(scores, np.array([True, True, False, False]), 0.8, np.eye(1), 2)
    assert shifts.tolist() == [0.0]
    assert weights.tolist() == [0.25] * 4
