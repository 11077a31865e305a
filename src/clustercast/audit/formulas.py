"""The derivations of the texts as formulas: the largest cluster, the world and money, gas, and where texts disagree."""

import numpy as np

from clustercast.audit.statements import Essay, FloatArray, Formulas, Numbers

_NO_GAIN = np.zeros(1)


def needed_growth(essay: Essay, base: str) -> FloatArray:
    """Return the growth of operations per dollar that makes the last cluster cost a trillion."""
    last = essay.fact("trillion_year")
    gain = essay.cost(last, base, _NO_GAIN) / essay.fact("trillion")
    return gain ** (1 / (last - essay.fact(base))) - 1


def _growth_to_the_last_column(essay: Essay) -> Numbers:
    starts = {"growth": essay["cluster_start_year"], "from_august": essay.fact("gpt4_finished")}
    return {k: essay["cluster_growth_rate"] * (essay.fact("trillion_year") - start) for k, start in starts.items()}


def _cost_shares(essay: Essay) -> Numbers:
    capital = 1 - essay.fact("gpu_ownership_share") / essay.fact("gpu_cost_share")
    network = essay.fact("network_ownership_share") / (1 - capital)
    both = essay.fact("gpu_cost_share") + network
    return {"accelerators_and_network": both, "cost_of_capital": capital, "network": network}


def _gain_of_a_generation(essay: Essay) -> Numbers:
    growth = essay.fact("generation_gain") ** (1 / essay.fact("generation_time")) - 1
    return {"decade_gain": (1 + growth) ** essay.fact("decade"), "growth": growth}


def _trillion_dollars(essay: Essay) -> Numbers:
    last, growth = essay.fact("trillion_year"), essay.fact("flop_per_dollar_growth")
    return {
        "from_table_year": essay.cost(last, "table_year", growth),
        "from_price_year": essay.cost(last, "price_year", growth),
        "undiscounted": essay.cost(last, "table_year", _NO_GAIN),
        "growth_from_table_year": needed_growth(essay, "table_year"),
        "growth_from_price_year": needed_growth(essay, "price_year"),
    }


def _cost_column(essay: Essay) -> Numbers:
    growth, needed = essay.fact("flop_per_dollar_growth"), needed_growth(essay, "table_year")
    numbers = {}
    for year in essay.columns("training_cluster_cost")[1:-1]:
        numbers[f"cost_{year:g}"] = essay.cost(year, "price_year", growth)
        numbers[f"table_year_{year:g}"] = essay.cost(year, "table_year", growth)
        numbers[f"needed_{year:g}"] = essay.cost(year, "table_year", needed)
    return numbers


def _bought_by_a_trillion(essay: Essay) -> Numbers:
    last, growth = essay.fact("trillion_year"), essay.fact("flop_per_dollar_growth")
    full, bases = _growth_to_the_last_column(essay)["growth"], ("price_year", "table_year")
    bought = [full + np.log10(essay.fact("trillion") / essay.cost(last, base, growth)) for base in bases]
    # The OOMs of the error bar, whose cost undiscounted the gain has to bring down to a trillion.
    more = essay.fact("error_bar") - full
    undiscounted = essay.cost(last, "table_year", _NO_GAIN) * 10**more / essay.fact("trillion")
    needed = {f"growth_from_{base}": undiscounted ** (1 / (last - essay.fact(base))) - 1 for base in bases}
    return {"bought": np.concatenate(bought), **needed}


def _cost_per_watt(essay: Essay) -> Numbers:
    stated = essay.fact("flop_per_dollar_growth")
    growth = np.concatenate([stated, needed_growth(essay, "table_year")])
    base, each = essay.facts(["price_year", "table_year"]), essay.power_per_accelerator()
    years = essay.columns("training_cluster_cost")
    numbers = {f"cost_per_watt_{year:g}": essay.price(year, base, growth) / each for year in years}
    cost = essay.cost(years[-2], "price_year", stated)
    return {"cost_2028": cost, "observed": essay.fact("cost_per_watt_observed"), **numbers}


LARGEST_CLUSTER: Formulas = {
    "A1.growth": lambda essay: essay.size(essay.fact("table_year") + 1) / essay.size(essay.fact("table_year")),
    "A2": _growth_to_the_last_column,
    "A3.size": lambda essay: essay["initial_cluster_chips"] / essay.ends("chip_performance_ratio"),
    "A3.measured": lambda essay: essay.fact("gpt4_size_measured"),
    "A4.cost": lambda essay: essay["initial_cluster_chips"] * essay["rental_price"] * essay.ends("rental_time"),
    "A5.cost": lambda essay: essay.cost(essay.fact("table_year"), "table_year", _NO_GAIN),
    "A5.per_accelerator": lambda essay: essay.price(essay.fact("table_year"), essay.fact("table_year"), _NO_GAIN),
    "A6": _cost_shares,
    "A7": _gain_of_a_generation,
    "A8.decade_gain": lambda essay: (1 + essay.fact("flop_per_dollar_growth")) ** essay.fact("decade"),
    "A8.growth_of_ten": lambda essay: essay.fact("decade_gain") ** (1 / essay.fact("decade")) - 1,
    "A9": _trillion_dollars,
    "A10": _cost_column,
    "A11": _bought_by_a_trillion,
    "A12.with_trend": lambda essay: (
        essay.size(essay.fact("trillion_year"))
        * essay.fact("h100_power_quoted")
        / (1 + essay.fact("flop_per_watt_growth")) ** (essay.fact("trillion_year") - essay["power_base_year"])
    ),
    "A12.without_gain": lambda essay: essay.power(essay.fact("trillion_year")),
    "A13.power": lambda essay: essay.power(essay.fact("table_year")),
    "A13.elsewhere": lambda essay: essay.fact("gpt4_power_elsewhere"),
    "A14.homes": lambda essay: essay.power(essay.fact("table_year")) / essay.fact("home_electricity"),
    "A14.at_a_kilowatt": lambda essay: essay.power(essay.fact("table_year")) / essay.fact("home_power_stated"),
    "A15": lambda essay: {
        f"energy_{year:g}": essay.energy(year) for year in essay.columns("training_cluster_power")[-2:]
    },
    "A16.share": lambda essay: (
        essay.energy(essay.fact("trillion_year")) / essay.electricity(essay.fact("trillion_year"))
    ),
    "A16.share_of_2025": lambda essay: essay.energy(essay.fact("trillion_year")) / essay.fact("us_generation", "2025"),
    "A17.oregon": lambda essay: essay.fact("oregon_electricity"),
    "A17.washington": lambda essay: essay.fact("washington_electricity"),
    "A18.size": lambda essay: essay.fact("kuwait_power") / essay.fact("h100_power_quoted"),
    "A18.power_per_accelerator": lambda essay: essay.fact("kuwait_power") / essay.fact("kuwait_size"),
    "A19": _cost_per_watt,
}


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


def _time_of_the_rise(essay: Essay) -> FloatArray:
    """Return the time between the quarters of Nvidia's revenue before and after."""
    quarters = list(essay.series("nvidia_data_center_revenue"))
    return (quarters.index("FY25Q1") - quarters.index("FY23Q4")) * essay.fact("quarter")


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
    "N1.before": lambda essay: essay.fact("nvidia_data_center_revenue", "FY23Q4") / essay.fact("quarter"),
    "N1.after": lambda essay: essay.fact("nvidia_data_center_revenue", "FY25Q1") / essay.fact("quarter"),
    "N1.time": _time_of_the_rise,
    "N1.a_year_before": lambda essay: essay.fact("nvidia_data_center_revenue", "FY24Q1") / essay.fact("quarter"),
    "N2.revenue": lambda essay: essay.fact("nvidia_revenue_fy26"),
    "N2.data_center": lambda essay: essay.fact("nvidia_data_center_fy26"),
}


def _powers(essay: Essay) -> tuple[FloatArray, FloatArray]:
    """Return the power of the clusters of 10 and of 100 GW."""
    *_, ten, hundred = essay.columns("training_cluster_power")
    return essay.power(ten), essay.power(hundred)


def _implied_yield(essay: Essay, power: str) -> FloatArray:
    """Return the electricity from gas that a stated power of the basin implies."""
    return essay.fact(power) / essay["basin_gas_production"]


def _conversion(essay: Essay, gas_electricity_yield: FloatArray) -> Numbers:
    """Return a yield as efficiency and as heat rate."""
    efficiency = gas_electricity_yield / essay.fact("gas_heat")
    return {"efficiency": efficiency, "heat_rate": 1 / efficiency}


def _wells_with_each_yield(essay: Essay) -> Numbers:
    """Return the wells for 100 GW with the note's yield, with combined cycle and with generators."""
    yields = {
        "": essay.fact("note_yield"),
        "_combined_cycle": _implied_yield(essay, "combined_cycle_power"),
        "_generators": _implied_yield(essay, "generator_power"),
    }
    return {name: _powers(essay)[1] / each / essay["well_production"] for name, each in yields.items()}


def _wells(essay: Essay) -> Numbers:
    numbers = {f"wells{name}": wells for name, wells in _wells_with_each_yield(essay).items()}
    needed = _powers(essay)[1] / (essay.fact("wells_stated") * essay["well_production"])
    return {**numbers, "yield_needed": needed, "efficiency_needed": needed / essay.fact("gas_heat")}


def _demand_with_both_plants(essay: Essay) -> tuple[FloatArray, FloatArray]:
    """Return the gas that 10 and 100 GW need, in combined cycle and in generators."""
    yields = [_implied_yield(essay, name) for name in ("combined_cycle_power", "generator_power")]
    ten, hundred = _powers(essay)
    return ten / np.concatenate(yields), hundred / np.concatenate(yields)


def _replacement(essay: Essay) -> Numbers:
    numbers = {}
    for ending, demand in zip(("_10_gigawatts", ""), _demand_with_both_plants(essay), strict=True):
        numbers[f"wells{ending}"] = demand / essay["well_lifetime_production"]
        numbers[f"rigs{ending}"] = numbers[f"wells{ending}"] / essay["wells_per_rig"]
    return numbers


GAS_AND_TEXTS: Formulas = {
    "G1.growth": lambda essay: essay.fact("us_generation", "2023") / essay.fact("us_generation", "2013") - 1,
    "G1.growth_since": lambda essay: essay.fact("us_generation", "2025") / essay.fact("us_generation", "2023") - 1,
    "G2.power": lambda essay: (
        essay["basin_gas_production"] * essay.fact("generator_efficiency") * essay.fact("gas_heat")
    ),
    "G2.yield": lambda essay: _implied_yield(essay, "generator_power"),
    "G2": lambda essay: _conversion(essay, _implied_yield(essay, "generator_power")),
    "G3.power": lambda essay: (
        essay["basin_gas_production"] * essay.fact("gas_heat") / essay.fact("combined_cycle_heat_rate")
    ),
    "G3.yield": lambda essay: _implied_yield(essay, "combined_cycle_power"),
    "G3": lambda essay: _conversion(essay, _implied_yield(essay, "combined_cycle_power")),
    "G4.power": lambda essay: essay["basin_gas_production"] * essay.fact("note_yield"),
    "G4.power_of_generators": lambda essay: essay["basin_gas_production"] * essay.fact("note_yield"),
    "G4": lambda essay: _conversion(essay, essay.fact("note_yield")),
    "G5.energy": lambda essay: essay["shale_gas_growth"] * essay.fact("note_yield"),
    "G5.clusters": lambda essay: essay["shale_gas_growth"] * essay.fact("note_yield") / _powers(essay)[1],
    "G6": _wells,
    "G7": lambda essay: {
        f"time{name}": wells / (essay["drilling_rigs"] * essay["wells_per_rig"])
        for name, wells in (*_wells_with_each_yield(essay).items(), ("_stated_wells", essay.fact("wells_stated")))
    },
    "G8": _replacement,
    "G9.lifetime": lambda essay: essay["well_lifetime_production"] / essay["well_production"],
    "G10.share": lambda essay: _demand_with_both_plants(essay)[0] / essay.fact("us_gas"),
    "G11.growth": lambda essay: essay.fact("dry_gas", "2023") / essay.fact("dry_gas", "2013"),
    "G11.shale_growth": lambda essay: essay.fact("shale_gas", "2020") / essay.fact("shale_gas", "2013"),
    "G12.capex": lambda essay: _powers(essay)[1] * essay.fact("gas_plant_cost"),
    "G12.capex_2025": lambda essay: _powers(essay)[1] * essay.fact("gas_plant_cost_2025"),
    "G13.lead_time": lambda essay: essay["gas_plant_build_time"],
    "G13.turbine_wait": lambda essay: essay.fact("turbine_wait"),
    "X1.interview": lambda essay: essay.fact("gpt4_chips_interview"),
    "X1.chapter": lambda essay: essay.fact("gpt4_chips_chapter"),
    "X2.interview": lambda essay: essay.fact("gpt4_power_interview"),
    "X2.per_accelerator": lambda essay: essay.fact("gpt4_power_interview") / essay.size(essay["cluster_start_year"]),
    "X3.growth": lambda essay: np.log10(essay.fact("gigawatt_clusters") / essay.fact("gpt4_power_interview")),
    "X4.cost": lambda essay: essay.fact("cluster_of_100k") * essay.fact("cost_per_gpu"),
    "X5.to_chips": lambda essay: essay.fact("stargate_power_in") / essay["power_usage_effectiveness"],
    "X5.effectiveness": lambda essay: essay.fact("stargate_power_in") / essay.fact("stargate_power_to_chips"),
    "X6.cost_per_watt": lambda essay: essay.fact("stargate_cost") / essay.fact("stargate_power_to_chips"),
    "X6.cost_per_facility_watt": lambda essay: essay.fact("stargate_cost") / essay.fact("stargate_power_in"),
}

FORMULAS: Formulas = {**LARGEST_CLUSTER, **WORLD, **MONEY, **GAS_AND_TEXTS}
