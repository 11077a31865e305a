"""Tail probabilities, each with its own relative accuracy, and the inversion of a distribution given by them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from clustercast.arrays import FloatArray, Function, Pair

Tails = Pair
_BothTails = Callable[[FloatArray], Tails]
_MOST_STEPS = 200
_ROUNDING = 4e-16
# Of a tail: the sum of a thousand components is not known better.
_ACCURACY = 1e-14


def tails_of_score(z: FloatArray) -> Tails:
    """Return the lower and the upper tail probability of normal scores, ``ndtr(z)`` and ``ndtr(-z)``."""
    smaller = special.ndtr(-np.abs(z))
    larger = 1.0 - smaller
    below = z < 0
    return np.where(below, smaller, larger), np.where(below, larger, smaller)


def score_of_tails(p: FloatArray, q: FloatArray) -> FloatArray:
    """Return the normal scores of tail probabilities, from the smaller of the two."""
    score = special.ndtri(np.minimum(p, q))
    return np.asarray(np.where(p < q, score, -score))


@dataclass(frozen=True, eq=False)
class Levels:
    """Probabilities, given as lower tails `p`, both tails, or normal scores `z`, each as accurate as it was given."""

    p: FloatArray | None = None
    q: FloatArray | None = None
    z: FloatArray | None = None

    @property
    def tails(self) -> Tails:
        """Both tail probabilities."""
        if self.p is None:
            return tails_of_score(self.score)
        return self.p, 1.0 - self.p if self.q is None else self.q

    @property
    def score(self) -> FloatArray:
        """The normal scores."""
        if self.p is None:
            assert self.z is not None
            return self.z
        return np.asarray(special.ndtri(self.p)) if self.q is None else score_of_tails(self.p, self.q)


def invert(
    tails: _BothTails, density: Function, p: FloatArray, q: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Return where a distribution has given tail probabilities, each inside a bracket from `low` to `high`."""
    # Newton's steps inside the bracket, bisection outside. No element sees another: any blocks give the same bits.
    x, low, high = low.copy(), low.copy(), high.copy()
    todo = np.flatnonzero(np.isfinite(low) & np.isfinite(high) & (low < high))
    x[todo] = _middle(low[todo], high[todo])
    for _ in range(_MOST_STEPS):
        if not todo.size:
            break
        here, lower = x[todo], p[todo] < q[todo]
        at, above = tails(here)
        # The smaller tail is compared: the larger one has lost its digits.
        excess = np.where(lower, at - p[todo], q[todo] - above)
        high[todo] = np.where(excess >= 0, here, high[todo])
        low[todo] = np.where(excess < 0, here, low[todo])
        with np.errstate(all="ignore"):
            step = excess / density(here)
        newton = here - step
        inside = (newton > low[todo]) & (newton < high[todo]) & (step != 0)
        following = np.where(inside, newton, _middle(low[todo], high[todo]))
        right = np.abs(excess) <= _ACCURACY * np.where(lower, p[todo], q[todo])
        settled = right | (inside & (np.abs(step) <= _ROUNDING * np.abs(here)))
        x[todo] = np.where(right, here, following)
        # No number lies between the ends: at a step of the distribution function the upper one takes it.
        narrow = np.nextafter(low[todo], high[todo]) >= high[todo]
        x[todo] = np.where(narrow & ~settled, high[todo], x[todo])
        todo = todo[~(settled | narrow)]
    return x


def _middle(low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the middle of brackets: of the logarithms where an end is many times the other, of the numbers else."""
    with np.errstate(all="ignore"):
        logarithmic = np.sign(low) * np.sqrt(low * high)
    wide = (low * high > 0) & (np.maximum(np.abs(low), np.abs(high)) > 4 * np.minimum(np.abs(low), np.abs(high)))
    return np.where(wide & np.isfinite(logarithmic), logarithmic, low / 2 + high / 2)
