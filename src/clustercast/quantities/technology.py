"""What an accelerator costs and draws: gains of technology, floors, and the price of scarcity."""

import numpy as np

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import compounded, floored, gain


@quantity("1", positive=True, time="state", increasing=["flop_per_dollar_growth"])
def flop_per_dollar_gain(
    year, cost_base_year, flop_per_dollar_growth, earlier_flop_per_dollar_growth, technology_slowdown, accounting_period
):
    """Gain in operations per dollar since the date of the prices."""
    time = year - cost_base_year
    return gain(flop_per_dollar_growth, technology_slowdown, earlier_flop_per_dollar_growth, time, accounting_period)


@quantity("1", positive=True, time="state", increasing=["flop_per_watt_growth"])
def flop_per_watt_gain(
    year, power_base_year, flop_per_watt_growth, earlier_flop_per_watt_growth, technology_slowdown, accounting_period
):
    """Gain in operations per joule since the date of the powers."""
    time = year - power_base_year
    return gain(flop_per_watt_growth, technology_slowdown, earlier_flop_per_watt_growth, time, accounting_period)


@quantity("1", time="state", between="log", increasing=["chip_progress"])
def chip_gain(year, forecast_start, chip_progress, earlier_chip_progress, technology_slowdown, accounting_period):
    """Gain in accelerators per logic wafer, per packaging wafer and per byte of memory alike."""
    return gain(chip_progress, technology_slowdown, earlier_chip_progress, year - forecast_start, accounting_period)


@quantity("USD/H100e", at_least="cost_floor", increasing=["accelerator_price"], decreasing=["accelerator_cost_share"])
def quoted_cluster_price(accelerator_price, accelerator_cost_share):
    """Price of an accelerator at a leading site at the date of the prices, all-in."""
    return accelerator_price / accelerator_cost_share


@quantity("USD/H100e", time="state", between="log", increasing=["quoted_cluster_price"])
def trend_cluster_cost_per_accelerator(year, cost_base_year, quoted_cluster_price, cost_floor, flop_per_dollar_gain):
    """Cost of an accelerator at a leading site, all-in, without scarcity."""
    return floored(quoted_cluster_price, cost_floor, flop_per_dollar_gain, year - cost_base_year)


@quantity("USD/H100e")
def initial_investment_per_accelerator(
    investment_base_year,
    cost_base_year,
    quoted_cluster_price,
    cost_floor,
    flop_per_dollar_growth,
    earlier_flop_per_dollar_growth,
    technology_slowdown,
    fleet_price_ratio,
    accounting_period,
):
    """World investment per accelerator at the date of the investment."""
    time = investment_base_year - cost_base_year
    gained = gain(flop_per_dollar_growth, technology_slowdown, earlier_flop_per_dollar_growth, time, accounting_period)
    return floored(quoted_cluster_price, cost_floor, gained, time) * fleet_price_ratio


@quantity("USD/H100e", time="state", increasing=["trend_cluster_cost_per_accelerator", "fleet_price_ratio"])
def trend_investment_per_accelerator(
    year,
    investment_base_year,
    trend_cluster_cost_per_accelerator,
    fleet_price_ratio,
    fleet_price_drift,
    accounting_period,
):
    """World investment per accelerator shipped, without scarcity."""
    price = trend_cluster_cost_per_accelerator * fleet_price_ratio
    return compounded(price, fleet_price_drift, np.maximum(year - investment_base_year, 0), accounting_period)


@quantity("USD/H100e", time="state", increasing=["trend_cluster_cost_per_accelerator", "scarcity_premium"])
def cluster_cost_per_accelerator(trend_cluster_cost_per_accelerator, scarcity_premium):
    """Cost of an accelerator at a leading site, all-in."""
    return trend_cluster_cost_per_accelerator * scarcity_premium


@quantity("USD/H100e", time="state", increasing=["trend_investment_per_accelerator", "scarcity_premium"])
def investment_per_accelerator(trend_investment_per_accelerator, scarcity_premium):
    """World investment per accelerator shipped."""
    return trend_investment_per_accelerator * scarcity_premium


@quantity("W/H100e", at_least="power_floor", increasing=["chip_power", "server_overhead", "power_usage_effectiveness"])
def quoted_facility_power(chip_power, server_overhead, power_usage_effectiveness):
    """Peak power of an accelerator at the meter at the date of the powers."""
    return chip_power * server_overhead * power_usage_effectiveness


@quantity("W/H100e", time="state", between="log", increasing=["quoted_facility_power"])
def facility_power_per_accelerator(year, power_base_year, quoted_facility_power, power_floor, flop_per_watt_gain):
    """Peak power at the meter of an accelerator shipped at the date."""
    return floored(quoted_facility_power, power_floor, flop_per_watt_gain, year - power_base_year)


@quantity("W/H100e")
def initial_facility_power(
    investment_base_year,
    power_base_year,
    quoted_facility_power,
    power_floor,
    flop_per_watt_growth,
    earlier_flop_per_watt_growth,
    technology_slowdown,
    accounting_period,
):
    """Peak power at the meter of an accelerator shipped at the date of the investment."""
    time = investment_base_year - power_base_year
    gained = gain(flop_per_watt_growth, technology_slowdown, earlier_flop_per_watt_growth, time, accounting_period)
    return floored(quoted_facility_power, power_floor, gained, time)


@quantity("W/H100e", time="state", between="log", increasing=["quoted_facility_power"])
def site_power_per_accelerator(
    year,
    site_lag,
    power_base_year,
    quoted_facility_power,
    power_floor,
    flop_per_watt_growth,
    earlier_flop_per_watt_growth,
    technology_slowdown,
    accounting_period,
):
    """Peak power at the meter of an accelerator at a site, which holds chips of the past."""
    time = year - site_lag - power_base_year
    gained = gain(flop_per_watt_growth, technology_slowdown, earlier_flop_per_watt_growth, time, accounting_period)
    return floored(quoted_facility_power, power_floor, gained, time)


@quantity("W/H100e", time="state", increasing=["facility_power_per_accelerator"])
def server_power_per_accelerator(facility_power_per_accelerator, power_usage_effectiveness):
    """Peak power delivered to the machines of an accelerator shipped at the date."""
    return facility_power_per_accelerator / power_usage_effectiveness
