"""A dataset of summaries whose table has one row a number."""

import json
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import xarray as xr

if TYPE_CHECKING:
    import pandas as pd


LAYOUT = "summary"


class SummaryDataset(xr.Dataset):  # type: ignore[no-untyped-call]
    """A Dataset from `summarise`, whose table has one row a number."""

    __slots__ = ()

    def to_dataframe(self, dim_order: Sequence[Hashable] | None = None) -> "pd.DataFrame":  # noqa: ARG002
        """Return a tidy table, one row a number."""
        import pandas as pd

        names = [str(name) for name in self.data_vars if f"{name}_error" in self.data_vars]
        return pd.concat([_rows(self, name) for name in names], ignore_index=True)


def as_summary(dataset: xr.Dataset) -> xr.Dataset:
    """Return a dataset as what it was when it was written: a summary by its layout, or as it is."""
    if dataset.attrs.get("layout") != LAYOUT:
        return dataset
    return SummaryDataset(dataset.data_vars, dataset.coords, dataset.attrs)


def _rows(result: xr.Dataset, name: str) -> "pd.DataFrame":
    """Return the tidy rows of one statistic of one output."""
    values, error = result[name], result[f"{name}_error"]
    outputs = json.loads(result.attrs.get("outputs", "[]"))
    output, statistic = name, "quantile"
    if name not in outputs or "quantile" not in values.dims:
        output, _, statistic = name.rpartition("_")
    own = {key: coord for key, coord in values.coords.items() if key in values.dims}
    columns = xr.Dataset({"value": values.drop_attrs(), "error": error.drop_attrs()}, coords=own)
    # A number without dimensions has no index that xarray could make a table of.
    table = (columns if values.dims else columns.expand_dims("row")).to_dataframe().reset_index()
    table = table.drop(columns="row", errors="ignore").rename(columns={f"{output}_label": "label"})
    table.insert(0, "output", output)
    table.insert(len(table.columns) - 2, "statistic", statistic)
    return table.assign(unit=values.attrs.get("units", ""))
