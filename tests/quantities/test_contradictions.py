"""Contradictions: which is named, and that a world without one has none."""

import numpy as np
import pytest

from clustercast.quantities import contradictions

POSSIBLE = {
    "training_cluster_size": 1e6,
    "installed_base": 30e6,
    "ai_investment": 745e9,
    "possible_investment_share": 0.15,
    "gross_world_product": 117e12,
    "fleet_energy": 190.0,
    "world_electricity": 30_600.0,
    "training_cluster_cost": 32e9,
    "fleet_value": 920e9,
}


@pytest.mark.parametrize(
    ("changed", "index"),
    [
        ({}, 0),
        ({"training_cluster_size": 31e6}, 1),
        ({"ai_investment": 18e12}, 2),
        ({"fleet_energy": 31e3}, 3),
        ({"training_cluster_cost": 1e12}, 4),
        ({"training_cluster_cost": 1e12, "ai_investment": 18e12}, 2),
    ],
)
def test_the_first_contradiction_that_holds_is_named(changed, index):
    result = contradictions.contradiction(**{name: np.array(value) for name, value in {**POSSIBLE, **changed}.items()})
    assert result == index
    assert len(contradictions.CONTRADICTIONS) == 5
