"""The fingerprint of code: alike in every process, and another one for any other code."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import clustercast as cc
from clustercast.streaming.fingerprint import code_fingerprint

ROOT = Path(__file__).parents[2]
PROGRAM = """
import functools, sys
from pathlib import Path
import numpy as np
import clustercast as cc
from clustercast.streaming.fingerprint import code_fingerprint
assert Path(cc.__file__).parent == Path(sys.argv[1])
SENTINEL = object()

@functools.cache
def helper(kind):
    return SENTINEL if kind in {"one", "two", "three", "four"} else {"five", "six", "seven"}

@cc.quantity("1")
def same(x):
    return x if helper("one") else x + 1

print(code_fingerprint(cc.Model([same])), code_fingerprint(cc.cluster_model()))
"""


def fingerprints(package, hash_seed="0"):
    """Return the fingerprints that another process finds."""
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONHASHSEED": hash_seed}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [sys.executable, "-c", PROGRAM, str(package)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60).stdout.split()


def fingerprint_of(helper):
    """Return the fingerprint of a model whose quantity uses something."""

    def total(x):
        return helper(x) if callable(helper) else x + helper

    return code_fingerprint(cc.Model([cc.quantity("1")(total)]))


def test_every_process_finds_the_same():
    package = ROOT / "src" / "clustercast"
    first = fingerprints(package, "1")
    assert len(first) == 2
    assert fingerprints(package, "2") == first


@pytest.mark.parametrize("changed", ["streaming/moments.py", "priors/families/__init__.py", "errors.py"])
def test_other_code_anywhere_in_the_library_is_noticed(tmp_path, changed):
    package = tmp_path / "clustercast"
    shutil.copytree(ROOT / "src" / "clustercast", package, ignore=shutil.ignore_patterns("__pycache__"))
    before, content = fingerprints(package), (package / changed).read_text()
    (package / changed).write_text(content + "\nANOTHER_LINE = 1\n")
    assert not set(fingerprints(package)) & set(before)
    (package / changed).write_text(content)
    assert fingerprints(package) == before


def power_of(exponent):
    return functools.partial(np.power, exponent)


def with_default(number):
    def helper(x, more=number):
        return x + more

    return helper


TABLE = np.arange(5000.0)
OTHER_TABLE = np.where(TABLE == 2500, -1, TABLE)


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        (lambda x: np.exp(x), lambda x: np.exp(x), lambda x: np.exp(2 * x)),
        (*(functools.cache(f) for f in (lambda x: x + 1, lambda x: x + 1, lambda x: x + 2)),),
        (power_of(2), power_of(2), power_of(3)),
        (with_default(1), with_default(1), with_default(2)),
        (TABLE, TABLE.copy(), OTHER_TABLE),
        ({"a": [1, 2]}, {"a": [1, 2]}, {"a": [1, 3]}),
        ({1, 2}, {2, 1}, {1, 3}),
        (object(), object(), 1),
    ],
    ids=["function", "cached", "partial", "default", "long array", "mapping", "set", "object"],
)
def test_what_a_quantity_uses_counts(one, same, other):
    assert fingerprint_of(one) == fingerprint_of(same) != fingerprint_of(other)
