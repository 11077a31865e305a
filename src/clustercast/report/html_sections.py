"""The sections of the report: each takes results and returns its part of the page."""

import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import xarray as xr
from rich.table import Table

from clustercast.arrays.order_statistics import quantiles
from clustercast.distributions import Family, Fixed
from clustercast.report import plots
from clustercast.report.claims import chance, claims_table, constraint_table
from clustercast.report.html import Section, bullets, definitions, folded, paragraph, table, terminal_table
from clustercast.report.html_figures import figure
from clustercast.report.labels import label_of
from clustercast.report.numbers import calendar_year, human, interval
from clustercast.report.plots.overlays import Observed, Stated
from clustercast.report.plots.style import Reference, in_percent, title_of, unit_of
from clustercast.report.scenarios import scenario_tables
from clustercast.report.sobol import sobol_tables
from clustercast.report.summary import fan_tables

# Reference classes closer than this, in decades, cannot be read beside a fan.
_CLOSEST = 0.5
_ENDS = (0.05, 0.5, 0.95)


def question(forecast: xr.Dataset, given: Mapping[str, Family]) -> Section:
    """Say what is asked, of which priors, and how the answers are to be read.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`.
    given : mapping of str to distribution
        The priors.

    Returns
    -------
    Section
    """
    years = forecast["year"].values
    asked = (
        "How large, how costly and how hungry for power does the largest AI training cluster become, what does the "
        "world invest in AI, when are the levels reached that people speak of, and which assumptions carry the answers?"
    )
    read = (
        f"Every number below comes from {forecast.sizes['sample']:,} samples of the uncertain inputs, run through the "
        f"same model from {years[0]:g} to {years[-1]:g}. A probability is a share of the samples: it is as good as the "
        "model and its priors. Digits that chance alone decides are not shown; ± is one standard error of the sampling."
    )
    fixed = sum(isinstance(found, Fixed) for found in given.values())
    priors = (
        f"The priors are those of {forecast.attrs['priors_name']}: {len(given) - fixed} uncertain inputs and {fixed} "
        "constants, each with its source at the end of this page."
    )
    return Section("The question", "\n".join([paragraph(asked), paragraph(priors), paragraph(read)]))


def headline(milestones: xr.Dataset, crossings: Mapping[str, xr.DataArray], year: float) -> Section:
    """Answer first: how likely the levels are by a year, and when they are reached.

    Parameters
    ----------
    milestones : Dataset
        From `milestones`.
    crossings : mapping of label to DataArray
        From `crossing_year`, of the same levels.
    year : float
        The year of the first answers.

    Returns
    -------
    Section
    """
    last = float(milestones["year"].values[-1])
    answers, rows = [], []
    for number in range(milestones.sizes["milestone"]):
        row = milestones.isel(milestone=number)
        by_year, by_last = (_reached(row, when) for when in (year, last))
        answers.append((by_year, f"{_milestone_text(row)} by {year:g}"))
        low, median, high = (
            calendar_year(float(row["crossing_year"].sel(quantile=p)), last=last, error=0.0) for p in _ENDS
        )
        rows.append((_milestone_text(row), by_year, by_last, median, f"{low} to {high}"))
    headers = ("level", f"reached by {year:g}", f"by {last:g}", "median year", "5 to 95 %")
    drawn = figure(
        plots.crossing_years(crossings),
        "crossing-years",
        "When each level is first reached, as probabilities by year; the table above gives the medians and intervals.",
        "Year in which each level is first reached. Samples that do not reach it stand at the right, never left out.",
    )
    reached = figure(
        plots.reached_by_year(milestones),
        "reached-by-year",
        f"Probability that each level has been reached, by year: {'; '.join(f'{what}: {p}' for p, what in answers)}.",
        "Probability that each level has been reached.",
    )
    parts = [bullets(answers), table("Levels and when they are reached", headers, rows, right=(1, 2, 3, 4))]
    return Section("Headline probabilities", "\n".join([*parts, _side_by_side([drawn, reached])]))


def fans(
    forecast: xr.Dataset,
    summary: xr.Dataset,
    outputs: Sequence[str],
    *,
    stated: Sequence[Stated] = (),
    observed: Sequence[Observed] = (),
    references: Sequence[Reference] = (),
    levels: Mapping[str, Sequence[str]] | None = None,
) -> Section:
    """Draw each output as a fan by year, with what was stated and observed.

    Parameters
    ----------
    forecast, summary : Dataset
        From `propagate` and `summarise`.
    outputs : sequence of str
        Drawn in this order.
    stated, observed, references, levels
        As in `plots.fan`; levels by output.

    Returns
    -------
    Section
    """
    drawn = []
    for name in outputs:
        path = forecast[name]
        axes = plots.fan(
            path,
            stated=stated,
            observed=observed,
            levels=(levels or {}).get(name, ()),
            references=_comparable(references, path),
        )
        drawn.append(figure(axes, f"fan-{name.replace('_', '-')}", fan_in_words(path)))
    note = paragraph(
        "Bands hold 50 % and 90 % of the samples. Diamonds and bars are the cells of the essay's tables; open circles "
        "are observations with an interval of 90 %, triangles are bounds: the largest known cluster is at least what "
        "is known of it. Dotted lines are sizes to compare with.",
        soft=True,
    )
    tables = "\n".join(terminal_table(made) for made in fan_tables(summary, outputs))
    return Section("Forecast by year", "\n".join([note, _side_by_side(drawn), folded("The same as tables", tables)]))


def essay(tables: Iterable[Table]) -> Section:
    """Put the essay's tables beside the forecast.

    Parameters
    ----------
    tables : iterable of rich.table.Table
        From `comparison_tables`.

    Returns
    -------
    Section
    """
    note = paragraph(
        "A stated cell lies inside where all of it is between the 5th and the 95th percentile of the forecast, partly "
        "where some of it is."
    )
    return Section("The essay beside the forecast", "\n".join([note, *(terminal_table(made) for made in tables)]))


def what_matters(indices: xr.Dataset, forecast: xr.Dataset, output: str, year: float) -> Section:
    """Show which inputs carry the uncertainty, by year.

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices`, with second order.
    forecast : Dataset
        From `propagate`.
    output : str
        The one shown closely.
    year : float
        In which.

    Returns
    -------
    Section
    """
    words = [_leading_in_words(indices, str(name)) for name in indices["output"].values]
    note = paragraph(
        "The total index is the share of an output's variance that would go if the input were known, together with "
        "all its interactions; bars are 95 % intervals. It ranks assumptions within these priors: an input that is "
        "held fixed has none, whatever it would matter."
    )
    panels = figure(plots.sobol_panels(indices), "indices-by-year", " ".join(words), "Total Sobol' indices by year.")
    close = [
        figure(
            plots.sobol_stacked(indices, output),
            "indices-stacked",
            f"Variance of {label_of(output)} by year, split among inputs alone and interactions. {words[0]}",
            "Who owns the variance: inputs alone, and what only appears together.",
        ),
        figure(
            plots.tornado(forecast, output, year=year),
            "tornado",
            f"Geometric mean of {title_of(forecast[output])} in {year:g} where each input is low and where it is high.",
            "The output on average where an input is low and where it is high, over all other inputs.",
        ),
        figure(
            plots.second_order(indices, output, year=year),
            "pairs",
            f"Second-order indices of {label_of(output)} in {year:g} for pairs of inputs, with half-widths.",
            "Interactions of pairs: what two inputs do together beyond what each does alone.",
        ),
    ]
    tables = "\n".join(terminal_table(made) for made in sobol_tables(indices))
    said = paragraph(str(indices.attrs["warning"]), soft=True) if indices.attrs.get("warning") else ""
    parts = [note, panels, _side_by_side(close), folded("The indices as tables", tables), said]
    return Section("What matters, by year", "\n".join(parts))


def constraints(forecast: xr.Dataset, summary: xr.Dataset) -> Section:
    """Show which limit binds, by year.

    Parameters
    ----------
    forecast, summary : Dataset
        With ``binding_constraint`` and ``feasible_cluster_size``.

    Returns
    -------
    Section
    """
    shares = summary["binding_constraint_share"]
    last = shares.isel(year=-1)
    words = ", ".join(
        f"{label} {100 * float(p):.0f} %"
        for label, p in zip(last["binding_constraint_label"].values, last.values, strict=True)
    )
    drawn = figure(
        plots.binding_constraint(forecast["binding_constraint"]),
        "binding-constraint",
        f"Probability by year that each limit binds; in {float(last['year']):g}: {words}.",
        "Which limit holds the largest training cluster back. Trend: none does.",
    )
    feasible = figure(
        plots.fan(forecast["feasible_cluster_size"]),
        "fan-feasible",
        fan_in_words(forecast["feasible_cluster_size"]),
        "What is left of the trend under all limits.",
    )
    made = constraint_table(shares, summary["binding_constraint_share_error"])
    return Section("What binds", _side_by_side([drawn, feasible]) + "\n" + folded("As a table", terminal_table(made)))


def scenarios(
    forecasts: Mapping[str, xr.Dataset],
    changes: xr.Dataset,
    outputs: Sequence[str],
    year: float,
    why: Mapping[str, str],
) -> Section:
    """Compare scenarios with their base.

    Parameters
    ----------
    forecasts : mapping of str to Dataset
        The base first.
    changes : Dataset
        From `scenario_changes`.
    outputs : sequence of str
        Drawn and tabulated.
    year : float
        In which.
    why : mapping of str to str
        What each scenario says.

    Returns
    -------
    Section
    """
    drawn = []
    for name in outputs:
        paths = {label: forecast[name] for label, forecast in forecasts.items()}
        first = next(iter(paths.values()))
        unit, share = unit_of(first), in_percent(first)
        medians = ", ".join(
            f"{label_of(label)} {human(float(path.sel(year=year).median()), unit, share=share)}"
            for label, path in paths.items()
        )
        alternative = f"{title_of(first)} in {year:g}, medians: {medians}."
        drawn.append(figure(plots.scenarios(paths, year=year), f"scenarios-{name.replace('_', '-')}", alternative))
    reasons = table("The scenarios", ("scenario", "what changes"), ((label_of(k), text) for k, text in why.items()))
    tables = "\n".join(terminal_table(made) for made in scenario_tables(changes.sel(output=list(outputs)), year))
    parts = [reasons, _side_by_side(drawn), folded("Changes with their errors", tables)]
    return Section("Scenarios", "\n".join(parts))


def claims(answers: xr.Dataset) -> Section:
    """Answer what the texts claim with probabilities.

    Parameters
    ----------
    answers : Dataset
        From `claim_probabilities`.

    Returns
    -------
    Section
    """
    return Section("Claims", terminal_table(claims_table(answers)))


def priors(given: Mapping[str, Family], name: str) -> Section:
    """List every prior with its source.

    Parameters
    ----------
    given : mapping of str to distribution
        From `read_priors`.
    name : str
        Of the set.

    Returns
    -------
    Section
    """
    uncertain = [_prior_row(key, found) for key, found in given.items() if not isinstance(found, Fixed)]
    fixed = [
        (label_of(key), human(found.median, found.unit), found.as_of, found.source, found.note)
        for key, found in given.items()
        if isinstance(found, Fixed)
    ]
    headers = ("input", "median", "5 to 95 %", "family", "as of", "source", "note")
    tables = [
        folded(f"{len(uncertain)} uncertain inputs", table(f"Uncertain inputs of {name}", headers, uncertain)),
        folded(
            f"{len(fixed)} constants",
            table(f"Constants of {name}", ("input", "value", "as of", "source", "note"), fixed),
        ),
    ]
    note = paragraph("Each number about the world is written in one file, with its unit, its source and its date.")
    return Section("Priors and their sources", "\n".join([note, *tables]))


def provenance(attrs: Mapping[str, object]) -> Section:
    """Say how the page came about.

    Parameters
    ----------
    attrs : mapping of str to object
        Attributes of the forecast, and what else is to be said.

    Returns
    -------
    Section
    """
    shown = {
        key.replace("_", " "): str(value) for key, value in attrs.items() if key not in ("input_names", "versions")
    }
    versions: dict[str, str] = json.loads(str(attrs["versions"]))
    shown["versions"] = ", ".join(f"{name} {number}" for name, number in versions.items())
    note = paragraph("The same command with the same versions gives the same numbers to the last bit.")
    return Section("Provenance", note + "\n" + definitions(shown.items()))


def fan_in_words(path: xr.DataArray) -> str:
    """Return what a fan shows: median and interval in three years.

    Parameters
    ----------
    path : DataArray, dims (year, sample)

    Returns
    -------
    str
    """
    unit, share = unit_of(path), in_percent(path)
    places = np.unique(np.linspace(0, path.sizes["year"] - 1, 3).round().astype(int))
    said = []
    for place in places:
        low, median, high = quantiles(np.asarray(path.isel(year=place).values, dtype=np.float64), _ENDS)
        year = float(path["year"].values[place])
        said.append(f"{year:g}: {human(median, unit, share=share)} ({interval(low, high, unit, share=share)})")
    return f"{title_of(path)}, median and 90 % interval. {'; '.join(said)}."


def _milestone_text(row: xr.Dataset) -> str:
    """Return a milestone as people say it."""
    name = str(row["output"].values)
    return str(row["milestone"].values).replace(name, label_of(name)).replace(">=", "≥")


def _reached(row: xr.Dataset, year: float) -> str:
    """Return the probability that a milestone is reached by a year."""
    found = row.sel(year=year)
    return chance(float(found["reached"]), float(found["reached_error"]))


def _comparable(references: Iterable[Reference], path: xr.DataArray) -> list[Reference]:
    """Return the reference classes that a path compares with, far enough apart to be read."""
    kind = {"W": "power", "USD": "cost"}.get(unit_of(path))
    chosen: list[Reference] = []
    for found in sorted(references, key=lambda reference: reference.value):
        apart = not chosen or np.log10(found.value / chosen[-1].value) >= _CLOSEST
        if getattr(found, "kind", None) == kind and apart:
            chosen.append(found)
    return chosen


def _leading_in_words(indices: xr.Dataset, output: str) -> str:
    """Say which inputs lead in the last year."""
    last = indices.sel(output=output).isel(year=-1)
    order = np.argsort(-np.nan_to_num(last["ST"].values), kind="stable")[:3]
    named = ", ".join(f"{label_of(str(last['input'].values[k]))} {float(last['ST'][k]):.2f}" for k in order)
    return f"Largest total indices of {label_of(output)} in {float(last['year']):g}: {named}."


def _prior_row(name: str, found: Family) -> tuple[str, ...]:
    """Return the row of an uncertain input."""
    low, median, high = (float(value) for value in found.quantile(np.array(_ENDS)))
    middle, ends = human(median, found.unit), interval(low, high, found.unit)
    family = str(getattr(found, "family", type(found).__name__))
    return (label_of(name), middle, ends, family, found.as_of, found.source, found.note)


def _side_by_side(figures: Iterable[str]) -> str:
    """Return figures in a grid that becomes one column on a narrow screen."""
    return f'<div class="figures">{"".join(figures)}</div>'
