"""The priors that a forecast was drawn from, what it is asked for, and normal scores of its inputs."""

from collections.abc import Iterable

import numpy as np
import xarray as xr
from scipy.special import ndtri

from clustercast.arrays import FloatArray
from clustercast.arrays.families.tails import score_of_tails
from clustercast.arrays.summaries.order_statistics import checked_weights
from clustercast.dataset import design_of, provenance_of
from clustercast.decisions.targets import Decision, Target, Wanted, wanted
from clustercast.errors import InputError
from clustercast.priors.prior_file import read_priors, shipped_names
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.sampling import PLAIN
from clustercast.uncertainty.claims import Claim
from clustercast.uncertainty.conditions import Condition
from clustercast.uncertainty.summaries import Weights, weights_array

Event = str | Claim | Condition


def asked_event(forecast: xr.Dataset, claim: Event) -> Wanted:
    """Return an event by the id of a claim or a condition, refused where it holds in no sample or in all."""
    found = one_target(forecast, claim)
    if found.score != "brier":
        remedy = f"make one of it, as '{found.name.split()[0]} > VALUE by 2028'"
        raise InputError(f"{found.name!r} is a number, not an event; {remedy}")
    return found


def one_target(forecast: xr.Dataset, target: Target, raw: bool = False) -> Wanted:
    """Return one target; an output in its own unit with `raw`, else on the scale of its variance."""
    found = wanted(forecast, target, None)[0]
    if found[0].score == "loss":
        raise InputError(f"{found[0].name!r} is a decision; name a claim, a condition or an output in their place")
    if len(found) > 1:
        remedy = f"choose one, as '{found[0].name.split()[0]} in 2030', or name a claim"
        raise InputError(f"{target!r} has {len(found)} years; {remedy}")
    return wanted(forecast, target, "width")[0][0] if raw and found[0].score == "variance" else found[0]


def targets_of(forecast: xr.Dataset, target: Target | Iterable[Target], raw: bool = False) -> list[Wanted]:
    """Return claims and outputs in a year, each named by itself; outputs in their own unit with `raw`."""
    several = [target] if isinstance(target, str | Condition | Claim | Decision) else list(target)
    if not several:
        raise InputError("target is empty; name a claim, a condition or an output, or leave it out for all")
    return [one_target(forecast, one, raw=raw) for one in several]


def priors_of(forecast: xr.Dataset, priors: Priors | None) -> Priors:
    """Return the priors that the inputs of a forecast were drawn from, the shipped ones by their name and hash."""
    record = provenance_of(forecast)
    name, drawn = str(record.get("priors_name", "")), record.get("priors_hash")
    if (design := design_of(forecast).get("name")) not in PLAIN:
        what = f"the forecast has the design {design!r}, whose samples are no independent draws of priors"
        raise InputError(f"{what}; draw with design='random' or 'sobol'")
    if priors is None:
        base, _, scenario = name.partition("+")
        known = base in shipped_names() and (not scenario or scenario in shipped_names("scenarios"))
        priors = read_priors(base, scenario=scenario or None) if known else None
        if priors is None or priors.hash != drawn:
            raise InputError(f"the forecast was drawn from {name!r}, which is no shipped set; give it as priors=")
    elif checked_priors(priors).hash != drawn:
        what = f"priors= has the hash {priors.hash}, but the forecast was drawn from {name!r} with {drawn}"
        raise InputError(f"{what}; give those, or draw and propagate again")
    return priors


def continuous_inputs(forecast: xr.Dataset, priors: Priors) -> tuple[str, ...]:
    """Return the drawn inputs with a density, those correlated with one of few values left out."""
    stepped = {name for name in priors.uncertain if priors[name].is_discrete}
    beside = {name for c in priors.correlations if stepped & set(c.between) for name in c.between}
    return tuple(name for name in priors.uncertain if name in forecast.data_vars and name not in stepped | beside)


def rank_scores(forecast: xr.Dataset, names: tuple[str, ...]) -> FloatArray:
    """Return the normal scores of the ranks of inputs among their own draws, shape (N, inputs)."""
    size = forecast.sizes["sample"]
    grid = ndtri((np.arange(size) + 0.5) / size)
    found = np.empty((size, len(names)))
    for place, name in enumerate(names):
        found[np.argsort(forecast[name].values), place] = grid
    return found


def normal_scores(forecast: xr.Dataset, priors: Priors, names: tuple[str, ...]) -> FloatArray:
    """Return the normal scores of inputs, shape (N, inputs)."""
    return np.column_stack([score_of_tails(*priors[name].tails(forecast[name].values)) for name in names])


def score_correlation(priors: Priors, names: tuple[str, ...]) -> FloatArray:
    """Return the correlation of the normal scores of inputs."""
    own = [k for k, name in enumerate(names) if name in priors.correlated]
    others = [priors.correlated.index(names[k]) for k in own]
    matrix = np.eye(len(names))
    matrix[np.ix_(own, own)] = priors.correlation_matrix[np.ix_(others, others)]
    return matrix


def shares_of(forecast: xr.Dataset, weights: Weights | None) -> FloatArray:
    """Return the weight of each sample, which sum to 1."""
    size = forecast.sizes["sample"]
    given = weights_array(weights, forecast)
    return np.full(size, 1 / size) if given is None else checked_weights(given, size)


def checked_fraction(what: str, value: object) -> float:
    """Return a number strictly between 0 and 1."""
    if not isinstance(value, int | float | np.number) or not 0 < value < 1:
        raise InputError(f"{what} is {value!r}; give a number between 0 and 1, both excluded")
    return float(value)


def with_unit_text(number: float, other: float, unit: str) -> str:
    """Return a number with its unit, with so many digits that it differs from another where they differ."""
    digits = next((k for k in (2, 3, 4, 6) if f"{number:.{k}g}" != f"{other:.{k}g}"), 3)
    text = f"{float(f'{number:.{digits}g}'):,g}"
    return text if unit == "1" else f"{text} {unit}"
