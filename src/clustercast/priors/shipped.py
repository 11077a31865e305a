"""Where the priors lie that come with the library."""

from pathlib import Path

from clustercast.errors import InputError

_IN_WHEEL = Path(__file__).parents[1] / "shipped_priors"
_IN_CHECKOUT = Path(__file__).parents[3] / "priors"


def directory() -> Path:
    """Return the directory of the shipped priors."""
    for candidate in (_IN_WHEEL, _IN_CHECKOUT):
        if candidate.is_dir():
            return candidate
    raise InputError(f"the shipped priors are in neither {_IN_WHEEL} nor {_IN_CHECKOUT}; install clustercast again")
