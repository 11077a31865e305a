import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special, stats

from clustercast.arrays import summaries
from clustercast.errors import InputError

FIVE = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=7, unique=True).map(sorted)
VALUES = hnp.arrays(
    float, hnp.array_shapes(min_dims=1, max_dims=3, max_side=30), elements=st.floats(-1e9, 1e9, allow_subnormal=False)
)


@given(VALUES, PROBABILITIES)
def test_quantiles_are_those_of_numpy_to_the_bit(values, probabilities):
    before = values.copy()
    expected = np.moveaxis(np.quantile(values, probabilities, axis=-1), 0, -1)
    assert np.array_equal(summaries.quantiles(values, probabilities), expected)
    assert np.array_equal(summaries.quantiles_with_errors(values, probabilities)[0], expected)
    assert np.array_equal(values, before)


def test_samples_of_weight_0_do_not_count():
    rng = np.random.default_rng(1)
    values, weights = rng.normal(size=(2, 100)), rng.uniform(1, 2, 100)
    padded = np.concatenate([values, [[np.inf] * 50, [-np.inf] * 50]], axis=1)
    padded_weights = np.concatenate([weights, np.zeros(50)])
    for a, b in zip(
        summaries.quantiles_with_errors(values, FIVE, weights),
        summaries.quantiles_with_errors(padded, FIVE, padded_weights),
        strict=True,
    ):
        assert np.allclose(a, b, rtol=1e-12)


def test_quantiles_of_a_large_lognormal_sample_are_within_their_errors_of_the_closed_form():
    values = np.exp(2 * special.ndtri((np.arange(200_000) + 0.5) / 200_000))[::-1]
    assert np.allclose(summaries.quantiles(values, FIVE), np.exp(2 * special.ndtri(FIVE)), rtol=2e-4)


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9])
def test_the_error_of_a_quantile_is_that_of_asymptotic_theory(probability):
    # For a density f the standard error of a quantile is sqrt(p (1 - p) / n) / f: here of independent normals.
    values = np.random.default_rng(3).normal(size=(200, 4000))
    expected = np.sqrt(probability * (1 - probability) / 4000) / stats.norm.pdf(special.ndtri(probability))
    result, errors = summaries.quantiles_with_errors(values, [probability])
    assert errors.mean() == pytest.approx(expected, rel=0.05)
    assert result.std(ddof=1) == pytest.approx(expected, rel=0.2)


def test_the_error_of_a_quantile_is_half_of_its_interval_by_order_statistics():
    values = np.random.default_rng(4).normal(size=500)
    for probability in FIVE:
        width = stats.beta.ppf([0.1586553, 0.8413447], 500 * probability + 1, 500 * (1 - probability) + 1)
        ordered = np.sort(values)
        ends = int(np.floor(width[0] * 500 - 1)), int(np.ceil(width[1] * 500 - 1))
        expected = (ordered[ends[1]] - ordered[ends[0]]) / 2
        assert summaries.quantiles_with_errors(values, [probability])[1][0] == expected


@given(st.integers(2, 300), st.integers(0, 99), st.floats(0, 1))
def test_weighted_errors_are_half_the_distance_of_two_weighted_order_statistics(size, seed, probability):
    values, weights = np.random.default_rng(seed).gamma(1.0, size=(2, size))
    count = weights.sum() ** 2 / (weights**2).sum()
    edges = stats.beta(count * probability + 1, count * (1 - probability) + 1).ppf(stats.norm.cdf([-1, 1]))
    low, high = np.quantile(values, edges, weights=weights, method="inverted_cdf")
    error = summaries.quantiles_with_errors(values, [probability], weights)[1]
    assert error == pytest.approx([(high - low) / 2], rel=1e-12)


def test_two_samples_have_an_error_and_large_ones_a_quantile():
    assert summaries.quantiles_with_errors(np.array([0, 1]), [0.5])[1] == 0.5
    assert summaries.quantiles(np.array([3e200, 1e200, 2e200]), [0.5]) == 2e200


def test_infinite_samples_are_values_like_others():
    values = np.array([-np.inf, 1, 2, 3, np.inf])
    for weights in (None, np.full(5, 0.3)):
        result = summaries.quantiles(values, [0, 0.1, 0.2, 0.25, 0.5, 0.75, 0.8, 0.9, 1], weights)
        assert np.array_equal(result, [-np.inf, -np.inf, -np.inf, 1, 2, 3, np.inf, np.inf, np.inf])
    # The window of one effective sample, .24 to .76, reaches both infinities.
    assert summaries.quantiles(np.array([-np.inf, 7, np.inf]), [0.5], np.array([5, 1, 5])) == 7
    assert np.array_equal(summaries.quantiles(np.array([-np.inf, np.inf]), [0.4, 0.6]), [-np.inf, np.inf])
    never = np.full(100, np.inf)
    for weights in (None, np.ones(100)):
        quantile, error = summaries.quantiles_with_errors(never, [0.5], weights)
        assert quantile == np.inf and error == 0
        half = np.r_[np.arange(50.0), never[:50]]
        quantile, error = summaries.quantiles_with_errors(half, [0.5], weights)
        assert error == np.inf
        quantile, error = summaries.quantiles_with_errors(np.r_[np.arange(50.0), never[:50]], [0.2, 0.9], weights)
        assert quantile[0] == pytest.approx(19.8) and np.isfinite(error[0])
        assert quantile[1] == np.inf and error[1] == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: summaries.quantiles(np.empty((3, 0)), [0.5]), "hold no samples"),
        (lambda: summaries.quantiles(np.float64(3), [0.5]), "hold no samples"),
        (lambda: summaries.quantiles(np.array([1, np.nan]), [0.5]), "1 of 2 samples are NaN"),
        (lambda: summaries.quantiles(np.ones(3), [0.5, 0.4]), "probabilities are"),
        (lambda: summaries.quantiles(np.ones(3), [0.5, 0.5]), "probabilities are"),
        (lambda: summaries.quantiles(np.ones(3), [0.5, 1.5]), "probabilities are"),
        (lambda: summaries.quantiles(np.ones(3), [[0.5]]), "probabilities are"),
        (lambda: summaries.quantiles(np.ones(3), []), "probabilities are"),
        (lambda: summaries.quantiles(np.ones(3), [0.5], np.ones(2)), "weights have shape"),
        (lambda: summaries.quantiles(np.ones(3), [0.5], np.array([1, -1, 1])), "weights must be"),
        (lambda: summaries.quantiles(np.ones(3), [0.5], np.zeros(3)), "weights must be"),
        (lambda: summaries.quantiles(np.ones(3), [0.5], np.array([1, np.nan, 1])), "weights must be"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
