"""A model made ready to run block by block: units proved, and all that no sample changes computed once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clustercast.engine.device import Device, to_device
from clustercast.engine.model import YEAR, Model, Step, results_of, run_program
from clustercast.engine.unit_check import check_units
from clustercast.engine.units import factor
from clustercast.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class BlockProgram:
    """What is to be computed for a block of samples.

    Attributes
    ----------
    steps : tuple of Step
        Quantities that differ from sample to sample, each after what it needs.
    fixed : mapping of str to array
        Inputs and quantities that do not, and ``year``, in coherent units.
    factors : mapping of str to float
        Factor from the unit of each uncertain input to the coherent one.
    outputs : tuple of str
        Quantities asked for.
    dimensions : mapping of str to int
        2 for an output by year and sample, 1 for one by sample.
    scale : mapping of str to float
        Factor from the coherent unit of each output to its declared one.
    years : int
        Length of the axis of years.
    """

    steps: tuple[Step, ...]
    fixed: Mapping[str, FloatArray]
    factors: Mapping[str, float]
    outputs: tuple[str, ...]
    dimensions: Mapping[str, int]
    scale: Mapping[str, float]
    years: int

    def run(self, inputs: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Compute the outputs of a block.

        Parameters
        ----------
        inputs : mapping of str to array
            Uncertain inputs, shape ``(block,)``, in their own units.

        Returns
        -------
        dict of str to array
            In coherent units; each broadcasts to ``(years, block)`` or ``(block,)``.

        Raises
        ------
        InputError
            If a quantity divides by zero, overflows or has no value.
        """
        known = self._known(inputs)
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            return run_program(self.steps, known, self.outputs)

    def fill(self, inputs: Mapping[str, FloatArray], kept: Mapping[str, FloatArray]) -> None:
        """Write the outputs of a block into arrays of theirs, in declared units, while each is in the cache.

        Parameters
        ----------
        inputs : mapping of str to array
            Uncertain inputs, shape ``(block,)``, in their own units.
        kept : mapping of str to array
            Of each output, shape ``(years, block)`` or ``(block,)``.

        Raises
        ------
        InputError
            If a quantity divides by zero, overflows, in its declared unit too, or has no value.
        """
        known = self._known(inputs)
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            for name, result in results_of(self.steps, known, self.outputs):
                if self.scale[name] == 1.0:
                    np.copyto(kept[name], result)
                else:
                    self._convert(name, result, kept[name])

    def _convert(self, name: str, result: FloatArray, out: FloatArray) -> None:
        """Write an output in its declared unit."""
        try:
            np.multiply(result, self.scale[name], out=out)
        except FloatingPointError as error:
            raise InputError(
                f"output {name!r} is not finite in its declared unit: {error}; look at the bounds of its inputs"
            ) from None

    def _known(self, inputs: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return what is known before the first step, in coherent units."""
        coherent = {name: inputs[name] if unit == 1.0 else inputs[name] * unit for name, unit in self.factors.items()}
        return {**self.fixed, **coherent}

    def shape(self, name: str, size: int) -> tuple[int, ...]:
        """Return the shape of an output of `size` samples."""
        return (self.years, size) if self.dimensions[name] == 2 else (size,)

    def on(self, device: Device) -> "BlockProgram":
        """Return the program with what is fixed moved to a device."""
        return replace(self, fixed=to_device(self.fixed, device))


def block_program(
    model: Model,
    values: Mapping[str, FloatArray],
    units: Mapping[str, str],
    outputs: tuple[str, ...],
    years: FloatArray,
) -> BlockProgram:
    """Prove the units of a model on three samples, and make it ready for blocks.

    Parameters
    ----------
    model : Model
    values : mapping of str to array
        Inputs in their own units, shape ``(sample,)`` where uncertain, else ``()``; a few samples will do.
    units : mapping of str to str
        Unit of each input.
    outputs : tuple of str
        Quantities asked for.
    years : array (year,)

    Returns
    -------
    BlockProgram

    Raises
    ------
    InputError
        If a unit is wrong, or a quantity has another shape than years and samples give.
    """
    factors = {name: factor(units[name]) for name in model.inputs(outputs)}
    program = model.program(outputs)
    fixed = {name: np.asarray(values[name] * f) for name, f in factors.items() if values[name].ndim == 0}
    if any(YEAR in step.arguments for step in program):
        fixed[YEAR] = years[:, np.newaxis]
    uncertain = {name: f for name, f in factors.items() if name not in fixed}
    rows = {name: np.resize(values[name][:3], 3) * f for name, f in uncertain.items()}
    dimensions = _proved(model, {**fixed, **rows}, units, outputs)
    constant, steps = _parted(program, uncertain)
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        fixed = run_program(constant, fixed, [*fixed, *(step.name for step in constant)])
    return BlockProgram(
        steps=steps,
        fixed=fixed,
        factors=uncertain,
        outputs=outputs,
        dimensions={name: max(dimensions[name], 1) for name in outputs},
        scale={name: 1.0 / factor(model.unit(name)) for name in outputs},
        years=len(years),
    )


def _parted(program: Iterable[Step], uncertain: Iterable[str]) -> tuple[list[Step], tuple[Step, ...]]:
    """Part the steps that no uncertain input reaches, whose results are kept, from the others."""
    varying = set(uncertain)
    constant, steps = [], []
    for step in program:
        if varying.isdisjoint(step.arguments):
            constant.append(replace(step, frees=()))
        else:
            varying.add(step.name)
            steps.append(step)
    return constant, tuple(steps)


# Proofs that were made: what a proof depends on, and the dimensions it found.
_PROOFS: dict[object, dict[str, int]] = {}
_MOST_PROOFS = 64


def _proved(
    model: Model, rows: Mapping[str, FloatArray], units: Mapping[str, str], outputs: tuple[str, ...]
) -> dict[str, int]:
    """Prove units and shapes once for the same code, units and shapes of the inputs."""
    inputs = tuple((name, units.get(name), np.shape(value)) for name, value in rows.items())
    key = (model.hash, outputs, inputs)
    if key not in _PROOFS:
        found = _dry_run(model, rows, units, outputs)
        while len(_PROOFS) >= _MOST_PROOFS:
            del _PROOFS[next(iter(_PROOFS))]
        _PROOFS[key] = found
    return _PROOFS[key]


def _dry_run(
    model: Model, rows: Mapping[str, FloatArray], units: Mapping[str, str], outputs: tuple[str, ...]
) -> dict[str, int]:
    """Prove units and shapes on three rows; return the dimensions of each result."""
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        results = run_program(model.program(outputs), rows, outputs)
        years = rows[YEAR].shape[0] if YEAR in rows else 1
        for name, result in results.items():
            if np.shape(result) not in ((), (3,), (1,), (years, 3), (years, 1), (1, 3)):
                raise InputError(
                    f"quantity {name!r} has shape {np.shape(result)} for {years} years and 3 samples; "
                    f"it must broadcast to ({years}, 3) or (3,): keep year on the first axis and sample on the last"
                )
        return check_units(model, rows, units, outputs)
