"""R1 to R5, P1 to P4, N1 and N2: revenue, precedents as shares of GDP, and Nvidia."""

import numpy as np

from clustercast.audit.essay import Derivations, Essay, FloatArray, Numbers


def _doublings(essay: Essay, start: FloatArray, level: FloatArray) -> FloatArray:
    """Return the time in which a revenue doubles from a start to a level."""
    return essay["revenue_doubling_time"] * np.log2(level / start)


def _doubling_of_the_lab(essay: Essay) -> Numbers:
    time = essay.fact("lab_revenue_date") - essay["leading_lab_base_year"]
    start = essay["leading_lab_base_revenue"]
    return {
        "revenue": start * 2 ** (time / essay["revenue_doubling_time"]),
        "doubling_time": time / np.log2(essay.fact("lab_revenue") / start),
    }


def _lab_reaches(essay: Essay, level: str) -> FloatArray:
    """Return when the laboratory's run rate reaches a level."""
    return essay["leading_lab_base_year"] + _doublings(essay, essay["leading_lab_base_revenue"], essay.fact(level))


def _company_reaches(essay: Essay, level: str) -> FloatArray:
    """Return when the company's run rate reaches a level, from ten billion at either end of early 2025."""
    return essay.fact("early_2025") + _doublings(essay, essay.fact("ten_billion"), essay.fact(level))


def _hundred_billion(essay: Essay) -> Numbers:
    time = _doublings(essay, essay.fact("ten_billion"), essay.fact("hundred_billion"))
    return {"crossing": _company_reaches(essay, "hundred_billion"), "start_needed": essay.fact("mid_2026") - time}


def _two_companies(essay: Essay) -> Numbers:
    level = "hundred_billion"
    return {"lab_crossing": _lab_reaches(essay, level), "company_crossing": _company_reaches(essay, level)}


def _war(essay: Essay) -> Numbers:
    share = essay.fact("war_gdp_share")
    return {"spending": share * essay["us_gdp_2024"], "gdp_needed": essay.fact("war_spending") / share}


def _nvidia_in_a_year(essay: Essay) -> Numbers:
    name, quarter = "nvidia_data_center_revenue", essay.fact("quarter")
    quarters = essay.series(name)
    before, after = (essay.fact(name, key) / quarter for key in ("FY23Q4", "FY25Q1"))
    return {
        "before": before,
        "after": after,
        "time": (quarters.index("FY25Q1") - quarters.index("FY23Q4")) * quarter,
        "a_year_before": essay.fact(name, "FY24Q1") / quarter,
    }


MONEY: Derivations = {
    "R1": _doubling_of_the_lab,
    "R2": lambda essay: {"crossing": _lab_reaches(essay, "ten_billion")},
    "R3": _hundred_billion,
    "R4": lambda essay: {
        "revenue": essay["office_subscribers"] * essay.fact("office_share") * essay["office_addon_price"]
    },
    "R5": _two_companies,
    "P1": lambda essay: {"spending": essay.fact("apollo_gdp_share") * essay["us_gdp_2024"]},
    "P2": lambda essay: {"share": essay.fact("trillion") / essay["us_gdp_2024"]},
    "P3": lambda essay: {"spending": essay.fact("railway_gdp_share") * essay["us_gdp_2024"]},
    "P4": _war,
    "N1": _nvidia_in_a_year,
    "N2": lambda essay: {
        "revenue": essay.fact("nvidia_revenue_fy26"),
        "data_center": essay.fact("nvidia_data_center_fy26"),
    },
}
