"""Growth along a grid: closed forms in exact arithmetic, and what a grid must not change."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from clustercast.quantities.growth import compound_growth, decaying_growth

ROUNDING = np.finfo(float).eps
times = st.lists(st.integers(-40, 40).map(lambda half: half / 2), min_size=1, max_size=15)
factors = arrays(float, 3, elements=st.floats(0.2, 5))
decays = arrays(float, 3, elements=st.one_of(st.just(0.0), st.floats(1e-300, 2), st.floats(-0.5, -1e-9)))
rates = arrays(float, 3, elements=st.floats(-1, 3, allow_subnormal=False))


def column(grid):
    return np.array(grid, dtype=float)[:, np.newaxis]


def exact_decaying_growth(rate, decay, time):
    with mpmath.workdps(60):
        rate, decay, time = map(mpmath.mpf, (float(rate), float(decay), float(time)))
        return float(rate * time if decay == 0 else -rate * mpmath.expm1(-decay * time) / decay)


@given(times, factors, st.floats(1e-3, 1e12))
def test_compound_growth_is_a_power_of_the_factor(grid, factor, start):
    with mpmath.workdps(60):
        exact = [[float(mpmath.mpf(start) * mpmath.power(f, t)) for f in factor.tolist()] for t in grid]
    # One rounding a row, and those of the powers that the rows share, each raised as often as it is taken.
    assert_allclose(compound_growth(start, factor, column(grid)), exact, rtol=8 * (len(grid) + 1) * ROUNDING)


@given(times, rates, decays)
def test_decaying_growth_is_the_integral_of_a_rate_that_decays(grid, rate, decay):
    exact = [[exact_decaying_growth(r, d, t) for r, d in zip(rate, decay, strict=True)] for t in grid]
    found = decaying_growth(rate, decay, column(grid))
    assert_allclose(found, exact, rtol=16 * (len(grid) + 1) * ROUNDING, atol=1e-300)


@given(times, factors, rates, decays)
def test_a_row_alone_is_the_row_of_the_grid(grid, factor, rate, decay):
    along = compound_growth(2.0, factor, column(grid)), decaying_growth(rate, decay, column(grid))
    for row, time in enumerate(grid):
        assert_allclose(along[0][row], compound_growth(2.0, factor, column([time]))[0], rtol=1e-13, atol=1e-300)
        assert_allclose(along[1][row], decaying_growth(rate, decay, column([time]))[0], rtol=1e-13, atol=1e-300)


@given(times, factors, rates, decays)
def test_a_sample_alone_is_the_sample_among_others(grid, factor, rate, decay):
    along = compound_growth(rate, factor, column(grid)), decaying_growth(rate, decay, column(grid))
    for one in range(len(factor)):
        here = slice(one, one + 1)
        assert_array_equal(along[0][:, here], compound_growth(rate[here], factor[here], column(grid)))
        assert_array_equal(along[1][:, here], decaying_growth(rate[here], decay[here], column(grid)))


def test_at_time_zero_nothing_has_grown_to_the_last_bit():
    grid = column([-2.5, 0, 0, 1, 4])
    assert_array_equal(compound_growth(0.1, np.array([1.7, 0.3]), grid)[1:3], np.full((2, 2), 0.1))
    assert_array_equal(decaying_growth(np.array([0.5]), np.array([0.1]), grid)[1:3], np.zeros((2, 1)))


@pytest.mark.parametrize("periods", [3.0, np.array([1.0, 2.0, 3.0]), np.array([[1.0, 2.0], [3.0, 4.0]])])
def test_other_shapes_take_the_closed_form(periods):
    factor = np.full(np.shape(periods)[-1:], 1.5)
    assert_array_equal(compound_growth(2.0, factor, periods), 2.0 * factor**periods)
    expected = [[0.5 * float(-mpmath.expm1(-0.1 * t) / 0.1)] for t in np.ravel(periods)]
    assert_allclose(np.ravel(decaying_growth(0.5, 0.1, periods)), np.ravel(expected), rtol=1e-14)


def test_values_broadcast_over_the_samples():
    grid, few, one = column([-1, 0, 2]), np.array([2.0, 3.0]), np.array([1.5])
    assert_allclose(compound_growth(few, one, grid), few * 1.5**grid, rtol=1e-15)
    assert_allclose(compound_growth(np.array(2.0), few, grid), 2.0 * few**grid, rtol=1e-15)
    assert_allclose(decaying_growth(few, np.array(0.1), grid), few * -np.expm1(-0.1 * grid) / 0.1, rtol=1e-14)
    assert_allclose(decaying_growth(np.array(2.0), one, grid), 2.0 * -np.expm1(-1.5 * grid) / 1.5, rtol=1e-14)


def test_the_arguments_are_left_as_they_were():
    start, factor, periods = np.ones(2), np.full(2, 2.0), column([-1, 0, 1])
    compound_growth(start, factor, periods)
    decaying_growth(start, factor, periods)
    assert_array_equal(start, 1.0)
    assert_array_equal(factor, 2.0)
    assert_array_equal(periods, column([-1, 0, 1]))


def test_whole_numbers_grow_as_the_same_numbers_with_a_point():
    # Steps that are whole numbers would raise these factors in whole numbers, which wrap around.
    factors, start = np.array([2, 30]), np.array([2, 3])
    for grid in ([0, 1, 40], [-40, -1]):
        grown = compound_growth(start, factors, np.array(grid)[:, np.newaxis])
        assert_array_equal(grown, compound_growth(start, factors, column(grid)))
        assert_allclose(grown, start * factors ** column(grid), rtol=1e-14)


def test_a_time_that_is_no_number_gives_none():
    grid = column([np.nan, 1])
    for grown in (compound_growth(2.0, np.array([1.5]), grid), decaying_growth(1.0, np.ones(1), grid)):
        assert_array_equal(np.isnan(grown), [[True], [False]])
