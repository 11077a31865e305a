"""A forecast whose years are dates says what the same forecast over float years says, in numbers, words and figures."""

import datetime

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import clustercast as cc
from analyses.scorecard import stored
from clustercast.report import plots
from tests.three_years import evaluated

PRIORS = cc.Priors(growth=cc.Uniform(0, 2, unit="OOM/year"), start=cc.Uniform(1, 2, unit="OOM"))
TEXTS = ["2022-01-01", "2023-07-01", "2025-01-01"]
DATES = {
    "datetime64": np.array(TEXTS, "datetime64[ns]"),
    "dates": np.array([datetime.date.fromisoformat(text) for text in TEXTS]),
    "texts": np.array(TEXTS),
}


FORECAST = evaluated(PRIORS, 4096, "OOM")
ROWS = evaluated(PRIORS, 64, "OOM", design="saltelli", replicates=8, second_order=True)
EVENT = "size > 6 OOM by 2025"
SEEN = {"date": 2023.5, "quantity": "size", "unit": "OOM", "sd_log10": 0.1}
OF_A_FORECAST = {
    "evpi": lambda it: cc.evpi(it, ["size", EVENT]),
    "evpi of all": cc.evpi,
    "evppi": lambda it: cc.evppi(it, "size"),
    "evppi of pairs": lambda it: cc.evppi(it, "size in 2023-07", of="pairs"),
    "evsi": lambda it: cc.evsi(it, "size", observation=SEEN),
    "discover": lambda it: cc.discover(it, EVENT),
    "regional_indices": lambda it: cc.regional_indices(it, "size in 2025"),
    "prior_bounds": lambda it: cc.prior_bounds(it, "size in 2025", ratio=2),
    "prior_sensitivity": lambda it: cc.prior_sensitivity(it, ["size in 2025", EVENT], priors=PRIORS),
    "probability_tornado": lambda it: cc.probability_tornado(it, EVENT),
    "tilt": lambda it: cc.tilt(it, EVENT, probability=0.4, priors=PRIORS).marginals,
    "given_data_indices": cc.given_data_indices,
    "delta_indices": lambda it: cc.delta_indices(it, outputs="size", resamples=4),
    "pawn_indices": cc.pawn_indices,
    "summarise": cc.summarise,
    "milestones": lambda it: cc.milestones(it, {"size": "6 OOM"}),
    "reached_by": lambda it: cc.reached_by(it, {"size": "6 OOM"}, year=2023.5),
    "crossing_year": lambda it: cc.crossing_year(it["size"], "6 OOM"),
    "exceedance": lambda it: cc.exceedance(it["size"], "6 OOM"),
    "evaluate": lambda it: cc.parse_condition("size rises 1 OOM from 2022 to 2023-07").evaluate(it),
    "pool": lambda it: cc.pool({"a": it, "b": it}),
    "plots.fan": lambda it: plots.fan(it["size"], trend=it["size"], today=2023.5),
    "plots.fan of a summary": lambda it: plots.fan(cc.summarise(it)["size"]),
    "plots.exceedance_curve": lambda it: plots.exceedance_curve(it["size"]),
    "plots.exceedance_curve in a year": lambda it: plots.exceedance_curve(it["size"], years=[2023.5]),
    "plots.scenarios": lambda it: plots.scenarios({"a": it["size"], "b": it["size"]}),
    "plots.scenarios in a year": lambda it: plots.scenarios({"a": it["size"]}, year=2023.5),
    "plots.pool": lambda it: plots.pool(cc.pool({"a": it, "b": it}), "size"),
    "plots.reached_by_year": lambda it: plots.reached_by_year(cc.milestones(it, {"size": "6 OOM"})),
    "plots.binding_constraint": lambda it: plots.binding_constraint(it["side"]),
    "plots.conditional_means": lambda it: plots.conditional_means(it, "size", year=2023.5),
    "plots.tornado": lambda it: plots.tornado(it, "size"),
}
OF_INDICES = {
    "sobol_indices": lambda it: it,
    "ranking_resolved": cc.ranking_resolved,
    "time_integrated": lambda it: cc.time_integrated(it, until=2023.5),
    "to_salib": lambda it: cc.to_salib(it, "size", year=2023.5),
    "plots.sobol_by_year": lambda it: plots.sobol_by_year(it, "size"),
    "plots.sobol_panels": plots.sobol_panels,
    "plots.sobol_stacked": lambda it: plots.sobol_stacked(it, "size"),
    "plots.second_order": lambda it: plots.second_order(it, "size", year=2023.5),
}


def seen(result):
    """All that a reader sees of a result: numbers, words and what a figure shows."""
    if isinstance(result, Figure):
        return [seen(axes) for axes in result.axes]
    if isinstance(result, Axes):
        words = [result.get_title(loc="left"), result.get_xlabel(), *(text.get_text() for text in result.texts)]
        return [*result.get_xlim(), *result.get_ylim(), *words]
    if isinstance(result, xr.DataArray):
        result = result.to_dataset(name="result")
    if isinstance(result, xr.Dataset):
        kept = {key: value for key, value in result.attrs.items() if key != "provenance"}
        named = {name: one.values.tolist() for name, one in result.variables.items() if name != "year"}
        return [named, kept]
    return {name: values.tolist() for name, values in result.items()}


@pytest.mark.parametrize("kind", DATES)
@pytest.mark.parametrize("name", OF_A_FORECAST)
def test_what_is_asked_of_a_forecast_over_dates_has_the_same_answer(name, kind):
    ask = OF_A_FORECAST[name]
    dated = FORECAST.assign_coords(year=DATES[kind])
    np.testing.assert_equal(seen(ask(dated)), seen(ask(FORECAST)))


@pytest.mark.parametrize("kind", DATES)
@pytest.mark.parametrize("name", OF_INDICES)
def test_indices_of_a_forecast_over_dates_say_the_same(name, kind):
    ask, dated = OF_INDICES[name], ROWS.assign_coords(year=DATES[kind])
    np.testing.assert_equal(
        seen(ask(cc.sobol_indices(dated, second_order=True))), seen(ask(cc.sobol_indices(ROWS, second_order=True)))
    )


def test_a_value_that_is_not_finite_is_named_with_its_date():
    gone = FORECAST["size"].where(FORECAST["year"] != 2023.5).assign_attrs(FORECAST["size"].attrs)
    dated = FORECAST.assign(size=gone).assign_coords(year=DATES["datetime64"])
    with pytest.raises(cc.InputError, match=r"output 'size' in 2023\.5 has 4,096 values not finite"):
        cc.given_data_indices(dated)


@pytest.mark.parametrize("ask", [cc.evpi, cc.given_data_indices])
def test_a_year_without_its_coordinate_is_refused(ask):
    with pytest.raises(cc.InputError, match="it needs the coordinate 'year'"):
        ask(FORECAST.drop_vars("year"))


def test_a_stored_forecast_over_dates_is_scored_at_its_dates(tmp_path):
    file = cc.write_netcdf(FORECAST.assign_coords(year=DATES["datetime64"]), tmp_path / "dated.nc")
    assert stored(str(file))["year"].values.tolist() == [2022, 2023.5, 2025]
