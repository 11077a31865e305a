"""The training cluster: the essay's derivations, closed forms, and limits that must be finite."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from clustercast.quantities import cluster

CONSTANT, SLOWING, WANDERING = 0.0, 1.0, 2.0
HOUR = 1 / 8760
DAY = 1 / 365
SECOND = HOUR / 3600


def column(*years):
    return np.array(years, dtype=float)[:, np.newaxis]


def growth(year, rate=0.5, slowdown=0.0, structure=CONSTANT, wandering=0.0, start=2022.0):
    return cluster.integrated_cluster_growth(year, start, rate, slowdown, structure, wandering)


def gain(year, rate, base):
    return cluster.flop_per_dollar_gain(year, base, rate, 1.0)


def test_the_gpt4_cluster_is_about_ten_thousand_h100():
    assert_allclose(cluster.initial_cluster_size(25_000.0, np.array([3.0, 2.5, 2.0])), [8333.33, 10_000, 12_500], 1e-6)


def test_half_an_order_of_magnitude_a_year_is_threefold():
    size = cluster.training_cluster_size(1e4, growth(column(2022, 2023, 2030)))
    assert_allclose(size[1] / size[0], np.sqrt(10), rtol=1e-12)
    assert_allclose(size[2] / size[0], 1e4, rtol=1e-12)


@given(st.floats(0.1, 1), st.floats(1e-6, 1), st.floats(-5, 15))
def test_growth_that_slows_is_the_integral_of_a_decaying_rate(rate, slowdown, time):
    # Gauss and Legendre's rule of 40 points: to rounding for exponents up to 15, also over the shortest times.
    points, weights = np.polynomial.legendre.leggauss(40)
    expected = time / 2 * np.sum(weights * rate * np.exp(-slowdown * time * (points + 1) / 2))
    found = growth(column(2022 + time), rate, slowdown, SLOWING)
    assert_allclose(found[0, 0], expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("slowdown", [0.0, 1e-300, 1e-16, 1e-12])
def test_no_slowdown_is_the_straight_line(slowdown):
    years = column(2015, 2022, 2024.5, 2040)
    assert_allclose(growth(years, slowdown=slowdown, structure=SLOWING), growth(years), rtol=1e-10, atol=1e-15)


def test_each_sample_follows_its_own_structure():
    years = column(2022, 2030)
    each = growth(years, slowdown=0.1, structure=np.array([CONSTANT, SLOWING, WANDERING]), wandering=0.25)
    assert_allclose(each[1], [4.0, 0.5 * (1 - np.exp(-0.8)) / 0.1, 4.25])


def wander(year, first=0.0, second=0.0, volatility=1.0, horizon=12.0):
    return cluster.cluster_growth_wandering(year, 2022.0, volatility, first, second, horizon)


def test_growth_wanders_with_the_variance_of_an_integrated_brownian_path():
    time = np.array([[6.0], [9.0], [12.0]])
    variance = wander(2022 + time, first=1.0) ** 2 + wander(2022 + time, second=1.0) ** 2
    # What the coefficients that are left out would add: 4 % half way, 0.2 % at the horizon.
    assert_allclose(variance / (time**3 / 3), [[0.96], [0.997], [0.998]], atol=1e-3)


def test_the_modes_of_the_path_are_the_karhunen_loeve_modes():
    # Derivatives at the horizon: sqrt(2 T) times +-1 over (k - 1/2) pi.
    step = 1e-4
    years = column(2034 - step, 2034 + step)
    for number, sign in ((1, 1.0), (2, -1.0)):
        path = wander(years, first=float(number == 1), second=float(number == 2))
        slope = (path[1] - path[0]) / (2 * step)
        assert_allclose(slope, sign * np.sqrt(24) / ((number - 0.5) * np.pi), rtol=1e-6)


def test_growth_stays_where_it_is_before_the_start_and_after_the_horizon():
    assert_allclose(wander(column(2000, 2021, 2022), first=1.3, second=-2.0), 0)
    after = wander(column(2034, 2036, 2038, 2040), first=1.3, second=-2.0)
    assert_allclose(np.diff(after, 2, axis=0), 0, atol=1e-12)


def test_the_path_does_not_depend_on_the_grid_of_years():
    yearly, half_yearly = np.arange(2022, 2041.0), np.arange(2022, 2040.5, 0.5)
    coarse = wander(yearly[:, np.newaxis], first=0.7, second=0.2)
    fine = wander(half_yearly[:, np.newaxis], first=0.7, second=0.2)
    assert_allclose(fine[::2], coarse, rtol=1e-13)


@given(st.floats(0.0, 1.0), st.floats(0.0, 0.5), st.floats(0, 20))
def test_the_cluster_grows_with_its_growth_rate(rate, more, time):
    year = column(2022 + time)
    for structure in (CONSTANT, SLOWING, WANDERING):
        less_size = cluster.training_cluster_size(1e4, growth(year, rate, 0.05, structure, 0.1))
        assert cluster.training_cluster_size(1e4, growth(year, rate + more, 0.05, structure, 0.1)) >= less_size


def test_a_purchased_gpt4_cluster_costs_half_a_billion():
    per_accelerator = cluster.cluster_cost_per_accelerator(25_000.0, 0.5, 1.0)
    assert per_accelerator == 50_000
    assert cluster.training_cluster_cost(1e4, per_accelerator) == 5e8


def test_a_rented_gpt4_cluster_costs_half_a_billion():
    cost = cluster.cluster_rental_cost(25_000.0, 1.0 / HOUR, np.array([2.0, 3.0]))
    assert_allclose(cost, [438e6, 657e6])


@pytest.mark.parametrize(
    ("growth_rate", "base", "cost"),
    [(0.35, 2022, 453e9), (0.35, 2024, 826e9), (0.223, 2022, 1e12), (0.308, 2024, 1e12)],
)
def test_the_trillion_depends_on_the_year_of_the_prices(growth_rate, base, cost):
    per_accelerator = cluster.cluster_cost_per_accelerator(25_000.0, 0.5, gain(column(2030), growth_rate, base))
    assert_allclose(cluster.training_cluster_cost(1e8, per_accelerator), cost, rtol=5e-3)


def test_there_is_no_gain_before_the_base_year():
    assert_allclose(gain(column(2015, 2022, 2024, 2026), 0.35, 2024.0)[:, 0], [1, 1, 1, 1.35**2])


def test_ten_times_in_a_decade_is_26_percent_a_year():
    assert_allclose(gain(column(2034), 0.2589, 2024.0), 10, rtol=1e-3)


@given(st.floats(1e6, 1e13), st.floats(0.35, 0.65), st.floats(0.09, 0.225))
def test_the_components_sum_to_the_total(total, accelerator_share, network_share):
    accelerators = cluster.cluster_accelerator_cost(total, accelerator_share)
    network = cluster.cluster_network_cost(total, network_share)
    other = cluster.cluster_other_cost(total, accelerators, network)
    assert_allclose(accelerators + network + other, total, rtol=1e-15)
    assert other > 0


def test_nvidia_takes_a_bit_over_60_percent_without_the_cost_of_capital():
    # 40 % and 13 % of a total of which a fifth is the cost of capital.
    total = 0.8
    other = cluster.cluster_other_cost(total, 0.40, 0.13)
    assert_allclose(1 - other / total, 0.6625)


def test_gpt4_took_2e25_operations():
    # 25k A100 (624e12 dense 8-bit operations a second), 95 days, 34 % of the 16-bit peak: Epoch AI has 2.1e25.
    size = 25_000 * 624e12 / 1979e12
    found = cluster.training_run_compute(size, 1979e12 / SECOND, 0.34 / 2, 95 * DAY)
    assert_allclose(found, 25_000 * 312e12 * 0.34 * 95 * 86_400, rtol=1e-12)
    assert_allclose(found, 2.1e25, rtol=0.06)
