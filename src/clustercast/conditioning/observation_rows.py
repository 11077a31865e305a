"""Observations: what was seen of the quantities of a model, and how far each figure can be trusted."""

import calendar
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from clustercast.arrays.posterior.likelihood import ObservedRows
from clustercast.engine.model import Model
from clustercast.engine.units import factor, same_dimension
from clustercast.errors import InputError, nearest
from clustercast.priors.families import Family

Text = Annotated[str, Field(min_length=1)]
Date = Annotated[str, Field(pattern=r"^\d{4}(-\d{2}){0,2}$", description="year, year-month or year-month-day")]

BOUNDS = {"value": 0, "record": 1, "ceiling": -1}
LOWER_GAP, UPPER_GAP, DISCREPANCY = "record_gap", "ceiling_gap", "discrepancy"


class Observation(BaseModel):
    """One figure.

    Attributes
    ----------
    id : str
        A name, once in a file.
    date : float
        Year, as 2024.45; a calendar year for yearly flows and stocks.
    quantity : str
        A quantity of the model.
    name : str
        What was observed.
    value : float
        Above 0, in `unit`.
    unit : str
    sd_log10 : float
        Standard deviation of its error, in decades.
    source, as_of : str
        Where it comes from, and of what date that is.
    known : str, optional
        Since when the figure was public; `as_of` by default.
    kind : {"value", "record", "ceiling"}
        A measurement, the largest that is known (a lower bound on the largest), or an upper bound.
    group : str, optional
        Rows of one group have correlated errors; a row without one is alone.
    part : float
        Share of the quantity that the value counts.
    note : str, optional
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    id: Text
    date: float
    quantity: Text
    name: Text
    value: Annotated[float, Field(gt=0, description="above 0: its logarithm is taken")]
    unit: Text
    sd_log10: Annotated[float, Field(gt=0, description="error of the observation, above 0")]
    source: Text
    as_of: Date
    known: Date | None = None
    kind: Literal["value", "record", "ceiling"] = "value"
    group: str = ""
    part: Annotated[float, Field(gt=0, le=1)] = 1.0
    note: str = ""

    @property
    def known_from(self) -> float:
        """Year since when the figure was public."""
        return end_of(self.known or self.as_of)

    @property
    def log10(self) -> float:
        """Logarithm of the whole quantity, in coherent units."""
        return math.log10(self.value * factor(self.unit) / self.part)


@dataclass(frozen=True)
class Observations:
    """Observations with the priors of what the model misses.

    Parameters
    ----------
    rows : tuple of Observation
        In any order.
    priors : mapping of str to distribution
        ``discrepancy``, ``record_gap`` and ``ceiling_gap`` in decades; ``discrepancy_NAME``
        for a quantity of its own.
    group_correlation : float
        Correlation of the errors of rows of one group, from 0 to below 1.
    name, origin : str, optional
        What the set is called, and the file it was read from.
    places : mapping of str to str, optional
        File and line of each row, by its id.
    left_out : tuple of str, optional
        What is wrong with the rows that were left out.

    Raises
    ------
    InputError
        If an id is there twice, or a group mixes lower and upper bounds.
    """

    rows: tuple[Observation, ...]
    priors: Mapping[str, Family]
    group_correlation: float
    name: str = "observations"
    origin: str = ""
    places: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(sorted(self.rows, key=lambda row: (row.date, row.id))))
        if not 0 <= self.group_correlation < 1:
            raise InputError(
                f"{self.origin or self.name}: likelihood.group_correlation is {self.group_correlation}; "
                "it must lie from 0 to below 1"
            )
        bounds: dict[str, Observation] = {}
        seen: dict[str, Observation] = {}
        for row in self.rows:
            if row.id in seen:
                raise InputError(f"{self.place(row)}: the id {row.id!r} is there twice; give each row its own")
            seen[row.id] = row
            other = bounds.setdefault(row.group, row) if row.group and row.kind != "value" else row
            if other.kind != row.kind:
                raise InputError(
                    f"{self.place(row)}: observation {row.id!r} is a {row.kind} in group {row.group!r}, where "
                    f"{other.id!r} is a {other.kind}; give it another group"
                )

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Observation]:
        return iter(self.rows)

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the rows, in order of their date."""
        return tuple(row.id for row in self.rows)

    @property
    def quantities(self) -> tuple[str, ...]:
        """The observed quantities, each once."""
        return tuple(dict.fromkeys(row.quantity for row in self.rows))

    @property
    def hash(self) -> str:
        """Fingerprint of every number and word."""
        rows = [row.model_dump() for row in self.rows]
        text = json.dumps([rows, {k: repr(v) for k, v in self.priors.items()}, self.group_correlation], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def place(self, row: Observation) -> str:
        """Return the file and line of a row."""
        return self.places.get(row.id, self.origin or self.name)

    def _named(self, row: Observation) -> str:
        """Return the file, line and id of a row."""
        return f"{self.place(row)}: observation {row.id!r}"

    def known_by(self, date: float | str) -> "Observations":
        """Return what was public at a date.

        Parameters
        ----------
        date : float or str
            A year, or as ``"2024-06"``: the end of that month.

        Returns
        -------
        Observations
        """
        limit = end_of(date)
        return replace(self, rows=tuple(row for row in self.rows if row.known_from <= limit))

    def without(self, *ids: str) -> "Observations":
        """Return the observations without some rows, by id."""
        for one in ids:
            if one not in self.ids:
                raise InputError(f"there is no observation {one!r} in {self.name}{nearest(one, self.ids)}")
        return replace(self, rows=tuple(row for row in self.rows if row.id not in ids))

    def checked(self, model: Model, years: Iterable[float], *, skip_bad: bool = False) -> "Observations":
        """Refuse rows that a model cannot be held against, or leave them out.

        Parameters
        ----------
        model : Model
        years : iterable of float
            A row dated before the first or after the last is refused.
        skip_bad : bool, optional
            Leave such rows out instead; `left_out` says why.

        Returns
        -------
        Observations

        Raises
        ------
        InputError
            Naming file, line, row and remedy.
        """
        grid = list(years)
        kept, faults = [], []
        for row in self.rows:
            fault = _fault(row, model, min(grid), max(grid))
            if fault and not skip_bad:
                raise InputError(f"{self._named(row)}: {fault}; or leave bad rows out (skip_bad)")
            if fault:
                faults.append(f"{self._named(row)}: {fault}")
            else:
                kept.append(row)
        return replace(self, rows=tuple(kept), left_out=(*self.left_out, *faults))

    def error_priors(
        self, discrepancy: "float | Family | Mapping[str, float | Family] | None" = None
    ) -> dict[str, object]:
        """Return the prior of each parameter of the likelihood that these rows need.

        Parameters
        ----------
        discrepancy : float, distribution or mapping, optional
            In the place of the file's priors: one for all quantities, or one a quantity; 0 for none.

        Returns
        -------
        dict
            ``discrepancy_NAME`` for each quantity, ``record_gap`` and ``ceiling_gap`` where there are bounds.
        """
        given = discrepancy if isinstance(discrepancy, Mapping) else dict.fromkeys(self.quantities, discrepancy)
        for name in given:
            if name not in self.quantities:
                raise InputError(
                    f"discrepancy is given for {name!r}, which is not observed{nearest(name, self.quantities)}"
                )
        needed: dict[str, object] = {}
        for name in self.quantities:
            key = f"{DISCREPANCY}_{name}"
            chosen = given.get(name)
            needed[key] = self.priors.get(key, self.priors.get(DISCREPANCY)) if chosen is None else chosen
            if needed[key] is None:
                raise InputError(
                    f"{self.origin or self.name} has no prior {key!r} or {DISCREPANCY!r}; add one, or give discrepancy="
                )
        for kind, key in (("record", LOWER_GAP), ("ceiling", UPPER_GAP)):
            if any(row.kind == kind for row in self.rows):
                if key not in self.priors:
                    raise InputError(
                        f"{self.origin or self.name} has rows of kind {kind!r} but no prior {key!r}; add one"
                    )
                needed[key] = self.priors[key]
        return needed

    def arrays(self) -> ObservedRows:
        """Return the rows as arrays, in their order."""
        groups: dict[str, int] = {}
        return ObservedRows(
            value=np.array([row.log10 for row in self.rows]),
            error=np.array([row.sd_log10 for row in self.rows]),
            bound=np.array([BOUNDS[row.kind] for row in self.rows], dtype=np.int64),
            group=np.array([groups.setdefault(row.group or f" {row.id}", len(groups)) for row in self.rows]),
            quantity=np.array([self.quantities.index(row.quantity) for row in self.rows], dtype=np.int64),
            correlation=self.group_correlation,
        )


def _fault(row: Observation, model: Model, first: float, last: float) -> str:
    """Say why a model cannot be held against a row, and the remedy; empty where it can."""
    if row.quantity not in model.functions:
        return f"unknown quantity {row.quantity!r}{nearest(row.quantity, model.functions)}; name one of the model"
    unit = model.unit(row.quantity)
    if not same_dimension(row.unit, unit):
        return f"unit {row.unit!r} does not convert to {unit!r}, the unit of {row.quantity}; correct one"
    if not first <= row.date <= last:
        return f"date {row.date:g} is outside the years {first:g} to {last:g}; correct it or widen the years"
    return ""


def end_of(date: float | str) -> float:
    """Return the end of a year, month or day as a float year.

    Parameters
    ----------
    date : float or str
        A float is returned as it is.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If the text is no date.

    Examples
    --------
    >>> end_of("2024-06"), end_of("2024"), end_of(2024.2)
    (2024.5, 2025.0, 2024.2)
    """
    if not isinstance(date, str):
        return float(date)
    try:
        year, month, day = [*map(int, date.split("-")), 0, 0][:3]
        if not month:
            return year + 1.0
        days = calendar.monthrange(year, month)[1]
        if not 0 <= day <= days:
            raise ValueError
    except (ValueError, calendar.IllegalMonthError):
        raise InputError(f"cannot read {date!r} as a date; write it as 2024, 2024-06 or 2024-06-15") from None
    return year + (month - 1 + (day / days if day else 1)) / 12
