"""Derivatives under a change of the probabilities of samples, against differences."""

from types import SimpleNamespace

import numpy as np

from clustercast.arrays.decisions.perturbed import index_responses


def first_order(values, cells, shares):
    """Return the variance of the means of cells over the whole variance."""
    mean = shares @ values
    means = [(shares[cells == cell] @ values[cells == cell]) / shares[cells == cell].sum() for cell in cells]
    return shares @ (np.array(means) - mean) ** 2 / (shares @ (values - mean) ** 2)


def test_the_response_of_an_index_is_its_derivative_to_the_share_of_a_sample():
    rng = np.random.default_rng(3)
    cells = rng.integers(0, 4, (2, 40))
    values, shares = cells[0] + rng.normal(size=40), rng.gamma(1.0, size=40)
    shares /= shares.sum()
    index, responses = index_responses(values, SimpleNamespace(member=list(cells)), shares)
    assert np.allclose(shares @ responses, 0, atol=1e-12)
    for column, cell in enumerate(cells):
        assert np.isclose(index[column], first_order(values, cell, shares), rtol=1e-12)
        for sample in range(0, 40, 7):
            more, less = ((1 - step) * shares + step * (np.arange(40) == sample) for step in (1e-5, -1e-5))
            slope = (first_order(values, cell, more) - first_order(values, cell, less)) / 2e-5
            assert np.isclose(responses[sample, column], slope, rtol=1e-6, atol=1e-6)
