"""The same six-input cluster model in each library that does the job: samples a second, sampling included."""

import json
import sys
from subprocess import TimeoutExpired

from benchmarks.measure import Options, Row, run_python, warm_memory

# Those that call the model once for each sample; one repeat of them is long enough to be steady.
BY_SAMPLE = {
    "plain Python loop": "python",
    "squigglepy, model function": "squigglepy_model",
    "EMA workbench": "ema_workbench",
    "monaco": "monaco",
    "PyMC, sample_prior_predictive": "pymc",
}
BY_ARRAY = {
    "NumPy on whole arrays (sample, year)": "numpy",
    "squigglepy, vectorised": "squigglepy",
    "OpenTURNS, symbolic": "openturns",
    "chaospy, random": "chaospy",
    "chaospy, Sobol'": "chaospy_sobol",
}
SMOKE = ("NumPy on whole arrays (sample, year)", "plain Python loop", "squigglepy, vectorised")
# A standard error of the medians of the last year, times the root of N: log-sd 1.3 of a normal's median.
_ERROR_OF_MEDIAN = 1.7


def rows(options: Options) -> list[Row]:
    """All peers at one size, then those that work on arrays at a larger one."""
    if options.smoke:
        # Each process takes seconds to import its library; one of each kind shows that the machinery runs.
        return _at(200, {name: (BY_ARRAY | BY_SAMPLE)[name] for name in SMOKE}, 1, options)
    return [
        *_at(100_000, BY_ARRAY, 5, options),
        *_at(100_000, BY_SAMPLE, 1, options),
        *_at(1_000_000, BY_ARRAY, 5, options),
    ]


def _at(size: int, peers: dict[str, str], repeats: int, options: Options) -> list[Row]:
    """Run each peer in a process of its own, ours before and after it, so that a busy machine strikes both."""
    own = repeats if options.smoke else max(3, repeats)
    first = before = _run("clustercast", size, own, sys.executable)
    table = []
    for name, module in peers.items():
        what = f"{name}, N = {size:,}"
        try:
            figures = _run(module, size, repeats, options.peers_python)
        except (RuntimeError, OSError, TimeoutExpired) as error:
            table.append(Row(what, None, "", f"skipped: {error}"))
            continue
        after = before if options.smoke else _run("clustercast", size, own, sys.executable)
        ratio = 2 * figures["seconds"] / (before["seconds"] + after["seconds"])
        said = f"{figures['version']}; {_said(figures, size)}; ratio: how many times faster clustercast is beside it"
        table.append(Row(what, size / figures["seconds"], "samples a second", said, ratio, "> 1", ratio > 1))
        before = after
    said = f"cost and power, 13 years; {_said(first, size)}"
    return [Row(f"clustercast, N = {size:,}", size / first["seconds"], "samples a second", said), *table]


def _run(module: str, size: int, repeats: int, python: str) -> dict[str, float]:
    """Run one library in a fresh process, on memory that has been touched before."""
    warm_memory(size // 500)
    program = f"import runpy; runpy.run_module('benchmarks.peer_models.with_{module}', run_name='__main__')"
    printed = run_python(program, str(size), str(repeats), python=python)
    return json.loads(printed.strip().splitlines()[-1])


def _said(figures: dict[str, float], size: int) -> str:
    """Return whether the medians are right, and the memory of the process, in words."""
    allowed = 5 * _ERROR_OF_MEDIAN / size**0.5
    right = "as they should be" if figures["error"] < allowed else f"OFF by {figures['error']:.2%}"
    return f"medians {right}; process of {figures['megabytes'] or 0:.0f} MB"
