"""Prior files: TOML read with closed keys, and the JSON Schema that editors check them by."""

import dataclasses
import functools
import keyword
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, create_model

from clustercast.engine.units import factor
from clustercast.errors import InputError, nearest
from clustercast.files.toml import load_toml, validated
from clustercast.priors.families import FAMILIES, Family, distribution_from_entry
from clustercast.priors.prior_set import RESERVED, Correlation, Priors
from clustercast.priors.shipped import directory

_CLOSED = ConfigDict(extra="forbid", frozen=True)
_TAKEN = ("name", "origin", *RESERVED)
_TOLD = ("unit", "bounds", "source", "as_of", "note")

Date = Annotated[
    str,
    Field(
        pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$",
        description="year, year-month or year-month-day",
    ),
]
Text = Annotated[str, Field(min_length=1), StringConstraints(strip_whitespace=True)]


class About(BaseModel):
    """The table ``[set]``: what a prior set is."""

    model_config = _CLOSED
    name: Text
    title: Text
    as_of: Date
    description: str = ""


class ScenarioAbout(BaseModel):
    """The table ``[scenario]``: what an overlay changes and why."""

    model_config = _CLOSED
    title: Text
    why: Text
    as_of: Date
    source: Text


class CorrelationEntry(BaseModel):
    """One ``[[correlations]]``: Spearman's rank correlation between two inputs."""

    model_config = _CLOSED
    between: tuple[Text, Text]
    rank: float
    source: Text
    as_of: Date
    note: str = ""


class Entry(BaseModel):
    """What every ``[inputs.NAME]`` says beside its family."""

    model_config = _CLOSED
    unit: Text
    source: Text
    as_of: Date
    note: str = ""
    bounds: tuple[float, float] | None = None


def _entry_model(family: str, distribution: type[Family]) -> type[Entry]:
    """Return the closed file entry of one family: its parameters, or quantiles."""
    own = [f for f in dataclasses.fields(distribution) if f.name not in (*_TOLD, "family")]
    parameters: dict[str, Any] = {"family": (Literal[family], ...)}
    parameters |= {f.name: (_numbers(f.name), None) for f in own}
    if family != "fixed":
        described = Field(default=None, description='probability = value, as { "0.05" = 1.0, "0.95" = 10.0 }')
        parameters["quantiles"] = (dict[str, float] | None, described)
    return create_model(
        f"{distribution.__name__}Entry",
        __base__=Entry,
        __doc__=f"An input of family {family!r}.",
        **parameters,
    )


def _numbers(name: str) -> object:
    """Return the type of a parameter: a row of numbers where its name is a plural."""
    return list[float] | None if name in ("values", "weights", "coefficients") else float | None


@functools.cache
def _entries() -> Any:
    """Return the tagged union of all entries."""
    models = [_entry_model(family, distribution) for family, distribution in FAMILIES.items()]
    union: Any = models[0]
    for model in models[1:]:
        union = union | model
    tagged: Any = Annotated
    return tagged[union, Field(discriminator="family")]


@functools.cache
def _file_models() -> tuple[type[BaseModel], type[BaseModel]]:
    """Return the models of a prior file and of a scenario file."""
    mapping: Any = dict
    inputs: Any = (mapping[str, _entries()], ...)
    prior_file = create_model(
        "PriorFile",
        __config__=_CLOSED,
        __doc__="A prior set of clustercast.",
        set=(About, ...),
        inputs=inputs,
        correlations=(list[CorrelationEntry], []),
    )
    scenario_file = create_model(
        "ScenarioFile",
        __config__=_CLOSED,
        __doc__="A scenario overlay of clustercast: inputs that replace those of a prior set.",
        scenario=(ScenarioAbout, ...),
        inputs=inputs,
    )
    return prior_file, scenario_file


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of prior and scenario files.

    Returns
    -------
    dict
        For editors: it completes the keys of each family and marks unknown ones.

    Examples
    --------
    >>> sorted(json_schema())[:2]
    ['$defs', '$schema']
    """
    prior_file, scenario_file = _file_models()
    either: Any = prior_file | scenario_file
    schema = TypeAdapter(either).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "clustercast prior file", **schema}


def read_priors(
    name: str | Path, *, scenario: str | Path | None = None, set: Mapping[str, object] | None = None
) -> Priors:
    """Read a prior set, shipped or one's own.

    Parameters
    ----------
    name : str or Path
        Name of a shipped set, as ``"situational_awareness"``, or the path of a TOML file.
    scenario : str or Path, optional
        Name of a shipped scenario, or the path of an overlay; it replaces some inputs.
    set : mapping of str to float, str or distribution, optional
        Inputs to replace after that; a number or ``"100 GW"`` makes a constant.

    Returns
    -------
    Priors

    Raises
    ------
    InputError
        If the file is missing or something in it cannot be used; the message names
        file, key, value and remedy.
    """
    priors = read_prior_file(name)
    if scenario is not None:
        priors = read_scenario_file(scenario, priors)
    return priors.replace(**set) if set else priors


def read_prior_file(name: str | Path) -> Priors:
    """Read a prior set by its shipped name or its path.

    Raises
    ------
    InputError
        Naming file, key, value and remedy.
    """
    path = _find(name, directory() / "sets", "prior set")
    content = _read(path, _file_models()[0])
    distributions = _distributions(content.inputs, path)
    if not distributions:
        raise InputError(f"{path}: inputs is empty; add [inputs.NAME] with family, unit, source and as_of")
    correlations = [_correlation(entry, number, path) for number, entry in enumerate(content.correlations, 1)]
    return Priors(*correlations, name=content.set.name, origin=str(path), **distributions)


def read_scenario_file(name: str | Path, priors: Priors) -> Priors:
    """Lay a scenario, by its shipped name or its path, over a prior set.

    Raises
    ------
    InputError
        Naming file, key, value and remedy; an input that the set lacks is one.
    """
    path = _find(name, directory() / "scenarios", "scenario")
    content = _read(path, _file_models()[1])
    for key in content.inputs:
        if key not in priors:
            raise InputError(
                f"{path}: inputs.{key} is not an input of {priors.name!r}{nearest(key, priors)}; "
                "a scenario only changes inputs that exist"
            )
    try:
        changed = priors.replace(**_distributions(content.inputs, path))
    except InputError as error:
        raise InputError(error.args[0] if str(path) in str(error) else f"{path}: {error}") from None
    return Priors(
        *changed.correlations, name=f"{priors.name}+{path.stem}", origin=priors.origin, **dict(changed.items())
    )


def scenario_about(name: str | Path) -> ScenarioAbout:
    """Return the title of a scenario and why it is there."""
    path = _find(name, directory() / "scenarios", "scenario")
    about: ScenarioAbout = _read(path, _file_models()[1]).scenario
    return about


def shipped_names(folder: str = "sets") -> tuple[str, ...]:
    """Return the names of the shipped prior sets, or with ``"scenarios"`` of the scenarios."""
    paths = sorted((directory() / folder).glob("*.toml"))
    opening = "[scenario]" if folder == "scenarios" else "[set]"
    return tuple(path.stem for path in paths if opening in path.read_text(encoding="utf-8").splitlines())


def _find(name: str | Path, folder: Path, what: str) -> Path:
    """Return the path of a shipped name or of a file."""
    shipped = folder / f"{name}.toml"
    if isinstance(name, str) and "/" not in name and shipped.is_file():
        return shipped
    if not isinstance(name, str | Path):
        raise InputError(
            f"the {what} is a {type(name).__name__}; give the name of a shipped one, or the path of a TOML file"
        )
    path = Path(name)
    if path.is_file():
        return path
    known = shipped_names(folder.name)
    raise InputError(
        f"there is no {what} {str(name)!r}{nearest(str(name), known)}; "
        f"shipped are {', '.join(known)}, or give the path of a TOML file"
    )


def _read(path: Path, model: type[BaseModel]) -> Any:
    """Read a file and check its keys and types."""
    return validated(load_toml(path), model, path, tags=tuple(FAMILIES))


def _correlation(entry: CorrelationEntry, number: int, path: Path) -> Correlation:
    """Make a correlation; a fault is told with file and place."""
    try:
        return Correlation(**entry.model_dump())
    except InputError as error:
        raise InputError(f"{path}: correlations number {number}: {error}") from None


def _distributions(entries: Mapping[str, Any], path: Path) -> dict[str, Family]:
    """Make the distribution of each entry; a fault is told with file and key."""
    made = {}
    for name, entry in entries.items():
        if not name.isidentifier() or keyword.iskeyword(name):
            raise InputError(f"{path}: inputs.{name!r} is not a name; use letters, digits and underscores")
        if name in _TAKEN:
            raise InputError(f"{path}: inputs.{name}: an input cannot be called {name!r}, which has a meaning already")
        try:
            factor(entry.unit)
            made[name] = distribution_from_entry(entry.model_dump(exclude_none=True, exclude_defaults=True))
        except InputError as error:
            raise InputError(f"{path}: inputs.{name}: {error}") from None
    return made
