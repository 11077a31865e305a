"""Where the priors lie that come with the library."""

from pathlib import Path

from clustercast.errors import InputError, nearest, shown

_IN_WHEEL = Path(__file__).parents[1] / "shipped_priors"
_IN_CHECKOUT = Path(__file__).parents[3] / "priors"
_FOLDERS = {"sets": ("prior set", "TOML"), "scenarios": ("scenario", "TOML")}
_FOLDERS |= {"observations": ("set of observations", "TOML or CSV")}


def directory() -> Path:
    """Return the directory of the shipped priors."""
    for candidate in (_IN_WHEEL, _IN_CHECKOUT):
        if candidate.is_dir():
            return candidate
    raise InputError(f"the shipped priors are in neither {_IN_WHEEL} nor {_IN_CHECKOUT}; install clustercast again")


def shipped_names(folder: str = "sets") -> tuple[str, ...]:
    """Return the names of the shipped prior sets, or with another folder of its files."""
    return tuple(sorted(path.stem for path in (directory() / folder).glob("*.toml")))


def path_of(name: object, folder: str) -> Path:
    """Return the path of a shipped name or of a file."""
    what, kinds = _FOLDERS[folder]
    if not isinstance(name, str | Path):
        raise InputError(f"the {what} is a {type(name).__name__}; give a shipped name or the path of a {kinds} file")
    path, known = Path(name), shipped_names(folder)
    if isinstance(name, str) and name in known:
        path = directory() / folder / f"{name}.toml"
    elif "\0" in str(path) or len(path.name) >= 256 or not path.is_file():
        moved = f"; {path.stem!r} is shipped, give that name" if path.stem in known else nearest(str(name), known)
        where = f"shipped are {', '.join(known)}, or give the path of a {kinds} file"
        raise InputError(f"there is no {what} {shown(str(name))}{moved}; {where}")
    return path
