"""One question answered in one screen: how likely it is, what it hangs on, what would teach most; a part for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.special import expit, logit

from clustercast.conditioning.observation_rows import Observations
from clustercast.decisions.information import evppi, evsi
from clustercast.decisions.regions import discover
from clustercast.decisions.robustness import prior_bounds
from clustercast.decisions.targets import FEWEST
from clustercast.decisions.tilting import probability_tornado, tilt
from clustercast.errors import InputError
from clustercast.priors.prior_set import Priors
from clustercast.report import plots
from clustercast.report.findings import validity_sentence
from clustercast.report.tables import Table
from clustercast.report.wording import say
from clustercast.uncertainty.conditions import Condition

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN = 5
# With so few samples on one side nothing is said of what the answer hangs on.
_FEW = 20
_RATIO, _RATIOS = 2.0, (1.5, 2.0, 3.0, 5.0)
# Of the log odds: what is left of the way to even odds.
_WAY = (0.0, 0.3, 0.5, 0.7, 0.85)


@dataclass(frozen=True)
class Question:
    """A condition, a forecast for each prior set, what may be observed, and the priors that were asked."""

    condition: Condition
    forecasts: Mapping[str, xr.Dataset]
    observations: Observations
    priors: Priors

    @property
    def forecast(self) -> xr.Dataset:
        """The forecast from the priors that were asked."""
        return next(iter(self.forecasts.values()))

    @property
    def is_open(self) -> bool:
        """Whether enough samples have it, and have it not, to see what it hangs on."""
        holds = self.condition.evaluate(self.forecast).values
        return bool(holds.size >= FEWEST and min(holds.sum(), (~holds).sum()) >= _FEW)


@dataclass(frozen=True)
class Part:
    """What one part of the answer is: sentences and tables, results for JSON, and figures, drawn on demand."""

    shown: Sequence[str | Table] = ()
    results: Mapping[str, object] = field(default_factory=dict)
    figures: Mapping[str, Callable[[], "Axes"]] = field(default_factory=dict)


def answer(question: Question) -> Part:
    """Return all parts of the answer as one; without enough samples on both sides nothing is said of what decides."""
    parts = [part(question) for part in (PARTS if question.is_open else (probability_part, region_part))]
    results = {name: result for part in parts for name, result in part.results.items()}
    figures = {name: draw for part in parts for name, draw in part.figures.items()}
    return Part([one for part in parts for one in part.shown], results, figures)


def probability_part(question: Question) -> Part:
    """Return how likely it is from each prior set, in the forecast and in the trend without limits."""
    condition, probabilities = question.condition, {}
    for name, forecast in question.forecasts.items():
        plain = condition.on_trend(forecast)
        trend = (np.nan, np.nan) if plain is None else plain.probability(forecast)
        probabilities[name] = [condition.probability(forecast), trend]
    values, coords = np.array([*probabilities.values()]), {"priors": list(probabilities), "kind": ["forecast", "trend"]}
    both = {name: (("priors", "kind"), values[..., k]) for k, name in enumerate(("probability", "standard_error"))}
    result = xr.Dataset(both, coords, {"condition": condition.text})
    shown = say("ask.probability", condition.words, probabilities, question.forecast.sizes["sample"], question.is_open)
    return Part([*shown, *filter(None, [validity_sentence(question.priors, condition.years)])], {"probability": result})


def inputs_part(question: Question) -> Part:
    """Return which inputs would be worth knowing."""
    worth = evppi(question.forecast, question.condition)
    part = _worth("evppi", worth)
    return replace(part, shown=[*part.shown, *(f"{line}." for line in worth.attrs["warning"].splitlines())])


def observations_part(question: Question) -> Part:
    """Return which observation to come would teach most."""
    if not len(question.observations):
        return Part()
    worth = evsi(question.forecast, question.condition, observation=question.observations)
    return _worth("evsi", worth, names={row.id: row.name for row in question.observations})


def _worth(name: str, worth: xr.Dataset, **named: Mapping[str, str]) -> Part:
    """Return what is taken off the score; what chance alone would explain is left out."""
    shares, keys = worth["share"].values[0], worth[worth["share"].dims[1]].values.tolist()
    low, high = (worth[f"{name}_{end}"].values[0] for end in ("low", "high"))
    halves = (high - low) / 2 / worth["before"].values[0]
    order = [k for k in np.argsort(-shares, kind="stable")[:_SHOWN] if shares[k] >= 0.005 and low[k] > 0]
    rows = [(named.get("names", {}).get(keys[k], keys[k]), shares[k], 100 * halves[k]) for k in order]
    figures = {name: lambda: getattr(plots, name)(worth, most=_SHOWN, **named)} if rows else {}
    return Part(say(f"ask.{name}", rows), {name: worth}, figures)


def change_part(question: Question) -> Part:
    """Return the least change of the priors that makes the answer even, or goes as far as the samples carry."""
    share = question.condition.probability(question.forecast)[0]
    for way in _WAY:
        aim = float(expit(way * logit(share)))
        try:
            result = tilt(question.forecast, question.condition, probability=aim, priors=question.priors)
            break
        except InputError:
            continue
    else:
        return Part(say("ask.change", None, _SHOWN))
    tornado = probability_tornado(question.forecast, question.condition)
    figures = {
        "tilt": lambda: plots.tilt(result, most=_SHOWN),
        "probability_tornado": lambda: plots.probability_tornado(tornado, most=_SHOWN),
    }
    return Part(say("ask.change", result, _SHOWN), {"tilt": result.marginals, "tornado": tornado}, figures)


def bounds_part(question: Question) -> Part:
    """Return how far the priors carry the answer."""
    each = {ratio: prior_bounds(question.forecast, question.condition, ratio=ratio) for ratio in _RATIOS}
    shown = say("ask.bounds", _RATIO, each[_RATIO])
    return Part(shown, {"prior_bounds": each[_RATIO]}, {"prior_bounds": lambda: plots.prior_bounds(each)})


def region_part(question: Question) -> Part:
    """Return where in the space of inputs it comes true."""
    try:
        result = discover(question.forecast, question.condition)
    except InputError:
        # Too few samples on one side for a region; the probability says so already.
        return Part()
    limited = bool(result["quasi_p"].isel(box=0).notnull().any())
    figures = {"region": lambda: plots.discover(result, question.forecast)} if limited else {}
    return Part(say("ask.region", result, question.forecast), {"regions": result}, figures)


PARTS = (probability_part, inputs_part, change_part, bounds_part, region_part, observations_part)
