"""A run from its pieces: what a checkpoint holds is taken over, and the rest is computed, merged and kept."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from clustercast.streaming.checkpoint import Checkpoint, State
from clustercast.streaming.executors import Function, completed
from clustercast.streaming.reduction import remaining_ranges

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from distributed import Client

Plan = TypeVar("Plan")


def run_pieces(
    function: Function[Plan, State],
    plan: Plan,
    done: State,
    leaves: int,
    length: int,
    *,
    executor: "Literal['threads', 'processes'] | Executor | Client | None" = None,
    workers: int | None = None,
    place: Checkpoint[State] | None = None,
    progress: Callable[[int], object] | None = None,
) -> State:
    """Compute what no checkpoint holds of a run.

    Parameters
    ----------
    function : callable
        Takes the plan, the first leaf of a piece and the one after its last.
    plan : object
        What every piece needs.
    done : object
        What is known of no leaves; taken over.
    leaves : int
        Number of leaves of the run.
    length : int
        Leaves of a piece.
    executor, workers
        As in `completed`.
    place : Checkpoint, optional
        Where what is finished is kept.
    progress : callable, optional
        Called after each piece with the number of leaves finished.

    Returns
    -------
    object
        What is known of all leaves.

    Raises
    ------
    InputError
        If the checkpoint is of another run or cannot be written, or a piece fails.
    """
    if place is not None:
        found = place.read()
        done = done if found is None else found
        # Said at once, not after an hour, if nothing can be written there.
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
                progress(done.finished)
    finally:
        # What Ctrl-C broke off half merged is not kept: the file has the last whole state.
        if place is not None and whole:
            place.write(done)
    return done


def joined(parts: Sequence[State]) -> State:
    """Return what is known from several pieces as one.

    Parameters
    ----------
    parts : sequence
        One or more; the first takes in the others.

    Returns
    -------
    object
    """
    whole, *others = parts
    for other in others:
        whole.merge(other)
    return whole
