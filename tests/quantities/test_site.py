"""The site: parts that sum to its cost, power that reaches the chips, swings that storage smooths, sources of power."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clustercast.engine.units import factor
from clustercast.quantities import site

TWH = factor("TWh/year")
HOUR = 1 / 8760
SHARE = st.floats(0.01, 0.99)


@given(st.floats(1e6, 1e13), st.floats(0.35, 0.65), st.floats(0.09, 0.225))
def test_the_components_sum_to_the_total(total, accelerator_share, network_share):
    accelerators = site.cluster_accelerator_cost(total, accelerator_share)
    network = site.cluster_network_cost(total, network_share)
    other = site.cluster_other_cost(total, accelerators, network)
    assert_allclose(accelerators + network + other, total, rtol=1e-15)
    assert other > 0


def test_nvidia_takes_a_bit_over_60_percent_without_the_cost_of_capital():
    # 40 % and 13 % of a total of which a fifth is the cost of capital.
    total = 0.8
    assert_allclose(1 - site.cluster_other_cost(total, 0.40, 0.13) / total, 0.6625)


def test_a_rented_gpt4_cluster_costs_half_a_billion():
    assert_allclose(site.cluster_rental_cost(25_000.0, 1.0 / HOUR, np.array([2.0, 3.0])), [438e6, 657e6])


def test_stargate_delivers_1800_of_2200_megawatts():
    assert_allclose(site.power_delivered_to_chips(2.2e9, 2.2 / 1.8), 1.8e9)


@pytest.mark.parametrize(("watts", "energy"), [(10e9, 87.6), (100e9, 876)])
def test_energy_is_power_times_time(watts, energy):
    assert_allclose(site.training_cluster_energy(watts, 1.0) / TWH, energy)


def test_a_hundred_gigawatts_are_a_fifth_of_us_electricity_and_ten_times_what_was_spare():
    share = site.training_cluster_electricity_share(100e9, np.array([4250, 4520]) * TWH)
    assert_allclose(share, [0.206, 0.194], atol=5e-4)
    assert site.spare_power_share(100e9, 10e9) == 10


def test_colossus_cost_40_dollars_a_watt():
    assert site.cluster_cost_per_watt(40e9, 1e9) == 40


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9])
def test_storage_is_what_a_simulated_square_wave_needs(share):
    swing, step = 36e6, 6.0
    time = (np.arange(200_000) + 0.5) / 200_000
    draw = np.where(time < share, 100e6 - swing, 100e6)
    stored = np.cumsum(draw.mean() - draw) * step / time.size
    result = site.power_swing_storage(site.power_swing(80e6, 0.45), share, step)
    assert_allclose(result, np.ptp(stored), rtol=1e-3)


def test_a_constant_draw_needs_no_storage():
    assert site.power_swing_storage(36e6, 0.0, 6.0) == site.power_swing_storage(36e6, 1.0, 6.0) == 0


@given(st.floats(1e6, 1e12), SHARE, SHARE)
def test_grid_gas_and_storage_sum_to_the_input_power(power, storage_share, gas_share):
    parts = (
        site.grid_supply(power, storage_share, gas_share),
        site.onsite_gas_supply(power, storage_share, gas_share),
        site.storage_supply(power, storage_share),
    )
    assert sum(parts) == pytest.approx(power, rel=1e-14)
    assert min(parts) > 0
