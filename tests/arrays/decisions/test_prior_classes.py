"""Bounds over classes of priors: linear programs, random members, closed forms."""

import numpy as np
import pytest
from scipy.optimize import linprog

from clustercast.arrays.decisions.laws import (
    Cells,
    box_bounds,
    breakdown,
    contamination_bounds,
    quantile_bounds,
    ratio_bounds,
)
from clustercast.errors import InputError

SIZE = 120


@pytest.fixture(params=["before", "after conditioning"])
def cells(request):
    generator = np.random.default_rng(5)
    likelihood = np.ones(SIZE) if request.param == "before" else generator.exponential(size=SIZE) ** 2
    return Cells(likelihood / likelihood.sum())


def program(values, weights, likelihood, low, high, fixed):
    """Return the extremes of sum(h L f) / sum(h L) for prior masses h between t low and t high."""
    # v = t h with the denominator 1, over v and t; with `fixed` the prior masses sum to 1, else any t goes.
    size = len(values)
    equal = [np.append(weights * likelihood, 0.0)]
    right = [1.0]
    if fixed:
        equal.append(np.append(weights, -1.0))
        right.append(0.0)
    rows = np.vstack(
        [np.column_stack([-np.eye(size), np.full(size, low)]), np.column_stack([np.eye(size), np.full(size, -high)])]
    )
    result = [
        linprog(
            np.append(sign * weights * likelihood * values, 0.0),
            A_ub=rows,
            b_ub=np.zeros(2 * size),
            A_eq=equal,
            b_eq=right,
            bounds=(0, None),
        ).fun
        * sign
        for sign in (1, -1)
    ]
    return tuple(result)


@pytest.mark.parametrize("kind", ["event", "number"])
@pytest.mark.parametrize("ratio", [1.5, 2.0, 20.0])
def test_a_density_ratio_class_is_a_linear_program(cells, kind, ratio):
    values = np.random.default_rng(1).normal(size=SIZE)
    values = (values > 0.8).astype(float) if kind == "event" else values
    even = np.full(SIZE, 1 / SIZE)
    exact = program(values, even, cells.likelihood, 1.0, ratio, fixed=False)
    assert ratio_bounds(cells, values, ratio) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_a_contamination_class_is_a_linear_program(cells, share):
    values = np.random.default_rng(2).normal(size=SIZE)
    even = np.full(SIZE, 1 / SIZE)
    exact = program(values, even, cells.likelihood, 1 - share, np.inf if share == 1 else SIZE, fixed=True)
    assert contamination_bounds(cells, values, share) == pytest.approx(exact, abs=1e-9)


def test_ten_thousand_random_members_are_inside(cells):
    generator = np.random.default_rng(3)
    values = generator.normal(size=SIZE)
    # Members at the corners and between them, so that the bounds are nearly met too.
    between = generator.uniform(size=(5000, SIZE))
    corners = generator.uniform(size=(5000, SIZE)) < 0.5
    corners[:2500] = values > np.quantile(values, generator.uniform(size=(2500, 1)))
    density = 1 + np.concatenate([between, corners])
    means = density * cells.likelihood @ values / (density @ cells.likelihood)
    low, high = ratio_bounds(cells, values, 2.0)
    assert means.min() >= low - 1e-12
    assert means.max() <= high + 1e-12
    assert means.max() == pytest.approx(high, abs=0.02)
    shares = generator.dirichlet(np.full(SIZE, 0.05), size=10000)
    mixed = 0.9 / SIZE + 0.1 * shares
    means = mixed * cells.likelihood @ values / (mixed @ cells.likelihood)
    low, high = contamination_bounds(cells, values, 0.1)
    assert means.min() >= low - 1e-12
    assert means.max() <= high + 1e-12


@pytest.mark.parametrize("p", [0.1, 0.5, 0.73])
def test_an_event_has_odds_within_the_ratio(p):
    holds = (np.arange(100) < 100 * p).astype(float)
    cells = Cells(np.full(100, 0.01))
    assert ratio_bounds(cells, holds, 3) == pytest.approx((p / (p + 3 * (1 - p)), 3 * p / (3 * p + 1 - p)))
    assert contamination_bounds(cells, holds, 0.2) == pytest.approx((0.8 * p, 0.8 * p + 0.2))


def test_a_verdict_flips_at_the_odds():
    holds = (np.arange(100) < 20).astype(float)
    cells = Cells(np.full(100, 0.01))
    assert breakdown(lambda k: ratio_bounds(cells, holds, k), 0.5, 0.2, 1.0, 1e6) == pytest.approx(4)
    assert breakdown(lambda e: contamination_bounds(cells, holds, e), 0.5, 0.2, 0, 1) == pytest.approx(1 - 0.5 / 0.8)
    assert breakdown(lambda k: ratio_bounds(cells, holds, k), 0.5, 0.2, 1.0, 3.9) == np.inf


def test_quantiles_over_a_ratio_class_are_quantiles_at_other_levels():
    values = np.arange(1.0, 1001.0)
    cells = Cells(np.full(1000, 1e-3))
    result = quantile_bounds(lambda f: ratio_bounds(cells, f, 2.0), values, 0.5)
    # The least probability of p is p / (p + 2 (1 - p)): 1/2 at p = 2/3.
    assert result == (334.0, 667.0)


def test_quantiles_of_one_law_are_numpys():
    """Of a class of one law both bounds are its quantile, also where that is the greatest value."""
    weights = np.array([0.05, 0.1, 0.15, 0.2, 0.5])
    for size in range(1, 6):
        law, values = weights[:size] / weights[:size].sum(), np.arange(size) * 2.0
        for level in (0.01, 0.3, 0.99, 1.0):
            exact = np.quantile(values, level, weights=law, method="inverted_cdf")
            assert quantile_bounds(lambda f, law=law: (law @ f, law @ f), values, level) == (exact, exact)


def test_cells_that_differ_by_chance_alone_have_no_bounds():
    generator = np.random.default_rng(4)
    member = generator.integers(0, 50, size=20000)
    holds = (generator.uniform(size=20000) < 0.3).astype(float)
    cells = Cells(np.full(20000, 1 / 20000), member)
    low, high = ratio_bounds(cells, cells.means(holds), 4)
    assert high - low < 0.01


def test_a_p_box_holds_the_laws_between_its_ends():
    # Cells at 0, 1, 2, 3 with the index as value: the mean is the sum of one minus the distribution function.
    member = np.repeat(np.arange(4), 25)
    cells = Cells(np.full(100, 0.01), member)
    least, most = np.array([0.1, 0.3, 0.6]), np.array([0.4, 0.6, 0.8])
    assert box_bounds(cells, np.arange(4.0), least, most) == pytest.approx(((1 - most).sum(), (1 - least).sum()))


@pytest.mark.parametrize("draws", [50, 2])
def test_of_the_means_of_cells_what_chance_gives_is_taken_off(draws):
    """Cells with means 0 and 9 and a variance of 4 among some draws: the spread is theirs less 4 / (draws - 1) each."""
    noise = np.tile([-2.0, 2.0], 4 * draws)
    member = np.repeat(np.arange(8), draws)
    true = np.array([0.0, 9.0] * 4)
    cells = Cells(np.full(8 * draws, 1 / 8 / draws), member)
    result = cells.means(true[member] + noise)
    spread, chance = 4.5**2, 4 / (draws - 1)
    np.testing.assert_allclose(result, 4.5 + np.sqrt(1 - chance / spread) * (true - 4.5))
    # With the gap near what chance gives, eight cells are held to be one: 1 + 3 sqrt(2 / 8) times is the limit.
    for factor, merged in ((0.99, True), (1.01, False)):
        gap = np.sqrt(chance * 2.5 * factor)
        result = cells.means(np.array([-gap, gap] * 4)[member] + noise)
        assert (np.ptp(result) < 1e-12) == merged


def test_a_cell_without_a_draw_has_the_mean_of_all():
    member = np.r_[np.zeros(50, dtype=int), np.full(50, 2)]
    cells = Cells(np.full(100, 0.01), member)
    assert cells.means(member.astype(float)) == pytest.approx([0, 1, 2])
    assert cells.likelihood == pytest.approx([1, 0, 1])
    assert Cells(np.array([0.2, 0.8])).means(np.array([3.0, 5.0])).tolist() == [3, 5]


def test_a_p_box_after_conditioning_is_searched_by_brute_force():
    """Three cells whose likelihoods differ: the extremes over a grid of all laws between the ends."""
    member = np.repeat(np.arange(3), 10)
    shares = np.repeat([1.0, 3.0, 0.5], 10)
    cells = Cells(shares / shares.sum(), member)
    least, most = np.array([0.1, 0.4]), np.array([0.5, 0.8])
    values = np.array([2.0, -1.0, 5.0])
    first, both = np.meshgrid(np.linspace(0.1, 0.5, 81), np.linspace(0.4, 0.8, 81))
    laws = np.stack([first, both - first, 1 - both], axis=-1)[both >= first]
    means = (laws * cells.likelihood) @ values / (laws @ cells.likelihood)
    assert box_bounds(cells, values, least, most) == pytest.approx((means.min(), means.max()))


def test_no_law_between_the_ends_that_the_observations_allow_is_refused():
    cells = Cells(np.array([0.0, 0.0, 0.5, 0.5]), np.array([0, 0, 1, 1]))
    with pytest.raises(InputError, match="no law between"):
        box_bounds(cells, np.arange(2.0), np.array([1.0]), np.array([1.0]))


def test_a_mean_may_pass_a_verdict_from_above_too():
    holds = (np.arange(100) < 80).astype(float)
    cells = Cells(np.full(100, 0.01))
    assert breakdown(lambda k: ratio_bounds(cells, holds, k), 0.5, 0.8, 1.0, 1e6) == pytest.approx(4)
    assert breakdown(lambda k: ratio_bounds(cells, holds, k), 0.5, 0.8, 1.0, 3.9) == np.inf
