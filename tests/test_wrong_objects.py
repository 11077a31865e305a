"""Every public function and plot refuses an object of the wrong kind in one sentence, whatever the object is."""

import inspect

import numpy as np
import pytest
import xarray as xr

import clustercast as cc
from clustercast.errors import InputError
from clustercast.report import plots

PRIORS = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(1, 2))
# What a function needs beside its first argument.
OTHERS = {
    "a": PRIORS,
    "as_of": "2024",
    "b": PRIORS,
    "by": "source",
    "claim": "x > 1",
    "claims": (),
    "condition": "x > 1",
    "first": 2024,
    "function": np.add,
    "high": 2.0,
    "kind": "power",
    "level": 1.0,
    "levels": {"x": 1.0},
    "model": cc.cluster_model(),
    "origins": ["2024"],
    "output": "x",
    "outputs": {"z": "1"},
    "posterior": xr.DataArray([1.0], dims="sample", name="x"),
    "priors": PRIORS,
    "probability": 0.5,
    "scenario": PRIORS,
    "scenarios": ("tsmc_two_year_outage",),
    "size": 8,
    "target": "x > 1",
    "unit": "1",
}
# Their first argument is a text, a number or nothing, each with tests of its own.
LEFT_OUT = {"audit_findings", "cluster_model", "read_audit", "read_claims", "read_observations", "quantity"}
WRONG = {
    "none": None,
    "number": 3,
    "text": "nothing",
    "list": [1],
    "mapping": {"x": 1},
    "array": np.ones(3),
    "DataArray": xr.DataArray([1.0]),
    "Dataset": xr.Dataset(),
    "tree": xr.DataTree(),
    "priors": PRIORS,
}
FUNCTIONS = {f"cc.{name}": getattr(cc, name) for name in cc.__all__}
FUNCTIONS |= {f"plots.{name}": getattr(plots, name) for name in plots.__all__}
FUNCTIONS = {
    name: function
    for name, function in FUNCTIONS.items()
    if inspect.isfunction(function) and name.removeprefix("cc.") not in LEFT_OUT
}


def parameters_of(name):
    """The parameters of a function but for those that take any number of arguments."""
    parameters = inspect.signature(FUNCTIONS[name]).parameters.values()
    return [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_object_of_the_wrong_kind_is_refused_in_one_sentence(name, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function = FUNCTIONS[name]
    needed = [p for p in parameters_of(name) if p.default is p.empty]
    others = {p.name: OTHERS.get(p.name, tmp_path / "file.nc") for p in needed[1:]}
    try:
        function(WRONG[kind], **others)
    except InputError as error:
        assert len(str(error)) < 600 and "\n" not in str(error)


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if any(p.name == "seed" for p in parameters_of(n))])
def test_who_names_no_seed_gets_that_of_zero(name):
    (default,) = (p.default for p in parameters_of(name) if p.name == "seed")
    assert default == 0


@cc.quantity("year")
def delay(x, y, year):
    return x * y * year


MODEL = cc.Model([delay])
INPUTS = cc.draw(PRIORS, 64, seed=1)
FORECAST = cc.propagate(INPUTS, model=MODEL, years=range(2022, 2027))
FIRST = dict.fromkeys(("forecast", "dataset"), FORECAST)
FIRST |= {"inputs": INPUTS, "priors": PRIORS, "trajectory": FORECAST["delay"]}
RIGHT = {**OTHERS, "model": MODEL, "output": "delay", "levels": {"delay": 1.0}}
# Groups by source need no model, and without a dummy nothing is drawn.
NOT_ASKED = {("cc.input_groups", "model"), ("cc.given_data_indices", "seed")}
RIGHT |= dict.fromkeys(("claim", "condition", "target"), "delay > 3000 year by 2024")


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if next(iter(parameters_of(n))).name in FIRST])
def test_another_argument_of_the_wrong_kind_is_refused_too(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, *others = parameters_of(name)
    right = {p.name: RIGHT.get(p.name, "file.nc") for p in others if p.default is p.empty}
    for parameter in others:
        # A switch is on for whatever is true.
        if parameter.annotation is not bool and (name, parameter.name) not in NOT_ASKED:
            with pytest.raises(InputError) as refused:
                FUNCTIONS[name](FIRST[first.name], **{**right, parameter.name: object()})
            assert len(str(refused.value)) < 600


@pytest.mark.parametrize("samples", [0, []], ids=["one without the dimension", "none"])
@pytest.mark.parametrize("name", ["cc.propagate", "cc.given_data_indices", "cc.delta_indices", "cc.summarise"])
def test_a_forecast_without_samples_is_refused(name, samples):
    first = INPUTS if name == "cc.propagate" else FORECAST
    options = {"model": MODEL} if name == "cc.propagate" else {}
    with pytest.raises(InputError, match="sample"):
        FUNCTIONS[name](first.isel(sample=samples), **options)


@pytest.mark.parametrize(
    "call",
    [
        lambda: plots.scenarios({1: FORECAST["delay"]}),
        lambda: cc.pool({1: PRIORS, 2: PRIORS}),
        lambda: cc.whose_prior({1: PRIORS, 2: PRIORS}, "delay", model=MODEL),
        lambda: cc.reached_by(FORECAST, {1: "3000 year"}),
        lambda: cc.draw(PRIORS, 64, design="saltelli", groups={1: ["x"], 2: ["y"]}),
    ],
)
def test_names_in_a_mapping_that_are_no_texts_are_refused(call):
    with pytest.raises(InputError, match=r" is .*\{1: .*; give a dict with texts as keys \(each a"):
        call()
