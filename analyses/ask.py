"""How likely something is, what it hangs on and what would teach most: ``python -m analyses.ask CONDITION``."""

from typing import Any

import numpy as np

import clustercast as cc
from analyses import options
from clustercast.conditioning.observation_rows import Observations
from clustercast.dataset import Dataset
from clustercast.decisions.information import possible
from clustercast.propagation import needed_inputs
from clustercast.report.ask import Question, answer
from clustercast.report.wording import say
from clustercast.sampling import even_draw

FIRST = 2024
BOTH = (options.DEFAULT, "situational_awareness")
# With fewer samples that have it a condition is searched for, in at most so many runs.
FEW, BUDGET = 20, 1 << 18


@options.analysis(samples=32768)
def ask(run: options.Run, condition: str, observations: str = "possible") -> options.Answer:
    """Answer a question in one screen: its probability, what it hangs on, which observation would teach most.

    Writes the forecast (ask.nc) and a figure of each part (ask_*.png).
    """
    asked = cc.parse_condition(condition)
    if all(name in run.priors for name in asked.names):
        raise cc.InputError(f"{condition!r} is about inputs alone; ask about a quantity of the model")
    seen = observable(possible(observations), run.model, asked)
    forecasts = {run.priors.name: forecast_of(run, run.priors, asked, seen)}
    for name in [name for name in BOTH if name != run.named[0]] if run.named[0] in BOTH else ():
        other = cc.read_priors(name, scenario=run.named[1], set=run.settings)
        forecasts[other.name] = forecast_of(run, other, asked, None)
    result = answer(Question(asked, forecasts, seen, run.priors))
    sentences, results = [text for text in result.shown if isinstance(text, str)], dict(result.results)
    if asked.evaluate(forecasts[run.priors.name]).sum() < FEW:
        said, rare = searched(run, asked, forecasts[run.priors.name])
        sentences.insert(1, said)
        results |= rare
    files: dict[str, Any] = {"ask.nc": lambda path: cc.write_netcdf(forecasts[run.priors.name], path)}
    for name, draw in result.figures.items():
        files[f"ask_{name}.png"] = lambda path, draw=draw: cc.plots.save_figure(draw(), path)
    sentences += run.without_effect(asked.names)
    tables = [table for table in result.shown if not isinstance(table, str)]
    return options.Answer(finding=sentences, shown=tables, results=results, files=files)


def searched(run: options.Run, asked: cc.Condition, forecast: Dataset) -> tuple[str, dict[str, Any]]:
    """Return how likely what hardly a sample has is by subset simulation, in words and as a result."""
    years = forecast["year"].values if "year" in forecast.coords else None
    try:
        rare = cc.rare_probability(run.priors, asked, model=run.model, years=years, seed=run.seed, budget=BUDGET)
    except cc.InputError as error:
        return f"By subset simulation {error}.", {}
    return say("ask.rare", rare)[0], {"rare": rare}


def observable(rows: Observations, model: cc.Model, asked: cc.Condition) -> Observations:
    """Return the observations of quantities of the model that end before the last date of a condition."""
    last = max(asked.years, default=np.inf)
    return rows.without(*(row.id for row in rows if row.quantity not in model or max(row.dates(model)) > last))


def forecast_of(run: options.Run, priors: cc.Priors, asked: cc.Condition, seen: Observations | None) -> Dataset:
    """Return a forecast of what a condition and observations need, by year and at their dates."""
    rows = list(seen or ())
    dates = {*asked.years, *(date for row in rows for date in row.dates(run.model))}
    years = sorted({*np.arange(FIRST, max(dates, default=FIRST + 10) + 1).tolist(), *dates})
    wanted = [name for name in asked.names if name not in priors]
    wanted += [f"trend_{name}" for name in wanted if f"trend_{name}" in run.model]
    wanted = list(dict.fromkeys([*wanted, *(row.quantity for row in rows)]))
    inputs = even_draw(priors, run.samples, run.seed)
    known = needed_inputs(inputs, run.model, wanted, [*asked.names, *priors.correlated])
    return cc.propagate(known, model=run.model, years=years, outputs=wanted, progress=run.progress)


if __name__ == "__main__":
    options.run(ask)
