"""The metalog distribution; its arithmetic is in `clustercast.arrays.families.metalog`."""

import dataclasses
import math

import numpy as np
from scipy import special

from clustercast.arrays import FloatArray
from clustercast.arrays.families import metalog
from clustercast.arrays.families.tails import Tails
from clustercast.errors import InputError
from clustercast.priors.families.family import Family, Interval, Parameters
from clustercast.priors.families.validation import distribution_family


@distribution_family
class Metalog(Family):
    """The metalog distribution of two or three terms, which takes that many quantiles exactly.

    Parameters
    ----------
    coefficients : sequence of 2 or 3 floats
        Location, scale and skewness: of the number in `unit` where it is unbounded, of the logarithm of the
        distance to one bound, of the log odds between two. `from_quantiles` finds them. The bounds are the support;
        either may be infinite.

    References
    ----------
    T. W. Keelin (2016), The metalog distributions. doi:10.1287/deca.2016.0338

    Examples
    --------
    >>> cost = Metalog.from_quantiles({0.05: 1, 0.5: 2, 0.95: 7}, bounds=(0, float("inf")), unit="USD/W")
    >>> cost.quantile([0.05, 0.5, 0.95]).round(12)
    array([1., 2., 7.])
    """

    family = "metalog"
    quantile_counts = (2, 3)
    has_density_at_ends = False

    coefficients: tuple[float, ...]

    def _ends(self) -> Interval:
        return self.bounds or super()._ends()

    def _mean(self) -> float | None:
        return self.coefficients[0] + sum(self.coefficients[2:]) / 2 if self.support == super()._ends() else None

    def _check(self) -> None:
        if len(self.coefficients) not in (2, 3):
            raise InputError(f"a metalog has 2 or 3 coefficients, got {len(self.coefficients)}")
        if not metalog.is_feasible(self.coefficients):
            scale, limit = self.coefficients[1], metalog.SKEWNESS_LIMIT
            raise InputError(
                f"coefficients {list(self.coefficients)} give quantiles that do not rise; the second must be positive "
                f"and the third within {max(scale, 0.0) * limit:.6g} of 0 ({limit:.5f} times the second)"
            )

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        return (metalog.fit(levels, values, *(bounds or (-math.inf, math.inf))),)

    def _linear(self, scale: float, shift: float, unit: str) -> Family:
        if scale <= 0:
            return super()._linear(scale, shift, unit)
        below, above = math.isfinite(self.support[0]), math.isfinite(self.support[1])
        location, *rest = self.coefficients
        if below or above:
            # A scale leaves the log odds between two bounds alone and shifts the logarithm of the distance to one.
            location += (below - above) * math.log(scale)
        else:
            location, rest = scale * location + shift, [scale * coefficient for coefficient in rest]
        bounds = self._moved_bounds(scale, shift)
        return dataclasses.replace(self, coefficients=(location, *rest), unit=unit, bounds=bounds)

    def _quantile_from_tails(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return metalog.quantile(p, q, self.coefficients, *self.support)

    def _tails(self, x: FloatArray) -> Tails:
        logit = metalog.logit_of(x, self.coefficients, *self.support)
        return np.asarray(special.expit(logit)), np.asarray(special.expit(-logit))

    def _log_density(self, x: FloatArray) -> FloatArray:
        return metalog.log_density(x, self.coefficients, *self.support)
