"""Whether the parts of a world contradict each other."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import Array

CONTRADICTIONS = (
    "none",
    "cluster above the stock",
    "investment above what is possible",
    "energy above the world's",
    "cluster cost above the fleet's",
)


@quantity("1", time="state", labels=CONTRADICTIONS)
def contradiction(
    training_cluster_size: Array,
    installed_base: Array,
    ai_investment: Array,
    possible_investment_share: Array,
    gross_world_product: Array,
    fleet_energy: Array,
    world_electricity: Array,
    training_cluster_cost: Array,
    fleet_value: Array,
) -> NDArray[np.int8]:
    """First of the contradictions in which the world of a draw is impossible at the date."""
    possible_size = training_cluster_size <= installed_base
    possible_investment = possible_size & (ai_investment <= possible_investment_share * gross_world_product)
    possible_energy = possible_investment & (fleet_energy <= world_electricity)
    possible = possible_energy & (training_cluster_cost <= fleet_value)
    # How many contradictions are passed before the first that holds, and none where all are.
    first = np.int8(1) + possible_size + possible_investment + possible_energy
    return np.where(possible, np.int8(0), first)
