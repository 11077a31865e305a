"""Logic wafers that the accelerators take."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity

FloatArray = NDArray[np.float64]


@quantity("wafer/year", increasing=["accelerator_shipments"], decreasing=["accelerators_per_wafer"])
def wafers_required(accelerator_shipments: FloatArray, accelerators_per_wafer: FloatArray) -> FloatArray:
    """Leading-edge wafers for the year's accelerators.

    Parameters
    ----------
    accelerator_shipments : array (year, sample), H100e/year
    accelerators_per_wafer : array (sample,), H100e/wafer
        Good accelerators from one wafer.

    Returns
    -------
    array (year, sample), wafer/year
    """
    return accelerator_shipments / accelerators_per_wafer


@quantity("1", increasing=["wafers_required"], decreasing=["leading_edge_capacity"])
def wafer_share(wafers_required: FloatArray, leading_edge_capacity: FloatArray) -> FloatArray:
    """Accelerators' wafers as a share of today's leading-edge capacity.

    Parameters
    ----------
    wafers_required : array (year, sample), wafer/year
    leading_edge_capacity : array (sample,), wafer/month
        Capacity of the base year, which does not grow: above 1, fabs must be built.

    Returns
    -------
    array (year, sample), 1

    References
    ----------
    Aschenbrenner, Situational Awareness IIIa (2024), second table and note 9.
    """
    return wafers_required / leading_edge_capacity
