"""What the forecast learns from what happened: ``python -m analyses.condition``."""

from pathlib import Path
from typing import Annotated

import typer

import clustercast as cc
from analyses import options
from clustercast.conditioning.checks import learnt, observation_influence, prior_conflict
from clustercast.conditioning.tree import posterior_inputs
from clustercast.files.netcdf import write_netcdf
from clustercast.files.whole import output_directory
from clustercast.report.conditioning import conflict_table, influence_table, learnt_tables, path_tables
from clustercast.report.json_text import json_text
from clustercast.report.progress import progress_bar

OUTPUTS = "training_cluster_size,training_cluster_cost,training_cluster_power,ai_investment,accelerator_shipments"


def condition(
    priors: options.Priors = "situational_awareness",
    scenario: options.Scenario = None,
    set: options.Set = None,
    observations: Annotated[str, typer.Option(metavar="NAME|FILE", help="Shipped set, or a TOML or CSV.")] = "observed",
    without: Annotated[str | None, typer.Option(metavar="ID,...", help="Observations to leave out.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad rows out instead of refusing them.")] = False,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Only what was public then, as 2024-06.")] = None,
    years: options.Years = "2024:2034:2",
    outputs: options.Outputs = OUTPUTS,
    samples: options.Points = 1 << 17,
    seed: options.Seed = 0,
    out: options.Out = Path("out"),
    json: options.Json = False,
) -> None:
    """Prior beside posterior for each input and path, what taught it, and where prior and data conflict.

    Writes the draws for ArviZ (condition.nc) and the posterior's paths (condition_paths.nc).
    """
    place = output_directory(out)
    given = cc.read_priors(priors, scenario=scenario, set=options.settings(set))
    known = cc.read_observations(observations, as_of=as_of, skip_bad=skip_bad).without(*options.names(without) or [])
    with progress_bar("runs") as report:
        tree = cc.condition(given, known, size=samples, seed=seed, skip_bad=skip_bad, progress=report)
    grid, wanted = options.years(years), options.names(outputs) or []
    inputs = {group: posterior_inputs(tree, group=group) for group in ("prior", "posterior")}
    paths = {group: cc.propagate(drawn, years=grid, outputs=wanted) for group, drawn in inputs.items()}
    table, conflict, influence = learnt(tree), prior_conflict(tree), observation_influence(tree)
    if json:
        print(json_text({**tree.attrs, "learnt": table, "conflict": conflict, "influence": influence}))
    else:
        tables = (*path_tables(paths["prior"], paths["posterior"], wanted), *learnt_tables(table))
        lines = (*cc.provenance_of(tree)["left_out"], *tree.attrs["statement"].splitlines())
        count = f"{conflict.sizes['observation']} observations"
        options.show(*tables, conflict_table(conflict), influence_table(influence), *lines, count)
    files = [write_netcdf(tree, place / "condition.nc")]
    files.append(write_netcdf(paths["posterior"], place / "condition_paths.nc"))
    if not json:
        options.show_written(cc.provenance_of(tree), seed, files)


if __name__ == "__main__":
    options.run(condition)
