"""A distribution whose quantiles are all moved on its own scale, as the sliders of the explorer move it."""

import dataclasses
import math
from typing import ClassVar

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.families.metalog import bounded, unbounded
from clustercast.arrays.families.tails import Tails
from clustercast.errors import InputError
from clustercast.priors.families.composed import part
from clustercast.priors.families.family import Family, Interval
from clustercast.priors.families.validation import distribution_family


@distribution_family
class Moved(Family):
    """Any continuous distribution, its quantiles moved and spread on its own scale, as the explorer's sliders do it.

    The scale is the logarithm of the distance to an end where the support has one, the log odds between two ends, and
    the number itself where it has none. On it a quantile ``y`` becomes ``m + shift + width (y - m)``, `m` the median.

    Parameters
    ----------
    base : Family or frozen scipy.stats distribution
        The distribution before.
    shift : float, optional
        On the scale: 0.1 multiplies a positive number by ``exp(0.1)``; in `unit` where the support has no end.
    width : float, optional
        Factor of every distance from the median, on the scale.
    unit, bounds, source, as_of, note, judgement : optional
        Keywords of every `Family`. Without a unit, that of the base.

    Examples
    --------
    >>> from clustercast.priors.families import LogNormal
    >>> round(Moved(LogNormal(0, 1), shift=0.5, width=2).median, 9)
    1.648721271
    """

    family: ClassVar[str] = "moved"
    has_density_at_ends: ClassVar[bool] = False
    positive: ClassVar[tuple[str, ...]] = ("width",)

    base: Family
    shift: float = 0.0
    width: float = 1.0

    @property
    def support(self) -> Interval:
        """The ends of the base."""
        return self.base.support

    @property
    def middle(self) -> float:
        """The median of the base on the scale."""
        return float(unbounded(np.array(self.base.median), *self.support))

    def _check(self) -> None:
        object.__setattr__(self, "base", part(self, self.base))
        if self.base.is_discrete:
            raise InputError(f"a {self.base.family} distribution has no scale to move on; give the values themselves")

    def _linear(self, scale: float, shift: float, unit: str) -> Family:
        free = self.support == (-math.inf, math.inf)
        moved = self.shift * (scale if free else math.copysign(1.0, scale))
        base = self.base._linear(scale, shift, "1")
        return dataclasses.replace(self, base=base, shift=moved, unit=unit, bounds=None)

    def _forth(self, x: FloatArray) -> FloatArray:
        """Return values of the base, moved."""
        with np.errstate(divide="ignore", over="ignore"):
            y = unbounded(x, *self.support)
            return bounded(self.middle + self.width * (y - self.middle) + self.shift, *self.support)

    def _back(self, x: FloatArray) -> FloatArray:
        """Return the values of the base that become some values."""
        with np.errstate(divide="ignore", over="ignore"):
            y = unbounded(x, *self.support)
            return bounded(self.middle + (y - self.shift - self.middle) / self.width, *self.support)

    def _quantile(self, p: FloatArray) -> FloatArray:
        return self._forth(self.base._quantile(p))

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        return self._forth(self.base._quantile_from_score(z))

    def _quantile_from_tails(self, p: FloatArray, q: FloatArray) -> FloatArray:
        return self._forth(self.base._quantile_from_tails(p, q))

    def _tails(self, x: FloatArray) -> Tails:
        return self.base.tails(self._back(x))

    def _log_density(self, x: FloatArray) -> FloatArray:
        before = self._back(x)
        stretch = self._log_slope(x) - self._log_slope(before) - math.log(self.width)
        return np.asarray(self.base.log_density(before) + stretch)

    def _log_slope(self, x: FloatArray) -> FloatArray:
        """Return the logarithm of the derivative of the scale by the number, less a constant."""
        return -sum((np.log(np.abs(x - end)) for end in self.support if math.isfinite(end)), np.zeros(np.shape(x)))
