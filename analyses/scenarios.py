"""What a scenario changes, on common random numbers: ``python -m analyses.scenarios``."""

from pathlib import Path
from typing import Annotated

import typer

import clustercast as cc
from analyses import options
from clustercast.files.netcdf import write_netcdf
from clustercast.files.whole import output_directory
from clustercast.priors.prior_file import shipped_names
from clustercast.report.json_text import json_text
from clustercast.report.progress import progress_bar
from clustercast.report.scenarios import scenario_tables

OUTPUTS = "feasible_cluster_size,training_cluster_cost,training_cluster_power,fleet_power,available_power"


def scenarios(
    priors: options.Priors = "situational_awareness",
    only: Annotated[str | None, typer.Option(metavar="NAME,...", help="Scenarios; all shipped by default.")] = None,
    years: options.Years = "2024:2034",
    outputs: options.Outputs = OUTPUTS,
    year: Annotated[float, typer.Option(help="The year that the tables show.")] = 2030,
    samples: options.Samples = 16384,
    seed: options.Seed = 0,
    out: options.Out = Path("out"),
    json: options.Json = False,
) -> None:
    """Compare every scenario with its base: the change in each output with its error.

    "order is real" is the probability that a scenario lies above the next one and that
    their order is not Monte Carlo noise.
    """
    place = output_directory(out)
    grid = options.years(years)
    if year not in grid:
        raise cc.InputError(f"--year {year:g} is not among --years {years}; name one of them")
    with progress_bar("samples") as report:
        changes = cc.run_scenarios(
            priors,
            options.names(only) or shipped_names("scenarios"),
            outputs=options.names(outputs),
            years=grid,
            size=samples,
            seed=seed,
            progress=report,
        )
    if json:
        print(json_text(changes))
    else:
        options.show(*scenario_tables(changes, year))
    written = write_netcdf(changes, place / "scenarios.nc")
    if not json:
        options.show_written(cc.provenance_of(changes), seed, [written])


if __name__ == "__main__":
    options.run(scenarios)
