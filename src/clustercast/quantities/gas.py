"""Natural gas for the new power: demand, wells, rigs and plants, with one yield for the essay's three efficiencies."""

from clustercast.engine.quantity import quantity


@quantity("ft3/day", time="rate", increasing=["training_cluster_energy"], decreasing=["gas_electricity_yield"])
def gas_demand(training_cluster_energy, gas_power_share, gas_electricity_yield):
    """Gas demand of the largest training cluster [SA IIIa, Power and notes 16 to 19]."""
    return training_cluster_energy * gas_power_share / gas_electricity_yield


@quantity("ft3/day", time="rate", increasing=["fleet_energy", "gas_power_share"], decreasing=["gas_electricity_yield"])
def fleet_gas_demand(fleet_energy, gas_power_share, gas_electricity_yield):
    """Gas demand of the world's accelerators."""
    return fleet_energy * gas_power_share / gas_electricity_yield


@quantity("ft3/day", time="rate", increasing=["shipment_power", "load_factor"], decreasing=["gas_electricity_yield"])
def added_gas_demand(shipment_power, accounting_period, load_factor, gas_power_share, gas_electricity_yield):
    """Gas demand of a year's accelerators."""
    return shipment_power * accounting_period * load_factor * gas_power_share / gas_electricity_yield


@quantity("1", positive=True, time="state", increasing=["gas_demand"], decreasing=["us_gas_production"])
def gas_production_share(gas_demand, us_gas_production):
    """Gas demand of the largest training cluster over US gas production."""
    return gas_demand / us_gas_production


@quantity("GW", increasing=["basin_gas_production", "gas_electricity_yield"])
def basin_power(basin_gas_production, gas_electricity_yield):
    """Power that the whole output of the Marcellus and Utica basin would give."""
    return basin_gas_production * gas_electricity_yield


@quantity("TWh/year", increasing=["shale_gas_growth", "gas_electricity_yield"])
def shale_electricity(shale_gas_growth, gas_electricity_yield):
    """Electricity from another doubling of US shale gas."""
    return shale_gas_growth * gas_electricity_yield


@quantity("1", positive=True, time="state", increasing=["shale_electricity"], decreasing=["training_cluster_energy"])
def shale_clusters(shale_electricity, training_cluster_energy):
    """Largest training clusters that another doubling of US shale gas could power."""
    return shale_electricity / training_cluster_energy


@quantity("well", time="state", increasing=["gas_demand"], decreasing=["well_production"])
def gas_wells_required(gas_demand, well_production):
    """Gas wells to be drilled for the largest training cluster."""
    return gas_demand / well_production


@quantity(
    "month",
    positive=True,
    time="state",
    increasing=["gas_wells_required"],
    decreasing=["drilling_rigs", "wells_per_rig"],
)
def drilling_time(gas_wells_required, drilling_rigs, wells_per_rig):
    """Time to drill the wells for the largest training cluster."""
    return gas_wells_required / (drilling_rigs * wells_per_rig)


@quantity("1/year", increasing=["well_production"], decreasing=["well_lifetime_production"])
def well_decline_rate(well_production, well_lifetime_production):
    """Rate of the exponential decline that starts at a well's first production and adds up to that of its life."""
    return well_production / well_lifetime_production


@quantity("well/month", time="rate", increasing=["gas_demand"], decreasing=["well_lifetime_production"])
def replacement_wells(gas_demand, well_lifetime_production):
    """Wells that replace depleted ones under the largest training cluster."""
    return gas_demand / well_lifetime_production


@quantity("rig", time="state", increasing=["replacement_wells"], decreasing=["wells_per_rig"])
def replacement_rigs(replacement_wells, wells_per_rig):
    """Rigs that drill the replacement wells."""
    return replacement_wells / wells_per_rig


@quantity("USD", time="state", increasing=["training_cluster_power", "gas_power_share", "gas_plant_cost"])
def power_plant_capex(training_cluster_power, gas_power_share, gas_plant_cost):
    """Capital cost of the gas plants for the largest training cluster, built for its peak."""
    return training_cluster_power * gas_power_share * gas_plant_cost
