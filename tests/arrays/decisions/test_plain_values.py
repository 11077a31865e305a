"""Values of information against the same formulas, written one bin and one sample at a time."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from clustercast.arrays.decisions import local, scores, together
from clustercast.arrays.decisions.partition import Partition, halves
from tests.reference import plain_values as plain


def bins_of(*members):
    sizes = [np.bincount(member) for member in members]
    offsets = np.cumsum([0, *map(len, sizes)])
    return Partition(np.stack(members).astype(np.uint16), offsets, np.concatenate(sizes) * 1.0)


@pytest.fixture(scope="module")
def members():
    """Bins of one size, a few with a rare one, two bins, three, some that hold one sample or two, and one alone."""
    generator = np.random.default_rng(4)
    few = generator.choice(5, 400, p=[0.3, 0.3, 0.2, 0.18, 0.02])
    each = np.arange(400)
    return generator.permutation(400) // 40, few, each % 2, each % 3, np.r_[0, 1, 1, 2 + each[3:] % 3], 0 * each


@pytest.mark.parametrize("scale", [1.0, 0.05])
def test_what_an_action_gains_by_bins_is_that_of_normal_equations(members, scale):
    """With means of bins that differ by much, or by hardly anything, so that halves choose otherwise."""
    generator = np.random.default_rng(5)
    away = np.array([0.0, 0.3, -0.4, 1.0, 0.6, -1.0, 0.1, 0.2, 0.9, -0.8])
    losses = generator.normal(size=(400, 3)) * [0.2, 1.0, 0.6] + [0.0, 0.02, 0.01]
    losses[:, 1] += scale * away[members[0]]
    losses[:, 2] -= scale * away[members[1]]
    gains, errors = scores.action_gain(bins_of(*members), losses)
    exact = np.array([plain.action_gain(member, losses) for member in members])
    np.testing.assert_allclose(gains[:, 0], exact[:, 0], rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(errors[:, 0], exact[:, 1], rtol=1e-6)


@pytest.mark.parametrize("low_discrepancy", [False, True])
@pytest.mark.parametrize("kind", ["numbers", "truth values"])
def test_the_fall_of_a_variance_or_entropy_is_that_of_bin_after_bin(members, kind, low_discrepancy):
    values = np.random.default_rng(6).normal(size=(400, 2)) + 0.1 * np.stack([members[0], -members[1]], axis=1)
    names, given = ["variance"], (True,) * low_discrepancy
    if kind == "truth values":
        values, names = (values > [1.5, -1.2]) * 1.0, ["variance", "entropy"]
    for name in names:
        gain = getattr(scores, f"{name}_gain")(bins_of(*members), values, *given)
        for target, column in enumerate(values.T):
            exact = [getattr(plain, f"{name}_gain")(member, column, low_discrepancy) for member in members]
            np.testing.assert_allclose(np.array(gain)[:, :, target].T, exact, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("low_discrepancy", [False, True])
@pytest.mark.parametrize("score", ["crps", "width"])
def test_the_fall_of_a_mean_crps_or_width_is_that_of_bin_after_bin(score, low_discrepancy, monkeypatch):
    """Of low-discrepancy points by no more bins than a variance has; the bins are equal in so many samples too."""
    monkeypatch.setattr(scores, "BINS", 16)
    monkeypatch.setattr("clustercast.arrays.decisions.partition.SORTED", 256)
    generator = np.random.default_rng(7)
    x = generator.normal(size=(2, 1024))
    columns = np.stack([x[0], np.round(x[1]), x[1]])
    values = np.stack([x[1] + generator.normal(size=1024), x[0]], axis=1)
    each = max(scores.IN_A_BIN[score], 1024 // 16 if low_discrepancy else 0)
    one, other = x.argsort(axis=1).argsort(axis=1) // each
    members = [one, np.unique(columns[1], return_inverse=True)[1], other]
    result = scores.spread_gain(score, columns, values, *(True,) * low_discrepancy)
    assert not np.any(scores.spread_gain(score, x[:, :256], np.full((256, 1), 2.0), low_discrepancy))
    for target, column in enumerate(values.T):
        exact = plain.spread_gain(score, members, column, low_discrepancy)
        np.testing.assert_allclose(np.array(result)[:, :, target], exact, rtol=1e-9, atol=1e-12)


def a_half(size, values=1, seed=8):
    """Return a half with predictions, spreads, neighbours and weights at random."""
    generator = np.random.default_rng(seed)
    near = np.stack([np.roll(generator.permutation(size), k) for k in range(3)], axis=1)
    predicted, spread = generator.normal(size=(size, values)), generator.uniform(0.5, 2, size=(size, values))
    return together.Half(np.ones(size, bool), predicted, spread, near, np.array([1.5, -0.75, 0.25]), 0.3)


def test_what_samples_add_together_is_that_of_sample_after_sample():
    half, generator = a_half(60), np.random.default_rng(9)
    values = half.predicted[:, 0] + generator.normal(size=60) * half.spread[:, 0]
    events, always = (values > 1) * 1.0, np.ones(60)
    products = plain.products_of(values - half.predicted[:, 0], half)
    second = products @ [1.5, -0.75, 0.25]
    saved = (values - values.mean()) ** 2 - (values - half.predicted[:, 0]) ** 2
    for score, column, exact in (
        ("variance", values, (saved + second, second, products.mean(axis=1))),
        ("log", events, plain.log_parts(events, half, events.mean())),
        ("log", always, plain.log_parts(always, half, 1.0)),
        ("log", 0 * always, plain.log_parts(0 * always, half, 0.0)),
        ("crps", values, plain.crps_parts(values, half)),
    ):
        result = together._parts(score, column[:, np.newaxis], half)[:, :, 0]
        np.testing.assert_allclose(result, exact, rtol=1e-9, atol=1e-9, err_msg=score)


@pytest.mark.parametrize(
    ("scale", "common"), [(1.0, 0.0), (0.01, 1.0), (0.01, 0.0)], ids=["gap", "neighbours", "chance"]
)
def test_what_samples_add_to_a_loss_is_as_the_density_of_the_gap_of_two_actions(scale, common):
    """Of what is predicted, or where that hardly varies, of what neighbours have in common or chance gives."""
    half, generator = a_half(60, 3), np.random.default_rng(9)
    half = replace(half, predicted=scale * half.predicted)
    losses = half.predicted + generator.normal(size=(60, 3)) * [common < 1, common < 1, 1]
    losses[:, 0] += 3 * common
    np.testing.assert_allclose(together._parts("loss", losses, half)[:, :, 0], plain.loss_parts(losses, half))


def test_a_loss_of_a_rare_event_is_worth_nothing_where_an_action_is_never_better():
    """Also where one half has no event, so that nothing of what is predicted of the other varies."""
    for seed in (0, 6, 9):
        x = np.random.default_rng(seed).normal(size=(2, 1000))
        losses = np.stack([np.zeros(1000), x[0] + x[1] > 4], axis=1)
        value, error, _ = (part[0, 0] for part in together.joint_gains(x, {"loss": losses})["loss"])
        assert abs(value) <= 1.96 * error + 1e-5
        assert error <= 0.05


@pytest.mark.parametrize(("size", "often"), [(64, False), (64, True), (1030, False)])
def test_what_samples_add_to_a_width_is_of_groups_by_what_is_predicted(size, often):
    """Where an eighth of the samples but one are equally far below there is no density at the lower point."""
    half = a_half(size)
    values = np.round(half.predicted[:, 0] + np.random.default_rng(9).normal(size=size) * half.spread[:, 0], 1)
    if often:
        half.predicted[: size // 8, 0] = values[: size // 8] + 9 * half.spread[: size // 8, 0]
        half.predicted[0, 0] += 9
    result = together._parts("width", values[:, np.newaxis], half)[:, :, 0]
    np.testing.assert_allclose(result, plain.width_parts(values, half), rtol=1e-9, atol=1e-9)


def test_the_value_of_what_samples_add_is_their_mean_and_doubt_what_extrapolation_adds_beyond_noise():
    whole, second, added = np.random.default_rng(1).normal(size=(3, 50, 2)) + 1
    added[:, 1] -= added[:, 1].mean()
    value, error, doubt = together._summed(np.array([whole, second, second - added]), 0.4, 0.2)
    noise = np.sqrt(1.4 * added.var(axis=0) / 50)
    exact = together.MISSING * np.maximum(added.mean(axis=0) - noise, 0)
    assert exact[0] > 0.3 > exact[1] == 0
    np.testing.assert_allclose(doubt, [exact], atol=1e-12)
    # Half of what choosing the best before may give too much is put back, as if any of it were as likely.
    np.testing.assert_allclose(value, [whole.mean(axis=0) + 0.1])
    squared = (whole.var(axis=0) + 0.4 * second.var(axis=0)) / 50 + exact**2 + 0.2**2 / 12
    np.testing.assert_allclose(error, [np.sqrt(squared)])


@pytest.fixture(scope="module")
def drawn():
    """Two normal columns and values of every kind of them."""
    generator = np.random.default_rng(10)
    x = generator.normal(size=(3, 600))
    y = x[0] + x[0] * x[1] + 0.5 * x[2]
    kinds = {"variance": np.stack([y, x[1] ** 2], axis=1), "crps": y[:, np.newaxis], "width": y[:, np.newaxis]}
    kinds |= {"brier": (y > 0)[:, np.newaxis] * 1.0, "log": (y > 1)[:, np.newaxis] * 1.0}
    return x[:2], kinds | {"loss 0": np.stack([0 * y, y, -y - 0.2], axis=1)}


def test_values_of_several_kinds_at_once_are_those_of_each_alone_from_either_half(drawn):
    columns, kinds = drawn
    result = together.joint_gains(columns, kinds)
    one = halves(600)
    for kind, values in kinds.items():
        tie, score = 0.0, kind.split()[0]
        if score == "loss":
            values, tie = scores.relative_losses(values)
        spread = np.full(values.shape[1], score in ("crps", "width"))
        basis, leading = together._basis(columns, values)
        cells, parts, mutual = local.cells_of(leading), [], []
        for part in (one, ~one):
            known = together.Regression(basis, ~part)
            events = np.full(values.shape[1], score in ("brier", "log"))
            predicted, rough = local.corrected(cells, ~part, known.predict(values), values, events)
            widths, wider = np.ones_like(values), {}
            if spread.any():
                wide = np.abs(values - predicted)
                away, wider = local.corrected(cells, ~part, known.predict(wide), wide, ~spread)
                widths = np.maximum(away, 0.2 * away.mean(axis=0))
            close = {k: local.close_neighbours(leading[part], places) for k, places in (wider | rough).items()}
            half = together.Half(part, predicted[part], widths[part], *local.neighbours(leading[part]), close)
            parts.append(together._parts(score, values, half))
            mutual.append(half.mutual)
        exact = together._summed(np.concatenate(parts, axis=1), half.mutual, tie)
        for mine, its in zip(result[kind], exact, strict=True):
            np.testing.assert_allclose(mine, its, rtol=1e-6, atol=1e-9, err_msg=kind)
        if kind == "variance":
            added = together.explained(columns, values)
            for part, (whole, second, near), twice in zip((one, ~one), parts, mutual, strict=True):
                rows = [whole, np.sqrt(twice) * second, 0.5 * (second - near)]
                np.testing.assert_allclose(added[:, part], rows, atol=1e-9)


def test_a_half_is_predicted_without_its_own_values(drawn):
    columns, kinds = drawn
    values = kinds["variance"]
    other = np.where(halves(600)[:, np.newaxis], -values[::-1], values)
    spread = np.array([True, False])
    (one, _), (two, _) = ([*together._halves(columns, each, spread)] for each in (values, other))
    np.testing.assert_allclose(one.predicted, two.predicted)
    np.testing.assert_allclose(one.spread, two.spread)
    assert (one.spread[:, 1] == 1).all() and np.ptp(one.spread[:, 0]) > 0.01


@pytest.mark.parametrize("constant", [False, True])
def test_values_that_hardly_vary_have_numbers_too(constant):
    """Outputs that are mostly 0, or but for three samples, or always 2; also by an input that has one value."""
    x = np.random.default_rng(3).normal(size=(2, 300))
    columns = np.stack([x[0], 0 * x[1] if constant else x[1]])
    for values in (np.maximum(x[0] - 1.8, 0), (np.arange(300) % 100 == 7) * 1.0, np.full(300, 2.0)):
        kinds = dict.fromkeys(("variance", "crps", "width"), values[:, np.newaxis])
        result = together.joint_gains(columns, kinds | {"loss": np.stack([values, 0 * values + 1], axis=1)})
        for kind, parts in result.items():
            assert np.isfinite(parts).all(), kind
            assert values.std() > 0 or not np.any(parts), kind


def test_neighbours_of_equal_points_are_others():
    """Also where so many are equal that a point is not among its own nearest."""
    near, weights, _ = local.neighbours(np.zeros((40, 1)) + np.arange(40)[:, np.newaxis] // 39)
    assert near.shape == (40, 24)
    assert (near != np.arange(40)[:, np.newaxis]).all()
    near, weights, _ = local.neighbours(np.arange(6.0)[:, np.newaxis] ** 2)
    assert near.shape == (6, 5) and weights.shape == (5,)


def test_waves_of_one_column_are_all_of_them_where_there_is_room():
    scores = np.random.default_rng(11).normal(size=(1, 50))
    for result, exact in zip(together._waves(scores, 50), plain.waves(scores, 50), strict=True):
        np.testing.assert_allclose(result, exact, atol=1e-12)
    assert len(result) == together.TOP


@pytest.mark.parametrize(("columns", "size"), [(1, 300), (10, 300), (3, 4200), (10, 2400)])
def test_regressors_are_the_products_of_polynomials_and_of_waves_of_the_columns_that_matter_most(columns, size):
    generator = np.random.default_rng(11)
    scores = generator.normal(size=(columns, size))
    values = np.stack([scores[-1] + scores[0] ** 2, 100 * scores[columns // 2] ** 3, np.zeros(size)], axis=1)
    values[:, 0] /= 100
    basis, leading = together._basis(scores, values)
    rows, penalty, ranked = plain.regressors(scores, values)
    assert len(basis) <= max(min(200, size // 20), 1 + 3 * columns)
    np.testing.assert_allclose(basis, rows / np.sqrt(penalty)[:, np.newaxis], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(leading, scores[ranked[:4]].T, atol=1e-8)


@pytest.mark.parametrize("events", [True, False])
def test_regression_is_an_adaptive_ridge_and_logistic_where_there_are_two_values(events):
    generator = np.random.default_rng(12)
    basis = np.vstack([np.ones(900), generator.normal(size=(60, 900)) * generator.uniform(0.3, 2, size=(60, 1))])
    known = np.arange(900) % 3 > 0
    values = basis[3] - basis[40] + basis[41] / 3 + generator.normal(size=900)
    values = (generator.random(900) < expit(2 * values + 1.5)) * 1.0 if events else values
    values[1] = 0
    regression = together.Regression(basis * 1.7, known)
    seen = values[known]
    ridge, moments, noise = regression.ridge(seen[:, np.newaxis])
    exact = plain.sparse(regression, ridge[:, 0], moments[:, 0], noise[0])
    predicted = np.clip(exact @ regression.scaled, seen.min(), seen.max())
    if events:
        predicted = plain.chances(regression, exact, seen)
    np.testing.assert_allclose(regression.predict(values[:, np.newaxis])[:, 0], predicted, rtol=1e-8, atol=1e-10)
    # The noise is the variance of a coefficient of a row of unit variance, by what the ridge leaves.
    left = seen - ridge[:, 0] @ regression.rows
    assert noise[0] == pytest.approx(left @ left / (600 - len(basis)) / 600, rel=0.1)
