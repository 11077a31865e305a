import dataclasses
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special, stats

import clustercast.priors.families as families
from clustercast.errors import InputError
from clustercast.priors.families import (
    PERT,
    Beta,
    Discrete,
    Fixed,
    Gamma,
    LogNormal,
    LogUniform,
    Metalog,
    Normal,
    ScipyDistribution,
    Triangular,
    TruncatedNormal,
    Uniform,
    distribution_from_entry,
)
from tests.properties import strategies

INF = math.inf
TAILS = np.array([1e-12, 1e-9, 1e-6, 1e-3, 0.02, 0.1, 0.3, 0.5])

# A distribution of ours, the same of scipy's, and the same mirrored, whose lower tail is the upper one.
PEERS = [
    (Normal(3, 2), stats.norm(3, 2)),
    (LogNormal(1.5, 0.8), stats.lognorm(0.8, scale=math.exp(1.5))),
    (LogNormal(-20, 3), stats.lognorm(3, scale=math.exp(-20))),
    (Uniform(-2, 5), stats.uniform(-2, 7)),
    (LogUniform(0.01, 50), stats.loguniform(0.01, 50)),
    (Triangular(0, 1, 4), stats.triang(0.25, 0, 4)),
    (Triangular(0, 0, 4), stats.triang(0.0, 0, 4)),
    (Triangular(0, 4, 4), stats.triang(1.0, 0, 4)),
    (Beta(2, 3), stats.beta(2, 3)),
    (Beta(0.5, 0.5), stats.beta(0.5, 0.5)),
    (Beta(40, 1.5, low=-1, high=9), stats.beta(40, 1.5, -1, 10)),
    (PERT(0, 1, 4), stats.beta(2, 4, 0, 4)),
    (TruncatedNormal(1, 1, 0, INF), stats.truncnorm(-1, INF, 1, 1)),
    (TruncatedNormal(1, 2, -3, 4), stats.truncnorm(-2, 1.5, 1, 2)),
    (TruncatedNormal(0, 1, 3, 5), stats.truncnorm(3, 5)),
    (TruncatedNormal(0, 1, -INF, -3), stats.truncnorm(-INF, -3)),
    (Gamma(0.3, 2), stats.gamma(0.3, scale=2)),
    (Gamma(3, 0.1), stats.gamma(3, scale=0.1)),
    (Gamma(400, 5), stats.gamma(400, scale=5)),
    (Metalog((2.0, 0.7)), stats.logistic(2.0, 0.7)),
    (Metalog((2.0, 0.7), bounds=(0, INF)), stats.fisk(1 / 0.7, scale=math.exp(2.0))),
]
CONTINUOUS = pytest.mark.parametrize(("ours", "scipys"), PEERS, ids=[repr(ours) for ours, _ in PEERS])


@CONTINUOUS
def test_quantiles_agree_with_scipy_in_both_tails(ours, scipys):
    lower = ours.quantile(TAILS)
    np.testing.assert_allclose(scipys.cdf(lower), TAILS, rtol=0, atol=1e-10)
    np.testing.assert_allclose(lower, scipys.ppf(TAILS), rtol=1e-9, atol=1e-15)
    for upper in (ours.quantile_from_normal_score(-special.ndtri(TAILS)), ours.quantile(1 - TAILS)):
        # A double is a range: near an end with infinite density its neighbours enclose much probability.
        assert (scipys.sf(np.nextafter(upper, INF)) - 1e-10 <= TAILS).all()
        assert (TAILS <= scipys.sf(np.nextafter(upper, -INF)) + 1e-10).all()


@CONTINUOUS
def test_distribution_function_density_support_and_moments_agree_with_scipy(ours, scipys):
    x = np.concatenate([scipys.ppf([1e-9, 0.01, 0.3, 0.5, 0.77, 0.99]), [-7.0, 0.0, 1.0, 60.0]])
    np.testing.assert_allclose(ours.cdf(x), scipys.cdf(x), rtol=1e-10, atol=1e-13)
    inside = (x > ours.support[0]) & (x < ours.support[1])
    np.testing.assert_allclose(ours.log_density(x[inside]), scipys.logpdf(x[inside]), rtol=1e-9, atol=1e-9)
    beyond = (x < ours.support[0]) | (x > ours.support[1])
    assert (ours.log_density(x[beyond]) == -INF).all()
    assert ours.support == pytest.approx(scipys.support())
    assert ours.median == pytest.approx(scipys.median(), rel=1e-10)
    if ours.expectation is not None:
        assert ours.expectation == pytest.approx(scipys.mean(), rel=1e-9)


@given(strategies.continuous_distributions(), strategies.probability_arrays())
@example(Beta(2.0, 0.3125, low=-1.0, high=0.0), np.array([0.1, 0.999]))
def test_the_distribution_function_undoes_the_quantiles(distribution, p):
    below, above = around(distribution, p)
    assert (below - 1e-10 <= p).all() and (p <= above + 1e-10).all()


def around(distribution, p):
    """Probabilities of the neighbours of quantiles: a double is a range, and one of the base is when it is moved."""
    x = distribution.quantile(p)
    # A few more of them where a shift and a scale round once each on the way there and back.
    few = 4 * np.spacing(np.abs(x)) if distribution.family == "shifted" else 0.0
    below, above = distribution.cdf(np.nextafter(x - few, -INF)), distribution.cdf(np.nextafter(x + few, INF))
    if distribution.family != "moved":
        return below, above
    # Beside an end other than 0 those of the base are far apart on the scale on which it is moved.
    lower, upper = around(distribution.base, p)
    return np.minimum(below, lower), np.maximum(above, upper)


@given(strategies.distributions(), strategies.probability_arrays())
def test_quantiles_rise_inside_the_support_and_leave_the_probabilities_alone(distribution, p):
    given_p = p.copy()
    x = distribution.quantile(p)
    assert (np.diff(x) >= -4e-16 * np.abs(x[1:])).all()
    assert (x >= distribution.support[0]).all() and (x <= distribution.support[1]).all()
    np.testing.assert_array_equal(p, given_p)
    assert x is not p and not np.shares_memory(x, p)


@given(strategies.distributions(), strategies.normal_scores())
def test_the_two_ways_to_the_quantiles_agree(distribution, z):
    scores = np.minimum(z, 0.0)
    from_scores = distribution.quantile_from_normal_score(scores)
    if distribution.family == "discrete":
        assert np.isin(from_scores, distribution.values).all()
        return
    around = (
        distribution.quantile(special.ndtr(scores) * (1 - 1e-11)),
        distribution.quantile(special.ndtr(scores) * (1 + 1e-11)),
    )
    slack = 1e-9 * (np.abs(around[0]) + np.abs(around[1])) + 1e-300
    assert (around[0] - slack <= from_scores).all() and (from_scores <= around[1] + slack).all()


@given(strategies.distributions(), st.integers(0, 2**32 - 1), st.integers(1, 40_000))
def test_blocks_of_any_size_give_the_same_bits(distribution, seed, cut):
    p = np.random.default_rng(seed).random(40_000)
    whole = distribution.quantile(p)
    parts = np.concatenate([distribution.quantile(p[:cut]), distribution.quantile(p[cut:])])
    np.testing.assert_array_equal(whole, parts)
    np.testing.assert_array_equal(distribution.quantile(p[::3]), whole[::3])


@given(strategies.distributions(), st.sampled_from([(), (0,), (1,), (2, 3), (2, 1, 2)]))
def test_the_shape_of_the_probabilities_is_kept(distribution, shape):
    for result in (
        distribution.quantile(np.full(shape, 0.3)),
        distribution.quantile_from_normal_score(np.zeros(shape)),
    ):
        assert isinstance(result, np.ndarray) and result.shape == shape and result.dtype == np.float64
    x = np.full(shape, distribution.median)
    assert distribution.cdf(x).shape == distribution.log_density(x).shape == shape


@given(strategies.distributions())
def test_probabilities_zero_and_one_give_the_ends_of_the_support(distribution):
    np.testing.assert_array_equal(distribution.quantile([0.0, 0.5, 1.0])[[0, 2]], distribution.support)


@given(strategies.distributions())
def test_the_median_is_finite_and_has_a_density(distribution):
    assert math.isfinite(distribution.median)
    assert np.isfinite(distribution.log_density(distribution.median))
    assert distribution.support[0] <= distribution.median <= distribution.support[1]


@given(strategies.distributions())
def test_a_distribution_is_a_value(distribution):
    twin = pickle.loads(pickle.dumps(distribution))
    assert twin == distribution and hash(twin) == hash(distribution)
    assert eval(repr(distribution), {**vars(families), "inf": INF}) == distribution
    with pytest.raises(dataclasses.FrozenInstanceError):
        distribution.unit = "GW"


@given(strategies.distributions())
def test_an_entry_of_its_fields_gives_the_distribution(distribution):
    fields = {field.name: getattr(distribution, field.name) for field in dataclasses.fields(distribution)}
    entry = {key: value for key, value in fields.items() if value is not None}
    assert distribution_from_entry({**entry, "family": distribution.family}) == distribution


ELICITED = [
    (Normal, {0.05: -1.0, 0.95: 2.0}, {}),
    (LogNormal, {0.05: 1.0, 0.95: 10.0}, {}),
    (LogNormal, {0.25: 1e-9, 0.5: 3e-9}, {"bounds": (0.0, INF)}),
    (Uniform, {0.05: 1.0, 0.95: 10.0}, {"bounds": (0.0, 20.0)}),
    (LogUniform, {0.1: 1.0, 0.9: 10.0}, {}),
    (Triangular, {0.05: 1.0, 0.5: 5.0, 0.95: 10.0}, {}),
    (Triangular, {0.05: 1.0, 0.95: 10.0}, {"mode": 4.0}),
    (PERT, {0.05: 1.0, 0.5: 4.0, 0.95: 10.0}, {}),
    (PERT, {0.05: 1.0, 0.95: 10.0}, {"mode": 4.0}),
    (Beta, {0.05: 0.6, 0.95: 0.9}, {}),
    (Beta, {0.05: 1.1, 0.95: 1.3}, {"bounds": (1.0, 2.0)}),
    (TruncatedNormal, {0.05: 0.6, 0.95: 0.9}, {"bounds": (0.0, 1.0)}),
    (TruncatedNormal, {0.1: 1.0, 0.9: 10.0}, {"bounds": (0.0, INF)}),
    (Gamma, {0.05: 3.0, 0.95: 7.0}, {}),
    (Metalog, {0.05: 1.0, 0.95: 10.0}, {}),
    (Metalog, {0.05: 1.0, 0.5: 3.0, 0.95: 10.0}, {"bounds": (0.0, INF)}),
    (Metalog, {0.05: 0.6, 0.5: 0.8, 0.95: 0.9}, {"bounds": (0.0, 1.0)}),
]


@pytest.mark.parametrize(("family", "quantiles", "more"), ELICITED)
def test_stated_quantiles_are_met(family, quantiles, more):
    made = family.from_quantiles(quantiles, unit="GW", source="A (2024)", as_of="2024-06", note="n", **more)
    np.testing.assert_allclose(made.quantile(list(quantiles)), list(quantiles.values()), rtol=1e-9)
    assert (made.unit, made.source, made.as_of, made.note) == ("GW", "A (2024)", "2024-06", "n")
    entry = {"family": made.family, "quantiles": {str(level): value for level, value in quantiles.items()}, **more}
    assert (
        distribution_from_entry({**entry, "unit": "GW", "source": "A (2024)", "as_of": "2024-06", "note": "n"}) == made
    )


@given(strategies.distributions("normal", "lognormal", "gamma", "beta", "metalog", "pert", "uniform", "loguniform"))
def test_a_distribution_comes_back_from_its_own_quantiles(distribution):
    levels = np.array([0.1, 0.4, 0.9] if distribution.family in ("metalog", "pert") else [0.1, 0.9])
    values = distribution.quantile(levels)
    if not (np.diff(values) > 1e-3 * np.abs(values[1:])).all() or np.isin(values, distribution.support).any():
        return
    bounds = distribution.support if distribution.family in ("beta", "metalog") else None
    again = type(distribution).from_quantiles(dict(zip(levels, values, strict=True)), bounds=bounds)
    np.testing.assert_allclose(again.quantile(levels), values, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normal(0, 0), "normal: sd = 0 must be greater than 0"),
        (lambda: LogNormal(0, -1), "lognormal: sigma = -1 must be greater than 0"),
        (lambda: Uniform(2, 1), 'uniform: low = 2 must be below high = 1; for one value use family = "fixed"'),
        (lambda: LogUniform(0, 1), "loguniform: low = 0 must be greater than 0"),
        (lambda: LogUniform.from_quantiles({0.05: 5e-324, 0.06: 1e-300}), "loguniform: high = inf: a finite number"),
        (lambda: Metalog.from_quantiles({0.05: 0.0, 0.95: 5e-324}), "0 and 4.94066e-324 are too near for a metalog"),
        (lambda: Triangular(0, 5, 4), "triangular: mode = 5 must lie between low = 0 and high = 4"),
        (lambda: PERT(0, -1, 4), "pert: mode = -1 must lie between low = 0 and high = 4"),
        (lambda: Beta(0, 1), "beta: alpha = 0 must be greater than 0"),
        (lambda: Beta(1, 1, low=3), "beta: low = 3 must be below high = 1"),
        (lambda: TruncatedNormal(0, 1, 2, 1), "truncated_normal: low = 2 must be below high = 1"),
        (lambda: TruncatedNormal(0, 1, 50, 60), "truncated_normal: low = 50 to high = 60 is more than 35 sd from mean"),
        (lambda: Gamma(2, -1), "gamma: scale = -1 must be greater than 0"),
        (lambda: Discrete([0, 1], [0.5, 0.4]), "discrete: weights sum to 0.9; they must sum to 1"),
        (lambda: Discrete([0, 1], [1.5, -0.5]), "discrete: weight -0.5 is negative"),
        (lambda: Discrete([1, 0], [0.5, 0.5]), "discrete: values out of order: 1 before 0; list them rising"),
        (lambda: Discrete([0, 1], [1.0]), "discrete: 2 values and 1 weight; give each value one"),
        (lambda: Discrete([], []), "discrete: 0 values and 0 weights"),
        (lambda: Metalog([0, 1, 2]), r"metalog: .* give quantiles that do not rise; .*the third within 1.66711 of 0"),
        (lambda: Metalog([0]), "metalog: a metalog has 2 or 3 coefficients, got 1"),
        (lambda: Normal("a", 1), "normal: mean = 'a': a number is needed"),
        (lambda: Normal(True, 1), "normal: mean = True: a number is needed"),
        (lambda: Normal(0, INF), "normal: sd = inf: a finite number is needed"),
        (lambda: Fixed(math.nan), "fixed: value = nan: a number is needed"),
        (
            lambda: Normal(0),
            "normal: missing a required argument: 'sd'; it takes mean, sd and by keyword unit, bounds, source, as_of",
        ),
        (
            lambda: Normal(0, 1, sdd=1),
            "normal: got an unexpected keyword argument 'sdd'; nearest known: sd; it takes mean, sd",
        ),
        (lambda: Normal(0, 1, "GW"), "normal: too many positional arguments; it takes mean, sd and by keyword unit"),
        (
            lambda: Normal(0, 1, bounds=(0, 1)),
            r'normal: bounds \[0, 1\] would cut off .*"truncated_normal" or "metalog"',
        ),
        (lambda: LogNormal(0, 1, bounds=(0, 9)), r'lognormal: bounds \[0, 9\] would cut off .* use family = "metalog"'),
        (lambda: Uniform(0, 2, bounds=(0, 1)), r'uniform: bounds \[0, 1\] would cut off .*"beta" or "metalog"'),
        (lambda: Uniform(0, 2, bounds=(5, 1)), r"uniform: bounds \[5, 1\] are reversed or empty; give the lower first"),
        (lambda: Beta(1, 1, bounds=(0, 5)), r"beta: bounds \[0, 5\] are not the ends low = 0, high = 1"),
        (lambda: Normal.from_quantiles({0.05: 1, 0.5: 2, 0.95: 4}), 'normal takes 2 quantiles.*"metalog" takes three'),
        (lambda: Normal.from_quantiles({0.05: 4, 0.95: 1}), "quantiles out of order"),
        (lambda: LogNormal.from_quantiles({0.05: -4, 0.95: 1}), "lognormal holds positive numbers only"),
        (
            lambda: Beta.from_quantiles({0.05: 0.5, 0.95: 1.5}),
            r"beta: bounds \[0, 1\] exclude the quantile 1.5 at 0.95",
        ),
        (
            lambda: Metalog.from_quantiles({0.05: 0, 0.95: 1}, bounds=(0, 2)),
            r"metalog: bounds \[0, 2\] exclude the quantile 0 at 0.05; .*strictly inside",
        ),
        (lambda: Beta.from_quantiles({0.05: 1, 0.95: 2}, bounds=(0, INF)), "beta needs finite bounds"),
        (lambda: Beta.from_quantiles({0.05: 1, 0.95: 2}, bounds=(3, 0)), r"bounds \[3, 0\] are reversed"),
        (lambda: TruncatedNormal.from_quantiles({0.05: 1, 0.95: 2}), "truncated_normal needs bounds"),
        (lambda: Normal.from_quantiles({0.05: 1, 0.95: 2}, bounds=(0, 3)), "would cut off a normal distribution"),
        (lambda: Normal.from_quantiles({0.05: 1, 0.95: 2}, mode=1), "normal has no mode to give beside quantiles"),
        (lambda: Metalog.from_quantiles({0.05: 1, 0.95: 2}, mode=1), "metalog has no mode to give beside quantiles"),
        (lambda: Normal.from_quantiles({0.05: 1, 0.95: 2}, mean=1), "normal: quantiles and mean are both given"),
        (lambda: Beta.from_quantiles({0.05: 1, 0.95: 2}, low=1), "quantiles and low are both .* interval as bounds"),
        (lambda: Normal.from_quantiles({0.05: 1, 0.95: 2}, units="W"), "normal has no key 'units'"),
        (lambda: Discrete.from_quantiles({0.05: 1, 0.95: 2}), "discrete is not given by quantiles"),
        (lambda: Normal(0, 1).quantile([0.5, 1.5]), "probability 1.5 is outside 0 to 1"),
        (lambda: Normal(0, 1).quantile([0.5, math.nan]), "probability nan is outside 0 to 1"),
        (lambda: Normal(0, 1).quantile_from_normal_score([math.nan]), "a normal score is not a number"),
        (
            lambda: distribution_from_entry({"family": "norml"}),
            "unknown family 'norml'; nearest known: normal.*known are",
        ),
        (lambda: distribution_from_entry({"value": 1}), "unknown family None"),
        (
            lambda: distribution_from_entry({"family": "normal", "quantiles": [1, 2]}),
            r"quantiles = \[1, 2\] is not a table",
        ),
        (lambda: distribution_from_entry({"family": "normal", "mean": 1}), "normal: missing a required argument: 'sd'"),
        (lambda: ScipyDistribution(3), "scipy: 3 is no frozen distribution of scipy.stats"),
        (lambda: ScipyDistribution(stats.norm), "is no frozen distribution of scipy.stats"),
        (lambda: ScipyDistribution(stats.norm([0, 1], 1)), "scipy: a frozen distribution must have scalar parameters"),
        (lambda: ScipyDistribution(stats.norm(0, -1)), "scipy: the frozen distribution has no median"),
    ],
)
def test_bad_input_is_told_in_one_sentence(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize("family", [Normal, LogNormal, Gamma])
def test_bounds_that_hold_the_whole_support_are_kept(family):
    low = -INF if family is Normal else 0.0
    assert family(1.0, 2.0, bounds=(low, INF)).bounds == (low, INF)


def test_numbers_of_numpy_are_numbers():
    assert Normal(np.float32(1), np.int64(2)) == Normal(1, 2)


def test_pert_is_the_beta_distribution_of_its_mean_and_weight():
    pert = PERT(2, 3, 10)
    assert pert.expectation == pytest.approx((2 + 4 * 3 + 10) / 6)
    assert pert.shapes == (pytest.approx(1.5), pytest.approx(4.5))
    p = np.linspace(0.01, 0.99, 50)
    np.testing.assert_allclose(pert.quantile(p), Beta(1.5, 4.5, low=2, high=10).quantile(p), rtol=1e-14)
    # The mode of the density is the mode that was given.
    assert pert.log_density(3.0) > max(pert.log_density(2.999), pert.log_density(3.001))


def test_lognormal_from_five_and_ninety_five_has_the_geometric_middle_as_median():
    made = LogNormal.from_quantiles({0.05: 1, 0.95: 10}, unit="GW")
    assert made.median == pytest.approx(math.sqrt(10), rel=1e-14)
    assert made.sigma == pytest.approx(math.log(10) / (2 * 1.6448536269514722), rel=1e-14)


def test_a_half_normal_has_a_known_mean():
    assert TruncatedNormal(0, 1, 0, INF).expectation == pytest.approx(math.sqrt(2 / math.pi), rel=1e-14)


def test_discrete_masses_and_steps():
    made = Discrete([0, 1, 5], [0.2, 0.3, 0.5])
    np.testing.assert_array_equal(made.quantile([0.1, 0.2, 0.4, 0.5, 0.51]), [0, 0, 1, 1, 5])
    np.testing.assert_array_equal(made.quantile_from_normal_score([-9.0, -0.5, 0.1, 9.0]), [0, 1, 5, 5])
    np.testing.assert_allclose(made.cdf([-1, 0, 0.5, 1, 4.9, 5, 7]), [0, 0.2, 0.2, 0.5, 0.5, 1, 1])
    np.testing.assert_allclose(np.exp(made.log_density([0, 1, 5, 2, -1, 9])), [0.2, 0.3, 0.5, 0, 0, 0])
    assert made.expectation == pytest.approx(2.8)
    assert made.support == (0.0, 5.0)


def test_discrete_shares_of_a_regular_grid_are_the_weights():
    made = Discrete([0, 1, 2], [0.25, 0.5, 0.25])
    drawn = made.quantile((np.arange(1000) + 0.5) / 1000)
    assert [int((drawn == value).sum()) for value in (0, 1, 2)] == [250, 500, 250]


def test_fixed_is_one_number_everywhere():
    made = Fixed(3, unit="GW")
    assert made.support == (3.0, 3.0) and made.median == made.expectation == 3.0
    np.testing.assert_array_equal(made.quantile([0.1, 0.9]), [3.0, 3.0])
    np.testing.assert_array_equal(made.cdf([2.9, 3.0, 3.1]), [0, 1, 1])
    np.testing.assert_array_equal(made.log_density([2.9, 3.0, 3.1]), [-INF, 0, -INF])


def test_an_unbounded_metalog_has_a_mean_and_a_bounded_one_none():
    made = Metalog((1.0, 2.0, -1.5))
    p = (np.arange(200_000) + 0.5) / 200_000
    assert made.expectation == pytest.approx(made.quantile(p).mean(), abs=1e-4)
    assert Metalog((1.0, 2.0), bounds=(0, INF)).expectation is None


@pytest.mark.parametrize(
    "frozen", [stats.weibull_min(2.0, scale=3.0), stats.t(5, loc=1), stats.nbinom(4, 0.3), stats.poisson(3.5)]
)
def test_any_frozen_scipy_distribution_is_taken(frozen):
    made = ScipyDistribution(frozen, unit="year")
    p = np.array([1e-12, 0.05, 0.5, 0.95])
    np.testing.assert_array_equal(made.quantile(p), frozen.ppf(p))
    np.testing.assert_allclose(made.quantile_from_normal_score(special.ndtri(0.3)), frozen.ppf(0.3), rtol=1e-14)
    np.testing.assert_array_equal(made.quantile_from_normal_score([7.0]), frozen.isf(special.ndtr([-7.0])))
    x = np.array([-1.0, 1.0, 3.0])
    np.testing.assert_array_equal(made.cdf(x), frozen.cdf(x))
    log_density = frozen.logpmf if isinstance(frozen.dist, stats.rv_discrete) else frozen.logpdf
    np.testing.assert_array_equal(made.log_density(x), log_density(x))
    assert made.expectation == frozen.mean() and made.support == frozen.support()


def test_a_scipy_distribution_shows_its_parameters_and_no_address():
    assert repr(ScipyDistribution(stats.weibull_min(2.0, scale=3.0), unit="year")) == (
        "ScipyDistribution(frozen=weibull_min(2.0, scale=3.0), unit='year')"
    )
    assert ScipyDistribution(stats.cauchy()).expectation is None


def test_importing_the_families_imports_no_heavy_library():
    code = (
        "import sys, clustercast.priors.families;"
        "print([name for name in ('scipy.stats', 'scipy.optimize', 'xarray', 'pint', 'pandas') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("base", "wanted"),
    [
        (Normal(3, 2, unit="GW"), Normal(3.5, 3, unit="GW")),
        (LogNormal(1.5, 0.8), LogNormal(2.0, 1.2)),
        (Metalog((2.0, 0.7), bounds=(-1, 4)), Metalog((2.5, 1.05), bounds=(-1, 4))),
        (Metalog((2.0, 0.7), bounds=(-INF, 4)), Metalog((2.5, 1.05), bounds=(-INF, 4))),
        (Uniform(-2, 5), Metalog((0.5, 1.5), bounds=(-2, 5))),
    ],
)
def test_a_family_is_moved_on_its_own_scale(base, wanted):
    moved = families.Moved(base, shift=0.5, width=1.5)
    x = wanted.quantile(np.linspace(0.02, 0.98, 25))
    assert moved.unit == wanted.unit and moved.support == base.support
    np.testing.assert_allclose(moved.quantile(np.linspace(0.02, 0.98, 25)), x, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(moved.cdf(x), wanted.cdf(x), rtol=1e-12)
    np.testing.assert_allclose(moved.log_density(x), wanted.log_density(x), rtol=1e-11, atol=1e-11)
    for scale in (2.0, -3.0):
        turned, other = moved * scale, wanted * scale
        np.testing.assert_allclose(turned.quantile([0.1, 0.6]), other.quantile([0.1, 0.6]), rtol=1e-12)


@pytest.mark.parametrize("base", [Fixed(1.0), Discrete([0, 1], [0.5, 0.5])])
def test_what_has_no_scale_is_not_moved(base):
    with pytest.raises(InputError, match="no scale to move on"):
        families.Moved(base, shift=1.0)
