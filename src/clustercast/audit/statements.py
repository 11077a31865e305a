"""What the texts state and the facts it is compared with, read from a file; the essay's inputs and straight lines."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, Field

from clustercast.arrays import FloatArray as FloatArray
from clustercast.engine.units import factor
from clustercast.errors import InputError, nearest, typed
from clustercast.files.dates import DateText
from clustercast.files.toml import Number, Text, load_toml, validated
from clustercast.priors import shipped
from clustercast.priors.prior_set import Priors
from clustercast.uncertainty.stated import StatedTables

Numbers = dict[str, FloatArray]
# What gives one number of a derivation, by a name as "A5.cost", or several by their parts, by its id alone.
Formulas = Mapping[str, Callable[["Essay"], FloatArray | Numbers]]
_OUTER = np.array([0.05, 0.95])


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
    ids = [derivation.id for derivation in file.derivation]
    if twice := [name for name in ids if ids.count(name) > 1]:
        raise InputError(f"{path}: derivation {twice[0]!r} is there twice; give each its own id")
    return file


class Essay:
    """What the essay states, in coherent units: shape (1,) for a number, (2,) for the ends of a range."""

    # The audit is arithmetic by hand on these numbers, so that its verdicts depend on no model and on no prior set but
    # the essay's own.

    def __init__(self, priors: Priors, tables: StatedTables, file: AuditFile) -> None:
        self._priors = priors
        self._tables = tables
        self._facts = file.facts

    def __getitem__(self, name: str) -> FloatArray:
        """Return the median of an input."""
        return np.array([self._priors[name].median * factor(self._priors[name].unit)])

    def ends(self, name: str) -> FloatArray:
        """Return the ends of an input's support, or its 5 and 95 % points if it has none."""
        prior = self._priors[name]
        ends = np.array(prior.support)
        return (ends if np.isfinite(ends).all() else prior.quantile(_OUTER)) * factor(prior.unit)

    def fact(self, name: str, key: str | None = None) -> FloatArray:
        """Return a fact; `key` chooses from a series."""
        known, fact = self.series(name), self._facts[name]
        if key is not None and key not in known:
            raise InputError(f"fact {name!r} has no {key!r}{nearest(key, known)}; add it to its series")
        ends = [fact.low, fact.high] if fact.value is None else [fact.value]
        return np.array(ends if key is None else [known[key]]) * factor(fact.unit)

    def facts(self, names: Iterable[str]) -> FloatArray:
        """Return several facts, one after another."""
        return np.concatenate([self.fact(name) for name in names])

    def series(self, name: str) -> dict[str, float]:
        """Return a series by its keys, in the unit of the fact; a fact that is none has no keys."""
        if name not in self._facts:
            raise InputError(f"the audit needs the fact {name!r}{nearest(name, self._facts)}; add [facts.{name}]")
        return self._facts[name].series or {}

    def cell(self, quantity: str, year: float) -> FloatArray:
        """Return what a stated table says of a quantity in a year."""
        for cell in self._tables.cell:
            if cell.quantity == quantity and cell.year == year:
                return np.array([cell.low] if cell.low == cell.high else [cell.low, cell.high]) * factor(cell.unit)
        raise InputError(f"the stated tables have no cell {quantity!r} for {year:g}; add it")

    def columns(self, quantity: str) -> tuple[float, ...]:
        """Return the years for which a stated table has a quantity."""
        return tuple(cell.year for cell in self._tables.cell if cell.quantity == quantity)

    def size(self, year: FloatArray | float) -> FloatArray:
        """Return the size of the largest cluster, H100e: a straight line in orders of magnitude."""
        grown = np.power(10.0, self["cluster_growth_rate"] * (year - self["cluster_start_year"]))
        return self["initial_cluster_chips"] / self["chip_performance_ratio"] * grown

    def price(self, year: FloatArray | float, base: FloatArray, growth: FloatArray) -> FloatArray:
        """Return what an accelerator costs with all around it, USD/H100e; no cheaper until the base year."""
        quoted = self["accelerator_price"] / self["accelerator_cost_share"]
        return quoted / (1 + growth) ** np.maximum(year - base, 0)

    def cost(self, year: FloatArray | float, base: str, growth: FloatArray) -> FloatArray:
        """Return the cost of the largest cluster, with prices of the year that a fact names."""
        return self.size(year) * self.price(year, self.fact(base), growth)

    def power_per_accelerator(self) -> FloatArray:
        """Return the power of an accelerator at the meter, W/H100e, without gains."""
        return self["chip_power"] * self["server_overhead"] * self["power_usage_effectiveness"]

    def power(self, year: FloatArray | float) -> FloatArray:
        """Return the power of the largest cluster, W."""
        return self.size(year) * self.power_per_accelerator()

    def energy(self, year: FloatArray | float) -> FloatArray:
        """Return what the largest cluster uses, W."""
        return self.power(year) * self["load_factor"]

    def electricity(self, year: FloatArray | float) -> FloatArray:
        """Return the production of electricity in the United States, W."""
        grown = (1 + self["us_electricity_growth"]) ** (year - self["us_electricity_base_year"])
        return self["us_electricity_2024"] * grown

    def investment(self, year: FloatArray | float, start: FloatArray | None = None) -> FloatArray:
        """Return the world's AI investment, USD/year: doubling from the middle of the first cell of its table."""
        first = self.columns("ai_investment")[0]
        start = self.cell("ai_investment", first).mean(keepdims=True) if start is None else start
        return start * self["investment_growth_factor"] ** (year - first)
