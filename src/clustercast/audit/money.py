"""R1 to R5, P1 to P4, N1 and N2: revenue, precedents as shares of GDP, and Nvidia."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from clustercast.audit.recomputation import Recomputation

FloatArray = NDArray[np.float64]
Numbers = dict[str, FloatArray]

# The texts draw straight doublings.
_NO_CEILING = np.inf


def _doubling_of_the_lab(r: Recomputation) -> Numbers:
    date, start = r.fact("lab_revenue_date"), r.median("leading_lab_base_year")
    doublings = np.log2(r.fact("lab_revenue") / r.median("leading_lab_base_revenue"))
    revenue = r("leading_lab_revenue", date, revenue_ceiling=_NO_CEILING)
    return {"revenue": revenue, "doubling_time": (date - start) / doublings}


def _lab_reaches(r: Recomputation, level: str) -> FloatArray:
    """Return when the laboratory's run rate reaches a level."""
    return r.crossing("leading_lab_revenue", r.fact(level), revenue_ceiling=_NO_CEILING)


def _company_reaches(r: Recomputation, level: str) -> FloatArray:
    """Return when the company's run rate reaches a level, from ten billion at either end of early 2025."""
    return r.crossing(
        "big_tech_ai_revenue",
        r.fact(level),
        big_tech_base_revenue=r.fact("ten_billion"),
        big_tech_base_year=r.fact("early_2025"),
        revenue_ceiling=_NO_CEILING,
    )


def _ten_billion(r: Recomputation) -> Numbers:
    return {"crossing": _lab_reaches(r, "ten_billion")}


def _hundred_billion(r: Recomputation) -> Numbers:
    crossing = _company_reaches(r, "hundred_billion")
    time = (crossing - r.fact("early_2025"))[:1]
    return {"crossing": crossing, "start_needed": r.fact("mid_2026") - time}


def _office(r: Recomputation) -> Numbers:
    return {"revenue": r("office_addon_revenue", office_addon_share=r.fact("office_share"))}


def _two_companies(r: Recomputation) -> Numbers:
    level = "hundred_billion"
    return {"lab_crossing": _lab_reaches(r, level), "company_crossing": _company_reaches(r, level)}


def _gdp(r: Recomputation) -> FloatArray:
    """Return the GDP of the United States in its base year."""
    return r("us_gdp", r.median("us_gdp_base_year"))


def _apollo(r: Recomputation) -> Numbers:
    return {"spending": r.fact("apollo_gdp_share") * _gdp(r)}


def _trillion_of_gdp(r: Recomputation) -> Numbers:
    investment = r.fact("trillion") / r.median("accounting_period")
    return {"share": r("investment_gdp_share", r.median("us_gdp_base_year"), ai_investment=investment)}


def _railways(r: Recomputation) -> Numbers:
    return {"spending": r.fact("railway_gdp_share") * _gdp(r)}


def _war(r: Recomputation) -> Numbers:
    share = r.fact("war_gdp_share")
    return {"spending": share * _gdp(r), "gdp_needed": r.fact("war_spending") / share}


def _nvidia_in_a_year(r: Recomputation) -> Numbers:
    name, quarter = "nvidia_data_center_revenue", r.fact("quarter")
    quarters = r.series(name)
    before, after = (r.fact(name, key) / quarter for key in ("FY23Q4", "FY25Q1"))
    return {
        "before": before,
        "after": after,
        "time": (quarters.index("FY25Q1") - quarters.index("FY23Q4")) * quarter,
        "a_year_before": r.fact(name, "FY24Q1") / quarter,
    }


def _nvidia_in_2025(r: Recomputation) -> Numbers:
    return {"revenue": r.fact("nvidia_revenue_fy26"), "data_center": r.fact("nvidia_data_center_fy26")}


MONEY: Mapping[str, Callable[[Recomputation], Numbers]] = {
    "R1": _doubling_of_the_lab,
    "R2": _ten_billion,
    "R3": _hundred_billion,
    "R4": _office,
    "R5": _two_companies,
    "P1": _apollo,
    "P2": _trillion_of_gdp,
    "P3": _railways,
    "P4": _war,
    "N1": _nvidia_in_a_year,
    "N2": _nvidia_in_2025,
}
