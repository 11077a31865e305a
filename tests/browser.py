"""A Chromium that is there, and what a reader can read of a page in it."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--no-first-run", "--disable-gpu", "--disable-background-networking", "--disable-extensions", "--disable-sync")


@contextlib.contextmanager
def chromium():
    """A browser that is there; without one the tests in it are skipped."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is missing; it is in the extra 'test'")
    result = next(filter(None, map(shutil.which, BROWSERS)), None)
    if result is None:
        pytest.skip(f"there is no {' or '.join(BROWSERS)} on the PATH")
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=result, args=[*QUIET, *root])
        yield browser
        browser.close()


def readable(page):
    """Return each text of an opened page with its contrast, size and overhang, and by how much the page is too wide."""
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    return page.evaluate(Path(__file__).with_name("readable.js").read_text(encoding="utf-8"))
