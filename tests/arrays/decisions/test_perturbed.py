"""Derivatives under a change of the probabilities of samples, against differences."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm

from clustercast.arrays.decisions.laws import (
    density_at_median,
    index_responses,
    point_scores,
    score_covariance,
    total_sensitivity,
)


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
    # Samples that conditioning leaves no share have none of the index, though they fill a bin.
    more = [np.r_[cell, 4, 4] for cell in cells]
    again, _ = index_responses(np.r_[values, 7, 8], SimpleNamespace(member=more), np.r_[shares, 0, 0])
    np.testing.assert_allclose(again, index)
    for column, cell in enumerate(cells):
        assert np.isclose(index[column], first_order(values, cell, shares), rtol=1e-12)
        for sample in range(0, 40, 7):
            more, less = ((1 - step) * shares + step * (np.arange(40) == sample) for step in (1e-5, -1e-5))
            slope = (first_order(values, cell, more) - first_order(values, cell, less)) / 2e-5
            assert np.isclose(responses[sample, column], slope, rtol=1e-6, atol=1e-6)


def test_the_score_of_a_point_is_the_change_of_the_logarithm_of_the_mass_beside_it():
    """The density of an interval is its mass over its width: a point that moves up by e takes e f of that above."""
    levels, densities = np.array([0.1, 0.5, 0.9]), np.array([0.3, 0.8, 0.2])
    mass, step = np.diff([0, *levels, 1]), 1e-7
    scores = point_scores(np.arange(4), densities, levels)
    for point in range(3):
        moved = mass.copy()
        # What the old law has between the points; each keeps its probability, so that the new density is over that.
        moved[point] += step * densities[point]
        moved[point + 1] -= step * densities[point]
        np.testing.assert_allclose(scores[:, point], np.log(mass / moved) / step, atol=1e-5)


def test_a_score_covariance_is_numpys_and_its_error_that_of_a_mean():
    rng = np.random.default_rng(3)
    scores, values, shares = rng.normal(size=(500, 2)), rng.normal(size=(500, 3)), rng.gamma(1.0, size=500)
    values[:, 0] += scores[:, 1]
    shares /= shares.sum()
    result, error = score_covariance(scores, values, shares)
    exact = np.cov(values.T, scores.T, aweights=shares, ddof=0)[:3, 3:]
    np.testing.assert_allclose(result, exact, rtol=1e-12)
    even = np.full(500, 1 / 500)
    products = (values - values.mean(axis=0))[:, :, np.newaxis] * (scores - scores.mean(axis=0))[:, np.newaxis]
    np.testing.assert_allclose(score_covariance(scores, values, even)[1], products.std(axis=0) / np.sqrt(500))
    gaps, centred = values - shares @ values, scores - shares @ scores
    second = np.einsum("s,st,sp->tp", shares, gaps**2, centred**2)
    np.testing.assert_allclose(error / np.sqrt(shares @ shares), np.sqrt(second - exact**2))


def test_the_density_at_a_median_is_that_of_the_law():
    values, shares = norm.ppf((np.arange(20000) + 0.5) / 20000)[::-1], np.full(20000, 1 / 20000)
    median, density = density_at_median(values, shares)
    assert median == pytest.approx(0, abs=1e-3)
    # The mean density between the 46 and 54 % points.
    assert density == pytest.approx(0.08 / (2 * norm.ppf(0.54)), rel=1e-3)
    assert density_at_median(np.zeros(9), np.full(9, 1 / 9)) == (0.0, np.inf)


def test_the_response_of_a_total_index_is_that_of_a_sum_of_normal_inputs():
    """Of x1 + 2 x2: the totals are 1/5 and 4/5; with the first variance v they are v / (v + 4) and 4 / (v + 4).

    The score of v at 1 is (x**2 - 1) / 2, so that the derivatives are 4/25 and -4/25.
    """
    a, b = np.random.default_rng(1).normal(size=(2, 1 << 16, 2))
    runs = [a, np.column_stack([b[:, 0], a[:, 1]]), np.column_stack([a[:, 0], b[:, 1]]), b]
    values = np.stack([run @ [1.0, 2.0] for run in runs], axis=1).ravel()
    scores = np.stack([(run**2 - 1) / 2 for run in runs], axis=1).reshape(-1, 2)
    index, (result, error) = total_sensitivity(values, scores, [0, 1], 4)
    assert index == pytest.approx([0.2, 0.8], abs=0.01)
    exact = np.array([[4 / 25, -4 / 25], [-4 / 25, 4 / 25]])
    assert (np.abs(result - exact) < 4 * error).all()
    # Not wide for nothing: some five standard deviations of products of fourth powers.
    assert error.max() < 5 / np.sqrt(1 << 16)


def test_the_response_of_a_total_index_is_its_derivative_to_the_weights_of_samples():
    """Of two points of each of two inputs; a score adds to the weight of a point of a, and of b where it is swapped."""
    generator = np.random.default_rng(2)
    rows, points, scores = 4, 30, generator.normal(size=(120, 4))
    values = generator.normal(size=120)
    index, (result, error) = total_sensitivity(values, scores, [0, 1], rows)
    runs, of = values.reshape(points, rows), scores.reshape(points, rows, 4)

    def indices(step, point):
        a, b = (1 + step * of[:, run, point] for run in (0, 3))
        away = (runs[:, [0, 3]] - values.mean()) ** 2 / 2

        def mean(products, weights):
            return (products * weights).sum() / weights.sum()

        variance = mean(away[:, 0], a) + mean(away[:, 1], b)
        changes = ((runs[:, :1] - runs[:, 1:3]) ** 2 / 2).T
        # The law of the input in b counts where that one is swapped.
        swapped = [(mean(change, b) - change.mean()) * (point // 2 == k) for k, change in enumerate(changes)]
        return np.array([mean(change, a) + more for change, more in zip(changes, swapped, strict=True)]) / variance

    np.testing.assert_allclose(index, indices(0, 0))
    for point in range(4):
        slopes = (indices(1e-5, point) - indices(-1e-5, point)) / 2e-5
        np.testing.assert_allclose(result[:, point], slopes, atol=1e-7)
