"""Units: coherent factors, conversions and texts, against arithmetic done by hand."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.engine import units
from clustercast.engine.units import definitions, read_product
from clustercast.errors import InputError

NAMES = sorted(name for name in definitions() if not name.endswith("-"))
PREFIXES = [name.removesuffix("-") for name in definitions() if name.endswith("-")]
PREFIXED = [p + n for n in NAMES for p in PREFIXES if n != "%" and p + n not in NAMES]
POWER = st.sampled_from(["", "", "**2", "**3", "**0.5"])


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
        ("$5k", "USD", 5e3),
        ("$5M", "USD", 5e6),
        ("$5B", "USD", 5e9),
        ("$5", "USD", 5.0),
        ("$1,500", "USD", 1500.0),
        ("$12 per month", "USD/year", 144.0),
        ("€2M", "EUR", 2e6),
        ("0.3", "1", 0.3),
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


def test_a_text_is_read_as_a_number_and_its_unit():
    texts = ("100 GW", "0.3", "$1T", "$2.5B/year", "€5M")
    pairs = [(100.0, "GW"), (0.3, "1"), (1e12, "USD"), (2.5e9, "USD/year"), (5e6, "EUR")]
    assert list(map(units.parse_quantity, texts)) == pairs


@pytest.mark.parametrize(
    "text", ["GW", "", "1..2 GW", "$ 1 billion", "ten GW", "1 GWW", "$5 kW", "1e999 W", "1_ W", "٣ W", "1 xW"]
)
def test_a_text_that_cannot_be_read_says_how_to_write_it(text):
    with pytest.raises(InputError, match=r"write|known"):
        units.in_unit(text, "W")
    with pytest.raises(InputError, match="unknown unit 'GWW'"):
        units.parse_quantity("1 GWW")


def test_an_unknown_unit_names_the_nearest():
    with pytest.raises(InputError, match=r"unknown unit 'H100' .*nearest known: H100e"):
        units.factor("USD/H100")


def test_another_dimension_is_refused_with_both_units():
    with pytest.raises(InputError, match="'GW', which does not convert to 'USD'"):
        units.conversion("GW", "USD", "level")
    assert not units.same_dimension("GW", "USD")


def test_units_that_cancel_leave_a_pure_number():
    assert units.in_unit("3 MW/kW", "1") == pytest.approx(3000)
    assert units.in_unit("2 1/(year*day)*day**2", "1") == pytest.approx(2 / 365)
    assert units.same_base("radian", "1")


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        # By definition: 1 ft = 0.3048 m, 1 US gallon = 231 cubic inches, 1 barrel = 42 gallons.
        ("1 ft3", "L", 0.3048**3 * 1000),
        ("1 gallon", "L", 231 * 0.254**3),
        ("1 barrel", "gallon", 42.0),
        ("1 m3", "litre", 1000.0),
        ("1 t", "kg", 1000.0),
        ("1 tonne", "t", 1.0),
        ("1 kg", "g", 1000.0),
        ("400 gCO2/kWh", "tCO2/GWh", 400.0),
        ("1 MWh", "GJ", 3.6),
        ("3 yr", "month", 36.0),
        # The averages of 2025 that the registry declares.
        ("1 EUR", "USD", 1.13),
        ("1 GBP", "USD", 1.32),
    ],
)
def test_units_of_mass_volume_carbon_and_other_currencies(text, unit, value):
    assert units.in_unit(text, unit) == pytest.approx(value, rel=1e-12)


def test_a_tonne_is_not_a_tonne_of_carbon_dioxide():
    with pytest.raises(InputError, match="does not convert"):
        units.conversion("t", "tCO2")


@given(st.integers(1, 10**12), st.integers(0, 999))
def test_commas_between_groups_of_three_are_read(whole, thousandths):
    assert units.in_unit(f"{whole:,}.{thousandths:03d} W", "W") == float(f"{whole}.{thousandths:03d}")


@given(st.integers(0, 10**6).map(str), st.text("0123456789", min_size=1, max_size=6))
def test_any_other_comma_is_refused_with_both_readings(before, after):
    text = f"{before},{after}"
    if len(after) == 3 and len(before) <= 3 and before != "0":
        assert units.in_unit(text, "1") == float(before + after)
        return
    whole = "" if before == "0" else f"{before}{after} if"
    for quantity, unit in ((text, "1"), (f"{text} GW", "W"), (f"${text}B", "USD")):
        with pytest.raises(InputError, match=f"groups of three.*{before}[.]{after} if .*{whole}"):
            units.in_unit(quantity, unit)


@pytest.mark.parametrize(
    "unit",
    ["9**9**9", "1**9**9**9", "W*9**9", "W**9**9", "W**(9**9)", "1e999", "2 W", "W/0", "W**999", "GW**99", "W**2**9"]
    + ["(9)**(9)**(9)", "W**9**9**9", "W**1**9**9", "9*9", "m3**-99*mW**99*mW**99", "W//W", "W*%%"],
)
def test_arithmetic_is_not_a_unit(unit):
    with pytest.raises(InputError, match="cannot read"):
        units.factor(unit)


@given(st.sampled_from("#;!,:@`'\"\\=<>&|?[]{}~\x00\u200b\ufeff√"), st.sampled_from(["", "USD", "/year", "*h"]))
def test_a_sign_that_no_unit_has_is_refused_not_left_out(sign, after):
    # "GW#/year" would be GW where what is after the sign is dropped, "GW<USD" a product where the sign is.
    with pytest.raises(InputError, match="cannot read|unknown unit"):
        units.factor(f"GW{sign}{after}")


@pytest.mark.parametrize("unit", ["a" * 100_000, "W*" * 50_000 + "W", "(" * 100_000])
def test_a_long_unit_is_refused_in_a_short_message(unit):
    with pytest.raises(InputError, match="characters") as caught:
        units.factor(unit)
    assert len(str(caught.value)) < 200


@given(st.text("9*^()/W.e+- ²%year", max_size=30))
def test_no_text_takes_long_or_raises_anything_else(text):
    try:
        assert units.factor(text) > 0
    except InputError:
        pass


@pytest.mark.parametrize(
    ("value", "unit", "to", "remedy"),
    [
        (202, "%/year", "OOM/year", "write '0.48 OOM/year'"),
        (2.02, "1/year", "OOM/year", "write '0.48 OOM/year'"),
        (0.48, "OOM/year", "%/year", "write '202 %/year'"),
        (0.04, "OOM/month", "1/year", "write '202 %/year'"),
        (None, "%/year", "OOM/year", "give it in 'OOM/year'"),
        (-100, "%/year", "OOM/year", "give it in 'OOM/year'"),
        (-150, "%/year", "OOM/year", "give it in 'OOM/year'"),
        (400, "OOM/year", "1/year", "give it in '1/year'"),
    ],
)
def test_growth_in_percent_and_in_orders_of_magnitude_do_not_mix(value, unit, to, remedy):
    """10**0.48 = 3.02: 202 % more a year."""
    readings = "0.48 OOM/year = 202 %/year = a factor 3.02 a year"
    with pytest.raises(InputError, match=f"{readings}.*{remedy}"):
        units.conversion(unit, to, "growth", value)


@pytest.mark.parametrize(("percent", "decades", "times"), [(100, "0.301", "2"), (50, "0.176", "1.5")])
def test_growth_in_percent_is_a_factor(percent, decades, times):
    readings = f"{decades} OOM/year = {percent} %/year = a factor {times} a year.*write '{decades} OOM/year'"
    with pytest.raises(InputError, match=readings):
        units.conversion("%/year", "OOM/year", "growth", percent)


def test_an_order_of_magnitude_is_not_a_pure_number_at_any_text():
    for text, unit in (("48 %", "OOM"), ("0.48", "OOM"), ("2 OOM", "1"), ("2 OOM", "%")):
        with pytest.raises(InputError, match="OOM") as caught:
            units.in_unit(text, unit)
        assert "year" not in str(caught.value)
    assert units.in_unit("0.04 OOM/month", "OOM/year") == pytest.approx(0.48)
    assert not units.same_dimension("OOM", "1")
    assert units.same_base("OOM", "1")


@pytest.mark.parametrize("value", [float("nan"), True, None, [1.0], np.array([1.0]), 10**400, "nan W"])
def test_what_is_not_one_number_is_refused(value):
    with pytest.raises(InputError):
        units.in_unit(value, "W")


def test_a_unit_of_ones_own_takes_prefixes_and_converts_to_nothing_else():
    cc.define_unit("test_mask_layer")
    cc.define_unit("test_mask_layer")
    assert units.in_unit("3 ktest_mask_layer/year", "test_mask_layer/month") == pytest.approx(250)
    with pytest.raises(InputError, match="does not convert"):
        units.conversion("test_mask_layer", "wafer")


def test_a_unit_of_ones_own_may_be_made_of_others():
    cc.define_unit("test_rack", "132 kW")
    cc.define_unit("test_dozen", "12")
    assert units.in_unit("10 test_rack", "MW") == pytest.approx(1.32)
    assert units.in_unit("2 test_dozen", "1") == 24
    assert units.in_unit("1 MWh*test_rack**-1", "hour") == pytest.approx(1000 / 132)
    with pytest.raises(InputError, match="already"):
        cc.define_unit("test_rack", "1 kW")


@pytest.mark.parametrize("arguments", [("kW",), ("percent",), ("1a",), ("a b",), ("x" * 50,), (3,), ("zz", "0 W")])
def test_a_name_that_is_taken_or_no_name_is_refused(arguments):
    with pytest.raises(InputError, match="unit"):
        cc.define_unit(*arguments)


@given(st.sampled_from(["W", "TWh/year", "USD/kW", "kWh/ft3"]), st.floats(1e-9, 1e15))
def test_there_and_back(unit, value):
    assert value * units.factor(unit) / units.factor(unit) == pytest.approx(value)


@pytest.mark.parametrize("unit", ["secnd", "9**9**9", "USD/", "W//year", "%%", "H100e***2"])
def test_a_unit_that_cannot_be_read_is_refused_where_the_quantity_is_made(unit):
    def made(x):
        return x

    with pytest.raises(InputError, match=r"quantity 'made' \(.*test_units.py:\d+\): .*unit"):
        cc.quantity(unit)(made)


@given(st.lists(st.tuples(st.sampled_from("*/ "), st.sampled_from([*NAMES, *PREFIXED]), POWER), min_size=1, max_size=4))
@example([("*", "gallon", ""), ("/", "%", ""), ("/", "gallon", ""), ("/", "gallon", "")])
@example([("*", "%", ""), ("*", "kliter", ""), ("/", "mL", ""), ("/", "kliter", "")])
def test_the_own_reader_of_plain_products_equals_pint_to_the_bit(terms):
    unit = "".join(sign + word + power for sign, word, power in terms).lstrip("*/ ")
    # Pint remembers a product in whatever order its units came first, and the last bit depends on that.
    units.registry()._cache.root_units.clear()
    units.registry()._cache.conversion_factor.clear()
    result = units._read_by_pint(unit)
    size, expected = result.pop(""), {name: power for name, power in result.items() if power}
    plain = read_product(unit)
    assert plain is not None
    assert plain.pop("") == size
    assert {name: power for name, power in plain.items() if power} == expected


_OWN = """
import clustercast as cc

@cc.quantity("rack")
def racks(power, efficiency):
    return power * efficiency

def bill(power, efficiency):
    return {"cost": cc.Fixed(power, unit="krack").value * efficiency}
"""
_MAIN = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
import clustercast as cc

if __name__ == "__main__":
    cc.define_unit("rack", "132 kW")
    import own
    priors = cc.Priors(power=cc.Uniform(1, 2, unit="krack"), efficiency=cc.Uniform(0.5, 1))
    model = cc.Model([own.racks])
    whole = cc.stream(priors, size=4096, model=model, seed=1)
    parts = cc.stream(priors, size=4096, model=model, seed=1, executor="processes", workers=1)
    assert (whole["racks_mean"].values == parts["racks_mean"].values).all(), (whole, parts)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        bills = cc.evaluate(cc.draw(priors, 8, seed=1), own.bill, outputs={"cost": "rack"}, executor=pool)
    print(bills["cost"].size)
"""


THREADS = """
import time
from concurrent.futures import ThreadPoolExecutor
from clustercast.engine import units

made = []

class Slow:
    def __init__(self, kind=units.registry().__class__):
        made.append(kind(None))
        time.sleep(0.02)
    def __contains__(self, name):
        return name in made[-1]
    def define(self, line):
        made[-1].define(line)
        time.sleep(0.02)

import pint
pint.UnitRegistry = lambda _: Slow()
getattr(units, "_registry", units.registry).cache_clear()
def unpickled(_):
    units.OwnUnits().__setstate__({"gate": "[gate]", "hall": "27.0 * W**1"})
with ThreadPoolExecutor(8) as pool:
    list(pool.map(unpickled, range(8)))
print(len(made), sorted(units.own_units))
"""


def test_threads_of_a_worker_that_are_sent_one_unit_define_it_once():
    result = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=False)
    assert result.stdout == "1 ['gate', 'hall']\n", result.stderr


def test_units_of_ones_own_travel_to_worker_processes(tmp_path):
    (tmp_path / "own.py").write_text(_OWN)
    (tmp_path / "main.py").write_text(_MAIN)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(cc.__file__).parents[1]), str(tmp_path)])}
    done = subprocess.run(
        [sys.executable, "main.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["8"]


def test_a_unit_that_another_process_defines_otherwise_is_refused():
    cc.define_unit("test_crate", "3")
    known = units.OwnUnits().__getstate__()
    assert known["test_crate"] == "3.0"
    units.OwnUnits().__setstate__(known)
    with pytest.raises(InputError, match="'test_crate' already, as 3.0"):
        units.OwnUnits().__setstate__({"test_crate": "4.0"})


@pytest.mark.parametrize("size", [3, b"3 W", ["3 W"]])
def test_a_size_of_a_unit_is_a_text(size):
    with pytest.raises(InputError, match="is no text; write a number and a unit"):
        cc.define_unit("test_barrel", size)
