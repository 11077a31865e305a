"""Rank correlations of inputs of which some have few values: the correlation of normal scores that gives them."""

import functools
import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from clustercast.arrays import FloatArray
from clustercast.errors import InputError

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
# Normal scores correlated by more than this are the same to rounding.
_LARGEST = 1 - 1e-12


@dataclass(frozen=True)
class Grades:
    """How the mid-rank of an input, between 0 and 1, steps up with its normal score."""

    cuts: tuple[float, ...]
    steps: tuple[float, ...]
    variance: float
    # Correlation of the score with what is cut; below 1 the ranks are smooth.
    sharpness: float = 1.0


# P(w < z) of a normal w is the rank of z, so a continuous input is one cut of z - w at 0.
CONTINUOUS = Grades((0.0,), (1.0,), 1 / 12, math.sqrt(0.5))


def discrete_grades(probabilities: FloatArray) -> Grades:
    """Return the grades of an input with a few values, from their probabilities in rising order."""
    running = np.cumsum(probabilities)
    middle = running - probabilities / 2
    variance = float((probabilities * (middle - 0.5) ** 2).sum())
    return Grades(tuple(ndtri(running[:-1]).tolist()), tuple(np.diff(middle).tolist()), variance)


def realised_rank_correlation(latent: float, one: Grades, other: Grades) -> float:
    """Return Spearman's correlation, with mid-ranks for ties, of inputs whose normal scores are correlated."""
    # The covariance of mid-ranks is a sum over pairs of cuts of P(both above) less its value without correlation, which
    # is the integral of the bivariate normal density over the correlation (Plackett 1954, doi:10.2307/2332716).
    a, b = (np.array(grades.cuts) for grades in (one, other))
    weights = np.outer(one.steps, other.steps)
    top = math.asin(latent * one.sharpness * other.sharpness)
    sine, cosine = np.sin(top * (_NODES + 1) / 2), np.cos(top * (_NODES + 1) / 2)
    squares = np.add.outer(a**2, b**2)[..., np.newaxis] - 2 * np.multiply.outer(a, b)[..., np.newaxis] * sine
    excess = np.exp(-squares / (2 * cosine**2)) @ _WEIGHTS * top / (4 * math.pi)
    return float((weights * excess).sum() / math.sqrt(one.variance * other.variance))


@functools.lru_cache(maxsize=1024)
def latent_correlation(rank: float, one: Grades, other: Grades) -> float:
    """Return the correlation of normal scores that gives inputs a rank correlation, refused out of reach."""
    low, high = -_LARGEST, _LARGEST
    lowest, highest = (realised_rank_correlation(end, one, other) for end in (low, high))
    if not lowest < rank < highest:
        raise InputError(
            f"rank correlation {rank:g} cannot be reached, since equal values share a rank; give one between "
            f"{lowest:.3f} and {highest:.3f}"
        )
    for _ in range(60):
        middle = (low + high) / 2
        if realised_rank_correlation(middle, one, other) < rank:
            low = middle
        else:
            high = middle
    return (low + high) / 2
