"""How good stored forecasts were: ``python -m analyses.scorecard FORECAST.nc ... --made 2026-11``."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

import clustercast as cc
from analyses import options
from clustercast.conditioning.backtest import Backtest, Score, ensemble_score, skills
from clustercast.conditioning.observation_rows import Observations
from clustercast.dataset import Dataset, provenance_of, years_of
from clustercast.decisions.information import imagined
from clustercast.engine.units import same_dimension
from clustercast.errors import InputError
from clustercast.files.dates import end_of
from clustercast.report.wording import say


@options.analysis()
def scorecard(
    run: options.Run,
    files: list[Path],
    made: str,
    observations: str = "observed",
    without: str | None = None,
    only_before: str | None = None,
    older_than: float = 2.0,
    today: str | None = None,
) -> options.Answer:
    """Score stored forecasts against rows that came later, and list the sources of the priors that are old."""
    rows = cc.read_observations(observations).without(*options.names(without) or [], before=only_before).counted()
    later = replace(rows, rows=tuple(row for row in rows if row.known_from > end_of(made)))
    runs, in_sample, as_of = {}, [], run.priors.about.as_of
    younger = bool(as_of) and end_of(as_of) > end_of(made)
    shown: list[object] = []
    for name in map(str, {file.resolve(): file for file in files}.values()):
        forecast = stored(name)
        result = score(forecast, later)
        runs[name] = Backtest(end_of(made), 0, tuple(result), "")
        # Drawn from priors that are dated after it is said to have been made.
        in_sample += [name] if younger and provenance_of(forecast).get("priors_hash") == run.priors.hash else []
        shown += say("learning.scores", result, ("posterior",)) if result else []
        shown += say("learning.stored", name, skills([runs[name]]), made)
    date = end_of(today) if today else max((end_of(row.as_of) for row in rows), default=end_of(made))
    priors, before = run.priors, date - older_than
    dated = [(priors[n].as_of, n) for n in priors.uncertain if priors[n].as_of and end_of(priors[n].as_of) < before]
    old = [(name, as_of, priors[name].source) for as_of, name in sorted(dated)]
    return options.Answer(
        finding=say("learning.scorecard", made, skills(runs.values()), len(old), before, in_sample, priors),
        shown=[*shown, *say("learning.old", old, older_than)],
        results={"scores": {name: one.scores for name, one in runs.items()}, "old": old, "in_sample": in_sample},
    )


def stored(file: str) -> Dataset:
    """Return a stored forecast."""
    forecast = cast("Dataset", cc.read_netcdf(file))
    if hasattr(forecast, "children") or "sample" not in forecast.dims or "year" not in forecast.dims:
        raise InputError(f"{file} has no draws by year; give what cc.propagate made, stored by cc.write_netcdf")
    return forecast.assign_coords(year=years_of(forecast))


def score(forecast: Dataset, later: Observations, seed: int = 0) -> list[Score]:
    """Return the scores of a forecast, at the dates of rows that it spans."""
    first, last = float(forecast["year"].min()), float(forecast["year"].max())
    rows = []
    for row in later:
        held = forecast.data_vars.get(row.quantity)
        if held is not None and "year" in held.dims:
            flow = not same_dimension(row.unit, str(held.attrs.get("units", "1")))
            rows += [row] if first <= row.date and row.date + flow <= last else []
    if not rows:
        return []
    fitting = replace(later, rows=tuple(rows))
    dates = sorted({date for row in fitting for date in (row.date, row.date + 1) if date <= last})
    # Between the years of the grid a forecast is interpolated on log scale.
    logs = forecast[list(fitting.quantities)].map(np.log, keep_attrs=True).interp(year=dates)
    _, seen = imagined(logs.map(np.exp, keep_attrs=True), fitting, seed)
    return [ensemble_score("posterior", row, draws) for row, draws in zip(fitting, seen, strict=True)]


if __name__ == "__main__":
    options.run(scorecard)
