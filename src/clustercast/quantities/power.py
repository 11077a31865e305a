"""Power of the largest training cluster, from the chip to the meter of the facility."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import compound_growth

FloatArray = NDArray[np.float64]


@quantity("1", increasing=["flop_per_watt_growth"])
def flop_per_watt_gain(
    year: FloatArray, power_base_year: FloatArray, flop_per_watt_growth: FloatArray, accounting_period: FloatArray
) -> FloatArray:
    """Gain in operations per joule since the base year.

    Parameters
    ----------
    year : array (year, 1), year
    power_base_year : array (sample,), year
        Year whose power per accelerator is given; before it there is no gain.
    flop_per_watt_growth : array (sample,), 1/year
    accounting_period : array (), year
        Time in which the growth compounds once.

    Returns
    -------
    array (year, sample), 1
    """
    since_base = np.maximum(year, power_base_year) - power_base_year
    return compound_growth(1, 1 + flop_per_watt_growth * accounting_period, since_base / accounting_period)


@quantity("W/H100e", increasing=["chip_power", "server_overhead"], decreasing=["flop_per_watt_gain"])
def server_power_per_accelerator(
    chip_power: FloatArray, server_overhead: FloatArray, flop_per_watt_gain: FloatArray
) -> FloatArray:
    """Power delivered to the machines per accelerator.

    Parameters
    ----------
    chip_power : array (sample,), W/H100e
        Power of the accelerator alone, in the base year.
    server_overhead : array (sample,), 1
        Power of the machine room (processors, network, storage) over that of its accelerators.
    flop_per_watt_gain : array (year, sample), 1

    Returns
    -------
    array (year, sample), W/H100e
    """
    return chip_power * server_overhead / flop_per_watt_gain


@quantity("W/H100e", increasing=["server_power_per_accelerator", "power_usage_effectiveness"])
def facility_power_per_accelerator(
    server_power_per_accelerator: FloatArray, power_usage_effectiveness: FloatArray
) -> FloatArray:
    """Facility power per accelerator.

    Parameters
    ----------
    server_power_per_accelerator : array (year, sample), W/H100e
    power_usage_effectiveness : array (sample,), 1
        Power that enters the facility over power delivered to the machines.

    Returns
    -------
    array (year, sample), W/H100e
    """
    return server_power_per_accelerator * power_usage_effectiveness


@quantity("W", increasing=["training_cluster_size", "facility_power_per_accelerator"])
def training_cluster_power(training_cluster_size: FloatArray, facility_power_per_accelerator: FloatArray) -> FloatArray:
    """Power of the largest training cluster.

    Parameters
    ----------
    training_cluster_size : array (year, sample), H100e
    facility_power_per_accelerator : array (year, sample), W/H100e

    Returns
    -------
    array (year, sample), W
        What enters the facility.

    References
    ----------
    Aschenbrenner, Situational Awareness IIIa (2024), first table.
    """
    return training_cluster_size * facility_power_per_accelerator


@quantity("W", increasing=["training_cluster_power"], decreasing=["power_usage_effectiveness"])
def power_delivered_to_chips(training_cluster_power: FloatArray, power_usage_effectiveness: FloatArray) -> FloatArray:
    """Power delivered to the cluster's chips and servers.

    Parameters
    ----------
    training_cluster_power : array (year, sample), W
        What enters the facility: 2.2 GW at Stargate, of which 1.8 GW are delivered.
    power_usage_effectiveness : array (sample,), 1

    Returns
    -------
    array (year, sample), W
    """
    return training_cluster_power / power_usage_effectiveness


@quantity("TWh/year", increasing=["training_cluster_power", "load_factor"])
def training_cluster_energy(training_cluster_power: FloatArray, load_factor: FloatArray) -> FloatArray:
    """Electricity used by the largest training cluster.

    Parameters
    ----------
    training_cluster_power : array (year, sample), W
    load_factor : array (sample,), 1
        Mean draw over nameplate power.

    Returns
    -------
    array (year, sample), TWh/year
    """
    return training_cluster_power * load_factor


@quantity("1", increasing=["training_cluster_energy"], decreasing=["us_electricity"])
def training_cluster_electricity_share(training_cluster_energy: FloatArray, us_electricity: FloatArray) -> FloatArray:
    """Largest cluster's electricity as a share of US production.

    Parameters
    ----------
    training_cluster_energy, us_electricity : array (year, sample), TWh/year

    Returns
    -------
    array (year, sample), 1
    """
    return training_cluster_energy / us_electricity


@quantity("W", increasing=["power_delivered_to_chips", "synchronisation_power_drop"])
def power_swing(power_delivered_to_chips: FloatArray, synchronisation_power_drop: FloatArray) -> FloatArray:
    """Drop in draw while the cluster exchanges weights.

    Parameters
    ----------
    power_delivered_to_chips : array (year, sample), W
    synchronisation_power_drop : array (sample,), 1
        Share of that power that falls away.

    Returns
    -------
    array (year, sample), W

    References
    ----------
    Choukse et al., Power Stabilization for AI Training Datacenters (2025), doi:10.48550/arXiv.2508.14318.
    """
    return power_delivered_to_chips * synchronisation_power_drop


@quantity("Wh", increasing=["power_swing", "training_step_time"])
def power_swing_storage(
    power_swing: FloatArray, synchronisation_time_share: FloatArray, training_step_time: FloatArray
) -> FloatArray:
    """Storage that makes the cluster's draw constant over a training step.

    The draw is a square wave; held at its mean, storage takes in
    ``swing * (1 - share)`` during the exchange and gives it back while the chips compute.

    Parameters
    ----------
    power_swing : array (year, sample), W
    synchronisation_time_share : array (sample,), 1
        Share of a step spent in the exchange.
    training_step_time : array (sample,), second

    Returns
    -------
    array (year, sample), Wh
        Energy that must be usable; losses are left out.
    """
    return power_swing * synchronisation_time_share * (1 - synchronisation_time_share) * training_step_time


@quantity("USD/W", increasing=["cluster_cost_per_accelerator"], decreasing=["facility_power_per_accelerator"])
def cluster_cost_per_watt(
    cluster_cost_per_accelerator: FloatArray, facility_power_per_accelerator: FloatArray
) -> FloatArray:
    """Cost of the cluster per watt of facility power.

    Parameters
    ----------
    cluster_cost_per_accelerator : array (year, sample), USD/H100e
    facility_power_per_accelerator : array (year, sample), W/H100e

    Returns
    -------
    array (year, sample), USD/W
    """
    return cluster_cost_per_accelerator / facility_power_per_accelerator
