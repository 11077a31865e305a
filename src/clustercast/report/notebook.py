"""What a notebook shows of models, tables and figures; registered where IPython runs."""

import itertools
import sys
from typing import TYPE_CHECKING

from clustercast.engine.model import Model
from clustercast.errors import count_of
from clustercast.report.tables import Table
from clustercast.report.wording import render

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Names inside a figure must differ between the figures of a notebook.
_NUMBERS = itertools.count(1)


def show_in_notebooks() -> None:
    """Teach the running IPython, where there is one, to show models, tables and figures."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    formatters = getattr(getattr(shell, "display_formatter", None), "formatters", None)
    if formatters is None:
        return
    html, svg = (formatters[kind].for_type_by_name for kind in ("text/html", "image/svg+xml"))
    html("clustercast.engine.model", "Model", model_html)
    html("clustercast.report.tables", "Table", table_html)
    svg("matplotlib.axes._axes", "Axes", figure_svg)
    svg("matplotlib.figure", "Figure", figure_svg)


def model_html(model: Model) -> str:
    """Return a model as a table of its quantities."""
    names = model.order(model.functions)
    rows = [(name, model.unit(name), model.long_name(name), ", ".join(model.arguments(name))) for name in names]
    title = f"Model of {count_of(len(rows), 'quantity')}, {count_of(len(model.inputs(names)), 'input')}"
    return table_html(Table(title, ("quantity", "unit", "meaning", "needs"), rows, words=(0, 1, 2, 3)))


def table_html(made: Table) -> str:
    """Return a table as HTML."""
    return render("table.html", made=made)


def figure_svg(drawn: "Axes | Figure") -> str | None:
    """Return a figure of this library as SVG; one that pyplot manages is shown by pyplot."""
    from clustercast.report.plots.style import figure_of, svg

    whole = figure_of(drawn)
    if whole.canvas.manager is not None:
        return None
    return svg(whole, f"figure-{next(_NUMBERS)}", whole.axes[0].get_title(loc="left") if whole.axes else "figure")
