"""Reference classes: what a power, a year's energy, a cost or a share of GDP compares with."""

import functools
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from clustercast.engine.units import factor, same_dimension
from clustercast.errors import InputError, nearest
from clustercast.files.toml import load_toml, validated
from clustercast.priors import shipped

FloatArray = NDArray[np.float64]
Kind = Literal["power", "energy", "cost", "gdp_share"]

KINDS: tuple[Kind, ...] = get_args(Kind)
UNITS: dict[Kind, str] = {"power": "W", "energy": "W", "cost": "USD", "gdp_share": "1"}

_CLOSED = ConfigDict(extra="forbid", frozen=True)
_Text = Annotated[str, Field(min_length=1)]


class ReferenceClass(BaseModel):
    """One thing whose size is known.

    Attributes
    ----------
    name : str
        What it is.
    kind : {"power", "energy", "cost", "gdp_share"}
        What is compared; energy is that of a year.
    value : float
        Its size, above 0.
    unit : str
        Unit of the size.
    source, as_of, note : str
        Where the size comes from, and its date.
    """

    model_config = _CLOSED
    name: _Text
    kind: Kind
    value: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    unit: _Text
    source: _Text
    as_of: Annotated[str, Field(pattern=r"^\d{4}(-\d{2}){0,2}$")]
    note: str = ""


class _File(BaseModel):
    """The file: an array of tables ``[[class]]``."""

    model_config = _CLOSED
    classes: Annotated[list[ReferenceClass], Field(alias="class", min_length=1)]


def read_reference_classes(path: str | Path | None = None) -> tuple[ReferenceClass, ...]:
    """Read the table of reference classes.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file; the shipped ``reference_classes.toml`` when left out.

    Returns
    -------
    tuple of ReferenceClass
        In the order of the file.

    Raises
    ------
    InputError
        Naming file, class, key and value.

    Examples
    --------
    >>> {c.kind for c in read_reference_classes()} == {"power", "energy", "cost", "gdp_share"}
    True
    """
    return _read(shipped.directory() / "texts" / "reference_classes.toml" if path is None else Path(path))


@functools.lru_cache(maxsize=8)
def _read(path: Path) -> tuple[ReferenceClass, ...]:
    """Read and check one file."""
    classes = validated(load_toml(path), _File, path).classes
    seen = set()
    for found in classes:
        where = f"{path}: class {found.name!r}"
        if (found.name, found.kind) in seen:
            raise InputError(f"{where} of kind {found.kind!r} is there twice; keep one")
        seen.add((found.name, found.kind))
        try:
            fits = same_dimension(found.unit, UNITS[found.kind])
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        if not fits:
            raise InputError(f"{where}: unit {found.unit!r} is not that of a {found.kind}; give {UNITS[found.kind]!r}")
    return tuple(classes)


def ladder(
    kind: Kind, unit: str, classes: tuple[ReferenceClass, ...] | None = None
) -> tuple[tuple[str, ...], FloatArray]:
    """Return the reference classes of one kind by size.

    Parameters
    ----------
    kind : {"power", "energy", "cost", "gdp_share"}
    unit : str
        Unit of the sizes.
    classes : tuple of ReferenceClass, optional
        The shipped ones when left out.

    Returns
    -------
    names : tuple of str
        Those of the same size are one rung, joined by "or".
    sizes : ndarray, shape (rungs,)
        Increasing, in `unit`.

    Raises
    ------
    InputError
        If there is no such kind, or the unit is not that of the kind.
    """
    if kind not in KINDS:
        raise InputError(f"kind is {kind!r}{nearest(str(kind), KINDS)}; choose one of {', '.join(KINDS)}")
    if not same_dimension(unit, UNITS[kind]):
        raise InputError(f"unit {unit!r} is not that of a {kind}; give a path in a unit like {UNITS[kind]!r}")
    rungs: dict[float, list[str]] = {}
    for found in read_reference_classes() if classes is None else classes:
        if found.kind == kind:
            rungs.setdefault(found.value * (factor(found.unit) / factor(unit)), []).append(found.name)
    if not rungs:
        raise InputError(f"there is no reference class of kind {kind!r}; add a [[class]] of that kind")
    sizes = sorted(rungs)
    return tuple(" or ".join(rungs[size]) for size in sizes), np.array(sizes)


def nearest_rung(values: FloatArray, sizes: FloatArray) -> NDArray[np.intp]:
    """Return which of increasing sizes is nearest to each value in log10.

    Parameters
    ----------
    values : ndarray
        0 or more; 0 is nearest to the smallest, infinity to the largest.
    sizes : ndarray, shape (rungs,)
        Increasing, above 0.

    Returns
    -------
    ndarray of int
        Of the shape of `values`.

    Examples
    --------
    >>> nearest_rung(np.array([0.0, 3.0, 4.0, np.inf]), np.array([1.0, 10.0, 100.0]))
    array([0, 0, 1, 2])
    """
    middles = np.sqrt(sizes[1:]) * np.sqrt(sizes[:-1])
    return np.searchsorted(middles, values, side="right")
