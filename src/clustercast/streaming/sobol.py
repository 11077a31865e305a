"""Sobol' indices in one call: in memory, or piece by piece from sums of products where memory is short."""

import functools
import json
from collections.abc import Iterable
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.intervals import FewRuns, check_confidence
from clustercast.arrays.indices.sobol_estimators import estimator_named, runs_per_point
from clustercast.arrays.summaries import squared_in
from clustercast.dataset import Dataset, Record, design_of, input_arrays, output_attrs, provenance, year_coordinate
from clustercast.engine.model import Model
from clustercast.engine.program import program as prepared
from clustercast.errors import InputError, typed, whole_number
from clustercast.priors.groups import Groups, checked_groups
from clustercast.priors.prior_set import Priors
from clustercast.propagation import YEARS, Progress
from clustercast.sensitivity.outputs import AnalysedOutput, Scale, labelled_sobol, scales_of
from clustercast.sensitivity.run import Study, growing_sobol
from clustercast.sensitivity.sobol import Engine, method_attributes
from clustercast.streaming.checkpoint import Checkpoint, run_pieces, run_record
from clustercast.streaming.executors import Workplace
from clustercast.streaming.moments import LeafSums, Moments
from clustercast.streaming.pieces import SobolPlan, sum_products

# Less than no memory: what needs the whole design is refused.
_NEVER_WHOLE = -(1 << 62)
# Rows of each column in the moments of the independent runs: values, four powers, unusual ones, and of the last five
# those of a less those of b.
_ROWS = 11
_FEWEST_PIECES = 32
_MOST_LEAVES = 64


@typed
def run_sobol(
    priors: Priors,
    *,
    model: Model | None = None,
    outputs: Iterable[str] | str | None = None,
    years: Iterable[float] = YEARS,
    size: int = 1024,
    seed: int = 0,
    engine: Engine = "panel",
    estimator: str | None = None,
    second_order: bool = False,
    replicates: int | None = None,
    groups: Groups | None = None,
    latent: bool = False,
    scale: Scale = "auto",
    confidence: float = 0.95,
    dummy: bool = False,
    until: float | None = None,
    budget: int = 1 << 22,
    memory: int = 4 << 30,
    executor: Workplace = None,
    workers: int | None = None,
    checkpoint: Path | str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Sobol' indices from priors to error bars, on a design that grows as far as asked.

    Inputs that none of the outputs depends on are fixed at their medians first: their indices are zero. Of correlated
    inputs those that the outputs depend on are one group, unless `latent`.

    Parameters
    ----------
    priors, model, outputs, years, seed, groups, latent
        As in `draw` and `propagate`, whose errors this has too.
    size : int, optional
        Base points to begin with, of all replicates together, a power of two.
    engine, estimator, second_order, scale, confidence
        As in `sobol_indices`, and its errors; by default ``"azzini-rosati"``. ``"salib"`` runs SALib on its own rows.
    replicates : int, optional
        Independent scrambles behind the error bars; 8 by default, and 1 for SALib's own bootstrap.
    dummy : bool, optional
        Whether to add an input ``dummy`` on which nothing depends. Its indices are exactly 0: its swap changes nothing.
    until : float, optional
        Half-width above 0 that every first-order and total index that the runs show shall have at most. While one is
        wider the design doubles.
    budget : int, optional
        Most model runs (rows of the design).
    memory : int, optional
        Bytes that design and forecast may take. A larger design is run piece by piece, as `stream_sobol` does, unless
        it grows (`until`), SALib runs it, or an output is a labelled index, which need the whole of it.
    executor, workers, checkpoint
        As in `stream`; with one of them the design is run piece by piece, whatever its size, and what needs the whole
        of it is refused.
    progress : callable, optional
        Called with samples done and samples planned, of each round; of pieces, with base points.

    Returns
    -------
    Dataset
        As `sobol_indices`; with `until`, the attributes ``until``, ``reached`` (0 or 1), ``widest``, ``statement``.
        An input on which an output depends though no estimate shows it has no width, and ``warning`` names it.
    """
    if until is not None and not (isinstance(until, Real) and until > 0):
        raise InputError(f"until is {until!r}; give a half-width above 0, as 0.02")
    study = Study(priors, model=model, outputs=outputs, years=years, progress=progress, dummy=dummy)
    size, names = whole_number("size", size), study.needed.uncertain
    # Inputs that no output depends on are left out of groups, and so are groups that are empty then.
    kept = {group: [n for n in members if n in names] for group, members in checked_groups(groups, priors).items()}
    points, usual, scrambles = ("salib", "saltelli-jansen", 1) if engine == "salib" else ("sobol", "azzini-rosati", 8)
    chosen = estimator_named(usual if estimator is None else estimator)
    design = {"design": "saltelli", "seed": seed, "second_order": second_order or chosen.needs_second_order}
    design |= {"replicates": scrambles if replicates is None else replicates, "points": points, "latent": latent}
    design["groups"] = {group: members for group, members in kept.items() if members} or None
    how = {"engine": engine, "estimator": chosen.name, "second_order": second_order, "scale": scale}
    how["confidence"] = confidence
    if memory < 0 and memory != _NEVER_WHOLE:
        raise InputError(f"memory is {memory!r}; give the bytes that a design may take, 0 or more")
    asked = memory < 0 or any(option is not None for option in (executor, workers, checkpoint))
    reasons = [f"output {name!r} is a labelled index" for name in study.wanted if study.model.declaration(name).labels]
    reasons += ["until is given"] * (until is not None) + [f"engine is {engine!r}"] * (engine != "panel")
    whole = next(iter(reasons), "")
    if asked and whole:
        raise InputError(f"{whole}, which needs the whole design; leave it out, or do without pieces")
    # Numbers of inputs, outputs and the copies of one output that is analysed.
    each = len(names) + (len(study.wanted) + 2) * len(study.years)
    if asked or (not whole and 8 * size * runs_per_point(len(names), bool(design["second_order"])) * each > memory):
        indices = sobol_in_pieces(study, size, design, how, checkpoint, executor=executor, workers=workers)
    else:
        indices = growing_sobol(study, size, design, how, until, budget)
    return study.cautioned(indices)


@typed
def stream_sobol(priors: Priors, *, size: int, **options: Any) -> Dataset:
    """Sobol' indices from priors to error bars, of a design that need not fit into memory.

    Parameters
    ----------
    priors : Priors
    size : int
        Base points of all replicates together, a power of two; each is ``2 D + 2`` runs, or ``D + 2`` where neither the
        estimator nor `second_order` needs the rows BA.
    **options
        As in `run_sobol`, whose errors this has too, but for what needs the whole design: `until`, SALib's engine,
        labelled indices. An output that is not finite, or not positive on the scale log10, is refused.

    Returns
    -------
    Dataset
        As `run_sobol`, up to rounding, with the sources of `sobol_indices`; the same bits for any `executor` and
        `workers`, broken off or not, on processors of one kind. No piece sees the changes of an input that acts in a
        rare regime, nor the largest values of all: widths there may be too narrow, and a tail is known by its kurtosis.
    """
    return run_sobol(priors, size=size, memory=_NEVER_WHOLE, **options)


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
    asked: dict[str, Any] = {"seed": int(drawn["seed"]), "each": points // replicates, "replicates": replicates}
    asked |= {"swaps": drawn["swaps"], "b_swaps": drawn["second_order"], "second_order": how["second_order"]}
    asked["log10"] = frozenset(name for name, scale in scales.items() if scale == "log10")
    asked["program"] = prepared(study.changed, values, units, study.wanted, study.years)
    plan = SobolPlan(study.needed, estimator=estimator_named(how["estimator"]), **asked).on_common_standards()
    own = {"size": points, "seed": plan.seed, "replicates": replicates, "groups": json.dumps(plan.swaps)}
    own |= {"latent": drawn["latent"], "scale": json.dumps(scales), "estimator": plan.estimator.name}
    own |= {"second_order": plan.second_order, "years": study.years.tolist(), "outputs": ", ".join(study.wanted)}
    place = None if checkpoint is None else Checkpoint(checkpoint, "stream_sobol", study.changed, plan.priors, **own)
    length = max(1, min(_MOST_LEAVES, points // plan.leaf // _FEWEST_PIECES))
    shown: dict[str, Any] = {"progress": study.progress, "leaf": plan.leaf, "size": points}
    done = run_pieces(sum_products, plan, LeafSums(top=plan.top), length, place=place, **shown, **workplace)
    record = run_record(few, points, model_hash=study.changed.hash)
    return _streamed_indices(done, plan, study, how["confidence"], record)


def _fourth_moment(powers: FloatArray, centre: FloatArray) -> FloatArray:
    """Return the mean fourth power of deviations from some centre, from means of four powers."""
    m1, m2, m3, m4, *_ = powers
    return np.asarray(m4 - 4 * centre * m3 + 6 * centre**2 * m2 - 4 * centre**3 * m1 + centre**4)


def _streamed_indices(sums: LeafSums, plan: SobolPlan, study: Study, confidence: float, record: Record) -> Dataset:
    """Return the indices of a whole run, labelled as `sobol_indices` labels its own."""
    totals = [sums.nodes[plan.top, number] for number in range(plan.replicates)]
    values, count = functools.reduce(Moments.joined, totals), plan.standards.shape[1]
    # Of the powers about the common standard: on how few runs the indices of each column rest.
    _, *both = values.mean[: _ROWS * count].reshape(_ROWS, count)
    # Means of four powers and of unusual values, and those of a less those of b, shape (5, columns).
    whole, lead, runs = np.stack(both[:5]), np.stack(both[5:]), values.count
    fourths = runs * _fourth_moment(whole, whole[0])
    few_runs = FewRuns.from_sums(np.rint(whole[4] * runs), runs * (whole[1] - whole[0] ** 2), fourths, runs)
    if not plan.estimator.needs_second_order:
        sides = [whole + lead, whole - lead]
        counts = np.rint(np.column_stack([side[4] for side in sides]) * runs / 2)
        few_runs = few_runs.apart(counts, np.column_stack([_fourth_moment(side, whole[0]) for side in sides]))
    few_runs = few_runs._replace(replicates=plan.replicates)
    deviation = np.sqrt(values.spread[:count] / runs)
    # A column whose values differ by rounding only is constant.
    deviation[deviation <= 16 * np.finfo(np.float64).eps * np.abs(values.mean[:count])] = 0.0
    # Behind the moments of values are means of products, shape (statistics, columns, replicates).
    means = np.stack([each.mean[len(each.spread) :].reshape(count, -1).T for each in totals], axis=-1)
    scales = plan.standards[2] / np.where(deviation == 0, np.nan, deviation)
    estimator, inputs, pairs = plan.estimator, len(plan.swaps), plan.second_order
    means = estimator.standardised(means, scales[:, np.newaxis], inputs, pairs)
    measures = estimator.with_intervals(means, inputs, confidence, few_runs, pairs=pairs, resampled=False)
    measures["variance"] = np.array(list(map(squared_in, (deviation**2).tolist(), plan.standards[0].tolist())))
    # On the raw scale; 0 where an output is not positive or on log10.
    spread = values.spread[_ROWS * count :]
    log_sds = np.nan_to_num(np.sqrt(spread / runs)) if spread.size else np.zeros(count)
    results, few = [], []
    for name, rows in plan.columns.items():
        by_year = plan.program.dimensions[name] == 2
        own = {measure: array[rows] for measure, array in measures.items()}
        scale, log_sd = "log10" if name in plan.log10 else "raw", float(log_sds[rows].max())
        output = AnalysedOutput(name, study.model.unit(name), scale, np.empty((0, 0)), by_year, log_sd)
        few += output.few_runs_caution(own.pop("events"), own.pop("kurtosis"))
        results.append(output.measured(own, own["variance"] == 0))
    interval = "student-t" if "S1_conf" in measures else "none"
    run = xr.Dataset(coords={"year": year_coordinate(study.years)}, attrs=provenance(record))
    return labelled_sobol(results, run, method_attributes("stream", plan.estimator, interval, confidence), few)
