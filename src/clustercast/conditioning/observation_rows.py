"""Observations: what was seen of the quantities of a model, and how far each figure can be trusted."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from clustercast.arrays import FloatArray
from clustercast.arrays.posterior import LASTING, ErrorModel, ObservedRows
from clustercast.engine.model import Model
from clustercast.engine.units import factor, same_dimension
from clustercast.errors import InputError, located, nearest
from clustercast.files.dates import DateText, StartYear, end_of, start_of
from clustercast.files.toml import Prose, Text
from clustercast.priors.families import Family
from clustercast.priors.families.composed import as_distribution

Discrepancy = float | Family | Mapping[str, float | Family] | None
BOUNDS = {"value": 0, "record": 1, "ceiling": -1}
LOWER_GAP, UPPER_GAP, DISCREPANCY = "record_gap", "ceiling_gap", "discrepancy"
# Years over which discrepancies are correlated, and in which the gap of ceilings halves.
TIME, HALVING = "correlation_time", "ceiling_halving"
# The unit of each parameter of the likelihood; the first two may have a prior for each quantity, as discrepancy_NAME.
ERROR_UNITS = {DISCREPANCY: "OOM", TIME: "year", LOWER_GAP: "OOM", UPPER_GAP: "OOM", HALVING: "year"}
_OF_KIND = {"record": (LOWER_GAP,), "ceiling": (UPPER_GAP, HALVING)}


def _positive(value: Any) -> Any:
    """Return a number, refused where it has no logarithm."""
    if isinstance(value, int | float) and not value > 0:
        raise PydanticCustomError("not_positive", "a number above 0 is needed: its logarithm is taken")
    return value


Positive = Annotated[float, BeforeValidator(_positive), Field(gt=0)]


class Observation(BaseModel, extra="forbid", frozen=True, allow_inf_nan=False):
    """One figure: a value of a quantity at a date, its error in decades, and where it comes from."""

    id: Text
    # The first moment of a year, month or day; `known` and `as_of` count from the last one.
    date: StartYear
    quantity: Text
    name: Text
    value: Positive
    unit: Text
    sd_log10: Positive
    source: Text
    as_of: DateText
    # Since when the figure was public; `as_of` by default.
    known: DateText | None = None
    # A measurement, the largest that is known (a lower bound on the largest), or an upper bound.
    kind: Literal["value", "record", "ceiling"] = "value"
    # Rows of one group have correlated errors; a row without one is alone.
    group: Prose = ""
    # Share of the quantity that the value counts.
    part: Annotated[float, Field(gt=0, le=1)] = 1.0
    # Rows with the same word are readings of one estimate: only the first is learned from and scored.
    estimate: Prose = ""
    # Why the row is neither learned from nor scored.
    unused: Prose = ""
    note: Prose = ""

    @property
    def known_from(self) -> float:
        """Year since when the figure was public."""
        return end_of(self.known or self.as_of)

    @property
    def log10(self) -> float:
        """Logarithm of the whole quantity, in coherent units."""
        return math.log10(self.value * factor(self.unit) / self.part)

    @property
    def errors(self) -> tuple[str, ...]:
        """Names of the parameters of the likelihood that bear on the row, those of its quantity first."""
        return f"{DISCREPANCY}_{self.quantity}", f"{TIME}_{self.quantity}", *_OF_KIND.get(self.kind, ())

    def dates(self, model: Model) -> tuple[float, ...]:
        """Return the date of the figure; of the amount of a year, its beginning and end."""
        # A unit a year where the quantity itself has none, as of what was shipped in 2024, means what it grows by.
        unit = model.unit(self.quantity)
        yearly = not same_dimension(self.unit, unit) and same_dimension(f"({self.unit})*year", unit)
        return (self.date, self.date + 1) if yearly else (self.date,)


@dataclass(frozen=True)
class Observations:
    """Observations in order of their dates, with the priors of what the model misses, in decades."""

    rows: tuple[Observation, ...]
    priors: Mapping[str, Family]
    group_correlation: float
    # The form of the discrepancy: the share of its variance that lasts, and whether the gap of ceilings narrows.
    lasting: float = LASTING
    narrowing: bool = True
    name: str = "observations"
    origin: str = ""
    places: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(sorted(self.rows, key=lambda row: (row.date, row.id))))
        if not 0 <= self.group_correlation < 1:
            what = f"{self.origin or self.name}: likelihood.group_correlation is {self.group_correlation}"
            raise InputError(f"{what}; give a number from 0 to below 1")
        if len({*self.ids}) < len(self.rows):
            twice = next(row for row in self.rows if self.ids.count(row.id) > 1)
            raise InputError(f"{self.place(twice)}: the id {twice.id!r} is there twice; give each row its own")

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Observation]:
        return iter(self.rows)

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the rows, in order of their date."""
        return tuple(row.id for row in self.rows)

    @property
    def quantities(self) -> tuple[str, ...]:
        """The observed quantities, each once."""
        return tuple(dict.fromkeys(row.quantity for row in self.rows))

    @property
    def hash(self) -> str:
        """Fingerprint of every number and word."""
        rows = [row.model_dump() for row in self.rows]
        form = self.group_correlation, self.lasting, self.narrowing
        text = json.dumps([rows, {k: repr(v) for k, v in self.priors.items()}, form], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def place(self, row: Observation) -> str:
        """Return the file and line of a row."""
        return self.places.get(row.id, self.origin or self.name)

    def known_by(self, date: float | str) -> "Observations":
        """Return what was public at a date, or by the end of a month such as "2024-06"."""
        return replace(self, rows=tuple(row for row in self.rows if row.known_from <= end_of(date)))

    def counted(self) -> "Observations":
        """Return the rows that count: the first of each estimate, and none that is unused."""
        first = {row.estimate: row.id for row in reversed(self.rows) if row.estimate and not row.unused}
        return replace(self, rows=tuple(r for r in self if not r.unused and first.get(r.estimate, r.id) == r.id))

    def without(self, *ids: str, before: float | str | None = None) -> "Observations":
        """Return the observations without some rows, by id, and those from a date on."""
        if unknown := [one for one in ids if one not in self.ids]:
            raise InputError(f"there is no observation {unknown[0]!r} in {self.name}{nearest(unknown[0], self.ids)}")
        end = np.inf if before is None else start_of(before)
        return replace(self, rows=tuple(row for row in self.rows if row.id not in ids and row.date < end))

    def checked(self, model: Model, years: Iterable[float], *, skip_bad: bool = False) -> "Observations":
        """Return the rows, those that a model cannot be compared with refused, or left out with the reason."""
        if not (grid := list(years)):
            raise InputError("there are no years; give at least one, as range(2022, 2035)")
        result = [(row, _fault(row, model, min(grid), max(grid))) for row in self.rows]
        faults = [f"{self.place(row)}: observation {row.id!r}: {fault}" for row, fault in result if fault]
        if faults and not skip_bad:
            raise InputError(f"{faults[0]}; or leave bad rows out (skip_bad)")
        return replace(self, rows=tuple(row for row, fault in result if not fault), left_out=(*self.left_out, *faults))

    def error_priors(self, discrepancy: Discrepancy = None) -> dict[str, object]:
        """Return the prior of each parameter of the likelihood that these rows need."""
        given = discrepancy if isinstance(discrepancy, Mapping) else dict.fromkeys(self.quantities, discrepancy)
        for name, one in given.items():
            if name not in self.quantities:
                raise InputError(f"discrepancy is of {name!r}, which is not observed{nearest(name, self.quantities)}")
            with located(f"discrepancy of {name!r}"):
                least = 0.0 if one is None else as_distribution(one).support[0]
            if least < 0:
                raise InputError(f"discrepancy is {one!r}, which can be negative; give a standard deviation in decades")
        needed: dict[str, object] = {}
        # Gaps come last, as they are shared; each quantity has a time of its own where there is a prior for it.
        names = {name: row for row in self.rows for name in row.errors}
        absent = (*(() if self.lasting else (TIME,)), *(() if self.narrowing else (HALVING,)))
        for name in sorted(names, key=lambda name: (name in ERROR_UNITS, name.startswith(TIME))):
            base = next(base for base in ERROR_UNITS if name.startswith(base))
            if base in absent:
                continue
            chosen = given.get(names[name].quantity) if base == DISCREPANCY else None
            prior = self.priors.get(name, self.priors.get(base)) if chosen is None else chosen
            if isinstance(prior, Family) and prior.unit != "1":
                prior = prior.in_unit(ERROR_UNITS[base], name)
            if prior is not None:
                needed[name] = prior
            elif base not in (TIME, HALVING):
                what = f"{self.origin or self.name} has rows of {names[name].quantity!r} but no prior {name!r}"
                remedy = "; add one" if base == name else f" or {base!r}; add one, or give discrepancy="
                raise InputError(what + remedy)
        timed = [name for name in self.quantities if f"{TIME}_{name}" in needed]
        if timed and len(timed) < len(self.quantities):
            other = next(name for name in self.quantities if name not in timed)
            what = f"{self.origin or self.name} has a {TIME} for {timed[0]!r} but none for {other!r}"
            raise InputError(f"{what}; add {TIME!r}, which is for all, or one for each")
        return needed

    def arrays(self) -> ObservedRows:
        """Return the rows as arrays, in their order."""
        groups: dict[str, int] = {}
        value, error, date = (np.array([getattr(row, n) for row in self.rows]) for n in ("log10", "sd_log10", "date"))
        bound = np.array([BOUNDS[row.kind] for row in self.rows], dtype=np.int64)
        group = np.array([groups.setdefault(row.group or f" {row.id}", len(groups)) for row in self.rows])
        quantity = np.array([self.quantities.index(row.quantity) for row in self.rows], dtype=np.int64)
        return ObservedRows(value, error, bound, group, quantity, date, self.group_correlation, self.lasting)


def error_model(quantities: Iterable[str], values: Mapping[str, FloatArray]) -> ErrorModel:
    """Return the parameters of the likelihood from their values; a gap that no row needs is not a number."""

    def of(base: str) -> FloatArray:
        return np.stack([values[f"{base}_{name}"] for name in quantities])

    deviations = of(DISCREPANCY)
    none = np.full(deviations.shape[1], np.nan)
    time = of(TIME) if any(name.startswith(TIME) for name in values) else None
    return ErrorModel(deviations, values.get(LOWER_GAP, none), values.get(UPPER_GAP, none), time, values.get(HALVING))


def _fault(row: Observation, model: Model, first: float, last: float) -> str:
    """Return why a model cannot be compared with a row, and the remedy; empty where it can."""
    if row.quantity not in model.functions:
        return f"unknown quantity {row.quantity!r}{nearest(row.quantity, model.functions)}; name one of the model"
    unit, dates = model.unit(row.quantity), row.dates(model)
    if len(dates) == 1 and not same_dimension(row.unit, unit):
        return f"unit {row.unit!r} does not convert to {unit!r}, the unit of {row.quantity}; correct one"
    if not first <= dates[0] <= dates[-1] <= last:
        return f"date {row.date:g} is outside the years {first:g} to {last:g}; correct it or widen the years"
    return ""
