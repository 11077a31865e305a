"""What the report's page shows: the results it is made of, and what is drawn and counted for its template."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from clustercast.audit.findings import audit_findings
from clustercast.conditioning.backtest import shipped_skills
from clustercast.conditioning.checks import learned, lessons
from clustercast.conditioning.observation_rows import Observation
from clustercast.dataset import design_of, provenance_of
from clustercast.engine.units import conversion, in_unit, same_dimension
from clustercast.errors import InputError
from clustercast.files.dates import end_of
from clustercast.priors.families import Fixed
from clustercast.priors.prior_file import scenario_about
from clustercast.priors.prior_set import Priors
from clustercast.report import plots
from clustercast.report.ask import Part
from clustercast.report.findings import LIMITS, caution, hangs_on, member, opening, sobol_tables
from clustercast.report.numbers import milestone_text
from clustercast.report.plots.style import axes_or_new, in_percent, in_year, number_text, unit_of
from clustercast.uncertainty.milestones import crossing_year
from clustercast.uncertainty.scenarios import BASE, scenario_changes
from clustercast.uncertainty.stated import StatedCell, compare_with_stated, read_reference_classes, read_stated_tables

# Reference classes closer than this to each other or to a level, in decades, cannot be read beside a fan.
_CLOSEST = 0.6
_MOST_LEARNED = 4
# A scenario that changes an output by less is left out of its figure.
_MOVED = 0.05
# What an operator could do is no matter of the reader.
_ADVICE = re.compile(r"[;:] (?:draw|use|give)\b[^.]*")


@dataclass(frozen=True)
class Results:
    """Everything that the page is made of, from one prior set, one seed and one call each."""

    priors: Priors
    outputs: Sequence[str]
    # The inputs of the first output, which the sensitivity figures are about, and the year that answers are given for.
    used: Sequence[str]
    year: float
    forecast: xr.Dataset
    summary: xr.Dataset
    observed: Sequence[Observation]
    levels: Mapping[str, Sequence[str]]
    milestones: xr.Dataset
    indices: xr.Dataset
    claims: xr.Dataset
    relief: xr.Dataset | None
    scenarios: Mapping[str, xr.Dataset]
    observations: tuple[xr.DataTree, xr.Dataset] | None
    asked: Part


def page_values(results: Results) -> dict[str, Any]:
    """Return the values that ``report.html`` is filled with, beside its titles."""
    forecast, indices, given = results.forecast, results.indices, results.priors
    stated, year = read_stated_tables().cell, results.year
    asked = [(name, level) for name, own in results.levels.items() for level in own]
    crossings = {milestone_text(f"{name} >= {size}", name): crossing_year(forecast[name], size) for name, size in asked}
    return {
        "results": results,
        "answer": opening(forecast, given, results.outputs),
        "hangs": {name: hangs_on(indices, name, year) for name in indices["output"].values.tolist()},
        "comparisons": compare_with_stated(results.summary, stated),
        "fans": {name: _fan(results, name, stated) for name in results.outputs},
        "fan_warning": caution(results.summary),
        "crossings": crossings,
        "pairs": _pairs(indices, results.outputs[0], year) if "S2" in indices else None,
        "member": member(indices),
        "index_tables": sobol_tables(indices),
        "index_warning": _ADVICE.sub("", caution(indices)),
        # One that is the same in all years is in none of them.
        "limits": [name for name in LIMITS if "year" in getattr(results.summary.get(f"{name}_share"), "dims", ())],
        "scenarios": _scenarios(results) if len(results.scenarios) > 1 else None,
        "learned": _learned(results, *results.observations) if results.observations else None,
        "fixed": [name for name in given if isinstance(given[name], Fixed)],
        "record": provenance_of(forecast),
        "base_points": design_of(indices)["size"],
        "findings": audit_findings(),
    }


def _fan(results: Results, name: str, stated: Sequence[StatedCell]) -> Axes:
    """Return the fan of an output with what was stated and observed, and with sizes to compare with."""
    path, as_of, levels = results.forecast[name], results.priors.about.as_of, results.levels.get(name, ())
    unit, references = unit_of(path), []
    same = [one for one in read_reference_classes() if one.kind == {"W": "power", "USD": "cost"}.get(unit)]
    taken = [np.log10(in_unit(level, unit, "level")) for level in levels]  # of which others are to be far
    for result in sorted(same, key=lambda reference: reference.value):
        place = np.log10(result.value * conversion(result.unit, unit, result.name))
        if all(abs(place - other) >= _CLOSEST for other in taken):
            references.append(result)
            taken.append(place)
    return plots.fan(
        path,
        ax=axes_or_new(None, height=4.2) if name == results.outputs[0] else None,
        trend=results.forecast.get(f"trend_{name}"),
        today=end_of(as_of) if as_of else None,
        stated=stated,
        observed=results.observed,
        levels=levels,
        references=references,
    )


def _pairs(indices: xr.Dataset, output: str, year: float) -> list[tuple[str, str, float, float]]:
    """Return the pairs of inputs that clearly matter together, with their index and its half-width, the first three."""
    result, _ = in_year(indices.sel(output=output), year, "the dataset of indices")
    values, widths = (np.nan_to_num(result[name].values) for name in ("S2", "S2_conf"))
    names = result["input"].values
    clear = sorted(np.argwhere(values > np.maximum(widths, 0.01)).tolist(), key=lambda pair: -values[*pair])
    return [(names[i], names[j], values[i, j], widths[i, j]) for i, j in clear[:3]]


def even_condition(path: xr.DataArray, year: float) -> str:
    """Return a condition that is about as likely as not: an output beyond a round level near its median in a year."""
    timed = "year" in path.dims
    median = float((path.sel(year=year) if timed else path).median())
    power = 10.0 ** np.floor(np.log10(abs(median) or 1.0))
    level = power * min((1, 2, 5, 10), key=lambda step: abs(step - abs(median) / power)) * (-1 if median < 0 else 1)
    unit = unit_of(path)
    text = number_text(level, unit, in_percent(path)).replace(" a year", "/year")
    try:
        in_unit(text, unit, "level")
    except InputError:
        text = f"{level:,.10g} {unit}"
    return f"{path.name} > {text}{f' by {year:g}' if timed else ''}"


def _scenarios(results: Results) -> dict[str, Any]:
    """Return what scenarios change, with a figure of each output and how many scenarios are in it, and the reasons."""
    names = [name for name in results.scenarios if name != BASE]
    changes = scenario_changes(results.scenarios[BASE], {name: results.scenarios[name] for name in names})
    drawn = {}
    for output in (name for name in results.outputs if name in results.scenarios[BASE]):
        change = changes["change"].sel(output=output, year=results.year).to_series().to_dict()
        moved = sorted((name for name in names if abs(change[name] - 1) > _MOVED), key=lambda name: -change[name])
        paths = {name: results.scenarios[name][output] for name in (BASE, *moved)}
        drawn[output] = plots.scenarios(paths, year=results.year), len(moved)
    return {"changes": changes, "figures": drawn, "reasons": {name: scenario_about(name).why for name in names}}


def _learned(results: Results, tree: xr.DataTree, forecast: xr.Dataset) -> dict[str, Any]:
    """Return what observations taught, and those that are on no fan of the forecast on one of their own."""
    result, rows = lessons(tree), [row for row in results.observed if not row.unused]
    before, after = (tree[group].to_dataset() for group in ("prior", "posterior"))
    shown = {name: [row for row in rows if row.quantity == name] for name in dict.fromkeys(r.quantity for r in rows)}
    most, fans = result["learned"][:_MOST_LEARNED], []
    for name, own in ((n, own) for n, own in shown.items() if n in forecast.data_vars and n not in results.outputs):
        path = forecast[name]
        # Rows of calendar years are on the growth of a total in each year.
        if totals := [row for row in own if not same_dimension(row.unit, unit_of(path))]:
            name, attrs = name.replace("cumulative_", "yearly_"), {"units": f"{unit_of(path)}/year", "time": ""}
            # What is added from 1 January to 1 January stands at the beginning of the year, as the rows do.
            path = path.diff("year", label="lower").rename(name).assign_attrs(path.attrs | attrs)
            own = [row.model_copy(update={"quantity": name}) for row in totals]
        near = path.sel(year=slice(min(row.date for row in own) - 1.0, max(row.date for row in own) + 2.0))
        fans.append((near, plots.fan(near, observed=own)))
    return {
        "lessons": result,
        "rows": {row.id: row for row in results.observed},
        "skills": shipped_skills(),
        "figures": [(one, plots.prior_posterior(before[one["name"]], after[one["name"]])) for one in most],
        "fans": fans,
        "learned": learned(tree),
    }
