"""The table of problems, held against numerical integration that knows none of its closed forms."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr
from scipy.stats import qmc

from tests.reference.problems import HARDER, PROBLEMS, _on_a_grid, ishigami, piston, sobol_g

ALL = [*PROBLEMS, *HARDER]
BY_NAME = pytest.mark.parametrize("problem", ALL, ids=lambda problem: problem.name)
# A product of two lognormals of log-sd 3 and events of 5e-4 show nothing in 2^15 points.
TOO_HEAVY = {"lognormal_1", "lognormal_3", "rare", "three_at_once"}


def one_dimensional_rule(problem, nodes):
    """Composite Gauss-Legendre nodes on (0, 1), cut where the problems have kinks; in z for normal inputs."""
    if problem.normal_inputs:
        points, weights = np.polynomial.hermite_e.hermegauss(nodes)
        return ndtr(points), weights / weights.sum()
    points, weights = np.polynomial.legendre.leggauss(nodes)
    edges = np.array([0.0, 0.01, 0.05, 0.2, 0.25, 0.4, 0.5, 0.6, 0.75, 0.8, 1.0])
    widths = np.diff(edges)
    u = np.concatenate([start + width * (points + 1) / 2 for start, width in zip(edges[:-1], widths, strict=True)])
    return u, np.concatenate([width * weights / 2 for width in widths])


def grid_indices(problem, nodes):
    """First-order, total and second-order indices from a full tensor grid of at most three inputs that act."""
    u, w = one_dimensional_rule(problem, nodes)
    number = problem.inputs
    grid = np.stack(np.meshgrid(*[u] * number, indexing="ij"), axis=-1).reshape(-1, number)
    values = problem.evaluate(grid).reshape((len(u),) * number)

    def average(values, axes):
        for axis in sorted(axes, reverse=True):
            values = np.tensordot(values, w, axes=(axis, 0))
        return values

    mean = average(values, range(number))
    variance = average(values**2, range(number)) - mean**2

    def closed(inside):
        rest = [axis for axis in range(number) if axis not in inside]
        conditional = average(values, rest)
        return (average(conditional**2, range(len(inside))) - mean**2) / variance

    first = np.array([closed([i]) for i in range(number)])
    total = np.array([1 - closed([j for j in range(number) if j != i]) for i in range(number)])
    pairs = {(i, j): closed([i, j]) - first[i] - first[j] for i in range(number) for j in range(i + 1, number)}
    return first, total, pairs, variance


@pytest.mark.parametrize(
    "problem",
    [p for p in ALL if p.inputs <= 3 and p.name not in ("smallest_capacity", "lognormal_1", "lognormal_3")],
    ids=lambda p: p.name,
)
def test_small_problems_agree_with_a_full_grid(problem):
    first, total, pairs, variance = grid_indices(problem, nodes=16 if problem.normal_inputs else 6)
    np.testing.assert_allclose(problem.variance, variance, rtol=1e-8)
    np.testing.assert_allclose(problem.first, first, atol=1e-8)
    np.testing.assert_allclose(problem.total, total, atol=1e-8)
    for pair, exact in problem.second.items():
        assert exact == pytest.approx(pairs[pair], abs=1e-8)


@pytest.mark.parametrize("problem", [p for p in ALL if p.name not in TOO_HEAVY], ids=lambda p: p.name)
def test_every_problem_agrees_with_conditional_means_over_quasi_random_points(problem):
    """Var E[y|x_i] / Var y and 1 - Var E[y|x_~i] / Var y by shared points; the noise is that of 2^15 points."""
    number = problem.inputs
    base = qmc.Sobol(2 * number, rng=np.random.default_rng(5)).random(2**15)
    base = np.clip(base, 1e-12, 1 - 1e-12)
    here, there = base[:, :number], base[:, number:]
    at_here, at_there = problem.evaluate(here), problem.evaluate(there)
    both = np.concatenate([at_here, at_there])
    assert both.var() == pytest.approx(problem.variance, rel=0.03)
    for i in range(min(number, 12)):
        shared, freed = there.copy(), here.copy()
        shared[:, i], freed[:, i] = here[:, i], there[:, i]
        covariance = np.cov(at_here, problem.evaluate(shared))[0, 1]
        assert covariance / problem.variance == pytest.approx(problem.first[i], abs=0.02)
        covariance = np.cov(at_here, problem.evaluate(freed))[0, 1]
        assert 1 - covariance / problem.variance == pytest.approx(problem.total[i], abs=0.02)


@BY_NAME
def test_indices_are_shares_of_one_variance(problem):
    assert (problem.first >= -1e-15).all()
    assert (problem.first <= problem.total + 1e-15).all()
    assert problem.first.sum() + sum(problem.second.values()) <= 1 + 1e-12
    assert problem.total.sum() >= 1 - 1e-12


def test_published_values():
    """Ishigami as printed in Saltelli et al., Global Sensitivity Analysis (2008); G in Archer et al. (1997)."""
    np.testing.assert_allclose(ishigami().first, [0.3139, 0.4424, 0.0], atol=5e-5)
    np.testing.assert_allclose(ishigami().total, [0.5576, 0.4424, 0.2437], atol=5e-5)
    np.testing.assert_allclose(sobol_g().first[:4], [0.716, 0.179, 0.024, 0.007], atol=5e-4)
    np.testing.assert_allclose(sobol_g().total[:4], [0.787, 0.242, 0.034, 0.0105], atol=5e-4)


@pytest.mark.parametrize("log_sd", [1, 3])
def test_the_moments_of_a_heavy_lognormal_product_are_those_of_scipy(log_sd):
    problem = next(p for p in HARDER if p.name == f"lognormal_{log_sd}")
    factors = [stats.lognorm(log_sd), stats.lognorm(0.5)]
    second = np.prod([f.var() + f.mean() ** 2 for f in factors])
    variance = second - np.prod([f.mean() ** 2 for f in factors])
    assert problem.variance == pytest.approx(variance, rel=1e-9)
    shares = [factors[0].var() * factors[1].mean() ** 2, factors[1].var() * factors[0].mean() ** 2]
    np.testing.assert_allclose(problem.first, np.array(shares) / variance, rtol=1e-9)


def test_the_grid_of_the_piston_is_fine_enough():
    problem = piston()
    finer = _on_a_grid("finer", problem.evaluate, (5, 10, 9, 9, 4, 3, 3))
    np.testing.assert_allclose(problem.first, finer.first, atol=1e-6)
    np.testing.assert_allclose(problem.total, finer.total, atol=1e-6)
    assert problem.variance == pytest.approx(finer.variance, rel=2e-6)
