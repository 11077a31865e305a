import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustercast.arrays.points.streams import checked_seed, replicate_seed, stream
from clustercast.errors import InputError


def test_the_stream_is_pcg64dxsm_on_the_seed_and_the_digest_of_the_name():
    words = np.frombuffer(hashlib.sha256(b"load_factor").digest(), dtype="<u4")
    expected = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(7, spawn_key=tuple(words.tolist()))))
    assert np.array_equal(stream(7, "load_factor").random(100), expected.random(100))


@given(st.lists(st.text(max_size=8), min_size=2, max_size=20, unique=True), st.integers(0, 2**200))
def test_each_name_has_a_key_of_its_own(names, seed):
    states = {tuple(stream(seed, name).bit_generator.seed_seq.generate_state(4)) for name in names}
    assert len(states) == len(names)


@given(st.integers(0, 2**70), st.integers(0, 1000))
def test_a_position_passes_over_draws(seed, position):
    assert stream(seed, "a", position).random() == stream(seed, "a").random(position + 1)[-1]


def test_replicates_have_seeds_of_their_own_and_the_first_is_the_seed():
    seeds = [replicate_seed(seed, replicate) for seed in (0, 1, 2**100) for replicate in range(50)]
    assert len(set(seeds)) == len(seeds)
    assert [replicate_seed(seed, 0) for seed in (0, 1, 2**100)] == [0, 1, 2**100]


@pytest.mark.parametrize("seed", [-1, 1.0, "7", None, True, np.float64(2)])
def test_a_seed_that_is_no_whole_number_of_0_or_more_is_refused(seed):
    with pytest.raises(InputError, match="seed is .*; give a whole number of 0 or more"):
        checked_seed(seed)
