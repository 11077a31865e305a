"""Normals around modes: exact where the posterior is normal, one for each mode, drawn by the density they give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logsumexp

from clustercast.arrays.modes import Normals, around_modes


def linear(seed, rows, d, sd):
    """Return a log likelihood of rows seen of scores, and posterior mean, covariance and log evidence."""
    generator = np.random.default_rng(seed)
    matrix = generator.standard_normal((rows, d))
    seen = matrix @ generator.standard_normal(d) + sd * generator.standard_normal(rows)
    covariance = np.linalg.inv(np.eye(d) + matrix.T @ matrix / sd**2)
    evidence = stats.multivariate_normal(np.zeros(rows), matrix @ matrix.T + sd**2 * np.eye(rows)).logpdf(seen)

    def likelihood(scores):
        return stats.norm.logpdf(seen, scores @ matrix.T, sd).sum(axis=1)

    return likelihood, covariance @ matrix.T @ seen / sd**2, covariance, evidence


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 8), st.floats(0.01, 3.0))
def test_the_posterior_of_linear_rows_is_found_from_any_start(seed, rows, d, sd):
    likelihood, mean, covariance, evidence = linear(seed, rows, d, sd)
    generator = np.random.default_rng(seed + 1)
    normals = around_modes(likelihood, generator.standard_normal((3, d)))
    spread = np.sqrt(np.diag(covariance))
    assert np.abs((normals.centres - mean) / spread).max() < 0.05
    found = normals.factors @ normals.factors.swapaxes(1, 2) / 1.2
    assert np.abs(found / np.outer(spread, spread) - covariance / np.outer(spread, spread)).max() < 0.05
    # All of the same posterior, so of the same mass.
    assert normals.shares == pytest.approx(np.full(3, 1 / 3), rel=0.02)
    scores, density = normals.draw(2000, generator)
    ratios = likelihood(scores) + stats.norm.logpdf(scores).sum(axis=1) - density
    # The ratio is sqrt(1.2)^d exp(-square / 12) over the evidence: its relative variance is known.
    variance = 1.2**d / np.sqrt(1.2**2 - 0.2**2) ** d - 1 if d else 0.0
    assert logsumexp(ratios) - np.log(2000) == pytest.approx(evidence, abs=5 * np.sqrt(variance / 2000) + 0.01)


def test_draws_have_the_density_of_the_mixture():
    centres = np.array([[0.0, 0.0], [3.0, -1.0]])
    factors = np.array([[[1.0, 0.0], [0.5, 0.2]], [[0.1, 0.0], [0.0, 2.0]]])
    normals = Normals(centres, factors, np.array([0.3, 0.7]))
    draws, density = normals.draw(20_000, np.random.default_rng(2))
    parts = [
        np.log(share) + stats.multivariate_normal(centre, factor @ factor.T).logpdf(draws)
        for centre, factor, share in zip(centres, factors, normals.shares, strict=True)
    ]
    assert density == pytest.approx(np.logaddexp(*parts))
    assert draws.mean(axis=0) == pytest.approx(normals.shares @ centres, abs=5 * 2 / np.sqrt(20_000))


def test_what_is_not_learned_stays_as_it_was_drawn_and_each_side_finds_its_own_mode():
    """The sign of the first score chooses where the second is seen; the third is idle."""

    def likelihood(scores):
        return stats.norm.logpdf(scores[:, 1], np.where(scores[:, 0] > 0, 2, -1), 0.01)

    starts = np.random.default_rng(3).standard_normal((32, 3))
    normals = around_modes(likelihood, starts)
    assert normals.centres[:, 1] == pytest.approx(np.where(starts[:, 0] > 0, 2, -1), abs=0.01)
    assert normals.factors @ normals.factors.swapaxes(1, 2) == pytest.approx(
        np.broadcast_to(np.diag([1, 1e-4, 1]) * 1.2, (32, 3, 3)), abs=1e-3
    )
    # By the normal law the mode at -1 has e^1.5 times the mass of the one at 2, in half of the space each.
    low = starts[:, 0] < 0
    held = normals.shares - 0.5 / 32
    assert held[low].sum() / held[~low].sum() == pytest.approx(np.exp(1.5), rel=0.01)
    assert normals.alone == 0


def test_a_likelihood_of_zero_is_left():
    def likelihood(scores):
        with np.errstate(divide="ignore"):
            return np.log((scores[:, 0] > 0) * 1.0) + stats.norm.logpdf(scores[:, 1], 1, 0.1)

    normals = around_modes(likelihood, np.array([[-0.5, 0.0], [0.5, 0.0], [2.0, 3.0]]))
    assert np.isfinite(normals.centres).all() and np.isfinite(normals.factors).all()
    assert normals.centres[1:, 1] == pytest.approx(1, abs=0.03)


@given(st.integers(0, 10**6), st.integers(1000, 20_000), st.integers(1, 120))
def test_ascents_keep_to_their_evaluations(seed, evaluations, d):
    calls = []

    def likelihood(scores):
        calls.append(len(scores))
        return -0.5 * ((scores - 1) ** 2).sum(axis=1)

    normals = around_modes(likelihood, np.random.default_rng(seed).standard_normal((64, d)), evaluations)
    # A normal likelihood takes one round to climb, and one to see that it is there: two of five rounds.
    assert sum(calls) <= max(evaluations, 10 * 2 * d + 100)
    assert len(normals.centres) == min(64, max(2, evaluations // (20 * d)))
    assert normals.centres == pytest.approx(np.full(normals.centres.shape, 0.5), abs=0.01)


def test_a_narrow_mode_within_the_reach_of_a_wide_one_is_met_alone():
    """By the wide normal it is near, by its own the wide one is far: they are two."""

    def likelihood(scores):
        narrow = stats.norm.logpdf(scores[:, 0], 0.5, 0.002)
        return np.where(scores[:, 1] > 0, narrow, stats.norm.logpdf(scores[:, 0], 0.0, 1.0))

    starts = np.array([[0.1, -1.0], [0.3, -0.5], [-0.4, -2.0], [0.4, 1.0]])
    normals = around_modes(likelihood, starts)
    # Mass of each side: the wide is N(0, 2) at 0, the narrow about N(0, 1) at 0.5.
    wide, narrow = stats.norm.pdf(0, 0, np.sqrt(2)), stats.norm.pdf(0.5, 0, 1)
    assert normals.alone == pytest.approx(narrow / (wide + narrow), abs=0.02)
