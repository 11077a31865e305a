"""The summary of a forecast whose samples were never all in memory."""

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr

from clustercast.arrays.summaries.order_statistics import checked_probabilities
from clustercast.arrays.summaries.summaries import Summary
from clustercast.dataset import design_of, year_coordinate
from clustercast.engine.model import Model
from clustercast.streaming.reduction import Reduction
from clustercast.streaming.sketch import RELATIVE_ERROR
from clustercast.uncertainty.summaries import summary_variables

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ONE_SIGMA = ndtr(np.array([-1.0, 1.0]))


def streamed_summary(
    found: Reduction,
    model: Model,
    columns: Mapping[str, slice],
    levels: Mapping[str, Sequence[float]],
    dimensions: Mapping[str, int],
    years: FloatArray,
    probabilities: Sequence[float],
    attrs: Mapping[str, Any],
) -> xr.Dataset:
    """Label what a streamed run kept, as `summarise` labels a forecast.

    Parameters
    ----------
    found : Reduction
        Of the whole run.
    model : Model
        Where units, names and labels of the outputs come from.
    columns : mapping of str to slice
        Place of each output of numbers among the columns.
    levels : mapping of str to sequence of float
        Levels of each output whose exceedances were counted.
    dimensions : mapping of str to int
        2 for an output by year, 1 for one without; in the order of the outputs.
    years : array (year,)
    probabilities : sequence of float
    attrs : mapping
        Where the run came from.

    Returns
    -------
    Dataset
    """
    points = checked_probabilities(probabilities)
    whole = _summary(found, points) if columns else None
    variables: dict[Hashable, xr.Variable] = {}
    for name, ndim in dimensions.items():
        dims = ("year",) if ndim == 2 else ()
        told = {"units": model.unit(name), "long_name": model.long_name(name)}
        if whole is None or name not in columns:
            labels = model.declaration(name).labels
            variables |= _shares(name, "label", dims, found.counts[f"label.{name}"], found)
            variables[f"{name}_label"] = xr.Variable(f"{name}_label", np.array(labels))
            continue
        parts = (part[columns[name]] for part in (whole.quantiles, whole.quantile_errors, whole.mean, whole.mean_error))
        variables |= summary_variables(name, dims, told, Summary(*(part if dims else part[0] for part in parts)))
        if name in levels:
            variables |= _shares(name, "level", dims, found.counts[f"level.{name}"], found)
            variables[f"{name}_level"] = xr.Variable(f"{name}_level", list(levels[name]), {"units": told["units"]})
    result = xr.Dataset(variables, attrs=attrs)
    result = result.assign_attrs(outputs=json.dumps(list(dimensions)), **_told(found, design_of(result)))
    if any(ndim == 2 for ndim in dimensions.values()):
        result = result.assign_coords(year=year_coordinate(years))
    return result.assign_coords(quantile=("quantile", points, {"long_name": "probability"}))


def _told(found: Reduction, design: Mapping[str, Any]) -> dict[str, str | int | float]:
    """Return what a streamed summary says of its precision."""
    even = "; an upper limit, because the points of the design are spread evenly"
    return {
        "samples": found.sketch.samples,
        "effective_samples": float(found.sketch.samples),
        "error_method": "order statistics and variance of independent samples"
        + (even if design.get("name") == "sobol" else ""),
        "quantile_relative_error": RELATIVE_ERROR,
        "quantile_method": "histogram over the bits of floating-point numbers; no order statistic is off by more than "
        "quantile_relative_error of itself",
    }


def _summary(found: Reduction, points: FloatArray) -> Summary:
    """Return quantiles, means and their errors of all columns."""
    size = found.sketch.samples
    a, b = size * points + 1, size * (1 - points) + 1
    low, high = (np.clip(betaincinv(a, b, tail) * size - 1, 0, size - 1) for tail in _ONE_SIGMA)
    ranks = np.concatenate([points * (size - 1), np.floor(low), np.ceil(high)])
    middle, below, above = (
        np.array(part)
        for part in zip(
            *(np.split(found.sketch.at_ranks(c, ranks), 3) for c in range(found.sketch.columns)), strict=True
        )
    )
    errors = (above - below) / 2 if size > 1 else np.full_like(middle, np.inf)
    moments = found.moments.total()
    return Summary(middle, errors, moments.mean, moments.mean_error)


def _shares(
    name: str, kind: str, dims: tuple[str, ...], counts: IntArray, found: Reduction
) -> dict[Hashable, xr.Variable]:
    """Return shares of samples, with the standard error that counts leave (Jeffreys' prior)."""
    size = found.sketch.samples
    counts = counts if dims else counts[0]
    error = np.sqrt((counts + 0.5) * (size - counts + 0.5) / (size + 2)) / (size + 1)
    what, title = ("share", "labels") if kind == "label" else ("exceedance", "being at or above levels")
    named, key = (*dims, f"{name}_{kind}"), f"{name}_{what}"
    attrs = {"role": "summary", "units": "1", "long_name": f"share of samples by {title} of {name.replace('_', ' ')}"}
    return {
        key: xr.Variable(named, counts / size, attrs),
        f"{key}_error": xr.Variable(
            named, error, {**attrs, "long_name": f"standard error of the {attrs['long_name']}"}
        ),
    }
