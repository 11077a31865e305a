"""Propagate drawn inputs through a model, block by block."""

import datetime
from collections.abc import Callable, Iterable

import numpy as np

from clustercast.arrays import Arrays, FloatArray, Names
from clustercast.dataset import Dataset, forecast_dataset, input_arrays
from clustercast.engine.model import Model, with_changes
from clustercast.engine.operations import NotFiniteError
from clustercast.engine.program import Program, program
from clustercast.engine.units import conversion
from clustercast.errors import InputError, typed
from clustercast.files.dates import float_years, start_of
from clustercast.priors.declarations import declared_inputs
from clustercast.quantities.cluster_model import cluster_model

Progress = Callable[[int, int], None]
YEARS: range = range(2022, 2035)
BLOCK = 8192


@typed
def propagate(
    inputs: Dataset,
    *,
    model: Model | None = None,
    years: Iterable[float] = YEARS,
    outputs: Names = None,
    progress: Progress | None = None,
) -> Dataset:
    """Run a model on drawn inputs.

    Parameters
    ----------
    inputs : Dataset
        From `draw`: one variable an input, dims ``(sample,)`` or none, with its unit.
    model : Model, optional
        The shipped cluster model by default.
    years : iterable of float, optional
        Increasing years; 2022 to 2034 by default.
    outputs : iterable of str, optional
        Quantities to keep; the model's headline quantities by default.
    progress : callable, optional
        Called after each block with samples done and samples planned.

    Returns
    -------
    Dataset
        Outputs in declared units, dims ``(year, sample)`` or, without years, ``(sample,)``; inputs; the record of both.

    Raises
    ------
    InputError
        If an input is missing or unused, a unit is wrong, years are absent or do not rise, or a quantity is not finite.

    Examples
    --------
    >>> inputs = cc.draw(cc.read_priors("situational_awareness"), 4, seed=1)
    >>> power = cc.propagate(inputs, outputs=["training_cluster_power"])["training_cluster_power"]
    >>> power.dims, power.units
    (('year', 'sample'), 'W')
    """
    model = cluster_model() if model is None else model
    wanted = wanted_outputs(model, outputs)
    values, units = input_arrays(inputs, wanted)
    model = with_changes(model, values)
    model.check_inputs(values, wanted)
    grid = year_grid(years)
    try:
        ready = program(model, values, units, wanted, grid)
        kept = run_blocks(ready, values, inputs.sizes["sample"], progress)
    except NotFiniteError as error:
        at_bound = []
        for name in set(declared_inputs()) & set(model.inputs([error.quantity])) & set(values):
            declared = declared_inputs()[name]
            size = conversion(declared.unit, units[name])
            bounds = [] if declared.switch else [bound * size for bound in declared.bounds]
            ends = {float(np.min(values[name])), float(np.max(values[name]))}
            at_bound += [f"{name} = {end:g} {units[name]}" for end in ends if end in bounds]
        why = f"{error.why}; at a bound: {', '.join(sorted(at_bound))}" if at_bound else error.why
        raise NotFiniteError(error.quantity, error.place, why) from None
    has_years = any(array.ndim == 2 for array in kept.values())
    return forecast_dataset(inputs, model, ready.hash, kept, grid if has_years else None, values)


def year_grid(years: Iterable[float]) -> FloatArray:
    """Return the years, numbers or dates, as an array, refused unless they increase."""
    try:
        given = [start_of(one) if isinstance(one, np.datetime64 | datetime.date | str) else one for one in years]
        grid = np.asarray(given, dtype=np.float64)
    except InputError:
        raise
    except (TypeError, ValueError):
        raise InputError(f"years must be increasing numbers, as range(2022, 2035), not {years!r}") from None
    if grid.size == 0:
        raise InputError("there are no years; give at least one, as range(2022, 2035)")
    if grid.ndim != 1 or not np.isfinite(grid).all():
        raise InputError(f"years must be finite numbers in one row, not {grid.tolist()}")
    if (falls := np.flatnonzero(np.diff(grid) <= 0)).size:
        what = "repeated" if grid[falls[0]] == grid[falls[0] + 1] else "unsorted"
        raise InputError(f"years are {what} at {grid[falls[0]]:g}, {grid[falls[0] + 1]:g}; give them increasing")
    return float_years(grid)


def needed_inputs(inputs: Dataset, model: Model, outputs: Iterable[str], others: Iterable[str] = ()) -> Dataset:
    """Return those of some inputs that outputs need, with the changes of them from a date on, and some others."""
    used = {*with_changes(model, map(str, inputs.data_vars)).inputs(outputs), *others}
    return inputs.drop_vars([name for name in inputs.data_vars if name not in used])


def wanted_outputs(model: Model, outputs: Names) -> tuple[str, ...]:
    """Return the outputs to keep, each once."""
    if not isinstance(model, Model):
        raise InputError(f"the model is {model!r}, and must be a cc.Model; make one with cc.Model([f, g])")
    if outputs is not None and not isinstance(outputs, Iterable):
        raise InputError(f"outputs is {outputs!r}; give names of quantities, as ['training_cluster_power']")
    wanted = tuple(dict.fromkeys(model.asked(outputs)))
    if not wanted:
        raise InputError("outputs is empty; name at least one quantity, or leave it out for the headline ones")
    return wanted


def run_blocks(program: Program, inputs: Arrays, size: int, progress: Progress | None = None) -> dict[str, FloatArray]:
    """Fill the outputs block by block, in declared units."""
    kept = {name: np.empty(program.shape(name, size)) for name in program.outputs}
    for start in range(0, size, BLOCK):
        stop = min(start + BLOCK, size)
        block = {name: inputs[name][start:stop] for name in program.factors}
        program.fill(block, {name: values[..., start:stop] for name, values in kept.items()})
        if progress is not None:
            progress(stop, size)
    return kept
