"""Medians of the prior sets between two public figures each: a wrong unit or a lost zero lies outside."""

import pytest

import clustercast as cc
from clustercast.engine.units import factor

# name, unit, and what it must lie between: two figures of the quantity, or of something smaller and something larger.
BOTH = [
    ("gigafab_cost", "USD/fab", 17e9, 65e9 / 2),  # Fab 18; half of TSMC Arizona
    ("leading_edge_capacity", "wafer/month", 150e3, 400e3),  # 5 nm alone; 5, 3 and 7 nm
    ("spare_power", "GW", 1, 176 / 8.76),  # a cluster of 2026; all US data centres in 2023 (LBNL)
    ("generator_additions", "GW/year", 1, 63),  # all US capacity planned for 2024 (EIA)
    ("grid_power_additions", "GW/year", 1, 63),
    ("nuclear_power_additions", "GW/year", 0.3, 2.2),  # Vogtle 3 and 4 took more than a year
    ("gas_power_additions", "GW/year", 5, 54),  # planned for 2024; the record of 2002
    ("gulf_capacity", "GW", 1, 5),  # Kuwait as rumoured; Abu Dhabi as announced
    ("us_electricity_2024", "TWh/year", 4151, 4391),  # EIA, power sector; Ember
    ("world_electricity_2024", "TWh/year", 29e3, 32e3),  # Ember for 2023; for 2025
    ("other_data_centre_electricity_2024", "TWh/year", 58, 176),  # LBNL: all US data centres of 2014; of 2023
    ("gross_world_product_2025", "USD/year", 106e12, 124e12),  # IMF: 2023; 2026
    ("us_gas_production", "ft3/day", 101.5e9, 118e9),  # EIA: dry in 2023; marketed in 2025
    ("well_production", "ft3/day/well", 8e6, 12e6),
    ("well_lifetime_production", "ft3/well", 16e9, 24e9),
    ("drilling_rigs", "rig", 35, 80),
    ("spender_base_cash_flow", "USD/year", 85e9, 136e9),  # Amazon 2023; Microsoft, fiscal 2025
    ("electricity_price", "USD/MWh", 47, 83),  # EIA: wholesale; industrial
    ("revenue_doubling_time", "month", 3.6, 12),  # Anthropic's 10x a year; a doubling a year
    ("office_addon_price", "USD/subscriber/month", 30, 100),  # Copilot's price; the essay's
    ("rental_price", "USD/chip/hour", 0.9, 2.5),  # an A100 in bulk; an H100
    ("training_duration", "day", 54, 100),  # Llama 3; GPT-4
    ("training_step_time", "second", 1, 30),
    ("power_floor", "W/H100e", 0, 412),  # TPU v7, the chip alone
    ("cost_floor", "USD/H100e", 0, 5300),  # TPU v7, the chip alone
]
ONE = [
    ("situational_awareness", "packaging_wafers", "wafer/month", 17e3, 40e3),  # TrendForce: CoWoS in 2024
    ("situational_awareness", "memory_supply", "H100e/year", 4.93e6, 10e6),  # Epoch AI's count; the essay's upper end
    ("situational_awareness", "initial_ai_investment", "USD/year", 100e9, 251e9),  # the essay; four firms in 2024
    ("evidence_2026", "packaging_wafers", "wafer/year", 0.563e6, 1.394e6),  # Epoch AI: used in 2025; all uses of 2026
    ("evidence_2026", "memory_supply", "H100e/year", 20.7e6, 6.4e9 / 100),  # shipped in early 2026; bytes of 2027
    ("evidence_2026", "initial_ai_investment", "USD/year", 409e9, 1e12),  # four firms in 2025; expected of them in 2027
    ("evidence_2026", "leading_lab_base_revenue", "USD/year", 30e9, 70e9),  # Anthropic in April 2026; press
    ("evidence_2026", "carbon_intensity", "kg/kWh", 0.2, 0.45),  # a gas plant's best; gas and coal
]


def _median(prior_set, name, unit):
    prior = cc.read_priors(prior_set)[name]
    return prior.median * factor(prior.unit) / factor(unit)


@pytest.mark.parametrize("prior_set", ["situational_awareness", "evidence_2026"])
@pytest.mark.parametrize(("name", "unit", "low", "high"), BOTH)
def test_a_median_has_the_magnitude_of_public_figures(prior_set, name, unit, low, high):
    assert low * (1 - 1e-9) <= _median(prior_set, name, unit) <= high * (1 + 1e-9)


@pytest.mark.parametrize(("prior_set", "name", "unit", "low", "high"), ONE)
def test_a_level_has_the_magnitude_of_its_date(prior_set, name, unit, low, high):
    assert low <= _median(prior_set, name, unit) <= high
