"""Growth that changes from a date: the past stays to the bit, the level goes on, the new rate holds after."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.engine.model import change_name, change_of, with_changes
from tests.coherent import run_model
from tests.engine.test_nodes import STOCK


@cc.quantity("USD/year", time="rate")
def investment(year, level, growth, start):
    return level * np.exp(growth * (year - start))


@cc.quantity("USD", between="linear", before=0.0)
def spent(previous_spent, growth, level, year, previous_year):
    return previous_spent + level * growth * (year - previous_year) * (year - previous_year)


@cc.quantity("USD")
def initial_spent(level, growth):
    return 0 * level / growth


MODEL = cc.Model([investment, spent, initial_spent], start="start", step=0.5)
GIVEN = {"level": np.array([1.0, 2.0, 3.0]), "growth": np.array([0.5, 0.1, -0.2]), "start": np.array(2024.0)}


def test_a_change_is_an_input_with_its_date_in_the_name():
    assert [change_name("growth", date) for date in (2028.0, 2028.5)] == ["growth_from_2028", "growth_from_2028_5"]
    assert [change_of(name) for name in ("growth_from_2028_5", "growth")] == [("growth", 2028.5), None]


@given(st.floats(2025, 2033), st.floats(-0.5, 0.5))
def test_growth_goes_on_from_its_level_with_the_new_rate(date, new):
    later = f"growth_from_{round(date, 2):g}".replace(".", "_")
    changed = with_changes(MODEL, [*GIVEN, later])
    date = changed.functions[f"{later}_date"]().item()
    years = np.array([[2022.0], [2024.0], [date], [2034.5]])
    values = {**GIVEN, "year": years}
    before = run_model(MODEL, values, ["investment"])["investment"]
    after = run_model(changed, {**values, later: np.full(3, new)}, ["investment"])["investment"]
    np.testing.assert_array_equal(after[:3], before[:3])
    np.testing.assert_allclose(after[3], before[2] * np.exp(new * (2034.5 - date)), rtol=1e-12)


def test_a_step_takes_the_new_rate_from_the_date_on():
    changed = with_changes(MODEL, [*GIVEN, "growth_from_2025"])
    values = {**GIVEN, "growth_from_2025": np.full(3, 4.0), "year": np.array([[2024.5], [2025.0], [2026.0]])}
    result = run_model(changed, values, ["spent"])["spent"]
    first = GIVEN["level"] * GIVEN["growth"] * 0.25
    np.testing.assert_allclose(result, [first, 2 * first, 2 * first + 2 * GIVEN["level"]], rtol=1e-14)


def test_no_change_is_the_model_itself_and_what_has_no_meaning_is_refused():
    assert with_changes(MODEL, GIVEN) is MODEL
    assert with_changes(STOCK, ["hazard"]) is STOCK

    @cc.quantity("USD/year")
    def limited(year, investment, growth, start):
        return investment * np.exp(growth * (year - start))

    with pytest.raises(cc.InputError, match="'growth' cannot change from a date on: quantity 'limited'"):
        with_changes(MODEL.add(limited), [*GIVEN, "growth_from_2026"])


def test_a_changed_model_has_another_hash_and_its_units_are_proved():
    changed = with_changes(MODEL, [*GIVEN, "growth_from_2026"])
    other = with_changes(MODEL, [*GIVEN, "growth_from_2027"])
    assert len({MODEL.hash, changed.hash, other.hash}) == 3
    priors = cc.Priors(
        level=cc.Uniform(1, 2, unit="GUSD/year"),
        growth=cc.Uniform(0.1, 0.2, unit="1/year"),
        growth_from_2026=cc.Uniform(-0.2, -0.1, unit="1/year"),
        start=cc.Fixed(2024, unit="year"),
    )
    result = cc.propagate(cc.draw(priors, 9, seed=2), model=MODEL, years=[2025, 2026, 2027], outputs=["investment"])
    assert (result["investment"].diff("year").sel(year=2026) > 0).all()
    assert (result["investment"].diff("year").sel(year=2027) < 0).all()


@cc.quantity("GW/year", time="rate")
def plants(year, additions, plant_start, ramp_time):
    return additions * np.minimum(np.maximum(year - plant_start, 0) / ramp_time, 1)


@given(st.floats(2025, 2034), st.floats(0.1, 9))
def test_what_begins_after_the_date_takes_the_new_value_whole(start, new):
    priors = cc.Priors(
        additions=cc.Fixed(2, unit="GW/year"),
        additions_from_2024_5=cc.Fixed(new, unit="GW/year"),
        plant_start=cc.Uniform(start, start + 1, unit="year"),
        ramp_time=cc.Fixed(1, unit="year"),
    )
    drawn = cc.draw(priors, 5, seed=1)
    years = np.array([2024.0, 2024.5, 2026.25, 2035])
    result = cc.propagate(drawn, model=cc.Model([plants]), years=years)["plants"]
    ramp = np.clip(years[:, None] - drawn["plant_start"].values, 0, 1)
    np.testing.assert_allclose(result, new * ramp, rtol=1e-12)


LEVEL = {"growth": cc.Fixed(0.5, unit="1/year"), "start": cc.Fixed(2024, unit="year")}


@pytest.mark.parametrize("run", [cc.propagate, cc.stream])
def test_a_level_that_would_change_without_effect_is_refused(run):
    """What has grown goes on from its level: another level at the start cannot show after the date."""
    level, model = cc.Uniform(1, 2, unit="USD/year"), cc.Model([investment])
    for later, date in (
        ({"level_from_2026": level}, 2026),
        ({"level_from_2026_5": cc.Fixed(9, unit="USD/year")}, 2026.5),
    ):
        priors = cc.Priors(level=level, **LEVEL, **later)
        source = cc.draw(priors, 300, seed=3) if run is cc.propagate else priors
        with pytest.raises(cc.InputError, match=f"changes nothing: what has grown by {date:g} goes on from its level"):
            run(source, model=model, years=range(2024, 2031), **({} if run is cc.propagate else {"size": 2048}))
    late = cc.Priors(level=level, level_from_2031=level, **LEVEL)
    same = cc.propagate(cc.draw(late, 9, seed=3), model=model, years=range(2024, 2031))["investment"]
    plain = cc.propagate(cc.draw(cc.Priors(level=level, **LEVEL), 9, seed=3), model=model, years=range(2024, 2031))
    np.testing.assert_array_equal(same, plain["investment"])


def test_a_change_shows_in_the_quantities_of_a_layer_alone():
    @cc.quantity("USD/year")
    def bounded(investment, limits):
        return investment / (1 + limits)

    model = cc.Model([investment, bounded], layers={"trend": {"limits": 0}})
    later = cc.Priors(level=cc.Uniform(1, 2, unit="USD/year"), limits=cc.Fixed(1), **LEVEL)
    later = later.add(growth_from_2026=cc.Fixed(0.1, unit="1/year"))
    run = functools.partial(cc.propagate, cc.draw(later, 9, seed=3), model=model, years=[2025, 2028])
    both, alone = run(outputs=["investment", "trend_investment"]), run(outputs=["trend_investment"])
    np.testing.assert_array_equal(alone["trend_investment"], both["trend_investment"])
    np.testing.assert_array_equal(alone["trend_investment"], both["investment"])


def test_an_input_that_nothing_takes_with_the_year_is_refused_by_name():
    priors = cc.read_priors("evidence_2026")
    later = priors.add(training_utilisation_from_2029=priors["training_utilisation"])
    with pytest.raises(
        cc.InputError, match="'training_utilisation' cannot change from a date on: no quantity takes it"
    ):
        cc.propagate(cc.draw(later, 4, seed=1))
