"""What a forecast changes by as a stated point of a prior moves."""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray
from clustercast.arrays.decisions.perturbed import density_at_median, point_scores, score_covariance
from clustercast.arrays.summaries.order_statistics import effective_size
from clustercast.dataset import provenance
from clustercast.decisions.drawn_from import priors_of, shares_of, targets_of, with_unit_text
from clustercast.decisions.targets import Target, Wanted, wanted
from clustercast.errors import InputError
from clustercast.priors.prior_set import Priors
from clustercast.sensitivity.given_data import varied_inputs
from clustercast.uncertainty.summaries import Weights

_POINTS = np.array([0.05, 0.5, 0.95])
_LEAST_DRAWS = 100.0


def prior_sensitivity(
    forecast: xr.Dataset,
    target: Target | Iterable[Target] | None = None,
    *,
    inputs: Iterable[str] | str | None = None,
    priors: Priors | None = None,
    weights: Weights | None = None,
) -> xr.Dataset:
    """Return the derivative of probabilities and medians with respect to the 5, 50 and 95 % point of each prior.

    Parameters
    ----------
    forecast : Dataset
        From `propagate` or `evaluate` on independent draws. No model is run.
    target : str, Claim, Condition or iterable of these, optional
        Claims and outputs in a year; every shipped claim and output by year when left out.
    inputs : str or iterable of str, optional
        All with a density by default.
    priors : Priors, optional
        What the inputs were drawn from; a shipped set is found by its name.
    weights : DataArray, array_like, shape (sample,), or str, optional
        Of the draws after conditioning: the derivatives are then of what is known after it.

    Returns
    -------
    Dataset
        Dims (target, input, point): ``derivative`` of the probability of a claim, or of the median of an output, per
        unit of the input, with ``derivative_error``; ``effect`` and ``effect_error``, what it changes by as the point
        moves up by a tenth of the distance from the 5 to the 95 % point. By (input, point) ``effective_size``, the
        effective draws on the scarcer side of the point. The attribute ``words`` says the largest of each target.

    Raises
    ------
    InputError
        If a target or input is unknown, an input has no density, the priors are not those of the forecast, or fewer
        than 100 effective draws are beside a point.

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
    >>> @cc.quantity("1")
    ... def total(x, y):
    ...     return x + y
    >>> priors = cc.Priors(x=cc.Normal(0, 1), y=cc.Normal(0, 1))
    >>> forecast = cc.propagate(cc.draw(priors, 8192, design="sobol"), model=cc.Model([total]))
    >>> found = cc.prior_sensitivity(forecast, "total > 0", inputs="x", priors=priors)
    >>> found["derivative"].round(1).values.tolist()
    [[[0.0, 0.2, 0.0]]]
    """
    targets = _targets(forecast, target)
    priors, shares = priors_of(forecast, priors), shares_of(forecast, weights)
    names = list(varied_inputs(forecast, inputs))
    stepped = [name for name in names if name not in priors or priors[name].is_discrete]
    if inputs is not None and stepped:
        raise InputError(f"the prior of {stepped[0]!r} has no density, so its points do not move; leave it out")
    names = [name for name in names if name not in stepped]
    scaled = np.column_stack([_responses(one, shares) for one in targets])
    derivative, error = np.empty((2, len(targets), len(names), len(_POINTS)))
    draws, widths = np.empty((len(names), len(_POINTS))), np.empty(len(names))
    for place, name in enumerate(names):
        points = priors[name].quantile(_POINTS)
        between = np.searchsorted(points, forecast[name].values)
        held = [effective_size(shares[between == k]) if shares[between == k].any() else 0.0 for k in range(4)]
        draws[place], widths[place] = np.minimum(held[:-1], held[1:]), points[-1] - points[0]
        if min(held) < _LEAST_DRAWS:
            raise InputError(
                f"{min(held):.0f} effective draws are beside a point of {name!r}, and {_LEAST_DRAWS:.0f} are needed; "
                f"draw {2 * _LEAST_DRAWS / _POINTS[0]:,.0f} or more, or condition on less"
            )
        scores = point_scores(between, np.exp(priors[name].log_density(points)), _POINTS)
        derivative[:, place], error[:, place] = score_covariance(scores, scaled, shares)
    dims = ("target", "input", "point")
    step = 0.1 * widths[:, np.newaxis]
    result = xr.Dataset(
        {
            "derivative": (dims, derivative),
            "derivative_error": (dims, error),
            "effect": (dims, derivative * step),
            "effect_error": (dims, error * step),
            "effective_size": (dims[1:], draws),
        },
        {
            "target": [one.name for one in targets],
            "input": names,
            "point": _POINTS,
            "unit": ("target", [one.unit for one in targets]),
            "input_unit": ("input", [priors[name].unit for name in names]),
        },
        provenance({}),
    )
    return result.assign_attrs(
        words="\n".join(_words(one, result.isel(target=k), widths) for k, one in enumerate(targets))
    )


def _targets(forecast: xr.Dataset, target: Target | Iterable[Target] | None) -> list[Wanted]:
    """Return claims, and outputs in their own unit."""
    if target is None:
        found = wanted(forecast, None, None)[0]
        raw = {one.name: one for one in wanted(forecast, None, "width")[0]}
        return [raw.get(one.name, one) for one in found]
    return targets_of(forecast, target, raw=True)


def _responses(one: Wanted, shares: FloatArray) -> FloatArray:
    """Return what has the derivative of a target as that of its mean: the event, or the influence on the median."""
    if one.score == "brier":
        return one.values
    median, density = density_at_median(one.values, shares)
    return np.asarray((one.values > median) / density)


def _words(one: Wanted, found: xr.Dataset, widths: FloatArray) -> str:
    """Return the point that a target changes most by."""
    effect = found["effect"].values
    row, column = np.unravel_index(int(np.abs(effect).argmax()), effect.shape)
    name, unit = str(found["input"].values[row]), str(found["input_unit"].values[row])
    error = float(found["effect_error"][row, column])
    what = f"the probability that {one.words}" if one.score == "brier" else f"the median of {one.words}"
    by = with_unit_text(float(effect[row, column]), 0.0, one.unit)
    return (
        f"Moving the {100 * _POINTS[column]:g} % point of {name.replace('_', ' ')} up by "
        f"{with_unit_text(0.1 * float(widths[row]), 0.0, unit)} changes {what} by {by} (±{1.96 * error:.1g})."
    )
