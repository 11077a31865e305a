"""How a forecast of the past would have done: ``python -m analyses.backtest --as-of 2024-06``."""

from dataclasses import asdict
from typing import Annotated

import typer

import clustercast as cc
from analyses import options
from clustercast.conditioning.backtest import METHODS, rolling_origin, skills
from clustercast.report.conditioning import score_table, skill_table
from clustercast.report.json_text import json_text
from clustercast.report.progress import progress_bar


def backtest(
    as_of: Annotated[str, typer.Option(metavar="DATE,...", help="Origin, or several for a rolling one.")] = "2024-06",
    priors: options.Priors = "situational_awareness",
    scenario: options.Scenario = None,
    set: options.Set = None,
    observations: Annotated[str, typer.Option(metavar="NAME|FILE", help="Shipped set, or a TOML or CSV.")] = "observed",
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad rows out instead of refusing them.")] = False,
    samples: options.Points = 1 << 16,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Condition on what was known then, score what came after, beside three baselines."""
    given = cc.read_priors(priors, scenario=scenario, set=options.settings(set))
    known = cc.read_observations(observations, skip_bad=skip_bad)
    origins = options.names(as_of) or []
    with progress_bar("origins") as report:
        runs = rolling_origin(
            given, known, origins=origins, size=samples, seed=seed, skip_bad=skip_bad, progress=report
        )
    if json:
        print(json_text({"origins": [asdict(run) for run in runs], "skills": [asdict(one) for one in skills(runs)]}))
        return
    console = options.console()
    for origin, run in zip(origins, runs, strict=True):
        scored = len({score.observation for score in run.scores})
        console.print(score_table(run.scores, METHODS))
        console.print(skill_table(skills([run]), f"As of {origin}: {run.learnt} rows learnt, {scored} scored"))
        for line in run.statement.splitlines():
            console.print(line)
        if run.younger:
            console.print(
                f"{len(run.younger)} inputs of {given.name} are dated after {origin}: they may know the answer."
            )
    if len(runs) > 1:
        console.print(
            skill_table(skills(runs), f"All {len(runs)} origins; rows are scored from each origin before them")
        )
    console.print(f"{given.name} ({given.hash}), {len(known)} observations, seed {seed}")


if __name__ == "__main__":
    options.run(backtest)
