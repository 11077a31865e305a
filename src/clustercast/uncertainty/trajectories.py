"""Trajectories: an output by year and sample, the thresholds it may reach, and whether it has."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray
from clustercast.engine.units import in_unit
from clustercast.errors import InputError, nearest
from clustercast.files.dates import float_years
from clustercast.uncertainty.summaries import output_names

Level = str | float


def title(trajectory: xr.DataArray) -> str:
    """Return what a trajectory is called in texts."""
    return str(trajectory.attrs.get("long_name") or trajectory.name or "the output")


def refuse_dataset(trajectory: object) -> None:
    """Refuse what is no trajectory, such as a whole forecast."""
    if not isinstance(trajectory, xr.DataArray):
        raise InputError(
            f"a DataArray is needed, as forecast['training_cluster_power'], not a {type(trajectory).__name__}"
        )


def unit_of(trajectory: xr.DataArray) -> str | None:
    """Return the unit of a trajectory, None where it has none."""
    unit = trajectory.attrs.get("units", trajectory.attrs.get("unit"))
    return None if unit is None else str(unit)


def level_of(trajectory: xr.DataArray, level: Level) -> float:
    """Return a level as a finite number in the unit of a trajectory."""
    unit = unit_of(trajectory)
    if isinstance(level, str) and unit is None:
        what = f"the level {level!r} has a unit, but {title(trajectory)!r} has no attribute 'units'"
        raise InputError(f"{what}; set it, or give a number")
    threshold = in_unit(level, unit or "1", "level")
    if not np.isfinite(threshold):
        raise InputError(f"the level is {level!r}; give a finite number, or a text such as '100 GW'")
    return threshold


def level_text(trajectory: xr.DataArray, level: Level) -> str:
    """Return a level as it is written."""
    unit = unit_of(trajectory) or "1"
    return level if isinstance(level, str) else f"{level:g}" + ("" if unit == "1" else f" {unit}")


def level_pairs(forecast: xr.Dataset, levels: Mapping[str, Level | Sequence[Level]]) -> list[tuple[str, Level]]:
    """Return each output with each of its levels."""
    known = output_names(forecast)
    pairs: list[tuple[str, Level]] = []
    for name, wanted in levels.items():
        if name not in known:
            remedy = f"the forecast holds {', '.join(known)}"
            raise InputError(f"there is no output {name!r}{nearest(name, known)}; {remedy}")
        several = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Sequence) else wanted
        pairs += [(name, level) for level in several]
    if not pairs:
        raise InputError("levels is empty; give outputs and levels, as in {'training_cluster_power': '100 GW'}")
    return pairs


def years_of(trajectory: xr.DataArray) -> FloatArray:
    """Return the increasing years of a trajectory; dates are float years."""
    if "year" not in trajectory.dims or "year" not in trajectory.coords:
        raise InputError(f"{title(trajectory)!r} has the dimensions {trajectory.dims}; it needs the coordinate 'year'")
    given = trajectory["year"].values
    years = np.asarray(given, dtype=np.float64) if given.dtype.kind in "fiu" else float_years(given)
    if not years.size or not np.all(np.diff(years) > 0):
        raise InputError(f"the years of {title(trajectory)!r} are {years.tolist()}; they must increase")
    return years


def reached(trajectory: xr.DataArray, level: Level, *, falling: bool = False, ever: bool = False) -> xr.DataArray:
    """Return whether a trajectory is at a level or beyond it, or with `ever` has been; samples are last."""
    threshold = level_of(trajectory, level)
    ordered = trajectory.transpose(..., "sample")
    values = not_nan(ordered)
    there = values <= threshold if falling else values >= threshold
    if ever:
        if "year" not in ordered.dims:
            raise InputError(f"{title(trajectory)!r} has no dimension 'year', so ever=True means nothing for it")
        there = np.logical_or.accumulate(there, axis=ordered.dims.index("year"))
    return xr.DataArray(there, ordered.coords, ordered.dims)


def not_nan(trajectory: xr.DataArray) -> FloatArray:
    """Return the values of a trajectory, refused where one is NaN."""
    values = np.asarray(trajectory.values, dtype=np.float64)
    missing = np.count_nonzero(np.isnan(values))
    if missing:
        raise InputError(f"{title(trajectory)!r} has {missing} values that are NaN; correct what gives them")
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
