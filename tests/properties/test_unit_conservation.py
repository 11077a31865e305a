"""The same physics in any units: inputs given in other units give the same forecast, on both shipped sets."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.engine.units import conversion

SETS = ("situational_awareness", "evidence_2026")
YEARS = (2024.0, 2027.0, 2030.0, 2034.0)
# Other ways to write the parts of a unit. Dates stay in years: a date is a place, and months are no exact fraction.
OTHERS = {
    "W": ("GW", "kW", "J/second"),
    "kW": ("MW", "W"),
    "GW": ("MW", "GWh/hour"),
    "kWh": ("MWh", "J", "Btu"),
    "TWh": ("GWh", "kW*year"),
    "USD": ("kUSD", "EUR", "GUSD"),
    "H100e": ("kH100e", "MH100e"),
    "ft3": ("m3", "Bcf", "gallon"),
    "Bcf": ("ft3", "m3"),
    "FLOP": ("TFLOP", "EFLOP"),
    "chip": ("kchip",),
    "wafer": ("kwafer",),
    "percent": ("1",),
    "%": ("1",),
}
RATES = {"year": ("month", "day", "yr"), "month": ("year", "week"), "day": ("year", "hour")}


def other_unit(unit, choice):
    """Return the unit written with other parts, as `choice` picks them."""
    if unit == "1":
        return "percent"
    above, *below = unit.split("/")

    def replaced(part, known):
        return re.sub(r"[A-Za-z_]\w*|%", lambda at: f"({choice(known[at[0]])})" if at[0] in known else at[0], part)

    return "/".join([replaced(above, OTHERS), *(replaced(part, OTHERS | RATES) for part in below)])


@pytest.fixture(scope="module", params=SETS)
def forecast(request):
    inputs = cc.draw(cc.read_priors(request.param), 16, design="sobol", seed=8)
    return inputs, cc.propagate(inputs, years=YEARS)


@given(data=st.data())
def test_inputs_in_other_units_give_the_same_forecast(forecast, data):
    inputs, before = forecast
    changed = inputs.copy()
    for name in data.draw(st.lists(st.sampled_from(sorted(inputs.data_vars)), unique=True, min_size=1), label="inputs"):
        unit = inputs[name].attrs["units"]
        other = other_unit(unit, lambda ways: data.draw(st.sampled_from(ways)))
        changed[name] = (inputs[name].dims, inputs[name].values * conversion(unit, other), inputs[name].attrs)
        changed[name].attrs = {**inputs[name].attrs, "units": other}
    after = cc.propagate(changed, years=YEARS)
    for name, variable in before.data_vars.items():
        if variable.attrs["role"] == "output":
            np.testing.assert_allclose(after[name], variable, rtol=1e-9, err_msg=str(name))
