"""The outputs that sensitivity looks at, their scale, and the labels and cautions of the measures: the one labeller."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import xarray as xr

from clustercast.arrays import BoolArray, FloatArray, Names
from clustercast.arrays.indices.intervals import LARGEST_KURTOSIS
from clustercast.arrays.indices.sobol_estimators import centre_and_scale, estimator_named
from clustercast.arrays.points.designs import blind_pairs
from clustercast.arrays.summaries import unit_for_squares
from clustercast.dataset import Dataset, Record, coordinate, design_of, numbers_of, provenance_of, years_of
from clustercast.errors import InputError, count_of, nearest

ScaleName = Literal["auto", "log10", "raw"]
Scale = ScaleName | Mapping[str, ScaleName]
# Of the natural logarithm, on the raw scale: from about here a few samples own the variance.
LOG_SD_THAT_MISLEADS = 1.0
# Of pure numbers, times, rates and temperatures nothing says that they are positive.
_MAY_BE_NEGATIVE = {*"year month week day hour h minute min second s OOM percent pp dB degC degF K".split(), "%"}
# An output is called skewed by its logarithms only where nearly all of its values have one.
_MOSTLY_POSITIVE = 0.9
_FEWEST_POINTS, _FEWEST_REPLICATES = 64, 5
_NAMED_PAIRS = 6
# Of two inputs with total indices below this neither matters, in whatever order.
_NEGLIGIBLE = 0.01
# Above which a sentence on few occurrences would say nothing that their intervals do not show.
_MOST_EVENTS = 100
_MEANINGS = tomllib.loads(Path(__file__).with_name("measures.toml").read_text(encoding="utf-8"))
# In the unit of the output, or its square; the other measures are pure numbers.
WITH_UNIT = ("variance", "mu", "mu_star", "mu_star_conf", "sigma")


class AnalysedOutput(NamedTuple):
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
        return self._replace(values=np.where(spreads == 0, centres, self.values) / factor, factor=factor)

    def measured(self, measures: Mapping[str, FloatArray], constant: BoolArray | None = None) -> "MeasuredOutput":
        """Keep the measures and let go of the values; by default it is constant where these are all the same."""
        constant = np.ptp(self.values, axis=1) == 0 if constant is None else constant
        return self._replace(values=np.empty((0, 0))), measures, constant

    def few_runs_caution(self, events: FloatArray | None, kurtosis: FloatArray | None = None) -> list[str]:
        """Return that the indices rest on few occurrences of a rare event, or on the largest values."""
        if events is not None and (some := events[(events > 0) & (events <= _MOST_EVENTS)]).size:
            what = f"The indices of {self.name} rest on as few as {count_of(int(some.min()), 'occurrence')}"
            remedy = "use scale='log10' where a tail is long, or condition on a claim that is met more often"
            return [f"{what}, which allow wide intervals or none; draw more, {remedy}."]
        worst = 0.0 if kurtosis is None else float(kurtosis.max())
        if self.scale != "raw" or self.log_sd > LOG_SD_THAT_MISLEADS or worst <= LARGEST_KURTOSIS:
            return []
        why = f"kurtosis {worst:.0f}, above {LARGEST_KURTOSIS:.0f}"
        why = why if np.isfinite(worst) else "a tail so heavy that more runs would show larger ones"
        what = f"rests on its largest values ({why})"
        remedy = "use scale='log10', or a claim that does not depend on their size"
        return [f"The variance of {self.name} {what}: intervals of its indices may be too narrow; {remedy}."]


# The measures of one output by name, shape (years or 1, inputs), (years or 1, inputs, inputs) or (years or 1,), and the
# years in which it does not vary, shape (years or 1,).
MeasuredOutput = tuple[AnalysedOutput, Mapping[str, FloatArray], BoolArray]


def analysed_outputs(forecast: Dataset, outputs: Names, scale: Scale) -> Iterator[AnalysedOutput]:
    """Yield the outputs asked for, or all, one after the other on the scale of the analysis."""
    names = output_names(forecast, outputs)
    asked = scale if isinstance(scale, Mapping) else dict.fromkeys(names, scale)
    # An unknown scale is refused before any output is looked at.
    scales_of({name: forecast.variables[name].attrs for name in names}, asked)
    for name in names:
        yield analysed_output(forecast, name, asked.get(name, "auto"))


def scales_of(attributes: Mapping[str, Mapping[Any, Any]], scale: Scale) -> dict[str, ScaleName]:
    """Return the scale of each output from its attributes: what is estimated hangs on no sample."""
    # "auto" is as the quantity declares, else raw for labels and units that may have either sign, log10 for the others.
    scales: dict[str, ScaleName] = {}
    for name, attrs in attributes.items():
        chosen = scale.get(name, "auto") if isinstance(scale, Mapping) else scale
        if chosen not in ("auto", "log10", "raw"):
            raise InputError(f"scale is {chosen!r}, and must be 'auto', 'log10' or 'raw'")
        words = set(re.findall(r"[^\W\d_]+|%", str(attrs.get("units", "1"))))
        positive = "labels" not in attrs and bool(attrs.get("positive", words - _MAY_BE_NEGATIVE))
        scales[name] = chosen if chosen != "auto" else "log10" if positive else "raw"
    return scales


def output_names(forecast: Dataset, outputs: Names) -> tuple[str, ...]:
    """Return the outputs to analyse: those asked for, or all."""
    # Bare variables: xarray takes longer to label a few hundred of them than a small panel does.
    variables = {str(name): forecast.variables[name] for name in forecast.data_vars}
    roles = {name: one.attrs.get("role") for name, one in variables.items() if "sample" in one.dims}
    known = {name: role for name, role in roles.items() if role != "input"}
    if outputs is None:
        outputs = [name for name, role in known.items() if role == "output"]
        if not outputs:
            raise InputError("the forecast holds no outputs; pass the result of cc.propagate, or name them in outputs=")
    names = tuple(dict.fromkeys([outputs] if isinstance(outputs, str) else outputs))
    if not names:
        raise InputError("outputs is empty; name at least one, or leave it out to analyse all")
    if wrong := [name for name in names if name not in known]:
        raise InputError(f"output {wrong[0]!r} is not in the forecast of {', '.join(known)}{nearest(wrong[0], known)}")
    return names


def analysed_output(forecast: Dataset, name: str, asked: ScaleName) -> AnalysedOutput:
    """Take one output from a forecast and put it on the scale of the analysis."""
    variable, automatic = forecast.variables[name], asked == "auto"
    # Truth values are labels, whatever unit came along with what they were made from.
    scale = scales_of({name: variable.attrs if variable.dtype != bool else {"labels": ""}}, asked)[name]
    if set(variable.dims) - {"year", "sample"}:
        what = f"output {name!r} has dims {variable.dims}, and may have year and sample only"
        other = next(str(dim) for dim in variable.dims if dim not in ("year", "sample"))
        raise InputError(f"{what}; take one of the others with forecast.sel({other}=...)")
    by_year = "year" in variable.dims
    values = numbers_of(variable, f"output {name!r}")
    values = np.atleast_2d(values.T if variable.dims[0] == "sample" else values)
    least, greatest = values.min(), values.max()
    # One value that is not finite would make every index of its column wrong.
    if not (np.isfinite(least) and np.isfinite(greatest)):
        row, sample = np.argwhere(~np.isfinite(values))[0]
        when = f" in {years_of(forecast)[row]:g}" if by_year else ""
        label = forecast["sample"].values[sample] if "sample" in forecast.coords else sample
        what = f"output {name!r}{when} has {count_of(np.count_nonzero(~np.isfinite(values[row])), 'value')} not finite"
        remedy = "fix the quantity, or analyse a claim that is always defined, as forecast['x'] >= threshold"
        raise InputError(f"{what}, the first {values[row, sample]} at sample {label}; {remedy}")
    unit = str(variable.attrs.get("units", "1"))
    if scale == "raw":
        # Of the years that are nearly all positive.
        mostly = values[(values > 0).mean(axis=1) >= _MOSTLY_POSITIVE]
        sds = [float(np.log(row if least > 0 else row[row > 0]).std()) for row in mostly]
        return AnalysedOutput(name, unit, scale, values, by_year, max(sds, default=0.0))
    if not least > 0:
        why = "positive" in variable.attrs and "it is declared positive" or f"other quantities in {unit} are"
        why = f" as {why}" if automatic else ""
        declared = f", or declare it: positive=False of its quantity, or forecast[{name!r}].attrs['positive'] = 0"
        remedy = f"use scale={{{name!r}: 'raw'}}" + (declared if automatic else "")
        what = f"output {name!r} is on log10{why}, and its value of {least:g} {unit} has no logarithm"
        raise InputError(f"{what} ({int((values <= 0).sum()):,} of {values.size:,} values are not positive); {remedy}")
    return AnalysedOutput(name, unit, scale, np.log(values) * (1 / np.log(10)), by_year)


def labelled(
    result: Sequence[MeasuredOutput], inputs: Sequence[str], forecast: Dataset, attrs: Record, cautions: Iterable[str]
) -> Dataset:
    """Put measures of a forecast into a dataset, one row of its data frame an output, year and input."""
    outputs, measures, constants = zip(*result, strict=True)
    if all(constant.all() for constant in constants):
        what = f"{', '.join(repr(output.name) for output in outputs)} {'is' if len(result) == 1 else 'are'} constant"
        remedy = "leave it out of outputs, free an input that it depends on, or draw more where an event is rare"
        raise InputError(f"output {what} over all samples, so no input matters to it; {remedy}")
    coords: dict[str, Any] = {"output": coordinate("output", [output.name for output in outputs])}
    coords["input"] = coordinate("input", inputs)
    coords |= {key: ("output", [getattr(output, key) for output in outputs]) for key in ("scale", "unit")}
    years = years_of(forecast) if any(output.by_year for output in outputs) else None
    coords |= {} if years is None else {"year": forecast["year"].variable}
    count, variables = 1 if years is None else years.size, {}
    for name in measures[0]:
        stacked = np.stack([own[name] if len(own[name]) == count else own[name].repeat(count, 0) for own in measures])
        meaning = _MEANINGS.get(name) or f"half-width of the interval of {name.removesuffix('_conf')}"
        unit = {} if name in WITH_UNIT else {"units": "1"}
        dims = ("output", "year", "input", "input_2")[: stacked.ndim]
        variable = xr.Variable(dims, stacked, {"long_name": meaning} | unit)
        variables[name] = variable[:, 0] if years is None else variable
    # Only S2 has pairs: beside it a data frame would have a row for each pair.
    if "S2" in variables:
        coords["input_2"] = coordinate("input_2", inputs)
    sentences = [
        f"{output.name} is on the raw scale with a log standard deviation of up to {output.log_sd:.1f}: a few samples "
        "own its variance, and its indices may be uncertain beyond their intervals; scale='log10' is safe."
        for output in outputs
        if output.scale == "raw" and output.log_sd > LOG_SD_THAT_MISLEADS
    ]
    if constant := _places([output.name for output in outputs], constants, years):
        sentences.append(f"No input matters to {constant}, which does not vary; its indices are undefined.")
    attrs = {**forecast.attrs, **attrs}
    plain = {k: "" if v is None else int(v) if isinstance(v, bool | np.bool_) else v for k, v in attrs.items()}
    return add_cautions(xr.Dataset(variables, coords, plain | {"warning": ""}), [*cautions, *sentences])


def labelled_sobol(result: Sequence[MeasuredOutput], forecast: Dataset, attrs: Record, cautions: list[str]) -> Dataset:
    """Put Sobol' indices into a dataset, with all that could mislead about them, their intervals and their order."""
    design, first = design_of(forecast), []
    replicates, size = int(design["replicates"]), int(design["size"])
    points = str(design.get("points", "sobol"))
    if groups := design.get("correlated_groups", {}):
        named = "; ".join(f"{name} ({', '.join(members)})" for name, members in groups.items())
        joined = f"Correlated inputs are one group, with the indices of all members together: {named}."
        first.append(f"{joined} For shares of the single inputs use latent=True or Shapley effects.")
    drawn = provenance_of(forecast).get("inputs", [])
    error = estimator_named(attrs["estimator"]).product_error
    if points == "salib" and (pairs := blind_pairs(len(drawn), size // replicates, error)):
        named = ", ".join(f"{drawn[one]} and {drawn[other]}" for one, other in [*pairs][:_NAMED_PAIRS])
        which = f"{len(pairs)} pairs of inputs interact, worst {named}" if len(pairs) > 1 else f"{named} interact"
        what = f"errors of such products are up to {max(pairs.values()):.1f} times those of as many random points"
        unseen = ", and the intervals do not show them" if replicates == 1 else ""
        first.append(f"The points cannot see well how {which}: {what}{unseen}; draw with points='sobol'.")
    indices = labelled(result, tuple(design["swaps"]), forecast, attrs, [*first, *cautions])
    interval, sentences = attrs["interval"], []
    if interval == "bootstrap" and points != "random":
        what = "The intervals are bootstrapped over Sobol points, which they do not describe: they are mostly too wide"
        sentences.append(f"{what}; draw with replicates=8 or 16 for intervals that cover.")
    if interval == "student-t" and replicates < _FEWEST_REPLICATES:
        sentences.append(f"{replicates} replicates are few for an interval; 8 or 16 are usual.")
    if interval != "none" and size // replicates < _FEWEST_POINTS:
        what = f"{size // replicates} base points{' in each replicate' if replicates > 1 else ''} are few"
        sentences.append(f"{what}: the intervals may be too narrow where tails are heavy; draw more.")
    if interval != "none":
        years = years_of(indices) if "year" in indices.dims else None
        if doubtful := _places(indices["output"].values, unresolved(indices, 3), years):
            what = f"The order of the first 3 inputs by ST is not resolved for {doubtful}"
            sentences.append(f"{what}; draw more base points.")
    return add_cautions(indices, sentences)


def add_cautions(indices: Dataset, sentences: Iterable[str]) -> Dataset:
    """Return indices whose warning says more."""
    return indices.assign_attrs(warning=" ".join(filter(None, [indices.attrs.get("warning", ""), *sentences])))


def unresolved(indices: Dataset, k: int) -> BoolArray:
    """Return where the first k inputs of an output that varies are not resolved, shape (output[, year])."""
    order = np.argsort(-np.nan_to_num(indices["ST"].values), axis=-1, kind="stable")[..., : k + 1]
    names = [name for name in ("ST", "ST_conf", "ST_lead_conf") if name in indices]
    total, half, *lead = (np.take_along_axis(indices[name].values, order, -1) for name in names)
    total = np.nan_to_num(total)
    width = lead[0][..., :-1] if lead else half[..., :-1] + half[..., 1:]
    matters = total + half >= _NEGLIGIBLE
    doubtful = ((matters[..., :-1] | matters[..., 1:]) & ~(-np.diff(total) > width)).any(axis=-1)
    return np.asarray(doubtful & (indices["variance"].values > 0))


def _places(names: Iterable[Any], where: Iterable[BoolArray], years: FloatArray | None) -> str:
    """Name the outputs, and the years where only some are meant, at which `where` holds."""
    named = []
    for name, hit in zip(names, where, strict=True):
        if hit.all():
            named.append(str(name))
        elif hit.any() and years is not None:
            hits = years[hit]
            several = f"{hits[0]:g}" if len(hits) == 1 else f"{len(hits)} years from {hits[0]:g} to {hits[-1]:g}"
            named.append(f"{name} ({several})")
    return ", ".join(named)
