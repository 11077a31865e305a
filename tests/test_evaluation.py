"""Any function on drawn inputs: closed forms, published values and other libraries, through every form."""

import math
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq

import clustercast as cc
from tests.reference.problems import ishigami as exact_ishigami

ANGLES = cc.Priors(**{f"x{i}": cc.Uniform(-math.pi, math.pi) for i in (1, 2, 3)})
FORMS = pytest.mark.parametrize("form", ["scalar", "arrays", "matrix", "frame"])


def ishigami(x1, x2, x3):
    return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)


ISHIGAMI = {
    "scalar": ishigami,
    "arrays": ishigami,
    "matrix": lambda x: ishigami(*x.T),
    "frame": lambda frame: ishigami(frame["x1"], frame["x2"], frame["x3"]),
}


@FORMS
def test_the_indices_of_ishigamis_function_through_every_form(form):
    design = cc.draw(ANGLES, 4096, design="saltelli", replicates=8, seed=1)
    forecast = cc.evaluate(design, ISHIGAMI[form], outputs={"y": "1"}, form=form)
    indices = cc.sobol_indices(forecast, scale="raw", second_order=True).sel(output="y")
    exact = exact_ishigami()
    np.testing.assert_allclose(indices["S1"], exact.first, atol=0.01)
    np.testing.assert_allclose(indices["ST"], exact.total, atol=0.01)
    assert float(indices["S2"].sel(input="x1", input_2="x3")) == pytest.approx(exact.second[0, 2], abs=0.02)


@FORMS
def test_every_form_gives_what_propagate_gives(form):
    inputs = cc.draw(ANGLES, 100, seed=2)
    model = cc.Model([cc.quantity("1")(ishigami)])
    through = cc.evaluate(inputs, ISHIGAMI[form], outputs={"ishigami": "1"}, form=form)
    propagated = cc.propagate(inputs, model=model)
    np.testing.assert_allclose(through["ishigami"], propagated["ishigami"], rtol=1e-14)
    assert through["ishigami"].dims == propagated["ishigami"].dims
    assert set(through.data_vars) == set(propagated.data_vars)
    assert set(through.attrs) == set(propagated.attrs)
    assert set(through["ishigami"].attrs) == set(propagated["ishigami"].attrs)


BOREHOLE = cc.Priors(
    **{
        "rw": cc.Normal(0.1, 0.0161812),
        "r": stats.lognorm(1.0056, scale=math.exp(7.71)),
        "Tu": cc.Uniform(63070, 115600),
        "Hu": cc.Uniform(990, 1110),
        "Tl": cc.Uniform(63.1, 116),
        "Hl": cc.Uniform(700, 820),
        "L": cc.Uniform(1120, 1680),
        "Kw": cc.Uniform(9855, 12045),
    }
)


def borehole(x):
    rw, r, tu, hu, tl, hl, length, kw = x.T
    log = np.log(r / rw)
    return 2 * math.pi * tu * (hu - hl) / (log * (1 + 2 * length * tu / (log * rw**2 * kw) + tu / tl))


def test_the_borehole_has_the_moments_that_uqtestfuns_has():
    """UQTestFuns 0.7.0, Borehole: a million of its own points (seed 42) give 72.981(28) and 790.4(14).

    Its ranges of Hu and Kw begin and end elsewhere than otbenchmark's.
    """
    theirs = {**BOREHOLE, "Hu": cc.Uniform(990, 1100), "Kw": cc.Uniform(9985, 12045)}
    design = cc.draw(cc.Priors(**theirs), 2**16, design="sobol", seed=1)
    forecast = cc.evaluate(design, borehole, outputs={"flow": "m3/year"}, form="matrix")
    assert float(forecast["flow"].mean()) == pytest.approx(72.981, abs=0.09)
    assert float(forecast["flow"].var()) == pytest.approx(790.4, abs=5)


def test_the_borehole_has_the_indices_that_are_published():
    """otbenchmark 0.2, BoreholeSensitivity: two digits, from a polynomial chaos of degree 6 with Q2 above 99.9 %."""
    design = cc.draw(BOREHOLE, 4096, design="saltelli", replicates=8, seed=3, second_order=False)
    forecast = cc.evaluate(design, borehole, outputs={"flow": "m3/year"}, form="matrix")
    indices = cc.sobol_indices(forecast, scale="raw").sel(output="flow")
    np.testing.assert_allclose(indices["S1"], [0.66, 0, 0, 0.09, 0, 0.09, 0.09, 0.02], atol=0.012)
    np.testing.assert_allclose(indices["ST"], [0.69, 0, 0, 0.11, 0, 0.11, 0.10, 0.02], atol=0.012)


# As UQTestFuns has it, from Iooss and Lemaitre (2015), doi:10.1007/978-1-4899-7547-8_5, table 4; flow and roughness,
# whose tails are cut off there, are uniform here.
FLOOD = {
    "q": stats.uniform(500, 2500),
    "ks": stats.uniform(15, 30),
    "zv": stats.triang(0.5, 49, 2),
    "zm": stats.triang(0.5, 54, 2),
    "hd": stats.uniform(7, 2),
    "cb": stats.triang(0.5, 55, 1),
    "length": stats.triang(0.5, 4990, 20),
    "width": stats.triang(0.5, 295, 10),
}


def underflow(q, ks, zv, zm, hd, cb, length, width):
    return cb + hd - zv - (q / (width * ks * np.sqrt((zm - zv) / length))) ** 0.6


def test_the_flood_model_has_the_moments_that_uqtestfuns_has():
    """UQTestFuns 0.7.0, Flood: a million of its own points (seed 42) give 10.9429(11) and 1.1781(17)."""
    published = FLOOD | {
        "q": cc.Truncated(stats.gumbel_r(1013, 558), 500, 3000),
        "ks": cc.Truncated(cc.Normal(30, 8), 15),
    }
    design = cc.draw(cc.Priors(**published), 2**16, design="sobol", seed=1)
    result = cc.evaluate(design, underflow, outputs={"underflow": "1"}, form="arrays")["underflow"]
    assert float(result.mean()) == pytest.approx(10.9429, abs=0.004)
    assert float(result.var()) == pytest.approx(1.1781, abs=0.006)


def test_the_flood_model_has_scipys_indices_and_its_additive_inputs_their_exact_ones():
    design = cc.draw(cc.Priors(**FLOOD), 4096, design="saltelli", replicates=8, seed=4, second_order=False)
    forecast = cc.evaluate(design, underflow, outputs={"underflow": "1"}, form="arrays")
    indices = cc.sobol_indices(forecast, scale="raw").sel(output="underflow")
    theirs = stats.sobol_indices(func=lambda x: underflow(*x), n=8192, dists=list(FLOOD.values()), rng=1)
    np.testing.assert_allclose(indices["S1"], theirs.first_order, atol=0.015)
    np.testing.assert_allclose(indices["ST"], theirs.total_order, atol=0.015)
    # A uniform of width 2 has the variance 1/3, a symmetric triangle of width 1 has 1/24.
    for name, variance in (("hd", 1 / 3), ("cb", 1 / 24)):
        share = variance / float(indices["variance"])
        assert float(indices["S1"].sel(input=name)) == pytest.approx(share, abs=0.01)
        assert float(indices["ST"].sel(input=name)) == pytest.approx(share, abs=0.01)


def critical_phosphorus(b, q):
    return brentq(lambda x: x**q / (1 + x**q) - b * x, 0.01, 1.5)


def lake_problem(b, q, mean, stdev, delta, alpha=0.4, release=0.02, years=100, nsamples=5):
    """The shallow lake of EMA workbench's examples: a tipping point in phosphorus."""
    rng = np.random.default_rng(17)
    critical = critical_phosphorus(b, q)
    mu, sigma = math.log(mean**2 / math.sqrt(stdev**2 + mean**2)), math.sqrt(math.log(1 + stdev**2 / mean**2))
    inflows = rng.lognormal(mu, sigma, (nsamples, years))
    pollution = np.zeros((nsamples, years))
    for t in range(1, years):
        x = pollution[:, t - 1]
        pollution[:, t] = (1 - b) * x + x**q / (1 + x**q) + release + inflows[:, t - 1]
    return {
        "max_P": pollution.mean(axis=0).max(),
        "utility": float(np.sum(alpha * release * delta ** np.arange(years))),
        "reliability": float(np.mean(pollution < critical)),
        "pollution": pollution.mean(axis=0),
    }


def test_the_lake_tips_where_it_is_published_to():
    """At 0.67 for b = 0.4 and q = 2.5: Srikrishnan, lecture 5 of 2023, envsys.viveks.me. For q = 2 in closed form."""
    fixed = cc.draw(cc.Priors(b=cc.Fixed(0.4), q=cc.Fixed(2.5)), 1)
    result = cc.evaluate(fixed, critical_phosphorus, outputs={"critical": "1"})
    assert round(result["critical"].item(), 2) == 0.67
    inputs = cc.draw(cc.Priors(b=cc.Uniform(0.1, 0.45), q=cc.Fixed(2)), 64, seed=1)
    result, b = cc.evaluate(inputs, critical_phosphorus, outputs={"critical": "1"}), inputs["b"].values
    np.testing.assert_allclose(result["critical"], (1 - np.sqrt(1 - 4 * b**2)) / (2 * b), rtol=1e-10)


def test_the_lake_of_the_workbench():
    """A scalar function with a root finder and a loop over time; its utility is a geometric series in delta alone."""
    priors = cc.Priors(
        b=cc.Uniform(0.1, 0.45),
        q=cc.Uniform(2, 4.5),
        mean=cc.Uniform(0.01, 0.05),
        stdev=cc.Uniform(0.001, 0.005),
        delta=cc.Uniform(0.93, 0.99),
    )
    inputs = cc.draw(priors, 128, design="saltelli", second_order=False, seed=5)
    outputs = {"max_P": "1", "utility": "1", "reliability": "1", "pollution": "1"}
    forecast = cc.evaluate(inputs, lake_problem, outputs=outputs, coords={"year": range(100)})
    assert forecast["pollution"].dims == ("year", "sample")
    assert forecast["max_P"].dims == ("sample",)
    np.testing.assert_allclose(forecast["pollution"].max("year"), forecast["max_P"], rtol=1e-14)
    delta = inputs["delta"].values
    np.testing.assert_allclose(forecast["utility"], 0.4 * 0.02 * (1 - delta**100) / (1 - delta), rtol=1e-12)
    assert forecast["reliability"].min() >= 0
    assert forecast["reliability"].max() <= 1
    indices = cc.sobol_indices(forecast, outputs=["utility", "reliability"], scale="raw")
    assert float(indices["ST"].sel(output="utility", input="delta")) == pytest.approx(1, abs=0.05)
    assert float(abs(indices["ST"].sel(output="utility", input=["b", "q", "mean", "stdev"])).max()) < 1e-12
    assert indices["ST"].sel(output="reliability").argmax("input") == 0


TWO = cc.Priors(a=cc.Uniform(1, 2, unit="GW"), b=cc.Uniform(3, 4), c=cc.Fixed(10, unit="USD"))
OUTPUTS = {"total": "USD", "ratio": "1"}


def both(a, b, c):
    return c * (a + b), a / b


SEVERAL = {
    "tuple": ("scalar", both),
    "dict": ("scalar", lambda a, b, c: dict(zip(("ratio", "total"), both(a, b, c)[::-1], strict=True))),
    "a dict with more": ("scalar", lambda a, b, c: {"other": 1, "total": c * (a + b), "ratio": a / b}),
    "row": ("scalar", lambda a, b, c: np.array(both(a, b, c))),
    "any keyword": ("scalar", lambda **x: both(**x)),
    "arrays": ("arrays", both),
    "stacked arrays": ("arrays", lambda a, b, c: np.stack(both(a, b, c))),
    "columns": ("matrix", lambda x: np.column_stack(both(*x.T))),
    "lists of columns": ("matrix", lambda x: list(both(*x.T))),
    "data frame": ("frame", lambda f: pd.DataFrame({"total": f.c * (f.a + f.b), "ratio": f.a / f.b})),
    "a frame for a matrix": ("matrix", lambda x: pd.DataFrame(dict(zip(OUTPUTS, both(*x.T), strict=True)))),
    "sorted frame": (
        "frame",
        lambda f: pd.DataFrame({"total": f.c * (f.a + f.b), "ratio": f.a / f.b}).sort_values("ratio"),
    ),
}


@pytest.mark.parametrize("way", SEVERAL)
def test_several_outputs_in_every_way_a_function_may_give_them(way):
    inputs = cc.draw(TWO, 16, seed=1)
    form, function = SEVERAL[way]
    a, b = inputs["a"].values, inputs["b"].values
    with ThreadPoolExecutor(1) as pool:
        for executor in (None, pool):
            forecast = cc.evaluate(inputs, function, outputs=OUTPUTS, form=form, executor=executor)
            np.testing.assert_allclose(forecast["total"], 10 * (a + b), rtol=1e-14)
            np.testing.assert_allclose(forecast["ratio"], a / b, rtol=1e-14)
            assert forecast["a"].identical(inputs["a"])


@pytest.mark.parametrize("form", ["scalar", "arrays"])
def test_one_output_may_stand_in_a_tuple(form):
    inputs = cc.draw(TWO, 3, seed=1)
    forecast = cc.evaluate(inputs, lambda a, b, c: (a,), outputs={"same": "GW"}, form=form)
    np.testing.assert_array_equal(forecast["same"], inputs["a"])


def test_a_simulator_runs_once_a_sample_and_says_so_after_each():
    seen, runs = [], []

    def simulator(a, b, c):
        runs.append(a)
        return a

    options = {"outputs": {"same": "GW"}, "progress": lambda done, planned: seen.append((done, planned))}
    inputs = cc.draw(TWO, 10, seed=1)
    cc.evaluate(inputs, simulator, **options)
    assert runs == inputs["a"].values.tolist()
    assert seen == [(done, 10) for done in range(1, 11)]
    # A function of arrays: all at once, after a trial of a few, which one sample does not need.
    lengths = []
    for size in (10, 1):
        inputs = cc.draw(TWO, size, seed=1)
        cc.evaluate(inputs, lambda a, b, c: lengths.append(len(a)) or a, form="arrays", **options)
    assert lengths == [4, 3, 2, 1, 1, 10, 1]


def test_one_number_for_all_samples_is_that_of_each():
    forecast = cc.evaluate(cc.draw(TWO, 8, seed=1), lambda a, b, c: 3.0, outputs={"total": "1"}, form="arrays")
    assert forecast["total"].values.tolist() == [3.0] * 8


COORDS = {"year": [2025, 2026, 2027], "region": ["EU", "US"]}
GROWTH = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


@pytest.mark.parametrize(
    ("form", "function"),
    [
        ("scalar", lambda a, b, c: {"total": a * GROWTH, "ratio": [a, b]}),
        ("arrays", lambda a, b, c: {"total": a * GROWTH[..., np.newaxis], "ratio": np.stack([a, b])}),
        ("matrix", lambda x: {"total": x[:, 0, np.newaxis, np.newaxis] * GROWTH, "ratio": x[:, :2]}),
        ("frame", lambda f: {"total": f.a.to_numpy()[:, np.newaxis, np.newaxis] * GROWTH, "ratio": f[["a", "b"]]}),
    ],
)
def test_further_dimensions_are_labelled(form, function):
    inputs = cc.draw(TWO, 8, seed=1)
    forecast = cc.evaluate(inputs, function, outputs=OUTPUTS, form=form, coords=COORDS)
    assert forecast["total"].dims == ("year", "region", "sample")
    assert forecast["ratio"].dims == ("region", "sample")
    np.testing.assert_array_equal(forecast["total"].sel(year=2026, region="US"), 4 * inputs["a"].values)
    np.testing.assert_array_equal(forecast["ratio"].sel(region="US"), inputs["b"].values)
    summary = cc.summarise(forecast)
    assert summary["total"].dims == ("year", "region", "quantile")
    assert set(cc.evaluate(inputs, function, outputs={"ratio": "1"}, form=form, coords=COORDS).dims) == {
        "region",
        "sample",
    }


def test_indices_of_one_region_by_year():
    """a owns all of total, in every year and region."""
    design = cc.draw(TWO, 64, design="saltelli", seed=1)
    forecast = cc.evaluate(design, lambda a, b, c: (a * GROWTH, b), outputs=OUTPUTS, coords=COORDS)
    indices = cc.sobol_indices(forecast.sel(region="EU", drop=True), outputs=["total"])
    np.testing.assert_allclose(indices["ST"].sel(input="a"), 1, atol=0.05)
    np.testing.assert_allclose(indices["ST"].sel(input="b"), 0, atol=1e-12)


def slow_sum(a, b, c):
    return c * (a + b), a / b


@pytest.mark.parametrize("form", ["scalar", "arrays"])
@given(size=st.integers(1, 300))
def test_pieces_do_not_change_the_result(form, size):
    inputs = cc.draw(TWO, size, seed=1)
    alone = cc.evaluate(inputs, both, outputs=OUTPUTS, form=form)
    seen = []
    options = {"outputs": OUTPUTS, "form": form, "progress": lambda done, planned: seen.append((done, planned))}
    with ThreadPoolExecutor(2) as executor:
        cut = cc.evaluate(inputs, both, executor=executor, **options)
    assert cut.drop_attrs().identical(alone.drop_attrs())
    assert seen[-1] == (size, size)
    assert min(size, 32) <= len(seen) <= 64
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


@pytest.mark.parametrize("form", ["scalar", "arrays"])
def test_processes_pools_and_dask_give_the_same_bits(form):
    distributed = pytest.importorskip("distributed")
    inputs = cc.draw(TWO, 100, seed=1)
    alone = cc.evaluate(inputs, slow_sum, outputs=OUTPUTS, form=form)
    context = multiprocessing.get_context("forkserver")
    with (
        ProcessPoolExecutor(2, mp_context=context) as processes,
        multiprocessing.pool.ThreadPool(2) as pool,
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0", protocol="inproc://"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        for executor in (processes, pool, client):
            forecast = cc.evaluate(inputs, slow_sum, outputs=OUTPUTS, form=form, executor=executor)
            assert forecast.drop_attrs().identical(alone.drop_attrs())
        with pytest.raises(cc.InputError, match="cannot be sent to other processes"):
            cc.evaluate(inputs, lambda a, b, c: a, outputs={"y": "1"}, executor=processes)


@FORMS
def test_values_that_are_not_finite_are_located(form):
    inputs = cc.draw(ANGLES, 64, seed=1)
    number = int((inputs["x1"] < 0).sum())
    first = int((inputs["x1"] < 0).values.argmax())
    root = {
        "scalar": lambda x1, x2, x3: math.sqrt(x1) if x1 >= 0 else math.nan,
        "arrays": lambda x1, x2, x3: np.sqrt(np.where(x1 < 0, np.nan, x1)),
        "matrix": lambda x: np.sqrt(np.where(x[:, 0] < 0, np.nan, x[:, 0])),
        "frame": lambda f: np.sqrt(f.x1.where(f.x1 >= 0)),
    }
    where = f"x1 = {float(inputs['x1'][first]):.6g}"
    message = f"'root' .* not finite in {number} of 64 samples, the first nan at sample {first}, where {where}, x2 = "
    with pytest.raises(cc.InputError, match=message) as caught:
        cc.evaluate(inputs, root[form], outputs={"root": "1"}, form=form)
    second, outputs = lambda *x, **named: {"one": 1, "root": root[form](*x, **named)}, {"one": "1", "root": "1"}
    with pytest.raises(cc.InputError, match="'root'"):
        cc.evaluate(inputs, second, outputs=outputs, form=form)
    assert int(caught.value.forecast["root"].isnull().sum()) == number


def test_the_year_of_a_value_that_is_not_finite_is_named():
    def late(a, b, c):
        return np.array([a, b, math.inf if a > 1.5 else c])

    with pytest.raises(cc.InputError, match=r"the first inf at year 2027, sample \d+, where a = 1.*b = .*c = 10"):
        cc.evaluate(cc.draw(TWO, 16, seed=1), late, outputs={"y": "1"}, coords={"year": [2025, 2026, 2027]})


def test_a_function_that_fails_names_sample_and_inputs():
    def fails(a, b, c):
        return math.log(1.5 - a)

    inputs = cc.draw(TWO, 16, seed=1)
    first = int((inputs["a"] >= 1.5).values.argmax())
    where = rf"'fails' .*test_evaluation.py:\d+\) fails at sample {first}, where a = 1"
    with pytest.raises(cc.InputError, match=where):
        cc.evaluate(inputs, fails, outputs={"y": "1"})


def test_a_function_cannot_change_the_inputs():
    def doubles(a, b, c):
        a *= 2
        return a

    inputs = cc.draw(TWO, 16, seed=1)
    kept = inputs.copy(deep=True)
    with pytest.raises(cc.InputError, match="read-only"):
        cc.evaluate(inputs, doubles, outputs={"y": "1"}, form="arrays")
    cc.evaluate(inputs, lambda f: f.mul(2).a, outputs={"y": "1"}, form="frame")
    assert inputs.identical(kept)


def test_the_hash_follows_function_form_and_units():
    def half(a, b, c):
        return a / 2

    def third(a, b, c):
        return a / 3

    inputs = cc.draw(TWO, 4, seed=1)
    runs = [(half, "scalar", "1"), (half, "scalar", "1"), (half, "arrays", "1"), (third, "scalar", "1")]
    result = [
        cc.evaluate(inputs, f, outputs={"y": unit}, form=form) for f, form, unit in [*runs, (half, "scalar", "W")]
    ]
    hashes = [cc.provenance_of(forecast)["model_hash"] for forecast in result]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 4


def one(a, b, c):
    return a


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (None, {}, "function is None"),
        (one, {"form": "vector"}, "form is 'vector'"),
        (one, {"outputs": {}}, "outputs is {}"),
        (one, {"outputs": ["y"]}, "outputs is"),
        (one, {"outputs": {"y": None}}, "unit None"),
        (one, {"outputs": {"y": "GWW"}}, "unknown unit 'GWW'"),
        (one, {"outputs": {"a": "1"}}, "name of an input"),
        (one, {"outputs": {1: "1"}}, "output 1 is no text"),
        (one, {"outputs": {"sample": "1"}}, "coordinate 'sample', which is an output too"),
        (one, {"coords": {1: [1]}}, "coords names 1"),
        (one, {"coords": {"sample": [1]}}, "coords names 'sample'"),
        (one, {"coords": {"quantile": [1]}}, "coords names 'quantile'"),
        (one, {"coords": {"a": [1]}}, "coords names 'a'"),
        (one, {"coords": {"region": "EU"}}, r"give a list of labels, as \['EU'\]"),
        (one, {"coords": {"region": []}}, "each once"),
        (one, {"coords": {"region": 5}}, "each once"),
        (one, {"coords": {"region": [[1], [2, 3]]}}, "each once"),
        (one, {"coords": {"region": [[[1]]]}}, "each once"),
        (one, {"coords": {"region": [1, None]}}, "each once"),
        (one, {"coords": {"region": ["EU", "EU"]}}, "each once"),
        (one, {"executor": "threads"}, "executor is 'threads'"),
        (lambda a, b: a, {}, "input 'c' is no argument of .*leave it out of the priors"),
        (lambda a, b, c, load: a, {}, "needs 'load', which is not an input"),
        (lambda a, b, c, /: a, {}, "takes 'a' by position"),
        (np.hypot, {}, "takes 'x1' by position"),
        (max, {}, "does not say its arguments"),
        (lambda a, b, c: None, {}, "returns nothing"),
        (lambda a, b, c: "1.0", {}, "'y' .* of type str; return numbers"),
        (lambda a, b, c: 1j, {}, "return numbers"),
        (lambda a, b, c: {"z": a}, {}, "gives z, not 'y'"),
        (lambda a, b, c: (a, b), {"outputs": {"y": "1", "z": "1", "v": "1"}}, "gives 2 outputs; outputs names 3"),
        (lambda a, b, c: {}, {}, "gives no output, not 'y'"),
        (lambda a, b, c: (a, b), {}, r"shape \(2,\) for each sample, which fits no coords; coords are none"),
        (lambda a, b, c: [a, b], {"coords": {"x": [1, 2], "y2": [3, 4]}}, r"could be.* x \(2\), y2 \(2\)"),
        (lambda a, b, c: a, {"outputs": {"a/b": "1"}}, "an output cannot be called 'a/b'; use letters"),
        (lambda a, b, c: a, {"outputs": {"y\0": "1"}}, r"an output cannot be called 'y\\x00'; use letters"),
        (lambda a, b, c: a, {"outputs": {"year": "1"}}, "an output cannot be called 'year': it is a coordinate"),
        (lambda a, b, c: a, {"outputs": {"quantile": "1"}}, "cannot be called 'quantile': it is a coordinate"),
        (lambda a, b, c: a[:3], {"form": "arrays"}, r"shape \(3,\) for 8 samples; the last axis"),
        (lambda x: x.T[:1], {"form": "matrix"}, "the first axis"),
        (lambda x: x.T[:2], {"form": "matrix", "outputs": {"y": "1", "z": "1"}}, "gives 8 outputs; outputs names 2"),
        (lambda f: f.a.iloc[:5], {"form": "frame"}, "rows of other samples"),
        (lambda f: f.a.set_axis(range(1, 9)), {"form": "frame"}, "rows of other samples"),
        (lambda f: f.a.iloc[[0, *range(8)]], {"form": "frame"}, r"shape \(9,\) for 8 samples"),
        (lambda f: 1 / 0, {"form": "frame"}, "fails: ZeroDivisionError"),
    ],
)
def test_what_cannot_be_used_is_refused(function, options, message):
    inputs = cc.draw(TWO, 8, seed=1)
    with pytest.raises(cc.InputError, match=message):
        cc.evaluate(inputs, function, **{"outputs": {"y": "1"}, **options})


MIXING = {
    "centred": lambda x: x - x.mean(),
    "cumulated": np.cumsum,
    "relative to the first": lambda x: x / x[0],
    "sorted": np.sort,
    "over the largest": lambda x: x / x.max(),
    "ranked": lambda x: np.argsort(np.argsort(x)).astype(float),
    "above the median": lambda x: x > np.median(x),
    "above the mean": lambda x: x >= x.mean(),
    "noise by position": lambda x: x + np.random.default_rng(1).normal(size=len(x)),
    "centred beside a hole": lambda x: np.where(x < np.median(x), np.nan, x - np.mean(x)),
    "by how many are equal": lambda x: x * len(np.unique(x)) / len(x),
}


@pytest.mark.parametrize(("inputs", "shown"), [(12, r"x11 = 1: ZeroDiv"), (13, r"x11 = 1 and 1 more: ZeroDiv")])
def test_a_message_shows_twelve_inputs(inputs, shown):
    priors = cc.Priors(**{f"x{i}": cc.Fixed(1) for i in range(inputs)})
    with pytest.raises(cc.InputError, match=f"x10 = 1, {shown}"):
        cc.evaluate(cc.draw(priors, 1), lambda **x: 1 / 0, outputs={"y": "1"})


@pytest.mark.parametrize("mixing", MIXING.values(), ids=MIXING)
@pytest.mark.parametrize("form", ["arrays", "matrix", "frame"])
@pytest.mark.parametrize("here", [True, False], ids=["here", "in pieces"])
def test_a_function_that_mixes_samples_is_refused(mixing, form, here):
    function = {
        "arrays": lambda x, y: mixing(x),
        "matrix": lambda m: mixing(m[:, 0]),
        "frame": lambda f: mixing(f.x.to_numpy()),
    }[form]
    inputs = cc.draw(cc.Priors(x=cc.Uniform(1, 2), y=cc.Uniform(1, 2)), 100, seed=3)
    with ThreadPoolExecutor(1) as pool, pytest.raises(cc.InputError, match="mixes samples: output 'z'"):
        cc.evaluate(inputs, function, outputs={"z": "1"}, form=form, executor=None if here else pool)


@pytest.mark.parametrize("here", [True, False], ids=["here", "in pieces"])
def test_a_frame_is_numbered_by_its_samples_so_that_answers_are_found_by_them(here):
    inputs = cc.draw(TWO, 100, seed=3)
    answers = (inputs["a"] * inputs["b"]).to_series().sample(frac=1, random_state=1)
    with ThreadPoolExecutor(2) as pool:
        forecast = cc.evaluate(
            inputs,
            lambda frame: answers.reindex(frame.index),
            outputs={"z": "1"},
            form="frame",
            executor=None if here else pool,
        )
    np.testing.assert_allclose(forecast["z"], inputs["a"] * inputs["b"], rtol=1e-14)


def test_two_samples_may_not_be_mixed_either():
    inputs = cc.draw(cc.Priors(x=cc.Uniform(1, 2)), 2, seed=3)
    with pytest.raises(cc.InputError, match="mixes samples"):
        cc.evaluate(inputs, lambda x: x - x.mean(), outputs={"z": "1"}, form="arrays")


def test_a_frame_is_indexed_by_the_numbers_of_the_samples():
    """So that what was computed elsewhere is read by them, in pieces too."""
    inputs = cc.draw(TWO, 200, seed=1)
    elsewhere = inputs["a"].to_series().rename("y").sample(frac=1, random_state=3)
    with ThreadPoolExecutor(2) as pool:
        for executor in (None, pool):
            told = cc.evaluate(
                inputs, lambda f: elsewhere.reindex(f.index), outputs={"y": "1"}, form="frame", executor=executor
            )
            np.testing.assert_array_equal(told["y"], inputs["a"])


def test_a_frame_that_is_sorted_may_not_mix_samples_either():
    inputs = cc.draw(cc.Priors(x=cc.Uniform(1, 2)), 100, seed=3)
    with pytest.raises(cc.InputError, match="mixes samples"):
        cc.evaluate(inputs, lambda f: (f.x - f.x.mean()).sort_values(), outputs={"z": "1"}, form="frame")


def test_samples_that_are_mixed_in_one_year_are_seen_beside_larger_numbers_of_another():
    inputs = cc.draw(cc.Priors(x=cc.Uniform(1, 2)), 100, seed=3)
    with pytest.raises(cc.InputError, match="mixes samples"):
        cc.evaluate(
            inputs,
            lambda x: np.stack([1e9 * x, x - x.mean()]),
            outputs={"z": "1"},
            form="arrays",
            coords={"year": [2025, 2026]},
        )


def test_a_solver_that_iterates_on_all_samples_until_the_last_one_is_near_is_not_refused():
    """Newton's square root: how near each sample comes depends on the others, to the tolerance."""

    def root(x):
        y = x
        while np.abs(y**2 - x).max() > 1e-3:
            y = (y + x / y) / 2
        return y

    inputs = cc.draw(cc.Priors(x=cc.Uniform(1, 100)), 100, seed=3)
    forecast = cc.evaluate(inputs, root, outputs={"z": "1"}, form="arrays")
    np.testing.assert_allclose(forecast["z"], np.sqrt(inputs["x"]), rtol=1e-3)


@pytest.mark.parametrize(("size", "message"), [(8, "for different samples"), (100, r"at sample \d+ and \(")])
def test_each_sample_gives_one_shape(size, message):
    inputs = cc.draw(TWO, size, seed=1)
    with pytest.raises(cc.InputError, match=message):
        cc.evaluate(inputs, lambda a, b, c: [a] * (1 + (a > 1.5)), outputs={"y": "1"}, coords={"k": [1, 2]})


def test_a_function_that_takes_only_some_numbers_of_samples_is_refused():
    inputs = cc.draw(cc.Priors(x=cc.Uniform(1, 2)), 100, seed=3)
    for function in (np.unique, np.gradient):
        with pytest.raises(cc.InputError, match="works for the samples .*; let each sample stand alone"):
            cc.evaluate(inputs, lambda x, function=function: function(x), outputs={"z": "1"}, form="arrays")


@given(st.integers(1, 40), st.integers(0, 2**31), st.integers(1, 6))
def test_a_function_of_each_sample_alone_is_never_refused(size, seed, inputs):
    weights = np.random.default_rng(seed).normal(size=(inputs, 3)) * 10.0 ** np.arange(-9, 0, 3)
    priors = cc.Priors(**{f"x{i}": cc.Normal(0, 1) for i in range(inputs)})

    def surrogate(matrix):
        hidden = np.tanh(matrix.astype(np.float32) @ weights.astype(np.float32))
        return 1e6 + hidden.sum(axis=1), np.where(matrix[:, 0] > 0, np.inf, matrix[:, 0]) > 0

    result = cc.evaluate(cc.draw(priors, size, seed=1), surrogate, outputs={"y": "1", "z": "1"}, form="matrix")
    assert result["y"].shape == (size,)


def test_a_function_that_draws_random_numbers_or_needs_many_samples_is_not_refused():
    generator = np.random.default_rng(1)

    def drawn(x):
        assert len(x) > 20
        return x + generator.normal(size=len(x))

    inputs = cc.draw(cc.Priors(x=cc.Uniform(1, 2)), 100, seed=3)
    assert cc.evaluate(inputs, drawn, outputs={"z": "1"}, form="arrays")["z"].shape == (100,)
    noisy = cc.evaluate(inputs, lambda x: x + generator.normal(size=len(x)), outputs={"z": "1"}, form="arrays")
    assert noisy["z"].shape == (100,)
