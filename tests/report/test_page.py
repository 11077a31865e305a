"""The page is one file, whole, readable without eyes or network, and gives what it was given."""

import re
from html.parser import HTMLParser

import jinja2
import pytest
from matplotlib.figure import Figure

from clustercast.report.plots import PALETTE
from clustercast.report.plots.style import svg
from clustercast.report.tables import Table
from clustercast.report.wording import environment

VOID = {"meta", "link", "br", "img", "hr"}
FRAME = """{% extends "page.html" %}{% import "macros.html" as show %}
{% block title %}{{ title }}{% endblock %}{% block body %}<h1>{{ title }}</h1><main id="main">
{{ show.sentences(said) }}{{ show.odds(chances) }}{{ show.tables(tables) }}{% call show.figures() %}
{% for given in figures %}{{ show.figure(*given) }}{% endfor %}{% endcall %}</main>
{% endblock %}"""


class Reader(HTMLParser):
    """Reads a page strictly: every element that opens closes, in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attrs, self.ids = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attrs.append((tag, dict(attrs)))
        self.ids += [value for key, value in attrs if key == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def drawn():
    made = Figure(figsize=(2, 1))
    ax = made.subplots()
    ax.plot([0, 1], [0, 1], color="#000000")
    ax.bar([0], [1], color=PALETTE[0])
    ax.set_title("Costs < $1B")
    return made


def page(**given):
    empty = {"title": "Title", "said": [], "chances": [], "tables": [], "figures": []}
    return environment().from_string(FRAME).render(**{**empty, **given})


def check_page(text):
    """Check what must hold of every page."""
    read = Reader(text)
    assert len(read.ids) == len(set(read.ids)), "ids repeat"
    headings = [int(tag[1]) for tag in read.tags if re.fullmatch(r"h[1-6]", tag)]
    assert headings[0] == 1 and headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(headings, headings[1:], strict=False))
    for tag, attrs in read.attrs:
        assert tag not in ("link", "iframe", "img"), f"a page of one file has no {tag}"
        for key in ("href", "src", "xlink:href"):
            assert attrs.get(key, "#").startswith("#"), f"{key} leaves the page: {attrs[key]}"
        if attrs.get("href", "#").startswith("#") and len(attrs.get("href", "")) > 1:
            assert attrs["href"][1:] in read.ids, f"no target: {attrs['href']}"
        if attrs.get("aria-labelledby"):
            assert attrs["aria-labelledby"] in read.ids
        if tag == "th":
            assert attrs["scope"] in ("col", "row", "rowgroup")
    assert read.tags.count("table") == read.tags.count("caption")
    assert read.tags.count("svg") == read.tags.count("title") - 1, "a figure has no description"
    assert "@import" not in text and not re.search(r"url\((?!#)", text)
    return read


def test_a_page_is_whole_and_leaves_nothing_outside():
    figures = [(drawn(), "one", "A line & a bar"), (drawn(), "two", "The same", "below")]
    made = Table("caption", ["a", "b"], [["1", "2"]], note="a note")
    text = page(title="Title <1>", said=["a < b"], chances=[("1 in 20", "x > y")], tables=[made], figures=figures)
    read = check_page(text)
    assert text.startswith("<!DOCTYPE html>") and ("html", {"lang": "en"}) in read.attrs
    assert "<title>Title &lt;1&gt;</title>" in text and "<p>a &lt; b</p>" in text and "x &gt; y" in text
    assert "prefers-color-scheme: dark" in text and "@media print" in text


def test_a_figure_takes_the_colours_of_the_page_and_has_no_ground():
    text = svg(drawn(), "one", "A line & a bar")
    assert '<title id="one-title">A line &amp; a bar</title>' in text and 'role="img"' in text
    assert "#000000" not in text and "stroke: currentColor" in text and "var(--c0)" in text
    assert PALETTE[0].lower() not in text and "fill: #ffffff" not in text
    assert "<metadata" not in text and "<style" not in text


def test_the_text_of_a_figure_is_text_of_ten_pixels_or_more():
    text = svg(drawn(), "one", "x")
    assert "Costs &lt; $1B</text>" in text
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", text)]
    assert sizes and min(sizes) >= 10 and "font-family" not in text


def test_two_figures_share_no_names_and_one_figure_is_the_same_text_twice():
    ids = [set(re.findall(r'\bid="([^"]+)"', svg(drawn(), name, "x"))) for name in ("one", "two")]
    assert ids[0] and not ids[0] & ids[1]
    assert svg(drawn(), "one", "x") == svg(drawn(), "one", "x")
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg(drawn(), "one", "x")))
    assert used <= ids[0]


def test_a_table_heads_its_rows_and_groups_and_names_each_cell_for_a_card():
    text = page(tables=[Table("Numbers", ["name", "value"], [["group"], ["a<b", "1"]])])
    assert "<caption>Numbers</caption>" in text
    assert '<th class="group" scope="rowgroup" colspan="2">group</th>' in text
    assert '<th scope="row">a&lt;b</th><td class="right" data-label="value">1</td>' in text


@pytest.mark.parametrize(
    "given",
    [
        {"said": ["<b>"]},
        {"chances": [("<b>", "<i>")]},
        {"tables": [Table("<b>", ["<i>"], [["<u>"]], note="<b>")]},
        {"title": "<b>"},
    ],
)
def test_text_is_never_markup(given):
    assert not {"b", "i", "u"} & set(Reader(page(**given)).tags)


def test_a_value_that_is_missing_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        environment().get_template("report.html").render(title="x")
