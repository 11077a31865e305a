"""Capacity to make accelerators: logic wafers, packaging and memory, and the fabs to be built."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity

FloatArray = NDArray[np.float64]


@quantity(
    "wafer/year",
    increasing=["leading_edge_capacity", "foundry_growth_structure"],
    decreasing=["capacity_base_year", "leading_edge_doubling_time"],
)
def logic_wafer_capacity(
    year: FloatArray,
    leading_edge_capacity: FloatArray,
    capacity_base_year: FloatArray,
    leading_edge_doubling_time: FloatArray,
    foundry_growth_structure: FloatArray,
) -> FloatArray:
    """Leading-edge wafer capacity of the year.

    Parameters
    ----------
    year : (Y, 1) array, year
    leading_edge_capacity : (sample,) array, wafer/year
        Capacity in the base year.
    capacity_base_year : (sample,) array, year
    leading_edge_doubling_time : (sample,) array, year
    foundry_growth_structure : (sample,) array, 1
        0: the capacity of the base year stays; 1: it doubles again and again.

    Returns
    -------
    (Y, sample) array, wafer/year

    References
    ----------
    Aschenbrenner, Situational Awareness (2024), IIIa, Chips.
    """
    doublings = np.maximum(year - capacity_base_year, 0) / leading_edge_doubling_time
    return leading_edge_capacity * np.where(foundry_growth_structure > 0, np.exp2(doublings), 1)


@quantity("1", increasing=["wafers_required"], decreasing=["logic_wafer_capacity"])
def growing_wafer_share(wafers_required: FloatArray, logic_wafer_capacity: FloatArray) -> FloatArray:
    """Wafers for AI accelerators over the leading-edge capacity of the same year.

    Parameters
    ----------
    wafers_required : (Y, sample) array, wafer/year
    logic_wafer_capacity : (Y, sample) array, wafer/year

    Returns
    -------
    (Y, sample) array, 1
    """
    return wafers_required / logic_wafer_capacity


@quantity("fab", increasing=["wafers_required"], decreasing=["gigafab_capacity"])
def gigafabs_required(wafers_required: FloatArray, gigafab_capacity: FloatArray) -> FloatArray:
    """Gigafabs that make the wafers for AI accelerators.

    Parameters
    ----------
    wafers_required : (Y, sample) array, wafer/year
    gigafab_capacity : (sample,) array, wafer/year/fab

    Returns
    -------
    (Y, sample) array, fab

    References
    ----------
    Aschenbrenner, Situational Awareness (2024), IIIa, Chips.
    """
    return wafers_required / gigafab_capacity


@quantity("fab", increasing=["wafers_required"], decreasing=["leading_edge_capacity", "gigafab_capacity"])
def new_gigafabs_required(
    wafers_required: FloatArray, leading_edge_capacity: FloatArray, gigafab_capacity: FloatArray
) -> FloatArray:
    """Gigafabs to be built beyond the present leading-edge capacity.

    Parameters
    ----------
    wafers_required : (Y, sample) array, wafer/year
    leading_edge_capacity : (sample,) array, wafer/year
    gigafab_capacity : (sample,) array, wafer/year/fab

    Returns
    -------
    (Y, sample) array, fab
        Zero while the present capacity would do, were all of it given to AI.
    """
    return np.maximum(wafers_required - leading_edge_capacity, 0) / gigafab_capacity


@quantity("USD", increasing=["gigafabs_required", "gigafab_cost"])
def fab_capex(gigafabs_required: FloatArray, gigafab_cost: FloatArray) -> FloatArray:
    """Capital cost of the gigafabs that make the wafers for AI accelerators.

    Parameters
    ----------
    gigafabs_required : (Y, sample) array, fab
    gigafab_cost : (sample,) array, USD/fab

    Returns
    -------
    (Y, sample) array, USD
    """
    return gigafabs_required * gigafab_cost


@quantity("USD", increasing=["new_gigafabs_required", "gigafab_cost"])
def new_fab_capex(new_gigafabs_required: FloatArray, gigafab_cost: FloatArray) -> FloatArray:
    """Capital cost of the gigafabs to be built beyond the present leading-edge capacity.

    Parameters
    ----------
    new_gigafabs_required : (Y, sample) array, fab
    gigafab_cost : (sample,) array, USD/fab

    Returns
    -------
    (Y, sample) array, USD
    """
    return new_gigafabs_required * gigafab_cost


@quantity("USD", increasing=["fab_capex"], decreasing=["logic_capex_share"])
def chip_supply_capex(fab_capex: FloatArray, logic_capex_share: FloatArray) -> FloatArray:
    """Capital cost of logic fabs, memory, packaging and networking together.

    Parameters
    ----------
    fab_capex : (Y, sample) array, USD
    logic_capex_share : (sample,) array, 1
        Share of the logic fabs in the whole.

    Returns
    -------
    (Y, sample) array, USD
    """
    return fab_capex / logic_capex_share


@quantity("H100e/year", increasing=["logic_wafer_capacity", "ai_wafer_share_limit", "accelerators_per_wafer"])
def logic_capacity(
    logic_wafer_capacity: FloatArray, ai_wafer_share_limit: FloatArray, accelerators_per_wafer: FloatArray
) -> FloatArray:
    """Accelerators a year for which there are leading-edge logic wafers.

    Parameters
    ----------
    logic_wafer_capacity : (Y, sample) array, wafer/year
    ai_wafer_share_limit : (sample,) array, 1
        Largest share of the wafers that other customers leave to AI.
    accelerators_per_wafer : (sample,) array, H100e/wafer

    Returns
    -------
    (Y, sample) array, H100e/year
    """
    return logic_wafer_capacity * ai_wafer_share_limit * accelerators_per_wafer


@quantity(
    "H100e/year", increasing=["packaging_wafers", "packaged_accelerators_per_wafer"], decreasing=["capacity_base_year"]
)
def packaging_capacity(
    year: FloatArray,
    packaging_wafers: FloatArray,
    packaged_accelerators_per_wafer: FloatArray,
    capacity_base_year: FloatArray,
    packaging_doubling_time: FloatArray,
) -> FloatArray:
    """Accelerators a year that advanced packaging can take.

    Parameters
    ----------
    year : (Y, 1) array, year
    packaging_wafers : (sample,) array, wafer/year
        Interposer wafers (CoWoS) in the base year.
    packaged_accelerators_per_wafer : (sample,) array, H100e/wafer
    capacity_base_year : (sample,) array, year
    packaging_doubling_time : (sample,) array, year

    Returns
    -------
    (Y, sample) array, H100e/year
    """
    doublings = (year - capacity_base_year) / packaging_doubling_time
    return packaging_wafers * packaged_accelerators_per_wafer * np.exp2(doublings)


@quantity("H100e/year", increasing=["memory_supply"], decreasing=["capacity_base_year"])
def memory_capacity(
    year: FloatArray, memory_supply: FloatArray, capacity_base_year: FloatArray, memory_doubling_time: FloatArray
) -> FloatArray:
    """Accelerators a year that high-bandwidth memory can equip.

    Parameters
    ----------
    year : (Y, 1) array, year
    memory_supply : (sample,) array, H100e/year
        Accelerators that the high-bandwidth memory of the base year equips.
    capacity_base_year : (sample,) array, year
    memory_doubling_time : (sample,) array, year

    Returns
    -------
    (Y, sample) array, H100e/year
    """
    return memory_supply * np.exp2((year - capacity_base_year) / memory_doubling_time)


@quantity("1", increasing=["accelerator_shipments"], decreasing=["packaging_capacity"])
def packaging_use(accelerator_shipments: FloatArray, packaging_capacity: FloatArray) -> FloatArray:
    """Accelerator shipments over what advanced packaging can take.

    Parameters
    ----------
    accelerator_shipments : (Y, sample) array, H100e/year
    packaging_capacity : (Y, sample) array, H100e/year

    Returns
    -------
    (Y, sample) array, 1
    """
    return accelerator_shipments / packaging_capacity


@quantity("1", increasing=["accelerator_shipments"], decreasing=["memory_capacity"])
def memory_use(accelerator_shipments: FloatArray, memory_capacity: FloatArray) -> FloatArray:
    """Accelerator shipments over what high-bandwidth memory can equip.

    Parameters
    ----------
    accelerator_shipments : (Y, sample) array, H100e/year
    memory_capacity : (Y, sample) array, H100e/year

    Returns
    -------
    (Y, sample) array, 1
    """
    return accelerator_shipments / memory_capacity
