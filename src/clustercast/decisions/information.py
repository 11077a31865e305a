"""Value of information from the draws of a stored forecast: perfect, of an input, of an observation not yet made."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import xarray as xr

from clustercast.arrays import FloatArray, Names
from clustercast.arrays.decisions import scores
from clustercast.arrays.decisions.partition import partition, without_twins
from clustercast.arrays.decisions.together import joint_gains, rank_scores
from clustercast.arrays.points.streams import checked_seed, stream
from clustercast.arrays.posterior import replicate
from clustercast.conditioning.observation_rows import Observation, Observations, error_model
from clustercast.conditioning.observations import read_observations
from clustercast.dataset import design_of
from clustercast.decisions.labels import labelled
from clustercast.decisions.targets import Score, Targets, Wanted, independent, wanted
from clustercast.engine.model import Model, with_changes
from clustercast.engine.units import same_dimension
from clustercast.errors import InputError, located, typed
from clustercast.files.toml import validated
from clustercast.priors.groups import section_of
from clustercast.priors.prior_set import Priors
from clustercast.quantities.cluster_model import cluster_model
from clustercast.sampling import draw
from clustercast.sensitivity.given_data import input_matrix, varied_inputs
from clustercast.uncertainty import summaries
from clustercast.uncertainty.milestones import not_nan, place_of, variable_of

Rows: TypeAlias = Mapping[str, object] | Sequence[Mapping[str, object]] | Observations | str | Path
Groups = Mapping[str, tuple[str, ...]]
Of = Literal["inputs", "groups", "pairs"] | Mapping[str, Iterable[str]]

# Inputs that are paired, and samples on which several are looked at together.
PAIRED, TOGETHER = 8, 32768


@typed
def evpi(
    forecast: xr.Dataset, target: Targets = None, *, score: Score | None = None, confidence: float = 0.95
) -> xr.Dataset:
    """Return the expected value of perfect information: what a score falls by for who knows everything.

    Parameters
    ----------
    forecast : Dataset
        From `propagate` or `evaluate`, on independent samples. No model is run.
    target : str, Claim, Condition, Decision or iterable of these, optional
        The id of a shipped claim, a condition as `parse_condition` reads it, an output with or without a year
        (``"fleet_power in 2030"``), or a `Decision`; every shipped claim and output by year when left out.
    score : {"variance", "brier", "log", "crps", "width"}, optional
        ``"brier"`` (default) or ``"log"``, in nats, for claims; ``"variance"`` (default), ``"crps"`` or ``"width"`` of
        the 90 % interval for outputs: variance and CRPS of log10 where an output is positive.
    confidence : float, optional
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    Dataset
        Dims (target,): ``evpi``, ``evpi_error`` (standard error), ``evpi_low`` and ``evpi_high``, and ``before``, the
        expected score or loss without information, in ``unit``.

    Raises
    ------
    InputError
        If a target is unknown, holds in no sample or in all, or a score does not fit it.

    References
    ----------
    C. Jackson et al., Annu. Rev. Stat. Appl. 9, 95 (2022), doi:10.1146/annurev-statistics-040120-010730.

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Normal(0, 1), y=cc.Normal(0, 1))
    >>> forecast = cc.evaluate(cc.draw(priors, 4096, seed=1), lambda x, y: x + y, outputs={"total": "1"}, form="arrays")
    >>> cc.evpi(forecast, "total > 0")["evpi"].round(2).values.tolist()
    [0.25]
    """
    asked = wanted(forecast, target, score)
    gains = np.array([(*scores.perfect_gain(one.score, one.values), 0.0) for one in asked[0]]).T[:, np.newaxis]
    return labelled("evpi", asked, ("whole", ["everything"]), gains, confidence, forecast).isel(whole=0, drop=True)


@typed
def evppi(
    forecast: xr.Dataset,
    target: Targets = None,
    *,
    of: Of = "inputs",
    score: Score | None = None,
    inputs: Names = None,
    model: Model | None = None,
    confidence: float = 0.95,
) -> xr.Dataset:
    """Return the expected value of partial perfect information: what a score falls by for who knows an input.

    Parameters
    ----------
    forecast, target, score, confidence
        As in `evpi`, whose errors this has too.
    of : {"inputs", "groups", "pairs"} or mapping of str to iterable of str, optional
        Each input; each section of the model with all its inputs; each pair of `inputs`, by default of the eight that
        are worth most; or groups of one's own.
    inputs : str or iterable of str, optional
        Inputs to look at, all known; all that vary by default.
    model : Model, optional
        Whose sections make the groups; the shipped cluster model by default.

    Returns
    -------
    Dataset
        Dims (target, input), or (target, group) or (target, pair): ``evppi``, its error and interval as in `evpi`;
        ``share``, its part of `evpi`; ``zero``, true where the estimate was negative and is given as 0; ``doubtful``,
        true where the draws do not show how a target hangs on several inputs, and the interval may be too narrow. The
        attribute ``words`` has a sentence on the most valuable of each target, ``warning`` one on each event that few
        samples have, whose intervals are as wide as that asks for, and on what is doubtful.

    References
    ----------
    M. Strong, J. E. Oakley and A. Brennan, Med. Decis. Making 34, 311 (2014), doi:10.1177/0272989X13505910.
    H. Jalal and F. Alarid-Escudero, Med. Decis. Making 38, 174 (2018), doi:10.1177/0272989X17715627.

    Examples
    --------
    >>> priors = cc.Priors(x=cc.Normal(0, 1), y=cc.Normal(0, 1))
    >>> inputs = cc.draw(priors, 16384, seed=1)
    >>> forecast = cc.evaluate(inputs, lambda x, y: x**2 - 1 + 0 * y, outputs={"payoff": "1"}, form="arrays")
    >>> build = cc.Decision(["build", "wait"], lambda action, draws: -draws["payoff"] * (action == "build"))
    >>> cc.evppi(forecast, build)["evppi"].round(1).values.tolist()
    [[0.5, 0.0]]
    """
    targets, _ = asked = wanted(forecast, target, score)
    names = list(varied_inputs(forecast, inputs))
    columns = input_matrix(forecast, names).T
    alone = _gains(columns, targets, forecast, low_discrepancy=design_of(forecast).get("name") == "sobol")
    if of == "inputs":
        return labelled("evppi", asked, ("input", names), alone, confidence, forecast)
    groups = _groups(of, names, alone[0], targets, model if model is not None else cluster_model(), inputs is not None)
    parts = _joint_gains(columns, alone, targets, names, groups, independent(forecast))
    return labelled("evppi", asked, ("pair" if of == "pairs" else "group", list(groups)), parts, confidence, forecast)


@typed
def evsi(
    forecast: xr.Dataset,
    target: Targets = None,
    *,
    observation: Rows = "possible",
    together: bool = False,
    score: Score | None = None,
    seed: int = 0,
    confidence: float = 0.95,
) -> xr.Dataset:
    """Return the expected value of sample information: what a score falls by once an observation is made.

    Parameters
    ----------
    forecast, target, score, confidence
        As in `evpi`, whose errors this has too; a forecast without an observed quantity at its date is refused.
    observation : mapping, Observations, str or Path, optional
        Rows with a date, an error and no need of a value: one row with its keys, or several, a shipped set or a file.
        Errors, what the model misses and gaps of bounds are those of `condition`.
    together : bool, optional
        Whether to add what all rows are worth together, after each by itself, with errors correlated as in `condition`.
    seed : int, optional
        Of what might be observed.

    Returns
    -------
    Dataset
        Dims (target, observation): ``evsi`` and the rest as in `evppi`; the last is ``"together"`` if asked for.

    References
    ----------
    A. Heath et al., Med. Decis. Making 40, 314 (2020), doi:10.1177/0272989X20912402.

    Examples
    --------
    >>> inputs = cc.draw(cc.read_priors("evidence_2026"), 1024, seed=1)
    >>> forecast = cc.propagate(inputs, years=[2027.5, 2030], outputs=["training_cluster_power"])
    >>> row = {"id": "site", "date": 2027.5, "quantity": "training_cluster_power", "unit": "GW", "sd_log10": 0.1}
    >>> result = cc.evsi(forecast, "training_cluster_power in 2030", observation=row)
    >>> bool(result["share"][0, 0] > 0.1)
    True
    """
    targets, _ = asked = wanted(forecast, target, score)
    names, seen = imagined(forecast, observation, seed)
    gains = _gains(seen, targets, forecast, low_discrepancy=False)
    if together:
        both = _joint_gains(seen, gains, targets, names, {"together": tuple(names)}, independent(forecast))
        gains = np.concatenate([gains, both], axis=1)
        names = [*names, "together"]
    return labelled("evsi", asked, ("observation", names), gains, confidence, forecast)


def _gains(columns: FloatArray, targets: list[Wanted], forecast: xr.Dataset, low_discrepancy: bool) -> FloatArray:
    """Return what each column (d, N) is worth for each target, errors and no doubt (3, d, T)."""
    replicates = summaries.independent(forecast, None, design_of(forecast))[2]
    result = np.zeros((3, len(columns), len(targets)))
    bins = partition(columns)
    for kind, places in _kinds(targets).items():
        score, values = kind.split()[0], np.column_stack([targets[place].values for place in places])
        if score == "loss":
            gain = scores.action_gain(bins, values)
        elif score in ("crps", "width"):
            gain = scores.spread_gain(score, columns, values, low_discrepancy)
        elif score == "log":
            gain = scores.entropy_gain(bins, values, low_discrepancy)
        else:
            gain = scores.variance_gain(bins, values, low_discrepancy, replicates)
        result[:2, :, places] = gain
    return result


def _joint_gains(
    columns: FloatArray, alone: FloatArray, targets: list[Wanted], names: list[str], groups: Groups, local: bool = True
) -> FloatArray:
    """Return what groups are worth, no less than members and groups within, errors and doubt (3, groups, T)."""
    members = [frozenset(group) for group in groups.values()]
    rows = without_twins(columns, columns.shape[1])
    if rows.size > TOGETHER:
        rows = np.sort(np.random.default_rng(0).choice(rows, TOGETHER, replace=False))
    kinds = _kinds(targets)
    stacked = {kind: np.column_stack([targets[k].values[rows] for k in places]) for kind, places in kinds.items()}
    ranks = rank_scores(columns[:, rows])
    result = np.empty((3, len(members), len(targets)))
    events = [scores.number_of_events(one.values) if one.score in scores.ENOUGH else np.inf for one in targets]
    few = [count < scores.TOGETHER.get(one.score, 0) for count, one in zip(events, targets, strict=True)]
    for place in sorted(range(len(members)), key=lambda k: len(members[k])):
        inside = [k for k, name in enumerate(names) if name in members[place]]
        within = [k for k, other in enumerate(members) if other < members[place]]
        several = np.concatenate([alone[:, inside], result[:, within]], axis=1)
        if len(inside) > 1:
            own = np.empty((3, len(targets)))
            for kind, gain in joint_gains(ranks[inside], stacked, local).items():
                own[:, kinds[kind]] = np.concatenate(gain)
            own[0, few] = -np.inf
            several = np.concatenate([own[:, np.newaxis], several], axis=1)
        result[:, place] = np.take_along_axis(several, several[:1].argmax(axis=1, keepdims=True), axis=1)[:, 0]
        if len(inside) > 1:
            result[2, place, few] = np.inf
    return result


def _kinds(targets: list[Wanted]) -> dict[str, list[int]]:
    """Return the places of the targets of each score; a decision is by itself."""
    kinds = [f"loss {place}" if one.score == "loss" else one.score for place, one in enumerate(targets)]
    return {kind: [place for place, own in enumerate(kinds) if own == kind] for kind in dict.fromkeys(kinds)}


def _groups(of: Of, names: list[str], value: FloatArray, targets: list[Wanted], model: Model, chosen: bool) -> Groups:
    """Return the members of each group."""
    if isinstance(of, Mapping):
        groups = {key: tuple([members] if isinstance(members, str) else members) for key, members in of.items()}
        for key, members in groups.items():
            if (unknown := [name for name in members if name not in names]) or not members:
                raise InputError(f"group {key!r} has {unknown or 'no inputs'}; give inputs that vary in the forecast")
        return groups
    if of == "groups":
        used = with_changes(model, names).inputs()
        if idle := [name for name in names if name not in used]:
            raise InputError(f"no quantity of the model takes the input {idle[0]!r}; give model= or your own groups")
        section = {name: section_of(name, model) for name in names}
        return {one: tuple(name for name in names if section[name] == one) for one in section.values()}
    if of != "pairs":
        raise InputError(f"of is {of!r}; choose 'inputs', 'groups' or 'pairs', or give a mapping of names to inputs")
    whole = np.array([max(scores.perfect_gain(one.score, one.values)[0], 1e-300) for one in targets])
    worth = (value / whole).max(axis=1)
    kept = names if chosen else [names[k] for k in np.sort(np.argsort(-worth, kind="stable")[:PAIRED])]
    return {f"{a} and {b}": (a, b) for a, b in itertools.combinations(kept, 2)}


def possible(observation: Rows) -> Observations:
    """Return rows of what may be observed; a file of them needs no values."""
    if isinstance(observation, Observations):
        return observation
    if isinstance(observation, str | Path):
        return read_observations(observation, constants={"value": 1.0})
    rows: list[Observation] = []
    for given in [observation] if isinstance(observation, Mapping) else observation:
        name = str(given.get("id", f"observation {len(rows) + 1}"))
        rest = {"id": name, "name": name, "value": 1.0, "source": "not made yet", "as_of": "2100"}
        rows.append(validated({**rest, **given}, Observation, "observation="))
    names, known = [row.id for row in rows], read_observations()
    if not rows or len(set(names)) < len(rows):
        raise InputError(f"observations are {', '.join(names) or 'none'}; give one or more, each with its own id")
    return replace(known, rows=tuple(rows))


def imagined(forecast: xr.Dataset, observation: Rows, seed: int) -> tuple[list[str], FloatArray]:
    """Return the names of observations, and log10 of what would be seen in each sample, shape (observations, N)."""
    rows = possible(observation)
    size = forecast.sizes["sample"]
    predicted = np.stack([_predicted(forecast, row) for row in rows])
    # The parameters of the likelihood are uncertain too: what is not known of them makes an observation worth less.
    priors = Priors(**rows.error_priors())  # type: ignore[arg-type]
    drawn = draw(priors, size, seed=seed)
    errors = error_model(rows.quantities, {name: np.broadcast_to(drawn[name].values, (size,)) for name in priors})
    seen = replicate(rows.arrays(), predicted, errors, stream(checked_seed(seed), "possible observations"))
    return [row.id for row in rows], seen


def _predicted(forecast: xr.Dataset, row: Observation) -> FloatArray:
    """Return log10 of an observed quantity in each sample; of the amount of a year, of what the quantity grows by."""
    with located(f"observation {row.id!r}"):
        variable = variable_of(forecast, row.quantity)
    unit = str(variable.attrs.get("units", "1"))
    yearly = same_dimension(f"({row.unit})*year", unit)
    if not yearly and not same_dimension(row.unit, unit):
        what = f"observation {row.id!r} is in {row.unit!r}"
        raise InputError(f"{what}, which does not convert to {unit!r}, the unit of {row.quantity}")
    values = not_nan(variable)
    if "year" in variable.dims:
        at = [values[place_of(variable, date)] for date in ((row.date, row.date + 1) if yearly else (row.date,))]
        values = at[1] - at[0] if yearly else at[0]
    if not (values > 0).all():
        raise InputError(f"{row.quantity!r} is not above 0 in every sample at {row.date:g}, so it has no logarithm")
    return np.asarray(np.log10(values))
