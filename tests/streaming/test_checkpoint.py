"""Runs that are killed resume with the same bits; what has changed is noticed; what cannot be written is said."""

import os
import random
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest

import clustercast as cc
from clustercast.errors import InputError
from clustercast.streaming import checkpoint as checkpoint_module
from clustercast.streaming import stream as streaming
from clustercast.streaming.checkpoint import FILE
from clustercast.streaming.moments import LEAF

ROOT = Path(__file__).parents[2]
SIZE = 40 * LEAF
PROGRAM = """
import sys
import numpy as np
import clustercast as cc
from clustercast.streaming import checkpoint
checkpoint._SHARE = 1.0
priors = cc.Priors(x=cc.Normal(0, 1), y=cc.Gamma(2, 3))

@cc.quantity("1")
def total(x, y):
    return np.exp(x) + y

result = cc.{call}(priors, model=cc.Model([total]), seed=4, **{arguments}, checkpoint=sys.argv[1])
np.savez(sys.argv[2], **{{name: each.values for name, each in result.data_vars.items()}})
"""
CALLS = {
    "stream": {"size": SIZE, "block": 1},
    "stream_sobol": {"size": 1 << 16, "second_order": True, "estimator": "saltelli"},
}


@cc.quantity("1")
def total(x, y):
    return np.exp(x) + y


PRIORS = cc.Priors(x=cc.Normal(0, 1), y=cc.Gamma(2, 3))


def streamed(place=None, **changed):
    arguments = {"size": SIZE, "model": cc.Model([total]), "seed": 4, "checkpoint": place} | changed
    return cc.stream(arguments.pop("priors", PRIORS), **arguments)


def bits(summary):
    return {name: variable.values.tobytes() for name, variable in summary.data_vars.items()}


class Stop(Exception):
    """What a run is broken off with."""


def broken_off(place, after=10):
    """Run until some leaves are done."""

    def progress(done, planned):
        if done >= after * LEAF:
            raise Stop

    with pytest.raises(Stop):
        streamed(place, block=3 * LEAF, progress=progress)


@pytest.mark.parametrize("call", CALLS)
def test_a_run_that_is_killed_at_any_moment_resumes_with_the_same_bits(tmp_path, call):
    script, place, out = tmp_path / "run.py", tmp_path / "kept", tmp_path / "out.npz"
    script.write_text(PROGRAM.format(call=call, arguments=CALLS[call]))
    command = [sys.executable, str(script), str(place), str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    moments = random.Random(8)
    for _ in range(3):
        process = subprocess.Popen(command, env=environment)
        deadline = time.monotonic() + 120
        while not (place / FILE).exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=120)
    subprocess.run(command, env=environment, check=True, timeout=300)
    whole = getattr(cc, call)(PRIORS, model=cc.Model([total]), seed=4, **CALLS[call])
    with np.load(out) as result:
        assert {name: result[name].tobytes() for name in result.files} == bits(whole)
    assert not [path for path in place.iterdir() if path.suffix == ".npz" and path.name != FILE]


def test_what_is_finished_is_not_done_again(tmp_path, monkeypatch):
    broken_off(tmp_path)
    pieces = []
    reduce_leaves = streaming.reduce_leaves

    def counted(plan, start, stop):
        pieces.append((start, stop))
        return reduce_leaves(plan, start, stop)

    monkeypatch.setattr(streaming, "reduce_leaves", counted)
    # How a run is cut and where it is computed may change.
    assert bits(streamed(tmp_path, block=16 * LEAF, executor="threads", workers=2)) == bits(streamed())
    assert sorted(pieces[:3]) == [(12, 16), (16, 32), (32, 40)]
    done = len(pieces)
    streamed(tmp_path)
    assert len(pieces) == done


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"priors": PRIORS.replace(x=cc.Normal(0, 1.01))}, "priors was priors .* and is priors"),
        ({"seed": 5}, "seed was 4 and is 5"),
        ({"size": SIZE + 1}, f"size was {SIZE} and is {SIZE + 1}"),
        ({"size": 2 * LEAF, "design": "sobol"}, "design was random and is sobol"),
        ({"thresholds": {"total": 3}}, "thresholds was {} and is"),
        ({"years": [2030]}, "years was"),
    ],
)
def test_another_call_is_refused(tmp_path, changed, message):
    broken_off(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(InputError, match=f"^the checkpoint .*of another run: .*{message}.*make the same call again"):
        streamed(tmp_path, **changed)
    assert (tmp_path / FILE).read_bytes() == before


def test_other_libraries_are_refused(tmp_path, monkeypatch):
    broken_off(tmp_path)
    monkeypatch.setattr(checkpoint_module, "versions", lambda: {"numpy": "1.0"})
    with pytest.raises(InputError, match=r'versions was {.*} and is {"numpy": "1.0"}'):
        streamed(tmp_path)


def test_another_model_is_refused_even_where_only_what_it_calls_has_changed(tmp_path):
    def model_of(helper):
        def total(x, y):
            return helper(x) + y

        return cc.Model([cc.quantity("1")(total)])

    streamed(tmp_path, size=LEAF, model=model_of(lambda x: np.exp(x)))
    with pytest.raises(InputError, match="model was"):
        streamed(tmp_path, size=LEAF, model=model_of(lambda x: np.exp(2 * x)))


MODULE = """
# {comment}
RATE = {rate}

class Growth:
    floor = {floor}

    def __init__(self, table):
        self.table = table

GROWTH = Growth([{entry}])
"""
QUANTITY = """
import constants_of_a_run as constants
import clustercast as cc

@cc.quantity("1")
def total(x, y):
    return constants.RATE * x + constants.GROWTH.table[0] * y + constants.GROWTH.floor
"""


@pytest.mark.parametrize(
    ("changed", "refused"),
    [({"comment": "why"}, False), ({"rate": 3.0}, True), ({"floor": 1.0}, True), ({"entry": 2.0}, True)],
)
def test_constants_in_a_users_own_module_decide_the_run_and_comments_do_not(tmp_path, monkeypatch, changed, refused):
    monkeypatch.syspath_prepend(str(tmp_path))

    def model(**values):
        text = MODULE.format(**{"comment": "", "rate": 2.0, "floor": 0.0, "entry": 1.0} | values)
        (tmp_path / "constants_of_a_run.py").write_text(text)
        module = types.ModuleType("constants_of_a_run")
        exec(compile(text, str(tmp_path / "constants_of_a_run.py"), "exec"), vars(module))
        monkeypatch.setitem(sys.modules, "constants_of_a_run", module)
        space = {"__name__": "quantity_of_a_run"}
        exec(QUANTITY, space)
        return cc.Model([space["total"]])

    streamed(tmp_path / "kept", size=LEAF, model=model())
    if refused:
        with pytest.raises(InputError, match="model was"):
            streamed(tmp_path / "kept", size=LEAF, model=model(**changed))
    else:
        streamed(tmp_path / "kept", size=LEAF, model=model(**changed))


def test_what_cannot_be_compared_is_not_resumed_and_the_reason_is_given(tmp_path):
    numbers = iter([2.0] * 100)

    @cc.quantity("1")
    def total(x, y):
        return x + y * (2.0 if numbers else 1.0)

    with pytest.raises(InputError, match="quantity 'total' .* it uses 'numbers', a list_iterator"):
        streamed(tmp_path, model=cc.Model([total]))
    assert not (tmp_path / FILE).exists()
    streamed(size=LEAF, model=cc.Model([total]))


def test_what_a_run_that_was_killed_while_it_wrote_left_is_removed(tmp_path):
    for name in (".finished.4711.part.npz", ".other.4711.part.npz"):
        (tmp_path / name).write_bytes(b"half")
    streamed(tmp_path, size=LEAF)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.4711.part.npz", FILE]


def test_two_runs_do_not_share_a_directory(tmp_path):
    refused = []

    def start_another(done, planned):
        if not refused:
            with pytest.raises(InputError, match="another run writes there") as caught:
                streamed(tmp_path)
            refused.append(caught)

    assert bits(streamed(tmp_path, progress=start_another)) == bits(streamed())
    assert refused and [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_checkpoint_runs_no_code(tmp_path):
    class Trap:
        """What would make a file if it were unpickled."""

        def __reduce__(self):
            return open, (str(tmp_path / "sprung"), "w")

    with (tmp_path / FILE).open("wb") as file:
        np.savez(file, run=np.array([Trap()], dtype=object))
    with pytest.raises(InputError, match="cannot read checkpoint .* remove it"):
        streamed(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_checkpoint_that_is_damaged_is_said_to_be(tmp_path):
    broken_off(tmp_path)
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:1000])
    with pytest.raises(InputError, match="cannot read checkpoint .* remove it"):
        streamed(tmp_path)


def test_a_full_disk_is_one_clear_error_and_nothing_is_lost(tmp_path, monkeypatch):
    broken_off(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    device = Path("/dev/full")

    def onto_a_full_disk(path, **arrays):
        with device.open("wb", buffering=0) as file:
            file.write(b"whatever")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_module.np, "savez", onto_a_full_disk)
        with pytest.raises(InputError, match="the disk is full; free some space"):
            streamed(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert bits(streamed(tmp_path)) == bits(streamed())


def test_a_place_that_cannot_be_written_to_is_said_before_the_run(tmp_path):
    (tmp_path / "file").write_text("in the way")
    seen = []
    with pytest.raises(InputError, match="cannot write .*file.*name a directory"):
        streamed(tmp_path / "file", progress=lambda *done: seen.append(done))
    assert not seen
