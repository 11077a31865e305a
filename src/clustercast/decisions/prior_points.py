"""What a forecast changes by as a stated point of a prior moves."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray, Names
from clustercast.arrays.decisions import shifts
from clustercast.arrays.decisions.partition import partition
from clustercast.arrays.summaries.order_statistics import effective_size
from clustercast.dataset import design_of, provenance, with_provenance
from clustercast.decisions.drawn_from import priors_of, shares_of, targets_of, with_unit_text
from clustercast.decisions.targets import Target, Wanted, wanted
from clustercast.errors import InputError, typed
from clustercast.priors.prior_set import Priors
from clustercast.sensitivity.design import SaltelliDesign, saltelli_design
from clustercast.sensitivity.given_data import input_matrix, varied_inputs
from clustercast.uncertainty.summaries import Weights

_POINTS = np.array([0.05, 0.5, 0.95])
_LEAST_DRAWS = 100.0


@typed
def prior_sensitivity(
    forecast: xr.Dataset,
    target: Target | Iterable[Target] | None = None,
    *,
    of: Literal["value", "indices", "total"] = "value",
    inputs: Names = None,
    priors: Priors | None = None,
    weights: Weights | None = None,
) -> xr.Dataset:
    """Return the derivative of probabilities, medians or indices by the 5, 50 and 95 % point of each prior.

    Parameters
    ----------
    forecast : Dataset
        From `propagate` or `evaluate` on independent draws, or for total indices on those of ``design="saltelli"``. No
        model is run.
    target : str, Claim, Condition or iterable of these, optional
        Claims and outputs in a year; every shipped claim and output by year when left out.
    of : {"value", "indices", "total"}, optional
        The probability of a claim or the median of an output; or the first-order or the total index of each of the
        inputs, on log10 where an output is positive.
    inputs : str or iterable of str, optional
        All with a density by default.
    priors : Priors, optional
        What the inputs were drawn from; a shipped set is found by its name.
    weights : DataArray, array_like, shape (sample,), or str, optional
        Of the draws after conditioning: the derivatives are then of what is known after it.

    Returns
    -------
    Dataset
        Dims (target, input, point), of indices (target, index, input, point): ``derivative`` per unit of the input,
        with ``derivative_error``; ``effect`` and ``effect_error``, what it changes by as the point moves up by a tenth
        of the distance from the 5 to the 95 % point. By (input, point) ``effective_size``, the effective draws on the
        scarcer side of the point; of indices ``value`` as drawn. ``words`` has the largest of each target.

    Raises
    ------
    InputError
        If a target or input is unknown, an input has no density, the priors are not those of the forecast, fewer than
        100 effective draws are beside a point, or total indices are asked of other draws, or with weights.

    Notes
    -----
    The point moves and the other two stay: of all laws with these points the nearest to the prior (in Kullback-Leibler
    divergence) scales its density by a constant between points. Inputs correlated with it follow by their law given it.

    References
    ----------
    P. Lemaitre et al., J. Stat. Comput. Simul. 85, 1200 (2015), doi:10.1080/00949655.2013.873039.

    Examples
    --------
    >>> import clustercast as cc
    >>> priors = cc.Priors(x=cc.Normal(0, 1), y=cc.Normal(0, 1))
    >>> inputs = cc.draw(priors, 8192, design="sobol")
    >>> forecast = cc.evaluate(inputs, lambda x, y: x + y, outputs={"total": "1"}, form="arrays")
    >>> found = cc.prior_sensitivity(forecast, "total > 0", inputs="x", priors=priors)
    >>> found["derivative"].round(1).values.tolist()
    [[[0.0, 0.2, 0.0]]]
    """
    if of not in ("value", "indices", "total"):
        raise InputError(f"of is {of!r}; choose 'value', 'indices' or 'total'")
    design = _saltelli(forecast, weights) if of == "total" else None
    plain = with_provenance(forecast, design={"name": "random"}) if design else forecast
    if target is None:
        # Outputs in their own unit, if they are asked for as they are.
        raw = {one.name: one for one in wanted(plain, None, "width")[0]} if of == "value" else {}
        targets = [raw.get(one.name, one) for one in wanted(plain, None, None)[0]]
    else:
        targets = targets_of(plain, target, raw=of == "value")
    priors, shares = priors_of(plain, priors), shares_of(forecast, weights)
    names = _names(plain, inputs, priors, design)
    scores, draws, widths = _scores_of(forecast, names, priors, shares, 1 if design is None else design.runs)
    units = [one.unit if of == "value" else "1" for one in targets]
    coords: dict[str, object] = {"target": [one.name for one in targets], "input": names, "point": _POINTS}
    coords |= {"unit": ("target", units), "input_unit": ("input", [priors[name].unit for name in names])}
    lead: tuple[str, ...] = ("target",) if of == "value" else ("target", "index")
    if of == "value":
        # What has the derivative of a target as that of its mean: the event, or the influence on the median.
        responses = []
        for one in targets:
            median, density = (0.5, 1.0) if one.score == "brier" else shifts.density_at_median(one.values, shares)
            responses.append((one.values > median) / density)
        found = np.array(shifts.score_covariance(scores, np.column_stack(responses), shares))
    else:
        coords["index"] = names
        if design:
            own = [list(design.swaps).index(name) for name in names]
            both = [shifts.total_sensitivity(one.values, scores, own, design.runs) for one in targets]
        else:
            bins = partition(input_matrix(forecast, names).T)
            made = [shifts.index_responses(one.values, bins, shares) for one in targets]
            both = [(value, np.array(shifts.score_covariance(scores, each, shares))) for value, each in made]
        found = np.array([each for _, each in both]).swapaxes(0, 1)
    derivative, error = found.reshape(*found.shape[:-1], len(names), len(_POINTS))
    dims = (*lead, "input", "point")
    step = 0.1 * widths[:, np.newaxis]
    named = {"derivative": (dims, derivative), "derivative_error": (dims, error), "effect": (dims, derivative * step)}
    named |= {"effect_error": (dims, error * step), "effective_size": (dims[-2:], draws)}
    result = xr.Dataset(named, coords, provenance({}))
    if of != "value":
        result["value"] = (lead, np.array([value for value, _ in both]))
    kind = "total" if of == "total" else "first-order"
    said = [_words(one, result.isel(target=k), units[k], widths, kind) for k, one in enumerate(targets)]
    return result.assign_attrs(words="\n".join(said))


def _saltelli(forecast: xr.Dataset, weights: Weights | None) -> SaltelliDesign:
    """Return the Saltelli design that total indices need."""
    if weights is not None:
        raise InputError("total indices come from a Saltelli design, which has no weights; leave weights out")
    if design_of(forecast).get("name") != "saltelli":
        what = "total indices need rows in which one input is drawn again"
        raise InputError(f"{what}; draw with design='saltelli', or ask for of='indices', the first-order ones")
    return saltelli_design(forecast)


def _names(forecast: xr.Dataset, inputs: Names, priors: Priors, design: SaltelliDesign | None) -> list[str]:
    """Return the inputs whose points move: with a density and, of a Saltelli design, each swapped by itself."""
    names = list(varied_inputs(forecast, inputs))
    stepped = [name for name in names if name not in priors or priors[name].is_discrete]
    if inputs is not None and stepped:
        raise InputError(f"the prior of {stepped[0]!r} has no density, so its points do not move; leave it out")
    dragged = [n for n in names if design and (n not in design.swaps or n in priors.correlated)]
    if inputs is not None and dragged:
        raise InputError(f"{dragged[0]!r} has no swap of its own in this design; leave it out, or ask for of='indices'")
    return [name for name in names if name not in stepped and name not in dragged]


def _scores_of(
    forecast: xr.Dataset, names: list[str], priors: Priors, shares: FloatArray, each: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the scores of the points (N, inputs x points), the draws beside each, and the width of each prior."""
    scores, draws, widths = [], np.empty((len(names), len(_POINTS))), np.empty(len(names))
    for place, name in enumerate(names):
        points = priors[name].quantile(_POINTS)
        between = np.searchsorted(points, forecast[name].values)
        base, own = between[::each], shares[::each]
        held = [effective_size(own[base == k]) if own[base == k].any() else 0.0 for k in range(4)]
        draws[place], widths[place] = np.minimum(held[:-1], held[1:]), points[-1] - points[0]
        if min(held) < _LEAST_DRAWS:
            what = f"{min(held):.0f} effective draws are beside a point of {name!r}, and {_LEAST_DRAWS:.0f} are needed"
            raise InputError(f"{what}; draw {2 * _LEAST_DRAWS / _POINTS[0]:,.0f} or more, or condition on less")
        scores.append(shifts.point_scores(between, np.exp(priors[name].log_density(points)), _POINTS))
    return np.concatenate(scores, axis=1), draws, widths


def _words(one: Wanted, found: xr.Dataset, unit: str, widths: FloatArray, kind: str) -> str:
    """Return the point that a target, or one of its indices, changes most by."""
    effect = found["effect"].values
    *index, row, column = np.unravel_index(int(np.abs(effect).argmax()), effect.shape)
    name = str(found["input"].values[row])
    error = float(found["effect_error"].values[*index, row, column])
    what = f"the probability that {one.words}" if one.score == "brier" else f"the median of {one.words}"
    if index:
        what = f"the {kind} index of {str(found['index'].values[index[0]]).replace('_', ' ')} for {one.words}"
    by = with_unit_text(float(effect[*index, row, column]), 0.0, unit)
    step = with_unit_text(0.1 * float(widths[row]), 0.0, str(found["input_unit"].values[row]))
    return (
        f"Moving the {100 * _POINTS[column]:g} % point of {name.replace('_', ' ')} up by {step} changes {what} by {by} "
        f"(±{1.96 * error:.1g})."
    )
