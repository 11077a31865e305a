"""Indices are shares, whatever power of ten the output is given in: squares neither overflow nor vanish."""

import numpy as np
import pytest

import clustercast as cc

PRIORS = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))


def forecast(model, design="random", size=2048, **options):
    return cc.propagate(cc.draw(PRIORS, size, design=design, seed=1, **options), model=model)


# Of x + 2 y: 1 / 5 and 4 / 5.
SHARES = {
    "memory": lambda model: cc.run_sobol(PRIORS, model=model)["ST"],
    "pieces": lambda model: cc.stream_sobol(PRIORS, size=1024, model=model)["ST"],
    "salib": lambda model: cc.run_sobol(PRIORS, model=model, engine="salib")["ST"],
    "bootstrap": lambda model: cc.sobol_indices(forecast(model, "saltelli"))["S1"],
    "shapley": lambda model: cc.run_shapley(PRIORS, model=model)["Sh"],
    "kucherenko": lambda model: cc.run_kucherenko(PRIORS, model=model)["ST_ind"],
    "given data": lambda model: cc.given_data_indices(forecast(model, size=16384))["S1"],
    "delta": lambda model: cc.delta_indices(forecast(model), resamples=2)["S1"],
}


def linear(factor):
    @cc.quantity("1", units_checked=False)
    def total(x, y):
        return factor * (x + 2 * y)

    return cc.Model([total])


@pytest.mark.parametrize("factor", [1e300, -1e160, 1e-160, 1e-300])
@pytest.mark.parametrize("measure", SHARES)
def test_shares_do_not_hang_on_the_magnitude(measure, factor):
    np.testing.assert_allclose(SHARES[measure](linear(factor))[0], [0.2, 0.8], atol=0.03)


@pytest.mark.parametrize("factor", [1e300, 1e-300])
def test_effects_and_errors_of_means_carry_it(factor):
    effects = cc.run_morris(PRIORS, model=linear(factor))["mu_star"][0]
    np.testing.assert_allclose(effects / factor, [0.9, 1.8], rtol=1e-9)
    summary = cc.summarise(forecast(linear(factor)))
    # The variance of x + 2 y is 5 / 12.
    np.testing.assert_allclose(summary["total_mean_error"] / factor, np.sqrt(5 / 12 / 2048), rtol=0.05)


@pytest.mark.parametrize("factor", [1e308 / 2, 1e300, -1e160, 1e-160, 1e-300])
def test_errors_of_means_in_pieces_carry_it_whatever_the_pieces(factor):
    how = {"size": 5 * 4096 + 17, "model": linear(factor), "seed": 1}
    whole = cc.summarise(cc.propagate(cc.draw(PRIORS, how["size"], seed=1), model=linear(factor)))
    results = [cc.stream(PRIORS, **how, **cut) for cut in ({}, {"block": 4096}, {"executor": "threads", "workers": 2})]
    for name in ("total_mean", "total_mean_error"):
        np.testing.assert_allclose(results[0][name], whole[name], rtol=1e-12)
        assert len({result[name].values.tobytes() for result in results}) == 1
