"""Each family goes exactly through the quantiles that a person states, or says why it cannot."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import special, stats

from clustercast.errors import InputError
from clustercast.priors.families import PERT, Beta, Gamma, Triangular, TruncatedNormal

INF = math.inf
FIVE_95 = np.array([0.05, 0.95])
FIVE_50_95 = np.array([0.05, 0.5, 0.95])


def through(family, levels, values, bounds=None, mode=None):
    """The parameters of the distribution through quantiles."""
    made = family.from_quantiles(dict(zip(levels, values, strict=True)), bounds=bounds, mode=mode)
    return tuple(getattr(made, field.name) for field in dataclasses.fields(made) if not field.kw_only)


@pytest.mark.parametrize("levels", [[0.05, 0.95], [0.1, 0.5], [0.5, 0.999], [0.01, 0.02]])
@pytest.mark.parametrize("ratio", [1.05, 2.0, 10.0, 1e4])
def test_gamma(levels, ratio):
    levels, values = np.array(levels), 3.0 * np.array([1.0, ratio])
    shape, scale = through(Gamma, levels, values)
    np.testing.assert_allclose(stats.gamma(shape, scale=scale).ppf(levels), values, rtol=1e-9)


def test_gamma_recovers_an_exponential():
    shape, scale = through(Gamma, FIVE_95, -2.0 * np.log1p(-FIVE_95))
    assert (shape, scale) == (pytest.approx(1.0, rel=1e-11), pytest.approx(2.0, rel=1e-11))


def test_gamma_says_how_far_apart_quantiles_may_be():
    with pytest.raises(InputError, match=r"are 1.0001 apart, and a gamma distribution allows 1.01046 to .*lognormal"):
        through(Gamma, FIVE_95, np.array([1.0, 1.0001]))


@pytest.mark.parametrize(
    "values", [(0.1, 0.9), (0.4, 0.41), (0.001, 0.999), (1e-6, 0.5), (0.9, 0.99999), (0.01, 0.02), (1e-7, 1 - 1e-7)]
)
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 7.0)])
def test_beta(values, low, high):
    values = low + (high - low) * np.array(values)
    alpha, beta = through(Beta, FIVE_95, values, (low, high))[:2]
    np.testing.assert_allclose(stats.beta(alpha, beta, low, high - low).ppf(FIVE_95), values, rtol=1e-9, atol=1e-14)


def test_beta_recovers_closed_forms():
    assert through(Beta, FIVE_95, FIVE_95)[:2] == (pytest.approx(1.0, rel=1e-11),) * 2
    assert through(Beta, FIVE_95, np.sin(np.pi / 2 * FIVE_95) ** 2)[:2] == (pytest.approx(0.5, rel=1e-10),) * 2


def test_beta_says_when_there_is_none():
    with pytest.raises(InputError, match=r"no beta distribution on \[0, 1\].*metalog"):
        through(Beta, FIVE_95, np.array([0.5, 0.5 + 1e-9]))


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
    mean, sd = through(TruncatedNormal, FIVE_95, np.array(values), (low, high))[:2]
    reference = stats.truncnorm((low - mean) / sd, (high - mean) / sd, mean, sd)
    np.testing.assert_allclose(reference.ppf(FIVE_95), values, rtol=1e-9)


def test_truncated_normal_recovers_a_half_normal():
    values = special.ndtri(0.5 + FIVE_95 / 2)
    mean, sd = through(TruncatedNormal, FIVE_95, values, (0.0, INF))[:2]
    assert (mean, sd) == (pytest.approx(0.0, abs=1e-9), pytest.approx(1.0, rel=1e-9))


def test_truncated_normal_cannot_be_wider_than_uniform():
    with pytest.raises(InputError, match=r"too far apart for a normal distribution truncated to \[0, 1\].*metalog"):
        through(TruncatedNormal, FIVE_95, np.array([0.04, 0.96]), (0.0, 1.0))


def pert_quantiles(low, mode, high, levels):
    width = high - low
    return stats.beta(1 + 4 * (mode - low) / width, 1 + 4 * (high - mode) / width, low, width).ppf(levels)


@pytest.mark.parametrize(("low", "mode", "high"), [(0.0, 1.0, 4.0), (-2.0, 0.0, 2.0), (1.0, 2.7, 3.0)])
def test_triangular_and_pert_recover_their_parameters(low, mode, high):
    width = high - low
    triangular = stats.triang((mode - low) / width, low, width).ppf(FIVE_50_95)
    pert = pert_quantiles(low, mode, high, FIVE_50_95)
    expected = pytest.approx((low, mode, high), rel=1e-9, abs=1e-9)
    assert through(Triangular, FIVE_50_95, triangular) == expected
    assert through(PERT, FIVE_50_95, pert) == expected
    assert through(Triangular, FIVE_95, triangular[[0, 2]], mode=mode) == expected
    assert through(PERT, FIVE_95, pert[[0, 2]], mode=mode) == expected


def test_triangular_with_its_mode_at_an_end_is_recovered():
    values = 1.0 - np.sqrt(1.0 - FIVE_50_95)
    assert through(Triangular, FIVE_50_95, values) == pytest.approx((0.0, 0.0, 1.0), abs=1e-7)


def test_a_triangular_distribution_allows_the_middle_quantile_of_its_two_extremes():
    # With the mode at the lower end the quantiles are 1 - sqrt(1 - p).
    ends = 1.0 - np.sqrt(1.0 - FIVE_50_95)
    least = 1.0 + 9.0 * (ends[1] - ends[0]) / (ends[2] - ends[0])
    with pytest.raises(InputError, match="middle quantile 2 is out of reach.* allows (.*) to .*metalog") as refused:
        through(Triangular, FIVE_50_95, np.array([1.0, 2.0, 10.0]))
    allowed = str(refused.value).split("allows ")[1].split(";")[0].split(" to ")
    assert [float(end) for end in allowed] == pytest.approx([least, 11.0 - least], rel=1e-5)


def test_a_mode_between_the_outer_quantiles_and_an_end_still_meets_the_quantiles():
    # Beyond the last quantile the place of the mode does not show in the three.
    values = stats.triang(0.97, 1.0, 2.0).ppf(FIVE_50_95)
    low, mode, high = through(Triangular, FIVE_50_95, values)
    result = stats.triang((mode - low) / (high - low), low, high - low).ppf(FIVE_50_95)
    np.testing.assert_allclose(result, values, rtol=1e-12)


@pytest.mark.parametrize("solve", [Triangular, PERT])
def test_a_mode_goes_with_two_quantiles_and_only_with_two(solve):
    with pytest.raises(InputError, match="takes three quantiles, or two quantiles and mode; got 2, mode None"):
        through(solve, FIVE_95, np.array([1.0, 2.0]))
    with pytest.raises(InputError, match="takes three quantiles, or two quantiles and mode; got 3, mode 1.5"):
        through(solve, FIVE_50_95, np.array([1.0, 1.5, 2.0]), mode=1.5)
    with pytest.raises(InputError, match="mode -5 is out of reach"):
        through(solve, FIVE_95, np.array([1.0, 2.0]), mode=-5.0)
