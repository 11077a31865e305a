"""Bad input ends an analysis with 2 and one line that names it, before anything is computed or written."""

import importlib

import pytest

from analyses import options

CASES = [
    ("audit", ["--only", "A99"], "A99"),
    ("claims", ["--priors", "situational_awarenes"], "situational_awareness"),
    ("claims", ["--samples", "0"], "0"),
    ("claims", ["--scenario", "no_old_gas"], "no_new_gas"),
    ("claims", ["--set", "load_facto=0.8"], "load_factor"),
    ("scenarios", ["--only", "slowe_growth"], "slower_growth"),
    ("scenarios", ["--year", "2050"], "--year 2050"),
    ("scenarios", ["--outputs", "training_cluster_pwoer"], "training_cluster_power"),
    ("uncertainty", ["--years", "2034:2022"], "--years"),
    ("uncertainty", ["--design", "sobo"], "--design"),
    ("uncertainty", ["--set", "load_factor=0.8 GW"], "load_factor"),
    ("model", ["--outputs", "training_cluster_pwoer"], "training_cluster_power"),
    ("model", ["--priors", "absent.toml"], "absent.toml"),
]


@pytest.mark.parametrize(("name", "arguments", "named"), CASES, ids=lambda value: str(value))
def test_bad_input_is_one_line_that_names_it(name, arguments, named, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = getattr(importlib.import_module(f"analyses.{name}"), name)
    assert options.exit_code(command, arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert named in captured.err
