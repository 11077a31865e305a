"""Medians of both prior sets between two public figures each: a wrong unit or a lost zero lies outside."""

import pytest

import clustercast as cc
from clustercast.engine.units import factor

# name, unit, and what it must lie between: two figures of the quantity, or of something smaller and something larger.
MAGNITUDES = [
    ("packaging_wafers", "wafer/month", 17e3, 40e3),  # TrendForce: CoWoS early and late in 2024
    ("memory_supply", "H100e/year", 4.93e6, 10e6),  # Epoch AI's count for 2024, and the essay's upper end
    ("leading_edge_capacity", "wafer/month", 150e3, 400e3),  # 5 nm alone; 5, 3 and 7 nm
    ("gigafab_cost", "USD/fab", 17e9, 65e9 / 2),  # Fab 18; half of TSMC Arizona
    ("spare_power", "GW", 1, 176 / 8.76),  # a cluster of 2026; all US data centres in 2023 (LBNL)
    ("generator_additions", "GW/year", 1, 63),  # all US capacity planned for 2024 (EIA)
    ("grid_power_additions", "GW/year", 1, 63),
    ("nuclear_power_additions", "GW/year", 0.3, 2.2),  # Vogtle 3 and 4 took more than a year
    ("gas_power_additions", "GW/year", 5, 54),  # planned for 2024; the record of 2002
    ("gulf_capacity", "GW", 1, 5),  # Kuwait as rumoured; Abu Dhabi as announced
    ("us_electricity_2024", "TWh/year", 4151, 4391),  # EIA, power sector; Ember
    ("us_gas_production", "ft3/day", 101.5e9, 118e9),  # EIA: dry in 2023; marketed in 2025
    ("well_production", "ft3/day/well", 8e6, 12e6),
    ("well_lifetime_production", "ft3/well", 16e9, 24e9),
    ("drilling_rigs", "rig", 35, 80),
    ("spender_base_cash_flow", "USD/year", 85e9, 136e9),  # Amazon 2023; Microsoft, fiscal 2025
    ("ai_investment_2024", "USD/year", 100e9, 251e9),  # the essay; capital spending of the four largest
    ("revenue_doubling_time", "month", 3.6, 8),  # Anthropic's 10x a year; Microsoft's 175 %
    ("office_addon_price", "USD/subscriber/month", 30, 100),  # Copilot's price; the essay's
    ("rental_price", "USD/chip/hour", 0.9, 2.5),  # an A100 in bulk; an H100
    ("training_duration", "day", 54, 100),  # Llama 3; GPT-4
    ("training_step_time", "second", 1, 30),
]


@pytest.mark.parametrize("prior_set", ["situational_awareness", "evidence_2026"])
@pytest.mark.parametrize(("name", "unit", "low", "high"), MAGNITUDES)
def test_a_median_has_the_magnitude_of_public_figures(prior_set, name, unit, low, high):
    prior = cc.read_priors(prior_set)[name]
    median = prior.median * factor(prior.unit) / factor(unit)
    assert low * (1 - 1e-9) <= median <= high * (1 + 1e-9)
