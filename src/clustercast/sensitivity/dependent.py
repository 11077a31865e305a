"""Shapley effects and Kucherenko's indices, read off a forecast that carries their design."""

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays.indices.kucherenko import NAMES, kucherenko_indices, rows_per_point
from clustercast.arrays.indices.ratios import half_widths
from clustercast.arrays.indices.shapley import random_permutations, shapley_effects
from clustercast.arrays.points.streams import replicate_seed
from clustercast.dataset import design_of, provenance_of
from clustercast.errors import InputError
from clustercast.sensitivity.labels import analysed_outputs, labelled, measured, year_of
from clustercast.sensitivity.outputs import Scale

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Measures = dict[str, FloatArray]
Attributes = dict[str, str | int | float]

_SHAPLEY = {"Sh": "Shapley effect", "Sh_conf": "half-width of the interval of Sh"}
_KUCHERENKO = {
    "S1_full": "first-order index, inclusive of correlation",
    "ST_full": "total index, inclusive of correlation",
    "S1_ind": "first-order index, exclusive of correlation",
    "ST_ind": "total index, exclusive of correlation",
}
_KUCHERENKO |= {f"{name}_conf": f"half-width of the interval of {name}" for name in NAMES}


def shapley_panel(
    forecast: xr.Dataset, outputs: Sequence[str] | str | None, scale: Scale, confidence: float
) -> xr.Dataset:
    """Estimate Shapley effects from the forecast of their design.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on trajectories drawn by `clustercast.shapley_effects`.
    outputs : str or sequence of str, optional
    scale : {"auto", "log10", "raw"}
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    Dataset
        ``Sh`` and ``Sh_conf`` with dims (output[, year], input).

    Raises
    ------
    InputError
        If the forecast is not that of its design, whole and in order.
    """
    drawn, varied = _inputs(forecast)
    size, replicates = _checked_size(forecast, "shapley", len(varied) + 1)
    seed = int(design_of(forecast)["seed"])
    seeds = [replicate_seed(seed, replicate) for replicate in range(replicates)]
    orders = np.concatenate([random_permutations(own, len(varied), size // replicates) for own in seeds])

    def measure(values: FloatArray) -> Measures:
        effects, errors = shapley_effects(values, orders, replicates)
        return {"Sh": effects, "Sh_conf": half_widths(errors, replicates, confidence)}

    attrs: Attributes = {"estimator": "random-permutation trajectories", "confidence": confidence}
    attrs["estimator_references"] = _SHAPLEY_REFERENCES
    return _panel(forecast, outputs, scale, (drawn, varied), measure, _SHAPLEY, attrs)


_SHAPLEY_REFERENCES = "doi:10.1137/15M1048070 doi:10.1137/18M1234631 doi:10.1016/j.ress.2020.107183"
_KUCHERENKO_REFERENCES = "doi:10.1016/j.cpc.2011.12.020 doi:10.1016/j.envsoft.2015.05.010"


def kucherenko_panel(
    forecast: xr.Dataset, outputs: Sequence[str] | str | None, scale: Scale, confidence: float
) -> xr.Dataset:
    """Estimate Kucherenko's indices from the forecast of their design.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on rows drawn by `clustercast.kucherenko_indices`.
    outputs : str or sequence of str, optional
    scale : {"auto", "log10", "raw"}
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    Dataset
        ``S1_full``, ``ST_full``, ``S1_ind``, ``ST_ind`` and their ``_conf``, with dims
        (output[, year], input).

    Raises
    ------
    InputError
        If the forecast is not that of its design, whole and in order.
    """
    drawn, varied = _inputs(forecast)
    tied = np.array([varied.index(n) for n in design_of(forecast)["correlated"]], dtype=np.int64)
    _, replicates = _checked_size(forecast, "kucherenko", rows_per_point(len(varied), len(tied)))

    def measure(values: FloatArray) -> Measures:
        indices, errors = kucherenko_indices(values, len(varied), tied, replicates)
        widths = {f"{name}_conf": half_widths(errors[name], replicates, confidence) for name in NAMES}
        return {**indices, **widths}

    attrs: Attributes = {"estimator": "azzini-rosati", "confidence": confidence}
    attrs["estimator_references"] = _KUCHERENKO_REFERENCES
    return _panel(forecast, outputs, scale, (drawn, varied), measure, _KUCHERENKO, attrs)


def _inputs(forecast: xr.Dataset) -> tuple[list[str], list[str]]:
    """Return the names of all uncertain inputs, and of those that the design varies."""
    return design_of(forecast).get("uncertain", []), provenance_of(forecast).get("inputs", [])


def _checked_size(forecast: xr.Dataset, design: str, rows: int) -> tuple[int, int]:
    """Return size and replicates of a design, refusing a forecast that is not whole and in order."""
    drawn = design_of(forecast)
    if drawn.get("name") != design:
        raise InputError(f"the forecast's design is {drawn.get('name', 'not recorded')!r}, and {design!r} is needed")
    size, count = int(drawn["size"]), forecast.sizes["sample"]
    if count != size * rows or not np.array_equal(forecast["sample"].values, np.arange(count)):
        raise InputError(
            f"the forecast must hold all {size * rows} samples of its {design} design in order, not {count}"
        )
    return size, int(drawn["replicates"])


def _panel(
    forecast: xr.Dataset,
    outputs: Sequence[str] | str | None,
    scale: Scale,
    inputs: tuple[list[str], list[str]],
    measure: Callable[[FloatArray], Measures],
    meanings: dict[str, str],
    attrs: Attributes,
) -> xr.Dataset:
    """Measure one output after the other, all its years at once; what nothing depends on has measures of 0."""
    drawn, varied = inputs
    size = int(design_of(forecast)["size"])
    places = [drawn.index(name) for name in varied]
    results = []
    for output in analysed_outputs(forecast, outputs, scale):
        found = measure(output.values.T.reshape(size, -1, len(output.values)))
        undefined = np.where(np.ptp(output.values, axis=1) == 0, np.nan, 0.0)
        filled = {}
        for name, values in found.items():
            filled[name] = np.repeat(undefined[:, np.newaxis], len(drawn), axis=1)
            filled[name][:, places] = values.T
        results.append(measured(output, year_of(forecast), filled))
    return labelled(forecast, results, drawn, meanings, {**attrs, "runs": forecast.sizes["sample"]})
