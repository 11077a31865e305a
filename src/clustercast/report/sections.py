"""What the report's page shows: the results it is made of, and the figures, tables and sentences made from them."""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from clustercast.audit.findings import Finding
from clustercast.conditioning.observation_rows import Observation
from clustercast.dataset import design_of, provenance_of
from clustercast.engine.units import conversion, in_unit
from clustercast.errors import InputError
from clustercast.files.dates import date_words, end_of
from clustercast.priors.families import Fixed
from clustercast.priors.prior_file import scenario_about
from clustercast.priors.prior_set import Priors
from clustercast.report import plots
from clustercast.report.ask import Part
from clustercast.report.audit import audit_table, verdict_counts
from clustercast.report.claims import LIMITS, claims_table, constraint_table, milestone_table, relief_table
from clustercast.report.figures import PageFigure, fan_in_words, page_figure
from clustercast.report.labels import in_a_sentence, label_of, worded
from clustercast.report.numbers import human, interval, is_share, with_interval
from clustercast.report.plots.style import axes_or_new, in_percent, number_text, unit_of
from clustercast.report.scenarios import scenario_finding, scenario_tables
from clustercast.report.sentences import chances, hangs_on, key_year, opening
from clustercast.report.sobol import caution, member, sobol_tables
from clustercast.report.summary import comparison_tables, fan_tables
from clustercast.report.tables import Table, table
from clustercast.uncertainty.milestones import crossing_year, milestones
from clustercast.uncertainty.reference_classes import ReferenceClass
from clustercast.uncertainty.scenarios import BASE, scenario_changes
from clustercast.uncertainty.stated import Comparison, StatedCell, compare_with_stated
from clustercast.uncertainty.summaries import summarise

# Reference classes closer than this to each other or to a level, in decades, cannot be read beside a fan.
_CLOSEST = 0.6
_ENDS = (0.05, 0.5, 0.95)
_MOST_NEXT = 3
# A scenario that changes an output by less is left out of its figure.
_MOVED = 0.05
_LEAD_HEIGHT = 4.2
# What an operator could do is no matter of the reader.
_ADVICE = re.compile(r"[;:] (?:draw|use|give)\b[^.]*")


@dataclass(frozen=True)
class Results:
    """Everything that the page is made of, from one prior set, one seed and one call each."""

    priors: Priors
    outputs: Sequence[str]
    used: Sequence[str]
    forecast: xr.Dataset
    stated: Sequence[StatedCell]
    observed: Sequence[Observation]
    references: Sequence[ReferenceClass]
    levels: Mapping[str, Sequence[str]]
    indices: xr.Dataset
    claims: xr.Dataset
    findings: Sequence[Finding]
    relief: xr.Dataset | None
    scenarios: Mapping[str, xr.Dataset]
    observations: Mapping[str, Any] | None
    asked: Part

    @property
    def explained(self) -> str:
        """The output that the sensitivity figures are about."""
        return str(self.indices["output"].values[0])

    @property
    def year(self) -> float:
        """The year that answers are given for."""
        return key_year(self.forecast["year"].values.tolist())

    @functools.cached_property
    def summary(self) -> xr.Dataset:
        """The quantiles of the forecast."""
        return summarise(self.forecast)

    @functools.cached_property
    def milestones(self) -> xr.Dataset:
        """When the levels are reached."""
        return milestones(self.forecast, {name: list(levels) for name, levels in self.levels.items()})

    @functools.cached_property
    def comparisons(self) -> list[Comparison]:
        """The stated cells beside the forecast."""
        return compare_with_stated(self.summary, self.stated)


def page_values(results: Results, title: str, subtitle: str) -> dict[str, Any]:
    """Return the values that ``report.html`` is filled with."""
    year = results.year
    lead = results.outputs[0]
    last = float(results.forecast["year"].values[-1])
    given = results.priors
    fixed = sum(isinstance(found, Fixed) for found in given.values())
    return {
        "title": title,
        "subtitle": subtitle,
        "answer": opening(results.forecast, results.summary, given, results.outputs, year),
        "hangs": hangs_on(results.indices, results.explained, year),
        "lead": _fan(results, lead, "lead"),
        "chances": chances(_first_of_each(results.milestones), year),
        "by": date_words(year),
        "side_by_side": _side_by_side(results, year),
        "milestones": milestone_table(results.milestones, list(dict.fromkeys((year, last)))),
        "level_figures": _level_figures(results),
        "fans": [_fan(results, name, f"fan-{name.replace('_', '-')}") for name in results.outputs[1:]],
        "fan_tables": list(fan_tables(results.summary, results.outputs)),
        "fan_warning": caution(results.summary),
        "comparisons": list(comparison_tables(results.comparisons)),
        "matters": _what_matters(results),
        "binds": _what_binds(results),
        "next": _next(results.asked),
        "scenarios": _scenarios(results),
        "learned": results.observations,
        "claims": claims_table(results.claims),
        "audit_counts": [(count, f"{meaning} ({name})") for count, name, meaning in verdict_counts(results.findings)],
        "audit": audit_table(results.findings),
        "priors": _priors(given),
        "priors_name": given.name,
        "count": {"uncertain": len(given) - fixed, "fixed": fixed, "samples": f"{results.forecast.sizes['sample']:,}"},
        "years": (results.forecast["year"].values[0], last),
        "currency": given.about.currency,
        "provenance": _provenance(results),
    }


def _fan(results: Results, name: str, identifier: str) -> PageFigure:
    """Return the fan of an output with what was stated and observed."""
    path, as_of = results.forecast[name], results.priors.about.as_of
    axes = plots.fan(
        path,
        ax=axes_or_new(None, height=_LEAD_HEIGHT) if identifier == "lead" else None,
        trend=results.forecast.get(f"trend_{name}"),
        today=end_of(as_of) if as_of else None,
        stated=results.stated,
        observed=results.observed,
        levels=results.levels.get(name, ()),
        references=_comparable(results.references, path, results.levels.get(name, ())),
    )
    return page_figure(axes, identifier, fan_in_words(path))


def _first_of_each(milestones: xr.Dataset) -> xr.Dataset:
    """Return the first milestone of each output."""
    outputs = [str(name) for name in milestones["output"].values]
    return milestones.isel(milestone=[outputs.index(name) for name in dict.fromkeys(outputs)])


def _side_by_side(results: Results, year: float) -> Table:
    """Return what the essay states beside the forecast, for the years up to the one that is answered for."""
    rows: list[tuple[str, ...]] = []
    for found in results.comparisons:
        cell = found.cell
        if cell.quantity not in results.outputs[:3] or not 2026 <= cell.year <= year:
            continue
        heading = (label_of(cell.quantity),)
        rows += [] if heading in rows else [heading]
        low, median, high = found.quantiles
        said = with_interval(median, low, high, found.unit, share=is_share(cell.quantity))
        rows.append((f"{cell.year:g}", cell.text, said))
    return table("The essay and the forecast", ("year", "essay", "forecast"), rows, words=(0, 1, 2))


def _level_figures(results: Results) -> list[PageFigure]:
    """Return when levels are reached, as figures."""
    table_above = "the table above has medians and intervals."
    crossings = {
        f"{label_of(name)} ≥ {level.replace('/year', ' a year')}": crossing_year(results.forecast[name], level)
        for name, levels in results.levels.items()
        for level in levels
    }
    return [
        page_figure(
            plots.crossing_years(crossings),
            "crossing-years",
            f"When each level is first reached, as probabilities by year; {table_above}",
            "Year in which each level is first reached. Samples that do not reach it are counted at the right.",
        ),
        page_figure(
            plots.reached_by_year(results.milestones),
            "reached-by-year",
            f"Probability that each level has been reached, by year; {table_above}",
            "Probability that each level has been reached.",
        ),
    ]


def _what_matters(results: Results) -> dict[str, Any]:
    """Return which inputs carry the uncertainty: sentences, figures and tables."""
    indices, year, output = results.indices, results.year, results.explained
    said = [hangs_on(indices, str(name), year) for name in indices["output"].values]
    drawn = [
        page_figure(
            plots.sobol_by_year(indices, str(name)),
            f"indices-{str(name).replace('_', '-')}",
            f"Total indices by year. {words}",
        )
        for name, words in zip(indices["output"].values, said, strict=True)
    ]
    drawn += [
        page_figure(
            plots.sobol_stacked(indices, output),
            "indices-stacked",
            f"Variance of {in_a_sentence(output)} by year, split among inputs alone and interactions. {said[0]}",
            "What inputs explain alone, and what only appears together.",
        ),
        page_figure(
            plots.tornado(results.forecast[[output, *results.used]], output, year=year),
            "tornado",
            f"Geometric mean of {in_a_sentence(output)} in {year:g} where each input is low and where it is high.",
            "The average over all other inputs where an input is low and where it is high.",
        ),
    ]
    return {
        "said": [*said, _interactions(indices, output, year)],
        "member": member(indices),
        "figures": drawn,
        "tables": list(sobol_tables(indices)),
        "warning": _ADVICE.sub("", caution(indices)),
    }


def _interactions(indices: xr.Dataset, output: str, year: float) -> str:
    """Return which pairs of inputs matter together, in words."""
    if "S2" not in indices:
        return ""
    found = indices.sel(output=output)
    found = found.sel(year=year) if "year" in found.dims else found
    values, widths = found["S2"].values, found["S2_conf"].values
    clear = np.argwhere(np.nan_to_num(values) > np.maximum(np.nan_to_num(widths), 0.01))
    names = [in_a_sentence(str(name)) for name in indices["input"].values]
    if not clear.size:
        return f"No pair of inputs matters to {in_a_sentence(output)} in {year:g} beyond what each does alone."
    order = sorted(clear.tolist(), key=lambda pair: -values[pair[0], pair[1]])[:3]
    pairs = [f"{names[i]} with {names[j]} ({100 * values[i, j]:.0f} %, ±{100 * widths[i, j]:.0f})" for i, j in order]
    return f"Pairs that matter together, beyond what each does alone: {', '.join(pairs)}."


def _what_binds(results: Results) -> dict[str, Any]:
    """Return which limits bind: sentences, figures and tables."""
    said, drawn, made = [], [], []
    for name in (name for name in LIMITS if f"{name}_share" in results.summary):
        shares, errors = (results.summary[f"{name}_share{end}"] for end in ("", "_error"))
        last = shares.isel(year=-1)
        words = ", ".join(
            f"{label} {100 * p:.0f} %" for label, p in zip(last[f"{name}_label"].values, last.values, strict=True)
        )
        alternative = f"Probability by year that each limit binds; in {float(last['year']):g}: {words}."
        axes = plots.binding_constraint(results.forecast[name])
        drawn.append(page_figure(axes, name.replace("_", "-"), alternative, "Trend: no limit binds."))
        made.append(constraint_table(shares, errors, name))
        then = shares.sel(year=results.year)
        often = then.values.argsort()[:-5:-1]
        named = {"trend": "nothing"}
        held = dict(zip(then[f"{name}_label"].values[often].tolist(), then.values[often], strict=True))
        most = [f"{named.get(what, what)} in {100 * p:.0f} %" for what, p in held.items() if p >= 0.005]
        said.append(f"What holds {LIMITS[name]} back in {results.year:g}: {', '.join(most)} of the samples.")
    made += [relief_table(results.relief)] if results.relief is not None else []
    return {"said": said, "figures": drawn, "tables": made}


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


def _next(asked: Part) -> dict[str, Any] | None:
    """Return what would be worth knowing and what would change an answer; None where nothing is open."""
    if not asked.figures:
        return None
    drawn = []
    for name, draw in list(asked.figures.items())[:_MOST_NEXT]:
        axes = draw()
        drawn.append(page_figure(axes, f"next-{name}", axes.get_title(loc="left").replace("\n", " ")))
    return {"said": asked.sentences, "figures": drawn, "tables": asked.tables}


def _scenarios(results: Results) -> dict[str, Any] | None:
    """Return what scenarios change: sentence, figures, tables and reasons; None where there are none."""
    if len(results.scenarios) < 2:
        return None
    base_forecast, *_ = results.scenarios.values()
    names = [name for name in results.scenarios if name != BASE]
    changes = scenario_changes(base_forecast, {name: results.scenarios[name] for name in names})
    year, drawn = results.year, []
    for output in (name for name in results.outputs if name in base_forecast):
        change = dict(
            zip(changes["scenario"].values, changes["change"].sel(output=output, year=year).values, strict=True)
        )
        moved = sorted((name for name in names if abs(change[name] - 1) > _MOVED), key=lambda name: -change[name])
        paths = {name: results.scenarios[name][output] for name in (BASE, *moved)}
        words = f"{label_of(output)} in {year:g} under {len(moved)} scenarios; the table below has the numbers."
        rest = f"{len(names) - len(moved)} more scenarios change it by less than {100 * _MOVED:g} %."
        axes = plots.scenarios(paths, year=year)
        drawn.append(page_figure(axes, f"scenarios-{output.replace('_', '-')}", words, rest))
    return {
        "finding": scenario_finding(changes, year),
        "figures": drawn,
        "tables": list(scenario_tables(changes, year)),
        "reasons": [(label_of(name), worded(scenario_about(name).why)) for name in names],
    }


def _priors(given: Priors) -> list[tuple[str, Table]]:
    """Return every prior with its meaning and source, uncertain inputs and constants apart."""
    uncertain: list[tuple[str, ...]] = []
    fixed: list[tuple[str, ...]] = []
    for name, found in given.items():
        declared = given.declared.get(name)
        label = f"{label_of(name)}\n{declared.meaning}" if declared else label_of(name)
        source = worded("judgement: " * found.judgement + found.source)
        share = is_share(name)
        if isinstance(found, Fixed):
            value = human(found.median, found.unit, error=abs(found.median) / 1000, share=share)
            fixed.append((label, value, found.as_of, source, worded(found.note)))
            continue
        low, median, high = (float(value) for value in found.quantile(np.array(_ENDS)))
        ends = interval(low, high, found.unit, share=share)
        uncertain.append((label, human(median, found.unit, share=share), ends, found.as_of, source, worded(found.note)))
    ending = ("as of", "source", "note")
    kinds = (
        ("uncertain inputs", ("input", "median", "5 to 95 %", *ending), uncertain),
        ("constants", ("input", "value", *ending), fixed),
    )
    return [
        (f"{len(rows)} {kind}", table(f"{kind.capitalize()} of {given.name}", headers, rows, words=range(len(headers))))
        for kind, headers, rows in kinds
    ]


def _provenance(results: Results) -> list[tuple[str, str]]:
    """Return how the page came about: the record of the forecast."""
    record = provenance_of(results.forecast)
    design = {"design" if key == "name" else key: value for key, value in record.pop("design").items()}
    versions = ", ".join(f"{name} {number}" for name, number in record.pop("versions").items())
    shown = {key: value for key, value in {**design, **record}.items() if key not in ("inputs", "drawn", "samples")}
    shown |= {"versions": versions, "base points of the indices": design_of(results.indices)["size"]}
    return [(key.replace("_", " "), str(value)) for key, value in shown.items()]


def _comparable(
    references: Iterable[ReferenceClass], path: xr.DataArray, levels: Sequence[str]
) -> list[ReferenceClass]:
    """Return the reference classes that a path compares with, far enough from each other and from the levels."""
    kind = {"W": "power", "USD": "cost"}.get(unit_of(path))
    taken = [np.log10(in_unit(level, unit_of(path), "level")) for level in levels]
    chosen: list[ReferenceClass] = []
    for found in sorted(references, key=lambda reference: reference.value):
        place = np.log10(found.value * conversion(found.unit, unit_of(path), found.name)) if found.kind == kind else 0
        if found.kind == kind and all(abs(place - other) >= _CLOSEST for other in taken):
            chosen.append(found)
            taken.append(place)
    return chosen
