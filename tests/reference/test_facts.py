"""The page of the docs on facts: each number as the library gives it, and as many inside as intervals promise."""

import re

import numpy as np
import pytest

from tests.reference.facts import observed_table, outside_table

NUMBER = re.compile(r"-?\d[\d,]*\.?\d*")


@pytest.fixture(scope="module")
def page(pytestconfig):
    return (pytestconfig.rootpath / "docs" / "forecast_and_facts.md").read_text(encoding="utf-8")


def _cells(line):
    return [cell.strip() for cell in line.strip("|\n ").split("|")]


def _numbers(cell):
    return [float(number.replace(",", "")) for number in NUMBER.findall(cell)]


def _assert_on_page(page, table, words):
    shown = [_cells(line) for line in page.splitlines() if line.startswith("|")]
    for line in table.splitlines()[2:]:
        expected = _cells(line)
        result = [row for row in shown if row[:words] == expected[:words]]
        assert len(result) == 1, expected[:words]
        for cell, other in zip(result[0][words:], expected[words:], strict=True):
            assert NUMBER.sub("", cell) == NUMBER.sub("", other)
            np.testing.assert_allclose(_numbers(cell), _numbers(other), rtol=0.02, err_msg=line)


def test_the_page_has_every_observation_and_nine_in_ten_are_inside(page):
    table, (inside_90, inside_50) = observed_table()
    _assert_on_page(page, table, 4)
    assert 0.8 <= inside_90 <= 1
    assert 0.35 <= inside_50 <= 0.65
    assert f"{inside_90:.0%}".replace("%", " %") in page
    assert f"{inside_50:.0%}".replace("%", " %") in page


def test_the_page_has_what_others_forecast(page):
    _assert_on_page(page, outside_table(), 2)
