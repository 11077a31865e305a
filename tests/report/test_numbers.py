"""Numbers are said as people say them, and never with more digits than are known."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from clustercast.arrays.summaries import share_error
from clustercast.report.numbers import calendar_year, chance, human, interval, is_share, odds, plus_minus, with_interval


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1.2e9, "W", "1.2 GW"),
        (999.6e6, "W", "1.0 GW"),
        (1e11, "W", "100 GW"),
        (123.4, "GW", "120 GW"),
        (2300, "GW", "2.3 TW"),
        (0.5, "GW", "500 MW"),
        (4250, "TWh/year", "4.2 PWh a year"),
        (1000.0, "W/H100e", "1.0 kW per H100e"),
        (1.3e12, "USD", "$1.3T"),
        (5e8, "USD", "$500M"),
        (12.0, "USD", "$12"),
        (-4e9, "USD/year", "-$4.0B a year"),
        (50_000, "USD/H100e", "$50k per H100e"),
        (2200, "USD/kW", "$2.2k per kW"),
        (2.5e6, "H100e", "2.5M H100e"),
        (1e9, "H100e", "1.0B H100e"),
        (25_000, "H100e", "25k H100e"),
        (3.0e6, "wafer/year", "3.0M wafers a year"),
        (1200, "well", "1,200 wells"),
        (2.0, "country", "2.0 countries"),
        (0.48, "OOM/year", "×3.0 a year"),
        (0.35, "1/year", "35 % a year"),
        (-2.0, "OOM", "×0.010"),
        (0.15, "OOM/year**1.5", "0.15 decades per year^1.5"),
        (2024.0, "year", "2024"),
        (2026.5, "year", "2026.5"),
        (1.35, "1", "1.4"),
        (12, "%", "12 %"),
        (0, "W", "0 W"),
        (4e25, "FLOP", "40 YFLOP"),
    ],
)
def test_two_digits_in_the_multiple_that_people_say(value, unit, said):
    assert human(value, unit) == said


def test_shares_are_percentages():
    assert human(0.123, share=True) == "12 %"
    assert human(1.0, share=True) == "100 %"
    assert human(0.0042, share=True) == "0.42 %"
    assert human(4.0, share=True) == "400 %"
    assert is_share("wafer_share") and is_share("probability") and not is_share("shared_capacity")


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (1.2345e9, 2e7, "1.23 GW"),
        (1.2345e9, 2e6, "1.234 GW"),
        (1.2345e9, 2e3, "1.234 GW"),
        (1.2345e9, 0.0, "1.234 GW"),
        (1.2345e9, 2e8, "1.2 GW"),
        (1.2345e9, 5e9, "1 GW"),
        (96e6, 3e7, "100 MW"),
    ],
)
def test_no_digit_is_shown_beyond_the_first_of_the_error(value, error, said):
    assert human(value, "W", error=error) == said


def test_the_error_of_a_rate_is_in_the_unit_of_the_rate():
    assert human(0.07746, "1/year", error=0.008) == "7.7 % a year"


def test_a_number_that_is_none_is_said_to_be_none():
    assert human(math.nan, "W") == "nan W"
    assert human(math.inf, "USD") == "$inf"


def test_a_range_has_one_unit_where_both_ends_are_of_a_size():
    assert interval(0.35, 0.62, "OOM/year") == "×2.2 to ×4.2 a year"
    assert interval(3, 7, "year") == "3.0 to 7.0 years"
    assert interval(900e6, 3e9, "W") == "0.90 to 3.0 GW"
    assert interval(1e6, 3e9, "W") == "1.0 MW to 3.0 GW"
    assert interval(1e9, 2e9, "USD") == "$1.0B to $2.0B"
    assert interval(0, 2e9, "W") == "0 to 2.0 GW"
    assert interval(-3e9, -1e9, "USD") == "-$3.0B to -$1.0B"
    assert interval(-2, 3, "OOM") == "×0.010 to ×1,000"
    assert interval(0.001, 0.2, share=True) == "0.10 to 20 %"


def test_a_number_with_its_interval_says_the_unit_once_where_it_fits():
    assert with_interval(4.71e9, 1.59e9, 10.6e9, "W") == "4.7 GW (1.6 to 11)"
    assert with_interval(134e9, 42e9, 314e9, "USD") == "$134B (42 to 314)"
    assert with_interval(0.09, 0.052, 0.132, share=True) == "9.0 % (5.2 to 13)"
    assert with_interval(2e9, 3e6, 1e13, "W") == "2.0 GW (3.0 MW to 10 TW)"


@pytest.mark.parametrize(
    ("probability", "error", "said"),
    [
        (0.4234, 0.004, "42 %"),
        (0.998, 0.005, "99.8 %"),
        (0.994, 0.02, "99.4 %"),
        (0.99999, 0.0001, "> 99.9 %"),
        (0.0, 0.0001, "< 0.1 %"),
        (0.004, 0.005, "0.4 %"),
    ],
)
def test_a_chance_has_the_digits_that_its_error_allows(probability, error, said):
    assert chance(probability, error) == said


@given(st.floats(0, 1), st.floats(0, 0.1))
def test_no_chance_is_called_certain(probability, error):
    assert chance(probability, error) not in {"0 %", "0.0 %", "100 %", "100.0 %"}


@pytest.mark.parametrize(
    ("probability", "said"),
    [(0.05, "1 in 20"), (0.31, "3 in 10"), (0.86, "9 in 10"), (0.0, "less than 1 in 1,000"), (0.97, "97 in 100")]
    + [(0.9999, "more than 999 in 1,000")],
)
def test_odds_are_words(probability, said):
    assert odds(probability) == said


def test_a_date_that_does_not_come_names_the_last_year():
    assert calendar_year(2030.0) == "2030.0" and calendar_year(2028.44, error=2.0) == "2028"
    assert calendar_year(math.nan, last=2034) == "not by 2034"
    assert calendar_year(math.inf) == "never"


PREFIXES = {"m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}


@given(st.floats(1e-2, 1e20), st.booleans(), st.floats(1e-6, 1.0))
def test_what_is_said_is_the_number_to_within_its_last_digit(value, negative, relative_error):
    value = -value if negative else value
    said = human(value, "W", error=relative_error * abs(value))
    result = re.fullmatch(r"(-?[\d,.]+) ([mkMGTPE]?)W", said)
    assert result, said
    back = float(result[1].replace(",", "")) * PREFIXES[result[2]]
    # Within the error's decade, and no finer than half a unit of the fourth digit.
    assert (
        abs(back - value) <= 0.5 * max(relative_error, 1e-3) * abs(value) * 1.000001
        or len(result[1].strip("-0.").replace(".", "").replace(",", "")) == 1
    )


def test_a_half_width_has_one_digit():
    assert [plus_minus(half) for half in (0.0123, 0.55, 7.6, 17.0, 1234.0)] == ["0.01", "0.6", "8", "20", "1,000"]


@pytest.mark.parametrize("size", [4, 16, 64, 512, 16384])
def test_a_chance_that_no_sample_shows_is_below_what_so_many_samples_exclude(size):
    error = float(share_error(np.zeros(()), size))
    least = max(0.001, stats.beta.ppf(0.975, 0.5, size + 0.5))
    assert float(chance(0.0, error).strip("< %")) / 100 == pytest.approx(least, rel=0.1)
    assert float(chance(1.0, error).strip("> %")) / 100 == pytest.approx(1 - least, rel=0.1)
    assert float(odds(0.0, error).rpartition(" ")[2].replace(",", "")) == pytest.approx(1 / least, rel=0.1, abs=1)
