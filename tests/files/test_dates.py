"""Dates: one rule for every door, against the calendar of the standard library."""

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import clustercast as cc
from clustercast.errors import InputError
from clustercast.files.dates import DateText, EndYear, StartYear, date_words, end_of, float_years, start_of

DAYS = st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 12, 30))


@given(DAYS)
def test_days_are_in_order_and_end_where_the_next_begins(day):
    following = day + datetime.timedelta(days=1)
    assert start_of(day) < end_of(day)
    assert end_of(day) == pytest.approx(start_of(following), abs=1e-9)


@given(DAYS)
def test_every_way_to_write_a_day_is_the_same_day(day):
    ways = [day, day.isoformat(), np.datetime64(day), datetime.datetime(day.year, day.month, day.day, 15)]
    assert len({start_of(way) for way in ways}) == 1
    assert len({end_of(way) for way in ways}) == 1


@given(DAYS)
def test_a_day_is_within_its_month_and_its_year(day):
    month, year = day.isoformat()[:7], str(day.year)
    assert start_of(year) <= start_of(month) <= start_of(day) < end_of(day) <= end_of(month) <= end_of(year)
    # Twelfths of a year and days of the calendar are never two days apart.
    first = datetime.date(day.year, 1, 1)
    exact = (day - first).days / (datetime.date(day.year + 1, 1, 1) - first).days
    assert start_of(day) - day.year == pytest.approx(exact, abs=2 / 365)


@given(DAYS)
def test_the_words_of_a_day_are_those_of_the_calendar(day):
    assert date_words(start_of(day)) == f"{day.day} {day:%B} {day.year}"


def test_a_year_begins_on_its_first_of_january_and_ends_with_the_next():
    assert (start_of("2028"), end_of("2028"), end_of("2026-06")) == (2028.0, 2029.0, 2026.5)
    assert (start_of("2026-07-01"), end_of("2024-06-30")) == (2026.5, 2024.5)
    assert start_of(2024.2) == end_of(2024.2) == 2024.2
    assert (date_words(2029.0), date_words(2026.45)) == ("1 January 2029", "13 June 2026")
    np.testing.assert_array_equal(float_years(np.array(["2024", "2025-07"], "datetime64[M]")), [2024, 2025.5])


@pytest.mark.parametrize("year", [1000, 9999])
def test_a_year_has_four_digits(year):
    assert start_of(year) == start_of(str(year)) == year
    for wrong in (999.5, 9999.5, "0999"):
        with pytest.raises(InputError, match="no year from 1000 to 9999"):
            start_of(wrong)


@pytest.mark.parametrize(
    "date",
    ["24-06", "2025-02-31", "2025-13", "June 2024", "", "2024-6", 202406, 24, float("nan"), float("inf"), None, True]
    + [np.datetime64("NaT"), [2024]],
)
def test_what_is_no_date_is_refused(date):
    for end in (start_of, end_of):
        with pytest.raises(InputError):
            end(date)


class _Row(BaseModel):
    as_of: DateText
    first: StartYear = 2000.0
    last: EndYear = 2000.0


def test_a_date_in_a_file_is_a_real_one():
    assert _Row(as_of="2024-02-29").as_of == "2024-02-29"
    for date in (datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 15)):
        assert _Row(as_of=date).as_of == "2024-02-29"
    for wrong in ("2025-02-29", "24-06", 2024, "2024-13"):
        with pytest.raises(ValidationError):
            _Row(as_of=wrong)
    schema = _Row.model_json_schema()["properties"]
    assert schema["as_of"]["pattern"].startswith("^")
    for name in ("first", "last"):
        assert schema[name]["anyOf"][0] == {"type": "number", "minimum": 1000, "maximum": 9999}


CLAIM = '[[claim]]\nid = "c"\ntext = "t"\nquantity = "power"\nlevel = "1 GW"\nby = {by}\nsource = "s"\n'


@pytest.mark.parametrize(
    ("written", "year", "months"),
    [("2030", 2030.0, 0), ('"2030"', 2030.0, 12), ('"2026-07"', 2026.5, 1), ('"2026-07-01"', 2026.5, 1 / 31)]
    + [("2026-07-01", 2026.5, 1 / 31), ("2026.5", 2026.5, 0), ('"2026.5"', 2026.5, 0)],
)
def test_a_claim_and_the_dates_of_a_set_are_any_date(tmp_path, written, year, months):
    path = tmp_path / "claims.toml"
    path.write_text(CLAIM.format(by=written))
    (claim,) = cc.read_claims(path)
    assert claim.by == year and claim.asked.years == (year,)
    path.write_text(
        f'[set]\nname = "t"\ntitle = "T"\nas_of = "2026"\nvalid_from = {written}\nvalid_to = {written}\n'
        '[inputs.own]\nfamily = "fixed"\nvalue = 1\nunit = "1"\nsource = "s"\nas_of = "2026"\n'
    )
    about = cc.read_priors(path).about
    # A set is valid from the first moment of one period to the last of another.
    assert (about.valid_from, about.valid_to) == (year, pytest.approx(year + months / 12, rel=1e-12))


@pytest.mark.parametrize(
    "written", ['"soon"', '"2025-02-31"', '"24-06"', "202406", "true", "nan", '"2026-13"', "[2026]"]
)
def test_what_is_no_date_is_refused_wherever_a_date_is_read(tmp_path, written):
    path = tmp_path / "claims.toml"
    path.write_text(CLAIM.format(by=written))
    with pytest.raises(InputError, match=r"by = .*(cannot read|is no year|has day|has month)"):
        cc.read_claims(path)


@pytest.mark.parametrize("missing", [np.datetime64("NaT"), np.datetime64("NaT", "D")])
def test_a_missing_date_is_named_as_it_is(missing):
    with pytest.raises(InputError, match=r"^cannot read 'NaT' as a date; write it as 2024"):
        start_of(missing)
