"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clustercast.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

_ENGINE: Final = "h5netcdf"
_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space or name another place",
    errno.EDQUOT: "the quota is used up; free some space or name another place",
    errno.EFBIG: "the file grew larger than is allowed here; name another place",
    errno.EROFS: "the file system is read-only; name another place",
    errno.EACCES: "writing there is not allowed; name a place that you may write to",
    errno.EPERM: "writing there is not allowed; name a place that you may write to",
    errno.ENOENT: "there is no such directory; name one that exists",
    errno.EEXIST: "a file is in the way; name a directory",
    errno.ENOTDIR: "a file stands where a directory is needed; name a directory",
    errno.EISDIR: "it is a directory; name a file",
    errno.ENAMETOOLONG: "the name is too long; name a shorter one",
}


def output_directory(path: Path | str) -> Path:
    """Return a directory that files can be written to, made where there is none.

    Parameters
    ----------
    path : pathlib.Path or str
        The directory.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        If it is a file, or cannot be made or written to.
    """
    directory = Path(path)
    with _said_in_one_line(directory):
        directory.mkdir(parents=True, exist_ok=True)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return directory


def write_whole(path: Path | str, writer: Callable[[Path], object]) -> Path:
    """Write a file so that a reader finds the old one, whole, or the new one, whole.

    The new content goes to a hidden file in the same directory, reaches the
    disk, and takes the name in one step. Whatever stops the writer, a full disk
    or Ctrl-C, leaves the old file and nothing else.

    Parameters
    ----------
    path : pathlib.Path or str
        The file. A symbolic link is followed.
    writer : callable
        Takes the path of the hidden file, which has the same suffix, and
        writes it.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    InputError
        If the place cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     write_whole(f"{place}/note.txt", lambda file: file.write_text("whole")).read_text()
    'whole'
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise InputError(f"cannot write {str(path)!r}: it is not a file; name a file")
    hidden = target.with_name(f".{target.stem[:40]}.{secrets.token_hex(6)}.part{target.suffix}")
    with _said_in_one_line(Path(path)):
        try:
            writer(hidden)
            _reach_the_disk(hidden)
            os.replace(hidden, target)
        finally:
            with suppress(OSError):
                hidden.unlink(missing_ok=True)
    return Path(path)


def write_text(path: Path | str, text: str) -> Path:
    """Write a text file, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path or str
        The file.
    text : str
        Its content, written as UTF-8.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        If the place cannot be written to.
    """
    return write_whole(path, lambda hidden: hidden.write_text(text, encoding="utf-8"))


def write_netcdf(dataset: xr.Dataset | xr.DataTree, path: Path | str) -> Path:
    """Write a dataset or a tree of datasets as netCDF, whole or not at all.

    Parameters
    ----------
    dataset : xarray.Dataset or xarray.DataTree
        What to write, with its attributes.
    path : pathlib.Path or str
        The file.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InputError
        If the place cannot be written to.
    """
    # In memory first: the HDF5 library can bring the interpreter down when the disk fails under it.
    # As bytes: a view of a buffer that outlives it in a traceback brings Python 3.12.1 down.
    content = bytes(dataset.to_netcdf(engine=_ENGINE))
    return write_whole(path, lambda hidden: hidden.write_bytes(content))


def read_netcdf(path: Path | str) -> xr.Dataset:
    """Read a dataset that `write_netcdf` wrote, into memory.

    Parameters
    ----------
    path : pathlib.Path or str
        The file.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    InputError
        If there is no such file, or it is no netCDF file.
    """
    import xarray as xr

    from clustercast.files.summary_table import as_summary

    with _readable(path), xr.open_dataset(path, engine=_ENGINE, decode_timedelta=False) as stored:
        return as_summary(_with_plain_texts(stored.load()))


def read_tree(path: Path | str) -> xr.DataTree:
    """Read a tree of datasets that `write_netcdf` wrote, into memory.

    Parameters
    ----------
    path : pathlib.Path or str
        The file.

    Returns
    -------
    xarray.DataTree

    Raises
    ------
    InputError
        If there is no such file, or it is no netCDF file.
    """
    import xarray as xr

    with _readable(path), xr.open_datatree(path, engine=_ENGINE, decode_timedelta=False) as stored:
        return stored.load().map_over_datasets(_with_plain_texts)


def _with_plain_texts(dataset: xr.Dataset) -> xr.Dataset:
    """Return a dataset whose texts have NumPy's fixed-width type again, which HDF5 does not keep."""
    texts = {name: found.astype(str) for name, found in dataset.variables.items() if found.dtype.kind in "OT"}
    return dataset.assign({name: found for name, found in texts.items() if name in dataset.data_vars}).assign_coords(
        {name: found for name, found in texts.items() if name in dataset.coords}
    )


def _reach_the_disk(path: Path) -> None:
    """Wait until a file is on the disk, so that a new name never precedes its content."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _said_in_one_line(path: Path) -> Iterator[None]:
    """Turn an error of the operating system into the one exception of bad input."""
    try:
        yield
    except OSError as error:
        reason = _REMEDIES.get(error.errno or 0, f"{error.strerror or error}; name another place")
        raise InputError(f"cannot write {str(path)!r}: {reason}") from error


@contextmanager
def _readable(path: Path | str) -> Iterator[None]:
    """Turn the ways in which a file is no netCDF file into the one exception of bad input."""
    if not Path(path).is_file():
        raise InputError(f"cannot read {str(path)!r}: there is no such file; name a netCDF file that clustercast wrote")
    try:
        yield
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot read {str(path)!r}: it is not a whole netCDF file; name one that clustercast wrote"
        ) from error
