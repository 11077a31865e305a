"""SALib itself, with its traps closed; the only file that imports it.

SALib 1.6.0 answers zeros when one value is not finite, ignores a seed of 0, takes one output at a time, changes the
problem it is given, and (Delta, PAWN) seeds NumPy's global generator and changes the process's warning filters. Each
call here checks the values, builds a fresh problem, passes every seed on, and leaves global state as it was.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.indices.sobol_estimators import centre_and_scale, runs_per_point
from clustercast.arrays.summaries.order_statistics import squared_in, unit_for_squares
from clustercast.errors import InputError

# What each measure gives, and how SALib calls its options. See doi:10.1016/j.ress.2006.04.015 and
# doi:10.1016/j.ejor.2012.11.047; doi:10.1016/j.envsoft.2018.07.019; doi:10.1080/00401706.1991.10484804 and
# doi:10.1016/j.envsoft.2006.10.004.
MEASURES = {
    "delta": ("delta", "delta_conf", "S1", "S1_conf"),
    "pawn": ("minimum", "mean", "median", "maximum", "CV"),
    "morris": ("mu", "mu_star", "mu_star_conf", "sigma"),
}
_OPTIONS = {"resamples": "num_resamples", "confidence": "conf_level", "slices": "S", "levels": "num_levels"}
# Above this share of samples with one value the smoothed density that delta compares is far from the law.
_MOST_OF_ONE = 0.1


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

    _check_finite(values)
    step = runs_per_point(number_of_inputs, design_second_order)
    if values.shape[1] % step:
        raise InputError(f"{values.shape[1]} rows are not whole base points of {step} rows each")
    kept = [*range(number_of_inputs + 1), step - 1] if design_second_order and not second_order else list(range(step))
    keys = [f"{key}{ending}" for ending in ("", "_conf") for key in ("S1", "ST", "S2")[: 2 + second_order]]
    shapes = {key: (len(values), *[number_of_inputs] * (2 if key.startswith("S2") else 1)) for key in keys}
    # What does not vary has no indices.
    found = {key: np.full(shape, np.nan) for key, shape in shapes.items()} | {"variance": np.zeros(len(values))}
    how: dict[str, Any] = {"calc_second_order": second_order, "num_resamples": resamples, "conf_level": confidence}
    for place, column in enumerate(values):
        unit = unit_for_squares(column)
        rows = column.reshape(-1, step) / unit
        ends = rows[:, [0, -1]]
        if centre_and_scale(rows)[1] > 0 and np.ptp(ends) > 0:
            found["variance"][place] = squared_in(float(ends.var()), unit)
            # A SeedSequence is true even for seed 0, which SALib would take for no seed.
            how["seed"] = np.random.SeedSequence(seed)
            indices = sobol.analyze(_problem(number_of_inputs), rows[:, kept].ravel(), **how)
            for key in keys:
                found[key][place] = indices[key]
    return found


def result_dict(names: Sequence[str], arrays: Mapping[str, FloatArray]) -> Any:
    """Make the ResultDict that ``SALib.analyze.sobol`` would return."""
    from types import MethodType

    from SALib.analyze.sobol import to_df
    from SALib.util import ResultDict

    result = ResultDict({key: np.array(array) for key, array in arrays.items()})
    result.problem = _problem(len(names), names)
    result.to_df = MethodType(to_df, result)
    return result


def measures_of_column(
    measure: str, inputs: FloatArray, values: FloatArray, *, seed: int = 0, **options: Any
) -> dict[str, FloatArray]:
    """Return what ``SALib.analyze.MEASURE`` finds for one output, by the names of `MEASURES`, shape (inputs,)."""
    _check_finite(values[np.newaxis])
    _, counts = np.unique(values, return_counts=True)
    if measure == "delta" and counts.max() > _MOST_OF_ONE * values.size:
        what = f"{100 * counts.max() / values.size:.0f} % of the samples have one value, and delta compares densities"
        raise InputError(f"{what}, which SALib smooths; use pawn_indices or sobol_indices")
    analyze = import_module(f"SALib.analyze.{measure}").analyze
    own = {_OPTIONS[name]: value for name, value in options.items()} | {"seed": seed if measure == "morris" else None}
    with _global_state(seed):
        found: Mapping[str, Any] = analyze(_problem(inputs.shape[1]), inputs, values, **own)
    # SALib up to 1.5 has one variant of delta only and calls it delta.
    raw = "delta_raw" if "delta_raw" in found else "delta"
    measures = {name: np.asarray(found[name.replace("delta", raw)], np.float64) for name in MEASURES[measure]}
    undefined = sum(np.isnan(measures[key]) for key in ("delta", "S1") if key in measures)
    failed = np.flatnonzero(undefined)
    if failed.size:
        notes = list(found.get("notes", []))
        said = notes[failed[0]] if len(notes) > failed[0] else "no reason given"
        raise InputError(f"SALib finds no delta for input {failed[0]} of {inputs.shape[1]}: {said}")
    return measures


def _problem(number_of_inputs: int, names: Sequence[str] | None = None) -> dict[str, object]:
    """Build a fresh problem on the unit cube: SALib writes into what it is given."""
    named = [f"input {i}" for i in range(number_of_inputs)] if names is None else [str(name) for name in names]
    return {"num_vars": number_of_inputs, "names": named, "bounds": [[0.0, 1.0]] * number_of_inputs}


def _check_finite(values: FloatArray) -> None:
    """Refuse values that SALib would silently answer with zeros."""
    bad = ~np.isfinite(values)
    if bad.any():
        column, row = np.argwhere(bad)[0]
        raise InputError(
            f"{int(bad.sum())} values are not finite, the first {values[column, row]} in column {column} at row {row}; "
            "SALib would answer 0 for every input"
        )


@contextmanager
def _global_state(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator for one call, and put it and the warnings back after it."""
    state = np.random.get_state()  # noqa: NPY002 - SALib draws from the global generator
    formatter = warnings.formatwarning
    try:
        # Recorded and dropped: what Delta warns of is the difference to a variant not asked for,
        # and what it fails at, it also notes in its result.
        with warnings.catch_warnings(record=True):
            np.random.seed(seed)  # noqa: NPY002
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
        warnings.formatwarning = formatter
