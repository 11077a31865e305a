"""How a forecast of the past would have done: ``python -m analyses.backtest --as-of 2024-06``."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

import clustercast as cc
from analyses import options
from clustercast.conditioning.backtest import METHODS, Skill, rolling_origin, skills
from clustercast.files.whole import write_text
from clustercast.report.conditioning import score_table, skill_table
from clustercast.report.json_text import json_text


@options.analysis(samples=1 << 16, points=True)
def backtest(
    run: options.Run,
    as_of: Annotated[str, typer.Option(metavar="DATE,...", help="Origin, or several for a rolling one.")] = "2024-06",
    observations: Annotated[str, typer.Option(metavar="NAME|FILE", help="Shipped set, or a TOML or CSV.")] = "observed",
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad rows out instead of refusing them.")] = False,
) -> options.Answer:
    """Condition on what was known then, score what came after, beside four baselines."""
    known = cc.read_observations(observations, skip_bad=skip_bad)
    origins = options.names(as_of) or []
    settings: dict[str, Any] = {"model": run.model, "size": run.samples, "seed": run.seed, "skip_bad": skip_bad}
    runs = rolling_origin(run.priors, known, origins=origins, progress=run.progress, **settings)
    shown: list[object] = []
    for origin, one in zip(origins, runs, strict=True):
        scored = len({score.observation for score in one.scores})
        learned = f"As of {origin}: {one.learned} rows learned from, {scored} scored"
        shown += [score_table(one.scores, METHODS), skill_table(skills([one]), learned), *one.statement.splitlines()]
        if one.younger:
            shown.append(
                f"{len(one.younger)} inputs of {run.priors.name} are dated after {origin}: they may know the answer."
            )
    everything = skills(runs)
    if len(runs) > 1:
        title = f"All {len(runs)} origins; rows are scored from each origin before them"
        shown.append(skill_table(everything, title))
    results = {"origins": runs, "skills": everything}
    return options.Answer(
        finding=[_finding(everything, as_of)],
        shown=shown,
        results=results,
        files={"backtest.json": lambda path: write_text(path, json_text(results) + "\n")},
        note=f"{len(known)} observations",
    )


def _finding(found: Sequence[Skill], as_of: str) -> str:
    """Return how the posterior did beside the best baseline, in words."""
    posterior, *others = found
    best = min(others, key=lambda skill: skill.crps, default=posterior)
    held = (
        ""
        if posterior.coverage_90 != posterior.coverage_90
        else (f"; its 90 % intervals held {100 * posterior.coverage_90:.0f} % of what came")
    )
    return (
        f"As of {as_of}: what was learned then missed by ×{10**posterior.crps:.2f} on average, the best other "
        f"forecast ({best.method}) by ×{10**best.crps:.2f}{held}."
    )


if __name__ == "__main__":
    options.run(backtest)
