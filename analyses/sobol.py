"""Which assumptions carry the answer: ``python -m analyses.sobol``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

import clustercast as cc
from analyses import options
from clustercast.files.netcdf import write_netcdf
from clustercast.files.whole import output_directory
from clustercast.report.progress import progress_bar
from clustercast.report.sobol import indices_json, sobol_tables

Groups = Literal["section", "source"]

OUTPUTS = "training_cluster_size,training_cluster_cost,training_cluster_power,ai_investment"


def sobol(
    priors: options.Priors = "situational_awareness",
    scenario: options.Scenario = None,
    set: options.Set = None,
    years: options.Years = "2022:2034",
    outputs: options.Outputs = OUTPUTS,
    samples: options.Points = 2048,
    seed: options.Seed = 0,
    replicates: Annotated[
        int | None, typer.Option(help="Independent scrambles behind the error bars; 8, or 1 for SALib.")
    ] = None,
    groups: Annotated[Groups | None, typer.Option(help="Treat all inputs of one section or source as one.")] = None,
    engine: Annotated[
        Literal["panel", "salib"], typer.Option(help="Own estimators, or SALib itself on SALib's rows.")
    ] = "panel",
    second_order: Annotated[
        bool, typer.Option("--second-order", help="Estimate interactions of pairs, S2, too.")
    ] = False,
    latent: Annotated[
        bool, typer.Option("--latent", help="Correlated inputs: analyse their independent parts.")
    ] = False,
    until: Annotated[float | None, typer.Option(help="Grow until every half-width is at most this.")] = None,
    out: options.Out = Path("out"),
    json: options.Json = False,
) -> None:
    """Sobol' indices of the build-out by year, with error bars: a table, a netCDF file and a figure.

    S1 is the share of an output's variance that an input explains alone, ST the share that
    goes when it is known together with all its interactions.
    """
    place = output_directory(out)
    given = cc.read_priors(priors, scenario=scenario, set=options.settings(set))
    together = cc.input_groups(given, groups, cc.cluster_model()) if groups else None
    with progress_bar("model runs") as report:
        indices = cc.run_sobol(
            given,
            outputs=options.names(outputs),
            years=options.years(years),
            size=samples,
            seed=seed,
            engine=engine,
            second_order=second_order,
            replicates=replicates,
            groups=together,
            latent=latent,
            until=until,
            progress=report,
        )
    if json:
        print(indices_json(indices))
    else:
        told = (f"{key}: {indices.attrs[key]}" for key in ("statement", "warning") if indices.attrs.get(key))
        options.show(*sobol_tables(indices, resolved=cc.ranking_resolved(indices)), *told)
    files = [
        write_netcdf(indices, place / "sobol.nc"),
        cc.plots.save_figure(cc.plots.sobol_panels(indices), place / "sobol.png"),
    ]
    if not json:
        options.show_written(cc.provenance_of(indices), seed, files)


if __name__ == "__main__":
    options.run(sobol)
