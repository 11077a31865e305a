"""A model made ready to run: units proved, and all that no sample changes computed once."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from clustercast.arrays import Arrays, FloatArray, Names
from clustercast.engine.model import ANY, Model, change_of
from clustercast.engine.operations import Call, Operation, joined, plain_call, rows_of, run_operation
from clustercast.engine.schedule import ROUNDING, Builder, Place
from clustercast.engine.unit_check import Proof
from clustercast.engine.units import OwnUnits, factor
from clustercast.errors import InputError

# Relative: by how much a value may pass its bound, as a conversion rounds it.
_ROUNDING = 1e-9


class Program(NamedTuple):
    """What is to be computed for a block of samples."""

    # First, so that a process which takes up a program knows the units before it meets the functions that use them.
    units: OwnUnits
    operations: tuple[Operation, ...]
    # The keys of the rows of each output before the first node and from it on; one key twice where there is but one.
    outputs: Mapping[str, tuple[str, str]]
    # What no sample changes.
    fixed: Arrays
    # The number of years before the first node, and from it on.
    early: int
    late: int
    # For each operation, the results that nothing needs after it.
    frees: tuple[tuple[str, ...], ...] = ()
    # From the unit of each uncertain input to the coherent one, its bounds, and from coherent to declared units.
    factors: Mapping[str, float] = {}
    bounds: Mapping[str, tuple[float, float]] = {}
    scale: Mapping[str, float] = {}
    # 2 for an output by year and sample, 1 for one by sample.
    dimensions: Mapping[str, int] = {}
    infinite: frozenset[str] = frozenset()
    hash: str = ""

    def run(self, inputs: Arrays, call: Call = plain_call) -> dict[str, FloatArray]:
        """Compute the outputs of a block, in coherent units; each broadcasts to ``(years, block)`` or ``(block,)``."""
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            keys = dict(self._results(self._known(inputs), call))
        whole = {}
        for name, (early, late) in self.outputs.items():
            whole[name] = keys[late]
            if early != late:
                whole[name] = joined([rows_of(keys[early], self.early), rows_of(keys[late], self.late)])
        return whole

    def fill(self, inputs: Arrays, kept: Arrays) -> None:
        """Write the outputs of a block into arrays, in declared units, while each is in the cache."""
        where: dict[str, list[tuple[str, FloatArray]]] = {}
        for name, (early, late) in self.outputs.items():
            out = kept[name]
            parts = [(late, out)] if early == late else [(early, out[: self.early]), (late, out[self.early :])]
            for key, rows in parts:
                where.setdefault(key, []).append((name, rows))
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            for key, result in self._results(self._known(inputs), plain_call):
                for name, out in where.get(key, ()):
                    self._write(name, result, out)

    def _write(self, name: str, result: FloatArray, out: FloatArray) -> None:
        """Write rows of an output in its declared unit; a value that is not finite is refused."""
        try:
            np.multiply(result, self.scale[name], out=out)
        except FloatingPointError as error:
            remedy = "look at the bounds of its inputs"
            raise InputError(f"output {name!r} is not finite in its declared unit: {error}; {remedy}") from None
        wrong = np.isnan(out) if name in self.infinite else ~np.isfinite(out)
        if wrong.any():
            first = np.argwhere(wrong)[0]
            what = f"output {name!r} is {out[tuple(first)]} in sample {first[-1]} of a block of {out.shape[-1]}"
            raise InputError(f"{what}; look at the bounds of its inputs, or give the quantity a value there")

    def _known(self, inputs: Arrays) -> dict[str, FloatArray]:
        """Return what is known before the first operation, in coherent units; a function cannot change it."""
        coherent = {}
        for name, unit in self.factors.items():
            value = inputs[name] if unit == 1.0 else inputs[name] * unit
            if isinstance(value, np.ndarray):
                value = value.view()
                value.flags.writeable = False
                _refuse_outside(name, value, self.bounds.get(name, ANY), unit)
            coherent[name] = value
        return {**self.fixed, **coherent}

    def _results(self, values: dict[str, FloatArray], call: Call) -> Iterator[tuple[str, FloatArray]]:
        """Run the operations, giving the rows of each output when they are known; free each after its last use."""
        wanted = {key for keys in self.outputs.values() for key in keys}
        yield from ((key, values[key]) for key in wanted if key in values)
        for operation, frees in zip(self.operations, self.frees, strict=True):
            run_operation(operation, values, call)
            yield from ((key, values[key]) for key in operation.writes if key in wanted)
            for key in frees:
                del values[key]

    def shape(self, name: str, size: int) -> tuple[int, ...]:
        """Return the shape of an output of `size` samples."""
        return (self.early + self.late, size) if self.dimensions[name] == 2 else (size,)


def program(model: Model, values: Arrays, units: Mapping[str, str], outputs: Names, years: Iterable[float]) -> Program:
    """Prove the units of a model on three samples, and make it ready for blocks."""
    wanted, dates = model.asked(outputs), tuple(years)
    factors = {name: factor(units[name]) for name in model.inputs(wanted)}
    fixed = {name: np.asarray(values[name] * f) for name, f in factors.items() if values[name].ndim == 0}
    uncertain = {name: f for name, f in factors.items() if name not in fixed}
    whole = scheduled(model, fixed, wanted, dates)
    rows = {name: np.resize(values[name][:3], 3) * f for name, f in uncertain.items()}
    bounds = {name: model.bounds(name) for name in factors}
    for name, value in {**fixed, **rows}.items():
        _refuse_outside(name, value, bounds[name], factors[name])
    fingerprint, fingerprints = model.fingerprints()
    dimensions = _proved(Proof(model, units, fingerprints), fingerprint, whole, {**fixed, **rows})
    some = {name: values[name][:256] * f for name, f in uncertain.items()}
    _refuse_idle_changes(model, {**fixed, **some}, wanted, dates)
    return _folded(whole)._replace(
        factors=uncertain,
        bounds={name: bounds[name] for name in uncertain},
        dimensions={name: max(dimensions[name], 1) for name in wanted},
        scale={name: 1.0 / factor(model.unit(name)) for name in wanted},
        infinite=frozenset(name for name in wanted if model.declaration(name).infinite),
        hash=fingerprint,
    )


def _refuse_outside(name: str, value: FloatArray, bounds: tuple[float, float], unit: float) -> None:
    """Refuse values of an input outside its bounds, beyond what conversions round."""
    low, high = bounds
    least, greatest = (value.min(), value.max()) if value.size else bounds
    if not (least >= low - _ROUNDING * abs(low) and greatest <= high + _ROUNDING * abs(high)):
        wrong = greatest if greatest > high else least
        least = "0, excluded," if low == math.ulp(0.0) else f"{low / unit:g}"
        what = f"input {name!r} is {wrong / unit:.6g}, outside {least} to {high / unit:g}"
        raise InputError(f"{what}, which the model declares for it; give values inside")


def _refuse_idle_changes(model: Model, values: Arrays, outputs: tuple[str, ...], years: tuple[float, ...]) -> None:
    """Refuse an input that is to change from a date on where nothing that takes it comes out otherwise in a sample."""
    for name, (changed, date) in ((name, change) for name in values if (change := change_of(name))):
        same = {**values, name: values.get(changed, values[name])}
        if date >= max(years) or np.all(values[name] == same[name]):
            continue
        # Not `Model.users`, which leaves out the quantities of layers.
        users = [u for u in model.order(outputs) if any(need.name == name for need in model.definition(u).needs)]
        with_it, without = (unproved(model, given, users, years).run(given) for given in (values, same))
        if all(np.allclose(with_it[user], without[user], _ROUNDING, 0) for user in users):
            who = ", ".join(repr(user) for user in users)
            what = f"{name!r} changes nothing: what has grown by {date:g} goes on from its level"
            how = f"{who} {'grow' if len(users) > 1 else 'grows'} no faster or slower with {changed!r} from then on"
            raise InputError(f"{what}, and {how}; change {changed!r} for all years, or a rate of growth from a date on")


def unproved(model: Model, values: Arrays, outputs: Names, years: Iterable[float], call: Call = plain_call) -> Program:
    """Return a program whose inputs and outputs are coherent, without a proof of units."""
    fixed = {name: value for name, value in values.items() if np.ndim(value) == 0}
    made = _folded(scheduled(model, fixed, model.asked(outputs), years), call)
    return made._replace(factors={name: 1.0 for name in values if name not in fixed})


def scheduled(model: Model, fixed: Arrays, outputs: tuple[str, ...], years: Iterable[float]) -> Program:
    """Return all operations of a run, in order; the date of the first node and lags have to be fixed."""
    definitions = [model.definition(name) for name in model.order(outputs)]
    lags = {need.lag for result in definitions for need in result.needs if need.kind == "lagged"}
    sizes = {name: _fixed_value(name, fixed, 0.0) for name in lags}
    stepped = any(result.between and result.needs for result in definitions)
    start = _fixed_value(model.nodes.start, fixed, -math.inf) if stepped else -math.inf
    builder, dates = Builder(model, start, sizes), tuple(years)
    count = sum(date < start - ROUNDING for date in dates)
    past, late = Place(dates[:count], early=True), Place(dates[count:])
    if stepped and late.dates:
        builder.schedule_nodes(outputs, late.dates[-1])
    # What depends on no date has one key, whichever place it is asked for.
    places = past if past.dates else late, late if late.dates else past
    result = {name: (builder.key(name, places[0]), builder.key(name, places[1])) for name in outputs}
    operations = builder.needed({key for keys in result.values() for key in keys})
    return Program(OwnUnits(), operations, result, {**fixed, **builder.given}, count, len(dates) - count)


def _fixed_value(name: str, fixed: Arrays, least: float) -> float:
    """Return the value of an input that shapes the run and so cannot be uncertain."""
    if name not in fixed:
        raise InputError(f"input {name!r} is uncertain, and the dates depend on it; fix it: {name}=cc.Fixed(...)")
    value = float(fixed[name])
    if value < least:
        raise InputError(f"input {name!r} is {value:g} years; a lag is {least:g} or more")
    return value


def _folded(whole: Program, call: Call = plain_call) -> Program:
    """Run the operations that no uncertain input reaches; return the others as a program that begins after them."""
    known, left = dict(whole.fixed), []
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        for operation in whole.operations:
            if all(key in known for key in operation.reads):
                run_operation(operation, known, call)
            else:
                left.append(operation)
    last = {key: place for place, each in enumerate(left) for key in (*each.writes, *each.reads)}
    frees: list[list[str]] = [[] for _ in left]
    for key in sorted({key for operation in left for key in operation.writes}):
        frees[last[key]].append(key)
    return whole._replace(operations=tuple(left), fixed=known, frees=tuple(map(tuple, frees)))


# Proofs that were made: what a proof depends on, and the dimensions it found.
_PROOFS: dict[object, dict[str, int]] = {}


def _proved(proof: Proof, fingerprint: str, whole: Program, rows: Arrays) -> dict[str, int]:
    """Prove units and shapes on three rows, once for the same code; return the dimensions of each output."""
    inputs = tuple((name, proof.units.get(name), np.shape(value)) for name, value in rows.items())
    # Equal samples, as those of one alone, do not show what mixes them.
    differ = any(value.ndim and value[0] != value[1] for value in rows.values())
    key = (fingerprint, tuple(whole.outputs), inputs, differ, whole.early > 0, whole.late > 0)
    if key in _PROOFS:
        return _PROOFS[key]
    values = {**whole.fixed, **rows}
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        for operation in whole.operations:
            run_operation(operation, values, proof.call)
    while len(_PROOFS) >= 64:
        del _PROOFS[next(iter(_PROOFS))]
    # Where the rows before the first node are others, they stand on years even if each part does not.
    result = {name: 2 if one != other else values[one].ndim for name, (one, other) in whole.outputs.items()}
    return _PROOFS.setdefault(key, result)
