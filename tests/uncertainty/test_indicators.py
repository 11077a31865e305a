"""Milestones and claims as outputs: probabilities, indices in closed form, honest never."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

import clustercast as cc
from clustercast.uncertainty.claims import Claim

YEARS = [2024, 2026, 2028, 2030]


@cc.quantity("USD")
def cost(start, growth, year, first_year):
    return start * np.exp(growth * (year - first_year))


PRIORS = cc.Priors(
    start=cc.LogNormal(np.log(1e10), 1.0, unit="USD"),
    growth=cc.Normal(0.5, 0.25, unit="1/year"),
    first_year=cc.Fixed(2024, unit="year"),
)


@pytest.fixture(scope="module")
def design():
    drawn = cc.draw(PRIORS, 8192, design="saltelli", replicates=8, seed=3)
    return cc.propagate(drawn, model=cc.Model([cost]), years=YEARS)


def test_the_mean_is_the_probability_and_never_counts_as_not_reached():
    forecast = cc.propagate(cc.draw(PRIORS, 4096, seed=1), model=cc.Model([cost]), years=YEARS)
    reached = cc.reached_by(forecast, {"cost": ["$100B", 1e12]})
    for level in ("$100B", "$1T"):
        name = f"cost >= {level if level == '$100B' else '1e+12 USD'}"
        never = np.isposinf(cc.crossing_year(forecast["cost"], level).values)
        assert not reached[name].sel(year=2030).values[never].any()
        assert reached[name].sel(year=2030).values[~never].all()
        probability = cc.exceedance(forecast["cost"], level, ever=True)
        np.testing.assert_allclose(reached[name].mean("sample"), probability)
    assert reached.attrs == forecast.attrs
    assert reached["growth"].identical(forecast["growth"])
    assert reached["year"].identical(forecast["year"])
    assert reached["cost >= $100B"].attrs["level"] == 1e11
    assert "year" not in cc.reached_by(forecast, {"cost": "$100B"}, year=2028).variables


def test_the_indices_of_a_probit_are_those_of_its_closed_form(design):
    """log cost in 2028 is normal; the variance of the conditional probability of a normal threshold is known.

    With r the correlation of log cost with an input's score, S1 = (Phi2(t, t; r^2) - p^2) / (p (1 - p)).
    """
    from scipy.stats import multivariate_normal

    indices = cc.sobol_indices(cc.reached_by(design, {"cost": "$200B"}, year=2028))
    shares = np.array([1.0, (4 * 0.25) ** 2])
    threshold = (np.log(2e11) - np.log(1e10) - 4 * 0.5) / np.sqrt(shares.sum())
    p = norm.sf(threshold)
    for name, share in zip(("start", "growth"), shares / shares.sum(), strict=True):
        both = multivariate_normal.cdf([-threshold, -threshold], cov=[[1, share], [share, 1]])
        exact = (both - p**2) / (p * (1 - p))
        result = indices.sel(output="cost >= $200B", input=name)
        assert abs(float(result["S1"]) - exact) < max(2 * float(result["S1_conf"]), 0.01)
    assert str(indices["scale"].values[0]) == "raw"
    assert "year" not in indices.dims


def test_every_year_has_its_index_and_a_certain_one_none(design):
    indices = cc.sobol_indices(cc.reached_by(design, {"cost": "$1T"}))
    assert indices["ST"].dims == ("output", "year", "input")
    assert (indices["variance"].sel(year=2030) > 0).all()


def test_a_level_reached_from_above():
    forecast = cc.propagate(cc.draw(PRIORS, 256, seed=1), model=cc.Model([cost]), years=YEARS)
    fallen = cc.reached_by(forecast, {"cost": "$5B"}, year=2024, falling=True)["cost <= $5B"]
    np.testing.assert_array_equal(fallen, forecast["start"] <= 5e9)


def test_an_output_with_a_further_dimension_is_refused():
    forecast = cc.propagate(cc.draw(PRIORS, 256, seed=1), model=cc.Model([cost]), years=YEARS)
    region = forecast["cost"].expand_dims(region=["here", "there"]).assign_attrs(forecast["cost"].attrs)
    for asked in (cc.milestones, cc.reached_by):
        with pytest.raises(cc.InputError, match="'cost' has the dimension region; choose one value of it"):
            asked(forecast.assign(cost=region), {"cost": "$1T"})
        assert asked(forecast.assign(cost=region).sel(region="here"), {"cost": "$1T"}).sizes["year"] == len(YEARS)


def test_an_index_with_labels_reaches_no_level():
    attrs = {"role": "output", "units": "1", "labels": '["power", "money"]'}
    forecast = xr.Dataset({"limit": (("year", "sample"), np.eye(2), attrs)}, {"year": [2028, 2030]})
    for asked in (cc.milestones, cc.reached_by, lambda result, levels: cc.exceedance(result["limit"], levels["limit"])):
        with pytest.raises(cc.InputError, match="'limit' holds labels, which reach no level; ask for one with ="):
            asked(forecast, {"limit": 1})


def test_claims_are_outputs_too(design):
    claim = Claim(id="trillion", text="A trillion by 2028", quantity="cost", level="$1T", by=2028, source="x")
    met = cc.claims_met(design, [claim])
    assert met["trillion"].attrs["long_name"] == "A trillion by 2028"
    indices = cc.sobol_indices(met)
    one = cc.sobol_indices(cc.reached_by(design, {"cost": "$1T"}, year=2028))
    np.testing.assert_array_equal(indices["ST"], one["ST"])
    with pytest.raises(cc.InputError, match=r"2027.*not among the years.*propagate"):
        cc.claims_met(design, [claim.model_copy(update={"by": 2027.0})])
    with pytest.raises(cc.InputError, match="the forecast has no 'power'"):
        cc.claims_met(design, [claim.model_copy(update={"quantity": "power"})])


@pytest.mark.parametrize(
    ("levels", "year", "reason"),
    [
        ({"costs": "$1T"}, None, "no output 'costs'; nearest known: cost"),
        ({"cost": "1 GW"}, None, "does not convert to 'USD'"),
        ({"cost": "$1T"}, 2025, "2025 is not among the years"),
        ({}, None, "levels is empty"),
        ("power", None, "levels is 'power'; give outputs and levels, as in"),
        ({"cost": None}, None, "level is None; give a number"),
    ],
)
def test_what_cannot_be_used_is_said(design, levels, year, reason):
    with pytest.raises(cc.InputError, match=reason):
        cc.reached_by(design, levels, year=year)


def test_an_output_without_years_reaches_nothing_by_a_year(design):
    with pytest.raises(cc.InputError, match="year"):
        cc.reached_by(design.isel(year=0, drop=True), {"cost": "$1T"})


def test_indicators_survive_a_file(design, tmp_path):
    reached = cc.reached_by(design, {"cost": "$1T"})
    path = cc.write_netcdf(reached, tmp_path / "reached.nc")
    assert cc.read_netcdf(path).identical(reached)
