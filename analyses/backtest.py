"""How a forecast of the past would have done: ``python -m analyses.backtest --as-of 2024-06``."""

import math
from typing import Any

import clustercast as cc
from analyses import options
from clustercast.conditioning.backtest import rolling_origin, skills, skills_by
from clustercast.errors import InputError, count_of
from clustercast.files.whole import write_text
from clustercast.report.json_text import json_text
from clustercast.report.wording import say


@options.analysis(samples=1 << 16, points=True)
def backtest(
    run: options.Run,
    as_of: str = "2024-06",
    observations: str = "observed",
    skip_bad: bool = False,
    horizon: float = math.inf,
    recipe: bool = False,
    as_given: bool = False,
    pool: str | None = None,
) -> options.Answer:
    """Condition on what was known then, score what came after, beside four baselines."""
    known = cc.read_observations(observations, skip_bad=skip_bad)
    origins = options.names(as_of)
    if not origins:
        raise InputError(f"--as-of {as_of!r} names no date; write it as 2024-06, or 2024-06,2025-01")
    others = {name: cc.read_priors(name) for name in options.names(pool) or []}
    settings: dict[str, Any] = {"size": run.samples, "seed": run.seed, "skip_bad": skip_bad, "horizon": horizon}
    settings |= {"recipe": recipe, "choose": not as_given, "others": others}
    runs = rolling_origin(run.priors, known, origins=origins, progress=run.progress, model=run.model, **settings)
    shown: list[object] = []
    for origin, one in zip(origins, runs, strict=True):
        scored = len({score.observation for score in one.scores})
        learned = f"As of {origin}: {one.learned} rows learned from, {scored} scored"
        methods = list(dict.fromkeys(score.method for score in one.scores))
        shown += [*say("learning.scores", one.scores, methods), *say("learning.skills", skills([one]), learned)]
        shown += [*one.statement.splitlines(), *say("learning.origin", one, origin, run.priors.name)]
    everything = skills(runs)
    if len(runs) > 1:
        title = f"All {len(runs)} origins; rows are scored from each origin before them"
        shown += say("learning.skills", everything, title)
    by = {key: skills_by(runs, key) for key in ("quantity", "group")}
    for key, result in by.items():
        shown += say("learning.posterior", result, key)
    results = {"origins": runs, "skills": everything, **{f"by_{key}": result for key, result in by.items()}}
    return options.Answer(
        finding=[*say("learning.skill", everything, f"As of {as_of}"), *run.without_effect(known.quantities)],
        shown=shown,
        results=results,
        files={"backtest.json": lambda path: write_text(path, json_text(results) + "\n")},
        note=count_of(len(known), "observation"),
    )


if __name__ == "__main__":
    options.run(backtest)
