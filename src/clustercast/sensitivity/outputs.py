"""The outputs of a forecast that sensitivity looks at, and the scale it looks at them on."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import xarray as xr

from clustercast.arrays import BoolArray, FloatArray, Names
from clustercast.arrays.indices.pick_freeze import centre_and_scale
from clustercast.arrays.summaries.order_statistics import unit_for_squares
from clustercast.errors import InputError, nearest

ScaleName = Literal["auto", "log10", "raw"]
Scale = ScaleName | Mapping[str, ScaleName]
# Of the natural logarithm, on the raw scale: from about here a few samples own the variance.
LOG_SD_THAT_MISLEADS = 1.0
# Of pure numbers, times, rates and temperatures nothing says that they are positive.
_MAY_BE_NEGATIVE = {*"year month week day hour h minute min second s OOM percent pp dB degC degF K".split(), "%"}
# An output is called skewed by its logarithms only where nearly all of its values have one.
_MOSTLY_POSITIVE = 0.9


@dataclass(frozen=True)
class AnalysedOutput:
    """One output on the scale of the analysis, shape (years or 1, samples)."""

    name: str
    unit: str
    scale: str
    values: FloatArray
    by_year: bool
    # On the raw scale, the largest standard deviation of the natural logarithm over the years; 0 otherwise.
    log_sd: float = 0.0
    # What the values of each year are given in, beside the unit, shape (years or 1, 1).
    factor: FloatArray | float = 1.0

    def for_squares(self) -> "AnalysedOutput":
        """Return the output with years that vary by rounding only made constant, in a factor that can be squared."""
        centres, spreads = np.array([centre_and_scale(values) for values in self.values]).T[:, :, np.newaxis]
        factor = np.array([[unit_for_squares(values)] for values in self.values])
        return replace(self, values=np.where(spreads == 0, centres, self.values) / factor, factor=factor)


@dataclass(frozen=True)
class MeasuredOutput:
    """The measures of one output by name, shape (years or 1, inputs), (years or 1, inputs, inputs) or (years or 1,)."""

    output: AnalysedOutput
    measures: Mapping[str, FloatArray]
    # Years in which it does not vary, shape (years or 1,).
    constant: BoolArray


def measured(
    output: AnalysedOutput, measures: Mapping[str, FloatArray], constant: BoolArray | None = None
) -> MeasuredOutput:
    """Keep an output's measures and let go of its values; by default it is constant where these are all the same."""
    constant = np.ptp(output.values, axis=1) == 0 if constant is None else constant
    return MeasuredOutput(replace(output, values=np.empty((0, 0))), measures, constant)


def analysed_outputs(forecast: xr.Dataset, outputs: Names, scale: Scale) -> Iterator[AnalysedOutput]:
    """Yield the outputs asked for, or all, one after the other on the scale of the analysis."""
    names = output_names(forecast, outputs)
    asked = scale if isinstance(scale, Mapping) else dict.fromkeys(names, scale)
    # An unknown scale is refused before any output is looked at.
    scales_of({name: forecast.variables[name].attrs for name in names}, asked)
    for name in names:
        yield analysed_output(forecast, name, asked.get(name, "auto"))


def scales_of(attributes: Mapping[str, Mapping[Any, Any]], scale: Scale) -> dict[str, ScaleName]:
    """Return the scale of each output from its attributes: what is estimated hangs on no sample."""
    # "auto" is raw for labels and for units that may have either sign, log10 for other units, W or USD; a declaration
    # of the quantity decides first.
    scales: dict[str, ScaleName] = {}
    for name, attrs in attributes.items():
        chosen = scale.get(name, "auto") if isinstance(scale, Mapping) else scale
        if chosen not in ("auto", "log10", "raw"):
            raise InputError(f"scale is {chosen!r}, and must be 'auto', 'log10' or 'raw'")
        words = set(re.findall(r"[^\W\d_]+|%", str(attrs.get("units", "1"))))
        positive = "labels" not in attrs and bool(attrs.get("positive", words - _MAY_BE_NEGATIVE))
        scales[name] = chosen if chosen != "auto" else "log10" if positive else "raw"
    return scales


def output_names(forecast: xr.Dataset, outputs: Names) -> tuple[str, ...]:
    """Return the outputs to analyse: those asked for, or all."""
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
            what = f"output {name!r} is not in the forecast"
            raise InputError(f"{what}, which has {', '.join(known)}{nearest(name, known)}")
    return names


def analysed_output(forecast: xr.Dataset, name: str, asked: ScaleName) -> AnalysedOutput:
    """Take one output from a forecast and put it on the scale of the analysis."""
    variable, automatic = forecast[name], asked == "auto"
    # Truth values are labels, whatever unit came along with what they were made from.
    scale = scales_of({name: variable.attrs if variable.dtype != bool else {"labels": ""}}, asked)[name]
    if set(variable.dims) - {"year", "sample"}:
        raise InputError(
            f"output {name!r} has dims {variable.dims}, and may have year and sample only; take one of the "
            f"others with forecast.sel({next(str(d) for d in variable.dims if d not in ('year', 'sample'))}=...)"
        )
    by_year = "year" in variable.dims
    ordered = variable.transpose(..., "sample").values
    values = np.atleast_2d(np.asarray(ordered, dtype=np.float64))
    # One value that is not finite would make every index of its column wrong.
    if not np.isfinite(values).all():
        row, sample = np.argwhere(~np.isfinite(values))[0]
        when = f" in {forecast['year'].values[row]:g}" if by_year else ""
        label = forecast["sample"].values[sample] if "sample" in forecast.coords else sample
        raise InputError(
            f"output {name!r}{when} has {int((~np.isfinite(values[row])).sum())} values that are not finite, the first "
            f"{values[row, sample]} at sample {label}; fix the quantity that gives it, or analyse a claim that is "
            'always defined, such as the exceedance of a threshold by a year (forecast["x"] >= threshold)'
        )
    unit = str(variable.attrs.get("units", "1"))
    if scale == "raw":
        return AnalysedOutput(name, unit, scale, values, by_year, _log_sd(values))
    if not values.min() > 0:
        why = f" and is on log10 as other quantities in {unit} are" if automatic else ""
        declared = f", or declare it: positive=False of its quantity, or forecast[{name!r}].attrs['positive'] = 0"
        remedy = f"use scale={{{name!r}: 'raw'}}" + (declared if automatic else "")
        raise InputError(
            f"output {name!r} has a value of {values.min():g} {unit}{why}, which has no logarithm "
            f"({int((values <= 0).sum()):,} of {values.size:,} values are not positive); {remedy}"
        )
    logarithms = np.log(values)
    logarithms *= 1 / np.log(10)
    return AnalysedOutput(name, unit, scale, logarithms, by_year)


def _log_sd(values: FloatArray) -> float:
    """Return the largest standard deviation of the logarithm over the years that are nearly all positive."""
    positive = values > 0
    if positive.all():
        return float(np.log(values).std(axis=1).max())
    mostly = (positive.mean(axis=1) >= _MOSTLY_POSITIVE).nonzero()[0]
    return max((float(np.log(values[year, positive[year]]).std()) for year in mostly), default=0.0)
