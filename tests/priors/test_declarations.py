"""What every set shares about an input: units are converted to it, bounds and switches hold at every door."""

import dataclasses
import datetime
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.errors import InputError
from clustercast.priors import declarations, prior_file, shipped
from tests.properties import strategies

INPUTS = """
[share]
unit = "1"
meaning = "Share of everything"
bounds = [0, 1]

[delay]
unit = "year"
meaning = "Time until it is there"
bounds = [0, inf]

[growth]
unit = "OOM/year"
meaning = "Growth of the largest cluster"
bounds = [-2, 3]
growth = true

[interest]
unit = "1/year"
meaning = "Growth of the debt"
bounds = [-1, 1]
growth = true

[limit_power]
unit = "1"
meaning = "Whether power limits shipments"
bounds = [0, 1]
switch = true
"""

RENAMED = 'old_delay = "delay, in years"\n'

SET = """
[set]
name = "mine"
title = "Mine"
as_of = "2026-11"
valid_from = 2024
valid_to = 2040
currency = "constant 2025 US dollars"
headline = ["training_cluster_power"]
"""


def entry(name, body, table="inputs"):
    return f'\n[{table}.{name}]\nsource = "A test"\nas_of = "2026-11"\n{body}\n'


SHARE = entry("share", 'family = "uniform"\nlow = 0.2\nhigh = 0.6')
LIMIT = entry("limit_power", 'family = "fixed"\nvalue = 1')
GROWTH = entry("growth", 'family = "normal"\nmean = 0.5\nsd = 0.1')


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a set where priors/inputs.toml declares the inputs above, and read it."""
    home = tmp_path / "shipped"
    shutil.copytree(shipped.directory(), home)
    (home / "inputs.toml").write_text(INPUTS)
    (home / "renamed.toml").write_text(RENAMED)
    monkeypatch.setattr(declarations, "directory", lambda: home)

    def make(text, name="mine.toml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return make


def read(write, *entries, **options):
    return cc.read_priors(write(SET + "".join(entries)), **options)


def test_a_set_without_units_takes_them_from_the_declarations(write):
    priors = read(write, SHARE, LIMIT, GROWTH)
    assert {name: priors[name].unit for name in priors} == {"share": "1", "limit_power": "1", "growth": "OOM/year"}
    assert priors.declared["share"].meaning == "Share of everything"
    assert (priors.about.valid_from, priors.about.valid_to) == (2024.0, 2040.0)
    assert priors.about.headline == ("training_cluster_power",)
    assert priors.about.currency == "constant 2025 US dollars"


@pytest.mark.parametrize(
    "body",
    [
        'family = "lognormal"\nquantiles = { "0.05" = 6, "0.95" = 24 }\nunit = "month"',
        'family = "lognormal"\nmu = 2.4849066497880004\nsigma = 0.4213827\nunit = "month"',
        'family = "gamma"\nshape = 4\nscale = 3\nunit = "month"',
        'family = "metalog"\nquantiles = { "0.05" = 6, "0.5" = 10, "0.95" = 24 }\nbounds = [0, inf]\nunit = "month"',
        'family = "metalog"\nquantiles = { "0.05" = 6, "0.5" = 10, "0.95" = 24 }\nbounds = [1, 60]\nunit = "month"',
    ],
)
def test_a_unit_of_its_own_is_converted_to_the_declared_one(write, body):
    converted = read(write, entry("delay", body))["delay"]
    own = read(write, entry("undeclared", body))["undeclared"]
    assert (converted.unit, own.unit) == ("year", "month")
    p = np.linspace(0.001, 0.999, 99)
    np.testing.assert_allclose(converted.quantile(p), own.quantile(p) / 12, rtol=1e-12)


@given(strategies.distributions(), st.sampled_from([("month", "year", 1 / 12), ("GW", "W", 1e9), ("%", "1", 0.01)]))
def test_a_converted_prior_draws_the_same_amounts(distribution, units):
    unit, to, factor = units
    here = dataclasses.replace(distribution, unit=unit)
    there = here.in_unit(to)
    p = np.array([0.001, 0.1, 0.5, 0.9, 0.999])
    size = np.abs(here.quantile(p)).max()
    np.testing.assert_allclose(there.quantile(p), here.quantile(p) * factor, rtol=1e-9, atol=1e-9 * size * factor)
    assert there.unit == to


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (entry("own", 'family = "normal"\nmean = 1\nsd = 1'), "inputs.own: unit is missing; add unit"),
        (entry("share", 'family = "fixed"\nvalue = 75'), r"inputs.share: 75 is outside \[0, 1\], the bounds of share"),
        (
            entry("share", 'family = "normal"\nmean = 0.5\nsd = 0.1'),
            r"inputs.share: the normal distribution runs from -inf to inf, outside \[0, 1\],.*\"metalog\".*\[0, 1\]",
        ),
        (entry("delay", 'family = "uniform"\nlow = -1\nhigh = 1'), r"inputs.delay: .* runs from -1 to 1, outside"),
        (entry("limit_power", 'family = "fixed"\nvalue = 0.5'), "inputs.limit_power: .*0.5.* give 0 or 1"),
        (entry("limit_power", 'family = "uniform"\nlow = 0\nhigh = 1'), "switch limit_power .*; give 0 or 1"),
        (entry("limit_power", 'family = "fixed"\nvalue = 1\nunit = "USD"'), "'USD', which does not convert to '1'"),
        (
            entry("growth", 'family = "fixed"\nvalue = 202\nunit = "%/year"'),
            r"'%/year', but 'OOM/year' is needed, .*\(0.48 OOM/year = 202 %/year = a factor 3.02 a year\)",
        ),
        (
            entry("interest", 'family = "fixed"\nvalue = 0.48\nunit = "OOM/year"'),
            r"'OOM/year', but '1/year' is needed, .*\(0.48 OOM/year = 202 %/year = a factor 3.02 a year\)",
        ),
        (
            entry("old_delay", 'family = "fixed"\nvalue = 1\nunit = "year"'),
            "old_delay is gone since .*: delay, in years",
        ),
        (entry("share", 'family = "fixed"\nvalue = true'), "inputs.share.value = True: a number is needed"),
        (entry("share", 'family = "fixed"\nvalue = "0.5"'), "inputs.share.value = '0.5': a number is needed, without"),
        (entry("share", 'family = "fixed"\nvalue = 1\nfrom = 2027'), "inputs.share.from belongs to a scenario"),
    ],
)
def test_a_fault_names_file_key_value_and_what_is_allowed(write, entries, message):
    with pytest.raises(InputError, match=message) as caught:
        read(write, entries)
    assert "mine.toml: inputs." in str(caught.value)


def test_a_percentage_a_year_is_a_growth_rate_of_an_input_in_plain_numbers(write):
    priors = read(write, entry("interest", 'family = "uniform"\nlow = 5\nhigh = 15\nunit = "%/year"'))
    assert priors["interest"].support == pytest.approx((0.05, 0.15))
    assert priors.replace(interest="8 %/year")["interest"].median == pytest.approx(0.08)


@pytest.mark.parametrize("value", [75, -1, "75", "120 %", cc.Normal(0.5, 0.1), cc.Uniform(0, 200, unit="%")])
def test_a_replacement_outside_the_bounds_is_refused(write, value):
    with pytest.raises(InputError, match=r"'share' .*outside \[0, 1\]"):
        read(write, SHARE, set={"share": value})
    with pytest.raises(InputError, match=r"'share' .*outside \[0, 1\]"):
        read(write, SHARE).only([]).replace(share=value)


def test_a_switch_is_flipped_to_0_or_1_only(write):
    priors = read(write, LIMIT)
    assert priors.replace(limit_power=0)["limit_power"].median == 0
    assert priors.replace(limit_power=cc.Discrete([0, 1], [0.5, 0.5])).uncertain == ("limit_power",)
    with pytest.raises(InputError, match="give 0 or 1"):
        priors.replace(limit_power=2)


def test_growth_set_by_hand_in_another_scale_is_refused_with_both_readings(write):
    with pytest.raises(InputError, match=r"'48 %/year' .*\(0.17 OOM/year = 48 %/year = a factor 1.48 a year\)"):
        read(write, GROWTH, set={"growth": "48 %/year"})
    assert read(write, GROWTH, set={"growth": "0.04 OOM/month"})["growth"].median == pytest.approx(0.48)


def test_a_gone_name_is_refused_naming_its_heir_at_every_door(write):
    with pytest.raises(InputError, match="no input 'old_delay'; old_delay is gone since version 0.2: delay, in years"):
        read(write, SHARE, set={"old_delay": 1})
    overlay = '[scenario]\ntitle = "t"\nwhy = "w"\nas_of = "2026"\nsource = "s"\n'
    scenario = write(overlay + entry("old_delay", 'family = "fixed"\nvalue = 1'), "overlay.toml")
    with pytest.raises(InputError, match="overlay.toml: inputs.old_delay is not an input .* gone since"):
        read(write, SHARE, scenario=scenario)


def test_a_change_from_a_date_is_a_further_input_with_the_bounds_of_the_first(write):
    overlay = '[scenario]\ntitle = "t"\nwhy = "w"\nas_of = "2026"\nsource = "s"\n'
    slower = entry("growth", 'family = "fixed"\nvalue = 2.4\nunit = "OOM/year"\nfrom = 2027.0')
    priors = read(write, SHARE, GROWTH, scenario=write(overlay + slower, "slower.toml"))
    assert priors["growth"] == read(write, SHARE, GROWTH)["growth"]
    assert priors["growth_from_2027"].median == 2.4
    assert priors.declared["growth_from_2027"] == priors.declared["growth"]
    assert priors.hash != read(write, SHARE, GROWTH).hash


@pytest.mark.parametrize("date", ["2026-07", "2026-07-01", datetime.date(2026, 7, 1), "2026.5", "2026.5 year", 2026.5])
def test_a_date_is_set_as_dates_are_written_everywhere(date):
    assert cc.read_priors("evidence_2026", set={"forecast_start": date})["forecast_start"].median == 2026.5


def test_a_date_that_is_none_is_refused_by_the_rule_of_dates():
    with pytest.raises(InputError, match="'forecast_start' .*'2026-13' has month 13"):
        cc.read_priors("evidence_2026", set={"forecast_start": "2026-13"})


def test_a_frozen_scipy_distribution_takes_the_unit_of_what_it_replaces(write):
    from scipy import stats

    priors = read(write, GROWTH).replace(growth=stats.norm(0.4, 0.1))
    assert (priors["growth"].unit, priors["growth"].source) == ("OOM/year", "A test")


def test_the_shipped_declarations_read_and_their_units_are_known():
    from clustercast.engine.units import factor

    for name, declaration in prior_file.declared_inputs().items():
        assert factor(declaration.unit) > 0, name
