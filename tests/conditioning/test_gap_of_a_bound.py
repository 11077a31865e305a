"""The gap that a bound leaves against mpmath, with more digits than floats have."""

import mpmath
import numpy as np
import pytest

from clustercast.arrays.posterior import ErrorModel, ObservedRows, row_density


@pytest.mark.parametrize("tilt", [-6.0, 0.5, 30.0, 150.0, 250.0, 3000.0])
def test_the_gap_that_a_bound_leaves_has_the_moments_of_a_normal_cut_at_zero(tilt):
    """About a mean of -t with deviation 1: mean h - t and variance 1 + t h - h^2 with the hazard h, to 60 digits."""
    one = {"value": [-0.3], "error": [0.1], "date": [2020.0]}
    whole = {name: np.array([number]) for name, number in (("bound", 1), ("group", 0), ("quantity", 0))}
    observed = ObservedRows(**{name: np.array(row) for name, row in one.items()}, **whole, correlation=0.4)
    model = ErrorModel(np.array([[0.15], [0.05]]), np.array([1.0]), np.array([0.7]))
    centre = observed.value - (tilt - 1)
    with mpmath.workdps(60):
        t = mpmath.mpf(float(observed.value[0] - centre[0])) + 1
        hazard = mpmath.npdf(t) / (mpmath.erfc(t / mpmath.sqrt(2)) / 2)
        mean, variance = float(hazard - t), float(1 + t * hazard - hazard**2)
    _, away, left = row_density(observed, model, 0, centre, np.ones(1))
    assert away - (observed.value - centre) == pytest.approx(mean, rel=1e-8)
    # The difference loses as many digits as t ** 4 has.
    assert left == pytest.approx(variance, rel=1e-6)
