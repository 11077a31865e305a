"""Every input at its declared bounds, alone and with others: finite outputs, or a refusal that names it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.engine.units import conversion
from clustercast.errors import InputError
from clustercast.priors.declarations import declared_inputs
from clustercast.quantities.cluster_model import cluster_model

SETS = ("evidence_2026", "situational_awareness")
YEARS = (2022, 2026.5, 2030, 2034)
MODEL = cluster_model()
DECLARED = declared_inputs()
# Their values shape the run, so that they cannot differ between samples.
SHAPING = ("forecast_start", "delivery_lag", "returns_lag")
BOUNDS = [(n, b) for n, d in DECLARED.items() for b in d.bounds or () if np.isfinite(b) and not (d.positive and b == 0)]
DRAWS = {name: cc.draw(cc.read_priors(name), 4, seed=1) for name in SETS}


def run(name, worlds):
    """Propagate one sample a world: a draw with some inputs at a bound each."""
    inputs = DRAWS[name].isel(sample=np.zeros(len(worlds), dtype=int)).assign_coords(sample=np.arange(len(worlds)))
    for changed in dict.fromkeys(n for world in worlds for n in world):
        size, attrs = conversion(DECLARED[changed].unit, inputs[changed].units), inputs[changed].attrs
        before = np.broadcast_to(inputs[changed].values, len(worlds))
        values = np.array([world[changed] * size if changed in world else b for world, b in zip(worlds, before)])
        inputs[changed] = ((), values[0], attrs) if changed in SHAPING else ("sample", values, attrs)
    inputs.attrs = DRAWS[name].attrs
    result = cc.propagate(inputs, years=YEARS, outputs=MODEL.functions)
    for output in MODEL.functions:
        assert not np.isnan(result[output].values).any(), output


def refused(name, worlds):
    """Return the worlds that are refused, each with the message."""
    try:
        run(name, worlds)
    except InputError as error:
        if len(worlds) == 1:
            return [(worlds[0], str(error))]
        half = len(worlds) // 2
        return refused(name, worlds[:half]) + refused(name, worlds[half:])
    return []


@pytest.mark.parametrize("name", SETS)
def test_an_input_at_its_bound_gives_a_world_or_is_named(name):
    known = [(n, b) for n, b in BOUNDS if n in DRAWS[name]]
    together = [{n: b} for n, b in known if n not in SHAPING]
    result = refused(name, together) + [r for n, b in known if n in SHAPING for r in refused(name, [{n: b}])]
    assert not [message for world, message in result if next(iter(world)) not in message]
    # A period of a hundredth of a year compounds a yearly rate a hundred times a year.
    assert {next(iter(world)) for world, _ in result} <= {
        "accounting_period",
        "earlier_flop_per_dollar_growth",
        *SHAPING,
    }


@given(st.sampled_from(SETS), st.lists(st.sampled_from(BOUNDS), min_size=2, max_size=6, unique_by=lambda b: b[0]))
def test_inputs_at_their_bounds_together_give_a_world_or_one_is_named(name, corner):
    world = {n: b for n, b in corner if n in DRAWS[name]}
    for _, message in refused(name, [world]) if world else []:
        assert any(n in message for n in world), message


@pytest.mark.parametrize("name", [n for n, d in DECLARED.items() if d.positive])
def test_an_input_that_the_model_divides_by_is_refused_at_0(name):
    with pytest.raises(InputError, match=f"{name}.*above 0"):
        cc.read_priors("evidence_2026").replace(**{name: 0.0})


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"cost_floor": 1e5}, ("cost_floor", "accelerator_price")), ({"power_floor": 1e4}, ("power_floor", "chip_power"))],
)
def test_a_price_or_power_below_its_floor_is_refused_by_the_inputs(changed, named):
    inputs = cc.draw(cc.read_priors("evidence_2026").replace(**changed), 64, seed=1)
    with pytest.raises(InputError, match=".*".join(named)):
        cc.propagate(inputs)


def test_an_input_that_the_model_divides_by_is_refused_where_its_draws_reach_0():
    # The quantiles of a beta distribution of so small a shape are 0 as floats; a mixture has a value at 0.
    priors = cc.read_priors("evidence_2026")
    for name, unit in ((n, d.unit) for n, d in DECLARED.items() if d.positive):
        mixture = cc.Mixture([0.1, 0.9], [cc.Fixed(0.0), cc.Uniform(0.1, 0.5)], unit=unit)
        for near in (cc.Beta(0.001, 1.0, unit=unit), mixture):
            with pytest.raises(InputError, match=f"{name}.*above 0"):
                priors.replace(**{name: near})
        touched = cc.Uniform(0, 0.5, unit=unit)
        assert priors.replace(**{name: touched})[name] == touched


@given(st.sampled_from([n for n, d in DECLARED.items() if d.bounds and n in DRAWS["evidence_2026"]]))
def test_values_outside_the_bounds_are_refused_by_the_model_wherever_they_come_from(name):
    low, high = DECLARED[name].bounds
    users = next(quantity for quantity in MODEL.functions if name in MODEL.inputs([quantity]))
    beyond = (
        low - 1e-3 * max(abs(low), 1),
        high + 1e-3 * max(abs(high), 1),
        *([0.0] if DECLARED[name].positive else []),
    )
    for value in filter(np.isfinite, beyond):
        inputs = DRAWS["evidence_2026"].copy()
        size = conversion(DECLARED[name].unit, inputs[name].units)
        inputs[name] = (inputs[name].dims, np.full(inputs[name].shape, value * size), inputs[name].attrs)
        with pytest.raises(InputError, match=f"'{name}' is .*(, outside|a lag is 0 or more)"):
            cc.propagate(inputs, years=YEARS, outputs=users)


@pytest.mark.parametrize(
    ("name", "within"), [("load_factor", "0, excluded, to 1"), ("gas_plant_build_time", "0 to inf")]
)
@pytest.mark.parametrize("place", range(4))
def test_one_value_outside_its_bounds_is_refused_wherever_it_stands(name, within, place):
    inputs = DRAWS["evidence_2026"].copy()
    values = inputs[name].values.copy()
    values[place] = -0.5
    inputs[name] = (inputs[name].dims, values, inputs[name].attrs)
    users = next(quantity for quantity in MODEL.functions if name in MODEL.inputs([quantity]))
    with pytest.raises(InputError, match=f"input '{name}' is -0.5, outside {within}, which"):
        cc.propagate(inputs, years=YEARS, outputs=users)


def test_a_change_from_a_date_has_the_bounds_of_the_input_also_where_it_is_added_by_hand():
    with pytest.raises(InputError, match="load_factor.*outside"):
        cc.read_priors("evidence_2026").add(load_factor_from_2028=-0.5)
    with pytest.raises(InputError, match="'2 W' is in 'W'"):
        cc.read_priors("evidence_2026").add(investment_growth_factor_from_2028="2 W")
    inputs = cc.draw(cc.read_priors("evidence_2026").add(investment_growth_factor_from_2028=1.5), 4)
    inputs["investment_growth_factor_from_2028"] *= -1
    with pytest.raises(InputError, match="'investment_growth_factor_from_2028' is -1.5, outside"):
        cc.propagate(inputs, outputs="ai_investment")
