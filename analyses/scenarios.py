"""What a scenario changes, on common random numbers: ``python -m analyses.scenarios``."""

import clustercast as cc
from analyses import options


@options.analysis(years=options.YEARS, samples=16384)
def scenarios(run: options.Run, only: str | None = None, year: float = 2030) -> options.Answer:
    """Compare every scenario with its base: the change in each output with its error.

    "order is real" is the probability that a scenario lies above the next one and that
    their order is not Monte Carlo noise.
    """
    from clustercast.priors.shipped import shipped_names
    from clustercast.report.findings import limits_sentence
    from clustercast.report.wording import say

    if year not in run.years:
        what = f"--year {year:g} is not among --years"
        raise cc.InputError(f"{what}; name one of {', '.join(f'{y:g}' for y in run.years)}")
    if not run.named[0]:
        raise cc.InputError("scenarios lie over a prior set, but the file of --model has its own; add --priors NAME")
    if run.named[1] or run.settings:
        raise cc.InputError("scenarios compares scenarios with the bare prior set; leave --scenario and --set out")
    names = options.names(only) or shipped_names("scenarios")
    changes = cc.run_scenarios(run.named[0], names, size=run.samples, **run.asked)
    return options.Answer(
        finding=[*say("scenarios.finding", changes, year), limits_sentence(run.priors)],
        shown=[*say("scenarios.tables", changes, year), *say("scenarios.unchanged", changes, year)],
        results={"changes": changes},
        files={"scenarios.nc": lambda path: cc.write_netcdf(changes, path)},
    )


if __name__ == "__main__":
    options.run(scenarios)
