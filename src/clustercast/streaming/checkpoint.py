"""A run from its pieces, and what it has finished: one file that is replaced whole, for the same run alone."""

import json
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np

from clustercast.dataset import Dataset, Record, provenance_of
from clustercast.engine.fingerprint import unknown_to_fingerprint, versions
from clustercast.engine.model import Model
from clustercast.engine.units import own_units
from clustercast.errors import InputError
from clustercast.files.whole import held_by_one_run, output_directory, write_whole
from clustercast.priors.prior_set import Priors
from clustercast.propagation import Progress
from clustercast.streaming.executors import Function, Plan, Workplace, completed
from clustercast.streaming.moments import LeafSums, Ranges

FILE = "finished.npz"
_RUN = "run"
# Writing may take this part of the time, so that short pieces do not wait for the disk.
_SHARE = 0.05


class Checkpoint:
    """The finished part of one run, in a directory that is made where there is none."""

    def __init__(self, directory: Path | str, call: str, model: Model, priors: Priors, **arguments: object) -> None:
        for name, function in model.functions.items():
            if unknown := unknown_to_fingerprint(function):
                what = f"a checkpoint cannot know whether quantity {name!r} is the same when the run goes on"
                remedy = "give the quantity arrays, numbers or functions, or leave checkpoint out"
                raise InputError(f"{what}: it uses {', '.join(unknown)}, whose content cannot be compared; {remedy}")
        known = {"call": call, "versions": json.dumps(versions()), "priors": f"{priors.name} {priors.hash}"}
        known |= {"model": model.hash, "units": repr(sorted(own_units.items()))}
        self._run = known | {name: str(value) for name, value in arguments.items()}
        self._path = output_directory(directory) / FILE
        self._due = 0.0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep a second run out of the directory."""
        with held_by_one_run(self._path):
            # A run that was killed while it wrote left this.
            for part in self._path.parent.glob(f".{self._path.stem}.*.part{self._path.suffix}"):
                part.unlink()
            yield

    def read(self) -> LeafSums | None:
        """Return what is finished, or None where nothing is; the file of another run is refused."""
        if not self._path.exists():
            return None
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            run = json.loads(str(arrays.pop(_RUN)))
            if names := [name for name in {**run, **self._run} if run.get(name) != self._run.get(name)]:
                # Of two kinds of run all the rest differs too.
                names = ["call"] if "call" in names else names
                changes = [f"{n} was {run.get(n, 'absent')} and is {self._run.get(n, 'absent')}" for n in names]
                what = f"the checkpoint {str(self._path)!r} is of another run: {'; '.join(changes)}"
                raise InputError(f"{what}; make the same call again to finish it, or name another directory")
            return LeafSums.from_arrays(arrays)
        except InputError:
            raise
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"cannot read checkpoint {str(self._path)!r}: {error}; remove it to start anew") from error

    def write(self, state: LeafSums) -> None:
        """Put what is finished in the place of what was; where that fails, what was there stays."""
        began = time.monotonic()
        arrays = {**state.to_arrays(), _RUN: np.array(json.dumps(self._run))}
        write_whole(self._path, lambda hidden: np.savez(hidden, **arrays))  # type: ignore[arg-type]
        ended = time.monotonic()
        self._due = ended + (ended - began) / _SHARE

    def write_if_due(self, state: LeafSums) -> None:
        """Write unless the last time was only just."""
        if time.monotonic() >= self._due:
            self.write(state)


def run_record(few: Dataset, size: int, **more: object) -> Record:
    """Return where a run comes from, from a few of its samples; the digests of these do not hold for the whole."""
    record = {key: value for key, value in provenance_of(few).items() if key not in ("drawn", "samples")}
    return {**record, "design": {**record["design"], "size": size}, **more}


def run_pieces(
    function: Function[Plan, LeafSums],
    plan: Plan,
    done: LeafSums,
    length: int,
    *,
    leaf: int,
    size: int,
    executor: Workplace = None,
    workers: int | None = None,
    place: Checkpoint | None = None,
    progress: Progress | None = None,
) -> LeafSums:
    """Return what is known of all samples; `done` knows of none, a piece has `length` leaves, a leaf `leaf` samples."""
    with nullcontext() if place is None else place.held():
        if place is not None:
            done = place.read() or done
            # An error at once, not after an hour, if nothing can be written there.
            place.write(done)
        pieces = remaining_ranges(-(-size // leaf), done.leaves, length)
        whole = True
        try:
            for part in completed(function, plan, pieces, executor=executor, workers=workers, join=joined):
                whole = False
                done.merge(part)
                whole = True
                if place is not None:
                    place.write_if_due(done)
                if progress is not None:
                    progress(min(leaf * sum(stop - start for start, stop in done.leaves), size), size)
        finally:
            # What Ctrl-C broke off half merged is not kept: the file has the last whole state.
            if place is not None and whole:
                place.write(done)
        return done


def joined(parts: Sequence[LeafSums]) -> LeafSums:
    """Return what is known from several pieces as one."""
    whole, *others = parts
    for other in others:
        whole.merge(other)
    return whole


def remaining_ranges(total: int, finished: Ranges, length: int) -> Ranges:
    """Return what is left of ``range(total)``, cut at the multiples of a length."""
    gaps = zip([0, *(stop for _, stop in finished)], [*(start for start, _ in finished), total], strict=True)
    return [
        (max(start, first), min(stop, first + length))
        for start, stop in gaps
        if start < stop
        for first in range(start // length * length, stop, length)
    ]
