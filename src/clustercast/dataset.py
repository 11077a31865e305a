"""The labelled side of a forecast: xarray datasets with units and provenance."""

import functools
import importlib.metadata
import json
import sys
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast import __version__
from clustercast.engine.model import Model
from clustercast.errors import InputError
from clustercast.priors.prior_set import Priors

FloatArray = NDArray[np.float64]
Dataset = xr.Dataset

_TRACED = ("numpy", "scipy", "xarray", "SALib")


def versions() -> dict[str, str]:
    """Return the versions that decide the numbers."""
    own = {"python": ".".join(map(str, sys.version_info[:3])), "clustercast": __version__}
    return own | {name: _installed(name) for name in _TRACED}


@functools.cache
def _installed(name: str) -> str:
    """Return the version of an installed library; reading it again would cost more than a small draw."""
    return importlib.metadata.version(name)


def provenance() -> dict[str, str]:
    """Return what every result says of how it came about: command and versions."""
    command = getattr(sys, "orig_argv", sys.argv)
    return {"command": " ".join(command), "versions": json.dumps(versions())}


def inputs_dataset(values: Mapping[str, FloatArray], priors: Priors, design: Mapping[str, Any]) -> xr.Dataset:
    """Label drawn inputs.

    Parameters
    ----------
    values : mapping of str to array
        Uncertain inputs, shape ``(sample,)``, in the unit of their prior.
    priors : Priors
        Where they were drawn from; constants are taken from here.
    design : mapping of str to str or int
        Attributes that say how they were drawn.

    Returns
    -------
    Dataset
        One variable an input, with its unit and source; constants have no dimension.
    """
    variables = {}
    for name, distribution in priors.items():
        attrs = {"role": "input", "unit": distribution.unit, "long_name": name.replace("_", " ")}
        told = {"source": distribution.source, "as_of": distribution.as_of, "note": distribution.note}
        attrs |= {key: text for key, text in told.items() if text}
        if name in values:
            variables[name] = xr.Variable("sample", values[name], attrs, fastpath=True)
        else:
            variables[name] = xr.Variable((), priors[name].median, attrs)
    size = len(next(iter(values.values()))) if values else int(design.get("size", 1))
    attrs = {
        **design,
        "priors_name": priors.name,
        "priors_hash": priors.hash,
        "input_names": json.dumps(list(priors.uncertain)),
        **provenance(),
    }
    return xr.Dataset(variables, coords={"sample": np.arange(size)}, attrs=attrs)


def input_arrays(inputs: xr.Dataset) -> tuple[dict[str, FloatArray], dict[str, str]]:
    """Return the values and the units of the inputs that a dataset holds.

    Raises
    ------
    InputError
        If an input has no unit, dimensions other than ``sample``, or a value that is not a finite number.
    """
    if not isinstance(inputs, xr.Dataset):
        raise InputError(f"inputs are a Dataset from cc.draw(priors, size), not a {type(inputs).__name__}")
    values: dict[str, FloatArray] = {}
    units: dict[str, str] = {}
    for key in _input_names(inputs):
        name, variable = str(key), inputs.variables[key]
        if variable.dims not in ((), ("sample",)):
            raise InputError(f"input {name!r} has dimensions {variable.dims}; an input has ('sample',) or none")
        if "unit" not in variable.attrs:
            raise InputError(f"input {name!r} has no attribute 'unit'; set it, '1' for a pure number")
        values[name] = _finite_numbers(name, variable)
        units[name] = variable.attrs["unit"]
    if not values:
        raise InputError("the dataset holds no inputs; make one with cc.draw(priors, size, seed=...)")
    return values, units


def refuse_coordinates(inputs: xr.Dataset, outputs: Iterable[str]) -> None:
    """Refuse inputs with a coordinate that has the name of an output.

    Raises
    ------
    InputError
        It names the coordinate.
    """
    for name in outputs:
        if name in inputs.coords:
            raise InputError(f"the inputs have a coordinate {name!r}, which is an output too; rename or drop it")


def _input_names(inputs: xr.Dataset) -> list[Hashable]:
    """Return the names of the variables that are inputs: those without a role are."""
    # By Dataset.variables: taking a hundred of them as DataArrays costs more than a small run.
    return [name for name in inputs.data_vars if inputs.variables[name].attrs.get("role", "input") == "input"]


def _finite_numbers(name: str, variable: xr.Variable) -> FloatArray:
    """Return the values of an input, refused where one is not a finite number."""
    if variable.dtype.kind not in "fiub":
        raise InputError(f"input {name!r} holds values of type {variable.dtype}; give numbers")
    values = np.asarray(variable.values, dtype=np.float64)
    # One pass without a temporary: the sum is not finite where a value is not; it may overflow where all are.
    with np.errstate(over="ignore", invalid="ignore"):
        doubtful = not np.isfinite(values.sum())
    wrong = np.flatnonzero(~np.isfinite(values)) if doubtful else np.empty(0, dtype=np.intp)
    if wrong.size:
        raise InputError(
            f"input {name!r} has {wrong.size} values that are not finite, the first {values.flat[wrong[0]]} in sample "
            f"{wrong[0]}; give finite inputs"
        )
    return values


def forecast_dataset(
    inputs: xr.Dataset, model: Model, outputs: Mapping[str, FloatArray], years: FloatArray | None
) -> xr.Dataset:
    """Label propagated outputs beside the inputs they came from.

    Parameters
    ----------
    inputs : Dataset
        What was propagated; its variables and attributes are carried on.
    model : Model
        Where units, names and labels of the outputs come from.
    outputs : mapping of str to array
        Shape ``(year, sample)`` or ``(sample,)``, in declared units.
    years : array or None
        The coordinate, where an output depends on it.

    Returns
    -------
    Dataset
    """
    variables = {
        name: xr.Variable(("year", "sample")[-values.ndim :], values, output_attrs(model, name), fastpath=True)
        for name, values in outputs.items()
    }
    coords: dict[Hashable, Any] = {} if years is None else {"year": ("year", years, {"long_name": "year"})}
    carried = {name: inputs.variables[name] for name in _input_names(inputs) if name not in variables}
    attrs = {**inputs.attrs, "model_hash": model.hash, **provenance()}
    of_samples = {name: coord for name, coord in inputs.coords.items() if set(coord.dims) <= {"sample"}}
    return xr.Dataset({**carried, **variables}, coords={**of_samples, **coords}, attrs=attrs)


def output_attrs(model: Model, name: str) -> dict[str, str]:
    """Return the attributes of an output: role, unit, long name and labels."""
    labels = model.declaration(name).labels
    attrs = {"role": "output", "unit": model.unit(name), "long_name": model.long_name(name)}
    return {**attrs, "labels": json.dumps(labels)} if labels else attrs
