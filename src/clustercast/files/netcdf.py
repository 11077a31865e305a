"""Datasets and trees of datasets as netCDF, given back as they were written, and never when damaged."""

import itertools
import json
import re
import zlib
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from xarray.coders import CFDatetimeCoder, CFTimedeltaCoder

from clustercast.errors import InputError, takes, typed
from clustercast.files.whole import write_whole

_ENGINE: Final = "h5netcdf"
# One text attribute holds as JSON what netCDF has no type for (None, mappings) or would read as something else.
_JSON = "json_attributes"
_TREE = "clustercast_tree"
_RESERVED = {_JSON, _TREE, "dtype", "coordinates", "calendar", "grid_mapping", "scale_factor", "add_offset"}
_RESERVED |= {"_FillValue", "missing_value", "CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"}
# A last line after the content, which HDF5 does not read: the checksum of all bytes before it.
_SEAL = re.compile(rb"\nclustercast crc32 ([0-9a-f]{8})\n")
_SEAL_LENGTH = 28
# The attribute `layout` of a dataset of summaries.
LAYOUT = "summary"
# Of a summary: output, place along its dimensions, label of an index, statistic, value, error and unit.
Number = tuple[str, dict[str, Any], str | None, str, float, float, str]


@typed
def write_netcdf(dataset: xr.Dataset | xr.DataTree, path: Path | str) -> Path:
    """Write a dataset or a tree of datasets as netCDF, whole or not at all.

    Numbers carry HDF5's Fletcher-32 checksums, for every reader; the file ends with a CRC-32, for `read_netcdf`.

    Parameters
    ----------
    dataset : xarray.Dataset or xarray.DataTree
        What to write, with its attributes: texts, numbers, and whatever JSON can hold.
    path : pathlib.Path or str
        The file. One that is there is replaced and keeps its permissions.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        If the place cannot be written to, or netCDF cannot hold a name, a value or an attribute.
    """
    if not isinstance(dataset, xr.Dataset | xr.DataTree):
        kind = type(dataset).__name__
        raise InputError(f"{kind} is neither a Dataset nor a DataTree; make one of it with .to_dataset(name=...)")
    try:
        stored: Any = dataset.map_over_datasets(_storable) if isinstance(dataset, xr.DataTree) else _storable(dataset)
        stored.attrs |= {_TREE: json.dumps(dataset.name)} if isinstance(dataset, xr.DataTree) else {}
        # In memory first: the HDF5 library can bring the interpreter down when the disk fails under it.
        # As bytes: a view of a buffer that outlives it in a traceback brings Python 3.12.1 down.
        content = bytes(stored.to_netcdf(engine=_ENGINE))
    except (TypeError, ValueError, NotImplementedError) as error:
        raise InputError(f"cannot write {str(path)!r}: {error}; netCDF holds numbers, texts and dates") from error

    def write(hidden: Path) -> None:
        with hidden.open("wb") as file:
            file.writelines([content, b"\nclustercast crc32 %08x\n" % zlib.crc32(content)])

    return write_whole(path, write)


@takes()
def read_netcdf(path: Path | str) -> xr.Dataset | xr.DataTree:
    """Read what `write_netcdf` wrote, into memory.

    Parameters
    ----------
    path : pathlib.Path or str
        The file; another program's netCDF 4 files are read too.

    Returns
    -------
    xarray.Dataset or xarray.DataTree
        A tree where one was written.

    Raises
    ------
    InputError
        If there is no such file, it is no netCDF file, or it is damaged.
    """
    if not Path(path).is_file():
        raise InputError(f"cannot read {str(path)!r}: there is no such file; name a netCDF file")
    try:
        _check_seal(path)
        # A span of time is one that says so: numbers in "hours" stay numbers. Whole seconds hold dates of any year.
        times, spans = CFDatetimeCoder(time_unit="s"), CFTimedeltaCoder(decode_via_units=False)
        with xr.open_datatree(path, engine=_ENGINE, decode_times=times, decode_timedelta=spans) as stored:
            tree = stored.load()
        named = tree.attrs.pop(_TREE, None)
        if named is None and not tree.children:
            plain = _restored(tree.to_dataset())
            summary = plain.attrs.get("layout") == LAYOUT
            return SummaryDataset(plain.data_vars, plain.coords, plain.attrs) if summary else plain
        restored = tree.map_over_datasets(_restored)
        restored.name = json.loads(named or "null")
        return restored
    except InputError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError, NotImplementedError) as error:
        raise InputError(f"cannot read {str(path)!r}: no whole netCDF file; name one that clustercast wrote") from error


def _storable(dataset: xr.Dataset) -> xr.Dataset:
    """Return a dataset that netCDF can hold, with checksums for its numbers."""
    stored = dataset.copy(deep=False)
    for name in (*stored.variables, *stored.dims):
        spaced = name in stored.coords and name not in stored.dims and " " in str(name)
        if not isinstance(name, str) or not name.isprintable() or "/" in name or spaced:
            raise InputError(f"netCDF cannot hold the name {name!r}; rename it to letters, digits and underscores")
    stored.attrs = _stored_attributes(stored.attrs, "the dataset")
    for name, variable in stored.variables.items():
        # The units and the calendar of a date are netCDF's own.
        hidden = _RESERVED | {"units"} if variable.dtype.kind in "mM" else _RESERVED
        variable.attrs = _stored_attributes(variable.attrs, repr(name), hidden)
        variable.encoding = {"_FillValue": None}
        if variable.size and variable.ndim and variable.dtype.kind not in "OTUS":
            # Chunks of about a megabyte, along the last axes first.
            chunks, room = list[int](), 1 << 17
            for size in reversed(variable.shape):
                chunks.insert(0, max(1, min(size, room)))
                room //= chunks[0]
            variable.encoding |= {"fletcher32": True, "chunksizes": tuple(chunks)}
    return stored


def _stored_attributes(attrs: Mapping[Any, Any], owner: str, hidden: Set[str] = _RESERVED) -> dict[str, Any]:
    """Return attributes that netCDF can hold; those it cannot, in one of JSON text."""
    own, others = dict[str, Any](), dict[str, Any]()
    for name, value in attrs.items():
        if not isinstance(name, str):
            raise InputError(f"attribute {name!r} of {owner} has no text as its name; give it one")
        if name not in hidden and _is_native(name, value):
            own[name] = value
        else:
            others[name] = _json_value(value, f"attribute {name!r} of {owner}")
    return own | ({_JSON: json.dumps(others)} if others else {})


def _is_native(name: str, value: object) -> bool:
    """Return whether netCDF gives an attribute back as it is."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or isinstance(value, bool | np.bool_):
        return False
    if isinstance(value, str):
        # Units of the form "days since 2000-01-01" make dates of numbers.
        return "\0" not in value and value.isascii() and not (name == "units" and " since " in value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iuf" and value.ndim == 1 and value.size > 1
    return isinstance(value, float | np.integer | np.floating)


def _json_value(value: object, what: str) -> object:
    """Return a value in the types of JSON, or refuse it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "biufU":
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_json_value(item, what) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _json_value(item, what) for key, item in value.items()}
    raise InputError(f"{what} is a {type(value).__name__}, which no file holds; give texts, numbers, lists or mappings")


def _restored(dataset: xr.Dataset) -> xr.Dataset:
    """Return a dataset with the attributes, and the texts of fixed width, that it was written with."""
    texts = {name: var.astype(str) for name, var in dataset.variables.items() if var.dtype.kind in "OT"}
    restored = dataset.assign(texts).set_coords(list(dataset.coords))
    owners: list[Any] = [restored, *restored.variables.values()]
    for owner in owners:
        owner.attrs, owner.encoding = owner.attrs | json.loads(owner.attrs.pop(_JSON, "{}")), {}
    return restored


def _check_seal(path: Path | str) -> None:
    """Refuse a file whose content is not what its checksum was taken of; a file without one passes."""
    content = Path(path).read_bytes()
    seal = _SEAL.fullmatch(content, max(len(content) - _SEAL_LENGTH, 0))
    if seal and b"%08x" % zlib.crc32(memoryview(content)[:-_SEAL_LENGTH]) != seal[1]:
        raise InputError(f"cannot read {str(path)!r}: it was damaged after it was written; take another copy")


class SummaryDataset(xr.Dataset):  # type: ignore[no-untyped-call]
    """A Dataset from `summarise`, whose table has one row a number."""

    __slots__ = ()

    def to_dataframe(self, dim_order: Sequence[Hashable] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """Return a tidy table, one row a number."""
        rows, chosen = [], {str(key): part.values[()] for key, part in self.coords.items() if not part.dims}
        for output, at, label, *cells in summary_rows(self):
            own: dict[str, object] = {} if label is None else {"label": label}
            own.update(zip(("statistic", "value", "error", "unit"), cells, strict=True))
            refuse_column_names((*chosen, *at), ("output", *own))
            rows.append({"output": output, **chosen, **at, **own})
        return pd.DataFrame(rows)


def refuse_column_names(dims: Iterable[str], columns: Collection[str]) -> None:
    """Refuse a dimension that has the name of a column of the table."""
    if taken := [dim for dim in dims if dim in columns]:
        what = f"the summary has a dimension {taken[0]!r}, which is the name of a column of its table"
        raise InputError(f"{what}; rename it, as in forecast.rename({{{taken[0]!r}: 'NAME'}})")


def summary_rows(summary: xr.Dataset) -> Iterator[Number]:
    """Yield each number of a summary."""
    outputs = json.loads(summary.attrs.get("outputs", "[]"))
    for key in (str(key) for key in summary.data_vars if f"{key}_error" in summary.data_vars):
        values, errors, name, statistic = summary[key], summary[f"{key}_error"], key, "quantile"
        # Outputs that were renamed or merged into a summary are not in its record.
        if key not in outputs and "quantile" not in values.dims:
            name, _, statistic = key.rpartition("_")
        unit, dims = str(values.attrs.get("units", "1")), [str(dim) for dim in values.dims]
        places = itertools.product(*(values.get_index(dim) for dim in dims))
        for place, value, error in zip(places, values.values.flat, errors.values.flat, strict=True):
            at = dict(zip(dims, place, strict=True))
            yield name, at, at.pop(f"{name}_label", None), statistic, float(value), float(error), unit
