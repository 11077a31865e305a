"""Mixtures, truncation, shift and scale, and what scipy gives, against closed forms and scipy."""

import dataclasses
import math
import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special, stats

import clustercast as cc
import clustercast.priors.families as families
from clustercast.errors import InputError
from clustercast.priors.families import (
    Discrete,
    Fixed,
    Gamma,
    LogNormal,
    Metalog,
    Mixture,
    Normal,
    ScipyDistribution,
    Shifted,
    Truncated,
    TruncatedNormal,
    Uniform,
    as_distribution,
    to,
)
from tests.properties import strategies

INF = math.inf
P = np.array([1e-9, 0.001, 0.05, 0.3, 0.5, 0.7, 0.95, 0.999, 1 - 1e-9])
FEW = settings(max_examples=25)

plain = strategies.distributions("normal", "lognormal", "uniform", "triangular", "gamma", "metalog")


@st.composite
def mixtures(draw):
    components = draw(st.lists(plain, min_size=1, max_size=3))
    shares = draw(st.lists(st.integers(1, 9), min_size=len(components), max_size=len(components)))
    return Mixture([share / sum(shares) for share in shares], components)


@st.composite
def truncations(draw):
    base = draw(plain)
    low, high = base.quantile(sorted([draw(st.floats(0.01, 0.45)), draw(st.floats(0.55, 0.99))]))
    return Truncated(base, *draw(st.sampled_from([(low, high), (-INF, high), (low, INF)])))


@st.composite
def moved(draw):
    factor = draw(st.sampled_from([-3.0, -1.0, 0.25, 2.0]))
    return draw(plain) * factor + draw(st.floats(-5, 5))


composed = st.one_of(mixtures(), truncations(), moved())


@FEW
@given(composed)
def test_the_distribution_function_undoes_the_quantiles(distribution):
    x = distribution.quantile(P)
    # A double is a range: what the neighbours of x enclose; a shift and a scale round once each, there and back.
    few = 4 * np.spacing(np.abs(x)) if distribution.family == "shifted" else 0.0
    below, above = distribution.cdf(np.nextafter(x - few, -INF)), distribution.cdf(np.nextafter(x + few, INF))
    assert (below - 1e-10 <= P).all() and (P <= above + 1e-10).all()
    assert (np.diff(x) >= -4e-15 * np.abs(x[1:])).all()
    low, high = distribution.support
    assert (x >= low).all() and (x <= high).all()


@FEW
@given(composed)
def test_the_density_integrates_to_the_probability(distribution):
    # The midpoint rule between quantiles: every interval holds the same probability, so that no peak is missed.
    nodes = distribution.quantile(np.linspace(0.1, 0.9, 3201))
    # A shift by 1 leaves none of the digits in which a gamma distribution of a small shape differs from 0.
    assume((np.diff(nodes) > 1e-12 * np.abs(nodes[1:])).all())
    area = np.exp(distribution.log_density((nodes[1:] + nodes[:-1]) / 2)) * np.diff(nodes)
    assert area.sum() == pytest.approx(0.8, abs=4e-3)


@FEW
@given(composed)
def test_a_composed_distribution_is_a_value(distribution):
    twin = pickle.loads(pickle.dumps(distribution))
    assert twin == distribution and hash(twin) == hash(distribution)
    assert eval(repr(distribution), {**vars(families), "inf": INF}) == distribution
    with pytest.raises(dataclasses.FrozenInstanceError):
        distribution.unit = "GW"


@FEW
@given(composed, st.sampled_from([("month", "year", 1 / 12), ("GW", "W", 1e9)]))
def test_a_converted_distribution_draws_the_same_amounts(distribution, units):
    unit, to_unit, factor = units
    here = dataclasses.replace(distribution, unit=unit)
    there = here.in_unit(to_unit)
    x = here.quantile(P[1:-1])
    # A probability is known to its rounding: where there is next to no density, many amounts have it.
    rounding = 1e-15 * np.minimum(P, 1 - P)[1:-1] * np.exp(np.minimum(-here.log_density(x), 700))
    allowed = 1e-8 * np.abs(x) + 1e-9 * np.abs(x).max() + rounding
    assert (np.abs(there.quantile(P[1:-1]) / factor - x) <= allowed).all()


@FEW
@given(plain, st.floats(0.5, 4.0), st.floats(-3, 3))
def test_shift_and_scale_move_the_quantiles(distribution, scale, shift):
    x, made = distribution.quantile(P), distribution * scale + shift
    size = np.abs(x).max() * scale + abs(shift)
    np.testing.assert_allclose(made.quantile(P), scale * x + shift, rtol=1e-9, atol=1e-12 * size)
    np.testing.assert_allclose(
        (-1.0 * distribution).quantile(P),
        -distribution.quantile_from_normal_score(-special.ndtri(P)),
        rtol=1e-9,
        atol=1e-9 * np.abs(x).max(),
    )


@pytest.mark.parametrize(("low", "high"), [(-1.0, 2.0), (0.0, INF), (-INF, 0.5), (2.0, 3.0), (-9.0, -6.0), (5.0, INF)])
def test_a_truncated_normal_is_scipys(low, high):
    reference = stats.truncnorm(low, high)
    for made in (
        Truncated(Normal(0, 1), low, high),
        Truncated(stats.norm(), low, high),
        TruncatedNormal(0, 1, low, high),
    ):
        np.testing.assert_allclose(made.quantile(P), reference.ppf(P), rtol=1e-9, atol=1e-12)
        x = reference.ppf([0.01, 0.4, 0.99])
        np.testing.assert_allclose(made.cdf(x), [0.01, 0.4, 0.99], rtol=1e-9)
        np.testing.assert_allclose(made.log_density(x), reference.logpdf(x), rtol=1e-9)
        assert made.support == (low, high)


def test_a_truncated_exponential_has_its_closed_form_and_no_memory():
    made = Truncated(Gamma(1, 2), low=3.0)
    np.testing.assert_allclose(made.quantile(P), 3 - 2 * np.log1p(-P), rtol=1e-9)
    closed = Truncated(Gamma(1, 2), high=3.0)
    np.testing.assert_allclose(closed.cdf([1.0, 2.0]), np.expm1([-0.5, -1.0]) / np.expm1(-1.5), rtol=1e-12)


def test_a_truncated_poisson_keeps_its_counts():
    made = Truncated(stats.poisson(3.5), 2, 5)
    counts = np.arange(2, 6)
    masses = stats.poisson(3.5).pmf(counts) / stats.poisson(3.5).pmf(counts).sum()
    np.testing.assert_allclose(np.exp(made.log_density(counts)), masses, rtol=1e-12)
    np.testing.assert_allclose(made.cdf(counts), np.cumsum(masses), rtol=1e-12)
    assert made.support == (2.0, 5.0)
    shares = np.bincount(made.quantile((np.arange(10_000) + 0.5) / 10_000).astype(int))[2:] / 10_000
    np.testing.assert_allclose(shares, masses, atol=1e-3)


def test_a_mixture_of_normals_has_the_weighted_distribution_function_density_and_mean():
    made = Mixture([0.25, 0.75], [Normal(0, 1), Normal(5, 0.5)])
    x = np.linspace(-3, 7, 41)
    expected = 0.25 * stats.norm(0, 1).cdf(x) + 0.75 * stats.norm(5, 0.5).cdf(x)
    np.testing.assert_allclose(made.cdf(x), expected, rtol=1e-13)
    density = 0.25 * stats.norm(0, 1).pdf(x) + 0.75 * stats.norm(5, 0.5).pdf(x)
    np.testing.assert_allclose(np.exp(made.log_density(x)), density, rtol=1e-12)
    assert made.expectation == 0.25 * 0 + 0.75 * 5
    np.testing.assert_allclose(made.cdf(made.quantile(P)), P, rtol=1e-9)


def test_a_mixture_with_values_of_their_own_probability_gives_exactly_them():
    made = Mixture([0.3, 0.2, 0.5], [0, Discrete([1, 2], [0.5, 0.5]), Uniform(1, 3)], unit="GW")
    p = (np.arange(1000) + 0.5) / 1000
    x = made.quantile(p)
    assert ((x == 0).sum(), (x == 1).sum(), (x == 2).sum()) == (300, 100, 100)
    np.testing.assert_allclose(made.cdf([0, 1, 1.5, 2, 3]), [0.3, 0.4, 0.525, 0.75, 1.0], rtol=1e-12)
    assert made.expectation == pytest.approx(0.2 * 1.5 + 0.5 * 2)
    with pytest.raises(InputError, match="no density"):
        made.log_density(1.5)


def test_a_set_of_many_mixtures_is_tabulated_once():
    priors = cc.Priors(**{f"x{i}": Mixture([0.5, 0.5], [Fixed(i), Fixed(i + 1)]) for i in range(40)})
    first, known = cc.draw(priors, 8, seed=1), families.composed._table.cache_info().misses
    assert cc.draw(priors, 8, seed=1).equals(first)
    assert families.composed._table.cache_info().misses == known


def test_a_mixture_of_one_is_that_one():
    np.testing.assert_allclose(Mixture([1.0], [LogNormal(0, 2)]).quantile(P), LogNormal(0, 2).quantile(P), rtol=1e-9)


def test_components_are_converted_to_the_unit_of_the_mixture():
    made = Mixture([0.5, 0.5], [LogNormal(0, 0.1, unit="GW"), Fixed(500, unit="MW")])
    assert made.unit == "GW"
    assert made.components == (LogNormal(0, 0.1), Fixed(0.5))
    with pytest.raises(InputError, match="'USD', which does not convert to 'GW'"):
        Mixture([0.5, 0.5], [Normal(0, 1, unit="GW"), Normal(0, 1, unit="USD")])


def test_a_text_is_added_in_the_unit_of_the_distribution():
    made = Normal(1, 2, unit="GW") + "500 MW"
    assert made == Normal(1.5, 2, unit="GW")
    assert 2 * Normal(1, 2) == Normal(2, 4) == np.float64(2) * Normal(1, 2)
    assert (3.0 + Uniform(0, 1)) == Uniform(3, 4) and Uniform(0, 1) - 3 == Uniform(-3, -2)
    assert Fixed(2) * -1 == Fixed(-2)
    assert LogNormal(0, 1) * 3 == LogNormal(math.log(3), 1)
    assert Metalog((0, 1), bounds=(0, INF)) + 1 == Metalog((0, 1), bounds=(1, INF))
    shifted = LogNormal(0, 1, unit="year", source="A (2024)") + 1
    assert shifted == Shifted(LogNormal(0, 1, source="A (2024)"), 1.0, unit="year", source="A (2024)")
    assert (shifted * 2 - 1) == dataclasses.replace(shifted, shift=1.0, scale=2.0)
    assert (cc.Gamma(3, 2, unit="month") + "1 year").support == (12.0, INF)


def test_to_is_a_ninety_percent_interval():
    np.testing.assert_allclose(to(1, 10, unit="GW").quantile([0.05, 0.95]), [1, 10])
    assert isinstance(cc.to(1, 10), LogNormal) and isinstance(cc.to(-1, 10), Normal) and isinstance(to(0, 1), Normal)
    assert to(1, 10, unit="GW").unit == "GW"


def test_a_histogram_a_kernel_density_and_the_newer_interface_of_scipy_are_taken():
    data = np.random.default_rng(5).gamma(2.0, size=60)
    histogram = stats.rv_histogram(np.histogram(data, bins=12))
    np.testing.assert_array_equal(as_distribution(histogram).quantile(P), histogram.ppf(P))
    density = stats.gaussian_kde(data, weights=np.arange(1, 61))
    made = as_distribution(density, unit="year")
    x = np.linspace(0, 5, 11)
    assert made.unit == "year"
    np.testing.assert_allclose(np.exp(made.log_density(x)), density(x), rtol=1e-10)
    np.testing.assert_allclose(made.cdf(x), [density.integrate_box_1d(-INF, end) for end in x], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(made.cdf(made.quantile(P)), P, rtol=1e-9)
    newer = ScipyDistribution(stats.Normal(mu=2.0, sigma=3.0))
    np.testing.assert_allclose(newer.quantile(P), stats.norm(2, 3).ppf(P), rtol=1e-9)
    np.testing.assert_allclose(newer.tails(x)[1], stats.norm(2, 3).sf(x), rtol=1e-9)
    np.testing.assert_allclose(newer.log_density(x), stats.norm(2, 3).logpdf(x), rtol=1e-9)
    assert newer.expectation == 2.0


def test_the_hash_of_priors_sees_the_data_of_a_distribution():
    def hashed(distribution):
        return cc.Priors(x=distribution).hash

    counts, edges = np.histogram([1.0, 2.0, 2.5, 4.0], bins=3)
    one, same = stats.rv_histogram((counts, edges)), stats.rv_histogram((counts.copy(), edges.copy()))
    other = stats.rv_histogram((counts + [0, 0, 1], edges))
    assert hashed(one) == hashed(same) != hashed(other)
    assert hashed(stats.Normal(mu=0)) == hashed(stats.Normal(mu=0)) != hashed(stats.Normal(mu=1e-9))
    assert hashed(stats.gaussian_kde([0, 1, 2.0])) != hashed(stats.gaussian_kde([0, 1, 2.5]))
    table = stats.rv_discrete(values=([0, 1], [0.3, 0.7]))
    assert hashed(table()) == hashed(table()) != hashed(stats.rv_discrete(values=([0, 1], [0.4, 0.6]))())
    assert "0x" not in repr(ScipyDistribution(one)) + repr(ScipyDistribution(table()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Mixture([0.5, 0.4], [Normal(0, 1)] * 2), "mixture: weights sum to 0.9; they must sum to 1"),
        (lambda: Mixture([1.0], [Normal(0, 1)] * 2), "mixture: 2 components and 1 weight; give each component one"),
        (lambda: Mixture([1.0], Normal(0, 1)), "mixture: components = .* a row of distributions is needed"),
        (lambda: Mixture([1.0], ["normal"]), "mixture: 'normal' is not a distribution; give one such as"),
        (lambda: Truncated(Normal(0, 1), 3, 2), "truncated: low = 3 must be below high = 2"),
        (lambda: Truncated(Uniform(0, 1), 3, 4), r"truncated: low = 3 to high = 4 holds nothing of Uniform"),
        (lambda: Truncated("normal", 3, 4), "truncated: 'normal' is not a distribution"),
        (lambda: families.Moved(Normal(0, 1), width=-1), "moved: width = -1 must be greater than 0"),
        (lambda: Normal(0, 1) + Normal(0, 1), r"two distributions are not combined by \+ here; draw both"),
        (lambda: Normal(0, 1) * Normal(0, 1), r"two distributions are not combined by \* here; draw both"),
        (lambda: Normal(0, 1) + "3 GW", "'3 GW' is in 'GW', which does not convert to '1'"),
        (lambda: Normal(0, 1, unit="OOM/year") + "3 %/year", "the two mean different things"),
        (lambda: LogNormal(0, 1) * 0, "shifted: scale = 0 leaves one number"),
        (lambda: LogNormal(0, 1) * True, "the factor is True; give a number"),
        (lambda: to(3, 1), "quantiles out of order"),
        (lambda: Normal.from_quantiles({0.05: "1", 0.95: 2}), "quantile '1' is not a finite number"),
    ],
)
def test_bad_input_is_explained_in_one_sentence(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_help_shows_parameters_units_and_an_example():
    import pydoc

    shown = pydoc.render_doc(LogNormal, renderer=pydoc.plaintext)
    # Python 3.13 writes a long signature over several lines.
    assert "mu: float, sigma: float, *, unit: str = '1'" in " ".join(shown.replace("|", " ").split())
    for text in ("mu, sigma : float", "in `unit`", ">>> ", "unit, bounds, source"):
        assert text in shown


@pytest.mark.parametrize("prior", [Normal(3, 2), LogNormal(0, 1), Gamma(2, 3), cc.Discrete([0, 1], [0.25, 0.75])])
def test_a_number_less_a_distribution_and_a_quotient_are_distributions(prior):
    levels = np.array([0.01, 0.3, 0.5, 0.9])
    np.testing.assert_allclose(
        (1 - prior).quantile(levels)[[0, 3]], (1 - prior.quantile(1 - levels))[[0, 3]], rtol=1e-12
    )
    np.testing.assert_allclose((prior / 4).quantile(levels), prior.quantile(levels) / 4, rtol=1e-14)
    for wrong in (lambda: 1 / prior, lambda: prior / 0, lambda: prior / prior, lambda: prior - prior):
        with pytest.raises(InputError):
            wrong()


def test_an_amount_less_a_distribution_is_in_its_unit():
    left = "3 GW" - cc.Uniform(0, 500, unit="MW")
    assert left.unit == "MW" and left.support == (2500.0, 3000.0)
