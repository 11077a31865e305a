"""Names on the axes of sensitivity measures, and what could mislead a reader of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays.indices.pick_freeze import centre_and_scale
from clustercast.sensitivity.outputs import AnalysedOutput, Scale, analysed_output, output_names

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class MeasuredOutput:
    """The measures of one output.

    Attributes
    ----------
    name, unit, scale : str
        Of the output, and the scale that it was analysed on.
    by_year : bool
        Whether the output depends on the year.
    measures : mapping of str to ndarray, shape (years or 1, inputs)
        By the name of the measure.
    warnings : tuple of str
        Sentences on what could mislead.
    """

    name: str
    unit: str
    scale: str
    by_year: bool
    measures: Mapping[str, FloatArray]
    warnings: tuple[str, ...]


def analysed_outputs(
    forecast: xr.Dataset, outputs: Iterable[str] | str | None, scale: Scale
) -> Iterator[AnalysedOutput]:
    """Yield the outputs one after the other on the scale of the analysis, rounding of constant years taken out."""
    for name in output_names(forecast, outputs):
        output = analysed_output(forecast, name, scale)
        centres, spreads = np.array([centre_and_scale(values) for values in output.values]).T[:, :, np.newaxis]
        yield replace(output, values=np.where(spreads == 0, centres, output.values))


def measured(output: AnalysedOutput, years: xr.DataArray | None, measures: Mapping[str, FloatArray]) -> MeasuredOutput:
    """Keep an output's measures and let go of its values."""
    said = []
    if output.misleads:
        said.append(
            f"{output.name} is on the raw scale with a log standard deviation of up to {output.log_sd:.1f}: a few "
            "samples own its variance; scale='log10' is safe."
        )
    constant = np.ptp(output.values, axis=1) == 0
    if constant.any():
        where = (
            "" if years is None or not output.by_year else f" in {', '.join(f'{y:g}' for y in years.values[constant])}"
        )
        said.append(f"{output.name} does not vary{where}; its measures are undefined there.")
    return MeasuredOutput(output.name, output.unit, output.scale, output.by_year, measures, tuple(said))


def year_of(forecast: xr.Dataset) -> xr.DataArray | None:
    """Return the years of a forecast, if it has any."""
    return forecast["year"] if "year" in forecast.coords else None


def labelled(
    forecast: xr.Dataset,
    outputs: Sequence[MeasuredOutput],
    inputs: Sequence[str],
    meanings: Mapping[str, str],
    attrs: Mapping[str, str | int | float],
) -> xr.Dataset:
    """Put measures into a dataset.

    Parameters
    ----------
    forecast : Dataset
        Where the outputs came from; its attributes are carried on.
    outputs : sequence of MeasuredOutput
    inputs : sequence of str
        Names along the last axis of the measures.
    meanings : mapping of str to str
        What each measure is, by its name.
    attrs : mapping
        How the measures were estimated.

    Returns
    -------
    Dataset
        Each measure with dims (output[, year], input); an output without years repeats over
        them where others have years. Coordinates ``scale`` and ``unit`` by output.
    """
    by_year = any(output.by_year for output in outputs)
    years = forecast.sizes["year"] if by_year else 1
    dims = ("output", "year", "input") if by_year else ("output", "input")
    variables = {}
    for name, meaning in meanings.items():
        found = [np.broadcast_to(output.measures[name], (years, len(inputs))) for output in outputs]
        stacked = np.stack(found) if by_year else np.stack(found)[:, 0]
        variables[name] = xr.Variable(dims, stacked, {"long_name": meaning, "units": "1"})
    coords = {
        "output": [output.name for output in outputs],
        "input": list(inputs),
        "scale": ("output", [output.scale for output in outputs]),
        "unit": ("output", [output.unit for output in outputs]),
    }
    result = xr.Dataset(variables, coords)
    if by_year:
        result = result.assign_coords(year=forecast["year"])
    carried = {key: int(value) if isinstance(value, bool) else value for key, value in forecast.attrs.items()}
    warning = " ".join(sentence for output in outputs for sentence in output.warnings)
    result.attrs = {**carried, **attrs, "warning": " ".join(filter(None, [str(attrs.get("warning", "")), warning]))}
    return result
