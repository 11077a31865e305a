"""The analyses that learn from observations, from the shell's side."""

import json

import h5netcdf
import pytest
import xarray as xr

from analyses import options
from analyses.backtest import backtest
from analyses.condition import condition

SMALL = ["--samples", "2048", "--years", "2024,2030", "--outputs", "training_cluster_size"]


def test_condition_shows_tables_and_writes_what_arviz_reads(tmp_path, capsys):
    # The options of test_terminal.py, which print the same answer.
    assert options.exit_code(condition, ["--samples", "4096", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    for words in ("Training cluster power", "conflict with the prior", "moved most", "k-hat"):
        assert words in shown
    with h5netcdf.File(tmp_path / "condition.nc") as file:
        assert {"prior", "posterior", "log_likelihood"} <= set(file.groups)
    # One group for all: there are hundreds of variables in the others.
    with xr.open_dataset(tmp_path / "condition.nc", group="log_likelihood", engine="h5netcdf") as densities:
        assert densities["log10_observed"].dims == ("chain", "draw", "observation")


def test_json_is_one_document_and_rows_can_be_left_out(tmp_path, capsys, no_netcdf):
    arguments = [*SMALL, "--json", "--without", "obs_gpt4,obs_eagle", "--as-of", "2024-06", "--out", str(tmp_path)]
    assert options.exit_code(condition, arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["results"]["provenance"]["as_of"] == ""
    rows = result["results"]["conflict"]["coords"]["observation"]["data"]
    assert "obs_meta24k" in rows
    assert not {"obs_gpt4", "obs_eagle", "obs_colossus"} & set(rows)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--observations", "obseved"], "nearest known: observed"),
        (["--without", "obs_gtp4"], "nearest known: obs_gpt4"),
        (["--as-of", "June"], "cannot read 'June' as a date"),
    ],
)
def test_bad_input_ends_with_one_line(arguments, told, tmp_path, capsys):
    assert options.exit_code(condition, [*SMALL, *arguments, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_bad_row_is_named_by_line_and_the_run_without_it_is_one_option_away(tmp_path, capsys, no_netcdf):
    row = '[[observation]]\nid = "{}"\ndate = {}\nquantity = "us_electricity"\nname = "x"\nvalue = 4300\n'
    rest = 'unit = "TWh/year"\nsd_log10 = 0.01\nsource = "x"\nas_of = "2025"\n'
    (tmp_path / "mine.toml").write_text(row.format("a", 2024) + rest + row.format("b", 2050) + rest)
    arguments = [*SMALL, "--observations", str(tmp_path / "mine.toml"), "--out", str(tmp_path)]
    assert options.exit_code(condition, arguments) == 2
    assert "mine.toml:11: observation 'b': date 2050" in capsys.readouterr().err
    assert options.exit_code(condition, [*arguments, "--skip-bad"]) == 0
    assert "1 observation" in capsys.readouterr().out


def test_a_backtest_from_no_date_is_refused(capsys):
    assert options.exit_code(backtest, ["--as-of", ","]) == 2
    assert "--as-of ',' names no date" in capsys.readouterr().err


def test_backtest_prints_the_skill_of_each_origin_and_of_all(capsys):
    # The options of test_terminal.py. By the first date few rows choose the simplest form, by the second ten choose.
    assert options.exit_code(backtest, ["--as-of", "2023-06,2024-01", "--samples", "2048"]) == 0
    shown = capsys.readouterr().out
    for words in ("As of 2023-06", "As of 2024-01", "All 2 origins", "posterior gains", "essay", "line"):
        assert words in shown
