"""Boxes: planted ones, the arithmetic of quasi-p values."""

import itertools

import numpy as np
import pytest
from scipy.stats import binom

from clustercast.arrays.decisions.boxes import Box, chosen_box, peel, polished, quantile_codes, quasi_p_values


@pytest.fixture(scope="module")
def planted():
    generator = np.random.default_rng(7)
    columns = generator.uniform(size=(6, 40000))
    inside = (columns[1] > 0.6) & (columns[4] > 0.25) & (columns[4] < 0.75)
    # In the box it is so in nine of ten rows, elsewhere in one of twenty.
    return columns, generator.uniform(size=40000) < np.where(inside, 0.9, 0.05)


def test_codes_count_the_edges_at_or_below(planted):
    codes, edges = quantile_codes(planted[0][:, :1000])
    for column, code, edge in zip(planted[0], codes, edges, strict=True):
        assert np.array_equal(code, (edge <= column[:1000, np.newaxis]).sum(axis=1))


def test_edges_are_equally_far_apart_in_rank():
    assert quantile_codes(np.arange(1000.0)[np.newaxis, ::-1])[1][0].tolist() == [*range(4, 1000, 4)]
    codes, _ = quantile_codes(np.arange(70000.0)[np.newaxis])
    # From some 65,536 samples of them: a bin holds 262 of those, give or take their root.
    assert np.abs(np.bincount(codes[0]) / 280 - 1).max() < 5 / np.sqrt(262)


def test_few_values_have_a_code_each():
    codes, edges = quantile_codes(np.tile([0.0, 1.0, 1.0, 2.0], (1, 500)))
    assert np.unique(codes).size == 3
    assert edges[0].size == np.unique(edges[0]).size


def test_a_planted_box_is_found(planted):
    columns, holds = planted
    codes, edges = quantile_codes(columns)
    half = np.arange(holds.size) < holds.size // 2
    boxes = peel(codes[:, half], holds[half], 0.05, 500)
    sizes = [box.contains(codes).sum() for box in boxes]
    assert (np.diff(sizes) < 0).all()
    result = chosen_box(boxes, (codes[:, half], holds[half]), (codes[:, ~half], holds[~half]), None)
    assert result.limited.tolist() == [1, 4]
    assert edges[1][result.low[1] - 1] == pytest.approx(0.6, abs=0.02)
    assert edges[4][result.low[4] - 1] == pytest.approx(0.25, abs=0.02)
    assert edges[4][result.high[4]] == pytest.approx(0.75, abs=0.02)
    inside = result.contains(codes[:, ~half])
    assert holds[~half][inside].mean() == pytest.approx(0.9, abs=0.02)
    # 0.2 of the rows at 0.9 of all 0.2 * 0.9 + 0.8 * 0.05.
    assert holds[~half][inside].sum() / holds[~half].sum() == pytest.approx(0.18 / 0.22, abs=0.02)


def test_nothing_is_peeled_where_an_event_is_chance():
    generator = np.random.default_rng(2)
    codes, _ = quantile_codes(generator.uniform(size=(5, 8000)))
    holds = generator.uniform(size=8000) < 0.3
    boxes = peel(codes[:, :4000], holds[:4000], 0.05, 200)
    result = chosen_box(boxes, (codes[:, :4000], holds[:4000]), (codes[:, 4000:], holds[4000:]), None)
    assert result.limited.size == 0


@pytest.mark.parametrize("start", [120, 180])
def test_a_limit_is_moved_to_where_it_serves_best(planted, start):
    columns, holds = planted
    codes, edges = quantile_codes(columns)
    low, high = np.zeros(6, dtype=np.int64), np.full(6, 250, dtype=np.int64)
    low[1], low[4], high[4] = start, 70, 180
    moved = polished(codes, holds, Box(low, high), None)
    assert edges[1][moved.low[1] - 1] == pytest.approx(0.6, abs=0.01)
    assert edges[4][moved.low[4] - 1] == pytest.approx(0.25, abs=0.01)


def test_a_quasi_p_value_is_a_binomial_tail(planted):
    columns, holds = planted
    codes, _ = quantile_codes(columns)
    low, high = np.zeros(6, dtype=np.int64), np.full(6, 250, dtype=np.int64)
    low[0], low[1] = 125, 150
    box = Box(low, high)
    inside = (codes[0] >= 125) & (codes[1] >= 150)
    exact = [
        binom.sf(holds[inside].sum() - 1, inside.sum(), holds[wider].mean())
        for wider in (codes[1] >= 150, codes[0] >= 125)
    ]
    assert list(quasi_p_values(codes, holds, box)) == pytest.approx(exact)


def score(holds, inside, density):
    """Return the harmonic mean of density and coverage, or the coverage where dense enough."""
    share, coverage = holds[inside].mean() if inside.any() else 0.0, holds[inside].sum() / holds.sum()
    if density is None:
        return 2 * share * coverage / (share + coverage) if share + coverage else 0.0
    return coverage if share >= density else share - 1


@pytest.mark.parametrize("density", [None, 0.5])
def test_no_other_place_of_one_limit_serves_better_and_of_equal_ones_the_box_is_the_widest(density):
    places = [*range(13), 250]
    for seed in range(30):
        generator = np.random.default_rng(seed)
        codes = generator.integers(0, 12, (3, 100)).astype(np.uint8)
        inside, low, high = codes[0] > 4, np.zeros(3, dtype=np.int64), np.full(3, 250, dtype=np.int64)
        if seed % 2:
            # Far from the event along all three, so that limits move in turn.
            inside, low[:] = inside & (codes[1] > 5) & (codes[2] > 3), [8, 2, 9]
        else:
            inside, low[0], high[1] = inside & (codes[1] < 5), 4, 3
        holds = generator.uniform(size=100) < np.where(inside, 0.8, 0.1)
        moved = polished(codes, holds, Box(low, high), density)
        best = score(holds, moved.contains(codes), density)
        assert best >= score(holds, Box(low, high).contains(codes), density)
        for column, low_end, place in itertools.product(range(2 + seed % 2), (True, False), places):
            low, high = moved.low.copy(), moved.high.copy()
            (low if low_end else high)[column] = place
            if low[column] <= high[column]:
                other = score(holds, Box(low, high).contains(codes), density)
                assert other <= best + 1e-12
                wider = place < moved.low[column] if low_end else place > moved.high[column]
                assert not wider or other < best - 1e-13
        assert seed % 2 or (moved.low[2], moved.high[2]) == (0, 250)


def test_a_box_is_limited_where_it_leaves_out_a_bin():
    box = Box(np.array([1, 0, 0]), np.array([250, 249, 250]))
    assert box.limited.tolist() == [0, 1]
    codes = np.array([[0, 1, 250, 5], [5, 249, 0, 250], [0, 250, 9, 9]], dtype=np.uint8)
    assert box.contains(codes).tolist() == [False, True, True, False]


def test_each_cut_leaves_the_event_most_common_of_all_that_take_off_the_part():
    generator = np.random.default_rng(4)
    codes = generator.integers(0, 251, (3, 400)).astype(np.uint8)
    codes[2] //= 100
    holds = generator.uniform(size=400) < np.where((codes[0] > 100) & (codes[2] < 2), 0.8, 0.1)
    boxes = peel(codes, holds, 0.1, 40)
    assert len(boxes) > 8
    for box, smaller in itertools.pairwise(boxes):
        inside = box.contains(codes)
        part, densities = max(1, int(0.1 * inside.sum())), []
        for column in codes:
            for side in (column, 250 - column.astype(int)):
                values = np.sort(side[inside])
                left = inside & (side > values[part - 1])
                densities.append(holds[left].mean() if left.sum() >= 40 else -1.0)
        after = smaller.contains(codes)
        assert after.sum() >= 40
        assert not (after & ~inside).any()
        assert holds[after].mean() == pytest.approx(max(densities))
    # Until all that is inside holds, or no cut leaves enough.
    last = boxes[-1].contains(codes)
    assert holds[last].all() or last.sum() < 80


def test_peeling_ends_where_all_that_is_inside_holds():
    codes = np.repeat(np.arange(10), 50)[np.newaxis].astype(np.uint8)
    boxes = peel(codes, codes[0] >= 5, 0.1, 10)
    assert [box.contains(codes).sum() for box in boxes] == [500, 450, 400, 350, 300, 250]
    # Or where fewer would be left than are asked for.
    assert [box.contains(codes).sum() for box in peel(codes, codes[0] >= 5, 0.1, 350)] == [500, 450, 400, 350]


def test_no_box_is_chosen_where_none_is_dense_enough():
    generator = np.random.default_rng(2)
    codes, holds = generator.integers(0, 251, (2, 500)).astype(np.uint8), generator.uniform(size=500) < 0.3
    boxes = peel(codes, holds, 0.1, 100)
    assert chosen_box(boxes, (codes, holds), (codes, holds & (np.arange(500) % 2 > 0)), 0.9) is None


def test_a_limit_that_other_draws_do_not_confirm_is_left_out():
    generator = np.random.default_rng(2)
    codes, chance = generator.integers(0, 251, (2, 4000)).astype(np.uint8), generator.uniform(size=4000)
    result = chance < np.where((codes[1] > 125) & (codes[0] > 60), 0.9, 0.1)
    low, high = np.array([61, 126]), np.array([250, 250])
    for holds, limited in ((result, [0, 1]), (chance < np.where(codes[1] > 125, 0.9, 0.1), [1])):
        assert chosen_box([Box(low, high)], (codes, result), (codes, holds), None).limited.tolist() == limited
    boxes = [Box(np.zeros(2, dtype=int), high), Box(low, high)]
    dense = chosen_box(boxes, (codes, result), (codes, result), 0.85)
    assert dense.limited.tolist() == [0, 1]
    assert result[dense.contains(codes)].mean() >= 0.85
