"""The backtest: only the past is learned, and its scores are those of closed forms."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from scipy.special import logsumexp

import clustercast as cc
from clustercast.conditioning import backtest as module
from clustercast.conditioning.backtest import (
    Backtest,
    Score,
    backtest,
    ensemble_score,
    rolling_origin,
    shipped_skills,
    skills,
    skills_by,
)
from clustercast.conditioning.choice import ANCHORS, FORMS, SIMPLEST, Forecaster, origin_priors, split
from clustercast.conditioning.observation_rows import Observation, Observations


@cc.quantity("1")
def level(year, start, base, growth):
    return np.exp(np.log(10) * (base + growth * (year - start)))


@cc.quantity("1")
def height(year, start, base):
    return np.exp(base + 0 * (year - start) / start)


MODEL = cc.Model([level])
PRIORS = cc.Priors(
    base=cc.Normal(0.0, 0.4, unit="OOM"),
    growth=cc.Normal(0.5, 0.2, unit="OOM/year"),
    start=cc.Fixed(2020.0, unit="year"),
)


def observations(values, first=2020, sd=0.1, group=""):
    rows = tuple(
        Observation(
            id=f"row_{first + k}",
            date=first + k,
            quantity="level",
            name="made up",
            value=10.0**value,
            unit="1",
            sd_log10=sd,
            source="made up",
            as_of=f"{first + k}",
            group=group,
        )
        for k, value in enumerate(values)
    )
    return Observations(rows, {"discrepancy": cc.Fixed(0.0, unit="OOM")}, 0.5)


VALUES = (0.1, 0.45, 1.1, 1.4, 2.1, 2.4, 3.1)


@pytest.fixture(scope="module")
def result():
    return backtest(PRIORS, observations(VALUES), as_of="2023", model=MODEL, size=1 << 12, seed=2)


def scores(result, method):
    return {score.observation: score for score in result.scores if score.method == method}


def test_years_may_come_one_by_one(result):
    years = iter(range(2012, 2035))
    again = backtest(PRIORS, observations(VALUES), as_of="2023", model=MODEL, years=years, size=1 << 12, seed=2)
    assert scores(again, "posterior") == scores(result, "posterior")


def test_what_came_after_changes_no_forecast(result):
    other = observations((*VALUES[:4], -1.0, 5.0, 8.0))
    changed = backtest(PRIORS, other, as_of="2023", model=MODEL, size=1 << 12, seed=2)
    assert result.learned == changed.learned == 4
    assert [s.median for s in result.scores] == [s.median for s in changed.scores]
    assert {s.date for s in result.scores} == {2024, 2025, 2026}


def test_the_prior_is_scored_like_its_normal_distribution(result):
    spread = np.sqrt(0.4**2 + (0.2 * 5) ** 2 + 0.1**2)
    z = (VALUES[5] - 2.5) / spread
    exact = spread * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    score = scores(result, "prior")["row_2025"]
    # 4,096 draws: four standard errors of a mean of values that spread by less than 1.
    assert score.crps == pytest.approx(exact, abs=4 * spread / 64)
    assert score.pit == pytest.approx(stats.norm.cdf(z), abs=4 * 0.5 / 64)
    assert score.log_score == pytest.approx(-stats.norm.logpdf(VALUES[5], 2.5, spread), abs=0.05)


def test_the_posterior_is_scored_like_the_conjugate_one(result):
    design = np.column_stack([np.ones(4), np.arange(4)])
    precision = np.diag([0.4**-2, 0.2**-2]) + design.T @ design / 0.1**2
    mean = np.linalg.solve(precision, np.array([0, 0.5 / 0.2**2]) + design.T @ VALUES[:4] / 0.1**2)
    row = np.array([1, 6])
    spread = np.sqrt(row @ np.linalg.solve(precision, row) + 0.1**2)
    score = scores(result, "posterior")["row_2026"]
    # Four standard errors at the least effective size that passes, 400.
    assert score.median == pytest.approx(row @ mean, abs=4 * 1.25 * spread / 20)
    assert score.pit == pytest.approx(stats.norm.cdf(VALUES[6], row @ mean, spread), abs=4 * 0.5 / 20)


def test_the_line_is_least_squares_with_students_interval(result):
    x, y = np.arange(2020, 2024), np.array(VALUES[:4])
    line = stats.linregress(x, y)
    score = scores(result, "line")["row_2024"]
    assert score.median == pytest.approx(line.intercept + line.slope * 2024, rel=1e-9)
    residual = y - line.intercept - line.slope * x
    scale = np.sqrt((residual**2).sum() / 2 * (1 + 1 / 4 + (2024 - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()))
    assert score.pit == pytest.approx(stats.t.cdf((VALUES[4] - score.median) / scale, 2), rel=1e-9)
    assert score.log_score == pytest.approx(-stats.t.logpdf(VALUES[4], 2, score.median, scale), rel=1e-9)


def test_the_points_are_the_medians_of_the_prior(result):
    for year, score in zip((2024, 2025, 2026), scores(result, "essay").values(), strict=True):
        assert score.median == pytest.approx(0.5 * (year - 2020))
        assert score.crps == pytest.approx(abs(score.observed - score.median))
        assert np.isnan(score.log_score)


def score_of(method, observation, group, crps, pit=0.5):
    return Score(method, observation, "level", group, 2025.0, 0.0, 0.0, crps, 0.0, pit)


def test_the_error_of_the_skill_counts_groups_not_rows():
    gains = {"a": 0.3, "b": -0.1, "c": 0.2}
    rows = []
    for group, gain in gains.items():
        for copy in range(4):
            rows.append(score_of("posterior", f"{group}{copy}", group, 0.5))
            rows.append(score_of("prior", f"{group}{copy}", group, 0.5 + gain))
    prior = {skill.method: skill for skill in skills([Backtest(2024.0, 3, tuple(rows), "")])}["prior"]
    assert (prior.count, prior.groups) == (12, 3)
    assert prior.gain == pytest.approx(np.mean(list(gains.values())))
    # Four equal rows a group are worth one: the standard error of three independent numbers.
    assert prior.gain_error == pytest.approx(np.std(list(gains.values()), ddof=1) / np.sqrt(3))


def test_coverage_counts_the_central_intervals():
    pits = [0.01, 0.2, 0.5, 0.7, 0.93]
    rows = tuple(score_of("posterior", f"r{k}", f"g{k}", 0.1, pit) for k, pit in enumerate(pits))
    skill = skills([Backtest(2024.0, 3, rows, "")])[0]
    assert skill.coverage_50 == pytest.approx(2 / 5)
    assert skill.coverage_90 == pytest.approx(4 / 5)
    assert np.isnan(skill.gain)


def test_a_rolling_origin_learns_more_each_time():
    done, kept = [], {}
    runs = rolling_origin(
        PRIORS,
        observations(VALUES),
        origins=["2022", "2024"],
        model=MODEL,
        size=1 << 11,
        kept=kept,
        progress=lambda count, total: done.append((count, total)),
    )
    many = len(kept)
    assert many >= 2
    again = backtest(PRIORS, observations(VALUES), as_of="2024", model=MODEL, size=1 << 11, kept=kept)
    assert repr(again) == repr(runs[1])
    assert len(kept) == many
    backtest(PRIORS, observations(VALUES), as_of="2024", model=MODEL, size=1 << 11, seed=1, kept=kept)
    assert len(kept) > many
    assert [run.learned for run in runs] == [3, 5]
    assert done == [(1, 2), (2, 2)]
    posterior = skills(runs)[0]
    assert (posterior.method, posterior.count, posterior.groups) == ("posterior", 6, 4)


@pytest.mark.parametrize(("as_of", "told"), [("2019", "was known by 2019"), ("2030", "came after 2030")])
def test_an_origin_without_both_sides_is_refused(as_of, told):
    with pytest.raises(cc.InputError, match=told):
        backtest(PRIORS, observations(VALUES), as_of=as_of, model=MODEL, size=1 << 10)
    # One date is one origin.
    with pytest.raises(cc.InputError, match=told):
        rolling_origin(PRIORS, observations(VALUES), origins=as_of, model=MODEL, size=1 << 10)


@pytest.mark.parametrize("horizon", [0, -1, math.nan])
def test_a_horizon_that_is_none_is_refused(horizon):
    with pytest.raises(cc.InputError, match=f"horizon is {horizon}; give a number of years above 0"):
        backtest(PRIORS, observations(VALUES), as_of="2023", model=MODEL, horizon=horizon, size=1 << 10)


def test_a_bad_row_can_be_left_out():
    rows = observations(VALUES)
    broken = replace(rows, rows=(*rows.rows, rows.rows[0].model_copy(update={"id": "bad", "quantity": "levle"})))
    with pytest.raises(cc.InputError, match="unknown quantity 'levle'"):
        backtest(PRIORS, broken, as_of="2023", model=MODEL, size=1 << 10)
    assert backtest(PRIORS, broken, as_of="2023", model=MODEL, size=1 << 10, skip_bad=True).learned == 4


def test_a_lasting_discrepancy_carries_on_from_the_past():
    """With base and growth fixed the forecast goes on from half of each deviation, given what was seen of it."""
    fixed = PRIORS.replace(base=cc.Normal(0.0, 1e-6, unit="OOM"), growth=0.5)
    rows = observations(VALUES)
    beliefs = {"discrepancy": cc.Fixed(0.3, unit="OOM"), "correlation_time": cc.Fixed(1.5, unit="year")}
    settings = {"model": MODEL, "size": 1 << 12, "seed": 2, "choose": False}
    result = backtest(fixed, replace(rows, priors=beliefs), as_of="2023", **settings)
    dates = np.array([2020, 2021, 2022, 2023, 2025])
    lasting = 0.3**2 / 2 * np.exp(-np.abs(np.subtract.outer(dates, dates)) / 1.5)
    matrix = lasting + (0.3**2 / 2 + 0.1**2) * np.eye(5)
    weights = matrix[4, :4] @ np.linalg.inv(matrix[:4, :4])
    mean = 0.5 * 5 + weights @ (np.array(VALUES[:4]) - 0.5 * np.arange(4))
    spread = np.sqrt(matrix[4, 4] - weights @ matrix[:4, 4])
    after, before = scores(result, "posterior")["row_2025"], scores(result, "prior")["row_2025"]
    assert after.log_score == pytest.approx(-stats.norm.logpdf(VALUES[5], mean, spread), abs=1e-3)
    assert after.median == pytest.approx(mean, abs=4 * 1.25 * spread / 64)
    assert before.log_score == pytest.approx(-stats.norm.logpdf(VALUES[5], 2.5, np.sqrt(matrix[4, 4])), abs=1e-3)


def every_second_month(count=24):
    """Return rows of two years and more that stray from the line for months: no form is best by construction."""
    stray = 0.1 * np.sin(np.arange(count) / 2)
    rows = [
        observations([0.5 * k / 6 + stray[k]])
        .rows[0]
        .model_copy(
            update={
                "id": f"row_{k}",
                "group": f"row_{k}",
                "date": 2020 + k / 6,
                "as_of": f"{2020 + k // 6}-{1 + 2 * (k % 6):02d}",
            }
        )
        for k in range(count)
    ]
    beliefs = {"discrepancy": cc.Fixed(0.1, unit="OOM"), "record_gap": cc.Fixed(0.2, unit="OOM")}
    beliefs["correlation_time"] = cc.Fixed(1.0, unit="year")
    return Observations(tuple(rows), beliefs, 0.5)


ORIGIN = {"as_of": "2022-06", "model": MODEL, "size": 1 << 10, "seed": 2, "horizon": 1.0}


@pytest.fixture(scope="module")
def chosen():
    return backtest(PRIORS, every_second_month(), **ORIGIN)


def test_the_form_is_chosen_by_rows_known_before(chosen):
    choice = chosen.choice
    assert set(choice.scores) == set(FORMS)
    assert choice.form == min(choice.scores, key=choice.scores.get)
    # From mid-2020 on, when three rows are known, to mid-2022.
    assert choice.rows == 15 - 3


@pytest.mark.parametrize(("count", "limit", "late"), [(10, 2024, 0), (9, 2024, 0), (10, 2024.2, 0), (11, 2024.2, 1)])
def test_forms_are_judged_by_forecasts_of_two_years_from_each_half_year_of_four(count, limit, late, monkeypatch):
    """As docs/learning_scores.md says it: and of fewer than 10 rows none is judged."""
    asked = {}

    def log_scores(self, date, past, future):
        asked[date] = {*past.ids}, {*future.ids}
        return {form: np.full(len(future), form != "half lasts") for form in FORMS}

    monkeypatch.setattr(Forecaster, "log_scores", log_scores)
    rows = observations(np.zeros(16), first=2010).rows
    # Of years from the middle of each on, known half a year after; two years from the first date ends with a row.
    known = [row.model_copy(update={"date": row.date + 0.5, "as_of": f"{row.id[-4:]}-12"}) for row in rows]
    # Four years became known in the last four, one of them with so many rows that 10, or 9, are scored.
    more = [known[-4].model_copy(update={"id": f"more_{k}"}) for k in range(count - 4 - late)]
    last = known[-3].model_copy(update={"id": "late", "as_of": "2024-01"})
    rows = replace(observations(()), rows=(*known, *more, *[last] * late))
    choice = Forecaster(MODEL, (), 1, 0).choice(lambda date: date, rows, limit)
    assert choice.rows == count
    if count < 10:
        assert (choice.form, choice.scores, asked) == (SIMPLEST, {}, {})
        return
    assert choice.form == "half lasts"
    # At the beginning of 2024 all is known that is by the limit, but for the late row.
    assert [*asked] == [date for date in np.arange(2010, 2024 + late / 2, 0.5) if date >= limit - 4]
    for date, (past, future) in asked.items():
        assert past == {row.id for row in rows if row.known_from <= date}
        assert future == {r.id for r in rows if date < r.known_from <= limit and r.date <= date + 2}


def test_few_rows_choose_the_simplest_form(result):
    assert result.choice.form == SIMPLEST
    assert result.choice.rows < 10
    assert FORMS[SIMPLEST] == {"lasting": 0.0, "narrowing": False}


@settings(max_examples=4)
@given(
    st.lists(
        st.tuples(st.floats(2020, 2023), st.floats(-1, 3), st.sampled_from(["", "row_5", "row_9"]), st.booleans()),
        min_size=1,
        max_size=3,
    )
)
def test_what_is_known_after_an_origin_changes_neither_choice_nor_forecast(chosen, more):
    rows = every_second_month()
    late = []
    for k, (date, value, group, record) in enumerate(more):
        update = {"id": f"late_{k}", "date": date, "value": 10.0**value, "as_of": "2024", "group": group}
        late.append(rows.rows[0].model_copy(update={**update, "kind": "record" if record and not group else "value"}))
    after = backtest(PRIORS, replace(rows, rows=(*rows.rows, *late)), **ORIGIN)
    assert after.choice == chosen.choice
    for method in ("posterior", "prior", "line", "trend", "essay"):
        kept = scores(after, method)
        # By text: from Python 3.13 on a score without a density, which is NaN, equals none.
        assert all(repr(kept[name]) == repr(score) for name, score in scores(chosen, method).items())


def test_a_choice_sees_no_row_that_was_known_after_its_date():
    rows, forecaster = every_second_month(), Forecaster(MODEL, range(2019, 2026), 1 << 11, 3)
    known = rows.known_by(2022.5)
    assert len(known) < len(rows)
    everything, before = (forecaster.choice(lambda date: PRIORS, some, 2022.5) for some in (rows, known))
    assert everything.scores
    assert everything == before


def test_a_later_reading_of_an_estimate_replaces_no_earlier_one():
    rows = every_second_month()
    first = rows.rows[5].model_copy(update={"estimate": "one"})
    late = first.model_copy(update={"id": "late", "date": 2020.1, "as_of": "2024", "value": 900.0})
    one, two = (
        backtest(PRIORS, replace(rows, rows=(*rows.rows[:5], first, *rows.rows[6:], *more)), **ORIGIN)
        for more in ((), (late,))
    )
    assert repr(two) == repr(one)


def test_weights_of_another_form_give_the_scores_of_learning_under_it():
    """Reweighted draws of one form beside draws of each: within a few hundredths of a nat over eleven rows."""
    rows, forecaster = every_second_month(), Forecaster(MODEL, range(2019, 2026), 1 << 12, 3)
    past, future = split(rows, 2021.5, 2022.5)
    weighted = forecaster.log_scores(PRIORS, past, future)
    for form, setting in FORMS.items():
        own = replace(past, **setting)
        draws = forecaster.learned(PRIORS, own)["posterior"].to_dataset()
        densities = forecaster.ahead(PRIORS, own, future, draws)().densities()
        direct = np.log(densities.shape[1]) - logsumexp(densities, axis=1)
        assert weighted[form] == pytest.approx(direct, abs=0.1)
        assert weighted[form].mean() == pytest.approx(direct.mean(), abs=0.03)


def test_the_trend_is_a_random_walk_with_drift(result):
    y = np.array(VALUES[:4])
    drift, steps = (y[3] - y[0]) / 3, np.diff(y)
    variance = ((steps - drift) ** 2).sum() / 2
    for ahead, score in enumerate(scores(result, "trend").values(), 1):
        assert score.median == pytest.approx(y[3] + ahead * drift)
        scale = np.sqrt(variance * (ahead + ahead**2 / 3) + 0.1**2)
        assert score.log_score == pytest.approx(-stats.t.logpdf(VALUES[3 + ahead], 2, score.median, scale), rel=1e-9)


@pytest.mark.parametrize("count", [3, 4, 5])
def test_points_on_a_line_are_scored_with_the_error_of_the_row(count):
    """No residual is no certainty: Student's distribution with the row's own error as its scale."""
    rows = observations([0.5 * k for k in range(count)] + [0.5 * count + 0.2])
    run = backtest(PRIORS, rows, as_of=f"{2019 + count}", model=MODEL, size=1 << 10)
    for method in ("line", "trend"):
        score = scores(run, method)[f"row_{2020 + count}"]
        assert score.median == pytest.approx(0.5 * count)
        exact = -stats.t.logpdf(0.2, count - 2, 0, 0.1)
        assert score.log_score == pytest.approx(exact, rel=1e-9)
        # By its integral, which exists where Student's distribution has no mean; 2,000 quantiles are to within 1e-3.
        law = stats.t(count - 2)
        (low, _), (high, _) = (
            quad(lambda x, of=of: of(x) ** 2, *ends) for of, ends in ((law.cdf, (-np.inf, 2)), (law.sf, (2, np.inf)))
        )
        assert score.crps == pytest.approx(0.1 * (low + high), rel=1e-3)


def test_ties_count_half():
    """Of numbers that lie alike about what was observed, half are below it."""
    (row,) = observations([1.0])
    assert ensemble_score("posterior", row, np.array([0.0, 1.0, 1.0, 2.0])).pit == 0.5


def test_rows_of_another_quantity_change_no_line():
    rows = observations(VALUES)
    past, future = split(rows, 2024)
    others = [r.model_copy(update={"id": f"other_{r.id}", "quantity": "height", "value": 7.0}) for r in past]
    both = replace(past, rows=(*past.rows, *others))
    model = cc.Model([level, height])
    assert module._line_scores(both, future, model) == module._line_scores(past, future, model) != []


def test_priors_that_are_dated_after_the_origin_are_named():
    dated = PRIORS.replace(base=replace(PRIORS["base"], as_of="2025"), growth=replace(PRIORS["growth"], as_of="2023"))
    result = backtest(dated, observations(VALUES), as_of="2023", model=MODEL, size=1 << 9)
    assert result.younger == ("base",)


def test_what_is_beyond_the_horizon_is_not_scored():
    result = backtest(PRIORS, observations(VALUES), as_of="2023", model=MODEL, horizon=1.5, size=1 << 11)
    assert {score.date for score in result.scores} == {2024, 2025}


SHIPPED = cc.read_priors("situational_awareness")


@pytest.mark.parametrize("origin", ["2024-01", "2025-01", "2026-01"])
def test_the_prior_set_of_a_date_knows_nothing_later(origin):
    rows = cc.read_observations()
    made = origin_priors(SHIPPED, rows, origin)
    assert made.hash == origin_priors(SHIPPED, rows.known_by(origin), origin).hash
    last = max(row.date for row in rows.counted().known_by(origin) if row.quantity == "leading_lab_revenue")
    assert made["leading_lab_base_year"].median == last


def test_levels_and_past_growth_are_those_of_the_rows():
    rows = cc.read_observations()
    made = origin_priors(SHIPPED, rows, "2025-01")
    size = made["initial_cluster_chips"].median / SHIPPED["chip_performance_ratio"].median
    assert size == pytest.approx(1e5)
    assert made["cluster_start_year"].median == 2024.7
    for name in SHIPPED:
        changed = repr(made[name]) != repr(SHIPPED[name])
        assert changed == ("known by 2025-01" in made[name].source), name
        assert not changed or made[name].as_of == "2025-01", name
    past = [row for row in rows.counted().known_by("2025-01") if row.quantity == "leading_lab_revenue"]
    slope = np.polyfit([row.date for row in past], [row.log10 for row in past], 1)[0]
    assert made["earlier_revenue_doubling_time"].median == pytest.approx(np.log10(2) / slope)
    assert repr(made["cluster_growth_rate"]) == repr(SHIPPED["cluster_growth_rate"])


def test_a_date_before_all_levels_is_refused():
    with pytest.raises(cc.InputError, match="no row known by 1990"):
        origin_priors(SHIPPED, cc.read_observations(), "1990")


def test_the_stored_scores_are_those_of_the_page():
    page = (Path(__file__).parents[2] / "docs" / "learning_scores.md").read_text()
    table = page.split("## All dates from June 2024")[1].split("### By quantity")[0]
    for skill in shipped_skills():
        assert f"| {skill.method} | {skill.count} | {skill.groups} |" in table
        assert f"| {skill.crps:.3f} ± {skill.crps_error:.3f} |" in table


def test_the_shipped_form_is_what_all_rows_choose():
    """By the page that the benchmark writes: the form chosen at the date of the shipped rows."""
    rows = cc.read_observations()
    page = (Path(__file__).parents[2] / "docs" / "learning_scores.md").read_text()
    (chosen,) = (line.split(" | ")[1] for line in page.splitlines() if line.startswith("| 2026-11 |"))
    assert FORMS[chosen] == {"lasting": rows.lasting, "narrowing": rows.narrowing}


def test_the_pool_is_the_mixture_of_its_members():
    """Of two sets that are sure of other levels the pool gives each half: its density is the mean of theirs."""
    rows = observations(VALUES)
    far = PRIORS.replace(base=cc.Normal(1.5, 0.4, unit="OOM"))
    result = backtest(PRIORS, rows, as_of="2020", others={"far": far}, model=MODEL, size=1 << 12, seed=2)
    near, other, pool = (scores(result, method) for method in ("posterior", "far", "pool"))
    for name, one in pool.items():
        mean = np.mean(np.exp([-near[name].log_score, -other[name].log_score]))
        assert -one.log_score == pytest.approx(np.log(mean), rel=1e-9)
        assert one.pit == pytest.approx((near[name].pit + other[name].pit) / 2, abs=1e-9)
    assert {score.method for score in result.scores} >= {"prior of far"}


@pytest.mark.parametrize("name", ["posterior", "prior", "line", "trend", "essay", "pool"])
def test_a_further_set_that_is_called_like_a_method_is_refused(name):
    # Its scores would be taken for those of the method.
    with pytest.raises(cc.InputError, match=f"others has a set '{name}', .*; name it otherwise"):
        backtest(PRIORS, observations(VALUES), as_of="2020", others={name: PRIORS}, model=MODEL, size=1 << 10)


def test_skill_by_quantity_and_group_is_the_skill_of_those_rows():
    made = tuple(score_of("posterior", f"r{k}", "ab"[k % 2], 0.1 * k, 0.1 + 0.2 * k) for k in range(4))
    by = skills_by([Backtest(2024.0, 3, made, "")], "group")
    assert {name: (one[0].count, one[0].crps) for name, one in by.items()} == {
        "a": (2, pytest.approx(0.1)),
        "b": (2, pytest.approx(0.2)),
    }
    whole = skills([Backtest(2024.0, 3, made, "")])[0]
    assert whole.pit == pytest.approx(0.4)
    # The mean of two independent uniform numbers has a standard deviation of root 1/24.
    assert whole.pit_error == pytest.approx(24**-0.5)
    assert np.isnan(by["a"][0].crps_error)
    assert whole.crps_error == pytest.approx(np.std([0.1, 0.2], ddof=1) / np.sqrt(2))


@pytest.mark.parametrize("recipe", [True, False])
def test_only_a_recipe_builds_the_priors_of_a_date(recipe, monkeypatch):
    built = []
    monkeypatch.setattr(module, "origin_priors", lambda base, rows, date: built.append(date) or base)
    result = backtest(PRIORS, observations(VALUES), as_of="2023", model=MODEL, size=1 << 9, recipe=recipe)
    # For the forecasts and for what is said of what was learned; of so few rows none chooses a form.
    assert set(built) == ({"2023"} if recipe else set())
    assert result.statement


def test_a_recipe_gives_each_date_its_own_prior_set():
    """Before 2025 the level of revenue is the last row known: other medians of the prior, nothing else to compare."""
    settings = {"horizon": 0.6, "size": 1 << 10, "choose": False}
    shipped = cc.read_observations()
    # Those that set levels; the others would be learned from as long.
    rows = replace(shipped, rows=tuple(row for row in shipped if row.quantity in ANCHORS))
    recipe, plain = (
        rolling_origin(SHIPPED, rows, origins=["2025-01"], recipe=recipe, **settings)[0] for recipe in (True, False)
    )
    by_hand = backtest(origin_priors(SHIPPED, rows, "2025-01"), rows, as_of="2025-01", **settings)
    assert [s.crps for s in recipe.scores] == pytest.approx([s.crps for s in by_hand.scores], nan_ok=True)
    assert [s.median for s in recipe.scores] != [s.median for s in plain.scores]
