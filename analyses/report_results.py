"""The results that the report shows, from one prior set, one seed and one call each."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

import clustercast as cc
from analyses import options
from analyses.ask import forecast_of, observable
from analyses.claims import answer_claims, relief_of
from clustercast.conditioning.tree import posterior_inputs
from clustercast.dataset import Dataset
from clustercast.decisions.information import possible
from clustercast.priors.shipped import shipped_names
from clustercast.propagation import needed_inputs
from clustercast.report.ask import Question, answer
from clustercast.report.findings import FIRST, LIMITS, PHRASES, key_year
from clustercast.report.sections import Results, even_condition
from clustercast.sampling import even_draw
from clustercast.uncertainty.claims import claim_names
from clustercast.uncertainty.milestones import milestones
from clustercast.uncertainty.scenarios import BASE, paired_forecasts

if TYPE_CHECKING:
    import xarray as xr

MOST_EXPLAINED, MOST_COMPARED = 3, 4
REPLICATES, MOST_BASE_POINTS = 8, 1 << 12
LEAST_DRAWN = 1 << 13


def gather(run: options.Run, condition: bool) -> Results:
    """Run everything that the page shows."""
    # Measured: a sample is held with its inputs, claims and scenarios, and three times with each output by year.
    options.require_memory(run.samples, 12_000 + 24 * len(run.years) * len(run.with_trend()), least=5e8)
    outputs = list(dict.fromkeys([*(name for name in FIRST if name in run.outputs), *run.outputs]))
    if lacking := [name for name in claim_names(cc.read_claims()) if name not in {*run.model.functions, *run.priors}]:
        remedy = "add it to the model, or look at your model with ask, uncertainty, sobol or explore"
        raise cc.InputError(f"the report answers claims about {lacking[0]!r}, which the model lacks; {remedy}")
    known = {name: phrase["levels"] for name, phrase in PHRASES.items() if "levels" in phrase}
    levels = {name: known[name] for name in known if name in outputs}
    if not levels:
        what = f"the report says when outputs reach a level, and {', '.join(outputs)} has none"
        raise cc.InputError(f"{what}; add one of {', '.join(known)} to --outputs")
    inputs = even_draw(run.priors, run.samples, run.seed)
    wanted = list(dict.fromkeys([*run.with_trend(), *(name for name in LIMITS if name in run.model)]))
    forecast = cc.propagate(inputs, model=run.model, years=run.years, outputs=wanted, progress=run.progress)
    summary, year = cc.summarise(forecast), key_year(run.years)
    asked = cc.parse_condition(even_condition(forecast[outputs[0]], year))
    seen = observable(possible("possible"), run.model, asked)
    question = Question(asked, {run.priors.name: forecast_of(run, run.priors, asked, seen)}, seen, run.priors)
    size = min(max(run.samples // 8, 16 * REPLICATES), MOST_BASE_POINTS)
    explained = {**run.asked, "outputs": outputs[:MOST_EXPLAINED]}
    return Results(
        priors=run.priors,
        outputs=outputs,
        used=[name for name in needed_inputs(inputs, run.model, outputs[:1]) if name in run.priors.uncertain],
        year=year,
        forecast=forecast,
        summary=summary,
        observed=list(cc.read_observations()),
        levels=levels,
        milestones=milestones(forecast, levels),
        indices=cc.run_sobol(run.priors, size=size, replicates=REPLICATES, second_order=True, **explained),
        claims=answer_claims(run)[1],
        relief=relief_of(run),
        scenarios=_scenarios(run, outputs[:MOST_COMPARED]) if run.named[0] else {},
        observations=_observations(run) if condition else None,
        asked=answer(question),
    )


def _observations(run: options.Run) -> tuple["xr.DataTree", Dataset]:
    """Return what was learned from the observations, and a forecast of what they observe from then on."""
    rows = cc.read_observations()
    tree = cc.condition(run.priors, rows, model=run.model, seed=run.seed, size=max(run.samples, LEAST_DRAWN))
    years = np.arange(math.floor(min(row.date for row in rows)), math.ceil(max(row.date for row in rows)) + 3)
    quantities = [name for name in rows.quantities if name in run.model]
    return tree, cc.propagate(posterior_inputs(tree), model=run.model, years=years, outputs=quantities)


def _scenarios(run: options.Run, outputs: list[str]) -> Mapping[str, Dataset]:
    """Return forecasts of the bare prior set and of each shipped scenario in a year, on common random numbers."""
    names = [None, *shipped_names("scenarios")]
    sets = [cc.read_priors(run.named[0], scenario=name, set=run.settings) for name in names]
    made = paired_forecasts(sets, run.samples, **{**run.asked, "years": [key_year(run.years)], "outputs": outputs})
    return {name or BASE: forecast[outputs] for name, forecast in zip(names, made, strict=True)}
