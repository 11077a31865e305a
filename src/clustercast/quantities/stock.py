"""The stock of accelerators, its power and its value, and what has been shipped, spent and earned so far."""

import numpy as np

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import mean_flow, next_stock, steady_stock, yearly_growth


@quantity("1/year", increasing=["earlier_investment_growth", "earlier_flop_per_dollar_growth"])
def earlier_shipment_growth(earlier_investment_growth, earlier_flop_per_dollar_growth, accounting_period):
    """Growth of shipments before the start of the forecast."""
    return earlier_investment_growth + yearly_growth(earlier_flop_per_dollar_growth, accounting_period)


@quantity("1/year", increasing=["earlier_shipment_growth"], decreasing=["earlier_flop_per_watt_growth"])
def earlier_power_growth(earlier_shipment_growth, earlier_flop_per_watt_growth, accounting_period):
    """Growth of the power of shipments before the start of the forecast."""
    return earlier_shipment_growth - yearly_growth(earlier_flop_per_watt_growth, accounting_period)


@quantity("H100e", time="state", increasing=["paid_shipments"])
def paid_installed_base(paid_shipments, earlier_shipment_growth, retirement_hazard, accounting_period):
    """Accelerators installed in the world up to the start of the forecast."""
    return steady_stock(paid_shipments, earlier_shipment_growth + retirement_hazard, accounting_period)


@quantity("H100e", time="state", between="log", before="paid_installed_base", increasing=["accelerator_shipments"])
def installed_base(
    previous_installed_base,
    previous_accelerator_shipments,
    accelerator_shipments,
    retirement_hazard,
    year,
    previous_year,
):
    """Accelerators installed in the world: what was shipped less what was retired."""
    flows = previous_accelerator_shipments, accelerator_shipments
    return next_stock(previous_installed_base, *flows, retirement_hazard, year - previous_year)


@quantity("W/year", time="rate", between="log", increasing=["accelerator_shipments", "facility_power_per_accelerator"])
def shipment_power(accelerator_shipments, facility_power_per_accelerator):
    """Peak power at the meter of a year's accelerators."""
    return accelerator_shipments * facility_power_per_accelerator


@quantity("W", time="state", increasing=["paid_shipments", "facility_power_per_accelerator"])
def paid_fleet_power(
    paid_shipments, facility_power_per_accelerator, earlier_power_growth, retirement_hazard, accounting_period
):
    """Power of the world's accelerators up to the start of the forecast."""
    loss = earlier_power_growth + retirement_hazard
    return steady_stock(paid_shipments * facility_power_per_accelerator, loss, accounting_period)


@quantity("W", time="state", between="log", before="paid_fleet_power", increasing=["shipment_power"])
def fleet_power(previous_fleet_power, previous_shipment_power, shipment_power, retirement_hazard, year, previous_year):
    """Peak power of the world's accelerators, each with the power it was built with."""
    time = year - previous_year
    return next_stock(previous_fleet_power, previous_shipment_power, shipment_power, retirement_hazard, time)


@quantity("USD", time="state", increasing=["paid_investment"])
def paid_fleet_value(paid_investment, earlier_investment_growth, retirement_hazard, accounting_period):
    """Value of the chips and sites in place, as paid for, up to the start of the forecast."""
    return steady_stock(paid_investment, earlier_investment_growth + retirement_hazard, accounting_period)


@quantity("USD", time="state", between="log", before="paid_fleet_value", increasing=["ai_investment"])
def fleet_value(previous_fleet_value, previous_ai_investment, ai_investment, retirement_hazard, year, previous_year):
    """Value of the chips and sites in place, as paid for."""
    time = year - previous_year
    return next_stock(previous_fleet_value, previous_ai_investment, ai_investment, retirement_hazard, time)


@quantity("H100e", time="state", increasing=["paid_shipments"], decreasing=["earlier_shipment_growth"])
def paid_cumulative_shipments(paid_shipments, earlier_shipment_growth, accounting_period):
    """Accelerators shipped so far, up to the start of the forecast."""
    return steady_stock(paid_shipments, earlier_shipment_growth, accounting_period)


@quantity("H100e", time="state", between="log", before="paid_cumulative_shipments")
def cumulative_shipments(
    previous_cumulative_shipments, previous_accelerator_shipments, accelerator_shipments, year, previous_year
):
    """Accelerators shipped so far."""
    shipped = mean_flow(previous_accelerator_shipments, accelerator_shipments)
    return previous_cumulative_shipments + (year - previous_year) * shipped


@quantity("USD", time="state", increasing=["paid_investment"], decreasing=["earlier_investment_growth"])
def paid_cumulative_investment(paid_investment, earlier_investment_growth, accounting_period):
    """World investment in AI so far, up to the start of the forecast."""
    return steady_stock(paid_investment, earlier_investment_growth, accounting_period)


@quantity("USD", time="state", between="log", before="paid_cumulative_investment", increasing=["ai_investment"])
def cumulative_investment(previous_cumulative_investment, previous_ai_investment, ai_investment, year, previous_year):
    """World investment in AI so far."""
    return previous_cumulative_investment + (year - previous_year) * mean_flow(previous_ai_investment, ai_investment)


@quantity("USD", time="state", increasing=["ai_revenue", "earlier_revenue_doubling_time"])
def earlier_cumulative_revenue(ai_revenue, earlier_revenue_doubling_time):
    """Revenue of AI so far, up to the start of the forecast."""
    return ai_revenue * earlier_revenue_doubling_time / np.log(2)


@quantity("USD", time="state", between="log", before="earlier_cumulative_revenue", increasing=["ai_revenue"])
def cumulative_revenue(previous_cumulative_revenue, previous_ai_revenue, ai_revenue, year, previous_year):
    """Revenue of AI so far."""
    return previous_cumulative_revenue + (year - previous_year) * mean_flow(previous_ai_revenue, ai_revenue)
