"""Prior sets: files, scenarios, replacements, correlations, and every kind of bad input."""

import textwrap

import numpy as np
import pytest

import clustercast as cc
from clustercast.errors import InputError
from clustercast.priors.correlation import Correlation
from clustercast.priors.prior_file import json_schema, read_priors
from clustercast.priors.prior_set import Priors
from clustercast.priors.shipped import shipped_names

HEADER = """
[set]
name = "test"
title = "A test"
as_of = "2024-06"
"""

GROWTH = """
[inputs.growth]
family = "normal"
quantiles = { "0.05" = 0.35, "0.95" = 0.62 }
unit = "OOM/year"
source = "Somebody, Something (2024)"
as_of = "2024-06"
"""

PRICE = """
[inputs.price]
family = "fixed"
value = 25
unit = "kUSD/chip"
source = "Somebody, Something (2024)"
as_of = "2024-06"
"""


@pytest.fixture
def write(tmp_path):
    def make(text, name="test.toml"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text))
        return path

    return make


def test_a_file_gives_distributions_with_their_quantiles(write):
    priors = read_priors(write(HEADER + GROWTH + PRICE))
    np.testing.assert_allclose(priors["growth"].quantile(np.array([0.05, 0.5, 0.95])), [0.35, 0.485, 0.62])
    assert priors.uncertain == ("growth",)
    assert priors["price"].unit == "kUSD/chip"
    assert priors.name == "test"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + GROWTH.replace("quantiles", "quantles"), r"unknown key inputs.growth.quantles; nearest.*: quantiles"),
        (HEADER + GROWTH.replace('unit = "OOM/year"\n', ""), r"inputs.growth: unit is missing; add unit = "),
        (HEADER + GROWTH.replace('source = "Somebody, Something (2024)"\n', ""), r"inputs.growth.source is missing"),
        (
            HEADER + GROWTH.replace("OOM/year", "OOM/yaer"),
            r"inputs.growth: unknown unit 'yaer' in 'OOM/yaer'; nearest known: year",
        ),
        (HEADER + GROWTH.replace("normal", "norml"), r"inputs.growth: unknown family 'norml'; nearest known: normal"),
        (HEADER + GROWTH.replace('family = "normal"\n', ""), r"inputs.growth.family is missing; known"),
        (
            HEADER
            + PRICE.replace('"fixed"\nvalue = 25', '"mixture"\nweights = [1]\ncomponents = [{ family = "mixture" }]'),
            r"inputs.price.components number 1: unknown family 'mixture'; known are fixed.* metalog$",
        ),
        (HEADER + GROWTH.replace("0.35", "0.65"), r"inputs.growth: .*0.65"),
        (HEADER + GROWTH + GROWTH, r"not valid TOML.*twice"),
        (HEADER + GROWTH.replace("0.35", '"low"'), r"inputs.growth.*'low'"),
        (HEADER + GROWTH.replace('"0.05"', '"low"'), r"inputs.growth: quantiles.*probability"),
        (HEADER + GROWTH.replace("2024-06", "June 2024"), r"inputs.growth.as_of = 'June 2024'"),
        (GROWTH, r"set is missing"),
        (HEADER.replace("title", "titel") + GROWTH, r"unknown key set.titel; nearest known: title.*1 more"),
        (HEADER + PRICE.replace("value = 25\n", ""), r"inputs.price: fixed: missing a required argument: 'value'"),
        (HEADER + GROWTH + "bounds = [0.4, 1.0]\n", r"inputs.growth: .*0.35.*|inputs.growth: .*bounds"),
        (HEADER + GROWTH.replace("inputs.growth", 'inputs."cluster growth"'), r"is not a name"),
    ],
)
def test_a_fault_in_a_file_is_told_with_file_and_key(write, text, message):
    path = write(text)
    with pytest.raises(InputError, match=message) as caught:
        read_priors(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_set_or_scenario_names_what_is_shipped():
    with pytest.raises(InputError, match="no prior set 'situational_awarenes'; nearest known: situational_awareness"):
        read_priors("situational_awarenes")
    with pytest.raises(InputError, match="no scenario 'nothing'.*shipped are"):
        read_priors("situational_awareness", scenario="nothing")


def test_a_scenario_replaces_inputs_and_only_those_that_exist(write):
    base = write(HEADER + GROWTH + PRICE)
    overlay = """
    [scenario]
    title = "Slower"
    why = "To see what growth carries"
    as_of = "2024-06"
    source = "A test"
    """
    slower = write(overlay + GROWTH.replace("0.35", "0.1"), "slower.toml")
    priors = read_priors(base, scenario=slower)
    assert priors.name == "test+slower"
    assert priors["growth"].quantile(np.array([0.05]))[0] == pytest.approx(0.1)
    wrong = write(overlay + GROWTH.replace("growth", "grwth"), "wrong.toml")
    with pytest.raises(InputError, match="inputs.grwth is not an input of 'test'; nearest known: growth"):
        read_priors(base, scenario=wrong)


def test_values_set_by_hand_are_converted_to_the_unit_of_the_prior(write):
    path = write(HEADER + GROWTH + PRICE)
    priors = read_priors(path, set={"price": "$30000/chip", "growth": 0.5})
    assert priors["price"].median == pytest.approx(30)
    assert priors.uncertain == ()
    with pytest.raises(InputError, match="'price' .*'3 GW'.*does not convert to 'kUSD/chip'"):
        read_priors(path, set={"price": "3 GW"})
    with pytest.raises(InputError, match="has no input 'prise'; nearest known: price"):
        read_priors(path, set={"prise": 3})


def test_the_hash_changes_with_any_number_and_not_with_the_file(write):
    one = read_priors(write(HEADER + GROWTH + PRICE))
    same = read_priors(write(HEADER + GROWTH + PRICE, "other.toml"))
    other = read_priors(write(HEADER + GROWTH.replace("0.62", "0.63") + PRICE))
    assert one.hash == same.hash != other.hash


CORRELATION = """
[[correlations]]
between = ["a", "b"]
rank = {rank}
source = "A judgement"
as_of = "2026-11"
"""


def test_correlations_are_read_and_checked(write):
    two = HEADER + GROWTH.replace("growth", "a") + GROWTH.replace("growth", "b") + PRICE
    priors = read_priors(write(two + CORRELATION.format(rank=0.5)))
    assert priors.correlated == ("a", "b")
    assert priors.correlation_matrix[0, 1] == pytest.approx(2 * np.sin(np.pi / 12))
    with pytest.raises(InputError, match=r"is 1\.5; it must lie between -1 and 1"):
        read_priors(write(two + CORRELATION.format(rank=1.5)))
    with pytest.raises(InputError, match="names an input that does not exist: 'c'"):
        read_priors(write(two + CORRELATION.format(rank=0.5).replace('"b"', '"c"')))
    with pytest.raises(InputError, match="'price' is a constant"):
        read_priors(write(two + CORRELATION.format(rank=0.5).replace('"b"', '"price"')))
    with pytest.raises(InputError, match="is given twice"):
        read_priors(write(two + 2 * CORRELATION.format(rank=0.5)))


def test_a_matrix_that_no_distribution_has_names_the_nearest_and_how_far():
    x = {name: cc.Normal(0, 1) for name in "abc"}
    contradiction = [
        Correlation(pair, rank) for pair, rank in ((("a", "b"), 0.9), (("b", "c"), 0.9), (("a", "c"), -0.9))
    ]
    with pytest.raises(InputError, match="nearest.*distance"):
        Priors(*contradiction, **x)


def test_a_constant_frees_an_input_from_its_correlation():
    priors = Priors(Correlation(("a", "b"), 0.5), a=cc.Normal(0, 1), b=cc.Normal(0, 1), c=cc.Normal(0, 1))
    assert priors.replace(a=1.0).correlations == ()
    assert priors.only(["a", "c"]).uncertain == ("a", "c")


def test_numbers_and_frozen_scipy_distributions_are_taken_and_other_things_refused():
    from scipy import stats

    priors = Priors(a=stats.gumbel_r(1, 2), b=3)
    assert priors["a"].median == pytest.approx(stats.gumbel_r(1, 2).median())
    assert priors["b"].median == 3
    with pytest.raises(InputError, match="'c'"):
        Priors(c=[1, 2])


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_set_reads(name):
    priors = read_priors(name)
    assert priors.name == name
    for key, distribution in priors.items():
        assert distribution.source and distribution.as_of, key


@pytest.mark.parametrize("name", shipped_names("scenarios"))
def test_every_shipped_scenario_lies_over_every_shipped_set(name):
    for base in shipped_names():
        assert read_priors(base, scenario=name).hash != read_priors(base).hash


def test_the_schema_has_every_family_with_closed_keys():
    schema = json_schema()
    entries = {
        key: value
        for key, value in schema["$defs"].items()
        if key.endswith("Entry") and "family" in value["properties"]
    }
    assert {value["properties"]["family"]["const"] for value in entries.values()} >= {"normal", "metalog", "fixed"}
    assert all(value["additionalProperties"] is False for value in entries.values())
