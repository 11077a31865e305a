"""What knowing one of several jointly normal inputs saves, against closed forms and one-dimensional quadrature."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import binom, f_oneway, norm, qmc

from clustercast.arrays.decisions import local, together
from clustercast.arrays.decisions.partition import Partition, halves, partition, without_twins
from clustercast.arrays.decisions.scores import (
    _crps,
    _entropies,
    _points,
    _series,
    _width,
    action_gain,
    crps_of,
    entropy_gain,
    perfect_gain,
    spread_gain,
    variance_gain,
)
from clustercast.arrays.decisions.together import joint_gains, rank_scores
from tests.reference.value_problems import CLAIM, GROUPS, HARD, SINGLE, brier, nats, normal_output

CASES = {problem.name: problem for problem in SINGLE[:5]}


@pytest.mark.parametrize("score", CASES)
def test_intervals_cover_the_closed_form_and_the_bias_is_small_beside_the_error(score):
    gain, exact = CASES[score].gain, CASES[score].exact
    generator = np.random.default_rng(20261126)
    runs, size = (300, 4096) if score in ("variance", "brier", "log") else (100, 16384)
    result, errors = np.array([gain(*normal_output(generator, size)) for _ in range(runs)])[:, :, :, 0].transpose(
        1, 0, 2
    )
    covered = np.abs(result - exact) <= 1.96 * errors
    assert 0.92 <= covered[:, :3].mean() <= 0.985
    assert (np.abs(result.mean(axis=0) - exact) <= 0.35 * result.std(axis=0)).all()
    assert covered[:, 3].mean() >= 0.92


def test_each_output_has_the_gain_that_it_has_alone():
    """Also of an input whose first value no other sample has, so that a bin holds it alone."""
    x = np.random.default_rng(5).normal(size=(2, 500))
    steps = np.r_[-9, np.arange(499) % 3]
    values = np.stack([x[0] + steps, x[1] * steps, x[0] ** 2], axis=1)
    bins = partition([x[0], steps])
    alone = zip(*(variance_gain(bins, values[:, [column]]) for column in range(3)), strict=True)
    for joint, parts in zip(variance_gain(bins, values), alone, strict=True):
        np.testing.assert_allclose(joint, np.concatenate(parts, axis=1), rtol=1e-9, atol=1e-12)


def test_the_value_and_its_error_have_the_unit_of_the_losses():
    x = np.random.default_rng(5).normal(size=(3, 2000))
    losses, bins = np.stack([x[0], x[1] + 0.2, 0.5 * x[2]], axis=1), partition(x[:2])
    for large, plain in zip(action_gain(bins, 1e6 * losses), action_gain(bins, losses), strict=True):
        np.testing.assert_allclose(large, 1e6 * plain, rtol=1e-9)


def test_knowing_saves_nothing_of_what_is_certain_and_that_is_sure():
    values = np.zeros((2000, 2)) + [0, 1]
    bins = partition(np.random.default_rng(5).normal(size=(1, 2000)))
    for low_discrepancy in (False, True):
        gain, error = entropy_gain(bins, values, low_discrepancy)
        assert gain.shape == (1, 2) and not gain.any() and not error.any()


def test_a_payoff_that_a_line_cannot_see_is_seen():
    # Payoff x**2 - 1, x ~ N(0, 1): E max(x**2 - 1, 0) = 2 pdf(1) = 0.484; a linear regression finds next to nothing.
    generator = np.random.default_rng(7)
    x = generator.standard_normal(65536)
    losses = np.stack([np.zeros(x.size), 1 - x**2], axis=1)
    value, error = (part[0, 0] for part in action_gain(partition([x]), losses))
    assert value == pytest.approx(2 * norm.pdf(1), abs=3 * error)
    assert error < 0.01
    line = np.polynomial.Polynomial.fit(x, x**2 - 1, 1)(x)
    assert np.maximum(line, 0).mean() - max(line.mean(), 0) < 0.02


def unit_loss(mean, sd):
    """Return E max(z, 0) - max(mean, 0) of a normal z: what knowing z is worth to who may take it or leave it."""
    return sd * norm.pdf(mean / sd) + mean * norm.cdf(mean / sd) - max(mean, 0)


def test_two_treatments_of_the_example_of_the_r_package_voi():
    # Net benefit p1 - p2 with p1 ~ N(1, 1), p2 ~ N(0, 2) against 0: EVPPI and EVPI are unit-normal loss integrals.
    generator = np.random.default_rng(1)
    p1, p2 = generator.normal(1, 1, 65536), generator.normal(0, 2, 65536)
    losses = np.stack([np.zeros(p1.size), p2 - p1], axis=1)
    value, error = action_gain(partition([p1, p2]), losses)
    exact = [unit_loss(1, 1), unit_loss(1, 2)]
    assert (np.abs(value[:, 0] - exact) <= 3 * error[:, 0]).all()
    both, its_error = (
        part[0, 0] for part in joint_gains(rank_scores(np.stack([p1, p2])), {"loss": losses})["loss"][:2]
    )
    whole, whole_error = perfect_gain("loss", losses)
    assert both == pytest.approx(unit_loss(1, np.sqrt(5)), abs=3 * its_error)
    assert whole == pytest.approx(0.4798, abs=3 * whole_error)


def test_three_actions_on_one_normal_input():
    # Losses (x - a)**2 of a = -1, 0, 1: with x known the nearest is taken, at once the middle.
    generator = np.random.default_rng(3)
    x = generator.standard_normal(65536)
    losses = (x[:, np.newaxis] - np.array([-1.0, 0.0, 1.0])) ** 2
    exact = 1 - quad(lambda t: norm.pdf(t) * min((t + 1) ** 2, t**2, (t - 1) ** 2), -9, 9, points=[-0.5, 0.5])[0]
    value, error = (part[0, 0] for part in action_gain(partition([x]), losses))
    assert value == pytest.approx(exact, abs=3 * error)


@pytest.mark.parametrize("product", [False, True])
def test_two_inputs_together_are_worth_their_joint_share(product):
    generator = np.random.default_rng(5)
    x = generator.standard_normal((3, 32768))
    y = x[0] * x[1] + x[2] if product else (x[0] + x[1] + np.sqrt(2) * x[2]) / 2
    exact = 1.0 if product else 0.5
    value, error = joint_gains(x[:2], {"variance": y[:, np.newaxis]})["variance"][:2]
    assert value[0, 0] == pytest.approx(exact, abs=3 * error[0, 0])


@pytest.mark.parametrize(
    ("function", "exact"),
    [
        (lambda x: (x[0] + x[1] + x[2]) / 2, 0.75),
        (lambda x: x[0] * x[1] * x[2], 1.0),
        (lambda x: np.sin(x[0] * x[1]) + x[2], 1 + 0.5 - 0.5 / np.sqrt(5)),
        (lambda x: 0 * x[0], 0.0),
    ],
    ids=["sum", "product", "wave", "nothing"],
)
def test_three_inputs_together_have_the_whole_variance_of_their_mean(function, exact):
    # E cos(2 x y) of independent normals is 1 / sqrt(1 + 4); noise of variance 1 beside.
    generator = np.random.default_rng(9)
    result, errors = [], []
    for _ in range(40):
        x = generator.standard_normal((4, 4096))
        value, error = joint_gains(x[:3], {"variance": (function(x) + x[3])[:, np.newaxis]})["variance"][:2]
        result.append(value[0, 0])
        errors.append(error[0, 0])
    assert np.mean(result) == pytest.approx(exact, abs=3 * np.std(result) / np.sqrt(40) + 0.03 * exact)
    # The usual error: in a few draws chance looks rough, is doubted, and makes it several times as large.
    assert np.median(errors) == pytest.approx(np.std(result), rel=0.4)


def test_a_product_of_three_is_seen_by_the_crps_too():
    x = np.random.default_rng(9).standard_normal((3, 16384))
    values = (x[0] * x[1] * x[2])[:, np.newaxis]
    seen = joint_gains(x, {"crps": values})["crps"][0][0, 0]
    assert seen > 0.9 * perfect_gain("crps", values[:, 0])[0]


@pytest.mark.parametrize("group", (*GROUPS, HARD), ids=lambda one: one.name)
def test_intervals_of_groups_cover_what_quadrature_gives(group):
    generator, result = np.random.default_rng(20261127), []
    exact, *at = group.exact()
    for _ in range(12):
        columns, outputs = group.draw(generator, 2048)
        gains = joint_gains(rank_scores(columns), group.values(outputs, *at))
        result.append([[part[0, 0] for part in gains[score][:2]] for score in exact])
    value, error = np.array(result).transpose(2, 0, 1)
    truth = np.array([*exact.values()])
    # Of 12 intervals of 95 % fewer than 8 cover once in 100,000 times.
    assert ((np.abs(value - truth) <= 1.96 * error).sum(axis=0) >= 8).all()
    assert (np.abs(value.mean(axis=0) - truth) <= 3.5 * error.mean(axis=0) / np.sqrt(12)).all()


def test_what_samples_do_not_resolve_is_doubted_and_what_places_show_is_not():
    x = np.random.default_rng(8).standard_normal((3, 2048))
    rough, smooth = (np.sign(np.sin(3 * x[0]) * np.sin(3 * x[1])), x[0] * x[1])
    for values, doubtful in ((rough, True), (smooth, False)):
        value, error, doubt = (
            part[0, 0] for part in joint_gains(x[:2], {"variance": values[:, np.newaxis]})["variance"]
        )
        assert (doubt > 0.5 * error) == doubtful
        assert abs(value - 1) <= 1.96 * error + 0.1 * (not doubtful)
    # A wave that turns between neighbours, of variance 1 with a square: E sin(4 x)^2 is (1 - exp(-32)) / 2. A ring with
    # chances of its edges.
    x = np.random.default_rng(8).standard_normal((4, 4096))
    ring = np.exp(-(0.8**2) / 2) - np.exp(-(1.4**2) / 2)
    for payoff, exact in (
        (np.sin(4 * x[0]) * x[1] + 0.5 * x[2] ** 2, 1.0),
        (2 * (np.abs(np.hypot(x[0], x[1]) - 1.1) < 0.3), 4 * ring * (1 - ring)),
    ):
        value, error, _ = (
            part[0, 0] for part in joint_gains(x[:3], {"variance": (payoff + 0.5 * x[3])[:, np.newaxis]})["variance"]
        )
        assert abs(value - exact) <= 1.96 * error < 0.12 * exact


@pytest.mark.parametrize("payoff", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("correlation", [0.4, 0.15, 0.05, 0.01])
def test_intervals_of_inputs_that_hardly_change_an_action_cover_too(payoff, correlation):
    # At most a hundredth of what the best input is worth, down to 1e-200 of it.
    generator = np.random.default_rng(31)
    exact, covered = unit_loss(payoff, correlation), 0
    for _ in range(30):
        x, noise = generator.standard_normal((2, 4096))
        y = correlation * x + np.sqrt(1 - correlation**2) * noise
        value, error = action_gain(partition([x]), np.stack([0 * y, -(y + payoff)], axis=1))
        covered += abs(value[0, 0] - exact) <= 1.96 * error[0, 0]
        # Not wide for nothing: within three standard errors of the mean of so many losses.
        assert error[0, 0] < 3 / np.sqrt(4096)
    assert covered >= 25


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_a_discrete_input_has_a_bin_for_each_value_and_all_scores_see_its_group_means(values, seed):
    generator = np.random.default_rng(seed)
    x = generator.integers(0, values, 2000).astype(float)
    bins = partition([x])
    assert len(bins.counts) == len(np.unique(x))
    assert bins.counts.sum() == x.size
    means = np.array([[x[bins.member[0] == k].mean()] for k in range(len(bins.counts))])
    assert np.allclose(means[:, 0], np.unique(x))
    assert np.allclose(bins.sums(x[:, np.newaxis]) / bins.counts[:, np.newaxis], means)


@given(st.integers(0, 2**32 - 1), st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_scores_of_outputs_scale_with_the_unit_and_ignore_the_origin(seed, origin, unit):
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((1, 2048))
    y = (x[0] + generator.standard_normal(2048))[:, np.newaxis]
    for gain, power in (
        (lambda v: variance_gain(partition(x), v), 2),
        (lambda v: spread_gain("crps", x, v), 1),
        (lambda v: spread_gain("width", x, v), 1),
    ):
        assert gain(origin + unit * y)[0] == pytest.approx(unit**power * gain(y)[0], rel=1e-6)


def test_perfect_information_is_worth_the_whole_expected_score():
    generator = np.random.default_rng(11)
    y = generator.standard_normal(65536)
    event = (y > CLAIM).astype(float)
    p = norm.sf(CLAIM)
    exact = {
        "variance": (y, 1.0),
        "crps": (y, 1 / np.sqrt(np.pi)),
        "width": (y, 2 * norm.ppf(0.95)),
        "brier": (event, brier(p)),
        "log": (event, nats(p)),
    }
    for score, (values, known) in exact.items():
        result, error = perfect_gain(score, values)
        assert result == pytest.approx(known, abs=3.5 * error + 1e-9), score


def test_bins_of_sobol_points_are_as_even_as_those_of_random_ones():
    points = qmc.Sobol(3, seed=3).random(2**16).T
    result = partition(points, bins=32, tails=False)
    assert result.counts.min() > 0.8 * 2**16 / 32
    assert result.counts.max() < 1.2 * 2**16 / 32


COUNTS = np.array([5, 1, 2, 40, 13])
STARTS = np.cumsum(COUNTS) - COUNTS


def sorted_bins(seed=1):
    values = np.random.default_rng(seed).normal(size=COUNTS.sum())
    parts = [np.sort(part) for part in np.split(values, STARTS[1:])]
    return parts, np.concatenate(parts)


def mean_distances(values):
    return np.abs(values[:, np.newaxis] - values).sum(axis=1) / max(len(values) - 1, 1)


def test_the_crps_of_a_sample_is_its_mean_distance_less_half_of_that_of_the_others():
    parts, ordered = sorted_bins()
    expected = [mean_distances(part) - mean_distances(part).mean() / 2 for part in parts]
    np.testing.assert_allclose(_crps(ordered, STARTS, COUNTS), np.concatenate(expected), atol=1e-12)
    values = np.random.default_rng(2).normal(size=99)
    np.testing.assert_allclose(crps_of(values), mean_distances(values) - mean_distances(values).mean() / 2, atol=1e-12)


def test_the_origin_of_an_output_does_not_count_where_an_input_has_a_value_once():
    generator = np.random.default_rng(5)
    steps, y = np.r_[-9, np.arange(499) % 3], generator.normal(size=(500, 1))
    for score in ("crps", "width"):
        near, far = (spread_gain(score, steps[np.newaxis], y + origin) for origin in (0, 1e6))
        np.testing.assert_allclose(near, far, atol=1e-8)


@pytest.mark.parametrize("probability", [0.025, 0.05, 0.3, 0.5, 0.95, 0.975])
def test_the_points_of_bins_are_numpys_median_unbiased_quantiles(probability):
    parts, ordered = sorted_bins()
    expected = [np.quantile(part, probability, method="median_unbiased") for part in parts]
    np.testing.assert_allclose(_points(ordered, STARTS, COUNTS, probability), expected, atol=1e-14)


def test_the_influence_on_a_width_leaves_its_mean_and_steps_by_the_slopes_of_both_points():
    parts, ordered = sorted_bins()
    for part, result in zip(parts, np.split(_width(ordered, STARTS, COUNTS), STARTS[1:]), strict=True):
        points = np.quantile(part, [0.025, 0.05, 0.075, 0.925, 0.95, 0.975], method="median_unbiased")
        assert result.mean() == pytest.approx(points[4] - points[1], abs=1e-12)
        low, high = (points[2] - points[0]) / 0.05, (points[5] - points[3]) / 0.05
        steps = low * (part <= points[1]) - high * (part <= points[4])
        np.testing.assert_allclose(result - result[-1], steps - steps[-1], atol=1e-12)


def test_the_series_of_an_entropy_is_grassbergers():
    """P. Grassberger (2003), arXiv:physics/0307138: G(1) = -g - ln 2, G(2) = G(1) + 2, then by twos 2 / (2 n + 1)."""
    start, series = -np.euler_gamma - np.log(2), _series(40)
    exact = [0, start, start + 2, start + 2, *([start + 2 + 2 / 3] * 2), *([start + 2 + 2 / 3 + 2 / 5] * 2)]
    np.testing.assert_allclose(series[:9], [*exact, exact[-1] + 2 / 7], rtol=1e-13)
    # Beyond, the logarithm of a count less half its inverse, as of the digamma function.
    n = np.arange(9, 41)
    np.testing.assert_allclose(series[9:], np.log(n) - 1 / (2 * n) - 1 / (12 * n**2), atol=1e-5)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("count", [15, 30, 200])
def test_the_entropy_of_a_share_has_hardly_a_bias(share, count):
    hits = np.arange(count + 1.0)
    result = _entropies(hits, np.full(count + 1, float(count)), _series(count))
    exact = -share * np.log(share) - (1 - share) * np.log(1 - share)
    # By the counts alone it would be half of one over the count too low.
    assert binom.pmf(hits, count, share) @ result == pytest.approx(exact, abs=0.1 / count)


def test_the_fall_of_a_variance_is_kelleys():
    """By scipy's F of the groups: what is between them less what their spread gives by chance."""
    generator = np.random.default_rng(3)
    groups = np.repeat(np.arange(20), 30)
    values = np.random.default_rng(4).normal(size=20)[groups] + generator.normal(size=600)
    parts = values.reshape(20, 30)
    within = parts.var(axis=1, ddof=1).mean()
    bins = Partition(groups[np.newaxis].astype(np.uint16), np.array([0, 20]), np.full(20, 30.0))
    gain, error = (part[0, 0] for part in variance_gain(bins, values[:, np.newaxis]))
    assert gain == pytest.approx(19 * within * (f_oneway(*parts).statistic - 1) / 600)
    # Of low-discrepancy points half of it is put back.
    more, wider = (part[0, 0] for part in variance_gain(bins, values[:, np.newaxis], low_discrepancy=True))
    assert more - gain == pytest.approx(19 * within / 600 / 2)
    assert wider**2 - error**2 == pytest.approx((more - gain) ** 2 / 3, rel=0.3)


def test_of_replicates_chance_is_what_the_means_of_their_bins_differ_by():
    """Two bins, in two replicates of four samples: what two independent halves agree on is no chance."""
    values = np.array([1.0, 2, 5, 7, 2, 3, 9, 9])
    member = np.array([[0, 0, 1, 1, 0, 0, 1, 1]], dtype=np.uint16)
    bins = Partition(member, np.array([0, 2]), np.array([4.0, 4]))
    # Means of the low bin are 1.5 and 2.5, of the high one 6 and 9: halves of the squares of half their differences.
    chance = 0.5 * np.mean([0.5**2, 1.5**2])
    gain = variance_gain(bins, values[:, np.newaxis], replicates=2)[0]
    assert float(gain[0, 0]) == pytest.approx(((7.5 - 2) / 2) ** 2 - chance)
    assert (variance_gain(bins, values[:, np.newaxis], True, 2)[0] == gain).all()


def test_of_independent_draws_replicates_say_the_same_as_the_spread_in_the_bins():
    generator = np.random.default_rng(3)
    x = generator.normal(size=(40, 8192))
    y = (x[0] + generator.normal(size=8192) > 0)[:, np.newaxis].astype(float)
    (plain, error), (own, other) = (variance_gain(partition(x), y, replicates=several) for several in (1, 16))
    # Chance gives 64 bins of idle inputs 0.25 / 8192 each, known to a part of sqrt(2 / 15 / 64) by 16 replicates.
    spread = 64 * 0.25 / 8192 * np.sqrt(2 / 15 / 64)
    assert np.std((own - plain)[1:]) == pytest.approx(spread, rel=0.5)
    assert abs(np.mean((own - plain)[1:])) < 4 * spread / np.sqrt(39)
    # The mean square of what 16 replicates show as a variance is 17/15 of its square, of which the error is the root.
    assert 0.97 < np.mean((other / error)[1:]) < np.sqrt(17 / 15) + 0.02
    assert other[0] == pytest.approx(error[0], rel=0.01)


def test_a_bin_of_one_sample_has_the_variance_of_all_as_its_chance():
    values = np.random.default_rng(4).normal(size=100)
    parts = np.split(values, [1, 51])
    bins = Partition(
        np.repeat([[0, 1, 2]], [1, 50, 49], axis=1).astype(np.uint16), np.array([0, 3]), np.array([1.0, 50, 49])
    )
    between = sum(len(part) * (part.mean() - values.mean()) ** 2 for part in parts) / 100
    noise = [values.var(), parts[1].var(ddof=1), parts[2].var(ddof=1)]
    chance = np.dot(1 - np.array([1, 50, 49]) / 100, noise) / 100
    assert variance_gain(bins, values[:, np.newaxis])[0][0, 0] == pytest.approx(between - chance)


@pytest.mark.parametrize("score", ["log", "crps", "width"])
def test_of_low_discrepancy_points_half_of_what_chance_gives_is_put_back(score):
    generator = np.random.default_rng(3)
    x = generator.normal(size=(2, 2048))
    y = x[0] + generator.normal(size=2048)
    if score == "log":
        bins = partition(x)
        plain, low = (entropy_gain(bins, (y > 0)[:, np.newaxis].astype(float), kind) for kind in (False, True))
        np.testing.assert_allclose(low[0] - plain[0], np.diff(bins.offsets)[:, np.newaxis] / 4 / 2048)
    else:
        plain, low = (spread_gain(score, x, y[:, np.newaxis], kind) for kind in (False, True))
    assert (low[0] > plain[0]).all()
    np.testing.assert_allclose(low[1] ** 2 - plain[1] ** 2, (2 * (low[0] - plain[0])) ** 2 / 3, rtol=1e-9)


def test_sums_over_bins_are_those_of_bincount():
    generator = np.random.default_rng(3)
    member, values = generator.integers(0, 5, (3, 9000)).astype(np.uint16), generator.normal(size=(9000, 2))
    member[2].sort()
    result = Partition(member, np.array([0, 5, 10, 15]), np.ones(15)).sums(values)
    exact = [np.bincount(row, column, 5) for column in values.T for row in member]
    np.testing.assert_allclose(result.T.reshape(-1, 5), exact, rtol=1e-10)


def test_bins_are_halved_in_the_tails_while_eight_sorted_samples_are_left():
    sizes = lambda size, **how: partition([np.arange(float(size))], 4, **how).counts.tolist()  # noqa: E731
    assert sizes(4 * 8 * 4) == [8, 8, 16, 32, 32, 16, 8, 8]
    assert sizes(4 * 8 * 4 - 1) == [15, 16, 32, 32, 16, 16]
    assert sizes(10**6, tails=False, exact=True) == [250_000] * 4 and sizes(12) == [3] * 4


def test_the_number_of_bins_grows_as_the_root_of_the_third_order_of_that_of_samples_within_4_and_64():
    for size, more in ((27, 8 * 27), (1100, 8 * 1100)):
        few, many = (len(partition([np.arange(float(n))], tails=False).counts) for n in (size, more))
        assert 2 * few <= many <= 2 * few + 1
    assert [len(partition([np.arange(float(n))], tails=False).counts) for n in (5, 10**5)] == [4, 64]
    # Finer in the tails, unless not asked for.
    assert partition([np.arange(1100.0)]).counts[0] < 1100 / 24 / 2


def test_bins_are_equal_where_all_samples_are_sorted_and_nearly_so_where_some_are():
    x = np.random.default_rng(3).normal(size=(2, 12800))
    x[1] = np.round(x[1])
    every, some = partition(x, 32, tails=False, exact=True), partition(x, 32, tails=False)
    assert (every.counts[:32] == 400).all() and 0 < np.abs(some.counts[:32] / 400 - 1).max() < 0.3
    # Few values have a bin each, and so has one at which samples pile up.
    for result in (every, some):
        np.testing.assert_array_equal(result.counts[32:], np.unique(x[1], return_counts=True)[1])
    half = partition([np.maximum(x[0], 0)], 32, tails=False)
    assert half.counts[0] == (x[0] <= 0).sum()


def test_halves_are_halves_and_of_twins_one_is_kept():
    assert halves(10).sum() == 5
    assert halves(11).sum() == 6
    column = np.arange(60.0)
    doubled = np.r_[column, column[:20]]
    kept = without_twins([doubled, np.arange(80) % 3], 80)
    assert sorted(doubled[kept]) == column.tolist()
    assert (np.diff(kept) > 0).all()
    # Of some twins either may be the one, and eight of one value are twins, nine a discrete input.
    assert 0 < (kept >= 60).sum() < 20
    assert without_twins([np.arange(80.0) // 8], 80).size == 10
    assert without_twins([np.r_[np.zeros(9), np.arange(1.0, 72)]], 80).size == 80


@pytest.mark.parametrize("score", ["variance", "log"])
def test_the_error_of_a_gain_is_that_of_the_mean_of_what_each_sample_adds(score):
    """Of four bins of some thousand samples, beside which what chance adds is small."""
    generator = np.random.default_rng(6)
    member = np.sort(generator.integers(0, 4, 8000))
    bins = Partition(member[np.newaxis].astype(np.uint16), np.array([0, 4]), np.bincount(member).astype(float))
    if score == "log":
        y = (generator.uniform(size=8000) < np.array([0.05, 0.2, 0.5, 0.9])[member]).astype(float)
        result, error = entropy_gain(bins, y[:, np.newaxis])
        known, share = (np.bincount(member, y) / bins.counts)[member], y.mean()
        added = np.log(np.where(y == 1, known / share, (1 - known) / (1 - share)))
    else:
        y = np.array([-3.0, 0.0, 1.0, 5.0])[member] + generator.normal(size=8000)
        result, error = variance_gain(bins, y[:, np.newaxis])
        known = (np.bincount(member, y) / bins.counts)[member]
        added = (y - y.mean()) ** 2 - (y - known) ** 2
    assert result[0, 0] == pytest.approx(added.mean(), rel=2e-3)
    assert error[0, 0] == pytest.approx(added.std() / np.sqrt(8000), rel=5e-3)


def half_of(left):
    """Return a half of which nothing is predicted, with two neighbours of each sample."""
    n = len(left)
    near = np.stack([np.roll(np.arange(n), 1), np.roll(np.arange(n), 3)], axis=1)
    return together.Half(np.ones(n, bool), np.zeros((n, 1)), np.ones((n, 1)), near, np.array([1.5, -0.5]), 0.0)


def test_a_shift_of_a_normal_law_widens_its_interval_by_the_slope_of_its_density():
    """The slope of the logarithm of a normal density is -x: at the 95 % point -1.645, at the other end 1.645."""
    left = norm.ppf((np.random.default_rng(1).permutation(20000) + 0.5) / 20000)
    half = half_of(left)
    _, second, plain = together._width(left, half, 0, 0.0)
    np.testing.assert_allclose(plain, half.squares(left)[1] * norm.ppf(0.95), rtol=0.01)
    np.testing.assert_allclose(second, half.squares(left)[0] * norm.ppf(0.95), rtol=0.01)


def test_regression_begins_with_a_ridge_by_generalised_cross_validation():
    generator = np.random.default_rng(1)
    basis, penalty = generator.normal(size=(12, 300)), generator.gamma(2.0, size=12)
    values = basis.T @ generator.normal(size=(12, 9)) * np.logspace(-2, 1, 9) + generator.normal(size=(300, 9))
    known = np.arange(300) < 160
    regression = together.Regression(basis / np.sqrt(penalty)[:, np.newaxis], known)
    result = regression.scaled.T @ regression.ridge(values[known])[0]
    rows, n = basis[:, known].T, 160
    for column, seen in enumerate(values[known].T):
        fits = []
        for force in np.logspace(-8, 2, 21):
            turn = np.linalg.solve(rows.T @ rows / n + force * np.diag(penalty), rows.T / n)
            left = seen - rows @ (turn @ seen)
            fits.append(((left**2).mean() / (1 - np.trace(rows @ turn) / n) ** 2, turn @ seen))
        best = min(fits, key=lambda fit: fit[0])[1]
        np.testing.assert_allclose(result[:, column], basis.T @ best, atol=1e-8)


def test_regression_keeps_the_few_terms_that_matter_and_is_logistic_for_truth_values():
    generator = np.random.default_rng(2)
    basis = generator.normal(size=(100, 4000))
    known = np.arange(4000) < 2000
    regression = together.Regression(basis, known)
    of_three = 2 * basis[1] - basis[40] + 0.5 * basis[77]
    chances = expit(2 * of_three)
    noise, lot = generator.normal(size=4000), generator.random(4000)
    result = regression.predict(np.column_stack([of_three + noise, lot < chances]))
    # Least squares on all 100 terms would miss by 100 / 2,000, on the three that matter by 3 / 2,000.
    assert ((result[:, 0] - of_three)[~known] ** 2).mean() < 0.012
    assert ((result[:, 1] - chances)[~known] ** 2).mean() < 0.003
    line = regression.scaled.T @ regression.ridge((lot < chances)[known, np.newaxis] * 1.0)[0][:, 0]
    assert ((line - chances)[~known] ** 2).mean() > 0.01


def test_neighbours_are_the_nearest_and_their_weights_reach_to_no_distance():
    points = np.random.default_rng(1).normal(size=(200, 2))
    near, weights, mutual = local.neighbours(points)
    squared = ((points[:, np.newaxis] - points) ** 2).sum(axis=2)
    count = local.NEIGHBOURS
    np.testing.assert_array_equal(near, np.argsort(squared, axis=1)[:, 1 : count + 1])
    mean = np.take_along_axis(squared, near, axis=1).mean(axis=0)
    assert weights.sum() == pytest.approx(1)
    assert weights @ mean == pytest.approx(0, abs=1e-12)
    # Of all such weights the least: along the constant and the distance.
    assert np.abs(np.diff(weights, 2) / np.diff(weights)[1:] - np.diff(mean, 2) / np.diff(mean)[1:]).max() < 1e-6
    matrix = np.zeros((200, 200))
    np.put_along_axis(matrix, near, np.tile(weights, (200, 1)), axis=1)
    assert mutual == pytest.approx((matrix * matrix.T).sum() / (matrix**2).sum())


def test_close_neighbours_are_nearest_in_some_columns_and_their_weights_reach_to_no_distance_itself():
    points = np.random.default_rng(2).normal(size=(200, 3))
    near, weights, missing = local.close_neighbours(points, (0, 2))
    away = np.linalg.norm((points[:, np.newaxis] - points) * [local.CLOSER, 1, local.CLOSER], axis=2)
    np.testing.assert_array_equal(near, np.argsort(away, axis=1)[:, 1 : local.CLOSE + 1])
    assert weights.sum() == pytest.approx(1)
    assert weights @ np.take_along_axis(away, near, axis=1).mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert 0 < missing < local.close_neighbours(points, (0, 1, 2))[2] < 1


def test_rank_scores_are_normal_and_of_equal_values_the_middle():
    result = rank_scores(np.array([[3.0, 1.0, 2.0, 4.0], [5.0, 5.0, 1.0, 2.0]]))
    np.testing.assert_allclose(norm.cdf(result), [[0.625, 0.125, 0.375, 0.875], [0.75, 0.75, 0.125, 0.375]])


def test_regressors_are_hermite_polynomials_of_unit_variance_and_waves_smaller_the_rougher():
    """Even normal scores: each polynomial and product has the mean 0 and the variance 1 of a normal input."""
    scores = norm.ppf(qmc.Sobol(2, seed=1).random(1 << 13)).T
    basis, leading = together._basis(scores, scores.T @ [[1.0], [2.0]])
    penalty = np.r_[1e-9, np.repeat([1, 2**1.5, 3**1.5], 2) / 10, np.array([2, 4, 3, 3]) ** 1.5 / 10]
    polynomials = basis[: len(penalty)] * np.sqrt(penalty)[:, np.newaxis]
    np.testing.assert_allclose(polynomials @ polynomials.T / (1 << 13), np.eye(len(penalty)), atol=0.25)
    assert len(basis) == together.MOST
    waves, steep = together._waves(scores, len(basis) - len(penalty))
    np.testing.assert_allclose(basis[len(penalty) :], waves / np.sqrt(steep)[:, np.newaxis])
    one = np.sqrt(2) * np.cos(np.pi * norm.cdf(scores / together.STRETCH))
    for wave, bends in ((one[0], 1), (one[1], 1), (one[0] * scores[1], 2**1.5), (one[0] * one[1], 2**1.5)):
        places = np.flatnonzero(np.isclose(waves, wave, atol=1e-12).all(axis=1))
        assert len(places) == 1
        assert steep[places[0]] == pytest.approx(bends)
    np.testing.assert_allclose(leading, scores[::-1].T, atol=1e-8)


def test_truth_values_have_the_variance_that_any_numbers_have():
    generator = np.random.default_rng(3)
    x = generator.normal(size=(2, 2000))
    event = (x[0] + generator.normal(size=2000) > 1).astype(float)
    bins = partition(x)
    # Beside a column that has other numbers they are no truth values.
    for alone, beside in zip(
        variance_gain(bins, event[:, np.newaxis]), variance_gain(bins, np.column_stack([event, x[1]])), strict=True
    ):
        np.testing.assert_allclose(alone[:, 0], beside[:, 0], rtol=1e-10)


def test_the_error_of_perfect_information_is_that_of_a_mean_and_the_variance_is_without_bias():
    values = np.random.default_rng(3).normal(size=50)
    value, error = perfect_gain("variance", values)
    assert value == pytest.approx(values.var(ddof=1))
    assert error == pytest.approx(((values - values.mean()) ** 2 * 50 / 49).std() / np.sqrt(50))
    # The second action is the best at once, by 8 / 3 to 3; it is not in the first sample, by 5.
    result = perfect_gain("loss", np.array([[1.0, 6.0], [4.0, 2.0], [4.0, 0.0]]))
    assert result == pytest.approx((5 / 3, 5 * np.sqrt(2) / 3 / np.sqrt(3)))
    assert perfect_gain("crps", values)[0] == pytest.approx(mean_distances(values).mean() / 2)
    low, high = np.quantile(values, [0.05, 0.95], method="median_unbiased")
    assert perfect_gain("width", values)[0] == pytest.approx(high - low)
