"""Distributions of `scipy.stats`: frozen ones, those that hold data, and those of its newer interface."""

import hashlib
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from clustercast.arrays import FloatArray
from clustercast.arrays.families.tails import Levels, Tails
from clustercast.errors import InputError
from clustercast.priors.families.family import Family, Interval
from clustercast.priors.families.validation import distribution_family

# Where the quantiles of a distribution are read for its fingerprint.
_PROBES = np.arange(1, 512) / 512


@distribution_family
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

    family = "scipy"

    frozen: Any

    def _ends(self) -> Interval:
        low, high = self.frozen.support()
        return float(low), float(high)

    def _mean(self) -> float | None:
        mean = float(self.frozen.mean())
        return mean if math.isfinite(mean) else None

    def _is_discrete(self) -> bool:
        return not hasattr(self.frozen, "pdf")

    def _called(self, newer: str, older: str, at: FloatArray) -> FloatArray:
        """Return what a method gives, by its name in the newer interface of scipy or in the older one."""
        method = getattr(self.frozen, newer if hasattr(self.frozen, "icdf") else older)
        return np.asarray(method(at), dtype=np.float64)

    def _all_tails(self, values: FloatArray) -> Tails:
        return self._called("cdf", "cdf", values), self._called("ccdf", "sf", values)

    def log_density(self, x: ArrayLike) -> FloatArray:
        """Return what scipy gives: the log density, or the log probability of a discrete distribution."""
        logarithm = self.frozen.logpmf if self.is_discrete else self.frozen.logpdf
        return np.asarray(logarithm(np.asarray(x, dtype=np.float64)), dtype=np.float64)

    def __repr__(self) -> str:
        """Show the parameters of the distribution and a fingerprint of its data, never its address in memory."""
        return super().__repr__().replace(repr(self.frozen), self._shown())

    def _shown(self) -> str:
        """Return how the distribution is written; quantiles stand for what its parameters do not say."""
        digest = hashlib.sha256(self._called("icdf", "ppf", _PROBES).tobytes())
        if hasattr(self.frozen, "icdf"):
            return f"{type(self.frozen).__name__}({digest.hexdigest()[:16]})"
        made = getattr(self.frozen, "dist", self.frozen)
        arguments = [repr(value) for value in getattr(self.frozen, "args", ())]
        arguments += [f"{key}={value!r}" for key, value in sorted(getattr(self.frozen, "kwds", {}).items())]
        held = {key: value for key, value in sorted(vars(made).items()) if isinstance(value, np.ndarray)}
        for value in held.values():
            digest.update(value.tobytes())
        arguments += [digest.hexdigest()[:16]] if held or not arguments else []
        return f"{getattr(made, 'name', None) or type(made).__name__}({', '.join(arguments)})"

    def _check(self) -> None:
        newer = hasattr(self.frozen, "icdf")
        needed = ("icdf", "iccdf") if newer else ("ppf", "isf")
        # A distribution without parameters may hold data instead, as `rv_histogram` does.
        data = not getattr(self.frozen, "shapes", "a") and any(
            isinstance(v, np.ndarray) for v in vars(self.frozen).values()
        )
        frozen = newer or data or hasattr(self.frozen, "dist")
        if not frozen or not all(hasattr(self.frozen, name) for name in (*needed, "cdf", "support", "mean")):
            remedy = "give one such as stats.weibull_min(2.0)"
            raise InputError(f"{self.frozen!r} is not a frozen distribution of scipy.stats; {remedy}")
        if np.ndim(self.frozen.support()[0]) or np.ndim(self.frozen.support()[1]):
            raise InputError("a frozen distribution must have scalar parameters; give one distribution for each input")
        if not math.isfinite(float(self._called("icdf", "ppf", np.array([0.5]))[0])):
            raise InputError("the frozen distribution has no median; its parameters are outside what scipy allows")

    def _invert(self, at: Levels) -> FloatArray:
        p, q = at.tails
        below = self._called("icdf", "ppf", p)
        return below if at.q is at.z is None else np.where(p < q, below, self._called("iccdf", "isf", q))
