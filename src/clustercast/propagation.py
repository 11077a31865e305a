"""Propagate drawn inputs through a model, block by block."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from clustercast.dataset import Dataset, forecast_dataset, input_arrays
from clustercast.errors import InputError
from clustercast.model import YEAR, Model, NotFiniteError, run_program
from clustercast.shipped_model import cluster_model
from clustercast.unit_check import check_units
from clustercast.units import factor

FloatArray = NDArray[np.float64]
Progress = Callable[[int, int], None]

YEARS: range = range(2022, 2035)
BLOCK = 2048


def propagate(
    inputs: Dataset,
    *,
    model: Model | None = None,
    years: Iterable[float] = YEARS,
    outputs: Iterable[str] | str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Run a model on drawn inputs.

    Only what the asked outputs need is computed, in blocks of samples that stay in
    the processor's cache; each intermediate is freed after its last use.

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
        Outputs with dims ``(year, sample)``, or ``(sample,)`` where they do not depend
        on the year, in their declared units; the inputs; attributes that trace both.

    Raises
    ------
    InputError
        If an input is missing or unused, a unit is wrong, the years are empty,
        repeated or unsorted, or a quantity is not finite.

    Examples
    --------
    >>> import clustercast as cc
    >>> @cc.quantity("W")
    ... def cluster_power(size, power_per_accelerator):
    ...     return size * power_per_accelerator
    >>> priors = cc.Priors(size=cc.Fixed(1e5, unit="H100e"), power_per_accelerator=cc.Uniform(1, 2, unit="kW/H100e"))
    >>> forecast = cc.propagate(cc.draw(priors, 4, seed=1), model=cc.Model([cluster_power]))
    >>> forecast["cluster_power"].dims, forecast["cluster_power"].unit
    (('sample',), 'W')
    """
    model = cluster_model() if model is None else model
    wanted = _wanted(model, outputs)
    values, units = input_arrays(inputs)
    model.check_inputs(values, wanted)
    coherent = _coherent(values, units, model.inputs(wanted))
    needs_year = any(YEAR in step.arguments for step in model.program(wanted))
    grid = year_grid(years)
    if needs_year:
        coherent[YEAR] = grid[:, np.newaxis]
    kept = run_blocks(model, coherent, units, wanted, inputs.sizes["sample"], progress)
    has_years = any(array.ndim == 2 for array in kept.values())
    return forecast_dataset(inputs, model, kept, grid if has_years else None)


def year_grid(years: Iterable[float]) -> FloatArray:
    """Return the years as an array, refused unless they increase.

    Raises
    ------
    InputError
        If there are none, or they are repeated, unsorted or not finite numbers.
    """
    try:
        grid = np.asarray(list(years), dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"years must be increasing numbers, as range(2022, 2035), not {years!r}") from None
    if grid.size == 0:
        raise InputError("there are no years; give at least one, as range(2022, 2035)")
    if grid.ndim != 1 or not np.isfinite(grid).all():
        raise InputError(f"years must be finite numbers in one row, not {grid.tolist()}")
    falls = np.flatnonzero(np.diff(grid) <= 0)
    if falls.size:
        what = "repeated" if grid[falls[0]] == grid[falls[0] + 1] else "unsorted"
        raise InputError(f"years are {what} at {grid[falls[0]]:g}, {grid[falls[0] + 1]:g}; give them increasing")
    return grid


def _wanted(model: Model, outputs: Iterable[str] | str | None) -> tuple[str, ...]:
    """Return the outputs to keep, each once."""
    if outputs is None:
        return model.headline
    wanted = tuple(dict.fromkeys([outputs] if isinstance(outputs, str) else outputs))
    if not wanted:
        raise InputError("outputs is empty; name at least one quantity, or leave it out for the headline ones")
    model.order(wanted)
    return wanted


def _coherent(
    values: Mapping[str, FloatArray], units: Mapping[str, str], names: Iterable[str]
) -> dict[str, FloatArray]:
    """Convert inputs to coherent units: the first of the two doors."""
    factors = {name: factor(units[name]) for name in names}
    return {name: values[name] if f == 1.0 else values[name] * f for name, f in factors.items()}


def run_blocks(
    model: Model,
    coherent: Mapping[str, FloatArray],
    units: Mapping[str, str],
    wanted: tuple[str, ...],
    size: int,
    progress: Progress | None = None,
) -> dict[str, FloatArray]:
    """Prove the units, then fill the outputs block by block, in declared units.

    Parameters
    ----------
    model : Model
    coherent : mapping of str to array
        Inputs in coherent units, shape ``(size,)`` or ``()``, and ``year``.
    units : mapping of str to str
        Units of the inputs, for the proof.
    wanted : tuple of str
        Outputs to keep.
    size : int
        Number of samples.
    progress : callable, optional
        Called after each block.

    Returns
    -------
    dict of str to array
        Shape ``(years, size)`` or ``(size,)``.
    """
    dimensions = _dry_run(model, coherent, units, wanted)
    program = model.program(wanted)
    scale = {name: 1.0 / factor(model.unit(name)) for name in wanted}
    years = coherent[YEAR].shape[0] if YEAR in coherent else 0
    kept = {name: np.empty((years, size) if dimensions[name] == 2 else (size,)) for name in wanted}
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        for start in range(0, size, BLOCK):
            stop = min(start + BLOCK, size)
            block = {n: v[start:stop] if v.ndim == 1 else v for n, v in coherent.items()}
            for name, result in run_program(program, block, wanted).items():
                np.multiply(result, scale[name], out=kept[name][..., start:stop])
            if progress is not None:
                progress(stop, size)
    return kept


def _dry_run(
    model: Model, coherent: Mapping[str, FloatArray], units: Mapping[str, str], wanted: tuple[str, ...]
) -> dict[str, int]:
    """Prove units and shapes on three rows; return the dimensions of each result."""
    rows = {n: np.resize(v[:3], 3) if v.ndim == 1 else v for n, v in coherent.items()}
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        try:
            results = run_program(model.program(wanted), rows, wanted)
        except NotFiniteError:
            raise
        except (ValueError, IndexError) as error:
            raise InputError(f"the model cannot run on arrays of inputs: {error}; write quantities in NumPy") from None
        years = rows[YEAR].shape[0] if YEAR in rows else 1
        for name, result in results.items():
            if np.shape(result) not in ((), (3,), (1,), (years, 3), (years, 1), (1, 3)):
                raise InputError(
                    f"quantity {name!r} has shape {np.shape(result)} for {years} years and 3 samples; "
                    f"it must broadcast to ({years}, 3) or (3,): keep year on the first axis and sample on the last"
                )
        return check_units(model, rows, units, wanted)
