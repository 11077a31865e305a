"""Fabs: the essay's wafers and gigafabs (B12, B15, B17) by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clustercast.quantities import fabs

GIGAFAB = 100_000 * 12
LEADING_EDGE = 3.0e6


def test_B17_a_gigafab_makes_42_million_h100_a_year():
    assert fabs.gigafabs_required(42e6 / 35, GIGAFAB) == pytest.approx(1)


def test_B17_485_million_a_year_need_eleven_and_a_half_gigafabs_not_dozens():
    assert fabs.gigafabs_required(485e6 / 35, GIGAFAB) == pytest.approx(11.5, abs=0.06)


def test_B17_four_times_the_capacity_is_ten_gigafabs_seven_and_a_half_of_them_new():
    wafers = 4 * LEADING_EDGE
    total = fabs.gigafabs_required(wafers, GIGAFAB)
    new = fabs.new_gigafabs_required(wafers, LEADING_EDGE, GIGAFAB)
    assert (total, new) == (pytest.approx(10), pytest.approx(7.5))
    assert fabs.fab_capex(total, 20e9) == pytest.approx(200e9)
    assert fabs.new_fab_capex(new, 20e9) == pytest.approx(150e9)


def test_B17_dozens_of_fabs_and_the_rest_of_the_supply_reach_a_trillion():
    assert fabs.chip_supply_capex(fabs.fab_capex(24.0, 20e9), 0.48) == pytest.approx(1e12)


def test_present_capacity_needs_no_new_fab():
    assert fabs.new_gigafabs_required(2e6, LEADING_EDGE, GIGAFAB) == 0


@pytest.mark.parametrize("use", [fabs.logic_use, fabs.packaging_use, fabs.memory_use])
def test_use_is_one_where_shipments_meet_capacity(use):
    assert use(8.7e6, 8.7e6) == 1


@pytest.mark.parametrize(("shipments", "wafers"), [(5e6, 142.9e3), (10e6, 285.7e3)])
def test_five_to_ten_million_accelerators_take_150_to_300_thousand_wafers(shipments, wafers):
    assert_allclose(fabs.wafers_required(shipments, 35.0, 1.0), wafers, rtol=1e-3)


def test_fewer_good_dies_take_a_quarter_more_wafers_and_better_chips_fewer():
    assert_allclose(fabs.wafers_required(1e6, 28.0, 1.0) / fabs.wafers_required(1e6, 35.0, 1.0), 1.25)
    # 29 H100e a wafer in 2024, 37 in mid-2026: ten percent a year.
    assert_allclose(fabs.wafers_required(5.1e6, 37.0, 1.1**-2.5), 5.1e6 / 29.2, rtol=5e-3)


@pytest.mark.parametrize(
    ("capacity", "low", "high"), [(4.8e6, 0.030, 0.060), (3.0e6, 0.048, 0.095), (1.8e6, 0.079, 0.159)]
)
def test_the_share_of_2024_depends_on_what_is_leading_edge(capacity, low, high):
    assert_allclose(fabs.wafer_share(fabs.wafers_required(5e6, 35.0, 1.0), capacity), low, atol=6e-4)
    assert_allclose(fabs.wafer_share(fabs.wafers_required(10e6, 35.0, 1.0), capacity), high, atol=6e-4)


@pytest.mark.parametrize(("shipments", "share"), [(26e6, 0.25), (105e6, 1.0), (420e6, 4.0)])
def test_the_essays_column_counts_three_million_wafers(shipments, share):
    assert_allclose(fabs.wafer_share(fabs.wafers_required(shipments, 35.0, 1.0), 3.0e6), share, rtol=0.01)


@given(st.floats(1, 1e12), st.floats(1, 100), st.floats(0.1, 10))
def test_wafers_times_yield_are_shipments(shipments, per_wafer, gain):
    assert_allclose(fabs.wafers_required(shipments, per_wafer, gain) * per_wafer * gain, shipments, rtol=1e-14)
