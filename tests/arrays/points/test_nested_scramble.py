"""Nested uniform scrambles against what Owen's construction is known to give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import qmc

from clustercast.arrays.points.sobol_sequence import DIGITS, nested_points, scramble_keys, scramble_reversed
from clustercast.arrays.points.streams import replicate_seed


def points(seed, dimensions, size, start=0):
    out = np.empty((dimensions, size))
    nested_points(seed, start, out)
    return out


def reversed_digits(number):
    return int(f"{number:0{DIGITS}b}"[::-1], 2)


@given(st.one_of(st.just(0), st.integers(0, 2**160)), st.lists(st.integers(0, 20_000), max_size=6))
@settings(max_examples=25)
def test_points_are_the_same_in_any_blocks_and_beside_any_columns(seed, inner):
    edges = [0, *sorted(inner), 20_000]
    whole = points(seed, 3, 20_000)
    blocks = [points(seed, 3, b - a, a) for a, b in zip(edges, edges[1:], strict=False)]
    assert np.array_equal(np.concatenate(blocks, axis=1), whole)
    assert np.array_equal(points(seed, 70, 300)[:3], whole[:, :300])


def test_points_lie_in_the_middle_of_their_cells():
    assert np.all(points(6, 5, 1000) * 2**DIGITS % 1 == 0.5)


def test_the_last_points_of_the_sequence_can_be_had():
    assert np.array_equal(points(5, 2, 8, 2**30 - 8)[:, 3:], points(5, 2, 5, 2**30 - 5))


def test_a_scramble_keeps_the_number_of_leading_digits_in_which_points_agree():
    plain = qmc.Sobol(6, scramble=False).random(512).T

    def agreeing(columns):
        digits = np.floor(columns * 2**30).astype(np.int64)
        return np.frexp((digits[:, 1:] ^ digits[:, :-1]).astype(float))[1]

    assert np.array_equal(agreeing(plain), agreeing(points(3, 6, 512)))


@pytest.mark.parametrize("start", [0, 4096, 3 * 4096])
def test_every_aligned_block_has_one_point_in_each_interval_of_each_column(start):
    block = np.sort(np.floor(points(11, 40, 4096, start) * 4096), axis=1)
    assert np.array_equal(block, np.broadcast_to(np.arange(4096), block.shape))


def test_elementary_rectangles_hold_as_many_points_as_those_of_the_plain_sequence():
    plain, scrambled = qmc.Sobol(6, scramble=False).random(256).T, points(5, 6, 256)
    for one, other in [(0, 1), (1, 2), (3, 5)]:
        for across in range(9):
            counts = [
                np.bincount(
                    (np.floor(u[one] * 2**across) * 2 ** (8 - across) + np.floor(u[other] * 2 ** (8 - across))).astype(
                        int
                    ),
                    minlength=256,
                )
                for u in (plain, scrambled)
            ]
            # The first two columns are a (0, m, 2)-net: one point in each; of other pairs rectangles are permuted.
            assert np.array_equal(*map(np.sort, counts))
            assert (one, other) != (0, 1) or np.all(counts[1] == 1)


def test_a_point_is_uniform_over_the_scrambles_and_independent_in_each_column():
    firsts = np.array([points(seed, 3, 1, 5)[:, 0] for seed in range(2000)])
    assert all(stats.kstest(column, "uniform").pvalue > 1e-4 for column in firsts.T)
    assert np.abs(np.corrcoef(firsts.T)[np.triu_indices(3, 1)]).max() < 4.5 / np.sqrt(2000)
    replicates = np.array([points(replicate_seed(0, r), 2, 1, 5)[:, 0] for r in range(1000)])
    assert all(stats.kstest(column, "uniform").pvalue > 1e-4 for column in replicates.T)


def test_points_of_a_column_are_independent_inside_their_intervals():
    # In one dimension Owen's scramble is stratified sampling: within cells of 1/n the points are free.
    inside = np.sort(points(2, 5000, 16), axis=1) * 16 % 1
    assert np.abs(np.corrcoef(inside.T)[np.triu_indices(16, 1)]).max() < 4.5 / np.sqrt(5000)
    assert stats.kstest(inside.ravel(), "uniform").pvalue > 1e-4


def coins(level, scrambles):
    """Whether digit `level` of each node of that level is flipped, +1 or -1, shape (scrambles, nodes)."""
    nodes = [reversed_digits(prefix << (DIGITS - level)) for prefix in range(1 << level)]
    digits = np.tile(np.array(nodes, dtype=np.uint32), (scrambles, 1))
    scramble_reversed(digits, scramble_keys(7, scrambles))
    return 1.0 - 2.0 * (digits >> np.uint32(level) & np.uint32(1))


@pytest.mark.parametrize("level", [1, 2, 3, 4, 6, 9, 14])
def test_coins_of_nodes_are_fair_and_those_of_two_and_four_nodes_independent(level):
    # Over a linear scramble the product of the coins of p, q, r and p ^ q ^ r is never -1.
    scrambles = 20_000 if level < 9 else 100
    result = coins(level, scrambles)
    generator = np.random.default_rng(level)
    p, q, r = generator.integers(1 << level, size=(3, 400))
    different = (p != q) & (p != r) & (q != r)
    p, q, r = p[different], q[different], r[different]
    for product in (
        result,
        result[:, p] * result[:, q],
        result[:, p] * result[:, q] * result[:, r] * result[:, p ^ q ^ r],
    ):
        if product.shape[1]:
            assert np.abs(product.mean(axis=0)).max() < 4.8 / np.sqrt(scrambles)


def linear_points(seed, dimensions, size):
    # In the middle of the cells of 2**-30, so that the mean of a point is 1/2.
    return qmc.Sobol(dimensions, rng=seed).random(size).T + 2.0**-31


def test_the_mean_of_a_linear_function_errs_as_stratified_sampling_does():
    # n points, one uniform in each interval of 1/n: the error of the mean has variance 1 / (12 n^3) and is near normal.
    size, scrambles = 64, 4000
    scaled = (points(1, scrambles, size).mean(axis=1) - 0.5) * np.sqrt(12 * size**3)
    assert stats.kstest(scaled, "norm").pvalue > 1e-4
    assert np.mean(scaled**2) == pytest.approx(1, abs=4 * np.sqrt(2 / scrambles))
    assert np.mean(scaled**4) / np.mean(scaled**2) ** 2 == pytest.approx(3, abs=4 * np.sqrt(24 / scrambles))


def test_students_t_covers_over_nested_scrambles_and_too_often_over_linear_ones():
    # Pan and Owen (2023), doi:10.1090/mcom/3791: over linear scrambles most errors are far below their
    # root mean square.
    replicates, size, repeats = 8, 512, 500
    covered = {}
    for name, make in (("nested", points), ("linear", linear_points)):
        errors = (make(4, repeats * replicates, size) - 0.5).mean(axis=1).reshape(repeats, replicates)
        half_width = stats.t.ppf(0.975, replicates - 1) * errors.std(axis=1, ddof=1) / np.sqrt(replicates)
        covered[name] = np.mean(np.abs(errors.mean(axis=1)) <= half_width)
    assert covered["nested"] == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / repeats))
    assert covered["linear"] > 0.98


def test_a_smooth_product_errs_as_size_to_the_power_of_minus_one_and_a_half():
    # The variance of a smooth integrand falls as (log n)^(d-1) / n^3 (Owen 1997, doi:10.1214/aos/1031594731).
    def error(size):
        return np.sqrt(np.mean([(np.prod(0.5 + points(s, 3, size), axis=0).mean() - 1) ** 2 for s in range(200)]))

    assert 16**1.2 < error(256) / error(4096) < 16**1.6
