"""How wide the forecast is, by year: ``python -m analyses.uncertainty``."""

from typing import Literal

import clustercast as cc
from analyses import options

PlainDesign = Literal["random", "latin", "sobol"]


@options.analysis(years=options.YEARS, samples=16384)
def uncertainty(run: options.Run, design: PlainDesign = "sobol") -> options.Answer:
    """Quantiles by year, both tables of the essay and other figures of the texts beside the forecast, and what matters.

    Writes the draws (uncertainty.nc) and their summary (uncertainty_summary.nc).
    """
    from clustercast.report.findings import caution, hangs_on, key_year
    from clustercast.report.wording import say
    from clustercast.sampling import PARTS
    from clustercast.uncertainty.stated import compare_with_stated, stated_cells

    if design == "sobol":
        options.power_of_two(run.samples)
    replicates = PARTS if design != "random" and run.samples % PARTS == 0 else None
    inputs = cc.draw(run.priors, run.samples, design=design, replicates=replicates, seed=run.seed)
    forecast = cc.propagate(inputs, model=run.model, years=run.years, outputs=run.with_trend(), progress=run.progress)
    summary = cc.summarise(forecast)
    first_order = cc.given_data_indices(forecast[[*inputs.data_vars, *run.outputs]], model=run.model)
    stated = compare_with_stated(summary, stated_cells())
    shares = say("sensitivity.shares", first_order, "S1", "share of the variance that an input explains alone")
    warned = [f"warning: {text}" for text in (caution(summary), caution(first_order)) if text]
    return options.Answer(
        finding=[*run.opening(forecast), hangs_on(first_order, run.outputs[0], key_year(run.years), variable="S1")],
        shown=[*say("forecast.fans", summary, run.outputs), *say("forecast.stated", stated), *shares, *warned],
        results={"summary": summary, "stated": stated, "first_order": first_order},
        files={
            "uncertainty.nc": lambda path: cc.write_netcdf(forecast, path),
            "uncertainty_summary.nc": lambda path: cc.write_netcdf(summary, path),
        },
    )


if __name__ == "__main__":
    options.run(uncertainty)
