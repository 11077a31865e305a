"""Evaluate the model at the medians of the priors, with some inputs or quantities replaced."""

import numpy as np
from numpy.typing import NDArray

from clustercast.audit.statements import AuditFile
from clustercast.engine.model import YEAR, Model
from clustercast.engine.units import factor
from clustercast.errors import InputError, nearest
from clustercast.priors.prior_set import Priors
from clustercast.propagation import YEARS
from clustercast.uncertainty.stated import StatedTables

FloatArray = NDArray[np.float64]
Given = FloatArray | float

_PER_YEAR = 12
_OUTER = np.array([0.05, 0.95])


class Recomputation:
    """The model at the medians of a prior set, beside the stated tables and the facts.

    Parameters
    ----------
    model : Model
    priors : Priors
    tables : StatedTables
    file : AuditFile
    """

    def __init__(self, model: Model, priors: Priors, tables: StatedTables, file: AuditFile) -> None:
        self._model = model
        self._priors = priors
        self._tables = tables
        self._file = file
        self._cut: dict[frozenset[str], Model] = {}

    def __call__(self, output: str, year: Given | None = None, **given: Given) -> FloatArray:
        """Compute a quantity in coherent units.

        Parameters
        ----------
        output : str
        year : float or array (1,), optional
        **given : float or array (ends,)
            Inputs, and quantities that are then not computed. The ends of a range
            are carried on the sample axis.

        Returns
        -------
        array (ends,)

        Raises
        ------
        InputError
            If something given is neither an input nor a quantity that the output needs.
        """
        if year is not None:
            year = np.reshape(np.asarray(year, dtype=np.float64), (1, 1))
        return np.ravel(self._evaluate(output, year, given))

    def crossing(self, output: str, level: FloatArray, **given: Given) -> FloatArray:
        """Return the date at which a path that grows exponentially reaches a level, for each end, shape (ends,)."""
        first, last = YEARS[0], YEARS[-1]
        years = np.linspace(first, last, _PER_YEAR * (last - first) + 1)
        path = np.log(self._evaluate(output, years[:, np.newaxis], given))
        columns = [np.interp(np.log(level[0]), path[:, i], years) for i in range(path.shape[1])]
        return np.array(columns)

    def _evaluate(self, output: str, year: FloatArray | None, given: dict[str, Given]) -> FloatArray:
        model = self._without(frozenset(given) & frozenset(self._model.functions))
        needed = model.inputs([output])
        for name in given:
            if name not in needed:
                raise InputError(f"{output!r} does not depend on {name!r}{nearest(name, needed)}; leave it out")
        values = {name: self._value(name, given) for name in needed}
        if year is not None:
            values[YEAR] = year
        return model.evaluate(values, [output])[output]

    def _without(self, names: frozenset[str]) -> Model:
        """Return the model without some quantities, which are inputs then."""
        if names not in self._cut:
            self._cut[names] = Model([f for name, f in self._model.functions.items() if name not in names])
        return self._cut[names]

    def _value(self, name: str, given: dict[str, Given]) -> FloatArray:
        return np.atleast_1d(np.asarray(given[name], dtype=np.float64)) if name in given else self.median(name)

    def median(self, name: str) -> FloatArray:
        """Return the median of an input, shape (1,), coherent."""
        return np.array([self._priors[name].median * factor(self._priors[name].unit)])

    def ends(self, name: str) -> FloatArray:
        """Return the ends of an input's support, or its 5 and 95 % points if it has none, shape (2,), coherent."""
        prior = self._priors[name]
        ends = np.array(prior.support)
        if not np.isfinite(ends).all():
            ends = prior.quantile(_OUTER)
        return ends * factor(prior.unit)

    def fact(self, name: str, key: str | None = None) -> FloatArray:
        """Return a fact, shape (1,) or (2,), coherent; `key` chooses from a series."""
        fact = self._file.fact(name)
        if key is None:
            return fact.ends()
        known = fact.series or {}
        if key not in known:
            raise InputError(f"fact {name!r} has no {key!r}{nearest(key, known)}; add it to its series")
        return np.array([known[key] * factor(fact.unit)])

    def series(self, name: str) -> tuple[str, ...]:
        """Return the keys of a series, in order."""
        return tuple(self._file.fact(name).series or {})

    def cell(self, quantity: str, year: float) -> FloatArray:
        """Return what a stated table says, shape (1,) for a number and (2,) for a range, coherent."""
        for cell in self._tables.cell:
            if cell.quantity == quantity and cell.year == year:
                numbers = [cell.low] if cell.low == cell.high else [cell.low, cell.high]
                return np.array(numbers) * factor(cell.unit)
        raise InputError(f"the stated tables have no cell {quantity!r} for {year:g}; add it")

    def columns(self, quantity: str) -> tuple[float, ...]:
        """Return the years for which a stated table has a quantity."""
        return tuple(cell.year for cell in self._tables.cell if cell.quantity == quantity)
