"""What other libraries take for Sobol' indices with bootstrap intervals, of columns on Saltelli rows."""

import statistics
import warnings
from collections.abc import Callable, Sequence
from subprocess import TimeoutExpired

import numpy as np
from SALib.analyze import sobol as salib_sobol

from benchmarks.measure import Options, run_python, seconds

RESAMPLES = 100
# In its own process: JAX begins threads, which a process that forks, as SALib's parallel way does, shall not have. It
# needs Python 3.12: with an older one the interpreter of `--peers-python` may have it.
_JAXGSA = """
import statistics, sys, time
import jaxgsa
import numpy as np
inputs, size, columns, resamples, repeats = map(int, sys.argv[1:])
problem = jaxgsa.Problem.from_dict({f"x{i}": (0.0, 1.0) for i in range(inputs)})
design = jaxgsa.sobol.sample(problem, base_n=size, seed=7, verbose=False)
values, taken = np.random.default_rng(1).normal(size=(design.n_runs, columns)), []
for _ in range(repeats + 1):
    start = time.process_time()
    result = jaxgsa.sobol.analyze(design, values, n_bootstrap=resamples, key=1, verbose=False)
    for name in ("S1", "ST", "S2", "S1_conf", "ST_conf", "S2_conf"):
        getattr(result, name).block_until_ready()
    taken.append(time.process_time() - start)
print(statistics.median(taken[1:]))
"""


def salib(column: np.ndarray, inputs: int, *, parallel: bool = False) -> dict[str, np.ndarray]:
    """First order, total and second order."""
    problem = {"num_vars": inputs, "names": [f"x{i}" for i in range(inputs)], "bounds": [[0.0, 1.0]] * inputs}
    return salib_sobol.analyze(problem, column, num_resamples=RESAMPLES, seed=1, parallel=parallel, n_processors=2)


def scipy(column: np.ndarray, inputs: int) -> None:
    """First order and total; SciPy has no second order."""
    from scipy.stats import sobol_indices

    a, b, swapped = _blocks_of_rows(column, inputs)
    runs = {"f_A": a[np.newaxis], "f_B": b[np.newaxis], "f_AB": swapped[:, np.newaxis]}
    # An input without effect gives SciPy degenerate resamples, of which it warns.
    with warnings.catch_warnings(action="ignore"):
        sobol_indices(func=runs, n=len(a), rng=1).bootstrap(n_resamples=RESAMPLES)


def openturns(column: np.ndarray, inputs: int) -> None:
    """First order and total."""
    import openturns

    a, b, swapped = _blocks_of_rows(column, inputs)
    design = openturns.Sample(np.zeros((len(a) * (inputs + 2), inputs)))
    outputs = openturns.Sample(np.concatenate([a, b, *swapped])[:, np.newaxis])
    algorithm = openturns.SaltelliSensitivityAlgorithm(design, outputs, len(a))
    algorithm.setUseAsymptoticDistribution(False)
    algorithm.setBootstrapSize(RESAMPLES)
    algorithm.getFirstOrderIndicesInterval()
    algorithm.getTotalOrderIndicesInterval()


def _blocks_of_rows(column: np.ndarray, inputs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a column into the runs A (n,), B (n,) and AB (inputs, n)."""
    by_point = column.reshape(-1, 2 * inputs + 2)
    return by_point[:, 0], by_point[:, -1], by_point[:, 1 : inputs + 1].T


BY_COLUMN: dict[str, Callable[[np.ndarray, int], object]] = {
    "SALib": salib,
    "scipy.stats.sobol_indices (no S2)": scipy,
    "OpenTURNS (no S2)": openturns,
}


def seconds_of_peers(
    columns: Sequence[np.ndarray], inputs: int, count: int, options: Options
) -> dict[str, float | str]:
    """Return what `count` columns take by processor time, or why a library was not run.

    The libraries that take one column after the other run on the columns given, whose median stands for all.
    """
    result: dict[str, float | str] = {}
    for name, run in BY_COLUMN.items():
        try:
            # What its first call does, as the import, does not count.
            run(columns[0][: 16 * (2 * inputs + 2)], inputs)
            taken = statistics.median(seconds(lambda column=column, run=run: run(column, inputs)) for column in columns)
            result[f"{name}, {len(columns)} columns run"] = taken * count
        except ImportError as error:
            result[name] = f"{error.name} is not installed"
    size, repeats = len(columns[0]) // (2 * inputs + 2), options.size(3, 1)
    given = map(str, (inputs, size, count, RESAMPLES, repeats))
    name = "jaxgsa (32 bits), all columns run"
    try:
        result[name] = float(run_python(_JAXGSA, *given, python=options.peers_python))
    except TimeoutExpired as error:
        result[name] = f"it took more than {error.timeout:.0f} s"
    except (RuntimeError, OSError) as error:
        result[name] = "jaxgsa is not installed" if "No module named 'jaxgsa'" in str(error) else str(error)
    return result
