"""The explorer's page in Chromium, opened from disk: no request, no error, sliders, its address, accessibility."""

from pathlib import Path

import numpy as np
import pytest

import clustercast as cc
from analyses import explore
from clustercast.report.explorer import page_of
from clustercast.report.findings import FIRST

POWER = "#answer b >> nth=0"
FRAGMENT = "set=situational_awareness&year=2028&level=5000000000&moves=cluster_growth_slowdown:-0.2,1.3;limit_power:=0"


@pytest.fixture(scope="module")
def address(shipped, tmp_path_factory):
    """The shipped model with both sets and a scenario over each, which is quicker to make than with all of them."""
    path = tmp_path_factory.mktemp("explorer") / "explore.html"
    path.write_text(page_of({**shipped, "observed": explore.observed(cc.cluster_model(), [*FIRST])}), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def opened(chromium):
    """A page without a network, and what it did that it should not: errors, warnings, requests."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page, wrong = context.new_page(), []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    own = ("file:", "data:", "blob:", "about:")
    page.on("request", lambda request: None if request.url.startswith(own) else wrong.append(request.url))
    yield page, wrong
    context.close()


@pytest.fixture
def page(opened, address):
    page, wrong = opened
    yield page
    assert not wrong


def settled(page):
    page.wait_for_selector('body[data-size="16384"]', timeout=30_000)


def start(page, address, fragment=""):
    """Open the page anew: a fragment alone would not load it again."""
    page.goto("about:blank")
    page.goto(f"{address}#{fragment}" if fragment else address)
    settled(page)


def own_model():
    @cc.quantity("USD")
    def cost(size, price):
        return size * price

    return cc.explore(
        cc.Priors(size=cc.to(10, 20), price=cc.to(1, 3, unit="USD")), model=cc.Model([cost]), levels={"cost": ["$30"]}
    )


def test_the_first_screen_answers_and_every_control_moves_it(page, address, executed):
    start(page, address)
    assert page.inner_text("h1") == "How much power does the largest AI training cluster draw in 2030?"
    page.click("#python")
    forecast = executed(page.inner_text("#text"))
    page.click("#text-close")
    median = float(forecast["summary"].sel(year=2030, quantile=0.5))
    first = page.inner_text(POWER)
    assert first == f"{median / 1e9:.1f} GW" and "Nine" not in page.inner_text("#answer")
    assert page.locator("#sliders .slider").count() == 8 and page.locator("#others > *").count() == 0
    thumb = page.locator("#sliders .thumb").first
    page.evaluate(
        "window.said = []; const about = document.getElementById('about');"
        "new MutationObserver(() => said.push(about.textContent.split(' ')[0])).observe(about, { childList: true })"
    )
    box = thumb.bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 70, box["y"] + 8, steps=4)
    page.mouse.up()
    settled(page)
    assert page.inner_text(POWER) != first and "moves=cluster_growth_rate:" in page.url
    # While it was dragged a quarter of the samples, at rest all.
    assert page.evaluate("[said[0], said[said.length - 1]]") == ["4,096", "16,384"]
    thumb.press("Delete")
    handle = page.locator("#sliders .handle.high").first.bounding_box()
    page.mouse.move(handle["x"] + 5, handle["y"] + 5)
    page.mouse.down()
    page.mouse.move(handle["x"] + 40, handle["y"] + 5, steps=3)
    page.mouse.up()
    settled(page)
    shift, width = page.url.partition("moves=cluster_growth_rate:")[2].split(",")
    assert shift == "0" and float(width) > 1.2
    thumb.press("Delete")
    thumb.press("Shift+ArrowRight")
    settled(page)
    assert page.url.endswith(",1.1")
    thumb.dblclick()
    settled(page)
    assert "cluster_growth_rate:=" in page.url and "pinned" in thumb.get_attribute("aria-valuetext")
    thumb.press("Delete")
    settled(page)
    assert "moves" not in page.url and page.inner_text(POWER) == first
    page.locator("#sliders summary").first.click()
    assert len(page.inner_text("#sliders .source p")) > 40
    page.get_by_label("money").uncheck()
    settled(page)
    assert "limit_money:=0" in page.url
    page.check("#ghost")
    page.select_option("#level", label="5 GW")
    settled(page)
    assert "5 GW or more by 2030" in page.inner_text("#answer") and "brown: the start" in page.inner_text("#fan-title")
    assert page.inner_text("#chances .asked th") == "5 GW" and "level=5000000000" in page.url
    page.click("#python")
    lines = page.inner_text("#text")
    assert "limit_money=0" in lines and ">= 5000000000)" in lines
    page.click("#text-close")
    page.click("#toml")
    assert "[inputs.limit_money]" in page.inner_text("#text")
    page.click("#text-close")
    saved = {}
    for name in ("csv", "svg", "png"):
        with page.expect_download() as download:
            page.click(f"#{name}")
        saved[name] = Path(download.value.path()).read_bytes()
    assert saved["csv"].count(b"\n") == 12 and b"nan" not in saved["csv"].lower()
    assert b"var(--" not in saved["svg"] and b"</text>" in saved["svg"]
    assert saved["png"].startswith(b"\x89PNG") and len(saved["png"]) > 10_000
    page.click("#reset")
    settled(page)
    assert "moves" not in page.url and page.inner_text(POWER) == first
    assert page.locator("#limits input:checked").count() == 7


def test_a_state_comes_back_from_its_address_where_webassembly_is_refused_too(page, opened, address):
    start(page, address)
    page.get_by_role("button", name="Situational Awareness").click()
    page.select_option("#year", "2028")
    page.select_option("#level", label="5 GW")
    page.get_by_label("power", exact=True).uncheck()
    page.locator("#sliders .thumb").nth(1).press("ArrowLeft")
    settled(page)
    assert "WebAssembly" in page.inner_text("#about")
    said, fragment = page.inner_text("#answer"), page.url.partition("#")[2]
    start(page, address, fragment)
    assert page.inner_text("#answer") == said and page.url.partition("#")[2] == fragment
    strict = Path(address.removeprefix("file://")).with_name("strict.html")
    html = Path(address.removeprefix("file://")).read_text(encoding="utf-8")
    strict.write_text(html.replace("'wasm-unsafe-eval' ", "", 1), encoding="utf-8")
    start(page, strict.as_uri(), fragment)
    assert page.inner_text("#answer") == said and "JavaScript" in page.inner_text("#about")
    # The browser reports that its policy refused WebAssembly, once, and nothing else.
    refused = [text for text in opened[1] if "unsafe-eval" in text]
    assert len(refused) == len(opened[1]) <= 1
    opened[1].clear()


def test_the_page_is_accessible_and_fits_a_phone(page, address):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    start(page, address, "ghost=1")
    page.click("#more summary")
    page.locator("#others > *").nth(40).wait_for()
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 844})
        result = axe.run(page)
        assert result.violations_count == 0, result.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('body *')]"
        ".filter(e => e.childNodes.length && e.getClientRects().length)"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 10
    assert Path(page.url.partition("#")[0].removeprefix("file://")).stat().st_size < 600_000
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})


def test_a_notebook_shows_a_model_without_years_and_a_page_around_it_chooses_its_colours(page, pytestconfig):
    frame_of = own_model()._repr_html_().replace("<iframe ", '<iframe class="explorer" ', 1)
    script = (pytestconfig.rootpath / "docs" / "_static" / "explorer_theme.js").read_text(encoding="utf-8")
    page.goto("about:blank")
    page.set_content(f'<body data-theme="dark">{frame_of}<script>{script}</script></body>')
    frame = page.locator("iframe").element_handle().content_frame()
    settled(frame)
    assert frame.inner_text("h1") == "How large is cost?" and frame.locator(".slider").count() == 2
    assert frame.locator("#fan svg rect").count() > 30
    first = frame.inner_text("#answer")
    frame.locator(".thumb").first.press("ArrowRight")
    settled(frame)
    assert frame.inner_text("#answer") != first and "$30 or more" in first
    paper = "getComputedStyle(document.body).backgroundColor"
    assert frame.evaluate(paper) == "rgb(20, 24, 29)"
    page.evaluate("document.body.dataset.theme = 'light'")
    frame.wait_for_function(f"{paper} === 'rgb(255, 255, 255)'")


def test_runs_without_a_finite_number_are_said_and_nothing_is_drawn_of_them(page, tmp_path):
    @cc.quantity("1", units_checked=False)
    def order(x, year):
        return np.log(x + (year - 2026)) + np.exp(np.maximum(800 * (x - 3), 0))

    cc.explore(cc.Priors(x=cc.Normal(0, 1)), model=cc.Model([order]), years=[2024, 2026, 2032]).write(
        tmp_path / "own.html"
    )
    start(page, (tmp_path / "own.html").as_uri())
    assert page.locator("#fan svg").is_visible() and page.locator("#chances").is_visible()
    page.select_option("#year", "2026")
    settled(page)
    assert "There is no answer: 50 % of runs give no finite number in 2026." in page.inner_text("#answer")
    assert not page.locator("#fan").is_visible()
    with pytest.raises(cc.InputError, match="'binding_constraint' is a label"):
        cc.explore(cc.read_priors("evidence_2026"), outputs=["binding_constraint"])
