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


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_object_of_the_wrong_kind_is_refused_in_one_sentence(name, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function = FUNCTIONS[name]
    parameters = inspect.signature(function).parameters.values()
    needed = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    others = {p.name: OTHERS.get(p.name, tmp_path / "file.nc") for p in needed[1:]}
    try:
        function(WRONG[kind], **others)
    except InputError as error:
        assert len(str(error)) < 600 and "\n" not in str(error)
