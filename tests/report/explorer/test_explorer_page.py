"""The explorer's page in Chromium, opened from disk: no request, no error, sliders, its address, accessibility."""

import os
import shutil
from pathlib import Path

import pytest

import clustercast as cc
from analyses import explore
from clustercast.report.explorer import explorer
from tests.report.explorer.node import worlds

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; it is in the extra 'test'")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--no-first-run", "--disable-gpu", "--disable-background-networking", "--disable-extensions", "--disable-sync")
POWER = "#answer b >> nth=0"


@pytest.fixture(scope="module")
def chromium():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"there is no {' or '.join(BROWSERS)} on the PATH")
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=[*QUIET, *root])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The shipped model with both sets and one scenario, which is quicker to make than with all of them."""
    model = cc.cluster_model()
    both = ("evidence_2026", "situational_awareness")
    chosen = worlds(*((name, scenario) for name in both for scenario in ("", "slower_growth")))
    page = explorer(chosen, model, explore.OUTPUTS, range(2024, 2035), explore.LEVELS, 0, explore.observed(model))
    path = tmp_path_factory.mktemp("explorer") / "explore.html"
    page.write(path)
    return path.as_uri()


@pytest.fixture
def page(chromium, address):
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    made, wrong = context.new_page(), []
    made.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on(
        "request",
        lambda request: wrong.append(request.url) if not request.url.startswith(("file:", "data:", "blob:")) else None,
    )
    made.goto(address)
    settled(made)
    yield made
    context.close()
    assert not wrong


def test_a_model_without_years_is_explored_too(chromium, tmp_path):
    @cc.quantity("USD")
    def cost(size, price):
        return size * price

    priors = cc.Priors(size=cc.to(10, 20), price=cc.to(1, 3, unit="USD"))
    cc.explore(priors, model=cc.Model([cost])).write(tmp_path / "own.html")
    own, wrong = chromium.new_page(), []
    own.on("console", lambda message: wrong.append(message.text))
    own.goto((tmp_path / "own.html").as_uri())
    settled(own)
    assert own.inner_text("h1") == "How large is cost?" and own.locator(".slider").count() == 2
    assert own.locator("#fan svg rect").count() > 30 and not wrong
    own.close()


def settled(page):
    page.wait_for_selector('body[data-size="16384"]', timeout=30_000)


def test_the_first_screen_answers_and_every_control_moves_it(page):
    assert page.inner_text("h1") == "How much power does the largest AI training cluster draw in 2030?"
    priors = cc.read_priors("evidence_2026")
    inputs, outputs = cc.draw(priors, 16384, design="sobol"), ["training_cluster_power"]
    used = [name for name in inputs.data_vars if name in cc.cluster_model().inputs(outputs)]
    forecast = cc.propagate(inputs[used], outputs=outputs, years=[2030])
    median = float(cc.summarise(forecast)["training_cluster_power"].sel(quantile=0.5).squeeze())
    first = page.inner_text(POWER)
    assert first == f"{median / 1e9:.1f} GW"
    assert page.locator("#sliders .slider").count() == 8
    thumb = page.locator("#sliders .thumb").first
    box = thumb.bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 70, box["y"] + 8, steps=4)
    page.mouse.up()
    settled(page)
    dragged = page.inner_text(POWER)
    assert dragged != first and "moves=cluster_growth_rate:" in page.url
    thumb.press("Shift+ArrowRight")
    settled(page)
    assert page.url.endswith(",1.1")
    thumb.dblclick()
    settled(page)
    assert "cluster_growth_rate:=" in page.url and "pinned" in thumb.get_attribute("aria-valuetext")
    thumb.press("Delete")
    settled(page)
    assert "moves" not in page.url and page.inner_text(POWER) == first
    page.get_by_label("money").uncheck()
    settled(page)
    assert "limit_money:=0" in page.url
    page.click("#python")
    assert "limit_money=0" in page.inner_text("#text")
    page.click("#text-close")
    saved = {}
    for name in ("csv", "svg", "png"):
        with page.expect_download() as download:
            page.click(f"#{name}")
        saved[name] = Path(download.value.path()).read_bytes()
    assert saved["csv"].count(b"\n") == 12 and b"nan" not in saved["csv"].lower()
    assert b"var(--" not in saved["svg"] and b"</text>" in saved["svg"]
    assert saved["png"].startswith(b"\x89PNG") and len(saved["png"]) > 10_000


def test_a_state_comes_back_from_its_address_in_either_engine(page, address):
    page.get_by_role("button", name="Situational Awareness").click()
    settled(page)
    page.select_option("#year", "2028")
    settled(page)
    page.locator("#sliders .thumb").nth(1).press("ArrowLeft")
    settled(page)
    said, fragment = page.inner_text("#answer"), page.url.partition("#")[2]
    for extra in ("", "&engine=plain"):
        again = page.context.new_page()
        again.goto(f"{address}#{fragment}{extra}")
        settled(again)
        assert again.inner_text("#answer") == said
        assert ("JavaScript" if extra else "WebAssembly") in again.inner_text("#about")


def test_the_page_is_accessible_and_fits_a_phone(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.check("#ghost")
    page.click("#more summary")
    settled(page)
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 844})
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('body *')]"
        ".filter(e => e.childNodes.length && e.getClientRects().length)"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 10
    assert Path(page.url.partition("#")[0].removeprefix("file://")).stat().st_size < 600_000
