"""The essay's inputs, facts and straight lines, from which each derivation is recomputed."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from clustercast.arrays import FloatArray as FloatArray
from clustercast.audit.statements import AuditFile
from clustercast.engine.units import factor
from clustercast.errors import InputError, nearest
from clustercast.priors.prior_set import Priors
from clustercast.uncertainty.stated import StatedTables

Numbers = dict[str, FloatArray]
Number = FloatArray | float
Derivations = Mapping[str, Callable[["Essay"], Numbers]]
_OUTER = np.array([0.05, 0.95])


class Essay:
    """What the essay states, in coherent units: shape (1,) for a number, (2,) for the ends of a range."""

    # The audit is arithmetic by hand on these numbers, so that its verdicts depend on no model and on no prior set but
    # the essay's own.

    def __init__(self, priors: Priors, tables: StatedTables, file: AuditFile) -> None:
        self._priors = priors
        self._tables = tables
        self._file = file

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
        fact = self._file.fact(name)
        if key is None:
            return fact.ends()
        known = self.series(name)
        if key not in known:
            raise InputError(f"fact {name!r} has no {key!r}{nearest(key, known)}; add it to its series")
        return np.array([known[key] * factor(fact.unit)])

    def facts(self, names: Iterable[str]) -> FloatArray:
        """Return several facts, one after another."""
        return np.concatenate([self.fact(name) for name in names])

    def series(self, name: str) -> dict[str, float]:
        """Return a series by its keys, in the unit of the fact; a fact that is none has no keys."""
        return self._file.fact(name).series or {}

    def cell(self, quantity: str, year: float) -> FloatArray:
        """Return what a stated table says of a quantity in a year."""
        for cell in self._tables.cell:
            if cell.quantity == quantity and cell.year == year:
                numbers = [cell.low] if cell.low == cell.high else [cell.low, cell.high]
                return np.array(numbers) * factor(cell.unit)
        raise InputError(f"the stated tables have no cell {quantity!r} for {year:g}; add it")

    def columns(self, quantity: str) -> tuple[float, ...]:
        """Return the years for which a stated table has a quantity."""
        return tuple(cell.year for cell in self._tables.cell if cell.quantity == quantity)

    def size(self, year: Number) -> FloatArray:
        """Return the size of the largest cluster, H100e: a straight line in orders of magnitude."""
        grown = np.power(10.0, self["cluster_growth_rate"] * (year - self["cluster_start_year"]))
        return self["initial_cluster_chips"] / self["chip_performance_ratio"] * grown

    def price(self, year: Number, base: FloatArray, growth: FloatArray) -> FloatArray:
        """Return what an accelerator costs with all around it, USD/H100e; no cheaper until the base year."""
        quoted = self["accelerator_price"] / self["accelerator_cost_share"]
        return quoted / (1 + growth) ** np.maximum(year - base, 0)

    def cost(self, year: Number, base: str, growth: FloatArray) -> FloatArray:
        """Return the cost of the largest cluster, with prices of the year that a fact names."""
        return self.size(year) * self.price(year, self.fact(base), growth)

    def power_per_accelerator(self) -> FloatArray:
        """Return the power of an accelerator at the meter, W/H100e, without gains."""
        return self["chip_power"] * self["server_overhead"] * self["power_usage_effectiveness"]

    def power(self, year: Number) -> FloatArray:
        """Return the power of the largest cluster, W."""
        return self.size(year) * self.power_per_accelerator()

    def electricity(self, year: Number) -> FloatArray:
        """Return the production of electricity in the United States, W."""
        grown = (1 + self["us_electricity_growth"]) ** (year - self["us_electricity_base_year"])
        return self["us_electricity_2024"] * grown

    def investment(self, year: Number, start: FloatArray | None = None) -> FloatArray:
        """Return the world's AI investment, USD/year: doubling from the middle of the first cell of its table."""
        first = self.columns("ai_investment")[0]
        start = self.cell("ai_investment", first).mean(keepdims=True) if start is None else start
        return start * self["investment_growth_factor"] ** (year - first)
