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

# Normal scores of the tables, densities between nodes, and the least number of steps on the side of each.
_SCORES = np.linspace(-8.0, 8.0, 4097)
_FINE, _STEPS = 8, 64


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
        low, high = max(c.support[0] for c in self.components), min(c.support[1] for c in self.components)
        nodes = np.unique(np.concatenate([[low, high], *(c._invert(Levels(z=_SCORES)) for c in self.components)]))
        nodes = nodes[(nodes >= low) & (nodes <= high) & np.isfinite(nodes)]
        p, q = tails_of_score(_SCORES)
        while True:
            mass, middle = self._mass(nodes), (nodes[:-1] + nodes[1:]) / 2
            below, above = np.cumsum(mass), np.cumsum(mass[::-1])[::-1]
            # Between laws that are far apart neither has nodes: no step may hold much of what is on its side.
            wide = mass > np.maximum(np.minimum(below, above), p[0]) / _STEPS
            wide &= (nodes[:-1] < middle) & (middle < nodes[1:])
            if not wide.any():
                break
            nodes = np.sort(np.concatenate([nodes, middle[wide]]))
        lower = np.interp(p, np.append(0.0, below), nodes)
        upper = np.interp(q, np.append(above, 0.0)[::-1], nodes[::-1])
        return np.asarray(np.maximum.accumulate(np.where(_SCORES < 0, lower, upper)))

    def _mass(self, nodes: FloatArray) -> FloatArray:
        """Return the probability between nodes, by the midpoint rule: the density may be infinite at an end."""
        inner = nodes[:-1, np.newaxis] + np.diff(nodes)[:, np.newaxis] * (np.arange(_FINE) + 0.5) / _FINE
        inner = np.clip(inner, np.nextafter(nodes[0], np.inf), np.nextafter(nodes[-1], -np.inf))
        log = np.sum([w * c.log_density(inner) for w, c in zip(self.weights, self.components, strict=True)], axis=0)
        mass = np.exp(log - log[np.isfinite(log)].max()).mean(axis=1) * np.diff(nodes)
        return np.asarray(mass / mass.sum())
