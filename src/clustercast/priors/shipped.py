"""Where the priors lie that come with the library."""

import functools
from pathlib import Path

from clustercast.errors import InputError

_IN_WHEEL = Path(__file__).parents[1] / "shipped_priors"
_IN_CHECKOUT = Path(__file__).parents[3] / "priors"


def directory() -> Path:
    """Return the directory of the shipped priors."""
    return _found(_IN_WHEEL, _IN_CHECKOUT)


@functools.cache
def _found(wheel: Path, checkout: Path) -> Path:
    """Return which of two directories there is."""
    for candidate in (wheel, checkout):
        if candidate.is_dir():
            return candidate
    raise InputError(f"the shipped priors are in neither {wheel} nor {checkout}; install clustercast again")
