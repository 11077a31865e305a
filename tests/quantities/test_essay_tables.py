"""Both tables of the essay: the median of the forecast within a factor 1.5 of what each cell states.

Aschenbrenner, Situational Awareness IIIa, 'Racing to the Trillion-Dollar Cluster' (2024).
"""

import numpy as np
import pytest

import clustercast as cc
from clustercast.engine.units import factor

YEARS = (2022, 2024, 2026, 2028, 2030)
TOLERANCE = 1.5
OPEN = np.inf

# quantity: (unit, (low, high) for each year that has a cell)
TABLES = {
    "training_cluster_size": ("H100e", {y: (10.0**e, 10.0**e) for y, e in zip(YEARS, range(4, 9), strict=True)}),
    "training_cluster_cost": (
        "USD",
        {2022: (5e8, 5e8), 2024: (1e9, 1e10), 2026: (1e10, 1e11), 2028: (1e11, 1e12), 2030: (1e12, OPEN)},
    ),
    "training_cluster_power": ("W", {y: (10.0**e, 10.0**e) for y, e in zip(YEARS, range(7, 12), strict=True)}),
    "ai_investment": ("USD/year", {2024: (1e11, 2e11), 2026: (5e11, 5e11), 2028: (2e12, 2e12), 2030: (8e12, 8e12)}),
    "accelerator_shipments": ("H100e/year", {2024: (5e6, 1e7), 2026: (1e7, 1e8), 2028: (1e8, 1e8), 2030: (2e8, 1e9)}),
    "shipment_electricity_share": ("1", {2024: (0.01, 0.02), 2026: (0.05, 0.05), 2028: (0.20, 0.20), 2030: (1.0, 1.0)}),
    "wafer_share": ("1", {2024: (0.05, 0.10), 2026: (0.25, 0.25), 2028: (1.0, 1.0), 2030: (4.0, 4.0)}),
}
CELLS = [(name, year) for name, (_, cells) in TABLES.items() for year in cells]


@pytest.fixture(scope="module")
def forecast():
    inputs = cc.draw(cc.read_priors("situational_awareness"), 2**13, design="sobol", seed=1)
    working = ["cluster_cost_per_accelerator", "facility_power_per_accelerator", "investment_per_accelerator"]
    return cc.propagate(inputs, years=YEARS, outputs=[*TABLES, *working, "initial_cluster_size", "us_electricity"])


def _median(forecast, name, year, unit):
    values = forecast[name].sel(year=year) if "year" in forecast[name].dims else forecast[name]
    return float(np.median(values)) * factor(forecast[name].attrs["units"]) / factor(unit)


@pytest.mark.parametrize(("name", "year"), CELLS)
def test_the_median_of_the_forecast_is_within_a_factor_of_the_cell(forecast, name, year):
    unit, cells = TABLES[name]
    low, high = cells[year]
    assert low / TOLERANCE <= _median(forecast, name, year, unit) <= high * TOLERANCE


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("initial_cluster_size", "H100e", 1e4),
        ("cluster_cost_per_accelerator", "USD/H100e", 50_000),
        ("facility_power_per_accelerator", "W/H100e", 1000),
        ("investment_per_accelerator", "USD/H100e", 20_000),
        ("us_electricity", "TWh/year", 4250),
    ],
)
def test_the_working_values_of_the_essay_are_the_medians(forecast, name, unit, expected):
    assert _median(forecast, name, 2024, unit) == pytest.approx(expected, rel=0.03)


def test_growth_is_nearly_a_straight_line_at_the_median(forecast):
    sizes = [_median(forecast, "training_cluster_size", year, "H100e") for year in YEARS]
    np.testing.assert_allclose(np.diff(np.log10(sizes)), 1.0, atol=0.04)


def test_the_capacity_of_2024_is_three_million_wafers_a_year():
    priors = cc.read_priors("situational_awareness")
    assert priors["leading_edge_capacity"].median == pytest.approx(3.0e6)
    assert priors["accelerators_per_wafer"].median == pytest.approx(35)
