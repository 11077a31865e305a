"""Importance weights with Pareto smoothing, by ArviZ."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp

from clustercast.arrays import FloatArray
from clustercast.arrays.posterior.tempering import effective_size

LARGEST_K_HAT = 0.7
LEAST_ESS = 400.0
_TINY = 1e-290


@dataclass(frozen=True)
class Weights:
    """Smoothed importance weights of prior draws; the weights of `log` sum to 1."""

    log: FloatArray
    k_hat: float
    ess: float

    @property
    def trusted(self) -> bool:
        """Whether the weighted draws can stand for the posterior."""
        return self.k_hat <= LARGEST_K_HAT and self.ess >= LEAST_ESS


def smoothed_weights(log_ratios: FloatArray) -> Weights:
    """Return Pareto-smoothed importance weights (Vehtari et al. 2024, arXiv:1507.02646)."""
    log, k_hat = pareto_smoothed(log_ratios - log_ratios.max())
    return Weights(log, float(k_hat), effective_size(log))


def pareto_smoothed(log_ratios: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return smoothed log weights that sum to 1 over the last axis, and their k-hat."""
    array_stats = array_statistics()
    flat = log_ratios.reshape(-1, log_ratios.shape[-1])
    log_weights, k_hat = np.empty(flat.shape), np.empty(len(flat))
    for row, ratios in enumerate(flat):
        known = _k_hat_without_fit(ratios)
        if known is None:
            log_weights[row], k_hat[row] = array_stats.psislw(-ratios)
        else:
            log_weights[row], k_hat[row] = ratios - logsumexp(ratios), known
    return log_weights.reshape(log_ratios.shape), k_hat.reshape(log_ratios.shape[:-1])


def _k_hat_without_fit(log_ratios: FloatArray) -> float | None:
    """Return -1 where all ratios are equal, infinity where too few count for a Pareto fit, else None."""
    count = log_ratios.size
    tail = int(3 * np.sqrt(count)) if count > 225 else count // 5
    largest = np.sort(log_ratios)[-tail - 1 :]
    if largest[-1] == largest[0]:
        return -1.0
    # The fit divides by the lower quartile of the tail's excess over its start.
    ratios = np.exp(largest - largest[-1])
    return None if ratios[tail // 4] - ratios[0] > _TINY else np.inf


def array_statistics() -> Any:
    """Return ArviZ' statistics of plain arrays, imported at first use."""
    from arviz_stats.base.array import array_stats

    return array_stats
