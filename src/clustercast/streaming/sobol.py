"""Sobol' indices of designs that need not fit into memory: products of runs are summed piece by piece."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.intervals import (
    as_wide_as_few_events,
    check_confidence,
    half_width,
    lead_half_width,
    only_few,
)
from clustercast.arrays.indices.pick_freeze import indices_from_sums
from clustercast.arrays.indices.sobol_estimators import Estimator, Ratios, estimator_named, pair_rows
from clustercast.dataset import Dataset, design_of, input_arrays, provenance, versions, year_coordinate
from clustercast.engine.changes import with_changes
from clustercast.engine.model import Model
from clustercast.engine.program import program as prepared
from clustercast.errors import InputError, whole_number
from clustercast.priors.prior_set import Priors
from clustercast.priors.swaps import Groups
from clustercast.propagation import YEARS, Progress, wanted_outputs, year_grid
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw
from clustercast.sensitivity.cautions import add_cautions, few_events_caution, group_cautions, sobol_cautions
from clustercast.sensitivity.labels import labelled
from clustercast.sensitivity.outputs import AnalysedOutput, MeasuredOutput
from clustercast.streaming.checkpoint import Checkpoint, run_identity
from clustercast.streaming.executors import Workplace
from clustercast.streaming.moments import Moments
from clustercast.streaming.pieces import run_pieces
from clustercast.streaming.reduction import run_record
from clustercast.streaming.sobol_sums import SobolPlan, SobolSums, about_mean, rescaled, sum_products

StreamedScale = Literal["log10", "raw"]

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
    scale: StreamedScale | Mapping[str, StreamedScale] = "log10",
    estimator: str = "azzini-rosati",
    second_order: bool = False,
    confidence: float = 0.95,
    executor: Workplace = None,
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
    scale : {"log10", "raw"} or mapping of str to one, optional
        Scale of every output, or of each; log10, which needs positive ones, by default.
    estimator, second_order, confidence
        As in `sobol_indices`; the estimator ``"azzini-rosati"``, by far the most precise, by default.
    executor, workers, checkpoint
        As in `stream`.
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
        As `sobol_indices` and `stream`; if an output is not finite, or not positive on the scale log10.

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
    method = (estimator_named(estimator), second_order, _on_log10(wanted, scale))
    design = {"replicates": replicates, "groups": groups, "latent": latent}
    plan, model, record = _plan(priors, size, model, grid, wanted, seed, design, *method)
    place = None
    if checkpoint is not None:
        place = Checkpoint(checkpoint, _identity(plan, model, grid, record["design"]), SobolSums)
    how: Any = {"executor": executor, "workers": workers, "place": place}
    how["progress"] = None if progress is None else lambda leaves: progress(leaves, plan.leaves)
    length = max(1, min(_MOST_LEAVES, plan.leaves // _FEWEST_PIECES))
    sums = run_pieces(sum_products, plan, SobolSums(), plan.leaves, length, **how)
    return _streamed_indices(sums, plan, model, grid, confidence, record)


def _plan(
    priors: Priors,
    size: int,
    model: Model,
    years: FloatArray,
    outputs: tuple[str, ...],
    seed: int,
    design: Mapping[str, Any],
    estimator: Estimator,
    second_order: bool,
    log10: frozenset[str],
) -> tuple[SobolPlan, Model, dict[str, Any]]:
    """Prove that a run can be made; return what its workers need, the model as it runs, and where it comes from."""
    indexed = [name for name in outputs if model.declaration(name).labels]
    if indexed:
        raise InputError(f"output {indexed[0]!r} is a labelled index; leave it out of outputs")
    model = with_changes(model, priors)
    needed = priors.only(model.inputs(outputs)).correlated_in(model.inputs([output]) for output in outputs)
    b_swaps = second_order or estimator.needs_second_order
    few = draw(needed, design["replicates"], design="saltelli", seed=seed, second_order=b_swaps, **design)
    drawn = design_of(few)
    replicates = drawn["replicates"]
    points = whole_number("size", size, most=1 << 40)
    if points & (points - 1) or points % replicates:
        raise InputError(f"size is {size!r}; give a power of two, and replicates that divide it")
    values, units = input_arrays(few)
    model.check_inputs(values, outputs)
    program = prepared(model, values, units, outputs, years)
    layout = (int(seed), points // replicates, replicates, drawn["swaps"])
    plan = SobolPlan(needed, *layout, estimator, second_order, log10, program, versions())
    return plan.on_common_standards(), model, run_record(few, points, model_hash=model.hash)


def _identity(plan: SobolPlan, model: Model, years: FloatArray, design: Mapping[str, Any]) -> dict[str, str]:
    """Return all that decides the sums, for a checkpoint to compare."""
    return run_identity(
        "stream_sobol",
        model,
        plan.priors,
        size=design["size"],
        seed=plan.seed,
        replicates=plan.replicates,
        groups=json.dumps(plan.swaps),
        latent=design["latent"],
        scale=json.dumps({name: "log10" if name in plan.log10 else "raw" for name in plan.program.outputs}),
        estimator=plan.estimator.name,
        second_order=plan.second_order,
        years=years.tolist(),
        outputs=", ".join(plan.program.outputs),
    )


def _on_log10(outputs: Iterable[str], scale: str | Mapping[str, str]) -> frozenset[str]:
    """Return the outputs on the scale log10; a scale that is not known before the run is refused."""
    of_each = {name: scale.get(name, "log10") if isinstance(scale, Mapping) else scale for name in outputs}
    if unknown := [chosen for chosen in of_each.values() if chosen not in ("log10", "raw")]:
        raise InputError(f"scale is {unknown[0]!r}; give 'log10' or 'raw': a stream cannot look at all values first")
    return frozenset(name for name, chosen in of_each.items() if chosen == "log10")


def _streamed_indices(
    sums: SobolSums, plan: SobolPlan, model: Model, years: FloatArray, confidence: float, record: Mapping[str, Any]
) -> Dataset:
    """Return the indices of a whole run, labelled as `sobol_indices` labels its own."""
    means, values = sums.totals()
    count = len(means)
    events = only_few(np.rint(values.mean[count : 2 * count] * values.count).astype(np.intp), values.count)
    measures = _measures(means, values, plan, confidence, events)
    # On the raw scale; 0 where an output is not positive or on log10.
    spread = values.spread[2 * count :]
    log_sds = np.nan_to_num(np.sqrt(spread / values.count)) if spread.size else np.zeros(count)
    results, few, start = [], [], 0
    for name in plan.program.outputs:
        by_year = plan.program.dimensions[name] == 2
        rows = slice(start, start + plan.rows[name])
        own = {measure: array[rows] for measure, array in measures.items()}
        scale, log_sd = "log10" if name in plan.log10 else "raw", float(log_sds[rows].max())
        output = AnalysedOutput(name, model.unit(name), scale, np.empty((0, 0)), by_year, log_sd)
        results.append(MeasuredOutput(output, own, own["variance"] == 0))
        few += few_events_caution(name, events[rows])
        start = rows.stop
    how = {
        "engine": "stream",
        "estimator": plan.estimator.name,
        "estimator_references": " ".join(f"doi:{doi}" for doi in plan.estimator.references),
        "interval": "student-t" if "S1_conf" in measures else "none",
        "interval_widened": int("S1_conf" in measures),
        "confidence": confidence,
    }
    design, attrs = record["design"], provenance(record) | how
    cautions = [*group_cautions(design), *few]
    indices = labelled(results, tuple(plan.swaps), years=year_coordinate(years), attrs=attrs, cautions=cautions)
    layout = {key: design[key] for key in ("points", "replicates", "size")}
    return add_cautions(indices, sobol_cautions(indices, interval=str(how["interval"]), **layout))


def _measures(
    means: FloatArray, values: Moments, plan: SobolPlan, confidence: float, events: FloatArray
) -> dict[str, FloatArray]:
    """Return the indices of every column with half-widths: of replicates each is left out once (the jackknife)."""
    deviation = np.sqrt(values.spread[: len(means)] / values.count)
    # A column whose values differ by rounding only is constant.
    deviation[deviation <= 16 * np.finfo(np.float64).eps * np.abs(values.mean[: len(means)])] = 0.0
    estimator, inputs, second_order = plan.estimator, len(plan.swaps), plan.second_order
    shape = (len(means), inputs, 1 + means.shape[-1])
    stacked = {"S1": np.full(shape, np.nan), "ST": np.full(shape, np.nan)}
    if second_order:
        stacked["S2"] = np.full((*shape[:2], *shape[1:]), np.nan)
    for row, (_, scale) in enumerate(plan.standards):
        if deviation[row] == 0:
            continue
        ratios = _ratios(means[row], scale / deviation[row], estimator, inputs, second_order)
        stacked["S1"][row], stacked["ST"][row], interactions = ratios
        if interactions is not None:
            stacked["S2"][row][pair_rows(inputs)] = interactions
    measures = {name: array[..., 0] for name, array in stacked.items()} | {"variance": deviation**2}
    if means.shape[-1] > 1:
        widths = {name: half_width(array[..., 1:], confidence, resampled=False) for name, array in stacked.items()}
        widths["ST_lead"] = np.stack([lead_half_width(one, confidence, resampled=False) for one in stacked["ST"]])
        for name, width in widths.items():
            shares = measures[name.removesuffix("_lead")]
            measures[f"{name}_conf"] = as_wide_as_few_events(width, shares, events, confidence)
    return measures


def _ratios(means: FloatArray, factor: float, estimator: Estimator, inputs: int, second_order: bool) -> Ratios:
    """Return one column's indices of all replicates together, and without each."""
    if estimator.moved_by_centre:
        means = about_mean(means, estimator, inputs, second_order=second_order)
    means = rescaled(means, factor, estimator, inputs, second_order=second_order)
    replicates, whole = means.shape[-1], means.mean(axis=-1, keepdims=True)
    left_out = (replicates * whole - means) / max(replicates - 1, 1)
    every = np.concatenate([whole, left_out], axis=-1)
    return indices_from_sums(every, 1.0, estimator, inputs, second_order=second_order)
