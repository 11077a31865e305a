"""Two prior sets side by side as tables."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from clustercast.report.labels import label_of
from clustercast.report.numbers import is_share, with_interval
from clustercast.report.tables import Table, table

if TYPE_CHECKING:
    import pandas as pd


def output_tables(quantiles: Sequence[xr.Dataset], sets: Sequence[str], outputs: Sequence[str]) -> Iterator[Table]:
    """Yield one table an output: median and 90 % interval in both sets, and the factor between the medians."""
    for name in outputs:
        one, two = (found[name] for found in quantiles)
        years = np.atleast_1d(one["year"].values) if "year" in one.dims else [None]
        rows = []
        for year in years:
            here = [found if year is None else found.sel(year=year) for found in (one, two)]
            low, middle, high = (np.array([float(found.sel(quantile=q)) for found in here]) for q in (0.05, 0.5, 0.95))
            unit = str(one.attrs.get("units", "1"))
            ends = [tuple(map(float, numbers)) for numbers in zip(middle, low, high, strict=True)]
            texts = [with_interval(m, lo, hi, unit, share=is_share(name)) for m, lo, hi in ends]
            factor = f"×{middle[1] / middle[0]:.2g}" if middle[0] else ""
            rows.append(("" if year is None else f"{year:g}", *texts, factor))
        yield table(label_of(name), ("year", *sets, "factor"), rows)


def inputs_table(differing: "pd.DataFrame", sets: Sequence[str]) -> Table:
    """Return the inputs in which the sets differ, with the 5, 50 and 95 % quantiles of each."""
    rows = [
        (label_of(str(name)), _three(row.tolist()[2:5]), _three(row.tolist()[5:8]), str(row["unit"]))
        for name, row in differing.iterrows()
    ]
    return table("Inputs that differ", ("5 / 50 / 95 %", *sets, "unit"), rows, words=(0, 3))


def _three(values: Sequence[float]) -> str:
    """Return three quantiles, or the one number that they are, or a dash where there are none."""
    return " / ".join(dict.fromkeys(f"{value:.3g}" for value in values if np.isfinite(value))) or "-"
