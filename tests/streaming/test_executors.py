"""Out of one process and out of one machine: the same bits, and a worker that dies changes nothing."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

import clustercast as cc
from clustercast.errors import InputError
from clustercast.streaming import executors
from clustercast.streaming.executors import completed
from clustercast.streaming.moments import LEAF

ROOT = Path(__file__).parents[2]
SIZE = 20 * LEAF + 99
# Any free port: a second cluster would complain of the first one's.
LOOPBACK = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


@pytest.fixture(scope="module", autouse=True)
def importable():
    """Let workers that start afresh find the package, where it is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT / "src"))
        yield


def streamed(size=SIZE, **changed):
    priors = cc.read_priors("situational_awareness")
    return cc.stream(
        priors,
        size=size,
        seed=2,
        years=[2026, 2030],
        outputs=["training_cluster_power", "binding_constraint"],
        **changed,
    )


def bits(summary):
    return {name: variable.values.tobytes() for name, variable in summary.data_vars.items()}


@pytest.fixture(scope="module")
def alone():
    return bits(streamed())


class KillOnce:
    """Progress that kills a process as soon as the first piece is in."""

    def __init__(self, victim):
        self.victim = victim

    def __call__(self, done, planned):
        if self.victim is not None:
            os.kill(self.victim(), signal.SIGKILL)
            self.victim = None


def test_two_processes_of_which_one_dies_give_the_same_bits(alone):
    progress = KillOnce(lambda: multiprocessing.active_children()[0].pid)
    assert bits(streamed(executor="processes", workers=2, block=LEAF, progress=progress)) == alone
    assert progress.victim is None


def test_an_executor_of_ones_own_is_used_and_left_open(alone):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert bits(streamed(executor=pool, block=8 * LEAF)) == alone
        assert pool.submit(abs, -1).result() == 1


def test_workers_that_die_again_and_again_are_given_up():
    with pytest.raises(InputError, match="the workers died 3 times.*give fewer workers"):
        list(completed(eval, "__import__('os')._exit(1)", [({}, {})], executor="processes", workers=1, join=max))


KILLED_WHILE_IT_WROTE = """
import os, sys
if not os.path.exists(mark):
    open(mark, "w").close()
    frame = sys._getframe()
    while "result_queue" not in frame.f_locals:
        frame = frame.f_back
    queue = frame.f_locals["result_queue"]
    queue._wlock.acquire()
    os.write(queue._writer.fileno(), b"\\0\\0")
    os._exit(1)
"""


def test_a_worker_that_is_killed_while_it_writes_does_not_stop_the_others_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(executors, "_PATIENCE", 0.5)
    pieces = [({"mark": str(tmp_path / "mark")}, {}) for _ in range(6)]
    result = list(completed(exec, KILLED_WHILE_IT_WROTE, pieces, executor="processes", workers=2, join=max))
    assert (tmp_path / "mark").exists() and result == [None] * 6


def test_a_plan_that_cannot_be_sent_is_refused():
    @cc.quantity("1")
    def doubled(x):
        return lock and 2 * x

    lock = threading.Lock()
    with pytest.raises(InputError, match="cannot be sent to another process"):
        cc.stream(cc.Priors(x=cc.Uniform(0, 1)), size=10, model=cc.Model([doubled]), executor="processes")


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **LOOPBACK) as made:
        yield made


def test_a_dask_cluster_of_two_worker_processes_gives_the_same_bits(alone, cluster):
    with Client(cluster) as client:
        assert bits(streamed(executor=client, block=LEAF)) == alone


def test_a_dask_worker_that_is_killed_changes_nothing(alone, cluster):
    with Client(cluster) as client:
        victims = list(client.run(os.getpid).values())
        progress = KillOnce(victims.pop)
        assert bits(streamed(executor=client, block=LEAF, progress=progress)) == alone
        assert progress.victim is None
        client.wait_for_workers(2, timeout=120)


def test_units_of_ones_own_travel_to_dask_workers_also_those_defined_after_the_cluster_started(cluster):
    cc.define_unit("hall_of_racks", "27 MW")

    @cc.quantity("hall_of_racks")
    def halls(power):
        return power

    study = {"size": 2 * LEAF, "model": cc.Model([halls]), "block": LEAF, "seed": 1}
    priors = cc.Priors(power=cc.Uniform(27, 54, unit="GW"))
    with Client(cluster) as client:
        there = cc.stream(priors, executor=client, **study)
    assert there.identical(cc.stream(priors, **study).assign_attrs(there.attrs))
    assert 1000 < float(there["halls_mean"]) < 2000


def test_an_error_on_the_cluster_comes_back_as_it_is(cluster):
    with Client(cluster) as client, pytest.raises(InputError, match="design is 'latin'"):
        streamed(executor=client, design="latin")


def dask(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_scheduler_and_a_worker_started_from_the_shell_give_the_same_bits(alone, tmp_path):
    written = tmp_path / "scheduler.json"
    place = ["--scheduler-file", str(written)]
    started = [dask("scheduler", "--host", "127.0.0.1", "--port", "0", *place)]
    try:
        started.append(dask("worker", "--host", "127.0.0.1", "--nworkers", "1", "--nthreads", "2", *place))
        deadline = time.monotonic() + 120
        while not written.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        with Client(scheduler_file=str(written), timeout=120) as client:
            client.wait_for_workers(1, timeout=120)
            assert bits(streamed(executor=client, block=4 * LEAF)) == alone
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(timeout=120)
            finally:
                # Nothing is left behind by a test that fails either.
                process.kill()
                process.wait()


def test_a_cluster_without_workers_is_refused():
    with (
        LocalCluster(n_workers=0, processes=True, **LOOPBACK) as empty,
        Client(empty) as client,
        pytest.raises(InputError, match="no workers; start some with `dask worker"),
    ):
        streamed(executor=client)
