"""Results as files for other programs: CSV of summaries, the scenario community's long table, Parquet of draws."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from clustercast.errors import InputError
from clustercast.files.whole import write_netcdf, write_text, write_whole

if TYPE_CHECKING:
    import pyarrow as pa

QUANTILE_COLUMNS = ("output", "unit", "year", "statistic", "value", "error")
IAMC_COLUMNS = ("model", "scenario", "region", "variable", "unit", "year", "quantile", "value")
_Row = tuple[str | float, ...]


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
        Columns `QUANTILE_COLUMNS`: the statistic is a probability (of a quantile), ``mean``, or ``share of
        LABEL`` of a labelled index; the error is its Monte Carlo standard error; the year is empty for an output
        that does not depend on it. Numbers are written so that they read back to the last bit.

    Raises
    ------
    InputError
        If the dataset is no summary, or the place cannot be written to.
    """
    return write_text(path, _csv_text(QUANTILE_COLUMNS, _summary_rows(summary)))


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
        What stands in the column ``model``.
    regions : mapping of str to str, optional
        Region of each output; "World" where it is not said.

    Returns
    -------
    pathlib.Path
        Columns `IAMC_COLUMNS`: those of the IAMC's data template, with ``quantile`` beside them. An output without
        years, and labelled indices, which have no quantiles, are left out.

    Raises
    ------
    InputError
        If a dataset is no summary, or the place cannot be written to.

    References
    ----------
    Huppmann et al., "pyam: Analysis and visualisation of integrated assessment and macro-energy scenarios", Open
    Research Europe 1, 74 (2021), doi:10.12688/openreseurope.13633.2.
    """
    named = {} if regions is None else regions
    rows: list[_Row] = []
    for scenario, summary in summaries.items():
        for name in _summarised(summary):
            found = summary[name]
            if set(found.dims) != {"year", "quantile"}:
                continue
            unit = str(found.attrs.get("units", "1"))
            for year in found["year"].values:
                for p in found["quantile"].values:
                    value = float(found.sel(year=year, quantile=p))
                    region = named.get(name, "World")
                    rows.append((model, scenario, region, name, unit, _year(year), float(p), value))
    return write_text(path, _csv_text(IAMC_COLUMNS, rows))


def write_draws(forecast: xr.Dataset, path: Path | str) -> Path:
    """Write every sample of a forecast, inputs and outputs.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`.
    path : pathlib.Path or str
        The suffix says the format: ``.nc`` for netCDF, ``.parquet`` for Parquet (one row a year and sample; needs
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
    suffix = Path(path).suffix
    if suffix == ".nc":
        return write_netcdf(forecast, path)
    if suffix != ".parquet":
        raise InputError(f"cannot write draws to {str(path)!r}: the suffix is {suffix!r}; give .nc or .parquet")
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise InputError(
            f"cannot write {str(path)!r}: Parquet needs the library pyarrow; install clustercast[parquet], or give .nc"
        ) from None
    tables = _draw_tables(forecast)

    def write(hidden: Path) -> None:
        first = next(tables)
        with pq.ParquetWriter(hidden, first.schema) as writer:
            writer.write_table(first)
            for table in tables:
                writer.write_table(table)

    return write_whole(path, write)


def _draw_tables(forecast: xr.Dataset) -> Iterator["pa.Table"]:
    """Yield the rows of one year after the other, so that no more than a year is held."""
    import pyarrow as pa

    columns = [str(name) for name in forecast.data_vars]
    units = {f"unit:{name}": str(forecast[name].attrs.get("units", "1")) for name in columns}
    told = {str(key): str(value) for key, value in forecast.attrs.items()} | units
    size = forecast.sizes["sample"]
    for year in forecast["year"].values if "year" in forecast.dims else [None]:
        part = forecast if year is None else forecast.sel(year=year)
        held = {"sample": forecast["sample"].values}
        if year is not None:
            held["year"] = np.full(size, year)
        held |= {name: np.broadcast_to(part[name].values, size) for name in columns}
        yield pa.table({name: np.ascontiguousarray(values) for name, values in held.items()}).replace_schema_metadata(
            told
        )


def _summary_rows(summary: xr.Dataset) -> Iterator[_Row]:
    """Yield the rows of the CSV of a summary."""
    for name in _summarised(summary):
        unit = str(summary[name].attrs.get("units", "1"))
        for year, row in _by_year(summary, name):
            for p in summary["quantile"].values:
                chosen = row.sel(quantile=p)
                yield name, unit, year, f"{p:g}", float(chosen[name]), float(chosen[f"{name}_error"])
            yield name, unit, year, "mean", float(row[f"{name}_mean"]), float(row[f"{name}_mean_error"])
    for share in (str(key) for key in summary.data_vars if str(key).endswith("_share_error")):
        name = share.removesuffix("_share_error")
        label = f"{name}_label"
        if label not in summary.dims:
            continue
        for year, row in _by_year(summary, f"{name}_share"):
            for k, text in enumerate(summary[label].values):
                chosen = row.isel({label: k})
                yield name, "1", year, f"share of {text}", float(chosen[f"{name}_share"]), float(chosen[share])


def _summarised(summary: xr.Dataset) -> list[str]:
    """Return the outputs whose quantiles a summary holds."""
    names = [str(name) for name, found in summary.data_vars.items() if "quantile" in found.dims]
    found = [name for name in names if f"{name}_error" in summary]
    if not found:
        raise InputError("the dataset holds no quantiles with errors; make it with cc.summarise(forecast)")
    return found


def _by_year(summary: xr.Dataset, name: str) -> Iterator[tuple[str | float, xr.Dataset]]:
    """Yield each year of an output with the summary of that year, or the whole where it has none."""
    if "year" not in summary[name].dims:
        yield "", summary
        return
    for year in summary["year"].values:
        yield _year(year), summary.sel(year=year)


def _year(year: float) -> int | float:
    """Return a whole year as a whole number."""
    return int(year) if float(year).is_integer() else float(year)


def _csv_text(columns: Sequence[str], rows: Iterable[_Row]) -> str:
    """Return rows as the text of a CSV file."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return buffer.getvalue()
