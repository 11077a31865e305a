"""Moments over a fixed tree: exact sums as the judge, any cut and any order the same bits."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustercast.errors import InputError
from clustercast.streaming.moments import LEAF, LeafSums, Moments, leaf_moments


def tree_of(values, order, leaf=LEAF):
    tree = LeafSums()
    leaves = leaf_moments(values, leaf)
    for leaf in order:
        tree.add(int(leaf), leaves[leaf])
    return tree


def same_bits(one, other):
    return one.count == other.count and all(
        np.array_equal(getattr(one, part), getattr(other, part)) for part in ("mean", "spread")
    )


@given(st.integers(1, 40), st.integers(0, 2**32), st.floats(-1e6, 1e6))
def test_mean_and_spread_are_those_of_exact_sums(leaves, seed, centre):
    generator = np.random.default_rng(seed)
    values = centre + generator.standard_normal((2, leaves * 50 - 17))
    tree = LeafSums()
    for leaf, result in enumerate(leaf_moments(values, 50)):
        tree.add(leaf, result)
    result = tree.total()
    for row, mean, spread in zip(values, result.mean, result.spread, strict=True):
        exact = math.fsum(row) / row.size
        assert mean == pytest.approx(exact, rel=1e-12, abs=1e-12)
        assert spread == pytest.approx(math.fsum((x - exact) ** 2 for x in row), rel=1e-9, abs=1e-9)
    assert result.count == values.shape[1]


def test_a_large_mean_does_not_drown_a_small_spread():
    values = 1e9 + np.resize([1.0, 2.0, 3.0], 3 * LEAF).reshape(1, -1)
    result = tree_of(values, range(3)).total()
    assert result.mean[0] == 1e9 + 2
    assert result.spread[0] == pytest.approx(2 * LEAF, rel=1e-9)


@given(st.sampled_from([13, 14]).flatmap(lambda leaves: st.permutations(range(leaves))), st.integers(0, 12))
def test_any_order_and_any_cut_give_the_same_bits(order, cut):
    # The last leaf is short, and the second of its pair where there are 14.
    values = np.random.default_rng(3).lognormal(size=(50, (len(order) - 1) * 8 + 3))
    whole = tree_of(values, range(len(order)), 8).total()
    one, other = tree_of(values, order[:cut], 8), tree_of(values, order[cut:], 8)
    other.merge(LeafSums.from_arrays(one.to_arrays()))
    assert same_bits(other.total(), whole)


def test_leaves_taken_at_once_are_those_taken_one_by_one():
    values = np.random.default_rng(5).random((4, 5 * LEAF + 7))
    singly = [leaf_moments(values[:, first : first + LEAF])[0] for first in range(0, values.shape[1], LEAF)]
    assert all(same_bits(*pair) for pair in zip(leaf_moments(values), singly, strict=True))


def test_the_error_of_the_mean():
    result = leaf_moments(np.array([[1.0, 2.0, 3.0, 4.0]]))[0]
    assert result.mean_error[0] == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 2)
    assert np.isinf(leaf_moments(np.array([[1.0]]))[0].mean_error[0])


def test_what_is_absent_or_given_twice_is_refused():
    one = Moments(1, np.zeros(1), np.zeros(1))
    with pytest.raises(InputError, match="no samples"):
        LeafSums().total()
    tree = LeafSums()
    tree.add(2, one)
    with pytest.raises(InputError, match="leaf 0 is absent"):
        tree.total()
    with pytest.raises(InputError, match="leaf 2 is summed twice"):
        tree.add(2, one)


@given(
    st.lists(st.sampled_from([0.0, 1.0, 1e-300, -1e-200, 1e-105, -1e95, 1e150, -1e300, 4e307]), min_size=1, max_size=6),
    st.lists(st.floats(0, 1), min_size=1, max_size=6),
    st.integers(0, 100),
)
def test_moments_of_any_magnitude_are_those_of_exact_fractions(sizes, widths, seed):
    """Leaves of very different sizes too, in any order the same bits."""
    leaves = np.random.default_rng(seed).uniform(-1, 1, (max(len(sizes), len(widths)), 4))
    pairs = zip(leaves, np.resize(sizes, len(leaves)), np.resize(widths, len(leaves)), strict=True)
    values = np.concatenate([size * (1 + width * leaf) for leaf, size, width in pairs])[np.newaxis]
    tree = tree_of(values, range(len(leaves)), 4)
    result, exact = tree.total(), [Fraction(x) for x in values[0]]
    mean = sum(exact) / len(exact)
    variance = sum((x - mean) ** 2 for x in exact) / (len(exact) - 1) / len(exact)
    peak = np.abs(values).max()
    # The root of a fraction, of which floats hold neither the numerator nor the denominator.
    error = math.isqrt(math.floor(variance * 2**4000)) / Fraction(2**2000)
    assert float(result.mean[0] * result.unit[0]) == pytest.approx(float(mean), rel=1e-12, abs=1e-14 * peak)
    assert result.mean_error[0] == pytest.approx(float(error), rel=1e-9, abs=1e-14 * peak)
    backwards = tree_of(values, reversed(range(len(leaves))), 4)
    again = LeafSums.from_arrays(backwards.to_arrays()).total()
    assert same_bits(again, result) and np.array_equal(again.unit, result.unit)


@pytest.mark.parametrize("power", [-1040, -1000, -700, 500, 700, 1020])
def test_a_power_of_two_moves_no_bit_of_the_error(power):
    values = 1 + np.random.default_rng(2).random((1, 3 * LEAF + 5))
    plain, scaled = (tree_of(x, range(4)).total() for x in (values, np.ldexp(values, power)))
    if power > -1000:
        assert scaled.mean_error[0] == np.ldexp(plain.mean_error[0], power)
    np.testing.assert_allclose(scaled.mean_error, np.ldexp(plain.mean_error, power), rtol=1e-4)
