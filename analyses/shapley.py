"""What matters when inputs are correlated: ``python -m analyses.shapley``."""

from pathlib import Path

import clustercast as cc
from analyses import options
from clustercast.report.files import output_directory, write_netcdf
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
    effects = cc.shapley_effects(
        given, outputs=options.names(outputs), years=options.years(years), size=samples, seed=seed
    )
    written = write_netcdf(effects, place / "shapley.nc")
    if json:
        print(json_text(effects))
        return
    console = options.console()
    console.print(share_table(effects, "Sh", "Shapley effects, which sum to 1 over the inputs", most=6))
    if effects.attrs.get("warning"):
        console.print(f"warning: {effects.attrs['warning']}")
    console.print(f"{effects.attrs['priors_name']} ({effects.attrs['priors_hash']}), seed {seed}; wrote", written)


if __name__ == "__main__":
    options.run(shapley)
