"""What holds for every quantity of the shipped model: finite, of one shape, in units, by rows and by dates alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.engine.program import program
from clustercast.engine.quantity import declaration_of
from clustercast.engine.units import factor
from tests.coherent import run_model

SETS = ("situational_awareness", "evidence_2026")
MODEL = cc.cluster_model()
NAMES = tuple(MODEL.order(MODEL.functions))
YEARS = np.arange(2022.0, 2034.5, 0.5)[:, np.newaxis]
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
    result = {}
    for name in priors.uncertain:
        corners = np.where(rng.random(ROWS // 2) < 0.5, TAIL, 1 - TAIL)
        result[name] = np.concatenate([[TAIL, 1 - TAIL], corners, rng.uniform(TAIL, 1 - TAIL, ROWS // 2 - 2)])
    return result


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
    values = states[prior_set][name]
    assert not np.isnan(values).any()
    assert MODEL.declaration(name).infinite or np.isfinite(values).all()


@EVERY
def test_years_come_first_and_samples_last(states, name):
    result = states[SETS[0]][name]
    is_index = bool(declaration_of(MODEL.functions[name]).labels)
    assert result.dtype == np.float64 or is_index
    assert not is_index or np.array_equal(result, result.astype(np.int8))
    assert np.broadcast_shapes(result.shape, (len(YEARS), ROWS)) == (len(YEARS), ROWS)


@BOTH
def test_numbers_do_not_depend_on_the_units_of_the_inputs(prior_set):
    priors = PRIORS[prior_set]
    rng = np.random.default_rng(5)
    values = at(priors, {name: rng.uniform(0.05, 0.95, 3) for name in priors.uncertain})
    units = {name: priors[name].unit for name in priors}
    own = {name: values[name] / factor(units[name]) for name in MODEL.inputs()}
    assert set(program(MODEL, own, units, NAMES, YEARS[:, 0]).dimensions) == set(NAMES)


@pytest.fixture(scope="module")
def twelve():
    """Return twelve rows of each prior set, the first two at the ends of the supports, and the whole model on them."""
    points = {name: corners_and_random_points(PRIORS[name], seed=3) for name in SETS}
    values = {name: at(PRIORS[name], {key: p[:12] for key, p in points[name].items()}) for name in SETS}
    return {name: (values[name], everything(values[name], YEARS)) for name in SETS}


def rows_of(values, rows):
    """Return some rows of the inputs, read-only."""
    result = {name: value[rows] if value.ndim else value for name, value in values.items()}
    for value in result.values():
        value.setflags(write=False)
    return result


@BOTH
@given(order=st.permutations(range(12)), cut=st.integers(1, 11))
def test_a_row_does_not_see_the_others(twelve, prior_set, order, cut):
    values, whole = twelve[prior_set]
    parts = [everything(rows_of(values, np.array(rows)), YEARS) for rows in (order[:cut], order[cut:])]
    for name in NAMES:
        if whole[name].shape[-1:] == (12,):
            joined = np.concatenate([part[name] for part in parts], axis=-1)
            np.testing.assert_allclose(joined, whole[name][..., order], rtol=1e-13, err_msg=name)


def steps(state, need, rows=slice(1, None)):
    """Return an argument at every date of the grid but the first: previous values are those of the date before."""
    before = need.kind == "previous" or need.name == "previous_year"
    values = state["year" if need.name == "previous_year" else need.name]
    return values[slice(None, -1) if before else rows] if np.ndim(values) == 2 and len(values) > 1 else values


@BOTH
@EVERY
def test_a_declared_sign_holds(states, prior_set, name):
    priors, state, declared = PRIORS[prior_set], states[prior_set], declaration_of(MODEL.functions[name])
    points = corners_and_random_points(priors)
    definition = MODEL.definition(name)
    arguments = {a: steps(state, n) for a, n in zip(definition.arguments, definition.needs, strict=True)}
    value = MODEL.functions[name](**arguments)
    signs = dict.fromkeys(declared.increasing, 1) | dict.fromkeys(declared.decreasing, -1)
    assert set(signs) <= set(arguments)
    for argument, sign in signs.items():
        if argument in points:
            higher = points[argument] + (1 - TAIL - points[argument]) * np.linspace(0, 1, ROWS)
            more = priors[argument].quantile(higher) * factor(priors[argument].unit)
        else:
            more = arguments[argument] + 0.1 * np.abs(arguments[argument])
        with np.errstate(invalid="ignore"):
            change = sign * (MODEL.functions[name](**{**arguments, argument: more}) - value)
        assert (change >= -1e-12 * np.abs(value))[np.isfinite(change)].all(), f"{name} in {argument}"


@BOTH
@given(st.lists(st.floats(2015.0, 2034.0), min_size=2, max_size=3, unique=True))
def test_a_date_does_not_see_the_others(prior_set, dates):
    priors, rng = PRIORS[prior_set], np.random.default_rng(11)
    values = at(priors, {name: rng.uniform(0.05, 0.95, 8) for name in priors.uncertain})
    alone = [everything(values, np.array([[date]])) for date in dates]
    together = everything(values, np.array(sorted(dates))[:, np.newaxis])
    for place, date in enumerate(dates):
        row = sorted(dates).index(date)
        for name in NAMES:
            rows = np.broadcast_to(together[name], (len(dates), 8))[row]
            one = np.broadcast_to(alone[place][name], (1, 8))[0]
            if name != "waiting_investment":
                np.testing.assert_allclose(rows, one, rtol=1e-10, err_msg=f"{name} at {date}")


# Each growth rate: an output that rises (1) or falls (-1) with it from its base year on.
GROWTH = [
    ("cluster_growth_rate", "trend_training_cluster_size", "cluster_start_year", 1),
    ("cluster_growth_slowdown", "trend_training_cluster_size", "cluster_start_year", -1),
    ("investment_growth_factor", "trend_ai_investment", "investment_base_year", 1),
    ("flop_per_dollar_growth", "trend_accelerator_shipments", "cost_base_year", 1),
    ("flop_per_dollar_growth", "trend_training_cluster_cost", "cost_base_year", -1),
    ("flop_per_watt_growth", "facility_power_per_accelerator", "power_base_year", -1),
    ("flop_per_watt_growth", "trend_training_cluster_power", "power_base_year", -1),
    ("chip_progress", "chip_gain", "forecast_start", 1),
    ("gross_world_product_growth", "gross_world_product", "gross_world_product_base_year", 1),
    ("us_electricity_growth", "us_electricity_without_ai", "us_electricity_base_year", 1),
    ("world_electricity_growth", "world_electricity", "world_electricity_base_year", 1),
    ("us_gdp_growth", "us_gdp", "us_gdp_base_year", 1),
    ("revenue_doubling_time", "leading_lab_revenue", "leading_lab_base_year", -1),
    ("revenue_doubling_time", "big_tech_ai_revenue", "big_tech_base_year", -1),
    ("revenue_doubling_time_lengthening", "leading_lab_revenue", "leading_lab_base_year", -1),
    ("algorithmic_progress", "effective_training_compute", "algorithmic_progress_base_year", 1),
    ("retirement_hazard", "trend_installed_base", "accounting_period", -1),
    ("retirement_hazard", "trend_fleet_power", "accounting_period", -1),
]


@BOTH
@pytest.mark.parametrize(("rate", "output", "base", "sign"), GROWTH)
def test_outputs_are_monotone_in_their_growth_rates(prior_set, rate, output, base, sign):
    priors = PRIORS[prior_set]
    rng = np.random.default_rng(7)
    values = at(priors, {name: rng.uniform(0.01, 0.99, 60) for name in priors.uncertain})
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


@BOTH
def test_every_prior_has_unit_source_and_date_and_is_used(prior_set):
    priors = PRIORS[prior_set]
    assert set(priors) == set(MODEL.inputs())
    for name, prior in priors.items():
        assert prior.source and prior.as_of, name
        factor(prior.unit)
