import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustercast.arrays.summaries import squared_in, sum_of_products, unit_for_squares


@given(st.integers(0, 5000), st.integers(0, 2**32))
def test_sums_are_those_of_exact_arithmetic(size, seed):
    row, other = np.random.default_rng(seed).normal(size=(2, size)) ** 5
    products = row * other
    assert sum_of_products(row) == pytest.approx(math.fsum(row), rel=0, abs=1e-15 * np.abs(row).sum())
    assert sum_of_products(row, other) == pytest.approx(math.fsum(products), rel=0, abs=1e-15 * np.abs(products).sum())


def test_the_error_hardly_grows_with_the_length():
    row = np.full(2_000_003, 0.1)
    assert sum_of_products(row) == pytest.approx(math.fsum(row), rel=4e-15)
    assert sum_of_products(row, row) == pytest.approx(math.fsum(row * row), rel=4e-15)


@given(st.floats(allow_nan=False))
def test_numbers_divided_by_their_unit_have_squares_and_others_stay(peak):
    unit = unit_for_squares(np.array([peak / 4, peak, 0.0]))
    if peak == 0 or 1e-100 < abs(peak) < 1e100 or np.isinf(peak):
        assert unit == 1
    else:
        assert 1 <= abs(peak) / unit < 2 and math.frexp(unit)[0] == 0.5


def test_the_square_of_a_large_or_small_unit_ends_where_floats_end():
    assert squared_in(0.0, 1.0) == 0 and squared_in(3.0, 1.0) == 3 and squared_in(3.0, 2.0) == 12
    assert squared_in(1.5, 2.0**511) == 1.5 * 2.0**1022
    assert squared_in(1.5, 2.0**600) == np.finfo(float).max
    assert squared_in(1.5, 2.0**-600) == 5e-324
