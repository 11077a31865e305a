"""Forecasts of any number of samples in a zarr store, written region by region."""

import importlib.util
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from clustercast.dataset import Dataset, provenance
from clustercast.engine.model import Model
from clustercast.errors import InputError
from clustercast.files.zarr_store import create_store, new_store, open_store, write_region
from clustercast.priors.prior_set import Priors
from clustercast.propagation import YEARS, Progress, propagate, run_blocks, wanted_outputs, year_grid
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw, input_values
from clustercast.streaming.executors import Workplace, completed
from clustercast.streaming.moments import LEAF
from clustercast.streaming.reduction import StreamPlan
from clustercast.streaming.stream import run_record, stream_plan

# Samples of a chunk: with thirteen years 14 MB, enough for a disk and little for a memory.
CHUNK = 32 * LEAF


# How the samples of a run are made, and the store that they go to.
StorePlan = tuple[StreamPlan, Path]


def stream_to_zarr(
    priors: Priors,
    path: Path | str,
    *,
    size: int,
    model: Model | None = None,
    years: Iterable[float] = YEARS,
    outputs: Iterable[str] | str | None = None,
    design: Literal["random", "sobol"] = "random",
    seed: int = 0,
    executor: Workplace = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Draw and propagate samples that need not fit into memory, and keep all of them on disk.

    Parameters
    ----------
    priors : Priors
    path : pathlib.Path or str
        The zarr store, a directory that does not exist yet, which every worker must reach under this name.
    size : int
        Number of samples.
    model, years, outputs, design, seed
        As in `draw` and `propagate`.
    executor, workers
        As in `stream`: each worker writes its own regions.
    progress : callable, optional
        Called after each region with samples done and samples planned.

    Returns
    -------
    Dataset
        The forecast on dask arrays, with the bits of `propagate` and no coordinate of samples; opened again by
        ``xarray.open_zarr(path, consolidated=False)``.

    Raises
    ------
    InputError
        As `draw` and `propagate`; if the store exists or cannot be written, or dask and zarr are not installed.
    """
    absent = [name for name in ("dask", "zarr") if importlib.util.find_spec(name) is None]
    if absent:
        raise InputError(f"a store needs {' and '.join(absent)}; pip install 'clustercast[distributed]'")
    model = cluster_model() if model is None else model
    grid = year_grid(years)
    wanted = wanted_outputs(model, outputs)
    stream, *_ = stream_plan(priors, size, model, grid, wanted, design, seed, {}, "cpu")
    few = propagate(draw(priors, 4, design=design, seed=seed), model=model, years=grid, outputs=wanted)
    chunks = range(0, stream.leaves, CHUNK // LEAF)
    pieces = [(first, min(first + CHUNK // LEAF, stream.leaves)) for first in chunks]
    done = 0
    with new_store(path) as hidden:
        create_store(hidden, few.assign_attrs(provenance(run_record(few, stream.size))), stream.size, CHUNK)
        plan = (stream, hidden.absolute())
        for samples in completed(store_leaves, plan, pieces, executor=executor, workers=workers, join=_total):
            done += samples
            if progress is not None:
                progress(done, stream.size)
    return open_store(path)


def _total(samples: Sequence[int]) -> int:
    """Return how many samples several pieces have written."""
    return sum(samples)


def store_leaves(plan: StorePlan, start: int, stop: int) -> int:
    """Draw, propagate and write the leaves from `start` to before `stop`; return how many samples these are."""
    stream, path = plan
    first, last = start * LEAF, min(stop * LEAF, stream.size)
    values = input_values(stream.priors, stream.design, stream.seed, first, last)
    results = run_blocks(stream.program, values, last - first)
    write_region(path, {**values, **results}, first)
    return last - first
