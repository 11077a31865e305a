"""Where the pieces of a run are computed: here, in threads, in processes, or on a dask cluster."""

import hashlib
import io
import multiprocessing
import os
import pickle
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from clustercast.engine.fingerprint import versions
from clustercast.errors import InputError, nearest, whole_number

if TYPE_CHECKING:
    from distributed import Client

Piece = tuple[int, int]
Workplace: TypeAlias = "Literal['threads', 'processes'] | futures.Executor | Client | None"
Result = TypeVar("Result")
Plan = TypeVar("Plan")
Function = Callable[[Plan, int, int], Result]
Join = Callable[[Sequence[Result]], Result]
Task = Callable[[int, int], Result]
Pool = Callable[[], AbstractContextManager[futures.Executor]]
# A pool that breaks this often without finishing a piece is not tried again.
_MOST_BREAKS = 3
# Seconds without a result after which it is looked at whether all processes live.
_PATIENCE = 20.0
# Pieces whose results are joined on a worker before they travel.
_JOINED = 16
# Results that come in at least, so that progress shows and a checkpoint has something to keep.
_FEWEST_RESULTS = 8


def completed(
    function: "Function[Plan, Result]",
    plan: Plan,
    pieces: Sequence[Piece],
    *,
    executor: Workplace = None,
    workers: int | None = None,
    join: Join[Result],
) -> Iterator[Result]:
    """Compute pieces of a plan, which is sent once to each machine, and yield results as they come, in any order."""
    if workers is not None:
        whole_number("workers", workers)
    count = workers or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()) or 1
    distributed = sys.modules.get("distributed")  # without importing dask
    if executor is None:
        yield from (function(plan, *piece) for piece in pieces)
    elif executor == "threads":
        yield from _from_pool(partial(futures.ThreadPoolExecutor, count), partial(function, plan), pieces, count)
    elif executor == "processes":
        new = partial(futures.ProcessPoolExecutor, count, mp_context=multiprocessing.get_context("spawn"))
        yield from _from_pool(new, partial(_sent, function, _pickled(plan)), pieces, count)
    elif isinstance(executor, futures.Executor):
        sent = partial(_sent, function, _pickled(plan))
        yield from _from_pool(lambda: nullcontext(executor), sent, pieces, count, lasting=True)  # not shut down
    elif distributed is not None and isinstance(executor, distributed.Client):
        yield from _from_cluster(executor, function, plan, pieces, join)
    else:
        remedy = "choose 'threads', 'processes', an executor of concurrent.futures or a dask Client, or leave it out"
        raise InputError(f"executor is {executor!r}{nearest(str(executor), ('threads', 'processes'))}; {remedy}")


def _pickled(plan: object) -> bytes:
    """Return versions and a plan as bytes; functions of a script or a notebook are sent whole where possible."""
    dumps = import_module("cloudpickle" if find_spec("cloudpickle") else "pickle").dumps
    try:
        return pickle.dumps(versions()) + bytes(dumps(plan))
    except (pickle.PicklingError, TypeError, AttributeError, RuntimeError) as error:
        remedy = "write its functions in a module, install 'clustercast[distributed]', or use executor='threads'"
        raise InputError(f"the model or the priors cannot be sent to another process: {error}; {remedy}") from error


@lru_cache(maxsize=4)
def _unpickled(sent: bytes) -> Any:
    """Return a plan from its bytes, read once in each process; refused where other libraries could give other bits."""
    file = io.BytesIO(sent)
    planned, here = pickle.load(file), versions()
    if differs := [f"{name} {was} there, {here[name]} here" for name, was in planned.items() if here[name] != was]:
        what = f"the run was planned with other libraries than this worker has: {'; '.join(differs)}"
        raise InputError(f"{what}; install the same")
    return pickle.load(file)


def _sent(function: "Function[Plan, Result]", plan: bytes, start: int, stop: int) -> Result:
    """Compute a piece of a plan that was sent as bytes."""
    return function(_unpickled(plan), start, stop)


def _from_pool(
    make_pool: Pool, task: "Task[Result]", pieces: Iterable[Piece], most: int, *, lasting: bool = False
) -> Iterator[Result]:
    """Yield results of a pool; where a worker dies a new pool, if there can be one, takes up what was not finished."""
    waiting, breaks = deque(pieces), 0
    while waiting:
        running: dict[futures.Future[Result], Piece] = {}
        try:
            with make_pool() as pool:
                try:
                    while waiting or running:
                        while waiting and len(running) < 2 * most:
                            running[pool.submit(task, *waiting[0])] = waiting[0]
                            waiting.popleft()
                        finished = futures.wait(running, _PATIENCE, futures.FIRST_COMPLETED).done
                        if not finished:
                            _end_where_stuck(pool)
                        for future in finished:
                            result = future.result()
                            del running[future]
                            breaks = 0
                            yield result
                finally:
                    for future in running:
                        future.cancel()
        except futures.BrokenExecutor as error:
            waiting.extendleft(running.values())
            breaks += 1
            if breaks == _MOST_BREAKS or lasting:
                remedy = "if memory is short give fewer workers or a smaller block"
                remedy += ", and guard a script by if __name__ == '__main__':"
                raise InputError(f"the workers died {breaks} times one after the other ({error}); {remedy}") from error


def _end_where_stuck(pool: Any) -> None:
    """Break a pool of processes that waits for the rest of a message: one that was killed while it wrote sends none."""
    # The others wait for the lock that it held, and the pool, for as long as anybody could still write.
    processes = list((getattr(pool, "_processes", None) or {}).values())
    if any(process.exitcode is not None for process in processes):
        for process in processes:
            process.kill()
        pool._result_queue._writer.close()


def _from_cluster(
    client: Any, function: "Function[Plan, Result]", plan: Plan, pieces: Sequence[Piece], join: Join[Result]
) -> Iterator[Result]:
    """Yield results of a dask cluster, joined on its workers; dask itself takes up what a lost worker had."""
    distributed = import_module("distributed")
    if client.asynchronous:
        raise InputError("the dask Client is asynchronous; make one with Client(address) outside a coroutine")
    threads = sum(client.nthreads().values())
    if not threads:
        raise InputError("the dask cluster has no workers; start some with `dask worker ADDRESS`")
    payload = _pickled(plan)
    # A task, not scattered data: if the worker that holds it dies the scheduler makes it again.
    sent = client.submit(bytes, payload, key=f"clustercast-plan-{hashlib.sha256(payload).hexdigest()[:16]}")
    together = max(1, min(_JOINED, len(pieces) // _FEWEST_RESULTS))
    groups = deque(pieces[first : first + together] for first in range(0, len(pieces), together))

    def submit(group: Sequence[Piece]) -> object:
        parts = [client.submit(_sent, function, sent, *piece, pure=False) for piece in group]
        return parts[0] if len(parts) == 1 else client.submit(join, parts, pure=False)

    arriving = distributed.as_completed()
    for _ in range(min(len(groups), 2 * threads // together + 2)):
        arriving.add(submit(groups.popleft()))
    try:
        for future in arriving:
            result = future.result()
            future.release()
            if groups:
                arriving.add(submit(groups.popleft()))
            yield result
    except (distributed.KilledWorker, distributed.CancelledError, distributed.comm.CommClosedError) as error:
        remedy = "look at the logs of its workers, and make the same call again with its checkpoint"
        raise InputError(f"the dask cluster gave up: {' '.join(str(error).split())}; {remedy}") from error
