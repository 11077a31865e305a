"""Scenarios beside their base as tables."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from clustercast.report.labels import in_a_sentence, label_of
from clustercast.report.numbers import chance, human, is_share
from clustercast.report.tables import Table, table

_SAME = 1e-9


def scenario_tables(changes: xr.Dataset, year: float) -> Iterator[Table]:
    """Yield one table an output for a year: median, change against the base, how sure the order is."""
    for output in changes["output"].values:
        rows = changes.sel(output=output, year=year)
        names = [str(name) for name in rows["scenario"].values]
        moved = _moved(rows)
        order = [k for k in np.argsort(-rows["change"].values, kind="stable") if moved[k] or k == 0]
        idle = ", ".join(in_a_sentence(name) for name, kept in zip(names[1:], moved[1:], strict=True) if not kept)
        if len(order) > 1:
            yield table(
                f"{label_of(str(output))} in {year:g}",
                ("scenario", "median", "factor", "± %", "above base", "order is real"),
                [_row(rows, names, place, below) for place, below in zip(order, [*order[1:], None], strict=True)],
                note=f"unchanged under: {idle}" if idle else "",
            )


def unchanged(changes: xr.Dataset, year: float) -> str:
    """Return the outputs that no scenario changes, in words; empty where there are none."""
    names = [str(name) for name in changes["output"].values if not any(_moved(changes.sel(output=name, year=year)))]
    return f"The same under every scenario: {', '.join(map(in_a_sentence, names))}." if names else ""


def scenario_finding(changes: xr.Dataset, year: float) -> str:
    """Return which scenarios lower and raise the first output most, in words."""
    rows = changes.isel(output=0).sel(year=year)
    names = [str(name) for name in rows["scenario"].values]
    change = rows["change"].values
    low, high = int(np.argmin(change)), int(np.argmax(change))
    unit, output = str(rows["unit"].values), str(rows["output"].values)
    base = human(float(rows["median"][0]), unit, share=is_share(output))
    said = [
        f"{verb} most by {in_a_sentence(names[k])} (×{change[k]:.2g})"
        for verb, k, moves in (("lowered", low, change[low] < 1 - _SAME), ("raised", high, change[high] > 1 + _SAME))
        if moves
    ]
    ending = " and ".join(said) or "the same under every scenario"
    return f"{year:g}: {in_a_sentence(output)}, {base} at the median, is {ending}."


def _moved(rows: xr.Dataset) -> list[bool]:
    """Return which scenarios change an output in any sample."""
    pairs = zip(rows["change"].values, rows["share_above"].values, strict=True)
    return [bool(abs(change - 1) > _SAME or above > 0) for change, above in pairs]


def _row(rows: xr.Dataset, names: list[str], place: int, below: int | None) -> tuple[str, ...]:
    """Return the row of one scenario, and how sure it is that it lies above the next."""
    row = rows.isel(scenario=place)
    real = np.nan if below is None else float(row["order_probability"].isel(scenario_2=below))
    return (
        label_of(names[place]),
        human(float(row["median"]), str(rows["unit"].values), share=is_share(str(rows["output"].values))),
        f"×{float(row['change']):.2f}",
        f"{196 * float(row['change_error']):.1f}",
        f"{100 * float(row['share_above']):.0f} %",
        "" if below is None else ("the same" if np.isnan(real) else chance(real)),
    )
