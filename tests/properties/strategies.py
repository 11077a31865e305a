"""Hypothesis strategies that the property tests share: probabilities, scores, distributions."""

import math

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

import clustercast.priors.families as families


def numbers(low, high):
    return st.floats(low, high, allow_nan=False, allow_infinity=False, allow_subnormal=False)


def probabilities(tail=1e-12):
    """A probability strictly between 0 and 1, often far out in a tail."""
    tails = numbers(math.log10(tail), math.log10(0.5)).map(lambda exponent: 10.0**exponent)
    return st.one_of(tails, tails.map(lambda p: 1.0 - p))


def probability_arrays(size=20, tail=1e-12):
    """A rising array of different probabilities."""
    return st.lists(probabilities(tail), min_size=2, max_size=size, unique=True).map(
        lambda levels: np.array(sorted(levels))
    )


def normal_scores(size=20, reach=8.0):
    """A rising array of normal scores."""
    return numpy_strategies.arrays(float, st.integers(1, size), elements=numbers(-reach, reach)).map(np.sort)


def scales():
    """A positive number over eight decades."""
    return numbers(-4.0, 4.0).map(lambda exponent: 10.0**exponent)


@st.composite
def intervals(draw):
    """Two ends, the distance between them not lost in the size of either."""
    width = draw(scales())
    low = draw(numbers(-10.0, 10.0)) * width
    return low, low + width


def fixed():
    return st.builds(families.Fixed, numbers(-1e6, 1e6))


def normals():
    return st.builds(families.Normal, numbers(-1e4, 1e4), scales())


def lognormals():
    return st.builds(families.LogNormal, numbers(-20.0, 20.0), numbers(0.01, 3.0))


def uniforms():
    return intervals().map(lambda ends: families.Uniform(*ends))


def loguniforms():
    return st.builds(lambda low, ratio: families.LogUniform(low, low * ratio), scales(), numbers(1.01, 1e6))


@st.composite
def peaked(draw, family):
    """A family with ends and a mode, the mode at one of the ends at times."""
    low, high = draw(intervals())
    share = draw(st.one_of(st.sampled_from([0.0, 1.0]), numbers(0.0, 1.0)))
    return family(low, min(max(low + share * (high - low), low), high), high)


def triangulars():
    return peaked(families.Triangular)


def perts():
    return peaked(families.PERT)


@st.composite
def betas(draw):
    low, high = draw(intervals())
    return families.Beta(draw(numbers(0.3, 200.0)), draw(numbers(0.3, 200.0)), low=low, high=high)


@st.composite
def truncated_normals(draw):
    """A truncated normal: one or two ends, the mean inside or up to five sd outside them."""
    low, high = draw(intervals())
    width = high - low
    sides = draw(st.sampled_from(["both", "low", "high"]))
    sd = width * draw(numbers(0.2, 3.0))
    mean = draw(numbers(-5.0, 5.0)) * sd + low
    return families.TruncatedNormal(
        mean, sd, -math.inf if sides == "high" else low, math.inf if sides == "low" else high
    )


def gammas():
    return st.builds(families.Gamma, numbers(0.05, 500.0), scales())


@st.composite
def discretes(draw):
    values = draw(st.lists(st.integers(-100, 100), min_size=1, max_size=6, unique=True))
    shares = draw(st.lists(st.integers(1, 9), min_size=len(values), max_size=len(values)))
    return families.Discrete(sorted(values), [share / sum(shares) for share in shares])


@st.composite
def metalogs(draw):
    """A metalog of two or three terms, unbounded, with one bound or with two."""
    scale = draw(numbers(0.05, 3.0))
    coefficients = [draw(numbers(-3.0, 3.0)), scale]
    if draw(st.booleans()):
        coefficients.append(scale * draw(numbers(-1.6, 1.6)))
    low, high = draw(intervals())
    bounds = draw(st.sampled_from([None, (low, math.inf), (-math.inf, high), (low, high)]))
    return families.Metalog(coefficients, bounds=bounds)


@st.composite
def moved(draw):
    """A family that fits on a scale of its own, its quantiles moved there."""
    base = draw(st.one_of(normals(), lognormals(), metalogs(), uniforms()))
    return families.Moved(base, draw(numbers(-2.0, 2.0)), draw(numbers(0.3, 2.0)))


BY_FAMILY = {
    "fixed": fixed,
    "normal": normals,
    "lognormal": lognormals,
    "uniform": uniforms,
    "loguniform": loguniforms,
    "triangular": triangulars,
    "pert": perts,
    "beta": betas,
    "truncated_normal": truncated_normals,
    "gamma": gammas,
    "discrete": discretes,
    "metalog": metalogs,
    "moved": moved,
}


def distributions(*names):
    """A distribution of any family, or of the families named."""
    return st.one_of([BY_FAMILY[name]() for name in names or BY_FAMILY])


def continuous_distributions():
    """A distribution with a density."""
    return distributions(*(name for name in BY_FAMILY if name not in ("fixed", "discrete")))
