"""Chromium, the shipped model's page, and the explorer's modules in Node and in Chromium."""

import contextlib
import io
import json
from pathlib import Path

import pytest

import clustercast as cc
from analyses import explore
from clustercast.report.explorer import explorer_data
from tests import browser
from tests.report.explorer.node import MODULES, answers, worlds

ORIGIN = "http://explorer.test"


# Of a module, not of the folder: Playwright holds the one loop of the process, and other modules need one too.
@pytest.fixture(scope="module")
def chromium():
    """A browser that is there; without one the tests in it are skipped."""
    with browser.chromium() as result:
        yield result


@pytest.fixture(scope="module", params=["node", "chromium"])
def ask(request):
    """What answers jobs of jobs.js: Node, then Chromium, which has the modules from an origin that is made up."""
    if request.param == "node":
        yield answers
        return
    page = request.getfixturevalue("chromium").new_page()

    def served(route):
        name = route.request.url.removeprefix(ORIGIN).lstrip("/")
        path = (Path(__file__).parent if name == "jobs.js" else MODULES) / name
        text, kind = (
            (path.read_text(encoding="utf-8"), "text/javascript") if name else ("<title>jobs</title>", "text/html")
        )
        route.fulfill(body=text, content_type=kind)

    page.route(f"{ORIGIN}/**", served)
    page.goto(ORIGIN)
    run = f"async (jobs) => JSON.stringify(await (await import('/jobs.js')).answered('{ORIGIN}', JSON.parse(jobs)))"
    yield lambda *jobs: json.loads(page.evaluate(run, json.dumps(jobs)))
    page.close()


@pytest.fixture(scope="package")
def shipped():
    """What the page of the shipped model carries, with both sets and a scenario over each."""
    chosen = worlds(
        ("evidence_2026", ""),
        ("situational_awareness", ""),
        ("evidence_2026", "boom_ends_in_2028"),
        ("situational_awareness", "limits_off"),
    )
    return explorer_data(chosen, cc.cluster_model(), explore.FIRST, range(2024, 2035), explore.LEVELS, 0)


@pytest.fixture(scope="package")
def executed():
    """What lines of Python leave behind, by name, and what they print; equal lines run once."""
    known = {}

    def executed(lines, **given):
        if lines not in known:
            known[lines] = given
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(lines, known[lines])
            known[lines]["printed"] = printed.getvalue()
        return known[lines]

    return executed
