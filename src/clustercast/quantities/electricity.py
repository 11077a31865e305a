"""Electricity production of the United States: the yardstick of every share."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import compound_growth

FloatArray = NDArray[np.float64]


@quantity("TWh/year", increasing=["us_electricity_2024"])
def us_electricity(
    year: FloatArray,
    us_electricity_base_year: FloatArray,
    us_electricity_2024: FloatArray,
    us_electricity_growth: FloatArray,
    accounting_period: FloatArray,
) -> FloatArray:
    """Electricity production of the United States.

    Parameters
    ----------
    year : array (year, 1), year
    us_electricity_base_year : array (), year
    us_electricity_2024 : array (sample,), TWh/year
        Production in the base year; its definition (power sector, all generation) is part of the prior.
    us_electricity_growth : array (sample,), 1/year
    accounting_period : array (), year
        Time in which the growth compounds once.

    Returns
    -------
    array (year, sample), TWh/year
    """
    periods = (year - us_electricity_base_year) / accounting_period
    return compound_growth(us_electricity_2024, 1 + us_electricity_growth * accounting_period, periods)
