"""B1 to B17: world investment, shipments, their power and their wafers."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from clustercast.audit.largest_cluster import needed_growth
from clustercast.audit.recomputation import Recomputation

FloatArray = NDArray[np.float64]
Numbers = dict[str, FloatArray]


def _years(r: Recomputation) -> tuple[float, ...]:
    """Return the columns of the second table."""
    return r.columns("ai_investment")


def _shipments_for_power(r: Recomputation, year: float) -> FloatArray:
    """Return the shipments whose power is the stated share of US electricity."""
    share = r.cell("shipment_electricity_share", year)
    return share / r("shipment_electricity_share", year, accelerator_shipments=1.0)


def _shipments(r: Recomputation, year: float) -> FloatArray:
    """Return the shipments of a column: the number stated, the middle in the first, else those for the power."""
    stated = r.cell("accelerator_shipments", year)
    if stated.size == 1:
        return stated
    return np.array([stated.mean()]) if year == _years(r)[0] else _shipments_for_power(r, year)


def _doubling(r: Recomputation) -> Numbers:
    first, *later = _years(r)
    found = {f"investment_{year:g}": r("ai_investment", year) for year in later}
    for year in later:
        found[f"from_125_{year:g}"] = r("ai_investment", year, ai_investment_2024=r.fact("investment_fitted"))
    gains = [
        (r.cell("ai_investment", y) / r("ai_investment", first)) ** (1 / (y - first)) for y in (later[0], later[-1])
    ]
    return {**found, "implied_growth": np.concatenate(gains)}


def _trillion_a_year(r: Recomputation) -> Numbers:
    return {"investment": r("ai_investment", r.fact("investment_year"))}


def _market_of_chips(r: Recomputation) -> Numbers:
    market = r.fact("chip_market_2027")
    return {"total": market / r.fact("chip_capex_share"), "chip_share": market / r.fact("total_market_2027")}


def _spending_on_nvidia(r: Recomputation) -> Numbers:
    return {"total": r.fact("nvidia_run_rate") / r.fact("chip_capex_share")}


def _price_of_the_fleet(r: Recomputation) -> Numbers:
    first, last = _years(r)[0], _years(r)[-1]
    price = r("ai_investment", first) / r.cell("accelerator_shipments", first)

    def shipments(growth: FloatArray) -> FloatArray:
        return r(
            "accelerator_shipments",
            last,
            ai_investment=r.cell("ai_investment", last),
            investment_per_accelerator_2024=price,
            fleet_flop_per_dollar_growth=growth,
        )

    prices = {f"price_{y:g}": r.cell("ai_investment", y).mean(keepdims=True) / _shipments(r, y) for y in _years(r)}
    return {
        "shipments_2030": shipments(r.fact("flop_per_dollar_growth")),
        "shipments_2030_slower": shipments(needed_growth(r, "table_year")),
        **prices,
        "first_table_price_2030": r.fact("trillion") / r.fact("trillion_cluster_size"),
    }


def _power_column(r: Recomputation) -> Numbers:
    output = "shipment_electricity_share"
    shares = {f"share_{y:g}": r(output, y, accelerator_shipments=r.cell("accelerator_shipments", y)) for y in _years(r)}
    return {**shares, **{f"shipments_{y:g}": _shipments_for_power(r, y) for y in _years(r)[1:]}}


def _stock_and_flow(r: Recomputation) -> Numbers:
    last = _years(r)[-1]
    stock = r("installed_base", last) / (r("accelerator_shipments", last) * r.median("accounting_period"))
    found = {"stock_over_flow": stock}
    for year in _years(r):
        stated = r.cell("accelerator_shipments", year)
        flow = stated if year == _years(r)[0] else _shipments(r, year)
        found[f"share_{year:g}"] = r("fleet_electricity_share", year, accelerator_shipments=flow)
    return found


def _shipments_of_the_year(r: Recomputation) -> Numbers:
    return {
        "shipments": r("accelerator_shipments", _years(r)[0]),
        "counted": r.fact("shipments_2024_counted"),
        "nvidia": r.fact("nvidia_units_2024"),
    }


def _stated_shipments(r: Recomputation) -> FloatArray:
    """Return the range of shipments in the first column."""
    return r.cell("accelerator_shipments", _years(r)[0])


def _wafers(r: Recomputation) -> Numbers:
    return {"wafers": r("wafers_required", accelerator_shipments=_stated_shipments(r))}


def _share_of(r: Recomputation, *capacities: str) -> FloatArray:
    """Return the share of one capacity, or of one for each end of the shipments."""
    capacity = np.concatenate([r.fact(name) for name in capacities])
    return r("wafer_share", accelerator_shipments=_stated_shipments(r), leading_edge_capacity=capacity)


def _wafer_share(r: Recomputation) -> Numbers:
    share = _share_of(r, "capacity_with_7nm", "capacity_without_7nm")
    return {"share": share, "share_of_5nm": _share_of(r, "capacity_5nm")}


def _low_end_of_the_wafer_share(r: Recomputation) -> Numbers:
    return {
        "low_end_with_7nm": _share_of(r, "capacity_with_7nm")[:1],
        "low_end_without_7nm": _share_of(r, "capacity_without_7nm")[:1],
    }


def _made_of(r: Recomputation, capacity: FloatArray, share: FloatArray) -> FloatArray:
    """Return the accelerators that a share of a wafer capacity makes in a year."""
    return r("logic_capacity", logic_wafer_capacity=capacity, ai_wafer_share_limit=share)


def _wafer_column(r: Recomputation) -> Numbers:
    capacity = r.fact("capacity_without_7nm")
    years = r.columns("wafer_share")[1:]
    found = {f"shipments_{y:g}": _made_of(r, capacity, r.cell("wafer_share", y)) for y in years}
    whole = r.cell("wafer_share", years[1])
    return {**found, "shipments_2028_with_7nm": _made_of(r, r.fact("capacity_with_7nm"), whole)}


def _good_dies(r: Recomputation) -> Numbers:
    shipments, dies = _stated_shipments(r), r.fact("good_dies")
    wafers = r("wafers_required", accelerator_shipments=shipments, accelerators_per_wafer=dies)
    return {"wafers": wafers, "change": (wafers / r("wafers_required", accelerator_shipments=shipments))[:1]}


def _production_for_a_cluster(r: Recomputation) -> Numbers:
    cluster = r.cell("training_cluster_size", r.columns("training_cluster_size")[-2])
    return {"production_over_cluster": _stated_shipments(r) / (cluster / r.median("accounting_period"))}


def _capacity_for_a_cluster(r: Recomputation) -> Numbers:
    capacity = np.concatenate([r.fact("capacity_without_7nm"), r.fact("capacity_with_7nm")])
    made = _made_of(r, capacity, np.ones(1)) * r.median("accounting_period")
    return {"capacity_over_cluster": made / r.fact("trillion_cluster_size")}


def _share_of_the_year(r: Recomputation) -> Numbers:
    found = {}
    for year in _years(r):
        found[f"chip_share_{year:g}"] = r(
            "largest_cluster_shipment_share",
            training_cluster_size=r.cell("training_cluster_size", year),
            accelerator_shipments=_shipments(r, year),
        )
    dollars = r(
        "largest_cluster_investment_share",
        training_cluster_cost=r.fact("trillion"),
        ai_investment=r.cell("ai_investment", _years(r)[-1]),
    )
    return {**found, "dollar_share_2030": dollars}


def _gigafabs(r: Recomputation) -> Numbers:
    last = _years(r)[-1]
    shipments = _shipments(r, last)
    wafers = r.cell("wafer_share", last) * r.fact("capacity_without_7nm")
    fabs, new = (r(name, wafers_required=wafers) for name in ("gigafabs_required", "new_gigafabs_required"))
    one = r.median("gigafab_capacity")
    return {
        "fabs": r("gigafabs_required", accelerator_shipments=shipments),
        "capex": r("chip_supply_capex", accelerator_shipments=shipments),
        "accelerators_per_fab": _made_of(r, one, np.ones(1)),
        "fabs_for_wafers": fabs,
        "new_fabs_for_wafers": new,
        "capex_for_wafers": r("fab_capex", gigafabs_required=np.concatenate([new, fabs])),
        "capex_of_dozens": r("fab_capex", gigafabs_required=r.fact("dozens")),
    }


WORLD: Mapping[str, Callable[[Recomputation], Numbers]] = {
    "B1": _doubling,
    "B2": _trillion_a_year,
    "B3": _market_of_chips,
    "B4": _spending_on_nvidia,
    "B5": _price_of_the_fleet,
    "B6": _power_column,
    "B7": _stock_and_flow,
    "B8": _shipments_of_the_year,
    "B9": _wafers,
    "B10": _wafer_share,
    "B11": _low_end_of_the_wafer_share,
    "B12": _wafer_column,
    "B13": _good_dies,
    "B14": _production_for_a_cluster,
    "B15": _capacity_for_a_cluster,
    "B16": _share_of_the_year,
    "B17": _gigafabs,
}
