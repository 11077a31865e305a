"""Where the fleet stands, what the diffusion rule allows, and where a site's power comes from."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity

FloatArray = NDArray[np.float64]


@quantity(
    "1", increasing=["nonally_capacity_limit"], decreasing=["us_siting_share", "allied_share_abroad", "diffusion_rule"]
)
def other_fleet_share(
    us_siting_share: FloatArray,
    allied_share_abroad: FloatArray,
    diffusion_rule: FloatArray,
    nonally_capacity_limit: FloatArray,
) -> FloatArray:
    """Share of the fleet in countries that are neither the US nor its allies.

    Parameters
    ----------
    us_siting_share : (sample,) array, 1
        Share in the US that owners choose without a rule.
    allied_share_abroad : (sample,) array, 1
        Share of allied countries in what is left.
    diffusion_rule : (sample,) array, 1
        0: no rule; 1: the caps of the AI diffusion rule hold.
    nonally_capacity_limit : (sample,) array, 1
        Largest share of a company's capacity in such countries under the rule.

    Returns
    -------
    (sample,) array, 1

    References
    ----------
    Bureau of Industry and Security, Framework for Artificial Intelligence Diffusion, 90 FR 4544 (2025).
    """
    chosen = (1 - us_siting_share) * (1 - allied_share_abroad)
    return np.where(diffusion_rule > 0, np.minimum(chosen, nonally_capacity_limit), chosen)


@quantity("1", increasing=["allied_share_abroad"], decreasing=["us_siting_share"])
def allied_fleet_share(us_siting_share: FloatArray, allied_share_abroad: FloatArray) -> FloatArray:
    """Share of the fleet in countries allied with the US.

    Parameters
    ----------
    us_siting_share : (sample,) array, 1
    allied_share_abroad : (sample,) array, 1

    Returns
    -------
    (sample,) array, 1
    """
    return (1 - us_siting_share) * allied_share_abroad


@quantity("1", decreasing=["allied_fleet_share", "other_fleet_share"])
def us_fleet_share(allied_fleet_share: FloatArray, other_fleet_share: FloatArray) -> FloatArray:
    """Share of the fleet in the US.

    Parameters
    ----------
    allied_fleet_share, other_fleet_share : (sample,) array, 1

    Returns
    -------
    (sample,) array, 1
        What is left: under the rule the US takes what other countries may not.
    """
    return 1 - allied_fleet_share - other_fleet_share


@quantity("GW", increasing=["fleet_power"], decreasing=["us_fleet_share"])
def foreign_fleet_power(fleet_power: FloatArray, us_fleet_share: FloatArray) -> FloatArray:
    """Power of the fleet outside the US.

    Parameters
    ----------
    fleet_power : (Y, sample) array, W
    us_fleet_share : (sample,) array, 1

    Returns
    -------
    (Y, sample) array, W
    """
    return fleet_power * (1 - us_fleet_share)


@quantity("GW", increasing=["malaysia_capacity"], decreasing=["malaysia_start_year", "malaysia_build_time"])
def malaysia_power(
    year: FloatArray,
    malaysia_capacity: FloatArray,
    malaysia_start_year: FloatArray,
    malaysia_build_time: FloatArray,
) -> FloatArray:
    """Data-centre power built in Malaysia.

    Parameters
    ----------
    year : (Y, 1) array, year
    malaysia_capacity : (sample,) array, W
        Reached at a steady pace.
    malaysia_start_year : (sample,) array, year
    malaysia_build_time : (sample,) array, year

    Returns
    -------
    (Y, sample) array, W
    """
    progress = (year - malaysia_start_year) / malaysia_build_time
    return malaysia_capacity * np.minimum(np.maximum(progress, 0), 1)


@quantity("GW", increasing=["gulf_capacity"], decreasing=["gulf_start_year", "gulf_build_time"])
def gulf_power(
    year: FloatArray, gulf_capacity: FloatArray, gulf_start_year: FloatArray, gulf_build_time: FloatArray
) -> FloatArray:
    """AI cluster power built in the Gulf states.

    Parameters
    ----------
    year : (Y, 1) array, year
    gulf_capacity : (sample,) array, W
        Reached at a steady pace.
    gulf_start_year : (sample,) array, year
    gulf_build_time : (sample,) array, year

    Returns
    -------
    (Y, sample) array, W
    """
    progress = (year - gulf_start_year) / gulf_build_time
    return gulf_capacity * np.minimum(np.maximum(progress, 0), 1)


@quantity("GW", increasing=["malaysia_power", "gulf_power"])
def capacity_abroad(malaysia_power: FloatArray, gulf_power: FloatArray) -> FloatArray:
    """Power of the announced build-outs in non-ally countries.

    Parameters
    ----------
    malaysia_power, gulf_power : (Y, sample) array, W

    Returns
    -------
    (Y, sample) array, W
    """
    return malaysia_power + gulf_power


@quantity(
    "H100e",
    increasing=["country_accelerator_limit", "exempt_order_size", "exempt_orders"],
    decreasing=["country_limit_period", "diffusion_rule_year"],
)
def country_allocation(
    year: FloatArray,
    country_accelerator_limit: FloatArray,
    country_limit_period: FloatArray,
    diffusion_rule_year: FloatArray,
    exempt_order_size: FloatArray,
    exempt_orders: FloatArray,
) -> FloatArray:
    """Accelerators that the diffusion rule lets one non-ally country buy.

    Parameters
    ----------
    year : (Y, 1) array, year
    country_accelerator_limit : (sample,) array, H100e
        Limit of one period, all of which may be bought at its start.
    country_limit_period : (sample,) array, year
        After the first period the limit grows at the same pace.
    diffusion_rule_year : (sample,) array, year
    exempt_order_size : (sample,) array, H100e
        Largest order that does not count.
    exempt_orders : (sample,) array, 1/year
        Such orders in a country.

    Returns
    -------
    (Y, sample) array, H100e
    """
    since = np.maximum(year - diffusion_rule_year, 0)
    counted = country_accelerator_limit * np.maximum(since / country_limit_period, 1)
    return counted + exempt_order_size * exempt_orders * since


@quantity("H100e", increasing=["installed_base", "company_fleet_share", "nonally_capacity_limit"])
def company_allocation(
    installed_base: FloatArray, company_fleet_share: FloatArray, nonally_capacity_limit: FloatArray
) -> FloatArray:
    """Accelerators that the diffusion rule lets the largest company place in a non-ally country.

    Parameters
    ----------
    installed_base : (Y, sample) array, H100e
    company_fleet_share : (sample,) array, 1
        Share of the installed base that the largest company owns.
    nonally_capacity_limit : (sample,) array, 1

    Returns
    -------
    (Y, sample) array, H100e
    """
    return nonally_capacity_limit * company_fleet_share * installed_base


@quantity(
    "1",
    increasing=["country_allocation", "facility_power_per_accelerator"],
    decreasing=["malaysia_capacity", "diffusion_rule"],
)
def malaysia_fillable_share(
    malaysia_capacity: FloatArray,
    facility_power_per_accelerator: FloatArray,
    country_allocation: FloatArray,
    diffusion_rule: FloatArray,
) -> FloatArray:
    """Share of Malaysia's announced capacity that may be filled with accelerators.

    Parameters
    ----------
    malaysia_capacity : (sample,) array, W
    facility_power_per_accelerator : (Y, sample) array, W/H100e
    country_allocation : (Y, sample) array, H100e
    diffusion_rule : (sample,) array, 1

    Returns
    -------
    (Y, sample) array, 1
    """
    allowed = np.minimum(country_allocation * facility_power_per_accelerator / malaysia_capacity, 1)
    return np.where(diffusion_rule > 0, allowed, 1)


@quantity("H100e", increasing=["training_cluster_size", "country_allocation", "company_allocation"])
def regulation_limited_cluster_size(
    year: FloatArray,
    training_cluster_size: FloatArray,
    country_allocation: FloatArray,
    company_allocation: FloatArray,
    diffusion_rule: FloatArray,
    diffusion_rule_year: FloatArray,
    cluster_region: FloatArray,
) -> FloatArray:
    """Largest cluster that regulation allows.

    Parameters
    ----------
    year : (Y, 1) array, year
    training_cluster_size : (Y, sample) array, H100e
        The trend, which stands where no rule applies, so that the limit is finite and never binds.
    country_allocation, company_allocation : (Y, sample) array, H100e
        A country's own purchases, a company's from abroad; the cluster is built by the larger.
    diffusion_rule : (sample,) array, 1
    diffusion_rule_year : (sample,) array, year
    cluster_region : (sample,) array, 1
        Where the largest cluster stands: 0 the US, 1 an allied country, 2 another country.

    Returns
    -------
    (Y, sample) array, H100e
    """
    applies = (diffusion_rule > 0) & (cluster_region > 1) & (year >= diffusion_rule_year)
    return np.where(applies, np.maximum(country_allocation, company_allocation), training_cluster_size)


@quantity("MW", increasing=["training_cluster_power", "storage_power_share"])
def storage_supply(training_cluster_power: FloatArray, storage_power_share: FloatArray) -> FloatArray:
    """Input power of the largest training cluster that storage covers.

    Parameters
    ----------
    training_cluster_power : (Y, sample) array, W
    storage_power_share : (sample,) array, 1

    Returns
    -------
    (Y, sample) array, W
    """
    return training_cluster_power * storage_power_share


@quantity("MW", increasing=["training_cluster_power", "onsite_gas_share"], decreasing=["storage_power_share"])
def onsite_gas_supply(
    training_cluster_power: FloatArray, storage_power_share: FloatArray, onsite_gas_share: FloatArray
) -> FloatArray:
    """Input power of the largest training cluster from gas generation on site.

    Parameters
    ----------
    training_cluster_power : (Y, sample) array, W
    storage_power_share : (sample,) array, 1
    onsite_gas_share : (sample,) array, 1
        Share of what storage leaves.

    Returns
    -------
    (Y, sample) array, W
    """
    return training_cluster_power * (1 - storage_power_share) * onsite_gas_share


@quantity("MW", increasing=["training_cluster_power"], decreasing=["storage_power_share", "onsite_gas_share"])
def grid_supply(
    training_cluster_power: FloatArray, storage_power_share: FloatArray, onsite_gas_share: FloatArray
) -> FloatArray:
    """Input power of the largest training cluster from the grid.

    Parameters
    ----------
    training_cluster_power : (Y, sample) array, W
    storage_power_share : (sample,) array, 1
    onsite_gas_share : (sample,) array, 1

    Returns
    -------
    (Y, sample) array, W
        With storage and on-site gas it makes up the input power.
    """
    return training_cluster_power * (1 - storage_power_share) * (1 - onsite_gas_share)
