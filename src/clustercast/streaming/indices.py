"""The Sobol' indices of a design whose runs were never all in memory."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays.indices.intervals import (
    as_wide_as_few_events,
    check_confidence,
    half_width,
    lead_half_width,
    only_few,
)
from clustercast.arrays.indices.pair_products import pair_rows
from clustercast.arrays.indices.pick_freeze import indices_from_sums
from clustercast.arrays.indices.sobol_estimators import Estimator, Ratios, estimator_named
from clustercast.dataset import design_of, year_coordinate
from clustercast.engine.model import Model
from clustercast.sensitivity.cautions import add_cautions, few_events_caution, group_cautions, sobol_cautions
from clustercast.sensitivity.labels import labelled
from clustercast.sensitivity.outputs import AnalysedOutput, MeasuredOutput
from clustercast.streaming.moments import Moments
from clustercast.streaming.shared_standard import about_mean, rescaled

FloatArray = NDArray[np.float64]


def streamed_indices(
    means: FloatArray,
    values: Moments,
    scales: FloatArray,
    model: Model,
    outputs: Sequence[str],
    dimensions: Mapping[str, int],
    inputs: Sequence[str],
    years: FloatArray,
    second_order: bool,
    confidence: float,
    attrs: Mapping[str, Any],
) -> xr.Dataset:
    """Turn means of products into indices, and label them as `sobol_indices` does.

    Parameters
    ----------
    means : array (columns, statistics, replicates)
        Means of the estimator's products in each replicate, and of what moves their centre where that matters.
    values : Moments
        Of the independent runs of each column, of how often they are unusual, and on the raw scale of their logarithms.
    scales : array (columns,)
        What the runs of each column were divided by in the products.
    model : Model
    outputs : sequence of str
    dimensions : mapping of str to int
        2 for an output by year, 1 for one without.
    inputs : sequence of str
        What is swapped, in the order of the design.
    years : array (year,)
    second_order : bool
        Whether the products of pairs are there.
    confidence : float
    attrs : mapping
        Where the design came from; ``scale`` and ``estimator`` among them.

    Returns
    -------
    Dataset
    """
    check_confidence(confidence)
    estimator = estimator_named(attrs["estimator"])
    count = len(means)
    events = only_few(np.rint(values.mean[count : 2 * count] * values.count).astype(np.intp), values.count)
    found = _measures(means, values, scales, estimator, len(inputs), second_order, confidence)
    for name in [key.removesuffix("_conf") for key in found if key.endswith("_conf")]:
        shares = found[name.removesuffix("_lead")]
        found[f"{name}_conf"] = as_wide_as_few_events(found[f"{name}_conf"], shares, events, confidence)
    log_sds = _log_deviations(values, len(means))
    results, few, start = [], [], 0
    for name in outputs:
        by_year = dimensions[name] == 2
        rows = slice(start, start + (len(years) if by_year else 1))
        own = {measure: array[rows] for measure, array in found.items()}
        log_sd = float(log_sds[rows].max())
        output = AnalysedOutput(name, model.unit(name), attrs["scale"], np.empty((0, 0)), by_year, log_sd)
        results.append(MeasuredOutput(output, own, own["variance"] == 0))
        few += few_events_caution(name, events[rows])
        start = rows.stop
    how = {
        "engine": "stream",
        "estimator_references": " ".join(f"doi:{doi}" for doi in estimator.references),
        "interval": "student-t" if "S1_conf" in found else "none",
        "interval_widened": int("S1_conf" in found),
        "confidence": confidence,
    }
    carried = {key: value for key, value in attrs.items() if key != "scale"} | how
    indices = labelled(results, inputs, years=year_coordinate(years), attrs=carried)
    design = design_of(indices)
    indices = add_cautions(indices, [*group_cautions(design), *few])
    layout = {key: design[key] for key in ("points", "replicates", "size")}
    return add_cautions(indices, sobol_cautions(indices, interval=str(how["interval"]), **layout))


def _measures(
    means: FloatArray,
    values: Moments,
    scales: FloatArray,
    estimator: Estimator,
    inputs: int,
    second_order: bool,
    confidence: float,
) -> dict[str, FloatArray]:
    """Return the indices of every column with half-widths: of replicates each is left out once (the jackknife)."""
    deviation = np.sqrt(values.spread[: len(means)] / values.count)
    # A column whose values differ by rounding only is constant.
    deviation[deviation <= 16 * np.finfo(np.float64).eps * np.abs(values.mean[: len(means)])] = 0.0
    columns = []
    for column, scale, own in zip(means, scales, deviation, strict=True):
        one = np.full((inputs, 1 + column.shape[-1]), np.nan)
        pairs = np.full((inputs, inputs, 1 + column.shape[-1]), np.nan)
        ratios = (one, one, pairs if second_order else None)
        if own > 0:
            ratios = _ratios(column, scale / own, estimator, inputs, second_order)
        columns.append(ratios)
    first, total, second = zip(*columns, strict=True)
    stacked = {"S1": np.stack(first), "ST": np.stack(total)}
    if second_order:
        stacked["S2"] = np.stack([pairs for pairs in second if pairs is not None])
    found = {name: array[..., 0] for name, array in stacked.items()} | {"variance": deviation**2}
    if means.shape[-1] > 1:
        widths = {name: half_width(array[..., 1:], confidence, resampled=False) for name, array in stacked.items()}
        found |= {f"{name}_conf": width for name, width in widths.items()}
        found["ST_lead_conf"] = np.stack([lead_half_width(one, confidence, resampled=False) for one in stacked["ST"]])
    return found


def _log_deviations(values: Moments, columns: int) -> FloatArray:
    """Return the log-sd of each column on the raw scale; 0 where it is not positive or on log10."""
    spread = values.spread[2 * columns :]
    return np.nan_to_num(np.sqrt(spread / values.count)) if spread.size else np.zeros(columns)


def _ratios(means: FloatArray, factor: float, estimator: Estimator, inputs: int, second_order: bool) -> Ratios:
    """Return one column's indices of all replicates together, and without each; pairs by two inputs."""
    if estimator.moved_by_centre:
        means = about_mean(means, estimator, inputs, second_order=second_order)
    means = rescaled(means, factor, estimator, inputs, second_order=second_order)
    replicates, whole = means.shape[-1], means.mean(axis=-1, keepdims=True)
    left_out = (replicates * whole - means) / max(replicates - 1, 1)
    every = np.concatenate([whole, left_out], axis=-1)
    first, total, interactions = indices_from_sums(every, 1.0, estimator, inputs, second_order=second_order)
    if interactions is None:
        return first, total, None
    pairs = np.full((inputs, inputs, 1 + replicates), np.nan)
    pairs[pair_rows(inputs)] = interactions
    return first, total, pairs
