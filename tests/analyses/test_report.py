"""The report is one page that says what was run, opens from disk and weighs little."""

import contextlib
import csv
import functools
import io
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

import clustercast as cc
from analyses import options
from analyses.report import report
from clustercast.report.numbers import worded
from tests import browser

FEW = ["--samples", "256", "--years", "2024:2032:2"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    said = io.StringIO()
    given = [*FEW, "--condition", "--out", str(out), "--draws", str(out / "draws.nc")]
    with contextlib.redirect_stdout(said):
        assert options.exit_code(report, given) == 0
    assert said.getvalue().startswith("2030: the largest cluster draws ")
    assert "evidence_2026" in said.getvalue() and str(out / "report.html") in said.getvalue().replace("\n", "")
    return out


@pytest.fixture(scope="module")
def html(place):
    return (place / "report.html").read_text(encoding="utf-8")


def test_one_year_is_enough(tmp_path):
    # Before the forecast starts nothing is held back by year.
    assert options.exit_code(report, ["--samples", "64", "--years", "2026", "--out", str(tmp_path)]) == 0
    assert "2026: the largest cluster draws " in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_forecast_is_on_sobol_points_as_that_of_the_other_analyses(place):
    inputs = cc.draw(cc.read_priors("evidence_2026"), 256, design="sobol", replicates=16, seed=0)
    forecast = cc.propagate(inputs, years=[2024, 2030], outputs=["training_cluster_power"])
    ours = cc.read_netcdf(place / "draws.nc")["training_cluster_power"].sel(year=[2024, 2030])
    assert ours.values.tolist() == forecast["training_cluster_power"].values.tolist()


class Outline(HTMLParser):
    """Collects headings, ids, targets of links, and whatever would be fetched."""

    def __init__(self, text):
        super().__init__()
        self.headings, self.ids, self.links, self.fetched, self.captions, self.tables = [], [], [], [], 0, 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if tag in ("img", "link", "iframe", "object", "embed") or "src" in given:
            self.fetched.append(tag)
        self.captions += tag == "caption"
        self.tables += tag == "table"


def test_the_page_is_one_small_file_that_fetches_nothing(place, html):
    outline = Outline(html)
    assert (place / "report.html").stat().st_size < 5e6
    assert not outline.fetched
    assert not re.search(r"(https?:)?//(?!www\.w3\.org)[a-z]", re.sub(r"<dd>.*?</dd>|<td>.*?</td>", "", html))


def test_headings_are_in_order_ids_differ_and_links_land(html):
    outline = Outline(html)
    assert outline.headings[0] == 1 and set(outline.headings[1:]) == {2}
    assert len(outline.ids) == len(set(outline.ids))
    assert {link.removeprefix("#") for link in outline.links} <= set(outline.ids)
    assert outline.tables == outline.captions > 10


def test_the_answer_comes_first_and_every_section_is_there(html):
    first = html[: html.index("<nav")]
    assert first.index("2030: the largest cluster draws") < first.index("<svg ") and "hangs most on" in first
    assert len(re.findall(r"<li><strong>[^<]*1?\d in [\d,]+</strong>", first)) == 4
    titles = re.findall(r'<h2 id="[^"]+">([^<]+)</h2>', html)
    assert titles[0] == "Forecast by year" and titles[-1] == "How this was made"
    wanted = {"The essay beside the forecast", "What matters, by year", "What holds it back", "Scenarios", "Claims"}
    assert wanted | {"Words", "Audit of the arithmetic", "Priors and their sources", "What was observed"} <= set(titles)


def section(html, name):
    return html[html.index(f'<h2 id="{name}">') :].partition("</section>")[0]


def test_the_observations_are_said_in_words_and_each_is_on_a_fan(html):
    seen = section(html, "learned")
    assert "Most was learned of" in seen and "as they would have been made: what was learned then missed by ×" in seen
    assert "k-hat" not in seen.partition("<details")[0]
    rows = [row for row in cc.read_observations() if not row.unused]
    named = {quantity.replace("cumulative", "yearly").replace("_", "-") for quantity in {row.quantity for row in rows}}
    fans = set(re.findall(r'id="(?:seen|fan)-([a-z-]+)-title"', html)) | {"training-cluster-power"}
    assert named <= fans


def test_what_to_ask_next_is_a_sentence_and_two_or_three_figures(html):
    asked = section(html, "next")
    assert re.search(r"\d in \d+: training cluster power &gt; \d+ GW by 1 January 2030", asked)
    assert 2 <= asked.count("<svg ") <= 3 and asked.index("<p>") < asked.index("<svg ")


def test_the_limits_that_act_are_said_once_and_what_holds_back_in_words(html):
    assert html.count("Limits that act from ") == 1
    said = r"<p>What holds the largest training cluster back in 2030: [a-z ]+ in \d+ %, .* of the samples"
    assert re.search(said, html)


def test_names_are_words_but_for_what_is_typed(html):
    hidden = r"<code>.*?</code>|<svg.*?</svg>|<script>.*?</script>|<style>.*?</style>|<[^>]+>"
    prose = re.sub(hidden, " ", html, flags=re.DOTALL)
    result = set(re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", prose))
    assert result <= {"evidence_2026", *(row.id for row in cc.read_observations())}


def test_no_date_is_a_number_of_years_and_no_rate_is_left_bare(html):
    text = re.sub(r'<svg.*?</svg>|<td data-label="(?:note|source)">.*?</td>', " ", html, flags=re.DOTALL)
    assert not [bare for bare in ("2,000 years", "1/year", "OOM/year", "USD/year") if bare in text]


def test_the_text_of_figures_is_text_of_ten_pixels_on_a_phone(html):
    for svg in re.findall(r"<svg .*?</svg>", html, re.DOTALL):
        width = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
        sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)]
        # A phone of 390 pixels leaves 358 for a figure.
        assert sizes and min(sizes) * 358 / width >= 9.8


def test_no_axis_of_a_figure_has_one_label(html):
    for svg in re.findall(r"<svg .*?</svg>", html, re.DOTALL):
        for axis in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}g"):
            if re.search(r"matplotlib\.axis_\d+$", axis.get("id", "")):
                labels = ["".join(tick.itertext()).strip() for tick in axis if "tick_" in tick.get("id", "")]
                assert len(set(filter(None, labels))) != 1, (axis.get("id"), labels)


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as result:
        yield result


def opened(chromium, width, scheme, html):
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.set_content(html)
    result = browser.readable(page)
    page.close()
    return result


def test_contrast_is_what_others_measure(chromium):
    # Known greys (webaim.org): #767676 on white has 4.54, #777777 4.48; white on #595959 has 7.0.
    greys = '<p style="color: #777777">a</p><svg><rect fill="#595959" width="90" height="90"/>'
    greys += '<text x="9" y="40" fill="#ffffff">b</text><text x="150" y="40" fill="#767676">c</text></svg>'
    result = {text: round(contrast, 2) for text, contrast, *_ in opened(chromium, 400, "light", greys)["texts"]}
    assert result == {"a": 4.48, "b": 7.0, "c": 4.54}


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_all_text_stands_out_from_its_ground_and_is_ten_pixels_tall(chromium, html, width, scheme):
    result = opened(chromium, width, scheme, html)
    assert result["beyond"] <= 0 and len(result["texts"]) > 2000
    assert not [(text, contrast) for text, contrast, *_ in result["texts"] if contrast < 4.5]
    assert not [(text, size) for text, _, size, _ in result["texts"] if size < 9.95]
    # What a font that is wider than the one a figure was laid out with may take.
    assert not [(text, outside) for text, *_, outside in result["texts"] if outside > 12]


def test_every_figure_is_described_in_words(html):
    described = re.findall(r'<svg[^>]*aria-labelledby="([^"]+)"[^>]*>\s*<title id="([^"]+)">([^<]{30,})</title>', html)
    assert len(described) == html.count("<svg ") > 15
    assert all(target == identifier for target, identifier, _ in described)


def test_every_prior_stands_with_its_source_and_the_run_with_its_hashes(html):
    priors = cc.read_priors("evidence_2026")
    text = unescape(html)
    assert not [name for name, result in priors.items() if worded(result.source) not in text]
    assert priors.hash in html and "numpy" in html and "<dt>seed</dt>" in html


def test_the_numbers_lie_beside_it(place):
    with (place / "report_quantiles.csv").open(newline="") as file:
        outputs = {row["output"] for row in csv.DictReader(file)}
    assert {"training_cluster_power", "ai_investment", "binding_constraint"} <= outputs
    assert (place / "report_iamc.csv").read_text().startswith("model,scenario,region,variable,unit,year")


def test_every_sample_is_written_where_asked(place):
    draws = cc.read_netcdf(place / "draws.nc")
    assert draws["training_cluster_power"].dims == ("year", "sample") and draws.sizes["sample"] == 256
    assert "cluster_growth_rate" in draws and cc.provenance_of(draws)["priors_name"] == "evidence_2026"


def test_the_audit_of_the_page_does_not_depend_on_the_prior_set(html):
    counts = Counter(result.verdict for result in cc.audit_findings())
    assert re.search(rf"<strong>{counts['NO']}</strong> <span>do not follow", html)


def test_more_samples_than_memory_holds_are_refused_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(options, "free_memory", lambda: 2e9)
    monkeypatch.setattr(cc, "draw", None)
    given = ["--samples", str(1 << 20), "--out", str(tmp_path / "out")]
    assert options.exit_code(report, given) == options.BAD_INPUT
    said = capsys.readouterr().err
    assert "--samples 1,048,576 needs" in said and "2 GB are free; ask for 65,536" in said and said.count("\n") == 1
    assert not list((tmp_path / "out").iterdir())


def test_a_model_or_outputs_that_the_page_has_nothing_on_are_refused_by_name(tmp_path, capsys):
    given = ["--samples", "64", "--out", str(tmp_path)]
    lacking = "import clustercast as cc\n\n\n@cc.quantity('1')\ndef share(x):\n    return x\n\n\n"
    (tmp_path / "own.py").write_text(f"{lacking}model = cc.Model([share])\npriors = cc.Priors(x=cc.Uniform(0, 1))\n")
    assert options.exit_code(report, [*given, "--model", str(tmp_path / "own.py")]) == options.BAD_INPUT
    assert "claims about 'training_cluster_cost', which the model lacks; add it" in capsys.readouterr().err
    assert options.exit_code(report, [*given, "--outputs", "fleet_power"]) == options.BAD_INPUT
    said = capsys.readouterr().err
    assert "fleet_power has none; add one of training_cluster_power, " in said and said.count("\n") == 1


def test_what_is_free_is_no_more_than_the_machine_has():
    assert 0 < options.free_memory() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_ctrl_c_in_the_middle_leaves_no_half_file_and_exits_with_130(tmp_path):
    command = [sys.executable, "-m", "analyses.report", "--samples", str(1 << 18), "--out", str(tmp_path / "out")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(["src", "."])}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    # In the background of a shell interrupts are ignored, and children inherit that.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, **streams, preexec_fn=heed) as running:
        while not (tmp_path / "out").exists() and running.poll() is None:
            time.sleep(0.02)
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        out, error = running.communicate(timeout=60)
    assert (running.returncode, out, error) == (130, "", "")
    assert not list((tmp_path / "out").iterdir())


def test_draws_in_another_format_are_refused_before_the_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("analyses.report_results.gather", lambda *_: pytest.fail("the forecast was run"))
    assert options.exit_code(report, [*FEW, "--out", str(tmp_path / "new"), "--draws", "x.txt"]) == 2
    assert "the suffix is '.txt'; give .nc or .parquet" in capsys.readouterr().err
    assert list((tmp_path / "new").iterdir()) == []
