"""The shape of tails, against distributions of a known one and against ArviZ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from clustercast.arrays.summaries.tails import HEAVY, tail_shape, tail_shapes


@pytest.mark.parametrize("shape", [0.3, 0.7, 1.0, 1.5])
def test_pareto_tails_have_their_own_shape(shape):
    found = [tail_shape(stats.genpareto(shape).rvs(4000, random_state=seed)) for seed in range(40)]
    # The fit to 190 excesses has a standard deviation of (1 + shape) / sqrt(190), the mean of 40 a sixth of it.
    assert np.mean(found) == pytest.approx(shape, abs=4 * (1 + shape) / np.sqrt(190 * 40) + 0.03)


@pytest.mark.parametrize("seed", range(6))
def test_it_is_that_of_arviz(seed):
    array_stats = pytest.importorskip("arviz_stats.base").array_stats
    values = np.exp((1 + seed / 2) * np.random.default_rng(seed).standard_normal(2000))
    theirs = float(array_stats.pareto_khat(values, tail="right", r_eff=1, chain_axis=None))
    # The two place the threshold one value apart.
    assert tail_shape(values) == pytest.approx(theirs, abs=0.03)


def test_the_mean_of_a_lognormal_of_log_sd_3_is_in_doubt_and_that_of_light_tails_is_not():
    normals = np.random.default_rng(1).standard_normal((100, 1000))
    assert np.mean(tail_shapes(np.exp(3 * normals)) > HEAVY) > 0.8
    assert np.mean(tail_shapes(-np.exp(3 * normals)) > HEAVY) > 0.8
    for light in (normals, stats.norm.cdf(normals), np.exp(0.5 * normals), np.ones((3, 50)), np.zeros((3, 50))):
        assert not (tail_shapes(light) > HEAVY).any()


@given(st.floats(1e-290, 1e290), st.integers(0, 9))
def test_unit_does_not_matter(unit, seed):
    values = np.exp(2 * np.random.default_rng(seed).standard_normal(400))
    np.testing.assert_allclose(tail_shapes(unit * values), tail_shapes(values), rtol=1e-6)


def test_weights_make_a_tail():
    values = 1 + np.random.default_rng(3).random(1000)
    weights = np.exp(3 * np.random.default_rng(4).standard_normal(1000))
    assert tail_shapes(values, weights) > HEAVY and not tail_shapes(values) > HEAVY


def test_a_large_sample_whose_candidates_are_far_apart_has_a_shape():
    # Likelihoods of candidates differ by more than a float's exponent holds.
    values = np.exp(8 * np.random.default_rng(4).standard_normal(2**18))
    assert 1 < tail_shape(values) < 3
