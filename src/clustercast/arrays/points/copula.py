"""Rank correlations between inputs, some of which may have few values, by a Gaussian copula."""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from clustercast.arrays import FloatArray
from clustercast.errors import InputError

# A correlation matrix whose smallest eigenvalue is below this is singular but for rounding.
SMALLEST_EIGENVALUE = 1e-10
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
# Normal scores correlated by more than this are the same to rounding.
_LARGEST = 1 - 1e-12


def gaussian_correlation(rank: FloatArray) -> FloatArray:
    """Return the correlation of normal scores that gives a Spearman rank correlation."""
    # K. Pearson (1907); W. H. Kruskal (1958), doi:10.1080/01621459.1958.10501481.
    return np.asarray(2 * np.sin(np.pi * np.asarray(rank, dtype=float) / 6))


def rank_correlation(gaussian: FloatArray) -> FloatArray:
    """Return the Spearman rank correlation of normal scores; the inverse of `gaussian_correlation`."""
    return np.asarray(6 / np.pi * np.arcsin(np.asarray(gaussian, dtype=float) / 2))


def nearest_correlation(
    matrix: FloatArray, *, smallest_eigenvalue: float = 0.0, tolerance: float = 1e-12, iterations: int = 100_000
) -> tuple[FloatArray, float]:
    """Return the nearest correlation matrix, shape (k, k), and its Frobenius distance."""
    # N. J. Higham (2002), doi:10.1093/imanum/22.3.329.
    given = _symmetric(matrix)
    result = given.copy()
    correction = np.zeros_like(given)
    for _ in range(iterations):
        before = result
        shifted = result - correction
        values, vectors = np.linalg.eigh(shifted)
        projected = (vectors * np.maximum(values, smallest_eigenvalue)) @ vectors.T
        # Dykstra's correction: without it the rounds end at some correlation matrix, not at the nearest.
        correction = projected - shifted
        result = (projected + projected.T) / 2
        np.fill_diagonal(result, 1)
        if np.abs(result - before).max() <= tolerance:
            return result, float(np.linalg.norm(result - given))
    raise InputError(f"no nearest correlation matrix was found in {iterations} rounds; give a larger tolerance")


def correlation_factor(
    rank: FloatArray, names: Sequence[str], where: str = "correlations", gaussian: FloatArray | None = None
) -> FloatArray:
    """Return the Cholesky factor of the Gaussian copula with given rank correlations, shape (k, k)."""
    given = _symmetric(rank)
    if np.any(np.diagonal(given) != 1) or np.abs(given).max() > 1:
        raise InputError(f"{where}: rank correlations must lie between -1 and 1, with 1 of each input with itself")
    # Of inputs with few values the correlation of scores that gives a rank correlation is another one.
    gaussian = gaussian_correlation(given) if gaussian is None else gaussian.copy()
    np.fill_diagonal(gaussian, 1)
    if np.linalg.eigvalsh(gaussian)[0] >= SMALLEST_EIGENVALUE:
        return np.asarray(np.linalg.cholesky(gaussian), dtype=np.float64)
    # Spearman's correlations are those of the ranks, so that a matrix of them has no negative eigenvalue. One that has
    # none may still be out of reach of a Gaussian copula, whose correlations of scores are larger.
    reason = "no Gaussian copula has them, though another joint distribution may"
    reason = reason if np.linalg.eigvalsh(given)[0] >= 0 else "no joint distribution has them"
    what = f"{where}: the rank correlations contradict each other ({reason})"
    if len(names) == 2:
        what = f"{where}: a rank correlation of {given[0, 1]:g} between {names[0]} and {names[1]} is out of reach"
    if not np.allclose(gaussian, gaussian_correlation(given)):
        # With few values other rank correlations go with the scores, not all of them in reach.
        raise InputError(f"{what}; weaken the strongest")
    # The margin leaves room to write the remedy with three decimals.
    nearest, distance = nearest_correlation(gaussian, smallest_eigenvalue=0.002 * len(names), tolerance=1e-9)
    ranks, shown = rank_correlation(nearest), np.argwhere(np.tril((given != 0) | (np.abs(nearest) >= 5e-4), -1))
    pairs = [f"{names[i]} and {names[j]} {ranks[i, j]:.3f} (given {given[i, j]:g})" for i, j in shown]
    remedy = f"the nearest consistent ones are {', '.join(pairs)}, at a Frobenius distance of {distance:.3g}"
    raise InputError(f"{what}; {remedy}; use those or weaken the strongest")


def correlate(normal_scores: FloatArray, factor: FloatArray) -> FloatArray:
    """Give independent normal scores the correlations of a Cholesky factor, shape (n, k)."""
    # Sums of columns: in a product BLAS adds in an order that goes by the number of rows, and a row must keep its bits.
    columns = np.empty(normal_scores.shape[::-1])
    for i, row in enumerate(factor):
        np.multiply(normal_scores[:, i], row[i], out=columns[i])
        for j in np.flatnonzero(row[:i]):
            columns[i] += row[j] * normal_scores[:, j]
    return columns.T


def _symmetric(matrix: FloatArray) -> FloatArray:
    """Return a matrix as floats, or refuse one that is not square, symmetric and finite."""
    given = np.array(matrix, dtype=float)
    if given.ndim != 2 or given.shape[0] != given.shape[1]:
        raise InputError(f"a correlation matrix of shape {given.shape} is not square")
    if not np.isfinite(given).all():
        raise InputError("a correlation matrix has an entry that is not finite; give numbers from -1 to 1")
    if np.any(given != given.T):
        i, j = np.argwhere(given != given.T)[0]
        what = "a correlation matrix is not symmetric"
        raise InputError(f"{what}: {given[i, j]:g} in row {i}, column {j}, but {given[j, i]:g} the other way round")
    return given


class Grades(NamedTuple):
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
        # Rounded inwards, and as far as the matrix of the scores is not singular: what is named is accepted.
        ends = (realised_rank_correlation(side * (1 - 2 * SMALLEST_EIGENVALUE), one, other) for side in (-1, 1))
        remedy = "give one between {:.3f} and {:.3f}".format(*(math.trunc(1000 * end) / 1000 for end in ends))
        raise InputError(f"rank correlation {rank:g} cannot be reached, since equal values share a rank; {remedy}")
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if realised_rank_correlation(middle, one, other) < rank else (low, middle)
    return (low + high) / 2
