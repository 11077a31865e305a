"""Where the priors lie that come with the library."""

import functools
from collections.abc import Sequence
from pathlib import Path

from clustercast.errors import InputError, nearest, shown

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


def path_of(name: object, folder: str, known: Sequence[str], what: str, kinds: str = "TOML") -> Path:
    """Return the path of a shipped name or of a file."""
    if not isinstance(name, str | Path):
        raise InputError(f"the {what} is a {type(name).__name__}; give a shipped name or the path of a {kinds} file")
    path = Path(name)
    if isinstance(name, str) and name in known:
        path = directory() / folder / f"{name}.toml"
    elif "\0" in str(path) or len(path.name) >= 256 or not path.is_file():
        moved = f"; {path.stem!r} is shipped, give that name" if path.stem in known else nearest(str(name), known)
        where = f"shipped are {', '.join(known)}, or give the path of a {kinds} file"
        raise InputError(f"there is no {what} {shown(str(name))}{moved}; {where}")
    return path
