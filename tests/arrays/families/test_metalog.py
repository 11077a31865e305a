import math

import numpy as np
import pytest
from scipy import integrate, optimize, special

from clustercast.arrays.families import metalog
from clustercast.errors import InputError

INF = math.inf
WHOLE_LINE = (-INF, INF)
BOUNDS = [WHOLE_LINE, (0.0, INF), (-INF, 20.0), (0.0, 20.0)]


def keelin(alpha, low, middle, high):
    """Coefficients of the symmetric percentile triplet, Keelin (2016), section 3.3."""
    spread, ratio = high - low, (middle - low) / (high - low)
    log_odds = math.log((1 - alpha) / alpha)
    return middle, spread / (2 * log_odds), (1 - 2 * ratio) * spread / ((1 - 2 * alpha) * log_odds)


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.25])
@pytest.mark.parametrize("middle", [2.6, 3.0, 3.5])
def test_a_symmetric_triplet_has_keelins_coefficients(alpha, middle):
    levels, values = np.array([alpha, 0.5, 1 - alpha]), np.array([1.0, middle, 5.0])
    np.testing.assert_allclose(
        metalog.fit(levels, values, *WHOLE_LINE), keelin(alpha, 1.0, middle, 5.0), rtol=1e-12, atol=1e-14
    )


def test_keelins_coefficients_hold_after_the_transformation_of_the_bounds():
    levels, values = np.array([0.1, 0.5, 0.9]), np.array([1.0, 2.0, 6.0])
    np.testing.assert_allclose(metalog.fit(levels, values, 0.0, INF), keelin(0.1, *np.log(values)), rtol=1e-12)
    np.testing.assert_allclose(
        metalog.fit(levels, values, 0.0, 8.0), keelin(0.1, *np.log(values / (8.0 - values))), rtol=1e-12
    )


def test_the_limit_of_skewness_is_keelins_constant():
    assert pytest.approx(1.66711, abs=5e-6) == metalog.SKEWNESS_LIMIT
    assert metalog.is_feasible([0.0, 1.0, 0.99999 * metalog.SKEWNESS_LIMIT])
    assert not metalog.is_feasible([0.0, 1.0, -1.00001 * metalog.SKEWNESS_LIMIT])
    assert not metalog.is_feasible([0.0, 0.0])


@pytest.mark.parametrize("skewness", [-1.0, 1.0])
def test_the_quantile_function_rises_up_to_the_limit_and_not_beyond(skewness):
    p = np.linspace(1e-6, 1 - 1e-6, 200_001)
    inside = [0.0, 1.0, skewness * 0.9999 * metalog.SKEWNESS_LIMIT]
    beyond = [0.0, 1.0, skewness * 1.01 * metalog.SKEWNESS_LIMIT]
    assert (np.diff(metalog.quantile(p, 1 - p, inside, *WHOLE_LINE)) > 0).all()
    assert (np.diff(metalog.quantile(p, 1 - p, beyond, *WHOLE_LINE)) < 0).any()


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.25])
def test_what_three_quantiles_may_be_is_keelins_range(alpha):
    share = (1 - 1.66711 * (0.5 - alpha)) / 2
    levels = np.array([alpha, 0.5, 1 - alpha])
    for ratio in (share, 1 - share):
        inwards = math.copysign(1e-4, 0.5 - ratio)
        metalog.fit(levels, np.array([0.0, ratio + inwards, 1.0]), *WHOLE_LINE)
        with pytest.raises(InputError, match="is allowed") as refused:
            metalog.fit(levels, np.array([0.0, ratio - inwards, 1.0]), *WHOLE_LINE)
        allowed = str(refused.value).split("between ")[1].split(" is")[0].split(" and ")
        assert [float(end) for end in allowed] == pytest.approx([share, 1 - share], abs=5e-6)


def test_too_skewed_quantiles_are_refused_with_the_range_that_is_allowed():
    levels, values = np.array([0.05, 0.5, 0.95]), np.array([1.0, 1.05, 9.0])
    with pytest.raises(InputError, match=r"middle quantile 1.05 .* between 1.*and .* is allowed") as refused:
        metalog.fit(levels, values, 0.0, INF)
    least, most = (float(part) for part in str(refused.value).split("between ")[1].split(" is")[0].split(" and "))
    for middle in (least * 1.0001, most * 0.9999):
        metalog.fit(levels, np.array([1.0, middle, 9.0]), 0.0, INF)


@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("levels", [[0.05, 0.95], [0.05, 0.5, 0.95], [0.1, 0.3, 0.8]])
def test_the_quantiles_are_met(bounds, levels):
    levels = np.array(levels)
    values = np.array([2.0, 9.0]) if levels.size == 2 else np.array([2.0, 4.0, 9.0])
    result = metalog.quantile(levels, 1 - levels, metalog.fit(levels, values, *bounds), *bounds)
    np.testing.assert_allclose(result, values, rtol=1e-13)


def test_two_terms_are_the_logistic_distribution():
    levels = np.array([1e-12, 0.2, 0.5, 0.9])
    result = metalog.quantile(levels, 1 - levels, [3.0, 2.0], *WHOLE_LINE)
    np.testing.assert_allclose(result, 3.0 + 2.0 * special.logit(levels), rtol=1e-13)


@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("skewness", [-1.6, -0.4, 0.0, 1.66])
def test_the_log_odds_are_the_inverse_of_the_quantiles(bounds, skewness):
    logit = np.array([-27.0, -5.0, -1.0, 0.0, 0.3, 4.0, 12.0])
    coefficients = [1.0, 0.3, 0.3 * skewness]
    x = metalog.quantile(special.expit(logit), special.expit(-logit), coefficients, *bounds)
    np.testing.assert_allclose(metalog.logit_of(x, coefficients, *bounds), logit, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("skewness", [-1.2, 0.0, 1.2])
def test_the_density_integrates_to_the_probability(bounds, skewness):
    coefficients = [1.0, 0.4, 0.4 * skewness]
    levels = np.array([0.1, 0.85])
    low, high = metalog.quantile(levels, 1 - levels, coefficients, *bounds)
    area, _ = integrate.quad(
        lambda x: float(np.exp(metalog.log_density(np.array([x]), coefficients, *bounds))[0]), low, high, epsabs=1e-12
    )
    assert area == pytest.approx(0.75, abs=1e-9)


def test_the_log_odds_agree_with_a_bracketing_root_finder():
    coefficients = (0.5, 1.2, -1.9)

    def excess(logit):
        p = special.expit(logit)
        return coefficients[0] + (coefficients[1] + coefficients[2] * (p - 0.5)) * logit - 2.5

    expected = optimize.brentq(excess, -50, 50, xtol=1e-13)
    assert metalog.logit_of(np.array([2.5]), coefficients, *WHOLE_LINE)[0] == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("bounds", BOUNDS)
def test_the_ends_are_the_bounds(bounds):
    ends = metalog.quantile(np.array([0.0, 1.0]), np.array([1.0, 0.0]), [1.0, 0.5, 0.7], *bounds)
    np.testing.assert_array_equal(ends, bounds)
