"""Exact references through the public calls: priors, draw, propagate, sobol_indices."""

import math

import numpy as np
import pytest
import xarray as xr

import clustercast as cc
from clustercast.errors import InputError
from clustercast.sensitivity.salib import to_salib
from tests.reference.problems import dummy, ishigami, product_of_lognormals, smallest_capacity, sobol_g

ANGLE = cc.Uniform(-np.pi, np.pi)
UNIT = cc.Uniform(0, 1)


def ishigami_model():
    @cc.quantity("1")
    def y(x1, x2, x3):
        return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)

    return y


def sobol_g_model():
    a = [0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0]

    @cc.quantity("1")
    def y(x1, x2, x3, x4, x5, x6, x7, x8):
        xs = (x1, x2, x3, x4, x5, x6, x7, x8)
        return math.prod((np.abs(4 * x - 2) + ai) / (1 + ai) for x, ai in zip(xs, a, strict=True))

    return y


def dummy_model():
    @cc.quantity("1")
    def y(x1, x2, x3):
        return x1 * x2 + 0 * x3

    return y


def product_model():
    @cc.quantity("1")
    def y(x1, x2, x3):
        return x1 * x2 * x3

    return y


def capacity_model():
    @cc.quantity("1")
    def y(x1, x2, x3):
        return np.minimum(np.minimum(x1, x2), 2 * x3)

    return y


def named(distributions):
    return cc.Priors(**{f"x{i + 1}": distribution for i, distribution in enumerate(distributions)})


CASES = {
    "ishigami": (ishigami_model, [ANGLE] * 3, ishigami()),
    "sobol_g": (sobol_g_model, [UNIT] * 8, sobol_g()),
    "dummy": (dummy_model, [UNIT] * 3, dummy()),
    "product_of_lognormals": (
        product_model,
        [cc.LogNormal(0, sigma) for sigma in (0.6, 0.4, 0.2)],
        product_of_lognormals(),
    ),
    "smallest_capacity": (capacity_model, [UNIT] * 3, smallest_capacity()),
}


@pytest.mark.parametrize("case", CASES)
def test_exact_indices(case):
    make, distributions, problem = CASES[case]
    design = cc.draw(named(distributions), 2048, design="saltelli", replicates=8, seed=3)
    forecast = cc.propagate(design, model=cc.Model([make()]))
    result = cc.sobol_indices(forecast, scale="raw", confidence=0.9999, second_order=True).sel(output="y")
    assert result["input"].values.tolist() == [f"x{i + 1}" for i in range(problem.inputs)]
    assert (np.abs(result["S1"] - problem.first) <= result["S1_conf"] + 1e-12).all()
    assert (np.abs(result["ST"] - problem.total) <= result["ST_conf"] + 1e-12).all()
    for (i, j), exact in problem.second.items():
        pair = {"input": f"x{i + 1}", "input_2": f"x{j + 1}"}
        assert abs(result["S2"].sel(pair) - exact) <= result["S2_conf"].sel(pair) + 1e-12


def test_a_product_of_lognormals_is_additive_on_the_default_scale():
    @cc.quantity("USD")
    def cost(x1, x2):
        return x1 * x2

    priors = cc.Priors(x1=cc.LogNormal(0, 1.6, unit="USD"), x2=cc.LogNormal(0, 0.8))
    design = cc.draw(priors, 1024, design="saltelli", replicates=8, seed=3)
    forecast = cc.propagate(design, model=cc.Model([cost]))
    result = cc.sobol_indices(forecast)
    assert result["scale"].item() == "log10" and result["unit"].item() == "USD"
    np.testing.assert_allclose(result["S1"].sel(output="cost"), [0.8, 0.2], atol=5e-3)
    np.testing.assert_allclose(result["ST"].sel(output="cost"), [0.8, 0.2], atol=5e-3)
    assert "few samples own its variance" in cc.sobol_indices(forecast, scale="raw").attrs["warning"]


@pytest.mark.parametrize("second_order", [True, False])
@pytest.mark.parametrize("seed", [0, 5])
def test_the_panel_is_salib_on_the_same_forecast(second_order, seed):
    design = cc.draw(named([ANGLE] * 3), 256, design="saltelli", seed=seed, second_order=second_order)
    forecast = cc.propagate(design, model=cc.Model([ishigami_model()]))
    pairs = {"second_order": second_order, "seed": seed, "resamples": 25}
    ours = cc.sobol_indices(forecast, estimator="saltelli-jansen", **pairs)
    theirs = cc.sobol_indices(forecast, engine="salib", **pairs)
    for name in theirs.data_vars:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=1e-12, err_msg=name)
    assert len(to_salib(ours).to_df()) == 2 + second_order


def test_years_units_and_provenance_arrive():
    priors = cc.Priors(
        start=cc.LogNormal.from_quantiles({0.05: 1, 0.95: 10}, unit="GW"),
        growth_rate=cc.Uniform(0, 1, unit="1/year"),
        first_year=cc.Fixed(2022, unit="year"),
    )

    @cc.quantity("GW")
    def power(start, growth_rate, first_year, year):
        return start * np.exp(growth_rate * (year - first_year))

    design = cc.draw(priors, 512, design="saltelli", replicates=8, seed=2)
    forecast = cc.propagate(design, model=cc.Model([power]), years=[2022, 2024, 2026])
    result = cc.sobol_indices(forecast)
    assert result["S1"].dims == ("output", "year", "input") and result["unit"].item() == "GW"
    assert cc.provenance_of(result) == cc.provenance_of(forecast)
    # log power = log start + t growth: variances sd^2 and t^2 / 12.
    years_on = np.array([0, 2, 4])
    sd = np.log(10) / (2 * 1.6448536269514722)
    share = years_on**2 / 12 / (years_on**2 / 12 + sd**2)
    np.testing.assert_allclose(result["ST"].sel(output="power", input="growth_rate"), share, atol=5e-3)
    assert cc.ranking_resolved(result, k=1).all()
    expected = (years_on**2 / 12).sum() / (years_on**2 / 12 + sd**2).sum()
    integrated = cc.time_integrated(result)["S1"].sel(output="power", input="growth_rate")
    assert float(integrated) == pytest.approx(expected, abs=5e-3)


def test_groups_from_the_draw():
    design = cc.draw(
        named([UNIT] * 3), 2048, design="saltelli", replicates=8, seed=1, groups={"pair": ["x1", "x2"], "rest": ["x3"]}
    )

    @cc.quantity("1")
    def y(x1, x2, x3):
        return x1 * x2 + x3

    result = cc.sobol_indices(cc.propagate(design, model=cc.Model([y])), scale="raw").sel(output="y")
    share = (1 / 9 - 1 / 16) / (1 / 9 - 1 / 16 + 1 / 12)
    assert result["input"].values.tolist() == ["pair", "rest"]
    np.testing.assert_allclose(result["S1"], [share, 1 - share], atol=5e-3)
    np.testing.assert_allclose(result["ST"], [share, 1 - share], atol=5e-3)


def test_latents_of_correlated_inputs():
    """y = x1 + x2 of standard normals with rank correlation: the first latent owns (1 + r)^2 of 2 + 2 r."""
    rank = 0.5
    r = 2 * np.sin(np.pi * rank / 6)
    priors = cc.Priors(cc.Correlation(("x1", "x2"), rank), x1=cc.Normal(0, 1), x2=cc.Normal(0, 1), x3=cc.Normal(0, 1))

    @cc.quantity("1")
    def y(x1, x2, x3):
        return x1 + x2 + x3

    model = cc.Model([y])
    design = cc.draw(priors, 1024, design="saltelli", replicates=8, seed=1, latent=True)
    result = cc.sobol_indices(cc.propagate(design, model=model), scale="raw").sel(output="y")
    expected = np.array([(1 + r) ** 2, 1 - r**2, 1]) / (3 + 2 * r)
    np.testing.assert_allclose(result["S1"], expected, atol=5e-3)
    grouped = cc.draw(priors, 1024, design="saltelli", replicates=8, seed=1, groups={"both": ["x1", "x2"]})
    result = cc.sobol_indices(cc.propagate(grouped, model=model), scale="raw").sel(output="y")
    np.testing.assert_allclose(result["ST"], [(2 + 2 * r) / (3 + 2 * r), 1 / (3 + 2 * r)], atol=5e-3)
    # Swapped together, correlated inputs follow the design themselves.
    forecast = cc.propagate(grouped, model=model)
    with pytest.raises(InputError, match="'x1' does not vary"):
        cc.sobol_indices(forecast.assign(x1=forecast["x1"] + np.linspace(0, 1, forecast.sizes["sample"])))


def test_a_stored_forecast_is_analysed_again(tmp_path):
    design = cc.draw(named([ANGLE] * 3), 128, design="saltelli", seed=1)
    forecast = cc.propagate(design, model=cc.Model([ishigami_model()]))
    forecast.to_netcdf(tmp_path / "forecast.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "forecast.nc", engine="h5netcdf") as stored:
        again = cc.sobol_indices(stored.load())
        with pytest.raises(cc.InputError, match="not in the order of the draw"):
            cc.sobol_indices(stored.isel(sample=np.random.default_rng(0).permutation(stored.sizes["sample"])))
    xr.testing.assert_identical(again, cc.sobol_indices(forecast))
