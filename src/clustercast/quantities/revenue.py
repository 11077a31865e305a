"""What AI earns, and what the largest spenders can afford."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity

FloatArray = NDArray[np.float64]


def _doublings(
    year: FloatArray, base_year: FloatArray, doubling_time: FloatArray, lengthening: FloatArray
) -> FloatArray:
    """Integrate 1 / doubling time from the base year; the doubling time is constant before it, grows linearly after."""
    steady = (year - base_year) / doubling_time
    ahead = np.maximum(steady, 0)
    # log1p(x) / x by its own limit at 0, so that no lengthening is the plain exponential
    stretch = lengthening * ahead
    slowing = np.where(stretch > 0, np.log1p(stretch) / np.where(stretch > 0, stretch, 1), 1)
    doublings: FloatArray = np.minimum(steady, 0) + ahead * slowing
    return doublings


def _saturated(unlimited: FloatArray, ceiling: FloatArray) -> FloatArray:
    """Return the logistic path that follows `unlimited` while it is small and ends at `ceiling`."""
    return unlimited / (1 + unlimited / ceiling)


@quantity(
    "USD/year",
    increasing=["leading_lab_base_revenue", "revenue_ceiling"],
    decreasing=["leading_lab_base_year", "revenue_doubling_time_lengthening"],
)
def leading_lab_revenue(
    year: FloatArray,
    leading_lab_base_revenue: FloatArray,
    leading_lab_base_year: FloatArray,
    revenue_doubling_time: FloatArray,
    revenue_doubling_time_lengthening: FloatArray,
    revenue_ceiling: FloatArray,
) -> FloatArray:
    """Annualised revenue of the leading AI laboratory.

    Parameters
    ----------
    year : (Y, 1) array, year
    leading_lab_base_revenue : (sample,) array, USD/year
        Run rate in the base year, were there no ceiling.
    leading_lab_base_year : (sample,) array, year
    revenue_doubling_time : (sample,) array, year
        Doubling time up to the base year.
    revenue_doubling_time_lengthening : (sample,) array, 1
        Years by which the doubling time grows in a year; 0 is the straight line.
    revenue_ceiling : (sample,) array, USD/year

    Returns
    -------
    (Y, sample) array, USD/year

    References
    ----------
    Aschenbrenner, Situational Awareness (2024), IIIa, AI revenue.

    Examples
    --------
    >>> path = leading_lab_revenue(np.array([[2023.5], [2024.0]]), 1e9, 2023.5, 0.5, 0.0, 1e18)
    >>> np.round(path.ravel() / 1e9, 6)
    array([1., 2.])
    """
    doublings = _doublings(year, leading_lab_base_year, revenue_doubling_time, revenue_doubling_time_lengthening)
    return _saturated(leading_lab_base_revenue * np.exp2(doublings), revenue_ceiling)


@quantity(
    "USD/year",
    increasing=["big_tech_base_revenue", "revenue_ceiling"],
    decreasing=["big_tech_base_year", "revenue_doubling_time_lengthening"],
)
def big_tech_ai_revenue(
    year: FloatArray,
    big_tech_base_revenue: FloatArray,
    big_tech_base_year: FloatArray,
    revenue_doubling_time: FloatArray,
    revenue_doubling_time_lengthening: FloatArray,
    revenue_ceiling: FloatArray,
) -> FloatArray:
    """Annualised AI revenue of one large technology company.

    Parameters
    ----------
    year : (Y, 1) array, year
    big_tech_base_revenue : (sample,) array, USD/year
    big_tech_base_year : (sample,) array, year
    revenue_doubling_time : (sample,) array, year
    revenue_doubling_time_lengthening : (sample,) array, 1
    revenue_ceiling : (sample,) array, USD/year

    Returns
    -------
    (Y, sample) array, USD/year

    References
    ----------
    Aschenbrenner, Situational Awareness (2024), IIIa, AI revenue: the essay's second series,
    another company than the first with the same doubling.
    """
    doublings = _doublings(year, big_tech_base_year, revenue_doubling_time, revenue_doubling_time_lengthening)
    return _saturated(big_tech_base_revenue * np.exp2(doublings), revenue_ceiling)


@quantity("USD/year", increasing=["office_subscribers", "office_addon_share", "office_addon_price"])
def office_addon_revenue(
    office_subscribers: FloatArray, office_addon_share: FloatArray, office_addon_price: FloatArray
) -> FloatArray:
    """Revenue of an AI add-on to office software.

    Parameters
    ----------
    office_subscribers : (sample,) array, subscriber
    office_addon_share : (sample,) array, 1
        Share of the subscribers who buy it.
    office_addon_price : (sample,) array, USD/subscriber/year

    Returns
    -------
    (sample,) array, USD/year

    References
    ----------
    Aschenbrenner, Situational Awareness (2024), IIIa, AI revenue.
    """
    return office_subscribers * office_addon_share * office_addon_price


@quantity(
    "1/year",
    increasing=["leading_lab_base_year"],
    decreasing=["revenue_doubling_time", "revenue_doubling_time_lengthening"],
)
def revenue_growth_rate(
    year: FloatArray,
    leading_lab_base_year: FloatArray,
    revenue_doubling_time: FloatArray,
    revenue_doubling_time_lengthening: FloatArray,
) -> FloatArray:
    """Growth rate of the leading laboratory's revenue, far below the ceiling.

    Parameters
    ----------
    year : (Y, 1) array, year
    leading_lab_base_year : (sample,) array, year
    revenue_doubling_time : (sample,) array, year
    revenue_doubling_time_lengthening : (sample,) array, 1

    Returns
    -------
    (Y, sample) array, 1/year
        Logarithm of 2 over the doubling time of that year.
    """
    since = np.maximum(year - leading_lab_base_year, 0)
    rate: FloatArray = np.log(2) / (revenue_doubling_time + revenue_doubling_time_lengthening * since)
    return rate


@quantity(
    "USD/year",
    increasing=["spender_base_cash_flow", "big_tech_ai_revenue", "revenue_margin"],
    decreasing=["spender_base_year"],
)
def spender_funds(
    year: FloatArray,
    spender_base_cash_flow: FloatArray,
    spender_base_year: FloatArray,
    spender_cash_flow_doubling_time: FloatArray,
    big_tech_ai_revenue: FloatArray,
    revenue_margin: FloatArray,
) -> FloatArray:
    """Funds a year of the largest spender: cash flow of the other business and margin on AI.

    Parameters
    ----------
    year : (Y, 1) array, year
    spender_base_cash_flow : (sample,) array, USD/year
        Operating cash flow in `spender_base_year`.
    spender_base_year : (sample,) array, year
    spender_cash_flow_doubling_time : (sample,) array, year
    big_tech_ai_revenue : (Y, sample) array, USD/year
    revenue_margin : (sample,) array, 1

    Returns
    -------
    (Y, sample) array, USD/year
    """
    doublings = (year - spender_base_year) / spender_cash_flow_doubling_time
    return spender_base_cash_flow * np.exp2(doublings) + revenue_margin * big_tech_ai_revenue


@quantity("USD", increasing=["spender_funds", "cluster_budget_share", "cluster_funding_time", "borrowing_time"])
def affordable_cluster_cost(
    spender_funds: FloatArray,
    cluster_budget_share: FloatArray,
    cluster_funding_time: FloatArray,
    borrowing_time: FloatArray,
) -> FloatArray:
    """Cost of the largest cluster that the largest spender can fund.

    Parameters
    ----------
    spender_funds : (Y, sample) array, USD/year
    cluster_budget_share : (sample,) array, 1
        Share of the funds that goes to one cluster.
    cluster_funding_time : (sample,) array, year
        Years of funds that pay for one cluster.
    borrowing_time : (sample,) array, year
        Debt that lenders grant, in years of funds.

    Returns
    -------
    (Y, sample) array, USD
    """
    return cluster_budget_share * spender_funds * (cluster_funding_time + borrowing_time)
