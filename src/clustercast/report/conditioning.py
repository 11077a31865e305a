"""What was learnt, what taught it, and how a backtest went, as terminal tables."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Protocol

import numpy as np
import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.table import Table

from clustercast.report.numbers import human, interval, is_share

_LEARNT = 0.05
_CONFLICT = 0.05
_LARGEST_K_HAT = 0.7


class SkillRow(Protocol):
    """What is shown of a method's scores."""

    method: str
    count: int
    groups: int
    crps: float
    log_score: float
    coverage_50: float
    coverage_90: float
    gain: float
    gain_error: float


class ScoreRow(Protocol):
    """What is shown of one forecast of one observation."""

    method: str
    observation: str
    date: float
    observed: float
    median: float
    crps: float
    pit: float


def learnt_tables(learnt: xr.Dataset, *, everything: bool = False) -> Iterator[Table]:
    """Set the prior of each input, and of each parameter of the likelihood, beside its posterior.

    Parameters
    ----------
    learnt : Dataset
        From `clustercast.conditioning.checks.learnt`.
    everything : bool, optional
        Also the inputs of which nothing was learnt.

    Yields
    ------
    rich.table.Table
        The most moved first.
    """
    own = np.array([_is_own(str(name)) for name in learnt["input"].values])
    titles = (
        "Inputs, 5-95 %: prior, posterior, and how far the mean moved in prior standard deviations",
        "What the model misses, and how far bounds are from the truth, in decades (5-95 %)",
    )
    for title, chosen in zip(titles, (~own, own), strict=True):
        if chosen.any():
            yield _learnt_table(learnt.isel(input=chosen), title, everything)


def _is_own(name: str) -> bool:
    """Say whether a parameter belongs to the likelihood and not to the model."""
    return name.startswith("discrepancy_") or name in ("record_gap", "ceiling_gap")


def _learnt_table(learnt: xr.Dataset, title: str, everything: bool) -> Table:
    """Make the table of some parameters."""
    table = _table(title, "input", "prior", "posterior", "moved", "narrower")
    strength = np.maximum(np.abs(learnt["shift"].values), np.maximum(learnt["contraction"].values, 0))
    order = [k for k in np.argsort(-strength, kind="stable") if everything or strength[k] >= _LEARNT]
    for k in order:
        row = learnt.isel(input=k)
        name, unit = str(row["input"].values), str(row["unit"].values)
        prior, posterior = (_span(float(row[g][0]), float(row[g][-1]), unit, name) for g in ("prior", "posterior"))
        moved, narrower = float(row["shift"]), 100 * float(row["contraction"])
        table.add_row(name.removeprefix("discrepancy_"), prior, posterior, f"{moved:+.2f}", f"{narrower:.0f} %")
    rest = learnt.sizes["input"] - len(order)
    if rest:
        table.caption = f"{rest} more inputs stayed where they were (moved and narrowed by less than {_LEARNT:g})"
    return table


def path_tables(prior: xr.Dataset, posterior: xr.Dataset, outputs: Iterable[str]) -> Iterator[Table]:
    """Set the paths before and after learning beside each other.

    Parameters
    ----------
    prior, posterior : Dataset
        Forecasts on the same years.
    outputs : iterable of str

    Yields
    ------
    rich.table.Table
        One an output: median and 5-95 % by year.
    """
    for name in outputs:
        whole, share = str(posterior[name].attrs["units"]), is_share(name)
        unit = _short(whole)
        table = _table(name if unit == whole else f"{name}, a year", "year", "prior", "5-95 %", "posterior", "5-95 %")
        years = posterior["year"].values if "year" in posterior[name].dims else [None]
        for year in years:
            cells = []
            for forecast in (prior, posterior):
                values = forecast[name] if year is None else forecast[name].sel(year=year)
                low, median, high = np.quantile(values.values, [0.05, 0.5, 0.95])
                cells += [human(median, unit, share=share), interval(low, high, unit, share=share)]
            table.add_row("" if year is None else f"{year:g}", *cells)
        yield table


def conflict_table(conflict: xr.Dataset) -> Table:
    """Show where each observation lies in what prior and posterior predict.

    Parameters
    ----------
    conflict : Dataset
        From `clustercast.conditioning.checks.prior_conflict`.

    Returns
    -------
    rich.table.Table
        Probabilities below 5 % carry a mark: prior and data conflict there.
    """
    table = _table("Observations in the predictions", "observation", "observed", "prior 5-95 %", "tail", "posterior")
    for k in range(conflict.sizes["observation"]):
        row = conflict.isel(observation=k)
        unit = _short(str(row["unit"].values))
        observed = float(10 ** (row["observed"] - row["log10_unit"]))
        low, high = (float(v) for v in 10 ** (row["prior"].sel(quantile=[0.05, 0.95]) - row["log10_unit"]))
        tails = [float(row["prior_tail"]), float(row["posterior_tail"])]
        told = [f"{tail:.3f}{' !' if tail < _CONFLICT else '  '}" for tail in tails]
        table.add_row(str(row["observation"].values), human(observed, unit), interval(low, high, unit), *told)
    count = int((conflict["prior_tail"] < _CONFLICT).sum())
    table.caption = (
        f"{count} of {conflict.sizes['observation']} conflict with the prior (tail below {_CONFLICT:g}; "
        f"{_CONFLICT * conflict.sizes['observation']:.1f} expected by chance)"
    )
    return table


def influence_table(influence: xr.Dataset, *, most: int = 15) -> Table:
    """Show what each observation moved most.

    Parameters
    ----------
    influence : Dataset
        From `clustercast.conditioning.checks.observation_influence`.
    most : int, optional
        Observations shown, the most influential first.

    Returns
    -------
    rich.table.Table
    """
    title = "What each observation alone moved most (in prior standard deviations)"
    table = _table(title, "observation", "input", "moved by", "elpd", "k-hat")
    shift = influence["shift"].values
    strongest = np.abs(shift).argmax(axis=1)
    moved = shift[np.arange(len(shift)), strongest]
    for k in np.argsort(-np.abs(moved), kind="stable")[:most]:
        k_hat = float(influence["k_hat"][k])
        table.add_row(
            str(influence["observation"].values[k]),
            str(influence["input"].values[strongest[k]]),
            f"{moved[k]:+.2f}",
            f"{float(influence['elpd'][k]):.2f}",
            f"{k_hat:.2f}{' !' if k_hat > _LARGEST_K_HAT else '  '}",
        )
    table.caption = "! above 0.7: the posterior without it is too far away to be told by weights"
    return table


def skill_table(skills: Sequence[SkillRow], title: str) -> Table:
    """Show the mean scores of each method and the gain of the posterior over it.

    Parameters
    ----------
    skills : sequence
        From `clustercast.conditioning.backtest.skills`.
    title : str

    Returns
    -------
    rich.table.Table
    """
    headers = ("forecast", "rows", "groups", "CRPS", "log score", "in 50 %", "in 90 %", "posterior gains")
    table = _table(title, *headers)
    for skill in skills:
        gain = "" if np.isnan(skill.gain) else f"{skill.gain:+.3f} ± {skill.gain_error:.3f}"
        table.add_row(
            skill.method,
            str(skill.count),
            str(skill.groups),
            f"{skill.crps:.3f}",
            _known(skill.log_score, ".2f"),
            _known(100 * skill.coverage_50, ".0f", " %"),
            _known(100 * skill.coverage_90, ".0f", " %"),
            gain,
        )
    table.caption = (
        "CRPS in decades, log score in nats per decade, lower is better; gain: CRPS of the forecast less that of the "
        "posterior on the same rows, ± one standard error over groups"
    )
    return table


def score_table(scores: Iterable[ScoreRow], methods: Sequence[str]) -> Table:
    """Show each scored observation: its CRPS by every method, and its place in the posterior's prediction.

    Parameters
    ----------
    scores : iterable
        Of one origin.
    methods : sequence of str
        In the order of the columns; the first one's median and PIT are shown.

    Returns
    -------
    rich.table.Table
    """
    by_row: dict[str, dict[str, ScoreRow]] = {}
    for score in scores:
        by_row.setdefault(score.observation, {})[score.method] = score
    title = "Each observation: forecast over observed, PIT, and CRPS by forecast"
    table = _table(title, "observation", "year", "ratio", "PIT", *methods)
    for name, found in by_row.items():
        first = found[methods[0]]
        cells = [f"{found[method].crps:.3f}" if method in found else "-" for method in methods]
        ratio = f"x {10 ** (first.median - first.observed):.2f}"
        table.add_row(name, f"{first.date:.1f}", ratio, f"{first.pit:.2f}", *cells)
    return table


def _table(title: str, *headers: str) -> Table:
    """Return a table whose first column stands to the left and gives way where the terminal is narrow."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for place, header in enumerate(headers):
        justify: Literal["left", "right"] = "left" if place == 0 or header == "input" else "right"
        least, widest = (None, 26) if place == 0 else (len(header), None)
        table.add_column(header, no_wrap=True, justify=justify, min_width=least, max_width=widest)
    return table


def _short(unit: str) -> str:
    """Return the unit of a yearly flow without the year."""
    return unit.removesuffix("/year") if unit.startswith(("USD", "H100e")) or unit == "TWh/year" else unit


def _is_plain(unit: str) -> bool:
    """Say whether numbers of a unit are written as they are, without multiples."""
    return unit not in ("1",) and not unit.startswith(("USD", "H100e", "W", "TWh")) and unit != "chip"


def _span(low: float, high: float, unit: str, name: str) -> str:
    """Write a range; small numbers with rates for units go without them."""
    if not _is_plain(unit):
        return interval(low, high, _short(unit), share=is_share(name))
    return f"{low:.2g} to {high:.2g}"


def _known(value: float, form: str, tail: str = "") -> str:
    """Write a number, or a dash where there is none."""
    return "-" if np.isnan(value) else f"{value:{form}}{tail}"
