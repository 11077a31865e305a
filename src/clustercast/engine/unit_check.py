"""Units and rows are proved once: every quantity is run plain, on parts of its samples, and with pint."""

import functools
import hashlib
import itertools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.engine.fingerprint import Fingerprint, called, fingerprint_of, numbers_in
from clustercast.engine.model import Model
from clustercast.engine.operations import Needs, plain_call
from clustercast.engine.quantity import Declaration, declaration_of
from clustercast.engine.units import factor, parsed, registry, same_base
from clustercast.engine.wiring import PREVIOUS_YEAR, YEAR, Function, Need
from clustercast.errors import InputError

_CONVERSIONS = tomllib.loads(Path(__file__).with_name("conversions.toml").read_text(encoding="utf-8"))


class Proof:
    """Runs each quantity once plain, on parts of its samples, and with units, and compares the numbers."""

    def __init__(self, model: Model, units: Mapping[str, str], fingerprints: Mapping[Function, Fingerprint]) -> None:
        self.model, self.units, self.seen = model, {**units, YEAR: "year", PREVIOUS_YEAR: "year"}, set[int]()
        self.fingerprints = fingerprints

    def call(self, name: str, function: Function, needs: Needs, arguments: Sequence[FloatArray]) -> FloatArray:
        """Return the result of a quantity, after its units and rows are proved at its first call."""
        seen, proved, declaration = id(function) in self.seen, self.model.proved, declaration_of(function)
        self.seen.add(id(function))
        known = self.fingerprints.get(function, ())
        if seen or (proved and proof_key(function, declaration, map(self._unit, needs), known) in proved):
            return np.asarray(plain_call(name, function, needs, arguments), dtype=np.float64)
        kept = [np.array(argument) for argument in arguments]
        result = np.asarray(plain_call(name, function, needs, arguments))
        if not all(map(functools.partial(np.array_equal, equal_nan=True), arguments, kept)):
            raise InputError(f"{called(function, name)} changes its argument; write a = a * 2, not a *= 2")
        if result.dtype.kind not in "fiub":
            raise InputError(f"{called(function, name)} returns type {str(result.dtype)!r}; return real numbers")
        result = result.astype(np.float64)
        if needs:
            given = [(need, value, self._unit(need)) for need, value in zip(needs, arguments, strict=True)]
            if fault := next(_row_faults(function, arguments, result), ""):
                remedy = "each sample must stand alone, with year on the first axis and sample on the last, as"
                raise InputError(f"{called(function, name)} {fault}; {remedy} (year, sample) or (sample,)")
            units = [declaration.unit, *(unit for *_, unit in given)]
            if declaration.units_checked and any(unit != "1" for unit in units):
                _check_numbers(name, function, units, declaration)
            if declaration.units_checked and not all(same_base(unit, "1") for unit in units):
                _check_one(name, function, given, result, declaration.unit)
        return result

    def _unit(self, need: Need) -> str:
        """Return the unit of an argument."""
        return self.model.unit(need.name) if need.name in self.model else self.units[need.name]


def proof_key(function: Function, declaration: Declaration, units: Iterable[str], known: Fingerprint = ()) -> str:
    """Return what a proof of a quantity rests on, in short: its code, its declaration, the dimensions it meets."""
    # NumPy's version says nothing about units.
    code = [re.sub(" is module numpy .*", " is module numpy", part) for part in known or fingerprint_of(function)]
    met = [sorted(parsed(unit).dimensions.items()) for unit in (declaration.unit, *units)]
    return hashlib.sha256(repr((code, met, declaration.units_checked, declaration.constants)).encode()).hexdigest()[:16]


def _row_faults(function: Function, arguments: Sequence[FloatArray], plain: FloatArray) -> Iterator[str]:
    """Yield how the samples of a quantity differ from what it gives for each alone, for all in reverse, and twice."""
    samples = max((value.shape[-1] for value in arguments if value.ndim), default=1)
    years = max((value.shape[0] for value in arguments if value.ndim == 2), default=0)
    if plain.shape not in {(), (1,), (samples,)} | {(y, s) for y in (1, years) for s in (1, samples)}:
        yield f"has shape {plain.shape} for {max(years, 1)} years and {samples} samples"
    every = list(range(samples))
    for chosen in [*([row] for row in every), every[::-1], every * 2]:
        part = [value[..., chosen] if value.ndim and value.shape[-1] == samples else value for value in arguments]
        try:
            result = np.asarray(function(*part), dtype=np.float64)
        except Exception as error:
            yield f"mixes samples: it takes {samples}, but fails for the samples {chosen} ({error})"
            continue
        expected = plain[..., chosen] if plain.ndim and plain.shape[-1] == samples else plain
        if samples == 1 and result.ndim and result.shape[-1] == len(chosen):
            expected = np.broadcast_to(plain, result.shape)
        if result.shape not in ((), expected.shape):
            of = "one sample" if len(chosen) == 1 else f"{len(chosen)} samples"
            yield f"has shape {result.shape} for {of}, where {expected.shape} is expected"
        elif (unlike := ~np.isclose(result, expected, rtol=1e-12, atol=0, equal_nan=True)).any():
            wrong = int(np.argmax(unlike))
            of = f"for sample {chosen[0]} alone" if len(chosen) == 1 else f"for the samples {chosen}"
            yield f"mixes samples: {expected.flat[wrong]:.6g} among {samples} samples, {result.flat[wrong]:.6g} {of}"


def _check_numbers(name: str, function: Function, units: Sequence[str], declaration: Declaration) -> None:
    """Refuse a number in the code that converts units, where there are units."""
    of_words = (own for word, own in _CONVERSIONS["by_word"].items() if any(word in unit for unit in units))
    suspects = np.array([*_CONVERSIONS["always"], *itertools.chain(*of_words)])
    for number in numbers_in(function):
        if number not in declaration.constants and np.isclose(abs(number), suspects, rtol=1e-12, atol=0).any():
            inside = "inside, every number is in coherent units (W, year, USD, ...)"
            remedy = "leave the number out; if it says something about the world, make it an input"
            otherwise = f"if it is neither, declare it: @cc.quantity(..., constants=[{number:g}])"
            what = f"{called(function, name)} converts units with the number {number:g}; {inside}"
            raise InputError(f"{what} and is given out in {declaration.unit!r} by itself: {remedy}; {otherwise}")


def _check_one(
    name: str, function: Function, given: Sequence[tuple[Need, FloatArray, str]], plain: FloatArray, unit: str
) -> None:
    """Compare one quantity's plain numbers with those it gives for arguments with units."""
    what = called(function, name)
    described = ", ".join(f"{need.name} [{argument_unit}]" for need, _, argument_unit in given)
    way_out = "correct the unit of an argument or the formula, or leave it unchecked with units_checked=False"
    try:
        result = function(*(_odd(value, argument_unit) for _, value, argument_unit in given))
    except Exception as error:
        reason = str(error).replace("odd_year", "year")
        if "dimensionless" in reason and "year" in reason:
            way_out = (
                "the exponent of a power, and what exp and log take, is a pure number: grow by np.exp(rate * (year - "
                "start)) with a rate in 1/year, or by 10 ** (growth * (year - start)) with growth in OOM/year, where "
                f"start is in years; or {way_out}"
            )
        raise InputError(f"{what} does not hold its units: {reason} (its arguments: {described}); {way_out}") from None
    measured = registry().Quantity(result).to_base_units()
    if not same_base(f"{measured.units}", unit):
        remedy = "correct the declared unit, an argument's unit or the formula"
        raise InputError(f"{what} declares {unit!r} but its arguments ({described}) give '{measured.units}'; {remedy}")
    numbers = np.asarray(measured.magnitude, dtype=np.float64)
    if not np.allclose(numbers, plain, rtol=1e-9, atol=0, equal_nan=True):
        why = "it drops a unit or contains a conversion (inside, every number is in coherent units)"
        seen = f"{numbers.flat[0]:.6g} instead of {plain.flat[0]:.6g} in the coherent unit of {unit!r}; {why}"
        raise InputError(f"{what} gives other numbers when its arguments ({described}) come in other units: {seen}")


def _odd(value: FloatArray, unit: str) -> Any:
    """Return coherent numbers as a pint quantity in a unit that is not coherent; pure numbers as they are."""
    if same_base(unit, "1"):
        return value
    # A power of two of years: dates stay exact, so that a path begins in the same year in both runs.
    if "odd_year" not in registry():
        registry().define("odd_year = 256 * year")
    parts = {"year": "odd_year", "W": "GW", "USD": "kUSD", "H100e": "MH100e"}
    base = str(registry().Quantity(1.0, registry().parse_units(unit)).to_base_units().units)
    odd = " ".join(parts.get(word, word) for word in base.split(" "))
    return registry().Quantity(np.asarray(value) / factor(odd), odd)
