"""What would be spent on AI, what can be funded, and the accelerators that are wanted."""

import numpy as np

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import integrated_growth, wandering


@quantity("1", time="state", increasing=["year"], decreasing=["forecast_start", "onset_time"])
def onset(year, forecast_start, onset_time):
    """Part that has set in of what begins at the start of the forecast."""
    return np.minimum(np.maximum(year - forecast_start, 0) / onset_time, 1)


@quantity("1/year")
def earlier_investment_growth(earlier_investment_growth_factor, accounting_period):
    """Growth of investment before its base date."""
    return np.log(earlier_investment_growth_factor) / accounting_period


@quantity("USD/year", time="rate", increasing=["initial_ai_investment"])
def paid_investment(
    year,
    investment_base_year,
    initial_ai_investment,
    investment_growth_factor,
    investment_growth_slowdown,
    earlier_investment_growth,
    investment_growth_volatility,
    investment_growth_shock_1,
    investment_growth_shock_2,
    growth_horizon,
    accounting_period,
):
    """World investment in AI on the trend of what has been paid [SA IIIa, table 2]."""
    time = year - investment_base_year
    growth = np.log(investment_growth_factor) / accounting_period
    grown = integrated_growth(growth, investment_growth_slowdown, earlier_investment_growth, time)
    shocks = investment_growth_shock_1, investment_growth_shock_2
    wandered = wandering(investment_growth_volatility, *shocks, time, growth_horizon)
    return initial_ai_investment * np.exp(grown + np.log(10) * wandered)


@quantity("H100e/year", increasing=["initial_ai_investment"], decreasing=["initial_investment_per_accelerator"])
def initial_shipments(initial_ai_investment, initial_investment_per_accelerator):
    """Accelerators shipped a year at the date of the investment."""
    return initial_ai_investment / initial_investment_per_accelerator


@quantity("H100e/year", time="rate", increasing=["paid_investment"], decreasing=["trend_investment_per_accelerator"])
def paid_shipments(paid_investment, trend_investment_per_accelerator):
    """Accelerators that the paid investment buys a year."""
    return paid_investment / trend_investment_per_accelerator


@quantity("USD/year", time="rate", between="log", increasing=["paid_investment", "unmet_demand", "onset"])
def trend_ai_investment(paid_investment, unmet_demand, onset):
    """World investment in AI if all that is ordered could be had."""
    return paid_investment * (1 + unmet_demand * onset)


@quantity("USD/year", time="rate", between="previous", before="paid_investment")
def starting_investment(previous_starting_investment):
    """Investment paid at the start of the forecast."""
    return previous_starting_investment


@quantity("USD/year", time="rate", between="previous", before="ai_revenue")
def starting_ai_revenue(previous_starting_ai_revenue):
    """Revenue of AI at the start of the forecast."""
    return previous_starting_ai_revenue


@quantity("1", time="state", between="log", increasing=["revenue_cost_ratio"])
def published_revenue_cost_ratio(revenue_cost_ratio):
    """Revenue of AI over the cost of its fleet, as outsiders learn of it a while later."""
    return revenue_cost_ratio


@quantity("1", time="state", lags={"published_revenue_cost_ratio": "returns_lag"})
def outside_money_share(year, forecast_start, funding_patience, lagged_published_revenue_cost_ratio):
    """Share of outside money that still comes: outsiders bear losses for some years, then follow returns."""
    required = np.minimum((year - forecast_start) / funding_patience, 1)
    asked = required > 0
    returned = np.minimum(lagged_published_revenue_cost_ratio, required)
    return np.where(asked, returned / np.where(asked, required, 1), 1)


@quantity("USD/year", time="rate", between="log", increasing=["outside_money_share", "investment_share_ceiling"])
def ai_funding(
    gross_world_product,
    investment_share_ceiling,
    outside_funding_share,
    outside_money_share,
    reinvestment_share,
    ai_revenue,
    starting_ai_revenue,
    starting_investment,
):
    """Money for AI: cash flow of other business and borrowing, and revenue, under a ceiling."""
    paid_from_outside = starting_investment - reinvestment_share * starting_ai_revenue
    outside = np.maximum(outside_funding_share * gross_world_product, paid_from_outside) * outside_money_share
    ceiling = np.maximum(investment_share_ceiling * gross_world_product, starting_investment)
    return np.minimum(ceiling, outside + reinvestment_share * ai_revenue)


@quantity("USD/year", time="rate", between="log", before="paid_investment", increasing=["trend_ai_investment"])
def wanted_investment(trend_ai_investment, ai_funding, limit_money):
    """World investment in AI that is wanted and funded."""
    return np.where(limit_money > 0, np.minimum(trend_ai_investment, ai_funding), trend_ai_investment)


@quantity("H100e/year", time="rate", between="log", before="paid_shipments", increasing=["wanted_investment"])
def wanted_shipments(wanted_investment, trend_investment_per_accelerator):
    """Accelerators a year that the wanted investment would buy without scarcity."""
    return wanted_investment / trend_investment_per_accelerator


@quantity("H100e/year", time="rate", increasing=["trend_ai_investment"])
def trend_accelerator_shipments(trend_ai_investment, trend_investment_per_accelerator):
    """Accelerators a year that the trend of investment buys."""
    return trend_ai_investment / trend_investment_per_accelerator
