"""Forecasts on disk as zarr, written region by region, for analysis out of core."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.errors import InputError

FloatArray = NDArray[np.float64]


@contextmanager
def new_store(path: Path | str) -> Iterator[Path]:
    """Lend a directory that takes its name only once it is whole.

    Parameters
    ----------
    path : pathlib.Path or str
        The store that shall be; nothing may stand there.

    Yields
    ------
    pathlib.Path
        The hidden directory beside it; it is removed if anything goes wrong.

    Raises
    ------
    InputError
        If something stands there, or the place cannot be written to.
    """
    target = Path(path)
    if target.exists():
        raise InputError(f"cannot write {str(path)!r}: it exists; remove it or name another place")
    hidden = target.with_name(f".{target.name}.part")
    try:
        # What a run left that was killed while it wrote.
        shutil.rmtree(hidden, ignore_errors=True)
        hidden.mkdir()
        yield hidden
        os.replace(hidden, target)
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror or error}; name another place") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def create_store(path: Path, like: xr.Dataset, size: int, chunk: int) -> None:
    """Lay out a store for a forecast of any number of samples, all zero.

    Parameters
    ----------
    path : pathlib.Path
        A directory.
    like : Dataset
        A forecast of a few samples: its variables, coordinates and attributes.
    size : int
        Samples of the store.
    chunk : int
        Samples of a chunk.
    """
    import dask.array

    def resized(variable: xr.DataArray) -> xr.Variable:
        shape = tuple(size if dim == "sample" else variable.sizes[dim] for dim in variable.dims)
        chunks = tuple(min(chunk, size) if dim == "sample" else variable.sizes[dim] for dim in variable.dims)
        return xr.Variable(variable.dims, dask.array.zeros(shape, chunks=chunks), variable.attrs)

    few = like.drop_vars("sample", errors="ignore")
    large = {name: resized(variable) for name, variable in few.data_vars.items() if "sample" in variable.dims}
    few.drop_vars(list(large)).assign(large).to_zarr(path, mode="w", compute=False, consolidated=False)


def write_region(path: Path, arrays: Mapping[str, FloatArray], start: int) -> None:
    """Write some samples of a store.

    Parameters
    ----------
    path : pathlib.Path
    arrays : mapping of str to array
        Shape ``(..., samples)``.
    start : int
        Number of the first sample; regions that begin and end with chunks may be written at the same time.
    """
    import zarr

    group = zarr.open_group(path, mode="r+")
    for name, values in arrays.items():
        array = group[name]
        assert isinstance(array, zarr.Array)
        array[..., start : start + values.shape[-1]] = values


def open_store(path: Path | str) -> xr.Dataset:
    """Open a store as a dataset on dask arrays; nothing is read yet.

    Parameters
    ----------
    path : pathlib.Path or str

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        If there is no store.
    """
    if not Path(path).is_dir():
        raise InputError(f"cannot read {str(path)!r}: there is no such directory; name one that clustercast wrote")
    opened: xr.Dataset = xr.open_zarr(path, consolidated=False)
    return opened
