"""Distributions pooled by their quantiles or by the logarithms of their densities."""

import functools

import numpy as np

from clustercast.arrays import FloatArray
from clustercast.arrays.families.tails import Levels, tails_of_score
from clustercast.errors import InputError
from clustercast.priors.correlation import has_atoms
from clustercast.priors.families.composed import OfComponents
from clustercast.priors.families.family import Family, Interval
from clustercast.priors.families.validation import distribution_family

# Normal scores of the tables, and densities on each side of a quantile.
_SCORES = np.linspace(-8.0, 8.0, 4097)
_FINE = 8


class _Pooled(OfComponents):
    """Several distributions with weights, made into one that is given by its quantiles at normal scores."""

    @property
    def support(self) -> Interval:
        """The ends of the table, eight standard deviations of the normal score from the median."""
        return float(self._table[0]), float(self._table[-1])

    @property
    def _table(self) -> FloatArray:
        """The quantiles at the scores of the tables."""
        raise NotImplementedError

    def _invert(self, at: Levels) -> FloatArray:
        return np.asarray(np.interp(at.score, _SCORES, self._table))

    def _tails(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        return tails_of_score(np.interp(x, self._table, _SCORES))

    def _log_density(self, x: FloatArray) -> FloatArray:
        # By the chain rule from the normal score, whose slope the table has.
        z = np.interp(x, self._table, _SCORES)
        slope = np.interp(z, _SCORES, np.gradient(self._table, _SCORES))
        return np.asarray(-(z**2) / 2 - np.log(2 * np.pi) / 2 - np.log(slope))


@distribution_family
class QuantilePool(_Pooled):
    """The distribution whose quantiles are the weighted means of those of several."""

    family = "quantile_pool"

    weights: tuple[float, ...]
    components: tuple[Family, ...]

    @functools.cached_property
    def _table(self) -> FloatArray:
        each = [w * c._invert(Levels(z=_SCORES)) for w, c in zip(self.weights, self.components, strict=True)]
        return np.asarray(np.sum(each, axis=0))


@distribution_family
class LogPool(_Pooled):
    """The distribution whose density is the normalised weighted geometric mean of those of several."""

    family = "log_pool"

    weights: tuple[float, ...]
    components: tuple[Family, ...]

    def _check(self) -> None:
        super()._check()
        if any(map(has_atoms, self.components)):
            raise InputError("single values of a component have a probability, so it has no density; mix them")
        low, high = max(c.support[0] for c in self.components), min(c.support[1] for c in self.components)
        if low >= high:
            raise InputError("the components have no values in common, so their densities have no product; mix them")

    @functools.cached_property
    def _table(self) -> FloatArray:
        nodes = np.unique(np.concatenate([c._invert(Levels(z=_SCORES)) for c in self.components]))
        low, high = max(c.support[0] for c in self.components), min(c.support[1] for c in self.components)
        nodes = nodes[(nodes >= low) & (nodes <= high) & np.isfinite(nodes)]
        # The midpoint rule between nodes: a density may be infinite or 0 at an end.
        steps = (np.arange(_FINE) + 0.5) / _FINE
        inner = nodes[:-1, np.newaxis] + np.diff(nodes)[:, np.newaxis] * steps
        log = np.sum([w * c.log_density(inner) for w, c in zip(self.weights, self.components, strict=True)], axis=0)
        mass = np.exp(log - log[np.isfinite(log)].max()).mean(axis=1) * np.diff(nodes)
        below = np.concatenate([[0.0], np.cumsum(mass)]) / mass.sum()
        above = np.concatenate([np.cumsum(mass[::-1])[::-1], [0.0]]) / mass.sum()
        p, q = tails_of_score(_SCORES)
        lower = np.interp(p, below, nodes)
        upper = np.interp(q, above[::-1], nodes[::-1])
        return np.asarray(np.maximum.accumulate(np.where(_SCORES < 0, lower, upper)))
