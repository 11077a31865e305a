"""One question at the shell: its probability, what it hangs on, and what would teach most."""

import json

import pytest

import clustercast as cc
from analyses import options
from analyses.ask import ask

QUESTION = "training_cluster_power > 5 GW by 2028"


@pytest.fixture
def no_files(no_netcdf, monkeypatch):
    """Leave figures undrawn and forecasts unwritten, which take longer than what is looked at."""
    monkeypatch.setattr(cc.plots, "save_figure", lambda figure, path: path)


def asked(capsys, tmp_path, *arguments):
    assert options.exit_code(ask, [*arguments, "--json", "--out", str(tmp_path)]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_probability_is_that_of_the_condition_on_a_fresh_forecast_under_both_prior_sets(capsys, tmp_path):
    result = asked(capsys, tmp_path, QUESTION, "--samples", "4096", "--seed", "3")["results"]["probability"]
    assert result["coords"]["priors"]["data"] == ["evidence_2026", "situational_awareness"]
    for name, row in zip(result["coords"]["priors"]["data"], result["data_vars"]["probability"]["data"], strict=True):
        inputs = cc.draw(cc.read_priors(name), 4096, seed=99)
        names = ["training_cluster_power", "trend_training_cluster_power"]
        forecast = cc.propagate(inputs, years=range(2024, 2029), outputs=names)
        for probability, condition in zip(row, (QUESTION, f"trend_{QUESTION}"), strict=True):
            other, error = cc.parse_condition(condition).probability(forecast)
            assert probability == pytest.approx(other, abs=4 * 2**0.5 * error + 1e-12)


def test_it_hangs_most_on_growth_and_the_site_itself_teaches_most(capsys, tmp_path, no_files):
    result = asked(capsys, tmp_path, QUESTION, "--samples", "16384", "--seed", "1")
    said = " ".join(result["finding"])
    assert "hangs most on cluster growth rate: knowing it would cut the Brier score by" in said
    assert "teach most is the power of the largest training site" in said
    assert set(result["results"]) == {"probability", "evppi", "tilt", "tornado", "prior_bounds", "regions", "evsi"}


def test_it_says_what_would_change_it_how_far_the_priors_carry_it_and_where_it_comes_true(capsys, tmp_path, no_files):
    result = asked(capsys, tmp_path, "training_cluster_power > 5 GW by 2030", "--samples", "8192", "--seed", "1")
    said, results = " ".join(result["finding"]), result["results"]
    assert "The least change of the priors that makes it even puts cluster growth rate at ×2." in said
    share = results["probability"]["data_vars"]["probability"]["data"][0][0]
    odds = share / (1 - share)
    low, high = (results["prior_bounds"]["data_vars"][name]["data"][0][0] for name in ("lower", "upper"))
    assert low / (1 - low) == pytest.approx(odds / 2)
    assert high / (1 - high) == pytest.approx(odds * 2)
    assert results["regions"]["data_vars"]["density"]["data"][0] > share + 0.1


def test_of_few_samples_only_the_probability_is_said(capsys, tmp_path, no_files):
    result = asked(capsys, tmp_path, "training_cluster_power > 5 GW by 2030", "--samples", "64")
    assert set(result["results"]) == {"probability"}
    assert "ask for more --samples" in " ".join(result["finding"])


def test_a_date_for_which_the_priors_were_not_made_is_said_to_be_one(capsys, tmp_path, no_files):
    result = asked(capsys, tmp_path, "training_cluster_power > 5 GW by 2099", "--samples", "64")
    assert "Outside 2024 to 2040, for which evidence_2026 was made: 2099." in result["finding"]


def test_inputs_set_by_hand_are_not_in_what_would_change_it(capsys, tmp_path, no_files):
    result = asked(capsys, tmp_path, QUESTION, "--samples", "4096", "--set", "cluster_growth_rate=0.5 OOM/year")
    assert "cluster_growth_rate" not in result["results"]["tilt"]["coords"]["input"]["data"]


def test_what_no_sample_has_is_bounded_and_nothing_more_is_claimed(capsys, tmp_path, no_files):
    result = asked(capsys, tmp_path, "training_cluster_power > 900 GW by 2028", "--samples", "1024")
    assert "in none of 1,024 samples: below 0.293 % (95 % sure)" in result["finding"][0]
    assert "is not reached" in result["finding"][1] and "below 1e-15" in result["finding"][1]
    assert set(result["results"]) == {"probability"}


def test_what_hardly_a_sample_has_is_searched_for(capsys, tmp_path, no_files):
    result = asked(capsys, tmp_path, "training_cluster_power > 8 GW by 2028", "--samples", "1024", "--seed", "1")
    rare = {name: variable["data"] for name, variable in result["results"]["rare"]["data_vars"].items()}
    # 1,310,720 plain draws gave 7.99e-4, with a standard error of 0.25e-4.
    assert rare["probability"] == pytest.approx(7.99e-4, abs=4 * (rare["standard_error"] ** 2 + 0.25e-4**2) ** 0.5)
    assert rare["standard_error"] < 0.11 * rare["probability"]
    said = f"puts it at {100 * rare['probability']:.2g} %"
    assert said in result["finding"][1] and "an unusual cluster growth rate" in result["finding"][1]


def test_a_model_of_ones_own_is_asked_with_its_own_priors(capsys, tmp_path, no_files):
    file = tmp_path / "own.py"
    file.write_text(
        "import clustercast as cc\n@cc.quantity('GW')\ndef demand(base, growth):\n    return base * growth\n"
        "model = cc.Model([demand])\n"
        "priors = cc.Priors(base=cc.Uniform(1, 2, unit='GW'), growth=cc.Uniform(1, 3), name='own')\n"
    )
    result = asked(capsys, tmp_path, "demand > 3 GW", "--model", str(file), "--samples", "4096")
    # P(base growth > 3) over [1, 2] x [1, 3], by hand: (integral of 3 - 3 / base from 1 to 2) / 2.
    assert result["results"]["probability"]["coords"]["priors"]["data"] == ["own"]
    assert result["results"]["probability"]["data_vars"]["probability"]["data"][0][0] == pytest.approx(0.4603, abs=0.03)
    assert "samples; intervals" not in " ".join(result["finding"])
    # 0.7 % of the same square: about 28 of the samples, too few for a narrow interval of what each input is worth.
    result = asked(capsys, tmp_path, "demand > 5.6 GW", "--model", str(file), "--samples", "4096")
    assert "of 4,096 samples; intervals are as wide as so few ask for" in " ".join(result["finding"])


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("trainig_cluster_power > 5 GW by 2028", "nearest known: training_cluster_power"),
        ("training_cluster_power > 5 GW", "add a date"),
        ("training_cluster_power > 5 USD by 2028", "does not convert"),
        ("load_factor > 0.8", "is about inputs alone"),
        ("is it large?", "cannot read"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_one_line(question, message, capsys, tmp_path):
    assert options.exit_code(ask, [question, "--samples", "256", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
