"""Whether the parts of a world contradict each other."""

import numpy as np

from clustercast.engine.quantity import quantity

CONTRADICTIONS = (
    "none",
    "cluster above the stock",
    "investment above what is possible",
    "energy above the world's",
    "cluster cost above the fleet's",
)


@quantity("1", time="state", labels=CONTRADICTIONS)
def contradiction(
    training_cluster_size,
    installed_base,
    ai_investment,
    possible_investment_share,
    gross_world_product,
    fleet_energy,
    world_electricity,
    training_cluster_cost,
    fleet_value,
):
    """First of the contradictions in which the world of a draw is impossible at the date."""
    possible_size = training_cluster_size <= installed_base
    possible_investment = possible_size & (ai_investment <= possible_investment_share * gross_world_product)
    possible_energy = possible_investment & (fleet_energy <= world_electricity)
    possible = possible_energy & (training_cluster_cost <= fleet_value)
    # How many contradictions are passed before the first that holds, and none where all are.
    first = np.int8(1) + possible_size + possible_investment + possible_energy
    return np.where(possible, np.int8(0), first)
