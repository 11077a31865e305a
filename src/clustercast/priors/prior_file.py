"""Prior files: TOML with closed keys, and the JSON Schema that editors check them by."""

import dataclasses
import functools
import keyword
import operator
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from clustercast.engine.model import change_name
from clustercast.engine.units import factor
from clustercast.errors import InputError, located, nearest, shown, typed
from clustercast.files.dates import DateText, StartYear
from clustercast.files.toml import Number, Prose, Text, Truth, parsed, validated
from clustercast.files.whole import read_text
from clustercast.priors.correlation import Correlation
from clustercast.priors.declarations import check_declared, declared_inputs, heir
from clustercast.priors.families import FAMILIES, Family, Mixture, Moved, Truncated, distribution_from_entry
from clustercast.priors.prior_set import RESERVED, About, Earlier, Priors
from clustercast.priors.shipped import path_of

_CLOSED = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class _Sourced(BaseModel, extra="forbid", frozen=True):
    """What every entry of a file states about its numbers."""

    source: Text
    as_of: DateText
    note: Prose = ""
    judgement: Truth = Field(default=False, description="whether the numbers are a judgement")


class ScenarioAbout(BaseModel, extra="forbid", frozen=True):
    """The table ``[scenario]``: what an overlay changes and why."""

    title: Text
    why: Text
    as_of: DateText
    source: Text


class CorrelationEntry(_Sourced, frozen=True):
    """One ``[[correlations]]``: Spearman's rank correlation between two inputs."""

    between: tuple[Text, Text]
    rank: Number


class Entry(_Sourced, frozen=True):
    """The keys of every ``[inputs.NAME]`` beside those of its family."""

    unit: Text | None = Field(default=None, description="needed where priors/inputs.toml does not declare the input")
    bounds: tuple[Number, Number] | None = None
    from_year: StartYear | None = Field(
        default=None, alias="from", description="in a scenario: the date from which the new numbers hold"
    )


class Part(BaseModel, extra="forbid", frozen=True):
    """A distribution inside another: a component of a mixture, or what is truncated."""

    bounds: tuple[Number, Number] | None = None


def _entry_models(base: type[BaseModel], families: Sequence[str]) -> Any:
    """Return the union, by family, of the closed entries of inputs or of parts: their parameters, or quantiles."""
    models = []
    simple = [family for family in families if FAMILIES[family] not in (Mixture, Truncated, Moved)]
    part: Any = _entry_models(Part, simple) if len(simple) < len(families) else None
    kinds: dict[Any, Any] = {float: Number, tuple[float, ...]: list[Number]}
    kinds |= {Family: part, tuple[Family, ...]: list[part]}
    for family in families:
        distribution, parameters = FAMILIES[family], dict[str, Any](family=(Literal[family], ...))
        parameters |= {f.name: (kinds[f.type] | None, None) for f in dataclasses.fields(distribution) if not f.kw_only}
        if distribution.counts:
            described = Field(default=None, description='probability = value, as { "0.05" = 1.0, "0.95" = 10.0 }')
            parameters["quantiles"] = (dict[str, Number] | None, described)
        name, about = f"{distribution.__name__}{base.__name__}", f"A distribution of family {family!r}."
        models.append(create_model(name, __base__=base, __doc__=about, **parameters))
    annotated: Any = Annotated
    return annotated[functools.reduce(operator.or_, models), Field(discriminator="family")]


@functools.cache
def _file_models(families: tuple[str, ...] = tuple(FAMILIES)) -> tuple[type[BaseModel], type[BaseModel]]:
    """Return the models of a prior file and of a scenario file of some families, two or more."""
    inputs: Any = {"inputs": (dict[str, _entry_models(Entry, families)], ...)}  # type: ignore[misc]
    tables: Any = {**inputs, "correlations": (list[CorrelationEntry], [])}
    about = "What a set was before it learned: its name, and what has changed since."
    before = create_model("Before", __config__=_CLOSED, __doc__=about, name=(Text, ...), **tables)
    learned = Field(default=None, description="the observations that the set has learned from, as their file has them")
    tables |= {"set": (About, ...), "before": (before | None, None), "learned": (dict[str, Any] | None, learned)}
    prior_file = create_model("PriorFile", __config__=_CLOSED, __doc__="A prior set of clustercast.", **tables)
    about = "A scenario overlay of clustercast: inputs that replace those of a prior set."
    tables = {"scenario": (ScenarioAbout, ...), **inputs}
    return prior_file, create_model("ScenarioFile", __config__=_CLOSED, __doc__=about, **tables)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of prior and scenario files, for editors."""
    schema = TypeAdapter[Any](operator.or_(*_file_models())).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "clustercast prior file", **schema}


@typed
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
        Each input in the unit that ``priors/inputs.toml`` declares for it, else in its own.

    Raises
    ------
    InputError
        If the file is missing or something in it cannot be used; the message names file, key, value and remedy.

    Examples
    --------
    >>> cc.read_priors("situational_awareness", set={"load_factor": "80 %"})["load_factor"].median
    0.8
    """
    path = path_of(name, "sets")
    priors = _prior_set(path, read_text(path))
    # What was kept is nobody's to change.
    priors = priors.carrying(declared=dict(priors.declared), groups=dict(priors.groups))
    if scenario is not None:
        priors = read_scenario_file(scenario, priors)
    return priors.replace(**set) if set else priors


@functools.lru_cache(maxsize=16)
def _prior_set(path: Path, text: str) -> Priors:
    """Return the prior set that the text of a file holds, made once: an analysis reads it for each scenario."""
    content = _validated(text, path, "sets")
    if not content.inputs:
        raise InputError(f"{path}: inputs is empty; add [inputs.NAME] with family, source and as_of")
    if later := [name for name, entry in content.inputs.items() if entry.from_year is not None]:
        raise InputError(f"{path}: inputs.{later[0]}.from belongs to a scenario, which changes an input of a set")
    priors = _priors(content.set.name, content.inputs, content.correlations, path).carrying(about=content.set)
    if content.before is None:
        return priors
    changed = {**content.inputs, **content.before.inputs}
    before = _priors(content.before.name, changed, content.before.correlations, path).carrying(about=content.set)
    return priors.carrying(earlier=Earlier(before, priors, content.learned or {}))


def _priors(name: str, inputs: Mapping[str, Any], entries: Iterable[Any], path: Path) -> Priors:
    """Return the prior set that entries of a file make."""
    distributions, correlations = _distributions(inputs, path), []
    for number, entry in enumerate(entries, 1):
        with located(f"{path}: correlations number {number}"):
            correlations.append(Correlation(**entry.model_dump()))
    given = Priors(*correlations, name=name, origin=str(path), **distributions)
    known = declared_inputs()
    return given.carrying(declared={name: known[name] for name in given if name in known})


def read_scenario_file(name: str | Path, priors: Priors) -> Priors:
    """Return a prior set under a scenario, given by its shipped name or its path."""
    path = path_of(name, "scenarios")
    content = _validated(read_text(path), path, "scenarios")
    if key := next((key for key in content.inputs if key not in priors), ""):
        what = f"{path}: inputs.{key} is not an input of {priors.name!r}{heir(key) or nearest(key, priors)}"
        raise InputError(f"{what}; a scenario only changes inputs that exist")
    changes = _distributions(content.inputs, path)
    later = {change_name(k, e.from_year): changes.pop(k) for k, e in content.inputs.items() if e.from_year is not None}
    with located(str(path)):
        return priors.replace(**changes).extended(later).carrying(name=f"{priors.name}+{path.stem}")


def scenario_about(name: str | Path) -> ScenarioAbout:
    """Return the title of a scenario and why it is there."""
    path = path_of(name, "scenarios")
    about: ScenarioAbout = _validated(read_text(path), path, "scenarios").scenario
    return about


def _validated(text: str, path: Path, folder: str) -> Any:
    """Return the content of a prior or a scenario file, its keys and types checked."""
    content, place = parsed(text, path), folder == "scenarios"
    # A model of every family takes longer to make than a file to read: of those that it names, and of two others.
    named = tuple(name for name in FAMILIES if name in ("fixed", "normal") or f'"{name}"' in text)
    with suppress(InputError):
        return validated(content, _file_models(named)[place], path)
    return validated(content, _file_models()[place], path, tags=tuple(FAMILIES))


def _distributions(entries: Mapping[str, Any], path: Path) -> dict[str, Family]:
    """Return the distribution of each entry in the unit of its input, inside its bounds."""
    result, known = {}, declared_inputs()
    for name, entry in entries.items():
        with located(f"{path}: inputs.{shown(name)[1:-1]}"):
            if not name.isidentifier() or keyword.iskeyword(name):
                raise InputError("this is not a name; use letters, digits and underscores")
            if name in ("name", "origin", *RESERVED):
                raise InputError(f"an input cannot be called {name!r}, which has a meaning already")
            declaration = known.get(name)
            if declaration is None and (gone := heir(name)):
                raise InputError(gone.removeprefix("; "))
            unit = entry.unit or (declaration.unit if declaration else "")
            if not unit:
                raise InputError('unit is missing; add unit = "...": priors/inputs.toml does not declare this input')
            factor(unit)
            given = entry.model_dump(exclude_none=True, exclude_defaults=True, exclude={"from_year"})
            result[name] = distribution_from_entry({**given, "unit": unit})
            if declaration is not None:
                result[name] = result[name].in_unit(declaration.unit)
                check_declared(name, result[name], declaration)
    return result
