import math

import numpy as np
import pytest
from scipy import special, stats

from clustercast.arrays.families import elicitation
from clustercast.errors import InputError

INF = math.inf
FIVE_95 = np.array([0.05, 0.95])
FIVE_50_95 = np.array([0.05, 0.5, 0.95])


def test_quantiles_are_put_in_order_and_text_is_read_as_probability():
    levels, values = elicitation.read_quantiles({"0.95": 10, "0.05": 1}, "normal", [2])
    np.testing.assert_array_equal(levels, [0.05, 0.95])
    np.testing.assert_array_equal(values, [1.0, 10.0])


@pytest.mark.parametrize(
    ("quantiles", "message"),
    [
        ({0.05: 5, 0.95: 1}, "quantiles out of order: 5 at 0.05 is not below 1 at 0.95"),
        ({0.05: 5, 0.95: 5}, "quantiles out of order"),
        ({0.0: 1, 0.95: 2}, "probability 0 of a quantile must lie strictly between 0 and 1"),
        ({5: 1, 95: 2}, "probability 5 of a quantile must lie strictly between 0 and 1"),
        ({"0.5": 1, "0.50": 2}, "the quantile at 0.5 is given twice, as 1 and 2"),
        ({0.05: 1, 0.5: 2, 0.95: 3}, 'normal takes 2 quantiles exactly, got 3 .*family = "metalog" takes three'),
        ({0.5: 1}, r"normal takes 2 quantiles exactly, got 1 \(0.5\)"),
        ({}, r"normal takes 2 quantiles exactly, got 0 \(none\)"),
        ({"median": 1, 0.95: 2}, "key that is not a probability: 'median'"),
        ({0.05: "low", 0.95: 2}, "quantile 'low' is not a finite number"),
        ({0.05: -INF, 0.95: 2}, "quantile -inf is not a finite number"),
        ({0.05: True, 0.95: 2}, "quantile True is not a finite number"),
    ],
)
def test_quantiles_that_cannot_be_used_are_refused(quantiles, message):
    with pytest.raises(InputError, match=message):
        elicitation.read_quantiles(quantiles, "normal", [2])


def test_a_line_goes_through_two_points():
    location, scale = elicitation.location_scale(special.ndtri(FIVE_95), np.array([0.4, 0.6]))
    assert location == pytest.approx(0.5, rel=1e-15)
    # The ninety-fifth percentile of the standard normal is 1.6448536269514722.
    assert scale == pytest.approx(0.1 / 1.6448536269514722, rel=1e-14)


def test_logarithms_need_positive_quantiles():
    with pytest.raises(InputError, match='lognormal holds positive numbers only, got the quantile -1; use .*"metalog"'):
        elicitation.logarithms(np.array([-1.0, 2.0]), "lognormal")


@pytest.mark.parametrize("levels", [[0.05, 0.95], [0.1, 0.5], [0.5, 0.999], [0.01, 0.02]])
@pytest.mark.parametrize("ratio", [1.05, 2.0, 10.0, 1e4])
def test_gamma(levels, ratio):
    levels, values = np.array(levels), 3.0 * np.array([1.0, ratio])
    shape, scale = elicitation.gamma(levels, values)
    np.testing.assert_allclose(stats.gamma(shape, scale=scale).ppf(levels), values, rtol=1e-9)


def test_gamma_recovers_an_exponential():
    shape, scale = elicitation.gamma(FIVE_95, -2.0 * np.log1p(-FIVE_95))
    assert (shape, scale) == (pytest.approx(1.0, rel=1e-11), pytest.approx(2.0, rel=1e-11))


def test_gamma_says_how_far_apart_quantiles_may_be():
    with pytest.raises(InputError, match=r"are 1.0001 apart, and a gamma distribution allows 1.01046 to .*lognormal"):
        elicitation.gamma(FIVE_95, np.array([1.0, 1.0001]))


@pytest.mark.parametrize(
    "values", [(0.1, 0.9), (0.4, 0.41), (0.001, 0.999), (1e-6, 0.5), (0.9, 0.99999), (0.01, 0.02), (1e-7, 1 - 1e-7)]
)
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 7.0)])
def test_beta(values, low, high):
    values = low + (high - low) * np.array(values)
    alpha, beta = elicitation.beta(FIVE_95, values, low, high)
    np.testing.assert_allclose(stats.beta(alpha, beta, low, high - low).ppf(FIVE_95), values, rtol=1e-9, atol=1e-14)


def test_beta_recovers_closed_forms():
    assert elicitation.beta(FIVE_95, FIVE_95, 0.0, 1.0) == (pytest.approx(1.0, rel=1e-11),) * 2
    assert elicitation.beta(FIVE_95, np.sin(np.pi / 2 * FIVE_95) ** 2, 0.0, 1.0) == (pytest.approx(0.5, rel=1e-10),) * 2


def test_beta_says_when_there_is_none():
    with pytest.raises(InputError, match=r"no beta distribution on \[0, 1\].*metalog"):
        elicitation.beta(FIVE_95, np.array([0.5, 0.5 + 1e-9]), 0.0, 1.0)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ((0.2, 0.8), 0.0, 1.0),
        ((0.01, 0.5), 0.0, 1.0),
        ((0.6, 0.9), 0.0, 1.0),
        ((1.0, 5.0), 0.0, INF),
        ((0.1, 5.0), 0.0, INF),
        ((1.0, 5.0), -INF, 6.0),
        ((1e9, 3e9), 5e8, 8e9),
        ((-3.0, 4.0), -INF, INF),
    ],
)
def test_truncated_normal(values, low, high):
    mean, sd = elicitation.truncated_normal(FIVE_95, np.array(values), low, high)
    reference = stats.truncnorm((low - mean) / sd, (high - mean) / sd, mean, sd)
    np.testing.assert_allclose(reference.ppf(FIVE_95), values, rtol=1e-9)


def test_truncated_normal_recovers_a_half_normal():
    values = special.ndtri(0.5 + FIVE_95 / 2)
    mean, sd = elicitation.truncated_normal(FIVE_95, values, 0.0, INF)
    assert (mean, sd) == (pytest.approx(0.0, abs=1e-9), pytest.approx(1.0, rel=1e-9))


def test_truncated_normal_cannot_be_wider_than_uniform():
    with pytest.raises(InputError, match=r"too far apart for a normal distribution truncated to \[0, 1\].*metalog"):
        elicitation.truncated_normal(FIVE_95, np.array([0.04, 0.96]), 0.0, 1.0)


def pert_quantiles(low, mode, high, levels):
    width = high - low
    return stats.beta(1 + 4 * (mode - low) / width, 1 + 4 * (high - mode) / width, low, width).ppf(levels)


@pytest.mark.parametrize(("low", "mode", "high"), [(0.0, 1.0, 4.0), (-2.0, 0.0, 2.0), (1.0, 2.7, 3.0)])
def test_triangular_and_pert_recover_their_parameters(low, mode, high):
    width = high - low
    triangular = stats.triang((mode - low) / width, low, width).ppf(FIVE_50_95)
    pert = pert_quantiles(low, mode, high, FIVE_50_95)
    expected = pytest.approx((low, mode, high), rel=1e-9, abs=1e-9)
    assert elicitation.triangular(FIVE_50_95, triangular) == expected
    assert elicitation.pert(FIVE_50_95, pert) == expected
    assert elicitation.triangular(FIVE_95, triangular[[0, 2]], mode) == expected
    assert elicitation.pert(FIVE_95, pert[[0, 2]], mode) == expected


def test_triangular_with_its_mode_at_an_end_is_recovered():
    values = 1.0 - np.sqrt(1.0 - FIVE_50_95)
    assert elicitation.triangular(FIVE_50_95, values) == pytest.approx((0.0, 0.0, 1.0), abs=1e-7)


def test_a_triangular_distribution_allows_the_middle_quantile_of_its_two_extremes():
    # With the mode at the lower end the quantiles are 1 - sqrt(1 - p).
    ends = 1.0 - np.sqrt(1.0 - FIVE_50_95)
    least = 1.0 + 9.0 * (ends[1] - ends[0]) / (ends[2] - ends[0])
    with pytest.raises(InputError, match="middle quantile 2 is out of reach.* allows (.*) to .*metalog") as refused:
        elicitation.triangular(FIVE_50_95, np.array([1.0, 2.0, 10.0]))
    allowed = str(refused.value).split("allows ")[1].split(";")[0].split(" to ")
    assert [float(end) for end in allowed] == pytest.approx([least, 11.0 - least], rel=1e-5)


def test_a_mode_between_the_outer_quantiles_and_an_end_still_meets_the_quantiles():
    # Beyond the last quantile the place of the mode does not show in the three.
    values = stats.triang(0.97, 1.0, 2.0).ppf(FIVE_50_95)
    low, mode, high = elicitation.triangular(FIVE_50_95, values)
    found = stats.triang((mode - low) / (high - low), low, high - low).ppf(FIVE_50_95)
    np.testing.assert_allclose(found, values, rtol=1e-12)


@pytest.mark.parametrize("solve", [elicitation.triangular, elicitation.pert])
def test_a_mode_goes_with_two_quantiles_and_only_with_two(solve):
    with pytest.raises(InputError, match="takes three quantiles, or two quantiles and mode; got 2, mode None"):
        solve(FIVE_95, np.array([1.0, 2.0]))
    with pytest.raises(InputError, match="takes three quantiles, or two quantiles and mode; got 3, mode 1.5"):
        solve(FIVE_50_95, np.array([1.0, 1.5, 2.0]), 1.5)
    with pytest.raises(InputError, match="mode -5 is out of reach"):
        solve(FIVE_95, np.array([1.0, 2.0]), -5.0)
