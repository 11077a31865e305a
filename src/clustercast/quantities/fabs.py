"""Wafers, packaging and memory that the accelerators take, and the fabs to be built."""

import numpy as np

from clustercast.engine.quantity import quantity


@quantity("wafer/year", time="rate", increasing=["accelerator_shipments"], decreasing=["accelerators_per_wafer"])
def wafers_required(accelerator_shipments, accelerators_per_wafer, chip_gain):
    """Leading-edge logic wafers for a year's accelerators."""
    return accelerator_shipments / (accelerators_per_wafer * chip_gain)


@quantity("1", positive=True, time="state", increasing=["wafers_required"], decreasing=["leading_edge_capacity"])
def wafer_share(wafers_required, leading_edge_capacity):
    """Wafers for accelerators as a share of the leading-edge capacity quoted today [SA IIIa, table 2, note 9]."""
    return wafers_required / leading_edge_capacity


@quantity("1", positive=True, time="state", increasing=["accelerator_shipments"], decreasing=["logic_capacity"])
def logic_use(accelerator_shipments, logic_capacity):
    """Shipments over those for which there are logic wafers."""
    return accelerator_shipments / logic_capacity


@quantity("1", positive=True, time="state", increasing=["accelerator_shipments"], decreasing=["packaging_capacity"])
def packaging_use(accelerator_shipments, packaging_capacity):
    """Shipments over those that advanced packaging can take."""
    return accelerator_shipments / packaging_capacity


@quantity("1", positive=True, time="state", increasing=["accelerator_shipments"], decreasing=["memory_capacity"])
def memory_use(accelerator_shipments, memory_capacity):
    """Shipments over those that high-bandwidth memory can equip."""
    return accelerator_shipments / memory_capacity


@quantity("fab", time="state", increasing=["wafers_required"], decreasing=["gigafab_capacity"])
def gigafabs_required(wafers_required, gigafab_capacity):
    """Gigafabs that make the wafers for accelerators [SA IIIa, Chips]."""
    return wafers_required / gigafab_capacity


@quantity(
    "fab",
    positive=False,
    time="state",
    increasing=["wafers_required"],
    decreasing=["leading_edge_capacity", "gigafab_capacity"],
)
def new_gigafabs_required(wafers_required, leading_edge_capacity, gigafab_capacity):
    """Gigafabs to be built beyond the quoted leading-edge capacity, were all of it given to AI."""
    return np.maximum(wafers_required - leading_edge_capacity, 0) / gigafab_capacity


@quantity("USD", time="state", increasing=["gigafabs_required", "gigafab_cost"])
def fab_capex(gigafabs_required, gigafab_cost):
    """Capital cost of the gigafabs that make the wafers for accelerators."""
    return gigafabs_required * gigafab_cost


@quantity("USD", positive=False, time="state", increasing=["new_gigafabs_required", "gigafab_cost"])
def new_fab_capex(new_gigafabs_required, gigafab_cost):
    """Capital cost of the gigafabs to be built beyond the quoted leading-edge capacity."""
    return new_gigafabs_required * gigafab_cost


@quantity("USD", time="state", increasing=["fab_capex"], decreasing=["logic_capex_share"])
def chip_supply_capex(fab_capex, logic_capex_share):
    """Capital cost of logic fabs, memory, packaging and networking together."""
    return fab_capex / logic_capex_share
