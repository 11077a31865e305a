"""What AI costs its owners and when it has paid for itself: one cluster, an hour of an accelerator, the whole fleet."""

import numpy as np

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import compounded


@quantity("1/year", increasing=["cost_of_capital", "retirement_hazard"])
def capital_recovery(cost_of_capital, retirement_hazard):
    """Interest on an asset and its loss, a year."""
    return cost_of_capital + retirement_hazard


@quantity("USD/year", time="rate", increasing=["training_cluster_cost", "capital_recovery", "training_cluster_energy"])
def cluster_cost_of_ownership(
    training_cluster_cost, capital_recovery, operating_cost_share, training_cluster_energy, electricity_price
):
    """Cost of owning the largest training cluster: capital, operation and electricity."""
    capital = training_cluster_cost * (capital_recovery + operating_cost_share)
    return capital + training_cluster_energy * electricity_price


@quantity("USD/H100e/hour", time="state", increasing=["cluster_cost_per_accelerator"], decreasing=["running_share"])
def compute_cost(
    cluster_cost_per_accelerator,
    capital_recovery,
    operating_cost_share,
    facility_power_per_accelerator,
    load_factor,
    electricity_price,
    running_share,
):
    """Cost of an accelerator for an hour in which it runs, to be held against rents."""
    capital = cluster_cost_per_accelerator * (capital_recovery + operating_cost_share)
    electricity = facility_power_per_accelerator * load_factor * electricity_price
    return (capital + electricity) / running_share


@quantity("USD/year", time="rate", increasing=["fleet_value", "capital_recovery", "fleet_energy"])
def fleet_cost_of_ownership(fleet_value, capital_recovery, operating_cost_share, fleet_energy, electricity_price):
    """Cost of owning the world's fleet: capital, operation and electricity."""
    return fleet_value * (capital_recovery + operating_cost_share) + fleet_energy * electricity_price


@quantity("1", positive=True, time="state", increasing=["ai_revenue"], decreasing=["fleet_cost_of_ownership"])
def revenue_cost_ratio(ai_revenue, fleet_cost_of_ownership):
    """Revenue of AI over the cost of owning its fleet: below 1 the build-out does not pay for itself."""
    return ai_revenue / fleet_cost_of_ownership


@quantity("1", time="state", increasing=["free_margin"])
def cumulative_payback(free_margin, cumulative_revenue, cumulative_investment):
    """Margin on all revenue of AI so far per dollar invested so far."""
    return free_margin * cumulative_revenue / cumulative_investment


@quantity("year", time="state", infinite=True)
def cluster_payback_time(
    training_cluster_cost, leading_lab_revenue, revenue_growth_rate, leading_lab_revenue_ceiling, free_margin
):
    """Time in which the largest laboratory's margin repays the largest training cluster; infinite without a margin."""
    # The integral of a logistic path with growth g from revenue R to the ceiling C over T is
    # C / g log(1 + R / C (exp(g T) - 1)); this is its inverse, with revenue growing from the date of the cluster.
    paying = free_margin > 0
    margin = np.where(paying, free_margin, 1)
    progress = revenue_growth_rate * training_cluster_cost / (margin * leading_lab_revenue_ceiling)
    head = leading_lab_revenue_ceiling / leading_lab_revenue
    soon = np.log1p(head * np.expm1(np.minimum(progress, 1)))
    # exp(progress) overflows where the ceiling is low: taken out of the logarithm.
    late = progress + np.log(np.exp(-progress) - head * np.expm1(-progress))
    time = np.where(progress < 1, soon, late) / revenue_growth_rate
    return time * np.where(paying, 1, np.inf)


@quantity("year", time="state", increasing=["cluster_payback_time"], infinite=True)
def cluster_payback_year(year, cluster_payback_time):
    """Date at which the largest training cluster of a date is paid off."""
    return year + cluster_payback_time


@quantity("1", time="state", increasing=["free_margin"])
def cluster_payback_ratio(
    training_cluster_cost,
    leading_lab_revenue,
    revenue_growth_rate,
    leading_lab_revenue_ceiling,
    free_margin,
    payback_horizon,
):
    """Margin of the largest laboratory over the life of the accelerators per dollar of the largest training cluster."""
    growth = np.expm1(revenue_growth_rate * payback_horizon)
    filled = np.log1p(leading_lab_revenue / leading_lab_revenue_ceiling * growth)
    return free_margin * leading_lab_revenue_ceiling / revenue_growth_rate * filled / training_cluster_cost


@quantity(
    "USD/year", positive=False, time="rate", increasing=["spender_base_cash_flow"], decreasing=["spender_base_year"]
)
def spender_funds(
    year, spender_base_cash_flow, spender_base_year, spender_cash_flow_doubling_time, free_margin, big_tech_ai_revenue
):
    """Funds a year of the largest spender: cash flow of its other business and margin on AI."""
    doublings = (year - spender_base_year) / spender_cash_flow_doubling_time
    return spender_base_cash_flow * np.exp2(doublings) + free_margin * big_tech_ai_revenue


@quantity("USD", positive=False, time="state", increasing=["spender_funds"])
def affordable_cluster_cost(spender_funds, cluster_budget_share, cluster_funding_time, borrowing_time):
    """Cost of the largest cluster that the largest spender could fund alone; it limits nothing."""
    return cluster_budget_share * spender_funds * (cluster_funding_time + borrowing_time)


@quantity("USD/year", time="rate", increasing=["us_gdp_2024"])
def us_gdp(year, us_gdp_base_year, us_gdp_2024, us_gdp_growth, accounting_period):
    """Gross domestic product of the United States."""
    return compounded(us_gdp_2024, us_gdp_growth, year - us_gdp_base_year, accounting_period)


@quantity("1", positive=True, time="state", increasing=["ai_investment"], decreasing=["us_gdp"])
def investment_gdp_share(ai_investment, us_gdp):
    """World investment in AI as a share of the product of the United States."""
    return ai_investment / us_gdp


@quantity("1", positive=True, time="state", increasing=["ai_investment"], decreasing=["gross_world_product"])
def investment_product_share(ai_investment, gross_world_product):
    """World investment in AI as a share of the world's product."""
    return ai_investment / gross_world_product
