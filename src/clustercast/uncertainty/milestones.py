"""When a trajectory reaches a level, how likely that is, and what a size compares with."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray
from clustercast.arrays.summaries import effective_size, first_crossing, quantiles_with_errors, share_with_error
from clustercast.dataset import Weights, design_of, in_words, numbers_of, sample_design, title_of, years_of
from clustercast.engine.units import in_unit
from clustercast.errors import InputError, count_of, nearest, shown, takes, typed
from clustercast.uncertainty.stated import Classes, Kind, ladder, nearest_rung
from clustercast.uncertainty.summaries import PROBABILITIES, check_forecast, independent, output_names

Level = str | float
Levels = Mapping[str, Level | Sequence[Level]]


@takes()
def crossing_year(
    trajectory: xr.DataArray, level: Level, *, falling: bool = False, interpolate: bool = True
) -> xr.DataArray:
    """Return the year in which a trajectory first reaches a level.

    Parameters
    ----------
    trajectory : DataArray
        With a dimension ``year`` of increasing years or dates, usually ``(year, sample)``.
    level : str or float
        As in ``"100 GW"`` or ``"$1T"``; a number is in the unit of the trajectory.
    falling : bool, optional
        Whether the level is reached from above.
    interpolate : bool, optional
        Between years; else the result is the first year of the grid with the level reached.

    Returns
    -------
    DataArray
        The dimensions of `trajectory` without ``year``. ``inf``: not by the last year; ``-inf``: past the level at the
        first year already (at it exactly: that year). Attributes give the shares of these, ``never`` and ``at_start``,
        and the interpolation: linear in log10 of a sample always above 0 (exact for exponential growth), else linear.

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
    years = increasing_years(trajectory)
    ordered = trajectory.transpose("year", ...)
    values, dims = not_nan(ordered), ordered.dims[1:]
    if not values.size:
        raise InputError(f"{title_of(trajectory)!r} has the shape {values.shape}; it needs 1 sample or more")
    if wrong := np.count_nonzero(~np.isfinite(values)):
        raise InputError(f"{title_of(trajectory)!r} has {count_of(wrong, 'value')} not finite")
    threshold = level_of(trajectory, level)
    logarithmic = np.asarray((values > 0).all(axis=0) & (threshold > 0) & interpolate)
    crossed = first_crossing(
        values, years, threshold, falling=falling, interpolate=interpolate, logarithmic=logarithmic
    )
    title = f"year in which {title_of(trajectory)} reaches {level_text(trajectory, level)}"
    attrs: dict[str, Any] = {"role": "milestone", "units": "year", "long_name": title, **level_attrs(trajectory, level)}
    linear = np.count_nonzero(~logarithmic)
    mixed = f", linear in {count_of(linear, 'sample')}" if linear else ""
    way = "linear" if linear == logarithmic.size else f"linear in log10{mixed}"
    attrs["interpolation"] = way if interpolate else "none: years of the grid"
    attrs |= {"first_year": float(years[0]), "last_year": float(years[-1])}
    attrs |= {"never": float(np.isposinf(crossed).mean()), "at_start": float(np.isneginf(crossed).mean())}
    attrs["note"] = "inf: not by the last year; -inf: past the level at the first year already"
    return xr.DataArray(crossed, coords_of(trajectory, dims), dims, "crossing_year", attrs)


@takes("sample")
def exceedance(
    trajectory: xr.DataArray, level: Level, *, falling: bool = False, ever: bool = False, weights: Weights = None
) -> xr.DataArray:
    """Return the probability that a trajectory has reached a level, by year.

    Parameters
    ----------
    trajectory : DataArray
        With a dimension ``sample``, of 1 or more; ``(year, sample)`` gives a probability for each year. Infinities are
        allowed, NaN raises an `InputError`.
    level, falling
        As in `crossing_year`, with its errors of a level.
    ever : bool, optional
        Count a sample that was there in an earlier year of the grid too; else only in that very year.
    weights : DataArray or array, shape (sample,), optional
        As in `summarise`.

    Returns
    -------
    DataArray
        Probabilities with the coordinate ``standard_error``, of the beta distribution that counts leave (Jeffreys'
        prior): of the samples, or of as many as four or more replicates are worth. Attributes give level and samples.

    Examples
    --------
    >>> share = xr.DataArray([[0.1, 0.3], [0.2, 0.4]], {"year": [2028, 2030]}, ("year", "sample"), attrs={"units": "1"})
    >>> exceedance(share, "20 %").values
    array([0.5, 1. ])
    """
    rows, used, replicates = independent(trajectory, weights, sample_design(trajectory))
    there = reached(trajectory.isel(sample=rows), level, falling=falling, ever=ever)
    share, error = share_with_error(there.values, used, replicates)
    dims, size = there.dims[:-1], there.sizes["sample"]
    verb = "has reached" if ever else "reaches"
    title = f"probability that {title_of(trajectory)} {verb} {level_text(trajectory, level)}"
    attrs: dict[str, Any] = {"role": "milestone", "units": "1", "long_name": title, **level_attrs(trajectory, level)}
    attrs |= {"samples": size, "effective_samples": float(size) if used is None else effective_size(used)}
    beside = (dims, error, {"units": "1", "long_name": "standard error"})
    return xr.DataArray(share, {**coords_of(trajectory, dims), "standard_error": beside}, dims, "exceedance", attrs)


@takes("sample")
def milestones(
    forecast: xr.Dataset, levels: Levels, *, probabilities: Sequence[float] = PROBABILITIES, weights: Weights = None
) -> xr.Dataset:
    """Tabulate when outputs of a forecast reach levels.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, outputs ``(year, sample)``.
    levels : mapping of str to level or sequence of levels
        Outputs and the levels that they are to reach, as in ``{"training_cluster_power": ["10 GW", "100 GW"]}``. An
        output that is not there or has no years, and a level that is not in its unit, raise an `InputError`.
    probabilities, weights
        As in `summarise`.

    Returns
    -------
    Dataset
        By ``milestone`` (as ``"fleet_power >= 100 GW"``, in parts ``output``, ``level`` and ``level_unit``):
        ``crossing_year`` by ``quantile``, with infinities as in `crossing_year`; the probabilities ``reached``, of
        having reached it by each ``year``, and ``never`` and ``at_start``, of its being after the last year or before
        the first; each with a standard error in ``*_error``.
    """
    rows, used, replicates = independent(forecast, weights, design_of(forecast))
    parts = []
    for variable, level in level_pairs(forecast, levels):
        trajectory = variable.isel(sample=rows)
        crossed = crossing_year(trajectory, level).values
        result = {
            "crossing_year": ("quantile", quantiles_with_errors(crossed, probabilities, used, replicates)),
            "reached": ("year", share_with_error(reached(trajectory, level, ever=True).values, used, replicates)),
            "never": ((), share_with_error(np.isposinf(crossed), used, replicates)),
            "at_start": ((), share_with_error(np.isneginf(crossed), used, replicates)),
        }
        variables = {}
        for key, (dims, both) in result.items():
            attrs, text = {"role": "summary", "units": "year" if key == "crossing_year" else "1"}, in_words(key)
            variables[key] = (dims, both[0], {**attrs, "long_name": text})
            variables[f"{key}_error"] = (dims, both[1], {**attrs, "long_name": f"{text} (standard error)"})
        points = ("quantile", np.asarray(probabilities, dtype=np.float64), {"long_name": "probability"})
        name = str(variable.name)
        coords = {"milestone": f"{name} >= {level_text(variable, level)}", "output": name}
        parts.append(xr.Dataset(variables, {**coords, **level_attrs(trajectory, level), "quantile": points}))
    table = xr.concat(parts, "milestone", data_vars="all", coords="all", compat="equals", join="exact")
    return table.assign_coords(year=forecast["year"]).assign_attrs(forecast.attrs)


@takes()
def reference_class(value: xr.DataArray, kind: Kind, *, classes: Classes = None) -> xr.DataArray:
    """Return the nearest reference class of each value, in log10.

    Parameters
    ----------
    value : DataArray
        0 or more, in a unit of the kind (attribute ``units``), else an `InputError` is raised; 0 is nearest to the
        smallest class.
    kind : {"power", "energy", "cost", "gdp_share"}
        What is compared, any other raising an `InputError`; energy is that of a year.
    classes : tuple of ReferenceClass, optional
        From `read_reference_classes`; the shipped ones when left out.

    Returns
    -------
    DataArray of str, of the shape of `value`
        Names of classes, those of one size together; the coordinate ``multiple`` is the value over the size.

    Examples
    --------
    >>> power = xr.DataArray([1.2e9, 1e11], dims="year", attrs={"units": "W"})
    >>> reference_class(power, "power").values.tolist()
    ['large nuclear reactor', '20 % of US electricity production']
    """
    if (unit := unit_of(value)) is None:
        raise InputError(f"{title_of(value)!r} has no attribute 'units'; set it, as in value.attrs['units'] = 'W'")
    names, sizes = ladder(kind, unit, classes)
    values = numbers_of(value)
    if wrong := np.count_nonzero(~(values >= 0)):
        raise InputError(f"{title_of(value)!r} has {count_of(wrong, 'value')} negative or NaN; a size is 0 or more")
    rung = nearest_rung(values, sizes)
    coords = {**coords_of(value, value.dims), "multiple": (value.dims, values / sizes[rung], {"units": "1"})}
    attrs = {"role": "milestone", "kind": kind, "long_name": f"nearest reference class of {title_of(value)}"}
    return xr.DataArray(np.array(names, dtype=object)[rung], coords, value.dims, "reference_class", attrs)


@typed
def reached_by(forecast: xr.Dataset, levels: Levels, *, year: float | None = None, falling: bool = False) -> xr.Dataset:
    """Return whether outputs have reached levels, as outputs that `sobol_indices` takes.

    A year of crossing has no mean where some samples never cross; the mean of this is the probability.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on any design; all samples, in order.
    levels, falling
        As in `milestones`, whose errors this has too, and `crossing_year`; a value that is NaN is refused.
    year : float, optional
        By which year, one of the grid; every year by default.

    Returns
    -------
    Dataset
        The forecast with an output of truth values for each level in place of its own, named as in `milestones`,
        dims (year, sample), or (sample,) of one year.

    Examples
    --------
    >>> priors = cc.Priors(now=cc.LogUniform(1e9, 1e11, unit="USD"), growth=cc.Uniform(0.5, 1.5, unit="1/year"))
    >>> inputs = cc.draw(priors, 1024, design="saltelli", replicates=8, seed=1)
    >>> how = {"outputs": {"cost": "USD"}, "coords": {"year": range(2024, 2031)}, "form": "arrays"}
    >>> forecast = cc.evaluate(inputs, lambda now, growth: now * np.exp(growth * np.arange(7)[:, np.newaxis]), **how)
    >>> indices = cc.sobol_indices(cc.reached_by(forecast, {"cost": "$1T"}, year=2028))
    >>> indices["ST"].sel(output="cost >= $1T").round(1).values.tolist()
    [0.7, 0.6]
    """
    outputs = {}
    for trajectory, level in level_pairs(forecast, levels):
        increasing_years(trajectory)
        there = reached(trajectory, level, falling=falling, ever=True)
        if year is not None:
            there = there.isel(year=place_of(trajectory, year)).drop_vars("year")
        text = f"{trajectory.name} {'<=' if falling else '>='} {level_text(trajectory, level)}"
        by = "" if year is None else f" by {year:g}"
        attrs = {"role": "output", "units": "1", "long_name": f"whether {text}{by}"}
        outputs[text] = there.assign_attrs(attrs, level=level_of(trajectory, level))
    return with_outputs(forecast, outputs)


def with_outputs(forecast: xr.Dataset, outputs: Mapping[str, xr.DataArray]) -> xr.Dataset:
    """Return a forecast with new outputs in the place of its own."""
    # Outputs that have years bring them along.
    return forecast.drop_vars([*output_names(forecast), "year"], errors="ignore").assign(outputs)


def unit_of(trajectory: xr.DataArray) -> str | None:
    """Return the unit of a trajectory, None where it has none."""
    unit = trajectory.attrs.get("units", trajectory.attrs.get("unit"))
    return None if unit is None else str(unit)


def level_of(trajectory: xr.DataArray, level: Level) -> float:
    """Return a level as a finite number in the unit of a trajectory."""
    unit, name = unit_of(trajectory), str(trajectory.name or title_of(trajectory))
    if "labels" in trajectory.attrs:
        raise InputError(f"{name!r} holds labels, which reach no level; ask for one with =, as in cc.parse_condition")
    if isinstance(level, str) and unit is None:
        what = f"{name!r} has no attribute 'units', and the level is {level!r}"
        raise InputError(f"{what}; set it, '1' for a pure number")
    threshold = in_unit(level, unit or "1", f"{name!r}: level")
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


def variable_of(forecast: xr.Dataset, name: str) -> xr.DataArray:
    """Return a variable of a forecast by year and sample, or by sample."""
    check_forecast(forecast)
    variables = forecast.variables.items()
    known = [str(key) for key, one in variables if key in forecast.data_vars or one.attrs.get("role") == "output"]
    if name not in known:
        raise InputError(f"the forecast has no {name!r}{nearest(name, known)}; propagate it too")
    variable = forecast[name]
    if "sample" not in variable.dims:
        variable = variable.expand_dims(sample=forecast.sizes["sample"])
    if odd := set(variable.dims) - {"year", "sample"}:
        raise InputError(f"{name!r} has the dimension {', '.join(map(str, odd))}; choose one value of it with .sel")
    if "year" in variable.dims:
        increasing_years(variable)
    return variable.transpose(..., "sample")


def level_pairs(forecast: xr.Dataset, levels: Levels) -> list[tuple[xr.DataArray, Level]]:
    """Return each output with each of its levels."""
    remedy = "give outputs and levels, as in {'training_cluster_power': '100 GW'}"
    if not isinstance(levels, Mapping):
        raise InputError(f"levels is {shown(levels)}; {remedy}")
    known = output_names(forecast)
    pairs: list[tuple[xr.DataArray, Level]] = []
    for name, wanted in levels.items():
        if name not in known:
            held = ", ".join(known)
            raise InputError(f"there is no output {name!r}{nearest(name, known)}; the forecast holds {held}")
        several = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Sequence) else wanted
        pairs += [(variable_of(forecast, name), level) for level in several]
    if not pairs:
        raise InputError(f"levels is empty; {remedy}")
    return pairs


def increasing_years(trajectory: xr.DataArray) -> FloatArray:
    """Return the years of a trajectory, refused unless they increase."""
    years = years_of(trajectory)
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
    values = numbers_of(trajectory)
    if missing := np.count_nonzero(np.isnan(values)):
        raise InputError(f"{title_of(trajectory)!r} is NaN in {count_of(missing, 'place')}; correct what gives it")
    return values


def place_of(trajectory: xr.DataArray, year: float) -> int:
    """Return the position of a year in the grid of a trajectory."""
    grid = increasing_years(trajectory)
    if not (places := np.flatnonzero(grid == year)).size:
        raise InputError(f"year {year:g} is not among the years {grid.tolist()}; propagate over it too")
    return int(places[0])


def coords_of(trajectory: xr.DataArray, dims: Sequence[Hashable]) -> dict[Hashable, xr.DataArray]:
    """Return the coordinates of a trajectory that belong to some of its dimensions."""
    return {dim: trajectory[dim] for dim in dims if dim in trajectory.coords}
