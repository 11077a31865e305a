"""Growth, floors, stocks and capacities: closed forms in exact arithmetic, integrals and hand computations."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad

from clustercast.quantities import growth

RATE = st.floats(-1, 3, allow_subnormal=False)
DECAY = st.one_of(st.just(0.0), st.floats(1e-300, 2))
TIME = st.floats(-40, 40)
FLOW = st.floats(1e-3, 1e3)


def exact_growth(rate, decay, earlier, time):
    with mpmath.workdps(60):
        rate, decay, earlier, time = map(mpmath.mpf, (rate, decay, earlier, time))
        if time < 0:
            return float(earlier * time)
        return float(rate * time if decay == 0 else -rate * mpmath.expm1(-decay * time) / decay)


@given(RATE, DECAY, RATE, TIME)
def test_growth_is_the_integral_of_a_rate_that_decays_after_its_base_date(rate, decay, earlier, time):
    result = growth.integrated_growth(rate, decay, earlier, time)
    assert_allclose(result, exact_growth(rate, decay, earlier, time), rtol=1e-14, atol=1e-300)


@given(RATE, RATE, DECAY, RATE, st.floats(-40, 0))
def test_a_change_of_the_future_leaves_the_past_alone(rate, other, decay, earlier, time):
    pasts = [growth.integrated_growth(r, decay, earlier, time) for r in (rate, other)]
    assert pasts[0] == pasts[1]


@given(st.floats(0.01, 2), st.floats(0, 1), st.floats(0, 1), st.floats(0, 20))
def test_growth_is_continuous_in_its_slowdown(rate, decay, more, time):
    less, fast = (growth.integrated_growth(rate, d, 0.0, time) for d in (decay + more, decay))
    # Both are rounded three times, however close they are.
    assert -4 * np.spacing(fast) <= fast - less <= rate * more * time**2 / 2 * (1 + 1e-9) + 1e-12


def test_wandering_has_the_variance_of_a_brownian_path_but_for_the_terms_that_are_left_out():
    time = np.array([7.0, 14.0])
    variance = sum(growth.wandering(1.0, *shocks, time, 14.0) ** 2 for shocks in ((1.0, 0.0), (0.0, 1.0)))
    # Two terms of the Karhunen-Loeve sum keep 90 % at the horizon: 2 (4 / pi^2) (1 + 1 / 9), and as much half way.
    assert_allclose(variance / time, [8 / np.pi**2 * 10 / 9] * 2, rtol=1e-12)


@given(st.floats(0, 1), st.floats(-3, 3), st.floats(-3, 3))
def test_growth_does_not_wander_outside_the_horizon(volatility, first, second):
    early, start, end, late = growth.wandering(volatility, first, second, np.array([-5.0, 0.0, 14.0, 20.0]), 14.0)
    assert early == start == 0
    assert end == late


def test_ten_times_in_a_decade_is_26_percent_a_year():
    assert_allclose(growth.gain(0.2589, 0.0, 0.1, np.array([10.0, -1.0]), 1.0), [10, 1 / 1.1], rtol=1e-3)


@given(st.floats(1, 1e5), st.floats(0, 1), st.floats(1, 1e3), st.floats(0.01, 10))
def test_a_price_falls_to_its_floor_and_no_further(value, share, gain, time):
    floor = share * value
    after = growth.floored(value, floor, gain, time)
    assert floor * (1 - 1e-12) <= after <= value * (1 + 1e-12)
    assert_allclose(growth.floored(value, floor, 1e30, time), floor, rtol=1e-12, atol=1e-20)
    assert growth.floored(value, floor, gain, -time) == value / gain


@given(FLOW, st.floats(0.01, 2))
def test_a_flow_in_steady_growth_stands_over_its_growth_and_retirement(flow, loss):
    integral, _ = quad(lambda age: flow * np.exp(-loss * age), 0, np.inf)
    assert_allclose(growth.steady_stock(flow, loss, 1.0), integral, rtol=1e-6)


@pytest.mark.parametrize("loss", [0.0, -0.1])
def test_a_flow_that_shrank_faster_than_it_retired_leaves_no_stock(loss):
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        growth.steady_stock(np.array([1.0]), np.array([loss]), 1.0)


def simpsons_error(first, exponent):
    """The largest error of Simpson's rule over a unit step of an exponential (K. E. Atkinson 1989, section 5.1)."""
    return first * max(1.0, np.exp(exponent)) * (exponent**4 / 2880 + 1e-12)


@given(FLOW, st.floats(-1, 1))
def test_the_mean_of_an_exponential_flow_is_that_of_simpsons_rule(flow, rise):
    exact, _ = quad(lambda t: flow * np.exp(rise * t), 0, 1)
    assert_allclose(growth.mean_flow(flow, flow * np.exp(rise)), exact, atol=simpsons_error(flow, rise), rtol=0)
    assert growth.mean_flow(flow, flow) == pytest.approx(flow)


@given(st.floats(0, 1e4), FLOW, st.floats(-1, 1), st.floats(0, 0.6), st.floats(0.05, 0.5))
def test_a_stock_solves_its_differential_equation(stock, flow, rise, hazard, time):
    def shipped_and_left(t):
        return flow * np.exp(rise * t) * np.exp(-hazard * (time - t))

    exact = stock * np.exp(-hazard * time) + quad(shipped_and_left, 0, time)[0]
    result = growth.next_stock(stock, flow, flow * np.exp(rise * time), hazard, time)
    error = time * simpsons_error(flow * np.exp(-hazard * time), (rise + hazard) * time)
    assert_allclose(result, exact, atol=error, rtol=1e-12)


@given(FLOW, st.floats(0, 1), st.floats(0.1, 0.5))
def test_a_stock_in_steady_growth_stays_in_it(flow, hazard, rise):
    later = flow * np.exp(rise / 2)
    stock, expected = (growth.steady_stock(f, rise + hazard, 1.0) for f in (flow, later))
    error = 0.5 * simpsons_error(flow * np.exp(-hazard / 2), (rise + hazard) / 2)
    assert_allclose(growth.next_stock(stock, flow, later, hazard, 0.5), expected, atol=error, rtol=1e-12)


@given(FLOW, FLOW, FLOW, st.floats(0, 2))
def test_a_capacity_follows_the_need_no_faster_than_its_rate_and_never_falls(capacity, need, before, rate):
    result = growth.next_capacity(capacity, need, before, rate, 0.5, 1.0)
    assert capacity <= result <= max(capacity, need) * (1 + 1e-12)
    assert result <= capacity * (1 + rate) ** 0.5 * (1 + 1e-12)
    assert growth.next_capacity(capacity, need, before, rate + 0.1, 0.5, 1.0) >= result * (1 - 1e-12)


def test_a_capacity_grows_only_in_the_part_of_the_step_in_which_it_is_short():
    # The need rises fourfold from half the capacity to twice it: short in the second half of the step alone.
    assert growth.next_capacity(1.0, 2.0, 0.5, 0.21, 1.0, 1.0) == pytest.approx(1.21**0.5)
    assert growth.next_capacity(1.0, 2.0, 1.0, 0.21, 1.0, 1.0) == pytest.approx(1.21)
    assert growth.next_capacity(1.0, 1.05, 1.0, 0.21, 1.0, 1.0) == pytest.approx(1.05)
    assert growth.next_capacity(1.0, 0.9, 0.9, 0.21, 1.0, 1.0) == 1.0
