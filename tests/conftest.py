"""Set the tests up: one thread, no display, two hypothesis profiles, any order, and no process left behind.

HYPOTHESIS_PROFILE is "quick" or "thorough"; TEST_ORDER, a whole number, runs the tests in a random order of that seed.
"""

import gc
import os
import random
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ["MPLBACKEND"] = "Agg"

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

# In CI the same examples are drawn at every run, so that a red run is red again at one's desk.
_COMMON = {"deadline": None, "derandomize": bool(os.environ.get("CI")), "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("quick", max_examples=25, **_COMMON)
settings.register_profile("thorough", max_examples=500, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# Every process that the tests start inherits this variable, however far from home it strays.
_MARK = "CLUSTERCAST_TEST_RUN"
_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if not _IS_WORKER:
    os.environ[_MARK] = f"{os.getpid()}"


def _written():
    """Return the files in the checkout's own directory for results, each with the time at which it was written."""
    result = (Path(__file__).parents[1] / "out").rglob("*")
    return [(str(path), path.stat().st_mtime_ns) for path in result if path.is_file()]


_WRITTEN = _written()


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Look for no garbage among what lasts, the libraries and the tests, and seldom among what comes later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        gc.enable()


def pytest_collection_modifyitems(items):
    """Shuffle modules, and the tests in them, where an order is asked for."""
    if order := os.environ.get("TEST_ORDER"):
        shuffled = random.Random(int(order))
        places = {item.path: shuffled.random() for item in sorted(items, key=lambda item: item.path)}
        items.sort(key=lambda item: (places[item.path], shuffled.random()))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """Fail a run that leaves a process behind, or a file in the directory that analyses write to by default."""
    left = {} if _IS_WORKER else {"processes": _left_behind(), "files": sorted({*_written()} - {*_WRITTEN})}
    for what, result in left.items():
        if result:
            print(f"\nERROR {what} left behind: " + "; ".join(map(str, result)))
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _left_behind():
    """Return the commands of running processes that these tests started, where the system has /proc."""
    mark = f"{_MARK}={os.environ[_MARK]}".encode()
    result = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            environment, command = ((place / name).read_bytes().split(b"\0") for name in ("environ", "cmdline"))
            state, parent = (place / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if mark in environment and state != "Z" and int(place.name) != os.getpid():
            result[place.name] = parent, b" ".join(command).decode(errors="replace").strip()
    # The trackers of multiprocessing end with the process that they serve.
    trackers = {pid for pid, (_, command) in result.items() if "from multiprocessing." in command}
    own = {pid for pid, (parent, _) in result.items() if pid in trackers and parent not in trackers}
    return [f"{pid} ({command[:100]})" for pid, (_, command) in result.items() if pid not in own]
