"""What can be made and energised, what is shipped, and the price and the limit of it."""

import numpy as np

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import is_below, next_capacity, ramped, steady_stock

SUPPLY_LIMITS = ("trend", "power", "logic chips", "packaging", "memory", "money")
_MONEY = np.int8(SUPPLY_LIMITS.index("money"))


@quantity("1", time="state", between="log", increasing=["chip_gain"], decreasing=["supply_cut", "onset"])
def leading_edge_gain(chip_gain, supply_cut, onset):
    """Gain of logic and packaging since the start of the forecast, less what an interruption takes away."""
    return chip_gain * (1 - supply_cut * onset)


@quantity("H100e/year", increasing=["leading_edge_capacity", "ai_wafer_share_limit", "accelerators_per_wafer"])
def quoted_logic_capacity(leading_edge_capacity, ai_wafer_share_limit, accelerators_per_wafer):
    """Accelerators a year for which there are logic wafers, as quoted at the date of the investment."""
    return leading_edge_capacity * ai_wafer_share_limit * accelerators_per_wafer


@quantity("H100e/year", increasing=["packaging_wafers", "packaged_accelerators_per_wafer"])
def quoted_packaging_capacity(packaging_wafers, packaged_accelerators_per_wafer):
    """Accelerators a year that advanced packaging takes, as quoted at the date of the investment."""
    return packaging_wafers * packaged_accelerators_per_wafer


def _lifted(use, quoted, initial_use):
    """Return what is used, or more where the quoted level is above the use of its date: what was shipped could be."""
    return use * np.maximum(quoted / initial_use, 1)


@quantity("H100e/year", time="rate", increasing=["paid_shipments", "quoted_logic_capacity"])
def paid_logic_capacity(paid_shipments, quoted_logic_capacity, initial_shipments):
    """Accelerators a year for which there were logic wafers up to the start of the forecast."""
    return _lifted(paid_shipments, quoted_logic_capacity, initial_shipments)


@quantity("H100e/year", time="rate", increasing=["paid_shipments", "quoted_packaging_capacity"])
def paid_packaging_capacity(paid_shipments, quoted_packaging_capacity, initial_shipments):
    """Accelerators a year that packaging took up to the start of the forecast."""
    return _lifted(paid_shipments, quoted_packaging_capacity, initial_shipments)


@quantity("H100e/year", time="rate", increasing=["paid_shipments", "memory_supply"])
def paid_memory_capacity(paid_shipments, memory_supply, initial_shipments):
    """Accelerators a year that memory equipped up to the start of the forecast."""
    return _lifted(paid_shipments, memory_supply, initial_shipments)


@quantity("H100e/year", time="rate", between="log", before="paid_logic_capacity", increasing=["leading_edge_growth"])
def logic_capacity(
    previous_logic_capacity,
    wanted_shipments,
    previous_wanted_shipments,
    leading_edge_gain,
    previous_leading_edge_gain,
    leading_edge_growth,
    year,
    previous_year,
    accounting_period,
):
    """Accelerators a year for which there are leading-edge logic wafers."""
    native = previous_logic_capacity / previous_leading_edge_gain
    need, previous_need = wanted_shipments / leading_edge_gain, previous_wanted_shipments / previous_leading_edge_gain
    time = year - previous_year
    return leading_edge_gain * next_capacity(native, need, previous_need, leading_edge_growth, time, accounting_period)


@quantity("H100e/year", time="rate", between="log", before="paid_packaging_capacity", increasing=["packaging_growth"])
def packaging_capacity(
    previous_packaging_capacity,
    wanted_shipments,
    previous_wanted_shipments,
    leading_edge_gain,
    previous_leading_edge_gain,
    packaging_growth,
    year,
    previous_year,
    accounting_period,
):
    """Accelerators a year that advanced packaging can take."""
    native = previous_packaging_capacity / previous_leading_edge_gain
    need, previous_need = wanted_shipments / leading_edge_gain, previous_wanted_shipments / previous_leading_edge_gain
    time = year - previous_year
    return leading_edge_gain * next_capacity(native, need, previous_need, packaging_growth, time, accounting_period)


@quantity("H100e/year", time="rate", between="log", before="paid_memory_capacity", increasing=["memory_growth"])
def memory_capacity(
    previous_memory_capacity,
    wanted_shipments,
    previous_wanted_shipments,
    chip_gain,
    previous_chip_gain,
    memory_growth,
    year,
    previous_year,
    accounting_period,
):
    """Accelerators a year that high-bandwidth memory can equip."""
    native = previous_memory_capacity / previous_chip_gain
    need, previous_need = wanted_shipments / chip_gain, previous_wanted_shipments / previous_chip_gain
    time = year - previous_year
    return chip_gain * next_capacity(native, need, previous_need, memory_growth, time, accounting_period)


@quantity("GW/year", time="rate", increasing=["paid_shipments", "grid_power_additions", "generator_additions"])
def paid_power_pace(
    paid_shipments,
    initial_shipments,
    facility_power_per_accelerator,
    initial_facility_power,
    earlier_power_growth,
    retirement_hazard,
    us_siting_share,
    grid_power_additions,
    generator_additions,
    accounting_period,
):
    """Power that was energised for AI a year in the US up to the start of the forecast, used or not."""
    # What was shipped less what was retired: g / (g + d) of a flow that grew at g; a fleet that shrank is refused.
    kept = us_siting_share / (1 + steady_stock(retirement_hazard, earlier_power_growth, accounting_period))
    use, initial_use = paid_shipments * facility_power_per_accelerator, initial_shipments * initial_facility_power
    return _lifted(use * kept, grid_power_additions + generator_additions, initial_use * kept)


@quantity("GW/year", time="rate", between="log", before="paid_power_pace", increasing=["power_additions_growth"])
def power_pace(
    previous_power_pace,
    wanted_shipments,
    previous_wanted_shipments,
    facility_power_per_accelerator,
    previous_facility_power_per_accelerator,
    us_siting_share,
    power_additions_growth,
    year,
    previous_year,
    accounting_period,
):
    """Power that grid connections and generators on site can add for AI a year in the US."""
    need = wanted_shipments * facility_power_per_accelerator * us_siting_share
    previous_need = previous_wanted_shipments * previous_facility_power_per_accelerator * us_siting_share
    time = year - previous_year
    return next_capacity(previous_power_pace, need, previous_need, power_additions_growth, time, accounting_period)


@quantity("year", increasing=["gas_plant_build_time", "turbine_lead_time"])
def gas_power_lead_time(gas_plant_build_time, turbine_lead_time):
    """Lead time of a gas plant: its site is built while the turbine is on order."""
    return np.maximum(gas_plant_build_time, turbine_lead_time)


@quantity("year", increasing=["power_order_year", "gas_power_lead_time"])
def gas_plant_start_year(power_order_year, gas_power_lead_time):
    """Date from which gas plants ordered for AI run."""
    return power_order_year + gas_power_lead_time


@quantity("year", increasing=["power_order_year", "generator_lead_time"])
def generator_start_year(power_order_year, generator_lead_time):
    """Date from which generators on site ordered for AI run [SA IIIa, Power: even shorter than gas plants]."""
    return power_order_year + generator_lead_time


@quantity("year", increasing=["power_order_year", "nuclear_build_time"])
def nuclear_start_year(power_order_year, nuclear_build_time):
    """Date from which nuclear plants ordered for AI run."""
    return power_order_year + nuclear_build_time


@quantity("GW/year", positive=False, time="rate", increasing=["gas_power_additions"])
def gas_plant_additions(year, gas_power_additions, gas_plant_start_year, accounting_period):
    """Power that new gas plants can add for AI a year in the US."""
    return ramped(gas_power_additions, year, gas_plant_start_year, accounting_period)


@quantity("GW/year", positive=False, time="rate", increasing=["nuclear_power_additions"])
def nuclear_plant_additions(year, nuclear_power_additions, nuclear_start_year, accounting_period):
    """Power that new nuclear plants can add for AI a year in the US."""
    return ramped(nuclear_power_additions, year, nuclear_start_year, accounting_period)


@quantity("GW/year", time="rate", increasing=["power_pace", "gas_plant_additions", "nuclear_plant_additions"])
def offered_power_additions(power_pace, gas_plant_additions, nuclear_plant_additions):
    """Power that all sources together offer AI a year in the US."""
    return power_pace + gas_plant_additions + nuclear_plant_additions


@quantity("GW/year", time="rate", between="previous", before="offered_power_additions")
def starting_power_additions(previous_starting_power_additions):
    """Power that all sources together offered AI a year in the US at the start of the forecast."""
    return previous_starting_power_additions


@quantity("GW/year", time="rate", between="log", before="offered_power_additions")
def us_power_additions_limit(
    offered_power_additions, starting_power_additions, possible_power_additions_share, us_electricity_without_ai
):
    """Power that could be energised for AI a year in the US, used or not."""
    # No large country has raised its production faster for long.
    possible = np.maximum(starting_power_additions, possible_power_additions_share * us_electricity_without_ai)
    return np.minimum(offered_power_additions, possible)


@quantity("W", time="state", between="log", before="paid_fleet_power", increasing=["us_power_additions_limit"])
def predicted_fleet_power(
    previous_fleet_power,
    us_power_additions_limit,
    previous_us_power_additions_limit,
    us_siting_share,
    year,
    previous_year,
):
    """Power of the fleet, were all that could be energised since the node before also used."""
    added = (previous_us_power_additions_limit + us_power_additions_limit) / 2 / us_siting_share
    return previous_fleet_power + (year - previous_year) * added


@quantity("H100e/year", time="rate", between="log", increasing=["us_power_additions_limit"])
def power_limited_shipments(
    us_power_additions_limit, us_siting_share, retirement_hazard, predicted_fleet_power, facility_power_per_accelerator
):
    """Accelerators a year that can be powered, the rest of the world as tight, and retired chips freeing theirs."""
    power = us_power_additions_limit / us_siting_share + retirement_hazard * predicted_fleet_power
    return power / facility_power_per_accelerator


@quantity("H100e/year", time="rate", between="log", before="paid_shipments", increasing=["wanted_shipments"])
def accelerator_shipments(
    wanted_shipments,
    power_limited_shipments,
    logic_capacity,
    packaging_capacity,
    memory_capacity,
    limit_power,
    limit_logic,
    limit_packaging,
    limit_memory,
):
    """Accelerators shipped a year [SA IIIa, table 2]."""
    powered = np.where(limit_power > 0, np.minimum(wanted_shipments, power_limited_shipments), wanted_shipments)
    etched = np.where(limit_logic > 0, np.minimum(powered, logic_capacity), powered)
    packaged = np.where(limit_packaging > 0, np.minimum(etched, packaging_capacity), etched)
    return np.where(limit_memory > 0, np.minimum(packaged, memory_capacity), packaged)


@quantity("1", time="state", between="log", before=1, increasing=["wanted_shipments"])
def scarcity_premium(wanted_shipments, accelerator_shipments, scarcity_pass_through, scarcity_price_limit):
    """Factor by which shortage raises prices, up to a limit: the rest of the money waits."""
    passed = np.exp(scarcity_pass_through * np.log(wanted_shipments / accelerator_shipments))
    return np.minimum(passed, 1 + scarcity_price_limit)


@quantity("USD/year", time="rate", between="log", increasing=["accelerator_shipments"])
def ai_investment(accelerator_shipments, trend_investment_per_accelerator, scarcity_premium):
    """World investment in AI [SA IIIa, table 2]."""
    return accelerator_shipments * trend_investment_per_accelerator * scarcity_premium


# Where nothing waits the difference is rounding alone, which no proof of units can compare.
@quantity(
    "USD/year",
    positive=False,
    time="rate",
    increasing=["wanted_investment"],
    decreasing=["ai_investment"],
    units_checked=False,
)
def waiting_investment(wanted_investment, ai_investment):
    """Investment that is wanted and funded, and neither spent nor carried forward."""
    return wanted_investment - ai_investment


@quantity("1", time="state", between="previous", before=0, labels=SUPPLY_LIMITS)
def supply_constraint(
    accelerator_shipments,
    wanted_shipments,
    power_limited_shipments,
    logic_capacity,
    packaging_capacity,
    trend_ai_investment,
    ai_funding,
    limit_power,
    limit_logic,
    limit_packaging,
    limit_money,
):
    """Limit that binds the world's shipments of accelerators."""
    short = is_below(accelerator_shipments, wanted_shipments)
    not_power = short & ((limit_power <= 0) | (power_limited_shipments > accelerator_shipments))
    not_logic = not_power & ((limit_logic <= 0) | (logic_capacity > accelerator_shipments))
    not_packaging = not_logic & ((limit_packaging <= 0) | (packaging_capacity > accelerator_shipments))
    unfunded = ~short & (limit_money > 0) & is_below(ai_funding, trend_ai_investment)
    # How many limits stand before the one that binds: each is beyond the least.
    return np.int8(1) * short + not_power + not_logic + not_packaging + _MONEY * unfunded
