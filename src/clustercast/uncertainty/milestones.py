"""When a trajectory reaches a level, how likely that is, and what a size compares with."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays.summaries.crossings import first_crossing
from clustercast.arrays.summaries.order_statistics import effective_size, quantiles_with_errors
from clustercast.arrays.summaries.summaries import share_with_error
from clustercast.dataset import design_of, sample_design
from clustercast.errors import InputError
from clustercast.uncertainty.reference_classes import Kind, ReferenceClass, ladder, nearest_rung
from clustercast.uncertainty.summaries import PROBABILITIES, Weights, independent_rows, weights_array
from clustercast.uncertainty.trajectories import (
    Level,
    coords_of,
    level_of,
    level_pairs,
    level_text,
    not_nan,
    refuse_dataset,
    title,
    unit_of,
    values_by_year,
    years_of,
)

FloatArray = NDArray[np.float64]


def crossing_year(
    trajectory: xr.DataArray, level: Level, *, falling: bool = False, interpolate: bool = True
) -> xr.DataArray:
    """Return the year in which a trajectory first reaches a level.

    Parameters
    ----------
    trajectory : DataArray
        With a dimension ``year`` of increasing years or dates, usually ``(year, sample)``.
    level : str or float
        As in ``"100 GW"`` or ``"$1T"``; a number is taken to be in the unit of the trajectory.
    falling : bool, optional
        Whether the level is reached from above.
    interpolate : bool, optional
        Whether to interpolate between the years of the grid; else the result is the first year of the grid
        at which the level is reached.

    Returns
    -------
    DataArray
        The dimensions of `trajectory` without ``year``. ``inf`` means not by the last year; ``-inf`` past the
        level at the first year already (at it exactly gives the first year). Neither is missing: both order
        rightly, so that quantiles of the result are those of the crossing year as far as the grid shows it.
        Attributes give the shares ``never`` and ``at_start`` and the interpolation: linear in log10 of each
        sample that is above 0 in every year (exact for exponential growth), linear for the others.

    Raises
    ------
    InputError
        If there are no years, a value is not finite, or the level is not in a unit of the trajectory.

    Examples
    --------
    >>> power = xr.DataArray([1.0, 10.0, 100.0], {"year": [2024, 2026, 2028]}, attrs={"units": "GW"})
    >>> round(float(crossing_year(power, "50 GW")), 3), float(crossing_year(power, "1 TW"))
    (2027.398, inf)
    """
    refuse_dataset(trajectory)
    years = years_of(trajectory)
    values, dims = values_by_year(trajectory)
    if not values.size:
        raise InputError(f"{title(trajectory)!r} has the shape {values.shape}; it needs 1 sample or more")
    if not (np.isfinite(values.min()) and np.isfinite(values.max())):
        raise InputError(f"{title(trajectory)!r} has {np.count_nonzero(~np.isfinite(values))} values not finite")
    threshold = level_of(trajectory, level)
    logarithmic = np.asarray((values > 0).all(axis=0) & (threshold > 0) & interpolate)
    crossed = first_crossing(
        values, years, threshold, falling=falling, interpolate=interpolate, logarithmic=logarithmic
    )
    attrs = {
        "role": "milestone",
        "units": "year",
        "long_name": f"year in which {title(trajectory)} reaches {level_text(trajectory, level)}",
        "level": threshold,
        "level_unit": unit_of(trajectory) or "",
        "interpolation": _interpolation(logarithmic) if interpolate else "none: years of the grid",
        "first_year": float(years[0]),
        "last_year": float(years[-1]),
        "never": float(np.isposinf(crossed).mean()),
        "at_start": float(np.isneginf(crossed).mean()),
        "note": "inf: not by the last year; -inf: past the level at the first year already",
    }
    return xr.DataArray(crossed, coords_of(trajectory, dims), dims, "crossing_year", attrs)


def _interpolation(logarithmic: NDArray[np.bool_]) -> str:
    """Return in words how samples were interpolated."""
    if logarithmic.all():
        return "linear in log10"
    linear = np.count_nonzero(~logarithmic)
    return f"linear in log10, linear in {linear} samples" if logarithmic.any() else "linear"


def exceedance(
    trajectory: xr.DataArray, level: Level, *, falling: bool = False, ever: bool = False, weights: Weights | None = None
) -> xr.DataArray:
    """Return the probability that a trajectory has reached a level, by year.

    Parameters
    ----------
    trajectory : DataArray
        With a dimension ``sample``; ``(year, sample)`` gives a probability for each year. Infinities are allowed.
    level : str or float
        As in ``"20 %"``; a number is taken to be in the unit of the trajectory.
    falling : bool, optional
        Whether reaching means being at the level or below it.
    ever : bool, optional
        Count a sample that was there in an earlier year of the grid too; else only in that very year.
    weights : DataArray or array, shape (sample,), optional
        Importance weights, of any scale; a DataArray with the coordinate ``sample`` is aligned by it.

    Returns
    -------
    DataArray
        Probabilities, with the coordinate ``standard_error`` beside them: the standard deviation of the beta
        distribution that the counts leave (Jeffreys' prior), for independent samples. Attributes give the level
        and the number of samples. Of a Saltelli design the rows A and B count: the others repeat them.

    Raises
    ------
    InputError
        If there are no samples, a value is NaN, or the level is not in a unit of the trajectory.

    Examples
    --------
    >>> share = xr.DataArray([[0.1, 0.3], [0.2, 0.4]], {"year": [2028, 2030]}, ("year", "sample"), attrs={"units": "1"})
    >>> exceedance(share, "20 %").values
    array([0.5, 1. ])
    """
    refuse_dataset(trajectory)
    if "sample" not in trajectory.dims:
        raise InputError(f"{title(trajectory)!r} has the dimensions {trajectory.dims}, but none is 'sample'")
    given = weights_array(weights, trajectory)
    rows = independent_rows(sample_design(trajectory), trajectory.sizes["sample"])
    if rows is not None:
        trajectory, given = trajectory.isel(sample=rows), None if given is None else given[rows]
    return _exceedance(trajectory, level, falling, ever, given)


def _exceedance(
    trajectory: xr.DataArray, level: Level, falling: bool, ever: bool, weights: FloatArray | None
) -> xr.DataArray:
    """Return the probability of a level by year from independent samples."""
    threshold = level_of(trajectory, level)
    ordered = trajectory.transpose(..., "sample")
    values = not_nan(ordered)
    reached = values <= threshold if falling else values >= threshold
    if ever:
        if "year" not in ordered.dims:
            raise InputError(f"{title(trajectory)!r} has no dimension 'year', so ever=True means nothing for it")
        reached = np.logical_or.accumulate(reached, axis=ordered.dims.index("year"))
    share, error = share_with_error(reached, weights)
    dims, size = ordered.dims[:-1], values.shape[-1]
    verb = "has reached" if ever else "reaches"
    attrs = {
        "role": "milestone",
        "units": "1",
        "long_name": f"probability that {title(trajectory)} {verb} {level_text(trajectory, level)}",
        "level": threshold,
        "level_unit": unit_of(trajectory) or "",
        "samples": size,
        "effective_samples": float(size) if weights is None else effective_size(weights),
    }
    beside = (dims, error, {"units": "1", "long_name": "standard error"})
    return xr.DataArray(share, {**coords_of(trajectory, dims), "standard_error": beside}, dims, "exceedance", attrs)


def milestones(
    forecast: xr.Dataset,
    levels: Mapping[str, Level | Sequence[Level]],
    *,
    probabilities: Sequence[float] = PROBABILITIES,
    weights: Weights | None = None,
) -> xr.Dataset:
    """Tabulate when outputs of a forecast reach levels.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, outputs ``(year, sample)``.
    levels : mapping of str to level or sequence of levels
        Outputs and the levels that they are to reach, as in ``{"training_cluster_power": ["10 GW", "100 GW"]}``.
    probabilities : sequence of float, optional
        Of the quantiles.
    weights : DataArray or array, shape (sample,), optional
        Importance weights, of any scale.

    Returns
    -------
    Dataset
        By ``milestone`` (a text such as ``"training_cluster_power >= 100 GW"``): ``crossing_year`` by
        ``quantile``, with infinities as in `crossing_year`; ``reached``, the probability of having reached it
        by each ``year``; ``never`` and ``at_start``, the probabilities of its being out of the grid; each with
        a standard error in ``*_error``. Coordinates ``output``, ``level`` and ``level_unit`` give the same in
        parts.

    Raises
    ------
    InputError
        If an output is not there or has no years, or a level is not in its unit.
    """
    pairs = level_pairs(forecast, levels)
    rows = independent_rows(design_of(forecast), forecast.sizes["sample"])
    used = weights_array(weights, forecast)
    used = used if used is None or rows is None else used[rows]
    tables: dict[str, list[FloatArray]] = {}
    for name, level in pairs:
        trajectory = forecast[name] if rows is None else forecast[name].isel(sample=rows)
        crossed = crossing_year(trajectory, level).transpose("sample").values
        by_year = _exceedance(trajectory, level, False, True, used)
        row = {"crossing_year": quantiles_with_errors(crossed, probabilities, used)}
        row["reached"] = (by_year.values, by_year["standard_error"].values)
        row["never"] = share_with_error(np.isposinf(crossed), used)
        row["at_start"] = share_with_error(np.isneginf(crossed), used)
        for key, (value, error) in row.items():
            tables.setdefault(key, []).append(value)
            tables.setdefault(f"{key}_error", []).append(error)
    return _milestone_table(forecast, pairs, tables, np.asarray(probabilities, dtype=np.float64))


def reference_class(
    value: xr.DataArray, kind: Kind, *, classes: tuple[ReferenceClass, ...] | None = None
) -> xr.DataArray:
    """Return the nearest reference class of each value, in log10.

    Parameters
    ----------
    value : DataArray
        0 or more, in a unit of the kind (attribute ``unit``); 0 is nearest to the smallest class, infinity to the
        largest.
    kind : {"power", "energy", "cost", "gdp_share"}
        What is compared; energy is that of a year.
    classes : tuple of ReferenceClass, optional
        From `read_reference_classes`; the shipped ones when left out.

    Returns
    -------
    DataArray of str
        Names of the classes, of the shape of `value`; the coordinate ``multiple`` is the value over the size
        of the class. Classes of the same size are named together.

    Raises
    ------
    InputError
        If there is no such kind, the unit is another's, or a value is negative or NaN.

    Examples
    --------
    >>> power = xr.DataArray([1.2e9, 1e11], dims="year", attrs={"units": "W"})
    >>> reference_class(power, "power").values.tolist()
    ['large nuclear reactor', '20 % of US electricity production']
    """
    unit = unit_of(value)
    if unit is None:
        raise InputError(f"{title(value)!r} has no attribute 'units'; set it, as in value.attrs['units'] = 'W'")
    names, sizes = ladder(kind, unit, classes)
    values = np.asarray(value.values, dtype=np.float64)
    wrong = np.count_nonzero(~(values >= 0))
    if wrong:
        raise InputError(f"{title(value)!r} has {wrong} values that are negative or NaN; a size is 0 or more")
    rung = nearest_rung(values, sizes)
    coords = {**coords_of(value, value.dims), "multiple": (value.dims, values / sizes[rung], {"units": "1"})}
    attrs = {"role": "milestone", "kind": kind, "long_name": f"nearest reference class of {title(value)}"}
    return xr.DataArray(np.array(names, dtype=object)[rung], coords, value.dims, "reference_class", attrs)


def crossing_text(year: float, first_year: float, last_year: float, decimals: int = 1) -> str:
    """Return a crossing year as a text that keeps "not by the last year" apart.

    Examples
    --------
    >>> [crossing_text(year, 2022, 2034) for year in (-np.inf, 2027.44, np.inf)]
    ['before 2022', '2027.4', 'not by 2034']
    """
    if np.isnan(year):
        raise InputError("the crossing year is NaN; infinities stand for what is outside the grid")
    if np.isinf(year):
        return f"not by {last_year:g}" if year > 0 else f"before {first_year:g}"
    return f"{year:.{decimals}f}"


def _milestone_table(
    forecast: xr.Dataset,
    pairs: list[tuple[str, Level]],
    tables: Mapping[str, list[FloatArray]],
    probabilities: FloatArray,
) -> xr.Dataset:
    """Label the rows that `milestones` made."""
    trajectories = [forecast[name] for name, _ in pairs]
    after = {"crossing_year": ("quantile",), "reached": ("year",), "never": (), "at_start": ()}
    variables = {}
    for key, rows in tables.items():
        quantity = key.removesuffix("_error")
        text = quantity.replace("_", " ") + (" (standard error)" if key != quantity else "")
        attrs = {"role": "summary", "units": "year" if quantity == "crossing_year" else "1", "long_name": text}
        variables[key] = (("milestone", *after[quantity]), np.stack(rows), attrs)
    both = [(trajectory, *pair) for trajectory, pair in zip(trajectories, pairs, strict=True)]
    coords = {
        "milestone": [f"{name} >= {level_text(trajectory, level)}" for trajectory, name, level in both],
        "output": ("milestone", [name for _, name, _ in both]),
        "level": ("milestone", [level_of(trajectory, level) for trajectory, _, level in both]),
        "level_unit": ("milestone", [unit_of(trajectory) or "" for trajectory in trajectories]),
        "quantile": ("quantile", probabilities, {"long_name": "probability"}),
        "year": forecast["year"],
    }
    return xr.Dataset(variables, coords, dict(forecast.attrs))
