"""Does learning help: the backtest at six dates, and what each piece of the likelihood is worth, as a page of the docs.

``python -m benchmarks.learning`` writes docs/learning_scores.md and, for the report, priors/texts/learning_scores.toml.
It takes some minutes.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from multiprocessing import Pool
from pathlib import Path

import numpy as np

import clustercast as cc
from clustercast.conditioning.backtest import METHODS, POOL, Backtest, Skill, rolling_origin, skills, skills_by
from clustercast.conditioning.choice import (
    BACK,
    FORMS,
    FULL,
    HORIZON,
    LEAST,
    SIMPLEST,
    Choice,
    Forecaster,
    origin_priors,
)
from clustercast.conditioning.condition import YEARS
from clustercast.conditioning.observation_rows import Observations
from clustercast.files.dates import end_of
from clustercast.files.toml import toml_table

PAGE = Path(__file__).parents[1] / "docs" / "learning_scores.md"
STORED = Path(__file__).parents[1] / "priors" / "texts" / "learning_scores.toml"
BASE, OTHER, FIXED = "situational_awareness", "evidence_2026", "form shipped today"
ORIGINS = ("2023-06", "2024-01", "2024-06", "2025-01", "2025-07", "2026-01")
TODAY = "2026-11"
SETTINGS = {"horizon": 2.0, "size": 1 << 13, "seed": 1, "recipe": True}


def _plain(observations: Observations, **update: str) -> Observations:
    """Return the observations with a key of every row set."""
    return replace(observations, rows=tuple(row.model_copy(update=update) for row in observations))


# How rows are read; it follows from what they are, so that no score chooses among these.
READINGS: dict[str, Callable[[Observations], Observations]] = {
    "no ceilings": lambda o: replace(o, rows=tuple(row for row in o if row.kind != "ceiling")),
    "size, power and cost of a site each count": lambda o: _plain(o, estimate=""),
    "revenue from the launch months on": lambda o: _plain(o, unused=""),
    f"all of these but the first, {SIMPLEST}": lambda o: replace(_plain(o, estimate="", unused=""), **FORMS[SIMPLEST]),
}
CHOSEN = "chosen at each date"
VARIANTS = (CHOSEN, *FORMS, *READINGS)


def run(variant: str) -> list[Backtest]:
    """Learn and score one variant at all dates, with the prior set of each date."""
    rows, base = cc.read_observations(), cc.read_priors(BASE)
    if variant == CHOSEN:
        return rolling_origin(base, rows, origins=ORIGINS, others={OTHER: cc.read_priors(OTHER)}, **SETTINGS)
    read = replace(rows, **FORMS[variant]) if variant in FORMS else READINGS[variant](rows)
    return rolling_origin(base, read, origins=ORIGINS, choose=False, **SETTINGS)


def choice_today() -> Choice:
    """Return the form that all rows known today choose: the one that is shipped."""
    rows, base = cc.read_observations(), cc.read_priors(BASE)
    forecaster = Forecaster(cc.cluster_model(), YEARS, SETTINGS["size"], SETTINGS["seed"])
    return forecaster.choice(lambda date: origin_priors(base, rows, date), rows, end_of(TODAY))


def shipped_form() -> str:
    """Return the form of the shipped observations."""
    rows = cc.read_observations()
    return next(n for n, form in FORMS.items() if form == {"lasting": rows.lasting, "narrowing": rows.narrowing})


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


def _by(runs: Iterable[Backtest], key: str) -> list[str]:
    """Return the scores of the posterior for each quantity or group, beside the CRPS of the other forecasts."""
    rows = []
    for name, result in skills_by(runs, key).items():
        crps = {skill.method: _number(skill.crps) for skill in result}
        others = [crps.get(method, "-") for method in METHODS[1:]]
        rows.append([name.replace("_", " "), str(result[0].count), str(result[0].groups), *_scores(result[0]), *others])
    return _table((key, "rows", "groups", *SCORES, *(f"{method} CRPS" for method in METHODS[1:])), rows)


SCORES = ("CRPS", "log score", "in 50 %", "in 90 %", "mean PIT")
HEADER = ("forecast", "rows", "groups", "posterior / it", "gain", *SCORES)


def _verdict(result: list[Skill], name: str) -> str:
    """Return in words whether the aim is reached."""
    posterior, *others = result
    prior = next(skill for skill in others if skill.method == "prior")
    ratios = {skill.method: (skill.crps - skill.gain) / skill.crps for skill in others}
    best = max(ratios, key=lambda method: ratios[method])
    covered = 100 * posterior.coverage_90
    reached = ratios["prior"] <= 0.8 and ratios[best] <= 0.8
    clear = abs(prior.gain) > 2 * prior.gain_error
    said = {True: "reached", False: "**not reached**"}
    order = "better" if posterior.log_score < prior.log_score else "**worse**"
    return (
        f"{name} the CRPS of the posterior is {ratios['prior']:.2f} of the prior's and {ratios[best]:.2f} of that of "
        f"the best other forecast ({best}), each on the rows that both score; its 90 % intervals hold {covered:.0f} % "
        f"of the rows. The aim of at most 0.80 of both is {said[reached]}, that of 80 to 97 % inside is "
        f"{said[80 <= covered <= 97]}. Beside the prior the gain is {prior.gain:+.3f} ± {prior.gain_error:.3f} over "
        f"{prior.groups} groups: {'more' if clear else 'no more'} than two standard errors. By mean log score the "
        f"posterior, {posterior.log_score:.2f}, is {order} "
        f"than the prior, {prior.log_score:.2f}."
    )


def page(runs: dict[str, list[Backtest]], today: Choice) -> str:
    """Return the page of the docs."""
    base = end_of(cc.read_priors(BASE).about.as_of)
    # What the shipped form makes of the same rows goes beside the forecasts, under a name of its own.
    fixed = [
        tuple(replace(s, method=FIXED) for s in one.scores if s.method == "posterior") for one in runs[shipped_form()]
    ]
    dates = [replace(one, scores=(*one.scores, *more)) for one, more in zip(runs[CHOSEN], fixed, strict=True)]
    clean = [one for one in dates if one.as_of >= base]
    both = skills(clean)
    average = [skill for skill in both if skill.method in (*METHODS, FIXED)]
    lines = [
        "# How good forecasts of the past were",
        "",
        "Written by `python -m benchmarks.learning`; scores in decades, lower is better. From each date the forecast",
        "learns what was known by then and is scored on what came within two years. The prior is the essay's set with",
        "levels and past growth from the rows known at the date; the essay is dated June 2024, so that at dates before",
        "it the growth to come is younger than the forecast: these dates are shown and stay outside the averages.",
        "`evidence_2026` is younger than every date here and is shown apart. The form of the discrepancy is chosen at",
        "each date by what was known before it, see the section on the choice below.",
        "",
        "## All dates from June 2024",
        "",
        _verdict([skill for skill in average if skill.method != FIXED], "Over these dates together"),
        "",
        *_table(HEADER, (_skill_cells(skill) for skill in average)),
        f"The row *{FIXED}* is the posterior with one form at all dates. The gain is the CRPS of the forecast less",
        "the posterior's, with one standard error over groups of dependent rows; the same row is scored from several",
        "dates, in one group.",
        "",
        *_why(clean),
        "",
        *_choice(runs[CHOSEN], today),
        "## By quantity and group",
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
    for origin, one in zip(ORIGINS, dates, strict=True):
        inside = "" if one.as_of >= base else " (in sample: the growth to come is younger)"
        lines += [f"### {origin}{inside}", "", f"{one.learned} rows learned from; form: {one.choice.form}.", ""]
        result = [skill for skill in skills([one]) if skill.method in (*METHODS, FIXED)]
        lines += _table(HEADER, map(_skill_cells, result))
    return "\n".join([*lines, *_pieces(runs, base)])


def _why(dates: list[Backtest]) -> list[str]:
    """Return where learning helps and where it does not, in sentences."""
    rows, pairs = cc.read_observations(), []
    for one in dates:
        known = {row.quantity for row in rows.known_by(one.as_of).counted()}
        prior = {s.observation: s.crps for s in one.scores if s.method == "prior"}
        own = [s for s in one.scores if s.method == "posterior"]
        pairs += [(s.quantity, s.quantity in known, s.crps, prior[s.observation]) for s in own]
    said = {}
    for seen in (True, False):
        count, own, before = len(scores := [pair[2:] for pair in pairs if pair[1] is seen]), *np.mean(scores, axis=0)
        said[seen] = f"{own:.3f} of the posterior beside {before:.3f} of the prior over {count} rows"
    gains = {q: float(np.sum([b - a for n, _, a, b in pairs if n == q])) for q, *_ in pairs}
    words = [f"{q.replace('_', ' ')} ({gains[q]:+.2f})" for q in sorted(gains, key=lambda q: -gains[q])]
    return [
        "Why learning gives no more: the prior of a date has levels and past growth from the same rows already, and",
        "what decides later rows is the growth to come, of which few rows of the past say much. Where a row of the",
        f"quantity was known at the date the CRPS is {said[True]},",
        f"where none was, and only what is shared with others can be learned, {said[False]}.",
        f"Summed over rows, it falls most for {', '.join(words[:3])},",
        f"and rises for {', '.join(words[-3:])}.",
    ]


def _choice(result: list[Backtest], today: Choice) -> list[str]:
    """Return the section on the form that is chosen at each date."""
    choices = dict(zip((*ORIGINS, TODAY), (*(one.choice for one in result), today), strict=True))
    rows = [
        [d, c.form, str(c.rows), *(_number(c.scores.get(form, np.nan), 2) for form in FORMS)]
        for d, c in choices.items()
    ]
    same = "which the shipped observations have" if today.form == shipped_form() else "**which is not the shipped one**"
    return [
        "## The form that is chosen at each date",
        "",
        "What the model misses may be independent from row to row, last by half or wholly along its series, and the",
        "gap of ceilings may narrow with time: six forms. At each date forecasts are made from every half year of the",
        f"{BACK:g} years before it, under each form, from what was known at the half year, and scored on rows of the",
        f"next {HORIZON:g} years that became known by the date. The form with the best mean log score (nats a row,",
        f"less is better) is used at the date; where fewer than {LEAST} rows are scored it is the first. No row that",
        "became known after a date has a part in its choice or its forecast.",
        "The scores rest on a dozen to some forty rows, so the choice is uncertain.",
        f"All rows known by {TODAY} choose *{today.form}*, {same}.",
        "",
        *_table(("date", "chosen", "rows", *FORMS), rows),
    ]


def _pieces(runs: dict[str, list[Backtest]], base: float) -> list[str]:
    """Return the section on what each piece of the likelihood is worth."""
    lines = [
        "## What each piece of the likelihood is worth",
        "",
        "Scores of the dates from June 2024 with one form at all dates, and of other readings of the rows with the",
        f"form *{FULL}*. They choose nothing: forms are chosen as above, and how rows are read follows from",
        "what they are (three figures of one site that are computed from its chips are one estimate; the model's",
        "revenue is that of a product). Only rows that all variants score.",
        "",
    ]
    scored = {row.id for row in cc.read_observations().counted() if row.kind != "ceiling"}
    rows = []
    for name, result in runs.items():
        late = [one for one in result if one.as_of >= base]
        own = skills(replace(one, scores=tuple(s for s in one.scores if s.observation in scored)) for one in late)[0]
        rows.append([name, *_scores(own)])
    return [*lines, *_table(("variant", *SCORES), rows)]


def stored(runs: Iterable[Backtest]) -> str:
    """Return the average scores of dates from that of the essay's set on, as a file that the report reads."""
    base = end_of(cc.read_priors(BASE).about.as_of)
    clean = [one for one in runs if one.as_of >= base]
    about = "# How good forecasts since June 2024 were, in decades; written by python -m benchmarks.learning.\n\n"
    result = [skill for skill in skills(clean) if skill.method in METHODS]
    return about + "\n".join(toml_table("skill", vars(skill), array=True) for skill in result)


def _task(task: str) -> list[Backtest] | Choice:
    """Run one variant, or the choice of today."""
    result = choice_today() if task == TODAY else run(task)
    print(task, file=sys.stderr, flush=True)
    return result


def main() -> None:
    """Run everything on two processes and write the page."""
    with Pool(2) as pool:
        *result, today = pool.map(_task, (*VARIANTS, TODAY), chunksize=1)
    runs = dict(zip(VARIANTS, result, strict=True))
    PAGE.write_text(page(runs, today))
    STORED.write_text(stored(runs[CHOSEN]))


if __name__ == "__main__":
    main()
