"""Ranges of what is done and what is left, and reductions that travel."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clustercast.streaming.checkpoint import remaining_ranges
from clustercast.streaming.moments import LEAF, LeafSums, joined_ranges, leaf_moments


@given(st.integers(1, 60), st.sets(st.integers(0, 59)), st.integers(1, 20))
def test_what_is_done_and_what_is_left_make_up_the_whole(total, done, length):
    done = {leaf for leaf in done if leaf < total}
    finished = joined_ranges((leaf, leaf + 1) for leaf in done)
    left = remaining_ranges(total, finished, length)
    assert {leaf for start, stop in left for leaf in range(start, stop)} == set(range(total)) - done
    assert joined_ranges([*left, *finished]) == [(0, total)]
    assert all(0 < stop - start <= length for start, stop in left)


def test_what_is_left_is_cut_at_the_multiples_of_a_length():
    assert remaining_ranges(10, [(2, 5)], 4) == [(0, 2), (5, 8), (8, 10)]
    assert joined_ranges([(4, 6), (0, 2), (2, 3)]) == [(0, 3), (4, 6)]


def test_what_is_known_of_leaves_survives_the_journey():
    values = np.random.default_rng(1).random((2, 2 * LEAF + 5))
    result = LeafSums(2, {"label": (2, 3)})
    for leaf, moments in enumerate(leaf_moments(values)):
        result.add(leaf, moments)
    result.sketch.add(values)
    result.counts["label"][1, 2] = 7
    there = pickle.loads(pickle.dumps(result))
    assert there.leaves == [(0, 3)]
    assert there.counts["label"].tolist() == [[0, 0, 0], [0, 0, 7]]
    assert np.array_equal(there.total().mean, result.total().mean)
    assert np.array_equal(*(sketch.at_ranks(1, np.array([900.0, 4100.5])) for sketch in (there.sketch, result.sketch)))


def test_a_worker_starts_without_the_libraries_of_labels():
    # Each process of a run pays for its imports: xarray and pandas are half of them, and pieces have no labels.
    code = (
        "import sys, clustercast.streaming.pieces\n"
        "print([name for name in ('xarray', 'pandas', 'pint', 'matplotlib') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert result.stdout.strip() == "[]"
