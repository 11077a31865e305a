"""What the report says of the observations: what they taught, what conflicts, and each on the fan it belongs to."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from clustercast.conditioning.backtest import Skill
from clustercast.conditioning.checks import Lessons, learned
from clustercast.conditioning.observation_rows import Observation
from clustercast.engine.units import same_dimension
from clustercast.report import plots
from clustercast.report.conditioning import learned_tables, lesson_sentences, skill_sentence
from clustercast.report.figures import PageFigure, fan_in_words, page_figure
from clustercast.report.labels import in_a_sentence, label_of
from clustercast.report.plots.style import unit_of

_MOST_LEARNED = 4


def observed_section(
    tree: xr.DataTree,
    found: Lessons,
    skills: Sequence[Skill],
    forecast: xr.Dataset,
    rows: Sequence[Observation],
    elsewhere: Iterable[str],
) -> dict[str, Any]:
    """Return sentences, figures and tables; rows of the outputs `elsewhere` are on other fans already."""
    drawn = []
    for one in found.learned[:_MOST_LEARNED]:
        before, after = (tree[group].to_dataset()[one.name] for group in ("prior", "posterior"))
        words = f"{label_of(one.name)} before and after; the mean moved by {one.shift:+.2f} of the prior's width."
        drawn.append(page_figure(plots.prior_posterior(before, after), f"learned-{one.name.replace('_', '-')}", words))
    used = [row for row in rows if not row.unused]
    shown = [name for name in dict.fromkeys(row.quantity for row in used) if name in forecast and name not in elsewhere]
    named = {row.id: f"{in_a_sentence(row.quantity)}, {row.name}, {row.date:.0f}" for row in rows}
    said = lesson_sentences(found, named)
    said.append(skill_sentence(skills, "Forecasts of earlier dates, as they would have been made"))
    fans = [_fan(forecast[name], [row for row in used if row.quantity == name]) for name in shown]
    return {"said": said, "figures": drawn, "fans": fans, "tables": list(learned_tables(learned(tree)))}


def _fan(path: xr.DataArray, rows: Sequence[Observation]) -> PageFigure:
    """Return the fan of a quantity with its rows; rows of calendar years are on the growth of a total in each year."""
    totals = [row for row in rows if not same_dimension(row.unit, unit_of(path))]
    if totals:
        rows = totals
        # What is added from 1 January to 1 January stands at the beginning of the year, as the rows do.
        grown = np.diff(path.transpose("year", "sample").values, axis=0)
        name = str(path.name).replace("cumulative_", "yearly_")
        attrs = {**path.attrs, "units": f"{unit_of(path)}/year", "time": ""}
        path = xr.DataArray(grown, {"year": path["year"].values[:-1]}, ("year", "sample"), name, attrs)
        rows = [row.model_copy(update={"quantity": name}) for row in rows]
    first, last = min(row.date for row in rows) - 1.0, max(row.date for row in rows) + 2.0
    near = path.sel(year=slice(first, last))
    return page_figure(plots.fan(near, observed=rows), f"seen-{str(path.name).replace('_', '-')}", fan_in_words(near))
