"""What holds the largest training cluster back: each limit as a size, the least of them, and which it is."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity

FloatArray = NDArray[np.float64]

LIMITS = ("trend", "power", "logic chips", "packaging", "memory", "money", "regulation", "fleet")
SUPPLY_LIMITS = ("trend", "logic chips", "packaging", "memory")


@quantity("H100e", increasing=["available_power"], decreasing=["facility_power_per_accelerator"])
def power_limited_cluster_size(available_power: FloatArray, facility_power_per_accelerator: FloatArray) -> FloatArray:
    """Largest cluster that the available power runs.

    Parameters
    ----------
    available_power : (Y, sample) array, W
    facility_power_per_accelerator : (Y, sample) array, W/H100e

    Returns
    -------
    (Y, sample) array, H100e
    """
    return available_power / facility_power_per_accelerator


@quantity("H100e", increasing=["logic_capacity", "cluster_supply_share", "cluster_accumulation_time"])
def logic_limited_cluster_size(
    logic_capacity: FloatArray, cluster_supply_share: FloatArray, cluster_accumulation_time: FloatArray
) -> FloatArray:
    """Largest cluster for which there are logic chips.

    Parameters
    ----------
    logic_capacity : (Y, sample) array, H100e/year
    cluster_supply_share : (sample,) array, 1
        Largest share of the world's accelerators that one cluster can claim.
    cluster_accumulation_time : (sample,) array, year
        Time over which it collects them.

    Returns
    -------
    (Y, sample) array, H100e
    """
    return logic_capacity * cluster_supply_share * cluster_accumulation_time


@quantity("H100e", increasing=["packaging_capacity", "cluster_supply_share", "cluster_accumulation_time"])
def packaging_limited_cluster_size(
    packaging_capacity: FloatArray, cluster_supply_share: FloatArray, cluster_accumulation_time: FloatArray
) -> FloatArray:
    """Largest cluster that advanced packaging can take.

    Parameters
    ----------
    packaging_capacity : (Y, sample) array, H100e/year
    cluster_supply_share : (sample,) array, 1
    cluster_accumulation_time : (sample,) array, year

    Returns
    -------
    (Y, sample) array, H100e
    """
    return packaging_capacity * cluster_supply_share * cluster_accumulation_time


@quantity("H100e", increasing=["memory_capacity", "cluster_supply_share", "cluster_accumulation_time"])
def memory_limited_cluster_size(
    memory_capacity: FloatArray, cluster_supply_share: FloatArray, cluster_accumulation_time: FloatArray
) -> FloatArray:
    """Largest cluster that high-bandwidth memory can equip.

    Parameters
    ----------
    memory_capacity : (Y, sample) array, H100e/year
    cluster_supply_share : (sample,) array, 1
    cluster_accumulation_time : (sample,) array, year

    Returns
    -------
    (Y, sample) array, H100e
    """
    return memory_capacity * cluster_supply_share * cluster_accumulation_time


@quantity("H100e", increasing=["affordable_cluster_cost"], decreasing=["cluster_cost_per_accelerator"])
def money_limited_cluster_size(
    affordable_cluster_cost: FloatArray, cluster_cost_per_accelerator: FloatArray
) -> FloatArray:
    """Largest cluster that can be paid for.

    Parameters
    ----------
    affordable_cluster_cost : (Y, sample) array, USD
    cluster_cost_per_accelerator : (Y, sample) array, USD/H100e

    Returns
    -------
    (Y, sample) array, H100e
    """
    return affordable_cluster_cost / cluster_cost_per_accelerator


@quantity("H100e", increasing=["installed_base", "cluster_fleet_share_limit"])
def fleet_limited_cluster_size(installed_base: FloatArray, cluster_fleet_share_limit: FloatArray) -> FloatArray:
    """Largest cluster that the world's installed accelerators can make up.

    Parameters
    ----------
    installed_base : (Y, sample) array, H100e
    cluster_fleet_share_limit : (sample,) array, 1
        Largest share of them that one cluster can claim, at most 1: a cluster is part of the stock.

    Returns
    -------
    (Y, sample) array, H100e
    """
    return installed_base * cluster_fleet_share_limit


@quantity(
    "H100e",
    increasing=[
        "training_cluster_size",
        "power_limited_cluster_size",
        "logic_limited_cluster_size",
        "packaging_limited_cluster_size",
        "memory_limited_cluster_size",
        "money_limited_cluster_size",
        "regulation_limited_cluster_size",
        "fleet_limited_cluster_size",
    ],
)
def feasible_cluster_size(
    training_cluster_size: FloatArray,
    power_limited_cluster_size: FloatArray,
    logic_limited_cluster_size: FloatArray,
    packaging_limited_cluster_size: FloatArray,
    memory_limited_cluster_size: FloatArray,
    money_limited_cluster_size: FloatArray,
    regulation_limited_cluster_size: FloatArray,
    fleet_limited_cluster_size: FloatArray,
) -> FloatArray:
    """Largest training cluster that every limit allows.

    Parameters
    ----------
    training_cluster_size : (Y, sample) array, H100e
        The trend.
    power_limited_cluster_size, logic_limited_cluster_size : (Y, sample) array, H100e
    packaging_limited_cluster_size, memory_limited_cluster_size : (Y, sample) array, H100e
    money_limited_cluster_size, regulation_limited_cluster_size : (Y, sample) array, H100e
    fleet_limited_cluster_size : (Y, sample) array, H100e

    Returns
    -------
    (Y, sample) array, H100e
        The least of the trend and the limits.
    """
    chips = np.minimum(packaging_limited_cluster_size, memory_limited_cluster_size)
    supply = np.minimum(np.minimum(chips, logic_limited_cluster_size), power_limited_cluster_size)
    demand = np.minimum(money_limited_cluster_size, regulation_limited_cluster_size)
    trend = np.minimum(training_cluster_size, fleet_limited_cluster_size)
    return np.minimum(trend, np.minimum(supply, demand))


@quantity("1", labels=LIMITS)
def binding_constraint(
    feasible_cluster_size: FloatArray,
    training_cluster_size: FloatArray,
    power_limited_cluster_size: FloatArray,
    logic_limited_cluster_size: FloatArray,
    packaging_limited_cluster_size: FloatArray,
    memory_limited_cluster_size: FloatArray,
    money_limited_cluster_size: FloatArray,
    regulation_limited_cluster_size: FloatArray,
    fleet_limited_cluster_size: FloatArray,
) -> NDArray[np.int8]:
    """Limit that binds the largest training cluster.

    Parameters
    ----------
    feasible_cluster_size, training_cluster_size : (Y, sample) array, H100e
    power_limited_cluster_size, logic_limited_cluster_size : (Y, sample) array, H100e
    packaging_limited_cluster_size, memory_limited_cluster_size : (Y, sample) array, H100e
    money_limited_cluster_size, regulation_limited_cluster_size : (Y, sample) array, H100e
    fleet_limited_cluster_size : (Y, sample) array, H100e

    Returns
    -------
    (Y, sample) array, 1
        Index into the labels; 0 is the trend itself, which no limit reaches. A tie goes to the first.
    """
    beyond_trend = training_cluster_size > feasible_cluster_size
    beyond_power = beyond_trend & (power_limited_cluster_size > feasible_cluster_size)
    beyond_logic = beyond_power & (logic_limited_cluster_size > feasible_cluster_size)
    beyond_packaging = beyond_logic & (packaging_limited_cluster_size > feasible_cluster_size)
    beyond_memory = beyond_packaging & (memory_limited_cluster_size > feasible_cluster_size)
    beyond_money = beyond_memory & (money_limited_cluster_size > feasible_cluster_size)
    beyond_regulation = beyond_money & (regulation_limited_cluster_size > feasible_cluster_size)
    # How many limits stand before the one that binds. Small integers take a twelfth of the time of np.select, which
    # CuPy does not have for numbers.
    before_money = np.int8(1) * beyond_trend + beyond_power + beyond_logic + beyond_packaging + beyond_memory
    return before_money + beyond_money + beyond_regulation


@quantity("OOM", increasing=["training_cluster_size"], decreasing=["feasible_cluster_size"])
def shortfall(training_cluster_size: FloatArray, feasible_cluster_size: FloatArray) -> FloatArray:
    """Orders of magnitude by which the limits hold the largest training cluster below the trend.

    Parameters
    ----------
    training_cluster_size, feasible_cluster_size : (Y, sample) array, H100e

    Returns
    -------
    (Y, sample) array, OOM
        Zero where no limit binds.
    """
    return np.log10(training_cluster_size / feasible_cluster_size)


@quantity("W", increasing=["feasible_cluster_size", "facility_power_per_accelerator"])
def feasible_cluster_power(feasible_cluster_size: FloatArray, facility_power_per_accelerator: FloatArray) -> FloatArray:
    """Power of the largest training cluster that every limit allows.

    Parameters
    ----------
    feasible_cluster_size : (Y, sample) array, H100e
    facility_power_per_accelerator : (Y, sample) array, W/H100e

    Returns
    -------
    (Y, sample) array, W
    """
    return feasible_cluster_size * facility_power_per_accelerator


@quantity("USD", increasing=["feasible_cluster_size", "cluster_cost_per_accelerator"])
def feasible_cluster_cost(feasible_cluster_size: FloatArray, cluster_cost_per_accelerator: FloatArray) -> FloatArray:
    """Cost of the largest training cluster that every limit allows.

    Parameters
    ----------
    feasible_cluster_size : (Y, sample) array, H100e
    cluster_cost_per_accelerator : (Y, sample) array, USD/H100e

    Returns
    -------
    (Y, sample) array, USD
    """
    return feasible_cluster_size * cluster_cost_per_accelerator


@quantity("H100e/year", increasing=["accelerator_shipments", "logic_capacity", "packaging_capacity", "memory_capacity"])
def feasible_shipments(
    accelerator_shipments: FloatArray,
    logic_capacity: FloatArray,
    packaging_capacity: FloatArray,
    memory_capacity: FloatArray,
) -> FloatArray:
    """Accelerator shipments that logic, packaging and memory allow.

    Parameters
    ----------
    accelerator_shipments : (Y, sample) array, H100e/year
        What investment would buy.
    logic_capacity, packaging_capacity, memory_capacity : (Y, sample) array, H100e/year

    Returns
    -------
    (Y, sample) array, H100e/year
    """
    return np.minimum(
        np.minimum(accelerator_shipments, logic_capacity), np.minimum(packaging_capacity, memory_capacity)
    )


@quantity("1", labels=SUPPLY_LIMITS)
def binding_supply_constraint(
    feasible_shipments: FloatArray,
    accelerator_shipments: FloatArray,
    logic_capacity: FloatArray,
    packaging_capacity: FloatArray,
    memory_capacity: FloatArray,
) -> NDArray[np.int8]:
    """Limit that binds the world's accelerator shipments.

    Parameters
    ----------
    feasible_shipments, accelerator_shipments : (Y, sample) array, H100e/year
    logic_capacity, packaging_capacity, memory_capacity : (Y, sample) array, H100e/year

    Returns
    -------
    (Y, sample) array, 1
        Index into the labels; 0 is what investment would buy, which no limit reaches.
    """
    beyond_trend = accelerator_shipments > feasible_shipments
    beyond_logic = beyond_trend & (logic_capacity > feasible_shipments)
    beyond_packaging = beyond_logic & (packaging_capacity > feasible_shipments)
    return np.int8(1) * beyond_trend + beyond_logic + beyond_packaging
