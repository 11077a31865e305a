"""Where something comes true: boxes in the space of inputs, judged on draws that they were not found on."""

import numpy as np
import xarray as xr

from clustercast.arrays import BoolArray, FloatArray, Names
from clustercast.arrays.decisions.boxes import Box, CodeArray, chosen_box, peel, quantile_codes, quasi_p_values
from clustercast.arrays.summaries.summaries import share_with_error
from clustercast.dataset import in_words, provenance
from clustercast.decisions.drawn_from import Event, asked_event, checked_fraction, with_unit_text
from clustercast.decisions.targets import Wanted
from clustercast.errors import InputError, typed, whole_number
from clustercast.sensitivity.given_data import input_matrix, varied_inputs

_LEAST_HITS = 80
_LEAST_SHARE, _LEAST_DRAWS = 0.05, 30


@typed
def discover(
    forecast: xr.Dataset,
    condition: Event,
    *,
    boxes: int = 1,
    density: float | None = None,
    peeled: float = 0.05,
    inputs: Names = None,
) -> xr.Dataset:
    """Return boxes of inputs in which a condition comes true.

    Parameters
    ----------
    forecast : Dataset
        From `propagate` or `evaluate` on independent draws. No model is run.
    condition : str, Claim or Condition
        As `parse_condition` reads it, or the id of a shipped claim.
    boxes : int, optional
        How many boxes to look for, each on the draws outside those before it.
    density : float, optional
        How often it comes true in a box at least; by default the harmonic mean of coverage and density is greatest.
    peeled : float, optional
        Part of the draws of a box that one step takes off, at most 0.5.
    inputs : str or iterable of str, optional
        All that vary by default.

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

    Notes
    -----
    The patient rule induction method peels boxes on half of the draws, and moves the limits of the one that a quarter
    of them chooses to where they serve best; limits that chance explains (quasi-p above 0.05) are taken off. The other
    quarter gives every number but the limits.

    References
    ----------
    B. P. Bryant and R. J. Lempert, Technol. Forecast. Soc. Change 77, 34 (2010), doi:10.1016/j.techfore.2009.08.002.
    J. H. Friedman and N. I. Fisher, Stat. Comput. 9, 123 (1999), doi:10.1023/A:1008894516817.

    Examples
    --------
    >>> import clustercast as cc
    >>> priors = cc.Priors(x=cc.Uniform(0, 1), y=cc.Uniform(0, 1))
    >>> inputs = cc.draw(priors, 8192, seed=1)
    >>> forecast = cc.evaluate(inputs, lambda x, y: (x > 0.7) & (y < 0.5), outputs={"inside": "1"}, form="arrays")
    >>> found = cc.discover(forecast, "inside > 0.5")
    >>> found["lower"].round(1).values.tolist(), found["upper"].round(1).values.tolist()
    ([[0.7, -inf]], [[inf, 0.5]])
    """
    event = asked_event(forecast, condition)
    whole_number("boxes", boxes, most=20)
    if not 0 < peeled <= 0.5:
        raise InputError(f"peeled is {peeled!r}; give a part of at most 0.5, as 0.05")
    wanted = None if density is None else checked_fraction("density", density)
    holds = event.holds
    if min(holds.sum(), (~holds).sum()) < _LEAST_HITS:
        remedy = f"a region needs {_LEAST_HITS} with and without it, so draw more or ask for something less extreme"
        raise InputError(f"{event.name!r} holds in {holds.sum():,} of {holds.size:,} draws; {remedy}")
    names = list(varied_inputs(forecast, inputs))
    codes, edges = quantile_codes(input_matrix(forecast, names).T)
    part = np.random.default_rng(0).permutation(holds.size) % 4
    found: list[Box] = []
    outside = np.ones(holds.size, dtype=np.bool_)
    for _ in range(boxes):
        # Found and chosen on draws outside the other boxes.
        finding, choosing = ((codes[:, rows], holds[rows]) for rows in (outside & (part < 2), outside & (part == 2)))
        if (hits := int(finding[1].sum())) < _LEAST_DRAWS:
            break
        least = max(_LEAST_DRAWS, int(min(_LEAST_SHARE * finding[1].size, hits / 2)))
        box = chosen_box(peel(*finding, peeled, least), finding, choosing, wanted)
        if box is None or (found and not box.limited.size):
            break
        found.append(box)
        outside &= ~box.contains(codes)
    if not found:
        remedy = f"it is {event.share:.3g} over all draws, so ask for less, or draw more"
        raise InputError(f"no box of inputs has {event.name!r} with a density of {density}; {remedy}")
    result = _labelled(found, names, edges, codes[:, part == 3], holds[part == 3])
    words = "\n".join(_words(event, result.isel(box=k), forecast) for k in range(len(found)))
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
    return xr.Dataset(
        {"lower": (dims, lower), "upper": (dims, upper), "quasi_p": (dims, p_values)}
        | {key: ("box", row) for key, row in zip(keys, numbers, strict=True)},
        {"box": np.arange(1, len(boxes) + 1), "input": names},
        provenance({}),
    )


def _words(event: Wanted, box: xr.Dataset, forecast: xr.Dataset) -> str:
    """Return one box in a sentence, the limits that matter most first."""
    limited = [str(name) for name in box["input"].values[~np.isnan(box["quasi_p"].values)]]
    if not limited:
        where = f"it is so in {100 * event.share:.2g} % of all draws"
        return f"No box was found that has more often that {event.words}: {where}."
    said = []
    for name in sorted(limited, key=lambda one: float(box["quasi_p"].sel(input=one))):
        low, high = (float(box[key].sel(input=name)) for key in ("lower", "upper"))
        unit = str(forecast[name].attrs.get("units", "1"))
        where = f"below {with_unit_text(high, low, unit)}"
        if np.isinf(high):
            where = f"above {with_unit_text(low, high, unit)}"
        elif not np.isinf(low):
            where = f"from {with_unit_text(low, high, '1')} to {with_unit_text(high, low, unit)}"
        said.append(f"{in_words(name)} is {where}")
    words = event.words[:1].upper() + event.words[1:]
    return (
        f"{words} in {100 * float(box['density']):.0f} % of draws where {' and '.join(said)}; "
        f"{100 * float(box['coverage']):.0f} % of its cases are there."
    )
