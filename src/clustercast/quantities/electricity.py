"""Electricity: what the fleet uses, the production that is the yardstick of every share, and the power added for AI."""

import numpy as np

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import compounded, steady_stock


@quantity("TWh/year", time="rate", lags={"fleet_power": "delivery_lag"}, increasing=["lagged_fleet_power"])
def fleet_energy(lagged_fleet_power, load_factor):
    """Electricity of the world's accelerators, which draw nothing until they run."""
    return lagged_fleet_power * load_factor


@quantity("TWh/year", time="rate", increasing=["us_electricity_2024"])
def us_electricity_without_ai(
    year, us_electricity_base_year, us_electricity_2024, us_electricity_growth, accounting_period
):
    """Electricity production of the United States without the AI of later years."""
    return compounded(us_electricity_2024, us_electricity_growth, year - us_electricity_base_year, accounting_period)


@quantity("TWh/year", time="rate", increasing=["fleet_energy", "us_fleet_share"])
def us_ai_electricity(fleet_energy, us_fleet_share):
    """Electricity of the accelerators in the United States."""
    return fleet_energy * us_fleet_share


@quantity("TWh/year", increasing=["initial_shipments", "load_factor", "us_fleet_share"])
def initial_us_ai_electricity(
    us_electricity_base_year,
    delivery_lag,
    investment_base_year,
    initial_shipments,
    initial_facility_power,
    earlier_power_growth,
    retirement_hazard,
    load_factor,
    us_fleet_share,
    accounting_period,
):
    """Electricity of the accelerators in the United States that its production of the base year holds."""
    time = us_electricity_base_year - delivery_lag - investment_base_year
    added = initial_shipments * initial_facility_power * np.exp(earlier_power_growth * time)
    fleet = steady_stock(added, earlier_power_growth + retirement_hazard, accounting_period)
    return fleet * load_factor * us_fleet_share


@quantity("TWh/year", time="rate", increasing=["us_electricity_without_ai", "us_ai_electricity"])
def us_electricity(us_electricity_without_ai, us_ai_electricity, initial_us_ai_electricity, fleet_in_us_electricity):
    """Electricity production of the United States."""
    added = np.maximum(us_ai_electricity - initial_us_ai_electricity, 0)
    return us_electricity_without_ai + np.where(fleet_in_us_electricity > 0, added, 0 * added)


@quantity("1", positive=True, time="state", increasing=["us_ai_electricity"], decreasing=["us_electricity"])
def us_ai_electricity_share(us_ai_electricity, us_electricity):
    """Electricity of the accelerators in the United States as a share of its production."""
    return us_ai_electricity / us_electricity


@quantity("TWh/year", time="rate", increasing=["other_data_centre_electricity_2024"])
def other_data_centre_electricity(
    year, other_data_centre_base_year, other_data_centre_electricity_2024, other_data_centre_growth, accounting_period
):
    """Electricity of the data centres in the United States beside AI."""
    time = year - other_data_centre_base_year
    return compounded(other_data_centre_electricity_2024, other_data_centre_growth, time, accounting_period)


@quantity("1", positive=True, time="state", increasing=["us_ai_electricity"], decreasing=["us_electricity"])
def us_data_centre_electricity_share(us_ai_electricity, other_data_centre_electricity, us_electricity):
    """Electricity of all data centres in the United States as a share of its production."""
    return (us_ai_electricity + other_data_centre_electricity) / us_electricity


@quantity("TWh/year", time="rate", increasing=["world_electricity_2024"])
def world_electricity(
    year, world_electricity_base_year, world_electricity_2024, world_electricity_growth, accounting_period
):
    """Electricity production of the world, AI within it."""
    time = year - world_electricity_base_year
    return compounded(world_electricity_2024, world_electricity_growth, time, accounting_period)


@quantity("1", positive=True, time="state", increasing=["shipment_power"], decreasing=["us_electricity"])
def shipment_electricity_share(shipment_power, us_electricity, accounting_period):
    """One year's accelerators at full power as a share of US electricity: a flow, not the fleet [SA IIIa, table 2]."""
    return shipment_power * accounting_period / us_electricity


@quantity("1", positive=True, time="state", increasing=["fleet_energy"], decreasing=["us_electricity"])
def fleet_electricity_share(fleet_energy, us_electricity):
    """Electricity of the world's accelerators as a share of US production."""
    return fleet_energy / us_electricity


@quantity("t/year", time="rate", increasing=["fleet_energy", "carbon_intensity"])
def fleet_emissions(fleet_energy, carbon_intensity):
    """Carbon dioxide from the electricity of the world's accelerators."""
    return fleet_energy * carbon_intensity


@quantity("m3/year", time="rate", increasing=["fleet_energy", "water_intensity"])
def fleet_water(fleet_energy, water_intensity):
    """Water for the electricity and the cooling of the world's accelerators."""
    return fleet_energy * water_intensity


@quantity("W", time="state", between="previous", before="paid_fleet_power")
def starting_fleet_power(previous_starting_fleet_power):
    """Power of the world's accelerators at the start of the forecast."""
    return previous_starting_fleet_power


@quantity(
    "GW",
    positive=False,
    time="state",
    increasing=["fleet_power", "us_siting_share"],
    decreasing=["starting_fleet_power"],
)
def us_power_added(fleet_power, starting_fleet_power, us_siting_share):
    """Power added for AI in the United States since the start of the forecast."""
    return us_siting_share * np.maximum(fleet_power - starting_fleet_power, 0)


@quantity("GW", positive=False)
def initial_offered_current_power(starting_fleet_power):
    """Power that grid connections and generators have offered at the start of the forecast: none so far."""
    return 0 * starting_fleet_power


@quantity(
    "GW", positive=False, time="state", between="linear", before=0, increasing=["previous_power_pace", "power_pace"]
)
def offered_current_power(previous_offered_current_power, previous_power_pace, power_pace, year, previous_year):
    """Power that grid connections and generators could have added since the start of the forecast."""
    return previous_offered_current_power + (year - previous_year) * (previous_power_pace + power_pace) / 2


def _offered(rate, year, forecast_start, plant_start, period):
    """Return what a rate that rises linearly over its first year has offered since the start of the forecast."""
    now = np.maximum(np.maximum(year, forecast_start) - plant_start, 0)
    then = np.maximum(forecast_start - plant_start, 0)
    rising, risen = np.minimum(now, period), np.minimum(then, period)
    return rate * (rising * (now - rising / 2) - risen * (then - risen / 2)) / period


@quantity("GW", positive=False, time="state", increasing=["gas_power_additions"])
def offered_gas_power(year, forecast_start, gas_power_additions, gas_plant_start_year, accounting_period):
    """Power that new gas plants could have added since the start of the forecast."""
    return _offered(gas_power_additions, year, forecast_start, gas_plant_start_year, accounting_period)


@quantity("GW", positive=False, time="state", increasing=["nuclear_power_additions"])
def offered_nuclear_power(year, forecast_start, nuclear_power_additions, nuclear_start_year, accounting_period):
    """Power that new nuclear plants could have added since the start of the forecast."""
    return _offered(nuclear_power_additions, year, forecast_start, nuclear_start_year, accounting_period)


@quantity("1", time="state", increasing=["us_power_added"])
def used_power_share(
    us_power_added, offered_current_power, offered_gas_power, offered_nuclear_power, starting_fleet_power
):
    """Power added for AI in the United States over all that its sources could have added."""
    offered = offered_current_power + offered_gas_power + offered_nuclear_power
    # At the start itself nothing has been offered, and nothing added.
    return us_power_added / np.maximum(offered, np.finfo(np.float64).eps * starting_fleet_power)


@quantity("1", time="state", increasing=["generator_additions"], decreasing=["grid_power_additions"])
def generator_power_share(grid_power_additions, generator_additions, starting_power_additions):
    """Share of generators on site in the quoted pace of power additions; none where neither is quoted."""
    quoted = grid_power_additions + generator_additions
    return generator_additions / np.maximum(quoted, np.finfo(np.float64).eps * starting_power_additions)


@quantity("GW", positive=False, time="state", increasing=["used_power_share", "offered_current_power"])
def grid_power_added(used_power_share, offered_current_power, generator_power_share):
    """Power of grid connections used for AI in the United States since the start of the forecast."""
    return used_power_share * offered_current_power * (1 - generator_power_share)


@quantity(
    "GW",
    positive=False,
    time="state",
    increasing=["used_power_share", "offered_current_power", "generator_power_share"],
)
def generator_power_added(used_power_share, offered_current_power, generator_power_share):
    """Power of generators on site used for AI in the United States since the start of the forecast."""
    return used_power_share * offered_current_power * generator_power_share


@quantity("GW", positive=False, time="state", increasing=["used_power_share", "offered_gas_power"])
def gas_power_added(used_power_share, offered_gas_power):
    """Power of new gas plants used for AI in the United States since the start of the forecast."""
    return used_power_share * offered_gas_power


@quantity("GW", positive=False, time="state", increasing=["used_power_share", "offered_nuclear_power"])
def nuclear_power_added(used_power_share, offered_nuclear_power):
    """Power of new nuclear plants used for AI in the United States since the start of the forecast."""
    return used_power_share * offered_nuclear_power
