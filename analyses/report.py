"""Everything on one page: ``python -m analyses.report``."""

from pathlib import Path

from analyses import options

TITLE = "How large, how costly, how hungry for power does the largest AI cluster become?"


@options.analysis(years=options.YEARS, samples=8192, points=True)
def report(run: options.Run, condition: bool = False, draws: Path | None = None) -> options.Answer:
    """Write the report: one HTML file that opens from disk, with its quantiles as CSV beside it.

    The CSV files are report_quantiles.csv, one row a number with its error, and report_iamc.csv, the long table
    of the scenario community.
    """
    from analyses.report_results import gather
    from clustercast.files.tables import write_draws, write_iamc, write_quantiles, writer_of_draws
    from clustercast.files.whole import write_text
    from clustercast.report.sections import page_values
    from clustercast.report.wording import render
    from clustercast.uncertainty.claims import claim_names, read_claims

    if draws:
        writer_of_draws(draws)  # refused before the work, not after it
    results = gather(run, condition)
    values = page_values(results)
    # The page shows claims beside the outputs.
    shown = {*map(str, results.forecast), *claim_names(read_claims())} & {*run.model.functions}
    values["answer"] = [*values["answer"], *run.without_effect(shown)]
    html = render("report.html", title=TITLE, subtitle=f"{run.priors.name}, seed {run.seed}", **values)
    files = {
        "report.html": lambda path: write_text(path, html),
        "report_quantiles.csv": lambda path: write_quantiles(results.summary, path),
        "report_iamc.csv": lambda path: write_iamc({run.named[1] or "base": results.summary}, path),
    }
    if draws:
        # An absolute place stays what it is; a relative one is as seen from where the command was given.
        files[str(draws.absolute())] = lambda path: write_draws(results.forecast, path)
    return options.Answer(
        finding=[*values["answer"], values["hangs"][results.outputs[0]]],
        results={"milestones": results.milestones, "files": list(files)},
        files=files,
    )


if __name__ == "__main__":
    options.run(report)
