"""Bounds of expectations over classes of priors, from weighted draws or from bins of one input."""

import bisect
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from clustercast.arrays import FloatArray, IntArray
from clustercast.errors import InputError

Bounds = tuple[float, float]
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Cells:
    """What a class of priors may reweigh: each draw, or bins of one input; the law inside a cell is kept."""

    # Shares of the draws after conditioning, which sum to 1; the cell of each draw, None where each is its own.
    shares: FloatArray
    member: IntArray | None = None
    mass: FloatArray = field(init=False)
    # The mass after conditioning over the mass before, up to a constant: the mean likelihood of the cell.
    likelihood: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        size = len(self.shares)
        if self.member is None:
            mass, before = self.shares, np.full(size, 1 / size)
        else:
            mass = np.bincount(self.member, self.shares).astype(np.float64)
            before = np.bincount(self.member) / size
        object.__setattr__(self, "mass", mass)
        with np.errstate(invalid="ignore"):
            object.__setattr__(self, "likelihood", np.nan_to_num(mass / before))

    def means(self, values: FloatArray) -> FloatArray:
        """Return the mean of values (N,) in each cell, without the spread over bins that chance gives."""
        if self.member is None:
            return values
        count = len(self.mass)
        with np.errstate(invalid="ignore"):
            mean = np.bincount(self.member, self.shares * values) / self.mass
            square = np.bincount(self.member, self.shares * values**2) / self.mass
            draws = self.mass**2 / np.bincount(self.member, self.shares**2)
            noise = np.clip(square - mean**2, 0, None) / np.maximum(draws - 1, 1)
        filled = self.mass > 0
        whole = float(self.shares @ values)
        mean, noise = np.where(filled, mean, whole), np.where(filled, noise, 0.0)
        spread, chance = float(self.mass @ (mean - whole) ** 2), float(self.mass @ noise)
        # Of an input that does not matter the means differ by chance alone, which must not widen the bounds.
        if spread <= chance * (1 + 3 * np.sqrt(2 / count)):
            return np.full(count, whole)
        return np.asarray(whole + np.sqrt(1 - chance / spread) * (mean - whole))


def ratio_bounds(cells: Cells, values: FloatArray, ratio: float) -> Bounds:
    """Return the least and the greatest mean over all densities within a ratio of each other, relative to the base."""
    # The class {h: a <= h / p <= k a} of L. DeRobertis and J. A. Hartigan, Ann. Stat. 9, 235 (1981). It keeps
    # its form when likelihoods multiply it. A ratio of linear functions has its extremes at corners: k above a
    # threshold of the value, 1 below. S. L. Rinderknecht et al. (2014), doi:10.1016/j.envsoft.2014.08.020.
    order = np.argsort(values, kind="stable")
    ordered, mass = values[order], cells.mass[order]
    below, moment = np.cumsum(mass), np.cumsum(mass * ordered)
    total = moment[-1]
    upper = (ratio * total - (ratio - 1) * moment) / (ratio - (ratio - 1) * below)
    lower = (total + (ratio - 1) * moment) / (1 + (ratio - 1) * below)
    return float(lower.min()), float(upper.max())


def contamination_bounds(cells: Cells, values: FloatArray, share: float) -> Bounds:
    """Return the least and the greatest mean over ``(1 - share) p + share q`` for any q on the cells."""
    # After conditioning q counts by its likelihood; of a ratio of linear functions the extremes are single cells.
    # J. O. Berger and L. M. Berliner (1986), doi:10.1214/aos/1176349933.
    mean, weight = float(cells.mass @ values), share * cells.likelihood
    found = ((1 - share) * mean + weight * values) / (1 - share + weight)
    return min(float(found.min()), mean), max(float(found.max()), mean)


def box_bounds(cells: Cells, values: FloatArray, least: FloatArray, most: FloatArray) -> Bounds:
    """Return the least and the greatest mean over all laws of cells between two distribution functions."""
    # Of these there is one number a cell in order but the last, before conditioning.
    # A ratio of linear functions over a polytope, as a linear program in v = t q with the denominator as unit:
    # A. Charnes and W. W. Cooper (1962), doi:10.1002/nav.3800090303.
    from scipy.optimize import linprog  # late: it takes longer than most bounds, which need none of it

    count = len(values)
    sums = np.tril(np.ones((count - 1, count)))
    between = np.vstack([np.column_stack([sums, -most]), np.column_stack([-sums, least])])
    equal = np.vstack([np.append(np.ones(count), -1.0), np.append(cells.likelihood, 0.0)])
    found = []
    for sign in (1, -1):
        cost = np.append(sign * cells.likelihood * values, 0.0)
        answer = linprog(cost, A_ub=between, b_ub=np.zeros(2 * count - 2), A_eq=equal, b_eq=[0.0, 1.0])
        if answer.x is None:
            raise InputError("no law between the two distribution functions gives the observations a likelihood")
        found.append(sign * float(answer.fun))
    return found[0], found[1]


def quantile_bounds(bounds: Callable[[FloatArray], Bounds], values: FloatArray, level: float) -> Bounds:
    """Return the least and the greatest quantile, of the values (N,), over a class given by its bounds of means."""
    ordered = np.unique(values)

    def first(side: int) -> float:
        # The least value whose probability of not being passed is as high as the level for some, or every, member.
        def passed(place: int) -> float:
            return bounds((values <= ordered[place]).astype(np.float64))[side]

        return float(ordered[bisect.bisect_left(range(ordered.size - 1), level - _ROUNDING, key=passed)])

    return first(1), first(0)


def breakdown(bounds: Callable[[float], Bounds], verdict: float, mean: float, start: float, most: float) -> float:
    """Return the size of a class, `start` to `most`, at which a mean may pass a verdict; infinite where none is."""
    from scipy.optimize import brentq

    side = 0 if mean > verdict else 1

    def gap(size: float) -> float:
        return bounds(size)[side] - verdict

    if gap(start) * gap(most) > 0:
        return np.inf
    return float(brentq(gap, start, most, xtol=1e-13, maxiter=300))
