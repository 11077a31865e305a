"""One builder of tables: words fold, numbers never do, and markup is text."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from clustercast.report.tables import Table


def printed(made, width=80):
    console = Console(width=width, file=io.StringIO())
    # Without markup, as the analyses print.
    console.print(made, markup=False)
    return console.file.getvalue()


def test_numbers_stand_whole_to_the_right_and_words_fold():
    said = printed(Table("T", ["what", "number"], [["word " * 30, "$1.2B to $3.4T"]]))
    assert "$1.2B to $3.4T" in said and max(map(len, said.splitlines())) <= 80
    assert said.count("word") == 30


def test_prior_sets_with_a_scenario_head_whole_columns_of_whole_numbers():
    sets = [f"{name}+boom_ends_in_2028" for name in ("evidence_2026", "situational_awareness")]
    row = ["2030", "110M H100e (41 to 205)", "470M H100e (86M H100e to 2.5B H100e)", "×4.3"]
    result = printed(Table("Shipments", ["year", *sets, "factor"], [row]))
    assert "…" not in result and all(cell in result for cell in (*row, "situational_awareness", "+boom_ends_in_2028"))


def test_a_row_of_one_cell_heads_the_rows_below_and_a_note_stands_under_the_table():
    lines = printed(Table("T", ["a", "b"], [["group"], ["x", "1"]], note="said below")).splitlines()
    order = [next(k for k, line in enumerate(lines) if text in line) for text in ("group", "x", "said below")]
    assert order == sorted(order)


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=20))
def test_every_text_is_printed_as_it_is(text):
    word = text.strip().replace(" ", "_") or "x"
    assert word in printed(Table("T", ["a", "b"], [[word, "1"]]))
    shown = printed(Table(word, [word, "b"], [["a", "1"]], note=word))
    assert shown.count(word) == 3 + ["b", "a", "1"].count(word)


@given(
    st.lists(st.sampled_from(["$670 per H100e ($300 per H100e to $1.5k per H100e)", "1.0", "0 % a year"]), min_size=4)
)
def test_where_numbers_leave_no_place_for_words_they_fold_at_spaces_and_no_column_is_lost(cells):
    rows = [[f"Input {k}", *cells[k : k + 2]] for k in range(len(cells) - 1)]
    said = printed(Table("T", ["input", "one_set", "another_set"], rows))
    assert "…" not in said and max(map(len, said.splitlines())) <= 80
    words = [word for row in rows for cell in row for word in cell.split()]
    assert all(said.split().count(word) >= words.count(word) for word in {*words})
