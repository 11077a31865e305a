"""Forecasts from several priors as one, with whose prior a draw is from as a further input."""

import json
from collections.abc import Mapping

import numpy as np
import xarray as xr

from clustercast.dataset import design_of, provenance, provenance_of
from clustercast.errors import InputError
from clustercast.sampling import PLAIN

WHOSE = "whose_prior"
_LEAST = 100


def pooled_forecast(forecasts: Mapping[str, xr.Dataset], shares: tuple[float, ...], how: str) -> xr.Dataset:
    """Return one forecast with as many draws of each as its share says."""
    if how != "linear":
        raise InputError(f"how is {how!r}; forecasts are pooled by their draws, how='linear'")
    first = next(iter(forecasts.values()))
    for name, forecast in forecasts.items():
        _check(name, forecast, first)
    kept = [name for name in first.data_vars if all(name in forecast for forecast in forecasts.values())]
    pairs = list(zip(forecasts.items(), shares, strict=True))
    size = min(int(forecast.sizes["sample"] / share) for (_, forecast), share in pairs if share > 0)
    counts = [round(share * size) for share in shares]
    if sum(counts) < _LEAST or max(counts) == sum(counts):
        raise InputError(f"the weights leave {counts} draws of {', '.join(forecasts)}; draw more, or weigh more evenly")
    parts = []
    for ((_, forecast), _), count in zip(pairs, counts, strict=True):
        one = forecast[kept].isel(sample=slice(count)).drop_vars("sample", errors="ignore")
        # A constant of one set may be another constant, or uncertain, in the other.
        constant = {str(name): one[name].expand_dims(sample=count) for name in kept if "sample" not in one[name].dims}
        parts.append(one.assign(constant))
    whole = xr.concat(parts, dim="sample", combine_attrs="override", coords="minimal", compat="override", join="exact")
    attrs = {"role": "input", "units": "1", "long_name": "whose prior", "labels": json.dumps(list(forecasts))}
    whole[WHOSE] = ("sample", np.repeat(np.arange(len(counts), dtype=np.float64), counts), attrs)
    whole = whole.assign_coords(sample=np.arange(sum(counts))).transpose(..., "sample")
    varied = [str(n) for n in whole.data_vars if whole[n].attrs.get("role") == "input" and np.ptp(whole[n].values) > 0]
    named = f"pool of {' and '.join(forecasts)}"
    hashes = {name: provenance_of(forecast).get("priors_hash") for name, forecast in forecasts.items()}
    record = {"priors_name": named, "design": {"name": "random", "size": sum(counts)}, "inputs": varied}
    return whole.assign_attrs(provenance({**record, "pooled": hashes}))


def _check(name: str, forecast: xr.Dataset, first: xr.Dataset) -> None:
    """Refuse what is no forecast on independent draws, or has other units or years than the first."""
    if not isinstance(forecast, xr.Dataset) or "sample" not in forecast.dims:
        raise InputError(f"{name!r} is no forecast, and others are; pool prior sets or forecasts, not both")
    if design_of(forecast).get("name") not in PLAIN:
        raise InputError(f"{name!r} has the design {design_of(forecast).get('name')!r}; draw with design='random'")
    if "year" in first.coords and not ("year" in forecast.coords and first["year"].equals(forecast["year"])):
        raise InputError(f"{name!r} has other years than the first forecast; propagate both over the same years")
    for key in first.data_vars:
        if key in forecast and forecast[key].attrs.get("units") != first[key].attrs.get("units"):
            units = [str(each[key].attrs.get("units")) for each in (first, forecast)]
            raise InputError(f"{key!r} is in {units[0]!r} in the first forecast and in {units[1]!r} in {name!r}")
