"""Names on the axes of every sensitivity measure: the one place where a dataset of indices is made."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from clustercast.errors import InputError
from clustercast.sensitivity.cautions import add_cautions, output_cautions
from clustercast.sensitivity.outputs import MeasuredOutput

_MEANINGS = {
    "S1": "first-order index",
    "ST": "total index",
    "S2": "second-order index",
    "ST_lead_conf": "half-width of the lead of ST over that of the input next in order",
    "variance": "variance on the scale of the analysis",
    "Sh": "Shapley effect",
    "S1_full": "first-order index, inclusive of correlation",
    "ST_full": "total index, inclusive of correlation",
    "S1_ind": "first-order index, exclusive of correlation",
    "ST_ind": "total index, exclusive of correlation",
    "mu": "mean elementary effect, on the scale of the analysis",
    "mu_star": "mean absolute elementary effect, on the scale of the analysis",
    "sigma": "standard deviation of elementary effects, on the scale of the analysis",
    "delta": "Borgonovo's delta",
    "minimum": "smallest Kolmogorov-Smirnov distance over the slices",
    "mean": "mean Kolmogorov-Smirnov distance over the slices",
    "median": "median Kolmogorov-Smirnov distance over the slices",
    "maximum": "largest Kolmogorov-Smirnov distance over the slices",
    "CV": "coefficient of variation of the Kolmogorov-Smirnov distances",
}
# In the unit of the output, or its square; the other measures are pure numbers.
WITH_UNIT = ("variance", "mu", "mu_star", "mu_star_conf", "sigma")


def labelled(
    results: Sequence[MeasuredOutput],
    inputs: Sequence[str],
    *,
    years: xr.Variable | None,
    attrs: Mapping[Any, Any],
    cautions: Iterable[str] = (),
) -> xr.Dataset:
    """Put measures into a dataset, one row of its data frame an output, year and input."""
    # Only S2 has pairs: beside it a data frame would have a row for each pair.
    if all(result.constant.all() for result in results):
        names = ", ".join(repr(result.output.name) for result in results)
        raise InputError(
            f"output {names} {'is' if len(results) == 1 else 'are'} constant over all samples, so no input matters to "
            "it; leave it out of outputs, free an input that it depends on, or draw more where an event is rare"
        )
    by_year = any(result.output.by_year for result in results) and years is not None
    count = years.size if by_year and years is not None else 1
    variables = {}
    for name in results[0].measures:
        found = [np.broadcast_to(r.measures[name], (count, *r.measures[name].shape[1:])) for r in results]
        dims: tuple[str, ...] = ("output", "year", "input", "input_2")[: found[0].ndim + 1]
        stacked = np.stack(found)
        if not by_year:
            stacked, dims = stacked[:, 0], tuple(dim for dim in dims if dim != "year")
        variables[name] = xr.Variable(dims, stacked, _meaning(name))
    coords: dict[str, Any] = {
        "output": [result.output.name for result in results],
        "input": list(inputs),
        "scale": ("output", [result.output.scale for result in results]),
        "unit": ("output", [result.output.unit for result in results]),
    }
    if by_year:
        coords["year"] = years
    if "S2" in variables:
        coords["input_2"] = list(inputs)
    dataset = xr.Dataset(variables, coords, {key: _plain(value) for key, value in attrs.items()} | {"warning": ""})
    return add_cautions(dataset, [*cautions, *output_cautions(results, years)])


def _meaning(name: str) -> dict[str, str]:
    """Return the attributes of a measure."""
    meaning = _MEANINGS.get(name) or f"half-width of the interval of {name.removesuffix('_conf')}"
    return {"long_name": meaning} | ({} if name in WITH_UNIT else {"units": "1"})


def _plain(value: object) -> object:
    """Turn an attribute into what netCDF can hold."""
    if value is None:
        return ""
    return int(value) if isinstance(value, bool | np.bool_) else value


def year_of(forecast: xr.Dataset) -> xr.Variable | None:
    """Return the years of a forecast, if it has any."""
    return forecast["year"].variable if "year" in forecast.coords else None
