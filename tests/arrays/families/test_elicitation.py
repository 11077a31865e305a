import math

import numpy as np
import pytest
from scipy import special

from clustercast.arrays.families import elicitation
from clustercast.errors import InputError

INF = math.inf
FIVE_95 = np.array([0.05, 0.95])
FIVE_50_95 = np.array([0.05, 0.5, 0.95])


def test_quantiles_are_put_in_order_and_text_is_read_as_probability():
    levels, values = elicitation.read_quantiles({"0.95": 10, "0.05": 1}, "normal", [2])
    np.testing.assert_array_equal(levels, [0.05, 0.95])
    np.testing.assert_array_equal(values, [1.0, 10.0])


@pytest.mark.parametrize(
    ("quantiles", "message"),
    [
        ({0.05: 5, 0.95: 1}, "quantiles out of order: 5 at 0.05 is not below 1 at 0.95"),
        ({0.05: 5, 0.95: 5}, "quantiles out of order"),
        ({0.0: 1, 0.95: 2}, "probability 0 of a quantile must lie strictly between 0 and 1"),
        ({5: 1, 95: 2}, "probability 5 of a quantile must lie strictly between 0 and 1"),
        ({"0.5": 1, "0.50": 2}, "the quantile at 0.5 is given twice, as 1 and 2"),
        ({0.05: 1, 0.5: 2, 0.95: 3}, 'normal takes 2 quantiles exactly, got 3 .*family = "metalog" takes three'),
        ({0.5: 1}, r"normal takes 2 quantiles exactly, got 1 \(0.5\)"),
        ({}, r"normal takes 2 quantiles exactly, got 0 \(none\)"),
        ({"median": 1, 0.95: 2}, "key that is not a probability: 'median'"),
        ({0.05: "low", 0.95: 2}, "quantile 'low' is not a finite number"),
        ({0.05: -INF, 0.95: 2}, "quantile -inf is not a finite number"),
        ({0.05: True, 0.95: 2}, "quantile True is not a finite number"),
    ],
)
def test_quantiles_that_cannot_be_used_are_refused(quantiles, message):
    with pytest.raises(InputError, match=message):
        elicitation.read_quantiles(quantiles, "normal", [2])


def test_a_line_goes_through_two_points():
    location, scale = elicitation.location_scale(special.ndtri(FIVE_95), np.array([0.4, 0.6]))
    assert location == pytest.approx(0.5, rel=1e-15)
    # The ninety-fifth percentile of the standard normal is 1.6448536269514722.
    assert scale == pytest.approx(0.1 / 1.6448536269514722, rel=1e-14)


def test_logarithms_need_positive_quantiles():
    with pytest.raises(InputError, match='lognormal holds positive numbers only, got the quantile -1; use .*"metalog"'):
        elicitation.logarithms(np.array([-1.0, 2.0]), "lognormal")


@pytest.mark.parametrize("power", [1, 3, 9])
def test_a_root_is_found_to_rounding_and_none_where_there_is_no_sign_change(power):
    assert elicitation.root(lambda x: x**power - 2, 0.0, 9.0) == pytest.approx(2 ** (1 / power), rel=1e-15)
    assert elicitation.root(lambda x: x**2 + 1, -1.0, 1.0) is None
    assert elicitation.root(lambda x: x - 1.0, 1.0, 2.0) == 1.0
