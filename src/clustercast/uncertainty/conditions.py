"""One grammar for conditions: ``training_cluster_power > 5 GW by 2028``, evaluated on a forecast sample by sample."""

import json
import math
import re
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from clustercast.arrays import BoolArray, FloatArray
from clustercast.arrays.summaries import share_with_error
from clustercast.dataset import Weights, design_of, in_words
from clustercast.engine.units import factor, parse_quantity, same_dimension
from clustercast.errors import InputError, check_kinds, nearest, shown, typed
from clustercast.files.dates import date_words, end_of, start_of
from clustercast.uncertainty.milestones import level_of, not_nan, place_of, variable_of
from clustercast.uncertainty.summaries import check_forecast, independent

Form = Literal[">", ">=", "<", "<=", "=", "!=", "fall", "rise", "change"]
_NAME, _VALUE = r"(?P<name>[A-Za-z_]\w*)", r"(?P<value>.+?)"
_COMPARED = re.compile(rf"{_NAME}\s*(?P<sign>>=|<=|==|!=|>|<|=)\s*{_VALUE}(?:\s+(?P<when>by|in|at)\s+(?P<date>.+))?")
_PEAK = re.compile(rf"{_NAME}\s+falls\s+{_VALUE}\s+below\s+its\s+peak(?:\s+(?P<when>by)\s+(?P<date>.+))?")
_BETWEEN = re.compile(rf"{_NAME}\s+(?P<verb>rises|falls)\s+{_VALUE}\s+from\s+(?P<start>.+?)\s+to\s+(?P<date>.+)")
_DATE = re.compile(r"(?:the\s+)?(?P<edge>end|start|beginning)\s+of\s+(?P<period>.+)", re.IGNORECASE)
_MIDDLE = re.compile(r"mid[- ](\d{4})", re.IGNORECASE)
_COMPARISONS = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}
_COMPARISONS |= {"=": np.equal, "!=": np.not_equal}
_REMEDY = (
    "write it as 'training_cluster_power > 5 GW by 2028', 'binding_constraint = power in 2030', "
    "'ai_investment falls 30 % below its peak by 2034' or 'ai_investment rises 20 % from 2026.5 to 2028'; "
    "join several with 'and'"
)


@dataclass(frozen=True)
class When:
    """A date as it is meant: ``by`` it, some date of the grid up to it counts; ``in`` it, it alone."""

    by: bool
    year: float
    words: str


@dataclass(frozen=True)
class Clause:
    """One part of a condition: a variable, what is asked of it, and when; `start` is the first date of a change."""

    name: str
    form: Form
    value: str
    when: When | None = None
    start: When | None = None
    inherited: bool = False

    def __post_init__(self) -> None:
        for part in filter(None, (self, self.when, self.start)):
            check_kinds(vars(part), part.__annotations__)
        if self.form not in _COMPARISONS:
            number, unit = parse_quantity(self.value)
            falls = self.form != "rise"
            if not number >= 0 or (falls and same_dimension(unit, "1") and number * factor(unit) > 1):
                raise InputError(f"{self.words[:80]!r} is no move: give 0 or more{', at most 100 %' if falls else ''}")

    @property
    def words(self) -> str:
        """The clause with its date in words."""
        name = in_words(self.name)
        if self.start is not None and self.when is not None:
            verb = "rises" if self.form == "rise" else "falls"
            return f"{name} {verb} by {self.value} from {self.start.words} to {self.when.words}"
        falls = self.form == "fall"
        text = f"{name} falls {self.value} below its peak" if falls else f"{name} {self.form} {self.value}"
        return text if self.when is None else f"{text} {'by' if self.when.by else 'at'} {self.when.words}"

    def holds(self, forecast: xr.Dataset) -> BoolArray:
        """Return whether the clause holds in each sample of a forecast."""
        variable = variable_of(forecast, self.name)
        if "labels" in variable.attrs:
            names: list[str] = json.loads(variable.attrs["labels"])
            wanted = self.value.strip("'\"")
            if self.form not in ("=", "!="):
                raise InputError(f"{self.name!r} holds labels; ask for one with = or !=, as '{self.name} = {names[0]}'")
            if wanted not in names:
                what = f"{self.name!r} has no label {wanted!r}{nearest(wanted, names)}"
                raise InputError(f"{what}; it has {', '.join(names)}")
            return self._in_time(variable, _COMPARISONS[self.form](not_nan(variable), names.index(wanted)))
        if self.form in _COMPARISONS:
            values, threshold = not_nan(variable), level_of(variable, self.value)
            holds = self._in_time(variable, _COMPARISONS[self.form](values, threshold))
            alike = self.form in ("=", "!=") and len({*holds.tolist()}) == 1
            if alike and np.unique(values).size > max(1, values.size / 2):
                what = f"no two samples of {self.name!r} are alike, so none is {self.value} exactly"
                raise InputError(f"{what}; ask with > and <")
            return holds
        if "year" not in variable.dims:
            raise InputError(f"{self.name!r} has no years, so it cannot rise or fall; ask for it with > or <")
        return self._gap(variable) >= 0

    def margin(self, forecast: xr.Dataset) -> FloatArray:
        """Return how far beyond what is asked each sample is: not below 0 where the clause holds."""
        variable, holds = variable_of(forecast, self.name), self.holds(forecast)
        if "labels" in variable.attrs or self.form in ("=", "!="):
            return np.where(holds, 0.0, -1.0)
        if self.form in _COMPARISONS:
            gap = not_nan(variable) - level_of(variable, self.value)
            gap = self._in_time(variable, gap if ">" in self.form else -gap)
        else:
            gap = self._gap(variable)
        return np.where(holds, np.maximum(gap, 0.0), np.minimum(gap, -np.finfo(np.float64).tiny))

    def _in_time(self, variable: xr.DataArray, true: NDArray[Any]) -> NDArray[Any]:
        """Return what is true by year and sample, or the largest margin, at the date, or by it."""
        if "year" not in variable.dims:
            if self.when is not None and not self.inherited:
                raise InputError(f"{self.name!r} has no years; leave out {self.when.words!r}")
            return true
        if self.when is None:
            raise InputError(f"{self.name!r} changes with the year; add a date, as in 'by 2028' or 'in 2030'")
        place = place_of(variable, self.when.year)
        return np.asarray(true[: place + 1].max(axis=0) if self.when.by else true[place])

    def _gap(self, variable: xr.DataArray) -> FloatArray:
        """Return by how much more than asked a trajectory fell below its peak by the date, or moved between two."""
        values = not_nan(variable)
        if self.form == "fall":
            values = values if self.when is None else values[: place_of(variable, self.when.year) + 1]
            size = np.maximum.accumulate(values, axis=0)
            moved = size - values
        else:
            if self.start is None or self.when is None:
                raise InputError(f"{self.words!r} has no two dates; {_REMEDY}")
            first, second = (values[place_of(variable, when.year)] for when in (self.start, self.when))
            size, moved = np.abs(first), second - first if self.form == "rise" else first - second
        number, unit = parse_quantity(self.value)  # a percentage of the size, or a quantity
        gap = moved - (number / 100 * size if unit in ("%", "percent") else level_of(variable, self.value))
        return np.asarray(gap.max(axis=0) if self.form == "fall" else gap)


@dataclass(frozen=True)
class Condition:
    """What is asked of a forecast, from `parse_condition`: clauses that hold together in a sample, or do not.

    Parameters
    ----------
    text : str
        As it was written.
    clauses : tuple of Clause
        What holds, or does not, in each sample.

    Examples
    --------
    >>> condition = parse_condition("training_cluster_power > 5 GW by 2028 and binding_constraint = power in 2030")
    >>> condition.names, condition.years
    (('training_cluster_power', 'binding_constraint'), (2028.0, 2030.0))
    """

    text: str
    clauses: tuple[Clause, ...]

    def __post_init__(self) -> None:
        check_kinds(vars(self), self.__annotations__)
        if {*map(type, self.clauses)} != {Clause}:
            raise InputError(f"clauses is {shown(self.clauses)}; make a condition with cc.parse_condition")

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs and outputs that are needed, each once."""
        return tuple(dict.fromkeys(clause.name for clause in self.clauses))

    @property
    def years(self) -> tuple[float, ...]:
        """The dates that the grid of years must hold, in order."""
        dates = (when for clause in self.clauses for when in (clause.start, clause.when))
        return tuple(sorted({when.year for when in dates if when is not None}))

    @property
    def words(self) -> str:
        """The condition with its dates in words, as "by 1 January 2028"."""
        return " and ".join(clause.words for clause in self.clauses)

    def on_trend(self, forecast: xr.Dataset) -> "Condition | None":
        """Return the condition on the ``trend_`` variables of a forecast; None where it has none of them."""
        check_forecast(forecast)
        trends = {name: f"trend_{name}" for name in self.names if f"trend_{name}" in forecast}
        clauses = tuple(replace(clause, name=trends.get(clause.name, clause.name)) for clause in self.clauses)
        return Condition(self.text, clauses) if trends else None

    def evaluate(self, forecast: xr.Dataset) -> xr.DataArray:
        """Return whether the condition holds in each sample, dims (sample,), as an output that `sobol_indices` takes.

        The forecast, of `names` over years that hold `years`, is from `propagate` or `evaluate`. What is not there, a
        unit or label that does not fit, and a value that is NaN raise an `InputError`.
        """
        check_forecast(forecast)
        holds = np.logical_and.reduce([clause.holds(forecast) for clause in self.clauses])
        coords = {"sample": forecast["sample"]} if "sample" in forecast.coords else {}
        attrs = {"role": "output", "units": "1", "long_name": f"whether {self.words}"}
        return xr.DataArray(holds, coords, ("sample",), self.text, attrs)

    def probability(self, forecast: xr.Dataset, weights: Weights = None) -> tuple[float, float]:
        """Return the probability of the condition and its Monte Carlo standard error."""
        holds = self.evaluate(forecast).values
        rows, used, replicates = independent(forecast, weights, design_of(forecast))
        share, error = share_with_error(holds[rows], used, replicates)
        return float(share), float(error)


@typed
def parse_condition(text: str) -> Condition:
    """Read a condition.

    Parameters
    ----------
    text : str
        Clauses joined by ``and``: ``NAME > VALUE``, ``>=``, ``<``, ``<=`` with a unit (``5 GW``, ``20 %``, ``$1T``),
        ``NAME = LABEL`` and ``!=`` for labels, ``NAME falls 30 % below its peak``, and ``NAME rises VALUE from DATE to
        DATE`` or ``falls``. ``by DATE`` means at some date of the grid up to it, ``in DATE`` at it. A date is 2028 (its
        1 January), 2026.5, 2028-07, ``mid-2026``, ``the end of 2028``. A clause without one has that of the next.

    Returns
    -------
    Condition

    Raises
    ------
    InputError
        If a clause, value, unit or date cannot be read.

    Examples
    --------
    >>> parse_condition("training_cluster_power > 5 GW by 2028").words
    'training cluster power > 5 GW by 1 January 2028'
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"a condition is {shown(text)}; {_REMEDY}")
    clauses = [_clause(part.strip(), text) for part in re.split(r"(?i)\s+and\s+", text.strip())]
    later: When | None = None
    for place in reversed(range(len(clauses))):
        if clauses[place].when is None:
            clauses[place] = replace(clauses[place], when=later, inherited=later is not None)
        later = clauses[place].when
    return Condition(text, tuple(clauses))


def _clause(part: str, text: str) -> Clause:
    """Read one clause."""
    between, peak, compared = (pattern.fullmatch(part) for pattern in (_BETWEEN, _PEAK, _COMPARED))
    if between:
        start, end = _when("in", between["start"]), _when("in", between["date"])
        if start.year >= end.year:
            raise InputError(f"{part!r} goes from {start.words} to {end.words}; the first date must be the earlier")
        return Clause(between["name"], "rise" if between["verb"] == "rises" else "change", between["value"], end, start)
    if peak:
        return Clause(peak["name"], "fall", peak["value"], _when("by", peak["date"]) if peak["date"] else None)
    if compared is None:
        where = f" in the condition {text[:80]!r}" if part != text.strip() else ""
        raise InputError(f"cannot read {part[:80]!r}{where}; {_REMEDY}")
    sign = compared["sign"].replace("==", "=")
    if sign not in ("=", "!=") and math.isnan(parse_quantity(compared["value"])[0]):
        raise InputError(f"the value in {part!r} is no number; {_REMEDY}")
    when = _when(compared["when"], compared["date"]) if compared["when"] else None
    return Clause(compared["name"], sign, compared["value"], when)  # type: ignore[arg-type]


def _when(word: str, text: str) -> When:
    """Read a date: which end of a period is meant, and its words."""
    text = text.strip()
    edge, middle = _DATE.fullmatch(text), _MIDDLE.fullmatch(text)
    if edge and edge["edge"].lower() == "end":
        return When(word == "by", end_of(edge["period"]), f"the end of {edge['period']}")
    year = int(middle[1]) + 0.5 if middle else start_of(edge["period"] if edge else text)
    return When(word == "by", year, date_words(year))
