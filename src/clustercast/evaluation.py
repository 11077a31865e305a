"""Run any Python function on drawn inputs: code of one's own, an emulator, a simulator behind a call."""

import hashlib
import inspect
import itertools
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clustercast.arrays import Arrays, FloatArray, real_numbers
from clustercast.arrays.points.designs import SwappedColumn
from clustercast.dataset import Dataset, evaluated_dataset, input_arrays
from clustercast.engine.fingerprint import fingerprint_of, place_of
from clustercast.engine.units import OwnUnits, factor
from clustercast.errors import InputError, nearest, typed
from clustercast.priors.prior_set import check_name

Form = Literal["scalar", "arrays", "matrix", "frame"]
Progress = Callable[[int, int], None]
Columns = Mapping[str, Any]
_Piece = tuple[Sequence[int], Columns]
FORMS = get_args(Form)


class NotFiniteError(InputError):
    """A function gave values that are not finite; `forecast` holds all that was computed."""

    forecast: Dataset


@dataclass(frozen=True)
class _Task:
    """What is done to each piece of the samples; it travels to the workers of an executor, its units first."""

    units: OwnUnits
    function: Callable[..., Any]
    form: Form
    outputs: tuple[str, ...]
    sizes: Mapping[str, int]

    @property
    def called(self) -> str:
        """The function's name and place, for a message."""
        return f"function {getattr(self.function, '__name__', 'given')!r} ({place_of(self.function)})"


@typed
def evaluate(
    inputs: Dataset,
    function: Callable[..., Any],
    *,
    outputs: Mapping[str, str],
    form: Form = "scalar",
    coords: Mapping[str, Sequence[Any]] | None = None,
    executor: Any = None,
    progress: Progress | None = None,
) -> Dataset:
    """Run any Python function on drawn inputs, and label what it gives as `propagate` does.

    The function sees every input, constants too, in the unit it was drawn in. It returns the only output by itself,
    several as a dict by name, or as a tuple, a list or a row of an array in the order of `outputs`: one number a
    sample, or an array of any of the dimensions that `coords` names, in that order.

    Parameters
    ----------
    inputs : Dataset
        From `draw`: one variable an input, dims ``(sample,)`` or none.
    function : callable
        What to run, as `form` says.
    outputs : mapping of str to str
        Name and unit of each output to keep, as ``{"cost": "USD"}``.
    form : {"scalar", "arrays", "matrix", "frame"}, optional
        How the function is called. ``"scalar"``: once a sample, with a float for each argument by name. ``"arrays"``:
        with a read-only array ``(sample,)`` for each; the sample is the last axis of the results. ``"matrix"``: with
        one array ``(sample, input)``, columns in the order of the inputs; the sample is the first axis of the results,
        several outputs may be columns. ``"frame"``: with a DataFrame of these columns, indexed by sample number.
    coords : mapping of str to sequence, optional
        Labels of further dimensions, as ``{"year": range(2025, 2031), "region": ["EU", "US"]}``.
    executor : object, optional
        Anything with a ``map``, as an `Executor` or a pool of processes, or a dask client; by default all runs here.
    progress : callable, optional
        Called after each piece with samples done and samples planned.

    Returns
    -------
    Dataset
        Outputs with dims ``(..., sample)``, the inputs, and attributes that trace both, as all measures read them.

    Raises
    ------
    InputError
        If the function does not take the inputs, fails, mixes samples or gives another shape than `outputs` and
        `coords` say; where values are not finite, its attribute ``forecast`` holds what was computed.

    Examples
    --------
    >>> priors = cc.Priors(power=cc.Fixed(2, unit="GW"), price=cc.Uniform(40, 60, unit="USD/MWh"))
    >>> inputs = cc.draw(priors, 8, seed=1)
    >>> cc.evaluate(inputs, lambda power, price: 8.76 * power * price, outputs={"cost": "MUSD/year"})["cost"].dims
    ('sample',)
    """
    values, _ = input_arrays(inputs, outputs)
    labels = _labels(coords, [*values, *outputs])
    if not callable(function):
        raise InputError(f"function is {function!r}; give something that can be called")
    if form not in FORMS:
        raise InputError(f"form is {form!r}{nearest(str(form), FORMS)}; choose one of {', '.join(FORMS)}")
    if not isinstance(outputs, Mapping) or not outputs:
        raise InputError(f"outputs is {outputs!r}; give name and unit of each output, as {{'cost': 'USD'}}")
    for name, unit in outputs.items():
        if not isinstance(name, str) or name in values:
            raise InputError(f"output {name!r} is no text or the name of an input; give it another name")
        check_name(name, "an output")
        if not isinstance(unit, str):
            raise InputError(f"output {name!r} has the unit {unit!r}; give a text, as 'USD' or '1'")
        factor(unit)
    task = _Task(OwnUnits(), function, form, tuple(outputs), {dim: len(result) for dim, result in labels.items()})
    size = inputs.sizes["sample"]
    columns = _named_columns(task, values, size)
    if form != "scalar" and size > 1:
        _check_samples_apart(task, columns, size, executor)
    parts: list[dict[str, FloatArray]] = []
    length = size if executor is None and form != "scalar" else max(1, -(-size // 64))
    pieces = [
        (range(start, min(start + length, size)), {n: column[start : start + length] for n, column in columns.items()})
        for start in range(0, size, length)
    ]
    for part in _mapped(task, pieces, executor):
        parts.append(part)
        if progress is not None:
            progress(sum(len(done[task.outputs[0]]) for done in parts), size)
    labelled = {n: (*_joined(task, n, [part[n] for part in parts]), unit) for n, unit in outputs.items()}
    model_hash = hashlib.sha256(repr((fingerprint_of(function), form, dict(outputs))).encode()).hexdigest()[:12]
    used = {dim: labels[dim] for dim in labels if any(dim in dims for dims, *_ in labelled.values())}
    forecast = evaluated_dataset(inputs, labelled, used, model_hash, values)
    _refuse_not_finite(forecast, task, values)
    return forecast


def _labels(coords: Mapping[str, Sequence[Any]] | None, taken: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return the labels of the further dimensions as arrays."""
    labels: dict[str, NDArray[Any]] = {}
    for name, given in (coords or {}).items():
        if not isinstance(name, str) or name in ("sample", "quantile", *taken):
            raise InputError(f"coords names {name!r}, which is taken; use a name that no input, output or summary has")
        if isinstance(given, str):
            raise InputError(f"coords[{name!r}] is {given!r}; give a list of labels, as [{given!r}]")
        try:
            result = np.asarray(list(given))
        except (TypeError, ValueError):  # no row, or rows of several lengths
            result = np.asarray(None)
        if result.ndim != 1 or result.size == 0 or result.dtype == object or len(set(result.tolist())) < result.size:
            raise InputError(f"coords[{name!r}] is {given!r}; give labels of one type in one row, each once")
        labels[name] = result
    return labels


def _named_columns(task: _Task, values: Arrays, size: int) -> dict[str, FloatArray]:
    """Return every input as an array that cannot be written to, refused where the function takes another set."""
    columns = {n: a if isinstance(a, SwappedColumn) else np.broadcast_to(a, (size,)) for n, a in values.items()}
    if task.form in ("matrix", "frame"):
        return columns
    try:
        parameters = inspect.signature(task.function).parameters.values()
    except (TypeError, ValueError):
        raise InputError(f"{task.called} does not say its arguments; wrap it in a def with named arguments") from None
    if unnamed := [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]:
        raise InputError(f"{task.called} takes {unnamed[0]!r} by position; wrap it in a def with named arguments")
    named = {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    if absent := [name for name, p in named.items() if p.default is p.empty and name not in columns]:
        close = nearest(absent[0], columns)
        raise InputError(f"{task.called} needs {absent[0]!r}, which is not an input{close}; add a prior of that name")
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters)
    if extra := [name for name in columns if not takes_all and name not in named]:
        remedy = "take it as an argument, accept **others, or leave it out of the priors"
        raise InputError(f"input {extra[0]!r} is no argument of {task.called}{nearest(extra[0], named)}; {remedy}")
    return columns


def _check_samples_apart(task: _Task, columns: Columns, size: int, executor: Any) -> None:
    """Refuse a function of several samples whose result for one depends on the others, tried on a few of them."""
    rows = list(dict.fromkeys(np.linspace(0, size - 1, 4).astype(int).tolist()))
    try:
        whole = next(_mapped(task, [_piece(columns, rows)], executor))
    except InputError:
        return  # it may need more samples; the run itself says what fails
    first = whole[task.outputs[0]].reshape(len(rows), -1)[:, 0]
    # What counts samples, ranks them or compares them with their mean shows in one alone: the least and the greatest.
    ends = [[rows[int(np.argmin(first))]], [rows[int(np.argmax(first))]]]
    parts = [rows[::2][::-1] + rows[:1], rows[1::2][::-1], *ends]
    remedy = "let each sample stand alone, or write it for one sample with form='scalar'"
    try:
        others = list(_mapped(task, [_piece(columns, part) for part in parts], executor))
    except InputError as error:
        what = f"{task.called} works for the samples {rows}, but not for each number of them ({error})"
        raise InputError(f"{what}; {remedy}") from None
    for name in task.outputs:
        # Wide enough for single precision and for solvers that iterate on all samples at once.
        known = whole[name]
        finite = np.where(np.isfinite(known), known, 0.0)
        allowed = 1e-3 * np.ptp(finite, axis=0) + 1e-6 * np.abs(finite).max(axis=0)
        for part, chosen in zip(others, parts, strict=True):
            expected = known[[rows.index(row) for row in chosen]]
            wrong = ~np.isclose(part[name], expected, rtol=0, atol=allowed, equal_nan=True)
            # One that draws random numbers gives other values each time and cannot be tried.
            anew = next(_mapped(task, [_piece(columns, rows)], executor))[name] if wrong.any() else None
            if anew is not None and np.array_equal(anew, known, equal_nan=True):
                at = np.argwhere(wrong)[0]
                one, other = f"{expected[tuple(at)]:.6g} beside the samples {rows}", f"{part[name][tuple(at)]:.6g}"
                what = f"output {name!r} of sample {chosen[at[0]]} is {one} and {other} beside {chosen}"
                raise InputError(f"{task.called} mixes samples: {what}; {remedy}")


def _piece(columns: Columns, rows: Sequence[int]) -> _Piece:
    """Return some samples of the inputs, as they are given to the function."""
    return rows, {name: values[rows] for name, values in columns.items()}


def _mapped(task: _Task, pieces: Sequence[_Piece], executor: Any) -> Iterator[dict[str, FloatArray]]:
    """Yield the results of each piece of the samples, in their order."""
    work = partial(_evaluated_piece, task)
    if executor is None:
        yield from map(work, pieces)
    elif not hasattr(executor, "map"):
        raise InputError(f"executor is {executor!r}; give one with a map, as ProcessPoolExecutor(), or a dask Client")
    elif hasattr(executor, "gather"):
        # A dask client; its cache of pure functions would not run a function anew that draws random numbers itself.
        yield from (future.result() for future in executor.map(work, list(pieces), pure=False))
    else:
        try:
            _ = pickle.dumps(task) if isinstance(executor, ProcessPoolExecutor) else None
        except Exception as error:
            remedy = "define it at the top of a module, or use threads or dask"
            raise InputError(f"{task.called} cannot be sent to other processes ({error}); {remedy}") from None
        yield from executor.map(work, pieces)


def _evaluated_piece(task: _Task, piece: _Piece) -> dict[str, FloatArray]:
    """Return the outputs of some samples, with the sample on the first axis."""
    index, columns = piece
    if task.form == "scalar":
        return _one_by_one(task, index, columns)
    rows = len(index)
    whole: Any = None
    if task.form == "frame":
        whole = pd.DataFrame({name: np.array(values) for name, values in columns.items()}, index=list(index))
    elif task.form == "matrix":
        whole = np.column_stack(list(columns.values()))
    try:
        result = task.function(**columns) if task.form == "arrays" else task.function(whole)
    except Exception as error:
        raise InputError(f"{task.called} fails: {type(error).__name__}: {error}; correct it") from error
    outputs = {}
    for name, value in _by_name(task, result).items():
        if task.form == "frame" and hasattr(value, "loc"):
            if set(value.index) != set(index):
                raise InputError(f"{task.called} returns rows of other samples than given; keep the index of the frame")
            value = value[~value.index.duplicated()].loc[list(index)] if len(value) == len(index) else value
        array = _numbers(task, name, value)
        array = array if array.ndim else np.full(rows, array)
        axis = -1 if task.form == "arrays" else 0
        if array.shape[axis] != rows:
            remedy = f"the {'last' if axis else 'first'} axis of the result is the sample"
            raise InputError(f"output {name!r} of {task.called} has shape {array.shape} for {rows} samples; {remedy}")
        outputs[name] = np.moveaxis(array, axis, 0)
    return outputs


def _one_by_one(task: _Task, index: Sequence[int], columns: Columns) -> dict[str, FloatArray]:
    """Call a function sample by sample."""
    outputs: dict[str, list[FloatArray]] = {name: [] for name in task.outputs}
    for sample, row in zip(index, zip(*(values.tolist() for values in columns.values()), strict=True), strict=True):
        arguments = dict(zip(columns, row, strict=True))
        try:
            result = task.function(**arguments)
        except Exception as error:
            what = f"{task.called} fails at sample {sample}, where {_shown(arguments)}: {type(error).__name__}: {error}"
            raise InputError(f"{what}; correct it, or the priors") from error
        for name, value in _by_name(task, result).items():
            array = _numbers(task, name, value)
            if outputs[name] and array.shape != outputs[name][0].shape:
                what = f"shape {array.shape} at sample {sample} and {outputs[name][0].shape} before"
                raise InputError(f"output {name!r} of {task.called} has {what}; give the same for every sample")
            outputs[name].append(array)
    return {name: np.array(arrays) for name, arrays in outputs.items()}


def _by_name(task: _Task, result: Any) -> dict[str, Any]:
    """Return the outputs of one call by name, however the function gives them."""
    names = task.outputs
    if result is None:
        raise InputError(f"{task.called} returns nothing; return {', '.join(names)}")
    if isinstance(result, Mapping) or hasattr(result, "columns"):
        known = [str(name) for name in result]
        if absent := [name for name in names if name not in result]:
            given = ", ".join(known) or "no output"
            raise InputError(f"{task.called} gives {given}, not {absent[0]!r}{nearest(absent[0], known)}")
        return {name: result[name] for name in names}
    if len(names) == 1:
        return {names[0]: result[0] if isinstance(result, tuple) and len(result) == 1 else result}
    if not isinstance(result, tuple | list):
        array = np.atleast_1d(np.asarray(result))
        result = list(np.moveaxis(array, -1, 0) if task.form == "matrix" else array)
    if len(result) != len(names):
        raise InputError(f"{task.called} gives {len(result)} outputs; outputs names {len(names)}: {', '.join(names)}")
    return dict(zip(names, result, strict=True))


def _numbers(task: _Task, name: str, value: Any) -> FloatArray:
    """Return an output as an array of floats."""
    try:
        return np.array(real_numbers(name, value))
    except InputError:
        what = f"output {name!r} of {task.called} is {str(value)[:60]!r}, of type {type(value).__name__}"
        raise InputError(f"{what}; return numbers") from None


def _joined(task: _Task, name: str, parts: Sequence[FloatArray]) -> tuple[tuple[str, ...], FloatArray]:
    """Return the dimensions of an output and its values, with the sample last."""
    shapes = {part.shape[1:] for part in parts}
    if len(shapes) > 1:
        raise InputError(f"output {name!r} of {task.called} has shapes {shapes} for different samples; give one shape")
    shape = shapes.pop()
    subsets = (each for count in range(len(task.sizes) + 1) for each in itertools.combinations(task.sizes, count))
    fitting = [dims for dims in subsets if tuple(task.sizes[dim] for dim in dims) == shape]
    if len(fitting) != 1:
        known = ", ".join(f"{dim} ({size})" for dim, size in task.sizes.items()) or "none"
        reason = f"could be {' or '.join(map(str, fitting))}" if fitting else "fits no coords"
        what = f"output {name!r} of {task.called} has shape {shape} for each sample, which {reason}; coords are {known}"
        raise InputError(f"{what}: name further dimensions there, in the order of the axes, of different lengths")
    return (*fitting[0], "sample"), np.ascontiguousarray(np.moveaxis(np.concatenate(parts), 0, -1))


def _refuse_not_finite(forecast: Dataset, task: _Task, values: Arrays) -> None:
    """Refuse outputs that are not finite, with what was computed, so that no run of a simulator is lost."""
    for name in task.outputs:
        variable = forecast.variables[name]
        wrong = ~np.isfinite(variable.values)
        if not wrong.any():
            continue
        samples = np.flatnonzero(wrong.reshape(-1, wrong.shape[-1]).any(axis=0))
        first, place = samples[0], np.argwhere(wrong[..., samples[0]])[0]
        labels = [f"{dim} {forecast[dim].values[at]}" for dim, at in zip(variable.dims[:-1], place, strict=True)]
        inputs = {key: float(array[first] if array.ndim else array) for key, array in values.items()}
        what = f"output {name!r} of {task.called} is not finite in {samples.size} of {wrong.shape[-1]} samples"
        at = ", ".join([*labels, f"sample {first}"])
        where = f"the first {variable.values[(*place, first)]} at {at}, where {_shown(inputs)}"
        remedy = "correct the function or the priors (the error's attribute 'forecast' holds what was computed)"
        error = NotFiniteError(f"{what}, {where}; {remedy}")
        error.forecast = forecast
        raise error


def _shown(arguments: Mapping[str, float]) -> str:
    """Return the inputs of a sample for a message."""
    shown = [f"{name} = {value:.6g}" for name, value in arguments.items()]
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")
