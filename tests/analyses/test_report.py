"""The report is one page that says what was run, opens from disk and weighs little."""

import contextlib
import csv
import functools
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser

import pytest

import analyses.report
from analyses import options
from analyses.report import report
from clustercast.report.html import Section

FEW = ["--samples", "512", "--years", "2024:2032:2"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        assert options.exit_code(report, [*FEW, "--out", str(out), "--draws", str(out / "draws.nc")]) == 0
    assert "situational_awareness" in told.getvalue() and str(out / "report.html") in told.getvalue().replace("\n", "")
    return out


@pytest.fixture(scope="module")
def html(place):
    return (place / "report.html").read_text(encoding="utf-8")


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


def test_every_section_is_there(html):
    titles = re.findall(r'<h2 id="[^"]+">([^<]+)</h2>', html)
    assert titles[:2] == ["The question", "Headline probabilities"] and titles[-1] == "Provenance"
    wanted = {"Forecast by year", "The essay beside the forecast", "What matters, by year", "What binds", "Scenarios"}
    assert wanted | {"Claims", "Audit of the arithmetic", "Priors and their sources"} <= set(titles)


def test_every_figure_is_described_in_words(html):
    described = re.findall(r'<svg[^>]*aria-labelledby="([^"]+)"[^>]*>\s*<title id="([^"]+)">([^<]{30,})</title>', html)
    assert len(described) == html.count("<svg ") > 15
    assert all(target == identifier for target, identifier, _ in described)


def test_every_prior_stands_with_its_source_and_the_run_with_its_hashes(html):
    import clustercast as cc

    priors = cc.read_priors("situational_awareness")
    assert all(found.source.split(",")[0].split("'")[0] in html for found in priors.values())
    assert priors.hash in html and "numpy" in html and "<dt>seed</dt>" in html


def test_the_numbers_lie_beside_it(place):
    with (place / "report_quantiles.csv").open(newline="") as file:
        outputs = {row["output"] for row in csv.DictReader(file)}
    assert {"training_cluster_power", "wafer_share", "binding_constraint"} <= outputs
    assert (place / "report_iamc.csv").read_text().startswith("model,scenario,region,variable,unit,year")


def test_every_sample_is_written_where_asked(place):
    import clustercast as cc

    draws = cc.read_netcdf(place / "draws.nc")
    assert draws["training_cluster_power"].dims == ("year", "sample") and draws.sizes["sample"] == 512
    assert "cluster_growth_rate" in draws and cc.provenance_of(draws)["priors_name"] == "situational_awareness"


def test_another_prior_set_and_a_scenario_are_shown(tmp_path, capsys, monkeypatch):
    # The other sections and their figures are those of the page above.
    for place, names in (
        (analyses.report.sections, ("fans", "headline", "audit")),
        (analyses.report.explanations, ("what_matters", "constraints", "scenarios")),
    ):
        for name in names:
            monkeypatch.setattr(place, name, lambda *given, name=name, **overlays: Section(name, ""))
    given = ["--priors", "evidence_2026", "--scenario", "no_new_gas", "--condition", "--json", *FEW]
    given += ["--out", str(tmp_path)]
    assert options.exit_code(report, given) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["milestones"]["attrs"]["provenance"]["priors_name"].startswith("evidence_2026")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "evidence_2026" in html and '<h2 id="what-was-observed">' in html


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
        out, told = running.communicate(timeout=60)
    assert (running.returncode, out, told) == (130, "", "")
    assert not list((tmp_path / "out").iterdir())
