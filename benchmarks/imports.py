"""Start-up: the import, the help and the default analysis, in fresh interpreters."""

import statistics
import tempfile

from benchmarks.measure import Options, Row, at_most, quiet_and_busy, run_python

# As the plain installation has it: libraries of the extras are not found.
_PLAIN = "import sys; sys.modules.update(dict.fromkeys(['dask', 'distributed', 'pyarrow', 'zarr']))\n"
_TIMED = "import time; start = time.process_time()\n{what}\nprint(time.process_time() - start)"
# By the clock, where a second process works beside the first.
_WAITED = _TIMED.replace("process_time", "perf_counter")
_BEYOND_NUMPY = "import numpy\n" + _TIMED.format(what="import clustercast")
_CLI = _TIMED.format(what="import typer, typer.main")
_MAIN = """
import sys, io, time, contextlib
sys.argv = ["analyses.sobol", *sys.argv[1:]]
with contextlib.redirect_stdout(io.StringIO()):
    try:
        import runpy
        runpy.run_module("analyses.sobol", run_name="__main__")
    except SystemExit as ended:
        assert not ended.code, ended
"""
_RUN = _TIMED.format(what=_MAIN)
# By the clock: the time until the table stands, until all files do, and what the model's own evaluations take of both;
# then the processor time of the command and of its second process. The libraries come in after the command is ready for
# them, as they do without a measurement.
_PARTS = f"""
import time, resource
start = time.perf_counter()
from analyses import options
show, begin, shown_at, evaluations = options.show, options.begin, [], []
def timed(*arguments):
    begun = time.perf_counter()
    result = run_blocks(*arguments)
    evaluations.append(time.perf_counter() - begun)
    return result
def shown(*answers):
    show(*answers)
    shown_at.append(time.perf_counter() - start)
def ready():
    global run_blocks
    begin()
    from clustercast import propagation
    run_blocks, propagation.run_blocks = propagation.run_blocks, timed
options.show, options.begin = shown, ready
{_MAIN}
taken = time.perf_counter() - start
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(shown_at[0], taken, sum(evaluations), sum(one.ru_utime + one.ru_stime for one in used))
"""
_FLOOR = "import numpy, scipy.special, xarray"
# What Matplotlib takes of the time for files: a figure of the same size with a line in each panel, and no text.
_BARE = f"""{_FLOOR}
import io
from matplotlib.figure import Figure
figure = Figure(figsize=(11.2, 15.4))
for axes in figure.subplots(5, 2).flat:
    axes.plot([0, 1])
figure.savefig(io.BytesIO(), dpi=150)"""


def rows(options: Options) -> list[Row]:
    """Medians over fresh processes, in turns; what is imported is compiled before, as it is from the second run on."""
    repeats = options.size(7, 1)
    with tempfile.TemporaryDirectory() as place:
        samples = ["--samples", "64"] if options.smoke else []
        compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": f"{place}/compiled"}
        programs: dict[str, list[str]] = {
            "beyond numpy": [_BEYOND_NUMPY],
            "typer": [_CLI],
            "help": [_RUN, "--help"],
            "floor": [_WAITED.format(what=_FLOOR)],
            "bare": [_PLAIN + _WAITED.format(what=_BARE)],
            "sobol": [_PARTS, "--out", place, *samples],
        }
        plain = {name: [_PLAIN + programs[name][0], *programs[name][1:]] for name in ("floor", "sobol")}

        def turns(programs: dict[str, list[str]], repeats: int) -> dict[str, list[list[float]]]:
            printed = [{name: run_python(*programs[name], **compiled) for name in programs} for _ in range(repeats)]
            return {name: [[float(part) for part in turn[name].split()] for turn in printed] for name in programs}

        for which in (programs, plain):
            turns(which, options.size(1, 0))
        taken = turns(programs, repeats)
        both = quiet_and_busy(lambda: turns(plain, repeats))
        at_import = set(run_python("import sys, clustercast; print(*sys.modules)").split())
    result = {name: statistics.median(times[0] for times in taken[name]) * 1e3 for name in taken}
    plain_floor = {where: statistics.median(times[0] for times in each["floor"]) * 1e3 for where, each in both.items()}
    above = result["help"] - result["typer"]
    heavy = sorted(at_import & {"numpy", "scipy", "xarray", "pydantic", "pint", "SALib", "matplotlib", "pandas"})
    beyond, said = result["beyond numpy"], f"import typer, {result['typer']:.0f} ms"
    return [
        Row("import clustercast above import numpy", beyond, "ms", "", None, *at_most(60, beyond)),
        Row("heavy libraries that import clustercast brings in", len(heavy), "libraries", ", ".join(heavy)),
        Row(
            "python -m analyses.sobol --help above the import of the CLI library",
            above,
            "ms",
            said,
            None,
            *at_most(500, above),
        ),
        Row(
            "the imports of the floor and a bare figure of ten panels by Matplotlib",
            result["bare"],
            "ms",
            f"{_FLOOR}, {plain_floor['']:.0f} ms",
            result["bare"] / plain_floor[""],
        ),
        *_of_sobol(taken["sobol"], result["floor"], "beside dask and pyarrow", targets=False),
        *(
            row
            for where, each in both.items()
            for row in _of_sobol(each["sobol"], plain_floor[where], f"in the plain installation{where}", not where)
        ),
    ]


def _of_sobol(taken: list[list[float]], floor: float, where: str, targets: bool = True) -> list[Row]:
    """Return what the analysis takes besides the model's own evaluations, over the floor."""
    table, files, evaluated, used = (statistics.median(part) * 1e3 for part in zip(*taken, strict=True))
    what = f"python -m analyses.sobol on its defaults, {where}: "
    result = [
        Row(f"{what}the model's own evaluations", evaluated, "ms"),
        Row(f"{what}processor time of the command and of the process that draws", used, "ms"),
    ]
    for end, until, limit in (("the table stands", table, 2.5), ("all files are written", files, 3)):
        rest = until - evaluated
        target = at_most(limit, rest / floor) if targets else ("", None)
        result.append(
            Row(f"{what}the rest until {end}", rest, "ms", f"{_FLOOR}, {floor:.0f} ms", rest / floor, *target)
        )
    return result
