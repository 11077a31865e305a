"""What the fleet and its money are divided into, and what they are a share of."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import compound_growth

FloatArray = NDArray[np.float64]


@quantity("1", increasing=["inference_to_training_ratio"])
def inference_share(inference_to_training_ratio: FloatArray) -> FloatArray:
    """Share of the fleet that serves models.

    Parameters
    ----------
    inference_to_training_ratio : array (sample,), 1
        Compute for inference over compute for training.

    Returns
    -------
    array (sample,), 1
    """
    return inference_to_training_ratio / (1 + inference_to_training_ratio)


@quantity("1", decreasing=["inference_to_training_ratio"])
def training_share(inference_to_training_ratio: FloatArray) -> FloatArray:
    """Share of the fleet that trains models.

    Parameters
    ----------
    inference_to_training_ratio : array (sample,), 1

    Returns
    -------
    array (sample,), 1
    """
    return 1 / (1 + inference_to_training_ratio)


@quantity("1", increasing=["training_cluster_size"], decreasing=["accelerator_shipments"])
def largest_cluster_shipment_share(
    training_cluster_size: FloatArray, accelerator_shipments: FloatArray, accounting_period: FloatArray
) -> FloatArray:
    """Largest cluster as a share of the year's shipments.

    Parameters
    ----------
    training_cluster_size : array (year, sample), H100e
    accelerator_shipments : array (year, sample), H100e/year
    accounting_period : array (), year

    Returns
    -------
    array (year, sample), 1
    """
    return training_cluster_size / (accelerator_shipments * accounting_period)


@quantity("1", increasing=["training_cluster_size"], decreasing=["installed_base"])
def largest_cluster_fleet_share(training_cluster_size: FloatArray, installed_base: FloatArray) -> FloatArray:
    """Largest cluster as a share of the world's fleet.

    Parameters
    ----------
    training_cluster_size, installed_base : array (year, sample), H100e

    Returns
    -------
    array (year, sample), 1
        Above 1 the two trends contradict each other.
    """
    return training_cluster_size / installed_base


@quantity("1", increasing=["training_cluster_cost"], decreasing=["ai_investment"])
def largest_cluster_investment_share(
    training_cluster_cost: FloatArray, ai_investment: FloatArray, accounting_period: FloatArray
) -> FloatArray:
    """Largest cluster's cost as a share of the year's world investment.

    Parameters
    ----------
    training_cluster_cost : array (year, sample), USD
    ai_investment : array (year, sample), USD/year
    accounting_period : array (), year

    Returns
    -------
    array (year, sample), 1
    """
    return training_cluster_cost / (ai_investment * accounting_period)


@quantity("USD/year", increasing=["us_gdp_2024"])
def us_gdp(
    year: FloatArray,
    us_gdp_base_year: FloatArray,
    us_gdp_2024: FloatArray,
    us_gdp_growth: FloatArray,
    accounting_period: FloatArray,
) -> FloatArray:
    """Gross domestic product of the United States.

    Parameters
    ----------
    year : array (year, 1), year
    us_gdp_base_year : array (), year
    us_gdp_2024 : array (sample,), USD/year
        Product in the base year, whose dollars are those of every year.
    us_gdp_growth : array (sample,), 1/year
        Real growth.
    accounting_period : array (), year

    Returns
    -------
    array (year, sample), USD/year
    """
    periods = (year - us_gdp_base_year) / accounting_period
    return compound_growth(us_gdp_2024, 1 + us_gdp_growth * accounting_period, periods)


@quantity("1", increasing=["ai_investment"], decreasing=["us_gdp"])
def investment_gdp_share(ai_investment: FloatArray, us_gdp: FloatArray) -> FloatArray:
    """World investment in AI as a share of US GDP.

    Parameters
    ----------
    ai_investment, us_gdp : array (year, sample), USD/year

    Returns
    -------
    array (year, sample), 1
    """
    return ai_investment / us_gdp
