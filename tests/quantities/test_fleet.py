"""The fleet: flows that accumulate to stocks on any grid, and the essay's second table taken apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clustercast.engine.units import factor
from clustercast.quantities import fleet

TWH = factor("TWh/year")
START = 1999.0


def column(first, last, step=1.0):
    return np.arange(first, last + step / 2, step)[:, np.newaxis]


def exponential(year, growth, level=7.5e6):
    return level * growth ** (year - 2024.0)


def stock(year, growth, hazard=0.0, flow=None):
    flow = exponential(year, growth) if flow is None else flow
    return fleet.installed_base(year, flow, growth, hazard, START, 1.0)


def watts(year, efficiency):
    return 1000.0 / (1 + efficiency) ** np.maximum(0.0, year - 2024.0)


def power(year, growth, efficiency, hazard=0.0):
    added = fleet.shipment_power(exponential(year, growth), watts(year, efficiency))
    return fleet.fleet_power(year, added, growth, efficiency, 2024.0, hazard, START, 1.0)


@pytest.mark.parametrize(("base", "expected"), [(125e9, [125, 500, 2000, 8000]), (150e9, [150, 600, 2400, 9600])])
def test_investment_doubles_each_year(base, expected):
    year = column(2024, 2030, 2)
    assert_allclose(fleet.ai_investment(year, 2024.0, base, 2.0, 1.0)[:, 0] / 1e9, expected)


@pytest.mark.parametrize("base", [125e9, 150e9])
def test_a_trillion_a_year_is_reached_in_2027(base):
    assert fleet.ai_investment(np.array([[2027.0]]), 2024.0, base, 2.0, 1.0) >= 1e12


def test_the_fleets_price_is_its_own():
    year = column(2024, 2030, 6)
    assert_allclose(fleet.investment_per_accelerator(year, 2024.0, 20_000.0, 0.0, 1.0), 20_000)
    falling = fleet.investment_per_accelerator(year, 2024.0, 50_000.0, 0.35, 1.0)
    # Eight trillion at the first table's price: far more than 'many hundreds of millions'.
    assert_allclose(falling[1], 8260, rtol=1e-3)
    assert 0.8e9 < fleet.accelerator_shipments(8e12, falling[1]) < 3.2e9


@pytest.mark.parametrize(("shipments", "share"), [(5e6, 0.0103), (10e6, 0.0206), (97e6, 0.20), (485e6, 1.0)])
def test_the_essays_column_is_one_years_shipments(shipments, share):
    added = fleet.shipment_power(shipments, 1000.0)
    assert_allclose(fleet.shipment_electricity_share(added, 4250 * TWH, 1.0), share, rtol=5e-3)


def test_a_flow_that_doubles_leaves_a_stock_of_twice_the_flow():
    year = column(2024, 2030)
    assert_allclose(stock(year, 2.0) / exponential(year, 2.0), 2.0, rtol=1e-7)
    share = fleet.fleet_electricity_share(fleet.fleet_energy(power(year, 2.0, 0.0), 1.0), 4250 * TWH)
    flow = fleet.shipment_power(exponential(year, 2.0), 1000.0)
    assert_allclose(share / fleet.shipment_electricity_share(flow, 4250 * TWH, 1.0), 2.0, rtol=1e-7)


@given(st.floats(0.5, 5), st.floats(0, 0.5))
def test_a_yearly_stock_is_the_last_ones_survivors_and_the_flow(growth, hazard):
    year = column(2022, 2034)
    flow = exponential(year, growth) * (1 + 0.3 * np.sin(year))
    found = stock(year, growth, hazard, flow)
    assert_allclose(found[1:], found[:-1] * np.exp(-hazard) + flow[1:], rtol=1e-14)


@given(st.floats(0.5, 5), st.floats(0, 0.5), st.sampled_from([0.5, 0.25, 1.5, 3.0]))
def test_the_stock_does_not_depend_on_the_grid_nor_on_its_start(growth, hazard, step):
    yearly = stock(column(2022, 2034), growth, hazard)
    other = stock(column(2022, 2034, step), growth, hazard)
    assert_allclose(other[-1], yearly[-1], rtol=1e-10)
    assert_allclose(stock(column(2029, 2034, step), growth, hazard)[0], yearly[7], rtol=1e-10)


@given(st.floats(0.5, 5), st.floats(-0.1, 0.6), st.floats(0, 0.5), st.sampled_from([0.5, 1.0, 2.0]))
def test_fleet_power_does_not_depend_on_the_grid_nor_on_its_start(growth, efficiency, hazard, step):
    yearly = power(column(2020, 2034), growth, efficiency, hazard)
    assert_allclose(power(column(2020, 2034, step), growth, efficiency, hazard)[-1], yearly[-1], rtol=1e-10)
    assert_allclose(power(column(2028, 2034, step), growth, efficiency, hazard)[0], yearly[8], rtol=1e-10)


@pytest.mark.parametrize("last", [2021.0, 2024.0, 2031.0])
def test_each_vintage_keeps_its_power(last):
    growth, efficiency, hazard = 1.7, 0.28, 0.2
    vintages = np.arange(START + 1, last + 1)
    survivors = exponential(vintages, growth) * np.exp(-hazard * (last - vintages))
    assert_allclose(stock(np.array([[last]]), growth, hazard), survivors.sum(), rtol=1e-12)
    assert_allclose(
        power(np.array([[last]]), growth, efficiency, hazard),
        (survivors * watts(vintages, efficiency)).sum(),
        rtol=1e-12,
    )


def test_a_stock_at_rest_is_flow_times_cohorts_that_survive():
    # No growth and no retirement: every cohort counts once, also where the growth formula is 0 / 0.
    year = column(2022, 2026)
    flow = np.full_like(year, 1e6)
    assert_allclose(stock(year, 1.0, 0.0, flow)[:, 0], (year[:, 0] - START) * 1e6, rtol=1e-12)
    assert_allclose(stock(column(2022, 2026, 0.5), 1.0, 0.0, np.full((9, 1), 1e6))[-1], 27e6, rtol=1e-12)


def test_a_constant_flow_serves_as_a_path():
    year = column(2022, 2026)
    assert stock(year, 1.0, np.full(3, 0.2), np.float64(1e6)).shape == (5, 3)


def test_before_the_first_accelerator_the_stock_is_empty():
    found = stock(column(1995, 2002), 2.0)
    assert found[0, 0] == 0
    assert np.isfinite(found).all()


@given(st.floats(0, 0.5), st.floats(0, 0.5))
def test_retirement_leaves_less(hazard, more):
    year = column(2022, 2034, 0.5)
    assert np.all(stock(year, 2.0, hazard + more) <= stock(year, 2.0, hazard) * (1 + 1e-12))


def test_shipments_grow_by_investment_and_price():
    year = column(2022, 2030)
    investment = fleet.ai_investment(year, 2024.0, 150e9, 1.7, 1.0)
    shipments = fleet.accelerator_shipments(investment, fleet.investment_per_accelerator(year, 2024.0, 2e4, 0.28, 1.0))
    growth = fleet.shipment_growth_factor(1.7, 0.28, 1.0)
    assert_allclose(shipments[1:] / shipments[:-1], growth, rtol=1e-12)
    assert_allclose(growth, 1.7 * 1.28)
