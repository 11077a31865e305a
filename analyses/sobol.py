"""Which assumptions carry the answer: ``python -m analyses.sobol``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import clustercast as cc
from analyses import options
from clustercast.errors import InputError

Groups = Literal["section", "source"]


@options.analysis(years=options.YEARS, samples=1024, points=True)
def sobol(
    run: options.Run,
    replicates: int | None = None,
    engine: Literal["panel", "salib"] = "panel",
    second_order: bool = False,
    groups: Groups | None = None,
    latent: bool = False,
    shapley: bool = False,
    until: float | None = None,
) -> options.Answer:
    """Sobol' indices of the build-out by year, with error bars: a table, a netCDF file and a figure.

    S1 is the share of an output's variance that an input explains alone, ST the share that
    goes when it is known together with all its interactions.
    """
    from analyses.second_process import SecondProcess
    from clustercast.files.whole import write_whole
    from clustercast.report.findings import caution, conditions, hangs_on, key_year, sobol_tables

    if shapley:
        if groups or second_order or latent or until is not None or replicates is not None or engine != "panel":
            raise InputError("--shapley takes none of the options of indices, as --groups or --until; leave them out")
        from analyses.shapley import shapley_answer

        return shapley_answer(run)
    together = cc.input_groups(run.priors, groups, run.model) if groups else None
    how: dict[str, Any] = {"engine": engine, "second_order": second_order, "replicates": replicates, "latent": latent}
    drawing = SecondProcess("clustercast.report.plots.sensitivity:panels_png", (run.outputs, run.years))
    indices = cc.run_sobol(run.priors, size=run.samples, groups=together, until=until, **how, **run.asked)
    drawing.send(indices)
    quick, warning = run.forecast(), caution(indices)
    said = [text for text in (indices.attrs.get("statement"), warning and f"warning: {warning}") if text]
    if "joined by +" in warning:
        said.append("--latent gives the independent parts of correlated inputs, --shapley the share of each")
    files: dict[str, Callable[[Path], object]] = {"sobol.nc": lambda path: cc.write_netcdf(indices, path)}
    if "year" in indices.dims:
        drawing.send("\n".join(conditions(run.priors, quick, key_year(run.years))))
        files["sobol.png"] = lambda path: write_whole(path, lambda whole: whole.write_bytes(drawing.result()))
    return options.Answer(
        finding=[*run.opening(quick), hangs_on(indices, run.outputs[0], key_year(run.years))],
        shown=[*sobol_tables(indices, resolved=cc.ranking_resolved(indices)), *said],
        results={"indices": indices},
        files=files,
    )


if __name__ == "__main__":
    options.run(sobol)
