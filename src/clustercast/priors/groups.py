"""Groups of inputs: all of one section of the model, or all of one source."""

from typing import Literal

from clustercast.engine.model import Model
from clustercast.errors import InputError, nearest, takes
from clustercast.priors.prior_set import Priors

By = Literal["section", "source"]

_WAYS = ("section", "source")


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

    Raises
    ------
    InputError
        If there is no such way to group.

    Examples
    --------
    >>> import clustercast as cc
    >>> groups = input_groups(cc.read_priors("situational_awareness"), "section", cc.cluster_model())
    >>> "cluster_growth_rate" in groups["cluster"]
    True
    """
    if by not in _WAYS:
        raise InputError(f"groups are by {by!r}{nearest(str(by), _WAYS)}; choose one of {', '.join(_WAYS)}")
    groups: dict[str, tuple[str, ...]] = {}
    for name in priors.uncertain:
        key = (priors[name].source or name) if by == "source" else section_of(name, model)
        groups[key] = (*groups.get(key, ()), name)
    return groups


def section_of(name: str, model: Model) -> str:
    """Return the last part of the module of the first quantity that takes an input."""
    users = model.users(name)
    return model.functions[users[0]].__module__.rsplit(".", 1)[-1] if users else name
