import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from clustercast.arrays import summaries
from clustercast.errors import InputError

FIVE = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=7, unique=True).map(sorted)
VALUES = hnp.arrays(
    float, hnp.array_shapes(min_dims=1, max_dims=3, max_side=30), elements=st.floats(-1e9, 1e9, allow_subnormal=False)
)


def summary_of(values, *how):
    probabilities, *rest = how
    quantiles = summaries.quantiles_with_errors(values, probabilities, *rest)
    return summaries.Summary(*quantiles, *summaries.mean_with_error(values, *rest))


@given(VALUES, PROBABILITIES, st.floats(1e-300, 1e300))
def test_equal_weights_of_any_scale_are_no_weights(values, probabilities, scale):
    weights = np.full(values.shape[-1], scale)
    spread = 1e-9 * (1 + np.abs(values).max())
    plain, weighted = (summary_of(values, probabilities, w) for w in (None, weights))
    assert np.allclose(weighted.quantiles, plain.quantiles, rtol=1e-12, atol=spread)
    assert np.allclose(weighted.mean, plain.mean, rtol=1e-12, atol=spread)
    assert np.allclose(weighted.mean_error, plain.mean_error, rtol=1e-7, atol=spread)


def test_weighted_errors_are_those_of_the_effective_size():
    rng = np.random.default_rng(5)
    values, weights = rng.normal(size=(300, 2000)), rng.gamma(1.0, size=2000)
    computed, errors = summaries.quantiles_with_errors(values, FIVE, weights)
    assert np.allclose(errors.mean(axis=0), computed.std(axis=0, ddof=1), rtol=0.15)
    means, mean_errors = summaries.mean_with_error(values, weights)
    assert mean_errors.mean() == pytest.approx(means.std(ddof=1), rel=0.15)
    assert summaries.effective_size(weights) == pytest.approx(1000, rel=0.1)


def test_importance_weights_turn_one_normal_into_another():
    draws = np.random.default_rng(6).normal(0, 1.5, size=100_000)
    weights = np.exp(stats.norm.logpdf(draws, 0.5, 1) - stats.norm.logpdf(draws, 0, 1.5))
    result = summary_of(draws, FIVE, weights)
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


def test_one_sample_alone_says_nothing_of_its_error():
    for weights in (None, np.ones(1)):
        result = summary_of(np.array([[3.0]]), [0.5], weights)
        assert (result.quantiles[0, 0], result.mean[0]) == (3, 3)
        assert np.isinf(result.quantile_errors).all() and np.isinf(result.mean_error).all()


def test_the_error_of_a_weighted_mean_is_that_of_owens_formula():
    """Owen (2013), eq. 9.9: the root of sum w^2 (x - mean)^2, here with the factor n / (n - 1) of the effective n."""
    mean, error = summaries.mean_with_error(np.array([0.0, 1, 10]), np.array([1.0, 2, 1]))
    effective = 16 / 6
    squares = (9 + 4 * 4 + 49) / 16
    assert mean == 3
    assert error == pytest.approx(np.sqrt(squares * effective / (effective - 1)))


@pytest.mark.parametrize("power", [-1000, -700, 600, 1020])
def test_the_error_of_a_mean_has_the_unit_of_the_values(power):
    values = np.random.default_rng(2).normal(size=50)
    for weights in (None, np.arange(50.0)):
        mean, error = summaries.mean_with_error(values * 2.0**power, weights)
        plain = summaries.mean_with_error(values, weights)
        np.testing.assert_allclose([mean, error], np.array(plain) * 2.0**power, rtol=1e-13)


def test_two_samples_and_two_replicates_have_errors():
    assert summaries.mean_with_error(np.array([0.0, 1.0]))[1] == 0.5
    halves = summary_of(np.arange(6.0), [0.5], None, 2)
    assert halves.mean_error == pytest.approx(1.5)
    rows = summary_of(np.stack([np.arange(6.0), 2 * np.arange(6.0)]), [0.5], None, 2)
    assert rows.mean_error == pytest.approx([1.5, 3])
    assert rows.quantile_errors[:, 0] == pytest.approx(halves.quantile_errors * [1, 2])


def test_a_weighted_share_is_at_most_one():
    for seed in range(50):
        weights = np.random.default_rng(seed).random(100)
        assert summaries.share_with_error(np.ones(100, dtype=bool), weights)[0] <= 1


def test_replicates_give_errors_by_their_spread():
    # Sixteen replicates whose means are known: a fixed sample moved by 0, 1, ... 15.
    base = np.linspace(-1, 1, 101)
    values = (base + np.arange(16)[:, None]).reshape(-1)
    result = summary_of(values[np.newaxis], [0.5], None, 16)
    assert result.mean_error[0] == pytest.approx(np.std(np.arange(16), ddof=1) / 4)
    assert result.mean[0] == pytest.approx(7.5) == result.quantiles[0, 0]


@pytest.mark.parametrize("replicates", [4, 16])
def test_errors_of_quantiles_by_replicates_are_those_of_the_quantiles_of_all_samples(replicates):
    # Sixteen samples in a replicate say little of a quantile of .95; all 256 say it to within this error.
    values = np.random.default_rng(1).standard_normal((400, 256))
    levels = np.array([0.05, 0.5, 0.95])
    result = summary_of(values, levels, None, replicates)
    places = stats.norm.ppf(levels)
    asymptotic = np.sqrt(levels * (1 - levels) / 256) / stats.norm.pdf(places)
    stated = np.sqrt((result.quantile_errors**2).mean(axis=0))
    np.testing.assert_allclose(stated, asymptotic, rtol=0.15)
    np.testing.assert_allclose(stated, np.sqrt(((result.quantiles - places) ** 2).mean(axis=0)), rtol=0.2)


def test_the_error_of_a_quantile_is_the_spread_of_shares_over_the_density():
    """Whole numbers from 0 and from 32.5 share the median 272: 272 and 239.5 of 512 each are below, 16.25 off half."""
    values = np.stack([np.arange(512.0), np.arange(512) + 32.5]).ravel()
    result = summary_of(values, [0.5], None, 2)
    assert result.quantiles == pytest.approx(272, abs=0.5)
    assert result.quantile_errors == pytest.approx(16.25, rel=0.03)
    # Eight replicates that share all but the eighths: a sample is an eighth.
    values = (np.arange(64) + np.arange(8)[:, np.newaxis] / 8).ravel()
    assert summary_of(values, [0.5], None, 8).quantile_errors == pytest.approx(1 / 8, rel=0.01)


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_median_of_truth_values_may_be_either_where_replicates_differ(more):
    """Half of 512 are true, or some more or fewer: within the error the median is 0 and 1."""
    true = 32 + more + np.array([-8, 8, -6, 6, -4, 4, -2, 2])
    values = (np.arange(64) < true[:, np.newaxis]).ravel()
    assert summary_of(values, [0.5], None, 8).quantile_errors == pytest.approx(0.5)


def test_what_replicates_share_exactly_is_known_to_a_sample():
    values = np.tile(np.arange(64.0), (1, 8))
    result = summary_of(values, [0.5], None, 8)
    assert 0 < result.quantile_errors[0, 0] <= 1
    # The mean, to one of the 512 that is counted on the other side of a step of 1.
    assert result.mean_error[0] == pytest.approx(1 / 512)


def test_a_mean_of_values_whose_sum_is_beyond_floats_is_that_of_smaller_ones():
    values = np.random.default_rng(2).uniform(0.5, 0.99, (1, 4096))
    plain, far = (summary_of(scale * values, [0.5]) for scale in (1.0, 2.0**1023))
    for name in ("mean", "mean_error", "quantiles"):
        np.testing.assert_allclose(getattr(far, name), getattr(plain, name) * 2.0**1023, rtol=1e-12)
    weighted, _ = summaries.mean_with_error(2.0**1023 * values, np.ones(4096))
    np.testing.assert_allclose(weighted, plain.mean * 2.0**1023, rtol=1e-12)
    plain, far = (summary_of(scale * values, [0.5], None, 8) for scale in (1.0, 2.0**1023))
    np.testing.assert_allclose(far.mean_error, plain.mean_error * 2.0**1023, rtol=1e-12)


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
        (lambda: summaries.mean_with_error(np.array([1, np.inf])), "not finite"),
        (lambda: summaries.mean_with_error(np.array([-np.inf, np.inf])), "not finite"),
        (lambda: summaries.mean_with_error(np.array([1, np.inf]), np.array([1, 0])), "not finite"),
        (lambda: summary_of(np.ones(6), [0.5], None, 4), "replicates is 4"),
        (lambda: summaries.share_with_error(np.empty((2, 0), dtype=bool)), "no samples"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
