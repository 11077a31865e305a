"""Results for SALib's plots, and SALib's other measures (delta, PAWN, Morris) with labels."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays.indices.pick_freeze import centre_and_scale
from clustercast.dataset import provenance_of
from clustercast.errors import InputError, nearest
from clustercast.sensitivity.outputs import AnalysedOutput, Scale, analysed_output, output_names

FloatArray = NDArray[np.float64]


def to_salib(indices: xr.Dataset, output: str | None = None, year: float | None = None) -> Any:
    """Turn the Sobol' indices of one output and year into SALib's ResultDict.

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices`, with intervals.
    output : str, optional
        The output; may be left out where there is one only.
    year : float, optional
        The year; may be left out where there is one only, or none.

    Returns
    -------
    SALib.util.ResultDict
        S1, S1_conf, ST, ST_conf and, where there, S2, S2_conf; ``to_df()`` and ``plot()`` are SALib's.

    Raises
    ------
    InputError
        The output or year is not there or not said, or the indices have no intervals.
    """
    from clustercast.sensitivity.salib_engine import result_dict

    if "ST_conf" not in indices:
        raise InputError("SALib's results have intervals and these have none; ask sobol_indices for resamples=100")
    names = [str(name) for name in indices["output"].values]
    chosen = indices.sel(output=_only("output", names, output))
    if "year" in indices.dims:
        chosen = chosen.sel(year=_only("year", indices["year"].values.tolist(), year))
    keys = [key for key in ("S1", "S1_conf", "ST", "ST_conf", "S2", "S2_conf") if key in chosen]
    inputs = [str(name) for name in chosen["input"].values]
    return result_dict(inputs, {key: chosen[key].values for key in keys})


def _only(what: str, known: list[Any], chosen: Any) -> Any:
    """Return the one that was chosen, or the only one there is."""
    if chosen is None and len(known) == 1:
        return known[0]
    if chosen in known:
        return chosen
    listed = ", ".join(str(name) for name in known)
    if chosen is None:
        raise InputError(f"the indices have several of {what}; say which {what} of {listed}")
    near = nearest(chosen, known) if isinstance(chosen, str) else ""
    raise InputError(f"{what} {chosen!r} is not in the indices, which have {listed}{near}")


def delta_indices(
    forecast: xr.Dataset,
    *,
    outputs: Iterable[str] | str | None = None,
    scale: Scale = "auto",
    resamples: int = 100,
    confidence: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Borgonovo's moment-independent delta from any sample, by SALib.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`; the inputs vary independently of one another, in any design.
    outputs : str or iterable of str, optional
        Outputs to analyse; all by default.
    scale : {"auto", "log10", "raw"}, optional
        Delta does not change with a monotone scale; its density estimate is better on log10.
    resamples, confidence, seed : optional
        Of the bootstrap.

    Returns
    -------
    Dataset
        ``delta``, ``delta_conf``, ``S1``, ``S1_conf`` with dims (output[, year], input); NaN in a year
        in which the output does not vary. SALib is given the order of each input's values, on which
        delta depends alone.

    Raises
    ------
    InputError
        A value is not finite, an output is unknown, or the forecast holds no varying inputs.

    References
    ----------
    Borgonovo (2007), doi:10.1016/j.ress.2006.04.015; Plischke, Borgonovo and Smith (2013),
    doi:10.1016/j.ejor.2012.11.047.
    """
    from clustercast.sensitivity.salib_engine import delta_column

    def measure(inputs: FloatArray, values: FloatArray) -> dict[str, FloatArray]:
        return delta_column(inputs, values, resamples=resamples, confidence=confidence, seed=seed)

    attributes = {"measure": "delta", "confidence": confidence, "resamples": resamples, "resampling_seed": str(seed)}
    return _each_column(forecast, outputs, scale, measure, attributes)


def pawn_indices(
    forecast: xr.Dataset,
    *,
    outputs: Iterable[str] | str | None = None,
    scale: Scale = "auto",
    slices: int = 10,
    seed: int = 0,
) -> xr.Dataset:
    """PAWN indices, Kolmogorov-Smirnov distances of conditional distributions, by SALib.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, in any design.
    outputs : str or iterable of str, optional
        Outputs to analyse; all by default.
    scale : {"auto", "log10", "raw"}, optional
        Recorded; the distances do not change with a monotone scale.
    slices : int, optional
        Number of intervals that each input is cut into.
    seed : int, optional
        Seed.

    Returns
    -------
    Dataset
        ``minimum``, ``mean``, ``median``, ``maximum`` and ``CV`` over the slices, dims
        (output[, year], input); NaN in a year in which the output does not vary.

    Raises
    ------
    InputError
        A value is not finite, an output is unknown, or the forecast holds no varying inputs.

    References
    ----------
    Pianosi and Wagener (2018), doi:10.1016/j.envsoft.2018.07.019.
    """
    from clustercast.sensitivity.salib_engine import pawn_column

    def measure(inputs: FloatArray, values: FloatArray) -> dict[str, FloatArray]:
        return pawn_column(inputs, values, slices=slices, seed=seed)

    return _each_column(forecast, outputs, scale, measure, {"measure": "PAWN", "slices": slices})


def morris_effects(
    forecast: xr.Dataset,
    points: FloatArray,
    *,
    outputs: Iterable[str] | str | None = None,
    scale: Scale = "auto",
    levels: int = 4,
    resamples: int = 100,
    confidence: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Morris' elementary effects, by SALib.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on inputs that are the quantiles of `points`, row by row.
    points : ndarray, shape (samples, inputs)
        Trajectories on the unit cube, from `clustercast.sensitivity.salib_engine.morris_trajectories`, one
        column for each varying input of the forecast in its order.
    outputs, scale : optional
        As in `sobol_indices`.
    levels : int, optional
        Levels of the grid, as in the trajectories.
    resamples, confidence, seed : optional
        Of the bootstrap of ``mu_star``.

    Returns
    -------
    Dataset
        ``mu``, ``mu_star``, ``sigma`` and ``mu_star_conf`` per unit of probability, on the scale of
        the analysis, dims (output[, year], input).

    Raises
    ------
    InputError
        A value is not finite, an output is unknown, or `points` does not fit the forecast.

    References
    ----------
    Morris (1991), doi:10.1080/00401706.1991.10484804; Campolongo, Cariboni and Saltelli (2007),
    doi:10.1016/j.envsoft.2006.10.004.
    """
    from clustercast.sensitivity.salib_engine import morris_column

    expected = (forecast.sizes.get("sample", 0), len(_varying_inputs(forecast)))
    if points.shape != expected:
        raise InputError(
            f"points has shape {points.shape}, and the forecast has {expected[0]} samples of {expected[1]} inputs"
        )

    def measure(_: FloatArray, values: FloatArray) -> dict[str, FloatArray]:
        return morris_column(points, values, levels=levels, resamples=resamples, confidence=confidence, seed=seed)

    attributes = {"measure": "Morris", "levels": levels, "confidence": confidence, "resamples": resamples}
    return _each_column(forecast, outputs, scale, measure, attributes | {"resampling_seed": str(seed)})


def _varying_inputs(forecast: xr.Dataset) -> list[str]:
    """Name the inputs that have samples, in the order of the draw."""
    if names := provenance_of(forecast).get("inputs"):
        return [str(name) for name in names]
    chosen = [name for name, part in forecast.data_vars.items() if part.attrs.get("role") == "input"]
    return [str(name) for name in chosen if "sample" in forecast[name].dims]


def _probabilities(values: FloatArray) -> FloatArray:
    """Return the place of each value among all, between 0 and 1.

    Delta and PAWN see inputs by their order only; given values with long tails, SALib cuts them into bins of
    equal width of which most are empty, and answers NaN.
    """
    places = np.empty(len(values))
    places[np.argsort(values, kind="stable")] = (np.arange(len(values)) + 0.5) / len(values)
    return places


def _by_year(
    output: AnalysedOutput, inputs: FloatArray, measure: Callable[[FloatArray, FloatArray], dict[str, FloatArray]]
) -> dict[str, FloatArray]:
    """Apply a measure to each year, shape (years, inputs); NaN in a year in which the output does not vary."""
    found = [measure(inputs, column) if centre_and_scale(column)[1] else None for column in output.values]
    first = next((row for row in found if row is not None), None)
    if first is None:
        raise InputError(
            f"output {output.name!r} is constant over all samples, so no input matters to it; leave it out of outputs"
        )
    undefined = np.full(inputs.shape[1], np.nan)
    return {key: np.stack([undefined if row is None else row[key] for row in found]) for key in first}


def _each_column(
    forecast: xr.Dataset,
    outputs: Iterable[str] | str | None,
    scale: Scale,
    measure: Callable[[FloatArray, FloatArray], dict[str, FloatArray]],
    attributes: dict[str, Any],
) -> xr.Dataset:
    """Apply a measure to every output and year, and label what it gives."""
    names = _varying_inputs(forecast)
    absent = [name for name in names if name not in forecast]
    if absent or not names:
        raise InputError(f"the forecast holds no samples of its inputs {', '.join(absent)}; propagate the draw again")
    inputs = np.column_stack([_probabilities(forecast[name].values) for name in names])
    parts = []
    for name in output_names(forecast, outputs):
        output = analysed_output(forecast, name, scale)
        found = _by_year(output, inputs, measure)
        dims = ("year", "input") if output.by_year else ("input",)
        variables = {key: (dims, part if output.by_year else part[0]) for key, part in found.items()}
        coords: dict[str, Any] = {"output": name, "input": names, "scale": output.scale, "unit": output.unit}
        if output.by_year:
            coords["year"] = forecast["year"].variable
        parts.append(xr.Dataset(variables, coords))
    result = xr.concat(parts, dim="output", coords=["output", "scale", "unit"], join="exact", compat="equals")
    kept = {key: value for key, value in forecast.attrs.items() if isinstance(value, str | int | float)}
    result.attrs = kept | {"engine": "salib"} | attributes
    return result
