"""Milestones as outputs: reached or not, sample by sample, so that sensitivity can explain them."""

from collections.abc import Mapping, Sequence

import xarray as xr

from clustercast.uncertainty.summaries import output_names
from clustercast.uncertainty.trajectories import Level, level_of, level_pairs, level_text, place_of, reached, years_of


def reached_by(
    forecast: xr.Dataset,
    levels: Mapping[str, Level | Sequence[Level]],
    *,
    year: float | None = None,
    falling: bool = False,
) -> xr.Dataset:
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
        The forecast with an output of truth values for each level in place of its own, named as in `milestones`
        (``"training_cluster_cost >= $1T"``), dims (year, sample), or (sample,) of one year. True from the first
        year of the grid in which the level is reached.

    Raises
    ------
    InputError
        If an output or the year is not there, a level is not in its unit, or a value is NaN.

    Examples
    --------
    >>> import numpy as np
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
    sign = "<=" if falling else ">="
    outputs = {}
    for name, level in level_pairs(forecast, levels):
        trajectory = forecast[name]
        years_of(trajectory)
        there = reached(trajectory.transpose("year", "sample"), level, falling=falling, ever=True)
        if year is not None:
            there = there.isel(year=place_of(trajectory, year)).drop_vars("year")
        text = f"{name} {sign} {level_text(trajectory, level)}"
        by = "" if year is None else f" by {year:g}"
        attrs = {"role": "output", "units": "1", "long_name": f"whether {text}{by}"}
        outputs[text] = there.assign_attrs(attrs, level=level_of(trajectory, level))
    return with_outputs(forecast, outputs)


def with_outputs(forecast: xr.Dataset, outputs: Mapping[str, xr.DataArray]) -> xr.Dataset:
    """Return a forecast with new outputs in the place of its own."""
    kept = forecast.drop_vars(output_names(forecast))
    if not any("year" in output.dims for output in outputs.values()):
        kept = kept.drop_vars("year", errors="ignore")
    return kept.assign(outputs)
