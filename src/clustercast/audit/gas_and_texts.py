"""G1 to G13 and X1 to X6: power and gas, and where the texts disagree."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from clustercast.audit.recomputation import Recomputation

FloatArray = NDArray[np.float64]
Numbers = dict[str, FloatArray]


def _years(r: Recomputation) -> tuple[float, float]:
    """Return the years of the clusters of 10 and of 100 GW."""
    *_, ten, hundred = r.columns("training_cluster_power")
    return ten, hundred


def _growth_between(r: Recomputation, series: str, first: str, last: str) -> FloatArray:
    """Return by how much a series grew."""
    return r.fact(series, last) / r.fact(series, first)


def _us_generation(r: Recomputation) -> Numbers:
    return {
        "growth": _growth_between(r, "us_generation", "2013", "2023") - 1,
        "growth_since": _growth_between(r, "us_generation", "2023", "2025") - 1,
    }


def _implied_yield(r: Recomputation, power: str) -> FloatArray:
    """Return the electricity from gas that a stated power of the basin implies."""
    return r.fact(power) / r.median("basin_gas_production")


def _conversion(r: Recomputation, gas_electricity_yield: FloatArray) -> Numbers:
    """Return a yield as efficiency and as heat rate."""
    efficiency = gas_electricity_yield / r.fact("gas_heat")
    return {"efficiency": efficiency, "heat_rate": 1 / efficiency}


def _generators(r: Recomputation) -> Numbers:
    implied = _implied_yield(r, "generator_power")
    power = r("basin_power", gas_electricity_yield=r.fact("generator_efficiency") * r.fact("gas_heat"))
    return {"power": power, "yield": implied, **_conversion(r, implied)}


def _combined_cycle(r: Recomputation) -> Numbers:
    implied = _implied_yield(r, "combined_cycle_power")
    power = r("basin_power", gas_electricity_yield=r.fact("gas_heat") / r.fact("combined_cycle_heat_rate"))
    return {"power": power, "yield": implied, **_conversion(r, implied)}


def _note_on_the_yield(r: Recomputation) -> Numbers:
    power = r("basin_power", gas_electricity_yield=r.fact("note_yield"))
    return {"power": power, "power_of_generators": power, **_conversion(r, r.fact("note_yield"))}


def _shale(r: Recomputation) -> Numbers:
    given = {"gas_electricity_yield": r.fact("note_yield")}
    return {"energy": r("shale_electricity", **given), "clusters": r("shale_clusters", _years(r)[1], **given)}


def _with_each_yield(r: Recomputation, output: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Compute for 100 GW with the note's yield, with combined cycle and with generators."""
    yields = (
        r.fact("note_yield"),
        _implied_yield(r, "combined_cycle_power"),
        _implied_yield(r, "generator_power"),
    )
    note, cycle, generators = (r(output, _years(r)[1], gas_electricity_yield=y) for y in yields)
    return note, cycle, generators


def _wells(r: Recomputation) -> Numbers:
    note, cycle, generators = _with_each_yield(r, "gas_wells_required")
    needed = r("training_cluster_power", _years(r)[1]) / (r.fact("wells_stated") * r.median("well_production"))
    return {
        "wells": note,
        "wells_combined_cycle": cycle,
        "wells_generators": generators,
        "yield_needed": needed,
        "efficiency_needed": _conversion(r, needed)["efficiency"],
    }


def _drilling(r: Recomputation) -> Numbers:
    note, cycle, generators = _with_each_yield(r, "drilling_time")
    return {
        "time": note,
        "time_combined_cycle": cycle,
        "time_generators": generators,
        "time_stated_wells": r("drilling_time", gas_wells_required=r.fact("wells_stated")),
    }


def _replacement(r: Recomputation) -> Numbers:
    yields = np.concatenate([_implied_yield(r, "combined_cycle_power"), _implied_yield(r, "generator_power")])
    ten, hundred = _years(r)
    given = {"gas_electricity_yield": yields}
    return {
        "wells": r("replacement_wells", hundred, **given),
        "rigs": r("replacement_rigs", hundred, **given),
        "wells_10_gigawatts": r("replacement_wells", ten, **given),
        "rigs_10_gigawatts": r("replacement_rigs", ten, **given),
    }


def _well_lifetime(r: Recomputation) -> Numbers:
    return {"lifetime": 1 / r("well_decline_rate")}


def _share_of_us_gas(r: Recomputation) -> Numbers:
    yields = np.concatenate([_implied_yield(r, "combined_cycle_power"), _implied_yield(r, "generator_power")])
    given = {"gas_electricity_yield": yields, "us_gas_production": r.fact("us_gas")}
    return {"share": r("gas_production_share", _years(r)[0], **given)}


def _us_gas(r: Recomputation) -> Numbers:
    return {
        "growth": _growth_between(r, "dry_gas", "2013", "2023"),
        "shale_growth": _growth_between(r, "shale_gas", "2013", "2020"),
    }


def _plants(r: Recomputation) -> Numbers:
    stated, later = (
        r("power_plant_capex", _years(r)[1], gas_plant_cost=r.fact(name))
        for name in ("gas_plant_cost", "gas_plant_cost_2025")
    )
    return {"capex": stated, "capex_2025": later}


def _lead_time(r: Recomputation) -> Numbers:
    return {"lead_time": r("gas_power_lead_time"), "turbine_wait": r.fact("turbine_wait")}


def _chips_of_gpt4(r: Recomputation) -> Numbers:
    return {"interview": r.fact("gpt4_chips_interview"), "chapter": r.fact("gpt4_chips_chapter")}


def _power_of_gpt4(r: Recomputation) -> Numbers:
    power = r.fact("gpt4_power_interview")
    return {"interview": power, "per_accelerator": power / r("initial_cluster_size")}


def _orders_of_magnitude(r: Recomputation) -> Numbers:
    return {"growth": np.log10(r.fact("gigawatt_clusters") / r.fact("gpt4_power_interview"))}


def _cost_of_100k(r: Recomputation) -> Numbers:
    size, price = r.fact("cluster_of_100k"), r.fact("cost_per_gpu")
    return {"cost": r("training_cluster_cost", training_cluster_size=size, cluster_cost_per_accelerator=price)}


def _stargate_power(r: Recomputation) -> Numbers:
    power = r.fact("stargate_power_in")
    chips = r("power_delivered_to_chips", training_cluster_power=power)
    return {"to_chips": chips, "effectiveness": power / r.fact("stargate_power_to_chips")}


def _stargate_cost(r: Recomputation) -> Numbers:
    cost = r.fact("stargate_cost")
    return {
        "cost_per_watt": cost / r.fact("stargate_power_to_chips"),
        "cost_per_facility_watt": cost / r.fact("stargate_power_in"),
    }


GAS_AND_TEXTS: Mapping[str, Callable[[Recomputation], Numbers]] = {
    "G1": _us_generation,
    "G2": _generators,
    "G3": _combined_cycle,
    "G4": _note_on_the_yield,
    "G5": _shale,
    "G6": _wells,
    "G7": _drilling,
    "G8": _replacement,
    "G9": _well_lifetime,
    "G10": _share_of_us_gas,
    "G11": _us_gas,
    "G12": _plants,
    "G13": _lead_time,
    "X1": _chips_of_gpt4,
    "X2": _power_of_gpt4,
    "X3": _orders_of_magnitude,
    "X4": _cost_of_100k,
    "X5": _stargate_power,
    "X6": _stargate_cost,
}
