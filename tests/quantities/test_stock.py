"""The stock: flows that accumulate, each vintage with its own power, and pasts in closed form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clustercast.quantities import stock

GROWTH = st.floats(1.05, 3)
HAZARD = st.floats(0, 0.5)


def earlier(factor, per_dollar=0.0, per_watt=0.0):
    shipments = stock.earlier_shipment_growth(np.log(factor), per_dollar, 1.0)
    return shipments, stock.earlier_power_growth(shipments, per_watt, 1.0)


def walked(first, flows, hazard, step):
    """Return a stock after a walk over the flows at the nodes."""
    for before, now in zip(flows, flows[1:], strict=False):
        first = stock.installed_base(first, before, now, hazard, 2000.0 + step, 2000.0)
    return first


def test_shipments_grew_by_investment_and_by_price_and_their_power_by_less():
    shipments, power = earlier(1.87, 0.27, 0.22)
    assert_allclose(np.exp([shipments, power]), [1.87 * 1.27, 1.87 * 1.27 / 1.22])


def test_a_flow_that_doubles_leaves_a_stock_of_one_and_a_half_times_the_flow():
    result = stock.paid_installed_base(7.5e6, earlier(2.0)[0], 0.0, 1.0)
    assert result / 7.5e6 == pytest.approx(1 / np.log(2))
    assert stock.paid_cumulative_shipments(7.5e6, earlier(2.0)[0], 1.0) == result


@given(GROWTH, HAZARD)
def test_a_steady_past_goes_on_without_a_jump(factor, hazard):
    nodes = np.arange(0.0, 5.1, 0.5)
    flows = 1e7 * factor**nodes
    begun, ended = (stock.paid_installed_base(flow, np.log(factor), hazard, 1.0) for flow in (flows[0], flows[-1]))
    assert_allclose(walked(begun, flows, hazard, 0.5), ended, rtol=2e-4)


@given(GROWTH, HAZARD, st.lists(st.floats(0.2, 5), min_size=4, max_size=4))
def test_finer_nodes_give_the_same_stock(factor, hazard, levels):
    path = np.interp(np.arange(0, 3.01, 1 / 16), np.arange(4.0), np.log(levels))
    fine, coarse = np.exp(path), np.exp(path[::8])
    assert_allclose(walked(1.0, coarse, hazard, 0.5), walked(1.0, fine, hazard, 1 / 16), rtol=5e-3)


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=8), HAZARD)
def test_the_stock_is_never_above_all_that_was_shipped(flows, hazard):
    installed = shipped = 1.0
    for before, now in zip(flows, flows[1:], strict=False):
        installed = stock.installed_base(installed, before, now, hazard, 2027.0, 2026.5)
        shipped = stock.cumulative_shipments(shipped, before, now, 2027.0, 2026.5)
        assert installed <= shipped * (1 + 1e-12)


def test_each_vintage_keeps_its_power():
    # Vintages of 1,000 and 500 W a piece: power follows what each was built with, not the date's own.
    added = [stock.shipment_power(1e6, watts) for watts in (1000.0, 500.0)]
    assert stock.fleet_power(2e9, added[0], added[0], 0.0, 2027.0, 2026.5) == pytest.approx(2.5e9)
    assert stock.fleet_power(2e9, added[1], added[1], 0.0, 2027.0, 2026.5) == pytest.approx(2.25e9)
    growth = earlier(1.87, 0.27, 0.22)[1]
    ages = np.linspace(0, 80, 400_001)
    summed = np.trapezoid(27.6e6 * 1030 * np.exp(-(growth + 0.185) * ages), ages)
    assert stock.paid_fleet_power(27.6e6, 1030.0, growth, 0.185, 1.0) == pytest.approx(summed, rel=1e-6)


def test_the_value_of_the_fleet_is_what_was_paid_less_what_was_retired():
    assert stock.fleet_value(1e12, 8e11, 8e11, 0.0, 2027.0, 2026.5) == pytest.approx(1.4e12)
    assert stock.fleet_value(1e12, 1e-9, 1e-9, 0.2, 2027.0, 2026.5) == pytest.approx(1e12 * np.exp(-0.1))
    assert stock.paid_fleet_value(745e9, np.log(1.87), 0.185, 1.0) == pytest.approx(745e9 / (np.log(1.87) + 0.185))


def test_a_calendar_year_of_a_flow_that_doubles_is_1_44_times_its_rate_at_the_start():
    spent = [stock.paid_cumulative_investment(flow, np.log(2), 1.0) for flow in (1e11, 2e11)]
    assert spent[1] - spent[0] == pytest.approx(1e11 / np.log(2))
    assert stock.cumulative_investment(spent[0], 1e11, 2e11, 2025.0, 2024.0) == pytest.approx(spent[1], rel=1e-3)


def test_revenue_so_far_is_that_of_its_own_doubling():
    # 30 B USD a year that doubled each half year: 21.6 B USD so far.
    so_far = stock.earlier_cumulative_revenue(30e9, 0.5)
    assert so_far == pytest.approx(21.64e9, rel=1e-3)
    assert stock.cumulative_revenue(so_far, 30e9, 60e9, 2027.0, 2026.5) == pytest.approx(2 * so_far, rel=1e-3)
