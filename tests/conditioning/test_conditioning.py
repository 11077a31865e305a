"""Conditioning against conjugate posteriors, simulation-based calibration and its own invariances."""

import re
from dataclasses import replace

import arviz_stats
import numpy as np
import pytest
import xarray as xr
from scipy import stats

import clustercast as cc
from clustercast.arrays.posterior import ErrorModel, Move, log_likelihood, replicate
from clustercast.conditioning import checks
from clustercast.conditioning.checks import learned, lessons, observation_influence, prior_conflict
from clustercast.conditioning.condition import Problem, factors_of
from clustercast.conditioning.observation_rows import Observation, Observations
from clustercast.conditioning.sampler import (
    Posterior,
    Run,
    Weights,
    _Walkers,
    family_size,
    joined,
    sampled,
    smoothed_weights,
)
from clustercast.conditioning.tree import posterior_inputs, scenario_inputs
from clustercast.engine.operations import Loop

DATES = (2020.0, 2021.5, 2022.0, 2023.25)
BASE, GROWTH, RANK = (0.2, 0.3), (0.5, 0.1), 0.6


@cc.quantity("1")
def level(year, start, base, growth):
    return np.exp(np.log(10) * (base + growth * (year - start)))


@cc.quantity("1")
def other_level(year, start, other_base):
    return np.exp(np.log(10) * (other_base + 0 * (year - start) / start))


MODEL = cc.Model([level, other_level], headline=["level"])


def priors(rank=RANK):
    correlations = [cc.Correlation(("base", "growth"), rank)] if rank else []
    return cc.Priors(
        *correlations,
        base=cc.Normal(*BASE, unit="OOM"),
        growth=cc.Normal(*GROWTH, unit="OOM/year"),
        other_base=cc.Normal(0.0, 1.0, unit="OOM"),
        start=cc.Fixed(2020.0, unit="year"),
    )


def observed(values, *, sd=0.15, kind="value", group="", quantity="level", dates=DATES):
    rows = tuple(
        Observation(
            id=f"{quantity}_{k}",
            date=date,
            quantity=quantity,
            name="made up",
            value=10.0**value,
            unit="1",
            sd_log10=sd,
            source="made up",
            as_of="2024",
            known=f"{int(date)}",
            kind=kind,
            group=group,
        )
        for k, (date, value) in enumerate(zip(dates, values, strict=True))
    )
    beliefs = {
        "discrepancy": cc.LogNormal.from_quantiles({0.05: 0.02, 0.95: 0.2}, unit="OOM"),
        "record_gap": cc.LogNormal.from_quantiles({0.05: 0.05, 0.95: 0.4}, unit="OOM"),
    }
    return Observations(rows, beliefs, 0.5)


def exact_posterior(values, sd=0.15, correlation=0.0, noise=None):
    """Return mean and covariance of base and growth given all values, by the normal equations."""
    gaussian = 2 * np.sin(np.pi * RANK / 6)
    prior = np.outer([BASE[1], GROWTH[1]], [BASE[1], GROWTH[1]]) * np.array([[1, gaussian], [gaussian, 1]])
    design = np.column_stack([np.ones(len(DATES)), np.array(DATES) - 2020])
    if noise is None:
        noise = sd**2 * (correlation + (1 - correlation) * np.eye(len(DATES)))
    precision = np.linalg.inv(prior) + design.T @ np.linalg.inv(noise) @ design
    centre = np.linalg.solve(prior, [BASE[0], GROWTH[0]]) + design.T @ np.linalg.solve(noise, values)
    return np.linalg.solve(precision, centre), np.linalg.inv(precision)


VALUES = np.array([0.45, 1.35, 1.2, 2.1])


@pytest.mark.parametrize("method", ["importance", "tempered"])
@pytest.mark.parametrize("group", ["", "together"])
def test_both_ways_give_the_conjugate_posterior(method, group):
    tree = cc.condition(
        priors(), observed(VALUES, group=group), model=MODEL, size=1 << 14, seed=4, discrepancy=0.0, method=method
    )
    mean, covariance = exact_posterior(VALUES, correlation=0.5 if group else 0.0)
    draws = np.stack([tree["posterior"][name].values.ravel() for name in ("base", "growth")])
    ess, deviation = tree.attrs["ess"], np.sqrt(np.diag(covariance))
    assert tree.attrs["reached"] == 1
    assert ess > 400
    # Four standard errors: of a mean sd / sqrt(ess), of an estimated deviation sd / sqrt(2 ess).
    assert np.abs(draws.mean(axis=1) - mean) == pytest.approx(0, abs=4 * deviation.max() / np.sqrt(ess))
    assert np.all(np.abs(draws.mean(axis=1) - mean) < 4 * deviation / np.sqrt(ess))
    assert np.all(np.abs(draws.std(axis=1) / deviation - 1) < 4 / np.sqrt(2 * ess))
    expected = covariance[0, 1] / deviation.prod()
    assert np.corrcoef(draws)[0, 1] == pytest.approx(expected, abs=4 / np.sqrt(ess))


def test_a_discrepancy_that_lasts_gives_the_conjugate_posterior():
    """Deviations of 0.3, half of which decay over 2 years, beside errors of 0.15, by the normal equations."""
    rows = in_time(observed(VALUES), cc.Fixed(2.0, unit="year"))
    tree = cc.condition(priors(), rows, model=MODEL, size=1 << 14, seed=4, discrepancy=0.3)
    lasting = 0.3**2 / 2 * np.exp(-np.abs(np.subtract.outer(DATES, DATES)) / 2)
    noise = (0.15**2 + 0.3**2 / 2) * np.eye(4) + lasting
    mean, covariance = exact_posterior(VALUES, noise=noise)
    deviation, ess = np.sqrt(np.diag(covariance)), tree.attrs["ess"]
    draws = np.stack([tree["posterior"][name].values.ravel() for name in ("base", "growth")])
    assert ess > 400
    assert np.all(np.abs(draws.mean(axis=1) - mean) < 4 * deviation / np.sqrt(ess))
    assert np.all(np.abs(draws.std(axis=1) / deviation - 1) < 4 / np.sqrt(2 * ess))


@pytest.mark.parametrize("key", ["estimate", "unused"])
def test_an_estimate_is_learned_from_once_and_an_unused_row_never(key):
    rows = observed(VALUES)
    more = rows.rows[3].model_copy(update={"id": "level_9", "value": 1e9, key: "seen before"})
    first = rows.rows[3].model_copy(update={"estimate": "seen before" if key == "estimate" else ""})
    with_more = replace(rows, rows=(*rows.rows[:3], first, more))
    one, two = (cc.condition(priors(), some, model=MODEL, size=1 << 11, seed=3) for some in (rows, with_more))
    xr.testing.assert_identical(one["posterior"].to_dataset(), two["posterior"].to_dataset())


def test_what_was_not_observed_stays_at_its_prior():
    tree = cc.condition(priors(), observed(VALUES), model=MODEL, size=1 << 13, seed=4)
    untouched = tree["posterior"]["other_base"].values.ravel()
    assert stats.kstest(untouched, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(untouched, tree["posterior"]["growth"].values.ravel())[0, 1]) < 4 / np.sqrt(untouched.size)


def test_the_likelihood_factorises_into_what_is_learnt_apart():
    rows = (*observed(VALUES).rows, *observed([0.3], quantity="other_level", dates=[2022.0]).rows)
    observations = replace(observed(VALUES), rows=rows)
    whole = Problem.of(priors(), observations, MODEL, None)
    parts = factors_of(whole, observations, MODEL)
    assert sorted(part.quantities for part in parts) == [("level",), ("other_level",)]
    assert sorted(np.concatenate([part.columns for part in parts])) == list(range(len(whole.active)))
    scores = np.random.default_rng(2).standard_normal((50, len(whole.active)))
    together = sum(part.log_likelihood(scores[:, part.columns]) for part in parts)
    assert together == pytest.approx(whole.log_likelihood(scores), rel=1e-12)


def test_rows_of_one_group_are_learnt_together():
    rows = (*observed(VALUES, group="g").rows, *observed([0.3], quantity="other_level", dates=[2022.0], group="g").rows)
    observations = replace(observed(VALUES), rows=rows)
    assert len(factors_of(Problem.of(priors(), observations, MODEL, None), observations, MODEL)) == 1


def rank_of_truth(problem, truth, values, method, seed):
    """Return the share of the posterior below the truth, for each parameter."""
    problem = replace(problem, rows=replace(problem.rows, value=values))
    scores = problem.sobol_scores(seed, 1 << 11)
    likelihoods = problem.log_likelihood(scores)
    weights = smoothed_weights(likelihoods)
    run = Run(problem.log_likelihood, "toy", seed, budget=1, draws=128)
    if method == "importance":
        result = run.resampled(scores, likelihoods, likelihoods, weights)
    else:
        result = sampled(run, scores, likelihoods, weights)
    draws = result.scores.reshape(-1, truth.size)
    return (draws < truth).mean(axis=0)


def in_time(observations, time=None):
    """Return the observations with discrepancies that are correlated in time."""
    prior = cc.LogNormal.from_quantiles({0.05: 0.7, 0.95: 3.0}, unit="year") if time is None else time
    return replace(observations, priors={**observations.priors, "correlation_time": prior})


@pytest.mark.parametrize(
    ("method", "replicates", "correlated"),
    [("importance", 160, False), ("tempered", 80, False), ("importance", 160, True)],
)
def test_simulation_based_calibration(method, replicates, correlated):
    """Ranks of the truth are uniform: chi-square tests on 8 bins, false-alarm rate 1 in 1,000 for all together."""
    bins = 8
    observations = observed(VALUES, sd=0.3, kind="record", group="" if correlated else "together")
    observations = in_time(observations) if correlated else observations
    problem = Problem.of(priors(), observations, MODEL, None)
    generator = np.random.default_rng(8)
    truths = generator.standard_normal((replicates, len(problem.active)))
    inputs = problem.inputs(truths)
    predicted, errors = problem.predicted(inputs, replicates), problem.errors(inputs, replicates)
    simulated = replicate(problem.rows, predicted, errors, generator)
    ranks = np.array([rank_of_truth(problem, truths[k], simulated[:, k], method, k) for k in range(replicates)])
    counts = np.stack([np.histogram(rank, bins=bins, range=(0, 1))[0] for rank in ranks.T])
    chance = stats.chi2.sf(((counts - replicates / bins) ** 2 / (replicates / bins)).sum(axis=1), bins - 1)
    assert len(problem.active) == 4 + correlated
    assert chance.min() > 1e-3 / chance.size


def test_known_parameters_are_recovered():
    truth = {"base": -0.15, "growth": 0.62}
    dates = np.linspace(2020, 2030, 40)
    noise = 0.05 * np.random.default_rng(1).standard_normal(dates.size)
    values = truth["base"] + truth["growth"] * (dates - 2020) + noise
    tree = cc.condition(priors(0), observed(values, sd=0.05, dates=dates), model=MODEL, size=1 << 13, seed=2)
    table = learned(tree).sel(input=list(truth))
    for name, value in truth.items():
        draws = tree["posterior"][name].values
        assert abs(draws.mean() - value) < 4 * draws.std()
    assert (table["contraction"] > 0.9).all()
    assert tree.attrs["reached"] == 1


def test_the_order_of_the_observations_changes_no_bit():
    observations = observed(VALUES, kind="record", group="g")
    turned = replace(observations, rows=observations.rows[::-1])
    one, two = (cc.condition(priors(), rows, model=MODEL, size=1 << 11, seed=3) for rows in (observations, turned))
    xr.testing.assert_identical(one["posterior"].to_dataset(), two["posterior"].to_dataset())
    xr.testing.assert_identical(one["log_likelihood"].to_dataset(), two["log_likelihood"].to_dataset())


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    one, same, other = (
        cc.condition(priors(), observed(VALUES), model=MODEL, size=1 << 11, seed=seed)["posterior"]["base"].values
        for seed in (3, 3, 4)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("method", ["importance", "tempered"])
def test_the_evidence_is_the_density_of_what_was_observed(method):
    """Values are jointly normal: the evidence is their density, to four errors of a tenth over four populations."""
    settings = {"model": MODEL, "size": 1 << 14, "discrepancy": 0.0, "method": method}
    gaussian = 2 * np.sin(np.pi * RANK / 6)
    prior = np.outer([BASE[1], GROWTH[1]], [BASE[1], GROWTH[1]]) * np.array([[1, gaussian], [gaussian, 1]])
    design = np.column_stack([np.ones(len(DATES)), np.array(DATES) - 2020])
    whole = design @ prior @ design.T + 0.15**2 * np.eye(len(DATES))
    exact = stats.multivariate_normal.logpdf(VALUES, design @ [BASE[0], GROWTH[0]], whole)
    result = [
        cc.condition(priors(), observed(VALUES), seed=seed, **settings).attrs["log_evidence"] for seed in range(3)
    ]
    assert np.mean(result) == pytest.approx(exact, abs=4 * 0.1 / np.sqrt(12))


def walkers(evidence, variance=0.01):
    """Return four populations of 64 at 0, 1, 2 and 3, with evidences of given logarithms."""
    scores = np.repeat(np.arange(4.0), 64)[:, np.newaxis]
    members = np.split(np.arange(256), 4)
    still = _Walkers(
        scores,
        scores[:, 0],
        members,
        Move(np.zeros(1), np.eye(1), 0.5),
        Run(lambda x: x[:, 0], "several", seed=1, budget=1),
        np.random.default_rng(1),
        np.arange(256),
    )
    still.evidence, still.variance = np.array(evidence), np.full(4, variance)
    return still


def test_populations_are_weighed_by_their_evidence():
    several = walkers(np.log([4.0, 2.0, 1.0, 1.0]), variance=1.0)
    assert several.weigh() == ""
    assert np.unique(several.scores, return_counts=True)[1] == pytest.approx([128, 64, 32, 32], abs=1)
    assert np.all(np.diff(several.values) >= 0)


def test_evidences_that_disagree_are_named():
    assert walkers([-3.0, -3.1, -2.9, -3.05]).weigh() == ""
    assert "disagree, with log evidences of -3.00, -5.00, -3.00, -3.00" in walkers([-3.0, -5.0, -3.0, -3.0]).weigh()


@cc.quantity("1")
def square(root):
    return root**2


@pytest.mark.parametrize("method", ["importance", "tempered"])
def test_two_modes_have_their_shares(method):
    """A square of 1 was seen: the root is 1 or -1, with odds e by a normal prior of mean 0.5 and deviation 1."""
    rows = observed([0.0], sd=0.01, quantity="square", dates=[2022.0])
    beliefs = cc.Priors(root=cc.Normal(0.5, 1.0))
    shares = []
    for seed in range(6):
        tree = cc.condition(
            beliefs, rows, model=cc.Model([square]), size=1 << 13, seed=seed, discrepancy=0.0, method=method
        )
        shares.append(float((tree["posterior"]["root"] > 0).mean()))
    assert np.mean(shares) == pytest.approx(np.e / (1 + np.e), abs=0.03)
    assert np.max(np.abs(np.array(shares) - np.e / (1 + np.e))) < 0.1


def test_the_share_of_a_mode_is_known_as_the_effective_size_says():
    """Walkers leave no mode, and sizes of chains alone promised half of this error; one mode costs next to nothing."""
    rows = observed([0.0], sd=0.01, quantity="square", dates=[2022.0])
    exact, beliefs = np.e / (1 + np.e), cc.Priors(root=cc.Normal(0.5, 1.0))
    how = {"size": 1 << 13, "discrepancy": 0.0, "method": "tempered"}
    errors, sizes = [], []
    for seed in range(30):
        tree = cc.condition(beliefs, rows, model=cc.Model([square]), seed=seed, **how)
        sizes.append(tree.attrs["ess"])
        share = float((tree["posterior"]["root"] > 0).mean())
        errors.append((share - exact) / np.sqrt(exact * (1 - exact) / tree.attrs["ess"]))
    # A root mean square of 30 is within 0.26 of 1 in 95 % of such tests.
    assert 0.7 < np.sqrt(np.mean(np.square(errors))) < 1.4
    one = cc.condition(priors(), observed(VALUES), model=MODEL, seed=0, **how)
    assert max(sizes) < 1000 < 3000 < one.attrs["ess"]


def test_descendants_count_as_far_as_they_have_not_forgotten():
    """Independent draws are all worth one; where families of three share all, a family is."""
    generator = np.random.default_rng(1)
    free = generator.standard_normal((3000, 2, 1))
    families = np.repeat(np.arange(1000), 3)
    assert family_size(free, families) == pytest.approx(6000, rel=4 * np.sqrt(2 / 1000))
    still = np.repeat(generator.standard_normal((1000, 1, 1)), 3, axis=0).repeat(2, axis=1)
    assert family_size(np.concatenate([free, still, np.ones_like(free)], axis=2), families) == pytest.approx(1000)


def test_todays_set_is_learned_from_what_was_observed():
    """About a hundred inputs and sixty observations: the chains agree, and the draws are worth some hundreds."""
    tree = cc.condition(cc.read_priors("evidence_2026"), size=1 << 13, seed=1, budget=1 << 18)
    assert tree.attrs["reached"] == 1
    assert tree.attrs["r_hat"] <= 1.01
    assert tree.attrs["ess"] >= 400


@pytest.mark.parametrize(
    ("k_hat", "ess", "said"),
    [
        (-0.59, 56.0, "effective size 56 below 400"),
        (0.93, 800.0, "k-hat 0.93 above 0.7"),
        (0.93, 56.0, "k-hat 0.93 above 0.7, effective size 56 below 400"),
        (0.7, 400.0, "k-hat 0.70, effective size 400"),
    ],
)
def test_the_limit_is_named_of_what_fails_and_of_nothing_else(k_hat, ess, said):
    weights = Weights(np.zeros(2), k_hat, ess)
    assert str(weights) == said
    assert weights.trusted == ("above" not in said and "below" not in said)


def test_weights_that_fail_are_said_to_fail_or_sampled_on():
    far = observed(np.array([3.0, 5.0, 6.0, 8.0]), sd=0.02)
    forced = cc.condition(priors(), far, model=MODEL, size=1 << 10, discrepancy=0.0, method="importance")
    assert forced.attrs["reached"] == 0
    assert re.search(r"above 0\.7, effective size \d+ below 400: not to be trusted", forced.attrs["statement"])
    result = cc.condition(priors(), far, model=MODEL, size=1 << 10, discrepancy=0.0)
    mean, covariance = exact_posterior(np.array([3.0, 5.0, 6.0, 8.0]), sd=0.02)
    assert result.attrs["method"] == "tempered"
    assert result.attrs["reached"] == 1
    assert result["posterior"]["base"].values.mean() == pytest.approx(mean[0], abs=4 * np.sqrt(covariance[0, 0] / 400))


@pytest.mark.parametrize(
    ("log_ratios", "k_hat", "ess"),
    [
        (np.zeros(1000), -1.0, 1000),
        (-1e4 * np.arange(1000.0), np.inf, 1),
        # Ten count twice: the square of the sum of weights over the sum of their squares.
        (np.log(np.repeat([1.0, 2.0], [990, 10])), np.inf, 1010**2 / 1030),
    ],
)
def test_weights_without_a_tail_to_fit(log_ratios, k_hat, ess):
    weights = smoothed_weights(log_ratios)
    assert weights.k_hat == k_hat
    assert np.exp(weights.log).sum() == pytest.approx(1)
    assert weights.ess == pytest.approx(ess)


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.9])
def test_k_hat_finds_the_shape_of_a_pareto_tail(shape):
    ratios = stats.genpareto.ppf((np.arange(1 << 16) + 0.5) / (1 << 16), shape, scale=shape) + 1
    # Three standard errors of the shape from 768 values in the tail: (1 + shape) / sqrt(768).
    assert smoothed_weights(np.log(ratios)).k_hat == pytest.approx(shape, abs=3 * (1 + shape) / np.sqrt(768))


def test_a_budget_that_ends_is_said():
    far = observed(np.array([3.0, 5.0, 6.0, 8.0]), sd=0.02)
    tree = cc.condition(priors(), far, model=MODEL, size=1 << 10, discrepancy=0.0, budget=1, draws=128)
    assert tree.attrs["reached"] == 0
    assert "budget of 1 runs ended" in tree.attrs["statement"]


def test_arviz_works_on_the_result_and_netcdf_keeps_it(tmp_path):
    tree = cc.condition(priors(), observed(VALUES), model=MODEL, size=1 << 12, seed=5)
    groups = {"prior", "posterior", "prior_predictive", "posterior_predictive", "observed_data", "log_likelihood"}
    assert groups | {"sample_stats"} <= set(tree.children)
    summary = arviz_stats.summary(tree, var_names=["growth"], round_to="none")
    assert float(summary.loc["growth", "mean"]) == pytest.approx(float(tree["posterior"]["growth"].mean()))
    assert arviz_stats.loo(tree).n_data_points == len(VALUES)
    tree.to_netcdf(tmp_path / "tree.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "tree.nc", engine="h5netcdf") as back:
        xr.testing.assert_identical(back.load(), tree)


def test_the_log_prior_is_the_density_of_the_priors_and_their_copula():
    tree = cc.condition(priors(), observed(VALUES), model=MODEL, size=1 << 12, seed=5)
    base, growth = (tree["posterior"][name].values for name in ("base", "growth"))
    own = tree["log_prior"]
    assert np.allclose(own["base"], stats.norm(*BASE).logpdf(base))
    assert {*own.data_vars} == {"base", "growth", "discrepancy_level", "copula"}
    gaussian = 2 * np.sin(np.pi * RANK / 6) * BASE[1] * GROWTH[1]
    together = stats.multivariate_normal((BASE[0], GROWTH[0]), [[BASE[1] ** 2, gaussian], [gaussian, GROWTH[1] ** 2]])
    expected = together.logpdf(np.stack([base, growth], axis=-1))
    assert np.allclose(own["base"] + own["growth"] + own["copula"], expected)


def test_the_log_posterior_is_that_of_the_conjugate_one():
    """But for what no draw changes."""
    settings = {"model": MODEL, "size": 1 << 11, "discrepancy": 0.0}
    for method in ("importance", "tempered"):
        tree = cc.condition(priors(), observed(VALUES), method=method, budget=1, draws=128, **settings)
        draws = np.stack([tree["posterior"][name].values for name in ("base", "growth")], axis=-1)
        exact = stats.multivariate_normal(*exact_posterior(VALUES)).logpdf(draws)
        assert np.ptp(tree["sample_stats"]["lp"].values - exact) == pytest.approx(0, abs=1e-9)


def test_what_is_correlated_with_a_learned_input_moves_with_it():
    """No row is of the other level; its base, with a correlation of r, moves by r times as many deviations."""
    linked = priors(0).add(cc.Correlation(("base", "other_base"), RANK))
    tree = cc.condition(linked, observed(VALUES), model=MODEL, size=1 << 14, seed=4, discrepancy=0.0)
    base, other = (tree["posterior"][name].values.ravel() for name in ("base", "other_base"))
    gaussian = 2 * np.sin(np.pi * RANK / 6)
    expected = gaussian * (base.mean() - BASE[0]) / BASE[1]
    left = 1 - gaussian**2
    assert other.mean() == pytest.approx(expected, abs=4 * np.sqrt(left / tree.attrs["ess"]))
    slope = np.cov(base, other)[0, 1] / base.var()
    assert slope == pytest.approx(gaussian / BASE[1], abs=4 * np.sqrt(left / base.var() / tree.attrs["ess"]))


def test_each_row_is_computed_once_and_at_its_own_dates_where_nothing_is_stepped():
    rows, model = cc.read_observations().counted(), cc.cluster_model()
    run = next(row for row in rows if row.quantity == "training_run_compute")
    # Another quantity that steps through the nodes, at a date of its own.
    installed = run.model_copy(
        update={"id": "installed", "quantity": "installed_base", "date": run.date + 1, "unit": "H100e"}
    )
    rows = replace(rows, rows=(*rows, installed))
    discrepancy = dict.fromkeys(rows.quantities, 0.1)
    problem = Problem.of(cc.read_priors("evidence_2026"), rows, model, discrepancy)
    assert sorted(place for _, places in problem.programs for place, *_ in places) == [*range(len(rows))]
    stepped = [any(isinstance(one, Loop) for one in program.operations) for program, _ in problem.programs]
    assert sum(stepped) == 1 < len(stepped)
    for (program, places), steps in zip(problem.programs, stepped, strict=True):
        used = {date for *_, dates in places for date in dates}
        assert steps or used == {*range(program.early + program.late)}


def test_the_diagnostics_of_several_parts_are_the_worst_of_each_or_their_sum():
    each = {"method": "tempered", "k_hat": 0.1, "importance_ess": 900.0, "ess": 500.0, "r_hat": 1.0, "evaluations": 7}
    each |= {"temperatures": 3, "accepted": 0.5, "log_evidence": -1.0, "reached": True, "statement": "one"}
    each["log_evidence_sd"] = 0.3
    other = {"method": "importance", "k_hat": 0.9, "importance_ess": 9.0, "ess": 9.0, "r_hat": 1.5, "evaluations": 5}
    other |= {"temperatures": 9, "accepted": 0.1, "log_evidence": -2.0, "reached": False, "statement": "two"}
    other["log_evidence_sd"] = 0.4
    parts = [Posterior(np.full((4, 2, 1), k), np.full((4, 2), k), one) for k, one in enumerate([each, other], 1)]
    worst = {key: other[key] for key in ("k_hat", "importance_ess", "ess", "r_hat", "temperatures", "accepted")}
    sums = {"evaluations": 12, "log_evidence": -3.0, "log_evidence_sd": pytest.approx(0.5), "reached": False}
    words = {"method": "importance and tempered", "statement": "one\ntwo"}
    for order in (1, -1):
        result = joined(parts[::order], [np.array([0]), np.array([1])][::order])
        words["statement"] = "\n".join(["one", "two"][::order])
        assert result.diagnostics == {**worst, **sums, **words}
        assert (result.scores == [1, 2]).all() and (result.log_likelihood == 3).all()


def test_a_likelihood_that_is_the_same_everywhere_has_a_known_evidence_after_one_step():
    several = walkers(np.zeros(4), variance=0.0)
    several.values, several.run = np.full(256, -2.5), Run(lambda x: np.full(len(x), -2.5), "flat", seed=1, budget=1)
    several.temper(64)
    assert several.evidence == pytest.approx(-2.5)
    assert several.variance == pytest.approx(0, abs=1e-12)
    assert several.steps == 1


def test_arviz_finds_which_priors_matter_by_power_scaling():
    """Base is learned from four rows; raising its prior or the likelihood to a power moves the posterior as it must."""
    tree = cc.condition(priors(0), observed(VALUES), model=MODEL, size=1 << 12, seed=5, discrepancy=0.0)
    table = arviz_stats.psense_summary(tree, var_names=["base", "growth"], round_to=9)
    assert (table[["prior", "likelihood"]] > 0).all().all()
    # A vague prior matters less than a sharp one, and the rows more where the prior is vague.
    vague = priors(0).replace(
        base=cc.Normal(BASE[0], 3.0, unit="OOM"), growth=cc.Normal(GROWTH[0], 1.0, unit="OOM/year")
    )
    other = cc.condition(vague, observed(VALUES), model=MODEL, size=1 << 12, seed=5, discrepancy=0.0)
    loose = arviz_stats.psense_summary(other, var_names=["base", "growth"], round_to=9)
    assert (loose["prior"] < table["prior"] / 2).all()


def test_posterior_draws_go_on_through_the_model():
    tree = cc.condition(priors(), observed(VALUES), model=MODEL, size=1 << 12, seed=5)
    inputs = posterior_inputs(tree, 1000, seed=1)
    assert cc.design_of(inputs)["name"] == "posterior"
    assert inputs["start"].dims == ()
    forecast = cc.propagate(inputs, model=MODEL, years=[2022, 2030])
    expected = 10 ** (inputs["base"] + inputs["growth"] * 10)
    np.testing.assert_allclose(forecast["level"].sel(year=2030), expected, rtol=1e-12)
    assert set(np.unique(inputs["growth"])) <= set(np.unique(tree["posterior"]["growth"]))
    indices = cc.given_data_indices(forecast)
    assert np.isfinite(indices["S1"]).all()
    np.testing.assert_array_equal(posterior_inputs(tree, 4096, seed=1)["growth"], posterior_inputs(tree)["growth"])
    for size in (0, 4097):
        with pytest.raises(cc.InputError, match="has 4096 draws; give 1 to 4096"):
            posterior_inputs(tree, size)
    with pytest.raises(cc.InputError, match="posterior or prior"):
        posterior_inputs(tree, group="observed_data")


def test_a_scenario_is_laid_over_what_was_learned():
    tree = cc.condition(priors(), observed(VALUES), model=MODEL, size=1 << 12, seed=5)
    scenario = priors().replace(other_base=cc.Uniform(3.0, 4.0, unit="OOM"))
    inputs = scenario_inputs(tree, priors(), scenario)
    assert inputs["other_base"].min() >= 3
    np.testing.assert_array_equal(inputs["growth"], posterior_inputs(tree)["growth"])
    assert cc.propagate(inputs, model=MODEL, years=[2030])["level"].shape == (1, inputs.sizes["sample"])
    with pytest.raises(cc.InputError, match="was not conditioned here"):
        scenario_inputs(tree, scenario, scenario)


def test_leaving_a_row_out_by_weights_is_leaving_it_out():
    tree = cc.condition(priors(), observed(VALUES), model=MODEL, size=1 << 15, seed=6, discrepancy=0.0)
    influence = observation_influence(tree).sel(observation="level_1")
    # Its part of the likelihood does not have it.
    assert influence["shift"].sel(input="other_base") == 0
    influence = influence.sel(input="growth")
    kept = [0, 2, 3]
    gaussian = 2 * np.sin(np.pi * RANK / 6)
    prior = np.outer([BASE[1], GROWTH[1]], [BASE[1], GROWTH[1]]) * np.array([[1, gaussian], [gaussian, 1]])
    design = np.column_stack([np.ones(3), np.array(DATES)[kept] - 2020])
    precision = np.linalg.inv(prior) + design.T @ design / 0.15**2
    without = np.linalg.solve(
        precision, np.linalg.solve(prior, [BASE[0], GROWTH[0]]) + design.T @ VALUES[kept] / 0.15**2
    )
    full = exact_posterior(VALUES)[0]
    assert influence["k_hat"] < influence["k_hat"].attrs["largest"] <= 0.7
    assert influence["shift"].item() == pytest.approx((full - without)[1] / GROWTH[1], abs=0.06)
    row = np.array([1, DATES[1] - 2020])
    spread = np.sqrt(row @ np.linalg.inv(precision) @ row + 0.15**2)
    assert influence["elpd"].item() == pytest.approx(stats.norm.logpdf(VALUES[1], row @ without, spread), abs=0.1)


def test_the_tail_of_the_prior_prediction_is_that_of_its_normal_distribution():
    tree = cc.condition(priors(0), observed([0.9, 1.2, 1.2, 2.1]), model=MODEL, size=1 << 12, discrepancy=0.0)
    conflict = prior_conflict(tree)
    spread = np.hypot(BASE[1], 0.15)
    exact = 2 * stats.norm.sf((0.9 - BASE[0]) / spread)
    assert conflict["prior_tail"].sel(observation="level_0").item() == pytest.approx(exact, abs=4 * 2 * 0.1 / 64)
    assert np.all(conflict["prior"].sel(quantile=0.05) < conflict["prior"].sel(quantile=0.95))


def test_lessons_name_what_moved_which_row_did_it_and_what_conflicts():
    """Three rows on the prior's line and one ten times above it: growth rises by that row, and it conflicts."""
    values = [*(BASE[0] + GROWTH[0] * (np.array(DATES[:3]) - 2020)), BASE[0] + GROWTH[0] * 3.25 + 1]
    tree = cc.condition(priors(0), observed(values), model=MODEL, size=1 << 13, seed=6, discrepancy=0.0)
    result = lessons(tree)
    growth = next(one for one in result["learned"] if one["name"] == "growth")
    assert growth["teacher"] == "level_3"
    assert growth["shift"] > 0
    assert growth["taught"] > 0
    # The strength of a lesson is the shift, or the part of the width that is gone, in deviations of the prior.
    for one in result["learned"]:
        before, after = (tree[group][one["name"]].values.std(ddof=1) for group in ("prior", "posterior"))
        assert one["strength"] == pytest.approx(max(abs(one["shift"]), 1 - after / before))
    assert growth["before"] == learned(tree)["prior"].sel(input="growth").values.tolist()
    assert [one["observation"] for one in result["conflicts"]] == ["level_3"]
    assert result["conflicts"][0]["observed"] == pytest.approx(10.0 ** values[3])
    assert result["conflicts"][0]["before"][2] < result["conflicts"][0]["observed"]
    assert (result["rows"], result["by_chance"]) == (4, pytest.approx(0.2))


def test_a_lesson_is_a_shift_or_a_narrowing_by_a_tenth_the_strongest_first(monkeypatch):
    names, ends = ["still", "narrowed", "moved", "wider"], (("quantile", "input"), np.zeros((3, 4)))
    result = {"shift": [0.09, 0.0, -0.5, 0.0], "contraction": [0.09, 0.11, 0.0, -0.5], "unit": ["1"] * 4}
    table = xr.Dataset(
        {k: ("input", v) for k, v in result.items()} | {"prior": ends, "posterior": ends}, {"input": names}
    )
    by_row = {"shift": (("observation", "input"), [[0.1, 0.0, -0.4, 0.0], [0.0, 0.1, 0.2, 0.1]])}
    by_row["k_hat"] = ("observation", [0.1, 0.9], {"largest": 0.6})
    influence = xr.Dataset(by_row, {"observation": ["first", "second"], "input": names})
    rows = {"observed": [9.3, 0.0, 2.0], "prior_tail": [0.04, 0.06, 0.01], "log10_unit": [9.0, 0.0, 0.0]}
    rows |= {key: ["a", "b", "c"] for key in ("quantity", "kind", "unit")}
    variables = {"prior": (("quantile", "observation"), np.full((3, 3), 9.0))}
    variables |= {key: ("observation", values) for key, values in rows.items()}
    conflict = xr.Dataset(variables, {"observation": ["giga", "expected", "farthest"]})
    for name, made in (("learned", table), ("observation_influence", influence), ("prior_conflict", conflict)):
        monkeypatch.setattr(checks, name, lambda tree, made=made: made)
    lesson = lessons(None)
    assert [(one["name"], one["teacher"]) for one in lesson["learned"]] == [("moved", "first"), ("narrowed", "first")]
    assert [one["strength"] for one in lesson["learned"]] == pytest.approx([0.5, 1 - 0.89**0.5])
    # The least expected first, in the units of the rows.
    assert [one["observation"] for one in lesson["conflicts"]] == ["farthest", "giga"]
    assert [one["observed"] for one in lesson["conflicts"]] == pytest.approx([100, 10**0.3])
    assert lesson["conflicts"][1]["before"] == pytest.approx([1, 1, 1])
    assert (lesson["rows"], lesson["unknown"]) == (3, ["second"])


def test_a_cut_by_date_uses_only_what_was_known():
    tree = cc.condition(priors(), observed(VALUES), model=MODEL, size=1 << 11, as_of="2022")
    assert list(tree["observed_data"]["date"].values) == [2020.0, 2021.5, 2022.0]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"size": 1000}, "1000"),
        ({"size": 2}, "size is 2, too few prior draws to learn from; give at least 128"),
        ({"method": "hmc"}, "choose one of"),
        ({"draws": 100}, "multiple of 128"),
        ({"draws": 0}, "multiple of 128"),
        ({"as_of": "2001"}, "holds no observation known by 2001"),
        ({"years": [2021, 2030]}, "outside the years 2021 to 2030"),
        ({"years": []}, "there are no years"),
        ({"discrepancy": {"levle": 0.1}}, "nearest known: level"),
        ({"discrepancy": -0.1}, "discrepancy is -0.1, which can be negative; give a standard deviation in decades"),
        ({"discrepancy": {"level": cc.Normal(0.1, 0.1, unit="OOM")}}, "Normal.*, which can be negative"),
        ({"discrepancy": np.float32(-0.5)}, r"discrepancy is np.float32\(-0.5\), which can be negative"),
        ({"discrepancy": np.int64(-1)}, "which can be negative"),
        ({"discrepancy": stats.norm(0.1, 0.1)}, "which can be negative"),
        ({"discrepancy": {"level": "0.1"}}, "discrepancy of 'level': '0.1' is not a distribution"),
    ],
)
def test_bad_settings_are_refused(settings, told):
    with pytest.raises(cc.InputError, match=told):
        cc.condition(priors(), observed(VALUES), model=MODEL, **{"size": 1 << 10, **settings})


def test_rows_outside_the_years_can_be_left_out():
    tree = cc.condition(priors(), observed(VALUES), model=MODEL, years=[2021, 2030], size=1 << 10, skip_bad=True)
    assert tree["observed_data"].sizes["observation"] == 3
    assert "outside the years" in cc.provenance_of(tree)["left_out"][0]


def test_nothing_uncertain_is_refused():
    fixed = priors(0).replace(base=0.2, growth=0.5)
    with pytest.raises(cc.InputError, match="nothing to learn"):
        cc.condition(fixed, observed(VALUES), model=MODEL, size=1 << 10, discrepancy=0.0)


def test_pointwise_densities_of_single_rows_add_up_to_the_likelihood():
    tree = cc.condition(priors(), observed(VALUES), model=MODEL, size=1 << 11, discrepancy=0.1, seed=3)
    draws = tree["posterior"].to_dataset()
    predicted = np.stack([(draws["base"] + draws["growth"] * (date - 2020)).values.ravel() for date in DATES])
    rows = observed(VALUES).arrays()
    errors = ErrorModel(np.full((1, predicted.shape[1]), 0.1), np.ones(1), np.ones(1))
    pointwise = tree["log_likelihood"]["log10_observed"].sum("observation").values.ravel()
    assert pointwise == pytest.approx(log_likelihood(rows, predicted, errors), rel=1e-9)
