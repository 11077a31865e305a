"""Revenue: the essay's doublings (R1 to R4), the logistic path to a ceiling that grows with the world's product."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from clustercast.quantities import revenue

HALF_YEAR = 0.5
NO_CEILING = 1e30


def lab(year, base=1e9, base_year=2023.62, doubling=HALF_YEAR, lengthening=0.0, ceiling=NO_CEILING, earlier=HALF_YEAR):
    return revenue.leading_lab_revenue(np.asarray(year), base, base_year, earlier, doubling, lengthening, ceiling)


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
    def path(year):
        return revenue.big_tech_ai_revenue(np.asarray(year), 1e10, 2025.0, HALF_YEAR, HALF_YEAR, 0.0, NO_CEILING)

    year = brentq(lambda y: float(path(y)) / 1e11 - 1, 2025, 2030)
    assert (year - 2025.0) * 12 == pytest.approx(19.9, abs=0.05)
    assert year > 2026.5 + 1 / 12


def test_R4_a_third_of_the_office_subscribers_at_100_dollars_a_month_pay_140_billion():
    assert revenue.office_addon_revenue(350e6, 1 / 3, 100 * 12) == pytest.approx(140e9)


@given(st.floats(-3, 12), st.floats(0.01, 1.0))
def test_the_growth_rate_is_that_of_the_path(since, lengthening):
    """The logarithm of 2 over the growth rate is the doubling time of that moment."""
    step = 1e-5
    before, after = (float(lab(2023.62 + since + h, lengthening=lengthening)) for h in (-step, step))
    rate = revenue.revenue_growth_rate(2023.62 + since, 2023.62, HALF_YEAR, HALF_YEAR, lengthening)
    assert np.log(after / before) / (2 * step) == pytest.approx(rate, rel=1e-3)
    assert np.log(2) / rate == pytest.approx(HALF_YEAR + lengthening * max(since, 0))


def test_no_lengthening_is_the_limit_of_a_small_one():
    years = np.arange(2020.0, 2035.0)
    np.testing.assert_allclose(lab(years, lengthening=1e-12), lab(years), rtol=1e-9)


@given(st.floats(0.1, 2), st.floats(0.1, 2), st.floats(0.1, 3))
def test_the_past_doubles_at_its_own_pace(earlier, doubling, since):
    assert lab(2023.62 - since, doubling=doubling, earlier=earlier) == pytest.approx(1e9 * 2 ** (-since / earlier))


@given(st.floats(1e11, 1e13))
def test_revenue_ends_at_the_ceiling_and_is_half_of_it_where_the_bare_path_crosses_it(ceiling):
    crossing = 2023.62 + HALF_YEAR * np.log2(ceiling / 1e9)
    assert lab(crossing, ceiling=ceiling) == pytest.approx(ceiling / 2)
    assert lab(2050.0, ceiling=ceiling) == pytest.approx(ceiling, rel=1e-3)
    assert lab(2050.0, ceiling=ceiling) < ceiling


def test_the_ceiling_is_a_share_of_the_worlds_product():
    product = revenue.gross_world_product(np.array([[2025.0], [2026.0]]), 2025.0, 117e12, 0.03, 1.0)
    np.testing.assert_allclose(product.ravel(), [117e12, 120.51e12])
    assert revenue.leading_lab_revenue_ceiling(0.06, 117e12, 0.28) == pytest.approx(1.966e12, rel=1e-3)


def test_a_laboratory_with_a_quarter_of_the_market_leaves_three_quarters_to_others():
    assert revenue.ai_revenue(30e9, 0.25) == pytest.approx(120e9)
