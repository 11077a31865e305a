"""Pooled priors and forecasts, and whose prior makes the difference: closed forms, identities, bad input."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import clustercast as cc
from clustercast.conditioning.observation_rows import Observation, Observations
from clustercast.decisions.pooling import stacked

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


def test_a_log_pool_has_the_product_of_densities():
    family = cc.pool(SETS, how="log")["b"]

    def density(x):
        return np.sqrt(stats.beta.pdf(x, 2, 3))

    whole = integrate.quad(density, 0, 1)[0]
    x = np.array([0.05, 0.3, 0.6, 0.95])
    exact = [integrate.quad(density, 0, end)[0] / whole for end in x]
    assert family.cdf(x) == pytest.approx(exact, abs=1e-5)
    assert np.exp(family.log_density(x)) == pytest.approx(density(x) / whole, rel=1e-3)
    assert family.cdf(family.quantile([0.1, 0.5, 0.9])) == pytest.approx([0.1, 0.5, 0.9], abs=1e-9)


def test_a_quantile_pool_has_the_mean_of_quantiles():
    pooled, levels = cc.pool(SETS, how="quantile"), np.array([0.01, 0.3, 0.5, 0.99])
    assert pooled["a"] == cc.Normal(1, 0.75, unit="GW", source="quantile pool of one, other", judgement=True)
    exact = (ONE["b"].quantile(levels) + OTHER["b"].quantile(levels)) / 2
    assert pooled["b"].quantile(levels) == pytest.approx(exact, abs=1e-5)
    x, step = pooled["b"].quantile(levels), 1e-4
    slope = (pooled["b"].cdf(x + step) - pooled["b"].cdf(x - step)) / (2 * step)
    assert np.exp(pooled["b"].log_density(x)) == pytest.approx(slope, rel=0.01)


@pytest.mark.parametrize("how", ["linear", "log", "quantile"])
def test_sets_that_agree_are_kept_and_a_weight_of_one_wins(how):
    assert cc.pool({"a": ONE, "b": ONE}, how=how)["b"] == ONE["b"]
    won = cc.pool({"one": ONE, "other": OTHER}, weights=[1.0, 0.0], how=how)
    x = np.linspace(0.1, 0.9, 5)
    assert won["b"].quantile(x) == pytest.approx(ONE["b"].quantile(x))


def priors_of(mean, sd):
    return cc.Priors(x=cc.Normal(mean, sd), y=cc.Uniform(0, 1 + mean), z=cc.Uniform(0, 1))


FORECASTS = {
    name: cc.propagate(cc.draw(priors_of(mean, 1), 8000, seed=3), model=cc.Model([product]))
    for name, mean in (("low", 0.0), ("high", 1.0))
}


def test_pooled_forecasts_are_a_mixture_with_whose_prior_as_an_input():
    pooled = cc.pool(FORECASTS, weights={"low": 0.25, "high": 0.75})
    assert pooled.sizes["sample"] == 10666
    share = float((pooled["product"] > 3).mean())
    exact = 0.25 * float((FORECASTS["low"]["product"] > 3).mean()) + 0.75 * float(
        (FORECASTS["high"]["product"] > 3).mean()
    )
    assert share == pytest.approx(exact, abs=0.02)
    assert (pooled["whose_prior"] == 0).sum() == 2666
    # The law of total variance: knowing whose prior explains the variance between the two means.
    log = np.log10(pooled["product"].values)
    means = [log[pooled["whose_prior"].values == k].mean() for k in (0, 1)]
    between = 0.25 * 0.75 * (means[1] - means[0]) ** 2
    found = cc.evppi(pooled, "product", inputs="whose_prior")
    assert float(found["evppi"][0, 0]) == pytest.approx(between, rel=0.02)


def test_the_parts_of_a_gap_sum_to_it_exactly():
    sets = {"low": priors_of(0.0, 1), "high": priors_of(1.0, 0.5)}
    groups = {"growth": ["x"], "size": ["y"]}
    found = cc.whose_prior(sets, "product", groups=groups, model=cc.Model([product]), size=4096)
    medians = {
        name: np.median(cc.propagate(cc.draw(one, 4096, seed=0), model=cc.Model([product]))["product"])
        for name, one in sets.items()
    }
    assert float(found["gap"]) == pytest.approx(np.log10(medians["high"] / medians["low"]), abs=1e-12)
    assert float(found["part"].sum()) == pytest.approx(float(found["gap"]), abs=1e-12)
    assert found["group"].values[0] == "growth"
    assert found.attrs["unit"] == "OOM"
    assert "growth makes +0.4" in found.attrs["words"]


def test_the_scale_of_a_gap_is_that_of_the_output_whatever_the_draws_are():
    @cc.quantity("1")
    def pure(x):
        return np.exp(x)

    @cc.quantity("W")
    def power(x, watt):
        return x * watt

    sets = {name: cc.Priors(x=cc.Normal(m, 1), watt=cc.Fixed(1, unit="W")) for name, m in (("a", 4), ("b", 5))}
    how = {"groups": {"x": ["x"]}, "model": cc.Model([pure, power], spare=["watt"]), "size": 4096}
    assert cc.whose_prior(sets, "pure", **how).attrs["unit"] == "1"
    # A normal of mean 3 is below 0 in a few of the draws: refused, never in W.
    with pytest.raises(
        cc.InputError, match="'power' has [0-9]+ values with no logarithm; declare it with positive=False"
    ):
        cc.whose_prior({**sets, "a": sets["a"].replace(x=cc.Normal(3, 1))}, "power", **how)


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
    found = cc.whose_prior(sets, "total", groups=groups, model=cc.Model([total]), orders=2, size=512)
    assert float(found["part"].sum()) == pytest.approx(float(found["gap"]), abs=1e-10)
    # A shift of each mean moves the median of the sum by just that.
    assert found["part"].values == pytest.approx([8, 7, 6, 5, 4, 3, 2, 1, 0], abs=1e-9)
    assert "shapley" not in found


def test_whose_prior_as_a_factor_is_an_analysis_of_variance():
    # y = x + w, x of mean 0 or 2 and sd 1 or 2, w of mean 0 or 1 and sd 1: halves of the gaps squared, and the mean
    # variance inside.
    @cc.quantity("1")
    def total(x, w):
        return x + w - 10

    one = cc.Priors(x=cc.Normal(0, 1), w=cc.Normal(0, 1))
    other = cc.Priors(x=cc.Normal(2, 2), w=cc.Normal(1, 1))
    found = cc.whose_prior(
        {"a": one, "b": other}, "total", groups={"x": ["x"], "w": ["w"]}, model=cc.Model([total]), size=16384
    )
    whole = 1 + 0.25 + (1 + 4) / 2 + 1
    exact = {"x": 1 / whole, "w": 0.25 / whole}
    for key in ("S1", "ST", "shapley"):
        gap = found[key].values - [exact[name] for name in found["group"].values]
        assert (np.abs(gap) <= 4 * found[f"{key}_error"].values).all()
    assert float(found["shapley"].sum()) == pytest.approx(float(found["disagreement"]), abs=1e-12)
    assert float(found["shapley_error"].max()) < 0.01
    assert "whose prior it is makes 26 % of the variance, and 21 % (±0.4) is about x" in found.attrs["words"]


def test_factors_that_act_only_together_share_their_interaction():
    @cc.quantity("1")
    def product(x, w, v):
        return (x + v / 10) * w

    sets = [cc.Priors(x=cc.Normal(m, 0.01), w=cc.Normal(m, 0.01), v=cc.Normal(0, 1)) for m in (-1, 1)]
    found = cc.whose_prior(
        dict(zip("ab", sets, strict=True)), "product", groups={"x": ["x"], "w": ["w"]}, model=cc.Model([product])
    )
    # The product of two signs: none matters alone, each with the other, and half of it is each one's.
    share = 1 / 1.0102
    assert found["S1"].values == pytest.approx([0, 0], abs=0.01)
    assert found["ST"].values == pytest.approx([share, share], abs=0.01)
    assert found["shapley"].values == pytest.approx([share / 2, share / 2], abs=0.01)


def test_weights_by_score_are_those_of_the_best_mixture():
    generator = np.random.default_rng(5)
    y = np.concatenate([generator.normal(0, 1, 30), generator.normal(3, 1, 20)])
    logs = np.column_stack([stats.norm.logpdf(y, mean, 1) for mean in (0.0, 3.0, -9.0)])
    found = stacked(logs, [str(k) for k in range(50)])

    def missed(share):
        return -np.log(share * np.exp(logs[:, 0]) + (1 - share) * np.exp(logs[:, 1])).mean()

    best = optimize.minimize_scalar(missed, bounds=(0, 1), method="bounded", options={"xatol": 1e-9}).x
    assert found == pytest.approx([best, 1 - best, 0], abs=1e-5)
    # A group of dependent rows counts as one row.
    assert stacked(np.repeat(logs, 3, axis=0), np.repeat(np.arange(50), 3)) == pytest.approx(found)
    assert stacked(logs[[0, 1, 2, 40]], [*"aaab"]) == pytest.approx(stacked(logs[[0, 40]], [*"ab"]), abs=0.1)


def test_weights_by_score_are_stacked_log_scores_of_what_came_after():
    @cc.quantity("1")
    def level(year, start, growth):
        return np.exp(np.log(10) * growth * (year - start))

    def priors(growth):
        return cc.Priors(growth=cc.Normal(growth, 0.1, unit="OOM/year"), start=cc.Fixed(2020.0, unit="year"))

    values = {2020: 0.0, 2021: 0.5, 2022: 0.9, 2023: 1.4, 2024: 1.3}
    about = {"quantity": "level", "name": "made up", "unit": "1", "sd_log10": 0.1, "source": "made up"}
    rows = tuple(
        Observation(id=str(year), date=year, value=10**value, as_of=str(year), **about)
        for year, value in values.items()
    )
    observed = Observations(rows, {"discrepancy": cc.Fixed(0.0, unit="OOM")}, 0.5)
    sets = {"fast": priors(0.5), "slow": priors(0.3)}
    settings = {"model": cc.Model([level]), "size": 1 << 12}
    found = cc.score_weights(sets, origins=["2021", "2022"], observations=observed, **settings)
    scored = [(origin, year) for origin in (2021, 2022) for year in values if year > origin]
    logs = [
        [stats.norm.logpdf(values[year], g * (year - 2020), np.hypot(0.1 * (year - 2020), 0.1)) for g in (0.5, 0.3)]
        for _, year in scored
    ]
    exact = stacked(np.array(logs), [str(year) for _, year in scored])
    assert list(found.values()) == pytest.approx(exact, abs=0.03)
    assert 0.5 < found["fast"] < 1
    assert cc.pool(sets, weights=found)["growth"].weights == pytest.approx(tuple(found.values()))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cc.score_weights({"a": ONE}, origins=["2025"]), "fewer than two"),
        (
            lambda: cc.score_weights({"one": ONE, "evidence": cc.read_priors("evidence_2026")}, origins=["2025-06"]),
            "'evidence' is dated 2026-[0-9]*, so that it may know what came after 2025-06, and its score is in "
            "sample; give origins after 2026-",
        ),
        (lambda: cc.pool({"one": ONE}), "fewer than two"),
        (lambda: cc.pool(SETS, how="median"), "how is 'median'"),
        (lambda: cc.pool(SETS, weights=[0.5, 0.6]), "with sum 1"),
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
        (lambda: cc.whose_prior(SETS, "product", model=cc.Model([product])), "is in one of 'one' and 'other' only"),
        (
            lambda: cc.whose_prior({"a": ONE, "b": ONE, "c": ONE}, "product", model=cc.Model([product])),
            "a gap is between two",
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
