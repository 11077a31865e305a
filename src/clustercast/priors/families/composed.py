"""Distributions made of others: those of scipy, mixtures, a shift and a scale; what is taken for a distribution."""

import dataclasses
import functools
import hashlib
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from clustercast.arrays import FloatArray
from clustercast.arrays.families.inversion import Levels, Table, Tails, invert, tails_of_score
from clustercast.errors import InputError, shown
from clustercast.priors.families.closed_form import Discrete, Fixed, Normal
from clustercast.priors.families.family import Family, Interval, in_blocks
from clustercast.priors.families.validation import distribution_family, refuse_unless_weights


def as_distribution(value: Any, unit: str = "1") -> Family:
    """Return a distribution, a number as a constant, or what scipy gives as a family; anything else is refused."""
    if isinstance(value, Family):
        return value
    if isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_):
        return Fixed(value, unit=unit)  # type: ignore[arg-type]
    if type(value).__name__ == "gaussian_kde" and getattr(value, "d", 0) == 1:
        sd = float(np.sqrt(value.covariance[0, 0]))
        return Mixture(value.weights, tuple(Normal(centre, sd) for centre in value.dataset[0]), unit=unit)
    if hasattr(value, "ppf") or hasattr(value, "icdf"):
        return ScipyDistribution(value, unit=unit)
    what = f"{shown(value)} is not a distribution; give one such as cc.Normal(0.5, 0.1, unit='OOM/year')"
    raise InputError(f"{what}, a frozen scipy.stats distribution or a number")


def part(owner: Family, value: object) -> Family:
    """Return a part of a composed distribution in the unit of the whole, which alone states the unit."""
    made = as_distribution(value)
    if made.unit not in ("1", owner.unit):
        if owner.unit == "1":
            object.__setattr__(owner, "unit", made.unit)
        made = made.in_unit(owner.unit, "a part")
    return dataclasses.replace(made, unit="1")


@distribution_family("scipy")
class ScipyDistribution(Family):
    """A distribution of ``scipy.stats``, continuous or discrete.

    Parameters
    ----------
    frozen : scipy.stats distribution
        Frozen, as ``stats.weibull_min(2.0)``; one that holds data, as ``stats.rv_histogram(...)``; or one of the
        newer interface, as ``stats.Normal(mu=1, sigma=2)``.

    Examples
    --------
    >>> from scipy import stats
    >>> round(ScipyDistribution(stats.weibull_min(2.0), unit="year").median, 12)
    0.832554611158
    """

    frozen: Any

    def _ends(self) -> Interval:
        low, high = self.frozen.support()
        return float(low), float(high)

    def _mean(self) -> float | None:
        mean = float(self.frozen.mean())
        return mean if math.isfinite(mean) else None

    def _called(self, newer: str, older: str, at: FloatArray) -> FloatArray:
        """Return what a method gives, by its name in the newer interface of scipy or in the older one."""
        return np.asarray(getattr(self.frozen, newer if hasattr(self.frozen, "icdf") else older)(at), dtype=np.float64)

    def _all_tails(self, values: FloatArray) -> Tails:
        return self._called("cdf", "cdf", values), self._called("ccdf", "sf", values)

    def log_density(self, x: ArrayLike) -> FloatArray:
        """Return what scipy gives: the log density, or the log probability of a discrete distribution."""
        logarithm = self.frozen.logpmf if self.is_discrete else self.frozen.logpdf
        return np.asarray(logarithm(np.asarray(x, dtype=np.float64)), dtype=np.float64)

    def __repr__(self) -> str:
        """Show the parameters of the distribution and a fingerprint of its data, never its address in memory."""
        # Quantiles stand for what its parameters do not say.
        digest = hashlib.sha256(self._called("icdf", "ppf", np.arange(1, 512) / 512).tobytes())
        name, arguments, held = type(self.frozen).__name__, list[str](), list[Any]()
        if not hasattr(self.frozen, "icdf"):
            made = getattr(self.frozen, "dist", self.frozen)
            arguments += map(repr, getattr(self.frozen, "args", ()))
            arguments += [f"{key}={value!r}" for key, value in sorted(getattr(self.frozen, "kwds", {}).items())]
            held += [value for _, value in sorted(vars(made).items()) if isinstance(value, np.ndarray)]
            name = getattr(made, "name", None) or type(made).__name__
        digest.update(b"".join(value.tobytes() for value in held))
        arguments += [digest.hexdigest()[:16]] if held or not arguments else []
        return super().__repr__().replace(repr(self.frozen), f"{name}({', '.join(arguments)})")

    def _check(self) -> None:
        newer = hasattr(self.frozen, "icdf")
        needed = ("icdf", "iccdf") if newer else ("ppf", "isf")
        # A distribution without parameters may hold data instead, as `rv_histogram` does.
        held = getattr(self.frozen, "__dict__", {}).values()
        data = not getattr(self.frozen, "shapes", "a") and any(isinstance(value, np.ndarray) for value in held)
        frozen = newer or data or hasattr(self.frozen, "dist")
        if not frozen or not all(hasattr(self.frozen, name) for name in (*needed, "cdf", "support", "mean")):
            raise InputError(f"{self.frozen!r} is no frozen distribution of scipy.stats; give one, as stats.norm(0, 1)")
        if np.ndim(self.frozen.support()[0]) or np.ndim(self.frozen.support()[1]):
            raise InputError("a frozen distribution must have scalar parameters; give one distribution for each input")
        if not math.isfinite(float(self._called("icdf", "ppf", np.array([0.5]))[0])):
            raise InputError("the frozen distribution has no median; its parameters are outside what scipy allows")
        object.__setattr__(self, "is_discrete", not hasattr(self.frozen, "pdf"))

    def _invert(self, at: Levels) -> FloatArray:
        p, q = at.tails
        below = self._called("icdf", "ppf", p)
        return below if at.q is at.z is None else np.where(p < q, below, self._called("iccdf", "isf", q))


class OfBase(Family):
    """A family of one other distribution, which is in the unit of the whole."""

    base: Family

    def _check(self) -> None:
        super()._check()
        object.__setattr__(self, "base", part(self, self.base))
        object.__setattr__(self, "is_discrete", self.base.is_discrete)

    def _ends(self) -> Interval:
        return self.base.support


@dataclasses.dataclass(frozen=True, repr=False)
class OfComponents(Family):
    """A family of several others with weights, in the unit of the whole."""

    weights: tuple[float, ...]
    components: tuple[Family, ...]

    def _check(self) -> None:
        if isinstance(self.components, Family | str) or not isinstance(self.components, Iterable):
            raise InputError(f"components = {self.components!r}: a row of distributions is needed")
        object.__setattr__(self, "components", tuple(part(self, component) for component in self.components))
        refuse_unless_weights(self.weights, self.components, "component")
        object.__setattr__(self, "is_discrete", all(component.is_discrete for component in self.components))


@distribution_family("shifted")
class Shifted(OfBase):
    """The distribution of ``scale * x + shift`` for `x` of another distribution, as ``dist * 2 + 1`` makes it."""

    base: Family
    shift: float = 0.0
    scale: float = 1.0

    def _ends(self) -> Interval:
        low, high = sorted(self.scale * end + self.shift for end in self.base.support)
        return low, high

    def _mean(self) -> float | None:
        mean = self.base.expectation
        return None if mean is None else self.scale * mean + self.shift

    def _all_tails(self, values: FloatArray) -> Tails:
        place = (values - self.shift) / self.scale
        if self.scale > 0:
            return self.base.tails(place)
        below, above = self.base.tails(np.nextafter(place, -math.inf))
        return above, below

    def _check(self) -> None:
        super()._check()
        if self.scale == 0:
            raise InputError("scale = 0 leaves one number; give it as a constant")

    def _changes(self, scale: float, shift: float) -> dict[str, Any]:
        return {"shift": scale * self.shift + shift, "scale": scale * self.scale, "bounds": None}

    def _invert(self, at: Levels) -> FloatArray:
        if at.z is not None:
            before = Levels(z=at.z if self.scale > 0 else -at.z)
        else:
            before = Levels(*at.tails if self.scale > 0 else reversed(at.tails))
        return self.scale * self.base._invert(before) + self.shift

    def _log_density(self, x: FloatArray) -> FloatArray:
        stretch = 0.0 if self.is_discrete else math.log(abs(self.scale))
        return self.base.log_density((x - self.shift) / self.scale) - stretch


Family.moved_family = Shifted


@distribution_family("mixture")
class Mixture(OfComponents):
    """A mixture: with each weight as probability, the number is of that component.

    Parameters
    ----------
    weights : sequence of float
        Probability of each component; they sum to 1.
    components : sequence of Family, frozen scipy.stats distribution or float
        As many as there are weights. One in another unit is converted to that of the mixture, by
        default the unit of the first component which has one.

    Examples
    --------
    >>> delay = Mixture([0.75, 0.25], [Normal(2, 0.1), Normal(4, 0.1)], unit="year")
    >>> delay.expectation, delay.cdf(3.0).round(6).item()
    (2.5, 0.75)
    """

    def _ends(self) -> Interval:
        ends = [component.support for component in self.components]
        return min(low for low, _ in ends), max(high for _, high in ends)

    def _mean(self) -> float | None:
        means = [component.expectation for component in self.components]
        weighted = [weight * mean for weight, mean in zip(self.weights, means, strict=True) if mean is not None]
        return math.fsum(weighted) if len(weighted) == len(means) else None

    def _all_tails(self, values: FloatArray) -> Tails:
        if self._normals is not None:
            weights, means, sds = self._normals
            below = _row_sums(values, means, lambda gap: weights * special.ndtr(gap / sds))
            return below, _row_sums(values, means, lambda gap: weights * special.ndtr(-gap / sds))
        p, q = np.zeros(values.shape), np.zeros(values.shape)
        for weight, component in zip(self.weights, self.components, strict=True):
            below, above = component.tails(values)
            p, q = p + weight * below, q + weight * above
        return np.minimum(p, 1.0), np.minimum(q, 1.0)

    @functools.cached_property
    def _normals(self) -> tuple[FloatArray, FloatArray, FloatArray] | None:
        """Weights, means and sds where every component is normal, as in a kernel density estimate of many."""
        numbers = [(each.mean, each.sd) for each in self.components if isinstance(each, Normal)]
        means, sds = np.array(numbers).reshape(-1, 2).T
        return (np.array(self.weights), means, sds) if len(numbers) == len(self.components) else None

    def _changes(self, scale: float, shift: float) -> dict[str, Any]:
        moved = tuple(component._linear(scale, shift, "1") for component in self.components)
        return {"components": moved, "bounds": None}

    def _invert(self, at: Levels) -> FloatArray:
        return _table(self)(at.score)

    def _bracket(self, z: FloatArray) -> Tails:
        """Return the least and the greatest quantile of a component, between which that of the mixture is."""
        weighted = zip(self.weights, self.components, strict=True)
        each = [component._invert(Levels(z=z)) for weight, component in weighted if weight > 0]
        return np.minimum.reduce(each), np.maximum.reduce(each)

    def _inverted(self, z: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
        """Invert at normal scores inside brackets."""
        p, q = tails_of_score(z)
        x = invert(self.tails, self._density, p, q, low, high)
        for value in self._atoms():
            # A value with a probability takes all that lie in the step of the distribution function there.
            x[(p > self.tails(np.nextafter(value, -math.inf))[0]) & (p <= self.tails(value)[0])] = value
        return x

    def _atoms(self) -> list[float]:
        """Return the values with a probability that the components state."""
        atoms: list[float] = []
        for component in self.components:
            if isinstance(component, Fixed):
                atoms.append(component.value)
            elif isinstance(component, Discrete):
                atoms += component.values
            elif isinstance(component, Mixture):
                atoms += component._atoms()
        return atoms

    def _density(self, x: FloatArray) -> FloatArray:
        """Return the density of the components that have one; where all are discrete, the probability."""
        if self._normals is not None:
            weights, means, sds = self._normals
            heights = weights / (sds * math.sqrt(2 * math.pi))
            return _row_sums(x, means, lambda gap: heights * np.exp(-((gap / sds) ** 2) / 2))
        total = np.zeros_like(x)
        for weight, each in zip(self.weights, self.components, strict=True):
            if self.is_discrete or not each.is_discrete:
                total += weight * (each._density(x) if isinstance(each, Mixture) else np.exp(each.log_density(x)))
        return total

    def _log_density(self, x: FloatArray) -> FloatArray:
        if len({component.is_discrete for component in self.components}) == 2:
            raise InputError("a mixture of single values and a density has no density; mix components of one kind")
        with np.errstate(divide="ignore"):
            return np.log(self._density(x))


def _row_sums(x: FloatArray, places: FloatArray, function: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Return the sum of a function of the distances of each value from many places, 100,000 of them at a time."""
    block = max(1, 100_000 // places.size)
    return in_blocks(lambda values: function(values[:, np.newaxis] - places).sum(axis=1), x, block).reshape(x.shape)


@functools.lru_cache(maxsize=128)
def _table(mixture: Mixture) -> Table:
    """Return the quantiles of a mixture as a function of the normal score, tabulated where they are smooth."""
    knots = np.linspace(-8.5, 8.5, 1025)
    with np.errstate(all="ignore"):
        values = mixture._inverted(knots, *mixture._bracket(knots))

    def exact(z: FloatArray) -> FloatArray:
        # Between two knots, and beyond them between the quantiles of the components.
        place = np.clip(np.searchsorted(knots, z), 1, knots.size - 1)
        low, high = values[place - 1], values[place]
        beyond = np.abs(z) >= knots[-1]
        low[beyond], high[beyond] = mixture._bracket(z[beyond])
        return mixture._inverted(z, low, high)

    def derivatives(z: FloatArray, x: FloatArray) -> Tails:
        first = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) / mixture._density(x)
        # The slope of the logarithm of the density, by a difference over a ten-thousandth of a score.
        step = 1e-4 * first
        slope = (np.log(mixture._density(x + step)) - np.log(mixture._density(x - step))) / (2 * step)
        return first, -first * (z + first * slope)

    return Table(exact, None if any(component.is_discrete for component in mixture.components) else derivatives)
