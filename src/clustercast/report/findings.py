"""Findings in words, and indices as tables of 80 columns; not by a template, as a table does not wait for Jinja."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from clustercast.dataset import design_of
from clustercast.files.dates import date_words
from clustercast.files.toml import load_toml
from clustercast.priors.prior_set import Priors
from clustercast.report import numbers
from clustercast.report.numbers import chance, in_a_sentence, is_share, label_of, listed, with_interval
from clustercast.report.tables import Table
from clustercast.uncertainty.summaries import summarise

PHRASES: dict[str, dict[str, Any]] = load_toml(Path(__file__).with_name("phrases.toml"))
# What a reader asks first; the prior set's headline follows.
FIRST = ("training_cluster_power", "training_cluster_cost", "ai_investment")
LIMITS = ("supply_constraint", "binding_constraint")
_KEY_YEAR = 2030.0
_CLEAR = 0.02
_SEEN = 0.0005
_INTERVAL = [0.05, 0.5, 0.95]
# Of outputs in the opening.
_MOST = 4
_SHOWN_YEARS = 3
_SMALL = 0.01
_GROUPED = re.compile(r"Correlated inputs are one group.*?Shapley effects\.")


def key_year(years: Sequence[float]) -> float:
    """Return the year that answers are given for: 2030 where it is among the years, else the last."""
    return _KEY_YEAR if _KEY_YEAR in years else float(years[-1])


def subject_and_verb(name: str) -> tuple[str, str]:
    """Return who a sentence on a quantity is about, and what that one does, with a place for the number."""
    phrase = PHRASES.get(name, {"subject": in_a_sentence(name), "verb": "is {}"})
    return phrase["subject"], phrase["verb"]


def forecast_sentence(summary: xr.Dataset, outputs: Sequence[str], year: float | None) -> str:
    """Return median and 90 % interval of some outputs in a year, in one sentence."""
    parts: dict[str, list[str]] = {}
    for name in outputs:
        subject, verb = subject_and_verb(name)
        parts.setdefault(subject, []).append(verb.format(_with_interval(summary, name, year)))
    said = "; ".join(f"{subject} {listed(verbs)}" for subject, verbs in parts.items())
    return f"{year:g}: {said}." if year is not None else f"{said[:1].upper()}{said[1:]}."


def trend_sentence(summary: xr.Dataset, outputs: Sequence[str], year: float | None) -> str:
    """Return what the trend, without limits, gives where it differs from the forecast; empty where it does not."""
    said = []
    for name in (name for name in outputs if f"trend_{name}" in summary):
        plain, trend = (_ends(summary, key, year)[1] for key in (name, f"trend_{name}"))
        if abs(trend - plain) > _CLEAR * abs(plain):
            said.append(f"{in_a_sentence(name)} {_with_interval(summary, f'trend_{name}', year)}")
    return f"The trend alone, without limits: {listed(said)}." if said else ""


def hangs_on(indices: xr.Dataset, output: str, year: float | None, *, most: int = 3, variable: str = "ST") -> str:
    """Return what an output hangs on most, with the share of the variance, in one sentence."""
    result = indices.sel(output=output)
    if "year" in result.dims:
        year = float(result["year"].values[-1]) if year is None or year not in result["year"].values else year
        result = result.sel(year=year)
    values = np.nan_to_num(result[variable].values)
    order = [k for k in np.argsort(-values, kind="stable")[:most] if values[k] >= 0.01]
    when = f" in {year:g}" if "year" in indices.dims else ""
    if not order:
        return f"{label_of(output)}{when} hangs on no single input."
    half, names = result[f"{variable}_conf"].values, [in_a_sentence(str(name)) for name in result["input"].values]
    of = dict.fromkeys(order[:1], " of its variance")
    said = [f"{names[k]} ({100 * values[k]:.0f} %{of.get(k, '')}, ±{100 * half[k]:.0f})" for k in order]
    return f"{label_of(output)}{when} hangs most on {listed(said)}."


def limits_sentence(priors: Priors) -> str:
    """Return which limits act, in one sentence; empty where the priors know no limits."""
    switches = [name for name in priors if name.startswith("limit_")]
    if not switches:
        return ""
    acting = [name.removeprefix("limit_").replace("_", " ") for name in switches if priors[name].median > 0]
    since = f" from {date_words(priors['forecast_start'].median)} on" if "forecast_start" in priors else ""
    if not acting:
        return "No limit acts: the forecast is the trend."
    idle = f" ({len(acting)} of {len(switches)})" if len(acting) < len(switches) else ""
    return f"Limits that act{since}: {listed(acting)}{idle}."


def validity_sentence(priors: Priors, years: Sequence[float]) -> str:
    """Return which years lie outside those for which the priors were made; empty where none does."""
    first, last = priors.about.valid_from or -np.inf, priors.about.valid_to or np.inf
    outside = [f"{year:g}" for year in years if not first <= year <= last]
    return f"Outside {first:g} to {last:g}, for which {priors.name} was made: {listed(outside)}." if outside else ""


def conditions(priors: Priors, forecast: xr.Dataset, year: float | None) -> list[str]:
    """Return which limits act, and how likely it is, by year, that a sampled world is impossible, and why."""
    said = [*filter(None, [limits_sentence(priors)])]
    shares = summarise(forecast[["contradiction"]]).get("contradiction_share") if "contradiction" in forecast else None
    causes = None if shares is None else shares.drop_sel(contradiction_label="none", errors="ignore")
    if causes is None or float(causes.sum("contradiction_label").max()) < _SEEN:
        return said
    impossible = causes.sum("contradiction_label")
    asked = [when for when in (year, float(causes["year"][-1])) if when is not None]
    shown = [f"{chance(float(impossible.sel(year=when)))} in {when:g}" for when in dict.fromkeys(asked)]
    why = causes["contradiction_label"].values[int(np.argmax(causes.max("year").values))]
    return [*said, f"Impossible worlds among the samples: {', '.join(shown)} (mostly: {why})."]


def opening(forecast: xr.Dataset, priors: Priors, outputs: Sequence[str]) -> list[str]:
    """Return the sentences that open an answer: the forecast, the trend, the limits, contradictions."""
    years = forecast["year"].values.tolist() if "year" in forecast.dims else []
    shown = [name for name in outputs if name in forecast and "labels" not in forecast.variables[name].attrs][:_MOST]
    chosen = forecast[[name for one in shown for name in (one, f"trend_{one}") if name in forecast]]
    year, said = key_year(years) if "year" in chosen.dims else None, list[str]()
    if shown:
        summary = summarise(chosen.sel(year=[year]) if year is not None else chosen, _INTERVAL)
        said += [forecast_sentence(summary, shown, year), trend_sentence(summary, shown, year)]
    said += [*conditions(priors, forecast, year), validity_sentence(priors, years if year is not None else [])]
    return [sentence for sentence in said if sentence]


def _ends(summary: xr.Dataset, name: str, year: float | None) -> list[float]:
    """Return the ends of the 90 % interval of an output in a year, with the median between."""
    result = summary.variables[name].isel(quantile=[summary.get_index("quantile").get_loc(p) for p in _INTERVAL])
    timed = year is not None and "year" in result.dims
    ends: list[float] = (result.isel(year=summary.get_index("year").get_loc(year)) if timed else result).values.tolist()
    return ends


def _with_interval(summary: xr.Dataset, name: str, year: float | None) -> str:
    """Return median and interval of an output in a year."""
    low, median, high = _ends(summary, name, year)
    return with_interval(median, low, high, str(summary[name].attrs.get("units", "1")), share=is_share(name))


def sobol_tables(indices: xr.Dataset, *, most: int = 8, resolved: xr.DataArray | None = None) -> Iterator[Table]:
    """Yield one table an output: total indices by year, the first-order index in the last, each with its half-width."""
    grid = indices["year"].values.tolist() if "year" in indices.dims else []
    places = numbers.evenly(len(grid), _SHOWN_YEARS + 1)[1:] or [*range(len(grid))]
    years, what, names = [grid[place] for place in places], member(indices), indices["input"].values.tolist()
    headers = (what, *([f"ST {year:g}" for year in years] or ["ST"]), f"S1 {years[-1]:g}" if years else "S1")
    # Bare arrays, (years or 1, inputs): xarray takes longer to label a number than it takes to print it.
    ordered = indices[["ST", "ST_conf", "S1", "S1_conf"]].transpose("output", ..., "input")
    for number, (output, scale) in enumerate(zip(indices["output"].values, indices["scale"].values, strict=True)):
        result = {key: np.atleast_2d(ordered[key].values[number])[places or slice(None)] for key in ordered}
        totals = np.nan_to_num(result["ST"])
        rank = np.argsort(-totals.max(axis=0), kind="stable")
        shown = [k for k in rank[:most] if totals[:, k].max() >= _SMALL]
        notes, rest = [], [k for k in rank if k not in shown]
        if rest:
            least = f"{max(_SMALL, float(np.ceil(totals[:, rest].max() * 100)) / 100):.2g}"
            one = len(rest) == 1
            notes.append(f"{len(rest)} more {what}{'' if one else 's'}, {'' if one else 'each '}with ST below {least}")
        if resolved is not None:
            notes.append(_resolution(resolved, number))
        values, halves = (np.vstack([result[f"ST{end}"], result[f"S1{end}"][-1:]]) for end in ("", "_conf"))
        rows = [(numbers.member_label(str(names[k])), *map(_cell, values[:, k], halves[:, k])) for k in shown]
        yield Table(f"{label_of(str(output))}, on the {scale} scale", headers, rows, note="; ".join(notes))


def _resolution(resolved: xr.DataArray, number: int) -> str:
    """Return in which years the order of the first inputs of an output is resolved, in words."""
    timed, what = "year" in resolved.dims, str(resolved.attrs["long_name"]).removesuffix(" resolved")
    if (result := resolved.transpose("output", ...).values[number]).all():
        return f"{what} is resolved{' in every year' if timed else ''}"
    if not result.any():
        return f"{what} is not resolved{' in any year' if timed else ''}"
    years = resolved["year"].values[~result]
    some = f"{years.size} of {result.size} years, {years[0]:g} to {years[-1]:g}"
    return f"{what} is not resolved in {f'{years[0]:g}' if years.size == 1 else some}"


def caution(indices: xr.Dataset) -> str:
    """Return what could mislead a reader of a result, in words; groups are named by their members in the tables."""
    joined = "Inputs joined by + are correlated and have one index together."
    return numbers.worded(_GROUPED.sub(joined, indices.attrs.get("warning", "")))


def member(indices: xr.Dataset) -> str:
    """Return what an index belongs to: an input, a group of inputs, or an independent part of correlated inputs."""
    design = design_of(indices)
    # A group of correlated inputs is called by their names, and needs no other word.
    joint = design.get("correlated_groups", {})
    if any(len(members) > 1 and name not in joint for name, members in design.get("swaps", {}).items()):
        return "group"
    return "independent part" if design.get("latent") else "input"


def _cell(index: float, half_width: float) -> str:
    """Return an index and its half-width with as many digits as the half-width has."""
    if not np.isfinite(index):
        return "-"
    digits = 3 if half_width < 0.005 else 2
    return f"{index:.{digits}f}±{half_width:.{digits}f}".replace("0.", ".")
