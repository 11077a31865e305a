"""Supply: levels lifted to what was shipped, the least of what acts, prices of scarcity, and which limit it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from clustercast.engine.quantity import declaration_of
from clustercast.quantities import supply

SIZES = arrays(np.float64, (5, 20), elements=st.floats(1e3, 1e10))
SWITCHES = st.tuples(*[st.sampled_from([0.0, 1.0])] * 4)
NAMES = ("power", "logic chips", "packaging", "memory")


def label(shipped, wanted, capacities, switches, trend=1.0, funded=2.0, money=0.0):
    power, logic, packaging, _ = capacities
    acts = switches[:3]
    index = supply.supply_constraint(shipped, wanted, power, logic, packaging, trend, funded, *acts, money)
    return np.array(supply.SUPPLY_LIMITS)[index]


@pytest.mark.parametrize(("capacity", "accelerators"), [(3.0e6, 105e6), (4.8e6, 168e6)])
def test_B15_all_of_tsmc_for_a_year_makes_the_trillion_dollar_cluster(capacity, accelerators):
    assert supply.quoted_logic_capacity(capacity, 1.0, 35.0) == pytest.approx(accelerators)


def test_packaging_of_2024_took_8_7_million():
    assert supply.quoted_packaging_capacity(25_000 * 12, 29.0) == pytest.approx(8.7e6)


@given(st.floats(1e6, 1e9), st.floats(1e6, 1e9), st.floats(1e6, 1e9))
def test_what_was_shipped_could_be_shipped_and_slack_counts_as_quoted(paid, quoted, initial):
    for capacity in (supply.paid_logic_capacity, supply.paid_packaging_capacity, supply.paid_memory_capacity):
        assert capacity(paid, quoted, initial) == pytest.approx(paid * max(1, quoted / initial))


def test_the_power_of_a_growing_fleet_is_its_shipments_less_what_retires():
    # 27.6M H100e a year of 1,030 W, growing by 68 % a year, .185 a year retired, two thirds of it in the US.
    growth, hazard = 0.67, 0.185
    pace = supply.paid_power_pace(27.6e6, 27.6e6, 1030.0, 1030.0, growth, hazard, 0.68, 0.0, 0.0, 1.0)
    fleet = 27.6e6 * 1030 / (growth + hazard)
    assert pace == pytest.approx(0.68 * (27.6e6 * 1030 - hazard * fleet))
    lifted = supply.paid_power_pace(27.6e6, 27.6e6, 1030.0, 1030.0, growth, hazard, 0.68, 20e9, 5e9, 1.0)
    assert lifted == pytest.approx(25e9)


@given(SIZES, SWITCHES)
def test_shipments_are_the_least_of_what_is_wanted_and_of_what_acts(sizes, switches):
    wanted, *capacities = sizes
    shipped = supply.accelerator_shipments(wanted, *capacities, *switches)
    acting = [capacity for capacity, acts in zip(capacities, switches, strict=True) if acts]
    np.testing.assert_array_equal(shipped, np.min([wanted, *acting], axis=0))


@given(SIZES, SWITCHES)
def test_the_label_names_the_limit_that_is_least(sizes, switches):
    wanted, *capacities = sizes
    shipped = supply.accelerator_shipments(wanted, *capacities, *switches)
    for name, at, least, want in zip(
        label(shipped, wanted, capacities, switches), sizes.T, shipped, wanted, strict=True
    ):
        if name == "trend":
            assert least >= want * (1 - 1e-9)
        else:
            assert at[1 + NAMES.index(name)] == least
            assert switches[NAMES.index(name)]


def test_money_binds_where_all_that_is_funded_is_shipped():
    capacities = [9.0] * 4
    assert label(1.0, 1.0, capacities, [1.0] * 4, trend=2.0, funded=1.0, money=1.0) == "money"
    assert label(1.0, 1.0, capacities, [1.0] * 4, trend=2.0, funded=1.0, money=0.0) == "trend"
    assert label(1.0, 1.0, capacities, [1.0] * 4, trend=1.0, funded=2.0, money=1.0) == "trend"
    assert label(1.0, 4.0, [1.0, 9.0, 9.0, 9.0], [1.0] * 4, trend=2.0, funded=1.0, money=1.0) == "power"
    assert declaration_of(supply.supply_constraint).labels == supply.SUPPLY_LIMITS


@given(st.floats(1e3, 1e9), st.floats(1, 100), st.floats(0, 1), st.floats(0, 2))
def test_shortage_raises_the_price_up_to_its_limit_and_never_spends_more_than_is_wanted(shipped, excess, passed, limit):
    premium = supply.scarcity_premium(shipped * excess, shipped, passed, limit)
    assert 1 <= premium <= 1 + limit
    spent = supply.ai_investment(shipped, 30e3, premium)
    wanted = shipped * excess * 30e3
    assert spent <= wanted * (1 + 1e-12)
    assert supply.waiting_investment(wanted, spent) == pytest.approx(wanted - spent)


def test_a_fifth_of_an_excess_of_half_raises_the_price_by_8_percent():
    assert supply.scarcity_premium(150.0, 100.0, 0.2, 0.5) == pytest.approx(1.0845, abs=1e-4)


def test_a_gas_plant_waits_for_the_later_of_site_and_turbine():
    np.testing.assert_array_equal(supply.gas_power_lead_time(np.array([2.0, 4.0]), np.array([5.0, 3.0])), [5.0, 4.0])
    assert supply.gas_plant_start_year(2024.5, 5.0) == 2029.5
    assert supply.generator_start_year(2024.5, 1.0) == 2025.5
    assert supply.nuclear_start_year(2024.5, 8.0) == 2032.5


@pytest.mark.parametrize("additions", [supply.gas_plant_additions, supply.nuclear_plant_additions])
def test_new_plants_come_in_over_a_year(additions):
    year = np.array([[2028.0], [2029.5], [2030.0], [2030.5], [2035.0]])
    assert_allclose(additions(year, 9e9, 2029.5, 1.0).ravel(), [0, 0, 4.5e9, 9e9, 9e9])


def test_no_large_country_adds_more_than_a_seventh_of_its_electricity_a_year():
    # 4,300 TWh a year are 491 GW: at most 73.6 GW a year, unless more was added at the start.
    electricity = 4300 / 8.76 * 1e9
    assert supply.us_power_additions_limit(200e9, 20e9, 0.15, electricity) == pytest.approx(73.6e9, rel=1e-3)
    assert supply.us_power_additions_limit(200e9, 90e9, 0.15, electricity) == pytest.approx(90e9)
    assert supply.us_power_additions_limit(30e9, 20e9, 0.15, electricity) == pytest.approx(30e9)
    assert supply.offered_power_additions(17e9, 4e9, 1e9) == pytest.approx(22e9)


def test_the_world_is_as_tight_as_the_us_and_retired_chips_free_their_power():
    # 17 GW a year in the US at two thirds of the world, and a fifth of 50 GW retired: 35.5 GW of new chips.
    assert supply.power_limited_shipments(17e9, 2 / 3, 0.2, 50e9, 1000.0) == pytest.approx(35.5e6)
    assert supply.predicted_fleet_power(33e9, 22e9, 18e9, 2 / 3, 2027.0, 2026.5) == pytest.approx(48e9)


def test_an_interruption_takes_its_part_of_leading_edge_supply():
    assert supply.leading_edge_gain(2.0, 0.6, 0.5) == pytest.approx(1.4)
    # A capacity of 100 that had lost 30 %; more is wanted, native capacity grows at its rate, and 60 % are lost by now.
    result = supply.logic_capacity(70.0, 1e9, 1e9, 0.4, 0.7, 0.21, 2027.0, 2026.5, 1.0)
    assert result == pytest.approx(0.4 * 100 * 1.1)
    same = supply.packaging_capacity(70.0, 1e9, 1e9, 0.4, 0.7, 0.21, 2027.0, 2026.5, 1.0)
    assert same == result == supply.memory_capacity(70.0, 1e9, 1e9, 0.4, 0.7, 0.21, 2027.0, 2026.5, 1.0)


def test_the_pace_of_power_follows_what_is_wanted_of_the_us():
    pace = supply.power_pace(10e9, 30e6, 20e6, 1000.0, 1000.0, 0.5, 0.44, 2027.0, 2026.5, 1.0)
    assert pace == pytest.approx(12e9)
