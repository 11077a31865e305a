"""Observations: good rows are read as they stand, bad rows are refused by file and line."""

import math

import pytest

import clustercast as cc
from clustercast.conditioning.observation_rows import Observation, Observations, end_of
from clustercast.conditioning.observations import read_observations

ROW = """
[[observation]]
id = "one"
date = 2024.7
quantity = "training_cluster_size"
name = "xAI Colossus"
value = 1e5
unit = "H100e"
sd_log10 = 0.1
source = "Somebody, Something (2025)"
as_of = "2025-01"
"""
GOOD = ROW.replace('"one"', '"other"').replace("2024.7", "2025.12")
YEARS = range(2012, 2035)


def written(tmp_path, text, name="mine.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_rows_fit_the_shipped_model():
    observations = read_observations("observed")
    checked = observations.checked(cc.cluster_model(), YEARS)
    assert len(checked) == len(observations) > 40
    assert all(row.source and row.known for row in checked)
    assert [row.date for row in checked] == sorted(row.date for row in checked)


def test_nothing_is_known_before_it_happened():
    for row in read_observations():
        assert row.known_from >= row.date - 1 / 12, row.id


def test_what_was_known_in_june_2024():
    ids = read_observations("observed", as_of="2024-06").ids
    assert {"obs_meta24k", "obs_openai_2024b", "obs_ship_2023"} <= set(ids)
    assert not {"obs_colossus", "obs_ship_2024", "obs_us_2024", "obs_capex_2024"} & set(ids)


def test_a_users_row_takes_the_shipped_likelihood(tmp_path):
    mine = read_observations(written(tmp_path, ROW))
    shipped = read_observations()
    assert mine.group_correlation == shipped.group_correlation
    assert mine.rows[0].known_from == end_of("2025-01")
    assert mine.rows[0].log10 == pytest.approx(5)


def test_a_unit_and_a_part_are_taken_into_account(tmp_path):
    text = ROW.replace("training_cluster_size", "training_cluster_cost").replace('"H100e"', '"GUSD"')
    row = read_observations(written(tmp_path, text.replace("1e5", "3.8") + "part = 0.76\n")).rows[0]
    assert row.log10 == pytest.approx(math.log10(5e9), rel=1e-12)


def test_csv_is_read_like_toml(tmp_path):
    text = (
        "id,date,quantity,name,value,unit,sd_log10,source,as_of,kind\n"
        "one,2024.7,training_cluster_size,xAI Colossus,1e5,H100e,0.1,Somebody (2025),2025-01,record\n"
        "two,2025.1,training_cluster_size,xAI Colossus,2e5,H100e,,Somebody (2025),2025-02,\n"
    )
    path = written(tmp_path, text, "mine.csv")
    with pytest.raises(cc.InputError, match=r"mine\.csv:3: observation 'two': sd_log10 is missing"):
        read_observations(path)
    read = read_observations(path, skip_bad=True)
    assert read.ids == ("one",)
    assert "mine.csv:3" in read.left_out[0]
    assert read.rows[0].kind == "record"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sd_log10 = 0.1\n", "", "sd_log10 is missing"),
        ("sd_log10 = 0.1", "sd_log10 = 0.0", "sd_log10"),
        ("value = 1e5", "value = 0.0", "value = 0.0.*logarithm"),
        ("value = 1e5", "value = -3.0", "value = -3.0.*logarithm"),
        ("value = 1e5", "value = nan", "value"),
        ('"H100e"', '"H100"', "unknown unit"),
        ("as_of", "asof", "unknown key 'asof'; nearest known: as_of"),
        ('"2025-01"', '"January 2025"', "as_of"),
        ('"2025-01"', '"2025-13"', "cannot read '2025-13' as a date"),
        ("source = ", 'kind = "lower"\nsource = ', "kind"),
        ('"one"', '"other"', "'other' is there twice"),
    ],
)
def test_a_bad_row_is_refused_by_line_and_can_be_left_out(tmp_path, old, new, told):
    path = written(tmp_path, GOOD + ROW.replace(old, new))
    with pytest.raises(cc.InputError, match=rf"mine\.toml:13: .*{told}"):
        read_observations(path)
    read = read_observations(path, skip_bad=True)
    assert read.ids == ("other",)
    assert len(read.left_out) == 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("training_cluster_size", "training_cluster_sise", "unknown quantity.*nearest known: training_cluster_size"),
        ('"H100e"', '"W"', "unit 'W' does not convert to 'H100e'"),
        ("2024.7", "2011.0", "date 2011 is outside the years 2012 to 2034"),
        ("2024.7", "2040.0", "date 2040 is outside the years 2012 to 2034"),
    ],
)
def test_a_row_that_the_model_cannot_meet_is_refused_by_line_and_can_be_left_out(tmp_path, old, new, told):
    observations = read_observations(written(tmp_path, GOOD + ROW.replace(old, new)))
    with pytest.raises(cc.InputError, match=rf"mine\.toml:13: observation 'one': {told}"):
        observations.checked(cc.cluster_model(), YEARS)
    checked = observations.checked(cc.cluster_model(), YEARS, skip_bad=True)
    assert checked.ids == ("other",)
    assert "mine.toml:13" in checked.left_out[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[extra]\nx = 1\n" + ROW, "unknown table 'extra'"),
        ("[inputs.discrepancies]\n" + ROW, r"\[?likelihood|inputs.discrepancies"),
        ("x = ", "not valid TOML"),
        ("", "holds no observation"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path, text, told):
    with pytest.raises(cc.InputError, match=rf"mine\.toml.*({told})"):
        read_observations(written(tmp_path, text))


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(cc.InputError, match="nearest known: observed"):
        read_observations("obseved")


def test_a_group_does_not_mix_bounds():
    rows = read_observations().rows
    record = next(row for row in rows if row.kind == "record")
    ceiling = next(row for row in rows if row.kind == "ceiling").model_copy(update={"group": record.group})
    with pytest.raises(cc.InputError, match="give it another group"):
        Observations((record, ceiling), {}, 0.5)


def test_rows_are_left_out_by_name():
    observations = read_observations()
    assert "obs_gpt4" not in observations.without("obs_gpt4").ids
    with pytest.raises(cc.InputError, match="nearest known: obs_gpt4"):
        observations.without("obs_gtp4")


def test_rows_stand_in_the_same_order_however_they_are_given():
    observations = read_observations()
    turned = Observations(observations.rows[::-1], observations.priors, observations.group_correlation)
    assert turned.rows == observations.rows


@pytest.mark.parametrize(("date", "year"), [("2024", 2025.0), ("2024-06", 2024.5), ("2024-06-15", 2024 + 5.5 / 12)])
def test_a_date_is_its_end(date, year):
    assert end_of(date) == pytest.approx(year)


def test_a_row_keeps_what_it_says():
    fields = {"id", "date", "quantity", "name", "value", "unit", "sd_log10", "source", "as_of"}
    assert {name for name, field in Observation.model_fields.items() if field.is_required()} == fields


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [("a.csv", "id,date,quantity\n", "add a row"), ("a.toml", "", r"add a table \[\[observation\]\]")],
)
def test_a_file_without_rows_is_refused_in_its_own_terms(tmp_path, name, text, remedy):
    with pytest.raises(cc.InputError, match=remedy):
        read_observations(written(tmp_path, text, name))
