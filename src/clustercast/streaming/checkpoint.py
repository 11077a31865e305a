"""What a long run has finished, in one file that is replaced whole, and whether it belongs to the same run."""

import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from clustercast.errors import InputError
from clustercast.files.whole import output_directory, write_whole
from clustercast.streaming.reduction import Arrays, Ranges

FILE = "finished.npz"

_TOLD = "told"
# Writing may take this part of the time, so that short pieces do not wait for the disk.
_SHARE = 0.05


class Finished(Protocol):
    """What a run keeps of the pieces that are finished."""

    @property
    def leaves(self) -> Ranges:
        """Ranges of leaves seen, in order."""

    @property
    def finished(self) -> int:
        """Number of leaves seen."""

    def merge(self, other: Self) -> None:
        """Take in what was seen of other leaves of the same run."""

    def to_arrays(self) -> Arrays:
        """Return everything as arrays, for a file."""

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return what `to_arrays` took apart."""


State = TypeVar("State", bound=Finished)


class Checkpoint(Generic[State]):
    """The finished part of one run.

    Parameters
    ----------
    directory : pathlib.Path or str
        Made where there is none.
    told : mapping of str to str
        All that decides the result of the run, in words; ``call``, what was called, among them.
    kind : type
        What the run keeps.

    Raises
    ------
    InputError
        If the directory cannot be written to.
    """

    def __init__(self, directory: Path | str, told: Mapping[str, str], kind: type[State]) -> None:
        self._path = output_directory(directory) / FILE
        # What a run left that was killed while it wrote.
        for part in self._path.parent.glob(f".{self._path.stem}.*.part{self._path.suffix}"):
            part.unlink(missing_ok=True)
        self._told = dict(told)
        self._kind = kind
        self._due = 0.0

    def read(self) -> State | None:
        """Return what is finished, or None where nothing is.

        Raises
        ------
        InputError
            If the file is of another run, or is no checkpoint.
        """
        if not self._path.exists():
            return None
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            told = json.loads(str(arrays.pop(_TOLD)))
            self._check(told)
            return self._kind.from_arrays(arrays)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"cannot read the checkpoint {str(self._path)!r}: {error}; remove it to start the run anew"
            ) from error

    def write(self, state: State) -> None:
        """Put what is finished in the place of what was.

        Raises
        ------
        InputError
            If it cannot be written; the file that was there stays.
        """
        began = time.monotonic()
        arrays = {**state.to_arrays(), _TOLD: np.array(json.dumps(self._told))}
        write_whole(self._path, lambda hidden: np.savez(hidden, **arrays))  # type: ignore[arg-type]
        ended = time.monotonic()
        self._due = ended + (ended - began) / _SHARE

    def write_if_due(self, state: State) -> bool:
        """Write unless the last time was only just; return whether it was written."""
        if time.monotonic() < self._due:
            return False
        self.write(state)
        return True

    def _check(self, told: Mapping[str, str]) -> None:
        """Refuse the checkpoint of another run, and say what differs."""
        names = [name for name in {**told, **self._told} if told.get(name) != self._told.get(name)]
        if names:
            # Of two kinds of run all the rest differs too.
            names = ["call"] if "call" in names else names
            differs = "; ".join(f"{n} was {told.get(n, 'absent')} and is {self._told.get(n, 'absent')}" for n in names)
            raise InputError(
                f"the checkpoint {str(self._path)!r} is of another run: {differs}; make the same call again to finish "
                "it, or name another directory"
            )
