import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from clustercast.arrays.families import inversion

TAILS = np.array([1e-12, 1e-9, 1e-6, 1e-3, 0.02, 0.1, 0.3, 0.5])
SCORES = np.concatenate([special.ndtri(TAILS), -special.ndtri(TAILS)])
LEVELS, COMPLEMENTS = inversion.tails_of_score(SCORES)


def test_both_tails_keep_their_relative_accuracy():
    np.testing.assert_allclose(LEVELS[: TAILS.size], TAILS, rtol=1e-13)
    np.testing.assert_allclose(COMPLEMENTS[TAILS.size :], TAILS, rtol=1e-13)
    np.testing.assert_allclose(LEVELS + COMPLEMENTS, 1.0, rtol=1e-15)


def test_scores_come_back_from_their_tails():
    np.testing.assert_allclose(inversion.score_of_tails(LEVELS, COMPLEMENTS), SCORES, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    "reference", [stats.norm(3, 2), stats.lognorm(2.5), stats.beta(0.4, 7), stats.cauchy(), stats.expon(scale=1e-6)]
)
def test_a_distribution_is_inverted_in_both_tails(reference):
    low, high = reference.ppf(1e-15), reference.isf(1e-15)
    result = inversion.invert(
        lambda x: (reference.cdf(x), reference.sf(x)),
        reference.pdf,
        LEVELS,
        COMPLEMENTS,
        np.full_like(LEVELS, low),
        np.full_like(LEVELS, high),
    )
    lower, upper = result[: TAILS.size], result[TAILS.size :]
    np.testing.assert_allclose(reference.cdf(lower), TAILS, rtol=1e-11)
    np.testing.assert_allclose(reference.sf(upper), TAILS, rtol=1e-11)


@given(st.lists(st.floats(1e-9, 1 - 1e-9), min_size=1, max_size=30), st.integers(0, 29))
def test_an_element_does_not_see_the_others(levels, place):
    def invert(p):
        ends = np.full_like(p, -50.0), np.full_like(p, 50.0)
        return inversion.invert(lambda x: (special.ndtr(x), special.ndtr(-x)), stats.norm.pdf, p, 1 - p, *ends)

    p = np.array(levels)
    place %= p.size
    assert invert(p)[place] == invert(p[place : place + 1])[0]
