"""Payback: the integral of the logistic path, and margin against spending so far."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from clustercast.quantities import payback

HALF_YEAR = 0.5
START = 1999.0


def logistic(time, start, rate, ceiling):
    return ceiling / (1 + (ceiling / start - 1) * np.exp(-rate * time))


@given(st.floats(1e8, 1e12), st.floats(1e9, 1e12), st.floats(0.1, 3.0), st.floats(2.0, 1000.0), st.floats(0.1, 0.9))
def test_the_margin_over_the_payback_time_is_the_cost(cost, start, rate, room, margin):
    ceiling = start * room
    time = float(payback.cluster_payback_time(cost, start, rate, ceiling, margin))
    earned, _ = quad(logistic, 0, time, args=(start, rate, ceiling))
    assert margin * earned == pytest.approx(cost, rel=1e-6)


def test_a_cluster_that_the_ceiling_repays_slowly_has_a_finite_payback_time():
    time = payback.cluster_payback_time(1e15, 1e10, 1.4, 1e11, 0.5)
    assert time == pytest.approx(1e15 / (0.5 * 1e11), rel=1e-3)


def test_the_payback_ratio_is_one_at_the_payback_time():
    time = payback.cluster_payback_time(5e9, 4e9, 1.2, 1e12, 0.4)
    assert payback.cluster_payback_ratio(5e9, 4e9, 1.2, 1e12, 0.4, time) == pytest.approx(1.0)
    assert payback.cluster_payback_year(np.array([[2024.0]]), time) == pytest.approx(2024.0 + float(time))


def test_the_gpt4_cluster_is_paid_off_within_two_years_of_billions_of_revenue():
    """The essay: the estimated 500M USD would have been paid off by the reported billions of annual revenue."""
    assert payback.cluster_payback_time(5e8, 2e9, np.log(2) / HALF_YEAR, 3e12, 0.4) < 1


@given(st.floats(1e8, 1e13), st.floats(1e9, 1e12), st.floats(1.01, 3.0))
def test_a_dearer_cluster_takes_longer_and_a_larger_revenue_repays_it_sooner(cost, start, factor):
    time = payback.cluster_payback_time(cost, start, 1.0, 1e13, 0.4)
    assert payback.cluster_payback_time(cost * factor, start, 1.0, 1e13, 0.4) > time
    assert payback.cluster_payback_time(cost, start * factor, 1.0, 1e13, 0.4) < time


def grid(step):
    return np.arange(2022.0, 2030.0 + step / 2, step)[:, np.newaxis]


def test_a_payback_time_of_seconds_is_as_precise_as_one_of_years():
    # Far below the ceiling and in no time revenue stands still: cost over margin.
    time = payback.cluster_payback_time(1.0, 1e10, 1.4, 1e13, 0.5)
    assert time == pytest.approx(1 / (0.5 * 1e10), rel=1e-9, abs=0)


def test_clusters_follow_each_other():
    assert payback.cluster_spending(1e11, 2.0) == pytest.approx(5e10)


@given(st.floats(0.2, 0.7), st.sampled_from([0.5, 1.0, 4.0]))
def test_spending_so_far_is_the_integral_of_its_exponential(rate, step):
    year, growth = grid(step), np.log(10) * rate
    spent = payback.cumulative_cluster_spending(year, 1e9 * np.exp(growth * (year - 2022)), np.array([rate]), START)
    np.testing.assert_allclose(spent, 1e9 * np.exp(growth * (year - 2022)) / growth, rtol=1e-3)


@given(st.floats(0.1, 1.0), st.sampled_from([0.5, 1.0, 4.0]))
def test_the_margin_so_far_is_the_integral_of_its_exponential(doubling, step):
    year, growth = grid(step), np.full((1, 1), np.log(2) / doubling)
    revenue = 1e9 * np.exp2((year - 2022) / doubling)
    earned = payback.cumulative_margin(year, revenue, np.array([0.4]), growth, 1e50, START)
    np.testing.assert_allclose(earned, 0.4 * revenue / growth, rtol=1e-3)


def test_the_margin_so_far_is_the_integral_of_the_logistic_path():
    year, growth, ceiling = grid(2.0), np.array([[1.2]]), 1e11
    revenue = logistic(year - 2022, 1e9, 1.2, ceiling)
    earned = payback.cumulative_margin(year, revenue, 1.0, growth, ceiling, START)
    expected = [quad(logistic, 0, y - 2022, args=(1e9, 1.2, ceiling))[0] for y in year[:, 0]]
    np.testing.assert_allclose((earned - earned[0]).ravel(), expected, rtol=1e-9)
    full = payback.cumulative_margin(year, np.full_like(year, ceiling), 1.0, growth, ceiling, START)
    np.testing.assert_allclose(np.diff(full.ravel()), 2 * ceiling)


def test_a_steady_flow_adds_up():
    year = grid(1.0)
    earned = payback.cumulative_margin(year, np.full_like(year, 2e9), 0.5, np.array([[0.0]]), 1e30, START)
    np.testing.assert_allclose(earned.ravel(), 1e9 * (23 + np.arange(9)), rtol=1e-9)


def test_all_clusters_are_paid_off_from_one_on():
    assert payback.cumulative_payback(2e9, 1e9) == pytest.approx(2.0)
