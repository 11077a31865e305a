"""Prices and powers of an accelerator: the essay's arithmetic, floors, and measured pasts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clustercast.quantities import technology


def column(*years):
    return np.array(years, dtype=float)[:, np.newaxis]


def price(years, growth, base, floor=0.0, earlier=0.0):
    year = column(*years)
    gained = technology.flop_per_dollar_gain(year, base, growth, earlier, 0.0, 1.0)
    quoted = technology.quoted_cluster_price(25_000.0, 0.5)
    return technology.trend_cluster_cost_per_accelerator(year, base, quoted, floor, gained)[:, 0]


def watts(years, quoted, growth, floor=0.0, base=2024.0):
    year = column(*years)
    gained = technology.flop_per_watt_gain(year, base, growth, 0.0, 0.0, 1.0)
    return technology.facility_power_per_accelerator(year, base, quoted, floor, gained)[:, 0]


def test_a_gpu_of_25_thousand_dollars_at_half_the_cost_makes_50_thousand_a_piece():
    assert price([2024], 0.35, 2024.0) == 50_000


@pytest.mark.parametrize(
    ("growth", "base", "cost"),
    [(0.35, 2022.0, 453e9), (0.35, 2024.0, 826e9), (0.223, 2022.0, 1e12), (0.308, 2024.0, 1e12)],
)
def test_the_trillion_of_2030_depends_on_the_date_of_the_prices(growth, base, cost):
    assert_allclose(1e8 * price([2030], growth, base), cost, rtol=5e-3)


def test_a_measured_past_is_kept_before_the_date_of_the_prices():
    # Investment over shipments fell from about 41,000 to 27,000 USD per H100e between 2024 and mid-2026.
    then, now = price([2024.75, 2026.5], 0.3, 2026.5, earlier=0.27)
    assert_allclose(then / now, 41 / 27, rtol=0.01)


def test_a_price_stops_at_its_floor():
    assert price([2200], 0.35, 2024.0, floor=670.0) == pytest.approx(670)


@pytest.mark.parametrize(("growth", "expected"), [(0.26, 350), (0.40, 186)])
def test_1400_watts_fall_to_a_few_hundred_with_the_observed_trend(growth, expected):
    assert_allclose(watts([2030], 1400.0, growth), expected, rtol=5e-3)


def test_the_table_of_the_essay_gets_too_cheap_per_gigawatt():
    # 35 %/year more FLOP per dollar and none per watt: 50B USD/GW in 2024, 15B in 2028 (observed: 27-32B).
    assert_allclose(price([2024, 2028, 2030], 0.35, 2024.0) / watts([2024] * 3, 1000.0, 0.0), [50, 15, 8.3], rtol=0.01)


@given(st.floats(100, 3000), st.floats(1, 3), st.floats(1, 2))
def test_what_the_machines_draw_is_the_meter_less_the_site(chip, overhead, effectiveness):
    facility = technology.quoted_facility_power(chip, overhead, effectiveness)
    assert_allclose(technology.server_power_per_accelerator(facility, effectiveness), chip * overhead, rtol=1e-12)


@given(st.floats(0, 3), st.floats(0, 0.6), st.floats(2026.6, 2040))
def test_a_site_holds_chips_of_the_past(lag, growth, year):
    site = technology.site_power_per_accelerator(year + lag, lag, 2026.5, 1030.0, 35.0, growth, 0.22, 0.035, 1.0)
    gained = technology.flop_per_watt_gain(year, 2026.5, growth, 0.22, 0.035, 1.0)
    assert_allclose(site, technology.facility_power_per_accelerator(year, 2026.5, 1030.0, 35.0, gained), rtol=1e-9)


def test_the_second_tables_price_stays_flat_where_the_drift_is_what_chips_improve():
    """The essay's contradiction: 35 % a year for the cluster, 20,000 USD throughout for the world."""
    year = column(2024, 2026, 2030)
    falling = price([2024, 2026, 2030], 0.35, 2024.0)[:, np.newaxis]
    flat = technology.trend_investment_per_accelerator(year, 2024.0, falling, 0.4, 0.35, 1.0)
    assert_allclose(flat, 20_000, rtol=1e-12)
    one_price = technology.trend_investment_per_accelerator(year, 2024.0, falling, 0.4, 0.0, 1.0)
    assert_allclose(one_price[-1], 20_000 / 1.35**6, rtol=1e-12)


def test_scarcity_raises_both_prices_alike():
    assert technology.cluster_cost_per_accelerator(30e3, 1.2) / 30e3 == pytest.approx(1.2)
    assert technology.investment_per_accelerator(27e3, 1.2) / 27e3 == pytest.approx(1.2)


def test_levels_of_the_investment_base_year_are_those_of_the_paths():
    arguments = (2026.5, 2025.0, 31e3, 670.0, 0.29, 0.27, 0.035)
    gained = technology.flop_per_dollar_gain(2026.5, 2025.0, 0.29, 0.27, 0.035, 1.0)
    path = technology.trend_cluster_cost_per_accelerator(2026.5, 2025.0, 31e3, 670.0, gained)
    assert technology.initial_investment_per_accelerator(*arguments, 0.87, 1.0) == pytest.approx(0.87 * path)
    power = technology.initial_facility_power(2026.5, 2025.0, 1030.0, 35.0, 0.31, 0.22, 0.035, 1.0)
    assert power == pytest.approx(
        technology.site_power_per_accelerator(2026.5, 0.0, 2025.0, 1030.0, 35.0, 0.31, 0.22, 0.035, 1.0)
    )
