"""G1 to G13 and X1 to X6: power and gas, and where the texts disagree."""

import numpy as np

from clustercast.audit.statements import Derivations, Essay, FloatArray, Numbers


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


GAS_AND_TEXTS: Derivations = {
    "G1": lambda essay: {
        "growth": essay.fact("us_generation", "2023") / essay.fact("us_generation", "2013") - 1,
        "growth_since": essay.fact("us_generation", "2025") / essay.fact("us_generation", "2023") - 1,
    },
    "G2": lambda essay: {
        "power": essay["basin_gas_production"] * essay.fact("generator_efficiency") * essay.fact("gas_heat"),
        "yield": _implied_yield(essay, "generator_power"),
        **_conversion(essay, _implied_yield(essay, "generator_power")),
    },
    "G3": lambda essay: {
        "power": essay["basin_gas_production"] * essay.fact("gas_heat") / essay.fact("combined_cycle_heat_rate"),
        "yield": _implied_yield(essay, "combined_cycle_power"),
        **_conversion(essay, _implied_yield(essay, "combined_cycle_power")),
    },
    "G4": lambda essay: {
        **dict.fromkeys(("power", "power_of_generators"), essay["basin_gas_production"] * essay.fact("note_yield")),
        **_conversion(essay, essay.fact("note_yield")),
    },
    "G5": lambda essay: {
        "energy": essay["shale_gas_growth"] * essay.fact("note_yield"),
        "clusters": essay["shale_gas_growth"] * essay.fact("note_yield") / _powers(essay)[1],
    },
    "G6": _wells,
    "G7": lambda essay: {
        f"time{name}": wells / (essay["drilling_rigs"] * essay["wells_per_rig"])
        for name, wells in (*_wells_with_each_yield(essay).items(), ("_stated_wells", essay.fact("wells_stated")))
    },
    "G8": _replacement,
    "G9": lambda essay: {"lifetime": essay["well_lifetime_production"] / essay["well_production"]},
    "G10": lambda essay: {"share": _demand_with_both_plants(essay)[0] / essay.fact("us_gas")},
    "G11": lambda essay: {
        "growth": essay.fact("dry_gas", "2023") / essay.fact("dry_gas", "2013"),
        "shale_growth": essay.fact("shale_gas", "2020") / essay.fact("shale_gas", "2013"),
    },
    "G12": lambda essay: {
        "capex": _powers(essay)[1] * essay.fact("gas_plant_cost"),
        "capex_2025": _powers(essay)[1] * essay.fact("gas_plant_cost_2025"),
    },
    "G13": lambda essay: {"lead_time": essay["gas_plant_build_time"], "turbine_wait": essay.fact("turbine_wait")},
    "X1": lambda essay: {"interview": essay.fact("gpt4_chips_interview"), "chapter": essay.fact("gpt4_chips_chapter")},
    "X2": lambda essay: {
        "interview": essay.fact("gpt4_power_interview"),
        "per_accelerator": essay.fact("gpt4_power_interview") / essay.size(essay["cluster_start_year"]),
    },
    "X3": lambda essay: {"growth": np.log10(essay.fact("gigawatt_clusters") / essay.fact("gpt4_power_interview"))},
    "X4": lambda essay: {"cost": essay.fact("cluster_of_100k") * essay.fact("cost_per_gpu")},
    "X5": lambda essay: {
        "to_chips": essay.fact("stargate_power_in") / essay["power_usage_effectiveness"],
        "effectiveness": essay.fact("stargate_power_in") / essay.fact("stargate_power_to_chips"),
    },
    "X6": lambda essay: {
        "cost_per_watt": essay.fact("stargate_cost") / essay.fact("stargate_power_to_chips"),
        "cost_per_facility_watt": essay.fact("stargate_cost") / essay.fact("stargate_power_in"),
    },
}
