"""What matters when inputs are correlated: ``python -m analyses.shapley``."""

from pathlib import Path

import clustercast as cc
from analyses import options
from clustercast.files.netcdf import write_netcdf
from clustercast.files.whole import output_directory
from clustercast.report.json_text import json_text
from clustercast.report.summary import share_table

OUTPUTS = "training_cluster_size,training_cluster_cost,training_cluster_power,ai_investment"


def shapley(
    priors: options.Priors = "evidence_2026",
    scenario: options.Scenario = None,
    set: options.Set = None,
    years: options.Years = "2026:2034",
    outputs: options.Outputs = OUTPUTS,
    samples: options.Samples = 4096,
    seed: options.Seed = 0,
    out: options.Out = Path("out"),
    json: options.Json = False,
) -> None:
    """Shapley effects: shares of the variance that sum to 1, also for correlated inputs."""
    place = output_directory(out)
    given = cc.read_priors(priors, scenario=scenario, set=options.settings(set))
    effects = cc.run_shapley(given, outputs=options.names(outputs), years=options.years(years), size=samples, seed=seed)
    if json:
        print(json_text(effects))
    else:
        warned = [f"warning: {effects.attrs['warning']}"] if effects.attrs.get("warning") else []
        options.show(share_table(effects, "Sh", "Shapley effects, which sum to 1 over the inputs", most=6), *warned)
    written = write_netcdf(effects, place / "shapley.nc")
    if not json:
        options.show_written(cc.provenance_of(effects), seed, [written])


if __name__ == "__main__":
    options.run(shapley)
