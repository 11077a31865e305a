"""Power: from the chip to the meter, efficiency that the essay leaves out, and swings that storage smooths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clustercast.engine.units import factor
from clustercast.quantities import cluster, power

TWH = factor("TWh/year")


def column(*years):
    return np.array(years, dtype=float)[:, np.newaxis]


def gain(year, growth, base=2024.0):
    return power.flop_per_watt_gain(year, base, growth, 1.0)


def test_stargate_delivers_1800_of_2200_megawatts():
    delivered = power.power_delivered_to_chips(2.2e9, 2.2 / 1.8)
    assert_allclose(delivered, 1.8e9)


@given(st.floats(100, 3000), st.floats(1, 3), st.floats(1, 2), st.floats(1e3, 1e9))
def test_what_is_delivered_is_what_the_machines_draw(chip, overhead, effectiveness, size):
    server = power.server_power_per_accelerator(chip, overhead, 1.0)
    facility = power.facility_power_per_accelerator(server, effectiveness)
    delivered = power.power_delivered_to_chips(power.training_cluster_power(size, facility), effectiveness)
    assert_allclose(delivered, size * chip * overhead, rtol=1e-12)
    assert facility >= chip


def test_the_cluster_of_2030_takes_a_hundred_gigawatts_at_one_kilowatt():
    assert power.training_cluster_power(1e8, 1000.0) == 100e9


@pytest.mark.parametrize(("growth", "watts"), [(0.26, 350), (0.40, 186)])
def test_1400_watts_fall_to_a_few_hundred_with_the_observed_trend(growth, watts):
    server = power.server_power_per_accelerator(700.0, 2.0, gain(column(2030), growth))
    facility = power.facility_power_per_accelerator(server, 1.0)
    assert_allclose(facility, watts, rtol=5e-3)
    assert_allclose(power.training_cluster_power(1e8, facility), watts * 1e8, rtol=5e-3)


def test_there_is_no_gain_before_the_base_year():
    assert_allclose(gain(column(2010, 2024, 2025), 0.28)[:, 0], [1, 1, 1.28])


@pytest.mark.parametrize(("watts", "energy"), [(10e9, 87.6), (100e9, 876)])
def test_energy_is_power_times_time(watts, energy):
    assert_allclose(power.training_cluster_energy(watts, 1.0) / TWH, energy)


def test_a_hundred_gigawatts_are_a_fifth_of_us_electricity():
    share = power.training_cluster_electricity_share(100e9, np.array([4250, 4520]) * TWH)
    assert_allclose(share, [0.206, 0.194], atol=5e-4)


@given(st.floats(1e3, 1e6), st.floats(100, 5000), st.floats(1, 1e9))
def test_cost_per_watt_is_cost_over_power(cost, watts, size):
    per_watt = power.cluster_cost_per_watt(cost, watts)
    total = cluster.training_cluster_cost(size, cost)
    assert_allclose(per_watt, total / power.training_cluster_power(size, watts), rtol=1e-12)


def test_the_table_of_the_essay_gets_too_cheap_per_gigawatt():
    # 35 %/year more FLOP per dollar and none per watt: 50B USD/GW in 2022, 15B in 2028 (observed: 27-32B).
    years = column(2022, 2028, 2030)
    cost = cluster.cluster_cost_per_accelerator(25_000.0, 0.5, cluster.flop_per_dollar_gain(years, 2024.0, 0.35, 1.0))
    assert_allclose(power.cluster_cost_per_watt(cost, 1000.0)[:, 0], [50, 15, 8.3], rtol=0.01)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9])
def test_storage_is_what_a_simulated_square_wave_needs(share):
    swing, step = 36e6, 6.0
    time = (np.arange(200_000) + 0.5) / 200_000
    draw = np.where(time < share, 100e6 - swing, 100e6)
    stored = np.cumsum(draw.mean() - draw) * step / time.size
    found = power.power_swing_storage(power.power_swing(80e6, 0.45), share, step)
    assert_allclose(found, np.ptp(stored), rtol=1e-3)


def test_a_constant_draw_needs_no_storage():
    assert power.power_swing_storage(36e6, 0.0, 6.0) == 0
    assert power.power_swing_storage(36e6, 1.0, 6.0) == 0
