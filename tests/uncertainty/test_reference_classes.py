import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustercast.errors import InputError
from clustercast.uncertainty.stated import KINDS, ladder, nearest_rung, read_reference_classes

GOOD = """
[[class]]
name = "dam"
kind = "power"
value = 2.0
unit = "GW"
source = "Somebody, A Dam (2024)"
as_of = "2024-06"
"""


def written(tmp_path, text):
    path = tmp_path / "classes.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_classes_are_of_every_kind_with_sources():
    classes = read_reference_classes()
    assert {result.kind for result in classes} == set(KINDS)
    assert all(result.source and result.as_of for result in classes)


@pytest.mark.parametrize(
    ("kind", "unit"), [("power", "GW"), ("energy", "TWh/year"), ("cost", "USD"), ("gdp_share", "%")]
)
def test_a_ladder_increases_in_any_unit_of_its_kind(kind, unit):
    names, sizes = ladder(kind, unit)
    assert len(names) == len(set(names)) == len(sizes)
    assert np.all(np.diff(sizes) > 0)


def test_a_ladder_is_in_the_unit_asked_for_and_names_equals_together(tmp_path):
    text = GOOD + GOOD.replace('"dam"', '"other dam"').replace("2.0", "2000.0").replace('"GW"', '"MW"')
    names, sizes = ladder("power", "kW", read_reference_classes(written(tmp_path, text)))
    assert names == ("dam or other dam",)
    assert sizes.tolist() == [2e6]


@given(st.lists(st.floats(1e-6, 1e15), min_size=1, max_size=8, unique=True), st.floats(1e-8, 1e18))
def test_the_nearest_rung_is_that_of_a_search_by_logarithms(sizes, value):
    rungs = np.sort(sizes)
    away = np.abs(np.log10(rungs) - np.log10(value))
    assert away[nearest_rung(np.array([value]), rungs)[0]] == pytest.approx(away.min(), abs=1e-12)


def test_0_and_infinity_are_nearest_to_the_ends():
    assert nearest_rung(np.array([0, np.inf]), np.array([1.0, 2, 3])).tolist() == [0, 2]
    assert nearest_rung(np.array([0, 5, np.inf]), np.array([1.0])).tolist() == [0, 0, 0]
    assert nearest_rung(np.array([0, 3.0, 4.0, np.inf]), np.array([1.0, 10, 100])).tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "power"', 'kind = "might"', "class number 1 .dam..kind = 'might'"),
        ('unit = "GW"', 'unit = "USD"', "class 'dam': unit 'USD' is not that of a power; give 'W'"),
        ('unit = "GW"', 'unit = "gigawat"', "class 'dam': unknown unit 'gigawat'"),
        ("value = 2.0", "value = -2.0", "value = -2.0: Input should be greater than 0"),
        ("value = 2.0", "value = inf", "value = inf"),
        ("value = 2.0", "", "class number 1 .dam..value is missing"),
        ('as_of = "2024-06"', 'as_of = "June"', "as_of = 'June'"),
        ("value = 2.0", "value = 2.0\nvalues = 1", "unknown key class number 1 .dam..values; nearest known: value"),
        ("[[class]]", "[[clas]]", "unknown key clas; nearest known: class"),
        ("[[class]]", "[class", "is not valid TOML"),
    ],
)
def test_a_faulty_file_is_refused_naming_class_key_and_value(tmp_path, old, new, message):
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(InputError, match=message) as caught:
        read_reference_classes(path)
    assert str(path) in str(caught.value)


def test_a_class_given_twice_is_refused(tmp_path):
    with pytest.raises(InputError, match="'dam' of kind 'power' is there twice"):
        read_reference_classes(written(tmp_path, GOOD + GOOD))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_reference_classes(tmp_path / "none.toml")


def test_an_unknown_kind_a_wrong_unit_and_an_empty_kind_are_refused(tmp_path):
    with pytest.raises(InputError, match="kind is 'powr'; nearest known: power"):
        ladder("powr", "W")
    with pytest.raises(InputError, match="unit 'USD' is not that of a power"):
        ladder("power", "USD")
    with pytest.raises(InputError, match="no reference class of kind 'cost'"):
        ladder("cost", "USD", read_reference_classes(written(tmp_path, GOOD)))
