"""The results that the report shows, from one prior set, one seed and one call each."""

from collections.abc import Mapping

import clustercast as cc
from analyses import options
from analyses.claims import answer_claims, relief_of
from clustercast.dataset import Dataset
from clustercast.files.dates import end_of
from clustercast.priors.prior_file import scenario_about, shipped_names
from clustercast.report.labels import label_of
from clustercast.report.sections import Results
from clustercast.report.sentences import key_year
from clustercast.uncertainty.reference_classes import read_reference_classes
from clustercast.uncertainty.scenarios import BASE, scenario_changes
from clustercast.uncertainty.stated import compare_with_stated, read_stated_tables

# What a reader asks first; the prior set's headline follows.
FIRST = ("training_cluster_power", "training_cluster_cost", "ai_investment")
LEVELS = {
    "training_cluster_power": ["10 GW", "100 GW"],
    "training_cluster_cost": ["$100B", "$1T"],
    "ai_investment": ["$2T/year"],
    "leading_lab_revenue": ["$300B/year"],
    "us_ai_electricity_share": ["20 %"],
    "shipment_electricity_share": ["20 %"],
    "wafer_share": ["100 %"],
}
LIMITS = ("supply_constraint", "binding_constraint")
MOST_EXPLAINED, MOST_COMPARED = 3, 4
REPLICATES = 8
LEAST_DRAWN = 1 << 13


def gather(run: options.Run, condition: bool) -> Results:
    """Run everything that the page shows."""
    outputs = list(dict.fromkeys([*(name for name in FIRST if name in run.outputs), *run.outputs]))
    levels = {name: found for name, found in LEVELS.items() if name in outputs}
    limits = [name for name in LIMITS if name in run.model]
    inputs = cc.draw(run.priors, run.samples, seed=run.seed)
    wanted = list(dict.fromkeys([*run.with_trend(), *limits]))
    forecast = cc.propagate(inputs, model=run.model, years=run.years, outputs=wanted, progress=run.progress)
    summary = cc.summarise(forecast)
    _, claims = answer_claims(run)
    stated = read_stated_tables().cell
    explained = outputs[:MOST_EXPLAINED]
    scenarios = _scenarios(run, outputs[:MOST_COMPARED]) if run.named[0] else {}
    others = {key: found for key, found in scenarios.items() if key != BASE}
    return Results(
        priors=run.priors,
        outputs=outputs,
        explained=explained[0],
        used=[name for name in run.model.inputs(explained[:1]) if name in run.priors.uncertain],
        year=key_year(run.years),
        forecast=forecast,
        summary=summary,
        milestones=cc.milestones(forecast, levels),
        crossings={
            f"{label_of(name)} ≥ {level.replace('/year', ' a year')}": cc.crossing_year(forecast[name], level)
            for name, found in levels.items()
            for level in found
        },
        stated=stated,
        comparisons=compare_with_stated(summary, stated),
        observed=list(cc.read_observations()),
        references=read_reference_classes(),
        levels=levels,
        indices=cc.run_sobol(
            run.priors,
            model=run.model,
            outputs=explained,
            years=run.years,
            size=max(run.samples // 8, 16 * REPLICATES),
            seed=run.seed,
            replicates=REPLICATES,
            second_order=True,
            progress=run.progress,
        ),
        claims=claims,
        findings=cc.audit_findings(),
        today=end_of(run.priors.about.as_of) if run.priors.about.as_of else None,
        limits=limits,
        relief=relief_of(run),
        scenarios=scenarios,
        changes=scenario_changes(scenarios[BASE], others) if others else None,
        compared=outputs[:MOST_COMPARED],
        reasons={key: scenario_about(key).why for key in others},
        learned=cc.condition(run.priors, model=run.model, seed=run.seed, size=max(run.samples, LEAST_DRAWN))
        if condition
        else None,
    )


def _scenarios(run: options.Run, outputs: list[str]) -> Mapping[str, Dataset]:
    """Return forecasts of the bare prior set and of each shipped scenario, on common random numbers."""
    found = {}
    for scenario in (None, *shipped_names("scenarios")):
        priors = cc.read_priors(run.named[0], scenario=scenario, set=run.settings)
        inputs = cc.draw(priors, run.samples, seed=run.seed)
        found[scenario or BASE] = cc.propagate(
            inputs, model=run.model, years=run.years, outputs=outputs, progress=run.progress
        )
    return found
