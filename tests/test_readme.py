"""The README's code runs as it stands, and its commands exist."""

import re

import numpy as np
import pytest

import clustercast as cc

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def readme(pytestconfig):
    return (pytestconfig.rootpath / "README.md").read_text(encoding="utf-8")


def test_the_code_runs_and_gives_what_it_says(readme):
    library, own_model = BLOCK.findall(readme)
    names = {}
    exec(compile(library, "README.md", "exec"), names)
    assert dict(names["forecast"].sizes) == {"year": 11, "sample": 100_000}
    assert {"S1", "S1_conf", "ST", "ST_conf"} <= set(names["indices"])
    exec(compile(own_model, "README.md", "exec"), names)
    # Ishigami and Homma (1990), a = 7, b = 0.1.
    first_order = names["indices"]["S1"].sel(output="ishigami")
    assert first_order.sel(input="x1").item() == pytest.approx(0.3139, abs=0.02)
    assert first_order.sel(input="x2").item() == pytest.approx(0.4424, abs=0.02)
    assert first_order.sel(input="x3").item() == pytest.approx(0.0, abs=0.02)


# A number, of two or three digits, and an interval in brackets, each with its scale.
STATED = re.compile(r"(?:^|\$| )([\d.]+)(T|B| GW)[^(]*?\((?:90 % interval )?([\d.]+) to ([\d.]+)\)")
SCALES = {"T": 1e12, "B": 1e9, " GW": 1e9}


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_the_first_sentence_is_what_the_model_gives(page, pytestconfig):
    sentence = (pytestconfig.rootpath / page).read_text(encoding="utf-8").split("**")[1].replace("\n", " ")
    outputs = ["training_cluster_power", "training_cluster_cost", "ai_investment"]
    draws = cc.draw(cc.read_priors("evidence_2026"), 8192, design="sobol", seed=5)
    forecast = cc.propagate(draws, outputs=outputs, years=[2030])
    stated = STATED.findall(sentence)
    assert len(stated) == len(outputs), stated
    for output, (median, scale, low, high) in zip(outputs, stated, strict=True):
        ours = np.quantile(forecast[output], [0.5, 0.05, 0.95]) / SCALES[scale]
        # Two digits round by up to 5 %; the ends of the interval have a sampling error of 1 %.
        for number, text in zip(ours, (median, low, high), strict=True):
            half = 0.5 * 10 ** (np.floor(np.log10(float(text))) - 1)
            assert number == pytest.approx(float(text), abs=half + 0.015 * number), (output, text)


def test_the_main_job_opens_with_the_power_of_the_first_sentence(readme, tmp_path, capsys):
    from analyses import options
    from analyses.sobol import sobol

    median, scale, low, high = STATED.search(readme.split("**")[1]).groups()
    assert options.exit_code(sobol, ["--samples", "16", "--years", "2030", "--out", str(tmp_path)]) == 0
    assert f"draws {median}{scale} ({low} to {high})" in " ".join(capsys.readouterr().out.split())


def test_the_make_targets_exist(readme, pytestconfig):
    makefile = (pytestconfig.rootpath / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    named = {target for line in re.findall(r"^    make ([a-z ]+)", readme, re.MULTILINE) for target in line.split()}
    assert {"sobol", "test"} <= named <= targets


def test_it_is_short(readme):
    assert len(readme.splitlines()) < 120


# The rows of the comparison, in the order of the README, by what benchmarks/results.md calls them and their peers.
COMPARED = (
    ("second order, all of them read: times faster", "SALib's sampler"),
    ("SALib's estimator: times faster", "SALib, "),
    ("quantiles, mean and errors of 6 outputs", "xarray.Dataset.quantile"),
    ("propagate, 6 outputs x 13 years", ""),
)


def test_the_ratios_are_those_of_the_benchmarks(readme, pytestconfig):
    rows = (pytestconfig.rootpath / "benchmarks" / "results.md").read_text(encoding="utf-8").splitlines()
    quoted = re.findall(r"^\| .*? \| ([\d.]+|not measured) \| ", readme, re.MULTILINE)
    for ratio, (name, peer) in zip(quoted, COMPARED, strict=True):
        if ratio == "not measured":
            continue
        (row,) = [row for row in rows if name in row and f"| {peer}" in row and not row.endswith("|  |  |  |")]
        measured = float(row.split(" | ")[4].replace(",", ""))
        # The table is measured again now and then, and a shared machine differs from run to run by less than this.
        assert float(ratio) == pytest.approx(measured, rel=0.5), name
