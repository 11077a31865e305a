"""Growth: is the cost linear in the number of samples, and the memory flat where results, or designs, are in pieces?"""

import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import psutil
from dask.distributed import Client, LocalCluster

import clustercast as cc
from benchmarks.measure import (
    Options,
    Row,
    at_least,
    at_most,
    medians,
    peak_megabytes,
    quiet_and_busy,
    scaling_of_two_processes,
    seconds,
)
from benchmarks.shipped import EIGHT, INPUTS_OF_PANEL, SIX, priors, with_inputs
from clustercast.dataset import Dataset


def rows(options: Options) -> list[Row]:
    """Draw, propagate and summarise at growing sizes, kept in memory and streamed, then streamed by two workers."""
    needed = priors().only(cc.cluster_model().inputs(SIX))

    def kept(size: int) -> object:
        return cc.summarise(cc.propagate(cc.draw(needed, size, seed=7), outputs=SIX))

    def streamed(size: int, **how: object) -> object:
        return cc.stream(needed, size=size, outputs=SIX, seed=7, **how)

    result = _line("in memory", kept, [10**3, 10**4] if options.smoke else [10**4, 10**5, 10**6], flat=False)
    sizes = [10**3, 10**4] if options.smoke else [10**4, 10**5, 10**6, 10**7, *([10**8] if options.full else [])]
    result += _line("streamed", streamed, sizes, flat=True)
    result += _sobol_beyond_memory(options)
    return result if options.smoke else [*result, *_workers(streamed, 2_000_000)]


def _sobol_beyond_memory(options: Options) -> list[Row]:
    """`run_sobol` on a design that is larger than the memory it is given, beside the same design whole."""
    size, inputs = options.size(1 << 13, 1 << 8), INPUTS_OF_PANEL
    given = with_inputs(EIGHT, inputs)

    def whole(memory: int = 1 << 40) -> Dataset:
        return cc.run_sobol(given, outputs=EIGHT, size=size, seed=7, memory=memory)

    def in_pieces() -> Dataset:
        return whole(memory=1 << 20)

    one, other = whole(), in_pieces()
    largest = max(float(abs(one[name] - other[name]).max()) for name in ("S1", "ST"))
    what = f"run_sobol beyond its memory, in pieces, {inputs} inputs, {len(EIGHT)} outputs, N = {size:,}"
    table = [Row(f"{what}: largest difference of S1 and ST", largest, "1", "the whole design")]
    peak, whole_peak = peak_megabytes(in_pieces), peak_megabytes(whole)
    if peak and whole_peak:
        table.append(Row(f"{what}: memory at its peak", peak, "MB", f"whole, {whole_peak:.0f} MB", whole_peak / peak))
    functions = {"pieces": in_pieces, "whole": whole}
    for where, taken in quiet_and_busy(lambda: medians(functions, options.size(3, 1))).items():
        said, ratio = f"whole, {taken['whole']:.2f} s", taken["pieces"] / taken["whole"]
        table.append(Row(f"{what}{where}: time over that of the whole", taken["pieces"], "s", said, ratio))
    return table


def _of_two(streamed: Callable[..., object], size: int, pool: ProcessPoolExecutor) -> float:
    """Return what two processes gain by processor time, that of this one taken as serial."""
    alone = seconds(lambda: streamed(size))
    workers = [psutil.Process(number) for number in pool._processes]
    before = [sum(worker.cpu_times()[:2]) for worker in workers]
    here = seconds(lambda: streamed(size, executor=pool))
    busier = max(sum(worker.cpu_times()[:2]) - start for worker, start in zip(workers, before, strict=True))
    return alone / (here + busier)


def _workers(streamed: Callable[..., object], size: int) -> list[Row]:
    """Two workers against one, beside what two processes get done on this machine; dask against bare processes."""
    scaling = scaling_of_two_processes()
    environment = dict(os.environ)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        taken = medians(
            {
                "one worker": lambda: streamed(size),
                "threads": lambda: streamed(size, executor="threads", workers=2),
                "processes": lambda: streamed(size, executor=pool),
            },
            3,
            time.perf_counter,
        )
        gained = quiet_and_busy(lambda: statistics.median(_of_two(streamed, size, pool) for _ in range(3)))
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            # Dask leaves settings of malloc behind, which would slow every process that is started later.
            os.environ.clear()
            os.environ.update(environment)
            beside = medians(
                {"processes": lambda: streamed(size, executor=pool), "dask": lambda: streamed(size, executor=client)},
                3,
                time.perf_counter,
            )
    alone = taken["one worker"]
    said = f"one worker, {alone:.2f} s; two processes of the machine get {scaling:.2f} x one's work done"
    over = beside["dask"] / beside["processes"]
    pool_said = f"two processes, {beside['processes']:.2f} s; both started before"
    table = [
        Row(f"streamed by two {kind}, N = {size:,}: times faster", taken[kind], "s", said, alone / taken[kind])
        for kind in ("threads", "processes")
    ]
    what = f"streamed by two processes, N = {size:,}: times faster by processor time"
    reference = "one worker; its time over the busier process's and all that the parent does"
    table += [Row(f"{what}{where}", None, "", reference, gain, *at_least(1.7, gain)) for where, gain in gained.items()]
    what = f"streamed by two workers of dask, N = {size:,}: time over a process pool"
    return [*table, Row(what, beside["dask"], "s", pool_said, over, *at_most(1.5, over))]


def _line(how: str, run: Callable[[int], object], sizes: list[int], *, flat: bool) -> list[Row]:
    """Return a row for each size, and rows on whether cost is linear and memory flat."""
    run(sizes[0])
    taken, peaks = {}, {}
    for size in sizes:
        # The memory first: its measurement begins with an empty heap, whose pages would be paid for in the time.
        peaks[size] = peak_megabytes(lambda size=size: run(size))
        taken[size] = seconds(lambda size=size: run(size))
    table = [
        Row(
            f"{how}, N = {size:,}",
            size / taken[size],
            "samples a second",
            f"memory at its peak {peaks[size] or 0:.0f} MB",
        )
        for size in sizes
    ]
    # From 1e5 on what is paid once no longer shows.
    first, last = sizes[min(1, len(sizes) - 2)], sizes[-1]
    growth = (taken[last] / last) / (taken[first] / first)
    table.append(
        Row(
            f"{how}: cost of a sample at N = {last:,} over that at {first:,}",
            growth,
            "x",
            "",
            growth,
            *at_most(1.3, growth),
        )
    )
    if flat and peaks[last] is not None:
        before = sizes[-2]
        more = f"{peaks[before]:.0f} MB at {before:,}; pieces and the octaves of the quantile sketch grow up to a bound"
        table.append(
            Row(f"{how}: memory at its peak, N = {last:,}", peaks[last], "MB", more, None, *at_most(2000, peaks[last]))
        )
    return table
