"""What a forecast is compared with: stated numbers, and reference classes of power, energy, cost and share of GDP."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from clustercast.arrays import FloatArray
from clustercast.engine.units import conversion, factor, same_dimension
from clustercast.errors import InputError, located, nearest
from clustercast.files.dates import DateText, StartYear
from clustercast.files.toml import Number, Text, load_toml, validated
from clustercast.priors import shipped

Verdict = Literal["inside", "partly", "outside"]
Kind = Literal["power", "energy", "cost", "gdp_share"]
KINDS: tuple[Kind, ...] = get_args(Kind)
UNITS: dict[Kind, str] = {"power": "W", "energy": "W", "cost": "USD", "gdp_share": "1"}


class StatedCell(BaseModel, extra="forbid", frozen=True):
    """One cell of a table, in its unit: a number (low = high), a range, or with an infinite end "or more"."""

    table: Text
    quantity: Text
    year: StartYear
    text: Text
    low: Number
    high: Number
    unit: Text


class _About(BaseModel, extra="forbid", frozen=True):
    title: Text
    source: Text
    as_of: Text


class StatedTables(BaseModel, extra="forbid", frozen=True):
    """The cells of a file, and where they come from."""

    about: _About
    cell: Annotated[tuple[StatedCell, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Comparison:
    """A stated cell beside the forecast's quantiles, in the forecast's unit: inside, partly or outside them."""

    cell: StatedCell
    low: float
    high: float
    quantiles: tuple[float, ...]
    unit: str
    verdict: Verdict


def read_stated_tables(path: str | Path | None = None) -> StatedTables:
    """Return the tables of a file; the two of *Situational Awareness* IIIa by default."""
    path = shipped.directory() / "texts" / "essay_tables.toml" if path is None else Path(path)
    tables = validated(load_toml(path), StatedTables, path)
    for cell in tables.cell:
        if not 0 < cell.low <= cell.high:
            what = f"{path}: cell {cell.quantity} {cell.year:g}: low = {cell.low:g} and high = {cell.high:g}"
            raise InputError(f"{what}; give 0 < low <= high, the same twice for a single number")
    return tables


def stated_cells() -> tuple[StatedCell, ...]:
    """Return every shipped cell: the essay's two tables, then what the texts state beside them."""
    return (*read_stated_tables().cell, *read_stated_tables(shipped.directory() / "texts" / "text_figures.toml").cell)


def compare_with_stated(summary: xr.Dataset, cells: Iterable[StatedCell]) -> list[Comparison]:
    """Compare cells with the 5, 50 and 95 % points of a summary; cells that it does not have are left out."""
    comparisons = []
    for cell in cells:
        if cell.quantity not in summary or cell.year not in summary["year"].values:
            continue
        stated = summary[cell.quantity].sel(year=cell.year)
        unit = stated.attrs["units"]
        scale = conversion(cell.unit, unit, f"stated cell {cell.quantity} {cell.year:g}")
        quantiles = tuple(float(stated.sel(quantile=p, method="nearest")) for p in (0.05, 0.5, 0.95))
        low, high = cell.low * scale, cell.high * scale
        # What is "or more" is inside where its start is.
        inside = quantiles[0] <= low and (high == np.inf or high <= quantiles[-1])
        outside = high < quantiles[0] or low > quantiles[-1]
        verdict: Verdict = "outside" if outside else "inside" if inside else "partly"
        comparisons.append(Comparison(cell, low, high, quantiles, unit, verdict))
    return comparisons


class ReferenceClass(BaseModel, extra="forbid", frozen=True):
    """One thing whose size is known and above 0; energy is that of a year."""

    name: Text
    kind: Kind
    value: Annotated[Number, Field(gt=0, allow_inf_nan=False)]
    unit: Text
    source: Text
    as_of: DateText
    note: str = ""


Classes = tuple[ReferenceClass, ...] | None  # None stands for the shipped ones


class _File(BaseModel, extra="forbid", frozen=True):
    """The file: an array of tables ``[[class]]``."""

    classes: Annotated[list[ReferenceClass], Field(alias="class", min_length=1)]


@functools.lru_cache(maxsize=8)
def read_reference_classes(path: str | Path | None = None) -> tuple[ReferenceClass, ...]:
    """Return the reference classes of a file, in its order; the shipped ones by default."""
    path = shipped.directory() / "texts" / "reference_classes.toml" if path is None else Path(path)
    classes = validated(load_toml(path), _File, path).classes
    named = [(each.name, each.kind) for each in classes]
    for each in classes:
        where = f"{path}: class {each.name!r}"
        if named.count((each.name, each.kind)) > 1:
            raise InputError(f"{where} of kind {each.kind!r} is there twice; keep one")
        with located(where):
            if not same_dimension(each.unit, UNITS[each.kind]):
                raise InputError(f"unit {each.unit!r} is not that of a {each.kind}; give {UNITS[each.kind]!r}")
    return tuple(classes)


def ladder(kind: Kind, unit: str, classes: Classes = None) -> tuple[tuple[str, ...], FloatArray]:
    """Return names and increasing sizes of the classes of one kind, in a unit; equal ones are joined by "or"."""
    if kind not in KINDS:
        raise InputError(f"kind is {kind!r}{nearest(str(kind), KINDS)}; choose one of {', '.join(KINDS)}")
    if not same_dimension(unit, UNITS[kind]):
        raise InputError(f"unit {unit!r} is not that of a {kind}; give sizes in a unit like {UNITS[kind]!r}")
    rungs: dict[float, list[str]] = {}
    for each in read_reference_classes() if classes is None else classes:
        if each.kind == kind:
            rungs.setdefault(each.value * (factor(each.unit) / factor(unit)), []).append(each.name)
    if not rungs:
        raise InputError(f"there is no reference class of kind {kind!r}; add a [[class]] of that kind")
    sizes = sorted(rungs)
    return tuple(" or ".join(rungs[size]) for size in sizes), np.array(sizes)


def nearest_rung(values: FloatArray, sizes: FloatArray) -> NDArray[np.intp]:
    """Return which of increasing sizes is nearest to each value in log10; 0 and infinity are nearest to the ends."""
    return np.searchsorted(np.sqrt(sizes[1:]) * np.sqrt(sizes[:-1]), values, side="right")
