import numpy as np
import pytest
from SALib.analyze import morris as analysis
from SALib.sample import morris as sampling

import clustercast as cc
from clustercast.errors import InputError


@cc.quantity("1")
def product(x, y):
    return x * (1 + y)


PRIORS = cc.Priors(x=cc.Normal(2, 1), y=cc.Uniform(0, 1))


def test_effects_are_those_of_salib_on_the_same_rows():
    result = cc.run_morris(PRIORS, model=cc.Model([product]), size=16, seed=3, scale="raw", span=(0.1, 0.9))
    problem = {"num_vars": 2, "names": ["x", "y"], "bounds": [[0.0, 1.0]] * 2}
    points = sampling.sample(dict(problem), 16, num_levels=4, seed=3)
    inside = 0.1 + 0.8 * points
    values = PRIORS["x"].quantile(inside[:, 0].copy()) * (1 + PRIORS["y"].quantile(inside[:, 1].copy()))
    direct = analysis.analyze(dict(problem), points, values, num_levels=4, seed=3)
    for measure in ("mu", "mu_star", "sigma", "mu_star_conf"):
        np.testing.assert_allclose(result[measure].sel(output="product"), direct[measure].astype(float), rtol=1e-12)


def test_a_linear_output_has_the_same_effect_everywhere():
    @cc.quantity("1")
    def linear(x, y):
        return 2 * y - x

    priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 10), spare=3.0)
    result = cc.run_morris(priors, model=cc.Model([linear], spare=["spare"]), size=7, scale="raw", span=(0.25, 0.75))
    np.testing.assert_allclose(result["mu"].squeeze(), [-0.5, 10.0])
    np.testing.assert_allclose(result["sigma"].squeeze(), 0, atol=1e-12)
    assert result.attrs["runs"] == 7 * 3


def test_unbounded_inputs_stay_finite_and_correlation_is_said_to_be_dropped():
    priors = cc.Priors(cc.Correlation(("x", "y"), 0.5), x=cc.Normal(2, 1), y=cc.LogNormal(0, 1))
    seen = []
    result = cc.run_morris(priors, model=cc.Model([product]), size=8, progress=lambda done, size: seen.append(done))
    assert np.isfinite(result["mu_star"]).all() and seen
    assert "correlations are not kept" in result.attrs["warning"]
    # Also those with an input that is not drawn.
    idle = cc.Priors(cc.Correlation(("x", "z"), 0.5), **PRIORS, z=cc.Normal(0, 1))
    result = cc.run_morris(idle, model=cc.Model([product], spare=["z"]), size=8)
    assert "correlations are not kept" in result.attrs["warning"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 1}, "size is .*; give a whole number of 2 or more"),
        ({"levels": 3}, "even number"),
        ({"span": (0.0, 1.0)}, "probabilities"),
    ],
)
def test_grids_that_cannot_be_used_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        cc.run_morris(PRIORS, model=cc.Model([product]), **options)


def test_priors_without_influence_are_refused():
    with pytest.raises(InputError, match="no uncertain input"):
        cc.run_morris(cc.Priors(x=1.0, y=2.0), model=cc.Model([product]))
