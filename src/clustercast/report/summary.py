"""A forecast's summary and its comparison with stated tables."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
import xarray as xr

from clustercast.report.labels import in_a_sentence, label_of, time_of
from clustercast.report.numbers import human, interval, is_share
from clustercast.report.tables import Table, table
from clustercast.uncertainty.stated import Comparison

_SHOWN_YEARS = 7
# What a cell leaves to the title: a unit longer than this would leave no place for five columns.
_SHORT_UNIT = 4


def fan_tables(summary: xr.Dataset, outputs: Sequence[str], *, most_years: int = _SHOWN_YEARS) -> Iterator[Table]:
    """Yield one table an output, its quantiles by year with as many digits as the error allows; then its trend's."""
    for name in outputs:
        for shown in (name, f"trend_{name}"):
            if shown in summary and "quantile" in summary[shown].dims:
                yield _fan_table(summary[shown], summary[f"{shown}_error"], shown, most_years)


def comparison_tables(comparisons: Iterable[Comparison]) -> Iterator[Table]:
    """Yield one table for each quantity of a stated table: the cell, median and interval, where the cell lies."""
    for (stated, quantity), group in groupby(comparisons, key=lambda found: (found.cell.table, found.cell.quantity)):
        share = is_share(quantity)
        rows = [
            (
                f"{found.cell.year:g}",
                found.cell.text,
                human(found.quantiles[1], found.unit, share=share),
                interval(found.quantiles[0], found.quantiles[2], found.unit, share=share),
                found.verdict,
            )
            for found in group
        ]
        headers = ("year", "stated", "median", "5 to 95 %", "stated is")
        yield table(f"{stated}: {in_a_sentence(quantity)}", headers, rows, words=(0, 1))


def _fan_table(path: xr.DataArray, errors: xr.DataArray, name: str, most_years: int) -> Table:
    """Return the quantiles of one output by year."""
    unit = str(path.attrs["units"])
    text = human(1.0, unit)
    ending = text.removeprefix(text.split(" ")[0])
    long = ending if len(ending) > _SHORT_UNIT + 1 else ""
    years = path["year"].values if "year" in path.dims else np.array([np.nan])
    places = np.unique(np.linspace(0, years.size - 1, most_years).round().astype(int))
    rows = []
    for place in places:
        row, error = (found.isel(year=place) if "year" in found.dims else found for found in (path, errors))
        cells = zip(row.values, error.values, strict=True)
        texts = (human(v, unit, error=e, share=is_share(name)) for v, e in cells)
        rows.append(("" if np.isnan(years[place]) else f"{years[place]:g}", *(t.removesuffix(long) for t in texts)))
    title = ", ".join(filter(None, [_title(path, name), long.strip(), time_of(path.attrs)]))
    headers = ("year" if "year" in path.dims else "", *(f"{100 * p:g} %" for p in path["quantile"].values))
    return table(title, headers, rows)


def _title(path: xr.DataArray, name: str) -> str:
    """Return what a table shows: the name in words, and what it is where that says more."""
    label, meaning = label_of(name), str(path.attrs.get("long_name", "")).removeprefix("quantiles of ")
    return f"{label} ({meaning})" if meaning and meaning.lower() != label.lower() else label
