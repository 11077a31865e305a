"""Regions of inputs: boxes where something comes true, judged on draws that did not find them; what matters there."""

import itertools
import math
from collections.abc import Iterable

import numpy as np
import xarray as xr

from clustercast.arrays import BoolArray, FloatArray, Names
from clustercast.arrays.decisions.boxes import Box, CodeArray, chosen_box, peel, quantile_codes, quasi_p_values
from clustercast.arrays.decisions.partition import partition, without_twins
from clustercast.arrays.decisions.scores import variance_gain
from clustercast.arrays.decisions.together import explained, rank_scores
from clustercast.arrays.indices.intervals import normal_factor
from clustercast.arrays.summaries import share_with_error, unit_for_squares
from clustercast.dataset import in_words, provenance
from clustercast.decisions import targets
from clustercast.errors import InputError, count_of, takes, typed, whole_number
from clustercast.sensitivity.given_data import input_matrix, varied_inputs

_LEAST_HITS = 80
_LEAST_SHARE, _LEAST_DRAWS = 0.05, 30
# Draws that a region must hold, that are used of it, and inputs: each set of them is one more regression.
_LEAST, _MOST, _INPUTS, _MOST_INPUTS = 500, 16384, 5, 8


@typed
def discover(
    forecast: xr.Dataset,
    condition: targets.Event,
    *,
    boxes: int = 1,
    density: float | None = None,
    peeled: float = 0.05,
    inputs: Names = None,
) -> xr.Dataset:
    """Return boxes of inputs in which a condition comes true.

    Parameters
    ----------
    forecast, inputs
        As in `evppi`.
    condition : str, Claim or Condition
        As `parse_condition` reads it, or the id of a shipped claim.
    boxes : int, optional
        How many boxes to look for, each on the draws outside those before it.
    density : float, optional
        How often it comes true in a box at least; by default the harmonic mean of coverage and density is greatest.
    peeled : float, optional
        Part of the draws of a box that one step takes off, at most 0.5.

    Returns
    -------
    Dataset
        By (box, input): ``lower`` and ``upper``, infinite where there is no limit, and ``quasi_p``, the probability
        that chance gives as much without the limit, NaN where there is none. By (box,): ``density``, how often it comes
        true inside, ``coverage``, the part of all cases inside, and ``mass``, the part of the draws, with
        ``density_error`` and ``coverage_error``. The attribute ``words`` has a sentence for each box.

    Raises
    ------
    InputError
        If the condition is unknown or holds, or fails, in fewer than 80 draws, or no box is as dense as asked for.

    References
    ----------
    B. P. Bryant and R. J. Lempert, Technol. Forecast. Soc. Change 77, 34 (2010), doi:10.1016/j.techfore.2009.08.002.
    J. H. Friedman and N. I. Fisher, Stat. Comput. 9, 123 (1999), doi:10.1023/A:1008894516817.

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))
    >>> inputs = cc.draw(priors, 8192, seed=1)
    >>> forecast = cc.evaluate(inputs, lambda x, y: (x > 0.7) & (y < 0.5), outputs={"inside": "1"}, form="arrays")
    >>> regions = cc.discover(forecast, "inside > 0.5")
    >>> regions["lower"].round(1).values.tolist(), regions["upper"].round(1).values.tolist()
    ([[0.7, -inf]], [[inf, 0.5]])
    """
    event = targets.asked_event(forecast, condition)
    whole_number("boxes", boxes, most=20)
    if not 0 < peeled <= 0.5:
        raise InputError(f"peeled is {peeled!r}; give a part of at most 0.5, as 0.05")
    wanted = None if density is None else targets.checked_fraction("density", density)
    holds = event.holds
    if min(holds.sum(), (~holds).sum()) < _LEAST_HITS:
        remedy = f"a region needs {_LEAST_HITS} with and without it, so draw more or ask for something less extreme"
        raise InputError(f"{event.name!r} holds in {holds.sum():,} of {holds.size:,} draws; {remedy}")
    names = list(varied_inputs(forecast, inputs))
    codes, edges = quantile_codes(input_matrix(forecast, names).T)
    part = np.random.default_rng(0).permutation(holds.size) % 4
    regions: list[Box] = []
    outside = np.ones(holds.size, dtype=np.bool_)
    for _ in range(boxes):
        finding, choosing = ((codes[:, rows], holds[rows]) for rows in (outside & (part < 2), outside & (part == 2)))
        if (hits := int(finding[1].sum())) < _LEAST_DRAWS:
            break
        least = max(_LEAST_DRAWS, int(min(_LEAST_SHARE * finding[1].size, hits / 2)))
        box = chosen_box(peel(*finding, peeled, least), finding, choosing, wanted)
        if box is None or (regions and not box.limited.size):
            break
        regions.append(box)
        outside &= ~box.contains(codes)
    if not regions:
        remedy = f"it is {event.share:.3g} over all draws, so ask for less, or draw more"
        raise InputError(f"no box of inputs has {event.name!r} with a density of {density}; {remedy}")
    result = _labelled(regions, names, edges, codes[:, part == 3], holds[part == 3])
    words = "\n".join(_words(event, result.isel(box=k), forecast) for k in range(len(regions)))
    return result.assign_attrs(condition=event.name, before=event.share, words=words)


def _labelled(
    boxes: list[Box], names: list[str], edges: list[FloatArray], codes: CodeArray, holds: BoolArray
) -> xr.Dataset:
    """Return limits in units of the inputs, and what the judging draws say of each box."""
    lower, upper, p_values = (np.full((len(boxes), len(names)), start) for start in (-np.inf, np.inf, np.nan))
    numbers = np.empty((5, len(boxes)))
    outside = np.ones(holds.size, dtype=np.bool_)
    for place, box in enumerate(boxes):
        for column in box.limited:
            ends = [-np.inf, *edges[column], np.inf]
            lower[place, column] = ends[box.low[column]]
            upper[place, column] = ends[min(box.high[column] + 1, len(ends) - 1)]
        p_values[place, box.limited] = list(quasi_p_values(codes[:, outside], holds[outside], box))
        inside = box.contains(codes) & outside
        numbers[:, place] = *share_with_error(holds[inside]), *share_with_error(inside[holds]), inside.mean()
        outside &= ~inside
    dims = ("box", "input")
    keys = ("density", "density_error", "coverage", "coverage_error", "mass")
    limits = {"lower": (dims, lower), "upper": (dims, upper), "quasi_p": (dims, p_values)}
    judged = {key: ("box", row) for key, row in zip(keys, numbers, strict=True)}
    return xr.Dataset({**limits, **judged}, {"box": np.arange(1, len(boxes) + 1), "input": names}, provenance({}))


def _words(event: targets.Wanted, box: xr.Dataset, forecast: xr.Dataset) -> str:
    """Return one box in a sentence, the limits that matter most first."""
    limited = [str(name) for name in box["input"].values[~np.isnan(box["quasi_p"].values)]]
    if not limited:
        where = f"it is so in {100 * event.share:.2g} % of all draws"
        return f"No box was found in which it is more often so that {event.words}: {where}."
    said = []
    for name in sorted(limited, key=lambda one: float(box["quasi_p"].sel(input=one))):
        low, high = (float(box[key].sel(input=name)) for key in ("lower", "upper"))
        unit = str(forecast[name].attrs.get("units", "1"))
        where = f"below {targets.with_unit_text(high, low, unit)}"
        if np.isinf(high):
            where = f"above {targets.with_unit_text(low, high, unit)}"
        elif not np.isinf(low):
            where = f"from {targets.with_unit_text(low, high, '1')} to {targets.with_unit_text(high, low, unit)}"
        said.append(f"{in_words(name)} is {where}")
    words = event.words[:1].upper() + event.words[1:]
    density, coverage = (100 * float(box[key]) for key in ("density", "coverage"))
    return f"{words} in {density:.0f} % of draws where {' and '.join(said)}; {coverage:.0f} % of its cases are there."


@takes("sample")
def regional_indices(
    forecast: xr.Dataset,
    target: targets.Target | Iterable[targets.Target],
    condition: targets.Event | None = None,
    *,
    inputs: Names = None,
    confidence: float = 0.95,
) -> xr.Dataset:
    """Return Sobol' indices and Shapley effects among the draws in a region, where inputs depend on each other.

    Parameters
    ----------
    forecast, confidence
        As in `evpi`.
    target : str, Claim, Condition or iterable of these
        Outputs in a year, as ``"fleet_power in 2030"``, on log10 where they are positive, and claims.
    condition : str, Claim or Condition, optional
        The region, in inputs or in outputs, as `parse_condition` reads it; all draws when left out.
    inputs : str or iterable of str, optional
        At most eight; by default the five with the largest first-order indices.

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
        If a name is unknown, the region holds fewer than 500 draws, a target is constant there, or inputs exceed eight.

    References
    ----------
    Broto, Bachoc and Depecker (2020), doi:10.1137/18M1234631; Owen and Prieur (2017), doi:10.1137/16M1097717.

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))
    >>> forecast = cc.evaluate(cc.draw(priors, 8192, seed=1), lambda x, y: x - y, outputs={"total": "1"}, form="arrays")
    >>> cc.regional_indices(forecast, "total", "x > 0.5")["shapley"].round(1).values.tolist()
    [[0.2, 0.8]]
    """
    factor = normal_factor(confidence)
    event = None if condition is None else targets.asked_event(forecast, condition)
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
    asked = targets.targets_of(forecast, target)
    values = np.column_stack([one.values[rows] for one in asked])
    if flat := [one.name for one, column in zip(asked, values.T, strict=True) if np.ptp(column) == 0]:
        raise InputError(f"{where} leaves {flat[0]!r} no variance to explain; ask for another region or target")
    values, columns = values / [unit_for_squares(column) for column in values.T], columns[:, rows]
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    if inputs is None:
        share = variance_gain(partition(columns), standard)[0]
        chosen = np.sort(np.argsort(-share.max(axis=1), kind="stable")[:_INPUTS])
        names, columns = [names[k] for k in chosen], columns[chosen]
    if len(names) > _MOST_INPUTS:
        raise InputError(f"{len(names)} inputs have {2 ** len(names):,} subsets; name at most {_MOST_INPUTS}")
    indices = _indices(rank_scores(columns), standard, targets.independent(forecast))
    dims = ("target", "input")
    measures = {key: (dims[: part.ndim - 1], part[0]) for key, part in indices.items()}
    measures |= {f"{key}_conf": (dims[: part.ndim - 1], factor * part[1]) for key, part in indices.items()}
    attrs = {**provenance({}), "condition": event.name if event else "", "confidence": confidence, "runs": rows.size}
    result = xr.Dataset(measures, {"target": [one.name for one in asked], "input": names}, attrs)
    inside = "Over all draws" if event is None else f"Where {event.words}"
    said = []
    for place, one in enumerate(asked):
        row = result.isel(target=place)
        best = int(np.argmax(row["shapley"].values))
        part, half = (100 * float(row[key][best]) for key in ("shapley", "shapley_conf"))
        first = f"{names[best].replace('_', ' ')} has {part:.0f} % (±{half:.0f}) of the variance of {one.words}"
        whole = f"the {count_of(len(names), 'input')} looked at explained {100 * float(row['explained']):.0f} %"
        said.append(f"{inside}, {first}; {whole}.")
    return result.assign_attrs(words="\n".join(said))


def _indices(scores: FloatArray, values: FloatArray, local: bool = True) -> dict[str, FloatArray]:
    """Return the indices of standardised values (N, T) with their errors, shape (2, T, d) or (2, T)."""
    count, (size, width) = len(scores), values.shape
    subsets = [frozenset(u) for k in range(1, count + 1) for u in itertools.combinations(range(count), k)]
    # Each index is a sum over subsets of what they explain; so is the part of each sample in it, which gives the error.
    weights = np.zeros((3 * count + 1, len(subsets)))
    for place, u in enumerate(subsets):
        for k in range(count):
            rank = 1 / (count * math.comb(count - 1, len(u) - (k in u)))
            weights[k, place] = u == {k}
            weights[count + k, place] = (len(u) == count) - (len(u) == count - 1 and k not in u)
            weights[2 * count + k, place] = rank if k in u else -rank
        weights[-1, place] = len(u) == count
    parts, doubt = np.zeros((2, len(weights), size, width)), np.zeros((len(weights), width))
    for place, u in enumerate(subsets):
        result, own = explained(scores[sorted(u)], values, local), weights[:, place, np.newaxis]
        parts += own[..., np.newaxis] * result[:2, np.newaxis]
        doubt += (own * result[2].mean(axis=0)) ** 2
    value = parts[0].mean(axis=1)
    # The variance is estimated too.
    spread = (parts[0] - value[:, np.newaxis] * values**2).var(axis=1) + parts[1].var(axis=1)
    both = np.stack([value, np.sqrt(spread / size + doubt)]).transpose(0, 2, 1)
    named = {key: both[:, :, k * count : (k + 1) * count] for k, key in enumerate(("S1", "ST", "shapley"))}
    return {**named, "explained": both[:, :, -1]}
