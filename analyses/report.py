"""Everything on one page: ``python -m analyses.report``."""

from pathlib import Path
from typing import Annotated

import typer

import clustercast as cc
from analyses import options
from analyses.report_results import Results, gather
from clustercast.files.tables import write_draws, write_iamc, write_quantiles
from clustercast.files.whole import output_directory, write_text
from clustercast.report import html_explanations as explanations
from clustercast.report import html_sections as sections
from clustercast.report.html import Section, page
from clustercast.report.json_text import json_text
from clustercast.report.progress import progress_bar

TITLE = "The trillion-dollar cluster, with its uncertainty"


def report(
    priors: options.Priors = "situational_awareness",
    scenario: options.Scenario = None,
    set: options.Set = None,
    years: options.Years = "2022:2034",
    samples: options.Points = 8192,
    seed: options.Seed = 0,
    condition: Annotated[bool, typer.Option("--condition", help="Also show what the observations say.")] = False,
    draws: Annotated[
        Path | None, typer.Option("--draws", metavar="FILE", help="Also write every sample: .nc or .parquet.")
    ] = None,
    out: options.Out = Path("out"),
    json: options.Json = False,
) -> None:
    """Write the report: one HTML file that opens from disk, with its quantiles as CSV beside it.

    The CSV files are report_quantiles.csv, one row a number with its error, and report_iamc.csv, the long table
    of the scenario community.
    """
    place = output_directory(out)
    with progress_bar("samples") as progress:
        results = gather(
            priors, scenario, options.settings(set), options.years(years), samples, seed, condition, progress
        )
    name = str(cc.provenance_of(results.forecast)["priors_name"])
    files = [
        write_text(place / "report.html", page(TITLE, f"{name}, seed {seed}", page_sections(results))),
        write_quantiles(results.summary, place / "report_quantiles.csv"),
        write_iamc({scenario or "base": results.summary}, place / "report_iamc.csv"),
    ]
    if draws:
        files.append(write_draws(results.forecast, draws))
    if json:
        print(json_text({"files": [str(file) for file in files], "milestones": results.milestones}))
        return
    options.console().print(f"{name} ({cc.provenance_of(results.forecast)['priors_hash']}), seed {seed}; wrote", *files)


def page_sections(results: Results) -> list[Section]:
    """Return the sections of the page; one more is one line more."""
    return [
        sections.question(results.forecast, results.priors),
        sections.headline(results.milestones, results.crossings, results.year),
        sections.fans(results.forecast, results.summary, results.outputs, **results.overlays),
        sections.essay(results.stated_tables),
        explanations.what_matters(results.indices, results.forecast, results.outputs[2], results.year),
        explanations.constraints(results.forecast, results.summary),
        explanations.scenarios(results.scenarios, results.changes, results.compared, results.year, results.reasons),
        *([explanations.learnt(results.learnt)] if results.learnt else []),
        sections.claims(results.claims),
        sections.audit(results.findings),
        sections.priors(results.priors, results.priors.name),
        sections.provenance(results.forecast, base_points_of_the_indices=cc.design_of(results.indices)["size"]),
    ]


if __name__ == "__main__":
    options.run(report)
