"""Normal quantiles from a table: exact ones, and what holds for every quantile."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtri

from clustercast.arrays.families.normal_quantile import normal_quantile

ROUNDING = np.finfo(float).eps


@pytest.mark.parametrize("octave", range(-54, 0))
def test_the_table_is_scipys_function_in_every_octave_and_at_every_corner(octave):
    corners = np.ldexp(1 + np.arange(257) / 256, octave)
    levels = np.concatenate(
        [corners, np.nextafter(corners, 0), np.random.default_rng(1).uniform(1, 2, 999) * 2.0**octave]
    )
    levels = levels[(levels >= 2.0**-54) & (levels <= 0.5)]
    assert_allclose(normal_quantile(levels), ndtri(levels), rtol=8 * ROUNDING, atol=4 * ROUNDING)


@given(st.floats(2.0**-53, 0.5).map(lambda p: np.floor(p * 2**53) / 2**53))
def test_both_tails_are_mirror_images(p):
    assert normal_quantile(1 - p) == -normal_quantile(p)


@pytest.mark.parametrize("p", [0.0, 1.0, 0.5, 5e-324, 1e-300, 2.0**-55, 1 - 2.0**-53, -0.1, 1.1, np.nan, np.inf])
def test_ends_the_middle_and_what_is_no_probability_are_scipys(p):
    assert_allclose(normal_quantile(np.array([0.3, p])), ndtri(np.array([0.3, p])), rtol=4 * ROUNDING)


@given(st.lists(st.floats(0, 1), max_size=40), st.integers(1, 9000))
def test_a_number_does_not_see_its_neighbours(levels, ahead):
    alone = np.array([normal_quantile(p) for p in levels]).reshape(-1)
    assert_array_equal(normal_quantile(np.concatenate([np.full(ahead, 0.123), levels]))[ahead:], alone)


def test_the_shape_is_kept_and_the_levels_too():
    levels = np.random.default_rng(0).random((3, 5, 2)).transpose()
    before = levels.copy()
    assert_array_equal(normal_quantile(levels), normal_quantile(levels.reshape(-1)).reshape(levels.shape))
    assert_array_equal(levels, before)
    assert normal_quantile(np.empty((0, 2))).shape == (0, 2)
