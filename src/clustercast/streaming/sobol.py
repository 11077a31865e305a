"""Sobol' indices of designs that need not fit into memory: products of runs are summed piece by piece."""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.intervals import FewRuns, check_confidence, half_width, lead_half_width, usual_values
from clustercast.arrays.indices.pick_freeze import (
    centre_and_scale,
    indices_from_means,
    product_sums,
    runs_per_point,
    separate,
)
from clustercast.arrays.indices.sobol_estimators import Estimator, Ratios, Runs, estimator_named, pair_rows
from clustercast.arrays.points.saltelli import saltelli_replicate
from clustercast.arrays.summaries.order_statistics import squared_in, unit_for_squares
from clustercast.dataset import Dataset, design_of, input_arrays, output_attrs, provenance, year_coordinate
from clustercast.engine.fingerprint import versions
from clustercast.engine.program import Program
from clustercast.engine.program import program as prepared
from clustercast.errors import InputError, whole_number
from clustercast.priors.prior_set import Priors
from clustercast.sampling import saltelli_values
from clustercast.sensitivity.labels import few_events_caution, labelled_sobol
from clustercast.sensitivity.outputs import AnalysedOutput, MeasuredOutput, scales_of
from clustercast.sensitivity.run import Study
from clustercast.sensitivity.sobol import method_attributes
from clustercast.streaming.checkpoint import Checkpoint, run_identity, run_pieces
from clustercast.streaming.executors import check_versions
from clustercast.streaming.moments import LeafSums, Moments, moments_of
from clustercast.streaming.stream import run_record

# Rows of each column in the moments of the independent runs: values, unusual ones, four powers.
_ROWS = 6
_FEWEST_PIECES = 32
_MOST_LEAVES = 64
_ROWS_OF_A_LEAF = 4096
# Means of runs; all others are of products of two.
_OF_RUNS = ("sum", "a", "b", "swapped", "other")


@dataclass(frozen=True)
class SobolPlan:
    """All that a worker needs to sum the products of any base points: replicates one after the other, in leaves."""

    priors: Priors
    seed: int
    # Base points of a replicate, a power of two.
    each: int
    replicates: int
    swaps: Mapping[str, Sequence[str]]
    estimator: Estimator
    second_order: bool
    # Outputs on the scale log10; the others are on the raw scale.
    log10: frozenset[str]
    program: Program
    versions: Mapping[str, str]
    # Centre and scale of each column, which all pieces share, and its usual value.
    standards: Sequence[tuple[float, float]] = ()
    usual: Sequence[float] = ()
    # What the values of each column are divided by, so that their squares are no more than a float holds.
    factors: Sequence[float] = ()

    @property
    def b_swaps(self) -> bool:
        """Whether the runs ``BA_j`` are needed."""
        return self.second_order or self.estimator.needs_second_order

    @property
    def rows(self) -> dict[str, int]:
        """Number of columns of each output: its years, 1 where it has none."""
        dimensions = self.program.dimensions
        return {name: self.program.years if dimensions[name] == 2 else 1 for name in self.program.outputs}

    @property
    def runs(self) -> int:
        """Runs of a base point."""
        return runs_per_point(len(self.swaps), self.b_swaps)

    @property
    def leaf(self) -> int:
        """Base points of a leaf: a power of two, so that a finished replicate is one node of its tree."""
        most = max(1, _ROWS_OF_A_LEAF // self.runs)
        return min(self.each, 1 << (most.bit_length() - 1))

    @property
    def leaves(self) -> int:
        """Leaves of all replicates."""
        return self.replicates * (self.each // self.leaf)

    def on_common_standards(self) -> "SobolPlan":
        """Return the plan with a centre, a scale and a usual value for each column, from its first leaf."""
        factors = [unit_for_squares(column) for column in _runs(self, 0, 0)]
        plan = replace(self, factors=factors) if set(factors) != {1.0} else self
        runs = _runs(plan, 0, 0)
        standards = [centre_and_scale(column) for column in runs]
        usual = usual_values(_independent(runs)).tolist()
        return replace(plan, standards=[(centre, scale or 1.0) for centre, scale in standards], usual=usual)


def sum_products(plan: SobolPlan, start: int, stop: int) -> LeafSums:
    """Draw, propagate and sum the products of the leaves from `start` to before `stop`, through all replicates."""
    check_versions(plan.versions)
    sums = LeafSums()
    for leaf in range(start, stop):
        replicate, number = divmod(leaf, plan.each // plan.leaf)
        runs = _runs(plan, replicate, number)
        columns = zip(runs, plan.standards, strict=True)
        means = np.array([_sums(plan, column, *standard) for column, standard in columns]) / plan.leaf
        # The spread of products is of no use.
        moments = Moments(plan.leaf, means, means[:0])
        sums.trees[f"products.{replicate}"].add(number, moments)
        sums.trees[f"values.{replicate}"].add(number, _moments_of_independent(plan, runs))
    sums.leaves = [(start, stop)]
    return sums


def totals(sums: LeafSums) -> tuple[FloatArray, Moments]:
    """Return the means of products (columns, statistics, replicates), and the moments of values over all replicates."""
    replicates = range(len(sums.trees) // 2)
    means = np.stack([sums.trees[f"products.{number}"].total().mean for number in replicates], axis=-1)
    values = (sums.trees[f"values.{number}"].total() for number in replicates)
    return means, functools.reduce(Moments.joined, values)


def _moments_of_independent(plan: SobolPlan, runs: FloatArray) -> Moments:
    """Return the moments of the runs a and b, how often they are unusual, of powers, and on the raw scale of logs."""
    independent = _independent(runs)
    unusual = (independent != np.array(plan.usual)[:, np.newaxis]).astype(np.float64)
    standard = (independent - np.array(plan.standards)[:, :1]) / np.array(plan.standards)[:, 1:]
    powers = [independent, unusual, *(standard**power for power in (1, 2, 3, 4))]
    raw = np.array([name not in plan.log10 for name, rows in plan.rows.items() for _ in range(rows)])
    if not raw.any():
        return moments_of(np.vstack(powers))
    positive = (independent > 0) & raw[:, np.newaxis]
    logarithms = np.where(positive, np.log(np.where(positive, independent, 1.0)), np.nan)
    return moments_of(np.vstack([*powers, logarithms]))


def _independent(runs: FloatArray) -> FloatArray:
    """Return the runs a and b of each column, shape (columns, runs)."""
    return np.ascontiguousarray(runs[:, :, [0, -1]].reshape(len(runs), -1))


def _sums(plan: SobolPlan, column: FloatArray, centre: float, scale: float) -> FloatArray:
    """Return the sums of the products of one column, and of what moves their centre where that matters."""
    runs = separate(column, len(plan.swaps), centre=centre, scale=scale)
    products = product_sums(runs, plan.estimator, second_order=plan.second_order)
    return np.concatenate([products, centre_sums(runs)]) if plan.estimator.moved_by_centre else products


def _runs(plan: SobolPlan, replicate: int, leaf: int) -> FloatArray:
    """Return the runs of a leaf on the scale of the analysis, shape (columns, points, runs of a point)."""
    names = plan.priors.uncertain
    a, b = saltelli_replicate(plan.seed, replicate, plan.replicates, names, plan.leaf, start=leaf * plan.leaf)
    inputs = saltelli_values(plan.priors, a, b, plan.swaps, plan.b_swaps)
    columns = []
    for name, result in plan.program.run(inputs).items():
        shape = plan.program.shape(name, plan.leaf * plan.runs)
        values = np.broadcast_to(result * plan.program.scale[name], shape)
        if not np.isfinite(values).all():
            raise InputError(f"output {name!r} has values that are not finite; correct the quantity that gives it")
        if name in plan.log10 and not values.min() > 0:
            share = f"{np.count_nonzero(values <= 0):,} of {values.size:,} values of a piece"
            raise InputError(f"output {name!r} is not positive in {share}; give it the scale 'raw'")
        columns.append(np.log10(values) if name in plan.log10 else values)
    panel = np.vstack([np.atleast_2d(column) for column in columns]).reshape(-1, plan.leaf, plan.runs)
    return panel / np.array(plan.factors)[:, np.newaxis, np.newaxis] if plan.factors else panel


# Pieces share a centre and a scale that are taken from a few runs. Indices do not depend on the scale, and with most
# estimators not on the centre. Those of Saltelli (2010) and Sobol' (2007) multiply a run by a change, and have the mean
# of all runs for their centre. Their products are linear in it, so that the means of the changes are enough to move it
# afterwards.


def centre_sums(runs: Runs) -> FloatArray:
    """Return the sums over points of the mean of a point's runs, and of the change that each swap makes."""
    swaps = [runs.a_change] if runs.b_change is None else [runs.a_change, runs.b_change]
    changes = np.concatenate([swap.sum(axis=1) for swap in swaps])
    inputs = len(runs.a_change)
    of_b = 1 if runs.b_change is None else inputs + 1
    everything = (inputs + 1) * runs.a.sum() + of_b * runs.b.sum() + changes.sum()
    return np.concatenate([[everything / (inputs + 1 + of_b)], changes])


def about_mean(means: FloatArray, estimator: Estimator, inputs: int, *, second_order: bool = False) -> FloatArray:
    """Return means of products about the mean of all runs; those of `centre_sums` follow them, and are used up."""
    layout = estimator.layout(inputs, second_order)
    size = max(rows.stop for rows in layout.values())
    moved = means[:size].copy()
    centre, changes = means[size].mean(), means[size + 1 :]
    a_change, b_change = changes[:inputs], changes[inputs:]
    moved[layout["square"]] -= 2 * centre * (moved[layout["sum"]] - centre)
    moved[layout["sum"]] -= 2 * centre
    for name, times in estimator.moved_by_centre.items():
        moved[layout[name]] += times * centre * a_change
    if second_order:
        moved[layout["mixed"]] -= centre * (b_change - a_change)
    return moved


def rescaled(
    means: FloatArray, factor: float, estimator: Estimator, inputs: int, *, second_order: bool = False
) -> FloatArray:
    """Return the means of products of runs that are multiplied by a factor."""
    products = means * factor**2
    for name, rows in estimator.layout(inputs, second_order).items():
        if name in _OF_RUNS:
            products[rows] = means[rows] * factor
    return products


def sobol_in_pieces(
    study: Study,
    size: int,
    design: Mapping[str, Any],
    how: Mapping[str, Any],
    checkpoint: Path | str | None,
    **workplace: Any,
) -> Dataset:
    """Return the indices of a design that is never whole."""
    check_confidence(how["confidence"])
    plan, record = _plan(study, size, design, how)
    place = None
    if checkpoint is not None:
        place = Checkpoint(checkpoint, _identity(plan, study, record["design"]), LeafSums)
    length = max(1, min(_MOST_LEAVES, plan.leaves // _FEWEST_PIECES))
    shown: dict[str, Any] = {"progress": study.progress, "leaf": plan.leaf, "size": record["design"]["size"]}
    done = run_pieces(sum_products, plan, LeafSums(), plan.leaves, length, place=place, **shown, **workplace)
    return _streamed_indices(done, plan, study, how["confidence"], record)


def _plan(
    study: Study, size: int, design: Mapping[str, Any], how: Mapping[str, Any]
) -> tuple[SobolPlan, dict[str, Any]]:
    """Prove that a run can be made; return what its workers need, and where it comes from."""
    few = study.inputs(design["replicates"], **design)
    drawn = design_of(few)
    points = whole_number("size", size, most=1 << 40)
    if points & (points - 1) or points % drawn["replicates"]:
        raise InputError(f"size is {size!r}; give a power of two, and replicates that divide it")
    values, units = input_arrays(few.drop_vars(study.idle))
    study.changed.check_inputs(values, study.wanted)
    attrs = {name: output_attrs(study.changed, name) for name in study.wanted}
    log10 = frozenset(name for name, scale in scales_of(attrs, how["scale"]).items() if scale == "log10")
    plan = SobolPlan(
        study.needed,
        int(drawn["seed"]),
        points // drawn["replicates"],
        drawn["replicates"],
        drawn["swaps"],
        estimator_named(how["estimator"]),
        how["second_order"],
        log10,
        prepared(study.changed, values, units, study.wanted, study.years),
        versions(),
    )
    return plan.on_common_standards(), run_record(few, points, model_hash=study.changed.hash)


def _identity(plan: SobolPlan, study: Study, design: Mapping[str, Any]) -> dict[str, str]:
    """Return all that decides the sums, for a checkpoint to compare."""
    return run_identity(
        "stream_sobol",
        study.changed,
        plan.priors,
        size=design["size"],
        seed=plan.seed,
        replicates=plan.replicates,
        groups=json.dumps(plan.swaps),
        latent=design["latent"],
        scale=json.dumps({name: "log10" if name in plan.log10 else "raw" for name in plan.program.outputs}),
        estimator=plan.estimator.name,
        second_order=plan.second_order,
        years=study.years.tolist(),
        outputs=", ".join(plan.program.outputs),
    )


def _streamed_indices(
    sums: LeafSums, plan: SobolPlan, study: Study, confidence: float, record: Mapping[str, Any]
) -> Dataset:
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
        few += few_events_caution(name, few_runs.events[rows])
        start = rows.stop
    interval = "student-t" if "S1_conf" in measures else "none"
    attrs = provenance(record) | method_attributes("stream", plan.estimator, interval, confidence)
    years = year_coordinate(study.years)
    return labelled_sobol(results, record["design"], years=years, attrs=attrs, cautions=few)


def _measures(
    means: FloatArray, values: Moments, plan: SobolPlan, confidence: float, few: FewRuns
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
    factors = plan.factors or [1.0] * len(means)
    variance = np.array(
        [squared_in(float(square), factor) for square, factor in zip(deviation**2, factors, strict=True)]
    )
    measures = {name: array[..., 0] for name, array in stacked.items()} | {"variance": variance}
    if means.shape[-1] > 1:
        widths = {name: half_width(array[..., 1:], confidence, resampled=False) for name, array in stacked.items()}
        widths["ST_lead"] = np.stack([lead_half_width(one, confidence, resampled=False) for one in stacked["ST"]])
        measures |= {f"{name}_conf": width for name, width in few.widened(widths, measures, confidence).items()}
    return measures


def _ratios(means: FloatArray, factor: float, estimator: Estimator, inputs: int, second_order: bool) -> Ratios:
    """Return one column's indices of all replicates together, and without each."""
    if estimator.moved_by_centre:
        means = about_mean(means, estimator, inputs, second_order=second_order)
    means = rescaled(means, factor, estimator, inputs, second_order=second_order)
    replicates, whole = means.shape[-1], means.mean(axis=-1, keepdims=True)
    left_out = (replicates * whole - means) / max(replicates - 1, 1)
    every = np.concatenate([whole, left_out], axis=-1)
    return indices_from_means(every, estimator, inputs, second_order=second_order)
