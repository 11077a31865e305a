"""Do nominal 95 % intervals of Sobol' indices cover 92 to 98 %? On problems with exact indices.

A repeat of the study is a column of the panel: the columns share nothing but their size. SALib's interval is the
bootstrap of `saltelli-jansen` over one scramble; the panel gives SALib's numbers to 1e-12 (see `sobol_panel`), so
that it stands in for thousands of its calls.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.measure import Options, Row
from clustercast.arrays.indices.intervals import bootstrap_weights
from clustercast.arrays.indices.sobol_estimators import ESTIMATORS
from clustercast.arrays.indices.sobol_panel import sobol_panel
from tests.reference.designs import design_rows
from tests.reference.problems import HARDER, PROBLEMS, Problem

LOWEST, HIGHEST = 0.92, 0.98


@dataclass(frozen=True)
class Method:
    """A design, an estimator and a way to an interval."""

    name: str
    points: str
    estimator: str
    replicates: int
    resamples: int = 0
    ours: bool = True


METHODS = (
    Method("8 scrambles, Student-t", "sobol", "azzini-rosati", 8),
    Method("16 scrambles, Student-t", "sobol", "azzini-rosati", 16),
    Method("Monte Carlo, bootstrap", "random", "azzini-rosati", 1, 100),
    Method("SALib's own (one scramble, bootstrap)", "salib", "saltelli-jansen", 1, 100, ours=False),
)


def columns(problem: Problem, size: int, method: Method, repeats: int) -> np.ndarray:
    """Return independent repeats of one design as the columns of a panel, shape (repeats, rows)."""
    result = [
        problem.evaluate(
            design_rows(seed, problem.inputs, size, points=method.points, replicates=method.replicates).clip(2.0**-31)
        )
        for seed in range(1000, 1000 + repeats)
    ]
    return np.stack(result)


def estimate(problem: Problem, size: int, method: Method, repeats: int) -> dict[str, np.ndarray]:
    """Estimate indices and intervals in every repeat."""
    return sobol_panel(
        columns(problem, size, method, repeats),
        problem.inputs,
        estimator=ESTIMATORS[method.estimator],
        design_second_order=True,
        second_order=False,
        weights=bootstrap_weights(size, method.resamples, 1) if method.resamples else None,
        replicates=method.replicates,
    )


def coverage(problem: Problem, result: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the share of repeats whose interval holds the exact index, by kind and input; no input that is 0."""
    # Where a rare event did not occur there is no index, and no interval.
    matters, defined = problem.total > 0, result["variance"] > 0
    inside = {
        "S1": np.abs(result["S1"] - problem.first) <= result["S1_conf"] + 1e-12,
        "ST": np.abs(result["ST"] - problem.total) <= result["ST_conf"] + 1e-12,
    }
    return {kind: held[defined][:, matters].mean(axis=0) for kind, held in inside.items() if defined.any()}


def rows(options: Options) -> list[Row]:
    """One row a problem, size, method and kind of index: coverage over inputs, and the worst input."""
    sizes = (128,) if options.smoke else (512, 1024, 4096)
    problems = [PROBLEMS[0], *HARDER] if options.smoke else [*PROBLEMS, *HARDER]
    # Of 110 inputs each repeat has 222 rows a base point.
    repeats = options.size(200, 5)
    table = []
    for method in METHODS[:1] if options.smoke else METHODS:
        held: list[bool] = []
        lines = []
        for problem in problems:
            for size in sizes:
                result = estimate(problem, size, method, repeats if problem.inputs < 50 else max(repeats // 16, 2))
                widths = {"S1": result["S1_conf"], "ST": result["ST_conf"]}
                for kind, share in coverage(problem, result).items():
                    mean, worst = float(share.mean()), float(share[np.argmax(np.abs(share - 0.95))])
                    met = LOWEST <= mean <= HIGHEST
                    held.append(met)
                    text = f"farthest input {worst:.1%}, mean half-width {np.nanmean(widths[kind]):.2g}"
                    lines.append(_line(f"{method.name}: {kind}, {problem.name}, N = {size}", mean, text, method, met))
        said = f"{repeats} repeats"
        table.append(Row(f"{method.name}: cases inside 92-98 %", 100 * float(np.mean(held)), "% of cases", said))
        table += lines
    return table


def _line(what: str, mean: float, text: str, method: Method, met: bool) -> Row:
    if method.ours:
        return Row(what, 100 * mean, "%", text, target="92-98", met=met)
    return Row(what, 100 * mean, "%", text)
