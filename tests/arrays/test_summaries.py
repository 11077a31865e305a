import numpy as np
import pytest
import xarray as xr
from arviz_stats.base import array_stats
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


@given(
    hnp.arrays(float, st.integers(1, 60), elements=st.floats(-1e3, 1e3, allow_subnormal=False)),
    PROBABILITIES,
    st.integers(0, 2**32),
)
def test_weighted_quantiles_are_those_of_xarray(values, probabilities, seed):
    weights = np.random.default_rng(seed).gamma(0.5, size=values.size) + 1e-3
    expected = (
        xr.DataArray(values, dims="sample")
        .weighted(xr.DataArray(weights, dims="sample"))
        .quantile(probabilities, dim="sample", skipna=False)
    )
    found = summaries.quantiles(values, probabilities, weights)
    # Where samples are far apart, rounding of the cumulative weights moves the window of the mean a little.
    assert np.allclose(found, np.atleast_1d(expected), rtol=1e-9, atol=1e-9 * (1 + np.ptp(values)))


@given(VALUES, PROBABILITIES, st.floats(1e-300, 1e300))
def test_equal_weights_of_any_scale_are_no_weights(values, probabilities, scale):
    weights = np.full(values.shape[-1], scale)
    spread = 1e-9 * (1 + np.abs(values).max())
    plain, weighted = (summaries.summary(values, probabilities, w) for w in (None, weights))
    assert np.allclose(weighted.quantiles, plain.quantiles, rtol=1e-12, atol=spread)
    assert np.allclose(weighted.mean, plain.mean, rtol=1e-12, atol=spread)
    assert np.allclose(weighted.mean_error, plain.mean_error, rtol=1e-7, atol=spread)


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
    found, errors = summaries.quantiles_with_errors(values, [probability])
    assert errors.mean() == pytest.approx(expected, rel=0.05)
    assert found.std(ddof=1) == pytest.approx(expected, rel=0.2)


def test_the_error_of_a_quantile_is_that_of_arviz_for_independent_samples():
    values = np.random.default_rng(4).normal(size=500)
    for probability in FIVE:
        width = stats.beta.ppf([0.1586553, 0.8413447], 500 * probability + 1, 500 * (1 - probability) + 1)
        ordered = np.sort(values)
        ends = int(np.floor(width[0] * 500 - 1)), int(np.ceil(width[1] * 500 - 1))
        expected = (ordered[ends[1]] - ordered[ends[0]]) / 2
        assert summaries.quantiles_with_errors(values, [probability])[1][0] == expected
        # arviz puts its own estimate of the effective size in the place of 500.
        assert expected == pytest.approx(
            float(array_stats.mcse(values[np.newaxis], method="quantile", prob=probability)), rel=0.5
        )


def test_weighted_errors_are_those_of_the_effective_size():
    rng = np.random.default_rng(5)
    values, weights = rng.normal(size=(300, 2000)), rng.gamma(1.0, size=2000)
    found, errors = summaries.quantiles_with_errors(values, FIVE, weights)
    assert np.allclose(errors.mean(axis=0), found.std(axis=0, ddof=1), rtol=0.15)
    means, mean_errors = summaries.mean_with_error(values, weights)
    assert mean_errors.mean() == pytest.approx(means.std(ddof=1), rel=0.15)
    assert summaries.effective_size(weights) == pytest.approx(1000, rel=0.1)


def test_importance_weights_turn_one_normal_into_another():
    draws = np.random.default_rng(6).normal(0, 1.5, size=100_000)
    weights = np.exp(stats.norm.logpdf(draws, 0.5, 1) - stats.norm.logpdf(draws, 0, 1.5))
    result = summaries.summary(draws, FIVE, weights)
    assert np.all(np.abs(result.quantiles - stats.norm.ppf(FIVE, 0.5)) < 4 * result.quantile_errors + 1e-3)
    assert abs(result.mean - 0.5) < 4 * result.mean_error < 0.05


@given(VALUES)
def test_mean_and_its_error_are_those_of_numpy_and_scipy(values):
    mean, error = summaries.mean_with_error(values)
    scale = 1e-9 * (1 + np.abs(values).max())
    assert np.allclose(mean, values.mean(axis=-1), rtol=1e-12, atol=scale)
    if values.shape[-1] > 1:
        assert np.allclose(error, stats.sem(values, axis=-1), rtol=1e-9, atol=scale)
    else:
        assert np.all(np.isinf(error))


def test_infinite_samples_are_values_like_others():
    values = np.array([-np.inf, 1, 2, 3, np.inf])
    found = summaries.quantiles(values, [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1])
    assert np.array_equal(found, [-np.inf, -np.inf, 1, 2, 3, np.inf, np.inf])
    assert np.array_equal(summaries.quantiles(np.array([-np.inf, np.inf]), [0.4, 0.6]), [-np.inf, np.inf])
    never = np.full(100, np.inf)
    for weights in (None, np.ones(100)):
        quantile, error = summaries.quantiles_with_errors(never, [0.5], weights)
        assert quantile == np.inf and error == 0
        quantile, error = summaries.quantiles_with_errors(np.r_[np.arange(50.0), never[:50]], [0.5], weights)
        assert error == np.inf
        quantile, error = summaries.quantiles_with_errors(np.r_[np.arange(50.0), never[:50]], [0.2, 0.9], weights)
        assert quantile[0] == pytest.approx(19.8) and np.isfinite(error[0])
        assert quantile[1] == np.inf and error[1] == 0


def test_one_sample_alone_says_nothing_of_its_error():
    for weights in (None, np.ones(1)):
        result = summaries.summary(np.array([[3.0]]), [0.5], weights)
        assert (result.quantiles[0, 0], result.mean[0]) == (3, 3)
        assert np.isinf(result.quantile_errors).all() and np.isinf(result.mean_error).all()


def test_replicates_give_errors_by_their_spread():
    # Sixteen replicates whose means and medians are known: a fixed sample moved by 0, 1, ... 15.
    base = np.linspace(-1, 1, 101)
    values = (base + np.arange(16)[:, None]).reshape(-1)
    result = summaries.replicated_summary(values[np.newaxis], [0.5], 16)
    expected = np.std(np.arange(16), ddof=1) / 4
    assert result.mean_error[0] == pytest.approx(expected) == result.quantile_errors[0, 0]
    assert result.mean[0] == pytest.approx(7.5) == result.quantiles[0, 0]


@given(st.integers(0, 200), st.integers(1, 200))
def test_a_share_and_its_error_are_those_of_jeffreys_beta_distribution(count, size):
    count = min(count, size)
    reached = np.arange(size) < count
    posterior = stats.beta(count + 0.5, size - count + 0.5)
    for weights in (None, np.full(size, 3.0)):
        share, error = summaries.share_with_error(reached, weights)
        assert share == pytest.approx(count / size, abs=1e-12)
        assert error == pytest.approx(posterior.std(), rel=1e-6)


def test_weighted_shares():
    reached = np.array([[True, False, False], [True, True, True]])
    share, _ = summaries.share_with_error(reached, np.array([2.0, 1, 1]))
    assert np.array_equal(share, [0.5, 1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: summaries.quantiles(np.empty((3, 0)), [0.5]), "hold no samples"),
        (lambda: summaries.quantiles(np.float64(3), [0.5]), "hold no samples"),
        (lambda: summaries.quantiles(np.array([1, np.nan]), [0.5]), "1 of 2 samples are NaN"),
        (lambda: summaries.quantiles(np.ones(3), [0.5, 0.4]), "probabilities are"),
        (lambda: summaries.quantiles(np.ones(3), [1.5]), "probabilities are"),
        (lambda: summaries.quantiles(np.ones(3), []), "probabilities are"),
        (lambda: summaries.quantiles(np.ones(3), [0.5], np.ones(2)), "weights have shape"),
        (lambda: summaries.quantiles(np.ones(3), [0.5], np.array([1, -1, 1])), "weights must be"),
        (lambda: summaries.quantiles(np.ones(3), [0.5], np.zeros(3)), "weights must be"),
        (lambda: summaries.quantiles(np.ones(3), [0.5], np.array([1, np.nan, 1])), "weights must be"),
        (lambda: summaries.mean_with_error(np.array([1, np.inf])), "not finite"),
        (lambda: summaries.replicated_summary(np.ones(6), [0.5], 4), "replicates is 4"),
        (lambda: summaries.replicated_summary(np.ones(6), [0.5], 1), "replicates is 1"),
        (lambda: summaries.share_with_error(np.empty((2, 0), dtype=bool)), "no samples"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
