"""Forecasts on disk as Zarr, written region by region, for analysis out of core."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xarray as xr

from clustercast.arrays import Arrays
from clustercast.errors import InputError
from clustercast.files.whole import held_by_one_run, one_line_errors


@contextmanager
def new_store(path: Path | str) -> Iterator[Path]:
    """Lend a hidden directory that takes its name only once it is whole; it is removed if anything goes wrong."""
    target = Path(path)
    with held_by_one_run(target), one_line_errors(path):
        if target.exists():
            raise InputError(f"cannot write {str(path)!r}: it exists; remove it or name another place")
        hidden = target.with_name(f".{target.name}.part")
        try:
            shutil.rmtree(hidden, ignore_errors=True)  # of a run that was killed while it wrote
            hidden.mkdir()
            yield hidden
            os.replace(hidden, target)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)


def create_store(path: Path, like: xr.Dataset, size: int, chunk: int) -> None:
    """Lay out a store for `size` samples, all zero, in chunks; `like` is a forecast of a few of them."""
    import dask.array
    from zarr.codecs import ZstdCodec

    def resized(variable: xr.DataArray) -> xr.Variable:
        shape = tuple(size if dim == "sample" else variable.sizes[dim] for dim in variable.dims)
        chunks = tuple(min(chunk, size) if dim == "sample" else variable.sizes[dim] for dim in variable.dims)
        return xr.Variable(variable.dims, dask.array.zeros(shape, chunks=chunks), variable.attrs)

    few = like.drop_vars("sample", errors="ignore")
    large = {name: resized(variable) for name, variable in few.data_vars.items() if "sample" in variable.dims}
    # With a checksum in each chunk, so that bit damage is an error and never a number.
    encoding = {name: {"compressors": [ZstdCodec(checksum=True)]} for name in large}
    store = few.drop_vars(list(large)).assign(large)
    store.to_zarr(path, mode="w", compute=False, consolidated=False, encoding=encoding, zarr_format=3)


def write_region(path: Path, arrays: Arrays, start: int) -> None:
    """Write samples from number `start` on; regions that begin and end with chunks may be written at the same time."""
    import zarr

    for name, values in arrays.items():
        zarr.open_array(path, path=name, mode="r+", zarr_format=3)[..., start : start + values.shape[-1]] = values
