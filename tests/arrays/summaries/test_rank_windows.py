import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustercast.arrays.summaries.rank_windows import RankWindows

SIZE = 40_000
ROWS = {
    "normal": lambda rng: rng.normal(size=SIZE),
    "heavy tails": lambda rng: rng.standard_cauchy(SIZE) ** 9,
    "ties": lambda rng: rng.integers(3, size=SIZE).astype(float),
    "constant": lambda rng: np.full(SIZE, 7.0),
    "one value and others": lambda rng: np.where(rng.random(SIZE) < 0.6, 0.0, rng.random(SIZE)),
    "infinities": lambda rng: rng.choice([-np.inf, np.inf, *rng.normal(size=5)], size=SIZE),
    "sorted": lambda rng: np.sort(rng.random(SIZE)),
    "beyond single precision": lambda rng: 10 ** rng.uniform(-300, 300, size=SIZE),
    "closer than single precision": lambda rng: 1 + 1e-12 * rng.random(SIZE),
    # Every eleventh sample is looked at first: here those are all of one kind, and the brackets miss.
    "of a period, below": lambda rng: np.where(np.arange(SIZE) % 11 == 0, 0.0, rng.random(SIZE)),
    "of a period, above": lambda rng: np.where(np.arange(SIZE) % 11 == 0, 1.0, rng.random(SIZE)),
}


@pytest.mark.parametrize("kind", ROWS)
@given(seed=st.integers(0, 2**32), shares=st.lists(st.floats(0, 1), min_size=1, max_size=5), width=st.integers(0, 300))
def test_ranks_of_long_rows_are_those_of_a_sort(kind, seed, shares, width):
    row = ROWS[kind](np.random.default_rng(seed))
    before = row.copy()
    middle = np.sort(np.array([int(share * (SIZE - 1)) for share in shares]))
    ranks = np.stack([middle, np.maximum(middle - width, 0), np.minimum(middle + width, SIZE - 1)])
    assert np.array_equal(RankWindows(SIZE, ranks).of(row), np.sort(row)[ranks])
    assert np.array_equal(row, before)


def test_brackets_hold_the_windows_of_most_rows():
    # A change that made them miss would cost time and no result, and go unseen.
    ranks = np.array([[2000, 10_000, 20_000, 30_000], [2200, 10_300, 20_400, 30_300]])
    rows = np.random.default_rng(1).normal(size=(20, SIZE))
    picked = RankWindows(SIZE, ranks)
    assert sum(picked._bracketed(row) is not None for row in rows) > 15
