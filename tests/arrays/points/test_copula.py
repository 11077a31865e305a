import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from clustercast.arrays.points import copula, designs
from clustercast.errors import InputError


def random_correlation(size, seed):
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(size, size))
    covariance = loadings @ loadings.T
    scale = np.sqrt(np.diagonal(covariance))
    matrix = covariance / np.outer(scale, scale)
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 1)
    return matrix


def scores(size, columns, seed=1):
    return special.ndtri(designs.sobol_uniforms(seed, columns, 0, size))


@given(st.floats(-1, 1))
def test_rank_and_gaussian_correlation_are_inverse_and_agree_at_the_ends(rank):
    assert copula.rank_correlation(copula.gaussian_correlation(rank)) == pytest.approx(rank, abs=1e-14)
    assert abs(copula.gaussian_correlation(rank)) >= abs(rank) - 1e-15


@pytest.mark.parametrize("rank", [-0.95, -0.5, 0.0, 0.3, 0.5, 0.9])
def test_a_spearman_correlation_is_achieved(rank):
    factor = copula.correlation_factor(np.array([[1, rank], [rank, 1]]), ["a", "b"])
    achieved = stats.spearmanr(copula.correlate(scores(1 << 14, 2), factor)).statistic
    assert achieved == pytest.approx(rank, abs=2e-3)


def test_several_spearman_correlations_are_achieved_at_once_through_any_marginals():
    wanted = np.array([[1, 0.5, -0.3, 0], [0.5, 1, 0.2, 0], [-0.3, 0.2, 1, 0.7], [0, 0, 0.7, 1]])
    drawn = np.exp(3 * copula.correlate(scores(1 << 14, 4), copula.correlation_factor(wanted, list("abcd"))))
    assert np.abs(stats.spearmanr(drawn).statistic - wanted).max() < 4e-3


@given(st.integers(2, 7), st.integers(0, 100))
@settings(max_examples=30)
def test_correlate_is_the_matrix_product_with_the_factor_and_keeps_the_first_column(size, seed):
    factor = np.linalg.cholesky(random_correlation(size, seed))
    given_scores = np.random.default_rng(seed).normal(size=(50, size))
    result = copula.correlate(given_scores, factor)
    assert np.allclose(result, given_scores @ factor.T, rtol=0, atol=1e-13)
    assert np.array_equal(result[:, 0], given_scores[:, 0])


@given(st.lists(st.integers(0, 500), max_size=5))
@settings(max_examples=30)
def test_correlate_gives_a_row_the_same_bits_in_any_block(inner):
    factor = np.linalg.cholesky(random_correlation(6, 3))
    given_scores = np.asfortranarray(np.random.default_rng(0).normal(size=(500, 6)))
    edges = [0, *sorted(inner), 500]
    blocks = [copula.correlate(given_scores[a:b], factor) for a, b in zip(edges, edges[1:], strict=False)]
    assert np.array_equal(np.concatenate(blocks), copula.correlate(given_scores, factor))


def test_the_nearest_correlation_matrix_of_higham_2002():
    # Printed in the paper with four decimals, and its distance.
    nearest, distance = copula.nearest_correlation(np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]]))
    assert np.array_equal(nearest.round(4), [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]])
    assert round(distance, 4) == 0.5278


def test_the_nearest_correlation_matrix_of_highams_tridiagonal_example():
    # Higham 2002, section 4: tridiag(-1, 2, -1) of order 4 goes to this matrix, at a distance of 2.13.
    given_matrix = 2 * np.eye(4) - np.eye(4, k=1) - np.eye(4, k=-1)
    nearest, distance = copula.nearest_correlation(given_matrix)
    printed = [[1, -0.8084, 0.1916, 0.1068], [-0.8084, 1, -0.6562, 0.1916]]
    assert np.array_equal(nearest.round(4)[:2], printed)
    assert round(distance, 2) == 2.13


@given(st.integers(2, 6), st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_nearest_matrix_is_a_correlation_matrix_and_no_other_is_nearer(size, seed):
    rng = np.random.default_rng(seed)
    given_matrix = np.eye(size)
    given_matrix[np.triu_indices(size, 1)] = rng.uniform(-1, 1, size * (size - 1) // 2)
    given_matrix = np.triu(given_matrix) + np.triu(given_matrix, 1).T
    nearest, distance = copula.nearest_correlation(given_matrix, tolerance=1e-10)
    assert np.linalg.eigvalsh(nearest)[0] > -1e-7
    # The first-order condition of the nearest point of a convex set, against correlation matrices drawn at random.
    for other in (random_correlation(size, seed + k) for k in range(5)):
        assert np.sum((given_matrix - nearest) * (other - nearest)) < 1e-6
        assert np.linalg.norm(given_matrix - other) > distance - 1e-7


def test_a_correlation_matrix_is_its_own_nearest():
    nearest, distance = copula.nearest_correlation(random_correlation(5, 1))
    assert np.allclose(nearest, random_correlation(5, 1), atol=1e-12) and distance < 1e-12


def test_a_smallest_eigenvalue_is_kept():
    nearest, _ = copula.nearest_correlation(np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]]), smallest_eigenvalue=0.01)
    assert np.linalg.eigvalsh(nearest)[0] == pytest.approx(0.01, abs=1e-9)
    assert np.array_equal(np.diagonal(nearest), [1, 1, 1])


def test_contradicting_rank_correlations_are_refused_naming_a_matrix_that_is_accepted():
    rank = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    assert np.linalg.eigvalsh(copula.gaussian_correlation(rank))[0] < copula.SMALLEST_EIGENVALUE
    with pytest.raises(InputError, match="a.toml: .* Frobenius distance of") as caught:
        copula.correlation_factor(rank, ["x", "y", "z"], "a.toml")
    text = str(caught.value)
    offered = np.eye(3)
    for a, b, value in re.findall(r"(\w) and (\w) (-?[\d.]+) \(given", text):
        i, j = "xyz".index(a), "xyz".index(b)
        offered[i, j] = offered[j, i] = float(value)
    assert copula.correlation_factor(offered, ["x", "y", "z"]).shape == (3, 3)
    given_gaussian, offered_gaussian = (copula.gaussian_correlation(m) for m in (rank, offered))
    said = float(re.search(r"distance of ([\d.]+)", text)[1])
    assert np.linalg.norm(given_gaussian - offered_gaussian) == pytest.approx(said, abs=0.01)


@pytest.mark.parametrize("rank", [1.0, -1.0])
def test_a_perfect_correlation_is_refused(rank):
    with pytest.raises(InputError, match="between a and b is out of reach"):
        copula.correlation_factor(np.array([[1, rank], [rank, 1]]), ["a", "b"])


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((2, 3)), "not square"),
        (np.array([[1, 0.5], [0.4, 1]]), "not symmetric: 0.5 in row 0, column 1, but 0.4"),
        (np.array([[1, np.nan], [np.nan, 1]]), "not finite"),
        (np.array([[1, 1.5], [1.5, 1]]), "between -1 and 1"),
        (np.array([[2, 0.5], [0.5, 1]]), "between -1 and 1, with 1 of each input with itself"),
    ],
)
def test_what_is_no_correlation_matrix_is_refused(matrix, message):
    with pytest.raises(InputError, match=message):
        copula.correlation_factor(matrix, ["a", "b"])


def test_projections_that_do_not_settle_say_so():
    with pytest.raises(InputError, match="in 1 rounds"):
        copula.nearest_correlation(np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]]), iterations=1)


class TestRanksOfFewValues:
    """Inputs with ties: the declared Spearman correlation is realised, or refused with what can be had."""

    HALVES = copula.discrete_grades(np.array([0.5, 0.5]))
    UNEVEN = copula.discrete_grades(np.array([0.1, 0.6, 0.3]))

    @pytest.mark.parametrize("latent", [-0.999, -0.4, 0.0, 0.3, 0.95])
    def test_two_continuous_inputs_have_pearsons_formula(self, latent):
        result = copula.realised_rank_correlation(latent, copula.CONTINUOUS, copula.CONTINUOUS)
        assert result == pytest.approx(copula.rank_correlation(latent), abs=1e-12)

    @pytest.mark.parametrize("latent", [-0.9, 0.2, 0.7])
    def test_two_halves_have_sheppards_formula(self, latent):
        # P(both above their median) = 1/4 + asin(r) / (2 pi), Sheppard (1899), and grades 1/4 and 3/4.
        result = copula.realised_rank_correlation(latent, self.HALVES, self.HALVES)
        assert result == pytest.approx(2 * np.arcsin(latent) / np.pi, abs=1e-12)

    @pytest.mark.parametrize(("one", "other"), [("HALVES", "UNEVEN"), ("UNEVEN", "UNEVEN"), ("UNEVEN", None)])
    @pytest.mark.parametrize("rank", [-0.5, 0.3, 0.6])
    def test_the_correlation_of_a_sample_is_the_declared_one(self, one, other, rank):
        one, other = (getattr(self, name) if name else copula.CONTINUOUS for name in (one, other))
        latent = copula.latent_correlation(rank, one, other)
        drawn = copula.correlate(scores(1 << 16, 2), np.linalg.cholesky(np.array([[1, latent], [latent, 1]])))
        x = np.searchsorted(one.cuts, drawn[:, 0])
        y = drawn[:, 1] if other is copula.CONTINUOUS else np.searchsorted(other.cuts, drawn[:, 1])
        assert stats.spearmanr(x, y)[0] == pytest.approx(rank, abs=0.01)

    def test_out_of_reach_names_the_range(self):
        # Of halves and a continuous input at most: Cov = 1/16, of variances 1/16 and 1/12.
        with pytest.raises(InputError, match=r"0.9 cannot be reached.*between -0.866 and 0.866"):
            copula.latent_correlation(0.9, self.HALVES, copula.CONTINUOUS)


@pytest.mark.parametrize(
    ("strength", "reason"),
    # Of three inputs with the same negative correlation r there are ranks for r >= -1/2, normal scores for
    # 2 sin(pi r / 6) >= -1/2, that is r >= -0.4826.
    [(-0.49, "no Gaussian copula has them, though another joint distribution may"), (-0.6, "no joint distribution")],
)
def test_correlations_that_contradict_each_other_are_refused_with_the_true_reason(strength, reason):
    with pytest.raises(InputError, match=reason):
        copula.correlation_factor(np.full((3, 3), strength) + (1 - strength) * np.eye(3), ["a", "b", "c"])
