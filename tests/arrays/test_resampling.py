"""Resampling weights and half-widths against SciPy and hand counts."""

import numpy as np
import pytest
import scipy.stats

from clustercast.arrays.resampling import bootstrap_factor, bootstrap_weights, standard_deviation, student_t_factor
from clustercast.errors import InputError


def test_weights_take_the_rows_that_indexing_takes():
    values = np.random.default_rng(1).normal(size=50)
    taken = np.random.default_rng(0).integers(50, size=(50, 20))
    np.testing.assert_allclose(bootstrap_weights(50, 20, seed=0) @ values, values[taken].mean(axis=0), atol=1e-15)


def test_factors_are_the_quantiles():
    assert bootstrap_factor(0.9) == pytest.approx(scipy.stats.norm.ppf(0.95), rel=1e-14)
    assert student_t_factor(8, 0.95) == pytest.approx(scipy.stats.t.ppf(0.975, 7) / np.sqrt(8), rel=1e-12)


def test_half_width_of_replicates_is_scipys_interval():
    values = np.random.default_rng(1).normal(size=16)
    low, high = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert student_t_factor(16, 0.95) * standard_deviation(values) == pytest.approx((high - low) / 2, rel=1e-12)


def test_undefined_resamples_are_left_out():
    values = np.array([[1.0, 2.0, np.nan, 4.0], [1.0, np.nan, np.nan, np.nan], [1.0, 2.0, 3.0, 4.0]])
    found = standard_deviation(values)
    np.testing.assert_allclose(found[[0, 2]], [np.std([1, 2, 4], ddof=1), np.std([1, 2, 3, 4], ddof=1)])
    assert np.isnan(found[1])


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.1])
def test_confidence_is_checked(confidence):
    with pytest.raises(InputError, match="between 0 and 1"):
        bootstrap_factor(confidence)
    with pytest.raises(InputError, match="between 0 and 1"):
        student_t_factor(8, confidence)
