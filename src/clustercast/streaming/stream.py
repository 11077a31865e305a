"""Forecasts of any number of samples in the memory of a few: drawn, propagated, and reduced or stored by pieces."""

import importlib.util
import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray, Names
from clustercast.arrays.points.designs import require_power_of_two
from clustercast.arrays.summaries import Summary, checked_probabilities, interval_ranks, share_error
from clustercast.dataset import Record, coordinate, input_arrays, output_attrs, provenance, year_coordinate
from clustercast.engine.model import Model, with_changes
from clustercast.engine.operations import Device, checked_device
from clustercast.engine.program import program as prepared
from clustercast.engine.units import in_unit
from clustercast.errors import InputError, nearest, typed, whole_number
from clustercast.files.netcdf import SummaryDataset
from clustercast.files.zarr_store import create_store, new_store, write_region
from clustercast.priors.prior_set import Priors
from clustercast.propagation import YEARS, Progress, propagate, run_blocks, wanted_outputs, year_grid
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw, input_values
from clustercast.streaming.checkpoint import Checkpoint, run_pieces, run_record
from clustercast.streaming.executors import Join, Workplace, completed
from clustercast.streaming.moments import LEAF, RELATIVE_ERROR, LeafSums
from clustercast.streaming.pieces import StreamPlan, reduce_leaves
from clustercast.uncertainty.milestones import Levels
from clustercast.uncertainty.summaries import PROBABILITIES, share_variables, summary_record, summary_variables

BLOCK = 1 << 19
_FEWEST_PIECES, _MOST_PIECES = 32, 1 << 24
# Samples of a chunk: with thirteen years 14 MB, enough for a disk and little for a memory.
CHUNK = 32 * LEAF


@typed
def stream(
    priors: Priors,
    *,
    size: int,
    model: Model | None = None,
    years: Iterable[float] = YEARS,
    outputs: Names = None,
    design: Literal["random", "sobol"] = "random",
    seed: int = 0,
    block: int | None = None,
    probabilities: Sequence[float] = PROBABILITIES,
    thresholds: Levels | None = None,
    executor: Workplace = None,
    workers: int | None = None,
    checkpoint: Path | str | None = None,
    progress: Progress | None = None,
    device: Device = "cpu",
) -> xr.Dataset:
    """Draw, propagate and summarise, piece by piece, samples that need not fit into memory.

    Parameters
    ----------
    size : int
        Number of samples; for Sobol' points a power of two.
    priors, model, years, outputs, design, seed
        As in `draw` and `propagate`, whose samples these are.
    block : int, optional
        Samples of a piece, about; by default enough to keep every worker busy.
    probabilities : sequence of float, optional
        Increasing, from 0 to 1.
    thresholds : mapping of str to level or sequence of levels, optional
        Outputs and levels whose exceedance is counted, as in ``{"fleet_power": "100 GW"}``; a number is in its unit.
    executor, workers : optional
        Where pieces are computed: here, one after the other, by default; in ``"threads"`` or ``"processes"``, by
        default as many as there are processors; by a concurrent.futures.Executor; or on the cluster of a dask Client.
    checkpoint : pathlib.Path or str, optional
        Directory for what is finished, written in at most a twentieth of the time; the same call resumes there.
    progress : callable, optional
        Called after each piece with samples done and samples planned.
    device : {"cpu", "cuda"}, optional
        Where the model runs; samples are always drawn on the CPU.

    Returns
    -------
    Dataset
        As of `summarise`. In addition ``NAME_exceedance`` and ``NAME_exceedance_error`` by ``NAME_level``; the
        attribute ``quantile_relative_error`` states by how much of itself an order statistic may be off.

    Raises
    ------
    InputError
        As `draw` and `propagate`; if a level, the executor, the device or the checkpoint cannot be used, or the
        checkpoint is of another call.

    Notes
    -----
    The result has the same bits for any `block`, `executor` and `workers` on processors of one kind: samples are keyed
    by their number and the name of their input, and means are summed over a tree that these numbers fix.

    Examples
    --------
    >>> @cc.quantity("W")
    ... def cluster_power(size, power_per_accelerator):
    ...     return size * power_per_accelerator
    >>> priors = cc.Priors(size=cc.Fixed(1e5, unit="H100e"), power_per_accelerator=cc.Uniform(1, 2, unit="kW/H100e"))
    >>> result = cc.stream(priors, size=10_000, model=cc.Model([cluster_power]), thresholds={"cluster_power": "150 MW"})
    >>> round(float(result["cluster_power"].sel(quantile=0.5)) / 1e8, 2), result.attrs["quantile_relative_error"]
    (1.5, 0.000244140625)
    """
    points = checked_probabilities(probabilities)
    plan, model, grid, record = stream_plan(priors, size, model, years, outputs, design, seed)
    levels = levels_in_units(thresholds or {}, model, plan.program.outputs)
    plan, record = plan._replace(levels=levels, device=checked_device(device)), {**record, "device": device}
    own = {"size": plan.size, "design": plan.design, "seed": plan.seed, "years": grid.tolist()}
    own |= {"outputs": ", ".join(plan.program.outputs), "device": plan.device, "thresholds": json.dumps(plan.levels)}
    place = None if checkpoint is None else Checkpoint(checkpoint, "stream", model, priors, **own)
    how: Any = {"executor": executor, "workers": workers, "place": place, "progress": progress, "leaf": LEAF}
    done = run_pieces(reduce_leaves, plan, plan.empty(), piece_length(plan.leaves, block), size=size, **how)
    return _streamed_summary(done, plan, model, grid, points, record)


def stream_plan(
    priors: Priors, size: int, model: Model | None, years: Iterable[float], outputs: Names, design: str, seed: int
) -> tuple[StreamPlan, Model, FloatArray, Record]:
    """Prove that a run can be made; return what its workers need, the model, its years, and where it comes from."""
    model = cluster_model() if model is None else model
    grid, wanted = year_grid(years), wanted_outputs(model, outputs)
    if design not in ("random", "sobol"):
        raise InputError(f"design is {design!r}; a stream is drawn by one of random, sobol")
    size = whole_number("size", size)
    if design == "sobol":
        require_power_of_two(size)
    few = draw(priors, 256, design=cast("Literal['random', 'sobol']", design), seed=seed)
    values, units = input_arrays(few)
    model = with_changes(model, values)
    model.check_inputs(values, wanted)
    labels = {name: len(model.declaration(name).labels) for name in wanted if model.declaration(name).labels}
    plan = StreamPlan(priors, design, int(seed), size, prepared(model, values, units, wanted, grid), labels)
    return plan, model, grid, run_record(few, size, model_hash=model.hash)


def levels_in_units(thresholds: Levels, model: Model, outputs: Iterable[str]) -> dict[str, tuple[float, ...]]:
    """Return the levels of each output in its unit."""
    levels = {}
    for name, given in thresholds.items():
        if name not in outputs:
            raise InputError(f"thresholds name {name!r}, which is not among the outputs{nearest(name, outputs)}")
        if model.declaration(name).labels:
            raise InputError(f"thresholds name {name!r}, whose labels are counted anyway; leave it out")
        several = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
        if not several:
            raise InputError(f"thresholds of {name!r} hold no level; give one, as '100 GW', or leave {name!r} out")
        levels[name] = tuple(in_unit(level, model.unit(name), f"threshold of {name!r}") for level in several)
    return levels


def piece_length(leaves: int, block: int | None) -> int:
    """Return how many leaves make a piece: as many as `block` samples fill, or enough pieces for many workers."""
    wanted = min(BLOCK // LEAF, leaves // _FEWEST_PIECES) if block is None else whole_number("block", block) // LEAF
    length = max(1, wanted)
    if leaves // length > _MOST_PIECES:
        what = f"size is {leaves * LEAF:,}, which is {leaves // length:,} pieces of {length * LEAF:,} samples"
        raise InputError(f"{what}; give fewer samples, or block={-(-leaves // _MOST_PIECES) * LEAF} or more")
    return length


def _streamed_summary(
    done: LeafSums, plan: StreamPlan, model: Model, years: FloatArray, points: FloatArray, record: Mapping[str, Any]
) -> xr.Dataset:
    """Return the summary of a whole run, labelled as `summarise` labels a forecast."""
    size = done.sketch.samples
    whole: tuple[FloatArray, ...] = ()
    if plan.columns:
        ranks = np.concatenate([points * (size - 1), *interval_ranks(points, size)])
        rows = [np.split(done.sketch.at_ranks(column, ranks), 3) for column in range(done.sketch.columns)]
        middle, below, above = np.moveaxis(np.array(rows), 1, 0)
        errors = (above - below) / 2 if size > 1 else np.full_like(middle, np.inf)
        moments = done.total()
        whole = middle, errors, moments.mean * moments.unit, moments.mean_error
    variables: dict[Hashable, xr.Variable] = {}
    for name, ndim in plan.program.dimensions.items():
        dims, attrs = ("year",) if ndim == 2 else (), output_attrs(model, name)
        by: dict[str, tuple[xr.Variable, str]] = {}
        title, labels, levels = str(attrs["long_name"]), model.declaration(name).labels, plan.levels.get(name)
        if name in plan.columns:
            parts = (part[plan.columns[name]] for part in whole)
            variables |= summary_variables(name, dims, attrs, Summary(*(part if dims else part[0] for part in parts)))
        else:
            by["share"] = coordinate(f"{name}_label", labels), title
        if levels:
            above = coordinate(f"{name}_level", levels, {"units": str(attrs["units"])})
            by["exceedance"] = above, f"being at or above levels of {title}"
        for kind, (places, text) in by.items():
            counts = done.counts[str(places.dims[0])]
            share = (counts if dims else counts[0]) / size
            variables |= share_variables(f"{name}_{kind}", dims, places, text, (share, share_error(share, size)))
    described = summary_record(list(plan.program.outputs), size, record["design"])
    described["quantile_relative_error"] = RELATIVE_ERROR
    limit = "no order statistic is off by more than quantile_relative_error of itself"
    described["quantile_method"] = f"histogram over the bits of floating-point numbers; {limit}"
    coords = {"quantile": xr.Variable("quantile", points, {"long_name": "probability"})}
    if 2 in plan.program.dimensions.values():
        coords["year"] = year_coordinate(years)
    return SummaryDataset(variables, coords=coords, attrs=provenance(record) | described)


@typed
def stream_to_zarr(
    priors: Priors,
    path: Path | str,
    *,
    size: int,
    model: Model | None = None,
    years: Iterable[float] = YEARS,
    outputs: Names = None,
    design: Literal["random", "sobol"] = "random",
    seed: int = 0,
    executor: Workplace = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Draw and propagate samples that need not fit into memory, and keep all of them on disk.

    Parameters
    ----------
    path : pathlib.Path or str
        The zarr store, a directory that does not exist yet and can be written, which every worker must reach under this
        name. Without dask and zarr installed it is refused.
    priors, size, model, years, outputs, design, seed, executor, workers
        As in `stream`, whose errors this has too; each worker writes its own regions.
    progress : callable, optional
        Called after each region with samples done and samples planned.

    Returns
    -------
    Dataset
        The forecast on dask arrays, with the bits of `propagate` and no coordinate of samples; opened again by
        ``xarray.open_zarr(path, consolidated=False)``.
    """
    if absent := [name for name in ("dask", "zarr") if importlib.util.find_spec(name) is None]:
        raise InputError(f"a store needs {' and '.join(absent)}; pip install 'clustercast[distributed]'")
    run, _, grid, _ = stream_plan(priors, size, model, years, outputs, design, seed)
    few = propagate(draw(priors, 4, design=design, seed=seed), model=model, years=grid, outputs=run.program.outputs)
    pieces = [(first, min(first + CHUNK // LEAF, run.leaves)) for first in range(0, run.leaves, CHUNK // LEAF)]
    done, join = 0, cast("Join[int]", sum)
    with new_store(path) as hidden:
        create_store(hidden, few.assign_attrs(provenance(run_record(few, run.size))), run.size, CHUNK)
        plan = (run, hidden.absolute())
        for samples in completed(store_leaves, plan, pieces, executor=executor, workers=workers, join=join):
            done += samples
            if progress is not None:
                progress(done, run.size)
    stored: xr.Dataset = xr.open_zarr(path, consolidated=False)
    return stored


def store_leaves(plan: tuple[StreamPlan, Path], start: int, stop: int) -> int:
    """Draw, propagate and write the leaves from `start` to before `stop`; return how many samples these are."""
    run, path = plan
    first, last = start * LEAF, min(stop * LEAF, run.size)
    values = input_values(run.priors, run.design, run.seed, first, last)
    write_region(path, {**values, **run_blocks(run.program, values, last - first)}, first)
    return last - first
