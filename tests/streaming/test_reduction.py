"""Ranges of what is done and what is left, and reductions that travel."""

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clustercast.streaming.checkpoint import remaining_ranges
from clustercast.streaming.moments import LEAF, joined_ranges
from clustercast.streaming.reduction import Reduction


@given(st.integers(1, 60), st.sets(st.integers(0, 59)), st.integers(1, 20))
def test_what_is_done_and_what_is_left_make_up_the_whole(total, done, length):
    done = {leaf for leaf in done if leaf < total}
    finished = joined_ranges((leaf, leaf + 1) for leaf in done)
    left = remaining_ranges(total, finished, length)
    assert {leaf for start, stop in left for leaf in range(start, stop)} == set(range(total)) - done
    assert joined_ranges([*left, *finished]) == [(0, total)]
    assert all(0 < stop - start <= length for start, stop in left)


def test_a_reduction_survives_the_journey():
    values = np.random.default_rng(1).random((2, 2 * LEAF + 5))
    result = Reduction(2, {"label": (2, 3)})
    result.add_leaves(0, values)
    result.sketch.add(values)
    result.counts["label"][1, 2] = 7
    there = pickle.loads(pickle.dumps(result))
    assert there.leaves == [(0, 3)]
    assert there.counts["label"].tolist() == [[0, 0, 0], [0, 0, 7]]
    assert np.array_equal(there.trees["moments"].total().mean, result.trees["moments"].total().mean)
    assert np.array_equal(there.sketch.quantiles([0.1, 0.5]), result.sketch.quantiles([0.1, 0.5]))
