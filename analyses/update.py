"""What new observations change: ``python -m analyses.update FILE.csv``."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import clustercast as cc
from analyses import options
from clustercast.conditioning.checks import learned, observation_influence
from clustercast.conditioning.observation_rows import Observations
from clustercast.conditioning.observations import joined_rows, unlearned
from clustercast.conditioning.tree import posterior_inputs, write_observations, write_prior_set
from clustercast.conditioning.tree import records as new_records
from clustercast.errors import InputError, count_of
from clustercast.files.toml import load_toml, validated
from clustercast.priors.shipped import directory
from clustercast.report.wording import records, say

# Of what was learned; every prior draw would take seconds to write.
NOT_STORED = ("prior", "prior_predictive", "log_prior")


class ColumnMapping(BaseModel, extra="forbid"):
    """A file for --columns: the column of each key of an observation, and keys that are the same in every row."""

    columns: dict[str, str]
    constants: dict[str, Any] = {}


@options.analysis(years="2026:2034:2", samples=1 << 13, points=True)
def update(
    run: options.Run,
    file: Path,
    observations: str | None = None,
    columns: str | None = None,
    published: str | None = None,
    as_of: str | None = None,
    only_before: str | None = None,
    without: str | None = None,
    skip_bad: bool = False,
) -> options.Answer:
    """Learn from new rows with all before them; what moved, which row did it, and the posterior as a prior set.

    Writes the prior set (updated.toml), the rows learned from (observations.csv) and the draws (updated.nc).
    """
    priors, known = unlearned(run.priors, cc.read_observations(observations) if observations else None)
    known = known if as_of is None else known.known_by(as_of)
    new = read_rows(file, columns, published, skip_bad)
    new = new_records(new if as_of is None else new.known_by(as_of), known)
    everything = joined_rows(known, new).without(*options.names(without) or [], before=only_before)
    fresh = [row.id for row in everything.counted() if row.id in new.ids]
    if not fresh:
        raise InputError(f"{file} holds no row to learn from{': ' + new.left_out[0] if new.left_out else ''}")
    settings: dict[str, Any] = {"model": run.model, "size": run.samples, "seed": run.seed, "draws": 2048}
    trees = [cc.condition(priors, rows, progress=run.progress, **settings) for rows in (known, everything)]
    pair = [cc.propagate(posterior_inputs(one), model=run.model, years=run.years, outputs=run.outputs) for one in trees]
    before, after = trees
    influence = observation_influence(after)
    # What is believed of each input before and after new rows, in deviations of before.
    shared = [name for name in after["posterior"].data_vars if name in before["posterior"].data_vars]
    both = after.copy()
    both["prior"], both["posterior"] = (tree["posterior"].to_dataset()[shared] for tree in trees)
    moved = learned(both)
    idle = run.without_effect([*run.outputs, *everything.quantities])
    return options.Answer(
        finding=[*say("learning.moved", records(moved, "input"), len(fresh)), *idle],
        shown=[
            *say("forecast.pairs", pair, run.outputs, ("before", "after")),
            *say("learning.learned", moved, ("before", "after")),
            *say("learning.influence", influence.sel(observation=influence["observation"].isin(fresh))),
            *new.left_out,
            *after.attrs["statement"].splitlines(),
        ],
        results={"moved": moved, "influence": influence, "rows": fresh, "left_out": new.left_out},
        files={
            "updated.toml": lambda path: write_prior_set(after, priors, everything, path),
            "observations.csv": lambda path: write_observations(everything, path),
            "updated.nc": lambda path: cc.write_netcdf(after.drop_nodes(NOT_STORED), path),
        },
        note=f"{len(fresh)} new of {count_of(len(everything.counted()), 'observation')}",
    )


def read_rows(file: Path, columns: str | None, published: str | None, skip_bad: bool) -> Observations:
    """Return the rows of a file, by a column mapping where one is named; bad rows are left out then."""
    if columns is None:
        constants = {} if published is None else {"as_of": published}
        rows = cc.read_observations(file, constants=constants, skip_bad=skip_bad)
    else:
        shipped = directory() / "columns" / f"{columns}.toml"
        path = shipped if shipped.is_file() else Path(columns)
        mapping = validated(load_toml(path), ColumnMapping, path)
        if published is None:
            raise InputError("--columns needs --published, the date of the table, as 2026-10")
        constants = {"as_of": published, **mapping.constants}
        rows = cc.read_observations(file, columns=mapping.columns, constants=constants, skip_bad=True)
    plans = [row for row in rows if row.date > row.known_from]
    reasons = [f"{rows.place(row)}: {row.id!r} is dated after it was published: a plan" for row in plans]
    return replace(rows.without(*(row.id for row in plans)), left_out=(*rows.left_out, *reasons))


if __name__ == "__main__":
    options.run(update)
