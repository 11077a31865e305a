"""The explorer in Node and in Chromium: points, quantiles, operations and models give what Python gives."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

import clustercast as cc
from analyses import explore, options
from clustercast.arrays.indices.given_data import BinnedSample, first_order_indices
from clustercast.arrays.points.designs import sobol_column
from clustercast.engine.trace import OPERATIONS, TracedProgram
from clustercast.engine.units import factor
from clustercast.report.explorer import World, explorer_data, quantile_data
from clustercast.report.numbers import human, odds
from tests.properties import strategies
from tests.reference.traced import run_traced
from tests.report.explorer.node import answers, bits, floats, node

INF = np.inf
DATA = r'<script type="application/json" id="data">(.*?)</script>'
HOLDS = ["binding_constraint"]
EDGES = np.array(
    [
        -INF,
        INF,
        np.nan,
        0.0,
        -0.0,
        1e-300,
        -1e-300,
        1.0,
        -1.0,
        0.5,
        2.0,
        700.0,
        709.75,
        709.78,
        709.79,
        -745.2,
        1e300,
        1e-17,
    ]
)
FRAGMENTS = (
    "",
    "set=situational_awareness",
    "set=evidence_2026&scenario=boom_ends_in_2028",
    "moves=cluster_growth_rate:0.05,1.3;limit_power:=0;site_power_limit:=5;cluster_start_delay:0.1,1",
    "set=situational_awareness&scenario=limits_off&moves=power_usage_effectiveness:0.3,0.7;load_factor:0.2,1.4",
)


def embedded(page):
    """Return the data that a page carries."""
    return json.loads(re.search(DATA, page.html, re.DOTALL)[1])


@pytest.fixture(scope="module", autouse=True)
def needs_node():
    node()


def code_of(program):
    """Return a traced program as the page carries it."""
    names = sorted({name for name, _ in program.operations})
    return {
        "inputs": len(program.inputs),
        "constants": [value if np.isfinite(value) else str(value) for value in program.constants],
        "names": names,
        "operations": [[names.index(name), *arguments] for name, arguments in program.operations],
        "results": [number for rows in program.outputs.values() for number in rows],
    }


def test_every_operation_equals_numpys_at_edges_and_inside(ask):
    arity = {name: 3 if name == "where" else getattr(function, "nin", 1) for name, function in OPERATIONS.items()}
    rng = np.random.default_rng(0)
    one = np.concatenate([np.repeat(EDGES, len(EDGES)), rng.normal(0, 3, 200), 10 ** rng.uniform(-12, 12, 80)])
    two = np.concatenate([np.tile(EDGES, len(EDGES)), rng.normal(0, 3, 200), 10 ** rng.uniform(-2, 1, 80)])
    wanted, operations, inputs = {}, [], {"x": one, "y": two, "z": rng.permutation(two)}
    for name, function in OPERATIONS.items():
        operations.append((name, tuple(range(arity[name]))))
        with np.errstate(all="ignore"):
            wanted[name] = np.asarray(function(*list(inputs.values())[: arity[name]]), dtype=float)
    rows = {name: (3 + place,) for place, name in enumerate(OPERATIONS)}
    code = code_of(TracedProgram(tuple(inputs), (), tuple(operations), rows, (0.0,)))
    given_bits = [bits(values) for values in inputs.values()]
    result = ask(*({"job": "program", "code": code, "inputs": given_bits, "plain": p} for p in (False, True)))
    for kind, results in zip(("WebAssembly", "JavaScript"), result, strict=True):
        for name, text in zip(OPERATIONS, results, strict=True):
            np.testing.assert_allclose(floats(text), wanted[name], rtol=1e-12, atol=1e-300, err_msg=f"{name} in {kind}")


ONE = ["negative", "absolute", "exp", "expm1", "log1p", "sqrt", "square", "tanh", "floor", "log", "reciprocal"]
TWO = ["add", "subtract", "multiply", "divide", "minimum", "maximum"]
COMPARISONS = ["greater", "less_equal", "equal"]


@settings(max_examples=2, deadline=None, phases=[Phase.generate])
@given(st.integers(0, 2**32))
def test_random_programs_equal_numpy(seed):
    rng = np.random.default_rng(seed)
    inputs = {"x": rng.uniform(0.1, 2, 64), "y": rng.uniform(0.2, 1, 64)}
    programs, jobs = [], []
    for _ in range(4):
        operations, numbers = [], []
        while len(operations) < 500:
            # Recent results and the inputs: the depth stays small, so that rounding does not grow.
            arguments = tuple(int(n) for n in rng.choice([0, 1, 2, *numbers[-3:]], 3))
            name = str(rng.choice([*ONE, *TWO, *COMPARISONS]))
            operations.append((name, arguments[: 1 if name in ONE else 2]))
            if name in COMPARISONS:
                operations.append(("where", (len(operations) + 2, *arguments[1:])))
            numbers.append(len(operations) + 2)
        rows = {str(place): (3 + place,) for place in range(len(operations))}
        programs.append(TracedProgram(("x", "y"), (0.25,), tuple(operations), rows, (0.0,)))
        given_bits = [bits(values) for values in inputs.values()]
        jobs += [{"job": "program", "code": code_of(programs[-1]), "inputs": given_bits, "plain": p} for p in (0, 1)]
    for place, results in enumerate(answers(*jobs)):
        program = programs[place // 2]
        wanted = np.array([values[0] for values in run_traced(program, inputs).values()])
        result = np.array([floats(text) for text in results])
        # A step counts where its arguments are NumPy's to the bit: then its result is NumPy's too.
        known = np.vstack([inputs["x"], inputs["y"], np.full(64, 0.25), result])
        exact = np.vstack([inputs["x"], inputs["y"], np.full(64, 0.25), wanted])
        same = (known.view(np.int64) == exact.view(np.int64)) | (np.isnan(known) & np.isnan(exact))
        for number, (name, arguments) in enumerate(program.operations):
            fair = np.logical_and.reduce(same[list(arguments)])
            ours, numpys = result[number][fair], wanted[number][fair]
            np.testing.assert_allclose(ours, numpys, rtol=1e-12, atol=1e-300, err_msg=name)


def test_points_are_those_of_draw_and_scores_those_of_scipy():
    page = cc.explore(cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1)), model=product(), seed=5)
    p = np.concatenate([10.0 ** np.arange(-17, 0), np.linspace(0.01, 0.99, 99), 1 - 10.0 ** np.arange(-15, 0)])
    z = np.linspace(-8.3, 8.3, 167)
    columns, scores, tails = answers(
        {"job": "points", "columns": embedded(page)["columns"], "size": 4096},
        {"job": "scores", "p": bits(p)},
        {"job": "tails", "z": bits(z)},
    )
    for column, text in enumerate(columns):
        np.testing.assert_array_equal(floats(text), sobol_column(5, column, 0, 4096))
    np.testing.assert_allclose(floats(scores), ndtri(p), rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose([floats(pair) for pair in tails], np.stack([ndtr(z), ndtr(-z)], axis=1), rtol=5e-14)


def product():
    @cc.quantity("1", units_checked=False)
    def product(x, y):
        return x * y + 1

    return cc.Model([product])


def test_quantiles_equal_pythons_before_and_after_a_move():
    z = np.linspace(-4.5, 4.5, 91)
    priors = [
        *(cc.Normal(3, 2), cc.LogNormal(1, 0.4), cc.Uniform(-2, 5), cc.LogUniform(0.01, 50), cc.Triangular(0, 1, 4)),
        *(cc.Beta(2, 3), cc.Beta(40, 1.5, low=-1, high=9), cc.PERT(0, 1, 4), cc.TruncatedNormal(1, 1, 0, INF)),
        *(cc.Gamma(3, 0.1), cc.Metalog((2.0, 0.7, 0.2), bounds=(0, INF)), cc.Metalog((0.1, 0.7), bounds=(-1, 2))),
        cc.Mixture([0.5, 0.5], [cc.Normal(0, 1), cc.Normal(3, 0.5)]),
    ]
    moves = [None, {"shift": 0.3, "width": 1.4}, {"shift": -0.2, "width": 0.6}]
    jobs = [
        {"job": "quantiles", "prior": quantile_data(prior), "z": bits(z), "move": move}
        for prior in priors
        for move in moves
    ]
    result = iter(answers(*jobs))
    for prior in priors:
        for move in moves:
            now = prior if move is None else cc.Moved(prior, **move)
            wanted = now.quantile_from_normal_score(z)
            scale = np.abs(wanted) + 0.01
            # Near an end a rounding of the quantile before the move is a larger part of its distance to the end.
            before = prior.quantile_from_normal_score(z)
            precision = 2e-13 if quantile_data(prior)["kind"] == "table" else 4e-16
            rounding = 0 if move is None else np.abs(now._forth(before * (1 - precision)) - wanted)
            assert (np.abs(floats(next(result)) - wanted) < 2e-12 * scale + rounding).all(), (prior, move)


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        strategies.distributions("normal", "lognormal", "metalog", "beta", "pert", "discrete"), min_size=5, max_size=5
    )
)
def test_quantiles_of_random_priors_equal_pythons(priors):
    z = np.linspace(-4.0, 4.0, 41)
    jobs = [{"job": "quantiles", "prior": quantile_data(prior), "z": bits(z)} for prior in priors]
    for prior, text in zip(priors, answers(*jobs), strict=True):
        wanted = prior.quantile_from_normal_score(z)
        reach = max((abs(end) for end in prior.support if np.isfinite(end)), default=1.0)
        np.testing.assert_allclose(floats(text), wanted, rtol=1e-11, atol=1e-12 * reach)


def test_a_link_moves_no_input_out_of_its_bounds(shipped):
    moves = "load_factor:=75;cluster_growth_shock_1:99,1;revenue_doubling_time:=-1;limit_power:=0.5;load_factor:0.1,1e9"
    [[first, moved]] = answers({"job": "page", "data": shipped, "states": ["", f"moves={moves}"], "size": 64})
    assert moved["fragment"] == first["fragment"] and moved["rows"] == first["rows"]


def test_inputs_may_have_the_names_that_every_object_knows():
    names = ("constructor", "toString", "__proto__", "valueOf")

    @cc.quantity("1")
    def total(constructor, toString, __proto__, valueOf):  # noqa: N803
        return constructor + 2 * toString + 4 * __proto__ + 8 * valueOf

    priors = cc.Priors(**{name: cc.Normal(1, 2) for name in names})
    page = cc.explore(priors, model=cc.Model([total]), seed=3)
    states = ["", "moves=__proto__:0.5,2;hasOwnProperty:=1;toString:=3"]
    [result] = answers({"job": "page", "data": embedded(page), "states": states, "size": 64})
    moved = priors.replace(__proto__=cc.Moved(priors["__proto__"], shift=0.5, width=2), toString=3)
    for state, used in zip(result, (priors, moved), strict=True):
        drawn = cc.draw(used, 64, design="sobol", seed=3)
        np.testing.assert_allclose(
            floats(state["rows"][0]), sum(2**k * drawn[name].values for k, name in enumerate(names)), rtol=1e-12
        )


def test_the_shipped_model_gives_pythons_digits_whatever_is_moved(shipped, ask, executed):
    states = [fragment.replace("cluster_start_delay:0.1,1", "flop_per_watt_growth:0.2,0.8") for fragment in FRAGMENTS]
    result, plain = ask(
        {"job": "page", "data": shipped, "states": states, "size": 2048},
        {"job": "page", "data": shipped, "states": states[:1], "size": 2048, "plain": True},
    )
    assert ({state["kind"] for state in result}, plain[0]["kind"]) == ({"WebAssembly"}, "JavaScript")
    for state in [*result, *plain]:
        space = executed(state["python"])
        rows = np.array([floats(text) for text in state["rows"]])
        np.testing.assert_allclose(rows, space["forecast"].values, rtol=1e-12)
        wanted = space["summary"].sel(quantile=[0.05, 0.5, 0.95])
        np.testing.assert_allclose(state["quantiles"], wanted.transpose("year", "quantile").values, rtol=1e-12)
        *quantiles, chance = [float(word) for word in re.findall(r"[\d.e+-]+", space["printed"])]
        assert state["said"] == [*(human(value, "W") for value in quantiles), odds(chance)]
        # No limits of these draws tie so closely that a rounding would choose another label.
        if "labels" not in space:
            needed = cc.cluster_model().inputs(HOLDS)
            used = [name for name in space["inputs"].data_vars if name.partition("_from_")[0] in needed]
            space["labels"] = cc.propagate(space["inputs"][used], outputs=HOLDS, years=range(2024, 2035))
        np.testing.assert_array_equal([floats(text) for text in state["labels"]], space["labels"][HOLDS[0]].values)


STEPS = {
    "sum": lambda a, b: a + b,
    "product": lambda a, b: a * b,
    "ratio": lambda a, b: a / (1 + b),
    "least": np.minimum,
    "most": np.maximum,
    "power": lambda a, b: np.minimum(a, 9.0) ** np.minimum(b, 2.0),
    "growth": lambda a, b: np.exp(np.minimum(a, 3.0)) * b,
    "decay": lambda a, b: -np.expm1(-a) + np.sqrt(b),
    "logarithm": lambda a, b: np.log1p(a) + np.log(1 + b),
    "wave": lambda a, b: 2 + np.sin(a) + np.tanh(b),
    "choice": lambda a, b: np.where(a > 0.613, b, np.floor(b) + 1),
}
STEP = st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 20), st.integers(0, 20))


def random_model(steps):
    """Return a model whose stock is stepped by a random function of two inputs and the date, with a label."""

    @cc.quantity("1", units_checked=False)
    def drift(x, y, year):
        known = [x, y, x * (year - 2000) / 20]
        for name, one, two in steps:
            known.append(np.minimum(STEPS[name](known[one % len(known)], known[two % len(known)]), 50.0))
        return known[-1]

    @cc.quantity("1", units_checked=False, between="linear")
    def stock(previous_stock, drift, y):
        return previous_stock * np.exp(-y) + drift

    @cc.quantity("1", units_checked=False, labels=("few", "many"))
    def binding_constraint(x, y):
        return np.int8(1) * (x * y > 0.4)

    return cc.Model([drift, stock, binding_constraint], headline=["stock"], start="forecast_start", step=0.5)


@settings(max_examples=2, deadline=None, phases=[Phase.generate])
@given(st.lists(st.lists(STEP, min_size=1, max_size=12), min_size=4, max_size=4), st.integers(0, 2**32))
def test_random_models_give_pythons_digits_after_moves_too(ask, steps, seed):
    priors = cc.Priors(
        x=cc.LogNormal(0, 0.5),
        y=cc.PERT(0.1, 0.4, 1),
        initial_stock=cc.to(1, 3),
        forecast_start=cc.Fixed(2024, unit="year"),
    )
    rng = np.random.default_rng(seed)
    models = [random_model(each) for each in steps]
    fragments = [f"moves=x:{rng.uniform(-0.5, 0.5):.4g},{rng.uniform(0.2, 2):.4g};y:={rng.uniform(0.2, 0.9):.4g}", ""]
    pages = [explorer_data([World(priors)], model, ["stock"], [2024, 2026, 2030], {}, seed) for model in models]
    jobs = [
        {"job": "page", "data": d, "states": fragments, "size": 256, "plain": p} for d in pages for p in (False, True)
    ]
    for number, states in enumerate(ask(*jobs)):
        for state in states:
            space = {"priors": priors, "model": models[number // 2]}
            exec(state["python"].rpartition("print(summary")[0], space)
            rows = np.array([floats(text) for text in state["rows"]])
            np.testing.assert_allclose(rows, space["forecast"].values, rtol=1e-12)
            labels = cc.propagate(space["inputs"][["x", "y"]], model=space["model"], outputs=HOLDS)[HOLDS[0]].values
            np.testing.assert_array_equal(floats(state["labels"][0]), labels)


def test_a_state_survives_its_address_and_its_prior_file(shipped, executed, tmp_path):
    states = [fragment.replace("cluster_start_delay:0.1,1", "flop_per_watt_growth:0.2,0.8") for fragment in FRAGMENTS]
    [result] = answers({"job": "page", "data": shipped, "states": states, "size": 64})
    [again] = answers({"job": "page", "data": shipped, "states": [s["fragment"] for s in result], "size": 64})
    z = np.linspace(-3, 3, 7)
    for state, same in zip(result, again, strict=True):
        assert same["fragment"] == state["fragment"] and same["rows"] == state["rows"]
        wanted = executed(state["python"])["priors"]
        path = tmp_path / "explorer.toml"
        path.write_text(state["toml"])
        read = cc.read_priors(re.search(r'read_priors\("(\w+)"', state["toml"])[1], scenario=path)
        assert read.uncertain == wanted.uncertain and set(read) == set(wanted)
        for name in wanted:
            np.testing.assert_array_equal(
                read[name].quantile_from_normal_score(z) * factor(read[name].unit),
                wanted[name].quantile_from_normal_score(z) * factor(wanted[name].unit),
                err_msg=name,
            )


def test_both_sets_and_every_scenario_can_be_chosen(monkeypatch, tmp_path, capsys):
    priors, model, _ = options.study(None, None, None, None)
    run = options.Run(priors, model, ["ai_investment"], [2030], 0, 0, {}, (options.DEFAULT, None), lambda *_: None)
    monkeypatch.setattr(explore.cc, "read_priors", lambda name, scenario=None: priors)
    result = explore.worlds(run)
    assert result[0].named == ("evidence_2026", "")
    scenarios = ["", *(path.stem for path in Path("priors/scenarios").glob("*.toml"))]
    assert {world.named for world in result} == {
        (path.stem, s) for path in Path("priors/sets").glob("*.toml") for s in scenarios
    }
    monkeypatch.undo()
    arguments = ["--set", "load_factor=0.8", "--years", "2030", "-o", "ai_investment", "--out", str(tmp_path)]
    assert options.exit_code(explore.explore, arguments) == 0
    assert "explore.html" in capsys.readouterr().out.replace("\n", "")
    page = json.loads(re.search(DATA, (tmp_path / "explore.html").read_text(encoding="utf-8"), re.DOTALL)[1])
    assert page["years"] == [2030] and [world["set"] for world in page["worlds"]] == [""]


def test_first_order_indices_are_those_of_given_data(shipped):
    [[state]] = answers({"job": "page", "data": shipped, "states": [""], "size": 16384})
    outputs, inputs = ["training_cluster_power"], cc.draw(cc.read_priors("evidence_2026"), 16384, design="sobol")
    used = list(cc.cluster_model().inputs(outputs))
    forecast = cc.propagate(inputs[used], outputs=outputs, years=[2030])
    wanted = cc.given_data_indices(forecast).sel(output="training_cluster_power").squeeze()
    # The page cuts the output itself into bins, without taking off what other inputs explain.
    varied = [name for name in used if name in wanted["input"]]
    binned = BinnedSample.of(np.column_stack([inputs[name] for name in varied]), sobol=len(varied))
    _, errors = first_order_indices(binned, np.log10(forecast["training_cluster_power"].values.reshape(-1, 1)))
    for name in ("cluster_growth_rate", "cluster_fleet_share_limit", "investment_growth_factor"):
        index, error = state["indices"][name]
        assert index == pytest.approx(float(wanted["S1"].sel(input=name)), abs=0.01)
        assert error == pytest.approx(float(errors[varied.index(name), 0]), rel=0.1)


def test_numbers_are_said_as_python_says_them():
    units = ["W", "USD", "USD/year", "H100e", "1", "1/year", "OOM/year", "year", "GW", "kW/H100e", "wafer/year", "%"]
    values = [0.0, 1.234e-3, 0.0456, 0.35, 1.0, 9.96, 42.0, 999.6, 2024.0, 1.3e5, 2.5e6, 4.71e9, 1.3e12]
    numbers = [[value, unit, share] for unit in units for value in values for share in (False, True)]
    probabilities = [0.0, 0.003, 0.02, 0.05, 0.067, 0.24, 0.31, 0.86, 0.96, 0.995, 0.99999]
    [[said, odds_said]] = answers({"job": "words", "numbers": numbers, "probabilities": probabilities})
    wrong = [
        (given, ours, human(given[0], given[1], share=given[2]))
        for given, ours in zip(numbers, said, strict=True)
        if given[1] != "1/year" and ours != human(given[0], given[1], share=given[2])
    ]
    assert not wrong
    assert odds_said == [odds(p) for p in probabilities]


def test_a_model_of_ones_own_is_explored_and_what_cannot_be_traced_is_named():
    page = cc.explore(cc.Priors(x=cc.Normal(1, 2), y=cc.to(1, 3)), model=product(), seed=3)
    [[state]] = answers({"job": "page", "data": embedded(page), "states": ["moves=x:0.5,2"], "size": 256})
    priors = cc.Priors(x=cc.Moved(cc.Normal(1, 2), shift=0.5, width=2), y=cc.to(1, 3))
    drawn = cc.draw(priors, 256, design="sobol", seed=3)
    np.testing.assert_allclose(floats(state["rows"][0]), drawn["x"] * drawn["y"] + 1, rtol=1e-12, atol=1e-12)
    assert "sandbox" in page._repr_html_() and not re.search(
        r"(?:src|href)=|//(?!www\.w3\.org/2000/svg)[\w.]+\.\w+/|url\((?!#)", page.html
    )

    @cc.quantity("1", units_checked=False)
    def capped(x):
        return x if x > 0 else 0 * x

    with pytest.raises(cc.InputError, match=r"'capped' .*cannot be traced: it looks at the data"):
        cc.explore(cc.Priors(x=cc.Normal(1, 2)), model=cc.Model([capped]))


@settings(deadline=None, max_examples=3, phases=[Phase.generate])
@given(
    st.lists(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=40), min_size=1, max_size=20), st.integers(0, 9)
)
def test_quantiles_of_samples_are_numpys(samples, seed):
    rng = np.random.default_rng(seed)
    probabilities = [0.0, 0.05, 0.5, 0.75, 1.0]
    samples = [*map(np.array, samples), rng.lognormal(0, 3, 4096), rng.normal(0, 1, 999), np.full(64, 3.0), np.zeros(9)]
    jobs = [{"job": "ranks", "values": bits(each), "probabilities": probabilities} for each in samples]
    with np.errstate(all="ignore"):
        for values, text in zip(samples, answers(*jobs), strict=True):
            np.testing.assert_array_equal(floats(text), np.quantile(values, probabilities))
    [nan] = answers({"job": "ranks", "values": bits([1.0, np.nan, 2.0]), "probabilities": probabilities})
    assert np.isnan(floats(nan)).all()


def test_sliders_are_chosen_by_total_indices():
    """A product of two inputs about 0: alone neither moves the answer, together they make three quarters of it."""

    @cc.quantity("1", units_checked=False)
    def product(a, b, c):
        return a * b + c / 3

    priors = cc.Priors(a=cc.Uniform(-1, 1), b=cc.Uniform(-1, 1), c=cc.Uniform(-1, 1))
    [page] = explorer_data([World(priors)], cc.Model([product]), None, [2030], {}, 0)["programs"]
    [totals] = page["totals"]["product"]
    assert totals == pytest.approx({"a": 0.75, "b": 0.75, "c": 0.25}, abs=0.1)
    correlated = cc.Priors(cc.Correlation(("a", "c"), 0.5), **priors)
    [page] = explorer_data([World(correlated)], cc.Model([product]), None, [2030], {}, 0)["programs"]
    assert page["totals"]["product"][0]["a"] == page["totals"]["product"][0]["c"]
