"""How wide the forecast is, by year: ``python -m analyses.uncertainty``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

import clustercast as cc
from analyses import options
from clustercast.files.netcdf import write_netcdf
from clustercast.files.whole import output_directory
from clustercast.report.json_text import json_text
from clustercast.report.progress import progress_bar
from clustercast.report.summary import comparison_tables, fan_tables, share_table
from clustercast.uncertainty.stated import compare_with_stated, stated_cells

PlainDesign = Literal["random", "latin", "sobol"]

OUTPUTS = (
    "training_cluster_size,training_cluster_cost,training_cluster_power,ai_investment,accelerator_shipments,"
    "shipment_electricity_share,wafer_share"
)


def uncertainty(
    priors: options.Priors = "situational_awareness",
    scenario: options.Scenario = None,
    set: options.Set = None,
    years: options.Years = "2022:2034",
    outputs: options.Outputs = OUTPUTS,
    samples: options.Samples = 16384,
    seed: options.Seed = 0,
    design: Annotated[PlainDesign, typer.Option(help="How the samples are drawn.")] = "sobol",
    out: options.Out = Path("out"),
    json: options.Json = False,
) -> None:
    """Quantiles by year, both tables of the essay and other figures of the texts beside the forecast, and what matters.

    Writes the draws (uncertainty.nc) and their summary (uncertainty_summary.nc).
    """
    if design == "sobol":
        options.power_of_two(samples)
    place = output_directory(out)
    given = cc.read_priors(priors, scenario=scenario, set=options.settings(set))
    with progress_bar("samples") as report:
        inputs = cc.draw(given, samples, design=design, seed=seed)
        wanted = options.names(outputs)
        forecast = cc.propagate(inputs, years=options.years(years), outputs=wanted, progress=report)
    summary = cc.summarise(forecast)
    first_order = cc.given_data_indices(forecast, model=cc.cluster_model())
    stated = compare_with_stated(summary, stated_cells())
    if json:
        print(json_text({"summary": summary, "stated": [vars(found) for found in stated], "first_order": first_order}))
    else:
        shares = share_table(first_order, "S1", "share of the variance that an input explains alone")
        options.show(*fan_tables(summary, wanted or []), *comparison_tables(stated), shares)
    files = [
        write_netcdf(forecast, place / "uncertainty.nc"),
        write_netcdf(summary, place / "uncertainty_summary.nc"),
    ]
    if not json:
        options.show_written(cc.provenance_of(summary), seed, files)


if __name__ == "__main__":
    options.run(uncertainty)
