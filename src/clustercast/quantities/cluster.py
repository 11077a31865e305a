"""The largest training cluster: its trend, the limits on it, its size, power and cost."""

import numpy as np

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import compounded, integrated_growth, wandering

LIMITS = ("trend", "power", "logic chips", "packaging", "memory", "money", "regulation", "fleet", "site")
_REGULATION = np.int8(LIMITS.index("regulation"))
_FLEET, _SITE = np.int8(LIMITS.index("fleet")), np.int8(LIMITS.index("site"))


@quantity("H100e", increasing=["initial_cluster_chips"], decreasing=["chip_performance_ratio"])
def initial_cluster_size(initial_cluster_chips, chip_performance_ratio):
    """Size of the cluster that the trend starts from."""
    return initial_cluster_chips / chip_performance_ratio


@quantity("H100e", time="state", between="log", increasing=["initial_cluster_size"])
def trend_training_cluster_size(
    year,
    cluster_start_year,
    initial_cluster_size,
    cluster_growth_rate,
    cluster_growth_slowdown,
    earlier_cluster_growth_rate,
    cluster_growth_volatility,
    cluster_growth_shock_1,
    cluster_growth_shock_2,
    growth_horizon,
):
    """Size of the largest training cluster on its trend [SA IIIa, table 1]."""
    time = year - cluster_start_year
    grown = integrated_growth(cluster_growth_rate, cluster_growth_slowdown, earlier_cluster_growth_rate, time)
    shocks = cluster_growth_shock_1, cluster_growth_shock_2
    wandered = wandering(cluster_growth_volatility, *shocks, time, growth_horizon)
    return initial_cluster_size * np.exp(np.log(10) * (grown + wandered))


@quantity("W", time="state", increasing=["trend_training_cluster_size", "site_power_per_accelerator"])
def trend_training_cluster_power(trend_training_cluster_size, site_power_per_accelerator):
    """Peak power of the largest training cluster on its trend."""
    return trend_training_cluster_size * site_power_per_accelerator


@quantity("USD", time="state", increasing=["trend_training_cluster_size", "trend_cluster_cost_per_accelerator"])
def trend_training_cluster_cost(trend_training_cluster_size, trend_cluster_cost_per_accelerator):
    """Cost of the largest training cluster on its trend."""
    return trend_training_cluster_size * trend_cluster_cost_per_accelerator


@quantity("H100e", time="state", increasing=["cluster_fleet_share_limit", "installed_base"])
def fleet_limited_cluster_size(cluster_fleet_share_limit, installed_base):
    """Largest cluster that the world's installed accelerators can make up."""
    return cluster_fleet_share_limit * installed_base


@quantity("GW", time="state", increasing=["site_power_limit", "site_power_growth", "number_of_sites"])
def available_power(year, forecast_start, site_power_limit, site_power_growth, number_of_sites, accounting_period):
    """Power that the sites of one cluster can carry."""
    time = np.maximum(year - forecast_start, 0)
    return compounded(site_power_limit * number_of_sites, site_power_growth, time, accounting_period)


@quantity("H100e", time="state", increasing=["available_power"], decreasing=["site_power_per_accelerator"])
def site_limited_cluster_size(available_power, site_power_per_accelerator):
    """Largest cluster that the power of its sites runs."""
    return available_power / site_power_per_accelerator


@quantity("H100e", time="state", increasing=["fleet_limited_cluster_size", "site_limited_cluster_size"])
def feasible_cluster_size(fleet_limited_cluster_size, site_limited_cluster_size, regulation_limited_cluster_size):
    """Largest cluster that every limit allows, whether it acts or not."""
    physical = np.minimum(fleet_limited_cluster_size, site_limited_cluster_size)
    return np.minimum(physical, regulation_limited_cluster_size)


@quantity("H100e", time="state", between="log", increasing=["trend_training_cluster_size"])
def limited_cluster_size(
    year,
    forecast_start,
    trend_training_cluster_size,
    fleet_limited_cluster_size,
    site_limited_cluster_size,
    regulation_limited_cluster_size,
    limit_fleet,
    limit_site,
):
    """Largest cluster that would be built if none stood: the least of the trend and the limits that act."""
    acts = year >= forecast_start
    trend = trend_training_cluster_size
    ruled = np.where(acts, np.minimum(trend, regulation_limited_cluster_size), trend)
    shared = np.where(acts & (limit_fleet > 0), np.minimum(ruled, fleet_limited_cluster_size), ruled)
    return np.where(acts & (limit_site > 0), np.minimum(shared, site_limited_cluster_size), shared)


def _standing(built, stood, kept, stays):
    """Return what stands: nothing is torn down unless the fleet around it goes, and what is gone stays gone."""
    return np.where(stays > 0, np.maximum(built, np.minimum(stood, kept)), built)


@quantity("H100e", time="state", increasing=["limited_cluster_size"])
def initial_training_cluster_size(
    limited_cluster_size, trend_training_cluster_size, standing_fleet_share, installed_base, existing_sites_stay
):
    """Size of the largest training cluster at the start of the forecast, up to which the trend was built."""
    kept = standing_fleet_share * installed_base
    return _standing(limited_cluster_size, trend_training_cluster_size, kept, existing_sites_stay)


@quantity("H100e", time="state", between="log", before="trend_training_cluster_size")
def training_cluster_size(
    limited_cluster_size, previous_training_cluster_size, standing_fleet_share, installed_base, existing_sites_stay
):
    """Size of the largest training cluster [SA IIIa, table 1]."""
    kept = standing_fleet_share * installed_base
    return _standing(limited_cluster_size, previous_training_cluster_size, kept, existing_sites_stay)


@quantity("W", time="state", increasing=["limited_cluster_size"])
def initial_training_cluster_power(
    limited_cluster_size,
    site_power_per_accelerator,
    trend_training_cluster_power,
    standing_fleet_share,
    fleet_power,
    existing_sites_stay,
):
    """Power of the largest training cluster at the start of the forecast, up to which the trend was built."""
    built = limited_cluster_size * site_power_per_accelerator
    return _standing(built, trend_training_cluster_power, standing_fleet_share * fleet_power, existing_sites_stay)


@quantity("W", time="state", between="log", before="trend_training_cluster_power", increasing=["limited_cluster_size"])
def training_cluster_power(
    limited_cluster_size,
    site_power_per_accelerator,
    previous_training_cluster_power,
    standing_fleet_share,
    fleet_power,
    existing_sites_stay,
):
    """Peak power of the largest training cluster at the meter, where an energised site stays [SA IIIa, table 1]."""
    built = limited_cluster_size * site_power_per_accelerator
    return _standing(built, previous_training_cluster_power, standing_fleet_share * fleet_power, existing_sites_stay)


@quantity("USD", time="state", increasing=["training_cluster_size", "cluster_cost_per_accelerator"])
def training_cluster_cost(training_cluster_size, cluster_cost_per_accelerator):
    """Cost of replacing the largest training cluster [SA IIIa, table 1]."""
    return training_cluster_size * cluster_cost_per_accelerator


@quantity("1", time="state", between="previous", before=0, labels=LIMITS)
def binding_constraint(
    limited_cluster_size,
    trend_training_cluster_size,
    fleet_limited_cluster_size,
    site_limited_cluster_size,
    supply_constraint,
    limit_fleet,
    limit_site,
):
    """Limit that binds the largest training cluster; where it is the fleet, what binds the shipments behind it."""
    limited = limited_cluster_size < trend_training_cluster_size
    by_fleet = limited & (limit_fleet > 0) & (fleet_limited_cluster_size <= limited_cluster_size)
    by_site = limited & ~by_fleet & (limit_site > 0) & (site_limited_cluster_size <= limited_cluster_size)
    by_rule = limited & ~by_fleet & ~by_site
    by_itself = by_fleet & (supply_constraint == 0)
    behind = supply_constraint * by_fleet + _FLEET * by_itself
    return behind + _SITE * by_site + _REGULATION * by_rule


@quantity("OOM", time="state", increasing=["trend_training_cluster_size"], decreasing=["training_cluster_size"])
def shortfall(trend_training_cluster_size, training_cluster_size):
    """Orders of magnitude by which the limits hold the largest training cluster below its trend."""
    return np.maximum(np.log10(trend_training_cluster_size / training_cluster_size), 0)


@quantity("1", positive=True, time="state", increasing=["training_cluster_size"], decreasing=["installed_base"])
def largest_cluster_fleet_share(training_cluster_size, installed_base):
    """Largest cluster as a share of the world's accelerators."""
    return training_cluster_size / installed_base


@quantity("1", positive=True, time="state", increasing=["training_cluster_size"], decreasing=["accelerator_shipments"])
def largest_cluster_shipment_share(training_cluster_size, accelerator_shipments, accounting_period):
    """Largest cluster as a share of a year's shipments."""
    return training_cluster_size / (accelerator_shipments * accounting_period)


@quantity("1", positive=True, time="state", increasing=["training_cluster_cost"], decreasing=["ai_investment"])
def largest_cluster_investment_share(training_cluster_cost, ai_investment, accounting_period):
    """Cost of the largest cluster as a share of a year's world investment."""
    return training_cluster_cost / (ai_investment * accounting_period)
