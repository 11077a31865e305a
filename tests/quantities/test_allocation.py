"""What the fleet is divided into, and how the largest cluster and the investment compare."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clustercast.quantities import allocation


@given(st.floats(1e-3, 1e3))
def test_inference_and_training_sum_to_one(ratio):
    inference, training = allocation.inference_share(ratio), allocation.training_share(ratio)
    assert_allclose(inference + training, 1, rtol=1e-15)
    assert_allclose(inference / training, ratio, rtol=1e-12)


def test_meta_trained_on_an_eighth_of_its_accelerators():
    ratio = (350_000 - 45_000) / 45_000
    assert_allclose(allocation.training_share(ratio), 45 / 350)


@pytest.mark.parametrize(
    ("size", "shipments", "share"), [(1e5, 7.5e6, 0.013), (1e6, 24e6, 0.04), (1e7, 1e8, 0.10), (1e8, 485e6, 0.21)]
)
def test_the_largest_cluster_takes_a_growing_share_of_chips(size, shipments, share):
    assert_allclose(allocation.largest_cluster_shipment_share(size, shipments, 1.0), share, rtol=0.05)


def test_but_not_of_money():
    assert allocation.largest_cluster_investment_share(1e12, 8e12, 1.0) == 0.125


def test_the_share_of_the_fleet_is_half_of_that_of_shipments_that_double():
    assert_allclose(allocation.largest_cluster_fleet_share(1e8, 2 * 485e6), 0.103, rtol=0.01)


def test_a_trillion_is_three_and_a_half_percent_of_gdp():
    gdp = allocation.us_gdp(np.array([[2024.0]]), 2024.0, 28e12, 0.02, 1.0)
    assert_allclose(allocation.investment_gdp_share(1e12, gdp), 0.0357, atol=5e-5)
