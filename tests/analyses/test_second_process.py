"""What comes of parts is the same, wherever it is made: in a second process, or in this one where that fails."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import clustercast as cc
from analyses import second_process
from analyses.second_process import SecondProcess
from clustercast.report.plots.sensitivity import panels_png

ROOT = Path(__file__).parents[2]


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Return the name of a module of functions that say in which process they run."""
    (tmp_path / "some_work.py").write_text(
        "import os, signal, time\n"
        "def joined(parts):\n    three = [str(next(parts)) for _ in range(3)]\n"
        "    return ' '.join([*three, str(os.getpid())]).encode()\n"
        "def fails_there(parts):\n    begun = os.getppid() != int(next(parts))\n"
        "    rest = [next(parts), next(parts)]\n"
        "    if not begun:\n        raise ValueError(rest)\n    return b'here'\n"
        "def killed_there(parts):\n    there = os.getppid() == int(next(parts))\n    next(parts)\n"
        "    if there:\n        os.kill(os.getpid(), signal.SIGKILL)\n    return b'here'\n"
        "def slow_there(parts):\n    there = os.getppid() == int(next(parts))\n    next(parts)\n"
        "    if there:\n        time.sleep(60)\n    return b'here'\n"
        "def refuses(parts):\n    next(parts)\n    raise ValueError('never')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return lambda name: f"some_work:{name}"


def ready(second):
    """Return a second process once it is ready."""
    assert second.pipe.poll(60)
    return second


def test_parts_are_worked_on_in_a_process_of_their_own(work):
    second = ready(SecondProcess(work("joined"), "a"))
    second.send("b")
    second.send(3)
    *parts, process = second.result().split()
    assert parts == [b"a", b"b", b"3"] and int(process) != os.getpid()


def test_one_that_is_not_ready_in_time_ends_and_this_process_works(work, monkeypatch):
    # As on a machine on which others leave it no time.
    monkeypatch.setattr(second_process, "_SERVE", "import time; time.sleep(60)")
    second = SecondProcess(work("joined"), "a")
    begun = time.monotonic()
    second.send("b")
    assert not second.end.alive
    second.send("c")
    assert second.result().split() == [b"a", b"b", b"c", b"%d" % os.getpid()]
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("how", ["fails_there", "killed_there", "slow_there"])
def test_where_the_second_process_fails_this_one_works(work, how, monkeypatch):
    monkeypatch.setattr(second_process, "_PATIENCE", 1.0)
    second = ready(SecondProcess(work(how), os.getpid()))
    second.send("b")
    second.send("c")
    assert second.result() == b"here"
    assert not second.end.alive


def test_an_error_of_the_work_itself_is_raised_here(work):
    second = ready(SecondProcess(work("refuses"), "a"))
    second.send("b")
    with pytest.raises(ValueError, match="never"):
        second.result()


@pytest.mark.parametrize("error", [OSError("no more processes"), AssertionError("pass_fds not supported on Windows")])
def test_where_no_process_can_be_started_this_one_works(work, error, monkeypatch):
    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr(subprocess, "Popen", refuse)
    second = SecondProcess(work("joined"), "a")
    second.send("b")
    second.send("c")
    assert second.result().split()[:3] == [b"a", b"b", b"c"]


@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_the_second_process_ends_with_the_first(how, work, tmp_path):
    program = (
        "import sys, time\nfrom analyses.second_process import SecondProcess\n"
        f"second = SecondProcess({work('joined')!r}, 'a')\nsecond.pipe.poll(60)\n"
        "print(second.end.peek()[2][0].pid, flush=True)\n"
        "sys.stdin.read()\nraise SystemExit(2)\n"
    )
    found = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src"), str(tmp_path)])}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, stderr=pipe, env=found) as first:
        second = int(first.stdout.readline())
        os.kill(second, 0)
        if how == "is killed":
            first.send_signal(signal.SIGKILL)
        assert first.communicate()[1] == b""
    until = time.monotonic() + 60
    while Path(f"/proc/{second}").exists() and "\nState:\tZ" not in Path(f"/proc/{second}/status").read_text():
        assert time.monotonic() < until
        time.sleep(0.01)


@cc.quantity("USD")
def spent(start, rate, year, first_year):
    return start * np.exp(rate * (year - first_year))


@cc.quantity("USD")
def earned(spent, margin):
    return spent * margin


def test_a_picture_is_the_same_wherever_and_however_it_is_drawn(tmp_path):
    start, rate = cc.LogNormal(0, 1.0, unit="USD"), cc.Normal(0.5, 0.2, unit="1/year")
    priors = cc.Priors(start=start, rate=rate, margin=cc.Uniform(1, 2), first_year=cc.Fixed(2026, unit="year"))
    outputs, years = ["spent", "earned"], [2026.0, 2028.0]
    indices = cc.run_sobol(priors, model=cc.Model([spent, earned]), outputs=outputs, years=years, size=64)
    second = ready(SecondProcess("clustercast.report.plots.sensitivity:panels_png", (outputs, years)))
    second.send(indices)
    second.send("what it holds for")
    there = second.result()
    assert there == panels_png(iter([(outputs, years), indices, "what it holds for"]))
    # Drawn on its own, without frames that were there before.
    figure = cc.plots.sobol_panels(indices)
    figure.supxlabel("what it holds for", x=0.01, y=0.05 / figure.get_figheight(), ha="left", fontsize=10)
    assert there == cc.plots.save_figure(figure, tmp_path / "alone.png").read_bytes()
