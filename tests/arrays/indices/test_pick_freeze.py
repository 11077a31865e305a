"""Per-row products: sums over shards, blocks and points are all the same sums."""

import numpy as np
import pytest
from scipy.stats import sem, skew, t

from clustercast.arrays.indices.intervals import bootstrap_weights, skewness_widening
from clustercast.arrays.indices.sobol_estimators import (
    ESTIMATORS,
    Runs,
    centre_and_scale,
    estimator_named,
    pair_rows,
    runs_per_point,
)
from clustercast.arrays.indices.sobol_panel import blocks, sobol_panel
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
        runs = Runs.of(shard, 8, centre=centre, scale=scale)
        sums = sums + chosen.products(runs, True).sum(axis=1, keepdims=True)
    first, total, second = chosen.indices(sums / 256, 8, True)
    whole = sobol_panel(values[np.newaxis], 8, estimator=ESTIMATORS[estimator], design_second_order=True)
    np.testing.assert_allclose(first[:, 0], whole["S1"][0], atol=1e-13)
    np.testing.assert_allclose(total[:, 0], whole["ST"][0], atol=1e-13)
    np.testing.assert_allclose(second[:, 0], whole["S2"][0][np.triu_indices(8, 1)], atol=1e-13)


@EACH
@pytest.mark.parametrize("second_order", [True, False])
def test_sums_at_once_are_the_sums_of_the_written_products(estimator, second_order):
    rows = np.random.default_rng(3).lognormal(size=(50, 12))
    runs, chosen = Runs.of(rows, 5), estimator_named(estimator)
    written = chosen.products(runs, second_order).sum(axis=1)
    np.testing.assert_allclose(chosen.sums(runs, second_order), written, rtol=1e-10, atol=1e-9)
    # Pairs only where they are asked for.
    sums = chosen.sums(runs)
    assert len(sums) == len(chosen.products(runs)) == chosen.layout(5, False)[[*chosen.layout(5, False)][-1]].stop
    assert chosen.indices(sums, 5)[2] is None


@EACH
def test_each_of_two_replicates_is_an_estimate_of_its_own(estimator):
    """Leaving one of two out leaves the other, so that the interval is that of Student's t for two numbers."""
    chosen = estimator_named(estimator)
    parts = np.random.default_rng(5).lognormal(size=(2, 32, 12))
    each = np.stack([chosen.sums(Runs.of(part, 5), True) / 32 for part in parts], axis=-1)
    result = chosen.with_intervals(each[:, np.newaxis], 5, 0.95, None, pairs=True, resampled=False)
    for name, alone in zip(("S1", "ST"), chosen.indices(each, 5, True)[:2], strict=True):
        np.testing.assert_allclose(result[f"{name}_conf"][0], sem(alone, axis=-1) * t.ppf(0.975, 1), rtol=1e-9)


def test_bounded_blocks_cover_every_base_point_once():
    result = list(blocks(5000, 10_000))
    assert result[0].start == 0 and result[-1].stop == 5000
    assert all(one.stop == other.start for one, other in zip(result, result[1:], strict=False))
    assert max(block.stop - block.start for block in result) == 256


def test_a_column_that_varies_by_rounding_only_has_no_scale():
    assert centre_and_scale(np.array([0.1 + 0.2, 0.3])) == (pytest.approx(0.3), 0.0)
    assert centre_and_scale(np.array([1.0, 3.0])) == (2.0, 1.0)
    for far in (2.0**700, -(2.0**700)):
        assert centre_and_scale(np.array([far, 0.0])) == (far / 2, abs(far) / 2)


def test_separate_takes_rows_apart_and_leaves_them_alone():
    rows = np.array([[1.0, 2.0, 4.0, 7.0, 11.0, 16.0]])
    runs = Runs.of(rows, 2, centre=1.0, scale=2.0)
    assert runs.a.tolist() == [[0.0]] and runs.b.tolist() == [[7.5]]
    assert runs.a_change.tolist() == [[0.5], [1.5]]
    assert runs.b_change.tolist() == [[-4.5], [-2.5]]
    assert rows.tolist() == [[1.0, 2.0, 4.0, 7.0, 11.0, 16.0]]
    assert Runs.of(rows, 2).a.tolist() == [[1.0]]
    without = Runs.of(rows[:, :4], 2)
    assert len(without.b_change) == 0
    with pytest.raises(InputError, match=r"2D\+2"):
        ESTIMATORS["azzini-rosati"].products(without)


def test_the_rows_of_pairs_are_nobodys_to_change():
    assert [rows.tolist() for rows in pair_rows(3)] == [[0, 0, 1], [1, 2, 2]]
    for rows in pair_rows(3):
        with pytest.raises(ValueError, match="read-only"):
            rows[0] = 1


@pytest.mark.parametrize("estimator", ["azzini-rosati", "jansen", "janon-monod"])
def test_half_widths_over_replicates_are_the_jackknife_of_leaving_each_out(estimator):
    replicates, inputs = 4, 3
    values = np.random.default_rng(4).lognormal(size=replicates * 16 * (2 * inputs + 2))
    parts = values.reshape(replicates, -1)
    kwargs = {"estimator": ESTIMATORS[estimator], "design_second_order": True, "second_order": False}
    result = sobol_panel(values[np.newaxis], inputs, replicates=replicates, **kwargs)
    without = [np.delete(parts, r, axis=0).reshape(1, -1) for r in range(replicates)]
    totals = np.stack([sobol_panel(rows, inputs, **kwargs)["ST"][0] for rows in without])
    # Tukey's estimate of the variance, as in Miller (1974), doi:10.1093/biomet/61.1.1.
    variance = (replicates - 1) / replicates * ((totals - totals.mean(axis=0)) ** 2).sum(axis=0)
    # Squared skewness of the replicates beyond 36 / 35, its mean in normal samples of 4, over their number.
    squared = np.maximum(skew(totals, axis=0, bias=False) ** 2 - 36 / 35, 0) / replicates
    expected = t.ppf(0.975, replicates - 1) * np.sqrt(variance) * skewness_widening(squared, 0.95)
    np.testing.assert_allclose(result["ST_conf"][0], expected, rtol=1e-10)


def test_an_unknown_estimator_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="nearest known: jansen"):
        estimator_named("jansenn")


def mean(values):
    return values.mean(axis=0)


def symmetric(one, other):
    """Variance of two runs of one law together, as Janon et al. (2014) estimate it."""
    return mean(one**2 + other**2) / 2 - (mean(one + other) / 2) ** 2


def published(name, a, b, ab, ba):
    """First-order, total and closed second-order indices as the papers write them, of centred runs."""
    one, other = np.triu_indices(ab.shape[1], 1)
    pair, swapped = ba[:, one], ab[:, other]
    variance = np.concatenate([a, b]).var()
    if name.startswith("saltelli"):
        total = mean((a - ab) ** 2) / 2 if name.endswith("jansen") else mean(a * (a - ab))
        return mean(b * (ab - a)) / variance, total / variance, mean(pair * swapped - a * b) / variance
    if name == "jansen":
        closed = 1 - mean((pair - swapped) ** 2) / 2 / variance
        return 1 - mean((b - ab) ** 2) / 2 / variance, mean((a - ab) ** 2) / 2 / variance, closed
    if name == "janon-monod":
        first, closed = (mean(x * y) - (mean(x + y) / 2) ** 2 for x, y in ((b, ab), (pair, swapped)))
        total = mean((a - ab) ** 2) / 2 / symmetric(a, ab)
        return first / symmetric(b, ab), total, closed / symmetric(pair, swapped)
    spread = mean((a - b) ** 2 + (ab - ba) ** 2)
    apart = mean((ab - ba)[:, one] ** 2 + (ab - ba)[:, other] ** 2)
    closed = 2 * mean((ab[:, one] - ab[:, other]) * (ba[:, other] - ba[:, one])) / apart
    return 2 * mean((ba - b) * (a - ab)) / spread, mean((b - ba) ** 2 + (a - ab) ** 2) / spread, closed


@EACH
def test_estimators_are_those_of_their_papers(estimator):
    rows = np.random.default_rng(5).lognormal(size=(9, 8))
    a, ab, ba, b = np.split(rows - rows.mean(), [1, 4, 7], axis=1)
    first, total, closed = published(estimator, a, b, ab, ba)
    one, other = np.triu_indices(3, 1)
    how = {"estimator": ESTIMATORS[estimator], "design_second_order": True}
    for weights, unit in ((None, 1), (bootstrap_weights(9, 3, 1), 2.0**-30)):
        result = sobol_panel(unit * rows.reshape(1, -1), 3, weights=weights, **how)
        np.testing.assert_allclose(result["S1"][0], first, rtol=1e-11)
        np.testing.assert_allclose(result["ST"][0], total, rtol=1e-11)
        np.testing.assert_allclose(result["S2"][0][one, other], closed - first[one] - first[other], rtol=1e-10)
    without = sobol_panel(rows.reshape(1, -1), 3, second_order=False, **how)
    assert "S2" not in without
    if estimator != "azzini-rosati":
        # The other runs are not looked at, nor is their mean; they need not be there.
        same = sobol_panel(rows[:, [0, 1, 2, 3, 7]].reshape(1, -1), 3, estimator=ESTIMATORS[estimator])
        np.testing.assert_array_equal(same["S1"], without["S1"])
        moved = rows[:, [0, 1, 2, 3, 7]].mean() - rows.mean()
        first, total, _ = published(estimator, a - moved, b - moved, ab - moved, ba)
    np.testing.assert_allclose(without["S1"][0], first, rtol=1e-11)
    np.testing.assert_allclose(without["ST"][0], total, rtol=1e-11)


@EACH
def test_another_centre_moves_indices_by_what_the_estimator_says(estimator):
    rows, chosen = np.random.default_rng(6).lognormal(size=(50, 8)), ESTIMATORS[estimator]
    near, far = (Runs.of(rows, 3, centre=centre) for centre in (0.0, 1.0))
    sums, moved = (chosen.sums(runs) / 50 for runs in (near, far))
    for name, times in chosen.moved_by_centre.items():
        moved[chosen.layout(3, False)[name]] -= times * near.a_change.mean(axis=1)
    for one, other in zip(chosen.indices(sums, 3), chosen.indices(moved, 3), strict=True):
        assert one is other is None or np.allclose(one, other, rtol=1e-10)
