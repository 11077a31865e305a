"""The gamma distribution."""

import math

import numpy as np
from scipy import special

from clustercast.arrays import FloatArray
from clustercast.arrays.families import elicitation, tabulated
from clustercast.arrays.families.tails import Tails
from clustercast.errors import InputError
from clustercast.priors.families.family import FromScore, Interval, Parameters
from clustercast.priors.families.validation import distribution_family


@distribution_family
class Gamma(FromScore):
    """The gamma distribution, for waiting times.

    Parameters
    ----------
    shape : float
        A pure number; 1 is the exponential distribution.
    scale : float
        In `unit`; the mean is ``shape * scale``.
    unit, bounds, source, as_of, note, judgement : optional
        Keywords of every `Family`.

    Examples
    --------
    >>> Gamma(3, 2, unit="month").expectation
    6.0
    """

    family = "gamma"
    quantile_counts = (2,)
    bounded_instead = '"metalog"'
    lengths = ("scale",)
    ends = (0.0, math.inf)
    positive = ("shape", "scale")

    shape: float
    scale: float

    @property
    def expectation(self) -> float:
        """The mean."""
        return self.shape * self.scale

    @classmethod
    def _elicit(cls, levels: FloatArray, values: FloatArray, bounds: Interval | None, mode: float | None) -> Parameters:
        logs = elicitation.logarithms(values, "gamma")
        scores = special.ndtri(levels)

        def spread(log_shape: float) -> float:
            variates = tabulated.log_gamma_variate(scores, math.exp(log_shape))
            return float(variates[1] - variates[0])

        narrowest, widest = math.log(1e5), math.log(1e-3)
        log_shape = elicitation.root(lambda log_shape: spread(log_shape) - (logs[1] - logs[0]), widest, narrowest)
        if log_shape is None:
            least, most = math.exp(spread(narrowest)), math.exp(min(spread(widest), 700.0))
            raise InputError(
                f"the quantiles {values[0]:g} and {values[1]:g} are {values[1] / values[0]:.6g} apart, and a gamma "
                f'distribution allows {least:.6g} to {most:.3g} at these probabilities; use family = "lognormal"'
            )
        shape = math.exp(log_shape)
        return shape, float(np.exp(logs[0] - tabulated.log_gamma_variate(scores, shape)[0]))

    def _quantile_from_score(self, z: FloatArray) -> FloatArray:
        result = tabulated.gamma_log(self.shape)(z)
        np.exp(result, out=result)
        result *= self.scale
        return result

    def _tails(self, x: FloatArray) -> Tails:
        ratio = x / self.scale
        return np.asarray(special.gammainc(self.shape, ratio)), np.asarray(special.gammaincc(self.shape, ratio))

    def _log_density(self, x: FloatArray) -> FloatArray:
        ratio = x / self.scale
        powers = special.xlogy(self.shape - 1, ratio) - ratio
        return np.asarray(powers - special.gammaln(self.shape) - math.log(self.scale))
