"""What holds for every quantity of the shipped model, and what is conserved between them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.engine.program import program, run_model
from clustercast.engine.quantity import declaration_of
from clustercast.engine.units import factor

SETS = ("situational_awareness", "evidence_2026")
MODEL = cc.cluster_model()
NAMES = tuple(MODEL.order(MODEL.functions))
YEARS = np.arange(2022.0, 2035.0)[:, np.newaxis]
HALF_YEARS = np.arange(2022.0, 2034.5, 0.5)[:, np.newaxis]
PRIORS = {name: cc.read_priors(name) for name in SETS}
TAIL = 1e-6
ROWS = 160
EVERY = pytest.mark.parametrize("name", NAMES)
BOTH = pytest.mark.parametrize("prior_set", SETS)


def at(priors, probabilities):
    """Return every input in coherent units at the probabilities of each uncertain one, read-only."""
    values = {}
    for name in priors:
        p = probabilities.get(name)
        value = np.asarray(priors[name].median if p is None else priors[name].quantile(p)) * factor(priors[name].unit)
        value.setflags(write=False)
        values[name] = value
    return values


def corners_and_random_points(priors, seed=20240604):
    """Draw rows at the ends of every support, and between them."""
    rng = np.random.default_rng(seed)
    found = {}
    for name in priors.uncertain:
        corners = np.where(rng.random(ROWS // 2) < 0.5, TAIL, 1 - TAIL)
        found[name] = np.concatenate([[TAIL, 1 - TAIL], corners, rng.uniform(TAIL, 1 - TAIL, ROWS // 2 - 2)])
    return found


def everything(values, years):
    """Run the whole model, nothing that a quantity is given may be written to, nothing may overflow."""

    def call(name, function, needs, arguments):
        result = np.asarray(function(*arguments))
        result.setflags(write=False)
        return result

    given = {name: values[name] for name in MODEL.inputs()} | {"year": years}
    return {**values, "year": years, **run_model(MODEL, given, NAMES, call)}


@pytest.fixture(scope="module")
def states():
    return {name: everything(at(PRIORS[name], corners_and_random_points(PRIORS[name])), YEARS) for name in SETS}


@BOTH
@EVERY
def test_a_quantity_is_finite_at_the_corners_of_the_support(states, prior_set, name):
    assert np.isfinite(states[prior_set][name]).all()


@EVERY
def test_years_come_first_and_samples_last(states, name):
    found = states[SETS[0]][name]
    is_index = bool(declaration_of(MODEL.functions[name]).labels)
    assert found.dtype == (np.int8 if is_index else np.float64)
    assert np.broadcast_shapes(found.shape, (len(YEARS), ROWS)) == (len(YEARS), ROWS)


@BOTH
def test_numbers_do_not_depend_on_the_units_of_the_inputs(prior_set):
    priors = PRIORS[prior_set]
    rng = np.random.default_rng(5)
    values = at(priors, {name: rng.uniform(0.05, 0.95, 3) for name in priors.uncertain})
    units = {name: priors[name].unit for name in priors}
    own = {name: values[name] / factor(units[name]) for name in MODEL.inputs()}
    assert set(program(MODEL, own, units, NAMES, YEARS[:, 0]).dimensions) == set(NAMES)


@BOTH
@given(order=st.permutations(range(12)), cut=st.integers(1, 11))
def test_a_row_does_not_see_the_others(prior_set, order, cut):
    priors = PRIORS[prior_set]
    points = {name: p[:12] for name, p in corners_and_random_points(priors, seed=3).items()}
    whole = everything(at(priors, points), YEARS)
    parts = [
        everything(at(priors, {name: p[np.array(rows)] for name, p in points.items()}), YEARS)
        for rows in (order[:cut], order[cut:])
    ]
    for name in NAMES:
        if whole[name].shape[-1:] == (12,):
            joined = np.concatenate([part[name] for part in parts], axis=-1)
            np.testing.assert_allclose(joined, whole[name][..., order], rtol=1e-13, err_msg=name)


def raised(name, values, priors, points, state):
    """Return an argument with larger values: further up its prior, or a tenth more of what was computed."""
    if name not in priors:
        return state[name] + 0.1 * np.abs(state[name])
    if name not in points:
        return None
    higher = points[name] + (1 - TAIL - points[name]) * np.linspace(0, 1, ROWS)
    return priors[name].quantile(higher) * factor(priors[name].unit)


@BOTH
@EVERY
def test_a_declared_sign_holds(states, prior_set, name):
    priors, state, declared = PRIORS[prior_set], states[prior_set], declaration_of(MODEL.functions[name])
    points = corners_and_random_points(priors)
    arguments = {argument: state[argument] for argument in MODEL.arguments(name)}
    signs = dict.fromkeys(declared.increasing, 1) | dict.fromkeys(declared.decreasing, -1)
    assert set(signs) <= set(arguments)
    for argument, sign in signs.items():
        more = raised(argument, state, priors, points, state)
        if more is None:
            continue
        change = sign * (MODEL.functions[name](**{**arguments, argument: more}) - state[name])
        slack = 1e-12 * np.abs(state[name])
        assert (change >= -slack).all(), f"{name} in {argument}"


# What is integrated on the grid, along a path whose growth changes between two years of it.
INTEGRATED = {"cumulative_margin": 0.03, "cumulative_cluster_spending": 0.01, "cumulative_payback": 0.03}


@pytest.fixture(scope="module")
def grids():
    rng = np.random.default_rng(11)
    found = {}
    for name in SETS:
        values = at(PRIORS[name], {n: rng.uniform(0.05, 0.95, 40) for n in PRIORS[name].uncertain})
        found[name] = [everything(values, years) for years in (YEARS, HALF_YEARS)]
    return found


@BOTH
@EVERY
def test_a_finer_grid_of_years_changes_nothing(grids, prior_set, name):
    shapes = [np.broadcast_shapes(grid[name].shape, grid["year"].shape) for grid in grids[prior_set]]
    yearly, half_yearly = (np.broadcast_to(g[name], s) for g, s in zip(grids[prior_set], shapes, strict=True))
    np.testing.assert_allclose(half_yearly[::2], yearly, rtol=INTEGRATED.get(name, 1e-9))


# Each growth rate: an output that rises (1) or falls (-1) with it from its base year on.
GROWTH = [
    ("cluster_growth_rate", "training_cluster_size", "cluster_start_year", 1),
    ("cluster_growth_slowdown", "training_cluster_size", "cluster_start_year", -1),
    ("investment_growth_factor", "ai_investment", "investment_base_year", 1),
    ("investment_growth_factor", "accelerator_shipments", "investment_base_year", 1),
    ("fleet_flop_per_dollar_growth", "accelerator_shipments", "investment_base_year", 1),
    ("flop_per_dollar_growth", "training_cluster_cost", "cost_base_year", -1),
    ("flop_per_watt_growth", "training_cluster_power", "power_base_year", -1),
    ("flop_per_watt_growth", "shipment_power", "power_base_year", -1),
    ("us_electricity_growth", "us_electricity", "us_electricity_base_year", 1),
    ("us_gdp_growth", "us_gdp", "us_gdp_base_year", 1),
    ("revenue_doubling_time", "leading_lab_revenue", "leading_lab_base_year", -1),
    ("revenue_doubling_time", "big_tech_ai_revenue", "big_tech_base_year", -1),
    ("revenue_doubling_time_lengthening", "leading_lab_revenue", "leading_lab_base_year", -1),
    ("spender_cash_flow_doubling_time", "spender_funds", "spender_base_year", -1),
    ("leading_edge_doubling_time", "logic_wafer_capacity", "capacity_base_year", -1),
    ("packaging_doubling_time", "packaging_capacity", "capacity_base_year", -1),
    ("memory_doubling_time", "memory_capacity", "capacity_base_year", -1),
    ("retirement_hazard", "installed_base", "fleet_start_year", -1),
]


@BOTH
@pytest.mark.parametrize(("rate", "output", "base", "sign"), GROWTH)
def test_outputs_are_monotone_in_their_growth_rates(prior_set, rate, output, base, sign):
    priors = PRIORS[prior_set]
    rng = np.random.default_rng(7)
    values = at(priors, {name: rng.uniform(TAIL, 1 - TAIL, 60) for name in priors.uncertain})
    needed = {name: values[name] for name in MODEL.inputs([output])}
    low = np.broadcast_to(values[rate], (60,))
    after = YEARS[:, 0] >= values[base]
    paths = [
        np.broadcast_to(run_model(MODEL, {**needed, rate: rising, "year": YEARS}, [output])[output], (len(YEARS), 60))
        for rising in (low, low + 0.1 * np.abs(low) + 0.01)
    ]
    # Relative: both sides of a path that spans decades count alike.
    change = sign * (paths[1] / paths[0] - 1)[after]
    assert (change >= -1e-12).all()


@pytest.fixture(scope="module", params=SETS)
def forecast(request, states):
    return states[request.param]


def test_the_stock_is_what_survived_and_what_was_shipped(forecast):
    stock, flow = forecast["installed_base"], forecast["accelerator_shipments"]
    survival = np.exp(-forecast["retirement_hazard"])
    np.testing.assert_allclose(stock[1:], stock[:-1] * survival + flow[1:], rtol=1e-12)


def test_the_fleets_power_is_what_survived_and_what_was_added(forecast):
    power, added = forecast["fleet_power"], forecast["shipment_power"]
    survival = np.exp(-forecast["retirement_hazard"])
    np.testing.assert_allclose(power[1:], power[:-1] * survival + added[1:], rtol=1e-12)


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (("inference_share", "training_share"), None),
        (("us_fleet_share", "allied_fleet_share", "other_fleet_share"), None),
        (("cluster_accelerator_cost", "cluster_network_cost", "cluster_other_cost"), "training_cluster_cost"),
        (("grid_supply", "onsite_gas_supply", "storage_supply"), "training_cluster_power"),
        (("malaysia_power", "gulf_power"), "capacity_abroad"),
    ],
)
def test_parts_sum_to_the_whole(forecast, parts, whole):
    total = 1.0 if whole is None else forecast[whole]
    assert all((forecast[part] >= -1e-12 * np.abs(total)).all() for part in parts)
    np.testing.assert_allclose(sum(forecast[part] for part in parts), total, rtol=1e-12)


def test_wafers_times_accelerators_on_each_are_shipments(forecast):
    made = forecast["wafers_required"] * forecast["accelerators_per_wafer"]
    np.testing.assert_allclose(made, forecast["accelerator_shipments"], rtol=1e-14)


def test_shipments_times_their_price_are_investment(forecast):
    spent = forecast["accelerator_shipments"] * forecast["investment_per_accelerator"]
    np.testing.assert_allclose(spent, forecast["ai_investment"], rtol=1e-14)


def test_energy_is_power_over_time(forecast):
    hours = 8760 * forecast["load_factor"]
    for energy, power in (("training_cluster_energy", "training_cluster_power"), ("fleet_energy", "fleet_power")):
        terawatt_hours = forecast[energy] / factor("TWh/year")
        np.testing.assert_allclose(terawatt_hours, forecast[power] * hours / 1e12, rtol=1e-12)


def test_cost_per_watt_is_cost_over_power(forecast):
    ratio = forecast["training_cluster_cost"] / forecast["training_cluster_power"]
    np.testing.assert_allclose(forecast["cluster_cost_per_watt"], ratio, rtol=1e-12)


def test_a_feasible_cluster_is_part_of_the_stock_and_within_every_limit(forecast):
    feasible = forecast["feasible_cluster_size"]
    assert (feasible <= forecast["installed_base"]).all()
    assert (feasible <= forecast["training_cluster_size"]).all()
    assert (feasible * forecast["facility_power_per_accelerator"] <= forecast["available_power"] * (1 + 1e-12)).all()
    cost = feasible * forecast["cluster_cost_per_accelerator"]
    assert (cost <= forecast["affordable_cluster_cost"] * (1 + 1e-12)).all()


def test_the_bare_trend_can_outgrow_the_stock():
    """The essay's two trends are drawn apart: fast clusters and slow investment contradict each other."""
    priors = PRIORS["situational_awareness"]
    fast = {"cluster_growth_rate": np.array([0.999]), "investment_growth_factor": np.array([0.001])}
    state = everything(at(priors, fast), YEARS)
    assert state["largest_cluster_fleet_share"][-1, 0] > 1
    assert state["feasible_cluster_size"][-1, 0] < state["installed_base"][-1, 0]


@BOTH
def test_every_prior_has_unit_source_and_date_and_is_used(prior_set):
    priors = PRIORS[prior_set]
    assert set(priors) == set(MODEL.inputs())
    for name, prior in priors.items():
        assert prior.source and prior.as_of, name
        factor(prior.unit)


def test_the_evidence_correlates_the_two_efficiencies():
    (correlation,) = PRIORS["evidence_2026"].correlations
    assert set(correlation.between) == {"flop_per_dollar_growth", "flop_per_watt_growth"}
    assert correlation.rank == 0.5
    assert correlation.source and correlation.as_of
    drawn = cc.draw(PRIORS["evidence_2026"], 4096, seed=1)
    pair = [np.argsort(np.argsort(drawn[name].values)) for name in correlation.between]
    assert np.corrcoef(pair)[0, 1] == pytest.approx(0.5, abs=0.06)
