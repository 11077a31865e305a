"""Gas: the essay's derivations G2 to G12 by hand, and the conversions behind them."""

import numpy as np
import pytest

from clustercast.engine.units import conversion, factor
from clustercast.quantities import gas

BCF_PER_DAY = 1e9 * factor("ft3/day")
GENERATOR, NOTE_19, COMBINED_CYCLE = (value * factor("kWh/ft3") for value in (0.1, 0.13, 1 / 6))
WELL = 0.01 * BCF_PER_DAY
GW = 1e9


def demand(power, electricity_yield):
    return gas.gas_demand(power, 1.0, electricity_yield)


def wells(power, electricity_yield):
    return gas.gas_wells_required(demand(power, electricity_yield), WELL)


def test_a_yield_is_the_heat_of_gas_over_the_heat_rate():
    """1,037 Btu a cubic foot and 3,412 Btu a kWh: full efficiency is .3039 kWh; generators take 32.9 % of it."""
    full = 1037 / 3412
    assert full == pytest.approx(0.3039, abs=5e-5)
    assert GENERATOR / (full * factor("kWh/ft3")) == pytest.approx(0.329, abs=5e-4)
    assert 1037 / 0.13 == pytest.approx(7977, abs=1)


@pytest.mark.parametrize(("electricity_yield", "gigawatts"), [(GENERATOR, 150), (COMBINED_CYCLE, 250), (NOTE_19, 195)])
def test_G2_G3_G4_the_marcellus_gives_150_195_or_250_gigawatts(electricity_yield, gigawatts):
    assert gas.basin_power(36 * BCF_PER_DAY, electricity_yield) / GW == pytest.approx(gigawatts, rel=1e-9)


def test_G5_seventy_billion_cubic_feet_a_day_are_3322_terawatt_hours_almost_four_clusters():
    electricity = gas.shale_electricity(70 * BCF_PER_DAY, NOTE_19)
    assert electricity * conversion("W", "TWh/year") == pytest.approx(3321.5, abs=0.01)
    assert gas.shale_clusters(electricity, 100 * GW) == pytest.approx(3.79, abs=0.005)


@pytest.mark.parametrize(("electricity_yield", "count"), [(COMBINED_CYCLE, 1440), (NOTE_19, 1846), (GENERATOR, 2400)])
def test_G6_a_hundred_gigawatts_need_more_than_the_stated_1200_wells(electricity_yield, count):
    assert wells(100 * GW, electricity_yield) == pytest.approx(count, abs=0.5)


def test_G6_1200_wells_would_need_an_impossible_efficiency():
    implied = 100 * GW / (1200 * WELL) / factor("kWh/ft3")
    assert implied == pytest.approx(0.2)
    assert implied / (1037 / 3412) == pytest.approx(0.658, abs=5e-4)
    assert wells(100 * GW, implied * factor("kWh/ft3")) == pytest.approx(1200)


@pytest.mark.parametrize(("count", "months"), [(1200, 10.0), (1440, 12.0), (1846.15, 15.4), (2400, 20.0)])
def test_G7_forty_rigs_drill_120_wells_a_month(count, months):
    time = gas.drilling_time(count, 40.0, 3 * factor("well/rig/month"))
    assert time * conversion("year", "month") == pytest.approx(months, abs=0.05)


@pytest.mark.parametrize(
    ("power", "electricity_yield", "per_month", "rigs"),
    [(100 * GW, COMBINED_CYCLE, 21.9, 7.3), (100 * GW, GENERATOR, 36.5, 12.2), (10 * GW, COMBINED_CYCLE, 2.19, 0.73)],
)
def test_G8_two_wells_a_month_replace_depletion_for_ten_gigawatts_not_for_a_hundred(
    power, electricity_yield, per_month, rigs
):
    replaced = gas.replacement_wells(demand(power, electricity_yield), 20e9)
    assert replaced / factor("well/month") == pytest.approx(per_month, rel=5e-3)
    assert gas.replacement_rigs(replaced, 3 * factor("well/rig/month")) == pytest.approx(rigs, abs=0.05)


def test_G9_a_well_lasts_five_and_a_half_years_at_its_first_rate():
    assert 1 / gas.well_decline_rate(WELL, 20e9) == pytest.approx(5.48, abs=0.005)


def test_wells_in_steady_state_decline_as_fast_as_they_are_replaced():
    volume = demand(100 * GW, NOTE_19)
    declining = gas.gas_wells_required(volume, WELL) * gas.well_decline_rate(WELL, 20e9)
    assert gas.replacement_wells(volume, 20e9) == pytest.approx(declining)


def test_a_declining_well_gives_its_lifetime_production():
    rate = gas.well_decline_rate(WELL, 20e9)
    time = np.linspace(0, 60 / rate, 200_001)
    assert np.trapezoid(WELL * np.exp(-rate * time), time) == pytest.approx(20e9, rel=1e-6)


def test_G10_ten_gigawatts_take_1_to_2_percent_of_us_gas():
    low, high = (
        gas.gas_production_share(demand(10 * GW, efficiency), 113 * BCF_PER_DAY)
        for efficiency in (COMBINED_CYCLE, GENERATOR)
    )
    assert low == pytest.approx(0.013, abs=5e-4)
    assert high == pytest.approx(0.021, abs=5e-4)


@pytest.mark.parametrize(("cost", "billions"), [(1000, 100), (2157, 215.7), (2400, 240)])
def test_G12_a_hundred_gigawatts_cost_100_billion_and_now_more_than_twice_that(cost, billions):
    assert gas.power_plant_capex(100 * GW, 1.0, cost * factor("USD/kW")) == pytest.approx(billions * 1e9)


def test_the_fleet_burns_gas_as_a_cluster_of_its_energy_does():
    assert gas.fleet_gas_demand(75 * GW, 0.5, NOTE_19) == gas.gas_demand(75 * GW, 0.5, NOTE_19)
    assert gas.gas_demand(75 * GW, 0.5, NOTE_19) == pytest.approx(0.375 * demand(100 * GW, NOTE_19))


def test_a_hundred_gigawatts_added_in_a_year_take_the_gas_of_a_cluster_of_that_power():
    added = gas.added_gas_demand(100 * GW, 1.0, 0.75, 0.5, NOTE_19)
    assert added == gas.gas_demand(75 * GW, 0.5, NOTE_19)
