"""Units: coherent factors, conversions and texts, against arithmetic done by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustercast.engine import units
from clustercast.errors import InputError


@pytest.mark.parametrize(
    ("unit", "coherent"),
    [
        ("GW", 1e9),
        ("TWh/year", 1e12 / 8760),
        ("kWh/ft3", 1e3 / 8760),
        ("month", 1 / 12),
        ("ft3/day", 365.0),
        ("Bcf/day", 365e9),
        ("USD/kW", 1e-3),
        ("percent", 0.01),
        ("OOM/year", 1.0),
        ("FLOP/second", 8760 * 3600.0),
        ("1", 1.0),
    ],
)
def test_factor_to_the_coherent_unit(unit, coherent):
    assert units.factor(unit) == pytest.approx(coherent, rel=1e-14)


def test_ten_gigawatts_for_a_year_is_the_essays_87_6_terawatt_hours():
    assert units.in_unit("10 GW", "TWh/year") == pytest.approx(87.6, rel=1e-14)


def test_full_efficiency_of_gas_from_btu():
    """1,037 Btu per cubic foot over 3,412 Btu per kWh is 0.3039 kWh per cubic foot (EIA)."""
    assert units.in_unit("1037 Btu/ft3", "kWh/ft3") == pytest.approx(0.3039, abs=5e-5)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("100 GW", "W", 1e11),
        ("$1T", "USD", 1e12),
        ("$ 2.5B/year", "USD/year", 2.5e9),
        ("20 %", "1", 0.2),
        ("20%", "1", 0.2),
        ("1,000 MW", "GW", 1.0),
        ("1e5 H100e", "H100e", 1e5),
        ("-3", "1", -3.0),
        (7, "GW", 7.0),
    ],
)
def test_texts_in_a_unit(text, unit, value):
    assert units.in_unit(text, unit) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("text", ["GW", "", "1..2 GW", "$ 1 billion", "ten GW", "1 GWW"])
def test_a_text_that_cannot_be_read_says_how_to_write_it(text):
    with pytest.raises(InputError, match=r"write|known"):
        units.in_unit(text, "W")


def test_an_unknown_unit_names_the_nearest():
    with pytest.raises(InputError, match=r"unknown unit 'H100' .*nearest known: H100e"):
        units.factor("USD/H100")


def test_another_dimension_is_refused_with_both_units():
    with pytest.raises(InputError, match="'GW', which does not convert to 'USD'"):
        units.conversion("GW", "USD", "level")


@given(st.sampled_from(["W", "TWh/year", "USD/kW", "kWh/ft3"]), st.floats(1e-9, 1e15))
def test_there_and_back(unit, value):
    assert value * units.factor(unit) / units.factor(unit) == pytest.approx(value)
