"""Forecasts as tables: quantiles by year, two side by side, and what was stated beside them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from clustercast.report.labels import in_a_sentence, label_of, time_of
from clustercast.report.numbers import human, interval, is_share, with_interval
from clustercast.report.tables import Table, table
from clustercast.uncertainty.stated import Comparison

if TYPE_CHECKING:
    import pandas as pd

_SHOWN_YEARS = 7
# What a cell leaves to the title: a unit longer than this would leave no place for five columns.
_SHORT_UNIT = 4
_ENDS = [0.05, 0.5, 0.95]


def fan_tables(summary: xr.Dataset, outputs: Sequence[str]) -> Iterator[Table]:
    """Yield one table an output, its quantiles by year with as many digits as the error allows; then its trend's."""
    for name in outputs:
        for shown in (name, f"trend_{name}"):
            if shown in summary and "quantile" in summary[shown].dims:
                yield _fan_table(summary[shown], summary[f"{shown}_error"], shown)


def _fan_table(path: xr.DataArray, errors: xr.DataArray, name: str) -> Table:
    """Return the quantiles of one output by year."""
    unit = str(path.attrs["units"])
    text = human(1.0, unit)
    ending = text.removeprefix(text.split(" ")[0])
    long = ending if len(ending) > _SHORT_UNIT + 1 else ""
    years = path["year"].values if "year" in path.dims else np.array([np.nan])
    rows = []
    for place in np.unique(np.linspace(0, years.size - 1, _SHOWN_YEARS).round().astype(int)):
        row, error = (found.isel(year=place) if "year" in found.dims else found for found in (path, errors))
        cells = zip(row.values, error.values, strict=True)
        texts = (human(v, unit, error=e, share=is_share(name)) for v, e in cells)
        rows.append((_year(years[place]), *(t.removesuffix(long) for t in texts)))
    label, meaning = label_of(name), str(path.attrs.get("long_name", "")).removeprefix("quantiles of ")
    what = f"{label} ({meaning})" if meaning and meaning.lower() != label.lower() else label
    title = ", ".join(filter(None, [what, long.strip(), time_of(path.attrs)]))
    headers = ("year" if "year" in path.dims else "", *(f"{100 * p:g} %" for p in path["quantile"].values))
    return table(title, headers, rows)


def paired_tables(pair: Sequence[xr.Dataset], outputs: Iterable[str], names: Sequence[str]) -> Iterator[Table]:
    """Yield one table an output: median and 90 % interval in two forecasts, or their quantiles, and the factor."""
    for name in outputs:
        one, two = (f[name] if "quantile" in f[name].dims else f[name].quantile(_ENDS, "sample") for f in pair)
        unit, attrs = str(pair[1][name].attrs.get("units", "1")), pair[1][name].attrs
        when = time_of(attrs) or ("a year" if unit.endswith("/year") else "")
        rows = []
        for year in one["year"].values if "year" in one.dims else [np.nan]:
            here = [found.sel(year=year) if "year" in found.dims else found for found in (one, two)]
            ends = [tuple(float(found.sel(quantile=p)) for p in _ENDS) for found in here]
            texts = (with_interval(m, lo, hi, unit.removesuffix("/year"), share=is_share(name)) for lo, m, hi in ends)
            rows.append((_year(year), *texts, f"×{ends[1][1] / ends[0][1]:.2g}" if ends[0][1] else ""))
        yield table(", ".join(filter(None, [label_of(name), when])), ("year", *names, "factor"), rows)


def inputs_table(differing: "pd.DataFrame", sets: Sequence[str]) -> Table:
    """Return the inputs in which two prior sets differ, with the 5, 50 and 95 % quantiles of each."""
    rows = []
    for name, row in differing.iterrows():
        values = row.tolist()
        threes = (dict.fromkeys(f"{v:.3g}" for v in part if np.isfinite(v)) for part in (values[2:5], values[5:8]))
        rows.append((label_of(str(name)), *(" / ".join(three) or "-" for three in threes), str(row["unit"])))
    return table("Inputs that differ", ("5 / 50 / 95 %", *sets, "unit"), rows, words=(0, 3))


def comparison_tables(comparisons: Iterable[Comparison]) -> Iterator[Table]:
    """Yield one table for each quantity of a stated table: the cell, median and interval, where the cell lies."""
    for (stated, quantity), group in groupby(comparisons, key=lambda found: (found.cell.table, found.cell.quantity)):
        share, rows = is_share(quantity), []
        for found in group:
            low, median, high = found.quantiles
            ends = interval(low, high, found.unit, share=share)
            middle = human(median, found.unit, share=share)
            rows.append((f"{found.cell.year:g}", found.cell.text, middle, ends, found.verdict))
        headers = ("year", "stated", "median", "5 to 95 %", "stated is")
        yield table(f"{stated}: {in_a_sentence(quantity)}", headers, rows, words=(0, 1))


def _year(year: float) -> str:
    """Return a year; nothing where there is none."""
    return "" if np.isnan(year) else f"{year:g}"
