"""Demand and money: the essay's doubling investment, what outsiders pay, and the ceiling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clustercast.quantities import demand

MONEY = st.floats(1e9, 1e14)
SHARE = st.floats(0.01, 0.99)


def paid(year, initial, factor, slowdown=0.0, earlier=2.0, wandered=(0.0, 0.0, 0.0)):
    growth = demand.earlier_investment_growth(earlier, 1.0)
    return demand.paid_investment(np.asarray(year), 2024.0, initial, factor, slowdown, growth, *wandered, 14.0, 1.0)


@pytest.mark.parametrize(("base", "expected"), [(125e9, [125, 500, 2000, 8000]), (150e9, [150, 600, 2400, 9600])])
def test_investment_doubles_each_year(base, expected):
    assert_allclose(paid([2024.0, 2026.0, 2028.0, 2030.0], base, 2.0) / 1e9, expected)


@pytest.mark.parametrize("base", [125e9, 150e9])
def test_a_trillion_a_year_is_reached_in_2027(base):
    assert paid(2027.0, base, 2.0) >= 1e12 * (1 - 1e-12)


def test_the_past_grew_as_nvidias_data_centre_revenue_did():
    # 115, 194 and about 390 B USD in fiscal 2024, 2025 and 2026 of the company's data-centre business.
    assert_allclose(390 / paid([2023.0, 2022.0], 390.0, 1.5, earlier=(390 / 115) ** 0.5), [1.84, 3.39], rtol=5e-3)


def test_wandering_moves_the_level_in_decades():
    # One standard deviation at the horizon: the volatility times the root of the time, but for the terms left out.
    level = np.log10(paid(2038.0, 1e9, 1.0, wandered=(0.12, 1.0, 0.0)) / 1e9)
    assert level == pytest.approx(0.12 * np.sqrt(14) * np.sqrt(8) / np.pi, rel=1e-12)


@given(st.floats(0, 20), st.floats(0.1, 2), st.floats(0, 1))
def test_what_is_unmet_sets_in_over_the_onset(since, time, unmet):
    onset = demand.onset(2026.5 + since, 2026.5, time)
    assert onset == pytest.approx(min(1, since / time))
    assert demand.onset(2026.0, 2026.5, time) == 0
    assert demand.trend_ai_investment(1e12, unmet, onset) == pytest.approx(1e12 * (1 + unmet * onset))


@given(st.floats(0, 20), st.floats(0.5, 10), st.floats(0.01, 10))
def test_outsiders_bear_losses_for_some_years_and_then_follow_returns(since, patience, returned):
    share = demand.outside_money_share(2026.5 + since, 2026.5, patience, returned)
    required = min(1, since / patience)
    assert share == pytest.approx(min(1, returned / required) if required > 0 else 1)
    assert 0 < share <= 1


def funding(product, ceiling, outside, money_share, reinvested, revenue, revenue_then, paid_then):
    return demand.ai_funding(product, ceiling, outside, money_share, reinvested, revenue, revenue_then, paid_then)


@given(MONEY, SHARE, SHARE, SHARE, MONEY, MONEY)
def test_what_was_paid_at_the_start_could_be_had(product, ceiling, outside, reinvested, revenue, paid_then):
    at_start = funding(product, ceiling, outside, 1.0, reinvested, revenue, revenue, paid_then)
    assert at_start >= paid_then * (1 - 1e-12)


def test_money_is_cash_flow_and_borrowing_and_half_of_revenue():
    # .9 % of 117 T USD and half of 140 B USD.
    result = funding(117e12, 0.035, 0.009, 1.0, 0.5, 140e9, 140e9, 745e9)
    assert result == pytest.approx(1053e9 + 70e9)
    # Without returns outside money goes, and reinvested revenue stays.
    assert funding(117e12, 0.035, 0.009, 0.1, 0.5, 140e9, 140e9, 745e9) == pytest.approx(105.3e9 + 70e9)
    assert funding(117e12, 0.035, 0.009, 1.0, 0.5, 20e12, 140e9, 745e9) == pytest.approx(0.035 * 117e12)


@given(MONEY, MONEY)
def test_money_limits_only_where_it_acts(trend, money):
    assert demand.wanted_investment(trend, money, 0.0) == trend
    assert demand.wanted_investment(trend, money, 1.0) == min(trend, money)


def test_the_essays_money_buys_its_accelerators():
    assert demand.wanted_shipments(150e9, 20e3) == demand.paid_shipments(150e9, 20e3) == 7.5e6
    assert demand.trend_accelerator_shipments(8e12, 8260.0) == pytest.approx(0.9685e9, rel=1e-3)
    # Six firms' spending of mid-2026 at 27,000 USD a piece: 27.6M H100e a year.
    assert demand.initial_shipments(745e9, 31e3 * 0.87) == pytest.approx(27.6e6, rel=1e-3)
