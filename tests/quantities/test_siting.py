"""Siting: shares sum to one, the diffusion rule's caps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustercast.quantities import siting

SHARE = st.floats(0.01, 0.99)
SWITCH = st.sampled_from([0.0, 1.0])
YEARS = np.arange(2022, 2035.0)[:, None]


def shares(us, allied, rule, limit=0.07):
    other = siting.other_fleet_share(us, allied, rule, limit)
    ally = siting.allied_fleet_share(us, allied)
    return siting.us_fleet_share(ally, other), ally, other


@given(SHARE, SHARE, SWITCH)
def test_the_shares_of_us_allies_and_others_sum_to_one(us, allied, rule):
    parts = np.array(shares(us, allied, rule))
    assert parts.sum() == pytest.approx(1, abs=1e-15)
    assert (parts > 0).all()


@given(SHARE, SHARE)
def test_without_the_rule_the_fleet_stands_where_its_owners_choose(us, allied):
    assert shares(us, allied, 0.0)[0] == pytest.approx(us, abs=1e-15)


@given(SHARE, SHARE)
def test_under_the_rule_others_have_seven_percent_at_most_and_the_us_takes_the_rest(us, allied):
    free, ruled = shares(us, allied, 0.0), shares(us, allied, 1.0)
    assert ruled[2] == min(free[2], 0.07)
    assert ruled[1] == free[1]
    assert ruled[0] - free[0] == pytest.approx(free[2] - ruled[2], abs=1e-15)


def test_three_fifths_of_what_neither_the_us_nor_allies_hold_stand_in_china():
    assert siting.china_fleet_share(0.6, 0.2) == pytest.approx(0.12)


def test_power_abroad_is_what_the_us_share_leaves():
    assert siting.foreign_fleet_power(10e9, 0.7) == pytest.approx(3e9)


def test_malaysia_reaches_three_gigawatts_in_2027_and_stays():
    path = siting.malaysia_power(YEARS, 3e9, 2024.0, 3.0).ravel()
    np.testing.assert_allclose(path[:7] / 1e9, [0, 0, 0, 1, 2, 3, 3])
    gulf = siting.gulf_power(YEARS, 5e9, 2026.0, 5.0).ravel()
    np.testing.assert_allclose(siting.capacity_abroad(path, gulf)[-1], 8e9)


def allocation(year, orders=0.0):
    return siting.country_allocation(np.asarray(year), 50_000.0, 4.0, 2025.0, 1_700.0, orders)


def test_a_country_may_buy_fifty_thousand_accelerators_in_four_years():
    np.testing.assert_allclose(allocation([2025.0, 2027.0, 2029.0, 2033.0]), [50e3, 50e3, 50e3, 100e3])


def test_exempt_orders_come_on_top():
    assert allocation(2029.0, orders=10.0) == pytest.approx(50_000 + 4 * 10 * 1_700)


def test_thirty_shell_companies_a_year_fill_the_cap_again_within_a_year():
    """The loophole of the text: 30 orders of 1,700 are 51,000 accelerators."""
    assert allocation(2026.0, orders=30.0) - allocation(2026.0) > 50_000


def test_a_company_may_place_seven_percent_of_its_fleet():
    assert siting.company_allocation(20e6, 0.15, 0.07) == pytest.approx(210_000)


def test_the_rule_leaves_a_fiftieth_of_malaysias_three_gigawatts():
    """50,000 H100 at the 1.4 kW of the essay's source are 70 MW of 3 GW."""
    assert siting.malaysia_fillable_share(3e9, 1_400.0, 50_000.0, 1.0) == pytest.approx(0.0233, abs=5e-5)
    assert siting.malaysia_fillable_share(3e9, 1_400.0, 50_000.0, 0.0) == 1


def test_regulation_limits_only_a_cluster_in_a_capped_country_while_the_rule_is_in_force():
    def limit(year, rule, region):
        return float(siting.regulation_limited_cluster_size(year, 1e7, 5e4, 2e5, rule, 2025.0, region))

    assert limit(2028.0, 1.0, 2.0) == 2e5
    assert limit(2024.0, 1.0, 2.0) == limit(2028.0, 0.0, 2.0) == limit(2028.0, 1.0, 1.0) == 1e7


@pytest.mark.parametrize(("region", "rule", "year", "applies"), [
    (0, 1, 2027.0, False), (1, 1, 2027.0, False), (2, 1, 2027.0, True), (2, 0, 2027.0, False), (2, 1, 2024.0, False),
])  # fmt: skip
def test_the_rule_binds_a_cluster_in_a_country_that_is_no_ally_from_its_date_on(region, rule, year, applies):
    result = siting.regulation_limited_cluster_size(year, 9e6, 5e4, 3e5, rule, 2025.4, region)
    assert result == (3e5 if applies else 9e6)
