import numpy as np
import pytest
import xarray as xr

import clustercast as cc
from clustercast.dataset import with_provenance
from clustercast.errors import InputError
from clustercast.sensitivity.dependent import kucherenko_panel, shapley_panel
from clustercast.sensitivity.run_dependent import kucherenko_indices, score_correlation, shapley_effects

YEARS = (2024, 2026, 2030)


@cc.quantity("1")
def plain_sum(x, y, z):
    return x + y + z


SUM = cc.Model([plain_sum])


def unit_priors(*correlations, **others):
    return cc.Priors(*correlations, **(dict.fromkeys(("x", "y", "z"), cc.Normal(0, 1)) | others))


def score(rank):
    """Correlation of normal scores that has a given Spearman correlation (Pearson 1907)."""
    return 2 * np.sin(np.pi * rank / 6)


def test_rank_correlation_shares_the_variance_as_owen_and_prieur_say():
    rho = score(0.7)
    priors = unit_priors(cc.Correlation(("x", "z"), 0.7), z=cc.Normal(0, 2))
    effects = shapley_effects(priors, model=SUM, size=8192, seed=3)["Sh"].sel(output="plain_sum")
    variance = 6 + 4 * rho
    of_x = (1 - rho**2 / 2 + 2 * rho + 2 * rho**2) / variance
    exact = [of_x, 1 / variance, 1 - of_x - 1 / variance]
    np.testing.assert_allclose(effects.sel(input=["x", "y", "z"]), exact, atol=0.02)


def test_kucherenko_indices_of_the_linear_case():
    rho = score(0.5)
    priors = unit_priors(cc.Correlation(("y", "z"), 0.5), z=cc.Normal(0, 2))
    found = kucherenko_indices(priors, model=SUM, size=4096, seed=2).sel(output="plain_sum")
    variance = 6 + 4 * rho
    np.testing.assert_allclose(
        found["S1_full"], np.array([1, (1 + 2 * rho) ** 2, (2 + rho) ** 2]) / variance, atol=0.01
    )
    np.testing.assert_allclose(found["ST_ind"], np.array([1, 1 - rho**2, 4 * (1 - rho**2)]) / variance, atol=0.01)
    assert (found["ST_full"] - found["S1_full"] < 0.02).all()


def test_without_correlation_both_agree_with_sobol_indices():
    design = cc.draw(unit_priors(z=cc.Uniform(-1, 3)), 1024, design="saltelli", replicates=8, seed=1)
    sobol = cc.sobol_indices(cc.propagate(design, model=SUM), scale="raw")
    own = kucherenko_indices(unit_priors(z=cc.Uniform(-1, 3)), model=SUM, size=1024)
    effects = shapley_effects(unit_priors(z=cc.Uniform(-1, 3)), model=SUM, size=8192)
    np.testing.assert_allclose(own["S1_full"], sobol["S1"], atol=0.01)
    np.testing.assert_allclose(own["ST_ind"], sobol["ST"], atol=0.01)
    np.testing.assert_allclose(effects["Sh"], sobol["S1"], atol=0.02)  # additive: no interactions to share


@cc.quantity("1")
def trend(x, y, year, start):
    return np.exp(x + y * (year - start))


@cc.quantity("1")
def once(x, z):
    return x + z


START = cc.Fixed(2024, unit="year")
TRENDED = cc.Priors(x=cc.Normal(0, 0.1), y=cc.Normal(0, 0.1, unit="1/year"), z=cc.Normal(0, 0.1), start=START)
TREND = cc.Model([trend], spare=["z"])


def test_outputs_years_and_inputs_are_labelled():
    effects = shapley_effects(TRENDED, model=cc.Model([trend, once]), years=YEARS, size=2048, seed=5)
    assert effects["Sh"].dims == ("output", "year", "input")
    assert effects["year"].values.tolist() == [2024, 2026, 2030]
    assert effects["scale"].sel(output=["trend", "once"]).values.tolist() == ["log10", "raw"]
    steps = np.array([0, 2, 6])
    exact = np.column_stack([np.ones(3), steps**2, np.zeros(3)]) / (1 + steps[:, np.newaxis] ** 2)
    np.testing.assert_allclose(effects["Sh"].sel(output="trend"), exact, atol=0.03)
    np.testing.assert_allclose(effects["Sh"].sel(output="once").std("year"), 0, atol=1e-15)
    np.testing.assert_allclose(effects["Sh"].sum("input"), 1)


def test_an_input_without_influence_is_there_with_zero_and_costs_no_run():
    effects = shapley_effects(TRENDED, model=TREND, years=YEARS, size=64)
    assert effects["input"].values.tolist() == ["x", "y", "z"]
    assert (effects["Sh"].sel(input="z") == 0).all() and (effects["Sh_conf"].sel(input="z") == 0).all()
    assert effects.attrs["runs"] == 64 * 3
    indices = kucherenko_indices(TRENDED, model=TREND, years=YEARS, size=64)
    assert indices.attrs["runs"] == 64 * 6
    assert (indices["ST_full"].sel(input="z") == 0).all()


def test_an_input_correlated_with_one_that_matters_is_kept():
    tied = cc.Priors(cc.Correlation(("y", "z"), 0.9), **dict(TRENDED))
    effects = shapley_effects(tied, model=TREND, years=YEARS, size=256)
    assert (effects["Sh"].sel(input="z", year=2030) > 0.2).all()


def test_a_year_without_variance_is_undefined_and_said():
    @cc.quantity("1")
    def rising(y, year, start):
        return y * (year - start)

    priors = cc.Priors(y=cc.Normal(0, 1, unit="1/year"), start=START)
    found = kucherenko_indices(priors, model=cc.Model([rising]), years=YEARS, size=64)
    assert np.isnan(found["S1_full"].sel(year=2024)).all()
    assert np.isfinite(found["S1_full"].sel(year=[2026, 2030])).all()
    assert "rising does not vary in 2024" in found.attrs["warning"]


def test_raw_heavy_tails_are_warned_of():
    @cc.quantity("1")
    def heavy(x):
        return np.exp(2 * x)

    effects = shapley_effects(cc.Priors(x=cc.Normal(0, 1)), model=cc.Model([heavy]), size=64, scale="raw")
    assert "heavy is on the raw scale" in effects.attrs["warning"]


@pytest.mark.parametrize("estimate", [shapley_effects, kucherenko_indices])
def test_the_result_says_where_it_comes_from_and_survives_a_file(estimate, tmp_path):
    priors = unit_priors(cc.Correlation(("x", "z"), 0.4))
    found = estimate(priors, model=SUM, size=64, seed=11)
    record = cc.provenance_of(found)
    assert record["priors_hash"] == priors.hash
    assert (record["design"]["seed"], record["design"]["size"]) == (11, 64)
    assert {"command", "versions", "model_hash", "priors_name"} <= set(record)
    assert {"estimator", "confidence"} <= set(found.attrs)
    found.to_netcdf(tmp_path / "found.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "found.nc", engine="h5netcdf") as stored:
        xr.testing.assert_identical(stored.load(), found)


@pytest.mark.parametrize("estimate", [shapley_effects, kucherenko_indices])
def test_the_seed_decides_every_bit_and_outputs_can_be_chosen(estimate):
    priors = unit_priors(cc.Correlation(("x", "z"), 0.4))
    one, same, other = (estimate(priors, model=SUM, size=64, seed=seed) for seed in (0, 0, 1))
    assert one.drop_attrs().equals(same.drop_attrs())
    assert not one.drop_attrs().equals(other.drop_attrs())
    assert estimate(priors, model=SUM, outputs="plain_sum", size=64).sizes["output"] == 1


def test_intervals_widen_with_confidence_and_shrink_with_size():
    priors = unit_priors()
    narrow = shapley_effects(priors, model=SUM, size=256, confidence=0.5)["Sh_conf"]
    wide = shapley_effects(priors, model=SUM, size=256, confidence=0.99)["Sh_conf"]
    large = shapley_effects(priors, model=SUM, size=8192, confidence=0.99)["Sh_conf"]
    assert (wide > 2 * narrow).all()
    assert large.mean() < wide.mean() / 2


def test_structural_choices_and_skewed_inputs_go_through_the_copula():
    @cc.quantity("1")
    def switched(choice, x):
        return np.where(choice > 1 / 2, x, 2 + x)

    priors = cc.Priors(
        cc.Correlation(("choice", "x"), 0.5), choice=cc.Discrete([0, 1], [0.5, 0.5]), x=cc.LogNormal(0, 0.5)
    )
    effects = shapley_effects(priors, model=cc.Model([switched]), size=512)
    np.testing.assert_allclose(effects["Sh"].sum("input"), 1)
    assert (effects["Sh"] > 0.05).all()


def test_score_correlation_places_the_correlated_inputs():
    priors = unit_priors(cc.Correlation(("z", "x"), 0.3))
    expected = np.eye(3)
    expected[0, 2] = expected[2, 0] = score(0.3)
    np.testing.assert_allclose(score_correlation(priors, ("x", "y", "z")), expected)


def test_shuffled_and_foreign_forecasts_are_refused():
    forecast = cc.propagate(cc.draw(unit_priors(), 64), model=SUM)
    told = {"uncertain": ["x"], "correlated": []}
    with pytest.raises(InputError, match="design is 'random', and 'shapley' is needed"):
        shapley_panel(forecast, None, "raw", 0.95)
    own = with_provenance(
        forecast, design={"name": "kucherenko", "size": 16, "seed": 0, "replicates": 2, **told}, inputs=["x"]
    )
    assert kucherenko_panel(own, None, "raw", 0.95).sizes["output"] == 1
    with pytest.raises(InputError, match="all 64 samples of its kucherenko design in order"):
        kucherenko_panel(own.isel(sample=slice(None, None, -1)), None, "raw", 0.95)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 100, "replicates": 4}, "not a power of two"),
        ({"size": 64, "replicates": 1}, "2 or more"),
        ({"size": 64, "replicates": 5}, "does not divide"),
        ({"size": 64, "seed": -1}, "negative"),
        ({"size": 64, "confidence": 1.5}, "confidence"),
        ({"size": 64, "outputs": "plain_sun"}, "plain_sum"),
        ({"size": 64, "scale": "ln"}, "scale"),
    ],
)
@pytest.mark.parametrize("estimate", [shapley_effects, kucherenko_indices])
def test_options_that_cannot_be_used_are_refused(estimate, options, message):
    with pytest.raises(InputError, match=message):
        estimate(unit_priors(), model=SUM, **options)


def test_priors_without_influence_are_refused():
    @cc.quantity("1")
    def constant(x):
        return x

    with pytest.raises(InputError, match="no uncertain input"):
        shapley_effects(cc.Priors(x=1.0), model=cc.Model([constant]), size=64)
