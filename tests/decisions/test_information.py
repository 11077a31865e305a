"""Value of information of stored forecasts: closed forms, targets of every kind, bad input."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import entr
from scipy.stats import binomtest, multivariate_normal, norm

import clustercast as cc
from clustercast.arrays.decisions.partition import partition
from clustercast.arrays.decisions.scores import action_gain
from clustercast.arrays.decisions.together import rank_scores
from clustercast.arrays.posterior import ErrorModel, log_likelihood
from clustercast.dataset import with_provenance
from clustercast.decisions import information
from clustercast.decisions.information import _predicted as predicted
from clustercast.decisions.information import imagined, possible
from clustercast.decisions.labels import labelled
from clustercast.decisions.targets import Wanted, independent
from clustercast.sampling import even_draw


@cc.quantity("1")
def total(x, y, z, idle):
    return 0 * idle + 0.8 * x + 0.5 * y + np.sqrt(1 - 0.8**2 - 0.5**2) * z


@cc.quantity("1", positive=True)
def power(x, y):
    return 10.0 ** (x + y)


SHARES = np.array([0.64, 0.25, 0.11])
PRIORS = cc.Priors(
    x=cc.Normal(0, 1, unit="1"), y=cc.Normal(0, 1, unit="1"), z=cc.Normal(0, 1, unit="1"), idle=cc.Uniform(0, 1)
)


@pytest.fixture(scope="module")
def forecast():
    inputs = cc.draw(PRIORS, 32768, seed=11)
    return cc.propagate(inputs, model=cc.Model([total, power]))


@pytest.fixture(scope="module")
def shipped():
    priors = cc.read_priors("evidence_2026")
    names = ["training_cluster_power", "cumulative_investment"]
    return cc.propagate(
        cc.draw(priors, 4096, seed=2), years=[2026, 2026.5, 2027, 2027.5, 2028, 2029, 2030], outputs=names
    )


def test_a_linear_gaussian_output_splits_as_its_variance(forecast):
    result = cc.evppi(forecast, "total")
    assert result["evppi"].dims == ("target", "input")
    assert result["input"].values.tolist() == ["x", "y", "z", "idle"]
    errors = result["evppi_error"].values[0]
    half = norm.ppf(0.975) * errors[:2]
    assert (result["evppi_high"] - result["evppi"]).values[0, :2] == pytest.approx(half)
    assert (result["evppi"] - result["evppi_low"]).values[0, :2] == pytest.approx(half)
    assert (np.abs(result["evppi"].values[0] - [*SHARES, 0]) <= 3 * errors + 1e-12).all()
    assert re.fullmatch(r"Knowing x would cut the variance of total by 6[345] % \(±1\)\.", result.attrs["words"])


def test_groups_are_worth_no_less_than_what_is_in_them_and_no_more_than_everything(forecast):
    groups = {"all": ["x", "y", "z", "idle"], "xy idle": ["x", "y", "idle"], "xy": ["x", "y"], "x": ["x"]}
    # The order holds of few samples too.
    few = forecast.isel(sample=slice(4096))
    for target, score in (("total", "variance"), ("total", "crps"), ("total > 1", "brier"), ("total > 1", "log")):
        value = cc.evppi(few, target, of=groups, score=score)["evppi"].values[0, ::-1]
        alone = cc.evppi(few, target, score=score)["evppi"].values[0]
        assert (np.diff(value) >= 0).all()
        assert value[1] >= alone[:2].max()
        assert value[-1] <= cc.evpi(few, target, score=score)["evpi"].values[0]
    assert cc.evppi(forecast, "total", of=groups)["evppi"].values[0, :0:-1] == pytest.approx(
        [0.64, 0.89, 0.89], abs=0.02
    )


@pytest.mark.parametrize("score", ["brier", "log"])
def test_of_a_rare_event_intervals_are_wide_and_words_say_why(forecast, score):
    threshold = float(np.sort(forecast["total"].values)[-25])
    event = f"total >= {threshold!r}"
    alone = cc.evppi(forecast, event, score=score)
    assert "has 25 of 32,768 samples" in alone.attrs["warning"] and "draw more" in alone.attrs["warning"]
    whole = cc.evpi(forecast, event, score=score)
    # The ends of Wilson's interval of the probability, scored.
    shares = np.array(binomtest(25, 32768).proportion_ci(method="wilson"))
    scored = shares * (1 - shares) if score == "brier" else entr(shares) + entr(1 - shares)
    assert [float(whole[key][0]) for key in ("evpi_low", "evpi_high")] == pytest.approx(scored)
    together = cc.evppi(forecast, event, of={"xy": ["x", "y"], "x": ["x"]}, score=score)
    assert "reach up to the whole" in together.attrs["warning"]
    assert float(together["evppi_high"][0, 0]) == pytest.approx(float(together["before"][0]))
    assert float(together["evppi"][0, 0]) == float(alone["evppi"][0, :2].max())
    for key in ("evppi", "evppi_low", "evppi_high", "doubtful"):
        assert together[key].sel(group="x").values == alone[key].sel(input="x").values
    assert not cc.evppi(forecast, "total > 1", score=score).attrs["warning"]


def test_pairs_are_worth_their_sum_where_nothing_interacts(forecast):
    result = cc.evppi(forecast, "total", of="pairs")
    assert result.sizes["pair"] == 6
    assert float(result["evppi"].sel(pair="x and y")[0]) == pytest.approx(0.89, abs=0.02)


def test_every_shipped_claim_and_output_by_year_is_answered_at_once(shipped):
    result = cc.evppi(shipped, inputs=["cluster_growth_rate", "load_factor"])
    names = result["target"].values.tolist()
    assert {"gigawatt_cluster", "ten_gigawatts_2028", "training_cluster_power in 2030"} <= set(names)
    assert set(result["score"].values) == {"brier", "variance"}
    assert (result["evppi"] >= 0).all()
    assert (result["zero"] == (result["evppi"] == 0)).all()
    assert len(result.attrs["words"].splitlines()) == len(names)


def test_one_claim_by_its_id_is_that_of_all_and_a_score_chooses_what_it_fits(shipped):
    every = cc.evpi(shipped)
    assert set(every.coords) == {"target", "words", "score", "unit"}
    assert (every["before"] == every["evpi"]).all()
    ends = shipped["training_cluster_power"].sel(year=2030).quantile([0.05, 0.95])
    width = cc.evpi(shipped, "training_cluster_power in 2030", score="width")
    assert float(width["evpi"][0]) == pytest.approx(float(ends[1] - ends[0]), rel=0.01)
    assert width["unit"].values.tolist() == [shipped["training_cluster_power"].units]
    for target in ("ten_gigawatts_2028", next(c for c in cc.read_claims() if c.id == "ten_gigawatts_2028")):
        alone = cc.evpi(shipped, target)
        assert alone["target"].values.tolist() == ["ten_gigawatts_2028"]
        xr.testing.assert_equal(alone.isel(target=0), every.sel(target="ten_gigawatts_2028"))
    text = "training_cluster_power > 5 GW by 2028"
    xr.testing.assert_equal(cc.evpi(shipped, text), cc.evpi(shipped, cc.parse_condition(text)))
    with pytest.raises(cc.InputError, match="claim 'ten_gigawatts_2028' has a date of its own; leave out '2030'"):
        cc.evpi(shipped, "ten_gigawatts_2028 in 2030")
    claims = every["target"].values[every["score"].values == "brier"].tolist()
    logs = cc.evpi(shipped, score="log")
    assert logs["target"].values.tolist() == claims and set(logs["score"].values) == {"log"}
    assert re.search(r"^\w+: .*; \w+: ", every.attrs["left_out"])
    assert re.fullmatch(
        r"(.* has \d+ of 4,096 samples; intervals are as wide as so few ask for; draw more\n?)+", every.attrs["warning"]
    )
    after = cc.evpi(with_provenance(shipped, design={"name": "posterior"}), "ten_gigawatts_2028")
    assert after.attrs["warning"].startswith("posterior draws repeat each other")
    outputs = cc.evpi(shipped, score="crps")
    assert outputs["target"].values.tolist() == [name for name in every["target"].values if name not in claims]
    assert set(outputs["score"].values) == {"crps"} and outputs.attrs["left_out"] == ""
    assert set(every["unit"].sel(target=outputs["target"]).values) == {"(OOM)**2"}
    # A year that is written out is that year; a decision counts from the least expected loss.
    assert float(cc.evpi(shipped, "training_cluster_power in 2027-07")["evpi"][0]) == float(
        every["evpi"].sel(target="training_cluster_power in 2027.5")
    )


def test_an_output_that_is_the_same_in_every_sample_of_a_year_is_left_out():
    x = np.arange(400.0)
    values = np.stack([0 * x, x, x**2 / 1e6])
    forecast = xr.Dataset(
        {"x": ("sample", x, {"role": "input"}), "out": (("year", "sample"), values)}, {"year": [2024, 2025, 2026]}
    )
    outputs = {name: each.assign_attrs(role="output") for name, each in forecast.drop_vars("x").items()}
    outputs["same"] = ("sample", 0 * x, {"role": "output"})
    outputs["kind"] = ("sample", x % 2, {"role": "output", "labels": '["even", "odd"]'})
    forecast = forecast.assign(outputs)
    for target in ("out", None):
        result = cc.evpi(forecast, target, score="variance")
        assert result["target"].values.tolist() == ["out in 2025", "out in 2026"]
    with pytest.raises(cc.InputError, match="'out in 2024' does not vary over the samples"):
        cc.evpi(forecast, "out in 2024")
    with pytest.raises(cc.InputError, match="'kind' holds labels, not numbers; .* as 'kind = LABEL'$"):
        cc.evpi(forecast, "kind")


def test_a_result_survives_a_file(shipped, tmp_path):
    result = cc.evppi(shipped, "training_cluster_power in 2030", inputs=["cluster_growth_rate"])
    cc.write_netcdf(result, tmp_path / "value.nc")
    assert cc.read_netcdf(tmp_path / "value.nc").identical(result)


def chemotherapy():
    """Return priors of the chemotherapy model, and the net benefit of both treatments at 20,000 pounds a QALY."""

    def beta(mean, sd):
        size = mean * (1 - mean) / sd**2 - 1
        return cc.Beta(mean * size, (1 - mean) * size)

    def lognormal(mean, variance):
        sigma = np.log1p(variance / mean**2)
        return cc.LogNormal(np.log(mean) - sigma / 2, np.sqrt(sigma))

    # Of 111 patients 52 had side effects, 43 of these were in hospital, 8 of these died.
    priors = cc.Priors(
        side_effects=cc.Beta(53, 60),
        log_odds_ratio=cc.Normal(np.log(0.54), 0.3),
        hospital=cc.Beta(44, 10),
        death=cc.Beta(9, 36),
        recovery_at_home=beta(0.21, 0.03),
        recovery_in_hospital=beta(0.03, 0.0065),
        home_cost=lognormal(830, 150),
        hospital_cost=lognormal(2400, 1880),
        death_cost=lognormal(1710, 760),
        recovered_utility=beta(0.98, np.sqrt(0.0008)),
        home_utility=beta(0.7, np.sqrt(0.02)),
        hospital_utility=beta(0.3, np.sqrt(0.03)),
        death_rate=cc.Gamma(0.0475**2 / 0.001, 0.001 / 0.0475),
    )

    def benefit(x):
        to_hospital, dies = (1 - (1 - x[name]) ** (1 / 52) for name in ("hospital", "death"))
        rate, later = x["death_rate"], 1 - np.exp(-x["death_rate"] / 52)
        odds = x["side_effects"] / (1 - x["side_effects"]) * np.exp(x["log_odds_ratio"])
        result = {}
        for name, ill, drug in (("standard", x["side_effects"], 120), ("new", odds / (1 + odds), 1975)):
            home, hospital, well, dead = ill, 0 * ill, 0 * ill, 0 * ill
            weeks = np.array([home, hospital, well])
            for _ in range(52):
                healed, cured = x["recovery_at_home"], x["recovery_in_hospital"]
                dead = dead + dies * hospital + later * well
                well = (1 - later) * well + healed * (1 - to_hospital) * home + cured * (1 - dies) * hospital
                hospital = (1 - cured) * (1 - dies) * hospital + to_hospital * home
                home = (1 - healed) * (1 - to_hospital) * home
                weeks = weeks + np.array([home, hospital, well])
            utility = np.array([x["home_utility"], x["hospital_utility"], x["recovered_utility"]])
            years = (utility * weeks).sum(axis=0) / 52 + (1 - ill) * x["recovered_utility"] * 53 / 52
            years = years + (1 - dead) * x["home_utility"] * (np.exp(-2 * rate) - np.exp(-40 * rate)) / rate
            cost = drug + (x["home_cost"] * weeks[0] + x["hospital_cost"] * weeks[1] + x["death_cost"] * dead) / 52
            result[name] = 20_000 * years - cost - (1 - dead) * (1 - np.exp(-38 * rate)) * x["death_cost"]
        return {**result, "side_effects_of_the_new": odds / (1 + odds)}

    return priors, benefit


def test_the_chemotherapy_example_of_the_r_package_voi():
    # https://github.com/chjackson/voi, tests/testthat/test_evppi.R of version 1.0.3: 262.1109 (p_side_effects_t2; earth
    # 265.1299, Sadatsafavi 262.8047) and 333.4516 (with logor_side_effects; earth 334.0442), from 10,000 draws of its
    # own, with a standard error of 4.27. Constants: https://github.com/convoigroup/Chemotherapy_Book, 02_data.
    priors, benefit = chemotherapy()
    outputs = dict.fromkeys(("standard", "new", "side_effects_of_the_new"), "1")
    forecast = cc.evaluate(cc.draw(priors, 16384, seed=1), benefit, outputs=outputs, form="frame")
    treat = cc.Decision(["standard", "new"], lambda action, draws: -draws[action])
    # With the odds ratio known the probability under one treatment gives the other.
    both = cc.evppi(forecast, treat, of={"both": ["side_effects", "log_odds_ratio"]})
    assert float(both["evppi"][0, 0]) == pytest.approx(333.45, abs=2 * np.hypot(4.27, float(both["evppi_error"][0, 0])))
    known = forecast["side_effects_of_the_new"].values
    value, error = (part[0, 0] for part in action_gain(partition([known]), treat.losses(forecast)))
    assert value == pytest.approx(262.11, abs=2 * np.hypot(4.27, error))
    assert error < 8


def test_a_decision_by_its_loss_is_a_unit_normal_loss_integral(forecast):
    act = cc.Decision(
        iter(["go", "stay"]), lambda action, draws: -draws["total"] if action == "go" else 0.0, name="go or stay"
    )
    perfect = cc.evpi(forecast, act)
    assert float(perfect["evpi"][0]) == pytest.approx(norm.pdf(0), abs=0.01)
    assert float(perfect["before"][0]) == min(0.0, -float(forecast["total"].mean()))
    result = cc.evppi(forecast, act)
    larger = cc.Decision(["go", "stay"], lambda action, draws: -3 * draws["total"] * (action == "go"), name="larger")
    two = cc.evppi(forecast, [act, larger])
    assert (two["evppi"].values[0] == result["evppi"].values[0]).all()
    exact = np.sqrt([*SHARES, 0]) * norm.pdf(0)
    assert result["evppi"].values[0] == pytest.approx(exact, abs=0.015)
    assert result["share"].values[0] == pytest.approx(np.sqrt([*SHARES, 0]), abs=0.04)
    assert re.search(r"by 0\.3\d+ \(±0\.\d+\), [78]\d % of what knowing everything would", result.attrs["words"])


def test_what_changes_no_choice_is_worth_nothing_in_words_too(forecast):
    better = cc.Decision(["a", "b"], lambda action, draws: (action == "b") + 0 * draws["x"], unit="USD")
    result = cc.evppi(forecast, better, inputs=["x", "idle"])
    assert (result["evppi"] == 0).all() and (result["share"] == 0).all() and result["zero"].all()
    assert not result["doubtful"].any()
    assert result.attrs["words"] == "Nothing looked at would cut the expected loss of decision (a, b)."
    words = cc.evppi(forecast, "total", inputs="idle").attrs["words"]
    assert words == "Nothing looked at would cut the variance of total."
    costly = cc.Decision(["a", "b"], lambda action, draws: draws["total"] * (action == "a"), unit="USD")
    assert re.search(
        r" by 0\.3\d+ USD \(±0\.0\d+\), \d+ % of what", cc.evppi(forecast, costly, inputs="x").attrs["words"]
    )


def test_several_samples_looked_at_together_are_drawn_without_repeats(forecast, monkeypatch):
    # A sample that is there twice is its own neighbour, and noise would pass for what inputs explain.
    seen = []
    monkeypatch.setattr(information, "TOGETHER", 2000)
    monkeypatch.setattr(information, "rank_scores", lambda columns: rank_scores(seen.append(columns) or columns))
    some = forecast.isel(sample=slice(2048))
    alone = cc.evppi(some, "total")["evppi"].values
    result = cc.evppi(some, "total", of={"both": ["x", "y"], "x": ["x"], "y": ["y"], "z": ["z"], "idle": "idle"})
    assert np.unique(seen[0], axis=1).shape == (4, 2000)
    assert float(result["evppi"][0, 0]) == pytest.approx(0.89, abs=0.06)
    assert cc.evppi(some, "total", of="groups", model=cc.Model([total, power]))["group"].values.tolist() == [
        "test_information"
    ]
    assert (result["evppi"].values[:, 1:] == alone).all()
    monkeypatch.setattr(information, "PAIRED", 2)
    assert cc.evppi(some, "total", of="pairs")["pair"].values.tolist() == ["x and y"]
    # Of several targets by the share of each, not by what it is measured in.
    assert cc.evppi(some, ["idle > 0.5", "total"], of="pairs")["pair"].values.tolist() == ["x and idle"]
    assert cc.evppi(some, ["z > 0.9", "total > 0"], of="pairs")["pair"].values.tolist() == ["x and z"]
    assert cc.evppi(some, "total", of="pairs", inputs=["idle", "x", "z"]).sizes["pair"] == 3
    entropy = cc.evppi(some, "x > 0", score="log", inputs="x")["evppi"]
    assert float(entropy[0, 0]) == pytest.approx(np.log(2), abs=0.05)
    groups = {"x idle": ["x", "idle"], "y z": ["y", "z"]}
    both = cc.evppi(some, ["total", "power"], of=groups)
    for name in ("total", "power"):
        xr.testing.assert_allclose(both.sel(target=[name]), cc.evppi(some, name, of=groups))


def test_a_group_that_is_worth_what_a_member_is_has_the_error_of_that_member():
    generator = np.random.default_rng(1)
    targets = [Wanted("t", "t", "variance", "1", generator.normal(size=400))]
    alone = np.array([[[5.0], [1.0]], [[0.1], [9.0]], [[0.0], [0.0]]])
    value, error, doubt = information._joint_gains(
        generator.normal(size=(2, 400)), alone, targets, ["a", "b"], {"both": ("a", "b")}
    )
    assert (value.item(), error.item(), doubt.item()) == (5.0, 0.1, 0.0)
    # Two signs decide an event that neither says anything of.
    columns = generator.normal(size=(2, 400))
    targets = [Wanted("t", "t", "brier", "1", (columns.prod(axis=0) > 0).astype(float))]
    value, error, doubt = information._joint_gains(columns, 0 * alone, targets, ["a", "b"], {"both": ("a", "b")})
    assert 0.15 < value.item() <= 0.25 and error.item() < 0.05 and np.isfinite(doubt.item())
    # Of noise the smaller group is worth as much as the larger one about as often as not, and never more; one input by
    # itself is worth what it was found to be.
    targets = [Wanted(f"t{k}", "t", "variance", "1", generator.normal(size=300)) for k in range(8)]
    groups = {"three": ("a", "b", "c"), "two": ("a", "b"), "one": ("a",)}
    three, two, one = information._joint_gains(
        generator.normal(size=(3, 300)), np.zeros((3, 3, 8)), targets, ["a", "b", "c"], groups
    )[0]
    assert (three >= two).all() and (three == two).any() and (three > two).any() and (one == 0).all()


def labels(gains, values, score="variance"):
    """Return with labels what inputs are worth, errors and doubts (3, inputs) of one output."""
    target, names = Wanted("out", "the output", score, "1", values), [f"input_{k}" for k in range(len(gains[0]))]
    forecast = xr.Dataset({"out": ("sample", values)})
    return labelled("evppi", ([target], []), ("input", names), np.array(gains)[..., np.newaxis], 0.95, forecast)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (1.0, 0.1, "Knowing input 0 would cut the variance of the output by 25 % (±5)."),
        (0.05, 0.001, "Knowing input 0 would cut the variance of the output by 1 % (±0)."),
        # One part in a hundred is of no use, nor is what may be nothing.
        (0.03, 0.001, "Nothing looked at would cut the variance of the output."),
        (0.5, 0.3, "Nothing looked at would cut the variance of the output."),
    ],
)
def test_words_name_what_is_worth_something(value, error, words):
    assert labels([[value], [error], [0.0]], np.tile([-2.0, 2.0], 100)).attrs["words"] == words


def test_doubt_is_stated_where_it_is_half_of_the_error_and_more_than_a_hundredth_of_all():
    errors, doubts = [0.1, 0.1, 0.02, 0.02], [0.06, 0.045, 0.05, 0.035]
    result = labels([[1.0] * 4, errors, doubts], np.tile([-2.0, 2.0], 100))
    assert result["doubtful"].values.tolist() == [[True, False, True, False]]
    assert result.attrs["warning"] == (
        "so many draws do not show how the output hangs on input 0, input 2: intervals may be too narrow; draw more"
    )


@pytest.mark.parametrize(
    ("events", "warning"),
    [
        (4, "'the output' has 4 of 400 samples, too few for any interval narrower than the whole; draw more"),
        (5, "'the output' has 5 of 400 samples; intervals are as wide as so few ask for; draw more"),
        (100, "'the output' has 100 of 400 samples; intervals are as wide as so few ask for; draw more"),
        (101, ""),
    ],
)
def test_words_state_what_few_events_make_of_intervals(events, warning):
    result = labels([[0.005], [0.0005], [0.0]], (np.arange(400) < events).astype(float), "brier")
    low, high = (float(result[f"evppi_{end}"][0, 0]) for end in ("low", "high"))
    assert result.attrs["warning"] == warning
    assert (low == 0) == ("too few" in warning) == result.attrs["words"].startswith("Nothing")
    assert (high - low == pytest.approx(2 * norm.ppf(0.975) * 0.0005)) == (not warning)


@given(st.sampled_from([np.exp, np.arctan, lambda x: -(x**3)]), st.sampled_from(["total > 1", "total"]))
def test_an_input_may_be_stated_on_any_scale(forecast, scale, target):
    other = forecast.assign(x=scale(forecast["x"]).assign_attrs(forecast["x"].attrs))
    result = [cc.evppi(each, target, inputs="x")["evppi"].values for each in (forecast, other)]
    assert result[0] == pytest.approx(result[1], rel=0.01)


@pytest.mark.parametrize("score", ["variance", "crps", "width"])
def test_intervals_hold_on_low_discrepancy_points_too(score):
    narrower = 1 - np.sqrt(1 - SHARES)
    exact = {"variance": SHARES, "crps": narrower / np.sqrt(np.pi), "width": 2 * norm.ppf(0.95) * narrower}[score]
    for seed in range(5):
        inputs = cc.draw(PRIORS, 8192, design="sobol", seed=seed)
        result = cc.evppi(cc.propagate(inputs, model=cc.Model([total])), "total", score=score, inputs=["x", "y", "z"])
        assert (np.abs(result["evppi"].values[0] - exact) <= 1.96 * result["evppi_error"].values[0]).all()
    assert not independent(inputs) and independent(cc.draw(PRIORS, 8))


@pytest.mark.parametrize("target", ["made > 0.5", "made"])
def test_on_replicated_sobol_points_idle_inputs_are_worth_nothing_and_others_are_known_better(target):
    """A sum of three normals and three that are idle; of two jointly normal scores the event has the covariance."""
    weights, level = np.array([0.8, 0.5, np.sqrt(1 - 0.64 - 0.25)]), 0.5
    both = [multivariate_normal([0, 0], [[1, w**2], [w**2, 1]]).cdf([-level, -level]) for w in weights]
    exact = weights**2 if target == "made" else np.array(both) - norm.sf(level) ** 2
    priors = cc.Priors(**dict.fromkeys("abcdef", cc.Normal(0, 1)))
    found = {}
    for way, seed in itertools.product(("even", "random"), range(20)):
        inputs = even_draw(priors, 4096, seed) if way == "even" else cc.draw(priors, 4096, seed=seed)
        how = {"outputs": {"made": "1"}, "form": "arrays"}
        forecast = cc.evaluate(inputs, lambda a, b, c, d, e, f: weights @ [a, b, c] + 0 * (d + e + f), **how)
        result = cc.evppi(forecast, target)
        row = [result[f"evppi{end}"].values[0] for end in ("", "_low", "_high")]
        found.setdefault(way, []).append(row)
    even, random = (np.array(found[way]) for way in ("even", "random"))
    # 2.5 % of 60 are 1.5; more than 7 have a probability below 0.001.
    assert (even[:, 1, 3:] > 0).sum() <= 7
    assert ((even[:, 1, :3] <= exact) & (exact <= even[:, 2, :3])).mean() >= 0.87
    misses = [np.sqrt(np.mean((each[:, 0, :3] - exact) ** 2)) for each in (even, random)]
    assert misses[0] < 0.75 * misses[1]


SUM_OF_SIX = "def even(a, b, c, d, e, f):\n    return a + b + c + d + e + f"


@pytest.mark.parametrize(("score", "exact"), [("variance", 2.0), ("width", 2 * norm.ppf(0.95) * (6**0.5 - 2))])
def test_pairs_hold_on_low_discrepancy_points_too(score, exact):
    """Those that are near in two inputs are far apart in the other four."""
    space = {}
    exec(SUM_OF_SIX, space)
    model, priors = cc.Model([cc.quantity("1")(space["even"])]), cc.Priors(**dict.fromkeys("abcdef", cc.Normal(0, 1)))
    for seed in range(3):
        forecast = cc.propagate(cc.draw(priors, 2048, design="sobol", seed=seed), model=model)
        result = cc.evppi(forecast, "even", score=score, of="pairs", inputs=["a", "b"])
        assert abs(float(result["evppi"][0, 0]) - exact) < 1.96 * float(result["evppi_error"][0, 0])


def test_sections_of_the_model_are_groups(shipped):
    result = cc.evppi(shipped, "training_cluster_power in 2030", of="groups")
    assert {"cluster", "demand", "electricity"} <= set(result["group"].values)
    assert str(result["group"].values[np.argmax(result["evppi"].values)]) == "cluster"
    alone = cc.evppi(shipped, "training_cluster_power in 2030")
    assert float(result["evppi"].max()) >= float(alone["evppi"].max())


def test_a_change_from_a_date_on_is_in_the_section_of_its_input():
    @cc.quantity("1", positive=True)
    def grown(rate, year, start):
        return np.exp(rate * (year - start))

    priors = cc.Priors(
        start=cc.Fixed(2024, unit="year"),
        rate=cc.Normal(0.5, 0.1, unit="1/year"),
        rate_from_2026=cc.Normal(0.5, 0.2, unit="1/year"),
    )
    model = cc.Model([grown])
    result = cc.propagate(cc.draw(priors, 8192, seed=3), model=model, years=[2028])
    # Two years at either rate: the variances of the logarithm are as 1 to 4.
    alone, together = (cc.evppi(result, "grown", of=of, model=model) for of in ("inputs", "groups"))
    assert alone["share"].values[0] == pytest.approx([0.2, 0.8], abs=0.03)
    assert together["group"].values.tolist() == ["test_information"]
    assert together["share"].values[0] == pytest.approx([1.0], abs=0.03)
    assert cc.input_groups(priors, "section", model) == {"test_information": ("rate", "rate_from_2026")}


@pytest.mark.parametrize("sd", [0.1, 0.5, 2.0])
def test_an_observation_of_a_linear_gaussian_output_is_worth_its_reliability(forecast, sd):
    # log10 power = x + y is normal with variance 2; seen with error and discrepancy 0.1 to 0.3 of known prior.
    row = {"id": "seen", "date": 2027, "quantity": "power", "unit": "1", "sd_log10": sd}
    result = cc.evsi(forecast, "power", observation=row)
    discrepancy = cc.read_observations().priors["discrepancy"]
    squared = (discrepancy.quantile((np.arange(4000) + 0.5) / 4000) ** 2).mean()
    exact = 4 / (2 + sd**2 + squared)
    assert result["evsi"].dims == ("target", "observation")
    if sd < 1:
        assert result.attrs["words"].startswith("Seeing 'seen' would cut the variance of power by ")
    assert float(result["evsi"][0, 0]) == pytest.approx(exact, abs=4 * float(result["evsi_error"][0, 0]) + 0.01)
    assert float(result["evsi"][0, 0]) <= float(cc.evpi(forecast, "power")["evpi"][0])


def test_an_observation_is_worth_what_an_input_of_its_draws_is(forecast):
    (name,), seen = imagined(forecast, SEEN, seed=3)
    assert (imagined(forecast, possible(SEEN), seed=3)[1] == seen).all()
    assert len(possible("possible")) > 1
    direct = cc.evppi(forecast.assign(seen=("sample", seen[0], {"role": "input"})), "power", inputs=name)
    result = cc.evsi(forecast, "power", observation=SEEN, seed=3)
    for key in ("", "_error", "_low", "_high"):
        assert result[f"evsi{key}"].values == pytest.approx(direct[f"evppi{key}"].values, rel=1e-12)
    both = cc.evsi(forecast, "power", observation=SEEN, seed=3, together=True)
    xr.testing.assert_equal(both.isel(observation=[0]), result)
    # Another seed draws other discrepancies too, not only other errors of the same size.
    sharp = {**SEEN, "sd_log10": 1e-6}
    off = [np.abs(imagined(forecast, sharp, seed)[1][0] - np.log10(forecast["power"].values)) for seed in (0, 1)]
    assert abs(np.corrcoef(off)[0, 1]) < 0.03


@pytest.mark.parametrize("kind", ["value", "record", "ceiling"])
def test_an_observation_is_worth_what_the_likelihood_of_conditioning_makes_of_it(forecast, kind):
    # Every hundredth draw makes an observation; all draws, weighted by its likelihood, say what is then forecast.
    row = {"id": "a", "date": 2027, "quantity": "power", "unit": "1", "sd_log10": 0.5, "kind": kind}
    result = cc.evsi(forecast, "power > 3", observation=row, seed=4)
    rows = possible(row)
    _, seen = imagined(forecast, row, seed=5)
    size = forecast.sizes["sample"]
    errors = {
        name: prior.quantile(np.random.default_rng(k).random(size))
        for k, (name, prior) in enumerate(rows.error_priors().items())
    }
    gap = np.ones(size)
    model = ErrorModel(
        errors["discrepancy_power"][np.newaxis], errors.get("record_gap", gap), errors.get("ceiling_gap", gap)
    )
    predicted = np.log10(forecast["power"].values)[np.newaxis]
    event = forecast["power"].values > 3
    left = []
    for value in seen[0, ::100]:
        likelihood = np.exp(log_likelihood(replace(rows.arrays(), value=np.array([value])), predicted, model))
        chance = likelihood @ event / likelihood.sum()
        left.append(chance * (1 - chance))
    exact, noise = event.var() - np.mean(left), np.std(left) / np.sqrt(len(left))
    assert float(result["evsi"][0, 0]) == pytest.approx(
        exact, abs=3 * np.hypot(noise, float(result["evsi_error"][0, 0]))
    )


@pytest.mark.parametrize("sds", [(0.5, 0.5), (0.3, 1.0, 2.0)])
def test_several_observations_together_are_worth_what_their_mean_tells(forecast, sds):
    # log10 power = x + y is normal with variance 2. Rows of one quantity and date: the errors are independent, the
    # discrepancy is shared by half (the lasting part and the row's own), its size known from a prior.
    rows = [
        {"id": f"row {k}", "date": 2027, "quantity": "power", "unit": "1", "sd_log10": sd} for k, sd in enumerate(sds)
    ]
    result = cc.evsi(forecast, "power", observation=rows, together=True)
    discrepancy = cc.read_observations().priors["discrepancy"].quantile((np.arange(400) + 0.5) / 400)
    covariance = np.diag(np.square(sds)) + discrepancy[:, None, None] ** 2 * (0.5 + 0.5 * np.eye(len(sds)))
    precision = np.linalg.inv(covariance).sum(axis=(1, 2))
    # A linear forecaster who knows the discrepancy saves 4 / (2 + 1 / precision); not to know it costs little.
    exact = (4 / (2 + 1 / precision)).mean()
    together = result.sel(observation="together")
    assert result.attrs["words"].startswith("Seeing all of them together would cut the variance of power by ")
    assert result["observation"].values.tolist() == [*(row["id"] for row in rows), "together"]
    assert float(together["evsi"][0]) == pytest.approx(exact, abs=3 * float(together["evsi_error"][0]) + 0.01 * exact)
    assert (result["evsi"].values[0, :-1] < float(together["evsi"][0])).all()


def test_shipped_observations_to_come_are_in_order_of_their_error(shipped):
    rows = [
        {"id": f"sd {sd}", "date": 2027.5, "quantity": "training_cluster_power", "unit": "GW", "sd_log10": sd}
        for sd in (0.05, 0.3, 1.0)
    ]
    worth = [
        float(cc.evsi(shipped, "training_cluster_power > 5 GW by 2028", observation=row)["evsi"][0, 0]) for row in rows
    ]
    assert worth[0] > worth[1] > worth[2]


def test_the_amount_of_a_year_is_what_a_cumulative_quantity_grows_by(shipped):
    row = {"id": "2027", "date": 2027, "quantity": "cumulative_investment", "unit": "USD/year", "sd_log10": 0.05}
    stock = shipped["cumulative_investment"]
    spent = stock.sel(year=2028) - stock.sel(year=2027)
    with_amount = shipped.assign(amount=spent.assign_attrs(stock.attrs))
    direct = cc.evsi(with_amount, "amount", observation={**row, "quantity": "amount", "unit": "USD"})
    yearly = cc.evsi(with_amount, "amount", observation=row)
    assert predicted(shipped, possible(row).rows[0]) == pytest.approx(np.log10(spent.values))
    error = float(np.hypot(direct["evsi_error"], yearly["evsi_error"])[0, 0])
    assert float(yearly["evsi"][0, 0]) == pytest.approx(float(direct["evsi"][0, 0]), abs=4 * error)


SEEN = {"id": "seen", "date": 2027, "quantity": "power", "unit": "1", "sd_log10": 0.1}


def loss_that_refuses(action, draws):
    raise cc.InputError("no such action")


def loss_of_wrong_shape(action, draws):
    return np.zeros(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: cc.evppi(f, "totel"), "no claim or output 'totel'; nearest known: total"),
        (lambda f: cc.evppi(f, "total > 100"), "holds in 0 of 32,768 samples"),
        (lambda f: cc.evpi(f, "total > -100"), "holds in 32,768 of 32,768 samples"),
        (lambda f: cc.evppi(f, "total", score="brier"), "score 'brier' is for claims"),
        (lambda f: cc.evppi(f, "total > 1", score="width"), "score 'width' is for outputs"),
        (lambda f: cc.evppi(f, "total", score="mse"), "score is 'mse'; choose one of"),
        (lambda f: cc.evppi(f, "total in 2030"), "'total' has no years; leave out '2030'"),
        (lambda f: cc.evppi(f, []), "target is empty"),
        (lambda f: cc.evppi(f, ["total", "total"]), "there twice"),
        (lambda f: cc.evpi(f, 2 * [cc.Decision(["a", "b"], lambda a, d: (a == "a") * d["x"], name="")]), "there twice"),
        (lambda f: cc.evppi(f, "total", inputs=["q"]), "'q' is not an input"),
        (lambda f: cc.evppi(f, "total", of="threes"), "of is 'threes'"),
        (lambda f: cc.evppi(f, "total", of=["x"]), r"of is \['x'\]; choose .* or give a mapping"),
        (lambda f: cc.evppi(f, "total", of=None), "of is None; choose"),
        (lambda f: cc.evpi(f, 5), "target is 5; give a claim"),
        (lambda f: cc.evppi(f, ["total", 5]), "target is 5; give a claim"),
        (lambda f: cc.evppi(f, "total", of={"a": ["q"]}), r"group 'a' has \['q'\]"),
        (lambda f: cc.evppi(f, "total", of={"a": []}), "group 'a' has no inputs"),
        (lambda f: cc.evppi(f, "total", of="groups"), "no quantity of the model takes the input 'x'; give model="),
        (lambda f: cc.evppi(f, "x"), "'x' is an input"),
        (lambda f: cc.evpi(f.isel(sample=0), "total"), "dimension 'sample'"),
        (lambda f: cc.evpi(f.isel(sample=slice(0)), "total"), "the forecast has 0 samples; 200 or more"),
        (lambda f: cc.evpi(f["total"], "total"), "a forecast is a Dataset with a dimension 'sample'"),
        (lambda f: cc.evpi(f.isel(sample=slice(50)), "total"), "the forecast has 50 samples; 200 or more"),
        (lambda f: cc.Decision(["a"], loss_of_wrong_shape), "two or more"),
        (lambda f: cc.evpi(f, cc.Decision(["a", "b"], loss_of_wrong_shape)), r"shape \(3,\)"),
        (lambda f: cc.evpi(f, cc.Decision(["a", "b"], lambda a, d: np.nan)), "not finite"),
        (lambda f: cc.evpi(f, cc.Decision(["a", "b"], lambda a, d: d["x"].where(d["x"] < 3))), "not finite"),
        (lambda f: cc.Decision(["a", "a"], len), "two or more, each once"),
        (lambda f: cc.Decision(["a", "b"], len, unit=None), "unit is None; give a text, as 'USD' or '1'"),
        (lambda f: cc.Decision(["a", "b"], len).losses(f["total"]), "a forecast is a Dataset .* not a DataArray of"),
        (lambda f: cc.evpi(f, score="log"), "the forecast answers no shipped claim"),
        (lambda f: cc.evpi(f, cc.Decision(["a", "b"], loss_that_refuses)), "^no such action$"),
        (lambda f: cc.evpi(f, cc.Decision(["a", "b"], lambda a, d: 1.0), score="log"), "with a loss"),
        (lambda f: cc.evsi(f, "total", observation="nowhere"), "there is no set of observations 'nowhere'"),
        (lambda f: cc.evsi(f, "total"), "the forecast has no"),
        (lambda f: cc.evsi(f, "total", observation={"id": "a", "date": 2027}), "quantity"),
        (
            lambda f: cc.evsi(f, "total", observation={**SEEN, "unit": "GW"}),
            "is in 'GW', which does not convert to '1'",
        ),
        (
            lambda f: cc.evsi(f.assign(power=np.maximum(f["power"] - 1, 0)), "total", observation=SEEN),
            "'power' is not above 0 in every sample at 2027, so it has no logarithm",
        ),
        (lambda f: cc.evsi(f, "total", observation=[]), "observations are none; give one or more"),
        (lambda f: cc.evsi(f, "total", observation=[SEEN, SEEN]), "seen, seen; give one or more, each with its own id"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(forecast, call, message):
    with pytest.raises(cc.InputError, match=message) as refused:
        call(forecast)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((["a", "b"], lambda action, draws: "x"), r"loss of action 'a' .*py:\d+\) fails with ValueError"),
        ((["a", "b"], lambda action, draws: 1 / 0), "fails with ZeroDivisionError: division by zero"),
        ((["a", "b"], lambda action, draws: draws.nothing), "fails with AttributeError"),
        ((["a", "b"], lambda action, draws: draws["x"].values.sort()), "read-only; .*leave the draws unchanged"),
        ((["a", "b"], 3), "loss is 3; give a function"),
        (("ab", len), "actions are 'ab'; give a list"),
        ((3, len), "actions are 3; give a list"),
        ((["a", "b"], len, "d", "9**9**9"), "cannot read .* as a unit"),
    ],
)
def test_a_decision_that_cannot_be_used_is_refused_and_changes_no_draw(given, message):
    draws = xr.Dataset({"x": ("sample", np.arange(300.0)[::-1])})
    with pytest.raises(cc.InputError, match=message):
        cc.evppi(draws, cc.Decision(*given), inputs=["x"])
    assert draws["x"].values[0] == 299 and draws["x"].values.flags.writeable


def test_two_hundred_samples_are_enough(forecast):
    assert float(cc.evpi(forecast.isel(sample=slice(200)), "total")["evpi"][0]) == pytest.approx(1, abs=0.4)


def test_a_saltelli_design_is_refused():
    design = cc.propagate(cc.draw(PRIORS, 64, design="saltelli", seed=1), model=cc.Model([total]))
    with pytest.raises(cc.InputError, match="Saltelli"):
        cc.evppi(design, "total")
