"""Results as files for other programs: CSV of summaries, the scenario community's long table, Parquet of draws."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from clustercast.errors import InputError, takes
from clustercast.files.netcdf import Number, refuse_column_names, summary_rows, write_netcdf
from clustercast.files.whole import write_text, write_whole

QUANTILE_COLUMNS = ("output", "unit", "year", "statistic", "value", "error")
IAMC_COLUMNS = ("model", "scenario", "region", "variable", "unit", "year", "quantile", "value")
_Row = tuple[object, ...]


@takes()
def write_quantiles(summary: xr.Dataset, path: Path | str) -> Path:
    """Write a summary as CSV, one row a number.

    Parameters
    ----------
    summary : Dataset
        From `summarise`.
    path : pathlib.Path or str

    Returns
    -------
    pathlib.Path
        Columns ``output, unit, year, statistic, value, error`` (Monte Carlo standard error), with further dimensions
        before ``statistic``: the probability of a quantile, ``mean``, ``exceedance`` of a level of `stream`, or ``share
        of LABEL`` of a labelled index. Numbers read back to the last bit.
    """
    # Shares of labelled indices come last.
    numbers = sorted(_numbers(summary), key=lambda number: number[2] is not None)
    dims = dict.fromkeys(dim for _, at, *_ in numbers for dim in at)
    further = [dim for dim in dims if dim not in ("year", "quantile")]
    refuse_column_names(further, QUANTILE_COLUMNS)
    rows: list[_Row] = []
    for name, at, label, statistic, value, error, unit in numbers:
        if label is not None:
            statistic = f"share of {label}"
        elif "quantile" in at:
            statistic = f"{at['quantile']:g}"
        rows.append((name, unit, *(at.get(dim, "") for dim in ("year", *further)), statistic, value, error))
    return write_text(path, _csv_text((*QUANTILE_COLUMNS[:3], *further, *QUANTILE_COLUMNS[3:]), rows))


@takes()
def write_iamc(
    summaries: Mapping[str, xr.Dataset],
    path: Path | str,
    *,
    model: str = "clustercast",
    regions: Mapping[str, str] | None = None,
) -> Path:
    """Write summaries of scenarios as one long table, the form of the integrated assessment community.

    Parameters
    ----------
    summaries : mapping of str to Dataset
        From `summarise`, by the name of the scenario.
    path : pathlib.Path or str
    model : str, optional
        Text of the column ``model``.
    regions : mapping of str to str, optional
        Region of each output; where it is not given, the coordinate ``region`` of the output, else "World".

    Returns
    -------
    pathlib.Path
        Columns ``model, scenario, region, variable, unit, year, quantile, value``: the IAMC's data template and
        ``quantile``. Labelled indices, and outputs without years or with dimensions unknown to it, are left out.

    References
    ----------
    D. Huppmann et al. (pyam), Open Research Europe 1, 74 (2021), doi:10.12688/openreseurope.13633.2.
    """
    rows: list[_Row] = []
    for scenario, summary in summaries.items():
        for name, at, _, _, value, _, unit in _numbers(summary):
            if {"year", "quantile"} <= at.keys() <= {"region", "year", "quantile"}:
                region = (regions or {}).get(name, at.get("region", "World"))
                rows.append((model, scenario, region, name, unit, at["year"], at["quantile"], value))
    return write_text(path, _csv_text(IAMC_COLUMNS, rows))


@takes("sample")
def write_draws(forecast: xr.Dataset, path: Path | str) -> Path:
    """Write every sample of a forecast, inputs and outputs.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`.
    path : pathlib.Path or str
        The suffix is the format: ``.nc`` for netCDF, ``.parquet`` for Parquet (one row a year and sample; needs
        ``pip install clustercast[parquet]``).

    Returns
    -------
    pathlib.Path
        A netCDF file keeps every attribute; a Parquet file keeps those of the dataset, and each unit, as metadata.

    Raises
    ------
    InputError
        If the suffix is another, Parquet's library is missing, or the place cannot be written to.
    """
    if not (pq := writer_of_draws(path)):
        return write_netcdf(forecast, path)
    parts = _draw_tables(forecast)

    def write(hidden: Path) -> None:
        first = next(parts)
        with pq.ParquetWriter(hidden, first.schema) as writer:
            for part in itertools.chain([first], parts):
                writer.write_table(part)

    return write_whole(path, write)


def writer_of_draws(path: Path | str) -> Any:
    """Return Parquet's library where draws are written as such; refuse another suffix than its own and netCDF's."""
    if (suffix := Path(path).suffix) == ".nc":
        return None
    if suffix != ".parquet":
        raise InputError(f"cannot write draws to {str(path)!r}: the suffix is {suffix!r}; give .nc or .parquet")
    try:
        import pyarrow.parquet as pq
    except ImportError:
        remedy = "install clustercast[parquet], or give .nc"
        raise InputError(f"cannot write {str(path)!r}: Parquet needs the library pyarrow; {remedy}") from None
    return pq


def write_table(frame: pd.DataFrame, path: Path | str) -> Path:
    """Write a data frame as CSV, its index first."""
    table = frame.reset_index()
    return write_text(path, _csv_text([str(name) for name in table.columns], table.itertuples(index=False)))


def _draw_tables(forecast: xr.Dataset) -> Iterator[Any]:
    """Yield Arrow's tables, the rows of one year (and other place) after the other: no more than those are held."""
    import pyarrow as pa

    columns = [str(name) for name in forecast.data_vars]
    units = {f"unit:{name}": str(forecast[name].attrs.get("units", "1")) for name in columns}
    metadata = {str(key): str(value) for key, value in forecast.attrs.items()} | units
    size = forecast.sizes["sample"]
    dims = [str(dim) for dim in forecast.dims if dim != "sample"]
    for place in itertools.product(*(forecast[dim].values for dim in dims)):
        at = dict(zip(dims, place, strict=True))
        part = forecast.sel(at)
        held = {"sample": forecast["sample"].values, **{dim: np.full(size, value) for dim, value in at.items()}}
        held |= {name: np.broadcast_to(part[name].values, size) for name in columns}
        table = pa.table({name: np.ascontiguousarray(values) for name, values in held.items()})
        yield table.replace_schema_metadata(metadata)


def _numbers(summary: xr.Dataset) -> list[Number]:
    """Return the numbers of a summary, whole years without a point, refused where it holds no quantiles."""
    numbers = list(summary_rows(summary))
    for _, at, *_ in numbers:
        at.update({k: int(x) for k, x in at.items() if k != "quantile" and isinstance(x, float) and x.is_integer()})
    if not any("quantile" in at for _, at, *_ in numbers):
        raise InputError("the dataset holds no quantiles with errors; make it with cc.summarise(forecast)")
    return numbers


def _csv_text(columns: Sequence[str], rows: Iterable[_Row]) -> str:
    """Return rows as the text of a CSV file."""
    cells = [[_harmless(cell) for cell in row] for row in rows]
    table = pd.DataFrame(cells, columns=list(columns), dtype="object")
    return table.to_csv(index=False, lineterminator="\n", na_rep="nan")


def _harmless(cell: object) -> object:
    """Return a cell of one line that no spreadsheet runs."""
    if not isinstance(cell, str):
        return cell
    text = re.sub(r"[\x00-\x1f\x7f]", " ", cell)
    # A text that begins so is taken for a formula.
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
