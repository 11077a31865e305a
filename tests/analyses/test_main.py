"""``clustercast NAME`` runs every analysis from any directory, and names what there is."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import clustercast as cc
from analyses import __main__ as command
from analyses import options

ROOT = Path(__file__).parents[2]


def test_every_analysis_is_listed_with_what_it_answers_and_helpers_are_not(capsys):
    assert command.run([]) == 0
    shown = capsys.readouterr().out
    known = command.commands()
    assert {"audit", "claims", "model", "report", "sobol", "uncertainty"} <= set(known)
    assert not {"options", "report_results", "__main__"} & set(known)
    assert all(len(line) > 10 and line in shown for line in known.values())


def test_the_version_is_that_of_the_library(capsys):
    assert command.run(["--version"]) == 0
    assert capsys.readouterr().out == f"clustercast {cc.__version__}\n"


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_an_analysis_shows_its_options(flag, capsys):
    assert command.run(["sobol", flag]) == 0
    shown = capsys.readouterr().out
    assert "clustercast sobol" in shown and "--latent" in shown and "evidence_2026" in shown


def test_a_name_that_is_none_is_refused_with_the_nearest(capsys):
    assert command.run(["sobl"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and "nearest known: sobol" in error and error.count("\n") == 1


def test_it_runs_from_another_directory(tmp_path):
    program = [sys.executable, "-m", "analyses.audit", "--only", "A9", "--json"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and '"id": "A9"' in done.stdout
    assert (tmp_path / "out" / "audit.json").is_file()


OWN = """
import clustercast as cc
@cc.quantity("USD")
def cost(size, price):
    return size * price
model = cc.Model([cost])
"""
PRIORS = 'priors = cc.Priors(size=cc.LogNormal(0.0, 1.0, unit="H100e"), price=cc.Uniform(1, 2, unit="USD/H100e"))\n'


def test_a_model_of_ones_own_is_analysed_with_its_own_priors(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(OWN + PRIORS)
    arguments = ["sobol", "--model", str(tmp_path / "mine.py"), "--samples", "256", "--out", str(tmp_path)]
    assert command.run(arguments) == 0
    shown = " ".join(capsys.readouterr().out.split())
    # Var log size = 1, and that of log price is below 0.05.
    assert "Cost hangs most on size (9" in shown
    assert command.run([*arguments, "--set", "size=3"]) == 0
    assert "Cost hangs most on price (100 %" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("text", "more", "named"),
    [
        ("x = 1\n", [], "defines no model"),
        (OWN + "priors = 3\n", [], "priors is a int"),
        ("model = (\n", [], "mine.py:1"),
        ("x = 1\nx / 0\n", [], "mine.py:2: ZeroDivisionError: division by zero; correct the file"),
        ("import absent_module\n", [], "mine.py:1: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", [], "mine.py:1: SystemExit: 3"),
        (OWN + PRIORS, ["--scenario", "no_new_gas"], "--scenario no_new_gas"),
    ],
)
def test_a_file_without_a_model_is_refused_in_one_line(text, more, named, tmp_path, capsys):
    (tmp_path / "mine.py").write_text(text)
    assert command.run(["sobol", "--model", str(tmp_path / "mine.py"), "--out", str(tmp_path), *more]) == 2
    error = capsys.readouterr().err
    assert named in error and error.count("\n") == 1


def test_a_file_that_is_not_there_is_refused(tmp_path, capsys):
    assert command.run(["sobol", "--model", str(tmp_path / "absent.py"), "--out", str(tmp_path)]) == 2
    assert "is no Python file" in capsys.readouterr().err


def test_means_that_a_few_values_own_are_named_under_the_tables_of_quantiles(tmp_path, capsys):
    heavy = PRIORS.replace("LogNormal(0.0, 1.0", "LogNormal(0.0, 3.0")
    for priors, is_heavy in ((PRIORS, False), (heavy, True)):
        file = tmp_path / f"mine_{is_heavy}.py"
        file.write_text(OWN + priors)
        arguments = ["uncertainty", "--model", str(file), "--samples", "1024", "--out", str(tmp_path)]
        assert command.run(arguments) == 0
        shown = " ".join(capsys.readouterr().out.split())
        # Of a lognormal of log-sd 3 the largest of 1,024 values owns much of the mean.
        assert ("warning: The mean of cost rests on its few largest values (k-hat" in shown) == is_heavy


SCENARIO = """
[scenario]
title = "More in the Gulf"
why = "A test."
as_of = "2026-11"
source = "A test (2026)"
"""
GULF = '[inputs.gulf_capacity]\nfamily = "fixed"\nvalue = 9\nsource = "A test (2026)"\nas_of = "2026-11"\n'


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            ["--set", "gulf_capacity=9"],
            "Nothing shown depends on what was changed: gulf capacity; the quantity gulf_power does.",
        ),
        (["--set", "gulf_capacity=9", "--outputs", "gulf_power"], None),
        (
            ["--set", "cost_floor=0.2", "--set", "nuclear_build_time=4", "--set", "drilling_rigs=9"],
            "changed: drilling rigs;",
        ),
        (["--scenario", "GULF"], "changed: gulf capacity; the quantity gulf_power does"),
        (["--scenario", "MORE"], None),
        (["--scenario", "gas_and_deregulation"], None),
    ],
)
def test_a_change_that_nothing_shows_is_named(asked, said, tmp_path, capsys):
    more = GULF.replace("gulf_capacity", "nuclear_build_time").replace("9", "4", 1)
    for name, text in (("GULF", GULF), ("MORE", GULF + more)):
        (tmp_path / f"{name}.toml").write_text(SCENARIO + text)
    asked = [str(tmp_path / f"{part}.toml") if part in ("GULF", "MORE") else part for part in asked]
    assert command.run(["shapley", "--samples", "16", "--years", "2030", *asked, "--out", str(tmp_path / "out")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert ("Nothing shown" in shown) == bool(said) and (said or "") in shown


@pytest.mark.parametrize("name", ["claims", "report"])
def test_claims_and_the_page_name_a_change_that_they_do_not_show(name, tmp_path, capsys):
    place = ["--samples", "64", "--out", str(tmp_path / "out")]
    assert command.run([name, "--set", "synchronisation_power_drop=0.3", *place]) == 0
    said = "Nothing shown depends on what was changed: synchronisation power drop; the quantity power_swing does."
    assert said in " ".join(capsys.readouterr().out.split())
    page = tmp_path / "out" / "report.html"
    assert name == "claims" or said in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["condition", "update", "backtest"])
def test_what_learns_names_a_change_that_it_does_not_show(name, tmp_path, capsys, one_row):
    new = tmp_path / "new.toml"
    new.write_text(one_row.read_text().replace("2025", "2026").replace("2024", "2025"))
    arguments = [str(new)] if name == "update" else []
    arguments += ["--observations", "observed" if name == "backtest" else str(one_row)]
    arguments += ["--as-of", "2024-06"] if name == "backtest" else ["--outputs", "us_electricity", "--years", "2030"]
    arguments += ["--samples", "1024", "--out", str(tmp_path / "out")]
    assert command.run([name, *arguments, "--set", "us_electricity_growth=0.01"]) == 0
    assert "Nothing shown" not in capsys.readouterr().out
    assert command.run([name, *arguments, "--set", "synchronisation_power_drop=0.3"]) == 0
    said = "Nothing shown depends on what was changed: synchronisation power drop; the quantity power_swing does."
    assert said in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("samples", "design"), [("1024", ("sobol", 16)), ("1000", ("random", None))])
def test_a_power_of_two_is_drawn_in_parts_of_sobol_points_and_any_other_number_at_random(samples, design, tmp_path):
    shown = ["--samples", samples, "--out", str(tmp_path)]
    one = ["--only", "no_new_gas", "--years", "2030", "--outputs", "ai_investment"]
    for name, own in (("claims", []), ("scenarios", one), ("ask", ["training_cluster_power > 5 GW by 2030"])):
        assert command.run([name, *own, *shown]) == 0
        record = cc.design_of(cc.read_netcdf(tmp_path / f"{name}.nc"))
        assert (record["name"], record.get("replicates"), record["size"]) == (*design, int(samples))


def test_a_change_from_a_date_on_is_in_every_forecast(tmp_path, capsys, monkeypatch):
    """The opening of an answer, a comparison and a question are about the scenario that was asked for."""
    given = ["--scenario", "boom_ends_in_2028", "--json", "--out", str(tmp_path)]
    priors = cc.read_priors("evidence_2026", scenario="boom_ends_in_2028")
    inputs = cc.draw(priors, 64, design="sobol", replicates=16)
    level = float(cc.propagate(inputs, years=[2032], outputs=["ai_investment"])["ai_investment"].median())

    def result(*arguments):
        assert command.run([*arguments, *given]) == 0
        return json.loads(capsys.readouterr().out)

    asked = result("ask", f"ai_investment > {level} USD/year in 2032", "--samples", "64")["results"]["probability"]
    assert asked["data_vars"]["probability"]["data"][0][0] == 0.5
    shown = ["--years", "2032", "--outputs", "ai_investment"]
    monkeypatch.setattr(options, "QUICK", 512)
    uncertain = result("uncertainty", *shown, "--samples", "512")["finding"][0]
    # An opening is of points of its own: of so few the medians differ by some percent, those of scenarios by far more.
    quick = result("shapley", *shown, "--samples", "16")["finding"][0]
    medians = [float(re.search(r"invests \$(\d+)B a year", text)[1]) for text in (quick, uncertain)]
    assert medians[0] == pytest.approx(medians[1], rel=0.05) and medians[0] < 1000
    assert uncertain in result("compare", "evidence_2026", "evidence_2026", *shown, "--samples", "512")["finding"][0]
