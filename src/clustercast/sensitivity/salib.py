"""SALib itself, with its traps closed, and its other measures (delta, PAWN, Morris) with labels; imported here only.

SALib 1.6.0 answers zeros when one value is not finite, ignores a seed of 0, takes one output at a time, changes the
problem it is given, and (Delta, PAWN) seeds NumPy's global generator and changes the process's warning filters. Outputs
that are not finite never come here; each call builds a fresh problem, passes every seed on, and keeps global state.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import MethodType
from typing import Any

import numpy as np

from clustercast.arrays import FloatArray, Names
from clustercast.arrays.indices.intervals import check_confidence
from clustercast.arrays.indices.sobol_estimators import centre_and_scale, runs_per_point
from clustercast.arrays.summaries import squared_in, unit_for_squares
from clustercast.dataset import Dataset, Record, design_of, provenance_of, years_of
from clustercast.errors import InputError, located, nearest, takes, typed, whole_number
from clustercast.sensitivity.design import morris_design
from clustercast.sensitivity.given_data import DUMMY, dummy_values, input_matrix
from clustercast.sensitivity.outputs import WITH_UNIT, Scale, analysed_outputs, labelled

# What each measure gives, and how SALib calls its options.
MEASURES = {
    "delta": ("delta", "delta_conf", "S1", "S1_conf"),
    "pawn": ("minimum", "mean", "median", "maximum", "CV"),
    "morris": ("mu", "mu_star", "mu_star_conf", "sigma"),
}
_OPTIONS = {"resamples": "num_resamples", "confidence": "conf_level", "slices": "S", "levels": "num_levels"}
_Points = tuple[Sequence[str], FloatArray]
# Above this share of samples with one value the smoothed density that delta compares is far from the law.
_MOST_OF_ONE = 0.1


@takes("output")
def to_salib(indices: Dataset, output: str | None = None, year: float | None = None) -> Any:
    """Turn the Sobol' indices of one output and year into SALib's ResultDict.

    Parameters
    ----------
    indices : Dataset
        From `sobol_indices`, with intervals; without them an `InputError` is raised.
    output, year : str and float, optional
        May be left out where there is one only, or none; what is not there raises an `InputError`.

    Returns
    -------
    SALib.util.ResultDict
        S1, S1_conf, ST, ST_conf and, where there, S2, S2_conf; ``to_df()`` and ``plot()`` are SALib's.
    """
    if "ST_conf" not in indices:
        raise InputError("SALib's results have intervals and these have none; ask sobol_indices for resamples=100")
    chosen = indices.isel(output=_place("output", indices["output"].values.tolist(), output))
    if "year" in indices.dims:
        chosen = chosen.isel(year=_place("year", years_of(indices).tolist(), year))
    from SALib.analyze.sobol import to_df
    from SALib.util import ResultDict

    keys = [key for key in ("S1", "S1_conf", "ST", "ST_conf", "S2", "S2_conf") if key in chosen]
    result = ResultDict({key: np.array(chosen[key].values) for key in keys})
    result.problem = _problem([str(name) for name in chosen["input"].values])
    result.to_df = MethodType(to_df, result)
    return result


def _place(what: str, known: list[Any], chosen: Any) -> int:
    """Return the place of the one that was chosen, or of the only one there is."""
    if chosen in known or (chosen is None and len(known) == 1):
        return 0 if chosen is None else known.index(chosen)
    listed = ", ".join(str(name).removesuffix(".0") for name in known)
    if chosen is None:
        raise InputError(f"the indices have several of {what}; give one {what} of {listed}")
    near = nearest(chosen, known) if isinstance(chosen, str) else ""
    raise InputError(f"{what} {chosen!r} is not in the indices, which have {listed}{near}")


@takes("sample")
def delta_indices(
    forecast: Dataset,
    *,
    outputs: Names = None,
    scale: Scale = "auto",
    resamples: int = 100,
    confidence: float = 0.95,
    seed: int = 0,
    dummy: bool = False,
) -> Dataset:
    """Moment-independent delta of Borgonovo from any sample, by SALib.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`; the inputs vary, independently of one another, in any design.
    outputs, scale : optional
        As in `sobol_indices`, whose errors this has too. Delta does not change with a monotone scale; its density
        estimate is better on log10.
    resamples, confidence, seed, dummy : optional
        Of the bootstrap, and as in `given_data_indices`.

    Returns
    -------
    Dataset
        ``delta``, ``delta_conf``, ``S1``, ``S1_conf`` with dims (output[, year], input); NaN in a year in which the
        output does not vary. SALib is given the order of each input's values, on which delta depends alone.

    References
    ----------
    Borgonovo (2007), doi:10.1016/j.ress.2006.04.015; Plischke et al. (2013), doi:10.1016/j.ejor.2012.11.047.
    """
    options = {"resamples": resamples, "confidence": confidence, "seed": seed}
    attributes = {"measure": "delta", "confidence": confidence, "resamples": resamples, "resampling_seed": str(seed)}
    inputs = _ranked_inputs(forecast, seed if dummy else None)
    return _each_column(forecast, outputs, scale, inputs, options, attributes)


@takes("sample")
def pawn_indices(
    forecast: Dataset,
    *,
    outputs: Names = None,
    scale: Scale = "auto",
    slices: int = 10,
    seed: int = 0,
    dummy: bool = False,
) -> Dataset:
    """PAWN indices, Kolmogorov-Smirnov distances of conditional distributions, by SALib.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, in any design; the inputs vary.
    outputs, scale : optional
        As in `sobol_indices`, whose errors this has too; the distances do not change with a monotone scale.
    slices, seed, dummy : optional
        Number of intervals that each input is cut into, and as in `given_data_indices`.

    Returns
    -------
    Dataset
        ``minimum``, ``mean``, ``median``, ``maximum`` and ``CV`` over the slices, dims (output[, year], input); NaN in
        a year in which the output does not vary.

    References
    ----------
    Pianosi and Wagener (2018), doi:10.1016/j.envsoft.2018.07.019.
    """
    inputs = _ranked_inputs(forecast, seed if dummy else None)
    options = {"slices": slices, "seed": seed}
    return _each_column(forecast, outputs, scale, inputs, options, {"measure": "PAWN", "slices": slices})


@typed
def morris_effects(
    forecast: Dataset, *, outputs: Names = None, scale: Scale = "auto", resamples: int = 100, confidence: float = 0.95
) -> Dataset:
    """Elementary effects of each input, by SALib: which inputs hardly matter, in few runs.

    Each trajectory moves one input after the other on a grid of probabilities; an effect is the change of the output
    for a move over the whole span of the input.

    Parameters
    ----------
    forecast : Dataset
        From `propagate`, on inputs drawn with ``design="morris"``; all samples, in order. Inputs are moved one at a
        time, so rank correlations are not kept; the result's warning says so.
    outputs, scale, resamples, confidence : optional
        As in `sobol_indices`, whose errors this has too; the bootstrap is of ``mu_star``.

    Returns
    -------
    Dataset
        ``mu``, ``mu_star``, ``mu_star_conf`` and ``sigma``, in the unit of the output or in decades, dims (output[,
        year], input); NaN in a year in which the output does not vary.

    References
    ----------
    Morris (1991), doi:10.1080/00401706.1991.10484804; Campolongo et al. (2007), doi:10.1016/j.envsoft.2006.10.004.

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))
    >>> inputs = cc.draw(priors, 8, design="morris")
    >>> forecast = cc.evaluate(inputs, lambda x, y: x + 2 * y, outputs={"total": "1"}, form="arrays")
    >>> cc.morris_effects(forecast, scale="raw")["mu_star"].round(2).values.tolist()
    [[0.9, 1.8]]
    """
    varied, trajectories = morris_design(forecast)
    points, levels = trajectories.reshape(-1, len(varied.names)), int(design_of(forecast)["levels"])
    options = {"levels": levels, "resamples": resamples, "confidence": confidence, "seed": varied.seed % 2**32}
    attributes = {"measure": "Morris", "estimator": "elementary effects", "confidence": confidence}
    attributes |= {"resamples": resamples, "resampling_seed": str(varied.seed), "runs": len(points)}
    dropped = "Inputs are moved one at a time; the priors' rank correlations are not kept."
    cautions = [dropped] if design_of(forecast).get("correlated") else []
    return _each_column(forecast, outputs, scale, (varied.names, points), options, attributes, *cautions)


def _ranked_inputs(forecast: Dataset, dummy_seed: int | None) -> _Points:
    """Return the inputs that vary, in the order of the draw, and the place of each value among all, from 0 to 1."""
    # Delta and PAWN see inputs by their order only; given values with long tails, SALib cuts them into bins of equal
    # width of which most are empty, and answers NaN.
    names = [str(name) for name, part in forecast.data_vars.items() if part.attrs.get("role") == "input" and part.ndim]
    names = provenance_of(forecast).get("inputs") or names
    if (absent := [name for name in names if name not in forecast]) or not names:
        raise InputError(f"the forecast holds no samples of its inputs {', '.join(absent)}; propagate the draw again")
    columns = [np.argsort(np.argsort(x, kind="stable"), kind="stable") for x in input_matrix(forecast, names).T]
    if dummy_seed is not None:
        columns.append(dummy_values(names, len(columns[0]), dummy_seed))
        names = [*names, DUMMY]
    return names, (np.column_stack(columns) + 0.5) / len(columns[0])


def _each_column(
    forecast: Dataset, outputs: Names, scale: Scale, points: _Points, options: Record, how: Record, *cautions: str
) -> Dataset:
    """Apply a measure of SALib to every output and year, and label what it gives."""
    measure, (names, rows) = how["measure"].lower(), points
    check_confidence(options.get("confidence", 0.95))
    limits = {"resamples": (2, None), "slices": (2, len(rows) // 2), "seed": (0, 2**32 - 1)}
    for what in limits.keys() & options.keys():
        whole_number(what, options[what], *limits[what])
    results = []
    for output in (each.for_squares() for each in analysed_outputs(forecast, outputs, scale)):
        with located(f"output {output.name!r}"):  # a year in which it does not vary has no measures
            columns = [measures_of_column(measure, rows, y, **options) if np.ptp(y) else {} for y in output.values]
        nothing = np.full(len(names), np.nan)
        result = {key: np.array([column.get(key, nothing) for column in columns]) for key in MEASURES[measure]}
        of_unit = {key: part * output.factor if key in WITH_UNIT else part for key, part in result.items()}
        results.append(output.measured(of_unit))
    return labelled(results, names, forecast, {"engine": "salib", **how}, cautions)


def sobol_columns(
    values: FloatArray,
    number_of_inputs: int,
    *,
    design_second_order: bool,
    second_order: bool,
    confidence: float = 0.95,
    resamples: int = 100,
    seed: int = 0,
) -> dict[str, FloatArray]:
    """Sobol' indices of each column by ``SALib.analyze.sobol``, named as those of `sobol_panel`."""
    from SALib.analyze import sobol

    step, names = runs_per_point(number_of_inputs, design_second_order), list(map(str, range(number_of_inputs)))
    if values.shape[1] % step:
        raise InputError(f"{values.shape[1]} rows are not whole base points of {step} rows each")
    kept = [*range(number_of_inputs + 1), step - 1] if design_second_order and not second_order else list(range(step))
    keys = [f"{key}{ending}" for ending in ("", "_conf") for key in ("S1", "ST", "S2")[: 2 + second_order]]
    shapes = {key: (len(values), *[number_of_inputs] * (2 if key.startswith("S2") else 1)) for key in keys}
    result = {key: np.full(shape, np.nan) for key, shape in shapes.items()} | {"variance": np.zeros(len(values))}
    how: dict[str, Any] = {"calc_second_order": second_order, "num_resamples": resamples, "conf_level": confidence}
    for place, column in enumerate(values):
        unit = unit_for_squares(column)
        rows = column.reshape(-1, step) / unit
        ends = rows[:, [0, -1]]
        if centre_and_scale(ends)[1] > 0:
            result["variance"][place] = squared_in(float(ends.var()), unit)
            # A SeedSequence is true even for seed 0, which SALib would take for no seed.
            how["seed"] = np.random.SeedSequence(seed)
            indices = sobol.analyze(_problem(names), rows[:, kept].ravel(), **how)
            for key in keys:
                result[key][place] = indices[key]
    return result


def measures_of_column(
    measure: str, inputs: FloatArray, values: FloatArray, *, seed: int = 0, **options: Any
) -> dict[str, FloatArray]:
    """Return what ``SALib.analyze.MEASURE`` finds for one output, by the names of `MEASURES`, shape (inputs,)."""
    _, counts = np.unique(values, return_counts=True)
    if measure == "delta" and counts.max() > _MOST_OF_ONE * values.size:
        what = f"{100 * counts.max() / values.size:.0f} % of the samples have one value, and delta compares densities"
        raise InputError(f"{what}, which SALib smooths; use pawn_indices or sobol_indices")
    analyze = import_module(f"SALib.analyze.{measure}").analyze
    own = {_OPTIONS[name]: value for name, value in options.items()} | {"seed": seed if measure == "morris" else None}
    with _global_state(seed):
        result: Mapping[str, Any] = analyze(_problem(list(map(str, range(inputs.shape[1])))), inputs, values, **own)
    # SALib up to 1.5 has one variant of delta only and calls it delta.
    raw = "delta_raw" if "delta_raw" in result else "delta"
    measures = {name: np.asarray(result[name.replace("delta", raw)], np.float64) for name in MEASURES[measure]}
    failed = np.flatnonzero(sum(np.isnan(measures[key]) for key in ("delta", "S1") if key in measures))
    if failed.size:
        notes = list(result.get("notes", []))
        said = notes[failed[0]] if len(notes) > failed[0] else "no reason given"
        raise InputError(f"SALib finds no delta for input {failed[0]} of {inputs.shape[1]}: {said}")
    return measures


def _problem(names: Sequence[str]) -> dict[str, object]:
    """Build a fresh problem on the unit cube: SALib writes into what it is given."""
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


@contextmanager
def _global_state(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator for one call, and put it and the warnings back after it."""
    state = np.random.get_state()  # noqa: NPY002 - SALib draws from the global generator
    formatter = warnings.formatwarning
    try:
        # Recorded and dropped: Delta warns of a variant not asked for, and notes in its result what it fails at.
        with warnings.catch_warnings(record=True):
            np.random.seed(seed)  # noqa: NPY002
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
        warnings.formatwarning = formatter
