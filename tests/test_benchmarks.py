"""The table of benchmarks: what it says of targets and of benchmarks that break; the peers compute one model."""

import csv
import io
import math

import numpy as np
import psutil
import pytest

from benchmarks import __main__ as command
from benchmarks import coverage, estimators, pairs, sobol_peers
from benchmarks.measure import BUSY, Options, Row, at_least, at_most, faster, medians, quiet_and_busy
from benchmarks.peer_models import cluster, with_clustercast, with_numpy, with_python
from benchmarks.phases import function_of
from benchmarks.table import comma_separated, markdown
from tests.reference.problems import PROBLEMS

SMOKE = Options(smoke=True)


def test_a_target_says_whether_it_is_met():
    assert at_most(2.5, 2.4) == ("<= 2.5", True)
    assert at_least(600, 599) == (">= 600", False)


def test_the_tables_hold_every_row_and_the_machine():
    results = {"draw": [Row("speed", 1234.5, "ns", "a | b", 2.0, "<= 1", False), Row("skipped", None, "")]}
    text = markdown(results, {"processor": "abacus"})
    assert "- processor: abacus" in text
    assert "| speed | 1,234 | ns | a / b | 2 | <= 1 | NO |" in text
    rows = list(csv.DictReader(io.StringIO(comma_separated(results))))
    assert rows[0]["value"] == "1234.5" and rows[0]["met"] == "False"
    assert rows[1]["what"] == "skipped" and rows[1]["value"] == ""


def test_functions_are_timed_in_turns():
    calls = []
    result = medians({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=2)
    assert calls == ["a", "b"] * 3
    assert set(result) == {"a", "b"}


def test_all_is_measured_quiet_and_beside_two_busy_processes():
    here = psutil.Process()
    before = len(here.children())
    result = quiet_and_busy(lambda: len(here.children()) - before)
    assert result == {"": 0, BUSY: 2}
    assert len(here.children()) == before


def test_a_peer_that_is_not_installed_is_named(monkeypatch):
    def missing(*given, **how):
        raise RuntimeError("ModuleNotFoundError: No module named 'jaxgsa'")

    monkeypatch.setattr(sobol_peers, "run_python", missing)
    peers = sobol_peers.seconds_of_peers([np.random.default_rng(1).random(64 * 6)], 2, 10, SMOKE)
    rows = [faster("ten columns", 0.1, name, taken) for name, taken in peers.items()]
    assert any("jaxgsa" in row.what and row.reference == "skipped: jaxgsa is not installed" for row in rows)
    salib = next(row for row in rows if row.reference.startswith("SALib"))
    assert salib.ratio == pytest.approx(next(iter(peers.values())) / 0.1)


def test_a_missed_target_is_no_failure_but_a_broken_benchmark_is(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(command, "scaling_of_two_processes", lambda loops: 2.0)
    monkeypatch.setattr(command, "rows_of", lambda name, options: [Row("slow", 9.0, "s", "", None, "<= 1", False)])
    assert command.main(["draw", "--smoke", "--out", str(tmp_path / "table.md")]) == 0
    assert "NO" in (tmp_path / "table.md").read_text()
    assert (tmp_path / "table.csv").exists()

    def broken(name, options):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(command, "rows_of", broken)
    assert command.main(["draw", "--smoke"]) == 1
    assert "FAILED draw" in capsys.readouterr().err


def test_an_unknown_benchmark_is_refused():
    with pytest.raises(SystemExit):
        command.main(["drwa"])


@pytest.mark.parametrize("benchmark", [coverage, estimators, pairs])
def test_the_studies_run_small(benchmark):
    rows = benchmark.rows(SMOKE)
    assert rows
    assert all(math.isfinite(row.value) for row in rows)


@pytest.mark.parametrize("peer", [with_clustercast, with_numpy, with_python])
def test_the_peers_compute_the_same_model(peer):
    size = 4000
    result = np.array([np.median(values) for values in peer.run(size)])
    # Ten years of growth with a standard deviation of 0.12 a year, among others: 1.3 in the logarithm.
    np.testing.assert_allclose(result, cluster.exact_medians(2034), rtol=5 * 1.7 / size**0.5)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_a_problem_as_a_quantity_takes_its_inputs_by_name(problem):
    points = np.random.default_rng(2).random((50, problem.inputs))
    function = function_of(problem, [f"x{i}" for i in range(problem.inputs)])
    np.testing.assert_array_equal(function(*points.T), problem.evaluate(points))
