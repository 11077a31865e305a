"""Times, peaks of memory and the machine they were taken on."""

import ctypes
import gc
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import numpy as np

ROOT = Path(__file__).parents[1]
Clock = Callable[[], float]
Result = TypeVar("Result")
BUSY = ", beside two busy processes"

# One pass over an array that fits in the first cache, again and again: bound by arithmetic, not by memory.
_WORK = """
import time, numpy as np
x = np.linspace(0, 1, 4096)
def work(seconds_or_loops):
    start = time.perf_counter()
    for _ in range(seconds_or_loops):
        np.exp(x)
    return time.perf_counter() - start
work(2000)
print(work({loops}))
"""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `ratio` is the factor by which `value` is better (or, against a floor, more) than `reference`, as `what` says;
    `met` is None where there is no target.
    """

    what: str
    value: float | None
    unit: str
    reference: str = ""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Options:
    """How large a run is."""

    smoke: bool = False
    full: bool = False
    peers_python: str = sys.executable

    def size(self, usual: int, smoke: int) -> int:
        """Return the usual size, or the tiny one of a smoke run."""
        return smoke if self.smoke else usual


def at_most(limit: float, value: float) -> tuple[str, bool]:
    """Return a target from above, in words and whether it is met."""
    return f"<= {limit:g}", value <= limit


def at_least(limit: float, value: float) -> tuple[str, bool]:
    """Return a target from below, in words and whether it is met."""
    return f">= {limit:g}", value >= limit


def faster(what: str, ours: float, peer: str, theirs: float | str, least: float | None = None) -> Row:
    """Say how many times faster ours is than a peer, or in words why the peer was not run."""
    if isinstance(theirs, str):
        return Row(f"{what}: times faster than {peer}", None, "", f"skipped: {theirs}")
    target = ("", None) if least is None else at_least(least, theirs / ours)
    return Row(f"{what}: times faster", ours, "s", f"{peer}, {number(theirs)} s", theirs / ours, *target)


def number(value: float | None) -> str:
    """Write a number with three digits that matter."""
    if value is None:
        return ""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def seconds(function: Callable[[], object], clock: Clock = time.process_time) -> float:
    """Time one call: by the processor's time of this process, so that what else the machine does hardly shows."""
    start = clock()
    function()
    return clock() - start


def warm_memory(megabytes: int) -> None:
    """Touch memory and free it: on a virtual machine the first touch of a page can cost ten times the next."""
    np.ones(megabytes << 17)


def medians(
    functions: Mapping[str, Callable[[], object]], repeats: int = 5, clock: Clock = time.process_time, warm: int = 0
) -> dict[str, float]:
    """Time functions in turns, so that a busy spell of the machine strikes all.

    The first turn does not count, unless one repeat is all that is asked for. With `warm` so many megabytes of
    memory are touched before each call.
    """
    taken: dict[str, list[float]] = {name: [] for name in functions}
    warming = int(repeats > 1)
    for turn in range(repeats + warming):
        for name, function in functions.items():
            warm_memory(warm)
            spent = seconds(function, clock)
            if turn >= warming:
                taken[name].append(spent)
    return {name: statistics.median(times) for name, times in taken.items()}


def peak_megabytes(function: Callable[[], object]) -> float | None:
    """Return by how much the resident memory rises above where it stood, at its highest, or None off Linux."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    result = function()
    peak = _resident("VmHWM")
    del result
    return (peak - before) / 1024


def _resident(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1])


def run_python(
    program: str,
    *arguments: str,
    python: str = sys.executable,
    timeout: float = 600,
    all_threads: bool = False,
    **variables: str,
) -> str:
    """Run a program in a fresh interpreter at the root of the project and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), **variables}
    if all_threads:
        environment = {name: value for name, value in environment.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [python, "-c", program, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(last)
    return done.stdout


@contextmanager
def two_busy_processes() -> Iterator[None]:
    """Keep two processes busy meanwhile, which take what a small machine has."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def quiet_and_busy(measured: Callable[[], Result]) -> dict[str, Result]:
    """Measure on the machine as it is, then beside two busy processes; the keys are what a row says of it."""
    quiet = measured()
    with two_busy_processes():
        return {"": quiet, BUSY: measured()}


def scaling_of_two_processes(loops: int = 30000) -> float:
    """Return how much more two processes get done than one: 2 on two free cores, 1 where they share one."""
    program = _WORK.format(loops=loops)
    alone = float(run_python(program))
    pair = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)
    ]
    together = max(float(process.communicate()[0]) for process in pair)
    return 2 * alone / together


def machine() -> dict[str, str]:
    """Say what the figures were taken on."""
    names = ("numpy", "scipy", "xarray", "SALib", "openturns", "jaxgsa", "chaospy", "squigglepy")
    result = {name: _version(name) for name in names}
    cpu = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": f"{cpu[0] if cpu else platform.processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": ", ".join(f"{name} {version}" for name, version in result.items() if version),
        "threads of BLAS": os.environ.get("OPENBLAS_NUM_THREADS", "all"),
        "load when it began (1, 5, 15 minutes)": _load(),
    }


def _load() -> str:
    """Say how busy the machine is."""
    loads = os.getloadavg()
    shared = "; the machine was shared with other work" if loads[0] > 0.5 else ""
    return ", ".join(f"{load:.1f}" for load in loads) + shared


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
