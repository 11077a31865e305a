"""One independent stream of random numbers for each name, at any position."""

import functools
import hashlib

import numpy as np

from clustercast.errors import whole_number


def checked_seed(seed: object) -> int:
    """Return a seed as a Python integer."""
    return whole_number("seed", seed, least=0)


@functools.lru_cache(maxsize=4096)
def _words(name: str) -> tuple[int, ...]:
    """Return the digest of a name as words of 32 bits; each replicate of a design asks for it."""
    return tuple(np.frombuffer(hashlib.sha256(name.encode()).digest(), "<u4").tolist())


def stream(seed: int, name: str, position: int = 0) -> np.random.Generator:
    """Return the generator of a name, moved on by a number of draws."""
    bits = np.random.PCG64DXSM(np.random.SeedSequence(checked_seed(seed), spawn_key=_words(name)))
    bits.advance(position)
    return np.random.Generator(bits)


def replicate_seed(seed: int, replicate: int) -> int:
    """Return the seed of one of several independent replicates."""
    if replicate == 0:
        return checked_seed(seed)
    words = np.random.SeedSequence(checked_seed(seed), spawn_key=(replicate,)).generate_state(4)
    return sum(int(word) << (32 * place) for place, word in enumerate(words))
