"""Money: the integral of the logistic path, what an hour costs, and margin against spending so far."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from clustercast.engine.units import factor
from clustercast.quantities import money

HALF_YEAR = 0.5


def logistic(time, start, rate, ceiling):
    return ceiling / (1 + (ceiling / start - 1) * np.exp(-rate * time))


@given(st.floats(1e8, 1e12), st.floats(1e9, 1e12), st.floats(0.1, 3.0), st.floats(2.0, 1000.0), st.floats(0.1, 0.9))
def test_the_margin_over_the_payback_time_is_the_cost(cost, start, rate, room, margin):
    ceiling = start * room
    time = float(money.cluster_payback_time(cost, start, rate, ceiling, margin))
    earned, _ = quad(logistic, 0, time, args=(start, rate, ceiling))
    assert margin * earned == pytest.approx(cost, rel=1e-6)


@pytest.mark.parametrize("margin", [0.0, -0.2])
def test_without_a_margin_a_cluster_is_never_paid_off(margin):
    assert money.cluster_payback_time(5e9, 4e9, 1.2, 1e12, margin) == np.inf
    assert money.cluster_payback_ratio(5e9, 4e9, 1.2, 1e12, margin, 5.0) <= 0


def test_a_cluster_that_the_ceiling_repays_slowly_has_a_finite_payback_time():
    time = money.cluster_payback_time(1e15, 1e10, 1.4, 1e11, 0.5)
    assert time == pytest.approx(1e15 / (0.5 * 1e11), rel=1e-3)


def test_the_payback_ratio_is_one_at_the_payback_time():
    time = money.cluster_payback_time(5e9, 4e9, 1.2, 1e12, 0.4)
    assert money.cluster_payback_ratio(5e9, 4e9, 1.2, 1e12, 0.4, time) == pytest.approx(1.0)
    assert money.cluster_payback_year(2024.0, time) == pytest.approx(2024.0 + float(time))


def test_the_gpt4_cluster_is_paid_off_within_two_years_of_billions_of_revenue():
    """The essay: the estimated 500M USD would have been paid off by the reported billions of annual revenue."""
    assert money.cluster_payback_time(5e8, 2e9, np.log(2) / HALF_YEAR, 3e12, 0.4) < 1


@given(st.floats(1e8, 1e13), st.floats(1e9, 1e12), st.floats(1.01, 3.0))
def test_a_dearer_cluster_takes_longer_and_a_larger_revenue_repays_it_sooner(cost, start, times):
    time = money.cluster_payback_time(cost, start, 1.0, 1e13, 0.4)
    assert money.cluster_payback_time(cost * times, start, 1.0, 1e13, 0.4) > time
    assert money.cluster_payback_time(cost, start * times, 1.0, 1e13, 0.4) < time


def test_a_payback_time_of_seconds_is_as_precise_as_one_of_years():
    # Far below the ceiling and in no time revenue stands still: cost over margin.
    time = money.cluster_payback_time(1.0, 1e10, 1.4, 1e13, 0.5)
    assert time == pytest.approx(1 / (0.5 * 1e10), rel=1e-9, abs=0)


def test_an_accelerator_of_30_thousand_dollars_costs_a_dollar_and_a_half_an_hour():
    # 31,000 USD at 10 % interest, 18.5 % loss and 4 % operation, 1.03 kW at .65 and 74 USD/MWh, four hours in five.
    recovery = money.capital_recovery(0.10, 0.185)
    price = 74 * factor("USD/MWh")
    cost = money.compute_cost(31e3, recovery, 0.04, 1030.0, 0.65, price, 0.8) / factor("USD/H100e/hour")
    assert cost == pytest.approx((31e3 * 0.325 / 8760 + 1.03 * 0.65 * 0.074) / 0.8)
    assert 1.4 < cost < 1.6


def test_owning_is_capital_operation_and_electricity():
    recovery, price = 0.285, 74 * factor("USD/MWh")
    energy = 569.4 * factor("TWh/year")
    for owned in (money.cluster_cost_of_ownership, money.fleet_cost_of_ownership):
        assert owned(1e12, recovery, 0.04, energy, price) == pytest.approx(325e9 + 42.1e9, rel=1e-3)
    assert money.revenue_cost_ratio(140e9, 280e9) == 0.5
    assert money.cumulative_payback(0.22, 500e9, 1.5e12) == pytest.approx(0.0733, rel=1e-3)


def test_the_largest_spender_pays_from_cash_flow_and_margin_and_borrows():
    funds = money.spender_funds(np.array([[2024.0], [2029.0]]), 1e11, 2024.0, 5.0, 0.4, np.array([[0.0], [1e11]]))
    np.testing.assert_allclose(funds.ravel(), [1e11, 2e11 + 4e10])
    assert money.affordable_cluster_cost(2e11, 0.5, 2.0, 1.0) == pytest.approx(3e11)


def test_a_trillion_is_three_and_a_half_percent_of_the_us_and_not_one_of_the_world():
    gdp = money.us_gdp(2024.0, 2024.0, 28e12, 0.02, 1.0)
    assert money.investment_gdp_share(1e12, gdp) == pytest.approx(0.0357, abs=5e-5)
    assert money.investment_product_share(1e12, 117e12) == pytest.approx(0.00855, abs=5e-5)
