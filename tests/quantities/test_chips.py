"""Wafers: the essay's column and its footnote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clustercast.quantities.chips import wafer_share, wafers_required


@pytest.mark.parametrize(("shipments", "wafers"), [(5e6, 142.9e3), (10e6, 285.7e3)])
def test_five_to_ten_million_accelerators_take_150_to_300_thousand_wafers(shipments, wafers):
    assert_allclose(wafers_required(shipments, 35.0), wafers, rtol=1e-3)


def test_fewer_good_dies_take_a_quarter_more_wafers():
    assert_allclose(wafers_required(1e6, 28.0) / wafers_required(1e6, 35.0), 1.25)


@pytest.mark.parametrize(
    ("capacity", "low", "high"), [(4.8e6, 0.030, 0.060), (3.0e6, 0.048, 0.095), (1.8e6, 0.079, 0.159)]
)
def test_the_share_of_2024_depends_on_what_is_leading_edge(capacity, low, high):
    assert_allclose(wafer_share(wafers_required(5e6, 35.0), capacity), low, atol=6e-4)
    assert_allclose(wafer_share(wafers_required(10e6, 35.0), capacity), high, atol=6e-4)


@pytest.mark.parametrize(("shipments", "share"), [(26e6, 0.25), (105e6, 1.0), (420e6, 4.0)])
def test_the_essays_column_counts_three_million_wafers(shipments, share):
    assert_allclose(wafer_share(wafers_required(shipments, 35.0), 3.0e6), share, rtol=0.01)


@given(st.floats(1, 1e12), st.floats(1, 100))
def test_wafers_times_yield_are_shipments(shipments, per_wafer):
    assert_allclose(wafers_required(shipments, per_wafer) * per_wafer, shipments, rtol=1e-14)
