"""Observation files: TOML or CSV, read row by row so that a fault has its line."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, Field

from clustercast.arrays.posterior import LASTING
from clustercast.conditioning.observation_rows import DISCREPANCY, ERROR_UNITS, TIME, Observation, Observations
from clustercast.engine.units import factor
from clustercast.errors import InputError, located, nearest, shown, typed
from clustercast.files.dates import DateText
from clustercast.files.toml import Number, Prose, Text, Truth, load_toml, validated
from clustercast.files.whole import read_text
from clustercast.priors.families import Family, distribution_from_entry
from clustercast.priors.prior_set import Priors
from clustercast.priors.shipped import path_of

SHIPPED = "observed"
_ROW = re.compile(r"^\s*\[\[\s*observation\s*\]\]")
# Where the cells go for which the header has no column: no key of an observation, so they are refused.
_BEYOND = "cells beyond the header (put a text or number with a comma in quotation marks)"
_MAPPED = {"columns": "{'value': 'H100 equivalents'}", "constants": "{'unit': 'H100e', 'sd_log10': 0.1}"}
# The place of each row of a file, the row, and whether its types are strict.
_Entries: TypeAlias = Iterator[tuple[str, dict[str, Any], bool]]


class _About(BaseModel, extra="forbid", frozen=True):
    name: Text
    title: Text
    as_of: DateText
    description: Prose = ""


class _Likelihood(BaseModel, extra="forbid", frozen=True):
    group_correlation: Annotated[Number, Field(ge=0, lt=1)]
    lasting: Annotated[Number, Field(ge=0, le=1)] = LASTING
    narrowing: Truth = True
    source: Text
    as_of: DateText
    note: Prose = ""


class _File(BaseModel, extra="forbid", frozen=True):
    """An observation file; its rows are validated one by one, each with its line."""

    set: _About | None = None
    likelihood: _Likelihood | None = None
    inputs: dict[str, dict[str, Any]] = {}
    observation: list[dict[str, Any]] = []


@typed
def read_observations(
    name: str | Path = SHIPPED,
    *,
    as_of: float | str | None = None,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, object] | None = None,
    skip_bad: bool = False,
) -> Observations:
    """Read observations, shipped or one's own.

    Parameters
    ----------
    name : str or Path
        A shipped set, or a TOML or CSV file. A file without ``[likelihood]`` takes the shipped one.
    as_of : float or str, optional
        Only what was public by then, as ``"2024-06"``.
    columns : mapping of str to str, optional
        For a CSV file of another source: the column that holds each key of an observation, as ``{"value": "H100
        equivalents"}``. A row without an ``id`` takes the name of the file and its line.
    constants : mapping of str to value, optional
        Keys that are the same in every row, as ``{"unit": "H100e", "sd_log10": 0.1}``.
    skip_bad : bool, optional
        Leave bad rows out; `Observations.left_out` has each with the reason.

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
    path = path_of(name, "observations")
    _check_keys(columns, constants)
    table = path.suffix.lower() == ".csv"
    if columns is not None and not table:
        raise InputError(f"columns= is for CSV files; {path} is read by its keys")
    content = _File() if table else validated(load_toml(path), _File, path)
    shipped = path_of(SHIPPED, "observations")
    frame = content if content.likelihood or content.inputs else validated(load_toml(shipped), _File, path)
    entries = _cells(path, columns) if table else _tables(path, content)
    observations = _observations(content, frame, path, entries, constants or {}, skip_bad)
    return observations if as_of is None else observations.known_by(as_of)


def _observations(
    content: _File, frame: _File, path: Path, entries: _Entries, constants: Mapping[str, object], skip_bad: bool = False
) -> Observations:
    """Return the rows of a file, bad ones refused or left out, with the likelihood of a file."""
    if frame.likelihood is None:
        raise InputError(f"{path}: likelihood is missing; add [likelihood] with group_correlation, source and as_of")
    rows: list[Observation] = []
    places: dict[str, str] = {}
    left_out: list[str] = []
    for place, entry, strict in entries:
        where = f"{place}: observation {shown(({**constants, **entry}).get('id', ''))}"
        try:
            row = validated({**constants, **entry}, Observation, where, strict=strict)
            with located(where):
                factor(row.unit)
            if row.id in places:
                raise InputError(f"{place}: id {row.id!r} is there twice (also {places[row.id]}); give each its own")
        except InputError as error:
            if not skip_bad:
                raise InputError(f"{error}; or leave bad rows out (skip_bad)") from None
            left_out.append(str(error).replace(str(path), path.name))
        else:
            rows.append(row)
            places[row.id] = place.replace(str(path), path.name)
    if not rows:
        reason = f"; the first row is left out: {left_out[0]}" if left_out else ""
        what = "row" if path.suffix.lower() == ".csv" else "table [[observation]]"
        raise InputError(f"{path} holds no observation that can be used{reason}; add a {what}")
    form = frame.likelihood.model_dump(include={"group_correlation", "lasting", "narrowing"})
    about: dict[str, Any] = {"name": content.set.name if content.set else path.stem, "origin": str(path)}
    about |= {"places": places, "left_out": tuple(left_out)}
    return Observations(tuple(rows), _priors(path, frame.inputs), **form, **about)


def unlearned(priors: Priors, observations: Observations | None = None) -> tuple[Priors, Observations]:
    """Return what a set was before it learned, and the rows that it learned from with further ones."""
    # Learning from all together is exact; the set stands for its rows only nearly, as no input has their discrepancies.
    if priors.earlier is None:
        return priors, read_observations() if observations is None else observations
    earlier, path = priors.earlier, Path(priors.origin)
    content = validated(dict(earlier.observations), _File, f"{path}: learned")
    entries = ((f"{path}: learned.observation number {n}", e, True) for n, e in enumerate(content.observation, 1))
    known = _observations(content, content, path, entries, {})
    # What was changed of the set since it was read is as it is now.
    read = earlier.posterior
    changed = {n: p for n, p in priors.items() if n not in read or repr(p) != repr(read[n])}
    before = earlier.priors.replace(**{n: p for n, p in changed.items() if n in read})
    new = [one for one in priors.correlations if one not in read.correlations]
    before = before.add(*new, **{n: p for n, p in changed.items() if n not in read})
    if observations is None:
        return before, known
    if again := set(known.ids).intersection(observations.ids):
        raise InputError(f"{priors.name} has already learned from {min(again)!r}; leave the row out")
    return before, joined_rows(known, observations)


def joined_rows(known: Observations, new: Observations) -> Observations:
    """Return what is known with new rows; the likelihood is that of what is known."""
    places, left_out = {**known.places, **new.places}, (*known.left_out, *new.left_out)
    priors = {**new.priors, **known.priors}
    return replace(known, rows=(*known.rows, *new.rows), priors=priors, places=places, left_out=left_out)


def _check_keys(columns: object, constants: object) -> None:
    """Refuse what is no mapping of keys of an observation, and truth values and texts where a number belongs."""
    for what, given, kind in (("columns", columns, str), ("constants", constants, object)):
        if given is not None and not (isinstance(given, Mapping) and all(isinstance(v, kind) for v in given.values())):
            raise InputError(f"{what} is {shown(given)}; give a mapping of keys of an observation, as {_MAPPED[what]}")
    for key, value in constants.items() if isinstance(constants, Mapping) else ():
        if key in ("value", "sd_log10", "part") and isinstance(value, bool | str):
            raise InputError(f"constants: {key} = {value!r}: a number is needed, without quotation marks")


def _tables(path: Path, content: _File) -> _Entries:
    """Yield the rows of a TOML file."""
    lines = [number for number, line in enumerate(read_text(path).splitlines(), 1) if _ROW.match(line)]
    # An array written in one piece has no line for each row.
    numbered = len(lines) == len(content.observation)
    for number, entry in enumerate(content.observation):
        yield (f"{path}:{lines[number]}" if numbered else f"{path}: observation number {number + 1}"), entry, True


def _cells(path: Path, columns: Mapping[str, str] | None) -> _Entries:
    """Yield the rows of a CSV file, their cells that are not empty."""
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), restkey=_BEYOND)
    try:
        _check_header(path, list(reader.fieldnames or []), columns)
        for cells in reader:
            filled = {key: cell for key, cell in cells.items() if cell and any(cell)}
            if filled and columns is not None:
                wanted = {_BEYOND: _BEYOND, **columns}
                filled = {key: filled[column] for key, column in wanted.items() if column in filled}
                filled.setdefault("id", f"{path.stem}_{reader.line_num}")
            if filled:
                yield f"{path}:{reader.line_num}", filled, False
    except csv.Error as error:
        raise InputError(f"{path} cannot be read as CSV: {error}") from None


def _check_header(path: Path, header: list[str], columns: Mapping[str, str] | None) -> None:
    """Refuse a column that is there twice, or one that is asked for and is not there."""
    if len(header) == 1 and (separator := next((mark for mark in ";\t|" if mark in header[0]), "")):
        raise InputError(f"{path}:1: columns are separated by {separator!r}; save the table with commas between them")
    if twice := [column for column in header if column and header.count(column) > 1]:
        raise InputError(f"{path}:1: the column {shown(twice[0])} is there twice; give each its own name")
    for key, column in (columns or {}).items():
        if key not in Observation.model_fields:
            raise InputError(f"columns names {key!r}, which no observation has{nearest(key, Observation.model_fields)}")
        if column not in header:
            raise InputError(f"{path}:1: there is no column {column!r}{nearest(column, header)}; name one of the file")


def _priors(path: Path, entries: Mapping[str, dict[str, Any]]) -> dict[str, Family]:
    """Return the priors of the likelihood's own parameters."""
    made: dict[str, Family] = {}
    known = (*ERROR_UNITS, f"{DISCREPANCY}_NAME", f"{TIME}_NAME")
    for key, entry in entries.items():
        where = f"{path}: inputs.{shown(key)[1:-1]}"
        base = next((base for base in (DISCREPANCY, TIME) if key.startswith(f"{base}_")), key)
        if base not in ERROR_UNITS:
            raise InputError(f"{where} is not in the likelihood{nearest(key, known)}; allowed are {', '.join(known)}")
        if absent := [needed for needed in ("unit", "source", "as_of") if not isinstance(entry.get(needed), str)]:
            raise InputError(f'{where}.{absent[0]} is missing; add {absent[0]} = "..."')
        with located(where):
            made[key] = distribution_from_entry(entry).in_unit(ERROR_UNITS[base])
        if made[key].support[0] < 0:
            raise InputError(f"{where} can be negative; choose a family on positive numbers, as lognormal")
    return made
