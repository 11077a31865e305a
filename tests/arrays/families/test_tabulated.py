import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special

from clustercast.arrays.families import inversion

SCORES = np.array([-7.2, -7.034, -4.1, -2.0, -0.51, 0.0, 0.013, 1.0, 2.7, 4.4, 7.034, 7.2])
BETAS = [(1.0, 5.0), (3.0, 3.0), (5.0, 1.0), (0.5, 0.5), (2.0, 30.0), (0.2, 0.3), (1000.0, 2000.0), (100.0, 0.5)]
GAMMAS = [0.05, 0.5, 1.0, 3.0, 40.0, 1e4]


def test_the_beta_table_is_right_in_both_tails_against_the_incomplete_beta_function():
    for alpha, beta in BETAS:
        table = inversion.beta_logit(alpha, beta)
        assert table.coefficients is not None
        x, y = special.expit(table(SCORES)), special.expit(-table(SCORES))
        lower = special.betainc(alpha, beta, x) / special.ndtr(SCORES)
        upper = special.betainc(beta, alpha, y) / special.ndtr(-SCORES)
        worst = np.abs(np.where(SCORES < 0, lower, upper) - 1.0).max()
        assert worst < 1e-10, (alpha, beta, worst)


@given(st.floats(1, 1.001, exclude_min=True), st.floats(0.05, 4), st.floats(-36, -8))
@example(1.0000000000000022, 0.3749999999999991, -8.5)
@example(1.0000000000000002, 3.572062070846425, -8.0)
@example(1.003, 0.05137, -8.3255)
def test_a_far_tail_of_a_shape_just_above_one_is_a_number(alpha, beta, score):
    """SciPy 1.17 has no inverse below 3e-17 there, and one of 2e-16 for all probabilities about 1e-16."""
    below = np.exp(inversion.log_beta_variate(np.array([score]), alpha, beta))
    np.testing.assert_allclose(special.betainc(alpha, beta, below), special.ndtr(score), rtol=1e-9)
    above = np.exp(inversion.log_beta_variate(np.array([score]), beta, alpha))
    assert np.isfinite(above).all() and np.isfinite(inversion.beta_logit(alpha, beta)(np.array([score]))).all()


def test_the_gamma_table_is_right_in_both_tails_against_the_incomplete_gamma_function():
    for shape in GAMMAS:
        table = inversion.gamma_log(shape)
        assert table.coefficients is not None
        kept = table(SCORES) > -700
        scores, x = SCORES[kept], np.exp(table(SCORES)[kept])
        lower = special.gammainc(shape, x) / special.ndtr(scores)
        upper = special.gammaincc(shape, x) / special.ndtr(-scores)
        worst = np.abs(np.where(scores < 0, lower, upper) - 1.0).max()
        assert worst < 1e-10, (shape, worst)


def test_an_exponential_and_a_power_have_closed_forms():
    scores = np.linspace(-8.4, 8.4, 1001)
    exponential = -special.log_ndtr(-scores)
    np.testing.assert_allclose(np.exp(inversion.gamma_log(1.0)(scores)), exponential, rtol=1e-11)
    power = np.exp(special.log_ndtr(scores) / 4)
    np.testing.assert_allclose(special.expit(inversion.beta_logit(4.0, 1.0)(scores)), power, rtol=1e-11)


def test_beyond_the_table_and_at_infinity_the_exact_function_takes_over():
    scores = np.array([-np.inf, -12.0, -8.5, 0.3, 8.5, 12.0, np.inf])
    with np.errstate(divide="ignore"):
        logit = inversion.beta_logit(1.0, 1.0)(scores)
        expected = special.log_ndtr(scores) - special.log_ndtr(-scores)
        log_x = inversion.gamma_log(1.0)(scores)
    np.testing.assert_allclose(logit, expected, rtol=1e-11, atol=1e-11)
    assert log_x[0] == -np.inf and log_x[-1] == np.inf


def test_where_no_table_is_accurate_the_exact_function_is_used():
    table = inversion.Table(lambda z: z + np.sign(z) * (z != 0), lambda z, value: (np.ones_like(z), np.zeros_like(z)))
    assert table.coefficients is None
    np.testing.assert_array_equal(table(np.array([-1.0, 0.0, 2.0])), [-2.0, 0.0, 3.0])


def test_a_table_reproduces_a_quintic_polynomial_exactly():
    table = inversion.Table(lambda z: z**5 / 1e4 + z, lambda z, value: (z**4 / 2e3 + 1, z**3 / 5e2))
    scores = np.linspace(-8.49, 8.49, 997)
    np.testing.assert_allclose(table(scores), scores**5 / 1e4 + scores, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    "made", [(inversion.beta_logit, 2.5, 7.25), (inversion.beta_logit, 3, 0.4), (inversion.gamma_log, 3.5)]
)
def test_a_median_needs_no_table_and_is_that_of_the_table_to_the_bit(made):
    function, *shapes = made
    table = function(*shapes)
    median = table(np.zeros(1))
    assert "coefficients" not in vars(table)
    assert table.coefficients is not None
    np.testing.assert_array_equal(inversion.interpolate(table.coefficients, np.zeros(1)), median)


def test_a_table_is_made_once_for_each_parameter_set_and_the_store_is_bounded():
    assert inversion.beta_logit(2.25, 3.5) is inversion.beta_logit(2.25, 3.5)
    assert inversion.beta_logit.cache_info().maxsize == inversion.gamma_log.cache_info().maxsize == 128


def test_scores_of_both_tails_in_turn_give_the_quantiles_of_each():
    # Under `where=` SciPy 1.17 frees memory that is not its own for these, and ends the interpreter.
    z = np.array([-1.0, 1.0, -9.0, 9.0] * 100)
    tail = special.ndtr(-np.abs(z))
    gamma = np.where(z < 0, special.gammaincinv(3.0, tail), special.gammainccinv(3.0, tail))
    np.testing.assert_allclose(inversion.log_gamma_variate(z, 3.0), np.log(gamma), rtol=1e-12)
    beta = np.where(z < 0, special.betaincinv(2.0, 3.0, tail), special.betainccinv(2.0, 3.0, tail))
    np.testing.assert_allclose(inversion.log_beta_variate(z, 2.0, 3.0), np.log(beta), rtol=1e-12, atol=1e-15)
