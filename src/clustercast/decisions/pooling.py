"""Several forecasters: their priors pooled into one set, or their forecasts into one, by draws."""

import dataclasses
import functools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray
from clustercast.arrays.families.inversion import Levels, tails_of_score
from clustercast.conditioning.backtest import rolling_origin
from clustercast.dataset import design_of, finite_numbers, numbers_of, provenance, provenance_of
from clustercast.errors import InputError, typed
from clustercast.files.dates import end_of
from clustercast.priors.correlation import Correlation, has_atoms
from clustercast.priors.families import Discrete, Family, Fixed, LogNormal, Mixture, Normal
from clustercast.priors.families.composed import OfComponents
from clustercast.priors.families.family import Interval, without_texts
from clustercast.priors.families.validation import distribution_family
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.sampling import PLAIN

T = TypeVar("T", Priors, xr.Dataset)
How = Literal["linear", "log", "quantile"]
SetWeights = Mapping[str, float] | Sequence[float] | None
Parts = tuple[Family, ...]
Shares = tuple[float, ...]
_ROUNDS = 5000
# The input of a pooled forecast that says whose prior a draw is from, and the fewest draws of one.
WHOSE, _FEWEST = "whose_prior", 100
# Normal scores of the tables, densities between nodes, and the least number of steps on the side of each.
_SCORES = np.linspace(-8.0, 8.0, 4097)
_FINE, _STEPS = 8, 64


@typed
def pool(sets: Mapping[str, T], *, weights: SetWeights = None, how: How = "linear") -> T:
    """Return one prior set of several, which draws like any other, or one forecast of several.

    Parameters
    ----------
    sets : mapping of str to Priors, or of str to Dataset
        Two or more prior sets, or forecasts of the same outputs and years, with the names of who holds them.
    weights : mapping of str to float or sequence of float, optional
        One a set, which sum to 1; equal by default. `score_weights` gives them by past scores.
    how : {"linear", "log", "quantile"}, optional
        Mean of the densities, of their logarithms (the more agreed the narrower), or of the quantiles.

    Returns
    -------
    Priors or Dataset
        Forecasts become one with as many draws of each as its weight says, and an input ``whose_prior``, so that
        `evppi` and `given_data_indices` say what the disagreement is worth. Of prior sets, an input that sets agree on
        is kept; of one that some sets lack the others are pooled. Constants that differ, and inputs of few values, are
        pooled by probability whatever `how`. A rank correlation is the weighted mean, 0 where a set states none.

    Raises
    ------
    InputError
        If there are fewer than two sets, weights do not fit, units or dates differ, densities have no values in
        common, or forecasts are pooled by anything but their draws.

    References
    ----------
    Genest and Zidek (1986), doi:10.1214/ss/1177013825; Lichtendahl et al. (2013), doi:10.1287/mnsc.1120.1667.

    Examples
    --------
    >>> sets = {"one": cc.Priors(x=cc.Normal(0, 1)), "other": cc.Priors(x=cc.Normal(2, 1))}
    >>> [cc.pool(sets, how=how)["x"].cdf(2.0).round(3).item() for how in ("linear", "log", "quantile")]
    [0.739, 0.841, 0.841]
    """
    _check_several(sets)
    if how not in ("linear", "log", "quantile"):
        raise InputError(f"how is {how!r}; choose 'linear', 'log' or 'quantile'")
    shares = _shares(sets, weights)
    if any(isinstance(one, xr.Dataset) for one in sets.values()):
        return _pooled_forecast(sets, shares, how)  # type: ignore[arg-type, return-value]
    held = [checked_priors(priors) for priors in sets.values()]
    pooled: dict[str, Family] = {}
    for name in dict.fromkeys(name for priors in held for name in priors):
        having = [(share, priors[name]) for share, priors in zip(shares, held, strict=True) if name in priors]
        pooled[name] = _pooled(name, having, how, ", ".join(sets))
    declared = {name: one for priors in reversed(held) for name, one in priors.declared.items()}
    ranks: dict[frozenset[str], float] = {}
    for share, priors in zip(shares, held, strict=True):
        for one in priors.correlations:
            ranks[frozenset(one.between)] = ranks.get(frozenset(one.between), 0.0) + share * one.rank
    texts: dict[str, Any] = {"source": "weighted mean of the pooled sets", "judgement": True}
    pairs = [(sorted(key, key=list(pooled).index), rank) for key, rank in ranks.items() if rank]
    correlations = [Correlation((a, b), rank, **texts) for (a, b), rank in pairs]
    made = Priors(*correlations, name=f"pool of {' and '.join(sets)}", **pooled)  # type: ignore[arg-type]
    return made.carrying(declared=declared)  # type: ignore[return-value]


@typed
def score_weights(sets: Mapping[str, Priors], *, origins: Iterable[float | str], **settings: Any) -> dict[str, float]:
    """Return weights for `pool` by how well sets of priors forecast what came after earlier dates.

    Parameters
    ----------
    sets : mapping of str to Priors
        Two or more, each dated no later than the first origin, as it may know what is scored; others raise an
        `InputError`.
    origins : iterable of float or str
        Dates from which each set forecasts what came later, as ``"2024-06"``.
    **settings
        As in `backtest`, which scores each set from each date.

    Returns
    -------
    dict of str to float
        The weights, with sum 1, of the linear pool with the best mean log score on the rows that all score (by their
        priors, nothing learned); of dependent rows each group counts as one.

    References
    ----------
    Y. Yao et al., Bayesian Anal. 13, 917 (2018), doi:10.1214/17-BA1091.
    """
    _check_several(sets)
    dates = sorted([origins] if isinstance(origins, str) else origins, key=end_of)
    if not dates:
        raise InputError("origins is empty; give one date or more from which the sets forecast, as ['2024-06']")
    for name, priors in sets.items():
        dated = checked_priors(priors).about.as_of or max((priors[n].as_of for n in priors.uncertain), default="")
        if dated and end_of(dated) > end_of(dates[0]):
            what = f"{name!r} is dated {dated}: it may know what came after {dates[0]}, and its score is in sample"
            raise InputError(f"{what}; give origins after {dated}, with rows since, or choose weights yourself")
    scores: list[dict[tuple[float, str, str], float]] = []
    for priors in sets.values():
        runs = rolling_origin(priors, origins=dates, **{"choose": False, **settings})
        prior = [(one.as_of, score) for one in runs for score in one.scores if score.method == "prior"]
        # The log score of a backtest is a loss.
        scores.append({(date, score.group, score.observation): -score.log_score for date, score in prior})
    rows = [row for row in scores[0] if all(row in own for own in scores)]
    weights = stacked(np.array([[own[row] for own in scores] for row in rows]), [group for _, group, _ in rows])
    return dict(zip(sets, weights.tolist(), strict=True))


def stacked(log_densities: FloatArray, groups: Sequence[str]) -> FloatArray:
    """Return the weights of the mixture with the best mean log density (rows, sets), groups of rows count once."""
    density = np.exp(log_densities - log_densities.max(axis=1, keepdims=True))
    _, member, counts = np.unique(groups, return_inverse=True, return_counts=True)
    weights, each = np.full(log_densities.shape[1], 1 / log_densities.shape[1]), 1 / (counts[member] * len(counts))
    # The mean log of a mixture is concave in its weights: expectation-maximisation climbs to its only top.
    for _ in range(_ROUNDS):
        weights = each @ (weights * density / (density @ weights)[:, np.newaxis])
    return np.asarray(np.minimum(weights, 1.0))


def _check_several(sets: object) -> None:
    """Refuse what is not two or more sets by name."""
    named = isinstance(sets, Mapping) and not isinstance(sets, xr.Dataset)
    if not named or len(sets) < 2:  # type: ignore[arg-type]
        what = "holds fewer than two" if named else f"is a {type(sets).__name__}"
        raise InputError(f"sets {what}; give two or more by name, as {{'essay': a, 'evidence': b}}")


def _shares(sets: Mapping[str, object], weights: SetWeights) -> Shares:
    """Return the weight of each set."""
    if weights is None:
        return tuple(1 / len(sets) for _ in sets)
    if isinstance(weights, Mapping) and set(weights) != set(sets):
        raise InputError(f"weights are for {', '.join(map(str, weights))}; give one for each of {', '.join(sets)}")
    given = tuple(weights[name] for name in sets) if isinstance(weights, Mapping) else tuple(weights)
    fits = len(given) == len(sets) and all(isinstance(w, int | float) and w >= 0 for w in given)
    if not fits or not math.isclose(math.fsum(given), 1):
        raise InputError(f"weights are {list(given)}; give one from 0 to 1 for each of {', '.join(sets)}, with sum 1")
    return tuple(map(float, given))


def _pooled(name: str, having: list[tuple[float, Family]], how: How, named: str) -> Family:
    """Return one distribution of several with weights, texts aside the first where all agree."""
    unit = having[0][1].unit
    parts = tuple(without_texts(family.in_unit(unit, f"input {name!r}")) for _, family in having)
    total = math.fsum(share for share, _ in having)
    if all(each == parts[0] for each in parts[1:]) or not total:
        return having[0][1]
    kept = [(share / total, each) for (share, _), each in zip(having, parts, strict=True) if share > 0]
    shares, parts = tuple(share for share, _ in kept), tuple(each for _, each in kept)
    if unit == "year" and all(isinstance(each, Fixed) for each in parts):
        shown = " and ".join(f"{each.median:g}" for each in parts)
        what = f"{named} have the constant {name!r} at {shown}, so they do not count from the same dates"
        raise InputError(f"{what}; propagate each and pool the forecasts, or give them one with replace")
    # What has few values has no density, and its quantiles jump.
    how = "linear" if any(each.is_discrete for each in parts) else how
    made = _made(how, shares, parts) if len(parts) > 1 else parts[0]
    about = {"source": f"{how} pool of {named}", "as_of": max(family.as_of for _, family in having), "judgement": True}
    return dataclasses.replace(made, unit=unit, **about)  # type: ignore[arg-type]


def _made(how: How, shares: Shares, parts: Parts) -> Family:
    """Return the mean of distributions, of their log densities or of their quantiles, in closed form if it has one."""
    pairs = list(zip(shares, parts, strict=True))
    if how == "linear" and all(isinstance(each, Fixed | Discrete) for each in parts):
        weights: dict[float, float] = {}
        for share, each in pairs:
            own = zip(each.values, each.weights, strict=True) if isinstance(each, Discrete) else [(each.median, 1.0)]
            for value, weight in own:
                weights[value] = weights.get(value, 0.0) + share * weight
        values = sorted(weights)
        return Discrete(tuple(values), tuple(weights[value] for value in values))
    if how == "quantile" and all(isinstance(each, Normal) for each in parts):
        return Normal(*(math.fsum(share * getattr(each, key) for share, each in pairs) for key in ("mean", "sd")))
    for kind, place, length in ((Normal, "mean", "sd"), (LogNormal, "mu", "sigma")):
        if how == "log" and all(isinstance(each, kind) for each in parts):
            precise = [w / getattr(each, length) ** 2 for w, each in pairs]
            whole = math.fsum(precise)
            middle = math.fsum(p * getattr(each, place) for p, each in zip(precise, parts, strict=True)) / whole
            return kind(middle, whole**-0.5)
    return {"linear": Mixture, "log": LogPool, "quantile": QuantilePool}[how](shares, parts)


def _checked_forecasts(forecasts: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Return the first forecast, after refusing those that are not of the same years, units and outputs."""
    first = next(iter(forecasts.values()))
    for name, forecast in forecasts.items():
        if not isinstance(forecast, xr.Dataset) or "sample" not in forecast.dims:
            raise InputError(f"{name!r} is no forecast, and others are; pool prior sets or forecasts, not both")
        if (design := design_of(forecast).get("name")) not in PLAIN:
            raise InputError(f"{name!r} has the design {design!r}; draw with design='random'")
        for dim in sorted({*map(str, (*first.dims, *forecast.dims))} - {"sample"}):
            if not all(dim in each.dims and first[dim].equals(each[dim]) for each in (first, forecast)):
                raise InputError(f"{name!r} has other {dim}s than the first forecast; propagate both over the same")
        for key in (key for key in first.data_vars if key in forecast):
            unit, own = (str(each[key].attrs.get("units")) for each in (first, forecast))
            if unit != own:
                raise InputError(f"{key!r} is in {unit!r} in the first forecast and in {own!r} in {name!r}")
            if "role" in forecast[key].attrs:
                numbers_of(forecast[key], f"{key!r} of {name!r}")
        made, own_made = ({str(n) for n in each if each[n].attrs.get("role") == "output"} for each in (first, forecast))
        if made != own_made:
            what = f"{name!r} and the first forecast do not both hold {', '.join(sorted(made ^ own_made))}"
            raise InputError(f"{what}; propagate both with the same outputs")
    return first


def _pooled_forecast(forecasts: Mapping[str, xr.Dataset], shares: tuple[float, ...], how: str) -> xr.Dataset:
    """Return one forecast with as many draws of each as its share says."""
    if how != "linear":
        raise InputError(f"how is {how!r}; forecasts are pooled by their draws, how='linear'")
    first = _checked_forecasts(forecasts)
    kept = [name for name in first.data_vars if all(name in forecast for forecast in forecasts.values())]
    pairs = list(zip(forecasts.items(), shares, strict=True))
    size = min(int(forecast.sizes["sample"] / share) for (_, forecast), share in pairs if share > 0)
    counts = [round(share * size) for share in shares]
    if sum(counts) < _FEWEST or max(counts) == sum(counts):
        raise InputError(f"the weights leave {counts} draws of {', '.join(forecasts)}; draw more, or weigh more evenly")
    parts = []
    for ((_, forecast), _), count in zip(pairs, counts, strict=True):
        one = forecast[kept].isel(sample=slice(count)).drop_vars("sample", errors="ignore")
        # A constant of one set may be another constant, or uncertain, in the other.
        constant = {str(name): one[name].expand_dims(sample=count) for name in kept if "sample" not in one[name].dims}
        parts.append(one.assign(constant))
    whole = xr.concat(parts, dim="sample", combine_attrs="override", coords="minimal", compat="override", join="exact")
    attrs = {"role": "input", "units": "1", "long_name": "whose prior", "labels": json.dumps(list(forecasts))}
    whole[WHOSE] = ("sample", np.repeat(np.arange(len(counts), dtype=np.float64), counts), attrs)
    whole = whole.assign_coords(sample=np.arange(sum(counts))).transpose(..., "sample")
    inputs = [str(name) for name in whole.data_vars if whole[name].attrs.get("role") == "input"]
    varied = [name for name in inputs if np.ptp(finite_numbers(name, whole.variables[name])) > 0]
    named = f"pool of {' and '.join(forecasts)}"
    hashes = {name: provenance_of(forecast).get("priors_hash") for name, forecast in forecasts.items()}
    record = {"priors_name": named, "design": {"name": "random", "size": sum(counts)}, "inputs": varied}
    return whole.assign_attrs(provenance({**record, "pooled": hashes}))


@distribution_family("quantile_pool")
class QuantilePool(OfComponents):
    """The distribution whose quantiles are the weighted means of those of several, tabulated at normal scores."""

    @functools.cached_property
    def _table(self) -> FloatArray:
        each = [w * c._invert(Levels(z=_SCORES)) for w, c in zip(self.weights, self.components, strict=True)]
        return np.asarray(np.sum(each, axis=0))

    def _ends(self) -> Interval:
        return float(self._table[0]), float(self._table[-1])

    def _invert(self, at: Levels) -> FloatArray:
        return np.asarray(np.interp(at.score, _SCORES, self._table))

    def _tails(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        return tails_of_score(np.interp(x, self._table, _SCORES))

    def _log_density(self, x: FloatArray) -> FloatArray:
        # By the chain rule from the normal score, whose slope the table has.
        z = np.interp(x, self._table, _SCORES)
        slope = np.interp(z, _SCORES, np.gradient(self._table, _SCORES))
        return np.asarray(-(z**2) / 2 - np.log(2 * np.pi) / 2 - np.log(slope))


@distribution_family("log_pool")
class LogPool(QuantilePool):
    """The distribution whose density is the normalised weighted geometric mean of those of several."""

    def _check(self) -> None:
        super()._check()
        if any(map(has_atoms, self.components)):
            raise InputError("single values of a component have a probability, so it has no density; mix them")
        low, high = max(c.support[0] for c in self.components), min(c.support[1] for c in self.components)
        if low >= high:
            raise InputError("the components have no values in common, so their densities have no product; mix them")

    @functools.cached_property
    def _table(self) -> FloatArray:
        low, high = max(c.support[0] for c in self.components), min(c.support[1] for c in self.components)
        nodes = np.unique(np.concatenate([[low, high], *(c._invert(Levels(z=_SCORES)) for c in self.components)]))
        nodes = nodes[(nodes >= low) & (nodes <= high) & np.isfinite(nodes)]
        p, q = tails_of_score(_SCORES)
        while True:
            # The probability between nodes is by the midpoint rule: the density may be infinite at an end.
            inner = nodes[:-1, np.newaxis] + np.diff(nodes)[:, np.newaxis] * (np.arange(_FINE) + 0.5) / _FINE
            inner = np.clip(inner, np.nextafter(nodes[0], np.inf), np.nextafter(nodes[-1], -np.inf))
            log = np.sum([w * c.log_density(inner) for w, c in zip(self.weights, self.components, strict=True)], axis=0)
            mass = np.exp(log - log[np.isfinite(log)].max()).mean(axis=1) * np.diff(nodes)
            mass, middle = mass / mass.sum(), (nodes[:-1] + nodes[1:]) / 2
            below, above = np.cumsum(mass), np.cumsum(mass[::-1])[::-1]
            # Between laws that are far apart neither has nodes: no step may hold much of what is on its side.
            wide = mass > np.maximum(np.minimum(below, above), p[0]) / _STEPS
            wide &= (nodes[:-1] < middle) & (middle < nodes[1:])
            if not wide.any():
                break
            nodes = np.sort(np.concatenate([nodes, middle[wide]]))
        lower = np.interp(p, np.append(0.0, below), nodes)
        upper = np.interp(q, np.append(above, 0.0)[::-1], nodes[::-1])
        return np.asarray(np.maximum.accumulate(np.where(_SCORES < 0, lower, upper)))
