"""Observations: good rows are read as they stand, bad rows are refused by file and line."""

import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import clustercast as cc
from clustercast.conditioning.observation_rows import Observation, Observations
from clustercast.conditioning.observations import read_observations
from clustercast.files.dates import end_of

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
    assert all(row.source and row.known_from for row in checked)
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
        ("as_of", "asof", "unknown key asof; nearest known: as_of"),
        ('"2025-01"', '"January 2025"', "as_of"),
        ('"2025-01"', '"2025-13"', "as_of = '2025-13': a date is needed"),
        ("source = ", 'kind = "lower"\nsource = ', "kind"),
        ("value = 1e5", 'value = "1e5"', "value = '1e5': a number is needed, without quotation marks"),
        ("value = 1e5", "value = true", "value = True"),
        ("date = 2024.7", 'date = "2024-13"', "date = '2024-13': .*month 13"),
        ("date = 2024.7", "date = 202407", "is no year"),
        ("date = 2024.7", "date = nan", "is no year"),
        ('name = "xAI Colossus"', 'name = ["a"]', "name = "),
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
        ("[extra]\nx = 1\n" + ROW, "unknown key extra"),
        ("[inputs.discrepancies]\n" + ROW, r"\[?likelihood|inputs.discrepancies"),
        ("x = ", "not valid TOML"),
        ("", "holds no observation"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path, text, told):
    with pytest.raises(cc.InputError, match=rf"mine\.toml.*({told})"):
        read_observations(written(tmp_path, text))


UNITS = [("record_gap", 100, "mOOM", 0.1, "OOM"), ("discrepancy", 2, "OOM", 2, "OOM")]
UNITS += [("correlation_time", 18, "month", 1.5, "year"), ("ceiling_halving", 2, "year", 2, "year")]


def of_likelihood(name, value, unit):
    """Return a file with one row and one parameter of the likelihood."""
    dated = 'source = "made up"\nas_of = "2025"\n'
    parameter = f'[inputs.{name}]\nfamily = "fixed"\nvalue = {value}\nunit = "{unit}"\n{dated}'
    return f"{ROW}[likelihood]\ngroup_correlation = 0.5\n{dated}{parameter}"


@pytest.mark.parametrize(("name", "value", "unit", "converted", "needed"), UNITS)
def test_a_parameter_of_the_likelihood_is_read_in_its_unit(tmp_path, name, value, unit, converted, needed):
    result = read_observations(written(tmp_path, of_likelihood(name, value, unit))).priors[name]
    assert (result.median, result.unit) == (pytest.approx(converted), needed)


@pytest.mark.parametrize(("name", "unit"), [("discrepancy", "year"), ("discrepancy", "1"), ("correlation_time", "OOM")])
def test_a_parameter_of_the_likelihood_in_a_unit_of_another_kind_is_refused(tmp_path, name, unit):
    with pytest.raises(cc.InputError, match=rf"mine\.toml: inputs\.{name}: it .*'{unit}'"):
        read_observations(written(tmp_path, of_likelihood(name, 3, unit)))


def test_a_discrepancy_given_by_hand_is_converted_or_refused():
    rows = cc.read_observations()
    for one in (cc.Fixed(300, unit="mOOM"), {rows.quantities[0]: cc.Fixed(300, unit="mOOM")}, cc.Fixed(0.3)):
        used = rows.error_priors(one)[f"discrepancy_{rows.quantities[0]}"]
        assert used.median == pytest.approx(0.3)
    with pytest.raises(cc.InputError, match="discrepancy_.*'GW'.*'OOM'"):
        rows.error_priors(cc.Fixed(3, unit="GW"))


def test_a_form_without_memory_has_no_correlation_time_and_one_that_stays_no_halving():
    shipped = cc.read_observations()
    for lasting, narrowing in ((0.0, True), (0.5, False)):
        names = replace(shipped, lasting=lasting, narrowing=narrowing).error_priors()
        assert any(name.startswith("correlation_time") for name in names) == bool(lasting)
        assert ("ceiling_halving" in names) == narrowing


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(cc.InputError, match="nearest known: observed"):
        read_observations("obseved")


def test_a_correlation_time_is_for_all_quantities_or_for_none():
    shipped = cc.read_observations()
    size = "correlation_time_training_cluster_size"
    some = {name: prior for name, prior in shipped.priors.items() if not name.startswith("correlation_time")}
    one = replace(shipped, priors={**some, size: shipped.priors["correlation_time"]})
    with pytest.raises(cc.InputError, match="correlation_time for 'training_cluster_size' but none for 'us_elec"):
        one.error_priors()
    assert not any(name.startswith("correlation_time") for name in replace(shipped, priors=some).error_priors())


def test_rows_are_left_out_by_name():
    observations = read_observations()
    assert "obs_gpt4" not in observations.without("obs_gpt4").ids
    with pytest.raises(cc.InputError, match="nearest known: obs_gpt4"):
        observations.without("obs_gtp4")


def test_rows_stand_in_the_same_order_however_they_are_given():
    observations = read_observations()
    turned = Observations(observations.rows[::-1], observations.priors, observations.group_correlation)
    assert turned.rows == observations.rows


@pytest.mark.parametrize(
    ("date", "year"), [("2024.7", 2024.7), ('"2024-07"', 2024.5), ("2024-07-01", 2024.5), ("2024", 2024.0)]
)
def test_a_date_is_its_first_moment_and_known_from_its_last(tmp_path, date, year):
    row = read_observations(written(tmp_path, ROW.replace("2024.7", date))).rows[0]
    assert row.date == pytest.approx(year)
    assert row.known_from == end_of("2025-01") == pytest.approx(2025 + 1 / 12)


def test_a_row_keeps_what_it_says():
    fields = {"id", "date", "quantity", "name", "value", "unit", "sd_log10", "source", "as_of"}
    assert {name for name, field in Observation.model_fields.items() if field.is_required()} == fields


CELLS = "id,date,quantity,name,value,unit,sd_log10,source,as_of\n"
CELL = "one,2024-07,training_cluster_size,xAI Colossus,1e5,H100e,0.1,Somebody (2025),2025-01\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("A.CSV", (CELLS + CELL).encode()),
        ("a.csv", (CELLS + CELL).encode("utf-8-sig")),
        ("a.csv", (CELLS + CELL + 3 * ",,,,,,,,\n").encode()),
        ("a.toml", ROW.replace("2024.7", "2024.5").encode("utf-8-sig")),
        (
            "a.toml",
            (
                "observation = [{" + ROW.replace("2024.7", "2024.5").split("]]\n")[1].strip().replace("\n", ", ") + "}]"
            ).encode(),
        ),
    ],
)
def test_the_same_row_in_every_dress(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    (row,) = read_observations(path).rows
    assert (row.id, row.date, row.value) == ("one", 2024.5, 1e5)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (CELLS.replace("name", "unit") + CELL, "the column 'unit' is there twice"),
        (CELLS + CELL.replace("1e5", '"0,8"'), "value = '0,8'"),
        (CELLS + CELL.replace("1e5", "-3"), "value = '-3'"),
        (CELLS + CELL.replace("Somebody", "Some\udce9body"), "is not UTF-8 text"),
        (CELLS + CELL.strip() + ",more\n", "unknown key cells beyond the header"),
        ((CELLS + CELL).replace(",", ";"), "separated by ';'; save the table with commas"),
        ((CELLS + CELL).replace(",", "\t"), r"separated by '\\t'"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(tmp_path, content, reason):
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(cc.InputError, match=reason):
        read_observations(path)


def test_a_table_of_another_source_is_read_by_its_columns(tmp_path):
    """A few rows under the header of Epoch AI's GPU clusters."""
    text = (
        "Name,Status,First Operational Date,H100 equivalents,Power Capacity (MW),Owner\n"
        "xAI Colossus Memphis,Existing,2024-09-01,100000,150,xAI\n"
        "OpenAI/Microsoft Goodyear,Existing,2024-06,,12,Microsoft\n"
        "Anthropic/Amazon New Carlisle,Existing,2025-10,420000,525,Amazon\n"
    )
    path = written(tmp_path, text, "gpu_clusters.csv")
    columns = {"name": "Name", "date": "First Operational Date", "value": "H100 equivalents"}
    constants = {
        "quantity": "training_cluster_size",
        "unit": "H100e",
        "sd_log10": 0.1,
        "source": "Epoch AI, GPU clusters (2026)",
        "as_of": "2026-01",
        "kind": "record",
    }
    with pytest.raises(cc.InputError, match=r"gpu_clusters\.csv:3: observation 'gpu_clusters_3': value is missing"):
        read_observations(path, columns=columns, constants=constants)
    read = read_observations(path, columns=columns, constants=constants, skip_bad=True)
    assert [(row.id, row.log10) for row in read] == [("gpu_clusters_2", 5.0), ("gpu_clusters_4", math.log10(4.2e5))]
    assert [row.date for row in read] == pytest.approx([2024 + 8 / 12, 2025.75])
    for wrong, reason in (
        ({"value": "H100 equivalent"}, "nearest known: H100 equivalents"),
        ({"valeu": "Name"}, "nearest known: value"),
    ):
        with pytest.raises(cc.InputError, match=reason):
            read_observations(path, columns=wrong, constants=constants)
    with pytest.raises(cc.InputError, match="is for CSV files"):
        read_observations(written(tmp_path, ROW), columns=columns)


GPU = {"columns": {"name": "Name", "date": "Date", "value": "Size"}, "constants": {"sd_log10": 0.1, "as_of": "2026"}}
GPU["constants"] |= {"quantity": "training_cluster_size", "unit": "H100e", "source": "Somebody"}


@pytest.mark.parametrize(
    ("row", "settings", "reason"),
    [
        # A group of digits without quotation marks moves every cell after it.
        ("Big,2026,1,500", {}, "unknown key cells beyond the header .*in quotation marks"),
        ('Big,2026,"1,500"', {}, "value = '1,500': a plain number is needed"),
        *(
            ("Big,2026,9", {"constants": {key: True}}, f"{key} = True: a number")
            for key in ("sd_log10", "part", "value")
        ),
        ("Big,2026,9", {"constants": {"sd_log10": "0.1"}}, "sd_log10 = '0.1': a number is needed, without quotation"),
        ("Big,2026,9", {"constants": 3}, "constants is 3; give a mapping"),
        ("Big,2026,9", {"columns": ["Name"]}, r"columns is \['Name'\]; give a mapping"),
        ("Big,2026,9", {"columns": {"value": 3}}, "columns is {.*'value': 3}; give a mapping"),
    ],
)
def test_what_a_table_of_another_source_means_is_never_guessed(tmp_path, row, settings, reason):
    path = written(tmp_path, f"Name,Date,Size\n{row}\n", "sizes.csv")
    mixed = {key: {**GPU[key], **given} if isinstance(given, dict) else given for key, given in settings.items()}
    with pytest.raises(cc.InputError, match=reason):
        read_observations(path, **{**GPU, **mixed})
    assert read_observations(written(tmp_path, "Name,Date,Size\nBig,2026,9,\n", "b.csv"), **GPU).rows[0].value == 9


def test_a_table_of_chips_is_read_by_its_columns(tmp_path):
    """A few rows under the header of Epoch AI's ML hardware, as Excel saves them: with a BOM, empty rows at the end."""
    text = (
        "\ufeffHardware name,Manufacturer,Type,Notes,Release date,Release price (USD),"
        "Tensor-FP16/BF16 performance (FLOP/s),FP8 performance (FLOP/s),Memory (bytes),TDP (W)\r\n"
        'NVIDIA A100,NVIDIA,GPU,"SXM4, 40 GB",2020-05-14,15000.0,312000000000000.0,,40000000000.0,400.0\r\n'
        "NVIDIA H100 SXM5 80GB,NVIDIA,GPU,,2022-09-20,,9.894e+14,1.979e+15,80000000000.0,700.0\r\n"
        ",,,,,,,,,\r\n,,,,,,,,,\r\n"
    )
    path = written(tmp_path, text, "ML_HARDWARE.CSV")
    about = {"sd_log10": 0.02, "source": "Epoch AI, ML hardware (2026)", "as_of": "2026-09"}
    columns = {"name": "Hardware name", "date": "Release date"}
    for value, unit, last in (
        ("TDP (W)", "W/chip", math.log10(700)),
        ("Tensor-FP16/BF16 performance (FLOP/s)", "FLOP/second/chip", math.log10(9.894e14 * 31_536_000)),
    ):
        constants = {**about, "quantity": "chip", "unit": unit}
        rows = read_observations(path, columns={**columns, "value": value}, constants=constants)
        assert [row.name for row in rows] == ["NVIDIA A100", "NVIDIA H100 SXM5 80GB"]
        assert rows.rows[0].date == pytest.approx(2020 + (4 + 13 / 31) / 12)
        assert rows.rows[1].log10 == pytest.approx(last, rel=1e-12)


def test_where_no_row_can_be_used_the_first_reason_is_kept(tmp_path):
    path = written(tmp_path, ROW.replace("sd_log10 = 0.1\n", ""))
    with pytest.raises(cc.InputError, match="no observation that can be used; .*sd_log10 is missing"):
        read_observations(path, skip_bad=True)


@given(st.binary(max_size=300), st.sampled_from(["a.toml", "a.csv"]), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_read_or_refused_in_one_line(tmp_path, content, name, rows):
    path = tmp_path / name
    path.write_bytes((ROW if name == "a.toml" else CELLS + CELL).encode() + content if rows else content)
    for skip_bad in (False, True):
        try:
            read_observations(path, skip_bad=skip_bad)
        except cc.InputError as error:
            assert str(path) in str(error)


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [("a.csv", "id,date,quantity\n", "add a row"), ("a.toml", "", r"add a table \[\[observation\]\]")],
)
def test_a_file_without_rows_is_refused_in_its_own_terms(tmp_path, name, text, remedy):
    with pytest.raises(cc.InputError, match=remedy):
        read_observations(written(tmp_path, text, name))
