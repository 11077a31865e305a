"""Moments over a fixed tree: exact sums as the judge, any cut and any order the same bits."""

import math

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
