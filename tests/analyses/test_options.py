"""An analysis ends with 0, with 2 and one line, or with 130; never with a traceback."""

import errno
import gc
import importlib
import inspect
import io
import json
import os
import re
import signal
import subprocess
import sys
import textwrap

import pytest

from analyses import options, terminal
from analyses.__main__ import commands
from analyses.audit import audit
from clustercast.errors import InputError


@options.analysis(years="2022:2034", samples=1024)
def analysis(run: options.Run) -> options.Answer:
    """Print what was asked."""
    asked = [run.priors.name, run.settings, run.years, run.outputs, run.samples, run.seed, run.named]
    return options.Answer(["found"], {"asked": repr(asked)})


def test_options_reach_the_analysis(capsys, tmp_path):
    arguments = (
        "-p situational_awareness --scenario no_new_gas --set load_factor=0.5 --years 2024:2025 -o ai_investment"
    )
    given = [*arguments.split(), "--samples", "8", "--seed", "3", "--out", str(tmp_path), "--json"]
    assert options.exit_code(analysis, given) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["finding"] == ["found"] and answer["run"]["seed"] == 3
    expected = ["situational_awareness+no_new_gas", {"load_factor": 0.5}, [2024.0, 2025.0], ["ai_investment"], 8, 3]
    assert answer["results"]["asked"] == repr([*expected, ("situational_awareness", "no_new_gas")])


def test_texts_of_the_shell_are_read():
    given = ["load_factor=0.8", "ai_investment_2024=$200B/year"]
    assert options.settings(given) == {"load_factor": 0.8, "ai_investment_2024": "$200B/year"}
    assert options.years("2022:2024:0.5") == [2022.0, 2022.5, 2023.0, 2023.5, 2024.0]
    assert options.years("2024,2030") == [2024.0, 2030.0]
    assert options.names("training_cluster_size, training_cluster_cost") == [
        "training_cluster_size",
        "training_cluster_cost",
    ]


def test_all_analyses_share_their_options_and_the_default_prior_set():
    shared = {"priors", "scenario", "set", "model", "out", "json"}
    for name in commands():
        parameters = inspect.signature(getattr(importlib.import_module(f"analyses.{name}"), name)).parameters
        # The audit is of the essay, with the essay's inputs alone; two sets that are compared are named by their place.
        expected = {"audit": {"out", "json"}, "compare": shared - {"priors"} | {"a", "b"}}.get(name, shared)
        assert expected <= set(parameters), name
        assert all(parameters[key].default is None for key in {"priors", "scenario", "set"} & set(parameters)), name


def test_help_names_every_shared_option(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert options.exit_code(analysis, ["--help"]) == 0
    text = capsys.readouterr().out
    assert "Print what was asked." in text and f"[default: ({options.DEFAULT})]" in " ".join(text.split())
    flags = "--priors --scenario --set --model --years --outputs --samples --seed --out --json"
    assert set(flags.split()) <= set(re.findall(r"--[a-z]+", text))
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--seed", "1.5"], "--seed"),
        (["--samples", "many"], "--samples"),
        (["--sampels", "8"], "--sampels"),
        (["stray"], "stray"),
        (["--set", "a"], "NAME=VALUE"),
        (["--years", "soon"], "soon"),
    ],
)
def test_bad_options_are_one_line_and_exit_with_2(capsys, arguments, named):
    assert options.exit_code(analysis, arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1
    assert named in captured.err


def raising(error):
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (
            InputError("the unit 'GV' is unknown;\n  nearest known: GW"),
            2,
            "error: the unit 'GV' is unknown; nearest known: GW\n",
        ),
        (OSError(errno.ENOSPC, "No space left on device", "a.nc"), 2, "error: No space left on device: a.nc\n"),
        (MemoryError("8 TiB"), 2, "error: not enough memory (8 TiB); ask for fewer --samples, --years or --outputs\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_each_end_has_its_code_and_line(capsys, error, code, line):
    assert options.exit_code(raising(error), []) == code
    assert capsys.readouterr().err == line


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        options.exit_code(raising(ZeroDivisionError()), [])


def heed_interrupts():
    """Undo what a shell does to a command in the background, whose children would ignore an interrupt too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def process(body, *, keep=()):
    program = (
        "import os, sys, time\nfrom analyses import options\n" + textwrap.dedent(body) + "\noptions.run(command)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **dict(keep)}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    return subprocess.Popen([sys.executable, "-c", program], **streams, preexec_fn=heed_interrupts)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_analysis_says_nothing_and_leaves_no_file(tmp_path, number, code):
    child = process(
        f"""
        from clustercast.files.whole import write_whole
        def half(path):
            path.write_text("half")
            print("writing", flush=True)
            time.sleep(30)
        def command() -> None:
            write_whole({str(tmp_path / "a.txt")!r}, half)
        """
    )
    assert child.stdout.readline() == "writing\n"
    child.send_signal(number)
    _, said = child.communicate(timeout=20)
    assert (child.returncode, said, list(tmp_path.iterdir())) == (code, "", [])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_extension_that_is_interrupted_while_it_is_imported_makes_no_other_error_of_it(number, code):
    # Matplotlib's asks Python for enumerations while it begins, and says that it could not begin where that fails.
    child = process(
        f"""
        import enum
        whole = enum.EnumMeta._create_
        def interrupted(cls, *given, **named):
            if "Kerning" in (*given[:1], named.get("class_name")):
                print("interrupted", flush=True)
                os.kill(os.getpid(), {number})
            return whole(cls, *given, **named)
        enum.EnumMeta._create_ = interrupted
        def command() -> None:
            import matplotlib.ft2font
            time.sleep(10)
        """
    )
    written, said = child.communicate(timeout=20)
    assert (child.returncode, written, said) == (code, "interrupted\n", "")


@pytest.mark.parametrize("name", commands())
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_analysis_that_is_interrupted_while_it_imports_what_it_needs_says_nothing(name, number, code, tmp_path):
    sets = ["evidence_2026", "situational_awareness"] if name == "compare" else []
    program = f"""
import os, runpy, sys
class Interrupt:
    def find_spec(self, name, path, target=None):
        options = sys.modules.get("analyses.options")
        if name.startswith("clustercast.") and options and not options.__spec__._initializing:
            sys.meta_path.remove(self)
            print("interrupted", flush=True)
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Interrupt())
sys.argv = ["", *{sets}, "--out", {str(tmp_path)!r}]
runpy.run_module("analyses.{name}", run_name="__main__", alter_sys=True)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    with subprocess.Popen([sys.executable, "-c", program], **streams, preexec_fn=heed_interrupts) as child:
        written, said = child.communicate(timeout=60)
    assert (child.returncode, written, said) == (code, "interrupted\n", "")


def test_a_reader_that_leaves_is_no_error():
    child = process(
        """
        def command() -> None:
            for line in range(100_000):
                print(line)
        """
    )
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == ""
    child.stderr.close()
    assert child.wait(timeout=20) == 141


def test_a_pipe_gets_plain_text_of_80_columns():
    child = process(
        """
        def command() -> None:
            console = options.console()
            console.print("[bold red]x[/]" * 200)
        """,
        keep={"FORCE_COLOR": "", "COLUMNS": "80"}.items(),
    )
    said, _ = child.communicate(timeout=20)
    assert "\x1b" not in said
    assert max(map(len, said.splitlines())) == 80


def test_years_have_both_ends():
    assert options.years("2022:2034") == [float(year) for year in range(2022, 2035)]
    assert options.years("2030") == [2030.0]
    assert options.years("2022:2023:0.25") == [2022.0, 2022.25, 2022.5, 2022.75, 2023.0]


@pytest.mark.parametrize(
    "text", ["", "2034:2022", "2022:2034:0", "2022:2034:-1", "1:2:3:4", "2022,2023:2024", "nan:2030", ":"]
)
def test_years_that_are_none_are_refused(text):
    with pytest.raises(InputError, match="write it as in --years 2022:2034"):
        options.years(text)


@pytest.mark.parametrize("given", [["a"], ["=1"], ["a="], ["a=1", "a=2"]])
def test_settings_that_are_none_are_refused(given):
    with pytest.raises(InputError, match="--set"):
        options.settings(given)


def test_names_are_stripped_and_none_stays_none():
    assert options.names(None) is None
    assert options.names(" a ,b,") == ["a", "b"]


def test_samples_on_sobol_points_are_a_power_of_two_and_the_refusal_names_the_option(capsys):
    @options.analysis(samples=1024, points=True)
    def on_points(run: options.Run) -> options.Answer:
        """Print what was asked."""
        return options.Answer([], {"samples": run.samples})

    assert options.exit_code(on_points, ["-n", "3000"]) == 2
    message = "--samples is 3000, not a power of two as Sobol' points need; use 2048 or 4096"
    assert capsys.readouterr().err == f"error: {message}\n"
    assert options.exit_code(on_points, ["--samples", "2048", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["results"] == {"samples": 2048}


def test_tables_end_as_text_does_when_nobody_reads_on(monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    def tables() -> None:
        """Print a table."""
        options.console().print("a table")

    monkeypatch.setattr(sys, "stdout", Closed())
    assert options.exit_code(tables, []) == terminal.BROKEN_PIPE


@pytest.mark.parametrize(
    ("text", "years"),
    [("2026-07,2028", [2026.5, 2028.0]), ("2026-07:2028-01", [2026.5, 2027.5]), ("2026:2026.5:0.5", [2026, 2026.5])],
)
def test_years_are_dates_as_they_are_written_everywhere(text, years):
    assert options.years(text) == years
    with pytest.raises(InputError, match="--years '2026-13' is not a list or range of years"):
        options.years("2026-13")


def test_garbage_is_collected_again_once_the_libraries_are_in(monkeypatch, tmp_path):
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("gc.freeze", lambda: None)
    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", "one")
    usual = gc.get_threshold()
    try:
        options.begin()
        assert os.environ["PYDANTIC_DISABLE_PLUGINS"] == "one"
        assert not gc.isenabled()
        assert options.exit_code(audit, ["--only", "A9", "--out", str(tmp_path)]) == 0
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.set_threshold(*usual)
