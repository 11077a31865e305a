"""How far the priors carry a forecast: bounds over classes of priors, from the draws of one."""

import functools
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray, IntArray
from clustercast.arrays.decisions import prior_classes
from clustercast.arrays.decisions.partition import partition
from clustercast.arrays.summaries.order_statistics import effective_size
from clustercast.dataset import provenance
from clustercast.decisions.drawn_from import checked_fraction, one_target, shares_of, with_unit_text
from clustercast.decisions.targets import Target, Wanted
from clustercast.errors import InputError, typed
from clustercast.priors.families import Family
from clustercast.sensitivity.given_data import varied_inputs
from clustercast.uncertainty.summaries import Weights

Boxes = Mapping[str, tuple[Family, Family]]
# The words of a class of priors, its bounds at a size, and its size.
_Class = tuple[str, Callable[[prior_classes.Cells, FloatArray, float], prior_classes.Bounds], float]
_JOINT = "all inputs"
_LEVELS = (0.05, 0.5, 0.95)
_LARGEST_RATIO = 1e9
# The sizes between which a verdict on a claim may flip.
_SIZES = {"ratio": (1.0, _LARGEST_RATIO), "contamination": (0.0, 1 - 1e-9)}
# As fewer draws leave bounds to a few of them.
_LEAST_SIZE = 100.0


@typed
def prior_bounds(
    forecast: xr.Dataset,
    target: Target,
    *,
    ratio: float | None = None,
    contamination: float | None = None,
    pbox: Boxes | None = None,
    of: Iterable[str] | str = "joint",
    weights: Weights | None = None,
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
        If not one class is given, a size is outside its range, a target or input is unknown, or the weights leave
        fewer than 100 effective draws.

    Notes
    -----
    The bounds are exact for the draws: the extremes of a linear-fractional program are at its corners. Of one input
    the law of the others given it is kept, and the class is piecewise constant over bins of it; what chance spreads
    over bins is taken off.

    References
    ----------
    S. L. Rinderknecht et al., Environ. Model. Softw. 62, 300 (2014), doi:10.1016/j.envsoft.2014.08.020.
    J. O. Berger and L. M. Berliner, Ann. Stat. 14, 461 (1986), doi:10.1214/aos/1176349933.

    Examples
    --------
    >>> import clustercast as cc
    >>> inputs = cc.draw(cc.Priors(x=cc.Uniform(0, 1)), 1024, design="sobol", seed=1)
    >>> forecast = cc.evaluate(inputs, lambda x: 2 * x, outputs={"double": "1"}, form="arrays")
    >>> found = cc.prior_bounds(forecast, "double > 1.5", ratio=2)
    >>> [round(float(found[name].values.flat[0]), 3) for name in ("lower", "value", "upper", "breakdown")]
    [0.143, 0.25, 0.4, 3.0]
    """
    wanted = one_target(forecast, target, raw=True)
    shares = shares_of(forecast, weights)
    if effective_size(shares) < _LEAST_SIZE:
        remedy = f"bounds need {_LEAST_SIZE:.0f}, so draw more or condition on less"
        raise InputError(f"the weights leave {effective_size(shares):.0f} effective draws of {shares.size:,}; {remedy}")
    verdict = checked_fraction("verdict", verdict)
    if pbox is not None and not isinstance(pbox, Mapping):
        raise InputError(f"pbox is {pbox!r}; give two distributions an input, as {{'growth': (cc.Normal(0, 1), ...)}}")
    of = of if pbox is None else list(pbox)
    names = [_JOINT] if of == "joint" else list(varied_inputs(forecast, None if of == "inputs" else of))
    given = [key for key, value in (("ratio", ratio), ("contamination", contamination), ("pbox", pbox)) if value]
    if len(given) != 1:
        raise InputError(f"given are {given or 'no classes'}; give one of ratio=2, contamination=0.1 or pbox={{...}}")
    classes = [_class(ratio, contamination, pbox, name, forecast) for name in names]
    cells = [prior_classes.Cells(shares, None if n == _JOINT else _bins(forecast[n].values)) for n in names]
    event, dims, values = wanted.score == "brier", ("of", "statistic"), wanted.values
    statistics = ["probability"] if event else ["mean", *(f"{100 * level:g} %" for level in _LEVELS)]
    stacked = np.array([_bounds(values, event, *each) for each in zip(cells, classes, strict=True)])
    found = {key: (dims, stacked[:, :, k]) for k, key in enumerate(("value", "lower", "upper"))}
    result = xr.Dataset(found, {"of": names, "statistic": statistics}, {**provenance({}), "unit": wanted.unit})
    if event and pbox is None:
        sizes, flips = _SIZES[given[0]], []
        for each, (_, bounds, _) in zip(cells, classes, strict=True):
            of_size = functools.partial(bounds, each, each.means(values))
            flips.append(prior_classes.breakdown(of_size, verdict, float(shares @ values), *sizes))
        result["breakdown"] = ("of", np.array(flips))
    return result.assign_attrs(target=wanted.name, words=_words(wanted, result, classes[0][0], verdict))


def _class(
    ratio: float | None, contamination: float | None, pbox: Boxes | None, name: str, forecast: xr.Dataset
) -> _Class:
    """Return the one class that is asked for."""
    if ratio is not None:
        if not isinstance(ratio, int | float) or not 1 < ratio < _LARGEST_RATIO:
            remedy = f"give a number above 1 and below {_LARGEST_RATIO:g}, as 2: one density may be twice the other"
            raise InputError(f"ratio is {ratio!r}; {remedy}")
        return f"the prior may be any density within a ratio of {ratio:g}", prior_classes.ratio_bounds, ratio
    if contamination is not None:
        share = checked_fraction("contamination", contamination)
        return f"{100 * share:g} % of the prior may be anything", prior_classes.contamination_bounds, share
    assert pbox is not None
    ends = pbox[name]
    if not isinstance(ends, tuple | list) or len(ends) != 2 or not all(isinstance(end, Family) for end in ends):
        raise InputError(f"pbox[{name!r}] is {ends!r}; give two distributions, as (cc.Normal(0, 1), cc.Normal(1, 1))")
    # The law of a cell ends at the greatest value drawn in it; that of the last goes on.
    values = forecast[name].values
    bins = _bins(values)
    most, least = (end.cdf([values[bins == k].max() for k in range(bins.max())]) for end in ends)
    if (least > most + 1e-12).any():
        raise InputError(f"pbox[{name!r}]: the distribution functions cross, or the first has the higher values; swap")
    words = "the prior may be any law in the p-box"
    return words, lambda cells, means, _: prior_classes.box_bounds(cells, means, least, most), 0.0


def _bins(values: FloatArray) -> IntArray:
    """Return the bin of each value of an input."""
    return np.unique(partition([values]).member[0], return_inverse=True)[1].astype(np.int64)


def _bounds(
    values: FloatArray, event: bool, cells: prior_classes.Cells, own: _Class
) -> list[tuple[float, float, float]]:
    """Return value, lower and upper bound of each statistic."""

    def bounds(values: FloatArray) -> prior_classes.Bounds:
        return own[1](cells, cells.means(values), own[2])

    found = [(float(cells.shares @ values), *bounds(values))]
    if event:
        return found
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(cells.shares[order])
    for level in _LEVELS:
        value = float(values[order[np.searchsorted(reached, level - 1e-12)]])
        found.append((value, *prior_classes.quantile_bounds(bounds, values, level)))
    return found


def _words(wanted: Wanted, found: xr.Dataset, prior: str, verdict: float) -> str:
    """Return the widest row in a sentence."""
    row = int(np.argmax((found["upper"] - found["lower"]).values[:, 0]))
    value, lower, upper = (float(found[key][row, 0]) for key in ("value", "lower", "upper"))
    named = str(found["of"].values[row])
    about = "" if named == _JOINT else f" for {named.replace('_', ' ')}"
    if wanted.score != "brier":
        ends = f"{with_unit_text(lower, upper, '1')} to {with_unit_text(upper, lower, wanted.unit)}"
        mean = with_unit_text(value, upper, wanted.unit)
        return f"The mean of {wanted.words} is {mean}; {ends} if {prior}{about}."
    said = f"The probability is {value:.2g}; {lower:.2g} to {upper:.2g} if {prior}{about}."
    if "breakdown" not in found:
        return said
    size, side = float(found["breakdown"][row]), "above" if value > verdict else "below"
    if np.isinf(size):
        return f"{said} It stays {side} {verdict:g} whatever the size of the class."
    return f"{said} It stays {side} {verdict:g} up to {size:.3g}."
