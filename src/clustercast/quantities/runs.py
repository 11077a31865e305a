"""What runs on the accelerators: training and inference, and the largest training run."""

import numpy as np

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import compounded, integrated_growth


@quantity("1", time="state", increasing=["inference_to_training_ratio"], decreasing=["largest_cluster_fleet_share"])
def inference_share(
    year,
    inference_ratio_base_year,
    inference_to_training_ratio,
    inference_ratio_growth,
    largest_cluster_fleet_share,
    accounting_period,
):
    """Share of the fleet that serves models."""
    time = year - inference_ratio_base_year
    ratio = compounded(inference_to_training_ratio, inference_ratio_growth, time, accounting_period)
    return (1 - np.minimum(largest_cluster_fleet_share, 1)) * ratio / (1 + ratio)


@quantity("1", time="state", decreasing=["inference_share"])
def training_share(inference_share):
    """Share of the fleet that trains models, never less than the largest cluster."""
    return 1 - inference_share


@quantity("1", positive=True, time="state", increasing=["training_share"], decreasing=["largest_cluster_fleet_share"])
def clusters_supported(training_share, largest_cluster_fleet_share):
    """Clusters of the largest one's size that the training part of the fleet could hold."""
    return training_share / largest_cluster_fleet_share


@quantity("FLOP", time="state", increasing=["training_cluster_size", "run_share", "training_utilisation", "goodput"])
def training_run_compute(
    training_cluster_size, run_share, accelerator_peak_rate, training_utilisation, goodput, training_duration
):
    """Operations of the largest training run, which uses part of the cluster, less what failures lose."""
    useful = training_cluster_size * run_share * accelerator_peak_rate * training_utilisation * goodput
    return useful * training_duration


@quantity("FLOP", time="state", increasing=["training_run_compute"])
def effective_training_compute(
    year,
    algorithmic_progress_base_year,
    training_run_compute,
    algorithmic_progress,
    technology_slowdown,
    accounting_period,
):
    """Operations that the largest training run would have taken with the algorithms of the base year.

    Ho et al., Algorithmic progress in language models (2024), doi:10.48550/arXiv.2403.05812.
    """
    time = year - algorithmic_progress_base_year
    growth = np.log(algorithmic_progress) / accounting_period
    return training_run_compute * np.exp(integrated_growth(growth, technology_slowdown, growth, time))
