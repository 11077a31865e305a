"""Per-row products: sums over shards, blocks and points are all the same sums."""

import numpy as np
import pytest
from scipy.stats import skew, t

from clustercast.arrays.indices.intervals import skewness_widening
from clustercast.arrays.indices.pick_freeze import (
    blocks,
    centre_and_scale,
    indices_from_means,
    product_sums,
    products,
    runs_per_point,
    separate,
)
from clustercast.arrays.indices.sobol_estimators import ESTIMATORS, estimator_named
from clustercast.arrays.indices.sobol_panel import sobol_panel
from clustercast.errors import InputError
from tests.reference.designs import saltelli_rows, scrambled
from tests.reference.problems import sobol_g

EACH = pytest.mark.parametrize("estimator", list(ESTIMATORS))


@EACH
def test_sums_over_shards_give_the_same_indices(estimator):
    problem = sobol_g()
    values = problem.evaluate(saltelli_rows(scrambled(8, 256, 2), 8))
    rows = values.reshape(256, runs_per_point(8, second_order=True))
    chosen = estimator_named(estimator)
    centre, scale = centre_and_scale(values)
    sums = 0.0
    for shard in (rows[:100], rows[100:101], rows[101:]):
        runs = separate(shard, 8, centre=centre, scale=scale)
        sums = sums + products(runs, chosen, second_order=True).sum(axis=1, keepdims=True)
    first, total, second = indices_from_means(sums / 256, chosen, 8, second_order=True)
    whole = sobol_panel(values[np.newaxis], 8, estimator=ESTIMATORS[estimator], design_second_order=True)
    np.testing.assert_allclose(first[:, 0], whole.first[0], atol=1e-13)
    np.testing.assert_allclose(total[:, 0], whole.total[0], atol=1e-13)
    np.testing.assert_allclose(second[:, 0], whole.second[0][np.triu_indices(8, 1)], atol=1e-13)


@EACH
@pytest.mark.parametrize("second_order", [True, False])
def test_sums_at_once_are_the_sums_of_the_written_products(estimator, second_order):
    rows = np.random.default_rng(3).lognormal(size=(50, 12))
    runs, chosen = separate(rows, 5), estimator_named(estimator)
    written = products(runs, chosen, second_order=second_order).sum(axis=1)
    np.testing.assert_allclose(product_sums(runs, chosen, second_order=second_order), written, rtol=1e-10, atol=1e-9)


def test_bounded_blocks_cover_every_base_point_once():
    found = list(blocks(3, 5000, 10_000))
    assert found[0].start == 3 and found[-1].stop == 5000
    assert all(one.stop == other.start for one, other in zip(found, found[1:], strict=False))
    assert max(block.stop - block.start for block in found) <= 256


def test_a_column_that_varies_by_rounding_only_has_no_scale():
    assert centre_and_scale(np.array([0.1 + 0.2, 0.3])) == (pytest.approx(0.3), 0.0)
    assert centre_and_scale(np.array([1.0, 3.0])) == (2.0, 1.0)


def test_separate_takes_rows_apart_and_leaves_them_alone():
    rows = np.array([[1.0, 2.0, 4.0, 7.0, 11.0, 16.0]])
    runs = separate(rows, 2, centre=1.0, scale=2.0)
    assert runs.a.tolist() == [[0.0]] and runs.b.tolist() == [[7.5]]
    assert runs.a_change.tolist() == [[0.5], [1.5]]
    assert runs.b_change.tolist() == [[-4.5], [-2.5]]
    assert rows.tolist() == [[1.0, 2.0, 4.0, 7.0, 11.0, 16.0]]
    assert separate(rows[:, :4], 2).b_change is None


def test_half_widths_over_replicates_are_the_jackknife_of_leaving_each_out():
    replicates, inputs = 4, 3
    values = np.random.default_rng(4).lognormal(size=replicates * 16 * (2 * inputs + 2))
    parts = values.reshape(replicates, -1)
    kwargs = {"estimator": ESTIMATORS["azzini-rosati"], "design_second_order": True, "second_order": False}
    found = sobol_panel(values[np.newaxis], inputs, replicates=replicates, **kwargs)
    without = [np.delete(parts, r, axis=0).reshape(1, -1) for r in range(replicates)]
    totals = np.stack([sobol_panel(rows, inputs, **kwargs).total[0] for rows in without])
    # Tukey's estimate of the variance, as in Miller (1974), doi:10.1093/biomet/61.1.1.
    variance = (replicates - 1) / replicates * ((totals - totals.mean(axis=0)) ** 2).sum(axis=0)
    # Squared skewness of the replicates beyond 36 / 35, its mean in normal samples of 4, over their number.
    squared = np.maximum(skew(totals, axis=0, bias=False) ** 2 - 36 / 35, 0) / replicates
    expected = t.ppf(0.975, replicates - 1) * np.sqrt(variance) * skewness_widening(squared, 0.95)
    np.testing.assert_allclose(found.total_half_width[0], expected, rtol=1e-10)


def test_an_unknown_estimator_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="nearest known: jansen"):
        estimator_named("jansenn")
