"""One independent stream of random numbers for each name, at any position."""

import functools
import hashlib

import numpy as np

from clustercast.errors import InputError


def checked_seed(seed: object) -> int:
    """Return a seed as a Python integer."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise InputError(f"seed is {seed!r}, which is not an integer; give an integer of 0 or more")
    if seed < 0:
        raise InputError(f"seed is {seed}, which is negative; give an integer of 0 or more")
    return int(seed)


@functools.lru_cache(maxsize=4096)
def _words(name: str) -> tuple[int, ...]:
    """Return the digest of a name as words of 32 bits; each replicate of a design asks for it."""
    return tuple(np.frombuffer(hashlib.sha256(name.encode()).digest(), "<u4").tolist())


def stream(seed: int, name: str, position: int = 0) -> np.random.Generator:
    """Return the generator of a name, moved on by a number of draws."""
    bits = np.random.PCG64DXSM(np.random.SeedSequence(checked_seed(seed), spawn_key=_words(name)))
    if position:
        bits.advance(position)
    return np.random.Generator(bits)


def replicate_seed(seed: int, replicate: int) -> int:
    """Return the seed of one of several independent replicates."""
    if replicate == 0:
        return checked_seed(seed)
    words = np.random.SeedSequence(checked_seed(seed), spawn_key=(replicate,)).generate_state(4)
    return sum(int(word) << (32 * place) for place, word in enumerate(words))
