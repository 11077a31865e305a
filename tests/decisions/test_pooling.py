"""Pooled priors and forecasts, and whose prior makes the difference: closed forms, identities, bad input."""

import itertools
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import clustercast as cc
from clustercast.conditioning.observation_rows import Observation, Observations
from clustercast.decisions import pooling, whose_prior
from clustercast.decisions.pooling import stacked
from clustercast.decisions.whose_prior import _as_factors, _exchanged, _random_chains, _shapley

ONE = cc.Priors(
    cc.Correlation(("a", "b"), 0.6),
    a=cc.Normal(0, 1, unit="GW"),
    b=cc.Uniform(0, 1),
    c=cc.LogNormal(0, 0.5),
    same=cc.Uniform(2, 3),
    switch=0.0,
)
OTHER = cc.Priors(
    a=cc.Normal(2000, 500, unit="MW"),
    b=cc.Beta(2, 3),
    c=cc.LogNormal(1, 0.25),
    same=cc.Uniform(2, 3),
    switch=1.0,
    new=cc.Uniform(5, 6),
)
SETS = {"one": ONE, "other": OTHER}


@cc.quantity("1", positive=True)
def product(x, y, z):
    return np.exp(x) * (1 + y) * (1 + z)


def test_a_linear_pool_is_the_mean_of_distribution_functions():
    pooled = cc.pool(SETS, weights={"one": 0.3, "other": 0.7})
    x = np.linspace(-1, 3, 9)
    exact = 0.3 * stats.norm.cdf(x) + 0.7 * stats.norm.cdf(x, 2, 0.5)
    assert pooled["a"].cdf(x) == pytest.approx(exact)
    assert pooled["a"].unit == "GW"
    assert pooled["same"] == ONE["same"]
    dates = [cc.Priors(t=cc.Normal(year, 1, unit="year")) for year in (2030, 2032)]
    assert cc.pool(dict(zip("ab", dates, strict=True)))["t"].median == pytest.approx(2031)
    assert pooled["new"] == OTHER["new"]
    assert pooled["switch"].quantile([0.29, 0.31]).tolist() == [0.0, 1.0]
    assert pooled.correlations[0].rank == pytest.approx(0.18)
    drawn = cc.draw(pooled, 40000, seed=1)
    assert float((drawn["a"] <= 1).mean()) == pytest.approx(
        0.3 * stats.norm.cdf(1) + 0.7 * stats.norm.cdf(-2), abs=0.01
    )


def test_a_log_pool_of_normals_is_weighted_by_precision():
    pooled = cc.pool(SETS, how="log")
    precision = 0.5 / 1 + 0.5 / 0.25
    assert pooled["a"].mean == pytest.approx(0.5 * 2 / 0.25 / precision)
    assert pooled["a"].sd == pytest.approx(precision**-0.5)
    assert pooled["c"].sigma == pytest.approx((0.5 / 0.25 + 0.5 / 0.0625) ** -0.5)


@pytest.mark.parametrize(
    ("one", "other", "law", "low", "high"),
    [
        (cc.Uniform(0, 1), cc.Beta(2, 3), stats.beta(2, 3), 0, 1),
        (cc.Normal(0, 1), cc.Uniform(-1, 2), stats.norm(), -1, 2),
        # A density that is infinite where the other has none.
        (cc.Uniform(0.3, 0.7), cc.Beta(0.5, 0.5), stats.beta(0.5, 0.5), 0.3, 0.7),
    ],
)
def test_a_log_pool_has_the_product_of_densities(one, other, law, low, high):
    pooled = cc.pool({"one": cc.Priors(b=one), "other": cc.Priors(b=other)}, how="log")
    family = pooled["b"]

    def density(x):
        return np.sqrt(law.pdf(x))

    whole = integrate.quad(density, low, high)[0]
    x = low + (high - low) * np.array([0.05, 0.3, 0.6, 0.95])
    exact = [integrate.quad(density, low, end)[0] / whole for end in x]
    assert family.support == pytest.approx((low, high), abs=1e-6)
    assert family.cdf(x) == pytest.approx(exact, abs=1e-6)
    assert np.exp(family.log_density(x)) == pytest.approx(density(x) / whole, rel=1e-3)
    assert family.cdf(family.quantile([0.1, 0.5, 0.9])) == pytest.approx([0.1, 0.5, 0.9], abs=1e-9)


@pytest.mark.parametrize(
    ("one", "other", "exact", "furthest"),
    [
        (cc.Gamma(2, 1), cc.Gamma(5, 0.5), stats.gamma(0.5 * 2 + 0.5 * 5, scale=1 / (0.5 / 1 + 0.5 / 0.5)), 7.9),
        # A density that is infinite at both ends, and to rounding next to them.
        (cc.ScipyDistribution(stats.beta(0.5, 0.5, 1)), cc.Uniform(0, 3), stats.beta(0.75, 0.75, 1), 6),
        # Laws so far apart that what is likely to the pool is so to neither.
        (cc.Normal(0, 1), cc.Truncated(cc.Normal(80, 1), low=-99), stats.norm(40, 1), 7.9),
        (cc.Truncated(cc.Normal(0, 1), high=20), cc.Truncated(cc.Normal(40, 1), low=15), stats.truncnorm(-5, 0, 20), 6),
    ],
)
def test_a_log_pool_of_one_kind_is_of_that_kind_far_into_its_tails(one, other, exact, furthest):
    scores = np.array([0.1, 2.0, 5.0, furthest])
    family = cc.pool({"a": cc.Priors(b=one), "b": cc.Priors(b=other)}, how="log")["b"]
    assert family.quantile_from_normal_score(scores) == pytest.approx(exact.isf(stats.norm.sf(scores)), rel=1e-3)
    assert family.quantile_from_normal_score(-scores) == pytest.approx(exact.ppf(stats.norm.sf(scores)), rel=1e-3)


def test_a_quantile_pool_has_the_mean_of_quantiles():
    pooled, levels = cc.pool(SETS, how="quantile"), np.array([0.01, 0.3, 0.5, 0.99])
    assert pooled["a"] == cc.Normal(1, 0.75, unit="GW", source="quantile pool of one, other", judgement=True)
    exact = (ONE["b"].quantile(levels) + OTHER["b"].quantile(levels)) / 2
    assert pooled["b"].quantile(levels) == pytest.approx(exact, abs=1e-5)
    wide = cc.pool({"a": cc.Priors(b=cc.Uniform(0, 1)), "b": cc.Priors(b=cc.Normal(0, 1))}, how="quantile")["b"]
    assert wide.support == pytest.approx(((stats.norm.cdf(-8) - 8) / 2, (stats.norm.cdf(8) + 8) / 2), abs=1e-9)
    x, step = pooled["b"].quantile(levels), 1e-4
    slope = (pooled["b"].cdf(x + step) - pooled["b"].cdf(x - step)) / (2 * step)
    assert np.exp(pooled["b"].log_density(x)) == pytest.approx(slope, rel=0.01)


@pytest.mark.parametrize("how", ["linear", "log", "quantile"])
def test_sets_that_agree_are_kept_and_a_weight_of_one_wins(how):
    kept = cc.Uniform(0, 1, source="here", as_of="2024", note="first")
    other = cc.Priors(b=cc.Uniform(0, 1, source="there", as_of="2025", judgement=True))
    assert repr(cc.pool({"a": cc.Priors(b=kept), "b": other}, how=how)["b"]) == repr(kept)
    won = cc.pool({"one": ONE, "other": OTHER}, weights=[1.0, 0.0], how=how)
    x = np.linspace(0.1, 0.9, 5)
    assert type(won["b"]) is cc.Uniform
    assert won["b"].quantile(x) == pytest.approx(ONE["b"].quantile(x))


def test_few_values_are_pooled_by_their_probabilities_however_the_rest_is():
    one, other = cc.Discrete([1, 3], [0.5, 0.5]), cc.Fixed(3)
    for how in ("linear", "log", "quantile"):
        pooled = cc.pool({"a": cc.Priors(k=one), "b": cc.Priors(k=other)}, weights=[0.4, 0.6], how=how)["k"]
        assert isinstance(pooled, cc.Discrete)
        assert dict(zip(pooled.values, pooled.weights, strict=True)) == pytest.approx({1: 0.2, 3: 0.8})
        assert (pooled.source, pooled.judgement) == ("linear pool of a, b", True)
    # One constant is enough; of three sets the first two may agree.
    law = cc.Normal(0, 1, unit="year", as_of="2025")
    sets = {
        "a": cc.Priors(k=law),
        "b": cc.Priors(k=cc.Normal(0, 1, unit="year")),
        "c": cc.Priors(k=cc.Fixed(2, unit="year", as_of="2024")),
    }
    pooled = cc.pool(sets, how="log")["k"]
    assert pooled.cdf([0, 2]) == pytest.approx([1 / 3, 2 / 3 * stats.norm.cdf(2) + 1 / 3])
    assert pooled.as_of == "2025"
    some = cc.pool(
        {"x": cc.Priors(j=1.0), "a": cc.Priors(k=cc.Uniform(0, 1)), "b": cc.Priors(k=cc.Uniform(1, 2))},
        weights=[0.5, 0.2, 0.3],
    )
    assert (some["k"].weights, some.name) == (pytest.approx((0.4, 0.6)), "pool of x and a and b")
    nobody = cc.pool({"x": cc.Priors(j=1.0), **sets}, weights=[1, 0, 0, 0])
    assert nobody["k"] == law


def test_a_law_with_a_value_of_its_own_probability_is_mixed_and_has_no_product():
    some = cc.Mixture((0.5, 0.5), (cc.Fixed(0.5), cc.Normal(0, 1)))
    sets = {"a": cc.Priors(x=some), "b": cc.Priors(x=cc.Normal(1, 1))}
    x = np.array([-1, 0.49, 0.5, 2])
    exact = 0.25 * (x >= 0.5) + 0.25 * stats.norm.cdf(x) + 0.5 * stats.norm.cdf(x, 1)
    mixed = cc.pool(sets)["x"]
    assert mixed.cdf(x) == pytest.approx(exact)
    assert mixed.quantile(exact[[0, 1, 3]]) == pytest.approx(x[[0, 1, 3]], abs=1e-6)
    with pytest.raises(cc.InputError, match="have a probability, so it has no density"):
        cc.pool(sets, how="log")


def test_rank_correlations_are_averaged_and_none_is_left_where_they_cancel():
    def correlated(*between, rank):
        return cc.Priors(cc.Correlation(between, rank), b=cc.Normal(0, 1), a=cc.Normal(rank, 1))

    sets = {"one": correlated("a", "b", rank=0.6), "other": correlated("b", "a", rank=-0.2)}
    (result,) = cc.pool(sets).correlations
    assert (result.source, result.judgement) == ("weighted mean of the pooled sets", True)
    assert (result.between, result.rank) == (("b", "a"), pytest.approx(0.2))
    assert cc.pool({**sets, "other": correlated("b", "a", rank=-0.6)}).correlations == ()
    # A set that holds an input constant states no correlation of it, and may win.
    fixed = cc.Priors(a=cc.Fixed(1), b=cc.Normal(0, 1))
    assert cc.pool({**sets, "fixed": fixed}, weights=[0, 0, 1]).correlations == ()


def dated(priors, as_of):
    return priors.carrying(about=priors.about.model_copy(update={"as_of": as_of}))


def priors_of(mean, sd):
    return cc.Priors(x=cc.Normal(mean, sd), y=cc.Uniform(0, 1 + mean), z=cc.Uniform(0, 1))


FORECASTS = {
    name: cc.propagate(cc.draw(priors_of(mean, 1), 8000, seed=3), model=cc.Model([product]))
    for name, mean in (("low", 0.0), ("high", 1.0))
}


def as_text(forecast, name):
    """Return a forecast with the numbers of one name as texts."""
    return forecast.assign({name: forecast[name].astype(str).assign_attrs(forecast[name].attrs)})


def test_pooled_forecasts_are_a_mixture_with_whose_prior_as_an_input():
    pooled = cc.pool(FORECASTS, weights={"low": 0.25, "high": 0.75})
    assert pooled.sizes["sample"] == 10666
    share = float((pooled["product"] > 3).mean())
    exact = 0.25 * float((FORECASTS["low"]["product"] > 3).mean()) + 0.75 * float(
        (FORECASTS["high"]["product"] > 3).mean()
    )
    assert share == pytest.approx(exact, abs=0.02)
    assert (pooled["whose_prior"] == 0).sum() == 2666
    assert pooled.indexes["sample"].tolist() == list(range(10666))
    plain = {name: one.drop_vars("sample") for name, one in FORECASTS.items()}
    assert cc.pool(plain).sizes["sample"] == 16000
    assert "y" not in cc.pool({"low": FORECASTS["low"], "high": FORECASTS["high"].drop_vars("y")})
    assert cc.pool({name: one.isel(sample=slice(50)) for name, one in FORECASTS.items()}).sizes["sample"] == 100
    # The law of total variance: knowing whose prior explains the variance between the two means.
    log = np.log10(pooled["product"].values)
    means = [log[pooled["whose_prior"].values == k].mean() for k in (0, 1)]
    between = 0.25 * 0.75 * (means[1] - means[0]) ** 2
    # What is the same constant in all does not vary.
    constant = cc.pool(
        {name: one.assign(k=((), 2.0, {"role": "input", "units": "1"})) for name, one in FORECASTS.items()}
    )
    assert cc.evppi(constant, "product")["input"].values.tolist() == ["x", "y", "z", "whose_prior"]
    result = cc.evppi(pooled, "product", inputs="whose_prior")
    assert float(result["evppi"][0, 0]) == pytest.approx(between, rel=0.02)


def test_the_parts_of_a_gap_sum_to_it_exactly():
    sets = {"low": priors_of(0.0, 1), "high": priors_of(1.0, 0.5)}
    groups = {"growth": ["x"], "size": ["y"]}
    # What the output does not need makes no difference.
    wider = {name: cc.Priors(**one, unused=cc.Normal(one["x"].mean, 1)) for name, one in sets.items()}
    result = cc.whose_prior(wider, "product", groups=groups, model=cc.Model([product]), size=4096, seed=5)
    medians = {
        name: np.median(cc.propagate(cc.draw(one, 4096, seed=5), model=cc.Model([product]))["product"])
        for name, one in sets.items()
    }
    assert float(result["gap"]) == pytest.approx(np.log10(medians["high"] / medians["low"]), abs=1e-12)
    assert float(result["part"].sum()) == pytest.approx(float(result["gap"]), abs=1e-12)
    assert result["group"].values[0] == "growth"
    assert result.attrs["unit"] == "OOM"
    assert "growth makes +0.4" in result.attrs["words"]


def test_a_change_from_a_date_on_is_part_of_the_gap_and_is_run():
    @cc.quantity("1", positive=True)
    def grown(rate, year, start):
        return np.exp(rate * (year - start))

    def priors(late):
        rates = {"rate": 0.1, "rate_from_2025": late}
        return cc.Priors(start=cc.Fixed(2024, unit="year"), **{n: cc.Fixed(r, unit="1/year") for n, r in rates.items()})

    result = cc.whose_prior({"a": priors(0.2), "b": priors(0.5)}, "grown", 2027, model=cc.Model([grown]), size=2)
    # Two years at another rate, by hand.
    assert float(result["gap"]) == pytest.approx(2 * (0.5 - 0.2) / np.log(10))
    assert result["group"].values.tolist() == ["test_pooling"]


def test_an_input_that_is_called_like_a_change_is_in_the_section_of_its_own():
    @cc.quantity("1")
    def total(rate_from_2025, rate_from_2030, other_from_2025):
        return rate_from_2025 + rate_from_2030 + other_from_2025

    names = "rate_from_2025", "rate_from_2030", "other_from_2025"
    sets = {f"{m}": cc.Priors(**{name: cc.Normal(m, 1) for name in names}) for m in (0, 1)}
    result = cc.whose_prior(sets, "total", model=cc.Model([total]), size=64)
    assert result["group"].values.tolist() == ["test_pooling"]


def test_the_scale_of_a_gap_is_that_of_the_output_whatever_the_draws_are():
    @cc.quantity("1")
    def pure(x):
        return np.exp(x)

    @cc.quantity("W")
    def power(x, watt):
        return x * watt

    sets = {name: cc.Priors(x=cc.Normal(m, 1), watt=cc.Fixed(1, unit="W")) for name, m in (("a", 4), ("b", 5))}
    how = {"groups": {"x": ["x"]}, "model": cc.Model([pure, power], spare=["watt"]), "size": 4096}
    result = cc.whose_prior(sets, "pure", **how)
    assert result.attrs["unit"] == "1"
    assert re.match(
        r"The median of pure by 'b' is \+9\d from that by 'a'; x makes \+9\d of it\. ", result.attrs["words"]
    )
    # Zero has no logarithm either.
    both = {**sets, "b": cc.Priors(x=cc.Discrete([0, 1], [0.5, 0.5]), watt=cc.Fixed(1, unit="W"))}
    with pytest.raises(cc.InputError, match="'power' has [0-9,]+ values with no logarithm"):
        cc.whose_prior(both, "power", **how)
    # A normal of mean 3 is below 0 in a few of the draws: refused, never in W.
    with pytest.raises(
        cc.InputError, match="'power' has [0-9]+ values with no logarithm; declare it with positive=False"
    ):
        cc.whose_prior({**sets, "a": sets["a"].replace(x=cc.Normal(3, 1))}, "power", **how)
    priors = {name: cc.read_priors(name) for name in ("situational_awareness", "evidence_2026")}
    with pytest.raises(cc.InputError, match="'binding_constraint' holds labels, which have no median"):
        cc.whose_prior(priors, "binding_constraint", 2030)


def test_parts_that_depend_on_each_other_are_means_over_all_orders(monkeypatch):
    # With as many groups as the limit still over all.
    monkeypatch.setattr(whose_prior, "_ALL_SUBSETS", 3)

    @cc.quantity("1")
    def volume(a, b, c):
        return a * b * c - 100

    ends = {"a": (1, 2), "b": (1, 3), "c": (2, 7)}
    sets = [cc.Priors(**{name: cc.Normal(pair[k], 1e-9) for name, pair in ends.items()}) for k in (0, 1)]
    result = cc.whose_prior(
        dict(zip(["one", "other"], sets, strict=True)),
        "volume",
        groups={name: [name] for name in ends},
        model=cc.Model([volume]),
        size=64,
    )
    exact = dict.fromkeys(ends, 0.0)
    for order in itertools.permutations(ends):
        at = {name: low for name, (low, _) in ends.items()}
        for name in order:
            before = math.prod(at.values())
            at[name] = ends[name][1]
            exact[name] += (math.prod(at.values()) - before) / 6
    assert dict(zip(result["group"].values, result["part"].values, strict=True)) == pytest.approx(exact)
    assert result["group"].values.tolist() == sorted(exact, key=exact.get, reverse=True)
    assert (result["part_error"] == 0).all()


def test_the_gap_in_a_year_is_that_year_s():
    @cc.quantity("1", positive=True)
    def level(year, start, growth):
        return np.exp(np.log(10) * growth * (year - start))

    def priors(start, growth):
        growing = cc.Normal(growth, 0.1, unit="OOM/year")
        return cc.Priors(growth=growing, start=cc.Fixed(start, unit="year"))

    sets = {"a": priors(2024.0, 0.3), "b": priors(2025.0, 0.5)}
    how = {"groups": {"start": ["start"], "growth": ["growth"]}, "model": cc.Model([level]), "size": 512}
    result = cc.whose_prior(sets, "level", "2027-07", **how)
    # 0.5 OOM a year over 2.5 years against 0.3 over 3.5; each change before and after the other.
    parts = {"growth": 0.2 * (3.5 + 2.5) / 2, "start": -(0.3 + 0.5) / 2}
    assert dict(zip(result["group"].values, result["part"].values, strict=True)) == pytest.approx(parts, abs=0.02)
    assert result.attrs["words"].startswith(
        "The median of level in 2027.5 by 'b' is +0.2 OOM from that by 'a'; growth "
    )
    with pytest.raises(cc.InputError, match="output 'level' has years; give one, as 2030"):
        cc.whose_prior(sets, "level", **how)
    # Constants have no spread, and still a gap.
    fixed = {
        name: cc.Priors(growth=cc.Fixed(one["growth"].mean, unit="OOM/year"), start=one["start"])
        for name, one in sets.items()
    }
    result = cc.whose_prior(fixed, "level", 2027.5, **how)
    assert dict(zip(result["group"].values, result["part"].values, strict=True)) == pytest.approx(parts)


def test_many_groups_in_random_orders_sum_to_the_gap_too():
    @cc.quantity("1")
    def total(a, b, c, d, e, f, g, h, i):
        return a + b + c + d + e + f + g + h + i - 100

    names = "abcdefghi"
    sets = {
        who: cc.Priors(**{name: cc.Normal(place * k, 1) for k, name in enumerate(names)})
        for who, place in (("one", 0), ("other", 1))
    }
    groups = {name: [name] for name in names}
    result = cc.whose_prior(sets, "total", groups=groups, model=cc.Model([total]), orders=2, size=512)
    assert float(result["part"].sum()) == pytest.approx(float(result["gap"]), abs=1e-10)
    # A shift of each mean moves the median of the sum by just that.
    assert result["part"].values == pytest.approx([8, 7, 6, 5, 4, 3, 2, 1, 0], abs=1e-9)
    assert "shapley" not in result


def test_whose_prior_as_a_factor_is_an_analysis_of_variance():
    # y = x + w, x of mean 0 or 2 and sd 1 or 2, w of mean 0 or 1 and sd 1: halves of the gaps squared, and the mean
    # variance inside.
    @cc.quantity("1")
    def total(x, w):
        return x + w - 10

    one = cc.Priors(x=cc.Normal(0, 1), w=cc.Normal(0, 1))
    other = cc.Priors(x=cc.Normal(2, 2), w=cc.Normal(1, 1))
    result = cc.whose_prior(
        {"a": one, "b": other}, "total", groups={"w": ["w"], "x": ["x"]}, model=cc.Model([total]), size=16384
    )
    whole = 1 + 0.25 + (1 + 4) / 2 + 1
    exact = {"x": 1 / whole, "w": 0.25 / whole}
    for key in ("S1", "ST", "shapley"):
        gap = result[key].values - [exact[name] for name in result["group"].values]
        assert (np.abs(gap) <= 4 * result[f"{key}_error"].values).all()
    assert float(result["shapley"].sum()) == pytest.approx(float(result["disagreement"]), abs=1e-12)
    assert float(result["shapley_error"].max()) < 0.01
    assert "whose prior it is makes 26 % of the variance, and 21 % (±0.4) is about x" in result.attrs["words"]


def test_errors_of_factors_are_the_spread_over_independent_draws():
    # Cells of two factors and one idle one, on the same random numbers: means 0.5 and 1 apart, and an interaction.
    generator = np.random.default_rng(3)
    cells = np.arange(8)
    means = 0.5 * (cells & 1) + (cells >> 1 & 1) + 0.2 * (cells & 1) * (cells >> 1 & 1)
    made = [
        _as_factors(
            means[:, np.newaxis]
            + generator.normal(size=(8, 400)) * ([[1.0], [1.5]] * 4)
            + generator.normal(size=(8, 400)),
            3,
        )
        for _ in range(200)
    ]
    values, errors = (np.array(part) for part in zip(*made, strict=True))
    ratio = np.sqrt((errors**2).mean(axis=0)) / values.std(axis=0)
    assert ratio[:, :2] == pytest.approx(1, abs=0.15)
    assert ratio[3] == pytest.approx(1, abs=0.15)
    assert (np.abs(values[:, :3, 2].mean(axis=0)) < 4 * values[:, :3, 2].std(axis=0) / np.sqrt(200)).all()
    # Of an idle factor, whose mean square is chance, the error is on the safe side: by the square root of 3 at most.
    assert ((ratio[:3, 2] > 1.5) & (ratio[:3, 2] < 1.7)).all()
    # All is one interaction, of which two draws say opposite things: the square of a number about 0 with variance 1/2
    # has the variance 2 (1/2)^2, and half of its error is each factor's.
    signs = np.array([1.0, -1.0, -1.0, 1.0])[:, np.newaxis] * [1, -1]
    assert _as_factors(signs, 2)[1] == pytest.approx(np.sqrt(0.5) * np.array([[0, 0], [1, 1], [0.5, 0.5], [1, 1]]))


def test_the_error_over_orders_is_that_of_means_of_pairs():
    generator, count = np.random.default_rng(1), 4
    value = {chosen: float(generator.normal()) for chosen in range(16)}
    chains = _random_chains(count, 5, seed=2)
    parts, error = _shapley(value, count, chains)
    gains = np.array(
        [
            [value[chain[i + 1]] - value[chain[i]] for i in np.argsort(order)]
            for chain in chains
            for order in [[int(np.log2(b - a)) for a, b in itertools.pairwise(chain)]]
        ]
    )
    assert parts == pytest.approx(gains.mean(axis=0))
    assert error == pytest.approx(stats.sem((gains[::2] + gains[1::2]) / 2))
    assert (_shapley(value, count, chains[:2])[1] == np.inf).all()
    assert np.isfinite(_shapley(value, count, chains[:4])[1]).all()


def test_each_random_order_is_followed_by_its_reverse():
    chains = _random_chains(9, 4, seed=1)
    assert len(chains) == 8 and len({tuple(chain) for chain in chains}) == 8
    for one, other in zip(chains[::2], chains[1::2], strict=True):
        assert [511 - chosen for chosen in reversed(one)] == other
        assert sorted(after - before for before, after in itertools.pairwise(one)) == [2**k for k in range(9)]


def test_sections_differ_where_priors_or_correlations_do():
    base = cc.read_priors("evidence_2026")
    changed = base.replace(load_factor=cc.Uniform(0.5, 0.6), initial_cluster_chips=1.1 * base["initial_cluster_chips"])
    result = cc.whose_prior({"a": base, "b": changed}, "training_cluster_power", 2027, size=64)
    assert set(result["group"].values) == {"cluster", "electricity"}
    assert cc.pool({"a": base, "b": changed}).declared == base.declared

    def joint(rank, mean=0.0):
        return cc.Priors(cc.Correlation(("x", "y"), rank), x=cc.Normal(0, 1), y=cc.Normal(0, 1), z=cc.Normal(mean, 1))

    @cc.quantity("1")
    def total(x, y, z):
        return x + y + z

    how = {"output": "total", "model": cc.Model([total]), "size": 64}
    assert cc.whose_prior({"a": joint(0.5), "b": joint(0.5, 1)}, groups={"z": "z"}, **how)["group"].values.tolist() == [
        "z"
    ]
    assert cc.whose_prior({"a": joint(0.5), "b": joint(0.2)}, groups={"of both": "xy"}, **how).sizes["group"] == 1


def test_correlations_change_hands_with_both_inputs_or_stay_with_both():
    laws = {"x": cc.Normal(0, 1), "y": cc.Normal(0, 1), "z": cc.Normal(0, 1)}
    a = cc.Priors(cc.Correlation(("x", "y"), 0.5), cc.Correlation(("y", "z"), 0.2), **laws)
    b = cc.Priors(cc.Correlation(("x", "z"), 0.7), cc.Correlation(("x", "y"), -0.5), **laws)

    def ranks(given, names):
        return {c.between: c.rank for c in _exchanged(a, given, set(names)).correlations}

    assert ranks(b, "") == {("x", "y"): 0.5, ("y", "z"): 0.2}
    assert ranks(b, "x") == {("y", "z"): 0.2}
    assert ranks(b, "xy") == {("x", "y"): -0.5}
    assert ranks(b, "xyz") == {("x", "z"): 0.7, ("x", "y"): -0.5}


def test_factors_that_act_only_together_share_their_interaction():
    @cc.quantity("1")
    def product(x, w, v):
        return (x + v / 10) * w

    sets = [cc.Priors(x=cc.Normal(m, 0.01), w=cc.Normal(m, 0.01), v=cc.Normal(0, 1)) for m in (-1, 1)]
    result = cc.whose_prior(
        dict(zip("ab", sets, strict=True)), "product", groups={"x": ["x"], "w": ["w"]}, model=cc.Model([product])
    )
    # The product of two signs: none matters alone, each with the other, and half of it is each one's.
    share = 1 / 1.0102
    assert result["S1"].values == pytest.approx([0, 0], abs=0.01)
    assert result["ST"].values == pytest.approx([share, share], abs=0.01)
    assert result["shapley"].values == pytest.approx([share / 2, share / 2], abs=0.01)


def test_weights_by_score_are_those_of_the_best_mixture():
    generator = np.random.default_rng(5)
    y = np.concatenate([generator.normal(0, 1, 30), generator.normal(3, 1, 20)])
    logs = np.column_stack([stats.norm.logpdf(y, mean, 1) for mean in (0.0, 3.0, -9.0)])
    result = stacked(logs, [str(k) for k in range(50)])

    def missed(share):
        return -np.log(share * np.exp(logs[:, 0]) + (1 - share) * np.exp(logs[:, 1])).mean()

    best = optimize.minimize_scalar(missed, bounds=(0, 1), method="bounded", options={"xatol": 1e-9}).x
    assert result == pytest.approx([best, 1 - best, 0], abs=1e-5)
    assert stacked(logs - np.arange(50)[:, np.newaxis] * 30, [str(k) for k in range(50)]) == pytest.approx(result)
    # A group of dependent rows counts as one row.
    assert stacked(np.repeat(logs, 3, axis=0), np.repeat(np.arange(50), 3)) == pytest.approx(result)
    assert stacked(logs[[0, 1, 2, 40]], [*"aaab"]) == pytest.approx(stacked(logs[[0, 40]], [*"ab"]), abs=0.1)


def test_weights_by_score_are_of_the_rows_that_all_score_by_their_priors(monkeypatch):
    losses = {"one": {"a": 1.0, "b": 2.0, "c": 9.0}, "other": {"a": 2.0, "b": 1.5}}

    def backtests(priors, *, origins, choose, size):
        assert (choose, size, origins) == (False, 7, [2024.0, "2025"])
        rows = losses["one" if priors is ONE else "other"].items()
        made = [SimpleNamespace(method="prior", group=key, observation=key, log_score=loss) for key, loss in rows]
        made += [SimpleNamespace(**{**vars(one), "method": "posterior", "log_score": 0.0}) for one in made]
        return [SimpleNamespace(as_of=2024.0, scores=made)]

    monkeypatch.setattr(pooling, "rolling_origin", backtests)
    result = cc.score_weights({"one": ONE, "other": OTHER}, origins=["2025", 2024.0], size=7)
    assert list(result.values()) == pytest.approx(stacked(np.array([[-1, -2], [-2, -1.5]]), ["a", "b"]))


def test_weights_by_score_are_stacked_log_scores_of_what_came_after():
    @cc.quantity("1")
    def level(year, start, growth):
        return np.exp(np.log(10) * growth * (year - start))

    def priors(growth):
        # A set of the day from which it forecasts knows nothing of what came after.
        return cc.Priors(
            growth=cc.Normal(growth, 0.1, unit="OOM/year", as_of="2021"), start=cc.Fixed(2020.0, unit="year")
        )

    values = {2020: 0.0, 2021: 0.5, 2022: 0.9, 2023: 1.4, 2024: 1.3}
    about = {"quantity": "level", "name": "made up", "unit": "1", "sd_log10": 0.1, "source": "made up"}
    rows = tuple(
        Observation(id=str(year), date=year, value=10**value, as_of=str(year), **about)
        for year, value in values.items()
    )
    observed = Observations(rows, {"discrepancy": cc.Fixed(0.0, unit="OOM")}, 0.5)
    sets = {"fast": priors(0.5), "slow": priors(0.3)}
    settings = {"model": cc.Model([level]), "size": 1 << 12}
    result = cc.score_weights(sets, origins=["2021", "2022"], observations=observed, **settings)
    scored = [(origin, year) for origin in (2021, 2022) for year in values if year > origin]
    logs = [
        [stats.norm.logpdf(values[year], g * (year - 2020), np.hypot(0.1 * (year - 2020), 0.1)) for g in (0.5, 0.3)]
        for _, year in scored
    ]
    exact = stacked(np.array(logs), [str(year) for _, year in scored])
    assert list(result.values()) == pytest.approx(exact, abs=0.03)
    assert 0.5 < result["fast"] < 1
    assert cc.pool(sets, weights=result)["growth"].weights == pytest.approx(tuple(result.values()))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cc.score_weights({"a": ONE}, origins=["2025"]), "fewer than two"),
        (
            lambda: cc.score_weights({"one": ONE, "evidence": cc.read_priors("evidence_2026")}, origins="2025-06"),
            f"'evidence' is dated {cc.read_priors('evidence_2026').about.as_of}: it may know what came after "
            "2025-06, and its score is in sample; give origins after 2026-",
        ),
        (
            lambda: cc.score_weights(
                {"one": ONE, "later": dated(cc.read_priors("evidence_2026"), "2027-01")}, origins=["2026-12"]
            ),
            "'later' is dated 2027-01: it may know",
        ),
        (
            lambda: cc.score_weights({"a": cc.Priors(x=1.0), "b": cc.Priors(x=2.0)}, origins=["2025"]),
            "which is neither an input nor a quantity",
        ),
        (lambda: cc.score_weights(SETS, origins=[]), "origins is empty; give one date or more"),
        (lambda: cc.pool({"one": ONE}), "fewer than two"),
        (lambda: cc.pool([ONE, OTHER]), "give two or more by name"),
        (lambda: cc.score_weights([ONE, OTHER], origins=["2025"]), "give two or more by name"),
        (
            lambda: cc.score_weights(
                {"a": cc.Priors(x=cc.Normal(0, 1, as_of="2020"), y=cc.Normal(0, 1, as_of="2026")), "b": ONE},
                origins=["2025"],
            ),
            "'a' is dated 2026: it may know what came after 2025",
        ),
        (
            lambda: cc.pool({"one": cc.Priors(a=cc.Uniform(0, 1)), "other": cc.Priors(a=cc.Uniform(1, 2))}, how="log"),
            "no values in common",
        ),
        (lambda: cc.pool({"a": FORECASTS["low"], "b": FORECASTS["low"].isel(sample=0)}), "'b' is no forecast"),
        (lambda: cc.pool({"a": FORECASTS["low"], "b": as_text(FORECASTS["low"], "y")}), "'y' of 'b'"),
        (
            lambda: cc.pool({"a": FORECASTS["low"].expand_dims(year=[2030]), "b": FORECASTS["low"]}),
            "'b' has other years than the first forecast",
        ),
        (
            lambda: cc.pool({"a": FORECASTS["low"], "b": FORECASTS["low"].expand_dims(year=[2030])}),
            "'b' has other years than the first forecast",
        ),
        (
            lambda: cc.pool({name: FORECASTS["low"].expand_dims(region=[name]) for name in "ab"}),
            "'b' has other regions than the first forecast",
        ),
        (
            lambda: cc.pool({"a": FORECASTS["low"], "b": FORECASTS["low"].rename(product="power")}),
            "'b' and the first forecast do not both hold power, product; propagate both with the same outputs",
        ),
        (lambda: cc.pool(FORECASTS["low"]), "sets is a Dataset; give two or more by name"),
        (lambda: cc.pool(SETS, how="median"), "how is 'median'"),
        (lambda: cc.pool(SETS, weights=[0.5, 0.6]), "with sum 1"),
        (lambda: cc.pool(SETS, weights=[1.5, -0.5]), "give one from 0 to 1 for each of one, other"),
        (lambda: cc.pool(SETS, weights=[0.5, "0.5"]), "give one from 0 to 1 for each of one, other"),
        (lambda: cc.pool(SETS, weights=[1.0]), "give one from 0 to 1 for each of one, other"),
        (lambda: cc.pool(SETS, weights={"one": 1.0}), "weights are for one; give one for each of one, other"),
        (lambda: cc.pool({"one": ONE, "other": 3}), "priors is 3"),
        (
            lambda: cc.pool({"one": cc.Priors(a=cc.Uniform(0, 1)), "other": cc.Priors(a=cc.Uniform(2, 3))}, how="log"),
            "no values in common",
        ),
        (
            lambda: cc.pool(
                {"one": cc.Priors(t=cc.Fixed(2022, unit="year")), "two": cc.Priors(t=cc.Fixed(2026, unit="year"))}
            ),
            "do not count from the same dates; propagate each and pool the forecasts",
        ),
        (
            lambda: cc.pool({"one": cc.Priors(a=cc.Uniform(0, 1, unit="GW")), "two": cc.Priors(a=cc.Uniform(0, 1))}),
            "'a'",
        ),
        (lambda: cc.pool(FORECASTS, how="log"), "forecasts are pooled by their draws"),
        (lambda: cc.pool({**FORECASTS, "three": ONE}), "'three' is no forecast"),
        (lambda: cc.pool(FORECASTS, weights=[1, 0]), "draw more, or weigh more evenly"),
        (
            lambda: cc.pool({name: one.isel(sample=slice(49)) for name, one in FORECASTS.items()}),
            r"leave \[49, 49\] draws",
        ),
        (
            lambda: cc.pool(
                {"a": FORECASTS["low"], "b": FORECASTS["low"].assign(x=FORECASTS["low"]["x"].assign_attrs(units="GW"))}
            ),
            "'x' is in '1' in the first forecast and in 'GW' in 'b'",
        ),
        (
            lambda: cc.pool({"a": FORECASTS["low"], "b": cc.draw(priors_of(0, 1), 64, design="saltelli", seed=1)}),
            "'b' has the design 'saltelli'",
        ),
        (
            lambda: cc.pool(
                {name: FORECASTS["low"].expand_dims(year=[year]) for name, year in (("a", 2030), ("b", 2031))}
            ),
            "'b' has other years than the first forecast",
        ),
        (lambda: cc.whose_prior(SETS, "product", model=cc.Model([product])), "is in one of 'one' and 'other' only"),
        (
            lambda: cc.whose_prior(
                {"a": priors_of(0, 1), "b": priors_of(1, 1)}, "product", groups={"g": ["x"]}, model=cc.Model([product])
            ),
            "input 'y', in which sets differ, is in 0 groups; give one",
        ),
        (
            lambda: cc.whose_prior({"a": ONE, "b": ONE, "c": ONE}, "product", model=cc.Model([product])),
            "a gap is between two",
        ),
        (
            lambda: cc.whose_prior(
                {"a": priors_of(0, 1), "b": priors_of(1, 1)},
                "product",
                "2030",
                groups={"all": "xyz"},
                model=cc.Model([product]),
            ),
            "output 'product' has no years; leave out '2030'",
        ),
        (
            lambda: cc.whose_prior({"a": priors_of(0, 1), "b": priors_of(0, 1)}, "product", model=cc.Model([product])),
            "agree on every input",
        ),
    ],
)
def test_bad_input_is_one_clear_message(call, message):
    with pytest.raises(cc.InputError, match=message):
        call()
