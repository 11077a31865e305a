"""A rank correlation between two inputs, and the correlation of the normal scores behind it."""

from dataclasses import dataclass

import numpy as np

from clustercast.arrays.points.copula import CONTINUOUS, Grades, discrete_grades, latent_correlation
from clustercast.errors import InputError, located
from clustercast.priors.families import Family

_GRID = 4096


@dataclass(frozen=True)
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
        object.__setattr__(self, "between", tuple(self.between))
        if len(self.between) != 2 or self.between[0] == self.between[1]:
            raise InputError(f"a correlation is between two different inputs, not {list(self.between)}")
        if not -1 < self.rank < 1:
            what = f"rank correlation between {self.between[0]!r} and {self.between[1]!r} is {self.rank}"
            raise InputError(f"{what}; it must lie between -1 and 1, both excluded")


def score_correlation(correlation: Correlation, one: Family, other: Family, origin: str) -> float:
    """Return the correlation of normal scores that gives two inputs, of which one has few values, their ranks."""
    steps = (grades(distribution) if distribution.is_discrete else CONTINUOUS for distribution in (one, other))
    with located(f"{' and '.join(map(repr, correlation.between))}{f' in {origin}' if origin else ''}"):
        return latent_correlation(correlation.rank, *steps)


def grades(distribution: Family) -> Grades:
    """Return how the ranks of a distribution of few values step up with its normal score."""
    values = np.unique(distribution.quantile((np.arange(_GRID) + 0.5) / _GRID))
    at_or_below = distribution.tails(values)[0]
    # Values that are rarer than one in the grid share the rank of the next.
    at_or_below[-1] = 1.0
    return discrete_grades(np.diff(at_or_below, prepend=0.0))
