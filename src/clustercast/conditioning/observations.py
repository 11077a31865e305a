"""Observation files: TOML or CSV, read row by row so that a fault has its line."""

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from clustercast.conditioning.observation_rows import (
    DISCREPANCY,
    LOWER_GAP,
    UPPER_GAP,
    Date,
    Observation,
    Observations,
    Text,
)
from clustercast.engine.units import factor, same_dimension
from clustercast.errors import InputError, nearest
from clustercast.priors.families import Family, distribution_from_entry
from clustercast.priors.shipped import directory

SHIPPED = "observed"
_ROW = re.compile(r"^\s*\[\[\s*observation\s*\]\]")
_TABLES = ("set", "likelihood", "inputs", "observation")


class About(BaseModel):
    """The table ``[set]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Text
    title: Text
    as_of: Date
    description: str = ""


class Likelihood(BaseModel):
    """The table ``[likelihood]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    group_correlation: float
    source: Text
    as_of: Date
    note: str = ""


def read_observations(
    name: str | Path = "observed", *, as_of: float | str | None = None, skip_bad: bool = False
) -> Observations:
    """Read observations, shipped or one's own.

    Parameters
    ----------
    name : str or Path
        Name of a shipped set, or the path of a TOML or CSV file. A file without ``[likelihood]``
        takes the shipped one.
    as_of : float or str, optional
        Only what was public by then, as ``"2024-06"``.
    skip_bad : bool, optional
        Leave bad rows out; `Observations.left_out` says which and why.

    Returns
    -------
    Observations

    Raises
    ------
    InputError
        If the file or a row cannot be used; the message names file, line, key, value and remedy.

    Examples
    --------
    >>> observations = read_observations("observed", as_of="2024-06")
    >>> max(row.date for row in observations) <= 2024.5
    True
    """
    observations = _read(name, skip_bad)
    return observations if as_of is None else observations.known_by(as_of)


def _read(name: str | Path, skip_bad: bool) -> Observations:
    """Read a file, shipped or one's own."""
    path = _find(name)
    content = {} if path.suffix == ".csv" else _load(path)
    for key in content:
        if key not in _TABLES:
            raise InputError(f"{path}: unknown table {key!r}{nearest(key, _TABLES)}; allowed are {', '.join(_TABLES)}")
    title = _validated(About, content["set"], f"{path}: set").name if "set" in content else path.stem
    frame = content if "likelihood" in content or "inputs" in content else _load(_find(SHIPPED))
    likelihood = _validated(Likelihood, frame.get("likelihood", {}), f"{path}: likelihood")
    rows, places, left_out = _rows(path, content, skip_bad)
    if not rows:
        missing = "a row" if path.suffix == ".csv" else "a table [[observation]]"
        raise InputError(f"{path} holds no observation that can be used; add {missing}")
    return Observations(
        tuple(rows),
        _priors(path, frame.get("inputs", {})),
        likelihood.group_correlation,
        name=title,
        origin=str(path),
        places=places,
        left_out=tuple(left_out),
    )


def _find(name: str | Path) -> Path:
    """Return the path of a shipped name or of a file."""
    shipped = directory() / "observations" / f"{name}.toml"
    if isinstance(name, str) and "/" not in name and shipped.is_file():
        return shipped
    path = Path(name)
    if path.is_file():
        return path
    known = sorted(path.stem for path in (directory() / "observations").glob("*.toml"))
    raise InputError(
        f"there are no observations {str(name)!r}{nearest(str(name), known)}; "
        f"shipped are {', '.join(known)}, or give the path of a TOML or CSV file"
    )


def _load(path: Path) -> dict[str, Any]:
    """Parse a TOML file."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is not valid TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def _entries(path: Path, content: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row with the line on which it begins."""
    if path.suffix != ".csv":
        lines = [n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if _ROW.match(line)]
        yield from zip(lines, content.get("observation", []), strict=True)
        return
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        for row in reader:
            # A cell that is empty is a key that is not there; more cells than columns come under None.
            yield reader.line_num, {key or "(no column)": cell for key, cell in row.items() if cell not in ("", None)}


def _rows(
    path: Path, content: Mapping[str, Any], skip_bad: bool
) -> tuple[list[Observation], dict[str, str], list[str]]:
    """Validate each row; return the good ones, their places, and what is wrong with the others."""
    rows: list[Observation] = []
    places: dict[str, str] = {}
    left_out: list[str] = []
    for line, entry in _entries(path, content):
        place = f"{path}:{line}"
        try:
            row = _observation(entry, place)
            if row.id in places:
                raise InputError(
                    f"{place}: the id {row.id!r} is there twice (also {places[row.id]}); give each its own"
                )
        except InputError as error:
            if not skip_bad:
                raise
            left_out.append(str(error))
            continue
        rows.append(row)
        places[row.id] = place
    return rows, places, left_out


def _observation(entry: Mapping[str, Any], place: str) -> Observation:
    """Validate one row."""
    told = f"{place}: observation {entry.get('id', '')!r}"
    row: Observation = _validated(Observation, entry, told)
    try:
        factor(row.unit)
        _ = row.known_from
    except InputError as error:
        raise InputError(f"{told}: {error}") from None
    return row


def _validated(model: type[BaseModel], entry: Mapping[str, Any], where: str) -> Any:
    """Validate a table; the first fault is told in one sentence."""
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        # A misspelt key is also a missing one: it is told as the first.
        first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
        key = ".".join(map(str, first["loc"]))
        known = list(model.model_fields)
        if first["type"] == "extra_forbidden":
            told = f"unknown key {key!r}{nearest(key, known)}; allowed are {', '.join(known)}"
        elif first["type"] == "missing":
            told = (
                f"{key} is missing; add {key} = ..., {model.model_fields[key].description or 'required of every row'}"
            )
        else:
            told = f"{key} = {first['input']!r}: {first['msg']}"
            if model.model_fields[key].description:
                told += f" ({key}: {model.model_fields[key].description})"
        raise InputError(f"{where}: {told}; correct the row or leave bad rows out (skip_bad)") from None


def _priors(path: Path, entries: Mapping[str, Any]) -> dict[str, Family]:
    """Make the priors of the likelihood's own parameters."""
    made: dict[str, Family] = {}
    for key, entry in entries.items():
        if key not in (DISCREPANCY, LOWER_GAP, UPPER_GAP) and not key.startswith(f"{DISCREPANCY}_"):
            known = (DISCREPANCY, LOWER_GAP, UPPER_GAP, f"{DISCREPANCY}_NAME")
            raise InputError(
                f"{path}: inputs.{key} is not part of the likelihood{nearest(key, known)}; "
                f"allowed are {', '.join(known)}"
            )
        for needed in ("unit", "source", "as_of"):
            if needed not in entry:
                raise InputError(f"{path}: inputs.{key}.{needed} is missing; add {needed} = ...")
        if not same_dimension(entry["unit"], "OOM"):
            raise InputError(f"{path}: inputs.{key}.unit is {entry['unit']!r}; give it in 'OOM' (decades)")
        try:
            made[key] = distribution_from_entry(entry)
        except InputError as error:
            raise InputError(f"{path}: inputs.{key}: {error}") from None
        if made[key].support[0] < 0:
            raise InputError(f"{path}: inputs.{key} can be negative; choose a family on positive numbers, as lognormal")
    return made
