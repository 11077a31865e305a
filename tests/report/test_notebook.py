"""What a notebook shows: models, tables and figures."""

import re
import sys
from types import SimpleNamespace

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import clustercast as cc
from clustercast.report import notebook
from clustercast.report.tables import Table


def test_a_model_and_a_table_show_their_rows_as_text():
    @cc.quantity("USD")
    def cost(size, price):
        """Cost of <all>."""
        return size * price

    html = notebook.model_html(cc.Model([cost]))
    assert "Model of 1 quantity, 2 inputs" in html and "size, price" in html and "&lt;all&gt;" in html
    assert "<caption>T</caption>" in notebook.table_html(Table("T", ["a"], [["1"]]))


def test_a_figure_of_the_library_is_shown_and_that_of_pyplot_left_to_pyplot():
    path = xr.DataArray(np.ones((2, 3)), {"year": [2024, 2025]}, ("year", "sample"), "us_gdp", {"units": "USD"})
    ax = cc.plots.fan(path)
    shown, again = notebook.figure_svg(ax), notebook.figure_svg(ax.figure)
    assert shown.startswith("<svg") and again.startswith("<svg")
    assert not set(re.findall(r'\bid="([^"]+)"', shown)) & set(re.findall(r'\bid="([^"]+)"', again))
    managed = Figure()
    managed.canvas.manager = object()
    assert notebook.figure_svg(managed) is None


def test_the_running_shell_is_taught_and_without_one_nothing_happens(monkeypatch):
    taught = []

    class Formatter:
        def for_type_by_name(self, module, name, shown):
            taught.append((module, name))

    shell = SimpleNamespace(
        display_formatter=SimpleNamespace(formatters={"text/html": Formatter(), "image/svg+xml": Formatter()})
    )
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    notebook.show_in_notebooks()
    assert {name for _, name in taught} == {"Model", "Table", "Axes", "Figure"}
    for module, name in taught:
        assert getattr(sys.modules[module], name)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    notebook.show_in_notebooks()
    assert len(taught) == 4
