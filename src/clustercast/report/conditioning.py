"""What was learned, and how a backtest went, as tables."""

from collections.abc import Iterable, Sequence

import numpy as np
import xarray as xr

from clustercast.conditioning.backtest import Score
from clustercast.report.tables import Table
from clustercast.report.wording import records, say


def learned_tables(learned: xr.Dataset, groups: tuple[str, str] = ("prior", "posterior")) -> list[Table]:
    """Return prior beside posterior for each input, then for each parameter of the likelihood, the most moved first."""
    rows = records(learned.assign(strength=np.maximum(np.abs(learned["shift"]), learned["contraction"])), "input")
    return say("learning.learned", sorted(rows, key=lambda row: -row["strength"]), groups)


def influence_table(influence: xr.Dataset, *, most: int = 15) -> Table:
    """Return what each observation moved most, the most influential observations first."""
    rows = records(influence.drop_vars("input"), "observation")
    for row in rows:
        row["moved"] = max(row["shift"], key=abs)
        row["input"] = str(influence["input"].values[row["shift"].index(row["moved"])])
    rows.sort(key=lambda row: -abs(row["moved"]))
    made: Table = say("learning.influence", rows[:most], influence["k_hat"].attrs.get("largest", 0.7))[0]
    return made


def score_table(scores: Iterable[Score], methods: Sequence[str]) -> Table:
    """Return each scored observation: forecast over observed, its place in the prediction, its CRPS by method."""
    by_row: dict[str, dict[str, Score]] = {}
    for score in scores:
        by_row.setdefault(score.observation, {})[score.method] = score
    made: Table = say("learning.scores", by_row, methods)[0]
    return made
