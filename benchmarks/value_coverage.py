"""Do nominal 95 % intervals of values of information cover 93 to 97 %? On problems whose answers are known."""

import numpy as np

from benchmarks.measure import Options, Row
from tests.reference.value_problems import GROUPS, HARD, SEEN, SINGLE, ValueProblem

LOWEST, HIGHEST = 0.93, 0.97
# Of two actions an input that is worth less has an interval from 0 that may cover more often.
LEAST = 0.01


def coverage(problem: ValueProblem, size: int, repeats: int) -> tuple[float, float, float]:
    """Return the share of intervals that hold what is worth something, of those that hold what is not, and the bias."""
    found, errors = np.empty((2, repeats, problem.exact.size))
    for repeat in range(repeats):
        value, error = problem.gain(*problem.draw(np.random.default_rng(300_000 + repeat), size))
        found[repeat], errors[repeat] = value.ravel(), error.ravel()
    inside = np.abs(found - problem.exact) <= 1.96 * errors
    matters = problem.exact > LEAST * problem.exact.max()
    bias = np.abs(found.mean(axis=0) - problem.exact)[matters] / found.std(axis=0)[matters]
    beside = inside[:, ~matters].mean(axis=0).min(initial=1.0)
    return float(inside[:, matters].mean()), float(beside), float(bias.max())


def rows(options: Options) -> list[Row]:
    """One row a problem and size: coverage over the inputs that are worth something, and least over the others."""
    repeats = options.size(400, 2)
    made = []
    large = options.size(16384, 1024)
    problems = [(problem, size) for problem in (*SINGLE, *SEEN) for size in (options.size(4096, 1024), large)]
    problems += [(problem, options.size(4096, 1024)) for group in GROUPS for problem in group.problems()]
    problems += [(problem, large) for problem in HARD.problems()]
    for problem, size in problems:
        inside, beside, bias = coverage(problem, size, repeats)
        # Of 400 repeats the share itself is known to about a percentage point.
        others = f"; {100 * beside:.0f} % of what is worth less" if beside < 1 else ""
        made.append(
            Row(
                f"value by {problem.name}, N = {size:,}: intervals that cover",
                100 * inside,
                "%",
                f"{repeats} repeats; bias {bias:.2f} standard deviations at most{others}",
                target=f"{100 * LOWEST:.0f} to {100 * HIGHEST:.0f}",
                met=LOWEST <= inside <= HIGHEST,
            )
        )
    return made
