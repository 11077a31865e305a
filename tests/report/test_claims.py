"""The table of binding constraints: what hardly ever binds takes no column."""

from io import StringIO

import pytest
import xarray as xr
from rich.console import Console

from clustercast.report.numbers import chance
from clustercast.report.wording import say


def shares(values):
    coords = {"year": [2026.0, 2030.0], "label": ["trend", "power", "regulation"]}
    return xr.DataArray(values, coords, ("year", "label"))


def printed(table):
    console = Console(width=80, file=StringIO())
    console.print(table)
    return console.file.getvalue()


def test_a_limit_that_never_binds_is_named_below_the_table():
    said = printed(*say("claims.binding", shares([[0.9, 0.1, 0.0], [0.4, 0.6, 0.0005]]), shares([[0.01] * 3] * 2)))
    header = next(line for line in said.splitlines() if "trend" in line)
    assert "power" in header and "regulation" not in header
    assert "below 0.1 % in every year: regulation" in " ".join(said.split())
    assert "in percent" in said and " 60 " in said


def test_where_every_limit_binds_at_times_none_is_left_out():
    said = printed(*say("claims.binding", shares([[0.9, 0.1, 0.0], [0.4, 0.5, 0.1]]), shares([[0.01] * 3] * 2)))
    header = next(line for line in said.splitlines() if "trend" in line)
    assert "regulation" in header
    assert "in every year" not in " ".join(said.split())


@pytest.mark.parametrize(
    ("probability", "error", "text"), [(0.004, 0.001, "0.4 %"), (0.5, 1e-4, "50.0 %"), (0.5, 0.01, "50 %")]
)
def test_a_probability_has_the_digits_that_its_error_allows(probability, error, text):
    assert chance(probability, error) == text


def test_the_year_stands_in_a_table_of_many_limits_and_only_whole_years_of_many():
    labels = ["trend", "power", "logic chips", "packaging", "memory", "money", "fleet", "site"]
    coords = {"year": [2026 + k / 2 for k in range(20)], "label": labels}
    result = xr.DataArray([[0.0005] + [0.1427] * 7] * 20, coords, ("year", "label"))
    result[0, 0] = 0.5
    lines = printed(*say("claims.binding", result, result * 0 + 0.01)).splitlines()
    years = [line.split()[0] for line in lines if line.strip().startswith("20")]
    assert years == [str(year) for year in range(2026, 2036)]
    assert max(map(len, lines)) <= 80 and not any("…" in line for line in lines)
