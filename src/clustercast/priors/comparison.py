"""Two sets of priors side by side."""

from typing import TYPE_CHECKING

import numpy as np

from clustercast.engine.units import same_dimension
from clustercast.errors import typed
from clustercast.priors.families.family import without_texts
from clustercast.priors.prior_set import Priors, checked_priors

if TYPE_CHECKING:
    import pandas as pd

_LEVELS = {"5 %": 0.05, "50 %": 0.5, "95 %": 0.95}


@typed
def compare_priors(a: Priors, b: Priors) -> "pd.DataFrame":
    """Return the inputs in which two sets of priors differ.

    Parameters
    ----------
    a, b : Priors

    Returns
    -------
    pandas.DataFrame
        One row an input whose numbers differ, in the order of `a`; what only `b` has comes last. Columns ``unit``
        and ``meaning``, then the quantiles ``a 5 %`` to ``b 95 %`` in that unit: NaN where a set lacks the input.

    Examples
    --------
    >>> import clustercast as cc
    >>> a = cc.Priors(price=cc.to(10, 20, unit="USD"), share=0.5)
    >>> compare_priors(a, a.replace(price="$30"))[["unit", "a 50 %", "b 50 %"]].round(2).to_dict("index")
    {'price': {'unit': 'USD', 'a 50 %': 14.14, 'b 50 %': 30.0}}
    """
    import pandas as pd

    meanings = {name: declared.meaning for set_ in (b, a) for name, declared in checked_priors(set_).declared.items()}
    rows: dict[str, dict[str, object]] = {}
    for name in dict.fromkeys([*a, *b]):
        ours, theirs = (without_texts(one[name]) if name in one else None for one in (a, b))
        unit = (ours or theirs or a[name]).unit
        if theirs is not None and same_dimension(theirs.unit, unit):
            theirs = theirs.in_unit(unit)
        if ours != theirs:
            rows[name] = {"unit": unit, "meaning": meanings.get(name, "")}
            for side, prior in (("a", ours), ("b", theirs)):
                quantiles = {key: float(prior.quantile(level)) if prior else np.nan for key, level in _LEVELS.items()}
                rows[name] |= {f"{side} {key}": quantile for key, quantile in quantiles.items()}
    columns = ["unit", "meaning", *(f"{side} {level}" for side in "ab" for level in _LEVELS)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("input")
