"""Sobol' indices of a forecast: which inputs own the uncertainty of which output in which year."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays.indices.intervals import bootstrap_weights, check_confidence
from clustercast.arrays.indices.sobol_estimators import estimator_named
from clustercast.arrays.indices.sobol_panel import SobolIndices, sobol_panel
from clustercast.arrays.points.streams import checked_seed
from clustercast.errors import InputError
from clustercast.sensitivity.cautions import cautions
from clustercast.sensitivity.design import SaltelliDesign, saltelli_design
from clustercast.sensitivity.outputs import AnalysedOutput, Scale, analysed_output, output_names

FloatArray = NDArray[np.float64]
Engine = Literal["panel", "salib"]

_FEWEST_TO_VARY = 2


@dataclass(frozen=True)
class _Method:
    """How the indices are to be estimated."""

    engine: str
    estimator: str
    second_order: bool
    interval: str
    confidence: float
    resamples: int
    seed: int


def sobol_indices(
    forecast: xr.Dataset,
    *,
    outputs: Iterable[str] | str | None = None,
    engine: Engine = "panel",
    estimator: str | None = None,
    scale: Scale = "auto",
    second_order: bool | None = None,
    confidence: float = 0.95,
    resamples: int = 100,
    seed: int = 0,
) -> xr.Dataset:
    """Sobol' indices of every output and year of a forecast.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on inputs drawn with ``design="saltelli"``; all samples, in order.
    outputs : str or iterable of str, optional
        Outputs to analyse; all by default. A variable added to the forecast counts too, such
        as the exceedance of a threshold: ``forecast.assign(reached=forecast["x"] >= 1e12)``.
    engine : {"panel", "salib"}, optional
        One pass over the panel of outputs and years, or SALib itself on each column.
    estimator : str, optional
        ``"azzini-rosati"`` (default on a design with second order, where it is by far the most
        precise), ``"saltelli-jansen"`` (SALib's own; default on a design without),
        ``"janon-monod"`` (steadier where tails are heavy), ``"saltelli"`` or ``"jansen"``.
    scale : {"auto", "log10", "raw"}, optional
        Scale of the outputs; ``"auto"`` is log10 where an output is positive.
    second_order : bool, optional
        Whether to estimate interactions of pairs; by default where the design allows it.
    confidence : float, optional
        Coverage of the intervals, between 0 and 1.
    resamples : int, optional
        Bootstrap resamples, where the design has one scramble only; 0 for no intervals.
    seed : int, optional
        Seed of the bootstrap.

    Returns
    -------
    Dataset
        ``S1``, ``ST`` with dims (output[, year], input), ``S2`` with (output[, year], input, input_2)
        above the diagonal, ``*_conf`` half-widths, ``ST_difference_conf`` half-widths of differences
        between inputs, and ``variance`` on the scale of the analysis (pure number squared for
        log10). Coordinates ``scale`` and ``unit`` by output. Attributes: how it was done, where
        the forecast came from, and ``warning``: what could mislead, empty if nothing; ``interval``
        is ``"student-t"`` or ``"bootstrap"``, and ``interval_widened`` 1 where a skewed estimate has
        a wider one, as all have but the bootstrap of ``"saltelli-jansen"``, SALib's own. With groups
        in the draw, ``input`` holds the groups, S1 is their closed index. An output without
        years repeats over them where others have years. Where an output does not vary its
        variance is 0 and its indices are NaN.

    Raises
    ------
    InputError
        The forecast is not of a Saltelli design, or is shuffled, cut or altered; a value is
        not finite; an output is unknown or constant; a choice does not fit the design.

    References
    ----------
    Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018; Azzini, Mara and Rosati (2021),
    doi:10.1016/j.envsoft.2021.105167; Janon et al. (2014), doi:10.1051/ps/2013040; intervals: L'Ecuyer et al.
    (2023), doi:10.1109/WSC60868.2023.10408613; Hall (1992), doi:10.1007/978-1-4612-4384-7.

    Examples
    --------
    >>> import clustercast as cc
    >>> @cc.quantity("1")
    ... def total(x, y):
    ...     return x + 2 * y
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))
    >>> design = cc.draw(priors, 1024, design="saltelli", replicates=8, seed=1)
    >>> indices = cc.sobol_indices(cc.propagate(design, model=cc.Model([total])), scale="raw")
    >>> indices["ST"].sel(output="total").round(2).values.tolist()
    [0.2, 0.8]
    """
    design = saltelli_design(forecast)
    method = _method(design, engine, estimator, second_order, confidence, resamples, seed)
    names = output_names(forecast, outputs)
    weights = bootstrap_weights(design.size, resamples, seed) if _wants_weights(method) else None
    analysed, results = [], []
    for name in names:
        output = analysed_output(forecast, name, scale)
        result = _estimate(output, design, method, weights)
        if not result.variance.any():
            raise InputError(
                f"output {name!r} is constant over all samples, so no input matters to it; leave it out of outputs, "
                "or free an input that it depends on"
            )
        analysed.append(_without_values(output))
        results.append(result)
    indices = _labelled(forecast, analysed, results, tuple(design.swaps))
    indices.attrs = {key: _plain(value) for key, value in forecast.attrs.items()} | _attributes(method)
    indices.attrs["warning"] = cautions(
        indices,
        {output.name: output.log_sd for output in analysed},
        interval=method.interval,
        points=design.points,
        replicates=design.replicates,
        size=design.size,
    )
    return indices


def _method(
    design: SaltelliDesign,
    engine: str,
    estimator: str | None,
    second_order: bool | None,
    confidence: float,
    resamples: int,
    seed: int,
) -> _Method:
    """Fill in what was left open, and refuse what does not fit together."""
    check_confidence(confidence)
    seed = checked_seed(seed)
    if design.size < _FEWEST_TO_VARY:
        raise InputError(
            f"the design has {design.size} base point, which has no variance; draw 2 or more (1,024 is usual)"
        )
    if isinstance(resamples, bool) or not isinstance(resamples, int | np.integer):
        raise InputError(f"resamples is {resamples!r}; give a whole number (100 is usual), or 0 for no intervals")
    if engine not in ("panel", "salib"):
        raise InputError(f"engine is {engine!r}, and must be 'panel' or 'salib'")
    if engine == "salib" and estimator not in (None, "saltelli-jansen"):
        raise InputError(f"engine 'salib' has the estimator 'saltelli-jansen' only, not {estimator!r}")
    if resamples < 0 or resamples == 1:
        raise InputError(f"resamples is {resamples}; give 0 for no intervals, or 2 or more (100 is usual)")
    if engine == "salib" and resamples == 0:
        raise InputError("engine 'salib' needs resamples of 2 or more (100 is usual)")
    default = "azzini-rosati" if design.second_order and engine == "panel" else "saltelli-jansen"
    chosen = estimator_named(estimator or default)
    if (second_order or chosen.needs_second_order) and not design.second_order:
        what = "second_order=True" if second_order else f"estimator {chosen.name!r}"
        raise InputError(f"{what} needs a design with the rows BA; draw it with second_order=True")
    interval = "none" if resamples == 0 else "bootstrap"
    if design.replicates > 1 and engine == "panel":
        interval = "student-t"
    pairs = design.second_order if second_order is None else second_order
    return _Method(engine, chosen.name, pairs, interval, confidence, resamples, seed)


def _wants_weights(method: _Method) -> bool:
    return method.engine == "panel" and method.interval == "bootstrap"


def _estimate(
    output: AnalysedOutput, design: SaltelliDesign, method: _Method, weights: FloatArray | None
) -> SobolIndices:
    """Estimate one output's indices over all its years."""
    if method.engine == "salib":
        from clustercast.sensitivity.salib_engine import sobol_columns

        return sobol_columns(
            output.values,
            len(design.swaps),
            design_second_order=design.second_order,
            second_order=method.second_order,
            confidence=method.confidence,
            resamples=method.resamples,
            seed=method.seed,
        )
    return sobol_panel(
        output.values,
        len(design.swaps),
        estimator=method.estimator,
        design_second_order=design.second_order,
        second_order=method.second_order,
        weights=weights,
        replicates=design.replicates if weights is None else 1,
        confidence=method.confidence,
    )


def _without_values(output: AnalysedOutput) -> AnalysedOutput:
    """Let go of an output's samples once its indices are known."""
    return AnalysedOutput(output.name, output.unit, output.scale, np.empty((0, 0)), output.by_year, output.log_sd)


_VARIABLES: dict[str, tuple[str, int, str]] = {
    "S1": ("first", 1, "first-order Sobol index"),
    "S1_conf": ("first_half_width", 1, "half-width of the interval of S1"),
    "ST": ("total", 1, "total Sobol index"),
    "ST_conf": ("total_half_width", 1, "half-width of the interval of ST"),
    "S2": ("second", 2, "second-order Sobol index"),
    "S2_conf": ("second_half_width", 2, "half-width of the interval of S2"),
    "ST_difference_conf": ("total_difference_half_width", 2, "half-width of the difference of two inputs' ST"),
    "variance": ("variance", 0, "variance on the scale of the analysis"),
}


def _labelled(
    forecast: xr.Dataset, outputs: Sequence[AnalysedOutput], results: Sequence[SobolIndices], inputs: tuple[str, ...]
) -> xr.Dataset:
    """Put names on the panel's axes."""
    by_year = any(output.by_year for output in outputs)
    years = forecast.sizes["year"] if by_year else 1
    variables: dict[str, tuple[tuple[str, ...], FloatArray, dict[str, str]]] = {}
    for name, (field, input_dims, meaning) in _VARIABLES.items():
        found = [getattr(result, field) for result in results]
        if found[0] is None:
            continue
        stacked = np.stack([np.broadcast_to(part, (years, *part.shape[1:])) for part in found])
        dims = ("output", "year", "input", "input_2")[: 2 + input_dims]
        if not by_year:
            stacked, dims = stacked[:, 0], tuple(dim for dim in dims if dim != "year")
        variables[name] = (dims, stacked, {"long_name": meaning, "units": "1"})
    coords: dict[str, Any] = {
        "output": [output.name for output in outputs],
        "input": list(inputs),
        "scale": ("output", [output.scale for output in outputs]),
        "unit": ("output", [output.unit for output in outputs]),
    }
    if by_year:
        coords["year"] = forecast["year"].variable
    if any("input_2" in dims for dims, _, _ in variables.values()):
        coords["input_2"] = list(inputs)
    return xr.Dataset(variables, coords)


def _plain(value: object) -> object:
    """Turn an attribute into what netCDF can hold."""
    if value is None:
        return ""
    return int(value) if isinstance(value, bool | np.bool_) else value


def _attributes(method: _Method) -> dict[str, str | int | float]:
    """Say how the indices were estimated."""
    resampled, chosen = method.interval == "bootstrap", estimator_named(method.estimator)
    widened = chosen.widens_bootstrap if resampled else method.interval == "student-t"
    return {
        "engine": method.engine,
        "estimator": method.estimator,
        "estimator_references": " ".join(f"doi:{doi}" for doi in chosen.references),
        "interval": method.interval,
        "interval_widened": int(widened),
        "confidence": method.confidence,
        "resamples": method.resamples if resampled else 0,
        "resampling_seed": str(method.seed) if resampled else "",
    }
