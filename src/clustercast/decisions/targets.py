"""What a forecast is asked: claims, outputs and decisions as columns of its samples; and the priors it is from."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import xarray as xr

from clustercast.arrays import BoolArray, FloatArray
from clustercast.arrays.summaries import checked_weights
from clustercast.dataset import Weights, design_of, in_words, provenance_of, read_only, weights_array, years_of
from clustercast.engine.fingerprint import place_of as written_at
from clustercast.engine.units import factor
from clustercast.errors import InputError, count_of, nearest, shown
from clustercast.priors.prior_file import read_priors
from clustercast.priors.prior_set import Priors, checked_priors
from clustercast.priors.shipped import shipped_names
from clustercast.sampling import PLAIN
from clustercast.sensitivity.outputs import analysed_output, output_names
from clustercast.uncertainty.claims import Claim, read_claims
from clustercast.uncertainty.conditions import Condition, parse_condition
from clustercast.uncertainty.milestones import place_of
from clustercast.uncertainty.summaries import check_forecast

Score = Literal["variance", "brier", "log", "crps", "width"]
_OF_CLAIMS, _OF_OUTPUTS = ("brier", "log"), ("variance", "crps", "width")
_IN = re.compile(r"([A-Za-z_]\w*)(?:\s+in\s+(.+))?")
# Samples of a forecast of which information can be weighed.
FEWEST = 200
# Bulk targets: a claim must come true, and fail, in so many samples.
_SEEN = 20
Event = str | Claim | Condition


@dataclass(frozen=True)
class Decision:
    """A choice among actions, each with a loss in every sample.

    Parameters
    ----------
    actions : sequence
        Two or more, each once, else an `InputError` is raised; anything that `loss` understands.
    loss : callable
        ``loss(action, draws)`` gives the loss of an action in each sample of a forecast, shape ``(sample,)``, the
        smaller the better; a payoff is a loss with a minus.
    name, unit : str, optional
        Of the decision, and of the loss.

    Examples
    --------
    >>> decision = Decision(["build", "wait"], lambda action, draws: (action == "build") * (1 - draws["demand"]))
    >>> decision.actions
    ('build', 'wait')
    """

    actions: Sequence[Any]
    loss: Callable[[Any, xr.Dataset], Any] = field(repr=False)
    name: str = "decision"
    unit: str = "1"

    def __post_init__(self) -> None:
        if isinstance(self.actions, str) or not isinstance(self.actions, Iterable):
            raise InputError(f"actions are {shown(self.actions)}; give a list of two or more, as ['build', 'wait']")
        if not callable(self.loss):
            raise InputError(f"loss is {shown(self.loss)}; give a function: loss(action, draws)")
        if not isinstance(self.unit, str):
            raise InputError(f"unit is {shown(self.unit, 60)}; give a text, as 'USD' or '1'")
        factor(self.unit)
        object.__setattr__(self, "actions", tuple(self.actions))
        if len(self.actions) < 2 or len(set(map(str, self.actions))) < len(self.actions):
            raise InputError(f"actions are {list(self.actions)}; give two or more, each once")

    def losses(self, forecast: xr.Dataset) -> FloatArray:
        """Return the loss of each action, (sample, actions), refused where it is not one finite number a sample."""
        check_forecast(forecast)
        size = forecast.sizes["sample"]
        result, draws = np.empty((size, len(self.actions))), read_only(forecast)
        for place, action in enumerate(self.actions):
            try:
                given = np.asarray(self.loss(action, draws))
                if given.dtype.kind not in "fiub":
                    raise ValueError(f"it gives values of type {given.dtype}")
                values = given.astype(np.float64)
            except InputError:
                raise
            except Exception as error:
                what = f"the loss of action {action!r} of {self.name!r} ({written_at(self.loss)}) fails with"
                remedy = "give one number a sample, and leave the draws unchanged"
                raise InputError(f"{what} {type(error).__name__}: {error}; {remedy}") from error
            if values.shape not in ((), (size,)):
                what = f"the loss of action {action!r} of {self.name!r} has the shape {values.shape}"
                raise InputError(f"{what}; give one loss a sample, shape ({size},)")
            if not np.isfinite(values).all():
                raise InputError(f"the loss of action {action!r} of {self.name!r} is not finite in every sample")
            result[:, place] = values
        return result


Target = str | Condition | Claim | Decision
Targets = Target | Iterable[Target] | None


@dataclass(frozen=True)
class Wanted:
    """One target: values (N,) on the scale of its score, or losses (N, actions) of a decision."""

    name: str
    words: str
    score: str
    unit: str
    values: FloatArray

    @property
    def holds(self) -> BoolArray:
        """Whether an event holds in each sample."""
        return self.values > 0

    @property
    def share(self) -> float:
        """The share of the samples in which an event holds."""
        return float(self.values.mean())


# Targets and, where all were asked for, the claims that were left out with the reason.
Asked = tuple[list[Wanted], list[str]]


def wanted(forecast: xr.Dataset, target: Targets, score: Score | None) -> Asked:
    """Return what is asked for of a forecast."""
    checked(forecast)
    if score is not None and score not in (*_OF_CLAIMS, *_OF_OUTPUTS):
        raise InputError(f"score is {score!r}; choose one of {', '.join((*_OF_OUTPUTS, *_OF_CLAIMS))}")
    if target is None:
        return _all(forecast, score)
    asked: list[Any] = [target] if isinstance(target, Target) or not isinstance(target, Iterable) else list(target)
    if wrong := [each for each in asked if not isinstance(each, Target)]:
        raise InputError(f"target is {shown(wrong[0], 60)}; give a claim, a condition, an output or a cc.Decision")
    result = [one for each in asked for one in _wanted(forecast, each, score)]
    if not result:
        raise InputError("target is empty; name a claim, a condition, an output or a decision, or leave it out for all")
    names = [one.name for one in result]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(f"target {twice[0]!r} is there twice; give each once")
    return result, []


def checked(forecast: xr.Dataset) -> None:
    """Refuse what is no forecast with samples."""
    check_forecast(forecast)
    if (size := forecast.sizes["sample"]) < FEWEST:
        raise InputError(f"the forecast has {count_of(size, 'sample')}; {FEWEST} or more are needed, better 10,000")
    if design_of(forecast).get("name") == "saltelli":
        raise InputError("the rows of a Saltelli design repeat each other; draw with design='random' instead")


def independent(forecast: xr.Dataset) -> bool:
    """Return whether no sample was placed with regard to another."""
    return design_of(forecast).get("name") not in ("sobol", "saltelli", "shapley", "kucherenko", "morris")


def _all(forecast: xr.Dataset, score: Score | None) -> Asked:
    """Return every shipped claim that the forecast can answer and every output by year."""
    result: list[Wanted] = []
    left_out = []
    if score is None or score in _OF_CLAIMS:
        for claim in read_claims():
            try:
                result += [_event(forecast, claim, score, _SEEN)]
            except InputError as error:
                left_out.append(f"{claim.id}: {error}")
    if score is None or score in _OF_OUTPUTS:
        plain = [name for name in output_names(forecast, None) if "labels" not in forecast[name].attrs]
        result += [one for name in plain for one in _outputs(forecast, name, None, score) if np.ptp(one.values) > 0]
    if not result:
        raise InputError(f"the forecast answers no shipped claim ({'; '.join(left_out)[:300]}); name a target")
    return result, left_out


def _wanted(forecast: xr.Dataset, target: Target, score: Score | None) -> list[Wanted]:
    """Return one target; an output without a year is one for each."""
    if isinstance(target, Decision):
        if score is not None:
            raise InputError(f"score is {score!r}, but {target.name!r} is a decision with a loss; leave score out")
        actions = ", ".join(map(str, target.actions))
        unit, losses = _to_squares(target.unit, target.losses(forecast))
        return [Wanted(target.name, f"{target.name} ({actions})", "loss", unit, losses)]
    if not isinstance(target, str):
        return [_event(forecast, target, score)]
    named = _IN.fullmatch(target.strip())
    if named is None:
        return [_event(forecast, parse_condition(target), score)]
    if named[1] in forecast.data_vars:
        return _outputs(forecast, named[1], named[2], score)
    claims = {claim.id: claim for claim in read_claims()}
    if named[1] not in claims:
        what = f"there is no claim or output {named[1]!r}{nearest(named[1], [*claims, *map(str, forecast.data_vars)])}"
        remedy = "or write a condition such as 'training_cluster_power > 5 GW by 2028'"
        raise InputError(f"{what}; name a shipped claim, an output of the forecast, {remedy}")
    if named[2] is not None:
        raise InputError(f"claim {named[1]!r} has a date of its own; leave out {named[2]!r}")
    return [_event(forecast, claims[named[1]], score)]


def _event(forecast: xr.Dataset, event: Claim | Condition, score: Score | None, least: int = 1) -> Wanted:
    """Return whether an event comes true, refused where it does so in no sample or in every sample."""
    asked = event.asked if isinstance(event, Claim) else event
    name, words = (event.id, event.text) if isinstance(event, Claim) else (asked.text, asked.words)
    if score is not None and score not in _OF_CLAIMS:
        raise InputError(f"score {score!r} is for outputs, but {name!r} comes true or not; use 'brier' or 'log'")
    holds = asked.evaluate(forecast).values
    if min(holds.sum(), (~holds).sum()) < least:
        what = f"{name!r} holds in {holds.sum():,} of {holds.size:,} samples, so nothing is known of what it hangs on"
        raise InputError(f"{what}; choose a condition that holds in some samples and not in others, or draw more")
    return Wanted(name, words, score or "brier", "1", holds.astype(np.float64))


def _outputs(forecast: xr.Dataset, name: str, date: str | None, score: Score | None) -> list[Wanted]:
    """Return one output, in one year or in each."""
    if score is not None and score not in _OF_OUTPUTS:
        remedy = f"use 'variance', 'crps' or 'width', or make a claim of it, as '{name} > VALUE by 2028'"
        raise InputError(f"score {score!r} is for claims, but {name!r} is a number; {remedy}")
    variable = forecast[name]
    if variable.attrs.get("role") == "input":
        raise InputError(f"{name!r} is an input; ask what is worth knowing for an output or a claim")
    if "labels" in variable.attrs:
        example = f"{name} = LABEL{' in 2030' if 'year' in variable.dims else ''}"
        raise InputError(f"{name!r} holds labels, not numbers; ask for one with =, as {example!r}")
    chosen = score or "variance"
    # Widths are in the output's own unit; squares and CRPS of a positive quantity are of decades.
    output = analysed_output(forecast, name, "raw" if chosen == "width" else "auto")
    unit, values = "OOM" if output.scale == "log10" else output.unit, output.values
    words = in_words(name)
    if not output.by_year:
        if date is not None:
            raise InputError(f"{name!r} has no years; leave out {date!r}")
        return [_of_output(name, words, chosen, unit, values[0])]
    years = years_of(variable)
    places = list(range(len(years)))
    if date is not None:
        places = [place_of(variable, parse_condition(f"{name} > 0 in {date}").years[0])]
    said = {k: f"in {years[k]:g}" for k in places}
    result = [_of_output(f"{name} {when}", f"{words} {when}", chosen, unit, values[k]) for k, when in said.items()]
    if date is not None and np.ptp(result[0].values) == 0:
        raise InputError(f"{result[0].name!r} does not vary over the samples; there is nothing to learn about it")
    return [one for one in result if np.ptp(one.values) > 0]


def _of_output(name: str, words: str, score: str, unit: str, values: FloatArray) -> Wanted:
    """Return a number as a target."""
    unit, values = _to_squares(unit, values)
    return Wanted(name, words, score, f"({unit})**2" if score == "variance" else unit, values)


def _to_squares(unit: str, values: FloatArray) -> tuple[str, FloatArray]:
    """Return values in a power of ten of their unit where fourth powers would overflow or vanish."""
    peak = float(np.abs(values).max())
    if not peak or 1e-50 < peak < 1e50:
        return unit, values
    power = int(np.floor(np.log10(peak)))
    return f"1e{power} {unit}".removesuffix(" 1"), values / 10.0**power


def asked_event(forecast: xr.Dataset, claim: Event) -> Wanted:
    """Return an event by the id of a claim or a condition, refused where it holds in no sample or in all."""
    result = one_target(forecast, claim)
    if result.score != "brier":
        raise InputError(f"{result.name!r} is a number, not an event; ask '{result.name.split()[0]} > VALUE by 2028'")
    return result


def one_target(forecast: xr.Dataset, target: Target, raw: bool = False) -> Wanted:
    """Return one target; an output in its own unit with `raw`, else on the scale of its variance."""
    result = wanted(forecast, target, None)[0]
    if result[0].score == "loss":
        raise InputError(f"{result[0].name!r} is a decision; name a claim, a condition or an output in their place")
    if len(result) > 1:
        remedy = f"choose one, as '{result[0].name.split()[0]} in 2030', or name a claim"
        raise InputError(f"{target!r} has {len(result)} years; {remedy}")
    return wanted(forecast, target, "width")[0][0] if raw and result[0].score == "variance" else result[0]


def targets_of(forecast: xr.Dataset, target: Target | Iterable[Target], raw: bool = False) -> list[Wanted]:
    """Return claims and outputs in a year, each named by itself; outputs in their own unit with `raw`."""
    several = [target] if isinstance(target, Target) else list(target)
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


def score_correlation(priors: Priors, names: tuple[str, ...]) -> FloatArray:
    """Return the correlation of the normal scores of inputs."""
    own = [k for k, name in enumerate(names) if name in priors.correlated]
    others = [priors.correlated.index(names[k]) for k in own]
    matrix = np.eye(len(names))
    matrix[np.ix_(own, own)] = priors.correlation_matrix[np.ix_(others, others)]
    return matrix


def shares_of(forecast: xr.Dataset, weights: Weights) -> FloatArray:
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
