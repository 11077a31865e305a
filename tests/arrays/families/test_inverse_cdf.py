import numpy as np
import pytest
from scipy import special, stats

from clustercast.arrays.families import inverse_cdf

TAILS = np.array([1e-12, 1e-9, 1e-6, 1e-3, 0.02, 0.1, 0.3, 0.5])
SCORES = np.concatenate([special.ndtri(TAILS), -special.ndtri(TAILS)])
LEVELS, COMPLEMENTS = inverse_cdf.tails_of_score(SCORES)
INF = np.inf


def assert_same_tails(found, scipy_distribution):
    """Compare with scipy in probability, each value relative to its own tail."""
    lower = scipy_distribution.cdf(found[: TAILS.size])
    upper = scipy_distribution.sf(found[TAILS.size :])
    np.testing.assert_allclose(lower, TAILS, rtol=1e-10)
    np.testing.assert_allclose(upper, TAILS, rtol=1e-10)


def test_both_tails_keep_their_relative_accuracy():
    np.testing.assert_allclose(LEVELS[: TAILS.size], TAILS, rtol=1e-13)
    np.testing.assert_allclose(COMPLEMENTS[TAILS.size :], TAILS, rtol=1e-13)
    np.testing.assert_allclose(LEVELS + COMPLEMENTS, 1.0, rtol=1e-15)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 1e9)])
def test_uniform(low, high):
    found = inverse_cdf.uniform(LEVELS, low, high)
    np.testing.assert_allclose(found, stats.uniform(low, high - low).ppf(LEVELS), rtol=1e-14)


@pytest.mark.parametrize(("low", "high"), [(1.0, 10.0), (1e-6, 1e6), (5.0, 5.01)])
def test_loguniform(low, high):
    np.testing.assert_allclose(
        inverse_cdf.loguniform(LEVELS, low, high), stats.loguniform(low, high).ppf(LEVELS), rtol=1e-13
    )


@pytest.mark.parametrize("mode", [0.0, 0.2, 0.5, 1.0])
def test_triangular(mode):
    found = inverse_cdf.triangular(LEVELS, COMPLEMENTS, 0.0, mode, 1.0)
    expected = np.concatenate([stats.triang(mode).ppf(TAILS), 1.0 - stats.triang(1.0 - mode).ppf(TAILS)])
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    mirrored = inverse_cdf.triangular(COMPLEMENTS, LEVELS, -1.0, -mode, 0.0)
    np.testing.assert_allclose(-mirrored, found, rtol=1e-15)


@pytest.mark.parametrize(
    ("alpha", "beta"), [(2.0, 3.0), (1.0, 1.0), (1.0, 5.0), (4.0, 1.0), (30.0, 40.0), (1.5, 400.0)]
)
def test_beta(alpha, beta):
    found = inverse_cdf.beta(SCORES, alpha, beta, 0.0, 1.0)
    reference = stats.beta(alpha, beta)
    np.testing.assert_allclose(reference.cdf(found[: TAILS.size]), TAILS, rtol=1e-10)
    np.testing.assert_allclose(found, np.concatenate([reference.ppf(TAILS), reference.isf(TAILS)]), rtol=1e-10)
    # The distance to the upper end is seen on an interval that ends at zero.
    below_zero = inverse_cdf.beta(SCORES, alpha, beta, -1.0, 0.0)
    np.testing.assert_allclose(1.0 + below_zero, found, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("shape", [0.1, 0.5, 1.0, 2.5, 60.0, 5e3])
def test_gamma(shape):
    assert_same_tails(inverse_cdf.gamma(SCORES, shape, 3.0), stats.gamma(shape, scale=3.0))


@pytest.mark.parametrize(
    ("low", "high"), [(-1.0, 2.0), (0.0, INF), (-INF, 0.5), (-INF, INF), (2.0, INF), (2.0, 3.0), (-9.0, -6.0)]
)
def test_truncated_normal(low, high):
    found = inverse_cdf.truncated_normal(LEVELS, COMPLEMENTS, 0.0, 1.0, low, high)
    reference, mirrored = stats.truncnorm(low, high), stats.truncnorm(-high, -low)
    np.testing.assert_allclose(reference.cdf(found), LEVELS, rtol=0, atol=1e-12)
    expected = np.concatenate([reference.ppf(TAILS), -mirrored.ppf(TAILS)])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14)


def test_a_truncated_normal_without_bounds_is_normal():
    found = inverse_cdf.truncated_normal(LEVELS, COMPLEMENTS, 3.0, 2.0, -INF, INF)
    np.testing.assert_allclose(found, 3.0 + 2.0 * SCORES, rtol=1e-13)


def test_the_far_tail_of_a_normal_is_nearly_exponential():
    found = inverse_cdf.truncated_normal(LEVELS, COMPLEMENTS, 0.0, 1.0, 30.0, INF)
    exponential = -np.log(COMPLEMENTS) / 30
    near = LEVELS < 0.6
    np.testing.assert_allclose(found[near] - 30, exponential[near], rtol=3e-3, atol=1e-14)


def test_normal_masses_sum_to_one_and_hold_far_out():
    below, between, above = inverse_cdf.normal_masses(-1.0, 2.0)
    assert below + between + above == pytest.approx(1.0, rel=1e-15)
    assert inverse_cdf.normal_masses(20.0, 21.0)[1] == pytest.approx(stats.norm.sf(20) - stats.norm.sf(21), rel=1e-12)


def test_discrete_takes_the_first_value_that_the_probability_does_not_exceed():
    values, cumulative = np.array([1.0, 4.0, 9.0]), np.array([0.25, 0.75, 1.0])
    levels = np.array([0.0, 0.25, np.nextafter(0.25, 1), 0.75, 0.76, 1.0])
    np.testing.assert_array_equal(inverse_cdf.discrete(levels, values, cumulative), [1, 1, 4, 4, 9, 9])


def test_probabilities_zero_and_one_give_the_ends():
    zero_one, one_zero = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    ends = [0.1, 0.7]
    np.testing.assert_allclose(inverse_cdf.uniform(zero_one, *ends), ends, rtol=1e-15)
    np.testing.assert_allclose(inverse_cdf.loguniform(zero_one, *ends), ends, rtol=1e-15)
    np.testing.assert_allclose(inverse_cdf.triangular(zero_one, one_zero, 0.1, 0.2, 0.7), ends, rtol=1e-15)
    np.testing.assert_allclose(inverse_cdf.truncated_normal(zero_one, one_zero, 0.0, 1.0, *ends), ends, rtol=1e-15)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(inverse_cdf.beta(special.ndtri(zero_one), 2.0, 3.0, *ends), ends, rtol=1e-15)
        np.testing.assert_allclose(inverse_cdf.gamma(special.ndtri(zero_one), 2.0, 3.0), [0.0, INF])
