"""What a forecast says by year: quantiles and means with Monte Carlo errors, and whether a trajectory is at a level."""

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays import FloatArray
from clustercast.arrays.summaries.order_statistics import checked_probabilities, effective_size
from clustercast.arrays.summaries.summaries import Summary, replicated_summary, share_with_error, summary
from clustercast.arrays.summaries.tails import DOUBTFUL, HEAVY, tail_shapes
from clustercast.dataset import Record, coordinate, design_of, in_words
from clustercast.engine.units import in_unit
from clustercast.errors import InputError, nearest, shown, typed
from clustercast.files.dates import float_years
from clustercast.files.netcdf import LAYOUT, SummaryDataset

Weights = xr.DataArray | Sequence[float] | FloatArray | None
Level = str | float
Levels = Mapping[str, Level | Sequence[Level]]
Variables = dict[Hashable, xr.Variable]
PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Fewer replicates than this say too little of their own spread.
_ENOUGH_REPLICATES = 4


@typed
def summarise(
    forecast: xr.Dataset, probabilities: Sequence[float] = PROBABILITIES, weights: Weights = None
) -> SummaryDataset:
    """Summarise the outputs of a forecast over its samples.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`: outputs with a dimension ``sample``.
    probabilities : sequence of float, optional
        Increasing, from 0 to 1.
    weights : DataArray or array, shape (sample,), optional
        Importance weights of the samples, of any scale (of a posterior, say); a DataArray with the coordinate
        ``sample`` is aligned by it.

    Returns
    -------
    Dataset
        For each output ``NAME``, in its unit: ``NAME`` with the dimension ``quantile`` after its own,
        ``NAME_mean``, and their Monte Carlo standard errors ``NAME_error`` and ``NAME_mean_error``; of a labelled index
        ``NAME_share`` and ``NAME_share_error`` by ``NAME_label`` instead. Attributes add ``outputs``, ``samples``,
        ``effective_samples``, ``error_method`` and ``warning``, which names the means that a few values own, whose
        errors may be too small (k-hat of the largest above 0.5), or are (0.7). Its ``to_dataframe()`` is tidy: one row
        a number.

    Raises
    ------
    InputError
        If there are no outputs or samples, an output is not finite, a design is cut, or two names collide.

    Notes
    -----
    Errors are those of independent samples: of a quantile by the order statistics on either side of it, of a
    mean by the spread. For a Latin hypercube and Sobol' points they are upper limits. Four or more replicates
    give errors by their own spread, which hold for any design. Of a Saltelli design only the rows A and B are
    used: the others repeat them. See `arrays.order_statistics` for the references.

    Examples
    --------
    >>> power = xr.DataArray([[1.0, 2.0, 3.0]], dims=("year", "sample"), attrs={"role": "output", "units": "GW"})
    >>> result = summarise(xr.Dataset({"power": power}, coords={"year": [2030]}))
    >>> float(result["power"].sel(quantile=0.5, year=2030)), float(result["power_mean"].sel(year=2030))
    (2.0, 2.0)
    """
    points = checked_probabilities(probabilities)
    names = output_names(forecast)
    design = design_of(forecast)
    rows, used = independent(forecast, weights, design)
    replicates = int(design.get("replicates", 1))
    if used is not None or replicates < _ENOUGH_REPLICATES:
        replicates = 1
    variables: Variables = {}
    cautions = []
    for name in names:
        variable = forecast.variables[name].transpose(..., "sample")[..., rows]
        if "labels" in variable.attrs:
            made = _label_shares(name, variable, used)
        else:
            made, cautioned = _summary_of(name, variable, points, used, replicates)
            cautions += cautioned
        if twice := next((key for key in made if key in variables), None):
            raise InputError(f"the output {name!r} and another one both give {twice!r}; rename one of them")
        variables |= made
    size = variable.sizes["sample"]
    described = summary_record(names, size, error_method(design, replicates, used is not None), used)
    described["warning"] = " ".join(cautions)
    coords = {key: forecast[key] for key in forecast.coords if forecast[key].dims == (key,) and key != "sample"}
    coords = {key: value for key, value in coords.items() if any(key in v.dims for v in variables.values())}
    quantile = coordinate("quantile", points, {"long_name": "probability"})
    return SummaryDataset(variables, coords={**coords, "quantile": quantile}, attrs={**forecast.attrs, **described})


def summary_record(names: list[str], size: int, method: str, weights: FloatArray | None = None) -> dict[str, Any]:
    """Return what the attributes of a summary say of its outputs, samples and errors."""
    effective = float(size) if weights is None else effective_size(weights)
    record = {"layout": LAYOUT, "outputs": json.dumps(names), "samples": size, "effective_samples": effective}
    return record | {"error_method": method}


def summary_variables(name: str, dims: Sequence[Hashable], attrs: Mapping[str, Any], numbers: Summary) -> Variables:
    """Return the summary of one output as labelled variables; `dims` are the output's own without ``sample``."""
    title = attrs.get("long_name", in_words(name))
    error, with_quantile = "Monte Carlo standard error of", (*dims, "quantile")
    parts: dict[str, tuple[tuple[Hashable, ...], FloatArray, str]] = {
        "": (with_quantile, numbers.quantiles, "quantiles of"),
        "_error": (with_quantile, numbers.quantile_errors, f"{error} quantiles of"),
        "_mean": (tuple(dims), numbers.mean, "mean of"),
        "_mean_error": (tuple(dims), numbers.mean_error, f"{error} the mean of"),
    }
    own = {"role": "summary", **{key: attrs[key] for key in ("units", "time") if key in attrs}}
    return {
        f"{name}{ending}": xr.Variable(d, values, {**own, "long_name": f"{what} {title}"})
        for ending, (d, values, what) in parts.items()
    }


def output_names(forecast: xr.Dataset) -> list[str]:
    """Return the outputs of a forecast, refused if there are none: variables of role "output" with ``sample``."""
    if not isinstance(forecast, xr.Dataset):
        raise InputError(f"a forecast is a Dataset from cc.propagate, not a {type(forecast).__name__}")
    names = [
        str(name)
        for name, variable in forecast.variables.items()
        if variable.attrs.get("role") == "output" and "sample" in variable.dims
    ]
    if not names:
        raise InputError(
            f"the dataset with the variables {', '.join(map(str, forecast.data_vars)) or '(none)'} holds no outputs "
            "with a dimension 'sample'; make one with cc.propagate(inputs)"
        )
    return names


def independent(
    forecast: xr.Dataset | xr.DataArray, weights: Weights, design: Record
) -> tuple[NDArray[np.intp] | slice, FloatArray | None]:
    """Return the independent samples of a forecast and their weights."""
    rows, given = independent_rows(design, forecast.sizes["sample"]), weights_array(weights, forecast)
    return rows, None if given is None else given[rows]


def independent_rows(design: Record, size: int) -> NDArray[np.intp] | slice:
    """Return the independent samples of a design: all, or the first and last row of each base point."""
    name, points = design.get("name"), int(design.get("size", 0))
    if name == "morris":
        what = "the rows of a Morris design are no sample of the priors"
        raise InputError(f"{what}; summarise a draw with design='sobol'")
    if name not in ("saltelli", "shapley", "kucherenko"):
        return slice(None)
    expected = size
    if name == "saltelli":
        expected = points * (2 + len(design["swaps"]) * (2 if design["second_order"] else 1))
    if size != expected or size % points:
        what = f"the {name} design has {expected} samples by its attributes, but the dataset has {size}"
        raise InputError(f"{what}; summarise the whole of it, or draw with design='sobol'")
    first = np.arange(0, size, size // points)
    return np.stack([first, first + size // points - 1], axis=1).reshape(-1)


def weights_array(weights: Weights, forecast: xr.Dataset | xr.DataArray) -> FloatArray | None:
    """Return one weight a sample of a forecast; a DataArray or a Series is aligned by the coordinate ``sample``."""
    if weights is None:
        return None
    size = forecast.sizes["sample"]
    if isinstance(weights, pd.Series):
        weights = xr.DataArray(weights.to_numpy(), {"sample": weights.index}, "sample")
    if isinstance(weights, xr.DataArray) and weights.dims != ("sample",):
        raise InputError(f"weights have the dimensions {weights.dims}; give ('sample',)")
    if isinstance(weights, xr.DataArray) and "sample" in weights.coords and "sample" in forecast.coords:
        index = weights.indexes["sample"]
        places = index.get_indexer(forecast.indexes["sample"]) if index.is_unique else np.full(size, -1)
        if (places < 0).any():
            what = f"weights lack {np.count_nonzero(places < 0)} of the {size} samples by their coordinate"
            raise InputError(f"{what}, or name one twice; give one for each sample, or a plain array in order")
        weights = weights[places]
    try:
        given = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"weights are {shown(weights)}; give a number for each sample") from None
    if given.shape != (size,):
        raise InputError(f"weights have shape {given.shape}, but there are {size} samples; give one for each")
    return given


def _summary_of(
    name: str, variable: xr.Variable, points: FloatArray, weights: FloatArray | None, replicates: int
) -> tuple[Variables, list[str]]:
    """Return the labelled summary of a number, and that its mean rests on a few values, where its tail is heavy."""
    values = np.asarray(variable.values, dtype=np.float64)
    try:
        many = replicates > 1
        numbers = replicated_summary(values, points, replicates) if many else summary(values, points, weights)
    except InputError:
        wrong = np.argwhere(~np.isfinite(values))
        if not wrong.size:
            raise
        what = f"output {name!r} has {len(wrong)} values that are not finite, the first in sample {wrong[:, -1].min()}"
        remedy = "correct the quantity that gives it, or use cc.exceedance, which takes infinities"
        raise InputError(f"{what}; {remedy}") from None
    found = summary_variables(name, variable.dims[:-1], variable.attrs, numbers)
    shapes = tail_shapes(values, weights)
    heavy, worst = np.count_nonzero(shapes > DOUBTFUL), np.nanmax(shapes, initial=0.0)
    if not heavy:
        return found, []
    where = "" if shapes.size == 1 else f" in {heavy} of {shapes.size} rows"
    limit, verdict = (HEAVY, "is too small at any size") if worst > HEAVY else (DOUBTFUL, "may be too small")
    what = f"The mean of {name} rests on its few largest values{where} (k-hat {worst:.2f}, above {limit})"
    return found, [f"{what}: its error {verdict}; report quantiles, or the mean of the logarithm."]


def _label_shares(name: str, variable: xr.Variable, weights: FloatArray | None) -> Variables:
    """Return the share of samples that take each label of an index."""
    labels: list[str] = json.loads(variable.attrs["labels"])
    counted = variable.values[..., np.newaxis, :] == np.arange(len(labels))[:, np.newaxis]
    if not counted.any(axis=-2).all():
        raise InputError(f"output {name!r} has values that are none of 0 to {len(labels) - 1}, its labels")
    share, error = share_with_error(counted, weights)
    dims, title = (*variable.dims[:-1], f"{name}_label"), variable.attrs.get("long_name", in_words(name))
    attrs = {"role": "summary", "units": "1"}
    return {
        f"{name}_share": xr.Variable(dims, share, {**attrs, "long_name": f"share of samples by {title}"}),
        f"{name}_share_error": xr.Variable(dims, error, {**attrs, "long_name": f"standard error of shares by {title}"}),
        f"{name}_label": coordinate(f"{name}_label", labels),
    }


def error_method(design: Record, replicates: int = 1, weighted: bool = False) -> str:
    """Return how the errors were made and what they are worth on the design."""
    if replicates > 1:
        return f"spread of {replicates} independent replicates"
    method = "order statistics and variance of " + ("the effective samples" if weighted else "independent samples")
    even = design.get("name") in ("latin", "sobol", "saltelli", "shapley", "kucherenko")
    even = even and design.get("points", "sobol") == "sobol"
    return f"{method}; an upper limit, because the points of the design are spread evenly" if even else method


def title_of(trajectory: xr.DataArray) -> str:
    """Return what a trajectory is called in texts."""
    return str(trajectory.attrs.get("long_name") or trajectory.name or "the output")


def unit_of(trajectory: xr.DataArray) -> str | None:
    """Return the unit of a trajectory, None where it has none."""
    unit = trajectory.attrs.get("units", trajectory.attrs.get("unit"))
    return None if unit is None else str(unit)


def level_of(trajectory: xr.DataArray, level: Level) -> float:
    """Return a level as a finite number in the unit of a trajectory."""
    unit = unit_of(trajectory)
    if isinstance(level, str) and unit is None:
        what = f"the level {level!r} has a unit, but {title_of(trajectory)!r} has no attribute 'units'"
        raise InputError(f"{what}; set it, or give a number")
    threshold = in_unit(level, unit or "1", "level")
    if not np.isfinite(threshold):
        raise InputError(f"the level is {level!r}; give a finite number, or a text such as '100 GW'")
    return threshold


def level_attrs(trajectory: xr.DataArray, level: Level) -> dict[str, Any]:
    """Return what the attributes of a result say of a level."""
    return {"level": level_of(trajectory, level), "level_unit": unit_of(trajectory) or ""}


def level_text(trajectory: xr.DataArray, level: Level) -> str:
    """Return a level as it is written."""
    unit = unit_of(trajectory) or "1"
    return level if isinstance(level, str) else f"{level:g}" + ("" if unit == "1" else f" {unit}")


def level_pairs(forecast: xr.Dataset, levels: Levels) -> list[tuple[str, Level]]:
    """Return each output with each of its levels."""
    remedy = "give outputs and levels, as in {'training_cluster_power': '100 GW'}"
    if not isinstance(levels, Mapping):
        raise InputError(f"levels is {shown(levels)}; {remedy}")
    known = output_names(forecast)
    pairs: list[tuple[str, Level]] = []
    for name, wanted in levels.items():
        if name not in known:
            held = ", ".join(known)
            raise InputError(f"there is no output {name!r}{nearest(name, known)}; the forecast holds {held}")
        several = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Sequence) else wanted
        pairs += [(name, level) for level in several]
    if not pairs:
        raise InputError(f"levels is empty; {remedy}")
    return pairs


def years_of(trajectory: xr.DataArray) -> FloatArray:
    """Return the increasing years of a trajectory; dates are float years."""
    if "year" not in trajectory.dims or "year" not in trajectory.coords:
        what = f"{title_of(trajectory)!r} has the dimensions {trajectory.dims}"
        raise InputError(f"{what}; it needs the coordinate 'year'")
    given = trajectory["year"].values
    years = np.asarray(given, dtype=np.float64) if given.dtype.kind in "fiu" else float_years(given)
    if not years.size or not np.all(np.diff(years) > 0):
        raise InputError(f"the years of {title_of(trajectory)!r} are {years.tolist()}; they must increase")
    return years


def reached(trajectory: xr.DataArray, level: Level, *, falling: bool = False, ever: bool = False) -> xr.DataArray:
    """Return whether a trajectory is at a level or beyond it, or with `ever` has been; samples are last."""
    threshold = level_of(trajectory, level)
    ordered = trajectory.transpose(..., "sample")
    values = not_nan(ordered)
    there = values <= threshold if falling else values >= threshold
    if ever:
        if "year" not in ordered.dims:
            raise InputError(f"{title_of(trajectory)!r} has no dimension 'year', so ever=True means nothing for it")
        there = np.logical_or.accumulate(there, axis=ordered.dims.index("year"))
    return xr.DataArray(there, ordered.coords, ordered.dims)


def not_nan(trajectory: xr.DataArray) -> FloatArray:
    """Return the values of a trajectory, refused where one is NaN."""
    values = np.asarray(trajectory.values, dtype=np.float64)
    missing = np.count_nonzero(np.isnan(values))
    if missing:
        raise InputError(f"{title_of(trajectory)!r} has {missing} values that are NaN; correct what gives them")
    return values


def place_of(trajectory: xr.DataArray, year: float) -> int:
    """Return the position of a year in the grid of a trajectory."""
    grid = years_of(trajectory)
    places = np.flatnonzero(grid == year)
    if not places.size:
        raise InputError(f"year {year:g} is not among the years {grid.tolist()}; propagate over it too")
    return int(places[0])


def coords_of(trajectory: xr.DataArray, dims: Sequence[Hashable]) -> dict[Hashable, xr.DataArray]:
    """Return the coordinates of a trajectory that belong to some of its dimensions."""
    return {dim: trajectory[dim] for dim in dims if dim in trajectory.coords}
