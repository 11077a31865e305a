"""The largest cluster: the essay's derivations, the least of its limits, what stands stays, and which limit it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from clustercast.quantities import cluster

SIZES = arrays(np.float64, (4, 20), elements=st.floats(1e3, 1e10))
SIZE = st.floats(1e3, 1e9)
ON = st.sampled_from([0.0, 1.0])


def trend(year, rate=0.5, slowdown=0.0, earlier=0.5, wandered=(0.0, 0.0, 0.0), start=2022.0):
    return cluster.trend_training_cluster_size(np.asarray(year), start, 1e4, rate, slowdown, earlier, *wandered, 14.0)


def label(sizes, fleet, site, supply=0):
    least = cluster.limited_cluster_size(2026.5, 2026.5, *sizes, fleet, site)
    index = cluster.binding_constraint(least, sizes[0], sizes[1], sizes[2], np.int8(supply), fleet, site)
    return np.array(cluster.LIMITS)[index]


def test_the_gpt4_cluster_is_about_ten_thousand_h100():
    assert_allclose(cluster.initial_cluster_size(25_000.0, np.array([3.0, 2.5, 2.0])), [8333.33, 10_000, 12_500], 1e-6)


def test_half_an_order_of_magnitude_a_year_is_threefold_and_ten_thousandfold_in_eight():
    assert_allclose(trend([2022.0, 2023.0, 2030.0]) / 1e4, [1, np.sqrt(10), 1e4], rtol=1e-12)


def test_the_past_is_what_was_measured():
    # 7.9k H100e in April 2022 to 1.1M in mid-2026 are half an order of magnitude a year.
    result = cluster.trend_training_cluster_size(2022.3, 2026.5, 1.1e6, 0.37, 0.077, 0.51, 0.06, 2.0, -1.0, 14.0)
    assert result == pytest.approx(7.9e3, rel=0.01)


@given(st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.3), st.floats(0, 20))
def test_the_trend_grows_with_its_rate(rate, more, slowdown, time):
    assert trend(2022.0 + time, rate + more, slowdown) >= trend(2022.0 + time, rate, slowdown) * (1 - 1e-12)


def test_a_purchased_gpt4_cluster_costs_half_a_billion():
    assert cluster.trend_training_cluster_cost(1e4, 50_000.0) == cluster.training_cluster_cost(1e4, 50_000.0) == 5e8


def test_the_cluster_of_2030_takes_a_hundred_gigawatts_at_one_kilowatt():
    assert cluster.trend_training_cluster_power(1e8, 1000.0) == 100e9


def test_the_largest_cluster_can_be_a_fifteenth_of_the_fleet_and_its_sites_carry_what_they_carry():
    assert cluster.fleet_limited_cluster_size(0.07, 100e6) == pytest.approx(7e6)
    power = cluster.available_power(np.array([2020.0, 2026.5, 2036.5]), 2026.5, 6.7e9, 0.05, 2.3, 1.0)
    assert_allclose(power / 1e9, [15.41, 15.41, 15.41 * 1.05**10])
    assert cluster.site_limited_cluster_size(15.41e9, 1000.0) == pytest.approx(15.41e6)


@given(SIZES, ON, ON)
def test_the_cluster_is_the_least_of_its_trend_and_of_what_acts(sizes, fleet, site):
    acting = [sizes[0], sizes[3]] + [sizes[1]] * int(fleet) + [sizes[2]] * int(site)
    np.testing.assert_array_equal(
        cluster.limited_cluster_size(2026.5, 2026.5, *sizes, fleet, site), np.min(acting, axis=0)
    )
    np.testing.assert_array_equal(cluster.feasible_cluster_size(*sizes[1:]), np.min(sizes[1:], axis=0))


@given(SIZES, ON, ON)
def test_the_label_names_the_limit_that_is_least(sizes, fleet, site):
    least = cluster.limited_cluster_size(2026.5, 2026.5, *sizes, fleet, site)
    for name, at, size in zip(label(sizes, fleet, site), sizes.T, least, strict=True):
        assert at[{"trend": 0, "fleet": 1, "site": 2, "regulation": 3}[str(name)]] == size


@given(SIZES)
def test_nothing_is_limited_before_the_forecast(sizes):
    np.testing.assert_array_equal(cluster.limited_cluster_size(2026.4, 2026.5, *sizes, 1.0, 1.0), sizes[0])


@pytest.mark.parametrize("supply", range(6))
def test_behind_the_fleet_stands_what_binds_its_shipments(supply):
    sizes = np.array([9e6, 1e6, 5e6, 9e6])
    assert label(sizes, 1.0, 1.0, supply) == (cluster.LIMITS[supply] if supply else "fleet")
    assert label(sizes, 0.0, 1.0, supply) == "site"
    assert label(sizes, 0.0, 0.0, supply) == "trend"


@given(SIZE, SIZE, SIZE, st.floats(0, 1))
def test_what_stands_stays_up_to_its_part_of_the_fleet_and_what_is_gone_stays_gone(built, stood, fleet, share):
    size = cluster.training_cluster_size(built, stood, share, fleet, 1.0)
    assert size >= built
    assert size >= min(stood, share * fleet)
    assert size <= max(built, stood)
    assert cluster.training_cluster_size(built, stood, share, fleet, 0.0) == built
    assert cluster.initial_training_cluster_size(built, stood, share, fleet, 1.0) == size


@given(SIZE, SIZE, SIZE)
def test_an_energised_site_stays(built, stood, fleet):
    power = cluster.training_cluster_power(built, 1000.0, stood * 1000, 0.5, fleet * 1000, 1.0)
    assert power == pytest.approx(1000 * cluster.training_cluster_size(built, stood, 0.5, fleet, 1.0))
    assert cluster.initial_training_cluster_power(built, 1000.0, stood * 1000, 0.5, fleet * 1000, 1.0) == power


def test_a_tenth_of_the_trend_is_a_shortfall_of_one_order_of_magnitude():
    assert cluster.shortfall(1e8, 1e7) == pytest.approx(1)
    assert cluster.shortfall(1e7, 1e8) == 0


@pytest.mark.parametrize(
    ("size", "shipments", "share"), [(1e5, 7.5e6, 0.013), (1e6, 24e6, 0.04), (1e7, 1e8, 0.10), (1e8, 485e6, 0.21)]
)
def test_the_essays_largest_cluster_takes_a_growing_share_of_chips(size, shipments, share):
    assert_allclose(cluster.largest_cluster_shipment_share(size, shipments, 1.0), share, rtol=0.05)


def test_but_not_of_money():
    assert cluster.largest_cluster_investment_share(1e12, 8e12, 1.0) == 0.125
    assert_allclose(cluster.largest_cluster_fleet_share(1e8, 2 * 485e6), 0.103, rtol=0.01)
