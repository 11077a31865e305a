"""What AI earns: the leading laboratory, the world, large technology companies and office software."""

import numpy as np

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import compounded


def _run_rate(base_revenue, time, earlier_doubling_time, doubling_time, lengthening, ceiling):
    """Return revenue that doubles ever more slowly after its base date, on a logistic path to its ceiling."""
    ahead = np.maximum(time, 0) / doubling_time
    # log1p(x) / x, by its limit where x is lost in the rounding of 1: no lengthening is the plain exponential.
    stretch = np.maximum(lengthening * ahead, np.finfo(np.float64).eps)
    doublings = np.minimum(time, 0) / earlier_doubling_time + ahead * np.log1p(stretch) / stretch
    revenue = base_revenue * np.exp2(doublings)
    return revenue / (1 + revenue / ceiling)


@quantity("USD/year", time="rate", increasing=["gross_world_product_2025"])
def gross_world_product(
    year, gross_world_product_base_year, gross_world_product_2025, gross_world_product_growth, accounting_period
):
    """Gross product of the world."""
    time = year - gross_world_product_base_year
    return compounded(gross_world_product_2025, gross_world_product_growth, time, accounting_period)


@quantity("USD/year", time="rate", increasing=["revenue_ceiling_share", "gross_world_product", "leading_lab_share"])
def leading_lab_revenue_ceiling(revenue_ceiling_share, gross_world_product, leading_lab_share):
    """Revenue that the largest laboratory can reach at the most."""
    return revenue_ceiling_share * gross_world_product * leading_lab_share


@quantity("USD/year", time="rate", between="log", increasing=["leading_lab_base_revenue"])
def leading_lab_revenue(
    year,
    leading_lab_base_revenue,
    leading_lab_base_year,
    earlier_revenue_doubling_time,
    revenue_doubling_time,
    revenue_doubling_time_lengthening,
    leading_lab_revenue_ceiling,
):
    """Run rate of revenue of the largest AI laboratory, whichever it is [SA IIIa, AI revenue]."""
    time, doubling = year - leading_lab_base_year, (revenue_doubling_time, revenue_doubling_time_lengthening)
    earlier, ceiling = earlier_revenue_doubling_time, leading_lab_revenue_ceiling
    return _run_rate(leading_lab_base_revenue, time, earlier, *doubling, ceiling)


@quantity("USD/year", time="rate", between="log", increasing=["leading_lab_revenue"], decreasing=["leading_lab_share"])
def ai_revenue(leading_lab_revenue, leading_lab_share):
    """Revenue of AI: what the world's final customers pay for it."""
    return leading_lab_revenue / leading_lab_share


@quantity("USD/year", time="rate", increasing=["big_tech_base_revenue"])
def big_tech_ai_revenue(
    year,
    big_tech_base_revenue,
    big_tech_base_year,
    earlier_revenue_doubling_time,
    revenue_doubling_time,
    revenue_doubling_time_lengthening,
    leading_lab_revenue_ceiling,
):
    """Run rate of AI revenue of one large technology company [SA IIIa, AI revenue]."""
    time, doubling = year - big_tech_base_year, (revenue_doubling_time, revenue_doubling_time_lengthening)
    earlier, ceiling = earlier_revenue_doubling_time, leading_lab_revenue_ceiling
    return _run_rate(big_tech_base_revenue, time, earlier, *doubling, ceiling)


@quantity("1/year", time="state", decreasing=["revenue_doubling_time_lengthening"])
def revenue_growth_rate(
    year, leading_lab_base_year, earlier_revenue_doubling_time, revenue_doubling_time, revenue_doubling_time_lengthening
):
    """Growth rate of the largest laboratory's revenue, far below the ceiling."""
    time = year - leading_lab_base_year
    later = revenue_doubling_time + revenue_doubling_time_lengthening * np.maximum(time, 0)
    return np.log(2) / np.where(time < 0, earlier_revenue_doubling_time, later)


@quantity("USD/year", time="rate", increasing=["office_subscribers", "office_addon_share", "office_addon_price"])
def office_addon_revenue(office_subscribers, office_addon_share, office_addon_price):
    """Revenue of an AI add-on to office software [SA IIIa, AI revenue]."""
    return office_subscribers * office_addon_share * office_addon_price
