"""Revenue: the essay's doublings (R1 to R4), the logistic path, what can be afforded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from clustercast.quantities import revenue

HALF_YEAR = 0.5
NO_CEILING = 1e30


def lab(year, base=1e9, base_year=2023.62, doubling=HALF_YEAR, lengthening=0.0, ceiling=NO_CEILING):
    return revenue.leading_lab_revenue(np.asarray(year), base, base_year, doubling, lengthening, ceiling)


def year_of(level, base, base_year):
    """Return when a run rate that doubles every six months reaches a level."""
    return brentq(lambda year: float(lab(year, base, base_year)) / level - 1, base_year, base_year + 10)


def test_R1_one_billion_in_august_2023_and_two_in_february_2024_double_every_six_months():
    assert lab(2023.62 + 6 / 12) == pytest.approx(2e9)


def test_R2_ten_billion_is_reached_in_april_2025_not_in_late_2024():
    months_after_february_2024 = (year_of(1e10, 2e9, 2024.12) - 2024.12) * 12
    assert months_after_february_2024 == pytest.approx(13.9, abs=0.05)
    assert 2025.25 < year_of(1e10, 2e9, 2024.12) < 2025.333


def test_R3_a_hundred_billion_takes_nineteen_point_nine_months_from_ten():
    path = lambda year: revenue.big_tech_ai_revenue(np.asarray(year), 1e10, 2025.0, HALF_YEAR, 0.0, NO_CEILING)  # noqa: E731
    year = brentq(lambda y: float(path(y)) / 1e11 - 1, 2025, 2030)
    assert (year - 2025.0) * 12 == pytest.approx(19.9, abs=0.05)
    assert year > 2026.5 + 1 / 12


def test_R4_a_third_of_the_office_subscribers_at_100_dollars_a_month_pay_140_billion():
    assert revenue.office_addon_revenue(350e6, 1 / 3, 100 * 12) == pytest.approx(140e9)


@given(st.floats(-3, 12), st.floats(0.01, 1.0))
def test_a_lengthening_doubling_time_solves_its_differential_equation(since, lengthening):
    """The logarithm of 2 over the growth rate is the doubling time of that moment."""
    step = 1e-5
    before, after = (float(lab(2023.62 + since + h, lengthening=lengthening)) for h in (-step, step))
    doubling_time = HALF_YEAR + lengthening * max(since, 0)
    assert np.log(after / before) / (2 * step) == pytest.approx(np.log(2) / doubling_time, rel=1e-3)


def test_no_lengthening_is_the_limit_of_a_small_one():
    years = np.arange(2020.0, 2035.0)
    np.testing.assert_allclose(lab(years, lengthening=1e-12), lab(years), rtol=1e-9)


def test_the_growth_rate_is_that_of_the_path():
    rate = revenue.revenue_growth_rate(np.array([2022.0, 2023.62, 2025.62]), 2023.62, 0.5, 0.25)
    np.testing.assert_allclose(np.log(2) / rate, [0.5, 0.5, 1.0])


@given(st.floats(1e11, 1e13))
def test_revenue_ends_at_the_ceiling_and_is_half_of_it_where_the_bare_path_crosses_it(ceiling):
    crossing = 2023.62 + HALF_YEAR * np.log2(ceiling / 1e9)
    assert lab(crossing, ceiling=ceiling) == pytest.approx(ceiling / 2)
    assert lab(2050.0, ceiling=ceiling) == pytest.approx(ceiling, rel=1e-3)
    assert lab(2050.0, ceiling=ceiling) < ceiling


def test_the_path_does_not_depend_on_the_grid():
    annual, half_yearly = np.arange(2022, 2035.0)[:, None], np.arange(2022, 2034.5, 0.5)[:, None]
    arguments = (1e9, 2023.62, np.array([0.5, 0.7]), np.array([0.0, 0.2]), 1e12)
    np.testing.assert_array_equal(
        revenue.leading_lab_revenue(annual, *arguments), revenue.leading_lab_revenue(half_yearly, *arguments)[::2]
    )


def test_funds_are_cash_flow_and_margin_and_what_they_buy_adds_up():
    funds = revenue.spender_funds(np.array([[2024.0], [2029.0]]), 1e11, 2024.0, 5.0, np.array([[0.0], [1e11]]), 0.4)
    np.testing.assert_allclose(funds.ravel(), [1e11, 2e11 + 4e10])
    assert revenue.affordable_cluster_cost(2e11, 0.5, 2.0, 1.0) == pytest.approx(3e11)
