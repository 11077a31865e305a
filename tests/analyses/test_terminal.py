"""Every analysis fits a terminal of 80 columns, is plain in a pipe and speaks JSON to machines."""

import errno
import importlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import clustercast as cc
from analyses import options
from analyses.__main__ import commands
from analyses.terminal import TERMINATED, take_any_terminal
from clustercast.files import netcdf as files

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
SMALL = {
    "ask": ["training_cluster_power > 5 GW by 2028", "--samples", "1024"],
    "backtest": ["--as-of", "2023-06,2024-01", "--samples", "2048"],
    "claims": ["--samples", "512"],
    "compare": ["situational_awareness", "evidence_2026", "--samples", "64", "--years", "2030"],
    "condition": ["--samples", "4096"],
    "model": ["--outputs", "training_cluster_power,binding_constraint"],
    "scenarios": ["--samples", "256", "--only", "no_new_gas,slower_growth", "--outputs", "fleet_power"],
    "shapley": ["--samples", "128", "--outputs", "training_cluster_power"],
    "sobol": ["--samples", "64", "--years", "2026:2030:2", "--outputs", "training_cluster_power"],
    "scorecard": ["--made", "2024-06", "--today", "2026-11"],
    "uncertainty": ["--samples", "512", "--years", "2024:2030:2"],
    "update": ["--samples", "2048", "--years", "2026,2030", "--outputs", "training_cluster_size"],
}
SMALL["update"] += ["--columns", "epoch_gpu_clusters", "--published", "2026-12"]
# The report, which takes long, has its own tests.
LEFT_OUT = {"report"}


def command_of(name):
    return getattr(importlib.import_module(f"analyses.{name}"), name)


@pytest.fixture(scope="module")
def arguments(tmp_path_factory, epoch):
    """Return how an analysis is called, with the file that it reads."""
    place = tmp_path_factory.mktemp("read")
    inputs = cc.draw(cc.read_priors("situational_awareness"), 64, seed=1)
    forecast = cc.propagate(inputs, years=range(2024, 2031), outputs=["training_cluster_size"])
    cc.write_netcdf(forecast[["training_cluster_size"]], place / "stored.nc")
    reads = {"update": [str(epoch)], "scorecard": [str(place / "stored.nc")]}
    return lambda name, out: [*reads.get(name, []), *SMALL.get(name, []), "--out", str(out)]


ANALYSES = [name for name in commands() if name not in LEFT_OUT]


@pytest.mark.parametrize("name", ANALYSES)
def test_tables_fit_80_columns_without_colours(name, arguments, tmp_path, capsys, monkeypatch, no_netcdf):
    monkeypatch.setenv("COLUMNS", "80")
    assert options.exit_code(command_of(name), arguments(name, tmp_path)) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if str(tmp_path) not in line]
    assert lines and max(map(len, lines)) <= 80
    assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize("name", ANALYSES)
def test_json_is_one_document_with_no_number_that_is_none(name, arguments, tmp_path, capsys, no_netcdf):
    assert options.exit_code(command_of(name), [*arguments(name, tmp_path), "--json"]) == 0

    def refuse(text):
        raise AssertionError(f"{text} is no JSON")

    assert json.loads(capsys.readouterr().out, parse_constant=refuse)


@pytest.mark.parametrize("name", ["claims", "scenarios", "shapley", "sobol", "uncertainty"])
def test_a_full_disk_takes_no_answer_away(name, arguments, tmp_path, capsys, monkeypatch):
    assert options.exit_code(command_of(name), arguments(name, tmp_path)) == 0
    answer = capsys.readouterr().out

    def on_a_full_disk(path, write):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(files, "write_whole", on_a_full_disk)
    assert options.exit_code(command_of(name), arguments(name, tmp_path)) == options.BAD_INPUT
    told = capsys.readouterr()
    assert told.out and answer.startswith(told.out) and "wrote" in answer[len(told.out) :]
    assert told.err.startswith("error: ") and os.strerror(errno.ENOSPC) in told.err


def test_no_color_is_respected_where_a_terminal_is_forced(arguments, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert options.exit_code(command_of("claims"), arguments("claims", tmp_path)) == 0
    # Bold and underline are no colours: only the codes of colours must be absent.
    written = capsys.readouterr().out
    assert not any(re.search(rf"\x1b\[(\d+;)*{code}m", written) for code in ("3[0-8]", "4[0-8]", "9[0-7]", "10[0-7]"))


def test_an_interrupt_inside_exec_of_a_text_exits_with_130_too():
    program = (
        "from analyses import options\n"
        "def interrupted():\n    '''Stop.'''\n    exec('raise KeyboardInterrupt')\n"
        "options.run(interrupted)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_sobol_gives_shapley_effects_where_they_are_asked_for(tmp_path, capsys):
    given = ["--shapley", "--samples", "128", "--years", "2030", "--outputs", "training_cluster_power"]
    assert options.exit_code(command_of("sobol"), [*given, "--out", str(tmp_path)]) == 0
    assert "Shapley effects, which sum to 1" in capsys.readouterr().out
    assert (tmp_path / "shapley.nc").is_file()


@pytest.mark.parametrize(
    "other", [["--groups", "section"], ["--second-order"], ["--engine", "salib"], ["--until", "0.1"]], ids=" ".join
)
def test_effects_take_no_options_of_indices(other, tmp_path, capsys):
    sobol = importlib.import_module("analyses.sobol").sobol
    assert options.exit_code(sobol, ["--shapley", *other, "--out", str(tmp_path)]) == options.BAD_INPUT
    said = capsys.readouterr().err
    assert "--shapley takes none" in said and said.count("\n") == 1 and not list(tmp_path.iterdir())


def test_json_has_one_shape_and_its_datasets_are_read_back(arguments, tmp_path, capsys):
    for name, key, variable in (("sobol", "indices", "ST"), ("claims", "claims", "probability")):
        assert options.exit_code(command_of(name), [*arguments(name, tmp_path), "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert set(document) == {"finding", "run", "results"}
        assert document["run"]["priors"] == options.DEFAULT and all(document["finding"])
        read = xr.Dataset.from_dict(document["results"][key])
        written = cc.read_netcdf(tmp_path / f"{name}.nc")
        np.testing.assert_array_equal(read[variable], written[variable])


@pytest.mark.parametrize("terminal", ["no width", "ascii", "cp437", "closed"])
@pytest.mark.parametrize("name", ["sobol", "uncertainty"])
def test_any_terminal_is_written_to(name, terminal, tmp_path, monkeypatch):
    written = io.BytesIO()
    encoding = terminal if terminal in ("ascii", "cp437") else "utf-8"
    stream = None if terminal == "closed" else io.TextIOWrapper(written, encoding=encoding)
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("COLUMNS", "1" if terminal == "no width" else "80")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    take_any_terminal(TERMINATED)
    command = getattr(importlib.import_module(f"analyses.{name}"), name)
    assert options.exit_code(command, [*SMALL[name], "--out", str(tmp_path)]) == 0
    assert list(tmp_path.iterdir())
    sys.stdout.flush()
    if terminal == "closed":
        sys.stdout.close()
    assert terminal == "closed" or len(written.getvalue()) > 500


def test_files_are_written_though_the_reader_of_the_answer_goes_away(tmp_path):
    command = [sys.executable, "-m", "analyses.sobol", *SMALL["sobol"], "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
        assert process.stdout.readline()
        process.stdout.close()
        error = process.stderr.read().decode()
    assert {path.name for path in tmp_path.iterdir()} == {"sobol.nc", "sobol.png"}
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("samples", "design", "parts"), [("512", "sobol", 16), ("1008", "latin", 16), ("1000", "latin", 1)]
)
def test_the_errors_of_a_forecast_are_of_independent_parts_where_these_are_equal(samples, design, parts, tmp_path):
    given = ["--samples", samples, "--years", "2030", "--outputs", "fleet_power", "--out", str(tmp_path)]
    assert options.exit_code(command_of("uncertainty"), [*given, "--design", design]) == 0
    summary = cc.read_netcdf(tmp_path / "uncertainty_summary.nc")
    assert cc.design_of(summary).get("replicates", 1) == parts
    assert ("upper limit" in summary.attrs["error_method"]) == (parts == 1)


@pytest.mark.parametrize(("started", "handler"), [("-m", "Handlers.SIG_DFL"), ("notebook", "default_int_handler")])
def test_an_interrupt_has_no_traceback_from_the_first_import_on_but_only_of_a_program(started, handler):
    # A background job of a shell is started with interrupts ignored.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); sys.argv[0] = sys.argv[1]"
    code += "; import analyses; print([signal.getsignal(signal.SIGINT)])"
    command = [sys.executable, "-c", code, started]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert handler in done.stdout
