"""World investment in AI, the accelerators it buys and the stock they form."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import compound_growth

FloatArray = NDArray[np.float64]


@quantity("USD/year", increasing=["ai_investment_2024"])
def ai_investment(
    year: FloatArray,
    investment_base_year: FloatArray,
    ai_investment_2024: FloatArray,
    investment_growth_factor: FloatArray,
    accounting_period: FloatArray,
) -> FloatArray:
    """World investment in AI.

    Parameters
    ----------
    year : array (year, 1), year
    investment_base_year : array (), year
    ai_investment_2024 : array (sample,), USD/year
        Investment in the base year.
    investment_growth_factor : array (sample,), 1
        Factor from one year to the next.
    accounting_period : array (), year
        Time in which the growth compounds once.

    Returns
    -------
    array (year, sample), USD/year

    References
    ----------
    Aschenbrenner, Situational Awareness IIIa (2024), second table.
    """
    periods = (year - investment_base_year) / accounting_period
    return compound_growth(ai_investment_2024, investment_growth_factor, periods)


@quantity("USD/H100e", increasing=["investment_per_accelerator_2024"])
def investment_per_accelerator(
    year: FloatArray,
    investment_base_year: FloatArray,
    investment_per_accelerator_2024: FloatArray,
    fleet_flop_per_dollar_growth: FloatArray,
    accounting_period: FloatArray,
) -> FloatArray:
    """World investment per accelerator shipped.

    The fleet's own path: that of the largest cluster is `cluster_cost_per_accelerator`.

    Parameters
    ----------
    year : array (year, 1), year
    investment_base_year : array (), year
    investment_per_accelerator_2024 : array (sample,), USD/H100e
        All-in investment per accelerator in the base year.
    fleet_flop_per_dollar_growth : array (sample,), 1/year
    accounting_period : array (), year

    Returns
    -------
    array (year, sample), USD/H100e
    """
    periods = (year - investment_base_year) / accounting_period
    gain = 1 + fleet_flop_per_dollar_growth * accounting_period
    return compound_growth(investment_per_accelerator_2024, gain, -periods)


@quantity("H100e/year", increasing=["ai_investment"], decreasing=["investment_per_accelerator"])
def accelerator_shipments(ai_investment: FloatArray, investment_per_accelerator: FloatArray) -> FloatArray:
    """Accelerators shipped in the year.

    Parameters
    ----------
    ai_investment : array (year, sample), USD/year
    investment_per_accelerator : array (year, sample), USD/H100e

    Returns
    -------
    array (year, sample), H100e/year
    """
    return ai_investment / investment_per_accelerator


@quantity("1", increasing=["investment_growth_factor", "fleet_flop_per_dollar_growth"])
def shipment_growth_factor(
    investment_growth_factor: FloatArray, fleet_flop_per_dollar_growth: FloatArray, accounting_period: FloatArray
) -> FloatArray:
    """Factor by which shipments grow in a year.

    It stands for the shipments before the first year that is asked for.

    Parameters
    ----------
    investment_growth_factor : array (sample,), 1
    fleet_flop_per_dollar_growth : array (sample,), 1/year
    accounting_period : array (), year

    Returns
    -------
    array (sample,), 1
    """
    return investment_growth_factor * (1 + fleet_flop_per_dollar_growth * accounting_period)


@quantity("H100e", increasing=["accelerator_shipments"])
def installed_base(
    year: FloatArray,
    accelerator_shipments: FloatArray,
    shipment_growth_factor: FloatArray,
    retirement_hazard: FloatArray,
    fleet_start_year: FloatArray,
    accounting_period: FloatArray,
) -> FloatArray:
    """Accelerators installed in the world.

    On a yearly grid exactly the stock of the year before times survival, plus the
    year's shipments. On any other grid the shipments of a step are those of the
    exponential through its ends, so that the result does not depend on the grid.

    Parameters
    ----------
    year : array (year, 1), year
    accelerator_shipments : array (year, sample), H100e/year
    shipment_growth_factor : array (sample,), 1
        Growth of shipments before the first year.
    retirement_hazard : array (sample,), 1/year
        Survival over a time t is ``exp(-hazard * t)``.
    fleet_start_year : array (), year
        Nothing was shipped before.
    accounting_period : array (), year

    Returns
    -------
    array (year, sample), H100e
    """
    shipments = accelerator_shipments * (year / year)
    growth = np.log(shipment_growth_factor) / accounting_period
    before = np.maximum(year[0], fleet_start_year) - fleet_start_year
    first = shipments[0] * _cohorts(retirement_hazard + growth, before, accounting_period)
    return _stock(year, shipments, first, retirement_hazard, accounting_period)


@quantity("W/year", increasing=["accelerator_shipments", "facility_power_per_accelerator"])
def shipment_power(accelerator_shipments: FloatArray, facility_power_per_accelerator: FloatArray) -> FloatArray:
    """Facility power that the year's accelerators add.

    Parameters
    ----------
    accelerator_shipments : array (year, sample), H100e/year
    facility_power_per_accelerator : array (year, sample), W/H100e

    Returns
    -------
    array (year, sample), W/year
    """
    return accelerator_shipments * facility_power_per_accelerator


@quantity("W", increasing=["shipment_power"])
def fleet_power(
    year: FloatArray,
    shipment_power: FloatArray,
    shipment_growth_factor: FloatArray,
    flop_per_watt_growth: FloatArray,
    power_base_year: FloatArray,
    retirement_hazard: FloatArray,
    fleet_start_year: FloatArray,
    accounting_period: FloatArray,
) -> FloatArray:
    """Power of the world's installed accelerators.

    A stock by vintage: each year's accelerators keep the power they were built with.

    Parameters
    ----------
    year : array (year, 1), year
    shipment_power : array (year, sample), W/year
    shipment_growth_factor : array (sample,), 1
        Growth of shipments before the first year.
    flop_per_watt_growth : array (sample,), 1/year
        Fall of the power per accelerator, from `power_base_year` to the first year.
    power_base_year : array (sample,), year
    retirement_hazard : array (sample,), 1/year
    fleet_start_year : array (), year
    accounting_period : array (), year

    Returns
    -------
    array (year, sample), W
    """
    added = shipment_power * (year / year)
    early_growth = np.log(shipment_growth_factor) / accounting_period
    late_growth = early_growth - np.log1p(flop_per_watt_growth * accounting_period) / accounting_period
    late = np.maximum(year[0], power_base_year) - power_base_year
    early = np.maximum(year[0] - late, fleet_start_year) - fleet_start_year
    added_at_base = added[0] * np.exp(-late_growth * late)
    at_base = added_at_base * _cohorts(retirement_hazard + early_growth, early, accounting_period)
    since_base = added[0] * _cohorts(retirement_hazard + late_growth, late, accounting_period)
    first = at_base * np.exp(-retirement_hazard * late) + since_base
    return _stock(year, added, first, retirement_hazard, accounting_period)


def _cohorts(rate: FloatArray, time: FloatArray, period: FloatArray) -> FloatArray:
    """Sum yearly cohorts over `time`, each smaller than the next by ``exp(-rate * period)``, in units of time."""
    step = rate * period
    safe_step = np.where(step == 0, np.finfo(np.float64).eps, step)
    return period * np.expm1(-safe_step * (time / period)) / np.expm1(-safe_step)


def _stock(year: FloatArray, flow: FloatArray, first: FloatArray, hazard: FloatArray, period: FloatArray) -> FloatArray:
    """Accumulate a yearly flow with a constant hazard from the stock of the first year."""
    rows = [first]
    for i in range(1, len(year)):
        time = year[i] - year[i - 1]
        growth = np.log(flow[i] / flow[i - 1]) / time
        rows.append(rows[-1] * np.exp(-hazard * time) + flow[i] * _cohorts(hazard + growth, time, period))
    return np.stack(rows)


@quantity("1", increasing=["shipment_power"], decreasing=["us_electricity"])
def shipment_electricity_share(
    shipment_power: FloatArray, us_electricity: FloatArray, accounting_period: FloatArray
) -> FloatArray:
    """One year's accelerators at full power as a share of US electricity.

    The essay's column: a flow, not the fleet, without load factor.

    Parameters
    ----------
    shipment_power : array (year, sample), W/year
    us_electricity : array (year, sample), TWh/year
    accounting_period : array (), year
        Time over which shipments are counted.

    Returns
    -------
    array (year, sample), 1

    References
    ----------
    Aschenbrenner, Situational Awareness IIIa (2024), second table.
    """
    return shipment_power * accounting_period / us_electricity


@quantity("TWh/year", increasing=["fleet_power", "load_factor"])
def fleet_energy(fleet_power: FloatArray, load_factor: FloatArray) -> FloatArray:
    """Electricity used by the world's installed accelerators.

    Parameters
    ----------
    fleet_power : array (year, sample), W
    load_factor : array (sample,), 1

    Returns
    -------
    array (year, sample), TWh/year
    """
    return fleet_power * load_factor


@quantity("1", increasing=["fleet_energy"], decreasing=["us_electricity"])
def fleet_electricity_share(fleet_energy: FloatArray, us_electricity: FloatArray) -> FloatArray:
    """World fleet's electricity as a share of US production.

    Parameters
    ----------
    fleet_energy, us_electricity : array (year, sample), TWh/year

    Returns
    -------
    array (year, sample), 1
    """
    return fleet_energy / us_electricity
