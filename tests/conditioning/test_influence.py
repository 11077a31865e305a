"""What each observation did, by weights alone: beside the exact answer, wherever k-hat lets it be trusted."""

import warnings

import numpy as np
import pytest
from scipy import stats

import clustercast as cc
from clustercast.conditioning.checks import lessons
from clustercast.conditioning.observation_rows import Observation, Observations
from clustercast.conditioning.sampler import pareto_smoothed

DATES = np.array([2020.0, 2021.0, 2022.0, 2023.0])
CENTRE, SPREAD = np.array([0.2, 0.5]), np.array([0.3, 0.2])


@cc.quantity("1")
def level(year, start, base, growth):
    return np.exp(np.log(10) * (base + growth * (year - start)))


def conditioned(last, error, method="importance", seed=0, size=1 << 13):
    """A line through three rows that fit it and a fourth, of a smaller error."""
    values, errors = [0.3, 0.8, 1.3, last], [0.15, 0.15, 0.15, error]
    about = {"quantity": "level", "name": "made up", "unit": "1", "source": "made up", "as_of": "2024", "known": "2023"}
    rows = tuple(
        Observation(id=f"row_{k}", date=date, value=10.0**value, sd_log10=sd, **about)
        for k, (date, value, sd) in enumerate(zip(DATES.tolist(), values, errors, strict=True))
    )
    priors = cc.Priors(
        base=cc.Normal(CENTRE[0], SPREAD[0], unit="OOM"),
        growth=cc.Normal(CENTRE[1], SPREAD[1], unit="OOM/year"),
        start=cc.Fixed(2020.0, unit="year"),
    )
    settings = {"model": cc.Model([level]), "discrepancy": 0.0, "seed": seed, "size": size, "method": method}
    return cc.condition(priors, Observations(rows, {}, 0.0), **settings), np.array(values), np.array(errors)


def exact(values, errors):
    """Return how far each row moves base and growth, in prior deviations, and its log density from the others."""

    def posterior(kept):
        design = np.column_stack([np.ones(len(kept)), DATES[kept] - 2020])
        precision = np.diag(SPREAD**-2.0) + design.T @ np.diag(errors[kept] ** -2.0) @ design
        pull = CENTRE / SPREAD**2 + design.T @ (values[kept] / errors[kept] ** 2)
        return np.linalg.solve(precision, pull), np.linalg.inv(precision)

    shift, elpd, everything = [], [], np.arange(len(values))
    for row in everything:
        mean, covariance = posterior(everything[everything != row])
        at = np.array([1.0, DATES[row] - 2020])
        shift.append((posterior(everything)[0] - mean) / SPREAD)
        elpd.append(stats.norm.logpdf(values[row], at @ mean, np.sqrt(at @ covariance @ at + errors[row] ** 2)))
    return np.array(shift), np.array(elpd)


@pytest.mark.parametrize("method", ["importance", "tempered"])
@pytest.mark.parametrize(("last", "error"), [(1.9, 0.03), (2.1, 0.06), (2.1, 0.3)])
def test_what_is_called_trustworthy_is_within_a_fifth_of_the_exact_answer(method, last, error):
    """Repeated draws and a k-hat of few of them hid elpd that were 1.1 too high, and shifts that were 0.4 too small."""
    shares = []
    for seed in range(30):
        tree, *rows = conditioned(last, error, method, seed)
        result, (shift, elpd) = cc.observation_influence(tree), exact(*rows)
        trusted = result["k_hat"].values <= result["k_hat"].attrs["largest"]
        shares.append(trusted.mean())
        assert np.abs(result["elpd"].values - elpd)[trusted].max() < 0.2
        assert np.abs(result["shift"].sel(input=["base", "growth"]).values - shift)[trusted].max() < 0.2
    assert np.mean(shares) > 0.6


def test_the_largest_k_hat_is_that_of_the_effective_draws_less_the_error_of_its_estimate():
    tree, *_ = conditioned(1.9, 0.03)
    assert tree.attrs["ess"] < 500 < tree["posterior"]["base"].size
    for effective in (100.0, tree.attrs["ess"], 1e6):
        tree.attrs["ess"] = effective
        # Of a fifth of 4,096 draws, 819, the shape 0.7 is known to within 1.7 / sqrt(819).
        limit = min(1 - 1 / np.log10(effective), 0.7 - 1.7 / np.sqrt(819))
        assert cc.observation_influence(tree)["k_hat"].attrs["largest"] == pytest.approx(limit, rel=1e-12)


def test_lessons_name_the_rows_whose_part_in_them_is_not_known():
    tree, *_ = conditioned(1.7, 0.06)
    assert lessons(tree)["unknown"] == ["row_3"]
    tree, *_ = conditioned(1.7, 0.5)
    assert lessons(tree)["unknown"] == []


@pytest.mark.parametrize("wide", [False, True])
def test_a_wide_tail_knows_its_shape_better_and_both_know_it(wide):
    generator, shape = np.random.default_rng(3), 0.6
    ratios = stats.genpareto.ppf(generator.random((60, 4096)), shape)
    weights, k_hat = pareto_smoothed(np.log(ratios), wide=wide)
    np.testing.assert_allclose(np.exp(weights).sum(axis=1), 1)
    tail = 819 if wide else 192
    assert k_hat.mean() == pytest.approx(shape, abs=4 * (1 + shape) / np.sqrt(60 * tail))
    assert k_hat.std() == pytest.approx((1 + shape) / np.sqrt(tail), rel=0.3)


def test_a_tail_so_heavy_that_its_smoothed_weights_overflow_warns_of_nothing():
    log_ratios = -12000 * np.random.default_rng(1).random(4096)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        weights, k_hat = pareto_smoothed(log_ratios)
    assert k_hat > 100 and np.isfinite(weights).all()
