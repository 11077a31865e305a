"""Streamed Sobol' indices take up where they were broken off, and only for the same call."""

import json
from contextlib import nullcontext

import numpy as np
import pytest

import clustercast as cc
from clustercast.errors import InputError
from clustercast.streaming import checkpoint as checkpoint_module
from clustercast.streaming import executors
from clustercast.streaming import sobol as module
from clustercast.streaming.checkpoint import FILE
from clustercast.streaming.moments import LeafSums

SIZE = 1 << 14


@cc.quantity("W")
def power(year, start, growth, start_year):
    return start * np.exp(growth * (year - start_year))


@cc.quantity("W")
def start_power(start):
    return 2 * start


def other_power():
    """Return a quantity of the same name with other code."""

    @cc.quantity("W")
    def power(year, start, growth, start_year):
        return 2 * start * np.exp(growth * (year - start_year))

    return power


PRIORS = cc.Priors(
    cc.Correlation(("start", "growth"), 0.5),
    start=cc.LogNormal(0, 1, unit="W"),
    growth=cc.Uniform(0.5, 1, unit="1/year"),
    start_year=cc.Uniform(2024, 2025, unit="year"),
)
MODEL = cc.Model([power, start_power])
YEARS = (2026, 2028)
INPUTS = 3
# Base points of a leaf: of 8 runs each, 4,096 runs.
LEAF_POINTS = 512
GROUPS = {"both": ["start", "growth"]}


def indices(place=None, **changed):
    arguments = {"size": SIZE, "model": MODEL, "years": YEARS, "outputs": ["power"], "seed": 4, "latent": True}
    arguments |= {"checkpoint": place} | changed
    return cc.stream_sobol(arguments.pop("priors", PRIORS), **arguments)


def forecast(place):
    return cc.stream(PRIORS, size=SIZE, model=MODEL, years=YEARS, outputs=["power"], seed=4, checkpoint=place)


def bits(result):
    return {name: variable.values.tobytes() for name, variable in result.data_vars.items()}


class Stop(Exception):
    """What a run is broken off with."""


def broken_off(place, after=9, **changed):
    """Run until some leaves are done; return how many there are."""
    planned = []

    def progress(done, points):
        planned.append(points // LEAF_POINTS)
        if done >= after * LEAF_POINTS:
            raise Stop

    with pytest.raises(Stop):
        indices(place, progress=progress, **changed)
    return planned[-1]


def counted(monkeypatch):
    """Return the pieces that are computed from now on."""
    pieces = []
    sum_products = module.sum_products

    def listed(plan, start, stop):
        pieces.append((start, stop))
        return sum_products(plan, start, stop)

    monkeypatch.setattr(module, "sum_products", listed)
    return pieces


@pytest.mark.parametrize("changed", [{}, {"second_order": True}, {"estimator": "jansen", "scale": "raw"}])
def test_what_is_finished_is_not_done_again_and_no_bit_moves(tmp_path, monkeypatch, changed):
    leaves = broken_off(tmp_path, **changed)
    pieces = counted(monkeypatch)
    monkeypatch.setattr(module, "_FEWEST_PIECES", 1)
    monkeypatch.setattr(module, "_MOST_LEAVES", 4)
    seen = []
    resumed = indices(
        tmp_path, **changed, executor="threads", workers=2, progress=lambda *done: seen.append(done), confidence=0.9
    )
    assert sorted(pieces) == [(9, 12), *((start, start + 4) for start in range(12, leaves, 4))]
    assert seen[-1] == (SIZE, SIZE)
    # The confidence is of the result, not of what is kept.
    assert bits(resumed) == bits(indices(**changed, confidence=0.9))
    pieces.clear()
    assert bits(indices(tmp_path, **changed, confidence=0.9)) == bits(resumed)
    assert not pieces


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"priors": PRIORS.replace(growth=cc.Uniform(0.5, 1.01, unit="1/year"))}, "priors was priors .* and is priors"),
        ({"seed": 5}, "seed was 4 and is 5"),
        ({"size": 2 * SIZE}, f"size was {SIZE} and is {2 * SIZE}"),
        ({"replicates": 4}, "replicates was 8 and is 4"),
        ({"groups": GROUPS}, "groups was {.*} and is {.*both"),
        ({"groups": GROUPS, "latent": False}, "latent was True and is False"),
        ({"scale": "raw"}, "scale was .*log10.* and is .*raw"),
        ({"estimator": "jansen"}, "estimator was azzini-rosati and is jansen"),
        ({"second_order": True}, "second_order was False and is True"),
        ({"years": [2030]}, "years was .* and is .2030.0."),
        ({"outputs": ["power", "start_power"]}, "outputs was power and is power, start_power"),
        ({"model": cc.Model([other_power(), start_power])}, "model was"),
    ],
)
def test_another_call_is_refused(tmp_path, changed, message):
    broken_off(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(InputError, match=f"of another run: .*{message}.*make the same call again"):
        indices(tmp_path, **changed)
    assert (tmp_path / FILE).read_bytes() == before


def test_other_libraries_are_refused_here_and_on_a_worker(tmp_path, monkeypatch):
    broken_off(tmp_path)
    monkeypatch.setattr(checkpoint_module, "versions", lambda: {"numpy": "1.0"})
    with pytest.raises(InputError, match=r'versions was {.*} and is {"numpy": "1.0"}'):
        indices(tmp_path)
    monkeypatch.setattr(executors, "versions", lambda: {"numpy": "1.0"})
    with pytest.raises(InputError, match=r"planned with other libraries .* numpy 1.0 there"):
        indices(executor="processes", workers=1)


def test_a_stream_and_its_indices_do_not_share_a_place(tmp_path):
    broken_off(tmp_path / "indices")
    with pytest.raises(InputError, match="another run: call was stream_sobol and is stream; make"):
        forecast(tmp_path / "indices")
    forecast(tmp_path / "stream")
    with pytest.raises(InputError, match="another run: call was stream and is stream_sobol; make"):
        indices(tmp_path / "stream")


def test_a_place_that_cannot_be_written_to_is_said_before_the_run(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    pieces = counted(monkeypatch)
    with pytest.raises(InputError, match="cannot write .*file.*name a directory"):
        indices(tmp_path / "file")
    assert not pieces


def test_a_checkpoint_that_is_damaged_is_said_to_be(tmp_path):
    broken_off(tmp_path)
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:500])
    with pytest.raises(InputError, match="cannot read checkpoint .* remove it"):
        indices(tmp_path)


def test_a_finished_replicate_is_one_row_of_the_file(tmp_path):
    indices(tmp_path, second_order=True)
    with np.load(tmp_path / FILE) as kept:
        assert json.loads(str(kept["run"]))["call"] == "stream_sobol"
        assert sorted(kept["place"][:, 1]) == list(range(8))
        # Of Azzini and Rosati's products: one of the base point, three an input, one a pair.
        statistics = 1 + 3 * INPUTS + INPUTS * (INPUTS - 1) // 2
        # Means of the independent runs, of four powers, of how often they are unusual, and of these in A less in B; of
        # products no spread.
        assert kept["mean"].shape == (8, (11 + statistics) * len(YEARS))
        assert kept["spread"].shape == (8, 11 * len(YEARS))


def test_sums_come_back_from_arrays_as_they_were(tmp_path):
    broken_off(tmp_path)
    with np.load(tmp_path / FILE) as kept:
        arrays = {name: kept[name] for name in kept.files if name != "run"}
    again = LeafSums.from_arrays(arrays)
    assert sum(stop - start for start, stop in again.leaves) == 9
    assert {name: result.tobytes() for name, result in again.to_arrays().items()} == {
        name: result.tobytes() for name, result in arrays.items()
    }


def test_writing_takes_a_twentieth_of_the_time_at_most(tmp_path, monkeypatch):
    clock = {"now": 1000.0}
    written = []

    class Clock:
        """A clock that writing and computing put forward."""

        monotonic = staticmethod(lambda: clock["now"])

    def slow_write(path, writer):
        clock["now"] += 1.0
        written.append(clock["now"])

    sum_products = module.sum_products

    def slow_piece(plan, start, stop):
        clock["now"] += 1.0
        return sum_products(plan, start, stop)

    monkeypatch.setattr(checkpoint_module, "time", Clock)
    monkeypatch.setattr(checkpoint_module, "write_whole", slow_write)
    monkeypatch.setattr(module, "sum_products", slow_piece)
    indices(tmp_path, size=4 * SIZE)
    # 32 pieces of a second: a writing at once, one after twenty seconds, one at the end.
    assert np.diff(written).tolist() == [21.0, 13.0]


def test_a_state_that_was_broken_off_half_merged_is_not_kept():
    class State:
        """What counts merges, and is broken off in the second."""

        leaves, merged = (), 0

        def merge(self, other):
            self.merged += 1
            if self.merged == 2:
                raise KeyboardInterrupt

    class Place:
        """What lists how many merges each writing saw."""

        written = []  # noqa: RUF012

        held = staticmethod(nullcontext)

        def read(self):
            return None

        def write(self, state):
            self.written.append(state.merged)

        write_if_due = write

    with pytest.raises(KeyboardInterrupt):
        checkpoint_module.run_pieces(lambda plan, start, stop: State(), None, State(), 1, leaf=1, size=4, place=Place())
    assert Place.written == [0, 1]


class Done:
    """The leaves that are finished, as lists."""

    def __init__(self, *leaves):
        self.leaves = list(leaves)

    def merge(self, other):
        self.leaves = sorted(self.leaves + other.leaves)


def test_progress_counts_the_leaves_that_were_finished_before():
    class Place:
        """What has the leaves in the middle."""

        held = staticmethod(nullcontext)
        read = staticmethod(lambda: Done((2, 4)))
        write = write_if_due = staticmethod(lambda state: None)

    seen = []
    run = checkpoint_module.run_pieces
    piece = lambda plan, start, stop: Done((start, stop))  # noqa: E731
    shown = {"progress": lambda *numbers: seen.append(numbers), "leaf": 10, "size": 65}
    assert run(piece, None, Done(), 2, place=Place(), **shown).leaves == [(0, 2), (2, 4), (4, 6), (6, 7)]
    assert seen == [(40, 65), (60, 65), (65, 65)]


def test_several_pieces_are_joined_to_one():
    assert checkpoint_module.joined([Done((0, 1)), Done((4, 5)), Done((2, 3))]).leaves == [(0, 1), (2, 3), (4, 5)]
