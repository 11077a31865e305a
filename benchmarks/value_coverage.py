"""Do nominal 95 % intervals of values of information cover 93 to 97 %? On problems with closed forms."""

import numpy as np

from benchmarks.measure import Options, Row
from tests.reference.value_problems import SEVERAL, SINGLE, ValueProblem, normal_output

LOWEST, HIGHEST = 0.93, 0.97
# Inputs that are worth less, beside the most valuable one, are found to be worth little or nothing.
LEAST = 0.01


def coverage(problem: ValueProblem, size: int, repeats: int) -> tuple[float, float]:
    """Return the share of intervals that hold the exact value of what is worth something, and bias over error."""
    matters = problem.exact > LEAST * problem.exact.max()
    found, errors = np.empty((2, repeats, int(matters.sum())))
    for repeat in range(repeats):
        value, error = problem.gain(*normal_output(np.random.default_rng(5000 + repeat), size))
        found[repeat], errors[repeat] = value.ravel()[matters], error.ravel()[matters]
    exact = problem.exact[matters]
    inside = (np.abs(found - exact) <= 1.96 * errors).mean()
    return float(inside), float((np.abs(found.mean(axis=0) - exact) / found.std(axis=0)).max())


def rows(options: Options) -> list[Row]:
    """One row a problem and size: coverage over the inputs that are worth something."""
    repeats = options.size(200, 2)
    made = []
    for size in (options.size(4096, 1024), options.size(16384, 1024)):
        for problem in (*SINGLE, *SEVERAL):
            inside, bias = coverage(problem, size, repeats)
            # Of 200 repeats of three inputs the share itself is known to about a percentage point.
            made.append(
                Row(
                    f"value by {problem.name}, N = {size:,}: intervals that cover",
                    100 * inside,
                    "%",
                    f"{repeats} repeats; bias {bias:.2f} standard deviations at most",
                    target=f"{100 * LOWEST:.0f} to {100 * HIGHEST:.0f}",
                    met=LOWEST <= inside <= HIGHEST,
                )
            )
    return made
