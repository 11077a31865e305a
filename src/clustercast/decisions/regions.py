"""Sobol' and Shapley indices on a region: what matters among the draws that satisfy a condition."""

import itertools
import math
from collections.abc import Iterable

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray, Names
from clustercast.arrays.decisions.partition import partition, without_twins
from clustercast.arrays.decisions.scores import variance_gain
from clustercast.arrays.decisions.together import explained, rank_scores
from clustercast.arrays.indices.intervals import normal_factor
from clustercast.dataset import provenance
from clustercast.decisions.drawn_from import Event, asked_event, targets_of
from clustercast.decisions.targets import Target, independent
from clustercast.errors import InputError, takes
from clustercast.sensitivity.given_data import input_matrix, varied_inputs

# Draws that a region must hold, that are used of it, and inputs: each set of them is one more regression.
_LEAST, _MOST, _INPUTS, _MOST_INPUTS = 500, 16384, 5, 8


@takes("sample")
def regional_indices(
    forecast: xr.Dataset,
    target: Target | Iterable[Target],
    condition: Event | None = None,
    *,
    inputs: Names = None,
    confidence: float = 0.95,
) -> xr.Dataset:
    """Return Sobol' indices and Shapley effects among the draws in a region, where inputs depend on each other.

    Parameters
    ----------
    forecast : Dataset
        From `propagate` or `evaluate` on independent draws. No model is run.
    target : str, Claim, Condition or iterable of these
        Outputs in a year, as ``"fleet_power in 2030"``, on log10 where they are positive, and claims.
    condition : str, Claim or Condition, optional
        The region, in inputs or in outputs, as `parse_condition` reads it; all draws when left out.
    inputs : str or iterable of str, optional
        At most eight; by default the five with the largest first-order indices.
    confidence : float, optional
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    Dataset
        Dims (target, input): ``S1``, the part of the variance that knowing an input explains, what it shares with
        others included; ``shapley``, in which what is shared is divided; ``ST``, what it adds to the other inputs
        looked at. By (target,) ``explained``, by all of them, which is the sum of ``shapley``. Each has a half-width
        ``*_conf``. The attribute ``words`` has a sentence for each target.

    Raises
    ------
    InputError
        If a target, condition or input is unknown, the region holds fewer than 500 draws, a target is constant there,
        or there are more than eight inputs.

    Notes
    -----
    Draws in the region are draws of the law given it. The variance of the mean given a set of inputs is estimated as in
    `evppi`, by regression and nearest neighbours; what jumps in several inputs at once is found in part.

    References
    ----------
    B. Broto, F. Bachoc and M. Depecker, SIAM/ASA J. Uncertain. Quantif. 8, 693 (2020), doi:10.1137/18M1234631.
    A. B. Owen and C. Prieur, SIAM/ASA J. Uncertain. Quantif. 5, 986 (2017), doi:10.1137/16M1097717.

    Examples
    --------
    >>> import clustercast as cc
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))
    >>> forecast = cc.evaluate(cc.draw(priors, 8192, seed=1), lambda x, y: x - y, outputs={"total": "1"}, form="arrays")
    >>> cc.regional_indices(forecast, "total", "x > 0.5")["shapley"].round(1).values.tolist()
    [[0.2, 0.8]]
    """
    factor = normal_factor(confidence)
    event = None if condition is None else asked_event(forecast, condition)
    rows = np.arange(forecast.sizes["sample"]) if event is None else np.flatnonzero(event.holds)
    where = "The forecast" if event is None else f"The region {event.name!r}"
    names = list(varied_inputs(forecast, inputs))
    columns = input_matrix(forecast, names).T
    rows = rows[without_twins(columns[:, rows], rows.size)]
    if rows.size < _LEAST:
        what = f"{where} holds {rows.size:,} of {forecast.sizes['sample']:,} draws, and {_LEAST} are needed"
        raise InputError(f"{what}; draw more, or ask for a wider region")
    if rows.size > _MOST:
        rows = np.sort(np.random.default_rng(0).choice(rows, _MOST, replace=False))
    targets = targets_of(forecast, target)
    values = np.column_stack([one.values[rows] for one in targets])
    for one, column in zip(targets, values.T, strict=True):
        if np.ptp(column) == 0:
            raise InputError(f"{where} leaves {one.name!r} no variance to explain; ask for another region or target")
    columns = columns[:, rows]
    if inputs is None:
        share = variance_gain(partition(columns), values)[0] / values.var(axis=0)
        chosen = np.sort(np.argsort(-share.max(axis=1), kind="stable")[:_INPUTS])
        names, columns = [names[k] for k in chosen], columns[chosen]
    if len(names) > _MOST_INPUTS:
        raise InputError(f"{len(names)} inputs have {2 ** len(names):,} subsets; name at most {_MOST_INPUTS}")
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    found = _indices(rank_scores(columns), standard, independent(forecast))
    dims = ("target", "input")
    result = xr.Dataset(
        {key: (dims[: part.ndim - 1], part[0]) for key, part in found.items()}
        | {f"{key}_conf": (dims[: part.ndim - 1], factor * part[1]) for key, part in found.items()},
        {"target": [one.name for one in targets], "input": names},
        {**provenance({}), "condition": event.name if event else "", "confidence": confidence, "runs": rows.size},
    )
    inside = "Over all draws" if event is None else f"Where {event.words}"
    said = []
    for place, one in enumerate(targets):
        row = result.isel(target=place)
        best = int(np.argmax(row["shapley"].values))
        part, half = (100 * float(row[key][best]) for key in ("shapley", "shapley_conf"))
        said.append(
            f"{inside}, {names[best].replace('_', ' ')} has {part:.0f} % (±{half:.0f}) of the variance of {one.words}; "
            f"the {len(names)} inputs looked at have {100 * float(row['explained']):.0f} %."
        )
    return result.assign_attrs(words="\n".join(said))


def _indices(scores: FloatArray, values: FloatArray, local: bool = True) -> dict[str, FloatArray]:
    """Return the indices of standardised values (N, T) with their errors, shape (2, T, d) or (2, T)."""
    count, (size, width) = len(scores), values.shape
    subsets = [frozenset(u) for k in range(1, count + 1) for u in itertools.combinations(range(count), k)]
    # Each index is a sum over subsets of what they explain; so is the part of each sample in it, which gives the error.
    weights = np.zeros((3 * count + 1, len(subsets)))
    for place, u in enumerate(subsets):
        for k in range(count):
            order = len(u) - (k in u)
            rank = 1 / (count * math.comb(count - 1, order))
            weights[k, place] = u == {k}
            weights[count + k, place] = (len(u) == count) - (len(u) == count - 1 and k not in u)
            weights[2 * count + k, place] = rank if k in u else -rank
        weights[-1, place] = len(u) == count
    parts, doubt = np.zeros((2, len(weights), size, width)), np.zeros((len(weights), width))
    for place, u in enumerate(subsets):
        found, own = explained(scores[sorted(u)], values, local), weights[:, place, np.newaxis]
        parts += own[..., np.newaxis] * found[:2, np.newaxis]
        doubt += (own * found[2].mean(axis=0)) ** 2
    value = parts[0].mean(axis=1)
    # The variance is estimated too.
    spread = (parts[0] - value[:, np.newaxis] * values**2).var(axis=1) + parts[1].var(axis=1)
    both = np.stack([value, np.sqrt(spread / size + doubt)]).transpose(0, 2, 1)
    keys = ("S1", "ST", "shapley")
    named = {key: both[:, :, k * count : (k + 1) * count] for k, key in enumerate(keys)}
    return {**named, "explained": both[:, :, -1]}
