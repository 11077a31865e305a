"""Files that are written whole or not at all."""

import errno
import os
import secrets
import stat
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from clustercast.errors import InputError

try:
    import fcntl
except ImportError:  # Windows: two runs are not kept apart there
    fcntl = None  # type: ignore[assignment]

# What to do about errors of the system, and about entries of files, by their names.
REMEDIES = tomllib.loads(Path(__file__).with_name("remedies.toml").read_text(encoding="utf-8"))


def output_directory(path: Path | str) -> Path:
    """Return a directory that files can be written to, made where there is none."""
    directory = Path(path)
    with one_line_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
        _require_access(directory, os.W_OK | os.X_OK)
    return directory


def read_text(path: Path) -> str:
    """Return the content of a UTF-8 text file, without a byte order mark."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def write_whole(path: Path | str, writer: Callable[[Path], object]) -> Path:
    """Write a file so that a reader finds the old one, whole, or the new one, whole; return its path."""
    # A hidden file beside it reaches the disk, then takes the name: what stops the writer leaves the old one alone.
    # A symbolic link is followed, and a file that is replaced keeps its permissions.
    with one_line_errors(path):
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            raise InputError(f"cannot write {str(path)!r}: it is not a file; name a file")
        hidden = target.with_name(f".{target.stem[:40]}.{secrets.token_hex(6)}.part{target.suffix}")
        try:
            writer(hidden)
            if target.exists():
                _require_access(target, os.W_OK)
                hidden.chmod(stat.S_IMODE(target.stat().st_mode))
            # A new name must never precede its content.
            with hidden.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(hidden, target)
        finally:
            with suppress(OSError):
                hidden.unlink(missing_ok=True)
    return Path(path)


def write_text(path: Path | str, text: str) -> Path:
    """Write a text file as UTF-8, whole or not at all; return its path."""
    return write_whole(path, lambda hidden: hidden.write_bytes(text.encode()))


@contextmanager
def held_by_one_run(path: Path) -> Iterator[None]:
    """Keep a second run, of any process on this machine, from writing to the same place."""
    if fcntl is None:
        yield
        return
    lock = path.with_name(f".{path.name}.lock")
    with one_line_errors(path), lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The file that was locked may be one that the run before has just removed.
            still_there = lock.exists() and os.path.samestat(os.fstat(file.fileno()), lock.stat())
        except BlockingIOError:
            still_there = False
        if not still_there:
            raise InputError(f"cannot write {str(path)!r}: another run writes there; wait for it or name another place")
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


@contextmanager
def one_line_errors(path: Path | str) -> Iterator[None]:
    """Turn an error of the operating system into the one exception of bad input."""
    try:
        yield
    except OSError as error:
        other = f"{error.strerror or error}; name another place"
        reason = REMEDIES["system"].get(errno.errorcode.get(error.errno or 0, ""), other)
        raise InputError(f"cannot write {str(path)!r}: {reason}") from error
    except ValueError as error:
        if "null" not in str(error):
            raise
        raise InputError(f"cannot write {str(path)!r}: the name holds a null character; name another place") from error


def _require_access(path: Path, mode: int) -> None:
    """Raise the operating system's error where a path may not be used."""
    if not os.access(path, mode):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
