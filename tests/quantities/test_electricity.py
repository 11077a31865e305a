"""The denominator of every share of US electricity."""

import numpy as np
from numpy.testing import assert_allclose

from clustercast.quantities.electricity import us_electricity


def test_the_observed_decade_grew_by_barely_five_percent():
    # Ember via Our World in Data: 4,056 TWh in 2013, 4,254 TWh in 2023.
    year = np.array([[2013.0], [2018.0], [2023.0]])
    growth = (4254 / 4056) ** 0.1 - 1
    found = us_electricity(year, 2013.0, 4056.0, growth, 1.0)
    assert_allclose(found[[0, 2], 0], [4056, 4254])
    assert_allclose(found[1, 0], np.sqrt(4056 * 4254))
    assert_allclose(growth, 0.0048, atol=1e-4)


def test_without_growth_production_stays():
    assert_allclose(us_electricity(np.array([[2000.0], [2024.0], [2040.0]]), 2024.0, 4250.0, 0.0, 1.0), 4250)
