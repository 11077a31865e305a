"""What runs on the accelerators: shares of the fleet, and the operations of known runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clustercast.quantities import runs

DAY = 1 / 365
SECOND = 1 / 8760 / 3600


def inference(ratio, share=0.0, year=2025.5, growth=0.0):
    return runs.inference_share(year, 2025.5, ratio, growth, share, 1.0)


@given(st.floats(1e-3, 1e3), st.floats(0, 2, allow_subnormal=False), st.floats(2022, 2040), st.floats(-0.1, 0.5))
def test_training_has_never_less_than_the_largest_cluster(ratio, share, year, growth):
    serves = inference(ratio, share, year, growth)
    trains = runs.training_share(serves)
    assert serves + trains == pytest.approx(1)
    assert trains >= min(share, 1) * (1 - 1e-12)
    if 0 < share < 1:
        assert runs.clusters_supported(trains, share) >= 1 - 1e-12


def test_meta_trained_on_an_eighth_of_its_accelerators():
    ratio = (350_000 - 45_000) / 45_000
    assert_allclose(runs.training_share(inference(ratio)), 45 / 350)


def test_inference_that_grows_by_a_fifth_a_year_is_two_thirds_in_four_years():
    assert inference(1.0) == 0.5
    assert inference(1.0, year=2029.5, growth=0.19) == pytest.approx(2 / 3, abs=2e-3)


def test_gpt4_took_2e25_operations():
    # 25k A100 (624e12 dense 8-bit operations a second), 95 days, 34 % of the 16-bit peak: Epoch AI has 2.1e25.
    size = 25_000 * 624e12 / 1979e12
    result = runs.training_run_compute(size, 1.0, 1979e12 / SECOND, 0.34 / 2, 1.0, 95 * DAY)
    assert_allclose(result, 25_000 * 312e12 * 0.34 * 95 * 86_400, rtol=1e-12)
    assert_allclose(result, 2.1e25, rtol=0.06)
    assert runs.training_run_compute(size, 0.25, 1979e12 / SECOND, 0.17, 0.9, 95 * DAY) == pytest.approx(0.225 * result)


def test_algorithms_that_triple_a_year_are_worth_81_times_in_four():
    result = runs.effective_training_compute(np.array([2023.0, 2024.0, 2028.0]), 2024.0, 1e25, 3.0, 0.0, 1.0)
    assert_allclose(result, [1e25 / 3, 1e25, 81e25])
