"""When what AI earns has paid for what its clusters cost: one cluster, and all of them so far."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity

FloatArray = NDArray[np.float64]


@quantity(
    "year",
    increasing=["training_cluster_cost"],
    decreasing=["leading_lab_revenue", "revenue_growth_rate", "revenue_ceiling", "revenue_margin"],
)
def cluster_payback_time(
    training_cluster_cost: FloatArray,
    leading_lab_revenue: FloatArray,
    revenue_growth_rate: FloatArray,
    revenue_ceiling: FloatArray,
    revenue_margin: FloatArray,
) -> FloatArray:
    """Time in which the leading laboratory's margin repays the largest training cluster.

    Parameters
    ----------
    training_cluster_cost : (Y, sample) array, USD
    leading_lab_revenue : (Y, sample) array, USD/year
        Run rate when the cluster starts; from there it grows to the ceiling on a logistic path.
    revenue_growth_rate : (Y, sample) array, 1/year
        Held at its value of the year in which the cluster starts.
    revenue_ceiling : (sample,) array, USD/year
    revenue_margin : (sample,) array, 1
        Share of revenue left to pay for clusters.

    Returns
    -------
    (Y, sample) array, year
        The time T at which the margin on the revenue from now to T equals the cost.

    Notes
    -----
    The integral of a logistic path with growth rate g from revenue R to the ceiling C over T is
    C / g log(1 + R / C (exp(g T) - 1)); this is its inverse.
    """
    progress = revenue_growth_rate * training_cluster_cost / (revenue_margin * revenue_ceiling)
    head = revenue_ceiling / leading_lab_revenue
    soon = np.log1p(head * np.expm1(np.minimum(progress, 1)))
    # exp(progress) overflows where the ceiling is low: taken out of the logarithm
    late = progress + np.log(np.exp(-progress) - head * np.expm1(-progress))
    return np.where(progress < 1, soon, late) / revenue_growth_rate


@quantity("year", increasing=["cluster_payback_time"])
def cluster_payback_year(year: FloatArray, cluster_payback_time: FloatArray) -> FloatArray:
    """Year in which the largest training cluster of a year is paid off.

    Parameters
    ----------
    year : (Y, 1) array, year
    cluster_payback_time : (Y, sample) array, year

    Returns
    -------
    (Y, sample) array, year
    """
    return year + cluster_payback_time


@quantity(
    "1",
    increasing=["leading_lab_revenue", "revenue_growth_rate", "revenue_ceiling", "revenue_margin", "payback_horizon"],
    decreasing=["training_cluster_cost"],
)
def cluster_payback_ratio(
    training_cluster_cost: FloatArray,
    leading_lab_revenue: FloatArray,
    revenue_growth_rate: FloatArray,
    revenue_ceiling: FloatArray,
    revenue_margin: FloatArray,
    payback_horizon: FloatArray,
) -> FloatArray:
    """Margin over the horizon per dollar spent on the largest training cluster.

    Parameters
    ----------
    training_cluster_cost : (Y, sample) array, USD
    leading_lab_revenue : (Y, sample) array, USD/year
    revenue_growth_rate : (Y, sample) array, 1/year
    revenue_ceiling : (sample,) array, USD/year
    revenue_margin : (sample,) array, 1
    payback_horizon : (sample,) array, year
        Time over which the margin is added up: the life of the accelerators.

    Returns
    -------
    (Y, sample) array, 1
        Above 1 the cluster is paid off within the horizon.
    """
    growth = np.expm1(revenue_growth_rate * payback_horizon)
    revenue = revenue_ceiling / revenue_growth_rate * np.log1p(leading_lab_revenue / revenue_ceiling * growth)
    return revenue_margin * revenue / training_cluster_cost


@quantity("USD/year", increasing=["training_cluster_cost"], decreasing=["cluster_funding_time"])
def cluster_spending(training_cluster_cost: FloatArray, cluster_funding_time: FloatArray) -> FloatArray:
    """Spending a year on largest training clusters, one after another.

    Parameters
    ----------
    training_cluster_cost : (Y, sample) array, USD
    cluster_funding_time : (sample,) array, year
        Time after which the next cluster is paid for.

    Returns
    -------
    (Y, sample) array, USD/year
    """
    return training_cluster_cost / cluster_funding_time


@quantity("USD", increasing=["cluster_spending"])
def cumulative_cluster_spending(
    year: FloatArray, cluster_spending: FloatArray, cluster_growth_rate: FloatArray, fleet_start_year: FloatArray
) -> FloatArray:
    """Spending on largest training clusters so far.

    Parameters
    ----------
    year : (Y, 1) array, year
    cluster_spending : (Y, sample) array, USD/year
    cluster_growth_rate : (sample,) array, OOM/year
        Growth of the spending before the first year, as far as prices stood.
    fleet_start_year : (sample,) array, year
        Before it nothing was spent.

    Returns
    -------
    (Y, sample) array, USD
    """
    spending = cluster_spending * (year / year)
    before = _so_far(spending[0], np.log(10) * cluster_growth_rate, year[0] - fleet_start_year)
    return _accumulated(year, spending, before)


@quantity("USD", increasing=["leading_lab_revenue", "revenue_margin"])
def cumulative_margin(
    year: FloatArray,
    leading_lab_revenue: FloatArray,
    revenue_margin: FloatArray,
    revenue_growth_rate: FloatArray,
    revenue_ceiling: FloatArray,
    fleet_start_year: FloatArray,
) -> FloatArray:
    """Margin that the leading laboratory has earned so far.

    Parameters
    ----------
    year : (Y, 1) array, year
    leading_lab_revenue : (Y, sample) array, USD/year
    revenue_margin : (sample,) array, 1
    revenue_growth_rate : (Y, sample) array, 1/year
        That of the first year holds before it.
    revenue_ceiling : (sample,) array, USD/year
        From one year to the next revenue follows the logistic path that ends here.
    fleet_start_year : (sample,) array, year
        Before it nothing was earned.

    Returns
    -------
    (Y, sample) array, USD
    """
    earned = [_so_far(leading_lab_revenue[0], (revenue_growth_rate * (year / year))[0], year[0] - fleet_start_year)]
    room = np.maximum(1 - leading_lab_revenue / revenue_ceiling, np.finfo(np.float64).eps)
    odds = leading_lab_revenue / revenue_ceiling / room
    for i in range(1, len(year)):
        growth = np.log(odds[i] / odds[i - 1])
        steady = growth == 0
        filled = (np.log1p(odds[i]) - np.log1p(odds[i - 1])) / np.where(steady, 1, growth)
        mean = np.where(steady, leading_lab_revenue[i], revenue_ceiling * filled)
        earned.append(earned[-1] + (year[i] - year[i - 1]) * mean)
    return revenue_margin * np.stack(earned)


def _mean_power(exponent: FloatArray) -> FloatArray:
    """Return the mean of ``exp(x)`` for x from 0 to the exponent."""
    safe = np.where(exponent == 0, np.finfo(np.float64).eps, exponent)
    mean: FloatArray = np.expm1(safe) / safe
    return mean


def _so_far(flow: FloatArray, growth: FloatArray, time: FloatArray) -> FloatArray:
    """Integrate over the time up to now a flow that grew exponentially to what it is now."""
    return flow * time * _mean_power(-growth * time)


def _accumulated(year: FloatArray, flow: FloatArray, first: FloatArray) -> FloatArray:
    """Integrate a flow that grows exponentially from each year of the grid to the next."""
    rows = [first]
    for i in range(1, len(year)):
        growth = np.log(flow[i] / flow[i - 1])
        rows.append(rows[-1] + (year[i] - year[i - 1]) * flow[i - 1] * _mean_power(growth))
    return np.stack(rows)


@quantity("1", increasing=["cumulative_margin"], decreasing=["cumulative_cluster_spending"])
def cumulative_payback(cumulative_margin: FloatArray, cumulative_cluster_spending: FloatArray) -> FloatArray:
    """Margin earned so far per dollar spent on clusters so far.

    Parameters
    ----------
    cumulative_margin, cumulative_cluster_spending : (Y, sample) array, USD

    Returns
    -------
    (Y, sample) array, 1
        From 1 on all clusters so far are paid off.
    """
    return cumulative_margin / cumulative_cluster_spending
