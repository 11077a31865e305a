"""Both tables of the essay: with every input at its median, each cell within a factor 1.5 of what it states.

Aschenbrenner, Situational Awareness IIIa, 'Racing to the Trillion-Dollar Cluster' (2024).
"""

import numpy as np
import pytest

import clustercast as cc
from clustercast.engine.program import run_model
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
    "ai_investment": (
        "USD/year",
        {2024: (1e11, 2e11), 2026: (5e11, 5e11), 2028: (2e12, 2e12), 2030: (8e12, 8e12)},
    ),
    "accelerator_shipments": (
        "H100e/year",
        {2024: (5e6, 1e7), 2026: (1e7, 1e8), 2028: (1e8, 1e8), 2030: (2e8, 1e9)},
    ),
    "shipment_electricity_share": (
        "1",
        {2024: (0.01, 0.02), 2026: (0.05, 0.05), 2028: (0.20, 0.20), 2030: (1.0, 1.0)},
    ),
    "wafer_share": ("1", {2024: (0.05, 0.10), 2026: (0.25, 0.25), 2028: (1.0, 1.0), 2030: (4.0, 4.0)}),
}
CELLS = [(name, year) for name, (_, cells) in TABLES.items() for year in cells]


@pytest.fixture(scope="module")
def medians():
    priors = cc.read_priors("situational_awareness")
    values = {name: np.asarray(priors[name].median * factor(priors[name].unit)) for name in priors}
    return values | {"year": np.array(YEARS, dtype=float)[:, np.newaxis]}


@pytest.fixture(scope="module")
def table(medians):
    model = cc.cluster_model()
    found = run_model(model, medians, TABLES)
    return {
        name: dict(zip(YEARS, np.ravel(values) / factor(TABLES[name][0]), strict=True))
        for name, values in found.items()
    }


@pytest.mark.parametrize(("name", "year"), CELLS)
def test_a_cell_is_within_its_factor(table, name, year):
    low, high = TABLES[name][1][year]
    assert low / TOLERANCE <= table[name][year] <= high * TOLERANCE


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
def test_the_working_values_of_the_essay_are_the_medians(medians, name, unit, expected):
    found = run_model(cc.cluster_model(), medians, [name])[name]
    first = np.ravel(found)[0] / factor(unit)
    assert first == pytest.approx(expected, rel=1e-9)


def test_growth_is_a_straight_line_at_the_median(medians):
    size = run_model(cc.cluster_model(), medians, ["training_cluster_size"])["training_cluster_size"]
    np.testing.assert_allclose(np.diff(np.log10(size), axis=0), 1.0, rtol=1e-9)


def test_today_s_capacity_is_three_million_wafers_a_year(medians):
    assert medians["leading_edge_capacity"] == pytest.approx(3.0e6)
    assert medians["accelerators_per_wafer"] == pytest.approx(35)
