"""The audit's table: findings made by hand, held against what is printed."""

from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console

from clustercast.report.wording import say


def result(low, high=None, *, unit="USD", label="", verdict="-", variant=False, date=False, share=False):
    part = SimpleNamespace(label=label, unit=unit, variant=variant, date=date, share=share)
    return SimpleNamespace(part=part, low=low, high=low if high is None else high, verdict=verdict)


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (result(453.21e9), "$453B"),
        (result(438e6, 657e6), "$438M to $657M"),
        (result(0.19381, unit="1", share=True), "19.4 %"),
        (result(2025.281, unit="year", date=True), "2025.3"),
        (result(2026.66, 2026.83, unit="year", date=True), "2026.7 to 2026.8"),
        (result(1846.1, unit="well"), "1,850 wells"),
    ],
)
def test_three_digits_and_a_unit(finding, text):
    assert say("audit.number", finding) == [text]


def test_a_part_shows_its_verdict_only_where_it_differs():
    assert say("audit.part", result(1e12, label="2030", verdict="NO"), "NO") == ["2030: $1.00T"]
    assert say("audit.part", result(1e12, label="2030", verdict="OK"), "NO") == ["2030: $1.00T (OK)"]
    assert say("audit.part", result(1e12), "NO") == ["$1.00T"]


def test_a_row_has_id_text_numbers_and_verdict():
    derivation = SimpleNamespace(id="A9", text="35 % a year gives $1T at +4 OOM")
    parts = [result(453e9, verdict="NO"), result(826e9, label="prices of 2024", verdict="ROUND")]
    finding = SimpleNamespace(derivation=derivation, parts=parts, verdict="NO")
    console = Console(width=80, file=StringIO())
    console.print(*say("audit.derivations", [finding]))
    said = console.file.getvalue()
    assert all(word in said for word in ("A9", "35 % a year", "$453B", "prices of 2024: $826B (ROUND)", "NO"))
    assert max(map(len, said.splitlines())) <= 80
    assert say("audit.finding", [finding, finding]) == [
        "Of 2 derivations of the texts 2 do not follow from the stated inputs (NO)."
    ]
