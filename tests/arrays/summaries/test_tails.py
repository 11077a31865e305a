"""The shape of tails, against distributions of a known one and against ArviZ."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from clustercast.arrays.summaries import HEAVY, tail_shape, tail_shapes


@pytest.mark.parametrize("shape", [0.3, 0.7, 1.0, 1.5])
def test_pareto_tails_have_their_own_shape(shape):
    result = [tail_shape(stats.genpareto(shape).rvs(4000, random_state=seed)) for seed in range(40)]
    # The fit to 190 excesses has a standard deviation of (1 + shape) / sqrt(190), the mean of 40 a sixth of it.
    assert np.mean(result) == pytest.approx(shape, abs=4 * (1 + shape) / np.sqrt(190 * 40) + 0.03)


def zhang_stephens(excess):
    """Return the shape by the formulas of Zhang and Stephens (2009), with 30 + sqrt(n) candidates, one by one."""
    excess, count = sorted(excess), len(excess)
    most = 30 + math.floor(math.sqrt(count))
    thetas = [
        1 / excess[-1] + (1 - math.sqrt(most / (j - 0.5))) / 3 / excess[math.floor(count / 4 + 0.5) - 1]
        for j in range(1, most + 1)
    ]
    k = [-sum(math.log1p(-theta * x) for x in excess) / count for theta in thetas]
    profile = [count * (math.log(theta / each) + each - 1) for theta, each in zip(thetas, k, strict=True)]
    weights = [1 / sum(math.exp(other - own) for other in profile) for own in profile]
    theta = sum(map(math.prod, zip(thetas, weights, strict=True)))
    return sum(math.log1p(-theta * x) for x in excess) / count


@pytest.mark.parametrize("count", [25, 101, 1000, 4001])
def test_it_is_the_formula_of_zhang_and_stephens_drawn_to_a_half(count):
    """Vehtari et al. (2024): of n values min(n / 5, 3 sqrt(n)) are the tail; the prior counts as 10 values of .5."""
    values = stats.genpareto(0.4).rvs(count, random_state=7)
    values = np.round(values, 1) if count == 1000 else values
    tail = math.ceil(min(count / 5, 3 * math.sqrt(count)))
    ordered = np.sort(values)
    excess = ordered[-tail:] - ordered[-tail - 1]
    excess = excess[excess > 0]
    assert count != 1000 or excess.size < tail
    expected = (excess.size * zhang_stephens(excess) + 5) / (excess.size + 10)
    assert tail_shape(values) == pytest.approx(expected, rel=1e-10)
    assert tail_shapes(values + 1000) == pytest.approx(expected, rel=1e-7)


def test_what_has_no_tail_has_no_shape():
    heavy = np.exp(4 * np.random.default_rng(1).standard_normal(100))
    assert np.isnan(tail_shape(heavy[:24])) and np.isfinite(tail_shape(heavy[:25]))
    assert np.isnan(tail_shape(np.r_[np.zeros(96), 1, 2, 3, 4]))
    assert np.isfinite(tail_shape(np.r_[np.zeros(95), 1, 2, 3, 4, 5]))
    rows = np.array([np.zeros(100), np.r_[heavy[1:], np.inf], np.linspace(0, 1, 100), heavy])
    assert np.isfinite(tail_shapes(rows)).tolist() == [False, False, False, True]


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
    added = weights * (values - np.average(values, weights=weights))
    assert tail_shapes(values, weights) == pytest.approx(tail_shape(-added), rel=1e-9)


def test_a_large_sample_whose_candidates_are_far_apart_has_a_shape():
    # Likelihoods of candidates differ by more than a float's exponent holds.
    values = np.exp(8 * np.random.default_rng(4).standard_normal(2**18))
    assert 1 < tail_shape(values) < 3
