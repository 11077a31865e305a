"""What matters when inputs are correlated: ``python -m analyses.shapley``."""

import clustercast as cc
from analyses import options


@options.analysis(years="2026:2034", samples=4096)
def shapley(run: options.Run) -> options.Answer:
    """Shapley effects: shares of the variance that sum to 1, also for correlated inputs."""
    return shapley_answer(run)


def shapley_answer(run: options.Run) -> options.Answer:
    """Return the Shapley effects of what a run asks for."""
    from clustercast.report.findings import caution, hangs_on, key_year
    from clustercast.report.wording import say

    effects = cc.run_shapley(run.priors, size=run.samples, **run.asked)
    warned = [f"warning: {said}"] if (said := caution(effects)) else []
    table = say("sensitivity.shares", effects, "Sh", "Shapley effects, which sum to 1 over the inputs", 6)
    return options.Answer(
        finding=[*run.opening(run.forecast()), hangs_on(effects, run.outputs[0], key_year(run.years), variable="Sh")],
        shown=[*table, *warned],
        results={"effects": effects},
        files={"shapley.nc": lambda path: cc.write_netcdf(effects, path)},
    )


if __name__ == "__main__":
    options.run(shapley)
