"""Scenarios beside their base, sample by sample on common random numbers."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from scipy.special import ndtr

from clustercast.dataset import design_of, provenance_of, with_provenance
from clustercast.errors import InputError
from clustercast.uncertainty.summaries import output_names

BASE = "base"


def scenario_changes(base: xr.Dataset, scenarios: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Return what scenarios change, by (output, year, scenario), the base first."""
    for name, forecast in scenarios.items():
        _check_pairs(base, name, forecast)
    everything = {BASE: base, **scenarios}
    outputs = [n for n in output_names(base) if base[n].dims == ("year", "sample") and "labels" not in base[n].attrs]
    parts = [_one_output([f[name] for f in everything.values()], name, list(everything)) for name in outputs]
    result = xr.concat(parts, dim=xr.Variable("output", outputs))
    result = result.assign_coords(unit=("output", [base[name].attrs["units"] for name in outputs]))
    hashes = {name: provenance_of(forecast)["priors_hash"] for name, forecast in scenarios.items()}
    return with_provenance(result.assign_attrs(base.attrs), scenarios=hashes)


def _one_output(trajectories: list[xr.DataArray], name: str, scenarios: list[str]) -> xr.Dataset:
    """Compare the trajectories of one output."""
    values = np.stack([one.values for one in trajectories], axis=1)
    if not (values > 0).all():
        raise InputError(f"output {name!r} is not positive everywhere; changes are ratios, so leave it out of outputs")
    logs = np.log(values)
    number = values.shape[-1]
    difference = logs[:, :, np.newaxis] - logs[:, np.newaxis]
    mean, error = difference.mean(axis=-1), difference.std(axis=-1, ddof=1) / np.sqrt(number)
    with np.errstate(invalid="ignore", divide="ignore"):
        order = np.where(error > 0, ndtr(np.abs(mean) / error), np.nan)
    dims = ("year", "scenario")
    return xr.Dataset(
        {
            "median": (dims, np.median(values, axis=-1)),
            "change": (dims, np.exp(mean[:, :, 0])),
            "change_error": (dims, error[:, :, 0]),
            "share_above": (dims, (values > values[:, :1]).mean(axis=-1)),
            "order_probability": ((*dims, "scenario_2"), order),
        },
        coords={"year": trajectories[0]["year"].variable, "scenario": scenarios, "scenario_2": scenarios},
    )


def _check_pairs(base: xr.Dataset, name: str, forecast: xr.Dataset) -> None:
    """Refuse a forecast whose samples are not pairs of the base's."""
    first, second = design_of(base), design_of(forecast)
    if first.get("name") != "random":
        raise InputError(f"the base has design {first.get('name')!r}; scenarios are compared on design 'random'")
    for key, what in (("name", "design"), ("seed", "seed"), ("size", "size")):
        if second.get(key) != first.get(key):
            raise InputError(
                f"scenario {name!r} has {what} {second.get(key)!r} and the base {first.get(key)!r}; "
                "draw both alike, so that their samples are pairs"
            )
    if not np.array_equal(forecast["year"], base["year"]):
        raise InputError(f"scenario {name!r} has other years than the base; propagate both over the same years")
