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
# The same with the time until the table stands, and the time that the model's own evaluations take of it.
_PARTS = """
import time
from analyses import options
from clustercast import propagation
run_blocks, show, marks = propagation.run_blocks, options.show, []
def timed(*arguments):
    begun = time.process_time()
    found = run_blocks(*arguments)
    marks.append(time.process_time() - begun)
    return found
def shown(*answers):
    show(*answers)
    marks.append(-time.process_time())
loaded = time.process_time()
propagation.run_blocks, options.show = timed, shown
"""
_PARTS += _MAIN + "print(-min(marks) - start + loaded, taken + loaded, sum(max(mark, 0) for mark in marks))"
_FLOOR = "import numpy, scipy.special, xarray"


def rows(options: Options) -> list[Row]:
    """Medians over fresh processes, in turns."""
    repeats = options.size(7, 1)
    with tempfile.TemporaryDirectory() as place:
        samples = ["--samples", "64"] if options.smoke else []
        programs: dict[str, list[str]] = {
            "beyond numpy": [_BEYOND_NUMPY],
            "typer": [_CLI],
            "help": [_RUN, "--help"],
            "floor": [_TIMED.format(what=_FLOOR)],
            "sobol": [_PARTS, "--out", place, *samples],
        }
        taken = {name: [] for name in programs}
        for _ in range(repeats):
            for name, program in programs.items():
                taken[name].append([float(part) for part in run_python(*program).split()])
        at_import = set(run_python("import sys, clustercast; print(*sys.modules)").split())
    found = {name: statistics.median(times[0] for times in taken[name]) * 1e3 for name in taken}
    above, floor = found["help"] - found["typer"], found["floor"]
    table, files, evaluated = (statistics.median(part) * 1e3 for part in zip(*taken["sobol"], strict=True))
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
        Row("of python -m analyses.sobol on its defaults: the model's own evaluations", evaluated, "ms"),
        *(
            Row(
                f"the rest of it until {end}, over the import of numpy, scipy.special and xarray",
                taken_until - evaluated,
                "ms",
                f"{_FLOOR}, {floor:.0f} ms",
                (taken_until - evaluated) / floor,
                *at_most(limit, (taken_until - evaluated) / floor),
            )
            for end, taken_until, limit in (("the table stands", table, 2.5), ("all files are written", files, 3))
        ),
    ]
