import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import qmc

from clustercast.arrays.points import designs
from clustercast.errors import InputError

SEEDS = st.one_of(st.just(0), st.integers(0, 2**32), st.integers(0, 2**160))


def cuts(size):
    return st.lists(st.integers(0, size), max_size=8).map(lambda inner: [0, *sorted(inner), size])


@given(SEEDS, st.text(), cuts(300))
def test_random_uniforms_are_the_same_in_any_blocks(seed, name, edges):
    whole = designs.random_uniforms(seed, name, 0, 300)
    blocks = [designs.random_uniforms(seed, name, a, b) for a, b in zip(edges, edges[1:], strict=False)]
    assert np.array_equal(np.concatenate(blocks), whole)


@given(SEEDS, cuts(20_000))
@settings(max_examples=25)
def test_sobol_uniforms_are_the_same_in_any_blocks_and_beside_any_columns(seed, edges):
    whole = designs.sobol_uniforms(seed, 3, 0, 20_000)
    blocks = [designs.sobol_uniforms(seed, 3, a, b) for a, b in zip(edges, edges[1:], strict=False)]
    assert np.array_equal(np.concatenate(blocks), whole)
    assert np.array_equal(designs.sobol_uniforms(seed, 5, 0, 20_000)[:, :3], whole)
    assert np.array_equal(designs.sobol_column(seed, 2, 100, 200), whole[100:200, 2])


def test_random_uniforms_of_different_names_and_seeds_are_uniform_and_uncorrelated():
    columns = [designs.random_uniforms(seed, name, 0, 20_000) for seed in (0, 1) for name in ("a", "b", "a ")]
    correlations = np.corrcoef(columns)[np.triu_indices(6, 1)]
    assert np.abs(correlations).max() < 4.5 / np.sqrt(20_000)
    assert all(stats.kstest(column, "uniform").pvalue > 1e-4 for column in columns)


@pytest.mark.parametrize("dimensions", [1, 2, 5, 40])
def test_every_aligned_block_of_sobol_points_has_one_point_in_each_interval(dimensions):
    points = designs.sobol_uniforms(11, dimensions, 0, 4096)
    for bits in (1, 3, 6, 9, 12):
        cells = np.floor(points * 2**bits).reshape(-1, 2**bits, dimensions)
        assert np.array_equal(np.sort(cells, axis=1), np.broadcast_to(np.arange(2**bits)[:, None], cells.shape))


def test_the_first_two_sobol_columns_have_one_point_in_each_elementary_rectangle():
    # Columns 1 and 2 of the sequence are a (0, m, 2)-net in base 2, and the scramble keeps nets.
    points = designs.sobol_uniforms(5, 2, 0, 256)
    for across in range(9):
        cell = np.floor(points[:, 0] * 2**across) * 2 ** (8 - across) + np.floor(points[:, 1] * 2 ** (8 - across))
        assert np.array_equal(np.sort(cell), np.arange(256))


def test_the_scramble_keeps_the_leading_digit_a_first_difference_has():
    # A lower triangular scramble keeps, between any two points, the number of leading digits in which they agree.
    plain = qmc.Sobol(6, scramble=False).random(512)
    scrambled = designs.sobol_uniforms(3, 6, 0, 512)

    def agreeing(points):
        digits = np.floor(points * 2**30).astype(np.int64)
        return np.frexp((digits[1:] ^ digits[:-1]).astype(float))[1]

    assert np.array_equal(agreeing(plain), agreeing(scrambled))


def test_scrambles_of_different_seeds_make_each_point_uniform():
    firsts = np.array([designs.sobol_uniforms(seed, 2, 5, 6)[0] for seed in range(2000)])
    assert all(stats.kstest(firsts[:, column], "uniform").pvalue > 1e-4 for column in range(2))
    assert abs(np.corrcoef(firsts.T)[0, 1]) < 4.5 / np.sqrt(2000)


def test_sobol_points_integrate_a_smooth_product_far_better_than_random_ones():
    # The integral of prod(1 + (x - 1/2)) over the cube is 1; plain Monte Carlo has a standard error of 0.0085 here.
    errors = [np.prod(0.5 + designs.sobol_uniforms(seed, 6, 0, 8192), axis=1).mean() - 1 for seed in range(16)]
    assert np.sqrt(np.mean(np.square(errors))) < 1e-4


def test_sobol_points_are_in_the_middle_of_their_cells():
    points = designs.sobol_uniforms(2, 4, 0, 1 << 14)
    assert points.min() > 0 and points.max() < 1
    assert np.all(points * 2**53 % 2 == 1)


@given(st.integers(1, 300), SEEDS)
@settings(max_examples=30)
def test_a_latin_column_has_one_point_in_each_interval(size, seed):
    column = designs.latin_uniforms(seed, "a", size)
    assert np.array_equal(np.sort(np.floor(column * size)), np.arange(size))
    assert column.min() > 0 and column.max() < 1


def test_latin_columns_are_uncorrelated_and_jittered_evenly():
    a, b = (designs.latin_uniforms(0, name, 10_000) for name in "ab")
    assert abs(np.corrcoef(a, b)[0, 1]) < 4.5 / 100
    assert stats.kstest(a * 10_000 % 1, "uniform").pvalue > 1e-4


def test_columns_are_contiguous():
    assert designs.sobol_uniforms(1, 3, 0, 8).flags.f_contiguous


def test_a_point_at_0_is_moved_to_the_middle_of_its_cell_and_no_other_is():
    points = np.array([0.0, 2.0**-30, 0.5])
    assert np.array_equal(designs.inside(points), [2.0**-31, 2.0**-30, 0.5])
    assert np.array_equal(designs.inside(points, designs.RANDOM_BITS), [2.0**-54, 2.0**-30, 0.5])
    assert points[0] == 0
    assert designs.inside(points[1:]).base is points
    assert designs.inside(np.empty(0)).size == 0


@given(st.integers(1, 2**40))
def test_sizes_that_are_no_power_of_two_are_refused_with_the_nearest(size):
    if bin(size).count("1") == 1:
        designs.require_power_of_two(size)
        return
    below = 2 ** int(np.floor(np.log2(size)))
    with pytest.raises(InputError, match=f"size is {size}, .* use {below} or {2 * below}$"):
        designs.require_power_of_two(size)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: designs.require_power_of_two(0), "size is 0"),
        (lambda: designs.require_power_of_two(-4), "size is -4"),
        (lambda: designs.random_uniforms(1, "a", 3, 2), "rows 3 to 2"),
        (lambda: designs.random_uniforms(1, "a", -1, 2), "rows -1 to 2"),
        (lambda: designs.random_uniforms(-1, "a", 0, 2), "seed is -1"),
        (lambda: designs.sobol_uniforms(1.5, 2, 0, 2), "seed is 1.5"),
        (lambda: designs.sobol_uniforms(1, 0, 0, 2), "0 columns"),
        (lambda: designs.sobol_uniforms(1, 21_202, 0, 2), "21202 columns"),
        (lambda: designs.sobol_uniforms(1, 2, 2**40, 2**40 + 1), "has 1099511627776 points"),
        (lambda: designs.latin_uniforms(1, "a", -1), "rows 0 to -1"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_points_other_than_those_of_salib_are_made_without_importing_scipy_stats():
    code = "import sys; from clustercast.arrays.points import designs; "
    code += "designs.saltelli_replicate(1, 1, ['x', 'y'], 8); "
    code += "designs.saltelli_replicate(1, 2, ['x', 'y'], 8, points='salib'); "
    code += "designs.sobol_uniforms(1, 2, 0, 8); raise SystemExit('scipy.stats' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], check=False, env=os.environ | {"PYTHONPATH": ":".join(filter(None, sys.path))}
        ).returncode
        == 0
    )
