"""The fingerprint of a function: alike in every process, another one for whatever could change its values."""

import dataclasses
import functools
import importlib.metadata
import itertools
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import interpolate, stats

import clustercast as cc
from clustercast.engine.fingerprint import fingerprint_of, unknown_to_fingerprint, versions

ROOT = Path(__file__).parents[2]
PROGRAM = """
import functools, sys
from dataclasses import dataclass
import numpy as np
import clustercast as cc
from clustercast.engine.fingerprint import fingerprint_of, unknown_to_fingerprint
SENTINEL = object()

@dataclass
class Table:
    rows: dict

TABLE = Table({"a": {"x", "y", "z"}, "b": np.arange(3)})

@functools.cache
def helper(kind):
    return SENTINEL if kind in {"one", "two", "three", "four"} else {"five", "six", "seven"}

@cc.quantity("1")
def same(x):
    return x * len(TABLE.rows) if helper("one") else x + 1

assert not unknown_to_fingerprint(same)
print(cc.Model([same]).hash, cc.cluster_model().hash)
"""


def test_every_process_finds_the_same():
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    seen = set()
    for seed in "12":
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment | {"PYTHONHASHSEED": seed}, check=True, capture_output=True
        )
        seen.add(ran.stdout)
    assert len(seen) == 1


def function_with(used):
    """Return a function that uses something."""

    def total(x):
        return used(x) if callable(used) else x + used

    return total


def power_of(exponent):
    return functools.partial(np.power, exponent)


def with_default(number):
    def helper(x, more=number):
        return x + more

    return helper


class Curve:
    """A callable with a slope of its own."""

    ceiling = 10.0

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, x):
        return np.minimum(self.slope * x, self.ceiling)

    def shifted(self, x):
        return self(x) + 1


def curve_class(ceiling):
    return type("Curve", (Curve,), {"ceiling": ceiling, "__module__": __name__})


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """A value with slots."""

    height: float
    rows: tuple[float, ...] = ()


def module_with(**members):
    module = types.ModuleType("constants_of_a_user")
    vars(module).update(members)
    return module


def using_module(module):
    def helper(x):
        return module.RATE * x

    return helper


def wrapped_by(number):
    """Return a function under a decorator that counts, with `functools.wraps` and with a class of its own."""

    def more(function):
        @functools.wraps(function)
        def wrapper(x):
            return number * function(x)

        return wrapper

    return more(with_default(1))


class Scaled:
    """A decorator with a number of its own."""

    def __init__(self, function, number):
        functools.update_wrapper(self, function)
        self.number = number

    def __call__(self, x):
        return self.number * self.__wrapped__(x)


class Counted(float):
    """A number with an attribute."""


def with_attribute(value, number):
    value.number = number
    return value


def dispatched(number):
    general = functools.singledispatch(lambda x: x)
    general.register(float, with_default(number))
    return general


def metaclass_with(number):
    return type("Meta", (type,), {"number": number, "__module__": __name__})("Made", (), {"__module__": __name__})


class Named:
    """A distribution of the user's, whose quantiles do not say all."""

    def __init__(self, number):
        self.number = number

    def ppf(self, probability):
        return np.asarray(probability)


def masked(where):
    return np.ma.masked_array([1.0, 2.0, 3.0], mask=[each == where for each in range(3)])


LONG = np.arange(5000.0)
OTHER = np.where(LONG == 2500, -1, LONG)
MIXED, OTHER_MIXED = (np.array([1, each, None], dtype=object) for each in ("a", "b"))


def pairs():
    """Yield a name, something, the same anew, and another."""
    yield "function", *(lambda x: np.exp(x), lambda x: np.exp(x), lambda x: np.exp(2 * x))
    yield "cached", *(functools.cache(f) for f in (lambda x: x + 1, lambda x: x + 1, lambda x: x + 2))
    yield "partial", *map(power_of, (2, 2, 3))
    yield "default", *map(with_default, (1, 1, 2))
    yield "function in a list", *([with_default(each)] for each in (1, 1, 2))
    yield "vectorised", *(np.vectorize(with_default(each)) for each in (1, 1, 2))
    yield "long array", LONG, LONG.copy(), OTHER
    yield "array of objects", MIXED, MIXED.copy(), OTHER_MIXED
    yield "array of integers", np.arange(3), np.arange(3), np.arange(3.0)
    yield "mapping", {"a": [1, 2]}, {"a": [1, 2]}, {"a": [1, 3]}
    yield "key of a mapping", {"a": 1}, {"a": 1}, {"b": 1}
    yield "set", {1, 2}, {2, 1}, {1, 3}
    yield "instance", *(types.SimpleNamespace(curve=Curve(each)) for each in (1, 1, 2))
    yield "callable instance", *map(Curve, (1, 1, 2))
    yield "bound method", *(Curve(each).shifted for each in (1, 1, 2))
    yield "attribute of a class", *(curve_class(each)(1) for each in (1, 1, 2))
    yield "class", *map(curve_class, (1, 1, 2))
    yield "slots", Point(1.0, (2.0,)), Point(1.0, (2.0,)), Point(1.0, (3.0,))
    yield "module", *(using_module(module_with(RATE=each, unused=object())) for each in (1, 1, 2))
    yield "array in a module", *(using_module(module_with(RATE=each)) for each in (LONG, LONG.copy(), OTHER))
    yield "series", pd.Series(LONG), pd.Series(LONG.copy()), pd.Series(OTHER)
    yield "index of a series", *(pd.Series(LONG, index=each) for each in (LONG, LONG.copy(), OTHER))
    yield "table", pd.DataFrame({"a": LONG}), pd.DataFrame({"a": LONG}), pd.DataFrame({"a": OTHER})
    yield "labelled array", *(xr.DataArray(LONG, {"year": each}, "year") for each in (LONG, LONG, OTHER))
    yield "frozen distribution", *(stats.norm(0, each) for each in (1, 1, 2))
    yield "histogram", *(stats.rv_histogram((counts, [0, 1, 2])) for counts in ([1, 2], [1, 2], [2, 1]))
    yield "newer distribution", *(stats.Normal(mu=0, sigma=each) for each in (1, 1, 2))
    yield "spline", *(interpolate.PchipInterpolator([0, 1, 2], [0, each, 2]) for each in (1, 1, 1.5))
    yield "prior", *(cc.LogNormal(0, each) for each in (1, 1, 2))
    yield "priors", *(cc.Priors(x=cc.Normal(0, each)) for each in (1, 1, 2))
    yield "pattern", re.compile("a"), re.compile("a"), re.compile("b")
    yield "path", Path("a"), Path("a"), Path("b")
    yield "wrapper", *map(wrapped_by, (1, 1, 2))
    yield "decorator that is a class", *(Scaled(with_default(1), each) for each in (1, 1, 2))
    yield "wrapped partial", *(functools.update_wrapper(power_of(each), np.power) for each in (2, 2, 3))
    yield "attribute of a function", *(with_attribute(lambda x: x, each) for each in (1, 1, 2))
    yield "attribute of a number", *(with_attribute(Counted(1), each) for each in (1, 1, 2))
    yield "function by type", *map(dispatched, (1, 1, 2))
    yield "attribute of a metaclass", *map(metaclass_with, (1, 1, 2))
    yield "few values", *(stats.poisson(each) for each in (2.0001, 2.0001, 2.0002))
    yield "distribution of the user's", *map(Named, (1, 1, 2))
    yield "mask", *map(masked, (1, 1, 2))
    yield "fields of an array", *(np.zeros(1, [(each, float), ("z", float)]) for each in "aab")
    yield "sentinel", object(), object(), 1


@pytest.mark.parametrize(("one", "same", "other"), [pytest.param(*rest, id=name) for name, *rest in pairs()])
def test_what_a_function_uses_counts(one, same, other):
    result = [fingerprint_of(function_with(each)) for each in (one, same, other)]
    assert result[0] == result[1] != result[2]
    assert not unknown_to_fingerprint(function_with(one))


@pytest.mark.parametrize(
    ("used", "what"),
    [
        ((each for each in (1, 2)), "'used', a generator"),
        (iter([1, 2]), "'used', a list_iterator"),
        ([np.random.default_rng(1)], "'used.0', a Generator"),
        (types.SimpleNamespace(stream=itertools.cycle([1])), "'used.stream', a cycle"),
        (memoryview(b"abc"), "a memoryview"),
    ],
)
def test_what_cannot_be_known_is_named(used, what):
    (reason,) = unknown_to_fingerprint(function_with(used))
    assert what in reason


@pytest.mark.parametrize("text", ["import constants_inside as c; k = c.RATE", "from constants_inside import RATE as k"])
def test_what_is_imported_when_the_function_runs_counts(monkeypatch, text):
    space = {}
    exec(f"def total(x):\n    {text}\n    return k * x", space)
    result = []
    for rate in (1.0, 1.0, 2.0):
        monkeypatch.setitem(sys.modules, "constants_inside", module_with(RATE=rate))
        result.append(fingerprint_of(space["total"]))
    assert result[0] == result[1] != result[2]


@pytest.mark.parametrize(
    "text", ["globals()['RATE']", "eval('RATE')", "open('a').read()", "np.loadtxt('a')", "getattr(m, 'K')"]
)
def test_what_reads_outside_of_its_code_cannot_be_known(text):
    space = {"np": np, "RATE": 1.0, "m": module_with(K=1.0)}
    exec(f"def total(x):\n    return x * float({text})", space)
    assert any("reads what its code does not name" in each for each in unknown_to_fingerprint(space["total"]))


def test_a_comment_and_a_docstring_do_not_count(tmp_path):
    def written(text):
        path = tmp_path / "mine.py"
        path.write_text(text)
        space = {}
        exec(compile(text, str(path), "exec"), space)
        import linecache

        linecache.checkcache()
        return fingerprint_of(space["f"])

    plain = written("def f(x):\n    return x + 1\n")
    assert written('def f(x):\n    """What it is."""\n    # Why.\n    return (x + 1)\n') == plain
    assert written("def f(x):\n    return x + 2\n") != plain


def test_a_thing_that_holds_itself_ends():
    ring = []
    ring.append(ring)
    assert fingerprint_of(function_with(ring)) == fingerprint_of(function_with(ring))


def test_the_versions_are_those_that_are_installed():
    for package in ("numpy", "scipy", "xarray", "SALib"):
        assert versions()[package] == importlib.metadata.version(package)
