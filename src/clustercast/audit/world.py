"""B1 to B17: world investment, shipments, their power and their wafers; R, P and N: revenue, precedents, Nvidia."""

import numpy as np

from clustercast.audit.largest_cluster import needed_growth
from clustercast.audit.statements import Essay, FloatArray, Formulas, Numbers


def _years(essay: Essay) -> tuple[float, ...]:
    """Return the columns of the second table."""
    return essay.columns("ai_investment")


def _electricity_share(essay: Essay, year: float, shipments: FloatArray) -> FloatArray:
    """Return the electricity of a year's shipments as a share of US production."""
    return shipments * essay.power_per_accelerator() * essay["load_factor"] / essay.electricity(year)


def _shipments_for_power(essay: Essay, year: float) -> FloatArray:
    """Return the shipments whose power is the stated share of US electricity."""
    return essay.cell("shipment_electricity_share", year) / _electricity_share(essay, year, np.ones(1))


def _stated_shipments(essay: Essay) -> FloatArray:
    """Return the range of shipments in the first column."""
    return essay.cell("accelerator_shipments", _years(essay)[0])


def _shipments(essay: Essay, year: float) -> FloatArray:
    """Return the shipments of a column: the number stated, the middle in the first, else those for the power."""
    stated = essay.cell("accelerator_shipments", year)
    if stated.size == 1:
        return stated
    return stated.mean(keepdims=True) if year == _years(essay)[0] else _shipments_for_power(essay, year)


def _doubling(essay: Essay) -> Numbers:
    first, *later = _years(essay)
    numbers = {f"investment_{year:g}": essay.investment(year) for year in later}
    numbers |= {f"from_125_{year:g}": essay.investment(year, essay.fact("investment_fitted")) for year in later}
    start = essay.cell("ai_investment", first).mean()
    gains = [(essay.cell("ai_investment", y) / start) ** (1 / (y - first)) for y in (later[0], later[-1])]
    return {**numbers, "implied_growth": np.concatenate(gains)}


def _price_of_the_fleet(essay: Essay) -> Numbers:
    first, *_, last = years = _years(essay)
    price = essay.investment(first) / _stated_shipments(essay)
    stated, slower = essay.fact("flop_per_dollar_growth"), needed_growth(essay, "table_year")
    bought = [essay.cell("ai_investment", last) / price * (1 + growth) ** (last - first) for growth in (stated, slower)]
    prices = {f"price_{y:g}": essay.cell("ai_investment", y).mean(keepdims=True) / _shipments(essay, y) for y in years}
    from_first_table = essay.fact("trillion") / essay.fact("trillion_cluster_size")
    bought_by = dict(zip(("shipments_2030", "shipments_2030_slower"), bought, strict=True))
    return {**bought_by, **prices, "first_table_price_2030": from_first_table}


def _power_column(essay: Essay) -> Numbers:
    shipped = {year: essay.cell("accelerator_shipments", year) for year in _years(essay)}
    shares = {f"share_{year:g}": _electricity_share(essay, year, number) for year, number in shipped.items()}
    return {**shares, **{f"shipments_{year:g}": _shipments_for_power(essay, year) for year in _years(essay)[1:]}}


def _stock_and_flow(essay: Essay) -> Numbers:
    growth = essay["investment_growth_factor"]
    # What was shipped before at the same growth: 1 + 1/g + 1/g^2 + ... times this year's shipments.
    stock = growth / (growth - 1)
    numbers = {"stock_over_flow": stock}
    for year in _years(essay):
        flow = _stated_shipments(essay) if year == _years(essay)[0] else _shipments(essay, year)
        numbers[f"share_{year:g}"] = _electricity_share(essay, year, flow * stock)
    return numbers


def _wafers(essay: Essay) -> FloatArray:
    """Return the wafers of the shipments in the first column."""
    return _stated_shipments(essay) / essay["accelerators_per_wafer"]


def _share_of(essay: Essay, *capacities: str) -> FloatArray:
    """Return the share of one capacity, or of one for each end of the shipments."""
    return _wafers(essay) / essay.facts(capacities)


def _wafer_column(essay: Essay) -> Numbers:
    made = essay.fact("capacity_without_7nm") * essay["accelerators_per_wafer"]
    years = essay.columns("wafer_share")[1:]
    numbers = {f"shipments_{year:g}": made * essay.cell("wafer_share", year) for year in years}
    with_7nm = essay.fact("capacity_with_7nm") * essay["accelerators_per_wafer"]
    return {**numbers, "shipments_2028_with_7nm": with_7nm * essay.cell("wafer_share", years[1])}


def _gigafabs(essay: Essay) -> Numbers:
    last, one, price = _years(essay)[-1], essay["gigafab_capacity"], essay["gigafab_cost"]
    fabs = _shipments(essay, last) / essay["accelerators_per_wafer"] / one
    wafers = essay.cell("wafer_share", last) * essay.fact("capacity_without_7nm")
    all_fabs, new = wafers / one, (wafers - essay["leading_edge_capacity"]) / one
    return {
        "fabs": fabs,
        "capex": fabs * price / essay["logic_capex_share"],
        "accelerators_per_fab": one * essay["accelerators_per_wafer"],
        "fabs_for_wafers": all_fabs,
        "new_fabs_for_wafers": new,
        "capex_for_wafers": np.concatenate([new, all_fabs]) * price,
        "capex_of_dozens": essay.fact("dozens") * price,
    }


WORLD: Formulas = {
    "B1": _doubling,
    "B2.investment": lambda essay: essay.investment(essay.fact("investment_year")),
    "B3.total": lambda essay: essay.fact("chip_market_2027") / essay.fact("chip_capex_share"),
    "B3.chip_share": lambda essay: essay.fact("chip_market_2027") / essay.fact("total_market_2027"),
    "B4.total": lambda essay: essay.fact("nvidia_run_rate") / essay.fact("chip_capex_share"),
    "B5": _price_of_the_fleet,
    "B6": _power_column,
    "B7": _stock_and_flow,
    "B8.shipments": lambda essay: _stated_shipments(essay).mean(keepdims=True),
    "B8.counted": lambda essay: essay.fact("shipments_2024_counted"),
    "B8.nvidia": lambda essay: essay.fact("nvidia_units_2024"),
    "B9.wafers": lambda essay: _wafers(essay),
    "B10.share": lambda essay: _share_of(essay, "capacity_with_7nm", "capacity_without_7nm"),
    "B10.share_of_5nm": lambda essay: _share_of(essay, "capacity_5nm"),
    "B11.low_end_with_7nm": lambda essay: _share_of(essay, "capacity_with_7nm")[:1],
    "B11.low_end_without_7nm": lambda essay: _share_of(essay, "capacity_without_7nm")[:1],
    "B12": _wafer_column,
    "B13.wafers": lambda essay: _stated_shipments(essay) / essay.fact("good_dies"),
    "B13.change": lambda essay: _stated_shipments(essay) / essay.fact("good_dies") / _wafers(essay),
    "B14.production_over_cluster": lambda essay: (
        _stated_shipments(essay) / essay.cell("training_cluster_size", essay.columns("training_cluster_size")[-2])
    ),
    "B15.capacity_over_cluster": lambda essay: (
        essay.facts(["capacity_without_7nm", "capacity_with_7nm"])
        * essay["accelerators_per_wafer"]
        / essay.fact("trillion_cluster_size")
    ),
    "B16": lambda essay: {
        f"chip_share_{y:g}": essay.cell("training_cluster_size", y) / _shipments(essay, y) for y in _years(essay)
    },
    "B16.dollar_share_2030": lambda essay: essay.fact("trillion") / essay.cell("ai_investment", _years(essay)[-1]),
    "B17": _gigafabs,
}


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


def _hundred_billion(essay: Essay) -> Numbers:
    # The company has ten billion at either end of early 2025.
    time = _doublings(essay, essay.fact("ten_billion"), essay.fact("hundred_billion"))
    return {"crossing": essay.fact("early_2025") + time, "start_needed": essay.fact("mid_2026") - time}


def _nvidia_in_a_year(essay: Essay) -> Numbers:
    name, quarter = "nvidia_data_center_revenue", essay.fact("quarter")
    quarters = list(essay.series(name))
    before, after = (essay.fact(name, key) / quarter for key in ("FY23Q4", "FY25Q1"))
    return {
        "before": before,
        "after": after,
        "time": (quarters.index("FY25Q1") - quarters.index("FY23Q4")) * quarter,
        "a_year_before": essay.fact(name, "FY24Q1") / quarter,
    }


MONEY: Formulas = {
    "R1": _doubling_of_the_lab,
    "R2.crossing": lambda essay: _lab_reaches(essay, "ten_billion"),
    "R3": _hundred_billion,
    "R4.revenue": lambda essay: essay["office_subscribers"] * essay.fact("office_share") * essay["office_addon_price"],
    "R5.lab_crossing": lambda essay: _lab_reaches(essay, "hundred_billion"),
    "R5.company_crossing": lambda essay: _hundred_billion(essay)["crossing"],
    "P1.spending": lambda essay: essay.fact("apollo_gdp_share") * essay["us_gdp_2024"],
    "P2.share": lambda essay: essay.fact("trillion") / essay["us_gdp_2024"],
    "P3.spending": lambda essay: essay.fact("railway_gdp_share") * essay["us_gdp_2024"],
    "P4.spending": lambda essay: essay.fact("war_gdp_share") * essay["us_gdp_2024"],
    "P4.gdp_needed": lambda essay: essay.fact("war_spending") / essay.fact("war_gdp_share"),
    "N1": _nvidia_in_a_year,
    "N2.revenue": lambda essay: essay.fact("nvidia_revenue_fy26"),
    "N2.data_center": lambda essay: essay.fact("nvidia_data_center_fy26"),
}
