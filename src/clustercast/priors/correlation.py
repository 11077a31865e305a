"""A rank correlation between two inputs, and the correlation of the normal scores behind it."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from clustercast.arrays.points import copula
from clustercast.errors import InputError, check_kinds
from clustercast.priors.families import Family

# Probabilities at which the few values of a distribution are looked for, and steps of ranks between them.
_GRID, _STEPS = 4096, 64


@dataclasses.dataclass(frozen=True)
class Correlation:
    """Rank correlation between two inputs, carried by a Gaussian copula.

    Parameters
    ----------
    between : tuple of two str
        Names of the two inputs.
    rank : float
        Spearman's rank correlation, between -1 and 1.
    source, as_of, note : str, optional
        Where the number comes from.
    judgement : bool, optional
        Whether the number is a judgement rather than a measurement.
    """

    between: tuple[str, str]
    rank: float
    source: str = ""
    as_of: str = ""
    note: str = ""
    judgement: bool = False

    def __post_init__(self) -> None:
        check_kinds(vars(self), {"between": Iterable[str], "rank": float})
        object.__setattr__(self, "between", tuple(self.between))
        if len(self.between) != 2 or self.between[0] == self.between[1]:
            raise InputError(f"a correlation is between two different inputs, not {list(self.between)}")
        if not -1 < self.rank < 1:
            what = f"rank correlation between {self.between[0]!r} and {self.between[1]!r} is {self.rank}"
            raise InputError(f"{what}; it must lie between -1 and 1, both excluded")


def has_atoms(family: Family) -> bool:
    """Return whether single values of a distribution have a probability."""
    parts = [*getattr(family, "components", ()), *filter(None, [getattr(family, "base", None)])]
    return family.is_discrete or any(map(has_atoms, parts))


def grades(family: Family) -> copula.Grades:
    """Return how the ranks of a distribution step up with its normal score."""
    if not has_atoms(family):
        return copula.CONTINUOUS
    # Values rarer than one in the grid are found in the tails; elsewhere they share the rank of the next.
    tail = 0.5 ** np.arange(13, 50)
    levels = np.concatenate([tail, (np.arange(_GRID) + 0.5) / _GRID, 1 - tail])
    values, places = np.unique(family.quantile(levels), return_inverse=True)
    if values.size == 1:
        raise InputError(f"{family.family} has one value only, {values[0]:g}; give a constant, and no correlation")
    if not family.is_discrete:
        values = values[np.bincount(places) > 1]
    # Where a value has a probability the rank is halfway up; between such values it rises in small steps.
    below, at = (np.asarray(family.tails(value)[0]) for value in (np.nextafter(values, -np.inf), values))
    rises = np.arange(_STEPS + 1) / _STEPS
    between = ((below[:, np.newaxis] < rises) & (rises < at[:, np.newaxis])).any(axis=0)
    edges = np.concatenate([below, at, [0.0, 1.0] if family.is_discrete else rises[~between]])
    return copula.discrete_grades(np.diff(np.unique(np.clip(edges, 0.0, 1.0))))
