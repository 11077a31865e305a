"""The shipped model of the AI build-out: every room of the domain, passed explicitly."""

import functools
from importlib import import_module

from clustercast.engine.model import Model

_ROOMS = (
    "cluster",
    "power",
    "fleet",
    "allocation",
    "revenue",
    "payback",
    "electricity",
    "gas",
    "available_power",
    "chips",
    "fabs",
    "siting",
    "constraints",
)

# What `propagate` keeps when it is asked for nothing in particular.
_HEADLINE = (
    "training_cluster_size",
    "training_cluster_cost",
    "training_cluster_power",
    "training_cluster_electricity_share",
    "ai_investment",
    "accelerator_shipments",
    "installed_base",
    "fleet_power",
    "shipment_electricity_share",
    "fleet_electricity_share",
    "leading_lab_revenue",
    "us_electricity",
    "gas_wells_required",
    "available_power",
    "wafer_share",
    "feasible_cluster_size",
    "binding_constraint",
)


@functools.cache
def cluster_model() -> Model:
    """Return the shipped model of the AI build-out.

    Returns
    -------
    Model
        Its headline quantities are those that `propagate` keeps by default.

    Examples
    --------
    >>> cluster_model().arguments("training_cluster_power")
    ('training_cluster_size', 'facility_power_per_accelerator')
    """
    modules = [import_module(f"clustercast.quantities.{room}") for room in _ROOMS]
    return Model(modules, headline=_HEADLINE)
