"""Sobol' indices of designs that need not fit into memory: products of runs are summed piece by piece."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from clustercast.arrays.indices.intervals import check_confidence
from clustercast.arrays.indices.sobol_estimators import estimator_named
from clustercast.dataset import PROVENANCE, Dataset, design_of, input_arrays, provenance, versions
from clustercast.engine.changes import with_changes
from clustercast.engine.model import Model
from clustercast.engine.program import program as prepared
from clustercast.errors import InputError, whole_number
from clustercast.priors.prior_set import Priors
from clustercast.priors.swaps import Groups
from clustercast.propagation import YEARS, FloatArray, Progress, wanted_outputs, year_grid
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw
from clustercast.streaming.checkpoint import Checkpoint
from clustercast.streaming.fingerprint import code_fingerprint
from clustercast.streaming.indices import streamed_indices
from clustercast.streaming.pieces import run_pieces
from clustercast.streaming.plan import run_record
from clustercast.streaming.sobol_plan import SobolPlan, SobolSums, sum_products

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from distributed import Client

_FEWEST_PIECES = 32
_MOST_LEAVES = 64


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
    estimator: str = "azzini-rosati",
    second_order: bool = False,
    confidence: float = 0.95,
    executor: "Literal['threads', 'processes'] | Executor | Client | None" = None,
    workers: int | None = None,
    checkpoint: Path | str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Sobol' indices from priors to error bars, of a design that need not fit into memory.

    Parameters
    ----------
    priors : Priors
    size : int
        Base points of all replicates together, a power of two; each is ``2 D + 2`` runs, or ``D + 2`` where neither
        the estimator nor `second_order` needs the rows BA.
    model, years, outputs, seed, replicates, groups, latent
        As in `run_sobol`. An output that is a labelled index has no indices here.
    scale : {"log10", "raw"}, optional
        Scale of every output; log10 needs positive ones.
    estimator : str, optional
        As in `sobol_indices`; ``"azzini-rosati"``, by far the most precise, by default.
    second_order : bool, optional
        Whether to estimate interactions of pairs.
    confidence : float, optional
        Coverage of the intervals.
    executor, workers
        As in `stream`.
    checkpoint : pathlib.Path or str, optional
        As in `stream`: directory in which what is finished is kept. The same call resumes there, and ends with the
        same bits.
    progress : callable, optional
        Called after each piece with leaves, blocks of base points, done and planned.

    Returns
    -------
    Dataset
        ``S1``, ``ST``, half-widths, ``variance``, where asked for ``S2``, and the attribute ``warning``, as
        `sobol_indices` gives them for the same design and estimator, up to rounding. Where an output does not
        vary its variance is 0 and its indices are NaN.

    Raises
    ------
    InputError
        As `draw` and `propagate`; if an output is not finite, or not positive on the scale log10; if the estimator
        or the executor is not known, the checkpoint cannot be written, or it belongs to another call.

    Notes
    -----
    The result has the same bits for any `executor` and `workers`, and whether or not the run was broken off, on
    processors of one kind.

    References
    ----------
    I. Azzini, T. A. Mara and R. Rosati, Environ. Model. Softw. 144, 105167 (2021),
    doi:10.1016/j.envsoft.2021.105167.
    """
    model = cluster_model() if model is None else model
    grid, wanted = year_grid(years), wanted_outputs(model, outputs)
    check_confidence(confidence)
    method = {"estimator": estimator_named(estimator).name, "scale": _checked_scale(scale)}
    design: dict[str, Any] = {"replicates": replicates, "groups": groups, "latent": latent}
    plan, attrs = _plan(priors, size, model, grid, wanted, seed, design, second_order, **method)
    place = None
    if checkpoint is not None:
        place = Checkpoint(checkpoint, _told(plan, model, grid, attrs), SobolSums)
    how: Any = {"executor": executor, "workers": workers, "place": place}
    how["progress"] = None if progress is None else lambda leaves: progress(leaves, plan.leaves)
    length = max(1, min(_MOST_LEAVES, plan.leaves // _FEWEST_PIECES))
    sums = run_pieces(sum_products, plan, SobolSums(), plan.leaves, length, **how)
    means, values = sums.totals()
    return streamed_indices(
        means,
        values,
        np.array([spread for _, spread in plan.standards]),
        model,
        wanted,
        plan.program.dimensions,
        tuple(plan.swaps),
        grid,
        second_order,
        confidence,
        attrs,
    )


def _plan(
    priors: Priors,
    size: int,
    model: Model,
    years: FloatArray,
    outputs: tuple[str, ...],
    seed: int,
    design: Mapping[str, Any],
    second_order: bool,
    *,
    estimator: str,
    scale: str,
) -> tuple[SobolPlan, dict[str, Any]]:
    """Prove that a run can be made, and return what its workers need and where it comes from."""
    labelled = [name for name in outputs if model.declaration(name).labels]
    if labelled:
        raise InputError(f"output {labelled[0]!r} is a labelled index; leave it out of outputs")
    needed = priors.only(model.inputs(outputs)).correlated_in(model.inputs([output]) for output in outputs)
    b_swaps = second_order or estimator_named(estimator).needs_second_order
    few = draw(needed, design["replicates"], design="saltelli", seed=seed, second_order=b_swaps, **design)
    drawn = design_of(few)
    replicates = drawn["replicates"]
    _check_size(size, replicates)
    values, units = input_arrays(few)
    model = with_changes(model, values)
    model.check_inputs(values, outputs)
    plan = SobolPlan(
        needed,
        int(seed),
        int(size) // replicates,
        replicates,
        drawn["swaps"],
        estimator,
        second_order,
        scale == "log10",
        prepared(model, values, units, outputs, years),
        versions(),
    )
    record = run_record(few, int(size), model_hash=model.hash)
    attrs = {**provenance(record), "scale": scale, "estimator": estimator}
    return plan.on_common_standards(), attrs


def _told(plan: SobolPlan, model: Model, years: FloatArray, attrs: Mapping[str, Any]) -> dict[str, str]:
    """Say all that decides the sums, for a checkpoint to compare."""
    return {
        "call": "stream_sobol",
        "priors": f"{plan.priors.name} {plan.priors.hash}",
        "code": code_fingerprint(model),
        "libraries": json.dumps(dict(plan.versions)),
        "size": str(plan.each * plan.replicates),
        "seed": str(plan.seed),
        "replicates": str(plan.replicates),
        "groups": json.dumps(plan.swaps),
        "latent": str(json.loads(attrs[PROVENANCE])["design"]["latent"]),
        "scale": attrs["scale"],
        "estimator": plan.estimator,
        "second_order": str(plan.second_order),
        "years": json.dumps(years.tolist()),
        "outputs": ", ".join(plan.program.outputs),
    }


def _checked_scale(scale: str) -> str:
    """Refuse a scale that cannot be told before the run."""
    if scale not in ("log10", "raw"):
        raise InputError(f"scale is {scale!r}; give 'log10' or 'raw', for a stream cannot look at all values first")
    return scale


def _check_size(size: object, replicates: int) -> None:
    """Refuse a size that the design cannot take."""
    points = whole_number("size", size, most=1 << 40)
    if points & (points - 1) or points % replicates:
        raise InputError(f"size is {size!r}; give a power of two, and replicates that divide it")
