"""New rows and stored forecasts from the shell's side."""

import json

import numpy as np
import pytest

import clustercast as cc
from analyses import options
from analyses.condition import condition
from analyses.scorecard import score, scorecard
from analyses.update import read_rows, update
from clustercast.conditioning.observations import unlearned

SMALL = ["--samples", "2048", "--years", "2026,2030", "--outputs", "training_cluster_size"]
NEWER = """id,date,quantity,name,value,unit,sd_log10,source,as_of
newer,2026-11,leading_lab_revenue,One laboratory,5e10,USD/year,0.05,Press,2026-12
"""


def test_an_update_writes_a_prior_set_and_rows_for_the_next(tmp_path, capsys, epoch, no_netcdf):
    arguments = [str(epoch), *SMALL, "--columns", "epoch_gpu_clusters", "--published", "2026-12"]
    assert options.exit_code(update, [*arguments, "--out", str(tmp_path / "out")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for words in ("1 new row moved", "before", "after", "epoch_2", "is no record of its date"):
        assert words in shown
    updated = cc.read_priors(tmp_path / "out" / "updated.toml")
    assert "epoch_2" in unlearned(updated)[1].ids
    rows = cc.read_observations(tmp_path / "out" / "observations.csv")
    assert len(rows) == len(cc.read_observations()) + 1
    assert next(row.as_of for row in rows if row.id == "epoch_2") == "2026-12"
    (tmp_path / "newer_rows.csv").write_text(NEWER)
    steps = [str(tmp_path / "newer_rows.csv"), *SMALL, "--priors", str(tmp_path / "out" / "updated.toml")]
    assert options.exit_code(update, [*steps, "--out", str(tmp_path / "then")]) == 0
    assert "1 new row moved" in capsys.readouterr().out
    again = cc.read_priors(tmp_path / "then" / "updated.toml")
    before, learned = unlearned(again)
    assert before.hash == cc.read_priors("evidence_2026").hash
    assert set(learned.ids) == {*unlearned(updated)[1].ids, "newer"}


TIMELINES = """Data center,Date,Construction status,Buildings operational,IT power (MW),Power (MW),H100 equivalents
Here,2026-10-01,Operational,4,900,1200,1300000
Here,2027-10-01,Planned,8,1800,2400,2600000
There,2026-10-01,Clearing,0,0,0,
"""


def test_sites_of_a_timeline_are_rows_and_plans_are_not(tmp_path, capsys, one_row):
    (tmp_path / "sites.csv").write_text(TIMELINES)
    rows = read_rows(tmp_path / "sites.csv", "epoch_data_centers", "2026-11", skip_bad=False)
    assert [(row.name, row.date, row.value, row.quantity) for row in rows] == [
        ("Here", 2026.75, 1.3e6, "training_cluster_size")
    ]
    assert ["a plan" in reason or "value" in reason for reason in rows.left_out] == [True, True]
    arguments = ["--columns", "epoch_data_centers", "--published", "2026-12", "--observations", str(one_row)]
    assert options.exit_code(update, [str(tmp_path / "sites.csv"), *SMALL, *arguments, "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "1 new row moved" in shown
    assert "a plan" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--columns", "epoch_gpu_clusters"], "needs --published"),
        (["--columns", "epoch_gpu_clusters", "--published", "2026-12", "--as-of", "2026-11"], "holds no row to learn"),
    ],
)
def test_rows_that_cannot_be_learned_from_end_with_one_line(arguments, words, tmp_path, capsys, epoch):
    assert options.exit_code(update, [str(epoch), *SMALL, *arguments, "--out", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ("columns = 3", "columns = 3: a table"),
        ('[column]\nvalue = "Size"', "unknown key column; nearest known: columns"),
        ("[columns]\nvalue = 3", "columns.value = 3: a text"),
        ('constants = 3\n[columns]\nvalue = "H100 equivalents"', "constants = 3: a table"),
    ],
)
def test_a_mapping_of_columns_has_closed_keys(mapping, reason, tmp_path, epoch):
    (tmp_path / "own.toml").write_text(mapping)
    with pytest.raises(cc.InputError, match=reason):
        read_rows(epoch, str(tmp_path / "own.toml"), "2026-12", skip_bad=False)


def test_a_stored_forecast_is_scored_by_what_came_later(tmp_path, capsys):
    inputs = cc.draw(cc.read_priors("situational_awareness"), 512, seed=1)
    forecast = cc.propagate(inputs, years=range(2024, 2031), outputs=["training_cluster_size", "leading_lab_revenue"])
    cc.write_netcdf(forecast[["training_cluster_size", "leading_lab_revenue"]], tmp_path / "june_2024.nc")
    arguments = [str(tmp_path / "june_2024.nc"), "--made", "2024-06", "--out", str(tmp_path)]
    assert options.exit_code(scorecard, [*arguments, "--json", "--today", "2026-11"]) == 0
    result = json.loads(capsys.readouterr().out)["results"]
    scored = {one["observation"] for one in result["scores"][str(tmp_path / "june_2024.nc")]}
    assert {"obs_colossus", "obs_openai_2025a"} <= scored
    assert not {"obs_meta24k", "obs_us_2024", "obs_colossus_power"} & scored
    assert {name for name, *_ in result["old"]}
    kept_back = [*arguments, "--json", "--without", "obs_colossus", "--only-before", "2025"]
    assert options.exit_code(scorecard, kept_back) == 0
    (few,) = json.loads(capsys.readouterr().out)["results"]["scores"].values()
    assert {one["observation"] for one in few} == {"obs_openai_2024c"}
    assert options.exit_code(scorecard, [*arguments, "--only-before", "2020"]) == 0
    assert "No row known after 2024-06 can be scored" in capsys.readouterr().out
    assert options.exit_code(scorecard, [*arguments, "--without", "obs_colosus"]) == 2
    assert "there is no observation 'obs_colosus'" in capsys.readouterr().err


@pytest.mark.parametrize(("made", "younger"), [("2024-06", True), ("2026-11", False)])
def test_a_forecast_from_priors_of_a_later_date_is_in_sample(made, younger, tmp_path, capsys):
    inputs = cc.draw(cc.read_priors("evidence_2026"), 64, seed=1)
    forecast = cc.propagate(inputs, years=[2024, 2026], outputs=["leading_lab_revenue"])
    path = cc.write_netcdf(forecast[["leading_lab_revenue"]], tmp_path / "f.nc")
    assert options.exit_code(scorecard, [str(path), "--made", made, "--out", str(tmp_path)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert (f"dated 2026-11, after {made}" in shown) == younger
    # Another set's date says nothing of it.
    arguments = [str(path), "--made", made, "--priors", "situational_awareness", "--out", str(tmp_path)]
    assert options.exit_code(scorecard, arguments) == 0
    assert "In sample" not in capsys.readouterr().out


def test_a_forecast_named_in_two_spellings_counts_once(tmp_path, capsys):
    inputs = cc.draw(cc.read_priors("evidence_2026"), 64, seed=1)
    forecast = cc.propagate(inputs, years=[2024, 2026], outputs=["leading_lab_revenue"])
    path = cc.write_netcdf(forecast[["leading_lab_revenue"]], tmp_path / "f.nc")
    files = [str(path), str(tmp_path / ".." / tmp_path.name / "f.nc")]
    for given in (files[:1], files, files[::-1]):
        assert options.exit_code(scorecard, [*given, "--made", "2024-06", "--json", "--out", str(tmp_path)]) == 0
        assert len(json.loads(capsys.readouterr().out)["results"]["scores"]) == 1


def test_a_forecast_that_knew_has_no_error_but_that_of_the_figure():
    rows = cc.read_observations().counted()
    one = next(row for row in rows if row.id == "obs_openai_2025a")
    inputs = cc.draw(cc.read_priors("situational_awareness"), 64, seed=1)
    forecast = cc.propagate(inputs, years=[2025, 2026], outputs=["leading_lab_revenue"])
    # The forecast passes through the figure on log scale, whatever its growth.
    growth = np.linspace(0.1, 0.3, 64)
    at = np.array([2025, 2026])[:, np.newaxis] - one.date
    forecast["leading_lab_revenue"].values[:] = 10 ** (np.log10(one.value) + growth * at)
    exact = cc.Fixed(0.0, unit="OOM")
    only = type(rows)((one,), {"discrepancy": exact}, 0.5)
    result = score(forecast, only)[0]
    assert result.median == pytest.approx(one.log10, abs=4 * 1.25 * one.sd_log10 / 8)


def test_only_rows_before_a_date_are_used(tmp_path, capsys, no_netcdf):
    arguments = [*SMALL, "--json", "--only-before", "2024", "--out", str(tmp_path)]
    assert options.exit_code(condition, arguments) == 0
    dates = json.loads(capsys.readouterr().out)["results"]["conflict"]["coords"]["date"]["data"]
    assert max(dates) < 2024
