"""Products about any centre and in any scale become those about the mean of all runs, in their own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustercast.arrays.indices.sobol_estimators import ESTIMATORS, Runs, centre_and_scale

INPUTS, POINTS, REPLICATES = 3, 8, 4


def design_of(seed, b_swaps):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(REPLICATES, POINTS, 2 * INPUTS + 2 if b_swaps else INPUTS + 2)) + rng.normal()


def means_about(rows, estimator, second_order, centre, scale):
    """Return means of products of each replicate, and of what moves their centre."""
    result = []
    for replicate in rows:
        runs = Runs.of(replicate, INPUTS, centre=centre, scale=scale)
        sums = estimator.sums(runs, second_order)
        result.append(np.concatenate([sums, runs.centre_sums()]) / POINTS)
    return np.stack(result, axis=-1)


@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("name", ["saltelli-jansen", "saltelli"])
@given(seed=st.integers(0, 1000), centre=st.floats(-5, 5), scale=st.floats(0.1, 10))
def test_products_about_a_guess_become_those_about_the_mean_of_all_runs(name, second_order, seed, centre, scale):
    estimator, rows = ESTIMATORS[name], design_of(seed, second_order)
    own_centre, own_scale = centre_and_scale(rows)
    means = means_about(rows, estimator, second_order, centre, scale)
    result = estimator.standardised(means, scale / own_scale, INPUTS, second_order)
    expected = means_about(rows, estimator, second_order, own_centre, own_scale)[: len(result)]
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_whether_indices_move_with_the_centre_is_as_said(name):
    estimator, rows = ESTIMATORS[name], design_of(7, True)
    first, moved = (
        np.vstack(
            estimator.indices(
                means_about(rows, estimator, True, centre, 1.0)[: -1 - 2 * INPUTS].mean(axis=-1, keepdims=True),
                INPUTS,
                True,
            )
        )
        for centre in (0.0, 3.0)
    )
    assert bool(estimator.moved_by_centre) != np.allclose(first, moved, rtol=1e-9)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_products_of_rescaled_runs(name):
    estimator, rows = ESTIMATORS[name], design_of(3, True)
    centre = centre_and_scale(rows)[0] if estimator.moved_by_centre else 0.0
    means, halved = (means_about(rows, estimator, True, centre, scale) for scale in (1.0, 2.0))
    result = estimator.standardised(means, 0.5, INPUTS, True)
    np.testing.assert_allclose(result, halved[: -1 - 2 * INPUTS], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_each_column_is_moved_by_its_own_centre(name):
    estimator, factors = ESTIMATORS[name], np.array([[0.5], [3.0]])
    each = [means_about(design_of(seed, True) + 10 * seed, estimator, True, 0.0, 1.0) for seed in range(2)]
    result = estimator.standardised(np.stack(each, axis=1), factors, INPUTS, True)
    for column, factor in enumerate(factors):
        expected = estimator.standardised(each[column], factor, INPUTS, True)
        np.testing.assert_allclose(result[:, column], expected, rtol=1e-12, atol=1e-12)
