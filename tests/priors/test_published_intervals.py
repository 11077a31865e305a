"""Both prior sets against what was published: the intervals of the evidence, and the essay's own expectations."""

import numpy as np
import pytest

import clustercast as cc
from clustercast.engine.units import factor

EVIDENCE = cc.read_priors("evidence_2026")
ESSAY = cc.read_priors("situational_awareness")
INTERVAL = np.array([0.05, 0.95])


def test_the_evidence_has_the_published_lead_times_and_costs():
    # S&P Global and the press (2025-2026): turbines 3 to 7 years; BNEF (2025): 2,157 USD/kW and NextEra: 2,400.
    np.testing.assert_allclose(EVIDENCE["turbine_lead_time"].quantile(INTERVAL), [3, 7], rtol=1e-6)
    low, high = EVIDENCE["gas_plant_cost"].quantile(INTERVAL)
    assert low < 2157 < 2400 < high


def test_accelerators_live_for_three_to_seven_years():
    # Epoch AI (May 2026): 5 years, 3 to 7. Old chips kept their value, so the short end is a third of a year longer.
    hazard = EVIDENCE["retirement_hazard"].quantile(np.array([0.95, 0.05])) * factor("1/year")
    np.testing.assert_allclose(1 / hazard, [3.3, 7], rtol=0.02)


def test_the_facility_power_of_mid_2026_holds_the_sites_of_mid_2026():
    # Epoch AI, AI data centers (2026): Fairwater Wisconsin 992, Fairwater Atlanta 1,116, Abilene 1,158 W per H100e.
    inputs = cc.draw(EVIDENCE, 2**12, design="sobol", seed=1)
    power = cc.propagate(inputs, years=[2026.5], outputs=["site_power_per_accelerator"])
    low, high = np.quantile(power["site_power_per_accelerator"], INTERVAL)
    assert low < 992 < 1116 < 1158 < high


# Aschenbrenner, Situational Awareness IIIa (2024): what he expects, or calls doable, of a cluster of 100 GW in 2030.
@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("gas_power_additions", "GW/year", 100 / 4),  # one cluster, in the four years after two years of building
        ("gas_power_additions", "GW/year", 3322 / 8.76 / 4),  # note 19: as much gas again as US shale gas
        ("gas_plant_build_time", "year", 2),
        ("gas_plant_cost", "USD/kW", 1000),
        ("cluster_fleet_share_limit", "1", 100 / 485),  # table: 100 GW of the 4,250 TWh that all AI uses
        ("site_power_limit", "GW", 99),  # note 2: "that amount of power in one location"
        ("ai_wafer_share_limit", "1", 4 / 5),  # table: AI takes four times the capacity that others keep
        ("packaging_growth", "1/year", 1),  # table: shipments double each year
        ("memory_growth", "1/year", 1),
        ("drilling_rigs", "rig", 40),
        ("wells_per_rig", "well/rig/month", 3),
    ],
)
def test_what_the_essay_expects_lies_inside_its_priors(name, unit, expected):
    first, last = ESSAY[name].quantile(INTERVAL) * factor(ESSAY[name].unit) / factor(unit)
    assert first < expected < last


def test_foundries_twice_as_fast_are_the_scenario_s_and_not_the_set_s():
    # "At least twice as fast" as TSMC's doubling in five years is 2**(1 / 2.5) - 1 a year.
    mobilised = cc.read_priors("situational_awareness", scenario="industrial_mobilisation")["leading_edge_growth"]
    assert ESSAY["leading_edge_growth"].quantile(0.95) < 2**0.4 - 1
    assert mobilised.median == pytest.approx(2**0.4 - 1, rel=0.01)


@pytest.mark.parametrize("scenario", ["gas_and_deregulation", "industrial_mobilisation", "no_new_gas"])
@pytest.mark.parametrize("prior_set", ["situational_awareness", "evidence_2026"])
def test_gas_scenarios_move_gas_the_way_they_say(prior_set, scenario):
    base, changed = cc.read_priors(prior_set), cc.read_priors(prior_set, scenario=scenario)
    sign = -1 if scenario == "no_new_gas" else 1
    assert sign * changed["gas_power_additions"].median > sign * base["gas_power_additions"].median
