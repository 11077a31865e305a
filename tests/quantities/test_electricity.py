"""Electricity: energy from power, the denominator of every share, and the power added by source."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clustercast.engine.units import factor
from clustercast.quantities import electricity

TWH = factor("TWh/year")
GW = 1e9
POWER = st.one_of(st.just(0.0), st.floats(1e3, 1e12))


def test_the_observed_decade_grew_by_barely_five_percent():
    # Ember via Our World in Data: 4,056 TWh in 2013, 4,254 TWh in 2023.
    year = np.array([[2013.0], [2018.0], [2023.0]])
    growth = (4254 / 4056) ** 0.1 - 1
    result = electricity.us_electricity_without_ai(year, 2013.0, 4056.0, growth, 1.0)
    assert_allclose(result[:, 0], [4056, np.sqrt(4056 * 4254), 4254])
    assert_allclose(growth, 0.0048, atol=1e-4)


def test_a_hundred_gigawatts_of_fleet_at_two_thirds_load_use_569_terawatt_hours():
    assert electricity.fleet_energy(100 * GW, 0.65) / TWH == pytest.approx(569.4)


@pytest.mark.parametrize(("shipments", "share"), [(5e6, 0.0103), (10e6, 0.0206), (97e6, 0.20), (485e6, 1.0)])
def test_the_essays_column_is_one_years_shipments(shipments, share):
    assert_allclose(electricity.shipment_electricity_share(shipments * 1000.0, 4250 * TWH, 1.0), share, rtol=5e-3)


@given(st.floats(0, 1e12), st.floats(0, 1e12))
def test_ai_can_never_use_more_than_all_where_the_production_holds_it(now, then):
    total = electricity.us_electricity(4300 * TWH, now, then, 1.0)
    assert total == pytest.approx(4300 * TWH + max(0, now - then))
    assert electricity.us_electricity(4300 * TWH, now, then, 0.0) == 4300 * TWH
    if then < 4300 * TWH:
        assert electricity.us_ai_electricity_share(now, total) < 1


def test_data_centres_of_2028_lie_where_the_laboratory_puts_them():
    # LBNL (2024): 325 to 580 TWh, 6.7 to 12 %, of which about 190 TWh are not AI.
    others = electricity.other_data_centre_electricity(2028.0, 2024.0, 144.0, 0.03, 1.0) * TWH
    shares = [electricity.us_data_centre_electricity_share(ai * TWH, others, 4850 * TWH) for ai in (163, 418)]
    assert_allclose(shares, [0.067, 0.12], atol=2e-3)


def test_the_fleet_of_2024_is_in_the_production_of_2024():
    # 27.6M H100e a year of 1,030 W in mid-2026, growing 66.5 % a year: 2.75 years earlier a quarter of it.
    growth = np.log(1.87 * 1.27 / 1.22)
    result = electricity.initial_us_ai_electricity(2024.0, 0.25, 2026.5, 27.6e6, 1030.0, growth, 0.185, 0.65, 0.68, 1.0)
    fleet = 27.6e6 * 1030 * np.exp(-2.75 * growth) / (growth + 0.185)
    assert result == pytest.approx(fleet * 0.65 * 0.68)
    assert 10 < result / TWH < 40


def test_emissions_and_water_go_with_energy():
    kilowatt_hours = factor("kWh/year")
    tonnes = electricity.fleet_emissions(1e9 * kilowatt_hours, 0.38 * factor("kg/kWh")) / factor("t/year")
    litres = electricity.fleet_water(1e9 * kilowatt_hours, 0.6 * factor("L/kWh")) / factor("m3/year")
    assert (tonnes, litres) == (pytest.approx(380_000), pytest.approx(600_000))


def test_world_electricity_grows_by_its_rate():
    assert electricity.world_electricity(2030.0, 2024.0, 30_600.0, 0.028, 1.0) == pytest.approx(36_114, rel=1e-3)
    assert electricity.us_ai_electricity(100.0, 0.7) == 70.0
    assert electricity.fleet_electricity_share(425 * TWH, 4250 * TWH) == pytest.approx(0.1)


@given(POWER, POWER, POWER, POWER, st.floats(0, 1), st.floats(0, 1))
def test_the_sources_of_added_power_sum_to_it(added, current, gas, nuclear, grid, generators):
    used = electricity.used_power_share(added, current, gas, nuclear, 30 * GW)
    share = electricity.generator_power_share(grid, generators, 20.0)
    parts = (
        electricity.grid_power_added(used, current, share),
        electricity.generator_power_added(used, current, share),
        electricity.gas_power_added(used, gas),
        electricity.nuclear_power_added(used, nuclear),
    )
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(added if current + gas + nuclear > 0 else 0)


def test_power_is_added_from_the_start_on():
    assert electricity.us_power_added(50 * GW, 30 * GW, 0.7) == pytest.approx(14 * GW)
    assert electricity.us_power_added(20 * GW, 30 * GW, 0.7) == 0


@pytest.mark.parametrize("offered", [electricity.offered_gas_power, electricity.offered_nuclear_power])
def test_new_plants_offer_the_integral_of_what_they_add(offered):
    year = np.array([2026.0, 2026.5, 2029.0, 2030.0, 2034.0])
    assert_allclose(offered(year, 2026.5, 9 * GW, 2029.0, 1.0) / GW, [0, 0, 0, 4.5, 40.5])
    # Plants that run already: only what comes after the start of the forecast counts.
    assert_allclose(offered(year, 2026.5, 9 * GW, 2026.0, 1.0) / GW, [0, 0, 9 * (2.5 - 0.125), 9 * 3.375, 9 * 7.375])


def test_connections_offer_the_mean_of_their_pace():
    assert electricity.offered_current_power(3 * GW, 10 * GW, 14 * GW, 2027.0, 2026.5) == pytest.approx(9 * GW)
    assert electricity.initial_offered_current_power(33 * GW) == 0
