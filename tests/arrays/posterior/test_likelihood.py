"""The likelihood against scipy's normal distributions and against quadrature."""

import numpy as np
import pytest
from scipy import integrate, stats

from clustercast.arrays.posterior import ErrorModel, ObservedRows, leave_one_out_density, log_likelihood, replicate


def rows(bound, group, correlation=0.4):
    n = len(bound)
    return ObservedRows(
        value=np.linspace(-0.3, 0.4, n),
        error=np.linspace(0.1, 0.2, n),
        bound=np.array(bound),
        group=np.array(group),
        quantity=np.arange(n) % 2,
        date=np.linspace(2020, 2024, n),
        correlation=correlation,
    )


def errors(discrepancy=(0.15, 0.05), lower=0.3, upper=0.7):
    return ErrorModel(np.array(discrepancy)[:, np.newaxis], np.array([lower]), np.array([upper]))


def covariance(observed, model, members):
    matrix = np.full((len(members), len(members)), observed.correlation)
    np.fill_diagonal(matrix, 1)
    own = model.discrepancy[observed.quantity, 0][members] ** 2
    return matrix * np.outer(observed.error[members], observed.error[members]) + np.diag(own)


PREDICTED = np.array([0.1, -0.2, 0.25, 0.0, 0.3])


def test_measurements_are_jointly_normal_in_a_group():
    observed, model = rows([0] * 5, [0, 1, 0, 1, 1]), errors()
    residual = observed.value - PREDICTED
    expected = sum(
        stats.multivariate_normal.logpdf(residual[m], cov=covariance(observed, model, m)) for m in ([0, 2], [1, 3, 4])
    )
    assert log_likelihood(observed, PREDICTED[:, None], model)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("bound", "mean"), [([0, 1, 0], 0.3), ([0, -1, 0], 0.7)])
def test_the_gap_of_a_bound_in_a_group_is_integrated_out(bound, mean):
    observed, model = rows(bound, [0, 0, 0]), errors()
    residual, matrix = observed.value - PREDICTED[:3], covariance(observed, model, [0, 1, 2])

    def integrand(gap):
        error = residual + np.array(bound) * gap
        return stats.expon.pdf(gap, scale=mean) * stats.multivariate_normal.pdf(error, cov=matrix)

    expected = integrate.quad(integrand, 0, 10, epsabs=0, epsrel=1e-11, limit=500, points=[0.1, 0.3, 1])[0]
    assert np.exp(log_likelihood(observed, PREDICTED[:3, None], model)[0]) == pytest.approx(expected, rel=1e-8)


def test_one_bound_is_scipys_exponentially_modified_normal():
    observed, model = rows([-1], [0]), errors(upper=0.5)
    spread = np.hypot(observed.error[0], 0.15)
    for predicted in (-30.0, -8.0, -1.0, 0.0, 2.0):
        expected = stats.exponnorm.logpdf(observed.value[0], 0.5 / spread, loc=predicted, scale=spread)
        assert log_likelihood(observed, np.array([[predicted]]), model)[0] == pytest.approx(expected, rel=1e-9)


def test_no_gap_is_a_measurement():
    model = errors(lower=1e-12)
    bounds = log_likelihood(rows([1, 1, 1], [0, 0, 0]), PREDICTED[:3, None], model)
    plain = log_likelihood(rows([0, 0, 0], [0, 0, 0]), PREDICTED[:3, None], model)
    assert bounds == pytest.approx(plain, rel=1e-9)


def test_a_record_far_below_the_model_costs_little_and_one_far_above_much():
    observed, model = rows([1], [0]), errors(lower=1.0)
    below, above = (log_likelihood(observed, observed.value[:, None] + shift, model)[0] for shift in (1.0, -1.0))
    assert below > -2.5
    assert above < -15


def test_leaving_a_row_out_gives_the_normal_conditional():
    observed, model = rows([0] * 3, [0, 0, 0]), errors()
    matrix, residual = covariance(observed, model, [0, 1, 2]), observed.value - PREDICTED[:3]
    weights = matrix[0, 1:] @ np.linalg.inv(matrix[1:, 1:])
    expected = stats.norm.logpdf(residual[0], weights @ residual[1:], np.sqrt(matrix[0, 0] - weights @ matrix[1:, 0]))
    assert leave_one_out_density(observed, PREDICTED[:3, None], model)[0, 0] == pytest.approx(expected, rel=1e-11)


def test_a_row_alone_in_its_group_is_its_own_density():
    observed, model = rows([0, 1], [0, 1]), errors()
    alone = leave_one_out_density(observed, PREDICTED[:2, None], model)
    assert alone.sum(axis=0) == pytest.approx(log_likelihood(observed, PREDICTED[:2, None], model), rel=1e-13)


def test_replicates_have_the_moments_of_the_likelihood():
    observed, size = rows([0, 1, 1], [0, 0, 0]), 200_000
    model = ErrorModel(np.tile([[0.15], [0.05]], size), np.full(size, 0.3), np.full(size, 0.7))
    drawn = replicate(observed, np.zeros((3, size)), model, np.random.default_rng(1))
    matrix = covariance(observed, ErrorModel(model.discrepancy[:, :1], *([np.ones(1)] * 2)), [0, 1, 2])
    gap = np.diag([0, 1, 1]) * 0.3**2
    # Five standard errors of a mean and of a covariance of 200,000 draws.
    assert drawn.mean(axis=1) == pytest.approx(np.array([0, -0.3, -0.3]), abs=5 * 0.4 / np.sqrt(size))
    assert np.cov(drawn) == pytest.approx(matrix + gap, abs=5 * 3 * 0.15 / np.sqrt(size))
