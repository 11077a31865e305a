"""Sobol' indices of designs that need not fit into memory: products of runs are summed piece by piece."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from clustercast.arrays.moments import Moments, MomentTree, moments_of
from clustercast.arrays.pick_freeze import centre_and_scale, product_sums, runs_per_point, separate
from clustercast.arrays.saltelli import saltelli_replicate
from clustercast.arrays.sobol_estimators import estimator_named
from clustercast.block_program import BlockProgram, block_program
from clustercast.dataset import Dataset, input_arrays, provenance
from clustercast.errors import InputError
from clustercast.memory import keep_freed_memory
from clustercast.model import Model
from clustercast.priors import Priors
from clustercast.propagation import YEARS, FloatArray, Progress, wanted_outputs, year_grid
from clustercast.sampling import Groups, draw, saltelli_values
from clustercast.sensitivity.streamed import streamed_indices
from clustercast.shipped_model import cluster_model
from clustercast.streaming.executors import completed

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from distributed import Client

# Its products are of differences of runs only, so that no mean of the whole has to be known before.
ESTIMATOR = "azzini-rosati"

_ROWS_OF_A_LEAF = 4096
_FEWEST_PIECES = 32
_MOST_LEAVES = 64


@dataclass(frozen=True)
class SobolPlan:
    """What a worker needs to sum the products of any base points: replicates one after the other, in leaves."""

    priors: Priors
    seed: int
    each: int
    replicates: int
    swaps: Mapping[str, Sequence[str]]
    second_order: bool
    log10: bool
    program: BlockProgram
    standards: Sequence[tuple[float, float]] = ()

    @property
    def leaf(self) -> int:
        """Base points of a leaf."""
        return max(1, _ROWS_OF_A_LEAF // runs_per_point(len(self.swaps), True))

    @property
    def leaves(self) -> int:
        """Leaves of a replicate."""
        return -(-self.each // self.leaf)


@dataclass
class SobolSums:
    """Means of products, and moments of the independent runs, of each replicate seen so far."""

    products: dict[int, MomentTree] = field(default_factory=dict)
    values: dict[int, MomentTree] = field(default_factory=dict)

    def merge(self, other: "SobolSums") -> None:
        """Take in other leaves of the same run."""
        for mine, theirs in ((self.products, other.products), (self.values, other.values)):
            for replicate, tree in theirs.items():
                mine.setdefault(replicate, MomentTree()).merge(tree)


def stream_sobol(
    priors: Priors,
    *,
    size: int,
    model: Model | None = None,
    years: Iterable[float] = YEARS,
    outputs: Iterable[str] | str | None = None,
    seed: int = 0,
    replicates: int = 8,
    groups: Groups | None = None,
    latent: bool = False,
    scale: Literal["log10", "raw"] = "log10",
    second_order: bool = False,
    confidence: float = 0.95,
    executor: "Literal['threads', 'processes'] | Executor | Client | None" = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Sobol' indices from priors to error bars, of a design that need not fit into memory.

    Parameters
    ----------
    priors : Priors
    size : int
        Base points of all replicates together, a power of two; each is ``2 D + 2`` runs.
    model, years, outputs, seed, replicates, groups, latent
        As in `run_sobol`. An output that is a labelled index has no indices here.
    scale : {"log10", "raw"}, optional
        Scale of every output; log10 needs positive ones.
    second_order : bool, optional
        Whether to estimate interactions of pairs.
    confidence : float, optional
        Coverage of the intervals.
    executor, workers
        As in `stream`.
    progress : callable, optional
        Called after each piece with leaves of the design done and planned.

    Returns
    -------
    Dataset
        ``S1``, ``ST``, ``S1_conf``, ``ST_conf``, ``variance`` and, where asked for, ``S2`` and ``S2_conf``, as
        `sobol_indices` gives them for the same design with its estimator ``"azzini-rosati"``, up to rounding.

    Raises
    ------
    InputError
        As `draw` and `propagate`; if an output is not positive on the scale log10.

    References
    ----------
    I. Azzini and R. Rosati, Environ. Model. Softw. 144, 105167 (2021), doi:10.1016/j.envsoft.2021.105167.
    """
    model = cluster_model() if model is None else model
    grid, wanted = year_grid(years), wanted_outputs(model, outputs)
    if scale not in ("log10", "raw"):
        raise InputError(f"scale is {scale!r}; give 'log10' or 'raw', for a stream cannot look at all values first")
    labelled = [name for name in wanted if model.declaration(name).labels]
    if labelled:
        raise InputError(f"output {labelled[0]!r} is a labelled index; leave it out of outputs")
    needed = priors.only(model.inputs(wanted))
    design: dict[str, Any] = {"replicates": replicates, "groups": groups, "latent": latent}
    few = draw(needed, replicates, design="saltelli", seed=seed, **design)
    _check_size(size, replicates)
    values, units = input_arrays(few)
    model.check_inputs(values, wanted)
    program = block_program(model, values, units, wanted, grid)
    swaps = json.loads(few.attrs["swaps"])
    plan = SobolPlan(needed, seed, size // replicates, replicates, swaps, second_order, scale == "log10", program)
    first = _runs(plan, 0, 0, min(plan.leaf, plan.each))
    plan = replace(plan, standards=[_standard(column) for column in first])
    total = plan.leaves * replicates
    length = max(1, min(_MOST_LEAVES, total // _FEWEST_PIECES))
    pieces = [(start, min(start + length, total)) for start in range(0, total, length)]
    sums, done = SobolSums(), 0
    for found in completed(sum_products, plan, pieces, executor=executor, workers=workers, join=_joined):
        sums.merge(found)
        done = min(done + length, total)
        if progress is not None:
            progress(done, total)
    return streamed_indices(
        np.stack([sums.products[r].total().mean for r in range(replicates)], axis=-1),
        _joined_moments([sums.values[r].total() for r in range(replicates)]),
        model,
        wanted,
        program.dimensions,
        tuple(swaps),
        grid,
        second_order,
        confidence,
        {**few.attrs, "size": int(size), "model_hash": model.hash, "scale": scale, **provenance()},
    )


def sum_products(plan: SobolPlan, start: int, stop: int) -> SobolSums:
    """Draw, propagate and sum the products of some leaves of base points.

    Parameters
    ----------
    plan : SobolPlan
    start, stop : int
        First leaf, and the one after the last, counted through all replicates.

    Returns
    -------
    SobolSums
    """
    keep_freed_memory()
    estimator = estimator_named(ESTIMATOR)
    found = SobolSums()
    for leaf in range(start, stop):
        replicate, number = divmod(leaf, plan.leaves)
        first = number * plan.leaf
        count = min(plan.leaf, plan.each - first)
        runs = _runs(plan, replicate, first, count)
        sums = [
            product_sums(
                separate(column, len(plan.swaps), centre=centre, scale=spread),
                estimator,
                second_order=plan.second_order,
            )
            for column, (centre, spread) in zip(runs, plan.standards, strict=True)
        ]
        means = np.array(sums) / count
        moments = Moments(count, means, np.zeros_like(means))
        found.products.setdefault(replicate, MomentTree()).add(number, moments)
        independent = np.ascontiguousarray(runs[:, :, [0, -1]].reshape(len(runs), -1))
        found.values.setdefault(replicate, MomentTree()).add(number, moments_of(independent))
    return found


def _runs(plan: SobolPlan, replicate: int, first: int, count: int) -> FloatArray:
    """Return the runs of some base points on the scale of the analysis, shape (columns, points, runs of a point)."""
    dimensions = len(plan.priors.uncertain)
    a, b = saltelli_replicate(plan.seed, replicate, plan.replicates, dimensions, count, start=first)
    inputs = saltelli_values(plan.priors, a, b, plan.swaps, True)
    size = count * runs_per_point(len(plan.swaps), True)
    columns = []
    for name, result in plan.program.run(inputs).items():
        values = np.broadcast_to(result * plan.program.scale[name], plan.program.shape(name, size))
        if plan.log10 and not values.min() > 0:
            raise InputError(f"output {name!r} is not positive everywhere; give scale='raw'")
        columns.append(np.log10(values) if plan.log10 else values)
    return np.vstack([np.atleast_2d(column) for column in columns]).reshape(-1, count, size // count)


def _standard(column: FloatArray) -> tuple[float, float]:
    """Return a centre and a scale that any piece can share; they leave the indices as they are."""
    centre, spread = centre_and_scale(column)
    return centre, spread or 1.0


def _check_size(size: object, replicates: int) -> None:
    """Refuse a size that the design cannot take."""
    whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
    if not whole or size < 1 or size & (size - 1) or size % replicates:  # type: ignore[operator]
        raise InputError(f"size is {size!r}; give a power of two, and replicates that divide it")


def _joined(parts: Sequence[SobolSums]) -> SobolSums:
    """Return the sums of several pieces as one."""
    whole, *others = parts
    for other in others:
        whole.merge(other)
    return whole


def _joined_moments(parts: Sequence[Moments]) -> Moments:
    """Return the moments of all replicates, one after the other."""
    whole, *others = parts
    for other in others:
        whole = whole.joined(other)
    return whole
