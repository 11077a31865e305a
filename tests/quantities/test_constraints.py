"""Constraints: the least limit, which it is, and by how much it holds the trend back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clustercast.engine.quantity import declaration_of
from clustercast.quantities import constraints


def binding(*sizes):
    return constraints.binding_constraint(constraints.feasible_cluster_size(*sizes), *sizes)


SIZES = arrays(np.float64, (8, 3, 4), elements=st.floats(1e3, 1e10))


def test_each_limit_has_a_label_in_the_order_of_the_arguments():
    labels = declaration_of(constraints.binding_constraint).labels
    assert labels == ("trend", "power", "logic chips", "packaging", "memory", "money", "regulation", "fleet")
    assert declaration_of(constraints.binding_supply_constraint).labels == (
        "trend",
        "logic chips",
        "packaging",
        "memory",
    )


@pytest.mark.parametrize("index", range(8))
def test_the_lowest_limit_binds(index):
    sizes = np.full(8, 1e7)
    sizes[index] = 1e6
    assert binding(*sizes) == index
    assert constraints.feasible_cluster_size(*sizes) == 1e6


def test_a_tie_with_the_trend_is_no_constraint():
    assert binding(*np.full(8, 1e6)) == 0


@given(SIZES)
def test_the_feasible_size_is_the_minimum_and_the_index_points_to_it(sizes):
    feasible = constraints.feasible_cluster_size(*sizes)
    index = binding(*sizes)
    np.testing.assert_array_equal(feasible, sizes.min(axis=0))
    np.testing.assert_array_equal(np.take_along_axis(sizes, index[None].astype(int), axis=0)[0], feasible)


@given(SIZES)
def test_the_shortfall_is_zero_exactly_where_the_trend_binds(sizes):
    shortfall = constraints.shortfall(sizes[0], constraints.feasible_cluster_size(*sizes))
    assert (shortfall >= 0).all()
    np.testing.assert_array_equal(shortfall == 0, sizes[0] <= sizes[1:].min(axis=0))


def test_a_tenth_of_the_trend_is_a_shortfall_of_one_order_of_magnitude():
    assert constraints.shortfall(1e8, 1e7) == pytest.approx(1)


def test_years_and_samples_broadcast():
    trend, flat = np.array([[1e5], [1e8]]), np.array([1e6, 1e9])
    index = binding(trend, flat, 1e12, 1e12, 1e12, 1e12, trend, 1e12)
    np.testing.assert_array_equal(index, [[0, 0], [1, 0]])


def test_ten_gigawatts_run_ten_million_h100_at_a_kilowatt_each():
    assert constraints.power_limited_cluster_size(10e9, 1_000.0) == pytest.approx(1e7)


def test_a_trillion_dollars_buy_twenty_million_at_fifty_thousand_each():
    assert constraints.money_limited_cluster_size(1e12, 50_000.0) == pytest.approx(2e7)


@pytest.mark.parametrize(
    "limit",
    [
        constraints.logic_limited_cluster_size,
        constraints.packaging_limited_cluster_size,
        constraints.memory_limited_cluster_size,
    ],
)
def test_a_cluster_claims_its_share_of_supply_over_the_time_it_collects(limit):
    assert limit(1e8, 0.2, 1.5) == pytest.approx(3e7)


def test_feasible_power_and_cost_are_those_of_the_feasible_size():
    power = constraints.feasible_cluster_power(1e7, 1_000.0)
    cost = constraints.feasible_cluster_cost(1e7, 50_000.0)
    assert (power, cost) == (pytest.approx(10e9), pytest.approx(500e9))
    assert cost / power == pytest.approx(50_000 / 1_000)


@given(arrays(np.float64, (4, 3, 5), elements=st.floats(1e5, 1e10)))
def test_shipments_are_held_back_by_the_scarcest_part(parts):
    feasible = constraints.feasible_shipments(*parts)
    index = constraints.binding_supply_constraint(feasible, *parts)
    np.testing.assert_array_equal(feasible, parts.min(axis=0))
    np.testing.assert_array_equal(index, parts.argmin(axis=0))


def test_a_cluster_is_part_of_the_stock():
    assert constraints.fleet_limited_cluster_size(1e7, 0.2) == pytest.approx(2e6)
