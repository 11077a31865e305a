import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from clustercast.arrays.indices import given_data
from clustercast.arrays.indices.given_data import BinnedSample, MainEffects, _joined, bin_numbers, default_bins
from clustercast.arrays.points.designs import sobol_uniforms
from clustercast.errors import InputError

A = np.array([0, 1, 4.5, 9, 99, 99, 99, 99])


def first_order_indices(inputs, outputs, *weights_and_bins, **drawn):
    return given_data.first_order_indices(BinnedSample.of(inputs, *weights_and_bins, **drawn), outputs)


def ishigami(u):
    x = np.pi * (2 * u - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def sobol_g(u):
    return np.prod((np.abs(4 * u - 2) + A) / (1 + A), axis=1)


def linear(u):
    return ndtri(u) @ np.array([1.0, 0.5, 0.1, 2.0])


PARTS = np.array([(1 + 0.1 * np.pi**4 / 5) ** 2 / 2, 49 / 8, 0.0])
SQUARES = np.array([1, 0.25, 0.01, 4])
PROBLEMS = {
    "ishigami": (ishigami, PARTS / (PARTS.sum() + 8 * 0.01 * np.pi**8 / 225)),
    "g": (sobol_g, (1 / 3 / (1 + A) ** 2) / (np.prod(1 + 1 / 3 / (1 + A) ** 2) - 1)),
    "linear": (linear, SQUARES / SQUARES.sum()),
    "lognormal": (lambda u: np.exp(linear(u) / 5), np.expm1(SQUARES / 25) / np.expm1(SQUARES.sum() / 25)),
}


def repeats(name, points, size, count):
    function, exact = PROBLEMS[name]
    errors, scores = [], []
    for seed in range(count):
        if points == "sobol":
            u = sobol_uniforms(seed, len(exact), 0, size)
        else:
            u = np.random.default_rng(seed).random((size, len(exact)))
        result, error = first_order_indices(u, function(u)[:, np.newaxis], sobol=len(exact) * (points == "sobol"))
        errors.append(result[:, 0] - exact)
        scores.append(errors[-1] / error[:, 0])
    return np.array(errors), np.array(scores)


@pytest.mark.parametrize("points", ["sobol", "random"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_root_mean_square_error_at_8192_samples(name, points):
    errors, scores = repeats(name, points, 8192, 8)
    assert np.sqrt((errors**2).mean()) < 0.012
    assert np.abs(scores).max() < 4.5


@pytest.mark.parametrize("name", ["ishigami", "g", "linear"])
def test_standard_errors_of_independent_samples_are_honest(name):
    _, scores = repeats(name, "random", 2048, 60)
    assert ((scores.std(axis=0) > 0.6) & (scores.std(axis=0) < 1.3)).all()
    assert np.mean(np.abs(scores) < 1.96) > 0.9


def test_intervals_cover_on_low_discrepancy_points():
    for name in PROBLEMS:
        _, scores = repeats(name, "sobol", 2048, 10)
        assert np.mean(np.abs(scores) < 1.96) > 0.9


@pytest.mark.parametrize("size", [256, 512, 1024])
def test_they_have_little_bias_on_few_low_discrepancy_points(size):
    for name in PROBLEMS:
        errors, scores = repeats(name, "sobol", size, 16)
        # With half of what chance gives taken off, the bias of S1 was up to 0.035 at 256 points, 0.017 at 512.
        assert np.abs(errors.mean()) < 0.012 * np.sqrt(256 / size)
        assert np.mean(np.abs(scores) < 1.96) > 0.9


def weighted_case(seed, size=4096):
    """Uniform samples that weights turn into density 2u of the first input; y = x1 + x2."""
    u = np.random.default_rng(seed).random((size, 2))
    return u, (u @ np.ones(2))[:, np.newaxis], u[:, 0]


def test_weights_give_the_indices_of_the_weighted_distribution():
    share = (1 / 18) / (1 / 18 + 1 / 12)  # variances of the density 2u and of the uniform
    scores = []
    for seed in range(40):
        u, y, weights = weighted_case(seed)
        result, error = first_order_indices(u, y, weights)
        scores.append((result[:, 0] - [share, 1 - share]) / error[:, 0])
    assert 0.7 < np.std(scores) < 1.35
    assert np.abs(np.mean(scores, axis=0)).max() < 0.8


def test_weighted_agrees_with_resampled():
    u, y, weights = weighted_case(1, 32768)
    chosen = np.random.default_rng(2).choice(len(u), 32768, p=weights / weights.sum())
    result, error = first_order_indices(u, y, weights)
    resampled, other = first_order_indices(u[chosen], y[chosen])
    assert (np.abs(result - resampled) < 4 * np.hypot(error, other)).all()


def test_whole_weights_repeat_samples_of_a_structural_choice():
    rng = np.random.default_rng(3)
    x = rng.integers(0, 3, (400, 1)).astype(float)
    y = x**2 + rng.standard_normal((400, 1))
    result, _ = first_order_indices(x, y, np.full(400, 7.0))
    plain, _ = first_order_indices(x, y)
    np.testing.assert_allclose(result, plain, rtol=1e-12)


@settings(deadline=None, max_examples=25)
@given(factor=st.floats(1e-6, 1e6), scale=st.floats(1e-6, 1e6), shift=st.floats(-1e3, 1e3))
def test_scale_of_weights_and_of_output_does_not_matter(factor, scale, shift):
    u, y, weights = weighted_case(5, 512)
    result = first_order_indices(u, y, weights)
    moved = first_order_indices(u, scale * (y + shift), factor * weights)
    np.testing.assert_allclose(moved, result, rtol=1e-6, atol=1e-9)


def test_zero_weights_leave_samples_out():
    u, y, _ = weighted_case(6, 2000)
    weights = (np.arange(2000) < 1000).astype(float)
    expected = first_order_indices(u[:1000], y[:1000])
    y[1000:] = np.nan
    np.testing.assert_allclose(first_order_indices(u, y, weights), expected)


def test_the_share_of_chance_goes_by_the_columns_of_the_sequence():
    u = sobol_uniforms(1, 2, 0, 648)
    y = linear(np.hstack([u, u]))[:, np.newaxis]
    # Of 18 points for each column half is left: of 36 columns half, of 12 a fourth, of one of the inputs each 2 / 38.
    plain, error = first_order_indices(u, y)
    left = {c: first_order_indices(u, y, sobol=c)[0] - plain for c in (36, 12, 2)}
    np.testing.assert_allclose(left[12] / left[36], 1.5)
    np.testing.assert_allclose(left[2] / left[36], 2 * 36 / 38)
    # What is taken off lies anywhere between nothing and what chance gives: a uniform law.
    _, other = first_order_indices(u, y, sobol=10**9)
    np.testing.assert_allclose(other**2 - error**2, (2 * left[36]) ** 2 / 12, rtol=1e-5)


def test_many_columns_are_estimated_as_if_alone():
    u = np.random.default_rng(7).random((1024, 3))
    y = u @ np.random.default_rng(8).random((3, 150)) + u[:, :1] * u[:, 1:2]
    result, error = first_order_indices(u, y)
    for column in (0, 63, 64, 149):
        alone, alone_error = first_order_indices(u, y[:, [column]])
        np.testing.assert_allclose(result[:, [column]], alone)
        np.testing.assert_allclose(error[:, [column]], alone_error)


@pytest.mark.parametrize("count", [2, 3])
def test_a_choice_between_values_has_the_exact_analysis_of_variance(count):
    rng = np.random.default_rng(9)
    x = rng.permutation(np.repeat(np.arange(3.0)[:count], 600 // count))
    y = np.array([0.0, 1.0, 5.0])[x.astype(int)] + rng.standard_normal(600)
    groups = [y[x == value] for value in range(count)]
    within = np.mean([group.var(ddof=1) for group in groups])
    between = np.var([group.mean() for group in groups]) - (count - 1) * within / 600
    result, _ = first_order_indices(x[:, np.newaxis], y[:, np.newaxis], bins=count)
    assert result[0, 0] == pytest.approx(between / y.var(ddof=1), rel=1e-12)


def test_bins_have_equal_weight_are_finer_in_the_tails_and_do_not_split_ties():
    values = np.random.default_rng(10).standard_normal(1280)
    counts = np.bincount(bin_numbers(values, np.full(1280, 1 / 1280), 20))
    assert counts.tolist() == [8, 8, 16, 32, *[64] * 18, 32, 16, 8, 8]
    values = values[:1000]
    tied = np.repeat(values, 3)
    bins = bin_numbers(tied, np.full(3000, 1 / 3000), 20).reshape(1000, 3)
    assert (bins == bins[:, :1]).all()
    # Halves of 10 samples would have fewer than 8.
    assert np.bincount(bin_numbers(values[:200], np.full(200, 1 / 200), 20)).tolist() == [10] * 20


@pytest.mark.parametrize("bins", [3, 20])
def test_few_values_have_a_bin_each(bins):
    values = np.repeat([0, 1, 2], [4, 4, 992])
    assert (bin_numbers(values, np.full(1000, 1 / 1000), bins) == values).all()


@pytest.mark.parametrize(
    ("counts", "joined"),
    [
        ([1, 9, 5], [10, 5]),
        ([9, 7, 5, 1], [9, 7, 6]),
        ([9, 1, 5], [9, 6]),
        ([5, 1, 9], [6, 9]),
        ([5, 1, 5], [6, 5]),
        ([9, 4, 1, 5, 3], [9, 5, 5, 3]),
        ([3, 6, 1, 5, 9], [3, 6, 6, 9]),
        ([1, 1, 5], [2, 5]),
        ([2, 2], [2, 2]),
        ([1, 1], [2]),
    ],
)
def test_a_sample_alone_in_its_bin_joins_the_lighter_neighbour(counts, joined):
    numbers = np.repeat(np.arange(len(counts)), counts)
    assert np.bincount(_joined(numbers, np.ones(len(numbers)))).tolist() == joined


def test_number_of_bins_grows_within_limits():
    assert [default_bins(size) for size in (1, 20, 1000, 8192, 1e6)] == [2, 5, 23, 48, 64]


def test_a_constant_column_has_no_indices():
    u = np.random.default_rng(11).random((256, 2))
    result, error = first_order_indices(u, np.column_stack([np.full(256, 3.0), u[:, 0]]))
    assert np.isnan(result[:, 0]).all() and np.isnan(error[:, 0]).all()
    assert np.isfinite(result[:, 1]).all()


@pytest.mark.parametrize(
    ("weights", "bins", "message"),
    [
        (np.full(99, 1.0), None, "give one for each"),
        (np.full(100, -1.0), None, "0 or more"),
        (np.full(100, np.nan), None, "finite"),
        (np.zeros(100), None, "not all 0"),
        (None, 1, "1 bins"),
        (None, 64, "64 bins cannot be had from 100 effective samples"),
        (np.r_[1e9, np.ones(99)], None, "from 1 effective samples"),
    ],
)
def test_samples_that_cannot_be_used_are_refused(weights, bins, message):
    u = np.random.default_rng(12).random((100, 2))
    with pytest.raises(InputError, match=message):
        first_order_indices(u, u[:, :1], weights, bins)


def test_tails_are_not_halved_where_one_weight_would_own_a_bin():
    values = np.arange(1000.0)
    weights = np.r_[np.ones(990), np.full(10, 4.0)]
    numbers = bin_numbers(values, weights / weights.sum(), 10)
    owned = np.bincount(numbers, weights**2) / np.bincount(numbers, weights) ** 2
    # An eightieth of the weight is that of 3 such samples, a fortieth of 6: ten bins, two more at either end.
    assert owned.max() <= 0.25 and len(owned) == 14


def test_a_heavy_sample_shares_its_bin_with_its_neighbours():
    # With so many bins each index is that of a sample in which nothing is lost between the bins.
    u = np.random.default_rng(13).random((1000, 1))
    result, error = first_order_indices(u, u, np.r_[70.0, np.ones(999)], 40)
    assert abs(result[0, 0] - 1) < 3 * error[0, 0] + 0.02


@given(st.integers(0, 2**32 - 1), st.integers(16, 400), st.floats(0.005, 0.1))
def test_a_value_that_was_drawn_once_joins_its_neighbour(seed, size, rare):
    # Of a value that one sample has there is no spread: it counts as the next one, or, of two values, is not known.
    rng = np.random.default_rng(seed)
    three, two = rng.choice(3, size, p=[0.9 - rare, rare, 0.1]).astype(float), (rng.random(size) < rare).astype(float)
    y = rng.random(size)[:, np.newaxis] + three[:, np.newaxis]
    result, error = first_order_indices(np.column_stack([three, two, y]), y)
    assert np.isfinite(result[2]).all()
    assert np.isnan(result[1, 0]) == (two.sum() < 2 or two.sum() > size - 2)
    if not np.isnan(result[0, 0]) and (three == 1).sum() == 1:
        joined = [np.where(three == 1, other, three) for other in (0, 2)]
        assert result[0, 0] in [first_order_indices(np.column_stack([one, two, y]), y)[0][0, 0] for one in joined]


@pytest.mark.parametrize("replicates", [1, 40])
def test_the_error_is_that_of_the_jackknife_over_samples_or_over_replicates(replicates):
    """Efron and Stein (1981), doi:10.1214/aos/1176345462, of the correlation ratio of three groups."""
    rng = np.random.default_rng(3)
    x, part = rng.integers(0, 3, 4000), np.arange(4000) // (4000 // replicates)
    shared = rng.normal(size=40)[part] * (replicates > 1)
    y = np.array([0.0, 1.0, 5.0])[x] + rng.standard_exponential(4000) + shared

    def ratio(left):
        groups = [y[left][x[left] == group] for group in range(3)]
        between = sum(len(group) * (group.mean() - y[left].mean()) ** 2 for group in groups)
        return between / ((y[left] - y[left].mean()) ** 2).sum()

    groups = np.split(np.arange(4000), 400 if replicates == 1 else replicates)
    left = np.array([ratio(np.setdiff1d(np.arange(4000), group)) for group in groups])
    jackknife = (len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum()
    _, error = first_order_indices(x[:, np.newaxis], y[:, np.newaxis], bins=3, replicates=replicates)
    assert error[0, 0] == pytest.approx(np.sqrt(jackknife), rel=0.1)


def test_shapes_that_do_not_fit_are_refused():
    for inputs, outputs, message in (
        ((10, 2), (9, 1), "do not fit"),
        ((10,), (10, 1), "no table"),
        ((10, 2), (10,), "do not fit"),
    ):
        with pytest.raises(InputError, match=message):
            first_order_indices(np.ones(inputs), np.ones(outputs), None, 2)


@pytest.mark.parametrize("unit", [2.0**-1000, 2.0**1000])
def test_values_whose_squares_are_beyond_floats_have_the_same_indices(unit):
    u, y, _ = weighted_case(5, 512)
    np.testing.assert_array_equal(first_order_indices(u, y * unit), first_order_indices(u, y))


def test_each_sample_is_looked_at_beside_the_fit_of_all_others():
    """Against fits by least squares that leave the sample out; of an input, its own effect by all is left on."""
    generator = np.random.default_rng(8)
    inputs, outputs = generator.uniform(size=(60, 4)), generator.normal(size=(60, 2))
    effects = MainEffects.of(inputs, np.zeros(4, dtype=bool))
    (rest, none), (with_second, own) = effects.taken_off(outputs, [-1, 1])
    assert effects.terms.shape == (60, 12)
    for row in range(0, 60, 7):
        others = np.delete(np.arange(60), row)
        slopes = np.linalg.lstsq(effects.terms[others], outputs[others], rcond=None)[0]
        np.testing.assert_allclose(rest[row], outputs[row] - effects.terms[row] @ slopes, atol=1e-10)
    every = np.linalg.lstsq(effects.terms, outputs, rcond=None)[0]
    np.testing.assert_allclose(own, effects.terms[:, 3:6] @ every[3:6], atol=1e-10)
    np.testing.assert_allclose(with_second, rest + own, atol=1e-12)
    assert not none.any()
