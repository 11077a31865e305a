import numpy as np
import pytest
from scipy import stats

from clustercast.arrays.indices.ratios import half_widths, ratio_of_means
from clustercast.errors import InputError


def test_a_mean_over_ones_is_the_plain_mean_with_its_standard_error():
    values = np.random.default_rng(1).standard_normal((50, 3))
    ratio, error = ratio_of_means(values, np.ones((50, 1)))
    np.testing.assert_allclose(ratio, values.mean(axis=0))
    np.testing.assert_allclose(error, stats.sem(values, axis=0))


def test_half_widths_are_those_of_student():
    values = np.random.default_rng(2).standard_normal(16)
    low, high = stats.t.interval(0.95, 15, values.mean(), stats.sem(values))
    assert half_widths(np.asarray(stats.sem(values)), 16) == pytest.approx((high - low) / 2)


def test_a_share_of_nothing_is_undefined():
    ratio, error = ratio_of_means(np.zeros((4, 2)), np.zeros((4, 2)))
    assert np.isnan(ratio).all() and np.isnan(error).all()


def test_one_group_has_no_error():
    with pytest.raises(InputError, match="2 or more independent groups"):
        ratio_of_means(np.ones((1, 2)), np.ones((1, 2)))
