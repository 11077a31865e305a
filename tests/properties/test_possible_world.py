"""A draw is a world that could exist: what is conserved and what bounds what, for any inputs and the shipped sets."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.engine.units import factor
from clustercast.errors import InputError
from clustercast.priors.declarations import declared_inputs
from tests.coherent import run_model

MODEL = cc.cluster_model()
SETS = ("situational_awareness", "evidence_2026")
PRIORS = {name: cc.read_priors(name) for name in SETS}
DECLARED = declared_inputs()
SUPPLY = ("limit_power", "limit_logic", "limit_packaging", "limit_memory")
LIMITS = (*SUPPLY, "limit_money", "limit_fleet", "limit_site")
OFF = {**dict.fromkeys(LIMITS, 0.0), "existing_sites_stay": 0.0, "diffusion_rule": 0.0}
SWITCHES = (*OFF, "fleet_in_us_electricity")
START = 2026.5
NODES = np.arange(START, 2036.1, 0.5)
ROWS = 48
SLACK = 1e-9
LARGE = np.array([0.0, 1e-9])

# Inputs that the shipped sets fix or hold in a narrow interval, and the interval in which they are drawn here.
WIDER = {
    "unmet_demand": (0, 2),
    "supply_cut": (0, 0.9),
    "fleet_price_drift": (-0.3, 0.6),
    "delivery_lag": (0.25, 0.25),
    "us_siting_share": (0.05, 1),
    "retirement_hazard": (0, 0.7),
    "cluster_fleet_share_limit": (0.001, 1),
    "standing_fleet_share": (0, 1),
    "earlier_investment_growth_factor": (1.3, 4),
    "earlier_flop_per_dollar_growth": (0, 1),
    "earlier_flop_per_watt_growth": (0, 0.25),
    "possible_power_additions_share": (0.01, 0.5),
    # A price or power below its own floor is no world: what an accelerator costs or draws today is above it.
    "chip_power": (300, 1000),
    "server_overhead": (1, 3),
    "power_floor": (0, 150),
    "cost_floor": (0, 3000),
}


def _interval(name):
    """Return an interval of an input four times as wide as its priors, inside its bounds, in coherent units."""
    priors = [prior_set[name] for prior_set in PRIORS.values()]
    unit = factor(DECLARED[name].unit)
    if name in WIDER:
        return WIDER[name][0] * unit, WIDER[name][1] * unit
    low, high = (f(float(p.quantile(q)) for p in priors) for f, q in ((min, 0.001), (max, 0.999)))
    if name.endswith("_year") or name in ("forecast_start", "returns_lag", "accounting_period"):
        evidence = PRIORS["evidence_2026"][name].median
        return evidence * unit, evidence * unit
    bounds = DECLARED[name].bounds or (-np.inf, np.inf)
    width = high - low
    if bounds[0] == 0 and low > 0:
        return low / 3 * unit, min(high * 3, bounds[1]) * unit
    return max(low - width, bounds[0]) * unit, min(high + width, bounds[1]) * unit


INTERVALS = {name: _interval(name) for name in MODEL.inputs() if name not in SWITCHES}


def _world(seed, switches, outputs, dates=NODES, model=MODEL, **changes):
    """Return worlds whose inputs lie anywhere in their intervals, mostly inside and now and then at an end."""
    rng = np.random.default_rng(seed)
    values = {}
    for name in MODEL.inputs():
        if name in SWITCHES:
            values[name] = np.asarray(float(switches.get(name, 0.0)))
            continue
        low, high = INTERVALS[name]
        place = np.clip(rng.uniform(-0.1, 1.1, ROWS), 0, 1)
        values[name] = np.asarray(low) if low == high else low + (high - low) * place
    values |= {name: np.asarray(change, dtype=float) for name, change in changes.items()}
    needed = {name: values[name] for name in model.inputs(outputs)}
    result = run_model(model, needed | {"year": np.asarray(dates)[:, np.newaxis]}, outputs)
    shape = (len(dates), ROWS)
    return values, {name: np.broadcast_to(result[name], shape) for name in outputs}


SEED = st.integers(0, 2**32 - 1)
ANY = st.fixed_dictionaries({name: st.sampled_from([0.0, 1.0]) for name in SWITCHES})


# ---------------------------------------------------------------- any inputs


@given(SEED, ANY, st.sampled_from([0.0, 0.13, 0.25]))
def test_money_and_accelerators_are_conserved_at_any_date(seed, switches, past_the_node):
    dates = np.concatenate([[2022.3, 2025.0], NODES[:-1] + past_the_node])
    names = ("investment_per_accelerator", "accelerator_shipments", "ai_investment", "waiting_investment", "ai_funding")
    names += ("wanted_investment", "installed_base", "cumulative_shipments", "trend_ai_investment")
    _, x = _world(seed, switches, names, dates)
    np.testing.assert_allclose(
        x["investment_per_accelerator"] * x["accelerator_shipments"], x["ai_investment"], rtol=SLACK
    )
    np.testing.assert_allclose(x["ai_investment"] + x["waiting_investment"], x["wanted_investment"], rtol=SLACK)
    assert (x["ai_investment"] <= x["wanted_investment"] * (1 + SLACK)).all()
    assert (x["wanted_investment"] <= x["trend_ai_investment"] * (1 + SLACK)).all()
    assert (x["installed_base"] <= x["cumulative_shipments"] * (1 + SLACK)).all()
    if switches["limit_money"]:
        assert (x["ai_investment"] <= x["ai_funding"] * (1 + SLACK))[2:].all()


@given(SEED, ANY)
def test_stocks_are_what_was_added_less_what_was_retired(seed, switches):
    stocks = {
        "installed_base": "accelerator_shipments",
        "fleet_power": "shipment_power",
        "fleet_value": "ai_investment",
    }
    inputs, x = _world(seed, switches, (*stocks, *stocks.values()))
    survival = np.exp(-inputs["retirement_hazard"] / 2)
    for stock, flow in stocks.items():
        before, now = x[flow][:-1] * survival, x[flow][1:]
        added = (4 * np.sqrt(before * now) + before + now) / 12
        np.testing.assert_allclose(x[stock][1:], x[stock][:-1] * survival + added, rtol=SLACK, err_msg=stock)


@given(SEED, ANY)
def test_shipments_are_within_each_limit_that_acts(seed, switches):
    capacities = ("power_limited_shipments", "logic_capacity", "packaging_capacity", "memory_capacity")
    _, x = _world(seed, switches, (*capacities, "accelerator_shipments", "wanted_shipments", "scarcity_premium"))
    assert (x["accelerator_shipments"] <= x["wanted_shipments"] * (1 + SLACK)).all()
    assert (x["scarcity_premium"] >= 1).all()
    for limit, capacity in zip(SUPPLY, capacities, strict=True):
        if switches[limit]:
            assert (x["accelerator_shipments"] <= x[capacity] * (1 + SLACK)).all(), capacity


@given(SEED, ANY, st.sampled_from(["limit_power", "limit_logic", "limit_packaging", "limit_memory", "limit_money"]))
def test_a_limit_turned_on_never_raises_shipments(seed, switches, limit):
    # Money follows returns, and a smaller fleet earns better: only money itself may be turned on beside money.
    without = {**switches, limit: 0.0, "limit_money": 0.0}
    free, bound = (_world(seed, s, ["accelerator_shipments"])[1] for s in (without, {**without, limit: 1.0}))
    assert (bound["accelerator_shipments"] <= free["accelerator_shipments"] * (1 + SLACK)).all()


QUOTED = ("leading_edge_capacity", "ai_wafer_share_limit", "packaging_wafers", "memory_supply", "grid_power_additions")
QUOTED += ("generator_additions", "gas_power_additions", "nuclear_power_additions", "possible_power_additions_share")
QUOTED += ("leading_edge_growth", "packaging_growth", "memory_growth", "power_additions_growth")


@given(SEED, ANY, st.sampled_from(QUOTED), st.floats(0, 0.9))
def test_less_of_an_input_of_supply_never_raises_shipments(seed, switches, name, kept):
    switches = {**switches, "limit_money": 0.0}
    inputs, much = _world(seed, switches, ["accelerator_shipments"])
    _, less = _world(seed, switches, ["accelerator_shipments"], **{name: inputs[name] * kept})
    assert (less["accelerator_shipments"] <= much["accelerator_shipments"] * (1 + SLACK)).all()


@given(SEED, ANY)
def test_a_larger_interruption_never_raises_shipments(seed, switches):
    switches = {**switches, "limit_money": 0.0}
    inputs, small = _world(seed, switches, ["accelerator_shipments"])
    _, large = _world(seed, switches, ["accelerator_shipments"], supply_cut=(inputs["supply_cut"] + 0.95) / 2)
    assert (large["accelerator_shipments"] <= small["accelerator_shipments"] * (1 + SLACK)).all()


@given(SEED, ANY)
def test_the_cluster_is_within_its_limits_but_for_what_stands(seed, switches):
    names = ("training_cluster_size", "trend_training_cluster_size", "installed_base", "training_cluster_power")
    names += (
        "fleet_power",
        "cluster_accelerator_cost",
        "cluster_network_cost",
        "cluster_other_cost",
        "available_power",
    )
    names += (
        "training_cluster_cost",
        "grid_supply",
        "onsite_gas_supply",
        "storage_supply",
        "site_power_per_accelerator",
    )
    inputs, x = _world(seed, switches, names)
    stood = np.concatenate([x["trend_training_cluster_size"][:1], x["training_cluster_size"][:-1]])
    if switches["limit_fleet"]:
        most = np.maximum(
            inputs["cluster_fleet_share_limit"] * x["installed_base"], switches["existing_sites_stay"] * stood
        )
        assert (x["training_cluster_size"] <= most * (1 + SLACK)).all()
    if switches["existing_sites_stay"]:
        for size, fleet in (("training_cluster_size", "installed_base"), ("training_cluster_power", "fleet_power")):
            kept = inputs["standing_fleet_share"] * x[fleet][1:]
            assert (x[size][1:] >= np.minimum(x[size][:-1], kept) * (1 - SLACK)).all()
    elif switches["limit_site"]:
        assert (x["training_cluster_power"] <= x["available_power"] * (1 + SLACK)).all()
    costs = sum(x[f"cluster_{part}_cost"] for part in ("accelerator", "network", "other"))
    np.testing.assert_allclose(costs, x["training_cluster_cost"], rtol=SLACK)
    supplies = x["grid_supply"] + x["onsite_gas_supply"] + x["storage_supply"]
    np.testing.assert_allclose(supplies, x["training_cluster_power"], rtol=SLACK)


@given(SEED, ANY)
def test_parts_sum_to_the_whole_and_energy_is_power_times_time(seed, switches):
    shares = ("us_fleet_share", "allied_fleet_share", "other_fleet_share", "inference_share", "training_share")
    added = tuple(f"{source}_power_added" for source in ("grid", "generator", "gas", "nuclear"))
    names = (*shares, *added, "us_power_added", "fleet_energy", "china_fleet_share", "largest_cluster_fleet_share")
    inputs, x = _world(seed, switches, names)
    np.testing.assert_allclose(sum(x[s] for s in shares[:3]), 1, rtol=SLACK)
    np.testing.assert_allclose(x["inference_share"] + x["training_share"], 1, rtol=SLACK)
    assert (x["training_share"] >= np.minimum(x["largest_cluster_fleet_share"], 1) * (1 - SLACK)).all()
    assert (x["china_fleet_share"] <= x["other_fleet_share"] * (1 + SLACK)).all()
    np.testing.assert_allclose(sum(x[source] for source in added), x["us_power_added"], rtol=1e-6)
    _, earlier = _world(seed, switches, ["fleet_power"], NODES - inputs["delivery_lag"])
    np.testing.assert_allclose(x["fleet_energy"], earlier["fleet_power"] * inputs["load_factor"], rtol=SLACK)


@given(SEED, ANY)
def test_nothing_jumps_at_the_start_of_the_forecast(seed, switches):
    names = ("accelerator_shipments", "investment_per_accelerator", "cluster_cost_per_accelerator", "ai_investment")
    names += ("fleet_energy", "installed_base", "fleet_power", "fleet_value", "us_power_additions_limit")
    names += ("logic_capacity", "packaging_capacity", "memory_capacity", "cumulative_shipments", "revenue_cost_ratio")
    _, x = _world(seed, switches, names, [START - 1e-6, START, START + 1e-6])
    for name in names:
        np.testing.assert_allclose(x[name][[0, 2]], x[name][[1, 1]], rtol=1e-4, err_msg=name)


CLOSED = ("accelerator_shipments", "training_cluster_size", "training_cluster_power", "training_cluster_cost")
CLOSED += ("installed_base", "fleet_power", "fleet_energy", "us_electricity", "ai_investment", "binding_constraint")


@given(SEED, st.sampled_from([0.0, 0.37]))
def test_the_forecast_without_limits_is_the_trend(seed, past_the_node):
    dates = np.concatenate([[2023.0], NODES[:-1] + past_the_node])
    on = dict.fromkeys(SWITCHES, 1.0)
    _, trend = _world(seed, on, [f"trend_{name}" for name in CLOSED], dates)
    _, plain = _world(seed, {**on, **OFF}, CLOSED, dates)
    for name in CLOSED:
        np.testing.assert_allclose(plain[name], trend[f"trend_{name}"], rtol=SLACK, err_msg=name)
    assert (plain["binding_constraint"] == 0).all()


@given(SEED, ANY)
def test_prices_and_powers_stay_above_their_floors(seed, switches):
    inputs, x = _world(seed, switches, ("trend_cluster_cost_per_accelerator", "facility_power_per_accelerator"))
    for name, floor in zip(x, ("cost_floor", "power_floor"), strict=True):
        assert (x[name] >= inputs[floor] * (1 - SLACK)).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"earlier_investment_growth_factor": 0.9, "earlier_flop_per_dollar_growth": 0.0, "retirement_hazard": 0.05},
        {"earlier_investment_growth_factor": 1.1, "earlier_flop_per_watt_growth": 0.9},
    ],
)
def test_a_past_that_leaves_no_stock_is_refused_with_a_message(changes):
    priors = PRIORS["evidence_2026"].replace(**changes)
    with pytest.raises(InputError, match="not finite"):
        cc.propagate(cc.draw(priors, 16, seed=1), years=[2030], outputs=["fleet_power", "accelerator_shipments"])


# ---------------------------------------------------------------- the shipped sets

DATES = np.arange(2022.0, 2040.01, 0.5)
WHOLE = ("training_cluster_size", "installed_base", "training_cluster_power", "fleet_power", "training_cluster_cost")
WHOLE += (
    "fleet_value",
    "fleet_energy",
    "world_electricity",
    "us_ai_electricity_share",
    "contradiction",
    "ai_investment",
)
WHOLE += ("facility_power_per_accelerator", "trend_cluster_cost_per_accelerator", "gross_world_product")


@functools.cache
def _draws(name, size=2**13):
    return cc.draw(PRIORS[name], size, design="sobol", seed=3)


@functools.cache
def _evidence():
    return cc.propagate(_draws("evidence_2026"), years=DATES, outputs=WHOLE)


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        ("training_cluster_size", "installed_base"),
        ("training_cluster_power", "fleet_power"),
        ("training_cluster_cost", "fleet_value"),
        ("fleet_energy", "world_electricity"),
    ],
)
def test_no_part_is_above_its_whole(part, whole):
    assert (_evidence()[part].values < _evidence()[whole].values).all()


def test_no_world_of_the_evidence_contradicts_itself():
    assert (_evidence()["contradiction"].values == 0).all()
    assert (_evidence()["us_ai_electricity_share"].values < 1).all()
    invested = _evidence()["ai_investment"].values / _evidence()["gross_world_product"].values
    assert (invested <= 0.15).all()


def test_no_accelerator_costs_or_draws_less_than_its_floor():
    inputs = _draws("evidence_2026")
    for name, floor in (
        ("facility_power_per_accelerator", "power_floor"),
        ("trend_cluster_cost_per_accelerator", "cost_floor"),
    ):
        assert (_evidence()[name].values >= inputs[floor].values).all()


def test_the_essay_under_every_limit_contradicts_itself_in_less_than_one_draw_in_a_thousand():
    priors = PRIORS["situational_awareness"].replace(
        **dict.fromkeys((*LIMITS, "existing_sites_stay", "fleet_in_us_electricity"), 1.0)
    )
    result = cc.propagate(cc.draw(priors, 2**13, design="sobol", seed=3), years=DATES[4:], outputs=["contradiction"])
    assert (result["contradiction"].values > 0).any(axis=0).mean() < 1e-3


def test_nodes_of_half_a_year_are_fine_enough():
    names = ("accelerator_shipments", "ai_investment", "fleet_power", "training_cluster_size", "training_cluster_power")
    names += ("training_cluster_cost", "us_ai_electricity_share", "installed_base")
    inputs, dates = _draws("evidence_2026", 2**11), np.arange(2027.0, 2034.1, 0.5)
    quarters = cc.Model(MODEL.functions.values(), layers=MODEL.layers, step=1 / 16)
    coarse, fine = (cc.propagate(inputs, years=dates, outputs=names, model=model) for model in (MODEL, quarters))
    for name in names:
        ratio = coarse[name].values / fine[name].values
        medians = np.median(coarse[name].values, axis=1) / np.median(fine[name].values, axis=1)
        assert abs(medians - 1).max() < 0.015, name
        assert (np.quantile(abs(ratio - 1), 0.99, axis=1) < 0.04).all(), name


@pytest.mark.parametrize("name", SETS)
def test_any_grid_of_years_gives_the_same(name):
    outputs = ("ai_investment", "training_cluster_size", "us_electricity", "supply_constraint", "cumulative_revenue")
    inputs = _draws(name, 2**10)
    grids = [np.arange(2022.0, 2031.0), np.arange(2023.0, 2030.1, 0.25)]
    coarse, fine = (cc.propagate(inputs, years=grid, outputs=outputs) for grid in grids)
    for output in outputs:
        common = [coarse[output].sel(year=y).values for y in grids[0] if y in grids[1]]
        np.testing.assert_allclose(
            common, [fine[output].sel(year=y).values for y in grids[0] if y in grids[1]], rtol=1e-12
        )
