"""One independent stream of random numbers for each name, at any position."""

import hashlib

import numpy as np

from clustercast.errors import InputError


def checked_seed(seed: object) -> int:
    """Return a seed as a Python integer.

    Parameters
    ----------
    seed : object
        An integer, 0 or more, of any size.

    Returns
    -------
    int

    Raises
    ------
    InputError
        If it is no integer or negative.

    Examples
    --------
    >>> checked_seed(np.int64(7))
    7
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise InputError(f"seed is {seed!r}, which is not an integer; give an integer of 0 or more")
    if seed < 0:
        raise InputError(f"seed is {seed}, which is negative; give an integer of 0 or more")
    return int(seed)


def stream_key(seed: int, name: str) -> np.random.SeedSequence:
    """Return the key of the stream that belongs to a name.

    Parameters
    ----------
    seed : int
        0 or more, of any size.
    name : str
        Any text; two names have independent streams.

    Returns
    -------
    numpy.random.SeedSequence
        Made of the seed and the SHA-256 digest of the name, so that it is the same on every machine and does
        not depend on which other names there are.

    Raises
    ------
    InputError
        If the seed is no integer or negative.

    Examples
    --------
    >>> stream_key(0, "a").generate_state(1) == stream_key(0, "b").generate_state(1)
    array([False])
    """
    digest = hashlib.sha256(name.encode()).digest()
    words = tuple(int.from_bytes(digest[first : first + 4], "little") for first in range(0, len(digest), 4))
    return np.random.SeedSequence(checked_seed(seed), spawn_key=words)


def stream(seed: int, name: str, position: int = 0) -> np.random.Generator:
    """Return the generator of a name, moved on by a number of draws.

    Parameters
    ----------
    seed : int
        0 or more, of any size.
    name : str
        Any text.
    position : int, optional
        How many 64-bit draws to pass over; ``random()`` uses one a number.

    Returns
    -------
    numpy.random.Generator
        On PCG64DXSM.
    """
    bits = np.random.PCG64DXSM(stream_key(seed, name))
    if position:
        bits.advance(position)
    return np.random.Generator(bits)


def replicate_seed(seed: int, replicate: int) -> int:
    """Return the seed of one of several independent replicates.

    Parameters
    ----------
    seed : int
        0 or more, of any size.
    replicate : int
        Number of the replicate, from 0.

    Returns
    -------
    int
        `seed` itself for replicate 0, so that one replicate is the plain design; 128 bits derived from both
        for the others, which do not change when more replicates are added.

    Examples
    --------
    >>> replicate_seed(7, 0)
    7
    >>> replicate_seed(7, 1) == replicate_seed(8, 1)
    False
    """
    if replicate == 0:
        return checked_seed(seed)
    words = np.random.SeedSequence(checked_seed(seed), spawn_key=(replicate,)).generate_state(4)
    return sum(int(word) << (32 * place) for place, word in enumerate(words))
