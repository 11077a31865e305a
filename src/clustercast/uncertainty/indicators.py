"""Milestones and claims as outputs: reached or not, sample by sample, so that sensitivity can explain them."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.errors import InputError
from clustercast.uncertainty.claims import Claim
from clustercast.uncertainty.milestones import Level, level_of, level_pairs, level_text
from clustercast.uncertainty.summaries import output_names

Levels = Mapping[str, Level | Sequence[Level]]


def reached_by(forecast: xr.Dataset, levels: Levels, *, year: float | None = None, falling: bool = False) -> xr.Dataset:
    """Return whether outputs have reached levels, as outputs that `sobol_indices` takes.

    A year of crossing has no mean where some samples never cross. Whether a level has been
    reached by a year is defined for every sample, and its mean is the probability.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on any design; all samples, in order.
    levels : mapping of str to level or sequence of levels
        Outputs and the levels that they are to reach, as in ``{"training_cluster_cost": "$1T"}``.
    year : float, optional
        By which year of the grid; every year by default.
    falling : bool, optional
        Whether reaching means being at the level or below it.

    Returns
    -------
    Dataset
        The inputs and attributes of the forecast, and for each level an output of truth values named as in
        `milestones` (``"training_cluster_cost >= $1T"``), dims (year, sample), or (sample,) where one
        year is asked for. True from the first year of the grid in which the level is reached.

    Raises
    ------
    InputError
        If an output is not there or has no years, the year is not of the grid, a level is not in the unit
        of its output, or a value is not a number.

    Examples
    --------
    >>> import clustercast as cc
    >>> @cc.quantity("USD")
    ... def cost(start, growth, year, first_year):
    ...     return start * np.exp(growth * (year - first_year))
    >>> priors = cc.Priors(start=cc.LogUniform(1e9, 1e11, unit="USD"), growth=cc.Uniform(0.5, 1.5, unit="1/year"),
    ...                    first_year=cc.Fixed(2024, unit="year"))
    >>> design = cc.draw(priors, 1024, design="saltelli", replicates=8, seed=1)
    >>> forecast = cc.propagate(design, model=cc.Model([cost]), years=range(2024, 2031))
    >>> indices = cc.sobol_indices(cc.reached_by(forecast, {"cost": "$1T"}, year=2028))
    >>> indices["ST"].sel(output="cost >= $1T").round(1).values.tolist()
    [0.7, 0.6]
    """
    found = {}
    for name, level in level_pairs(forecast, levels):
        path = forecast[name]
        reached = _accumulated(path, level, falling)
        if year is not None:
            reached = reached.isel(year=_place(path, year)).drop_vars("year")
        sign = "<=" if falling else ">="
        text = f"{name} {sign} {level_text(path, level)}"
        by = "" if year is None else f" by {year:g}"
        found[text] = reached.assign_attrs(long_name=f"whether {text}{by}", level=level_of(path, level))
    return _with_outputs(forecast, found)


def claims_met(forecast: xr.Dataset, claims: Iterable[Claim]) -> xr.Dataset:
    """Return whether claims come true, as outputs that `sobol_indices` takes.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on any design, over years that hold each claim's date (see `claim_years`).
    claims : iterable of Claim
        From `read_claims`.

    Returns
    -------
    Dataset
        The inputs and attributes of the forecast, and for each claim an output of truth values ``(sample,)``,
        named by the claim's id.

    Raises
    ------
    InputError
        If the forecast lacks a claim's quantity or date.
    """
    found = {}
    for claim in claims:
        if claim.quantity not in forecast:
            raise InputError(f"claim {claim.id!r} needs the output {claim.quantity!r}; propagate it too")
        path = forecast[claim.quantity]
        reached = _accumulated(path, claim.level, falling=False)
        reached = reached.isel(year=_place(path, claim.by)).drop_vars("year")
        found[claim.id] = reached.assign_attrs(long_name=claim.text, level=level_of(path, claim.level))
    return _with_outputs(forecast, found)


def _accumulated(path: xr.DataArray, level: Level, falling: bool) -> xr.DataArray:
    """Return whether a path has reached a level in this year or an earlier one."""
    threshold = level_of(path, level)
    if "year" not in path.dims:
        raise InputError(f"output {path.name!r} has the dimensions {path.dims}; a milestone needs 'year'")
    if (np.diff(path["year"].values) <= 0).any():
        raise InputError(f"the years of {path.name!r} are {path['year'].values.tolist()}; they must increase")
    ordered = path.transpose("year", "sample")
    values: NDArray[np.float64] = np.asarray(ordered.values, dtype=np.float64)
    if np.isnan(values).any():
        raise InputError(f"output {path.name!r} has {np.count_nonzero(np.isnan(values))} values that are NaN")
    reached = np.logical_or.accumulate(values <= threshold if falling else values >= threshold, axis=0)
    return xr.DataArray(reached, ordered.coords, ordered.dims, attrs={"role": "output", "units": "1"})


def _place(path: xr.DataArray, year: float) -> int:
    """Return where a year stands in the grid."""
    grid = path["year"].values
    places = np.flatnonzero(grid == year)
    if not places.size:
        raise InputError(f"year {year:g} is not among the years {grid.tolist()}; propagate over it too")
    return int(places[0])


def _with_outputs(forecast: xr.Dataset, outputs: Mapping[str, xr.DataArray]) -> xr.Dataset:
    """Put new outputs in the place of those of a forecast."""
    kept = forecast.drop_vars(output_names(forecast))
    if not any("year" in output.dims for output in outputs.values()):
        kept = kept.drop_vars("year", errors="ignore")
    return kept.assign(outputs)
