"""The Sobol' indices of a design whose runs were never all in memory."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays.indices.intervals import check_confidence, half_width, half_width_of_differences
from clustercast.arrays.indices.pair_products import pair_rows
from clustercast.arrays.indices.pick_freeze import indices_from_sums
from clustercast.arrays.indices.sobol_estimators import Estimator, Ratios, estimator_named
from clustercast.dataset import design_of, year_coordinate
from clustercast.engine.model import Model
from clustercast.sensitivity.cautions import cautions
from clustercast.streaming.moments import Moments
from clustercast.streaming.shared_standard import about_mean, rescaled

FloatArray = NDArray[np.float64]

_MEANINGS = {
    "S1": "first-order Sobol index",
    "S1_conf": "half-width of the interval of S1",
    "ST": "total Sobol index",
    "ST_conf": "half-width of the interval of ST",
    "ST_difference_conf": "half-width of the difference of two inputs' ST",
    "S2": "second-order Sobol index",
    "S2_conf": "half-width of the interval of S2",
    "variance": "variance on the scale of the analysis",
}


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
        Of the independent runs of each column; on the raw scale those of their natural logarithms follow.
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
    found = _measures(means, values, scales, estimator, len(inputs), second_order, confidence)
    by_year = any(ndim == 2 for ndim in dimensions.values())
    rows, start = [], 0
    for name in outputs:
        own = len(years) if dimensions[name] == 2 else 1
        rows.append([start + (year if own > 1 else 0) for year in range(len(years) if by_year else 1)])
        start += own
    lead = ("output", "year") if by_year else ("output",)
    variables = {}
    for name, array in found.items():
        chosen = array[np.array(rows)] if by_year else array[np.array(rows)[:, 0]]
        dims = (*lead, "input", "input_2")[: len(lead) + array.ndim - 1]
        variables[name] = xr.Variable(dims, chosen, {"long_name": _MEANINGS[name], "units": "1"})
    coords: dict[str, Any] = {
        "output": list(outputs),
        "input": list(inputs),
        "scale": ("output", [attrs["scale"]] * len(outputs)),
        "unit": ("output", [model.unit(name) for name in outputs]),
    }
    coords |= {"year": year_coordinate(years)} if by_year else {}
    coords |= {"input_2": list(inputs)} if any(array.ndim > 2 for array in found.values()) else {}
    told = {
        "engine": "stream",
        "estimator_references": " ".join(f"doi:{doi}" for doi in estimator.references),
        "interval": "student-t" if "S1_conf" in found else "none",
        "interval_widened": int("S1_conf" in found),
        "confidence": confidence,
    }
    indices = xr.Dataset(variables, coords, {**{k: v for k, v in attrs.items() if k != "scale"}, **told})
    design = design_of(indices)
    indices.attrs["warning"] = cautions(
        indices,
        dict(zip(outputs, _log_deviations(values, len(means), rows), strict=True)),
        interval=str(told["interval"]),
        points=design["points"],
        replicates=design["replicates"],
        size=design["size"],
    )
    return indices


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
        differences = [half_width_of_differences(one[:, 1:], confidence, resampled=False) for one in stacked["ST"]]
        found["ST_difference_conf"] = np.stack(differences)
    return found


def _log_deviations(values: Moments, columns: int, rows: Sequence[Sequence[int]]) -> list[float]:
    """Return the largest log-sd of each output, whose columns are given; 0 where it is not positive or on log10."""
    spread = values.spread[columns:]
    if not spread.size:
        return [0.0] * len(rows)
    deviation = np.sqrt(spread / values.count)
    return [float(np.nan_to_num(deviation[list(own)].max())) for own in rows]


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
