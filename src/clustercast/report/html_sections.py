"""The sections of the report: each takes results and returns its part of the page."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import xarray as xr
from rich.table import Table

from clustercast.dataset import provenance_of
from clustercast.priors.families import Family, Fixed
from clustercast.report import plots
from clustercast.report.audit import Finding, audit_table
from clustercast.report.claims import chance, claims_table
from clustercast.report.html import (
    Section,
    bullets,
    definitions,
    folded,
    paragraph,
    side_by_side,
    table,
    terminal_table,
)
from clustercast.report.html_figures import fan_in_words, figure
from clustercast.report.labels import label_of
from clustercast.report.numbers import calendar_year, human, interval
from clustercast.report.plots.overlays import Observed, Stated
from clustercast.report.plots.style import Reference, unit_of
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
        f"The priors are those of {provenance_of(forecast)['priors_name']}: {len(given) - fixed} uncertain inputs and "
        f"{fixed} constants, each with its source at the end of this page."
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
    return Section("Headline probabilities", "\n".join([*parts, side_by_side([drawn, reached])]))


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
    return Section("Forecast by year", "\n".join([note, side_by_side(drawn), folded("The same as tables", tables)]))


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


def audit(findings: Sequence[Finding]) -> Section:
    """Say where the texts' own arithmetic follows and where it does not.

    Parameters
    ----------
    findings : sequence of Finding
        From `audit_findings`.

    Returns
    -------
    Section
    """
    counts = Counter(found.verdict for found in findings)
    words = {
        "OK": "follow within the text's own rounding",
        "ROUND": "follow loosely",
        "NO": "do not follow from the stated inputs",
        "EXT": "follow, but an outside fact contradicts them",
        "-": "have nothing stated to be held against",
    }
    said = bullets((str(counts[verdict]), f"{text} ({verdict})") for verdict, text in words.items() if counts[verdict])
    note = paragraph(f"{len(findings)} derivations of the texts, recomputed with every input at its median:")
    made = folded("Each derivation", terminal_table(audit_table(findings)))
    return Section("Audit of the arithmetic", "\n".join([note, said, made]))


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


def provenance(forecast: xr.Dataset, **more: object) -> Section:
    """Return how the page came about: the record of the forecast, and what else is to be said."""
    record = provenance_of(forecast)
    design = {"design" if key == "name" else key: value for key, value in record.pop("design").items()}
    versions = ", ".join(f"{name} {number}" for name, number in record.pop("versions").items())
    shown = {key.replace("_", " "): str(value) for key, value in {**design, **record, **more}.items()}
    shown = {key: text for key, text in shown.items() if key not in ("inputs", "drawn", "samples")}
    shown["versions"] = versions
    note = paragraph("The same command with the same versions gives the same numbers to the last bit.")
    return Section("Provenance", note + "\n" + definitions(shown.items()))


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


def _prior_row(name: str, found: Family) -> tuple[str, ...]:
    """Return the row of an uncertain input."""
    low, median, high = (float(value) for value in found.quantile(np.array(_ENDS)))
    middle, ends = human(median, found.unit), interval(low, high, found.unit)
    family = str(getattr(found, "family", type(found).__name__))
    return (label_of(name), middle, ends, family, found.as_of, found.source, found.note)
