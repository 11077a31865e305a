"""One grammar for conditions: each form against its definition sample by sample, and what cannot be read."""

import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.errors import InputError
from clustercast.uncertainty.conditions import Clause, When, parse_condition

YEARS = np.arange(2024.0, 2035.0, 0.5)
LABELS = ["none", "power", "logic chips"]


def forecast(seed=1, size=200):
    """Power that grows, investment that wanders, a limit by year, and two inputs."""
    draws = np.random.default_rng(seed)
    power = draws.lognormal(0, 1, size) * 2 ** (YEARS - 2024)[:, np.newaxis]
    investment = np.exp(np.cumsum(draws.normal(0.1, 0.4, (YEARS.size, size)), axis=0))
    by_year = ("year", "sample")
    return xr.Dataset(
        {
            "power": (by_year, power, {"role": "output", "units": "GW"}),
            "trend_power": (by_year, 2 * power, {"role": "output", "units": "GW"}),
            "investment": (by_year, investment, {"role": "output", "units": "USD/year"}),
            "limit": (
                by_year,
                draws.integers(0, 3, power.shape),
                {"role": "output", "units": "1", "labels": json.dumps(LABELS)},
            ),
            "load": ("sample", draws.uniform(0, 1, size), {"role": "input", "units": "1"}),
            "switch": ((), 1.0, {"role": "input", "units": "1"}),
        },
        {"year": YEARS, "sample": np.arange(size)},
    )


DRAWN = forecast()


def holds(text, data=DRAWN):
    return parse_condition(text).evaluate(data).values


def until(name, year):
    return DRAWN[name].sel(year=slice(None, year)).values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("power > 5 GW by 2028", (until("power", 2028) > 5).any(axis=0)),
        ("power >= 5000 MW in 2028", DRAWN["power"].sel(year=2028) >= 5),
        ("power < 1 GW at 2026-07", DRAWN["power"].sel(year=2026.5) < 1),
        ("power <= 0.5 GW by mid-2026", (until("power", 2026.5) <= 0.5).any(axis=0)),
        ("power > 5 GW by the end of 2027", (until("power", 2028) > 5).any(axis=0)),
        ("power > 5 GW by the start of 2028", (until("power", 2028) > 5).any(axis=0)),
        ("investment < 1 USD/year by the end of 2027", (until("investment", 2028) < 1).any(axis=0)),
        ("investment > $1/year in 2030.5", DRAWN["investment"].sel(year=2030.5) > 1),
        ("limit = power in 2030", DRAWN["limit"].sel(year=2030) == 1),
        ("limit == 'logic chips' by 2025", (until("limit", 2025) == 2).any(axis=0)),
        ("limit != none in 2030", DRAWN["limit"].sel(year=2030) != 0),
        ("load > 80 %", DRAWN["load"] > 0.8),
        ("switch = 1", np.ones(200, bool)),
        ("load > 0.5 AND power > 5 GW by 2028", (DRAWN["load"] > 0.5) & (until("power", 2028) > 5).any(axis=0)),
        (
            "power > 5 GW and investment < 2 USD/year in 2028",
            (DRAWN["power"].sel(year=2028) > 5) & (DRAWN["investment"].sel(year=2028) < 2),
        ),
        ("power rises 10 GW from 2026 to 2028", DRAWN["power"].sel(year=2028) - DRAWN["power"].sel(year=2026) >= 10),
        (
            "investment falls 1.5 USD/year from 2026 to 2028",
            DRAWN["investment"].sel(year=2026) - DRAWN["investment"].sel(year=2028) >= 1.5,
        ),
        (
            "investment falls 20 % from 2026.5 to the end of 2028",
            DRAWN["investment"].sel(year=2029) <= 0.8 * DRAWN["investment"].sel(year=2026.5),
        ),
    ],
)
def test_each_form_is_its_definition(text, expected):
    result = holds(text)
    assert result.dtype == bool and result.shape == (200,)
    np.testing.assert_array_equal(result, np.asarray(expected))
    assert text.startswith("switch") or 0 < result.sum() < 200
    margins = np.min([clause.margin(DRAWN) for clause in parse_condition(text).clauses], axis=0)
    np.testing.assert_array_equal(margins >= 0, expected)


@pytest.mark.parametrize(("form", "met"), [(">", False), (">=", True), ("<", False), ("<=", True)])
def test_what_is_met_exactly_has_a_margin_of_0_and_what_is_missed_by_nothing_one_below(form, met):
    half = DRAWN.assign(load=DRAWN["load"].copy(data=np.full(200, 0.5)))
    margin = parse_condition(f"load {form} 0.5").clauses[0].margin(half)
    assert (margin == 0).all() if met else ((margin < 0) & (margin > -1e-300)).all()


def test_a_fall_without_a_date_is_one_at_any():
    np.testing.assert_array_equal(
        holds("investment falls 40 % below its peak"), holds("investment falls 40 % below its peak by 2034.5")
    )


@given(st.integers(0, 500), st.sampled_from([0, 20, 30, 50]))
def test_a_bust_is_a_fall_below_the_peak_so_far(seed, percent):
    data = forecast(seed, size=20)
    result = holds(f"investment falls {percent} % below its peak by 2030", data)
    for sample in range(20):
        path = data["investment"].isel(sample=sample).sel(year=slice(None, 2030)).values
        drawdowns = [1 - later / earlier for i, earlier in enumerate(path) for later in path[i:]]
        assert result[sample] == (max(drawdowns) >= percent / 100 - 1e-12)


@given(st.floats(0.1, 100), st.sampled_from(YEARS.tolist()))
def test_by_a_date_grows_with_the_date_and_holds_where_the_level_was_crossed(level, year):
    text = f"power >= {level!r} GW by {year}"
    result = holds(text)
    crossed = cc.crossing_year(DRAWN["power"], level, interpolate=False).values
    np.testing.assert_array_equal(result, crossed <= year)
    assert not (result & ~holds(f"power >= {level!r} GW by {min(year + 1, 2034.5)}")).any()


def test_dates_are_said_as_they_are_meant():
    condition = parse_condition("training_cluster_power > 5 GW by 2028 and limit = power in the end of 2028")
    assert condition.words == ("training cluster power > 5 GW by 1 January 2028 and limit = power at the end of 2028")
    assert (condition.names, condition.years) == (("training_cluster_power", "limit"), (2028.0, 2029.0))
    bust = parse_condition("ai_investment falls 30 % below its peak by 2034-07-01")
    assert bust.words == "AI investment falls 30 % below its peak by 1 July 2034"
    change = parse_condition("ai_investment rises 1 % from mid-2026 to 2034")
    assert change.words == "AI investment rises by 1 % from 1 July 2026 to 1 January 2034"
    assert change.years == (2026.5, 2034.0)


def test_the_probability_and_the_trend():
    condition = parse_condition("power > 5 GW by 2028")
    share, error = condition.probability(DRAWN)
    assert share == holds("power > 5 GW by 2028").mean() and 0 < error < 0.05
    trend = condition.on_trend(DRAWN)
    np.testing.assert_array_equal(trend.evaluate(DRAWN), holds("trend_power > 5 GW by 2028"))
    assert parse_condition("load > 0.5").on_trend(DRAWN) is None
    weights = xr.DataArray(np.where(holds("power > 5 GW by 2028"), 3.0, 1.0), {"sample": DRAWN["sample"]}, "sample")
    assert condition.probability(DRAWN, weights)[0] == pytest.approx(3 * share / (1 + 2 * share))


def test_sensitivity_takes_a_condition_as_an_output():
    priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))
    design = cc.draw(priors, 256, design="saltelli", replicates=8, seed=1)
    condition = parse_condition("x > 0.5")
    indices = cc.sobol_indices(design.assign(half=condition.evaluate(design)))
    assert indices["ST"].sel(output="half").values == pytest.approx([1, 0], abs=0.05)
    # Of a Saltelli design the rows A and B alone are independent.
    assert condition.probability(design)[0] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "condition is ''"),
        (None, "condition is None"),
        ("power 5 GW", "cannot read 'power 5 GW'; write it as"),
        ("power > 5 GW by 2028 and nonsense", "cannot read 'nonsense' in the condition"),
        ("power > many GW by 2028", "cannot read 'many GW'"),
        ("power > 5 gigawat by 2028", "unknown unit 'gigawat'"),
        ("power > 5 GW by soon", "cannot read 'soon' as a date"),
        ("power > 5 GW by 2028-13", "month 13"),
        ("power falls many below its peak by 2030", "cannot read 'many'"),
        ("power falls 120 % below its peak by 2030", "is no move: give 0 or more, at most 100 %"),
        ("power falls 1.2 from 2026 to 2030", "is no move: give 0 or more, at most 100 %"),
        ("power rises -20 % from 2026 to 2030", "is no move: give 0 or more$"),
        ("power rises 3 GW from 2030 to 2026", "first date must be the earlier"),
        ("power rises 3 GW from 2026 to 2026-01", "first date must be the earlier"),
        ("power > 5 GW", "changes with the year; add a date"),
        ("power > 5 USD by 2028", "does not convert to 'GW'"),
        ("powr > 5 GW by 2028", "no 'powr'; nearest known: power"),
        ("power > 5 GW by 2028-02", "not among the years"),
        ("load > 0.5 by 2028", "'load' has no years; leave out"),
        ("limit > 5 by 2028", "'limit' holds labels; ask for one with = or !=, as 'limit = none'"),
        ("limit = powr by 2028", "no label 'powr'; nearest known: power"),
        ("power = much by 2028", "cannot read 'much'"),
        ("power = 5 GW in 2028", "no two samples of 'power' are alike, so none is 5 GW exactly; ask with > and <"),
        ("load != 0.5", "no two samples of 'load' are alike"),
        ("load falls 3 % below its peak by 2028", "'load' has no years"),
    ],
)
def test_what_cannot_be_read_or_held_is_refused(text, reason):
    with pytest.raises(InputError, match=reason):
        holds(text)


CLAUSE = Clause("power", ">", "5 GW", When(True, 2028.0, "2028"))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Clause(None, ">", "5 GW"), "^name is None; give a text$"),
        (lambda: Clause("power", "~", "5 GW"), "^form is '~'; give '>' or"),
        (lambda: Clause("power", ">", float("nan")), "^value is nan; give a text$"),
        (lambda: Clause("power", ">", "5 GW", "2028"), "^when is '2028'; give a When or None$"),
        (lambda: Clause("power", ">", "5 GW", When(True, "2028", "2028")), "^year is '2028'; give a number$"),
        (lambda: Clause("power", "fall", "-2 GW"), "power falls -2 GW below its peak' is no move: give 0 or more"),
        (lambda: cc.Condition("rises", (Clause("power", "rise", "2 GW"),)).evaluate(DRAWN), "has no two dates"),
        (lambda: cc.Condition(None, (CLAUSE,)), "^text is None; give a text$"),
        (lambda: cc.Condition("power", None), "^clauses is None; give a tuple"),
        (lambda: cc.Condition("power", ()), r"^clauses is \(\); make a condition with cc.parse_condition$"),
        (lambda: cc.Condition("power", ("power > 5 GW",)), "; make a condition with cc.parse_condition$"),
    ],
)
def test_what_is_made_by_hand_of_another_kind_is_refused(make, reason):
    assert cc.Condition("power", (CLAUSE,)).probability(DRAWN) == parse_condition("power > 5 GW by 2028").probability(
        DRAWN
    )
    with pytest.raises(InputError, match=reason):
        make()


def test_the_message_names_the_dimensions_of_what_is_no_forecast():
    with pytest.raises(InputError, match=r", not a Dataset of dimensions \('year',\)$"):
        cc.summarise(xr.Dataset({"x": ("year", [1.0, 2.0])}))
    with pytest.raises(InputError, match=r", not a DataArray of dimensions \(\)$"):
        cc.summarise(xr.DataArray(1.0))


def test_what_is_no_forecast_is_refused():
    with pytest.raises(InputError, match="dimension 'sample'"):
        parse_condition("power > 5 GW by 2028").evaluate(DRAWN["power"])
    with pytest.raises(InputError, match="is NaN in"):
        holds("load > 0.5", DRAWN.assign(load=DRAWN["load"].where(DRAWN["load"] > 0.1).assign_attrs(units="1")))
    with pytest.raises(InputError, match="has the dimension region"):
        holds("power > 5 GW by 2028", DRAWN.assign(power=DRAWN["power"].expand_dims(region=2)))


NO_FORECAST = (None, 3, "text", [1], {"power": 1}, np.ones(3), xr.DataArray(1.0), xr.Dataset(), xr.DataTree(), object())
ASKED = [parse_condition(text) for text in ("power > 5 GW by 2028", "power falls 3 % below its peak", "limit = power")]


@pytest.mark.parametrize(
    "wrong", [*NO_FORECAST, DRAWN["power"], cc.summarise(DRAWN)], ids=lambda wrong: type(wrong).__name__
)
@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.text)
def test_no_method_takes_what_is_no_forecast(asked, wrong):
    clause = asked.clauses[0]
    for method in (asked.evaluate, asked.probability, asked.on_trend, clause.holds, clause.margin):
        with pytest.raises(
            InputError, match=r"^a forecast is a Dataset with a dimension 'sample', as from cc"
        ) as refused:
            method(wrong)
        assert len(str(refused.value)) < 200


def test_texts_are_no_numbers():
    with pytest.raises(InputError, match=r"^'power' holds values of type <U\d+; give numbers$"):
        holds("power > 5 GW by 2028", DRAWN.assign(power=DRAWN["power"].astype(str)))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        condition = parse_condition(text)
    except InputError as error:
        assert len(str(error)) < 2000
    else:
        assert condition.names and condition.words
