"""A choice of structure is an input: its weights are in the prior file, and Sobol' indices see it."""

import numpy as np
import pytest

import clustercast as cc
from clustercast.priors.families import Discrete

SETS = ("situational_awareness", "evidence_2026")
# Choice: what it drives, and what must be set for it to act.
CHOICES = {
    "cluster_growth_structure": ("training_cluster_size", {}),
    "site_structure": ("available_power", {}),
    "foundry_growth_structure": ("logic_wafer_capacity", {}),
    "cluster_region": ("regulation_limited_cluster_size", {"diffusion_rule": 1.0}),
}


@pytest.mark.parametrize("prior_set", SETS)
@pytest.mark.parametrize("choice", CHOICES)
def test_each_option_has_a_weight(prior_set, choice):
    prior = cc.read_priors(prior_set)[choice]
    assert isinstance(prior, Discrete)
    np.testing.assert_array_equal(prior.values, np.arange(len(prior.values)))
    assert min(prior.weights) > 0
    assert sum(prior.weights) == pytest.approx(1)


@pytest.mark.parametrize("prior_set", SETS)
@pytest.mark.parametrize("choice", CHOICES)
def test_sobol_indices_see_the_choice(prior_set, choice):
    output, needed = CHOICES[choice]
    priors = cc.read_priors(prior_set, set=needed)
    indices = cc.run_sobol(
        priors, outputs=[output], years=[2032], size=512, replicates=4, second_order=False, seed=3, scale="log10"
    )
    total = indices.sel(output=output, input=choice, year=2032)
    assert float(total["ST"]) > float(total["ST_conf"]) > 0


def test_a_choice_that_is_made_has_no_share():
    priors = cc.read_priors("situational_awareness", set={"foundry_growth_structure": 1.0})
    assert "foundry_growth_structure" not in priors.uncertain


@pytest.mark.parametrize(
    ("choice", "output", "same"),
    [
        ("cluster_growth_structure", "training_cluster_size", 0),
        ("site_structure", "site_power", 0),
        ("foundry_growth_structure", "logic_wafer_capacity", 0),
    ],
)
def test_options_differ_only_where_they_should(choice, output, same):
    priors = cc.read_priors("situational_awareness")
    options = range(len(priors[choice].values))
    paths = [
        cc.propagate(cc.draw(priors.replace(**{choice: float(option)}), 64, seed=1), outputs=[output])[output].values
        for option in options
    ]
    assert all((paths[same] != paths[option]).any() for option in options if option != same)
    # One site and capacity that stays are the least; growth that slows ends below the straight line.
    if choice == "cluster_growth_structure":
        assert (paths[1][-1] < paths[0][-1]).all()
    else:
        assert (paths[1] >= paths[0] * (1 - 1e-12)).all()
