import numpy as np
import pytest
from scipy.special import ndtr

from clustercast.arrays.indices.dependent import (
    NAMES,
    kucherenko_indices,
    kucherenko_scores,
    paired_normals,
    rows_per_point,
)
from clustercast.arrays.indices.intervals import ratio_of_means, student_factor
from clustercast.arrays.points.streams import replicate_seed
from clustercast.errors import InputError


def run(function, correlation, *, seed=0, size=1024, replicates=16):
    each = size // replicates
    seeds = [replicate_seed(seed, replicate) for replicate in range(replicates)]
    normals = np.concatenate([paired_normals(s, len(correlation), each) for s in seeds])
    rows = kucherenko_scores(correlation, normals)
    outputs = function(rows).reshape(*rows.shape[:2], -1)
    correlated = np.flatnonzero((correlation != np.eye(len(correlation))).any(axis=1))
    result = kucherenko_indices(outputs, len(correlation), correlated, replicates)
    return tuple({name: pair[place] for name, pair in result.items()} for place in (0, 1))


def linear_case(rho, sigma=2.0):
    """Y = x1 + x2 + x3 with sd 1, 1, sigma and correlation rho of x2 and x3 (Kucherenko et al. 2012, case 1)."""
    correlation = np.eye(3)
    correlation[1, 2] = correlation[2, 1] = rho
    variance = 2 + sigma**2 + 2 * rho * sigma
    first = np.array([1, (1 + rho * sigma) ** 2, (sigma + rho) ** 2]) / variance
    total = np.array([1, 1 - rho**2, sigma**2 * (1 - rho**2)]) / variance
    return correlation, np.array([1, 1, sigma]), first, total


MEANS, SDS = np.array([0.0, 0.0, 250.0, 400.0]), np.array([4.0, 2.0, 200.0, 300.0])


def portfolio(scores):
    """Y = x1 x3 + x2 x4 (Kucherenko et al. 2012, portfolio model)."""
    x = MEANS + SDS * scores
    return x[..., 0] * x[..., 2] + x[..., 1] * x[..., 3]


def portfolio_exact(r12, r34):
    (_, _, m3, m4), (s1, s2, s3, s4) = MEANS, SDS
    v = (s1 * m3) ** 2 + (s1 * s3) ** 2 + (s2 * m4) ** 2 + (s2 * s4) ** 2
    v += 2 * r12 * s1 * s2 * (m3 * m4 + r34 * s3 * s4)
    first = np.array([(s1 * m3 + r12 * s2 * m4) ** 2, (s2 * m4 + r12 * s1 * m3) ** 2, 0, 0]) / v
    free12, free34 = 1 - r12**2, 1 - r34**2
    total = np.array(
        [
            s1**2 * free12 * (s3**2 + m3**2),
            s2**2 * free12 * (s4**2 + m4**2),
            (s1 * s3) ** 2 * free34,
            (s2 * s4) ** 2 * free34,
        ]
    )
    return first, total / v


@pytest.mark.parametrize("rho", [-0.8, -0.5, 0.0, 0.5, 0.8])
def test_linear_case_of_the_paper(rho):
    correlation, b, first, total = linear_case(rho)
    result, _ = run(lambda x: x @ b, correlation)
    np.testing.assert_allclose(result["S1_full"][:, 0], first, atol=0.01)
    np.testing.assert_allclose(result["ST_ind"][:, 0], total, atol=0.01)
    np.testing.assert_allclose(result["ST_full"][:, 0], first, atol=0.01)  # no interactions: total is first
    np.testing.assert_allclose(result["S1_ind"][:, 0], total, atol=0.01)


def test_portfolio_model_of_the_paper():
    correlation = np.eye(4)
    correlation[0, 1] = correlation[1, 0] = 0.3
    correlation[2, 3] = correlation[3, 2] = -0.3
    first, total = portfolio_exact(0.3, -0.3)
    np.testing.assert_allclose(first, [0.507, 0.399, 0, 0], atol=6e-4)  # as printed in the paper
    np.testing.assert_allclose(total, [0.492, 0.300, 0.192, 0.108], atol=6e-4)
    result, errors = run(portfolio, correlation, size=4096)
    np.testing.assert_allclose(result["S1_full"][:, 0], first, atol=0.015)
    np.testing.assert_allclose(result["ST_ind"][:, 0], total, atol=0.015)
    assert (np.abs(result["S1_full"][:, 0] - first) < 4.5 * errors["S1_full"][:, 0]).all()
    assert (result["S1_full"] <= result["ST_full"] + 0.02).all()
    assert (result["S1_ind"] <= result["ST_ind"] + 0.02).all()


def test_errors_are_honest():
    correlation, b, _, _ = linear_case(0.5)
    covered = {name: [] for name in NAMES}
    for seed in range(60):
        result, errors = run(lambda x: np.exp(x @ b / 10), correlation, seed=seed, size=256)
        exact, _ = LOGNORMAL
        for name in NAMES:
            miss = np.abs(result[name][:, 0] - exact[name])
            covered[name].append(miss <= student_factor(16, 0.95) * errors[name][:, 0])
    assert all(0.9 < np.mean(hits) for hits in covered.values())
    assert np.mean(list(covered.values())) < 0.995


def _lognormal_exact():
    """Exact indices of exp of a linear function of normals: Var(exp) = expm1 of the variance explained."""
    correlation, b, first, total = linear_case(0.5)
    variance = (b @ correlation @ b) / 100
    whole = np.expm1(variance)
    closed = lambda share: np.expm1(share * variance) / whole  # noqa: E731
    complement = lambda share: 1 - np.expm1((1 - share) * variance) / whole  # noqa: E731
    exact = {
        "S1_full": closed(first),
        "ST_full": complement(first),
        "S1_ind": closed(total),
        "ST_ind": complement(total),
    }
    return exact, variance


LOGNORMAL = _lognormal_exact()


def test_lognormal_output_has_its_closed_form():
    correlation, b, _, _ = linear_case(0.5)
    result, _ = run(lambda x: np.exp(x @ b / 10), correlation, size=8192)
    for name, exact in LOGNORMAL[0].items():
        np.testing.assert_allclose(result[name][:, 0], exact, atol=0.005, err_msg=name)


def test_without_correlation_they_are_sobol_indices():
    def ishigami(scores):
        x = np.pi * (2 * ndtr(scores) - 1)
        return np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])

    v1, v2, v13 = (1 + 0.1 * np.pi**4 / 5) ** 2 / 2, 49 / 8, 8 * 0.01 * np.pi**8 / 225
    result, _ = run(ishigami, np.eye(3), size=4096)
    whole = v1 + v2 + v13
    np.testing.assert_allclose(result["S1_full"][:, 0], np.array([v1, v2, 0]) / whole, atol=0.01)
    np.testing.assert_allclose(result["ST_full"][:, 0], np.array([v1 + v13, v2, v13]) / whole, atol=0.01)
    np.testing.assert_array_equal(result["S1_full"], result["S1_ind"])
    np.testing.assert_array_equal(result["ST_full"], result["ST_ind"])


def test_every_row_has_the_correlation_and_mixtures_keep_what_they_should():
    correlation, *_ = linear_case(0.7)
    rows = kucherenko_scores(correlation, paired_normals(1, 3, 4096))
    assert rows.shape[1] == rows_per_point(3, 2) == 12
    for row in range(rows.shape[1]):
        np.testing.assert_allclose(np.cov(rows[:, row].T), correlation, atol=0.06)
    a, b = rows[:, 0], rows[:, -1]
    full_2, alone_2 = rows[:, 2], rows[:, 4]
    np.testing.assert_allclose(full_2[:, 1], b[:, 1])
    np.testing.assert_allclose(full_2[:, 2] - 0.7 * full_2[:, 1], a[:, 2] - 0.7 * a[:, 1])
    np.testing.assert_array_equal(alone_2[:, [0, 2]], a[:, [0, 2]])
    np.testing.assert_allclose(alone_2[:, 1] - 0.7 * alone_2[:, 2], b[:, 1] - 0.7 * b[:, 2])


def test_only_inputs_with_a_correlation_have_rows_without_it():
    normals = paired_normals(0, 3, 8)
    assert kucherenko_scores(linear_case(0.5)[0], normals).shape[1] == rows_per_point(3, 2)
    assert kucherenko_scores(np.eye(3), normals).shape[1] == rows_per_point(3, 0)


def test_errors_over_replicates_are_those_of_their_means():
    outputs = np.random.default_rng(1).standard_normal((12, 6, 2))
    a, b, ab, ba = outputs[:, :1], outputs[:, -1:], outputs[:, 1:3], outputs[:, 3:5]
    products = 2 * (ba - b) * (a - ab), (a - b) ** 2 + (ba - ab) ** 2
    for replicates, size in ((3, 4), (12, 1)):
        first, whole = (each.reshape(-1, size, 2, 2).mean(axis=1) for each in products)
        result = kucherenko_indices(outputs, 2, np.array([], dtype=int), replicates)
        expected = ratio_of_means(first, whole)
        np.testing.assert_allclose(result["S1_full"], expected, rtol=1e-13)


def test_a_constant_column_has_no_indices():
    result, _ = run(lambda x: np.ones(x.shape[:-1]), np.eye(2), size=32)
    assert all(np.isnan(values).all() for values in result.values())


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="do not fit a correlation"):
        kucherenko_scores(np.eye(2), paired_normals(0, 3, 8))
    with pytest.raises(InputError, match=r"give \(size, 10, columns\)"):
        kucherenko_indices(np.ones((8, 7, 1)), 3, np.array([1]), 8)
    with pytest.raises(InputError, match=r"give \(size, 10, columns\)"):
        kucherenko_indices(np.ones((8, 10)), 3, np.array([1]), 8)
