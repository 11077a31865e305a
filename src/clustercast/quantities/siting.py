"""Where the fleet stands, what the diffusion rule allows, and what is built abroad."""

import numpy as np

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import ramped


@quantity("1", increasing=["nonally_capacity_limit"], decreasing=["us_siting_share", "allied_share_abroad"])
def other_fleet_share(us_siting_share, allied_share_abroad, diffusion_rule, nonally_capacity_limit):
    """Share of the fleet in countries that are neither the United States nor its allies [90 FR 4544, 2025]."""
    chosen = (1 - us_siting_share) * (1 - allied_share_abroad)
    return np.where(diffusion_rule > 0, np.minimum(chosen, nonally_capacity_limit), chosen)


@quantity("1", increasing=["allied_share_abroad"], decreasing=["us_siting_share"])
def allied_fleet_share(us_siting_share, allied_share_abroad):
    """Share of the fleet in countries allied with the United States."""
    return (1 - us_siting_share) * allied_share_abroad


@quantity("1", decreasing=["allied_fleet_share", "other_fleet_share"])
def us_fleet_share(allied_fleet_share, other_fleet_share):
    """Share of the fleet in the United States, which takes what other countries may not."""
    return 1 - allied_fleet_share - other_fleet_share


@quantity("1", increasing=["china_share_of_other", "other_fleet_share"])
def china_fleet_share(china_share_of_other, other_fleet_share):
    """Share of the fleet in China."""
    return china_share_of_other * other_fleet_share


@quantity("GW", time="state", increasing=["fleet_power"], decreasing=["us_fleet_share"])
def foreign_fleet_power(fleet_power, us_fleet_share):
    """Power of the fleet outside the United States."""
    return fleet_power * (1 - us_fleet_share)


@quantity("GW", positive=False, time="state", increasing=["malaysia_capacity"], decreasing=["malaysia_start_year"])
def malaysia_power(year, malaysia_capacity, malaysia_start_year, malaysia_build_time):
    """Power of data centres built in Malaysia."""
    return ramped(malaysia_capacity, year, malaysia_start_year, malaysia_build_time)


@quantity(
    "GW", positive=False, time="state", increasing=["gulf_capacity"], decreasing=["gulf_start_year", "gulf_build_time"]
)
def gulf_power(year, gulf_capacity, gulf_start_year, gulf_build_time):
    """Power of AI clusters built in the Gulf states."""
    return ramped(gulf_capacity, year, gulf_start_year, gulf_build_time)


@quantity("GW", positive=False, time="state", increasing=["malaysia_power", "gulf_power"])
def capacity_abroad(malaysia_power, gulf_power):
    """Power of the announced build-outs in countries that are no allies."""
    return malaysia_power + gulf_power


@quantity("H100e", time="state", increasing=["country_accelerator_limit"], decreasing=["country_limit_period"])
def country_allocation(
    year, country_accelerator_limit, country_limit_period, diffusion_rule_year, exempt_order_size, exempt_orders
):
    """Accelerators that the diffusion rule lets one country that is no ally buy."""
    # The limit of the first period may be bought at its start; after it the limit grows at the same pace.
    since = np.maximum(year - diffusion_rule_year, 0)
    counted = country_accelerator_limit * np.maximum(since / country_limit_period, 1)
    return counted + exempt_order_size * exempt_orders * since


@quantity("H100e", time="state", increasing=["installed_base", "company_fleet_share", "nonally_capacity_limit"])
def company_allocation(installed_base, company_fleet_share, nonally_capacity_limit):
    """Accelerators that the diffusion rule lets the largest company place in a country that is no ally."""
    return nonally_capacity_limit * company_fleet_share * installed_base


@quantity("1", time="state", increasing=["country_allocation"], decreasing=["malaysia_capacity"])
def malaysia_fillable_share(malaysia_capacity, facility_power_per_accelerator, country_allocation, diffusion_rule):
    """Share of Malaysia's announced capacity that may be filled with accelerators."""
    allowed = np.minimum(country_allocation * facility_power_per_accelerator / malaysia_capacity, 1)
    return np.where(diffusion_rule > 0, allowed, 1)


@quantity("H100e", time="state", increasing=["trend_training_cluster_size", "country_allocation", "company_allocation"])
def regulation_limited_cluster_size(
    year,
    trend_training_cluster_size,
    country_allocation,
    company_allocation,
    diffusion_rule,
    diffusion_rule_year,
    cluster_region,
):
    """Largest cluster that regulation allows; the trend where no rule applies."""
    # Regions: 0 the United States, 1 an allied country, 2 another one, where the larger of both buyers builds.
    applies = (diffusion_rule > 0) & (cluster_region > 1) & (year >= diffusion_rule_year)
    return np.where(applies, np.maximum(country_allocation, company_allocation), trend_training_cluster_size)
