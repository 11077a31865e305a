"""Start-up: the import, the help and the default analysis, in fresh interpreters."""

import statistics
import tempfile

from benchmarks.measure import Options, Row, at_most, run_python

_TIMED = "import time; start = time.process_time()\n{what}\nprint(time.process_time() - start)"
_BEYOND_NUMPY = "import numpy\n" + _TIMED.format(what="import clustercast")
_CLI = _TIMED.format(what="import typer, typer.main")
_MAIN = """
import sys, io, time, contextlib
sys.argv = ["analyses.sobol", *sys.argv[1:]]
start = time.process_time()
with contextlib.redirect_stdout(io.StringIO()):
    try:
        import runpy
        runpy.run_module("analyses.sobol", run_name="__main__")
    except SystemExit as ended:
        assert not ended.code, ended
taken = time.process_time() - start
"""
_RUN = _MAIN + "print(taken)"
# What the default run cannot do without; each with the parts that it uses.
_USED = "import numpy, scipy.special, scipy.stats.qmc, xarray, pydantic, pint, h5netcdf, rich.table, typer"
_USED += ", matplotlib.figure, matplotlib.backends.backend_agg\npint.UnitRegistry()"


def rows(options: Options) -> list[Row]:
    """Medians over fresh processes, in turns."""
    repeats = options.size(7, 1)
    with tempfile.TemporaryDirectory() as place:
        samples = ["--samples", "64"] if options.smoke else []
        programs: dict[str, list[str]] = {
            "beyond numpy": [_BEYOND_NUMPY],
            "typer": [_CLI],
            "help": [_RUN, "--help"],
            "used": [_TIMED.format(what=_USED)],
            "sobol": [_RUN, "--out", place, *samples],
        }
        taken = {name: [] for name in programs}
        for _ in range(repeats):
            for name, program in programs.items():
                taken[name].append(float(run_python(*program)))
        at_import = set(run_python("import sys, clustercast; print(*sys.modules)").split())
    found = {name: statistics.median(times) * 1e3 for name, times in taken.items()}
    above, times_used = found["help"] - found["typer"], found["sobol"] / found["used"]
    heavy = sorted(at_import & {"numpy", "scipy", "xarray", "pydantic", "pint", "SALib", "matplotlib", "pandas"})
    return [
        Row(
            "import clustercast above import numpy",
            found["beyond numpy"],
            "ms",
            "",
            None,
            *at_most(60, found["beyond numpy"]),
        ),
        Row("heavy libraries that import clustercast brings in", len(heavy), "libraries", ", ".join(heavy)),
        Row(
            "python -m analyses.sobol --help above the import of the CLI library",
            above,
            "ms",
            f"import typer, {found['typer']:.0f} ms",
            None,
            *at_most(500, above),
        ),
        Row(
            "python -m analyses.sobol on its defaults: time over importing what it uses",
            found["sobol"],
            "ms",
            f"import numpy, scipy, xarray, pydantic, pint, h5netcdf, rich, typer, matplotlib, {found['used']:.0f} ms",
            times_used,
            *at_most(3, times_used),
        ),
    ]
