"""Resampling weights and half-widths against SciPy and hand counts."""

import numpy as np
import pytest
import scipy.stats

from clustercast.arrays.indices.intervals import (
    FewRuns,
    as_wide_as_few_events,
    bootstrap_weights,
    few_events_half_width,
    half_width,
    lead_half_width,
    normal_factor,
    ratio_of_means,
    skewness_widening,
    squared_skewness,
    student_factor,
    usual_values,
)
from clustercast.errors import InputError


def test_weights_take_the_rows_that_indexing_takes():
    values = np.random.default_rng(1).normal(size=50)
    taken = np.random.default_rng(0).integers(50, size=(50, 20))
    np.testing.assert_allclose(bootstrap_weights(50, 20, seed=0) @ values, values[taken].mean(axis=0), atol=1e-15)


def test_factors_are_the_quantiles():
    assert normal_factor(0.9) == pytest.approx(scipy.stats.norm.ppf(0.95), rel=1e-14)
    assert student_factor(8, 0.95) == pytest.approx(scipy.stats.t.ppf(0.975, 7), rel=1e-12)


def test_half_width_of_replicates_is_scipys_interval():
    values = np.random.default_rng(1).normal(size=16)
    low, high = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert student_factor(16, 0.95) * scipy.stats.sem(values) == pytest.approx((high - low) / 2, rel=1e-12)


def test_undefined_resamples_are_left_out():
    values = np.array([[1.0, 2.0, np.nan, 4.0], [1.0, np.nan, np.nan, np.nan], [1.0, 2.0, 3.0, 4.0]])
    result = half_width(values, 0.95, resampled=True, widened=False) / normal_factor(0.95)
    np.testing.assert_allclose(result[[0, 2]], [np.std([1, 2, 4], ddof=1), np.std([1, 2, 3, 4], ddof=1)])
    assert np.isnan(result[1])


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.1])
def test_confidence_is_checked(confidence):
    with pytest.raises(InputError, match="between 0 and 1"):
        normal_factor(confidence)
    with pytest.raises(InputError, match="between 0 and 1"):
        student_factor(8, confidence)
    with pytest.raises(InputError, match="between 0 and 1"):
        few_events_half_width(np.array(0.5), 10, confidence)


def central_moments(values):
    return scipy.stats.moment(values, 2, axis=-1), scipy.stats.moment(values, 3, axis=-1)


def test_squared_skewness_is_scipys_less_what_normal_samples_have_on_average():
    values = np.random.default_rng(3).exponential(size=(50, 12))
    result = squared_skewness(*central_moments(values), 12)
    known = scipy.stats.skew(values, axis=-1, bias=False) ** 2
    normal = np.random.default_rng(4).normal(size=(200_000, 12))
    by_chance = np.mean(scipy.stats.skew(normal, axis=-1, bias=False) ** 2)
    np.testing.assert_allclose(result, np.maximum(known - by_chance, 0), atol=0.02)
    assert (result > 0).any() and (result == 0).any()


@pytest.mark.parametrize("number", [1, 2])
def test_too_few_values_and_values_all_alike_show_no_skewness(number):
    assert squared_skewness(np.array([0.3]), np.array([0.1]), number) == 0
    assert squared_skewness(np.array([0.0]), np.array([0.0]), 8) == 0
    # Three are enough: G1 of 0, 0, 1 is the root of 3, of which chance gives 3 / 2 in its square.
    assert squared_skewness(*central_moments(np.array([[0.0, 0, 1]])), 3) == pytest.approx(1.5)


def test_the_widening_is_halls_polynomial():
    for confidence in (0.8, 0.95, 0.99):
        z = scipy.stats.norm.ppf(0.5 + confidence / 2)
        # Twice the normal density times this term of q2 is the coverage lost; the density times twice the
        # widening of z is the coverage gained.
        lost = z * (z**4 + 2 * z**2 - 3) / 18
        np.testing.assert_allclose(z * (skewness_widening(np.array([0.3]), confidence) - 1), 0.3 * lost, rtol=1e-12)
    assert skewness_widening(np.array([40.0]), 0.95) == skewness_widening(np.array([1.0]), 0.95)
    assert skewness_widening(np.array([0.5]), 0.6) == 1


@pytest.mark.parametrize("shape", [4.0, 1.0])
def test_with_the_skewness_known_the_widened_interval_of_a_mean_covers(shape):
    # Gamma variables of skewness 2 / sqrt(shape): Hall (1992) gives the coverage of mean +- t standard errors.
    number, repeats, t, z = 80, 100_000, scipy.stats.t.ppf(0.975, 79), scipy.stats.norm.ppf(0.975)
    values = np.random.default_rng(8).gamma(shape, size=(repeats, number))
    studentised = np.abs(values.mean(axis=1) - shape) / (values.std(axis=1, ddof=1) / np.sqrt(number))
    skewness, kurtosis = 2 / np.sqrt(shape), 6 / shape
    polynomial = z * (kurtosis * (z**2 - 3) / 12 - skewness**2 * (z**4 + 2 * z**2 - 3) / 18)
    predicted = 0.95 + 2 * polynomial * scipy.stats.norm.pdf(z) / number
    # What is left is of order number**-2, beside a standard error of 0.0007.
    assert np.mean(studentised <= t) == pytest.approx(predicted, abs=0.004)
    widened = t * skewness_widening(np.array([skewness**2 / number]), 0.95)
    assert np.mean(studentised <= widened) == pytest.approx(0.95, abs=0.004)


@pytest.mark.parametrize("resampled", [True, False])
def test_the_half_width_is_factor_deviation_and_widening(resampled):
    values = np.random.default_rng(5).lognormal(0, 0.7, size=(6, 16))
    skewness = squared_skewness(*central_moments(values), 16) / (1 if resampled else 16)
    factor = normal_factor(0.9) if resampled else 15 * student_factor(16, 0.9) / 4
    plain = factor * values.std(axis=-1, ddof=1)
    result = half_width(values, 0.9, resampled=resampled)
    np.testing.assert_allclose(result, plain * skewness_widening(skewness, 0.9), rtol=1e-12)
    np.testing.assert_allclose(half_width(values, 0.9, resampled=resampled, widened=False), plain, rtol=1e-14)
    assert (result > plain).any()
    np.testing.assert_allclose(half_width(-3 * values, 0.9, resampled=resampled), 3 * result, rtol=1e-12)


@pytest.mark.parametrize("size", [2, 16])
def test_leaving_out_each_replicate_of_a_mean_gives_students_interval_of_the_replicates(size):
    replicates = np.random.default_rng(1).normal(size=size)
    left_out = (replicates.sum() - replicates) / (size - 1)
    low, high = scipy.stats.ttest_1samp(replicates, 0).confidence_interval(0.95)
    plain = half_width(left_out, 0.95, resampled=False, widened=False)
    assert plain == pytest.approx((high - low) / 2, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e-70, 1e-40, 1e70])
def test_the_widening_does_not_depend_on_the_scale(scale):
    values = np.random.default_rng(10).lognormal(0, 1, size=(3, 16))
    result = half_width(scale * values, 0.95, resampled=True)
    # Moments of what is as small as 1e-150 are 0: nothing is widened there, and nothing undefined.
    expected = scale * half_width(values, 0.95, resampled=True, widened=scale > 1e-100)
    np.testing.assert_allclose(result, expected, rtol=1e-12)


@pytest.mark.parametrize("widened", [True, False])
@pytest.mark.parametrize("resampled", [True, False])
def test_the_half_width_of_a_lead_is_that_of_the_difference_to_the_next_in_order(resampled, widened):
    values = np.random.default_rng(6).lognormal(0, 1, size=(4, 21))
    values[:, 0] = [2.0, 4.0, 1.0, 3.0]
    how = {"resampled": resampled, **({} if widened else {"widened": False})}
    result = lead_half_width(values, 0.95, **how)
    for row, following in [(1, 3), (3, 0), (0, 2)]:
        expected = half_width(values[row, 1:] - values[following, 1:], 0.95, **how)
        assert result[row] == pytest.approx(float(expected), rel=1e-12)
    assert np.isnan(result[2])


def test_undefined_resamples_do_not_count_for_the_skewness():
    values = np.random.default_rng(9).lognormal(0, 1, size=12)
    with_gaps = np.concatenate([values[:5], [np.nan], values[5:], [np.nan]])
    assert half_width(with_gaps, 0.95, resampled=True) == pytest.approx(
        float(half_width(values, 0.95, resampled=True)), rel=1e-12
    )


@pytest.mark.parametrize("size", [2, 50])
def test_a_mean_over_ones_is_the_plain_mean_with_its_standard_error(size):
    values = np.random.default_rng(1).standard_normal((size, 3))
    ratio, error = ratio_of_means(values, np.ones((size, 1)))
    np.testing.assert_allclose(ratio, values.mean(axis=0))
    np.testing.assert_allclose(error, scipy.stats.sem(values, axis=0))


def test_a_share_of_nothing_is_undefined():
    ratio, error = ratio_of_means(np.zeros((4, 2)), np.zeros((4, 2)))
    assert np.isnan(ratio).all() and np.isnan(error).all()


def test_one_group_has_no_error():
    with pytest.raises(InputError, match="2 or more independent groups"):
        ratio_of_means(np.ones((1, 2)), np.ones((1, 2)))


@pytest.mark.parametrize(
    ("unusual", "effective", "runs", "events", "points", "kurtosis"),
    [
        # A twentieth of the runs or fewer are events.
        (50, 500, 1000, 50, np.inf, 0),
        (51, 500, 1000, 0, np.inf, 0),
        (500, 5000, 10_000, 500, np.inf, 0),
        (501, 5000, 10_000, 0, np.inf, 0),
        # So are at most 15 values that own the variance, and at most a twentieth; those of one value are counted.
        (900, 15, 1000, 15, 500, 1000 / 15),
        (900, 15.5, 1000, 0, 500, 1000 / 15.5),
        (90, 5, 100, 5, 50, 20),
        (90, 6, 100, 0, 50, 100 / 6),
        (40, 15, 1000, 40, 500, 0),
        (90, 1, 100, 1, 50, 100),
        # From a kurtosis of 10 on products may all be near 0, unless 10 or more of them are effective.
        (900, 100, 1000, 0, 500, 10),
        (900, 101, 1000, 0, np.inf, 1000 / 101),
        (9000, 447, 10_000, 0, 5000, 10_000 / 447),
        (9000, 448, 10_000, 0, np.inf, 10_000 / 448),
        (1900, 200, 2000, 0, np.inf, 10),
        # Where half of the runs have one value the kurtosis says nothing.
        (500, 500, 1000, 0, np.inf, 0),
        (501, 500, 1000, 0, np.inf, 2),
    ],
)
def test_few_runs_are_those_of_another_value_or_those_that_own_the_variance(
    unusual, effective, runs, events, points, kurtosis
):
    few = FewRuns.from_sums(np.array([unusual, 0]), np.array([effective, 0.0]), np.array([effective, 0.0]), runs)
    assert few.events.tolist() == [events, 0] and few.points.tolist() == [points, np.inf]
    assert few.handful.tolist() == [events != unusual and events > 0, False]
    assert few.kurtosis == pytest.approx([kurtosis, 0], rel=1e-14)


def test_few_runs_of_columns_go_by_their_values():
    halves = np.stack([np.arange(100) < 45, np.arange(100) < 55])
    assert usual_values(halves).tolist() == [False, True]
    # One value in 19 of 20 runs; a value that owns the variance; none of either, far from 0.
    event, owned, plain = np.arange(100) % 20 == 0, np.r_[1e6, np.linspace(-1, 1, 99)], 5 + np.linspace(0, 1, 100)
    few = FewRuns.of(np.stack([event + 3.0, 1e-9 * owned, plain, np.zeros(100)]))
    assert few.events == pytest.approx([5, 1 / 0.98, 0, 0], rel=0.01)
    assert few.handful.tolist() == [False, True, False, False]
    assert few.kurtosis[2] == pytest.approx(scipy.stats.kurtosis(plain, fisher=False), rel=1e-12)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("shape", "heavy"), [(0.33, True), (0.3, True), (0.15, False)])
def test_a_tail_without_a_fourth_moment_has_an_infinite_kurtosis(shape, heavy, sign):
    """Quantiles of a generalised Pareto distribution: its fourth moment is infinite from shape 1/4 on."""
    tail = 1.5 + scipy.stats.genpareto(shape, scale=0.8).ppf((np.arange(100) + 0.5) / 100)
    values = np.concatenate([np.linspace(-1.5, 1.5, 900), tail])
    few, seen = FewRuns.of(sign * values[np.newaxis]), scipy.stats.kurtosis(values, fisher=False)
    assert 4 < seen < 20
    assert few.kurtosis == pytest.approx([np.inf if heavy else seen])


def test_of_few_runs_no_shape_of_a_tail_is_said():
    """Of 3 where x < .08 and a little noise, bounded but for the noise, 256 runs have a k-hat of any size."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        assert np.isfinite(FewRuns.of((3.0 * (rng.random(256) < 0.08) + 0.3 * rng.normal(size=256))[None]).kurtosis)


def test_intervals_are_as_wide_as_few_runs_allow():
    few = FewRuns(
        np.array([10.0, 10.0, 0.0]), np.array([False, True, False]), np.array([400, np.inf, 400]), np.zeros(3)
    )
    indices = {
        "S1": np.array([[0.2, 0.7, 1.2]] * 3),
        "ST": np.array([[0.25, 0.81, -0.1]] * 3),
        "S2": np.full((3, 3, 3), 0.1),
    }
    zero = {name: np.zeros_like(index) for name, index in (*indices.items(), ("ST_lead", indices["ST"]))}
    result = few.widened(indices | {f"{name}_conf": width for name, width in zero.items()}, 0.95)
    assert result["events"] is few.events and result["ST"] is indices["ST"]
    result = {name: result[f"{name}_conf"] for name in zero}
    wilson = lambda share, events: few_events_half_width(np.array(share), events, 0.95)  # noqa: E731
    # Two runs that agree in an event count it twice: of a first order those that an input brings about, of a total the
    # others; all of a handful.
    product = scipy.stats.norm.ppf(0.975) * np.outer([0.5, 0.9, 0], [0.5, 0.9, 0]) / 20
    first = np.maximum([wilson(0.2, 20 / 1.8), wilson(0.7, 20 / 1.3), wilson(1, 20)], product.diagonal())
    all_agree = [wilson(share, 20) for share in (0.2, 0.7, 1)]
    np.testing.assert_allclose(result["S1"], [first, all_agree, product.diagonal()], rtol=1e-12)
    total = [wilson(0.25, 20 / 1.25), wilson(0.81, 20 / 1.81), wilson(0, 20)]
    all_agree = [wilson(share, 20) for share in (0.25, 0.81, 0)]
    np.testing.assert_allclose(result["ST"], [total, all_agree, [0, 0, 0]], rtol=1e-12)
    total = [wilson(share, 10) for share in (0.25, 0.81, 0)]
    np.testing.assert_allclose(result["ST_lead"], [total, all_agree, [0, 0, 0]], rtol=1e-12)
    pairs = np.maximum(wilson(0.1, 10), product), np.full((3, 3), wilson(0.1, 20)), product
    np.testing.assert_allclose(result["S2"], pairs, rtol=1e-12)
    plain = as_wide_as_few_events(np.zeros((3, 1)), np.full((3, 1), 0.1), few.events, 0.95)
    np.testing.assert_allclose(plain[:, 0], [wilson(0.1, 10), wilson(0.1, 10), 0])
    # What is wider already, or no number, stays or becomes that wide.
    result = few.widened(indices | {"S1_conf": np.array([[9.0, np.nan, 9]] * 3)}, 0.95)["S1_conf"]
    assert (result[:, [0, 2]] == 9).all() and np.isfinite(result[:, 1]).all()
