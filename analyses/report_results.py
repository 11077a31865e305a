"""The results that the report shows, from one prior set, one seed and one call each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

import clustercast as cc
from clustercast.dataset import Dataset
from clustercast.priors.prior_file import scenario_about, shipped_names
from clustercast.propagation import Progress
from clustercast.report.audit import Finding
from clustercast.report.labels import label_of
from clustercast.report.summary import comparison_tables
from clustercast.uncertainty.reference_classes import read_reference_classes
from clustercast.uncertainty.scenarios import BASE, scenario_changes
from clustercast.uncertainty.stated import compare_with_stated, read_stated_tables

if TYPE_CHECKING:
    from xarray import DataArray, DataTree

OUTPUTS = (
    "training_cluster_size",
    "training_cluster_cost",
    "training_cluster_power",
    "ai_investment",
    "accelerator_shipments",
    "shipment_electricity_share",
    "wafer_share",
    "leading_lab_revenue",
)
LEVELS = {
    "training_cluster_cost": ["$100B", "$1T"],
    "training_cluster_power": ["10 GW", "100 GW"],
    "leading_lab_revenue": ["$100B/year"],
    "shipment_electricity_share": ["20 %"],
    "wafer_share": ["100 %"],
}
EXPLAINED = ("training_cluster_power", "training_cluster_cost", "ai_investment", "feasible_cluster_size")
COMPARED = ("feasible_cluster_size", "available_power", "training_cluster_cost", "fleet_power")
LIMITS = ("binding_constraint", "feasible_cluster_size")
YEAR = 2030.0
REPLICATES = 8
LEAST_DRAWN = 1 << 13


@dataclass(frozen=True)
class Results:
    """What the sections of the page are made of; see `gather`."""

    priors: cc.Priors
    forecast: Dataset
    summary: Dataset
    milestones: Dataset
    crossings: Mapping[str, "DataArray"]
    stated_tables: list[Table]
    overlays: Mapping[str, Any]
    indices: Dataset
    scenarios: Mapping[str, Dataset]
    changes: Dataset
    reasons: Mapping[str, str]
    claims: Dataset
    findings: Sequence[Finding]
    learnt: "DataTree | None"
    year: float
    outputs: tuple[str, ...] = OUTPUTS
    compared: tuple[str, ...] = COMPARED


def gather(
    name: str,
    scenario: str | None,
    settings: Mapping[str, str | float],
    years: Sequence[float],
    samples: int,
    seed: int,
    condition: bool,
    progress: Progress,
) -> Results:
    """Run everything that the page shows."""
    given = cc.read_priors(name, scenario=scenario, set=settings)
    inputs = cc.draw(given, samples, seed=seed)
    forecast = cc.propagate(inputs, years=years, outputs=(*OUTPUTS, *LIMITS), progress=progress)
    summary = cc.summarise(forecast)
    year = YEAR if YEAR in years else years[-1]
    claims = cc.read_claims()
    asked = cc.propagate(inputs, years=cc.claim_years(claims, years[0]), outputs={c.quantity for c in claims})
    stated = read_stated_tables().cell
    overlays = {
        "stated": stated,
        "observed": list(cc.read_observations()),
        "references": read_reference_classes(),
        "levels": LEVELS,
    }
    compared = _scenarios(name, settings, years, samples, seed, progress)
    return Results(
        priors=given,
        forecast=forecast,
        summary=summary,
        milestones=cc.milestones(forecast, LEVELS),
        crossings=_crossings(forecast),
        stated_tables=list(comparison_tables(compare_with_stated(summary, stated))),
        overlays=overlays,
        indices=cc.run_sobol(
            given,
            outputs=EXPLAINED,
            years=years,
            size=max(samples // 8, 16 * REPLICATES),
            seed=seed,
            replicates=REPLICATES,
            second_order=True,
            latent=bool(given.correlations),
            progress=progress,
        ),
        scenarios=compared,
        changes=scenario_changes(compared[BASE], {key: value for key, value in compared.items() if key != BASE}),
        reasons={key: scenario_about(key).why for key in compared if key != BASE},
        claims=cc.claim_probabilities(asked, claims),
        findings=cc.audit_findings(),
        learnt=cc.condition(given, seed=seed, size=max(samples, LEAST_DRAWN)) if condition else None,
        year=year,
    )


def _crossings(forecast: Dataset) -> "dict[str, DataArray]":
    """Return the crossing years of every level, by what a reader calls it."""
    pairs = [(name, level) for name, levels in LEVELS.items() for level in levels]
    return {f"{label_of(name)} ≥ {level}": cc.crossing_year(forecast[name], level) for name, level in pairs}


def _scenarios(
    name: str,
    settings: Mapping[str, str | float],
    years: Sequence[float],
    samples: int,
    seed: int,
    progress: Progress,
) -> dict[str, Dataset]:
    """Return forecasts of the bare prior set and of each shipped scenario, on common random numbers."""
    found = {}
    for scenario in (None, *shipped_names("scenarios")):
        inputs = cc.draw(cc.read_priors(name, scenario=scenario, set=settings), samples, seed=seed)
        found[scenario or BASE] = cc.propagate(inputs, years=years, outputs=COMPARED, progress=progress)
    return found
