"""When a path reaches a level, how likely that is, and what a size compares with."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays.summaries.crossings import first_crossing
from clustercast.arrays.summaries.order_statistics import effective_size, quantiles_with_errors
from clustercast.arrays.summaries.summaries import share_with_error
from clustercast.engine.units import in_unit
from clustercast.errors import InputError, nearest
from clustercast.uncertainty.reference_classes import Kind, ReferenceClass, ladder, nearest_rung
from clustercast.uncertainty.summaries import PROBABILITIES, Weights, independent_rows, output_names, weights_array

FloatArray = NDArray[np.float64]
Level = str | float


def crossing_year(path: xr.DataArray, level: Level, *, falling: bool = False, interpolate: bool = True) -> xr.DataArray:
    """Return the year in which a path first reaches a level.

    Parameters
    ----------
    path : DataArray
        With a dimension ``year`` of increasing years, usually ``(year, sample)``.
    level : str or float
        As in ``"100 GW"`` or ``"$1T"``; a number is taken to be in the unit of the path.
    falling : bool, optional
        Whether the path reaches the level from above.
    interpolate : bool, optional
        Whether to interpolate between the years of the grid; else the result is the first year of the grid
        at which the level is reached.

    Returns
    -------
    DataArray
        The dimensions of `path` without ``year``. ``inf`` means not by the last year; ``-inf`` that the path is
        past the level at the first year already (at it exactly gives the first year). Neither is missing: both
        order rightly, so that quantiles of the result are those of the crossing year as far as the grid shows
        it. Attributes say the shares ``never`` and ``at_start`` and the interpolation: linear in log10 of a
        path that is positive everywhere (exact for exponential growth), else linear.

    Raises
    ------
    InputError
        If the path has no years or is not finite, or the level is not in a unit of the path.

    Examples
    --------
    >>> power = xr.DataArray([1.0, 10.0, 100.0], {"year": [2024, 2026, 2028]}, attrs={"units": "GW"})
    >>> round(float(crossing_year(power, "50 GW")), 3), float(crossing_year(power, "1 TW"))
    (2027.398, inf)
    """
    values, years, dims = _by_year(path)
    threshold = level_of(path, level)
    logarithmic = interpolate and threshold > 0 and bool(values.min() > 0)
    found = first_crossing(values, years, threshold, falling=falling, interpolate=interpolate, logarithmic=logarithmic)
    attrs = {
        "role": "milestone",
        "units": "year",
        "long_name": f"year in which {_title(path)} reaches {level_text(path, level)}",
        "level": threshold,
        "level_unit": path.attrs.get("units", ""),
        "interpolation": ("linear in log10" if logarithmic else "linear") if interpolate else "none: years of the grid",
        "first_year": float(years[0]),
        "last_year": float(years[-1]),
        "never": float(np.isposinf(found).mean()),
        "at_start": float(np.isneginf(found).mean()),
        "note": "inf: not by the last year; -inf: past the level at the first year already",
    }
    return xr.DataArray(found, _coords(path, dims), dims, "crossing_year", attrs)


def exceedance(
    path: xr.DataArray, level: Level, *, falling: bool = False, ever: bool = False, weights: Weights | None = None
) -> xr.DataArray:
    """Return the probability that a path has reached a level, by year.

    Parameters
    ----------
    path : DataArray
        With a dimension ``sample``; ``(year, sample)`` gives a probability for each year. Infinities are allowed.
    level : str or float
        As in ``"20 %"``; a number is taken to be in the unit of the path.
    falling : bool, optional
        Whether reaching means being at the level or below it.
    ever : bool, optional
        Count a path that was there in an earlier year of the grid too; else only in that very year.
    weights : DataArray or array, shape (sample,), optional
        Importance weights, of any scale.

    Returns
    -------
    DataArray
        Probabilities, with the coordinate ``standard_error`` beside them: the standard deviation of the beta
        distribution that the counts leave (Jeffreys' prior), for independent samples. Attributes give the level
        and the number of samples.

    Raises
    ------
    InputError
        If the path has no samples, a value is NaN, or the level is not in a unit of the path.

    Examples
    --------
    >>> share = xr.DataArray([[0.1, 0.3], [0.2, 0.4]], {"year": [2028, 2030]}, ("year", "sample"), attrs={"units": "1"})
    >>> exceedance(share, "20 %").values
    array([0.5, 1. ])
    """
    _refuse_dataset(path)
    if "sample" not in path.dims:
        raise InputError(f"the path {_title(path)!r} has the dimensions {path.dims}, but none is 'sample'")
    threshold = level_of(path, level)
    ordered = path.transpose(..., "sample")
    values = np.asarray(ordered.values, dtype=np.float64)
    if np.isnan(values).any():
        raise InputError(f"the path {_title(path)!r} has {np.count_nonzero(np.isnan(values))} values that are NaN")
    reached = values <= threshold if falling else values >= threshold
    if ever:
        axis = ordered.dims.index("year") if "year" in ordered.dims else None
        if axis is None:
            raise InputError(f"the path {_title(path)!r} has no dimension 'year', so ever=True means nothing for it")
        reached = np.logical_or.accumulate(reached, axis=axis)
    given = weights_array(weights, values.shape[-1])
    share, error = share_with_error(reached, given)
    dims = ordered.dims[:-1]
    attrs = {
        "role": "milestone",
        "units": "1",
        "long_name": f"probability that {_title(path)} {'has reached' if ever else 'reaches'} "
        f"{level_text(path, level)}",
        "level": threshold,
        "level_unit": path.attrs.get("units", ""),
        "samples": values.shape[-1],
        "effective_samples": float(values.shape[-1]) if given is None else effective_size(given),
    }
    coords = {**_coords(path, dims), "standard_error": (dims, error, {"units": "1", "long_name": "standard error"})}
    return xr.DataArray(share, coords, dims, "exceedance", attrs)


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
        a standard error in ``*_error``. Coordinates ``output``, ``level`` and ``level_unit`` say the same in
        parts.

    Raises
    ------
    InputError
        If an output is not there or has no years, or a level is not in its unit.
    """
    pairs = level_pairs(forecast, levels)
    rows = independent_rows(forecast)
    used = weights_array(weights, forecast.sizes["sample"])
    used = used if used is None or rows is None else used[rows]
    tables: dict[str, list[FloatArray]] = {}
    for name, level in pairs:
        path = forecast[name] if rows is None else forecast[name].isel(sample=rows)
        found = crossing_year(path, level).transpose("sample")
        by_year = exceedance(path, level, ever=True, weights=used)
        row = {"crossing_year": quantiles_with_errors(found.values, probabilities, used)}
        row["reached"] = (by_year.values, by_year["standard_error"].values)
        row["never"] = share_with_error(np.isposinf(found.values), used)
        row["at_start"] = share_with_error(np.isneginf(found.values), used)
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
    if "units" not in value.attrs:
        raise InputError(f"{_title(value)!r} has no attribute 'unit'; set it, as in value.attrs['unit'] = 'W'")
    names, sizes = ladder(kind, value.attrs["units"], classes)
    values = np.asarray(value.values, dtype=np.float64)
    wrong = np.count_nonzero(~(values >= 0))
    if wrong:
        raise InputError(f"{_title(value)!r} has {wrong} values that are negative or NaN; a size is 0 or more")
    rung = nearest_rung(values, sizes)
    coords = {**_coords(value, value.dims), "multiple": (value.dims, values / sizes[rung], {"units": "1"})}
    attrs = {"role": "milestone", "kind": kind, "long_name": f"nearest reference class of {_title(value)}"}
    found = np.array(names, dtype=object)[rung]
    return xr.DataArray(found, coords, value.dims, "reference_class", attrs)


def level_of(path: xr.DataArray, level: Level) -> float:
    """Return a level as a number in the unit of a path.

    Raises
    ------
    InputError
        If it is not finite, or a text with a unit that is not one of the path's, or the path has none.
    """
    if isinstance(level, str) and "units" not in path.attrs:
        raise InputError(
            f"the level {level!r} has a unit, but the path {_title(path)!r} has no attribute 'unit'; set it, "
            "or give a number"
        )
    threshold = in_unit(level, path.attrs.get("units", "1"), "level")
    if not np.isfinite(threshold):
        raise InputError(f"the level is {level!r}; give a finite number, or a text such as '100 GW'")
    return threshold


def crossing_text(year: float, first_year: float, last_year: float, decimals: int = 1) -> str:
    """Return a crossing year as a text that keeps "not by the last year" apart.

    Parameters
    ----------
    year : float
        From `crossing_year`.
    first_year, last_year : float
        Ends of the grid, for the infinities.
    decimals : int, optional
        Of the year.

    Returns
    -------
    str

    Examples
    --------
    >>> [crossing_text(year, 2022, 2034) for year in (-np.inf, 2027.44, np.inf)]
    ['before 2022', '2027.4', 'not by 2034']
    """
    if np.isnan(year):
        raise InputError("the crossing year is NaN; infinities say what is outside the grid")
    if np.isinf(year):
        return f"not by {last_year:g}" if year > 0 else f"before {first_year:g}"
    return f"{year:.{decimals}f}"


def _refuse_dataset(path: object) -> None:
    """Refuse what is no path, such as a whole forecast."""
    if not isinstance(path, xr.DataArray):
        raise InputError(f"a path is a DataArray, as forecast['training_cluster_power'], not a {type(path).__name__}")


def _by_year(path: xr.DataArray) -> tuple[FloatArray, FloatArray, tuple[Hashable, ...]]:
    """Return the values of a path with the year first, the years, and the other dimensions."""
    _refuse_dataset(path)
    if "year" not in path.dims or "year" not in path.coords:
        raise InputError(f"the path {_title(path)!r} has the dimensions {path.dims}; it needs the coordinate 'year'")
    years = np.asarray(path["year"].values, dtype=np.float64)
    if not years.size or np.any(np.diff(years) <= 0):
        raise InputError(f"the years of {_title(path)!r} are {years.tolist()}; they must increase")
    ordered = path.transpose("year", ...)
    values = np.asarray(ordered.values, dtype=np.float64)
    if not values.size:
        raise InputError(f"the path {_title(path)!r} has the shape {values.shape}; it needs 1 sample or more")
    if not (np.isfinite(values.min()) and np.isfinite(values.max())):
        raise InputError(f"the path {_title(path)!r} has {np.count_nonzero(~np.isfinite(values))} values not finite")
    return values, years, ordered.dims[1:]


def level_pairs(forecast: xr.Dataset, levels: Mapping[str, Level | Sequence[Level]]) -> list[tuple[str, Level]]:
    """Return each output with each of its levels."""
    known = output_names(forecast)
    pairs: list[tuple[str, Level]] = []
    for name, wanted in levels.items():
        if name not in known:
            raise InputError(
                f"there is no output {name!r}{nearest(name, known)}; the forecast holds {', '.join(known)}"
            )
        several = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Sequence) else wanted
        pairs += [(name, level) for level in several]
    if not pairs:
        raise InputError("levels is empty; give outputs and levels, as in {'training_cluster_power': '100 GW'}")
    return pairs


def _milestone_table(
    forecast: xr.Dataset,
    pairs: list[tuple[str, Level]],
    tables: Mapping[str, list[FloatArray]],
    probabilities: FloatArray,
) -> xr.Dataset:
    """Label the rows that `milestones` made."""
    paths = [forecast[name] for name, _ in pairs]
    after = {"crossing_year": ("quantile",), "reached": ("year",), "never": (), "at_start": ()}
    variables = {}
    for key, rows in tables.items():
        quantity = key.removesuffix("_error")
        text = quantity.replace("_", " ") + (" (standard error)" if key != quantity else "")
        attrs = {"role": "summary", "units": "year" if quantity == "crossing_year" else "1", "long_name": text}
        variables[key] = (("milestone", *after[quantity]), np.stack(rows), attrs)
    texts = [f"{name} >= {level_text(path, level)}" for (name, level), path in zip(pairs, paths, strict=True)]
    coords = {
        "milestone": texts,
        "output": ("milestone", [name for name, _ in pairs]),
        "level": ("milestone", [level_of(path, level) for (_, level), path in zip(pairs, paths, strict=True)]),
        "level_unit": ("milestone", [path.attrs.get("units", "") for path in paths]),
        "quantile": ("quantile", probabilities, {"long_name": "probability"}),
        "year": forecast["year"],
    }
    return xr.Dataset(variables, coords, dict(forecast.attrs))


def _title(path: xr.DataArray) -> str:
    """Return what a path is called in texts."""
    return str(path.attrs.get("long_name") or path.name or "the path")


def level_text(path: xr.DataArray, level: Level) -> str:
    """Return a level as it is written."""
    unit = path.attrs.get("units", "1")
    return level if isinstance(level, str) else f"{level:g}" + ("" if unit == "1" else f" {unit}")


def _coords(path: xr.DataArray, dims: tuple[Hashable, ...]) -> dict[Hashable, xr.DataArray]:
    """Return the coordinates of a path that belong to some of its dimensions."""
    return {dim: path[dim] for dim in dims if dim in path.coords}
