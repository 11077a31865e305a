"""The sketch of quantiles: never off by more than it states, and no trace of how samples were cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from clustercast.errors import InputError
from clustercast.streaming.moments import RELATIVE_ERROR, Sketch

ANY = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
PROBABILITIES = np.array([0.0, 0.01, 0.25, 0.5, 0.9, 1.0])


def sketch_of(*parts):
    result = Sketch(parts[0].shape[0])
    for part in parts:
        result.add(np.ascontiguousarray(part))
    return result


def quantiles(sketch):
    """Return NumPy's quantiles from order statistics, shape (columns, probabilities)."""
    return np.array([sketch.at_ranks(column, PROBABILITIES * (sketch.samples - 1)) for column in range(sketch.columns)])


@given(numpy_strategies.arrays(float, st.integers(1, 200), elements=ANY))
def test_every_order_statistic_is_within_the_stated_error(values):
    result = sketch_of(values.reshape(1, -1)).at_ranks(0, np.arange(values.size, dtype=float))
    np.testing.assert_allclose(result, np.sort(values), rtol=RELATIVE_ERROR, atol=0)


@given(st.integers(0, 2**32), st.integers(1, 3000))
def test_quantiles_of_one_sign_are_those_of_numpy_within_the_stated_error(seed, size):
    values = np.random.default_rng(seed).lognormal(3, 2, size=(2, size))
    values[1] *= -1
    result = quantiles(sketch_of(values))
    np.testing.assert_allclose(result, np.quantile(values, PROBABILITIES, axis=1).T, rtol=RELATIVE_ERROR * (1 + 1e-9))


def test_the_stated_error_is_small_enough():
    assert RELATIVE_ERROR <= 2.0**-12


def test_zeros_of_both_signs_are_zero():
    result = sketch_of(np.array([[-0.0, 0.0, 0.0, -2.0, 1e300]]))
    assert result.at_ranks(0, np.array([0.0, 1.0, 2.0, 3.0, 4.0])).tolist() == [-2.0, 0.0, 0.0, 0.0, 1e300]


@given(st.lists(st.integers(1, 3999), max_size=6), st.randoms(use_true_random=False))
def test_how_samples_are_cut_does_not_show(cuts, random):
    values = np.random.default_rng(7).standard_normal((3, 4000)) * np.array([[1.0], [1e-9], [1e30]])
    parts = np.split(values, sorted(cuts), axis=1)
    random.shuffle(parts)
    whole, merged = sketch_of(values), Sketch(3)
    for part in parts:
        if part.shape[1]:
            merged.merge(Sketch.from_arrays(sketch_of(part).to_arrays()))
    assert np.array_equal(quantiles(merged), quantiles(whole))
    assert merged.samples == whole.samples == 4000


def test_samples_added_and_merged_are_all_counted():
    values = np.arange(1.0, 91.0).reshape(1, -1)
    result = sketch_of(values, values)
    result.merge(found_again := sketch_of(values))
    assert result.samples == 270
    assert result.to_arrays()["counts"].sum() == 270
    assert found_again.at_ranks(0, np.array([45.0]))[0] == pytest.approx(46, rel=RELATIVE_ERROR)


def test_a_sketch_from_arrays_leaves_them_as_they_are():
    # More of one value than 16 bits count; a cluster hands arrays on that nobody may write to.
    ones = np.ones((1, 2**16 + 1))
    arrays = sketch_of(ones).to_arrays()
    assert arrays["counts"].dtype == np.uint32
    arrays["counts"].flags.writeable = False
    again = Sketch.from_arrays(arrays)
    again.add(ones)
    assert (arrays["counts"].sum(), again.to_arrays()["counts"].sum()) == (2**16 + 1, 2 * (2**16 + 1))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_not_finite_is_refused(wrong):
    with pytest.raises(InputError, match="not finite"):
        sketch_of(np.array([[1.0, wrong]]))


def test_sketches_of_other_columns_and_empty_ones_are_refused():
    with pytest.raises(InputError, match="2 columns cannot be added to one of 1"):
        Sketch(1).merge(Sketch(2))
    with pytest.raises(InputError, match="no samples"):
        Sketch(1).at_ranks(0, np.zeros(1))


def test_counts_go_on_beyond_counters_of_32_bits():
    ones = np.ones((1, 10))
    sketch, other = sketch_of(ones), sketch_of(ones)
    for page in sketch._pages.values():
        page[page > 0] = sketch.samples = 2**32 - 6
    sketch.add(ones)
    sketch.merge(other)
    assert sum(int(page.sum()) for page in sketch._pages.values()) == sketch.samples == 2**32 + 14
