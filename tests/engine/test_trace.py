"""Tracing: a program of array operations equals the functions it was traced from, to the bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clustercast as cc
from clustercast.engine.trace import OPERATIONS, trace
from clustercast.engine.units import factor
from tests.coherent import run_model
from tests.engine.test_nodes import STOCK, inputs
from tests.reference.traced import run_traced

YEARS = np.array([2023.0, 2026.5, 2027.0, 2030.3])


def traced_and_plain(model, values, outputs, years=YEARS):
    program = trace(model, values, outputs, years)
    plain = run_model(model, {**values, "year": np.asarray(years)[:, np.newaxis]}, outputs)
    return program, run_traced(program, values), plain


def test_a_stepped_model_is_traced_to_the_bit():
    drawn = inputs(limit=1.0)
    values = {name: drawn[name].values for name in STOCK.inputs()}
    outputs = ["stock", "coverage", "running_power", "trend_stock"]
    program, result, plain = traced_and_plain(STOCK, values, outputs)
    assert set(program.inputs) == {"growth", "hazard"}
    for name in outputs:
        np.testing.assert_array_equal(result[name], np.broadcast_to(plain[name], result[name].shape))


@pytest.mark.parametrize("name", ["situational_awareness", "evidence_2026"])
def test_the_shipped_model_is_traced_to_the_bit(name):
    model, priors = cc.cluster_model(), cc.read_priors(name)
    drawn = cc.draw(priors, 64, seed=1)
    values = {n: drawn[n].values * factor(priors[n].unit) for n in model.inputs()}
    outputs = [*model.functions]
    program, result, plain = traced_and_plain(model, values, outputs, np.arange(2022.0, 2035.0))
    for output in outputs:
        np.testing.assert_array_equal(
            result[output], np.broadcast_to(plain[output], result[output].shape), err_msg=output
        )
    assert all(operation in OPERATIONS for operation, _ in program.operations)


UNARY = ["negative", "absolute", "exp", "exp2", "expm1", "log1p", "sqrt", "square", "sin", "cos", "tanh", "floor"]
UNARY += ["ceil", "sign", "log", "log2", "log10", "reciprocal"]
BINARY = ["add", "subtract", "multiply", "divide", "minimum", "maximum", "power"]
COMPARE = ["greater", "greater_equal", "less", "less_equal", "equal", "not_equal"]


@given(
    st.lists(st.tuples(st.sampled_from([*UNARY, *BINARY, *COMPARE, "where", "both", "either"]), st.integers(0, 50),
                       st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=25)
)  # fmt: skip
def test_a_random_model_is_traced_to_the_bit(steps):
    def made(x, y, year):
        known = [x, y, x * (year / 2000), np.full((), 0.5)]
        for name, *places in steps:
            one, two, three = (known[place % len(known)] for place in places)
            if name in UNARY:
                argument = (
                    np.abs(one) + 1e-3 if name in ("log", "log2", "log10", "sqrt", "log1p", "reciprocal") else one
                )
                known.append(getattr(np, name)(np.minimum(argument, 3.0)))
            elif name in BINARY:
                known.append(getattr(np, name)(np.abs(one) + 0.5, np.minimum(np.abs(two) + 0.5, 3.0)))
            elif name in COMPARE:
                known.append(np.where(getattr(np, name)(one, two), 1.0, 0.25))
            elif name == "where":
                known.append(np.where(one > 0.3, two, three))
            else:
                mask = (one > 0.2) & (two > 0.4) if name == "both" else (one > 0.2) | ~(two > 0.4)
                known.append(np.int8(1) * mask + (three > 0))
        return known[-1] + 0 * (x + y)

    model = cc.Model([cc.quantity("1", units_checked=False)(made)])
    rng = np.random.default_rng(0)
    values = {"x": rng.uniform(0.1, 1, 7), "y": rng.uniform(0.1, 1, 7)}
    with np.errstate(all="ignore"):
        _, result, plain = traced_and_plain(model, values, ["made"])
    np.testing.assert_array_equal(result["made"], np.broadcast_to(plain["made"], result["made"].shape))


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: x if x > 0 else -x, "looks at the data"),
        (lambda x: np.cumsum(x), "cumsum"),
        (lambda x: np.add.reduce(x), r"np\.add\.reduce"),
        (lambda x: x * float(x), "one number"),
        (lambda x: np.arctan(x), "arctan is not among"),
        (lambda x: np.interp(x, x, x), "interp"),
        (lambda x: np.where(x > 0), "where"),
        (lambda x: np.clip(x, 0.1, 0.7, None), "clip"),
        (lambda x: x[:, None, None], "out of an array"),
        (lambda x: np.asarray(x) + 1, "turns its argument into a NumPy array"),
    ],
)
def test_what_cannot_be_traced_is_named_with_the_reason(function, reason):
    def untraceable(x):
        return function(x)

    model = cc.Model([cc.quantity("1")(untraceable)])
    with pytest.raises(cc.InputError, match=rf"'untraceable' \(.*test_trace.py:\d+\) cannot be traced: .*{reason}"):
        trace(model, {"x": np.ones(3)}, ["untraceable"], [2024.0])


@pytest.mark.parametrize(
    "function",
    [
        lambda x, year: np.clip(x[...], 0.3, 0.7)[()],
        lambda x, year: np.where((x > 0.7) + (x < 0.3), year, x),
        lambda x, year: np.where((x > 0.3) * (x < 0.7), year, x),
        lambda x, year: (x * year)[0] + (x * year)[-1],
        lambda x, year: (x * year)[[0, 2]][[1]],
        lambda x, year: (x * year)[1:2],
        lambda x, year: np.broadcast_arrays(x, x * year)[0] + np.broadcast_arrays(x, x * year)[1][1],
        lambda x, year: ((x > 0.3) + (year > 2026)) * year,
        lambda x, year: (true := np.stack([x > 0, x > 0, x > 0, np.broadcast_to(np.True_, x.shape)])) + true,
        lambda x, year: np.ndim((x * year)[0]) * x,
        lambda x, year: np.broadcast_to(x, x.shape) + x * year,
        lambda x, year: np.broadcast_to(x, (4, 7 if x.shape == (7,) else 1))[2] * year,
        lambda x, year: np.concatenate([(x * year)[:1], (x + year)[1:]]),
        lambda x, year: np.stack([x, x + 1, x + 2, x + 3]),
        lambda x, year: x if x.shape in ((1,), (7,)) else x + year,
        lambda x, year: x * len(x * year) * np.ndim(x * year) * np.ndim(x[:, None]),
        lambda x, year: np.where((x > 0.5).dtype == bool, x, 0.0) + np.where((x + year).dtype == float, x, 0.0),
    ],
)
def test_what_arrays_may_be_used_for_is_traced_to_the_bit(function):
    def made(x, year):
        return function(x, year)

    model = cc.Model([cc.quantity("1", units_checked=False)(made)])
    with np.errstate(all="ignore"):
        plain = run_model(model, {"x": (x := np.linspace(0.1, 1, 7)), "year": YEARS[:, np.newaxis]}, ["made"])["made"]
    result = run_traced(trace(model, {"x": x}, ["made"], YEARS), {"x": x})["made"]
    np.testing.assert_array_equal(result, np.broadcast_to(plain, result.shape))


def test_what_no_sample_changes_is_computed_at_once_and_what_is_written_twice_once():
    def made(x, year):
        return -x * np.exp(np.log(np.where(year > 0, year, x)) / 2) + -x

    model = cc.Model([cc.quantity("1", units_checked=False)(made)])
    program = trace(model, {"x": np.ones(3)}, ["made"], [2024.0, 2030.0])
    assert sorted(name for name, _ in program.operations) == ["add", "add", "multiply", "multiply", "negative"]
    assert program.constants == pytest.approx(np.sqrt([2024, 2030]))


def test_what_is_chosen_by_the_date_alone_is_chosen_at_once_and_the_rest_warns_of_nothing():
    def made(x, year):
        return np.where(year > 0, x, np.log(np.where(year > 0, -year, x)))

    program = trace(cc.Model([cc.quantity("1", units_checked=False)(made)]), {"x": np.ones(3)}, ["made"], YEARS)
    assert (program.operations, program.outputs["made"]) == ((), (0, 0, 0, 0))

    def still(x):
        return -x

    program = trace(cc.Model([cc.quantity("1")(still)]), {"x": np.ones(3)}, ["still"], YEARS)
    assert (program.operations, program.outputs["still"]) == ((("negative", (0,)),), (1,))


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x, year: x + np.arange(3.0), r"constants of shape \(3,\) meets a symbol"),
        (lambda x, year: x + np.zeros((2, 2, 1)), r"constants of shape \(2, 2, 1\) meets a symbol"),
        (lambda x, year: x[0], "picks 0 out of an array"),
        (lambda x, year: x[:2], r"picks slice\(None, 2, None\) out of an array"),
        (lambda x, year: x[:, 1], "out of an array"),
        (lambda x, year: (x * year)[:, None], "out of an array"),
        (lambda x, year: (x * year)[[0, 1]] + x * year, r"np.add meets arrays of \[2, 4\] dates"),
        (lambda x, year: np.clip(x, 0, 1, dtype=float, out=x), "it calls np.clip with dtype, out"),
        (lambda x, year: np.stack([x, x], axis=1), "it calls np.stack with axis"),
        (lambda x, year: np.concatenate([x * year, x * year], 1), "np.concatenate is not among the operations"),
        (lambda x, year: np.sort(x), "np.sort is not among the operations"),
        (lambda x, year: np.exp(x, where=year > 0), "it calls np.exp with where"),
    ],
)
def test_what_arrays_may_not_be_used_for_is_refused(function, reason):
    def untraceable(x, year):
        return function(x, year)

    model = cc.Model([cc.quantity("1", units_checked=False)(untraceable)])
    with pytest.raises(cc.InputError, match=rf"cannot be traced: .*{reason}"):
        trace(model, {"x": np.ones(3)}, ["untraceable"], YEARS)
