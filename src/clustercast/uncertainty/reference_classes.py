"""Reference classes: what a power, a year's energy, a cost or a share of GDP compares with."""

import functools
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from clustercast.arrays import FloatArray
from clustercast.engine.units import factor, same_dimension
from clustercast.errors import InputError, nearest
from clustercast.files.dates import DateText
from clustercast.files.toml import Number, Text, load_toml, validated
from clustercast.priors import shipped

Kind = Literal["power", "energy", "cost", "gdp_share"]

KINDS: tuple[Kind, ...] = get_args(Kind)
UNITS: dict[Kind, str] = {"power": "W", "energy": "W", "cost": "USD", "gdp_share": "1"}


class ReferenceClass(BaseModel, extra="forbid", frozen=True):
    """One thing whose size is known and above 0; energy is that of a year."""

    name: Text
    kind: Kind
    value: Annotated[Number, Field(gt=0, allow_inf_nan=False)]
    unit: Text
    source: Text
    as_of: DateText
    note: str = ""


class _File(BaseModel, extra="forbid", frozen=True):
    """The file: an array of tables ``[[class]]``."""

    classes: Annotated[list[ReferenceClass], Field(alias="class", min_length=1)]


def read_reference_classes(path: str | Path | None = None) -> tuple[ReferenceClass, ...]:
    """Return the reference classes of a file, in its order; the shipped ones by default."""
    return _read(shipped.directory() / "texts" / "reference_classes.toml" if path is None else Path(path))


@functools.lru_cache(maxsize=8)
def _read(path: Path) -> tuple[ReferenceClass, ...]:
    """Read and check one file."""
    classes = validated(load_toml(path), _File, path).classes
    seen = set()
    for each in classes:
        where = f"{path}: class {each.name!r}"
        if (each.name, each.kind) in seen:
            raise InputError(f"{where} of kind {each.kind!r} is there twice; keep one")
        seen.add((each.name, each.kind))
        try:
            fits = same_dimension(each.unit, UNITS[each.kind])
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        if not fits:
            raise InputError(f"{where}: unit {each.unit!r} is not that of a {each.kind}; give {UNITS[each.kind]!r}")
    return tuple(classes)


def ladder(
    kind: Kind, unit: str, classes: tuple[ReferenceClass, ...] | None = None
) -> tuple[tuple[str, ...], FloatArray]:
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
    """Return which of increasing sizes is nearest to each value in log10; 0 and infinity are nearest to the ends.

    >>> nearest_rung(np.array([0.0, 3.0, 4.0, np.inf]), np.array([1.0, 10.0, 100.0]))
    array([0, 0, 1, 2])
    """
    middles = np.sqrt(sizes[1:]) * np.sqrt(sizes[:-1])
    return np.searchsorted(middles, values, side="right")
