"""Products of runs that come in pieces, centred and scaled by a guess, brought to the standard of all runs.

Pieces of a design share a centre and a scale that are taken from a few runs. Indices do not depend on the scale,
and with most estimators not on the centre. Those of Saltelli (2010) and Sobol' (2007) multiply a run by a change,
and have the mean of all runs for their centre. Their products are linear in it, so that the means of the changes
are enough to move it afterwards.
"""

import numpy as np
from numpy.typing import NDArray

from clustercast.arrays.indices.pair_products import Runs
from clustercast.arrays.indices.sobol_estimators import Estimator

FloatArray = NDArray[np.float64]

# Means of runs; all others are of products of two.
_OF_RUNS = ("sum", "a", "b", "swapped", "other")


def centre_sums(runs: Runs) -> FloatArray:
    """Sum over points what moves the centre of products.

    Parameters
    ----------
    runs : Runs
        Runs of some base points, centred and scaled.

    Returns
    -------
    ndarray, shape (1 + swaps,)
        Of the mean of a base point's runs, and of the change that each swap makes.
    """
    swaps = [runs.a_change] if runs.b_change is None else [runs.a_change, runs.b_change]
    changes = np.concatenate([swap.sum(axis=1) for swap in swaps])
    inputs = len(runs.a_change)
    of_b = 1 if runs.b_change is None else inputs + 1
    everything = (inputs + 1) * runs.a.sum() + of_b * runs.b.sum() + changes.sum()
    return np.concatenate([[everything / (inputs + 1 + of_b)], changes])


def about_mean(
    means: FloatArray, estimator: Estimator, number_of_inputs: int, *, second_order: bool = False
) -> FloatArray:
    """Return means of products about the mean of all runs.

    Parameters
    ----------
    means : ndarray, shape (statistics + 1 + swaps, replicates)
        Of the products and of what `centre_sums` sums, in replicates of one size.
    estimator : Estimator
        One whose indices depend on the centre.
    number_of_inputs : int
        D, the number of inputs or groups.
    second_order : bool, optional
        Whether the products of pairs are there.

    Returns
    -------
    ndarray, shape (statistics, replicates)
    """
    layout = estimator.layout(number_of_inputs, second_order)
    size = max(rows.stop for rows in layout.values())
    found = means[:size].copy()
    centre, changes = means[size].mean(), means[size + 1 :]
    a_change, b_change = changes[:number_of_inputs], changes[number_of_inputs:]
    found[layout["square"]] -= 2 * centre * (found[layout["sum"]] - centre)
    found[layout["sum"]] -= 2 * centre
    for name, times in estimator.moved_by_centre.items():
        found[layout[name]] += times * centre * a_change
    if second_order:
        found[layout["mixed"]] -= centre * (b_change - a_change)
    return found


def rescaled(
    means: FloatArray, factor: float, estimator: Estimator, number_of_inputs: int, *, second_order: bool = False
) -> FloatArray:
    """Return the means of products of runs that are multiplied by a factor.

    Parameters
    ----------
    means : ndarray, shape (statistics, replicates)
    factor : float
    estimator : Estimator
    number_of_inputs : int
        D, the number of inputs or groups.
    second_order : bool, optional
        Whether the products of pairs are there.

    Returns
    -------
    ndarray, shape (statistics, replicates)
    """
    found = means * factor**2
    for name, rows in estimator.layout(number_of_inputs, second_order).items():
        if name in _OF_RUNS:
            found[rows] = means[rows] * factor
    return found
