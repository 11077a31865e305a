"""What runs on the accelerators: training and inference, and the largest training run."""

import numpy as np

from clustercast.engine.quantity import quantity
from clustercast.quantities.growth import FloatArray, integrated_growth


@quantity("1", time="state", increasing=["inference_to_training_ratio"], decreasing=["largest_cluster_fleet_share"])
def inference_share(
    year: FloatArray,
    inference_ratio_base_year: FloatArray,
    inference_to_training_ratio: FloatArray,
    inference_ratio_growth: FloatArray,
    largest_cluster_fleet_share: FloatArray,
    accounting_period: FloatArray,
) -> FloatArray:
    """Share of the fleet that serves models."""
    periods = (year - inference_ratio_base_year) / accounting_period
    ratio = inference_to_training_ratio * (1 + inference_ratio_growth * accounting_period) ** periods
    return (1 - np.minimum(largest_cluster_fleet_share, 1)) * ratio / (1 + ratio)


@quantity("1", time="state", decreasing=["inference_share"])
def training_share(inference_share: FloatArray) -> FloatArray:
    """Share of the fleet that trains models, never less than the largest cluster."""
    return 1 - inference_share


@quantity("1", time="state", increasing=["training_share"], decreasing=["largest_cluster_fleet_share"])
def clusters_supported(training_share: FloatArray, largest_cluster_fleet_share: FloatArray) -> FloatArray:
    """Clusters of the largest one's size that the training part of the fleet could hold."""
    return training_share / largest_cluster_fleet_share


@quantity(
    "FLOP",
    time="state",
    increasing=["training_cluster_size", "run_share", "training_utilisation", "goodput", "training_duration"],
)
def training_run_compute(
    training_cluster_size: FloatArray,
    run_share: FloatArray,
    accelerator_peak_rate: FloatArray,
    training_utilisation: FloatArray,
    goodput: FloatArray,
    training_duration: FloatArray,
) -> FloatArray:
    """Operations of the largest training run, which uses part of the cluster, less what failures lose."""
    useful = training_cluster_size * run_share * accelerator_peak_rate * training_utilisation * goodput
    return useful * training_duration


@quantity("FLOP", time="state", increasing=["training_run_compute"])
def effective_training_compute(
    year: FloatArray,
    algorithmic_progress_base_year: FloatArray,
    training_run_compute: FloatArray,
    algorithmic_progress: FloatArray,
    technology_slowdown: FloatArray,
    accounting_period: FloatArray,
) -> FloatArray:
    """Operations that the largest training run would have taken with the algorithms of the base year.

    Ho et al., Algorithmic progress in language models (2024), doi:10.48550/arXiv.2403.05812.
    """
    time = year - algorithmic_progress_base_year
    growth = np.log(algorithmic_progress) / accounting_period
    return training_run_compute * np.exp(integrated_growth(growth, technology_slowdown, growth, time))
