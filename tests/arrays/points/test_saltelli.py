import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import qmc

from clustercast.arrays.points import designs
from clustercast.arrays.points.streams import replicate_seed
from clustercast.errors import InputError
from tests.reference.designs import design_rows


def salib_base(seed, inputs, size, replicates=1, **how):
    """Return A and B of the first replicate of SALib's points."""
    return designs.saltelli_replicate(seed, replicates, ["x"] * inputs, size, points="salib", **how)


def cuts(size):
    return st.lists(st.integers(0, size), max_size=8).map(lambda inner: [0, *sorted(inner), size])


def test_the_points_of_salib_are_those_of_scipy_in_a_thousand_dimensions():
    expected = qmc.Sobol(1000, seed=0).random(256)
    assert np.array_equal(np.hstack(salib_base(0, 500, 256)), expected)


@given(cuts(256), st.sampled_from(["sobol", "salib", "random"]), st.booleans(), st.sampled_from([1, 2, 4]))
@settings(max_examples=30)
def test_saltelli_rows_are_the_same_in_any_blocks(edges, points, second_order, replicates):
    def rows(size, start=0):
        size *= replicates
        made = design_rows(3, 4, size, second_order, start=start, points=points, replicates=replicates)
        return made.reshape(replicates, -1, 4)

    blocks = [rows(b - a, a) for a, b in zip(edges, edges[1:], strict=False)]
    assert np.array_equal(np.concatenate(blocks, axis=1), rows(256))


def test_replicates_of_random_points_are_designs_of_their_own_one_after_the_other():
    rows = design_rows(9, 3, 256, replicates=4, points="random")
    alone = [design_rows(replicate_seed(9, r), 3, 64, points="random") for r in range(4)]
    assert np.array_equal(rows, np.concatenate(alone))
    assert len({array.tobytes() for array in alone}) == 4


@pytest.mark.parametrize("points", ["sobol", "salib"])
def test_replicates_of_sobol_points_are_different_nested_scrambles_each_with_one_point_in_each_interval(points):
    rows = design_rows(9, 3, 256, replicates=4, points=points).reshape(4, 64, 8, 3)
    assert len({array.tobytes() for array in rows}) == 4
    for run in (0, -1):
        cells = np.sort(np.floor(64 * rows[:, :, run]), axis=1)
        assert np.array_equal(cells, np.broadcast_to(np.arange(64)[:, np.newaxis], cells.shape))


def test_more_replicates_leave_those_before_as_they_are():
    two, four = (design_rows(3, 2, 16 * r, replicates=r) for r in (2, 4))
    assert np.array_equal(four[: len(two)], two)


def test_nested_points_are_never_0():
    a, b = salib_base(2, 4, 1 << 14, replicates=2)
    assert min(a.min(), b.min()) >= 2.0**-33 and max(a.max(), b.max()) <= 1 - 2.0**-33


def test_random_base_points_are_independent_uniforms():
    a, b = designs.saltelli_replicate(4, 1, ["x", "y", "z"], 20_000, points="random")
    correlations = np.corrcoef(np.hstack([a, b]).T)[np.triu_indices(6, 1)]
    assert np.abs(correlations).max() < 4.5 / np.sqrt(20_000)
    assert all(stats.kstest(column, "uniform").pvalue > 1e-4 for column in np.hstack([a, b]).T)


def test_columns_are_contiguous():
    for array in (
        salib_base(1, 3, 8)[1],
        salib_base(1, 3, 8, replicates=2)[1],
        designs.saltelli_replicate(1, 1, ["x", "y", "z"], 8)[1],
    ):
        assert array.flags.f_contiguous


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: designs.saltelli_replicate(1, 1, ["x"], -8), "size is -8"),
        (lambda: designs.saltelli_replicate(1, 1, ["x"], 8, start=2**30), "has 1073741824 points"),
        (lambda: designs.saltelli_replicate(1, 1, ["x"], 8, points="halton"), "points is 'halton'"),
        # Before room for them is made, of which there is none.
        (lambda: salib_base(1, 20_000, 2**29), "design of 40000 columns"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
