"""How far the priors carry a forecast: bounds over classes of priors, and derivatives by points of one."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray, IntArray, Names
from clustercast.arrays.decisions import laws
from clustercast.arrays.decisions.partition import partition
from clustercast.arrays.summaries import effective_size
from clustercast.dataset import Weights, design_of, finite_numbers, provenance, with_provenance
from clustercast.decisions import targets
from clustercast.errors import InputError, typed
from clustercast.priors.families import Family
from clustercast.priors.prior_set import Priors
from clustercast.sensitivity.design import SaltelliDesign, saltelli_design
from clustercast.sensitivity.given_data import input_matrix, varied_inputs

Boxes = Mapping[str, tuple[Family, Family]]
_JOINT = "all inputs"
_LARGEST_RATIO = 1e9
# The sizes between which a verdict on a claim may flip.
_SIZES = {"ratio": (1.0, _LARGEST_RATIO), "contamination": (0.0, 1 - 1e-9)}
# As fewer draws leave bounds to a few of them.
_LEAST_SIZE = 100.0
_POINTS = np.array([0.05, 0.5, 0.95])
# The bounds of means of cells at a size of a class of priors.
_Bounds = Callable[[laws.Cells, FloatArray, float], laws.Bounds]


@typed
def prior_bounds(
    forecast: xr.Dataset,
    target: targets.Target,
    *,
    ratio: float | None = None,
    contamination: float | None = None,
    pbox: Boxes | None = None,
    of: Iterable[str] | str = "joint",
    weights: Weights = None,
    verdict: float = 0.5,
) -> xr.Dataset:
    """Return the least and the greatest probability, mean and quantiles over a class of priors.

    Parameters
    ----------
    forecast : Dataset
        From `propagate` or `evaluate` on independent draws. No model is run.
    target : str, Claim or Condition
        A claim, a condition, or an output in a year, as ``"fleet_power in 2030"``.
    ratio : float, optional
        Every density whose ratio to that of the priors is the same everywhere to this factor, above 1.
    contamination : float, optional
        Every prior of which this share, between 0 and 1, may be anything on the drawn values.
    pbox : mapping of str to two distributions, optional
        Every law of an input whose distribution function is between those of the two, the first the lower values.
    of : "joint", "inputs", or str or iterable of str, optional
        Whether the joint density of all inputs is in the class, or that of each input alone, or of those named.
    weights : DataArray, array_like, shape (sample,), or str, optional
        Of the draws after conditioning: the bounds are then those after it, over the same class before it.
    verdict : float, optional
        The probability at which the verdict on a claim flips.

    Returns
    -------
    Dataset
        Dims (of, statistic), the statistic ``"probability"`` of a claim, or ``"mean"``, ``"5 %"``, ``"50 %"`` and
        ``"95 %"`` of an output: ``value``, ``lower`` and ``upper``. Of a claim by (of,) ``breakdown``, the ratio or
        share at which its verdict may flip, infinite where it never does. The attribute ``words`` says the widest.

    Raises
    ------
    InputError
        If not one class is given, a size is out of range, a name unknown, or weights leave under 100 effective draws.

    References
    ----------
    S. L. Rinderknecht et al., Environ. Model. Softw. 62, 300 (2014), doi:10.1016/j.envsoft.2014.08.020.
    J. O. Berger and L. M. Berliner, Ann. Stat. 14, 461 (1986), doi:10.1214/aos/1176349933.

    Examples
    --------
    >>> inputs = cc.draw(cc.Priors(x=cc.Uniform(0, 1)), 1024, design="sobol", seed=1)
    >>> forecast = cc.evaluate(inputs, lambda x: 2 * x, outputs={"double": "1"}, form="arrays")
    >>> bounds = cc.prior_bounds(forecast, "double > 1.5", ratio=2)
    >>> [round(float(bounds[name].values.flat[0]), 3) for name in ("lower", "value", "upper", "breakdown")]
    [0.143, 0.25, 0.4, 3.0]
    """
    wanted = targets.one_target(forecast, target, raw=True)
    shares = targets.shares_of(forecast, weights)
    if effective_size(shares) < _LEAST_SIZE:
        remedy = f"bounds need {_LEAST_SIZE:.0f}, so draw more or condition on less"
        raise InputError(f"the weights leave {effective_size(shares):.0f} effective draws of {shares.size:,}; {remedy}")
    verdict = targets.checked_fraction("verdict", verdict)
    if pbox is not None and not isinstance(pbox, Mapping):
        raise InputError(f"pbox is {pbox!r}; give two distributions an input, as {{'growth': (cc.Normal(0, 1), ...)}}")
    of = of if pbox is None else list(pbox)
    names = [_JOINT] if of == "joint" else list(varied_inputs(forecast, None if of == "inputs" else of))
    given = [key for key, value in (("ratio", ratio), ("contamination", contamination), ("pbox", pbox)) if value]
    if len(given) != 1:
        raise InputError(f"given are {given or 'no classes'}; give one of ratio=2, contamination=0.1 or pbox={{...}}")
    prior, classes = zip(*(_class(ratio, contamination, pbox, name, forecast) for name in names), strict=True)
    cells = [laws.Cells(shares, None if n == _JOINT else _bins(input_matrix(forecast, [n])[:, 0])) for n in names]
    event, dims, values = wanted.score == "brier", ("of", "statistic"), wanted.values
    statistics = ["probability"] if event else ["mean", *(f"{100 * level:g} %" for level in _POINTS)]
    size = float(ratio or contamination or 0.0)
    stacked = np.array([_bounds(values, event, *each, size) for each in zip(cells, classes, strict=True)])
    bounds = {key: (dims, stacked[:, :, k]) for k, key in enumerate(("value", "lower", "upper"))}
    result = xr.Dataset(bounds, {"of": names, "statistic": statistics}, {**provenance({}), "unit": wanted.unit})
    if event and pbox is None:
        sizes, mean = _SIZES[given[0]], float(shares @ values)
        of_size = [functools.partial(own, each, each.means(values)) for each, own in zip(cells, classes, strict=True)]
        result["breakdown"] = ("of", np.array([laws.breakdown(one, verdict, mean, *sizes) for one in of_size]))
    return result.assign_attrs(target=wanted.name, words=_words(wanted, result, prior[0], verdict))


def _class(
    ratio: float | None, contamination: float | None, pbox: Boxes | None, name: str, forecast: xr.Dataset
) -> tuple[str, _Bounds]:
    """Return the one class of priors that is asked for: its words, and its bounds at a size."""
    if ratio is not None:
        if not isinstance(ratio, int | float) or not 1 < ratio < _LARGEST_RATIO:
            remedy = f"give a number above 1 and below {_LARGEST_RATIO:g}, as 2: one density may be twice the other"
            raise InputError(f"ratio is {ratio!r}; {remedy}")
        return f"the prior may be any density within a ratio of {ratio:g}", laws.ratio_bounds
    if contamination is not None:
        share = targets.checked_fraction("contamination", contamination)
        return f"{100 * share:g} % of the prior may be anything", laws.contamination_bounds
    assert pbox is not None
    ends = pbox[name]
    if not isinstance(ends, tuple | list) or len(ends) != 2 or not all(isinstance(end, Family) for end in ends):
        raise InputError(f"pbox[{name!r}] is {ends!r}; give two distributions, as (cc.Normal(0, 1), cc.Normal(1, 1))")
    # The law of a cell ends at the greatest value drawn in it; that of the last goes on.
    values = finite_numbers(name, forecast.variables[name])
    bins = _bins(values)
    most, least = (end.cdf([values[bins == k].max() for k in range(bins.max())]) for end in ends)
    if (least > most + 1e-12).any():
        raise InputError(f"pbox[{name!r}]: the distribution functions cross, or the first has the higher values; swap")
    return "the prior may be any law in the p-box", lambda cells, means, _: laws.box_bounds(cells, means, least, most)


def _bins(values: FloatArray) -> IntArray:
    """Return the bin of each value of an input."""
    return np.unique(partition([values]).member[0], return_inverse=True)[1].astype(np.int64)


def _bounds(
    values: FloatArray, event: bool, cells: laws.Cells, of_size: _Bounds, size: float
) -> list[tuple[float, float, float]]:
    """Return value, lower and upper bound of each statistic."""

    def bounds(values: FloatArray) -> laws.Bounds:
        return of_size(cells, cells.means(values), size)

    result = [(float(cells.shares @ values), *bounds(values))]
    if event:
        return result
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(cells.shares[order])
    for level in _POINTS:
        value = float(values[order[np.searchsorted(reached, level - 1e-12)]])
        result.append((value, *laws.quantile_bounds(bounds, values, level)))
    return result


def _words(wanted: targets.Wanted, result: xr.Dataset, prior: str, verdict: float) -> str:
    """Return the widest row in a sentence."""
    row = int(np.argmax((result["upper"] - result["lower"]).values[:, 0]))
    value, lower, upper = (float(result[key][row, 0]) for key in ("value", "lower", "upper"))
    named = str(result["of"].values[row])
    about = "" if named == _JOINT else f" for {named.replace('_', ' ')}"
    if wanted.score != "brier":
        ends = f"{targets.with_unit_text(lower, upper, '1')} to {targets.with_unit_text(upper, lower, wanted.unit)}"
        mean = targets.with_unit_text(value, upper, wanted.unit)
        return f"The mean of {wanted.words} is {mean}; {ends} if {prior}{about}."
    said = f"The probability is {value:.2g}; {lower:.2g} to {upper:.2g} if {prior}{about}."
    if "breakdown" not in result:
        return said
    size, side = float(result["breakdown"][row]), "above" if value > verdict else "below"
    if np.isinf(size):
        return f"{said} It stays {side} {verdict:g} whatever the size of the class."
    return f"{said} It stays {side} {verdict:g} up to {size:.3g}."


@typed
def prior_sensitivity(
    forecast: xr.Dataset,
    target: targets.Targets = None,
    *,
    of: Literal["value", "indices", "total"] = "value",
    inputs: Names = None,
    priors: Priors | None = None,
    weights: Weights = None,
) -> xr.Dataset:
    """Return the derivative of probabilities, medians or indices by the 5, 50 and 95 % point of each prior.

    Parameters
    ----------
    forecast : Dataset
        From `propagate` or `evaluate` on independent draws, total indices of ``design="saltelli"``; no model is run.
    target : str, Claim, Condition or iterable of these, optional
        Claims and outputs in a year; every shipped claim and output by year when left out.
    of : {"value", "indices", "total"}, optional
        The probability of a claim or the median of an output; or the first-order or the total index of each of the
        inputs, on log10 where an output is positive.
    inputs : str or iterable of str, optional
        All with a density by default.
    priors, weights
        As in `tilt` and `prior_bounds`; with weights the derivatives are of what is known after conditioning.

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

    References
    ----------
    P. Lemaitre et al., J. Stat. Comput. Simul. 85, 1200 (2015), doi:10.1080/00949655.2013.873039.

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Normal(0, 1), y=cc.Normal(0, 1))
    >>> inputs = cc.draw(priors, 8192, design="sobol")
    >>> forecast = cc.evaluate(inputs, lambda x, y: x + y, outputs={"total": "1"}, form="arrays")
    >>> effects = cc.prior_sensitivity(forecast, "total > 0", inputs="x", priors=priors)
    >>> effects["derivative"].round(1).values.tolist()
    [[[0.0, 0.2, 0.0]]]
    """
    if of not in ("value", "indices", "total"):
        raise InputError(f"of is {of!r}; choose 'value', 'indices' or 'total'")
    design = _saltelli(forecast, weights) if of == "total" else None
    plain = with_provenance(forecast, design={"name": "random"}) if design else forecast
    if target is None:
        # Outputs in their own unit, if they are asked for as they are.
        raw = {one.name: one for one in targets.wanted(plain, None, "width")[0]} if of == "value" else {}
        asked = [raw.get(one.name, one) for one in targets.wanted(plain, None, None)[0]]
    else:
        asked = targets.targets_of(plain, target, raw=of == "value")
    priors, shares = targets.priors_of(plain, priors), targets.shares_of(forecast, weights)
    names = _names(plain, inputs, priors, design)
    scores, draws, widths = _scores_of(forecast, names, priors, shares, 1 if design is None else design.runs)
    units = [one.unit if of == "value" else "1" for one in asked]
    coords: dict[str, object] = {"target": [one.name for one in asked], "input": names, "point": _POINTS}
    coords |= {"unit": ("target", units), "input_unit": ("input", [priors[name].unit for name in names])}
    lead: tuple[str, ...] = ("target",) if of == "value" else ("target", "index")
    if of == "value":
        # What has the derivative of a target as that of its mean: the event, or the influence on the median.
        responses = []
        for one in asked:
            median, density = (0.5, 1.0) if one.score == "brier" else laws.density_at_median(one.values, shares)
            responses.append((one.values > median) / density)
        effects = np.array(laws.score_covariance(scores, np.column_stack(responses), shares))
    else:
        coords["index"] = names
        if design:
            own = [list(design.swaps).index(name) for name in names]
            both = [laws.total_sensitivity(one.values, scores, own, design.runs) for one in asked]
        else:
            bins = partition(input_matrix(forecast, names).T)
            made = [laws.index_responses(one.values, bins, shares) for one in asked]
            both = [(value, np.array(laws.score_covariance(scores, each, shares))) for value, each in made]
        effects = np.array([each for _, each in both]).swapaxes(0, 1)
    derivative, error = effects.reshape(*effects.shape[:-1], len(names), len(_POINTS))
    dims = (*lead, "input", "point")
    step = 0.1 * widths[:, np.newaxis]
    named = {"derivative": (dims, derivative), "derivative_error": (dims, error), "effect": (dims, derivative * step)}
    named |= {"effect_error": (dims, error * step), "effective_size": (dims[-2:], draws)}
    result = xr.Dataset(named, coords, provenance({}))
    if of != "value":
        result["value"] = (lead, np.array([value for value, _ in both]))
    kind = "total" if of == "total" else "first-order"
    said = [_words_of_points(one, result.isel(target=k), units[k], widths, kind) for k, one in enumerate(asked)]
    return result.assign_attrs(words="\n".join(said))


def _saltelli(forecast: xr.Dataset, weights: Weights) -> SaltelliDesign:
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
        between = np.searchsorted(points, finite_numbers(name, forecast.variables[name]))
        base, own = between[::each], shares[::each]
        held = [effective_size(own[base == k]) if own[base == k].any() else 0.0 for k in range(4)]
        draws[place], widths[place] = np.minimum(held[:-1], held[1:]), points[-1] - points[0]
        if min(held) < _LEAST_SIZE:
            what = f"{min(held):.0f} effective draws are beside a point of {name!r}, and {_LEAST_SIZE:.0f} are needed"
            raise InputError(f"{what}; draw {2 * _LEAST_SIZE / _POINTS[0]:,.0f} or more, or condition on less")
        scores.append(laws.point_scores(between, np.exp(priors[name].log_density(points)), _POINTS))
    return np.concatenate(scores, axis=1), draws, widths


def _words_of_points(one: targets.Wanted, result: xr.Dataset, unit: str, widths: FloatArray, kind: str) -> str:
    """Return the point that a target, or one of its indices, changes most by."""
    effect = result["effect"].values
    *index, row, column = np.unravel_index(int(np.abs(effect).argmax()), effect.shape)
    error = float(result["effect_error"].values[*index, row, column])
    what = f"the probability that {one.words}" if one.score == "brier" else f"the median of {one.words}"
    if index:
        what = f"the {kind} index of {str(result['index'].values[index[0]]).replace('_', ' ')} for {one.words}"
    by = targets.with_unit_text(float(effect[*index, row, column]), 0.0, unit)
    step = targets.with_unit_text(0.1 * float(widths[row]), 0.0, str(result["input_unit"].values[row]))
    point = f"the {100 * _POINTS[column]:g} % point of {str(result['input'].values[row]).replace('_', ' ')}"
    return f"Moving {point} up by {step} changes {what} by {by} (±{1.96 * error:.1g})."
