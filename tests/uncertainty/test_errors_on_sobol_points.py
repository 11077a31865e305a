"""Errors of probabilities, crossings and scenarios on replicated Sobol' points, against exact answers."""

import numpy as np
import pytest
from scipy import stats

import clustercast as cc
from clustercast.arrays.summaries import share_with_error
from clustercast.sampling import even_draw
from clustercast.uncertainty.milestones import exceedance, milestones
from clustercast.uncertainty.scenarios import paired_forecasts, scenario_changes

SIZE, SEEDS = 1024, 60
THREE = cc.Priors(**dict.fromkeys("xyz", cc.Uniform(0, 1)))


def sum_of_scores(x, y, z):
    return stats.norm.ppf(x) + stats.norm.ppf(y) + stats.norm.ppf(z)


# Each function, and the level above which it is with a probability.
LAWS = {
    "smooth": (sum_of_scores, stats.norm(0, np.sqrt(3)).isf),
    "product": (lambda x, y, z: x * y * z, lambda p: np.exp(-stats.gamma(3).ppf(p))),
    "corner": (lambda x, y, z: np.minimum(x, y) + 0 * z, lambda p: 1 - np.sqrt(p)),
}


def drawn(function, seed, size=SIZE):
    return cc.evaluate(even_draw(THREE, size, seed), function, outputs={"made": "1"}, form="arrays")


def standardised(law, probability, of):
    """Return estimates less the truth, over their errors, and the errors over those of independent draws."""
    function, level = LAWS[law]
    both = np.array([of(drawn(function, seed), float(level(probability))) for seed in range(SEEDS)])
    exact_error = np.sqrt(probability * (1 - probability) / SIZE)
    return (both[:, 0] - probability) / both[:, 1], both[:, 1] / exact_error


@pytest.mark.parametrize("probability", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("law", LAWS)
def test_the_error_of_a_probability_is_that_of_the_design(law, probability):
    def of(forecast, level):
        return cc.parse_condition(f"made > {level!r}").probability(forecast)

    far, narrower = standardised(law, probability, of)
    # Student's t of 15 degrees of freedom has the variance 15/13; its mean square over 60 seeds a deviation of 0.25.
    assert 0.5 < np.mean(far**2) < 2
    # 93.1 % of it is within 1.96; 3 standard deviations of a share of 60 are 0.1.
    assert np.mean(np.abs(far) <= 1.96) >= 0.83
    assert np.mean(narrower) < {0.5: 0.5, 0.1: 0.6, 0.01: 1.0}[probability]


@pytest.mark.parametrize(("counted", "parts"), [(0, 16), (1, 16), (2, 16), (SIZE, 16), (SIZE - 1, 16)])
def test_a_rare_event_has_an_error_near_that_of_as_many_independent_samples(counted, parts):
    """None, one or two of 1,024 say as little on any design: the error is not 0, nor far from that of a count."""
    reached = np.zeros(SIZE, dtype=bool)
    reached[np.linspace(0, SIZE - 1, counted).astype(int)] = True
    plain, own = (float(share_with_error(reached, None, several)[1]) for several in (1, parts))
    assert 0.7 * plain < own < 1.3 * plain


def test_what_replicates_count_alike_is_known_to_a_sample():
    reached = np.tile(np.arange(64) < 16, 16)
    share, error = share_with_error(reached, None, 16)
    assert (float(share), float(error)) == (0.25, pytest.approx(1 / SIZE, rel=0.01))


@pytest.mark.parametrize("design", ["sobol", "latin"])
@pytest.mark.parametrize(("size", "parts", "level"), [(1024, 8, 0.03), (256, 16, 0.247), (1024, 16, 0.0615)])
def test_a_step_in_one_input_that_replicates_may_count_alike_is_covered(size, parts, level, design):
    """A step of 1 + y in 0.03 of x: a fourth of eight replicates of 128 points count 4 each, and not 3.84."""
    priors, factor = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1)), stats.t(parts - 1).ppf(0.975)
    step = lambda x, y: np.where(x > 1 - level, 1 + y, 0.0) + 0.2 * x  # noqa: E731
    covered = []
    for seed in range(60):
        sample = cc.draw(priors, size, design=design, replicates=parts, seed=seed)
        made = cc.evaluate(sample, step, outputs={"made": "1"}, form="arrays")
        share, mean = exceedance(made["made"], 0.9), cc.summarise(made)
        near = abs(float(share) - level) <= factor * float(share.standard_error)
        exact = 1.5 * level + 0.1
        covered.append((near, abs(float(mean["made_mean"]) - exact) <= factor * float(mean["made_mean_error"])))
    # By the spread of replicates alone 65 to 70 %.
    assert (np.mean(covered, axis=0) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)).all()


def test_a_step_that_few_samples_are_beyond_is_no_long_tail():
    """Of 1 + y in .01 of x the largest 192 of 4,096 look like a tail: its stated error is near the true one."""
    priors, errors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1)), []
    for seed in range(20):
        sample = cc.draw(priors, 4096, design="sobol", replicates=16, seed=seed)
        step = lambda x, y: np.where(x > 0.99, 1 + y, 0.0) + 0.2 * x  # noqa: E731
        mean = cc.summarise(cc.evaluate(sample, step, outputs={"made": "1"}, form="arrays"))
        errors.append((float(mean["made_mean"]) - 0.115, float(mean["made_mean_error"])))
    missed, stated = np.sqrt(np.square(errors).mean(axis=0))
    assert 0.6 * missed < stated < 2 * missed


def test_a_share_of_a_few_replicates_alone_is_hardly_known():
    """A quarter of all, every one in 4 of 16 parts: the parts are 16 samples, of deviation 0.45."""
    reached = np.repeat(np.arange(16) < 4, 64)
    assert float(share_with_error(reached, None, 16)[1]) == pytest.approx(0.447 / 4, rel=0.1)


def test_every_way_to_ask_has_the_one_error_and_a_part_of_a_draw_that_of_independent_samples():
    @cc.quantity("1")
    def made(x, y, z, year):
        return (x + y + z) * (year / year)

    forecast = cc.propagate(even_draw(THREE, 4096), model=cc.Model([made]), years=[2025, 2026, 2027])
    share, error = cc.parse_condition("made > 2 in 2026").probability(forecast)
    chance = exceedance(forecast["made"], 2.0).sel(year=2026)
    table = milestones(forecast, {"made": 2.0}).isel(milestone=0)
    claim = cc.read_claims()[0].model_copy(update={"quantity": "", "condition": "made > 2 in 2026"})
    answers = cc.claim_probabilities(forecast, [claim])
    labels = {"role": "output", "units": "1", "labels": '["no", "yes"]'}
    labelled = forecast.assign(above=("sample", (forecast["made"].sel(year=2026) > 2).values * 1.0, labels))
    shares = cc.summarise(labelled[["above"]].assign_attrs(forecast.attrs))
    assert error < 0.6 * np.sqrt(share * (1 - share) / 4096)
    for given in (
        float(chance["standard_error"]),
        float(table["reached_error"].sel(year=2026)),
        float(answers["standard_error"][0]),
        float(shares["above_share_error"].sel(above_label="yes")),
    ):
        assert given == pytest.approx(error)
    part = forecast.isel(sample=slice(0, 1024))
    share, error = cc.parse_condition("made > 2 in 2026").probability(part)
    assert error == pytest.approx(np.sqrt(share * (1 - share) / 1024), rel=0.01)
    assert "independent samples" in cc.summarise(part).attrs["error_method"]


def test_the_error_of_a_crossing_year_is_that_of_the_design():
    """What grows by 1/u a year reaches 4 after 4 u years: not by 2027 with the probability 1/4."""

    @cc.quantity("year", positive=True)
    def grown(x, y, z, start, year):
        return (year - start) / x + 0 * (y + z) * start

    years, far, narrower = [2024, 2025, 2026, 2027], [], []
    priors = cc.Priors(**THREE, start=cc.Fixed(2024, unit="year"))
    for seed in range(SEEDS):
        forecast = cc.propagate(even_draw(priors, SIZE, seed), model=cc.Model([grown]), years=years)
        row = milestones(forecast, {"grown": 4.0}, probabilities=[0.25, 0.5, 0.8]).isel(milestone=0)
        far.append((row["crossing_year"][:2] - [2025, 2026]) / row["crossing_year_error"][:2])
        narrower.append(float(row["crossing_year_error"][1]) / (4 * np.sqrt(0.25 / SIZE)))
        assert float(row["crossing_year"][2]) == np.inf and float(row["crossing_year_error"][2]) == 0
    # In one input the points are a net: the error is that of a slice, not of independent points.
    assert np.mean(narrower) < 0.2
    assert np.mean(np.abs(far) <= 1.96) >= 0.83


@pytest.mark.parametrize(
    ("priors", "scenario"), [("evidence_2026", "no_new_gas"), ("situational_awareness", "memory_price")]
)
def test_a_scenario_that_fixes_or_frees_an_input_leaves_the_draws_of_every_other_as_they_are(priors, scenario):
    sets = [cc.read_priors(priors, scenario=name) for name in (None, scenario)]
    base, other = paired_forecasts(sets, 64, 1, outputs=["ai_investment"], years=[2030])
    alike = [name for name in sets[0].uncertain if sets[1].get(name) == sets[0][name]]
    own = [name for name in sets[1].uncertain if name in sets[0].uncertain]
    assert len(alike) > 90 and len(sets[1].uncertain) != len(sets[0].uncertain)
    # By their own order some would have changed columns.
    assert [sets[0].uncertain.index(name) for name in own] != [sets[1].uncertain.index(name) for name in own]
    for name in alike:
        np.testing.assert_array_equal(base[name], other[name])


@cc.quantity("1", positive=True)
def made(a, b, c, year):
    """A power of e, so that the logarithm of a change is a difference of inputs."""
    return np.exp(a + b * c) * (year / year)


BASE = cc.Priors(a=cc.Normal(0, 1), b=cc.Normal(0, 1), c=cc.Normal(1, 0.5))


@pytest.mark.parametrize(("size", "most"), [(1024, 0.2), (1000, 1.1)])
def test_the_error_of_a_change_is_that_of_the_design(size, most):
    """With a fixed, c moved and b kept the change is exp of the mean of 0.3 - a + b (c' - c), which is 0.3."""
    sets = [BASE, BASE.replace(a=0.3, c=cc.Normal(1.2, 0.5))]
    # Of a and of 0.2 b.
    independent, far = np.sqrt((1 + 0.2**2) / size), []
    for seed in range(40):
        base, other = paired_forecasts(sets, size, seed, model=cc.Model([made]), years=[2030])
        changes = scenario_changes(base, {"other": other}).isel(output=0, year=0).sel(scenario="other")
        far.append(float((np.log(changes["change"]) - 0.3) / changes["change_error"]))
        assert float(changes["change_error"]) < most * independent
        assert float(changes["order_probability"][0]) > 0.999
    assert 0.4 < np.mean(np.square(far)) < 2.2 and np.mean(np.abs(far) <= 1.96) >= 0.8


def test_the_order_of_two_scenarios_that_differ_by_nothing_is_chance():
    """Of a mean of 16 parts over its error Student's law holds, so its probability is uniform above one half."""
    sets, probabilities = [BASE, BASE.replace(c=cc.Normal(1, 1))], []
    for seed in range(100):
        base, other = paired_forecasts(sets, 64, seed, model=cc.Model([made]), years=[2030])
        changes = scenario_changes(base, {"other": other})
        probabilities.append(float(changes["order_probability"].isel(output=0, year=0)[0, 1]))
    assert stats.kstest(probabilities, stats.uniform(0.5, 0.5).cdf).pvalue > 0.01


def test_draws_that_are_no_pairs_are_refused():
    def forecast(priors, size=64, seed=1, **how):
        return cc.propagate(cc.draw(priors, size, seed=seed, **how), model=cc.Model([made]), years=[2030])

    parts = {"design": "sobol", "replicates": 16}
    base, fixed = forecast(BASE, **parts), BASE.replace(a=0.3)
    for other, said in (
        (forecast(fixed, **parts), r"has the columns \['b', 'c'\], and the base \['a', 'b', 'c'\]; draw both alike"),
        (forecast(fixed, **parts, columns=["b", "c", "a"]), r"has the columns \['b', 'c', 'a'\]"),
        (forecast(fixed), "has the name 'random', and the base 'sobol'"),
        (forecast(BASE, design="sobol", replicates=8), "has the replicates 8, and the base 16"),
        (forecast(BASE, seed=2, **parts), "has the seed 2, and the base 1"),
        (forecast(BASE, 128, **parts), "has the size 128, and the base 64"),
    ):
        with pytest.raises(cc.InputError, match=said):
            scenario_changes(base, {"other": other})
    for how in ({"design": "sobol"}, {"design": "latin", "replicates": 2}):
        with pytest.raises(cc.InputError, match="compared on 'random', or 4 or more replicates of 'sobol' or 'latin'"):
            scenario_changes(forecast(BASE, **how), {})
    assert scenario_changes(base, {"other": forecast(fixed, **parts, columns=["a", "b", "c"])}).sizes["scenario"] == 2
    pair = [forecast(priors, design="latin", replicates=4) for priors in (BASE, fixed)]
    assert scenario_changes(pair[0], {"other": pair[1]}).sizes["scenario"] == 2
