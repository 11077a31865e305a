"""Quantiles of each family against scipy, far out in both tails."""

import numpy as np
import pytest
from scipy import special, stats

from clustercast.priors.families import Beta, Discrete, Gamma, LogUniform, Normal, Triangular, TruncatedNormal, Uniform

TAILS = np.array([1e-12, 1e-9, 1e-6, 1e-3, 0.02, 0.1, 0.3, 0.5])
SCORES = np.concatenate([special.ndtri(TAILS), -special.ndtri(TAILS)])
LEVELS = special.ndtr(SCORES)
INF = np.inf


def at_scores(distribution):
    return distribution.quantile_from_normal_score(SCORES)


def assert_same_tails(result, scipy_distribution):
    """Compare with scipy in probability, each value relative to its own tail."""
    lower = scipy_distribution.cdf(result[: TAILS.size])
    upper = scipy_distribution.sf(result[TAILS.size :])
    np.testing.assert_allclose(lower, TAILS, rtol=1e-10)
    np.testing.assert_allclose(upper, TAILS, rtol=1e-10)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 1e9)])
def test_uniform(low, high):
    result = at_scores(Uniform(low, high))
    np.testing.assert_allclose(result, stats.uniform(low, high - low).ppf(LEVELS), rtol=1e-14)


@pytest.mark.parametrize(("low", "high"), [(1.0, 10.0), (1e-6, 1e6), (5.0, 5.01)])
def test_loguniform(low, high):
    np.testing.assert_allclose(at_scores(LogUniform(low, high)), stats.loguniform(low, high).ppf(LEVELS), rtol=1e-13)


@pytest.mark.parametrize("mode", [0.0, 0.2, 0.5, 1.0])
def test_triangular(mode):
    result = at_scores(Triangular(0.0, mode, 1.0))
    expected = np.concatenate([stats.triang(mode).ppf(TAILS), 1.0 - stats.triang(1.0 - mode).ppf(TAILS)])
    np.testing.assert_allclose(result, expected, rtol=1e-12)
    mirrored = Triangular(-1.0, -mode, 0.0).quantile_from_normal_score(-SCORES)
    np.testing.assert_allclose(-mirrored, result, rtol=1e-15)


@pytest.mark.parametrize(
    ("alpha", "beta"), [(2.0, 3.0), (1.0, 1.0), (1.0, 5.0), (4.0, 1.0), (30.0, 40.0), (1.5, 400.0)]
)
def test_beta(alpha, beta):
    result = at_scores(Beta(alpha, beta))
    reference = stats.beta(alpha, beta)
    np.testing.assert_allclose(reference.cdf(result[: TAILS.size]), TAILS, rtol=1e-10)
    np.testing.assert_allclose(result, np.concatenate([reference.ppf(TAILS), reference.isf(TAILS)]), rtol=1e-10)
    # The distance to the upper end is seen on an interval that ends at zero.
    below_zero = at_scores(Beta(alpha, beta, -1.0, 0.0))
    np.testing.assert_allclose(1.0 + below_zero, result, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("shape", [0.1, 0.5, 1.0, 2.5, 60.0, 5e3])
def test_gamma(shape):
    assert_same_tails(at_scores(Gamma(shape, 3.0)), stats.gamma(shape, scale=3.0))


@pytest.mark.parametrize(
    ("low", "high"), [(-1.0, 2.0), (0.0, INF), (-INF, 0.5), (-INF, INF), (2.0, INF), (2.0, 3.0), (-9.0, -6.0)]
)
def test_truncated_normal(low, high):
    result = at_scores(TruncatedNormal(0.0, 1.0, low, high))
    reference, mirrored = stats.truncnorm(low, high), stats.truncnorm(-high, -low)
    np.testing.assert_allclose(reference.cdf(result), LEVELS, rtol=0, atol=1e-12)
    expected = np.concatenate([reference.ppf(TAILS), -mirrored.ppf(TAILS)])
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-14)


def test_a_truncated_normal_without_bounds_is_normal():
    result = at_scores(TruncatedNormal(3.0, 2.0, -INF, INF))
    np.testing.assert_allclose(result, 3.0 + 2.0 * SCORES, rtol=1e-13)


def test_the_far_tail_of_a_normal_is_nearly_exponential():
    result = at_scores(TruncatedNormal(0.0, 1.0, 30.0, INF))
    exponential = -special.log_ndtr(-SCORES) / 30
    near = LEVELS < 0.6
    np.testing.assert_allclose(result[near] - 30, exponential[near], rtol=3e-3, atol=1e-14)


def test_discrete_takes_the_first_value_that_the_probability_does_not_exceed():
    levels = np.array([0.0, 0.25, np.nextafter(0.25, 1), 0.75, 0.76, 1.0])
    np.testing.assert_array_equal(Discrete([1, 4, 9], [0.25, 0.5, 0.25]).quantile(levels), [1, 1, 4, 4, 9, 9])


@pytest.mark.parametrize(
    "distribution",
    [Uniform(0.1, 0.7), LogUniform(0.1, 0.7), Triangular(0.1, 0.2, 0.7), TruncatedNormal(0, 1, 0.1, 0.7)],
)
def test_infinite_scores_give_the_ends(distribution):
    with np.errstate(divide="ignore"):
        ends = distribution.quantile_from_normal_score([-INF, INF])
    np.testing.assert_allclose(ends, [0.1, 0.7], rtol=1e-15)


def test_infinite_scores_of_a_beta_and_a_gamma_give_the_ends():
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(Beta(2, 3, 0.1, 0.7).quantile_from_normal_score([-INF, INF]), [0.1, 0.7], rtol=1e-15)
        np.testing.assert_allclose(Gamma(2, 3).quantile_from_normal_score([-INF, INF]), [0.0, INF])


def test_a_normal_keeps_its_far_tail():
    np.testing.assert_allclose(Normal(0, 1).tails(SCORES)[1][TAILS.size :], TAILS, rtol=1e-12)
