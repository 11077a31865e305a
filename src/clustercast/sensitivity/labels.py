"""Names on the axes of every sensitivity measure, and what could mislead its reader: the one labeller."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from clustercast.arrays import BoolArray, FloatArray
from clustercast.arrays.points.saltelli import blind_pairs
from clustercast.dataset import Record, coordinate, design_of, provenance_of
from clustercast.errors import InputError
from clustercast.sensitivity.outputs import LOG_SD_THAT_MISLEADS, AnalysedOutput, MeasuredOutput

_FEWEST_POINTS, _FEWEST_REPLICATES = 64, 5
_NAMED_PAIRS = 6
# Of two inputs with total indices below this neither matters, in whatever order.
_NEGLIGIBLE = 0.01
# Of the runs: above it lie samples of tails with an infinite fourth moment, of which squares have no standard error.
_LARGEST_KURTOSIS = 20
_MEANINGS = {
    "S1": "first-order index",
    "ST": "total index",
    "S2": "second-order index",
    "ST_lead_conf": "half-width of the lead of ST over that of the input next in order",
    "variance": "variance on the scale of the analysis",
    "Sh": "Shapley effect",
    "S1_full": "first-order index, inclusive of correlation",
    "ST_full": "total index, inclusive of correlation",
    "S1_ind": "first-order index, exclusive of correlation",
    "ST_ind": "total index, exclusive of correlation",
    "mu": "mean elementary effect, on the scale of the analysis",
    "mu_star": "mean absolute elementary effect, on the scale of the analysis",
    "sigma": "standard deviation of elementary effects, on the scale of the analysis",
    "delta": "Borgonovo's delta",
    "minimum": "smallest Kolmogorov-Smirnov distance over the slices",
    "mean": "mean Kolmogorov-Smirnov distance over the slices",
    "median": "median Kolmogorov-Smirnov distance over the slices",
    "maximum": "largest Kolmogorov-Smirnov distance over the slices",
    "CV": "coefficient of variation of the Kolmogorov-Smirnov distances",
}
Measured = Sequence[MeasuredOutput]
# In the unit of the output, or its square; the other measures are pure numbers.
WITH_UNIT = ("variance", "mu", "mu_star", "mu_star_conf", "sigma")


def labelled(
    results: Measured, inputs: Sequence[str], forecast: xr.Dataset, attrs: Record, cautions: Iterable[str] = ()
) -> xr.Dataset:
    """Put measures of a forecast into a dataset, one row of its data frame an output, year and input."""
    outputs = [result.output for result in results]
    if all(result.constant.all() for result in results):
        names = ", ".join(repr(output.name) for output in outputs)
        raise InputError(
            f"output {names} {'is' if len(results) == 1 else 'are'} constant over all samples, so no input matters to "
            "it; leave it out of outputs, free an input that it depends on, or draw more where an event is rare"
        )
    coords: dict[str, Any] = {"output": coordinate("output", [output.name for output in outputs])}
    coords["input"] = coordinate("input", inputs)
    coords |= {key: ("output", [getattr(output, key) for output in outputs]) for key in ("scale", "unit")}
    years = None
    if "year" in forecast.coords and any(output.by_year for output in outputs):
        years = coords["year"] = forecast["year"].variable
    count, variables = 1 if years is None else years.size, {}
    for name in results[0].measures:
        found = [np.broadcast_to(r.measures[name], (count, *r.measures[name].shape[1:])) for r in results]
        dims: tuple[str, ...] = ("output", "year", "input", "input_2")[: found[0].ndim + 1]
        stacked = np.stack(found)
        if years is None:
            stacked, dims = stacked[:, 0], tuple(dim for dim in dims if dim != "year")
        meaning = _MEANINGS.get(name) or f"half-width of the interval of {name.removesuffix('_conf')}"
        unit = {} if name in WITH_UNIT else {"units": "1"}
        variables[name] = xr.Variable(dims, stacked, {"long_name": meaning} | unit)
    # Only S2 has pairs: beside it a data frame would have a row for each pair.
    if "S2" in variables:
        coords["input_2"] = coordinate("input_2", inputs)
    sentences = [
        f"{output.name} is on the raw scale with a log standard deviation of up to {output.log_sd:.1f}: a few samples "
        "own its variance, and its indices are uncertain beyond their intervals; scale='log10' is safe."
        for output in outputs
        if output.scale == "raw" and output.log_sd > LOG_SD_THAT_MISLEADS
    ]
    if constant := _places([output.name for output in outputs], [result.constant for result in results], years):
        sentences.append(f"No input matters to {constant}, which does not vary; its indices are undefined.")
    attrs = {**forecast.attrs, **attrs}
    # What netCDF can hold.
    plain = {k: "" if v is None else int(v) if isinstance(v, bool | np.bool_) else v for k, v in attrs.items()}
    return add_cautions(xr.Dataset(variables, coords, plain | {"warning": ""}), [*cautions, *sentences])


def labelled_sobol(results: Measured, forecast: xr.Dataset, attrs: Record, cautions: Iterable[str]) -> xr.Dataset:
    """Put Sobol' indices into a dataset, with all that could mislead about them, their intervals and their order."""
    design, first = design_of(forecast), []
    replicates, size = int(design["replicates"]), int(design["size"])
    points = str(design.get("points", "sobol"))
    if groups := design.get("correlated_groups", {}):
        named = "; ".join(f"{name} ({', '.join(members)})" for name, members in groups.items())
        joined = f"Correlated inputs are one group, with the indices of all members together: {named}."
        first.append(f"{joined} For shares of the single inputs use latent=True or Shapley effects.")
    drawn = provenance_of(forecast).get("inputs", [])
    if points == "salib" and (pairs := blind_pairs(len(drawn), size // replicates)):
        named = ", ".join(f"{drawn[one]} with {drawn[other]}" for one, other in pairs[:_NAMED_PAIRS])
        more = f" and {len(pairs) - _NAMED_PAIRS} more pairs" if len(pairs) > _NAMED_PAIRS else ""
        first.append(
            f"The points cannot see how {named}{more} interact: errors of their indices do not fall with the size, nor "
            "do the intervals show them; draw with points='sobol'."
        )
    indices = labelled(results, tuple(design["swaps"]), forecast, attrs, [*first, *cautions])
    interval, sentences = attrs["interval"], []
    if interval == "bootstrap" and points != "random":
        sentences.append(
            "The intervals are bootstrapped over Sobol points, which they do not describe: they are mostly too wide; "
            "draw with replicates=8 or 16 for intervals that cover."
        )
    if interval == "student-t" and replicates < _FEWEST_REPLICATES:
        sentences.append(f"{replicates} replicates are few for an interval; 8 or 16 are usual.")
    if interval != "none" and size // replicates < _FEWEST_POINTS:
        where = " in each replicate" if replicates > 1 else ""
        sentences.append(
            f"{size // replicates} base points{where} are few: the intervals may be too narrow where "
            "tails are heavy; draw more."
        )
    if interval != "none":
        years = indices["year"].variable if "year" in indices.coords else None
        if doubtful := _places(indices["output"].values, unresolved(indices, 3), years):
            what = f"The order of the first 3 inputs by ST is not resolved for {doubtful}"
            sentences.append(f"{what}; draw more base points.")
    return add_cautions(indices, sentences)


def add_cautions(indices: xr.Dataset, sentences: Iterable[str]) -> xr.Dataset:
    """Return indices whose warning says more."""
    return indices.assign_attrs(warning=" ".join(filter(None, [indices.attrs.get("warning", ""), *sentences])))


def few_runs_caution(
    output: AnalysedOutput, events: FloatArray | None, kurtosis: FloatArray | None = None
) -> list[str]:
    """Return that the indices of an output rest on few occurrences of a rare event, or on its largest values."""
    if events is not None and events.any():
        return [
            f"The indices of {output.name} rest on as few as {int(events[events > 0].min())} occurrences, and their "
            "intervals are as wide as so few allow; draw more, use scale='log10' where a tail is long, or condition "
            "on a claim that is met more often."
        ]
    worst = 0.0 if kurtosis is None else float(kurtosis.max())
    if output.scale != "raw" or output.log_sd > LOG_SD_THAT_MISLEADS or worst <= _LARGEST_KURTOSIS:
        return []
    return [
        f"The variance of {output.name} rests on its largest values (kurtosis {worst:.0f}, above "
        f"{_LARGEST_KURTOSIS}): intervals of its indices may be too narrow; use scale='log10', or a claim that does "
        "not depend on their size."
    ]


def unresolved(indices: xr.Dataset, k: int) -> BoolArray:
    """Return where the first k inputs of an output that varies are not resolved, shape (output[, year])."""
    total = np.nan_to_num(indices["ST"].values)
    order = np.argsort(-total, axis=-1, kind="stable")[..., : k + 1]
    above, below = order[..., :-1], order[..., 1:]
    gap = np.take_along_axis(total, above, -1) - np.take_along_axis(total, below, -1)
    if "ST_lead_conf" in indices:
        width = np.take_along_axis(indices["ST_lead_conf"].values, above, -1)
    else:
        half = indices["ST_conf"].values
        width = np.take_along_axis(half, above, -1) + np.take_along_axis(half, below, -1)
    matters = np.take_along_axis(total + indices["ST_conf"].values, order, -1) >= _NEGLIGIBLE
    either_matters = matters[..., :-1] | matters[..., 1:]
    doubtful = (either_matters & ~(gap > width)).any(axis=-1)
    return np.asarray(doubtful & (indices["variance"].values > 0))


def _places(names: Iterable[Any], where: Iterable[BoolArray], years: xr.Variable | None) -> str:
    """Name the outputs, and the years where only some are meant, at which `where` holds."""
    named = []
    for name, hit in zip(names, where, strict=True):
        if hit.all():
            named.append(str(name))
        elif hit.any() and years is not None:
            hits = years.values[hit]
            several = f"{hits[0]:g}" if len(hits) == 1 else f"{len(hits)} years from {hits[0]:g} to {hits[-1]:g}"
            named.append(f"{name} ({several})")
    return ", ".join(named)
