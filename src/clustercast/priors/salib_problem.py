"""Priors from SALib's dictionaries and parameter files; SALib itself is not needed."""

import keyword
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from clustercast.errors import InputError, count_of, located, nearest, shown, typed
from clustercast.files.whole import read_text
from clustercast.priors import families
from clustercast.priors.prior_set import Priors

_DIRECT: dict[str, type[families.Family]] = {"unif": families.Uniform, "logunif": families.LogUniform}
_DIRECT |= {"norm": families.Normal, "lognorm": families.LogNormal}
_COUNTS = {**dict.fromkeys(_DIRECT, (2,)), "triang": (2, 3), "truncnorm": (4,), "weibull": (2, 3)}


@typed
def read_salib(problem: Mapping[str, Any] | str | Path, *, units: Mapping[str, str] | None = None) -> Priors:
    """Read the inputs of a SALib problem as priors.

    Parameters
    ----------
    problem : mapping, str or Path
        SALib's dictionary with ``names``, ``bounds`` and optionally ``dists`` and ``groups``, or the path of a
        parameter file: a line an input with name, lower bound, upper bound, and optionally group and distribution.
    units : mapping of str to str, optional
        Unit of each input; ``"1"`` where none is given.

    Returns
    -------
    Priors
        Independent inputs, in SALib's order; `groups` holds the groups, for ``draw(..., groups=priors.groups)``.

    Raises
    ------
    InputError
        If names, bounds and distributions do not fit together.

    Examples
    --------
    >>> priors = read_salib({"names": ["x", "y"], "bounds": [[0, 1], [2, 0.5]], "dists": ["unif", "norm"]})
    >>> priors["y"]
    Normal(mean=2.0, sd=0.5, source='SALib problem')
    """
    if not isinstance(problem, str | Path | Mapping):
        raise InputError(f"the problem is a {type(problem).__name__}; give SALib's dictionary or a parameter file")
    origin = "SALib problem" if isinstance(problem, Mapping) else str(problem)
    content: Mapping[str, Any] = problem if isinstance(problem, Mapping) else _parameter_file(Path(problem))
    names, bounds, dists, groups = _rows(content, origin)
    if unknown := [name for name in units or {} if name not in names]:
        raise InputError(f"units names {unknown[0]!r}, which is not an input of {origin}{nearest(unknown[0], names)}")
    distributions = {}
    for name, dist, numbers in zip(names, dists, bounds, strict=True):
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise InputError(f"{origin}: {name!r} is not a name; use letters, digits and underscores")
        if name in distributions:
            raise InputError(f"{origin}: {name!r} is there twice; every input has its own name")
        with located(f"{origin}: {name}"):
            distributions[name] = _distribution(dist, list(numbers), unit=(units or {}).get(name, "1"), source=origin)
    members = {group: tuple(n for n, g in zip(names, groups, strict=True) if g == group) for group in groups}
    made = Priors(name="salib", origin=origin, **distributions)
    return made.carrying(groups=members if members.keys() != set(names) else {})


def _distribution(dist: str, values: list[Any], **about: Any) -> families.Family:
    """Return the distribution of one input as SALib means it."""
    if dist not in _COUNTS:
        raise InputError(f"unknown distribution {dist!r}{nearest(str(dist), _COUNTS)}; known are {', '.join(_COUNTS)}")
    if len(values) not in _COUNTS[dist]:
        raise InputError(f"{dist} takes {' or '.join(map(str, _COUNTS[dist]))} numbers, not {values}")
    if dist in _DIRECT:
        return _DIRECT[dist](*values, **about)
    try:
        if dist == "triang":
            low, high, peak = values if len(values) == 3 else (0.0, *values)
            return families.Triangular(low, low + peak * (high - low), high, **about)
        if dist == "truncnorm":
            low, high, mean, sd = values
            return families.TruncatedNormal(mean, sd, low, high, **about)
        from scipy import stats

        shape, scale, location = (*values, 0.0)[:3]
        return families.ScipyDistribution(stats.weibull_min(shape, loc=location, scale=scale), **about)
    except TypeError as error:
        raise InputError(f"{dist} takes numbers, not {values} ({error})") from None


def _rows(content: Mapping[str, Any], origin: str) -> tuple[list[Any], ...]:
    """Return names, bounds, distributions and groups of a problem, one of each for each input."""
    if absent := [key for key in ("names", "bounds") if key not in content]:
        raise InputError(f"{origin} has no {absent[0]!r}; SALib's dictionary has 'names' and 'bounds'")
    usual = {"dists": ["unif"] * np.size(content["names"]), "groups": content["names"]}
    rows = {key: content.get(key) or usual.get(key, ()) for key in ("names", "bounds", "dists", "groups")}
    if wrong := [key for key, row in rows.items() if isinstance(row, str) or not isinstance(row, Iterable)]:
        raise InputError(f"{origin}: {wrong[0]} is {shown(rows[wrong[0]])}; give a list, of one for each input")
    names, *others = map(list, rows.values())
    for key, row in zip(("bounds", "dists", "groups"), others, strict=True):
        if len(row) != len(names):
            raise InputError(f"{origin}: {len(row)} {key} for {len(names)} names; give one for each")
    if (count := content.get("num_vars", len(names))) != len(names):
        raise InputError(f"{origin}: num_vars is {count!r}, for {count_of(len(names), 'name')}; correct one")
    return names, *others


def _parameter_file(path: Path) -> dict[str, list[Any]]:
    """Return the dictionary that SALib makes of a parameter file."""
    rows: list[tuple[Any, ...]] = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip() or line.strip().startswith("#"):
            continue
        delimiter = next((sign for sign in (",", ";", "\t") if sign in line), None)
        name, *cells = (cell.strip() for cell in line.strip().split(delimiter))
        try:
            low, high, *more = cells
            bounds = [float(low), float(high)]
        except ValueError:
            wanted = "name, lower bound, upper bound and optionally group and distribution, with commas between"
            raise InputError(f"{path}, line {number}: {line[:60]!r} is not {wanted}") from None
        group, dist = (*more, "", "")[:2]
        rows.append((name, bounds, name if group in ("", "NA") else group, dist or "unif"))
    if not rows:
        raise InputError(f"{path} holds no inputs; write a line an input: name, lower bound, upper bound")
    return dict(zip(("names", "bounds", "groups", "dists"), map(list, zip(*rows, strict=True)), strict=True))
