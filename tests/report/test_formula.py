"""Formulas as people write them: they evaluate to what the function gives."""

import math

import numpy as np

import clustercast as cc
from clustercast.report.program import formula_of


def _halved(total, share):
    return np.maximum(total, 0) * share / 2


@cc.quantity("USD")
def cost(size, price_per_accelerator):
    """Cost of a cluster."""
    return size * price_per_accelerator


@cc.quantity("USD")
def paid(cost, share, limit):
    part = np.where(limit > 0, share, 1)
    grown = np.exp(part)
    return _halved(cost, grown) + np.minimum(grown, cost)


@cc.quantity("H100e", between="log", before="past", lags={"flow": "delay"})
def stock(previous_stock, flow, previous_flow, lagged_flow, hazard, year, previous_year):
    time = year - previous_year
    return previous_stock * np.exp(-hazard * time) + time * (flow + previous_flow) / 2 + 0 * lagged_flow * time


@cc.quantity("H100e/year", between="log")
def flow(year, first, start):
    return first * (year / start)


@cc.quantity("H100e")
def past(year, first, start, hazard):
    return first / hazard * (year / start)


MODEL = cc.Model([cost, paid, stock, flow, past])


def test_a_product_is_printed_as_one():
    assert formula_of(MODEL.definition("cost")) == [("cost", "size * price_per_accelerator")]


def test_locals_used_twice_are_listed_and_evaluate_to_the_function():
    (local, grown), (name, result) = formula_of(MODEL.definition("paid"))
    assert (local, name) == ("grown", "paid")
    assert grown == "exp(share if limit > 0 else 1)"
    given = {"cost": 6.0, "share": 0.3, "limit": 1.0, "exp": math.exp, "max": max, "min": min}
    given["halved"] = lambda total, share: max(total, 0) * share / 2
    given["grown"] = eval(grown, given)
    assert eval(result, given) == paid(6.0, 0.3, 1.0)


def test_a_step_names_the_dates():
    level = "stock[t] * exp(-hazard * time) + time * (flow[t+h] + flow[t]) / 2 + 0 * flow[t+h - delay] * time"
    assert formula_of(MODEL.definition("stock")) == [("time", "h"), ("stock[t+h]", level)]


def test_code_without_source_stands_as_a_call():
    scope = {}
    exec("def doubled(x): return 2 * x", scope)
    model = cc.Model([cc.quantity("1")(scope["doubled"])])
    assert formula_of(model.definition("doubled")) == [("doubled", "doubled(x)")]
