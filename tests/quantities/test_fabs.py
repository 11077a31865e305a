"""Fabs: the essay's wafers and gigafabs (B12, B15, B17) by hand, and capacity paths."""

import numpy as np
import pytest

from clustercast.quantities import fabs

GIGAFAB = 100_000 * 12
LEADING_EDGE = 3.0e6
ALL_WITH_7NM = 4.8e6
YEARS = np.arange(2022, 2035.0)[:, None]


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


@pytest.mark.parametrize(("capacity", "accelerators"), [(LEADING_EDGE, 105e6), (ALL_WITH_7NM, 168e6)])
def test_B15_all_of_tsmc_for_a_year_makes_the_trillion_dollar_cluster(capacity, accelerators):
    assert fabs.logic_capacity(capacity, 1.0, 35.0) == pytest.approx(accelerators)
    assert fabs.logic_capacity(capacity, 1.0, 35.0) >= 1e8


def test_fixed_foundry_capacity_stays_and_growing_capacity_doubles_in_its_time():
    capacity = fabs.logic_wafer_capacity(YEARS, LEADING_EDGE, 2024.0, 5.0, np.array([0, 1]))
    assert (capacity[:, 0] == LEADING_EDGE).all()
    np.testing.assert_allclose(capacity[[2, 7, 12], 1] / LEADING_EDGE, [1, 2, 4])
    assert (capacity[:2, 1] == LEADING_EDGE).all()


def test_the_share_of_growing_capacity_is_that_of_present_capacity_over_the_growth():
    growing = fabs.growing_wafer_share(1.5e6, fabs.logic_wafer_capacity(YEARS, LEADING_EDGE, 2024.0, 5.0, 1.0))
    np.testing.assert_allclose(growing[[2, 7]].ravel(), [0.5, 0.25])


def test_packaging_and_memory_paths_double_in_their_time_and_pass_through_the_base_year():
    packaging = fabs.packaging_capacity(YEARS, 25_000 * 12, 29.0, 2024.0, np.array([1.0, 2.0]))
    np.testing.assert_allclose(packaging[2], 8.7e6)
    np.testing.assert_allclose(packaging[4] / packaging[2], [4, 2])
    memory = fabs.memory_capacity(YEARS, 9e6, 2024.0, 1.5)
    np.testing.assert_allclose(memory[[2, 5, 8], 0], [9e6, 36e6, 144e6])


@pytest.mark.parametrize("use", [fabs.packaging_use, fabs.memory_use])
def test_use_is_one_where_shipments_meet_capacity(use):
    assert use(8.7e6, 8.7e6) == 1


def test_paths_do_not_depend_on_the_grid():
    fine = np.arange(2022, 2034.5, 0.5)[:, None]
    for path in (
        lambda y: fabs.packaging_capacity(y, 3e5, 29.0, 2024.0, 1.4),
        lambda y: fabs.memory_capacity(y, 9e6, 2024.0, 1.4),
        lambda y: fabs.logic_wafer_capacity(y, LEADING_EDGE, 2024.0, 4.0, 1.0),
    ):
        np.testing.assert_array_equal(path(fine)[::2], path(YEARS))
