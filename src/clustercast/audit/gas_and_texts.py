"""G1 to G13 and X1 to X6: power and gas, and where the texts disagree."""

import numpy as np

from clustercast.audit.statements import Essay, FloatArray, Formulas, Numbers


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
