"""Findings in words, against numbers that are known."""

import json

import numpy as np
import pytest
import xarray as xr

import clustercast as cc
from clustercast.report import findings

YEARS = [2028, 2030, 2034]


def forecast(**scales):
    """Return outputs that are a scale times 1 to 101 in hundredths, ten times as much in each later year."""
    shape = np.arange(1, 102) / 51
    variables = {}
    for name, (scale, unit) in scales.items():
        values = scale * 10.0 ** np.arange(-1, 2)[:, np.newaxis] * shape
        variables[name] = (("year", "sample"), values, {"role": "output", "units": unit, "long_name": name})
    return xr.Dataset(variables, {"year": YEARS})


def test_the_forecast_of_a_year_is_one_sentence_with_its_interval():
    result = cc.summarise(forecast(training_cluster_power=(4.7e9, "W"), training_cluster_cost=(134e9, "USD")))
    said = findings.forecast_sentence(result, ["training_cluster_power", "training_cluster_cost"], 2030)
    # The 5th and 95th percentile of 1/51 to 101/51 are 6/51 and 96/51.
    assert said == "2030: the largest cluster draws 4.7 GW (0.55 to 8.8) and costs $134B (16 to 252)."


def test_other_quantities_are_named_in_words():
    result = cc.summarise(forecast(gas_wells_required=(1200, "well")))
    assert findings.forecast_sentence(result, ["gas_wells_required"], 2030).startswith("2030: gas wells required is ")


def test_the_trend_is_named_only_where_it_differs():
    same = forecast(ai_investment=(1e12, "USD/year"), trend_ai_investment=(1.01e12, "USD/year"))
    other = forecast(ai_investment=(1e12, "USD/year"), trend_ai_investment=(3e12, "USD/year"))
    assert findings.trend_sentence(cc.summarise(same), ["ai_investment"], 2030) == ""
    said = findings.trend_sentence(cc.summarise(other), ["ai_investment"], 2030)
    assert said.startswith("The trend alone, without limits: AI investment $3.0T a year")


def test_what_an_output_hangs_on_is_in_order_with_its_error():
    names = ["load_factor", "chip_progress_and_power_floor", "us_gdp_growth", "idle"]
    st = xr.DataArray([[0.1, 0.5, 0.2, 0.0]], dims=("output", "input"))
    coords = {"output": ["fleet_power"], "input": names}
    result = xr.Dataset({"ST": st, "ST_conf": xr.full_like(st, 0.03)}, coords)
    said = findings.hangs_on(result, "fleet_power", None)
    assert said == (
        "Fleet power hangs most on chip progress + power floor (50 % of its variance, ±3), US GDP growth (20 %, ±3) "
        "and load factor (10 %, ±3)."
    )
    assert findings.hangs_on(result * 0, "fleet_power", None) == "Fleet power hangs on no single input."
    # A group by source is named by its text, whatever is in it.
    result["input"] = ["load_factor", "Survey of 2025 (80 %, by hand)", "us_gdp_growth", "idle"]
    said = findings.hangs_on(result, "fleet_power", None, most=1)
    assert "(80 %, by hand) (50 % of its variance, ±3)" in said


def test_limits_that_act_are_named():
    priors = cc.read_priors("evidence_2026")
    said = findings.limits_sentence(priors)
    assert said.startswith("Limits that act from 1 July 2026 on: ") and "power" in said and "money" in said
    assert findings.limits_sentence(cc.read_priors("situational_awareness")).startswith("No limit acts")
    assert "money" not in findings.limits_sentence(cc.read_priors("evidence_2026", set={"limit_money": 0}))
    assert findings.limits_sentence(cc.Priors(x=cc.Uniform(0, 1))) == ""


def worlds(shares, labels=("none", "cluster above the stock")):
    """Return a forecast in which a share of 1,000 worlds has the second label, by year."""
    values = np.array([[1] * round(1000 * share) + [0] * round(1000 * (1 - share)) for share in shares])
    attrs = {"role": "output", "units": "1", "labels": json.dumps(labels)}
    return xr.Dataset({"contradiction": (("year", "sample"), values, attrs)}, {"year": YEARS})


def test_impossible_worlds_are_named_where_there_are_any():
    priors = cc.Priors(x=cc.Uniform(0, 1))
    assert findings.conditions(priors, worlds([0, 0, 0]), 2030) == []
    assert findings.conditions(priors, forecast(x=(1, "1")), 2030) == []
    (said,) = findings.conditions(priors, worlds([0, 0.26, 0.84]), 2030)
    assert said == "Impossible worlds among the samples: 26 % in 2030, 84 % in 2034 (mostly: cluster above the stock)."
    assert len(findings.conditions(cc.read_priors("evidence_2026"), worlds([0, 0.26, 0.84]), 2030)) == 2


def test_a_world_is_impossible_where_no_label_says_that_nothing_contradicts():
    said = findings.conditions(cc.Priors(x=cc.Uniform(0, 1)), worlds([0, 0, 0.26], ["money", "power"]), 2034)
    assert said == ["Impossible worlds among the samples: > 99.9 % in 2034 (mostly: money)."]


def test_a_contradiction_without_labels_is_a_number_like_any_other():
    assert findings.conditions(cc.Priors(x=cc.Uniform(0, 1)), forecast(contradiction=(1, "1")), 2030) == []


def test_years_outside_the_validity_of_a_set_are_named():
    priors = cc.read_priors("evidence_2026")
    assert findings.validity_sentence(priors, [2026, 2034]) == ""
    said = findings.validity_sentence(priors, [2022, 2034, 2045])
    assert "2022 and 2045" in said and "2024 to 2040" in said


@pytest.mark.parametrize(("years", "key"), [([2028, 2030, 2034], 2030), ([2026, 2028], 2028)])
def test_answers_are_for_2030_or_the_last_year(years, key):
    assert findings.key_year(years) == key
