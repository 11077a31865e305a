"""Both prior sets against what was published: the intervals of the evidence, and the essay's own expectations."""

import numpy as np
import pytest

import clustercast as cc
from clustercast.engine.units import factor

EVIDENCE = cc.read_priors("evidence_2026")
ESSAY = cc.read_priors("situational_awareness")
INTERVAL = np.array([0.05, 0.95])


@pytest.mark.parametrize(
    ("name", "unit", "central", "low", "high"),
    [
        ("cluster_growth_rate", "OOM/year", 0.48, 0.35, 0.62),
        ("investment_growth_factor", "1", 1.7, 1.25, 2.2),
        ("flop_per_dollar_growth", "percent/year", 28, 8, 45),
        ("flop_per_watt_growth", "percent/year", 28, 12, 42),
        ("load_factor", "1", 0.75, 0.6, 0.9),
        ("gas_plant_cost", "USD/kW", 2200, 2200, 2200),
        ("turbine_lead_time", "year", None, 3, 7),
    ],
)
def test_the_evidence_has_its_published_interval(name, unit, central, low, high):
    scale = factor(EVIDENCE[name].unit) / factor(unit)
    if central is not None:
        assert EVIDENCE[name].median * scale == pytest.approx(central, rel=0.03)
    first, last = EVIDENCE[name].quantile(INTERVAL) * scale
    if low < high:
        assert (first, last) == pytest.approx((low, high), rel=1e-6)
    else:
        assert first < central < last


def test_accelerators_live_for_three_to_seven_years():
    hazard = EVIDENCE["retirement_hazard"].quantile(np.array([0.95, 0.5, 0.05])) * factor("1/year")
    np.testing.assert_allclose(1 / hazard, [3, 5, 7], rtol=1e-6)


def test_the_facility_power_of_2024_has_its_published_interval():
    inputs = cc.draw(EVIDENCE, 2**14, design="sobol", seed=1)
    power = cc.propagate(inputs, years=[2024], outputs=["facility_power_per_accelerator"])
    found = np.quantile(power["facility_power_per_accelerator"], [0.05, 0.5, 0.95])
    np.testing.assert_allclose(found, [1300, 1600, 1850], rtol=0.04)


# Aschenbrenner, Situational Awareness IIIa (2024): what he expects, or calls doable, of a cluster of 100 GW in 2030.
@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("gas_power_additions", "GW/year", 100 / 4),  # one cluster, in the four years after two years of building
        ("gas_power_additions", "GW/year", 3322 / 8.76 / 4),  # note 19: as much gas again as US shale gas
        ("gas_plant_build_time", "year", 2),
        ("gas_plant_cost", "USD/kW", 1000),
        ("cluster_power_share", "1", 100 / 485),  # table: 100 GW of the 4,250 TWh that all AI uses
        ("cluster_power_share", "1", 1 / 2),  # "demand will be multiples higher", at the least multiple
        ("cluster_supply_share", "1", 100 / 485),
        ("cluster_supply_share", "1", 1 / 2),
        ("site_power_limit", "GW", 99),  # note 2: "that amount of power in one location"
        ("leading_edge_doubling_time", "year", 5 / 2),  # "at least twice as fast"
        ("ai_wafer_share_limit", "1", 4 / 5),  # table: AI takes four times the capacity that others keep
        ("packaging_doubling_time", "year", 1),  # table: shipments double each year
        ("memory_doubling_time", "year", 1),
        ("drilling_rigs", "rig", 40),
        ("wells_per_rig", "well/rig/month", 3),
    ],
)
def test_what_the_essay_expects_lies_inside_its_priors(name, unit, expected):
    first, last = ESSAY[name].quantile(INTERVAL) * factor(ESSAY[name].unit) / factor(unit)
    assert first < expected < last


def test_the_essay_leans_neither_way_on_distributed_training():
    assert ESSAY["site_structure"].weights == (0.5, 0.5)


@pytest.mark.parametrize("scenario", ["gas_and_deregulation", "industrial_mobilisation", "no_new_gas"])
@pytest.mark.parametrize("prior_set", ["situational_awareness", "evidence_2026"])
def test_gas_scenarios_move_gas_the_way_they_say(prior_set, scenario):
    base, changed = cc.read_priors(prior_set), cc.read_priors(prior_set, scenario=scenario)
    sign = -1 if scenario == "no_new_gas" else 1
    assert sign * changed["gas_power_additions"].median > sign * base["gas_power_additions"].median
