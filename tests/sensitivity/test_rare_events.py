"""Indices of rare events with known values: wide where they rest on few, and no zero width but for idle inputs."""

import numpy as np
import pytest

import clustercast as cc
from clustercast.arrays.indices.intervals import FewRuns, bootstrap_weights
from clustercast.arrays.indices.sobol_estimators import ESTIMATORS
from clustercast.arrays.indices.sobol_panel import sobol_panel
from tests.reference.designs import design_rows

PRIORS = cc.Priors(x0=cc.Uniform(0, 1), x1=cc.Uniform(0, 1))


def forecast(seed, size, one=0.01, other=0.05, **design):
    """Return whether two inputs are both small."""
    inputs = cc.draw(PRIORS, size, seed=seed, **{"design": "saltelli", **design})
    both = lambda x0, x1: ((x0 < one) & (x1 < other)) * 1.0  # noqa: E731
    return cc.evaluate(inputs, both, outputs={"both": "1"}, form="arrays")


def exact(one=0.01, other=0.05):
    """Return first-order and total indices of the event, by its variance given one input."""
    chance = one * other
    first = np.array([one * other**2 - chance**2, other * one**2 - chance**2]) / (chance - chance**2)
    return first, 1 - first[::-1]


def covered(results, *names, truth=None):
    """Return how often each index is inside its interval, shape (indices, inputs)."""
    pairs = zip(names, truth or exact(), strict=True)
    return [
        np.mean([np.abs(one[name][0] - value) <= one[f"{name}_conf"][0] for one in results], axis=0)
        for name, value in pairs
    ]


@pytest.mark.parametrize(
    ("size", "how", "analysis"),
    [
        (1024, {"second_order": False}, {}),
        (16384, {"second_order": False}, {}),
        (1024, {"points": "salib"}, {"engine": "salib"}),
        (4096, {"replicates": 8}, {"estimator": "saltelli"}),
        (4096, {"replicates": 8}, {"estimator": "jansen"}),
        (1024, {"replicates": 8}, {}),
    ],
)
def test_few_occurrences_give_wide_intervals_that_cover(size, how, analysis):
    results = []
    for seed in range(24):
        try:
            results.append(cc.sobol_indices(forecast(seed, size, **how), **analysis))
        except cc.InputError as refused:
            assert "constant" in str(refused)
    assert len(results) > 12
    for result in results:
        assert min(result[name].min() for name in ("S1_conf", "ST_conf")) > 0.05
        assert "rest on as few as" in result.attrs["warning"]
    # 24 intervals of a coverage of 0.95 are at least 80 % inside in all but one of 200 such tests.
    assert np.min(covered(results, "S1", "ST")) >= 0.8


def test_some_hundred_occurrences_may_agree_too():
    """One of 100 brings the event about alone: where none of 130 does so, the index is not known to be 0."""
    results = [cc.sobol_indices(forecast(seed, 32768, 0.2, 0.01, replicates=8)) for seed in range(24)]
    assert np.min(covered(results, "S1", "ST", truth=exact(0.2, 0.01))) >= 0.8


def test_a_share_that_is_0_is_no_negative_0():
    result = cc.sobol_indices(forecast(0, 1024, replicates=8))
    assert not np.signbit(result["S1"]).any()


def with_an_event(analysis, design):
    """Yield an analysis of the event for each seed whose rows show one."""
    for seed in range(12):
        try:
            yield analysis(forecast(seed, 1024, design=design))
        except cc.InputError as refused:
            assert "constant" in str(refused)


def test_indices_of_correlated_inputs_have_no_zero_width_where_other_rows_show_the_event():
    results = list(with_an_event(cc.kucherenko_indices, "kucherenko"))
    assert results
    for result in results:
        assert result["S1_full_conf"].min() > 0.05 and result["ST_full_conf"].min() > 0.05
        assert "rest on as few as" in result.attrs["warning"]


def test_a_shapley_effect_that_is_not_there_has_its_reason():
    results = list(with_an_event(cc.shapley_effects, "shapley"))
    assert any(result["Sh"].isnull().any() for result in results)
    assert all("rest on as few as" in result.attrs["warning"] for result in results)


@pytest.mark.parametrize("replicates", [8, 1])
@pytest.mark.parametrize("points", ["sobol", "random", "salib"])
@pytest.mark.parametrize("size", [1024, 4096])
def test_intervals_of_every_estimator_cover_where_the_variance_counts_other_events(size, points, replicates):
    """Of S1 and S2 too, and from one event on; where no event is there, no estimator gives an index."""
    repeats, (first, total) = 200, exact()
    truth = {"S1": first, "ST": total, "S2": np.array([[np.nan, 1 - first.sum()], [np.nan, np.nan]])}
    rows = [design_rows(5000 + seed, 2, size, points=points, replicates=replicates) for seed in range(repeats)]
    values = np.stack([((row[:, 0] < 0.01) & (row[:, 1] < 0.05)) * 1.0 for row in rows])
    how = {"design_second_order": True, "second_order": True, "replicates": replicates}
    how["weights"] = bootstrap_weights(size, 100, 1) if replicates == 1 else None
    for estimator in ESTIMATORS.values():
        result = sobol_panel(values, 2, estimator=estimator, **how)
        if "events" not in result:
            ends = values.reshape(repeats, size, -1)[..., [0, -1]]
            result = FewRuns.of(ends, apart=True).widened(result, 0.95)
        for name, value in truth.items():
            held, there = np.abs(result[name] - value) <= result[f"{name}_conf"], ~np.isnan(result[name] - value)
            covered = held.sum(axis=0)[there.any(axis=0)] / there.sum(axis=0)[there.any(axis=0)]
            assert covered.min() >= 0.93, (estimator.name, name)


@pytest.mark.parametrize("replicates", [8, 1])
@pytest.mark.parametrize("chance", [0.001, 0.003])
def test_intervals_of_every_estimator_cover_where_a_few_runs_of_a_or_b_own_half_of_the_variance(chance, replicates):
    """A step of rare height beside a uniform: one design in eight of 1,024 has its one to three steps on one side."""
    rows = [design_rows(9000 + seed, 2, 1024, points="sobol", replicates=replicates) for seed in range(160)]
    height = np.sqrt(1 / 12 / chance)
    values = np.stack([10 + row[:, 1] + height * (row[:, 0] < chance) for row in rows])
    ends = values.reshape(len(rows), 1024, -1)[..., [0, -1]]
    # Where neither A nor B shows the step it is another problem.
    values, ends = (each[(ends > 11).any(axis=(1, 2))] for each in (values, ends))
    truth = np.array([1 - chance, 1]) / (2 - chance)
    how = {"design_second_order": True, "replicates": replicates}
    how["weights"] = bootstrap_weights(1024, 100, 1) if replicates == 1 else None
    for estimator in ESTIMATORS.values():
        result = sobol_panel(values, 2, estimator=estimator, **how)
        if "events" not in result:
            result = FewRuns.of(ends, apart=True).widened(result, 0.95)
        for name in ("S1", "ST"):
            held = np.abs(result[name] - truth) <= result[f"{name}_conf"]
            assert held.mean(axis=0).min() >= 0.9, (estimator.name, name)


def test_the_pair_of_two_idle_inputs_has_a_narrow_interval():
    """What multiplies runs that are the same is 0, however the counts of events miss each other."""
    event = (design_rows(1, 3, 32768, replicates=8)[:, 0] < 0.0005) * 1.0
    how = {"estimator": ESTIMATORS["saltelli"], "design_second_order": True, "replicates": 8}
    width = sobol_panel(event[np.newaxis], 3, **how)["S2_conf"][0]
    events = event.reshape(-1, 8)[:, [0, -1]].sum()
    assert width[0, 1:].min() >= 2 * 1.959 / np.sqrt(events) > 2 * width[1, 2] > 0


@cc.quantity("1")
def stepped(step, slope):
    return 10 + slope + 1000 * (step < 1e-7)


@cc.quantity("1")
def halved(step, slope):
    return slope + (step < 0.5)


@cc.quantity("1")
def other(idle):
    return idle


@pytest.mark.parametrize("run", [cc.run_sobol, cc.stream_sobol, cc.run_shapley, cc.run_kucherenko, cc.run_morris])
def test_an_input_that_no_estimate_shows_to_matter_is_named_with_what_was_missed(run):
    """The model has the output depend on the step, which comes once in ten million draws; idle inputs are not named."""
    priors = cc.Priors(step=cc.Uniform(0, 1), slope=cc.Uniform(0, 1), idle=cc.Uniform(0, 1))
    result = run(priors, model=cc.Model([stepped, other]), outputs="stepped", scale="raw", size=512)
    named = (
        "No estimate shows an influence of step on an output that depends on it: a change in fewer than 1 of 170 draws"
    )
    assert named in result.attrs["warning"]
    # Zero width for idle inputs only.
    for width in (result[name] for name in result if name.endswith("_conf") and "lead" not in name):
        assert np.isnan(width.sel(input="step")).all()
        assert "idle" not in result["input"] or (width.sel(input="idle") == 0).all()
    fair = run(priors, model=cc.Model([halved, other]), outputs="halved", scale="raw", size=512)
    assert "No estimate shows" not in fair.attrs["warning"]


@cc.quantity("1")
def raised(step, more, slope):
    return 10 + slope + 1000 * (step + more < 1e-4)


def test_a_group_that_no_estimate_shows_to_matter_is_named():
    priors = cc.Priors(step=cc.Uniform(0, 1), more=cc.Uniform(0, 1), slope=cc.Uniform(0, 1))
    how = {"model": cc.Model([raised]), "scale": "raw", "size": 512}
    grouped = cc.run_sobol(priors, groups={"both": ["step", "more"]}, **how)
    assert "No estimate shows an influence of both on" in grouped.attrs["warning"]
    linked = cc.run_sobol(cc.Priors(cc.Correlation(("step", "more"), 0.5), **dict(priors.items())), **how)
    assert "No estimate shows an influence of step_and_more on" in linked.attrs["warning"]


def test_until_says_that_an_input_may_matter_unseen():
    priors = cc.Priors(step=cc.Uniform(0, 1), slope=cc.Uniform(0, 1))
    result = cc.run_sobol(priors, model=cc.Model([stepped]), outputs="stepped", scale="raw", size=256, until=0.05)
    assert result.attrs["reached"] and result.attrs["statement"].startswith("every index that these runs show is known")
    assert "it says nothing of inputs of which no estimate shows an influence" in result.attrs["statement"]


@cc.quantity("1", units_checked=False)
def tall(step, slope):
    return 10 + slope + np.sqrt(1000 / 12) * (step < 0.001)


@pytest.mark.parametrize("estimator", ["saltelli", "saltelli-jansen", "janon-monod", "azzini-rosati"])
def test_in_pieces_few_runs_that_own_the_variance_are_counted_apart_too(estimator):
    priors = cc.Priors(step=cc.Uniform(0, 1), slope=cc.Uniform(0, 1))
    for seed in range(6):
        how = {"model": cc.Model([tall]), "scale": "raw", "size": 1024, "seed": seed, "estimator": estimator}
        one, other = cc.run_sobol(priors, **how), cc.stream_sobol(priors, **how)
        for name in ("S1_conf", "ST_conf"):
            np.testing.assert_allclose(other[name], one[name], rtol=1e-6, atol=1e-9)
