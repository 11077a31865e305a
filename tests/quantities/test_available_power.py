"""Available power: nothing before its lead time, straight lines after it, one site or several."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustercast.quantities import available_power as power

YEARS = np.arange(2022, 2041.0)[:, None]
GW = 1e9

ADDITIONS = [power.gas_power_added, power.generator_power_added, power.nuclear_power_added, power.grid_power_added]


@pytest.mark.parametrize("added", ADDITIONS)
def test_an_addition_is_zero_up_to_its_lead_time_and_grows_at_its_rate_after(added):
    path = added(YEARS, 3 * GW, 2024.0, np.array([2.0, 10.0]))
    assert (path[YEARS.ravel() <= 2026, 0] == 0).all()
    assert (path[YEARS.ravel() <= 2034, 1] == 0).all()
    np.testing.assert_allclose(path[-1], [3 * GW * (2040 - 2026), 3 * GW * (2040 - 2034)])


@pytest.mark.parametrize("added", ADDITIONS)
def test_an_addition_does_not_depend_on_the_grid(added):
    half_yearly = np.arange(2022, 2040.5, 0.5)[:, None]
    np.testing.assert_array_equal(added(half_yearly, GW, 2024.0, 2.3)[::2], added(YEARS, GW, 2024.0, 2.3))


def test_a_gas_plant_waits_for_the_later_of_site_and_turbine():
    np.testing.assert_array_equal(power.gas_power_lead_time(np.array([2.0, 4.0]), np.array([5.0, 3.0])), [5.0, 4.0])


@given(st.floats(0.5, 12.0), st.floats(0.1, 3.0))
def test_a_longer_lead_time_never_gives_more_power(lead_time, longer):
    sooner = power.gas_power_added(YEARS, GW, 2024.0, lead_time)
    assert (power.gas_power_added(YEARS, GW, 2024.0, lead_time + longer) <= sooner).all()


def test_a_cluster_claims_its_share_of_spare_capacity_and_of_each_addition():
    assert power.obtainable_power(5 * GW, 8 * GW, 4 * GW, 1 * GW, 2 * GW, 0.25) == pytest.approx(5 * GW)


def test_one_site_carries_its_limit_and_several_carry_as_many_times_that():
    sites = power.site_power(2 * GW, np.array([0, 1, 1]), np.array([100.0, 3.0, 100.0]))
    np.testing.assert_array_equal(sites, [2 * GW, 6 * GW, 200 * GW])


def test_the_smaller_of_contracts_and_sites_is_available():
    np.testing.assert_array_equal(
        power.available_power(np.array([[1.0], [9.0]]), np.array([4.0, 20.0])), [[1.0, 1.0], [4.0, 9.0]]
    )


def test_distributed_training_lifts_the_limit_only_where_one_site_binds():
    obtainable = np.array([[1 * GW], [50 * GW]])
    one, several = (power.available_power(obtainable, power.site_power(5 * GW, s, 20.0)) for s in (0.0, 1.0))
    np.testing.assert_array_equal(one.ravel(), [1 * GW, 5 * GW])
    np.testing.assert_array_equal(several.ravel(), [1 * GW, 50 * GW])
