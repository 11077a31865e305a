"""The labelled side of a forecast: xarray datasets with units and provenance."""

import hashlib
import json
import re
import sys
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from xarray.backends import BackendArray
from xarray.core import indexing
from xarray.indexes import PandasIndex

from clustercast.arrays import Arrays, FloatArray, real_numbers
from clustercast.arrays.points.designs import SwappedColumn
from clustercast.engine.fingerprint import versions
from clustercast.engine.model import Model
from clustercast.errors import InputError, count_of, nearest, takes
from clustercast.files.dates import float_years
from clustercast.priors.prior_set import Priors

Dataset = xr.Dataset
Labelled = xr.Dataset | xr.DataTree | xr.DataArray
# Where a dataset comes from, or how its inputs were drawn, by key.
Record = Mapping[str, Any]
_Variables = Mapping[Any, xr.Variable]
_Output = tuple[tuple[str, ...], FloatArray, str]
# One a sample, or the name of the variable that holds them.
Weights = xr.DataArray | Sequence[float] | FloatArray | str | None
PROVENANCE = "provenance"
_FOLDER = re.compile(r"(^|=)(?:[A-Za-z]:)?[/\\](?:.*[/\\])?(?=.)")
_DESIGN = "design"
_ACRONYMS = {"ai": "AI", "us": "US", "gdp": "GDP", "flop": "FLOP", "cpu": "CPU", "gpu": "GPU"}


def in_words(name: str) -> str:
    """Return a name of the model in words."""
    return " ".join(_ACRONYMS.get(word, word) for word in name.split("_"))


def provenance(record: Record) -> dict[str, str]:
    """Return the one attribute that carries a record of where a result comes from, with command and versions."""
    # Files by their names: what is shared tells nothing of the folders of who made it.
    words = [_FOLDER.sub(r"\1", word) for word in getattr(sys, "orig_argv", sys.argv)]
    now = {"command": " ".join(words), "versions": versions()}
    return {PROVENANCE: json.dumps({**record, **now}, ensure_ascii=False)}


@takes()
def provenance_of(data: Labelled) -> dict[str, Any]:
    """Return where a dataset comes from.

    Parameters
    ----------
    data : Dataset or DataTree

    Returns
    -------
    dict
        ``priors_name``, ``priors_hash``, ``design``, ``model_hash``, ``command``, ``versions`` and, where drawn values
        were changed by hand, ``edited``. Empty where the dataset carries no record.

    Examples
    --------
    >>> cc.provenance_of(cc.draw(cc.Priors(x=cc.Uniform(0, 1)), 4, seed=7))["design"]
    {'name': 'random', 'seed': 7, 'size': 4}
    """
    try:
        record = json.loads(data.attrs.get(PROVENANCE, "{}"))
    except (TypeError, ValueError):
        record = None
    if not isinstance(record, dict):
        raise InputError(f"the attribute {PROVENANCE!r} is no JSON object; keep the one that the library wrote")
    return record


@takes()
def design_of(data: Labelled) -> dict[str, Any]:
    """Return how the rows of a dataset were drawn.

    Parameters
    ----------
    data : Dataset or DataTree

    Returns
    -------
    dict
        ``name``, ``seed``, ``size`` and, for a structured design, what else makes its rows: ``replicates``,
        ``points``, ``second_order``, ``swaps``, ``latent``, ``correlated``. Empty where it is not recorded.

    Examples
    --------
    >>> cc.design_of(cc.draw(cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1)), 8, design="saltelli"))["swaps"]
    {'x': ['x'], 'y': ['y']}
    """
    return dict(provenance_of(data).get("design", {}))


def sample_design(output: xr.DataArray) -> dict[str, Any]:
    """Return the design of one output's samples where they are no single draw; empty where they are one."""
    attrs = output.coords["sample"].attrs if "sample" in output.coords else {}
    return dict(json.loads(attrs.get(_DESIGN, "{}")))


def with_provenance(data: Dataset, **entries: object) -> Dataset:
    """Return a dataset with some entries of its record replaced."""
    return data.assign_attrs({PROVENANCE: json.dumps({**provenance_of(data), **entries}, ensure_ascii=False)})


def coordinate(dim: str, places: ArrayLike, attrs: Mapping[str, str] | None = None) -> xr.Variable:
    """Return the places along a dimension as an index; to look at a bare array xarray would import pint."""
    values = np.asarray(places)
    index = PandasIndex(pd.Index(values), dim, coord_dtype=values.dtype)
    return index.create_variables({dim: xr.Variable(dim, values, attrs, fastpath=True)})[dim]


def year_coordinate(years: FloatArray) -> xr.Variable:
    """Return the coordinate of the years, of whole numbers where all are whole."""
    whole = years.astype(np.int64)
    return coordinate("year", whole if np.array_equal(whole, years) else years, {"long_name": "year"})


def years_of(data: xr.Dataset | xr.DataArray) -> FloatArray:
    """Return the years of a forecast or of a variable; dates are float years."""
    if "year" not in data.dims or "year" not in data.coords:
        raise InputError(f"{title_of(data)!r} has dimensions {tuple(data.dims)}; it needs the coordinate 'year'")
    given = data["year"].values
    return np.asarray(given, dtype=np.float64) if given.dtype.kind in "fiu" else float_years(given)


def title_of(data: xr.Dataset | xr.DataArray | xr.Variable) -> str:
    """Return what a variable is called in texts."""
    return str(data.attrs.get("long_name") or getattr(data, "name", None) or "the output")


def numbers_of(data: xr.DataArray | xr.Variable, what: str = "") -> FloatArray:
    """Return the values of a variable, refused where they are no numbers."""
    if data.dtype.kind not in "fiub":
        raise InputError(f"{what or repr(title_of(data))} holds values of type {data.dtype}; give numbers")
    return np.asarray(data.values, dtype=np.float64)


def inputs_dataset(values: Arrays, priors: Priors, design: Record) -> Dataset:
    """Label drawn inputs, constants without a dimension."""
    variables = {}
    for name, distribution in priors.items():
        attrs = {"role": "input", "units": distribution.unit, "long_name": in_words(name)}
        attrs |= {key: text for key in ("source", "as_of", "note") if (text := getattr(distribution, key))}
        numbers: Any = values[name] if name in values else np.asarray(distribution.median)
        if isinstance(numbers, SwappedColumn):
            # As xarray holds what a file has: kept once it is read, so that what is written to it stays.
            held: Any = indexing
            numbers = held.MemoryCachedArray(held.CopyOnWriteArray(held.LazilyIndexedArray(_Rows(numbers))))
        variables[name] = xr.Variable(("sample",) if name in values else (), numbers, attrs, fastpath=True)
    size = len(next(iter(values.values()))) if values else int(design.get("size", 1))
    record: dict[str, Any] = {"priors_name": priors.name, "priors_hash": priors.hash, "design": dict(design)}
    drawn = {name: _digest(made_by(variable) or variable.values) for name, variable in variables.items()}
    record |= {"inputs": list(priors.uncertain), "drawn": drawn, "samples": size}
    if None not in (valid := [priors.about.valid_from, priors.about.valid_to]):
        record["valid"] = valid
    # One output alone carries its coordinates but not the record: what its rows are stands on them too.
    structured = {_DESIGN: json.dumps(record["design"])} if {"replicates", "swaps"} & {*design} else {}
    coords = {"sample": coordinate("sample", np.arange(size), structured)}
    return xr.Dataset(variables, coords=coords, attrs=provenance(record))


class _Rows(BackendArray):
    """A column of a Saltelli design as xarray stores it: rows are made when they are read."""

    def __init__(self, column: SwappedColumn) -> None:
        self.column, self.shape, self.dtype = column, column.shape, column.dtype

    def __getitem__(self, key: Any) -> Any:
        support = indexing.IndexingSupport.OUTER
        return indexing.explicit_indexing_adapter(key, self.shape, support, lambda where: self.column[where[0]])


def made_by(variable: xr.Variable) -> Any:
    """Return the column whose rows a variable makes when they are read, None where it holds values, or some rows."""
    stored: Any = getattr(getattr(variable._data, "array", None), "array", None)
    lazy = isinstance(stored, indexing.LazilyIndexedArray) and isinstance(stored.array, _Rows)
    rows = stored.key.tuple[0] if lazy else None
    return stored.array.column if isinstance(rows, slice) and rows == slice(None) else None


def _digest(values: NDArray[Any] | SwappedColumn) -> str:
    """Return a digest of drawn numbers, at the speed of memory."""
    # The sum of the bits of all values sees any change; of the order, a thousand values tell.
    every = slice(None, None, max(1, values.size // 1024))
    if isinstance(values, SwappedColumn):
        content = values.sum_of_bits().tobytes() + values[every].tobytes()
    else:
        bits = np.ascontiguousarray(values, dtype=np.float64).reshape(-1).view(np.uint64)
        content = bits.sum(dtype=np.uint64).tobytes() + bits[every].tobytes()
    return hashlib.blake2b(content, digest_size=6).hexdigest()


def input_arrays(inputs: Dataset, outputs: Iterable[str] = ()) -> tuple[dict[str, FloatArray], dict[str, str]]:
    """Return the values and the units of the inputs that a dataset holds, beside which the outputs can stand."""
    if not isinstance(inputs, xr.Dataset):
        raise InputError(f"inputs are a Dataset from cc.draw(priors, size), not a {type(inputs).__name__}")
    values: dict[str, FloatArray] = {}
    units: dict[str, str] = {}
    for key in _input_names(inputs):
        name, variable = str(key), inputs.variables[key]
        if variable.dims not in ((), ("sample",)):
            raise InputError(f"input {name!r} has dimensions {variable.dims}; an input has ('sample',) or none")
        if (unit := variable.attrs.get("units", variable.attrs.get("unit"))) is None:
            raise InputError(f"input {name!r} has no attribute 'units'; set it, '1' for a pure number")
        values[name] = made_by(variable) or finite_numbers(name, variable)
        units[name] = unit
    if not values:
        raise InputError("the dataset holds no inputs; make one with cc.draw(priors, size, seed=...)")
    if not inputs.sizes.get("sample"):
        raise InputError("the inputs hold no samples; keep the dimension, for one sample by inputs.isel(sample=[0])")
    if twice := [name for name in outputs if name in inputs.coords]:
        raise InputError(f"the inputs have a coordinate {twice[0]!r}, which is an output too; rename or drop it")
    return values, units


def _input_names(inputs: xr.Dataset) -> list[Hashable]:
    """Return the names of the variables that are inputs: those without a role are."""
    # By Dataset.variables: taking a hundred of them as DataArrays costs more than a small run.
    return [name for name in inputs.data_vars if inputs.variables[name].attrs.get("role", "input") == "input"]


def finite_numbers(name: str, variable: xr.Variable) -> FloatArray:
    """Return the values of an input, refused where one is not a finite number."""
    values = numbers_of(variable, f"input {name!r}")
    if (wrong := np.flatnonzero(~np.isfinite(values))).size:
        what = f"input {name!r} has {count_of(wrong.size, 'value')} not finite"
        raise InputError(f"{what}, the first {values.flat[wrong[0]]} in sample {wrong[0]}; give finite inputs")
    return values


def forecast_dataset(
    inputs: Dataset, model: Model, model_hash: str, outputs: Arrays, years: FloatArray | None, values: Arrays
) -> Dataset:
    """Label propagated outputs, (year, sample) or (sample,), beside the inputs, whose `values` were propagated."""
    variables = {
        name: xr.Variable(("year", "sample")[-numbers.ndim :], numbers, output_attrs(model, name), fastpath=True)
        for name, numbers in outputs.items()
    }
    coords: dict[Hashable, Any] = {} if years is None else {"year": year_coordinate(years)}
    made, record = _beside_inputs(inputs, variables, coords, model_hash, values), provenance_of(inputs)
    first, last = record.get("valid", (-np.inf, np.inf))
    if outside := ", ".join(f"{year:g}" for year in coords.get("year", ()) if not first <= year <= last):
        made.attrs["warning"] = f"Outside {first:g} to {last:g}, for which {record['priors_name']} was made: {outside}."
    return made


def _beside_inputs(inputs: Dataset, made: _Variables, coords: _Variables, model_hash: str, values: Arrays) -> Dataset:
    """Return outputs beside the inputs they came from, with the record of both."""
    carried = {name: inputs.variables[name] for name in _input_names(inputs) if name not in made}
    record, samples = provenance_of(inputs), inputs.sizes.get("sample", 1)
    drawn: dict[str, str] = record.get("drawn", {})
    now = {name: _digest(numbers) for name, numbers in values.items()} if drawn else {}
    changed = [name for name, digest in now.items() if drawn.get(name) != digest]
    if drawn and samples != record.get("samples", samples):
        changed = ["sample"]
    if changed:
        # What was changed since the draw is named, and the hash of the priors no longer claimed.
        text = json.dumps([record.get("priors_hash"), now], sort_keys=True)
        record["priors_hash"] = hashlib.sha256(text.encode()).hexdigest()[:12]
        record["edited"] = list(dict.fromkeys([*record.get("edited", []), *changed]))
        record |= {"drawn": {**drawn, **now}, "samples": samples}
    attrs = {**inputs.attrs, **provenance({**record, "model_hash": model_hash})}
    attrs.pop("warning", None)
    of_samples = {name: coord for name, coord in inputs.coords.items() if set(coord.dims) <= {"sample"}}
    return xr.Dataset({**carried, **made}, coords={**of_samples, **coords}, attrs=attrs)


def output_attrs(model: Model, name: str) -> dict[str, str | int]:
    """Return the attributes of an output: role, units, long name, what a year means for it, its sign, and labels."""
    declared = model.declaration(name)
    attrs: dict[str, str | int] = {"role": "output", "units": model.unit(name), "long_name": model.long_name(name)}
    attrs |= {"time": declared.time} if declared.time else {}
    attrs |= {} if declared.positive is None else {"positive": int(declared.positive)}
    return {**attrs, "labels": json.dumps(declared.labels)} if declared.labels else attrs


def evaluated_dataset(
    inputs: Dataset, outputs: Mapping[str, _Output], labels: Mapping[str, NDArray[Any]], model_hash: str, values: Arrays
) -> Dataset:
    """Label outputs of any function, each with its dimensions, the sample last, its values and its unit."""
    variables = {
        name: xr.Variable(dims, numbers, {"role": "output", "units": unit, "long_name": in_words(name)})
        for name, (dims, numbers, unit) in outputs.items()
    }
    coords: dict[Hashable, Any] = {d: coordinate(d, at, {"long_name": in_words(d)}) for d, at in labels.items()}
    if "year" in labels and labels["year"].dtype.kind in "iuf":
        coords["year"] = year_coordinate(labels["year"].astype(np.float64))
    return _beside_inputs(inputs, variables, coords, model_hash, values)


def read_only(dataset: xr.Dataset) -> xr.Dataset:
    """Return a dataset of the same values, whose arrays cannot be written to."""
    views = {name: variable.data[...] for name, variable in dataset.data_vars.items()}
    for view in views.values():
        if isinstance(view, np.ndarray):
            view.flags.writeable = False
    return dataset.copy(data=views)


def weights_array(weights: Weights, forecast: xr.Dataset | xr.DataArray) -> FloatArray | None:
    """Return one weight a sample of a forecast; a DataArray or a Series is aligned by the coordinate ``sample``."""
    if weights is None:
        return None
    size = forecast.sizes["sample"]
    if isinstance(weights, str):
        known = [*map(str, forecast.data_vars if isinstance(forecast, xr.Dataset) else ())]
        if weights not in known:
            what = f"the forecast holds no weights {weights!r}{nearest(weights, known)}"
            # A path alone has no variables to name.
            raise InputError(f"{what}; {'name a variable of it, or ' if known else ''}give a number for each sample")
        weights = forecast[weights]
    if isinstance(weights, pd.Series):
        weights = xr.DataArray(weights.to_numpy(), {"sample": weights.index}, "sample")
    if isinstance(weights, xr.DataArray) and weights.dims != ("sample",):
        raise InputError(f"weights have the dimensions {weights.dims}; give ('sample',), one for each sample")
    if isinstance(weights, xr.DataArray) and "sample" in weights.coords:
        # A forecast without the coordinate is in the order of its draw.
        index, own = weights.indexes["sample"], forecast.get_index("sample")
        places = index.get_indexer(own) if index.is_unique else np.full(size, -1)
        # Samples that were drawn again, as for a bootstrap, are there twice, and so are their weights.
        places = np.arange(size) if index.equals(own) else places
        if (places < 0).any():
            what = f"weights lack {np.count_nonzero(places < 0)} of the {size} samples by their coordinate"
            raise InputError(f"{what}, or name one twice; give one for each sample, or a plain array in order")
        weights = weights[places]
    given = real_numbers("weights", weights)
    if given.shape != (size,):
        raise InputError(f"weights have shape {given.shape}, but there are {size} samples; give one for each")
    return given
