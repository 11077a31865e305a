"""Scenarios beside their base, as terminal tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from clustercast.report.numbers import human, is_share

if TYPE_CHECKING:
    import xarray as xr


def scenario_tables(changes: xr.Dataset, year: float) -> Iterator[Table]:
    """Make one table an output: median, change against the base with its error, rank, for one year.

    Parameters
    ----------
    changes : Dataset
        From `clustercast.run_scenarios`.
    year : float
        The year shown.

    Yields
    ------
    rich.table.Table
        Scenarios from the largest to the smallest; ``order is real`` is the probability
        that a scenario is above the next one and not by chance.
    """
    for output in changes["output"].values:
        rows = changes.sel(output=output, year=year)
        unit, share = str(rows["unit"].values), is_share(str(output))
        title = f"{output} in {year:g}"
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for header in ("scenario", "median", "change", "± %", "above base", "order is real"):
            table.add_column(header, no_wrap=True, justify="left" if header == "scenario" else "right")
        order = np.argsort(-rows["change"].values, kind="stable")
        names = rows["scenario"].values[order]
        for name, below in zip(names, [*names[1:], None], strict=True):
            row = rows.sel(scenario=name)
            real = float(row["order_probability"].sel(scenario_2=below)) if below is not None else np.nan
            table.add_row(
                str(name),
                human(float(row["median"]), unit, share=share),
                f"x {float(row['change']):.3g}",
                f"{100 * float(row['change_error']):.1f}",
                f"{100 * float(row['share_above']):.0f} %",
                "" if below is None else ("the same" if np.isnan(real) else probability_text(real)),
            )
        yield table


def probability_text(probability: float) -> str:
    """Write a probability near 1 without rounding it to certainty.

    Examples
    --------
    >>> probability_text(0.87), probability_text(0.999999)
    ('87 %', '> 99.9 %')
    """
    return "> 99.9 %" if probability > 0.999 else f"{100 * probability:.3g} %"
