"""The site of the largest training cluster: the parts of its cost, its energy, its swings and its sources of power."""

from clustercast.engine.quantity import quantity


@quantity("USD", time="state", increasing=["training_cluster_cost", "accelerator_cost_share"])
def cluster_accelerator_cost(training_cluster_cost, accelerator_cost_share):
    """Cost of the accelerators of the largest training cluster."""
    return training_cluster_cost * accelerator_cost_share


@quantity("USD", time="state", increasing=["training_cluster_cost", "network_cost_share"])
def cluster_network_cost(training_cluster_cost, network_cost_share):
    """Cost of the network of the largest training cluster."""
    return training_cluster_cost * network_cost_share


@quantity("USD", time="state", increasing=["training_cluster_cost"], decreasing=["cluster_accelerator_cost"])
def cluster_other_cost(training_cluster_cost, cluster_accelerator_cost, cluster_network_cost):
    """Cost of the rest of the largest training cluster: processors, storage, buildings and power."""
    return training_cluster_cost - cluster_accelerator_cost - cluster_network_cost


@quantity("USD", increasing=["initial_cluster_chips", "rental_price", "rental_time"])
def cluster_rental_cost(initial_cluster_chips, rental_price, rental_time):
    """Cost of renting the cluster that the trend starts from: the second route to its price [SA IIIa, Cost]."""
    return initial_cluster_chips * rental_price * rental_time


@quantity("USD/W", time="state", increasing=["training_cluster_cost"], decreasing=["training_cluster_power"])
def cluster_cost_per_watt(training_cluster_cost, training_cluster_power):
    """Cost of the largest training cluster per watt of its peak power."""
    return training_cluster_cost / training_cluster_power


@quantity("TWh/year", time="rate", increasing=["training_cluster_power", "load_factor"])
def training_cluster_energy(training_cluster_power, load_factor):
    """Electricity of the largest training cluster."""
    return training_cluster_power * load_factor


@quantity("1", positive=True, time="state", increasing=["training_cluster_energy"], decreasing=["us_electricity"])
def training_cluster_electricity_share(training_cluster_energy, us_electricity):
    """Electricity of the largest training cluster as a share of US production."""
    return training_cluster_energy / us_electricity


@quantity("1", positive=True, time="state", increasing=["training_cluster_power"], decreasing=["spare_power"])
def spare_power_share(training_cluster_power, spare_power):
    """Power of the largest training cluster over the spare power of the United States when the orders began.

    Aschenbrenner, Situational Awareness IIIa (2024), Power: there simply isn't much spare capacity.
    """
    return training_cluster_power / spare_power


@quantity("W", time="state", increasing=["training_cluster_power"], decreasing=["power_usage_effectiveness"])
def power_delivered_to_chips(training_cluster_power, power_usage_effectiveness):
    """Power delivered to the chips and servers of the largest training cluster."""
    return training_cluster_power / power_usage_effectiveness


@quantity("W", time="state", increasing=["power_delivered_to_chips", "synchronisation_power_drop"])
def power_swing(power_delivered_to_chips, synchronisation_power_drop):
    """Drop in draw while the largest training cluster exchanges weights.

    Choukse et al., Power Stabilization for AI Training Datacenters (2025), doi:10.48550/arXiv.2508.14318.
    """
    return power_delivered_to_chips * synchronisation_power_drop


@quantity("Wh", time="state", increasing=["power_swing", "training_step_time"])
def power_swing_storage(power_swing, synchronisation_time_share, training_step_time):
    """Usable storage that makes the cluster's draw constant over a training step."""
    # The draw is a square wave; held at its mean, storage takes in swing * (1 - share) during the exchange.
    return power_swing * synchronisation_time_share * (1 - synchronisation_time_share) * training_step_time


@quantity("MW", time="state", increasing=["training_cluster_power", "storage_power_share"])
def storage_supply(training_cluster_power, storage_power_share):
    """Input power of the largest training cluster that storage covers."""
    return training_cluster_power * storage_power_share


@quantity("MW", time="state", increasing=["training_cluster_power"], decreasing=["storage_power_share"])
def onsite_gas_supply(training_cluster_power, storage_power_share, onsite_gas_share):
    """Input power of the largest training cluster from gas generation on site."""
    return training_cluster_power * (1 - storage_power_share) * onsite_gas_share


@quantity("MW", time="state", increasing=["training_cluster_power"], decreasing=["storage_power_share"])
def grid_supply(training_cluster_power, storage_power_share, onsite_gas_share):
    """Input power of the largest training cluster from the grid."""
    return training_cluster_power * (1 - storage_power_share) * (1 - onsite_gas_share)
