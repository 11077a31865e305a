"""What the texts claim, as probabilities: ``python -m analyses.claims``."""

from collections.abc import Sequence

import clustercast as cc
from analyses import options
from clustercast.dataset import Dataset
from clustercast.report.findings import LIMITS, conditions
from clustercast.report.wording import say
from clustercast.sampling import even_draw
from clustercast.uncertainty.claims import claim_names

RELIEVED = ("power", "money", "packaging", "memory", "logic")
MOST_RELIEVED = 8192


@options.analysis(samples=32768)
def claims(run: options.Run) -> options.Answer:
    """Answer the essay's claims with probabilities, in the forecast and its trend, and say which limit binds when."""
    labelled = [name for name in (*LIMITS, "contradiction") if name in run.model]
    forecast, answers = answer_claims(run, labelled)
    limits = cc.summarise(forecast[labelled]) if labelled else None
    relief = relief_of(run)
    tables = say("claims.answers", answers) + (say("claims.limits", limits, LIMITS) if labelled else [])
    tables += [] if relief is None else say("claims.relief", relief)
    finding = [*say("claims.finding", answers), *conditions(run.priors, forecast, 2030.0)]
    return options.Answer(
        finding=[*finding, *run.without_effect({*map(str, forecast)} & {*run.model.functions})],
        shown=tables,
        results={"claims": answers, "limits": limits, "relief": relief},
        files={"claims.nc": lambda path: cc.write_netcdf(answers, path)},
    )


def answer_claims(run: options.Run, others: Sequence[str] = ()) -> tuple[Dataset, Dataset]:
    """Return a forecast, and the answers to the claims in it and in its trend."""
    asked = cc.read_claims()
    inputs = even_draw(run.priors, run.samples, run.seed)
    plain = [name for name in claim_names(asked) if name not in inputs]
    outputs = [*plain, *(f"trend_{name}" for name in plain if f"trend_{name}" in run.model), *others]
    years = cc.claim_years(asked, 2024)
    forecast = cc.propagate(inputs, model=run.model, years=years, outputs=outputs, progress=run.progress)
    return forecast, cc.claim_probabilities(forecast, asked)


def relief_of(run: options.Run) -> Dataset | None:
    """Return how much more there would be without each limit that acts alone; None where none acts."""
    acting = [name for name in RELIEVED if f"limit_{name}" in run.priors and run.priors[f"limit_{name}"].median == 1]
    if not acting:
        return None
    size, years = min(run.samples, MOST_RELIEVED), [2027.0, 2028.0, 2030.0, 2034.0]
    return cc.limit_relief(run.priors, size, years, limits=acting, model=run.model, seed=run.seed)


if __name__ == "__main__":
    options.run(claims)
