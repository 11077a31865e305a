"""Devices: the same functions elsewhere, and one clear error where there is no GPU."""

import importlib.util
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import clustercast as cc
from clustercast.engine.operations import checked_device, to_device, to_host
from clustercast.errors import InputError


class OnDevice(np.ndarray):
    """An array that stands for one on a GPU: it comes back when it is asked to."""

    def get(self):
        return np.array(self)


class RuntimeFailure(Exception):
    pass


def cupy_with(count):
    runtime = SimpleNamespace(getDeviceCount=count, CUDARuntimeError=RuntimeFailure)
    return SimpleNamespace(
        cuda=SimpleNamespace(runtime=runtime), asarray=lambda values: np.array(values).view(OnDevice)
    )


def failing():
    raise RuntimeFailure("cudaErrorNoDevice")


def test_the_cpu_needs_nothing():
    arrays = {"x": np.ones(3)}
    assert checked_device("cpu") == "cpu"
    assert to_device(arrays, "cpu")["x"] is arrays["x"]
    assert to_host(arrays["x"]) is arrays["x"]


def test_an_unknown_device_is_refused():
    with pytest.raises(InputError, match="device is 'cud'.*choose 'cpu' or 'cuda'"):
        checked_device("cud")


@pytest.mark.parametrize(
    ("cupy", "message"),
    [
        (None, r"CuPy is not installed; pip install 'clustercast\[cuda\]', or use device='cpu'"),
        (cupy_with(lambda: 0), "this machine has no GPU; use device='cpu'"),
        (cupy_with(failing), r"CuPy finds no usable GPU \(cudaErrorNoDevice\); use device='cpu'"),
    ],
)
def test_without_a_gpu_there_is_one_clear_error(monkeypatch, cupy, message):
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    with pytest.raises(InputError, match=message):
        cc.stream(cc.read_priors("situational_awareness"), size=10, device="cuda")


def streamed(device):
    return cc.stream(
        cc.read_priors("situational_awareness"),
        size=10_000,
        seed=3,
        years=[2026, 2030],
        outputs=["training_cluster_power", "shortfall", "binding_constraint"],
        thresholds={"training_cluster_power": "10 GW"},
        device=device,
    )


def assert_same(result, expected):
    for name, variable in expected.data_vars.items():
        if variable.dtype.kind == "f":
            np.testing.assert_allclose(result[name], variable, rtol=1e-10)


def test_the_way_to_a_device_and_back(monkeypatch):
    expected = streamed("cpu")
    monkeypatch.setitem(sys.modules, "cupy", cupy_with(lambda: 1))
    result = streamed("cuda")
    assert_same(result, expected)
    assert cc.provenance_of(result)["device"] == "cuda"


@pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="CuPy is not installed: no GPU to compare with")
def test_a_gpu_agrees_with_numpy():
    assert_same(streamed("cuda"), streamed("cpu"))
