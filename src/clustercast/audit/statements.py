"""What the texts state, the formulas that recompute it and the facts it is compared with, read from a file."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, Field

from clustercast.arrays import FloatArray
from clustercast.audit.formulas import Numbers, Series, code_of, term_of
from clustercast.engine.units import factor
from clustercast.errors import InputError, located, typed
from clustercast.files.dates import DateText
from clustercast.files.toml import Number, Text, load_toml, validated
from clustercast.priors import shipped
from clustercast.priors.prior_set import Priors
from clustercast.uncertainty.stated import StatedTables


class Fact(BaseModel, extra="forbid", frozen=True):
    """A number about the world that is no input of the model: a value, a range, or a series by name."""

    value: Number | None = None
    low: Number | None = None
    high: Number | None = None
    series: dict[str, Number] | None = None
    unit: Text
    source: Text
    as_of: DateText
    note: str = ""


class Part(BaseModel, extra="forbid", frozen=True):
    """One number of a derivation."""

    # Neither low nor high: the text states nothing. `digits`: significant digits of a number that the text rounded.
    # `against`: whether it follows from the text's inputs or is an outside fact. A `variant` is another reading, which
    # does not count in the verdict of the derivation.
    name: Text
    formula: Text
    unit: Text
    label: str = ""
    low: Number | None = None
    high: Number | None = None
    digits: Annotated[int, Field(ge=1)] | None = None
    against: Literal["arithmetic", "fact"] = "arithmetic"
    variant: bool = False
    date: bool = False
    share: bool = False


class Derivation(BaseModel, extra="forbid", frozen=True):
    """One derivation of a text."""

    id: Text
    text: Text
    source: Text
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]


class Rule(BaseModel, extra="forbid", frozen=True):
    """How far a number may be off and still follow loosely: a factor, and for dates a time in years."""

    loose_factor: Annotated[Number, Field(ge=1)]
    loose_time: Annotated[Number, Field(ge=0)]


class _About(BaseModel, extra="forbid", frozen=True):
    title: Text
    as_of: DateText


class AuditFile(BaseModel, extra="forbid", frozen=True):
    """Derivations, the facts and terms that their formulas name, and the rule for verdicts."""

    about: _About
    rule: Rule
    facts: dict[str, Fact] = {}
    terms: dict[str, Text] = {}
    derivation: Annotated[tuple[Derivation, ...], Field(min_length=1)]


@typed
def read_audit(path: str | Path | None = None) -> AuditFile:
    """Read what the texts state, the formulas that recompute it and the facts it is compared with.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file as ``priors/texts/audit.toml``; that one when left out.

    Returns
    -------
    AuditFile

    Raises
    ------
    InputError
        Naming file, key and value.

    Examples
    --------
    >>> next(derivation.text for derivation in read_audit().derivation if derivation.id == "A13")
    'GPT-4 cluster: 10 MW'
    """
    path = shipped.directory() / "texts" / "audit.toml" if path is None else Path(path)
    file = validated(load_toml(path), AuditFile, path)
    for name, fact in file.facts.items():
        if sum((fact.value is not None, fact.low is not None and fact.high is not None, bool(fact.series))) != 1:
            raise InputError(f"{path}: facts.{name} needs one of value, low and high, or series")
        factor(fact.unit)
    for term, formula in file.terms.items():
        with located(f"{path}: terms.{term}"):
            term_of(term)
            code_of(formula)
    for derivation in file.derivation:
        for part in derivation.parts:
            factor(part.unit)
            with located(f"{path}: derivation {derivation.id}, part {part.name}"):
                code_of(part.formula)
                if part.low is None or part.high is None:
                    if part.low is not part.high:
                        raise InputError("give low and high, the same twice for a number, or neither")
                elif part.low > part.high:
                    raise InputError(f"low = {part.low:g} is above high = {part.high:g}; exchange them")
    ids = [derivation.id for derivation in file.derivation]
    if twice := [name for name in ids if ids.count(name) > 1]:
        raise InputError(f"{path}: derivation {twice[0]!r} is there twice; give each its own id")
    return file


def numbers_of(file: AuditFile, priors: Priors, tables: StatedTables) -> Numbers:
    """Return what the formulas of a file name: its facts and terms, stated cells, and inputs at their medians."""
    # The audit is arithmetic by hand on these numbers, so that its verdicts depend on no model and on no prior set but
    # the essay's own.

    def ends(name: str) -> FloatArray:
        prior, support = priors[name], np.array(priors[name].support)
        return (support if np.isfinite(support).all() else prior.quantile([0.05, 0.95])) * factor(prior.unit)

    facts: dict[str, Any] = {}
    for name, fact in file.facts.items():
        series = {key: np.array([value]) * factor(fact.unit) for key, value in (fact.series or {}).items()}
        stated = [fact.low, fact.high] if fact.value is None else [fact.value]
        facts[name] = Series(series) if series else np.array(stated) * factor(fact.unit)
    cells: dict[str, Series] = {}
    for cell in tables.cell:
        stated = [cell.low] if cell.low == cell.high else [cell.low, cell.high]
        cells.setdefault(cell.quantity, Series())[cell.year] = np.array(stated) * factor(cell.unit)
    medians = {name: np.array([prior.median]) * factor(prior.unit) for name, prior in priors.items()}
    return Numbers({"function": {"ends": ends}, "stated table": cells, "input": medians, "fact": facts}, file.terms)
