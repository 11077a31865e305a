"""Saltelli designs written out plainly, for tests that need their rows."""

import numpy as np
from scipy.stats import qmc

from clustercast.arrays.points.designs import saltelli_replicate
from clustercast.arrays.points.streams import replicate_seed


def saltelli_rows(base, inputs, second_order=True, groups=None):
    """Rows of SALib's design from base points of 2 * inputs columns; groups are lists of inputs."""
    groups = [[i] for i in range(inputs)] if groups is None else groups
    a, b = base[:, :inputs], base[:, inputs:]
    rows = [a]
    for start, other in [(a, b), (b, a)][: 1 + second_order]:
        for group in groups:
            swapped = start.copy()
            swapped[:, group] = other[:, group]
            rows.append(swapped)
    return np.stack([*rows, b], axis=1).reshape(-1, inputs)


def design_rows(seed, inputs, size, second_order=True, *, start=0, points="sobol", replicates=1):
    """Rows of the library's Saltelli design, one replicate of size / replicates base points after another."""
    names = [f"x{i}" for i in range(inputs)]
    how = {"start": start, "points": points}
    bases = [
        saltelli_replicate(replicate_seed(seed, r), replicates, names, size // replicates, **how)
        for r in range(replicates)
    ]
    return np.concatenate([saltelli_rows(np.hstack(base), inputs, second_order) for base in bases])


def scrambled(inputs, points, seed):
    base = qmc.Sobol(2 * inputs, rng=np.random.default_rng(seed)).random(points)
    return np.clip(base, 1e-12, 1 - 1e-12)


def upper(problem):
    full = np.full((problem.inputs,) * 2, np.nan)
    for (i, j), value in problem.second.items():
        full[i, j] = value
    return full
