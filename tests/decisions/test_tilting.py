"""Tilts: Gaussian closed forms, fresh draws of the written scenario, bad input."""

import dataclasses
import datetime
import re
import tomllib

import numpy as np
import pytest
from scipy.stats import norm

import clustercast as cc
from clustercast.decisions.tilting import shifted


@cc.quantity("1")
def total(x, y, idle):
    return 0 * idle + x + y / 2


@cc.quantity("1")
def product(a, b, c):
    return a * b + c


GAUSSIAN = cc.Priors(x=cc.Normal(1, 0.5), y=cc.Normal(0, 2), idle=cc.Uniform(0, 1), name="gaussian")
# A family of each kind that a scenario must refit.
MIXED = cc.Priors(
    cc.Correlation(("a", "b"), 0.5), a=cc.Uniform(1, 3), b=cc.Beta(2, 3), c=cc.LogNormal(-1, 0.5), name="mixed"
)


@pytest.fixture(scope="module")
def forecast():
    return cc.propagate(cc.draw(GAUSSIAN, 2**16, design="sobol", seed=4), model=cc.Model([total]))


@pytest.fixture(scope="module")
def mixed():
    return cc.propagate(cc.draw(MIXED, 2**15, seed=4), model=cc.Model([product]))


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.8])
def test_the_gaussian_case_is_exact(forecast, probability):
    # total is normal with mean 1 and variance 0.25 + 1; the least shift of means is along their variances.
    result = cc.tilt(forecast, "total > 2", probability=probability, priors=GAUSSIAN)
    sd = np.sqrt(1.25)
    size = 1 + norm.ppf(probability) * sd
    after = result.marginals["after"].sel(quantile=0.5)
    assert float(after.sel(input="x")) == pytest.approx(1 + 0.25 / 1.25 * size, abs=0.01)
    assert float(after.sel(input="y")) == pytest.approx(0 + 0.5 * 4 / 1.25 * size, abs=0.04)
    assert result.marginals["input"].values.tolist() == ["y", "x"]
    # The exact normals of the shifted means: closed form of the probability itself.
    mean = result.priors["x"].mean + result.priors["y"].mean / 2
    assert norm.sf(2, mean, sd) == pytest.approx(probability, abs=0.004)
    assert result.priors["idle"] == GAUSSIAN["idle"]
    before = norm.sf(2, 1, sd)
    assert result.before == pytest.approx(before, abs=0.002)
    coins = probability * np.log(probability / before) + (1 - probability) * np.log((1 - probability) / (1 - before))
    assert result.divergence == pytest.approx(coins, abs=0.01)
    assert result.scenario_divergence == pytest.approx((size / sd) ** 2 / 2, rel=0.05)
    assert result.scenario_divergence >= result.divergence
    for name, prior in (("x", norm(1, 0.5)), ("y", norm(0, 2))):
        own = result.marginals.sel(input=name)
        assert own["before"].values == pytest.approx(prior.ppf([0.05, 0.5, 0.95]))
        assert (own["after"] - own["before"]).values == pytest.approx(prior.std() * own["shift"].values)
    # Normal draws that are moved by some standard deviations are left with this part of their number.
    left = np.exp(-((size / sd) ** 2))
    for weights in (result.weights, result.scenario_weights):
        assert float(weights.sum()) == pytest.approx(1)
        assert (weights["sample"] == forecast["sample"]).all()
    assert result.scenario_weights.attrs["effective_size"] / 2**16 == pytest.approx(left, abs=0.02)
    changed = ", ".join(
        f"{name} {float(after.sel(input=name)):.2g} instead of {was}" for name, was in (("y", 0), ("x", 1))
    )
    stated = f"robability {probability:g} instead of {result.before:.3g} that total > 2"
    assert result.words.startswith(f"P{stated}: {changed} (medians; ")
    assert float(result.words.split("medians; ")[1].split(" % of the draws")[0]) == pytest.approx(100 * left, abs=2)
    assert result.priors["x"].source == f"cc.tilt: p{stated}"


def test_weights_give_the_claim_its_probability(forecast):
    result = cc.tilt(forecast, "total > 2", probability=0.35, priors=GAUSSIAN)
    condition = cc.parse_condition("total > 2")
    assert condition.probability(forecast, result.weights)[0] == pytest.approx(0.35)
    # The least change of all leaves the law given the claim, and given that it fails, as they were.
    holds = forecast["total"].values > 2
    for part, share in ((holds, 0.35), (~holds, 0.65)):
        assert result.weights.values[part] == pytest.approx(share / part.sum())
    assert condition.probability(forecast, result.scenario_weights)[0] == pytest.approx(0.35, abs=1e-3)
    assert cc.summarise(forecast, weights=result.weights)["total_mean"] > forecast["total"].mean()


@pytest.mark.parametrize(("condition", "probability"), [("product > 1.8", 0.3), ("product > 1", 0.25)])
def test_a_fresh_draw_of_the_written_scenario_agrees(mixed, tmp_path, condition, probability):
    result = cc.tilt(mixed, condition, probability=probability, priors=MIXED)
    result.write_scenario(tmp_path / "tilted.toml")
    base = tmp_path / "base.toml"
    entry = 'source = "s"\nas_of = "2026-11"\nunit = "1"\n'
    base.write_text(
        '[set]\nname = "mixed"\ntitle = "Mixed"\nas_of = "2026-11"\n'
        f'[[correlations]]\nbetween = ["a", "b"]\nrank = 0.5\nsource = "s"\nas_of = "2026-11"\n'
        f'[inputs.a]\nfamily = "uniform"\nlow = 1.0\nhigh = 3.0\n{entry}'
        f'[inputs.b]\nfamily = "beta"\nalpha = 2.0\nbeta = 3.0\n{entry}'
        f'[inputs.c]\nfamily = "lognormal"\nmu = -1.0\nsigma = 0.5\n{entry}'
    )
    changed = cc.read_priors(base, scenario=tmp_path / "tilted.toml")
    fresh = cc.propagate(cc.draw(changed, 2**15, seed=77), model=cc.Model([product]))
    asked = cc.parse_condition(condition)
    share, error = asked.probability(fresh)
    weighted, its_error = asked.probability(mixed, result.scenario_weights)
    assert abs(share - weighted) <= 2 * np.hypot(error, its_error)
    assert weighted == pytest.approx(probability, abs=2e-3)
    assert {name: repr(changed[name].quantile(0.3)) for name in "abc"} == {
        name: repr(result.priors[name].quantile(0.3)) for name in "abc"
    }


def test_shipped_priors_are_found_by_name_and_said_in_words():
    priors = cc.read_priors("evidence_2026")
    inputs = cc.draw(priors, 8192, seed=2)
    forecast = cc.propagate(inputs, years=[2024, 2026, 2028], outputs=["training_cluster_power"])
    result = cc.tilt(forecast, "training_cluster_power > 2 GW in 2028", probability=0.5)
    assert result.marginals["input"].values[0] == "cluster_growth_rate"
    assert "cluster growth rate" in result.words
    assert "OOM/year" in result.words
    assert " 0.5 instead of" in result.words


def test_a_tornado_of_probabilities_is_that_of_the_tails(forecast):
    result = cc.probability_tornado(forecast, "total > 2")
    assert result["input"].values.tolist() == ["y", "x", "idle"]
    # x in its lowest or highest tenth: the mean over it of the probability that y exceeds what is left.
    tenth = 0.1 * (np.arange(4000) + 0.5) / 4000
    exact = [norm.sf(2 - norm.ppf(part, 1, 0.5)).mean() for part in (tenth, 0.9 + tenth)]
    row = result.sel(input="x")
    assert row["probability"].values == pytest.approx(exact, abs=0.01)
    assert row["standard_error"].values == pytest.approx(
        np.sqrt(row["probability"] * (1 - row["probability"]) / 6553.6), rel=0.01
    )
    assert float(abs(result["probability"][2, 1] - result["probability"][2, 0])) < 0.04
    assert re.fullmatch(
        r"The probability is 0\.19; 0 where y is in its lowest 10 %, 0\.8\d in its highest\.", result.attrs["words"]
    )
    halves = cc.probability_tornado(forecast, "total > 2", inputs="y", tail=0.5)["probability"]
    assert float(halves.mean()) == pytest.approx(result.attrs["before"])
    assert (result.attrs["claim"], result.attrs["before"]) == (
        "total > 2",
        pytest.approx(norm.sf(2, 1, np.sqrt(1.25)), abs=0.002),
    )


@cc.quantity("1")
def either(step, noise):
    return step + 0 * noise


STEPPED = cc.Priors(step=cc.Discrete([0, 1, 2], [0.2, 0.5, 0.3]), noise=cc.Normal(0, 1))


def test_the_lowest_part_of_few_values_is_the_lowest_value():
    forecast = cc.propagate(cc.draw(STEPPED, 400, seed=1), model=cc.Model([either]))
    result = cc.probability_tornado(forecast, "either > 1", inputs="step", tail=0.05)
    assert result["probability"].values.tolist() == [[0, 1]]
    with pytest.raises(cc.InputError, match="a part of at most 0.5 that holds 20 of 400 samples"):
        cc.probability_tornado(forecast, "either > 1", tail=0.049)
    # An input at whose both ends the event is likely moves it little.
    draws = forecast["noise"].values, forecast["step"].values
    holds = (np.abs(draws[0]) > 1.5) | ((draws[1] == 2) & (draws[0] > 0))
    mixed = forecast.assign(mixed=("sample", holds.astype(float), {"role": "output", "units": "1"}))
    assert cc.probability_tornado(mixed, "mixed > 0.5")["input"].values.tolist() == ["step", "noise"]
    # What only an input of few values decides no shift of another can change.
    with pytest.raises(cc.InputError, match="no input moves 'either > 1' by more than chance"):
        cc.tilt(forecast, "either > 1", probability=0.5, priors=STEPPED)
    with pytest.raises(cc.InputError, match="holds no input with a density"):
        cc.tilt(forecast.drop_vars("noise"), "either > 1", probability=0.5, priors=STEPPED)


@cc.quantity("1")
def sum_of_six(a, b, c, d, e, f):
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f


def test_a_scenario_of_many_inputs_says_the_largest_changes_and_writes_all(tmp_path):
    priors = cc.Priors(**{name: cc.Normal(0, 1) for name in "abcdef"})
    forecast = cc.propagate(cc.draw(priors, 8192, design="sobol", seed=1), model=cc.Model([sum_of_six]))
    result = cc.tilt(forecast, "sum_of_six > 5", probability=0.5, priors=priors)
    assert result.marginals["input"].values.tolist() == [*"fedcba"]
    assert re.search(
        r": f [\d.]+ instead of 0, e [^,]*, d [^,]*, c [^,]* and 2 other inputs less \(medians;", result.words
    )
    result.write_scenario(tmp_path / "tilted.toml")
    written = tomllib.loads((tmp_path / "tilted.toml").read_text())
    assert written["scenario"]["why"] == result.words
    for name, entry in written["inputs"].items():
        after = result.priors[name]
        assert (entry["family"], entry["mean"], entry["sd"], entry["unit"]) == ("normal", after.mean, after.sd, "1")
        assert (
            entry["judgement"]
            and entry["source"] == after.source
            and entry["as_of"] == datetime.date.today().isoformat()
        )
    assert sorted(written["inputs"]) == [*"abcdef"]
    about = result.priors.about.model_copy(update={"as_of": "2026-03"})
    dataclasses.replace(result, priors=result.priors.carrying(about=about)).write_scenario(tmp_path / "dated.toml")
    assert tomllib.loads((tmp_path / "dated.toml").read_text())["scenario"]["as_of"] == "2026-03"


def test_a_law_that_no_shift_refits_is_refused():
    priors = cc.Priors(a=TWO_MODES.in_unit("GW", "a"), noise=cc.Normal(0, 1))
    drawn = cc.draw(priors, 2048, seed=1)
    forecast = drawn.assign(
        out=("sample", drawn["a"].values + drawn["noise"].values, {"role": "output", "units": "GW"})
    )
    with pytest.raises(
        cc.InputError, match="the priors of a and others cannot give .* the probability .* nearer to 0.89"
    ):
        cc.tilt(forecast, "out > 15 GW", probability=0.6, priors=priors)


TWO_MODES = cc.Mixture((0.1, 0.9), (cc.Normal(0, 1, unit="GW"), cc.Normal(30, 0.1, unit="GW")), unit="GW")


@pytest.mark.parametrize(
    ("family", "shift", "levels"),
    [
        (cc.Normal(1, 3, unit="GW"), 0.7, (0.05, 0.5, 0.95)),
        (cc.LogNormal(1, 0.5, unit="GW"), -0.7, (0.05, 0.5, 0.95)),
        (cc.Uniform(1, 3, unit="GW"), 0.5, (0.05, 0.5, 0.95)),
        (cc.Truncated(cc.Normal(0, 1, unit="GW"), high=1, unit="GW"), 0.5, (0.05, 0.5, 0.95)),
        (TWO_MODES, -2.7, (0.1, 0.5, 0.9)),
        (TWO_MODES, -2.0, (0.25, 0.5, 0.75)),
        (TWO_MODES, -1.0, (0.25, 0.75)),
        (cc.Truncated(TWO_MODES, low=-9, high=40, unit="GW"), -1.0, (0.25, 0.75)),
    ],
)
def test_a_shifted_law_has_the_outermost_shifted_quantiles_that_a_metalog_can_have(family, shift, levels):
    moved = shifted(family, shift)
    assert moved.quantile(levels) == pytest.approx(family.quantile(norm.cdf(norm.ppf(levels) + shift)))
    assert (moved.unit, moved.support) == ("GW", family.support)
    if isinstance(family, cc.Normal | cc.LogNormal):
        assert type(moved) is type(family)
    else:
        assert moved.bounds == (None if np.isinf(family.support).all() else family.support)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: cc.tilt(f, "totel > 1", probability=0.5, priors=GAUSSIAN), "no 'totel'; nearest known: total"),
        (lambda f: cc.tilt(f, "clam", probability=0.5, priors=GAUSSIAN), "no claim or output 'clam'"),
        (lambda f: cc.tilt(f, "total", probability=0.5, priors=GAUSSIAN), "is a number, not an event"),
        (lambda f: cc.tilt(f, "total > 2", probability=0, priors=GAUSSIAN), "probability is 0; give a number between"),
        (lambda f: cc.tilt(f, "total > 2", probability=1.0, priors=GAUSSIAN), "probability is 1.0"),
        (lambda f: cc.tilt(f, "total > 99", probability=0.5, priors=GAUSSIAN), "holds in 0 of 65,536 samples"),
        (lambda f: cc.tilt(f, "total > 4.9", probability=0.99, priors=GAUSSIAN), "at most on these 65,536 draws"),
        (lambda f: cc.tilt(f, "total > 2", probability=0.5), "drawn from 'gaussian', which is no shipped set"),
        (lambda f: cc.tilt(f, "total > 2", probability=0.5, priors=MIXED), "priors= has the hash"),
        (lambda f: cc.probability_tornado(f, "total > 2", tail=0.6), "tail is 0.6"),
        (lambda f: cc.probability_tornado(f, "total > 2", inputs="q"), "'q' is not an input"),
    ],
)
def test_bad_input_is_one_clear_message(forecast, call, message):
    with pytest.raises(cc.InputError, match=message):
        call(forecast)


def test_a_scenario_is_a_toml_file(forecast, tmp_path):
    result = cc.tilt(forecast, "total > 2", probability=0.3, priors=GAUSSIAN)
    with pytest.raises(cc.InputError, match=r"let its name end in \.toml"):
        result.write_scenario(tmp_path / "tilted.txt")
