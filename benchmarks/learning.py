"""Does learning help: the backtest at six dates, and what each piece of the likelihood is worth, as a page of the docs.

``python -m benchmarks.learning`` writes docs/learning_scores.md and, for the report, priors/texts/learning_scores.toml.
It takes some minutes.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from multiprocessing import Pool
from pathlib import Path

import numpy as np

import clustercast as cc
from clustercast.arrays.posterior import likelihood
from clustercast.conditioning.backtest import METHODS, POOL, Backtest, Skill, backtest, skills, skills_by
from clustercast.conditioning.observation_rows import HALVING, TIME, Observations
from clustercast.conditioning.origin_priors import origin_priors
from clustercast.files.dates import end_of
from clustercast.files.toml import toml_table

PAGE = Path(__file__).parents[1] / "docs" / "learning_scores.md"
STORED = Path(__file__).parents[1] / "priors" / "texts" / "learning_scores.toml"
SHIPPED, OTHER = "as shipped", "evidence_2026"
ORIGINS = ("2023-06", "2024-01", "2024-06", "2025-01", "2025-07", "2026-01")
# Earlier dates, at which variants are only compared with each other.
EARLIER = ("2022-06", "2022-12")
# Dates before which a variant is chosen: the last is that of the shipped rows.
CHOSEN = (*ORIGINS, "2026-11")
HORIZON = 2.0


def _lacking(observations: Observations, *names: str) -> Observations:
    """Return the observations without some parameters of the likelihood."""
    return replace(observations, priors={k: v for k, v in observations.priors.items() if k not in names})


def _plain(observations: Observations, **update: str) -> Observations:
    """Return the observations with a key of every row set."""
    return replace(observations, rows=tuple(row.model_copy(update=update) for row in observations))


VARIANTS: dict[str, Callable[[Observations], Observations]] = {
    SHIPPED: lambda o: o,
    "all of a discrepancy lasts": lambda o: o,
    "discrepancy independent by row": lambda o: _lacking(o, TIME),
    "gap of ceilings constant in time": lambda o: _lacking(o, HALVING),
    "no ceilings": lambda o: replace(o, rows=tuple(row for row in o if row.kind != "ceiling")),
    "size, power and cost of a site each count": lambda o: _plain(o, estimate=""),
    "revenue from the launch months on": lambda o: _plain(o, unused=""),
    "none of the four": lambda o: _plain(_lacking(o, TIME, HALVING), estimate="", unused=""),
}


@dataclass(frozen=True)
class Run:
    """The backtest of one variant at one date; only rows that the shipped variant scores too."""

    origin: str
    found: Backtest


def run(variant: str, origin: str, seed: int = 1) -> Run:
    """Learn and score one variant at one date, with the prior set of that date."""
    observations = cc.read_observations()
    scored = {row.id for row in observations.counted()}
    chosen = VARIANTS[variant](observations)
    likelihood.ErrorModel.__init__.__defaults__ = (None, None, 1.0 if variant.startswith("all of") else 0.5)
    base = {name: cc.read_priors(name) for name in ("situational_awareness", OTHER)}
    made = {name: origin_priors(one, observations, origin) for name, one in base.items()}
    others = {OTHER: made[OTHER]} if variant == SHIPPED and origin in ORIGINS else None
    settings = {"as_of": origin, "horizon": HORIZON, "size": 1 << 13, "seed": seed, "others": others}
    found = backtest(made["situational_awareness"], chosen, **settings)
    return Run(origin, replace(found, scores=tuple(s for s in found.scores if s.observation in scored)))


def log_score_before(runs: Iterable[Run], origin: str) -> float:
    """Return the mean log score of the posterior from earlier dates, on rows that were known by a date."""
    known = {row.id for row in cc.read_observations().known_by(origin)}
    scores = [
        score.log_score
        for one in runs
        if end_of(one.origin) < end_of(origin)
        for score in one.found.scores
        if score.method == "posterior" and score.observation in known
    ]
    return float(np.mean(scores)) if scores else float("nan")


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return lines of a Markdown table."""
    header = list(header)
    return ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)] + [""]


def _number(value: float, digits: int = 3) -> str:
    """Return a number, or a dash where there is none."""
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"


def _scores(skill: Skill) -> list[str]:
    """Return CRPS with its error over groups, log score, coverage and mean PIT with the error it should have."""
    error = "" if np.isnan(skill.crps_error) else f" ± {skill.crps_error:.3f}"
    covered = (_number(100 * share, 0) for share in (skill.coverage_50, skill.coverage_90))
    pit = "-" if np.isnan(skill.pit) else f"{skill.pit:.2f} (0.50 ± {skill.pit_error:.2f})"
    return [_number(skill.crps) + error, _number(skill.log_score, 2), *covered, pit]


def _skill_cells(skill: Skill) -> list[str]:
    """Return a row of scores; the ratio is on the rows that both forecasts score."""
    gain = "-" if np.isnan(skill.gain) else f"{skill.gain:+.3f} ± {skill.gain_error:.3f}"
    ratio = _number((skill.crps - skill.gain) / skill.crps, 2)
    return [skill.method, str(skill.count), str(skill.groups), ratio, gain, *_scores(skill)]


def _by(runs: Iterable[Run], key: str) -> list[str]:
    """Return the scores of the posterior for each quantity or group, beside the CRPS of the other forecasts."""
    rows = []
    for name, found in skills_by((one.found for one in runs), key).items():
        crps = {skill.method: _number(skill.crps) for skill in found}
        others = [crps.get(method, "-") for method in METHODS[1:]]
        rows.append([name.replace("_", " "), str(found[0].count), str(found[0].groups), *_scores(found[0]), *others])
    return _table((key, "rows", "groups", *SCORES, *(f"{method} CRPS" for method in METHODS[1:])), rows)


SCORES = ("CRPS", "log score", "in 50 %", "in 90 %", "mean PIT")
HEADER = ("forecast", "rows", "groups", "posterior / it", "gain", *SCORES)


def _verdict(found: list[Skill], name: str) -> str:
    """Return in words whether the aim is reached."""
    posterior, *others = found
    prior = next(skill for skill in others if skill.method == "prior")
    ratios = {skill.method: (skill.crps - skill.gain) / skill.crps for skill in others}
    best = max(ratios, key=lambda method: ratios[method])
    covered = 100 * posterior.coverage_90
    reached = ratios["prior"] <= 0.8 and ratios[best] <= 0.8
    clear = abs(prior.gain) > 2 * prior.gain_error
    said = {True: "reached", False: "**not reached**"}
    return (
        f"{name} the CRPS of the posterior is {ratios['prior']:.2f} of the prior's and {ratios[best]:.2f} of that of "
        f"the best other forecast ({best}), each on the rows that both score; its 90 % intervals hold {covered:.0f} % "
        f"of the rows. The aim of at most 0.80 of both is {said[reached]}, that of 80 to 97 % inside is "
        f"{said[80 <= covered <= 97]}. Beside the prior the gain is {prior.gain:+.3f} ± {prior.gain_error:.3f} over "
        f"{prior.groups} groups: {'more' if clear else 'no more'} than two standard errors."
    )


def page(runs: dict[str, list[Run]]) -> str:
    """Return the page of the docs."""
    shipped = [one for one in runs[SHIPPED] if one.origin in ORIGINS]
    base = end_of(cc.read_priors("situational_awareness").about.as_of)
    clean = [one for one in shipped if end_of(one.origin) >= base]
    both = skills(one.found for one in clean)
    average = [skill for skill in both if skill.method in METHODS]
    lines = [
        "# How good forecasts of the past were",
        "",
        "Written by `python -m benchmarks.learning`; scores in decades, lower is better. From each date the forecast",
        "learns what was known by then and is scored on what came within two years. The prior is the essay's set with",
        "levels and past growth from the rows known at the date; the essay is dated June 2024, so that at dates before",
        "it the growth to come is younger than the forecast: these dates are shown and stay outside the averages.",
        "`evidence_2026` is younger than every date here and is shown apart.",
        "",
        "## All dates from June 2024",
        "",
        _verdict(average, "Over these dates together"),
        "",
        *_table(HEADER, (_skill_cells(skill) for skill in average)),
        "The gain is the CRPS of the forecast less the posterior's, with one standard error over groups of dependent",
        "rows; the same row is scored from several dates, in one group.",
        "",
        "### By quantity",
        "",
        "The posterior, beside the CRPS of the others; a mean PIT of 0.5 is right, with the error that so few",
        "independent groups leave. Coverage of so few rows says little.",
        "",
        *_by(clean, "quantity"),
        "### By group of dependent rows",
        "",
        *_by(clean, "group"),
        "## Both sets and their pool",
        "",
        f"`{OTHER}` by the same recipe, and the two posteriors pooled in equal shares. What it says of the growth to",
        "come is younger than every date here: it is in sample, and stays outside the averages and the aim above.",
        "",
        *_table(HEADER, (_skill_cells(s) for s in both if s.method in ("posterior", OTHER, f"prior of {OTHER}", POOL))),
        "## Each date",
        "",
    ]
    for one in shipped:
        inside = "" if end_of(one.origin) >= base else " (in sample: the growth to come is younger)"
        lines += [f"### {one.origin}{inside}", "", f"{one.found.learned} rows learned from.", ""]
        found = [skill for skill in skills([one.found]) if skill.method in METHODS]
        lines += _table(HEADER, map(_skill_cells, found))
    return "\n".join([*lines, *_pieces(runs, base)])


def _pieces(runs: dict[str, list[Run]], base: float) -> list[str]:
    """Return the section on the variants of the likelihood: which would have been chosen before each date."""
    lines = [
        "## What each piece of the likelihood is worth",
        "",
        "Mean log score of the posterior, in nats a row, on rows that were known by a date, forecast from the dates",
        "before it. This alone chooses among variants. The last two columns are the scores of the dates from June",
        "2024, for comparison; they choose nothing. Half of the variance of a discrepancy lasts in the shipped one.",
        "The share that lasts, and the pieces themselves, were settled with all rows in view: the averages above are",
        "not independent of them. What would have been chosen before each date is named below; the differences are",
        "within a few tenths of a nat over some twenty groups.",
        "",
    ]
    rows = []
    for name, found in runs.items():
        before = [_number(log_score_before(found, origin), 2) for origin in CHOSEN]
        own = skills(one.found for one in found if end_of(one.origin) >= base)[0]
        rows.append([name, *before, _number(own.crps), _number(100 * own.coverage_90, 0)])
    lines += _table(("variant", *(f"before {o}" for o in CHOSEN), "CRPS", "in 90 %"), rows)
    best = {o: min(runs, key=lambda name: log_score_before(runs[name], o)) for o in CHOSEN}
    chosen = "; ".join(f"{origin}: {name}" for origin, name in best.items())
    return [*lines, f"The best before each date: {chosen}.", ""]


def stored(runs: Iterable[Run]) -> str:
    """Return the average scores of dates from that of the essay's set on, as a file that the report reads."""
    base = end_of(cc.read_priors("situational_awareness").about.as_of)
    clean = [one.found for one in runs if one.origin in ORIGINS and end_of(one.origin) >= base]
    about = "# How good forecasts since June 2024 were, in decades; written by python -m benchmarks.learning.\n\n"
    found = [skill for skill in skills(clean) if skill.method in METHODS]
    return about + "\n".join(toml_table("skill", vars(skill), array=True) for skill in found)


def _task(task: tuple[str, str]) -> Run:
    """Run one variant at one date."""
    return run(*task)


def main() -> None:
    """Run everything on two processes and write the page."""
    tasks = [(variant, origin) for variant in VARIANTS for origin in (*EARLIER, *ORIGINS)]
    runs: dict[str, list[Run]] = {}
    with Pool(2) as pool:
        for (variant, origin), found in zip(tasks, pool.imap(_task, tasks), strict=True):
            runs.setdefault(variant, []).append(found)
            print(variant, origin, file=sys.stderr, flush=True)
    PAGE.write_text(page(runs))
    STORED.write_text(stored(runs[SHIPPED]))


if __name__ == "__main__":
    main()
