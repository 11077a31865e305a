"""Discrepancies that are correlated in time, against scipy's normal distributions and against quadrature."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from clustercast.arrays.posterior import (
    LASTING,
    ErrorModel,
    ObservedRows,
    absorbed,
    leave_one_out_density,
    log_likelihood,
    replicate,
)

DATES = np.array([2020.0, 2021.5, 2022.0, 2023.25, 2023.25])
PREDICTED = np.array([0.1, -0.2, 0.25, 0.0, 0.3])
TAU, TIME = np.array([0.15, 0.25]), 1.4


def rows(bound, quantity=(0, 0, 0, 0, 1), group=(0, 1, 0, 2, 2)):
    n = len(bound)
    return ObservedRows(
        value=np.linspace(-0.3, 0.4, n),
        error=np.linspace(0.1, 0.2, n),
        bound=np.array(bound),
        group=np.array(group[:n]),
        quantity=np.array(quantity[:n]),
        correlation=0.4,
        date=DATES[:n],
    )


def errors(size=1, lower=0.3, upper=0.7, time=TIME, halving=None):
    lower, upper, halving = (None if v is None else np.full(size, v) for v in (lower, upper, halving))
    times = None if time is None else np.full((TAU.size, size), time)
    return ErrorModel(np.repeat(TAU[:, np.newaxis], size, axis=1), lower, upper, times, halving)


def covariance(observed, time=TIME):
    apart = np.abs(np.subtract.outer(observed.date, observed.date))
    alike = np.equal.outer(observed.quantity, observed.quantity)
    lasting = np.where(np.eye(apart.shape[0], dtype=bool), 1.0, LASTING * np.exp(-apart / time))
    matrix = alike * np.outer(TAU[observed.quantity], TAU[observed.quantity]) * lasting
    shared = np.where(np.equal.outer(observed.group, observed.group), observed.correlation, 0.0)
    np.fill_diagonal(shared, 1)
    return matrix + shared * np.outer(observed.error, observed.error)


def density(observed, model=None, predicted=None):
    predicted = PREDICTED[: observed.value.size] if predicted is None else predicted
    return log_likelihood(observed, predicted[:, None], errors() if model is None else model)[0]


def test_measurements_are_jointly_normal_along_a_series():
    observed = rows([0] * 5)
    expected = stats.multivariate_normal.logpdf(observed.value - PREDICTED, cov=covariance(observed))
    assert density(observed) == pytest.approx(expected, rel=1e-12)


@given(st.permutations(range(5)), st.lists(st.sampled_from([0, 1]), min_size=5, max_size=5))
def test_the_order_of_the_rows_changes_nothing(order, bound):
    observed = rows(bound, quantity=(0, 0, 0, 0, 0))
    order = np.array(order)
    names = ("value", "error", "bound", "group", "quantity", "date")
    turned = replace(observed, **{name: getattr(observed, name)[order] for name in names})
    # Two bounds of one date come in the order of the rows: what an approximation changes is small.
    same = np.unique(observed.date[observed.bound != 0]).size == np.sum(observed.bound != 0)
    tolerance = {"rel": 1e-11} if same else {"abs": 0.02}
    assert density(turned, predicted=PREDICTED[order]) == pytest.approx(density(observed), **tolerance)


def test_a_bound_after_measurements_is_integrated_exactly():
    observed = rows([0, 1, 0])
    matrix = covariance(observed)

    def integrand(gap):
        error = observed.value - PREDICTED[:3] + np.array([0, gap, 0])
        return stats.expon.pdf(gap, scale=0.3) * stats.multivariate_normal.pdf(error, cov=matrix)

    expected = integrate.quad(integrand, 0, 10, epsabs=0, epsrel=1e-11, limit=500, points=[0.1, 0.3, 1])[0]
    assert np.exp(density(observed)) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("shift", [-0.5, 0.0, 0.5])
@pytest.mark.parametrize("sign", [1, -1])
def test_two_bounds_of_a_series_are_integrated_to_some_percent(shift, sign):
    """The second bound goes on with mean and variance of the first one's gap: within 3 % of the double integral."""
    observed = rows([sign, 0, sign])
    matrix, mean = covariance(observed), 0.3 if sign > 0 else 0.7

    def integrand(first, second):
        error = observed.value - PREDICTED[:3] - shift + sign * np.array([first, 0, second])
        gaps = stats.expon.pdf(first, scale=mean) * stats.expon.pdf(second, scale=mean)
        return gaps * np.exp(-0.5 * error @ np.linalg.solve(matrix, error))

    whole = integrate.dblquad(integrand, 0, 4, 0, 4, epsrel=1e-5)[0]
    expected = np.log(whole) - 0.5 * np.linalg.slogdet(2 * np.pi * matrix)[1]
    assert density(observed, predicted=PREDICTED[:3] + shift) == pytest.approx(expected, abs=0.03)


def test_what_is_to_come_has_the_normal_conditional():
    observed = rows([0] * 4, group=(0, 1, 2, 3))
    matrix, residual = covariance(observed), (observed.value - PREDICTED[:4])[:3]
    weights = matrix[3, :3] @ np.linalg.inv(matrix[:3, :3])
    _, mean, variance = absorbed(observed, PREDICTED[:4, None], errors(), np.arange(3), np.array([3]))
    assert mean[0, 0] == pytest.approx(weights @ residual, rel=1e-11)
    # The error of the row itself is in the variance.
    assert variance[0, 0] == pytest.approx(matrix[3, 3] - weights @ matrix[:3, 3], rel=1e-11)


def test_each_row_given_the_others_is_the_ratio_of_densities():
    observed = rows([0, 0, 0])
    matrix, residual = covariance(observed), observed.value - PREDICTED[:3]
    whole = stats.multivariate_normal.logpdf(residual, cov=matrix)
    without = stats.multivariate_normal.logpdf(residual[1:], cov=matrix[1:, 1:])
    result = leave_one_out_density(observed, PREDICTED[:3, None], errors())
    assert result[0, 0] == pytest.approx(whole - without, rel=1e-10)


@pytest.mark.parametrize("bound", [[0, 0, 0], [1, 1, -1]])
def test_no_correlation_time_is_no_correlation(bound):
    observed = rows(bound, group=(0, 1, 2))
    assert density(observed, errors(time=1e-9)) == pytest.approx(density(observed, errors(time=None)), rel=1e-9)


def test_the_gap_of_ceilings_halves():
    model = errors(halving=2.0)
    assert model.gap(-1, 2024.0) == pytest.approx(0.7 / 4)
    assert model.gap(1, 2024.0) == pytest.approx(0.3)
    observed = rows([-1], group=(0,))
    later = replace(observed, date=observed.date + 2)
    assert density(later, model) == pytest.approx(density(observed, errors(upper=0.35)), rel=1e-12)


def test_replicates_have_the_moments_of_the_likelihood():
    observed, size = rows([0, 1, 0, 0, 1]), 200_000
    drawn = replicate(observed, np.zeros((5, size)), errors(size), np.random.default_rng(1))
    gap = np.diag(np.array([0, 1, 0, 0, 1]) * 0.3**2)
    # Five standard errors of a mean and of a covariance of 200,000 draws.
    assert drawn.mean(axis=1) == pytest.approx(np.array([0, -0.3, 0, 0, -0.3]), abs=5 * 0.4 / np.sqrt(size))
    assert np.cov(drawn) == pytest.approx(covariance(observed) + gap, abs=5 * 3 * 0.15 / np.sqrt(size))


def test_series_are_joined_by_quantity_and_by_group():
    observed = rows([0] * 5, quantity=(0, 1, 0, 2, 3), group=(0, 1, 2, 2, 3))
    assert [list(members) for members in observed.series] == [[0, 2, 3], [1], [4]]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=5, max_size=5))
def test_series_share_no_quantity_and_no_group(keys):
    quantity, group = np.array(keys).T
    observed = rows([0] * 5, quantity=quantity, group=group)
    series = observed.series
    assert sorted(np.concatenate(series)) == list(range(5))
    for one in series:
        rest = np.setdiff1d(np.arange(5), one)
        assert not set(quantity[one]) & set(quantity[rest])
        assert not set(group[one]) & set(group[rest])
