"""Groups of inputs: of one section of the model or one source, and what a design swaps together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from clustercast.engine.model import Model, change_of
from clustercast.errors import InputError, nearest, shown, takes
from clustercast.priors.prior_set import Priors

By = Literal["section", "source"]
Groups = Mapping[str, Sequence[str]]
Swaps = dict[str, tuple[str, ...]]


@takes()
def input_groups(priors: Priors, by: By, model: Model) -> dict[str, tuple[str, ...]]:
    """Group the uncertain inputs, for `draw` and `run_sobol`.

    Parameters
    ----------
    priors : Priors
    by : {"section", "source"}
        Section: the module of the first quantity that takes the input. Source: the text of the prior's source.
    model : Model

    Returns
    -------
    dict of str to tuple of str
        Every uncertain input is in one group; an input without source is alone.

    Examples
    --------
    >>> groups = input_groups(cc.read_priors("situational_awareness"), "section", cc.cluster_model())
    >>> "cluster_growth_rate" in groups["cluster"]
    True
    """
    if by not in get_args(By):
        raise InputError(f"by is {by!r}{nearest(str(by), get_args(By))}; choose one of {', '.join(get_args(By))}")
    keys = {n: (priors[n].source or n) if by == "source" else section_of(n, model) for n in priors.uncertain}
    return {key: tuple(name for name in keys if keys[name] == key) for key in keys.values()}


def section_of(name: str, model: Model) -> str:
    """Return the last part of the module of the first quantity that takes an input, for all years or from a date on."""
    # An input of the model may be named like a change of another.
    change = None if model.users(name) else change_of(name)
    users = model.users(change[0] if change else name)
    return model.functions[users[0]].__module__.rsplit(".", 1)[-1] if users else name


def swapped_together(priors: Priors, groups: Groups | None, latent: bool) -> tuple[Swaps, Swaps]:
    """Return what is swapped together, by name, and which of these groups were made of correlated inputs."""
    refuse_constant(priors)
    group_of: dict[str, str] = {}
    for group, members in checked_groups(groups, priors).items():
        if group in priors and list(members) != [group]:
            raise InputError(f"group {group!r} has the name of an input; call it otherwise")
        for name in members:
            if name in group_of:
                raise InputError(f"input {name!r} is in two groups, {group_of[name]!r} and {group!r}; keep it in one")
            group_of[name] = group
    keys = {name: group_of.get(name, name) for name in priors.uncertain}
    swaps = {key: tuple(name for name in keys if keys[name] == key) for key in keys.values()}
    if latent:
        return swaps, {}
    # Each set of swaps that correlations connect, by its first member.
    connected = {key: [key] for key in swaps}
    for one, other in ((group_of.get(name, name) for name in c.between) for c in priors.correlations if c.rank):
        left, right = (next(k for k, members in connected.items() if key in members) for key in (one, other))
        if left != right:
            first, second = sorted((left, right), key=list(swaps).index)
            connected[first] += connected.pop(second)
    named = {}
    for together in connected.values():
        after = together if len(together) < 4 else [together[0], f"{len(together) - 1}_correlated_with_it"]
        named["_and_".join(after)] = tuple(name for key in together for name in swaps[key])
    return named, {name: members for name, members in named.items() if name not in swaps}


def checked_groups(groups: Groups | None, priors: Priors) -> Groups:
    """Return groups, refused where they are no mapping of names to lists of uncertain inputs, or one is empty."""
    if groups is not None and not isinstance(groups, Mapping):
        raise InputError(f"groups is {shown(groups)}; give names and members, as in {{'growth': ['a', 'b']}}")
    checked: dict[str, list[str]] = {}
    for group, members in (groups or {}).items():
        checked[group] = [] if isinstance(members, str) or not isinstance(members, Iterable) else list(members)
        if not checked[group]:
            raise InputError(f"group {group!r} holds {shown(members)}; give a list of one input or more")
        for name in checked[group]:
            if name not in priors.uncertain:
                raise InputError(f"group {group!r} holds {name!r}, no uncertain input{nearest(name, priors.uncertain)}")
    return checked


def refuse_constant(priors: Priors) -> None:
    """Refuse priors without an uncertain input."""
    if not priors.uncertain:
        raise InputError(f"{priors.name} has no uncertain input; sensitivity needs at least one")
