"""What a forecast says by year: quantiles and means with Monte Carlo errors."""

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays import FloatArray, Pair, summaries
from clustercast.dataset import Record, Weights, coordinate, design_of, in_words, numbers_of, weights_array
from clustercast.errors import InputError, count_of, shown, typed
from clustercast.files.netcdf import LAYOUT, SummaryDataset

Variables = dict[Hashable, xr.Variable]
PROBABILITIES = (0.05, 0.25, 0.5, 0.75, 0.95)
_EVEN = ("latin", "sobol", "saltelli", "shapley", "kucherenko")


@typed
def summarise(
    forecast: xr.Dataset, probabilities: Sequence[float] = PROBABILITIES, weights: Weights = None
) -> SummaryDataset:
    """Summarise the outputs of a forecast over its samples.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`: outputs with a dimension ``sample``.
    probabilities : sequence of float, optional
        Increasing, from 0 to 1.
    weights : DataArray or array, shape (sample,), optional
        Importance weights of any scale, as of a posterior; a DataArray is aligned by its coordinate ``sample``.

    Returns
    -------
    Dataset
        For each output ``NAME``, in its unit: ``NAME`` with ``quantile`` as its last dimension, ``NAME_mean``, and
        their Monte Carlo standard errors ``NAME_error`` and ``NAME_mean_error``; of a labelled index ``NAME_share``
        and ``NAME_share_error`` by ``NAME_label``. Attributes add ``outputs``, ``samples``, ``effective_samples``,
        ``error_method`` and ``warning``: means that a few values own, whose errors may be too small (k-hat of the
        largest above 0.5), or are (0.7). Its ``to_dataframe()`` is tidy, one row a number.

    Raises
    ------
    InputError
        If there are no outputs or samples, an output is not finite, a design is cut, or two names collide.

    Notes
    -----
    Errors are those of independent samples, of a quantile by the order statistics beside it, of a mean by the spread:
    upper limits for a Latin hypercube and Sobol' points. Four or more replicates give errors by their own spread, for
    any design that is whole, of a mean no less than a long tail leaves. Of a Saltelli design the rows A and B are used,
    which the others repeat.

    Examples
    --------
    >>> power = xr.DataArray([[1.0, 2.0, 3.0]], dims=("year", "sample"), attrs={"role": "output", "units": "GW"})
    >>> result = summarise(xr.Dataset({"power": power}, coords={"year": [2030]}))
    >>> float(result["power"].sel(quantile=0.5, year=2030)), float(result["power_mean"].sel(year=2030))
    (2.0, 2.0)
    """
    points = summaries.checked_probabilities(probabilities)
    names = output_names(forecast)
    design = design_of(forecast)
    rows, used, replicates = independent(forecast, weights, design)
    variables: Variables = {}
    tails: dict[str, FloatArray] = {}
    for name in names:
        variable = forecast.variables[name].transpose(..., "sample")[..., rows]
        if "quantile" in variable.dims:
            raise InputError(f"output {name!r} has a dimension 'quantile', which a summary has of its own; rename it")
        if "labels" in variable.attrs:
            made = _label_shares(name, variable, used, replicates)
        else:
            made = _summary_of(name, variable, points, used, replicates)
            tails[str(name)] = summaries.tail_shapes(variable.values.astype(np.float64, copy=False), used)
        if twice := next((key for key in made if key in variables), None):
            raise InputError(f"the output {name!r} and another one both give {twice!r}; rename one of them")
        variables |= made
    described = summary_record(names, variable.sizes["sample"], design, replicates, used)
    described["warning"] = _tail_warning(tails)
    coords = {key: forecast[key] for key in forecast.coords if forecast[key].dims == (key,) and key != "sample"}
    coords = {key: value for key, value in coords.items() if any(key in v.dims for v in variables.values())}
    quantile = coordinate("quantile", points, {"long_name": "probability"})
    return SummaryDataset(variables, coords={**coords, "quantile": quantile}, attrs={**forecast.attrs, **described})


def summary_record(
    names: list[str], size: int, design: Record, replicates: int = 1, weights: FloatArray | None = None
) -> dict[str, Any]:
    """Return what the attributes of a summary say of its outputs, samples and errors."""
    effective = float(size) if weights is None else summaries.effective_size(weights)
    method = f"order statistics and variance of {'independent' if weights is None else 'the effective'} samples"
    if replicates > 1:
        method = f"spread of {replicates} independent replicates"
    # Not of points that are drawn independently, such as Saltelli's may be.
    elif design.get("name") in _EVEN and design.get("points", "sobol") == "sobol":
        method += "; an upper limit, because the points of the design are spread evenly"
    record = {"layout": LAYOUT, "outputs": json.dumps(names), "samples": size, "effective_samples": effective}
    return {**record, "error_method": method}


def summary_variables(name: str, dims: Sequence[Hashable], attrs: Record, numbers: summaries.Summary) -> Variables:
    """Return the summary of one output as labelled variables; `dims` are the output's own without ``sample``."""
    title, error = attrs.get("long_name", in_words(name)), "Monte Carlo standard error of"
    texts = {"": "quantiles of", "_error": f"{error} quantiles of"}
    texts |= {"_mean": "mean of", "_mean_error": f"{error} the mean of"}
    own = {"role": "summary", **{key: attrs[key] for key in ("units", "time") if key in attrs}}
    variables: Variables = {}
    for (ending, text), values in zip(texts.items(), numbers, strict=True):
        where = tuple(dims) if "mean" in ending else (*dims, "quantile")
        variables[f"{name}{ending}"] = xr.Variable(where, values, {**own, "long_name": f"{text} {title}"})
    return variables


def check_forecast(forecast: object) -> None:
    """Refuse what is no forecast."""
    if not isinstance(forecast, xr.Dataset) or "sample" not in forecast.dims:
        dims = getattr(forecast, "dims", None)
        given = shown(forecast, 60) if dims is None else f"a {type(forecast).__name__} of dimensions {tuple(dims)}"
        raise InputError(f"a forecast is a Dataset with a dimension 'sample', as from cc.propagate, not {given}")


def output_names(forecast: xr.Dataset) -> list[str]:
    """Return the outputs of a forecast, refused if there are none: variables of role "output" with ``sample``."""
    check_forecast(forecast)
    variables = forecast.variables.items()
    names = [str(name) for name, one in variables if one.attrs.get("role") == "output" and "sample" in one.dims]
    if not names:
        what = f"the dataset with the variables {', '.join(map(str, forecast.data_vars)) or '(none)'} holds no outputs"
        raise InputError(f"{what} with a dimension 'sample'; make one with cc.propagate(inputs)")
    return names


def independent(
    forecast: xr.Dataset | xr.DataArray, weights: Weights, design: Record
) -> tuple[NDArray[np.intp] | slice, FloatArray | None, int]:
    """Return the independent samples of a forecast, their weights, and replicates enough for errors, or 1."""
    size = forecast.sizes["sample"]
    rows, given = independent_rows(design, size), weights_array(weights, forecast)
    if given is not None:
        return rows, given[rows], 1
    return rows, None, summaries.enough_replicates(design, size if isinstance(rows, slice) else design["size"])


def independent_rows(design: Record, size: int) -> NDArray[np.intp] | slice:
    """Return the independent samples of a design: all, or the first and last row of each base point."""
    name, points = design.get("name"), int(design.get("size", 0))
    if name == "morris":
        raise InputError("the rows of a Morris design are no sample of the priors; draw with design='sobol'")
    if name not in ("saltelli", "shapley", "kucherenko"):
        return slice(None)
    expected = points * (2 + len(design["swaps"]) * (1 + design["second_order"])) if name == "saltelli" else size
    if size != expected or size % points:
        what = f"the {name} design has {expected} samples by its attributes, but the dataset has {size}"
        raise InputError(f"{what}; summarise the whole of it, or draw with design='sobol'")
    first = np.arange(0, size, size // points)
    return np.stack([first, first + size // points - 1], axis=1).reshape(-1)


def _summary_of(
    name: str, variable: xr.Variable, points: FloatArray, weights: FloatArray | None, replicates: int
) -> Variables:
    """Return the labelled summary of a number."""
    values = numbers_of(variable, f"output {name!r}")
    try:
        means = summaries.mean_with_error(values, weights, replicates)
        numbers = summaries.Summary(*summaries.quantiles_with_errors(values, points, weights, replicates), *means)
    except InputError:
        if not (wrong := np.argwhere(~np.isfinite(values))).size:
            raise
        count, first = count_of(len(wrong), "value"), wrong[:, -1].min()
        what = f"output {name!r} has {count} not finite, the first in sample {first}"
        raise InputError(f"{what}; correct its quantity, or use cc.exceedance, which takes infinities") from None
    return summary_variables(name, variable.dims[:-1], variable.attrs, numbers)


def _tail_warning(shapes: Mapping[str, FloatArray]) -> str:
    """Return which means rest on a few values, by the k-hat of their rows, in a sentence for each degree of doubt."""
    said, worst = [], {name: float(np.nanmax(rows, initial=0.0)) for name, rows in shapes.items()}
    for limit, above, sure in ((summaries.HEAVY, np.inf, True), (summaries.DOUBTFUL, summaries.HEAVY, False)):
        named = [name for name, k_hat in worst.items() if limit < k_hat <= above]
        if not named:
            continue
        whose, their, are, up_to = f"mean of {named[0]} rests on its", "its error", "is", ""
        if len(named) > 1:
            whose = f"means of {', '.join(named[:-1])} and {named[-1]} rest on their"
            their, are, up_to = "their errors", "are", "up to "
        heavy = {name: np.count_nonzero(shapes[name] > summaries.DOUBTFUL) for name in named}
        most = max(named, key=lambda name: (heavy[name], shapes[name].size))
        where = "" if shapes[most].size == 1 else f" in {up_to}{heavy[most]} of {shapes[most].size} rows"
        tail = f"(k-hat {up_to}{max(worst[name] for name in named):.2f}, above {limit})"
        verdict = f"{their} {are} too small, with more samples too" if sure else f"{their} may be too small"
        remedy = "report quantiles, or the mean of the logarithm"
        said.append(f"The {whose} few largest values{where} {tail}: {verdict}; {remedy}.")
    return " ".join(said)


def _label_shares(name: str, variable: xr.Variable, weights: FloatArray | None, replicates: int) -> Variables:
    """Return the share of samples that take each label of an index."""
    labels: list[str] = json.loads(variable.attrs["labels"])
    counted = variable.values[..., np.newaxis, :] == np.arange(len(labels))[:, np.newaxis]
    if not counted.any(axis=-2).all():
        raise InputError(f"output {name!r} has values that are none of 0 to {len(labels) - 1}, its labels")
    title, by = variable.attrs.get("long_name", in_words(name)), coordinate(f"{name}_label", labels)
    shares = summaries.share_with_error(counted, weights, replicates)
    return share_variables(f"{name}_share", variable.dims[:-1], by, title, shares)


def share_variables(name: str, dims: Sequence[Hashable], by: xr.Variable, title: str, shares: Pair) -> Variables:
    """Return shares of samples by label or level, and their standard errors, labelled."""
    own, attrs = (*dims, *by.dims), {"role": "summary", "units": "1"}
    return {
        name: xr.Variable(own, shares[0], {**attrs, "long_name": f"share of samples by {title}"}),
        f"{name}_error": xr.Variable(own, shares[1], {**attrs, "long_name": f"standard error of shares by {title}"}),
        by.dims[0]: by,
    }
