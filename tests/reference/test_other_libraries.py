"""What arrays/ computes, against libraries that its own tests do without: SALib, xarray, ArviZ and mpmath."""

import mpmath
import numpy as np
import pytest
import xarray as xr
from arviz_stats.base import array_stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from SALib.analyze import sobol as salib_analyze
from SALib.sample import morris as salib_morris
from SALib.sample import sobol as salib_sample

from clustercast.arrays import summaries
from clustercast.arrays.families import inversion
from clustercast.arrays.indices.intervals import bootstrap_weights
from clustercast.arrays.indices.sobol_panel import sobol_panel
from clustercast.arrays.points.designs import morris_trajectories
from tests.reference.designs import design_rows

FIVE = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=7, unique=True).map(sorted)
ROUNDING = np.finfo(float).eps


def unit_problem(dimensions):
    return {"num_vars": dimensions, "names": [f"x{i}" for i in range(dimensions)], "bounds": [[0, 1]] * dimensions}


@pytest.mark.parametrize("seed", [0, 7, 2**70])
@pytest.mark.parametrize("dimensions", [1, 2, 7, 24])
@pytest.mark.parametrize("second_order", [True, False])
def test_saltelli_rows_are_those_of_salib(seed, dimensions, second_order):
    expected = salib_sample.sample(unit_problem(dimensions), 32, calc_second_order=second_order, seed=seed)
    result = design_rows(seed, dimensions, 32, second_order, points="salib")
    assert np.array_equal(result, expected)


def test_saltelli_rows_of_many_base_points_are_those_of_salib():
    expected = salib_sample.sample(unit_problem(3), 16_384, seed=12)
    assert np.array_equal(design_rows(12, 3, 16_384, points="salib"), expected)


@pytest.mark.parametrize("second_order", [True, False])
@pytest.mark.parametrize("inputs", [2, 3, 6])
def test_saltelli_jansen_is_salib_to_the_last_digits(inputs, second_order):
    rng = np.random.default_rng(inputs)
    rows = salib_sample.sample(unit_problem(inputs), 128, calc_second_order=second_order, seed=3)
    columns = np.stack([np.exp(rows @ rng.normal(size=inputs)), 1e6 + (rows**3 @ rng.normal(size=inputs))])
    weights = bootstrap_weights(128, 60, seed=9)
    result = sobol_panel(columns, inputs, design_second_order=second_order, weights=weights, confidence=0.9)
    for column, values in enumerate(columns):
        theirs = salib_analyze.analyze(
            unit_problem(inputs), values, calc_second_order=second_order, num_resamples=60, conf_level=0.9, seed=9
        )
        pairs = [("S1", result["S1"]), ("S1_conf", result["S1_conf"]), ("ST", result["ST"])]
        pairs.append(("ST_conf", result["ST_conf"]))
        if second_order:
            pairs += [("S2", result["S2"]), ("S2_conf", result["S2_conf"])]
        for key, ours in pairs:
            np.testing.assert_allclose(ours[column], theirs[key], rtol=0, atol=1e-12, err_msg=key)


@given(
    hnp.arrays(float, st.integers(1, 60), elements=st.floats(-1e3, 1e3, allow_subnormal=False)),
    PROBABILITIES,
    st.integers(0, 2**32),
)
def test_weighted_quantiles_are_those_of_xarray(values, probabilities, seed):
    weights = np.random.default_rng(seed).gamma(0.5, size=values.size) + 1e-3
    expected = (
        xr.DataArray(values, dims="sample")
        .weighted(xr.DataArray(weights, dims="sample"))
        .quantile(probabilities, dim="sample", skipna=False)
    )
    result = summaries.quantiles(values, probabilities, weights)
    # Where samples are far apart, rounding of the cumulative weights moves the window of the mean a little.
    assert np.allclose(result, np.atleast_1d(expected), rtol=1e-9, atol=1e-9 * (1 + np.ptp(values)))


@pytest.mark.parametrize("probability", FIVE)
def test_the_error_of_a_quantile_is_near_that_of_arviz(probability):
    """ArviZ puts its own estimate of the effective size in the place of 500."""
    values = np.random.default_rng(4).normal(size=500)
    error = summaries.quantiles_with_errors(values, [probability])[1][0]
    theirs = array_stats.mcse(values[np.newaxis], method="quantile", prob=probability)
    assert error == pytest.approx(float(theirs), rel=0.5)


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 5.0), (2.5, 4.0), (0.5, 0.5)])
def test_the_beta_table_agrees_with_fifty_digits(alpha, beta):
    scores = np.array([-7.034, -1.3, 0.4, 7.034])
    logits = inversion.beta_logit(alpha, beta)(scores)
    with mpmath.workdps(50):
        for score, logit in zip(scores, logits, strict=True):
            x = 1 / (1 + mpmath.exp(-mpmath.mpf(float(logit))))
            below = mpmath.betainc(alpha, beta, 0, x, regularized=True)
            tail = min(below, 1 - below)
            assert abs(tail / mpmath.ncdf(-abs(mpmath.mpf(float(score)))) - 1) < 1e-10


@pytest.mark.parametrize("shape", [0.3, 1.0, 7.0])
def test_the_gamma_table_agrees_with_fifty_digits(shape):
    scores = np.array([-7.034, -1.3, 0.4, 7.034])
    with mpmath.workdps(50):
        for score, log_x in zip(scores, inversion.gamma_log(shape)(scores), strict=True):
            x = mpmath.exp(mpmath.mpf(float(log_x)))
            below = mpmath.gammainc(shape, 0, x, regularized=True)
            tail = min(below, 1 - below)
            assert abs(tail / mpmath.ncdf(-abs(mpmath.mpf(float(score)))) - 1) < 1e-10


@pytest.mark.parametrize(("dimensions", "size", "levels", "seed"), [(2, 16, 4, 3), (7, 9, 6, 0), (40, 5, 8, 11)])
def test_morris_trajectories_are_salibs(dimensions, size, levels, seed):
    theirs = salib_morris.sample(unit_problem(dimensions), size, num_levels=levels, seed=seed)
    ours = morris_trajectories(seed, dimensions, size, levels)
    np.testing.assert_array_equal(ours.reshape(-1, dimensions), theirs)
