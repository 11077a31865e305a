"""Sobol' and Shapley indices on a region: closed forms of dependent inputs, quadrature, bad input."""

import itertools
import math
import re

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import quad
from scipy.stats import norm

import clustercast as cc
from clustercast.decisions import regions

PRIORS = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1), z=cc.Uniform(0, 1), idle=cc.Normal(0, 1))


@cc.quantity("1")
def total(x, y, z, idle):
    return x + 2 * y + z + 0 * idle - 10


@cc.quantity("1")
def limit(x, y):
    return x + y


@pytest.fixture(scope="module")
def forecast():
    return cc.propagate(cc.draw(PRIORS, 32768, seed=5), model=cc.Model([total, limit]))


def shapley(explained, count):
    """Return Shapley effects from what each subset explains."""
    result = np.zeros(count)
    for k in range(count):
        rest = [j for j in range(count) if j != k]
        for size in range(count):
            for u in itertools.combinations(rest, size):
                gain = explained((*u, k)) - explained(u)
                result[k] += gain / (count * math.comb(count - 1, size))
    return result


def check(result, exact):
    for key, values in exact.items():
        errors = result[f"{key}_conf"].values[0] / 1.96
        assert (np.abs(result[key].values[0] - values) <= 3.5 * errors + 0.005).all(), key


def test_a_triangle_of_inputs_by_quadrature(forecast):
    # Uniform on x + y < 1, z independent. Given x, y is uniform to 1 - x; the density of x is 2 (1 - x).
    def moments(mean):
        return [quad(lambda t, p=p: 2 * (1 - t) * mean(t) ** p, 0, 1)[0] for p in (1, 2)]

    def between(mean):
        first, second = moments(mean)
        return second - first**2

    of_x = between(lambda t: t + 2 * (1 - t) / 2)
    of_y = between(lambda t: 2 * t + (1 - t) / 2)
    # var x = var y = 1/18 and cov = -1/36 on the triangle; var z = 1/12.
    both = 1 / 18 + 4 / 18 - 4 / 36
    whole = both + 1 / 12
    values = {(): 0, (0,): of_x, (1,): of_y, (0, 1): both}

    def explained(u):
        return values[tuple(sorted(set(u) - {2}))] + (2 in u) / 12

    exact = {
        "S1": [of_x / whole, of_y / whole, 1 / 12 / whole],
        "ST": [(both - of_y) / whole, (both - of_x) / whole, 1 / 12 / whole],
        "shapley": shapley(explained, 3) / whole,
    }
    result = cc.regional_indices(forecast, "total", "limit < 1", inputs=["x", "y", "z"])
    check(result, exact)
    assert float(result["explained"][0]) == pytest.approx(1, abs=0.02)
    assert float(result["shapley"].sum()) == pytest.approx(float(result["explained"][0]), abs=1e-9)
    share = float(result["shapley"].sel(input="y")[0])
    assert result.attrs["words"].startswith(f"Where limit < 1, y has {100 * share:.0f} %")


def test_a_region_of_the_output_leaves_an_idle_input_idle(forecast):
    result = cc.regional_indices(forecast, "total", "total > -8")
    assert result["input"].values.tolist() == ["x", "y", "z", "idle"]
    for key in ("S1", "ST", "shapley"):
        row = result[[key, f"{key}_conf"]].sel(input="idle").isel(target=0)
        assert abs(float(row[key])) <= 2 * float(row[f"{key}_conf"])


def test_several_targets_and_one_input_are_what_they_are_alone(forecast):
    some = forecast.isel(sample=slice(2048))
    both = cc.regional_indices(some, ["total", "limit"], inputs=["x", "y"])
    for name in ("total", "limit"):
        alone = cc.regional_indices(some, name, inputs=["x", "y"])
        xr.testing.assert_allclose(both.sel(target=[name]), alone, rtol=1e-9)
    assert both["shapley"].sum("input").values == pytest.approx(both["explained"].values)
    assert cc.regional_indices(some, "total", "limit < 1", inputs="x").attrs["condition"] == "limit < 1"
    # Of one input every index is what it explains, by itself and with all.
    one = cc.regional_indices(some, "total", inputs="y")
    for key in ("S1", "ST", "shapley"):
        for end in ("", "_conf"):
            assert float(one[f"{key}{end}"][0, 0]) == pytest.approx(float(one[f"explained{end}"][0]))
    share, half, whole = (100 * one[key].values.item() for key in ("shapley", "shapley_conf", "explained"))
    assert one.attrs["words"] == (
        f"Over all draws, y has {share:.0f} % (±{half:.0f}) of the variance of total; the 1 input looked at explained "
        f"{whole:.0f} %."
    )
    assert one.attrs["runs"] == 2048
    known = cc.regional_indices(some, "x > 0.5", inputs="x").attrs["words"]
    assert re.match(r"Over all draws, x has (99|100) % \(±[01]\) of the variance of x > 0\.5; ", known)


def test_the_largest_five_of_many_inputs_are_looked_at_on_draws_without_repeats(monkeypatch):
    # A draw that is there twice is its own neighbour, and noise would pass for what inputs explain.
    monkeypatch.setattr(regions, "_MOST", 1000)
    monkeypatch.setattr(regions, "_MOST_INPUTS", 5)
    priors = cc.Priors(**PRIORS, other=cc.Normal(0, 1), last=cc.Normal(0, 1))
    drawn = cc.draw(priors, 1024, seed=2)
    of = {"total": drawn["x"].values + 2 * drawn["y"].values + drawn["z"].values - 10}
    of["large"] = 1000 * (2 * drawn["y"].values + drawn["z"].values)
    of["noise"] = np.random.default_rng(2).normal(size=1024)
    some = drawn.assign({name: ("sample", each, {"role": "output", "units": "1"}) for name, each in of.items()})
    result = cc.regional_indices(some, ["total", "noise"])
    assert result.sizes["input"] == 5
    assert {"x", "y", "z"} <= set(result["input"].values)
    assert result.attrs["runs"] == 1000
    assert float(cc.regional_indices(some, "noise", inputs=["x", "y"])["explained"][0]) < 0.1
    # What is known for certain has no error, and is worth the most; of a target on another scale nothing less is.
    monkeypatch.setattr(regions, "_INPUTS", 2)
    assert cc.regional_indices(some, ["x > 0.5", "large"])["input"].values.tolist() == ["x", "y"]


def test_whose_prior_is_an_input_of_pooled_forecasts_of_the_same_random_numbers():
    # y = x + z with x of mean 0 or 1: z is the same draw in both forecasts, and must not pass for a twin's x.
    @cc.quantity("1")
    def sum_of_two(x, z):
        return x + z - 50

    made = {
        str(mean): cc.propagate(
            cc.draw(cc.Priors(x=cc.Normal(mean, 1), z=cc.Normal(0, 1)), 4096, seed=3), model=cc.Model([sum_of_two])
        )
        for mean in (0, 1)
    }
    result = cc.regional_indices(cc.pool(made), "sum_of_two", inputs=["whose_prior", "x", "z"])
    assert result.attrs["runs"] == 4096
    # Of the variance 1/4 + 1 + 1 x explains 5/4, whose prior it is 1/4, which is a part of it; z explains 1 alone.
    exact = {"S1": [1 / 9, 5 / 9, 4 / 9], "ST": [0, 4 / 9, 4 / 9], "shapley": [1 / 18, 1 / 2, 4 / 9]}
    check(result, exact)
    groups = cc.evppi(cc.pool(made), "sum_of_two", of={"whose and z": ["whose_prior", "z"]})
    assert float(groups["share"][0, 0]) == pytest.approx(5 / 9, abs=0.03)


def test_correlated_normal_inputs_have_the_effects_of_the_closed_form():
    # Owen and Prieur (2017), doi:10.1137/16M1097717: what u explains is linear algebra.
    ranks = 6 / np.pi * np.arcsin(np.array([0.6, 0.3]) / 2)
    priors = cc.Priors(
        cc.Correlation(("a", "b"), ranks[0]),
        cc.Correlation(("b", "c"), ranks[1]),
        a=cc.Normal(0, 1),
        b=cc.Normal(0, 1),
        c=cc.Normal(0, 1),
    )

    @cc.quantity("1")
    def linear(a, b, c):
        return a + b + c / 2

    weights, joint = np.array([1, 1, 0.5]), np.array([[1, 0.6, 0], [0.6, 1, 0.3], [0, 0.3, 1]])

    def explained(u):
        u = list(u)
        gain = np.linalg.solve(joint[np.ix_(u, u)], joint[u] @ weights) if u else np.zeros(0)
        return float(gain @ (joint[u] @ weights)) if u else 0.0

    whole = explained((0, 1, 2))
    pairs = [(1, 2), (0, 2), (0, 1)]
    exact = {
        "S1": [explained((k,)) / whole for k in range(3)],
        "ST": [(whole - explained(u)) / whole for u in pairs],
        "shapley": shapley(explained, 3) / whole,
    }
    drawn = cc.propagate(cc.draw(priors, 16384, seed=3), model=cc.Model([linear]))
    check(cc.regional_indices(drawn, "linear"), exact)


@pytest.mark.parametrize("signal", [0, 2])
def test_the_error_of_what_is_explained_is_the_spread_over_draws(signal):
    generator, result = np.random.default_rng(4), []
    for _ in range(40):
        scores = generator.normal(size=(1, 400))
        values = signal * scores.T + generator.normal(size=(400, 1))
        result.append(regions._indices(scores, (values - values.mean()) / values.std())["explained"][:, 0])
    values, errors = np.array(result).T
    assert np.sqrt((errors**2).mean()) / values.std() == pytest.approx(1, abs=0.3)


def test_doubts_of_sets_of_inputs_add_as_independent_errors(monkeypatch):
    # What a, b and both explain of values of size 1 has the doubts 3, 4 and 12 and no other error.
    doubts = {1: [3.0, 4.0], 2: [12.0]}
    made = iter([*doubts[1], *doubts[2]])
    monkeypatch.setattr(
        regions, "explained", lambda scores, values, local: np.stack([0 * values, 0 * values, values**2 * next(made)])
    )
    result = {
        key: each[1] for key, each in regions._indices(np.zeros((2, 6)), np.tile([[-1.0], [1.0]], (3, 1))).items()
    }
    assert result["S1"] == pytest.approx(np.array([[3, 4]]))
    assert result["ST"] == pytest.approx(np.array([[np.hypot(12, 4), np.hypot(12, 3)]]))
    assert result["shapley"] == pytest.approx(np.array([[6.5, 6.5]]))
    assert result["explained"] == pytest.approx([12])


def test_intervals_cover_on_a_half_plane():
    # Standard normals on x + y > 0: x has the density 2 pdf(x) cdf(x), and y given x the mean pdf(x) / cdf(x).
    def moment(power):
        return quad(lambda t: 2 * norm.pdf(t) * norm.cdf(t) * (t + norm.pdf(t) / norm.cdf(t)) ** power, -9, 9)[0]

    first = (moment(2) - moment(1) ** 2) / (2 * (1 - 2 / np.pi))
    covered = {"S1": [], "shapley": []}
    for seed in range(80):
        inputs = cc.draw(cc.Priors(x=cc.Normal(0, 1), y=cc.Normal(0, 1)), 4096, seed=seed)
        result = cc.regional_indices(cc.propagate(inputs, model=cc.Model([limit])), "limit", "limit > 0").isel(target=0)
        for key, exact in (("S1", first), ("shapley", 0.5)):
            covered[key].append(np.abs(result[key].values - exact) <= result[f"{key}_conf"].values)
    for key, inside in covered.items():
        assert 0.9 <= np.mean(inside) <= 0.99, key


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: cc.regional_indices(f, "total", "limit > 1.99"), "The region 'limit > 1.99' holds [0-9]* of 32,768"),
        (lambda f: cc.regional_indices(f.isel(sample=slice(0)), "total"), "a Dataset with no sample"),
        (lambda f: cc.regional_indices(f, "total", "limit > 3"), "holds in 0 of 32,768 samples"),
        (lambda f: cc.regional_indices(f, "x > 0.9", "x < 0.5"), "leaves 'x > 0.9' no variance"),
        (lambda f: cc.regional_indices(f, "totel"), "no claim or output 'totel'"),
        (lambda f: cc.regional_indices(f, "total", inputs="q"), "'q' is not an input"),
        (lambda f: cc.regional_indices(f, []), "target is empty"),
        (
            lambda f: cc.regional_indices(
                f.assign({f"x{k}": f["x"] for k in range(9)}), "total", inputs=[f"x{k}" for k in range(9)]
            ),
            "9 inputs have 512 subsets",
        ),
    ],
)
def test_bad_input_is_one_clear_message(forecast, call, message):
    with pytest.raises(cc.InputError, match=message):
        call(forecast)
