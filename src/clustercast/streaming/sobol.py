"""Sobol' indices of designs that need not fit into memory: products of runs are summed piece by piece."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from clustercast.arrays import Arrays, FloatArray
from clustercast.arrays.indices.intervals import FewRuns, check_confidence
from clustercast.arrays.indices.sobol_estimators import estimator_named
from clustercast.arrays.indices.sobol_panel import with_intervals
from clustercast.arrays.summaries.order_statistics import squared_in
from clustercast.dataset import Dataset, Record, design_of, input_arrays, output_attrs, provenance, year_coordinate
from clustercast.engine.fingerprint import versions
from clustercast.engine.program import program as prepared
from clustercast.errors import InputError, whole_number
from clustercast.sensitivity.labels import few_runs_caution, labelled_sobol
from clustercast.sensitivity.outputs import AnalysedOutput, MeasuredOutput, scales_of
from clustercast.sensitivity.run import Study
from clustercast.sensitivity.sobol import method_attributes
from clustercast.streaming.checkpoint import Checkpoint, run_identity, run_pieces
from clustercast.streaming.moments import LeafSums, Moments
from clustercast.streaming.sobol_sums import SobolPlan, about_mean, rescaled, sum_products, totals
from clustercast.streaming.stream import run_record

# Rows of each column in the moments of the independent runs: values, unusual ones, four powers.
_ROWS = 6
_FEWEST_PIECES = 32
_MOST_LEAVES = 64


def sobol_in_pieces(
    study: Study, size: int, design: Record, how: Record, checkpoint: Path | str | None, **workplace: Any
) -> Dataset:
    """Return the indices of a design that is never whole."""
    check_confidence(how["confidence"])
    few = study.inputs(design["replicates"], **design)
    drawn, points = design_of(few), whole_number("size", size, most=1 << 40)
    replicates = drawn["replicates"]
    if points & (points - 1) or points % replicates:
        raise InputError(f"size is {size!r}; give a power of two, and replicates that divide it")
    values, units = input_arrays(few.drop_vars(study.idle))
    study.changed.check_inputs(values, study.wanted)
    scales = scales_of({name: output_attrs(study.changed, name) for name in study.wanted}, how["scale"])
    plan = SobolPlan(
        study.needed,
        int(drawn["seed"]),
        points // replicates,
        replicates,
        drawn["swaps"],
        estimator_named(how["estimator"]),
        how["second_order"],
        frozenset(name for name, scale in scales.items() if scale == "log10"),
        prepared(study.changed, values, units, study.wanted, study.years),
        versions(),
    ).on_common_standards()
    place = None
    if checkpoint is not None:
        own = {"size": points, "seed": plan.seed, "replicates": replicates, "groups": json.dumps(plan.swaps)}
        own |= {"latent": drawn["latent"], "scale": json.dumps(scales), "estimator": plan.estimator.name}
        own |= {"second_order": plan.second_order, "years": study.years.tolist(), "outputs": ", ".join(study.wanted)}
        place = Checkpoint(checkpoint, run_identity("stream_sobol", study.changed, plan.priors, **own))
    length = max(1, min(_MOST_LEAVES, plan.leaves // _FEWEST_PIECES))
    shown: dict[str, Any] = {"progress": study.progress, "leaf": plan.leaf, "size": points}
    done = run_pieces(sum_products, plan, LeafSums(), plan.leaves, length, place=place, **shown, **workplace)
    record = run_record(few, points, model_hash=study.changed.hash)
    return _streamed_indices(done, plan, study, how["confidence"], record)


def _streamed_indices(sums: LeafSums, plan: SobolPlan, study: Study, confidence: float, record: Record) -> Dataset:
    """Return the indices of a whole run, labelled as `sobol_indices` labels its own."""
    means, values = totals(sums)
    count = len(means)
    # Of the powers about the common standard: on how few runs the indices of each column rest.
    _, unusual, m1, m2, m3, m4, *_ = values.mean[: _ROWS * count].reshape(_ROWS, count)
    fourths = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
    runs = values.count
    few_runs = FewRuns.from_sums(np.rint(unusual * runs), runs * (m2 - m1**2), runs * fourths, runs)
    measures = _measures(means, values, plan, confidence, few_runs)
    # On the raw scale; 0 where an output is not positive or on log10.
    spread = values.spread[_ROWS * count :]
    log_sds = np.nan_to_num(np.sqrt(spread / values.count)) if spread.size else np.zeros(count)
    results, few, start = [], [], 0
    for name in plan.program.outputs:
        by_year = plan.program.dimensions[name] == 2
        rows = slice(start, start + plan.rows[name])
        own = {measure: array[rows] for measure, array in measures.items()}
        scale, log_sd = "log10" if name in plan.log10 else "raw", float(log_sds[rows].max())
        output = AnalysedOutput(name, study.model.unit(name), scale, np.empty((0, 0)), by_year, log_sd)
        results.append(MeasuredOutput(output, own, own["variance"] == 0))
        few += few_runs_caution(output, few_runs.events[rows], few_runs.kurtosis[rows])
        start = rows.stop
    interval = "student-t" if "S1_conf" in measures else "none"
    run = xr.Dataset(coords={"year": year_coordinate(study.years)}, attrs=provenance(record))
    return labelled_sobol(results, run, method_attributes("stream", plan.estimator, interval, confidence), few)


def _measures(means: FloatArray, values: Moments, plan: SobolPlan, confidence: float, few: FewRuns) -> Arrays:
    """Return the indices of every column with half-widths: of replicates each is left out once (the jackknife)."""
    deviation = np.sqrt(values.spread[: len(means)] / values.count)
    # A column whose values differ by rounding only is constant.
    deviation[deviation <= 16 * np.finfo(np.float64).eps * np.abs(values.mean[: len(means)])] = 0.0
    estimator, inputs, second_order = plan.estimator, len(plan.swaps), plan.second_order
    statistics = max(rows.stop for rows in estimator.layout(inputs, second_order).values())
    replicates = means.shape[-1]
    every = np.full((statistics, len(means), 1 + replicates), np.nan)
    for column, (_, scale) in enumerate(plan.standards):
        if deviation[column] != 0:
            own = means[column]
            if estimator.moved_by_centre:
                own = about_mean(own, estimator, inputs, second_order=second_order)
            own = rescaled(own, scale / deviation[column], estimator, inputs, second_order=second_order)
            whole = own.mean(axis=-1, keepdims=True)
            left_out = (replicates * whole - own) / max(replicates - 1, 1)
            every[:, column] = np.concatenate([whole, left_out], axis=-1)
    measures = with_intervals(every, estimator, inputs, confidence, few, second_order=second_order, resampled=False)
    factors = plan.factors or [1.0] * len(means)
    variance = [squared_in(float(square), factor) for square, factor in zip(deviation**2, factors, strict=True)]
    return measures | {"variance": np.array(variance)}
