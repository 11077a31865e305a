"""Sentences, tables and pages, worded by the templates beside this file."""

import functools
import math
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import xarray as xr
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from clustercast.errors import count_of
from clustercast.files.dates import date_words
from clustercast.report import findings, numbers, plots
from clustercast.report.tables import Table

_TEMPLATES = Path(__file__).with_name("templates")
# What stands in a value for the signs that end cells and lines of a template.
_KEPT = {ord("|"): "\ue000", ord("\n"): "\ue001"}
_BACK = {ord("\ue000"): "|", ord("\ue001"): "\n"}
# How parameters begin that belong to the likelihood and not to the model.
_LIKELIHOOD = ("discrepancy_", "record_gap", "ceiling_gap", "correlation_time", "ceiling_halving")


@functools.cache
def environment(html: bool = True) -> Environment:
    """Return the templates of the package: of pages, in which texts are escaped, or of text."""
    how: dict[str, Any] = {"autoescape": html, "trim_blocks": html, "lstrip_blocks": html, "undefined": StrictUndefined}
    if not html:
        how["finalize"] = lambda value: value if isinstance(value, Markup) else str(value).translate(_KEPT)
    made = Environment(loader=FileSystemLoader(_TEMPLATES), keep_trailing_newline=True, **how)
    made.globals |= {"style": Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8")), "say": say}
    made.globals |= {"is_share": numbers.is_share, "zip": zip, "inf": math.inf, "plots": plots}
    made.globals |= {"time_of": numbers.time_of, "by_year": by_year, "phrases": findings.PHRASES}
    made.tests |= {"finite": math.isfinite, "of_likelihood": lambda name: name.startswith(_LIKELIHOOD)}
    made.filters |= {"records": records, "ends": ends, "form": format, "day": date_words, "count_of": count_of}
    # Late: a page of tables does not wait for matplotlib.
    made.filters["svg"] = lambda *given: Markup(import_module("clustercast.report.plots.style").svg(*given))
    words = "label_of member_label in_a_sentence dated worded listed milestone_text"
    digits = "human interval with_interval chance odds plus_minus calendar_year"
    made.filters |= {name: getattr(numbers, name) for name in f"{words} {digits}".split()}
    made.filters["percent"] = lambda share: f"{100 * share:.0f} %"
    return made


def render(template: str, **values: Any) -> str:
    """Return a template filled with values."""
    return environment().get_template(template).render(**values)


def say(macro: str, *given: Any, **named: Any) -> list[Any]:
    """Return the sentences and tables that a macro of a template of text, as "claims.answers", makes of values."""
    # A line is a sentence; "# " begins a table, "| " its headers and then its rows, "* " its note. The first column and
    # those whose header begins with "<" hold words, to the left; the others hold numbers, to the right.
    template, _, name = macro.partition(".")
    module = environment(html=False).get_template(f"{template}.txt").module
    result: list[Any] = []
    for line in map(str.strip, getattr(module, name)(*given, **named).split("\n")):
        mark, text = line[:2].strip(), line[2:]
        if mark == "#":
            result.append(Table(text.translate(_BACK), [], []))
        elif mark == "|":
            cells = [cell.removeprefix(" ").removesuffix(" ").translate(_BACK) for cell in line.split("|")[1:-1]]
            if result[-1].headers:
                result[-1].rows.append(cells)
                continue
            words = [column for column, header in enumerate(cells) if header.startswith("<") or not column]
            result[-1] = replace(result[-1], headers=[header.removeprefix("< ") for header in cells], words=words)
        elif mark == "*":
            result[-1] = replace(result[-1], note=text.translate(_BACK))
        elif line:
            result.append(line.translate(_BACK))
    return result


def records(data: xr.Dataset, dim: str) -> list[dict[str, Any]]:
    """Return the rows of a dataset along a dimension, each with its values by name in the types of Python."""
    along = {str(name): one.transpose(dim, ...) for name, one in data.variables.items() if dim in one.dims}
    result = {name: one.values.tolist() for name, one in along.items()}
    return [dict(zip(result, row, strict=True)) for row in zip(*result.values(), strict=True)]


def by_year(*result: xr.DataArray, most: int = 10_000) -> list[tuple[Any, ...]]:
    """Return years, "" where there are none, with the values of variables in each; `most` are spread evenly."""
    if "year" not in result[0].dims:
        return [("", *(one.values for one in result))]
    years, rows = result[0]["year"].values, [one.transpose("year", ...).values for one in result]
    return [(f"{years[k]:g}", *(row[k] for row in rows)) for k in numbers.evenly(years.size, most)]


def ends(path: xr.DataArray) -> xr.DataArray:
    """Return the ends of the 90 % interval and the median of a variable that has samples or quantiles."""
    points = [0.05, 0.5, 0.95]
    return path.sel(quantile=points) if "quantile" in path.dims else path.quantile(points, "sample")
