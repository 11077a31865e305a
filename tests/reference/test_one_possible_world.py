"""The forecast against an independent reading of its equations, its stated tables, and a back-test."""

import functools
import json

import numpy as np
import pytest

import clustercast as cc
from clustercast.engine.units import factor
from clustercast.priors.shipped import shipped_names
from tests.reference.plain_reading import forecast as plain_forecast

LEVELS = (0.05, 0.5, 0.95)
SIZE = 2**13
ALL_LIMITS = [f"limit_{k}" for k in ("money", "logic", "packaging", "memory", "power", "fleet", "site")]
SWITCHES = [*ALL_LIMITS, "existing_sites_stay", "fleet_in_us_electricity"]
EXACT = (
    "accelerator_shipments",
    "ai_investment",
    "scarcity_premium",
    "installed_base",
    "fleet_power",
    "fleet_value",
    "cumulative_shipments",
    "cumulative_investment",
    "revenue_cost_ratio",
    "us_electricity",
    "us_ai_electricity_share",
    "training_cluster_size",
    "training_cluster_power",
    "training_cluster_cost",
)


def _priors(name, scenario=None, **changes):
    return cc.read_priors(name, scenario=scenario, set=changes or None)


def _run(priors, years, outputs, size=SIZE):
    inputs = cc.draw(priors, size, design="sobol", seed=1)
    return inputs, cc.propagate(inputs, years=years, outputs=outputs)


def _coherent(inputs, priors):
    return {name: inputs[name].values * factor(priors[name].unit) for name in priors}


def _column(result, name, year):
    return result[name].sel(year=year).values


# ---------------------------------------------------------------- an independent reading, draw by draw


@pytest.mark.parametrize(
    ("name", "scenario", "changes", "end"),
    [
        ("evidence_2026", None, {}, 2040.0),
        ("evidence_2026", "leading_edge_interruption", {}, 2034.0),
        ("evidence_2026", "no_new_gas", {}, 2034.0),
        ("evidence_2026", "limits_off", {}, 2034.0),
        ("evidence_2026", None, {"forecast_start": 2024.5}, 2030.0),
        ("situational_awareness", None, {}, 2030.0),
        ("situational_awareness", "limits_on", {}, 2030.0),
    ],
)
def test_every_draw_equals_the_independent_reading_at_the_nodes(name, scenario, changes, end):
    priors = _priors(name, scenario, **changes)
    inputs = cc.draw(priors, 512, design="sobol", seed=2)
    nodes, expected = plain_forecast(_coherent(inputs, priors), end)
    result = cc.propagate(inputs, years=nodes, outputs=EXACT)
    for output in EXACT:
        scale = factor(result[output].attrs["units"])
        np.testing.assert_allclose(result[output].values * scale, expected[output], rtol=1e-9, err_msg=output)


# ---------------------------------------------------------------- evidence_2026: 5, 50 and 95 % points

TABLE = {
    ("training_cluster_size", 1e6): {
        2026.5: (0.80, 1.02, 1.30),
        2028: (1.68, 3.1, 5.4),
        2030: (3.0, 9.0, 19.9),
        2034: (5.4, 31, 99),
    },
    ("training_cluster_power", 1e9): {
        2026.5: (0.88, 1.19, 1.61),
        2028: (1.36, 2.6, 4.6),
        2030: (1.59, 4.7, 10.6),
        2034: (1.76, 7.9, 22.7),
    },
    ("training_cluster_cost", 1e9): {
        2026.5: (24, 31.6, 41),
        2028: (36, 71, 130),
        2030: (42, 134, 314),
        2034: (36.5, 237, 704),
    },
    ("ai_investment", 1e9): {
        2026.5: (630, 745, 880),
        2028: (676, 1126, 1500),
        2030: (586, 1434, 2420),
        2034: (513, 2140, 4380),
    },
    ("accelerator_shipments", 1e6): {
        2026.5: (23.5, 27.6, 32.6),
        2028: (33.7, 56, 77),
        2030: (41, 111, 207),
        2034: (62, 332, 937),
    },
    ("fleet_power", 1e9): {2026.5: (25, 33, 43), 2028: (53, 70.5, 90), 2030: (71.5, 124, 177), 2034: (78, 240, 468)},
    ("us_ai_electricity_share", 0.01): {2030: (5.2, 9.0, 13.2), 2034: (5.7, 15.8, 27.7)},
    ("us_data_centre_electricity_share", 0.01): {2030: (8.6, 12.5, 16.7), 2034: (9.6, 19.4, 31)},
    ("revenue_cost_ratio", 1): {2026.5: (0.32, 0.53, 0.91), 2030: (0.47, 1.04, 3.1)},
    ("compute_cost", 1): {2026.5: (1.2, 1.5, 2.1)},
}
TREND = {2026.5: 745, 2028: 1466, 2030: 2650, 2034: 6250}
LABELS = ("trend", "money", "logic chips", "packaging", "memory", "power")
BINDING = {
    2027: (0.22, 0.06, 0.01, 0.17, 0.17, 0.36),
    2028: (0.26, 0.24, 0.02, 0.07, 0.09, 0.32),
    2030: (0.25, 0.43, 0.05, 0.03, 0.05, 0.18),
    2034: (0.25, 0.50, 0.07, 0.01, 0.01, 0.17),
}


@functools.cache
def _evidence():
    outputs = [name for name, _ in TABLE]
    outputs += ["trend_ai_investment", "supply_constraint", "contradiction", "installed_base", "fleet_value"]
    return _run(_priors("evidence_2026"), [2026.5, 2027, 2028, 2030, 2034, 2040], outputs, 2**15)[1]


@pytest.mark.parametrize(("output", "year"), [(key, year) for key, row in TABLE.items() for year in row])
def test_the_forecast_has_its_stated_quantiles(output, year):
    name, unit = output
    values = _column(_evidence(), name, year) * factor(_evidence()[name].attrs["units"])
    unit = unit * factor("USD/H100e/hour") if name == "compute_cost" else unit
    low, median, high = np.quantile(values, LEVELS) / unit
    stated = TABLE[output][year]
    # Figures are stated to two or three digits: half of the last digit comes on top of 3 and 8 %.
    digit = [0.5 * 10.0 ** -len(f"{x:.12g}".partition(".")[2]) for x in stated]
    np.testing.assert_allclose(median, stated[1], rtol=0.03, atol=digit[1])
    np.testing.assert_allclose(low, stated[0], rtol=0.08, atol=digit[0])
    np.testing.assert_allclose(high, stated[2], rtol=0.08, atol=digit[2])


@pytest.mark.parametrize("year", TREND)
def test_the_trend_of_investment_has_its_stated_median(year):
    median = np.median(_column(_evidence(), "trend_ai_investment", year)) / 1e9
    assert median == pytest.approx(TREND[year], rel=0.03)


@pytest.mark.parametrize("year", BINDING)
def test_what_binds_shipments_has_its_stated_shares(year):
    labels = json.loads(_evidence()["supply_constraint"].attrs["labels"])
    result = _column(_evidence(), "supply_constraint", year)
    shares = [np.mean(result == labels.index(label)) for label in LABELS]
    np.testing.assert_allclose(shares, BINDING[year], atol=0.02)


def test_no_draw_contradicts_itself():
    assert not _evidence()["contradiction"].values.any()


# ---------------------------------------------------------------- claims


@functools.cache
def _claims():
    claims = cc.read_claims()
    needed = {name for claim in claims for name in claim.asked.names}
    years = cc.claim_years(claims, 2024.0)
    _, result = _run(_priors("evidence_2026"), years, [*needed, *(f"trend_{name}" for name in needed)])
    return cc.claim_probabilities(result, claims)


@pytest.mark.parametrize(
    ("claim", "forecast", "trend"),
    [
        ("hundred_billion_cluster_2028", 0.52, 0.60),
        ("ten_gigawatts_2028", 0.01, 0.10),
        ("ten_gigawatts_2030", 0.15, 0.48),
        ("trillion_dollar_cluster_2030", 0.0, 0.12),
        ("trillion_dollar_investment_2027", 0.57, 0.76),
        ("fifth_of_us_electricity_2030", 0.007, 0.36),
        ("bust_20", 0.18, 0.10),
        ("bust_30", 0.11, 0.07),
        ("bust_50", 0.04, 0.04),
    ],
)
def test_claims_have_their_stated_probabilities(claim, forecast, trend):
    answer = _claims().sel(claim=claim)
    assert float(answer["probability"]) == pytest.approx(forecast, abs=0.02)
    assert float(answer["trend_probability"]) == pytest.approx(trend, abs=0.02)


def test_investment_ends_below_its_start_in_a_twelfth_of_draws():
    assert float(_claims().sel(claim="investment_below_2026")["probability"]) == pytest.approx(0.08, abs=0.02)


# ---------------------------------------------------------------- overlays, at 2030.0

# M H100e a year, B USD a year, and the largest cluster in GW.
OVERLAYS = {
    None: (111, 1434, 4.7),
    "distributed_training": (111, 1430, 4.8),
    "flop_per_dollar_stalls": (56, 1500, 3.9),
    "gas_and_deregulation": (115, 1470, 4.8),
    "industrial_mobilisation": (118, 1490, 6.5),
    "revenue_disappoints": (47, 594, 3.3),
    "slower_growth": (112, 1440, 4.6),
    "no_new_gas": (88, 1210, 4.4),
    "leading_edge_interruption": (50, 762, 2.9),
}


@pytest.mark.parametrize("scenario", OVERLAYS)
def test_an_overlay_moves_the_medians_as_stated(scenario):
    outputs = {"accelerator_shipments": 1e6, "ai_investment": 1e9, "training_cluster_power": 1e9}
    result = _run(_priors("evidence_2026", scenario), [2030], outputs)[1]
    medians = [np.median(result[name].values) * factor(result[name].attrs["units"]) / u for name, u in outputs.items()]
    np.testing.assert_allclose(medians, OVERLAYS[scenario], rtol=0.03, atol=0.05)


@pytest.mark.parametrize("scenario", [name for name in shipped_names("scenarios") if not name.startswith("limit")])
def test_an_overlay_under_limits_makes_no_contradiction(scenario):
    result = _run(_priors("evidence_2026", scenario), [2028, 2030, 2034], ["contradiction"], 2**11)[1]
    # Industrial mobilisation gives one cluster most of the fleet: two draws in 10,000 cost more than the fleet did.
    assert np.mean(result["contradiction"].values > 0) < 1e-3


def test_without_limits_more_and_more_draws_contradict_themselves():
    result = _run(_priors("evidence_2026", "limits_off"), [2030, 2034, 2040], ["contradiction"])[1]["contradiction"]
    np.testing.assert_allclose((result.values > 0).mean(axis=1), [0.01, 0.27, 0.58], atol=0.02)


# ---------------------------------------------------------------- the essay under limits, and a back-test


@pytest.mark.parametrize(
    ("value", "shipments", "reached"), [(1.0, (13, 22, 39), 0.27), (0.0, (18, 42, 93), 0.80)], ids=["on", "off"]
)
def test_the_essay_s_supply_of_2024_stays_below_the_shipments_of_mid_2026(value, shipments, reached):
    priors = _priors("situational_awareness", **dict.fromkeys(SWITCHES, value))
    result = _run(priors, [2026.5], ["accelerator_shipments"])[1]["accelerator_shipments"].values.ravel()
    np.testing.assert_allclose(np.quantile(result, LEVELS) / 1e6, shipments, rtol=0.04)
    assert np.mean(result >= 27.5e6) == pytest.approx(reached, abs=0.02)


@pytest.mark.parametrize(
    ("start", "shipments", "fleet", "reached"),
    [(2024.5, (9.2, 13.1, 19.0), (42, 66, 105), 0.0003), (2025.5, (15.8, 20.2, 25.7), (62, 95, 138), 0.015)],
)
def test_limits_that_act_from_an_earlier_date_fail_against_the_shipments_of_mid_2026(start, shipments, fleet, reached):
    result = _run(
        _priors("evidence_2026", forecast_start=start), [2026.5, 2030], ["accelerator_shipments", "fleet_power"]
    )[1]
    shipped = _column(result, "accelerator_shipments", 2026.5)
    np.testing.assert_allclose(np.quantile(shipped, LEVELS) / 1e6, shipments, rtol=0.03)
    np.testing.assert_allclose(np.quantile(_column(result, "fleet_power", 2030), LEVELS) / 1e9, fleet, rtol=0.03)
    # 27.5M H100e a year were shipped (Epoch AI, AI chip sales, 2026): the judged growth of supply is too slow.
    assert np.mean(shipped >= 27.5e6) == pytest.approx(reached, abs=0.004)


# Median shipments of mid-2026, in M H100e a year, with one limit alone from a date on.
ALONE = {
    2024.5: {"power": 13.8, "packaging": 20, "memory": 19, "logic": 27, "money": 28},
    2025.5: {"power": 21, "packaging": 25, "memory": 25, "logic": 31, "money": 31},
}


@pytest.mark.parametrize(("start", "limit"), [(start, limit) for start, row in ALONE.items() for limit in row])
def test_one_limit_alone_from_an_earlier_date(start, limit):
    alone = dict.fromkeys([*ALL_LIMITS, "existing_sites_stay"], 0.0) | {f"limit_{limit}": 1.0, "forecast_start": start}
    result = _run(_priors("evidence_2026", **alone), [2026.5], ["accelerator_shipments"], 2**12)[1]
    assert np.median(result["accelerator_shipments"].values) / 1e6 == pytest.approx(ALONE[start][limit], rel=0.03)
