"""Natural gas for the new power: demand, wells, rigs, drilling time and the capital cost of the plants.

The essay converts gas to electricity with three efficiencies in one section. Here it is one
input, `gas_electricity_yield`, whose prior spans them.
"""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity

FloatArray = NDArray[np.float64]


@quantity(
    "ft3/day",
    increasing=["training_cluster_power", "load_factor", "gas_power_share"],
    decreasing=["gas_electricity_yield"],
)
def gas_demand(
    training_cluster_power: FloatArray,
    load_factor: FloatArray,
    gas_power_share: FloatArray,
    gas_electricity_yield: FloatArray,
) -> FloatArray:
    """Gas demand of the largest training cluster.

    Parameters
    ----------
    training_cluster_power : (Y, sample) array, W
    load_factor : (sample,) array, 1
    gas_power_share : (sample,) array, 1
        Share of the electricity that new gas plants make.
    gas_electricity_yield : (sample,) array, W*year/ft3
        Electricity from a cubic foot of gas.

    Returns
    -------
    (Y, sample) array, ft3/year

    References
    ----------
    Aschenbrenner, Situational Awareness (2024), IIIa, Power and notes 16 to 19.

    Examples
    --------
    >>> round(float(gas_demand(100e9, 1.0, 1.0, 0.13e3 / 8760)) / 365 / 1e9, 2)
    18.46
    """
    return training_cluster_power * load_factor * gas_power_share / gas_electricity_yield


@quantity("ft3/day", increasing=["fleet_power", "load_factor", "gas_power_share"], decreasing=["gas_electricity_yield"])
def fleet_gas_demand(
    fleet_power: FloatArray, load_factor: FloatArray, gas_power_share: FloatArray, gas_electricity_yield: FloatArray
) -> FloatArray:
    """Gas demand of the whole fleet.

    Parameters
    ----------
    fleet_power : (Y, sample) array, W
    load_factor : (sample,) array, 1
    gas_power_share : (sample,) array, 1
    gas_electricity_yield : (sample,) array, W*year/ft3

    Returns
    -------
    (Y, sample) array, ft3/year
    """
    return fleet_power * load_factor * gas_power_share / gas_electricity_yield


@quantity(
    "ft3/day", increasing=["shipment_power", "load_factor", "gas_power_share"], decreasing=["gas_electricity_yield"]
)
def added_gas_demand(
    shipment_power: FloatArray,
    accounting_period: FloatArray,
    load_factor: FloatArray,
    gas_power_share: FloatArray,
    gas_electricity_yield: FloatArray,
) -> FloatArray:
    """Gas demand of what the fleet adds in the year.

    Parameters
    ----------
    shipment_power : (Y, sample) array, W/year
    accounting_period : () array, year
    load_factor : (sample,) array, 1
    gas_power_share : (sample,) array, 1
    gas_electricity_yield : (sample,) array, W*year/ft3

    Returns
    -------
    (Y, sample) array, ft3/year
    """
    return shipment_power * accounting_period * load_factor * gas_power_share / gas_electricity_yield


@quantity("1", increasing=["gas_demand"], decreasing=["us_gas_production"])
def gas_production_share(gas_demand: FloatArray, us_gas_production: FloatArray) -> FloatArray:
    """Gas demand of the largest training cluster over US gas production.

    Parameters
    ----------
    gas_demand : (Y, sample) array, ft3/year
    us_gas_production : (sample,) array, ft3/year

    Returns
    -------
    (Y, sample) array, 1
    """
    return gas_demand / us_gas_production


@quantity("GW", increasing=["basin_gas_production", "gas_electricity_yield"])
def basin_power(basin_gas_production: FloatArray, gas_electricity_yield: FloatArray) -> FloatArray:
    """Power that the whole output of the Marcellus and Utica basin would give.

    Parameters
    ----------
    basin_gas_production : (sample,) array, ft3/year
    gas_electricity_yield : (sample,) array, W*year/ft3

    Returns
    -------
    (sample,) array, W
    """
    return basin_gas_production * gas_electricity_yield


@quantity("TWh/year", increasing=["shale_gas_growth", "gas_electricity_yield"])
def shale_electricity(shale_gas_growth: FloatArray, gas_electricity_yield: FloatArray) -> FloatArray:
    """Electricity from another doubling of US shale gas.

    Parameters
    ----------
    shale_gas_growth : (sample,) array, ft3/year
        Production added; the essay takes as much again as in 2020.
    gas_electricity_yield : (sample,) array, W*year/ft3

    Returns
    -------
    (sample,) array, W
    """
    return shale_gas_growth * gas_electricity_yield


@quantity("1", increasing=["shale_electricity"], decreasing=["training_cluster_power", "load_factor"])
def shale_clusters(
    shale_electricity: FloatArray, training_cluster_power: FloatArray, load_factor: FloatArray
) -> FloatArray:
    """Largest training clusters that another doubling of US shale gas could power.

    Parameters
    ----------
    shale_electricity : (sample,) array, W
    training_cluster_power : (Y, sample) array, W
    load_factor : (sample,) array, 1

    Returns
    -------
    (Y, sample) array, 1
    """
    return shale_electricity / (training_cluster_power * load_factor)


@quantity("well", increasing=["gas_demand"], decreasing=["well_production"])
def gas_wells_required(gas_demand: FloatArray, well_production: FloatArray) -> FloatArray:
    """Gas wells to be drilled for the largest training cluster.

    Parameters
    ----------
    gas_demand : (Y, sample) array, ft3/year
    well_production : (sample,) array, ft3/year/well
        Production of a new well.

    Returns
    -------
    (Y, sample) array, well
    """
    return gas_demand / well_production


@quantity("month", increasing=["gas_wells_required"], decreasing=["drilling_rigs", "wells_per_rig"])
def drilling_time(gas_wells_required: FloatArray, drilling_rigs: FloatArray, wells_per_rig: FloatArray) -> FloatArray:
    """Time to drill the wells for the largest training cluster.

    Parameters
    ----------
    gas_wells_required : (Y, sample) array, well
    drilling_rigs : (sample,) array, rig
    wells_per_rig : (sample,) array, well/rig/year
        Wells that one rig drills in a time.

    Returns
    -------
    (Y, sample) array, year
    """
    return gas_wells_required / (drilling_rigs * wells_per_rig)


@quantity("1/year", increasing=["well_production"], decreasing=["well_lifetime_production"])
def well_decline_rate(well_production: FloatArray, well_lifetime_production: FloatArray) -> FloatArray:
    """Decline rate of a gas well.

    Parameters
    ----------
    well_production : (sample,) array, ft3/year/well
    well_lifetime_production : (sample,) array, ft3/well

    Returns
    -------
    (sample,) array, 1/year
        Rate of the exponential decline that starts at the first figure and adds up to the second.
    """
    return well_production / well_lifetime_production


@quantity("well/month", increasing=["gas_demand"], decreasing=["well_lifetime_production"])
def replacement_wells(gas_demand: FloatArray, well_lifetime_production: FloatArray) -> FloatArray:
    """Wells that replace depleted ones under the largest training cluster.

    Parameters
    ----------
    gas_demand : (Y, sample) array, ft3/year
    well_lifetime_production : (sample,) array, ft3/well

    Returns
    -------
    (Y, sample) array, well/year
    """
    return gas_demand / well_lifetime_production


@quantity("rig", increasing=["replacement_wells"], decreasing=["wells_per_rig"])
def replacement_rigs(replacement_wells: FloatArray, wells_per_rig: FloatArray) -> FloatArray:
    """Rigs that drill the replacement wells.

    Parameters
    ----------
    replacement_wells : (Y, sample) array, well/year
    wells_per_rig : (sample,) array, well/rig/year

    Returns
    -------
    (Y, sample) array, rig
    """
    return replacement_wells / wells_per_rig


@quantity("USD", increasing=["training_cluster_power", "gas_power_share", "gas_plant_cost"])
def power_plant_capex(
    training_cluster_power: FloatArray, gas_power_share: FloatArray, gas_plant_cost: FloatArray
) -> FloatArray:
    """Capital cost of the gas plants for the largest training cluster.

    Parameters
    ----------
    training_cluster_power : (Y, sample) array, W
        Plants are built for the peak, so the load factor does not enter.
    gas_power_share : (sample,) array, 1
    gas_plant_cost : (sample,) array, USD/W

    Returns
    -------
    (Y, sample) array, USD
    """
    return training_cluster_power * gas_power_share * gas_plant_cost
