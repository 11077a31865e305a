"""The outputs of a forecast that sensitivity looks at, and the scale it looks at them on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.errors import InputError, nearest

FloatArray = NDArray[np.float64]
Scale = Literal["auto", "log10", "raw"]

# Of the natural logarithm, on the raw scale: from about here a few samples own the variance.
LOG_SD_THAT_MISLEADS = 1.0


@dataclass(frozen=True)
class AnalysedOutput:
    """One output, on the scale of the analysis.

    Attributes
    ----------
    name, unit : str
        As in the forecast.
    scale : str
        ``"log10"`` or ``"raw"``.
    values : ndarray, shape (years or 1, samples)
        On that scale.
    by_year : bool
        Whether the output depends on the year.
    log_sd : float
        On the raw scale, the largest standard deviation of the natural logarithm of a positive
        output over its years; 0 otherwise.
    """

    name: str
    unit: str
    scale: str
    values: FloatArray
    by_year: bool
    log_sd: float

    @property
    def misleads(self) -> bool:
        """Whether the raw scale is so skewed that a few samples own the variance."""
        return self.log_sd > LOG_SD_THAT_MISLEADS


def output_names(forecast: xr.Dataset, outputs: Iterable[str] | str | None) -> tuple[str, ...]:
    """Return the outputs to analyse: those asked for, or all.

    Raises
    ------
    InputError
        A name is unknown or has no samples, or there is none.
    """
    # Bare variables: xarray takes longer to label a few hundred of them than a small panel does.
    sampled = {str(name): forecast.variables[name] for name in forecast.data_vars}
    sampled = {name: variable for name, variable in sampled.items() if "sample" in variable.dims}
    known = [name for name, variable in sampled.items() if variable.attrs.get("role") != "input"]
    if outputs is None:
        marked = [name for name in known if sampled[name].attrs.get("role") == "output"]
        if not marked:
            raise InputError("the forecast holds no outputs; pass the result of cc.propagate, or name them in outputs=")
        return tuple(marked)
    names = tuple(dict.fromkeys([outputs] if isinstance(outputs, str) else outputs))
    if not names:
        raise InputError("outputs is empty; name at least one, or leave it out to analyse all")
    for name in names:
        if name not in known:
            raise InputError(
                f"output {name!r} is not in the forecast, which has {', '.join(known)}{nearest(name, known)}"
            )
    return names


def analysed_output(forecast: xr.Dataset, name: str, scale: Scale) -> AnalysedOutput:
    """Take one output from a forecast and put it on the scale of the analysis.

    Parameters
    ----------
    forecast : Dataset
        Dims sample and, for most outputs, year.
    name : str
        The output.
    scale : {"auto", "log10", "raw"}
        ``"auto"`` is log10 for a positive output, raw for one with values at or below zero, a
        truth value or an index with labels.

    Returns
    -------
    AnalysedOutput
        The output on its scale.

    Raises
    ------
    InputError
        A value is not finite, log10 is asked for a value that is not positive, the scale is
        unknown, or the output has other dimensions.
    """
    if scale not in ("auto", "log10", "raw"):
        raise InputError(f"scale is {scale!r}, and must be 'auto', 'log10' or 'raw'")
    variable = forecast[name]
    if set(variable.dims) - {"year", "sample"}:
        raise InputError(f"output {name!r} has dims {variable.dims}, and may have year and sample only")
    by_year = "year" in variable.dims
    ordered = variable.transpose(..., "sample").values
    is_index = ordered.dtype == bool or "labels" in variable.attrs
    values = np.atleast_2d(np.asarray(ordered, dtype=np.float64))
    _check_finite(forecast, name, values, by_year)
    positive = bool(values.min() > 0)
    chosen = ("log10" if positive and not is_index else "raw") if scale == "auto" else scale
    unit = str(variable.attrs.get("units", "1"))
    if chosen == "raw":
        log_sd = float(np.log(values).std(axis=1).max()) if positive else 0.0
        return AnalysedOutput(name, unit, chosen, values, by_year, log_sd)
    if not positive:
        raise InputError(
            f"output {name!r} has a value of {values.min():g} {unit}, which has no logarithm; use scale='raw' or 'auto'"
        )
    logarithms = np.log(values)
    logarithms *= 1 / np.log(10)
    return AnalysedOutput(name, unit, chosen, logarithms, by_year, 0.0)


def _check_finite(forecast: xr.Dataset, name: str, values: FloatArray, by_year: bool) -> None:
    """Refuse values that are not finite: one of them would make every index of its column wrong."""
    if np.isfinite(values).all():
        return
    row, sample = np.argwhere(~np.isfinite(values))[0]
    count = int((~np.isfinite(values[row])).sum())
    when = f" in {forecast['year'].values[row]:g}" if by_year else ""
    label = forecast["sample"].values[sample] if "sample" in forecast.coords else sample
    raise InputError(
        f"output {name!r}{when} has {count} values that are not finite, the first {values[row, sample]} at sample "
        f"{label}; mend the quantity that gives it, or analyse a claim that is always defined, such as the exceedance "
        'of a threshold by a year (forecast["x"] >= threshold)'
    )
