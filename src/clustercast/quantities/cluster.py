"""The largest single training cluster: its size, what it costs, and what a run on it computes."""

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import compound_growth, decaying_growth

FloatArray = NDArray[np.float64]


@quantity("H100e", increasing=["initial_cluster_chips"], decreasing=["chip_performance_ratio"])
def initial_cluster_size(initial_cluster_chips: FloatArray, chip_performance_ratio: FloatArray) -> FloatArray:
    """Size of the largest cluster in the start year.

    Parameters
    ----------
    initial_cluster_chips : array (sample,), chip
        Accelerators of the cluster that the path starts from.
    chip_performance_ratio : array (sample,), chip/H100e
        How many of them do the work of one H100.

    Returns
    -------
    array (sample,), H100e
    """
    return initial_cluster_chips / chip_performance_ratio


@quantity("OOM")
def cluster_growth_wandering(
    year: FloatArray,
    cluster_start_year: FloatArray,
    cluster_growth_volatility: FloatArray,
    cluster_growth_shock_1: FloatArray,
    cluster_growth_shock_2: FloatArray,
    cluster_growth_horizon: FloatArray,
) -> FloatArray:
    """Orders of magnitude gained because growth wanders.

    The growth rate follows a Brownian path, which is written by its first two
    Karhunen-Loeve coefficients: the result does not depend on the grid of years, and
    each coefficient is an input whose share of the variance can be told. After the
    horizon the growth rate stays where it is.

    Parameters
    ----------
    year : array (year, 1), year
    cluster_start_year : array (sample,), year
        Before it the path has not begun to wander.
    cluster_growth_volatility : array (sample,), OOM/year**1.5
        Standard deviation of the growth rate after one year.
    cluster_growth_shock_1, cluster_growth_shock_2 : array (sample,), 1
        Standard normal coefficients.
    cluster_growth_horizon : array (sample,), year
        Time from the start over which the path is expanded.

    Returns
    -------
    array (year, sample), OOM

    References
    ----------
    Loeve, Probability Theory II (1978), section 37.5.
    """
    since_start = np.maximum(year, cluster_start_year) - cluster_start_year
    within = np.minimum(since_start, cluster_growth_horizon)
    beyond = since_start - within
    scale = cluster_growth_volatility * np.sqrt(2 * cluster_growth_horizon)
    first = scale * cluster_growth_shock_1 * _brownian_mode(1, within, beyond, cluster_growth_horizon)
    second = scale * cluster_growth_shock_2 * _brownian_mode(2, within, beyond, cluster_growth_horizon)
    return first + second


def _brownian_mode(number: int, within: FloatArray, beyond: FloatArray, horizon: FloatArray) -> FloatArray:
    """Integrate one Karhunen-Loeve mode of a Brownian path, which is constant beyond the horizon."""
    frequency = (number - 1 / 2) * np.pi
    phase = frequency * (within / horizon)
    integral: FloatArray = horizon * (1 - np.cos(phase)) / frequency**2 + beyond * np.sin(phase) / frequency
    return integral


@quantity("OOM")
def integrated_cluster_growth(
    year: FloatArray,
    cluster_start_year: FloatArray,
    cluster_growth_rate: FloatArray,
    cluster_growth_slowdown: FloatArray,
    cluster_growth_structure: FloatArray,
    cluster_growth_wandering: FloatArray,
) -> FloatArray:
    """Orders of magnitude grown since the start year.

    Parameters
    ----------
    year : array (year, 1), year
    cluster_start_year : array (sample,), year
    cluster_growth_rate : array (sample,), OOM/year
        Growth in the start year.
    cluster_growth_slowdown : array (sample,), 1/year
        Rate at which growth decays exponentially where it slows; 0 is a straight line.
    cluster_growth_structure : array (sample,), 1
        0 growth is constant, 1 it slows, 2 it wanders.
    cluster_growth_wandering : array (year, sample), OOM

    Returns
    -------
    array (year, sample), OOM
        Zero in the start year, negative before.
    """
    slowdown = np.where(cluster_growth_structure == 1, cluster_growth_slowdown, 0 * cluster_growth_slowdown)
    grown = decaying_growth(cluster_growth_rate, slowdown, year - cluster_start_year)
    return grown + np.where(cluster_growth_structure == 2, 1.0, 0.0) * cluster_growth_wandering


@quantity("H100e", increasing=["initial_cluster_size", "integrated_cluster_growth"])
def training_cluster_size(initial_cluster_size: FloatArray, integrated_cluster_growth: FloatArray) -> FloatArray:
    """Size of the largest training cluster.

    Parameters
    ----------
    initial_cluster_size : array (sample,), H100e
    integrated_cluster_growth : array (year, sample), OOM

    Returns
    -------
    array (year, sample), H100e

    References
    ----------
    Aschenbrenner, Situational Awareness IIIa (2024), first table.
    """
    factor: FloatArray = np.exp(np.log(10) * integrated_cluster_growth)
    return initial_cluster_size * factor


@quantity("1", increasing=["flop_per_dollar_growth"])
def flop_per_dollar_gain(
    year: FloatArray, cost_base_year: FloatArray, flop_per_dollar_growth: FloatArray, accounting_period: FloatArray
) -> FloatArray:
    """Gain in operations per dollar since the base year.

    Parameters
    ----------
    year : array (year, 1), year
    cost_base_year : array (sample,), year
        Year whose prices are quoted; before it there is no gain.
    flop_per_dollar_growth : array (sample,), 1/year
    accounting_period : array (), year
        Time in which the growth compounds once.

    Returns
    -------
    array (year, sample), 1
    """
    since_base = np.maximum(year, cost_base_year) - cost_base_year
    return compound_growth(1, 1 + flop_per_dollar_growth * accounting_period, since_base / accounting_period)


@quantity("USD/H100e", increasing=["accelerator_price"], decreasing=["accelerator_cost_share", "flop_per_dollar_gain"])
def cluster_cost_per_accelerator(
    accelerator_price: FloatArray, accelerator_cost_share: FloatArray, flop_per_dollar_gain: FloatArray
) -> FloatArray:
    """All-in cost of the cluster per accelerator.

    Parameters
    ----------
    accelerator_price : array (sample,), USD/H100e
        Price of the accelerator alone, in the base year.
    accelerator_cost_share : array (sample,), 1
        Accelerators as a share of the cluster's cost.
    flop_per_dollar_gain : array (year, sample), 1

    Returns
    -------
    array (year, sample), USD/H100e
    """
    return accelerator_price / accelerator_cost_share / flop_per_dollar_gain


@quantity("USD", increasing=["training_cluster_size", "cluster_cost_per_accelerator"])
def training_cluster_cost(training_cluster_size: FloatArray, cluster_cost_per_accelerator: FloatArray) -> FloatArray:
    """Cost of the largest training cluster.

    Parameters
    ----------
    training_cluster_size : array (year, sample), H100e
    cluster_cost_per_accelerator : array (year, sample), USD/H100e

    Returns
    -------
    array (year, sample), USD
    """
    return training_cluster_size * cluster_cost_per_accelerator


@quantity("USD", increasing=["training_cluster_cost", "accelerator_cost_share"])
def cluster_accelerator_cost(training_cluster_cost: FloatArray, accelerator_cost_share: FloatArray) -> FloatArray:
    """Cost of the cluster's accelerators.

    Parameters
    ----------
    training_cluster_cost : array (year, sample), USD
    accelerator_cost_share : array (sample,), 1

    Returns
    -------
    array (year, sample), USD
    """
    return training_cluster_cost * accelerator_cost_share


@quantity("USD", increasing=["training_cluster_cost", "network_cost_share"])
def cluster_network_cost(training_cluster_cost: FloatArray, network_cost_share: FloatArray) -> FloatArray:
    """Cost of the cluster's network.

    Parameters
    ----------
    training_cluster_cost : array (year, sample), USD
    network_cost_share : array (sample,), 1

    Returns
    -------
    array (year, sample), USD
    """
    return training_cluster_cost * network_cost_share


@quantity(
    "USD",
    increasing=["training_cluster_cost"],
    decreasing=["cluster_accelerator_cost", "cluster_network_cost"],
)
def cluster_other_cost(
    training_cluster_cost: FloatArray, cluster_accelerator_cost: FloatArray, cluster_network_cost: FloatArray
) -> FloatArray:
    """Cost of the cluster's building, power, cooling and personnel.

    Parameters
    ----------
    training_cluster_cost, cluster_accelerator_cost, cluster_network_cost : array (year, sample), USD

    Returns
    -------
    array (year, sample), USD
        The rest, so that the components sum to the total.
    """
    return training_cluster_cost - cluster_accelerator_cost - cluster_network_cost


@quantity("USD", increasing=["initial_cluster_chips", "rental_price", "rental_time"])
def cluster_rental_cost(
    initial_cluster_chips: FloatArray, rental_price: FloatArray, rental_time: FloatArray
) -> FloatArray:
    """Cost of renting the initial cluster.

    The second route to the cost of the cluster that the path starts from, beside
    the purchase at `cluster_cost_per_accelerator`.

    Parameters
    ----------
    initial_cluster_chips : array (sample,), chip
    rental_price : array (sample,), USD/chip/hour
    rental_time : array (sample,), year

    Returns
    -------
    array (sample,), USD

    References
    ----------
    Aschenbrenner, Situational Awareness IIIa (2024), section Cost.
    """
    return initial_cluster_chips * rental_price * rental_time


@quantity(
    "FLOP",
    increasing=["training_cluster_size", "accelerator_peak_rate", "training_utilisation", "training_duration"],
)
def training_run_compute(
    training_cluster_size: FloatArray,
    accelerator_peak_rate: FloatArray,
    training_utilisation: FloatArray,
    training_duration: FloatArray,
) -> FloatArray:
    """Operations of one training run on the whole cluster.

    Parameters
    ----------
    training_cluster_size : array (year, sample), H100e
    accelerator_peak_rate : array (), FLOP/second/H100e
        Dense 8-bit operations.
    training_utilisation : array (sample,), 1
        Useful operations over peak operations.
    training_duration : array (sample,), day

    Returns
    -------
    array (year, sample), FLOP
    """
    return training_cluster_size * accelerator_peak_rate * training_utilisation * training_duration
