"""A run from its pieces: what a checkpoint holds is taken over, and the rest is computed, merged and kept."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TypeVar

from clustercast.dataset import versions
from clustercast.errors import InputError
from clustercast.streaming.checkpoint import Checkpoint, State
from clustercast.streaming.executors import Function, Workplace, completed
from clustercast.streaming.moments import Ranges

Plan = TypeVar("Plan")


def run_pieces(
    function: Function[Plan, State],
    plan: Plan,
    done: State,
    leaves: int,
    length: int,
    *,
    executor: Workplace = None,
    workers: int | None = None,
    place: Checkpoint[State] | None = None,
    progress: Callable[[int], object] | None = None,
) -> State:
    """Return what is known of all leaves; `done` knows of none, and a piece has `length` leaves."""
    with nullcontext() if place is None else place.held():
        if place is not None:
            kept = place.read()
            done = done if kept is None else kept
            # An error at once, not after an hour, if nothing can be written there.
            place.write(done)
        pieces = remaining_ranges(leaves, done.leaves, length)
        whole = True
        try:
            for part in completed(function, plan, pieces, executor=executor, workers=workers, join=joined):
                whole = False
                done.merge(part)
                whole = True
                if place is not None:
                    place.write_if_due(done)
                if progress is not None:
                    progress(sum(stop - start for start, stop in done.leaves))
        finally:
            # What Ctrl-C broke off half merged is not kept: the file has the last whole state.
            if place is not None and whole:
                place.write(done)
        return done


def joined(parts: Sequence[State]) -> State:
    """Return what is known from several pieces as one."""
    whole, *others = parts
    for other in others:
        whole.merge(other)
    return whole


def check_versions(planned: Mapping[str, str]) -> None:
    """Refuse a worker whose libraries could give other bits than those of the machine that made the plan."""
    here = versions()
    differs = [f"{name} {there} there, {here[name]} here" for name, there in planned.items() if here[name] != there]
    if differs:
        raise InputError(
            f"the run was planned with other libraries than this worker has: {'; '.join(differs)}; install the same"
        )


def remaining_ranges(total: int, finished: Ranges, length: int) -> Ranges:
    """Return what is left of ``range(total)``, cut at the multiples of a length.

    >>> remaining_ranges(10, [(2, 5)], 4)
    [(0, 2), (5, 8), (8, 10)]
    """
    gaps = zip([0, *(stop for _, stop in finished)], [*(start for start, _ in finished), total], strict=True)
    pieces: Ranges = []
    for start, stop in gaps:
        while start < stop:
            end = min((start // length + 1) * length, stop)
            pieces.append((start, end))
            start = end
    return pieces
