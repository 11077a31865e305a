"""What the texts state and the facts it is compared with, read from a file."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, Field

from clustercast.arrays import FloatArray
from clustercast.engine.units import factor
from clustercast.errors import InputError, nearest, typed
from clustercast.files.dates import DateText
from clustercast.files.toml import Number, Text, load_toml, validated
from clustercast.priors import shipped


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

    def ends(self) -> FloatArray:
        """Return the number, shape (1,), or the ends of the range, shape (2,), in coherent units."""
        numbers = [self.value] if self.value is not None else [self.low, self.high]
        return np.array(numbers) * factor(self.unit)


class Part(BaseModel, extra="forbid", frozen=True):
    """One number of a derivation."""

    # Neither low nor high: the text states nothing. `digits`: significant digits of a number that the text rounded.
    # `against`: whether it follows from the text's inputs or is an outside fact. A `variant` is another reading, which
    # does not count in the verdict of the derivation.

    name: Text
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
    """Derivations, the facts they need and the rule for verdicts."""

    about: _About
    rule: Rule
    facts: dict[str, Fact]
    derivation: Annotated[tuple[Derivation, ...], Field(min_length=1)]

    def fact(self, name: str) -> Fact:
        """Return a fact by its name; an unknown one is refused."""
        if name not in self.facts:
            raise InputError(f"the audit needs the fact {name!r}{nearest(name, self.facts)}; add [facts.{name}]")
        return self.facts[name]


@typed
def read_audit(path: str | Path | None = None) -> AuditFile:
    """Read what the texts state and the facts it is compared with.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file; the shipped audit when left out.

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
        given = (fact.value is not None, fact.low is not None and fact.high is not None, fact.series is not None)
        if sum(given) != 1:
            raise InputError(f"{path}: facts.{name} needs one of value, low and high, or series")
        factor(fact.unit)
    for derivation in file.derivation:
        for part in derivation.parts:
            where = f"{path}: derivation {derivation.id}, part {part.name}"
            factor(part.unit)
            if part.low is None or part.high is None:
                if part.low is not part.high:
                    raise InputError(f"{where}: give low and high, the same twice for a number, or neither")
            elif part.low > part.high:
                raise InputError(f"{where}: low = {part.low:g} is above high = {part.high:g}; exchange them")
    for name, count in Counter(derivation.id for derivation in file.derivation).items():
        if count > 1:
            raise InputError(f"{path}: derivation {name!r} is there twice; give each its own id")
    return file
