import json
import re

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

import clustercast as cc
from clustercast.arrays.points import designs
from clustercast.arrays.summaries import share_with_error
from clustercast.dataset import provenance, provenance_of
from clustercast.errors import InputError
from clustercast.uncertainty.milestones import crossing_year, exceedance, level_of, milestones, reference_class
from clustercast.uncertainty.summaries import independent_rows, summarise
from tests.reference.designs import design_rows

YEARS = np.arange(2024.0, 2035.0)
FIVE = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


def scores(size, column=0):
    return special.ndtri(designs.sobol_column(1, column, 0, size))


def lognormal_growth(size=4096):
    """Return a power of 1 GW in 2024 that grows by a normal number of decades a year: mean 0.5, deviation 0.1."""
    growth = 0.5 + 0.1 * scores(size)
    power = 10 ** (growth * (YEARS[:, np.newaxis] - 2024))
    attrs = {"role": "output", "units": "GW", "long_name": "training cluster power"}
    return xr.Dataset(
        {
            "growth": ("sample", growth, {"role": "input", "units": "OOM/year"}),
            "power": (("year", "sample"), power, attrs),
            "life": ("sample", np.exp(scores(size, 1)), {"role": "output", "units": "year"}),
        },
        coords={"year": YEARS, "sample": np.arange(size)},
        attrs=provenance({"design": {"name": "sobol", "size": size, "seed": 1}, "priors_name": "made by hand"}),
    )


def test_quantiles_and_mean_of_lognormal_growth_are_those_of_the_closed_form():
    result = summarise(lognormal_growth())
    elapsed = YEARS[:, np.newaxis] - 2024
    exact = 10 ** (elapsed * (0.5 + 0.1 * special.ndtri(FIVE)))
    assert result["power"].dims == ("year", "quantile")
    assert np.allclose(result["power"], exact, rtol=0.02)
    exact_mean = 10 ** (0.5 * elapsed[:, 0]) * np.exp((np.log(10) * 0.1 * elapsed[:, 0]) ** 2 / 2)
    assert np.allclose(result["power_mean"][:4], exact_mean[:4], rtol=0.01)
    assert np.all(np.abs(result["power"] - exact) <= 3 * result["power_error"] + 1e-9)


def test_coordinates_of_the_samples_are_not_those_of_the_summary():
    forecast = lognormal_growth(64).assign_coords(run=("sample", np.arange(64)), place="Texas")
    assert set(summarise(forecast).coords) == {"year", "quantile", "place"}


def test_a_dimension_that_a_summary_adds_is_refused():
    forecast = lognormal_growth(64).expand_dims(quantile=[0.1, 0.9])
    with pytest.raises(InputError, match="has a dimension 'quantile', which a summary has of its own; rename it"):
        summarise(forecast)


def test_an_output_without_years_keeps_its_own_dimensions():
    result = summarise(lognormal_growth())
    assert result["life"].dims == ("quantile",) and result["life_mean"].dims == ()
    assert float(result["life"].sel(quantile=0.5)) == pytest.approx(1, rel=0.01)
    assert float(result["life_mean"]) == pytest.approx(np.exp(0.5), rel=0.02)


def test_a_summary_says_units_samples_design_and_how_the_errors_were_made():
    result = summarise(lognormal_growth())
    assert result.attrs["samples"] == result.attrs["effective_samples"] == 4096
    assert json.loads(result.attrs["outputs"]) == ["power", "life"]
    record = provenance_of(result)
    assert (record["design"]["name"], record["priors_name"]) == ("sobol", "made by hand")
    assert "upper limit" in result.attrs["error_method"]
    random = lognormal_growth().assign_attrs(provenance({"design": {"name": "random"}}))
    assert "upper limit" not in summarise(random).attrs["error_method"]
    for name in ("power", "power_error", "power_mean", "power_mean_error"):
        assert result[name].units == "GW" and "training cluster power" in result[name].long_name
    assert "growth" not in result and "sample" not in result.dims


def test_a_summary_survives_a_file(tmp_path):
    result = summarise(lognormal_growth(64))
    cc.write_netcdf(result, tmp_path / "summary.nc")
    xr.testing.assert_identical(cc.read_netcdf(tmp_path / "summary.nc"), result)
    with xr.open_dataset(tmp_path / "summary.nc", engine="h5netcdf") as read:
        xr.testing.assert_identical(read.load(), xr.Dataset(result.data_vars, result.coords, result.attrs))


def test_a_table_of_a_summary_has_one_row_a_number():
    forecast = lognormal_growth(64)
    labels = {"role": "output", "units": "1", "labels": json.dumps(["none", "power", "money"])}
    values = np.arange(11 * 64).reshape(11, 64) % 3
    forecast = forecast.assign(limit=(("year", "sample"), values, labels), other=(("year", "sample"), values, labels))
    result = summarise(forecast)
    table = result.to_dataframe()
    # Quantiles and means of power by year and of life, and shares of three labels by year of two indices.
    assert len(table) == 11 * (5 + 1) + (5 + 1) + 2 * 11 * 3
    assert not table.duplicated(["output", "year", "statistic", "quantile", "label"]).any()
    assert not table["value"].isna().any() and not table["error"].isna().any()
    row = table[(table.output == "power") & (table.year == 2030) & (table["quantile"] == 0.5)].squeeze()
    assert (row["value"], row["unit"]) == (float(result["power"].sel(year=2030, quantile=0.5)), "GW")
    row = table[(table.output == "other") & (table.year == 2030) & (table.label == "power")].squeeze()
    assert row["value"] == float(result["other_share"].sel(year=2030, other_label="power"))


def test_an_output_with_the_name_of_a_statistic_is_refused():
    forecast = lognormal_growth(64)
    with pytest.raises(InputError, match="'power_mean'; rename one"):
        summarise(forecast.assign(power_mean=forecast["power"]))


def test_weights_are_aligned_by_the_coordinate_of_the_samples():
    forecast = lognormal_growth(64)
    weights = xr.DataArray(np.arange(1.0, 65), {"sample": np.arange(64)}, "sample")
    shuffled = weights.isel(sample=np.random.default_rng(1).permutation(64))
    xr.testing.assert_identical(summarise(forecast, weights=shuffled), summarise(forecast, weights=weights))
    np.testing.assert_array_equal(
        exceedance(forecast["power"], 10, weights=shuffled), exceedance(forecast["power"], 10, weights=weights)
    )
    xr.testing.assert_identical(summarise(forecast, weights=shuffled.to_series()), summarise(forecast, weights=weights))
    with pytest.raises(InputError, match=r"dimensions \('draw',\); give \('sample',\)"):
        summarise(forecast, weights=weights.rename(sample="draw"))
    with pytest.raises(InputError, match="no weights 'w'; name a variable of it, or give a number for each"):
        summarise(forecast, weights="w")
    for wrong in (weights.isel(sample=slice(1, None)), weights.assign_coords(sample=np.arange(1, 65))):
        with pytest.raises(InputError, match="weights lack 1 of the 64 samples"):
            summarise(forecast, weights=wrong)
    bare = forecast.drop_vars("sample")
    xr.testing.assert_identical(summarise(bare, weights=shuffled), summarise(bare, weights=weights))
    again = np.random.default_rng(2).integers(64, size=64)
    drawn = forecast.assign(w=weights).isel(sample=again)
    xr.testing.assert_identical(summarise(drawn, weights="w"), summarise(drawn, weights=weights.values[again]))


def test_a_path_alone_has_no_weights_by_name():
    with pytest.raises(InputError, match="holds no weights 'w'; give a number for each sample"):
        exceedance(PATH, 1.0, weights="w")


def test_weights_move_a_summary_to_another_distribution():
    forecast = lognormal_growth(1 << 14)
    weights = np.exp(
        stats.norm.logpdf(forecast["growth"], 0.55, 0.08) - stats.norm.logpdf(forecast["growth"], 0.5, 0.1)
    )
    result = summarise(forecast, weights=xr.DataArray(weights, dims="sample"))
    exact = 10 ** (6 * (0.55 + 0.08 * special.ndtri(FIVE)))
    assert np.allclose(result["power"].sel(year=2030), exact, rtol=0.03)
    assert 1000 < result.attrs["effective_samples"] < 1 << 14
    assert "effective samples" in result.attrs["error_method"]


def saltelli_forecast(size, replicates=1, points="sobol"):
    a_b = design_rows(5, 2, size, replicates=replicates, points=points)
    normal = special.ndtri(designs.inside(a_b))
    attrs = {"role": "output", "units": "1"}
    return xr.Dataset(
        {"total": ("sample", normal[:, 0] + normal[:, 1], attrs)},
        attrs=provenance(
            {
                "design": {
                    "name": "saltelli",
                    "points": points,
                    "size": size,
                    "second_order": True,
                    "replicates": replicates,
                    "swaps": {"a": ["a"], "b": ["b"]},
                }
            }
        ),
    )


def test_of_a_saltelli_design_the_independent_rows_are_used():
    forecast = saltelli_forecast(512)
    result = summarise(forecast)
    assert result.attrs["samples"] == 1024
    rows = forecast["total"].values.reshape(512, 6)
    assert np.allclose(result["total"], np.quantile(rows[:, [0, 5]], FIVE), rtol=1e-14)
    with pytest.raises(InputError, match="has 3072 samples by its attributes, but the dataset has 3071"):
        summarise(forecast.isel(sample=slice(0, -1)))
    with pytest.raises(InputError, match="Morris design are no sample of the priors"):
        independent_rows({"name": "morris"}, 8)
    with pytest.raises(InputError, match="level is inf; give a finite number"):
        level_of(forecast["total"], np.inf)
    for function in (crossing_year, exceedance):
        with pytest.raises(InputError, match="trajectory is a Dataset, .*; give a DataArray that is a variable of"):
            function(forecast, 1)


@pytest.mark.parametrize("design", ["sobol", "latin"])
@pytest.mark.parametrize(
    "law", [stats.lognorm(1), stats.pareto(3.3), stats.norm()], ids=["lognormal", "pareto", "normal"]
)
def test_intervals_of_the_mean_of_one_long_tail_cover_in_replicates(law, design):
    """By their spread alone, which few replicates with one point each in the tail do not show, .82 to .93 of them."""
    priors, covered = cc.Priors(x=law, y=cc.Normal(0, 1)), []
    for seed in range(150):
        sample = cc.draw(priors, 1024, design=design, replicates=8, seed=seed)
        result = summarise(cc.evaluate(sample, lambda x, y: x + 0 * y, outputs={"x2": "1"}, form="arrays"))
        covered.append(abs(result["x2_mean"] - law.mean()) <= stats.t(7).ppf(0.975) * result["x2_mean_error"])
    assert np.mean(covered) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 150)


@pytest.mark.parametrize("count", [2, 4, 6])
def test_the_error_of_the_mean_of_a_smooth_sum_is_not_too_large(count):
    """Of uniforms, whose sum has no long tail: the stated error is that of the design."""
    priors, stated, missed = cc.Priors(**{f"x{i}": cc.Uniform(0, 1) for i in range(count)}), [], []
    for seed in range(40):
        sample = cc.draw(priors, 1024, design="sobol", replicates=16, seed=seed)
        made = summarise(cc.evaluate(sample, lambda **each: sum(each.values()), outputs={"total": "1"}, form="arrays"))
        stated.append(float(made["total_mean_error"]))
        missed.append(float(made["total_mean"]) - count / 2)
    assert 0.6 < np.sqrt(np.mean(np.square(stated)) / np.mean(np.square(missed))) < 1.6


def test_replicates_give_errors_that_fit_the_design():
    result = summarise(saltelli_forecast(4096, 8))
    assert result.attrs["error_method"] == "spread of 8 independent replicates"
    exact = np.sqrt(2) * special.ndtri(FIVE)
    assert np.all(np.abs(result["total"] - exact) < 6 * result["total_error"] + 1e-4)
    # Scrambled Sobol' points know the mean of a sum far better than as many independent samples.
    independent = np.sqrt(2 / 8192)
    assert float(result["total_mean_error"]) < independent / 5
    assert float(summarise(saltelli_forecast(4096, 2))["total_mean_error"]) == pytest.approx(independent, rel=0.05)


def test_a_labelled_index_is_summarised_by_shares():
    values = np.array([[0, 0, 1, 2], [2, 2, 2, 2.0]])
    attrs = {"role": "output", "units": "1", "labels": json.dumps(["power", "chips", "money"])}
    forecast = xr.Dataset({"limit": (("year", "sample"), values, attrs)}, coords={"year": [2028, 2030]})
    result = summarise(forecast)
    assert "limit" not in result
    assert result["limit_share"].sel(limit_label="power").values.tolist() == [0.5, 0]
    assert result["limit_share"].sum("limit_label").values.tolist() == [1, 1]
    assert np.all(result["limit_share_error"] > 0)
    weighted = summarise(forecast, weights=[0, 0, 0, 1])
    assert weighted["limit_share"].sel(limit_label="money").values.tolist() == [1, 1]
    with pytest.raises(InputError, match="none of 0 to 2"):
        summarise(forecast.assign(limit=forecast["limit"].copy(data=values + 1)))


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (lambda f: f.drop_vars(["power", "life"]), {}, "variables growth holds no outputs"),
        (lambda f: f, {"probabilities": (0.5, 0.1)}, "probabilities are"),
        (lambda f: f, {"weights": [1, 2]}, r"weights have shape \(2,\), but there are 64 samples"),
        (lambda f: f.assign(life=f["life"].where(f["sample"] != 3)), {}, "'life' has 1 value .* the first in sample 3"),
    ],
)
def test_bad_input_of_a_summary_is_refused(change, arguments, message):
    with pytest.raises(InputError, match=message):
        with xr.set_options(keep_attrs=True):
            forecast = change(lognormal_growth(64))
        summarise(forecast, **arguments)


def test_exponential_paths_cross_where_their_formula_says():
    forecast = lognormal_growth()
    answer = crossing_year(forecast["power"], "0.1 TW")
    exact = 2024 + 2 / forecast["growth"]
    exact = exact.where(exact <= 2034, np.inf)
    assert answer.dims == ("sample",)
    assert np.allclose(answer, exact, rtol=0, atol=1e-9)
    assert answer.attrs["never"] == float((exact == np.inf).mean())
    assert (answer.attrs["level"], answer.attrs["level_unit"], answer.attrs["units"]) == (100, "GW", "year")
    assert answer.attrs["interpolation"] == "linear in log10"
    assert answer.attrs["long_name"] == "year in which training cluster power reaches 0.1 TW"


def test_the_ways_of_reading_a_crossing():
    path = xr.DataArray([[1.0, 4, 0], [3, 5, 1]], {"year": [2024, 2026]}, ("year", "sample"), attrs={"units": "GW"})
    exact = 2024 + 2 * np.log(2) / np.log(3)
    crossed = crossing_year(path, "2 GW")
    assert crossed.values.tolist() == [exact, -np.inf, np.inf]
    assert crossed.attrs["interpolation"] == "linear in log10, linear in 1 sample"
    assert (crossed.attrs["never"], crossed.attrs["at_start"]) == (1 / 3, 1 / 3)
    assert crossing_year(path, 2, interpolate=False).values.tolist() == [2026, -np.inf, np.inf]
    assert float(crossing_year(path.isel(sample=0), 2e9 / 1e9)) == exact
    assert crossing_year(path.transpose("sample", "year"), 2).values.tolist() == [exact, -np.inf, np.inf]
    assert float(crossing_year(-path.isel(sample=2), -0.5, falling=True)) == 2025
    assert (crossed.attrs["first_year"], crossed.attrs["last_year"]) == (2024, 2026)
    assert float(crossing_year(path[:, 0] / 10, 0.2)) == pytest.approx(exact)
    assert float(crossing_year(path[:, 0], 0)) == -np.inf
    bare = path.drop_attrs()
    assert crossing_year(bare, 2).attrs["level_unit"] == exceedance(bare, 2).attrs["level_unit"] == ""
    assert exceedance(path, "2 GW").attrs["level_unit"] == "GW"


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=8), st.floats(0.2, 9))
def test_a_sample_crosses_where_it_would_alone(values, level):
    """Other samples, one at zero among them, do not change how a sample is interpolated."""
    own = np.array(values)
    path = np.stack([own, np.zeros(own.size), own - 20], axis=1)
    years = np.arange(2024, 2024 + own.size)
    together = crossing_year(xr.DataArray(path, {"year": years}, ("year", "sample"), attrs={"units": "1"}), level)
    alone = crossing_year(xr.DataArray(own, {"year": years}, ("year",), attrs={"units": "1"}), level)
    assert float(together[0]) == float(alone)


def test_dates_are_years():
    path = xr.DataArray([1.0, 10, 100], {"year": [2024, 2025, 2026]}, "year", "power", {"units": "GW"})
    dates = path.assign_coords(year=np.array(["2024-01-01", "2025-01-01", "2026-01-01"], "datetime64[ns]"))
    assert float(crossing_year(dates, 30)) == float(crossing_year(path, 30))


def test_exceedance_is_the_closed_form_and_agrees_with_the_crossing_year():
    forecast = lognormal_growth()
    answer = exceedance(forecast["power"], "100 GW")
    elapsed = YEARS[1:] - 2024
    exact = stats.norm.sf((2 / elapsed - 0.5) / 0.1)
    assert np.all(np.abs(answer[1:] - exact) <= 4 * answer["standard_error"][1:])
    crossed = crossing_year(forecast["power"], "100 GW")
    for year in YEARS:
        assert float(answer.sel(year=year)) == float((crossed <= year).mean())
    assert (answer.attrs["samples"], answer.attrs["level"]) == (4096, 100)


def test_an_exceedance_on_a_saltelli_design_counts_each_point_once():
    priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))
    design = cc.draw(priors, 64, design="saltelli", seed=1, second_order=False)
    total = (design["x"] + design["y"]).assign_attrs(role="output", units="1").rename("total")
    rows = total.values.reshape(64, -1)[:, [0, -1]]
    chance = exceedance(total, 1.2)
    assert (float(chance), chance.attrs["samples"]) == (np.mean(rows >= 1.2), 128)
    assert float(chance["standard_error"]) == pytest.approx(np.sqrt(0.32 * 0.68 / 128), rel=0.05)
    with pytest.raises(InputError, match="has 256 samples by its attributes, but the dataset has 255"):
        exceedance(total[1:], 1.2)


def test_exceedance_in_a_year_and_ever():
    path = xr.DataArray(
        [[1.0, 3], [3, 1], [1, 1]], {"year": [2024, 2026, 2028]}, ("year", "sample"), attrs={"units": "1"}
    )
    assert exceedance(path, 2).values.tolist() == [0.5, 0.5, 0]
    assert exceedance(path, 2, ever=True).values.tolist() == [0.5, 1, 1]
    assert exceedance(path, 2, falling=True).values.tolist() == [0.5, 0.5, 1]
    assert exceedance(path, 2, weights=[3, 1]).values.tolist() == [0.25, 0.75, 0]
    assert exceedance(path.transpose("sample", "year"), 2, ever=True).values.tolist() == [0.5, 1, 1]
    assert np.all(exceedance(path, 2)["standard_error"] > 0)
    assert exceedance(path, 2, weights=[3, 1]).attrs["effective_samples"] == 1.6
    attrs = crossing_year(path, 2, interpolate=False).attrs
    assert (attrs["last_year"], attrs["interpolation"]) == (2028, "none: years of the grid")
    forecast = xr.Dataset({"cost": path.assign_attrs(role="output")})
    result = milestones(forecast, {"cost": 2})
    assert result["reached"].values.tolist() == [[0.5, 1, 1]]
    assert (result["crossing_year"].attrs["units"], result["reached"].attrs["units"]) == ("year", "1")


@given(st.integers(0, 1000), st.floats(0.01, 1000))
def test_the_error_of_an_exceedance_is_that_of_jeffreys_posterior(seed, level):
    path = xr.DataArray(np.random.default_rng(seed).lognormal(0, 2, 400), dims="sample", attrs={"units": "1"})
    answer, count = exceedance(path, level), int((path >= level).sum())
    assert float(answer) == count / 400
    assert float(answer["standard_error"]) == pytest.approx(stats.beta(count + 0.5, 400.5 - count).std())


@given(st.floats(0.02, 0.98))
def test_the_error_of_an_exceedance_covers(probability):
    # Over every count that 400 samples may show, by the binomial law; counts are steps, so 95 % is met about, not at.
    counts = np.arange(401)
    shares, errors = (np.asarray(a) for a in share_with_error(np.arange(400) < counts[:, np.newaxis]))
    chance = stats.binom.pmf(counts, 400, probability)
    assert chance[np.abs(shares - probability) < 2 * errors].sum() > 0.9
    assert chance[np.abs(shares - probability) < 3 * errors].sum() > 0.97


def test_milestones_tabulate_crossings_and_what_never_happens():
    forecast = lognormal_growth()
    result = milestones(forecast, {"power": ["100 GW", 0.5, "1000 TW"]})
    assert result["milestone"].values.tolist() == ["power >= 100 GW", "power >= 0.5 GW", "power >= 1000 TW"]
    assert result["level"].values.tolist() == [100, 0.5, 1e6]
    assert result["output"].values.tolist() == ["power"] * 3
    assert result["level_unit"].values.tolist() == ["GW"] * 3
    assert result["year"].identical(forecast["year"])
    first = result.sel(milestone="power >= 100 GW")
    assert np.allclose(first["crossing_year"], 2024 + 2 / (0.5 + 0.1 * special.ndtri(1 - FIVE)), atol=0.05)
    assert np.array_equal(first["reached"], exceedance(forecast["power"], "100 GW", ever=True))
    assert np.all(result.sel(milestone="power >= 0.5 GW")["crossing_year"] == -np.inf)
    assert result["at_start"].values.tolist() == [0, 1, 0]
    never = float(stats.norm.cdf((0.6 - 0.5) / 0.1))
    assert float(result["never"][2]) == pytest.approx(never, abs=4 * float(result["never_error"][2]))
    assert not any(np.isnan(result[name]).any() for name in result.data_vars)
    # All that is reached by the last year and never is everything.
    assert np.allclose(result["reached"].isel(year=-1) + result["never"], 1)


def test_milestones_with_weights_and_of_a_saltelli_design():
    path = np.array([[1.0, 1], [3, 1]])
    attrs = {"role": "output", "units": "USD"}
    forecast = xr.Dataset({"cost": (("year", "sample"), path, attrs)}, coords={"year": [2024, 2026]})
    assert milestones(forecast, {"cost": "$2"}, weights=[1, 3])["never"].values.tolist() == [0.75]
    bare = forecast.assign(cost=forecast["cost"].drop_attrs().assign_attrs(role="output"))
    assert milestones(bare, {"cost": 2})["level_unit"].values.tolist() == [""]
    # An output is one wherever xarray keeps it.
    beside = forecast.set_coords("cost")
    assert milestones(beside, {"cost": 2}).identical(milestones(forecast, {"cost": 2}))
    assert cc.parse_condition("cost > $2 in 2026").evaluate(beside).values.tolist() == [True, False]
    design = saltelli_forecast(64)
    design["cost"] = (("year", "sample"), np.stack([np.zeros(384), np.exp(design["total"].values)]), attrs)
    result = milestones(design.assign_coords(year=[2024, 2026]), {"cost": 1.0})
    rows = design["cost"].values[1].reshape(64, 6)[:, [0, 5]]
    assert float(result["never"][0]) == np.mean(rows < 1)


def test_the_nearest_reference_class():
    power = xr.DataArray([[1e7, 2e9], [0, np.inf]], dims=("year", "sample"), attrs={"units": "W"})
    answer = reference_class(power, "power")
    assert answer.dims == power.dims
    assert answer.values[0].tolist() == ["10,000 average US homes", "Hoover Dam"]
    assert answer.values[1].tolist() == ["average US home", "US electricity production"]
    assert float(answer["multiple"][0, 1]) == pytest.approx(2e9 / 2.08e9)
    cost = xr.DataArray(1.2, attrs={"units": "TUSD"}, name="cost")
    assert reference_class(cost, "cost").item() == "US telecoms build-out 1996-2001"
    share = xr.DataArray(0.4, attrs={"units": "%"})
    assert "Manhattan Project" in reference_class(share, "gdp_share").item()
    energy = xr.DataArray(4400.0, attrs={"units": "TWh/year"})
    assert reference_class(energy, "energy").item() == "US electricity production"


PATH = xr.DataArray([[1.0, 2], [3, 4]], {"year": [2024, 2026]}, ("year", "sample"), "power", {"units": "GW"})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: crossing_year(PATH, "3 USD"), "level '3 USD' is in 'USD', which does not convert to 'GW'"),
        (lambda: crossing_year(PATH.assign_attrs(long_name="Power"), "3 USD"), "'power': level '3 USD' is in"),
        (lambda: crossing_year(PATH, "many GW"), "cannot read 'many GW'"),
        (lambda: crossing_year(PATH, np.nan), "level is nan|the level is nan"),
        (lambda: crossing_year(PATH.drop_attrs(), "3 GW"), "'power' has no attribute 'units'"),
        (lambda: crossing_year(PATH.isel(year=0), 3), "needs the coordinate 'year'"),
        (lambda: crossing_year(PATH.isel(year=[1, 0]), 3), "must increase"),
        (lambda: crossing_year(PATH.isel(sample=[]), 3), "needs 1 sample"),
        (lambda: crossing_year(PATH.where(PATH != 2, np.inf), 3), "1 value not finite"),
        (lambda: crossing_year(PATH.where(PATH != 2, -np.inf), 3), "1 value not finite"),
        (lambda: crossing_year(PATH.to_dataset(), 3), "Dataset"),
        (lambda: exceedance(PATH.to_dataset(), 3), "Dataset"),
        (lambda: exceedance(PATH.isel(sample=0), 3), "without the dimension 'sample'"),
        (lambda: exceedance(PATH * np.nan, 3), "is NaN in 4 places"),
        (lambda: exceedance(PATH.isel(year=0), 3, ever=True), "no dimension 'year'"),
        (lambda: exceedance(PATH, 3, weights=[1]), "weights have shape"),
        (lambda: milestones(lognormal_growth(8), {"powr": 3}), "no output 'powr'; nearest known: power"),
        (lambda: milestones(lognormal_growth(8), {}), "levels is empty"),
        (lambda: milestones(lognormal_growth(8), {"life": 3}), "needs the coordinate 'year'"),
        (lambda: reference_class(PATH, "cost"), "unit 'GW' is not that of a cost"),
        (lambda: reference_class(PATH.drop_attrs(), "power"), "no attribute 'units'"),
        (lambda: reference_class((-PATH).assign_attrs(units="W"), "power"), "4 values negative or NaN"),
    ],
)
def test_bad_input_of_milestones_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_a_mean_that_a_few_values_own_is_named():
    values = np.exp(np.random.default_rng(1).standard_normal((2, 1000)) * np.array([[3.0], [0.3]]))
    variables = {"cost": (("year", "sample"), values), "price": (("year", "sample"), values[[1, 1]])}
    forecast = xr.Dataset(
        {name: (dims, array, {"role": "output", "units": "USD"}) for name, (dims, array) in variables.items()},
        {"year": [2030, 2031]},
    )
    warning = cc.summarise(forecast).attrs["warning"]
    assert "The mean of cost rests on its few largest values in 1 of 2 rows (k-hat" in warning
    assert "price" not in warning
    assert cc.summarise(forecast[["price"]]).attrs["warning"] == ""
    # Of several the most rows are named, of however many.
    heavy, mild = values[[0]], values[[1]]
    rows = {"both": [heavy, heavy], "one": [heavy, mild, mild, mild]}
    kept = {
        name: ((name + "s", "sample"), np.concatenate(each), {"role": "output", "units": "W"})
        for name, each in rows.items()
    }
    assert "in up to 2 of 2 rows" in cc.summarise(xr.Dataset(kept)).attrs["warning"]
    mild = ((np.arange(1000) + 0.5) / 1000)[np.newaxis] ** -0.6
    more = forecast.assign(power=forecast["cost"], energy=2 * forecast["cost"][0], mild=(("one", "sample"), mild))
    for name in ("power", "energy", "mild"):
        more[name].attrs |= {"role": "output", "units": "W"}
    sure, perhaps = cc.summarise(more).attrs["warning"].split(". ")
    assert re.fullmatch(
        r"The means of cost, power and energy rest on their few largest values in up to 1 of 2 rows \(k-hat up to "
        r"[\d.]+, above 0.7\): their errors are too small, with more samples too; report quantiles, or the mean of the "
        "logarithm",
        sure,
    )
    assert perhaps.startswith("The mean of mild rests on its few largest values (k-hat 0.") and "may be" in perhaps


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (0.3, ""),
        (0.6, r"\(k-hat 0\.(59|60|61), above 0\.5\): its error may be too small"),
        (0.85, "above 0.7.*too small, with more"),
    ],
)
def test_a_mean_whose_error_may_be_too_small_is_named_from_a_tail_shape_of_half_on(shape, said):
    """Quantiles of Pareto's distribution of a shape k: the variance is infinite from k = 1/2 on."""
    values = stats.genpareto.ppf((np.arange(2000) + 0.5) / 2000, shape)
    power = xr.DataArray(values, dims="sample", attrs={"role": "output", "units": "GW"})
    warning = summarise(xr.Dataset({"power": power})).attrs["warning"]
    assert re.search(said, warning) if said else warning == "", warning
