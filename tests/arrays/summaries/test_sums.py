import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustercast.arrays.summaries.order_statistics import sum_of_products


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
