"""Power that one training cluster can obtain: spare capacity and additions, each after its lead time."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity

FloatArray = NDArray[np.float64]


def _added(rate: FloatArray, year: FloatArray, order_year: FloatArray, lead_time: FloatArray) -> FloatArray:
    """Return what a steady rate of orders from `order_year` has delivered by `year`."""
    return rate * np.maximum(year - order_year - lead_time, 0)


@quantity("year", increasing=["gas_plant_build_time", "turbine_lead_time"])
def gas_power_lead_time(gas_plant_build_time: FloatArray, turbine_lead_time: FloatArray) -> FloatArray:
    """Lead time of a gas plant.

    Parameters
    ----------
    gas_plant_build_time, turbine_lead_time : (sample,) array, year
        The site is built while the turbine is on order.

    Returns
    -------
    (sample,) array, year
        The longer of the two.
    """
    return np.maximum(gas_plant_build_time, turbine_lead_time)


@quantity("GW", increasing=["gas_power_additions"], decreasing=["power_order_year", "gas_power_lead_time"])
def gas_power_added(
    year: FloatArray, gas_power_additions: FloatArray, power_order_year: FloatArray, gas_power_lead_time: FloatArray
) -> FloatArray:
    """Gas plants built for AI since the orders began.

    Parameters
    ----------
    year : (Y, 1) array, year
    gas_power_additions : (sample,) array, W/year
    power_order_year : (sample,) array, year
        Year in which orders for AI begin.
    gas_power_lead_time : (sample,) array, year

    Returns
    -------
    (Y, sample) array, W
    """
    return _added(gas_power_additions, year, power_order_year, gas_power_lead_time)


@quantity("GW", increasing=["generator_additions"], decreasing=["power_order_year", "generator_lead_time"])
def generator_power_added(
    year: FloatArray, generator_additions: FloatArray, power_order_year: FloatArray, generator_lead_time: FloatArray
) -> FloatArray:
    """On-site generators and mobile turbines set up for AI since the orders began.

    Parameters
    ----------
    year : (Y, 1) array, year
    generator_additions : (sample,) array, W/year
    power_order_year : (sample,) array, year
    generator_lead_time : (sample,) array, year

    Returns
    -------
    (Y, sample) array, W
    """
    return _added(generator_additions, year, power_order_year, generator_lead_time)


@quantity("GW", increasing=["nuclear_power_additions"], decreasing=["power_order_year", "nuclear_build_time"])
def nuclear_power_added(
    year: FloatArray, nuclear_power_additions: FloatArray, power_order_year: FloatArray, nuclear_build_time: FloatArray
) -> FloatArray:
    """Nuclear plants built for AI since the orders began.

    Parameters
    ----------
    year : (Y, 1) array, year
    nuclear_power_additions : (sample,) array, W/year
    power_order_year : (sample,) array, year
    nuclear_build_time : (sample,) array, year

    Returns
    -------
    (Y, sample) array, W
    """
    return _added(nuclear_power_additions, year, power_order_year, nuclear_build_time)


@quantity("GW", increasing=["grid_power_additions"], decreasing=["power_order_year", "grid_connection_time"])
def grid_power_added(
    year: FloatArray, grid_power_additions: FloatArray, power_order_year: FloatArray, grid_connection_time: FloatArray
) -> FloatArray:
    """Power that the grid connects for AI since the orders began.

    Parameters
    ----------
    year : (Y, 1) array, year
    grid_power_additions : (sample,) array, W/year
    power_order_year : (sample,) array, year
    grid_connection_time : (sample,) array, year

    Returns
    -------
    (Y, sample) array, W
    """
    return _added(grid_power_additions, year, power_order_year, grid_connection_time)


@quantity(
    "GW",
    increasing=[
        "spare_power",
        "gas_power_added",
        "generator_power_added",
        "nuclear_power_added",
        "grid_power_added",
        "cluster_power_share",
    ],
)
def obtainable_power(
    spare_power: FloatArray,
    gas_power_added: FloatArray,
    generator_power_added: FloatArray,
    nuclear_power_added: FloatArray,
    grid_power_added: FloatArray,
    cluster_power_share: FloatArray,
) -> FloatArray:
    """Power that the owner of one cluster can contract, at however many sites.

    Parameters
    ----------
    spare_power : (sample,) array, W
        Spare capacity when the orders began.
    gas_power_added, generator_power_added, nuclear_power_added, grid_power_added : (Y, sample) array, W
    cluster_power_share : (sample,) array, 1
        Share of all that is available to AI that one cluster can claim.

    Returns
    -------
    (Y, sample) array, W
    """
    added = gas_power_added + generator_power_added + nuclear_power_added + grid_power_added
    return cluster_power_share * (spare_power + added)


@quantity("GW", increasing=["site_power_limit", "site_structure", "number_of_sites"])
def site_power(site_power_limit: FloatArray, site_structure: FloatArray, number_of_sites: FloatArray) -> FloatArray:
    """Power that the sites of one cluster can carry.

    Parameters
    ----------
    site_power_limit : (sample,) array, W
        What transmission, pipelines and land carry at one site.
    site_structure : (sample,) array, 1
        0: the cluster stands at one site; 1: it trains across several.
    number_of_sites : (sample,) array, 1
        Sites of a distributed cluster.

    Returns
    -------
    (sample,) array, W

    References
    ----------
    Aschenbrenner, Situational Awareness (2024), IIIa, note 2.
    """
    return site_power_limit * np.where(site_structure > 0, number_of_sites, 1)


@quantity("GW", increasing=["obtainable_power", "site_power"])
def available_power(obtainable_power: FloatArray, site_power: FloatArray) -> FloatArray:
    """Power available to the largest training cluster.

    Parameters
    ----------
    obtainable_power : (Y, sample) array, W
    site_power : (sample,) array, W

    Returns
    -------
    (Y, sample) array, W
        The smaller of what can be contracted and what the sites can carry.

    References
    ----------
    Aschenbrenner, Situational Awareness (2024), IIIa, Power.
    """
    return np.minimum(obtainable_power, site_power)
