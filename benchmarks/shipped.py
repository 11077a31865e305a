"""What the benchmarks take from the shipped model: outputs, and sets of inputs of a given size."""

from functools import cache

import clustercast as cc

SIX = (
    "training_cluster_size",
    "training_cluster_cost",
    "training_cluster_power",
    "training_cluster_electricity_share",
    "ai_investment",
    "accelerator_shipments",
)
EIGHT = (*SIX[:5], "leading_lab_revenue", "fleet_power", "wafer_share")
INPUTS_OF_PANEL = 24


@cache
def priors() -> cc.Priors:
    """Return the shipped priors."""
    return cc.read_priors("situational_awareness")


def with_inputs(outputs: tuple[str, ...], count: int) -> cc.Priors:
    """Return the priors with `count` uncertain inputs, spread over those that some outputs need."""
    needed = [name for name in cc.cluster_model().inputs(outputs) if name in priors().uncertain]
    if len(needed) < count:
        raise ValueError(f"{outputs} have {len(needed)} uncertain inputs, fewer than {count}")
    return priors().only([needed[place * len(needed) // count] for place in range(count)])


def mixed_families(count: int = 24) -> cc.Priors:
    """Return inputs of every family that the shipped priors use, PERT and beta among them, taken in turns."""
    by_family: dict[str, list[str]] = {}
    for name in priors().uncertain:
        by_family.setdefault(type(priors()[name]).__name__, []).append(name)
    chosen: list[str] = []
    while len(chosen) < count:
        for names in by_family.values():
            if names and len(chosen) < count:
                chosen.append(names.pop(0))
    return cc.Priors(name="mixed families", **{name: priors()[name] for name in chosen})
