"""Recursion: what is stepped from node to node equals closed forms, whatever dates are asked for."""

import inspect
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.errors import InputError


@cc.quantity("H100e/year", time="rate", between="log", before="past_flow")
def flow(year, first_flow, growth, start, limit):
    return np.where(limit > 0, first_flow, first_flow * np.exp(growth * (year - start)))


@cc.quantity("H100e/year")
def past_flow(year, first_flow, growth, start):
    return first_flow * np.exp(growth * (year - start))


@cc.quantity("H100e", time="state", between="log", before="past_stock")
def stock(previous_stock, flow, previous_flow, year, previous_year, hazard):
    """Stock with the exact integral of a flow that is exponential between nodes."""
    time = year - previous_year
    growth = np.log(flow / previous_flow) / time + hazard
    safe = np.where(growth == 0, np.finfo(np.float64).eps / time, growth)
    kept = previous_stock * np.exp(-hazard * time)
    return kept + previous_flow * np.exp(-hazard * time) * np.expm1(safe * time) / safe


@cc.quantity("H100e")
def past_stock(past_flow, growth, hazard):
    return past_flow / (growth + hazard)


@cc.quantity("1")
def coverage(stock, flow, hazard):
    return stock * hazard / flow


@cc.quantity("W", lags={"stock": "delay"})
def running_power(lagged_stock, power_per_accelerator):
    return lagged_stock * power_per_accelerator


STOCK = cc.Model(
    [flow, past_flow, stock, past_stock, coverage, running_power],
    start="start",
    step=0.5,
    layers={"trend": {"limit": 0.0}},
)
GROWTHS, HAZARDS = np.array([0.1, 0.4, 0.9]), np.array([0.05, 0.2, 0.0])


def inputs(**changed):
    fixed = {"start": 2026.5, "first_flow": 10.0, "limit": 0.0, "delay": 0.25, "power_per_accelerator": 2.0}
    units = {
        "start": "year",
        "first_flow": "H100e/year",
        "limit": "1",
        "delay": "year",
        "power_per_accelerator": "W/H100e",
    }
    priors = cc.Priors(
        **{name: cc.Fixed(changed.get(name, value), unit=units[name]) for name, value in fixed.items()},
        growth=cc.Uniform(0.1, 0.9, unit="1/year"),
        hazard=cc.Uniform(0.0, 0.2, unit="1/year"),
    )
    drawn = cc.draw(priors, 3, seed=1)
    drawn["growth"].values[:] = GROWTHS
    drawn["hazard"].values[:] = HAZARDS
    return drawn


def run(years, outputs, model=STOCK, **changed):
    return cc.propagate(inputs(**changed), model=model, years=years, outputs=outputs)


def test_an_exponential_flow_gives_the_closed_form_of_the_stock_at_every_date():
    years = [2022.0, 2025.3, 2026.5, 2027.0, 2027.1, 2028.75, 2031.0]
    result = run(years, ["stock", "flow", "running_power"])
    t = np.array(years)[:, None] - 2026.5
    exact = 10 * np.exp(GROWTHS * t) / (GROWTHS + HAZARDS)
    np.testing.assert_allclose(result["stock"], exact, rtol=1e-9)
    np.testing.assert_allclose(result["flow"], 10 * np.exp(GROWTHS * t), rtol=1e-9)
    np.testing.assert_allclose(result["running_power"], 2 * exact * np.exp(-0.25 * GROWTHS), rtol=1e-9)


def test_a_stock_under_a_constant_flow_relaxes_to_flow_over_hazard():
    result = run([2026.5, 2030.0, 2060.0], ["stock"], limit=1.0)["stock"].values
    start = 10 / (GROWTHS + HAZARDS)
    for column, hazard in enumerate(HAZARDS[:2]):
        exact = 10 / hazard + (start[column] - 10 / hazard) * np.exp(-hazard * np.array([0, 3.5, 33.5]))
        np.testing.assert_allclose(result[:, column], exact, rtol=1e-9)
    np.testing.assert_allclose(result[:, 2], start[2] + 10 * np.array([0, 3.5, 33.5]), rtol=1e-9)


@given(st.lists(st.integers(0, 120), min_size=1, max_size=8, unique=True))
def test_the_result_at_a_date_does_not_depend_on_the_other_dates(tenths):
    years = sorted(2021 + tenth / 10 for tenth in tenths)
    names = ["stock", "coverage", "running_power"]
    all_dates = run([2021 + tenth / 10 for tenth in range(121)], names, limit=1.0)
    some = run(years, names, limit=1.0)
    for name in names:
        np.testing.assert_array_equal(some[name], all_dates[name].sel(year=years, method="nearest"))


def test_the_trend_of_a_quantity_is_the_quantity_with_the_switch_off():
    limited = run([2024, 2030], ["stock", "trend_stock", "trend_running_power"], limit=1.0)
    free = run([2024, 2030], ["stock", "running_power"], limit=0.0)
    np.testing.assert_array_equal(limited["trend_stock"], free["stock"])
    np.testing.assert_array_equal(limited["trend_running_power"], free["running_power"])
    assert (limited["stock"].sel(year=2030) < limited["trend_stock"].sel(year=2030)).all()
    assert limited["trend_stock"].attrs["long_name"].endswith("(trend)")


def test_quantities_that_need_each_others_past_are_stepped_together():
    @cc.quantity("1", between="linear", before=3.0)
    def prey(previous_prey, previous_predators, rate):
        return previous_prey + rate * (previous_prey - previous_prey * previous_predators)

    @cc.quantity("1", between="linear", before=2.0)
    def predators(previous_predators, prey, rate):
        return previous_predators + rate * (prey * previous_predators - previous_predators)

    @cc.quantity("1")
    def initial_prey(start_prey):
        return start_prey

    @cc.quantity("1")
    def initial_predators(start_prey):
        return start_prey / 2

    model = cc.Model([prey, predators, initial_prey, initial_predators], start="start", step=1.0)
    priors = cc.Priors(start=cc.Fixed(2020.0, unit="year"), start_prey=cc.Uniform(0.5, 2), rate=cc.Uniform(0.05, 0.1))
    drawn = cc.draw(priors, 20, seed=3)
    result = cc.propagate(drawn, model=model, years=[2019, 2020, 2021, 2024.5], outputs=["prey", "predators"])
    x, y, rows = drawn["start_prey"].values, drawn["start_prey"].values / 2, []
    for _ in range(6):
        rows.append((x, y))
        x = x + drawn["rate"].values * (x - x * y)
        y = y + drawn["rate"].values * (x * y - y)
    np.testing.assert_array_equal(result["prey"][0], 3.0)
    np.testing.assert_allclose(result["prey"][1:3], [rows[0][0], rows[1][0]], rtol=1e-14)
    np.testing.assert_allclose(result["predators"][3], (rows[4][1] + rows[5][1]) / 2, rtol=1e-14)


def test_a_lag_inside_a_circle_reads_between_the_nodes_already_known():
    @cc.quantity("1", between="linear", before="past_level", lags={"level": "delay"})
    def level(previous_level, lagged_level, rate):
        return previous_level + rate * lagged_level

    @cc.quantity("1")
    def past_level(year, start):
        return year / year * (start / start)

    model = cc.Model([level, past_level], start="start", step=1.0)
    priors = cc.Priors(start=cc.Fixed(2020.0, unit="year"), delay=cc.Fixed(1.5, unit="year"), rate=cc.Uniform(0.1, 0.2))
    drawn = cc.draw(priors, 5, seed=2)
    result = cc.propagate(drawn, model=model, years=[2020, 2021, 2022, 2023], outputs=["level"])["level"].values
    rate = drawn["rate"].values
    one = 1 + rate
    # At 2022 the lag reaches 2020.5, half way between the first two nodes; at 2021 it reaches the past, which is 1.
    two = one + rate * (1 + one) / 2
    three = two + rate * (one + two) / 2
    np.testing.assert_allclose(result, [np.ones(5), one, two, three], rtol=1e-14)


def test_a_first_value_sees_the_past_of_what_needs_it():
    @cc.quantity("1", between="linear", before=2.0)
    def flow(level, rate):
        return level * rate

    @cc.quantity("1", between="linear")
    def level(previous_level, previous_flow):
        return previous_level + previous_flow

    @cc.quantity("1")
    def initial_level(flow):
        return 10 * flow

    model = cc.Model([flow, level, initial_level], start="start", step=1.0)
    priors = cc.Priors(start=cc.Fixed(2020.0, unit="year"), rate=cc.Uniform(0.1, 0.2))
    drawn = cc.draw(priors, 5, seed=2)
    result = cc.propagate(drawn, model=model, years=[2020, 2021], outputs=["level", "flow"])
    growth = 1 + drawn["rate"].values
    np.testing.assert_allclose(result["level"], [np.full(5, 20.0), 20 * growth], rtol=1e-14)
    np.testing.assert_allclose(result["flow"].sel(year=2020), 20 * drawn["rate"], rtol=1e-14)


def test_what_cannot_be_stepped_is_refused():
    @cc.quantity("1")
    def x(y):
        return y

    @cc.quantity("1")
    def y(x):
        return x

    with pytest.raises(InputError, match="circle: .*previous_"):
        cc.Model([x, y])

    @cc.quantity("H100e", time="state")
    def stock(previous_stock, first_flow, year, previous_year):
        return previous_stock + first_flow * (year - previous_year)

    model = cc.Model([stock], start="start")
    assert set(model.inputs()) == {"first_flow", "initial_stock", "start"}
    priors = cc.Priors(
        first_flow=cc.Uniform(1, 2, unit="H100e/year"),
        initial_stock=cc.Fixed(1, unit="H100e"),
        start=cc.Fixed(2026.5, unit="year"),
    )
    with pytest.raises(InputError, match=r"none before 2026.5.*before=, or ask for later years"):
        cc.propagate(cc.draw(priors, 3), model=model, years=[2026, 2027])
    uncertain = priors.replace(start=cc.Uniform(2026, 2027, unit="year"))
    with pytest.raises(InputError, match="'start' is uncertain.*fix it"):
        cc.propagate(cc.draw(uncertain, 3), model=model, years=[2028])
    with pytest.raises(InputError, match="between is 'cubic'"):
        cc.quantity("1", between="cubic")


def test_two_constants_before_the_first_node_and_from_it_on_stand_on_years():
    @cc.quantity("1", between="previous", before=7)
    def level(now, start):
        return now * start / start

    priors = cc.Priors(start=cc.Fixed(2026, unit="year"), now=cc.Fixed(3))
    model = cc.Model([level], start="start")
    result = cc.propagate(cc.draw(priors, 2), model=model, years=[2024, 2025, 2026, 2027])["level"]
    assert result.transpose("year", "sample").values.tolist() == [[7, 7], [7, 7], [3, 3], [3, 3]]
    # What was proved for dates on one side says nothing of dates on both.
    drawn = cc.draw(priors.replace(now=cc.Uniform(3, 4)), 2)
    sides = {years: cc.propagate(drawn, model=model, years=years)["level"] for years in ((2024, 2025), (2027,))}
    assert {one.dims for one in sides.values()} == {("sample",)}
    both = cc.propagate(drawn, model=model, years=[2024, 2027])["level"]
    np.testing.assert_array_equal(both, [sides[2024, 2025], sides[(2027,)]])
    np.testing.assert_array_equal(both, [[7, 7], drawn["now"]])


def test_a_lag_in_a_loop_holds_the_value_of_the_node_before_where_it_is_not_to_be_interpolated():
    @cc.quantity("1", between="previous", before=3.0, lags={"total": "lag"})
    def total(previous_total, lagged_total, rate):
        return previous_total + rate * lagged_total

    @cc.quantity("1")
    def initial_total(rate):
        return 1 + 0 * rate

    priors = cc.Priors(rate=cc.Uniform(0.1, 0.5), start=cc.Fixed(2026, unit="year"), lag=cc.Fixed(0.75, unit="year"))
    drawn = cc.draw(priors, 3, seed=1)
    model = cc.Model([total, initial_total], start="start", step=0.5)
    result = cc.propagate(drawn, model=model, years=2026 + np.arange(8) / 2, outputs=["total"])["total"]
    rows = [np.ones(3)]
    for node in range(1, 8):
        # A node and a half behind: the value of the node before that date, before the first one that of the past.
        rows.append(rows[-1] + drawn["rate"].values * (rows[node - 2] if node >= 2 else 3.0))
    np.testing.assert_allclose(result, rows, rtol=1e-15)


@pytest.mark.parametrize(("between", "delay", "year"), [(None, 1, 2027), ("linear", 1, 2027), ("linear", 0, 2024)])
def test_a_past_without_a_beginning_is_refused(between, delay, year):
    @cc.quantity("1", between=between, lags={"other": "delay"})
    def level(share, lagged_other):
        return share * lagged_other

    @cc.quantity("1", between=between, lags={"level": "delay"})
    def other(share, lagged_level):
        return share * lagged_level

    priors = cc.Priors(share=cc.Uniform(0, 1), delay=cc.Fixed(delay, unit="year"), start=cc.Fixed(2026, unit="year"))
    model = cc.Model([level, other], start="start")
    inputs = cc.draw(priors, 2)[list(model.inputs(["level"]))]
    with pytest.raises(InputError, match=r"the past of '\w+' has no beginning.*before="):
        cc.propagate(inputs, model=model, years=[year], outputs="level")


def check_chain(last):
    functions = []
    for number in range(1, last + 1):
        scope = {}
        exec(f"def q{number}(q{number - 1}): return q{number - 1} + 1", scope)
        functions.append(cc.quantity("1")(scope[f"q{number}"]))
    model = cc.Model(functions[::-1], headline=[f"q{last}"])
    result = cc.propagate(cc.draw(cc.Priors(q0=cc.Uniform(0, 1)), 4, seed=1), model=model)
    np.testing.assert_allclose(result[f"q{last}"] - result["q0"], last, rtol=1e-12)


def test_a_chain_of_a_thousand_quantities_runs():
    check_chain(999)


_IN_A_SMALL_THREAD = """
import threading
from tests.engine.test_nodes import check_chain
threading.stack_size(512 * 1024)
thread = threading.Thread(target=lambda: (check_chain(2000), print("done")))
thread.start()
thread.join()
"""


def test_a_chain_needs_no_more_stack_than_a_thread_of_macos_has():
    command, seen = [sys.executable, "-c", _IN_A_SMALL_THREAD], {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(command, env=seen, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "done\n"), run.stderr


@pytest.mark.parametrize("years", [[2024, 2025], [2025, 2026, 2027]])
def test_a_chain_of_lagged_quantities_needs_no_depth(years):
    functions = []
    for number in range(1, 100):
        scope = {}
        exec(f"def q{number}(lagged_q{number - 1}): return lagged_q{number - 1} + 1", scope)
        lags = {f"q{number - 1}": "lag"}
        functions.append(cc.quantity("1", between="linear", lags=lags)(scope[f"q{number}"]))

    @cc.quantity("1", between="linear")
    def q0(year, rate, start):
        return rate * year / start

    model = cc.Model([*functions, q0], start="start", headline=["q99"])
    priors = cc.Priors(start=cc.Fixed(2026, unit="year"), lag=cc.Fixed(0.25, unit="year"), rate=cc.Uniform(1, 2))
    drawn = cc.draw(priors, 4, seed=1)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 150)
    try:
        result = cc.propagate(drawn, model=model, years=years)["q99"]
    finally:
        sys.setrecursionlimit(limit)
    dates = np.array(years)[:, np.newaxis] - 99 * 0.25
    np.testing.assert_allclose(result, 99 + drawn["rate"].values * dates / 2026, rtol=1e-12)
