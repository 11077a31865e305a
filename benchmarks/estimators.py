"""Root mean square error of each estimator of Sobol' indices on each problem with exact indices, and its time."""

import numpy as np

from benchmarks.measure import Options, Row, faster, medians, quiet_and_busy
from benchmarks.sobol_peers import salib
from clustercast.arrays.indices.sobol_estimators import ESTIMATORS
from clustercast.arrays.indices.sobol_panel import sobol_panel
from tests.reference.designs import design_rows
from tests.reference.problems import PROBLEMS, Problem

# SALib's and SciPy's own estimator; the panel equals SALib to 1e-12.
THEIRS = "saltelli-jansen"
POINTS = {"Monte Carlo": "random", "randomised QMC": "sobol"}


def rows(options: Options) -> list[Row]:
    """S1 and ST, averaged over inputs, N = 1024; the ratio is how much SALib's estimator errs more."""
    size, repeats = options.size(1024, 64), options.size(200, 10)
    table = []
    for problem in PROBLEMS[:2] if options.smoke else PROBLEMS:
        for how, points in POINTS.items():
            panel = _columns(problem, size, points, repeats)
            errors = {name: _errors(problem, panel, name) for name in ESTIMATORS}
            for kind in ("S1", "ST"):
                theirs = errors[THEIRS][kind]
                for name in ESTIMATORS:
                    error = errors[name][kind]
                    said = "" if name == THEIRS else f"SALib's {THEIRS}, {theirs:.3g}"
                    ratio = theirs / error if name != THEIRS and error else None
                    table.append(Row(f"{problem.name}, {kind}, {how}, {name}: RMSE", error, "1", said, ratio))
    return [*table, *_times(options)]


def _times(options: Options) -> list[Row]:
    """What each estimator takes, with error bars; that of SALib with its bootstrap."""
    problem, columns = PROBLEMS[0], options.size(200, 10)
    panel = _columns(problem, options.size(1024, 64), "sobol", columns)
    how = {"design_second_order": True, "second_order": True, "replicates": 8}
    functions = {
        name: lambda chosen=chosen: sobol_panel(panel, problem.inputs, estimator=chosen, **how)
        for name, chosen in ESTIMATORS.items()
    } | {"SALib": lambda: salib(panel[0], problem.inputs)}
    return [
        faster(f"{columns} columns of {problem.name}, {name}{where}", taken[name], "SALib", taken["SALib"] * columns)
        for where, taken in quiet_and_busy(lambda: medians(functions, options.size(5, 1))).items()
        for name in ESTIMATORS
    ]


def _columns(problem: Problem, size: int, points: str, repeats: int) -> np.ndarray:
    """Return independent repeats of the design as the columns of a panel."""
    designs = (design_rows(seed, problem.inputs, size, points=points) for seed in range(repeats))
    return np.stack([problem.evaluate(design.clip(2.0**-31)) for design in designs])


def _errors(problem: Problem, panel: np.ndarray, estimator: str) -> dict[str, float]:
    """Return the root mean square error of first-order and total indices over repeats, averaged over inputs."""
    chosen = ESTIMATORS[estimator]
    result = sobol_panel(panel, problem.inputs, estimator=chosen, design_second_order=True, second_order=False)
    exact = {"S1": (result["S1"], problem.first), "ST": (result["ST"], problem.total)}
    return {kind: float(np.sqrt(np.mean((e - x) ** 2, axis=0)).mean()) for kind, (e, x) in exact.items()}
