"""What the texts claim, as probabilities: ``python -m analyses.claims``."""

from pathlib import Path

import clustercast as cc
from analyses import options
from clustercast.files.netcdf import write_netcdf
from clustercast.files.whole import output_directory
from clustercast.report.claims import claims_table, constraint_table
from clustercast.report.json_text import json_text
from clustercast.report.progress import progress_bar


def claims(
    priors: options.Priors = "situational_awareness",
    scenario: options.Scenario = None,
    set: options.Set = None,
    samples: options.Samples = 32768,
    seed: options.Seed = 0,
    out: options.Out = Path("out"),
    json: options.Json = False,
) -> None:
    """Answer the essay's claims with probabilities, and say which limit binds when."""
    place = output_directory(out)
    given = cc.read_priors(priors, scenario=scenario, set=options.settings(set))
    asked = cc.read_claims()
    outputs = [*dict.fromkeys(claim.quantity for claim in asked), "binding_constraint"]
    with progress_bar("samples") as report:
        inputs = cc.draw(given, samples, seed=seed)
        forecast = cc.propagate(inputs, years=cc.claim_years(asked, 2024), outputs=outputs, progress=report)
    answers = cc.claim_probabilities(forecast, asked)
    limits = cc.summarise(forecast[["binding_constraint"]])
    if json:
        print(json_text({"claims": answers, "binding_constraint": limits}))
    else:
        binding = constraint_table(limits["binding_constraint_share"], limits["binding_constraint_share_error"])
        options.show(claims_table(answers), binding)
    written = write_netcdf(answers, place / "claims.nc")
    if not json:
        options.show_written(cc.provenance_of(answers), seed, [written])


if __name__ == "__main__":
    options.run(claims)
